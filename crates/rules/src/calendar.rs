//! Arithmetic of days and months as the law counts them; whoever writes another evaluator uses these.

use chrono::{Datelike, Months, NaiveDate};
use vocab::Month;

/// The month of a day; `None` outside the months there are.
pub fn month_of(date: NaiveDate) -> Option<Month> {
    Some(Month::containing(date)).filter(|month| month.contains(date))
}

/// Whole months from one day to the other: the count grows on the day of the month with the same number, or, where a
/// month has no such day, on the first of the next. Negative when `to` is earlier.
pub fn months_between(from: NaiveDate, to: NaiveDate) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let number = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
    number(to) - number(from) - i64::from(to.day() < from.day())
}

/// Completed years of life (周岁) on a day; `None` before birth. One born on 29 February grows older on 1 March of a
/// common year.
pub fn age_at(born: NaiveDate, on: NaiveDate) -> Option<i64> {
    if on < born {
        return None;
    }
    let earlier = (on.month(), on.day()) < (born.month(), born.day());
    Some(i64::from(on.year()) - i64::from(born.year()) - i64::from(earlier))
}

/// The day `count` months later (earlier if negative), moved to the month's last day where it has no such day.
pub fn add_months(date: NaiveDate, count: i64) -> Option<NaiveDate> {
    let months = Months::new(u32::try_from(count.unsigned_abs()).ok()?);
    if count < 0 { date.checked_sub_months(months) } else { date.checked_add_months(months) }
        .filter(|date| (1..=9999).contains(&date.year()))
}

/// The month `count` months later (earlier if negative); `None` outside the months there are.
pub fn shift_month(month: Month, count: i64) -> Option<Month> {
    let index = i64::from(month.index()).checked_add(count)?;
    Month::from_index(i32::try_from(index).ok()?).ok()
}
