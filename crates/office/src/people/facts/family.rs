//! A family, and a member, as the rules read them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rules::Record;
use store::{Connection, HouseholdId, PersonId, Query, Scope};

use super::Subject;
use super::row::{IDS_MAX, SEEN};
use crate::people::held::known_values;
use crate::people::{HOUSEHOLD_COLUMNS, household};
use crate::{Office, OfficeError};

/// A family as the rules read it: its facts, `area`, and for each of `members` (in the order of
/// [`crate::people::members_as_of`]) their facts with `sex`, `born_on`, `relation` and `head`; `head` is the head again. What nobody
/// said is left out, which the language reads as unknown.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope.
pub async fn facts_as_of(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Record, OfficeError> {
    Ok(family_as_of(office, connection, scope, household, valid_on, known_at).await?.0)
}

/// A member as the rules read one: as in [`facts_as_of`], with the `household`.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope, or when the person was no member then.
pub async fn person_facts_as_of(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    person: PersonId,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Record, OfficeError> {
    let (family, persons) = family_as_of(office, connection, scope, household, valid_on, known_at).await?;
    let member = persons.iter().position(|member| *member == person);
    let record = member.and_then(|place| family.many.get("members")?.get(place).cloned());
    Ok(record.ok_or(OfficeError::NotFound("这位家庭成员"))?.with_one("household", family))
}

async fn family_as_of(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<(Record, Vec<PersonId>), OfficeError> {
    let mut found = families_as_of(office, connection, scope, &[household], valid_on, known_at).await?;
    found.remove(&household).ok_or(OfficeError::NotFound("这个家庭"))
}

/// Families as in [`facts_as_of`], each with its members in the order of the record's; those outside the scope are left out. The number of
/// statements does not grow with the families, up to a thousand of them.
pub(crate) async fn families_as_of(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    households: &[HouseholdId],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<BTreeMap<HouseholdId, (Record, Vec<PersonId>)>, OfficeError> {
    let release = office.release();
    let areas: Vec<(HouseholdId, String)> = Query::new(
        scope,
        &HOUSEHOLD_COLUMNS,
        "SELECT h.id, h.area FROM household h WHERE {scope} AND h.id IN ({list})",
    )
    .bind_list(households.iter().copied())
    .all_as(connection, |row| Ok((row.get("id")?, row.get("area")?)))
    .await?;
    let ids: Vec<HouseholdId> = areas.iter().map(|(household, _)| *household).collect();
    let mut members: BTreeMap<HouseholdId, Vec<household::Membership>> = BTreeMap::new();
    let mut subjects: Vec<Subject> = ids.iter().copied().map(Subject::Household).collect();
    let mut persons: Vec<PersonId> = Vec::new();
    for member in household::members_of_all(connection, scope, &ids, valid_on, known_at).await? {
        persons.push(member.person);
        members.entry(member.household).or_default().push(member);
    }
    subjects.extend(persons.iter().copied().map(Subject::Person));
    let known = known_values(office, connection, &release, &subjects, valid_on, known_at).await?;
    let fill = |mut record: Record, subject: Subject| -> Record {
        for ((_, id), value) in
            known.range((subject, String::new())..).take_while(|((of, _), _)| *of == subject)
        {
            record = record.with(id, value.clone());
        }
        record
    };
    let mut births: BTreeMap<PersonId, (String, NaiveDate)> = BTreeMap::new();
    for persons in persons.chunks(IDS_MAX) {
        let rows = Query::system(SEEN, "SELECT p.id, p.sex, p.born_on FROM person p WHERE p.id IN ({list})")
            .bind_list(persons.iter().copied())
            .all(connection)
            .await?;
        for row in &rows {
            births.insert(row.get("id")?, (row.get("sex")?, row.get("born_on")?));
        }
    }
    let mut families = BTreeMap::new();
    for (household, area) in areas {
        let members = members.remove(&household).unwrap_or_default();
        let mut records = Vec::with_capacity(members.len());
        let mut head = None;
        for member in &members {
            let mut record =
                Record::new().with("relation", member.relation.as_str()).with("head", member.head);
            if let Some((sex, born_on)) = births.get(&member.person) {
                record = record.with("sex", sex.as_str()).with("born_on", *born_on);
            }
            let record = fill(record, Subject::Person(member.person));
            if member.head {
                head = Some(record.clone());
            }
            records.push(record);
        }
        let family = fill(Record::new().with("area", area.as_str()), Subject::Household(household));
        let family = family.with_many("members", records);
        let family = match head {
            Some(head) => family.with_one("head", head),
            None => family,
        };
        families.insert(household, (family, members.iter().map(|member| member.person).collect()));
    }
    Ok(families)
}
