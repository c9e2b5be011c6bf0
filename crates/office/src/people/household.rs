//! Families: who lives together (共同生活的家庭成员), who heads them, where they live - each with two times.
//!
//! A change never overwrites: the row it ends is no longer believed from now on, and a new row says the same up to the
//! day of the change. A person is in one family at a time; the database holds it
//! (`membership_one_family`), and what the person reads is said here first.

use chrono::NaiveDate;
use store::{
    AuditActor, AuditEntry, CaseId, Connection, DivisionId, HouseholdId, PersonId, Query, Scope, Tx,
};

use super::person::{find_person, set_place};
use super::{HOUSEHOLD_COLUMNS, MembershipId, PersonView, joining};
use crate::access::{Granted, RegisterPeople};
use crate::{Office, OfficeError, audited, divisions};

/// The family's own rows, of which the caller has seen the household.
const SEEN: &str = "the caller has seen the household";

/// When a change holds, why, and in which case it was found.
#[derive(Debug, Clone)]
pub struct MemberChange {
    /// First day on which it holds.
    pub on: NaiveDate,
    /// Why: 出生、结婚、死亡、迁入 …
    pub reason: String,
    /// The case that brought it.
    pub case: Option<CaseId>,
}

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

/// A family, as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseholdView {
    /// The family.
    pub id: HouseholdId,
    /// Lives in.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// Registered in.
    pub registered_division: DivisionId,
    /// Its name.
    pub registered_name: String,
    /// The county it belongs to.
    pub county: Option<DivisionId>,
    /// `urban` or `rural`.
    pub area: String,
    /// Street and number.
    pub address: Option<String>,
    /// The family it split from.
    pub split_from: Option<HouseholdId>,
    /// The family that all of it joined.
    pub joined_into: Option<HouseholdId>,
    /// Nobody lives in it since.
    pub closed_on: Option<NaiveDate>,
    /// For optimistic changes.
    pub version: i64,
}

/// One membership, as believed at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The row.
    pub id: MembershipId,
    /// The family.
    pub household: HouseholdId,
    /// The person.
    pub person: PersonId,
    /// Relation to the head.
    pub relation: String,
    /// Heads the family.
    pub head: bool,
    /// First day.
    pub from_on: NaiveDate,
    /// First day on which it no longer holds.
    pub until_on: Option<NaiveDate>,
    /// Believed since, unix milliseconds.
    pub recorded_at: i64,
    /// No longer believed since.
    pub superseded_at: Option<i64>,
    /// Why.
    pub reason: String,
}

const MEMBERSHIP: &str = "m.id, m.household_id, m.person_id, m.relation, m.head, m.from_on, m.until_on, m.recorded_at, m.superseded_at, m.reason";

fn read_membership(row: &store::Row) -> Result<Membership, store::StoreError> {
    Ok(Membership {
        id: row.get("id")?,
        household: row.get("household_id")?,
        person: row.get("person_id")?,
        relation: row.get("relation")?,
        head: row.get("head")?,
        from_on: row.get("from_on")?,
        until_on: row.get("until_on")?,
        recorded_at: row.get("recorded_at")?,
        superseded_at: row.get("superseded_at")?,
        reason: row.get("reason")?,
    })
}

/// A family inside the scope. Does not write the audit; [`super::family_page()`] does.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn find_household(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
) -> Result<HouseholdView, OfficeError> {
    let row = Query::new(
        scope,
        &HOUSEHOLD_COLUMNS,
        "SELECT h.id, h.division_id, d.name AS division_name, h.registered_division_id, r.name AS registered_name, h.county_id, h.area, \
         h.address_sealed, h.split_from_household_id, h.joined_into_household_id, h.closed_on, h.version FROM household h JOIN division d ON d.id = h.division_id \
         JOIN division r ON r.id = h.registered_division_id WHERE {scope} AND h.id = ?",
    )
    .bind(household)
    .optional(connection)
    .await?
    .ok_or(OfficeError::NotFound("这个家庭"))?;
    let address: Option<Vec<u8>> = row.get("address_sealed")?;
    Ok(HouseholdView {
        id: row.get("id")?,
        division: row.get("division_id")?,
        division_name: row.get("division_name")?,
        registered_division: row.get("registered_division_id")?,
        registered_name: row.get("registered_name")?,
        county: row.get("county_id")?,
        area: row.get("area")?,
        address: address.map(|sealed| office.keys().open(&sealed)).transpose()?.map(|text| text.to_string()),
        split_from: row.get("split_from_household_id")?,
        joined_into: row.get("joined_into_household_id")?,
        closed_on: row.get("closed_on")?,
        version: row.get("version")?,
    })
}

/// The members that were believed, at `known_at`, to live in the family on `valid_on`; the head first, then the oldest.
/// `known_at` is in unix milliseconds; give [`i64::MAX`] for what is believed now.
///
/// # Errors
/// The database; nothing for a family outside the scope.
pub async fn members_as_of(
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<Membership>, OfficeError> {
    members_of_all(connection, scope, &[household], valid_on, known_at).await
}

/// As [`members_as_of`], of several families, the members of each in that order.
pub(crate) async fn members_of_all(
    connection: &impl Connection,
    scope: &Scope,
    households: &[HouseholdId],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<Membership>, OfficeError> {
    let sql = format!(
        "SELECT {MEMBERSHIP} FROM membership m JOIN household h ON h.id = m.household_id JOIN person p ON p.id = m.person_id \
         WHERE {{scope}} AND m.household_id IN ({{list}}) AND m.from_on <= ? AND (m.until_on IS NULL OR m.until_on > ?) \
         AND m.recorded_at <= ? AND (m.superseded_at IS NULL OR m.superseded_at > ?) \
         ORDER BY m.household_id, m.head DESC, p.born_on, m.id"
    );
    let members = Query::new(scope, &HOUSEHOLD_COLUMNS, sql)
        .bind_list(households.iter().copied())
        .bind(valid_on)
        .bind(valid_on)
        .bind(known_at)
        .bind(known_at)
        .all_as(connection, read_membership)
        .await?;
    Ok(members)
}

/// Every membership row of a family, as history pages show it: newest belief first.
///
/// # Errors
/// The database.
pub async fn membership_history(
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
) -> Result<Vec<Membership>, OfficeError> {
    let sql = format!(
        "SELECT {MEMBERSHIP} FROM membership m JOIN household h ON h.id = m.household_id WHERE {{scope}} AND m.household_id = ? \
         ORDER BY m.recorded_at DESC, m.id DESC LIMIT 500"
    );
    Ok(Query::new(scope, &HOUSEHOLD_COLUMNS, sql).bind(household).all_as(connection, read_membership).await?)
}

/// The family in which a person lives now, when it lies in the scope.
///
/// # Errors
/// The database.
pub async fn current_household(
    connection: &impl Connection,
    scope: &Scope,
    person: PersonId,
) -> Result<Option<HouseholdId>, OfficeError> {
    let row = Query::new(
        scope,
        &HOUSEHOLD_COLUMNS,
        "SELECT m.household_id FROM membership m JOIN household h ON h.id = m.household_id WHERE {scope} AND m.person_id = ? \
         AND m.until_on IS NULL AND m.superseded_at IS NULL",
    )
    .bind(person)
    .optional(connection)
    .await?;
    Ok(row.map(|row| row.get("household_id")).transpose()?)
}

/// Who changes what, seen from where: passed through the steps.
#[derive(Clone, Copy)]
pub(super) struct Hand<'a> {
    pub office: &'a Office,
    pub tx: &'a Tx,
    pub scope: &'a Scope,
    pub who: &'a AuditActor,
    pub at: i64,
}

macro_rules! in_one_transaction {
    ($office:ident, $actor:ident, $step:ident($($argument:expr),*)) => {{
        let tx = $office.db().begin().await?;
        let done = $step($office, &tx, &$actor.scope(), &$actor.audit(), $($argument),*).await?;
        tx.commit().await?;
        Ok(done)
    }};
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

fn check_area(area: &str) -> Result<(), OfficeError> {
    if matches!(area, "urban" | "rural") {
        Ok(())
    } else {
        Err(OfficeError::invalid("area", "请选择城市或农村。"))
    }
}

fn check_change(office: &Office, change: &MemberChange) -> Result<(), OfficeError> {
    if change.on > office.now().today() {
        return Err(OfficeError::invalid("on", "变动日期不能晚于今天。"));
    }
    if change.reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请填写变动原因。"));
    }
    Ok(())
}

async fn insert_place(
    hand: Hand<'_>,
    household: HouseholdId,
    division: DivisionId,
    registered: DivisionId,
    area: &str,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    Query::system(
        SEEN,
        "INSERT INTO household_place (household_id, division_id, registered_division_id, area, from_on, recorded_at, reason, case_id, \
         recorded_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(household)
    .bind(division)
    .bind(registered)
    .bind(area)
    .bind(change.on)
    .bind(hand.at)
    .bind(change.reason.as_str())
    .bind(change.case)
    .bind(hand.who.staff)
    .execute(hand.tx)
    .await?;
    Ok(())
}

/// Puts a person into a family, after all that could forbid it has been asked.
async fn join(
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

pub(super) async fn insert_membership(
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

/// The family as seen, its members of now, and its version counted up: what every change of members begins with.
pub(super) async fn open_for_change(
    hand: Hand<'_>,
    household: HouseholdId,
    change: &MemberChange,
) -> Result<(HouseholdView, Vec<Membership>), OfficeError> {
    check_change(hand.office, change)?;
    let view = find_household(hand.office, hand.tx, hand.scope, household).await?;
    Query::system(SEEN, "UPDATE household SET version = version + 1 WHERE id = ?")
        .bind(household)
        .execute_one(hand.tx)
        .await?;
    let sql = format!(
        "SELECT {MEMBERSHIP} FROM membership m WHERE m.household_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL"
    );
    let members = Query::system(SEEN, sql).bind(household).all_as(hand.tx, read_membership).await?;
    Ok((view, members))
}

/// Ends the belief in an open membership and says instead that it ended on the day.
pub(super) async fn close_membership(
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

pub(super) async fn note(
    hand: Hand<'_>,
    view: &HouseholdView,
    action: &'static str,
    person: Option<PersonId>,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        case: change.case,
        division: Some(view.division),
        details: serde_json::json!({ "person": person.map(|id| id.0), "on": change.on, "reason": change.reason }),
        ..audited(hand.at, hand.who.clone(), action, ("household", view.id.0))
    };
    Ok(hand.tx.audit(entry).await?)
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

/// Where a family goes.
#[derive(Debug, Clone)]
pub struct NewPlace {
    /// Lives in.
    pub division: DivisionId,
    /// Registered in.
    pub registered_division: DivisionId,
    /// `urban` or `rural`.
    pub area: String,
    /// Street and number.
    pub address: Option<String>,
}

/// Moves a family to another place inside the actor's scope; what was, stays in the history.
///
/// # Errors
/// [`OfficeError::NotFound`] when the new place lies outside: then the county moves it.
pub async fn move_household(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    household: HouseholdId,
    place: &NewPlace,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    in_one_transaction!(office, actor, move_household_in(household, place, change))
}

/// As [`move_household`], as a step of a greater change.
///
/// # Errors
/// As [`move_household`].
pub async fn move_household_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    household: HouseholdId,
    place: &NewPlace,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let hand = Hand { office, tx, scope, who, at: office.now().at_ms() };
    let NewPlace { division, registered_division, area, address } = place;
    check_area(area)?;
    let (view, members) = open_for_change(hand, household, change).await?;
    if let Scope::Subtree(own) = scope {
        for next in [*division, *registered_division] {
            if next != view.division && next != view.registered_division {
                divisions::within(tx, *own, next).await?;
            }
        }
    }
    let row = Query::system(
        SEEN,
        "SELECT l.id, l.division_id, l.registered_division_id, l.area, l.from_on FROM household_place l WHERE l.household_id = ? \
         AND l.until_on IS NULL AND l.superseded_at IS NULL",
    )
    .bind(household)
    .one(tx)
    .await?;
    let from_on: NaiveDate = row.get("from_on")?;
    if change.on < from_on {
        return Err(OfficeError::invalid(
            "on",
            format!("迁移日期不能早于迁入现住地的日期（{}）。", vocab::zh_date(from_on)),
        ));
    }
    Query::system(SEEN, "UPDATE household_place SET superseded_at = ? WHERE id = ?")
        .bind(hand.at)
        .bind(row.get::<i64>("id")?)
        .execute(tx)
        .await?;
    if change.on > from_on {
        Query::system(
            SEEN,
            "INSERT INTO household_place (household_id, division_id, registered_division_id, area, from_on, until_on, recorded_at, reason, \
             case_id, recorded_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(household)
        .bind(row.get::<DivisionId>("division_id")?)
        .bind(row.get::<DivisionId>("registered_division_id")?)
        .bind(row.get::<String>("area")?)
        .bind(from_on)
        .bind(change.on)
        .bind(hand.at)
        .bind(change.reason.as_str())
        .bind(change.case)
        .bind(who.staff)
        .execute(tx)
        .await?;
    }
    insert_place(hand, household, *division, *registered_division, area, change).await?;
    Query::system(
        SEEN,
        "UPDATE household SET division_id = ?, registered_division_id = ?, county_id = ?, area = ?, address_sealed = ? WHERE id = ?",
    )
    .bind(*division)
    .bind(*registered_division)
    .bind(divisions::county(tx, *division).await?)
    .bind(area.as_str())
    .bind(address.as_ref().map(|address| office.keys().seal(address)).transpose()?)
    .bind(household)
    .execute_one(tx)
    .await?;
    for member in &members {
        let row = Query::system(SEEN, "SELECT p.division_id FROM person p WHERE p.id = ?")
            .bind(member.person)
            .one(tx)
            .await?;
        set_place(tx, member.person, row.get("division_id")?, *division).await?;
    }
    tx.audit(AuditEntry {
        case: change.case,
        division: Some(*division),
        details: serde_json::json!({
            "from": [view.division.0, view.registered_division.0], "to": [division.0, registered_division.0], "on": change.on,
            "reason": change.reason
        }),
        ..audited(hand.at, who.clone(), "household.moved", ("household", household.0))
    })
    .await?;
    Ok(())
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
