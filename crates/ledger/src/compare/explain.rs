//! The causes of a difference, from what is recorded.

use std::collections::BTreeMap;

use vocab::{Fen, Month};

use super::lines::{Pair, Side};
use super::recorded::{AmountRow, Extra, PauseRow};
use super::{Cause, CauseKind, Difference, DifferenceKind};
use crate::{AmountId, EntitlementId, LineState, PayeeId};

/// For which month a run was made, and when.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub month: Month,
    pub at_ms: i64,
}

/// All that is recorded about the families of a page.
pub(super) struct Known {
    /// There is no run before it.
    pub is_first: bool,
    pub now: Made,
    pub before: Made,
    pub extras_now: BTreeMap<EntitlementId, Vec<Extra>>,
    pub extras_before: BTreeMap<EntitlementId, Vec<Extra>>,
    pub pauses: BTreeMap<EntitlementId, Vec<PauseRow>>,
    pub amounts: BTreeMap<AmountId, AmountRow>,
    pub payees: BTreeMap<PayeeId, Cause>,
}

impl Known {
    pub fn explain(&self, pair: &Pair) -> Difference {
        let (before, after) = (pair.before.amount, pair.now.amount);
        let kind = match (pair.before.is_paid(), pair.now.is_paid()) {
            (false, _) => DifferenceKind::New,
            (true, false) => DifferenceKind::Gone,
            (true, true) if before == after => DifferenceKind::Payee,
            (true, true) => DifferenceKind::Amount,
        };
        let mut causes = Vec::new();
        if before != after || kind != DifferenceKind::Payee {
            // First the month's own due, then what rides along, so that the first cause is the main one.
            self.explain_own_due(pair, &mut causes);
            self.explain_extras(pair, &mut causes);
        }
        if pair.before.is_paid() && pair.now.is_paid() && pair.before.payee != pair.now.payee {
            let cause = pair.now.payee.and_then(|payee| self.payees.get(&payee).cloned());
            // A line that pays nothing names no account; that is no difference of accounts.
            if pair.now.payee.is_some() && pair.before.payee.is_some() {
                causes.push(cause.unwrap_or_else(unexplained));
            }
        }
        let explained = self.own_and_extras(&pair.now, pair.entitlement, &self.extras_now).0
            - self.own_and_extras(&pair.before, pair.entitlement, &self.extras_before).0;
        if causes.is_empty() || explained != after.0 - before.0 {
            causes.push(unexplained());
        }
        Difference { entitlement: pair.entitlement, holder: pair.holder, kind, before, after, causes }
    }

    fn own_and_extras(
        &self,
        side: &Side,
        id: EntitlementId,
        extras: &BTreeMap<EntitlementId, Vec<Extra>>,
    ) -> Fen {
        if !side.is_paid() {
            return Fen::ZERO;
        }
        Fen(side.own_due.0
            + extras.get(&id).map_or(0, |extras| extras.iter().map(|extra| extra.amount.0).sum()))
    }

    fn explain_own_due(&self, pair: &Pair, causes: &mut Vec<Cause>) {
        let (now, before) = (pair.now.own_due, pair.before.own_due);
        if now == before {
            return;
        }
        if before.is_zero() {
            causes.push(self.why_not(pair, &pair.before, true).unwrap_or_else(unexplained));
        } else if now.is_zero() {
            causes.push(self.why_not(pair, &pair.now, false).unwrap_or_else(unexplained));
        } else {
            let row = pair.now.own_amount.filter(|id| Some(*id) != pair.before.own_amount);
            let cause = row.and_then(|id| self.amounts.get(&id)).map(|row| row.cause.clone());
            causes.push(cause.unwrap_or_else(unexplained));
        }
    }

    /// Why there was no due of its own in a run's month: `then` in the run before (told from today), else in this one.
    fn why_not(&self, pair: &Pair, side: &Side, then: bool) -> Option<Cause> {
        let made = if then { &self.before } else { &self.now };
        let month = made.month;
        let granted = || Cause {
            kind: CauseKind::Granted,
            text: format!("自{}起发放", pair.first_due.zh()),
            reference: pair.reference.clone(),
            case: pair.case,
        };
        if month < pair.from || month < pair.first_due || then && self.is_first {
            return Some(granted());
        }
        if pair.until.is_some_and(|until| month > until) {
            return Some(Cause {
                kind: CauseKind::Ended,
                text: pair.end_reason.clone().unwrap_or_else(|| "批准的期限已满".to_owned()),
                reference: pair.end_reference.clone().unwrap_or_else(|| pair.reference.clone()),
                case: pair.end_case.or(pair.case),
            });
        }
        match side.state {
            Some(LineState::Blocked) => {
                return Some(Cause {
                    kind: CauseKind::Blocked,
                    text: side.reason.clone().unwrap_or_default(),
                    reference: String::new(),
                    case: None,
                });
            }
            Some(LineState::Withdrawn | LineState::Cancelled) => {
                return Some(Cause {
                    kind: CauseKind::Withdrawn,
                    text: side.reason.clone().unwrap_or_default(),
                    reference: String::new(),
                    case: None,
                });
            }
            _ => {}
        }
        let pauses = self.pauses.get(&pair.entitlement).map_or(&[][..], Vec::as_slice);
        let covers =
            |pause: &&PauseRow| pause.from <= month && pause.until.is_none_or(|until| month <= until);
        if let Some(pause) = pauses.iter().rev().find(covers) {
            let lifted = if then { pause.lifted.clone() } else { None };
            return Some(lifted.unwrap_or_else(|| pause.cause.clone()));
        }
        // What was paused when the run was made may have been lifted since, with effect from an earlier month.
        if let Some(pause) =
            pauses.iter().rev().find(|pause| pause.from <= month && pause.lifted_at >= Some(made.at_ms))
        {
            let lifted = if then { pause.lifted.clone() } else { None };
            return Some(lifted.unwrap_or_else(|| pause.cause.clone()));
        }
        if let Some(cause) = self.zero_amount(pair, made, then) {
            return Some(cause);
        }
        // Granted when the month's run had been made already: the month came as arrears.
        let arrears = self
            .extras_now
            .get(&pair.entitlement)
            .into_iter()
            .chain(self.extras_before.get(&pair.entitlement));
        if arrears.flatten().any(|extra| extra.kind == CauseKind::Arrears) {
            return Some(granted());
        }
        None
    }

    /// The month's recorded amount is zero, or was when the run was made; then, told from today, what replaced it is the
    /// cause.
    fn zero_amount(&self, pair: &Pair, made: &Made, then: bool) -> Option<Cause> {
        let zeros = || {
            self.amounts.values().rev().filter(|row| {
                row.entitlement == pair.entitlement
                    && row.amount.is_zero()
                    && row.from <= made.month
                    && row.until.is_none_or(|until| made.month <= until)
            })
        };
        if let Some(row) = zeros().find(|row| row.superseded_at.is_none()) {
            return Some(row.cause.clone());
        }
        let row = zeros().find(|row| row.superseded_at >= Some(made.at_ms))?;
        let replaced_by = pair.now.own_amount.filter(|_| then).and_then(|id| self.amounts.get(&id));
        Some(replaced_by.unwrap_or(row).cause.clone())
    }

    fn explain_extras(&self, pair: &Pair, causes: &mut Vec<Cause>) {
        let of = |extra: &Extra, text: String| Cause {
            kind: extra.kind,
            text,
            reference: extra.reference.clone(),
            case: extra.case,
        };
        if pair.now.is_paid() {
            for extra in self.extras_now.get(&pair.entitlement).into_iter().flatten() {
                causes.push(of(extra, format!("{}（{}元）", extra.text, extra.amount)));
            }
        }
        if pair.before.is_paid() {
            for extra in self.extras_before.get(&pair.entitlement).into_iter().flatten() {
                causes.push(of(extra, format!("上月含{}（{}元）", extra.text, extra.amount)));
            }
        }
    }
}

fn unexplained() -> Cause {
    Cause {
        kind: CauseKind::Unexplained,
        text: "没有查到原因，请先查明".to_owned(),
        reference: String::new(),
        case: None,
    }
}
