//! The expressions of a form, over its own fields.
//!
//! The form is one shape and the records of each name another; the form's shape reaches the records by a to-many
//! relation of that name. A field's expressions see the shape its page belongs to; whether a whole page is shown is
//! asked of the form, and for which records of the record. Today, this month and today's law stand for the clock.

#[cfg(test)]
use std::collections::HashSet;
use std::collections::{BTreeMap, HashMap};

use catalogue::definition::{Field, FieldKind, Form, Requirement};
use catalogue::{Expression, Number};
use rules::{Context, ParameterTypes, Rational, Record, Shape, Shapes, Type, Value};
use vocab::Now;

use super::answers::records_of;

/// Name of the shape of the form itself; record names cannot contain blanks.
const FORM: &str = "the form";

/// A form's expressions, compiled.
#[derive(Debug)]
pub(super) struct Conditions {
    /// By shape and text. A release is checked when it is loaded, so all of them compile; one that does not is unknown.
    compiled: HashMap<(String, String), rules::Expression>,
    context: Context,
}

impl Conditions {
    pub(super) fn compile(form: &Form, now: Now) -> Conditions {
        let shapes = shapes(form);
        let mut compiled = HashMap::new();
        for (shape, expression) in expressions(form) {
            let text = expression.get();
            let key = (shape.to_owned(), text.clone());
            if compiled.contains_key(&key) {
                continue;
            }
            match rules::Expression::compile(text, shape, &shapes, &ParameterTypes::default(), &Type::Boolean)
            {
                Ok(expression) => drop(compiled.insert(key, expression)),
                Err(why) => {
                    tracing::error!(form.id = %form.id, expression = %text, ?why, "an expression of a form does not compile");
                }
            }
        }
        Conditions { compiled, context: Context::new(now.month(), now.today(), now.today()) }
    }

    /// How many expressions did not compile.
    #[cfg(test)]
    pub(super) fn broken(&self, form: &Form) -> usize {
        let all: HashSet<_> =
            expressions(form).into_iter().map(|(shape, text)| (shape, text.get())).collect();
        all.len() - self.compiled.len()
    }

    /// Whether an expression holds of the form (`of` none) or of a record; `None` when unknown.
    pub(super) fn holds(&self, of: Option<&str>, expression: &Expression, record: &Record) -> Option<bool> {
        let key = (of.unwrap_or(FORM).to_owned(), expression.get().clone());
        match self.compiled.get(&key)?.evaluate(record, &self.context) {
            Value::Boolean(holds) => Some(holds),
            Value::Unknown | Value::Number(_) | Value::Date(_) | Value::Month(_) | Value::Text(_) => None,
        }
    }
}

/// Every expression with the shape it is about.
fn expressions(form: &Form) -> Vec<(&str, &Expression)> {
    let mut all = Vec::new();
    for page in &form.pages {
        let own = records_of(page).unwrap_or(FORM);
        all.extend(page.visible.iter().map(|visible| (FORM, visible)));
        all.extend(page.repeat.iter().flat_map(|repeat| &repeat.only).map(|only| (own, only)));
        for field in &page.fields {
            all.extend(field.visible.iter().map(|visible| (own, visible)));
            all.extend(field.valid.iter().map(|valid| (own, &valid.expr)));
            if let Requirement::When(when) = &field.required {
                all.push((own, when));
            }
        }
    }
    all
}

fn shapes(form: &Form) -> Shapes {
    let mut top = Shape::new(FORM, &form.title);
    let mut records: BTreeMap<&str, Shape> = BTreeMap::new();
    for page in &form.pages {
        let shape = match &page.repeat {
            None => &mut top,
            Some(repeat) => {
                records.entry(&repeat.of).or_insert_with(|| Shape::new(&repeat.of, &repeat.label))
            }
        };
        for field in &page.fields {
            if let Some(ty) = type_of(field) {
                shape.fields.insert(field.id.get().clone(), rules::Field::new(&field.label, ty));
            }
        }
    }
    for (of, shape) in &records {
        top = top.with_many(of, &shape.title, of);
    }
    records.into_values().chain([top]).collect()
}

fn type_of(field: &Field) -> Option<Type> {
    let rational = |number: Number| {
        let scale = u8::try_from(number.scale()).ok()?;
        Some(Rational::from_scaled(number.units(), scale))
    };
    let bound =
        |number: &Option<catalogue::Located<Number>>| number.as_ref().and_then(|n| rational(*n.get()));
    let number = |scale| Type::Number { scale, min: bound(&field.min), max: bound(&field.max) };
    Some(match *field.kind {
        FieldKind::YesNo | FieldKind::Statement => Type::Boolean,
        FieldKind::Choice => Type::code(field.codelist.as_ref()?),
        FieldKind::Date => Type::Date,
        FieldKind::Month => Type::Month,
        FieldKind::Money => number(2),
        FieldKind::Integer => number(0),
        FieldKind::Decimal => number(6),
        FieldKind::Text
        | FieldKind::Textarea
        | FieldKind::PersonName
        | FieldKind::CitizenId
        | FieldKind::Phone
        | FieldKind::BankAccount
        | FieldKind::Division
        | FieldKind::MemberRef => Type::Text,
        FieldKind::Choices | FieldKind::File | FieldKind::Files | FieldKind::Signature => return None,
    })
}
