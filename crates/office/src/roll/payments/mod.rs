//! The month's money at the accountant's desk. The ledger makes, explains, checks and books; this module holds the rights, the
//! audit, and the one place where whole account numbers come together: the bank's file.
//!
//! A run is made and exported with [`MakeRun`](crate::access::MakeRun), approved with [`ApproveRun`](crate::access::ApproveRun) by somebody else (the
//! database insists), a payee is proposed with [`Payee`](crate::access::Payee) and confirmed with [`PayeeConfirm`](crate::access::PayeeConfirm) by
//! somebody else. Each for the business to which the programme belongs ([`super::business`]); a run or benefit of another one is not there.
//!
//! - [`runs`](mod@runs): made, read, compared, approved, taken back, issued again, closed;
//! - [`bank`]: the file that goes to the bank and its answer;
//! - [`payees`]: to whom a benefit is paid.

use ledger::run::{HeldRun, PaymentRun};
use ledger::{Officer, RunId};
use store::{AuditEntry, Tx};

use super::business;
use crate::access::{Actor, Granted, Permission};
use crate::{Office, OfficeError, audited};

mod bank;
mod payees;
mod runs;

pub use bank::{AnswerOutcomeRead, BankFile, export_bank_file, read_answer, unanswered};
pub use payees::{propose_payee, settle_payee};
pub use runs::{
    approve, cancel, close, compare, find_run, make_run, reissue, runs, runs_sheet, standing_open,
    supplement, withdraw_line, work_run,
};

/// The kind of the job that carries a run on to the end of its state.
pub const RUN_JOB: &str = "payment_run";

/// A run of one's area, of a programme for whose business the actor holds the right.
///
/// # Errors
/// Out of scope, or another business's: the two look alike.
pub async fn run_for<P: Permission>(
    office: &Office,
    actor: &Granted<P>,
    run: RunId,
) -> Result<PaymentRun, OfficeError> {
    let found = ledger::run::load(office.db(), &actor.scope(), run).await?;
    business::demand_found(office, actor, &found.programme, "这个批次")?;
    Ok(found)
}

/// The same, locked until the transaction ends: it is read once, and what is done with it there needs not read it again.
async fn held_for<'tx, P: Permission>(
    office: &Office,
    actor: &Granted<P>,
    tx: &'tx Tx,
    run: RunId,
) -> Result<HeldRun<'tx>, OfficeError> {
    let found = ledger::run::held(tx, &actor.scope(), run).await?;
    business::demand_found(office, actor, &found.programme, "这个批次")?;
    Ok(found)
}

fn officer(office: &Office, actor: &Actor) -> Officer {
    Officer { staff: actor.staff, at: office.now() }
}

fn run_entry(
    actor: &Actor,
    at: i64,
    action: &'static str,
    run: RunId,
    details: serde_json::Value,
) -> AuditEntry {
    AuditEntry {
        division: Some(actor.division),
        details,
        ..audited(at, actor.audit(), action, ("payment_run", run.0))
    }
}
