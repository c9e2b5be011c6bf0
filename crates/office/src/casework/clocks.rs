//! Clocks of a case: started, extended and ended by actions, read by everybody.
//!
//! The law counts from a day; the pack says which action starts a clock and which end it. A clock survives a return; an extension
//! replaces the limit, counted from the same start, and needs a reason from the pack's list.

use catalogue::Release;
use catalogue::definition::{Clock, Item, Limit, Scalar};
use chrono::NaiveDate;
use store::{CaseId, Connection, Query, Scope, Tx};
use vocab::{Calendar, DueDate, Month, TimeLimit};

use super::tasks::Due;
use super::{CASE, CaseRow};
use crate::{Office, OfficeError};

/// A clock as people see it.
#[derive(Debug, Clone)]
pub struct ClockView {
    /// Identifier in the item.
    pub clock: String,
    /// First day; counting begins on the next.
    pub started_on: NaiveDate,
    /// The limit in force.
    pub limit: TimeLimit,
    /// Last day: one, or the earliest and latest reading in a year without published holidays.
    pub due: DueDate,
    /// Why it was extended, with the basis.
    pub extended: Option<(String, String)>,
    /// When it was ended.
    pub ended_on: Option<NaiveDate>,
}

/// The limit as the calendar counts it.
#[must_use]
pub fn time_limit(limit: Limit) -> TimeLimit {
    match limit {
        Limit::WorkingDays(count) => TimeLimit::working_days(count),
        Limit::NaturalDays(count) => TimeLimit::natural_days(count),
        Limit::Months(count) => TimeLimit::months(count),
    }
}

fn columns(limit: TimeLimit) -> (&'static str, i64) {
    match limit {
        TimeLimit::WorkingDays(count) => ("working_days", i64::from(count.0)),
        TimeLimit::NaturalDays(count) => ("natural_days", i64::from(count.0)),
        TimeLimit::Months(count) => ("months", i64::from(count.0)),
    }
}

fn read_limit(unit: &str, count: i64) -> Result<TimeLimit, OfficeError> {
    let count = u16::try_from(count).map_err(|_| OfficeError::Internal(format!("a limit of {count}")))?;
    Ok(match unit {
        "working_days" => TimeLimit::working_days(count),
        "natural_days" => TimeLimit::natural_days(count),
        _ => TimeLimit::months(count),
    })
}

/// Ends and starts the clocks that an action ends and starts; which it ended.
///
/// # Errors
/// The database's.
pub(super) async fn turn(
    office: &Office,
    tx: &Tx,
    item: &Item,
    case: &CaseRow,
    action: &str,
) -> Result<Vec<String>, OfficeError> {
    let today = office.now().today();
    let mut ended = Vec::new();
    for clock in item.clocks.iter().filter(|clock| clock.ends.iter().any(|end| end == action)) {
        end(tx, case.id, &clock.id, today).await?;
        ended.push(clock.id.get().clone());
    }
    for clock in item.clocks.iter().filter(|clock| clock.starts.iter().any(|start| start == action)) {
        if let Some(limit) = limit_of(office, tx, item, clock, case).await? {
            start(tx, office.calendar(), case.id, clock, limit, today).await?;
        }
    }
    Ok(ended)
}

/// The limit of a clock: the law's, another where the decision is delegated, or the place's own. None where the place has set none.
async fn limit_of(
    office: &Office,
    tx: &Tx,
    item: &Item,
    clock: &Clock,
    case: &CaseRow,
) -> Result<Option<TimeLimit>, OfficeError> {
    if let Some(parameter) = &clock.working_days {
        let township = store::divisions::division(tx, case.township).await?;
        let days = set_days(&office.release(), parameter, &township.code, office.now().today());
        return Ok(days.map(TimeLimit::working_days));
    }
    let shorter = item
        .delegated
        .as_ref()
        .filter(|delegation| {
            case.delegated && delegation.clock.as_ref().is_some_and(|shorter| **shorter == *clock.id)
        })
        .and_then(|delegation| delegation.limit);
    Ok(shorter.or(clock.limit).map(time_limit))
}

/// The working days that a place sets by a parameter.
#[must_use]
pub fn set_days(release: &Release, parameter: &str, division: &str, on: NaiveDate) -> Option<u16> {
    match release.parameter(parameter, division, on)?.value {
        Scalar::Number(number) => number.as_integer().and_then(|days| u16::try_from(days).ok()),
        _ => None,
    }
}

async fn start(
    tx: &Tx,
    calendar: &Calendar,
    case: CaseId,
    clock: &Clock,
    limit: TimeLimit,
    today: NaiveDate,
) -> Result<(), OfficeError> {
    let due = calendar.due(today, limit);
    let (unit, count) = columns(limit);
    // A clock that runs already goes on: a return does not give the office new time.
    Query::system(
        "a clock of a case that the caller may act on",
        "INSERT INTO case_clock (case_id, clock, started_on, limit_unit, limit_count, due_on, earliest_on, latest_on) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(case)
    .bind(clock.id.as_str())
    .bind(today)
    .bind(unit)
    .bind(count)
    .bind(due.on)
    .bind(due.earliest)
    .bind(due.latest)
    .execute(tx)
    .await?;
    Ok(())
}

async fn end(tx: &Tx, case: CaseId, clock: &str, today: NaiveDate) -> Result<(), OfficeError> {
    Query::system(
        "a clock of a case that the caller may act on",
        "UPDATE case_clock SET ended_on = ? WHERE case_id = ? AND clock = ? AND ended_on IS NULL",
    )
    .bind(today)
    .bind(case)
    .bind(clock)
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends every clock that still runs.
pub(super) async fn end_all(tx: &Tx, case: CaseId, today: NaiveDate) -> Result<(), OfficeError> {
    Query::system(
        "the case ends",
        "UPDATE case_clock SET ended_on = ? WHERE case_id = ? AND ended_on IS NULL",
    )
    .bind(today)
    .bind(case)
    .execute(tx)
    .await?;
    Ok(())
}

/// Replaces the limit of a running clock, counted from the same start.
///
/// # Errors
/// [`OfficeError::Conflict`] if it does not run or was extended before.
pub(super) async fn extend(
    tx: &Tx,
    calendar: &Calendar,
    case: CaseId,
    clock: &Clock,
    basis: &str,
    reason: &str,
) -> Result<(), OfficeError> {
    let extension = clock
        .extend
        .as_ref()
        .ok_or_else(|| OfficeError::Conflict(format!("「{}」不能延长。", clock.title)))?;
    let running = Query::system(
        "a clock of a case that the caller may act on",
        "SELECT started_on FROM case_clock WHERE case_id = ? AND clock = ? AND ended_on IS NULL AND extended_basis IS NULL",
    )
    .bind(case)
    .bind(clock.id.as_str())
    .optional(tx)
    .await?
    .ok_or_else(|| OfficeError::Conflict(format!("「{}」没有在计时，或者已经延长过一次。", clock.title)))?;
    let limit = time_limit(extension.to);
    let due = calendar.due(running.get("started_on")?, limit);
    let (unit, count) = columns(limit);
    Query::system(
        "a clock of a case that the caller may act on",
        "UPDATE case_clock SET limit_unit = ?, limit_count = ?, due_on = ?, earliest_on = ?, latest_on = ?, \
         extended_basis = ?, extended_reason = ? WHERE case_id = ? AND clock = ? AND ended_on IS NULL",
    )
    .bind(unit)
    .bind(count)
    .bind(due.on)
    .bind(due.earliest)
    .bind(due.latest)
    .bind(basis)
    .bind(reason)
    .bind(case)
    .bind(clock.id.as_str())
    .execute_one(tx)
    .await?;
    Ok(())
}

/// When a clock is due; none while it does not run.
pub(super) async fn running(tx: &Tx, case: CaseId, clock: &str) -> Result<Option<Due>, OfficeError> {
    let row = Query::system(
        "the due date of a task of a case that the caller may act on",
        "SELECT earliest_on, latest_on FROM case_clock WHERE case_id = ? AND clock = ? AND ended_on IS NULL",
    )
    .bind(case)
    .bind(clock)
    .optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (earliest, latest): (NaiveDate, NaiveDate) = (row.get("earliest_on")?, row.get("latest_on")?);
    Ok(Some(Due { on: latest, earliest: (earliest != latest).then_some(earliest) }))
}

/// All clocks of a case, oldest first.
///
/// # Errors
/// The database's.
pub async fn of_case(
    connection: &impl Connection,
    scope: &Scope,
    case: CaseId,
) -> Result<Vec<ClockView>, OfficeError> {
    let rows = Query::new(
        scope,
        &CASE,
        "SELECT k.clock, k.started_on, k.limit_unit, k.limit_count, k.due_on, k.earliest_on, k.latest_on, \
         k.extended_basis, k.extended_reason, k.ended_on \
         FROM case_clock k JOIN case_file c ON c.id = k.case_id WHERE {scope} AND c.id = ? ORDER BY k.id",
    )
    .bind(case)
    .all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let basis: Option<String> = row.get("extended_basis")?;
            let reason: Option<String> = row.get("extended_reason")?;
            Ok(ClockView {
                clock: row.get("clock")?,
                started_on: row.get("started_on")?,
                limit: read_limit(&row.get::<String>("limit_unit")?, row.get("limit_count")?)?,
                due: DueDate {
                    on: row.get("due_on")?,
                    earliest: row.get("earliest_on")?,
                    latest: row.get("latest_on")?,
                },
                extended: basis.zip(reason),
                ended_on: row.get("ended_on")?,
            })
        })
        .collect()
}

/// The first month of payment after a decision (57号 art. 21).
#[must_use]
pub fn month_after(decided_on: NaiveDate) -> Month {
    Month::containing(decided_on).next()
}
