//! Money: who is entitled to what, what is due, what was paid, and the books that prove it. Nobody else writes these
//! tables, and what must never happen is refused by the database itself: two dues of one month and revision, a person
//! covered twice in a month, two live attempts at one due, two regular runs of a month, a run approved by its maker,
//! an account confirmed by its proposer, a change of anything already booked.
//!
//! How to choose:
//! - [`entitlement`] grants, ends and moves; [`changes`] alters amounts and members and pauses payment;
//!   [`payee`] is the account, which two people change.
//! - [`months`] compares what past months should have been with what they were and, on a decision, posts arrears (补发)
//!   or a recovery (追回); [`recovery`] brings the money back.
//! - [`run`] makes a month's run, [`compare`] explains it, [`approve`](mod@approve) lets a second person approve it,
//!   [`bank`] sends it and reads the answer, [`bounce`] takes what the bank sends back after it had paid, [`cancel`] takes a run back
//!   before the bank has it, [`reissue`] tries failures again,
//!   [`supplement`](mod@supplement) pays what stands open without waiting for the next month.
//! - [`recognitions`] are what pays nothing and ends when something better takes its place.
//! - [`identity`] leads a person's rows to another number when two records turn out to be one person.
//! - [`reserve`] is the money that lies with townships for emergencies (备用金).
//! - [`balances`] and [`pages`] read; [`verify`](mod@verify) proves the whole; [`accounts`] is the chart of accounts.
//!
//! A function that takes a [`store::Tx`] belongs to the caller's transaction, so that the caller's own rows and audit
//! go with it. A function that takes a [`store::Db`] is long work in short batches under a run's state: interrupted
//! anywhere, it goes on when called again. The crate has no clock and knows no HTTP.

pub mod accounts;
pub mod approve;
pub mod balances;
pub mod bank;
mod batch;
pub mod bounce;
pub mod cancel;
pub mod changes;
pub mod compare;
mod decision;
pub mod entitlement;
mod error;
pub mod identity;
pub mod months;
pub mod pages;
pub mod payee;
pub mod recognitions;
pub mod recovery;
pub mod reissue;
pub mod reserve;
pub mod run;
pub mod scope;
pub mod supplement;
pub mod verify;
mod words;

pub use approve::{ControlTotals, approve};
pub use balances::{Balances, balances};
pub use bank::{AnswerOutcome, AnswerProblem, AnswerRead, AnswerRow, BankLine};
pub use changes::{
    DeathEffects, change_amount, change_months, end_member, lift_hold, pause, record_death, resume,
    set_members, suspend,
};
pub use decision::{Decision, Officer};
pub use entitlement::{Grant, change_holder, end, grant, recognise, set_review, transfer};
pub use error::{LedgerError, Result};
pub use months::{
    MonthAmount, MonthRow, MonthsProposal, RecoveryTerms, post_arrears, post_recovery, propose, propose_all,
    propose_as_recorded,
};
pub use payee::{NewPayee, Proposer};
pub use recovery::{Recovery, Return, record_return};
pub use reissue::reissue;
pub use run::{PaymentRun, Progress, carry_on, make_run};
pub use supplement::supplement;
pub use verify::{Finding, verify};
pub use words::{
    AmountCause, DueKind, EntitlementState, LineState, PauseKind, PayeeState, ReserveKind, ReserveState,
    RunKind, RunState,
};

use store::Migration;

/// The tables of the ledger, after `store`'s and before `office`'s.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261121_entitlements", sql: include_str!("../migrations/20261121_entitlements.sql") },
    Migration {
        name: "20261121_runs_and_dues",
        sql: include_str!("../migrations/20261121_runs_and_dues.sql"),
    },
    Migration { name: "20261122_lookups", sql: include_str!("../migrations/20261122_lookups.sql") },
    Migration { name: "20261124_comparison", sql: include_str!("../migrations/20261124_comparison.sql") },
    Migration { name: "20261125_reserve", sql: include_str!("../migrations/20261125_reserve.sql") },
    Migration { name: "20261126_supplement", sql: include_str!("../migrations/20261126_supplement.sql") },
    Migration { name: "20261130_ended", sql: include_str!("../migrations/20261130_ended.sql") },
    Migration { name: "20261201_covered", sql: include_str!("../migrations/20261201_covered.sql") },
    Migration { name: "20261203_line_figures", sql: include_str!("../migrations/20261203_line_figures.sql") },
    Migration {
        name: "20261203_payee_withdrawn",
        sql: include_str!("../migrations/20261203_payee_withdrawn.sql"),
    },
    Migration { name: "20261204_bounce", sql: include_str!("../migrations/20261204_bounce.sql") },
];

store::id_type! {
    /// A granted benefit (待遇).
    EntitlementId,
    /// One recorded amount of an entitlement.
    AmountId,
    /// The account of an entitlement, proposed or confirmed.
    PayeeId,
    /// A bank account in the office's table, where its number is sealed.
    BankAccountId,
    /// A stored determination of the office.
    DeterminationId,
    /// What is owed for a month, or a change of it.
    DueId,
    /// A payment run (发放批次).
    RunId,
    /// One line of a run (发放明细).
    LineId,
    /// A decided recovery (追回).
    RecoveryId,
    /// A journal of the books.
    JournalId,
    /// The reserve fund (备用金) of a township.
    ReserveFundId,
    /// A line of a reserve fund's book.
    ReserveEntryId,
}
