//! Double entry. A posting is a debit when positive and a credit when negative; a journal's postings sum to zero.
//!
//! | account | 中文 | of one entitlement | balance |
//! |---|---|---|---|
//! | `appropriation` | 救助资金支出 | no | debit: all that was ever due, net of recoveries |
//! | `payable` | 应付待遇 | yes | credit: due and neither paid nor with the bank |
//! | `bank_clearing` | 在途资金 | no | credit: with the bank, not yet answered |
//! | `paid` | 已付资金 | no | credit: what the bank has paid out |
//! | `recoverable` | 应收追回 | yes | debit: paid too much and to come back |
//! | `recovered` | 已追回资金 | no | debit: money that came back |
//! | `reserve` | 备用金 | no | debit: money that lies with townships |
//! | `allotted` | 拨付备用金 | no | credit: money given to townships, net of what was taken back |
//!
//! A due: appropriation / payable. A recovery: payable (as far as unpaid) and recoverable / appropriation. Export:
//! payable / bank_clearing. The bank paid: bank_clearing / paid; could not pay: bank_clearing / payable. Paid, and sent back
//! days later: paid / payable, in red. An instalment kept back: payable / recoverable. Money given back: recovered / recoverable. A reversal: payable / appropriation.
//! An advance from a township's reserve: payable / reserve; money put in or made up: reserve / allotted.
//! So at any time: appropriation = payable + bank_clearing + paid + (allotted - reserve) - recovered - recoverable.

use store::{DivisionId, Query, Tx};
use vocab::{Fen, Month, Now};

use crate::scope::{BOOKS, NONE};
use crate::{EntitlementId, JournalId, LedgerError, RecoveryId, Result, RunId};

pub(crate) const APPROPRIATION: &str = "appropriation";
pub(crate) const PAYABLE: &str = "payable";
pub(crate) const BANK_CLEARING: &str = "bank_clearing";
pub(crate) const PAID: &str = "paid";
pub(crate) const RECOVERABLE: &str = "recoverable";
pub(crate) const RECOVERED: &str = "recovered";
pub(crate) const RESERVE: &str = "reserve";
pub(crate) const ALLOTTED: &str = "allotted";

/// A journal to be opened: one event, any number of postings.
pub(crate) struct Entry<'a> {
    pub county: DivisionId,
    pub kind: &'static str,
    pub month: Month,
    pub run: Option<RunId>,
    pub recovery: Option<RecoveryId>,
    pub reference: &'a str,
    pub officer: store::StaffId,
    pub at: Now,
}

/// Open a journal.
pub(crate) async fn open(tx: &Tx, entry: &Entry<'_>) -> Result<JournalId> {
    let id = Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO journal (county_id, kind, month, run_id, recovery_id, reference, made_by, made_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(entry.county)
    .bind(entry.kind)
    .bind(entry.month)
    .bind(entry.run)
    .bind(entry.recovery)
    .bind(entry.reference)
    .bind(entry.officer)
    .bind(entry.at.at_ms())
    .insert(tx)
    .await?;
    Ok(JournalId(id))
}

/// Post one amount; zero posts nothing.
pub(crate) async fn post(
    tx: &Tx,
    journal: JournalId,
    account: &'static str,
    entitlement: Option<EntitlementId>,
    amount: Fen,
) -> Result<()> {
    if amount.is_zero() {
        return Ok(());
    }
    Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO posting (journal_id, account, entitlement_id, amount_fen) VALUES (?, ?, ?, ?)",
    )
    .bind(journal)
    .bind(account)
    .bind(entitlement)
    .bind(amount)
    .execute(tx)
    .await?;
    Ok(())
}

/// The journal must balance, or the transaction is not committed.
pub(crate) async fn close(tx: &Tx, journal: JournalId) -> Result<()> {
    let left = Query::new(
        &BOOKS,
        &NONE,
        "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS difference FROM posting WHERE journal_id = ?",
    )
    .bind(journal)
    .one(tx)
    .await?
    .get::<Fen>("difference")?;
    if left.is_zero() { Ok(()) } else { Err(LedgerError::Unbalanced(left)) }
}
