//! The departments' own accounts (部门经办): what is asked of their department in their division, and nothing else. They read whom a
//! question is about, what is asked and until when; not the case, not the family, not what others answered. Every reading is in the audit.

use catalogue::Release;
use catalogue::definition::Dataset;
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, Cursor, IdempotencyKey, Page, PersonId, Query};

use super::answer::{self, REQUEST, Typed, Via};
use super::exchange::{self, Taken};
use super::send::of_county;
use super::{AskView, CheckRequestId, RequestState};
use crate::access::{Actor, AnswerCheck, Granted, Right};
use crate::people::sealing;
use crate::tabular::ListFormat;
use crate::{Office, OfficeError, audited};

/// Questions on one page.
const PAGE: usize = 50;

/// A question as the list of a department shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionLine {
    /// The question.
    pub id: CheckRequestId,
    /// Whom it is about.
    pub name: String,
    /// The number, masked.
    pub citizen_id: String,
    /// Id of the data set.
    pub dataset: String,
    /// Its title.
    pub title: String,
    /// Which county asks.
    pub county: String,
    /// When it was put.
    pub asked_on: NaiveDate,
    /// The last day.
    pub due_on: Option<NaiveDate>,
    /// That day has passed.
    pub overdue: bool,
    /// Asked again after the family objected.
    pub recheck: bool,
    /// Some of it was answered.
    pub partly: bool,
}

/// One question with what the department needs to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The line of the list.
    pub line: QuestionLine,
    /// Why it is asked, as the county wrote it.
    pub purpose: String,
    /// When the person signed the consent that covers it.
    pub consented_on: NaiveDate,
    /// What is asked; what was answered already is not asked again.
    pub asks: Vec<AskView>,
}

/// The data sets that a post answers for, of those with questions: id and title.
#[must_use]
pub fn datasets(release: &Release, actor: &Granted<AnswerCheck>) -> Vec<(String, String)> {
    own(release, actor).map(|dataset| (dataset.id.get().clone(), dataset.title.clone())).collect()
}

fn own<'a>(release: &'a Release, actor: &'a Actor) -> impl Iterator<Item = &'a Dataset> {
    let sets = release.datasets.iter().map(|dataset| &**dataset);
    sets.filter(move |dataset| !dataset.asks.is_empty() && answers_for(actor, dataset))
}

fn answers_for(actor: &Actor, dataset: &Dataset) -> bool {
    actor.departments().any(|department| dataset.department == *department)
}

/// A data set of the post's department.
fn demand<'a>(release: &'a Release, actor: &Actor, dataset: &str) -> Result<&'a Dataset, OfficeError> {
    let found = release.datasets.get(dataset).map(|dataset| &**dataset);
    found
        .filter(|dataset| !dataset.asks.is_empty() && answers_for(actor, dataset))
        .ok_or(OfficeError::NotFound("这项核对数据"))
}

/// The questions that wait for the post's department, those due first. Reading them stands in the audit.
///
/// # Errors
/// The database's.
pub async fn questions(
    office: &Office,
    actor: &Granted<AnswerCheck>,
    after: Option<&Cursor>,
) -> Result<Page<QuestionLine>, OfficeError> {
    of_county(actor)?;
    let release = office.release();
    let sets: Vec<String> = own(&release, actor).map(|dataset| dataset.id.get().clone()).collect();
    let page = Query::new(
        &actor.scope(),
        &REQUEST,
        format!("{LINE} WHERE {{scope}} AND r.state IN ('asked', 'partly') AND r.dataset IN ({{list}}) AND {{after}} ORDER BY r.id LIMIT ?"),
    )
    .bind_list(sets.iter().map(String::as_str))
    .after(&["r.id"], after)
    .page(office.db(), PAGE, raw, |raw| Cursor::new().integer(raw.id))
    .await?;
    let rows: Result<Vec<QuestionLine>, OfficeError> =
        page.rows.into_iter().map(|raw| line(office, &release, raw)).collect();
    let page = Page { rows: rows?, next: page.next };
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(actor.division),
            details: json!({ "datasets": sets, "rows": page.rows.len() }),
            ..audited(
                office.now().at_ms(),
                actor.audit(),
                "means_test.questions_listed",
                ("division", actor.division.0),
            )
        })
        .await?;
    Ok(page)
}

const LINE: &str = "SELECT r.id, p.name, p.citizen_id_sealed, r.dataset, d.name AS county, r.asked_on, r.due_on, r.recheck_of, r.state, \
    r.purpose, a.signed_on FROM check_request r JOIN person p ON p.id = r.person_id JOIN division d ON d.id = r.county_id \
    JOIN authorisation a ON a.id = r.authorisation_id";

/// A row of [`LINE`].
struct Raw {
    id: CheckRequestId,
    name: String,
    sealed: Vec<u8>,
    dataset: String,
    county: String,
    asked_on: NaiveDate,
    due_on: Option<NaiveDate>,
    recheck: bool,
    partly: bool,
    purpose: String,
    signed_on: NaiveDate,
}

fn raw(row: &store::Row) -> store::Result<Raw> {
    Ok(Raw {
        id: row.get("id")?,
        name: row.get("name")?,
        sealed: row.get("citizen_id_sealed")?,
        dataset: row.get("dataset")?,
        county: row.get("county")?,
        asked_on: row.get("asked_on")?,
        due_on: row.get("due_on")?,
        recheck: row.get::<Option<i64>>("recheck_of")?.is_some(),
        partly: row.get::<String>("state")? == "partly",
        purpose: row.get("purpose")?,
        signed_on: row.get("signed_on")?,
    })
}

fn line(office: &Office, release: &Release, raw: Raw) -> Result<QuestionLine, OfficeError> {
    let Raw {
        id,
        name,
        sealed,
        dataset,
        county,
        asked_on,
        due_on,
        recheck,
        partly,
        purpose: _,
        signed_on: _,
    } = raw;
    Ok(QuestionLine {
        id,
        name,
        citizen_id: sealing::masked_citizen_id(office.keys(), &sealed)?,
        title: release.datasets.get(&dataset).map_or_else(|| dataset.clone(), |known| known.title.clone()),
        dataset,
        county,
        asked_on,
        due_on,
        overdue: due_on.is_some_and(|due| due < office.now().today()),
        recheck,
        partly,
    })
}

/// A question within the post's division and department that waits.
async fn open_row(
    office: &Office,
    actor: &Actor,
    id: CheckRequestId,
) -> Result<(PersonId, store::CaseId, String), OfficeError> {
    of_county(actor).map_err(|_| OfficeError::NotFound("这条询问"))?;
    let row = answer::find(office, office.db(), actor, Right::AnswerCheck, id).await?;
    demand(&office.release(), actor, &row.dataset).map_err(|_| OfficeError::NotFound("这条询问"))?;
    if !row.state.is_open() {
        return Err(OfficeError::NotFound("这条询问"));
    }
    Ok((row.person, row.case, row.dataset))
}

/// One question. Opening it stands in the audit.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is asked of another department, elsewhere, or is settled.
pub async fn question(
    office: &Office,
    actor: &Granted<AnswerCheck>,
    id: CheckRequestId,
) -> Result<Question, OfficeError> {
    let (person, case, dataset) = open_row(office, actor, id).await?;
    let release = office.release();
    let dataset = demand(&release, actor, &dataset)?;
    let told = answer::told(office, office.db(), id).await?;
    let raw = Query::new(&actor.scope(), &REQUEST, format!("{LINE} WHERE {{scope}} AND r.id = ?"))
        .bind(id)
        .optional_as(office.db(), raw)
        .await?
        .ok_or(OfficeError::NotFound("这条询问"))?;
    let question = Question {
        purpose: raw.purpose.clone(),
        consented_on: raw.signed_on,
        line: line(office, &release, raw)?,
        asks: dataset
            .asks
            .iter()
            .filter(|ask| !told.values.contains_key(ask.id.get()))
            .map(|ask| AskView::unanswered(&release, ask))
            .collect(),
    };
    audit(office, actor, case, person, "means_test.question_opened").await?;
    Ok(question)
}

async fn audit(
    office: &Office,
    actor: &Actor,
    case: store::CaseId,
    person: PersonId,
    action: &'static str,
) -> Result<(), OfficeError> {
    office
        .db()
        .audit_read(AuditEntry {
            case: Some(case),
            division: Some(actor.division),
            ..audited(office.now().at_ms(), actor.audit(), action, ("person", person.0))
        })
        .await?;
    Ok(())
}

/// The whole number of the person of a question, to find them by. It stands in the audit before it is shown.
///
/// # Errors
/// As [`question`].
pub async fn reveal(
    office: &Office,
    actor: &Granted<AnswerCheck>,
    id: CheckRequestId,
) -> Result<(String, String), OfficeError> {
    let (person, case, _) = open_row(office, actor, id).await?;
    let (name, sealed): (String, Vec<u8>) = Query::new(
        &actor.scope(),
        &REQUEST,
        "SELECT p.name, p.citizen_id_sealed FROM check_request r JOIN person p ON p.id = r.person_id WHERE {scope} AND r.id = ?",
    )
    .bind(id)
    .optional_as(office.db(), |row| Ok((row.get("name")?, row.get("citizen_id_sealed")?)))
    .await?
    .ok_or(OfficeError::NotFound("这条询问"))?;
    audit(office, actor, case, person, "means_test.question_revealed").await?;
    Ok((name, office.keys().open(&sealed)?.to_string()))
}

/// The department answers, at its page or by its system. Sent again with the same key it is answered as the first time.
///
/// # Errors
/// As [`question`]; [`OfficeError::Invalid`] with everything that is wrong.
pub async fn reply(
    office: &Office,
    actor: &Granted<AnswerCheck>,
    id: CheckRequestId,
    typed: &Typed,
    key: &IdempotencyKey,
) -> Result<RequestState, OfficeError> {
    of_county(actor).map_err(|_| OfficeError::NotFound("这条询问"))?;
    let own = |dataset: &Dataset| answers_for(actor, dataset);
    answer::answer_as(office, actor, id, typed, Via::Department, Some(key), own).await
}

/// The waiting questions of one data set as a table that the department fills in. See [`super::requests_file`].
///
/// # Errors
/// [`OfficeError::NotFound`] for another department's; [`OfficeError::Conflict`] when nothing waits.
pub async fn file(
    office: &Office,
    actor: &Granted<AnswerCheck>,
    dataset: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let release = office.release();
    let asked = demand(&release, actor, dataset)?;
    let purpose = format!("{}答复核对询问", asked.title);
    exchange::questions_file(office, actor, Right::AnswerCheck, dataset, &purpose, format).await
}

/// Takes the table back. See [`super::take_in_file`].
///
/// # Errors
/// [`OfficeError::NotFound`] for another department's; [`OfficeError::Invalid`] when the file cannot be read.
pub async fn take_in(
    office: &Office,
    actor: &Granted<AnswerCheck>,
    dataset: &str,
    name: &str,
    bytes: &[u8],
    leave_out: bool,
) -> Result<Taken, OfficeError> {
    demand(&office.release(), actor, dataset)?;
    let mut taken = exchange::answers_file(office, actor, dataset, (name, bytes), leave_out, true).await?;
    // What the answer contradicts is the county's to know.
    taken.contradictions = 0;
    Ok(taken)
}
