//! What a form of the packs sent back.

use std::collections::BTreeSet;

use catalogue::definition::{Form, Page};
use office::casework::attachments;
use office::forms::{Answers, FieldPath, FilledForm, Raw};
use office::{Office, OfficeError};

use crate::error::Fault;
use crate::form_body::{Fields, UploadedFile};
use crate::ui::form::Errors;

/// Hidden field that names every field that was on the page.
pub const SEEN: &str = "_seen";

/// Hidden field that names every field that was on the page and needed no answer yet: what is answered elsewhere may make it needed.
pub const FREE: &str = "_free";

/// A question that the answers brought up: one that was not on the page, or one that now needs its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuestion {
    /// Path of the field.
    pub path: String,
    /// Its label, behind whom it is about where it stands in a record.
    pub label: String,
}

/// Pairs of name and value, files already kept as attachments of their owner.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// What the form sent, in order; files as ids of attachments behind everything else.
    pub pairs: Vec<(String, String)>,
    /// Files that could not be taken, by field.
    pub errors: Errors,
}

impl Sent {
    /// Takes a form's fields and keeps its files. A file that is refused leaves a message; the others stay.
    ///
    /// # Errors
    /// The database.
    pub async fn read(
        office: &Office,
        owner: &str,
        fields: Fields,
        files: Vec<UploadedFile>,
    ) -> Result<Sent, Fault> {
        let mut sent = Sent { pairs: fields.0, errors: Errors::none() };
        for file in files {
            if file.too_large {
                sent.errors.add(file.field.clone(), file.too_large_message());
                continue;
            }
            match attachments::put(office, owner, &file.name, &file.bytes).await {
                Ok(id) => sent.pairs.push((file.field, id.to_string())),
                Err(OfficeError::Invalid(problems)) => {
                    let messages = problems.into_iter().map(|problem| problem.message);
                    let message = format!("“{}”：{}", file.name, messages.collect::<String>());
                    sent.errors.add(file.field, message);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sent)
    }

    /// The first value of a name, trimmed; empty when it was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a name that are not empty.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        let values = self.pairs.iter().filter(|(known, value)| known == name && !value.trim().is_empty());
        values.map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// Takes the answers of one page.
    pub fn merge_page(&self, answers: &mut Answers, form: &Form, page: &Page, record: Option<usize>) {
        answers.merge_page(form, page, record, &self.pairs);
    }

    /// Takes the answers of all pages: for forms that are shown whole.
    pub fn merge_form(&self, answers: &mut Answers, form: &Form) {
        for page in &form.pages {
            answers.merge_page(form, page, None, &self.pairs);
        }
    }

    /// Whether the answers bring up questions of a page: show it again before going on.
    #[must_use]
    pub fn has_new_questions(&self, filled: &FilledForm<'_>, page: &Page, record: Option<usize>) -> bool {
        !self.new_questions(filled, page, record).is_empty()
    }

    /// The questions of a page that the answers bring up, in its order. They are not wrong yet: nobody was asked.
    #[must_use]
    pub fn new_questions(
        &self,
        filled: &FilledForm<'_>,
        page: &Page,
        record: Option<usize>,
    ) -> Vec<NewQuestion> {
        let (seen, free) = (self.marked(SEEN), self.marked(FREE));
        let mut fresh = Vec::new();
        for field in filled.fields(page, record) {
            let at = FieldPath::new(page, record, field);
            // What is on file already needs no stop.
            if !filled.answers().get(&at).is_none_or(Raw::is_empty) {
                continue;
            }
            let path = at.to_string();
            let unseen = !seen.contains(path.as_str());
            if unseen || free.contains(path.as_str()) && filled.needs(page, record, field) {
                let of = page.repeat.as_ref().zip(record);
                let label = match of.map(|(repeat, index)| filled.record_title(&repeat.of, index)) {
                    Some(title) => format!("{title}：{}", field.label),
                    None => field.label.clone(),
                };
                fresh.push(NewQuestion { path, label });
            }
        }
        fresh
    }

    /// As [`Sent::new_questions`], for a form that is shown whole.
    #[must_use]
    pub fn form_new_questions(&self, filled: &FilledForm<'_>) -> Vec<NewQuestion> {
        let mut fresh = Vec::new();
        for page in &filled.form().pages {
            for record in super::records(filled, page) {
                fresh.extend(self.new_questions(filled, page, record));
            }
        }
        fresh
    }

    fn marked(&self, mark: &str) -> BTreeSet<&str> {
        self.pairs.iter().filter(|(name, _)| name == mark).map(|(_, value)| value.as_str()).collect()
    }
}
