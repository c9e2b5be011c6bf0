//! What stands in the database, row by row, before and after.

use std::collections::{BTreeMap, BTreeSet};

use store::{Backend, Db, DivisionId, Query};

/// Rows by table. What every visit changes is left out: sessions, the audit, and what search keeps for itself.
pub(super) struct Rows(BTreeMap<String, BTreeSet<String>>);

const LEFT_OUT: [&str; 6] =
    ["session", "audit", "code_failure", "division", "division_closure", "pack_release"];

impl Rows {
    pub(super) async fn of(db: &Db) -> Rows {
        let tables = match db.backend() {
            Backend::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            }
            Backend::Postgres => {
                "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        };
        let mut rows = BTreeMap::new();
        for table in names(db, tables.to_owned()).await {
            if LEFT_OUT.contains(&table.as_str())
                || table.starts_with("person_search")
                || table.starts_with("search_words")
            {
                continue;
            }
            let line = match db.backend() {
                Backend::Postgres => "t::text".to_owned(),
                Backend::Sqlite => {
                    let columns = format!("SELECT name FROM pragma_table_info('{table}')");
                    let columns = names(db, columns).await;
                    let quoted: Vec<String> =
                        columns.iter().map(|column| format!("'{column}=' || quote(t.{column})")).collect();
                    quoted.join(" || ',' || ")
                }
            };
            let sql = format!("SELECT {line} AS name FROM {table} t");
            rows.insert(table, names(db, sql).await.into_iter().collect());
        }
        Rows(rows)
    }

    /// What was there and is so no longer.
    pub(super) fn lost(&self, after: &Rows) -> Vec<String> {
        let lost = self.0.iter().flat_map(|(table, rows)| {
            let now = after.0.get(table);
            rows.iter()
                .filter(move |row| now.is_none_or(|now| !now.contains(*row)))
                .map(move |row| format!("{table}: {row}"))
        });
        lost.collect()
    }

    /// What is new.
    pub(super) fn gained(&self, after: &Rows) -> Vec<String> {
        after.lost(self)
    }
}

/// How many rows of the tables with divisions lie in these.
pub(super) async fn lying_in(db: &Db, divisions: &[DivisionId]) -> BTreeMap<String, i64> {
    const COLUMNS: [(&str, &str); 11] = [
        ("person", "residence_division_id"),
        ("person", "division_id"),
        ("household_place", "division_id"),
        ("case_division", "division_id"),
        ("task", "division_id"),
        ("staff", "division_id"),
        ("post", "division_id"),
        ("entitlement", "division_id"),
        ("upload", "division_id"),
        ("reg_organisation", "division_id"),
        ("reg_facility", "division_id"),
    ];
    let mut counts = BTreeMap::new();
    for (table, column) in COLUMNS {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} IN ({{list}})");
        let count = Query::system("test", sql).bind_list(divisions.iter().copied()).scalar(db).await;
        counts.insert(format!("{table}.{column}"), count.unwrap());
    }
    counts
}

async fn names(db: &Db, sql: String) -> Vec<String> {
    let rows = Query::system("test", sql).all(db).await.unwrap();
    rows.iter().map(|row| row.get("name").unwrap()).collect()
}
