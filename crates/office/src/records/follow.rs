//! Records that point at a person who turns out to be another one: each is led on through the same door as every change, as one more version
//! with its reason, and led back the same way.

use std::sync::Arc;

use catalogue::definition::{Register, Target};
use store::{Connection, DivisionId, PersonId, Query, ScopeColumns, Tx};

use super::columns::{column, list_table, searched_column, table};
use super::draft::{draft_with, form};
use super::look_up::Finder;
use super::read::records;
use super::shape::references;
use super::write::{By, Step, save_by};
use super::{Deed, Open, RULES, RecordId};
use crate::access::Actor;
use crate::forms::{FieldPath, FormValue, Raw, reference_text, referred_id};
use crate::{Office, OfficeError};

const FOLLOWED: &str = "records about two people who turned out to be one";

/// Somebody as a record points at them.
pub(crate) struct Pointed<'a> {
    pub id: PersonId,
    pub name: &'a str,
    pub home: DivisionId,
}

/// What was done to a record: led to the other person, or, where the system keeps one record of each person and both had one, moved out of its
/// register; `was` is the state it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Led {
    pub register: String,
    pub record: RecordId,
    pub was: Option<String>,
}

/// Ids of a register's records that point at a person, closed ones too.
async fn pointing(
    connection: &impl Connection,
    register: &Register,
    person: PersonId,
) -> Result<Vec<RecordId>, OfficeError> {
    let mut asked = Vec::new();
    for (_, field) in register.fields().filter(|(_, field)| field.target() == Some(Target::Person)) {
        asked.push(format!("SELECT r.id FROM {} r WHERE r.{} = ?", table(register), column(field)));
    }
    for of in register.lists() {
        for field in register.list_fields(of).filter(|field| field.target() == Some(Target::Person)) {
            asked.push(format!(
                "SELECT l.record_id AS id FROM {} l WHERE l.{} = ?",
                list_table(register, of),
                column(field)
            ));
        }
    }
    let mut found: Vec<RecordId> = Vec::new();
    for sql in asked {
        found.extend(Query::system(FOLLOWED, sql).bind(person).scalars::<RecordId>(connection).await?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// How many records point at a person, by the title of the register.
///
/// # Errors
/// The database's.
pub(crate) async fn counted(
    office: &Office,
    connection: &impl Connection,
    person: PersonId,
) -> Result<Vec<(String, usize)>, OfficeError> {
    let mut counts = Vec::new();
    for register in office.release().registers.iter() {
        let found = pointing(connection, register, person).await?.len();
        if found > 0 {
            counts.push((register.title.clone(), found));
        }
    }
    Ok(counts)
}

/// Open records of one person that would say the same of the other as one of theirs: their key differs by the person only.
async fn doubled(
    connection: &impl Connection,
    register: &Register,
    one: PersonId,
    other: PersonId,
) -> Result<Vec<RecordId>, OfficeError> {
    let key: Vec<_> = register.key.iter().filter_map(|id| register.field(id)).collect();
    let (persons, others): (Vec<_>, Vec<_>) =
        key.into_iter().partition(|field| field.target() == Some(Target::Person));
    let [person] = persons.as_slice() else { return Ok(Vec::new()) };
    let table = table(register);
    let same: String =
        others.into_iter().map(|field| format!(" AND b.{0} = a.{0}", searched_column(field))).collect();
    let sql = format!(
        "SELECT a.id FROM {table} a JOIN {table} b ON b.closed_on IS NULL{same} WHERE a.closed_on IS NULL AND a.{0} = ? AND b.{0} = ?",
        column(person)
    );
    Ok(Query::new(&RULES, &ScopeColumns::NONE, sql).bind(one).bind(other).scalars(connection).await?)
}

/// Where a register that the system feeds sends whoever does not belong, without a reason of its own.
fn way_out(register: &Register) -> Option<&str> {
    let fed = register.fed.as_ref()?;
    fed.leaves.iter().find(|leaving| leaving.when.is_none()).map(|leaving| leaving.to.as_str())
}

/// Titles of registers in which both people stand with one open record each, which a person has to settle first.
///
/// # Errors
/// The database's.
pub(crate) async fn clashes(
    office: &Office,
    connection: &impl Connection,
    one: PersonId,
    other: PersonId,
) -> Result<Vec<String>, OfficeError> {
    let mut titles = Vec::new();
    for register in office.release().registers.iter() {
        if way_out(register).is_none() && !doubled(connection, register, one, other).await?.is_empty() {
            titles.push(register.title.clone());
        }
    }
    Ok(titles)
}

/// Leads every record of one person to another.
///
/// # Errors
/// [`OfficeError::Conflict`] when a record is not right as its register stands now and somebody has to mend it first.
pub(crate) async fn follow(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    from: &Pointed<'_>,
    to: &Pointed<'_>,
    reason: &str,
) -> Result<Vec<Led>, OfficeError> {
    let mut led = Vec::new();
    let release = office.release();
    for register in release.registers.iter() {
        let ids = pointing(tx, register, from.id).await?;
        if ids.is_empty() {
            continue;
        }
        let doubled = doubled(tx, register, from.id, to.id).await?;
        let open = Open { release: Arc::clone(&release), id: register.id.get().clone() };
        for record in ids {
            let out = way_out(register).filter(|_| doubled.contains(&record));
            let was = write(office, tx, actor, &open, record, from, to, out, reason).await?;
            let was = out.map(|_| was);
            led.push(Led { register: register.id.get().clone(), record, was });
        }
    }
    Ok(led)
}

/// Leads records back that [`follow`] led. What has left its register's definition since stays where it is.
///
/// # Errors
/// As [`follow`].
pub(crate) async fn follow_back(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    led: &[Led],
    from: &Pointed<'_>,
    back_to: &Pointed<'_>,
    reason: &str,
) -> Result<(), OfficeError> {
    let release = office.release();
    for Led { register, record, was } in led {
        if release.registers.get(register).is_none() {
            continue;
        }
        let open = Open { release: Arc::clone(&release), id: register.clone() };
        write(office, tx, actor, &open, *record, from, back_to, was.as_deref(), reason).await?;
    }
    Ok(())
}

/// Writes one record with the other person in it, or, with a state, in that state as it is; the state in which it was.
#[expect(clippy::too_many_arguments, reason = "a record, from whom to whom, and who says so")]
async fn write(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    open: &Open,
    record: RecordId,
    from: &Pointed<'_>,
    to: &Pointed<'_>,
    state: Option<&str>,
    reason: &str,
) -> Result<String, OfficeError> {
    let register = open.register();
    let form = form(open)?;
    let existing = records(office.keys(), tx, &RULES, register, &[record]).await?;
    let existing = existing.into_iter().next().ok_or(OfficeError::NotFound("这条记录"))?;
    let mut answers = existing.answers(register);
    let mut looked = Finder::new(office, actor).look_up(form, &mut answers).await?;
    for (target, id) in references(register, &existing) {
        looked.references.entry((target, id)).or_insert_with(|| "（已登记）".to_owned());
    }
    // Where it lies is known already, also outside of the area of whoever confirms.
    if let Some(FormValue::Division(code)) = existing.values.get(register.place_field.get()) {
        looked.divisions.entry(code.clone()).or_insert(existing.division);
    }
    for Pointed { id, name, home } in [from, to] {
        looked.references.insert(("person".to_owned(), id.0), (*name).to_owned());
        looked.places.insert(("person".to_owned(), id.0), *home);
    }
    if state.is_none() {
        for (page, field) in form.fields().filter(|(_, field)| field.target() == Some(Target::Person)) {
            let instances: Vec<Option<usize>> = match &page.repeat {
                None => vec![None],
                Some(repeat) => (0..answers.count(&repeat.of)).map(Some).collect(),
            };
            for instance in instances {
                let path = FieldPath::new(page, instance, field);
                let points = answers.get(&path).and_then(|raw| referred_id(raw.text()));
                if points == Some(from.id.0) {
                    answers.set(&path, Raw::Text(reference_text(to.id.0)));
                }
            }
        }
    }
    // The day on which somebody left a register that the system feeds is written with the way out, and taken back with the way back.
    for leaving in register.fed.iter().flat_map(|fed| &fed.leaves) {
        if let (Some(state), Some(dated)) = (state.filter(|state| *state != existing.state), &leaving.dated) {
            let left = leaving.to == *state;
            let day = if left { office.now().today().to_string() } else { String::new() };
            answers.set(&FieldPath { record: None, field: dated.get().clone() }, Raw::Text(day));
        }
    }
    let draft = draft_with(office, open, answers, looked, Some(&existing), state).await?;
    let step = Step { deed: Deed::Merged, reason, state, import: None };
    let by = By { who: actor.audit(), ..By::system(FOLLOWED) };
    match save_by(office, tx, &by, open, &draft, Some(&existing), &step).await {
        Ok(_) => Ok(existing.state),
        Err(OfficeError::Invalid(_)) => Err(OfficeError::Conflict(format!(
            "「{}」里的记录「{}」按现在的登记要求还不完整，请先补正这条记录，再合并。",
            register.title, existing.title
        ))),
        Err(error) => Err(error),
    }
}
