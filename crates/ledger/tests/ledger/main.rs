//! The ledger in use, on both databases.

mod constraints;
mod months;
mod property;
mod runs;
mod town;
