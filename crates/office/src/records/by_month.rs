//! 逐月对账: of what came into a register in a month, where everything stands now. Every record stands in one state, so that the states of a month
//! add up to what came in: none is missed. What is late is told beside it.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use store::{AuditEntry, DivisionId, Query};
use vocab::Month;

use super::columns::table;
use super::{Open, RECORD_COLUMNS};
use crate::access::{Export, Granted, Investigate, ReadRecords};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited, leads};

/// Months that are shown.
const MONTHS: i32 = 24;

/// What came in a month, and where it stands now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonthCount {
    /// How many came in; what was struck off as entered by mistake does not count.
    pub total: i64,
    /// How many of them stand in which state; adds up to the total.
    pub states: BTreeMap<String, i64>,
    /// How many of them have a duty, or as leads their last day, behind them.
    pub late: i64,
    /// How many of them the system found by itself (leads).
    pub found: i64,
}

/// The months of the last two years, the newest first, in one's own area or at and below a place in it. Where the register says so (`leads`), what
/// the system found counts with it, for those who may see leads.
///
/// # Errors
/// The database's.
pub async fn by_month(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    place: Option<DivisionId>,
    finder: Option<&Granted<Investigate>>,
) -> Result<Vec<MonthRow>, OfficeError> {
    let register = open.register();
    let today = office.now().today();
    let from = Month::containing(today).plus(1 - MONTHS).first_day();
    let below = if place.is_some() {
        "AND r.division_id IN (SELECT c.descendant_id FROM division_closure c WHERE c.ancestor_id = ?)"
    } else {
        ""
    };
    let sql = format!(
        "SELECT r.recorded_on, r.state, count(*) AS found, CAST(SUM(CASE WHEN EXISTS (SELECT 1 FROM record_duty t WHERE t.register = ? \
         AND t.record_id = r.id AND t.state = 'open' AND t.due_on < ?) THEN 1 ELSE 0 END) AS BIGINT) AS late FROM {} r \
         WHERE {{scope}} AND r.recorded_on >= ? AND r.state <> ? {below} GROUP BY r.recorded_on, r.state",
        table(register)
    );
    let query = Query::new(&reader.scope(), &RECORD_COLUMNS, sql)
        .bind(register.id.as_str())
        .bind(today)
        .bind(from)
        .bind(catalogue::definition::STRUCK_OFF);
    let query = place.into_iter().fold(query, |query, place| query.bind(place));
    let rows = query.all(office.db()).await?;
    let mut months: BTreeMap<Month, MonthCount> = BTreeMap::new();
    for row in &rows {
        let day: NaiveDate = row.get("recorded_on")?;
        let month = Month::new(day.year(), day.month()).unwrap_or_else(|_| Month::containing(today));
        let (found, late): (i64, i64) = (row.get("found")?, row.get("late")?);
        let count = months.entry(month).or_default();
        count.total += found;
        count.late += late;
        *count.states.entry(row.get("state")?).or_default() += found;
    }
    if let (Some(states), Some(actor)) = (&register.leads, finder) {
        for (month, stages) in leads::by_month(office, actor, leads::Kind::Unclaimed, place).await? {
            let count = months.entry(month).or_default();
            count.total += stages.found;
            count.found += stages.found;
            count.late += stages.late;
            for (state, found) in [
                (&states.waiting, stages.waiting),
                (&states.visited, stages.visited),
                (&states.helped, stages.helped),
                (&states.ended, stages.ended),
            ] {
                *count.states.entry(state.to_string()).or_default() += found;
            }
        }
    }
    Ok(months.into_iter().rev().map(|(month, count)| MonthRow { month, count }).collect())
}

/// A month with its count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthRow {
    /// The month in which the records came in.
    pub month: Month,
    /// What became of them.
    pub count: MonthCount,
}

impl std::ops::Deref for MonthRow {
    type Target = MonthCount;
    fn deref(&self) -> &MonthCount {
        &self.count
    }
}

/// The same as a file.
///
/// # Errors
/// The database's.
pub async fn sheet(
    office: &Office,
    reader: &Granted<ReadRecords>,
    _export: &Granted<Export>,
    open: &Open,
    finder: Option<&Granted<Investigate>>,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let register = open.register();
    let months = by_month(office, reader, open, None, finder).await?;
    let states: Vec<(&str, &str)> = counted_states(open);
    let mut columns = vec![ListColumn::new("月份", 10), ListColumn::new("登记", 8)];
    columns.extend(states.iter().map(|(_, title)| ListColumn::new(*title, 12)));
    columns.push(ListColumn::new("职责逾期", 10));
    let with_leads = register.leads.is_some() && finder.is_some();
    if with_leads {
        columns.push(ListColumn::new("其中比对找到", 12));
    }
    let title = format!("{}{}逐月对账", reader.division_name, register.title);
    let mut list = ListWriter::new(format, "逐月对账", Some(&title), &columns)?;
    for month in &months {
        let mut cells = vec![ListCell::Month(month.month), ListCell::Integer(month.total)];
        cells.extend(
            states
                .iter()
                .map(|(state, _)| ListCell::Integer(month.states.get(*state).copied().unwrap_or_default())),
        );
        cells.push(ListCell::Integer(month.late));
        if with_leads {
            cells.push(ListCell::Integer(month.found));
        }
        list.row(&cells)?;
    }
    let file = list.finish()?;
    let entry = AuditEntry {
        division: Some(reader.division),
        details: serde_json::json!({ "register": register.id.as_str() }),
        ..audited(
            office.now().at_ms(),
            reader.audit(),
            "record.months_exported",
            ("division", reader.division.0),
        )
    };
    office.db().audit_read(entry).await?;
    Ok(file)
}

/// The states that are counted, in the order of a life.
#[must_use]
pub fn counted_states(open: &Open) -> Vec<(&str, &str)> {
    let states = open.register().state_codes();
    states.into_iter().filter(|(state, _)| *state != catalogue::definition::STRUCK_OFF).collect()
}
