//! Tasks: work for exactly one office, with the day by which it is due.
//!
//! A task is due with its own clock; without one, or while that does not run, with the whole case (its public clock, or the day set
//! when the case was opened); else on the next working day. Another clock of the case says nothing about it.

use catalogue::definition::{CLOSED, Item};
use chrono::NaiveDate;
use store::{CaseId, DivisionId, Query, StaffId, Tx};
use vocab::{Calendar, Now};

use super::act::holder;
use super::{CaseRow, clocks};
use crate::{Office, OfficeError};

/// The day by which a task is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// Last day, by the latest reading.
    pub on: NaiveDate,
    /// By the earliest reading, where holidays are not published yet and it differs.
    pub earliest: Option<NaiveDate>,
}

/// A task to be given.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewTask<'a> {
    /// The office.
    pub division: DivisionId,
    /// Its role.
    pub role: &'a str,
    /// The step of the case, or `closed`.
    pub step: &'a str,
    /// What is to be done.
    pub title: &'a str,
    /// The clock that it bears.
    pub clock: Option<&'a str>,
    /// Beside the step.
    pub side: bool,
}

/// Where and when tasks are given.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub tx: &'a Tx,
    pub calendar: &'a Calendar,
    pub item: &'a Item,
    pub now: Now,
}

/// When a task that bears this clock is due.
pub(super) async fn due_of(desk: Desk<'_>, case: &CaseRow, clock: Option<&str>) -> Result<Due, OfficeError> {
    let whole = desk.item.public_clocks().map(|clock| clock.id.as_str());
    for clock in clock.into_iter().chain(whole) {
        if let Some(due) = clocks::running(desk.tx, case.id, clock).await? {
            return Ok(due);
        }
    }
    let on = case.due_on.unwrap_or_else(|| desk.calendar.working_days_after(desk.now.today(), 1).latest);
    Ok(Due { on, earliest: None })
}

/// Gives a task.
pub(super) async fn give(desk: Desk<'_>, case: &CaseRow, task: NewTask<'_>) -> Result<(), OfficeError> {
    let due = due_of(desk, case, task.clock).await?;
    give_until(desk.tx, case.id, task, due, desk.now).await
}

/// Gives a task with its own last day.
pub(super) async fn give_until(
    tx: &Tx,
    case: CaseId,
    task: NewTask<'_>,
    due: Due,
    now: Now,
) -> Result<(), OfficeError> {
    let NewTask { division, role, step, title, clock, side } = task;
    Query::system(
        "a task of a case that the doer may act on",
        "INSERT INTO task (case_id, division_id, role, step, title, clock, due_on, earliest_on, side, state, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?) RETURNING id",
    )
    .bind(case)
    .bind(division)
    .bind(role)
    .bind(step)
    .bind(title)
    .bind(clock)
    .bind(due.on)
    .bind(due.earliest)
    .bind(side)
    .bind(now.at_ms())
    .insert(tx)
    .await?;
    Ok(())
}

/// Marks the tasks of reviews; no clock of an item is called so.
const REVIEW: &str = "check_review";

/// Marks the tasks of departments that have not answered in time.
const LATE: &str = "check_late";

/// The county has to look at a case again, whatever its step, by the next working day. A task of these words stands once.
pub(crate) async fn give_county_review(
    office: &Office,
    tx: &Tx,
    case: CaseId,
    county: DivisionId,
    title: &str,
    now: Now,
) -> Result<(), OfficeError> {
    give_county(office, tx, case, county, (REVIEW, title), now).await
}

/// The county has to remind departments whose answers are late.
pub(super) async fn give_late(
    office: &Office,
    tx: &Tx,
    case: CaseId,
    county: DivisionId,
    now: Now,
) -> Result<(), OfficeError> {
    give_county(office, tx, case, county, (LATE, "部门逾期没有答复核对询问，请催办"), now).await
}

/// Every department has answered, or is not late.
pub(crate) async fn end_late(
    tx: &Tx,
    case: CaseId,
    staff: Option<StaffId>,
    now: Now,
) -> Result<(), OfficeError> {
    end_with_clocks(tx, case, &[LATE.to_owned()], staff, now).await
}

async fn give_county(
    office: &Office,
    tx: &Tx,
    case: CaseId,
    county: DivisionId,
    (clock, title): (&str, &str),
    now: Now,
) -> Result<(), OfficeError> {
    let standing = Query::system(
        "a task of a case that the doer may act on",
        "SELECT 1 AS one FROM task WHERE case_id = ? AND state = 'open' AND clock = ? AND title = ?",
    )
    .bind(case)
    .bind(clock)
    .bind(title)
    .optional(tx)
    .await?;
    if standing.is_some() {
        return Ok(());
    }
    let on = office.calendar().working_days_after(now.today(), 1).latest;
    let step = CLOSED;
    let task =
        NewTask { division: county, role: "county_clerk", step, title, clock: Some(clock), side: true };
    give_until(tx, case, task, Due { on, earliest: None }, now).await
}

/// What had to be looked at is looked at.
pub(crate) async fn end_county_reviews(
    tx: &Tx,
    case: CaseId,
    staff: StaffId,
    now: Now,
) -> Result<(), OfficeError> {
    end_with_clocks(tx, case, &[REVIEW.to_owned()], Some(staff), now).await
}

/// Gives the task of the step at which the case stands, to the office that holds it; the family's own steps have none.
pub(super) async fn open_step(desk: Desk<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let step = desk
        .item
        .step(&case.step)
        .ok_or_else(|| OfficeError::Internal(format!("事项没有环节 {}", case.step)))?;
    let (Some(division), Some(role)) = holder(case, desk.item, step) else { return Ok(()) };
    let clock = step.clock.as_ref().map(|clock| clock.as_str());
    let task = NewTask { division, role: &role, step: &step.id, title: &step.title, clock, side: false };
    give(desk, case, task).await
}

/// Closes the open task of the step: the doer's office has done its own, another's is dropped. With `side_too` those beside it as well.
pub(super) async fn close(
    tx: &Tx,
    case: CaseId,
    side_too: bool,
    division: DivisionId,
    staff: Option<StaffId>,
    now: Now,
) -> Result<(), OfficeError> {
    Query::system(
        "tasks of a case that the doer may act on",
        "UPDATE task SET state = CASE WHEN division_id = ? THEN 'done' ELSE 'dropped' END, done_at = ?, done_by = ? \
         WHERE case_id = ? AND state = 'open' AND (side = FALSE OR ?)",
    )
    .bind(division)
    .bind(now.at_ms())
    .bind(staff)
    .bind(case)
    .bind(side_too)
    .execute(tx)
    .await?;
    Ok(())
}

/// A task beside the step is done with the clock that it bears.
pub(super) async fn end_with_clocks(
    tx: &Tx,
    case: CaseId,
    clocks: &[String],
    staff: Option<StaffId>,
    now: Now,
) -> Result<(), OfficeError> {
    if clocks.is_empty() {
        return Ok(());
    }
    Query::system(
        "tasks of a case that the doer may act on",
        "UPDATE task SET state = 'done', done_at = ?, done_by = ? WHERE case_id = ? AND state = 'open' AND side = TRUE AND clock IN ({list})",
    )
    .bind(now.at_ms())
    .bind(staff)
    .bind(case)
    .bind_list(clocks.iter().map(String::as_str))
    .execute(tx)
    .await?;
    Ok(())
}

/// The open tasks of a clock get its new last day.
pub(super) async fn follow_clock(tx: &Tx, case: CaseId, clock: &str, due: Due) -> Result<(), OfficeError> {
    Query::system(
        "tasks of a case that the doer may act on",
        "UPDATE task SET due_on = ?, earliest_on = ? WHERE case_id = ? AND state = 'open' AND clock = ?",
    )
    .bind(due.on)
    .bind(due.earliest)
    .bind(case)
    .bind(clock)
    .execute(tx)
    .await?;
    Ok(())
}
