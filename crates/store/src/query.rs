//! Statements. Each is written once for both databases, with `?` for values, and each needs a scope.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::cursor::{Count, Cursor, Page};
use crate::database::sealed::Channel;
use crate::database::{Backend, Connection, Db};
use crate::error::{Result, StoreError};
use crate::scope::{Scope, ScopeColumns};
use crate::text::{self, Kind, Piece};
use crate::value::{Bind, Column, Row, value_of};

/// A statement slower than this is logged, with its text and never its values.
const SLOW: Duration = Duration::from_millis(500);

enum Slot {
    One(Value),
    List(Vec<Value>),
}

/// A statement with its scope and values.
///
/// ```no_run
/// # use store::{Query, Scope, ScopeColumns, Db, DivisionId, Result};
/// # async fn example(db: &Db, scope: Scope) -> Result<()> {
/// # const CASE: ScopeColumns = ScopeColumns::NONE;
/// let open = Query::new(&scope, &CASE, "SELECT c.id, c.number FROM case_file c WHERE {scope} AND c.state = ? ORDER BY c.id")
///     .bind("open")
///     .all(db)
///     .await?;
/// for row in &open {
///     let number: String = row.get("number")?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// Without a scope it does not compile:
///
/// ```compile_fail,E0061
/// # const CASE: store::ScopeColumns = store::ScopeColumns::NONE;
/// store::Query::new(&CASE, "SELECT c.id FROM case_file c");
/// ```
///
/// Markers: `{scope}` becomes the scope's predicate, in brackets; `{list}` the values of one [`Query::bind_list`], to be
/// written as `x IN ({list})`; `{after}` the predicate of [`Query::after`]; [`Query::only`] narrows `{scope}`. A SELECT, UPDATE or DELETE without `{scope}`
/// is refused unless the scope is [`Scope::System`]; so is an INSERT that selects or updates, an OR beside `{scope}`, and
/// a UNION with an arm that has none. An INSERT of values needs none.
pub struct Query {
    scope: Scope,
    columns: ScopeColumns,
    sql: Cow<'static, str>,
    slots: Vec<Slot>,
    only: Vec<(&'static str, Vec<Value>)>,
    after: Option<(String, Vec<Value>)>,
}

/// A text and values as the database takes them.
pub(crate) struct Rendered {
    pub sql: String,
    pub values: Vec<Value>,
    pub writes: bool,
}

impl Query {
    /// A statement for this scope; `columns` say how the scope looks for the table that the text reads.
    pub fn new(scope: &Scope, columns: &ScopeColumns, sql: impl Into<Cow<'static, str>>) -> Query {
        let (slots, only) = (Vec::new(), Vec::new());
        Query { scope: *scope, columns: *columns, sql: sql.into(), slots, only, after: None }
    }

    /// A statement of the system itself, over everything; says why.
    pub fn system(reason: &'static str, sql: impl Into<Cow<'static, str>>) -> Query {
        Query::new(&Scope::System(reason), &ScopeColumns::NONE, sql)
    }

    /// The value of the next `?`. NULL is a typed `None::<T>`.
    #[must_use]
    pub fn bind(mut self, value: impl Bind) -> Query {
        self.slots.push(Slot::One(value_of(value)));
        self
    }

    /// A value that is a database value already.
    #[must_use]
    pub fn bind_value(mut self, value: Value) -> Query {
        self.slots.push(Slot::One(value));
        self
    }

    /// The values of the next `{list}`; none at all matches nothing.
    #[must_use]
    pub fn bind_list<T: Bind>(mut self, values: impl IntoIterator<Item = T>) -> Query {
        self.slots.push(Slot::List(list_of(values)));
        self
    }

    /// Narrows what `{scope}` lets through to rows whose column has one of these values; `None` narrows nothing, no value at all lets nothing
    /// through. The column may be any expression over the row, and is part of every `{scope}` of the text.
    #[must_use]
    pub fn only<T: Bind>(mut self, column: &'static str, values: Option<Vec<T>>) -> Query {
        self.only.extend(values.map(|values| (column, list_of(values))));
        self
    }

    /// Only rows after the cursor in the ascending order of these columns, which must not hold NULL; `{after}` marks the
    /// place. `None` is the first page.
    #[must_use]
    pub fn after(self, columns: &[&str], cursor: Option<&Cursor>) -> Query {
        self.keyset(columns, ">", cursor)
    }

    /// As [`Query::after`] for a descending order.
    #[must_use]
    pub fn after_descending(self, columns: &[&str], cursor: Option<&Cursor>) -> Query {
        self.keyset(columns, "<", cursor)
    }

    fn keyset(mut self, columns: &[&str], comparison: &str, cursor: Option<&Cursor>) -> Query {
        self.after = Some(match cursor {
            None => ("1=1".to_owned(), Vec::new()),
            Some(cursor) if cursor.values().len() != columns.len() => ("1=0".to_owned(), Vec::new()),
            Some(cursor) => {
                let places = vec!["?"; columns.len()].join(", ");
                (format!("({}) {comparison} ({places})", columns.join(", ")), cursor.values())
            }
        });
        self
    }

    /// All rows.
    ///
    /// # Errors
    /// [`StoreError`]; as all of the following.
    pub async fn all(self, connection: &impl Connection) -> Result<Vec<Row>> {
        let rendered = self.render(connection.backend())?;
        rows(connection, rendered).await
    }

    /// All rows, each made into something: `.all_as(db, |row| Ok(Case { id: row.get("id")? }))`.
    ///
    /// # Errors
    /// Of the statement or of the first row that cannot be read.
    pub async fn all_as<T>(
        self,
        connection: &impl Connection,
        read: impl FnMut(&Row) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        self.all(connection).await?.iter().map(read).collect()
    }

    /// The row, or none. More than one is an error of the statement.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for several rows.
    pub async fn optional(self, connection: &impl Connection) -> Result<Option<Row>> {
        let mut rows = self.all(connection).await?;
        let row = rows.pop();
        if rows.is_empty() {
            Ok(row)
        } else {
            Err(StoreError::Invalid("expected at most one row".to_owned()))
        }
    }

    /// The row, made into something, or none.
    ///
    /// # Errors
    /// As [`Query::optional`].
    pub async fn optional_as<T>(
        self,
        connection: &impl Connection,
        read: impl FnOnce(&Row) -> Result<T> + Send,
    ) -> Result<Option<T>> {
        self.optional(connection).await?.as_ref().map(read).transpose()
    }

    /// The row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn one(self, connection: &impl Connection) -> Result<Row> {
        self.optional(connection).await?.ok_or(StoreError::NotFound)
    }

    /// The row, made into something.
    ///
    /// # Errors
    /// As [`Query::one`].
    pub async fn one_as<T>(
        self,
        connection: &impl Connection,
        read: impl FnOnce(&Row) -> Result<T> + Send,
    ) -> Result<T> {
        read(&self.one(connection).await?)
    }

    /// The only column of the only row.
    ///
    /// # Errors
    /// As [`Query::one`].
    pub async fn scalar<T: Column>(self, connection: &impl Connection) -> Result<T> {
        self.one(connection).await?.first()
    }

    /// The first column of all rows.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn scalars<T: Column>(self, connection: &impl Connection) -> Result<Vec<T>> {
        self.all(connection).await?.iter().map(Row::first).collect()
    }

    /// Change rows; how many were changed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] and [`StoreError::Refused`] from constraints.
    pub async fn execute(self, connection: &impl Connection) -> Result<u64> {
        let rendered = self.render(connection.backend())?;
        execute(connection, rendered).await
    }

    /// Change exactly one row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there was none (or its `version` was another), [`StoreError::Invalid`] if several;
    /// roll back then.
    pub async fn execute_one(self, connection: &impl Connection) -> Result<()> {
        match self.execute(connection).await? {
            1 => Ok(()),
            0 => Err(StoreError::NotFound),
            many => Err(StoreError::Invalid(format!("expected to change one row, changed {many}"))),
        }
    }

    /// Insert one row; the statement ends in `RETURNING id`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] and [`StoreError::Refused`] from constraints; [`StoreError::NotFound`] if `ON CONFLICT DO
    /// NOTHING` did nothing.
    pub async fn insert(self, connection: &impl Connection) -> Result<i64> {
        self.scalar(connection).await
    }

    /// One page. The text ends in `LIMIT ?`, whose value this binds, and holds `{after}`; `cursor_of` gives the ordering
    /// values of a row.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn page<T>(
        self,
        connection: &impl Connection,
        size: usize,
        read: impl FnMut(&Row) -> Result<T> + Send,
        cursor_of: impl FnOnce(&T) -> Cursor + Send,
    ) -> Result<Page<T>> {
        // One more than asked for says whether another page follows.
        let mut rows = self.bind(size + 1).all_as(connection, read).await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let next = if more { rows.last().map(cursor_of) } else { None };
        Ok(Page { rows, next })
    }

    /// How many rows the SELECT has, counting no further than `max`: "1000+" costs the same in a village and a city.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn count_capped(self, connection: &impl Connection, max: u32) -> Result<Count> {
        let mut rendered = self.render(connection.backend())?;
        rendered.sql =
            format!("SELECT count(*) AS n FROM ({} LIMIT {}) AS counted", rendered.sql, u64::from(max) + 1);
        let rows = rows(connection, rendered).await?;
        let counted: i64 = rows.first().ok_or(StoreError::NotFound)?.first()?;
        Ok(Count::capped(counted, max))
    }

    pub(crate) fn render(self, backend: Backend) -> Result<Rendered> {
        let text = text::read(&self.sql)?;
        if let (Some(reason), false) = (&text.unscoped, self.scope.is_system()) {
            return Err(StoreError::Invalid(reason.clone()));
        }
        let mut writer =
            Writer { backend, sql: String::with_capacity(self.sql.len() + 64), values: Vec::new() };
        if !self.only.is_empty() && !text.pieces.contains(&Piece::Scope) {
            return Err(wrong("Query::only without {scope}", &self.sql));
        }
        let mut slots = self.slots.into_iter();
        for piece in text.pieces {
            match piece {
                Piece::Sql(plain) => writer.sql.push_str(&plain),
                Piece::Bind => match slots.next() {
                    Some(Slot::One(value)) => writer.value(value),
                    Some(Slot::List(_)) => return Err(wrong("a list is bound where ? stands", &self.sql)),
                    None => return Err(wrong("fewer values than ?", &self.sql)),
                },
                Piece::List => match slots.next() {
                    Some(Slot::List(list)) => writer.list(list, &self.sql)?,
                    Some(Slot::One(_)) => {
                        return Err(wrong("one value is bound where {list} stands", &self.sql));
                    }
                    None => return Err(wrong("fewer values than placeholders", &self.sql)),
                },
                Piece::Scope => {
                    let (predicate, id) = self.scope.predicate(&self.columns);
                    writer.narrowed(predicate, id, &self.only, &self.sql)?;
                }
                Piece::After => {
                    let Some((predicate, values)) = &self.after else {
                        return Err(wrong("{after} without Query::after", &self.sql));
                    };
                    writer.predicate(predicate, values.iter().cloned())?;
                }
            }
        }
        if slots.next().is_some() {
            return Err(wrong("more values than ?", &self.sql));
        }
        Ok(Rendered { sql: writer.sql, values: writer.values, writes: text.kind != Kind::Read })
    }
}

/// The values of a list as they are bound.
fn list_of<T: Bind>(values: impl IntoIterator<Item = T>) -> Vec<Value> {
    let mut list: Vec<Value> = values.into_iter().map(value_of).collect();
    // An empty IN () is no SQL; IN (NULL) is never true.
    let last = list.last().cloned().unwrap_or_else(|| T::to_value(None));
    // Round up to a power of two by repeating the last, so that few different texts are prepared.
    list.resize(list.len().next_power_of_two(), last);
    list
}

fn wrong(what: &str, sql: &str) -> StoreError {
    StoreError::Invalid(format!("{what}: {sql}"))
}

struct Writer {
    backend: Backend,
    sql: String,
    values: Vec<Value>,
}

impl Writer {
    fn value(&mut self, value: Value) {
        self.values.push(value);
        match self.backend {
            Backend::Sqlite => self.sql.push('?'),
            Backend::Postgres => {
                self.sql.push('$');
                self.sql.push_str(&self.values.len().to_string());
            }
        }
    }

    fn list(&mut self, list: Vec<Value>, sql: &str) -> Result<()> {
        let before = self.sql.trim_end().trim_end_matches('(').trim_end().to_ascii_uppercase();
        if before.ends_with("NOT IN") {
            // A NULL in it would hide every row.
            return Err(wrong("{list} is for IN, not for NOT IN; write NOT (x IN ({list}))", sql));
        }
        for (index, value) in list.into_iter().enumerate() {
            if index > 0 {
                self.sql.push_str(", ");
            }
            self.value(value);
        }
        Ok(())
    }

    /// The scope's predicate with what narrows it.
    fn narrowed(
        &mut self,
        predicate: &str,
        id: Value,
        only: &[(&'static str, Vec<Value>)],
        sql: &str,
    ) -> Result<()> {
        if only.is_empty() {
            return self.predicate(predicate, std::iter::repeat(id));
        }
        self.sql.push('(');
        self.predicate(predicate, std::iter::repeat(id))?;
        for (column, values) in only {
            self.sql.push_str(" AND ");
            self.sql.push_str(column);
            self.sql.push_str(" IN (");
            self.list(values.clone(), sql)?;
            self.sql.push(')');
        }
        self.sql.push(')');
        Ok(())
    }

    fn predicate(&mut self, predicate: &str, mut values: impl Iterator<Item = Value>) -> Result<()> {
        self.sql.push('(');
        for piece in text::pieces(predicate)? {
            match piece {
                Piece::Sql(plain) => self.sql.push_str(&plain),
                Piece::Bind => match values.next() {
                    Some(value) => self.value(value),
                    None => return Err(wrong("fewer values than ?", predicate)),
                },
                Piece::List | Piece::Scope | Piece::After => {
                    return Err(wrong("a marker inside a predicate", predicate));
                }
            }
        }
        self.sql.push(')');
        Ok(())
    }
}

fn statement(backend: Backend, rendered: Rendered) -> Statement {
    crate::statements::note(&rendered.sql);
    Statement::from_sql_and_values(backend.of_statement(), rendered.sql, rendered.values)
}

fn refuse_write(rendered: &Rendered, read_only: bool) -> Result<()> {
    if read_only && rendered.writes {
        return Err(wrong("a reading transaction does not write", &rendered.sql));
    }
    Ok(())
}

/// Log what took long.
struct Watch {
    started: Instant,
    sql: String,
}

impl Watch {
    fn start(sql: &str) -> Watch {
        Watch { started: Instant::now(), sql: sql.to_owned() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        if duration > SLOW {
            // Lists of keys make statements of thousands of marks; their beginning names them.
            let sql = &self.sql[..self.sql.floor_char_boundary(600)];
            tracing::warn!(duration_ms = duration.as_millis(), sql, "slow statement");
        }
    }
}

pub(crate) async fn rows(connection: &impl Connection, rendered: Rendered) -> Result<Vec<Row>> {
    let rows = match connection.channel() {
        Channel::Pool(inner) => {
            let _turn = if rendered.writes { inner.turn().await? } else { None };
            let _watch = Watch::start(&rendered.sql);
            inner.pool.query_all_raw(statement(inner.backend, rendered)).await?
        }
        Channel::Transaction(tx) => {
            refuse_write(&rendered, tx.read_only)?;
            let _watch = Watch::start(&rendered.sql);
            tx.transaction.query_all_raw(statement(tx.backend, rendered)).await?
        }
    };
    Ok(rows.into_iter().map(Row).collect())
}

pub(crate) async fn execute(connection: &impl Connection, rendered: Rendered) -> Result<u64> {
    let done = match connection.channel() {
        Channel::Pool(inner) => {
            let _turn = if rendered.writes { inner.turn().await? } else { None };
            let _watch = Watch::start(&rendered.sql);
            inner.pool.execute_raw(statement(inner.backend, rendered)).await?
        }
        Channel::Transaction(tx) => {
            refuse_write(&rendered, tx.read_only)?;
            let _watch = Watch::start(&rendered.sql);
            tx.transaction.execute_raw(statement(tx.backend, rendered)).await?
        }
    };
    Ok(done.rows_affected())
}

impl Db {
    /// How the database would run a statement: one line a step. On PostgreSQL full scans are discouraged, so that a plan
    /// over an empty table says whether an index can serve it.
    ///
    /// # Errors
    /// The statement's.
    pub async fn explain(&self, query: Query) -> Result<String> {
        let backend = self.inner.backend;
        let mut rendered = query.render(backend)?;
        let (prefix, column) = match backend {
            Backend::Sqlite => ("EXPLAIN QUERY PLAN ", "detail"),
            Backend::Postgres => ("EXPLAIN ", "QUERY PLAN"),
        };
        rendered.sql.insert_str(0, prefix);
        rendered.writes = false;
        let tx = self.begin_read().await?;
        if backend == Backend::Postgres {
            tx.transaction.execute_unprepared("SET LOCAL enable_seqscan = off").await?;
        }
        let steps = rows(&tx, rendered).await?;
        let lines = steps.iter().map(|step| step.get::<String>(column)).collect::<Result<Vec<_>>>()?;
        Ok(lines.join("\n"))
    }
}
