//! What runs beside the pages: jobs, letters, the audit's sealer, the round that only time needs, releases from other processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use letters::Typesetter;
use office::casework::letters::{self as queue, Waiting};
use office::casework::{late, reviews};
use office::{
    Office, indicators, leads, means_test, plans, population, records, releases, reports, roll, simulation,
};
use store::jobs;
use tokio::task::JoinSet;

/// How long a worker rests when there is nothing to do.
const REST: Duration = Duration::from_millis(700);
/// Between two rounds of what time moves.
const ROUND: Duration = Duration::from_secs(300);
/// Between two looks for a release that another process put in force.
const RELEASES: Duration = Duration::from_secs(5);
/// Between two looks for figures that were asked for lately and are soon too old.
const FIGURES: Duration = Duration::from_secs(20);
/// Between two looks at how full the tables have become.
const STATISTICS: Duration = Duration::from_secs(3600);

/// Starts all workers; they end with what is returned, and whatever they were at waits for the next start. Jobs of a predecessor on this machine that was killed are taken up at once.
pub async fn start(office: &Arc<Office>) -> JoinSet<()> {
    let place = place();
    match jobs::release_dead(office.db(), |worker| is_gone(worker, place.as_deref())).await {
        Ok(0) => {}
        Ok(released) => tracing::info!(released, "jobs of a server that was stopped go on"),
        Err(error) => tracing::error!(%error, "jobs of a server that was stopped wait until they are stale"),
    }
    let name = format!("{}/{}", place.as_deref().unwrap_or("server"), std::process::id());
    let mut workers = JoinSet::new();
    workers.spawn(work(Arc::clone(office), name));
    workers.spawn(set_letters(Arc::clone(office)));
    workers.spawn(seal(Arc::clone(office)));
    workers.spawn(round(Arc::clone(office)));
    workers.spawn(follow_releases(Arc::clone(office)));
    workers.spawn(keep_statistics(Arc::clone(office)));
    workers.spawn(keep_figures(Arc::clone(office)));
    workers
}

/// This machine since it was started: its name and its boot's, so that process numbers of others are not taken for ours.
fn place() -> Option<String> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{}/{}", host.trim(), boot.trim()))
}

/// Whether the worker was a process of this machine that runs no more. Our own number was its before us.
fn is_gone(worker: &str, place: Option<&str>) -> bool {
    let process = worker.rsplit_once('/').filter(|(of, _)| Some(*of) == place);
    let Some(process) = process.and_then(|(_, process)| process.parse::<u32>().ok()) else { return false };
    process == std::process::id() || !Path::new(&format!("/proc/{process}")).exists()
}

async fn work(office: Arc<Office>, name: String) {
    let kinds = [
        means_test::DEPARTMENT_FILE_JOB,
        roll::payments::RUN_JOB,
        roll::month_list::LIST_JOB,
        roll::import::ROLL_JOB,
        releases::REVIEW_JOB,
        reviews::REVIEWS_DUE_JOB,
        late::LATE_JOB,
        population::POPULATION_JOB,
        leads::LEADS_JOB,
        indicators::INDICATORS_JOB,
        plans::reminders::PLAN_JOB,
        records::take_in::RECORDS_JOB,
        records::bulk::BULK_JOB,
    ];
    loop {
        match jobs::claim(office.db(), &kinds, &name).await {
            Ok(Some(claim)) => {
                // Whoever asked for the work may have put another release in force just before.
                follow(&office).await;
                let kind = claim.job.kind.clone();
                let done = match kind.as_str() {
                    means_test::DEPARTMENT_FILE_JOB => {
                        means_test::work_department_file(&office, &claim).await
                    }
                    roll::month_list::LIST_JOB => roll::month_list::work(&office, &claim).await,
                    roll::payments::RUN_JOB => roll::payments::work_run(&office, &claim).await,
                    releases::REVIEW_JOB => releases::make_reviews(&office, &claim).await.map(drop),
                    reviews::REVIEWS_DUE_JOB => reviews::work(&office, &claim).await.map(drop),
                    late::LATE_JOB => late::work(&office, &claim).await.map(drop),
                    population::POPULATION_JOB => population::work(&office, &claim).await,
                    indicators::INDICATORS_JOB => indicators::work(&office, &claim).await,
                    plans::reminders::PLAN_JOB => plans::reminders::work(&office, &claim).await,
                    leads::LEADS_JOB => leads::work(&office, &claim).await.map(drop),
                    records::take_in::RECORDS_JOB => records::take_in::work(&office, &claim).await,
                    records::bulk::BULK_JOB => records::bulk::work(&office, &claim).await,
                    _ => roll::import::work(&office, &claim).await,
                };
                if let Err(error) = done {
                    tracing::error!(job.kind = kind, job.id = claim.job.id.0, %error, "a job failed");
                    if let Err(error) = claim.failed(office.db(), &error.to_string()).await {
                        tracing::error!(%error, "a failed job could not be marked");
                    }
                }
            }
            Ok(None) => tokio::time::sleep(REST).await,
            Err(error) => {
                tracing::error!(%error, "jobs cannot be read");
                tokio::time::sleep(REST * 10).await;
            }
        }
    }
}

async fn seal(office: Arc<Office>) {
    loop {
        if let Err(error) = store::seal_audit(office.db()).await {
            tracing::error!(%error, "the audit cannot be sealed");
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

async fn round(office: Arc<Office>) {
    loop {
        if let Err(error) = office::round(&office).await {
            tracing::error!(%error, "the round failed");
        }
        tokio::time::sleep(ROUND).await;
    }
}

/// Newer packs that came in at the terminal reach the pages within seconds, not with the next round.
async fn follow_releases(office: Arc<Office>) {
    loop {
        tokio::time::sleep(RELEASES).await;
        follow(&office).await;
    }
}

async fn follow(office: &Office) {
    match releases::follow(office).await {
        Ok(true) => {
            let hash = office.release().hash.clone();
            tracing::info!(hash, "another release is in force");
        }
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the release in force cannot be read"),
    }
}

/// Whoever looks at figures that somebody looked at a while ago does not wait for them.
async fn keep_figures(office: Arc<Office>) {
    loop {
        tokio::time::sleep(FIGURES).await;
        reports::shown::renew(&office).await;
    }
}

/// SQLite plans by what it last counted, and nobody else tells it that a table has grown.
async fn keep_statistics(office: Arc<Office>) {
    loop {
        tokio::time::sleep(STATISTICS).await;
        if let Err(error) = office.db().keep_statistics().await {
            tracing::error!(%error, "the database's statistics could not be refreshed");
        }
    }
}

/// Sets letters one after the other; fonts are read at the first one.
async fn set_letters(office: Arc<Office>) {
    let mut typesetter: Option<Arc<Typesetter>> = None;
    loop {
        let waiting = match queue::waiting(&office, 16).await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(%error, "letters cannot be read");
                Vec::new()
            }
        };
        let papers = match simulation::pdf_waiting(&office).await {
            Ok(papers) => papers,
            Err(error) => {
                tracing::error!(%error, "papers of simulations cannot be read");
                Vec::new()
            }
        };
        let reports = match plans::evaluation::paper::papers_waiting(&office).await {
            Ok(reports) => reports,
            Err(error) => {
                tracing::error!(%error, "reports of plans cannot be read");
                Vec::new()
            }
        };
        let of_records = match records::letters::waiting(&office, 16).await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(%error, "letters of records cannot be read");
                Vec::new()
            }
        };
        if waiting.is_empty() && of_records.is_empty() && papers.is_empty() && reports.is_empty() {
            tokio::time::sleep(REST).await;
            continue;
        }
        let ready = match &typesetter {
            Some(ready) => Arc::clone(ready),
            None => match gently(|| Typesetter::new(Path::new("web/fonts"))).await {
                Some(Ok(made)) => Arc::clone(typesetter.insert(Arc::new(made))),
                Some(Err(error)) => {
                    tracing::error!(%error, "no letters without fonts");
                    tokio::time::sleep(ROUND).await;
                    continue;
                }
                None => continue,
            },
        };
        for paper in papers {
            let pdf = set_paper(&ready, paper.template, BTreeMap::new(), paper.content).await;
            if let Err(error) = simulation::pdf_done(&office, paper.id, pdf).await {
                tracing::error!(%error, "the paper of a simulation could not be kept");
            }
        }
        for report in reports {
            let (pictures, content) = fitted(report.pictures, report.content).await;
            let pdf = set_paper(&ready, report.template, pictures, content).await;
            if let Err(reason) = &pdf {
                tracing::error!(run.id = report.id.0, reason, "the report of a plan could not be set");
            }
            if let Err(error) = plans::evaluation::paper::paper_done(&office, report.id, pdf).await {
                tracing::error!(%error, "the report of a plan could not be kept");
            }
        }
        for letter in waiting {
            let id = letter.id;
            let pdf = set(&office, &ready, letter).await;
            if let Err(reason) = &pdf {
                tracing::error!(letter.id = id.0, reason, "a letter could not be set");
            }
            if let Err(error) = queue::done(&office, id, pdf).await {
                tracing::error!(%error, "a letter could not be kept");
            }
        }
        for letter in of_records {
            let id = letter.id;
            let pdf = set(&office, &ready, letter).await;
            if let Err(reason) = &pdf {
                tracing::error!(letter.id = id.0, reason, "a letter of a record could not be set");
            }
            if let Err(error) = records::letters::done(&office, id, pdf).await {
                tracing::error!(%error, "a letter of a record could not be kept");
            }
        }
    }
}

/// Photos made fit for paper. One that cannot be read is named in the report instead of keeping it from being set.
async fn fitted(
    pictures: BTreeMap<String, Vec<u8>>,
    mut content: serde_json::Value,
) -> (BTreeMap<String, Vec<u8>>, serde_json::Value) {
    let names: Vec<String> = pictures.keys().cloned().collect();
    let fitted = gently(|| letters::pictures::all_fitted(pictures)).await;
    let (pictures, unreadable) = fitted.unwrap_or_else(|| (BTreeMap::new(), names));
    plans::evaluation::paper::without_pictures(&mut content, &unreadable);
    (pictures, content)
}

/// Sets a paper that needs one template and nothing else.
async fn set_paper(
    typesetter: &Arc<Typesetter>,
    (name, text): (&'static str, &'static str),
    pictures: BTreeMap<String, Vec<u8>>,
    content: serde_json::Value,
) -> Result<Vec<u8>, String> {
    let typesetter = Arc::clone(typesetter);
    gently(move || {
        let files = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        typesetter.render_with(name, &files, &pictures, &content).map_err(|error| error.to_string())
    })
    .await
    .unwrap_or_else(|| Err("排版程序异常".to_owned()))
}

async fn set<Id>(
    office: &Office,
    typesetter: &Arc<Typesetter>,
    letter: Waiting<Id>,
) -> Result<Vec<u8>, String> {
    let release = releases::kept(office, &letter.release_hash).await.map_err(|error| error.to_string())?;
    let definition = release.letters.get(&letter.letter).ok_or("规则包里没有这种文书")?;
    let path = definition.template.get();
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut files = BTreeMap::new();
    for pack in release.pack_files() {
        for (file, text) in &pack.files {
            if let Some(name) = file.strip_prefix(&format!("{folder}/")).filter(|name| name.ends_with(".typ"))
            {
                files.insert(name.to_owned(), text.clone());
            }
        }
    }
    let (typesetter, name) = (Arc::clone(typesetter), name.to_owned());
    let content = letter.content;
    gently(move || typesetter.render(&name, &files, &content).map_err(|error| error.to_string()))
        .await
        .unwrap_or_else(|| Err("排版程序异常".to_owned()))
}

/// Works on a thread of its own that gives way to pages: a letter can wait, a clerk should not. Nothing if the work broke off.
async fn gently<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("papers".to_owned());
    let begun = thread.spawn(move || {
        // Where the system knows no such thing, papers are set as fast as pages.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::nice(10);
        let _ = done.send(work());
    });
    begun.ok()?;
    result.await.ok()
}
