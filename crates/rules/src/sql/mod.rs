//! A programme as one SQL query over the tables of a snapshot, for engines that hold more people than one machine. It
//! gives the same answer as [`Programme::answer`](crate::Programme::answer), to the fen, unknowns included.
//!
//! **Tables.** One for each shape, named by it, with the columns
//! - `id`, whole;
//! - one for each field: a number as a whole number of its last decimal (money in fen), a date as days since 1970-01-01, a
//!   month as `year * 12 + month - 1`, yes or no as a boolean, a code or text as text; NULL where it is unknown;
//! - for a to-one relation `r` the column `r_id`, NULL where there is none;
//! - for a to-many relation `r` the boolean `r_known`: whether anybody has listed its rows. The rows are those of the
//!   related table whose `<shape>_id` is this row's `id` (`<shape>_<r>_id` where two relations lead to the same shape);
//! - `division` on the unit, where parameters differ by division.
//!
//! [`create_tables`] writes them. Numbers, dates and months are 64-bit integers.
//!
//! **Exactness.** No floats. A number is a scaled integer, `units / 10^scale` with the scale known here, or a quotient of
//! two integers; quotients are compared by multiplying across, and rounding divides whole numbers. Every integer's bounds
//! are proven from the bounds of the facts: what fits 64 bits is a `BIGINT`, what does not is `NUMERIC` on PostgreSQL and
//! `HUGEINT` on DuckDB; SQLite has nothing wider, and the programme is refused there. A sum of quotients with different
//! divisors has no such form and is refused everywhere: round first.
//!
//! **Unknown.** NULL; SQL's `AND`, `OR`, comparisons and arithmetic agree with the language. `CASE`, `least`, aggregates
//! and `FILTER` do not, and are guarded.

mod aggregate;
mod calendar;
mod expression;
mod frame;
mod integer;
mod number;
mod places;
mod tables;

use crate::context::Context;
use crate::programme::Programme;
use crate::types::Shapes;

pub use tables::{create_tables, insert_rows};

/// The SQL of one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3.35 or later.
    Sqlite,
    /// PostgreSQL 12 or later.
    Postgres,
    /// DuckDB 1.0 or later.
    DuckDb,
}

impl Dialect {
    /// `sqlite`, `postgres` or `duckdb`.
    pub fn of(name: &str) -> Option<Dialect> {
        match name {
            "sqlite" => Some(Dialect::Sqlite),
            "postgres" => Some(Dialect::Postgres),
            "duckdb" => Some(Dialect::DuckDb),
            _ => None,
        }
    }
}

impl Dialect {
    /// The integers beyond 64 bits, if there are any.
    fn wide_type(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some("NUMERIC"),
            Dialect::DuckDb => Some("HUGEINT"),
        }
    }
}

/// Where the query's parameters come from.
#[derive(Debug, Clone, Copy)]
pub enum Places<'a> {
    /// The same for every unit.
    Everywhere(&'a Context),
    /// By the unit's column `division`; a unit of no such division has no parameters. The dates of all must be the same.
    ByDivision(&'a [(String, Context)]),
}

/// Why a programme has no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// An integer may be wider than the engine has.
    #[error("数可能超出这种数据库的整数范围：请收紧事实的上下限，或者换用 postgres")]
    TooWide,
    /// A sum, least or greatest over rows of quotients whose divisors differ.
    #[error("不能对除数不同的商聚合：请先用 round 取整再聚合")]
    Divisors,
    /// Places whose dates differ, or no place at all.
    #[error("各地的三个日期要相同，并且至少有一地")]
    Dates,
    /// A value that is neither a decimal nor of its declared type.
    #[error("参数 {0} 的值写不成这种数据库的数")]
    Value(String),
}

/// What the query reads besides the shapes' own tables.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Findings stand in the table `finding` (`programme`, `condition`, `unit_id`, `met`); without it those that no rule
    /// settles are unknown.
    pub findings: bool,
}

/// One query that gives, for each unit, `id`, `outcome` (`met`, `not_met`, `unknown`), `amount_fen` (NULL unless met and
/// known), and for each condition a column of its id: 1, 0 or NULL.
pub fn query(
    programme: &Programme,
    shapes: &Shapes,
    places: Places<'_>,
    options: Options,
    dialect: Dialect,
) -> Result<String, SqlError> {
    expression::Writer::new(programme, shapes, places, dialect)?.query(options)
}

/// A name as an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal.
pub(super) fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
