//! Families: who lives together (共同生活的家庭成员), who heads them, where they live - each with two times.
//!
//! - [`read`]: a family and its members, as of any day; [`founding`]: a new one, or one split from another; [`members`]: who comes, goes and heads it;
//!   [`moving`]: to another place.
//!
//! A change never overwrites: the row it ends is no longer believed from now on, and a new row says the same up to the
//! day of the change. A person is in one family at a time; the database holds it
//! (`membership_one_family`), and what the person reads is said here first.

use chrono::NaiveDate;
use store::{AuditActor, AuditEntry, CaseId, HouseholdId, PersonId, Query, Scope, Tx};

use crate::{Office, OfficeError, audited};

macro_rules! in_one_transaction {
    ($office:ident, $actor:ident, $step:ident($($argument:expr),*)) => {{
        let tx = $office.db().begin().await?;
        let done = $step($office, &tx, &$actor.scope(), &$actor.audit(), $($argument),*).await?;
        tx.commit().await?;
        Ok(done)
    }};
}

mod founding;
mod members;
mod moving;
mod read;

pub use founding::{
    NewHousehold, create_household, create_household_in, split_household, split_household_in,
};
pub use members::{
    NewMember, add_member, add_member_in, change_head, change_head_in, remove_member, remove_member_in,
};
pub(super) use members::{close_membership, insert_membership};
pub use moving::{NewPlace, move_household, move_household_in};
pub(crate) use read::members_of_all;
pub use read::{
    HouseholdView, Membership, current_household, find_household, members_as_of, membership_history,
};

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

/// Who changes what, seen from where: passed through the steps.
#[derive(Clone, Copy)]
pub(super) struct Hand<'a> {
    pub office: &'a Office,
    pub tx: &'a Tx,
    pub scope: &'a Scope,
    pub who: &'a AuditActor,
    pub at: i64,
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

fn check_area(area: &str) -> Result<(), OfficeError> {
    if matches!(area, "urban" | "rural") {
        Ok(())
    } else {
        Err(OfficeError::invalid("area", "请选择城市或农村。"))
    }
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
    let members = read::members_now(hand.tx, household).await?;
    Ok((view, members))
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
