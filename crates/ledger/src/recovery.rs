//! Bringing a decided recovery (追回) in: what the family gives back, and how much is left.

use chrono::NaiveDate;
use store::{Connection, Query, Row, Scope, Tx};
use vocab::Fen;

use crate::accounts::{self, Entry, RECOVERABLE, RECOVERED};
use crate::entitlement::hold;
use crate::scope::{BOOKS, ENTITLEMENT, NONE};
use crate::{EntitlementId, LedgerError, Officer, RecoveryId, Result};

/// A recovery as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Its id.
    pub id: RecoveryId,
    /// Of which entitlement.
    pub entitlement: EntitlementId,
    /// What the decision claims back.
    pub amount: Fen,
    /// What may be kept back from a month's payment.
    pub offset_per_month: Option<Fen>,
    /// Netted at once against what was unpaid.
    pub netted: Fen,
    /// Kept back from later payments.
    pub offset: Fen,
    /// Given back.
    pub returned: Fen,
    /// Still to come.
    pub outstanding: Fen,
    /// Why.
    pub reason: String,
    /// The decision.
    pub reference: String,
}

fn read(row: &Row) -> store::Result<Recovery> {
    let (amount, netted, offset, returned) = (
        row.get::<Fen>("amount_fen")?,
        row.get::<Fen>("netted")?,
        row.get::<Fen>("kept")?,
        row.get::<Fen>("returned")?,
    );
    Ok(Recovery {
        id: row.get("id")?,
        entitlement: row.get("entitlement_id")?,
        amount,
        offset_per_month: row.get("offset_fen_per_month")?,
        netted,
        offset,
        returned,
        outstanding: Fen(amount.0 - netted.0 - offset.0 - returned.0),
        reason: row.get("reason")?,
        reference: row.get("reference")?,
    })
}

const SELECT: &str = "SELECT c.id, c.entitlement_id, c.amount_fen, c.offset_fen_per_month, c.reason, c.reference, \
    CAST(COALESCE(SUM(CASE WHEN n.kind = 'netted' THEN n.amount_fen END), 0) AS BIGINT) AS netted, \
    CAST(COALESCE(SUM(CASE WHEN n.kind IN ('offset', 'undone') THEN n.amount_fen END), 0) AS BIGINT) AS kept, \
    CAST(COALESCE(SUM(CASE WHEN n.kind = 'returned' THEN n.amount_fen END), 0) AS BIGINT) AS returned \
    FROM recovery c JOIN entitlement e ON e.id = c.entitlement_id LEFT JOIN recovery_entry n ON n.recovery_id = c.id";
const GROUP: &str = "GROUP BY c.id, c.entitlement_id, c.amount_fen, c.offset_fen_per_month, c.reason, c.reference ORDER BY c.id";

/// The recoveries of an entitlement.
///
/// # Errors
/// The database's.
pub async fn of_entitlement(
    connection: &impl Connection,
    scope: &Scope,
    id: EntitlementId,
) -> Result<Vec<Recovery>> {
    let sql = format!("{SELECT} WHERE {{scope}} AND e.id = ? {GROUP}");
    Ok(Query::new(scope, &ENTITLEMENT, sql).bind(id).all_as(connection, read).await?)
}

/// One recovery.
///
/// # Errors
/// Out of scope.
pub async fn find(connection: &impl Connection, scope: &Scope, id: RecoveryId) -> Result<Recovery> {
    let sql = format!("{SELECT} WHERE {{scope}} AND c.id = ? {GROUP}");
    Ok(Query::new(scope, &ENTITLEMENT, sql).bind(id).one_as(connection, read).await?)
}

/// Money that a family has given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// How much.
    pub amount: Fen,
    /// The day it arrived.
    pub on: NaiveDate,
    /// The voucher (缴款凭证号); one voucher is booked once.
    pub bank_reference: String,
}

/// Book money given back. The same voucher again changes nothing.
///
/// # Errors
/// More than is outstanding, or the voucher was booked with another amount.
pub async fn record_return(
    tx: &Tx,
    scope: &Scope,
    id: RecoveryId,
    money: &Return,
    officer: Officer,
) -> Result<Recovery> {
    if money.amount.0 <= 0 {
        return Err(LedgerError::refused("退回金额必须大于零。"));
    }
    if money.bank_reference.trim().is_empty() {
        return Err(LedgerError::refused("请填写缴款凭证号。"));
    }
    let entitlement = find(tx, scope, id).await?.entitlement;
    let held = hold(tx, scope, entitlement).await?;
    let recovery = find(tx, scope, id).await?;
    let booked: Option<Fen> = Query::new(
        &BOOKS,
        &NONE,
        "SELECT amount_fen FROM recovery_entry WHERE recovery_id = ? AND kind = 'returned' AND bank_reference = ?",
    )
    .bind(id)
    .bind(&money.bank_reference)
    .optional_as(tx, |row| row.get("amount_fen"))
    .await?;
    match booked {
        Some(amount) if amount == money.amount => return Ok(recovery),
        Some(amount) => {
            return Err(LedgerError::refused(format!(
                "该凭证号已登记过退回{amount}元，与本次金额不同，请核对凭证。"
            )));
        }
        None => {}
    }
    if money.amount > recovery.outstanding {
        return Err(LedgerError::refused(format!(
            "退回金额超过尚未追回的{}元，请核对。",
            recovery.outstanding
        )));
    }
    Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO recovery_entry (recovery_id, kind, amount_fen, returned_on, bank_reference, reference, made_by, made_at) \
         VALUES (?, 'returned', ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(money.amount)
    .bind(money.on)
    .bind(&money.bank_reference)
    .bind(&recovery.reference)
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .execute(tx)
    .await?;
    let journal = accounts::open(
        tx,
        &Entry {
            county: held.county,
            kind: "return",
            month: vocab::Month::containing(money.on),
            run: None,
            recovery: Some(id),
            reference: &recovery.reference,
            officer: officer.staff,
            at: officer.at,
        },
    )
    .await?;
    accounts::post(tx, journal, RECOVERED, None, money.amount).await?;
    accounts::post(tx, journal, RECOVERABLE, Some(entitlement), money.amount.neg()).await?;
    accounts::close(tx, journal).await?;
    find(tx, scope, id).await
}
