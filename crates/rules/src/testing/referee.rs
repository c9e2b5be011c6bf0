//! The referee: a second evaluator, written from the manual over the tree as parsed, with big fractions, no shortcuts
//! and no code of the first. Slow on purpose; where the two differ, one of them is wrong.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use vocab::Month;

use crate::ast::{Comparator, Expr, ExprKind, Name, Operator};
use crate::parser::parse;
use crate::rational::{BigRational, Rational};
use crate::{Answer, ConditionKind, Context, Outcome, ProgrammeSource, Record, Shapes, Value};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    Unknown,
    Boolean(bool),
    Number(BigRational),
    Date(NaiveDate),
    Month(Month),
    Text(String),
}

impl From<&Value> for Plain {
    fn from(value: &Value) -> Plain {
        match value {
            Value::Unknown => Plain::Unknown,
            Value::Boolean(value) => Plain::Boolean(*value),
            Value::Number(number) => Plain::Number(number.to_big()),
            Value::Date(date) => Plain::Date(*date),
            Value::Month(month) => Plain::Month(*month),
            Value::Text(text) => Plain::Text(text.clone()),
        }
    }
}

fn whole(number: i64) -> Plain {
    Plain::Number(BigRational::from_integer(BigInt::from(number)))
}

/// One row in view: the relation's path as written from the unit, and the row and its shape.
#[derive(Clone)]
struct Row<'a> {
    path: Vec<String>,
    record: &'a Record,
    shape: &'a str,
}

/// Evaluates expressions one by one.
pub(crate) struct Referee<'a> {
    pub shapes: &'a Shapes,
    pub context: &'a Context,
    /// By id, worked out anew wherever they are named.
    pub definitions: &'a BTreeMap<String, Expr>,
}

/// A programme as the referee reads it.
#[derive(Debug)]
pub struct Case {
    unit_shape: String,
    definitions: BTreeMap<String, Expr>,
    /// `None` for a finding.
    conditions: Vec<(String, Option<Expr>)>,
    amount: Option<Expr>,
}

impl Case {
    /// Reads a programme that the compiler has taken.
    ///
    /// # Panics
    /// If it does not parse.
    pub fn new(source: &ProgrammeSource) -> Case {
        let read = |text: &str| parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let definitions = source.definitions.iter().map(|one| (one.id.clone(), read(&one.expr)));
        let conditions = source.conditions.iter().map(|one| match &one.kind {
            ConditionKind::Expression(text) => (one.id.clone(), Some(read(text))),
            ConditionKind::Finding => (one.id.clone(), None),
        });
        Case {
            unit_shape: source.unit_shape.clone(),
            definitions: definitions.collect(),
            conditions: conditions.collect(),
            amount: source.amount.as_deref().map(read),
        }
    }

    /// Decides one record.
    pub fn decide(&self, record: &Record, context: &Context, shapes: &Shapes) -> Answer {
        let referee = Referee { shapes, context, definitions: &self.definitions };
        let value = |expr: &Expr| referee.evaluate(expr, record, &self.unit_shape);
        let met = every(self.conditions.iter().map(|(id, expr)| match expr {
            Some(expr) => match value(expr) {
                Plain::Boolean(truth) => Some(truth),
                _ => None,
            },
            None => context.findings.get(id).and_then(|finding| finding.met),
        }));
        let amount = match self.amount.as_ref().filter(|_| met == Some(true)).map(value) {
            Some(Plain::Number(yuan)) => Some(Value::Number(Rational::from(round(&yuan, 2)))),
            _ => None,
        };
        Answer { outcome: Outcome::from(met), amount }
    }
}

/// Where a path leads: a value, or the rows of the first to-many relation on it.
enum Reached<'a> {
    Value(Plain),
    Rows { path: Vec<String>, shape: &'a str, rows: Option<&'a Vec<Record>> },
}

impl<'a> Referee<'a> {
    pub(crate) fn evaluate(&self, expr: &Expr, record: &'a Record, shape: &'a str) -> Plain {
        self.value(expr, &[Row { path: vec![], record, shape }])
    }

    fn reach(&self, names: &[&str], rows: &[Row<'a>]) -> Reached<'a> {
        let mut start = &rows[0];
        for row in rows {
            if row.path.len() >= start.path.len()
                && row.path.len() <= names.len()
                && row.path.iter().zip(names).all(|(a, b)| a == b)
            {
                start = row;
            }
        }
        let mut record = Some(start.record);
        let mut shape = start.shape;
        let mut at = start.path.len();
        while at + 1 < names.len() {
            let relation = &self.shapes.shapes[shape].relations[names[at]];
            shape = &relation.shape;
            if relation.many {
                let path = names[..=at].iter().map(|name| (*name).to_owned()).collect();
                return Reached::Rows {
                    path,
                    shape,
                    rows: record.and_then(|record| record.many.get(names[at])),
                };
            }
            record = record.and_then(|record| record.one.get(names[at]));
            at += 1;
        }
        let value = record.and_then(|record| record.fields.get(names[at]));
        Reached::Value(value.map_or(Plain::Unknown, Plain::from))
    }

    fn truth(&self, expr: &Expr, rows: &[Row<'a>]) -> Option<bool> {
        match self.value(expr, rows) {
            Plain::Boolean(value) => Some(value),
            _ => None,
        }
    }

    fn number(&self, expr: &Expr, rows: &[Row<'a>]) -> Option<BigRational> {
        match self.value(expr, rows) {
            Plain::Number(number) => Some(number),
            _ => None,
        }
    }

    fn value(&self, expr: &Expr, rows: &[Row<'a>]) -> Plain {
        match &expr.kind {
            ExprKind::Null => Plain::Unknown,
            ExprKind::Boolean(value) => Plain::Boolean(*value),
            ExprKind::Number(number) => Plain::Number(number.to_big()),
            ExprKind::Text(text) => Plain::Text(text.clone()),
            ExprKind::Date(date) => Plain::Date(*date),
            ExprKind::Month(month) => Plain::Month(*month),
            ExprKind::Path(names) => self.path(names, rows),
            ExprKind::Rows(_) => panic!("rows outside of count"),
            ExprKind::Lookup { table, key } => {
                let key = match self.value(key, rows) {
                    Plain::Text(text) => text,
                    Plain::Number(number) => number.to_string(),
                    _ => return Plain::Unknown,
                };
                let found = self.context.tables.get(&table.text).and_then(|values| values.get(&key));
                found.map_or(Plain::Unknown, Plain::from)
            }
            ExprKind::Not(inner) => boolean(not(self.truth(inner, rows))),
            ExprKind::Negate(inner) => number(self.number(inner, rows).map(|x| -x)),
            ExprKind::And(parts) => boolean(every(parts.iter().map(|part| self.truth(part, rows)))),
            ExprKind::Or(parts) => boolean(some(parts.iter().map(|part| self.truth(part, rows)))),
            ExprKind::Compare(comparator, a, b) => {
                boolean(compare(*comparator, &self.value(a, rows), &self.value(b, rows)))
            }
            ExprKind::Chain { first, rest } => {
                let mut result = self.number(first, rows);
                for (operator, operand) in rest {
                    let operand = self.number(operand, rows);
                    result = match (operator, result, operand) {
                        (_, None, _) | (_, _, None) => None,
                        (Operator::Add, Some(a), Some(b)) => Some(a + b),
                        (Operator::Subtract, Some(a), Some(b)) => Some(a - b),
                        (Operator::Multiply, Some(a), Some(b)) => Some(a * b),
                        (Operator::Divide, Some(_), Some(b)) if b.is_zero() => None,
                        (Operator::Divide, Some(a), Some(b)) => Some(a / b),
                    };
                }
                number(result)
            }
            ExprKind::Between { value, low, high, negated } => {
                let (value, low, high) =
                    (self.value(value, rows), self.value(low, rows), self.value(high, rows));
                let inside = and(
                    compare(Comparator::GreaterOrEqual, &value, &low),
                    compare(Comparator::LessOrEqual, &value, &high),
                );
                boolean(if *negated { not(inside) } else { inside })
            }
            ExprKind::In { value, list, negated } => {
                let value = self.value(value, rows);
                let mut inside = Some(false);
                for item in list {
                    inside = or(inside, compare(Comparator::Equal, &value, &self.value(item, rows)));
                }
                boolean(if *negated { not(inside) } else { inside })
            }
            ExprKind::IsNull { value, negated } => {
                Plain::Boolean((self.value(value, rows) == Plain::Unknown) != *negated)
            }
            ExprKind::Case { operand, branches, otherwise } => {
                for (when, then) in branches {
                    let taken = match operand {
                        None => self.truth(when, rows),
                        Some(operand) => {
                            compare(Comparator::Equal, &self.value(operand, rows), &self.value(when, rows))
                        }
                    };
                    match taken {
                        None => return Plain::Unknown,
                        Some(true) => return self.value(then, rows),
                        Some(false) => {}
                    }
                }
                otherwise.as_ref().map_or(Plain::Unknown, |otherwise| self.value(otherwise, rows))
            }
            ExprKind::Call { function, arguments, filter } => {
                self.call(&function.text.to_lowercase(), arguments, filter.as_deref(), rows)
            }
        }
    }

    fn path(&self, names: &[Name], rows: &[Row<'a>]) -> Plain {
        let names: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        match names.as_slice() {
            ["month"] => Plain::Month(self.context.month),
            ["law_on"] => Plain::Date(self.context.law_on),
            ["known_at"] => Plain::Date(self.context.known_at),
            [id] if self.definitions.contains_key(*id) => self.value(&self.definitions[*id], &rows[..1]),
            ["param", id] => self.context.parameters.get(*id).map_or(Plain::Unknown, Plain::from),
            names => match self.reach(names, rows) {
                Reached::Value(value) => value,
                Reached::Rows { .. } => panic!("rows outside of an aggregate"),
            },
        }
    }

    /// The relation an aggregate runs over: the first with many rows on any path in it, nested aggregates last.
    fn relation(&self, exprs: &[&Expr], rows: &[Row<'a>]) -> (Vec<String>, &'a str, Option<&'a Vec<Record>>) {
        for nested in [false, true] {
            let mut open: Vec<&Expr> = exprs.to_vec();
            while let Some(expr) = open.pop() {
                let names: Vec<&str> = match &expr.kind {
                    ExprKind::Path(names) if names[0].text != "param" => {
                        names.iter().map(|name| name.text.as_str()).collect()
                    }
                    ExprKind::Rows(names) => {
                        names.iter().map(|name| name.text.as_str()).chain(["*"]).collect()
                    }
                    ExprKind::Call { function, .. } if is_aggregate(&function.text) && !nested => continue,
                    _ => {
                        open.extend(expr.children());
                        continue;
                    }
                };
                if names.len() > 1
                    && let Reached::Rows { path, shape, rows } = self.reach(&names, rows)
                {
                    return (path, shape, rows);
                }
            }
        }
        panic!("an aggregate over nothing")
    }

    fn call(&self, name: &str, arguments: &[Expr], filter: Option<&Expr>, rows: &[Row<'a>]) -> Plain {
        if is_aggregate(name) {
            return self.aggregate(name, &arguments[0], filter, rows);
        }
        let values: Vec<Plain> = arguments.iter().map(|argument| self.value(argument, rows)).collect();
        if name == "coalesce" {
            return values.into_iter().find(|value| *value != Plain::Unknown).unwrap_or(Plain::Unknown);
        }
        if values.contains(&Plain::Unknown) {
            return Plain::Unknown;
        }
        match (name, values.as_slice()) {
            ("least" | "greatest", values) => {
                let wanted = if name == "least" { Comparator::Less } else { Comparator::Greater };
                values.iter().skip(1).fold(values[0].clone(), |best, value| {
                    if compare(wanted, value, &best) == Some(true) { value.clone() } else { best }
                })
            }
            ("floor", [Plain::Number(x)]) => Plain::Number(x.floor()),
            ("ceil", [Plain::Number(x)]) => Plain::Number(x.ceil()),
            ("abs", [Plain::Number(x)]) => Plain::Number(x.abs()),
            ("round", [Plain::Number(x)]) => Plain::Number(round(x, 0)),
            ("round", [Plain::Number(x), Plain::Number(digits)]) => {
                Plain::Number(round(x, i32::try_from(digits.to_integer()).expect("small")))
            }
            ("age_at", [Plain::Date(born), Plain::Date(on)]) => {
                let mut age = -1;
                while birthday(*born, age + 1) <= *on {
                    age += 1;
                }
                if age < 0 { Plain::Unknown } else { whole(age) }
            }
            ("days_between", [Plain::Date(from), Plain::Date(to)]) => {
                whole(i64::from(to.num_days_from_ce()) - i64::from(from.num_days_from_ce()))
            }
            ("months_between", [Plain::Date(from), Plain::Date(to)]) => {
                whole(if from <= to { full_months(*from, *to) } else { -full_months(*to, *from) })
            }
            ("months_between", [Plain::Month(from), Plain::Month(to)]) => {
                let index = |month: &Month| i64::from(month.year()) * 12 + i64::from(month.month());
                whole(index(to) - index(from))
            }
            ("add_months", [Plain::Date(date), Plain::Number(count)]) => {
                let Ok(count) = i64::try_from(count.to_integer()) else { return Plain::Unknown };
                let index = i64::from(date.year()) * 12 + i64::from(date.month0()) + count;
                let (year, month) = (index.div_euclid(12), index.rem_euclid(12));
                if !(1..=9999).contains(&year) {
                    return Plain::Unknown;
                }
                let year = i32::try_from(year).expect("a year");
                let month = u32::try_from(month).expect("a month") + 1;
                let last = (1..=date.day()).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day));
                Plain::Date(last.expect("every month has a first day"))
            }
            ("add_months", [Plain::Month(month), Plain::Number(count)]) => {
                let Ok(count) = i64::try_from(count.to_integer()) else { return Plain::Unknown };
                let index = i64::from(month.year()) * 12 + i64::from(month.month()) - 1 + count;
                let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
                match (i32::try_from(year), u32::try_from(month)) {
                    (Ok(year), Ok(month)) => Month::new(year, month).map_or(Plain::Unknown, Plain::Month),
                    _ => Plain::Unknown,
                }
            }
            ("month_of", [Plain::Date(date)]) => {
                Month::new(date.year(), date.month()).map_or(Plain::Unknown, Plain::Month)
            }
            ("first_day", [Plain::Month(month)]) => Plain::Date(month.first_day()),
            ("last_day", [Plain::Month(month)]) => Plain::Date(month.last_day()),
            ("length", [Plain::Text(text)]) => whole(i64::try_from(text.chars().count()).expect("short")),
            other => panic!("no such call: {other:?}"),
        }
    }

    fn aggregate(&self, name: &str, argument: &Expr, filter: Option<&Expr>, rows: &[Row<'a>]) -> Plain {
        let exprs: Vec<&Expr> = std::iter::once(argument).chain(filter).collect();
        let (path, shape, records) = self.relation(&exprs, rows);
        let Some(records) = records else {
            return if name == "known_sum" { whole(0) } else { Plain::Unknown };
        };
        let mut counted: Vec<(Option<bool>, Plain)> = Vec::new();
        for record in records {
            let mut inner = rows.to_vec();
            inner.push(Row { path: path.clone(), record, shape });
            let counts = filter.map_or(Some(true), |filter| self.truth(filter, &inner));
            let value = match name {
                "count" => Plain::Boolean(true),
                _ => self.value(argument, &inner),
            };
            counted.push((counts, value));
        }
        let truth = |value: &Plain| match value {
            Plain::Boolean(value) => Some(*value),
            _ => None,
        };
        match name {
            "bool_or" => {
                return boolean(some(counted.iter().map(|(f, v)| and(*f, truth(v)))));
            }
            "bool_and" => {
                return boolean(every(counted.iter().map(|(f, v)| or(not(*f), truth(v)))));
            }
            "known_sum" => {
                counted.retain(|(counts, value)| *counts == Some(true) && *value != Plain::Unknown);
            }
            _ => counted.retain(|(counts, _)| *counts != Some(false)),
        }
        if counted.iter().any(|(counts, value)| counts.is_none() || *value == Plain::Unknown) {
            return Plain::Unknown;
        }
        let values: Vec<Plain> = counted.into_iter().map(|(_, value)| value).collect();
        match name {
            "count" => whole(i64::try_from(values.len()).expect("few")),
            "sum" | "known_sum" => {
                Plain::Number(values.iter().fold(BigRational::zero(), |sum, value| match value {
                    Plain::Number(number) => sum + number,
                    other => panic!("sum of {other:?}"),
                }))
            }
            _ => {
                let wanted = if name == "min" { Comparator::Less } else { Comparator::Greater };
                let mut best = Plain::Unknown;
                for value in values {
                    if best == Plain::Unknown || compare(wanted, &value, &best) == Some(true) {
                        best = value;
                    }
                }
                best
            }
        }
    }
}

fn is_aggregate(name: &str) -> bool {
    let name = name.to_lowercase();
    ["sum", "known_sum", "count", "min", "max", "bool_or", "bool_and"].contains(&name.as_str())
}

fn boolean(truth: Option<bool>) -> Plain {
    truth.map_or(Plain::Unknown, Plain::Boolean)
}

fn number(number: Option<BigRational>) -> Plain {
    number.map_or(Plain::Unknown, Plain::Number)
}

fn not(a: Option<bool>) -> Option<bool> {
    match a {
        Some(true) => Some(false),
        Some(false) => Some(true),
        None => None,
    }
}

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn every(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for truth in truths {
        all = and(all, truth);
    }
    all
}

fn some(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut any = Some(false);
    for truth in truths {
        any = or(any, truth);
    }
    any
}

fn compare(comparator: Comparator, a: &Plain, b: &Plain) -> Option<bool> {
    let (less, equal) = match (a, b) {
        (Plain::Number(a), Plain::Number(b)) => (a < b, a == b),
        (Plain::Date(a), Plain::Date(b)) => (a < b, a == b),
        (Plain::Month(a), Plain::Month(b)) => (a < b, a == b),
        (Plain::Text(a), Plain::Text(b)) => (a < b, a == b),
        (Plain::Boolean(a), Plain::Boolean(b)) => (!a & b, a == b),
        _ => return None,
    };
    Some(match comparator {
        Comparator::Equal => equal,
        Comparator::NotEqual => !equal,
        Comparator::Less => less,
        Comparator::LessOrEqual => less || equal,
        Comparator::Greater => !less && !equal,
        Comparator::GreaterOrEqual => !less,
    })
}

fn round(x: &BigRational, digits: i32) -> BigRational {
    let ten = BigRational::from_integer(BigInt::from(10));
    let half = BigRational::new(BigInt::from(1), BigInt::from(2));
    let mut power = BigRational::from_integer(BigInt::from(1));
    for _ in 0..digits.abs() {
        power = if digits > 0 { power * &ten } else { power / &ten };
    }
    let rounded = (x.abs() * &power + half).floor() / power;
    if x.is_negative() { -rounded } else { rounded }
}

/// The day on which one turns `age`.
fn birthday(born: NaiveDate, age: i64) -> NaiveDate {
    let year = born.year() + i32::try_from(age).expect("a lifetime");
    NaiveDate::from_ymd_opt(year, born.month(), born.day())
        .or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
        .expect("1 March is in every year")
}

/// Whole months from one day to a later one, by counting them.
fn full_months(from: NaiveDate, to: NaiveDate) -> i64 {
    let (mut count, mut year, mut month) = (0, from.year(), from.month());
    loop {
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let (after_year, after_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let due = NaiveDate::from_ymd_opt(year, month, from.day())
            .or_else(|| NaiveDate::from_ymd_opt(after_year, after_month, 1))
            .expect("every month has a first day");
        if due > to {
            return count;
        }
        count += 1;
    }
}
