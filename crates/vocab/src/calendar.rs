//! The working-day calendar: the State Council's yearly notices on holidays and make-up working days.
//!
//! A year's arrangement is published about two months before it begins. Until then its days are
//! [`DayKind::Undetermined`], and whatever is counted over them has an earliest and a latest reading instead of a
//! date that might turn out wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::{TimeLimit, VocabError, zh_date};

/// Published holidays and make-up working days by day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    published: BTreeSet<i32>,
    off: BTreeMap<NaiveDate, String>,
    work: BTreeMap<NaiveDate, String>,
}

/// What a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Offices work.
    Working,
    /// A weekend or a holiday.
    Off,
    /// The year's notice has not been published.
    Undetermined,
}

/// When something is due. `on` is `None` while a day that was counted is undetermined; then the true day lies in
/// `earliest..=latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DueDate {
    /// The day, if it is certain.
    pub on: Option<NaiveDate>,
    /// The first day it can be.
    pub earliest: NaiveDate,
    /// The last day it can be.
    pub latest: NaiveDate,
}

/// A number of working days between two days; `least == most` when every day between is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DayCount {
    /// At least so many.
    pub least: u32,
    /// At most so many.
    pub most: u32,
}

/// The holiday file: `{"years": {"2026": {"off": [["国庆节", "2026-10-01", "2026-10-07"]], "work": [["2026-10-10", "国庆节"]]}}}`.
#[derive(Deserialize)]
struct HolidayFile {
    years: BTreeMap<i32, HolidayYear>,
}

#[derive(Deserialize)]
struct HolidayYear {
    off: Vec<(String, NaiveDate, NaiveDate)>,
    work: Vec<(NaiveDate, String)>,
}

/// A day of any year as (month, day).
type InYear = (u32, u32);

/// Where in an unpublished year a holiday and the days moved for it can fall, and how many at most.
struct Season {
    /// First and last day that can be off for it.
    off: (InYear, InYear),
    /// Most Mondays to Fridays that are off for it.
    weekdays_off: u32,
    /// First and last day that can be worked for it.
    worked: (InYear, InYear),
    /// Most Saturdays and Sundays that are worked for it.
    weekends_worked: u32,
}

/// The bounds for unpublished years, in the order in which the seasons end.
///
/// The seven holidays and their 13 days are those of 全国年节及纪念日放假办法 (in force from 2025-01-01). Days off lie
/// next to the holiday, wherever the lunisolar calendar puts it; days worked for it lie within two weeks of it;
/// their numbers are the most that any notice of 2019-2026 had, plus one or two (a test leaves each of those years
/// out in turn). A holiday that the State Council grants once (as on 2015-09-03) is outside any bound.
const SEASONS: [Season; 8] = [
    // 元旦, its January side
    Season { off: ((1, 1), (1, 5)), weekdays_off: 3, worked: ((1, 2), (1, 14)), weekends_worked: 2 },
    // 春节: its eve is 20 January - 20 February
    Season { off: ((1, 18), (3, 1)), weekdays_off: 7, worked: ((1, 6), (3, 9)), weekends_worked: 3 },
    // 清明: 4-6 April
    Season { off: ((4, 2), (4, 8)), weekdays_off: 3, worked: ((3, 21), (4, 20)), weekends_worked: 2 },
    // 劳动节
    Season { off: ((4, 27), (5, 7)), weekdays_off: 4, worked: ((4, 17), (5, 19)), weekends_worked: 3 },
    // 端午: 27 May - 26 June
    Season { off: ((5, 24), (6, 29)), weekdays_off: 3, worked: ((5, 13), (7, 10)), weekends_worked: 2 },
    // 国庆节
    Season { off: ((9, 28), (10, 10)), weekdays_off: 7, worked: ((9, 17), (10, 24)), weekends_worked: 3 },
    // 中秋: 7 September - 8 October
    Season { off: ((9, 4), (10, 11)), weekdays_off: 3, worked: ((8, 24), (10, 24)), weekends_worked: 2 },
    // 元旦 of the next year
    Season { off: ((12, 29), (12, 31)), weekdays_off: 2, worked: ((12, 18), (12, 31)), weekends_worked: 2 },
];

/// Statutory days off that are the same in every year: 元旦, 劳动节, 国庆节 (全国年节及纪念日放假办法 art. 2).
const FIXED_HOLIDAYS: [InYear; 6] = [(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)];

impl Calendar {
    /// Reads the holiday file. Refuses days that are both off and worked, ranges that run backwards or over more
    /// than a month, and days that are not in the year they stand under (a few days over either end are allowed:
    /// notices reach into the neighbouring year).
    pub fn from_json(text: &str) -> Result<Calendar, VocabError> {
        let file: HolidayFile = serde_json::from_str(text)
            .map_err(|error| VocabError::CalendarForm { reason: error.to_string() })?;
        let mut calendar = Calendar::default();
        for (year, HolidayYear { off, work }) in file.years {
            calendar.published.insert(year);
            for (name, first, last) in off {
                let wrong = |reason| VocabError::CalendarDay { year, day: first, reason };
                if last < first || (last - first).num_days() > 31 {
                    return Err(wrong("放假的起止日期颠倒或超过一个月"));
                }
                for day in first.iter_days().take_while(|day| *day <= last) {
                    near_year(year, day)?;
                    calendar.off.insert(day, name.clone());
                }
            }
            for (day, name) in work {
                near_year(year, day)?;
                if !is_weekend(day) {
                    return Err(VocabError::CalendarDay {
                        year,
                        day,
                        reason: "调休上班的日子应是周六或周日",
                    });
                }
                calendar.work.insert(day, name);
            }
        }
        match calendar.work.keys().find(|day| calendar.off.contains_key(day)) {
            Some(day) => {
                Err(VocabError::CalendarDay {
                    year: day.year(), day: *day, reason: "同一天既放假又上班"
                })
            }
            None => Ok(calendar),
        }
    }

    /// The years whose notice is known.
    pub fn published_years(&self) -> impl Iterator<Item = i32> {
        self.published.iter().copied()
    }

    /// What a day is.
    #[must_use]
    pub fn day(&self, day: NaiveDate) -> DayKind {
        if self.work.contains_key(&day) {
            DayKind::Working
        } else if self.off.contains_key(&day) {
            DayKind::Off
        } else if !self.published.contains(&day.year()) || self.next_new_year_may_move(day) {
            DayKind::Undetermined
        } else if is_weekend(day) {
            DayKind::Off
        } else {
            DayKind::Working
        }
    }

    /// The holiday a day off belongs to (`国庆节`), or the one it is worked for; `None` for ordinary days.
    #[must_use]
    pub fn holiday(&self, day: NaiveDate) -> Option<&str> {
        self.off.get(&day).or_else(|| self.work.get(&day)).map(String::as_str)
    }

    /// The `n`th working day after `start`; counting begins on the next day (民法典 art. 201). With `n = 0` it is `start`.
    #[must_use]
    pub fn working_days_after(&self, start: NaiveDate, n: u16) -> DueDate {
        self.nth_working_day(start, n, |_| false)
    }

    /// The working days after `from` up to and including `to`; none if `to` is not later.
    #[must_use]
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> DayCount {
        let count = |reading| {
            let mut walk = Walk::new(self, reading);
            let days = from.iter_days().skip(1).take_while(|day| *day <= to);
            days.map(|day| u32::from(walk.works(day))).sum()
        };
        DayCount { least: count(Reading::Latest), most: count(Reading::Earliest) }
    }

    /// When a limit that began on `start` ends.
    ///
    /// Natural days and months end on their last day, months on the same day of the month or its last (民法典
    /// art. 202); if that day is off, on the next working day (art. 203).
    #[must_use]
    pub fn due(&self, start: NaiveDate, limit: TimeLimit) -> DueDate {
        self.due_without(start, limit, |_| false)
    }

    /// As [`Calendar::due`], not counting the days for which `paused` is true.
    pub(crate) fn due_without(
        &self,
        start: NaiveDate,
        limit: TimeLimit,
        paused: impl Fn(NaiveDate) -> bool,
    ) -> DueDate {
        let days = match limit {
            TimeLimit::WorkingDays(limit) => return self.nth_working_day(start, limit.0, paused),
            TimeLimit::NaturalDays(limit) => usize::from(limit.0),
            TimeLimit::Months(limit) => {
                let last = start.checked_add_months(chrono::Months::new(u32::from(limit.0)));
                usize::try_from((last.unwrap_or(NaiveDate::MAX) - start).num_days()).unwrap_or(0)
            }
        };
        let counted = || start.iter_days().skip(1).filter(|day| !paused(*day));
        let last = if days == 0 { start } else { counted().nth(days - 1).unwrap_or(NaiveDate::MAX) };
        match last.pred_opt() {
            Some(before) => self.nth_working_day(before, 1, |_| false),
            None => DueDate { on: Some(last), earliest: last, latest: last },
        }
    }

    fn nth_working_day(&self, start: NaiveDate, n: u16, paused: impl Fn(NaiveDate) -> bool) -> DueDate {
        let read = |reading| {
            let mut walk = Walk::new(self, reading);
            let mut left = n;
            let mut reached = start;
            for day in start.iter_days().skip(1) {
                if left == 0 {
                    break;
                }
                reached = day;
                if !paused(day) && walk.works(day) {
                    left -= 1;
                }
            }
            (reached, walk.certain)
        };
        let (earliest, certain) = read(Reading::Earliest);
        let (latest, _) = read(Reading::Latest);
        DueDate { on: certain.then_some(earliest), earliest, latest }
    }

    /// Whether the unpublished notice of the next year can still change the end of this one: it does where New
    /// Year's Day is a Tuesday or Wednesday, by bridging to the weekend before (as 2018-12-29 to 31 for 2019).
    fn next_new_year_may_move(&self, day: NaiveDate) -> bool {
        let next = day.year() + 1;
        let new_year = NaiveDate::from_ymd_opt(next, 1, 1);
        day.month() == 12
            && day.day() >= 26
            && !self.published.contains(&next)
            && new_year.is_some_and(|day| matches!(day.weekday(), Weekday::Tue | Weekday::Wed))
    }
}

impl FromStr for Calendar {
    type Err = VocabError;

    /// As [`Calendar::from_json`].
    fn from_str(text: &str) -> Result<Self, VocabError> {
        Calendar::from_json(text)
    }
}

impl DueDate {
    /// Whether the day is over for certain.
    #[must_use]
    pub fn is_past(&self, today: NaiveDate) -> bool {
        self.latest < today
    }

    /// `2026年11月20日`, or `2027年3月9日至2027年3月19日之间(放假安排尚未公布)`.
    #[must_use]
    pub fn zh(&self) -> String {
        match self.on {
            Some(day) => zh_date(day),
            None if self.earliest == self.latest => format!("{}（放假安排尚未公布）", zh_date(self.latest)),
            None => format!("{}至{}之间（放假安排尚未公布）", zh_date(self.earliest), zh_date(self.latest)),
        }
    }
}

impl fmt::Display for DueDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.zh())
    }
}

impl DayCount {
    /// The number, if it is certain.
    #[must_use]
    pub fn exact(&self) -> Option<u32> {
        (self.least == self.most).then_some(self.least)
    }
}

/// How undetermined days are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// As many working days as there can be, as early as they can be.
    Earliest,
    /// As few working days as there can be.
    Latest,
}

/// Goes through days in order and says which are working in one reading.
///
/// A season's days are spent as they come: no arrangement within the bounds has more (or fewer) working days in any
/// stretch that begins where the walk began. Seasons overlap; the one that ends first is spent first.
struct Walk<'a> {
    calendar: &'a Calendar,
    reading: Reading,
    year: i32,
    spent: [u32; SEASONS.len()],
    /// No undetermined day was met.
    certain: bool,
}

impl<'a> Walk<'a> {
    fn new(calendar: &'a Calendar, reading: Reading) -> Self {
        Walk { calendar, reading, year: 0, spent: [0; SEASONS.len()], certain: true }
    }

    fn works(&mut self, day: NaiveDate) -> bool {
        match self.calendar.day(day) {
            DayKind::Working => return true,
            DayKind::Off => return false,
            DayKind::Undetermined => self.certain = false,
        }
        if self.year != day.year() {
            (self.year, self.spent) = (day.year(), [0; SEASONS.len()]);
        }
        let at = (day.month(), day.day());
        match (self.reading, is_weekend(day)) {
            (Reading::Earliest, _) if FIXED_HOLIDAYS.contains(&at) => false,
            (Reading::Earliest, false) => true,
            (Reading::Earliest, true) => self.spend(at, |season| (season.worked, season.weekends_worked)),
            (Reading::Latest, false) => {
                let off = self.spend(at, |season| (season.off, season.weekdays_off));
                !(off || FIXED_HOLIDAYS.contains(&at))
            }
            (Reading::Latest, true) => false,
        }
    }

    /// Takes one of the days that a season around `at` may still have.
    fn spend(&mut self, at: InYear, bound: impl Fn(&Season) -> ((InYear, InYear), u32)) -> bool {
        for (season, spent) in SEASONS.iter().zip(&mut self.spent) {
            let ((from, until), most) = bound(season);
            if (from..=until).contains(&at) && *spent < most {
                *spent += 1;
                return true;
            }
        }
        false
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

fn near_year(year: i32, day: NaiveDate) -> Result<(), VocabError> {
    let neighbour =
        (day.year() == year - 1 && day.month() == 12) || (day.year() == year + 1 && day.month() == 1);
    if day.year() == year || neighbour {
        Ok(())
    } else {
        Err(VocabError::CalendarDay { year, day, reason: "日期不在这一年" })
    }
}

#[cfg(test)]
mod tests;
