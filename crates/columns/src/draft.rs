//! Making a snapshot: rows are pushed household by household, each column in the narrowest type so far, and written to
//! a file that is complete or not there at all.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rules::{RELATION_ROWS_MAX, Record, Shapes, Value};

use crate::ColumnsError;
use crate::cells::{Bits, Slice, Values, Width, bit};
use crate::dates;
use crate::file::{self, Directory, Stored, StoredTable};
use crate::schema::{Kind, Schema};
use crate::snapshot::Snapshot;

/// A snapshot that is being filled.
#[derive(Debug)]
pub struct Draft {
    schema: Schema,
    as_of: NaiveDate,
    label: String,
    pub(crate) tables: Vec<DraftTable>,
    codes: Vec<String>,
    code_index: HashMap<String, i64>,
    divisions: Vec<String>,
    division_index: HashMap<String, i64>,
    /// Division of each root row.
    pub(crate) division: DraftColumn,
}

#[derive(Debug, Default)]
pub(crate) struct DraftTable {
    pub rows: usize,
    pub columns: Vec<DraftColumn>,
    pub references: Vec<DraftColumn>,
    /// First row of each parent's rows, and the end.
    offsets: Vec<u32>,
    /// Whether the rows of each parent are known at all.
    listed: Option<Bits>,
}

/// A snapshot that is written and does not stand in its place yet.
#[derive(Debug)]
pub struct Laid {
    file: File,
    beside: PathBuf,
    path: PathBuf,
}

impl Laid {
    /// Opens it where it lies.
    ///
    /// # Errors
    /// As [`Snapshot::open`].
    pub fn open(&self) -> Result<Snapshot, ColumnsError> {
        Snapshot::open(&self.beside)
    }

    /// Waits until the disk has it and puts it in its place.
    ///
    /// # Errors
    /// A disk that cannot be written.
    pub fn keep(self) -> Result<(), ColumnsError> {
        let failed = |source| ColumnsError::File { path: self.path.clone(), source };
        self.file.sync_all().map_err(failed)?;
        fs::rename(&self.beside, &self.path).map_err(failed)
    }
}

/// A column that is being filled.
#[derive(Debug, Default)]
pub struct DraftColumn {
    values: Values,
    known: Option<Bits>,
    range: Option<(i64, i64)>,
}

impl DraftColumn {
    /// Adds a row; `None` is unknown.
    pub fn push(&mut self, value: Option<i64>) {
        match value {
            Some(value) => {
                self.range = Some(match self.range {
                    Some((min, max)) => (min.min(value), max.max(value)),
                    None => (value, value),
                });
                self.values.push(value);
                if let Some(known) = &mut self.known {
                    known.push(true);
                }
            }
            None => {
                let before = self.values.len();
                self.values.push(0);
                self.known.get_or_insert_with(|| Bits::ones(before)).push(false);
            }
        }
    }

    /// Adds rows of another column: its values less `base`, and which of its rows are known. What stands there for unknown lies within its
    /// range, so that the range of all is at most as wide as both.
    pub(crate) fn extend(&mut self, values: Slice<'_>, base: i64, known: Option<&[u8]>, rows: Range<usize>) {
        let before = self.values.len();
        let known = known.filter(|bits| rows.clone().any(|row| !bit(bits, row)));
        let any_known = known.is_none_or(|bits| rows.clone().any(|row| bit(bits, row)));
        match (&mut self.known, known) {
            (None, None) => {}
            (Some(here), None) => here.extend_ones(rows.len()),
            (here, Some(bits)) => here.get_or_insert_with(|| Bits::ones(before)).extend(bits, rows.clone()),
        }
        let Some((least, most)) = self.values.extend(values.range(rows), base) else { return };
        if any_known {
            self.range = Some(self.range.map_or((least, most), |(min, max)| (min.min(least), max.max(most))));
        }
    }

    /// What stands for unknown lies within the range of the known, so that every proof about the column holds of it.
    fn finish(&mut self, kind: Option<Kind>) {
        let (min, max) = self.range.unwrap_or((0, 0));
        let filler = if kind == Some(Kind::Boolean) { 0 } else { min };
        if kind == Some(Kind::Boolean) {
            self.range = Some((0, 1));
        } else {
            self.range = Some((min, max));
        }
        if let Some(known) = &self.known {
            for row in known.zeros() {
                self.values.set(row, filler);
            }
        }
    }
}

impl Draft {
    /// An empty snapshot of these tables. The codes of the shapes' code lists are numbered first, so that the codes of
    /// one list stand together.
    pub fn new(schema: Schema, shapes: &Shapes, as_of: NaiveDate) -> Draft {
        let tables = schema.tables.iter().map(|table| DraftTable {
            columns: table.columns.iter().map(|_| DraftColumn::default()).collect(),
            references: table.references.iter().map(|_| DraftColumn::default()).collect(),
            offsets: table.parent.iter().map(|_| 0).collect(),
            ..DraftTable::default()
        });
        let mut draft = Draft {
            tables: tables.collect(),
            schema,
            as_of,
            label: String::new(),
            codes: Vec::new(),
            code_index: HashMap::new(),
            divisions: Vec::new(),
            division_index: HashMap::new(),
            division: DraftColumn::default(),
        };
        for code in shapes.codelists.values().flat_map(|list| list.keys()) {
            draft.code(code);
        }
        draft
    }

    /// The tables and columns.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Writes on the snapshot what its maker wants to read again: under which rules it was made, say.
    pub fn describe(&mut self, label: &str) {
        label.clone_into(&mut self.label);
    }

    /// The number of a code.
    pub fn code(&mut self, code: &str) -> i64 {
        if let Some(&index) = self.code_index.get(code) {
            return index;
        }
        let index = self.codes.len() as i64;
        self.codes.push(code.to_owned());
        self.code_index.insert(code.to_owned(), index);
        index
    }

    /// The number of a division.
    pub fn division(&mut self, code: &str) -> i64 {
        if let Some(&index) = self.division_index.get(code) {
            return index;
        }
        let index = self.divisions.len() as i64;
        self.divisions.push(code.to_owned());
        self.division_index.insert(code.to_owned(), index);
        index
    }

    /// A column, to be pushed to directly: by table and column of the schema.
    pub fn column(&mut self, table: usize, column: usize) -> &mut DraftColumn {
        &mut self.tables[table].columns[column]
    }

    /// The positions of a to-one reference within the household, `None` where there is none.
    pub fn reference(&mut self, table: usize, reference: usize) -> &mut DraftColumn {
        &mut self.tables[table].references[reference]
    }

    /// Ends a row of the root, in a division (see [`Draft::division`]).
    pub fn end_root(&mut self, division: i64) {
        self.division.push(Some(division));
        self.tables[0].rows += 1;
    }

    /// Ends a row of a table below the root.
    pub fn end_row(&mut self, table: usize) {
        self.tables[table].rows += 1;
    }

    /// Ends the rows that one parent has in `table`; `listed` is false while nobody has said which there are.
    ///
    /// # Errors
    /// More rows than a relation may have ([`RELATION_ROWS_MAX`]) or a file can count.
    pub fn end_group(&mut self, table: usize, listed: bool) -> Result<(), ColumnsError> {
        let shape = &self.schema.tables[table].shape;
        let draft = &mut self.tables[table];
        let end = u32::try_from(draft.rows)
            .map_err(|_| ColumnsError::Draft(format!("{shape} 超过 42 亿行，请按县（市、区）分开")))?;
        let rows = end - draft.offsets.last().copied().unwrap_or(0);
        if rows as usize > RELATION_ROWS_MAX {
            return Err(ColumnsError::Draft(format!(
                "第 {} 组 {shape} 有 {rows} 行，一个关系最多 {RELATION_ROWS_MAX} 行",
                draft.offsets.len()
            )));
        }
        let before = draft.offsets.len() - 1;
        draft.offsets.push(end);
        match &mut draft.listed {
            Some(bits) => bits.push(listed),
            None if !listed => draft.listed.insert(Bits::ones(before)).push(false),
            None => {}
        }
        Ok(())
    }

    /// Adds a household as rules see it.
    ///
    /// # Errors
    /// A value of another type than its column, with more decimals, or out of range; a referenced record that is no
    /// row of its relation.
    pub fn push_record(&mut self, record: &Record, division: &str) -> Result<(), ColumnsError> {
        let division = self.division(division);
        self.row(0, record)?;
        self.end_root(division);
        Ok(())
    }

    fn row(&mut self, table: usize, record: &Record) -> Result<(), ColumnsError> {
        let shape = self.schema.tables[table].clone();
        for (index, column) in shape.columns.iter().enumerate() {
            let value = record.fields.get(&column.id).unwrap_or(&Value::Unknown);
            let cell = self.cell(column.kind, value).map_err(|reason| ColumnsError::Value {
                column: format!("{}.{}", shape.shape, column.id),
                value: value.to_string(),
                reason,
            })?;
            self.tables[table].columns[index].push(cell);
        }
        for child in 0..self.schema.tables.len() {
            let Some(parent) = self.schema.tables[child].parent.clone() else { continue };
            if parent.table != table {
                continue;
            }
            let rows: Option<Vec<&Record>> = if parent.many {
                record.many.get(&parent.relation).map(|rows| rows.iter().collect())
            } else {
                Some(record.one.get(&parent.relation).into_iter().collect())
            };
            for row in rows.iter().flatten() {
                self.row(child, row)?;
                self.end_row(child);
            }
            self.end_group(child, rows.is_some())?;
        }
        for (index, reference) in shape.references.iter().enumerate() {
            let relation = &self.schema.tables[reference.table].parent;
            let rows = relation.as_ref().and_then(|parent| record.many.get(&parent.relation));
            let position = match record.one.get(&reference.relation) {
                None => None,
                Some(one) => {
                    let position = rows.and_then(|rows| rows.iter().position(|row| row == one));
                    Some(position.ok_or_else(|| {
                        ColumnsError::Draft(format!("{} 不是家庭里的一行", reference.relation))
                    })? as i64)
                }
            };
            self.tables[table].references[index].push(position);
        }
        Ok(())
    }

    fn cell(&mut self, kind: Kind, value: &Value) -> Result<Option<i64>, String> {
        Ok(Some(match (kind, value) {
            (_, Value::Unknown) => return Ok(None),
            (Kind::Boolean, Value::Boolean(value)) => i64::from(*value),
            (Kind::Number { scale }, Value::Number(number)) => {
                number.to_scaled(scale).ok_or_else(|| format!("多于 {scale} 位小数，或者太大"))?
            }
            (Kind::Date, Value::Date(date)) => dates::pack(*date),
            (Kind::Month, Value::Month(month)) => i64::from(month.index()),
            (Kind::Code, Value::Text(code)) => self.code(code),
            (Kind::Boolean | Kind::Number { .. } | Kind::Date | Kind::Month | Kind::Code, _) => {
                return Err("类型不对".to_owned());
            }
        }))
    }

    /// Writes the snapshot and closes it. The file is readable by its owner only and appears whole: it is written
    /// beside its place and renamed.
    ///
    /// # Errors
    /// Columns of different lengths; a disk that cannot be written.
    pub fn write(self, path: &Path) -> Result<(), ColumnsError> {
        self.lay(path)?.keep()
    }

    /// Writes the snapshot beside its place, from where it can be used before the disk has it ([`Laid::keep`]).
    ///
    /// # Errors
    /// Columns of different lengths; a disk that cannot be written.
    pub fn lay(self, path: &Path) -> Result<Laid, ColumnsError> {
        let failed = |source| ColumnsError::File { path: path.to_owned(), source };
        let beside = path.with_extension("draft");
        let _ = fs::remove_file(&beside);
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
        let mut writer = BufWriter::with_capacity(1 << 20, file);
        self.write_to(&mut writer)?.map_err(failed)?;
        let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(Laid { file, beside, path: path.to_owned() })
    }

    /// The snapshot without a file, for a few households.
    ///
    /// # Errors
    /// Columns of different lengths.
    pub fn freeze(self) -> Result<Snapshot, ColumnsError> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes)?.map_err(|source| ColumnsError::File { path: "内存".into(), source })?;
        Snapshot::from_bytes(&bytes)
    }

    /// The outer error is the draft's, the inner one the writer's.
    fn write_to(mut self, writer: &mut impl Write) -> Result<std::io::Result<()>, ColumnsError> {
        self.check()?;
        for (draft, table) in self.tables.iter_mut().zip(&self.schema.tables) {
            for (column, declared) in draft.columns.iter_mut().zip(&table.columns) {
                column.finish(Some(declared.kind));
            }
            draft.references.iter_mut().for_each(|column| column.finish(None));
        }
        self.division.finish(None);
        Ok(self.write_sections(writer))
    }

    fn check(&self) -> Result<(), ColumnsError> {
        for (draft, table) in self.tables.iter().zip(&self.schema.tables) {
            let columns = draft.columns.iter().zip(&table.columns).map(|(column, named)| (column, &named.id));
            let references = draft.references.iter().zip(&table.references);
            let references = references.map(|(column, named)| (column, &named.relation));
            for (column, id) in columns.chain(references) {
                if column.values.len() != draft.rows {
                    return Err(ColumnsError::Draft(format!(
                        "{}.{id} 有 {} 行，表有 {} 行",
                        table.shape,
                        column.values.len(),
                        draft.rows
                    )));
                }
            }
            if let Some(parent) = &table.parent {
                let parents = self.tables[parent.table].rows;
                if draft.offsets.len() != parents + 1
                    || draft.offsets.last() != u32::try_from(draft.rows).ok().as_ref()
                {
                    return Err(ColumnsError::Draft(format!(
                        "{} 的行没有分给 {parents} 个上级",
                        table.shape
                    )));
                }
            }
        }
        Ok(())
    }

    fn write_sections(&self, writer: &mut impl Write) -> std::io::Result<()> {
        let mut sections = file::Sections::start(writer)?;
        let mut column = |column: &DraftColumn| -> std::io::Result<Stored> {
            let (min, max) = column.range.unwrap_or((0, 0));
            // A column whose values lie far from zero but close together is kept as the distance from the least.
            let narrow = Width::of(0, max.saturating_sub(min));
            let (base, width) = if narrow == Width::U8 && Width::of(min, max) > Width::U8 {
                (min, narrow)
            } else {
                (0, column.values.width())
            };
            let values = if base == 0 {
                sections.values(column.values.slice())?
            } else {
                let slice = column.values.slice();
                // Each distance is at most 255 by the choice of `narrow`.
                let distances: Vec<u8> =
                    (0..column.values.len()).map(|row| (slice.get(row) - base) as u8).collect();
                sections.bytes(&distances)?
            };
            let known = column.known.as_ref().map(|bits| sections.bytes(&bits.bytes)).transpose()?;
            Ok(Stored { width, base, min, max, values, known })
        };
        let division = column(&self.division)?;
        let mut tables = Vec::new();
        for table in &self.tables {
            let columns = table.columns.iter().map(&mut column).collect::<std::io::Result<_>>()?;
            let references = table.references.iter().map(&mut column).collect::<std::io::Result<_>>()?;
            tables.push(StoredTable {
                rows: table.rows as u64,
                columns,
                references,
                ..StoredTable::default()
            });
        }
        for (stored, table) in tables.iter_mut().zip(&self.tables) {
            if !table.offsets.is_empty() {
                stored.offsets = Some(sections.bytes(bytemuck::cast_slice(&table.offsets))?);
                let sizes = table.offsets.windows(2).map(|pair| pair[1] - pair[0]);
                stored.group_min = sizes.clone().min().unwrap_or(0);
                stored.group_max = sizes.max().unwrap_or(0);
                stored.listed = table.listed.as_ref().map(|bits| sections.bytes(&bits.bytes)).transpose()?;
            }
        }
        sections.finish(&Directory {
            schema: self.schema.clone(),
            as_of: self.as_of,
            label: self.label.clone(),
            codes: self.codes.clone(),
            divisions: self.divisions.clone(),
            division,
            tables,
        })
    }
}
