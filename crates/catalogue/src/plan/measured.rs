//! The indicators of a plan as they are set beside those of other places: what is promised, from where, over what it is counted.

use serde::{Deserialize, Serialize};

use super::PlanBook;
use crate::Number;
use crate::definition::Comparator;

/// One indicator that has a measure under which plans are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The measure.
    pub measure: String,
    /// Id of the indicator in its own plan.
    pub id: String,
    /// Its name there.
    pub name: String,
    /// 约束性, 预期性, 未注明.
    pub kind: String,
    /// Where it begins: year and words of the print.
    pub baseline: Option<(u16, String)>,
    /// Year of the target.
    pub year: Option<u16>,
    /// 达到, 以上 and the like.
    pub comparator: String,
    /// The target as a number, else as printed.
    pub target: String,
    /// Unit.
    pub unit: String,
    /// The target for ten thousand people, where a share of the population is printed in %, ‰ or 人/万人.
    pub per_ten_thousand: Option<String>,
    /// What it is counted over, where the plan says.
    pub base: Option<String>,
    /// The words of the plan.
    pub quote: String,
}

/// A share of the population in the one unit in which shares of %, ‰ and 人/万人 can stand side by side.
fn per_ten_thousand(number: Number, unit: &str, base: &str) -> Option<Number> {
    let factor = match unit {
        "%" => 100,
        "‰" => 10,
        "人/万人" => 1,
        _ => return None,
    };
    if base.contains("人口") { number.times(Number::new(factor, 0)) } else { None }
}

impl PlanBook {
    /// The indicators that can be compared with those of other plans, in the order of the plan.
    #[must_use]
    pub fn measured(&self) -> Vec<Measured> {
        let promised = self.indicators.iter().filter(|one| !one.is_history());
        promised
            .filter_map(|one| {
                let (measure, target) = (one.measure.as_ref()?, one.target.as_ref()?);
                let alike = target
                    .number
                    .and_then(|number| per_ten_thousand(number, one.unit.as_deref()?, one.base.as_deref()?));
                Some(Measured {
                    measure: measure.clone(),
                    id: one.id.get().clone(),
                    name: one.name.clone(),
                    kind: one.kind.title().to_owned(),
                    baseline: one
                        .baseline
                        .as_ref()
                        .map(|figure| (figure.year.unwrap_or(self.plan.base_year), figure.words())),
                    year: target.year,
                    comparator: target.comparator.map(Comparator::title).unwrap_or_default().to_owned(),
                    target: target.number.map_or_else(|| target.words(), |number| number.to_string()),
                    unit: one.unit.clone().unwrap_or_default(),
                    per_ten_thousand: alike.map(|number| number.to_string()),
                    base: one.base.clone(),
                    quote: one.row.as_ref().unwrap_or(&one.source).to_string(),
                })
            })
            .collect()
    }
}
