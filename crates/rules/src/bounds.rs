//! What an expression can give at all, before any family is seen: the reasoning behind the lints. Without a context
//! parameters lie anywhere between their bounds; with one they have the values of that place and day, so that bands
//! made of parameters can be laid side by side.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use crate::compiled::{AggregateFunction, Clock, Comparator, Form, Function, Link, Node, NodeType, Operator};
use crate::context::Context;
use crate::interval::Interval;
use crate::programme::Programme;
use crate::range::Range;
use crate::rational::Rational;
use crate::types::RELATION_ROWS_MAX;
use crate::value::Value;

/// What a node can give when it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Possible {
    /// Nothing: it is always unknown.
    Nothing,
    /// Yes, no, or (`None`) either.
    Truth(Option<bool>),
    /// A number between bounds; a date as its day number, a month as its index.
    Ordered(Range),
    /// One of some texts, or (`None`) any.
    Text(Option<BTreeSet<String>>),
}

/// Which values of one thing let a condition hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constraint<'a> {
    pub of: &'a Node,
    pub lets: Lets,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lets {
    Numbers(Interval),
    Texts(BTreeSet<String>),
}

/// Reasons about the nodes of one programme.
pub(crate) struct Bounds<'a> {
    /// By index.
    pub definitions: &'a [Node],
    pub context: Option<&'a Context>,
    /// What each definition can give, and whether it is the same for every family.
    known: Vec<Option<(Possible, bool)>>,
}

impl<'a> Bounds<'a> {
    pub(crate) fn new(programme: &'a Programme, context: Option<&'a Context>) -> Bounds<'a> {
        let definitions = &programme.definitions;
        let mut bounds = Bounds { definitions, context, known: vec![None; definitions.len()] };
        for &index in &programme.order {
            let node = &definitions[index];
            bounds.known[index] = Some((bounds.of(node), bounds.is_fixed(node)));
        }
        bounds
    }

    pub(crate) fn of(&self, node: &'a Node) -> Possible {
        match &node.form {
            Form::Constant(value) => possible(value),
            Form::Parameter { id, .. } => match self.context {
                Some(context) => context.parameters.get(id).map_or(Possible::Nothing, possible),
                None => declared(&node.ty),
            },
            Form::Lookup { id, key, .. } => self.lookup(node, id, key),
            Form::Clock(clock) => match self.context {
                Some(context) => possible(&match clock {
                    Clock::Month => context.month.into(),
                    Clock::LawOn => context.law_on.into(),
                    Clock::KnownAt => context.known_at.into(),
                }),
                None => declared(&node.ty),
            },
            Form::Definition { index, .. } => match self.known.get(*index) {
                Some(Some((possible, _))) => possible.clone(),
                _ => declared(&node.ty),
            },
            Form::Not(inner) => Possible::Truth(self.truth(inner).map(|truth| !truth)),
            Form::And(parts) => Possible::Truth(self.all(parts, false)),
            Form::Or(parts) => Possible::Truth(self.all(parts, true).map(|truth| !truth)),
            Form::Compare(comparator, left, right) => Possible::Truth(self.compare(*comparator, left, right)),
            Form::Between { value, low, high, negated } => {
                let above = self.compare(Comparator::GreaterOrEqual, value, low);
                let below = self.compare(Comparator::LessOrEqual, value, high);
                // The two bounds may shut each other out although each alone could be met.
                let shut = self.compare(Comparator::LessOrEqual, low, high) == Some(false);
                let inside = match (above, below) {
                    _ if shut => Some(false),
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
                Possible::Truth(inside.map(|inside| inside != *negated))
            }
            Form::In { value, list, negated } => {
                let found: Vec<Option<bool>> =
                    list.iter().map(|item| self.compare(Comparator::Equal, value, item)).collect();
                let inside = if found.contains(&Some(true)) {
                    Some(true)
                } else if found.iter().all(|one| *one == Some(false)) {
                    Some(false)
                } else {
                    None
                };
                Possible::Truth(inside.map(|inside| inside != *negated))
            }
            Form::IsNull { value, negated } => Possible::Truth(match (&value.form, self.of(value)) {
                (_, Possible::Nothing) => Some(!negated),
                (Form::Constant(_) | Form::Clock(_), _) => Some(*negated),
                _ => None,
            }),
            Form::Case { operand, branches, otherwise } => {
                let mut results = Vec::new();
                for (when, then) in branches {
                    let taken = match operand {
                        None => self.truth(when),
                        Some(operand) => self.compare(Comparator::Equal, operand, when),
                    };
                    if taken != Some(false) {
                        results.push(self.of(then));
                    }
                    if taken == Some(true) {
                        return united(results);
                    }
                }
                results.extend(otherwise.as_ref().map(|otherwise| self.of(otherwise)));
                united(results)
            }
            Form::Call(Function::Coalesce, arguments) => {
                united(arguments.iter().map(|argument| self.of(argument)).collect())
            }
            _ if matches!(node.ty, NodeType::Number(_)) => self.number(node),
            Form::Aggregate(aggregate) => Possible::Truth(match aggregate.function {
                AggregateFunction::BoolOr => self.rows_truth(aggregate.argument.as_ref(), false),
                AggregateFunction::BoolAnd => self.rows_truth(aggregate.argument.as_ref(), true),
                _ => return declared(&node.ty),
            }),
            _ => declared(&node.ty),
        }
    }

    /// The truth that a condition always has when it is known.
    pub(crate) fn truth(&self, node: &'a Node) -> Option<bool> {
        match self.of(node) {
            Possible::Truth(truth) => truth,
            _ => None,
        }
    }

    /// Whether two values always are, or never are, the same.
    pub(crate) fn equal(&self, a: &'a Node, b: &'a Node) -> Option<bool> {
        self.compare(Comparator::Equal, a, b)
    }

    pub(crate) fn range(&self, node: &'a Node) -> Range {
        match self.of(node) {
            Possible::Ordered(range) => range,
            _ => Range::ANY,
        }
    }

    /// The one value a number can have.
    pub(crate) fn exact(&self, node: &'a Node) -> Option<Rational> {
        let Range { min, max, .. } = self.range(node);
        min.filter(|min| max.as_ref() == Some(min))
    }

    fn rows_truth(&self, argument: Option<&'a Node>, neutral: bool) -> Option<bool> {
        // Whatever the filter, an argument that is always neutral leaves the result so.
        self.truth(argument?).filter(|truth| *truth == neutral)
    }

    fn lookup(&self, node: &'a Node, id: &str, key: &'a Node) -> Possible {
        let Some(context) = self.context else { return declared(&node.ty) };
        let Some(values) = context.tables.get(id) else { return Possible::Nothing };
        let keys = match self.of(key) {
            Possible::Nothing => return Possible::Nothing,
            Possible::Text(Some(keys)) => keys,
            _ => values.keys().cloned().collect(),
        };
        united(keys.iter().filter_map(|key| values.get(key)).map(possible).collect())
    }

    /// Kleene's AND of what is always so, or of the opposites; also false where two parts shut each other out.
    fn all(&self, parts: &'a [Node], opposite: bool) -> Option<bool> {
        let found: Vec<Option<bool>> =
            parts.iter().map(|part| self.truth(part).map(|truth| truth != opposite)).collect();
        if found.contains(&Some(false)) || self.shut_out(parts, opposite) {
            return Some(false);
        }
        found.iter().all(|one| *one == Some(true)).then_some(true)
    }

    fn shut_out(&self, parts: &'a [Node], opposite: bool) -> bool {
        let found: Vec<Constraint<'a>> =
            parts.iter().filter_map(|part| self.constraint(part, opposite)).collect();
        found.iter().enumerate().any(|(index, one)| {
            let others = found[..index].iter().filter(|other| other.of == one.of);
            match &one.lets {
                Lets::Numbers(interval) => {
                    let mut met = interval.clone();
                    for other in others {
                        if let Lets::Numbers(interval) = &other.lets {
                            met = met.and(interval);
                        }
                    }
                    let range = self.range(one.of);
                    met.and(&Interval::within(&range)).stepped(range.scale).is_empty()
                }
                Lets::Texts(texts) => others
                    .into_iter()
                    .any(|other| matches!(&other.lets, Lets::Texts(more) if texts.is_disjoint(more))),
            }
        })
    }

    /// Which values of one thing a condition lets through, where it speaks of one thing only; of its opposite if asked.
    pub(crate) fn constraint(&self, node: &'a Node, opposite: bool) -> Option<Constraint<'a>> {
        match &node.form {
            Form::Not(inner) => self.constraint(inner, !opposite),
            Form::Definition { index, .. } => self.constraint(self.definitions.get(*index)?, opposite),
            Form::Compare(comparator, left, right) => {
                let (comparator, of, limit) = match (self.is_fixed(left), self.is_fixed(right)) {
                    (false, true) => (*comparator, &**left, &**right),
                    (true, false) => (comparator.mirrored(), &**right, &**left),
                    _ => return None,
                };
                let comparator = if opposite { comparator.opposite() } else { comparator };
                if let Some(limit) = self.exact(limit) {
                    return Some(Constraint { of, lets: Lets::Numbers(Interval::of(comparator, &limit)?) });
                }
                match self.of(limit) {
                    Possible::Text(Some(texts)) if comparator == Comparator::Equal => {
                        Some(Constraint { of, lets: Lets::Texts(texts) })
                    }
                    _ => None,
                }
            }
            Form::Between { value, low, high, negated } if *negated == opposite => {
                let end = |node| Some((self.exact(node)?, false));
                let interval = Interval { low: Some(end(low)?), high: Some(end(high)?) };
                Some(Constraint { of: value, lets: Lets::Numbers(interval) })
            }
            Form::In { value, list, negated } if *negated == opposite => {
                let mut texts = BTreeSet::new();
                for item in list {
                    match self.of(item) {
                        Possible::Text(Some(more)) => texts.extend(more),
                        _ => return None,
                    }
                }
                Some(Constraint { of: value, lets: Lets::Texts(texts) })
            }
            Form::And(parts) if !opposite => {
                let mut parts = parts.iter().map(|part| self.constraint(part, false));
                let mut whole = parts.next()??;
                for part in parts {
                    let part = part?;
                    if part.of != whole.of {
                        return None;
                    }
                    whole.lets = match (whole.lets, part.lets) {
                        (Lets::Numbers(a), Lets::Numbers(b)) => Lets::Numbers(a.and(&b)),
                        (Lets::Texts(a), Lets::Texts(b)) => {
                            Lets::Texts(a.intersection(&b).cloned().collect())
                        }
                        _ => return None,
                    };
                }
                Some(whole)
            }
            _ => None,
        }
    }

    /// True for what is the same for every family here.
    pub(crate) fn is_fixed(&self, node: &'a Node) -> bool {
        match &node.form {
            Form::Field(_) | Form::Aggregate(_) => false,
            Form::Definition { index, .. } => {
                self.known.get(*index).is_some_and(|known| known.as_ref().is_some_and(|(_, fixed)| *fixed))
            }
            _ => node.children().into_iter().all(|child| self.is_fixed(child)),
        }
    }

    /// What a comparison always gives when it is known, if it is always the same.
    pub(crate) fn compare(&self, comparator: Comparator, left: &'a Node, right: &'a Node) -> Option<bool> {
        if left == right {
            return Some(comparator.holds(Ordering::Equal));
        }
        match (self.of(left), self.of(right)) {
            (Possible::Ordered(a), Possible::Ordered(b)) => compare(comparator, &a, &b),
            (Possible::Text(Some(a)), Possible::Text(Some(b))) => {
                let equal = match a.is_disjoint(&b) {
                    true => false,
                    false if a.len() == 1 && a == b => true,
                    false => return None,
                };
                Some((comparator == Comparator::Equal) == equal)
            }
            (Possible::Truth(Some(a)), Possible::Truth(Some(b))) => Some(comparator.holds(a.cmp(&b))),
            _ => None,
        }
    }

    fn number(&self, node: &'a Node) -> Possible {
        let range = match &node.form {
            Form::Negate(inner) => self.range(inner).negate(),
            Form::Chain { first, rest } => {
                let mut range = self.range(first);
                for Link { operator, operand, .. } in rest {
                    let operand = self.range(operand);
                    range = match operator {
                        Operator::Add => range.add(&operand),
                        Operator::Subtract => range.add(&operand.negate()),
                        Operator::Multiply => range.multiply(&operand),
                        Operator::Divide => range.divide(&operand),
                    };
                }
                range
            }
            Form::Round { value, digits } => {
                let scale = u32::try_from(*digits).unwrap_or(0);
                self.range(value).through(|bound| bound.round(*digits), scale)
            }
            Form::Call(function @ (Function::Least | Function::Greatest), arguments) => {
                let mut ranges = arguments.iter().map(|argument| self.range(argument));
                let first = ranges.next().unwrap_or(Range::ANY);
                ranges.fold(first, |a, b| match function {
                    Function::Least => a.least(&b),
                    _ => a.greatest(&b),
                })
            }
            Form::Call(Function::Floor, arguments) => self.range(&arguments[0]).through(Rational::floor, 0),
            Form::Call(Function::Ceil, arguments) => self.range(&arguments[0]).through(Rational::ceil, 0),
            Form::Call(Function::Abs, arguments) => self.range(&arguments[0]).abs(),
            Form::Aggregate(aggregate) => match (aggregate.function, &aggregate.argument) {
                (AggregateFunction::Sum | AggregateFunction::KnownSum, Some(argument)) => {
                    let rows = Range::whole(0, i64::try_from(RELATION_ROWS_MAX).unwrap_or(i64::MAX));
                    let argument = self.range(argument);
                    let sum = argument.or(&Range::exactly(&Rational::ZERO)).multiply(&rows);
                    Range { scale: argument.scale, ..sum }
                }
                (AggregateFunction::Min | AggregateFunction::Max, Some(argument)) => self.range(argument),
                _ => node.ty.range().cloned().unwrap_or(Range::ANY),
            },
            _ => node.ty.range().cloned().unwrap_or(Range::ANY),
        };
        Possible::Ordered(range)
    }
}

/// What a known value is; nothing for an unknown.
fn possible(value: &Value) -> Possible {
    match value {
        Value::Unknown => Possible::Nothing,
        Value::Boolean(value) => Possible::Truth(Some(*value)),
        Value::Number(number) => Possible::Ordered(Range::exactly(number)),
        Value::Date(date) => Possible::Ordered(Range::exactly(&day_number(*date))),
        Value::Month(month) => Possible::Ordered(Range::exactly(&i64::from(month.index()).into())),
        Value::Text(text) => Possible::Text(Some([text.clone()].into())),
    }
}

fn day_number(date: NaiveDate) -> Rational {
    i64::from(date.num_days_from_ce()).into()
}

fn declared(ty: &NodeType) -> Possible {
    match ty {
        NodeType::Unknown => Possible::Nothing,
        NodeType::Boolean => Possible::Truth(None),
        NodeType::Number(range) => Possible::Ordered(range.clone()),
        NodeType::Date | NodeType::Month => Possible::Ordered(Range { scale: Some(0), ..Range::ANY }),
        NodeType::Text | NodeType::Code(_) => Possible::Text(None),
    }
}

/// Either of several.
fn united(all: Vec<Possible>) -> Possible {
    all.into_iter()
        .reduce(|a, b| match (a, b) {
            (Possible::Nothing, other) | (other, Possible::Nothing) => other,
            (Possible::Truth(a), Possible::Truth(b)) => Possible::Truth(a.filter(|a| b == Some(*a))),
            (Possible::Ordered(a), Possible::Ordered(b)) => Possible::Ordered(a.or(&b)),
            (Possible::Text(a), Possible::Text(b)) => {
                Possible::Text(a.zip(b).map(|(a, b)| a.union(&b).cloned().collect()))
            }
            // Kinds do not mix in a tree that was checked.
            (a, _) => a,
        })
        .unwrap_or(Possible::Nothing)
}

/// What a comparison of two ranges always is, if it is always the same.
fn compare(comparator: Comparator, a: &Range, b: &Range) -> Option<bool> {
    let below = |high: &Option<Rational>, low: &Option<Rational>, strict: bool| {
        high.as_ref().zip(low.as_ref()).is_some_and(|(high, low)| high < low || (!strict && high == low))
    };
    let (a_below, a_above) = (below(&a.max, &b.min, true), below(&b.max, &a.min, true));
    let (a_at_most, a_at_least) = (below(&a.max, &b.min, false), below(&b.max, &a.min, false));
    match comparator {
        Comparator::Less if a_below => Some(true),
        Comparator::Less if a_at_least => Some(false),
        Comparator::LessOrEqual if a_at_most => Some(true),
        Comparator::LessOrEqual if a_above => Some(false),
        Comparator::Greater if a_above => Some(true),
        Comparator::Greater if a_at_most => Some(false),
        Comparator::GreaterOrEqual if a_at_least => Some(true),
        Comparator::GreaterOrEqual if a_below => Some(false),
        Comparator::Equal | Comparator::NotEqual if a_below || a_above => {
            Some(comparator == Comparator::NotEqual)
        }
        Comparator::Equal | Comparator::NotEqual if a_at_most && a_at_least => {
            Some(comparator == Comparator::Equal)
        }
        _ => None,
    }
}
