//! The store on both databases: SQLite always, PostgreSQL when `HUIMIN_TEST_POSTGRES` is set.

mod audit;
mod connection;
mod idempotency;
mod jobs;
mod queries;
mod scopes;
