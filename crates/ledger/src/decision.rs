//! What every change of money stands on: a decision with its number, its reason and the officer who made it.

use store::{CaseId, StaffId};
use vocab::Now;

use crate::{DeterminationId, LedgerError, Result};

/// A decision on which the ledger acts. Nothing is posted without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The number of the decision or document (决定文号、依据), shown beside every consequence.
    pub reference: String,
    /// Why, in words that the family may read.
    pub reason: String,
    /// The case in which it was decided.
    pub case: Option<CaseId>,
    /// The stored determination from which an amount comes.
    pub determination: Option<DeterminationId>,
    /// Who decided or enters the decision.
    pub officer: StaffId,
    /// When.
    pub at: Now,
}

impl Decision {
    /// A decision needs a number and a reason.
    pub(crate) fn check(&self) -> Result<()> {
        if self.reference.trim().is_empty() {
            return Err(LedgerError::NoReference);
        }
        if self.reason.trim().is_empty() {
            return Err(LedgerError::refused("请填写变动原因。"));
        }
        Ok(())
    }
}

/// An officer at a moment, for the steps of a run that are no decisions about a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Officer {
    /// Who.
    pub staff: StaffId,
    /// When.
    pub at: Now,
}
