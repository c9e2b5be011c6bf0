//! Exact numbers over integers: scaled, or a quotient. Quotients keep a positive divisor (or NULL, where the language says
//! unknown), so that they are compared by multiplying across.

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_traits::{One, Signed, Zero};

use super::SqlError;
use super::expression::Writer;
use super::integer::{Int, Term};
use crate::compiled::{Comparator, Range};
use crate::rational::Rational;

/// `units / 10^scale`, or `units / divisor`.
#[derive(Debug, Clone)]
pub(super) struct Number {
    pub units: Int,
    pub below: Below,
}

#[derive(Debug, Clone)]
pub(super) enum Below {
    Scale(u32),
    /// Above zero, or NULL.
    Divisor(Int),
}

impl Number {
    pub(super) fn scaled(units: Int, scale: u32) -> Number {
        Number { units, below: Below::Scale(scale) }
    }

    pub(super) fn literal(number: &Rational) -> Number {
        let big = number.to_big();
        match number.decimals() {
            Some(scale) => {
                let units = (big * BigInt::from(10).pow(scale)).to_integer();
                Number::scaled(Int::literal(units), scale)
            }
            None => {
                let divisor = Int::literal(big.denom().clone());
                Number { units: Int::literal(big.numer().clone()), below: Below::Divisor(divisor) }
            }
        }
    }

    /// The divisor as an integer.
    pub(super) fn divisor(&self) -> Int {
        match &self.below {
            Below::Scale(scale) => Int::literal(BigInt::from(10).pow(*scale)),
            Below::Divisor(divisor) => divisor.clone(),
        }
    }

    /// A condition that holds where the number is known; `None` if it always is.
    pub(super) fn known(&self) -> Option<Term> {
        let mut terms = vec![&self.units.term];
        if let Below::Divisor(divisor) = &self.below {
            terms.push(&divisor.term);
        }
        let open: Vec<&Term> = terms.into_iter().filter(|term| !term.known).collect();
        let texts: Vec<String> = open.iter().map(|term| format!("{} IS NOT NULL", term.text)).collect();
        (!texts.is_empty()).then(|| Term::over(format!("({})", texts.join(" AND ")), open).sure())
    }

    /// With what the compiler proved of the number.
    pub(super) fn narrowed(self, range: Option<&Range>) -> Number {
        let (Below::Scale(scale), Some(range)) = (&self.below, range) else { return self };
        let scale = *scale;
        let shift = |bound: &Rational, up: bool| {
            let units = bound.to_big() * BigInt::from(10).pow(scale);
            if up { units.ceil().to_integer() } else { units.floor().to_integer() }
        };
        let (low, high) =
            (range.min.as_ref().map(|min| shift(min, false)), range.max.as_ref().map(|max| shift(max, true)));
        Number { units: self.units.narrowed(low, high), below: Below::Scale(scale) }
    }
}

impl Writer<'_> {
    /// Both with the same scale, if neither is a quotient.
    fn aligned(&self, a: &Number, b: &Number) -> Result<Option<(Int, Int, u32)>, SqlError> {
        let (Below::Scale(x), Below::Scale(y)) = (&a.below, &b.below) else { return Ok(None) };
        let scale = *x.max(y);
        let dialect = self.dialect;
        Ok(Some((a.units.shifted(scale - x, dialect)?, b.units.shifted(scale - y, dialect)?, scale)))
    }

    /// The unit and divisor of each multiplied so that the divisors are the same.
    fn across(&mut self, a: &Number, b: &Number) -> Result<(Int, Int, Int), SqlError> {
        let (x, y) = (a.divisor(), b.divisor());
        let dialect = self.dialect;
        if let (Some(x), Some(y)) = (x.value(), y.value()) {
            // Two constant divisors have a smallest common multiple.
            let common = x.lcm(y);
            let (left, right) = (Int::literal(&common / x), Int::literal(&common / y));
            return Ok((
                a.units.multiply(&left, dialect)?,
                b.units.multiply(&right, dialect)?,
                Int::literal(common),
            ));
        }
        if x.term.text == y.term.text {
            return Ok((a.units.clone(), b.units.clone(), x));
        }
        let left = a.units.multiply(&y, dialect)?;
        let right = b.units.multiply(&x, dialect)?;
        let below = x.multiply(&y, dialect)?;
        Ok((left, right, below))
    }

    pub(super) fn add(&mut self, a: &Number, b: &Number, subtract: bool) -> Result<Number, SqlError> {
        let dialect = self.dialect;
        let join = |a: &Int, b: &Int| if subtract { a.subtract(b, dialect) } else { a.add(b, dialect) };
        if let Some((x, y, scale)) = self.aligned(a, b)? {
            return Ok(Number::scaled(join(&x, &y)?, scale));
        }
        let (a, b) = (self.settle(a.clone()), self.settle(b.clone()));
        let (x, y, divisor) = self.across(&a, &b)?;
        Ok(Number { units: join(&x, &y)?, below: Below::Divisor(divisor) })
    }

    pub(super) fn multiply(&mut self, a: &Number, b: &Number) -> Result<Number, SqlError> {
        let units = a.units.multiply(&b.units, self.dialect)?;
        let below = match (&a.below, &b.below) {
            (Below::Scale(x), Below::Scale(y)) => Below::Scale(x + y),
            _ => Below::Divisor(a.divisor().multiply(&b.divisor(), self.dialect)?),
        };
        Ok(Number { units, below })
    }

    pub(super) fn divide(&mut self, a: &Number, b: &Number) -> Result<Number, SqlError> {
        let dialect = self.dialect;
        if let (Some(value), Some(below)) = (b.units.value().cloned(), b.divisor().value().cloned()) {
            return self.divide_by_constant(a, &value, &below);
        }
        let b = self.settle(b.clone());
        let (mut units, mut divisor) = (a.units.clone(), b.units.clone());
        if b.units.low.is_negative() {
            // A divisor is kept above zero: its sign goes to the dividend.
            let a = self.settle(a.clone());
            let turned = a.units.negated(dialect)?;
            let sign = Term::over(format!("({} < 0)", b.units.term.text), [&b.units.term]);
            let sign = self.name(sign);
            let low = a.units.low.clone().min(turned.low.clone());
            let high = a.units.high.clone().max(turned.high.clone());
            let text =
                format!("(CASE WHEN {} THEN {} ELSE {} END)", sign.text, turned.term.text, a.units.term.text);
            let term = Term::over(text, [&sign, &turned.term, &a.units.term]);
            units = Int::either(term, low, high, &[&turned, &a.units]);
            divisor = divisor.abs(dialect)?;
        }
        let term = Term::over(format!("NULLIF({}, 0)", divisor.term.text), [&divisor.term]).unsure();
        let low = divisor.low.clone().max(BigInt::one());
        let high = divisor.high.clone().max(BigInt::one());
        let divisor = self.name_int(Int { term, low, high, wide: divisor.wide });
        // (units / a's divisor) / (divisor / b's divisor), with powers of ten that cancel taken away first.
        let (above, below) = match (&a.below, &b.below) {
            (Below::Scale(x), Below::Scale(y)) => (
                Int::literal(BigInt::from(10).pow(y.saturating_sub(*x))),
                Int::literal(BigInt::from(10).pow(x.saturating_sub(*y))),
            ),
            _ => (b.divisor(), a.divisor()),
        };
        let units = units.multiply(&above, dialect)?;
        let divisor = divisor.multiply(&below, dialect)?;
        Ok(Number { units, below: Below::Divisor(divisor) })
    }

    /// By `value / below`, both constants.
    fn divide_by_constant(&mut self, a: &Number, value: &BigInt, below: &BigInt) -> Result<Number, SqlError> {
        let dialect = self.dialect;
        if value.is_zero() {
            return Ok(Number::scaled(Int { term: Term::null("BIGINT"), ..Int::literal(0) }, 0));
        }
        let common = value.gcd(below);
        let sign: BigInt = if value.is_negative() { (-1).into() } else { 1.into() };
        let (value, below) = (value.abs() / &common, below / &common * sign);
        if let Below::Scale(scale) = a.below
            && let Some(decimals) =
                Rational::from(num_rational::Ratio::new(BigInt::one(), value.clone())).decimals()
        {
            // A divisor of twos and fives only: a finite decimal.
            let factor = BigInt::from(10).pow(decimals) / &value * below;
            return Ok(Number::scaled(a.units.multiply(&Int::literal(factor), dialect)?, scale + decimals));
        }
        let units = a.units.multiply(&Int::literal(below), dialect)?;
        let divisor = a.divisor().multiply(&Int::literal(value), dialect)?;
        Ok(Number { units, below: Below::Divisor(divisor) })
    }

    pub(super) fn compare_numbers(
        &mut self,
        comparator: Comparator,
        a: &Number,
        b: &Number,
    ) -> Result<Term, SqlError> {
        let (x, y) = match self.aligned(a, b)? {
            Some((x, y, _)) => (x, y),
            None => {
                let (x, y, divisor) = self.across(a, b)?;
                let written = [&x.term, &y.term];
                let same = a.divisor().term.text == b.divisor().term.text;
                // With one divisor on both sides nothing was multiplied by it: it still has to be known.
                if same && !divisor.term.known {
                    let text = format!(
                        "(CASE WHEN {} IS NOT NULL THEN {} {} {} END)",
                        divisor.term.text,
                        x.term.text,
                        comparator.symbol(),
                        y.term.text
                    );
                    return Ok(Term::over(text, written.into_iter().chain([&divisor.term])).unsure());
                }
                (x, y)
            }
        };
        let text = format!("({} {} {})", x.term.text, comparator.symbol(), y.term.text);
        Ok(Term::over(text, [&x.term, &y.term]))
    }

    pub(super) fn negate(&mut self, a: &Number) -> Result<Number, SqlError> {
        Ok(Number { units: a.units.negated(self.dialect)?, below: a.below.clone() })
    }

    /// Half away from zero.
    pub(super) fn round(&mut self, a: &Number, digits: i32) -> Result<Number, SqlError> {
        let dialect = self.dialect;
        let up = u32::try_from(digits.max(0)).unwrap_or(0);
        let down = u32::try_from((-digits).max(0)).unwrap_or(0);
        if let Below::Scale(scale) = a.below
            && scale <= up
            && down == 0
        {
            return Ok(a.clone());
        }
        let a = self.settle(a.clone());
        // units·10^digits / divisor, to a whole number.
        let (units, divisor) = match &a.below {
            Below::Scale(scale) if *scale >= up => {
                (a.units.clone(), Int::literal(BigInt::from(10).pow(scale - up + down)))
            }
            _ => (a.units.shifted(up, dialect)?, a.divisor().shifted(down, dialect)?),
        };
        let two = Int::literal(2);
        let doubled = units.abs(dialect)?.multiply(&two, dialect)?.add(&divisor, dialect)?;
        let whole = doubled.whole_quotient(&divisor.multiply(&two, dialect)?, dialect)?;
        let whole = self.signed(&units, whole)?.shifted(down, dialect)?;
        Ok(Number::scaled(whole, up))
    }

    /// The size with the sign of another number.
    fn signed(&mut self, sign: &Int, size: Int) -> Result<Int, SqlError> {
        if !sign.low.is_negative() {
            return Ok(size);
        }
        if sign.value().is_some() {
            return size.negated(self.dialect);
        }
        let size = self.name_int(size);
        let turned = size.negated(self.dialect)?;
        let text = format!(
            "(CASE WHEN {} < 0 THEN {} ELSE {} END)",
            sign.term.text, turned.term.text, size.term.text
        );
        let term = Term::over(text, [&sign.term, &turned.term, &size.term]);
        Ok(Int::either(term, turned.low.clone(), size.high.clone(), &[&turned, &size]))
    }

    /// The greatest whole number not above.
    pub(super) fn floor(&mut self, a: &Number) -> Result<Number, SqlError> {
        let dialect = self.dialect;
        if matches!(a.below, Below::Scale(0)) {
            return Ok(a.clone());
        }
        let a = self.settle(a.clone());
        let divisor = a.divisor();
        let positive = a.units.whole_quotient(&divisor, dialect)?;
        if !a.units.low.is_negative() {
            return Ok(Number::scaled(positive, 0));
        }
        // -ceil(-units / divisor)
        let turned = a.units.negated(dialect)?.add(&divisor, dialect)?.subtract(&Int::literal(1), dialect)?;
        let negative = turned.whole_quotient(&divisor, dialect)?.negated(dialect)?;
        let text = format!(
            "(CASE WHEN {} < 0 THEN {} ELSE {} END)",
            a.units.term.text, negative.term.text, positive.term.text
        );
        let term = Term::over(text, [&a.units.term, &negative.term, &positive.term]);
        let (low, high) = (negative.low.clone(), positive.high.clone());
        Ok(Number::scaled(Int::either(term, low, high, &[&negative, &positive]), 0))
    }

    /// Named columns for both parts, so that they may be written more than once.
    pub(super) fn settle(&mut self, number: Number) -> Number {
        let units = self.name_int(number.units);
        let below = match number.below {
            Below::Divisor(divisor) => Below::Divisor(self.name_int(divisor)),
            scale @ Below::Scale(_) => scale,
        };
        Number { units, below }
    }

    pub(super) fn name_int(&mut self, int: Int) -> Int {
        let int = int.typed();
        Int { term: self.name(int.term), low: int.low, high: int.high, wide: int.wide }
    }
}
