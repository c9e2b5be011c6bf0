//! The path of an indicator and its values in a square of a thousand by a thousand, for the paper. Whole numbers only.

use catalogue::Number;
use serde_json::{Value, json};
use vocab::Month;

use super::IndicatorFigures;
use crate::plans::in_words;
use crate::plans::marks::{marks, micro, number, unit_of};

/// Lines, marks, years and the unit where it does not fit beside the marks; none with fewer than two points in all. A path of one point is a target
/// without a baseline.
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
    let marks = marks(low, high);
    let (low, high) = (*marks.first()?, *marks.last()?);
    let x = |month: Month| 1000 * first.months_until(month) / first.months_until(last).max(1);
    let y = |value: i128| i64::try_from(1000 * (value - low) / (high - low).max(1)).unwrap_or(0);
    let line = |points: &[(Month, Number)]| -> Vec<Value> {
        points.iter().map(|(month, number)| json!([x(*month), y(micro(*number))])).collect()
    };
    let (beside, above) = unit_of(&one.unit);
    let marks: Vec<Value> =
        marks.into_iter().map(|mark| json!([y(mark), in_words::of_unit(number(mark), beside)])).collect();
    let years: Vec<Value> = (first.year()..=last.year())
        .filter_map(|year| {
            let december = Month::new(year, 12).ok().filter(|month| *month >= first && *month <= last)?;
            Some(json!([x(december), year.to_string()]))
        })
        .collect();
    Some(json!({
        "path": line(&one.path), "points": line(&one.points), "marks": marks, "years": years, "unit": above,
    }))
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
        assert_eq!(drawn["unit"], "", "it stands beside the marks");
        // A target without a baseline is drawn as the one point that it is; a long unit stands above.
        (one.path, one.unit) = (one.path[1..].to_vec(), "人/万人".to_owned());
        let drawn = chart(&one).unwrap();
        assert_eq!((drawn["path"].as_array().unwrap().len(), drawn["unit"].as_str()), (1, Some("人/万人")));
        (one.path, one.points) = (Vec::new(), one.points[..1].to_vec());
        assert_eq!(chart(&one), None);
    }
}
