//! Indicators (统计指标): a count or a sum over the records of a register, over people or over places, or a share of two of them.

use serde::Deserialize;

use super::{Basis, Direction, Level, PlaceKind};
use crate::{Expression, Located, Number, Reference};

/// An indicator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Identifier.
    pub id: Located<String>,
    /// Title, such as 护理型床位占比.
    pub title: String,
    /// Unit, such as 张, %, 张/千名老年人.
    pub unit: String,
    /// The chapter under which it stands, such as 养老服务.
    pub chapter: String,
    /// Business that rights are given for, such as `elderly`.
    pub business: String,
    /// How it is reckoned, in plain words.
    pub text: String,
    /// Who asks for it.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// What is counted.
    pub part: Counted,
    /// By what it is divided; without it the figure is the part alone.
    #[serde(default)]
    pub whole: Option<Counted>,
    /// What the quotient is multiplied by: 100 for per cent, 1000 for per thousand.
    #[serde(default)]
    pub times: Option<Number>,
    /// Places after the point; rounded half up.
    #[serde(default)]
    pub scale: u32,
}

/// What is counted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// A register; `person` for the living people on file; `division` for places.
    pub over: Reference,
    /// Only those of which this holds; of a register only records that are not closed count in any case.
    #[serde(default, rename = "where")]
    pub when: Option<Expression>,
    /// A number of each that is added up, instead of counting them.
    #[serde(default)]
    pub sum: Option<Expression>,
    /// Counts the places of this level in which one of them lies, instead of them; over `division` the places themselves.
    #[serde(default)]
    pub level: Option<Level>,
    /// Of the places of `level` only those of this kind, such as `community`.
    #[serde(default)]
    pub only: Option<PlaceKind>,
}

/// `over` the people on file.
pub const OVER_PERSON: &str = "person";
/// `over` the tree of divisions.
pub const OVER_DIVISION: &str = "division";

/// The two sides of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is counted.
    Part,
    /// By what it is divided.
    Whole,
}

impl Side {
    /// How paths spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Part => "part",
            Side::Whole => "whole",
        }
    }
}

impl Indicator {
    /// What is counted on each side.
    pub fn sides(&self) -> impl Iterator<Item = (Side, &Counted)> {
        [Some((Side::Part, &self.part)), self.whole.as_ref().map(|whole| (Side::Whole, whole))]
            .into_iter()
            .flatten()
    }
}
