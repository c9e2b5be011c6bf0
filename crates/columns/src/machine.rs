//! Runs a plan over chunks of whole households. A chunk's rows of all tables fit the first two caches; the buffers
//! between steps are taken again and again. The same code is compiled three times: for every x86-64 or other processor, and
//! for those with AVX2 or AVX-512 (x86-64-v3 and v4), which is asked of the processor when the sweep starts.

use std::ops::Range;

use crate::cells::{Slice, Values, Width};
use crate::graph::{Arg, Id, Link, Op};
use crate::kernel::{self, Places};
use crate::plan::{Picked, Place, Plan, target};
use crate::snapshot::Snapshot;

/// What the processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Processor {
    /// What the program was built for.
    Portable,
    /// AVX2 and what comes with it (x86-64-v3).
    V3,
    /// AVX-512 and what comes with it (x86-64-v4).
    V4,
}

impl Processor {
    /// The best that this processor can do.
    pub fn detect() -> Processor {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
        {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            return if wide { Processor::V4 } else { Processor::V3 };
        }
        Processor::Portable
    }
}

/// One thread's buffers.
pub(crate) struct Machine<'p> {
    pub snapshot: &'p Snapshot,
    pub plan: &'p Plan,
    buffers: Vec<Values>,
    /// By table: the place of each row's parent in the chunk.
    owners: Vec<Places>,
    narrow: Vec<i32>,
    wide: Vec<i64>,
    /// Rows of each table in the chunk.
    pub rows: Vec<Range<usize>>,
}

/// An offset table's slice for the parents of the chunk.
pub(crate) fn offsets_of<'s>(snapshot: &'s Snapshot, table: usize, parents: &Range<usize>) -> &'s [u32] {
    &snapshot.offsets(table)[parents.start..parents.end + 1]
}

fn empty(width: Width) -> Values {
    match width {
        Width::U8 => Values::U8(Vec::new()),
        Width::U16 => Values::U16(Vec::new()),
        Width::I32 => Values::I32(Vec::new()),
        Width::I64 => Values::I64(Vec::new()),
    }
}

fn resize(values: &mut Values, rows: usize) {
    match values {
        Values::U8(values) => values.resize(rows, 0),
        Values::U16(values) => values.resize(rows, 0),
        Values::I32(values) => values.resize(rows, 0),
        Values::I64(values) => values.resize(rows, 0),
    }
}

impl<'p> Machine<'p> {
    pub(crate) fn new(snapshot: &'p Snapshot, plan: &'p Plan) -> Machine<'p> {
        let tables = snapshot.schema().tables.len();
        Machine {
            snapshot,
            plan,
            buffers: plan.buffers.iter().map(|&width| empty(width)).collect(),
            owners: vec![Places::default(); tables],
            narrow: Vec::new(),
            wide: Vec::new(),
            rows: vec![0..0; tables],
        }
    }

    /// The chunk of these root rows.
    #[inline(always)]
    pub(crate) fn enter(&mut self, roots: Range<usize>) {
        self.rows[0] = roots;
        for (index, table) in self.snapshot.schema().tables.iter().enumerate().skip(1) {
            let Some(parent) = &table.parent else { continue };
            let parents = self.rows[parent.table].clone();
            let offsets = offsets_of(self.snapshot, index, &parents);
            let (first, end) = (offsets[0], offsets[parents.len()]);
            self.rows[index] = first as usize..end as usize;
            if self.plan.owned[index] {
                kernel::owners(offsets, &mut self.owners[index]);
            }
        }
    }

    /// For each row of a table the place of its parent in the chunk; the plan owns every table that is asked for.
    #[inline(always)]
    pub(crate) fn owners(&self, table: usize) -> &Places {
        &self.owners[table]
    }

    #[inline(always)]
    pub(crate) fn view(&self, id: Id) -> Slice<'_> {
        match self.plan.places[id.0 as usize] {
            Place::Buffer(buffer) => self.buffers[buffer].slice(),
            Place::Leaf | Place::Nowhere => self.leaf(id),
        }
    }

    #[inline(always)]
    fn leaf(&self, id: Id) -> Slice<'p> {
        let node = self.plan.node(id);
        let rows = self.rows[node.table].clone();
        let stored = match node.op {
            Op::Column(column) => self.snapshot.stored(node.table, column),
            _ => self.snapshot.stored_division(),
        };
        self.snapshot.values(stored).range(rows)
    }

    /// Every step of the plan, for the chunk entered.
    #[inline(always)]
    pub(crate) fn run(&mut self) {
        let plan = self.plan;
        for &id in &plan.steps {
            let Place::Buffer(buffer) = plan.places[id.0 as usize] else { continue };
            let node = plan.node(id);
            let rows = self.rows[node.table].len();
            let mut out = std::mem::take(&mut self.buffers[buffer]);
            resize(&mut out, rows);
            if !self.across(id, &mut out) {
                row_by_row(plan, id, |id| self.view(id), &mut out);
            }
            self.buffers[buffer] = out;
        }
    }

    /// Steps that look at bits or at other rows than their own; false if the step is none of them.
    #[inline(always)]
    fn across(&mut self, id: Id, out: &mut Values) -> bool {
        let snapshot = self.snapshot;
        let node = self.plan.node(id);
        let rows = self.rows[node.table].clone();
        match &node.op {
            Op::Known(column) => bits(snapshot.known(snapshot.stored(node.table, *column)), rows.start, out),
            Op::ReferenceKnown(reference) => {
                bits(snapshot.known(snapshot.stored_reference(node.table, *reference)), rows.start, out);
            }
            Op::Listed(table) => bits(snapshot.listed(*table), rows.start, out),
            Op::Present(table) => {
                if let Values::U8(out) = out {
                    let offsets = offsets_of(snapshot, *table, &rows);
                    kernel::zip(offsets, &offsets[1..], out, |start, end| u8::from(end > start));
                }
            }
            Op::Rows(table) => {
                if let Values::I32(out) = out {
                    let offsets = offsets_of(snapshot, *table, &rows);
                    kernel::zip(offsets, &offsets[1..], out, |start, end| (end - start) as i32);
                }
            }
            Op::Broadcast(above) => {
                let owner = self.owners(node.table);
                match (self.view(*above), out) {
                    (Slice::U8(values), Values::U8(out)) => kernel::broadcast(values, owner, out),
                    (Slice::U16(values), Values::U16(out)) => kernel::broadcast(values, owner, out),
                    (Slice::I32(values), Values::I32(out)) => kernel::broadcast(values, owner, out),
                    (Slice::I64(values), Values::I64(out)) => kernel::broadcast(values, owner, out),
                    _ => widths_differ(),
                }
            }
            Op::Gather(link, value) => self.gather(node.table, *link, *value, node.min, out),
            Op::Sum(value) => self.sum(*value, out),
            Op::Smallest(value) | Op::Largest(value) => {
                let least = matches!(node.op, Op::Smallest(_));
                let table = self.plan.node(*value).table;
                let offsets = offsets_of(snapshot, table, &rows);
                let base = offsets[0];
                match (self.view(*value), out) {
                    (Slice::I32(values), Values::I32(out)) => {
                        kernel::extremes(values, offsets, base, least, node.min as i32, out);
                    }
                    (Slice::I64(values), Values::I64(out)) => {
                        kernel::extremes(values, offsets, base, least, node.min, out);
                    }
                    _ => widths_differ(),
                }
            }
            _ => return false,
        }
        true
    }

    #[inline(always)]
    fn sum(&mut self, value: Id, out: &mut Values) {
        let table = self.plan.node(value).table;
        let parent = self.snapshot.schema().tables[table].parent.as_ref().map_or(0, |parent| parent.table);
        let offsets = offsets_of(self.snapshot, table, &self.rows[parent]);
        let base = offsets[0];
        let (mut narrow, mut wide) = (std::mem::take(&mut self.narrow), std::mem::take(&mut self.wide));
        macro_rules! sum {
            ($values:ident, $out:ident, $running:ident, $type:ty) => {
                kernel::sums(
                    $values,
                    offsets,
                    base,
                    &mut $running,
                    $out,
                    0,
                    |sum: $type, value| sum.wrapping_add(value as $type),
                    <$type>::wrapping_sub,
                )
            };
        }
        match (self.view(value), out) {
            (Slice::U8(values), Values::I32(out)) => sum!(values, out, narrow, i32),
            (Slice::U16(values), Values::I32(out)) => sum!(values, out, narrow, i32),
            (Slice::I32(values), Values::I32(out)) => sum!(values, out, narrow, i32),
            (Slice::I64(values), Values::I32(out)) => sum!(values, out, narrow, i32),
            (Slice::U8(values), Values::I64(out)) => sum!(values, out, wide, i64),
            (Slice::U16(values), Values::I64(out)) => sum!(values, out, wide, i64),
            (Slice::I32(values), Values::I64(out)) => sum!(values, out, wide, i64),
            (Slice::I64(values), Values::I64(out)) => sum!(values, out, wide, i64),
            _ => widths_differ(),
        }
        (self.narrow, self.wide) = (narrow, wide);
    }

    #[inline(always)]
    fn gather(&self, table: usize, link: Link, value: Id, none: i64, out: &mut Values) {
        let rows = &self.rows[table];
        let offsets = offsets_of(self.snapshot, target(link), rows);
        let base = offsets[0];
        let positions = match link {
            Link::Only(_) => None,
            Link::At { reference, .. } => {
                let stored = self.snapshot.stored_reference(table, reference);
                // A reference that is always to the first row, as to the head of a household, is not looked at.
                let first = stored.min == 0 && stored.max == 0;
                (!first).then(|| (self.snapshot.values(stored).range(rows.clone()), stored.base))
            }
        };
        // Where there is no such row the value is unknown and only has to lie in the node's range.
        let place = |row: usize| {
            let (first, end) = ((offsets[row] - base) as usize, (offsets[row + 1] - base) as usize);
            let position = positions.map_or(0, |(positions, base)| (positions.get(row) + base) as usize);
            (first + position < end).then_some(first + position)
        };
        macro_rules! gather {
            ($values:ident, $out:ident, $type:ty) => {
                if positions.is_none() {
                    let (rows, none) = ($values.len(), none as $type);
                    kernel::zip(offsets, &offsets[1..], $out, |first, end| {
                        let place = (first - base) as usize;
                        if first < end && place < rows { $values[place] } else { none }
                    });
                } else {
                    for (row, out) in $out.iter_mut().enumerate() {
                        *out = place(row).map_or(none as $type, |place| $values[place]);
                    }
                }
            };
        }
        match (self.view(value), out) {
            (Slice::U8(values), Values::U8(out)) => gather!(values, out, u8),
            (Slice::U16(values), Values::U16(out)) => gather!(values, out, u16),
            (Slice::I32(values), Values::I32(out)) => gather!(values, out, i32),
            (Slice::I64(values), Values::I64(out)) => gather!(values, out, i64),
            _ => widths_differ(),
        }
    }
}

fn bits(bits: Option<&[u8]>, first: usize, out: &mut Values) {
    if let Values::U8(out) = out {
        match bits {
            Some(bits) => kernel::unpack(bits, first, out),
            None => out.fill(1),
        }
    }
}

/// One thread's buffers for picked rows.
#[derive(Debug)]
pub(crate) struct PickedMachine {
    buffers: Vec<Values>,
    /// The picked rows of the unit's table, and of each table above, in the chunk.
    pub rows: Vec<Places>,
}

impl PickedMachine {
    pub(crate) fn new(picked: &Picked, tables: usize) -> PickedMachine {
        PickedMachine {
            buffers: picked.buffers.iter().map(|&width| empty(width)).collect(),
            rows: vec![Places::default(); tables],
        }
    }

    #[inline(always)]
    pub(crate) fn run(&mut self, machine: &Machine<'_>, picked: &Picked) {
        for &(id, buffer) in &picked.leaves {
            let rows = &self.rows[machine.plan.node(id).table];
            let mut out = std::mem::take(&mut self.buffers[buffer]);
            resize(&mut out, rows.all().len());
            match (machine.view(id), &mut out) {
                (Slice::U8(values), Values::U8(out)) => kernel::broadcast(values, rows, out),
                (Slice::U16(values), Values::U16(out)) => kernel::broadcast(values, rows, out),
                (Slice::I32(values), Values::I32(out)) => kernel::broadcast(values, rows, out),
                (Slice::I64(values), Values::I64(out)) => kernel::broadcast(values, rows, out),
                _ => widths_differ(),
            }
            self.buffers[buffer] = out;
        }
        let count = self.rows[0].all().len();
        for &id in &picked.steps {
            let buffer = picked.buffer(id);
            let mut out = std::mem::take(&mut self.buffers[buffer]);
            resize(&mut out, count);
            row_by_row(machine.plan, id, |id| self.view(picked, id), &mut out);
            self.buffers[buffer] = out;
        }
    }

    #[inline(always)]
    pub(crate) fn view(&self, picked: &Picked, id: Id) -> Slice<'_> {
        self.buffers[picked.buffer(id)].slice()
    }
}

/// The graph gives both sides of every operation one width and each node the width that its operation makes.
#[cold]
fn widths_differ() -> ! {
    unreachable!("the graph widens what an operation reads to one width")
}

/// One step whose rows are independent.
#[inline(always)]
fn row_by_row<'v>(plan: &Plan, id: Id, view: impl Fn(Id) -> Slice<'v>, out: &mut Values) {
    macro_rules! two {
        ($a:expr, $b:expr, $f:ident) => {
            match (view($a), view($b), out) {
                (Slice::I32(a), Slice::I32(b), Values::I32(out)) => kernel::zip(a, b, out, |a, b| a.$f(b)),
                (Slice::I64(a), Slice::I64(b), Values::I64(out)) => kernel::zip(a, b, out, |a, b| a.$f(b)),
                _ => widths_differ(),
            }
        };
    }
    macro_rules! one {
        ($a:expr, |$value:ident: $type:ident| $narrow:expr) => {
            match (view($a), out) {
                (Slice::I32(a), Values::I32(out)) => {
                    type $type = i32;
                    kernel::map(a, out, |$value: $type| $narrow)
                }
                (Slice::I64(a), Values::I64(out)) => {
                    type $type = i64;
                    kernel::map(a, out, |$value: $type| $narrow)
                }
                _ => widths_differ(),
            }
        };
    }
    macro_rules! extreme {
        ($a:expr, $b:expr, $f:ident) => {
            match $b {
                Arg::Node(b) => two!($a, *b, $f),
                Arg::Const(b) => one!($a, |value: T| value.$f(*b as T)),
            }
        };
    }
    debug_assert!(plan.node(id).op.is_row_by_row());
    match &plan.node(id).op {
        Op::Widen(a) => match (view(*a), out) {
            (Slice::U8(a), Values::U16(out)) => kernel::map(a, out, u16::from),
            (Slice::U8(a), Values::I32(out)) => kernel::map(a, out, i32::from),
            (Slice::U8(a), Values::I64(out)) => kernel::map(a, out, i64::from),
            (Slice::U16(a), Values::I32(out)) => kernel::map(a, out, i32::from),
            (Slice::U16(a), Values::I64(out)) => kernel::map(a, out, i64::from),
            (Slice::I32(a), Values::I64(out)) => kernel::map(a, out, i64::from),
            _ => widths_differ(),
        },
        Op::Add(a, b) => two!(*a, *b, wrapping_add),
        Op::Subtract(a, b) => two!(*a, *b, wrapping_sub),
        Op::Multiply(a, b) => two!(*a, *b, wrapping_mul),
        Op::AddConst(a, b) => one!(*a, |value: T| value.wrapping_add(*b as T)),
        Op::MultiplyConst(a, b) => one!(*a, |value: T| value.wrapping_mul(*b as T)),
        Op::SubtractFrom(from, a) => one!(*a, |value: T| (*from as T).wrapping_sub(value)),
        Op::Shift(a, bits) => one!(*a, |value: T| value >> bits),
        Op::Abs(a) => one!(*a, |value: T| value.wrapping_abs()),
        Op::Least(a, b) => extreme!(*a, b, min),
        Op::Greatest(a, b) => extreme!(*a, b, max),
        Op::Divide(a, Arg::Const(b), rounding) => match (view(*a), out) {
            (Slice::I32(a), Values::I32(out)) => {
                kernel::map(a, out, |a| kernel::divide_narrow(a, *b as i32, *rounding));
            }
            (Slice::I64(a), Values::I64(out)) => kernel::map(a, out, |a| kernel::divide(a, *b, *rounding)),
            _ => widths_differ(),
        },
        Op::Divide(a, Arg::Node(b), rounding) => match (view(*a), view(*b), out) {
            (Slice::I32(a), Slice::I32(b), Values::I32(out)) => {
                kernel::zip(a, b, out, |a, b| kernel::divide_narrow(a, b, *rounding));
            }
            (Slice::I64(a), Slice::I64(b), Values::I64(out)) => {
                kernel::zip(a, b, out, |a, b| kernel::divide(a, b, *rounding));
            }
            _ => widths_differ(),
        },
        Op::Compare(comparator, a, b) => {
            let Values::U8(out) = out else { widths_differ() };
            match (view(*a), view(*b)) {
                (Slice::U8(a), Slice::U8(b)) => kernel::compare(*comparator, a, b, out),
                (Slice::U16(a), Slice::U16(b)) => kernel::compare(*comparator, a, b, out),
                (Slice::I32(a), Slice::I32(b)) => kernel::compare(*comparator, a, b, out),
                (Slice::I64(a), Slice::I64(b)) => kernel::compare(*comparator, a, b, out),
                _ => widths_differ(),
            }
        }
        Op::CompareConst(comparator, a, b) => {
            let Values::U8(out) = out else { widths_differ() };
            match view(*a) {
                Slice::U8(a) => kernel::compare_const(*comparator, a, *b as u8, out),
                Slice::U16(a) => kernel::compare_const(*comparator, a, *b as u16, out),
                Slice::I32(a) => kernel::compare_const(*comparator, a, *b as i32, out),
                Slice::I64(a) => kernel::compare_const(*comparator, a, *b, out),
            }
        }
        Op::And(all) => join(all, view, out, |a, b| a & b),
        Op::Or(all) => join(all, view, out, |a, b| a | b),
        Op::Not(a) => match (view(*a), out) {
            (Slice::U8(a), Values::U8(out)) => kernel::map(a, out, |a| a ^ 1),
            _ => widths_differ(),
        },
        Op::Select(mask, a, b) => {
            let Slice::U8(mask) = view(*mask) else { widths_differ() };
            macro_rules! select {
                ($out:ident, $variant:ident, $type:ty) => {
                    match (a, b) {
                        (Arg::Const(a), Arg::Const(b)) => {
                            let (a, b) = (*a as $type, *b as $type);
                            kernel::map(mask, $out, |mask| if mask != 0 { a } else { b });
                        }
                        (Arg::Node(a), Arg::Const(b)) => {
                            let (Slice::$variant(a), b) = (view(*a), *b as $type) else { widths_differ() };
                            kernel::zip(mask, a, $out, |mask, a| if mask != 0 { a } else { b });
                        }
                        (Arg::Const(a), Arg::Node(b)) => {
                            let (Slice::$variant(b), a) = (view(*b), *a as $type) else { widths_differ() };
                            kernel::zip(mask, b, $out, |mask, b| if mask != 0 { a } else { b });
                        }
                        (Arg::Node(a), Arg::Node(b)) => {
                            let (Slice::$variant(a), Slice::$variant(b)) = (view(*a), view(*b)) else {
                                widths_differ()
                            };
                            kernel::zip3(mask, a, b, $out, |mask, a, b| if mask != 0 { a } else { b });
                        }
                    }
                };
            }
            match out {
                Values::I32(out) => select!(out, I32, i32),
                Values::I64(out) => select!(out, I64, i64),
                Values::U8(_) | Values::U16(_) => widths_differ(),
            }
        }
        Op::Lookup { index, first, .. } => {
            macro_rules! lookup {
                ($values:ident, $out:ident) => {
                    match view(*index) {
                        Slice::U8(index) => kernel::lookup(index, *first, $values, $out),
                        Slice::U16(index) => kernel::lookup(index, *first, $values, $out),
                        Slice::I32(index) => kernel::lookup(index, *first, $values, $out),
                        Slice::I64(index) => kernel::lookup(index, *first, $values, $out),
                    }
                };
            }
            match (plan.lookups[id.0 as usize].as_deref(), out) {
                (Some(Values::U8(values)), Values::U8(out)) => lookup!(values, out),
                (Some(Values::I32(values)), Values::I32(out)) => lookup!(values, out),
                (Some(Values::I64(values)), Values::I64(out)) => lookup!(values, out),
                _ => widths_differ(),
            }
        }
        Op::Calendar(function, a, b) => {
            let Values::I32(out) = out else { widths_differ() };
            let narrow = |id| match view(id) {
                Slice::I32(values) => values,
                Slice::U8(_) | Slice::U16(_) | Slice::I64(_) => widths_differ(),
            };
            match (a, b) {
                (Arg::Node(a), Arg::Node(b)) => {
                    kernel::zip(narrow(*a), narrow(*b), out, |a, b| kernel::calendar(*function, a, b));
                }
                (Arg::Node(a), Arg::Const(b)) => {
                    kernel::map(narrow(*a), out, |a| kernel::calendar(*function, a, *b as i32));
                }
                (Arg::Const(a), Arg::Node(b)) => {
                    kernel::map(narrow(*b), out, |b| kernel::calendar(*function, *a as i32, b));
                }
                (Arg::Const(a), Arg::Const(b)) => {
                    out.fill(kernel::calendar(*function, *a as i32, *b as i32));
                }
            }
        }
        // `Machine::across` has done it: [`Op::is_row_by_row`] is false.
        _ => {}
    }
}

/// AND or OR over two or more masks.
#[inline(always)]
fn join<'v>(all: &[Id], view: impl Fn(Id) -> Slice<'v>, out: &mut Values, f: impl Fn(u8, u8) -> u8 + Copy) {
    let Values::U8(out) = out else { widths_differ() };
    let mask = |id: Id| match view(id) {
        Slice::U8(mask) => mask,
        Slice::U16(_) | Slice::I32(_) | Slice::I64(_) => widths_differ(),
    };
    let rest = match all {
        [a, b] => return kernel::zip(mask(*a), mask(*b), out, f),
        [a, b, c, rest @ ..] => {
            kernel::zip3(mask(*a), mask(*b), mask(*c), out, |a, b, c| f(f(a, b), c));
            rest
        }
        [] | [_] => widths_differ(),
    };
    for &id in rest {
        let more = &mask(id)[..out.len()];
        for (out, &more) in out.iter_mut().zip(more) {
            *out = f(*out, more);
        }
    }
}
