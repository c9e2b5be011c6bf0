//! A target over counties - townships, where the plan is a county's own - and years: proposed by size, kept whole, approved by a second person.
//!
//! What can be counted (个, 张, 人) is divided: in every year the counties' parts make the place's number, by largest remainders over the number of
//! people registered. A share or a ratio (%, ‰, 每万人…) cannot be divided: every county gets the place's own path.

use std::collections::{BTreeMap, HashMap};

use catalogue::Number;
use catalogue::definition::PlanIndicator;
use serde_json::json;
use store::{AuditEntry, DivisionId, Query, Scope, StaffId, insert_many};
use vocab::{Month, Now};

use super::adjustments::{self, Decided};
use super::judge::{Point, Target, expected, path};
use super::{EVERYBODYS, Installed, SplitId, demanded, number, of_row, scale};
use crate::access::{ApprovePlan, Granted, ManagePlan};
use crate::{Office, OfficeError, audited, divisions};

/// What holds in a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitYear {
    /// The year.
    pub year: i32,
    /// The place's own number.
    pub whole: Number,
    /// Each county's, in the order of the counties.
    pub parts: Vec<Number>,
}

/// A split to begin from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitProposal {
    /// The counties with the number of people registered.
    pub counties: Vec<(DivisionId, String, i64)>,
    /// Whether the parts must make the whole.
    pub countable: bool,
    /// The years from now or from the plan's beginning to the due year.
    pub years: Vec<SplitYear>,
}

/// A split that somebody proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Its id.
    pub id: SplitId,
    /// How it stands.
    pub state: Decided,
    /// Who proposed it.
    pub proposed_by: String,
    /// That person.
    pub proposer: StaffId,
    /// When.
    pub proposed_at: Now,
    /// Who decided.
    pub decided_by: Option<String>,
    /// County, year, number.
    pub parts: Vec<(DivisionId, i32, Number)>,
}

/// How long something may take and what grade it has: the same everywhere, whatever the size of a place.
const UNDIVIDED: [&str; 11] =
    ["工作日", "天", "日", "分钟", "小时", "个月", "年", "年度", "岁", "岁以上", "级"];

/// Whether a unit counts things, so that parts make a whole.
#[must_use]
pub fn countable(indicator: &PlanIndicator) -> bool {
    let Some(unit) = &indicator.unit else { return false };
    !unit.contains(['%', '‰', '/', '·', '倍', '率'])
        && !indicator.name.starts_with('每')
        && !UNDIVIDED.iter().any(|one| unit.ends_with(one))
}

/// Divides a number by weights, by largest remainders: parts of the whole's own places that make the whole. Equal parts where nobody weighs anything.
#[must_use]
pub fn divided(whole: Number, weights: &[i64]) -> Vec<Number> {
    if weights.is_empty() {
        return Vec::new();
    }
    let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    let weights: Vec<i128> = match sum {
        0 => vec![1; weights.len()],
        _ => weights.iter().map(|weight| i128::from(*weight)).collect(),
    };
    let sum: i128 = weights.iter().sum();
    let units = i128::from(whole.units());
    let mut parts: Vec<i128> = weights.iter().map(|weight| units * weight / sum).collect();
    let mut rest = units - parts.iter().sum::<i128>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(units * weights[*at] % sum), *at));
    for at in order {
        if rest <= 0 {
            break;
        }
        parts[at] += 1;
        rest -= 1;
    }
    parts
        .into_iter()
        .map(|part| Number::new(i64::try_from(part).unwrap_or(i64::MAX), whole.scale()))
        .collect()
}

/// A split to begin from: the place's path by year, each county's part by the number of people registered there.
///
/// # Errors
/// [`OfficeError::NotFound`] for an indicator without a number or a place without any below it; the database.
pub async fn proposal(
    office: &Office,
    actor: &Granted<ManagePlan>,
    indicator: &str,
) -> Result<SplitProposal, OfficeError> {
    let plan = demanded(office).await?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    let indicator = plan.promised(indicator)?;
    let changes = adjustments::list(office, &plan, Some(indicator.id.as_str())).await?;
    let target = adjustments::in_force(&plan, indicator, &changes);
    let whole = target.number.ok_or(OfficeError::NotFound("可以分解的目标值"))?;
    let counties = sizes(office, &plan).await?;
    if counties.is_empty() {
        return Err(OfficeError::NotFound("可以分解到的下级行政区划"));
    }
    let weights: Vec<i64> = counties.iter().map(|(_, _, people)| *people).collect();
    let countable = countable(indicator);
    let years = by_year(&plan, indicator, &target, whole)
        .into_iter()
        .map(|(year, whole)| SplitYear {
            year,
            whole,
            parts: if countable { divided(whole, &weights) } else { vec![whole; weights.len()] },
        })
        .collect();
    Ok(SplitProposal { counties, countable, years })
}

/// The place's own number in each year, whole where the target is whole.
fn by_year(
    plan: &Installed,
    indicator: &PlanIndicator,
    target: &Target,
    whole: Number,
) -> Vec<(i32, Number)> {
    let nodes = path(&plan.plan, indicator, target);
    let last = target.due.year();
    let first = i32::from(plan.plan.from).min(last);
    (first..=last)
        .filter_map(|year| {
            let month = Month::new(year, 12).ok()?;
            let number = if nodes.len() > 1 {
                expected(&nodes, month)?
            } else if year == last {
                whole
            } else {
                return None;
            };
            // A number of things has no places after the point.
            let places = if countable(indicator) { whole.scale() } else { number.scale() };
            number.percent_of(Number::new(100, 0), places).map(|number| (year, number))
        })
        .collect()
}

async fn sizes(office: &Office, plan: &Installed) -> Result<Vec<(DivisionId, String, i64)>, OfficeError> {
    let counties = super::places_below(office, plan).await?;
    let people: HashMap<DivisionId, i64> = Query::system(
        "how many people a county has says nothing of anybody",
        "SELECT dc.ancestor_id, count(*) AS people FROM person p JOIN division_closure dc ON dc.descendant_id = p.division_id \
         AND p.merged_into IS NULL WHERE dc.ancestor_id IN ({list}) GROUP BY dc.ancestor_id",
    )
    .bind_list(counties.iter().map(|county| county.id))
    .all_as(office.db(), |row| Ok((row.get("ancestor_id")?, row.get("people")?)))
    .await?
    .into_iter()
    .collect();
    let size = |county: divisions::DivisionView| {
        (county.id, county.name, people.get(&county.id).copied().unwrap_or(0))
    };
    Ok(counties.into_iter().map(size).collect())
}

/// Proposes a split. `typed` names county, year and the number as typed.
///
/// # Errors
/// [`OfficeError::Invalid`] for a number that is none, and when parts do not make the whole; [`OfficeError::Conflict`] while another waits.
pub async fn propose(
    office: &Office,
    actor: &Granted<ManagePlan>,
    indicator: &str,
    typed: &[(DivisionId, i32, String)],
) -> Result<SplitId, OfficeError> {
    let begin = proposal(office, actor, indicator).await?;
    let plan = demanded(office).await?;
    let mut parts: Vec<(DivisionId, i32, Number)> = Vec::new();
    for year in &begin.years {
        let mut sum = Number::new(0, 0);
        for (county, name, _) in &begin.counties {
            let field = format!("part_{county}_{}", year.year);
            let text = typed.iter().find(|(place, at, _)| place == county && *at == year.year);
            let text = text.map_or("", |(_, _, text)| text.as_str());
            if text.trim().is_empty() {
                return Err(OfficeError::invalid(&field, format!("请填写{name}{}年的数。", year.year)));
            }
            let part = number(&field, text)?;
            sum = sum.plus(part).ok_or_else(|| OfficeError::invalid(&field, "数值太大。"))?;
            parts.push((*county, year.year, part));
        }
        if begin.countable && sum != year.whole {
            let field = format!("part_{}_{}", begin.counties[0].0, year.year);
            let message = format!(
                "{}年各{}相加是 {sum}，应等于{}的 {}，请调整。",
                year.year,
                plan.below_title(),
                plan.home.name,
                year.whole
            );
            return Err(OfficeError::invalid(&field, message));
        }
    }
    if list(office, &plan, indicator).await?.iter().any(|one| one.state == Decided::Proposed) {
        return Err(OfficeError::Conflict("这项指标已有一个分解方案在等待批准。".to_owned()));
    }
    let now = office.now();
    let tx = office.db().begin().await?;
    let id = Query::system(
        EVERYBODYS,
        "INSERT INTO plan_split (plan, indicator, division_id, state, proposed_by, proposed_at) VALUES (?, ?, ?, 'proposed', ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(indicator)
    .bind(plan.home.id)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    let rows: Vec<Vec<store::Value>> = parts
        .iter()
        .map(|(county, year, part)| store::values![id, *county, i64::from(*year), part.units(), scale(*part)])
        .collect();
    let columns = ["split_id", "division_id", "year", "units", "scale"];
    insert_many(&Scope::System(EVERYBODYS), &tx, "plan_split_part", &columns, rows).await?;
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "indicator": indicator, "parts": parts.len() }),
        ..audited(now.at_ms(), actor.audit(), "plan.split_proposed", ("plan_split", id))
    })
    .await?;
    tx.commit().await?;
    Ok(SplitId(id))
}

/// The splits of an indicator, the newest first.
///
/// # Errors
/// The database.
pub(super) async fn list(
    office: &Office,
    plan: &Installed,
    indicator: &str,
) -> Result<Vec<Split>, OfficeError> {
    let mut splits = Query::system(
        EVERYBODYS,
        "SELECT a.id, a.state, a.proposed_by, a.proposed_at, p.name AS proposed_by_name, s.name AS decided_by_name FROM plan_split a \
         JOIN staff p ON p.id = a.proposed_by LEFT JOIN staff s ON s.id = a.decided_by WHERE a.plan = ? AND a.indicator = ? ORDER BY a.id DESC",
    )
    .bind(plan.id())
    .bind(indicator)
    .all_as(office.db(), |row| {
        Ok(Split {
            id: row.get("id")?,
            state: Decided::read(&row.get::<String>("state")?),
            proposed_by: row.get("proposed_by_name")?,
            proposer: row.get("proposed_by")?,
            proposed_at: Now::from_unix_ms(row.get("proposed_at")?),
            decided_by: row.get("decided_by_name")?,
            parts: Vec::new(),
        })
    })
    .await?;
    let parts: Vec<(i64, DivisionId, i64, Number)> = Query::system(
        EVERYBODYS,
        "SELECT t.split_id, t.division_id, t.year, t.units, t.scale FROM plan_split_part t JOIN plan_split a ON a.id = t.split_id \
         WHERE a.plan = ? AND a.indicator = ? ORDER BY t.split_id, t.division_id, t.year",
    )
    .bind(plan.id())
    .bind(indicator)
    .all_as(office.db(), |row| Ok((row.get("split_id")?, row.get("division_id")?, row.get("year")?, of_row(row)?)))
    .await?;
    for (split, county, year, part) in parts {
        if let (Some(one), Ok(year)) = (splits.iter_mut().find(|one| one.id.0 == split), i32::try_from(year))
        {
            one.parts.push((county, year, part));
        }
    }
    Ok(splits)
}

/// The parts of every indicator whose split was approved: county, then the numbers of its years in their order.
pub(super) async fn in_force(
    office: &Office,
    plan: &Installed,
) -> Result<HashMap<String, BTreeMap<DivisionId, Vec<Point>>>, OfficeError> {
    let rows = Query::system(
        EVERYBODYS,
        "SELECT a.indicator, t.division_id, t.year, t.units, t.scale FROM plan_split_part t JOIN plan_split a ON a.id = t.split_id \
         WHERE a.plan = ? AND a.state = 'approved' AND a.id = (SELECT MAX(b.id) FROM plan_split b WHERE b.plan = a.plan \
         AND b.indicator = a.indicator AND b.state = 'approved') ORDER BY t.year",
    )
    .bind(plan.id())
    .all(office.db())
    .await?;
    let mut parts: HashMap<String, BTreeMap<DivisionId, Vec<Point>>> = HashMap::new();
    for row in rows {
        let year = i32::try_from(row.get::<i64>("year")?).unwrap_or_default();
        let Ok(month) = Month::new(year, 12) else { continue };
        let of = parts.entry(row.get("indicator")?).or_default().entry(row.get("division_id")?).or_default();
        of.push(Point { month, number: of_row(&row)? });
    }
    Ok(parts)
}

/// A county's part as a target: its last year's number, due with the place's own.
pub(super) fn part_target(whole: &Target, years: &[Point]) -> Option<Target> {
    let last = years.last()?;
    Some(Target { number: Some(last.number), most: None, ..whole.clone() })
}

/// Approves or refuses a split.
///
/// # Errors
/// [`OfficeError::Separation`] for whoever proposed it; [`OfficeError::NotFound`]; [`OfficeError::Conflict`] when it is decided.
pub async fn decide(
    office: &Office,
    actor: &Granted<ApprovePlan>,
    indicator: &str,
    id: SplitId,
    approved: bool,
) -> Result<(), OfficeError> {
    let plan = demanded(office).await?;
    let all = list(office, &plan, indicator).await?;
    let one = all.iter().find(|one| one.id == id).ok_or(OfficeError::NotFound("这个分解方案"))?;
    if divisions::within(office.db(), actor.division, plan.home.id).await.is_err() {
        return Err(OfficeError::NotFound("这个分解方案"));
    }
    if one.proposer == actor.staff {
        return Err(OfficeError::Separation("自己提出的分解方案，要由另一个人批准。".to_owned()));
    }
    let (state, action) =
        if approved { ("approved", "plan.split_approved") } else { ("refused", "plan.split_refused") };
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let changed = Query::system(
        EVERYBODYS,
        "UPDATE plan_split SET state = ?, decided_by = ?, decided_at = ? WHERE id = ? AND state = 'proposed'",
    )
    .bind(state)
    .bind(actor.staff)
    .bind(at)
    .bind(id)
    .execute(&tx)
    .await?;
    if changed != 1 {
        return Err(OfficeError::Conflict("这个分解方案已经办过了。".to_owned()));
    }
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "indicator": indicator }),
        ..audited(at, actor.audit(), action, ("plan_split", id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole() {
        let number = |text: &str| text.parse::<Number>().unwrap();
        let of = |whole: &str, weights: &[i64]| {
            divided(number(whole), weights).iter().map(Number::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of("10", &[1, 1, 1]), ["4", "3", "3"]);
        assert_eq!(of("4343", &[300, 200, 100]), ["2171", "1448", "724"]);
        assert_eq!(of("5", &[0, 0]), ["3", "2"], "nobody is counted yet");
        assert_eq!(of("1.5", &[2, 1]), ["1", "0.5"]);
        for whole in [1_i64, 7, 104, 9_999] {
            let parts = divided(Number::new(whole, 0), &[17, 0, 4, 250, 3]);
            assert_eq!(parts.iter().map(|part| part.units()).sum::<i64>(), whole);
        }
    }
}
