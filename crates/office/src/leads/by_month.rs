//! 逐月对账: of what was found in a month, where everything stands now. Every lead stands in one stage, so that they add up to what was found.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use serde_json::json;
use store::{AuditEntry, DivisionId, Query};
use vocab::Month;

use super::desk::{demand, programmes};
use super::{Kind, LEAD};
use crate::access::{Export, Granted, Investigate};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited};

/// Months that are shown.
const MONTHS: i32 = 24;

/// The leads found in a month; the four stages add up to `found`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stages {
    /// How many were found.
    pub found: i64,
    /// Nobody was there yet.
    pub waiting: i64,
    /// Somebody was there, and it goes on.
    pub visited: i64,
    /// The family filed, or the benefit was looked into.
    pub helped: i64,
    /// It ended otherwise, each with its reason.
    pub ended: i64,
    /// Of those that are open, past their last day.
    pub late: i64,
}

impl Stages {
    /// Adds another month.
    pub fn add(&mut self, other: &Stages) {
        let Stages { found, waiting, visited, helped, ended, late } = other;
        self.found += found;
        self.waiting += waiting;
        self.visited += visited;
        self.helped += helped;
        self.ended += ended;
        self.late += late;
    }
}

/// The months of the last two years in which something was found, the newest first, in one's own area or at and below a place in it.
///
/// # Errors
/// [`OfficeError::Forbidden`] for reviews without the right to keep the roll.
pub async fn by_month(
    office: &Office,
    actor: &Granted<Investigate>,
    kind: Kind,
    place: Option<DivisionId>,
) -> Result<Vec<(Month, Stages)>, OfficeError> {
    demand(actor, kind)?;
    let today = office.now().today();
    let below = match place {
        Some(_) => {
            "AND l.division_id IN (SELECT c.descendant_id FROM division_closure c WHERE c.ancestor_id = ?)"
        }
        None => "",
    };
    let sql = format!(
        "SELECT x.found_on, x.stage, count(*) AS found, CAST(SUM(x.late) AS BIGINT) AS late FROM (SELECT l.found_on, \
         CASE WHEN l.outcome IN ('filed', 'reviewed') THEN 'helped' WHEN l.state = 'closed' THEN 'ended' \
         WHEN EXISTS (SELECT 1 FROM lead_note n WHERE n.lead_id = l.id) THEN 'visited' ELSE 'waiting' END AS stage, \
         CASE WHEN l.state = 'open' AND l.due_on < ? THEN 1 ELSE 0 END AS late \
         FROM lead l WHERE {{scope}} AND l.kind = ? AND l.found_on >= ? {below}) x GROUP BY x.found_on, x.stage"
    );
    let query = Query::new(&actor.scope(), &LEAD, sql)
        .only("l.programme", programmes(office, actor, kind))
        .bind(today)
        .bind(kind.as_str())
        .bind(Month::containing(today).plus(1 - MONTHS).first_day());
    let query = place.into_iter().fold(query, |query, place| query.bind(place));
    let mut months: BTreeMap<Month, Stages> = BTreeMap::new();
    for row in &query.all(office.db()).await? {
        let day: NaiveDate = row.get("found_on")?;
        let month = Month::new(day.year(), day.month()).unwrap_or_else(|_| Month::containing(today));
        let (found, late): (i64, i64) = (row.get("found")?, row.get("late")?);
        let stages = months.entry(month).or_default();
        stages.found += found;
        stages.late += late;
        match row.get::<String>("stage")?.as_str() {
            "helped" => stages.helped += found,
            "ended" => stages.ended += found,
            "visited" => stages.visited += found,
            _ => stages.waiting += found,
        }
    }
    Ok(months.into_iter().rev().collect())
}

/// The same as a file. Taking it out is audited.
///
/// # Errors
/// As [`by_month`].
pub async fn month_sheet(
    office: &Office,
    actor: &Granted<Investigate>,
    _export: &Granted<Export>,
    kind: Kind,
    place: Option<DivisionId>,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let months = by_month(office, actor, kind, place).await?;
    let columns = ["找到", "待走访", "已走访，跟进中", kind.helped(), "了结（有原因）", "其中超期未办"]
        .map(|title| ListColumn::new(title, 14));
    let columns: Vec<ListColumn> = [ListColumn::new("月份", 10)].into_iter().chain(columns).collect();
    let mut list = ListWriter::new(format, "逐月对账", Some(kind.title()), &columns)?;
    for (month, stages) in &months {
        let Stages { found, waiting, visited, helped, ended, late } = *stages;
        let counts = [found, waiting, visited, helped, ended, late].map(ListCell::Integer);
        let cells: Vec<ListCell> = [ListCell::Month(*month)].into_iter().chain(counts).collect();
        list.row(&cells)?;
    }
    let file = list.finish()?;
    let entry = AuditEntry {
        division: Some(actor.division),
        details: json!({ "kind": kind.as_str(), "rows": months.len() }),
        ..audited(office.now().at_ms(), actor.audit(), "lead.months_exported", ("division", actor.division.0))
    };
    office.db().audit_read(entry).await?;
    Ok(file)
}
