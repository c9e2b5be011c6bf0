//! A statement as its row of the table.

use chrono::NaiveDate;
use store::{CaseId, Connection, HouseholdId, PersonId, Query, Scope, StaffId};

use super::{Source, Subject};
use crate::OfficeError;
use crate::people::{FactId, HOUSEHOLD_COLUMNS, PERSON_COLUMNS};

pub(super) const SEEN: &str = "the caller has seen the subject";

pub(super) const COLUMNS: &str = "f.id, f.person_id, f.household_id, f.fact, f.value, f.from_on, f.until_on, f.lapses_on, f.source, f.known_at, \
     f.superseded_at, f.case_id, f.evidence, f.recorded_by";

/// Ids in one statement.
pub(super) const IDS_MAX: usize = 1000;

/// One row of the table.
#[derive(Debug, Clone)]
pub(in crate::people) struct FactRow {
    pub id: FactId,
    pub subject: Subject,
    pub fact: String,
    pub(super) value: Option<String>,
    pub(super) from_on: NaiveDate,
    pub(super) until_on: Option<NaiveDate>,
    pub(super) lapses_on: Option<NaiveDate>,
    pub(super) source: Source,
    pub(super) known_at: i64,
    pub(super) superseded_at: Option<i64>,
    pub(super) case: Option<CaseId>,
    pub(super) evidence: Option<String>,
    pub(super) recorded_by: Option<StaffId>,
}

impl FactRow {
    /// Its time is over: nobody has said it again.
    pub(in crate::people) fn lapsed(&self, on: NaiveDate) -> bool {
        self.lapses_on.is_some_and(|lapses| lapses <= on)
    }
}

pub(super) fn read_row(row: &store::Row) -> Result<FactRow, OfficeError> {
    let person: Option<PersonId> = row.get("person_id")?;
    let household: Option<HouseholdId> = row.get("household_id")?;
    let subject = match (person, household) {
        (Some(person), _) => Subject::Person(person),
        (None, Some(household)) => Subject::Household(household),
        (None, None) => return Err(OfficeError::Internal("事实没有对象".to_owned())),
    };
    Ok(FactRow {
        id: row.get("id")?,
        subject,
        fact: row.get("fact")?,
        value: row.get("value")?,
        from_on: row.get("from_on")?,
        until_on: row.get("until_on")?,
        lapses_on: row.get("lapses_on")?,
        source: row.get::<String>("source")?.parse()?,
        known_at: row.get("known_at")?,
        superseded_at: row.get("superseded_at")?,
        case: row.get("case_id")?,
        evidence: row.get("evidence")?,
        recorded_by: row.get("recorded_by")?,
    })
}

/// What is believed of one source's line, the newest first.
pub(super) async fn line(
    connection: &impl Connection,
    subject: Subject,
    fact: &str,
    source: &Source,
) -> Result<Vec<FactRow>, OfficeError> {
    let (column, id) = match subject {
        Subject::Person(id) => ("f.person_id", id.0),
        Subject::Household(id) => ("f.household_id", id.0),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM fact f WHERE {column} = ? AND f.fact = ? AND f.source = ? AND f.superseded_at IS NULL \
         ORDER BY f.from_on DESC, f.id DESC"
    );
    let rows = Query::system(SEEN, sql).bind(id).bind(fact).bind(source.to_string()).all(connection).await?;
    rows.iter().map(read_row).collect()
}

pub(super) async fn demand_visible(
    connection: &impl Connection,
    scope: &Scope,
    subject: Subject,
) -> Result<(), OfficeError> {
    let row = match subject {
        Subject::Person(id) => {
            Query::new(scope, &PERSON_COLUMNS, "SELECT p.id FROM person p WHERE {scope} AND p.id = ?")
                .bind(id)
                .optional(connection)
                .await?
        }
        Subject::Household(id) => {
            Query::new(scope, &HOUSEHOLD_COLUMNS, "SELECT h.id FROM household h WHERE {scope} AND h.id = ?")
                .bind(id)
                .optional(connection)
                .await?
        }
    };
    match row {
        Some(_) => Ok(()),
        None => Err(OfficeError::NotFound("这个人或家庭")),
    }
}
