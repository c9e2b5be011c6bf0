//! Exact numbers in vectors: `factor × numerator / denominator`, the factor a fraction that is the same for all rows.
//! Multiplying by a constant changes the factor only, scales of money never meet the data, and `a / n < b` is compared
//! as `a < b × n`. Nothing is rounded unless a rule says so.

use rules::Rational;

use crate::graph::{Arg, Graph, Id, Made, Mask, Refusal, Rounding};
use rules::compiled::Comparator;

/// A fraction above zero, reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Factor {
    above: i64,
    below: i64,
}

fn common_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Factor {
    pub(crate) const ONE: Factor = Factor { above: 1, below: 1 };

    fn new(above: i128, below: i128) -> Made<Factor> {
        let divisor = common_divisor(above, below);
        match (i64::try_from(above / divisor), i64::try_from(below / divisor)) {
            (Ok(above), Ok(below)) => Ok(Factor { above, below }),
            _ => Err(Refusal::new("小数位数太多")),
        }
    }

    /// `10^-scale`.
    pub(crate) fn decimals(scale: u32) -> Made<Factor> {
        10i64
            .checked_pow(scale)
            .map(|below| Factor { above: 1, below })
            .ok_or_else(|| Refusal::new("小数位数太多"))
    }

    fn times(self, other: Factor) -> Made<Factor> {
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        Factor::new(product(self.above, other.above), product(self.below, other.below))
    }

    fn turned(self) -> Factor {
        Factor { above: self.below, below: self.above }
    }

    /// Decimals that write every multiple exactly, if any do.
    pub(crate) fn decimals_needed(self) -> Option<u32> {
        (0..=18).find(|&scale| 10i64.pow(scale) % self.below == 0)
    }

    /// The greatest factor of which both are whole multiples, and those multiples.
    fn shared(self, other: Factor) -> Made<(Factor, i64, i64)> {
        let (a, b) = (
            i128::from(self.above) * i128::from(other.below),
            i128::from(other.above) * i128::from(self.below),
        );
        let divisor = common_divisor(a, b);
        let shared = Factor::new(divisor, i128::from(self.below) * i128::from(other.below))?;
        match (i64::try_from(a / divisor), i64::try_from(b / divisor)) {
            (Ok(a), Ok(b)) => Ok((shared, a, b)),
            _ => Err(Refusal::new("两个数的小数位数相差太多")),
        }
    }
}

/// A number: `factor × above / below` where `known`. `below` is positive wherever the number is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    pub above: Arg,
    pub below: Option<Id>,
    pub factor: Factor,
    pub known: Mask,
}

impl Number {
    pub(crate) const ZERO: Number =
        Number { above: Arg::Const(0), below: None, factor: Factor::ONE, known: Mask::Yes };

    pub(crate) fn whole(above: Arg, known: Mask) -> Number {
        Number { above, below: None, factor: Factor::ONE, known }
    }

    /// A number written in a rule or held in a parameter.
    pub(crate) fn constant(number: &Rational) -> Made<Number> {
        let refuse = || Refusal::new(format!("常数 {number} 不是有限小数或者太大"));
        let scale = number.decimals().and_then(|scale| u8::try_from(scale).ok()).ok_or_else(refuse)?;
        let above = number.to_scaled(scale).ok_or_else(refuse)?;
        let factor = Factor::decimals(u32::from(scale))?;
        Ok(Number { above: Arg::Const(above), below: None, factor, known: Mask::Yes })
    }

    fn is_zero(&self) -> bool {
        self.above == Arg::Const(0)
    }
}

/// Two numbers over the same factor and denominator.
struct Aligned {
    a: Arg,
    b: Arg,
    below: Option<Id>,
    factor: Factor,
}

impl Graph<'_> {
    fn times_node(&mut self, a: Arg, by: Option<Id>) -> Made<Arg> {
        match by {
            None => Ok(a),
            Some(id) => self.multiply(a, Arg::Node(id)),
        }
    }

    fn aligned(&mut self, a: &Number, b: &Number) -> Made<Aligned> {
        // Zero is zero over any denominator.
        if a.is_zero() {
            return Ok(Aligned { a: Arg::Const(0), b: b.above, below: b.below, factor: b.factor });
        }
        if b.is_zero() {
            return Ok(Aligned { a: a.above, b: Arg::Const(0), below: a.below, factor: a.factor });
        }
        let (factor, p, q) = a.factor.shared(b.factor)?;
        let first = self.multiply(a.above, Arg::Const(p))?;
        let second = self.multiply(b.above, Arg::Const(q))?;
        if a.below == b.below {
            return Ok(Aligned { a: first, b: second, below: a.below, factor });
        }
        let first = self.times_node(first, b.below)?;
        let second = self.times_node(second, a.below)?;
        let below = match (a.below, b.below) {
            (Some(x), Some(y)) => self.node_of(Arg::Node(x), Arg::Node(y))?,
            (one, other) => one.or(other),
        };
        Ok(Aligned { a: first, b: second, below, factor })
    }

    fn node_of(&mut self, a: Arg, b: Arg) -> Made<Option<Id>> {
        match self.multiply(a, b)? {
            Arg::Node(id) => Ok(Some(id)),
            Arg::Const(1) => Ok(None),
            Arg::Const(_) => Err(Refusal::new("除数是常数之积")),
        }
    }

    pub(crate) fn plus(&mut self, a: &Number, b: &Number) -> Made<Number> {
        let Aligned { a: x, b: y, below, factor } = self.aligned(a, b)?;
        Ok(Number { above: self.add(x, y)?, below, factor, known: self.and(&[a.known, b.known])? })
    }

    pub(crate) fn minus(&mut self, a: &Number, b: &Number) -> Made<Number> {
        let Aligned { a: x, b: y, below, factor } = self.aligned(a, b)?;
        Ok(Number { above: self.subtract(x, y)?, below, factor, known: self.and(&[a.known, b.known])? })
    }

    pub(crate) fn negated(&mut self, a: &Number) -> Made<Number> {
        Ok(Number { above: self.subtract(Arg::Const(0), a.above)?, ..*a })
    }

    /// A constant numerator moved into the factor where it can be.
    fn absorbed(&self, a: &Number) -> Made<Number> {
        match a.above {
            Arg::Const(value) if value != 0 => {
                let factor = a.factor.times(Factor::new(i128::from(value).abs(), 1)?)?;
                Ok(Number { above: Arg::Const(value.signum()), factor, ..*a })
            }
            Arg::Const(_) | Arg::Node(_) => Ok(*a),
        }
    }

    pub(crate) fn product(&mut self, a: &Number, b: &Number) -> Made<Number> {
        let known = self.and(&[a.known, b.known])?;
        let (a, b) = (self.absorbed(a)?, self.absorbed(b)?);
        let factor = a.factor.times(b.factor)?;
        // x / n × n is x; the division by zero is already unknown.
        if let Some(below) = a.below
            && b.above == Arg::Node(below)
        {
            return Ok(Number { above: a.above, below: b.below, factor, known });
        }
        if let Some(below) = b.below
            && a.above == Arg::Node(below)
        {
            return Ok(Number { above: b.above, below: a.below, factor, known });
        }
        let below = match (a.below, b.below) {
            (Some(x), Some(y)) => self.node_of(Arg::Node(x), Arg::Node(y))?,
            (one, other) => one.or(other),
        };
        Ok(Number { above: self.multiply(a.above, b.above)?, below, factor, known })
    }

    pub(crate) fn quotient(&mut self, a: &Number, b: &Number) -> Made<Number> {
        let (min, max) = self.range(b.above);
        let b = if min == max { Number { above: Arg::Const(min), ..*b } } else { *b };
        let b = self.absorbed(&b)?;
        let nonzero = self.compare(Comparator::NotEqual, b.above, Arg::Const(0))?;
        let known = self.and(&[a.known, b.known, nonzero])?;
        if known == Mask::No {
            return Ok(Number { known, ..Number::ZERO });
        }
        let factor = a.factor.times(b.factor.turned())?;
        let above = self.times_node(a.above, b.below)?;
        let (above, divisor) = match b.above {
            Arg::Const(sign) => (self.multiply(above, Arg::Const(sign))?, None),
            Arg::Node(id) => {
                let (min, max) = self.range(b.above);
                if min >= 0 {
                    (above, Some(id))
                } else if max <= 0 {
                    let turned = self.subtract(Arg::Const(0), b.above)?;
                    (self.subtract(Arg::Const(0), above)?, node(turned))
                } else {
                    let negative = self.compare(Comparator::Less, b.above, Arg::Const(0))?;
                    let turned = self.subtract(Arg::Const(0), above)?;
                    let size = self.abs(b.above)?;
                    (self.select(negative, turned, above)?, node(size))
                }
            }
        };
        let below = match (a.below, divisor) {
            (Some(x), Some(y)) => self.node_of(Arg::Node(x), Arg::Node(y))?,
            (one, other) => one.or(other),
        };
        Ok(Number { above, below, factor, known })
    }

    /// Where `a ∘ b` holds, whether or not both are known.
    pub(crate) fn compared(&mut self, comparator: Comparator, a: &Number, b: &Number) -> Made<Mask> {
        let Aligned { a, b, .. } = self.aligned(a, b)?;
        self.compare(comparator, a, b)
    }

    pub(crate) fn chosen(&mut self, mask: Mask, a: &Number, b: &Number, known: Mask) -> Made<Number> {
        // A side that is never taken must not widen the other.
        match mask {
            Mask::Yes => return Ok(Number { known, ..*a }),
            Mask::No => return Ok(Number { known, ..*b }),
            Mask::Node(_) => {}
        }
        if a.known == Mask::No {
            return Ok(Number { known, ..*b });
        }
        if b.known == Mask::No {
            return Ok(Number { known, ..*a });
        }
        if a.below == b.below {
            let Aligned { a, b, below, factor } = self.aligned(a, b)?;
            return Ok(Number { above: self.select(mask, a, b)?, below, factor, known });
        }
        // Each row takes its own denominator: the other side's may be zero where it is not taken.
        let (factor, p, q) = match (a.is_zero(), b.is_zero()) {
            (true, _) => (b.factor, 1, 1),
            (_, true) => (a.factor, 1, 1),
            (false, false) => a.factor.shared(b.factor)?,
        };
        let (first, second) =
            (self.multiply(a.above, Arg::Const(p))?, self.multiply(b.above, Arg::Const(q))?);
        let divisor = |below: Option<Id>| below.map_or(Arg::Const(1), Arg::Node);
        let below = self.select(mask, divisor(a.below), divisor(b.below))?;
        Ok(Number { above: self.select(mask, first, second)?, below: node(below), factor, known })
    }

    pub(crate) fn extreme_number(&mut self, a: &Number, b: &Number, least: bool) -> Made<Number> {
        let known = self.and(&[a.known, b.known])?;
        let Aligned { a, b, below, factor } = self.aligned(a, b)?;
        Ok(Number { above: self.extreme(a, b, least)?, below, factor, known })
    }

    pub(crate) fn absolute(&mut self, a: &Number) -> Made<Number> {
        Ok(Number { above: self.abs(a.above)?, ..*a })
    }

    /// To a whole multiple of `10^-digits`.
    pub(crate) fn rounded(&mut self, a: &Number, digits: i32, rounding: Rounding) -> Made<Number> {
        let power = Factor::decimals(digits.unsigned_abs())?;
        let unit = if digits >= 0 { power } else { power.turned() };
        let ratio = a.factor.times(unit.turned())?;
        let above = self.multiply(a.above, Arg::Const(ratio.above))?;
        let above = match (ratio.below, a.below) {
            (1, None) => above,
            (divisor, None) => self.divide(above, Arg::Const(divisor), rounding)?,
            (divisor, Some(below)) => {
                let divisor = self.multiply(Arg::Node(below), Arg::Const(divisor))?;
                self.divide(above, divisor, rounding)?
            }
        };
        Ok(Number { above, below: None, factor: unit, known: a.known })
    }

    /// The number as a whole number, if it cannot have a fraction.
    pub(crate) fn as_whole(&mut self, a: &Number) -> Made<Arg> {
        if a.below.is_some() || a.factor.below != 1 {
            return Err(Refusal::new("这个数可能带小数"));
        }
        self.multiply(a.above, Arg::Const(a.factor.above))
    }

    /// The value that one unit of the numerator stands for, as a number of the rules.
    pub(crate) fn unit_of(a: &Number, units: i64) -> Option<Rational> {
        let above = Rational::from(i64::checked_mul(units, a.factor.above)?);
        above.checked_div(&Rational::from(a.factor.below))
    }
}

fn node(arg: Arg) -> Option<Id> {
    match arg {
        Arg::Node(id) => Some(id),
        Arg::Const(_) => None,
    }
}
