//! Taking back before anything has gone to the bank: a whole run, or one family's line.
//!
//! Nothing is deleted from the books. The run's own dues are reversed by new dues (红字冲销), so that the month can be
//! made again with what is then known; arrears that the run took along are unpaid again; instalments are undone.

use store::{Query, Scope, Tx};
use vocab::Fen;

use crate::accounts::{self, APPROPRIATION, PAYABLE, RECOVERABLE};
use crate::batch;
use crate::run::{BATCH, PaymentRun, WhichRun};
use crate::scope::{BOOKS, NONE};
use crate::{
    DueId, EntitlementId, LedgerError, LineId, LineState, Officer, RecoveryId, Result, RunKind, RunState,
};

/// Begin to cancel a run; [`crate::run::carry_on`] does it. Only the latest month's run can be cancelled.
///
/// # Errors
/// It has been exported, or a later month exists.
pub async fn begin_cancel(
    tx: &Tx,
    scope: &Scope,
    run: impl Into<WhichRun>,
    reason: &str,
    officer: Officer,
) -> Result<()> {
    let run: WhichRun = run.into();
    let run = run.held(tx, scope).await?;
    run.check_state(
        &[RunState::Making, RunState::Made, RunState::Approved],
        "作废（已导出银行的批次不能作废）",
    )?;
    if reason.trim().is_empty() {
        return Err(LedgerError::refused("请填写作废原因。"));
    }
    if run.kind == RunKind::Regular {
        let later: i64 = Query::new(
            &BOOKS,
            &NONE,
            "SELECT COUNT(*) FROM payment_run WHERE county_id = ? AND programme = ? AND kind = 'regular' AND month > ? \
             AND state NOT IN ('cancelling', 'cancelled')",
        )
        .bind(run.county)
        .bind(&run.programme)
        .bind(run.month)
        .scalar(tx)
        .await?;
        if later > 0 {
            return Err(LedgerError::refused("已有更晚月份的批次，本批次不能作废；差错请用补发、追回处理。"));
        }
    }
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_run SET state = 'cancelling', batch_through = 0, cancelled_by = ?, cancelled_at = ?, \
         cancel_reason = ?, version = version + 1 WHERE id = ?",
    )
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .bind(reason)
    .bind(run.id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// Take one family's line out of a run before export, for example after a death. An approval is void by it: the figures
/// have changed.
///
/// # Errors
/// The run has been exported, or the line is not open.
pub async fn withdraw_line(
    tx: &Tx,
    scope: &Scope,
    run: impl Into<WhichRun>,
    line: LineId,
    reason: &str,
    officer: Officer,
) -> Result<()> {
    let run: WhichRun = run.into();
    let run = run.held(tx, scope).await?;
    run.check_state(&[RunState::Made, RunState::Approved], "撤下明细")?;
    if reason.trim().is_empty() {
        return Err(LedgerError::refused("请填写撤下原因。"));
    }
    let (id, state) = Query::new(
        &BOOKS,
        &NONE,
        "SELECT entitlement_id, state FROM payment_line WHERE id = ? AND run_id = ?",
    )
    .bind(line)
    .bind(run.id)
    .one_as(tx, |row| Ok((row.get::<EntitlementId>("entitlement_id")?, row.get::<LineState>("state")?)))
    .await?;
    if !matches!(state, LineState::Open | LineState::Nothing) {
        return Err(LedgerError::refused("这条明细不在待发放状态，无需撤下。"));
    }
    undo(tx, &run, id.0 - 1, id.0, officer, reason).await?;
    Query::new(&BOOKS, &NONE, "UPDATE payment_line SET state = 'withdrawn', reason = ? WHERE id = ?")
        .bind(reason)
        .bind(line)
        .execute_one(tx)
        .await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_run SET state = 'made', approved_by = NULL, approved_at = NULL, version = version + 1, \
         line_count = (SELECT COUNT(*) FROM payment_line l WHERE l.run_id = payment_run.id AND l.state = 'open'), \
         total_fen = (SELECT CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) FROM payment_line l \
           WHERE l.run_id = payment_run.id AND l.state = 'open') WHERE id = ?",
    )
    .bind(run.id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// Take back the next batch; `None` when all is taken back.
pub(crate) async fn cancel_batch(tx: &Tx, run: &PaymentRun) -> Result<Option<u64>> {
    batch::steady_plans(tx).await?;
    let ids: Vec<i64> = Query::new(
        &BOOKS,
        &NONE,
        "SELECT entitlement_id FROM payment_line WHERE run_id = ? AND entitlement_id > ? ORDER BY entitlement_id LIMIT ?",
    )
    .bind(run.id)
    .bind(run.batch_through)
    .bind(BATCH)
    .scalars(tx)
    .await?;
    let Some(through) = ids.last().copied() else {
        Query::new(
            &BOOKS,
            &NONE,
            "UPDATE payment_run SET state = 'cancelled', version = version + 1 WHERE id = ?",
        )
        .bind(run.id)
        .execute_one(tx)
        .await?;
        return Ok(None);
    };
    let officer = Officer {
        staff: run.cancelled_by.unwrap_or(run.made_by),
        at: run.cancelled_at.unwrap_or(run.made_at),
    };
    let reason = run.cancel_reason.clone().unwrap_or_default();
    undo(tx, run, run.batch_through, through, officer, &reason).await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_line SET state = 'cancelled' WHERE run_id = ? AND entitlement_id > ? AND entitlement_id <= ? \
         AND state IN ('open', 'nothing', 'blocked')",
    )
    .bind(run.id)
    .bind(run.batch_through)
    .bind(through)
    .execute(tx)
    .await?;
    Query::new(&BOOKS, &NONE, "UPDATE payment_run SET batch_through = ?, version = version + 1 WHERE id = ?")
        .bind(through)
        .bind(run.id)
        .execute_one(tx)
        .await?;
    Ok(Some(ids.len() as u64))
}

/// Undo what a run did for the entitlements after `after` up to `through`, leaving the lines' states to the caller.
async fn undo(
    tx: &Tx,
    run: &PaymentRun,
    after: i64,
    through: i64,
    officer: Officer,
    reason: &str,
) -> Result<()> {
    undo_instalments(tx, run, after, through, officer).await?;
    // What the attempts would have paid is unpaid again ...
    let attempts = "FROM payment_line l JOIN attempt t ON t.line_id = l.id \
        WHERE l.run_id = ? AND l.entitlement_id > ? AND l.entitlement_id <= ? AND l.state = 'open'";
    // ... where an undone instalment has put a part back already, the rest is added to it.
    let unpaid = format!(
        "INSERT INTO unpaid_due (due_id, entitlement_id, amount_fen) SELECT t.due_id, l.entitlement_id, t.amount_fen {attempts} \
         ON CONFLICT (due_id) DO UPDATE SET amount_fen = unpaid_due.amount_fen + excluded.amount_fen"
    );
    let cancelled = format!("UPDATE attempt SET state = 'cancelled' WHERE id IN (SELECT t.id {attempts})");
    for sql in [unpaid, cancelled] {
        Query::new(&BOOKS, &NONE, sql).bind(run.id).bind(after).bind(through).execute(tx).await?;
    }
    reverse_dues(tx, run, after, through, officer, reason).await
}

async fn undo_instalments(
    tx: &Tx,
    run: &PaymentRun,
    after: i64,
    through: i64,
    officer: Officer,
) -> Result<()> {
    let kept = Query::new(
        &BOOKS,
        &NONE,
        "SELECT n.recovery_id, n.due_id, d.entitlement_id, CAST(SUM(n.amount_fen) AS BIGINT) AS amount_fen \
         FROM recovery_entry n JOIN due d ON d.id = n.due_id \
         WHERE n.run_id = ? AND d.entitlement_id > ? AND d.entitlement_id <= ? AND n.kind IN ('offset', 'undone') \
         GROUP BY n.recovery_id, n.due_id, d.entitlement_id HAVING SUM(n.amount_fen) > 0 ORDER BY n.recovery_id, n.due_id",
    )
    .bind(run.id)
    .bind(after)
    .bind(through)
    .all_as(tx, |row| {
        Ok((
            row.get::<RecoveryId>("recovery_id")?,
            row.get::<DueId>("due_id")?,
            row.get::<EntitlementId>("entitlement_id")?,
            row.get::<Fen>("amount_fen")?,
        ))
    })
    .await?;
    if kept.is_empty() {
        return Ok(());
    }
    let mut entry = batch::entry(run, "offset_undone");
    (entry.officer, entry.at) = (officer.staff, officer.at);
    let journal = accounts::open(tx, &entry).await?;
    for (recovery, due, id, amount) in kept {
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO recovery_entry (recovery_id, kind, amount_fen, due_id, run_id, reference, made_by, made_at) \
             VALUES (?, 'undone', ?, ?, ?, ?, ?, ?)",
        )
        .bind(recovery)
        .bind(amount.neg())
        .bind(due)
        .bind(run.id)
        .bind(&run.reference)
        .bind(officer.staff)
        .bind(officer.at.at_ms())
        .execute(tx)
        .await?;
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO unpaid_due (due_id, entitlement_id, amount_fen) VALUES (?, ?, ?) \
             ON CONFLICT (due_id) DO UPDATE SET amount_fen = unpaid_due.amount_fen + excluded.amount_fen",
        )
        .bind(due)
        .bind(id)
        .bind(amount)
        .execute(tx)
        .await?;
        accounts::post(tx, journal, PAYABLE, Some(id), amount.neg()).await?;
        accounts::post(tx, journal, RECOVERABLE, Some(id), amount).await?;
    }
    accounts::close(tx, journal).await
}

async fn reverse_dues(
    tx: &Tx,
    run: &PaymentRun,
    after: i64,
    through: i64,
    officer: Officer,
    reason: &str,
) -> Result<()> {
    let made_here = "FROM due d WHERE d.entitlement_id > ? AND d.entitlement_id <= ? AND d.month = ? AND d.run_id = ? \
        AND d.kind = 'regular' AND NOT EXISTS (SELECT 1 FROM due x WHERE x.reverses_due_id = d.id)";
    let bind = |query: Query| query.bind(after).bind(through).bind(run.month).bind(run.id);
    let total: Option<Fen> = bind(Query::new(
        &BOOKS,
        &NONE,
        format!("SELECT CAST(SUM(d.amount_fen) AS BIGINT) AS total {made_here}"),
    ))
    .scalar(tx)
    .await?;
    let Some(total) = total else { return Ok(()) };
    let mut entry = batch::entry(run, "reversal");
    (entry.officer, entry.at) = (officer.staff, officer.at);
    let journal = accounts::open(tx, &entry).await?;
    accounts::post(tx, journal, APPROPRIATION, None, total.neg()).await?;
    bind(
        Query::new(
            &BOOKS,
            &NONE,
            format!(
                "INSERT INTO posting (journal_id, account, entitlement_id, amount_fen) \
                 SELECT ?, '{PAYABLE}', d.entitlement_id, d.amount_fen {made_here}"
            ),
        )
        .bind(journal),
    )
    .execute(tx)
    .await?;
    accounts::close(tx, journal).await?;
    bind(Query::new(
        &BOOKS,
        &NONE,
        format!("DELETE FROM unpaid_due WHERE due_id IN (SELECT d.id {made_here})"),
    ))
    .execute(tx)
    .await?;
    bind(Query::new(
        &BOOKS,
        &NONE,
        format!(
            "DELETE FROM coverage WHERE entitlement_id IN (SELECT d.entitlement_id {made_here}) AND month = {}",
            run.month.index()
        ),
    ))
    .execute(tx)
    .await?;
    // Last: once they are there, `made_here` finds nothing any more.
    bind(
        Query::new(
            &BOOKS,
            &NONE,
            format!(
                "INSERT INTO due (entitlement_id, month, revision, amount_fen, kind, run_id, reverses_due_id, reason, \
                 reference, made_by, made_at) SELECT d.entitlement_id, d.month, (SELECT MAX(v.revision) + 1 FROM due v \
                   WHERE v.entitlement_id = d.entitlement_id AND v.month = d.month), -d.amount_fen, 'reversal', d.run_id, \
                 d.id, ?, ?, ?, ? {made_here}"
            ),
        )
        .bind(reason)
        .bind(&run.reference)
        .bind(officer.staff)
        .bind(officer.at.at_ms()),
    )
    .execute(tx)
    .await?;
    Ok(())
}
