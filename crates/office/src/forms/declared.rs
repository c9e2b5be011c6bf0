//! What an answered form declares: facts, entries of the register, an officer's findings.

use catalogue::Release;
use catalogue::definition::{Field, Form, Page, Unit, Writes};

use super::answers::{MEMBER, records_of};
use super::check::Checked;
use super::value::FormValue;

/// Whom an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormSubject {
    /// The household.
    Household,
    /// Who files: a fact about a person that stands on a page which does not repeat.
    Applicant,
    /// The member of this index.
    Member(usize),
}

/// A fact that the answers declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFact {
    /// Whose fact.
    pub subject: FormSubject,
    /// Its id.
    pub fact: String,
    /// Canonical text ([`FormValue::canonical`]).
    pub value: String,
}

/// An entry of the register that the answers make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormEntry {
    /// Whose entry.
    pub subject: FormSubject,
    /// Which.
    pub writes: Writes,
    /// The answer.
    pub value: FormValue,
}

/// What an officer found about a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFinding {
    /// The finding condition.
    pub condition: String,
    /// Met or not; none when only the reason was written.
    pub met: Option<bool>,
    /// Why, as written.
    pub reason: Option<String>,
}

/// The facts that the answers declare, in the order of the form. Unanswered fields declare nothing.
#[must_use]
pub fn facts(release: &Release, form: &Form, checked: &Checked) -> Vec<FormFact> {
    let mut facts = Vec::new();
    for (page, field, index, value) in answered(form, checked) {
        if let Some(id) = &field.fact {
            let on_person = release.facts.get(id).is_some_and(|fact| fact.on == Unit::Person);
            let subject = subject(page, index, on_person);
            facts.push(FormFact { subject, fact: id.get().clone(), value: value.canonical() });
        }
    }
    facts
}

/// The entries of the register that the answers make, in the order of the form.
#[must_use]
pub fn entries(form: &Form, checked: &Checked) -> Vec<FormEntry> {
    let mut entries = Vec::new();
    for (page, field, index, value) in answered(form, checked) {
        if let Some(writes) = field.writes {
            let personal = matches!(writes, Writes::PersonName | Writes::CitizenId | Writes::Phone);
            let subject = subject(page, index, personal);
            entries.push(FormEntry { subject, writes, value: value.clone() });
        }
    }
    entries
}

/// The findings that the answers record, in the order of the form.
#[must_use]
pub fn findings(form: &Form, checked: &Checked) -> Vec<FormFinding> {
    let mut findings: Vec<FormFinding> = Vec::new();
    for (_, field, _, value) in answered(form, checked) {
        for condition in field.finding.iter().chain(&field.finding_reason) {
            let known = findings.iter().position(|finding| finding.condition == **condition.get());
            let at = known.unwrap_or_else(|| {
                findings.push(FormFinding { condition: condition.get().clone(), met: None, reason: None });
                findings.len() - 1
            });
            if field.finding.as_ref() == Some(condition) {
                findings[at].met = value.as_yes_no().copied();
            } else {
                findings[at].reason = Some(value.canonical());
            }
        }
    }
    findings
}

fn subject(page: &Page, index: Option<usize>, on_person: bool) -> FormSubject {
    match index {
        Some(index) if records_of(page) == Some(MEMBER) => FormSubject::Member(index),
        Some(_) | None if on_person => FormSubject::Applicant,
        Some(_) | None => FormSubject::Household,
    }
}

fn answered<'a>(
    form: &'a Form,
    checked: &'a Checked,
) -> impl Iterator<Item = (&'a Page, &'a Field, Option<usize>, &'a FormValue)> {
    form.fields().flat_map(move |(page, field)| {
        let found: Vec<_> = match records_of(page) {
            None => vec![(None, checked.get(&field.id))],
            Some(of) => (0..checked.count(of))
                .map(|index| (Some(index), checked.in_record(of, index, &field.id)))
                .collect(),
        };
        found.into_iter().filter_map(move |(index, value)| Some((page, field, index, value?)))
    })
}
