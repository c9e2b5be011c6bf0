//! The row that a determination is: written once, and read by desks, families and the effects of a case.

use catalogue::Release;
use catalogue::definition::Pays;
use chrono::NaiveDate;
use rules::{Context, Outcome, Record};
use sm3::{Digest, Sm3};
use store::{CaseId, Connection, Query, Row, Scope, StaffId, Tx};
use vocab::{Fen, Month, Now};

use super::super::{CASE, CaseRow};
use super::{DeterminationId, Question};
use crate::OfficeError;
use crate::people::FactId;

#[expect(clippy::too_many_arguments, reason = "one row of the table, written once")]
pub(super) async fn keep(
    tx: &Tx,
    release: &Release,
    question: &Question<'_>,
    record: &Record,
    context: &Context,
    result: &rules::Determination,
    amount: Option<Fen>,
    sources: &[FactId],
    now: Now,
    by: Option<StaffId>,
) -> Result<DeterminationId, OfficeError> {
    let inputs = text_of(record)?;
    let context = text_of(context)?;
    let result_text = text_of(result)?;
    let digest = digest(&release.hash, rules::LANGUAGE_VERSION, &inputs, &context, &result_text);
    let id = Query::system(
        "a determination of a family that the caller may act on",
        "INSERT INTO determination (case_id, household_id, programme, month, law_on, known_at, release_hash, language_version, \
         inputs, context, result, outcome, amount_fen, digest, made_at, made_by, sources) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(question.case)
    .bind(question.household)
    .bind(result.programme.as_str())
    .bind(question.month)
    .bind(question.law_on)
    .bind(now.at_ms())
    .bind(release.hash.as_str())
    .bind(rules::LANGUAGE_VERSION)
    .bind(inputs)
    .bind(context)
    .bind(result_text)
    .bind(outcome_code(result.outcome))
    .bind(amount)
    .bind(digest)
    .bind(now.at_ms())
    .bind(by)
    .bind(text_of(&sources.iter().map(|id| id.0).collect::<Vec<i64>>())?)
    .insert(tx)
    .await?;
    Ok(DeterminationId(id))
}

pub(super) fn text_of(value: &impl serde::Serialize) -> Result<String, OfficeError> {
    serde_json::to_string(value).map_err(|error| OfficeError::Internal(error.to_string()))
}

/// Codes of codelist `determination_outcome`.
fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Met => "yes",
        Outcome::NotMet => "no",
        Outcome::Unknown => "unknown",
    }
}

pub(super) fn digest(hash: &str, language: &str, inputs: &str, context: &str, result: &str) -> String {
    let mut digest = Sm3::new();
    for part in [hash, language, inputs, context, result] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}

/// A determination as people see it.
#[derive(Debug, Clone)]
pub struct DeterminationView {
    /// The stored row.
    pub id: DeterminationId,
    /// Programme.
    pub programme: String,
    /// Month for which it was decided.
    pub month: Month,
    /// Day that picked the law.
    pub law_on: NaiveDate,
    /// Release of the packs.
    pub release_hash: String,
    /// What the rules said.
    pub result: rules::Determination,
    /// Amount, when met: each month, or once.
    pub amount: Option<Fen>,
    /// Whether it is paid each month, once, or not at all.
    pub pays: Pays,
    /// When it was made.
    pub made_at: i64,
    /// Rows of the facts that it read; none of determinations of before these were kept.
    pub sources: Vec<FactId>,
}

const VIEW: &str = "SELECT d.id, d.programme, d.month, d.law_on, d.release_hash, d.result, d.amount_fen, d.made_at, d.sources \
    FROM determination d JOIN case_file c ON c.id = d.case_id WHERE {scope} AND c.id = ?";

/// All determinations of a case, the newest first.
///
/// # Errors
/// The database's.
pub async fn of_case(
    connection: &impl Connection,
    release: &Release,
    scope: &Scope,
    case: CaseId,
) -> Result<Vec<DeterminationView>, OfficeError> {
    Query::new(scope, &CASE, format!("{VIEW} ORDER BY d.id DESC"))
        .bind(case)
        .all(connection)
        .await?
        .iter()
        .map(|row| view(row, release))
        .collect()
}

/// The determination that counts in a case.
///
/// # Errors
/// The database's.
pub(in crate::casework) async fn current(
    tx: &Tx,
    release: &Release,
    case: &CaseRow,
) -> Result<Option<DeterminationView>, OfficeError> {
    let Some(id) = case.determination else { return Ok(None) };
    let row = Query::system("the case's own", format!("{VIEW} AND d.id = ?").replace("{scope}", "1=1"))
        .bind(case.id)
        .bind(id)
        .optional(tx)
        .await?;
    row.as_ref().map(|row| view(row, release)).transpose()
}

fn view(row: &Row, release: &Release) -> Result<DeterminationView, OfficeError> {
    let text: String = row.get("result")?;
    let result = serde_json::from_str(&text).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let programme: String = row.get("programme")?;
    Ok(DeterminationView {
        id: row.get("id")?,
        pays: release.programmes.get(&programme).map(|programme| programme.pays).unwrap_or_default(),
        programme,
        month: row.get("month")?,
        law_on: row.get("law_on")?,
        release_hash: row.get("release_hash")?,
        result,
        amount: row.get("amount_fen")?,
        made_at: row.get("made_at")?,
        sources: match row.get::<Option<String>>("sources")? {
            Some(text) => serde_json::from_str::<Vec<i64>>(&text)
                .map_err(|error| OfficeError::Internal(error.to_string()))?
                .into_iter()
                .map(FactId)
                .collect(),
            None => Vec::new(),
        },
    })
}
