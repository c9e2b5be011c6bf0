//! What is told from outside, and what is said of an office itself: keys of a register.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Reference;

/// A register that anybody writes into on the open site: some fields of a new record, and nothing of one that is there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Online {
    /// Title of the page, such as 举报投诉.
    pub title: String,
    /// What one may tell there and what becomes of it, in plain words.
    pub intro: String,
    /// Fields that are asked; the place is one of them.
    pub asks: Vec<Reference>,
    /// Choices that take a code: through which door it came. Only what has them is told of by its number.
    pub sets: BTreeMap<String, Reference>,
    /// The date that takes the day.
    pub on: Reference,
    /// The text, the key by itself, that takes the number under which one asks after it.
    pub number: Reference,
    /// Fields that whoever knows the number reads.
    #[serde(default)]
    pub tells: Vec<Reference>,
}

/// Records about an office itself: each lies at the office above the one that it names, at the county at the least.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raised {
    /// The choice that says what a record is about.
    pub field: Reference,
    /// Its codes with which a record is raised.
    pub codes: Vec<Reference>,
}
