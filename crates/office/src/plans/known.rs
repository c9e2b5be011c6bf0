//! Everything that is known of the plan's own place at once, so that it can be judged in any month: by the overview, the evaluations, the
//! reminders and the public page, all with one answer.

use std::collections::HashMap;

use catalogue::definition::PlanIndicator;
use store::Query;
use vocab::Month;

use super::adjustments::{self, Adjustment};
use super::judge::{Judgement, Point, Target, judge};
use super::links::{self, Link};
use super::{EVERYBODYS, Installed, of_row};
use crate::{Office, OfficeError};

/// Targets in force and confirmed or computed values of the plan's place.
pub(super) struct Known {
    /// Adjusted targets, the newest first.
    pub(super) changes: Vec<Adjustment>,
    /// What is computed.
    pub(super) linked: Vec<Link>,
    points: HashMap<String, Vec<Point>>,
}

/// Reads it: three statements, and those of the computed figures.
pub(super) async fn known(office: &Office, plan: &Installed) -> Result<Known, OfficeError> {
    let changes = adjustments::list(office, plan, None).await?;
    let linked = links::in_force(office, plan).await?;
    let rows = Query::system(
        EVERYBODYS,
        "SELECT v.indicator, v.month, v.units, v.scale FROM plan_value v WHERE v.plan = ? AND v.division_id = ? AND v.state = 'confirmed' \
         ORDER BY v.indicator, v.month",
    )
    .bind(plan.id())
    .bind(plan.home.id)
    .all(office.db())
    .await?;
    let mut points: HashMap<String, Vec<Point>> = HashMap::new();
    for row in rows {
        let point = Point { month: row.get("month")?, number: of_row(&row)? };
        points.entry(row.get("indicator")?).or_default().push(point);
    }
    for link in &linked {
        points.insert(link.indicator.clone(), links::computed(office, plan, link, plan.home.id).await?);
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
