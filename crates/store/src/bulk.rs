//! Many rows in few statements.

use sea_orm::Value;

use crate::database::Connection;
use crate::error::{Result, StoreError};
use crate::query::Query;
use crate::scope::{Scope, ScopeColumns};

/// Both databases take more (32,766 and 65,535); a third of it keeps texts short.
const VALUES_MAX: usize = 10_000;

/// Insert rows, several hundred to a statement; how many. Every row has the columns' values in order ([`values!`](crate::values)).
/// Table and columns are names of the program, never of a user.
///
/// # Errors
/// A row of another length, or a constraint; use it in a transaction, so that all rows stand or none.
pub async fn insert_many(
    scope: &Scope,
    connection: &impl Connection,
    table: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Result<u64> {
    let is_name =
        |name: &&str| !name.is_empty() && name.chars().all(|sign| sign.is_alphanumeric() || sign == '_');
    if columns.is_empty() || !columns.iter().all(|name| is_name(name)) || !is_name(&table) {
        return Err(StoreError::Invalid(format!("{table} ({}) are no names", columns.join(", "))));
    }
    let chunk_max = (VALUES_MAX / columns.len()).max(1);
    let mut chunk: Vec<Vec<Value>> = Vec::new();
    let mut written = 0;
    for row in rows {
        if row.len() != columns.len() {
            return Err(StoreError::Invalid(format!(
                "{table} takes {} values, got {}",
                columns.len(),
                row.len()
            )));
        }
        chunk.push(row);
        if chunk.len() == chunk_max {
            written += insert_chunk(scope, connection, table, columns, std::mem::take(&mut chunk)).await?;
        }
    }
    if !chunk.is_empty() {
        written += insert_chunk(scope, connection, table, columns, chunk).await?;
    }
    Ok(written)
}

async fn insert_chunk(
    scope: &Scope,
    connection: &impl Connection,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Value>>,
) -> Result<u64> {
    let places = format!("({})", vec!["?"; columns.len()].join(", "));
    let sql = format!(
        "INSERT INTO {table} ({}) VALUES {}",
        columns.join(", "),
        vec![places; rows.len()].join(", ")
    );
    let query = Query::new(scope, &ScopeColumns::NONE, sql);
    rows.into_iter().flatten().fold(query, Query::bind_value).execute(connection).await
}
