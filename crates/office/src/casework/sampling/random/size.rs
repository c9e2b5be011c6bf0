//! How many are drawn so that their error rate says enough of all, and what it says: whole numbers only.
//!
//! Size: n = N·z²·p·q / ((N-1)·e² + z²·p·q), rounded up: the size for a share with the correction for a finite population N, where p is the
//! expected error rate, q = 1-p, e the margin of error and z the value of the normal distribution for the confidence.
//!
//! What is found: the interval of Wilson (1927) with the same correction, z² times (N-n)/(N-1), rounded outwards. It never leaves 0 to 100%
//! and holds where nothing wrong was found; whoever looked at everything has no margin.

/// A confidence level and the value of the standard normal distribution between whose minus and plus that share lies, in millionths: the
/// quantile of (1 + level) / 2 in GB/T 4086.1-1983 《统计分布数值表 正态分布》.
const NORMAL: [(i64, u128); 3] = [(90, 1_644_854), (95, 1_959_964), (99, 2_575_829)];
/// z is told in so many parts.
const PARTS: u128 = 1_000_000;
/// Shares are told in hundredths of a percentage point.
pub const WHOLE: i64 = 10_000;

/// The confidence levels that may be asked for, in percent.
pub fn confidences() -> impl Iterator<Item = i64> {
    NORMAL.iter().map(|(percent, _)| *percent)
}

/// A confidence that the table does not know counts as the most demanding one, never as a smaller sample.
fn z(confidence: i64) -> u128 {
    NORMAL.iter().find(|(percent, _)| *percent == confidence).map_or(NORMAL[2].1, |(_, z)| *z)
}

fn wide(number: i64) -> u128 {
    u128::try_from(number).unwrap_or(0)
}

fn narrow(number: u128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How many of a population are drawn; margin and expected error rate in hundredths of a percentage point.
#[must_use]
pub fn least(population: i64, confidence: i64, margin: i64, expected: i64) -> i64 {
    if population < 1 {
        return 0;
    }
    let expected = expected.clamp(1, WHOLE - 1);
    let spread = z(confidence).pow(2) * wide(expected) * wide(WHOLE - expected);
    let of_margin = wide(population - 1) * wide(margin.max(1)).pow(2) * PARTS.pow(2);
    narrow((wide(population) * spread).div_ceil(of_margin + spread)).clamp(1, population)
}

/// A share in hundredths of a percentage point, to the nearest.
#[must_use]
pub fn share(part: i64, of: i64) -> i64 {
    if of < 1 { 0 } else { (part * WHOLE * 2 + of) / (of * 2) }
}

/// Between what and what the share of right ones in the whole population lies, when so many of the looked at were right.
#[must_use]
pub fn interval(population: i64, looked_at: i64, right: i64, confidence: i64) -> (i64, i64) {
    if looked_at < 1 || right < 0 || right > looked_at || looked_at > population {
        return (0, WHOLE);
    }
    let (n, k) = (wide(looked_at), wide(right));
    let left = wide(population - looked_at);
    let square = (z(confidence).pow(2) * left).div_ceil(wide(population - 1).max(1));
    // Everything is told in so many parts of one.
    let one = PARTS.pow(2);
    let centre = k * one + square / 2;
    let whole = n * one + square;
    let under_root = square * (k * (n - k) * one / n + square / 4);
    let root = under_root.isqrt();
    let half = if root * root < under_root { root + 1 } else { root };
    let low = centre.saturating_sub(half) * wide(WHOLE) / whole;
    let high = ((centre + half) * wide(WHOLE)).div_ceil(whole);
    (narrow(low), narrow(high).min(WHOLE))
}

/// A share as people read it: 5, 0.5, 98.64.
#[must_use]
pub fn percent(share: i64) -> String {
    let (whole, rest) = (share / 100, share % 100);
    match (rest, rest % 10) {
        (0, _) => whole.to_string(),
        (_, 0) => format!("{whole}.{}", rest / 10),
        _ => format!("{whole}.{rest:02}"),
    }
}

/// The one sentence that explains a size: 从 1,234 件中抽 294 件：有 95% 的把握，误差不超过 5 个百分点.
#[must_use]
pub fn sentence(population: i64, drawn: i64, unit: &str, confidence: i64, margin: i64) -> String {
    let (population, drawn, margin) = (grouped(population), grouped(drawn), percent(margin));
    format!(
        "从 {population} {unit}中抽 {drawn} {unit}：有 {confidence}% 的把握，误差不超过 {margin} 个百分点"
    )
}

fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_formula_rounded_up() {
        let sizes = [(1, 1), (2, 2), (100, 80), (1_000, 278), (1_234, 294), (10_000, 370), (100_000, 383)];
        for (population, size) in sizes {
            assert_eq!(least(population, 95, 500, 5_000), size, "of {population}");
        }
        assert_eq!(least(1_234, 99, 500, 5_000), 432, "surer is more");
        assert_eq!(least(1_234, 90, 500, 5_000), 223);
        assert_eq!(least(40_000, 95, 200, 200), 188, "few errors need fewer");
        assert_eq!(least(0, 95, 500, 5_000), 0);
    }

    #[test]
    fn what_is_found_says_so_much_of_all() {
        assert_eq!(interval(1_234, 294, 290, 95), (9_691, 9_941));
        assert_eq!(interval(1_000, 10, 10, 95), (7_242, 10_000), "ten right ones do not say that all are");
        assert_eq!(interval(1_000, 10, 0, 95), (0, 2_758));
        assert_eq!(interval(4, 4, 3, 95), (7_500, 7_500), "who looked at all knows");
        assert_eq!(interval(10, 0, 0, 95), (0, WHOLE));
        assert_eq!(share(290, 294), 9_864);
    }

    #[test]
    fn one_sentence_explains_the_size() {
        assert_eq!(
            sentence(1_234, 294, "件", 95, 500),
            "从 1,234 件中抽 294 件：有 95% 的把握，误差不超过 5 个百分点"
        );
        assert_eq!(
            (percent(50), percent(9_864), percent(9_860)),
            ("0.5".into(), "98.64".into(), "98.6".into())
        );
    }
}
