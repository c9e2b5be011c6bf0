//! The answers as a person reads them: for the page before sending, the case file, letters and print.

use catalogue::definition::{Field, FieldKind, Page};

use super::answers::{MEMBER, is_sensitive, records_of};
use super::filled::FilledForm;
use super::read::Reading;
use super::value::FormValue;
use super::{FieldPath, FormContext};

/// The answers of one page, or of one record on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Id of the page.
    pub page: String,
    /// Index of the record on a page that repeats.
    pub record: Option<usize>,
    /// Title of the page, with the record's behind it.
    pub title: String,
    /// Labels and answers.
    pub rows: Vec<Row>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Path of the field.
    pub path: String,
    /// Its label.
    pub label: String,
    /// The answer in words; 未填写 when there is none.
    pub value: String,
    /// Nothing was answered.
    pub empty: bool,
    /// The whole answer is not here for everyone: masked, or to be masked.
    pub sensitive: bool,
}

const EMPTY: &str = "未填写";

impl FilledForm<'_> {
    /// Everything that is shown, page by page, record by record. `masked` hides what is sensitive or points at a person.
    #[must_use]
    pub fn in_words(&self, masked: bool) -> Vec<Section> {
        let mut sections = Vec::new();
        for page in &self.form().pages {
            for record in self.instances(page) {
                let title = match records_of(page).zip(record) {
                    None => page.title.clone(),
                    Some((of, index)) => format!("{}：{}", page.title, self.record_title(of, index)),
                };
                let rows = self.fields(page, record).into_iter();
                let rows = rows.map(|field| self.row(page, record, field, masked)).collect();
                sections.push(Section { page: page.id.get().clone(), record, title, rows });
            }
        }
        sections
    }

    /// One answer in words; empty when there is none.
    #[must_use]
    pub fn words(&self, page: &Page, record: Option<usize>, field: &Field, masked: bool) -> String {
        self.field_in_words(page, record, field, masked)
    }

    /// A value in words, without a form around it: for lists of records.
    #[must_use]
    pub fn value_in_words(
        context: &FormContext<'_>,
        field: &Field,
        value: &FormValue,
        masked: bool,
    ) -> String {
        let masked = masked || *field.kind == FieldKind::CitizenId;
        value.in_words(field, context, masked, |index| (index + 1).to_string())
    }

    fn row(&self, page: &Page, record: Option<usize>, field: &Field, masked: bool) -> Row {
        let value = self.field_in_words(page, record, field, masked);
        Row {
            path: FieldPath::new(page, record, field).to_string(),
            label: field.label.clone(),
            empty: value.is_empty(),
            value: if value.is_empty() { EMPTY.to_owned() } else { value },
            sensitive: is_sensitive(field),
        }
    }

    /// One answer in words; what cannot be read is given back as typed. Empty when there is none.
    pub(super) fn field_in_words(
        &self,
        page: &Page,
        record: Option<usize>,
        field: &Field,
        masked: bool,
    ) -> String {
        match self.reading(page, record, field) {
            Some(Reading::Value(value)) => {
                let member = |index| self.record_title(MEMBER, index);
                if *field.kind == FieldKind::Signature {
                    return "已签名".to_owned();
                }
                // A citizen ID may have come from the files and not from whoever reads this.
                let masked = masked || *field.kind == FieldKind::CitizenId;
                value.in_words(field, self.context, masked, member)
            }
            Some(Reading::Wrong(_)) if masked && is_sensitive(field) => "****（填写有误）".to_owned(),
            Some(Reading::Wrong(_)) => self.typed(page, record, field),
            Some(Reading::Nothing) | None => String::new(),
        }
    }

    fn typed(&self, page: &Page, record: Option<usize>, field: &Field) -> String {
        let Some(raw) = self.answers.get(&FieldPath::new(page, record, field)) else {
            return String::new();
        };
        let parts = ["year", "month", "day"].map(|part| raw.part(part).trim());
        let typed = match *field.kind {
            FieldKind::Date | FieldKind::Month if raw.text().is_empty() => {
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
            }
            // An id of a file says nothing to a person.
            FieldKind::File | FieldKind::Files | FieldKind::Signature => "请重新上传".to_owned(),
            _ => raw.list().join("、"),
        };
        typed.chars().filter(|character| !character.is_control()).collect()
    }
}
