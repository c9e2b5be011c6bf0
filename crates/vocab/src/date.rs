//! Days as people write them and ages as the law counts them.

use chrono::{Datelike, NaiveDate};

use crate::VocabError;
use crate::text::half_width;

/// Reads a day: `2026-11-03`, `2026/11/3`, `2026.11.3`, `20261103` or `2026年11月3日`, half- or full-width.
pub fn parse_date(text: &str) -> Result<NaiveDate, VocabError> {
    let text = half_width(text);
    let text = text.trim();
    let text = text.strip_suffix(['日', '号']).unwrap_or(text);
    let parts: Vec<&str> = if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        vec![&text[..4], &text[4..6], &text[6..]]
    } else {
        text.split(['-', '/', '.', '年', '月']).map(str::trim).collect()
    };
    let [year, month, day] = parts[..] else { return Err(VocabError::Date) };
    let number = |text: &str, most: usize| {
        let digits = !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten().ok_or(VocabError::Date)
    };
    if year.len() != 4 {
        return Err(VocabError::Date);
    }
    NaiveDate::from_ymd_opt(number(year, 4)?.cast_signed(), number(month, 2)?, number(day, 2)?)
        .filter(|day| (1800..2200).contains(&day.year()))
        .ok_or(VocabError::Date)
}

/// `2026年11月3日`.
#[must_use]
pub fn zh_date(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

/// Full years from a birth to a day (周岁); zero before birth. Who is born on 29 February is a year older on
/// 1 March of common years.
#[must_use]
pub fn full_years(born: NaiveDate, day: NaiveDate) -> u32 {
    day.years_since(born).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn days_are_read_in_every_usual_form() {
        for text in [
            "2026-11-03",
            "2026/11/3",
            "2026.11.3",
            "20261103",
            "2026年11月3日",
            "２０２６年１１月３日",
            " 2026-11-03 ",
        ] {
            assert_eq!(parse_date(text), Ok(day("2026-11-03")), "{text}");
        }
        for text in [
            "",
            "2026-02-29",
            "2026-13-01",
            "26-11-03",
            "2026-11",
            "2026-11-03-01",
            "1700-01-01",
            "2026--3",
            "昨天",
            "２０２６年",
        ] {
            assert_eq!(parse_date(text), Err(VocabError::Date), "{text}");
        }
        assert_eq!(parse_date(&zh_date(day("2024-02-29"))), Ok(day("2024-02-29")));
    }

    #[test]
    fn ages_are_full_years() {
        assert_eq!(full_years(day("2008-02-29"), day("2026-02-28")), 17);
        assert_eq!(full_years(day("2008-02-29"), day("2026-03-01")), 18);
        assert_eq!(full_years(day("2026-11-03"), day("2026-11-02")), 0);
    }
}
