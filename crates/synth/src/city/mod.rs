//! The whole city into an empty synthetic database: people, departments' files, the roll of two months ago, cases at every step, two
//! past payment runs. Everything goes through the offices' own use-cases, with a clock that walks from two months ago to today.
//!
//! - [`people`](mod@people): persons and families; [`roll`]: who was on the roll before; [`files`]: what departments hand in;
//! - [`pay`]: past runs; [`cases`]: cases at every step.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::NaiveDate;
use office::casework::reviews;
use office::indicators::{self, INDICATORS_JOB};
use office::people::FamilyIds;
use office::{Office, OfficeError, casework, divisions};
use store::{DivisionId, HouseholdId};

use crate::family::Family;
use crate::planted::{Rates, Standing};
use crate::proof::Planted;
use crate::staff::{self, Staff};
use crate::{plans, registers};

mod cases;
mod files;
mod pay;
mod people;
mod roll;

pub(crate) use cases::{STEPS, Until, history};
pub(crate) use files::hand_in_files;
pub use pay::answered;
pub(crate) use people::people;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Statistical code of the prefecture.
    pub city: &'static str,
    /// How many people, about.
    pub people: u64,
    /// The same seed makes the same city.
    pub seed: u64,
    /// Families on the roll of each county.
    pub on_roll: usize,
    /// Families at each step of a case, in each county.
    pub at_each_step: usize,
    /// How much in departments' files is wrong on purpose.
    pub rates: Rates,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The offices' people.
    pub staff: Staff,
    /// What is wrong in the departments' files, for scoring.
    pub planted: Vec<Planted>,
}

/// Told of every stage: its name, what is done, of how many.
pub type Watch<'a> = &'a mut dyn FnMut(&str, u64, u64);

pub(crate) const DAY: i64 = 86_400_000;

/// A family in the register.
pub(crate) struct Home {
    pub(crate) family: Family,
    pub(crate) ids: FamilyIds,
    pub(crate) village: DivisionId,
    pub(crate) township: DivisionId,
    pub(crate) county: DivisionId,
}

/// Makes the city. `hand` is the office's clock in unix milliseconds; it ends where it began.
///
/// # Errors
/// Of any use-case; the database is then useless and should be thrown away.
pub async fn fill(
    office: &Office,
    hand: &AtomicI64,
    plan: Plan,
    watch: Watch<'_>,
) -> Result<Made, OfficeError> {
    let today = hand.load(Ordering::SeqCst);
    let month = office.now().month();
    let Taken { mut staff, homes, planted } = taken_over(office, hand, plan, watch).await?;
    for (index, back) in [-2, -1].into_iter().enumerate() {
        let of = month.plus(back);
        let day = of.first_day() + chrono::Days::new(7);
        hand.store(at(day).max(hand.load(Ordering::SeqCst)), Ordering::SeqCst);
        watch("发放批次", index as u64, 2);
        for county in &staff.counties {
            pay::pay(office, county, of).await?;
        }
    }
    watch("发放批次", 2, 2);
    cases::cases(office, hand, today, &staff, &waiting(&homes, &staff), plan, watch).await?;
    hand.store(today, Ordering::SeqCst);
    casework::tick::tick(office).await?;
    watch("定期核查", 0, 1);
    reviews::schedule(office).await?;
    while let Some(claim) = store::jobs::claim(office.db(), &[reviews::REVIEWS_DUE_JOB], "synth").await? {
        reviews::work(office, &claim).await?;
    }
    watch("定期核查", 1, 1);
    registers::fill(office, &staff, &homes, plan.seed, watch).await?;
    indicators::schedule(office).await?;
    while let Some(claim) = store::jobs::claim(office.db(), &[INDICATORS_JOB], "synth").await? {
        indicators::work(office, &claim).await?;
    }
    // A plan that takes a number otherwise than it was made up leaves the city without it, not without everything.
    if let Err(error) = plans::fill(office, &staff, plan.seed, watch).await {
        watch(&format!("规划没有填完：{error}"), 0, 1);
    }
    staff::organisation(office, &mut staff).await?;
    office.db().optimize().await?;
    Ok(Made { staff, planted })
}

/// The city as its offices take it over, two months ago.
pub(crate) struct Taken {
    pub(crate) staff: Staff,
    pub(crate) homes: Vec<Home>,
    pub(crate) planted: Vec<Planted>,
}

/// Staff, people, the roll of before, and departments' files with what is wrong in them. `hand` stands two months ago afterwards.
pub(crate) async fn taken_over(
    office: &Office,
    hand: &AtomicI64,
    plan: Plan,
    watch: Watch<'_>,
) -> Result<Taken, OfficeError> {
    let month = office.now().month();
    // The third of the month before last, nine o'clock.
    let begin = month.plus(-2).first_day() + chrono::Days::new(2);
    hand.store(at(begin), Ordering::SeqCst);
    let prefecture = divisions::by_code(office.db(), plan.city).await?.id;
    let staff = staff::employ(office, prefecture, &mut |done, total| watch("工作人员", done, total)).await?;
    let homes = people(office, &staff, plan, watch).await?;
    let waiting = waiting(&homes, &staff);
    let poor: Vec<&Home> = homes
        .iter()
        .filter(|home| home.family.income_by_head_fen() < 70_000)
        .filter(|home| staff.counties.iter().all(|county| county.township != home.township))
        .collect();
    // Some live in the townships with staff, on the roll for a year: their reviews are on the work lists this morning.
    let reviewed: Vec<&Home> = staff
        .counties
        .iter()
        .flat_map(|county| {
            waiting
                .iter()
                .filter(move |home| {
                    home.township == county.township && home.family.income_by_head_fen() < 70_000
                })
                .skip(STEPS.len() * plan.at_each_step)
                .take(plan.at_each_step * 2)
        })
        .copied()
        .collect();
    let first = month.plus(-2);
    let mut on_roll = roll::roll(office, &staff, &reviewed, plan, first, first.plus(-10), watch).await?;
    on_roll.extend(roll::roll(office, &staff, &poor, plan, first, first.plus(-8), watch).await?);
    let filing: HashSet<HouseholdId> = staff
        .counties
        .iter()
        .flat_map(|county| {
            let here = waiting.iter().filter(move |home| home.township == county.township);
            // Each step, and the other matters.
            here.take(STEPS.len() * plan.at_each_step + 8)
        })
        .map(|home| home.ids.household)
        .collect();
    let all: Vec<(&Home, Standing)> = homes
        .iter()
        .map(|home| {
            let standing = match home.ids.household {
                family if on_roll.contains(&family) => Standing::OnRoll,
                family if filing.contains(&family) => Standing::Filing,
                _ => Standing::Neither,
            };
            (home, standing)
        })
        .collect();
    let planted = hand_in_files(office, &staff, &all, plan, watch).await?;
    Ok(Taken { staff, homes, planted })
}

/// The poorest families of the townships with staff have cases in hand; poor families elsewhere are on the roll.
fn waiting<'a>(homes: &'a [Home], staff: &Staff) -> Vec<&'a Home> {
    let mut waiting: Vec<&Home> = homes
        .iter()
        .filter(|home| staff.counties.iter().any(|county| county.township == home.township))
        .collect();
    waiting.sort_by_key(|home| need(home));
    waiting
}

/// Sorts families that own too much behind the others, the poorest first.
pub(crate) fn need(home: &Home) -> (bool, i64) {
    let family = &home.family;
    let owns =
        family.deposits_fen > 2_000_000 || family.vehicles > 0 || family.houses > 1 || family.businesses > 0;
    (owns, family.income_by_head_fen())
}

pub(crate) fn at(day: NaiveDate) -> i64 {
    // Nine o'clock in China is one o'clock UTC.
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() + 3_600_000
}
