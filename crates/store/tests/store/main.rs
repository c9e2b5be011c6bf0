//! The store on both databases: SQLite always, PostgreSQL when `HUIMIN_TEST_POSTGRES` is set.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit;
mod connection;
mod idempotency;
mod jobs;
mod queries;
mod scopes;
