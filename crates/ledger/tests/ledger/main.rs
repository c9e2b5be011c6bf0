//! The ledger in use, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bounce;
mod compare;
mod constraints;
mod model;
mod months;
mod property;
mod recognitions;
mod runs;
mod speed;
mod supplement;
mod town;
