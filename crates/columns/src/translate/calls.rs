//! The plain functions, and the arithmetic of dates and months.

use rules::compiled::{Comparator, Function, Node};

use super::{Ordinal, Translator, Truth, Vector};
use crate::dates;
use crate::graph::{Arg, Calendar, Made, Mask, Refusal, Rounding};
use crate::number::Number;
use crate::schema::Kind;

/// Months that `add_months` may move by; rules that go further are decided one by one.
const MONTHS_MAX: i64 = 200_000;

impl Translator<'_, '_, '_> {
    pub(super) fn call(&mut self, function: Function, arguments: &[Node]) -> Made<Vector> {
        Ok(match function {
            Function::Coalesce => {
                let mut values =
                    arguments.iter().map(|argument| self.value(argument)).collect::<Made<Vec<Vector>>>()?;
                let mut result = values.pop().unwrap_or(Vector::Unknown);
                while let Some(first) = values.pop() {
                    let known = self.known(&first)?;
                    result = match (first, result) {
                        (Vector::Truth(a), Vector::Truth(b)) => {
                            let unknown = self.graph.not(known)?;
                            let (a_no, b_no) = (self.no(a)?, self.no(b)?);
                            let more = self.graph.and(&[unknown, b.yes])?;
                            let yes = self.graph.or(&[a.yes, more])?;
                            let more = self.graph.and(&[unknown, b_no])?;
                            let no = self.graph.or(&[a_no, more])?;
                            let definite = a.no.is_none() || b.no.is_none();
                            Vector::Truth(Truth { yes, no: (!definite).then_some(no) })
                        }
                        (first, result) => {
                            let also = self.known(&result)?;
                            let all = self.graph.or(&[known, also])?;
                            let chosen = self.choice(Truth { yes: known, no: None }, first, result)?;
                            match chosen {
                                Vector::Number(number) => Vector::Number(Number { known: all, ..number }),
                                Vector::Ordinal(ordinal) => {
                                    Vector::Ordinal(Ordinal { known: all, ..ordinal })
                                }
                                other => other,
                            }
                        }
                    };
                }
                result
            }
            Function::Least | Function::Greatest => {
                let least = function == Function::Least;
                let mut result: Option<Vector> = None;
                for argument in arguments {
                    let value = self.value(argument)?;
                    result = Some(match (result, value) {
                        (None, value) => value,
                        (Some(Vector::Number(a)), Vector::Number(b)) => {
                            Vector::Number(self.graph.extreme_number(&a, &b, least)?)
                        }
                        (Some(Vector::Ordinal(a)), Vector::Ordinal(b)) if a.kind == b.kind => {
                            let value = self.graph.extreme(a.value, b.value, least)?;
                            let known = self.graph.and(&[a.known, b.known])?;
                            Vector::Ordinal(Ordinal { kind: a.kind, value, known })
                        }
                        (Some(Vector::Unknown), _) | (_, Vector::Unknown) => Vector::Unknown,
                        _ => return Err(Refusal::new("两种类型不能相比")),
                    });
                }
                result.unwrap_or(Vector::Unknown)
            }
            Function::Floor | Function::Ceil => {
                let number = self.number(&arguments[0])?;
                let rounding = if function == Function::Floor { Rounding::Floor } else { Rounding::Ceil };
                Vector::Number(self.graph.rounded(&number, 0, rounding)?)
            }
            Function::Abs => {
                let number = self.number(&arguments[0])?;
                Vector::Number(self.graph.absolute(&number)?)
            }
            Function::AgeAt => {
                let (born, on) =
                    (self.ordinal(&arguments[0], Kind::Date)?, self.ordinal(&arguments[1], Kind::Date)?);
                let days = self.graph.subtract(on.value, born.value)?;
                let years = self.graph.shift(days, dates::YEAR_SHIFT)?;
                let alive = self.graph.compare(Comparator::LessOrEqual, born.value, on.value)?;
                Vector::Number(Number::whole(years, self.graph.and(&[born.known, on.known, alive])?))
            }
            Function::DaysBetween => {
                let (from, to) =
                    (self.ordinal(&arguments[0], Kind::Date)?, self.ordinal(&arguments[1], Kind::Date)?);
                self.between(Calendar::DaysBetween, &from, &to)?
            }
            Function::MonthsBetween => {
                let (from, to) = (self.value(&arguments[0])?, self.value(&arguments[1])?);
                match (from, to) {
                    (Vector::Ordinal(from), Vector::Ordinal(to)) if from.kind == Kind::Month => {
                        let known = self.graph.and(&[from.known, to.known])?;
                        Vector::Number(Number::whole(self.graph.subtract(to.value, from.value)?, known))
                    }
                    (Vector::Ordinal(from), Vector::Ordinal(to)) => {
                        self.between(Calendar::MonthsBetween, &from, &to)?
                    }
                    _ => Vector::Unknown,
                }
            }
            Function::AddMonths => self.add_months(&arguments[0], &arguments[1])?,
            Function::MonthOf => {
                let date = self.ordinal(&arguments[0], Kind::Date)?;
                let value = self.monotone(Calendar::MonthOf, date.value, Arg::Const(0))?;
                self.month(value, date.known)?
            }
            Function::FirstDay | Function::LastDay => {
                let month = self.ordinal(&arguments[0], Kind::Month)?;
                let calendar =
                    if function == Function::FirstDay { Calendar::FirstDay } else { Calendar::LastDay };
                let value = self.monotone(calendar, month.value, Arg::Const(0))?;
                Vector::Ordinal(Ordinal { kind: Kind::Date, value, known: month.known })
            }
            Function::Length => return Err(Refusal::new("快照里没有文字")),
        })
    }

    fn between(&mut self, calendar: Calendar, from: &Ordinal, to: &Ordinal) -> Made<Vector> {
        let known = self.graph.and(&[from.known, to.known])?;
        Ok(Vector::Number(Number::whole(self.monotone(calendar, from.value, to.value)?, known)))
    }

    /// Every calendar function rises or falls with each argument, so the corners of the ranges bound it.
    fn monotone(&mut self, calendar: Calendar, a: Arg, b: Arg) -> Made<Arg> {
        let ((a0, a1), (b0, b1)) = (self.graph.range(a), self.graph.range(b));
        let mut corners = Vec::new();
        for (a, b) in [(a0, b0), (a0, b1), (a1, b0), (a1, b1)] {
            match (i32::try_from(a), i32::try_from(b)) {
                (Ok(a), Ok(b)) => corners.push(i64::from(crate::kernel::calendar(calendar, a, b))),
                _ => return Err(Refusal::new("月数太大")),
            }
        }
        let (min, max) = (corners.iter().min().copied(), corners.iter().max().copied());
        self.graph.calendar(calendar, a, b, min.unwrap_or(0), max.unwrap_or(0))
    }

    /// A month that is unknown outside the months there are.
    fn month(&mut self, value: Arg, known: Mask) -> Made<Vector> {
        let (first, last) = (vocab::Month::FIRST.index().into(), vocab::Month::LAST.index().into());
        let after = self.graph.compare(Comparator::GreaterOrEqual, value, Arg::Const(first))?;
        let before = self.graph.compare(Comparator::LessOrEqual, value, Arg::Const(last))?;
        // Rows outside are brought to the edge, so that what is worked out from them stays in bounds.
        let value = self.graph.extreme(value, Arg::Const(first), false)?;
        let value = self.graph.extreme(value, Arg::Const(last), true)?;
        let known = self.graph.and(&[known, after, before])?;
        Ok(Vector::Ordinal(Ordinal { kind: Kind::Month, value, known }))
    }

    fn add_months(&mut self, from: &Node, count: &Node) -> Made<Vector> {
        let Vector::Ordinal(from) = self.value(from)? else { return Ok(Vector::Unknown) };
        let count = self.number(count)?;
        let months = self.graph.as_whole(&count)?;
        let (low, high) = self.graph.range(months);
        if low < -MONTHS_MAX || high > MONTHS_MAX {
            return Err(Refusal::new("月数太大"));
        }
        let known = self.graph.and(&[from.known, count.known])?;
        if from.kind == Kind::Month {
            let value = self.graph.add(from.value, months)?;
            return self.month(value, known);
        }
        let value = self.monotone(Calendar::AddMonths, from.value, months)?;
        let (first, last) = (1 << dates::YEAR_SHIFT | 1 << 5 | 1, 9999 << dates::YEAR_SHIFT | 12 << 5 | 31);
        let after = self.graph.compare(Comparator::GreaterOrEqual, value, Arg::Const(first))?;
        let before = self.graph.compare(Comparator::LessOrEqual, value, Arg::Const(last))?;
        let value = self.graph.extreme(value, Arg::Const(first), false)?;
        let value = self.graph.extreme(value, Arg::Const(last), true)?;
        let known = self.graph.and(&[known, after, before])?;
        Ok(Vector::Ordinal(Ordinal { kind: Kind::Date, value, known }))
    }
}
