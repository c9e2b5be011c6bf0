//! How a case moves on: its step, its tasks, its clocks, its end.

use catalogue::definition::{NewTask, Outcome};
use store::Query;

use super::super::act::{Doing, once_only};
use super::super::notices::{self, NoticeKind};
use super::super::situation::CaseRow;
use super::super::{clocks, tasks};
use super::decisions::reasons_in_words;
use crate::{OfficeError, forms};

pub(super) async fn refuse_again(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    debug_assert!(once_only(doing.action));
    let before: i64 = Query::system(
        "the trace of a case that the doer may act on",
        "SELECT count(*) FROM case_event WHERE case_id = ? AND action = ? AND id <> ?",
    )
    .bind(case.id)
    .bind(doing.action.id.as_str())
    .bind(doing.event)
    .scalar(doing.tx)
    .await?;
    if before == 0 {
        return Ok(());
    }
    Err(OfficeError::Conflict(format!("「{}」在一件申请里只能做一次，已经做过了。", doing.action.title)))
}

pub(super) async fn extend(doing: &Doing<'_>, case: &CaseRow, clock: &str) -> Result<(), OfficeError> {
    let definition =
        doing.item.clock(clock).ok_or_else(|| OfficeError::Internal(format!("没有时限 {clock}")))?;
    let on = case.accepted_on.unwrap_or(case.filed_on);
    let basis: Vec<String> = definition
        .extend
        .iter()
        .flat_map(|extension| doing.release.basis_on(&extension.basis, on))
        .map(|citation| citation.text())
        .collect();
    let reason = reasons_in_words(doing)
        .or_else(|| {
            doing
                .form
                .as_ref()
                .and_then(|(_, checked)| checked.get("reason").map(forms::FormValue::canonical))
        })
        .ok_or_else(|| OfficeError::invalid("reasons", "请说明延长的理由。"))?;
    clocks::extend(doing.tx, doing.office.calendar(), case.id, definition, &basis.join("、"), &reason)
        .await?;
    if let Some(due) = clocks::running(doing.tx, case.id, clock).await? {
        tasks::follow_clock(doing.tx, case.id, clock, due).await?;
    }
    Ok(())
}

/// A task beside the step, for an office of the case.
pub(super) async fn side_task(doing: &Doing<'_>, case: &CaseRow, task: &NewTask) -> Result<(), OfficeError> {
    let Some(division) = case.office_at(task.level) else { return Ok(()) };
    let clock = task.clock.as_ref().map(|clock| clock.as_str());
    let new = tasks::NewTask {
        division,
        role: &task.role,
        step: &case.step,
        title: &task.title,
        clock,
        side: true,
    };
    tasks::give(doing.desk(), case, new).await
}

/// The case goes to a step: its task appears at the office that holds it.
pub(in super::super) async fn go_to(
    doing: &Doing<'_>,
    case: &mut CaseRow,
    step: &str,
) -> Result<(), OfficeError> {
    tasks::close(doing.tx, case.id, false, doing.division, doing.doer.staff(), doing.now).await?;
    step.clone_into(&mut case.step);
    tasks::open_step(doing.desk(), case).await
}

pub(super) async fn end(doing: &Doing<'_>, case: &mut CaseRow, outcome: Outcome) -> Result<(), OfficeError> {
    let today = doing.now.today();
    tasks::close(doing.tx, case.id, true, doing.division, doing.doer.staff(), doing.now).await?;
    clocks::end_all(doing.tx, case.id, today).await?;
    notices::close(doing.tx, case, NoticeKind::Publicity, today).await?;
    case.open = false;
    case.outcome = Some(outcome_code(outcome).to_owned());
    case.ended_on = Some(today);
    Ok(())
}

/// The case goes on as it was filed. The day of its first decision stays until it is decided anew: what is granted then is paid as if it had been
/// granted on that day.
pub(super) async fn reopen(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    if !case.ended_without() {
        return Err(OfficeError::Conflict("只有没有办成、已经办结的申请可以重新办理。".to_owned()));
    }
    let others: i64 = Query::system(
        "whether the family has another open case of the kind",
        "SELECT count(*) FROM case_file WHERE household_id = ? AND item = ? AND COALESCE(person_id, 0) = ? AND state = 'open' AND id <> ?",
    )
    .bind(case.household)
    .bind(case.item.as_str())
    .bind(case.person.map_or(0, |person| person.0))
    .bind(case.id)
    .scalar(doing.tx)
    .await?;
    if others > 0 {
        return Err(OfficeError::Conflict(
            "这家后来又提出了同一事项的申请，还没有办完。请先办结那一件。".to_owned(),
        ));
    }
    case.open = true;
    case.outcome = None;
    case.decided_on = case.decided_on.or(case.ended_on);
    case.ended_on = None;
    Ok(())
}

/// Codes of codelist `case_outcome`.
#[must_use]
pub fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "granted",
        Outcome::Refused => "refused",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Terminated => "terminated",
        Outcome::Continued => "continued",
        Outcome::Increased => "increased",
        Outcome::Reduced => "reduced",
        Outcome::Stopped => "stopped",
        Outcome::Tapered => "tapered",
        Outcome::Forwarded => "forwarded",
        Outcome::Settled => "settled",
    }
}

/// Writes the case back, if nobody else did since.
pub(in super::super) async fn save(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    if case.accepted_on.is_some() && case.open {
        // What the family was promised; when that is kept, what the step still has to do.
        let public = doing.item.public_clocks().map(|clock| clock.id.as_str());
        let own =
            doing.item.step(&case.step).and_then(|step| step.clock.as_ref()).map(|clock| clock.as_str());
        for clock in public.chain(own) {
            if let Some(due) = clocks::running(doing.tx, case.id, clock).await? {
                case.due_on = Some(due.on);
                break;
            }
        }
    }
    let changed = Query::system(
        "a case that the doer may act on",
        "UPDATE case_file SET step = ?, state = ?, outcome = ?, accepted_on = ?, due_on = ?, decided_on = ?, ended_on = ?, \
         entitlement_id = ?, determination_id = ?, members = ?, township_id = ?, village_id = ?, registered_division_id = ?, \
         deciding_division_id = ?, delegated = ?, version = version + 1 WHERE id = ? AND version = ?",
    )
    .bind(case.step.as_str())
    .bind(if case.open { "open" } else { "ended" })
    .bind(case.outcome.as_deref())
    .bind(case.accepted_on)
    .bind(case.due_on)
    .bind(case.decided_on)
    .bind(case.ended_on)
    .bind(case.entitlement)
    .bind(case.determination)
    .bind(case.members)
    .bind(case.township)
    .bind(case.village)
    .bind(case.registered)
    .bind(case.deciding)
    .bind(case.delegated)
    .bind(case.id)
    .bind(case.version)
    .execute(doing.tx)
    .await?;
    if changed == 1 { Ok(()) } else { Err(OfficeError::stale()) }
}
