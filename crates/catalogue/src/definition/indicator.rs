//! Indicators (统计指标): a count or a sum over the records of a register, over people, places, cases, benefits or payments, or a share of
//! two of them.

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
    /// A register, or one of [`Source`]'s words.
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

/// What an indicator counts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source<'a> {
    /// `division`: the tree of places.
    Division,
    /// `person`: the living people on file.
    Person,
    /// `case`: cases that are open, or were decided or ended in the month or the twelve before it.
    Case,
    /// `entitlement`: benefits that were alive in the month or one of the twelve before it.
    Entitlement,
    /// `payment`: lines of the payment runs of the month and the twelve before it.
    Payment,
    /// `need`: needs told once (一件事) in the month or the twelve before it.
    Need,
    /// The records of a register that are not closed.
    Register(&'a str),
}

impl<'a> Source<'a> {
    /// What a pack's `over` says.
    #[must_use]
    pub fn of(over: &'a str) -> Source<'a> {
        match over {
            "division" => Source::Division,
            "person" => Source::Person,
            "case" => Source::Case,
            "entitlement" => Source::Entitlement,
            "payment" => Source::Payment,
            "need" => Source::Need,
            register => Source::Register(register),
        }
    }

    /// Whether what is counted carries its own dates, so that a month can be closed after its last day and reckoned again later.
    #[must_use]
    pub fn is_dated(self) -> bool {
        matches!(self, Source::Case | Source::Entitlement | Source::Payment | Source::Need)
    }
}

impl Counted {
    /// What is counted over.
    #[must_use]
    pub fn source(&self) -> Source<'_> {
        Source::of(&self.over)
    }
}

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
    /// Whether everything that it counts carries its own dates ([`Source::is_dated`]): such a month is closed on the first night after it.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.sides().all(|(_, counted)| counted.source().is_dated())
    }

    /// What is counted on each side.
    pub fn sides(&self) -> impl Iterator<Item = (Side, &Counted)> {
        [Some((Side::Part, &self.part)), self.whole.as_ref().map(|whole| (Side::Whole, whole))]
            .into_iter()
            .flatten()
    }
}
