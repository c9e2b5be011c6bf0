//! The five-year plan at work: what it promises comes from the release in force, what becomes of it from people.
//!
//! - [`Installed`] is the plan of the packs; [`overview`] judges every indicator, [`indicator_page`] shows one with its path and its history;
//! - [`judge`] says whether a value is on course, by a method that the page prints; it is arithmetic and reads nothing;
//! - [`values`]: a value is reported with evidence by one person and counts when a second one has looked at it;
//! - [`adjustments`]: a target is changed with reason and document, by one person and a second;
//! - [`proposals`]: changes of targets that wait for that second one;
//! - [`links`]: an indicator that a register computes, which nobody types;
//! - [`split`]: a target over counties - townships of a county's own plan - and years, sums kept; [`stages`]: what becomes of the milestones of projects;
//! - [`charges`]: who is in charge of an entry, until when; [`reminders`]: what will be missed, is late or falls due, brought to that office;
//! - [`superior`]: targets held against what the plans above and the laws demand, and what serves an indicator;
//! - [`peers`]: the same indicator in the plans of other places;
//! - [`marks`]: round numbers beside drawings;
//! - [`evaluation`]: the yearly, mid-term and final report with its texts, its assessor from outside and the next plan's baselines;
//! - [`changes`]: what a month brought; [`public`]: the released part, for everybody; [`sheet`]: the lists as Excel.
//!
//! **Who sees what**: what the plan says and what holds for the whole place is for everybody in office who reads plans; values and notes of a county are
//! for that county, those below it and those above it.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use catalogue::definition::PlanIndicator;
use catalogue::plan::PlanBook;
use catalogue::{Number, Release};
use store::{Migration, ScopeColumns, id_type};
use vocab::Level;

use crate::divisions::{self, DivisionView};
use crate::{Office, OfficeError};

pub mod adjustments;
pub mod changes;
pub mod charges;
mod computed;
pub mod evaluation;
pub mod in_words;
pub mod judge;
mod known;
pub mod links;
pub mod marks;
mod overview;
mod past;
pub mod peers;
pub mod proposals;
pub mod public;
pub mod reminders;
pub mod sheet;
pub mod split;
pub mod stages;
pub mod superior;
pub mod values;

pub use overview::{County, IndicatorLine, IndicatorPage, Overview, indicator_page, overview};
pub use past::{PastVerdict, past};

id_type! {
    /// A reported value.
    PlanValueId,
    /// An adjusted target.
    AdjustmentId,
    /// A target split over counties and years.
    SplitId,
    /// Something that an office has to look at.
    PlanAlertId,
    /// A run of an evaluation.
    EvaluationRunId,
    /// What an assessor said.
    PlanCommentId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261123_plans", sql: include_str!("../../migrations/20261123_plans.sql") },
    Migration { name: "20261123_plan_link", sql: include_str!("../../migrations/20261123_plan_link.sql") },
    Migration { name: "20261125_plan_alive", sql: include_str!("../../migrations/20261125_plan_alive.sql") },
    Migration { name: "20261126_plan_parts", sql: include_str!("../../migrations/20261126_plan_parts.sql") },
    Migration { name: "20261127_plan_peers", sql: include_str!("../../migrations/20261127_plan_peers.sql") },
];

/// Scope columns of `plan_value v` and `plan_stage_note v`: the own division, those below, and those above.
pub const PLAN: ScopeColumns = ScopeColumns {
    subtree: Some(
        "v.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?) \
         OR v.division_id IN (SELECT up.ancestor_id FROM division_closure up WHERE up.descendant_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What holds for the whole place is no secret of an office.
pub(crate) const EVERYBODYS: &str = "targets of a plan are for everybody who reads plans";

/// The parts of a prefecture.
pub(crate) const COUNTIES: &str = "县（市、区）";

/// The plan of the packs in force.
#[derive(Debug, Clone)]
pub struct Installed {
    release: Arc<Release>,
    at: usize,
    /// The division that the plan is about.
    pub home: DivisionView,
}

impl Deref for Installed {
    type Target = PlanBook;
    fn deref(&self) -> &PlanBook {
        &self.release.plans[self.at]
    }
}

impl Installed {
    /// An indicator that this plan promises.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub fn promised(&self, id: &str) -> Result<&PlanIndicator, OfficeError> {
        let found = self.indicator(id).filter(|one| !one.is_history());
        found.map(Deref::deref).ok_or(OfficeError::NotFound("这项指标"))
    }

    /// The name of the indicator whose promise this one says again, of what [`PlanBook::restated`] found.
    pub(crate) fn same_as(&self, restated: &HashMap<&str, &str>, id: &str) -> Option<String> {
        let first = restated.get(id).and_then(|first| self.indicator(first));
        first.map(|first| first.name.clone())
    }

    /// The level over which it is split: a prefecture's plan over counties, a county's own over townships.
    #[must_use]
    pub fn below(&self) -> Level {
        if self.home.level == Level::County { Level::Township } else { Level::County }
    }

    /// How the places of that level are called together.
    #[must_use]
    pub fn below_title(&self) -> &'static str {
        if self.below() == Level::Township { "乡镇（街道）" } else { COUNTIES }
    }

    /// How the tables name the plan.
    pub(crate) fn id(&self) -> &str {
        self.plan.id.as_str()
    }
}

/// The plan of the release in force; none where no pack brings one.
///
/// # Errors
/// [`OfficeError::NotFound`] when the plan's division is not in the tree; the database.
pub async fn installed(office: &Office) -> Result<Option<Installed>, OfficeError> {
    let release = office.release();
    let Some(at) = (!release.plans.is_empty()).then(|| release.plans.len() - 1) else { return Ok(None) };
    let home = match &release.plans[at].plan.division {
        Some(code) => divisions::by_code(office.db(), code).await?,
        // A text that does not name its place is the plan of the place that the system serves.
        None => divisions::served(office).await?.ok_or(OfficeError::NotFound("规划所在的行政区划"))?,
    };
    Ok(Some(Installed { release, at, home }))
}

/// The same where there must be one.
///
/// # Errors
/// [`OfficeError::NotFound`] where no pack brings a plan.
pub async fn demanded(office: &Office) -> Result<Installed, OfficeError> {
    installed(office).await?.ok_or(OfficeError::NotFound("规划"))
}

/// The places over which the plan is split, in the order of their codes.
pub(crate) async fn places_below(
    office: &Office,
    plan: &Installed,
) -> Result<Vec<DivisionView>, OfficeError> {
    divisions::at_level(office.db(), plan.home.id, plan.below()).await
}

/// A number as a form sends it: zero or more, at most six places.
pub(crate) fn number(field: &str, text: &str) -> Result<Number, OfficeError> {
    let plain = vocab::half_width(text).trim().replace(',', "");
    if plain.is_empty() {
        return Err(OfficeError::invalid(field, "请填写数值。"));
    }
    let read: Number = plain
        .trim_end_matches('%')
        .parse()
        .map_err(|_| OfficeError::invalid(field, "请填写数字，例如 95 或 95.5，最多六位小数。"))?;
    if read < Number::new(0, 0) {
        return Err(OfficeError::invalid(field, "数值不能小于零。"));
    }
    if read.units() > 1_000_000_000_000 {
        return Err(OfficeError::invalid(field, "数值太大，请核对单位。"));
    }
    Ok(read)
}

/// A text of a form that must be there.
pub(crate) fn words(field: &str, text: &str, asked: &str, most: usize) -> Result<String, OfficeError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(OfficeError::invalid(field, asked));
    }
    if text.chars().count() > most {
        return Err(OfficeError::invalid(field, format!("不能超过 {most} 字。")));
    }
    Ok(text.to_owned())
}

/// The scale of a number as the tables keep it.
pub(crate) fn scale(number: Number) -> i64 {
    i64::from(number.scale())
}

/// A number of a row.
pub(crate) fn of_row(row: &store::Row) -> Result<Number, store::StoreError> {
    let scale: i64 = row.get("scale")?;
    Ok(Number::new(row.get("units")?, u32::try_from(scale).unwrap_or(0)))
}
