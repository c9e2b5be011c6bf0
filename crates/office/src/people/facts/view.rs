//! Statements as pages show them.

use std::cmp::Reverse;

use catalogue::Release;
use catalogue::definition::{Fact, Sensitivity};
use chrono::NaiveDate;
use store::{CaseId, Connection, Query, Scope};

use super::counts::{rows_as_of, value_of, winner, winners};
use super::row::{COLUMNS, FactRow, IDS_MAX, SEEN, demand_visible, read_row};
use super::{Source, Subject};
use crate::people::{FactId, fact_value};
use crate::{Office, OfficeError};

/// A statement as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactView {
    /// The row.
    pub id: FactId,
    /// Of whom.
    pub subject: Subject,
    /// The fact's id.
    pub fact: String,
    /// Its title.
    pub title: String,
    /// Canonical text; `None`: asked, nothing there.
    pub value: Option<String>,
    /// As people read it.
    pub shown: String,
    /// Who says so.
    pub source: Source,
    /// Their name.
    pub source_title: String,
    /// First day.
    pub from_on: NaiveDate,
    /// First day on which it no longer holds.
    pub until_on: Option<NaiveDate>,
    /// Known since, unix milliseconds.
    pub known_at: i64,
    /// No longer believed since.
    pub superseded_at: Option<i64>,
    /// In which case it was found.
    pub case: Option<CaseId>,
    /// What it rests on.
    pub evidence: Option<String>,
    /// Health, penalty and the like: shown on purpose only.
    pub sensitive: bool,
    /// Older than the fact's freshness allows.
    pub stale: bool,
    /// First day on which the answer holds no more; none where it has no such day.
    pub lapses_on: Option<NaiveDate>,
    /// That day has come: the fact is unknown until somebody says it again.
    pub lapsed: bool,
}

fn view(
    office: &Office,
    release: &Release,
    fact: &Fact,
    row: &FactRow,
    today: NaiveDate,
) -> Result<FactView, OfficeError> {
    let value = value_of(office, fact, row)?;
    let known_on = vocab::Now::from_unix_ms(row.known_at).today();
    Ok(FactView {
        id: row.id,
        subject: row.subject,
        fact: row.fact.clone(),
        title: fact.title.clone(),
        value: row
            .value
            .as_deref()
            .map(|stored| fact_value::from_stored(office.keys(), stored))
            .transpose()?,
        shown: fact_value::shown(release, fact, &value),
        source_title: row.source.title(release),
        source: row.source.clone(),
        from_on: row.from_on,
        until_on: row.until_on,
        known_at: row.known_at,
        superseded_at: row.superseded_at,
        case: row.case,
        evidence: row.evidence.clone(),
        sensitive: fact.sensitivity == Sensitivity::Sensitive,
        stale: fact.freshness.is_some_and(|days| (today - known_on).num_days() > i64::from(days)),
        lapses_on: row.lapses_on,
        lapsed: row.lapsed(today),
    })
}

/// What holds of some persons and families on a day, as known at a moment (unix milliseconds; [`i64::MAX`] for now), in the
/// order of subjects and facts. A subject outside the scope is an error.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn effective_facts(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<FactView>, OfficeError> {
    for subject in subjects {
        demand_visible(connection, scope, *subject).await?;
    }
    seen_facts(office, connection, subjects, valid_on, known_at).await
}

/// As [`effective_facts`], for subjects that the caller has seen.
pub(in crate::people) async fn seen_facts(
    office: &Office,
    connection: &impl Connection,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<FactView>, OfficeError> {
    let release = office.release();
    let today = office.now().today();
    let winners = winners(connection, &release, subjects, valid_on, known_at).await?;
    let mut views = Vec::with_capacity(winners.len());
    for subject in subjects {
        for fact in release.facts.iter() {
            if let Some(row) = winners.get(&(*subject, fact.id.get().clone())) {
                views.push(view(office, &release, fact, row, today)?);
            }
        }
    }
    Ok(views)
}

/// Everything that is said of one fact of a subject today, each source's own: what counts first, then the others by precedence.
pub(crate) async fn contenders(
    office: &Office,
    connection: &impl Connection,
    subject: Subject,
    fact: &str,
) -> Result<Vec<FactView>, OfficeError> {
    let release = office.release();
    let definition = release.facts.get(fact).ok_or(OfficeError::NotFound("这个指标项"))?;
    let today = office.now().today();
    let mut rows = rows_as_of(connection, &[subject], today, i64::MAX).await?;
    rows.retain(|row| row.fact == fact);
    let counts = winner(definition, rows.iter(), today).map(|row| row.id);
    rows.sort_by_key(|row| {
        (Some(row.id) != counts, row.source.rank(definition), Reverse(row.from_on), Reverse(row.id))
    });
    rows.iter().map(|row| view(office, &release, definition, row, today)).collect()
}

/// Statements by their rows, for whoever may read what rests on them, in the order of the rows.
pub(crate) async fn statements(
    office: &Office,
    connection: &impl Connection,
    ids: &[FactId],
    today: NaiveDate,
) -> Result<Vec<FactView>, OfficeError> {
    let release = office.release();
    let mut views = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IDS_MAX) {
        let sql = format!("SELECT {COLUMNS} FROM fact f WHERE f.id IN ({{list}}) ORDER BY f.id");
        let rows = Query::system(SEEN, sql).bind_list(ids.iter().copied()).all(connection).await?;
        for row in &rows {
            let row = read_row(row)?;
            if let Some(fact) = release.facts.get(&row.fact) {
                views.push(view(office, &release, fact, &row, today)?);
            }
        }
    }
    Ok(views)
}

/// Every statement ever recorded of one fact of one subject, newest first: who said what when.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn fact_history(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    subject: Subject,
    fact: &str,
) -> Result<Vec<FactView>, OfficeError> {
    demand_visible(connection, scope, subject).await?;
    let release = office.release();
    let definition = release.facts.get(fact).ok_or(OfficeError::NotFound("这个指标项"))?;
    let (column, id) = match subject {
        Subject::Person(id) => ("f.person_id", id.0),
        Subject::Household(id) => ("f.household_id", id.0),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM fact f WHERE {column} = ? AND f.fact = ? ORDER BY f.known_at DESC, f.id DESC LIMIT 500"
    );
    let rows = Query::system(SEEN, sql).bind(id).bind(fact).all(connection).await?;
    let today = office.now().today();
    rows.iter().map(|row| view(office, &release, definition, &read_row(row)?, today)).collect()
}
