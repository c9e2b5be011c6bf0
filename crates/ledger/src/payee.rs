//! Whose account is paid. One person proposes an account, another confirms it; the ledger keeps the id of the office's
//! sealed account and what a page may show of it.

use store::{PersonId, Query, Scope, StaffId, Tx};
use vocab::Month;

use crate::entitlement::hold;
use crate::scope::{BOOKS, ENTITLEMENT, NONE};
use crate::{BankAccountId, Decision, EntitlementId, LedgerError, Officer, PayeeId, Result};

/// Who entered an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposer {
    /// A member of staff, who may not confirm it.
    Staff(StaffId),
    /// The citizen herself.
    Citizen(PersonId),
}

/// An account as it is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayee {
    /// The office's sealed account.
    pub account: BankAccountId,
    /// Name on the account.
    pub holder_name: String,
    /// Bank.
    pub bank: String,
    /// Last digits of the number.
    pub number_tail: String,
    /// Who entered it.
    pub proposed_by: Proposer,
}

/// The account of a grant: entered with the application, confirmed by the deciding officer.
pub(crate) async fn enter_first(
    tx: &Tx,
    id: EntitlementId,
    payee: &NewPayee,
    decision: &Decision,
) -> Result<PayeeId> {
    let proposed = insert(tx, id, payee, decision).await?;
    settle(tx, id, proposed, Officer { staff: decision.officer, at: decision.at }).await?;
    Ok(proposed)
}

/// Propose another account. It is used only when somebody else has confirmed it.
///
/// # Errors
/// One waits already.
pub async fn propose(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    payee: &NewPayee,
    decision: &Decision,
) -> Result<PayeeId> {
    decision.check()?;
    hold(tx, scope, id).await?;
    let waiting: i64 = Query::new(
        &BOOKS,
        &NONE,
        "SELECT COUNT(*) FROM payee WHERE entitlement_id = ? AND state = 'proposed'",
    )
    .bind(id)
    .scalar(tx)
    .await?;
    if waiting > 0 {
        return Err(LedgerError::refused("该户已有一个收款账户变更在等待复核，请先复核或退回。"));
    }
    insert(tx, id, payee, decision).await
}

/// Confirm a proposed account as a second person. Runs that are already made keep the account they were made with.
///
/// # Errors
/// [`LedgerError::SamePerson`] for the proposer.
pub async fn confirm(tx: &Tx, scope: &Scope, payee: PayeeId, officer: Officer) -> Result<()> {
    let id = entitlement_of(tx, scope, payee).await?;
    settle(tx, id, payee, officer).await
}

/// Say no to a proposed account.
///
/// # Errors
/// It does not wait, or the officer proposed it.
pub async fn refuse(tx: &Tx, scope: &Scope, payee: PayeeId, officer: Officer) -> Result<()> {
    entitlement_of(tx, scope, payee).await?;
    refuse_same(tx, payee, officer).await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payee SET state = 'refused', confirmed_by = ?, confirmed_at = ? WHERE id = ? AND state = 'proposed'",
    )
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .bind(payee)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// Gives a new entitlement the account of another one of the same people, as two people confirmed it there; whether it has one.
///
/// # Errors
/// The database's.
pub async fn take_over(
    tx: &Tx,
    from: EntitlementId,
    to: EntitlementId,
    reason: &str,
    reference: &str,
) -> Result<bool> {
    let taken = Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO payee (entitlement_id, bank_account_id, holder_name, bank, number_tail, state, reason, reference, case_id, \
         proposed_by, proposed_by_person_id, proposed_at, confirmed_by, confirmed_at) \
         SELECT e.id, p.bank_account_id, p.holder_name, p.bank, p.number_tail, 'confirmed', ?, ?, p.case_id, p.proposed_by, \
         p.proposed_by_person_id, p.proposed_at, p.confirmed_by, p.confirmed_at FROM entitlement e, payee p \
         WHERE e.id = ? AND p.entitlement_id = ? AND p.state = 'confirmed'",
    )
    .bind(reason)
    .bind(reference)
    .bind(to)
    .bind(from)
    .execute(tx)
    .await?;
    Ok(taken > 0)
}

/// Accounts that are paid no more because whose they are has died: of what goes on after the month of death. Nothing takes their place until somebody
/// proposes another account and a second person confirms it; what falls due meanwhile is owed. How many benefits they were the account of.
///
/// # Errors
/// The database's.
pub async fn withdraw(tx: &Tx, accounts: &[BankAccountId], died: Month, decision: &Decision) -> Result<u64> {
    decision.check()?;
    if accounts.is_empty() {
        return Ok(0);
    }
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payee SET state = 'replaced', withdrawn_reason = ?, withdrawn_by = ?, withdrawn_at = ? \
         WHERE state = 'confirmed' AND bank_account_id IN ({list}) AND entitlement_id IN (SELECT e.id FROM entitlement e \
         WHERE e.until_month IS NULL OR e.until_month > ?)",
    )
    .bind(&decision.reason)
    .bind(decision.officer)
    .bind(decision.at.at_ms())
    .bind_list(accounts.iter().copied())
    .bind(died)
    .execute(tx)
    .await?)
}

/// An account into which the bank could not pay after all is out of use for every benefit that it is paid to. Nothing takes its place until an account is
/// proposed and a second person confirms it, be it the same again that the bank has looked at.
pub(crate) async fn stop(tx: &Tx, account: BankAccountId, reason: &str, officer: Officer) -> Result<()> {
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payee SET state = 'replaced', withdrawn_reason = ?, withdrawn_by = ?, withdrawn_at = ? \
         WHERE state = 'confirmed' AND bank_account_id = ?",
    )
    .bind(reason)
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .bind(account)
    .execute(tx)
    .await?;
    Ok(())
}

/// Why nothing can be paid to an entitlement that has no confirmed account: SQL over its id.
pub(crate) fn why_none(id: &str) -> String {
    format!(
        "COALESCE((SELECT w.withdrawn_reason FROM payee w WHERE w.entitlement_id = {id} AND w.withdrawn_reason IS NOT NULL \
         ORDER BY w.id DESC LIMIT 1), '没有经复核的收款账户')"
    )
}

async fn entitlement_of(tx: &Tx, scope: &Scope, payee: PayeeId) -> Result<EntitlementId> {
    let id = Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT e.id FROM payee p JOIN entitlement e ON e.id = p.entitlement_id \
         WHERE {scope} AND p.id = ? AND p.state = 'proposed'",
    )
    .bind(payee)
    .scalar(tx)
    .await?;
    hold(tx, scope, id).await?;
    Ok(id)
}

async fn refuse_same(tx: &Tx, payee: PayeeId, officer: Officer) -> Result<()> {
    let proposer: Option<StaffId> = Query::new(&BOOKS, &NONE, "SELECT proposed_by FROM payee WHERE id = ?")
        .bind(payee)
        .scalar(tx)
        .await?;
    if proposer == Some(officer.staff) {
        return Err(LedgerError::SamePerson("收款账户的提出与复核"));
    }
    Ok(())
}

async fn settle(tx: &Tx, id: EntitlementId, payee: PayeeId, officer: Officer) -> Result<()> {
    refuse_same(tx, payee, officer).await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payee SET state = 'replaced' WHERE entitlement_id = ? AND state = 'confirmed'",
    )
    .bind(id)
    .execute(tx)
    .await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payee SET state = 'confirmed', confirmed_by = ?, confirmed_at = ? WHERE id = ? AND state = 'proposed'",
    )
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .bind(payee)
    .execute_one(tx)
    .await?;
    Ok(())
}

async fn insert(tx: &Tx, id: EntitlementId, payee: &NewPayee, decision: &Decision) -> Result<PayeeId> {
    let (staff, person) = match payee.proposed_by {
        Proposer::Staff(staff) => (Some(staff), None),
        Proposer::Citizen(person) => (None, Some(person)),
    };
    Ok(PayeeId(
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO payee (entitlement_id, bank_account_id, holder_name, bank, number_tail, state, reason, reference, \
             case_id, proposed_by, proposed_by_person_id, proposed_at) \
             VALUES (?, ?, ?, ?, ?, 'proposed', ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(id)
        .bind(payee.account)
        .bind(&payee.holder_name)
        .bind(&payee.bank)
        .bind(&payee.number_tail)
        .bind(&decision.reason)
        .bind(&decision.reference)
        .bind(decision.case)
        .bind(staff)
        .bind(person)
        .bind(decision.at.at_ms())
        .insert(tx)
        .await?,
    ))
}
