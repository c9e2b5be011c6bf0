//! The evaluator: a walk over the resolved tree that borrows from the record and allocates nothing for ordinary
//! numbers. Unknown is strict: what needs an unknown is unknown. Only `AND`, `OR` and what is made of them (`BETWEEN`,
//! `IN`, `bool_or`, `bool_and`) may settle without one, and `coalesce`, `known_sum` and `IS NULL` are made for it.

use std::cmp::Ordering;

use chrono::NaiveDate;
use vocab::Month;

use crate::calendar::{add_months, age_at, month_of, months_between, shift_month};
use crate::compiled::{
    Aggregate, AggregateFunction, Clock, FieldRead, Form, Function, Hop, Link, Node, Operator,
};
use crate::context::Context;
use crate::rational::Rational;
use crate::types::RELATION_ROWS_MAX;
use crate::value::{Record, Value};

/// A value on its way, texts borrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen<'a> {
    Unknown,
    Boolean(bool),
    Number(Rational),
    Date(NaiveDate),
    Month(Month),
    Text(&'a str),
}

impl<'a> Seen<'a> {
    pub(crate) fn of(value: &'a Value) -> Seen<'a> {
        match value {
            Value::Unknown => Seen::Unknown,
            Value::Boolean(value) => Seen::Boolean(*value),
            Value::Number(number) => Seen::Number(number.clone()),
            Value::Date(date) => Seen::Date(*date),
            Value::Month(month) => Seen::Month(*month),
            Value::Text(text) => Seen::Text(text),
        }
    }

    pub(crate) fn into_value(self) -> Value {
        match self {
            Seen::Unknown => Value::Unknown,
            Seen::Boolean(value) => Value::Boolean(value),
            Seen::Number(number) => Value::Number(number),
            Seen::Date(date) => Value::Date(date),
            Seen::Month(month) => Value::Month(month),
            Seen::Text(text) => Value::Text(text.to_owned()),
        }
    }

    /// Yes, no, or unknown.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Seen::Boolean(value) => Some(*value),
            Seen::Unknown | Seen::Number(_) | Seen::Date(_) | Seen::Month(_) | Seen::Text(_) => None,
        }
    }

    fn number(self) -> Option<Rational> {
        match self {
            Seen::Number(number) => Some(number),
            Seen::Unknown | Seen::Boolean(_) | Seen::Date(_) | Seen::Month(_) | Seen::Text(_) => None,
        }
    }

    fn date(&self) -> Option<NaiveDate> {
        match self {
            Seen::Date(date) => Some(*date),
            Seen::Unknown | Seen::Boolean(_) | Seen::Number(_) | Seen::Month(_) | Seen::Text(_) => None,
        }
    }

    fn month(&self) -> Option<Month> {
        match self {
            Seen::Month(month) => Some(*month),
            Seen::Unknown | Seen::Boolean(_) | Seen::Number(_) | Seen::Date(_) | Seen::Text(_) => None,
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Seen::Unknown)
    }

    /// The order of two values of one type; `None` if either is unknown, or the record broke its shape.
    pub(crate) fn compare(&self, other: &Seen<'_>) -> Option<Ordering> {
        match (self, other) {
            (Seen::Number(a), Seen::Number(b)) => Some(a.cmp(b)),
            (Seen::Date(a), Seen::Date(b)) => Some(a.cmp(b)),
            (Seen::Month(a), Seen::Month(b)) => Some(a.cmp(b)),
            (Seen::Text(a), Seen::Text(b)) => Some(a.cmp(b)),
            (Seen::Boolean(a), Seen::Boolean(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

impl From<Option<bool>> for Seen<'_> {
    fn from(truth: Option<bool>) -> Self {
        truth.map_or(Seen::Unknown, Seen::Boolean)
    }
}

impl From<Option<Rational>> for Seen<'_> {
    fn from(number: Option<Rational>) -> Self {
        number.map_or(Seen::Unknown, Seen::Number)
    }
}

/// The records in view: the unit, and the current row of each aggregate around.
#[derive(Clone, Copy)]
pub(crate) struct Frames<'a, 'f> {
    record: &'a Record,
    depth: usize,
    outer: Option<&'f Frames<'a, 'f>>,
}

impl<'a, 'f> Frames<'a, 'f> {
    pub(crate) fn unit(record: &'a Record) -> Frames<'a, 'f> {
        Frames { record, depth: 0, outer: None }
    }

    /// 0 for the unit, then one more for each row around.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    pub(crate) fn row(&'f self, record: &'a Record) -> Frames<'a, 'f> {
        Frames { record, depth: self.depth + 1, outer: Some(self) }
    }

    /// The record of a frame after its to-one hops; `None` where a related record is missing.
    pub(crate) fn reach(&self, frame: usize, hops: &[Hop]) -> Option<&'a Record> {
        let mut at = *self;
        while at.depth > frame {
            at = *at.outer?;
        }
        hops.iter().try_fold(at.record, |record, hop| record.one.get(&hop.id))
    }

    pub(crate) fn field(&self, read: &FieldRead) -> Seen<'a> {
        let value = self.reach(read.frame, &read.hops).and_then(|record| record.fields.get(&read.id));
        value.map_or(Seen::Unknown, Seen::of)
    }

    /// The rows an aggregate runs over; `None` while nobody has said which there are.
    pub(crate) fn rows(&self, aggregate: &Aggregate) -> Option<&'a [Record]> {
        let rows = self.reach(aggregate.frame, &aggregate.hops)?.many.get(&aggregate.relation.id)?;
        (rows.len() <= RELATION_ROWS_MAX).then_some(rows.as_slice())
    }
}

/// Evaluates expressions under one context, the definitions already worked out.
pub(crate) struct Evaluator<'a> {
    pub context: &'a Context,
    pub definitions: Vec<Seen<'a>>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn value(&self, node: &'a Node, frames: &Frames<'a, '_>) -> Seen<'a> {
        match &node.form {
            Form::Constant(value) => Seen::of(value),
            Form::Field(read) => frames.field(read),
            Form::Definition { index, .. } => self.definitions.get(*index).cloned().unwrap_or(Seen::Unknown),
            Form::Parameter { id, .. } => self.context.parameters.get(id).map_or(Seen::Unknown, Seen::of),
            Form::Lookup { id, key, .. } => self.lookup(id, &self.value(key, frames)),
            Form::Clock(Clock::Month) => Seen::Month(self.context.month),
            Form::Clock(Clock::LawOn) => Seen::Date(self.context.law_on),
            Form::Clock(Clock::KnownAt) => Seen::Date(self.context.known_at),
            Form::Not(inner) => self.truth(inner, frames).map(|truth| !truth).into(),
            Form::And(parts) => all(parts.iter().map(|part| self.truth(part, frames))).into(),
            Form::Or(parts) => any(parts.iter().map(|part| self.truth(part, frames))).into(),
            Form::Negate(inner) => self.number(inner, frames).map(|number| -&number).into(),
            Form::Chain { first, rest } => self.chain(first, rest, frames).into(),
            Form::Compare(comparator, left, right) => {
                let (left, right) = (self.value(left, frames), self.value(right, frames));
                left.compare(&right).map(|ordering| comparator.holds(ordering)).into()
            }
            Form::Between { value, low, high, negated } => {
                let value = self.value(value, frames);
                let above = value.compare(&self.value(low, frames)).map(Ordering::is_ge);
                let below = value.compare(&self.value(high, frames)).map(Ordering::is_le);
                all([above, below].into_iter()).map(|truth| truth != *negated).into()
            }
            Form::In { value, list, negated } => {
                let value = self.value(value, frames);
                let equal = |item| value.compare(&self.value(item, frames)).map(Ordering::is_eq);
                any(list.iter().map(equal)).map(|truth| truth != *negated).into()
            }
            Form::IsNull { value, negated } => {
                Seen::Boolean(self.value(value, frames).is_unknown() != *negated)
            }
            Form::Case { operand, branches, otherwise } => {
                let operand = operand.as_ref().map(|operand| self.value(operand, frames));
                for (when, then) in branches {
                    match self.branch(operand.as_ref(), when, frames) {
                        Some(true) => return self.value(then, frames),
                        Some(false) => {}
                        None => return Seen::Unknown,
                    }
                }
                otherwise.as_ref().map_or(Seen::Unknown, |otherwise| self.value(otherwise, frames))
            }
            Form::Aggregate(aggregate) => self.aggregate(aggregate, frames),
            Form::Round { value, digits } => {
                self.number(value, frames).map(|number| number.round(*digits)).into()
            }
            Form::Call(function, arguments) => self.call(*function, arguments, frames),
        }
    }

    /// Whether a branch of a CASE is taken.
    pub(crate) fn branch(
        &self,
        operand: Option<&Seen<'a>>,
        when: &'a Node,
        frames: &Frames<'a, '_>,
    ) -> Option<bool> {
        match operand {
            None => self.truth(when, frames),
            Some(operand) => operand.compare(&self.value(when, frames)).map(Ordering::is_eq),
        }
    }

    pub(crate) fn truth(&self, node: &'a Node, frames: &Frames<'a, '_>) -> Option<bool> {
        self.value(node, frames).truth()
    }

    fn number(&self, node: &'a Node, frames: &Frames<'a, '_>) -> Option<Rational> {
        self.value(node, frames).number()
    }

    fn lookup(&self, table: &str, key: &Seen<'a>) -> Seen<'a> {
        let Some(key) = key_text(key) else { return Seen::Unknown };
        let value = self.context.tables.get(table).and_then(|values| values.get(key.as_ref()));
        value.map_or(Seen::Unknown, Seen::of)
    }

    fn chain(&self, first: &'a Node, rest: &'a [Link], frames: &Frames<'a, '_>) -> Option<Rational> {
        let mut result = self.number(first, frames)?;
        for link in rest {
            let operand = self.number(&link.operand, frames)?;
            result = match link.operator {
                Operator::Add => &result + &operand,
                Operator::Subtract => &result - &operand,
                Operator::Multiply => &result * &operand,
                Operator::Divide => result.checked_div(&operand)?,
            };
        }
        Some(result)
    }

    fn aggregate(&self, aggregate: &'a Aggregate, frames: &Frames<'a, '_>) -> Seen<'a> {
        let skips_unknown = aggregate.function == AggregateFunction::KnownSum;
        let Some(rows) = frames.rows(aggregate) else {
            return if skips_unknown { Seen::Number(Rational::ZERO) } else { Seen::Unknown };
        };
        let filter = |frames: &Frames<'a, '_>| match &aggregate.filter {
            None => Some(true),
            Some(filter) => self.truth(filter, frames),
        };
        let argument = |frames: &Frames<'a, '_>| match &aggregate.argument {
            None => Seen::Unknown,
            Some(argument) => self.value(argument, frames),
        };
        match aggregate.function {
            AggregateFunction::BoolOr => any(rows.iter().map(|row| {
                let frames = frames.row(row);
                all([filter(&frames), argument(&frames).truth()].into_iter())
            }))
            .into(),
            AggregateFunction::BoolAnd => all(rows.iter().map(|row| {
                let frames = frames.row(row);
                any([filter(&frames).map(|truth| !truth), argument(&frames).truth()].into_iter())
            }))
            .into(),
            AggregateFunction::Count => {
                let mut count = 0i64;
                for row in rows {
                    match filter(&frames.row(row)) {
                        Some(true) => count += 1,
                        Some(false) => {}
                        None => return Seen::Unknown,
                    }
                }
                Seen::Number(count.into())
            }
            AggregateFunction::Sum | AggregateFunction::KnownSum => {
                let mut sum = Rational::ZERO;
                for row in rows {
                    let frames = frames.row(row);
                    let added = match filter(&frames) {
                        Some(false) => continue,
                        Some(true) => argument(&frames).number(),
                        None => None,
                    };
                    match added {
                        Some(number) => sum = &sum + &number,
                        None if skips_unknown => {}
                        None => return Seen::Unknown,
                    }
                }
                Seen::Number(sum)
            }
            AggregateFunction::Min | AggregateFunction::Max => {
                let wanted = if aggregate.function == AggregateFunction::Min {
                    Ordering::Less
                } else {
                    Ordering::Greater
                };
                let mut best = Seen::Unknown;
                for row in rows {
                    let frames = frames.row(row);
                    match filter(&frames) {
                        Some(false) => continue,
                        Some(true) => {}
                        None => return Seen::Unknown,
                    }
                    let value = argument(&frames);
                    if value.is_unknown() {
                        return Seen::Unknown;
                    }
                    if best.is_unknown() || value.compare(&best) == Some(wanted) {
                        best = value;
                    }
                }
                best
            }
        }
    }

    fn call(&self, function: Function, arguments: &'a [Node], frames: &Frames<'a, '_>) -> Seen<'a> {
        let value = |index: usize| self.value(&arguments[index], frames);
        match function {
            Function::Coalesce => arguments
                .iter()
                .map(|argument| self.value(argument, frames))
                .find(|value| !value.is_unknown())
                .unwrap_or(Seen::Unknown),
            Function::Least => self.extreme(arguments, Ordering::Less, frames),
            Function::Greatest => self.extreme(arguments, Ordering::Greater, frames),
            Function::Floor => value(0).number().map(|number| number.floor()).into(),
            Function::Ceil => value(0).number().map(|number| number.ceil()).into(),
            Function::Abs => value(0).number().map(|number| number.abs()).into(),
            Function::AgeAt => {
                let years = value(0).date().zip(value(1).date()).and_then(|(born, on)| age_at(born, on));
                years.map(Rational::from).into()
            }
            Function::DaysBetween => {
                let days = value(0).date().zip(value(1).date()).map(|(from, to)| (to - from).num_days());
                days.map(Rational::from).into()
            }
            Function::MonthsBetween => {
                let months = match (value(0), value(1)) {
                    (Seen::Date(from), Seen::Date(to)) => Some(months_between(from, to)),
                    (Seen::Month(from), Seen::Month(to)) => Some(i64::from(from.months_until(to))),
                    _ => None,
                };
                months.map(Rational::from).into()
            }
            Function::AddMonths => {
                let Some(count) = value(1).number().and_then(|count| count.to_i64()) else {
                    return Seen::Unknown;
                };
                match value(0) {
                    Seen::Date(date) => add_months(date, count).map_or(Seen::Unknown, Seen::Date),
                    Seen::Month(month) => shift_month(month, count).map_or(Seen::Unknown, Seen::Month),
                    Seen::Unknown | Seen::Boolean(_) | Seen::Number(_) | Seen::Text(_) => Seen::Unknown,
                }
            }
            Function::MonthOf => value(0).date().and_then(month_of).map_or(Seen::Unknown, Seen::Month),
            Function::FirstDay => {
                value(0).month().map_or(Seen::Unknown, |month| Seen::Date(month.first_day()))
            }
            Function::LastDay => value(0).month().map_or(Seen::Unknown, |month| Seen::Date(month.last_day())),
            Function::Length => match value(0) {
                Seen::Text(text) => {
                    Seen::Number(i64::try_from(text.chars().count()).unwrap_or(i64::MAX).into())
                }
                Seen::Unknown | Seen::Boolean(_) | Seen::Number(_) | Seen::Date(_) | Seen::Month(_) => {
                    Seen::Unknown
                }
            },
        }
    }

    fn extreme(&self, arguments: &'a [Node], wanted: Ordering, frames: &Frames<'a, '_>) -> Seen<'a> {
        let mut best = Seen::Unknown;
        for argument in arguments {
            let value = self.value(argument, frames);
            if value.is_unknown() {
                return Seen::Unknown;
            }
            if best.is_unknown() || value.compare(&best) == Some(wanted) {
                best = value;
            }
        }
        best
    }
}

/// The text under which a table holds a key: a code as it is, a number in its canonical form.
pub(crate) fn key_text<'a>(key: &Seen<'a>) -> Option<std::borrow::Cow<'a, str>> {
    match key {
        Seen::Unknown => None,
        Seen::Text(text) => Some((*text).into()),
        Seen::Boolean(value) => Some(value.to_string().into()),
        Seen::Number(number) => Some(number.to_string().into()),
        Seen::Date(date) => Some(date.to_string().into()),
        Seen::Month(month) => Some(month.to_string().into()),
    }
}

/// Kleene's AND: no if any is no, else unknown if any is unknown.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

/// Kleene's OR: yes if any is yes, else unknown if any is unknown.
fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.map(|part| part.map(|truth| !truth))).map(|truth| !truth)
}
