//! What the worked examples of a programme have shown of it: how each condition came out, and on which side of each
//! threshold a case stood. What is missing is said where it is written, so far as it can come about at all with the
//! parameters of the places that the examples speak of.

use std::collections::BTreeMap;

use crate::bounds::{Bounds, Possible};
use crate::compiled::{AggregateFunction, Comparator, Form, Function, Node};
use crate::context::Context;
use crate::decide::Outcome;
use crate::diagnostic::{Diagnostic, Part, Span};
use crate::eval::{Evaluator, Frames};
use crate::programme::{Programme, VALIDITY};
use crate::reading::with_titles;
use crate::value::{Record, Value};

/// Which of yes, no and unknown came out, or can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sides {
    yes: bool,
    no: bool,
    unknown: bool,
}

impl Sides {
    const NONE: Sides = Sides { yes: false, no: false, unknown: false };
    const ANY: Sides = Sides { yes: true, no: true, unknown: true };
    const UNKNOWN: Sides = Sides { yes: false, no: false, unknown: true };

    fn of(truth: Option<bool>) -> Sides {
        Sides { yes: truth == Some(true), no: truth == Some(false), unknown: truth.is_none() }
    }

    fn or(self, other: Sides) -> Sides {
        Sides { yes: self.yes || other.yes, no: self.no || other.no, unknown: self.unknown || other.unknown }
    }

    fn without(self, seen: Sides) -> Sides {
        Sides { yes: self.yes && !seen.yes, no: self.no && !seen.no, unknown: self.unknown && !seen.unknown }
    }

    fn turned(self) -> Sides {
        Sides { yes: self.no, no: self.yes, unknown: self.unknown }
    }

    /// Kleene's AND, taking the parts as independent of each other.
    fn and(self, other: Sides) -> Sides {
        Sides {
            yes: self.yes && other.yes,
            no: self.no || other.no,
            unknown: (self.unknown && (other.unknown || other.yes)) || (self.yes && other.unknown),
        }
    }
}

/// What the cases of one programme have shown so far.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// By the condition's id.
    conditions: BTreeMap<String, Sides>,
    /// By where a comparison stands.
    thresholds: BTreeMap<(Part, Span), Sides>,
}

impl Programme {
    /// Adds what one case shows.
    pub fn observe(&self, record: &Record, context: &Context, coverage: &mut Coverage) {
        let evaluator = self.evaluator(record, context);
        let frames = Frames::unit(record);
        let mut observer = Observer { programme: self, evaluator: &evaluator, record, coverage };
        for (source, node) in self.source.conditions.iter().zip(&self.conditions) {
            let truth = match node {
                Some(node) => {
                    observer.walk(node, &Part::Condition(source.id.clone()), &frames);
                    evaluator.truth(node, &frames)
                }
                None => context.findings.get(&source.id).and_then(|finding| finding.met),
            };
            let seen = observer.coverage.conditions.entry(source.id.clone()).or_default();
            *seen = seen.or(Sides::of(truth));
        }
    }

    /// What can come about in one of these contexts and was not seen. The contexts are those of the cases, without
    /// what officers found in them.
    pub fn unseen(&self, coverage: &Coverage, contexts: &[Context]) -> Vec<Diagnostic> {
        let mut wanted = Coverage::default();
        let mut words: BTreeMap<(Part, Span), String> = BTreeMap::new();
        for context in contexts {
            let bounds = Bounds::new(self, Some(context));
            let mut reach =
                Reach { programme: self, bounds: &bounds, wanted: &mut wanted, words: &mut words };
            for (source, node) in self.source.conditions.iter().zip(&self.conditions) {
                let can = match node {
                    Some(node) => {
                        reach.thresholds(node, &Part::Condition(source.id.clone()));
                        reach.sides(node)
                    }
                    None => {
                        context.findings.get(&source.id).map_or(Sides::ANY, |finding| Sides::of(finding.met))
                    }
                };
                let wanted = reach.wanted.conditions.entry(source.id.clone()).or_default();
                *wanted = wanted.or(can);
            }
        }
        let mut found = Vec::new();
        for (source, node) in self.source.conditions.iter().zip(&self.conditions) {
            let (Some(wanted), false) = (wanted.conditions.get(&source.id), source.id == VALIDITY) else {
                continue;
            };
            let left = wanted.without(coverage.conditions.get(&source.id).copied().unwrap_or_default());
            // What always comes out the same here has nothing to show.
            if left == Sides::NONE || [wanted.yes, wanted.no].iter().filter(|side| **side).count() < 2 {
                continue;
            }
            let outcomes =
                [(left.yes, Outcome::Met), (left.no, Outcome::NotMet), (left.unknown, Outcome::Unknown)];
            let outcomes = outcomes.into_iter().filter(|(missing, _)| *missing).map(|(_, outcome)| outcome);
            let (zh, en): (Vec<&str>, Vec<&str>) = outcomes
                .map(|outcome| match outcome {
                    Outcome::Met => ("符合", "met"),
                    Outcome::NotMet => ("不符合", "not met"),
                    Outcome::Unknown => ("情况不明", "unknown"),
                })
                .unzip();
            let zh = format!("例子里没有见到“{}”{}的", source.title, zh.join("、"));
            let en = format!("no case shows this condition {}", en.join(" or "));
            let span = node.as_ref().map_or(Span { start: 0, end: 0 }, |node| node.span);
            found.push(Diagnostic {
                part: Part::Condition(source.id.clone()),
                ..Diagnostic::new(span, zh, en)
            });
        }
        for ((part, span), wanted) in wanted.thresholds {
            let at = (part, span);
            let left = wanted.without(coverage.thresholds.get(&at).copied().unwrap_or_default());
            let side = match (left.yes, left.no) {
                (true, true) => ("两边都没有例子", "on either side of"),
                (true, false) => ("成立的一边没有例子", "where this holds:"),
                (false, true) => ("不成立的一边没有例子", "where this does not hold:"),
                (false, false) => continue,
            };
            let text = words.remove(&at).unwrap_or_default();
            let diagnostic = Diagnostic::new(
                at.1,
                format!("界限“{text}”{}", side.0),
                format!("no case stands {} the threshold", side.1),
            );
            found.push(Diagnostic { part: at.0, ..diagnostic });
        }
        found
    }
}

/// The comparisons of size in a node itself: what stands left and right, and where.
fn thresholds(node: &Node) -> Vec<(Comparator, &Node, &Node, Span)> {
    match &node.form {
        Form::Compare(Comparator::Equal | Comparator::NotEqual, ..) => Vec::new(),
        Form::Compare(comparator, left, right) => vec![(*comparator, left, right, node.span)],
        Form::Between { value, low, high, .. } => vec![
            (Comparator::GreaterOrEqual, value, low, value.span.to(low.span)),
            (Comparator::LessOrEqual, value, high, value.span.to(high.span)),
        ],
        _ => Vec::new(),
    }
}

/// Walks what one case evaluates.
struct Observer<'a, 'c> {
    programme: &'a Programme,
    evaluator: &'c Evaluator<'a>,
    record: &'a Record,
    coverage: &'c mut Coverage,
}

impl<'a> Observer<'a, '_> {
    fn walk(&mut self, node: &'a Node, part: &Part, frames: &Frames<'a, '_>) {
        for (comparator, left, right, span) in thresholds(node) {
            let (left, right) = (self.evaluator.value(left, frames), self.evaluator.value(right, frames));
            let truth = left.compare(&right).map(|order| comparator.holds(order));
            let seen = self.coverage.thresholds.entry((part.clone(), span)).or_default();
            *seen = seen.or(Sides::of(truth));
        }
        match &node.form {
            Form::Definition { index, id, .. } => {
                if let Some(definition) = self.programme.definitions.get(*index) {
                    self.walk(definition, &Part::Definition(id.clone()), &Frames::unit(self.record));
                }
            }
            Form::Case { operand, branches, otherwise } => {
                let against = operand.as_ref().map(|operand| self.evaluator.value(operand, frames));
                operand.iter().for_each(|operand| self.walk(operand, part, frames));
                for (when, then) in branches {
                    self.walk(when, part, frames);
                    match self.evaluator.branch(against.as_ref(), when, frames) {
                        Some(true) => return self.walk(then, part, frames),
                        Some(false) => {}
                        None => return,
                    }
                }
                otherwise.iter().for_each(|otherwise| self.walk(otherwise, part, frames));
            }
            Form::Aggregate(aggregate) => {
                for row in frames.rows(aggregate).into_iter().flatten() {
                    let frames = frames.row(row);
                    let counts = aggregate.filter.as_ref().is_none_or(|filter| {
                        self.walk(filter, part, &frames);
                        self.evaluator.truth(filter, &frames) == Some(true)
                    });
                    if let Some(argument) = aggregate.argument.as_ref().filter(|_| counts) {
                        self.walk(argument, part, &frames);
                    }
                }
            }
            _ => node.children().into_iter().for_each(|child| self.walk(child, part, frames)),
        }
    }
}

/// What can come about at all with the parameters of one place and day.
struct Reach<'a, 'b> {
    programme: &'a Programme,
    bounds: &'b Bounds<'a>,
    wanted: &'b mut Coverage,
    words: &'b mut BTreeMap<(Part, Span), String>,
}

impl<'a> Reach<'a, '_> {
    fn definition(&self, index: usize) -> Option<&'a Node> {
        self.programme.definitions.get(index)
    }

    /// Notes every threshold that can be met with.
    fn thresholds(&mut self, node: &'a Node, part: &Part) {
        for (comparator, left, right, span) in thresholds(node) {
            let can = self.comparison(left, right, self.bounds.compare(comparator, left, right));
            if can.yes && can.no {
                let at = (part.clone(), span);
                self.words.entry(at.clone()).or_insert_with(|| {
                    let titles = &self.programme.told.titles;
                    let [left, right] = [left, right].map(|side| with_titles(side, titles));
                    format!("{left} {} {right}", crate::reading::symbol(comparator))
                });
                let wanted = self.wanted.thresholds.entry(at).or_default();
                *wanted = wanted.or(Sides { yes: true, no: true, unknown: false });
            }
        }
        match &node.form {
            Form::Definition { index, id, .. } => {
                if let Some(definition) = self.definition(*index) {
                    self.thresholds(definition, &Part::Definition(id.clone()));
                }
            }
            Form::Case { operand, branches, otherwise } => {
                operand.iter().for_each(|operand| self.thresholds(operand, part));
                for (when, then) in branches {
                    self.thresholds(when, part);
                    let taken = self.taken(operand.as_deref(), when);
                    if taken.yes {
                        self.thresholds(then, part);
                    }
                    if !taken.no {
                        return;
                    }
                }
                otherwise.iter().for_each(|otherwise| self.thresholds(otherwise, part));
            }
            // A part that always settles the whole leaves nothing to the others.
            Form::And(parts) | Form::Or(parts) if parts.iter().any(|one| self.settles(one, node)) => {}
            _ => node.children().into_iter().for_each(|child| self.thresholds(child, part)),
        }
    }

    /// Whether a part of an AND is always no, or one of an OR always yes.
    fn settles(&self, part: &'a Node, whole: &Node) -> bool {
        let sides = self.sides(part);
        let settled = if let Form::And(_) = whole.form { sides.turned() } else { sides };
        settled == Sides::of(Some(true))
    }

    fn taken(&self, operand: Option<&'a Node>, when: &'a Node) -> Sides {
        match operand {
            None => self.sides(when),
            Some(operand) => self.comparison(operand, when, self.bounds.equal(operand, when)),
        }
    }

    /// A comparison of which `always` is what it always gives when it is known.
    fn comparison(&self, left: &'a Node, right: &'a Node, always: Option<bool>) -> Sides {
        if self.has_no_value(left) || self.has_no_value(right) {
            return Sides::UNKNOWN;
        }
        let unknown = self.may_be_unknown(left) || self.may_be_unknown(right);
        Sides { yes: always != Some(false), no: always != Some(true), unknown }
    }

    /// How a boolean can come out.
    fn sides(&self, node: &'a Node) -> Sides {
        let known = |always: Option<bool>, unknown: bool| Sides {
            yes: always != Some(false),
            no: always != Some(true),
            unknown,
        };
        match &node.form {
            Form::Not(inner) => self.sides(inner).turned(),
            Form::And(parts) => {
                let all = parts.iter().map(|part| self.sides(part)).reduce(Sides::and);
                all.unwrap_or_default()
            }
            Form::Or(parts) => {
                let all = parts.iter().map(|part| self.sides(part).turned()).reduce(Sides::and);
                all.unwrap_or_default().turned()
            }
            Form::Definition { index, .. } => {
                self.definition(*index).map_or(Sides::ANY, |definition| self.sides(definition))
            }
            Form::Compare(comparator, left, right) => {
                self.comparison(left, right, self.bounds.compare(*comparator, left, right))
            }
            Form::Between { negated, .. } => {
                let ends = thresholds(node).into_iter().map(|(comparator, left, right, _)| {
                    self.comparison(left, right, self.bounds.compare(comparator, left, right))
                });
                let inside = ends.reduce(Sides::and).unwrap_or_default();
                if *negated { inside.turned() } else { inside }
            }
            Form::In { value, list, .. } => {
                if self.has_no_value(value) || list.iter().all(|item| self.has_no_value(item)) {
                    return Sides::UNKNOWN;
                }
                known(self.bounds.truth(node), self.may_be_unknown(node))
            }
            Form::Case { operand, branches, otherwise } => {
                let mut sides = Sides::NONE;
                for (when, then) in branches {
                    let taken = self.taken(operand.as_deref(), when);
                    if taken.yes {
                        sides = sides.or(self.sides(then));
                    }
                    sides.unknown |= taken.unknown;
                    if !taken.no {
                        return sides;
                    }
                }
                sides.or(otherwise.as_ref().map_or(Sides::UNKNOWN, |otherwise| self.sides(otherwise)))
            }
            Form::Call(Function::Coalesce, arguments) => {
                let mut sides = Sides::UNKNOWN;
                for argument in arguments {
                    let next = self.sides(argument);
                    sides = Sides { unknown: next.unknown, ..sides.or(next) };
                    if !next.unknown {
                        break;
                    }
                }
                sides
            }
            _ => match self.bounds.of(node) {
                Possible::Nothing => Sides::UNKNOWN,
                Possible::Truth(always) => known(always, self.may_be_unknown(node)),
                Possible::Ordered(_) | Possible::Text(_) => Sides::ANY,
            },
        }
    }

    /// True for what needs a parameter that has no value here, whatever the family.
    fn has_no_value(&self, node: &'a Node) -> bool {
        match &node.form {
            Form::Constant(value) => *value == Value::Unknown,
            Form::Parameter { .. } | Form::Lookup { .. } => self.bounds.of(node) == Possible::Nothing,
            Form::Definition { index, .. } => {
                self.definition(*index).is_some_and(|definition| self.has_no_value(definition))
            }
            Form::Chain { .. } | Form::Negate(_) | Form::Round { .. } => {
                node.children().into_iter().any(|child| self.has_no_value(child))
            }
            Form::Call(Function::Coalesce, arguments) => {
                arguments.iter().all(|argument| self.has_no_value(argument))
            }
            Form::Call(_, arguments) => arguments.iter().any(|argument| self.has_no_value(argument)),
            _ => false,
        }
    }

    /// Whether a family of which something is unknown can leave this unknown.
    fn may_be_unknown(&self, node: &'a Node) -> bool {
        match &node.form {
            Form::Field(_) => true,
            Form::Aggregate(aggregate) => aggregate.function != AggregateFunction::KnownSum,
            Form::IsNull { .. } => false,
            Form::Parameter { .. } | Form::Constant(_) => self.has_no_value(node),
            Form::Definition { index, .. } => {
                self.definition(*index).is_some_and(|definition| self.may_be_unknown(definition))
            }
            Form::Call(Function::Coalesce, arguments) => {
                arguments.iter().all(|argument| self.may_be_unknown(argument))
            }
            _ => node.children().into_iter().any(|child| self.may_be_unknown(child)),
        }
    }
}
