//! The tables that queries read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::aggregate::foreign_key;
use super::calendar::day_number;
use super::{quoted, text_literal};
use crate::types::{Shapes, Type};
use crate::value::{Record, Value};

/// `CREATE TABLE` for the unit's shape and every shape that its relations lead to, with the column `division` on the unit.
pub fn create_tables(unit_shape: &str, shapes: &Shapes) -> String {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut open = vec![unit_shape.to_owned()];
    while let Some(id) = open.pop() {
        let Some(shape) = shapes.get(&id).filter(|_| !columns.contains_key(&id)) else { continue };
        let own = columns.entry(id.clone()).or_default();
        own.push("\"id\" BIGINT PRIMARY KEY".to_owned());
        if id == unit_shape {
            own.push("\"division\" TEXT".to_owned());
        }
        for (field, declared) in &shape.fields {
            let ty = match declared.ty {
                Type::Boolean => "BOOLEAN",
                Type::Number { .. } | Type::Date | Type::Month => "BIGINT",
                Type::Code { .. } | Type::Text => "TEXT",
            };
            own.push(format!("{} {ty}", quoted(field)));
        }
        for (relation, leads) in &shape.relations {
            let column = if leads.many { format!("{relation}_known") } else { format!("{relation}_id") };
            own.push(format!("{} {}", quoted(&column), if leads.many { "BOOLEAN" } else { "BIGINT" }));
            open.push(leads.shape.clone());
        }
    }
    let reached: Vec<String> = columns.keys().cloned().collect();
    for id in &reached {
        for (relation, leads) in shapes.get(id).map(|shape| &shape.relations).into_iter().flatten() {
            if leads.many
                && let Some(rows) = columns.get_mut(&leads.shape)
            {
                let column = format!("{} BIGINT", quoted(&foreign_key(shapes, id, relation)));
                // A to-one relation back to the owner is the same column.
                if !rows.contains(&column) {
                    rows.push(column);
                }
            }
        }
    }
    let mut text = String::new();
    for (table, columns) in columns {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "CREATE TABLE {} ({});", quoted(&table), columns.join(", "));
    }
    text
}

/// Records of the unit's shape as `INSERT` statements for those tables, their ids counted from `first_id` on: to try a
/// query on a few families. A value that does not fit its field is left unknown, as the language would see it broken.
pub fn insert_rows(
    unit_shape: &str,
    shapes: &Shapes,
    records: &[(Option<&str>, &Record)],
    first_id: i64,
) -> Vec<String> {
    let mut rows = Rows { unit_shape, shapes, next: first_id, of: BTreeMap::new() };
    // The units first, so that the first has the first id.
    rows.next += i64::try_from(records.len()).unwrap_or(i64::MAX);
    for (id, (division, record)) in (first_id..).zip(records) {
        let own = vec![("division".to_owned(), division.map_or("NULL".to_owned(), text_literal))];
        rows.add(unit_shape, record, id, own, None);
    }
    let mut statements = Vec::new();
    for (table, rows) in rows.of {
        for some in rows.chunks(500) {
            let Some((columns, _)) = some.first() else { continue };
            let values: Vec<&str> = some.iter().map(|(_, values)| values.as_str()).collect();
            statements.push(format!(
                "INSERT INTO {} ({columns}) VALUES {};",
                quoted(&table),
                values.join(", ")
            ));
        }
    }
    statements
}

struct Rows<'a> {
    unit_shape: &'a str,
    shapes: &'a Shapes,
    next: i64,
    /// Columns and values by table; the columns of one table are always the same.
    of: BTreeMap<String, Vec<(String, String)>>,
}

impl Rows<'_> {
    /// `within` is the row that leads here by a column, which may be one of the rows that this record lists by the same
    /// column: a person of a household, who is one of its members, stands in the table once.
    fn add(
        &mut self,
        shape: &str,
        record: &Record,
        id: i64,
        own: Vec<(String, String)>,
        within: Option<(&str, &Record)>,
    ) {
        let Some(declared) = self.shapes.get(shape) else { return };
        let mut columns: BTreeMap<String, String> = BTreeMap::new();
        columns.insert("id".to_owned(), id.to_string());
        for (field, declared) in &declared.fields {
            let value = record.fields.get(field).unwrap_or(&Value::Unknown);
            columns.insert(field.clone(), literal(value, &declared.ty));
        }
        for (relation, leads) in &declared.relations {
            if !leads.many {
                let related = record.one.get(relation).map(|related| {
                    let id = self.take_id();
                    let column = format!("{relation}_id");
                    self.add(&leads.shape, related, id, Vec::new(), Some((&column, record)));
                    id
                });
                let id = related.map_or("NULL".to_owned(), |id| id.to_string());
                columns.insert(format!("{relation}_id"), id);
                continue;
            }
            let listed = record.many.get(relation);
            let known = if listed.is_some() { "TRUE" } else { "FALSE" };
            columns.insert(format!("{relation}_known"), known.to_owned());
            let link = foreign_key(self.shapes, shape, relation);
            let mut there = within.filter(|(column, _)| *column == link).map(|(_, row)| row);
            for row in listed.into_iter().flatten() {
                if there.is_some_and(|there| there.fields == row.fields) {
                    there = None;
                    continue;
                }
                let row_id = self.take_id();
                self.add(&leads.shape, row, row_id, vec![(link.clone(), id.to_string())], None);
            }
        }
        // Every row of a table has the same columns: those that link to owners too.
        for (owner, owned) in &self.shapes.shapes {
            let here = owned.relations.iter().filter(|(_, leads)| leads.many && leads.shape == shape);
            for (relation, _) in here {
                columns.entry(foreign_key(self.shapes, owner, relation)).or_insert_with(|| "NULL".to_owned());
            }
        }
        if shape == self.unit_shape {
            columns.insert("division".to_owned(), "NULL".to_owned());
        }
        columns.extend(own);
        let names: Vec<String> = columns.keys().map(|name| quoted(name)).collect();
        let values: Vec<String> = columns.into_values().collect();
        let row = (names.join(", "), format!("({})", values.join(", ")));
        self.of.entry(shape.to_owned()).or_default().push(row);
    }

    fn take_id(&mut self) -> i64 {
        self.next += 1;
        self.next - 1
    }
}

fn literal(value: &Value, ty: &Type) -> String {
    match (value, ty) {
        (Value::Boolean(value), Type::Boolean) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        (Value::Number(number), Type::Number { scale, .. }) => {
            number.to_scaled(*scale).map_or("NULL".to_owned(), |units| units.to_string())
        }
        (Value::Date(date), Type::Date) => day_number(*date).to_string(),
        (Value::Month(month), Type::Month) => month.index().to_string(),
        (Value::Text(text), Type::Code { .. } | Type::Text) => text_literal(text),
        _ => "NULL".to_owned(),
    }
}
