//! Rule cases beside the rules: facts and a date in, outcome, amount and reasons out. A policy officer can write them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::Scalar;
use crate::{Located, Reference};

/// One worked example of a programme.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleCase {
    /// Identifier.
    pub id: Located<String>,
    /// What it shows.
    pub title: String,
    /// The programme.
    pub programme: Reference,
    /// Division code.
    pub division: Reference,
    /// The month decided for, `2026-10`.
    pub month: Located<String>,
    /// The day that picks the law; the first of the month if absent.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub law_on: Option<NaiveDate>,
    /// Facts of the household; `"?"` is unknown, one that is left out is what its `absent` says.
    #[serde(default)]
    pub household: BTreeMap<String, Located<Scalar>>,
    /// Facts of each member; the first is the head (or the single person).
    #[serde(rename = "member")]
    pub members: Vec<BTreeMap<String, Located<Scalar>>>,
    /// Officers' findings by condition; a missing one is unknown.
    #[serde(default)]
    pub findings: BTreeMap<String, bool>,
    /// What must come out.
    pub expect: Expected,
}

/// What must come out of a rule case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Yes, no or unknown.
    pub outcome: ExpectedOutcome,
    /// Yuan per month, when the outcome is yes.
    #[serde(default)]
    pub amount: Option<crate::number::Number>,
    /// Conditions that fail (for no) or are open (for unknown).
    #[serde(default)]
    pub because: Vec<Reference>,
    /// Unknowns that must be named, by path: `param.dibao_standard`, `members.wage_income`.
    #[serde(default)]
    pub missing: Vec<Reference>,
    /// Months to the next review.
    #[serde(default)]
    pub review: Option<i64>,
}

/// The outcome of a determination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedOutcome {
    /// All conditions hold.
    Yes,
    /// A condition fails.
    No,
    /// Something needed is unknown.
    Unknown,
}
