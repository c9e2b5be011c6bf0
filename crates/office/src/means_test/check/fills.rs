//! Answers become facts, as the pack says (`fills`): of the person, or of the family by adding its members up. The fact names the
//! department, the data set, the number of the question and the day of the data, and holds for as long as the answer does.
//!
//! Where a department sees a part only (`at_least`), its answer counts where it is more than what the family said and denies nothing. What
//! the family declared stays beside it. Which of two values is right is an officer's to settle, with a reason; a new answer that says
//! something else ends what was settled about the old one, and is compared like the first.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use catalogue::definition::{AnswerKind, Ask, CheckRule, Dataset, Fact, Fills, Unit, ValueKind};
use catalogue::shapes::answer_name;
use chrono::NaiveDate;
use store::{AuditActor, Connection, PersonId, Query, Scope, Tx};
use vocab::{Fen, Now};

use super::answer::{self, Told};
use super::{Asked, CHECK, CheckRequestId, Checked, asked_about};
use crate::people::{self, Answered, FactView, NewFact, Source, Subject};
use crate::{Office, OfficeError};

/// The newest answer to a question about one person.
struct Newest {
    id: CheckRequestId,
    told: Told,
    /// From when on it is true: asked again after an objection, from the day of the first answer, which it corrects.
    since: NaiveDate,
    valid_until: Option<NaiveDate>,
}

struct Row {
    id: CheckRequestId,
    person: PersonId,
    dataset: String,
    answered: bool,
    valid_until: Option<NaiveDate>,
    recheck_of: Option<CheckRequestId>,
}

/// The newest answers about the members by data set and person; without those whose time is over.
async fn newest(
    office: &Office,
    connection: &impl Connection,
    checked: &Checked,
    today: NaiveDate,
) -> Result<BTreeMap<(String, PersonId), Newest>, OfficeError> {
    let rows: Vec<Row> = Query::system(
        CHECK,
        "SELECT r.id, r.person_id, r.dataset, r.state, r.valid_until, r.recheck_of FROM check_request r \
         WHERE r.case_id = ? AND r.relative_id IS NULL ORDER BY r.id",
    )
    .bind(checked.case)
    .all_as(connection, |row| {
        Ok(Row {
            id: row.get("id")?,
            person: row.get("person_id")?,
            dataset: row.get("dataset")?,
            answered: matches!(row.get::<String>("state")?.as_str(), "partly" | "answered" | "no_record"),
            valid_until: row.get("valid_until")?,
            recheck_of: row.get("recheck_of")?,
        })
    })
    .await?;
    let by_id: BTreeMap<i64, &Row> = rows.iter().map(|row| (row.id.0, row)).collect();
    let mut last: BTreeMap<(&str, PersonId), &Row> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.answered) {
        last.insert((&row.dataset, row.person), row);
    }
    let mut newest = BTreeMap::new();
    for ((dataset, person), row) in last {
        if row.valid_until.is_some_and(|until| until < today) {
            continue;
        }
        let told = answer::told(office, connection, row.id).await?;
        let Some(mut since) = told.as_of else { continue };
        let mut before = row.recheck_of;
        while let Some(earlier) = before.and_then(|id| by_id.get(&id.0)) {
            if let Some(as_of) = answer::told(office, connection, earlier.id).await?.as_of {
                since = since.min(as_of);
            }
            before = earlier.recheck_of;
        }
        newest.insert(
            (dataset.to_owned(), person),
            Newest { id: row.id, told, since, valid_until: row.valid_until },
        );
    }
    Ok(newest)
}

/// What one answer says of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Says {
    /// Fen, or a count.
    Number(i64),
    /// Canonical text.
    Text(String),
    /// Nothing is held.
    Nothing,
}

fn says(ask: &Ask, fills: &Fills, told: &Told) -> Result<Option<Says>, OfficeError> {
    let Some(text) = told.values.get(ask.id.get()) else {
        return Ok(told.no_record.then_some(Says::Nothing));
    };
    let number = |text: &str| -> Result<Says, OfficeError> {
        let number: i64 =
            text.parse().map_err(|_| OfficeError::Internal("部门答复的数无法读取".to_owned()))?;
        Ok(Says::Number(fills.months.map_or(number, |months| a_month(number, months))))
    };
    Ok(Some(match (ask.kind, fills.yes) {
        (AnswerKind::Amount, _) => number(text)?,
        (AnswerKind::YesNo, Some(yes)) => Says::Number(if text == "true" { i64::from(yes) } else { 0 }),
        (AnswerKind::Band, _) if text == "none" => Says::Nothing,
        (AnswerKind::YesNo, None) | (AnswerKind::Band | AnswerKind::Date, _) => Says::Text(text.clone()),
    }))
}

/// A month's part of a sum over months, to the fen, half away from zero. The members' parts are added up afterwards: of a family of five
/// the sum is at most two and a half fen from the part of their sum.
fn a_month(fen: i64, months: u16) -> i64 {
    let months = i64::from(months.max(1));
    let half = if fen < 0 { -(months / 2) } else { months / 2 };
    (fen + half) / months
}

/// A number of a fact in the unit of answers: fen of money, else the number itself.
fn units(fact: &Fact, canonical: Option<&str>) -> Option<i64> {
    match *fact.kind.get() {
        ValueKind::Money => Fen::from_yuan(canonical?).ok().map(|fen| fen.0),
        _ => canonical?.parse().ok(),
    }
}

fn typed(fact: &Fact, says: &Says) -> Option<String> {
    match says {
        Says::Number(fen) if *fact.kind.get() == ValueKind::Money => Some(Fen(*fen).to_string()),
        Says::Number(number) => Some(number.to_string()),
        Says::Text(text) => Some(text.clone()),
        Says::Nothing => None,
    }
}

/// What several members' answers say of the family.
fn together(fact: &Fact, said: &[&Says]) -> Result<Says, OfficeError> {
    let too_large = || OfficeError::Internal(format!("「{}」的合计超出范围", fact.title));
    let mut sum: Option<i64> = None;
    let mut any = None;
    for one in said {
        match one {
            Says::Number(number) => {
                sum = Some(sum.unwrap_or(0).checked_add(*number).ok_or_else(too_large)?);
            }
            Says::Text(text) => any = Some(any.unwrap_or(false) || text == "true"),
            Says::Nothing => {}
        }
    }
    Ok(match (sum, any) {
        (Some(sum), _) => Says::Number(sum),
        (None, Some(any)) => Says::Text(any.to_string()),
        (None, None) => Says::Nothing,
    })
}

/// What a fact of somebody is filled with.
struct Filling<'a> {
    dataset: &'a Dataset,
    fact: &'a Fact,
    fills: &'a Fills,
    subject: Subject,
    says: Says,
    of: Vec<&'a Newest>,
    members: usize,
}

/// Writes what follows from the newest answers, and returns what the departments say now. Nothing is written twice.
pub(in super::super) async fn fill_in(
    office: &Office,
    tx: &Tx,
    checked: &Checked,
    who: &AuditActor,
    now: Now,
) -> Result<Vec<NewFact>, OfficeError> {
    let release = office.release();
    let members: Vec<PersonId> = asked_about(tx, checked)
        .await?
        .into_iter()
        .filter(|asked| asked.relative.is_none())
        .map(|asked| asked.person)
        .collect();
    let newest = newest(office, tx, checked, now.today()).await?;
    let mut standing = Vec::new();
    for dataset in release.datasets.iter() {
        for ask in &dataset.asks {
            let Some((fills, fact)) = filled(&release, ask) else { continue };
            let mut said: Vec<(PersonId, Says, &Newest)> = Vec::new();
            for member in &members {
                if let Some(newest) = newest.get(&(dataset.id.get().clone(), *member))
                    && let Some(says) = says(ask, fills, &newest.told)?
                {
                    said.push((*member, says, newest));
                }
            }
            let filling = |subject, says, of| Filling {
                dataset,
                fact,
                fills,
                subject,
                says,
                of,
                members: members.len(),
            };
            let fillings: Vec<Filling<'_>> = match fact.on {
                Unit::Person => said
                    .iter()
                    .map(|(person, says, of)| filling(Subject::Person(*person), says.clone(), vec![*of]))
                    .collect(),
                // Part of a sum is at least that much; anything else of a family is known when everybody was answered about.
                Unit::Household if !said.is_empty() && (fills.at_least || said.len() == members.len()) => {
                    let all: Vec<&Says> = said.iter().map(|(_, says, _)| says).collect();
                    let of = said.iter().map(|(_, _, of)| *of).collect();
                    vec![filling(Subject::Household(checked.household), together(fact, &all)?, of)]
                }
                Unit::Household => Vec::new(),
            };
            for filling in fillings {
                standing.extend(write(office, tx, checked, who, &filling).await?);
            }
        }
    }
    Ok(standing)
}

/// What an answer to a question fills.
fn filled<'a>(release: &'a Release, ask: &'a Ask) -> Option<(&'a Fills, &'a Fact)> {
    let fills = ask.fills.as_ref()?;
    Some((fills, &**release.facts.get(&fills.fact)?))
}

async fn write(
    office: &Office,
    tx: &Tx,
    checked: &Checked,
    who: &AuditActor,
    filling: &Filling<'_>,
) -> Result<Option<NewFact>, OfficeError> {
    let Filling { dataset, fact, fills, subject, says, of, members } = filling;
    let id = fact.id.get();
    let department = Source::Department(dataset.department.get().clone());
    let before = people::standing(office, tx, *subject, id, &department).await?;
    let (Some(since), Some(as_of)) =
        (of.iter().map(|one| one.since).max(), of.iter().filter_map(|one| one.told.as_of).max())
    else {
        return Ok(None);
    };
    if fills.at_least && !more(office, tx, filling).await? {
        // It may have said more before: from the day that it answers for now, that is over.
        if before.is_some() {
            let lines = [(*subject, id.clone(), department), (*subject, id.clone(), Source::Settled)];
            people::fall_silent_in(office, tx, who, &lines, since).await?;
        }
        return Ok(None);
    }
    let lapses_on = of.iter().filter_map(|one| one.valid_until?.succ_opt()).min();
    let numbers: Vec<String> = of.iter().map(|one| one.id.to_string()).collect();
    let some = if of.len() < *members && *subject == Subject::Household(checked.household) {
        format!("，全家{members}人中{}人已答复", of.len())
    } else {
        String::new()
    };
    let new = NewFact {
        subject: *subject,
        fact: id.clone(),
        value: typed(fact, says),
        from_on: since,
        until_on: None,
        source: department,
        case: Some(checked.case),
        evidence: Some(format!(
            "{}核对答复（询问第{}号{some}），数据日期 {as_of}",
            dataset.title,
            numbers.join("、")
        )),
    };
    let canonical = new.value.as_deref().map(|value| people::check_value(&office.release(), fact, value));
    let canonical = canonical.transpose().map_err(|words| OfficeError::invalid("how", words))?;
    match before {
        Some(before) if before.value == canonical => {
            if before.from_on == since && before.lapses_on == lapses_on {
                return Ok(Some(new));
            }
        }
        // What was settled was settled about another answer.
        Some(_) => {
            let settled = [(*subject, id.clone(), Source::Settled)];
            people::fall_silent_in(office, tx, who, &settled, since).await?;
        }
        None => {}
    }
    let answered = [Answered { fact: new.clone(), lapses_on }];
    people::record_answered_in(office, tx, &Scope::Task(checked.case), who, &answered).await?;
    Ok(Some(new))
}

/// Whether the department says more than the family, or an officer at home, has said.
async fn more(office: &Office, tx: &Tx, filling: &Filling<'_>) -> Result<bool, OfficeError> {
    let Says::Number(answered) = filling.says else { return Ok(false) };
    for source in [Source::Declared, Source::Visit] {
        let said = people::standing(office, tx, filling.subject, filling.fact.id.get(), &source).await?;
        if let Some(said) = said
            && units(filling.fact, said.value.as_deref()).unwrap_or(0) >= answered
        {
            return Ok(false);
        }
    }
    Ok(answered > 0)
}

/// A fact about which the family and a department do not say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputed {
    /// Names its field in a form.
    pub key: String,
    /// Of whom, or 全家.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// Its type.
    pub kind: ValueKind,
    /// What counts now comes first; then what the others say.
    pub said: Vec<FactView>,
}

/// A disputed fact with whose it is.
pub(super) struct Matter {
    pub key: String,
    pub subject: Subject,
    pub fact: String,
    pub department: Source,
}

/// The facts on which a contradiction turns: those that the answers fill which its rule reads.
pub(super) fn matters(
    release: &Release,
    rule: Option<&CheckRule>,
    asked: &BTreeSet<(PersonId, String)>,
    checked: &Checked,
) -> Vec<Matter> {
    let Some(rule) = rule else { return Vec::new() };
    let mut matters: Vec<Matter> = Vec::new();
    for (person, dataset) in asked {
        let Some(dataset) = release.datasets.get(dataset) else { continue };
        for ask in &dataset.asks {
            let Some((_, fact)) = filled(release, ask) else { continue };
            if !rule.when.contains(&answer_name(&dataset.id, &ask.id)) {
                continue;
            }
            let (subject, whose) = match fact.on {
                Unit::Person => (Subject::Person(*person), person.to_string()),
                Unit::Household => (Subject::Household(checked.household), "family".to_owned()),
            };
            let key = format!("{}_{whose}", fact.id.get());
            if matters.iter().all(|known| known.key != key) {
                let department = Source::Department(dataset.department.get().clone());
                matters.push(Matter { key, subject, fact: fact.id.get().clone(), department });
            }
        }
    }
    matters
}

/// The same as people read it.
pub(super) async fn disputed(
    office: &Office,
    connection: &impl Connection,
    persons: &[Asked],
    matters: &[Matter],
) -> Result<Vec<Disputed>, OfficeError> {
    let release = office.release();
    let mut disputed = Vec::new();
    for matter in matters {
        let Some(fact) = release.facts.get(&matter.fact) else { continue };
        disputed.push(Disputed {
            key: matter.key.clone(),
            name: name_of(persons, matter.subject),
            title: fact.title.clone(),
            unit: fact.unit.clone().unwrap_or_default(),
            kind: *fact.kind.get(),
            said: people::contenders(office, connection, matter.subject, &matter.fact).await?,
        });
    }
    Ok(disputed)
}

fn name_of(persons: &[Asked], subject: Subject) -> String {
    match subject {
        Subject::Household(_) => "全家".to_owned(),
        Subject::Person(id) => persons
            .iter()
            .find(|asked| asked.person == id)
            .map(|asked| asked.name.clone())
            .unwrap_or_default(),
    }
}

/// What the family declared beside what departments answered, of every fact that an answer fills: what counts comes first. `own` leaves out
/// what is of other members alone.
pub(super) async fn beside(
    office: &Office,
    connection: &impl Connection,
    checked: &Checked,
    own: Option<PersonId>,
) -> Result<Vec<Disputed>, OfficeError> {
    let release = office.release();
    let persons = asked_about(connection, checked).await?;
    let mut lines: Vec<Disputed> = Vec::new();
    for dataset in release.datasets.iter() {
        for ask in &dataset.asks {
            let Some((_, fact)) = filled(&release, ask) else { continue };
            let subjects: Vec<Subject> = match fact.on {
                Unit::Household => vec![Subject::Household(checked.household)],
                Unit::Person => persons
                    .iter()
                    .filter(|asked| asked.relative.is_none() && own.is_none_or(|own| own == asked.person))
                    .map(|asked| Subject::Person(asked.person))
                    .collect(),
            };
            for subject in subjects {
                let said = people::contenders(office, connection, subject, fact.id.get()).await?;
                if said.iter().any(|one| matches!(one.source, Source::Department(_) | Source::Settled)) {
                    lines.push(Disputed {
                        key: fact.id.get().clone(),
                        name: name_of(&persons, subject),
                        title: fact.title.clone(),
                        unit: fact.unit.clone().unwrap_or_default(),
                        kind: *fact.kind.get(),
                        said,
                    });
                }
            }
        }
    }
    Ok(lines)
}

/// Writes down the values that an officer settled, each by its key; an empty one leaves the answer.
pub(super) async fn settle_in(
    office: &Office,
    tx: &Tx,
    checked: &Checked,
    who: &AuditActor,
    matters: &[Matter],
    values: &BTreeMap<String, String>,
    words: &str,
) -> Result<usize, OfficeError> {
    let today = office.now().today();
    let mut answered = Vec::new();
    for matter in matters {
        let Some(value) = values.get(&matter.key).map(|value| value.trim()).filter(|value| !value.is_empty())
        else {
            continue;
        };
        let answer = people::standing(office, tx, matter.subject, &matter.fact, &matter.department).await?;
        answered.push(Answered {
            fact: NewFact {
                subject: matter.subject,
                fact: matter.fact.clone(),
                value: Some(vocab::half_width(value)),
                from_on: answer.as_ref().map_or(today, |answer| answer.from_on),
                until_on: None,
                source: Source::Settled,
                case: Some(checked.case),
                evidence: Some(words.to_owned()),
            },
            lapses_on: answer.and_then(|answer| answer.lapses_on),
        });
    }
    if !answered.is_empty() {
        people::record_answered_in(office, tx, &Scope::Task(checked.case), who, &answered).await?;
    }
    Ok(answered.len())
}
