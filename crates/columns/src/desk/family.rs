//! A family made ready for a desk: every value a whole number in its place, and where it is known.

use std::collections::{BTreeSet, HashMap};

use rules::{Programme, Record};

use super::program::{Leaf, Program};
use super::{ROWS_MAX, cell};
use crate::schema::Schema;

/// A family as a desk takes it.
#[derive(Debug, Clone)]
pub struct DeskFamily {
    /// Its rows, or why the evaluator is asked.
    pub(crate) rows: Result<Rows, String>,
    /// The units that the evaluator is asked about, by shape.
    units: Vec<(String, Vec<Record>)>,
    /// What officers found: programme and condition by their places.
    pub(super) found: Vec<(usize, usize, Option<bool>)>,
}

/// Rows of all tables.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// Rows of each table.
    pub counts: Vec<usize>,
    /// For each row of the table above the first row below it, and the end.
    pub offsets: Vec<Vec<usize>>,
    /// By table the leaves of the program, one after the other, a number for each row.
    pub cells: Vec<Vec<i64>>,
    /// By table and reference the position of the row that it leads to.
    pub references: Vec<Vec<Vec<i64>>>,
}

/// Rows as they are read: a number for each column, `None` where it is unknown.
struct Reading<'r> {
    schema: &'r Schema,
    codes: &'r HashMap<String, i64>,
    columns: Vec<Vec<Vec<Option<i64>>>>,
    references: Vec<Vec<Vec<Option<i64>>>>,
    counts: Vec<usize>,
    offsets: Vec<Vec<usize>>,
    listed: Vec<Vec<bool>>,
}

impl Reading<'_> {
    fn row(&mut self, table: usize, record: &Record) -> Result<(), String> {
        let schema = self.schema;
        for (index, column) in schema.tables[table].columns.iter().enumerate() {
            let value = record.fields.get(&column.id).unwrap_or(&rules::Value::Unknown);
            self.columns[table][index].push(cell(column.kind, value, self.codes)?);
        }
        for (child, below) in schema.tables.iter().enumerate() {
            let Some(parent) = below.parent.as_ref().filter(|parent| parent.table == table) else { continue };
            let (rows, listed): (&[Record], bool) = if parent.many {
                let rows = record.many.get(&parent.relation);
                (rows.map_or(&[], Vec::as_slice), rows.is_some())
            } else {
                (record.one.get(&parent.relation).map_or(&[], std::slice::from_ref), true)
            };
            if rows.len() > ROWS_MAX {
                return Err(format!("一处有 {} 行，超过 {ROWS_MAX} 行", rows.len()));
            }
            for row in rows {
                self.row(child, row)?;
            }
            self.offsets[child].push(self.counts[child]);
            self.listed[child].push(listed);
        }
        for (index, reference) in schema.tables[table].references.iter().enumerate() {
            let relation = schema.tables[reference.table].parent.as_ref().map(|parent| &parent.relation);
            let rows = relation.and_then(|relation| record.many.get(relation));
            let position = match record.one.get(&reference.relation) {
                None => None,
                Some(one) => {
                    let position = rows.and_then(|rows| rows.iter().position(|row| row == one));
                    Some(position.ok_or("一个关系指向的不是家庭里的一行")? as i64)
                }
            };
            self.references[table][index].push(position);
        }
        self.counts[table] += 1;
        Ok(())
    }
}

impl DeskFamily {
    pub(super) fn of(
        schema: &Schema,
        codes: &HashMap<String, i64>,
        program: &Program,
        record: &Record,
        evaluated: &BTreeSet<&str>,
        found: Vec<(usize, usize, Option<bool>)>,
    ) -> DeskFamily {
        let rows = Rows::of(schema, codes, program, record);
        let shapes: BTreeSet<&str> = match &rows {
            Ok(_) => evaluated.clone(),
            Err(_) => schema.tables.iter().map(|table| table.shape.as_str()).collect(),
        };
        let units = shapes.into_iter().map(|shape| (shape.to_owned(), units(schema, shape, record)));
        DeskFamily { units: units.collect(), rows, found }
    }

    /// The units of a programme, as the evaluator takes them.
    pub(super) fn units(&self, programme: &Programme) -> &[Record] {
        let shape = &programme.source().unit_shape;
        self.units.iter().find(|(own, _)| own == shape).map_or(&[], |(_, units)| units)
    }
}

/// The records of a shape in a family: the family itself, or the rows of its relation, each with the way back.
fn units(schema: &Schema, shape: &str, record: &Record) -> Vec<Record> {
    let Some(parent) = schema.unit(shape).and_then(|table| schema.tables[table].parent.as_ref()) else {
        return vec![record.clone()];
    };
    let rows = record.many.get(&parent.relation).into_iter().flatten();
    let with_way_back = |row: &Record| match &parent.back {
        Some(back) => row.clone().with_one(back, record.clone()),
        None => row.clone(),
    };
    rows.map(with_way_back).collect()
}

impl Rows {
    fn of(
        schema: &Schema,
        codes: &HashMap<String, i64>,
        program: &Program,
        record: &Record,
    ) -> Result<Rows, String> {
        let tables = &schema.tables;
        let mut reading = Reading {
            schema,
            codes,
            columns: tables.iter().map(|table| vec![Vec::new(); table.columns.len()]).collect(),
            references: tables.iter().map(|table| vec![Vec::new(); table.references.len()]).collect(),
            counts: vec![0; tables.len()],
            offsets: vec![vec![0]; tables.len()],
            listed: vec![Vec::new(); tables.len()],
        };
        reading.row(0, record)?;
        let Reading { columns, references, counts, offsets, listed, .. } = reading;
        let mut cells = Vec::new();
        for (table, leaves) in program.leaves().iter().enumerate() {
            let mut own = Vec::with_capacity(leaves.len() * counts[table]);
            for leaf in leaves {
                match *leaf {
                    Leaf::Column { column, base, least, greatest, filler } => {
                        for value in &columns[table][column] {
                            let value = value.unwrap_or(filler);
                            if value < least || value > greatest {
                                return Err("一个值超出它的上下限".to_owned());
                            }
                            own.push(value - base);
                        }
                    }
                    Leaf::Known(column) => {
                        own.extend(columns[table][column].iter().map(|value| i64::from(value.is_some())));
                    }
                    Leaf::ReferenceKnown(reference) => {
                        let known = references[table][reference].iter();
                        own.extend(known.map(|position| i64::from(position.is_some())));
                    }
                    Leaf::Listed(child) => own.extend(listed[child].iter().map(|&listed| i64::from(listed))),
                    Leaf::Present(child) => {
                        own.extend(offsets[child].windows(2).map(|pair| i64::from(pair[1] > pair[0])));
                    }
                    Leaf::Rows(child) => {
                        own.extend(offsets[child].windows(2).map(|pair| (pair[1] - pair[0]) as i64));
                    }
                }
            }
            cells.push(own);
        }
        let positions = |one: Vec<Option<i64>>| one.into_iter().map(Option::unwrap_or_default).collect();
        let references =
            references.into_iter().map(|table| table.into_iter().map(positions).collect()).collect();
        Ok(Rows { counts, offsets, cells, references })
    }
}
