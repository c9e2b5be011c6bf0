//! What a desk does with a family: the needed nodes of the graph in order, each a few numbers. All numbers have 64 bits,
//! for the graph has proven that they suffice; with so few rows there is nothing to gain from narrower ones.

use std::sync::Arc;

use rules::Outcome;
use rules::compiled::Comparator;
use vocab::Fen;

use super::family::Rows;
use crate::graph::{Arg, Calendar, Graph, Id, Link, Mask, Op, Rounding};
use crate::kernel;
use crate::plan::{arg_id, mask_id, target};
use crate::rows::RowAnswer;
use crate::snapshot::Snapshot;
use crate::translate::{Translated, Truth};

/// A place among the numbers of a table: so many times the table's rows from the start.
type At = u32;

/// What a family brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// A column less its base, within its bounds; `filler` stands for unknown.
    Column {
        column: usize,
        base: i64,
        least: i64,
        greatest: i64,
        filler: i64,
    },
    Known(usize),
    ReferenceKnown(usize),
    Listed(usize),
    Present(usize),
    Rows(usize),
}

/// What one node is made from, by places in the same table if not said otherwise.
#[derive(Debug, Clone)]
enum Act {
    Add(At, At),
    Subtract(At, At),
    Multiply(At, At),
    AddConst(At, i64),
    MultiplyConst(At, i64),
    SubtractFrom(i64, At),
    Shift(At, u32),
    Least(At, Place),
    Greatest(At, Place),
    Abs(At),
    Divide(At, Place, Rounding),
    Compare(Comparator, At, At),
    CompareConst(Comparator, At, i64),
    And(At, At),
    Or(At, At),
    AndAll(Vec<At>),
    OrAll(Vec<At>),
    Not(At),
    Select(At, Place, Place),
    Lookup {
        index: At,
        first: i64,
        values: Arc<[i64]>,
    },
    Calendar(Calendar, Place, Place),
    /// From the table above.
    Broadcast {
        above: usize,
        from: At,
    },
    /// From a table below.
    Gather {
        link: Link,
        from: At,
        none: i64,
    },
    Sum {
        below: usize,
        from: At,
    },
    Extreme {
        below: usize,
        from: At,
        least: bool,
        none: i64,
    },
}

/// A number that is the same in all rows, or a place.
#[derive(Debug, Clone, Copy)]
enum Place {
    Const(i64),
    At(At),
}

#[derive(Debug, Clone)]
struct Step {
    table: usize,
    out: At,
    act: Act,
}

/// The steps of all programmes together.
#[derive(Debug)]
pub(crate) struct Program {
    steps: Vec<Step>,
    leaves: Vec<Vec<Leaf>>,
    /// Leaves and steps of each table.
    sizes: Vec<usize>,
}

/// Where a programme's answer is found.
#[derive(Debug)]
pub(crate) struct Said {
    outcome: Says,
    conditions: Vec<Says>,
    amount: Option<(Place, Holds)>,
}

/// A truth of each row.
#[derive(Debug, Clone, Copy)]
enum Holds {
    Same(bool),
    At(At),
}

#[derive(Debug, Clone, Copy)]
struct Says {
    yes: Holds,
    /// `None`: whatever is not yes.
    no: Option<Holds>,
}

impl Program {
    /// The program of some translations with the tables of their units, and where each leaves its answer.
    pub(super) fn of(
        graph: &Graph<'_>,
        bounds: &Snapshot,
        translations: &[(usize, Option<Translated>)],
    ) -> (Program, Vec<Option<Said>>) {
        let mut needed = vec![false; graph.nodes.len()];
        let mut open = Vec::new();
        for translated in translations.iter().filter_map(|(_, translated)| translated.as_ref()) {
            for truth in std::iter::once(&translated.outcome).chain(&translated.conditions) {
                open.extend(mask_id(truth.yes).into_iter().chain(truth.no.and_then(mask_id)));
            }
            if let Some((amount, known)) = translated.amount {
                open.extend(arg_id(amount).into_iter().chain(mask_id(known)));
            }
        }
        while let Some(id) = open.pop() {
            if !std::mem::replace(&mut needed[id.0 as usize], true) {
                open.extend(graph.node(id).op.reads());
            }
        }
        let tables = graph.schema.tables.len();
        let mut places: Vec<At> = vec![0; graph.nodes.len()];
        let mut leaves: Vec<Vec<Leaf>> = vec![Vec::new(); tables];
        for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| needed[*index]) {
            if let Some(leaf) = leaf(&node.op, node.table, bounds) {
                places[index] = leaves[node.table].len() as At;
                leaves[node.table].push(leaf);
            }
        }
        let mut sizes: Vec<usize> = leaves.iter().map(Vec::len).collect();
        let mut steps = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| needed[*index]) {
            if let Op::Widen(id) = node.op {
                places[index] = places[id.0 as usize];
            } else if let Some(act) = act(graph, &node.op, node.min, &places) {
                places[index] = sizes[node.table] as At;
                sizes[node.table] += 1;
                steps.push(Step { table: node.table, out: places[index], act });
            }
        }
        let holds = |mask: Mask| match mask {
            Mask::No => Holds::Same(false),
            Mask::Yes => Holds::Same(true),
            Mask::Node(id) => Holds::At(places[id.0 as usize]),
        };
        let says = |truth: &Truth| Says { yes: holds(truth.yes), no: truth.no.map(holds) };
        let said = translations.iter().map(|(_, translated)| {
            translated.as_ref().map(|translated| Said {
                outcome: says(&translated.outcome),
                conditions: translated.conditions.iter().map(says).collect(),
                amount: translated.amount.map(|(amount, known)| (place(amount, &places), holds(known))),
            })
        });
        let said = said.collect();
        (Program { steps, leaves, sizes }, said)
    }

    pub(super) fn leaves(&self) -> &[Vec<Leaf>] {
        &self.leaves
    }

    pub(super) fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Works every step out for a family.
    pub(super) fn run(&self, family: &Rows, cells: &mut Vec<Vec<i64>>) {
        cells.resize(self.sizes.len(), Vec::new());
        for (table, own) in cells.iter_mut().enumerate() {
            let brought = &family.cells[table];
            // What an earlier family left is overwritten: every step writes all its rows before another reads them.
            own.resize(self.sizes[table] * family.counts[table], 0);
            own[..brought.len()].copy_from_slice(brought);
        }
        for step in &self.steps {
            let rows = family.counts[step.table];
            let start = step.out as usize * rows;
            match &step.act {
                Act::Broadcast { above, from } => {
                    // A parent stands before its children.
                    let (before, here) = cells.split_at_mut(step.table);
                    let values = &before[*above][*from as usize * family.counts[*above]..];
                    let out = &mut here[0][start..start + rows];
                    match family.counts[*above] {
                        1 => out.fill(values[0]),
                        _ => {
                            for (parent, pair) in family.offsets[step.table].windows(2).enumerate() {
                                out[pair[0]..pair[1]].fill(values[parent]);
                            }
                        }
                    }
                }
                Act::Gather { link, from, none } => {
                    let below = target(*link);
                    let (here, after) = cells.split_at_mut(below);
                    let values = &after[0][*from as usize * family.counts[below]..];
                    let out = &mut here[step.table][start..start + rows];
                    for (row, (out, pair)) in out.iter_mut().zip(family.offsets[below].windows(2)).enumerate()
                    {
                        let position = match *link {
                            Link::Only(_) => 0,
                            Link::At { reference, .. } => {
                                family.references[step.table][reference][row] as usize
                            }
                        };
                        *out = if pair[0] + position < pair[1] { values[pair[0] + position] } else { *none };
                    }
                }
                Act::Sum { below, from } => {
                    let (here, after) = cells.split_at_mut(*below);
                    let values = &after[0][*from as usize * family.counts[*below]..];
                    let out = &mut here[step.table][start..start + rows];
                    for (out, pair) in out.iter_mut().zip(family.offsets[*below].windows(2)) {
                        *out = values[pair[0]..pair[1]].iter().fold(0, |sum, value| sum.wrapping_add(*value));
                    }
                }
                Act::Extreme { below, from, least, none } => {
                    let (here, after) = cells.split_at_mut(*below);
                    let values = &after[0][*from as usize * family.counts[*below]..];
                    let out = &mut here[step.table][start..start + rows];
                    for (out, pair) in out.iter_mut().zip(family.offsets[*below].windows(2)) {
                        let of = values[pair[0]..pair[1]].iter().copied();
                        *out = if *least { of.min() } else { of.max() }.unwrap_or(*none);
                    }
                }
                act => {
                    let (before, out) = cells[step.table].split_at_mut(start);
                    row_by_row(act, before, &mut out[..rows]);
                }
            }
        }
    }
}

/// One step whose rows are independent.
fn row_by_row(act: &Act, before: &[i64], out: &mut [i64]) {
    let rows = out.len();
    let at = |place: At| &before[place as usize * rows..][..rows];
    let two = |a: Place, b: Place, out: &mut [i64], f: &dyn Fn(i64, i64) -> i64| match (a, b) {
        (Place::At(a), Place::At(b)) => kernel::zip(at(a), at(b), out, f),
        (Place::At(a), Place::Const(b)) => kernel::map(at(a), out, |a| f(a, b)),
        (Place::Const(a), Place::At(b)) => kernel::map(at(b), out, |b| f(a, b)),
        (Place::Const(a), Place::Const(b)) => out.fill(f(a, b)),
    };
    match act {
        Act::Add(a, b) => kernel::zip(at(*a), at(*b), out, i64::wrapping_add),
        Act::Subtract(a, b) => kernel::zip(at(*a), at(*b), out, i64::wrapping_sub),
        Act::Multiply(a, b) => kernel::zip(at(*a), at(*b), out, i64::wrapping_mul),
        Act::AddConst(a, b) => kernel::map(at(*a), out, |a| a.wrapping_add(*b)),
        Act::MultiplyConst(a, b) => kernel::map(at(*a), out, |a| a.wrapping_mul(*b)),
        Act::SubtractFrom(from, a) => kernel::map(at(*a), out, |a| from.wrapping_sub(a)),
        Act::Shift(a, bits) => kernel::map(at(*a), out, |a| a >> bits),
        Act::Abs(a) => kernel::map(at(*a), out, i64::wrapping_abs),
        Act::Least(a, b) => two(Place::At(*a), *b, out, &i64::min),
        Act::Greatest(a, b) => two(Place::At(*a), *b, out, &i64::max),
        Act::Divide(a, b, rounding) => {
            two(Place::At(*a), *b, out, &|a, b| kernel::divide(a, b, *rounding));
        }
        Act::Compare(comparator, a, b) => {
            let (a, b) = (at(*a), at(*b));
            match comparator {
                Comparator::Equal => kernel::zip(a, b, out, |a, b| i64::from(a == b)),
                Comparator::NotEqual => kernel::zip(a, b, out, |a, b| i64::from(a != b)),
                Comparator::Less => kernel::zip(a, b, out, |a, b| i64::from(a < b)),
                Comparator::LessOrEqual => kernel::zip(a, b, out, |a, b| i64::from(a <= b)),
                Comparator::Greater => kernel::zip(a, b, out, |a, b| i64::from(a > b)),
                Comparator::GreaterOrEqual => kernel::zip(a, b, out, |a, b| i64::from(a >= b)),
            }
        }
        Act::CompareConst(comparator, a, b) => {
            let (a, b) = (at(*a), *b);
            match comparator {
                Comparator::Equal => kernel::map(a, out, |a| i64::from(a == b)),
                Comparator::NotEqual => kernel::map(a, out, |a| i64::from(a != b)),
                Comparator::Less => kernel::map(a, out, |a| i64::from(a < b)),
                Comparator::LessOrEqual => kernel::map(a, out, |a| i64::from(a <= b)),
                Comparator::Greater => kernel::map(a, out, |a| i64::from(a > b)),
                Comparator::GreaterOrEqual => kernel::map(a, out, |a| i64::from(a >= b)),
            }
        }
        Act::And(a, b) => kernel::zip(at(*a), at(*b), out, |a, b| a & b),
        Act::Or(a, b) => kernel::zip(at(*a), at(*b), out, |a, b| a | b),
        Act::AndAll(all) => join(all, at, out, |a, b| a & b),
        Act::OrAll(all) => join(all, at, out, |a, b| a | b),
        Act::Not(a) => kernel::map(at(*a), out, |a| a ^ 1),
        Act::Select(mask, a, b) => {
            let mask = at(*mask);
            match (*a, *b) {
                (Place::At(a), Place::At(b)) => {
                    kernel::zip3(mask, at(a), at(b), out, |mask, a, b| if mask != 0 { a } else { b });
                }
                (Place::At(a), Place::Const(b)) => {
                    kernel::zip(mask, at(a), out, |mask, a| if mask != 0 { a } else { b });
                }
                (Place::Const(a), Place::At(b)) => {
                    kernel::zip(mask, at(b), out, |mask, b| if mask != 0 { a } else { b });
                }
                (Place::Const(a), Place::Const(b)) => {
                    kernel::map(mask, out, |mask| if mask != 0 { a } else { b });
                }
            }
        }
        Act::Lookup { index, first, values } => kernel::lookup(at(*index), *first, values, out),
        Act::Calendar(function, a, b) => {
            // Dates, months and counts of them fit 32 bits: the graph works them out in no more.
            two(*a, *b, out, &|a, b| kernel::calendar(*function, a as i32, b as i32).into());
        }
        // [`Program::run`] has done them: they look at other tables.
        Act::Broadcast { .. } | Act::Gather { .. } | Act::Sum { .. } | Act::Extreme { .. } => {}
    }
}

fn join<'c>(all: &[At], at: impl Fn(At) -> &'c [i64], out: &mut [i64], f: impl Fn(i64, i64) -> i64) {
    let Some((first, rest)) = all.split_first() else { return };
    out.copy_from_slice(at(*first));
    for &more in rest {
        for (out, &more) in out.iter_mut().zip(at(more)) {
            *out = f(*out, more);
        }
    }
}

fn place(arg: Arg, places: &[At]) -> Place {
    match arg {
        Arg::Const(value) => Place::Const(value),
        Arg::Node(id) => Place::At(places[id.0 as usize]),
    }
}

fn leaf(op: &Op, table: usize, bounds: &Snapshot) -> Option<Leaf> {
    Some(match *op {
        Op::Column(column) => {
            let stored = bounds.stored(table, column);
            let boolean = bounds.schema().tables[table].columns[column].kind == crate::Kind::Boolean;
            let (base, least, greatest) = (stored.base, stored.min, stored.max);
            Leaf::Column { column, base, least, greatest, filler: if boolean { 0 } else { least } }
        }
        Op::Known(column) => Leaf::Known(column),
        Op::ReferenceKnown(reference) => Leaf::ReferenceKnown(reference),
        Op::Listed(child) => Leaf::Listed(child),
        Op::Present(child) => Leaf::Present(child),
        Op::Rows(child) => Leaf::Rows(child),
        _ => return None,
    })
}

fn act(graph: &Graph<'_>, op: &Op, min: i64, places: &[At]) -> Option<Act> {
    let at = |id: &Id| places[id.0 as usize];
    let place = |arg: &Arg| place(*arg, places);
    let table = |id: &Id| graph.node(*id).table;
    Some(match op {
        Op::Column(_)
        | Op::Known(_)
        | Op::ReferenceKnown(_)
        | Op::Listed(_)
        | Op::Present(_)
        | Op::Rows(_)
        | Op::Widen(_) => return None,
        // A desk stands in one division; nothing of it differs from row to row.
        Op::Division => return None,
        Op::Add(a, b) => Act::Add(at(a), at(b)),
        Op::Subtract(a, b) => Act::Subtract(at(a), at(b)),
        Op::Multiply(a, b) => Act::Multiply(at(a), at(b)),
        Op::AddConst(a, b) => Act::AddConst(at(a), *b),
        Op::MultiplyConst(a, b) => Act::MultiplyConst(at(a), *b),
        Op::SubtractFrom(from, a) => Act::SubtractFrom(*from, at(a)),
        Op::Shift(a, bits) => Act::Shift(at(a), *bits),
        Op::Least(a, b) => Act::Least(at(a), place(b)),
        Op::Greatest(a, b) => Act::Greatest(at(a), place(b)),
        Op::Abs(a) => Act::Abs(at(a)),
        Op::Divide(a, b, rounding) => Act::Divide(at(a), place(b), *rounding),
        Op::Compare(comparator, a, b) => Act::Compare(*comparator, at(a), at(b)),
        Op::CompareConst(comparator, a, b) => Act::CompareConst(*comparator, at(a), *b),
        Op::And(all) => match all.as_slice() {
            [a, b] => Act::And(at(a), at(b)),
            all => Act::AndAll(all.iter().map(at).collect()),
        },
        Op::Or(all) => match all.as_slice() {
            [a, b] => Act::Or(at(a), at(b)),
            all => Act::OrAll(all.iter().map(at).collect()),
        },
        Op::Not(a) => Act::Not(at(a)),
        Op::Select(mask, a, b) => Act::Select(at(mask), place(a), place(b)),
        Op::Lookup { index, first, values } => {
            Act::Lookup { index: at(index), first: *first, values: Arc::clone(values) }
        }
        Op::Calendar(function, a, b) => Act::Calendar(*function, place(a), place(b)),
        Op::Broadcast(a) => Act::Broadcast { above: table(a), from: at(a) },
        Op::Gather(link, a) => Act::Gather { link: *link, from: at(a), none: min },
        Op::Sum(a) => Act::Sum { below: table(a), from: at(a) },
        Op::Smallest(a) => Act::Extreme { below: table(a), from: at(a), least: true, none: min },
        Op::Largest(a) => Act::Extreme { below: table(a), from: at(a), least: false, none: min },
    })
}

impl Holds {
    fn get(self, cells: &[i64], rows: usize, row: usize) -> bool {
        match self {
            Holds::Same(value) => value,
            Holds::At(at) => cells[at as usize * rows + row] != 0,
        }
    }
}

impl Says {
    fn get(self, cells: &[i64], rows: usize, row: usize) -> Outcome {
        if self.yes.get(cells, rows, row) {
            Outcome::Met
        } else if self.no.is_none_or(|no| no.get(cells, rows, row)) {
            Outcome::NotMet
        } else {
            Outcome::Unknown
        }
    }
}

impl Said {
    /// The answer of each unit, from the numbers of the units' table.
    pub(super) fn answers(&self, cells: &[i64], rows: usize, answers: &mut Vec<RowAnswer>) {
        for row in 0..rows {
            let (failed, unknown) = self.masks(cells, rows, row);
            let outcome = self.outcome.get(cells, rows, row);
            answers.push(self.answer(cells, rows, row, outcome, failed, unknown));
        }
    }

    /// The same, some conditions settled by what officers found: (programme, condition, how).
    pub(super) fn answers_with<'f, F: Iterator<Item = &'f (usize, usize, Option<bool>)>>(
        &self,
        cells: &[i64],
        rows: usize,
        answers: &mut Vec<RowAnswer>,
        found: impl Fn() -> F,
    ) {
        for row in 0..rows {
            let (mut failed, mut unknown) = self.masks(cells, rows, row);
            for (_, condition, met) in found() {
                let bit = 1 << condition;
                (failed, unknown) = (failed & !bit, unknown & !bit);
                match met {
                    Some(true) => {}
                    Some(false) => failed |= bit,
                    None => unknown |= bit,
                }
            }
            let outcome = match (failed, unknown) {
                (0, 0) => Outcome::Met,
                (0, _) => Outcome::Unknown,
                _ => Outcome::NotMet,
            };
            answers.push(self.answer(cells, rows, row, outcome, failed, unknown));
        }
    }

    fn masks(&self, cells: &[i64], rows: usize, row: usize) -> (u64, u64) {
        let (mut failed, mut unknown) = (0, 0);
        for (bit, condition) in self.conditions.iter().enumerate() {
            match condition.get(cells, rows, row) {
                Outcome::Met => {}
                Outcome::NotMet => failed |= 1 << bit,
                Outcome::Unknown => unknown |= 1 << bit,
            }
        }
        (failed, unknown)
    }

    fn answer(
        &self,
        cells: &[i64],
        rows: usize,
        row: usize,
        outcome: Outcome,
        failed: u64,
        unknown: u64,
    ) -> RowAnswer {
        let amount = self.amount.filter(|(_, known)| outcome == Outcome::Met && known.get(cells, rows, row));
        let amount = amount.map(|(amount, _)| match amount {
            Place::Const(value) => Fen(value),
            Place::At(at) => Fen(cells[at as usize * rows + row]),
        });
        RowAnswer { outcome, amount, failed, unknown }
    }
}
