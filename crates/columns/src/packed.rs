//! Columns handed over as packed files: one file a column, nothing in it but little-endian numbers, beside them a
//! manifest (JSON) that says what each is. The plainest form that every data platform can write.
//!
//! ```json
//! {
//!   "as_of": "2026-10-01",
//!   "root": { "shape": "household", "rows": 3690343, "columns": [
//!     { "field": "assets", "file": "h_assets.bin", "type": "i64" }
//!   ] },
//!   "division": { "file": "h_district.bin", "type": "u8", "codes": ["990101", "990102"] },
//!   "tables": [ { "relation": "members", "rows": 10000000, "offsets": { "file": "h_offset.bin", "type": "u32" }, "columns": [
//!     { "field": "age", "file": "p_age.bin", "type": "u8" },
//!     { "field": "hukou", "file": "p_hukou.bin", "type": "u8", "codes": ["urban", "rural"] },
//!     { "field": "wage", "file": "p_wage.bin", "type": "i64", "known": { "file": "p_wage_known.bin", "type": "u8" } }
//!   ] } ],
//!   "first_row": { "head": "members" }
//! }
//! ```
//!
//! Numbers are whole units of the field's last decimal (fen for money), dates `YYYYMMDD`, months `YYYYMM`, truths 0 or 1,
//! codes an index in `codes`. `known` is 0 where the value is unknown. `first_row` names to-one relations of the root that
//! lead to the first row of a to-many one. A file may hold more rows than are read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::{Datelike, NaiveDate};
use rules::Shapes;
use serde::Deserialize;
use vocab::Month;

use crate::dates;
use crate::draft::Draft;
use crate::schema::{Kind, Schema};
use crate::{ColumnsError, DraftColumn};

/// What the files of a folder are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The day whose state this is.
    pub as_of: NaiveDate,
    /// The table of households.
    pub root: PackedTable,
    /// The division of each row of the root; `codes` are the division codes.
    pub division: PackedColumn,
    /// The tables below it.
    #[serde(default)]
    pub tables: Vec<PackedTable>,
    /// To-one relation of the root → to-many relation whose first row it is.
    #[serde(default)]
    pub first_row: BTreeMap<String, String>,
}

/// A table of packed columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedTable {
    /// Shape of the root.
    #[serde(default)]
    pub shape: Option<String>,
    /// Relation of the root that leads here.
    #[serde(default)]
    pub relation: Option<String>,
    /// Rows to read.
    pub rows: usize,
    /// First row of each household's rows, and the end.
    #[serde(default)]
    pub offsets: Option<PackedColumn>,
    /// Columns.
    pub columns: Vec<PackedColumn>,
}

/// A packed file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedColumn {
    /// Id of the field.
    #[serde(default)]
    pub field: Option<String>,
    /// Name of the file.
    pub file: String,
    /// Type of each number in it.
    #[serde(rename = "type")]
    pub ty: PackedType,
    /// The codes that the numbers count.
    #[serde(default)]
    pub codes: Vec<String>,
    /// A file of zeros where the value is unknown.
    #[serde(default)]
    pub known: Option<Box<PackedColumn>>,
}

/// The type of a number in a packed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackedType {
    /// One byte, unsigned.
    U8,
    /// Two bytes, unsigned.
    U16,
    /// Four bytes, unsigned.
    U32,
    /// Four bytes, signed.
    I32,
    /// Eight bytes, signed.
    I64,
}

struct Numbers {
    bytes: Vec<u8>,
    ty: PackedType,
}

impl Numbers {
    fn read(folder: &Path, column: &PackedColumn, rows: usize) -> Result<Numbers, ColumnsError> {
        let path = folder.join(&column.file);
        let bytes = fs::read(&path).map_err(|source| ColumnsError::File { path: path.clone(), source })?;
        let width = match column.ty {
            PackedType::U8 => 1,
            PackedType::U16 => 2,
            PackedType::U32 | PackedType::I32 => 4,
            PackedType::I64 => 8,
        };
        if bytes.len() < rows * width {
            let rows_held = bytes.len() / width;
            return Err(ColumnsError::Damaged {
                path,
                reason: format!("只有 {rows_held} 行，清单写 {rows} 行"),
            });
        }
        Ok(Numbers { bytes, ty: column.ty })
    }

    fn get(&self, row: usize) -> i64 {
        let at = |width: usize| &self.bytes[row * width..(row + 1) * width];
        match self.ty {
            PackedType::U8 => self.bytes[row].into(),
            PackedType::U16 => bytemuck::pod_read_unaligned::<u16>(at(2)).into(),
            PackedType::U32 => bytemuck::pod_read_unaligned::<u32>(at(4)).into(),
            PackedType::I32 => bytemuck::pod_read_unaligned::<i32>(at(4)).into(),
            PackedType::I64 => bytemuck::pod_read_unaligned(at(8)),
        }
    }
}

impl Draft {
    /// Reads the packed files of a folder whose manifest is `manifest.json`. The shapes say what each field is.
    ///
    /// # Errors
    /// A manifest that cannot be read, a field that the shapes do not have, a file that is too short, a value that is no
    /// date, month, truth or code of its column.
    pub fn read_packed(folder: &Path, shapes: &Shapes) -> Result<Draft, ColumnsError> {
        let path = folder.join("manifest.json");
        let text = fs::read(&path).map_err(|source| ColumnsError::File { path: path.clone(), source })?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| ColumnsError::Damaged { path: path.clone(), reason: error.to_string() })?;
        let wrong = |reason: String| ColumnsError::Draft(format!("清单 {}：{reason}", path.display()));
        let root = manifest.root.shape.clone().ok_or_else(|| wrong("root 没有写 shape".to_owned()))?;
        let shape = shapes.get(&root).ok_or_else(|| wrong(format!("没有叫 {root} 的形状")))?;
        let mut wanted = BTreeSet::new();
        let mut want = |shape: &str, table: &PackedTable| {
            wanted.extend(
                table.columns.iter().filter_map(|column| Some((shape.to_owned(), column.field.clone()?))),
            );
        };
        want(&root, &manifest.root);
        for table in &manifest.tables {
            let relation = table.relation.as_deref().unwrap_or_default();
            let target =
                shape.relations.get(relation).ok_or_else(|| wrong(format!("{root} 没有关系 {relation}")))?;
            want(&target.shape, table);
        }
        let references: Vec<(&str, &str)> =
            manifest.first_row.iter().map(|(one, many)| (one.as_str(), many.as_str())).collect();
        let schema = Schema::of(&handed_over(shapes, &root, &manifest), &root, &wanted, &references);
        let mut draft = Draft::new(schema, shapes, manifest.as_of);
        draft.packed_columns(folder, 0, &manifest.root)?;
        // Who has no rows in a table has no first one either.
        let mut occupied: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
        for table in &manifest.tables {
            let relation = table.relation.as_deref().unwrap_or_default();
            let index =
                draft.schema().child(0, relation).ok_or_else(|| wrong(format!("没有关系 {relation}")))?;
            draft.packed_columns(folder, index, table)?;
            let offsets =
                table.offsets.as_ref().ok_or_else(|| wrong(format!("{relation} 没有写 offsets")))?;
            let offsets = Numbers::read(folder, offsets, manifest.root.rows + 1)?;
            if offsets.get(0) != 0 || offsets.get(manifest.root.rows) != table.rows as i64 {
                return Err(wrong(format!("{relation} 的 offsets 不从 0 到 {}", table.rows)));
            }
            let mut row = 0;
            for parent in 0..manifest.root.rows {
                let end = offsets.get(parent + 1);
                occupied.entry(index).or_default().push(row < end);
                while row < end {
                    draft.end_row(index);
                    row += 1;
                }
                if row != end {
                    return Err(wrong(format!("{relation} 的 offsets 在第 {parent} 行倒退")));
                }
                draft.end_group(index, true)?;
            }
        }
        for reference in 0..draft.schema().tables[0].references.len() {
            let target = draft.schema().tables[0].references[reference].table;
            let occupied = occupied.get(&target).map(Vec::as_slice).unwrap_or_default();
            let column = draft.reference(0, reference);
            occupied.iter().for_each(|&occupied| column.push(occupied.then_some(0)));
        }
        let numbers = Numbers::read(folder, &manifest.division, manifest.root.rows)?;
        let codes = &manifest.division.codes;
        let divisions: Vec<i64> = codes.iter().map(|code| draft.division(code)).collect();
        for row in 0..manifest.root.rows {
            let code = usize::try_from(numbers.get(row)).ok().and_then(|index| divisions.get(index));
            let division = code.ok_or_else(|| wrong(format!("第 {row} 户的区划不在 codes 里")))?;
            draft.end_root(*division);
        }
        Ok(draft)
    }

    fn packed_columns(
        &mut self,
        folder: &Path,
        table: usize,
        packed: &PackedTable,
    ) -> Result<(), ColumnsError> {
        let declared = self.schema().tables[table].clone();
        for column in &packed.columns {
            let id = column.field.as_deref().unwrap_or_default();
            let index = self.schema().column(table, id).ok_or_else(|| ColumnsError::Value {
                column: format!("{}.{id}", declared.shape),
                value: column.file.clone(),
                reason: "形状里没有这个字段，或者它是文字".to_owned(),
            })?;
            let kind = declared.columns[index].kind;
            let codes: Vec<i64> = column.codes.iter().map(|code| self.code(code)).collect();
            let numbers = Numbers::read(folder, column, packed.rows)?;
            let known =
                column.known.as_ref().map(|known| Numbers::read(folder, known, packed.rows)).transpose()?;
            let target: &mut DraftColumn = self.column(table, index);
            for row in 0..packed.rows {
                if known.as_ref().is_some_and(|known| known.get(row) == 0) {
                    target.push(None);
                    continue;
                }
                let number = numbers.get(row);
                let cell = cell(kind, number, &codes).ok_or_else(|| ColumnsError::Value {
                    column: format!("{}.{id}", declared.shape),
                    value: number.to_string(),
                    reason: format!("第 {row} 行不合适"),
                })?;
                target.push(Some(cell));
            }
        }
        Ok(())
    }
}

/// The shapes with no relation but those that the manifest names and the way back to the root: what is not handed over is not
/// in the snapshot, and a rule that reads it is refused.
fn handed_over(shapes: &Shapes, root: &str, manifest: &Manifest) -> Shapes {
    let mut kept = shapes.clone();
    for (id, shape) in &mut kept.shapes {
        if id == root {
            shape.relations.retain(|relation, _| {
                manifest.first_row.contains_key(relation)
                    || manifest.tables.iter().any(|table| table.relation.as_deref() == Some(relation))
            });
        } else {
            shape.relations.retain(|_, relation| !relation.many && relation.shape == root);
        }
    }
    kept
}

fn cell(kind: Kind, number: i64, codes: &[i64]) -> Option<i64> {
    match kind {
        Kind::Boolean => (0..=1).contains(&number).then_some(number),
        Kind::Number { .. } => Some(number),
        Kind::Date => {
            let part = |number: i64| u32::try_from(number).ok();
            let year = i32::try_from(number / 10_000).ok()?;
            let date = NaiveDate::from_ymd_opt(year, part(number / 100 % 100)?, part(number % 100)?)?;
            (1..=9999).contains(&date.year()).then(|| dates::pack(date))
        }
        Kind::Month => {
            let month = Month::new(i32::try_from(number / 100).ok()?, u32::try_from(number % 100).ok()?);
            month.ok().map(|month| month.index().into())
        }
        Kind::Code => usize::try_from(number).ok().and_then(|index| codes.get(index)).copied(),
    }
}
