//! The compiled tree, for whoever turns rules into something else (vector kernels, SQL): every name bound to where its
//! value stands, every type settled, every number with what the compiler has proven of it. Read-only; only the compiler
//! makes it. The evaluator, the trace and the reading text walk the same tree; nothing is parsed or looked up by title
//! any more.
//!
//! [`Programme::compiled`](crate::Programme::compiled) gives the trees of a programme: work the definitions out in
//! [`Compiled::order`], then conditions and amount, which name definitions by index. [`Node::form`] says what a node is,
//! [`Node::ty`] what it gives, [`Node::span`] where it stands in its own text. What each form means when something is
//! unknown is in `docs/rules-language.md`; whoever writes another evaluator must agree with it to the fen.

pub use crate::ast::{Comparator, Operator};
use crate::diagnostic::Span;
pub use crate::range::Range;
use crate::value::Value;

/// The trees of one programme.
#[derive(Debug, Clone)]
pub struct Compiled<'a> {
    /// Id of the programme.
    pub id: &'a str,
    /// Id of the shape that is decided.
    pub unit_shape: &'a str,
    /// By index, as [`Form::Definition`] names them.
    pub definitions: Vec<CompiledDefinition<'a>>,
    /// Indices of the definitions, each after those it uses.
    pub order: &'a [usize],
    /// In the order written. *Met* if all are yes, else *not met* if one is no, else *unknown*.
    pub conditions: Vec<CompiledCondition<'a>>,
    /// Yuan, not yet rounded to the fen (half away from zero); it applies only where the conditions are met.
    pub amount: Option<&'a Node>,
    /// Whole months; as the amount, only where the conditions are met.
    pub review_months: Option<&'a Node>,
    /// Whole months; only where every condition that is not met is one that tapers.
    pub taper_months: Option<&'a Node>,
}

/// A definition's tree.
#[derive(Debug, Clone, Copy)]
pub struct CompiledDefinition<'a> {
    /// Id.
    pub id: &'a str,
    /// Title for people.
    pub title: &'a str,
    /// Its expression over the unit.
    pub node: &'a Node,
}

/// A condition's tree.
#[derive(Debug, Clone, Copy)]
pub struct CompiledCondition<'a> {
    /// Id.
    pub id: &'a str,
    /// Title for people.
    pub title: &'a str,
    /// A boolean over the unit; `None` for a finding, which an officer settles.
    pub node: Option<&'a Node>,
    /// One who no longer meets it tapers off instead of stopping at once.
    pub tapers: bool,
}

/// A resolved expression. Two are equal if they say the same, wherever they stand.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub form: Form,
    /// What it gives when it is known.
    pub ty: NodeType,
    /// Its characters in the text of its definition, condition or amount.
    pub span: Span,
}

impl PartialEq for Node {
    fn eq(&self, other: &Node) -> bool {
        self.form == other.form
    }
}

impl Eq for Node {}

/// The type of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeType {
    /// Nothing but unknown: `NULL` and what is made of it alone.
    Unknown,
    /// Yes or no.
    Boolean,
    /// An exact number within the range.
    Number(Range),
    /// A day.
    Date,
    /// A month.
    Month,
    /// A text.
    Text,
    /// A code of the code list of this id; a text in quotes that stands beside one is one.
    Code(String),
}

impl NodeType {
    /// What is proven of the number, if it is one.
    pub fn range(&self) -> Option<&Range> {
        match self {
            NodeType::Number(range) => Some(range),
            NodeType::Unknown
            | NodeType::Boolean
            | NodeType::Date
            | NodeType::Month
            | NodeType::Text
            | NodeType::Code(_) => None,
        }
    }
}

/// One operator of a chain with its right operand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The operator.
    pub operator: Operator,
    /// What stands right of it.
    pub operand: Node,
    /// What is proven of the result so far, this operator included.
    pub range: Range,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A literal; [`Value::Unknown`] for `NULL`.
    Constant(Value),
    /// A field of a record in view.
    Field(FieldRead),
    /// The value of the programme's definition of this index.
    Definition {
        /// Index in the programme.
        index: usize,
        /// Id.
        id: String,
        /// Title for people.
        title: String,
        /// Unit for people.
        unit: Option<String>,
    },
    /// `param.id`.
    Parameter {
        /// Id.
        id: String,
        /// Title for people.
        title: String,
        /// Unit for people.
        unit: Option<String>,
    },
    /// `table.id[key]`; unknown for a key without a value.
    Lookup {
        /// Id of the table.
        id: String,
        /// Title for people.
        title: String,
        /// Code, text or whole number.
        key: Box<Node>,
    },
    /// One of the three dates.
    Clock(Clock),
    /// `NOT x`.
    Not(Box<Node>),
    /// Two or more; no if one is no, else unknown if one is unknown.
    And(Vec<Node>),
    /// Two or more; yes if one is yes, else unknown if one is unknown.
    Or(Vec<Node>),
    /// `-x`.
    Negate(Box<Node>),
    /// Operators of one rank (all of `+ -`, or all of `* /`), worked out from left to right, exactly.
    Chain {
        /// The leftmost operand.
        first: Box<Node>,
        /// One or more.
        rest: Vec<Link>,
    },
    /// Two values of one type; numbers of different scales compare by value.
    Compare(Comparator, Box<Node>, Box<Node>),
    /// `value >= low AND value <= high`, turned if negated.
    Between {
        /// What is compared.
        value: Box<Node>,
        /// Lower bound, included.
        low: Box<Node>,
        /// Upper bound, included.
        high: Box<Node>,
        /// `NOT BETWEEN`.
        negated: bool,
    },
    /// `value = a OR value = b OR …`, turned if negated.
    In {
        /// What is compared.
        value: Box<Node>,
        /// One or more.
        list: Vec<Node>,
        /// `NOT IN`.
        negated: bool,
    },
    /// Whether a value is unknown; itself never unknown.
    IsNull {
        /// What is asked about.
        value: Box<Node>,
        /// `IS NOT NULL`.
        negated: bool,
    },
    /// The first branch whose condition holds; unknown as soon as a condition met on the way is unknown.
    Case {
        /// `CASE operand WHEN v` compares `operand = v`.
        operand: Option<Box<Node>>,
        /// (condition or value compared, result), in order.
        branches: Vec<(Node, Node)>,
        /// Unknown if left out.
        otherwise: Option<Box<Node>>,
    },
    /// Over the rows of a to-many relation.
    Aggregate(Box<Aggregate>),
    /// Half away from zero to `digits` decimals (negative: to tens, hundreds…).
    Round {
        /// A number.
        value: Box<Node>,
        /// -9 to 9.
        digits: i32,
    },
    /// A function with its arguments, as many as it takes.
    Call(Function, Vec<Node>),
}

/// One step to a related record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Id of the relation.
    pub id: String,
    /// Title for people.
    pub title: String,
}

/// A field of the record in frame `frame`, after to-one hops; unknown where a related record is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRead {
    /// 0 the unit, then one for each aggregate around, the outermost first.
    pub frame: usize,
    /// To-one relations from the frame's record.
    pub hops: Vec<Hop>,
    /// Id of the shape that has the field.
    pub shape: String,
    /// Id of the field.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Unit for people.
    pub unit: Option<String>,
}

/// The three dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// `month`, a month.
    Month,
    /// `law_on`, a date.
    LawOn,
    /// `known_at`, a date.
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
/// Inside, the current row is one frame more than those around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// Which aggregate.
    pub function: AggregateFunction,
    /// Where the relation starts.
    pub frame: usize,
    /// To-one relations before it.
    pub hops: Vec<Hop>,
    /// The to-many relation.
    pub relation: Hop,
    /// Id of the shape of its rows.
    pub row_shape: String,
    /// The frame of the current row inside `argument` and `filter`.
    pub row_frame: usize,
    /// `None` for `count(relation.*)`.
    pub argument: Option<Node>,
    /// Rows that do not hold are left out.
    pub filter: Option<Node>,
}

/// What an aggregate does with the rows. Only [`AggregateFunction::KnownSum`] leaves unknowns out; the Boolean ones are
/// Kleene's OR and AND; the others are unknown if the filter, or the argument of a row that counts, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    /// 0 without rows.
    Sum,
    /// Never unknown: 0 also while nobody has said which rows there are.
    KnownSum,
    /// Rows that pass the filter.
    Count,
    /// Unknown without rows.
    Min,
    /// Unknown without rows.
    Max,
    /// OR over (filter AND argument).
    BoolOr,
    /// AND over (NOT filter OR argument).
    BoolAnd,
}

/// The plain functions. Unknown if any argument is, except [`Function::Coalesce`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The first that is known.
    Coalesce,
    /// The smallest.
    Least,
    /// The greatest.
    Greatest,
    /// The greatest whole number not above.
    Floor,
    /// The least whole number not below.
    Ceil,
    /// Without the sign.
    Abs,
    /// Completed years; unknown before birth.
    AgeAt,
    /// Whole months between two dates or two months.
    MonthsBetween,
    /// Days between two dates.
    DaysBetween,
    /// A date or month, months later; unknown outside the calendar.
    AddMonths,
    /// The month of a date; unknown outside 1900-2199.
    MonthOf,
    /// The first day of a month.
    FirstDay,
    /// The last day of a month.
    LastDay,
    /// Characters of a text.
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
    pub fn children(&self) -> Vec<&Node> {
        match &self.form {
            Form::Constant(_)
            | Form::Field(_)
            | Form::Definition { .. }
            | Form::Parameter { .. }
            | Form::Clock(_) => Vec::new(),
            Form::Lookup { key: inner, .. }
            | Form::Not(inner)
            | Form::Negate(inner)
            | Form::IsNull { value: inner, .. }
            | Form::Round { value: inner, .. } => vec![inner],
            Form::And(parts) | Form::Or(parts) | Form::Call(_, parts) => parts.iter().collect(),
            Form::Chain { first, rest } => {
                std::iter::once(&**first).chain(rest.iter().map(|link| &link.operand)).collect()
            }
            Form::Compare(_, left, right) => vec![left, right],
            Form::Between { value, low, high, .. } => vec![value, low, high],
            Form::In { value, list, .. } => std::iter::once(&**value).chain(list).collect(),
            Form::Case { operand, branches, otherwise } => operand
                .iter()
                .map(|operand| &**operand)
                .chain(branches.iter().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.iter().map(|otherwise| &**otherwise))
                .collect(),
            Form::Aggregate(aggregate) => aggregate.filter.iter().chain(&aggregate.argument).collect(),
        }
    }
}

impl Node {
    /// Visits the node and everything below it.
    pub fn visit(&self, visitor: &mut impl FnMut(&Node)) {
        visitor(self);
        for child in self.children() {
            child.visit(visitor);
        }
    }
}
