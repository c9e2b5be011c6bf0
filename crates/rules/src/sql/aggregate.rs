//! Aggregates over the rows of a relation: grouped in one table for each relation and layer, joined back to where they are
//! used. Beside each sum or extreme runs a count of the rows whose filter or argument is unknown: one is enough to make
//! the result unknown, which SQL's own aggregates would pass over.

use super::SqlError;
use super::expression::{Cell, Writer};
use super::frame::Frames;
use super::integer::{Int, Term};
use super::number::{Below, Number};
use crate::compiled::{Aggregate, AggregateFunction};
use crate::types::{RELATION_ROWS_MAX, Shapes};

impl Writer<'_> {
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Cell, SqlError> {
        let owner = self.frames.all[self.frames.stack[aggregate.frame]].shape.clone();
        let (hops, owner) = self.hops(&owner, &aggregate.hops);
        let relation = &aggregate.relation.id;
        let listed = self.column(aggregate.frame, &hops, &format!("{relation}_known"));
        let key = self.column(aggregate.frame, &hops, "id");
        let link = foreign_key(self.shapes(), &owner, relation);
        self.frames.open(&aggregate.row_shape, Some((key, link)));
        let filter = match &aggregate.filter {
            None => Term::literal("TRUE"),
            Some(filter) => {
                let term = self.truth(filter)?;
                self.name(term)
            }
        };
        let argument = match &aggregate.argument {
            None => None,
            Some(argument) => {
                let cell = self.cell(argument)?;
                Some(self.named(cell))
            }
        };
        let rows = self.rows_column("COUNT(*)".to_owned());
        let written = self.columns(aggregate.function, &filter, argument.as_ref())?;
        let layer = self.frames.close();
        let at = |alias: String| Term::column(alias, layer);
        let counted = |alias: String| format!("COALESCE({}, 0)", at(alias).text);
        let within = format!("({} AND {} <= {RELATION_ROWS_MAX})", listed.text, counted(rows.clone()));
        let within = Term::over(within, [&listed, &at(rows)]);
        let result = |text: String, over: &[&String]| {
            let columns: Vec<Term> = over.iter().map(|alias| at((*alias).clone())).collect();
            Term::over(text, columns.iter().chain([&within])).unsure()
        };
        let whole = |term: Term, high: usize| Int::column(term, 0.into(), high.into());
        Ok(match written {
            Columns::Count { unknown, count } => {
                let text = format!(
                    "(CASE WHEN {} AND {} = 0 THEN {} END)",
                    within.text,
                    counted(unknown.clone()),
                    counted(count.clone())
                );
                Cell::Number(Number::scaled(whole(result(text, &[&unknown, &count]), RELATION_ROWS_MAX), 0))
            }
            Columns::Sum { unknown: Some(unknown), sum, shape } => {
                let text = format!(
                    "(CASE WHEN {} AND {} = 0 THEN {} END)",
                    within.text,
                    counted(unknown.clone()),
                    counted(sum.clone())
                );
                shape.number(result(text, &[&unknown, &sum]))
            }
            Columns::Sum { unknown: None, sum, shape } => {
                let text = format!("(CASE WHEN {} THEN {} ELSE 0 END)", within.text, counted(sum.clone()));
                shape.number(result(text, &[&sum]).sure())
            }
            Columns::Extreme { unknown, value, of } => {
                let text = format!(
                    "(CASE WHEN {} AND {} = 0 THEN {} END)",
                    within.text,
                    counted(unknown.clone()),
                    at(value.clone()).text
                );
                let term = result(text, &[&unknown, &value]);
                match of {
                    Cell::Number(number) => {
                        let units = Int { term, ..number.units };
                        Cell::Number(Number { units, below: number.below })
                    }
                    Cell::Day(int) => Cell::Day(Int { term, ..int }),
                    Cell::Month(int) => Cell::Month(Int { term, ..int }),
                    Cell::Null | Cell::Truth(_) | Cell::Text(_) => Cell::Null,
                }
            }
            Columns::Truth { settling, unknown, settled } => {
                let (yes, no) = if settled { ("TRUE", "FALSE") } else { ("FALSE", "TRUE") };
                let text = format!(
                    "(CASE WHEN NOT {0} OR {0} IS NULL THEN NULL WHEN {1} > 0 THEN {yes} WHEN {2} > 0 THEN NULL ELSE {no} END)",
                    within.text,
                    counted(settling.clone()),
                    counted(unknown.clone())
                );
                Cell::Truth(result(text, &[&settling, &unknown]))
            }
        })
    }

    /// A column of the grouped table.
    fn rows_column(&mut self, text: String) -> String {
        let frame = self.frames.stack[self.depth()];
        self.frames.aggregate(frame, text)
    }

    fn columns(
        &mut self,
        function: AggregateFunction,
        filter: &Term,
        argument: Option<&Cell>,
    ) -> Result<Columns, SqlError> {
        let f = filter.text.clone();
        let count = |condition: String| format!("SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)");
        // Rows that count for sure, but whose value is unknown; and rows that may count.
        let unknown = |known: Option<&Term>| match known {
            None => count(format!("{f} IS NULL")),
            Some(known) => count(format!("{f} IS NULL OR ({f} AND NOT {})", known.text)),
        };
        let nothing = Cell::Null;
        let argument = argument.unwrap_or(&nothing);
        Ok(match function {
            AggregateFunction::Count => Columns::Count {
                unknown: self.rows_column(unknown(None)),
                count: self.rows_column(count(f.clone())),
            },
            AggregateFunction::BoolOr | AggregateFunction::BoolAnd => {
                let settled = function == AggregateFunction::BoolOr;
                let truth = match argument {
                    Cell::Truth(term) => term.text.clone(),
                    _ => "CAST(NULL AS BOOLEAN)".to_owned(),
                };
                // OR over (filter AND argument); AND over (NOT filter OR argument).
                let each =
                    if settled { format!("({f} AND {truth})") } else { format!("(NOT {f} OR {truth})") };
                let settling = if settled { each.clone() } else { format!("NOT {each}") };
                Columns::Truth {
                    settling: self.rows_column(count(settling)),
                    unknown: self.rows_column(count(format!("{each} IS NULL"))),
                    settled,
                }
            }
            AggregateFunction::Sum | AggregateFunction::KnownSum => {
                let strict = function == AggregateFunction::Sum;
                let number = match argument {
                    Cell::Number(number) => number.clone(),
                    _ => Number::scaled(Int { term: Term::null("BIGINT"), ..Int::literal(0) }, 0),
                };
                let below = common_divisor(&number)?;
                let unknown =
                    if strict { Some(self.rows_column(unknown(number.known().as_ref()))) } else { None };
                // As wide as ten thousand rows of it may become.
                let zero = Int::literal(0);
                let one = Int {
                    low: number.units.low.clone().min(zero.low.clone()),
                    high: number.units.high.clone().max(zero.high.clone()),
                    ..number.units.clone()
                };
                let sum = one.multiply(&Int::literal(RELATION_ROWS_MAX), self.dialect)?;
                let fits = !sum.wide;
                let (low, high) = (sum.low, sum.high);
                let inner = if fits { one } else { one.widened(self.dialect)? };
                // An unknown that counts makes the whole unknown; here it only has to be no number.
                let text = format!("SUM(CASE WHEN {f} THEN {} ELSE 0 END)", inner.term.text);
                let text = if fits { format!("CAST({text} AS BIGINT)") } else { text };
                Columns::Sum {
                    unknown,
                    sum: self.rows_column(text),
                    shape: Sum { low, high, wide: !fits, below },
                }
            }
            AggregateFunction::Min | AggregateFunction::Max => {
                let known = match argument {
                    Cell::Number(number) => {
                        common_divisor(number)?;
                        number.known()
                    }
                    Cell::Day(int) | Cell::Month(int) if !int.term.known => {
                        Some(Term::over(format!("({} IS NOT NULL)", int.term.text), [&int.term]))
                    }
                    Cell::Day(_) | Cell::Month(_) => None,
                    Cell::Null | Cell::Truth(_) | Cell::Text(_) => Some(Term::literal("FALSE")),
                };
                let units = match argument {
                    Cell::Number(number) => number.units.term.text.clone(),
                    Cell::Day(int) | Cell::Month(int) => int.term.text.clone(),
                    Cell::Null | Cell::Truth(_) | Cell::Text(_) => "CAST(NULL AS BIGINT)".to_owned(),
                };
                let ty = match argument {
                    Cell::Number(number) if number.units.wide => {
                        self.dialect.wide_type().ok_or(SqlError::TooWide)?
                    }
                    _ => "BIGINT",
                };
                let name = if function == AggregateFunction::Min { "MIN" } else { "MAX" };
                Columns::Extreme {
                    unknown: self.rows_column(unknown(known.as_ref())),
                    value: self.rows_column(format!("CAST({name}(CASE WHEN {f} THEN {units} END) AS {ty})")),
                    of: argument.clone(),
                }
            }
        })
    }
}

/// Aliases of the grouped columns.
enum Columns {
    Count {
        unknown: String,
        count: String,
    },
    /// Without `unknown` what is not known is left out.
    Sum {
        unknown: Option<String>,
        sum: String,
        shape: Sum,
    },
    Extreme {
        unknown: String,
        value: String,
        of: Cell,
    },
    /// `settled` is the answer as soon as one row settles it.
    Truth {
        settling: String,
        unknown: String,
        settled: bool,
    },
}

/// What a sum's column holds.
struct Sum {
    low: num_bigint::BigInt,
    high: num_bigint::BigInt,
    wide: bool,
    below: Below,
}

impl Sum {
    fn number(self, term: Term) -> Cell {
        let Sum { low, high, wide, below } = self;
        Cell::Number(Number { units: Int { term, low, high, wide }, below })
    }
}

/// The scale or divisor that all rows share.
fn common_divisor(number: &Number) -> Result<Below, SqlError> {
    match &number.below {
        Below::Divisor(divisor) if divisor.value().is_none() => Err(SqlError::Divisors),
        same => Ok(same.clone()),
    }
}

/// The column of the related table that holds the owner's id.
pub(super) fn foreign_key(shapes: &Shapes, owner: &str, relation: &str) -> String {
    let relations = shapes.get(owner).map(|shape| &shape.relations);
    let leads =
        |id: &str| relations.and_then(|relations| relations.get(id)).map(|relation| relation.shape.as_str());
    let twins = relations.map_or(0, |relations| {
        relations.iter().filter(|(id, other)| other.many && leads(id) == leads(relation)).count()
    });
    if twins > 1 { format!("{owner}_{relation}_id") } else { format!("{owner}_id") }
}

impl Frames {
    /// A column of the table grouped from a frame's rows.
    pub(super) fn aggregate(&mut self, frame: usize, text: String) -> String {
        if let Some((alias, _)) = self.all[frame].aggregates.iter().find(|(_, known)| *known == text) {
            return alias.clone();
        }
        let alias = self.alias('a');
        self.all[frame].aggregates.push((alias.clone(), text));
        alias
    }
}
