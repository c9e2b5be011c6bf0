//! An open snapshot: the file mapped into memory and checked, columns as slices.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::NaiveDate;
use memmap2::Mmap;
use rules::{Record, Value};

use crate::ColumnsError;
use crate::cells::{Slice, Width, bit};
use crate::file::{Directory, HEAD, MAGIC, Section, Stored, TRAILER, VERSION, checksum};
use crate::schema::{Kind, Schema};

/// A population at one moment, in columns.
#[derive(Debug)]
pub struct Snapshot {
    bytes: Bytes,
    directory: Directory,
    /// Rows of each table by division: (table, division).
    division_rows: Vec<Vec<u64>>,
}

#[derive(Debug)]
enum Bytes {
    Mapped(Mmap),
    /// In words, so that every column is aligned.
    Held(Vec<u64>),
}

impl Bytes {
    fn all(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Held(words) => bytemuck::cast_slice(words),
        }
    }
}

impl Snapshot {
    /// Opens a snapshot file.
    ///
    /// # Errors
    /// A file that others may read, that is damaged, or that another version made.
    pub fn open(path: &Path) -> Result<Snapshot, ColumnsError> {
        let failed = |source| ColumnsError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(ColumnsError::ReadableByOthers { path: path.to_owned() });
        }
        #[expect(unsafe_code, reason = "a file of millions of rows is mapped, not read")]
        // SAFETY: the mapping is read-only and private to this process. Snapshot files are never changed in place:
        // `Draft::write` writes another file and renames it over this one, which leaves the mapped one as it was, and
        // only the owner may open it at all (checked above). Every section is checked against the length below.
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        Snapshot::checked(Bytes::Mapped(map))
            .map_err(|reason| ColumnsError::Damaged { path: path.to_owned(), reason })
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Snapshot, ColumnsError> {
        let mut padded = bytes[..bytes.len() - TRAILER].to_vec();
        // The trailer stands at the very end; padding goes before it.
        padded.resize((bytes.len().next_multiple_of(8)) - TRAILER, 0);
        padded.extend_from_slice(&bytes[bytes.len() - TRAILER..]);
        let words = padded.chunks_exact(8).map(bytemuck::pod_read_unaligned).collect();
        Snapshot::checked(Bytes::Held(words))
            .map_err(|reason| ColumnsError::Damaged { path: "内存".into(), reason })
    }

    fn checked(bytes: Bytes) -> Result<Snapshot, String> {
        let all = bytes.all();
        if cfg!(target_endian = "big") {
            return Err("只能在小端机器上读".to_owned());
        }
        if all.len() < HEAD + TRAILER || &all[..8] != MAGIC || &all[all.len() - 8..] != MAGIC {
            return Err("开头或结尾不对".to_owned());
        }
        if all[8..12] != VERSION.to_le_bytes() {
            return Err(format!("格式版本不是 {VERSION}"));
        }
        let trailer = &all[all.len() - TRAILER..];
        let [start, length, sum] =
            [0, 8, 16].map(|at| bytemuck::pod_read_unaligned::<u64>(&trailer[at..at + 8]));
        let text = section(all, Section { start, length }).ok_or("目录不在文件里")?;
        if checksum(text) != sum {
            return Err("目录的校验和不对".to_owned());
        }
        let directory: Directory = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let mut snapshot = Snapshot { bytes, directory, division_rows: Vec::new() };
        snapshot.check()?;
        snapshot.division_rows =
            (0..snapshot.directory.tables.len()).map(|table| snapshot.count(table)).collect();
        Ok(snapshot)
    }

    /// Every section inside the file, of the length its rows need, and offsets that never go back: with these, no
    /// kernel can leave its slice.
    fn check(&self) -> Result<(), String> {
        let Directory { schema, tables, division, divisions, .. } = &self.directory;
        if schema.tables.len() != tables.len() || tables.is_empty() || schema.tables[0].parent.is_some() {
            return Err("目录里的表不齐".to_owned());
        }
        let column = |stored: &Stored, rows: u64| -> Result<(), String> {
            let wrong = || "有一列不完整".to_owned();
            let bytes = section(self.bytes.all(), stored.values).ok_or_else(wrong)?;
            let width = stored.width.bytes();
            let fits =
                bytes.len() as u64 == rows * width as u64 && stored.values.start.is_multiple_of(width as u64);
            let known = match stored.known {
                None => true,
                Some(known) => {
                    section(self.bytes.all(), known).is_some_and(|bits| bits.len() as u64 == rows.div_ceil(8))
                }
            };
            if fits && known && stored.min <= stored.max { Ok(()) } else { Err(wrong()) }
        };
        column(division, tables[0].rows)?;
        if division.max >= divisions.len().max(1) as i64 || division.min < 0 {
            return Err("区划编号超出范围".to_owned());
        }
        for (index, (stored, table)) in tables.iter().zip(&schema.tables).enumerate() {
            if stored.columns.len() != table.columns.len()
                || stored.references.len() != table.references.len()
            {
                return Err(format!("{} 的列不齐", table.shape));
            }
            for one in stored.columns.iter().chain(&stored.references) {
                column(one, stored.rows)?;
            }
            let Some(parent) = &table.parent else { continue };
            if parent.table >= index {
                return Err(format!("{} 排在上级前面", table.shape));
            }
            let parents = tables[parent.table].rows;
            let wrong = || format!("{} 的分组不对", table.shape);
            let place = stored.offsets.ok_or_else(wrong)?;
            let bytes = section(self.bytes.all(), place).ok_or_else(wrong)?;
            let offsets: &[u32] = bytemuck::try_cast_slice(bytes).map_err(|_| wrong())?;
            let ends =
                offsets.first() == Some(&0) && offsets.last().map(|&end| u64::from(end)) == Some(stored.rows);
            let ordered = offsets.windows(2).all(|pair| {
                pair[0] <= pair[1] && (stored.group_min..=stored.group_max).contains(&(pair[1] - pair[0]))
            });
            let listed = match stored.listed {
                None => true,
                Some(bits) => section(self.bytes.all(), bits)
                    .is_some_and(|bits| bits.len() as u64 == parents.div_ceil(8)),
            };
            if offsets.len() as u64 != parents + 1 || !ends || !ordered || !listed {
                return Err(wrong());
            }
        }
        Ok(())
    }

    fn count(&self, table: usize) -> Vec<u64> {
        let mut counts = vec![0; self.directory.divisions.len()];
        let division = self.division_values();
        match division {
            Slice::U8(division) => {
                self.each_root(table, |root, rows| counts[usize::from(division[root])] += rows);
            }
            other => self.each_root(table, |root, rows| counts[other.get(root) as usize] += rows),
        }
        counts
    }

    fn each_root(&self, table: usize, mut visit: impl FnMut(usize, u64)) {
        // The offsets of each step down from the root.
        let mut path = Vec::new();
        let mut at = table;
        while let Some(parent) = &self.schema().tables[at].parent {
            path.push(self.offsets(at));
            at = parent.table;
        }
        for root in 0..self.rows(0) {
            let (mut from, mut to) = (root, root + 1);
            for offsets in path.iter().rev() {
                (from, to) = (offsets[from] as usize, offsets[to] as usize);
            }
            visit(root, (to - from) as u64);
        }
    }

    /// The tables and columns.
    pub fn schema(&self) -> &Schema {
        &self.directory.schema
    }

    /// The day whose state this is.
    pub fn as_of(&self) -> NaiveDate {
        self.directory.as_of
    }

    /// What its maker wrote on it ([`crate::Draft::describe`]).
    pub fn label(&self) -> &str {
        &self.directory.label
    }

    /// The whole number that a cell holds as its column's [`Kind`] says; `None` is unknown.
    pub fn whole(&self, table: usize, column: usize, row: usize) -> Option<i64> {
        let stored = self.stored(table, column);
        let known = self.known(stored).is_none_or(|bits| bit(bits, row));
        known.then(|| self.values(stored).get(row) + stored.base)
    }

    /// The rows of a table that hang below a row of its parent.
    ///
    /// # Panics
    /// For the root, which hangs below nothing.
    pub fn rows_of(&self, table: usize, parent_row: usize) -> std::ops::Range<usize> {
        let offsets = self.offsets(table);
        offsets[parent_row] as usize..offsets[parent_row + 1] as usize
    }

    /// Codes of the divisions, in the order of the contexts of a sweep.
    pub fn divisions(&self) -> &[String] {
        &self.directory.divisions
    }

    /// Rows of a table.
    pub fn rows(&self, table: usize) -> usize {
        self.directory.tables[table].rows as usize
    }

    /// Rows of a table in a division.
    pub fn rows_in(&self, table: usize, division: usize) -> u64 {
        self.division_rows[table][division]
    }

    pub(crate) fn codes(&self) -> &[String] {
        &self.directory.codes
    }

    pub(crate) fn stored(&self, table: usize, column: usize) -> &Stored {
        &self.directory.tables[table].columns[column]
    }

    pub(crate) fn stored_reference(&self, table: usize, reference: usize) -> &Stored {
        &self.directory.tables[table].references[reference]
    }

    pub(crate) fn stored_division(&self) -> &Stored {
        &self.directory.division
    }

    pub(crate) fn division_values(&self) -> Slice<'_> {
        self.values(&self.directory.division)
    }

    /// Least and greatest number of rows of one parent.
    pub(crate) fn group_range(&self, table: usize) -> (i64, i64) {
        let stored = &self.directory.tables[table];
        (stored.group_min.into(), stored.group_max.into())
    }

    /// First row of each parent's rows, and the end.
    pub(crate) fn offsets(&self, table: usize) -> &[u32] {
        let place = self.directory.tables[table]
            .offsets
            .expect("checked on opening: a table below the root has offsets");
        bytemuck::cast_slice(self.section(place))
    }

    /// Whether each parent's rows are known; `None` if they all are.
    pub(crate) fn listed(&self, table: usize) -> Option<&[u8]> {
        self.directory.tables[table].listed.map(|place| self.section(place))
    }

    pub(crate) fn known<'s>(&'s self, stored: &Stored) -> Option<&'s [u8]> {
        stored.known.map(|place| self.section(place))
    }

    /// What is stored: the values without the column's base.
    pub(crate) fn values<'s>(&'s self, stored: &Stored) -> Slice<'s> {
        let bytes = self.section(stored.values);
        match stored.width {
            Width::U8 => Slice::U8(bytes),
            Width::U16 => Slice::U16(bytemuck::cast_slice(bytes)),
            Width::I32 => Slice::I32(bytemuck::cast_slice(bytes)),
            Width::I64 => Slice::I64(bytemuck::cast_slice(bytes)),
        }
    }

    fn section(&self, place: Section) -> &[u8] {
        section(self.bytes.all(), place).expect("checked on opening: every section lies inside the file")
    }

    /// A row as rules see it, with everything below and above it.
    pub fn record(&self, table: usize, row: usize) -> Record {
        let mut record = self.downwards(table, row);
        if let Some(parent) = &self.schema().tables[table].parent
            && let Some(back) = &parent.back
        {
            let above = self.offsets(table).partition_point(|&first| first as usize <= row) - 1;
            record.one.insert(back.clone(), self.record(parent.table, above));
        }
        record
    }

    fn downwards(&self, table: usize, row: usize) -> Record {
        let mut record = Record::new();
        for (index, column) in self.schema().tables[table].columns.iter().enumerate() {
            let value = self.value(self.stored(table, index), column.kind, row);
            if value.is_known() {
                record.fields.insert(column.id.clone(), value);
            }
        }
        for (child, below) in self.schema().tables.iter().enumerate() {
            let Some(parent) = below.parent.as_ref().filter(|parent| parent.table == table) else { continue };
            let offsets = self.offsets(child);
            let mut rows = (offsets[row]..offsets[row + 1]).map(|row| self.downwards(child, row as usize));
            if !parent.many {
                record.one.extend(rows.next().map(|one| (parent.relation.clone(), one)));
            } else if self.listed(child).is_none_or(|bits| bit(bits, row)) {
                record.many.insert(parent.relation.clone(), rows.collect());
            }
        }
        for (index, reference) in self.schema().tables[table].references.iter().enumerate() {
            let stored = self.stored_reference(table, index);
            if self.known(stored).is_none_or(|bits| bit(bits, row)) {
                let position = self.values(stored).get(row) + stored.base;
                let first = self.offsets(reference.table)[row] as i64;
                let one = self.downwards(reference.table, (first + position) as usize);
                record.one.insert(reference.relation.clone(), one);
            }
        }
        record
    }

    fn value(&self, stored: &Stored, kind: Kind, row: usize) -> Value {
        if self.known(stored).is_some_and(|bits| !bit(bits, row)) {
            return Value::Unknown;
        }
        let value = self.values(stored).get(row) + stored.base;
        match kind {
            Kind::Boolean => Value::Boolean(value != 0),
            Kind::Number { scale } => rules::Rational::from_scaled(value, scale).into(),
            Kind::Date => crate::dates::unpack(value).into(),
            Kind::Month => {
                i32::try_from(value).ok().and_then(|index| vocab::Month::from_index(index).ok()).into()
            }
            Kind::Code => {
                let code = usize::try_from(value).ok().and_then(|index| self.codes().get(index));
                code.map(String::as_str).into()
            }
        }
    }

    /// The division of a row of the root.
    pub fn division_of(&self, root: usize) -> usize {
        (self.division_values().get(root) + self.stored_division().base) as usize
    }
}

fn section(all: &[u8], place: Section) -> Option<&[u8]> {
    let start = usize::try_from(place.start).ok()?;
    let end = start.checked_add(usize::try_from(place.length).ok()?)?;
    all.get(start..end)
}
