//! What an organisation reports: a new record, a change, a step from state to state. It writes the fields that the pack leaves to it and
//! points at nothing but its own records and at people whose papers it has in hand: name and citizen ID together. Somebody who is on file
//! nowhere is registered with the record, where the organisation is.

use catalogue::definition::Target;
use store::{IdempotencyKey, PersonId, Query, Tx};
use vocab::{CitizenId, PersonName};

use super::super::columns::table;
use super::super::draft::{Draft, draft_with, form};
use super::super::look_up::known;
use super::super::page::looked_at;
use super::super::transition::may_take_as;
use super::super::write::{By, Door, NewVersion, Saved, save_through};
use super::super::{Deed, LookedUp, RECORD_COLUMNS, Record, RecordId, conflict, look_up, row_files, shape};
use super::{OWN, Own, area, belongs, opened};
use crate::access::{Actor, Granted, ReportRecords};
use crate::casework::drafts;
use crate::forms::{Answers, FieldPath, FormValue, Raw, reference_text, referred_id, target_key};
use crate::people::{self, NewPerson};
use crate::{Office, OfficeError};

/// An organisation's records that may be pointed at, of one register.
const POINTED_MAX: i64 = 3000;
/// Of those, what typed words may mean.
const OFFERED_MAX: usize = 12;

/// People who are on file nowhere yet, by the field that points at them.
pub(in crate::records) type Unknown = Vec<(FieldPath, NewPerson)>;

/// A new record's form.
///
/// # Errors
/// [`OfficeError::NotFound`] where the pack lets organisations add nothing.
pub async fn for_adding(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
) -> Result<Own, OfficeError> {
    let own = opened(office, actor, register).await?;
    if own.side().adds { Ok(own) } else { Err(OfficeError::NotFound("这个登记簿")) }
}

/// A record that the organisation will write on. Written down.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is not the organisation's.
pub async fn for_writing(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
    id: RecordId,
) -> Result<(Own, Record), OfficeError> {
    let own = opened(office, actor, register).await?;
    let record = own.found(office, actor, id).await?;
    looked_at(office, actor, register, id).await?;
    Ok((own, record))
}

/// A record that the organisation will take along a transition. Written down.
///
/// # Errors
/// As [`for_writing`]; [`OfficeError::NotFound`] for a transition that is not the organisation's, [`OfficeError::Conflict`] with the pack's
/// words while it cannot be taken.
pub async fn for_taking(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
    id: RecordId,
    transition: &str,
) -> Result<(Own, Record), OfficeError> {
    let (own, record) = for_writing(office, actor, register, id).await?;
    own.transition(transition).ok_or(OfficeError::NotFound("这个操作"))?;
    may_take_as(office, actor, &own.open, &record, transition).await?;
    Ok((own, record))
}

/// The form as it stands, for its page: what was typed, with what was found for it.
///
/// # Errors
/// The database.
pub async fn draft(
    office: &Office,
    actor: &Granted<ReportRecords>,
    (own, taken): (&Own, Option<&str>),
    answers: Answers,
    existing: Option<&Record>,
) -> Result<Draft, OfficeError> {
    let state = taken.and_then(|id| own.transition(id)).map(|way| way.to.as_str());
    let (mut draft, _) = drafted(office, actor, (own, taken), answers.clone(), existing, state).await?;
    // The page shows name and number as they were typed: a person's own number of ours is nothing that an organisation sends.
    for (page, field) in form(&own.open)?.fields().filter(|(page, _)| page.repeat.is_none()) {
        let path = FieldPath::new(page, None, field);
        let typed = answers.get(&path).filter(|_| field.target() == Some(Target::Person));
        let stored = existing.and_then(|record| record.values.get(field.id.get()));
        if let (Some(typed), None) = (typed, stored) {
            draft.answers.set(&path, typed.clone());
        }
    }
    Ok(draft)
}

/// Writes a record of the organisation's, new or changed.
///
/// # Errors
/// As [`super::super::save`]; [`OfficeError::NotFound`] for what is not the organisation's.
pub async fn save(
    office: &Office,
    actor: &Granted<ReportRecords>,
    own: &Own,
    new: NewVersion<'_>,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<Saved, OfficeError> {
    match new.record {
        Some((id, _)) => {
            let record = own.found(office, actor, id).await?;
            if own.open.register().is_closed(&record.state) {
                return Err(OfficeError::Conflict("这条记录已经结束，不能再改。".to_owned()));
            }
        }
        None if !own.side().adds => return Err(OfficeError::NotFound("这个登记簿")),
        None => {}
    }
    let new = NewVersion { state: None, ..new };
    save_through(office, actor, Door::Organisation(own, None), &own.open, new, key).await
}

/// Takes a record of the organisation's to another state, with what the transition asks.
///
/// # Errors
/// As [`for_taking`] and [`save`].
pub async fn take(
    office: &Office,
    actor: &Granted<ReportRecords>,
    own: &Own,
    begun: (RecordId, i64),
    transition: &str,
    (answers, reason): (Answers, &str),
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<Saved, OfficeError> {
    let record = own.found(office, actor, begun.0).await?;
    let way = own.transition(transition).ok_or(OfficeError::NotFound("这个操作"))?;
    may_take_as(office, actor, &own.open, &record, transition).await?;
    let new =
        NewVersion { record: Some(begun), answers, state: Some(way.to.as_str()), deed: Deed::Moved, reason };
    save_through(office, actor, Door::Organisation(own, Some(transition)), &own.open, new, key).await
}

/// Answers of an organisation with everything looked up: what it does not write stays as it is, and it reaches nothing but its own.
pub(in crate::records) async fn drafted(
    office: &Office,
    actor: &Actor,
    (own, taken): (&Own, Option<&str>),
    mut answers: Answers,
    existing: Option<&Record>,
    state: Option<&str>,
) -> Result<(Draft, Unknown), OfficeError> {
    let register = own.open.register();
    let form = form(&own.open)?;
    let stored = existing.map(|record| record.answers(register)).unwrap_or_default();
    let names = register.form_fields().map(|field| field.id.as_str()).chain(register.lists());
    for name in names.filter(|name| !own.writes(name, existing.is_some(), taken)) {
        conflict::take(form, &mut answers, &stored, name);
    }
    // Divisions are everybody's. Nothing else is found in the account's own scope.
    let mut looked = look_up(office, actor, form, &mut answers).await?;
    looked.files = row_files::of_owner(office, &drafts::owner_of(actor), register, form, &answers).await?;
    if let Some(existing) = existing {
        looked.references.extend(known(office, &OWN, shape::references(register, existing)).await?);
    }
    let mut unknown = Unknown::new();
    for (page, field) in form.fields().filter(|(page, _)| page.repeat.is_none()) {
        let Some(target) = field.target() else { continue };
        let path = FieldPath::new(page, None, field);
        if own.is_itself(field) {
            answers.set(&path, Raw::Text(reference_text(own.id.0)));
            looked.references.insert((own.kind.clone(), own.id.0), own.title.clone());
            looked.places.insert((own.kind.clone(), own.id.0), own.division);
            continue;
        }
        let typed = answers.get(&path).map(|raw| raw.text().trim().to_owned()).unwrap_or_default();
        let stands = existing.and_then(|record| match record.values.get(field.id.get()) {
            Some(FormValue::Reference(id)) => Some(*id),
            _ => None,
        });
        if typed.is_empty() || (stands.is_some() && referred_id(&typed) == stands) {
            continue;
        }
        match target {
            Target::Record(of) => {
                one_of_its_own(office, actor, own, (of, &typed), &path, &mut answers, &mut looked).await?
            }
            Target::Person => {
                if let Some(new) = with_papers(office, &typed, &path, &mut answers, &mut looked).await? {
                    // A number that nobody has stands for them until they are registered.
                    let number = i64::MAX - i64::try_from(unknown.len()).unwrap_or(0);
                    answers.set(&path, Raw::Text(reference_text(number)));
                    looked.references.insert((target_key(target), number), new.name.as_str().to_owned());
                    unknown.push((path, NewPerson { division: own.division, ..new }));
                }
            }
            Target::Household => {}
        }
    }
    Ok((draft_with(office, &own.open, answers, looked, existing, state).await?, unknown))
}

/// The organisation's own record of a register that words name: by its number, its title, or a part of it.
async fn one_of_its_own(
    office: &Office,
    actor: &Actor,
    own: &Own,
    (of, typed): (&str, &str),
    path: &FieldPath,
    answers: &mut Answers,
    looked: &mut LookedUp,
) -> Result<(), OfficeError> {
    let release = own.open.release();
    let Some(register) = release.registers.get(of) else { return Ok(()) };
    let Some(condition) = belongs(release, register, &own.kind) else { return Ok(()) };
    let sql = format!(
        "SELECT r.id, r.title, r.division_id FROM {} r WHERE {{scope}} AND {condition} AND r.closed_on IS NULL \
         ORDER BY r.title, r.id LIMIT {POINTED_MAX}",
        table(register)
    );
    let rows: Vec<(i64, String, store::DivisionId)> = Query::new(&area(actor), &RECORD_COLUMNS, sql)
        .bind(own.id)
        .all_as(office.db(), |row| Ok((row.get("id")?, row.get("title")?, row.get("division_id")?)))
        .await?;
    let number = referred_id(typed);
    let exact = rows.iter().find(|(id, title, _)| number.map_or(title == typed, |number| number == *id));
    let parts: Vec<&(i64, String, store::DivisionId)> = match exact {
        Some(one) => vec![one],
        None if number.is_some() => Vec::new(),
        None => rows.iter().filter(|(_, title, _)| title.contains(typed)).take(OFFERED_MAX).collect(),
    };
    match parts.as_slice() {
        [] => {}
        [(id, title, place)] => {
            answers.set(path, Raw::Text(reference_text(*id)));
            looked.references.insert((of.to_owned(), *id), title.clone());
            looked.places.insert((of.to_owned(), *id), *place);
        }
        several => {
            let offered = several.iter().map(|(id, title, _)| (reference_text(*id), title.clone()));
            looked.candidates.insert(path.to_string(), offered.collect());
        }
    }
    Ok(())
}

/// Who is meant by a name and a citizen ID that stand together on papers. Somebody on file under this number and name is pointed at; somebody
/// on file under another name is not found; somebody on file nowhere comes back, to be registered.
async fn with_papers(
    office: &Office,
    typed: &str,
    path: &FieldPath,
    answers: &mut Answers,
    looked: &mut LookedUp,
) -> Result<Option<NewPerson>, OfficeError> {
    let parts = typed.split(|sign: char| sign.is_whitespace() || "，,、；;/".contains(sign));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let Some((place, citizen_id)) =
        parts.iter().enumerate().find_map(|(place, part)| Some((place, part.parse::<CitizenId>().ok()?)))
    else {
        return Ok(None);
    };
    let name: String =
        parts.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, part)| *part).collect();
    let Ok(name) = name.parse::<PersonName>() else { return Ok(None) };
    let row = Query::system(
        "whoever holds the papers is looked for under number and name together",
        format!("SELECT p.id, p.name, p.residence_division_id FROM person p WHERE {}", people::BY_NUMBER),
    )
    .bind(people::citizen_id_blind(office.keys(), &citizen_id))
    .optional(office.db())
    .await?;
    let Some(row) = row else {
        let division = store::DivisionId(0);
        return Ok(Some(NewPerson { name, citizen_id, phone: None, division, residence: None }));
    };
    let on_file: String = row.get("name")?;
    if on_file == name.as_str() {
        let id: i64 = row.get("id")?;
        answers.set(path, Raw::Text(reference_text(id)));
        looked.references.insert(("person".to_owned(), id), on_file);
        looked.places.insert(("person".to_owned(), id), row.get("residence_division_id")?);
    }
    Ok(None)
}

/// Registers somebody who is on file nowhere, with the record that names them.
pub(in crate::records) async fn registered(
    office: &Office,
    tx: &Tx,
    by: &By,
    path: &FieldPath,
    person: &NewPerson,
) -> Result<PersonId, OfficeError> {
    let at = office.now().at_ms();
    match people::register_person_in(office, tx, &by.scope, &by.who, person, at).await {
        Ok(registered) => Ok(registered.person()),
        // What is wrong with the number stands at the field in which it was typed.
        Err(OfficeError::Invalid(problems)) => {
            let words: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            Err(OfficeError::invalid(&path.to_string(), words.join("")))
        }
        // Somebody registered them a moment ago: sent again, they are found.
        Err(OfficeError::RegisteredElsewhere) => Err(OfficeError::stale()),
        Err(error) => Err(error),
    }
}
