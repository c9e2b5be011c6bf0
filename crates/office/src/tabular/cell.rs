//! From what stands in a cell to a value of its type, exactly or with a reason.

use chrono::{Days, NaiveDate};
use vocab::{BankAccount, CitizenId, DivisionCode, Fen, Month, PersonName, Phone, parse_date};

use super::definition::CellKind;
use super::sheet::Raw;

/// A typed cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// 是 or 否.
    Boolean(bool),
    /// A code of the column's list.
    Code(String),
    /// A day.
    Date(NaiveDate),
    /// A month.
    Month(Month),
    /// Money, zero or more.
    Money(Fen),
    /// A whole number.
    Integer(i64),
    /// A decimal as plain text, without trailing zeros: `88.5`.
    Decimal(String),
    /// 居民身份证号码.
    CitizenId(CitizenId),
    /// Telephone.
    Phone(Phone),
    /// Bank account.
    BankAccount(BankAccount),
    /// Name of a person.
    PersonName(PersonName),
    /// Division code.
    Division(DivisionCode),
}

impl Value {
    /// One text for each value, the same for the same value: money in fen, days and months as `2026-11-03` and `2026-11`.
    /// Identifiers are whole: seal what you keep.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self {
            Value::Text(text) | Value::Code(text) | Value::Decimal(text) => text.clone(),
            Value::Boolean(yes) => yes.to_string(),
            Value::Date(day) => day.to_string(),
            Value::Month(month) => month.to_string(),
            Value::Money(Fen(fen)) | Value::Integer(fen) => fen.to_string(),
            Value::CitizenId(id) => id.expose().to_owned(),
            Value::Phone(phone) => phone.expose().to_owned(),
            Value::BankAccount(account) => account.expose().to_owned(),
            Value::PersonName(name) => name.as_str().to_owned(),
            Value::Division(code) => code.as_str().to_owned(),
        }
    }
}

/// Reads a cell that is not empty.
pub(super) fn read(raw: &Raw, kind: &CellKind) -> Result<Value, String> {
    match raw {
        Raw::Formula => {
            return Err("这是公式，系统不采用公式的结果。请选中该列复制，再“选择性粘贴—数值”".to_owned());
        }
        Raw::Broken(text) => return Err(format!("单元格的内容是“{text}”，无法读取，请重新填写")),
        Raw::Empty | Raw::Text(_) | Raw::Number(_) | Raw::Day(_) | Raw::Boolean(_) => {}
    }
    match kind {
        CellKind::Text => Ok(Value::Text(raw.shown())),
        CellKind::YesNo => yes_no(raw),
        CellKind::Code(codes) => code(&raw.shown(), codes),
        CellKind::Date => day(raw).map(Value::Date),
        CellKind::Month => month(raw).map(Value::Month),
        CellKind::Money => money(raw).map(Value::Money),
        CellKind::Integer => integer(raw).map(Value::Integer),
        CellKind::Decimal => decimal(raw).map(Value::Decimal),
        CellKind::CitizenId => digits(raw, 17)?.parse().map(Value::CitizenId).map_err(said),
        CellKind::Phone => digits(raw, 15)?.parse().map(Value::Phone).map_err(said),
        CellKind::BankAccount => digits(raw, 15)?.parse().map(Value::BankAccount).map_err(said),
        CellKind::PersonName => raw.shown().parse().map(Value::PersonName).map_err(said),
        CellKind::Division => digits(raw, 15)?.parse().map(Value::Division).map_err(said),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn said(error: vocab::VocabError) -> String {
    error.to_string()
}

/// Excel keeps 15 digits of a number. Longer ones have been rounded to zeros for good, so they are refused, not read.
fn digits(raw: &Raw, kept: usize) -> Result<String, String> {
    let lost = || {
        Err("被 Excel 存成了数字，后几位已经丢失（变成 0 或显示为 1.2E+17）。请把该列设为“文本”格式，再重新填写完整号码".to_owned())
    };
    match raw {
        Raw::Number(text) if text.len() > kept.min(15) || text.contains('.') => lost(),
        Raw::Text(text) if is_scientific(text) => lost(),
        Raw::Day(_) => Err("被 Excel 存成了日期。请把该列设为“文本”格式，再重新填写完整号码".to_owned()),
        other => Ok(other.shown()),
    }
}

/// `1.5030219900101E+17`, as a sheet saved to CSV leaves it.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    mantissa.starts_with(|sign: char| sign.is_ascii_digit())
        && mantissa.chars().all(|sign| sign.is_ascii_digit() || sign == '.')
        && exponent.starts_with('+')
        && exponent.len() > 1
        && exponent[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn yes_no(raw: &Raw) -> Result<Value, String> {
    match raw.shown().as_str() {
        "是" | "有" | "Y" | "y" | "1" | "true" | "TRUE" | "√" => Ok(Value::Boolean(true)),
        "否" | "无" | "N" | "n" | "0" | "false" | "FALSE" | "×" => Ok(Value::Boolean(false)),
        other => Err(format!("“{other}”看不懂，请填“是”或“否”")),
    }
}

fn code(text: &str, codes: &[(String, String)]) -> Result<Value, String> {
    let plain = super::header::plain(text);
    let found = codes.iter().find(|(code, title)| code == text || title == text).or_else(|| {
        codes
            .iter()
            .find(|(code, title)| super::header::plain(code) == plain || super::header::plain(title) == plain)
    });
    found.map(|(code, _)| Value::Code(code.clone())).ok_or_else(|| {
        let titles: Vec<&str> = codes.iter().take(12).map(|(_, title)| title.as_str()).collect();
        let more = if codes.len() > titles.len() { "等" } else { "" };
        format!("“{text}”不在可选范围内，请填：{}{more}", titles.join("、"))
    })
}

/// Day 1 of Excel is 1900-01-01, and it believes in a 29 February 1900: from March of that year, day 0 is 1899-12-30.
fn day(raw: &Raw) -> Result<NaiveDate, String> {
    match raw {
        Raw::Day(day) => Ok(*day),
        Raw::Number(text) => match text.parse::<u64>() {
            Ok(serial @ 61..=99_999) => NaiveDate::from_ymd_opt(1899, 12, 30)
                .and_then(|zero| zero.checked_add_days(Days::new(serial)))
                .ok_or_else(|| said(vocab::VocabError::Date)),
            _ => parse_date(text).map_err(said),
        },
        other => {
            let text = other.shown();
            // `2026-11-03 00:00:00`, as systems export days.
            let text = text
                .split_once([' ', 'T'])
                .filter(|(_, time)| time.contains(':'))
                .map_or(text.as_str(), |(day, _)| day);
            parse_date(text).map_err(said)
        }
    }
}

fn month(raw: &Raw) -> Result<Month, String> {
    match raw {
        Raw::Day(day) => Ok(Month::containing(*day)),
        other => {
            let text = other.shown();
            text.parse().or_else(|error| parse_date(&text).map(Month::containing).map_err(|_| said(error)))
        }
    }
}

fn money(raw: &Raw) -> Result<Fen, String> {
    let amount = match raw {
        Raw::Number(text) => Fen::from_yuan(&as_shown(text)),
        Raw::Text(text) => Fen::from_yuan(text),
        _ => Err(vocab::VocabError::MoneyForm),
    };
    amount.and_then(Fen::not_negative).map_err(said)
}

/// Excel shows 15 digits of a binary number; the 16th and 17th are noise of its arithmetic (`0.1+0.2`).
fn as_shown(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits <= 15 {
        return text.to_owned();
    }
    let Ok(number) = text.parse::<f64>() else { return text.to_owned() };
    // Rounded to 15 significant digits, then the shortest text of that.
    match format!("{number:.14e}").parse::<f64>() {
        Ok(rounded) => format!("{rounded}"),
        Err(_) => text.to_owned(),
    }
}

fn integer(raw: &Raw) -> Result<i64, String> {
    let text = raw.shown();
    let plain = text.strip_suffix(".0").unwrap_or(&text);
    plain.parse().map_err(|_| format!("“{text}”不是整数，请只填数字"))
}

fn decimal(raw: &Raw) -> Result<String, String> {
    let text = match raw {
        Raw::Number(text) => as_shown(text),
        other => other.shown().replace(',', ""),
    };
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let (whole, places) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || !all_digits(whole)
        || !all_digits(places)
        || (unsigned.contains('.') && places.is_empty())
    {
        return Err(format!("“{text}”不是数字，请只填数字和小数点"));
    }
    if whole.len() > 12 || places.len() > 6 {
        return Err(format!("“{text}”位数太多，整数最多 12 位、小数最多 6 位"));
    }
    let whole = whole.trim_start_matches('0');
    let places = places.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if negative && (whole != "0" || !places.is_empty()) { "-" } else { "" };
    Ok(if places.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{places}") })
}
