//! The family as it declared itself beside what departments answered, as the pack's rules over checks read it, and where each value is from.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::{Unit, ValueKind};
use catalogue::shapes::{answer_name, declared_name};
use chrono::NaiveDate;
use rules::{Context, Record};
use store::{Connection, PersonId, Query};
use vocab::Now;

use super::{Asked, CHECK, CheckRequestId, Checked, answer, asked_about};
use crate::people;
use crate::{Office, OfficeError};

/// Where a value is from, and how people read it.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// What it is.
    pub title: String,
    /// The value.
    pub shown: String,
    /// Who says so.
    pub source: String,
    /// The day from which it holds.
    pub on: NaiveDate,
    /// An answer that says no, nothing or zero.
    pub negative: bool,
    /// The question, for answers: of whom and which data set.
    pub asked: Option<(PersonId, String)>,
}

/// What is known.
pub(super) struct Known {
    /// With `members` and `relatives`.
    pub household: Record,
    /// In the order of `members`.
    pub members: Vec<(Asked, Record)>,
    relatives: Vec<Asked>,
    origins: BTreeMap<(Option<PersonId>, String), Origin>,
}

impl Known {
    /// Where what a rule read is from: of whom, and the origin. `about` is the member whom the rule is about.
    pub fn origin(&self, path: &str, about: Option<PersonId>) -> Option<(Option<&str>, &Origin)> {
        let row = |list: &str| -> Option<(usize, &str)> {
            let (index, field) = path.strip_prefix(list)?.strip_prefix('[')?.split_once("].")?;
            Some((index.parse().ok()?, field))
        };
        let (person, field) = if let Some((index, field)) = row("members") {
            (Some(self.members.get(index)?.0.person), field)
        } else if let Some((index, field)) = row("relatives") {
            (Some(self.relatives.get(index)?.person), field)
        } else if let Some(field) = path.strip_prefix("household.") {
            (None, field)
        } else {
            (about, path)
        };
        let origin = self.origins.get(&(person, field.to_owned()))?;
        let name = person.and_then(|person| self.name(person));
        Some((name, origin))
    }

    /// Whether somebody is outside the family.
    pub fn is_outside(&self, person: PersonId) -> bool {
        self.relatives.iter().any(|asked| asked.person == person)
    }

    /// The name of somebody whom the check asks about.
    pub fn name(&self, person: PersonId) -> Option<&str> {
        let members = self.members.iter().map(|(asked, _)| asked);
        members.chain(&self.relatives).find(|asked| asked.person == person).map(|asked| asked.name.as_str())
    }
}

/// The circumstances in which the rules of a county are read.
pub(super) fn context(release: &Release, checked: &Checked, now: Now) -> Context {
    let mut context = Context::new(now.month(), now.today(), now.today());
    for parameter in release.parameters.iter() {
        let value = release.parameter_for(&parameter.id, &checked.county_code, context.month, context.law_on);
        if value.is_known() {
            context.parameters.insert(parameter.id.get().clone(), value);
        }
    }
    context
}

/// Reads everything that is known on a day. An answer whose time is over is unknown again.
pub(super) async fn read(
    office: &Office,
    connection: &impl Connection,
    checked: &Checked,
    today: NaiveDate,
) -> Result<Known, OfficeError> {
    let release = office.release();
    let persons = asked_about(connection, checked).await?;
    let mut origins = BTreeMap::new();
    let mut records: BTreeMap<Option<PersonId>, Record> = BTreeMap::new();
    declared(connection, &release, checked, &persons, today, &mut records, &mut origins).await?;
    let requests: Vec<(CheckRequestId, PersonId, String)> = Query::system(
        CHECK,
        "SELECT r.id, r.person_id, r.dataset FROM check_request r WHERE r.case_id = ? AND r.state IN ('partly', 'answered', 'no_record') \
         AND (r.valid_until IS NULL OR r.valid_until >= ?) ORDER BY r.id",
    )
    .bind(checked.case)
    .bind(today)
    .all_as(connection, |row| Ok((row.get("id")?, row.get("person_id")?, row.get("dataset")?)))
    .await?;
    for (request, person, id) in requests {
        let Some(dataset) = release.datasets.get(&id) else { continue };
        let told = answer::told(office, connection, request).await?;
        let Some(on) = told.as_of else { continue };
        let department =
            release.departments.get(&dataset.department).map(|department| department.title.clone());
        for ask in &dataset.asks {
            let value = told.value(&release, ask);
            if !value.is_known() && !told.no_record {
                continue;
            }
            let field = answer_name(&id, &ask.id);
            let shown = if value.is_known() {
                answer::shown(&release, ask, &value)
            } else {
                "没有记录".to_owned()
            };
            let origin = Origin {
                title: ask.title.clone(),
                shown,
                source: department.clone().unwrap_or_else(|| dataset.title.clone()),
                on,
                negative: !value.is_known() || answer::is_negative(&value),
                asked: Some((person, id.clone())),
            };
            records.entry(Some(person)).or_default().fields.insert(field.clone(), value);
            origins.insert((Some(person), field), origin);
        }
    }
    let household = records.remove(&None).unwrap_or_default();
    let (mut members, mut relatives, mut outside) = (Vec::new(), Vec::new(), Vec::new());
    for asked in persons {
        let record = records.remove(&Some(asked.person)).unwrap_or_default();
        if asked.relative.is_some() {
            outside.push(record);
            relatives.push(asked);
        } else {
            members.push((asked, record.with_one("household", household.clone())));
        }
    }
    let rows = members.iter().map(|(_, record)| record.clone()).collect();
    let household = household.with_many("members", rows).with_many("relatives", outside);
    Ok(Known { household, members, relatives, origins })
}

/// What the family itself said, the newest of each.
async fn declared(
    connection: &impl Connection,
    release: &Release,
    checked: &Checked,
    persons: &[Asked],
    today: NaiveDate,
    records: &mut BTreeMap<Option<PersonId>, Record>,
    origins: &mut BTreeMap<(Option<PersonId>, String), Origin>,
) -> Result<(), OfficeError> {
    let rows = Query::system(
        CHECK,
        "SELECT f.person_id, f.fact, f.value, f.from_on FROM fact f WHERE f.source = 'declared' AND f.superseded_at IS NULL \
         AND f.from_on <= ? AND (f.until_on IS NULL OR f.until_on > ?) AND (f.household_id = ? OR f.person_id IN ({list})) \
         ORDER BY f.from_on, f.id",
    )
    .bind(today)
    .bind(today)
    .bind(checked.household)
    .bind_list(persons.iter().filter(|asked| asked.relative.is_none()).map(|asked| asked.person))
    .all_as(connection, |row| {
        Ok((
            row.get::<Option<PersonId>>("person_id")?,
            row.get::<String>("fact")?,
            row.get::<Option<String>>("value")?,
            row.get::<NaiveDate>("from_on")?,
        ))
    })
    .await?;
    for (person, id, text, on) in rows {
        let Some(fact) = release.facts.get(&id) else { continue };
        // Texts may be sealed, and no rule compares them.
        if *fact.kind == ValueKind::Text || (fact.on == Unit::Person) != person.is_some() {
            continue;
        }
        let value = people::read_value(fact, text.as_deref())?;
        if !value.is_known() {
            continue;
        }
        let unit =
            fact.unit.as_deref().or((*fact.kind == ValueKind::Money).then_some("元")).unwrap_or_default();
        let shown = match (&value, &fact.codelist) {
            (rules::Value::Text(code), Some(list)) => release.code_title(list, code).to_owned(),
            (rules::Value::Number(_), _) => format!("{}{unit}", crate::words::value(&value, unit)),
            _ => crate::words::value(&value, unit),
        };
        let field = declared_name(&id);
        let title = fact.title.clone();
        origins.insert(
            (person, field.clone()),
            Origin { title, shown, source: "家庭申报".to_owned(), on, negative: false, asked: None },
        );
        records.entry(person).or_default().fields.insert(field, value);
    }
    Ok(())
}
