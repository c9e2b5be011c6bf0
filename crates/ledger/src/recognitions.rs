//! Recognitions (认定) that stand in the books like benefits and pay nothing: whom they cover, and their end where another benefit takes their
//! place. What pays is never ended here: that is a decision of its own, about which the family is heard before (社会救助法 art. 48).

use store::{CaseId, Connection, HouseholdId, PersonId, Query, Scope, Tx};
use vocab::Month;

use crate::scope::{BOOKS, ENTITLEMENT, NONE};
use crate::{Decision, EntitlementId, LedgerError, Result, changes, entitlement};

/// A benefit that covers somebody in a month or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covering {
    /// Its id.
    pub id: EntitlementId,
    /// The family.
    pub household: HouseholdId,
    /// Its holder.
    pub holder: PersonId,
    /// First month.
    pub from: Month,
    /// Last month, if one is set.
    pub until: Option<Month>,
    /// A decision has set it.
    pub ended: bool,
    /// Whom it covers in that month or later.
    pub members: Vec<PersonId>,
}

/// The benefits of a programme that cover one of these people in a month or later, by id.
///
/// # Errors
/// The database's.
pub async fn covering(
    connection: &impl Connection,
    scope: &Scope,
    programme: &str,
    people: &[PersonId],
    from: Month,
) -> Result<Vec<Covering>> {
    let mut found = Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT DISTINCT e.id, e.household_id, e.holder_person_id, e.from_month, e.until_month, e.ended_at FROM entitlement e \
         JOIN entitlement_member m ON m.entitlement_id = e.id WHERE {scope} AND m.person_id IN ({list}) \
         AND m.superseded_at IS NULL AND (m.until_month IS NULL OR m.until_month >= ?) \
         AND (e.until_month IS NULL OR e.until_month >= ?) AND e.programme = ? ORDER BY e.id",
    )
    .bind_list(people.iter().copied())
    .bind(from)
    .bind(from)
    .bind(programme)
    .all_as(connection, |row| {
        Ok(Covering {
            id: row.get("id")?,
            household: row.get("household_id")?,
            holder: row.get("holder_person_id")?,
            from: row.get("from_month")?,
            until: row.get("until_month")?,
            ended: row.get::<Option<i64>>("ended_at")?.is_some(),
            members: Vec::new(),
        })
    })
    .await?;
    for one in &mut found {
        one.members = Query::new(
            &BOOKS,
            &NONE,
            "SELECT DISTINCT m.person_id FROM entitlement_member m WHERE m.entitlement_id = ? AND m.superseded_at IS NULL \
             AND (m.until_month IS NULL OR m.until_month >= ?) ORDER BY m.person_id",
        )
        .bind(one.id)
        .bind(from)
        .scalars(connection)
        .await?;
    }
    Ok(found)
}

/// A recognition ends with its last month, because something took its place.
///
/// # Errors
/// It pays, or is over already.
pub async fn end(tx: &Tx, scope: &Scope, id: EntitlementId, last: Month, decision: &Decision) -> Result<()> {
    refuse_money(tx, id).await?;
    entitlement::end(tx, scope, id, last, decision).await
}

/// Some leave a recognition, because something took its place for them; it goes on for those who stay.
///
/// # Errors
/// It pays, or nobody stays.
pub async fn leave(
    tx: &Tx,
    scope: &Scope,
    recognition: &Covering,
    from: Month,
    stay: &[PersonId],
    holder: PersonId,
    decision: &Decision,
) -> Result<()> {
    refuse_money(tx, recognition.id).await?;
    let from = from.max(recognition.from);
    changes::set_members(tx, scope, recognition.id, from, stay, decision).await?;
    if holder != recognition.holder {
        entitlement::change_holder(tx, scope, recognition.id, holder, decision).await?;
    }
    Ok(())
}

async fn refuse_money(tx: &Tx, id: EntitlementId) -> Result<()> {
    let paid: i64 = Query::new(
        &BOOKS,
        &NONE,
        "SELECT COUNT(*) FROM entitlement_amount WHERE entitlement_id = ? AND amount_fen > 0 AND superseded_at IS NULL",
    )
    .bind(id)
    .scalar(tx)
    .await?;
    if paid > 0 {
        return Err(LedgerError::refused("发钱的待遇不能随另一项待遇的给予而终止：先听取意见，另作决定。"));
    }
    Ok(())
}

/// What a grant took the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The programme.
    pub programme: String,
    /// Its last month; for whom the grant covers, where it goes on for others.
    pub last: Month,
    /// It ended; otherwise only those whom the grant covers left it.
    pub whole: bool,
    /// Why, as it was decided.
    pub reason: String,
}

/// What the decision of a case ended, for the people whom the benefit that it granted covers.
///
/// # Errors
/// The database's.
pub async fn replaced(
    connection: &impl Connection,
    scope: &Scope,
    case: CaseId,
    granted: EntitlementId,
) -> Result<Vec<Replaced>> {
    // Ways that the indexes of members know: a case alone leads to no benefit that it ended.
    let ended = Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT e.programme, e.until_month, e.end_reason FROM entitlement e WHERE {scope} AND e.end_case_id = ? AND e.id <> ? \
         AND e.id IN (SELECT m.entitlement_id FROM entitlement_member m WHERE m.person_id IN \
           (SELECT g.person_id FROM entitlement_member g WHERE g.entitlement_id = ?)) ORDER BY e.id",
    )
    .bind(case)
    .bind(granted)
    .bind(granted)
    .all_as(connection, |row| {
        Ok(Replaced {
            programme: row.get("programme")?,
            last: row.get("until_month")?,
            whole: true,
            reason: row.get("end_reason")?,
        })
    })
    .await?;
    let left = Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT e.id, e.programme, MAX(m.until_month) AS last, MAX(m.reason) AS reason FROM entitlement e \
         JOIN entitlement_member m ON m.entitlement_id = e.id WHERE {scope} AND m.case_id = ? AND m.superseded_at IS NULL \
         AND m.until_month IS NOT NULL AND e.ended_at IS NULL AND e.id <> ? AND m.person_id IN \
           (SELECT g.person_id FROM entitlement_member g WHERE g.entitlement_id = ?) GROUP BY e.id, e.programme ORDER BY e.id",
    )
    .bind(case)
    .bind(granted)
    .bind(granted)
    .all_as(connection, |row| {
        Ok(Replaced {
            programme: row.get("programme")?,
            last: row.get("last")?,
            whole: false,
            reason: row.get("reason")?,
        })
    })
    .await?;
    Ok(ended.into_iter().chain(left).collect())
}
