//! Every indicator judged, and one of them with its path, its counties and its history.

use std::collections::HashMap;

use catalogue::Number;
use catalogue::definition::{IndicatorKind, PlanIndicator};
use store::{DivisionId, Query};
use vocab::Month;

use super::adjustments::{self, Adjustment};
use super::computed::computed;
use super::judge::{Judgement, Point, Standing, Target, judge, judge_part, path};
use super::known::{Known, known_in};
use super::links::{self, Link};
use super::split::{self, Split};
use super::{Installed, PLAN, demanded, of_row, places_below};
use crate::access::{Granted, ReadPlan};
use crate::divisions::DivisionView;
use crate::{Office, OfficeError};

/// An indicator with its judgement for the plan's own place.
#[derive(Debug, Clone)]
pub struct IndicatorLine {
    /// The indicator as the pack has it.
    pub indicator: PlanIndicator,
    /// The target that holds.
    pub target: Target,
    /// How it stands.
    pub judgement: Judgement,
    /// The name of the indicator before it that promises the same: the promise is counted there.
    pub same_as: Option<String>,
}

/// The plan at a glance.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The plan.
    pub plan: Installed,
    /// The month of the question.
    pub today: Month,
    /// Every indicator that the plan promises: binding ones first, then in the order of the text.
    pub lines: Vec<IndicatorLine>,
    /// Values that wait for a second person within the actor's sight.
    pub waiting: i64,
}

impl Overview {
    /// The promises: what the plan prints of one again is not another.
    pub fn promises(&self) -> impl Iterator<Item = &IndicatorLine> {
        self.lines.iter().filter(|line| line.same_as.is_none())
    }

    /// How many promises stand so.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        self.promises().filter(|line| line.judgement.standing == standing).count()
    }
}

/// Confirmed values of an indicator by division, in the order of their months.
type Points = HashMap<DivisionId, Vec<Point>>;

async fn points(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    indicator: &str,
) -> Result<Points, OfficeError> {
    let rows = Query::new(
        &actor.scope(),
        &PLAN,
        "SELECT v.division_id, v.month, v.units, v.scale FROM plan_value v WHERE {scope} AND v.plan = ? AND v.indicator = ? \
         AND v.state = 'confirmed' ORDER BY v.division_id, v.month",
    )
    .bind(plan.id())
    .bind(indicator)
    .all(office.db())
    .await?;
    let mut points = Points::new();
    for row in rows {
        let point = Point { month: row.get("month")?, number: of_row(&row)? };
        points.entry(row.get("division_id")?).or_default().push(point);
    }
    Ok(points)
}

/// Judges every indicator of the plan for its own place.
///
/// # Errors
/// [`OfficeError::NotFound`] where no pack brings a plan; the database.
pub async fn overview(office: &Office, actor: &Granted<ReadPlan>) -> Result<Overview, OfficeError> {
    let plan = demanded(office).await?;
    let today = Month::containing(office.now().today());
    let known = known_in(office, &plan, today).await?;
    let waiting = Query::new(
        &actor.scope(),
        &PLAN,
        "SELECT count(*) FROM plan_value v WHERE {scope} AND v.plan = ? AND v.state = 'reported'",
    )
    .bind(plan.id())
    .scalar(office.db())
    .await?;
    let lines = judged(&plan, &known, today);
    Ok(Overview { plan, today, lines, waiting })
}

/// Every indicator with its judgement, binding ones first.
fn judged(plan: &Installed, known: &Known, today: Month) -> Vec<IndicatorLine> {
    let restated = plan.restated();
    let mut lines: Vec<IndicatorLine> = Vec::new();
    for one in plan.indicators.iter().filter(|one| !one.is_history()) {
        let (target, judgement) = known.judged(plan, one, today);
        let same_as = plan.same_as(&restated, one.id.as_str());
        lines.push(IndicatorLine { indicator: (**one).clone(), target, judgement, same_as });
    }
    // Stable: the order of the text stays within a kind.
    lines.sort_by_key(|line| (line.indicator.kind, line.indicator.kind == IndicatorKind::Unspecified));
    lines
}

/// A county of an indicator; a township, where the plan is a county's own.
#[derive(Debug, Clone)]
pub struct County {
    /// The county.
    pub division: DivisionId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its part of the target in the due year, where a split was approved.
    pub target: Option<Number>,
    /// Its newest value, where the actor may see it.
    pub latest: Option<Point>,
    /// How its part stands on the path that its years were given; none without a part.
    pub standing: Option<Standing>,
}

/// One indicator with everything about it.
#[derive(Debug, Clone)]
pub struct IndicatorPage {
    /// The plan.
    pub plan: Installed,
    /// The month of the question.
    pub today: Month,
    /// The indicator and how it stands.
    pub line: IndicatorLine,
    /// The path from the baseline to the target.
    pub path: Vec<Point>,
    /// Confirmed values of the plan's place.
    pub points: Vec<Point>,
    /// The counties.
    pub counties: Vec<County>,
    /// Adjusted targets, the newest first.
    pub adjustments: Vec<Adjustment>,
    /// Splits, the newest first.
    pub splits: Vec<Split>,
    /// The register that computes it.
    pub link: Option<Link>,
}

/// One indicator: its path, values, counties, adjustments and splits.
///
/// # Errors
/// [`OfficeError::NotFound`] for an indicator that the plan does not promise; the database.
pub async fn indicator_page(
    office: &Office,
    actor: &Granted<ReadPlan>,
    id: &str,
) -> Result<IndicatorPage, OfficeError> {
    let plan = demanded(office).await?;
    let indicator = plan.promised(id)?.clone();
    let today = Month::containing(office.now().today());
    let adjustments = adjustments::list(office, &plan, Some(id)).await?;
    let splits = split::list(office, &plan, id).await?;
    let target = adjustments::in_force(&plan, &indicator, &adjustments);
    let link = links::in_force(office, &plan).await?.into_iter().find(|link| link.indicator == id);
    let below = places_below(office, &plan).await?;
    let mut points: Points = match &link {
        Some(link) => {
            let mut seen = of_sight(office, actor, &below).await?;
            seen.push(plan.home.id);
            let figures = computed(office, &plan, &adjustments, &[link], &seen).await?;
            figures.into_iter().map(|((_, place), points)| (place, points)).collect()
        }
        None => points(office, actor, &plan, id).await?,
    };
    let own = points.remove(&plan.home.id).unwrap_or_default();
    let judgement = judge(&plan.plan, &indicator, &target, &own, today);
    let split = split::in_force(office, &plan).await?.remove(id).unwrap_or_default();
    let mut places = Vec::new();
    for county in below {
        let years = split.get(&county.id).map_or(&[][..], Vec::as_slice);
        let part = split::part_target(&target, years);
        let known = points.remove(&county.id).unwrap_or_default();
        let latest = known.last().copied();
        let standing =
            part.as_ref().map(|part| judge_part(&plan.plan, &indicator, part, years, &known, today).standing);
        let target = part.and_then(|part| part.number);
        places.push(County {
            division: county.id,
            code: county.code,
            name: county.name,
            target,
            latest,
            standing,
        });
    }
    let path = path(&plan.plan, &indicator, &target);
    let same_as = plan.same_as(&plan.restated(), id);
    let line = IndicatorLine { indicator, target, judgement, same_as };
    Ok(IndicatorPage { plan, today, line, path, points: own, counties: places, adjustments, splits, link })
}

/// The counties whose numbers are the actor's to see: they lie below, or above.
async fn of_sight(
    office: &Office,
    actor: &Granted<ReadPlan>,
    counties: &[DivisionView],
) -> Result<Vec<DivisionId>, OfficeError> {
    let seen = Query::system(
        "where a division lies is no secret",
        "SELECT d.id FROM division d WHERE d.id IN ({list}) \
         AND (d.id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?) \
         OR d.id IN (SELECT up.ancestor_id FROM division_closure up WHERE up.descendant_id = ?))",
    )
    .bind_list(counties.iter().map(|county| county.id))
    .bind(actor.division)
    .bind(actor.division);
    Ok(seen.all_as(office.db(), |row| row.get("id")).await?)
}
