//! The expressions of a form, as the release compiled them.
//!
//! The form is one shape and the records of each name another: the form reaches its records by a to-many relation of
//! their name, a record its form by the relation `form`. A field's expressions see the shape its page belongs to; whether
//! a whole page is shown is asked of the form, and for which records of the record. Today, this month and today's law
//! stand for the clock.

use rules::{Context, Expression, Record, Value};
use vocab::Now;

/// Evaluates the expressions of a form.
#[derive(Debug)]
pub(super) struct Conditions {
    context: Context,
}

impl Conditions {
    pub(super) fn new(now: Now) -> Conditions {
        Conditions { context: Context::new(now.month(), now.today(), now.today()) }
    }

    /// Whether an expression holds of the form (`record` none) or of one of its records; `None` when unknown.
    pub(super) fn holds(
        &self,
        expression: &Expression,
        form: &Record,
        record: Option<&Record>,
    ) -> Option<bool> {
        let value = match record {
            None => expression.evaluate(form, &self.context),
            // The form is copied into the record only for those who may look at it, which must write its name.
            Some(record) if expression.text().contains("form") => {
                expression.evaluate(&record.clone().with_one("form", form.clone()), &self.context)
            }
            Some(record) => expression.evaluate(record, &self.context),
        };
        match value {
            Value::Boolean(holds) => Some(holds),
            Value::Unknown | Value::Number(_) | Value::Date(_) | Value::Month(_) | Value::Text(_) => None,
        }
    }
}
