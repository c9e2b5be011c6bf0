//! Exact numbers and plain dates as packs write them.
//!
//! A number is a TOML integer or a quoted decimal (`"1.5"`); a TOML float is refused, because it would already have lost its digits.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// An exact decimal: `units / 10^scale`, at most six places.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    units: i64,
    scale: u32,
}

impl Number {
    /// The number `units / 10^scale`.
    #[must_use]
    pub fn new(units: i64, scale: u32) -> Self {
        Self { units, scale }.trimmed()
    }

    /// Digits without the point.
    #[must_use]
    pub fn units(self) -> i64 {
        self.units
    }

    /// Places after the point, without trailing zeros.
    #[must_use]
    pub fn scale(self) -> u32 {
        self.scale
    }

    /// `units` of this number at `scale` places, or `None` when digits would be lost or the number is too large.
    #[must_use]
    pub fn at_scale(self, scale: u32) -> Option<i64> {
        let places = scale.checked_sub(self.scale)?;
        self.units.checked_mul(10_i64.checked_pow(places)?)
    }

    /// Whole number, if it is one.
    #[must_use]
    pub fn as_integer(self) -> Option<i64> {
        self.at_scale(0)
    }

    /// The sum, or `None` when it is too large.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let units = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Some(Self::new(units, scale))
    }

    /// The product, or `None` when it is too large or needs more than six places.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let product = Self::new(self.units.checked_mul(other.units)?, self.scale + other.scale);
        (product.scale <= 6).then_some(product)
    }

    /// The difference, or `None` when it is too large.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { units: other.units.checked_neg()?, scale: other.scale })
    }

    /// What per cent of `whole` it is, half away from zero at `scale` places; `None` for a whole of zero or digits beyond measure.
    #[must_use]
    pub fn percent_of(self, whole: Self, scale: u32) -> Option<Self> {
        let up =
            |number: Self, places: u32| i128::from(number.units).checked_mul(10_i128.checked_pow(places)?);
        let (mut over, mut under) = (up(self, whole.scale.checked_add(scale + 2)?)?, up(whole, self.scale)?);
        if under < 0 {
            (over, under) = (-over, -under);
        }
        let doubled = over.checked_mul(2)?;
        let half = if over < 0 { -under } else { under };
        let rounded = doubled.checked_add(half)?.checked_div(under.checked_mul(2)?)?;
        Some(Self::new(i64::try_from(rounded).ok()?, scale))
    }

    fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.units % 10 == 0 {
            self.units /= 10;
            self.scale -= 1;
        }
        self
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.units) * 10_i128.pow(other.scale);
        let right = i128::from(other.units) * 10_i128.pow(self.scale);
        left.cmp(&right)
    }
}

impl serde::Serialize for Number {
    /// As its text, so that no reader makes a binary float of it.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(f, "{}", self.units);
        }
        let divisor = 10_u64.pow(self.scale);
        let magnitude = self.units.unsigned_abs();
        let sign = if self.units < 0 { "-" } else { "" };
        let width = self.scale as usize;
        write!(f, "{sign}{}.{:0width$}", magnitude / divisor, magnitude % divisor)
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("「{text}」不是数，应写成 760、\"760.50\" 这样的数，小数最多六位");
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(places) || places.len() > 6 || digits.ends_with('.') {
            return Err(refuse());
        }
        let units: i64 = format!("{whole}{places}").parse().map_err(|_| refuse())?;
        Ok(Self::new(sign * units, u32::try_from(places.len()).map_err(|_| refuse())?))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an exact number")
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number::new(value, 0))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// Reads a TOML local date (`2026-07-01`) as a chrono date.
pub(crate) mod date {
    use super::{Deserialize, Deserializer, NaiveDate, de};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
        let moment = toml::value::Datetime::deserialize(deserializer)?;
        let (Some(day), None, None) = (moment.date, moment.time, moment.offset) else {
            return Err(de::Error::custom("应只写日期，如 2026-07-01"));
        };
        NaiveDate::from_ymd_opt(i32::from(day.year), u32::from(day.month), u32::from(day.day))
            .ok_or_else(|| de::Error::custom("没有这一天"))
    }
}

/// The same for an optional date; use with `#[serde(default)]`.
pub(crate) mod optional_date {
    use super::{Deserializer, NaiveDate};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<NaiveDate>, D::Error> {
        super::date::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_compare_across_scales() {
        let half: Number = "1.50".parse().unwrap();
        assert_eq!(half.to_string(), "1.5");
        assert_eq!(half.at_scale(2), Some(150));
        assert_eq!(half.at_scale(0), None);
        assert!("1.5".parse::<Number>().unwrap() < Number::new(2, 0));
        assert_eq!("-0.05".parse::<Number>().unwrap().to_string(), "-0.05");
        let number = |text: &str| text.parse::<Number>().unwrap();
        assert_eq!(number("1237").percent_of(number("3354"), 0), Some(number("37")));
        assert_eq!(number("10").percent_of(number("104"), 2), Some(number("9.62")));
        assert_eq!(number("-0.5").percent_of(number("100"), 0), Some(number("-1")));
        assert_eq!(number("1").percent_of(number("0"), 0), None);
        assert_eq!(number("1.3").times(number("7320")), Some(number("9516")));
        assert_eq!(number("0.5").plus(number("1.25")), Some(number("1.75")));
        for bad in ["", "1.", ".5", "1e3", "一", "1.1234567", "--1", "99999999999999999999"] {
            assert!(bad.parse::<Number>().is_err(), "{bad}");
        }
    }
}
