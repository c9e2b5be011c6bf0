//! A family moves; where it lived stays in the history.

use chrono::NaiveDate;
use store::{AuditActor, AuditEntry, DivisionId, HouseholdId, Query, Scope, Tx};

use super::{Hand, MemberChange, SEEN, check_area, open_for_change};
use crate::access::{Granted, RegisterPeople};
use crate::people::person::set_place;
use crate::{Office, OfficeError, audited, divisions};

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

pub(super) async fn insert_place(
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
