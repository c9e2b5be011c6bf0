//! Everything that is known of the plan's own place at once, so that it can be judged in any month: by the overview, the evaluations, the
//! reminders and the public page, all with one answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalogue::definition::PlanIndicator;
use store::{DivisionId, Query};
use vocab::Month;

use super::adjustments::{self, Adjustment};
use super::computed::computed;
use super::judge::{Judgement, Point, Target, judge};
use super::links::{self, Link};
use super::{EVERYBODYS, Installed, of_row};
use crate::{Office, OfficeError};

/// Confirmed or computed values of the counties' parts: indicator, county, values in the order of their months.
pub(super) type Parts = HashMap<String, HashMap<DivisionId, Vec<Point>>>;

/// The values of every county whose part was set, for the work of the night, which shows them to nobody else.
pub(super) async fn of_parts(
    office: &Office,
    plan: &Installed,
    known: &Known,
    split: &HashMap<String, BTreeMap<DivisionId, Vec<Point>>>,
) -> Result<Parts, OfficeError> {
    let mut parts = Parts::new();
    if split.is_empty() {
        return Ok(parts);
    }
    let rows = Query::system(
        EVERYBODYS,
        "SELECT v.indicator, v.division_id, v.month, v.units, v.scale FROM plan_value v WHERE v.plan = ? AND v.division_id <> ? \
         AND v.state = 'confirmed' AND v.indicator IN ({list}) ORDER BY v.indicator, v.division_id, v.month",
    )
    .bind(plan.id())
    .bind(plan.home.id)
    .bind_list(split.keys().map(String::as_str))
    .all(office.db())
    .await?;
    for row in rows {
        let point = Point { month: row.get("month")?, number: of_row(&row)? };
        let of = parts.entry(row.get("indicator")?).or_default();
        of.entry(row.get("division_id")?).or_default().push(point);
    }
    let linked: Vec<&Link> = known.linked.iter().filter(|link| split.contains_key(&link.indicator)).collect();
    let counties: BTreeSet<DivisionId> = split.values().flat_map(BTreeMap::keys).copied().collect();
    let counties: Vec<DivisionId> = counties.into_iter().collect();
    // What was typed of an indicator before it was linked no longer counts.
    for link in &linked {
        parts.remove(&link.indicator);
    }
    for ((indicator, county), points) in computed(office, plan, &known.changes, &linked, &counties).await? {
        parts.entry(indicator).or_default().insert(county, points);
    }
    Ok(parts)
}

/// Targets in force and confirmed or computed values of the plan's place.
pub(super) struct Known {
    /// Adjusted targets, the newest first.
    pub(super) changes: Vec<Adjustment>,
    /// What is computed.
    pub(super) linked: Vec<Link>,
    points: HashMap<String, Vec<Point>>,
}

/// Reads it: three statements, and the few of the computed figures.
pub(super) async fn known(office: &Office, plan: &Installed) -> Result<Known, OfficeError> {
    let sql = "SELECT v.indicator, v.month, v.units, v.scale FROM plan_value v WHERE v.plan = ? AND v.division_id = ? \
               AND v.state = 'confirmed' ORDER BY v.indicator, v.month";
    read(office, plan, Query::system(EVERYBODYS, sql).bind(plan.id()).bind(plan.home.id)).await
}

/// What a judgement in this month rests on and no more: of the reported values the first and the last two. Years of months are not fetched to look at three of them.
pub(super) async fn known_in(office: &Office, plan: &Installed, month: Month) -> Result<Known, OfficeError> {
    let sql = "SELECT k.indicator, k.month, k.units, k.scale FROM (SELECT v.indicator, v.month, v.units, v.scale, \
               ROW_NUMBER() OVER (PARTITION BY v.indicator ORDER BY v.month) AS upwards, \
               ROW_NUMBER() OVER (PARTITION BY v.indicator ORDER BY v.month DESC) AS downwards FROM plan_value v \
               WHERE v.plan = ? AND v.division_id = ? AND v.state = 'confirmed' AND v.month <= ?) k \
               WHERE k.upwards = 1 OR k.downwards <= 2 ORDER BY k.indicator, k.month";
    let query = Query::system(EVERYBODYS, sql).bind(plan.id()).bind(plan.home.id).bind(month);
    read(office, plan, query).await
}

async fn read(office: &Office, plan: &Installed, values: Query) -> Result<Known, OfficeError> {
    let changes = adjustments::list(office, plan, None).await?;
    let linked = links::in_force(office, plan).await?;
    let rows = values.all(office.db()).await?;
    let mut points: HashMap<String, Vec<Point>> = HashMap::new();
    for row in rows {
        let point = Point { month: row.get("month")?, number: of_row(&row)? };
        points.entry(row.get("indicator")?).or_default().push(point);
    }
    let all: Vec<&Link> = linked.iter().collect();
    let mut figures = computed(office, plan, &changes, &all, &[plan.home.id]).await?;
    for link in &linked {
        let of = figures.remove(&(link.indicator.clone(), plan.home.id));
        points.insert(link.indicator.clone(), of.unwrap_or_default());
    }
    Ok(Known { changes, linked, points })
}

impl Known {
    /// The values of an indicator in the order of their months.
    pub(super) fn points(&self, indicator: &str) -> &[Point] {
        self.points.get(indicator).map_or(&[], Vec::as_slice)
    }

    /// The target that holds.
    pub(super) fn target(&self, plan: &Installed, indicator: &PlanIndicator) -> Target {
        adjustments::in_force(plan, indicator, &self.changes)
    }

    /// How an indicator stands at the end of a month.
    pub(super) fn judged(
        &self,
        plan: &Installed,
        indicator: &PlanIndicator,
        month: Month,
    ) -> (Target, Judgement) {
        let target = self.target(plan, indicator);
        let judgement = judge(&plan.plan, indicator, &target, self.points(indicator.id.as_str()), month);
        (target, judgement)
    }
}
