//! Checking a page or the whole form.

use std::collections::{BTreeMap, HashMap};

use catalogue::definition::{Field, FieldKind, Form, Page, Requirement};
use vocab::CitizenId;

use super::answers::{records_max, records_of};
use super::errors::Errors;
use super::filled::{FilledForm, FormValues};
use super::read::{Reading, missing};
use super::value::FormValue;
use super::{Answers, FieldPath, FormContext};

/// Typed answers and what is wrong with the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Answers of pages that do not repeat; only those shown and right.
    pub fields: FormValues,
    /// Records by name, in their order.
    pub records: BTreeMap<String, Vec<FormValues>>,
    /// What is wrong. Use the values only when it is empty.
    pub errors: Errors,
}

impl Checked {
    /// Nothing is wrong.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.errors.is_empty()
    }

    /// The value of a field outside records.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&FormValue> {
        self.fields.get(field)
    }

    /// The value of a field of a record.
    #[must_use]
    pub fn in_record(&self, of: &str, index: usize, field: &str) -> Option<&FormValue> {
        self.records.get(of)?.get(index)?.get(field)
    }

    /// How many records there are under a name.
    #[must_use]
    pub fn count(&self, of: &str) -> usize {
        self.records.get(of).map_or(0, Vec::len)
    }

    /// Canonical JSON: one object, keys in order, records as lists; money in fen. It holds whole identity numbers and
    /// accounts: seal it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let object = |values: &FormValues| -> serde_json::Map<String, serde_json::Value> {
            values.iter().map(|(field, value)| (field.clone(), value.to_json())).collect()
        };
        let mut all = object(&self.fields);
        for (of, records) in &self.records {
            let records = records.iter().map(|record| serde_json::Value::Object(object(record))).collect();
            all.insert(of.clone(), serde_json::Value::Array(records));
        }
        serde_json::Value::Object(all)
    }

    fn put(&mut self, path: FieldPath, value: FormValue) {
        match path.record {
            None => drop(self.fields.insert(path.field, value)),
            Some((of, index)) => {
                let records = self.records.entry(of).or_default();
                if records.len() <= index {
                    records.resize_with(index + 1, FormValues::new);
                }
                records[index].insert(path.field, value);
            }
        }
    }
}

/// Checks one page; on a page that repeats one record, or all of them and their number.
#[must_use]
pub fn check_page(
    context: &FormContext<'_>,
    form: &Form,
    page: &Page,
    record: Option<usize>,
    answers: &Answers,
) -> Checked {
    FilledForm::read(context, form, answers).check_page(page, record)
}

/// Checks the whole form.
#[must_use]
pub fn check_form(context: &FormContext<'_>, form: &Form, answers: &Answers) -> Checked {
    FilledForm::read(context, form, answers).check()
}

impl FilledForm<'_> {
    /// Checks one page; on a page that repeats one record, or all of them and their number.
    #[must_use]
    pub fn check_page(&self, page: &Page, record: Option<usize>) -> Checked {
        let mut checked = Checked::default();
        self.check_into(&mut checked, page, record);
        checked
    }

    /// Checks all pages that are shown, in their order.
    #[must_use]
    pub fn check(&self) -> Checked {
        let mut checked = Checked::default();
        for page in &self.form().pages {
            if let Some(of) = records_of(page) {
                let count = self.count(of);
                checked.records.entry(of.to_owned()).or_default().resize_with(count, FormValues::new);
            }
            self.check_into(&mut checked, page, None);
        }
        checked
    }

    fn check_into(&self, checked: &mut Checked, page: &Page, record: Option<usize>) {
        if !self.shows_page(page, record) {
            return;
        }
        let instances = match record {
            Some(_) => vec![record],
            None => {
                self.check_number_of_records(checked, page);
                self.instances(page)
            }
        };
        for field in page.fields.iter().filter(|field| *field.kind == FieldKind::CitizenId) {
            self.check_same_person(checked, page, field, &instances);
        }
        for record in instances {
            for field in self.fields(page, record) {
                let path = FieldPath::new(page, record, field);
                match self.check_field(page, record, field) {
                    Ok(Some(value)) => checked.put(path, value),
                    Ok(None) => {}
                    Err(message) => checked.errors.add(path.to_string(), message),
                }
            }
        }
    }

    fn check_field(
        &self,
        page: &Page,
        record: Option<usize>,
        field: &Field,
    ) -> Result<Option<FormValue>, String> {
        match self.reading(page, record, field) {
            Some(Reading::Value(value)) => {
                let (release, form) = (self.context.release, self.form());
                let broken = field.valid.iter().enumerate().find(|(index, _)| {
                    let valid = release.field_valid(&form.id, &page.id, &field.id, *index);
                    valid.is_some_and(|valid| self.holds(page, record, valid) == Some(false))
                });
                broken.map_or_else(|| Ok(Some(value.clone())), |(_, valid)| Err(valid.message.clone()))
            }
            Some(Reading::Wrong(message)) => Err(message.clone()),
            Some(Reading::Nothing) if self.needs(page, record, field) => Err(missing(field)),
            Some(Reading::Nothing) | None => Ok(None),
        }
    }

    /// Whether a field must be answered now. A statement that is shown must be accepted unless its condition says no.
    #[must_use]
    pub fn needs(&self, page: &Page, record: Option<usize>, field: &Field) -> bool {
        match &field.required {
            Requirement::Always => true,
            Requirement::Optional => *field.kind == FieldKind::Statement,
            Requirement::When(_) => {
                let when = self.context.release.field_required(&self.form().id, &page.id, &field.id);
                when.is_some_and(|when| self.holds(page, record, when) == Some(true))
            }
        }
    }

    fn check_number_of_records(&self, checked: &mut Checked, page: &Page) {
        let Some(repeat) = page.repeat.as_ref().filter(|repeat| repeat.add) else { return };
        let (count, label) = (self.count(&repeat.of), &repeat.label);
        let min = repeat.min.map_or(0, |min| min as usize);
        let max = records_max(self.form(), &repeat.of).unwrap_or(usize::MAX);
        if count < min {
            let message = format!("“{label}”至少填写{min}项，请补充");
            checked.errors.add(repeat.of.get().as_str(), message);
        } else if count > max {
            let message = format!("“{label}”最多填写{max}项，请删去多余的");
            checked.errors.add(repeat.of.get().as_str(), message);
        }
    }

    /// One person stands once in a list; the later one hears of it.
    fn check_same_person(
        &self,
        checked: &mut Checked,
        page: &Page,
        field: &Field,
        instances: &[Option<usize>],
    ) {
        if page.repeat.is_none() {
            return;
        }
        let mut first: HashMap<CitizenId, Option<usize>> = HashMap::new();
        for record in self.instances(page) {
            let id = self.value(page, record, field).and_then(FormValue::as_citizen_id);
            let Some(id) = id else { continue };
            let before = *first.entry(*id).or_insert(record);
            if before != record && instances.contains(&record) {
                let path = FieldPath::new(page, record, field);
                checked.errors.add(path.to_string(), "同一个人填了两次，请删去一个或核对身份证号码");
            }
        }
    }
}
