//! The values of linked indicators, for as many of them and as many places as a page shows: their number changes no number of statements.

use std::collections::{BTreeSet, HashMap};

use catalogue::Number;
use catalogue::definition::{Indicator, PlanIndicator};
use chrono::{Datelike, NaiveDate};
use store::{DivisionId, Query};
use vocab::Month;

use super::Installed;
use super::adjustments::{self, Adjustment};
use super::judge::{self, Point, Target};
use super::links::{Computed, Link};
use crate::indicators::{Figure, UNITS};
use crate::{Office, OfficeError};

/// By indicator of the plan and place, in the order of the months.
pub(super) type Values = HashMap<(String, DivisionId), Vec<Point>>;

/// The computed values of links at places: two statements for what indicators of the packs compute, and one for each year of what duties do.
/// `changes` are all adjustments of the linked indicators' targets.
pub(super) async fn computed(
    office: &Office,
    plan: &Installed,
    changes: &[Adjustment],
    links: &[&Link],
    places: &[DivisionId],
) -> Result<Values, OfficeError> {
    let mut values = Values::new();
    if !places.is_empty() {
        by_indicators(office, plan, changes, (links, places), &mut values).await?;
        by_duties(office, plan, links, places, &mut values).await?;
    }
    Ok(values)
}

/// Every month that was reckoned from the first one in which anybody had entered anything: an empty register says nothing. A month without
/// anything to divide by has no value, nor has one of which too much is unknown ([`certain`]).
async fn by_indicators(
    office: &Office,
    plan: &Installed,
    changes: &[Adjustment],
    (links, places): (&[&Link], &[DivisionId]),
    values: &mut Values,
) -> Result<(), OfficeError> {
    let release = office.release();
    let linked: Vec<_> = links
        .iter()
        .filter_map(|link| match &link.by {
            Computed::Indicator(id) => Some((link.indicator.as_str(), release.indicators.get(id)?)),
            Computed::Duty { .. } => None,
        })
        .collect();
    let ids: BTreeSet<&str> = linked.iter().map(|(_, one)| one.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    const WHY: &str = "figures of a division say nothing of anybody";
    let months: Vec<(String, Month)> = Query::system(
        WHY,
        "SELECT m.indicator, m.month FROM indicator_month m WHERE m.indicator IN ({list}) AND EXISTS (SELECT 1 FROM indicator_value v \
         WHERE v.indicator = m.indicator AND v.month <= m.month) ORDER BY m.indicator, m.month",
    )
    .bind_list(ids.iter().copied())
    .all_as(office.db(), |row| Ok((row.get("indicator")?, row.get("month")?)))
    .await?;
    let sums = Query::system(
        WHY,
        "SELECT v.indicator, v.month, c.ancestor_id, CAST(SUM(v.part) AS BIGINT) AS part, CAST(SUM(v.whole) AS BIGINT) AS whole, \
         CAST(SUM(v.unknown) AS BIGINT) AS unknown FROM indicator_value v JOIN division_month c ON c.descendant_id = v.division_id \
         AND c.from_month <= v.month AND v.month < c.until_month WHERE v.indicator IN ({list}) AND c.ancestor_id IN ({list}) GROUP BY v.indicator, v.month, c.ancestor_id",
    )
    .bind_list(ids.iter().copied())
    .bind_list(places.iter().copied())
    .all(office.db())
    .await?;
    let mut figures: HashMap<(String, Month, DivisionId), Figure> = HashMap::new();
    for row in sums {
        let figure =
            Figure { part: row.get("part")?, whole: row.get("whole")?, unknown: row.get("unknown")? };
        figures.insert((row.get("indicator")?, row.get("month")?, row.get("ancestor_id")?), figure);
    }
    for (indicator, by) in linked {
        let Some(promised) = plan.indicator(indicator) else { continue };
        let target = adjustments::in_force(plan, promised, changes);
        for (_, month) in months.iter().filter(|(id, _)| id == by.id.as_str()) {
            for place in places {
                // A month that was reckoned and left nothing here is a zero.
                let figure = figures.get(&(by.id.get().clone(), *month, *place));
                let figure = figure.copied().unwrap_or_default();
                if let Some(value) = figure.value(by)
                    && certain(promised, &target, by, figure)
                {
                    let point = Point { month: *month, number: Number::new(value, by.scale) };
                    values.entry((indicator.to_owned(), *place)).or_default().push(point);
                }
            }
        }
    }
    Ok(())
}

/// Whether what is unknown leaves the answer open: nothing is unknown, or the target is reached, or missed, whichever way the unknown records fall.
fn certain(promised: &PlanIndicator, target: &Target, by: &Indicator, figure: Figure) -> bool {
    if figure.unknown == 0 {
        return true;
    }
    let met = |figure: Figure| judge::reached(promised, target, Number::new(figure.value(by)?, by.scale));
    let least = met(figure);
    let most = Figure { part: figure.part.saturating_add(figure.unknown.saturating_mul(UNITS)), ..figure };
    // Of a sum nobody knows how much the unknown ones would add.
    target.number.is_none() || (by.whole.is_some() && least.is_some() && met(most) == least)
}

/// For each year of the plan the share that was done of what fell due in it, this year up to today. A year in which nothing fell due has no value.
async fn by_duties(
    office: &Office,
    plan: &Installed,
    links: &[&Link],
    places: &[DivisionId],
    values: &mut Values,
) -> Result<(), OfficeError> {
    let linked: Vec<(&str, &str, &str)> = links
        .iter()
        .filter_map(|link| match &link.by {
            Computed::Duty { register, duty } => {
                Some((link.indicator.as_str(), register.as_str(), duty.as_str()))
            }
            Computed::Indicator(_) => None,
        })
        .collect();
    if linked.is_empty() {
        return Ok(());
    }
    let today = office.now().today();
    for year in i32::from(plan.plan.from)..=today.year() {
        let (Some(first), Some(last)) =
            (NaiveDate::from_ymd_opt(year, 1, 1), NaiveDate::from_ymd_opt(year, 12, 31))
        else {
            continue;
        };
        let last = last.min(today);
        let rows = Query::system(
            "how many duties fell due and were done says nothing of anybody",
            "SELECT t.register, t.duty, c.ancestor_id, count(*) AS due, \
             CAST(SUM(CASE WHEN t.state = 'done' THEN 1 ELSE 0 END) AS BIGINT) AS done \
             FROM record_duty t JOIN division_closure c ON c.descendant_id = t.division_id \
             WHERE t.register IN ({list}) AND t.duty IN ({list}) AND t.state <> 'lapsed' AND t.due_on >= ? AND t.due_on <= ? \
             AND c.ancestor_id IN ({list}) GROUP BY t.register, t.duty, c.ancestor_id",
        )
        .bind_list(linked.iter().map(|(_, register, _)| *register))
        .bind_list(linked.iter().map(|(_, _, duty)| *duty))
        .bind(first)
        .bind(last)
        .bind_list(places.iter().copied())
        .all(office.db())
        .await?;
        for row in rows {
            let (register, duty): (String, String) = (row.get("register")?, row.get("duty")?);
            let (due, done): (i64, i64) = (row.get("due")?, row.get("done")?);
            let place: DivisionId = row.get("ancestor_id")?;
            let Some(number) = Number::new(done, 0).percent_of(Number::new(due, 0), 1) else { continue };
            let point = Point { month: Month::containing(last), number };
            for (indicator, ..) in linked.iter().filter(|(_, of, one)| *of == register && *one == duty) {
                values.entry(((*indicator).to_owned(), place)).or_default().push(point);
            }
        }
    }
    Ok(())
}
