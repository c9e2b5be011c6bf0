//! How soon leads (线索) must be looked into.

use serde::Deserialize;

use super::{Basis, Limit};
use crate::{Located, Reference};

/// The clock of a kind of leads, from the day on which one is found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadClock {
    /// Identifier.
    pub id: Located<String>,
    /// What must be done by then.
    pub title: String,
    /// Leads about whom.
    pub of: LeadsOf,
    /// Nightly check rules whose leads these are; without any, all leads of the kind that no other clock names.
    #[serde(default)]
    pub rules: Vec<Reference>,
    /// Its length.
    pub limit: Limit,
    /// Integer parameter that gives it in working days where the place has set one.
    #[serde(default)]
    pub working_days: Option<Reference>,
    /// Law behind it.
    pub basis: Vec<Basis>,
}

/// Whom leads are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadsOf {
    /// Who could have a benefit and has not filed.
    Unclaimed,
    /// A benefit to look into.
    Review,
}
