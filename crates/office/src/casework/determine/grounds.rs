//! Who said what a determination rests on: the facts that its conditions read, for pages and letters.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use chrono::NaiveDate;
use rules::Outcome;
use store::{Connection, PersonId, Tx};
use vocab::Now;

use super::{DeterminationView, Question};
use crate::people::{FactId, Source};
use crate::{Office, OfficeError, people};

/// The statements of the facts that a determination read, of the family and of its members.
pub(super) async fn sources_of(
    tx: &Tx,
    release: &Release,
    question: &Question<'_>,
    members: &[PersonId],
    result: &rules::Determination,
    now: Now,
) -> Result<Vec<FactId>, OfficeError> {
    let read = facts_read(release, result, |_| true);
    let mut subjects = vec![people::Subject::Household(question.household)];
    subjects.extend(members.iter().copied().map(people::Subject::Person));
    people::counting(tx, release, &subjects, &read, question.valid_on, now.at_ms()).await
}

/// The facts that a determination read for some of its conditions, directly or in what its conditions rest on.
fn facts_read<'a>(
    release: &Release,
    result: &'a rules::Determination,
    which: impl Fn(&rules::ConditionOutcome) -> bool,
) -> BTreeSet<&'a str> {
    let conditions = result.conditions.iter().filter(|condition| which(condition));
    let mut waiting: Vec<&'a rules::Read> = conditions.flat_map(|condition| &condition.reads).collect();
    waiting.extend(result.working.iter().flat_map(|working| &working.reads));
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut facts = BTreeSet::new();
    while let Some(read) = waiting.pop() {
        let name = read.path.rsplit('.').next().unwrap_or(&read.path);
        if !seen.insert(name) {
            continue;
        }
        if release.facts.get(name).is_some() {
            facts.insert(name);
        }
        let resting = result.definitions.iter().filter(|line| line.id == name);
        waiting.extend(resting.flat_map(|line| &line.reads));
    }
    facts
}

/// Who said what a determination rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// Of whom, or 全家.
    pub name: String,
    /// What it is.
    pub title: String,
    /// The value as people read it; none where the reader may not see it.
    pub shown: Option<String>,
    /// Who says so.
    pub source: String,
    /// It was declared by the family.
    pub declared: bool,
    /// First day on which it holds; of a department, the day of its data.
    pub on: NaiveDate,
    /// What it rests on: the data set with the number of the question, a voucher.
    pub evidence: Option<String>,
}

/// What a determination that the caller may see rests on. Values of single persons are shown to them and to desks (`reader` is none);
/// what is sensitive is named without its value.
///
/// # Errors
/// The database's.
pub async fn grounds(
    office: &Office,
    connection: &impl Connection,
    view: &DeterminationView,
    reader: Option<PersonId>,
) -> Result<Vec<Ground>, OfficeError> {
    let today = office.now().today();
    let statements = people::statements(office, connection, &view.sources, today).await?;
    let person = |subject: people::Subject| match subject {
        people::Subject::Person(id) => Some(id),
        people::Subject::Household(_) => None,
    };
    let names =
        people::names(connection, statements.iter().filter_map(|statement| person(statement.subject)))
            .await?;
    let grounds = statements.into_iter().map(|statement| {
        let of = person(statement.subject);
        let may_read = !statement.sensitive && (reader.is_none() || of.is_none() || of == reader);
        Ground {
            name: of.map_or("全家".to_owned(), |id| names.get(&id).cloned().unwrap_or_default()),
            title: statement.title,
            shown: may_read.then_some(statement.shown),
            source: statement.source_title,
            declared: statement.source == Source::Declared,
            on: statement.from_on,
            evidence: statement.evidence,
        }
    });
    Ok(grounds.collect())
}

/// The sources of the figures of a determination in the words of a letter: of those behind conditions that are not met, where there are
/// such. What the family said itself is one of them.
pub(in crate::casework) async fn named_sources(
    office: &Office,
    tx: &Tx,
    release: &Release,
    view: &DeterminationView,
) -> Result<Vec<serde_json::Value>, OfficeError> {
    let failed = view.result.outcome == Outcome::NotMet;
    let read = facts_read(release, &view.result, |one| !failed || one.outcome == Outcome::NotMet);
    let statements = people::statements(office, tx, &view.sources, office.now().today()).await?;
    let mut named: BTreeMap<String, NaiveDate> = BTreeMap::new();
    for statement in statements.into_iter().filter(|one| read.contains(one.fact.as_str())) {
        let what = match (&statement.source, &statement.evidence) {
            (Source::Department(_), Some(evidence)) => {
                let what = evidence.split("，数据日期").next().unwrap_or(evidence);
                format!("{}的{what}", statement.source_title)
            }
            (Source::Settled, _) => format!("{}（{}）", statement.source_title, statement.title),
            _ => statement.source_title,
        };
        let on = named.entry(what).or_insert(statement.from_on);
        *on = (*on).max(statement.from_on);
    }
    Ok(named.into_iter().map(|(name, as_of)| serde_json::json!({ "name": name, "as_of": as_of })).collect())
}
