//! Migrations: small dated texts, run once each, in order, on both databases.
//!
//! One text serves both. `{id}` becomes the surrogate key's type, `{bytes}` the type of bytes; a line that starts with
//! `--sqlite ` or `--postgres ` runs only there. A text that has run is never edited: its hash is kept and compared.

use sea_orm::ConnectionTrait;
use sm3::{Digest, Sm3};

use crate::database::{Backend, Db, Tx};
use crate::error::{Result, StoreError};
use crate::query::Query;

/// One change of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Date and sentence, `20261121_people`; unique for ever.
    pub name: &'static str,
    /// The text, usually `include_str!`.
    pub sql: &'static str,
}

const REASON: &str = "schema";

impl Db {
    /// Run what has not run yet, each in its own transaction; safe to repeat and safe from several processes.
    ///
    /// # Errors
    /// [`StoreError::Migration`] naming the migration that was edited after it ran, or that failed; those before it stand.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<()> {
        for migration in migrations {
            let tx = self.begin().await?;
            tx.lock("schema").await?;
            tx.transaction.execute_unprepared(LEDGER).await?;
            match applied_hash(&tx, migration).await? {
                Some(hash) if hash == migration.hash() => continue,
                Some(_) => {
                    return Err(StoreError::Migration(format!(
                        "迁移 {} 执行后被改动过。执行过的迁移不能再改，请恢复原文，另写一个新的迁移",
                        migration.name
                    )));
                }
                None => {}
            }
            tx.define(migration.sql).await.map_err(|error| {
                StoreError::Migration(format!("迁移 {} 没有成功：{error}", migration.name))
            })?;
            Query::system(REASON, "INSERT INTO migration (name, hash, at) VALUES (?, ?, ?)")
                .bind(migration.name)
                .bind(migration.hash())
                .bind(crate::machine_now())
                .execute(&tx)
                .await?;
            tx.commit().await?;
            tracing::info!(migration = migration.name, "schema changed");
        }
        Ok(())
    }

    /// The names of migrations that ran here and that this program does not have: the database belongs to a newer one.
    ///
    /// # Errors
    /// The database's.
    pub async fn unknown_migrations(&self, known: &[Migration]) -> Result<Vec<String>> {
        let names: Vec<String> =
            Query::system(REASON, "SELECT name FROM migration ORDER BY at, name").scalars(self).await?;
        Ok(names.into_iter().filter(|name| known.iter().all(|migration| migration.name != name)).collect())
    }
}

impl Tx {
    /// Change the schema inside this transaction: for tables that a pack defines. Takes the tokens of a migration and
    /// several statements.
    ///
    /// # Errors
    /// The database's.
    pub async fn define(&self, sql: &str) -> Result<()> {
        self.transaction.execute_unprepared(&translate(sql, self.backend)).await?;
        Ok(())
    }

    /// The columns of a table in order; empty if there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn columns_of(&self, table: &str) -> Result<Vec<String>> {
        let sql = match self.backend {
            Backend::Sqlite => "SELECT name FROM pragma_table_info(?) ORDER BY cid",
            Backend::Postgres => {
                "SELECT column_name::text FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position"
            }
        };
        Query::system(REASON, sql).bind(table).scalars(self).await
    }
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migration (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    at BIGINT NOT NULL
)";

/// Whether any migration ever ran.
pub(crate) async fn is_begun(db: &Db) -> Result<bool> {
    let sql = match db.backend() {
        Backend::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migration'",
        Backend::Postgres => {
            "SELECT count(*) FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_name = 'migration'"
        }
    };
    Ok(Query::system(REASON, sql).scalar::<i64>(db).await? > 0)
}

async fn applied_hash(tx: &Tx, migration: &Migration) -> Result<Option<String>> {
    Query::system(REASON, "SELECT hash FROM migration WHERE name = ?")
        .bind(migration.name)
        .optional_as(tx, |row| row.get("hash"))
        .await
}

impl Migration {
    fn hash(&self) -> String {
        hex::encode(Sm3::digest(self.sql.as_bytes()))
    }
}

fn translate(sql: &str, backend: Backend) -> String {
    let (ours, theirs, id, bytes) = match backend {
        Backend::Sqlite => ("--sqlite ", "--postgres ", "INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB"),
        Backend::Postgres => {
            ("--postgres ", "--sqlite ", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "BYTEA")
        }
    };
    let mut text = String::with_capacity(sql.len());
    for line in sql.lines().filter(|line| !line.trim_start().starts_with(theirs)) {
        let start = line.trim_start();
        text.push_str(start.strip_prefix(ours).unwrap_or(line));
        text.push('\n');
    }
    text.replace("{id}", id).replace("{bytes}", bytes)
}
