//! Who comes into a family, leaves it, and heads it.

use chrono::NaiveDate;
use store::{AuditActor, DivisionId, HouseholdId, PersonId, Query, Scope, Tx};

use super::read::Membership;
use super::{Hand, MemberChange, SEEN, note, open_for_change};
use crate::access::{Granted, RegisterPeople};
use crate::people::person::{find_person, set_place};
use crate::people::{HOUSEHOLD_COLUMNS, PersonView};
use crate::{Office, OfficeError};

/// A member to be.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// The person.
    pub person: PersonId,
    /// Relation to the head, a code of the pack's list of relations.
    pub relation: String,
    /// Heads the family.
    pub head: bool,
}

/// Adds a member.
///
/// # Errors
/// [`OfficeError::Conflict`] when the person is in another family (said, not shown, when it lies outside the scope).
pub async fn add_member(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    household: HouseholdId,
    member: &NewMember,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    in_one_transaction!(office, actor, add_member_in(household, member, change))
}

/// As [`add_member`], as a step of a greater change.
///
/// # Errors
/// As [`add_member`].
pub async fn add_member_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    household: HouseholdId,
    member: &NewMember,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let hand = Hand { office, tx, scope, who, at: office.now().at_ms() };
    let (view, _) = open_for_change(hand, household, change).await?;
    join(hand, household, view.division, member, change).await?;
    if view.closed_on.is_some() {
        Query::system(
            SEEN,
            "UPDATE household SET closed_on = NULL, joined_into_household_id = NULL WHERE id = ?",
        )
        .bind(household)
        .execute(tx)
        .await?;
    }
    note(hand, &view, "household.member_added", Some(member.person), change).await
}

/// Takes a member out: moved away, married off, died. The last one out closes the family.
///
/// # Errors
/// [`OfficeError::Conflict`] when the head would leave others without one.
pub async fn remove_member(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    household: HouseholdId,
    person: PersonId,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    in_one_transaction!(office, actor, remove_member_in(household, person, change))
}

/// As [`remove_member`], as a step of a greater change.
///
/// # Errors
/// As [`remove_member`].
pub async fn remove_member_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    household: HouseholdId,
    person: PersonId,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let hand = Hand { office, tx, scope, who, at: office.now().at_ms() };
    let (view, members) = open_for_change(hand, household, change).await?;
    let leaving =
        members.iter().find(|member| member.person == person).ok_or(OfficeError::NotFound("这位家庭成员"))?;
    if leaving.head && members.len() > 1 {
        return Err(OfficeError::Conflict(
            "户主离开后家庭还有其他成员。请先办理变更户主，再办理减员。".to_owned(),
        ));
    }
    close_membership(hand, leaving, change).await?;
    if members.len() == 1 {
        Query::system(SEEN, "UPDATE household SET closed_on = ? WHERE id = ?")
            .bind(change.on)
            .bind(household)
            .execute(tx)
            .await?;
    }
    note(hand, &view, "household.member_removed", Some(person), change).await
}

/// Makes another member the head. `relations` says what every member is to the new head; who is not in it keeps the relation.
///
/// # Errors
/// [`OfficeError::NotFound`] when the person is no member.
pub async fn change_head(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    household: HouseholdId,
    head: PersonId,
    relations: &[(PersonId, String)],
    change: &MemberChange,
) -> Result<(), OfficeError> {
    in_one_transaction!(office, actor, change_head_in(household, head, relations, change))
}

/// As [`change_head`], as a step of a greater change.
///
/// # Errors
/// As [`change_head`].
#[expect(
    clippy::too_many_arguments,
    reason = "the step's context and what it does; a struct for one call would hide it"
)]
pub async fn change_head_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    household: HouseholdId,
    head: PersonId,
    relations: &[(PersonId, String)],
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let hand = Hand { office, tx, scope, who, at: office.now().at_ms() };
    let (view, members) = open_for_change(hand, household, change).await?;
    if !members.iter().any(|member| member.person == head) {
        return Err(OfficeError::NotFound("这位家庭成员"));
    }
    let mut changed = Vec::new();
    for member in &members {
        let relation = relations
            .iter()
            .find(|(person, _)| *person == member.person)
            .map_or(&member.relation, |(_, relation)| relation);
        let next =
            NewMember { person: member.person, relation: relation.clone(), head: member.person == head };
        if next.head != member.head || next.relation != member.relation {
            close_membership(hand, member, change).await?;
            changed.push(next);
        }
    }
    for next in &changed {
        insert_membership(hand, household, next, change.on, None, change).await?;
    }
    note(hand, &view, "household.head_changed", Some(head), change).await
}

/// Puts a person into a family, after all that could forbid it has been asked.
pub(super) async fn join(
    hand: Hand<'_>,
    household: HouseholdId,
    division: DivisionId,
    member: &NewMember,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let Hand { office, tx, scope, .. } = hand;
    let person = find_person(office, tx, scope, member.person).await?;
    refuse_membership(tx, scope, household, &person, change.on).await?;
    insert_membership(hand, household, member, change.on, None, change)
        .await
        .map_err(|error| two_heads(error, &person.name))?;
    if person.residence != division {
        set_place(tx, person.id, person.division, division).await?;
    }
    Ok(())
}

fn two_heads(error: OfficeError, name: &str) -> OfficeError {
    match &error {
        OfficeError::Store(store) if store.is_conflict_on("membership", &["household_id"]) => {
            OfficeError::Conflict("这个家庭已有户主。如需更换，请办理变更户主。".to_owned())
        }
        OfficeError::Store(store) if store.is_conflict_on("membership", &["person_id"]) => {
            OfficeError::Conflict(format!(
                "{name}目前是另一家庭的成员，一个人不能同时属于两个家庭。请先在原家庭办理迁出。"
            ))
        }
        _ => error,
    }
}

async fn refuse_membership(
    tx: &Tx,
    scope: &Scope,
    household: HouseholdId,
    person: &PersonView,
    on: NaiveDate,
) -> Result<(), OfficeError> {
    let name = &person.name;
    if person.died_on.is_some() {
        return Err(OfficeError::Conflict(format!("{name}已登记死亡，不能加入家庭。如登记有误，请先更正。")));
    }
    if on < person.born_on {
        return Err(OfficeError::invalid("on", format!("{name}在这一天尚未出生，请核对变动日期。")));
    }
    let rows = Query::system(
        "a person is in one family at a time, over all divisions",
        "SELECT m.household_id, m.until_on FROM membership m WHERE m.person_id = ? AND m.superseded_at IS NULL \
         AND (m.until_on IS NULL OR m.until_on > ?)",
    )
    .bind(person.id)
    .bind(on)
    .all(tx)
    .await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let other: HouseholdId = row.get("household_id")?;
    if other == household {
        return Err(OfficeError::Conflict(format!("{name}在这一天已是这个家庭的成员。")));
    }
    let visible =
        Query::new(scope, &HOUSEHOLD_COLUMNS, "SELECT h.id FROM household h WHERE {scope} AND h.id = ?")
            .bind(other)
            .optional(tx)
            .await?;
    Err(OfficeError::Conflict(if visible.is_some() {
        format!("{name}目前是另一家庭的成员，一个人不能同时属于两个家庭。请先在原家庭办理迁出。")
    } else {
        format!("{name}已在他处登记为家庭成员，请联系县级民政部门办理。")
    }))
}

pub(in crate::people) async fn insert_membership(
    hand: Hand<'_>,
    household: HouseholdId,
    member: &NewMember,
    from_on: NaiveDate,
    until_on: Option<NaiveDate>,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let NewMember { person, relation, head } = member;
    Query::system(
        SEEN,
        "INSERT INTO membership (household_id, person_id, relation, head, from_on, until_on, recorded_at, reason, case_id, recorded_by) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(household)
    .bind(*person)
    .bind(relation.as_str())
    .bind(*head)
    .bind(from_on)
    .bind(until_on)
    .bind(hand.at)
    .bind(change.reason.as_str())
    .bind(change.case)
    .bind(hand.who.staff)
    .execute(hand.tx)
    .await?;
    Ok(())
}

/// Ends the belief in an open membership and says instead that it ended on the day.
pub(in crate::people) async fn close_membership(
    hand: Hand<'_>,
    membership: &Membership,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    if change.on < membership.from_on {
        return Err(OfficeError::invalid(
            "on",
            format!("变动日期不能早于加入家庭的日期（{}）。", vocab::zh_date(membership.from_on)),
        ));
    }
    Query::system(SEEN, "UPDATE membership SET superseded_at = ? WHERE id = ? AND superseded_at IS NULL")
        .bind(hand.at)
        .bind(membership.id)
        .execute_one(hand.tx)
        .await?;
    if change.on > membership.from_on {
        let member = NewMember {
            person: membership.person,
            relation: membership.relation.clone(),
            head: membership.head,
        };
        insert_membership(hand, membership.household, &member, membership.from_on, Some(change.on), change)
            .await?;
    }
    Ok(())
}
