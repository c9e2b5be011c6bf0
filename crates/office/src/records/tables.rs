//! The tables of registers, made from the release: created when a register is new, widened when a field is, and never narrowed. What a
//! later release leaves out stays where it is.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::{Field, Register};
use sm3::{Digest, Sm3};
use store::{Db, Query, Scope, Tx, Value, values};

use super::columns::{ColumnKind, column, is_sorted, list_table, searched_column, sort_column, table};
use crate::OfficeError;
use crate::search::index;

const TABLES: &str = "the tables of registers follow the release";

/// Makes and widens the tables of a release's registers; how many columns are new. Run before the release is put in force.
///
/// # Errors
/// [`OfficeError::Conflict`] when a field changed its type: that is another field and needs another id.
pub async fn prepare(db: &Db, release: &Release) -> Result<usize, OfficeError> {
    if release.registers.iter().next().is_none() {
        return Ok(0);
    }
    let tx = db.begin().await?;
    let added = prepare_in(&tx, release).await?;
    tx.commit().await?;
    Ok(added)
}

/// The same in the transaction that puts the release in force.
pub(crate) async fn prepare_in(tx: &Tx, release: &Release) -> Result<usize, OfficeError> {
    if release.registers.iter().next().is_none() {
        return Ok(0);
    }
    tx.lock("records").await?;
    let mut known = Known::read(tx).await?;
    let mut kinds: Vec<(&str, bool)> = Vec::new();
    for register in release.registers.iter() {
        // Of a table that was there before there may be records that are not in the index of words.
        kinds.push((register.id.as_str(), tx.columns_of(&table(register)).await?.is_empty()));
        prepare_register(tx, register, &mut known).await?;
    }
    index::name_kinds(tx, &kinds).await?;
    let added = known.new.len();
    let columns = ["register", "list", "field", "kind"];
    store::insert_many(&Scope::System(TABLES), tx, "record_column", &columns, known.new).await?;
    Ok(added)
}

/// The fields that have columns, by register, list and field, and those that get one now.
struct Known {
    kinds: BTreeMap<(String, String, String), String>,
    new: Vec<Vec<Value>>,
}

impl Known {
    async fn read(tx: &Tx) -> Result<Known, OfficeError> {
        let kinds = Query::system(TABLES, "SELECT c.register, c.list, c.field, c.kind FROM record_column c")
            .all_as(tx, |row| {
                Ok(((row.get("register")?, row.get("list")?, row.get("field")?), row.get("kind")?))
            })
            .await?;
        Ok(Known { kinds: kinds.into_iter().collect(), new: Vec::new() })
    }

    /// Takes note of a field.
    fn note(&mut self, register: &Register, list: &str, field: &Field) -> Result<(), OfficeError> {
        let kind = ColumnKind::of(field).name();
        let key = (register.id.get().clone(), list.to_owned(), field.id.get().clone());
        match self.kinds.get(&key) {
            Some(known) if known == kind => {}
            Some(_) => {
                return Err(OfficeError::Conflict(format!(
                    "登记簿「{}」的字段「{}」（{}）类型与以前不同。类型变了就是另一个字段，请在配置包中换一个新的 id。",
                    register.title, field.label, field.id
                )));
            }
            None => self.new.push(values![key.0, key.1, key.2, kind]),
        }
        Ok(())
    }
}

async fn prepare_register(tx: &Tx, register: &Register, known: &mut Known) -> Result<(), OfficeError> {
    let name = table(register);
    let base = "id {id}, county_id BIGINT REFERENCES division (id), \
        division_id BIGINT NOT NULL REFERENCES division (id), state TEXT NOT NULL, title TEXT NOT NULL, words TEXT NOT NULL, \
        recorded_on DATE NOT NULL, closed_on DATE, version BIGINT NOT NULL, import_id BIGINT, created_by BIGINT, \
        created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL";
    let mut columns = Vec::new();
    for (_, field) in register.fields() {
        known.note(register, "", field)?;
        columns.extend(columns_of(register, true, field));
    }
    make_or_widen(tx, &name, base, columns).await?;
    for of in register.lists() {
        let rows = list_table(register, of);
        let base =
            format!("id {{id}}, record_id BIGINT NOT NULL REFERENCES {name} (id), place INTEGER NOT NULL");
        let mut columns = Vec::new();
        for field in register.list_fields(of) {
            known.note(register, of, field)?;
            columns.extend(columns_of(register, false, field));
        }
        make_or_widen(tx, &rows, &base, columns).await?;
        tx.define(&format!("CREATE INDEX IF NOT EXISTS {rows}_of ON {rows} (record_id, place)")).await?;
    }
    indexes(tx, register, &name).await
}

/// A column of a field.
struct Column {
    name: String,
    sql_type: &'static str,
    /// What rows that are there already get.
    from: Option<(String, String)>,
}

/// A field's own column, the one by which a sealed value is found, and the one by which it is sorted.
fn columns_of(register: &Register, top: bool, field: &Field) -> Vec<Column> {
    let (kind, own) = (ColumnKind::of(field), column(field));
    let mut columns = vec![Column { name: own.clone(), sql_type: kind.sql_type(), from: None }];
    if kind == ColumnKind::Sealed {
        columns.push(Column { name: format!("b_{}", field.id), sql_type: "TEXT", from: None });
    }
    if top && is_sorted(register, field) {
        let (sql_type, value) = if kind == ColumnKind::Boolean {
            ("BIGINT NOT NULL DEFAULT -9223372036854775808", format!("CASE WHEN {own} THEN 1 ELSE 0 END"))
        } else if kind.sorts_as_number() {
            ("BIGINT NOT NULL DEFAULT -9223372036854775808", own.clone())
        } else {
            ("TEXT NOT NULL DEFAULT ''", format!("CAST({own} AS TEXT)"))
        };
        columns.push(Column { name: sort_column(Some(field)), sql_type, from: Some((value, own)) });
    }
    columns
}

/// A new table is made with all its columns at once: adding one to a table makes SQLite read its whole schema again.
async fn make_or_widen(tx: &Tx, table: &str, base: &str, columns: Vec<Column>) -> Result<(), OfficeError> {
    let there = tx.columns_of(table).await?;
    if there.is_empty() {
        let columns: String =
            columns.iter().map(|column| format!(", {} {}", column.name, column.sql_type)).collect();
        return Ok(tx.define(&format!("CREATE TABLE {table} ({base}{columns})")).await?);
    }
    for Column { name, sql_type, from } in columns {
        if there.contains(&name) {
            continue;
        }
        tx.define(&format!("ALTER TABLE {table} ADD COLUMN {name} {sql_type}")).await?;
        if let Some((value, from)) = from {
            tx.define(&format!("UPDATE {table} SET {name} = {value} WHERE {from} IS NOT NULL")).await?;
        }
    }
    Ok(())
}

/// An index for each way in which the pages ask. Named after what it holds, so that another definition makes another one.
async fn indexes(tx: &Tx, register: &Register, table: &str) -> Result<(), OfficeError> {
    let field = |id: &str| register.field(id);
    let key: Vec<String> = register.key.iter().filter_map(|id| field(id)).map(searched_column).collect();
    let mut wanted = vec![
        format!("({})|WHERE closed_on IS NULL|UNIQUE", key.join(", ")),
        "(division_id, title, id)||".to_owned(),
        "(title, id)||".to_owned(),
        "(state, title, id)||".to_owned(),
    ];
    for sort in register.list.sorts.iter().filter_map(|id| field(id)) {
        wanted.push(format!("({}, id)||", sort_column(Some(sort))));
    }
    for filter in register.list.filters.iter().filter_map(|id| field(id)) {
        wanted.push(format!("({}, title, id)||", searched_column(filter)));
    }
    for (_, reference) in register.fields().filter(|(_, field)| field.target().is_some()) {
        wanted.push(format!("({}, id)||", column(reference)));
    }
    let mut statements = Vec::with_capacity(wanted.len());
    for text in wanted {
        let mut parts = text.split('|');
        let (columns, when, unique) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let hash = hex::encode(Sm3::digest(text.as_bytes()));
        statements.push(format!(
            "CREATE {unique} INDEX IF NOT EXISTS {table}_{} ON {table} {columns} {when}",
            &hash[..12]
        ));
    }
    Ok(tx.define(&statements.join(";\n")).await?)
}
