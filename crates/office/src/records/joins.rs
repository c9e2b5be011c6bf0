//! Several reports of one thing: what is told again while it is in hand joins what is there already (one trouble of one person through two doors,
//! on different days), so that nobody is visited twice for it. Of the two the one that has come further stays, else the earlier; the other points
//! at it and keeps who told it and when. What is not known to be the same - at another place, of somebody who is not on file - stays by itself, and
//! what somebody has taken apart again is not joined anew.

use std::collections::HashMap;

use catalogue::definition::{Joins, Register, Target};
use store::{PersonId, Query, ScopeColumns, Tx};

use super::batch::Batch;
use super::columns::{column, table, written};
use super::draft::{check, draft_with};
use super::look_up::LookedUp;
use super::read::{Record, records};
use super::shape::references;
use super::write::{By, Deed, Step};
use super::{Open, RULES, RecordId};
use crate::forms::{FieldPath, FormValue, Raw, reference_text};
use crate::{Office, OfficeError};

/// Joins records that have just been written with what they tell again.
pub(super) async fn enter(
    office: &Office,
    tx: &Tx,
    by: &By,
    open: &Open,
    ids: &[RecordId],
) -> Result<(), OfficeError> {
    let register = open.register();
    let Some(joins) = &register.joins else { return Ok(()) };
    // What the system writes by itself nobody has told.
    if by.who.staff.is_none() {
        return Ok(());
    }
    for id in ids {
        let Some(here) = one(office, tx, register, *id).await? else { continue };
        let Some(there) = same(office, tx, register, joins, &here).await? else { continue };
        let further = how_far(joins, &there) > how_far(joins, &here);
        let level = how_far(joins, &there) == how_far(joins, &here);
        let (stays, goes) =
            if further || (level && there.id.0 < here.id.0) { (there, here) } else { (here, there) };
        join(office, tx, by, open, joins, &stays, &goes).await?;
    }
    Ok(())
}

/// Who stands in a record in hand of a register that is reconciled with leads: somebody goes there already.
pub(crate) async fn people_in_hand(
    office: &Office,
    register: &Register,
) -> Result<Vec<PersonId>, OfficeError> {
    let (Some(joins), Some(_)) = (&register.joins, &register.leads) else { return Ok(Vec::new()) };
    let mut same = joins.same.iter().filter_map(|id| register.field(id));
    let Some(person) = same.find(|field| field.target() == Some(Target::Person)) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT DISTINCT r.{0} AS person_id FROM {1} r WHERE r.closed_on IS NULL AND r.{0} IS NOT NULL AND r.state IN ({{list}})",
        column(person),
        table(register)
    );
    let states = joins.in_hand.iter().map(|state| state.as_str());
    Ok(Query::new(&RULES, &ScopeColumns::NONE, sql).bind_list(states).scalars(office.db()).await?)
}

async fn one(
    office: &Office,
    tx: &Tx,
    register: &Register,
    id: RecordId,
) -> Result<Option<Record>, OfficeError> {
    Ok(records(office.keys(), tx, &RULES, register, &[id]).await?.into_iter().next())
}

/// How far a record in hand has come; none of one that is not in hand.
fn how_far(joins: &Joins, record: &Record) -> Option<usize> {
    joins.in_hand.iter().position(|state| state.as_str() == record.state)
}

/// Another record in hand at the same place about the same, the earliest; none while something of this one is unknown.
async fn same(
    office: &Office,
    tx: &Tx,
    register: &Register,
    joins: &Joins,
    record: &Record,
) -> Result<Option<Record>, OfficeError> {
    let Some(with) = register.field(&joins.with) else { return Ok(None) };
    if how_far(joins, record).is_none() || record.values.contains_key(joins.with.get()) {
        return Ok(None);
    }
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    for field in joins.same.iter().filter_map(|id| register.field(id)) {
        let Some(value) = record.values.get(field.id.get()) else { return Ok(None) };
        let columns = written(office.keys(), register, field, Some(value), &HashMap::new(), false)?;
        // Of a sealed field the blind index, which comes last.
        if let Some((column, value)) = columns.into_iter().last() {
            conditions.push(format!("r.{column} = ?"));
            values.push(value);
        }
    }
    let sql = format!(
        "SELECT r.id FROM {} r WHERE r.closed_on IS NULL AND r.id <> ? AND r.division_id = ? AND r.{} IS NULL AND {} \
         AND r.state IN ({{list}}) ORDER BY r.id LIMIT 1",
        table(register),
        column(with),
        conditions.join(" AND ")
    );
    let query = Query::new(&RULES, &ScopeColumns::NONE, sql).bind(record.id).bind(record.division);
    let found: Option<RecordId> = values
        .into_iter()
        .fold(query, Query::bind_value)
        .bind_list(joins.in_hand.iter().map(|state| state.as_str()))
        .optional_as(tx, |row| row.get("id"))
        .await?;
    match found {
        Some(id) => one(office, tx, register, id).await,
        None => Ok(None),
    }
}

/// One goes into the other; the worse of both grades stands in the one that stays.
async fn join(
    office: &Office,
    tx: &Tx,
    by: &By,
    open: &Open,
    joins: &Joins,
    stays: &Record,
    goes: &Record,
) -> Result<(), OfficeError> {
    let register = open.register();
    let reason = format!("与“{}”（{}登记）是同一件事", stays.title, vocab::zh_date(stays.recorded_on));
    let pointed = (register.id.get().clone(), stays.id.0, stays.title.clone());
    let points = (joins.with.as_str(), reference_text(stays.id.0));
    if !rewrite(office, tx, by, open, goes, points, Some(pointed), Some(joins.to.as_str()), &reason).await? {
        return Ok(());
    }
    let Some(worse) = worse(open, joins, stays, goes) else { return Ok(()) };
    let reason = format!("同一件事又有人报告（{}登记）", vocab::zh_date(goes.recorded_on));
    let field = joins.worse.as_ref().map(|field| field.as_str()).unwrap_or_default();
    rewrite(office, tx, by, open, stays, (field, worse), None, None, &reason).await.map(drop)
}

/// The code of the one that goes, if it is worse than that of the one that stays: earlier in its list.
fn worse(open: &Open, joins: &Joins, stays: &Record, goes: &Record) -> Option<String> {
    let field = joins.worse.as_ref()?;
    let list = open.register().field(field)?.codelist.as_ref()?;
    let list = open.release().codelists.get(list)?;
    let code = |record: &Record| match record.values.get(field.get()) {
        Some(FormValue::Code(code)) => {
            let place = list.values.iter().position(|value| value.code.as_str() == code.as_str())?;
            Some((place, code.clone()))
        }
        _ => None,
    };
    let (place, code_of_goes) = code(goes)?;
    let better = code(stays).is_none_or(|(of_stays, _)| place < of_stays);
    better.then_some(code_of_goes)
}

/// Writes one field of a record, with whatever it points at, as one more version; whether it stands. A record that is not right as its register stands
/// now is left as it is: whoever tells something again is not kept from it.
#[expect(clippy::too_many_arguments, reason = "a record, what is written into it, and who says so")]
pub(super) async fn rewrite(
    office: &Office,
    tx: &Tx,
    by: &By,
    open: &Open,
    record: &Record,
    (field, text): (&str, String),
    pointed: Option<(String, i64, String)>,
    state: Option<&str>,
    reason: &str,
) -> Result<bool, OfficeError> {
    let register = open.register();
    let mut answers = record.answers(register);
    answers.set(&FieldPath { record: None, field: field.to_owned() }, Raw::Text(text));
    let mut looked = known(office, tx, open, record).await?;
    if let Some((target, id, title)) = pointed {
        looked.references.insert((target, id), title);
    }
    let draft = draft_with(office, open, answers, looked, Some(record), state).await?;
    if check(office, open, &draft).is_err() {
        return Ok(false);
    }
    let step = Step { deed: Deed::Joined, reason, state, import: None };
    let mut batch = Batch::new(office, tx, by, open);
    batch.write(&draft, Some(record), &step).await?;
    batch.settle_alone().await?;
    Ok(true)
}

/// What a record points at already, whatever area it lies in.
async fn known(office: &Office, tx: &Tx, open: &Open, record: &Record) -> Result<LookedUp, OfficeError> {
    let register = open.register();
    let mut looked = LookedUp::default();
    for (target, id) in references(register, record) {
        let title = title(tx, open, &target, id).await?;
        looked.references.insert((target, id), title);
    }
    let today = office.now().today();
    for value in record.values.values() {
        let FormValue::Division(code) = value else { continue };
        if let Some(found) = store::divisions::division_by_code(tx, code.as_str(), today).await? {
            looked.names.insert(code.clone(), found.name);
            looked.divisions.insert(code.clone(), found.id);
        }
    }
    // Where it lies is known already, whatever became of the code.
    if let Some(FormValue::Division(code)) = record.values.get(register.place_field.get()) {
        looked.divisions.insert(code.clone(), record.division);
        looked.names.entry(code.clone()).or_default();
    }
    Ok(looked)
}

async fn title(tx: &Tx, open: &Open, target: &str, id: i64) -> Result<String, OfficeError> {
    let sql = match target {
        "person" => "SELECT p.name AS title FROM person p WHERE p.id = ?".to_owned(),
        "household" => "SELECT p.name AS title FROM membership m JOIN person p ON p.id = m.person_id WHERE m.household_id = ? \
             AND m.head AND m.until_on IS NULL AND m.superseded_at IS NULL"
            .to_owned(),
        register => match open.release().registers.get(register) {
            Some(register) => format!("SELECT r.title FROM {} r WHERE r.id = ?", table(register)),
            None => return Ok(String::new()),
        },
    };
    let found: Option<String> =
        Query::new(&RULES, &ScopeColumns::NONE, sql).bind(id).optional_as(tx, |row| row.get("title")).await?;
    Ok(match (target, found) {
        ("household", Some(name)) => format!("{name}家"),
        (_, found) => found.unwrap_or_default(),
    })
}
