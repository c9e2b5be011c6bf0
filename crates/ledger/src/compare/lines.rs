//! The two lines of each family that differ: found by laying two runs side by side, then read in full.

use std::collections::{BTreeMap, BTreeSet};

use store::{CaseId, Connection, PersonId, Query};
use vocab::{Fen, Month};

use super::is_paid;
use crate::scope::{BOOKS, NONE};
use crate::{AmountId, EntitlementId, LineState, PayeeId, Result, RunId};

/// The two lines of a family.
pub(super) struct Pair {
    pub entitlement: EntitlementId,
    pub holder: PersonId,
    pub from: Month,
    pub until: Option<Month>,
    pub first_due: Month,
    pub reference: String,
    pub case: Option<CaseId>,
    pub end_reason: Option<String>,
    pub end_reference: Option<String>,
    pub end_case: Option<CaseId>,
    pub now: Side,
    pub before: Side,
}

/// One of the two lines, if there is one, and the month's own due in it.
#[derive(Default)]
pub(super) struct Side {
    pub state: Option<LineState>,
    pub reason: Option<String>,
    pub amount: Fen,
    pub payee: Option<PayeeId>,
    pub own_due: Fen,
    pub own_amount: Option<AmountId>,
}

impl Side {
    pub fn is_paid(&self) -> bool {
        self.state.is_some_and(is_paid)
    }
}

/// The entitlements after one whose lines differ, at most `limit`. Both runs are read along their index and laid side by
/// side here: a join of two runs is where planners without fresh statistics go astray.
pub(super) async fn differing(
    connection: &impl Connection,
    run: RunId,
    previous: RunId,
    after: EntitlementId,
    limit: usize,
) -> Result<Vec<EntitlementId>> {
    let mut found = Vec::new();
    let mut after = after;
    while found.len() < limit {
        let (now, now_ends) = plain_lines(connection, run, after).await?;
        let (before, before_ends) = plain_lines(connection, previous, after).await?;
        // Beyond the shorter stretch one of the two is not known yet.
        let known_to = [(&now, now_ends), (&before, before_ends)]
            .into_iter()
            .filter_map(|(lines, ends)| if ends { None } else { lines.last_key_value().map(|(id, _)| *id) })
            .min();
        let ids: BTreeSet<EntitlementId> = now.keys().chain(before.keys()).copied().collect();
        for id in ids.into_iter().filter(|id| known_to.is_none_or(|to| *id <= to)) {
            let same = match (now.get(&id).copied().flatten(), before.get(&id).copied().flatten()) {
                (None, None) => true,
                (Some((amount, payee)), Some((amount_before, payee_before))) => {
                    amount == amount_before
                        && (payee == payee_before || payee.is_none() || payee_before.is_none())
                }
                _ => false,
            };
            if !same {
                found.push(id);
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
        match known_to {
            Some(to) => after = to,
            None => return Ok(found),
        }
    }
    Ok(found)
}

/// A line as far as it is compared; none for a line that pays nobody.
type PlainLine = Option<(Fen, Option<PayeeId>)>;

/// How many lines are read at once. A page of as many differences reads no line twice.
pub(super) const STRETCH: usize = 5000;

/// Some lines of a run after an entitlement, and whether they are the last.
async fn plain_lines(
    connection: &impl Connection,
    run: RunId,
    after: EntitlementId,
) -> Result<(BTreeMap<EntitlementId, PlainLine>, bool)> {
    let lines = Query::new(
        &BOOKS,
        &NONE,
        "SELECT l.entitlement_id, l.amount_fen, l.payee_id, l.state FROM payment_line l \
         WHERE l.run_id = ? AND l.entitlement_id > ? ORDER BY l.entitlement_id LIMIT ?",
    )
    .bind(run)
    .bind(after)
    .bind(STRETCH)
    .all_as(connection, |row| {
        let line = if is_paid(row.get::<LineState>("state")?) {
            Some((row.get::<Fen>("amount_fen")?, row.get::<Option<PayeeId>>("payee_id")?))
        } else {
            None
        };
        Ok((row.get::<EntitlementId>("entitlement_id")?, line))
    })
    .await?;
    let ends = lines.len() < STRETCH;
    Ok((lines.into_iter().collect(), ends))
}

pub(super) async fn pairs(
    connection: &impl Connection,
    run: RunId,
    previous: RunId,
    ids: &[EntitlementId],
) -> Result<Vec<Pair>> {
    let mut now = sides(connection, run, ids).await?;
    let mut before = sides(connection, previous, ids).await?;
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT e.id, e.holder_person_id, e.from_month, e.until_month, e.first_due_month, e.reference, e.case_id, \
         e.end_reason, e.end_reference, e.end_case_id FROM entitlement e WHERE e.id IN ({list}) ORDER BY e.id",
    )
    .bind_list(ids.iter().copied())
    .all_as(connection, |row| {
        let entitlement = row.get("id")?;
        Ok(Pair {
            entitlement,
            holder: row.get("holder_person_id")?,
            from: row.get("from_month")?,
            until: row.get("until_month")?,
            first_due: row.get("first_due_month")?,
            reference: row.get("reference")?,
            case: row.get("case_id")?,
            end_reason: row.get("end_reason")?,
            end_reference: row.get("end_reference")?,
            end_case: row.get("end_case_id")?,
            now: now.remove(&entitlement).unwrap_or_default(),
            before: before.remove(&entitlement).unwrap_or_default(),
        })
    })
    .await?)
}

/// The lines of a run for these entitlements. Lines that pay nobody (blocked, withdrawn, cancelled) are read for their
/// reason. They are found by the family, not by the run: taking a new run to be empty, PostgreSQL would read all of it.
async fn sides(
    connection: &impl Connection,
    run: RunId,
    ids: &[EntitlementId],
) -> Result<BTreeMap<EntitlementId, Side>> {
    let lines = Query::new(
        &BOOKS,
        &NONE,
        "SELECT entitlement_id, state, reason, amount_fen, payee_id FROM payment_line \
         WHERE run_id + 0 = ? AND entitlement_id IN ({list})",
    )
    .bind(run)
    .bind_list(ids.iter().copied())
    .all_as(connection, |row| {
        let side = Side {
            state: Some(row.get("state")?),
            reason: row.get("reason")?,
            amount: row.get("amount_fen")?,
            payee: row.get("payee_id")?,
            ..Side::default()
        };
        Ok((row.get::<EntitlementId>("entitlement_id")?, side))
    })
    .await?;
    let mut sides: BTreeMap<EntitlementId, Side> = lines.into_iter().collect();
    let dues = Query::new(
        &BOOKS,
        &NONE,
        "SELECT entitlement_id, amount_fen, amount_id FROM due \
         WHERE entitlement_id IN ({list}) AND kind = 'regular' AND run_id = ?",
    )
    .bind_list(ids.iter().copied())
    .bind(run)
    .all_as(connection, |row| {
        Ok((
            row.get::<EntitlementId>("entitlement_id")?,
            row.get::<Fen>("amount_fen")?,
            row.get::<AmountId>("amount_id")?,
        ))
    })
    .await?;
    for (id, amount, row) in dues {
        if let Some(side) = sides.get_mut(&id) {
            (side.own_due, side.own_amount) = (amount, Some(row));
        }
    }
    for side in sides.values_mut().filter(|side| !side.is_paid()) {
        (side.amount, side.own_due) = (Fen::ZERO, Fen::ZERO);
    }
    Ok(sides)
}
