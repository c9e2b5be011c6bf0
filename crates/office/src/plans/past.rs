//! How the previous period ended, as the plan tells it: each row with what was promised, what was reached, what the plan itself says of it, and what
//! the numbers say. Where no target is printed nothing is judged.

use catalogue::definition::{Comparator, PlanIndicator};
use catalogue::plan::PlanBook;

use super::judge::{Target, december, reached};

/// What the numbers say of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastVerdict {
    /// The target was reached.
    Reached,
    /// It was not.
    Missed,
    /// No target or no number is printed.
    NotJudged,
}

impl PastVerdict {
    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            PastVerdict::Reached => "已达到",
            PastVerdict::Missed => "未达到",
            PastVerdict::NotJudged => "未判断",
        }
    }
}

/// The rows on the previous period, each with its verdict.
#[must_use]
pub fn past(book: &PlanBook) -> Vec<(&PlanIndicator, PastVerdict)> {
    let rows = book.indicators.iter().filter(|one| one.is_history());
    rows.map(|one| (&**one, verdict(book, one))).collect()
}

fn verdict(book: &PlanBook, one: &PlanIndicator) -> PastVerdict {
    let promised = one.target.as_ref().and_then(|figure| Some((figure, figure.number?)));
    let (Some((figure, number)), Some(achieved)) =
        (promised, one.achieved.as_ref().and_then(|figure| figure.number))
    else {
        return PastVerdict::NotJudged;
    };
    let target = Target {
        number: Some(number),
        most: figure.most,
        comparator: figure.comparator.filter(|known| *known != Comparator::About),
        due: december(figure.year.unwrap_or(book.plan.base_year)),
        adjusted: false,
    };
    match reached(one, &target, achieved) {
        Some(true) => PastVerdict::Reached,
        Some(false) => PastVerdict::Missed,
        None => PastVerdict::NotJudged,
    }
}
