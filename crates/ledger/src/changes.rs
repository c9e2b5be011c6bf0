//! Changes of an entitlement from a month on: its amount, its members, pauses, and what a death does at once.
//!
//! A change is recorded beside what was known before (two times) and never touches a due. If it reaches back into
//! months that have been made, [`crate::months`] shows the difference and posts it on a decision.

use store::{PersonId, Query, Scope, Tx};
use vocab::{Fen, Month};

use crate::entitlement::{close, hold, refuse_covered};
use crate::scope::{BOOKS, NONE};
use crate::{AmountCause, Decision, EntitlementId, LedgerError, PauseKind, Result};

/// The amount from a month on.
///
/// # Errors
/// Out of scope, outside the entitlement's life, or negative.
pub async fn change_amount(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    from: Month,
    monthly: Fen,
    cause: AmountCause,
    decision: &Decision,
) -> Result<()> {
    decision.check()?;
    if monthly.is_negative() {
        return Err(LedgerError::refused("月保障金额不能为负。"));
    }
    let held = hold(tx, scope, id).await?;
    held.check_month(from)?;
    take_out(tx, id, from, None, decision).await?;
    insert_amount(tx, id, from, held.until, monthly, cause, decision).await
}

/// The amounts of some months become others; what was decided for every other month, before and after, stays as it is.
///
/// # Errors
/// A month outside the entitlement's life, or a negative amount.
pub async fn change_months(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    months: &[(Month, Fen)],
    cause: AmountCause,
    decision: &Decision,
) -> Result<()> {
    decision.check()?;
    let held = hold(tx, scope, id).await?;
    let mut months = months.to_vec();
    months.sort_unstable_by_key(|(month, _)| *month);
    let follows = |one: &(Month, Fen), next: &(Month, Fen)| one.0.next() == next.0 && one.1 == next.1;
    for same in months.chunk_by(follows) {
        let (Some(&(from, monthly)), Some(&(until, _))) = (same.first(), same.last()) else { continue };
        if monthly.is_negative() {
            return Err(LedgerError::refused("月保障金额不能为负。"));
        }
        held.check_month(from)?;
        held.check_month(until)?;
        take_out(tx, id, from, Some(until), decision).await?;
        insert_amount(tx, id, from, Some(until), monthly, cause, decision).await?;
    }
    Ok(())
}

/// The members from a month on. Who is not named is no longer covered from that month.
///
/// # Errors
/// Nobody left (that is an end), or somebody new is covered elsewhere.
pub async fn set_members(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    from: Month,
    members: &[PersonId],
    decision: &Decision,
) -> Result<()> {
    decision.check()?;
    if members.is_empty() {
        return Err(LedgerError::refused("保障对象不能为空；全部成员退出时请办理终止。"));
    }
    let held = hold(tx, scope, id).await?;
    held.check_month(from)?;
    let mut wanted = members.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let current = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, person_id, from_month, until_month FROM entitlement_member \
         WHERE entitlement_id = ? AND superseded_at IS NULL AND (until_month IS NULL OR until_month >= ?)",
    )
    .bind(id)
    .bind(from)
    .all_as(tx, |row| {
        Ok((
            row.get::<i64>("id")?,
            row.get::<PersonId>("person_id")?,
            row.get::<Month>("from_month")?,
            row.get::<Option<Month>>("until_month")?,
        ))
    })
    .await?;
    let mut stays = Vec::new();
    for (row, person, since, until) in current {
        if wanted.contains(&person) && since <= from && until == held.until {
            stays.push(person);
            continue;
        }
        cut_member(tx, row, id, &held.exclusion_group, person, since, from.previous(), decision).await?;
    }
    wanted.retain(|person| !stays.contains(person));
    refuse_covered(tx, &held.exclusion_group, &wanted, from, held.until, Some(id)).await?;
    for person in wanted {
        insert_member(tx, id, &held.exclusion_group, person, from, held.until, decision).await?;
    }
    Ok(())
}

/// Stop paying from a month on without ending: suspended (停发) or held for review (暂缓).
///
/// # Errors
/// It is paused already.
pub async fn pause(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    kind: PauseKind,
    from: Month,
    decision: &Decision,
) -> Result<()> {
    decision.check()?;
    let held = hold(tx, scope, id).await?;
    let from = from.max(held.from);
    held.check_month(from)?;
    if is_paused(tx, id).await? {
        return Err(LedgerError::refused("该待遇已在停发或暂缓中，请先恢复或终止。"));
    }
    Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO entitlement_pause (entitlement_id, kind, from_month, reason, reference, case_id, made_by, made_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(kind)
    .bind(from)
    .bind(&decision.reason)
    .bind(&decision.reference)
    .bind(decision.case)
    .bind(decision.officer)
    .bind(decision.at.at_ms())
    .execute(tx)
    .await?;
    Ok(())
}

/// Suspend (停发) from a month on.
///
/// # Errors
/// As [`pause`].
pub async fn suspend(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    from: Month,
    decision: &Decision,
) -> Result<()> {
    pause(tx, scope, id, PauseKind::Suspended, from, decision).await
}

/// Pay again from a month on. Paused months before it are not paid by this: if the decision says that they should be,
/// [`crate::months`] posts them as arrears.
///
/// # Errors
/// It is not paused.
pub async fn resume(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    from: Month,
    decision: &Decision,
) -> Result<()> {
    decision.check()?;
    hold(tx, scope, id).await?;
    let lifted = Query::new(
        &BOOKS,
        &NONE,
        "UPDATE entitlement_pause SET until_month = ?, lifted_reason = ?, lifted_reference = ?, lifted_case_id = ?, \
         lifted_by = ?, lifted_at = ? WHERE entitlement_id = ? AND until_month IS NULL",
    )
    .bind(from.previous())
    .bind(&decision.reason)
    .bind(&decision.reference)
    .bind(decision.case)
    .bind(decision.officer)
    .bind(decision.at.at_ms())
    .bind(id)
    .execute(tx)
    .await?;
    if lifted == 0 {
        return Err(LedgerError::refused("该待遇没有停发或暂缓，无需恢复。"));
    }
    Ok(())
}

/// What a death held is paid again, from the first month that was held on, which is the result; none where nothing is held. As with [`resume`], the
/// months that a run has passed meanwhile are not paid by this.
///
/// # Errors
/// The database's.
pub async fn lift_hold(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    decision: &Decision,
) -> Result<Option<Month>> {
    let first: Option<Month> = Query::new(
        &BOOKS,
        &NONE,
        "SELECT from_month FROM entitlement_pause WHERE entitlement_id = ? AND kind = ? AND until_month IS NULL",
    )
    .bind(id)
    .bind(PauseKind::Held)
    .optional_as(tx, |row| row.get("from_month"))
    .await?;
    if let Some(first) = first {
        resume(tx, scope, id, first, decision).await?;
    }
    Ok(first)
}

/// What a death did at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeathEffects {
    /// Entitlements of this person alone: ended with the month of death.
    pub ended: Vec<EntitlementId>,
    /// Entitlements of the family: held from the next month until a heard decision.
    pub held: Vec<EntitlementId>,
}

/// A person has died: close what was theirs alone, hold what their family gets. Nobody is covered past the month of death. Dues already made for
/// later months stay for a decided recovery. What is still paid until a decided end (渐退) goes on so for those who live, and ends with the
/// month of death if nobody does.
///
/// # Errors
/// The database's.
pub async fn record_death(
    tx: &Tx,
    scope: &Scope,
    person: PersonId,
    month: Month,
    decision: &Decision,
) -> Result<DeathEffects> {
    decision.check()?;
    let concerned = Query::new(
        &BOOKS,
        &NONE,
        "SELECT DISTINCT e.id, (SELECT COUNT(*) FROM entitlement_member m WHERE m.entitlement_id = e.id \
           AND m.superseded_at IS NULL AND m.person_id <> ? AND (m.until_month IS NULL OR m.until_month > ?)) AS others, \
           e.ended_at FROM entitlement e WHERE e.id IN (SELECT entitlement_id FROM entitlement_person WHERE person_id = ?) \
         AND (e.until_month IS NULL OR e.until_month > ?) AND (e.ended_at IS NULL OR e.until_month >= ?) \
         AND (e.holder_person_id = ? OR EXISTS (SELECT 1 FROM entitlement_member m WHERE m.entitlement_id = e.id \
           AND m.person_id = ? AND m.superseded_at IS NULL AND (m.until_month IS NULL OR m.until_month > ?))) \
         ORDER BY e.id",
    )
    .bind(person)
    .bind(month)
    .bind(person)
    .bind(month)
    .bind(decision.at.month())
    .bind(person)
    .bind(person)
    .bind(month)
    .all_as(tx, |row| {
        let tapers = row.get::<Option<i64>>("ended_at")?.is_some();
        Ok((row.get::<EntitlementId>("id")?, row.get::<i64>("others")?, tapers))
    })
    .await?;
    let mut effects = DeathEffects::default();
    for (id, others, tapers) in concerned {
        if others == 0 {
            let held = hold(tx, scope, id).await?;
            close(tx, &held, month, decision).await?;
            effects.ended.push(id);
            continue;
        }
        if !tapers && !is_paused(tx, id).await? {
            pause(tx, scope, id, PauseKind::Held, month.next(), decision).await?;
            effects.held.push(id);
        }
        end_member(tx, scope, id, person, month, decision).await?;
    }
    Ok(effects)
}

/// One person is covered up to a month and no longer; the others stay as they are.
///
/// # Errors
/// Out of scope.
pub async fn end_member(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    person: PersonId,
    last: Month,
    decision: &Decision,
) -> Result<()> {
    decision.check()?;
    let held = hold(tx, scope, id).await?;
    let rows = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, from_month FROM entitlement_member WHERE entitlement_id = ? AND person_id = ? \
         AND superseded_at IS NULL AND (until_month IS NULL OR until_month > ?)",
    )
    .bind(id)
    .bind(person)
    .bind(last)
    .all_as(tx, |row| Ok((row.get::<i64>("id")?, row.get::<Month>("from_month")?)))
    .await?;
    for (row, since) in rows {
        cut_member(tx, row, id, &held.exclusion_group, person, since, last, decision).await?;
    }
    Ok(())
}

async fn is_paused(tx: &Tx, id: EntitlementId) -> Result<bool> {
    let open: i64 = Query::new(
        &BOOKS,
        &NONE,
        "SELECT COUNT(*) FROM entitlement_pause WHERE entitlement_id = ? AND until_month IS NULL",
    )
    .bind(id)
    .scalar(tx)
    .await?;
    Ok(open > 0)
}

pub(crate) async fn insert_amount(
    tx: &Tx,
    id: EntitlementId,
    from: Month,
    until: Option<Month>,
    monthly: Fen,
    cause: AmountCause,
    decision: &Decision,
) -> Result<()> {
    Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO entitlement_amount (entitlement_id, from_month, until_month, amount_fen, cause, reason, reference, \
         case_id, determination_id, made_by, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(from)
    .bind(until)
    .bind(monthly)
    .bind(cause)
    .bind(&decision.reason)
    .bind(&decision.reference)
    .bind(decision.case)
    .bind(decision.determination)
    .bind(decision.officer)
    .bind(decision.at.at_ms())
    .execute(tx)
    .await?;
    Ok(())
}

pub(crate) async fn insert_member(
    tx: &Tx,
    id: EntitlementId,
    group: &str,
    person: PersonId,
    from: Month,
    until: Option<Month>,
    decision: &Decision,
) -> Result<()> {
    Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO entitlement_member (entitlement_id, exclusion_group, person_id, from_month, until_month, reason, \
         reference, case_id, made_by, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(group)
    .bind(person)
    .bind(from)
    .bind(until)
    .bind(&decision.reason)
    .bind(&decision.reference)
    .bind(decision.case)
    .bind(decision.officer)
    .bind(decision.at.at_ms())
    .execute(tx)
    .await?;
    Ok(())
}

/// Nothing of amounts and members holds after this month any more.
pub(crate) async fn cut_after(tx: &Tx, id: EntitlementId, last: Month, decision: &Decision) -> Result<()> {
    take_out(tx, id, last.next(), None, decision).await?;
    let members = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, exclusion_group, person_id, from_month FROM entitlement_member \
         WHERE entitlement_id = ? AND superseded_at IS NULL AND (until_month IS NULL OR until_month > ?)",
    )
    .bind(id)
    .bind(last)
    .all_as(tx, |row| {
        Ok((
            row.get::<i64>("id")?,
            row.get::<String>("exclusion_group")?,
            row.get::<PersonId>("person_id")?,
            row.get::<Month>("from_month")?,
        ))
    })
    .await?;
    for (row, group, person, since) in members {
        cut_member(tx, row, id, &group, person, since, last, decision).await?;
    }
    Ok(())
}

/// Takes months out of the amounts that hold in them, up to the last one or for ever: what was said of the months before and after is
/// said again as it was.
async fn take_out(
    tx: &Tx,
    id: EntitlementId,
    first: Month,
    last: Option<Month>,
    decision: &Decision,
) -> Result<()> {
    let now = decision.at.at_ms();
    let hold: Vec<i64> = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id FROM entitlement_amount WHERE entitlement_id = ? AND superseded_at IS NULL \
         AND from_month <= COALESCE(?, from_month) AND (until_month IS NULL OR until_month >= ?)",
    )
    .bind(id)
    .bind(last)
    .bind(first)
    .scalars(tx)
    .await?;
    let before = ("from_month, ?", first.previous(), "from_month <= ?");
    let after = last.map(|last| ("?, until_month", last.next(), "(until_month IS NULL OR until_month >= ?)"));
    for row in hold {
        Query::new(&BOOKS, &NONE, "UPDATE entitlement_amount SET superseded_at = ? WHERE id = ?")
            .bind(now)
            .bind(row)
            .execute_one(tx)
            .await?;
        for (months, edge, beside) in [Some(before), after].into_iter().flatten() {
            let sql = format!(
                "INSERT INTO entitlement_amount (entitlement_id, from_month, until_month, amount_fen, cause, reason, reference, \
                 case_id, determination_id, made_by, recorded_at) SELECT entitlement_id, {months}, amount_fen, cause, \
                 reason, reference, case_id, determination_id, made_by, ? FROM entitlement_amount WHERE id = ? AND {beside}"
            );
            Query::new(&BOOKS, &NONE, sql).bind(edge).bind(now).bind(row).bind(edge).execute(tx).await?;
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the row's own fields, read a moment before")]
async fn cut_member(
    tx: &Tx,
    row: i64,
    id: EntitlementId,
    group: &str,
    person: PersonId,
    since: Month,
    last: Month,
    decision: &Decision,
) -> Result<()> {
    Query::new(&BOOKS, &NONE, "UPDATE entitlement_member SET superseded_at = ? WHERE id = ?")
        .bind(decision.at.at_ms())
        .bind(row)
        .execute_one(tx)
        .await?;
    if since <= last {
        insert_member(tx, id, group, person, since, Some(last), decision).await?;
    }
    Ok(())
}
