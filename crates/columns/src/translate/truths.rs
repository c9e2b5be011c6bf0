//! Yes, no and unknown: Kleene's logic over pairs of masks, comparisons, and the choice between branches.

use rules::compiled::{Comparator, Node};

use super::{Ordinal, Translator, Truth, Vector};
use crate::graph::{Made, Mask, Refusal};
use crate::number::Number;

impl Translator<'_, '_, '_> {
    pub(crate) fn no(&mut self, truth: Truth) -> Made<Mask> {
        match truth.no {
            Some(no) => Ok(no),
            None => self.graph.not(truth.yes),
        }
    }

    pub(crate) fn turned(&mut self, truth: Truth) -> Made<Truth> {
        Ok(Truth { yes: self.no(truth)?, no: truth.no.map(|_| truth.yes) })
    }

    /// Kleene's AND.
    pub(crate) fn all(&mut self, parts: &[Truth]) -> Made<Truth> {
        let yes: Vec<Mask> = parts.iter().map(|part| part.yes).collect();
        let yes = self.graph.and(&yes)?;
        if parts.iter().all(|part| part.no.is_none()) {
            return Ok(Truth { yes, no: None });
        }
        let no = parts.iter().map(|&part| self.no(part)).collect::<Made<Vec<Mask>>>()?;
        let no = self.graph.or(&no)?;
        Ok(Truth { yes, no: if no == Mask::Yes { None } else { Some(no) } })
    }

    /// Kleene's OR.
    pub(crate) fn any(&mut self, parts: &[Truth]) -> Made<Truth> {
        let turned = parts.iter().map(|&part| self.turned(part)).collect::<Made<Vec<Truth>>>()?;
        if parts.iter().all(|part| part.no.is_none()) {
            let yes: Vec<Mask> = parts.iter().map(|part| part.yes).collect();
            return Ok(Truth { yes: self.graph.or(&yes)?, no: None });
        }
        let none = self.all(&turned)?;
        self.turned(none)
    }

    /// A truth that holds where `holds` and is unknown unless `known`.
    fn known_truth(&mut self, holds: Mask, known: Mask) -> Made<Truth> {
        if known == Mask::Yes {
            return Ok(Truth { yes: holds, no: None });
        }
        let not = self.graph.not(holds)?;
        Ok(Truth { yes: self.graph.and(&[holds, known])?, no: Some(self.graph.and(&[not, known])?) })
    }

    pub(crate) fn known(&mut self, value: &Vector) -> Made<Mask> {
        match value {
            Vector::Unknown => Ok(Mask::No),
            Vector::Number(number) => Ok(number.known),
            Vector::Ordinal(ordinal) => Ok(ordinal.known),
            Vector::Truth(Truth { no: None, .. }) => Ok(Mask::Yes),
            Vector::Truth(Truth { yes, no: Some(no) }) => self.graph.or(&[*yes, *no]),
        }
    }

    pub(super) fn compare(&mut self, comparator: Comparator, a: &Vector, b: &Vector) -> Made<Truth> {
        match (a, b) {
            (Vector::Unknown, _) | (_, Vector::Unknown) => Ok(Truth::UNKNOWN),
            (Vector::Number(a), Vector::Number(b)) => {
                let known = self.graph.and(&[a.known, b.known])?;
                let holds = self.graph.compared(comparator, a, b)?;
                self.known_truth(holds, known)
            }
            (Vector::Ordinal(a), Vector::Ordinal(b)) if a.kind == b.kind => {
                let known = self.graph.and(&[a.known, b.known])?;
                let holds = self.graph.compare(comparator, a.value, b.value)?;
                self.known_truth(holds, known)
            }
            (Vector::Truth(a), Vector::Truth(b)) => {
                let (not_a, not_b) = (self.turned(*a)?, self.turned(*b)?);
                let (both, neither) = (self.all(&[*a, *b])?, self.all(&[not_a, not_b])?);
                let equal = self.any(&[both, neither])?;
                match comparator {
                    Comparator::Equal => Ok(equal),
                    Comparator::NotEqual => self.turned(equal),
                    Comparator::Less
                    | Comparator::LessOrEqual
                    | Comparator::Greater
                    | Comparator::GreaterOrEqual => Err(Refusal::new("是否没有大小")),
                }
            }
            _ => Err(Refusal::new("两种类型不能相比")),
        }
    }

    /// `then` where `when` is yes, `otherwise` where it is no, else unknown.
    pub(crate) fn choice(&mut self, when: Truth, then: Vector, otherwise: Vector) -> Made<Vector> {
        if when.no.is_none() {
            match when.yes {
                Mask::Yes => return Ok(then),
                Mask::No => return Ok(otherwise),
                Mask::Node(_) => {}
            }
        }
        let no = self.no(when)?;
        let known = {
            let (first, second) = (self.known(&then)?, self.known(&otherwise)?);
            if when.no.is_none() && first == Mask::Yes && second == Mask::Yes {
                Mask::Yes
            } else {
                let (first, second) = (self.graph.and(&[when.yes, first])?, self.graph.and(&[no, second])?);
                self.graph.or(&[first, second])?
            }
        };
        Ok(match (then, otherwise) {
            (Vector::Unknown, Vector::Unknown) => Vector::Unknown,
            (Vector::Number(a), Vector::Number(b)) => {
                Vector::Number(self.graph.chosen(when.yes, &a, &b, known)?)
            }
            (Vector::Number(only), Vector::Unknown) | (Vector::Unknown, Vector::Number(only)) => {
                Vector::Number(Number { known, ..only })
            }
            (Vector::Ordinal(a), Vector::Ordinal(b)) if a.kind == b.kind => {
                let value = self.graph.select(when.yes, a.value, b.value)?;
                Vector::Ordinal(Ordinal { kind: a.kind, value, known })
            }
            (Vector::Ordinal(only), Vector::Unknown) | (Vector::Unknown, Vector::Ordinal(only)) => {
                Vector::Ordinal(Ordinal { known, ..only })
            }
            (Vector::Truth(_) | Vector::Unknown, Vector::Truth(_) | Vector::Unknown) => {
                let truth = |vector| if let Vector::Truth(truth) = vector { truth } else { Truth::UNKNOWN };
                let (a, b) = (truth(then), truth(otherwise));
                let (a_no, b_no) = (self.no(a)?, self.no(b)?);
                let mut pick = |first, second| -> Made<Mask> {
                    let (first, second) =
                        (self.graph.and(&[when.yes, first])?, self.graph.and(&[no, second])?);
                    self.graph.or(&[first, second])
                };
                let yes = pick(a.yes, b.yes)?;
                let no = if known == Mask::Yes { None } else { Some(pick(a_no, b_no)?) };
                Vector::Truth(Truth { yes, no })
            }
            _ => return Err(Refusal::new("分支的类型不同")),
        })
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&Node>,
        branches: &[(Node, Node)],
        otherwise: Option<&Node>,
    ) -> Made<Vector> {
        let operand = operand.map(|operand| self.value(operand)).transpose()?;
        let mut conditions = Vec::new();
        for (when, then) in branches {
            let when = match &operand {
                None => self.truth(when)?,
                Some(operand) => {
                    let value = self.value(when)?;
                    self.compare(Comparator::Equal, operand, &value)?
                }
            };
            // What can never be reached is not translated: it may need what this snapshot cannot prove.
            if when == Truth::NO {
                continue;
            }
            conditions.push((when, then));
            if when == Truth::YES || when == Truth::UNKNOWN {
                break;
            }
        }
        let settled =
            conditions.last().is_some_and(|(when, _)| *when == Truth::YES || *when == Truth::UNKNOWN);
        let mut result = match otherwise {
            Some(otherwise) if !settled => self.value(otherwise)?,
            _ => Vector::Unknown,
        };
        for (when, then) in conditions.into_iter().rev() {
            let then = if when == Truth::UNKNOWN { Vector::Unknown } else { self.value(then)? };
            result = self.choice(when, then, result)?;
        }
        Ok(result)
    }
}
