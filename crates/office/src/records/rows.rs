//! Which row of a list is which while somebody writes on it. Rows have no number of their own: a version holds them in their order. So whoever
//! begins on a version carries along where each row stood in it ([`ROW`]), and what they do not write of a row stays with that row, however
//! rows are moved, added or left out. Rows that come without (a file, the API) are known by what is written in them.

use catalogue::definition::{Field, Form};

use super::conflict::said;
use crate::forms::{Answers, Raw, RawRecord};

/// In a row of answers: its place in the version that was begun on. No field is called so.
pub const ROW: &str = "_row";
/// Rows that somebody sends at most.
const ROWS_MAX: usize = 1_000;

/// The lists of a form, each once.
#[must_use]
pub fn lists(form: &Form) -> Vec<&str> {
    let mut lists: Vec<&str> = Vec::new();
    for repeat in form.pages.iter().filter_map(|page| page.repeat.as_ref()) {
        if !lists.contains(&repeat.of.as_str()) {
            lists.push(repeat.of.as_str());
        }
    }
    lists
}

/// The fields of a list, of all pages that ask some.
fn fields<'a>(form: &'a Form, of: &'a str) -> impl Iterator<Item = &'a Field> {
    let pages =
        form.pages.iter().filter(move |page| page.repeat.as_ref().is_some_and(|repeat| repeat.of == *of));
    pages.flat_map(|page| &page.fields)
}

/// Writes into every row where it stands: the answers are those of a version on which somebody begins.
pub fn number(form: &Form, answers: &mut Answers) {
    for of in lists(form) {
        let mut rows = answers.list(of).to_vec();
        for (place, row) in rows.iter_mut().enumerate() {
            row.insert(ROW.to_owned(), Raw::Text(place.to_string()));
        }
        answers.set_list(of, rows);
    }
}

/// Puts the rows of numbered answers in the order in which a page shows them; what is no row of theirs is a new one. What is not named is left
/// out, and none is there twice.
pub fn arrange<'a>(answers: &mut Answers, of: &str, shown: impl Iterator<Item = &'a str>) {
    let mut stood: Vec<Option<RawRecord>> = answers.list(of).iter().cloned().map(Some).collect();
    let mut rows = Vec::new();
    for place in shown.take(ROWS_MAX) {
        let known = place.parse::<usize>().ok().filter(|place| *place < stood.len());
        rows.push(known.and_then(|place| stood[place].take()).unwrap_or_default());
    }
    answers.set_list(of, rows);
}

/// Says of rows that have been added since that they stood nowhere.
pub fn mark_new(form: &Form, answers: &mut Answers) {
    for of in lists(form) {
        let mut rows = answers.list(of).to_vec();
        for row in &mut rows {
            row.entry(ROW.to_owned()).or_insert_with(|| Raw::Text(String::new()));
        }
        answers.set_list(of, rows);
    }
}

/// Where a row stood.
#[must_use]
pub fn place(row: &RawRecord) -> Option<usize> {
    row.get(ROW)?.text().parse().ok()
}

/// What `writes` does not allow stays as `stored` has it: in each row what that row had. A list of which nothing is written stays whole.
pub(super) fn keep(form: &Form, answers: &mut Answers, stored: &Answers, writes: impl Fn(&Field) -> bool) {
    for of in lists(form) {
        let (written, kept): (Vec<&Field>, Vec<&Field>) = fields(form, of).partition(|field| writes(field));
        if kept.is_empty() {
            continue;
        }
        let before = stored.list(of);
        if written.is_empty() {
            answers.set_list(of, before.to_vec());
            continue;
        }
        let mut rows = answers.list(of).to_vec();
        let places = places(&written, &rows, before);
        for (row, place) in rows.iter_mut().zip(places) {
            let had = place.and_then(|place| before.get(place));
            for field in &kept {
                match had.and_then(|had| had.get(field.id.get())) {
                    Some(raw) => row.insert(field.id.get().clone(), raw.clone()),
                    None => row.remove(field.id.get()),
                };
            }
        }
        answers.set_list(of, rows);
    }
}

/// Somebody wrote on `base` and the record stands at `now`: their rows say where they stand now.
pub(super) fn follow(form: &Form, answers: &mut Answers, base: &Answers, now: &Answers) {
    for of in lists(form) {
        let mut rows = answers.list(of).to_vec();
        if rows.iter().all(|row| place(row).is_none()) {
            continue;
        }
        let all: Vec<&Field> = fields(form, of).collect();
        let stands = alike(&all, base.list(of), now.list(of));
        for row in &mut rows {
            match place(row).and_then(|place| stands.get(place).copied().flatten()) {
                Some(stands) => row.insert(ROW.to_owned(), Raw::Text(stands.to_string())),
                // Nobody has it any more: it is a new one, and still says that rows of this list are known.
                None => row.insert(ROW.to_owned(), Raw::Text(String::new())),
            };
        }
        answers.set_list(of, rows);
    }
}

/// For each row which of the rows before it is: as it says itself, else by what is written in it. None is two.
fn places(written: &[&Field], rows: &[RawRecord], before: &[RawRecord]) -> Vec<Option<usize>> {
    if rows.iter().all(|row| !row.contains_key(ROW)) {
        return alike(written, rows, before);
    }
    let mut taken = vec![false; before.len()];
    let places = rows.iter().map(|row| {
        let place = place(row)?;
        let free = taken.get_mut(place).filter(|taken| !**taken)?;
        *free = true;
        Some(place)
    });
    places.collect()
}

/// For each row the one before that it most likely is: one that says the same, else the one that says most of the same, else, where as many are
/// left on both sides, the next.
fn alike(fields: &[&Field], rows: &[RawRecord], before: &[RawRecord]) -> Vec<Option<usize>> {
    let spelled = |rows: &[RawRecord]| -> Vec<Vec<String>> {
        let row = |row: &RawRecord| fields.iter().map(|field| said(field, row.get(field.id.get()))).collect();
        rows.iter().map(row).collect()
    };
    let (rows, before) = (spelled(rows), spelled(before));
    let mut found: Vec<Option<usize>> = vec![None; rows.len()];
    let mut free: Vec<usize> = (0..before.len()).collect();
    for (place, row) in rows.iter().enumerate() {
        if let Some(same) = free.iter().position(|other| before[*other] == *row) {
            found[place] = Some(free.remove(same));
        }
    }
    let shared = |row: &[String], other: &[String]| {
        row.iter().zip(other).filter(|(one, other)| !one.is_empty() && one == other).count()
    };
    for (place, row) in
        rows.iter().enumerate().filter(|(place, _)| found[*place].is_none()).collect::<Vec<_>>()
    {
        // Of equals the first.
        let best = (0..free.len()).rev().max_by_key(|at| shared(row, &before[free[*at]]));
        if let Some(best) = best.filter(|at| shared(row, &before[free[*at]]) > 0) {
            found[place] = Some(free.remove(best));
        }
    }
    let left: Vec<usize> = (0..found.len()).filter(|place| found[*place].is_none()).collect();
    if left.len() == free.len() {
        for (place, other) in left.into_iter().zip(free) {
            found[place] = Some(other);
        }
    }
    found
}
