//! Every value written out: one Arrow IPC file a table and thread, rows in the snapshot's order (`household-0.arrow`,
//! `household-1.arrow`, …, `person-0.arrow`, …), readable by their owner only.
//!
//! | column | holds |
//! |---|---|
//! | `division` | in the table of households: index among the snapshot's divisions |
//! | `household` | in the tables below: the row of the household |
//! | `PROGRAMME` | the outcome: true, false, or null where it is unknown |
//! | `PROGRAMME.amount` | fen a month, null unless eligible and known |
//! | `PROGRAMME.failed` | bit `n`: condition `n` is not met; only where asked for |
//! | `PROGRAMME.DEFINITION` | the definition's value; whole units of its last decimal (`scale` in the column's notes) |
//!
//! A definition that several programmes share stands once, under the first that has it. A definition that is a quotient is
//! rounded to four decimals; one that is a code or goes beyond 64 bits is left out.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::ColumnsError;
use crate::arrow::{ArrowBuffer, ArrowColumn, ArrowField, ArrowFile, ArrowType};
use crate::cells::Slice;
use crate::graph::{Arg, Calendar, Graph, Made, Mask, Rounding};
use crate::machine::Machine;
use crate::plan::{Plan, arg_id, mask_id};
use crate::rows::CONDITIONS_MAX;
use crate::schema::Kind;
use crate::sweep::{Sweep, truths};
use crate::translate::{Truth, Vector};

/// Rows of a record batch, about.
const BATCH_ROWS: usize = 1 << 16;
/// Decimals that a quotient is written with.
const QUOTIENT_DECIMALS: i32 = 4;

/// Where a column comes from.
#[derive(Debug, Clone)]
enum Source {
    Division,
    Household,
    Truth(Truth),
    Number {
        value: Arg,
        known: Mask,
    },
    /// Where each condition is not met.
    Failed(Vec<Mask>),
}

#[derive(Debug, Clone)]
struct Column {
    table: usize,
    field: ArrowField,
    source: Source,
}

impl Sweep<'_> {
    /// Writes every outcome, amount and definition into `folder`; `failed_conditions` adds which conditions are not met.
    ///
    /// # Errors
    /// A folder or disk that cannot be written. Programmes without a vector form are refused: their totals can be had.
    pub fn write(&self, folder: &Path, failed_conditions: bool) -> Result<(), ColumnsError> {
        let failed = |source| ColumnsError::File { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut graph = self.graph.clone();
        let columns = self.written_columns(&mut graph, failed_conditions)?;
        let mut dense = Vec::new();
        for column in &columns {
            match &column.source {
                Source::Division | Source::Household => {}
                Source::Failed(masks) => dense.extend(masks.iter().copied().filter_map(mask_id)),
                Source::Truth(truth) => {
                    dense.extend(mask_id(truth.yes).into_iter().chain(truth.no.and_then(mask_id)));
                }
                Source::Number { value, known } => {
                    dense.extend(arg_id(*value).into_iter().chain(mask_id(*known)));
                }
            }
        }
        let tables: Vec<usize> = (0..graph.schema.tables.len())
            .filter(|table| columns.iter().any(|column| column.table == *table))
            .collect();
        let (plan, _) = Plan::new(&graph, &dense, &[], &tables);
        let parts = self.each_part(
            &plan,
            |part| Part::new(folder, part, self, &tables, &columns),
            |part, machine| {
                if let Ok(part) = part
                    && part.result.is_ok()
                {
                    part.result = part.chunk(machine);
                }
            },
        );
        for part in parts {
            part.and_then(Part::finish).map_err(failed)?;
        }
        Ok(())
    }

    fn written_columns(
        &self,
        graph: &mut Graph<'_>,
        failed_conditions: bool,
    ) -> Result<Vec<Column>, ColumnsError> {
        let schema = self.snapshot.schema();
        let mut columns = Vec::new();
        let mut add = |table: usize, name: String, ty: ArrowType, scale: Option<u32>, source: Source| {
            let notes = scale.map(|scale| ("scale".to_owned(), scale.to_string())).into_iter().collect();
            columns.push(Column { table, field: ArrowField { name, ty, notes }, source });
        };
        let used: HashSet<usize> = self.entries.iter().map(|entry| entry.table).chain([0]).collect();
        for table in 0..schema.tables.len() {
            if used.contains(&table) {
                let ty = ArrowType::Integer { bits: 32, signed: false };
                if table == 0 {
                    add(0, "division".to_owned(), ty, None, Source::Division);
                } else {
                    add(table, "household".to_owned(), ty, None, Source::Household);
                }
            }
        }
        let mut seen = HashSet::new();
        for entry in &self.entries {
            let source = entry.swept.programme.source();
            let translated = match &entry.translated {
                Ok(translated) => translated,
                Err(reason) => {
                    return Err(ColumnsError::Draft(format!(
                        "{} 只能逐户核算（{reason}），不能写成列",
                        source.id
                    )));
                }
            };
            let id = &source.id;
            add(entry.table, id.clone(), ArrowType::Boolean, None, Source::Truth(translated.outcome));
            if let Some((amount, known)) = translated.amount
                && let Ok((value, known)) =
                    eligible(graph, translated.outcome.yes, amount, known, entry.table)
            {
                let ty = integer(graph, value);
                add(entry.table, format!("{id}.amount"), ty, Some(2), Source::Number { value, known });
            }
            if failed_conditions {
                let bits = translated.conditions.len().next_power_of_two().clamp(8, CONDITIONS_MAX) as u8;
                let masks =
                    translated.conditions.iter().take(CONDITIONS_MAX).map(|condition| match condition.no {
                        Some(no) => Ok(no),
                        None => graph.not(condition.yes),
                    });
                if let Ok(masks) = masks.collect::<Made<Vec<Mask>>>() {
                    let ty = ArrowType::Integer { bits, signed: false };
                    add(entry.table, format!("{id}.failed"), ty, None, Source::Failed(masks));
                }
            }
            for (definition, vector) in source.definitions.iter().zip(&translated.definitions) {
                if let Ok(Some((table, ty, scale, source))) = written(graph, vector)
                    && seen.insert(format!("{source:?}"))
                    && used.contains(&table)
                {
                    add(table, format!("{id}.{}", definition.id), ty, scale, source);
                }
            }
        }
        Ok(columns)
    }
}

/// The amount where somebody gets it, and nothing elsewhere; in the rows of the unit's table, also where it is the same for a
/// whole household.
fn eligible(graph: &mut Graph<'_>, met: Mask, amount: Arg, known: Mask, table: usize) -> Made<(Arg, Mask)> {
    let known = graph.and(&[met, known])?;
    let amount = match graph.select(known, amount, Arg::Const(0))? {
        Arg::Node(id) => Arg::Node(graph.down(id, table)),
        same @ Arg::Const(_) => same,
    };
    Ok((amount, spread(graph, known, table)))
}

fn integer(graph: &Graph<'_>, value: Arg) -> ArrowType {
    let (min, max) = graph.range(value);
    let bits = if i16::try_from(min).is_ok() && i16::try_from(max).is_ok() {
        16
    } else if i32::try_from(min).is_ok() && i32::try_from(max).is_ok() {
        32
    } else {
        64
    };
    ArrowType::Integer { bits, signed: true }
}

/// The table, type, scale and source of a column.
type Written = (usize, ArrowType, Option<u32>, Source);

/// How a definition is written, if it can be.
fn written(graph: &mut Graph<'_>, vector: &Vector) -> Made<Option<Written>> {
    Ok(match vector {
        Vector::Unknown => None,
        Vector::Truth(truth) => {
            let Some(table) = deepest(graph, &[Arg::Const(0)], &[truth.yes, truth.no.unwrap_or(Mask::Yes)])
            else {
                return Ok(None);
            };
            let spread = |graph: &mut Graph<'_>, mask| spread(graph, mask, table);
            let truth = Truth { yes: spread(graph, truth.yes), no: truth.no.map(|no| spread(graph, no)) };
            Some((table, ArrowType::Boolean, None, Source::Truth(truth)))
        }
        Vector::Number(number) => {
            let scale = if number.below.is_some() { None } else { number.factor.decimals_needed() };
            let digits = scale.map_or(QUOTIENT_DECIMALS, |scale| scale as i32);
            let rounded = graph.rounded(number, digits, Rounding::Half)?;
            let Some((table, source)) = placed(graph, rounded.above, number.known)? else { return Ok(None) };
            Some((table, integer(graph, rounded.above), Some(digits.unsigned_abs()), source))
        }
        Vector::Ordinal(ordinal) => {
            let (value, ty) = match ordinal.kind {
                Kind::Date => {
                    let epoch = crate::dates::pack(chrono::NaiveDate::default());
                    let (min, max) = graph.range(ordinal.value);
                    let days = |packed: i64| {
                        crate::dates::unpack(packed)
                            .map_or(0, |date| (date - chrono::NaiveDate::default()).num_days())
                    };
                    let (first, last) = (days(min), days(max));
                    let value = graph.calendar(
                        Calendar::DaysBetween,
                        Arg::Const(epoch),
                        ordinal.value,
                        first,
                        last,
                    )?;
                    (value, ArrowType::Date)
                }
                Kind::Month => (ordinal.value, ArrowType::Integer { bits: 32, signed: true }),
                Kind::Boolean | Kind::Number { .. } | Kind::Code => return Ok(None),
            };
            placed(graph, value, ordinal.known)?.map(|(table, source)| (table, ty, None, source))
        }
    })
}

/// A number with zeros where it is unknown, at the deepest table it comes from; `None` if it is the same everywhere.
fn placed(graph: &mut Graph<'_>, value: Arg, known: Mask) -> Made<Option<(usize, Source)>> {
    let Some(table) = deepest(graph, &[value], &[known]) else { return Ok(None) };
    let value = match graph.select(known, value, Arg::Const(0))? {
        Arg::Node(id) => Arg::Node(graph.down(id, table)),
        same @ Arg::Const(_) => same,
    };
    Ok(Some((table, Source::Number { value, known: spread(graph, known, table) })))
}

fn spread(graph: &mut Graph<'_>, mask: Mask, table: usize) -> Mask {
    match mask {
        Mask::Node(id) => Mask::Node(graph.down(id, table)),
        Mask::Yes | Mask::No => mask,
    }
}

fn deepest(graph: &Graph<'_>, args: &[Arg], masks: &[Mask]) -> Option<usize> {
    let ids = args.iter().copied().filter_map(arg_id).chain(masks.iter().copied().filter_map(mask_id));
    ids.map(|id| graph.node(id).table).max_by_key(|&table| graph.schema.depth(table))
}

/// One thread's files.
struct Part<'c> {
    tables: Vec<PartTable<'c>>,
    result: std::io::Result<()>,
}

struct PartTable<'c> {
    table: usize,
    file: ArrowFile<BufWriter<File>>,
    columns: Vec<(&'c Column, Batch)>,
    rows: usize,
    spare: Spare,
}

/// The rows of a column that are not written yet, folded as far as they can be.
#[derive(Default)]
struct Batch {
    /// Where the values are known; not asked where they always are.
    known: Option<Truths>,
    /// Of a column of truths, until they go into `values`.
    truths: Truths,
    values: ArrowBuffer,
}

/// Truths on their way into bits.
#[derive(Default)]
struct Truths {
    /// Zeros and ones, a byte each, that are not packed yet.
    bytes: Vec<u8>,
    bits: Vec<u8>,
    buffer: ArrowBuffer,
}

/// Room for a chunk's numbers in the width they are written with.
#[derive(Default)]
struct Spare {
    numbers: Vec<u8>,
    failed: Vec<u64>,
    truths: Vec<u8>,
}

impl<'c> Part<'c> {
    fn new(
        folder: &Path,
        part: usize,
        sweep: &Sweep<'_>,
        tables: &[usize],
        columns: &'c [Column],
    ) -> std::io::Result<Part<'c>> {
        let mut own = Vec::new();
        for &table in tables {
            let of_table: Vec<&Column> = columns.iter().filter(|column| column.table == table).collect();
            let name = format!("{}-{part}.arrow", sweep.snapshot.schema().tables[table].shape);
            let path: PathBuf = folder.join(name);
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
            let fields = of_table.iter().map(|column| column.field.clone()).collect();
            let file = ArrowFile::start(BufWriter::with_capacity(1 << 16, file), fields)?;
            let columns = of_table.into_iter().map(|column| (column, Batch::default())).collect();
            own.push(PartTable { table, file, columns, rows: 0, spare: Spare::default() });
        }
        Ok(Part { tables: own, result: Ok(()) })
    }

    fn chunk(&mut self, machine: &Machine<'_>) -> std::io::Result<()> {
        for table in &mut self.tables {
            let rows = machine.rows[table.table].len();
            for (column, batch) in &mut table.columns {
                batch.take(machine, column, rows, &mut table.spare);
            }
            table.rows += rows;
            if table.rows >= BATCH_ROWS {
                table.flush()?;
            }
        }
        Ok(())
    }

    fn finish(self) -> std::io::Result<()> {
        self.result?;
        for mut table in self.tables {
            table.flush()?;
            table.file.finish()?;
        }
        Ok(())
    }
}

impl Batch {
    fn take(&mut self, machine: &Machine<'_>, column: &Column, rows: usize, spare: &mut Spare) {
        match &column.source {
            Source::Failed(masks) => {
                spare.failed.clear();
                spare.failed.resize(rows, 0);
                for (bit, mask) in masks.iter().enumerate() {
                    spare.truths.clear();
                    mask_bytes(machine, *mask, rows, &mut spare.truths);
                    let failed = spare.failed.iter_mut().zip(&spare.truths);
                    failed.for_each(|(failed, &no)| *failed |= u64::from(no) << bit);
                }
                let bytes = usize::from(column.field.ty.bits() / 8);
                spare.numbers.clear();
                let failed = spare.failed.iter();
                failed.for_each(|failed| spare.numbers.extend_from_slice(&failed.to_le_bytes()[..bytes]));
                self.values.push(&spare.numbers);
            }
            Source::Division => {
                let start = machine.rows[0].start;
                let divisions = machine.snapshot.division_values().range(start..start + rows);
                let base = machine.snapshot.stored_division().base;
                let divisions = (0..rows).map(|row| (divisions.get(row) + base) as u32);
                self.values.push(bytemuck::cast_slice(&divisions.collect::<Vec<u32>>()));
            }
            Source::Household => {
                let mut table = column.table;
                let start = machine.rows[0].start as u32;
                let mut roots: Vec<u32> = (0..rows as u32).collect();
                while let Some(parent) = &machine.snapshot.schema().tables[table].parent {
                    let owners = machine.owners(table).all();
                    roots.iter_mut().for_each(|row| *row = owners[*row as usize]);
                    table = parent.table;
                }
                roots.iter_mut().for_each(|row| *row += start);
                self.values.push(bytemuck::cast_slice(&roots));
            }
            Source::Truth(truth) => {
                let from = self.truths.bytes.len();
                mask_bytes(machine, truth.yes, rows, &mut self.truths.bytes);
                if let Some(no) = truth.no {
                    let known = self.known.get_or_insert_default();
                    let before = known.bytes.len();
                    mask_bytes(machine, no, rows, &mut known.bytes);
                    let known = known.bytes[before..].iter_mut().zip(&self.truths.bytes[from..]);
                    known.for_each(|(known, yes)| *known |= yes);
                }
                self.truths.pack();
            }
            Source::Number { value, known } => {
                if *known != Mask::Yes {
                    mask_bytes(machine, *known, rows, &mut self.known.get_or_insert_default().bytes);
                }
                let bits = column.field.ty.bits();
                match value {
                    Arg::Const(value) => {
                        let value = &value.to_le_bytes()[..usize::from(bits / 8)];
                        spare.numbers.clear();
                        (0..rows).for_each(|_| spare.numbers.extend_from_slice(value));
                        self.values.push(&spare.numbers);
                    }
                    Arg::Node(id) => self.values.push(numbers(machine.view(*id), bits, &mut spare.numbers)),
                }
            }
        }
        if let Some(known) = &mut self.known {
            known.pack();
        }
    }

    /// After the last row of a batch: its nulls are counted, its buffers are whole.
    fn column(&mut self, ty: ArrowType, rows: usize) -> ArrowColumn<'_> {
        if ty == ArrowType::Boolean {
            self.truths.pack_rest();
            self.values.push(&self.truths.bits);
        }
        self.values.end();
        let known = self.known.as_mut().map(|known| {
            known.pack_rest();
            known.buffer.push(&known.bits);
            known.buffer.end();
            let ones: u32 = known.bits.iter().map(|byte| byte.count_ones()).sum();
            (&known.buffer, rows - ones as usize)
        });
        ArrowColumn { known, values: &self.values }
    }

    fn clear(&mut self) {
        self.values.clear();
        self.truths.bits.clear();
        if let Some(known) = &mut self.known {
            known.bits.clear();
            known.buffer.clear();
        }
    }
}

/// Numbers in the width of their Arrow type, which their range picked.
fn numbers<'n>(values: Slice<'n>, bits: u8, spare: &'n mut Vec<u8>) -> &'n [u8] {
    macro_rules! narrow {
        ($values:ident, $type:ty) => {{
            spare.resize($values.len() * size_of::<$type>(), 0);
            let (chunks, _) = spare.as_chunks_mut::<{ size_of::<$type>() }>();
            for (out, &value) in chunks.iter_mut().zip($values) {
                *out = (value as $type).to_le_bytes();
            }
            spare
        }};
    }
    match (values, bits) {
        (Slice::I32(values), 32) => bytemuck::cast_slice(values),
        (Slice::I64(values), 64) => bytemuck::cast_slice(values),
        (Slice::U8(values), 16) => narrow!(values, i16),
        (Slice::U16(values), 16) => narrow!(values, i16),
        (Slice::I32(values), 16) => narrow!(values, i16),
        (Slice::I64(values), 16) => narrow!(values, i16),
        (Slice::U8(values), 32) => narrow!(values, i32),
        (Slice::U16(values), 32) => narrow!(values, i32),
        (Slice::I64(values), 32) => narrow!(values, i32),
        (Slice::U8(values), _) => narrow!(values, i64),
        (Slice::U16(values), _) => narrow!(values, i64),
        (Slice::I32(values), _) => narrow!(values, i64),
        (Slice::I64(values), _) => narrow!(values, i64),
    }
}

fn mask_bytes(machine: &Machine<'_>, mask: Mask, rows: usize, out: &mut Vec<u8>) {
    match mask {
        Mask::Yes => out.resize(out.len() + rows, 1),
        Mask::No => out.resize(out.len() + rows, 0),
        Mask::Node(id) => out.extend_from_slice(truths(machine, id)),
    }
}

impl Truths {
    /// Whole bytes of bits, lowest first; up to seven truths wait for more.
    fn pack(&mut self) {
        let (words, rest) = self.bytes.as_chunks::<8>();
        // Each byte's one moves to the bit of its place in the highest byte; no two sums meet.
        self.bits.extend(
            words
                .iter()
                .map(|word| (u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8),
        );
        let packed = self.bytes.len() - rest.len();
        self.bytes.drain(..packed);
    }

    fn pack_rest(&mut self) {
        if !self.bytes.is_empty() {
            let bits = self.bytes.iter().enumerate().fold(0, |byte, (place, bit)| byte | bit << place);
            self.bits.push(bits);
            self.bytes.clear();
        }
    }
}

impl PartTable<'_> {
    fn flush(&mut self) -> std::io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = self.rows;
        let columns = self.columns.iter_mut().map(|(column, batch)| batch.column(column.field.ty, rows));
        let columns: Vec<ArrowColumn<'_>> = columns.collect();
        self.file.batch(rows, &columns)?;
        self.columns.iter_mut().for_each(|(_, batch)| batch.clear());
        self.rows = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truths_are_packed_lowest_bit_first() {
        for length in [0, 1, 7, 8, 9, 64, 77] {
            let bytes: Vec<u8> = (0..length).map(|row| u8::from(row % 3 == 0 || row % 7 == 2)).collect();
            let mut truths = Truths::default();
            for piece in bytes.chunks(13) {
                truths.bytes.extend_from_slice(piece);
                truths.pack();
                assert!(truths.bytes.len() < 8);
            }
            truths.pack_rest();
            assert_eq!(truths.bits.len(), bytes.len().div_ceil(8));
            let back: Vec<u8> = (0..length).map(|row| truths.bits[row / 8] >> (row % 8) & 1).collect();
            assert_eq!(back, bytes);
        }
    }
}
