//! The sweep: every programme over the whole snapshot, all cores. Programmes are translated together, so that what
//! they share is worked out once. What has no vector form (see [`Way`]) is decided household by household with the
//! evaluator of `rules`, so every answer is there and every answer is the same.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rules::{Context, Outcome, Programme};
use vocab::Fen;

use crate::ColumnsError;
use crate::cells::Slice;
use crate::graph::{Arg, Graph, Id, Mask, Refusal};
use crate::kernel::{self, Places};
use crate::machine::{Machine, PickedMachine, Processor, offsets_of};
use crate::plan::{Picked, Plan, Wanted, arg_id, mask_id};
use crate::snapshot::Snapshot;
use crate::translate::{Translated, Translator};

/// Rows of the largest table in a chunk: its columns and buffers fit the first two caches.
const CHUNK_ROWS: usize = 4_096;
/// Chunks that a thread takes at a time.
const CHUNKS_AT_ONCE: usize = 16;

/// A programme and what it is decided with in each division of the snapshot, in the order of
/// [`Snapshot::divisions`].
#[derive(Debug, Clone)]
pub struct Swept<'a> {
    /// The programme.
    pub programme: &'a Programme,
    /// By division.
    pub contexts: Vec<Context>,
}

/// How a programme is worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// In vectors.
    Vectors,
    /// One record after the other, because of this: a width that cannot be proven, a quotient of each member that is
    /// summed, an aggregate that compares a member with the others.
    OneByOne(String),
}

/// Programmes made ready for one snapshot.
#[derive(Debug)]
pub struct Sweep<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) graph: Graph<'a>,
    pub(crate) entries: Vec<Entry<'a>>,
    plan: Plan,
    /// The amount of each entry, where it is not the same for all.
    amounts: Vec<Option<Picked>>,
    processor: Processor,
    /// How many threads.
    pub threads: usize,
    /// Rows of the largest table in a chunk.
    pub chunk_rows: usize,
}

#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub swept: Swept<'a>,
    pub table: usize,
    pub translated: Result<Translated, String>,
}

/// What a programme comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Id of the programme.
    pub programme: String,
    /// Shape of the unit.
    pub unit_shape: String,
    /// How it was worked out.
    pub way: Way,
    /// By division.
    pub divisions: Vec<DivisionTotals>,
}

/// What a programme comes to in a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DivisionTotals {
    /// Units that are eligible.
    pub met: u64,
    /// Units that are not.
    pub not_met: u64,
    /// Units of which something is missing.
    pub unknown: u64,
    /// People of the eligible units.
    pub people: u64,
    /// Money a month for the eligible units whose amount is known.
    pub amount: Fen,
    /// Eligible units whose amount is unknown.
    pub amount_unknown: u64,
}

impl DivisionTotals {
    fn add(&mut self, other: &DivisionTotals) {
        let DivisionTotals { met, not_met, unknown, people, amount, amount_unknown } = *other;
        self.met += met;
        self.not_met += not_met;
        self.unknown += unknown;
        self.people += people;
        self.amount.0 += amount.0;
        self.amount_unknown += amount_unknown;
    }
}

impl<'a> Sweep<'a> {
    /// Translates programmes for a snapshot.
    ///
    /// # Errors
    /// A column that a programme reads and the snapshot does not hold; contexts for other divisions.
    pub fn new(snapshot: &'a Snapshot, programmes: Vec<Swept<'a>>) -> Result<Sweep<'a>, ColumnsError> {
        let mut graph = Graph::new(snapshot.schema());
        let mut codes = snapshot.codes().to_vec();
        let mut entries = Vec::new();
        for swept in programmes {
            if swept.contexts.len() != snapshot.divisions().len() {
                return Err(ColumnsError::Contexts {
                    snapshot: snapshot.divisions().len(),
                    contexts: swept.contexts.len(),
                });
            }
            let compiled = swept.programme.compiled();
            let missing =
                |field: String| ColumnsError::MissingColumn { programme: compiled.id.to_owned(), field };
            let table = snapshot.schema().unit(compiled.unit_shape);
            let table = table.ok_or_else(|| missing(compiled.unit_shape.to_owned()))?;
            for (shape, field) in swept.programme.facts() {
                if !snapshot.schema().has_column(&shape, &field) {
                    return Err(missing(format!("{shape}.{field}")));
                }
            }
            let translator = Translator::new(&mut graph, snapshot, &swept.contexts, &mut codes);
            let translated = match translator.programme(&compiled) {
                Ok(translated) => Ok(translated),
                Err(Refusal::Unsupported(reason)) => Err(reason),
                Err(Refusal::Missing(field)) => return Err(missing(field)),
            };
            entries.push(Entry { swept, table, translated });
        }
        let mut dense = Vec::new();
        let mut wanted = Vec::new();
        for entry in &entries {
            let Ok(Translated { outcome, amount, .. }) = &entry.translated else { continue };
            dense.extend(mask_id(outcome.yes).into_iter().chain(outcome.no.and_then(mask_id)));
            if let Some((amount, known)) = amount {
                let nodes = arg_id(*amount).into_iter().chain(mask_id(*known)).collect();
                wanted.push(Wanted { table: entry.table, nodes });
            }
        }
        let units: Vec<usize> = entries.iter().map(|entry| entry.table).collect();
        let (plan, picked) = Plan::new(&graph, &dense, &wanted, &units);
        let mut picked = picked.into_iter();
        let amounts = entries.iter().map(|entry| {
            let has_amount = entry.translated.as_ref().is_ok_and(|translated| translated.amount.is_some());
            if has_amount { picked.next() } else { None }
        });
        let amounts = amounts.collect();
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Sweep {
            snapshot,
            graph,
            entries,
            plan,
            amounts,
            processor: Processor::detect(),
            threads,
            chunk_rows: CHUNK_ROWS,
        })
    }

    /// The same without the instructions that only better processors than this have.
    pub fn limited_to(mut self, processor: Processor) -> Sweep<'a> {
        self.processor = self.processor.min(processor);
        self
    }

    /// Which instructions are used.
    pub fn processor(&self) -> Processor {
        self.processor
    }

    /// How each programme is worked out.
    pub fn ways(&self) -> Vec<(&str, Way)> {
        let way = |entry: &Entry<'_>| match &entry.translated {
            Ok(_) => Way::Vectors,
            Err(reason) => Way::OneByOne(reason.clone()),
        };
        self.entries.iter().map(|entry| (entry.swept.programme.source().id.as_str(), way(entry))).collect()
    }

    /// Steps of the vector programme for each row, and for eligible rows.
    pub fn steps(&self) -> (usize, usize) {
        (self.plan.steps.len(), self.amounts.iter().flatten().map(|amount| amount.steps.len()).sum())
    }

    /// Counts, people and money by programme and division.
    pub fn totals(&self) -> Vec<Totals> {
        let divisions = self.snapshot.divisions().len();
        let blank = || vec![vec![DivisionTotals::default(); divisions]; self.entries.len()];
        let mut totals = blank();
        let tallies = self.each_chunk(&self.plan, || Tally::new(self, blank()), Tally::chunk);
        for tally in tallies {
            for (sums, more) in totals.iter_mut().zip(&tally.totals) {
                sums.iter_mut().zip(more).for_each(|(sum, more)| sum.add(more));
            }
        }
        for (entry, sums) in self.entries.iter().zip(&mut totals) {
            match &entry.translated {
                Ok(_) => {
                    for (division, sum) in sums.iter_mut().enumerate() {
                        sum.not_met = self.snapshot.rows_in(entry.table, division) - sum.met - sum.unknown;
                    }
                }
                Err(_) => self.one_by_one(entry, sums),
            }
        }
        let ways = self.ways().into_iter().map(|(_, way)| way);
        let named = self.entries.iter().zip(totals).zip(ways).map(|((entry, divisions), way)| Totals {
            programme: entry.swept.programme.source().id.clone(),
            unit_shape: entry.swept.programme.source().unit_shape.clone(),
            way,
            divisions,
        });
        named.collect()
    }

    fn one_by_one(&self, entry: &Entry<'_>, totals: &mut [DivisionTotals]) {
        for root in 0..self.snapshot.rows(0) {
            let division = self.snapshot.division_of(root);
            let total = &mut totals[division];
            for row in self.rows_below(entry.table, root..root + 1) {
                let record = self.snapshot.record(entry.table, row);
                let answer = entry.swept.programme.answer(&record, &entry.swept.contexts[division]);
                match answer.outcome {
                    Outcome::NotMet => total.not_met += 1,
                    Outcome::Unknown => total.unknown += 1,
                    Outcome::Met => {
                        total.met += 1;
                        total.people += self.people(entry.table, row);
                        match fen(&answer) {
                            Some(amount) => total.amount.0 += amount,
                            None if entry.swept.programme.compiled().amount.is_some() => {
                                total.amount_unknown += 1;
                            }
                            None => {}
                        }
                    }
                }
            }
        }
    }

    /// People of a unit.
    fn people(&self, table: usize, row: usize) -> u64 {
        match self.snapshot.schema().people {
            Some(people) if table == 0 => {
                let offsets = self.snapshot.offsets(people);
                u64::from(offsets[row + 1] - offsets[row])
            }
            _ => 1,
        }
    }

    /// The rows of a table that hang below these rows of the root.
    pub(crate) fn rows_below(&self, table: usize, roots: Range<usize>) -> Range<usize> {
        let Some(parent) = &self.snapshot.schema().tables[table].parent else { return roots };
        let parents = self.rows_below(parent.table, roots);
        let offsets = self.snapshot.offsets(table);
        offsets[parents.start] as usize..offsets[parents.end] as usize
    }

    /// Runs a plan over all chunks on all threads; each thread keeps a state of its own and takes what is next.
    pub(crate) fn each_chunk<S: Send>(
        &self,
        plan: &Plan,
        state: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, &Machine<'_>) + Sync,
    ) -> Vec<S> {
        let next = AtomicUsize::new(0);
        let threads =
            self.threads.clamp(1, self.snapshot.rows(0).div_ceil(self.chunk_roots() * CHUNKS_AT_ONCE).max(1));
        let shares = (0..threads).map(|_| (&next, self.snapshot.rows(0))).collect();
        self.drive(plan, shares, |_| state(), visit)
    }

    /// The same, but each thread has a part of the households, in their order.
    pub(crate) fn each_part<S: Send>(
        &self,
        plan: &Plan,
        state: impl Fn(usize) -> S + Sync,
        visit: impl Fn(&mut S, &Machine<'_>) + Sync,
    ) -> Vec<S> {
        let (roots, threads) = (self.snapshot.rows(0), self.threads.max(1));
        let part = roots.div_ceil(threads).max(1);
        let starts: Vec<AtomicUsize> = (0..threads).map(|index| AtomicUsize::new(index * part)).collect();
        let ends = (1..=threads).map(|index| (index * part).min(roots));
        self.drive(plan, starts.iter().zip(ends).collect(), state, visit)
    }

    fn chunk_roots(&self) -> usize {
        let tables = self.snapshot.schema().tables.len();
        let most = (0..tables).map(|table| self.snapshot.rows(table)).max().unwrap_or(0).max(1);
        (self.chunk_rows * self.snapshot.rows(0) / most).clamp(1, self.chunk_rows.max(1))
    }

    fn drive<S: Send>(
        &self,
        plan: &Plan,
        shares: Vec<(&AtomicUsize, usize)>,
        state: impl Fn(usize) -> S + Sync,
        visit: impl Fn(&mut S, &Machine<'_>) + Sync,
    ) -> Vec<S> {
        let chunk = self.chunk_roots();
        let work = |index: usize, next: &AtomicUsize, end: usize| {
            let mut own = state(index);
            let task = Task { snapshot: self.snapshot, plan, chunk, next, end };
            match self.processor {
                Processor::Portable => task.run(&mut own, &visit),
                #[cfg(not(target_arch = "x86_64"))]
                Processor::V3 | Processor::V4 => task.run(&mut own, &visit),
                #[cfg(target_arch = "x86_64")]
                #[expect(unsafe_code, reason = "code for processors with AVX2 runs on those only")]
                // SAFETY: `self.processor` is what `Processor::detect` answered, which asks this very processor for
                // every feature that `run_v3` is compiled for, or less (`Sweep::limited_to`); nothing else sets it.
                Processor::V3 => unsafe { task.run_v3(&mut own, &visit) },
                #[cfg(target_arch = "x86_64")]
                #[expect(unsafe_code, reason = "code for processors with AVX-512 runs on those only")]
                // SAFETY: as above, for the features of `run_v4`.
                Processor::V4 => unsafe { task.run_v4(&mut own, &visit) },
            }
            own
        };
        let work = &work;
        std::thread::scope(|scope| {
            let mut shares = shares.into_iter().enumerate();
            let own = shares.next();
            let others: Vec<_> =
                shares.map(|(index, (next, end))| scope.spawn(move || work(index, next, end))).collect();
            let mut states: Vec<S> =
                own.into_iter().map(|(index, (next, end))| work(index, next, end)).collect();
            for other in others {
                match other.join() {
                    Ok(state) => states.push(state),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            states
        })
    }
}

/// One thread's share.
struct Task<'t> {
    snapshot: &'t Snapshot,
    plan: &'t Plan,
    chunk: usize,
    next: &'t AtomicUsize,
    end: usize,
}

impl Task<'_> {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,popcnt")]
    fn run_v3<S>(&self, state: &mut S, visit: &impl Fn(&mut S, &Machine<'_>)) {
        self.run(state, visit);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
    fn run_v4<S>(&self, state: &mut S, visit: &impl Fn(&mut S, &Machine<'_>)) {
        self.run(state, visit);
    }

    #[inline(always)]
    fn run<S>(&self, state: &mut S, visit: &impl Fn(&mut S, &Machine<'_>)) {
        let mut machine = Machine::new(self.snapshot, self.plan);
        loop {
            let start = self.next.fetch_add(CHUNKS_AT_ONCE * self.chunk, Ordering::Relaxed);
            if start >= self.end {
                return;
            }
            let end = (start + CHUNKS_AT_ONCE * self.chunk).min(self.end);
            for start in (start..end).step_by(self.chunk) {
                machine.enter(start..(start + self.chunk).min(end));
                machine.run();
                visit(state, &machine);
            }
        }
    }
}

/// An answer's amount in fen.
pub(crate) fn fen(answer: &rules::Answer) -> Option<i64> {
    answer.amount.as_ref().and_then(|amount| amount.as_number()).and_then(|amount| amount.to_scaled(2))
}

/// One thread's totals.
struct Tally<'s, 'a> {
    sweep: &'s Sweep<'a>,
    totals: Vec<Vec<DivisionTotals>>,
    picked: Vec<Option<PickedMachine>>,
    rows: Places,
    roots: Places,
    unknown: Vec<u8>,
    /// The division of each root of the chunk.
    division: Vec<u32>,
    /// The people of each root of the chunk.
    people: Vec<u32>,
}

impl<'s, 'a> Tally<'s, 'a> {
    fn new(sweep: &'s Sweep<'a>, totals: Vec<Vec<DivisionTotals>>) -> Tally<'s, 'a> {
        let tables = sweep.snapshot.schema().tables.len();
        let picked = sweep
            .amounts
            .iter()
            .map(|amount| amount.as_ref().map(|amount| PickedMachine::new(amount, tables)));
        Tally {
            sweep,
            totals,
            picked: picked.collect(),
            rows: Places::default(),
            roots: Places::default(),
            unknown: Vec::new(),
            division: Vec::new(),
            people: Vec::new(),
        }
    }

    #[inline(always)]
    fn chunk(&mut self, machine: &Machine<'_>) {
        let roots = machine.rows[0].clone();
        let base = self.sweep.snapshot.stored_division().base;
        self.division.clear();
        match self.sweep.snapshot.division_values().range(roots.clone()) {
            Slice::U8(values) => {
                self.division.extend(values.iter().map(|&value| u32::from(value) + base as u32));
            }
            other => self.division.extend((0..roots.len()).map(|row| (other.get(row) + base) as u32)),
        }
        self.people.clear();
        if let Some(people) = self.sweep.snapshot.schema().people {
            let offsets = offsets_of(self.sweep.snapshot, people, &roots);
            self.people.extend(offsets.windows(2).map(|pair| pair[1] - pair[0]));
        } else {
            self.people.resize(roots.len(), 1);
        }
        for index in 0..self.sweep.entries.len() {
            let entry = &self.sweep.entries[index];
            if let Ok(translated) = &entry.translated {
                if let Some(no) = translated.outcome.no {
                    self.unknown(machine, index, entry.table, translated.outcome.yes, no);
                }
                self.met(machine, index, entry.table, translated);
            }
        }
    }

    #[inline(always)]
    fn unknown(&mut self, machine: &Machine<'_>, index: usize, table: usize, yes: Mask, no: Mask) {
        self.unknown.clear();
        self.unknown.resize(machine.rows[table].len(), 1);
        for mask in [yes, no] {
            match mask {
                Mask::No => {}
                Mask::Yes => self.unknown.fill(0),
                Mask::Node(id) => {
                    let truths = truths(machine, id);
                    self.unknown.iter_mut().zip(truths).for_each(|(unknown, &truth)| *unknown &= truth ^ 1);
                }
            }
        }
        kernel::rows_of(&self.unknown, &mut self.rows);
        to_roots(machine, table, &mut self.rows, &mut self.roots);
        for &root in self.rows.all() {
            self.totals[index][self.division[root as usize] as usize].unknown += 1;
        }
    }

    #[inline(always)]
    fn met(&mut self, machine: &Machine<'_>, index: usize, table: usize, translated: &Translated) {
        match translated.outcome.yes {
            Mask::No => self.rows.none(),
            Mask::Yes => self.rows.every(machine.rows[table].len()),
            Mask::Node(id) => kernel::rows_of(truths(machine, id), &mut self.rows),
        }
        if self.rows.all().is_empty() {
            return;
        }
        let totals = &mut self.totals[index];
        if let (Some(picked), Some(plan), Some((amount, known))) =
            (&mut self.picked[index], &self.sweep.amounts[index], translated.amount)
        {
            // The rows above those picked, up to the root.
            std::mem::swap(&mut picked.rows[table], &mut self.rows);
            let mut at = table;
            while let Some(parent) = &self.sweep.snapshot.schema().tables[at].parent {
                let mut above = std::mem::take(&mut picked.rows[parent.table]);
                above.through(&picked.rows[at], machine.owners(at));
                picked.rows[parent.table] = above;
                at = parent.table;
            }
            picked.run(machine, plan);
            let amounts = match amount {
                Arg::Const(_) => None,
                Arg::Node(id) => Some(picked.view(plan, id)),
            };
            let same = if let Arg::Const(value) = amount { value } else { 0 };
            let known_rows = match known {
                Mask::Node(id) => match picked.view(plan, id) {
                    Slice::U8(known) => Some(known),
                    Slice::U16(_) | Slice::I32(_) | Slice::I64(_) => None,
                },
                Mask::Yes | Mask::No => None,
            };
            for (at, &root) in picked.rows[0].all().iter().enumerate() {
                let total = &mut totals[self.division[root as usize] as usize];
                if known == Mask::No || known_rows.is_some_and(|known| known[at] == 0) {
                    total.amount_unknown += 1;
                } else {
                    total.amount.0 += amounts.map_or(same, |amounts| amounts.get(at));
                }
            }
            std::mem::swap(&mut self.rows, &mut picked.rows[0]);
        } else {
            to_roots(machine, table, &mut self.rows, &mut self.roots);
        }
        for &root in self.rows.all() {
            let total = &mut totals[self.division[root as usize] as usize];
            total.met += 1;
            total.people += if table == 0 { u64::from(self.people[root as usize]) } else { 1 };
        }
    }
}

/// Rows of a table become the rows of the root that they belong to.
#[inline(always)]
fn to_roots(machine: &Machine<'_>, table: usize, rows: &mut Places, spare: &mut Places) {
    let mut at = table;
    while let Some(parent) = &machine.snapshot.schema().tables[at].parent {
        spare.through(rows, machine.owners(at));
        std::mem::swap(rows, spare);
        at = parent.table;
    }
}

#[inline(always)]
pub(crate) fn truths<'m>(machine: &'m Machine<'_>, id: Id) -> &'m [u8] {
    match machine.view(id) {
        Slice::U8(truths) => truths,
        Slice::U16(_) | Slice::I32(_) | Slice::I64(_) => &[],
    }
}
