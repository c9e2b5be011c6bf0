//! 标准测算: next year's 低保 standard from last year's consumption, and what speaks against a standard before it is released: outside the
//! share of consumption that the place has set, below the province's guidance, 特困 below its multiple, town and country further apart, less
//! than now, less than incomes have grown. Warnings only; who releases decides.
//!
//! The ids of parameters and tables are those of `packs/national/01-assistance/parameters.toml`; a place that has not entered one is told so.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::Scalar;
use chrono::{Months, NaiveDate};
use rules::Rational;
use vocab::{Fen, Month};

use super::series::{self, Proposal, Series};

const STANDARD: &str = "dibao_standard";
const BY_AREA: &str = "dibao_standard_by_area";
const YEARLY: &str = "dibao_standard_yearly";
pub(super) const CONSUMPTION: &str = "consumption";
const LEAST: &str = "consumption_least_percent";
const MOST: &str = "consumption_most_percent";
pub(super) const INCOME: &str = "disposable_income";
const MULTIPLE: &str = "tekun_multiple";
const GUIDANCE: &str = "dibao_guidance";

/// Whether a change of this parameter or row of a table is measured.
#[must_use]
pub fn is_measured(parameter: &str) -> bool {
    let parameter = parameter.split('[').next().unwrap_or_default();
    parameter.starts_with("dibao_standard")
        || parameter.starts_with("tekun_basic")
        || [CONSUMPTION, LEAST, MOST, MULTIPLE, GUIDANCE].contains(&parameter)
}

/// A number that the place has entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// Its title.
    pub title: String,
    /// The value with its unit; none if it was never entered.
    pub value: Option<String>,
    /// Its source.
    pub source: String,
    /// First day.
    pub from: Option<NaiveDate>,
}

/// The standard of town or country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaStandard {
    /// Code of codelist `area`.
    pub area: String,
    /// 城市 or 农村.
    pub title: String,
    /// What holds the day before, a month.
    pub now: Option<Fen>,
    /// What is looked at.
    pub proposed: Option<Fen>,
    /// The province's guidance.
    pub guidance: Option<Fen>,
    /// What it comes to by incomes, consumption and finance; none where no standard holds.
    pub proposal: Option<Proposal>,
}

/// A standard of 特困 beside its floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TekunStandard {
    /// 城市集中供养 and so on.
    pub title: String,
    /// What holds, a month.
    pub now: Option<Fen>,
    /// The multiple of the proposed 低保 standard.
    pub least: Option<Fen>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStandard {
    /// What it is measured with.
    pub entered: Vec<Entered>,
    /// The share of consumption a month, from least to most.
    pub range: Option<(Fen, Fen)>,
    /// Town and country.
    pub areas: Vec<AreaStandard>,
    /// Country as a share of town in thousandths: now and as proposed.
    pub ratio: (Option<i64>, Option<i64>),
    /// 特困 by class.
    pub tekun: Vec<TekunStandard>,
    /// Growth in thousandths over a year: of the standard as proposed, of incomes.
    pub growth: (Option<i64>, Option<i64>),
    /// The first days of the years of [`NextStandard::series`], the latest first.
    pub years: Vec<NaiveDate>,
    /// Standards beside consumption, incomes, economy and finance.
    pub series: Vec<Series>,
    /// What speaks against it, Chinese.
    pub warnings: Vec<String>,
}

pub(super) fn parameter(release: &Release, id: &str, division: &str, on: NaiveDate) -> Option<Rational> {
    release.parameter_for(id, division, Month::containing(on), on).as_number().cloned()
}

fn cell(release: &Release, table: &str, key: &str, division: &str, on: NaiveDate) -> Option<Rational> {
    match release.cell(table, key, division, on)?.value {
        Scalar::Number(number) => Some(catalogue::shapes::rational(*number)),
        Scalar::Boolean(_) | Scalar::Date(_) | Scalar::Text(_) => None,
    }
}

pub(super) fn fen(number: &Rational) -> Option<Fen> {
    number.round(2).to_scaled(2).map(Fen)
}

/// The standard a month for an area, as the programmes read it.
pub(super) fn standard(release: &Release, area: &str, division: &str, on: NaiveDate) -> Option<Fen> {
    let by_month =
        parameter(release, STANDARD, division, on).or_else(|| cell(release, BY_AREA, area, division, on));
    let month = by_month.or_else(|| {
        let year = cell(release, YEARLY, area, division, on)?;
        year.checked_div(&Rational::from(12))
    })?;
    fen(&month)
}

/// What a change of the standard is about, and its value, where amounts a month are typed for town and country: one number for everybody, by
/// town and country, or by the year, as the place publishes it. Nothing where it has one number and two were typed.
#[must_use]
pub fn as_published(
    release: &Release,
    division: &str,
    on: NaiveDate,
    typed: &BTreeMap<String, Fen>,
) -> Vec<(String, String)> {
    if parameter(release, STANDARD, division, on).is_some() {
        let mut amounts = typed.values();
        let first = amounts.next().filter(|_| typed.len() == 2);
        let one = first.filter(|first| amounts.all(|amount| amount == *first));
        return one.map(|amount| (STANDARD.to_owned(), amount.to_string())).into_iter().collect();
    }
    let held = |table: &str| typed.keys().any(|area| cell(release, table, area, division, on).is_some());
    let (table, months) = if held(YEARLY) && !held(BY_AREA) { (YEARLY, 12) } else { (BY_AREA, 1) };
    let rows = typed.iter().map(|(area, amount)| {
        let amount = Fen(amount.0.saturating_mul(months));
        (format!("{table}[{area}]"), amount.to_string())
    });
    rows.collect()
}

fn tekun(release: &Release, class: &str, division: &str, on: NaiveDate) -> Option<Fen> {
    let month = cell(release, "tekun_basic", class, division, on).or_else(|| {
        let year = cell(release, "tekun_basic_yearly", class, division, on)?;
        year.checked_div(&Rational::from(12))
    })?;
    fen(&month)
}

/// One as thousandths of another.
pub(super) fn thousandths(part: Option<Fen>, whole: Option<Fen>) -> Option<i64> {
    let (part, whole) = (part?.0, whole?.0);
    (whole > 0).then(|| (part.saturating_mul(2_000) + whole).div_euclid(2 * whole))
}

/// Thousandths as percent with one decimal.
#[must_use]
pub fn percent(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let plain = thousandths.abs();
    format!("{sign}{}.{}%", plain / 10, plain % 10)
}

/// Measures the standard of a place from a day. `then` is the release with what is proposed, `now` the one in force; `typed` stands for
/// what `then` does not say yet, by area.
#[must_use]
pub fn next_standard(
    now: &Release,
    then: &Release,
    division: &str,
    on: NaiveDate,
    typed: &BTreeMap<String, Fen>,
) -> NextStandard {
    let before = on.pred_opt().unwrap_or(on);
    let mut warnings = Vec::new();
    let entered = [LEAST, MOST, MULTIPLE]
        .into_iter()
        .chain(series::STATISTICS)
        .map(|id| entered(then, id, division, on))
        .collect();
    let share = |percent: &str| {
        let consumption = parameter(then, CONSUMPTION, division, on)?;
        let percent = parameter(then, percent, division, on)?;
        fen(&(&consumption * &percent).checked_div(&Rational::from(1_200))?)
    };
    let range = share(LEAST).zip(share(MOST));
    let titles = |area: &str| then.code_title("area", area).to_owned();
    let mut areas: Vec<AreaStandard> = Vec::new();
    for area in ["urban", "rural"] {
        let guidance = cell(then, GUIDANCE, area, division, on).as_ref().and_then(fen);
        let held = standard(now, area, division, before);
        let proposed = typed.get(area).copied().or_else(|| standard(then, area, division, on));
        let mut one = AreaStandard {
            area: area.to_owned(),
            title: titles(area),
            now: held,
            proposed,
            guidance,
            proposal: None,
        };
        one.proposal = series::propose(then, division, on, &one, range);
        areas.push(one);
    }
    if parameter(then, CONSUMPTION, division, on).is_none() {
        warnings.push("还没有录入上年度居民人均消费支出，不能测算标准占消费支出的比例。".to_owned());
    } else if series::fresh(then, CONSUMPTION, division, on).is_none() {
        warnings
            .push("人均消费支出还是以前年度的数，请先录入上年度的，再看标准占消费支出的比例。".to_owned());
    }
    for one in &areas {
        let Some(proposed) = one.proposed else {
            warnings.push(format!("{}低保标准还没有录入。", one.title));
            continue;
        };
        let said = format!("{}低保标准每月 {} 元", one.title, proposed.yuan_grouped());
        if let Some((least, most)) = range {
            if proposed < least {
                warnings.push(format!(
                    "{said}，低于上年度人均消费支出规定比例的下限 {} 元。",
                    least.yuan_grouped()
                ));
            }
            if proposed > most {
                warnings.push(format!(
                    "{said}，高于上年度人均消费支出规定比例的上限 {} 元。",
                    most.yuan_grouped()
                ));
            }
        }
        if let Some(guidance) = one.guidance.filter(|guidance| proposed < *guidance) {
            warnings.push(format!("{said}，低于省级指导标准 {} 元。", guidance.yuan_grouped()));
        }
        if let Some(held) = one.now.filter(|held| proposed < *held) {
            warnings.push(format!("{said}，低于现行的 {} 元，属于降低标准。", held.yuan_grouped()));
        }
    }
    let of = |which: fn(&AreaStandard) -> Option<Fen>| thousandths(which(&areas[1]), which(&areas[0]));
    let ratio = (of(|area| area.now), of(|area| area.proposed));
    if let (Some(before), Some(after)) = ratio
        && after < before
    {
        warnings.push(format!(
            "农村标准占城市标准的比例由 {} 降到 {}，城乡差距扩大。",
            percent(before),
            percent(after)
        ));
    }
    let multiple = parameter(then, MULTIPLE, division, on);
    let classes = then.codelists.get("tekun_class").into_iter().flat_map(|list| &list.values);
    let mut all_tekun = Vec::new();
    for class in classes {
        let area = areas.iter().find(|area| class.code.get().starts_with(&area.area));
        let least = multiple.as_ref().zip(area.and_then(|area| area.proposed));
        let least =
            least.and_then(|(multiple, standard)| fen(&(multiple * &Rational::from_scaled(standard.0, 2))));
        let held = tekun(then, class.code.get(), division, on);
        if let (Some(held), Some(least)) = (held, least)
            && held < least
        {
            warnings.push(format!(
                "{}基本生活标准每月 {} 元，低于低保标准规定倍数折算的 {} 元，要同时提高。",
                class.title,
                held.yuan_grouped(),
                least.yuan_grouped()
            ));
        }
        all_tekun.push(TekunStandard { title: class.title.clone(), now: held, least });
    }
    let year_before = on.checked_sub_months(Months::new(12)).unwrap_or(on);
    // An income that was not entered again has not stood still: nobody knows.
    let income = |on| series::fresh(then, INCOME, division, on);
    let growth = (
        series::growth(standard(now, "urban", division, year_before), areas[0].proposed),
        series::growth(income(year_before), income(on)),
    );
    if let (Some(standard), Some(income)) = growth
        && standard < income
    {
        warnings.push(format!("标准一年增长 {}，慢于居民收入的 {}。", percent(standard), percent(income)));
    }
    let series = series::series(then, division, on, &areas);
    let years = series::years(on);
    NextStandard { entered, range, areas, ratio, tekun: all_tekun, growth, years, series, warnings }
}

fn entered(release: &Release, id: &str, division: &str, on: NaiveDate) -> Entered {
    let definition = release.parameters.get(id);
    let unit = definition.and_then(|definition| definition.unit.clone()).unwrap_or_default();
    let held = release.parameter(id, division, on);
    Entered {
        title: definition.map_or_else(|| id.to_owned(), |definition| definition.title.clone()),
        value: held.as_ref().map(|held| format!("{} {unit}", held.value).trim().to_owned()),
        source: held.as_ref().map(|held| held.source.to_owned()).unwrap_or_default(),
        from: held.as_ref().map(|held| held.from),
    }
}
