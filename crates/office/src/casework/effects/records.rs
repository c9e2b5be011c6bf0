//! What was seen and said: records of visits, objections, hearings; officers' findings; facts that a form declares.

use catalogue::definition::{AbsencePeriod, Effect, Writes};
use chrono::Days;
use store::{Query, Scope};

use super::super::act::Doing;
use super::super::last_day;
use super::super::situation::CaseRow;
use crate::people::{self, NewFact, Source, Subject};
use crate::{OfficeError, forms};

/// The family of a case that the doer may act on; it may live elsewhere (社会救助法 art. 37: the place of the emergency).
const FAMILY: Scope = Scope::System("the family of a case that the doer may act on");

/// The officers' judgements that the action's form holds.
pub(in super::super) async fn findings(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let (Some((_, checked)), Some(form), Some(staff)) =
        (&doing.form, doing.form_definition, doing.doer.staff())
    else {
        return Ok(());
    };
    for finding in forms::findings(form, checked) {
        Query::system(
            "a finding in a case that the doer may act on",
            "INSERT INTO finding (case_id, event_id, condition, met, reason, staff_id, recorded_on) VALUES (?, ?, ?, ?, ?, ?, ?) \
             RETURNING id",
        )
        .bind(case.id)
        .bind(doing.event)
        .bind(finding.condition)
        .bind(finding.met)
        .bind(finding.reason.unwrap_or_default())
        .bind(staff)
        .bind(doing.now.today())
        .insert(doing.tx)
        .await?;
    }
    Ok(())
}

/// What the action's form says about a clear change of circumstances; the last word counts.
pub(in super::super) async fn clear_change(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let (Some((_, checked)), Some(form)) = (&doing.form, doing.form_definition) else { return Ok(()) };
    let entries = forms::entries(form, checked);
    let Some(said) = entries.iter().find(|entry| entry.writes == Writes::ClearChange) else { return Ok(()) };
    Query::system("a case that the doer may act on", "UPDATE case_file SET clear_change = ? WHERE id = ?")
        .bind(said.value.as_yes_no().copied())
        .bind(case.id)
        .execute(doing.tx)
        .await?;
    Ok(())
}

/// What the action's form says was handed out in kind (实物): its worth counts among what aid gave.
pub(in super::super) async fn goods(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let (Some((_, checked)), Some(form)) = (&doing.form, doing.form_definition) else { return Ok(()) };
    let Some(programme) = doing.item.programmes.first() else { return Ok(()) };
    let (mut worth, mut given_on) = (None, doing.now.today());
    for entry in forms::entries(form, checked) {
        match (entry.writes, entry.value) {
            (Writes::GoodsWorth, forms::FormValue::Money(money)) => worth = Some(money),
            (Writes::GoodsGivenOn, forms::FormValue::Date(day)) => given_on = day,
            _ => {}
        }
    }
    let Some(worth) = worth else { return Ok(()) };
    Query::system(
        "goods of a case that the doer may act on",
        "INSERT INTO case_goods (event_id, case_id, programme, worth_fen, given_on) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(doing.event)
    .bind(case.id)
    .bind(programme.as_str())
    .bind(worth)
    .bind(given_on)
    .execute(doing.tx)
    .await?;
    Ok(())
}

/// The form's answers become facts: seen on a visit, or declared by the family.
pub(super) async fn facts(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let (Some((_, checked)), Some(form)) = (&doing.form, doing.form_definition) else { return Ok(()) };
    let seen = doing.action.effects.iter().any(|effect| **effect == Effect::RecordVisit);
    let source = if seen { Source::Visit } else { Source::Declared };
    let today = doing.now.today();
    // What was found late is true from the day that the form says.
    let since =
        forms::entries(form, checked).into_iter().find_map(|entry| match (entry.writes, entry.value) {
            (Writes::ChangedOn, forms::FormValue::Date(day)) => Some(day.min(today)),
            (Writes::DiedOn, forms::FormValue::Date(day)) => Some(last_day(day.min(today))),
            _ => None,
        });
    let members = people::members_as_of(doing.tx, &FAMILY, case.household, today, doing.now.at_ms()).await?;
    let facts: Vec<NewFact> = forms::facts(doing.release, form, checked)
        .into_iter()
        .filter_map(|fact| {
            let subject = match fact.subject {
                forms::FormSubject::Household => Subject::Household(case.household),
                forms::FormSubject::Applicant => Subject::Person(case.applicant),
                forms::FormSubject::Member(index) => Subject::Person(members.get(index)?.person),
            };
            Some(NewFact {
                subject,
                fact: fact.fact,
                value: Some(fact.value),
                from_on: since.unwrap_or(today),
                until_on: None,
                source: source.clone(),
                case: Some(case.id),
                evidence: None,
            })
        })
        .collect();
    people::record_facts_in(doing.office, doing.tx, &FAMILY, &doing.doer.audit(), &facts).await
}

pub(super) async fn record(doing: &Doing<'_>, case: &CaseRow, kind: &str) -> Result<(), OfficeError> {
    Query::system(
        "a record of a case that the doer may act on",
        "INSERT INTO case_record (case_id, event_id, form_id, kind, level, recorded_on) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(case.id)
    .bind(doing.event)
    .bind(doing.form.as_ref().map(|(form, _)| *form))
    .bind(kind)
    .bind(doing.doer.level())
    .bind(doing.now.today())
    .insert(doing.tx)
    .await?;
    Ok(())
}

/// Nobody was found to be heard, or nobody said anything: the form holds what was tried, the notice asks them to come until its last day.
pub(super) async fn absence(doing: &Doing<'_>, case: &CaseRow, natural_days: u16) -> Result<(), OfficeError> {
    let Some((form, _)) = &doing.form else {
        return Err(OfficeError::Internal("an absence is recorded with its form".to_owned()));
    };
    let today = doing.now.today();
    Query::system(
        "an absence in a case that the doer may act on",
        "INSERT INTO hearing_absence (event_id, case_id, form_id, recorded_on, until_on) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(doing.event)
    .bind(case.id)
    .bind(*form)
    .bind(today)
    .bind(today + Days::new(natural_days.max(AbsencePeriod::LEAST).into()))
    .execute(doing.tx)
    .await?;
    Ok(())
}
