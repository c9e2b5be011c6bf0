//! Money that comes back (追回): what is claimed of a benefit, what of it was kept back, and what the family has paid in, by its voucher.

use ledger::recovery::{Recovery, Return};
use ledger::{EntitlementId, Officer, RecoveryId};
use serde_json::json;
use store::AuditEntry;

use super::business;
use crate::access::{Granted, MakeRun, ReadPayments};
use crate::{Office, OfficeError, audited};

/// What is claimed of a benefit, the oldest first.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area and businesses.
pub async fn recoveries(
    office: &Office,
    actor: &Granted<ReadPayments>,
    entitlement: EntitlementId,
) -> Result<Vec<Recovery>, OfficeError> {
    business::benefit(office, actor, entitlement).await?;
    Ok(ledger::recovery::of_entitlement(office.db(), &actor.scope(), entitlement).await?)
}

/// Books money that has arrived. The same voucher again changes nothing.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area and businesses; [`OfficeError::Invalid`] for a day to come; the ledger's: more than is outstanding, or a
/// voucher that was booked with another amount.
pub async fn record_return(
    office: &Office,
    actor: &Granted<MakeRun>,
    recovery: RecoveryId,
    money: &Return,
) -> Result<Recovery, OfficeError> {
    let of = ledger::recovery::find(office.db(), &actor.scope(), recovery).await?.entitlement;
    business::benefit(office, actor, of).await?;
    let now = office.now();
    if money.on > now.today() {
        return Err(OfficeError::invalid("on", "到账日期不能晚于今天，请核对凭证。"));
    }
    let tx = office.db().begin().await?;
    let officer = Officer { staff: actor.staff, at: now };
    let booked = ledger::record_return(&tx, &actor.scope(), recovery, money, officer).await?;
    let details =
        json!({ "recovery": recovery.0, "amount_fen": money.amount.0, "voucher": money.bank_reference });
    let subject = ("entitlement", booked.entitlement.0);
    let entry = audited(now.at_ms(), actor.audit(), "recovery.returned", subject);
    tx.audit(AuditEntry { division: Some(actor.division), details, ..entry }).await?;
    tx.commit().await?;
    Ok(booked)
}
