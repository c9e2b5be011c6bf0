//! Whether an indicator is on course. Arithmetic over what the plan prints and what was confirmed; exact, and without a clock of its own.
//!
//! **The method**, as pages print it ([`METHOD`]): the path runs straight from the baseline to the target, by way of the printed stages if there are any;
//! a value is held against the path in its own month; which way is better and the comparator count. Unknown is not behind: without a value, or without
//! a printed baseline to begin a path from, nothing is called late. After the due date only a value of that date or later can say that a target was missed.

use catalogue::Number;
use catalogue::definition::{Comparator, Direction, IndicatorKind, Plan, PlanFigure, PlanIndicator};
use vocab::Month;

/// The method in words.
pub const METHOD: [&str; 7] = [
    "进度线从基期值到目标值按月匀速推算；规划写明阶段目标的，先到阶段目标，再到最终目标。",
    "每个数按它自己的月份与进度线比较：越高越好的指标不低于进度线、越低越好的不高于进度线，就是按进度。",
    "从登记簿、办件计算的数，情况不明的记录多到可能改变是否达到目标的，或者还没有人登记的，不作数。",
    "没有数据的，或者基期值没有印、画不出进度线的，不算滞后。",
    "到期以后，只有到期月份或以后的数才能判为未达到。",
    "预测取两种速度：从第一个数到现在的平均速度，和最近两个数之间的速度，结果是一个区间，不是一个准数。",
    "规划几处写的同一项承诺（统计的事、口径、单位、目标、年份都相同），各处照列，统计项数时只按先写的那一处计一次。",
];

/// How an indicator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The due date is past and the value of that date misses the target.
    Missed,
    /// Below the path.
    Behind,
    /// On the path or before it.
    OnCourse,
    /// The target is reached.
    Reached,
    /// There is a value, but no path to hold it against.
    NoPath,
    /// No value that could tell.
    Unknown,
    /// The target is in words.
    Words,
}

impl Standing {
    /// All of them, the worrying ones first.
    pub const ALL: [Standing; 7] = [
        Standing::Missed,
        Standing::Behind,
        Standing::OnCourse,
        Standing::Reached,
        Standing::NoPath,
        Standing::Unknown,
        Standing::Words,
    ];

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Standing::Missed => "到期未达到",
            Standing::Behind => "滞后",
            Standing::OnCourse => "按进度",
            Standing::Reached => "已达到",
            Standing::NoPath => "进度无法判断",
            Standing::Unknown => "数据不足",
            Standing::Words => "定性目标",
        }
    }

    /// How addresses spell it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Standing::Missed => "missed",
            Standing::Behind => "behind",
            Standing::OnCourse => "on_course",
            Standing::Reached => "reached",
            Standing::NoPath => "no_path",
            Standing::Unknown => "unknown",
            Standing::Words => "words",
        }
    }
}

/// The target that holds: the printed one, or the newest approved adjustment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The value; none where the target is in words.
    pub number: Option<Number>,
    /// The upper end of a range.
    pub most: Option<Number>,
    /// What the text says about it.
    pub comparator: Option<Comparator>,
    /// The month in whose end it is due.
    pub due: Month,
    /// Whether somebody adjusted it.
    pub adjusted: bool,
}

/// The month in which a printed year ends.
pub(super) fn december(year: u16) -> Month {
    Month::new(i32::from(year), 12).expect("a printed year of four digits has a December")
}

/// A printed target.
#[must_use]
pub fn printed(plan: &Plan, indicator: &PlanIndicator) -> Target {
    let empty = PlanFigure::default();
    let figure = indicator.target.as_ref().unwrap_or(&empty);
    let year = figure.year.unwrap_or(plan.until);
    let sum = || {
        let mut parts = indicator.milestones.iter().map(|one| one.number);
        parts.try_fold(Number::new(0, 0), |sum, part| sum.plus(part?))
    };
    let number = figure.number.or_else(|| if indicator.additive { sum() } else { None });
    let due = if figure.comparator == Some(Comparator::Before) { december(year - 1) } else { december(year) };
    Target { number, most: figure.most, comparator: figure.comparator, due, adjusted: false }
}

/// A confirmed value at the end of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The month.
    pub month: Month,
    /// The value.
    pub number: Number,
}

/// Where two ways of reckoning on end on the due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// The lower one.
    pub least: Number,
    /// The higher one.
    pub most: Number,
}

/// What was found of one indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it stands.
    pub standing: Standing,
    /// The newest value.
    pub latest: Option<Point>,
    /// What the path expects in the month of that value.
    pub expected: Option<Number>,
    /// Where it is going; none with fewer than two values or when it is due.
    pub forecast: Option<Forecast>,
    /// A binding target that both forecasts miss, due within the months that the plan sets (`warn_months`).
    pub alert: bool,
}

/// The path: known points from the baseline to the target, in order.
#[must_use]
pub fn path(plan: &Plan, indicator: &PlanIndicator, target: &Target) -> Vec<Point> {
    let mut nodes: Vec<Point> = Vec::new();
    if indicator.additive {
        let mut sum = Number::new(0, 0);
        nodes.push(Point { month: december(plan.from - 1), number: sum });
        for stage in &indicator.milestones {
            if let (Some(year), Some(number)) = (stage.year, stage.number.and_then(|number| sum.plus(number)))
            {
                sum = number;
                nodes.push(Point { month: december(year), number });
            }
        }
    } else {
        if let Some(figure) = &indicator.baseline
            && let Some(number) = figure.number
        {
            nodes.push(Point { month: december(figure.year.unwrap_or(plan.base_year)), number });
        }
        for stage in &indicator.milestones {
            if let (Some(year), Some(number)) = (stage.year, stage.number) {
                nodes.push(Point { month: december(year), number });
            }
        }
    }
    if let Some(number) = target.number {
        nodes.retain(|node| node.month < target.due);
        nodes.push(Point { month: target.due, number });
    }
    nodes.sort_by_key(|node| node.month);
    nodes
}

/// What the path expects at the end of a month; none before its first point.
#[must_use]
pub fn expected(nodes: &[Point], month: Month) -> Option<Number> {
    let last = nodes.last()?;
    if month >= last.month {
        return Some(last.number);
    }
    let next = nodes.iter().position(|node| node.month > month)?;
    let from = nodes.get(next.checked_sub(1)?)?;
    let to = nodes[next];
    Some(between(*from, to, month))
}

/// A straight line through two points, in any month.
fn between(from: Point, to: Point, month: Month) -> Number {
    let span = i128::from(from.month.months_until(to.month)).max(1);
    let gone = i128::from(from.month.months_until(month));
    let (a, b) = (micro(from.number), micro(to.number));
    let places = (from.number.scale().max(to.number.scale()) + 1).min(6);
    of_micro_ratio(a * span + (b - a) * gone, span, places)
}

/// Millionths.
fn micro(number: Number) -> i128 {
    i128::from(number.units()) * 10_i128.pow(6 - number.scale().min(6))
}

/// `over / under` millionths, rounded half away from zero to some places.
fn of_micro_ratio(over: i128, under: i128, places: u32) -> Number {
    let unit = under * 10_i128.pow(6 - places);
    let half = if over < 0 { -unit } else { unit };
    let rounded = (2 * over + half) / (2 * unit);
    let units = i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX });
    Number::new(units, places)
}

/// Whether a value meets a target.
#[must_use]
pub fn reached(indicator: &PlanIndicator, target: &Target, value: Number) -> Option<bool> {
    let wanted = target.number?;
    Some(match (indicator.direction, target.comparator) {
        (_, Some(Comparator::AtMost)) | (Direction::Down, None | Some(_)) => value <= wanted,
        (_, Some(Comparator::LessThan)) => value < wanted,
        (_, Some(Comparator::MoreThan)) => value > wanted,
        // A range is met inside it; above it nobody promised anything.
        (_, Some(Comparator::Range)) => value >= wanted && target.most.is_none_or(|most| value <= most),
        (Direction::Up | Direction::Keep, _) => value >= wanted,
    })
}

/// Judges an indicator. `points` are confirmed values in the order of their months; `today` is the month of the question.
#[must_use]
pub fn judge(
    plan: &Plan,
    indicator: &PlanIndicator,
    target: &Target,
    points: &[Point],
    today: Month,
) -> Judgement {
    let baseline = indicator.baseline.as_ref().and_then(|figure| {
        let month = december(figure.year.unwrap_or(plan.base_year));
        Some(Point { month, number: figure.number? })
    });
    along((plan, indicator, target), &path(plan, indicator, target), baseline, points, today)
}

/// Judges a county's part of an indicator: its path is the numbers that its years were given, and it begins with its own first value.
#[must_use]
pub fn judge_part(
    plan: &Plan,
    indicator: &PlanIndicator,
    target: &Target,
    years: &[Point],
    points: &[Point],
    today: Month,
) -> Judgement {
    // Before the first year there is nothing to draw a line from: a year's number is due at its end.
    along((plan, indicator, target), years, None, points, today)
}

fn along(
    (plan, indicator, target): (&Plan, &PlanIndicator, &Target),
    nodes: &[Point],
    baseline: Option<Point>,
    points: &[Point],
    today: Month,
) -> Judgement {
    let latest = points.iter().rev().find(|point| point.month <= today).copied();
    let mut judgement =
        Judgement { standing: Standing::Unknown, latest, expected: None, forecast: None, alert: false };
    if target.number.is_none() {
        judgement.standing = Standing::Words;
        return judgement;
    }
    let Some(now) = latest else { return judgement };
    judgement.expected = if indicator.yearly || indicator.direction == Direction::Keep {
        target.number
    } else {
        // The target alone is no path.
        (nodes.len() > 1 || now.month >= target.due).then(|| expected(nodes, now.month)).flatten()
    };
    judgement.standing = match (reached(indicator, target, now.number), judgement.expected) {
        (Some(true), _) => Standing::Reached,
        _ if now.month >= target.due => Standing::Missed,
        _ if today > target.due => Standing::Unknown,
        (_, None) => Standing::NoPath,
        (_, Some(wanted)) => {
            let down = indicator.direction == Direction::Down;
            let met = if down { now.number <= wanted } else { now.number >= wanted };
            if met { Standing::OnCourse } else { Standing::Behind }
        }
    };
    judgement.forecast = forecast(indicator, target, baseline, points, now);
    let misses = |number: Number| reached(indicator, target, number) == Some(false);
    judgement.alert = indicator.kind == IndicatorKind::Binding
        && judgement.standing != Standing::Reached
        && today <= target.due
        && today.plus(i32::from(plan.warn_months)) >= target.due
        && judgement.forecast.is_some_and(|forecast| misses(forecast.least) && misses(forecast.most));
    judgement
}

/// Two straight lines on to the due date: the whole way so far, and the last step.
fn forecast(
    indicator: &PlanIndicator,
    target: &Target,
    baseline: Option<Point>,
    points: &[Point],
    now: Point,
) -> Option<Forecast> {
    if now.month >= target.due || indicator.yearly {
        return None;
    }
    let mut known: Vec<Point> = baseline.into_iter().filter(|point| point.month < now.month).collect();
    known.extend(points.iter().filter(|point| point.month < now.month));
    let (first, last) = (known.first()?, known.last()?);
    let clamp = |number: Number| {
        let hundred = Number::new(100, 0);
        let zero = Number::new(0, 0);
        if number < zero {
            zero
        } else if indicator.unit.as_deref() == Some("%") && number > hundred {
            hundred
        } else {
            number
        }
    };
    let (one, other) = (clamp(between(*first, now, target.due)), clamp(between(*last, now, target.due)));
    Some(Forecast { least: one.min(other), most: one.max(other) })
}

#[cfg(test)]
mod tests;
