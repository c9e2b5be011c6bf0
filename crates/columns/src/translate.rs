//! From the compiled tree of a rule to the graph. Every value is kept with where it is known, exactly as the
//! evaluator of `rules` would find it row by row; constants, parameters and whatever is the same in all divisions
//! never reach the data.

use rules::Context;
use rules::compiled::{Clock, Comparator, Compiled, Form, Node, Operator};

use crate::graph::{Arg, Graph, Id, Made, Mask, Refusal, Rounding};
use crate::number::Number;
use crate::schema::Kind;
use crate::snapshot::Snapshot;

mod calls;
mod leaves;
mod truths;

pub(crate) use leaves::Step;

/// Yes, no or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truth {
    pub yes: Mask,
    /// `None`: whatever is not yes.
    pub no: Option<Mask>,
}

impl Truth {
    pub(crate) const YES: Truth = Truth { yes: Mask::Yes, no: None };
    pub(crate) const NO: Truth = Truth { yes: Mask::No, no: None };
    pub(crate) const UNKNOWN: Truth = Truth { yes: Mask::No, no: Some(Mask::No) };

    fn of(value: Option<bool>) -> Truth {
        match value {
            Some(true) => Truth::YES,
            Some(false) => Truth::NO,
            None => Truth::UNKNOWN,
        }
    }
}

/// What has an order or an identity but no arithmetic: a date, a month, a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ordinal {
    pub kind: Kind,
    pub value: Arg,
    pub known: Mask,
}

/// A value of the language in vectors.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Vector {
    Unknown,
    Truth(Truth),
    Number(Number),
    Ordinal(Ordinal),
}

impl Vector {
    fn ids(&self) -> Vec<Id> {
        let mask = |mask: Mask| match mask {
            Mask::Node(id) => Some(id),
            Mask::Yes | Mask::No => None,
        };
        let arg = |arg: Arg| match arg {
            Arg::Node(id) => Some(id),
            Arg::Const(_) => None,
        };
        match self {
            Vector::Unknown => Vec::new(),
            Vector::Truth(truth) => {
                [mask(truth.yes), truth.no.and_then(mask)].into_iter().flatten().collect()
            }
            Vector::Number(number) => {
                [arg(number.above), number.below, mask(number.known)].into_iter().flatten().collect()
            }
            Vector::Ordinal(ordinal) => {
                [arg(ordinal.value), mask(ordinal.known)].into_iter().flatten().collect()
            }
        }
    }
}

/// A record in view: its table, and which record of each table above it belongs to. Two frames that name the same
/// record of a table may share its values; two different records of one table may not meet in a vector.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub table: usize,
    pub records: Vec<(usize, u32)>,
}

impl Frame {
    fn record_of(&self, table: usize) -> Option<u32> {
        self.records.iter().find(|(own, _)| *own == table).map(|(_, record)| *record)
    }
}

/// A programme in the graph.
#[derive(Debug, Clone)]
pub(crate) struct Translated {
    pub outcome: Truth,
    pub conditions: Vec<Truth>,
    /// In fen.
    pub amount: Option<(Arg, Mask)>,
    /// By index in the source.
    pub definitions: Vec<Vector>,
}

/// One programme on its way.
pub(crate) struct Translator<'a, 'g, 's> {
    pub graph: &'g mut Graph<'s>,
    pub snapshot: &'a Snapshot,
    /// By division of the snapshot.
    pub contexts: &'a [Context],
    /// The snapshot's codes, and after them those that only rules name.
    pub codes: &'g mut Vec<String>,
    pub definitions: Vec<Vector>,
    pub frames: Vec<Frame>,
    pub records: u32,
}

impl<'a, 'g, 's> Translator<'a, 'g, 's> {
    pub(crate) fn new(
        graph: &'g mut Graph<'s>,
        snapshot: &'a Snapshot,
        contexts: &'a [Context],
        codes: &'g mut Vec<String>,
    ) -> Translator<'a, 'g, 's> {
        Translator {
            graph,
            snapshot,
            contexts,
            codes,
            definitions: Vec::new(),
            frames: Vec::new(),
            records: 0,
        }
    }

    pub(crate) fn programme(mut self, programme: &Compiled<'_>) -> Made<Translated> {
        let tables = &self.graph.schema.tables;
        let table = self
            .graph
            .schema
            .unit(programme.unit_shape)
            .ok_or_else(|| Refusal::Missing(programme.unit_shape.to_owned()))?;
        let mut records = Vec::new();
        let mut at = Some(table);
        while let Some(here) = at {
            records.push((here, here as u32));
            at = tables[here].parent.as_ref().map(|parent| parent.table);
        }
        self.records = tables.len() as u32;
        self.frames = vec![Frame { table, records }];
        self.definitions = vec![Vector::Unknown; programme.definitions.len()];
        for &index in programme.order {
            self.definitions[index] = self.value(programme.definitions[index].node)?;
        }
        let mut conditions = Vec::new();
        for condition in &programme.conditions {
            conditions.push(match condition.node {
                Some(node) => self.truth(node)?,
                None => {
                    let met = |context: &Context| {
                        context.findings.get(condition.id).and_then(|finding| finding.met).into()
                    };
                    match self.by_division(met)? {
                        Vector::Truth(truth) => truth,
                        _ => Truth::UNKNOWN,
                    }
                }
            });
        }
        let outcome = self.all(&conditions)?;
        // What is the same for a whole household is spread to its members at the very end.
        let outcome = self.spread(outcome, table);
        let conditions = conditions.into_iter().map(|condition| self.spread(condition, table)).collect();
        let amount = match programme.amount {
            None => None,
            Some(node) => {
                let number = self.number(node)?;
                let rounded = self.graph.rounded(&number, 2, Rounding::Half)?;
                let amount = match rounded.above {
                    Arg::Node(id) => Arg::Node(self.graph.down(id, table)),
                    Arg::Const(_) => rounded.above,
                };
                Some((amount, self.spread_mask(rounded.known, table)))
            }
        };
        Ok(Translated { outcome, conditions, amount, definitions: self.definitions })
    }

    fn spread_mask(&mut self, mask: Mask, table: usize) -> Mask {
        match mask {
            Mask::Node(id) => Mask::Node(self.graph.down(id, table)),
            Mask::Yes | Mask::No => mask,
        }
    }

    fn spread(&mut self, truth: Truth, table: usize) -> Truth {
        Truth { yes: self.spread_mask(truth.yes, table), no: truth.no.map(|no| self.spread_mask(no, table)) }
    }

    fn here(&self) -> &Frame {
        self.frames.last().expect("the unit's frame is always there")
    }

    /// The value, if every record it comes from is the same one seen from the current row.
    pub(crate) fn seen_from(&self, frame: usize, value: Vector) -> Made<Vector> {
        let (from, here) = (&self.frames[frame], self.here());
        for id in value.ids() {
            let table = self.graph.node(id).table;
            if from.record_of(table) != here.record_of(table) {
                return Err(Refusal::new("聚合里又读了另一个成员"));
            }
        }
        Ok(value)
    }

    pub(crate) fn value(&mut self, node: &Node) -> Made<Vector> {
        Ok(match &node.form {
            Form::Constant(value) => self.constant(value)?,
            Form::Field(read) => {
                let table = self.frames[read.frame].table;
                let hops: Vec<&str> = read.hops.iter().map(|hop| hop.id.as_str()).collect();
                let value = self.field(table, &hops, &read.shape, &read.id)?;
                self.seen_from(read.frame, value)?
            }
            Form::Definition { index, .. } => self.seen_from(0, self.definitions[*index])?,
            Form::Parameter { id, .. } => {
                self.by_division(|context| context.parameters.get(id).cloned().unwrap_or_default())?
            }
            Form::Lookup { id, key, .. } => {
                let key = self.value(key)?;
                self.lookup(id, key)?
            }
            Form::Clock(Clock::Month) => self.by_division(|context| context.month.into())?,
            Form::Clock(Clock::LawOn) => self.by_division(|context| context.law_on.into())?,
            Form::Clock(Clock::KnownAt) => self.by_division(|context| context.known_at.into())?,
            Form::Not(inner) => {
                let truth = self.truth(inner)?;
                Vector::Truth(self.turned(truth)?)
            }
            Form::And(parts) => {
                let parts = self.truths(parts)?;
                Vector::Truth(self.all(&parts)?)
            }
            Form::Or(parts) => {
                let parts = self.truths(parts)?;
                Vector::Truth(self.any(&parts)?)
            }
            Form::Negate(inner) => {
                let number = self.number(inner)?;
                Vector::Number(self.graph.negated(&number)?)
            }
            Form::Chain { first, rest } => {
                let mut result = self.number(first)?;
                for link in rest {
                    let operand = self.number(&link.operand)?;
                    result = match link.operator {
                        Operator::Add => self.graph.plus(&result, &operand)?,
                        Operator::Subtract => self.graph.minus(&result, &operand)?,
                        Operator::Multiply => self.graph.product(&result, &operand)?,
                        Operator::Divide => self.graph.quotient(&result, &operand)?,
                    };
                }
                Vector::Number(result)
            }
            Form::Compare(comparator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Vector::Truth(self.compare(*comparator, &left, &right)?)
            }
            Form::Between { value, low, high, negated } => {
                let (value, low, high) = (self.value(value)?, self.value(low)?, self.value(high)?);
                let above = self.compare(Comparator::GreaterOrEqual, &value, &low)?;
                let below = self.compare(Comparator::LessOrEqual, &value, &high)?;
                let truth = self.all(&[above, below])?;
                Vector::Truth(if *negated { self.turned(truth)? } else { truth })
            }
            Form::In { value, list, negated } => {
                let value = self.value(value)?;
                let mut parts = Vec::new();
                for item in list {
                    let item = self.value(item)?;
                    parts.push(self.compare(Comparator::Equal, &value, &item)?);
                }
                let truth = self.any(&parts)?;
                Vector::Truth(if *negated { self.turned(truth)? } else { truth })
            }
            Form::IsNull { value, negated } => {
                let value = self.value(value)?;
                let known = self.known(&value)?;
                let yes = if *negated { known } else { self.graph.not(known)? };
                Vector::Truth(Truth { yes, no: None })
            }
            Form::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref())?
            }
            Form::Aggregate(aggregate) => self.aggregate(aggregate)?,
            Form::Round { value, digits } => {
                let number = self.number(value)?;
                Vector::Number(self.graph.rounded(&number, *digits, Rounding::Half)?)
            }
            Form::Call(function, arguments) => self.call(*function, arguments)?,
        })
    }

    pub(crate) fn number(&mut self, node: &Node) -> Made<Number> {
        match self.value(node)? {
            Vector::Number(number) => Ok(number),
            Vector::Unknown => Ok(Number { known: Mask::No, ..Number::ZERO }),
            Vector::Truth(_) | Vector::Ordinal(_) => Err(Refusal::new("这里要数")),
        }
    }

    pub(crate) fn truth(&mut self, node: &Node) -> Made<Truth> {
        match self.value(node)? {
            Vector::Truth(truth) => Ok(truth),
            Vector::Unknown => Ok(Truth::UNKNOWN),
            Vector::Number(_) | Vector::Ordinal(_) => Err(Refusal::new("这里要条件")),
        }
    }

    fn truths(&mut self, nodes: &[Node]) -> Made<Vec<Truth>> {
        nodes.iter().map(|node| self.truth(node)).collect()
    }

    fn ordinal(&mut self, node: &Node, kind: Kind) -> Made<Ordinal> {
        match self.value(node)? {
            Vector::Ordinal(ordinal) => Ok(ordinal),
            Vector::Unknown => Ok(Ordinal { kind, value: Arg::Const(0), known: Mask::No }),
            Vector::Number(_) | Vector::Truth(_) => Err(Refusal::new("这里要日期、月份或代码")),
        }
    }
}
