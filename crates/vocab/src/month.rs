//! A calendar month: what a benefit is paid for and what rules decide about.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::VocabError;
use crate::text::{half_width, serde_as_text};

/// A month from 1900-01 to 2199-12, kept as `year * 12 + month - 1`. Text and serde: `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// 1900-01, the first month there is.
    pub const FIRST: Month = Month(1900 * 12);
    /// 2199-12, the last month there is.
    pub const LAST: Month = Month(2200 * 12 - 1);

    /// The month `month` (1-12) of `year`.
    pub fn new(year: i32, month: u32) -> Result<Month, VocabError> {
        let month = i32::try_from(month).ok().filter(|month| (1..=12).contains(month));
        let month = month.ok_or(VocabError::MonthForm)?;
        let first = year.checked_mul(12).ok_or(VocabError::MonthRange)?;
        first.checked_add(month - 1).ok_or(VocabError::MonthRange).and_then(Month::from_index)
    }

    /// The month with this index, as databases keep it.
    pub fn from_index(index: i32) -> Result<Month, VocabError> {
        if (Month::FIRST.0..=Month::LAST.0).contains(&index) {
            Ok(Month(index))
        } else {
            Err(VocabError::MonthRange)
        }
    }

    /// `year * 12 + month - 1`.
    #[must_use]
    pub fn index(self) -> i32 {
        self.0
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.0 / 12
    }

    /// The month of the year, 1-12.
    #[must_use]
    pub fn month(self) -> u32 {
        (self.0 % 12).unsigned_abs() + 1
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year(), self.month(), 1).expect("years 1900-2199 and months 1-12 exist")
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.first_day() + chrono::Months::new(1) - chrono::Days::new(1)
    }

    /// The month after; [`Month::LAST`] stays.
    #[must_use]
    pub fn next(self) -> Month {
        self.plus(1)
    }

    /// The month before; [`Month::FIRST`] stays.
    #[must_use]
    pub fn previous(self) -> Month {
        self.plus(-1)
    }

    /// The month `months` later (earlier if negative), held inside [`Month::FIRST`]..=[`Month::LAST`].
    #[must_use]
    pub fn plus(self, months: i32) -> Month {
        Month(self.0.saturating_add(months).clamp(Month::FIRST.0, Month::LAST.0))
    }

    /// How many months later `other` is (negative if earlier).
    #[must_use]
    pub fn months_until(self, other: Month) -> i32 {
        other.0 - self.0
    }

    /// The month of a day; a day outside 1900-2199 gives the nearest month there is.
    #[must_use]
    pub fn containing(day: NaiveDate) -> Month {
        // chrono's years stay within ±262 143, so the index cannot overflow.
        Month((day.year() * 12 + day.month0().cast_signed()).clamp(Month::FIRST.0, Month::LAST.0))
    }

    /// Whether the day lies in this month.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        day.year() == self.year() && day.month() == self.month()
    }

    /// `2026年11月`.
    #[must_use]
    pub fn zh(self) -> String {
        format!("{}年{}月", self.year(), self.month())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{:04}-{:02}", self.year(), self.month()))
    }
}

impl FromStr for Month {
    type Err = VocabError;

    /// Accepts `2026-11`, `2026/11`, `2026.11`, `202611` and `2026年11月`, half- or full-width.
    fn from_str(text: &str) -> Result<Self, VocabError> {
        let text = half_width(text);
        let text = text.trim();
        let (year, month) = match text.split_once(['-', '/', '.', '年']) {
            Some((year, month)) => (year, month.strip_suffix('月').unwrap_or(month)),
            None if text.len() == 6 && text.is_ascii() => text.split_at(4),
            None => return Err(VocabError::MonthForm),
        };
        let digits = |text: &str, lengths: &[usize]| {
            lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(year, &[4]) || !digits(month, &[1, 2]) {
            return Err(VocabError::MonthForm);
        }
        let year = year.parse().map_err(|_| VocabError::MonthForm)?;
        let month = month.parse().map_err(|_| VocabError::MonthForm)?;
        Month::new(year, month)
    }
}

serde_as_text!(Month);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn month(text: &str) -> Month {
        text.parse().expect("a month")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn months_are_read_in_every_usual_form() {
        let november = Month::new(2026, 11).expect("a month");
        for text in ["2026-11", "202611", "2026年11月", " 2026/11 ", "２０２６－１１", "2026.11"] {
            assert_eq!(text.parse(), Ok(november), "{text}");
        }
        assert_eq!("2026年1月".parse(), Month::new(2026, 1));
        for text in
            ["", "2026", "2026-13", "2026-00", "26-11", "2026-11-03", "20261", "2026年", "十一月", "+026-11"]
        {
            assert_eq!(text.parse::<Month>(), Err(VocabError::MonthForm), "{text}");
        }
        assert_eq!("1899-12".parse::<Month>(), Err(VocabError::MonthRange));
        assert_eq!("2200-01".parse::<Month>(), Err(VocabError::MonthRange));
        assert_eq!(Month::new(i32::MAX, 1), Err(VocabError::MonthRange));
        assert_eq!(Month::new(i32::MIN, 1), Err(VocabError::MonthRange));
    }

    #[test]
    fn arithmetic_crosses_years() {
        assert_eq!(month("2026-12").next(), month("2027-01"));
        assert_eq!(month("2026-01").previous(), month("2025-12"));
        assert_eq!(month("2026-11").plus(14), month("2028-01"));
        assert_eq!(month("2026-11").plus(-23), month("2024-12"));
        assert_eq!(month("2024-12").months_until(month("2026-11")), 23);
        assert_eq!(month("2026-11").months_until(month("2024-12")), -23);
        assert_eq!(month("2199-12").next(), Month::LAST);
        assert_eq!(month("2026-01").plus(i32::MIN), Month::FIRST);
    }

    #[test]
    fn a_month_knows_its_days_and_its_text() {
        assert_eq!(month("2024-02").last_day(), day("2024-02-29"));
        assert_eq!(month("2026-02").last_day(), day("2026-02-28"));
        assert_eq!(month("2199-12").last_day(), day("2199-12-31"));
        assert_eq!(Month::containing(day("2026-11-30")), month("2026-11"));
        assert!(month("2026-11").contains(day("2026-11-01")));
        assert!(!month("2026-11").contains(day("2025-11-01")));
        assert_eq!(Month::containing(NaiveDate::MAX), Month::LAST);
        assert_eq!(Month::containing(NaiveDate::MIN), Month::FIRST);
        assert_eq!(month("2026-01").zh(), "2026年1月");
        assert_eq!(serde_json::to_string(&month("2026-01")).expect("serialises"), "\"2026-01\"");
        assert!(serde_json::from_str::<Month>("\"2026-13\"").is_err());
    }

    proptest! {
        #[test]
        fn every_month_reads_back(index in Month::FIRST.0..=Month::LAST.0) {
            let month = Month::from_index(index).expect("in range");
            prop_assert_eq!(month.to_string().parse(), Ok(month));
            prop_assert_eq!(month.zh().parse(), Ok(month));
            prop_assert_eq!(Month::new(month.year(), month.month()), Ok(month));
            prop_assert_eq!(Month::containing(month.first_day()), month);
            prop_assert_eq!(Month::containing(month.last_day()), month);
        }
    }
}
