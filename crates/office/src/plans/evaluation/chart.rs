//! The path of an indicator and its values in a square of a thousand by a thousand, for the paper. Whole numbers only.

use catalogue::Number;
use serde_json::{Value, json};
use vocab::Month;

use super::IndicatorFigures;

/// Millionths.
fn micro(number: Number) -> i128 {
    i128::from(number.units()) * 10_i128.pow(6 - number.scale().min(6))
}

/// Lines, marks and years; none with fewer than two points in all.
pub(super) fn chart(one: &IndicatorFigures) -> Option<Value> {
    let all: Vec<(Month, i128)> =
        one.path.iter().chain(&one.points).map(|(month, number)| (*month, micro(*number))).collect();
    let (first, last) =
        (all.iter().map(|(month, _)| *month).min()?, all.iter().map(|(month, _)| *month).max()?);
    let (low, high) =
        (all.iter().map(|(_, value)| *value).min()?, all.iter().map(|(_, value)| *value).max()?);
    if all.len() < 2 || first == last {
        return None;
    }
    let air = ((high - low) / 10).max(1_000_000);
    let (low, high) = (if low >= 0 { (low - air).max(0) } else { low - air }, high + air);
    let x = |month: Month| 1000 * first.months_until(month) / first.months_until(last).max(1);
    let y = |value: i128| i64::try_from(1000 * (value - low) / (high - low).max(1)).unwrap_or(0);
    let line = |points: &[(Month, Number)]| -> Vec<Value> {
        points.iter().map(|(month, number)| json!([x(*month), y(micro(*number))])).collect()
    };
    let marks: Vec<Value> = (0..=2)
        .map(|step| {
            let value = low + (high - low) * step / 2;
            let tenths = i64::try_from((value + 50_000) / 100_000).unwrap_or(i64::MAX);
            json!([y(value), format!("{}{}", Number::new(tenths, 1), short(&one.unit))])
        })
        .collect();
    let years: Vec<Value> = (first.year()..=last.year())
        .filter_map(|year| {
            let december = Month::new(year, 12).ok().filter(|month| *month >= first && *month <= last)?;
            Some(json!([x(december), year.to_string()]))
        })
        .collect();
    Some(json!({ "path": line(&one.path), "points": line(&one.points), "marks": marks, "years": years }))
}

/// A unit that fits beside a mark.
fn short(unit: &str) -> &str {
    if unit.chars().count() <= 2 { unit } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_inside_the_square_and_more_is_higher() {
        let point = |month: &str, number: &str| (month.parse().unwrap(), number.parse().unwrap());
        let mut one = IndicatorFigures {
            path: vec![point("2020-12", "37"), point("2025-12", "55")],
            points: vec![point("2022-06", "41.5"), point("2025-12", "60")],
            ..IndicatorFigures::default()
        };
        let drawn = chart(&one).unwrap();
        for list in ["path", "points"] {
            for at in drawn[list].as_array().unwrap() {
                let inside = |part: usize| (0..=1000).contains(&at[part].as_i64().unwrap());
                assert!(inside(0) && inside(1), "{drawn}");
            }
        }
        assert!(drawn["points"][1][1].as_i64() > drawn["path"][1][1].as_i64());
        (one.path, one.points) = (Vec::new(), one.points[..1].to_vec());
        assert_eq!(chart(&one), None);
    }
}
