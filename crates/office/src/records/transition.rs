//! From state to state: allowed from here, by this post, and only while its condition holds.

use catalogue::definition::{Register, STRUCK_OFF, Transition};
use rules::Value;
use store::IdempotencyKey;

use super::read::{Record, record};
use super::shape::{Circumstances, Named, shaped};
use super::write::{NewVersion, Saved, save};
use super::{Deed, Open, RecordId, holds};
use crate::access::{Actor, Granted, KeepRecords};
use crate::forms::Answers;
use crate::{Office, OfficeError};

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Moved<'a> {
    /// The record and the version that was shown.
    pub record: (RecordId, i64),
    /// The transition; `struck_off` takes a wrong entry off the register.
    pub transition: &'a str,
    /// All answers of the record, with those that are asked.
    pub answers: Answers,
    /// Why.
    pub reason: &'a str,
}

/// A transition that a record's page offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The transition.
    pub id: String,
    /// Title of the button.
    pub title: String,
    /// Why it cannot be done now; none when it can.
    pub not_now: Option<String>,
}

/// What may be done with a record, by an actor who keeps it.
pub(super) async fn offered(
    office: &Office,
    actor: &Actor,
    open: &Open,
    stored: &Record,
) -> Result<Vec<Offered>, OfficeError> {
    let register = open.register();
    let mut list = Vec::new();
    for transition in &register.transitions {
        if leads_from(transition, &stored.state) && holds(actor, &transition.holders) {
            let allowed = allowed(office, open, transition, stored).await?;
            list.push(Offered {
                id: transition.id.get().clone(),
                title: transition.title.clone(),
                not_now: if allowed { None } else { Some(transition.when_not.clone().unwrap_or_default()) },
            });
        }
    }
    if !register.is_closed(&stored.state) {
        list.push(Offered {
            id: STRUCK_OFF.to_owned(), title: "作废（登记有误）".to_owned(), not_now: None
        });
    }
    Ok(list)
}

fn leads_from(transition: &Transition, state: &str) -> bool {
    transition.from.iter().any(|from| from == state)
}

/// Why an actor cannot take a record along a transition now; none when they can.
pub(super) async fn refusal(
    office: &Office,
    actor: &Actor,
    open: &Open,
    stored: &Record,
    transition: &str,
) -> Result<Option<String>, OfficeError> {
    let register = open.register();
    let Some(found) = register.transition(transition).filter(|found| holds(actor, &found.holders)) else {
        return Err(OfficeError::NotFound("这个操作"));
    };
    if !leads_from(found, &stored.state) {
        let state = register.state_title(&stored.state);
        return Ok(Some(format!("现在是“{state}”，不能办理“{}”。", found.title)));
    }
    if allowed(office, open, found, stored).await? {
        return Ok(None);
    }
    Ok(Some(found.when_not.clone().unwrap_or_else(|| format!("不符合“{}”的条件。", found.title))))
}

async fn allowed(
    office: &Office,
    open: &Open,
    transition: &Transition,
    stored: &Record,
) -> Result<bool, OfficeError> {
    let register = open.register();
    let Some(when) = open.release().transition_when(&register.id, &transition.id) else { return Ok(true) };
    let named = Named::of(register);
    let seen = shaped(office, office.db(), register, std::slice::from_ref(stored), &named).await?;
    let mut circumstances = Circumstances::new(office.now(), &named);
    let context = circumstances.of(office.db(), open.release(), stored.division).await?;
    Ok(seen.first().is_some_and(|seen| when.evaluate(seen, context) == Value::Boolean(true)))
}

/// The fields that a transition asks; none for the one that strikes off.
pub fn asked<'a>(register: &'a Register, transition: &str) -> Vec<&'a str> {
    let found = register.transition(transition);
    found.map(|found| found.asks.iter().map(|field| field.as_str()).collect()).unwrap_or_default()
}

/// Whether the actor may take a record along a transition now.
///
/// # Errors
/// [`OfficeError::NotFound`] for a transition that does not lead from here or is not the actor's; [`OfficeError::Conflict`] with the
/// pack's words while its condition does not hold.
pub async fn may_take(
    office: &Office,
    actor: &Granted<KeepRecords>,
    open: &Open,
    stored: &Record,
    transition: &str,
) -> Result<(), OfficeError> {
    may_take_as(office, actor, open, stored, transition).await
}

/// The same for whoever may see the record.
pub(super) async fn may_take_as(
    office: &Office,
    actor: &Actor,
    open: &Open,
    stored: &Record,
    transition: &str,
) -> Result<(), OfficeError> {
    let offered = offered(office, actor, open, stored).await?;
    let found = offered.into_iter().find(|offered| offered.id == transition);
    let found = found.ok_or(OfficeError::NotFound("这个操作"))?;
    found.not_now.map_or(Ok(()), |why| Err(OfficeError::Conflict(why)))
}

/// Takes a record to another state.
///
/// # Errors
/// As [`may_take`] and [`save`].
pub async fn move_record(
    office: &Office,
    actor: &Granted<KeepRecords>,
    open: &Open,
    moved: Moved<'_>,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<Saved, OfficeError> {
    let register = open.register();
    let Moved { record: begun, transition, answers, reason } = moved;
    let stored = record(office.keys(), office.db(), &actor.scope(), register, begun.0).await?;
    may_take(office, actor, open, &stored, transition).await?;
    let state = register.transition(transition).map_or(STRUCK_OFF, |transition| transition.to.as_str());
    let new = NewVersion { record: Some(begun), answers, state: Some(state), deed: Deed::Moved, reason };
    save(office, actor, open, new, key).await
}
