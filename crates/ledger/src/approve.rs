//! The second person: approves the figures that were seen, and only if every difference to last month has a cause.

use store::{Query, Scope, Tx};
use vocab::Fen;

use crate::run::WhichRun;
use crate::scope::{BOOKS, NONE};
use crate::{LedgerError, Officer, Result, RunState, compare};

/// Number and sum, as a person compares them with paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlTotals {
    /// Lines.
    pub count: i64,
    /// Their sum.
    pub total: Fen,
}

/// Approve a made run.
///
/// # Errors
/// [`LedgerError::SamePerson`] for its maker, [`LedgerError::TotalsChanged`] if the figures are not those that were seen,
/// [`LedgerError::Unexplained`] if a difference has no cause.
pub async fn approve(
    tx: &Tx,
    scope: &Scope,
    run: impl Into<WhichRun>,
    seen: ControlTotals,
    officer: Officer,
) -> Result<()> {
    let run: WhichRun = run.into();
    let run = run.held(tx, scope).await?;
    run.check_state(&[RunState::Made], "复核")?;
    if run.made_by == officer.staff {
        return Err(LedgerError::SamePerson("发放批次的生成与复核"));
    }
    if (run.line_count, run.total) != (seen.count, seen.total) {
        return Err(LedgerError::TotalsChanged { count: run.line_count, total: run.total });
    }
    let summary = compare::summary_of(tx, &run).await?;
    if let Some(first) = summary.first_unexplained {
        return Err(LedgerError::Unexplained { count: summary.unexplained, first });
    }
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_run SET state = 'approved', approved_by = ?, approved_at = ?, version = version + 1 WHERE id = ?",
    )
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .bind(run.id)
    .execute_one(tx)
    .await?;
    Ok(())
}
