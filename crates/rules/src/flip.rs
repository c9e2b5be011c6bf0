//! The smallest change of one number that would turn an outcome: how far the family is from the other side, in the
//! number's own unit, and never a change that the number's bounds or decimals forbid.

use serde::{Deserialize, Serialize};

use crate::compiled::{Comparator, Form, Node};
use crate::eval::{Frames, Seen};
use crate::rational::{Rational, power_of_ten};
use crate::reading::{unit_of, with_titles};
use crate::trace::Tracer;
use crate::value::Value;

/// The smallest change of one compared number that turns the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// Id of the condition.
    pub condition: String,
    /// The number that would have to change, in titles.
    pub title: String,
    /// Its unit for people, such as 元, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Its value now.
    pub from: Value,
    /// What would have to be added to it (negative: taken away).
    pub delta: Value,
    /// Whether exactly `delta` suffices; if not, it must be more than that, by however little.
    pub inclusive: bool,
    /// For people: `人均月收入再低 35.20 元即符合`.
    pub text: String,
}

impl<'a> Tracer<'a, '_> {
    /// The changes of one number each that would turn a condition that is known to hold or not to hold.
    pub(crate) fn flips(&self, node: &'a Node, condition: &str, holds: bool) -> Vec<Flip> {
        let mut found = Vec::new();
        self.turns(node, Some(holds), condition, holds, &mut found);
        found
    }

    /// True for what no family can change: constants, parameters, dates, and definitions made of these alone.
    fn is_given(&self, node: &'a Node) -> bool {
        match &node.form {
            Form::Field(_) | Form::Aggregate(_) => false,
            Form::Definition { index, .. } => {
                self.definitions.get(*index).is_some_and(|definition| self.is_given(definition))
            }
            _ => node.children().into_iter().all(|child| self.is_given(child)),
        }
    }

    fn truth(&self, node: &'a Node) -> Option<bool> {
        self.evaluator.truth(node, &Frames::unit(self.record))
    }

    fn seen(&self, node: &'a Node) -> Seen<'a> {
        self.evaluator.value(node, &Frames::unit(self.record))
    }

    /// `holds` is how the node comes out.
    fn turns(&self, node: &'a Node, holds: Option<bool>, condition: &str, met: bool, found: &mut Vec<Flip>) {
        let Some(holds) = holds else { return };
        match &node.form {
            Form::Not(inner) => self.turns(inner, Some(!holds), condition, met, found),
            Form::Definition { index, .. } => {
                if let Some(definition) = self.definitions.get(*index) {
                    self.turns(definition, Some(holds), condition, met, found);
                }
            }
            Form::Case { .. } => {
                if let Some(taken) = self.taken(node) {
                    self.turns(taken, Some(holds), condition, met, found);
                }
            }
            Form::And(parts) | Form::Or(parts) => {
                // What the whole is when every part is so: true for AND, false for OR.
                let neutral = matches!(node.form, Form::And(_));
                let known = parts.iter().map(|part| (part, self.truth(part)));
                if holds == neutral {
                    known.for_each(|(part, truth)| self.turns(part, truth, condition, met, found));
                } else {
                    let mut others = known.filter(|(_, truth)| *truth != Some(neutral));
                    if let (Some((only, truth)), None) = (others.next(), others.next()) {
                        self.turns(only, truth, condition, met, found);
                    }
                }
            }
            Form::Compare(comparator, left, right) => {
                self.turn(*comparator, left, right, condition, met, found);
            }
            Form::Between { value, low, high, .. } => {
                let bounds = [(Comparator::GreaterOrEqual, low), (Comparator::LessOrEqual, high)];
                let within = bounds.map(|(comparator, bound)| {
                    self.seen(value).compare(&self.seen(bound)).map(|order| comparator.holds(order))
                });
                // Inside, either bound may be crossed; outside, only the one that was overstepped.
                let inside = within == [Some(true); 2];
                for ((comparator, bound), holds) in bounds.into_iter().zip(within) {
                    if inside || holds == Some(false) {
                        self.turn(comparator, value, bound, condition, met, found);
                    }
                }
            }
            _ => {}
        }
    }

    fn turn(
        &self,
        comparator: Comparator,
        left: &'a Node,
        right: &'a Node,
        condition: &str,
        met: bool,
        found: &mut Vec<Flip>,
    ) {
        // The side that speaks of the family is the one that could change.
        let (comparator, left, right) = if self.is_given(left) && !self.is_given(right) {
            (comparator.mirrored(), right, left)
        } else {
            (comparator, left, right)
        };
        let (Seen::Number(from), Seen::Number(limit)) = (self.seen(left), self.seen(right)) else { return };
        let target = if comparator.holds(from.cmp(&limit)) { comparator.opposite() } else { comparator };
        let Some((goal, inclusive)) = goal(target, &limit, left) else { return };
        let delta = &goal - &from;
        let lower = match target {
            Comparator::Less | Comparator::LessOrEqual => true,
            Comparator::Greater | Comparator::GreaterOrEqual => false,
            Comparator::Equal | Comparator::NotEqual => delta.is_negative(),
        };
        let unit = unit_of(left).or_else(|| unit_of(right));
        let (figure, inclusive_figure) = measured(&delta.abs(), inclusive, unit);
        let title = with_titles(left, self.titles);
        let direction = if lower { "低" } else { "高" };
        let result = if met { "即不符合" } else { "即符合" };
        let text = match (inclusive || inclusive_figure, delta.is_zero()) {
            (false, true) => format!("{title}再{direction}一点{result}"),
            (false, false) => format!("{title}再{direction}超过 {figure}{result}"),
            (true, _) => format!("{title}再{direction} {figure}{result}"),
        };
        found.push(Flip {
            condition: condition.to_owned(),
            title,
            unit: unit.map(str::to_owned),
            from: Value::Number(from),
            delta: Value::Number(delta),
            inclusive,
            text,
        });
    }
}

/// The nearest value of `left` for which the target holds, and whether that value itself does or only those beyond it.
/// Nothing where the bounds of `left` do not reach so far.
fn goal(target: Comparator, limit: &Rational, left: &Node) -> Option<(Rational, bool)> {
    let range = left.ty.range()?;
    let step = range.scale.and_then(|scale| i32::try_from(scale).ok()).map(power_of_ten);
    let (goal, inclusive) = match (target, &step) {
        // Any change at all would do: there is no smallest one to speak of.
        (Comparator::NotEqual, _) => return None,
        (Comparator::Equal, Some(step)) if !(limit * step).is_whole() => return None,
        (Comparator::Equal, _) => (limit.clone(), true),
        (_, Some(step)) => {
            let steps = limit * step;
            let steps = match target {
                Comparator::LessOrEqual => steps.floor(),
                Comparator::Less => &steps.ceil() - &Rational::ONE,
                Comparator::Greater => &steps.floor() + &Rational::ONE,
                _ => steps.ceil(),
            };
            (steps.checked_div(step)?, true)
        }
        (Comparator::LessOrEqual | Comparator::GreaterOrEqual, None) => (limit.clone(), true),
        (Comparator::Less | Comparator::Greater, None) => (limit.clone(), false),
    };
    let reaches = |bound: &Option<Rational>, within: fn(&Rational, &Rational) -> bool| {
        bound.as_ref().is_none_or(|bound| within(bound, &goal) && (inclusive || *bound != goal))
    };
    let possible = match target {
        Comparator::Less | Comparator::LessOrEqual => reaches(&range.min, |min, goal| min <= goal),
        Comparator::Greater | Comparator::GreaterOrEqual => reaches(&range.max, |max, goal| max >= goal),
        Comparator::Equal | Comparator::NotEqual => {
            reaches(&range.min, |min, goal| min <= goal) && reaches(&range.max, |max, goal| max >= goal)
        }
    };
    possible.then_some((goal, inclusive))
}

/// A change as a person reads it, and whether the figure itself suffices although the exact one would not: money is
/// given to the fen and other endless fractions to four decimals, each rounded up, so that whoever changes by it is over.
fn measured(change: &Rational, inclusive: bool, unit: Option<&str>) -> (String, bool) {
    let digits: u8 = match (unit, change.decimals()) {
        (Some("元"), _) => 2,
        (_, Some(decimals @ 0..=6)) => u8::try_from(decimals).unwrap_or(6),
        (_, Some(_) | None) => 4,
    };
    let step = power_of_ten(i32::from(digits));
    let shown = (change * &step).ceil().checked_div(&step).unwrap_or_else(|| change.clone());
    let suffices = inclusive || shown != *change;
    let figure = shown.to_decimal(digits);
    (unit.map_or_else(|| format!("{figure} "), |unit| format!("{figure} {unit}")), suffices)
}

/// The flip with the smallest change in proportion to the number that changes; the first of equals.
pub(crate) fn nearest_flip(flips: &[Flip]) -> Option<&Flip> {
    let share = |flip: &Flip| {
        let (delta, from) = (flip.delta.as_number()?.abs(), flip.from.as_number()?.abs());
        delta.checked_div(&from.max(Rational::ONE))
    };
    flips.iter().min_by(|a, b| share(a).cmp(&share(b)))
}
