//! Forms of the packs as fields on a page: the citizen's wizard, the window, visits, opinions, hearings.
//!
//! [`render_page`] shows one page of a form (one record of it), [`render_form`] all of them under headings; [`Sent::read`]
//! takes what came back, with its files kept as attachments, so that a form shown again has lost nothing.
//!
//! Only fields that are shown now are rendered. An answer may bring up others, or make one needed that was free; without scripts that is
//! seen when the form comes back: [`Sent::new_questions`] names them, and the form is shown once more with [`questions_note`]. They are
//! questions, not mistakes: only what was asked and is still not answered, or is answered wrongly, is an error.

use catalogue::definition::{Form, Page};
use maud::{Markup, html};
use office::forms::{self, Answers, FilledForm};

use crate::ui::Link;
use crate::ui::form::Errors;
use crate::ui::parts::inset;

mod divisions;
mod field;
mod sent;

pub use divisions::{DivisionGroup, villages_below};
pub use field::render_field;
pub use sent::{FREE, NewQuestion, SEEN, Sent};

/// What a page needs besides the filled form.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What is wrong, by path (`phone`, `member.0.phone`).
    pub errors: &'a Errors,
    /// Villages to choose from, by township.
    pub divisions: &'a [DivisionGroup],
    /// Where the reader's files are opened: `/desk/attachments` or `/my/attachments`.
    pub files: &'static str,
    /// Divisions are written and looked up instead of chosen from a list.
    pub picks: bool,
    /// A record as it is on file: what is sensitive in it and was not typed anew is shown masked.
    pub on_file: Option<&'a Answers>,
}

/// The shown fields of one page; on a page that repeats, of one record.
#[must_use]
pub fn render_page(filled: &FilledForm<'_>, page: &Page, record: Option<usize>, look: &Look<'_>) -> Markup {
    html! {
        @if let Some(intro) = &page.intro { p.govuk-body { (intro) } }
        @for field in filled.fields(page, record) { (render_field(filled, page, record, field, look)) }
    }
}

/// All shown pages under each other; pages that go over records once for each.
#[must_use]
pub fn render_form(filled: &FilledForm<'_>, look: &Look<'_>) -> Markup {
    let form = filled.form();
    let several = form.pages.len() > 1;
    html! {
        @if let Some(intro) = &form.intro { p.govuk-body { (intro) } }
        @for page in &form.pages {
            @let records = records(filled, page);
            @if !records.is_empty() {
                section {
                    @if several { h2.govuk-heading-m { (page.title) } }
                    @for record in records {
                        @if let Some((repeat, index)) = page.repeat.as_ref().zip(record) {
                            h3.govuk-heading-s { (filled.record_title(&repeat.of, index)) }
                        }
                        (render_page(filled, page, record, look))
                    }
                }
            }
        }
    }
}

/// The records for which a page is shown; `[None]` for one that does not repeat.
fn records(filled: &FilledForm<'_>, page: &Page) -> Vec<Option<usize>> {
    let all: Vec<Option<usize>> = match &page.repeat {
        None => vec![None],
        Some(repeat) => (0..filled.count(&repeat.of)).map(Some).collect(),
    };
    all.into_iter().filter(|record| filled.shows_page(page, *record)).collect()
}

/// What the answers brought up, calmly, with a way to each; nothing where there is nothing.
#[must_use]
pub fn questions_note(fresh: &[NewQuestion]) -> Markup {
    html! {
        @if !fresh.is_empty() {
            (inset(&html! {
                p.govuk-body {
                    strong { @if fresh.len() == 1 { "还有一个问题要回答" } @else { "还有 " (fresh.len()) " 个问题要回答" } }
                    "。这是根据您的回答问的，已填的内容都在；答完再提交一次。"
                }
                ul.govuk-list {
                    @for question in fresh { li { (Link::new(format!("#{}", question.path), question.label.as_str())) } }
                }
            }))
        }
    }
}

/// The messages of a check, for the page.
#[must_use]
pub fn page_errors(wrong: &forms::Errors) -> Errors {
    let mut errors = Errors::none();
    for (path, message) in wrong.iter() {
        errors.add(path, message);
    }
    errors
}

/// Whether any page of a form takes files: the form must then be sent with them.
#[must_use]
pub fn takes_files(form: &Form) -> bool {
    use catalogue::definition::FieldKind;
    form.fields()
        .any(|(_, field)| matches!(*field.kind, FieldKind::File | FieldKind::Files | FieldKind::Signature))
}

#[cfg(test)]
mod tests;
