//! A new family, registered or split from another one.

use store::{AuditActor, AuditEntry, DivisionId, HouseholdId, PersonId, Query, Scope, Tx};

use super::members::{NewMember, close_membership, join};
use super::moving::insert_place;
use super::{Hand, MemberChange, check_area, check_change, note, open_for_change};
use crate::access::{Granted, RegisterPeople};
use crate::people::{HOUSEHOLD_COLUMNS, joining};
use crate::{Office, OfficeError, audited, divisions};

/// A family to be.
#[derive(Debug, Clone)]
pub struct NewHousehold {
    /// Where it lives: a village, or a township when the village is not known.
    pub division: DivisionId,
    /// Where it is registered (户籍).
    pub registered_division: DivisionId,
    /// `urban` or `rural`.
    pub area: String,
    /// Street and number, free text; sealed.
    pub address: Option<String>,
    /// Members, exactly one of them the head.
    pub members: Vec<NewMember>,
}

/// Registers a family with its members.
///
/// # Errors
/// [`OfficeError::Invalid`] without exactly one head; [`OfficeError::Conflict`] when a member is in another family.
pub async fn create_household(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    new: &NewHousehold,
    change: &MemberChange,
) -> Result<HouseholdId, OfficeError> {
    in_one_transaction!(office, actor, create_household_in(new, change))
}

/// As [`create_household`], as a step of a greater change.
///
/// # Errors
/// As [`create_household`].
pub async fn create_household_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    new: &NewHousehold,
    change: &MemberChange,
) -> Result<HouseholdId, OfficeError> {
    let hand = Hand { office, tx, scope, who, at: office.now().at_ms() };
    open_household(hand, new, change, None).await
}

async fn open_household(
    hand: Hand<'_>,
    new: &NewHousehold,
    change: &MemberChange,
    split_from: Option<HouseholdId>,
) -> Result<HouseholdId, OfficeError> {
    let NewHousehold { division, registered_division, area, address, members } = new;
    let Hand { office, tx, scope, who, at } = hand;
    check_change(office, change)?;
    check_area(area)?;
    if members.iter().filter(|member| member.head).count() != 1 {
        return Err(OfficeError::invalid("members", "请指定一位户主（申请人），而且只能有一位。"));
    }
    if let Scope::Subtree(own) = scope {
        let registered_here = divisions::is_within(tx, *own, *registered_division).await?;
        if !registered_here {
            divisions::within(tx, *own, *division).await?;
        }
    }
    let id = Query::new(
        scope,
        &HOUSEHOLD_COLUMNS,
        "INSERT INTO household (county_id, division_id, registered_division_id, area, address_sealed, split_from_household_id, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(divisions::county(tx, *division).await?)
    .bind(*division)
    .bind(*registered_division)
    .bind(area.as_str())
    .bind(address.as_ref().map(|address| office.keys().seal(address)).transpose()?)
    .bind(split_from)
    .bind(at)
    .insert(tx)
    .await?;
    let household = HouseholdId(id);
    insert_place(hand, household, *division, *registered_division, area, change).await?;
    for member in members {
        join(hand, household, *division, member, change).await?;
    }
    tx.audit(AuditEntry {
        case: change.case,
        division: Some(*division),
        details: serde_json::json!({ "members": members.len(), "reason": change.reason, "split_from": split_from.map(|id| id.0) }),
        ..audited(at, who.clone(), "household.created", ("household", id))
    })
    .await?;
    Ok(household)
}

/// Splits members off into a family of their own. The review of the benefits that the old family has falls due today; nothing else of them
/// changes.
///
/// # Errors
/// [`OfficeError::Conflict`] when the old family would be left without a head or without members.
pub async fn split_household(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    household: HouseholdId,
    new: &NewHousehold,
    change: &MemberChange,
) -> Result<HouseholdId, OfficeError> {
    in_one_transaction!(office, actor, split_household_in(household, new, change))
}

/// As [`split_household`], as a step of a greater change.
///
/// # Errors
/// As [`split_household`].
pub async fn split_household_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    household: HouseholdId,
    new: &NewHousehold,
    change: &MemberChange,
) -> Result<HouseholdId, OfficeError> {
    let hand = Hand { office, tx, scope, who, at: office.now().at_ms() };
    let (view, members) = open_for_change(hand, household, change).await?;
    let leaves = |person: PersonId| new.members.iter().any(|member| member.person == person);
    if new.members.iter().any(|member| !members.iter().any(|old| old.person == member.person)) {
        return Err(OfficeError::Conflict("分户的成员必须都是原家庭的现有成员。".to_owned()));
    }
    if members.iter().all(|member| leaves(member.person)) {
        return Err(OfficeError::Conflict("分户后原家庭没有成员。全家迁移请办理家庭迁移。".to_owned()));
    }
    if members.iter().any(|member| member.head && leaves(member.person)) {
        return Err(OfficeError::Conflict("户主要分出时，请先为原家庭办理变更户主。".to_owned()));
    }
    for member in members.iter().filter(|member| leaves(member.person)) {
        close_membership(hand, member, change).await?;
    }
    let split = open_household(hand, new, change, Some(household)).await?;
    note(hand, &view, "household.split", None, change).await?;
    joining::review_now(office, tx, household, change).await?;
    Ok(split)
}
