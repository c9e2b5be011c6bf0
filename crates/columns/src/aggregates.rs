//! Aggregates in vectors: the rows of each parent stand together, so a sum is a difference of running sums and
//! "is there one" is a count that is not zero.

use rules::compiled::{Aggregate, AggregateFunction, Comparator};

use crate::graph::{Arg, Made, Mask, Op, Refusal};
use crate::number::Number;
use crate::translate::{Frame, Ordinal, Step, Translator, Truth, Vector};

impl Translator<'_, '_, '_> {
    pub(crate) fn aggregate(&mut self, aggregate: &Aggregate) -> Made<Vector> {
        // The way to the record whose rows these are.
        let from = self.frames[aggregate.frame].clone();
        let mut table = from.table;
        let mut across = Vec::new();
        let mut records = from.records.clone();
        for hop in &aggregate.hops {
            match self.step(table, &hop.id)? {
                Step::Up(parent) => {
                    records.retain(|(own, _)| self.graph.schema.is_above(*own, parent));
                    table = parent;
                }
                Step::Across(link, known, target) => {
                    across.push((table, link, known));
                    self.records += 1;
                    records.push((target, self.records));
                    table = target;
                }
            }
        }
        let relation = &aggregate.relation.id;
        let missing = || Refusal::Missing(format!("{}.{relation}", self.graph.schema.tables[table].shape));
        let rows = self.graph.schema.child(table, relation).ok_or_else(missing)?;
        self.records += 1;
        records.push((rows, self.records));
        self.frames.push(Frame { table: rows, records });
        let inside = self.inside(aggregate, table, rows);
        self.frames.pop();
        let (mut value, settled) = inside?;
        for (above, link, known) in across.into_iter().rev() {
            value = self.gathered(above, link, known, value)?;
        }
        if let Some(settled) = settled {
            // known_sum is nothing where there is nobody to ask.
            let Vector::Number(sum) = value else { return Ok(settled) };
            let Vector::Number(none) = settled else { return Ok(settled) };
            value = Vector::Number(self.graph.chosen(sum.known, &sum, &none, Mask::Yes)?);
        }
        self.seen_from(aggregate.frame, value)
    }

    /// The aggregate over the rows of each record of `table`; and, for `known_sum`, what it is where it is unknown.
    fn inside(&mut self, aggregate: &Aggregate, table: usize, rows: usize) -> Made<(Vector, Option<Vector>)> {
        let filter = match &aggregate.filter {
            None => Truth::YES,
            Some(filter) => self.truth(filter)?,
        };
        let listed = if self.snapshot.listed(rows).is_some() {
            Mask::Node(self.graph.mask_node(Op::Listed(rows), table))
        } else {
            Mask::Yes
        };
        let value = match aggregate.function {
            AggregateFunction::BoolOr | AggregateFunction::BoolAnd => {
                let argument = match &aggregate.argument {
                    Some(argument) => self.truth(argument)?,
                    None => Truth::UNKNOWN,
                };
                // AND over (NOT filter OR x) is no OR over (filter AND NOT x).
                let all = aggregate.function == AggregateFunction::BoolAnd;
                let argument = if all { self.turned(argument)? } else { argument };
                let row = self.all(&[filter, argument])?;
                let yes = self.exists(row.yes, table, rows)?;
                let found = match row.no {
                    None => Truth { yes, no: None },
                    Some(no) => {
                        let possible = self.graph.not(no)?;
                        let possible = self.exists(possible, table, rows)?;
                        Truth { yes, no: Some(self.graph.not(possible)?) }
                    }
                };
                Vector::Truth(if all { self.turned(found)? } else { found })
            }
            AggregateFunction::Count => {
                let unsure = self.unsure(filter, None)?;
                let known = self.none(unsure, table, rows)?;
                Vector::Number(Number::whole(self.count(filter.yes, table, rows)?, known))
            }
            AggregateFunction::Sum | AggregateFunction::KnownSum => {
                let Some(argument) = &aggregate.argument else {
                    return Err(Refusal::new("合计没有写明字段"));
                };
                let number = self.number(argument)?;
                if number.below.is_some() {
                    return Err(Refusal::new("逐人的商不能先合计"));
                }
                let skips = aggregate.function == AggregateFunction::KnownSum;
                let (counted, known) = if skips {
                    (self.graph.and(&[filter.yes, number.known])?, Mask::Yes)
                } else {
                    let unsure = self.unsure(filter, Some(number.known))?;
                    (filter.yes, self.none(unsure, table, rows)?)
                };
                let above = match number.above {
                    Arg::Const(value) => {
                        let count = self.count(counted, table, rows)?;
                        self.graph.multiply(count, Arg::Const(value))?
                    }
                    above @ Arg::Node(_) => match self.graph.select(counted, above, Arg::Const(0))? {
                        Arg::Const(_) => Arg::Const(0),
                        Arg::Node(id) => {
                            let id = self.graph.down(id, rows);
                            let (_, rows_max) = self.snapshot.group_range(rows);
                            self.graph.sum(id, rows_max)?
                        }
                    },
                };
                let sum = Vector::Number(Number { above, known, ..number });
                if skips {
                    return Ok((sum, Some(Vector::Number(Number::ZERO))));
                }
                sum
            }
            AggregateFunction::Min | AggregateFunction::Max => {
                let Some(argument) = &aggregate.argument else {
                    return Err(Refusal::new("最值没有写明字段"));
                };
                let argument = self.value(argument)?;
                let argument_known = self.known(&argument)?;
                let unsure = self.unsure(filter, Some(argument_known))?;
                let sure = self.none(unsure, table, rows)?;
                let any = self.exists(filter.yes, table, rows)?;
                let known = self.graph.and(&[sure, any])?;
                let least = aggregate.function == AggregateFunction::Min;
                match argument {
                    Vector::Number(Number { below: None, above, factor, .. }) => {
                        let above = self.extreme_row(above, filter.yes, rows, least)?;
                        Vector::Number(Number { above, below: None, factor, known })
                    }
                    Vector::Ordinal(Ordinal { kind, value, .. }) => {
                        let value = self.extreme_row(value, filter.yes, rows, least)?;
                        Vector::Ordinal(Ordinal { kind, value, known })
                    }
                    Vector::Unknown => Vector::Unknown,
                    Vector::Number(_) | Vector::Truth(_) => {
                        return Err(Refusal::new("逐人的商不能先取最值"));
                    }
                }
            }
        };
        Ok((self.also_known(value, listed)?, None))
    }

    /// Rows that may or may not count, or count with an unknown.
    fn unsure(&mut self, filter: Truth, known: Option<Mask>) -> Made<Mask> {
        let maybe = match filter.no {
            None => Mask::No,
            Some(no) => {
                let settled = self.graph.or(&[filter.yes, no])?;
                self.graph.not(settled)?
            }
        };
        let Some(known) = known else { return Ok(maybe) };
        let unknown = self.graph.not(known)?;
        let blank = self.graph.and(&[filter.yes, unknown])?;
        self.graph.or(&[maybe, blank])
    }

    fn count(&mut self, mask: Mask, table: usize, rows: usize) -> Made<Arg> {
        let (least, most) = self.snapshot.group_range(rows);
        Ok(match mask {
            Mask::No => Arg::Const(0),
            Mask::Yes if least == most => Arg::Const(most),
            Mask::Yes => {
                let width = crate::cells::Width::I32;
                Arg::Node(self.graph.add_node(Op::Rows(rows), table, width, least, most))
            }
            Mask::Node(id) => {
                let id = self.graph.down(id, rows);
                self.graph.sum(id, most)?
            }
        })
    }

    fn exists(&mut self, mask: Mask, table: usize, rows: usize) -> Made<Mask> {
        let count = self.count(mask, table, rows)?;
        self.graph.compare(Comparator::Greater, count, Arg::Const(0))
    }

    fn none(&mut self, mask: Mask, table: usize, rows: usize) -> Made<Mask> {
        let some = self.exists(mask, table, rows)?;
        self.graph.not(some)
    }

    fn extreme_row(&mut self, value: Arg, counted: Mask, rows: usize, least: bool) -> Made<Arg> {
        // Rows that do not count hold the other end of the range, so they never win.
        let (min, max) = self.graph.range(value);
        let idle = Arg::Const(if least { max } else { min });
        Ok(match self.graph.select(counted, value, idle)? {
            Arg::Const(value) => Arg::Const(value),
            Arg::Node(id) => {
                let id = self.graph.down(id, rows);
                Arg::Node(self.graph.extreme_of_rows(id, least)?)
            }
        })
    }
}
