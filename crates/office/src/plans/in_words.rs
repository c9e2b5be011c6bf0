//! Numbers of the plan as pages and papers print them.

use catalogue::Number;
use catalogue::definition::{Plan, PlanFigure, PlanIndicator};

use super::judge::Target;

/// A number with the indicator's unit.
#[must_use]
pub fn with_unit(number: Number, indicator: &PlanIndicator) -> String {
    format!("{number}{}", indicator.unit.as_deref().unwrap_or_default())
}

/// A figure as printed, with the unit where the print leaves it to the table's head.
#[must_use]
pub fn printed(figure: Option<&PlanFigure>, indicator: &PlanIndicator) -> String {
    let Some(figure) = figure else { return "未印".to_owned() };
    let words = figure.words();
    let bare = words.chars().all(|sign| sign.is_ascii_digit() || sign == '.');
    match (&indicator.unit, figure.number) {
        (Some(unit), Some(_)) if bare => format!("{words}{unit}"),
        _ => words,
    }
}

/// The baseline with the year of which it is; of what is unknown or not printed the year says nothing.
#[must_use]
pub fn baseline(plan: &Plan, indicator: &PlanIndicator) -> String {
    let words = printed(indicator.baseline.as_ref(), indicator);
    match &indicator.baseline {
        Some(figure) if !figure.is_dash() => {
            format!("{words}（{}年）", figure.year.unwrap_or(plan.base_year))
        }
        _ => words,
    }
}

/// The target that holds.
#[must_use]
pub fn target(indicator: &PlanIndicator, target: &Target) -> String {
    if target.adjusted {
        return target
            .number
            .map(|number| format!("{}（已调整）", with_unit(number, indicator)))
            .unwrap_or_default();
    }
    printed(indicator.target.as_ref(), indicator)
}
