//! Dates and months as integers: the civil calendar by whole-number arithmetic, as `crate::calendar` counts it.

use chrono::{Datelike, NaiveDate};
use num_bigint::BigInt;
use vocab::Month;

use super::SqlError;
use super::expression::{Cell, Writer};
use super::integer::{Int, Term};
use super::number::{Below, Number};
use crate::compiled::Function;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// Days since 1970-01-01.
pub(super) fn day_number(date: NaiveDate) -> i64 {
    // 1970-01-01 is day 719,163 of the common era.
    i64::from(date.num_days_from_ce()) - 719_163
}

pub(super) fn day_column(term: Term) -> Int {
    // 0001-01-01 to 9999-12-31.
    Int::column(term, (-719_162).into(), 2_932_896.into())
}

pub(super) fn month_column(term: Term) -> Int {
    Int::column(term, Month::FIRST.index().into(), Month::LAST.index().into())
}

/// Year, month (1-12) and day of a date.
struct Civil {
    year: Int,
    month: Int,
    day: Int,
}

impl Writer<'_> {
    pub(super) fn calendar(&mut self, function: Function, cells: &[Cell]) -> Result<Cell, SqlError> {
        let dialect = self.dialect;
        let number = |int: Int| Cell::Number(Number::scaled(int, 0));
        Ok(match (function, cells) {
            (Function::DaysBetween, [Cell::Day(from), Cell::Day(to)]) => number(to.subtract(from, dialect)?),
            (Function::MonthsBetween, [Cell::Month(from), Cell::Month(to)]) => {
                number(to.subtract(from, dialect)?)
            }
            (Function::MonthsBetween, [Cell::Day(from), Cell::Day(to)]) => {
                let forward = self.full_months(from, to)?;
                let backward = self.full_months(to, from)?.negated(dialect)?;
                let text = format!(
                    "(CASE WHEN {} < {} THEN {} ELSE {} END)",
                    to.term.text, from.term.text, backward.term.text, forward.term.text
                );
                let term = Term::over(text, [&to.term, &from.term, &backward.term, &forward.term]);
                number(Int::column(term, (-120_000).into(), 120_000.into()))
            }
            (Function::AgeAt, [Cell::Day(born), Cell::Day(on)]) => {
                let (b, o) = (self.civil(born)?, self.civil(on)?);
                let years = o.year.subtract(&b.year, dialect)?;
                let (before, after) = (self.day_of_year(&b)?, self.day_of_year(&o)?);
                let text = format!(
                    "(CASE WHEN {} >= {} THEN {} - CASE WHEN {} < {} THEN 1 ELSE 0 END END)",
                    on.term.text, born.term.text, years.term.text, after.term.text, before.term.text
                );
                let parts = [&on.term, &born.term, &years.term, &after.term, &before.term];
                number(Int::column(Term::over(text, parts).unsure(), 0.into(), 9_999.into()))
            }
            (Function::AddMonths, [Cell::Month(month), Cell::Number(count)]) => {
                let Some(index) = self.shifted_index(month, count)? else { return Ok(Cell::Null) };
                let (first, last) = (Month::FIRST.index(), Month::LAST.index());
                Cell::Month(self.within(&index, first.into(), last.into()))
            }
            (Function::AddMonths, [Cell::Day(date), Cell::Number(count)]) => {
                let civil = self.civil(date)?;
                let index = index_of(&civil, self)?;
                let Some(index) = self.shifted_index(&index, count)? else { return Ok(Cell::Null) };
                let index = self.within(&index, 12, 119_999);
                let index = self.name_int(index);
                let first = self.first_day(&index)?;
                let next = self.first_day(&index.add(&Int::literal(1), dialect)?)?;
                let (first, next) = (self.name_int(first), self.name_int(next));
                // A day that the month does not have becomes its last.
                let text = format!(
                    "(CASE WHEN {0} + {1} - 1 < {2} THEN {0} + {1} - 1 ELSE {2} - 1 END)",
                    first.term.text, civil.day.term.text, next.term.text
                );
                let term = Term::over(text, [&first.term, &civil.day.term, &next.term]).unsure();
                Cell::Day(day_column(term))
            }
            (Function::MonthOf, [Cell::Day(date)]) => {
                let civil = self.civil(date)?;
                let index = index_of(&civil, self)?;
                let (first, last) = (Month::FIRST.index(), Month::LAST.index());
                Cell::Month(self.within(&index, first.into(), last.into()))
            }
            (Function::FirstDay, [Cell::Month(month)]) => Cell::Day(self.first_day(month)?),
            (Function::LastDay, [Cell::Month(month)]) => {
                let next = month.add(&Int::literal(1), dialect)?;
                let next = self.name_int(next);
                Cell::Day(self.first_day(&next)?.subtract(&Int::literal(1), dialect)?)
            }
            _ => Cell::Null,
        })
    }

    /// Unknown outside two bounds.
    fn within(&mut self, int: &Int, low: i64, high: i64) -> Int {
        let int = self.name_int(int.clone());
        let text =
            format!("CAST(CASE WHEN {0} BETWEEN {low} AND {high} THEN {0} END AS BIGINT)", int.term.text);
        let term = Term::over(text, [&int.term]).unsure();
        Int::column(term, low.into(), high.into())
    }

    /// A month's index some months later; the count is whole, as the compiler has proven.
    fn shifted_index(&mut self, index: &Int, count: &Number) -> Result<Option<Int>, SqlError> {
        let Below::Scale(scale) = count.below else { return Ok(None) };
        let units = if scale == 0 {
            count.units.clone()
        } else {
            let floor = self.floor(count)?;
            floor.units
        };
        // More months than the calendar has lead out of it either way.
        let count = self.within(&units, -240_000, 240_000);
        Ok(Some(index.add(&count, self.dialect)?))
    }

    fn day_of_year(&mut self, civil: &Civil) -> Result<Int, SqlError> {
        civil.month.multiply(&Int::literal(100), self.dialect)?.add(&civil.day, self.dialect)
    }

    /// Whole months from a day to a later one.
    fn full_months(&mut self, from: &Int, to: &Int) -> Result<Int, SqlError> {
        let (f, t) = (self.civil(from)?, self.civil(to)?);
        let months = index_of(&t, self)?.subtract(&index_of(&f, self)?, self.dialect)?;
        let text = format!(
            "({} - CASE WHEN {} < {} THEN 1 ELSE 0 END)",
            months.term.text, t.day.term.text, f.day.term.text
        );
        let term = Term::over(text, [&months.term, &t.day.term, &f.day.term]);
        Ok(Int::column(term, (-120_000).into(), 120_000.into()))
    }

    /// The first day of the month of an index.
    fn first_day(&mut self, index: &Int) -> Result<Int, SqlError> {
        let dialect = self.dialect;
        let whole = |value: i64| Int::literal(value);
        // Years that begin in March: the leap day is their last.
        let march = index.add(&whole(10), dialect)?;
        let march = self.name_int(march);
        let (year, month) = (march.whole_quotient(&whole(12), dialect)?, march.rest(12, dialect)?);
        let year = self.name_int(year.subtract(&whole(1), dialect)?);
        let days = month
            .multiply(&whole(153), dialect)?
            .add(&whole(2), dialect)?
            .whole_quotient(&whole(5), dialect)?;
        let leap = year
            .whole_quotient(&whole(4), dialect)?
            .subtract(&year.whole_quotient(&whole(100), dialect)?, dialect)?
            .add(&year.whole_quotient(&whole(400), dialect)?, dialect)?;
        let day = year.multiply(&whole(365), dialect)?.add(&leap, dialect)?.add(&days, dialect)?;
        let day = day.subtract(&whole(EPOCH), dialect)?;
        Ok(day.narrowed(Some((-719_162).into()), Some(2_932_897.into())))
    }

    fn civil(&mut self, date: &Int) -> Result<Civil, SqlError> {
        let dialect = self.dialect;
        if let Some(value) = date.value() {
            let days = i32::try_from(value + BigInt::from(719_163)).ok();
            let Some(date) = days.and_then(NaiveDate::from_num_days_from_ce_opt) else {
                return Err(SqlError::TooWide);
            };
            let literal = |number: u32| Int::literal(number);
            return Ok(Civil {
                year: Int::literal(date.year()),
                month: literal(date.month()),
                day: literal(date.day()),
            });
        }
        let whole = |value: i64| Int::literal(value);
        let z = date.add(&whole(EPOCH), dialect)?;
        let z = self.name_int(z);
        let era = z.whole_quotient(&whole(146_097), dialect)?;
        let (era, doe) = (self.name_int(era), self.name_int(z.rest(146_097, dialect)?));
        // Day of the era, less the leap days before it, by years of 365.
        let years = doe
            .subtract(&doe.whole_quotient(&whole(1_460), dialect)?, dialect)?
            .add(&doe.whole_quotient(&whole(36_524), dialect)?, dialect)?
            .subtract(&doe.whole_quotient(&whole(146_096), dialect)?, dialect)?
            .whole_quotient(&whole(365), dialect)?
            .narrowed(Some(0.into()), Some(399.into()));
        let yoe = self.name_int(years);
        let before = yoe
            .multiply(&whole(365), dialect)?
            .add(&yoe.whole_quotient(&whole(4), dialect)?, dialect)?
            .subtract(&yoe.whole_quotient(&whole(100), dialect)?, dialect)?;
        let doy = doe.subtract(&before, dialect)?.narrowed(Some(0.into()), Some(365.into()));
        let doy = self.name_int(doy);
        let mp = doy
            .multiply(&whole(5), dialect)?
            .add(&whole(2), dialect)?
            .whole_quotient(&whole(153), dialect)?;
        let mp = self.name_int(mp);
        let passed =
            mp.multiply(&whole(153), dialect)?.add(&whole(2), dialect)?.whole_quotient(&whole(5), dialect)?;
        let day = doy
            .subtract(&passed, dialect)?
            .add(&whole(1), dialect)?
            .narrowed(Some(1.into()), Some(31.into()));
        let text = format!("(CASE WHEN {0} < 10 THEN {0} + 3 ELSE {0} - 9 END)", mp.term.text);
        let month = Int::column(Term::over(text, [&mp.term]), 1.into(), 12.into());
        let year = era.multiply(&whole(400), dialect)?.add(&yoe, dialect)?;
        let text = format!("({} + CASE WHEN {} < 10 THEN 0 ELSE 1 END)", year.term.text, mp.term.text);
        let year = Int::column(Term::over(text, [&year.term, &mp.term]), 1.into(), 9_999.into());
        Ok(Civil { year: self.name_int(year), month: self.name_int(month), day: self.name_int(day) })
    }
}

/// `year * 12 + month - 1`.
fn index_of(civil: &Civil, writer: &Writer<'_>) -> Result<Int, SqlError> {
    let dialect = writer.dialect;
    let months = civil.year.multiply(&Int::literal(12), dialect)?.add(&civil.month, dialect)?;
    months.subtract(&Int::literal(1), dialect)
}
