//! From the compiled tree of a rule to the graph. Every value is kept with where it is known, exactly as the
//! evaluator of `rules` would find it row by row; constants, parameters and whatever is the same in all divisions
//! never reach the data.

use rules::compiled::{Clock, Comparator, Compiled, Form, Function, Node, Operator};
use rules::{Context, Value};

use crate::dates;
use crate::graph::{Arg, Calendar, Graph, Id, Link, Made, Mask, Op, Refusal, Rounding};
use crate::number::{Factor, Number};
use crate::schema::Kind;
use crate::snapshot::Snapshot;

/// Codes that one lookup may span.
const LOOKUP_SPAN_MAX: i64 = 1 << 16;
/// Months that `add_months` may move by; rules that go further are decided one by one.
const MONTHS_MAX: i64 = 200_000;

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

    // Leaves.

    fn constant(&mut self, value: &Value) -> Made<Vector> {
        let ordinal =
            |kind, value| Vector::Ordinal(Ordinal { kind, value: Arg::Const(value), known: Mask::Yes });
        Ok(match value {
            Value::Unknown => Vector::Unknown,
            Value::Boolean(value) => Vector::Truth(Truth::of(Some(*value))),
            Value::Number(number) => Vector::Number(Number::constant(number)?),
            Value::Date(date) => ordinal(Kind::Date, dates::pack(*date)),
            Value::Month(month) => ordinal(Kind::Month, month.index().into()),
            Value::Text(text) => ordinal(Kind::Code, self.code(text)),
        })
    }

    fn code(&mut self, text: &str) -> i64 {
        let index = self.codes.iter().position(|code| code == text);
        index.unwrap_or_else(|| {
            self.codes.push(text.to_owned());
            self.codes.len() - 1
        }) as i64
    }

    /// A value that each division has of its own.
    fn by_division(&mut self, value: impl Fn(&Context) -> Value) -> Made<Vector> {
        let values: Vec<Value> = self.contexts.iter().map(value).collect();
        let Some(first) = values.first() else { return Ok(Vector::Unknown) };
        if values.iter().all(|value| value == first) {
            return self.constant(first);
        }
        let stored = self.snapshot.stored_division();
        let (base, max) = (stored.base as usize, stored.max as usize);
        let index = self.graph.add_node(
            Op::Division,
            0,
            stored.width,
            stored.min - stored.base,
            stored.max - stored.base,
        );
        self.by_index(index, 0, &values[base..=max])
    }

    /// `values[index - first]`, unknown ones too.
    fn by_index(&mut self, index: Id, first: i64, values: &[Value]) -> Made<Vector> {
        let vectors = values.iter().map(|value| self.constant(value)).collect::<Made<Vec<Vector>>>()?;
        let Some(sample) = vectors.iter().find(|vector| !matches!(vector, Vector::Unknown)) else {
            return Ok(Vector::Unknown);
        };
        let known: Vec<bool> = vectors.iter().map(|vector| !matches!(vector, Vector::Unknown)).collect();
        Ok(match sample {
            Vector::Unknown => Vector::Unknown,
            Vector::Truth(_) => {
                let is = |wanted: bool| values.iter().map(|value| *value == Value::Boolean(wanted)).collect();
                let yes = self.graph.lookup_mask(index, first, is(true));
                let no = self.graph.lookup_mask(index, first, is(false));
                let definite = known.iter().all(|&known| known);
                Vector::Truth(Truth { yes, no: (!definite).then_some(no) })
            }
            Vector::Number(_) => {
                let scale = values.iter().filter_map(Value::as_number).map(rules::Rational::decimals).max();
                let refuse = || Refusal::new("参数不是有限小数或者太大");
                let scale = scale.flatten().and_then(|scale| u8::try_from(scale).ok()).ok_or_else(refuse)?;
                let units = values.iter().map(|value| match value.as_number() {
                    None => Ok(None),
                    Some(number) => number.to_scaled(scale).map(Some).ok_or_else(refuse),
                });
                let units = units.collect::<Made<Vec<Option<i64>>>>()?;
                let filler = units.iter().flatten().copied().next().unwrap_or(0);
                let units = units.into_iter().map(|unit| unit.unwrap_or(filler)).collect();
                let above = self.graph.lookup(index, first, units);
                let known = self.graph.lookup_mask(index, first, known);
                let factor = Factor::decimals(u32::from(scale))?;
                Vector::Number(Number { above, below: None, factor, known })
            }
            Vector::Ordinal(Ordinal { kind, value: filler, .. }) => {
                let filler = self.graph.range(*filler).0;
                let numbers = vectors.iter().map(|vector| match vector {
                    Vector::Ordinal(Ordinal { value: Arg::Const(value), .. }) => *value,
                    _ => filler,
                });
                let value = self.graph.lookup(index, first, numbers.collect());
                let known = self.graph.lookup_mask(index, first, known);
                Vector::Ordinal(Ordinal { kind: *kind, value, known })
            }
        })
    }

    fn lookup(&mut self, table: &str, key: Vector) -> Made<Vector> {
        let held = |context: &Context, key: &str| {
            context.tables.get(table).and_then(|rows| rows.get(key)).cloned().unwrap_or_default()
        };
        let (value, known, texts): (Arg, Mask, KeyText<Self>) = match key {
            Vector::Unknown => return Ok(Vector::Unknown),
            Vector::Truth(_) => return Err(Refusal::new("是否不能作表的键")),
            Vector::Ordinal(Ordinal { kind: Kind::Code, value, known }) => {
                let text = |this: &Self, code: i64| {
                    usize::try_from(code).ok().and_then(|code| this.codes.get(code)).cloned()
                };
                (value, known, Box::new(text))
            }
            Vector::Ordinal(_) => return Err(Refusal::new("日期和月份不能作表的键")),
            Vector::Number(number) => {
                if number.below.is_some() {
                    return Err(Refusal::new("商不能作表的键"));
                }
                let text = move |_: &Self, units: i64| {
                    Graph::unit_of(&number, units).map(|number| number.to_string())
                };
                (number.above, number.known, Box::new(text))
            }
        };
        let (min, max) = self.graph.range(value);
        let span = max - min + 1;
        let same =
            self.contexts.windows(2).all(|pair| pair[0].tables.get(table) == pair[1].tables.get(table));
        if span > LOOKUP_SPAN_MAX || (!same && span * self.contexts.len() as i64 > LOOKUP_SPAN_MAX) {
            return Err(Refusal::new("表的键范围太大"));
        }
        let keys: Vec<Option<String>> = (min..=max).map(|key| texts(self, key)).collect();
        let row = |context: &Context| -> Vec<Value> {
            keys.iter().map(|key| key.as_deref().map_or(Value::Unknown, |key| held(context, key))).collect()
        };
        let found = match value {
            Arg::Const(_) => {
                let key = keys.into_iter().next().flatten();
                self.by_division(|context| key.as_deref().map_or(Value::Unknown, |key| held(context, key)))?
            }
            Arg::Node(index) if same => {
                let values = self.contexts.first().map(row).unwrap_or_default();
                self.by_index(index, min, &values)?
            }
            Arg::Node(index) => {
                let stored = self.snapshot.stored_division();
                let (low, high) = (stored.min - stored.base, stored.max - stored.base);
                let division = self.graph.add_node(Op::Division, 0, stored.width, low, high);
                let values: Vec<Value> =
                    self.contexts[stored.base as usize..=stored.max as usize].iter().flat_map(row).collect();
                let block = self.graph.multiply(Arg::Node(division), Arg::Const(span))?;
                let place = self.graph.add(block, Arg::Node(index))?;
                match place {
                    Arg::Node(place) => self.by_index(place, min, &values)?,
                    Arg::Const(_) => self.by_index(index, min, &values)?,
                }
            }
        };
        self.also_known(found, known)
    }

    /// The value where something else is known too.
    pub(crate) fn also_known(&mut self, value: Vector, known: Mask) -> Made<Vector> {
        if known == Mask::Yes {
            return Ok(value);
        }
        Ok(match value {
            Vector::Unknown => Vector::Unknown,
            Vector::Number(number) => {
                Vector::Number(Number { known: self.graph.and(&[number.known, known])?, ..number })
            }
            Vector::Ordinal(ordinal) => {
                Vector::Ordinal(Ordinal { known: self.graph.and(&[ordinal.known, known])?, ..ordinal })
            }
            Vector::Truth(truth) => {
                let no = self.no(truth)?;
                let yes = self.graph.and(&[truth.yes, known])?;
                Vector::Truth(Truth { yes, no: Some(self.graph.and(&[no, known])?) })
            }
        })
    }

    fn field(&mut self, table: usize, hops: &[&str], shape: &str, id: &str) -> Made<Vector> {
        let Some((hop, rest)) = hops.split_first() else { return self.column(table, shape, id) };
        match self.step(table, hop)? {
            Step::Up(parent) => self.field(parent, rest, shape, id),
            Step::Across(link, known, target) => {
                let value = self.field(target, rest, shape, id)?;
                self.gathered(table, link, known, value)
            }
        }
    }

    /// Where a to-one relation leads from a table.
    pub(crate) fn step(&mut self, table: usize, hop: &str) -> Made<Step> {
        let own = &self.graph.schema.tables[table];
        if let Some(parent) = &own.parent
            && parent.back.as_deref() == Some(hop)
        {
            return Ok(Step::Up(parent.table));
        }
        if let Some(reference) = own.references.iter().position(|reference| reference.relation == hop) {
            let target = own.references[reference].table;
            let known = if self.snapshot.stored_reference(table, reference).known.is_some() {
                Mask::Node(self.graph.mask_node(Op::ReferenceKnown(reference), table))
            } else {
                Mask::Yes
            };
            return Ok(Step::Across(Link::At { reference, target }, known, target));
        }
        let target = self.graph.schema.child(table, hop);
        let target = target.ok_or_else(|| Refusal::Missing(format!("{}.{hop}", own.shape)))?;
        let known = match self.snapshot.group_range(target) {
            (1.., _) => Mask::Yes,
            (_, 0) => Mask::No,
            _ => Mask::Node(self.graph.mask_node(Op::Present(target), table)),
        };
        Ok(Step::Across(Link::Only(target), known, target))
    }

    pub(crate) fn gathered(&mut self, table: usize, link: Link, known: Mask, value: Vector) -> Made<Vector> {
        if known == Mask::No {
            return Ok(Vector::Unknown);
        }
        let mask = |graph: &mut Graph<'_>, mask| match mask {
            Mask::Node(id) => Mask::Node(graph.gather(table, link, id)),
            Mask::Yes | Mask::No => mask,
        };
        let arg = |graph: &mut Graph<'_>, arg| match arg {
            Arg::Node(id) => Arg::Node(graph.gather(table, link, id)),
            Arg::Const(_) => arg,
        };
        let graph = &mut *self.graph;
        let value = match value {
            Vector::Unknown => Vector::Unknown,
            Vector::Truth(truth) => {
                Vector::Truth(Truth { yes: mask(graph, truth.yes), no: truth.no.map(|no| mask(graph, no)) })
            }
            Vector::Number(number) => Vector::Number(Number {
                above: arg(graph, number.above),
                below: number.below.map(|below| graph.gather(table, link, below)),
                known: mask(graph, number.known),
                ..number
            }),
            Vector::Ordinal(ordinal) => Vector::Ordinal(Ordinal {
                value: arg(graph, ordinal.value),
                known: mask(graph, ordinal.known),
                ..ordinal
            }),
        };
        self.also_known(value, known)
    }

    fn column(&mut self, table: usize, shape: &str, id: &str) -> Made<Vector> {
        let missing = || Refusal::Missing(format!("{shape}.{id}"));
        let column = self.graph.schema.column(table, id).ok_or_else(missing)?;
        let kind = self.graph.schema.tables[table].columns[column].kind;
        let stored = self.snapshot.stored(table, column);
        let known = if stored.known.is_some() {
            Mask::Node(self.graph.mask_node(Op::Known(column), table))
        } else {
            Mask::Yes
        };
        let (low, high) = (stored.min - stored.base, stored.max - stored.base);
        let values = self.graph.add_node(Op::Column(column), table, stored.width, low, high);
        Ok(match kind {
            Kind::Boolean => {
                // Unknown rows hold 0, so yes is the column itself.
                let yes = Mask::Node(values);
                let no = match known {
                    Mask::Yes => None,
                    known => {
                        let not = self.graph.not(yes)?;
                        Some(self.graph.and(&[not, known])?)
                    }
                };
                Vector::Truth(Truth { yes, no })
            }
            Kind::Number { scale } => {
                let above = self.graph.add(Arg::Node(values), Arg::Const(stored.base))?;
                let factor = Factor::decimals(u32::from(scale))?;
                Vector::Number(Number { above, below: None, factor, known })
            }
            Kind::Date | Kind::Month | Kind::Code => {
                let value = self.graph.add(Arg::Node(values), Arg::Const(stored.base))?;
                Vector::Ordinal(Ordinal { kind, value, known })
            }
        })
    }

    // Truths.

    pub(crate) fn no(&mut self, truth: Truth) -> Made<Mask> {
        match truth.no {
            Some(no) => Ok(no),
            None => self.graph.not(truth.yes),
        }
    }

    pub(crate) fn turned(&mut self, truth: Truth) -> Made<Truth> {
        Ok(Truth { yes: self.no(truth)?, no: truth.no.map(|_| truth.yes) })
    }

    /// Kleene's AND.
    pub(crate) fn all(&mut self, parts: &[Truth]) -> Made<Truth> {
        let yes: Vec<Mask> = parts.iter().map(|part| part.yes).collect();
        let yes = self.graph.and(&yes)?;
        if parts.iter().all(|part| part.no.is_none()) {
            return Ok(Truth { yes, no: None });
        }
        let no = parts.iter().map(|&part| self.no(part)).collect::<Made<Vec<Mask>>>()?;
        let no = self.graph.or(&no)?;
        Ok(Truth { yes, no: if no == Mask::Yes { None } else { Some(no) } })
    }

    /// Kleene's OR.
    pub(crate) fn any(&mut self, parts: &[Truth]) -> Made<Truth> {
        let turned = parts.iter().map(|&part| self.turned(part)).collect::<Made<Vec<Truth>>>()?;
        if parts.iter().all(|part| part.no.is_none()) {
            let yes: Vec<Mask> = parts.iter().map(|part| part.yes).collect();
            return Ok(Truth { yes: self.graph.or(&yes)?, no: None });
        }
        let none = self.all(&turned)?;
        self.turned(none)
    }

    /// A truth that holds where `holds` and is unknown unless `known`.
    fn known_truth(&mut self, holds: Mask, known: Mask) -> Made<Truth> {
        if known == Mask::Yes {
            return Ok(Truth { yes: holds, no: None });
        }
        let not = self.graph.not(holds)?;
        Ok(Truth { yes: self.graph.and(&[holds, known])?, no: Some(self.graph.and(&[not, known])?) })
    }

    pub(crate) fn known(&mut self, value: &Vector) -> Made<Mask> {
        match value {
            Vector::Unknown => Ok(Mask::No),
            Vector::Number(number) => Ok(number.known),
            Vector::Ordinal(ordinal) => Ok(ordinal.known),
            Vector::Truth(Truth { no: None, .. }) => Ok(Mask::Yes),
            Vector::Truth(Truth { yes, no: Some(no) }) => self.graph.or(&[*yes, *no]),
        }
    }

    fn compare(&mut self, comparator: Comparator, a: &Vector, b: &Vector) -> Made<Truth> {
        match (a, b) {
            (Vector::Unknown, _) | (_, Vector::Unknown) => Ok(Truth::UNKNOWN),
            (Vector::Number(a), Vector::Number(b)) => {
                let known = self.graph.and(&[a.known, b.known])?;
                let holds = self.graph.compared(comparator, a, b)?;
                self.known_truth(holds, known)
            }
            (Vector::Ordinal(a), Vector::Ordinal(b)) if a.kind == b.kind => {
                let known = self.graph.and(&[a.known, b.known])?;
                let holds = self.graph.compare(comparator, a.value, b.value)?;
                self.known_truth(holds, known)
            }
            (Vector::Truth(a), Vector::Truth(b)) => {
                let (not_a, not_b) = (self.turned(*a)?, self.turned(*b)?);
                let (both, neither) = (self.all(&[*a, *b])?, self.all(&[not_a, not_b])?);
                let equal = self.any(&[both, neither])?;
                match comparator {
                    Comparator::Equal => Ok(equal),
                    Comparator::NotEqual => self.turned(equal),
                    Comparator::Less
                    | Comparator::LessOrEqual
                    | Comparator::Greater
                    | Comparator::GreaterOrEqual => Err(Refusal::new("是否没有大小")),
                }
            }
            _ => Err(Refusal::new("两种类型不能相比")),
        }
    }

    /// `then` where `when` is yes, `otherwise` where it is no, else unknown.
    pub(crate) fn choice(&mut self, when: Truth, then: Vector, otherwise: Vector) -> Made<Vector> {
        if when.no.is_none() {
            match when.yes {
                Mask::Yes => return Ok(then),
                Mask::No => return Ok(otherwise),
                Mask::Node(_) => {}
            }
        }
        let no = self.no(when)?;
        let known = {
            let (first, second) = (self.known(&then)?, self.known(&otherwise)?);
            if when.no.is_none() && first == Mask::Yes && second == Mask::Yes {
                Mask::Yes
            } else {
                let (first, second) = (self.graph.and(&[when.yes, first])?, self.graph.and(&[no, second])?);
                self.graph.or(&[first, second])?
            }
        };
        Ok(match (then, otherwise) {
            (Vector::Unknown, Vector::Unknown) => Vector::Unknown,
            (Vector::Number(a), Vector::Number(b)) => {
                Vector::Number(self.graph.chosen(when.yes, &a, &b, known)?)
            }
            (Vector::Number(only), Vector::Unknown) | (Vector::Unknown, Vector::Number(only)) => {
                Vector::Number(Number { known, ..only })
            }
            (Vector::Ordinal(a), Vector::Ordinal(b)) if a.kind == b.kind => {
                let value = self.graph.select(when.yes, a.value, b.value)?;
                Vector::Ordinal(Ordinal { kind: a.kind, value, known })
            }
            (Vector::Ordinal(only), Vector::Unknown) | (Vector::Unknown, Vector::Ordinal(only)) => {
                Vector::Ordinal(Ordinal { known, ..only })
            }
            (Vector::Truth(_) | Vector::Unknown, Vector::Truth(_) | Vector::Unknown) => {
                let truth = |vector| if let Vector::Truth(truth) = vector { truth } else { Truth::UNKNOWN };
                let (a, b) = (truth(then), truth(otherwise));
                let (a_no, b_no) = (self.no(a)?, self.no(b)?);
                let mut pick = |first, second| -> Made<Mask> {
                    let (first, second) =
                        (self.graph.and(&[when.yes, first])?, self.graph.and(&[no, second])?);
                    self.graph.or(&[first, second])
                };
                let yes = pick(a.yes, b.yes)?;
                let no = if known == Mask::Yes { None } else { Some(pick(a_no, b_no)?) };
                Vector::Truth(Truth { yes, no })
            }
            _ => return Err(Refusal::new("分支的类型不同")),
        })
    }

    fn case(
        &mut self,
        operand: Option<&Node>,
        branches: &[(Node, Node)],
        otherwise: Option<&Node>,
    ) -> Made<Vector> {
        let operand = operand.map(|operand| self.value(operand)).transpose()?;
        let mut conditions = Vec::new();
        for (when, then) in branches {
            let when = match &operand {
                None => self.truth(when)?,
                Some(operand) => {
                    let value = self.value(when)?;
                    self.compare(Comparator::Equal, operand, &value)?
                }
            };
            // What can never be reached is not translated: it may need what this snapshot cannot prove.
            if when == Truth::NO {
                continue;
            }
            conditions.push((when, then));
            if when == Truth::YES || when == Truth::UNKNOWN {
                break;
            }
        }
        let settled =
            conditions.last().is_some_and(|(when, _)| *when == Truth::YES || *when == Truth::UNKNOWN);
        let mut result = match otherwise {
            Some(otherwise) if !settled => self.value(otherwise)?,
            _ => Vector::Unknown,
        };
        for (when, then) in conditions.into_iter().rev() {
            let then = if when == Truth::UNKNOWN { Vector::Unknown } else { self.value(then)? };
            result = self.choice(when, then, result)?;
        }
        Ok(result)
    }

    fn call(&mut self, function: Function, arguments: &[Node]) -> Made<Vector> {
        Ok(match function {
            Function::Coalesce => {
                let mut values =
                    arguments.iter().map(|argument| self.value(argument)).collect::<Made<Vec<Vector>>>()?;
                let mut result = values.pop().unwrap_or(Vector::Unknown);
                while let Some(first) = values.pop() {
                    let known = self.known(&first)?;
                    result = match (first, result) {
                        (Vector::Truth(a), Vector::Truth(b)) => {
                            let unknown = self.graph.not(known)?;
                            let (a_no, b_no) = (self.no(a)?, self.no(b)?);
                            let more = self.graph.and(&[unknown, b.yes])?;
                            let yes = self.graph.or(&[a.yes, more])?;
                            let more = self.graph.and(&[unknown, b_no])?;
                            let no = self.graph.or(&[a_no, more])?;
                            let definite = a.no.is_none() || b.no.is_none();
                            Vector::Truth(Truth { yes, no: (!definite).then_some(no) })
                        }
                        (first, result) => {
                            let also = self.known(&result)?;
                            let all = self.graph.or(&[known, also])?;
                            let chosen = self.choice(Truth { yes: known, no: None }, first, result)?;
                            match chosen {
                                Vector::Number(number) => Vector::Number(Number { known: all, ..number }),
                                Vector::Ordinal(ordinal) => {
                                    Vector::Ordinal(Ordinal { known: all, ..ordinal })
                                }
                                other => other,
                            }
                        }
                    };
                }
                result
            }
            Function::Least | Function::Greatest => {
                let least = function == Function::Least;
                let mut result: Option<Vector> = None;
                for argument in arguments {
                    let value = self.value(argument)?;
                    result = Some(match (result, value) {
                        (None, value) => value,
                        (Some(Vector::Number(a)), Vector::Number(b)) => {
                            Vector::Number(self.graph.extreme_number(&a, &b, least)?)
                        }
                        (Some(Vector::Ordinal(a)), Vector::Ordinal(b)) if a.kind == b.kind => {
                            let value = self.graph.extreme(a.value, b.value, least)?;
                            let known = self.graph.and(&[a.known, b.known])?;
                            Vector::Ordinal(Ordinal { kind: a.kind, value, known })
                        }
                        (Some(Vector::Unknown), _) | (_, Vector::Unknown) => Vector::Unknown,
                        _ => return Err(Refusal::new("两种类型不能相比")),
                    });
                }
                result.unwrap_or(Vector::Unknown)
            }
            Function::Floor | Function::Ceil => {
                let number = self.number(&arguments[0])?;
                let rounding = if function == Function::Floor { Rounding::Floor } else { Rounding::Ceil };
                Vector::Number(self.graph.rounded(&number, 0, rounding)?)
            }
            Function::Abs => {
                let number = self.number(&arguments[0])?;
                Vector::Number(self.graph.absolute(&number)?)
            }
            Function::AgeAt => {
                let (born, on) =
                    (self.ordinal(&arguments[0], Kind::Date)?, self.ordinal(&arguments[1], Kind::Date)?);
                let days = self.graph.subtract(on.value, born.value)?;
                let years = self.graph.shift(days, dates::YEAR_SHIFT)?;
                let alive = self.graph.compare(Comparator::LessOrEqual, born.value, on.value)?;
                Vector::Number(Number::whole(years, self.graph.and(&[born.known, on.known, alive])?))
            }
            Function::DaysBetween => {
                let (from, to) =
                    (self.ordinal(&arguments[0], Kind::Date)?, self.ordinal(&arguments[1], Kind::Date)?);
                self.between(Calendar::DaysBetween, &from, &to)?
            }
            Function::MonthsBetween => {
                let (from, to) = (self.value(&arguments[0])?, self.value(&arguments[1])?);
                match (from, to) {
                    (Vector::Ordinal(from), Vector::Ordinal(to)) if from.kind == Kind::Month => {
                        let known = self.graph.and(&[from.known, to.known])?;
                        Vector::Number(Number::whole(self.graph.subtract(to.value, from.value)?, known))
                    }
                    (Vector::Ordinal(from), Vector::Ordinal(to)) => {
                        self.between(Calendar::MonthsBetween, &from, &to)?
                    }
                    _ => Vector::Unknown,
                }
            }
            Function::AddMonths => self.add_months(&arguments[0], &arguments[1])?,
            Function::MonthOf => {
                let date = self.ordinal(&arguments[0], Kind::Date)?;
                let value = self.monotone(Calendar::MonthOf, date.value, Arg::Const(0))?;
                self.month(value, date.known)?
            }
            Function::FirstDay | Function::LastDay => {
                let month = self.ordinal(&arguments[0], Kind::Month)?;
                let calendar =
                    if function == Function::FirstDay { Calendar::FirstDay } else { Calendar::LastDay };
                let value = self.monotone(calendar, month.value, Arg::Const(0))?;
                Vector::Ordinal(Ordinal { kind: Kind::Date, value, known: month.known })
            }
            Function::Length => return Err(Refusal::new("快照里没有文字")),
        })
    }

    fn between(&mut self, calendar: Calendar, from: &Ordinal, to: &Ordinal) -> Made<Vector> {
        let known = self.graph.and(&[from.known, to.known])?;
        Ok(Vector::Number(Number::whole(self.monotone(calendar, from.value, to.value)?, known)))
    }

    /// Every calendar function rises or falls with each argument, so the corners of the ranges bound it.
    fn monotone(&mut self, calendar: Calendar, a: Arg, b: Arg) -> Made<Arg> {
        let ((a0, a1), (b0, b1)) = (self.graph.range(a), self.graph.range(b));
        let mut corners = Vec::new();
        for (a, b) in [(a0, b0), (a0, b1), (a1, b0), (a1, b1)] {
            match (i32::try_from(a), i32::try_from(b)) {
                (Ok(a), Ok(b)) => corners.push(i64::from(crate::kernel::calendar(calendar, a, b))),
                _ => return Err(Refusal::new("月数太大")),
            }
        }
        let (min, max) = (corners.iter().min().copied(), corners.iter().max().copied());
        self.graph.calendar(calendar, a, b, min.unwrap_or(0), max.unwrap_or(0))
    }

    /// A month that is unknown outside the months there are.
    fn month(&mut self, value: Arg, known: Mask) -> Made<Vector> {
        let (first, last) = (vocab::Month::FIRST.index().into(), vocab::Month::LAST.index().into());
        let after = self.graph.compare(Comparator::GreaterOrEqual, value, Arg::Const(first))?;
        let before = self.graph.compare(Comparator::LessOrEqual, value, Arg::Const(last))?;
        // Rows outside are brought to the edge, so that what is worked out from them stays in bounds.
        let value = self.graph.extreme(value, Arg::Const(first), false)?;
        let value = self.graph.extreme(value, Arg::Const(last), true)?;
        let known = self.graph.and(&[known, after, before])?;
        Ok(Vector::Ordinal(Ordinal { kind: Kind::Month, value, known }))
    }

    fn add_months(&mut self, from: &Node, count: &Node) -> Made<Vector> {
        let Vector::Ordinal(from) = self.value(from)? else { return Ok(Vector::Unknown) };
        let count = self.number(count)?;
        let months = self.graph.as_whole(&count)?;
        let (low, high) = self.graph.range(months);
        if low < -MONTHS_MAX || high > MONTHS_MAX {
            return Err(Refusal::new("月数太大"));
        }
        let known = self.graph.and(&[from.known, count.known])?;
        if from.kind == Kind::Month {
            let value = self.graph.add(from.value, months)?;
            return self.month(value, known);
        }
        let value = self.monotone(Calendar::AddMonths, from.value, months)?;
        let (first, last) = (1 << dates::YEAR_SHIFT | 1 << 5 | 1, 9999 << dates::YEAR_SHIFT | 12 << 5 | 31);
        let after = self.graph.compare(Comparator::GreaterOrEqual, value, Arg::Const(first))?;
        let before = self.graph.compare(Comparator::LessOrEqual, value, Arg::Const(last))?;
        let value = self.graph.extreme(value, Arg::Const(first), false)?;
        let value = self.graph.extreme(value, Arg::Const(last), true)?;
        let known = self.graph.and(&[known, after, before])?;
        Ok(Vector::Ordinal(Ordinal { kind: Kind::Date, value, known }))
    }
}

/// The text under which a table holds the key of this number.
type KeyText<T> = Box<dyn Fn(&T, i64) -> Option<String>>;

/// One step of a path.
pub(crate) enum Step {
    /// Back to the record above, in this table.
    Up(usize),
    /// To a row below; where there is one; its table.
    Across(Link, Mask, usize),
}
