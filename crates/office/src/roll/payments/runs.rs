//! Runs: made for a month, read, compared with the month before, approved by a second person, taken back, issued again, closed.

use std::ops::ControlFlow;

use ledger::approve::ControlTotals;
use ledger::compare::{Difference, Summary};
use ledger::reissue::Lines;
use ledger::run::PaymentRun;
use ledger::supplement::StandingOpen;
use ledger::{EntitlementId, LedgerError, LineId, RunId};
use serde_json::json;
use store::jobs::{self, Beat, Claim};
use store::{AuditEntry, Cursor, JobId, Page};
use vocab::Month;

use super::super::business;
use super::{RUN_JOB, held_for, officer, run_entry, run_for};
use crate::access::{Actor, ApproveRun, Export, Granted, MakeRun, Permission, ReadPayments, Right};
use crate::tabular::{ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError, audited, divisions};

/// Begins the month's run of the actor's county; a job makes its lines. Asked again for the same month, it is the same run.
///
/// # Errors
/// [`OfficeError::Forbidden`] outside a county, or for another business's programme; the ledger's.
pub async fn make_run(
    office: &Office,
    actor: &Granted<MakeRun>,
    programme: &str,
    month: Month,
) -> Result<(RunId, JobId), OfficeError> {
    business::demand(office, actor, programme)?;
    let county = actor.county.ok_or(OfficeError::Forbidden(MakeRun::RIGHT))?;
    if office.release().programmes.get(programme).is_some_and(|programme| programme.by_list) {
        return Err(OfficeError::invalid("programme", "这项待遇按月造册发放，请到“按月造册”页面办理。"));
    }
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let run = ledger::run::begin(&tx, &actor.scope(), county, programme, month, officer).await?;
    let job = jobs::enqueue_single(&tx, RUN_JOB, &run.to_string(), None).await?;
    let details = json!({ "programme": programme, "month": month });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.made", run, details)).await?;
    tx.commit().await?;
    Ok((run, job))
}

/// Does the job: carries a run on, batch by batch, until its state is complete. Killed anywhere, it goes on.
///
/// # Errors
/// The ledger's; the job is taken again.
pub async fn work_run(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let run: RunId =
        claim.job.payload.parse().map_err(|_| OfficeError::Internal("任务内容无法识别".to_owned()))?;
    loop {
        let mut progress = None;
        // Stop after every batch: the progress of a job is written between batches, not inside one.
        let step = ledger::run::carry_on(office.db(), run, &mut |at| {
            progress = Some(at);
            ControlFlow::Break(())
        })
        .await;
        match step {
            Ok(_) => {
                // An answer read a moment ago counts on this job: it ends only when there is nothing left to do.
                let tx = office.db().begin().await?;
                if ledger::run::is_at_rest(&tx, run).await? {
                    claim.finished(&tx, "已完成").await?;
                    tx.commit().await?;
                    return Ok(());
                }
                tx.rollback().await?;
            }
            Err(LedgerError::Paused) => {
                let done = claim.job.done + progress.map_or(0, |at| i64::try_from(at.done).unwrap_or(0));
                if claim.progress(office.db(), done, None).await? == Beat::Cancel {
                    return Ok(claim.cancelled(office.db()).await?);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A run of one's county, to be read.
///
/// # Errors
/// As [`run_for`].
pub async fn find_run(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: RunId,
) -> Result<PaymentRun, OfficeError> {
    run_for(office, actor, run).await
}

/// Runs of one's area and businesses, newest first.
///
/// # Errors
/// The database's.
pub async fn runs(
    office: &Office,
    actor: &Granted<ReadPayments>,
    programme: Option<&str>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PaymentRun>, OfficeError> {
    runs_with(office, actor, &[Right::ReadPayments], programme, cursor, size).await
}

/// Those of programmes for which the actor holds all of the rights.
async fn runs_with(
    office: &Office,
    actor: &Actor,
    rights: &[Right],
    programme: Option<&str>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PaymentRun>, OfficeError> {
    let asked = programme.map(|programme| vec![programme.to_owned()]);
    let programmes = business::shown(&office.release(), actor, rights, asked.as_deref());
    Ok(ledger::pages::runs(office.db(), &actor.scope(), programmes.as_deref(), cursor, size).await?)
}

/// All runs as a file, the newest first. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::Invalid`] for more runs than one reads; the file cannot be written.
pub async fn runs_sheet(
    office: &Office,
    actor: &Granted<ReadPayments>,
    export: &Granted<Export>,
    programme: Option<&str>,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let release = office.release();
    let columns = [
        ListColumn::new("待遇项目", 18),
        ListColumn::new("批次", 22),
        ListColumn::new("县（市、区）", 14),
        ListColumn::new("状态", 10),
        ListColumn::new("笔数", 10),
        ListColumn::new("金额（元）", 16),
        ListColumn::new("未列入（户）", 12),
        ListColumn::new("生成时间", 20),
    ];
    let title = format!("{}发放批次", export.division_name);
    let mut list = ListWriter::new(format, "发放批次", Some(&title), &columns)?;
    let mut cursor = None;
    let mut rows: usize = 0;
    loop {
        let rights = [Right::ReadPayments, Right::Export];
        let page = runs_with(office, actor, &rights, programme, cursor.as_ref(), ROWS_AT_ONCE).await?;
        let places = divisions::names(office.db(), page.rows.iter().map(|run| run.county)).await?;
        for run in &page.rows {
            let programme = release.programmes.get(&run.programme);
            list.row(&[
                programme.map_or(run.programme.as_str(), |programme| programme.title.as_str()).into(),
                run.reference.as_str().into(),
                places.get(&run.county).map_or("", String::as_str).into(),
                run.state.title().into(),
                run.line_count.into(),
                run.total.into(),
                run.blocked_count.into(),
                run.made_at.zh().into(),
            ])?;
        }
        rows += page.rows.len();
        match page.next {
            Some(_) if rows >= RUNS_MAX => {
                return Err(OfficeError::invalid(
                    "programme",
                    format!("批次超过 {RUNS_MAX} 个，请按待遇项目分别导出。"),
                ));
            }
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let bytes = list.finish()?;
    let entry = AuditEntry {
        division: Some(actor.division),
        details: json!({ "rows": rows, "programme": programme, "format": format.extension() }),
        ..audited(
            office.now().at_ms(),
            actor.audit(),
            "payment.runs_exported",
            ("division", actor.division.0),
        )
    };
    office.db().audit_read(entry).await?;
    Ok(bytes)
}

/// More are not one list that a person reads.
const RUNS_MAX: usize = 20_000;

/// A run against the month before, in figures and family by family (`after` the last one shown).
///
/// # Errors
/// Out of scope.
pub async fn compare(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: RunId,
    after: EntitlementId,
    limit: usize,
) -> Result<(Summary, Vec<Difference>), OfficeError> {
    let of = run_for(office, actor, run).await?;
    let summary = ledger::compare::summary(office.db(), &actor.scope(), &of).await?;
    let differences = ledger::compare::differences(office.db(), &actor.scope(), &of, after, limit).await?;
    Ok((summary, differences))
}

/// The second person approves what they have seen: the count and the sum on their screen.
///
/// # Errors
/// The ledger's: the maker, other totals, a difference without a cause.
pub async fn approve(
    office: &Office,
    actor: &Granted<ApproveRun>,
    run: RunId,
    seen: ControlTotals,
) -> Result<(), OfficeError> {
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let held = held_for(office, actor, &tx, run).await?;
    ledger::approve::approve(&tx, &actor.scope(), held, seen, officer).await?;
    let details = json!({ "count": seen.count, "total_fen": seen.total });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.approved", run, details)).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a run back before it went to the bank.
///
/// # Errors
/// The ledger's.
pub async fn cancel(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    reason: &str,
) -> Result<JobId, OfficeError> {
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let held = held_for(office, actor, &tx, run).await?;
    ledger::cancel::begin_cancel(&tx, &actor.scope(), held, reason, officer).await?;
    let job = jobs::enqueue_single(&tx, RUN_JOB, &run.to_string(), None).await?;
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.cancelled", run, json!({ "reason": reason }))).await?;
    tx.commit().await?;
    Ok(job)
}

/// Takes one family out of a run that has not gone to the bank.
///
/// # Errors
/// The ledger's.
pub async fn withdraw_line(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    line: LineId,
    reason: &str,
) -> Result<(), OfficeError> {
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let held = held_for(office, actor, &tx, run).await?;
    ledger::cancel::withdraw_line(&tx, &actor.scope(), held, line, reason, officer).await?;
    let details = json!({ "line": line.0, "reason": reason });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.line_withdrawn", run, details)).await?;
    tx.commit().await?;
    Ok(())
}

/// A second run with the failed lines of an exported one; it too is approved by a second person.
///
/// # Errors
/// The ledger's.
pub async fn reissue(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    lines: &Lines,
) -> Result<(RunId, JobId), OfficeError> {
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let held = held_for(office, actor, &tx, run).await?;
    let again = ledger::reissue::reissue(&tx, &actor.scope(), held, lines, officer).await?;
    let job = jobs::enqueue_single(&tx, RUN_JOB, &again.to_string(), None).await?;
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.reissued", again, json!({ "of": run.0 }))).await?;
    tx.commit().await?;
    Ok((again, job))
}

/// What stands open after a run, for months up to its own, in the reader's area.
///
/// # Errors
/// The database's.
pub async fn standing_open(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: &PaymentRun,
) -> Result<StandingOpen, OfficeError> {
    business::demand_found(office, actor, &run.programme, "这个批次")?;
    Ok(ledger::supplement::standing_open(office.db(), &actor.scope(), run).await?)
}

/// A supplementary run of what stands open after a month's run; it too is approved by a second person.
///
/// # Errors
/// The ledger's: no reason, nothing open.
pub async fn supplement(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    reason: &str,
) -> Result<RunId, OfficeError> {
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let held = held_for(office, actor, &tx, run).await?;
    let made = ledger::supplement::supplement(&tx, &actor.scope(), held, reason, officer).await?;
    let details = json!({ "of": run.0, "reason": reason.trim() });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.supplemented", made, details)).await?;
    tx.commit().await?;
    Ok(made)
}

/// Closes a run that is wholly answered.
///
/// # Errors
/// The ledger's.
pub async fn close(office: &Office, actor: &Granted<MakeRun>, run: RunId) -> Result<(), OfficeError> {
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let held = held_for(office, actor, &tx, run).await?;
    ledger::bank::close(&tx, &actor.scope(), held, officer).await?;
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.closed", run, serde_json::Value::Null)).await?;
    tx.commit().await?;
    Ok(())
}
