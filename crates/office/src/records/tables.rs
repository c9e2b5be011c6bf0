//! The tables of registers, made from the release: created when a register is new, widened when a field is, and never narrowed. What a
//! later release leaves out stays where it is.

use catalogue::Release;
use catalogue::definition::{Field, Register};
use sm3::{Digest, Sm3};
use store::{Db, Query, Tx};

use super::columns::{ColumnKind, column, is_sorted, list_table, searched_column, sort_column, table};
use crate::OfficeError;

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
    tx.lock("records").await?;
    let mut added = 0;
    for register in release.registers.iter() {
        added += prepare_register(&tx, register).await?;
    }
    tx.commit().await?;
    Ok(added)
}

async fn prepare_register(tx: &Tx, register: &Register) -> Result<usize, OfficeError> {
    let name = table(register);
    tx.define(&format!(
        "CREATE TABLE IF NOT EXISTS {name} (id {{id}}, county_id BIGINT REFERENCES division (id), \
         division_id BIGINT NOT NULL REFERENCES division (id), state TEXT NOT NULL, title TEXT NOT NULL, words TEXT NOT NULL, \
         recorded_on DATE NOT NULL, closed_on DATE, version BIGINT NOT NULL, import_id BIGINT, created_by BIGINT, \
         created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL)"
    ))
    .await?;
    let mut added = 0;
    for (_, field) in register.fields() {
        added += add_column(tx, register, "", &name, field).await?;
    }
    for of in register.lists() {
        let rows = list_table(register, of);
        tx.define(&format!(
            "CREATE TABLE IF NOT EXISTS {rows} (id {{id}}, record_id BIGINT NOT NULL REFERENCES {name} (id), place INTEGER NOT NULL);\n\
             CREATE INDEX IF NOT EXISTS {rows}_of ON {rows} (record_id, place)"
        ))
        .await?;
        for field in register.list_fields(of) {
            added += add_column(tx, register, of, &rows, field).await?;
        }
    }
    indexes(tx, register, &name).await?;
    Ok(added)
}

async fn add_column(
    tx: &Tx,
    register: &Register,
    list: &str,
    table: &str,
    field: &Field,
) -> Result<usize, OfficeError> {
    let kind = ColumnKind::of(field);
    let known: Option<String> = Query::system(
        TABLES,
        "SELECT c.kind FROM record_column c WHERE c.register = ? AND c.list = ? AND c.field = ?",
    )
    .bind(register.id.as_str())
    .bind(list)
    .bind(field.id.as_str())
    .optional_as(tx, |row| row.get("kind"))
    .await?;
    let mut added = 0;
    match known {
        Some(known) if known == kind.name() => {}
        Some(_) => {
            return Err(OfficeError::Conflict(format!(
                "登记簿「{}」的字段「{}」（{}）类型与以前不同。类型变了就是另一个字段，请在配置包中换一个新的 id。",
                register.title, field.label, field.id
            )));
        }
        None => {
            tx.define(&format!("ALTER TABLE {table} ADD COLUMN {} {}", column(field), kind.sql_type()))
                .await?;
            if kind == ColumnKind::Sealed {
                tx.define(&format!("ALTER TABLE {table} ADD COLUMN b_{} TEXT", field.id)).await?;
            }
            Query::system(
                TABLES,
                "INSERT INTO record_column (register, list, field, kind) VALUES (?, ?, ?, ?)",
            )
            .bind(register.id.as_str())
            .bind(list)
            .bind(field.id.as_str())
            .bind(kind.name())
            .execute(tx)
            .await?;
            added = 1;
        }
    }
    if list.is_empty() && is_sorted(register, field) {
        let sort = sort_column(Some(field));
        if !tx.columns_of(table).await?.contains(&sort) {
            let from = column(field);
            let (sql_type, value) = if kind == ColumnKind::Boolean {
                (
                    "BIGINT NOT NULL DEFAULT -9223372036854775808",
                    format!("CASE WHEN {from} THEN 1 ELSE 0 END"),
                )
            } else if kind.sorts_as_number() {
                ("BIGINT NOT NULL DEFAULT -9223372036854775808", from.clone())
            } else {
                ("TEXT NOT NULL DEFAULT ''", format!("CAST({from} AS TEXT)"))
            };
            tx.define(&format!(
                "ALTER TABLE {table} ADD COLUMN {sort} {sql_type};\n\
                 UPDATE {table} SET {sort} = {value} WHERE {from} IS NOT NULL"
            ))
            .await?;
        }
    }
    Ok(added)
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
    for text in wanted {
        let mut parts = text.split('|');
        let (columns, when, unique) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let hash = hex::encode(Sm3::digest(text.as_bytes()));
        tx.define(&format!(
            "CREATE {unique} INDEX IF NOT EXISTS {table}_{} ON {table} {columns} {when}",
            &hash[..12]
        ))
        .await?;
    }
    Ok(())
}
