//! Registers of people that follow from what is known of them (低收入人口): every night whoever belongs in one is entered, whoever does
//! not any more goes where the pack says, and whoever does again comes back. Nothing else of a record is touched, and no benefit.
//!
//! What is unknown of a person moves nobody.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::{Fed, Leaving, Register};
use rules::{Context, Value};
use store::{DivisionId, HouseholdId, PersonId, Query, ScopeColumns, Tx};

use super::columns::{column, table};
use super::draft::draft_with;
use super::look_up::LookedUp;
use super::read::{Record, records};
use super::shape::{Circumstances, Named, persons, references, shaped};
use super::write::{By, Step, save_by};
use super::{Deed, Open, RULES, RecordId};
use crate::forms::{FieldPath, FormValue, Raw, reference_text};
use crate::{Office, OfficeError};

/// People who are looked at at once.
const BATCH: i64 = 500;
const BELONGS: &str = "符合登记条件，系统登记";
const BELONGS_NOT: &str = "不再符合登记条件，系统转出";
const BELONGS_AGAIN: &str = "又符合登记条件，系统转回";
const MOVED: &str = "住处或家庭有变动，系统更新";

struct Somebody {
    person: PersonId,
    name: String,
    home: Option<DivisionId>,
    household: Option<HouseholdId>,
}

/// What becomes of one person's record.
struct Change {
    somebody: Somebody,
    record: Option<RecordId>,
    /// State to go to; none to stay, or to begin.
    to: Option<String>,
    /// Date fields that take the day, or are emptied.
    dated: Vec<(String, bool)>,
    reason: &'static str,
}

/// Brings a register that the system feeds up to date; how many records were written. Killed halfway it begins again, to the same result.
///
/// # Errors
/// The database's.
pub(super) async fn feed(office: &Office, register: &Register) -> Result<usize, OfficeError> {
    let release = office.release();
    let (Some(fed), Some(belongs)) = (&register.fed, release.fed_when(&register.id)) else { return Ok(0) };
    let texts = fed.leaves.iter().filter_map(|leaving| leaving.when.as_ref()).chain([&fed.when]);
    let named = Named::in_expressions(texts.map(|text| text.as_str()));
    let now = office.now();
    let context = Context::new(now.month(), now.today(), now.today());
    let mut after = PersonId(0);
    let mut written = 0;
    loop {
        let people = people(office, after).await?;
        let Some(last) = people.last() else { return Ok(written) };
        after = last.person;
        let ids: Vec<PersonId> = people.iter().map(|somebody| somebody.person).collect();
        let seen = persons(office, office.db(), &ids, &named).await?;
        let mut standing = standing(office, register, fed, &ids).await?;
        let sent = sent(office, &release, register, fed, &ids).await?;
        let mut changes = Vec::new();
        for somebody in people {
            let Some(seen) = seen.get(&somebody.person) else { continue };
            let record = standing.remove(&somebody.person);
            let holds = if sent.contains(&somebody.person) {
                Value::Boolean(true)
            } else {
                belongs.evaluate(seen, &context)
            };
            changes.extend(change(&release, register, fed, somebody, record, &holds, seen, &context));
        }
        written += apply(office, &release, register, fed, &changes).await?;
    }
}

/// Some people in the order of their ids, the dead too: they have to leave.
async fn people(office: &Office, after: PersonId) -> Result<Vec<Somebody>, OfficeError> {
    Ok(Query::new(
        &RULES,
        &ScopeColumns::NONE,
        "SELECT p.id, p.name, p.residence_division_id, m.household_id FROM person p LEFT JOIN membership m ON m.person_id = p.id \
         AND m.until_on IS NULL AND m.superseded_at IS NULL WHERE p.id > ? AND p.merged_into IS NULL ORDER BY p.id LIMIT ?",
    )
    .bind(after)
    .bind(BATCH)
    .all_as(office.db(), |row| {
        Ok(Somebody {
            person: row.get("id")?,
            name: row.get("name")?,
            home: row.get("residence_division_id")?,
            household: row.get("household_id")?,
        })
    })
    .await?)
}

struct Standing {
    record: RecordId,
    state: String,
    division: DivisionId,
    household: Option<HouseholdId>,
}

/// The open records of people.
async fn standing(
    office: &Office,
    register: &Register,
    fed: &Fed,
    people: &[PersonId],
) -> Result<HashMap<PersonId, Standing>, OfficeError> {
    let field = |id: &str| register.field(id).map(column);
    let Some(person) = field(&fed.person) else { return Ok(HashMap::new()) };
    let household = fed.household.as_ref().and_then(|id| field(id));
    let sql = format!(
        "SELECT r.id, r.state, r.division_id, r.{person} AS person, r.{} AS household FROM {} r \
         WHERE r.closed_on IS NULL AND r.{person} IN ({{list}})",
        household.as_deref().unwrap_or(&person),
        table(register)
    );
    let rows = Query::new(&RULES, &ScopeColumns::NONE, sql)
        .bind_list(people.iter().copied())
        .all(office.db())
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let standing = Standing {
            record: row.get("id")?,
            state: row.get("state")?,
            division: row.get("division_id")?,
            household: if household.is_some() { row.get("household")? } else { None },
        };
        found.insert(PersonId(row.get("person")?), standing);
    }
    Ok(found)
}

/// People who belong in it because they stand in another register that feeds it.
async fn sent(
    office: &Office,
    release: &Release,
    register: &Register,
    fed: &Fed,
    people: &[PersonId],
) -> Result<BTreeSet<PersonId>, OfficeError> {
    let mut found = BTreeSet::new();
    for (index, from) in fed.from.iter().enumerate() {
        let Some(other) = release.registers.get(&from.register) else { continue };
        let (Some(person), Some(when)) =
            (other.field(&from.person), release.fed_from_when(&register.id, index))
        else {
            continue;
        };
        let sql = format!(
            "SELECT r.id FROM {} r WHERE r.closed_on IS NULL AND r.{} IN ({{list}}) ORDER BY r.id",
            table(other),
            column(person)
        );
        let query = Query::new(&RULES, &ScopeColumns::NONE, sql).bind_list(people.iter().copied());
        let ids: Vec<RecordId> = query.scalars(office.db()).await?;
        let stored = records(office.keys(), office.db(), &RULES, other, &ids).await?;
        let named = Named::in_expressions([from.when.as_str()].into_iter());
        let seen = shaped(office, office.db(), other, &stored, &named).await?;
        let mut circumstances = Circumstances::new(office.now(), &named);
        for (record, seen) in stored.iter().zip(&seen) {
            let context = circumstances.of(office.db(), release, record.division).await?;
            if when.evaluate(seen, context) == Value::Boolean(true)
                && let Some(FormValue::Reference(id)) = record.values.get(from.person.get())
            {
                found.insert(PersonId(*id));
            }
        }
    }
    Ok(found)
}

#[expect(clippy::too_many_arguments, reason = "a person, their record and what is asked of both")]
fn change(
    release: &Release,
    register: &Register,
    fed: &Fed,
    somebody: Somebody,
    standing: Option<Standing>,
    belongs: &Value,
    seen: &rules::Record,
    context: &Context,
) -> Option<Change> {
    let outside = |state: &str| fed.leaves.iter().any(|leaving| leaving.to == *state);
    let Some(standing) = standing else {
        // Of somebody without a home nobody would look after the record.
        let enters = *belongs == Value::Boolean(true) && somebody.home.is_some();
        return enters.then(|| Change {
            somebody,
            record: None,
            to: None,
            dated: Vec::new(),
            reason: BELONGS,
        });
    };
    let moved = (somebody.home.is_some_and(|home| home != standing.division))
        || (fed.household.is_some()
            && somebody.household.is_some()
            && somebody.household != standing.household);
    let record = Some(standing.record);
    match belongs {
        Value::Boolean(true) if outside(&standing.state) => {
            let dated = fed.leaves.iter().filter_map(|leaving| leaving.dated.as_ref());
            let dated = dated.map(|field| (field.get().clone(), false)).collect();
            let to = Some(register.first_state().to_owned());
            return Some(Change { somebody, record, to, dated, reason: BELONGS_AGAIN });
        }
        Value::Boolean(false) => {
            let fits = |(index, leaving): &(usize, &Leaving)| {
                leaving.when.is_none()
                    || release
                        .leaves_when(&register.id, *index)
                        .is_some_and(|when| when.evaluate(seen, context) == Value::Boolean(true))
            };
            let way = fed.leaves.iter().enumerate().find(fits).map(|(_, leaving)| leaving);
            // Who has left already goes on only for a reason of its own, such as death.
            let goes = |leaving: &&Leaving| {
                leaving.to != standing.state && (!outside(&standing.state) || leaving.when.is_some())
            };
            if let Some(leaving) = way.filter(goes) {
                let dated = leaving.dated.iter().map(|field| (field.get().clone(), true)).collect();
                let to = Some(leaving.to.get().clone());
                return Some(Change { somebody, record, to, dated, reason: BELONGS_NOT });
            }
        }
        _ => {}
    }
    moved.then(|| Change { somebody, record, to: None, dated: Vec::new(), reason: MOVED })
}

/// Writes the changes in one transaction; where one of them cannot be written, each in its own, and that one another night.
async fn apply(
    office: &Office,
    release: &Arc<Release>,
    register: &Register,
    fed: &Fed,
    changes: &[Change],
) -> Result<usize, OfficeError> {
    if changes.is_empty() {
        return Ok(0);
    }
    let heads = heads(office, changes).await?;
    match write_all(office, release, register, fed, changes, &heads).await {
        Err(OfficeError::Conflict(_) | OfficeError::Invalid(_)) => {}
        done => return done,
    }
    let mut written = 0;
    for change in changes {
        match write_all(office, release, register, fed, std::slice::from_ref(change), &heads).await {
            Ok(one) => written += one,
            Err(OfficeError::Conflict(_) | OfficeError::Invalid(_)) => {
                tracing::warn!(register = %register.id.get(), person.id = change.somebody.person.0, "a person's record could not be written");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

async fn write_all(
    office: &Office,
    release: &Arc<Release>,
    register: &Register,
    fed: &Fed,
    changes: &[Change],
    heads: &HashMap<HouseholdId, String>,
) -> Result<usize, OfficeError> {
    let ids: Vec<RecordId> = changes.iter().filter_map(|change| change.record).collect();
    let tx = office.db().begin().await?;
    let stored = records(office.keys(), &tx, &RULES, register, &ids).await?;
    let stored: BTreeMap<RecordId, Record> = stored.into_iter().map(|record| (record.id, record)).collect();
    let open = Open { release: Arc::clone(release), id: register.id.get().clone() };
    for change in changes {
        let existing = change.record.and_then(|id| stored.get(&id));
        write(office, &tx, &open, fed, change, existing, heads).await?;
    }
    tx.commit().await?;
    Ok(changes.len())
}

async fn write(
    office: &Office,
    tx: &Tx,
    open: &Open,
    fed: &Fed,
    change: &Change,
    existing: Option<&Record>,
    heads: &HashMap<HouseholdId, String>,
) -> Result<(), OfficeError> {
    let register = open.register();
    let Change { somebody, record: _, to, dated, reason } = change;
    let mut answers = existing.map(|record| record.answers(register)).unwrap_or_default();
    let mut looked = LookedUp::default();
    for (target, id) in existing.map(|record| references(register, record)).unwrap_or_default() {
        looked.references.insert((target, id), "（已登记）".to_owned());
    }
    let mut set = |id: &str, raw: Raw| {
        let path = FieldPath { record: None, field: id.to_owned() };
        answers.set(&path, raw);
    };
    set(&fed.person, Raw::Text(reference_text(somebody.person.0)));
    looked.references.insert(("person".to_owned(), somebody.person.0), somebody.name.clone());
    if let Some(home) = somebody.home {
        looked.places.insert(("person".to_owned(), somebody.person.0), home);
    }
    if let (Some(field), Some(household)) = (&fed.household, somebody.household) {
        let head = heads.get(&household).map_or("", String::as_str);
        set(field, Raw::Text(reference_text(household.0)));
        looked.references.insert(("household".to_owned(), household.0), format!("{head}家"));
    }
    for (field, today) in dated {
        let day = if *today { office.now().today().to_string() } else { String::new() };
        set(field, Raw::Text(day));
    }
    let draft = draft_with(office, open, answers, looked, existing, to.as_deref()).await?;
    let step = Step { deed: Deed::Fed, reason, state: to.as_deref(), import: None };
    let by = By::system("a register that follows from what is known of people");
    save_by(office, tx, &by, open, &draft, existing, &step).await.map(drop)
}

/// Names of the heads of the families that changes are about.
async fn heads(office: &Office, changes: &[Change]) -> Result<HashMap<HouseholdId, String>, OfficeError> {
    let households: BTreeSet<i64> =
        changes.iter().filter_map(|change| change.somebody.household.map(|id| id.0)).collect();
    if households.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = Query::new(
        &RULES,
        &ScopeColumns::NONE,
        "SELECT m.household_id, p.name FROM membership m JOIN person p ON p.id = m.person_id WHERE m.head \
         AND m.until_on IS NULL AND m.superseded_at IS NULL AND m.household_id IN ({list})",
    )
    .bind_list(households.into_iter().map(HouseholdId))
    .all_as(office.db(), |row| Ok((row.get("household_id")?, row.get("name")?)))
    .await?;
    Ok(rows.into_iter().collect())
}
