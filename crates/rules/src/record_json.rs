//! Records from JSON as people and other systems write it: plain values, fields and relations side by side, read by
//! the shape. Money is read from text (or whole numbers), never through a float.
//!
//! `{"housing": "owned", "members": [{"birthday": "1980-02-01", "income": "1234.50"}]}`

use serde_json::Value as Json;

use crate::parser::{parse_date, parse_month};
use crate::rational::Rational;
use crate::types::{Shape, Shapes, Type};
use crate::value::{Record, Value};

/// What is wrong with a record, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}：{zh}")]
pub struct ReadError {
    /// `members[0].income`.
    pub path: String,
    /// What is wrong and how to mend it, in Chinese.
    pub zh: String,
}

/// Reads a record of the shape of this id, or says everything that is wrong with it.
pub fn read_record(json: &Json, shape: &str, shapes: &Shapes) -> Result<Record, Vec<ReadError>> {
    let mut errors = Vec::new();
    let record = match shapes.get(shape) {
        Some(shape) => record(json, shape, shapes, "", &mut errors),
        None => {
            errors.push(ReadError { path: String::new(), zh: format!("没有叫 {shape} 的形状") });
            Record::new()
        }
    };
    if errors.is_empty() { Ok(record) } else { Err(errors) }
}

fn record(json: &Json, shape: &Shape, shapes: &Shapes, path: &str, errors: &mut Vec<ReadError>) -> Record {
    let mut result = Record::new();
    let Json::Object(entries) = json else {
        errors.push(ReadError {
            path: path.to_owned(), zh: format!("这里要一个{}（花括号）", shape.title)
        });
        return result;
    };
    for (name, json) in entries {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if let Some(field) = shape.fields.get(name) {
            match read_value(json, &field.ty, shapes) {
                Ok(value) => drop(result.fields.insert(name.clone(), value)),
                Err(zh) => errors.push(ReadError { path, zh: format!("{}：{zh}", field.title) }),
            }
            continue;
        }
        let Some((relation, target)) =
            shape.relations.get(name).and_then(|relation| Some((relation, shapes.get(&relation.shape)?)))
        else {
            let known = shape.fields.keys().chain(shape.relations.keys()).map(String::as_str);
            let near = crate::diagnostic::nearest(name, known);
            let hint = near.map(|near| format!("，是不是 {near}？")).unwrap_or_default();
            errors.push(ReadError { path, zh: format!("{}没有叫 {name} 的字段{hint}", shape.title) });
            continue;
        };
        match (json, relation.many) {
            (Json::Null, _) => {}
            (Json::Array(rows), true) => {
                let rows = rows.iter().enumerate();
                let rows =
                    rows.map(|(index, row)| record(row, target, shapes, &format!("{path}[{index}]"), errors));
                let rows = rows.collect();
                result.many.insert(name.clone(), rows);
            }
            (_, true) => {
                errors.push(ReadError {
                    path, zh: format!("{}要写成列表（方括号）", relation.title)
                });
            }
            (json, false) => {
                let related = record(json, target, shapes, &path, errors);
                result.one.insert(name.clone(), related);
            }
        }
    }
    result
}

/// Reads one plain value of a type; the error says in Chinese what is wrong.
pub fn read_value(json: &Json, ty: &Type, shapes: &Shapes) -> Result<Value, String> {
    match (json, ty) {
        (Json::Null, _) => Ok(Value::Unknown),
        (Json::Bool(value), Type::Boolean) => Ok(Value::Boolean(*value)),
        (_, Type::Boolean) => Err("要写 true、false 或 null".to_owned()),
        (Json::String(text), Type::Number { .. }) => {
            let number = text.parse::<Rational>().map_err(|error| error.to_string())?;
            fits(number, ty).map(Value::Number)
        }
        (Json::Number(number), Type::Number { .. }) => match number.as_i64() {
            Some(whole) => fits(whole.into(), ty).map(Value::Number),
            None => Err("小数要写成文本，如 \"1234.50\"".to_owned()),
        },
        (_, Type::Number { .. }) => Err("要写数，如 \"1234.50\"".to_owned()),
        (Json::String(text), Type::Date) => {
            parse_date(text).map(Value::Date).ok_or_else(|| format!("“{text}”不是日期，要写 2026-07-01"))
        }
        (_, Type::Date) => Err("要写日期，如 \"2026-07-01\"".to_owned()),
        (Json::String(text), Type::Month) => {
            parse_month(text).map(Value::Month).ok_or_else(|| format!("“{text}”不是月份，要写 2026-07"))
        }
        (_, Type::Month) => Err("要写月份，如 \"2026-07\"".to_owned()),
        (Json::String(code), Type::Code { codelist }) => match shapes.codelists.get(codelist) {
            Some(codes) if !codes.contains_key(code) => Err(format!("代码表 {codelist} 里没有“{code}”")),
            _ => Ok(Value::Text(code.clone())),
        },
        (Json::String(text), Type::Text) => Ok(Value::Text(text.clone())),
        (_, Type::Code { .. } | Type::Text) => Err("要写文字".to_owned()),
    }
}

/// The number, if its decimals and bounds are those of the type.
fn fits(number: Rational, ty: &Type) -> Result<Rational, String> {
    let Type::Number { scale, min, max } = ty else { return Ok(number) };
    if number.decimals().is_none_or(|decimals| decimals > u32::from(*scale)) {
        return Err(format!("{number} 的小数多于 {scale} 位"));
    }
    if min.as_ref().is_some_and(|min| number < *min) || max.as_ref().is_some_and(|max| number > *max) {
        let bound = |bound: &Option<Rational>| bound.as_ref().map_or("不限".to_owned(), Rational::to_string);
        return Err(format!("{number} 不在 {} 到 {} 之间", bound(min), bound(max)));
    }
    Ok(number)
}
