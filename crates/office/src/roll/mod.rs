//! 在册管理 at the county accountant's desk: the roll kept before is taken over, lists go out, money goes to the bank.
//!
//! - [`roll_template`]: the columns of a roll in Excel;
//! - `read`: a roll as read, with every fault; `register`: what the register says against it; [`import`]: preview, control totals, the job, and taking it back;
//! - [`export`]: the roll as a list; its numbers by month are [`crate::reports`];
//! - [`recoveries`]: what is claimed back, and what has come in;
//! - [`reserve`]: the money that lies with townships for emergencies;
//! - [`month_list`]: benefits that are paid by a list drawn up for a month;
//! - [`payments`]: runs, the bank's file and answer, payees; the ledger does the work, this module holds rights and audit;
//! - [`bounce`]: what the bank sends back after it had paid;
//! - [`business`]: whose programmes a reader sees and pays, and the roll as they see it.

use store::{Migration, id_type};

pub mod bounce;
pub mod business;
pub mod export;
pub mod import;
pub mod month_list;
pub mod payments;
mod read;
pub mod recoveries;
mod register;
pub mod reserve;
mod template;

pub use read::RollTotals;
pub use template::roll_template;

id_type! {
    /// An import of a roll.
    RollImportId,
}

/// Tables of this module; they point at uploads, staff, households and entitlements.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "20261121_roll", sql: include_str!("../../migrations/20261121_roll.sql") }];
