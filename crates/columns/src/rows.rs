//! Every answer written out, row by row: for whoever wants to know why not, and for the tests.

use std::ops::Range;

use rules::Outcome;
use vocab::Fen;

use crate::cells::Slice;
use crate::graph::{Arg, Mask};
use crate::machine::Machine;
use crate::plan::{Plan, arg_id, mask_id};
use crate::sweep::{Entry, Sweep, fen, truths};
use crate::translate::{Translated, Truth};

/// Conditions that fit a mask.
pub const CONDITIONS_MAX: usize = 64;

/// What a programme says of one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowAnswer {
    /// The outcome.
    pub outcome: Outcome,
    /// The amount, if eligible and known.
    pub amount: Option<Fen>,
    /// Bit `n`: the `n`th condition is not met. Programmes have no more than [`CONDITIONS_MAX`] that are shown.
    pub failed: u64,
    /// Bit `n`: the `n`th condition is unknown.
    pub unknown: u64,
}

impl Sweep<'_> {
    /// The answer of one programme (by its place in the sweep) for every unit, in the snapshot's order.
    pub fn rows(&self, programme: usize) -> Vec<RowAnswer> {
        let entry = &self.entries[programme];
        let Ok(translated) = &entry.translated else { return self.rows_one_by_one(entry) };
        let mut dense = Vec::new();
        for truth in std::iter::once(&translated.outcome).chain(&translated.conditions) {
            dense.extend(mask_id(truth.yes).into_iter().chain(truth.no.and_then(mask_id)));
        }
        if let Some((amount, known)) = translated.amount {
            dense.extend(arg_id(amount).into_iter().chain(mask_id(known)));
        }
        let (plan, _) = Plan::new(&self.graph, &dense, &[], &[]);
        let states =
            self.each_chunk(&plan, Vec::new, |chunks: &mut Vec<(usize, Vec<RowAnswer>)>, machine| {
                chunks.push((machine.rows[0].start, answers(machine, entry.table, translated)));
            });
        let mut chunks: Vec<(usize, Vec<RowAnswer>)> = states.into_iter().flatten().collect();
        chunks.sort_unstable_by_key(|(start, _)| *start);
        chunks.into_iter().flat_map(|(_, rows)| rows).collect()
    }

    fn rows_one_by_one(&self, entry: &Entry<'_>) -> Vec<RowAnswer> {
        let mut answers = Vec::new();
        let programme = entry.swept.programme;
        for root in 0..self.snapshot.rows(0) {
            let context = &entry.swept.contexts[self.snapshot.division_of(root)];
            for row in self.rows_below(entry.table, root..root + 1) {
                let record = self.snapshot.record(entry.table, row);
                let answer = programme.answer(&record, context);
                let decided = programme.decide(&record, context);
                let mask = |wanted: Outcome| {
                    let conditions = decided.conditions.iter().take(CONDITIONS_MAX).enumerate();
                    conditions
                        .filter(|(_, one)| one.outcome == wanted)
                        .fold(0, |mask, (bit, _)| mask | 1 << bit)
                };
                answers.push(RowAnswer {
                    outcome: answer.outcome,
                    amount: fen(&answer).map(Fen),
                    failed: mask(Outcome::NotMet),
                    unknown: mask(Outcome::Unknown),
                });
            }
        }
        answers
    }
}

/// A mask of the chunk, settled ones too.
enum Seen<'m> {
    Same(bool),
    Rows(&'m [u8]),
}

impl Seen<'_> {
    fn get(&self, row: usize) -> bool {
        match self {
            Seen::Same(value) => *value,
            Seen::Rows(rows) => rows[row] != 0,
        }
    }
}

fn seen<'m>(machine: &'m Machine<'_>, mask: Mask) -> Seen<'m> {
    match mask {
        Mask::Yes => Seen::Same(true),
        Mask::No => Seen::Same(false),
        Mask::Node(id) => Seen::Rows(truths(machine, id)),
    }
}

fn answers(machine: &Machine<'_>, table: usize, translated: &Translated) -> Vec<RowAnswer> {
    let rows: Range<usize> = 0..machine.rows[table].len();
    let outcome_of = |truth: &Truth| {
        let (yes, no) = (seen(machine, truth.yes), truth.no.map(|no| seen(machine, no)));
        move |row: usize| {
            if yes.get(row) {
                Outcome::Met
            } else if no.as_ref().is_none_or(|no| no.get(row)) {
                Outcome::NotMet
            } else {
                Outcome::Unknown
            }
        }
    };
    let outcome = outcome_of(&translated.outcome);
    let conditions: Vec<_> = translated.conditions.iter().take(CONDITIONS_MAX).map(outcome_of).collect();
    let amount: Option<(Option<Slice<'_>>, i64, Seen<'_>)> = translated.amount.map(|(amount, known)| {
        let known = seen(machine, known);
        match amount {
            Arg::Const(value) => (None, value, known),
            Arg::Node(id) => (Some(machine.view(id)), 0, known),
        }
    });
    rows.map(|row| {
        let outcome = outcome(row);
        let mask = |wanted: Outcome| {
            let conditions = conditions.iter().enumerate();
            conditions
                .filter(|(_, condition)| condition(row) == wanted)
                .fold(0, |mask, (bit, _)| mask | 1 << bit)
        };
        let amount = amount.as_ref().filter(|(_, _, known)| outcome == Outcome::Met && known.get(row));
        RowAnswer {
            outcome,
            amount: amount.map(|(values, same, _)| Fen(values.map_or(*same, |values| values.get(row)))),
            failed: mask(Outcome::NotMet),
            unknown: mask(Outcome::Unknown),
        }
    })
    .collect()
}
