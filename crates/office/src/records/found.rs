//! What somebody found and wrote into a record becomes a record of another register, where it is followed until it is settled
//! (两不愁三保障问题). It is entered by whoever wrote, in the transaction of the writing, through whichever door that came; where the rule does
//! not know, nothing is entered.

use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::{Field, FieldKind, Found, Register, Target};
use rules::Value;
use store::{Query, ScopeColumns, Tx};
use vocab::DivisionCode;

use super::batch::Batch;
use super::columns::{table, written};
use super::draft::{Draft, check, draft_with};
use super::look_up::LookedUp;
use super::read::{Record, records};
use super::shape::{Circumstances, Named, shaped};
use super::write::{By, Deed, Step};
use super::{Open, RULES, RecordId, joins};
use crate::forms::{Answers, Checked, FieldPath, FormValue, Raw, reference_text, referred_id, target_key};
use crate::{Office, OfficeError, divisions};

/// Enters what was found in records that have just been written.
pub(super) async fn enter(
    office: &Office,
    tx: &Tx,
    by: &By,
    open: &Open,
    ids: &[RecordId],
) -> Result<(), OfficeError> {
    let register = open.register();
    // What the system writes by itself it has not seen.
    if register.finds.is_empty() || ids.is_empty() || by.who.staff.is_none() {
        return Ok(());
    }
    let release = open.release();
    let named = Named::in_expressions(register.finds.iter().map(|one| one.when.as_str()));
    let stored = records(office.keys(), tx, &RULES, register, ids).await?;
    let seen = shaped(office, tx, register, &stored, &named).await?;
    let mut circumstances = Circumstances::new(office.now(), &named);
    for (record, seen) in stored.iter().zip(&seen) {
        let context = circumstances.of(tx, release, record.division).await?;
        for found in &register.finds {
            let when = release.found_when(&register.id, &found.id);
            let holds = when.is_some_and(|when| when.evaluate(seen, context) == Value::Boolean(true));
            if holds && is_followed(release, register, found, record) {
                follow(office, tx, by, open, found, record).await?;
            }
        }
    }
    Ok(())
}

/// Whether the register where it would be followed has the codes of what was found.
fn is_followed(release: &Release, register: &Register, found: &Found, record: &Record) -> bool {
    let Some(there) = release.registers.get(&found.register) else { return false };
    found.fills.iter().all(|(field, from)| {
        let list = |register: &Register, field: &str| {
            register.field(field).and_then(|field| field.codelist.as_ref().map(|list| list.get().clone()))
        };
        let (to, from_list) = (list(there, field), list(register, from));
        match (&to, record.values.get(from.get())) {
            (Some(to), Some(FormValue::Code(code))) if Some(to) != from_list.as_ref() => {
                release.codelists.get(to).is_some_and(|list| list.title_of(code).is_some())
            }
            _ => true,
        }
    })
}

/// One record where it is followed, with what the pack takes over.
async fn follow(
    office: &Office,
    tx: &Tx,
    by: &By,
    open: &Open,
    found: &Found,
    record: &Record,
) -> Result<(), OfficeError> {
    let register = open.register();
    let there = Open { release: Arc::clone(&open.release), id: found.register.get().clone() };
    let path = |field: &str| FieldPath { record: None, field: field.to_owned() };
    let here = record.answers(register);
    let mut answers = Answers::new();
    let mut looked = LookedUp::default();
    for (field, from) in &found.fills {
        let Some(raw) = here.get(&path(from)) else { continue };
        let target = register.field(from).and_then(Field::target);
        if let (Some(target), Some(id)) = (target, referred_id(raw.text())) {
            let known = (target_key(target), id);
            // It lies where the record lies in which it was found.
            looked.places.insert(known.clone(), record.division);
            looked.references.insert(known, title(tx, target, id).await?);
        }
        if register.field(from).is_some_and(|field| *field.kind == FieldKind::Division)
            && let Ok(code) = raw.text().parse::<DivisionCode>()
        {
            let division = divisions::by_code(tx, code.as_str()).await?;
            looked.divisions.insert(code, division.id);
            looked.names.insert(code, division.name);
        }
        answers.set(&path(field), raw.clone());
    }
    let source = (register.id.get().clone(), record.id.0);
    looked.places.insert(source.clone(), record.division);
    looked.references.insert(source, record.title.clone());
    answers.set(&path(&found.source), Raw::Text(reference_text(record.id.0)));
    if let Some(on) = &found.on {
        answers.set(&path(on), Raw::Text(office.now().today().to_string()));
    }
    for (field, text) in &found.sets {
        answers.set(&path(field), Raw::Text(text.get().replace("{id}", &record.id.0.to_string())));
    }
    if let Some(field) = &found.named {
        answers.set(&path(field), Raw::Text(record.title.clone()));
    }
    if let Some(field) = &found.place {
        let place = divisions::find(tx, record.division).await?;
        if let Ok(code) = place.code.parse::<DivisionCode>() {
            looked.names.insert(code, place.name);
            looked.divisions.insert(code, record.division);
        }
        answers.set(&path(field), Raw::Text(place.code));
    }
    let begins = found.begins.as_ref().map(|state| state.as_str());
    let draft = draft_with(office, &there, answers, looked, None, begins).await?;
    let reason = format!("{}：{}", register.title, record.title);
    if let Some(id) = is_there(office, tx, &there, found, &draft).await? {
        return told_again(office, tx, by, &there, (found, id), (register, record), &reason).await;
    }
    let step = Step { deed: Deed::Found, reason: &reason, state: begins, import: None };
    let mut batch = Batch::new(office, tx, by, &there);
    batch.write(&draft, None, &step).await?;
    batch.settle_alone().await
}

/// What is followed there already is told by this door too: it stands among its sources, if none of this kind does.
async fn told_again(
    office: &Office,
    tx: &Tx,
    by: &By,
    there: &Open,
    (found, id): (&Found, RecordId),
    (register, record): (&Register, &Record),
    reason: &str,
) -> Result<(), OfficeError> {
    let known = records(office.keys(), tx, &RULES, there.register(), &[id]).await?;
    let Some(known) = known.into_iter().next() else { return Ok(()) };
    if found.same.is_empty() || known.values.contains_key(found.source.get()) {
        return Ok(());
    }
    let source = (found.source.as_str(), reference_text(record.id.0));
    let pointed = (register.id.get().clone(), record.id.0, record.title.clone());
    joins::rewrite(office, tx, by, there, &known, source, Some(pointed), None, reason).await.map(drop)
}

/// The open record that follows already what would be entered: where the pack says what makes it the same, one in hand with these fields alike, whatever
/// its day; else one with the same key. What two doors tell is followed once, and stops neither of them.
async fn is_there(
    office: &Office,
    tx: &Tx,
    there: &Open,
    found: &Found,
    draft: &Draft,
) -> Result<Option<RecordId>, OfficeError> {
    let checked = check(office, there, draft)?;
    if !found.same.is_empty() {
        let same: Vec<&str> = found.same.iter().map(|field| field.as_str()).collect();
        let in_hand: Vec<&str> = found.in_hand.iter().map(|state| state.as_str()).collect();
        let known = alike(office, tx, there, draft, &checked, &same, &in_hand).await?;
        if known.is_some() {
            return Ok(known);
        }
    }
    let key: Vec<&str> = there.register().key.iter().map(|field| field.as_str()).collect();
    alike(office, tx, there, draft, &checked, &key, &[]).await
}

/// The first open record that has some fields like a draft, in one of some states; without any, in whatever state it is.
async fn alike(
    office: &Office,
    tx: &Tx,
    there: &Open,
    draft: &Draft,
    checked: &Checked,
    fields: &[&str],
    states: &[&str],
) -> Result<Option<RecordId>, OfficeError> {
    let register = there.register();
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    for field in fields.iter().filter_map(|id| register.field(id)) {
        let value = checked.get(field.id.get());
        let columns = written(office.keys(), register, field, value, &draft.looked.divisions, false)?;
        // Of a sealed field the blind index, which comes last.
        if let Some((column, value)) = columns.into_iter().last() {
            conditions.push(format!("r.{column} = ?"));
            values.push(value);
        }
    }
    let within = if states.is_empty() { "" } else { " AND r.state IN ({list})" };
    let sql = format!(
        "SELECT r.id FROM {} r WHERE r.closed_on IS NULL AND {}{within} ORDER BY r.id LIMIT 1",
        table(register),
        conditions.join(" AND ")
    );
    let query = Query::new(&RULES, &ScopeColumns::NONE, sql);
    let mut query = values.into_iter().fold(query, Query::bind_value);
    if !states.is_empty() {
        query = query.bind_list(states.iter().copied());
    }
    Ok(query.optional_as(tx, |row| row.get("id")).await?)
}

/// The words for a person or family that a record in scope points at.
async fn title(tx: &Tx, target: Target<'_>, id: i64) -> Result<String, OfficeError> {
    let (sql, suffix) = match target {
        Target::Household => (
            "SELECT p.name FROM membership m JOIN person p ON p.id = m.person_id WHERE m.household_id = ? AND m.head \
             AND m.until_on IS NULL AND m.superseded_at IS NULL",
            "家",
        ),
        Target::Person | Target::Record(_) => ("SELECT p.name FROM person p WHERE p.id = ?", ""),
    };
    let name: Option<String> =
        Query::new(&RULES, &ScopeColumns::NONE, sql).bind(id).optional_as(tx, |row| row.get("name")).await?;
    Ok(format!("{}{suffix}", name.unwrap_or_default()))
}
