//! The value of a fact in its four forms: what was typed, the canonical text in the database, the language's value, the
//! projection's column.
//!
//! Canonical: `true`/`false`; numbers without needless zeros (`1234.5`, money in yuan); `2026-07-01`; `2026-07`; the
//! code; the text. SQL NULL in a row is "the source was asked and has nothing"; it means zero, no or code `none`
//! where the fact says `absent = "none"`, and unknown otherwise. Sensitive free text is sealed: `sealed:` and hexadecimal.

use catalogue::definition::{Fact, Sensitivity, ValueKind};
use catalogue::{Number, Release};
use rules::Value;
use store::Keys;
use vocab::{Fen, Month, parse_date};

use crate::OfficeError;

const SEALED: &str = "sealed:";

fn scale_of(fact: &Fact) -> u32 {
    match *fact.kind.get() {
        ValueKind::Money => 2,
        ValueKind::Decimal => fact.scale.unwrap_or(2),
        ValueKind::Integer
        | ValueKind::Boolean
        | ValueKind::Date
        | ValueKind::Month
        | ValueKind::Code
        | ValueKind::Text => 0,
    }
}

/// The canonical text of what was typed or answered for a fact, or what is wrong with it, Chinese.
///
/// # Errors
/// The message, which names the fact.
pub fn check_value(release: &Release, fact: &Fact, typed: &str) -> Result<String, String> {
    let title = &fact.title;
    let typed = typed.trim();
    match *fact.kind.get() {
        ValueKind::Boolean => match typed {
            "true" | "是" | "有" | "yes" | "1" => Ok("true".to_owned()),
            "false" | "否" | "无" | "no" | "0" => Ok("false".to_owned()),
            _ => Err(format!("「{title}」应填是或否。")),
        },
        ValueKind::Integer | ValueKind::Decimal | ValueKind::Money => {
            let number = if *fact.kind.get() == ValueKind::Money {
                Fen::from_yuan(typed)
                    .map(|fen| Number::new(fen.0, 2))
                    .map_err(|error| format!("「{title}」:{error}"))?
            } else {
                typed.parse::<Number>().map_err(|error| format!("「{title}」:{error}"))?
            };
            if number.at_scale(scale_of(fact)).is_none() {
                return Err(match scale_of(fact) {
                    0 => format!("「{title}」应填整数。"),
                    places => format!("「{title}」最多填{places}位小数。"),
                });
            }
            if let Some(min) = fact.min.as_ref().map(|min| *min.get())
                && number < min
            {
                return Err(format!("「{title}」不能小于{min}。"));
            }
            if let Some(max) = fact.max.as_ref().map(|max| *max.get())
                && number > max
            {
                return Err(format!("「{title}」不能大于{max}，请核对单位和位数。"));
            }
            Ok(number.to_string())
        }
        ValueKind::Date => {
            parse_date(typed).map(|day| day.to_string()).map_err(|error| format!("「{title}」:{error}"))
        }
        ValueKind::Month => typed
            .parse::<Month>()
            .map(|month| month.to_string())
            .map_err(|error| format!("「{title}」:{error}")),
        ValueKind::Code => {
            let list = fact.codelist.as_ref().and_then(|id| release.codelists.get(id.get()));
            let code = list.and_then(|list| {
                list.values
                    .iter()
                    .find(|code| code.code.get() == typed || code.title == typed)
                    .map(|code| code.code.get().clone())
            });
            code.ok_or_else(|| format!("「{title}」没有「{typed}」这一项，请从列表中选择。"))
        }
        ValueKind::Text if typed.chars().count() > 2000 => Err(format!("「{title}」不能超过2000字。")),
        ValueKind::Text => Ok(typed.to_owned()),
    }
}

fn is_sealed(fact: &Fact) -> bool {
    *fact.kind.get() == ValueKind::Text && fact.sensitivity == Sensitivity::Sensitive
}

/// The canonical text as it stands in the column.
pub(super) fn to_stored(keys: &Keys, fact: &Fact, canonical: &str) -> Result<String, OfficeError> {
    if is_sealed(fact) {
        Ok(format!("{SEALED}{}", hex::encode(keys.seal(canonical)?)))
    } else {
        Ok(canonical.to_owned())
    }
}

/// The canonical text from the column.
pub(super) fn from_stored(keys: &Keys, stored: &str) -> Result<String, OfficeError> {
    match stored.strip_prefix(SEALED) {
        Some(sealed) => {
            let bytes = hex::decode(sealed).map_err(|error| OfficeError::Internal(error.to_string()))?;
            Ok(keys.open(&bytes)?.to_string())
        }
        None => Ok(stored.to_owned()),
    }
}

/// The language's value of a canonical text; `None` is a source that was asked and has nothing.
///
/// # Errors
/// [`OfficeError::Internal`] when the text does not fit the fact's type.
pub fn read_value(fact: &Fact, canonical: Option<&str>) -> Result<Value, OfficeError> {
    let broken = || OfficeError::Internal(format!("指标项 {} 的值与类型不符", fact.id.get()));
    let Some(text) = canonical else { return Ok(catalogue::shapes::absent_value(fact)) };
    Ok(match *fact.kind.get() {
        ValueKind::Boolean => Value::Boolean(text == "true"),
        ValueKind::Integer | ValueKind::Decimal | ValueKind::Money => {
            Value::Number(text.parse().map_err(|_| broken())?)
        }
        ValueKind::Date => Value::Date(text.parse().map_err(|_| broken())?),
        ValueKind::Month => Value::Month(text.parse().map_err(|_| broken())?),
        ValueKind::Code | ValueKind::Text => Value::Text(text.to_owned()),
    })
}

/// The projection's column type.
pub(super) fn sql_type(fact: &Fact) -> &'static str {
    match *fact.kind.get() {
        ValueKind::Boolean => "BOOLEAN",
        ValueKind::Integer | ValueKind::Decimal | ValueKind::Money | ValueKind::Month => "BIGINT",
        ValueKind::Date => "DATE",
        ValueKind::Code | ValueKind::Text => "TEXT",
    }
}

/// The projection's value: money in fen, decimals scaled by the fact's places, months by their index. Unknown is NULL.
pub(super) fn to_column(fact: &Fact, value: &Value) -> Result<store::Value, OfficeError> {
    let column = match (*fact.kind.get(), value) {
        (ValueKind::Boolean, Value::Boolean(yes)) => store::Value::Bool(Some(*yes)),
        (ValueKind::Boolean, _) => store::Value::Bool(None),
        (ValueKind::Integer | ValueKind::Decimal | ValueKind::Money, Value::Number(number)) => {
            let scaled = u8::try_from(scale_of(fact)).ok().and_then(|scale| number.to_scaled(scale));
            store::Value::BigInt(Some(
                scaled
                    .ok_or_else(|| OfficeError::Internal(format!("指标项 {} 的值超出范围", fact.id.get())))?,
            ))
        }
        (ValueKind::Month, Value::Month(month)) => store::Value::BigInt(Some(i64::from(month.index()))),
        (ValueKind::Integer | ValueKind::Decimal | ValueKind::Money | ValueKind::Month, _) => {
            store::Value::BigInt(None)
        }
        (ValueKind::Date, Value::Date(day)) => store::Value::ChronoDate(Some(*day)),
        (ValueKind::Date, _) => store::Value::ChronoDate(None),
        // Sealed text stays out of the projection, and so out of the snapshot.
        (ValueKind::Code | ValueKind::Text, Value::Text(text)) if !is_sealed(fact) => {
            store::Value::String(Some(text.clone()))
        }
        (ValueKind::Code | ValueKind::Text, _) => store::Value::String(None),
    };
    Ok(column)
}

/// What a page shows: 是, 1,234.50元, a code's title.
pub(super) fn shown(release: &Release, fact: &Fact, value: &Value) -> String {
    let unit = fact.unit.as_deref().unwrap_or_default();
    match (*fact.kind.get(), value) {
        (_, Value::Unknown) => "未知".to_owned(),
        (ValueKind::Money, Value::Number(number)) => number
            .to_scaled(2)
            .map_or_else(|| value.to_string(), |fen| format!("{}{unit}", Fen(fen).yuan_grouped())),
        (ValueKind::Code, Value::Text(code)) => fact
            .codelist
            .as_ref()
            .map_or_else(|| code.clone(), |list| release.code_title(list.get(), code).to_owned()),
        (ValueKind::Integer | ValueKind::Decimal, _) => format!("{value}{unit}"),
        _ => value.to_string(),
    }
}
