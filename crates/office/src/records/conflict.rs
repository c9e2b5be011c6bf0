//! Two people at one record. Each wrote on a version; whoever comes second keeps what the first changed elsewhere, and where both changed
//! the same they are shown both values. Nothing that was typed is lost.

use catalogue::definition::{Field, FieldKind, Form};

use super::columns::of_text;
use crate::forms::{Answers, FieldPath, Raw};

/// A field that both changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// Field, or name of a list.
    pub field: String,
    /// Its label.
    pub label: String,
    /// What the other wrote, in words.
    pub theirs: String,
    /// What this one wrote, in words.
    pub mine: String,
}

/// What came of laying three versions beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Mine, with what only they changed.
    pub answers: Answers,
    /// Fields (and lists) that both changed, differently.
    pub clashes: Vec<String>,
}

/// Fields outside lists, and names of lists, in which two answers differ.
#[must_use]
pub fn differing(form: &Form, one: &Answers, other: &Answers) -> Vec<String> {
    let mut fields = Vec::new();
    for (page, field) in form.fields().filter(|(page, _)| page.repeat.is_none()) {
        let path = FieldPath::new(page, None, field);
        if said(field, one.get(&path)) != said(field, other.get(&path)) {
            fields.push(field.id.get().clone());
        }
    }
    for repeat in form.pages.iter().filter_map(|page| page.repeat.as_ref()) {
        if !fields.contains(repeat.of.get()) && rows(form, one, &repeat.of) != rows(form, other, &repeat.of) {
            fields.push(repeat.of.get().clone());
        }
    }
    fields
}

/// What a field says, spelled one way however it was typed.
pub(super) fn said(field: &Field, raw: Option<&Raw>) -> String {
    let typed = raw.map(spelled).unwrap_or_default();
    let known = match *field.kind {
        _ if typed.is_empty() => None,
        FieldKind::Date => vocab::parse_date(&typed).ok().map(|day| day.to_string()),
        FieldKind::Choices | FieldKind::Text | FieldKind::Textarea => None,
        _ => of_text(field, &typed).map(|value| value.canonical()),
    };
    known.unwrap_or(typed)
}

fn spelled(raw: &Raw) -> String {
    let text = raw.text().trim();
    if !text.is_empty() && raw.list().len() <= 1 {
        return crate::forms::referred_id(text).map_or_else(|| text.to_owned(), crate::forms::reference_text);
    }
    let parts = ["year", "month", "day"].map(|part| raw.part(part).trim().to_owned());
    let numbers: Vec<u32> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    match numbers.as_slice() {
        [year, month, day] => format!("{year:04}-{month:02}-{day:02}"),
        [year, month] => format!("{year:04}-{month:02}"),
        _ => raw.list().join(","),
    }
}

fn rows(form: &Form, answers: &Answers, of: &str) -> Vec<Vec<(String, String)>> {
    let pages =
        || form.pages.iter().filter(|page| page.repeat.as_ref().is_some_and(|repeat| *repeat.of == *of));
    let rows = answers.list(of).iter().map(|row| {
        let fields = pages().flat_map(|page| &page.fields);
        let fields = fields.map(|field| (field.id.get().clone(), said(field, row.get(field.id.get()))));
        fields.filter(|(_, text)| !text.is_empty()).collect::<Vec<_>>()
    });
    rows.filter(|row| !row.is_empty()).collect()
}

/// Lays what I began on, what I wrote and what stands there now beside each other.
#[must_use]
pub fn merge(form: &Form, base: &Answers, mine: &Answers, theirs: &Answers) -> Merged {
    let by_me = differing(form, base, mine);
    let by_them = differing(form, base, theirs);
    let between = differing(form, mine, theirs);
    let mut answers = mine.clone();
    let mut clashes = Vec::new();
    for field in by_them {
        if !between.contains(&field) {
            continue;
        }
        if by_me.contains(&field) {
            clashes.push(field);
            continue;
        }
        take(form, &mut answers, theirs, &field);
    }
    Merged { answers, clashes }
}

/// Takes one field, or one list, from other answers.
pub fn take(form: &Form, answers: &mut Answers, from: &Answers, field: &str) {
    let own = form.fields().find(|(page, known)| page.repeat.is_none() && known.id == *field);
    match own {
        Some((page, known)) => {
            let path = FieldPath::new(page, None, known);
            match from.get(&path) {
                Some(raw) => answers.set(&path, raw.clone()),
                None => answers.remove(field),
            }
        }
        None => answers.set_list(field, from.list(field).to_vec()),
    }
}
