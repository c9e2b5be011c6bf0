//! Whether an amount can fall below zero: bounds first, then what the conditions guarantee. `standard - income` is not
//! negative where the condition `income < standard` is met, nor is `standard * n - total` where `total / n < standard`.

use crate::bounds::Bounds;
use crate::compiled::{AggregateFunction, Comparator, Form, Function, Link, Node, Operator};
use crate::programme::Programme;
use crate::rational::Rational;

/// A sum of signed terms; true for those taken away.
type Sum<'a> = Vec<(bool, &'a Node)>;

/// What the met conditions of a programme say of signs.
pub(crate) struct Signs<'a> {
    bounds: &'a Bounds<'a>,
    definitions: &'a [Node],
    /// (greater, smaller): met conditions put the first at least at the second.
    facts: Vec<(&'a Node, &'a Node)>,
}

impl<'a> Signs<'a> {
    pub(crate) fn of(programme: &'a Programme, bounds: &'a Bounds<'a>) -> Signs<'a> {
        let mut signs = Signs { bounds, definitions: &programme.definitions, facts: Vec::new() };
        for condition in programme.conditions.iter().flatten() {
            signs.learn(condition);
        }
        signs
    }

    fn learn(&mut self, node: &'a Node) {
        match &node.form {
            Form::And(parts) => parts.iter().for_each(|part| self.learn(part)),
            Form::Definition { index, .. } => {
                if let Some(definition) = self.definitions.get(*index) {
                    self.learn(definition);
                }
            }
            Form::Compare(Comparator::Less | Comparator::LessOrEqual, left, right) => {
                self.facts.push((right, left));
            }
            Form::Compare(Comparator::Greater | Comparator::GreaterOrEqual, left, right) => {
                self.facts.push((left, right));
            }
            Form::Between { value, low, high, negated: false } => {
                self.facts.push((value, low));
                self.facts.push((high, value));
            }
            _ => {}
        }
    }

    /// True if the number is proven not to be negative where the conditions are met.
    pub(crate) fn not_negative(&self, node: &'a Node) -> bool {
        if self.bounds.range(node).min.is_some_and(|min| !min.is_negative()) {
            return true;
        }
        match &node.form {
            Form::Definition { index, .. } => {
                self.definitions.get(*index).is_some_and(|definition| self.not_negative(definition))
            }
            Form::Round { value, .. } => self.not_negative(value),
            Form::Call(function, arguments) => match function {
                Function::Greatest => arguments.iter().any(|argument| self.not_negative(argument)),
                Function::Least | Function::Coalesce => {
                    arguments.iter().all(|argument| self.not_negative(argument))
                }
                Function::Floor | Function::Ceil => self.not_negative(&arguments[0]),
                _ => false,
            },
            Form::Case { branches, otherwise, .. } => branches
                .iter()
                .map(|(_, then)| then)
                .chain(otherwise.as_deref())
                .all(|result| self.not_negative(result)),
            Form::Aggregate(aggregate) => {
                !matches!(aggregate.function, AggregateFunction::BoolOr | AggregateFunction::BoolAnd)
                    && aggregate.argument.as_ref().is_none_or(|argument| self.not_negative(argument))
            }
            Form::Chain { first, rest } => match rest.first().map(|link| link.operator) {
                Some(Operator::Multiply | Operator::Divide) => {
                    self.not_negative(first) && rest.iter().all(|link| self.not_negative(&link.operand))
                }
                _ => {
                    let mut sum = Sum::new();
                    self.terms(node, false, &mut sum);
                    self.sum_not_negative(&sum)
                }
            },
            _ => false,
        }
    }

    /// Writes a number as a sum, definitions that are sums opened.
    fn terms(&self, node: &'a Node, negative: bool, sum: &mut Sum<'a>) {
        let node = self.opened(node);
        match &node.form {
            Form::Negate(inner) => self.terms(inner, !negative, sum),
            Form::Chain { first, rest }
                if rest.iter().all(|link| matches!(link.operator, Operator::Add | Operator::Subtract)) =>
            {
                self.terms(first, negative, sum);
                for Link { operator, operand, .. } in rest {
                    self.terms(operand, negative != (*operator == Operator::Subtract), sum);
                }
            }
            _ => {
                // What stands on both sides is gone.
                match sum.iter().position(|(sign, other)| *sign != negative && self.same(other, node)) {
                    Some(index) => drop(sum.swap_remove(index)),
                    None => sum.push((negative, node)),
                }
            }
        }
    }

    /// Each term taken away must be made up for by a condition; what is left must not be negative.
    fn sum_not_negative(&self, sum: &Sum<'a>) -> bool {
        let Some(index) = sum.iter().position(|(negative, term)| *negative && !self.is_zero(term)) else {
            return sum.iter().all(|(_, term)| self.not_negative(term));
        };
        let taken = sum[index].1;
        self.facts.iter().any(|(greater, smaller)| {
            let mut rest = sum.clone();
            // greater - smaller ≥ 0; take that away from the sum and look at what is left.
            if self.same(self.opened(smaller), taken) {
                self.terms(greater, true, &mut rest);
                self.terms(smaller, false, &mut rest);
                return rest.len() < sum.len() && self.sum_not_negative(&rest);
            }
            // smaller = total / n: then greater * n - total ≥ 0, if n ≥ 0.
            let Form::Chain { first, rest: links } = &self.opened(smaller).form else { return false };
            let [Link { operator: Operator::Divide, operand: divisor, .. }] = links.as_slice() else {
                return false;
            };
            let made_up =
                sum.iter().position(|(negative, term)| !negative && self.is_product(term, greater, divisor));
            match made_up {
                Some(at) if self.same(self.opened(first), taken) && self.not_negative(divisor) => {
                    let left = sum.iter().enumerate().filter(|(i, _)| *i != at && *i != index);
                    self.sum_not_negative(&left.map(|(_, term)| *term).collect())
                }
                _ => false,
            }
        })
    }

    fn is_zero(&self, node: &'a Node) -> bool {
        self.bounds.exact(node) == Some(Rational::ZERO)
    }

    /// True for `a * b` and `b * a`.
    fn is_product(&self, node: &'a Node, a: &'a Node, b: &'a Node) -> bool {
        let Form::Chain { first, rest } = &node.form else { return false };
        let [Link { operator: Operator::Multiply, operand, .. }] = rest.as_slice() else { return false };
        (self.same(first, a) && self.same(operand, b)) || (self.same(first, b) && self.same(operand, a))
    }

    /// A definition's own tree, as deep as definitions are only names for one another or sums.
    fn opened(&self, mut node: &'a Node) -> &'a Node {
        while let Form::Definition { index, .. } = &node.form {
            match self.definitions.get(*index) {
                Some(definition) => node = definition,
                None => break,
            }
        }
        node
    }

    fn same(&self, a: &'a Node, b: &'a Node) -> bool {
        self.opened(a) == self.opened(b)
    }
}
