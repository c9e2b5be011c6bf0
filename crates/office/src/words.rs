//! Values of the rules in the words of a page or letter.

use rules::{Comparison, ConditionOutcome, DefinitionOutcome, Value};

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
            let operator = operator(&comparison.operator);
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

fn operator(symbol: &str) -> &str {
    match symbol {
        "<" => "低于",
        "<=" => "不超过",
        ">" => "高于",
        ">=" => "不低于",
        "=" => "是",
        "<>" => "不是",
        other => other,
    }
}

fn opposite(symbol: &str) -> &str {
    match symbol {
        "<" => ">=",
        "<=" => ">",
        ">" => "<=",
        ">=" => "<",
        "=" => "<>",
        "<>" => "=",
        other => other,
    }
}

/// A comparison as a sentence says it: 家庭月人均收入 1200，不低于当地最低生活保障标准 960. What is unknown of it is said, and what is asked.
#[must_use]
pub fn compared(comparison: &Comparison) -> String {
    let side = |title: &str, found: &Value, code_title: Option<&str>| match found {
        Value::Unknown => format!("{title}还不知道"),
        found => format!("{title}{}", beside(found, code_title)),
    };
    let left = side(&comparison.left_title, &comparison.left, comparison.left_code_title.as_deref());
    let right = side(&comparison.right_title, &comparison.right, comparison.right_code_title.as_deref());
    let (left, right) = (left.trim_start(), right.trim_start());
    let symbol = comparison.operator.as_str();
    let words = operator(if comparison.holds == Some(false) { opposite(symbol) } else { symbol });
    match (&comparison.left, comparison.holds) {
        // Of a code there is nothing to say but which it is.
        (known, Some(_)) if comparison.right_title.is_empty() && matches!(symbol, "=" | "<>") => {
            let code = comparison.left_code_title.as_deref();
            format!("{}是{}", comparison.left_title, beside(known, code).trim_start())
        }
        (_, Some(_)) => format!("{left}，{words}{right}"),
        (_, None) => format!("{left}，应当{words}{right}"),
    }
}

fn beside(found: &Value, code_title: Option<&str>) -> String {
    match (found, code_title) {
        (_, Some(title)) => format!(" {title}"),
        (Value::Number(number), None) => format!(" {}", number.round(2)),
        (other, None) => format!(" {}", value(other, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(left: &str, operator: &str, right: &str, holds: Option<bool>) -> Comparison {
        let value = |text: &str| text.parse().map_or(Value::Unknown, |number: i64| Value::from(number));
        Comparison {
            text: String::new(),
            left_title: "家庭月人均收入".to_owned(),
            left: value(left),
            left_code_title: None,
            operator: operator.to_owned(),
            right_title: "当地标准".to_owned(),
            right: value(right),
            right_code_title: None,
            holds,
        }
    }

    #[test]
    fn a_comparison_reads_as_a_sentence_and_never_as_a_formula() {
        let said = |left, operator, right, holds| compared(&comparison(left, operator, right, holds));
        assert_eq!(said("900", "<", "960", Some(true)), "家庭月人均收入 900，低于当地标准 960");
        assert_eq!(said("1200", "<", "960", Some(false)), "家庭月人均收入 1200，不低于当地标准 960");
        assert_eq!(said("960", "<=", "960", Some(true)), "家庭月人均收入 960，不超过当地标准 960");
        assert_eq!(said("?", "<", "960", None), "家庭月人均收入还不知道，应当低于当地标准 960");
        let code = Comparison {
            left_title: "残疾类别".to_owned(),
            left: Value::Text("none".to_owned()),
            left_code_title: Some("无残疾证".to_owned()),
            right_title: String::new(),
            right: Value::Text("none".to_owned()),
            right_code_title: Some("无残疾证".to_owned()),
            ..comparison("1", "<>", "1", Some(false))
        };
        assert_eq!(compared(&code), "残疾类别是无残疾证");
    }
}
