//! Values of the rules in the words of a page or letter.

use rules::{ConditionOutcome, DefinitionOutcome, Value};

/// A value with thousands and two decimals where it is money, yes or no, a date in Chinese, or `还不知道`.
#[must_use]
pub fn value(value: &Value, unit: &str) -> String {
    match value {
        Value::Unknown => "还不知道".to_owned(),
        Value::Boolean(true) => "是".to_owned(),
        Value::Boolean(false) => "否".to_owned(),
        Value::Number(number) if unit.contains('元') => number
            .round(2)
            .to_scaled(2)
            .map_or_else(|| number.to_string(), |fen| vocab::Fen(fen).yuan_grouped()),
        Value::Number(number) => number.round(2).to_string(),
        Value::Date(date) => vocab::zh_date(*date),
        Value::Month(month) => month.zh(),
        Value::Text(text) => text.clone(),
    }
}

/// What a definition came to; a code by its title.
#[must_use]
pub fn definition(line: &DefinitionOutcome, unit: &str) -> String {
    line.code_title.clone().unwrap_or_else(|| value(&line.value, unit))
}

/// What a condition asks and what was found, from its first comparison that does not hold.
#[must_use]
pub fn required_and_found(condition: &ConditionOutcome) -> (String, String) {
    let failing = condition.comparisons.iter().find(|comparison| comparison.holds == Some(false));
    match failing {
        Some(comparison) => {
            let operator = match comparison.operator.as_str() {
                "<" => "低于",
                "<=" => "不超过",
                ">" => "高于",
                ">=" => "不低于",
                "=" => "是",
                "<>" => "不是",
                other => other,
            };
            (
                format!(
                    "{operator}{}{}",
                    comparison.right_title,
                    beside(&comparison.right, comparison.right_code_title.as_deref())
                ),
                format!(
                    "{}{}",
                    comparison.left_title,
                    beside(&comparison.left, comparison.left_code_title.as_deref())
                ),
            )
        }
        None => (condition.title.clone(), "不符合".to_owned()),
    }
}

fn beside(found: &Value, code_title: Option<&str>) -> String {
    match (found, code_title) {
        (_, Some(title)) => format!(" {title}"),
        (Value::Number(number), None) => format!(" {}", number.round(2)),
        (other, None) => format!(" {}", value(other, "")),
    }
}
