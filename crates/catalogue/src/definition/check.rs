//! 核对 as a process: what a department is asked, in which form it answers, and the rules over the answers.

use serde::Deserialize;

use super::{Basis, Gather, Unit};
use crate::{Expression, Located, Reference};

/// The form of an answer: the least that serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// 是 or 否.
    YesNo,
    /// One of a list.
    Band,
    /// A day.
    Date,
    /// Yuan; only where an article needs the sum.
    Amount,
}

/// A question of a data set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Identifier; in rules `<dataset>_<ask>`.
    pub id: Located<String>,
    /// The question as the department reads it.
    pub title: String,
    /// The form of the answer.
    #[serde(rename = "type")]
    pub kind: AnswerKind,
    /// The list of a `band`.
    #[serde(default)]
    pub codelist: Option<Reference>,
    /// Which column of the department's own file answers it.
    #[serde(default)]
    pub column: Option<Reference>,
    /// How rows of that file become the answer; without it only the department answers.
    #[serde(default)]
    pub gather: Option<Gather>,
    /// The fact of the person, or of the family, that the answer fills.
    #[serde(default)]
    pub fills: Option<Fills>,
    /// Why it is asked; an `amount` must say.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// What an answer says of a fact. Of a family it says the sum of its members' answers, or of a yes or no whether anybody's is yes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fills {
    /// The fact.
    pub fact: Reference,
    /// The department sees a part only: the answer counts where it is more than what the family declared, and denies nothing.
    #[serde(default)]
    pub at_least: bool,
    /// How many a yes stands for, of a fact that counts.
    #[serde(default)]
    pub yes: Option<u32>,
    /// The answer is a sum over so many months and the fact is one of a month: the month's part is filled, rounded half up to the fen.
    #[serde(default)]
    pub months: Option<u16>,
}

/// A rule over what was declared and what was answered. Without points it names a contradiction; with points it counts towards the
/// hint whom to visit first. It decides nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRule {
    /// Identifier.
    pub id: Located<String>,
    /// What it means when it holds, as families and officers read it.
    pub title: String,
    /// One member, or the family.
    pub on: Unit,
    /// When it holds: `declared_<fact>` beside `<dataset>_<ask>`.
    pub when: Expression,
    /// Points of an indicator of the family's situation.
    #[serde(default)]
    pub points: Option<u32>,
    /// Whom it is asked about every night, outside any check.
    #[serde(default)]
    pub nightly: Option<Nightly>,
    /// Law.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

impl CheckRule {
    /// Whether a check of a family names a contradiction by it: not by points, and not by a rule that finds who has nothing.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        self.points.is_none() && self.nightly.as_ref().is_none_or(|nightly| nightly.of == NightlyOf::Roll)
    }
}

/// A rule that is asked every night of the departments' files in use. What it finds is a lead for somebody to look into, and nothing else.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nightly {
    /// About whom.
    pub of: NightlyOf,
    /// Of the roll: the programmes whose families it is asked about, every monthly one if there is none. Of the others: what they could file for,
    /// the first that is not surely refused.
    #[serde(default)]
    pub programmes: Vec<Reference>,
}

/// Whom a nightly rule is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NightlyOf {
    /// Families that have a benefit; `declared_<fact>` is what they said or somebody saw at home.
    Roll,
    /// People in a department's file who have none of the programmes and no case for one.
    Others,
}
