//! The connection: one [`Db`] for the process, one [`Tx`] for every change.
//!
//! SQLite: several readers and one writer. Write transactions queue at a gate inside the process, so they wait in order
//! instead of failing; `BEGIN IMMEDIATE` keeps other processes out. PostgreSQL: READ COMMITTED; what must not happen
//! twice at once takes [`Tx::lock`] or a row lock ([`Tx::for_update`]). Use [`Db::begin`] to change, [`Db::begin_read`]
//! to read several things as of one moment, and the [`Db`] itself for single statements.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

use crate::audit::ReadLog;
use crate::error::{Result, StoreError};
use crate::keys::Keys;
use crate::{migrate, settings};

/// How long a statement or a transaction waits for others before it gives up with [`StoreError::Busy`].
const WAIT_MAX: Duration = Duration::from_secs(30);
/// No single statement of PostgreSQL runs longer.
const STATEMENT_MAX: Duration = Duration::from_secs(600);
const SQLITE_CONNECTIONS_MAX: u32 = 8;
const POSTGRES_CONNECTIONS_MAX: u32 = 16;
/// For [`Db::aside`]: its statements are single ones and soon done.
const ASIDE_CONNECTIONS_MAX: u32 = 2;
/// A connection that nobody used for so long is closed, and its cache with it.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// Which database this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// One file, for a county or a trial.
    Sqlite,
    /// A server, for a city.
    Postgres,
}

pub struct Inner {
    pub backend: Backend,
    pub pool: DatabaseConnection,
    pub keys: Arc<Keys>,
    gate: Arc<Mutex<()>>,
    url: String,
    aside: OnceCell<Arc<Inner>>,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) inner: Arc<Inner>,
    pub(crate) reads: ReadLog,
    synthetic: bool,
}

/// A transaction. Dropped without [`Tx::commit`] it leaves nothing behind.
pub struct Tx {
    // Dropped in this order: first the transaction rolls back, then the next writer may start.
    pub(crate) transaction: DatabaseTransaction,
    _turn: Option<OwnedMutexGuard<()>>,
    pub(crate) backend: Backend,
    pub(crate) read_only: bool,
    /// The idempotency keys that this transaction is the first to use, with whose they are.
    pub(crate) first_uses: StdMutex<Vec<(String, String)>>,
}

pub(crate) mod sealed {
    /// Where a statement runs.
    pub enum Channel<'a> {
        /// By itself.
        Pool(&'a super::Inner),
        /// Inside a transaction.
        Transaction(&'a super::Tx),
    }

    /// Only this crate's types are connections.
    pub trait Sealed: Sync {
        /// Where the statement goes.
        fn channel(&self) -> Channel<'_>;
    }
}

/// Where a statement runs beside a transaction; see [`Db::aside`].
pub struct Aside<'a>(Place<'a>);

enum Place<'a> {
    /// In the transaction after all.
    Within(&'a Tx),
    /// By itself, on a connection that no transaction holds.
    Apart(Arc<Inner>),
}

/// What a [`Query`](crate::Query) runs on: the [`Db`] itself or a [`Tx`].
pub trait Connection: sealed::Sealed {
    /// Which database this is.
    fn backend(&self) -> Backend;
}

impl sealed::Sealed for Db {
    fn channel(&self) -> sealed::Channel<'_> {
        sealed::Channel::Pool(&self.inner)
    }
}

impl Connection for Db {
    fn backend(&self) -> Backend {
        self.inner.backend
    }
}

impl sealed::Sealed for Tx {
    fn channel(&self) -> sealed::Channel<'_> {
        sealed::Channel::Transaction(self)
    }
}

impl Connection for Tx {
    fn backend(&self) -> Backend {
        self.backend
    }
}

impl sealed::Sealed for Aside<'_> {
    fn channel(&self) -> sealed::Channel<'_> {
        match &self.0 {
            Place::Within(tx) => sealed::Channel::Transaction(tx),
            Place::Apart(inner) => sealed::Channel::Pool(inner),
        }
    }
}

impl Connection for Aside<'_> {
    fn backend(&self) -> Backend {
        match &self.0 {
            Place::Within(tx) => tx.backend,
            Place::Apart(inner) => inner.backend,
        }
    }
}

impl Backend {
    /// Read `sqlite:PATH` or `postgres://...`.
    ///
    /// # Errors
    /// Neither of the two.
    pub fn of_url(url: &str) -> Result<Backend> {
        if url.starts_with("sqlite:") {
            Ok(Backend::Sqlite)
        } else if url.starts_with("postgres://") {
            Ok(Backend::Postgres)
        } else {
            Err(StoreError::Invalid(
                "数据库地址应写成 sqlite:文件路径 或 postgres://用户@主机/库名".to_owned(),
            ))
        }
    }

    pub(crate) fn of_statement(self) -> DbBackend {
        match self {
            Backend::Sqlite => DbBackend::Sqlite,
            Backend::Postgres => DbBackend::Postgres,
        }
    }
}

impl Inner {
    /// Wait for the turn to write. PostgreSQL has no turns.
    pub(crate) async fn turn(&self) -> Result<Option<OwnedMutexGuard<()>>> {
        match self.backend {
            Backend::Postgres => Ok(None),
            Backend::Sqlite => tokio::time::timeout(WAIT_MAX, self.gate.clone().lock_owned())
                .await
                .map(Some)
                .map_err(|_| StoreError::Busy),
        }
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        let turn = self.turn().await?;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.transaction(options, turn, false).await
    }

    async fn transaction(
        &self,
        options: TransactionOptions,
        turn: Option<OwnedMutexGuard<()>>,
        read_only: bool,
    ) -> Result<Tx> {
        Ok(Tx {
            transaction: self.pool.begin_with_options(options).await?,
            _turn: turn,
            backend: self.backend,
            read_only,
            first_uses: StdMutex::default(),
        })
    }
}

impl Db {
    /// Make a new database with this crate's own tables, marked synthetic or real for ever. The SQLite file must not
    /// exist; a PostgreSQL database is created if it does not exist and must otherwise be empty.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if something stands there already.
    pub async fn create(url: &str, synthetic: bool, keys: Arc<Keys>) -> Result<Db> {
        match Backend::of_url(url)? {
            Backend::Sqlite => create_sqlite_file(url)?,
            Backend::Postgres => create_postgres_database(url).await?,
        }
        let inner = open(url, keys, u32::MAX).await?;
        let db = Db { reads: ReadLog::start(&inner), inner, synthetic };
        if migrate::is_begun(&db).await? {
            return Err(StoreError::Conflict("数据库已经建立".to_owned()));
        }
        db.migrate(crate::MIGRATIONS).await?;
        settings::write_birth(&db, synthetic).await?;
        settings::check_keys(&db).await?;
        Ok(db)
    }

    /// Open an existing database.
    ///
    /// # Errors
    /// It does not exist, was never created by [`Db::create`], or its sealed fields belong to another key file.
    pub async fn connect(url: &str, keys: Arc<Keys>) -> Result<Db> {
        if Backend::of_url(url)? == Backend::Sqlite && !sqlite_path(url).exists() {
            return Err(StoreError::Invalid(format!(
                "没有数据库文件 {}，请先建库",
                sqlite_path(url).display()
            )));
        }
        let inner = open(url, keys, u32::MAX).await?;
        let mut db = Db { reads: ReadLog::start(&inner), inner, synthetic: false };
        if !migrate::is_begun(&db).await? {
            return Err(StoreError::Migration("这个数据库还没有建立，请先建库".to_owned()));
        }
        let birth = settings::setting(&db, settings::SYNTHETIC).await?;
        let birth =
            birth.ok_or_else(|| StoreError::Migration("建库没有完成，请删除后重新建立".to_owned()))?;
        db.synthetic = birth == "true";
        settings::check_keys(&db).await?;
        Ok(db)
    }

    /// Begin a change. On SQLite this waits for its turn; do not begin a second one while holding the first.
    ///
    /// # Errors
    /// [`StoreError::Busy`] after half a minute.
    pub async fn begin(&self) -> Result<Tx> {
        self.inner.begin().await
    }

    /// For a counter of which gaps do no harm: on PostgreSQL its statement stands at once and by itself, so that nobody waits for the
    /// counter until this transaction ends; what it took stays taken if the transaction comes to nothing. On SQLite, where the
    /// transaction is alone anyway, it runs inside.
    ///
    /// # Errors
    /// No connection.
    pub async fn aside<'a>(&self, tx: &'a Tx) -> Result<Aside<'a>> {
        if self.inner.backend == Backend::Sqlite {
            return Ok(Aside(Place::Within(tx)));
        }
        let keys = Arc::clone(&self.inner.keys);
        let open = || open(&self.inner.url, keys, ASIDE_CONNECTIONS_MAX);
        Ok(Aside(Place::Apart(Arc::clone(self.inner.aside.get_or_try_init(open).await?))))
    }

    /// Begin a reading of several statements that see one moment. It delays no writer and refuses writes.
    ///
    /// # Errors
    /// [`StoreError::Busy`].
    pub async fn begin_read(&self) -> Result<Tx> {
        let options = match self.inner.backend {
            Backend::Sqlite => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..TransactionOptions::default()
            },
            Backend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                sqlite_transaction_mode: None,
            },
        };
        self.inner.transaction(options, None, true).await
    }

    /// Whether this database was created for trials; it can never change.
    pub fn synthetic(&self) -> bool {
        self.synthetic
    }

    /// The keys of the sealed fields.
    pub fn keys(&self) -> &Arc<Keys> {
        &self.inner.keys
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.inner.backend
    }

    /// Copy an SQLite database into a new file, while others read and write. The key file is not in it.
    ///
    /// # Errors
    /// The file exists, or this is PostgreSQL (use `pg_dump` there).
    pub async fn backup_to(&self, path: &Path) -> Result<()> {
        if self.inner.backend == Backend::Postgres {
            return Err(StoreError::Invalid("PostgreSQL 请用 pg_dump 备份".to_owned()));
        }
        create_private_file(path)?;
        let target =
            path.to_str().ok_or_else(|| StoreError::Invalid("备份路径不是 UTF-8 文字".to_owned()))?;
        self.unscoped("VACUUM INTO ?", vec![target.into()]).await?;
        let written = std::fs::File::open(path).and_then(|file| file.sync_all());
        written.map_err(|error| StoreError::Invalid(format!("备份文件 {} 没有写好：{error}", path.display())))
    }

    /// Tell the planner afresh how the tables are filled; after much was written at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn optimize(&self) -> Result<()> {
        let _turn = self.inner.turn().await?;
        self.inner.pool.execute_unprepared("ANALYZE").await?;
        Ok(())
    }

    /// The same for the tables alone that have grown much since they were last looked at, from samples; milliseconds,
    /// for a server that runs for weeks. PostgreSQL does so by itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_statistics(&self) -> Result<()> {
        if self.inner.backend == Backend::Sqlite {
            let _turn = self.inner.turn().await?;
            // All tables, not only those that this connection has asked: connections come and go.
            self.inner.pool.execute_unprepared("PRAGMA optimize = 0x10002").await?;
        }
        Ok(())
    }

    /// Write what still waits and close all connections. Other clones of this [`Db`] fail from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn close(&self) -> Result<()> {
        self.reads.flush().await;
        if let Some(aside) = self.inner.aside.get() {
            aside.pool.close_by_ref().await?;
        }
        self.inner.pool.close_by_ref().await?;
        Ok(())
    }

    /// A statement outside the four kinds, by this crate only.
    async fn unscoped(&self, sql: &str, values: Vec<sea_orm::Value>) -> Result<()> {
        let statement = Statement::from_sql_and_values(self.inner.backend.of_statement(), sql, values);
        self.inner.pool.execute_raw(statement).await?;
        Ok(())
    }
}

impl Tx {
    /// Make everything of this transaction lasting.
    ///
    /// # Errors
    /// A deferred constraint, or the disk; nothing has happened then.
    pub async fn commit(self) -> Result<()> {
        Ok(self.transaction.commit().await?)
    }

    /// Undo everything of this transaction; dropping it does the same without waiting.
    ///
    /// # Errors
    /// The connection's.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.transaction.rollback().await?)
    }

    /// Until this transaction ends no other one passes the same name.
    ///
    /// # Errors
    /// [`StoreError::Busy`] after half a minute.
    pub async fn lock(&self, name: &str) -> Result<()> {
        if self.backend == Backend::Sqlite {
            return Ok(());
        }
        let sql = "SELECT pg_advisory_xact_lock($1)";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [lock_number(name).into()]);
        self.transaction.execute_raw(statement).await?;
        Ok(())
    }

    /// `" FOR UPDATE"` where the database has row locks, else nothing: on SQLite the whole transaction is alone.
    pub fn for_update(&self) -> &'static str {
        match self.backend {
            Backend::Sqlite => "",
            Backend::Postgres => " FOR UPDATE",
        }
    }
}

/// A lock's number: the first eight bytes of the name's SM3.
fn lock_number(name: &str) -> i64 {
    use sm3::{Digest, Sm3};
    let digest = Sm3::digest(name.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// Begins the pool, of no more connections than `limit` and the database's own.
async fn open(url: &str, keys: Arc<Keys>, limit: u32) -> Result<Arc<Inner>> {
    let backend = Backend::of_url(url)?;
    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        .acquire_timeout(WAIT_MAX)
        .idle_timeout(IDLE_MAX)
        .test_before_acquire(backend == Backend::Postgres);
    match backend {
        Backend::Sqlite => {
            options.max_connections(SQLITE_CONNECTIONS_MAX.min(limit)).min_connections(1);
            options.map_sqlx_sqlite_opts(|options| {
                options
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(WAIT_MAX)
                    .foreign_keys(true)
                    .pragma("trusted_schema", "OFF")
                    .pragma("temp_store", "MEMORY")
                    // in KiB: 32 MB a connection
                    .pragma("cache_size", "-32768")
                    .pragma("mmap_size", "268435456")
            });
        }
        Backend::Postgres => {
            options
                .max_connections(POSTGRES_CONNECTIONS_MAX.min(limit))
                .min_connections(1)
                .set_application_name("huimin");
            options.map_sqlx_postgres_opts(|options| {
                options.options([
                    ("lock_timeout", WAIT_MAX.as_millis().to_string()),
                    ("statement_timeout", STATEMENT_MAX.as_millis().to_string()),
                    ("idle_in_transaction_session_timeout", STATEMENT_MAX.as_millis().to_string()),
                    ("TimeZone", "Asia/Shanghai".to_owned()),
                    ("DateStyle", "ISO".to_owned()),
                    ("lc_messages", "C".to_owned()),
                ])
            });
        }
    }
    let pool = Database::connect(options).await?;
    let gate = Arc::new(Mutex::new(()));
    Ok(Arc::new(Inner { backend, pool, keys, gate, url: url.to_owned(), aside: OnceCell::new() }))
}

/// The path in `sqlite:PATH?...`.
fn sqlite_path(url: &str) -> PathBuf {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    PathBuf::from(path.split('?').next().unwrap_or(path))
}

fn create_sqlite_file(url: &str) -> Result<()> {
    let path = sqlite_path(url);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Invalid(format!("不能建立目录 {}：{error}", folder.display())))?;
    }
    create_private_file(&path)
}

/// A file that only its owner reads: the database holds people's lives.
fn create_private_file(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::Conflict(format!("文件 {} 已经存在", path.display())))
        }
        Err(error) => Err(StoreError::Invalid(format!("不能建立文件 {}：{error}", path.display()))),
    }
}

/// Create the URL's database through the server's own `postgres` database, unless it exists.
pub(crate) async fn create_postgres_database(url: &str) -> Result<()> {
    if split_postgres_url(url)?.1 == "postgres" {
        return Ok(());
    }
    // Where the server's own database may not be entered, the administrator has created ours.
    let Ok((pool, name)) = postgres_server(url).await else { return Ok(()) };
    if !is_postgres_database(&pool, &name).await? {
        let name = quoted(&name);
        pool.execute_unprepared(&format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
            .await?;
    }
    pool.close().await?;
    Ok(())
}

/// A connection to the server's own database, and the name in the URL.
async fn postgres_server(url: &str) -> Result<(DatabaseConnection, String)> {
    let (server, name) = split_postgres_url(url)?;
    let mut options = ConnectOptions::new(server);
    options.sqlx_logging(false).max_connections(1).acquire_timeout(WAIT_MAX);
    Ok((Database::connect(options).await?, name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Create the second URL's database as a copy of the first one's, which nobody may have open.
pub(crate) async fn copy_postgres_database(from: &str, to: &str) -> Result<()> {
    let (pool, from) = postgres_server(from).await?;
    let (_, to) = split_postgres_url(to)?;
    pool.execute_unprepared(&format!(
        "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY",
        quoted(&to),
        quoted(&from)
    ))
    .await?;
    Ok(pool.close().await?)
}

pub(crate) async fn has_postgres_database(url: &str) -> Result<bool> {
    let (pool, name) = postgres_server(url).await?;
    let found = is_postgres_database(&pool, &name).await?;
    pool.close().await?;
    Ok(found)
}

async fn is_postgres_database(pool: &DatabaseConnection, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [name.into()]);
    Ok(pool.query_one_raw(statement).await?.is_some())
}

pub(crate) async fn drop_postgres_database(url: &str) -> Result<()> {
    let (pool, name) = postgres_server(url).await?;
    pool.execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&name))).await?;
    Ok(pool.close().await?)
}

/// The same URL with the server's own database, and the name that was there.
pub(crate) fn split_postgres_url(url: &str) -> Result<(String, String)> {
    let invalid = || StoreError::Invalid("数据库地址里没有库名".to_owned());
    let rest = url.strip_prefix("postgres://").ok_or_else(invalid)?;
    let (host, rest) = rest.split_once('/').ok_or_else(invalid)?;
    let (name, query) =
        rest.split_once('?').map_or((rest, String::new()), |(name, query)| (name, format!("?{query}")));
    if name.is_empty() {
        return Err(invalid());
    }
    Ok((format!("postgres://{host}/postgres{query}"), name.to_owned()))
}
