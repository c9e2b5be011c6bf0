//! Failed lines again: a run of its own, with the accounts that are confirmed now and the next number of each attempt.

use store::{Query, Scope, Tx};

use crate::run::WhichRun;
use crate::scope::{BOOKS, NONE};
use crate::{LedgerError, LineId, Officer, Result, RunId, RunState};

/// Which failed lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines {
    /// All that are still unpaid.
    All,
    /// These.
    Some(Vec<LineId>),
}

/// Make a re-issue run of failed lines. Lines whose dues have been taken along by a later run, whose family is suspended
/// or held, or who have no confirmed account, are left out. Asked twice while it is under way, it is made once.
///
/// # Errors
/// Nothing to re-issue, or the run has no answer yet.
pub async fn reissue(
    tx: &Tx,
    scope: &Scope,
    run: impl Into<WhichRun>,
    lines: &Lines,
    officer: Officer,
) -> Result<RunId> {
    let run: WhichRun = run.into();
    let run = run.held(tx, scope).await?;
    let id = run.id;
    run.check_state(&[RunState::Exported, RunState::Answered, RunState::Closed], "重发失败明细")?;
    let under_way: Option<RunId> = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id FROM payment_run WHERE reissue_of_run_id = ? AND kind = 'reissue' \
         AND state IN ('making', 'made', 'approved', 'exporting')",
    )
    .bind(id)
    .optional_as(tx, |row| row.get("id"))
    .await?;
    if let Some(under_way) = under_way {
        return Ok(under_way);
    }
    let (all, chosen): (bool, Vec<LineId>) = match lines {
        Lines::All => (true, Vec::new()),
        Lines::Some(chosen) => (false, chosen.clone()),
    };
    let again = RunId(
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO payment_run (county_id, programme, month, kind, reissue_of_run_id, state, made_by, made_at) \
             VALUES (?, ?, ?, 'reissue', ?, 'made', ?, ?) RETURNING id",
        )
        .bind(run.county)
        .bind(&run.programme)
        .bind(run.month)
        .bind(id)
        .bind(officer.staff)
        .bind(officer.at.at_ms())
        .insert(tx)
        .await?,
    );
    let open_lines = format!(
        "SELECT l.entitlement_id FROM payment_line l JOIN attempt t ON t.line_id = l.id \
         JOIN unpaid_due u ON u.due_id = t.due_id WHERE l.run_id = ? AND l.state = 'failed'{}",
        if all { "" } else { " AND l.id IN ({list})" }
    );
    let sql = format!(
        "SELECT e.id FROM entitlement e WHERE e.id IN ({open_lines}) ORDER BY e.id{}",
        tx.for_update()
    );
    let query = Query::new(&BOOKS, &NONE, sql).bind(id);
    let query = if all { query } else { query.bind_list(chosen.iter().copied()) };
    let locked: Vec<i64> = query.scalars(tx).await?;
    let sql = format!(
        "INSERT INTO payment_line (run_id, entitlement_id, line_no, payee_id, amount_fen, state) \
         SELECT ?, s.id, ROW_NUMBER() OVER (ORDER BY s.id), s.payee_id, s.amount_fen, 'open' FROM \
         (SELECT l.entitlement_id AS id, p.id AS payee_id, CAST(SUM(u.amount_fen) AS BIGINT) AS amount_fen \
          FROM payment_line l JOIN attempt t ON t.line_id = l.id JOIN unpaid_due u ON u.due_id = t.due_id \
          JOIN payee p ON p.entitlement_id = l.entitlement_id AND p.state = 'confirmed' \
          WHERE l.run_id = ? AND l.state = 'failed'{} \
          AND NOT EXISTS (SELECT 1 FROM entitlement_pause s WHERE s.entitlement_id = l.entitlement_id AND s.until_month IS NULL) \
          GROUP BY l.entitlement_id, p.id) s",
        if all { "" } else { " AND l.id IN ({list})" }
    );
    let query = Query::new(&BOOKS, &NONE, sql).bind(again).bind(id);
    let query = if all { query } else { query.bind_list(chosen.iter().copied()) };
    let made = query.execute(tx).await?;
    if made == 0 || locked.is_empty() {
        return Err(LedgerError::refused(
            "没有可以重发的失败明细：可能已随以后月份发放、收款账户未复核，或该户已停发。",
        ));
    }
    Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO attempt (due_id, number, line_id, amount_fen, state) SELECT u.due_id, \
         (SELECT MAX(o.number) + 1 FROM attempt o WHERE o.due_id = u.due_id), n.id, u.amount_fen, 'open' \
         FROM payment_line n JOIN payment_line l ON l.entitlement_id = n.entitlement_id AND l.run_id = ? \
         JOIN attempt t ON t.line_id = l.id JOIN unpaid_due u ON u.due_id = t.due_id WHERE n.run_id = ?",
    )
    .bind(id)
    .bind(again)
    .execute(tx)
    .await?;
    Query::new(
        &BOOKS,
        &NONE,
        "DELETE FROM unpaid_due WHERE due_id IN (SELECT t.due_id FROM payment_line l JOIN attempt t ON t.line_id = l.id \
         WHERE l.run_id = ?)",
    )
    .bind(again)
    .execute(tx)
    .await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_run SET line_count = (SELECT COUNT(*) FROM payment_line l WHERE l.run_id = payment_run.id), \
         total_fen = (SELECT CAST(SUM(l.amount_fen) AS BIGINT) FROM payment_line l WHERE l.run_id = payment_run.id) WHERE id = ?",
    )
    .bind(again)
    .execute_one(tx)
    .await?;
    Ok(again)
}
