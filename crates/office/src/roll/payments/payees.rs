//! To whom a benefit is paid: another account is proposed by one person and confirmed by a second.

use ledger::payee::{NewPayee, Proposer};
use ledger::{BankAccountId, Decision, EntitlementId, PayeeId};
use serde_json::json;
use store::AuditEntry;

use super::super::business;
use super::officer;
use crate::access::{Actor, Granted, Payee, PayeeConfirm};
use crate::people::{self, NewAccount};
use crate::{Office, OfficeError, audited};

/// Another account for a benefit, to be confirmed by somebody else. The account is recorded with its holder first.
///
/// # Errors
/// The ledger's; [`OfficeError::Invalid`] without reason or reference, and for the account of somebody who has died.
pub async fn propose_payee(
    office: &Office,
    actor: &Granted<Payee>,
    entitlement: EntitlementId,
    account: &NewAccount,
    reference: &str,
    reason: &str,
) -> Result<PayeeId, OfficeError> {
    business::benefit(office, actor, entitlement).await?;
    let now = office.now();
    let scope = actor.scope();
    let tx = office.db().begin().await?;
    let id = people::add_account_in(office, &tx, &scope, &actor.audit(), account).await?;
    people::refuse_dead_holder(&tx, id).await?;
    let new = NewPayee {
        account: BankAccountId(id.0),
        holder_name: account.holder_name.as_str().to_owned(),
        bank: account.bank.trim().to_owned(),
        number_tail: account.number.last_four().to_owned(),
        proposed_by: Proposer::Staff(actor.staff),
    };
    let decision = Decision {
        reference: reference.trim().to_owned(),
        reason: reason.trim().to_owned(),
        case: None,
        determination: None,
        officer: actor.staff,
        at: now,
    };
    let payee = ledger::payee::propose(&tx, &scope, entitlement, &new, &decision).await?;
    payee_audit(
        &tx,
        actor,
        now.at_ms(),
        "payee.proposed",
        payee,
        json!({ "entitlement": entitlement.0, "reason": reason }),
    )
    .await?;
    tx.commit().await?;
    Ok(payee)
}

/// The second person confirms a proposed account, or refuses it.
///
/// # Errors
/// The ledger's: the proposer; whose account it is has died.
pub async fn settle_payee(
    office: &Office,
    actor: &Granted<PayeeConfirm>,
    payee: PayeeId,
    confirm: bool,
) -> Result<(), OfficeError> {
    let row = ledger::pages::payee(office.db(), &actor.scope(), payee).await?;
    business::benefit(office, actor, row.entitlement).await?;
    let officer = officer(office, actor);
    let scope = actor.scope();
    let tx = office.db().begin().await?;
    let action = if confirm {
        people::refuse_dead_holder(&tx, people::BankAccountId(row.account.0)).await?;
        ledger::payee::confirm(&tx, &scope, payee, officer).await?;
        "payee.confirmed"
    } else {
        ledger::payee::refuse(&tx, &scope, payee, officer).await?;
        "payee.refused"
    };
    payee_audit(&tx, actor, officer.at.at_ms(), action, payee, serde_json::Value::Null).await?;
    tx.commit().await?;
    Ok(())
}

async fn payee_audit(
    tx: &store::Tx,
    actor: &Actor,
    at: i64,
    action: &'static str,
    payee: PayeeId,
    details: serde_json::Value,
) -> Result<(), OfficeError> {
    let entry = audited(at, actor.audit(), action, ("payee", payee.0));
    tx.audit(AuditEntry { division: Some(actor.division), details, ..entry }).await?;
    Ok(())
}
