//! The resolved tree: every name bound to where its value stands, every type settled. The evaluator, the trace and
//! the reading text walk it; nothing is parsed or looked up by title any more.

use crate::ast::{Comparator, Operator};
use crate::value::Value;

/// A resolved expression.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Constant(Value),
    Field(FieldRead),
    Definition { index: usize, id: String, title: String },
    Parameter { id: String, title: String },
    Lookup { id: String, title: String, key: Box<Node> },
    Clock(Clock),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Negate(Box<Node>),
    Chain { first: Box<Node>, rest: Vec<(Operator, Node)> },
    Compare(Comparator, Box<Node>, Box<Node>),
    Between { value: Box<Node>, low: Box<Node>, high: Box<Node>, negated: bool },
    In { value: Box<Node>, list: Vec<Node>, negated: bool },
    IsNull { value: Box<Node>, negated: bool },
    Case { operand: Option<Box<Node>>, branches: Vec<(Node, Node)>, otherwise: Option<Box<Node>> },
    Aggregate(Box<Aggregate>),
    Round { value: Box<Node>, digits: i32 },
    Call(Function, Vec<Node>),
}

/// One step to a related record.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub id: String,
    pub title: String,
}

/// A field of the record in frame `frame` (0 the unit, then one for each aggregate around), after to-one hops.
#[derive(Debug, Clone)]
pub(crate) struct FieldRead {
    pub frame: usize,
    pub hops: Vec<Hop>,
    /// Id of the shape that has the field.
    pub shape: String,
    pub id: String,
    pub title: String,
}

/// The three dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    Month,
    LawOn,
    KnownAt,
}

impl Clock {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Clock::Month => "month",
            Clock::LawOn => "law_on",
            Clock::KnownAt => "known_at",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Clock::Month => "所属月份",
            Clock::LawOn => "适用法律的日期",
            Clock::KnownAt => "掌握情况的日期",
        }
    }
}

/// An aggregate over the rows of a to-many relation of the record in frame `frame`.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub function: AggregateFunction,
    pub frame: usize,
    pub hops: Vec<Hop>,
    pub relation: Hop,
    /// `None` for `count(relation.*)`.
    pub argument: Option<Node>,
    pub filter: Option<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AggregateFunction {
    Sum,
    KnownSum,
    Count,
    Min,
    Max,
    BoolOr,
    BoolAnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Coalesce,
    Least,
    Greatest,
    Floor,
    Ceil,
    Abs,
    AgeAt,
    MonthsBetween,
    DaysBetween,
    AddMonths,
    MonthOf,
    FirstDay,
    LastDay,
    Length,
}

impl AggregateFunction {
    pub(crate) const ALL: [(&'static str, AggregateFunction); 7] = [
        ("sum", AggregateFunction::Sum),
        ("known_sum", AggregateFunction::KnownSum),
        ("count", AggregateFunction::Count),
        ("min", AggregateFunction::Min),
        ("max", AggregateFunction::Max),
        ("bool_or", AggregateFunction::BoolOr),
        ("bool_and", AggregateFunction::BoolAnd),
    ];

    pub(crate) fn of(name: &str) -> Option<AggregateFunction> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }
}

impl Function {
    pub(crate) const ALL: [(&'static str, Function); 14] = [
        ("coalesce", Function::Coalesce),
        ("least", Function::Least),
        ("greatest", Function::Greatest),
        ("floor", Function::Floor),
        ("ceil", Function::Ceil),
        ("abs", Function::Abs),
        ("age_at", Function::AgeAt),
        ("months_between", Function::MonthsBetween),
        ("days_between", Function::DaysBetween),
        ("add_months", Function::AddMonths),
        ("month_of", Function::MonthOf),
        ("first_day", Function::FirstDay),
        ("last_day", Function::LastDay),
        ("length", Function::Length),
    ];

    pub(crate) fn of(name: &str) -> Option<Function> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }
}

impl Node {
    /// The nodes directly below, in reading order.
    pub(crate) fn children(&self) -> Vec<&Node> {
        match self {
            Node::Constant(_)
            | Node::Field(_)
            | Node::Definition { .. }
            | Node::Parameter { .. }
            | Node::Clock(_) => Vec::new(),
            Node::Lookup { key: inner, .. }
            | Node::Not(inner)
            | Node::Negate(inner)
            | Node::IsNull { value: inner, .. }
            | Node::Round { value: inner, .. } => vec![inner],
            Node::And(parts) | Node::Or(parts) | Node::Call(_, parts) => parts.iter().collect(),
            Node::Chain { first, rest } => {
                std::iter::once(&**first).chain(rest.iter().map(|(_, node)| node)).collect()
            }
            Node::Compare(_, left, right) => vec![left, right],
            Node::Between { value, low, high, .. } => vec![value, low, high],
            Node::In { value, list, .. } => std::iter::once(&**value).chain(list).collect(),
            Node::Case { operand, branches, otherwise } => operand
                .iter()
                .map(|operand| &**operand)
                .chain(branches.iter().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.iter().map(|otherwise| &**otherwise))
                .collect(),
            Node::Aggregate(aggregate) => aggregate.filter.iter().chain(&aggregate.argument).collect(),
        }
    }
}

impl Node {
    /// Visits the node and everything below it.
    pub(crate) fn visit(&self, visitor: &mut impl FnMut(&Node)) {
        visitor(self);
        for child in self.children() {
            child.visit(visitor);
        }
    }
}
