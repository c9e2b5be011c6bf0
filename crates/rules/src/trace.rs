//! Why a result is what it is: which facts and parameters it read, which unknown ones could change it, which numbers
//! were compared, and how far the nearest one is from the other side.

use serde::{Deserialize, Serialize};

use crate::ast::Comparator;
use crate::compiled::{Aggregate, AggregateFunction, FieldRead, Form, Function, Hop, Node};
use crate::eval::{Evaluator, Frames, Seen, key_text};
use crate::reading::{Template, symbol, with_titles};
use crate::titles::Titles;
use crate::value::{Record, Value};

/// A fact, definition or parameter that was read, and its value then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// `income`, `head.birthday`, `members[0].income` (rows from zero), `members` (which rows there are),
    /// `param.id`, `table.id[key]`, `month`, or the id of a definition.
    pub path: String,
    /// The same for people: 月收入, 户主·出生日期, 家庭成员1·月收入 (rows from one).
    pub title: String,
    /// The value; for a relation the number of rows.
    pub value: Value,
    /// What the value is called, where it is a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_title: Option<String>,
}

/// An unknown that could change the result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// As [`Read::path`]; `finding.id` for a judgement nobody has recorded.
    pub path: String,
    /// As [`Read::title`].
    pub title: String,
}

/// Two values that a condition compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What stands left, in titles.
    pub left_title: String,
    /// Its value.
    pub left: Value,
    /// What the value is called, where it is a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_code_title: Option<String>,
    /// `=`, `<>`, `<`, `<=`, `>` or `>=`.
    pub operator: String,
    /// What stands right, in titles.
    pub right_title: String,
    /// Its value.
    pub right: Value,
    /// What the value is called, where it is a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right_code_title: Option<String>,
    /// Whether it holds; unknown if either value is.
    pub holds: Option<bool>,
    /// The whole for people: `人均月收入 725.2 < 低保标准 760`.
    pub text: String,
}

/// The records in view and how their fields are called. Names are put together only when something is told: most of
/// what is read was read before.
struct Spot<'a, 'f> {
    frames: Frames<'a, 'f>,
    /// The aggregate whose row this is, the row's number from zero, and the spot around; nothing for the unit.
    row: Option<(&'a Aggregate, usize, &'f Spot<'a, 'f>)>,
}

impl<'a, 'f> Spot<'a, 'f> {
    fn unit(record: &'a Record) -> Spot<'a, 'f> {
        Spot { frames: Frames::unit(record), row: None }
    }

    /// Writes what stands before the names of a frame's fields, as path and title.
    fn prefix(&self, frame: usize, path: &mut String, title: &mut String) {
        let Some((aggregate, index, outer)) = self.row else { return };
        if self.frames.depth() > frame {
            return outer.prefix(frame, path, title);
        }
        outer.prefix(aggregate.frame, path, title);
        extend(&aggregate.hops, &aggregate.relation.id, &aggregate.relation.title, path, title);
        path.push('[');
        push_number(index, path);
        path.push_str("].");
        push_number(index + 1, title);
        title.push('·');
    }

    fn named(&self, frame: usize, hops: &[Hop], id: &str, last: &str) -> (String, String) {
        let (mut path, mut title) = (String::with_capacity(64), String::with_capacity(64));
        self.prefix(frame, &mut path, &mut title);
        extend(hops, id, last, &mut path, &mut title);
        (path, title)
    }

    fn field(&self, read: &FieldRead) -> (String, String) {
        self.named(read.frame, &read.hops, &read.id, &read.title)
    }

    fn relation(&self, aggregate: &Aggregate) -> (String, String) {
        let relation = &aggregate.relation;
        self.named(aggregate.frame, &aggregate.hops, &relation.id, &relation.title)
    }
}

/// The figures of a number, without the machinery of formats: rows are numbered often.
fn push_number(number: usize, text: &mut String) {
    if number >= 10 {
        push_number(number / 10, text);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

fn extend(hops: &[Hop], id: &str, last: &str, path: &mut String, title: &mut String) {
    for hop in hops {
        path.push_str(&hop.id);
        path.push('.');
        title.push_str(&hop.title);
        title.push('·');
    }
    path.push_str(id);
    title.push_str(last);
}

/// What was read so far. Records are a tree, so a record and a name in it are one path.
#[derive(Default)]
struct Reads<'a> {
    told: Vec<Read>,
    known: Vec<(Place, &'a str)>,
    /// A bit for each of `known`, at a place that its key gives: what has none there is new.
    marks: [u64; 4],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The record's own place in memory, while it is borrowed.
    Record(usize),
    Parameter,
    Definition,
    Clock,
}

impl Place {
    /// A number below 256 that is mostly another for another place or name.
    fn mark(self, id: &str) -> usize {
        let place = match self {
            Place::Record(address) => address >> 4,
            Place::Parameter => 1,
            Place::Definition => 2,
            Place::Clock => 3,
        };
        let bytes = id.as_bytes();
        let at = |index: usize| bytes.get(index).copied().map_or(0, usize::from);
        let name = bytes.len() * 37 + at(0) * 7 + at(bytes.len() / 2) * 59 + at(bytes.len().wrapping_sub(1));
        ((place.wrapping_mul(0x9E37_79B1) >> 8) ^ name) & 255
    }
}

impl<'a> Reads<'a> {
    /// Tells a value unless it was told before; `record` is `None` where a related record is missing.
    fn tell(
        &mut self,
        place: Option<Place>,
        id: &'a str,
        value: impl FnOnce() -> (Value, Option<String>),
        name: impl FnOnce() -> (String, String),
    ) {
        if let Some(place) = place {
            let mark = place.mark(id);
            let marks = &mut self.marks[mark / 64];
            if *marks >> (mark % 64) & 1 == 1 && self.known.contains(&(place, id)) {
                return;
            }
            *marks |= 1 << (mark % 64);
            self.known.push((place, id));
        }
        let (path, title) = name();
        if place.is_some() || !self.told.iter().any(|read| read.path == path) {
            let (value, code_title) = value();
            self.told.push(Read { path, title, value, code_title });
        }
    }
}

/// Walks resolved trees beside an evaluator.
pub(crate) struct Tracer<'a, 'e> {
    pub evaluator: &'e Evaluator<'a>,
    /// The trees of the definitions, by index.
    pub definitions: &'a [Node],
    pub record: &'a Record,
    pub titles: &'a Titles,
}

impl<'a> Tracer<'a, '_> {
    /// Everything the expression read, each once, in reading order.
    pub(crate) fn reads(&self, node: &'a Node) -> Vec<Read> {
        let mut reads = Reads::default();
        self.read(node, &Spot::unit(self.record), &mut reads);
        reads.told
    }

    /// The unknowns that keep the expression unknown.
    pub(crate) fn missing(&self, node: &'a Node) -> Vec<Missing> {
        let mut missing = Vec::new();
        self.blame(node, &Spot::unit(self.record), &mut missing);
        missing
    }

    fn value(&self, node: &'a Node, spot: &Spot<'a, '_>) -> Seen<'a> {
        self.evaluator.value(node, &spot.frames)
    }

    /// What the value of a node is called, where it is a code.
    pub(crate) fn code_title(&self, value: &Value, node: &Node) -> Option<String> {
        self.titles.of_code(value, &node.ty).map(str::to_owned)
    }

    fn told(&self, value: Value, node: &Node) -> (Value, Option<String>) {
        let code_title = self.code_title(&value, node);
        (value, code_title)
    }

    /// Calls `each` with every row of an aggregate in view; false if the rows are unknown.
    fn rows(
        &self,
        aggregate: &'a Aggregate,
        spot: &Spot<'a, '_>,
        mut each: impl FnMut(&Spot<'a, '_>),
    ) -> bool {
        let Some(rows) = spot.frames.rows(aggregate) else { return false };
        for (index, row) in rows.iter().enumerate() {
            each(&Spot { frames: spot.frames.row(row), row: Some((aggregate, index, spot)) });
        }
        true
    }

    fn read(&self, node: &'a Node, spot: &Spot<'a, '_>, reads: &mut Reads<'a>) {
        let place = |record: Option<&'a Record>| {
            record.map(|record| Place::Record(std::ptr::from_ref(record).addr()))
        };
        match &node.form {
            Form::Constant(_) => {}
            Form::Field(read) => {
                let record = spot.frames.reach(read.frame, &read.hops);
                let value =
                    || record.and_then(|record| record.fields.get(&read.id)).cloned().unwrap_or_default();
                reads.tell(place(record), &read.id, || self.told(value(), node), || spot.field(read));
            }
            Form::Definition { id, title, .. } => {
                let value = || self.told(self.value(node, spot).into_value(), node);
                reads.tell(Some(Place::Definition), id, value, || (id.clone(), title.clone()));
            }
            Form::Parameter { id, title, .. } => {
                let value = || self.told(self.value(node, spot).into_value(), node);
                reads.tell(Some(Place::Parameter), id, value, || (format!("param.{id}"), title.clone()));
            }
            Form::Clock(clock) => {
                let value = || self.told(self.value(node, spot).into_value(), node);
                let name = || (clock.id().to_owned(), clock.title().to_owned());
                reads.tell(Some(Place::Clock), clock.id(), value, name);
            }
            Form::Lookup { id, title, key } => {
                let key_value = self.value(key, spot);
                let written = key_text(&key_value).map_or("未知".to_owned(), Into::into);
                let value = || self.told(self.value(node, spot).into_value(), node);
                let called = || self.titles.shown(&key_value.clone().into_value(), &key.ty);
                let name = || (format!("table.{id}[{written}]"), format!("{title}[{}]", called()));
                reads.tell(None, id, value, name);
                self.read(key, spot, reads);
            }
            Form::Case { operand, branches, otherwise } => {
                if let Some(operand) = operand {
                    self.read(operand, spot, reads);
                }
                let against = operand.as_ref().map(|operand| self.value(operand, spot));
                for (when, then) in branches {
                    self.read(when, spot, reads);
                    match self.evaluator.branch(against.as_ref(), when, &spot.frames) {
                        Some(true) => return self.read(then, spot, reads),
                        Some(false) => {}
                        None => return,
                    }
                }
                if let Some(otherwise) = otherwise {
                    self.read(otherwise, spot, reads);
                }
            }
            Form::Call(Function::Coalesce, arguments) => {
                for argument in arguments {
                    self.read(argument, spot, reads);
                    if !self.value(argument, spot).is_unknown() {
                        return;
                    }
                }
            }
            Form::Aggregate(aggregate) => {
                let rows =
                    spot.frames.rows(aggregate).map(|rows| i64::try_from(rows.len()).unwrap_or(i64::MAX));
                let record = spot.frames.reach(aggregate.frame, &aggregate.hops);
                reads.tell(
                    place(record),
                    &aggregate.relation.id,
                    || (Value::from(rows), None),
                    || spot.relation(aggregate),
                );
                self.rows(aggregate, spot, |spot| {
                    if let Some(filter) = &aggregate.filter {
                        self.read(filter, spot, reads);
                        if self.evaluator.truth(filter, &spot.frames) != Some(true) {
                            return;
                        }
                    }
                    if let Some(argument) = &aggregate.argument {
                        self.read(argument, spot, reads);
                    }
                });
            }
            // What only passes on what stands in it.
            _ => {
                for child in node.children() {
                    self.read(child, spot, reads);
                }
            }
        }
    }

    /// Adds what keeps `node` unknown; nothing if it is known.
    fn blame(&self, node: &'a Node, spot: &Spot<'a, '_>, missing: &mut Vec<Missing>) {
        if !self.value(node, spot).is_unknown() {
            return;
        }
        let push = |(path, title): (String, String), missing: &mut Vec<Missing>| {
            if !missing.iter().any(|known| known.path == path) {
                missing.push(Missing { path, title });
            }
        };
        match &node.form {
            Form::Constant(_) | Form::Clock(_) => {}
            Form::Field(read) => push(spot.field(read), missing),
            Form::Parameter { id, title, .. } => push((format!("param.{id}"), title.clone()), missing),
            Form::Definition { index, .. } => {
                if let Some(definition) = self.definitions.get(*index) {
                    self.blame(definition, &Spot::unit(self.record), missing);
                }
            }
            Form::Lookup { id, title, key } => {
                let value = self.value(key, spot);
                match key_text(&value) {
                    Some(code) => {
                        let called = self.titles.shown(&value.clone().into_value(), &key.ty);
                        push((format!("table.{id}[{code}]"), format!("{title}[{called}]")), missing);
                    }
                    None => self.blame(key, spot, missing),
                }
            }
            Form::Case { operand, branches, otherwise } => {
                if let Some(operand) = operand {
                    self.blame(operand, spot, missing);
                }
                // A condition that is unknown may lead into any branch after it.
                let against = operand.as_ref().map(|operand| self.value(operand, spot));
                for (when, then) in branches {
                    let taken = self.evaluator.branch(against.as_ref(), when, &spot.frames);
                    self.blame(when, spot, missing);
                    if taken != Some(false) {
                        self.blame(then, spot, missing);
                    }
                    if taken == Some(true) {
                        return;
                    }
                }
                if let Some(otherwise) = otherwise {
                    self.blame(otherwise, spot, missing);
                }
            }
            Form::Aggregate(aggregate) => {
                let said = self.rows(aggregate, spot, |spot| {
                    let filter = aggregate.filter.as_ref();
                    let counted =
                        filter.is_none_or(|filter| self.evaluator.truth(filter, &spot.frames) != Some(false));
                    let argument = aggregate.argument.as_ref().filter(|_| counted);
                    // A row whose own answer is known to be neutral needs no filter.
                    let neutral = match aggregate.function {
                        AggregateFunction::BoolOr => Some(false),
                        AggregateFunction::BoolAnd => Some(true),
                        _ => None,
                    };
                    let settled = neutral.is_some()
                        && argument
                            .is_some_and(|argument| self.evaluator.truth(argument, &spot.frames) == neutral);
                    if settled {
                        return;
                    }
                    for part in filter.into_iter().chain(argument) {
                        self.blame(part, spot, missing);
                    }
                });
                if !said {
                    push(spot.relation(aggregate), missing);
                }
            }
            // What only passes on what stands in it.
            _ => {
                for child in node.children() {
                    self.blame(child, spot, missing);
                }
            }
        }
    }

    /// The expression with this decision's figures in place of the names.
    pub(crate) fn figures(&self, template: &'a Template) -> String {
        // Whoever writes an expression out meets its atoms in the unit's frame only: an aggregate is one atom.
        let frames = Frames::unit(self.record);
        template
            .figures(|atom| self.titles.shown(&self.evaluator.value(atom, &frames).into_value(), &atom.ty))
    }

    /// The comparisons that settle a condition, through AND, OR, NOT and definitions.
    pub(crate) fn comparisons(&self, node: &'a Node, found: &mut Vec<Comparison>) {
        match &node.form {
            Form::And(parts) | Form::Or(parts) => {
                for part in parts {
                    self.comparisons(part, found);
                }
            }
            Form::Not(inner) => self.comparisons(inner, found),
            Form::Definition { index, .. } => {
                if let Some(definition) = self.definitions.get(*index) {
                    self.comparisons(definition, found);
                }
            }
            Form::Case { .. } => {
                if let Some(taken) = self.taken(node) {
                    self.comparisons(taken, found);
                }
            }
            Form::Compare(comparator, left, right) => found.push(self.comparison(*comparator, left, right)),
            Form::Between { value, low, high, .. } => {
                found.push(self.comparison(Comparator::GreaterOrEqual, value, low));
                found.push(self.comparison(Comparator::LessOrEqual, value, high));
            }
            _ => {}
        }
    }

    /// The result of the branch that a CASE of the unit takes, if that is known.
    pub(crate) fn taken(&self, node: &'a Node) -> Option<&'a Node> {
        let Form::Case { operand, branches, otherwise } = &node.form else { return None };
        let frames = Frames::unit(self.record);
        let against = operand.as_ref().map(|operand| self.evaluator.value(operand, &frames));
        for (when, then) in branches {
            if self.evaluator.branch(against.as_ref(), when, &frames)? {
                return Some(then);
            }
        }
        otherwise.as_deref()
    }

    fn comparison(&self, comparator: Comparator, left: &'a Node, right: &'a Node) -> Comparison {
        let frames = Frames::unit(self.record);
        let (a, b) = (self.evaluator.value(left, &frames), self.evaluator.value(right, &frames));
        let holds = a.compare(&b).map(|ordering| comparator.holds(ordering));
        let name = |node: &Node| {
            if let Form::Constant(_) = node.form { String::new() } else { with_titles(node, self.titles) }
        };
        let (left_title, right_title) = (name(left), name(right));
        let (left_value, left_code_title) = self.told(a.into_value(), left);
        let (right_value, right_code_title) = self.told(b.into_value(), right);
        let side = |title: &str, value: &Value, node: &Node| match value {
            _ if title.is_empty() => self.titles.shown(value, &node.ty),
            Value::Unknown => format!("{title}（未知）"),
            value => format!("{title} {}", self.titles.shown(value, &node.ty)),
        };
        let shown = if holds == Some(false) { comparator.opposite() } else { comparator };
        let (before, after) = (side(&left_title, &left_value, left), side(&right_title, &right_value, right));
        Comparison {
            text: format!("{before} {} {after}", symbol(shown)),
            left_title,
            left: left_value,
            left_code_title,
            operator: comparator.symbol().to_owned(),
            right_title,
            right: right_value,
            right_code_title,
            holds,
        }
    }
}
