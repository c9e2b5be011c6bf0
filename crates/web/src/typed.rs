//! Reading what was typed: a value, or a message beside the field that says how to mend it.

use chrono::NaiveDate;

use crate::form_body::Fields;
use crate::ui::form::{DateParts, Errors};

/// A date of three fields; `None` with a message when it is missing or no day of the calendar.
pub fn date(fields: &Fields, name: &str, errors: &mut Errors) -> Option<NaiveDate> {
    let typed = fields.date(name);
    if typed == DateParts::default() {
        errors.add(name, "请填写日期。");
        return None;
    }
    read_date(&typed, name, errors)
}

/// As [`date`], for a date that may be left out.
pub fn optional_date(fields: &Fields, name: &str, errors: &mut Errors) -> Option<NaiveDate> {
    let typed = fields.date(name);
    if typed == DateParts::default() { None } else { read_date(&typed, name, errors) }
}

fn read_date(typed: &DateParts, name: &str, errors: &mut Errors) -> Option<NaiveDate> {
    let DateParts { year, month, day } = typed;
    if year.is_empty() || month.is_empty() || day.is_empty() {
        errors.add(name, "请把年、月、日填完整，例如 2026 年 3 月 5 日。");
        return None;
    }
    match vocab::parse_date(&format!("{year}-{month}-{day}")) {
        Ok(date) => Some(date),
        Err(_) => {
            errors.add(name, format!("{year} 年 {month} 月 {day} 日不是有效的日期，请核对。"));
            None
        }
    }
}

/// A value of the state's vocabulary (`CitizenId`, `PersonName`, `Phone` …).
pub fn value<T>(fields: &Fields, name: &str, empty: &str, errors: &mut Errors) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    match fields.get(name) {
        "" => {
            errors.add(name, empty);
            None
        }
        text => match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                errors.add(name, error.to_string());
                None
            }
        },
    }
}

/// As [`value`], for one that may be left out.
pub fn optional_value<T>(fields: &Fields, name: &str, errors: &mut Errors) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    if fields.get(name).is_empty() { None } else { value(fields, name, "", errors) }
}

/// An id from a menu; anything else counts as not chosen.
pub fn id<T: From<i64>>(fields: &Fields, name: &str, empty: &str, errors: &mut Errors) -> Option<T> {
    let id = fields.get(name).parse::<i64>().ok().map(T::from);
    if id.is_none() {
        errors.add(name, empty);
    }
    id
}

/// Text that must not be empty.
pub fn text(fields: &Fields, name: &str, empty: &str, errors: &mut Errors) -> Option<String> {
    let text = fields.get(name);
    if text.is_empty() {
        errors.add(name, empty);
        return None;
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(year: &str, month: &str, day: &str) -> Fields {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Fields(vec![pair("on_year", year), pair("on_month", month), pair("on_day", day)])
    }

    #[test]
    fn a_day_that_does_not_exist_is_said() {
        for (year, month, day, message) in [
            ("2026", "2", "30", "不是有效的日期"),
            ("2026", "", "3", "填完整"),
            ("", "", "", "请填写日期"),
            ("26", "2", "3", "不是有效的日期"),
        ] {
            let mut errors = Errors::none();
            assert_eq!(date(&typed(year, month, day), "on", &mut errors), None);
            assert!(errors.get("on").unwrap().contains(message), "{errors:?}");
        }
        let mut errors = Errors::none();
        assert_eq!(
            date(&typed("２０２６", "03", "5"), "on", &mut errors),
            NaiveDate::from_ymd_opt(2026, 3, 5)
        );
        assert!(errors.is_empty());
    }
}
