//! What counts on a day among everything that is said.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use catalogue::definition::Fact;
use chrono::NaiveDate;
use rules::Value;
use store::{Connection, Query};

use super::Subject;
use super::row::{COLUMNS, FactRow, SEEN, read_row};
use crate::people::held::known_values;
use crate::people::{FactId, fact_value};
use crate::{Office, OfficeError};

/// Everything believed at `known_at` for `valid_on`, of some persons or families whom the caller has seen.
pub(super) async fn rows_as_of(
    connection: &impl Connection,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<FactRow>, OfficeError> {
    let mut rows = Vec::new();
    let persons: Vec<i64> = subjects.iter().filter_map(|subject| subject.person()).map(|id| id.0).collect();
    let households: Vec<i64> =
        subjects.iter().filter_map(|subject| subject.household()).map(|id| id.0).collect();
    for (column, ids) in [("f.person_id", persons), ("f.household_id", households)] {
        for ids in ids.chunks(1000) {
            let sql = format!(
                "SELECT {COLUMNS} FROM fact f WHERE {column} IN ({{list}}) AND f.from_on <= ? AND (f.until_on IS NULL OR f.until_on > ?) \
                 AND f.known_at <= ? AND (f.superseded_at IS NULL OR f.superseded_at > ?)"
            );
            let found = Query::system(SEEN, sql)
                .bind_list(ids.iter().copied())
                .bind(valid_on)
                .bind(valid_on)
                .bind(known_at)
                .bind(known_at)
                .all(connection)
                .await?;
            for row in &found {
                rows.push(read_row(row)?);
            }
        }
    }
    Ok(rows)
}

/// The statement that holds among those of one fact of one subject. Where the best has lapsed it is the best of those said since, else
/// the lapsed one, which says nothing any more.
pub(super) fn winner<'a>(
    fact: &Fact,
    rows: impl Iterator<Item = &'a FactRow>,
    on: NaiveDate,
) -> Option<&'a FactRow> {
    let mut rows: Vec<&FactRow> = rows.collect();
    rows.sort_by_key(|row| {
        (row.source.rank(fact), Reverse(row.from_on), Reverse(row.known_at), Reverse(row.id))
    });
    let mut since: Option<NaiveDate> = None;
    for &row in &rows {
        if row.lapsed(on) {
            since = since.max(row.lapses_on);
        } else if row.lapses_on.is_some() || since.is_none_or(|since| row.from_on >= since) {
            return Some(row);
        }
    }
    rows.into_iter().find(|row| row.lapsed(on))
}

/// Of each subject, the statement that holds for each fact of the release.
pub(in crate::people) async fn winners(
    connection: &impl Connection,
    release: &Release,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<BTreeMap<(Subject, String), FactRow>, OfficeError> {
    let rows = rows_as_of(connection, subjects, valid_on, known_at).await?;
    let mut by_fact: BTreeMap<(Subject, &str), Vec<&FactRow>> = BTreeMap::new();
    for row in &rows {
        by_fact.entry((row.subject, row.fact.as_str())).or_default().push(row);
    }
    let mut winners = BTreeMap::new();
    for ((subject, id), rows) in by_fact {
        if let Some(fact) = release.facts.get(id)
            && let Some(row) = winner(fact, rows.into_iter(), valid_on)
        {
            winners.insert((subject, id.to_owned()), row.clone());
        }
    }
    Ok(winners)
}

/// The language's value of a statement.
pub(in crate::people) fn value_of(office: &Office, fact: &Fact, row: &FactRow) -> Result<Value, OfficeError> {
    let canonical =
        row.value.as_deref().map(|stored| fact_value::from_stored(office.keys(), stored)).transpose()?;
    fact_value::read_value(fact, canonical.as_deref())
}

/// What holds of persons and families today, for rules of registers that point at them.
pub(crate) async fn known_facts(
    office: &Office,
    connection: &impl Connection,
    subjects: &[Subject],
) -> Result<Vec<(Subject, String, Value)>, OfficeError> {
    let release = office.release();
    let known = known_values(office, connection, &release, subjects, office.now().today(), i64::MAX).await?;
    Ok(known.into_iter().map(|((subject, id), value)| (subject, id, value)).collect())
}

/// What was known of persons and families at a moment, as it held on a day; of any release.
pub(crate) async fn known_facts_as_of(
    office: &Office,
    connection: &impl Connection,
    release: &Release,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<BTreeMap<(Subject, String), Value>, OfficeError> {
    known_values(office, connection, release, subjects, valid_on, known_at).await
}

/// The statements that count for some facts of a family and its members on a day, as known at a moment.
pub(crate) async fn counting(
    connection: &impl Connection,
    release: &Release,
    subjects: &[Subject],
    facts: &BTreeSet<&str>,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<FactId>, OfficeError> {
    let winners = winners(connection, release, subjects, valid_on, known_at).await?;
    let counting = winners.values().filter(|row| facts.contains(row.fact.as_str()) && !row.lapsed(valid_on));
    let mut ids: Vec<FactId> = counting.map(|row| row.id).collect();
    ids.sort_unstable();
    Ok(ids)
}
