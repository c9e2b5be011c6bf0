//! A five-year plan as its text prints it: what it promises, by when and where, and the words in which it does. What a plan says is kept
//! as said: a damaged print stands beside what is read in it, a dash is an unknown value, and two values for one thing stay two values.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::number::Number;
use crate::{Located, Reference};

/// A plan; a pack has at most one, and the other tables of the pack belong to it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Identifier.
    pub id: Located<String>,
    /// Name as printed.
    pub name: String,
    /// Code of the division that made it; none where the text does not name its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<Reference>,
    /// First year.
    pub from: u16,
    /// Last year.
    pub until: u16,
    /// Year of the baselines.
    pub base_year: u16,
    /// Year of a longer outlook inside the same text; targets of that year are no mistakes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vision_year: Option<u16>,
    /// Who issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When.
    #[serde(
        default,
        deserialize_with = "crate::number::optional_date::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub issued: Option<NaiveDate>,
    /// Number of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The plans above it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<String>,
    /// Months before its date in which a stage or a task is said to fall due, where whoever put an office in charge set no others. How the office
    /// works, and nothing that the text prints.
    pub remind_months: u8,
    /// Months before the due date in which an indicator whose forecast misses its target is said to do so. As above.
    pub warn_months: u8,
    /// File of the text inside the pack; every quote of the plan stands in it.
    pub seed: Located<String>,
    /// Quote that names the plan or its years.
    pub source: Located<String>,
}

/// Whether an indicator binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorKind {
    /// 约束性
    Binding,
    /// 预期性
    Expected,
    /// 未注明
    Unspecified,
}

impl IndicatorKind {
    /// As the field says it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Binding => "约束性",
            Self::Expected => "预期性",
            Self::Unspecified => "未注明",
        }
    }
}

/// How a value has to stand to the printed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparator {
    /// 不低于、以上、至少
    AtLeast,
    /// 不超过、以内
    AtMost,
    /// 超过
    MoreThan,
    /// 不足、近
    LessThan,
    /// 等于
    Equal,
    /// 达到
    Reach,
    /// 左右、余
    About,
    /// 从一个数到另一个数
    Range,
    /// 基本，不带百分比
    Basically,
    /// 某年以前
    Before,
}

impl Comparator {
    /// As the field says it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::AtLeast => "不低于",
            Self::AtMost => "不高于",
            Self::MoreThan => "超过",
            Self::LessThan => "不足",
            Self::Equal => "等于",
            Self::Reach => "达到",
            Self::About => "约",
            Self::Range => "区间",
            Self::Basically => "基本",
            Self::Before => "以前",
        }
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    #[default]
    Up,
    /// Less is better.
    Down,
    /// A level is kept.
    Keep,
}

/// A value as printed. Without `number` it is unknown or said in words only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFigure {
    /// The year it holds for; none where none is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// What stands in the quote, letter for letter but for white space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed: Option<Located<String>>,
    /// What is read where the print is damaged or in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// The value; the lower end of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
    /// The upper end of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<Number>,
    /// What the text says about the number; none for a bare one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparator: Option<Comparator>,
    /// Where in the text, if elsewhere than the rest of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Quote of its own, if the entry's does not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Located<String>>,
}

impl PlanFigure {
    /// Whether a dash stands where a value belongs: it is unknown, not nothing.
    #[must_use]
    pub fn is_dash(&self) -> bool {
        let printed = self.printed.as_ref().map_or("", |printed| printed.as_str());
        self.number.is_none()
            && self.read.is_none()
            && !printed.is_empty()
            && printed.chars().all(|sign| matches!(sign, '-' | '—' | '–' | '－'))
    }

    /// As a person reads it: what is printed, and what is read in it where that differs.
    #[must_use]
    pub fn words(&self) -> String {
        let printed = self.printed.as_ref().map_or("", |printed| printed.as_str());
        match (printed, &self.read, self.number) {
            ("", Some(read), _) => read.clone(),
            ("", None, Some(number)) => number.to_string(),
            ("", None, None) => "未印".to_owned(),
            (printed, Some(read), _) => format!("{printed}（读作{read}）"),
            (printed, None, _) if self.is_dash() => format!("未知（原文印“{printed}”）"),
            (printed, None, _) => printed.to_owned(),
        }
    }
}

/// An indicator: of a printed table, or a number that the running text promises.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanIndicator {
    /// Identifier.
    pub id: Located<String>,
    /// Name, mended where the print is damaged.
    pub name: String,
    /// Name as printed, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed_name: Option<String>,
    /// Number of the printed table; none in running text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<u8>,
    /// Number of the row as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no: Option<String>,
    /// Chapter or box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Unit; none where none is printed or can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether it binds.
    pub kind: IndicatorKind,
    /// Category of the printed table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Category as printed, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed_category: Option<String>,
    /// Field of work, where the plan prints no category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// For whom or where it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What is measured, where the plan speaks of it more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What it is counted over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Name of the measure under which plans of several places are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// What computes it, where that says the same of the same over the same: an indicator of the packs, or the share of a register's duty that was
    /// done, written `register/duty`. It holds until somebody ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_by: Option<Reference>,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// The target holds for each year.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yearly: bool,
    /// The milestones are what each year adds; the target is their sum.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub additive: bool,
    /// Value at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<PlanFigure>,
    /// Value promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<PlanFigure>,
    /// Value reached at the end of the previous period: the row is history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub achieved: Option<PlanFigure>,
    /// What the plan says of it: 完成, 未完成, or a dash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Stages on the way.
    #[serde(default, rename = "milestone", skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<PlanFigure>,
    /// The same target said elsewhere in other words.
    #[serde(default, rename = "also", skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<PlanFigure>,
    /// Remark printed under the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<Located<String>>,
    /// What its reader has to know of the print, in words that no text prints: what is lost and how it is read, what is not said, why no register
    /// computes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Quote.
    pub source: Located<String>,
    /// The flattened row of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Located<String>>,
}

impl PlanIndicator {
    /// Where it stands in the text: chapter or box, table and row; empty where nothing says so.
    #[must_use]
    pub fn stands_at(&self) -> String {
        let table = self.table.filter(|table| *table > 0).map(|table| format!("表{table}"));
        let row = self.no.as_ref().map(|no| format!("第{no}项"));
        [self.section.clone(), table, row].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// A row on what the previous period reached.
    #[must_use]
    pub fn is_history(&self) -> bool {
        self.achieved.is_some()
    }
}

/// A project; its stages by year and place, where they are printed.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanProject {
    /// Identifier.
    pub id: Located<String>,
    /// Name.
    pub name: String,
    /// Chapter or box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Field of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// What sort of project: 建设, 改造, 专项行动…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// State that the text gives: 探索, 已完成…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// First year, where a span is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_year: Option<u16>,
    /// Year in which it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// When it is due, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Every year anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yearly: bool,
    /// Where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// How much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<PlanFigure>,
    /// Unit of the quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What it is to do, quoted like its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Located<String>>,
    /// The indicators that it is to move: read in the plan by whoever wrote the pack, not printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<Reference>,
    /// Stages.
    #[serde(default, rename = "milestone", skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<PlanMilestone>,
    /// Quote.
    pub source: Located<String>,
    /// Another quote: the row, or the sentence that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Located<String>>,
}

/// A stage of a project.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanMilestone {
    /// Identifier; none where it is the whole project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Located<String>>,
    /// What is done.
    pub what: String,
    /// Year in which it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// When it is due, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Where, when no number for each place is printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// How many in which places, as printed: a place named twice stands twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<PlanShare>,
    /// How many in all, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<PlanFigure>,
    /// Unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Percentage of the whole project, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Number>,
    /// Quote.
    pub source: Located<String>,
    /// The flattened row of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Located<String>>,
}

/// So many in each of some places.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanShare {
    /// The places.
    pub places: Vec<String>,
    /// How many in each.
    pub each: i64,
}

/// Something to be built, kept or improved without a number: a mechanism, a platform, a list.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanTask {
    /// Identifier.
    pub id: Located<String>,
    /// Name.
    pub name: String,
    /// Chapter or box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Field of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whose it is, where the text says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// 建设, 完善, 探索, 已有, 外部.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The indicators that it is to move: read in the plan by whoever wrote the pack, not printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<Reference>,
    /// Quote.
    pub source: Located<String>,
}

/// What the previous period reached.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanAchievement {
    /// Identifier.
    pub id: Located<String>,
    /// Name.
    pub name: String,
    /// Chapter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Field of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The span it was reached in, where no single year is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// How much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<PlanFigure>,
    /// Where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// What is measured, where the plan speaks of it more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What it is counted over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Quote.
    pub source: Located<String>,
}

/// An amount, a limit or a rule that the plan states.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanStandard {
    /// Identifier.
    pub id: Located<String>,
    /// Name.
    pub name: String,
    /// Chapter or box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Field of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The span it holds for, where no single year is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// The amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<PlanFigure>,
    /// The rule in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// To whom or what it applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies_to: Option<String>,
    /// What is measured, where the plan speaks of it more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What it is counted over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Quote.
    pub source: Located<String>,
    /// The flattened row of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Located<String>>,
}

/// A document that the plan cites.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanDocument {
    /// Identifier.
    pub id: Located<String>,
    /// Name as printed.
    pub name: String,
    /// What it is to the plan: 编制依据, 引用的法律法规…
    pub role: String,
    /// A plan above it, which it has to carry out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub superior: bool,
    /// First year of the document, where its name prints its years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u16>,
    /// Last year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u16>,
    /// The law of the packs that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<Reference>,
    /// The law of the packs that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Reference>,
    /// Quote.
    pub source: Located<String>,
}

/// What a document above the plan, or a law, demands of numbers of the plan. Whether they meet it is computed.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRequirement {
    /// Identifier.
    pub id: Located<String>,
    /// What is demanded, in words.
    pub title: String,
    /// The `plan_document` that demands it, where the plan's own text says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Reference>,
    /// The law of the packs that demands it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<Reference>,
    /// Its article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Located<String>>,
    /// How much; without `number` nothing can be computed, and that is said.
    pub figure: PlanFigure,
    /// Unit of the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The numbers that have to meet it, named as in relations: `bd_i002.target`, `bd_s011`.
    pub entries: Vec<Reference>,
    /// What else the reader has to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The words: of the article, or of the plan where that repeats what the document demands.
    pub source: Located<String>,
}

/// How numbers of the plan must stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// `value` is the sum of `parts`.
    Sum,
    /// `value` per cent is `part` (or the sum of `parts`) of `whole`; with `whole_number` alone, some whole number of that many.
    Share,
    /// `value` per cent is the growth from `from` to `to`, or by `increase` to `to`.
    Growth,
    /// `value` is `of` times `factor` (times `months`), or stands to it as `comparator` says.
    Times,
}

/// A relation that numbers of the plan must keep; whether they do is computed. Numbers are named by the id of their entry, with
/// `.baseline`, `.target` or `.achieved` for an indicator.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRelation {
    /// Identifier.
    pub id: Located<String>,
    /// What kind.
    pub kind: RelationKind,
    /// The relation in words.
    pub title: String,
    /// The number that must fit; in a growth without `from` the growth itself.
    pub value: Reference,
    /// Parts of a sum or of a share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Reference>,
    /// The part of a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Reference>,
    /// The whole of a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Reference>,
    /// How many there are in all, as the quote says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_number: Option<Located<i64>>,
    /// Value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Reference>,
    /// Value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Reference>,
    /// How much more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increase: Option<Reference>,
    /// What is multiplied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Reference>,
    /// Twelve where a month's amount is held against a year's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months: Option<i64>,
    /// By how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<Number>,
    /// `at_least` for a floor; equal if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparator: Option<Comparator>,
    /// Quote of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Located<String>>,
}
