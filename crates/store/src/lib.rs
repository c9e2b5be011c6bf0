//! The store: one database, SQLite or PostgreSQL, from one code base. It knows no business.
//!
//! - [`Db`] and [`Tx`]: connection and transactions; [`Migration`]s.
//! - [`Query`]: every statement, each with its [`Scope`]; [`insert_many`] for many rows; [`Cursor`] and [`Page`] for lists.
//! - [`id_type!`], [`text_type!`]: what can be bound and read.
//! - [`Keys`]: sealed fields and blind indexes.
//! - [`IdempotencyKey`]: a form sent twice is done once.
//! - [`AuditEntry`], [`seal_audit`], [`verify_audit`]: who did what, chained.
//! - [`jobs`]: long work; [`setting`]: facts about the database; [`divisions`]: the tree that scopes stand on.
//! - [`statements`] and [`Db::explain`]: what tests hold pages to.
//!
//! Invariants: no statement without a scope; no scope that the text forgets; one hash chain, one sealer; keys never in the
//! database.

// The macros name this crate from outside and from inside alike.
extern crate self as store;

pub mod audit;
pub mod audit_chain;
mod bulk;
mod cursor;
mod database;
pub mod divisions;
mod error;
mod id;
mod idempotency;
pub mod jobs;
mod keys;
mod migrate;
mod query;
mod scope;
mod settings;
mod signing;
pub mod statements;
#[doc(hidden)]
pub mod testing;
mod text;
mod value;

pub use audit::{AuditActor, AuditEntry};
pub use audit_chain::{
    AuditBreak, AuditFault, AuditHead, AuditVerdict, audit_head, seal_audit, verify_audit,
    verify_audit_against,
};
pub use bulk::insert_many;
pub use cursor::{Count, Cursor, Page};
pub use database::{Aside, Backend, Connection, Db, Tx};
pub use error::{Result, StoreError};
pub use id::{AuditId, CaseId, DivisionId, HouseholdId, JobId, OrganisationId, PersonId, StaffId};
pub use idempotency::{IdempotencyKey, Once, prune_idempotency};
pub use keys::Keys;
pub use migrate::Migration;
pub use query::Query;
pub use scope::{Scope, ScopeColumns};
/// A value as the database takes it.
pub use sea_orm::Value;
#[doc(hidden)]
pub use serde;
pub use settings::{CREATED_AT, SYNTHETIC, set_setting, setting};
pub use signing::{PublicKey, Signed};
pub use value::{Bind, Column, Row, value_of};
/// A text that is wiped from memory when dropped.
pub use zeroize::Zeroizing;

/// This crate's own tables, the first of every database.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261121_settings", sql: include_str!("../migrations/20261121_settings.sql") },
    Migration { name: "20261121_audit", sql: include_str!("../migrations/20261121_audit.sql") },
    Migration { name: "20261121_jobs", sql: include_str!("../migrations/20261121_jobs.sql") },
    Migration { name: "20261121_divisions", sql: include_str!("../migrations/20261121_divisions.sql") },
    Migration {
        name: "20261130_division_history",
        sql: include_str!("../migrations/20261130_division_history.sql"),
    },
];

/// The machine's clock, unix milliseconds: for beats, leases and the store's own bookkeeping. What the offices do is dated
/// by the `Now` that they are given.
pub(crate) fn machine_now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
