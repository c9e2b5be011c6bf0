//! Parameters, tables and findings: literals where they are the same everywhere, else columns of a table of places that
//! is joined to the unit by its division.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::expression::{Cell, Writer, literal};
use super::integer::{Int, Term};
use super::number::{Below, Number};
use super::{Options, SqlError, text_literal};
use crate::compiled::{Comparator, Node, NodeType};
use crate::rational::Rational;
use crate::value::Value;

impl Writer<'_> {
    /// What officers found: by the rules of the place, else in the table of findings, else nothing.
    pub(super) fn finding(
        &mut self,
        condition: &str,
        index: usize,
        options: Options,
    ) -> Result<Term, SqlError> {
        let settled: Vec<Option<bool>> = self
            .contexts
            .iter()
            .map(|(_, context)| context.findings.get(condition).and_then(|finding| finding.met))
            .collect();
        let by_rule = if settled.iter().all(Option::is_none) {
            Term::null("BOOLEAN")
        } else {
            let values: Vec<Value> = settled.iter().map(|met| Value::from(*met)).collect();
            match self.by_place(&format!("finding{index}"), &values, &NodeType::Boolean)? {
                Cell::Truth(term) => term,
                _ => Term::null("BOOLEAN"),
            }
        };
        if !options.findings {
            return Ok(by_rule);
        }
        let found = self.frames.finding(&self.programme.source.id, condition);
        let text = format!("COALESCE({}, {})", found.text, by_rule.text);
        Ok(Term::over(text, [&found, &by_rule]).unsure())
    }

    pub(super) fn place_table(&self) -> String {
        let mut rows = Vec::new();
        for (at, (division, _)) in self.contexts.iter().enumerate() {
            let mut cells =
                vec![format!("CAST({} AS TEXT) AS division", text_literal(division.unwrap_or_default()))];
            cells.extend(self.place_columns.iter().map(|(name, values)| format!("{} AS {name}", values[at])));
            rows.push(format!("  SELECT {}", cells.join(", ")));
        }
        format!("place AS MATERIALIZED (\n{}\n)", rows.join("\n  UNION ALL\n"))
    }

    /// A parameter or a value of a table: a literal where it is the same everywhere, else a column of the places.
    pub(super) fn by_place(&mut self, name: &str, values: &[Value], ty: &NodeType) -> Result<Cell, SqlError> {
        if let [only] = values
            && !self.frames.place
        {
            return Ok(literal(only));
        }
        if let Some(cell) = self.places.get(name) {
            let cell = cell.clone();
            return Ok(self.imported(cell, 0));
        }
        let wrong = || SqlError::Value(name.to_owned());
        let cells: Vec<Cell> = values.iter().map(literal).collect();
        let column = format!("v{}", self.place_columns.len() + 1);
        let term = self.frames.place_column(&column);
        let cell = match ty {
            NodeType::Unknown => return Ok(Cell::Null),
            NodeType::Boolean | NodeType::Text | NodeType::Code(_) => {
                let sql = if *ty == NodeType::Boolean { "BOOLEAN" } else { "TEXT" };
                let texts = cells.iter().map(|cell| match cell {
                    Cell::Truth(term) | Cell::Text(term) => Ok(format!("CAST({} AS {sql})", term.text)),
                    Cell::Null => Ok(format!("CAST(NULL AS {sql})")),
                    _ => Err(wrong()),
                });
                self.place_columns.push((column, texts.collect::<Result<_, _>>()?));
                if *ty == NodeType::Boolean { Cell::Truth(term) } else { Cell::Text(term) }
            }
            NodeType::Number(_) | NodeType::Date | NodeType::Month => {
                let mut scale = 0;
                for cell in &cells {
                    match cell {
                        Cell::Number(Number { below: Below::Scale(more), .. }) => scale = scale.max(*more),
                        Cell::Number(_) => return Err(wrong()),
                        _ => {}
                    }
                }
                let mut texts = Vec::new();
                let mut bounds: Option<(BigInt, BigInt)> = None;
                for cell in &cells {
                    let units = match cell {
                        Cell::Number(number) => {
                            let Below::Scale(own) = number.below else { return Err(wrong()) };
                            Some(number.units.shifted(scale - own, self.dialect)?)
                        }
                        Cell::Day(int) | Cell::Month(int) => Some(int.clone()),
                        Cell::Null => None,
                        _ => return Err(wrong()),
                    };
                    if let Some(value) = units.as_ref().and_then(Int::value) {
                        let (low, high) = bounds.unwrap_or_else(|| (value.clone(), value.clone()));
                        bounds = Some((low.min(value.clone()), high.max(value.clone())));
                    }
                    let text = units.map_or("NULL".to_owned(), |units| units.term.text);
                    texts.push(format!("CAST({text} AS BIGINT)"));
                }
                self.place_columns.push((column, texts));
                let (low, high) = bounds.unwrap_or_default();
                if low < i64::MIN.into() || high > i64::MAX.into() {
                    return Err(wrong());
                }
                let int = Int::column(term, low, high);
                match ty {
                    NodeType::Date => Cell::Day(int),
                    NodeType::Month => Cell::Month(int),
                    _ => Cell::Number(Number::scaled(int, scale)),
                }
            }
        };
        self.places.insert(name.to_owned(), cell.clone());
        Ok(self.imported(cell, 0))
    }

    pub(super) fn lookup(&mut self, id: &str, key: &Node, ty: &NodeType) -> Result<Cell, SqlError> {
        let key = self.cell(key)?;
        let mut keys: Vec<String> = self
            .contexts
            .iter()
            .flat_map(|(_, context)| context.tables.get(id).into_iter().flat_map(BTreeMap::keys).cloned())
            .collect();
        keys.sort();
        keys.dedup();
        let key = self.named(key);
        let mut branches = Vec::new();
        for written in keys {
            let values: Vec<Value> = self
                .contexts
                .iter()
                .map(|(_, context)| {
                    context
                        .tables
                        .get(id)
                        .and_then(|values| values.get(&written))
                        .cloned()
                        .unwrap_or_default()
                })
                .collect();
            let taken = match &key {
                Cell::Text(term) => {
                    Term::over(format!("({} = {})", term.text, text_literal(&written)), [term])
                }
                Cell::Number(number) => {
                    let Ok(written) = written.parse::<Rational>() else { continue };
                    self.compare_numbers(Comparator::Equal, number, &Number::literal(&written))?
                }
                _ => continue,
            };
            let value = self.by_place(&format!("table.{id}[{written}]"), &values, ty)?;
            branches.push((taken, value));
        }
        // A key that is unknown, or that has no value, takes no branch: unknown.
        self.choose(branches, None, false)
    }
}
