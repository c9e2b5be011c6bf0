//! A form with its answers: read as types, with what is shown and what is not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalogue::definition::{Field, FieldKind, Form, Page};
use rules::Record;

use super::answers::{MEMBER, records_max, records_of};
use super::conditions::Conditions;
use super::read::{Reading, read};
use super::value::FormValue;
use super::{Answers, FieldPath, FormContext};

/// Passes over the form until nothing changes its visibility any more: a chain of conditions that each look at a later
/// field needs one pass a link.
const PASSES_MAX: usize = 8;

/// A form with its answers. Make one for a request and ask it everything.
///
/// Answers of fields and pages that are not shown are kept in [`Answers`] but count as unanswered here.
#[derive(Debug)]
pub struct FilledForm<'a> {
    pub(super) context: &'a FormContext<'a>,
    pub(super) form: &'a Form,
    pub(super) answers: &'a Answers,
    readings: HashMap<FieldPath, Reading>,
    conditions: Conditions,
    /// The shown values as expressions see them.
    top: Record,
    /// Fields that are shown, with their pages.
    shown: BTreeSet<(usize, FieldPath)>,
    /// Pages (by index) that are shown, for each record where they repeat.
    shown_pages: BTreeSet<(usize, Option<usize>)>,
}

impl<'a> FilledForm<'a> {
    /// Reads all answers and settles what is shown. The form is one of the context's release.
    #[must_use]
    pub fn read(context: &'a FormContext<'a>, form: &'a Form, answers: &'a Answers) -> FilledForm<'a> {
        let mut filled = FilledForm {
            context,
            form,
            answers,
            readings: HashMap::new(),
            conditions: Conditions::new(context.now),
            top: context.related.clone(),
            shown: BTreeSet::new(),
            shown_pages: BTreeSet::new(),
        };
        let members = filled.count(MEMBER);
        for (page, field) in form.fields() {
            for record in filled.all_records(page) {
                let path = FieldPath::new(page, record, field);
                let reading = read(field, answers.get(&path), context, members);
                filled.readings.insert(path, reading);
            }
        }
        filled.settle();
        filled
    }

    /// The form.
    #[must_use]
    pub fn form(&self) -> &'a Form {
        self.form
    }

    /// What the form is read against.
    #[must_use]
    pub fn context(&self) -> &'a FormContext<'a> {
        self.context
    }

    /// What was typed.
    #[must_use]
    pub fn answers(&self) -> &'a Answers {
        self.answers
    }

    /// Records of a name: those typed, or those on file where the form makes none itself.
    #[must_use]
    pub fn count(&self, of: &str) -> usize {
        match self.context.on_file.get(of) {
            Some(on_file) if records_max(self.form, of).is_none() => on_file.len(),
            Some(_) | None => self.answers.count(of),
        }
    }

    /// Whether a page is shown; one that goes over records is while it is for any of them, one that adds records always.
    #[must_use]
    pub fn shows_page(&self, page: &Page, record: Option<usize>) -> bool {
        let Some(index) = self.index_of(page) else { return false };
        self.shown_pages.contains(&(index, record))
    }

    /// Whether a field is shown.
    #[must_use]
    pub fn shows(&self, page: &Page, record: Option<usize>, field: &Field) -> bool {
        self.index_of(page)
            .is_some_and(|index| self.shown.contains(&(index, FieldPath::new(page, record, field))))
    }

    /// The fields of a page that are shown.
    pub fn fields<'p>(&self, page: &'p Page, record: Option<usize>) -> Vec<&'p Field> {
        page.fields.iter().filter(|field| self.shows(page, record, field)).collect()
    }

    /// The value of a field that is shown and rightly answered.
    #[must_use]
    pub fn value(&self, page: &Page, record: Option<usize>, field: &Field) -> Option<&FormValue> {
        match self.reading(page, record, field)? {
            Reading::Value(value) => Some(value),
            Reading::Nothing | Reading::Wrong(_) => None,
        }
    }

    /// What a shown field holds.
    pub(super) fn reading(&self, page: &Page, record: Option<usize>, field: &Field) -> Option<&Reading> {
        let path = FieldPath::new(page, record, field);
        self.shows(page, record, field).then(|| self.readings.get(&path)).flatten()
    }

    /// Indices of the records that a page is about and shown for; `[None]` for a page that does not repeat.
    pub(super) fn instances(&self, page: &Page) -> Vec<Option<usize>> {
        self.all_records(page).into_iter().filter(|record| self.shows_page(page, *record)).collect()
    }

    /// Whether an expression of a page's field (or of its `only`) holds of the form or of the record.
    pub(super) fn holds(
        &self,
        page: &Page,
        record: Option<usize>,
        expression: &rules::Expression,
    ) -> Option<bool> {
        let record = match records_of(page).zip(record) {
            None => None,
            Some((of, index)) => Some(self.top.many.get(of)?.get(index)?),
        };
        self.conditions.holds(expression, &self.top, record)
    }

    pub(super) fn index_of(&self, page: &Page) -> Option<usize> {
        self.form.pages.iter().position(|known| known.id == page.id)
    }

    fn all_records(&self, page: &Page) -> Vec<Option<usize>> {
        match records_of(page) {
            None => vec![None],
            Some(of) => (0..self.count(of)).map(Some).collect(),
        }
    }

    /// Settles what is shown: every field begins shown, and each pass hides and shows again by what it then sees.
    fn settle(&mut self) {
        let (form, release) = (self.form, self.context.release);
        for of in form.pages.iter().filter_map(records_of) {
            let count = self.count(of);
            self.top.many.insert(of.to_owned(), vec![Record::new(); count]);
        }
        for page in &form.pages {
            for record in self.all_records(page) {
                for field in &page.fields {
                    self.reveal(page, record, field, true);
                }
            }
        }
        for _ in 0..PASSES_MAX {
            let (mut shown, mut shown_pages) = (BTreeSet::new(), BTreeSet::new());
            for (index, page) in form.pages.iter().enumerate() {
                let of = records_of(page);
                let visible = release
                    .page_visible(&form.id, &page.id)
                    .is_none_or(|visible| self.conditions.holds(visible, &self.top, None) != Some(false));
                if visible && page.repeat.as_ref().is_some_and(|repeat| repeat.add) {
                    shown_pages.insert((index, None));
                }
                for record in self.all_records(page) {
                    let only = release.page_only(&form.id, &page.id);
                    let page_shown =
                        visible && only.is_none_or(|only| self.holds(page, record, only) == Some(true));
                    if page_shown {
                        shown_pages.insert((index, record));
                        if of.is_some() {
                            shown_pages.insert((index, None));
                        }
                    }
                    for field in &page.fields {
                        let visible = release.field_visible(&form.id, &page.id, &field.id);
                        let field_shown = page_shown
                            && visible.is_none_or(|visible| self.holds(page, record, visible) == Some(true));
                        self.reveal(page, record, field, field_shown);
                        if field_shown {
                            shown.insert((index, FieldPath::new(page, record, field)));
                        }
                    }
                }
            }
            let settled = shown == self.shown && shown_pages == self.shown_pages;
            (self.shown, self.shown_pages) = (shown, shown_pages);
            if settled {
                break;
            }
        }
    }

    /// Lets expressions see a field's value, or not.
    fn reveal(&mut self, page: &Page, record: Option<usize>, field: &Field, shown: bool) {
        let path = FieldPath::new(page, record, field);
        let fields = match &path.record {
            None => Some(&mut self.top.fields),
            Some((of, index)) => {
                let records = self.top.many.get_mut(of);
                records.and_then(|records| records.get_mut(*index)).map(|record| &mut record.fields)
            }
        };
        let Some(fields) = fields else { return };
        match self.readings.get(&path) {
            Some(Reading::Value(FormValue::Reference(_))) => {}
            Some(Reading::Value(value)) if shown => drop(fields.insert(path.field, value.for_rules())),
            Some(_) | None => drop(fields.remove(&path.field)),
        }
    }

    /// What a record is called: its name on file, a person's name in it, or 家庭成员2.
    #[must_use]
    pub fn record_title(&self, of: &str, index: usize) -> String {
        if let Some(title) = self.context.on_file.get(of).and_then(|titles| titles.get(index)) {
            return title.clone();
        }
        let pages = || self.form.pages.iter().filter(|page| records_of(page) == Some(of));
        let names = pages().flat_map(|page| page.fields.iter().map(move |field| (page, field)));
        let mut named = names.filter(|(_, field)| *field.kind == FieldKind::PersonName);
        let name = named.find_map(|(page, field)| {
            self.value(page, Some(index), field).and_then(FormValue::as_person_name).cloned()
        });
        name.map_or_else(
            || {
                let label = pages().find_map(|page| page.repeat.as_ref()).map_or("", |repeat| &repeat.label);
                format!("{label}{}", index + 1)
            },
            |name| name.as_str().to_owned(),
        )
    }

    /// Members that a `member_ref` may point at: the value its control sends, and the title.
    #[must_use]
    pub fn members(&self) -> Vec<(String, String)> {
        (0..self.count(MEMBER)).map(|index| (index.to_string(), self.record_title(MEMBER, index))).collect()
    }

    /// The summary fields of a record in words, in the order in which the page lists them.
    #[must_use]
    pub fn record_summary(&self, page: &Page, index: usize, masked: bool) -> Vec<String> {
        let summary = page.repeat.as_ref().map_or(&[][..], |repeat| &repeat.summary);
        let words = summary.iter().map(|id| {
            let of = records_of(page);
            let pages = self.form.pages.iter().filter(|other| records_of(other) == of);
            let mut fields = pages.flat_map(|page| page.fields.iter().map(move |field| (page, field)));
            fields.find(|(_, field)| field.id == *id).map_or_else(String::new, |(page, field)| {
                self.field_in_words(page, Some(index), field, masked)
            })
        });
        words.collect()
    }
}

/// Typed values by field id.
pub type FormValues = BTreeMap<String, FormValue>;
