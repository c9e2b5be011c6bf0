//! A record as the rules language sees it: its fields and lists, what it points at, and what points at it.
//!
//! Only relations that an expression of the register names are read. What is pointed at is read with what it points at itself
//! (`institution.owner.name`), rows that point here with what they point at (`residents.person.died_on`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalogue::Release;
use catalogue::definition::{Field, Register, Requirement, Target, Unit};
use catalogue::shapes::LAST_DEAD;
use chrono::NaiveDate;
use rules::{Context, RELATION_ROWS_MAX, Value};
use store::{Connection, DivisionId, HouseholdId, PersonId, Query};
use vocab::{Month, Now};

use super::columns::{column, table};
use super::read::{Record, records};
use super::{RULES, RecordId};
use crate::forms::{FormValue, FormValues, target_key};
use crate::people;
use crate::{Office, OfficeError};

/// Names that the expressions of a register use, as far as they can be told from their text.
pub(crate) struct Named(String);

impl Named {
    /// What some expressions name.
    pub fn in_expressions<'e>(expressions: impl Iterator<Item = &'e str>) -> Named {
        Named(expressions.collect::<Vec<_>>().join("\n"))
    }

    /// Everything that is worked out for a stored record.
    pub fn of(register: &Register) -> Named {
        let mut text = String::new();
        let mut add = |expression: &str| {
            text.push_str(expression);
            text.push('\n');
        };
        for field in register.computed() {
            field.computed.iter().for_each(|expression| add(expression));
        }
        register
            .transitions
            .iter()
            .filter_map(|one| one.when.as_ref())
            .for_each(|expression| add(expression));
        register.duties.iter().filter_map(|one| one.when.as_ref()).for_each(|expression| add(expression));
        for alert in &register.alerts {
            add(&alert.when);
            alert.grades.iter().filter_map(|graded| graded.when.as_ref()).for_each(|when| add(when));
        }
        Named(text)
    }

    /// What is asked while a record is written.
    pub fn of_form(register: &Register) -> Named {
        let mut text = String::new();
        let mut add = |expression: &str| {
            text.push_str(expression);
            text.push('\n');
        };
        for group in &register.groups {
            group.visible.iter().for_each(|expression| add(expression));
            for field in &group.fields {
                field.visible.iter().for_each(|expression| add(expression));
                field.valid.iter().for_each(|valid| add(&valid.expr));
                if let Requirement::When(expression) = &field.required {
                    add(expression);
                }
            }
        }
        Named(text)
    }

    /// Whether they may read something of a relation.
    pub fn relation(&self, id: &str) -> bool {
        self.0.contains(&format!("{id}."))
    }

    fn parameters(&self) -> bool {
        self.0.contains("param.") || self.0.contains("table.")
    }
}

/// Today, and the parameters and tables of each place.
pub(crate) struct Circumstances {
    plain: Context,
    by_county: HashMap<i64, Context>,
    parameters: bool,
}

impl Circumstances {
    pub fn new(now: Now, named: &Named) -> Circumstances {
        Circumstances::on(now.month(), now.today(), named)
    }

    /// A month and a day of it.
    pub fn on(month: Month, day: NaiveDate, named: &Named) -> Circumstances {
        let plain = Context::new(month, day, day);
        Circumstances { plain, by_county: HashMap::new(), parameters: named.parameters() }
    }

    /// The circumstances of a place: parameters and tables as they hold there.
    pub async fn of(
        &mut self,
        connection: &impl Connection,
        release: &Release,
        division: DivisionId,
    ) -> Result<&Context, OfficeError> {
        if !self.parameters {
            return Ok(&self.plain);
        }
        let place = division.0;
        if !self.by_county.contains_key(&place) {
            let code = crate::divisions::find(connection, division).await?.code;
            let mut context = self.plain.clone();
            for parameter in release.parameters.iter() {
                let value = release.parameter_for(&parameter.id, &code, context.month, context.law_on);
                if value.is_known() {
                    context.parameters.insert(parameter.id.get().clone(), value);
                }
            }
            let month = context.month;
            for table in release.tables.iter() {
                release.add_table(&table.id, &code, month, &mut context);
            }
            self.by_county.insert(place, context);
        }
        Ok(self.by_county.get(&place).unwrap_or(&self.plain))
    }
}

/// Fields and lists of values, without relations to others.
pub(super) fn plain(record: &Record) -> rules::Record {
    let mut shaped = fields(&record.values);
    shaped.fields.insert("state".to_owned(), record.state.as_str().into());
    shaped.fields.insert("recorded_on".to_owned(), record.recorded_on.into());
    shaped.fields.insert("closed_on".to_owned(), record.closed_on.into());
    shaped
}

fn fields(values: &FormValues) -> rules::Record {
    let mut shaped = rules::Record::new();
    for (id, value) in values {
        match value {
            FormValue::Reference(_) => {}
            value => drop(shaped.fields.insert(id.clone(), value.for_rules())),
        }
    }
    shaped
}

/// Records as the expressions that were named see them, in their order.
pub(super) async fn shaped(
    office: &Office,
    connection: &impl Connection,
    register: &Register,
    stored: &[Record],
    named: &Named,
) -> Result<Vec<rules::Record>, OfficeError> {
    let release = office.release();
    let mut shaped: Vec<rules::Record> = stored.iter().map(plain).collect();
    for (record, into) in stored.iter().zip(&mut shaped) {
        for of in register.lists() {
            let rows = record.lists.get(of).map_or(&[][..], Vec::as_slice);
            into.many.insert(of.to_owned(), rows.iter().map(fields).collect());
        }
    }
    pointed_at(office, connection, register, stored, &mut shaped, named, true).await?;
    for other in release.registers.iter() {
        for (_, field) in other.fields() {
            let Some(back) = field.back.as_ref().filter(|back| named.relation(&back.id)) else { continue };
            if field.target() == Some(Target::Record(&register.id)) {
                pointing(office, connection, other, field, &back.id, stored, &mut shaped, named).await?;
            }
        }
    }
    Ok(shaped)
}

/// What answers point at, as the form's expressions see it.
pub(super) async fn related(
    office: &Office,
    connection: &impl Connection,
    register: &Register,
    values: &FormValues,
) -> Result<rules::Record, OfficeError> {
    let named = Named::of_form(register);
    let record = Record {
        id: RecordId(0),
        county: None,
        division: DivisionId(0),
        state: String::new(),
        title: String::new(),
        version: 0,
        recorded_on: office.now().today(),
        closed_on: None,
        values: values.clone(),
        lists: BTreeMap::new(),
    };
    let mut shaped = vec![rules::Record::new()];
    pointed_at(office, connection, register, std::slice::from_ref(&record), &mut shaped, &named, true)
        .await?;
    Ok(shaped.pop().unwrap_or_default())
}

/// Puts what records point at into them.
async fn pointed_at(
    office: &Office,
    connection: &impl Connection,
    register: &Register,
    stored: &[Record],
    shaped: &mut [rules::Record],
    named: &Named,
    further: bool,
) -> Result<(), OfficeError> {
    for (_, field) in register.fields() {
        let Some(target) = field.target().filter(|_| named.relation(&field.id)) else { continue };
        let mut ids: Vec<i64> = stored.iter().filter_map(|record| reference(&record.values, field)).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            continue;
        }
        let found = targets(office, connection, target, &ids, named, further).await?;
        for (record, into) in stored.iter().zip(shaped.iter_mut()) {
            if let Some(one) = reference(&record.values, field).and_then(|id| found.get(&id)) {
                into.one.insert(field.id.get().clone(), one.clone());
            }
        }
    }
    Ok(())
}

fn reference(values: &FormValues, field: &Field) -> Option<i64> {
    match values.get(field.id.get()) {
        Some(FormValue::Reference(id)) => Some(*id),
        _ => None,
    }
}

async fn targets(
    office: &Office,
    connection: &impl Connection,
    target: Target<'_>,
    ids: &[i64],
    named: &Named,
    further: bool,
) -> Result<HashMap<i64, rules::Record>, OfficeError> {
    match target {
        Target::Person => {
            let ids: Vec<PersonId> = ids.iter().copied().map(PersonId).collect();
            let found = persons(office, connection, &ids, named).await?;
            Ok(found.into_iter().map(|(id, record)| (id.0, record)).collect())
        }
        Target::Household => {
            let ids: Vec<HouseholdId> = ids.iter().copied().map(HouseholdId).collect();
            let found = households(office, connection, &ids, named).await?;
            Ok(found.into_iter().map(|(id, record)| (id.0, record)).collect())
        }
        Target::Record(other) => {
            let release = office.release();
            let Some(other) = release.registers.get(other) else { return Ok(HashMap::new()) };
            let ids: Vec<RecordId> = ids.iter().copied().map(RecordId).collect();
            let stored = records(office.keys(), connection, &RULES, other, &ids).await?;
            let mut shaped: Vec<rules::Record> = stored.iter().map(plain).collect();
            if further {
                Box::pin(pointed_at(office, connection, other, &stored, &mut shaped, named, false)).await?;
            }
            Ok(stored.iter().map(|record| record.id.0).zip(shaped).collect())
        }
    }
}

/// Puts the rows that point at records into them.
#[expect(clippy::too_many_arguments, reason = "one relation of one register, both sides")]
async fn pointing(
    office: &Office,
    connection: &impl Connection,
    other: &Register,
    field: &Field,
    back: &str,
    stored: &[Record],
    shaped: &mut [rules::Record],
    named: &Named,
) -> Result<(), OfficeError> {
    let mut by_record: HashMap<i64, Vec<rules::Record>> = HashMap::new();
    let mut after = RecordId(0);
    loop {
        let ids =
            pointing_ids(connection, other, field, stored.iter().map(|record| record.id), after).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        let rows = records(office.keys(), connection, &RULES, other, &ids).await?;
        let mut seen: Vec<rules::Record> = rows.iter().map(plain).collect();
        Box::pin(pointed_at(office, connection, other, &rows, &mut seen, named, false)).await?;
        for (row, seen) in rows.iter().zip(seen) {
            if let Some(id) = reference(&row.values, field) {
                let rows = by_record.entry(id).or_default();
                // One more than the rules go over: then they know that they do not know.
                if rows.len() <= RELATION_ROWS_MAX {
                    rows.push(seen);
                }
            }
        }
    }
    for (record, into) in stored.iter().zip(shaped.iter_mut()) {
        into.many.insert(back.to_owned(), by_record.remove(&record.id.0).unwrap_or_default());
    }
    Ok(())
}

/// Ids behind one of the records of a register that point at some by a field, in order.
async fn pointing_ids(
    connection: &impl Connection,
    other: &Register,
    field: &Field,
    ids: impl Iterator<Item = RecordId>,
    after: RecordId,
) -> Result<Vec<RecordId>, OfficeError> {
    const AT_ONCE: usize = 5_000;
    let sql = format!(
        "SELECT r.id FROM {} r WHERE r.{} IN ({{list}}) AND r.id > ? ORDER BY r.id LIMIT {AT_ONCE}",
        table(other),
        column(field),
    );
    let query = Query::new(&RULES, &store::ScopeColumns::NONE, sql).bind_list(ids).bind(after);
    Ok(query.scalars(connection).await?)
}

pub(crate) async fn persons(
    office: &Office,
    connection: &impl Connection,
    ids: &[PersonId],
    named: &Named,
) -> Result<HashMap<PersonId, rules::Record>, OfficeError> {
    let rows = Query::new(
        &RULES,
        &store::ScopeColumns::NONE,
        "SELECT p.id, p.name, p.sex, p.born_on, p.died_on FROM person p WHERE p.id IN ({list})",
    )
    .bind_list(ids.iter().copied())
    .all(connection)
    .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let record = rules::Record::new()
            .with("name", row.get::<String>("name")?.as_str())
            .with("sex", row.get::<String>("sex")?.as_str())
            .with("born_on", row.get::<NaiveDate>("born_on")?)
            .with("died_on", row.get::<Option<NaiveDate>>("died_on")?);
        found.insert(row.get::<PersonId>("id")?, record);
    }
    for (subject, fact, value) in
        facts(office, connection, Unit::Person, ids.iter().map(|id| id.0), named).await?
    {
        if let people::Subject::Person(id) = subject
            && let Some(record) = found.get_mut(&id)
        {
            record.fields.insert(fact, value);
        }
    }
    Ok(found)
}

pub(crate) async fn households(
    office: &Office,
    connection: &impl Connection,
    ids: &[HouseholdId],
    named: &Named,
) -> Result<HashMap<HouseholdId, rules::Record>, OfficeError> {
    let rows = Query::new(
        &RULES,
        &store::ScopeColumns::NONE,
        "SELECT h.id, h.area FROM household h WHERE h.id IN ({list})",
    )
    .bind_list(ids.iter().copied())
    .all(connection)
    .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let record = rules::Record::new().with("area", row.get::<String>("area")?.as_str());
        found.insert(row.get::<HouseholdId>("id")?, record);
    }
    for (subject, fact, value) in
        facts(office, connection, Unit::Household, ids.iter().map(|id| id.0), named).await?
    {
        if let people::Subject::Household(id) = subject
            && let Some(record) = found.get_mut(&id)
        {
            record.fields.insert(fact, value);
        }
    }
    if named.relation(LAST_DEAD) {
        for (household, dead) in last_dead(office, connection, ids, named).await? {
            if let Some(record) = found.get_mut(&household) {
                record.one.insert(LAST_DEAD.to_owned(), dead);
            }
        }
    }
    Ok(found)
}

/// Of each household the member who died last, while they belonged to it.
async fn last_dead(
    office: &Office,
    connection: &impl Connection,
    households: &[HouseholdId],
    named: &Named,
) -> Result<Vec<(HouseholdId, rules::Record)>, OfficeError> {
    let rows: Vec<(HouseholdId, PersonId)> = Query::new(
        &RULES,
        &store::ScopeColumns::NONE,
        "SELECT m.household_id, p.id AS person_id FROM membership m JOIN person p ON p.id = m.person_id \
         WHERE m.household_id IN ({list}) AND m.superseded_at IS NULL AND p.died_on IS NOT NULL \
         AND (m.until_on IS NULL OR m.until_on >= p.died_on) ORDER BY m.household_id, p.died_on, p.id",
    )
    .bind_list(households.iter().copied())
    .all_as(connection, |row| Ok((row.get("household_id")?, row.get("person_id")?)))
    .await?;
    // The last row of a household counts.
    let last: BTreeMap<HouseholdId, PersonId> = rows.into_iter().collect();
    let ids: Vec<PersonId> = last.values().copied().collect();
    let mut dead = persons(office, connection, &ids, named).await?;
    Ok(last.into_iter().filter_map(|(household, id)| Some((household, dead.remove(&id)?))).collect())
}

/// What holds today of persons or households, as far as the expressions name facts at all.
async fn facts(
    office: &Office,
    connection: &impl Connection,
    unit: Unit,
    ids: impl Iterator<Item = i64>,
    named: &Named,
) -> Result<Vec<(people::Subject, String, Value)>, OfficeError> {
    let release = office.release();
    if !release.facts.iter().any(|fact| fact.on == unit && named.0.contains(fact.id.as_str())) {
        return Ok(Vec::new());
    }
    let subjects: Vec<people::Subject> = ids
        .map(|id| match unit {
            Unit::Person => people::Subject::Person(PersonId(id)),
            Unit::Household => people::Subject::Household(HouseholdId(id)),
        })
        .collect();
    people::known_facts(office, connection, &subjects).await
}

/// The references in a record's fields: target and id.
pub(super) fn references(register: &Register, record: &Record) -> BTreeSet<(String, i64)> {
    let mut found = BTreeSet::new();
    for (_, field) in register.fields() {
        if let (Some(target), Some(id)) = (field.target(), reference(&record.values, field)) {
            found.insert((target_key(target), id));
        }
    }
    for of in register.lists() {
        for row in record.lists.get(of).into_iter().flatten() {
            for field in register.list_fields(of) {
                if let (Some(target), Some(id)) = (field.target(), reference(row, field)) {
                    found.insert((target_key(target), id));
                }
            }
        }
    }
    found
}

/// Ids of records of other registers that a record points at.
pub(super) fn neighbours(register: &Register, record: &Record) -> Vec<(String, RecordId)> {
    references(register, record)
        .into_iter()
        .filter(|(target, _)| !matches!(target.as_str(), "person" | "household"))
        .map(|(target, id)| (target, RecordId(id)))
        .collect()
}
