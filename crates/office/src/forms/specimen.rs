//! A form filled in with the simplest right answers: what a synthetic city and tests begin with and then change.

use catalogue::Release;
use catalogue::definition::{Field, FieldKind, Form, Page, Requirement};

use super::answers::{Answers, FieldPath, Raw};

/// Fills every field that may be required. `say` is asked first for each field (the page, the record's index, the field) and its answer
/// stands; `records` says how many records a repeating page has; `upload` names a file for photos and signatures.
#[must_use]
pub fn specimen(
    release: &Release,
    form: &Form,
    records: usize,
    upload: &str,
    mut say: impl FnMut(&Page, Option<usize>, &Field) -> Option<Raw>,
) -> Answers {
    let mut answers = Answers::new();
    let mut named = 0;
    for page in &form.pages {
        let indices: Vec<Option<usize>> = match &page.repeat {
            Some(_) => (0..records).map(Some).collect(),
            None => vec![None],
        };
        for index in indices {
            if let (Some(repeat), Some(index)) = (&page.repeat, index) {
                if !repeat.add && !form.pages.iter().any(|other| makes(other, &repeat.of)) {
                    answers.go_over(&repeat.of, records);
                }
                while repeat.add && answers.count(&repeat.of) <= index {
                    if answers.add_record(form, &repeat.of).is_none() {
                        break;
                    }
                }
            }
            for field in &page.fields {
                let needed = !matches!(field.required, Requirement::Optional);
                let answer = say(page, index, field)
                    .or_else(|| needed.then(|| simplest(release, field, upload, &mut named)).flatten());
                if let Some(answer) = answer {
                    answers.set(&FieldPath::new(page, index, field), answer);
                }
            }
        }
    }
    answers
}

/// Two visitors are two people.
const NAMES: [&str; 4] = ["巴特尔", "其木格", "乌云", "斯琴"];

/// Whether a page makes the records of this name.
fn makes(page: &Page, of: &str) -> bool {
    page.repeat.as_ref().is_some_and(|repeat| repeat.add && *repeat.of == *of)
}

/// The simplest right answer of a field; none where only the caller can know it.
fn simplest(release: &Release, field: &Field, upload: &str, named: &mut usize) -> Option<Raw> {
    let first = || {
        let list = field.codelist.as_ref().and_then(|list| release.codelists.get(list))?;
        Some(list.values.first()?.code.get().clone())
    };
    Some(match *field.kind {
        FieldKind::Text | FieldKind::Textarea => Raw::from("情况属实"),
        FieldKind::YesNo => Raw::from("no"),
        FieldKind::Choice => Raw::Text(first()?),
        FieldKind::Choices => Raw::List(vec![first()?]),
        FieldKind::Money | FieldKind::Integer | FieldKind::Decimal => {
            Raw::Text(field.min.as_ref().map_or_else(|| "0".to_owned(), |least| least.get().to_string()))
        }
        FieldKind::PersonName => {
            *named += 1;
            Raw::from(NAMES[*named % NAMES.len()])
        }
        FieldKind::Statement => Raw::from("yes"),
        FieldKind::MemberRef => Raw::from("0"),
        FieldKind::File | FieldKind::Signature => Raw::from(upload),
        FieldKind::Files => Raw::List(vec![upload.to_owned()]),
        FieldKind::Date
        | FieldKind::Month
        | FieldKind::CitizenId
        | FieldKind::Phone
        | FieldKind::BankAccount
        | FieldKind::Division
        | FieldKind::Person
        | FieldKind::Household
        | FieldKind::Organisation
        | FieldKind::Facility
        | FieldKind::Place
        | FieldKind::Record => return None,
        FieldKind::Point => Raw::from("106.8,39.6"),
        FieldKind::Line => Raw::from("106.8,39.6;106.9,39.7"),
    })
}
