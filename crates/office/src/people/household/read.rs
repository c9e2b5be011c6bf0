//! A family and its members: now, on a day, as was known then.

use chrono::NaiveDate;
use store::{Connection, DivisionId, HouseholdId, PersonId, Query, Scope, Tx};

use super::SEEN;
use crate::people::{HOUSEHOLD_COLUMNS, MembershipId};
use crate::{Office, OfficeError};

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

/// Who is in a family now, as every change of it begins.
pub(super) async fn members_now(tx: &Tx, household: HouseholdId) -> Result<Vec<Membership>, OfficeError> {
    let sql = format!(
        "SELECT {MEMBERSHIP} FROM membership m WHERE m.household_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL"
    );
    Ok(Query::system(SEEN, sql).bind(household).all_as(tx, read_membership).await?)
}
