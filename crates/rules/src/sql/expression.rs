//! Walks the compiled tree and writes it as SQL: every node becomes a value of one of the kinds below, in the frame that
//! is open, with guards where SQL is laxer about unknowns than the language.

use std::collections::BTreeMap;

use super::frame::Frames;
use super::integer::{Int, Term};
use super::number::{Below, Number};
use super::{Dialect, Options, Places, SqlError, quoted, text_literal};
use crate::compiled::{Clock, Comparator, FieldRead, Form, Function, Hop, Link, Node, Operator};
use crate::context::Context;
use crate::programme::Programme;
use crate::range::Range;
use crate::types::{Shapes, Type};
use crate::value::Value;

/// A value in SQL.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Null,
    Truth(Term),
    Number(Number),
    /// Days since 1970-01-01.
    Day(Int),
    /// `year * 12 + month - 1`.
    Month(Int),
    Text(Term),
}

pub(super) struct Writer<'a> {
    pub(super) programme: &'a Programme,
    shapes: &'a Shapes,
    pub(super) contexts: Vec<(Option<&'a str>, &'a Context)>,
    pub dialect: Dialect,
    pub frames: Frames,
    definitions: Vec<Cell>,
    /// Columns of the table of places: name and what stands in it for each place.
    pub(super) place_columns: Vec<(String, Vec<String>)>,
    pub(super) places: BTreeMap<String, Cell>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        programme: &'a Programme,
        shapes: &'a Shapes,
        places: Places<'a>,
        dialect: Dialect,
    ) -> Result<Writer<'a>, SqlError> {
        let contexts: Vec<(Option<&str>, &Context)> = match places {
            Places::Everywhere(context) => vec![(None, context)],
            Places::ByDivision(places) => {
                places.iter().map(|(division, context)| (Some(division.as_str()), context)).collect()
            }
        };
        let dates = |context: &Context| (context.month, context.law_on, context.known_at);
        let Some((_, first)) = contexts.first() else { return Err(SqlError::Dates) };
        if contexts.iter().any(|(_, context)| dates(context) != dates(first)) {
            return Err(SqlError::Dates);
        }
        let mut frames = Frames::default();
        frames.place = contexts.iter().any(|(division, _)| division.is_some());
        Ok(Writer {
            programme,
            shapes,
            contexts,
            dialect,
            frames,
            definitions: Vec::new(),
            place_columns: Vec::new(),
            places: BTreeMap::new(),
        })
    }

    pub(super) fn query(mut self, options: Options) -> Result<String, SqlError> {
        let programme = self.programme;
        self.frames.open(&programme.source.unit_shape, None);
        self.definitions = vec![Cell::Null; programme.definitions.len()];
        for &index in &programme.order {
            let cell = self.cell(&programme.definitions[index])?;
            self.definitions[index] = self.named(cell);
        }
        let id = self.frames.all[0].keys[0].clone();
        let mut conditions = Vec::new();
        for (index, (source, node)) in
            programme.source.conditions.iter().zip(&programme.conditions).enumerate()
        {
            let truth = match node {
                Some(node) => self.truth(node)?,
                None => self.finding(&source.id, index, options)?,
            };
            conditions.push(self.name(truth));
        }
        let texts: Vec<&str> = conditions.iter().map(|term| term.text.as_str()).collect();
        let outcome = Term::over(format!("({})", texts.join(" AND ")), &conditions);
        let outcome = self.name(outcome);
        let amount = match &programme.amount {
            None => None,
            Some(node) => match self.cell(node)? {
                Cell::Number(number) => {
                    let rounded = self.round(&number, 2)?;
                    let Below::Scale(scale) = rounded.below else { return Err(SqlError::TooWide) };
                    let fen = rounded.units.shifted(2 - scale.min(2), self.dialect)?;
                    Some(self.name_int(fen))
                }
                _ => None,
            },
        };
        let (mut tables, last) = self.frames.written();
        if self.frames.place {
            tables.insert(0, self.place_table());
        }
        let yes = &outcome.text;
        let mut columns = vec![
            format!("{id} AS \"id\""),
            format!(
                "CASE WHEN {yes} THEN 'met' WHEN NOT {yes} THEN 'not_met' ELSE 'unknown' END AS \"outcome\""
            ),
        ];
        columns.push(match amount {
            Some(fen) => format!("CASE WHEN {yes} THEN {} END AS \"amount_fen\"", fen.term.text),
            None => "CAST(NULL AS BIGINT) AS \"amount_fen\"".to_owned(),
        });
        for (source, term) in programme.source.conditions.iter().zip(&conditions) {
            let truth = &term.text;
            columns.push(format!(
                "CASE WHEN {truth} THEN 1 WHEN NOT {truth} THEN 0 END AS {}",
                quoted(&source.id)
            ));
        }
        Ok(format!("WITH {}\nSELECT {}\nFROM {last}\n", tables.join(",\n"), columns.join(",\n  ")))
    }

    pub(super) fn shapes(&self) -> &'a Shapes {
        self.shapes
    }

    /// How deep the open frame lies: 0 for the unit.
    pub(super) fn depth(&self) -> usize {
        self.frames.stack.len() - 1
    }

    pub(super) fn name(&mut self, term: Term) -> Term {
        let frame = self.frames.stack[self.depth()];
        self.frames.name(frame, term)
    }

    /// Named columns for all parts of a cell.
    pub(super) fn named(&mut self, cell: Cell) -> Cell {
        match cell {
            Cell::Null => Cell::Null,
            Cell::Truth(term) => Cell::Truth(self.name(term)),
            Cell::Number(number) => Cell::Number(self.settle(number)),
            Cell::Day(int) => Cell::Day(self.name_int(int)),
            Cell::Month(int) => Cell::Month(self.name_int(int)),
            Cell::Text(term) => Cell::Text(self.name(term)),
        }
    }

    /// A cell of a frame further out, as it is seen in the open one.
    pub(super) fn imported(&mut self, cell: Cell, from: usize) -> Cell {
        let to = self.depth();
        let frames = &mut self.frames;
        let mut import = |term: Term| frames.import(term, from, to);
        match cell {
            Cell::Null => Cell::Null,
            Cell::Truth(term) => Cell::Truth(import(term)),
            Cell::Text(term) => Cell::Text(import(term)),
            Cell::Day(int) => Cell::Day(Int { term: import(int.term), ..int }),
            Cell::Month(int) => Cell::Month(Int { term: import(int.term), ..int }),
            Cell::Number(number) => Cell::Number(Number {
                units: Int { term: import(number.units.term), ..number.units },
                below: match number.below {
                    Below::Divisor(divisor) => Below::Divisor(Int { term: import(divisor.term), ..divisor }),
                    scale @ Below::Scale(_) => scale,
                },
            }),
        }
    }

    /// Relations of a path with the shapes they lead to.
    pub(super) fn hops(&self, shape: &str, hops: &[Hop]) -> (Vec<(String, String)>, String) {
        let mut at = shape.to_owned();
        let mut path = Vec::new();
        for hop in hops {
            if let Some(relation) = self.shapes.get(&at).and_then(|shape| shape.relations.get(&hop.id)) {
                at = relation.shape.clone();
            }
            path.push((hop.id.clone(), at.clone()));
        }
        (path, at)
    }

    /// A column of the record in a frame, seen from the open one.
    pub(super) fn column(&mut self, frame: usize, hops: &[(String, String)], column: &str) -> Term {
        let term = self.frames.column(self.frames.stack[frame], hops, column);
        let to = self.depth();
        self.frames.import(term, frame, to)
    }

    fn field(&mut self, read: &FieldRead) -> Cell {
        let shape = self.frames.all[self.frames.stack[read.frame]].shape.clone();
        let (hops, shape) = self.hops(&shape, &read.hops);
        let term = self.column(read.frame, &hops, &read.id);
        let ty = self.shapes.get(&shape).and_then(|shape| shape.fields.get(&read.id)).map(|field| &field.ty);
        match ty {
            Some(Type::Boolean) => Cell::Truth(term),
            Some(Type::Number { scale, min, max }) => {
                let scale = u32::from(*scale);
                let int = Int::column(term, i64::MIN.into(), i64::MAX.into());
                let range = Range { min: min.clone(), max: max.clone(), scale: Some(scale) };
                Cell::Number(Number::scaled(int, scale).narrowed(Some(&range)))
            }
            Some(Type::Date) => Cell::Day(super::calendar::day_column(term)),
            Some(Type::Month) => Cell::Month(super::calendar::month_column(term)),
            Some(Type::Code { .. } | Type::Text) => Cell::Text(term),
            None => Cell::Null,
        }
    }

    pub(super) fn cell(&mut self, node: &Node) -> Result<Cell, SqlError> {
        let cell = self.form(node)?;
        Ok(match cell {
            Cell::Number(number) => Cell::Number(number.narrowed(node.ty.range())),
            other => other,
        })
    }

    pub(super) fn truth(&mut self, node: &Node) -> Result<Term, SqlError> {
        Ok(match self.cell(node)? {
            Cell::Truth(term) => term,
            _ => Term::null("BOOLEAN"),
        })
    }

    /// A number; `None` where it is always unknown.
    pub(super) fn number(&mut self, node: &Node) -> Result<Option<Number>, SqlError> {
        Ok(match self.cell(node)? {
            Cell::Number(number) => Some(number),
            _ => None,
        })
    }

    fn form(&mut self, node: &Node) -> Result<Cell, SqlError> {
        match &node.form {
            Form::Constant(value) => Ok(literal(value)),
            Form::Field(read) => Ok(self.field(read)),
            Form::Definition { index, .. } => {
                let cell = self.definitions[*index].clone();
                Ok(self.imported(cell, 0))
            }
            Form::Parameter { id, .. } => {
                let values: Vec<Value> = self
                    .contexts
                    .iter()
                    .map(|(_, context)| context.parameters.get(id).cloned().unwrap_or_default())
                    .collect();
                self.by_place(&format!("param.{id}"), &values, &node.ty)
            }
            Form::Lookup { id, key, .. } => self.lookup(id, key, &node.ty),
            Form::Clock(clock) => {
                let context = self.contexts[0].1;
                Ok(literal(&match clock {
                    Clock::Month => context.month.into(),
                    Clock::LawOn => context.law_on.into(),
                    Clock::KnownAt => context.known_at.into(),
                }))
            }
            Form::Not(inner) => {
                let inner = self.truth(inner)?;
                Ok(Cell::Truth(Term::over(format!("(NOT {})", inner.text), [&inner])))
            }
            Form::And(parts) => self.logic(parts, " AND "),
            Form::Or(parts) => self.logic(parts, " OR "),
            Form::Negate(inner) => Ok(match self.number(inner)? {
                Some(number) => Cell::Number(self.negate(&number)?),
                None => Cell::Null,
            }),
            Form::Chain { first, rest } => self.chain(first, rest),
            Form::Compare(comparator, left, right) => {
                let (left, right) = (self.cell(left)?, self.cell(right)?);
                Ok(Cell::Truth(self.compare(*comparator, &left, &right)?))
            }
            Form::Between { value, low, high, negated } => {
                let value = self.cell(value)?;
                let value = self.named(value);
                let (low, high) = (self.cell(low)?, self.cell(high)?);
                let above = self.compare(Comparator::GreaterOrEqual, &value, &low)?;
                let below = self.compare(Comparator::LessOrEqual, &value, &high)?;
                let text = format!("({} AND {})", above.text, below.text);
                Ok(Cell::Truth(turned(Term::over(text, [&above, &below]), *negated)))
            }
            Form::In { value, list, negated } => {
                let value = self.cell(value)?;
                let value = self.named(value);
                let mut parts = Vec::new();
                for item in list {
                    let item = self.cell(item)?;
                    parts.push(self.compare(Comparator::Equal, &value, &item)?);
                }
                let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
                let any = Term::over(format!("({})", texts.join(" OR ")), &parts);
                Ok(Cell::Truth(turned(any, *negated)))
            }
            Form::IsNull { value, negated } => {
                let cell = self.cell(value)?;
                let known = known(&cell);
                Ok(Cell::Truth(match (known, negated) {
                    (Known::Never, negated) => Term::literal(if *negated { "FALSE" } else { "TRUE" }),
                    (Known::Always, negated) => Term::literal(if *negated { "TRUE" } else { "FALSE" }),
                    (Known::Where(term), true) => term,
                    (Known::Where(term), false) => Term::over(format!("(NOT {})", term.text), [&term]).sure(),
                }))
            }
            Form::Case { operand, branches, otherwise } => {
                let operand = match operand {
                    Some(operand) => {
                        let cell = self.cell(operand)?;
                        Some(self.named(cell))
                    }
                    None => None,
                };
                let mut written = Vec::new();
                for (when, then) in branches {
                    let taken = match &operand {
                        None => self.truth(when)?,
                        Some(operand) => {
                            let when = self.cell(when)?;
                            self.compare(Comparator::Equal, operand, &when)?
                        }
                    };
                    written.push((taken, self.cell(then)?));
                }
                let otherwise = match otherwise {
                    Some(otherwise) => Some(self.cell(otherwise)?),
                    None => None,
                };
                self.choose(written, otherwise, true)
            }
            Form::Aggregate(aggregate) => self.aggregate(aggregate),
            Form::Round { value, digits } => Ok(match self.number(value)? {
                Some(number) => Cell::Number(self.round(&number, *digits)?),
                None => Cell::Null,
            }),
            Form::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn logic(&mut self, parts: &[Node], join: &str) -> Result<Cell, SqlError> {
        let parts: Vec<Term> = parts.iter().map(|part| self.truth(part)).collect::<Result<_, _>>()?;
        let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
        Ok(Cell::Truth(Term::over(format!("({})", texts.join(join)), &parts)))
    }

    fn chain(&mut self, first: &Node, rest: &[Link]) -> Result<Cell, SqlError> {
        let Some(mut number) = self.number(first)? else { return Ok(Cell::Null) };
        for Link { operator, operand, range } in rest {
            let Some(operand) = self.number(operand)? else { return Ok(Cell::Null) };
            number = match operator {
                Operator::Add => self.add(&number, &operand, false)?,
                Operator::Subtract => self.add(&number, &operand, true)?,
                Operator::Multiply => self.multiply(&number, &operand)?,
                Operator::Divide => self.divide(&number, &operand)?,
            };
            number = number.narrowed(Some(range));
        }
        Ok(Cell::Number(number))
    }

    pub(super) fn compare(&mut self, comparator: Comparator, a: &Cell, b: &Cell) -> Result<Term, SqlError> {
        let plain = |a: &Term, b: &Term| {
            Term::over(format!("({} {} {})", a.text, comparator.symbol(), b.text), [a, b])
        };
        Ok(match (a, b) {
            (Cell::Number(a), Cell::Number(b)) => return self.compare_numbers(comparator, a, b),
            (Cell::Day(a), Cell::Day(b)) | (Cell::Month(a), Cell::Month(b)) => plain(&a.term, &b.term),
            (Cell::Truth(a), Cell::Truth(b)) | (Cell::Text(a), Cell::Text(b)) => plain(a, b),
            _ => Term::null("BOOLEAN"),
        })
    }

    /// The value of the first branch whose condition holds. Strictly: unknown as soon as a condition before it is.
    pub(super) fn choose(
        &mut self,
        branches: Vec<(Term, Cell)>,
        otherwise: Option<Cell>,
        strict: bool,
    ) -> Result<Cell, SqlError> {
        if branches.is_empty() {
            return Ok(otherwise.unwrap_or(Cell::Null));
        }
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        for (taken, value) in branches {
            conditions.push(self.name(taken));
            values.push(value);
        }
        values.extend(otherwise);
        let write = |values: Vec<Option<&Term>>| {
            let mut text = "(CASE".to_owned();
            let mut parts: Vec<&Term> = Vec::new();
            let mut values = values.into_iter();
            for (taken, value) in conditions.iter().zip(values.by_ref()) {
                if strict && !taken.known {
                    text += &format!(" WHEN {} IS NULL THEN NULL", taken.text);
                }
                text += &format!(
                    " WHEN {} THEN {}",
                    taken.text,
                    value.map_or("NULL", |value| value.text.as_str())
                );
                parts.push(taken);
                parts.extend(value);
            }
            if let Some(Some(last)) = values.next() {
                text += &format!(" ELSE {}", last.text);
                parts.push(last);
            }
            text += " END)";
            // A CASE of NULLs alone has no type, but then nobody asks for one either.
            Term::over(text, parts).unsure()
        };
        let numbers: Vec<Option<&Number>> = values
            .iter()
            .map(|value| match value {
                Cell::Number(number) => Some(number),
                _ => None,
            })
            .collect();
        if numbers.iter().any(Option::is_some) {
            let scales: Option<Vec<u32>> = numbers
                .iter()
                .flatten()
                .map(|number| match number.below {
                    Below::Scale(scale) => Some(scale),
                    Below::Divisor(_) => None,
                })
                .collect();
            if let Some(scale) = scales.map(|scales| scales.into_iter().max().unwrap_or(0)) {
                let mut units = Vec::new();
                for number in &numbers {
                    units.push(match number {
                        Some(Number { units, below: Below::Scale(own) }) => {
                            Some(units.shifted(scale - own, self.dialect)?)
                        }
                        _ => None,
                    });
                }
                return Ok(Cell::Number(Number::scaled(united(&units, write), scale)));
            }
            let units: Vec<Option<Int>> =
                numbers.iter().map(|number| Some(number.as_ref()?.units.clone())).collect();
            let divisors: Vec<Option<Int>> =
                numbers.iter().map(|number| Some(number.as_ref()?.divisor())).collect();
            let (units, divisor) = (united(&units, write), united(&divisors, write));
            return Ok(Cell::Number(Number { units, below: Below::Divisor(divisor) }));
        }
        let ints = |days: bool| -> Vec<Option<Int>> {
            values
                .iter()
                .map(|value| match value {
                    Cell::Day(int) if days => Some(int.clone()),
                    Cell::Month(int) if !days => Some(int.clone()),
                    _ => None,
                })
                .collect()
        };
        for days in [true, false] {
            let ints = ints(days);
            if ints.iter().any(Option::is_some) {
                let int = united(&ints, write);
                return Ok(if days { Cell::Day(int) } else { Cell::Month(int) });
            }
        }
        let terms: Vec<Option<&Term>> = values
            .iter()
            .map(|value| match value {
                Cell::Truth(term) | Cell::Text(term) => Some(term),
                _ => None,
            })
            .collect();
        let is_text = values.iter().any(|value| matches!(value, Cell::Text(_)));
        if terms.iter().all(Option::is_none) {
            return Ok(Cell::Null);
        }
        let term = write(terms);
        Ok(if is_text { Cell::Text(term) } else { Cell::Truth(term) })
    }

    fn call(&mut self, function: Function, arguments: &[Node]) -> Result<Cell, SqlError> {
        match function {
            Function::Coalesce => {
                let mut branches = Vec::new();
                for argument in arguments {
                    let cell = self.cell(argument)?;
                    let cell = self.named(cell);
                    match known(&cell) {
                        Known::Never => {}
                        Known::Always => return self.choose(branches, Some(cell), false),
                        Known::Where(term) => branches.push((term, cell)),
                    }
                }
                match branches.pop() {
                    None => Ok(Cell::Null),
                    // The last needs no test: it is what is left, known or not.
                    Some((_, last)) => self.choose(branches, Some(last), false),
                }
            }
            Function::Least | Function::Greatest => {
                let comparator = if function == Function::Least {
                    Comparator::LessOrEqual
                } else {
                    Comparator::GreaterOrEqual
                };
                let mut best: Option<Cell> = None;
                for argument in arguments {
                    let cell = self.cell(argument)?;
                    let cell = self.named(cell);
                    best = Some(match best {
                        None => cell,
                        Some(best) => {
                            let first = self.compare(comparator, &best, &cell)?;
                            let chosen = self.choose(vec![(first, best)], Some(cell), true)?;
                            self.named(chosen)
                        }
                    });
                }
                Ok(best.unwrap_or(Cell::Null))
            }
            Function::Floor | Function::Ceil | Function::Abs => {
                let Some(number) = self.number(&arguments[0])? else { return Ok(Cell::Null) };
                Ok(Cell::Number(match function {
                    Function::Floor => self.floor(&number)?,
                    Function::Ceil => {
                        let turned = self.negate(&number)?;
                        let floor = self.floor(&turned)?;
                        self.negate(&floor)?
                    }
                    _ => Number { units: number.units.abs(self.dialect)?, below: number.below },
                }))
            }
            Function::Length => Ok(match self.cell(&arguments[0])? {
                Cell::Text(term) => {
                    let term = Term::over(format!("CAST(LENGTH({}) AS BIGINT)", term.text), [&term]);
                    Cell::Number(Number::scaled(Int::column(term, 0.into(), u32::MAX.into()), 0))
                }
                _ => Cell::Null,
            }),
            Function::AgeAt
            | Function::MonthsBetween
            | Function::DaysBetween
            | Function::AddMonths
            | Function::MonthOf
            | Function::FirstDay
            | Function::LastDay => {
                let cells: Vec<Cell> =
                    arguments.iter().map(|argument| self.cell(argument)).collect::<Result<_, _>>()?;
                let cells: Vec<Cell> = cells.into_iter().map(|cell| self.named(cell)).collect();
                self.calendar(function, &cells)
            }
        }
    }
}

/// When a cell is known.
enum Known {
    Never,
    Always,
    Where(Term),
}

fn known(cell: &Cell) -> Known {
    let term = match cell {
        Cell::Null => return Known::Never,
        Cell::Number(number) => return number.known().map_or(Known::Always, Known::Where),
        Cell::Truth(term) | Cell::Text(term) => term,
        Cell::Day(int) | Cell::Month(int) => &int.term,
    };
    if term.known {
        return Known::Always;
    }
    Known::Where(Term::over(format!("({} IS NOT NULL)", term.text), [term]).sure())
}

fn turned(term: Term, negated: bool) -> Term {
    if negated { Term::over(format!("(NOT {})", term.text), [&term]) } else { term }
}

/// Integers chosen among, with the bounds of all.
fn united<'t>(ints: &'t [Option<Int>], write: impl Fn(Vec<Option<&'t Term>>) -> Term) -> Int {
    let term = write(ints.iter().map(|int| int.as_ref().map(|int| &int.term)).collect());
    let known: Vec<&Int> = ints.iter().flatten().collect();
    let low = known.iter().map(|int| int.low.clone()).min().unwrap_or_default();
    let high = known.iter().map(|int| int.high.clone()).max().unwrap_or_default();
    Int::either(term, low, high, &known)
}

/// A value as a literal.
pub(super) fn literal(value: &Value) -> Cell {
    match value {
        Value::Unknown => Cell::Null,
        Value::Boolean(value) => Cell::Truth(Term::literal(if *value { "TRUE" } else { "FALSE" })),
        Value::Number(number) => Cell::Number(Number::literal(number)),
        Value::Date(date) => Cell::Day(Int::literal(super::calendar::day_number(*date))),
        Value::Month(month) => Cell::Month(Int::literal(month.index())),
        Value::Text(text) => Cell::Text(Term::literal(text_literal(text))),
    }
}
