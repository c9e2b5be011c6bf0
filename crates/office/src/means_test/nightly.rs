//! Departments' files beside what the offices know, every night: the pack's rules that say so (`check_rule.nightly`) are asked about families on
//! the roll (社会救助法 art. 41, 46) and about people in the files who have nothing yet (国办发〔2023〕39号 3.3).
//!
//! Of a file only rows of those families are opened, only columns that a question of the rule reads, and only what the rule says is kept: no row and no
//! amount leaves this module. A finding is a reason for somebody to look; the departments may be wrong, and the machine settles nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalogue::definition::{AnswerKind, Ask, CheckRule, Nightly, NightlyOf, Unit, ValueKind};
use catalogue::shapes::{answer_name, declared_name};
use catalogue::{Defined, Release};
use rules::{Context, Record, Value};
use store::{DivisionId, HouseholdId, PersonId, Query};

use super::check::answer;
use super::gather::{self, DepartmentRow};
use crate::{Office, OfficeError, people};

const NIGHT: &str = "the departments' files beside the roll, every night";

/// Families looked at together.
pub(crate) const FAMILIES: usize = 400;
/// Rows of a file read together.
const ROWS: i64 = 4_000;

/// A rule that is asked every night, and what it reads.
pub(crate) struct NightlyRule<'a> {
    pub rule: &'a Defined<CheckRule>,
    pub nightly: &'a Nightly,
    when: &'a rules::Expression,
    /// Data sets with the questions that a file answers.
    asks: Vec<(&'a str, &'a Ask)>,
    /// Facts that the family, or an officer at home, told.
    declared: Vec<&'a str>,
}

/// The rules of a release that are asked every night about some.
pub(crate) fn asked(release: &Release, of: NightlyOf) -> Vec<NightlyRule<'_>> {
    let rules = release.check_rules.iter().filter_map(|rule| {
        let nightly = rule.nightly.as_ref().filter(|nightly| nightly.of == of)?;
        let when = release.check_rule_when(&rule.id)?;
        let read: BTreeSet<String> = when.facts().into_iter().map(|(_, field)| field).collect();
        let asks = release.datasets.iter().flat_map(|dataset| {
            let id = dataset.id.get().as_str();
            dataset.asks.iter().filter(|ask| ask.gather.is_some()).map(move |ask| (id, ask))
        });
        let asks = asks.filter(|(dataset, ask)| read.contains(&answer_name(dataset, &ask.id))).collect();
        let declared = release.facts.iter().map(|fact| fact.id.get().as_str());
        let declared = declared.filter(|fact| read.contains(&declared_name(fact))).collect();
        Some(NightlyRule { rule, nightly, when, asks, declared })
    });
    rules.collect()
}

impl NightlyRule<'_> {
    fn datasets<'a>(rules: &'a [NightlyRule<'a>]) -> BTreeSet<&'a str> {
        rules.iter().flat_map(|rule| &rule.asks).map(|(dataset, _)| *dataset).collect()
    }
}

/// What a rule found, in words.
pub(crate) struct Finding {
    /// Where it stands among the rules that were asked.
    pub rule: usize,
    pub household: HouseholdId,
    /// The member whom a rule about persons found.
    pub person: Option<PersonId>,
    /// What departments say, from when.
    pub said: Vec<String>,
    /// The same without days and amounts, with what the family told: the same again is nothing new.
    pub same: String,
}

/// A member as the files and the family have it.
struct Member {
    person: PersonId,
    name: String,
    blind: String,
    record: Record,
    said: BTreeMap<String, Said>,
}

/// One answer of a file.
struct Said {
    words: String,
    same: String,
}

/// A family as it is asked about.
#[derive(Default)]
struct Family {
    county: Option<DivisionId>,
    household: Record,
    members: Vec<Member>,
    told: BTreeMap<(Option<PersonId>, String), String>,
}

/// Asks rules about families; those whose files are silent or whose answer is unknown are found nothing about.
pub(crate) async fn findings(
    office: &Office,
    release: &Release,
    rules: &[NightlyRule<'_>],
    households: &[HouseholdId],
) -> Result<Vec<Finding>, OfficeError> {
    let mut families = members(office, households).await?;
    let rows = rows(office, rules, &families).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    told(office, release, rules, &mut families).await?;
    let mut contexts: HashMap<Option<DivisionId>, Context> = HashMap::new();
    let mut found = Vec::new();
    for (household, mut family) in families {
        let mut any = false;
        for member in &mut family.members {
            let Some(rows) = rows.get(&member.person) else { continue };
            any = true;
            answers(release, rules, member, rows)?;
        }
        if !any {
            continue;
        }
        if !contexts.contains_key(&family.county) {
            let context = context(office, release, family.county).await?;
            contexts.insert(family.county, context);
        }
        let context = &contexts[&family.county];
        let own: Vec<Record> = family
            .members
            .iter()
            .map(|member| member.record.clone().with_one("household", family.household.clone()))
            .collect();
        let whole = family.household.clone().with_many("members", own.clone());
        for (place, rule) in rules.iter().enumerate() {
            match rule.rule.on {
                Unit::Household if holds(rule, &whole, context) => {
                    found.push(family.finding(place, rule, household, None));
                }
                Unit::Household => {}
                Unit::Person => {
                    for (member, record) in family.members.iter().zip(&own) {
                        if holds(rule, record, context) {
                            found.push(family.finding(place, rule, household, Some(member.person)));
                        }
                    }
                }
            }
        }
    }
    Ok(found)
}

fn holds(rule: &NightlyRule<'_>, record: &Record, context: &Context) -> bool {
    rule.when.evaluate(record, context) == Value::Boolean(true)
}

impl Family {
    fn finding(
        &self,
        place: usize,
        rule: &NightlyRule<'_>,
        household: HouseholdId,
        about: Option<PersonId>,
    ) -> Finding {
        let (mut said, mut same) = (Vec::new(), rule.rule.id.get().clone());
        for member in self.members.iter().filter(|member| about.is_none_or(|about| about == member.person)) {
            for (dataset, ask) in &rule.asks {
                if let Some(one) = member.said.get(&answer_name(dataset, &ask.id)) {
                    said.push(one.words.clone());
                    same.push_str(&format!("|{} {}", member.person, one.same));
                }
            }
        }
        let told = self.told.iter().filter(|((whose, fact), _)| {
            (whose.is_none() || *whose == about) && rule.declared.contains(&fact.as_str())
        });
        same.extend(told.map(|((_, fact), value)| format!("|{fact}={value}")));
        Finding { rule: place, household, person: about, said, same }
    }
}

/// Today's members of the families who are alive.
async fn members(
    office: &Office,
    households: &[HouseholdId],
) -> Result<BTreeMap<HouseholdId, Family>, OfficeError> {
    let rows = Query::system(
        NIGHT,
        "SELECT m.household_id, h.county_id, p.id, p.name, p.citizen_id_blind FROM membership m JOIN household h ON h.id = m.household_id \
         JOIN person p ON p.id = m.person_id WHERE m.household_id IN ({list}) AND m.until_on IS NULL AND m.superseded_at IS NULL \
         AND p.died_on IS NULL ORDER BY m.household_id, m.id",
    )
    .bind_list(households.iter().copied())
    .all(office.db())
    .await?;
    let mut families: BTreeMap<HouseholdId, Family> = BTreeMap::new();
    for row in &rows {
        let family = families.entry(row.get("household_id")?).or_default();
        family.county = row.get("county_id")?;
        family.members.push(Member {
            person: row.get("id")?,
            name: row.get("name")?,
            blind: row.get("citizen_id_blind")?,
            record: Record::default(),
            said: BTreeMap::new(),
        });
    }
    Ok(families)
}

type Rows = HashMap<PersonId, BTreeMap<String, Vec<DepartmentRow>>>;

/// What files in use of their county, and of those above it, hold about the members. Asked by the members' numbers: what a file of a whole city
/// holds about others costs nothing.
async fn rows(
    office: &Office,
    rules: &[NightlyRule<'_>],
    families: &BTreeMap<HouseholdId, Family>,
) -> Result<Rows, OfficeError> {
    let counties: BTreeSet<DivisionId> = families.values().filter_map(|family| family.county).collect();
    let in_use = Query::system(
        NIGHT,
        "SELECT f.id, f.dataset, dc.descendant_id FROM department_file f JOIN division_closure dc ON dc.ancestor_id = f.division_id \
         WHERE f.state = 'ready' AND f.dataset IN ({list}) AND dc.descendant_id IN ({list})",
    )
    .bind_list(NightlyRule::datasets(rules))
    .bind_list(counties)
    .all(office.db())
    .await?;
    let mut files: HashMap<i64, (String, BTreeSet<DivisionId>)> = HashMap::new();
    for row in &in_use {
        let (_, serves) = files.entry(row.get("id")?).or_insert((row.get("dataset")?, BTreeSet::new()));
        serves.insert(row.get("descendant_id")?);
    }
    let mut found = Rows::new();
    if files.is_empty() {
        return Ok(found);
    }
    let mut known: HashMap<&str, (PersonId, Vec<DivisionId>)> = HashMap::new();
    for family in families.values() {
        for member in &family.members {
            known.entry(&member.blind).or_insert((member.person, Vec::new())).1.extend(family.county);
        }
    }
    // The sign keeps both databases from reading the files through instead of looking the numbers up.
    let rows = Query::system(
        NIGHT,
        "SELECT r.citizen_id_blind, r.file_id, r.as_of, r.row_sealed FROM department_row r \
         WHERE r.citizen_id_blind IN ({list}) AND +r.file_id IN ({list}) ORDER BY r.file_id, r.number",
    )
    .bind_list(known.keys().copied())
    .bind_list(files.keys().copied())
    .all(office.db())
    .await?;
    for row in &rows {
        let blind: String = row.get("citizen_id_blind")?;
        let Some((person, counties)) = known.get(blind.as_str()) else { continue };
        let Some((dataset, serves)) = files.get(&row.get("file_id")?) else { continue };
        if !counties.iter().any(|county| serves.contains(county)) {
            continue;
        }
        let sealed: Vec<u8> = row.get("row_sealed")?;
        let cells = serde_json::from_str(&office.keys().open(&sealed)?)
            .map_err(|error| OfficeError::Internal(format!("部门数据无法读取（{error}）")))?;
        let row_of = DepartmentRow { as_of: row.get("as_of")?, cells };
        found.entry(*person).or_default().entry(dataset.clone()).or_default().push(row_of);
    }
    Ok(found)
}

/// What the rows say to the questions that the rules read.
fn answers(
    release: &Release,
    rules: &[NightlyRule<'_>],
    member: &mut Member,
    rows: &BTreeMap<String, Vec<DepartmentRow>>,
) -> Result<(), OfficeError> {
    for (id, ask) in rules.iter().flat_map(|rule| &rule.asks) {
        let (Some(rows), Some(dataset)) = (rows.get(*id), release.datasets.get(id)) else { continue };
        let Some(text) = gather::answered(dataset, ask, rows)? else { continue };
        let value = answer::value_of(ask, &text);
        if !value.is_known() || answer::is_negative(&value) {
            member.record.fields.insert(answer_name(id, &ask.id), value);
            continue;
        }
        let department =
            release.departments.get(&dataset.department).map_or(&dataset.title, |one| &one.title);
        let shown = match ask.kind {
            AnswerKind::Amount => "（数额核对时查看）".to_owned(),
            _ => format!("：{}", answer::shown(release, ask, &value)),
        };
        let same = format!("{}{shown}", ask.title);
        let as_of = rows.iter().map(|row| row.as_of).max();
        let on = as_of.map(|day| format!("，数据日期{}", vocab::zh_date(day))).unwrap_or_default();
        let mut words = format!("{}：{same}（{department}{on}）", member.name);
        let other = rows.iter().filter_map(|row| row.cells.get("name")).find(|name| **name != member.name);
        if let Some(other) = other {
            words.push_str(&format!("；部门数据上的姓名是“{other}”，请先核对是不是本人"));
        }
        let name = answer_name(id, &ask.id);
        member.record.fields.insert(name.clone(), value);
        member.said.insert(name, Said { words, same });
    }
    Ok(())
}

/// What the family declared, the roll said, an officer saw at home or settled: the newest of each.
async fn told(
    office: &Office,
    release: &Release,
    rules: &[NightlyRule<'_>],
    families: &mut BTreeMap<HouseholdId, Family>,
) -> Result<(), OfficeError> {
    let facts: BTreeSet<&str> = rules.iter().flat_map(|rule| &rule.declared).copied().collect();
    if facts.is_empty() {
        return Ok(());
    }
    let today = office.now().today();
    let of: HashMap<PersonId, HouseholdId> = families
        .iter()
        .flat_map(|(household, family)| family.members.iter().map(|member| (member.person, *household)))
        .collect();
    let subjects: [(&str, Vec<i64>); 2] = [
        ("household_id", families.keys().map(|id| id.0).collect()),
        ("person_id", of.keys().map(|id| id.0).collect()),
    ];
    for (column, ids) in subjects {
        let sql = format!(
            "SELECT f.{column} AS subject, f.fact, f.value FROM fact f WHERE f.{column} IN ({{list}}) AND f.fact IN ({{list}}) \
             AND f.source IN ('declared', 'roll', 'visit', 'settled') AND f.superseded_at IS NULL AND f.from_on <= ? \
             AND (f.until_on IS NULL OR f.until_on > ?) ORDER BY f.from_on, f.id"
        );
        let rows = Query::system(NIGHT, sql)
            .bind_list(ids)
            .bind_list(facts.iter().copied())
            .bind(today)
            .bind(today)
            .all(office.db())
            .await?;
        for row in &rows {
            let (subject, id, text): (i64, String, Option<String>) =
                (row.get("subject")?, row.get("fact")?, row.get("value")?);
            let person = (column == "person_id").then_some(PersonId(subject));
            let household = person.map_or(Some(HouseholdId(subject)), |person| of.get(&person).copied());
            let (Some(fact), Some(family)) =
                (release.facts.get(&id), household.and_then(|household| families.get_mut(&household)))
            else {
                continue;
            };
            if *fact.kind == ValueKind::Text || (fact.on == Unit::Person) != person.is_some() {
                continue;
            }
            let value = people::read_value(fact, text.as_deref())?;
            let record = match person {
                None => &mut family.household,
                Some(person) => match family.members.iter_mut().find(|member| member.person == person) {
                    Some(member) => &mut member.record,
                    None => continue,
                },
            };
            record.fields.insert(declared_name(&id), value);
            family.told.insert((person, id), text.unwrap_or_default());
        }
    }
    Ok(())
}

/// The circumstances in which the rules of a county are read tonight.
async fn context(
    office: &Office,
    release: &Release,
    county: Option<DivisionId>,
) -> Result<Context, OfficeError> {
    let now = office.now();
    let mut context = Context::new(now.month(), now.today(), now.today());
    let Some(county) = county else { return Ok(context) };
    let code = store::divisions::division(office.db(), county).await?.code;
    for parameter in release.parameters.iter() {
        let value = release.parameter_for(&parameter.id, &code, context.month, context.law_on);
        if value.is_known() {
            context.parameters.insert(parameter.id.get().clone(), value);
        }
    }
    Ok(context)
}

/// People of whom files in use of these rules hold a row, with their families: one part, and where the next begins.
pub(crate) async fn people_in_files(
    office: &Office,
    rules: &[NightlyRule<'_>],
    after: (i64, i64),
) -> Result<(Vec<(PersonId, HouseholdId)>, Option<(i64, i64)>), OfficeError> {
    let rows = Query::system(
        NIGHT,
        "SELECT x.file_id, x.number, m.person_id, m.household_id FROM (SELECT r.file_id, r.number, r.citizen_id_blind, f.division_id \
         FROM department_row r JOIN department_file f ON f.id = r.file_id WHERE f.state = 'ready' AND f.dataset IN ({list}) \
         AND (r.file_id > ? OR r.file_id = ? AND r.number > ?) ORDER BY r.file_id, r.number LIMIT ?) x \
         LEFT JOIN person p ON p.citizen_id_blind = x.citizen_id_blind AND p.died_on IS NULL \
         LEFT JOIN membership m ON m.person_id = p.id AND m.until_on IS NULL AND m.superseded_at IS NULL \
         AND EXISTS (SELECT 1 FROM household h JOIN division_closure dc ON dc.descendant_id = h.county_id WHERE h.id = m.household_id \
         AND dc.ancestor_id = x.division_id) ORDER BY x.file_id, x.number",
    )
    .bind_list(NightlyRule::datasets(rules))
    .bind(after.0)
    .bind(after.0)
    .bind(after.1)
    .bind(ROWS)
    .all(office.db())
    .await?;
    let Some(last) = rows.last() else { return Ok((Vec::new(), None)) };
    let next = (last.get("file_id")?, last.get::<i64>("number")?);
    let mut found = Vec::new();
    for row in &rows {
        if let (Some(person), Some(household)) = (row.get("person_id")?, row.get("household_id")?) {
            found.push((person, household));
        }
    }
    Ok((found, Some(next)))
}
