//! The report on paper. One press freezes the figures and the texts; a worker sets the PDF from them, so that a report says tomorrow what it says today.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use store::{AuditEntry, Query};
use vocab::Now;

use super::figures::{EvaluationFigures, IndicatorFigures, gather};
use super::{Evaluation, EvaluationKind, baselines, by_chapter, chart, opened, tasks};
use crate::access::{Actor, Granted, ManagePlan, ReadPlan};
use crate::casework::{AttachmentId, attachments};
use crate::plans::judge::Standing;
use crate::plans::stages::StageState;
use crate::plans::{EVERYBODYS, EvaluationRunId, Installed, in_words};
use crate::{Office, OfficeError, audited};

/// How far the paper of a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaperState {
    /// A worker will set it.
    Waiting,
    /// It is there.
    Ready,
    /// It could not be set, and why.
    Failed(String),
}

/// A run of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: EvaluationRunId,
    /// Who pressed the button.
    pub by: String,
    /// When.
    pub at: Now,
    /// The paper.
    pub paper: PaperState,
}

/// Runs an evaluation: figures and texts as they are now, and the paper asked for.
///
/// # Errors
/// [`OfficeError::NotFound`] as for every page of the evaluation; the database.
pub async fn run(
    office: &Office,
    actor: &Granted<ManagePlan>,
    reader: &Granted<ReadPlan>,
    code: &str,
) -> Result<EvaluationRunId, OfficeError> {
    let (plan, evaluation) = opened(office, actor, code).await?;
    let figures = gather(office, reader, &plan, evaluation).await?;
    let now = office.now();
    let tx = office.db().begin().await?;
    let id = Query::system(
        EVERYBODYS,
        "INSERT INTO plan_evaluation_run (plan, kind, year, division_id, figures, run_by, run_at) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(evaluation.kind.code())
    .bind(i64::from(evaluation.year))
    .bind(plan.home.id)
    .bind(serde_json::to_string(&figures).map_err(|error| OfficeError::Internal(error.to_string()))?)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    Query::system(EVERYBODYS, "INSERT INTO plan_evaluation_paper (run_id, asked_at) VALUES (?, ?)")
        .bind(id)
        .bind(now.at_ms())
        .execute(&tx)
        .await?;
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "evaluation": evaluation.code() }),
        ..audited(now.at_ms(), actor.audit(), "plan.evaluation_run", ("plan_evaluation_run", id))
    })
    .await?;
    tx.commit().await?;
    Ok(EvaluationRunId(id))
}

/// The runs of an evaluation, the newest first.
pub(super) async fn runs(
    office: &Office,
    plan: &Installed,
    evaluation: Evaluation,
) -> Result<Vec<Run>, OfficeError> {
    let runs = Query::system(
        EVERYBODYS,
        "SELECT r.id, s.name AS run_by_name, r.run_at, p.failed, CASE WHEN p.pdf IS NULL THEN 0 ELSE 1 END AS ready \
         FROM plan_evaluation_run r JOIN plan_evaluation_paper p ON p.run_id = r.id JOIN staff s ON s.id = r.run_by \
         WHERE r.plan = ? AND r.kind = ? AND r.year = ? ORDER BY r.id DESC LIMIT 20",
    )
    .bind(plan.id())
    .bind(evaluation.kind.code())
    .bind(i64::from(evaluation.year))
    .all_as(office.db(), |row| {
        let ready: i64 = row.get("ready")?;
        let paper = match (ready == 1, row.get::<Option<String>>("failed")?) {
            (true, _) => PaperState::Ready,
            (false, Some(reason)) => PaperState::Failed(reason),
            (false, None) => PaperState::Waiting,
        };
        Ok(Run {
            id: row.get("id")?,
            by: row.get("run_by_name")?,
            at: Now::from_unix_ms(row.get("run_at")?),
            paper,
        })
    })
    .await?;
    Ok(runs)
}

/// When each evaluation was run last, by kind and year.
pub(super) async fn newest_by_evaluation(
    office: &Office,
    plan: &Installed,
) -> Result<HashMap<(String, i64), Now>, OfficeError> {
    let rows = Query::system(
        EVERYBODYS,
        "SELECT r.kind, r.year, max(r.run_at) AS run_at FROM plan_evaluation_run r WHERE r.plan = ? GROUP BY r.kind, r.year",
    )
    .bind(plan.id())
    .all_as(office.db(), |row| {
        Ok(((row.get("kind")?, row.get("year")?), Now::from_unix_ms(row.get("run_at")?)))
    })
    .await?;
    Ok(rows.into_iter().collect())
}

fn read(text: &str) -> Result<EvaluationFigures, OfficeError> {
    serde_json::from_str(text).map_err(|error| OfficeError::Internal(format!("评估报告的数据：{error}")))
}

/// The frozen figures of a run that the caller may see.
pub(super) async fn figures_of(
    office: &Office,
    run: EvaluationRunId,
) -> Result<EvaluationFigures, OfficeError> {
    let text: String =
        Query::system(EVERYBODYS, "SELECT r.figures FROM plan_evaluation_run r WHERE r.id = ?")
            .bind(run)
            .scalar(office.db())
            .await?;
    read(&text)
}

/// The newest run of an evaluation, which is what is taken out.
pub(super) async fn newest(
    office: &Office,
    actor: &Actor,
    code: &str,
) -> Result<(Evaluation, Run, EvaluationFigures), OfficeError> {
    let (plan, evaluation) = opened(office, actor, code).await?;
    let run = runs(office, &plan, evaluation).await?.into_iter().next();
    let run = run.ok_or(OfficeError::NotFound("这次评估的报告"))?;
    let figures = figures_of(office, run.id).await?;
    Ok((evaluation, run, figures))
}

/// The paper of the newest run with its file name. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] while it is not there.
pub async fn pdf(
    office: &Office,
    actor: &Granted<ReadPlan>,
    code: &str,
) -> Result<(String, Vec<u8>), OfficeError> {
    let (_, run, figures) = newest(office, actor, code).await?;
    let pdf: Option<Vec<u8>> =
        Query::system(EVERYBODYS, "SELECT p.pdf FROM plan_evaluation_paper p WHERE p.run_id = ?")
            .bind(run.id)
            .one(office.db())
            .await?
            .get("pdf")?;
    let pdf = pdf.ok_or(OfficeError::NotFound("这次评估的报告"))?;
    taken_out(office, actor, run.id, "pdf").await?;
    Ok((format!("{}{}报告.pdf", figures.plan, figures.title), pdf))
}

pub(super) async fn taken_out(
    office: &Office,
    actor: &Actor,
    run: EvaluationRunId,
    format: &str,
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        division: Some(actor.division),
        details: json!({ "format": format }),
        ..audited(
            office.now().at_ms(),
            actor.audit(),
            "plan.evaluation_exported",
            ("plan_evaluation_run", run.0),
        )
    };
    Ok(office.db().audit_read(entry).await?)
}

/// Asks once more for a paper that could not be set.
///
/// # Errors
/// [`OfficeError::NotFound`] without a run.
pub async fn ask_again(office: &Office, actor: &Granted<ManagePlan>, code: &str) -> Result<(), OfficeError> {
    let (_, run, _) = newest(office, actor, code).await?;
    Query::system(EVERYBODYS, "UPDATE plan_evaluation_paper SET failed = NULL WHERE run_id = ?")
        .bind(run.id)
        .execute(office.db())
        .await?;
    Ok(())
}

/// A paper to be set: template by name, files, data.
#[derive(Debug)]
pub struct WaitingPaper {
    /// The run.
    pub id: EvaluationRunId,
    /// Name and text of the template.
    pub template: (&'static str, &'static str),
    /// Photos of its annex as they were uploaded, by the names under which the template finds them once they are fit for paper: JPEGs all.
    pub pictures: BTreeMap<String, Vec<u8>>,
    /// What it says.
    pub content: Value,
}

/// Bytes of all photos of one paper as they were uploaded; the newest ones are taken, the others stay in the system and in the annex's list.
const PICTURES_BYTES_MAX: usize = 64 * 1024 * 1024;

const TEMPLATE: &str = include_str!("report.typ");
const WORKER: &str = "the worker that sets papers";

/// Papers that wait for the worker.
///
/// # Errors
/// The database's.
pub async fn papers_waiting(office: &Office) -> Result<Vec<WaitingPaper>, OfficeError> {
    let rows = Query::system(
        WORKER,
        "SELECT r.id, r.figures, s.name AS run_by_name, r.run_at FROM plan_evaluation_paper p JOIN plan_evaluation_run r ON r.id = p.run_id \
         JOIN staff s ON s.id = r.run_by WHERE p.pdf IS NULL AND p.failed IS NULL ORDER BY p.run_id LIMIT 4",
    )
    .all(office.db())
    .await?;
    let mut waiting = Vec::new();
    for row in rows {
        let figures = read(&row.get::<String>("figures")?)?;
        let at = Now::from_unix_ms(row.get("run_at")?);
        let mut content = content(&figures, &row.get::<String>("run_by_name")?, at, office.db().synthetic());
        let (pictures, shown) = pictures(office, &figures).await?;
        content["pictures"] = shown;
        content["unreadable"] = json!([]);
        waiting.push(WaitingPaper {
            id: row.get("id")?,
            template: ("report.typ", TEMPLATE),
            pictures,
            content,
        });
    }
    Ok(waiting)
}

/// Photos of the stages, the newest first until they are too large together; and what stands under each.
async fn pictures(
    office: &Office,
    figures: &EvaluationFigures,
) -> Result<(BTreeMap<String, Vec<u8>>, Value), OfficeError> {
    let (mut pictures, mut shown, mut bytes) = (BTreeMap::new(), Vec::new(), 0_usize);
    'papers: for paper in figures.papers.iter().rev() {
        for (id, _, mime) in &paper.files {
            if !matches!(mime.as_str(), "image/jpeg" | "image/png" | "image/webp") {
                continue;
            }
            let (_, _, content) = attachments::taken(office, AttachmentId(*id)).await?;
            bytes += content.len();
            if bytes > PICTURES_BYTES_MAX {
                break 'papers;
            }
            let name = format!("{id}.jpg");
            shown.push(
                json!({ "file": name, "words": format!("{}（{}，{}）", paper.stage, paper.on, paper.by) }),
            );
            pictures.insert(name, content);
        }
    }
    Ok((pictures, Value::Array(shown)))
}

/// Says in the paper which photos are not printed because their files cannot be read, in place of them.
pub fn without_pictures(content: &mut Value, unreadable: &[String]) {
    let Some(shown) = content["pictures"].as_array_mut() else { return };
    let (missing, readable): (Vec<Value>, Vec<Value>) = shown
        .drain(..)
        .partition(|one| one["file"].as_str().is_some_and(|file| unreadable.iter().any(|name| name == file)));
    content["pictures"] = Value::Array(readable);
    content["unreadable"] = missing.into_iter().map(|mut one| one["words"].take()).collect();
}

/// Keeps a paper, or why it could not be set.
///
/// # Errors
/// The database's.
pub async fn paper_done(
    office: &Office,
    id: EvaluationRunId,
    pdf: Result<Vec<u8>, String>,
) -> Result<(), OfficeError> {
    let (pdf, failed) = match pdf {
        Ok(pdf) => (Some(pdf), None),
        Err(reason) => (None, Some(reason)),
    };
    Query::system(WORKER, "UPDATE plan_evaluation_paper SET pdf = ?, failed = ? WHERE run_id = ?")
        .bind(pdf)
        .bind(failed)
        .bind(id)
        .execute(office.db())
        .await?;
    Ok(())
}

/// The first paragraph: what the numbers say, in a sentence that holds for any of them. What there is none of is not counted.
fn summary(figures: &EvaluationFigures, at: Now) -> String {
    let all = figures.promises().count();
    let binding = figures.promises().filter(|one| one.binding).count();
    let said = |of: fn((usize, usize)) -> usize| {
        let parts: Vec<String> = Standing::ALL
            .into_iter()
            .map(|standing| (standing.title(), of(figures.standing(standing))))
            .filter(|(_, count)| *count > 0)
            .map(|(title, count)| format!("{title} {count} 项"))
            .collect();
        parts.join("，")
    };
    let mut text = format!("截至{}，", figures.known_at(at));
    text += &match all {
        0 => "规划没有印指标。".to_owned(),
        _ => format!("规划的 {all} 项指标中，{}。", said(|(all, _)| all)),
    };
    if binding > 0 {
        text += &format!("其中约束性指标 {binding} 项：{}。", said(|(_, binding)| binding));
    }
    let again = figures.indicators.len() - all;
    if again > 0 {
        text += &format!("规划另有 {again} 处重复写同一项指标，表中照列，不重复计数。");
    }
    if figures.projects.is_empty() {
        return text;
    }
    let count = |state: StageState| {
        figures.stages.iter().find(|(code, ..)| code == state.code()).map_or(0, |(_, _, count)| *count)
    };
    text += &format!("重点项目和节点 {} 个", figures.projects.len());
    // The parts make the whole.
    for state in [
        StageState::Finished,
        StageState::UnderWay,
        StageState::Late,
        StageState::Planned,
        StageState::NoDate,
    ] {
        if count(state) > 0 {
            text += &format!("，{} {} 个", state.title(), count(state));
        }
    }
    text + "。"
}

/// An indicator's name, with that of the one whose promise it says again.
fn name(one: &IndicatorFigures) -> String {
    match &one.same_as {
        Some(first) => format!("{}（与“{first}”是同一项，不重复计数）", one.name),
        None => one.name.clone(),
    }
}

/// What the paper says; all numbers are text already.
fn content(figures: &EvaluationFigures, by: &str, at: Now, synthetic: bool) -> Value {
    let value = |latest: &Option<(vocab::Month, catalogue::Number)>, unit: &str| match latest {
        Some((month, number)) => format!("{}（{}）", in_words::of_unit(*number, unit), month.zh()),
        None => "—".to_owned(),
    };
    let dash = |text: &str| if text.is_empty() { "—".to_owned() } else { text.to_owned() };
    let indicators: Vec<Value> = figures
        .indicators
        .iter()
        .enumerate()
        .map(|(at, one)| {
            json!({
                "no": (at + 1).to_string(), "name": name(one), "kind": one.kind, "binding": one.binding, "category": dash(&one.category),
                "baseline": one.baseline, "target": one.target, "printed_target": one.printed_target, "due": one.due,
                "latest": value(&one.latest, &one.unit), "expected": dash(&one.expected), "forecast": dash(&one.forecast),
                "standing": one.standing, "standing_title": one.standing_title, "alert": one.alert, "evidence": dash(&one.evidence),
                "source": one.source,
                // A chart where there is a course to see: binding ones with values, and whatever is behind; one for a promise.
                "chart": if one.points.is_empty() || one.same_as.is_some() || !(one.binding || one.standing == Standing::Behind.code() || one.standing == Standing::Missed.code()) {
                    None
                } else {
                    chart::chart(one)
                },
            })
        })
        .collect();
    let largest = figures.standings.iter().map(|(_, _, count, _)| *count).max().unwrap_or(0).max(1);
    let standings: Vec<Value> = figures
        .standings
        .iter()
        .map(|(code, title, count, binding)| {
            json!({ "code": code, "title": title, "count": count.to_string(), "binding": binding.to_string(), "permille": 1000 * count / largest })
        })
        .collect();
    let projects: Vec<Value> = figures
        .projects
        .iter()
        .map(|one| {
            json!([one.name, in_words::due(&one.due), dash(&one.places), one.state_title, dash(&one.note)])
        })
        .collect();
    let chapters: Vec<Value> = by_chapter(&figures.tasks)
        .into_iter()
        .map(|one| {
            let counts = std::iter::once(one.all).chain(one.states).map(|count| count.to_string());
            json!(std::iter::once(one.name).chain(counts).collect::<Vec<String>>())
        })
        .collect();
    let papers: Vec<Value> = figures
        .papers
        .iter()
        .map(|one| {
            let files: Vec<&str> = one.files.iter().map(|(_, name, _)| name.as_str()).collect();
            json!([one.stage, one.on, one.by, one.words, dash(&one.document), dash(&files.join("、"))])
        })
        .collect();
    let counties: Vec<Value> = figures
        .appraised()
        .iter()
        .map(|one| {
            json!({
                "row": [one.name, one.given.to_string(), one.reached.to_string(), one.missed.to_string(), one.unknown.to_string()],
                "missing": one.missing_in_words(),
            })
        })
        .collect();
    let adjustments: Vec<Value> = figures
        .adjustments
        .iter()
        .map(|one| {
            json!([
                one.name,
                one.before,
                format!("{}（{}年）", one.after, one.year),
                one.reason,
                one.document
            ])
        })
        .collect();
    let next: Option<Vec<Value>> = (figures.kind == EvaluationKind::Final.code()).then(|| {
        baselines(figures)
            .iter()
            .map(|one| {
                let number = one
                    .number
                    .map_or_else(|| "待定".to_owned(), |number| in_words::of_unit(number, &one.unit));
                let month = one.month.map(vocab::Month::zh).unwrap_or_default();
                json!([one.name, one.kind, number, dash(&month), dash(&one.remark)])
            })
            .collect()
    });
    let texts: serde_json::Map<String, Value> =
        figures.texts.iter().map(|(id, _, words)| (id.clone(), json!(words))).collect();
    json!({
        "synthetic": synthetic,
        "plan": figures.plan, "from": figures.from.to_string(), "until": figures.until.to_string(),
        // Whoever issued the plan is not who evaluates it: that is the place's office of civil affairs.
        "author": format!("{}民政局", figures.place), "issuer": figures.issuer,
        "title": figures.title, "as_of": figures.as_of.zh(), "made": vocab::zh_date(at.today()), "issued_on": at.today().to_string(),
        "by": by, "summary": summary(figures, at), "texts": texts, "standings": standings, "indicators": indicators,
        "stages": figures.stages.iter().filter(|(_, _, count)| *count > 0).map(|(_, title, count)| json!([title, count.to_string()])).collect::<Vec<Value>>(),
        "projects": projects, "tasks": chapters, "late_tasks": tasks::late(&figures.tasks), "papers": papers, "below": figures.below, "counties": counties, "adjustments": adjustments, "contradictions": figures.contradictions.to_string(),
        "comments": figures.comments.iter().map(|one| json!({
            "about": one.about, "words": one.words, "by": one.by, "at": one.at, "answer": one.answer,
        })).collect::<Vec<Value>>(),
        "next": next, "method": figures.method, "release": figures.release,
    })
}
