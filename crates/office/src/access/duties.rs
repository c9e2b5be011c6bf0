//! Two hands and 回避: what a person may not do although their post may.

use store::{Connection, HouseholdId, Query, Scope, ScopeColumns, StaffId};

use super::actor::Actor;
use crate::OfficeError;

/// Refuses when the actor is one of those who already acted: who accepts does not confirm, who makes a run does not
/// approve it. Compares accounts and, where known, the persons behind them.
///
/// `did` says what they did, Chinese: `受理了这件申请`.
///
/// # Errors
/// [`OfficeError::Separation`].
pub fn different_person(actor: &Actor, acted: &[StaffId], did: &str) -> Result<(), OfficeError> {
    if acted.contains(&actor.staff) {
        return Err(OfficeError::Separation(format!(
            "您已{did}，这一步必须由另一人办理。请转交其他有权限的同事。"
        )));
    }
    Ok(())
}

/// Refuses when the actor is, or ever was, a member of the household (回避). Relatives who do not live there stand in the
/// record of relatives (近亲属备案), which `casework` reads.
///
/// # Errors
/// [`OfficeError::Separation`].
pub async fn not_of_own_family(
    connection: &impl Connection,
    actor: &Actor,
    household: HouseholdId,
) -> Result<(), OfficeError> {
    const FAMILY: Scope = Scope::System("回避 is asked over all families");
    let Some(person) = actor.person else { return Ok(()) };
    let row = Query::new(
        &FAMILY,
        &ScopeColumns::NONE,
        "SELECT 1 AS one FROM membership m WHERE m.household_id = ? AND m.superseded_at IS NULL AND m.person_id IN ( \
         SELECT CAST(? AS BIGINT) UNION SELECT k.person_id FROM membership o JOIN membership k ON k.household_id = o.household_id \
         WHERE o.person_id = ? AND o.superseded_at IS NULL AND o.until_on IS NULL AND k.superseded_at IS NULL AND k.until_on IS NULL) LIMIT 1",
    )
    .bind(household)
    .bind(person)
    .bind(person)
    .optional(connection)
    .await?;
    match row {
        Some(_) => Err(OfficeError::Separation(
            "这是您本人或共同生活的家人所在的家庭，您应当回避。请转交其他有权限的同事办理。".to_owned(),
        )),
        None => Ok(()),
    }
}
