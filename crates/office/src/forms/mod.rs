//! Forms: the one mechanism behind the citizen's wizard, visit records, opinions, hearings and reports of change.
//!
//! Pure functions over the pack's [`Form`](catalogue::definition::Form): no database, no HTTP, no clock of their own.
//! - [`Answers`] keeps what was typed, loss-free; [`Answers::merge_page`] takes what a page sent.
//! - [`Mentions`] says which divisions and files the answers point at: the caller looks them up and puts them into a
//!   [`FormContext`].
//! - [`FilledForm::read`] then knows everything: [`FilledForm::check`] gives typed values and messages,
//!   [`FilledForm::fields`] what is shown, [`FilledForm::next_page`] the way, [`FilledForm::in_words`] the summary.
//! - [`facts`], [`entries`] and [`findings`] are what a right form declares.
//!
//! Names in HTML and keys of errors are the same: `phone`, `member.2.phone` (records count from 0); a date posts
//! `born_on.year`, `born_on.month`, `born_on.day`; `member` alone is the list of members itself.

use std::collections::BTreeMap;

use catalogue::Release;
use vocab::{DivisionCode, Now};

mod answers;
mod check;
mod conditions;
mod declared;
mod errors;
mod filled;
mod in_words;
mod point;
mod read;
mod specimen;
#[cfg(test)]
mod tests;
mod value;
mod walk;

pub(crate) use answers::MEMBER;
pub use answers::{Answers, FieldPath, Mentions, Raw, RawRecord, shown_masked};
pub use check::{Checked, check_form, check_page};
pub use declared::{FormEntry, FormFact, FormFinding, FormSubject, entries, facts, findings};
pub use errors::Errors;
pub use filled::{FilledForm, FormValues};
pub use in_words::{Row, Section};
pub use point::{points_of, read_line, read_point};
pub use read::UPLOAD_BYTES_MAX;
pub use specimen::specimen;
pub use value::{FormValue, reference_text, referred_id, target_key};
pub use walk::{Progress, Stop};

/// What a form is read against.
#[derive(Debug, Clone)]
pub struct FormContext<'a> {
    /// The release that the form belongs to.
    pub release: &'a Release,
    /// Now.
    pub now: Now,
    /// Divisions that the answers mention and that exist, with their full names.
    pub divisions: BTreeMap<DivisionCode, String>,
    /// Uploaded files that the answers mention and that exist, by id.
    pub attachments: BTreeMap<String, UploadedFile>,
    /// Records on file by name, with their titles: the members whom a visit record goes over.
    pub on_file: BTreeMap<String, Vec<String>>,
    /// What the answers point at and what is there: target (`person`, `household` or a register) and id → title.
    pub references: BTreeMap<(String, i64), String>,
    /// For a field, by its path, whose typed words may mean several things: what to send, and its title.
    pub candidates: BTreeMap<String, Vec<(String, String)>>,
    /// What to say of typed words that mean more things than can be offered, by the words.
    pub unclear: BTreeMap<String, String>,
    /// What expressions see besides the answers: what the record points at, and what points at it.
    pub related: rules::Record,
}

impl<'a> FormContext<'a> {
    /// A context in which nothing has been looked up yet.
    #[must_use]
    pub fn new(release: &'a Release, now: Now) -> FormContext<'a> {
        let (divisions, attachments, on_file, references) = Default::default();
        let (candidates, unclear, related) = Default::default();
        FormContext {
            release,
            now,
            divisions,
            attachments,
            on_file,
            references,
            candidates,
            unclear,
            related,
        }
    }
}

/// An uploaded file as far as forms care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// Name for people.
    pub name: String,
    /// Size.
    pub bytes: u64,
}
