//! Stretches of numbers, for the lints: which values a comparison lets through, and what several leave over.

use crate::compiled::Comparator;
use crate::range::Range;
use crate::rational::{Rational, power_of_ten};

/// An end of a stretch: the value, and whether it is left out itself.
type End = Option<(Rational, bool)>;

/// A stretch of numbers; an end that is `None` is open for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interval {
    pub low: End,
    pub high: End,
}

impl Interval {
    /// What lies within proven bounds.
    pub(crate) fn within(range: &Range) -> Interval {
        let end = |bound: &Option<Rational>| bound.clone().map(|bound| (bound, false));
        Interval { low: end(&range.min), high: end(&range.max) }
    }

    /// The values `x` with `x comparator limit`; nothing for `<>`, which is no single stretch.
    pub(crate) fn of(comparator: Comparator, limit: &Rational) -> Option<Interval> {
        let end = |open: bool| Some((limit.clone(), open));
        Some(match comparator {
            Comparator::Less => Interval { low: None, high: end(true) },
            Comparator::LessOrEqual => Interval { low: None, high: end(false) },
            Comparator::Greater => Interval { low: end(true), high: None },
            Comparator::GreaterOrEqual => Interval { low: end(false), high: None },
            Comparator::Equal => Interval { low: end(false), high: end(false) },
            Comparator::NotEqual => return None,
        })
    }

    pub(crate) fn and(&self, other: &Interval) -> Interval {
        let low = match (&self.low, &other.low) {
            (Some(a), Some(b)) => Some(a.max(b).clone()),
            (a, b) => a.clone().or(b.clone()),
        };
        let high = match (&self.high, &other.high) {
            // Of two equal ends the open one is the narrower.
            (Some(a), Some(b)) => Some(if a.0 < b.0 || (a.0 == b.0 && a.1) { a } else { b }.clone()),
            (a, b) => a.clone().or(b.clone()),
        };
        Interval { low, high }
    }

    /// The same values of a number with `scale` decimals, its ends values that it can have.
    pub(crate) fn stepped(&self, scale: Option<u32>) -> Interval {
        let Some(step) = scale.and_then(|scale| i32::try_from(scale).ok()).map(power_of_ten) else {
            return self.clone();
        };
        let settle = |(value, open): &(Rational, bool), up: bool| {
            let steps = value * &step;
            let inner = match (up, *open) {
                (true, false) => steps.ceil(),
                (true, true) => &steps.floor() + &Rational::ONE,
                (false, false) => steps.floor(),
                (false, true) => &steps.ceil() - &Rational::ONE,
            };
            inner.checked_div(&step).map(|value| (value, false))
        };
        Interval {
            low: self.low.as_ref().and_then(|end| settle(end, true)),
            high: self.high.as_ref().and_then(|end| settle(end, false)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Some((low, low_open)), Some((high, high_open))) => {
                low > high || (low == high && (*low_open || *high_open))
            }
            _ => false,
        }
    }

    /// What is left of this when the others are taken away.
    pub(crate) fn without(&self, others: &[Interval]) -> Vec<Interval> {
        let mut left = vec![self.clone()];
        for other in others {
            left = left.iter().flat_map(|part| part.minus(other)).collect();
        }
        left
    }

    fn minus(&self, other: &Interval) -> Vec<Interval> {
        if self.and(other).is_empty() {
            return vec![self.clone()];
        }
        let turned = |end: &(Rational, bool)| Some((end.0.clone(), !end.1));
        let below = other.low.as_ref().map(|low| Interval { low: self.low.clone(), high: turned(low) });
        let above = other.high.as_ref().map(|high| Interval { low: turned(high), high: self.high.clone() });
        below.into_iter().chain(above).map(|part| part.and(self)).filter(|part| !part.is_empty()).collect()
    }

    /// For people: `10 到 20`, `低于 10`, `10 以上`.
    pub(crate) fn words(&self) -> String {
        let low = |(value, open): &(Rational, bool)| {
            if *open { format!("高于 {value}") } else { format!("从 {value} 起") }
        };
        let high = |(value, open): &(Rational, bool)| {
            if *open { format!("低于 {value}") } else { format!("到 {value} 为止") }
        };
        match (&self.low, &self.high) {
            (Some((a, false)), Some((b, false))) if a == b => a.to_string(),
            (Some(a), Some(b)) => format!("{}、{}", low(a), high(b)),
            (Some(a), None) => low(a),
            (None, Some(b)) => high(b),
            (None, None) => "全部".to_owned(),
        }
    }
}
