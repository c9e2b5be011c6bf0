//! Programmes: who may get what, how much, and why.

use chrono::NaiveDate;
use serde::Deserialize;

use super::{Basis, Confidential, ValueKind};
use crate::{Expression, Located, Reference};

/// What a programme or fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// One person.
    Person,
    /// One household.
    Household,
}

/// A benefit: conditions, amount, and how it goes on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// Identifier.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Who is decided about.
    pub unit: Unit,
    /// What it is, in plain words.
    pub summary: String,
    /// Law behind it.
    pub basis: Vec<Basis>,
    /// Intermediate values, in order; later ones may use earlier ones.
    #[serde(default, rename = "definition")]
    pub definitions: Vec<Definition>,
    /// What must hold, all of it.
    #[serde(rename = "condition")]
    pub conditions: Vec<Condition>,
    /// How much.
    pub amount: Amount,
    /// Which members the benefit covers: a boolean expression over a person; all members if absent.
    #[serde(default)]
    pub coverage: Option<Expression>,
    /// Where it stands in the layered system of help (分层分类).
    #[serde(default)]
    pub aid: Option<Aid>,
    /// Business that rights over its money are held for, where no item grants it; [`crate::Release::business_of`] answers for all.
    #[serde(default)]
    pub business: Option<Reference>,
    /// Programmes of one group never pay the same person for the same month.
    pub exclusion_group: Reference,
    /// The lower number wins inside the group.
    pub priority: i32,
    /// Who alone knows that somebody has it; everybody whom it concerns if absent. The items that decide it say the same.
    #[serde(default)]
    pub confidential: Option<Confidential>,
    /// What everybody may read of who has it (公布); nothing if absent.
    #[serde(default)]
    pub publication: Option<Publication>,
    /// What a grant brings.
    #[serde(default)]
    pub pays: Pays,
    /// From which month it is paid.
    #[serde(default)]
    pub starts: Starts,
    /// Recognitions that a grant of it takes the place of.
    #[serde(default)]
    pub ends: Vec<Ends>,
    /// Nobody applies: for a month in which its conditions of the month hold, the county draws up a list and pays by it (按月造册).
    #[serde(default)]
    pub by_list: bool,
    /// Months to the next review; none of what is paid once.
    #[serde(default)]
    pub review: Option<Expression>,
    /// A grant ends when its review would fall due, and has to be applied for anew.
    #[serde(default)]
    pub expires: bool,
    /// Law behind the review interval.
    #[serde(default)]
    pub review_basis: Vec<Basis>,
    /// Months the benefit goes on after income has risen.
    #[serde(default)]
    pub taper: Option<Expression>,
    /// Law behind the taper.
    #[serde(default)]
    pub taper_basis: Vec<Basis>,
    /// First day of the law under which it is decided; always if absent.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub valid_until: Option<NaiveDate>,
}

/// What everybody may read in the village of who has a benefit (公布): as long as it lasts, or for some days where it is paid once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// How its holder is named. A minor is named nowhere, whatever stands here.
    pub name: PublishedName,
    /// Whether the amount stands beside the name: a law says so, and it tells nothing of anybody's health.
    #[serde(default)]
    pub amount: bool,
    /// Parameter: for how many natural days after the decision something paid once stands there.
    #[serde(default)]
    pub days: Option<Reference>,
    /// Law behind it.
    pub basis: Vec<Basis>,
}

/// How the holder of a benefit is named to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedName {
    /// The whole name, where a law says that the name is published.
    Full,
    /// The first character alone: 王**.
    Masked,
}

/// A kind of help in the layered system (分层分类救助): of a programme, or of a register whose open records are help that people have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aid {
    /// A code of the list `aid_layer`: basic living, special, emergency, social.
    pub layer: Reference,
    /// A code of the list `aid_kind`: 兜底、支出、急难、发展、关爱.
    pub kind: Reference,
    /// A code of the list `aid_group`: whose help it is.
    pub group: Reference,
    /// Of a register: the field that is the person.
    #[serde(default)]
    pub person: Option<Reference>,
}

/// The code lists in which the parts of an [`Aid`] stand, in their order.
pub const AID_LISTS: [&str; 3] = ["aid_layer", "aid_kind", "aid_group"];

impl Aid {
    /// Layer, kind and group, in the order of [`AID_LISTS`].
    #[must_use]
    pub fn codes(&self) -> [&Reference; 3] {
        [&self.layer, &self.kind, &self.group]
    }
}

/// Another text for a part of a programme from a day on: a document changed the rule, and the law of earlier days stays what it was.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// The programme.
    pub programme: Reference,
    /// The part, as [`crate::part_key`] writes it: `condition.income`, `definition.gap`, `amount`.
    pub part: Located<String>,
    /// First day of the law under which it holds.
    #[serde(deserialize_with = "crate::number::date::deserialize")]
    pub from: NaiveDate,
    /// The expression.
    pub text: Expression,
    /// The document that says so.
    pub source: String,
}

/// What a grant of a programme brings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pays {
    /// Money every month.
    #[default]
    Monthly,
    /// Money once, or in stages that are decided together.
    Once,
    /// No money: a recognition that opens other help.
    Nothing,
}

/// From which month a benefit of every month is paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Starts {
    /// The month after the decision.
    #[default]
    Decision,
    /// The month in which it was filed for (自递交申请当月计发); months gone by are paid with the first payment.
    Filing,
}

/// A recognition that a grant of another programme takes the place of: whoever the grant covers is recognised so no longer. It takes nothing from
/// anybody - what it opened is open to whoever has the other, and `check-pack` lets nothing be ended like this that pays - so that it is said and
/// not heard about first (社会救助法 art. 48 is about what is reduced or stopped).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ends {
    /// The programme that recognises.
    pub programme: Reference,
    /// From which month it holds no longer.
    #[serde(default)]
    pub from: EndsFrom,
    /// Why, for the family, in plain words: the page of the decision, its letter and the family's own page say it.
    pub because: String,
    /// Law behind it.
    pub basis: Vec<Basis>,
}

/// From which month a recognition holds no longer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndsFrom {
    /// The first month of the grant.
    #[default]
    Grant,
    /// The month after the decision, where the grant reaches back and what was opened meanwhile stands.
    Decision,
}

impl Pays {
    /// What stands before an amount, such as 每月.
    #[must_use]
    pub fn how_often(self) -> &'static str {
        match self {
            Self::Monthly => "每月",
            Self::Once => "一次性",
            Self::Nothing => "",
        }
    }
}

/// A named intermediate value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Identifier, used as a name in later expressions.
    pub id: Located<String>,
    /// Title in explanations.
    pub title: String,
    /// Whether it is reckoned for each member or once for the unit.
    #[serde(default)]
    pub each: Option<Unit>,
    /// The expression.
    pub expr: Expression,
    /// Type, where it is to be shown otherwise than as reckoned.
    #[serde(default, rename = "type")]
    pub kind: Option<ValueKind>,
    /// Unit in explanations.
    #[serde(default)]
    pub unit: Option<String>,
    /// Law behind it.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Why it is reckoned so.
    #[serde(default)]
    pub note: Option<String>,
}

/// A condition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Identifier.
    pub id: Located<String>,
    /// Title, as shown beside yes, no or unknown.
    pub title: String,
    /// Reckoned, or judged by an officer.
    pub kind: ConditionKind,
    /// The expression of a reckoned condition.
    #[serde(default)]
    pub expr: Option<Expression>,
    /// When an officer's judgement is needed; always if absent.
    #[serde(default)]
    pub when: Option<Expression>,
    /// What the officer is asked; needed for a finding.
    #[serde(default)]
    pub question: Option<String>,
    /// Law behind it.
    pub basis: Vec<Basis>,
    /// Code of the reason given when it fails (codelist `refusal_reason`).
    pub reason: Located<String>,
    /// What a refused family can do next, in plain words.
    pub remedy: String,
    /// Who no longer meets it tapers off (渐退) instead of stopping at once.
    #[serde(default)]
    pub tapers: bool,
}

/// How a condition is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionKind {
    /// By an expression.
    Expression,
    /// By a named officer's recorded judgement.
    Finding,
}

/// The amount of a benefit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Money for the unit: per month, or once where the programme pays once.
    pub expr: Expression,
    /// Unit.
    pub unit: String,
    /// How and when it is rounded, in words; printed in letters and manuals.
    pub rounding: String,
    /// Law behind it.
    pub basis: Vec<Basis>,
}

/// Programmes that never pay the same person for the same month.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExclusionGroup {
    /// Identifier.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Which one pays when several could.
    #[serde(default)]
    pub rule: ExclusionRule,
    /// Each case stands for itself (一事一助): a family may have two decisions of one month, of two causes.
    #[serde(default)]
    pub each: bool,
    /// Law behind the rule.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// Which programme of a group pays a person who meets several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionRule {
    /// The one with the lower priority number.
    #[default]
    Priority,
    /// The one that pays more (就高).
    Highest,
    /// The one that the person chose (由本人选择).
    Choice,
}

impl From<ExclusionRule> for rules::ExclusionRule {
    fn from(rule: ExclusionRule) -> Self {
        match rule {
            ExclusionRule::Priority => Self::Priority,
            ExclusionRule::Highest => Self::Highest,
            ExclusionRule::Choice => Self::Choice,
        }
    }
}
