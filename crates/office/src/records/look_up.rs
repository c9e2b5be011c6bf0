//! From typed words to what is meant: a person by number or name, a family by its head, a record by its title or key, a division by name
//! or code. What is found is written into the answers as `〔id〕` (a division as its code), so that it is looked for once; where words may
//! mean several things the form offers them.
//!
//! Everything is looked for in the scope of whoever types. What lies outside looks like what is not there.

use std::collections::{BTreeMap, HashMap};

use catalogue::definition::{Field, FieldKind, Form, Register, Target};
use store::{DivisionId, HouseholdId, PersonId, Query, Scope};
use vocab::{CitizenId, DivisionCode};

use super::columns::{ColumnKind, searched_column, table};
use super::{RECORD_COLUMNS, find, pointed_at, row_files};
use crate::access::{Actor, ReadPeople, Right};
use crate::divisions::{self, Namesakes};
use crate::forms::{Answers, FieldPath, FormContext, Raw, reference_text, referred_id, target_key};
use crate::people::{self, HOUSEHOLD_COLUMNS, PERSON_COLUMNS};
use crate::{Office, OfficeError};

/// Things offered to choose from.
const OFFERED_MAX: usize = 12;
/// Words that stand for more records than this are no help in choosing.
const FEW_MAX: usize = 500;

/// What the answers point at.
#[derive(Debug, Clone, Default)]
pub struct LookedUp {
    /// Divisions with their full names.
    pub names: BTreeMap<DivisionCode, String>,
    /// Divisions by code.
    pub divisions: HashMap<DivisionCode, DivisionId>,
    /// Titles of what is pointed at.
    pub references: BTreeMap<(String, i64), String>,
    /// Where it lies.
    pub places: HashMap<(String, i64), DivisionId>,
    /// What words may mean, by the path of the field.
    pub candidates: BTreeMap<String, Vec<(String, String)>>,
    /// What to say of words that mean more than can be offered, by the words.
    pub unclear: BTreeMap<String, String>,
    /// Files that may be named: the writer's own and the record's.
    pub(super) files: row_files::Files,
}

impl LookedUp {
    /// The context in which a register's form is read.
    #[must_use]
    pub fn context<'a>(&self, office: &Office, release: &'a catalogue::Release) -> FormContext<'a> {
        let mut context = FormContext::new(release, office.now());
        context.divisions = self.names.clone();
        context.references = self.references.clone();
        context.candidates = self.candidates.clone();
        context.unclear = self.unclear.clone();
        context.attachments = self.files.clone();
        context
    }
}

/// What words mean.
#[derive(Debug, Clone)]
enum Found {
    One(i64, String, Option<DivisionId>),
    Several(Vec<(i64, String)>),
    Nothing,
}

/// Looks for things and remembers what it found: one for each request or batch.
pub(super) struct Finder<'a> {
    pub office: &'a Office,
    pub actor: &'a Actor,
    found: HashMap<(String, String), Found>,
    divisions: HashMap<String, Namesakes>,
}

/// Looks up everything that the answers of a form point at, and writes into them what was found.
///
/// # Errors
/// The database.
pub async fn look_up(
    office: &Office,
    actor: &Actor,
    form: &Form,
    answers: &mut Answers,
) -> Result<LookedUp, OfficeError> {
    Finder::new(office, actor).look_up(form, answers).await
}

impl<'a> Finder<'a> {
    pub fn new(office: &'a Office, actor: &'a Actor) -> Finder<'a> {
        Finder { office, actor, found: HashMap::new(), divisions: HashMap::new() }
    }

    pub async fn look_up(&mut self, form: &Form, answers: &mut Answers) -> Result<LookedUp, OfficeError> {
        let mut looked = LookedUp::default();
        for (page, field) in form.fields() {
            let pointing = field.target().is_some() || *field.kind == FieldKind::Division;
            if !pointing {
                continue;
            }
            let instances: Vec<Option<usize>> = match &page.repeat {
                None => vec![None],
                Some(repeat) => (0..answers.count(&repeat.of)).map(Some).collect(),
            };
            for record in instances {
                let path = FieldPath::new(page, record, field);
                let Some(typed) = answers.get(&path).map(|raw| raw.text().trim().to_owned()) else {
                    continue;
                };
                if typed.is_empty() {
                    continue;
                }
                match field.target() {
                    Some(target) => self.reference(target, &path, &typed, answers, &mut looked).await?,
                    None => self.division(&path, &typed, answers, &mut looked).await?,
                }
            }
        }
        Ok(looked)
    }

    async fn reference(
        &mut self,
        target: Target<'_>,
        path: &FieldPath,
        typed: &str,
        answers: &mut Answers,
        looked: &mut LookedUp,
    ) -> Result<(), OfficeError> {
        let target_name = target_key(target);
        // What is known by its number is asked by its number, whatever title stands before it.
        let asked = referred_id(typed).map_or_else(|| typed.to_owned(), reference_text);
        let key = (target_name.clone(), asked.clone());
        let found = match self.found.get(&key) {
            Some(found) => found.clone(),
            None => {
                let found = match target {
                    Target::Person => self.person(&asked).await?,
                    Target::Household => self.household(&asked).await?,
                    Target::Record(register) => self.record(register, &asked).await?,
                };
                self.found.insert(key, found.clone());
                found
            }
        };
        match found {
            Found::One(id, title, place) => {
                answers.set(path, Raw::Text(reference_text(id)));
                if let Some(place) = place {
                    looked.places.insert((target_name.clone(), id), place);
                }
                looked.references.insert((target_name, id), title);
            }
            Found::Several(list) => {
                let offered =
                    list.into_iter().map(|(id, title)| (format!("{title}{}", reference_text(id)), title));
                looked.candidates.insert(path.to_string(), offered.collect());
            }
            Found::Nothing => {}
        }
        Ok(())
    }

    async fn person(&mut self, asked: &str) -> Result<Found, OfficeError> {
        let scope = self.actor.scope();
        let one = |condition: &str| {
            let sql = format!(
                "SELECT p.id, p.name, p.residence_division_id FROM person p WHERE {{scope}} AND {condition} LIMIT 2"
            );
            Query::new(&scope, &PERSON_COLUMNS, sql)
        };
        let compact: String = asked.chars().filter(|sign| !sign.is_whitespace()).collect();
        let query = if let Some(id) = referred_id(asked) {
            one("p.id = ?").bind(PersonId(id))
        } else if let Ok(id) = compact.parse::<CitizenId>() {
            one(people::BY_NUMBER).bind(people::citizen_id_blind(self.office.keys(), &id))
        } else {
            return self.person_by_words(asked).await;
        };
        let rows = query.all(self.office.db()).await?;
        Ok(match rows.as_slice() {
            [row] => Found::One(row.get("id")?, row.get("name")?, row.get("residence_division_id")?),
            _ => Found::Nothing,
        })
    }

    async fn by_words(&self, asked: &str) -> Result<Vec<people::Found>, OfficeError> {
        if !self.actor.may(Right::ReadPeople) {
            return Ok(Vec::new());
        }
        let reader = self.actor.grant::<ReadPeople>()?;
        match people::search_people(self.office, &reader, asked, None, OFFERED_MAX).await {
            Ok(answer) => Ok(answer.page.rows),
            // Words that are no name: nothing is found by them.
            Err(OfficeError::Invalid(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn person_by_words(&self, asked: &str) -> Result<Found, OfficeError> {
        let found = self.by_words(asked).await?;
        if let [only] = found.as_slice() {
            let place = Query::new(
                &self.actor.scope(),
                &PERSON_COLUMNS,
                "SELECT p.residence_division_id FROM person p WHERE {scope} AND p.id = ?",
            );
            let place: Option<DivisionId> = place
                .bind(only.person)
                .optional_as(self.office.db(), |row| row.get("residence_division_id"))
                .await?;
            return Ok(Found::One(only.person.0, only.name.clone(), place));
        }
        let several = found.iter().map(|person| (person.person.0, described(person))).collect();
        Ok(listed(several))
    }

    async fn household(&mut self, asked: &str) -> Result<Found, OfficeError> {
        if let Some(id) = referred_id(asked) {
            return self.household_of(HouseholdId(id)).await;
        }
        let heads = self.by_words(asked).await?;
        let mut several: Vec<(i64, String)> = Vec::new();
        for person in &heads {
            if let Some(household) = person.household
                && several.iter().all(|(known, _)| *known != household.0)
            {
                several.push((household.0, format!("{}家", described(person))));
            }
        }
        match several.as_slice() {
            [(only, _)] => self.household_of(HouseholdId(*only)).await,
            _ => Ok(listed(several)),
        }
    }

    async fn household_of(&self, household: HouseholdId) -> Result<Found, OfficeError> {
        let row = Query::new(
            &self.actor.scope(),
            &HOUSEHOLD_COLUMNS,
            "SELECT h.id, h.division_id, p.name FROM household h LEFT JOIN membership m ON m.household_id = h.id AND m.head \
             AND m.until_on IS NULL AND m.superseded_at IS NULL LEFT JOIN person p ON p.id = m.person_id WHERE {scope} AND h.id = ?",
        )
        .bind(household)
        .optional(self.office.db())
        .await?;
        Ok(match row {
            Some(row) => {
                let head: Option<String> = row.get("name")?;
                Found::One(household.0, format!("{}家", head.unwrap_or_default()), row.get("division_id")?)
            }
            None => Found::Nothing,
        })
    }

    async fn record(&self, register: &str, asked: &str) -> Result<Found, OfficeError> {
        let release = self.office.release();
        let Some(register) = release.registers.get(register) else { return Ok(Found::Nothing) };
        let scope = self.actor.scope();
        // What others keep and share is offered by its title, with where it lies.
        let columns = pointed_at(register);
        let select = |condition: &str| {
            let sql = format!(
                "SELECT r.id, r.title, r.division_id, d.name FROM {} r JOIN division d ON d.id = r.division_id \
                 WHERE {{scope}} AND {condition} ORDER BY r.title, r.id LIMIT {OFFERED_MAX}",
                table(register)
            );
            Query::new(&scope, &columns, sql)
        };
        let queries = if let Some(id) = referred_id(asked) {
            vec![select("r.id = ?").bind(id)]
        } else {
            let mut queries = vec![select("r.closed_on IS NULL AND r.title = ?").bind(asked)];
            if let Some(field) = key_of_text(register) {
                let wanted = if field.is_sealed() {
                    super::columns::blind(self.office.keys(), register, field, asked)
                } else {
                    asked.to_owned()
                };
                let condition = format!("r.closed_on IS NULL AND r.{} = ?", searched_column(field));
                queries.push(select(&condition).bind(wanted));
            }
            queries.push(
                select("r.closed_on IS NULL AND r.title >= ? AND r.title < ?")
                    .bind(asked)
                    .bind(format!("{asked}\u{10FFFD}")),
            );
            queries
        };
        // The exact title first, then the key, then what begins like it.
        for query in queries {
            let rows = query.all(self.office.db()).await?;
            match rows.as_slice() {
                [] => {}
                [row] => return Ok(Found::One(row.get("id")?, row.get("title")?, row.get("division_id")?)),
                several => return offered(several),
            }
        }
        if referred_id(asked).is_some() {
            return Ok(Found::Nothing);
        }
        // What has it somewhere, or has these initials, may be meant: it is offered and never taken unasked.
        let Some(few) = find::few_titled(self.office, register, asked, FEW_MAX).await? else {
            return Ok(Found::Nothing);
        };
        let query = select("r.closed_on IS NULL AND r.id IN ({list})").bind_list(few);
        offered(&query.all(self.office.db()).await?)
    }

    async fn division(
        &mut self,
        path: &FieldPath,
        typed: &str,
        answers: &mut Answers,
        looked: &mut LookedUp,
    ) -> Result<(), OfficeError> {
        // `新地村〔150302001001〕`: what was found before stands in brackets.
        let asked = divisions::asked(typed);
        if !self.divisions.contains_key(asked) {
            let found = divisions::meant(self.office.db(), self.actor.division, asked).await?;
            self.divisions.insert(asked.to_owned(), found);
        }
        let namesakes = self.divisions.get(asked);
        match namesakes.map_or(&[][..], |namesakes| namesakes.found.as_slice()) {
            [one] => {
                answers.set(path, Raw::Text(one.code.as_str().to_owned()));
                looked.divisions.insert(one.code, one.id);
                looked.names.insert(one.code, one.name.clone());
            }
            [] => {}
            several => {
                let offered = several.iter().map(|one| (one.said(), one.name.clone()));
                looked.candidates.insert(path.to_string(), offered.collect());
                let too_many = namesakes.and_then(|namesakes| namesakes.too_many(asked));
                looked.unclear.extend(too_many.map(|words| (typed.to_owned(), words)));
            }
        }
        Ok(())
    }
}

/// The field whose text alone names a record.
fn key_of_text(register: &Register) -> Option<&Field> {
    let [only] = register.key.as_slice() else { return None };
    register
        .field(only)
        .filter(|field| matches!(ColumnKind::of(field), ColumnKind::Text | ColumnKind::Sealed))
}

/// Records to choose from, each with the place where it lies.
fn offered(rows: &[store::Row]) -> Result<Found, OfficeError> {
    let mut list = Vec::with_capacity(rows.len());
    for row in rows {
        let (title, place): (String, String) = (row.get("title")?, row.get("name")?);
        list.push((row.get("id")?, format!("{title}（{place}）")));
    }
    Ok(listed(list))
}

fn listed(several: Vec<(i64, String)>) -> Found {
    if several.is_empty() { Found::Nothing } else { Found::Several(several) }
}

fn described(person: &people::Found) -> String {
    format!("{}（{}，{}，{}）", person.name, person.sex, person.citizen_id, person.residence_name)
}

/// Titles of what records point at, for whoever reads them: what lies outside the reader's scope is left out, unless it is shared.
pub(super) async fn known(
    office: &Office,
    scope: &Scope,
    references: impl IntoIterator<Item = (String, i64)>,
) -> Result<BTreeMap<(String, i64), String>, OfficeError> {
    titles(office, scope, references, true).await
}

/// [`known`] of what the reader may open.
pub(super) async fn openable(
    office: &Office,
    scope: &Scope,
    references: impl IntoIterator<Item = (String, i64)>,
) -> Result<BTreeMap<(String, i64), String>, OfficeError> {
    titles(office, scope, references, false).await
}

async fn titles(
    office: &Office,
    scope: &Scope,
    references: impl IntoIterator<Item = (String, i64)>,
    shared: bool,
) -> Result<BTreeMap<(String, i64), String>, OfficeError> {
    let release = office.release();
    let mut by_target: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (target, id) in references {
        by_target.entry(target).or_default().push(id);
    }
    let mut titles = BTreeMap::new();
    for (target, mut ids) in by_target {
        ids.sort_unstable();
        ids.dedup();
        let pointed = release.registers.get(&target).map_or(RECORD_COLUMNS, |register| pointed_at(register));
        let query = match target.as_str() {
            "person" => Query::new(
                scope,
                &PERSON_COLUMNS,
                "SELECT p.id, p.name AS title FROM person p WHERE {scope} AND p.id IN ({list})",
            ),
            "household" => Query::new(
                scope,
                &HOUSEHOLD_COLUMNS,
                "SELECT h.id, p.name || '家' AS title FROM household h JOIN membership m ON m.household_id = h.id AND m.head \
                 AND m.until_on IS NULL AND m.superseded_at IS NULL JOIN person p ON p.id = m.person_id \
                 WHERE {scope} AND h.id IN ({list})",
            ),
            register => match release.registers.get(register) {
                Some(register) => Query::new(
                    scope,
                    if shared { &pointed } else { &RECORD_COLUMNS },
                    format!(
                        "SELECT r.id, r.title FROM {} r WHERE {{scope}} AND r.id IN ({{list}})",
                        table(register)
                    ),
                ),
                None => continue,
            },
        };
        for row in query.bind_list(ids).all(office.db()).await? {
            titles.insert((target.clone(), row.get("id")?), row.get("title")?);
        }
    }
    Ok(titles)
}
