//! Standards beside what they follow from, year by year (社会救助法 art. 6 and 19): economy, finance, consumption, incomes; and what next year's
//! standard comes to by them. A statistic of last year is entered once a year: where that was not done the year has none, it is not last year's again.

use catalogue::Release;
use chrono::{Months, NaiveDate};
use vocab::Fen;

use super::next_standard::{
    AreaStandard, CONSUMPTION, INCOME, fen, parameter, percent, standard, thousandths,
};

const ECONOMY: &str = "gdp_per_person";
pub(super) const FINANCE: &str = "budget_revenue";
/// Statistics in the order in which they are shown.
pub(super) const STATISTICS: [&str; 4] = [CONSUMPTION, INCOME, ECONOMY, FINANCE];
/// Years that stand beside each other.
const YEARS: u32 = 5;
/// Fen of a yuan: standards are whole yuan.
const YUAN: i64 = 100;

/// What is set beside each other over the years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What it is.
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// The value of each year in hundredths of the unit, the latest first, and how it grew over the year in thousandths.
    pub years: Vec<(Option<Fen>, Option<i64>)>,
}

/// What the standard of an area comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// A month, whole yuan.
    pub amount: Fen,
    /// How it was reckoned, Chinese, step by step.
    pub steps: Vec<String>,
}

/// The first days of the years that are set beside each other, the latest first.
pub(super) fn years(on: NaiveDate) -> Vec<NaiveDate> {
    (0..YEARS).filter_map(|back| on.checked_sub_months(Months::new(12 * back))).collect()
}

/// A statistic as it was entered in the twelve months up to a day.
pub(super) fn fresh(release: &Release, id: &str, division: &str, on: NaiveDate) -> Option<Fen> {
    let held = release.parameter(id, division, on)?;
    let year_before = on.checked_sub_months(Months::new(12))?;
    if held.from <= year_before {
        return None;
    }
    fen(&parameter(release, id, division, on)?)
}

/// Growth over a year in thousandths.
pub(super) fn growth(from: Option<Fen>, to: Option<Fen>) -> Option<i64> {
    thousandths(to, from).map(|share| share - 1_000)
}

/// Standards and statistics over the years. `areas` hold what is looked at for the latest.
pub(super) fn series(
    release: &Release,
    division: &str,
    on: NaiveDate,
    areas: &[AreaStandard],
) -> Vec<Series> {
    let days = years(on);
    let mut all = Vec::new();
    let mut add = |title: String, unit: &str, values: Vec<Option<Fen>>| {
        let before = values.iter().skip(1).copied().chain([None]);
        let years =
            values.iter().copied().zip(before).map(|(now, before)| (now, growth(before, now))).collect();
        all.push(Series { title, unit: unit.to_owned(), years });
    };
    for area in areas {
        let past = days.iter().skip(1).map(|day| standard(release, &area.area, division, *day));
        add(
            format!("{}低保标准", area.title),
            "元/人·月",
            std::iter::once(area.proposed).chain(past).collect(),
        );
    }
    for id in STATISTICS {
        let Some(definition) = release.parameters.get(id) else { continue };
        let values = days.iter().map(|day| fresh(release, id, division, *day)).collect();
        add(definition.title.clone(), definition.unit.as_deref().unwrap_or_default(), values);
    }
    all
}

/// What the standard of an area comes to: it grows as incomes or consumption do, whichever grew faster, stays within the share of consumption and
/// not below the guidance, and is not lowered. None where no standard holds yet.
pub(super) fn propose(
    release: &Release,
    division: &str,
    on: NaiveDate,
    area: &AreaStandard,
    range: Option<(Fen, Fen)>,
) -> Option<Proposal> {
    let held = area.now?;
    let year_before = on.checked_sub_months(Months::new(12)).unwrap_or(on);
    let grown =
        |id: &str| Some((fresh(release, id, division, year_before)?, fresh(release, id, division, on)?));
    let said = |amount: Fen| format!("{} 元", amount.yuan_grouped());
    let fastest = [INCOME, CONSUMPTION]
        .into_iter()
        .filter_map(|id| {
            let (from, to) = grown(id)?;
            Some((growth(Some(from), Some(to))?, id, from, to))
        })
        .max_by_key(|(growth, ..)| *growth);
    let mut steps = Vec::new();
    let mut amount = held;
    // A share of what was consumed years ago is no floor and no end of this year's.
    let of_before = range.is_some() && fresh(release, CONSUMPTION, division, on).is_none();
    let range = range.filter(|_| !of_before);
    match fastest {
        Some((growth, id, from, to)) if growth > 0 => {
            amount = raised(held, from, to)?;
            let title = release.parameters.get(id).map_or(id, |definition| definition.title.as_str());
            steps.push(format!(
                "现行 {}，随“{title}”增长 {}，为 {}。",
                said(held),
                percent(growth),
                said(amount)
            ));
        }
        Some(_) => steps.push(format!("录入的居民收入、消费支出没有增长，先按现行 {}。", said(held))),
        None => steps.push(format!(
            "没有连续两年录入居民人均可支配收入或者消费支出，不知道增长多少，先按现行 {}。",
            said(held)
        )),
    }
    if let Some((least, most)) = range {
        if amount < least {
            amount = least;
            steps.push(format!("不低于上年度人均消费支出规定比例的下限，提高到 {}。", said(least)));
        } else if amount > most {
            amount = most.max(held);
            steps.push(format!("规定比例的上限是 {}，减到 {}（现行标准不降低）。", said(most), said(amount)));
        }
    }
    if of_before {
        steps.push("没有录入上年度的居民人均消费支出，没有和规定的比例核对。".to_owned());
    }
    if let Some(guidance) = area.guidance.filter(|guidance| amount < *guidance) {
        amount = guidance;
        steps.push(format!("不低于省级指导标准，提高到 {}。", said(guidance)));
    }
    let floor = [range.map(|(least, _)| least), area.guidance].into_iter().flatten().fold(held, Fen::max);
    amount = whole(amount, floor, range.map(|(_, most)| most));
    steps.push(format!("取整到元：每人每月 {}。", said(amount)));
    let finance = grown(FINANCE).and_then(|(from, to)| growth(Some(from), Some(to)));
    match (finance, growth(Some(held), Some(amount))) {
        (Some(finance), Some(standard)) if finance < standard => steps.push(format!(
            "一般公共预算收入同期增长 {}，慢于标准的 {}：请和财政部门一起核实能不能负担。",
            percent(finance),
            percent(standard)
        )),
        (None, _) => steps.push("没有连续两年录入一般公共预算收入，财力能不能负担要另外核实。".to_owned()),
        _ => {}
    }
    Some(Proposal { amount, steps })
}

/// Whole yuan, upwards: not a fen below any floor; downwards where that alone would lie above the most, and no floor lies between.
fn whole(amount: Fen, floor: Fen, most: Option<Fen>) -> Fen {
    let up = Fen((amount.0 + YUAN - 1).div_euclid(YUAN) * YUAN);
    let down = Fen(amount.0.div_euclid(YUAN) * YUAN);
    if most.is_some_and(|most| up > most) && down >= floor { down } else { up }
}

/// An amount that grows as something else did, to the fen.
fn raised(amount: Fen, from: Fen, to: Fen) -> Option<Fen> {
    let (amount, from, to) = (i128::from(amount.0), i128::from(from.0), i128::from(to.0));
    if from <= 0 {
        return None;
    }
    let doubled = amount.checked_mul(to)?.checked_mul(2)?;
    i64::try_from((doubled + from).div_euclid(2 * from)).ok().map(Fen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_amount_lies_below_no_floor_and_above_the_most_only_for_a_floor() {
        assert_eq!(whole(Fen(100_001), Fen(96_000), None), Fen(100_100));
        assert_eq!(whole(Fen(110_050), Fen(96_000), Some(Fen(110_050))), Fen(110_000));
        assert_eq!(whole(Fen(96_050), Fen(96_050), Some(Fen(90_000))), Fen(96_100));
        assert_eq!(whole(Fen(96_000), Fen(96_000), Some(Fen(96_000))), Fen(96_000));
    }
}
