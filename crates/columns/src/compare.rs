//! Two programmes side by side over everybody: today's rules and changed ones, or the same rules for people who earn more.
//! Both stand in one sweep, so what they share is worked out once, and nothing is kept of a row but where it falls.

use rules::Outcome;
use serde::{Deserialize, Serialize};
use vocab::Fen;

use crate::cells::Slice;
use crate::graph::{Arg, Mask};
use crate::machine::{Machine, offsets_of};
use crate::plan::{Plan, arg_id, mask_id};
use crate::sweep::{Entry, Sweep, fen, truths};
use crate::translate::Translated;

/// Two programmes of a sweep, by their place in it, over the same units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The one that is compared with.
    pub before: usize,
    /// The other.
    pub after: usize,
    /// Whose amount falls by more than this is counted in [`Compared::steep`].
    pub steep: Option<Fen>,
}

/// Units that fall on one side, with their people and money a month under both programmes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Units: households, or persons.
    pub units: u64,
    /// Their people.
    pub people: u64,
    /// Money a month under the first programme.
    pub before: Fen,
    /// Money a month under the second.
    pub after: Fen,
}

impl Side {
    fn add(&mut self, people: u64, before: i64, after: i64) {
        self.units += 1;
        self.people += people;
        self.before.0 += before;
        self.after.0 += after;
    }

    /// Adds another part of the city.
    pub fn merge(&mut self, other: &Side) {
        let Side { units, people, before, after } = *other;
        self.units += units;
        self.people += people;
        self.before.0 += before.0;
        self.after.0 += after.0;
    }
}

/// What a pair comes to in a division. Who is eligible under neither programme is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Eligible under the second only.
    pub entering: Side,
    /// Eligible under the first only, and surely not under the second.
    pub leaving: Side,
    /// More under the second.
    pub more: Side,
    /// Less under the second.
    pub less: Side,
    /// As much under both.
    pub same: Side,
    /// Eligible under one; of the other something is missing.
    pub unclear: Side,
    /// Whose amount falls by more than the pair's `steep`, whether they leave or get less.
    pub steep: Side,
    /// Units of which something is missing under the first programme.
    pub unknown_before: u64,
    /// Units of which something is missing under the second.
    pub unknown_after: u64,
}

impl Compared {
    /// Eligible under the first programme.
    pub fn before(&self) -> Side {
        self.sum([self.leaving, self.more, self.less, self.same])
    }

    /// Eligible under the second programme.
    pub fn after(&self) -> Side {
        self.sum([self.entering, self.more, self.less, self.same])
    }

    fn sum(&self, sides: [Side; 4]) -> Side {
        let mut sum = Side::default();
        sides.iter().for_each(|side| sum.merge(side));
        sum
    }

    /// Adds another division.
    pub fn merge(&mut self, other: &Compared) {
        self.entering.merge(&other.entering);
        self.leaving.merge(&other.leaving);
        self.more.merge(&other.more);
        self.less.merge(&other.less);
        self.same.merge(&other.same);
        self.unclear.merge(&other.unclear);
        self.steep.merge(&other.steep);
        self.unknown_before += other.unknown_before;
        self.unknown_after += other.unknown_after;
    }

    /// Counts one unit.
    fn count(&mut self, before: Answer, after: Answer, people: u64, steep: Option<Fen>) {
        self.unknown_before += u64::from(before.outcome == Outcome::Unknown);
        self.unknown_after += u64::from(after.outcome == Outcome::Unknown);
        let side = match (before.outcome, after.outcome) {
            (Outcome::Met, Outcome::Met) => match after.amount.cmp(&before.amount) {
                std::cmp::Ordering::Greater => &mut self.more,
                std::cmp::Ordering::Less => &mut self.less,
                std::cmp::Ordering::Equal => &mut self.same,
            },
            (Outcome::NotMet, Outcome::Met) => &mut self.entering,
            (Outcome::Met, Outcome::NotMet) => &mut self.leaving,
            (Outcome::Met, Outcome::Unknown) | (Outcome::Unknown, Outcome::Met) => &mut self.unclear,
            (Outcome::NotMet | Outcome::Unknown, Outcome::NotMet | Outcome::Unknown) => return,
        };
        side.add(people, before.amount, after.amount);
        let falls = before.outcome == Outcome::Met && after.outcome != Outcome::Unknown;
        if falls && steep.is_some_and(|steep| before.amount - after.amount > steep.0) {
            self.steep.add(people, before.amount, after.amount);
        }
    }
}

/// What a programme says of a unit; no amount is nothing.
#[derive(Debug, Clone, Copy)]
struct Answer {
    outcome: Outcome,
    amount: i64,
}

impl Sweep<'_> {
    /// Compares pairs of programmes, each division by itself in the order of [`crate::Snapshot::divisions`].
    pub fn compare(&self, pairs: &[Pair]) -> Vec<Vec<Compared>> {
        let blank = || vec![vec![Compared::default(); self.snapshot.divisions().len()]; pairs.len()];
        let mut dense = Vec::new();
        for entry in pairs.iter().flat_map(|pair| [pair.before, pair.after]) {
            let Ok(Translated { outcome, amount, .. }) = &self.entries[entry].translated else { continue };
            dense.extend(mask_id(outcome.yes).into_iter().chain(outcome.no.and_then(mask_id)));
            if let Some((amount, known)) = amount {
                dense.extend(arg_id(*amount).into_iter().chain(mask_id(*known)));
            }
        }
        let (plan, _) = Plan::new(&self.graph, &dense, &[], &[]);
        let tallies = self.each_chunk(&plan, blank, |tally, machine| {
            for (pair, divisions) in pairs.iter().zip(tally) {
                self.chunk(machine, *pair, divisions);
            }
        });
        let mut all = blank();
        for tally in &tallies {
            for (sum, part) in all.iter_mut().flatten().zip(tally.iter().flatten()) {
                sum.merge(part);
            }
        }
        all
    }

    fn chunk(&self, machine: &Machine<'_>, pair: Pair, divisions: &mut [Compared]) {
        let (before, after) = (&self.entries[pair.before], &self.entries[pair.after]);
        let table = before.table;
        let roots = machine.rows[0].clone();
        let root_of = self.root_of(machine, table);
        let sizes = self.snapshot.schema().people.filter(|_| table == 0);
        let sizes = sizes.map(|people| offsets_of(self.snapshot, people, &roots));
        let (before, after) = (Seen::of(self, machine, before), Seen::of(self, machine, after));
        for row in 0..machine.rows[table].len() {
            let root = root_of.as_ref().map_or(row, |roots| roots[row] as usize);
            let division = self.snapshot.division_of(roots.start + root);
            let people = sizes.map_or(1, |sizes| u64::from(sizes[row + 1] - sizes[row]));
            let (before, after) = (before.answer(row, division), after.answer(row, division));
            divisions[division].count(before, after, people, pair.steep);
        }
    }

    /// For each row of a table in the chunk the place of its root; `None` for the root itself.
    fn root_of(&self, machine: &Machine<'_>, table: usize) -> Option<Vec<u32>> {
        let parent = self.snapshot.schema().tables[table].parent.as_ref()?.table;
        let above = self.root_of(machine, parent);
        let offsets = offsets_of(self.snapshot, table, &machine.rows[parent]);
        let mut roots = Vec::with_capacity(machine.rows[table].len());
        for (row, pair) in offsets.windows(2).enumerate() {
            let root = above.as_ref().map_or(row as u32, |above| above[row]);
            roots.extend(std::iter::repeat_n(root, (pair[1] - pair[0]) as usize));
        }
        Some(roots)
    }

    /// The rows of a programme's units (by its place in the sweep) with this outcome, in the snapshot's order, and the amount
    /// of those who are eligible.
    pub fn with_outcome(&self, programme: usize, wanted: Outcome) -> Vec<(u32, Option<Fen>)> {
        let entry = &self.entries[programme];
        let mut dense = Vec::new();
        if let Ok(Translated { outcome, amount, .. }) = &entry.translated {
            dense.extend(mask_id(outcome.yes).into_iter().chain(outcome.no.and_then(mask_id)));
            if let Some((amount, known)) = amount {
                dense.extend(arg_id(*amount).into_iter().chain(mask_id(*known)));
            }
        }
        let (plan, _) = Plan::new(&self.graph, &dense, &[], &[]);
        let states = self.each_chunk(&plan, Vec::new, |found: &mut Vec<(u32, Option<Fen>)>, machine| {
            let seen = Seen::of(self, machine, entry);
            let root_of = self.root_of(machine, entry.table);
            for row in 0..machine.rows[entry.table].len() {
                let root = root_of.as_ref().map_or(row, |roots| roots[row] as usize);
                let division = self.snapshot.division_of(machine.rows[0].start + root);
                let answer = seen.answer(row, division);
                if answer.outcome == wanted {
                    // A file counts its rows in 32 bits.
                    let at = (machine.rows[entry.table].start + row) as u32;
                    found.push((at, (wanted == Outcome::Met).then_some(Fen(answer.amount))));
                }
            }
        });
        let mut found: Vec<(u32, Option<Fen>)> = states.into_iter().flatten().collect();
        found.sort_unstable_by_key(|(row, _)| *row);
        found
    }
}

/// A programme's answers for the rows of a chunk.
enum Seen<'m> {
    Vectors {
        yes: Truths<'m>,
        /// Whatever is not yes, if none.
        no: Option<Truths<'m>>,
        /// Values, or one value for all; and where they are known.
        amount: Option<(Option<Slice<'m>>, i64, Truths<'m>)>,
    },
    OneByOne {
        sweep: &'m Sweep<'m>,
        entry: &'m Entry<'m>,
        first: usize,
    },
}

/// A mask of the chunk, settled ones too.
enum Truths<'m> {
    Same(bool),
    Rows(&'m [u8]),
}

impl Truths<'_> {
    #[inline(always)]
    fn get(&self, row: usize) -> bool {
        match self {
            Truths::Same(value) => *value,
            Truths::Rows(rows) => rows[row] != 0,
        }
    }
}

fn truths_of<'m>(machine: &'m Machine<'_>, mask: Mask) -> Truths<'m> {
    match mask {
        Mask::Yes => Truths::Same(true),
        Mask::No => Truths::Same(false),
        Mask::Node(id) => Truths::Rows(truths(machine, id)),
    }
}

impl<'m> Seen<'m> {
    fn of(sweep: &'m Sweep<'_>, machine: &'m Machine<'_>, entry: &'m Entry<'_>) -> Seen<'m> {
        let Ok(Translated { outcome, amount, .. }) = &entry.translated else {
            return Seen::OneByOne { sweep, entry, first: machine.rows[entry.table].start };
        };
        Seen::Vectors {
            yes: truths_of(machine, outcome.yes),
            no: outcome.no.map(|no| truths_of(machine, no)),
            amount: amount.map(|(amount, known)| match amount {
                Arg::Const(value) => (None, value, truths_of(machine, known)),
                Arg::Node(id) => (Some(machine.view(id)), 0, truths_of(machine, known)),
            }),
        }
    }

    #[inline(always)]
    fn answer(&self, row: usize, division: usize) -> Answer {
        match self {
            Seen::Vectors { yes, no, amount } => {
                let outcome = if yes.get(row) {
                    Outcome::Met
                } else if no.as_ref().is_none_or(|no| no.get(row)) {
                    Outcome::NotMet
                } else {
                    Outcome::Unknown
                };
                let amount = match amount {
                    Some((values, same, known)) if outcome == Outcome::Met && known.get(row) => {
                        values.map_or(*same, |values| values.get(row))
                    }
                    _ => 0,
                };
                Answer { outcome, amount }
            }
            Seen::OneByOne { sweep, entry, first } => {
                let record = sweep.snapshot.record(entry.table, first + row);
                let answer = entry.swept.programme.answer(&record, &entry.swept.contexts[division]);
                let amount = fen(&answer).filter(|_| answer.outcome == Outcome::Met).unwrap_or(0);
                Answer { outcome: answer.outcome, amount }
            }
        }
    }
}
