//! Round numbers for the scale of a drawing, on pages and on paper. Values are millionths.

use catalogue::Number;

/// How many steps a scale has at most, before its ends are rounded outwards.
const STEPS: i128 = 4;

/// The smallest span that is drawn: a tenth.
const SPAN_MIN: i128 = 100_000;

/// Marks in equal steps of 1, 2 or 5 times a power of ten; the first lies at or below `low`, the last at or above `high`.
#[must_use]
pub fn marks(low: i128, high: i128) -> Vec<i128> {
    // One value has its air below, so that a share of a hundred has no mark above it; nothing at all has it above.
    let (low, high) = match (low == high, high) {
        (true, 0) => (0, 1_000_000),
        (true, one) => (one - (one.abs() / 10).max(SPAN_MIN), one),
        (false, _) => (low, high),
    };
    let wanted = ((high - low).max(SPAN_MIN) + STEPS - 1) / STEPS;
    let mut ten = 1_i128;
    while ten * 10 <= wanted {
        ten *= 10;
    }
    let step = [1, 2, 5, 10].into_iter().map(|times| ten * times).find(|step| *step >= wanted).unwrap_or(ten);
    let first = low.div_euclid(step) * step;
    let mut marks = vec![first];
    let mut next = first + step;
    while marks.len() < 2 || marks.last().is_some_and(|last| *last < high) {
        marks.push(next);
        next += step;
    }
    marks
}

/// A mark as the number that it stands for.
#[must_use]
pub fn number(mark: i128) -> Number {
    Number::new(i64::try_from(mark).unwrap_or(i64::MAX), 6)
}

/// The unit beside the marks and the one above the drawing, of which one is empty: a long one does not fit beside.
#[must_use]
pub fn unit_of(unit: &str) -> (&str, &str) {
    if unit.chars().count() <= 2 { (unit, "") } else { ("", unit) }
}

/// A number as the drawings reckon with it.
#[must_use]
pub fn micro(number: Number) -> i128 {
    i128::from(number.units()) * 10_i128.pow(6 - number.scale().min(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_hold_everything() {
        let of = |low: &str, high: &str| -> Vec<String> {
            let read = |text: &str| micro(text.parse().unwrap());
            marks(read(low), read(high)).into_iter().map(|mark| number(mark).to_string()).collect()
        };
        assert_eq!(of("37", "60"), ["30", "40", "50", "60"]);
        assert_eq!(of("55.2", "100"), ["40", "60", "80", "100"], "a share has no mark above a hundred");
        assert_eq!(of("3", "25"), ["0", "10", "20", "30"]);
        assert_eq!(of("1.2", "1.4"), ["1.2", "1.25", "1.3", "1.35", "1.4"]);
        assert_eq!(of("100", "100"), ["90", "95", "100"], "one value");
        assert_eq!(of("0", "0"), ["0", "0.5", "1"]);
        assert_eq!(of("0", "100000"), ["0", "50000", "100000"]);
    }
}
