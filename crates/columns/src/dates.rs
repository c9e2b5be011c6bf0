//! Dates as whole numbers that keep their order: `year * 512 + month * 32 + day`. A difference of two, shifted right
//! by nine, is the number of completed years, 29 February included.

use chrono::{Datelike, NaiveDate};

/// Bits that hold month and day.
pub(crate) const YEAR_SHIFT: u32 = 9;

/// The date as its column holds it ([`crate::Kind::Date`]).
pub fn pack(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 512 + i64::from(date.month()) * 32 + i64::from(date.day())
}

/// `None` for a number that is no date.
pub(crate) fn unpack(packed: i64) -> Option<NaiveDate> {
    let year = i32::try_from(packed >> YEAR_SHIFT).ok()?;
    let part = |shift: u32, mask: i64| u32::try_from(packed >> shift & mask).unwrap_or(0);
    NaiveDate::from_ymd_opt(year, part(5, 15), part(0, 31))
}

/// Index of the month of a packed date.
#[inline(always)]
pub(crate) fn month_index(packed: i32) -> i32 {
    (packed >> 9) * 12 + (packed >> 5 & 15) - 1
}

#[inline(always)]
pub(crate) fn day(packed: i32) -> i32 {
    packed & 31
}

/// A date from the index of its month and its day.
#[inline(always)]
pub(crate) fn from_month(index: i32, day: i32) -> i32 {
    (index.div_euclid(12) << 9) + ((index.rem_euclid(12) + 1) << 5) + day
}

/// Days of a month, by its index.
#[inline(always)]
pub(crate) fn days_in_month(index: i32) -> i32 {
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
    let leap = i32::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    if month == 2 { 28 + leap } else { 30 + ((month + (month >> 3)) & 1) }
}

/// Days since 1 March of year 0.
#[inline(always)]
pub(crate) fn day_number(packed: i32) -> i32 {
    let (year, month) = (packed >> 9, packed >> 5 & 15);
    let early = i32::from(month < 3);
    let (year, month) = (year - early, month + 12 * early);
    365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day(packed) - 1
}

/// Whole months from one day to the other, as the rules count them.
#[inline(always)]
pub(crate) fn months_between(from: i32, to: i32) -> i32 {
    let forward = |from: i32, to: i32| month_index(to) - month_index(from) - i32::from(day(to) < day(from));
    if to < from { -forward(to, from) } else { forward(from, to) }
}

/// The day `count` months later, moved to the month's last day where it has no such day.
#[inline(always)]
pub(crate) fn add_months(packed: i32, count: i32) -> i32 {
    let index = month_index(packed).saturating_add(count);
    from_month(index, day(packed).min(days_in_month(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_date_counts_as_the_calendar_does() {
        let first = NaiveDate::from_ymd_opt(1895, 12, 27).unwrap();
        let days: Vec<NaiveDate> = first.iter_days().step_by(17).take(4_000).collect();
        let narrow = |date| i32::try_from(pack(date)).unwrap();
        for (index, &date) in days.iter().enumerate() {
            let other = days[index * 7_919 % days.len()];
            assert_eq!(unpack(pack(date)), Some(date));
            let (a, b) = (narrow(date), narrow(other));
            assert_eq!(i64::from(day_number(b) - day_number(a)), (other - date).num_days());
            assert_eq!(i64::from(months_between(a, b)), rules::calendar::months_between(date, other));
            if date <= other {
                assert_eq!(Some(i64::from(b - a >> 9)), rules::calendar::age_at(date, other));
            }
            let count = i32::try_from(index).unwrap() % 200 - 100;
            let later = rules::calendar::add_months(date, i64::from(count)).unwrap();
            assert_eq!(unpack(i64::from(add_months(a, count))), Some(later));
        }
    }
}
