//! What is typed for a standard, read as its definition wants it: in the packs' spelling, or what is wrong with it in plain words.

use catalogue::definition::{Declared, Parameter, ValueKind};
use catalogue::{Number, Release};
use chrono::NaiveDate;
use vocab::Month;

/// Places of a decimal that says none, as the rules take it.
const SCALE: u32 = 2;

/// A typed value of a parameter.
pub(crate) fn read_value(release: &Release, parameter: &Parameter, typed: &str) -> Result<String, String> {
    read_declared(release, parameter.declared(), parameter.unit.as_deref(), typed)
}

/// A typed value of whatever is declared so.
pub(super) fn read_declared(
    release: &Release,
    declared: Declared<'_>,
    unit: Option<&str>,
    typed: &str,
) -> Result<String, String> {
    let typed = typed.trim();
    match **declared.kind {
        ValueKind::Money | ValueKind::Integer | ValueKind::Decimal => number(declared, unit, typed),
        ValueKind::Boolean => match typed {
            "true" | "yes" | "是" => Ok("true".to_owned()),
            "false" | "no" | "否" => Ok("false".to_owned()),
            _ => Err("请选择「是」或「否」。".to_owned()),
        },
        ValueKind::Date => typed
            .parse::<NaiveDate>()
            .map(|date| date.to_string())
            .map_err(|_| "日期应如 2026-07-01。".to_owned()),
        ValueKind::Month => {
            typed.parse::<Month>().map(|month| month.to_string()).map_err(|_| "月份应如 2026-07。".to_owned())
        }
        ValueKind::Code => {
            let list = declared.codelist.and_then(|list| release.codelists.get(list));
            match list {
                Some(list) if list.title_of(typed).is_some() => Ok(typed.to_owned()),
                _ => Err("请从列表中选择一项。".to_owned()),
            }
        }
        ValueKind::Text if typed.is_empty() => Err("请填写内容。".to_owned()),
        ValueKind::Text => Ok(typed.to_owned()),
    }
}

fn number(declared: Declared<'_>, unit: Option<&str>, typed: &str) -> Result<String, String> {
    let plain = typed.replace([',', '，'], "");
    let number: Number =
        plain.parse().map_err(|_| format!("「{typed}」不是数。请只填数字，如 786 或 786.50。"))?;
    let places = match **declared.kind {
        ValueKind::Money => 2,
        ValueKind::Integer => 0,
        _ => declared.scale.unwrap_or(SCALE),
    };
    if number.scale() > places {
        return Err(if places == 0 {
            "请填整数。".to_owned()
        } else {
            format!("小数最多{places}位。")
        });
    }
    let below = declared.min.is_some_and(|min| number < *min.get());
    let above = declared.max.is_some_and(|max| number > *max.get());
    if below || above {
        let bound = |bound: Option<&catalogue::Located<Number>>| {
            bound.map_or_else(|| "不限".to_owned(), |bound| bound.get().to_string())
        };
        return Err(format!(
            "{number} 超出允许的范围（{} 到 {}{}）。请核对文件。",
            bound(declared.min),
            bound(declared.max),
            unit.map(|unit| format!("，{unit}")).unwrap_or_default()
        ));
    }
    Ok(number.to_string())
}
