//! Making the population: whole, or what has changed since.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use columns::{ColumnsError, Draft};
use store::jobs::{Beat, Claim};
use store::{HouseholdId, IdempotencyKey, Query, jobs};

use super::read::{self, EVERYBODY, Filling, Statements, Which};
use super::{Label, Population, of_columns, schema};
use crate::{Office, OfficeError, people};

/// The job that brings the population up to date; its payload is empty.
pub const POPULATION_JOB: &str = "population";

/// Families read at once.
const BATCH: i64 = 3_000;
/// More changed families than this share of all are read faster as a whole.
const WHOLE_FROM: usize = 4;
/// Changes looked at in one refresh.
const CHANGES_MAX: usize = 500_000;
/// The token of the population that the log of changes belongs to.
const BASE: &str = "population.base";
/// A round brings the population up to date when it is older than this. Milliseconds.
const OLD_MS: i64 = 3_600_000;

/// What a refresh did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Families in it.
    pub families: usize,
    /// People in it.
    pub people: usize,
    /// Families read anew; all of them if it was made whole.
    pub read: usize,
    /// Whether it was made whole.
    pub whole: bool,
}

/// Told how many of how many families are read; says whether to go on.
pub type Watch<'a> = &'a mut (dyn FnMut(i64, i64) -> Beat + Send);

/// Brings the population up to date: by changes where that is possible, whole otherwise. `None` if it was told to stop.
///
/// # Errors
/// The database's; a disk that cannot be written.
pub async fn refresh(office: &Office, watch: Watch<'_>) -> Result<Option<Made>, OfficeError> {
    let _making = office.population.making.lock().await;
    // What the projections say must be what a determination would read today.
    people::follow_definitions(office).await?;
    people::roll_forward(office).await?;
    let base = store::setting(office.db(), BASE).await?;
    // A file that cannot be read is made anew.
    let old = super::current(office).unwrap_or_default();
    let old = old.filter(|old| Some(&old.label.token) == base.as_ref());
    let old = old.filter(|old| *old.snapshot.schema() == schema(&office.release()));
    match old {
        Some(old) => by_changes(office, old, watch).await,
        None => whole(office, watch).await,
    }
}

/// Makes the next refresh read everybody.
///
/// # Errors
/// The database's.
pub async fn forget(office: &Office) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    store::set_setting(&tx, BASE, "").await?;
    tx.commit().await?;
    Ok(())
}

/// Everybody anew.
async fn whole(office: &Office, watch: Watch<'_>) -> Result<Option<Made>, OfficeError> {
    let made_at = office.now().at_ms();
    // From here on every change is noted for the next refresh; until this one is done no file counts.
    let tx = office.db().begin().await?;
    store::set_setting(&tx, BASE, "").await?;
    Query::system(EVERYBODY, "DELETE FROM population_change").execute(&tx).await?;
    tx.commit().await?;
    // Two questions: each end of the index is found at once, both in one are found by reading it through.
    let row = Query::system(
        EVERYBODY,
        "SELECT (SELECT min(id) FROM household) AS first, (SELECT max(id) FROM household) AS last",
    );
    let row = row.one(office.db()).await?;
    let (first, last): (Option<i64>, Option<i64>) = (row.get("first")?, row.get("last")?);
    let (release, today) = (office.release(), office.now().today());
    let schema = schema(&release);
    let statements = Statements::of(&schema, &release);
    let draft = Draft::new(schema, release.shapes(), today);
    let mut filling = Filling::new(draft, read::townships(office.db()).await?);
    if let (Some(first), Some(last)) = (first, last) {
        let ask = |above: i64| {
            let which = Which::Between(above, (above + BATCH).min(last));
            tokio::spawn(read::lines(office.db().clone(), Arc::clone(&statements), which, today))
        };
        let mut above = first - 1;
        let mut next = ask(above);
        while above < last {
            let lines = next.await.map_err(|_| broken_off())??;
            above = (above + BATCH).min(last);
            // The database reads the next families while these are put into columns.
            next = ask(above);
            for family in &lines.families()? {
                filling.push(family)?;
            }
            if watch(above - first + 1, last - first + 1) == Beat::Cancel {
                return Ok(None);
            }
        }
    }
    let token = IdempotencyKey::fresh()?.to_string();
    let left_out = filling.left_out;
    let label = Label { token: token.clone(), release: release.hash.clone(), made_at, left_out };
    let made = finish(office, filling.draft, &label).await?;
    let tx = office.db().begin().await?;
    store::set_setting(&tx, BASE, &token).await?;
    tx.commit().await?;
    let families = made.snapshot.rows(0);
    Ok(Some(Made { families, people: made.snapshot.rows(made.people), read: families, whole: true }))
}

fn broken_off() -> OfficeError {
    OfficeError::Internal("生成人口快照的任务中断了".to_owned())
}

/// The families that changed, in the place of what they were; everybody else as before.
async fn by_changes(
    office: &Office,
    old: Arc<Population>,
    watch: Watch<'_>,
) -> Result<Option<Made>, OfficeError> {
    let made_at = office.now().at_ms();
    let (noted, households) = changed(office).await?;
    let families = old.snapshot.rows(0);
    if noted.len() == CHANGES_MAX || households.len() > 1_000 + families / WHOLE_FROM {
        return whole(office, watch).await;
    }
    let (release, today) = (office.release(), office.now().today());
    let statements = Statements::of(old.snapshot.schema(), &release);
    let ids: Vec<i64> = households.into_iter().collect();
    let mut read = Vec::new();
    let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    for chunk in ids.chunks(3_000) {
        let which = Which::These(chunk.to_vec());
        read.push(read::lines(office.db().clone(), Arc::clone(&statements), which, today).await?);
        let done = i64::try_from(read.len()).unwrap_or(i64::MAX).saturating_mul(BATCH);
        if watch(done.min(total), total) == Beat::Cancel {
            return Ok(None);
        }
    }
    let townships = read::townships(office.db()).await?;
    let label = Label { made_at, release: release.hash.clone(), ..old.label.clone() };
    let count = ids.len();
    let draft = tokio::task::spawn_blocking(move || -> Result<Draft, OfficeError> {
        let draft = Draft::new(old.snapshot.schema().clone(), release.shapes(), today);
        let mut filling = Filling::new(draft, townships);
        let numbered = filling.draft.renumber(&old.snapshot).map_err(of_columns)?;
        let mut families = Vec::new();
        for lines in &read {
            families.extend(lines.families()?);
        }
        let mut families = families.into_iter().peekable();
        let mut at = 0;
        for id in ids {
            let before = old.before(HouseholdId(id));
            filling.draft.copy(&old.snapshot, &numbered, at..before).map_err(of_columns)?;
            at = if old.row_of(HouseholdId(id)).is_some() { before + 1 } else { before };
            if let Some(family) = families.next_if(|family| family.household == id) {
                filling.push(&family)?;
            }
        }
        filling.draft.copy(&old.snapshot, &numbered, at..old.snapshot.rows(0)).map_err(of_columns)?;
        Ok(filling.draft)
    })
    .await
    .map_err(|_| broken_off())??;
    let made = finish(office, draft, &label).await?;
    for ids in noted.chunks(5_000) {
        Query::system(EVERYBODY, "DELETE FROM population_change WHERE id IN ({list})")
            .bind_list(ids.iter().copied())
            .execute(office.db())
            .await?;
    }
    let (families, people) = (made.snapshot.rows(0), made.snapshot.rows(made.people));
    Ok(Some(Made { families, people, read: count, whole: false }))
}

/// The notes of changes that are committed, and the families that they speak of.
async fn changed(office: &Office) -> Result<(Vec<i64>, BTreeSet<i64>), OfficeError> {
    let rows = Query::system(
        EVERYBODY,
        "SELECT id, household_id, person_id FROM population_change ORDER BY id LIMIT ?",
    )
    .bind(CHANGES_MAX)
    .all(office.db())
    .await?;
    let mut noted = Vec::with_capacity(rows.len());
    let mut households = BTreeSet::new();
    let mut persons = BTreeSet::new();
    for row in &rows {
        noted.push(row.get("id")?);
        households.extend(row.get::<Option<i64>>("household_id")?);
        persons.extend(row.get::<Option<i64>>("person_id")?);
    }
    let persons: Vec<i64> = persons.into_iter().collect();
    for chunk in persons.chunks(5_000) {
        let of_persons: Vec<i64> = Query::system(
            EVERYBODY,
            "SELECT DISTINCT m.household_id FROM membership m WHERE m.person_id IN ({list}) AND m.superseded_at IS NULL",
        )
        .bind_list(chunk.iter().copied())
        .scalars(office.db())
        .await?;
        households.extend(of_persons);
    }
    Ok((noted, households))
}

/// Writes the draft where the office keeps its population. It is used from when it is written, and kept once the disk has it.
async fn finish(office: &Office, mut draft: Draft, label: &Label) -> Result<Arc<Population>, OfficeError> {
    let text = serde_json::to_string(label).map_err(|error| OfficeError::Internal(error.to_string()))?;
    draft.describe(&text);
    let path = office.population.path.clone();
    let written = tokio::task::spawn_blocking(move || match path {
        None => Ok((draft.freeze()?, None)),
        Some(path) => {
            // A server on PostgreSQL may have no folder of its own yet.
            if let Some(folder) = path.parent() {
                let failed = |source| ColumnsError::File { path: path.clone(), source };
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            let laid = draft.lay(&path)?;
            Ok((laid.open()?, Some(laid)))
        }
    });
    let (snapshot, laid) = written.await.map_err(|_| broken_off())?.map_err(of_columns)?;
    let made = Population::of(snapshot).map(Arc::new).ok_or_else(broken_off)?;
    office.population.put(Arc::clone(&made));
    if let Some(laid) = laid {
        let kept = tokio::task::spawn_blocking(move || laid.keep()).await;
        kept.map_err(|_| broken_off())?.map_err(of_columns)?;
        // Once more, because the file that it stands for is another now.
        office.population.put(Arc::clone(&made));
    }
    Ok(made)
}

/// The work of [`POPULATION_JOB`].
///
/// # Errors
/// As [`refresh`].
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    match watched(office, claim).await? {
        None => claim.cancelled(office.db()).await?,
        Some(made) => {
            let how = if made.whole { "重新生成" } else { "按变动更新" };
            let said =
                format!("人口快照已{how}：{} 户 {} 人，读取 {} 户。", made.families, made.people, made.read);
            claim.finished(office.db(), &said).await?;
        }
    }
    Ok(())
}

/// [`refresh`] as a part of a job: the job's row shows how far it is, and stops it.
pub(crate) async fn watched(office: &Office, claim: &Claim) -> Result<Option<Made>, OfficeError> {
    let (told, mut hear) = tokio::sync::mpsc::unbounded_channel::<(i64, i64)>();
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let making = async move {
        let mut watch = move |done: i64, total: i64| {
            // Nobody listens any more when the work is over.
            let _ = told.send((done, total));
            if asked.load(Ordering::SeqCst) { Beat::Cancel } else { Beat::GoOn }
        };
        refresh(office, &mut watch).await
    };
    let beating = async {
        while let Some((done, total)) = hear.recv().await {
            if claim.progress(office.db(), done, Some(total)).await? == Beat::Cancel {
                stop.store(true, Ordering::SeqCst);
            }
        }
        Ok::<(), OfficeError>(())
    };
    let (made, beaten) = tokio::join!(making, beating);
    beaten?;
    made
}

/// Asks for the job when there is no population or it has become old. Safe to call at any time.
///
/// # Errors
/// The database's.
pub async fn schedule(office: &Office) -> Result<(), OfficeError> {
    let there = super::current(office).unwrap_or_default();
    let fresh = there.is_some_and(|there| office.now().at_ms() - there.label.made_at < OLD_MS);
    if !fresh {
        let tx = office.db().begin().await?;
        jobs::enqueue_single(&tx, POPULATION_JOB, "", None).await?;
        tx.commit().await?;
    }
    Ok(())
}
