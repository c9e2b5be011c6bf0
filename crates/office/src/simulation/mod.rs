//! 政策仿真: what other standards or other rules would mean for everybody, in numbers, before anybody decides.
//!
//! A [`Supposition`] is values supposed for parameters and tables, and texts supposed for parts of programmes, on a copy; nothing of the
//! release changes. [`run`] sweeps the population under today's rules and the supposed ones at once and counts families, people and money by
//! place, who would gain and who would lose, and cliffs: whose benefit falls by more than the income that they earn besides ([`raised`]).
//! Numbers only; no answer names anybody.
//!
//! A simulation is kept with author, date, title, supposition and answer ([`saved`]), compared, taken out as a sheet or PDF ([`report`]).
//! It never takes effect: a standard is released by way of a proposal and a second person ([`crate::releases`]).
//!
//! [`next_standard`] measures a standard before it is released (标准测算); [`series`] sets it beside economy, finance, consumption and incomes over the years
//! and says what next year's comes to.
//!
//! What only an officer can judge is in no snapshot; it is taken as met and the answer says which judgements these are.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the table of contents above is for readers of the source"
)]

pub use columns::{Compared, Side};
use serde::{Deserialize, Serialize};
use store::{Migration, ScopeColumns, id_type};
use vocab::{Fen, Month};

mod engine;
mod next_standard;
mod raised;
mod report;
mod saved;
mod series;

pub(crate) use engine::assume;
pub use engine::{numeric_parameters, run, simulate};
pub use next_standard::{
    AreaStandard, Entered, NextStandard, TekunStandard, as_published, is_measured, next_standard, percent,
};
pub use raised::raisable;
pub use report::{PdfState, WaitingPdf, ask_pdf, pdf, pdf_done, pdf_waiting, sheet};
pub use saved::{Saved, SavedLine, find, list, save};
pub use series::{Proposal, Series};

id_type! {
    /// A simulation that was kept.
    SimulationId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "20261122_simulation",
    sql: include_str!("../../migrations/20261122_simulation.sql"),
}];

/// Scope columns of `simulation s`: kept by an office of the subtree.
pub const SIMULATION: ScopeColumns = ScopeColumns {
    subtree: Some(
        "s.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What is supposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supposition {
    /// The month decided; its first day picks the law.
    pub month: Month,
    /// Values instead of those in force.
    #[serde(default)]
    pub values: Vec<SupposedValue>,
    /// Texts instead of those of the packs.
    #[serde(default)]
    pub texts: Vec<SupposedText>,
    /// For cliffs: what the head of each family earns more.
    #[serde(default)]
    pub raise: Option<Raise>,
}

/// A value of a parameter (`dibao_standard`) or of a table (`supplement_percent[elderly]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupposedValue {
    /// Its id.
    pub parameter: String,
    /// The division where it is supposed; the whole area if none.
    #[serde(default)]
    pub division: Option<String>,
    /// As typed.
    pub value: String,
}

/// A text of a part of a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupposedText {
    /// The programme.
    pub programme: String,
    /// The part.
    pub part: rules::Part,
    /// The expression.
    pub text: String,
}

/// More income for the head of each family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    /// The fact that grows: an income of a person.
    pub fact: String,
    /// By how much a month.
    pub by: Fen,
}

/// What would come of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulated {
    /// The month decided.
    pub month: Month,
    /// Code of the area.
    pub within: String,
    /// Its name.
    pub within_name: String,
    /// Content hash of the rules compared with.
    pub release: String,
    /// State of the population, unix milliseconds.
    pub population_at: i64,
    /// Families in the area.
    pub families: u64,
    /// People in the area.
    pub people: u64,
    /// Programmes that read what is supposed; all if nothing is.
    pub programmes: Vec<Effect>,
    /// What would be supposed, in words.
    pub said: Vec<String>,
    /// Judgements of officers that were taken as met, by title.
    pub assumed: Vec<String>,
    /// How long the sweep took, milliseconds.
    pub took_ms: u64,
}

/// What would come of it for one programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The programme.
    pub programme: String,
    /// Its title.
    pub title: String,
    /// Whether it is decided for each person.
    pub of_persons: bool,
    /// The whole area.
    pub whole: Compared,
    /// The places one step below that have families, in the order of their codes.
    pub places: Vec<PlaceEffect>,
    /// Families whose benefit falls by more than their head earns besides: under today's rules and the supposed ones.
    pub cliffs: Option<Cliffs>,
}

/// A place in an [`Effect`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceEffect {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What would come of it there.
    pub compared: Compared,
}

/// Who loses more than they earn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cliffs {
    /// Units under today's rules.
    pub before: u64,
    /// What these lose a month.
    pub before_lost: Fen,
    /// Units under the supposed rules.
    pub after: u64,
    /// What these lose a month.
    pub after_lost: Fen,
}
