//! Asking the rules about a family and keeping everything that is needed to ask again.
//!
//! A determination row holds the inputs, the context (dates, parameters, findings), the release's content hash and the language's
//! version; [`verify`] replays it from those alone. It is append-only and decides nothing: an officer's action does. Beside the inputs stand
//! the rows of the facts that it read, so that pages and letters say who said what, and as of which day ([`grounds`](fn@grounds)).
//!
//! This file asks; [`findings`] are what officers judged, [`kept`] the row that stays and is read, [`grounds`](mod@grounds) who said what it rests on,
//! [`replay`] asks again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::Unit;
use chrono::NaiveDate;
use rules::{Context, Outcome, Record};
use store::{CaseId, Connection, HouseholdId, PersonId, Scope, StaffId, Tx};
use vocab::{Fen, Month, Now};

use crate::{Office, OfficeError, people};

pub use ledger::DeterminationId;
use ledger::EntitlementId;

mod findings;
mod grounds;
mod kept;
mod replay;

use findings::findings_by;
pub(super) use findings::{Findings, findings_of_benefits};
pub(super) use grounds::named_sources;
use grounds::sources_of;
pub use grounds::{Ground, grounds};
pub(super) use kept::current;
use kept::keep;
pub use kept::{DeterminationView, of_case};
pub use replay::{Mismatch, verify};

/// What is to be determined.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The case, none for a replay of everybody.
    pub case: Option<CaseId>,
    /// A benefit whose earlier cases' judgements count as long as this case has none of its own.
    pub benefit: Option<EntitlementId>,
    /// The family.
    pub household: HouseholdId,
    /// The one member whom programmes of single persons look at; every member if absent.
    pub person: Option<PersonId>,
    /// Statistical code of the division whose parameters hold.
    pub division: &'a str,
    /// Month for which it is decided.
    pub month: Month,
    /// Day that picks the law.
    pub law_on: NaiveDate,
    /// Day for which facts and members are taken as they were, by what is known now.
    pub valid_on: NaiveDate,
    /// Programmes, best first.
    pub programmes: Vec<String>,
}

/// The answer that counts: the first programme that is met, else the first programme's.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The stored row.
    pub id: DeterminationId,
    /// The programme.
    pub programme: String,
    /// Everything the rules said.
    pub result: rules::Determination,
    /// Monthly amount, when met.
    pub amount: Option<Fen>,
    /// Months to the next review, when met.
    pub review_months: Option<i32>,
    /// Months for which the benefit may go on after income has risen (渐退).
    pub taper_months: Option<i32>,
    /// Whom it covers, when met.
    pub covered: Vec<PersonId>,
}

/// Runs the rules and stores what they said, one row for each programme (and person, for programmes of single persons).
///
/// # Errors
/// A programme that the release does not have, or the database's.
pub async fn determine(
    office: &Office,
    tx: &Tx,
    release: &Arc<Release>,
    question: &Question<'_>,
    now: Now,
    by: Option<StaffId>,
) -> Result<Answer, OfficeError> {
    let facts = known(office, tx, question, now.at_ms()).await?;
    let mut findings = BTreeMap::new();
    if let Some(benefit) = question.benefit {
        findings.extend(findings_of_benefits(tx, &[benefit]).await?.into_values().flatten());
    }
    if let Some(case) = question.case {
        findings.extend(findings_by(tx, "c.id", [case.0].into_iter()).await?.into_values().flatten());
    }
    let mut first = None;
    for id in &question.programmes {
        let programme = release
            .programmes
            .get(id)
            .ok_or_else(|| OfficeError::Internal(format!("规则包里没有待遇项目 {id}")))?;
        let compiled =
            release.rules(id).ok_or_else(|| OfficeError::Internal(format!("待遇项目 {id} 没有编译")))?;
        let mut context =
            release.context(id, question.division, question.month, question.law_on, now.today());
        // What the rules settle by themselves stays, unless an officer has judged it.
        context.findings.extend(findings.iter().map(|(id, finding)| (id.clone(), finding.clone())));
        let asked = |subject: &Subject| {
            question.person.is_none() || subject.person.is_none() || subject.person == question.person
        };
        for subject in subjects(programme.unit, &facts).into_iter().filter(asked) {
            let result = compiled.decide(&subject.record, &context);
            let amount = amount_of(&result)?;
            let sources = sources_of(tx, release, question, &facts.members, &result, now).await?;
            let determination =
                keep(tx, release, question, &subject.record, &context, &result, amount, &sources, now, by)
                    .await?;
            let met = result.outcome == Outcome::Met;
            let covered = if met { covered_by(release, id, &subject, &facts, &context) } else { Vec::new() };
            let review_months = months_of(&result);
            let taper_months = taper_months(&result);
            let answer = Answer {
                id: determination,
                programme: id.clone(),
                result,
                amount,
                review_months,
                taper_months,
                covered,
            };
            if met {
                return Ok(answer);
            }
            first.get_or_insert(answer);
        }
    }
    first.ok_or_else(|| OfficeError::Internal("事项没有规定待遇项目".to_owned()))
}

const FAMILY: Scope = Scope::System("the family of a case that the caller may act on");

/// What the rules say of the first programme of each question by what was known at a moment; nothing of it is kept, for nothing is decided by it.
/// None where the family has nobody whom the programme is about. All questions are about one day, and the number of statements does not grow with
/// them; `findings` are those of the questions' benefits ([`findings_of_benefits`]).
pub(super) async fn look(
    office: &Office,
    connection: &impl Connection,
    release: &Release,
    questions: &[&Question<'_>],
    findings: &Findings,
    known_at: i64,
) -> Result<Vec<Option<Looked>>, OfficeError> {
    let Some(valid_on) = questions.first().map(|question| question.valid_on) else { return Ok(Vec::new()) };
    debug_assert!(questions.iter().all(|question| question.valid_on == valid_on));
    let households: BTreeSet<HouseholdId> = questions.iter().map(|question| question.household).collect();
    let households: Vec<HouseholdId> = households.into_iter().collect();
    let families =
        people::families_as_of(office, connection, &FAMILY, &households, valid_on, known_at).await?;
    let families: BTreeMap<HouseholdId, Known> = families
        .into_iter()
        .map(|(household, (record, members))| (household, Known { record, members }))
        .collect();
    let today = office.now().today();
    questions.iter().map(|question| looked(release, question, &families, findings, today)).collect()
}

fn looked(
    release: &Release,
    question: &Question<'_>,
    families: &BTreeMap<HouseholdId, Known>,
    findings: &Findings,
    today: NaiveDate,
) -> Result<Option<Looked>, OfficeError> {
    let facts = families.get(&question.household).ok_or(OfficeError::NotFound("这个家庭"))?;
    let found = question.programmes.first().and_then(|id| release.programmes.get(id).zip(release.rules(id)));
    let Some((programme, compiled)) = found else { return Ok(None) };
    let id = programme.id.get();
    let mut context = release.context(id, question.division, question.month, question.law_on, today);
    if let Some(of_benefit) = question.benefit.and_then(|benefit| findings.get(&benefit.0)) {
        context.findings.extend(of_benefit.iter().map(|(id, finding)| (id.clone(), finding.clone())));
    }
    let asked = |subject: &Subject| question.person.is_none() || subject.person == question.person;
    let Some(subject) = subjects(programme.unit, facts).into_iter().find(asked) else { return Ok(None) };
    let result = compiled.decide(&subject.record, &context);
    let (amount, taper_months) = (amount_of(&result)?, taper_months(&result));
    Ok(Some(Looked { result, amount, taper_months }))
}

/// What the rules say, without a row that keeps it.
pub(super) struct Looked {
    pub result: rules::Determination,
    /// Monthly amount, when met.
    pub amount: Option<Fen>,
    /// Months of 渐退.
    pub taper_months: Option<i32>,
}

async fn known(
    office: &Office,
    connection: &impl Connection,
    question: &Question<'_>,
    known_at: i64,
) -> Result<Known, OfficeError> {
    let (household, valid_on) = (question.household, question.valid_on);
    let mut found =
        people::families_as_of(office, connection, &FAMILY, &[household], valid_on, known_at).await?;
    let (record, members) = found.remove(&household).ok_or(OfficeError::NotFound("这个家庭"))?;
    Ok(Known { record, members })
}

/// What is known of a family; the record's members stand in the order of `members`.
struct Known {
    record: Record,
    members: Vec<PersonId>,
}

/// One record to decide about, and whose it is.
struct Subject {
    record: Record,
    person: Option<PersonId>,
}

fn subjects(unit: Unit, facts: &Known) -> Vec<Subject> {
    match unit {
        Unit::Household => vec![Subject { record: facts.record.clone(), person: None }],
        Unit::Person => facts
            .members
            .iter()
            .zip(facts.record.many.get("members").map(Vec::as_slice).unwrap_or_default())
            .map(|(person, record)| Subject {
                record: record.clone().with_one("household", facts.record.clone()),
                person: Some(*person),
            })
            .collect(),
    }
}

/// A programme of a single person covers that person; one of a household, the members for whom its coverage expression holds.
fn covered_by(
    release: &Release,
    programme: &str,
    subject: &Subject,
    facts: &Known,
    context: &Context,
) -> Vec<PersonId> {
    if let Some(person) = subject.person {
        return vec![person];
    }
    let members = facts.record.many.get("members").map(Vec::as_slice).unwrap_or_default();
    facts
        .members
        .iter()
        .zip(members)
        .filter(|(_, record)| match release.coverage(programme) {
            Some(expression) => expression.evaluate(record, context) == rules::Value::Boolean(true),
            None => true,
        })
        .map(|(person, _)| *person)
        .collect()
}

fn amount_of(result: &rules::Determination) -> Result<Option<Fen>, OfficeError> {
    let Some(amount) = &result.amount else { return Ok(None) };
    let fen = amount.as_number().and_then(|number| number.to_scaled(2));
    fen.map(|fen| Some(Fen(fen))).ok_or_else(|| OfficeError::Internal(format!("金额 {amount} 不是分的整数")))
}

fn months_of(result: &rules::Determination) -> Option<i32> {
    result.review_months.as_ref().and_then(whole)
}

/// For how many months the benefit may go on: known only where everything that is not met is something that tapers.
pub(super) fn taper_months(result: &rules::Determination) -> Option<i32> {
    result.taper_months.as_ref().and_then(whole).filter(|months| *months > 0)
}

/// The first and the last month of a taper that is decided today: this month is paid anyway.
pub(super) fn taper_span(today: NaiveDate, months: i32) -> (Month, Month) {
    let month = Month::containing(today);
    (month.next(), month.plus(months))
}

fn whole(value: &rules::Value) -> Option<i32> {
    value.as_number()?.to_i64().and_then(|months| i32::try_from(months).ok())
}
