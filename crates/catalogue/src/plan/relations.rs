//! Relations that the numbers of a plan must keep: sums, shares, growth, products and floors.

use std::collections::HashMap;

use super::PlanBook;
use super::book::Entry;
use super::contradictions::{Contradiction, ContradictionKind, Quote, total};
use crate::Number;
use crate::definition::{Comparator, PlanRelation, RelationKind};

impl PlanBook {
    /// The relations that are not kept.
    pub(super) fn relations_broken(&self, found: &mut Vec<Contradiction>) {
        let figures = self.figures();
        for relation in &self.relations {
            if let Some((kind, finding)) = broken(relation, &figures) {
                let used = [
                    &relation.part,
                    &relation.whole,
                    &relation.from,
                    &relation.to,
                    &relation.increase,
                    &relation.of,
                ];
                let mut quotes: Vec<Quote> = std::iter::once(&relation.value)
                    .chain(&relation.parts)
                    .chain(used.into_iter().flatten())
                    .filter_map(|reference| figures.get(reference.as_str()).map(Quote::of))
                    .collect();
                if let Some(source) = &relation.source {
                    quotes.push(Quote {
                        id: relation.id.get().clone(),
                        name: relation.title.clone(),
                        figure: "据以核对的原文".to_owned(),
                        section: None,
                        source: source.get().clone(),
                        line: relation.place.line,
                    });
                }
                found.push(Contradiction { kind, about: relation.title.clone(), finding, quotes });
            }
        }
    }
}

/// What is wrong with one relation; nothing when it holds, or when a number is only about right.
fn broken(
    relation: &PlanRelation,
    figures: &HashMap<String, Entry<'_>>,
) -> Option<(ContradictionKind, String)> {
    let entry = |reference: &str| {
        figures.get(reference).filter(|entry| entry.figure.comparator != Some(Comparator::About))
    };
    let number = |reference: &str| entry(reference)?.figure.number;
    let sum = |parts: &[crate::Reference]| {
        let numbers: Option<Vec<Number>> = parts.iter().map(|part| number(part)).collect();
        numbers.filter(|numbers| !numbers.is_empty()).and_then(|numbers| total(&numbers))
    };
    let value = number(&relation.value)?;
    match relation.kind {
        RelationKind::Sum => {
            let parts: Vec<String> =
                relation.parts.iter().filter_map(|part| number(part)).map(|part| part.to_string()).collect();
            let sum = sum(&relation.parts)?;
            let apart = if sum > value { sum.minus(value)? } else { value.minus(sum)? };
            (sum != value).then(|| {
                (
                    ContradictionKind::Sum,
                    format!("{}={sum}，原文写的是{value}，相差{apart}。", parts.join("+")),
                )
            })
        }
        RelationKind::Share => match (&relation.whole, &relation.whole_number) {
            (Some(whole), _) => {
                let part = match &relation.part {
                    Some(part) => number(part)?,
                    None => sum(&relation.parts)?,
                };
                let whole = number(whole)?;
                let computed = part.percent_of(whole, value.scale())?;
                (computed != value).then(|| {
                    let finding = format!("{part}÷{whole}={computed}%，原文写的是{value}%。");
                    (ContradictionKind::Percentage, finding)
                })
            }
            (None, Some(count)) => {
                let whole = Number::new(**count, 0);
                let mut possible =
                    (0..=**count).map(|part| Number::new(part, 0).percent_of(whole, value.scale()));
                if possible.any(|percent| percent == Some(value)) {
                    return None;
                }
                let all: Vec<String> = (0..=**count)
                    .filter_map(|part| Number::new(part, 0).percent_of(whole, 0))
                    .map(|percent| format!("{percent}%"))
                    .collect();
                let finding = format!("总数是{whole}，只可能是{}，原文写的是{value}%。", all.join("、"));
                Some((ContradictionKind::Percentage, finding))
            }
            (None, None) => None,
        },
        RelationKind::Growth => {
            let to = number(relation.to.as_ref()?)?;
            let (from, growth) = match (&relation.from, &relation.increase) {
                (Some(from), _) => (number(from)?, to.minus(number(from)?)?),
                (None, Some(increase)) => (to.minus(number(increase)?)?, number(increase)?),
                (None, None) => return None,
            };
            let computed = growth.percent_of(from, value.scale())?;
            (computed != value).then(|| {
                let exact = growth.percent_of(from, value.scale().max(1)).unwrap_or(computed);
                let finding = format!("从{from}到{to}增长{exact}%，原文写的是{value}%。");
                (ContradictionKind::Percentage, finding)
            })
        }
        RelationKind::Times => {
            let of = number(relation.of.as_ref()?)?;
            let months = relation.months.unwrap_or(1);
            let factor = relation.factor?;
            let product = of.times(factor)?.times(Number::new(months, 0))?;
            let kept = match relation.comparator {
                Some(Comparator::AtLeast) => value >= product,
                Some(Comparator::AtMost) => value <= product,
                _ => value == product,
            };
            let by_month = if months == 1 { String::new() } else { format!("×{months}个月") };
            let word = match relation.comparator {
                Some(Comparator::AtLeast) => "低于",
                Some(Comparator::AtMost) => "高于",
                _ => "不等于",
            };
            (!kept).then(|| {
                (ContradictionKind::Rule, format!("{value}{word}{of}×{factor}{by_month}={product}。"))
            })
        }
    }
}
