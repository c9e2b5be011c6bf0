//! What the compiler knows of a number before any family is seen: between which bounds it lies and how many decimals
//! it can have. From the ranges of the facts it proves that what is stored fits.

use crate::rational::{Rational, power_of_ten};

/// Bounds and decimals of a number; `None` is "no bound" and "any fraction".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Never below.
    pub min: Option<Rational>,
    /// Never above.
    pub max: Option<Rational>,
    /// Never more decimals.
    pub scale: Option<u32>,
}

impl Range {
    /// Nothing proven.
    pub const ANY: Range = Range { min: None, max: None, scale: None };

    /// Just this number.
    pub fn exactly(number: &Rational) -> Range {
        Range { min: Some(number.clone()), max: Some(number.clone()), scale: number.decimals() }
    }

    /// A whole number between two, both included.
    pub fn whole(min: i64, max: i64) -> Range {
        Range { min: Some(min.into()), max: Some(max.into()), scale: Some(0) }
    }

    /// Whether both bounds are proven.
    pub fn is_bounded(&self) -> bool {
        self.min.is_some() && self.max.is_some()
    }

    fn non_negative(&self) -> bool {
        self.min.as_ref().is_some_and(|min| !min.is_negative())
    }

    /// Either of the two.
    pub fn or(&self, other: &Range) -> Range {
        Range {
            min: both(&self.min, &other.min, Ord::min),
            max: both(&self.max, &other.max, Ord::max),
            scale: self.coarser(other),
        }
    }

    fn coarser(&self, other: &Range) -> Option<u32> {
        Some(self.scale?.max(other.scale?))
    }

    /// Of `-x`.
    pub fn negate(&self) -> Range {
        Range { min: self.max.as_ref().map(|x| -x), max: self.min.as_ref().map(|x| -x), scale: self.scale }
    }

    /// Of a sum.
    pub fn add(&self, other: &Range) -> Range {
        Range {
            min: both(&self.min, &other.min, |a, b| &a + &b),
            max: both(&self.max, &other.max, |a, b| &a + &b),
            scale: self.coarser(other),
        }
    }

    /// Of a product.
    pub fn multiply(&self, other: &Range) -> Range {
        let scale = self.scale.zip(other.scale).map(|(a, b)| a + b);
        if let (Some(a), Some(b), Some(c), Some(d)) = (&self.min, &self.max, &other.min, &other.max) {
            let mut products = [a * c, a * d, b * c, b * d];
            products.sort();
            let [min, _, _, max] = products;
            return Range { min: Some(min), max: Some(max), scale };
        }
        let min = (self.non_negative() && other.non_negative()).then_some(Rational::ZERO);
        Range { min, max: None, scale }
    }

    /// Of a quotient.
    pub fn divide(&self, divisor: &Range) -> Range {
        Range { scale: None, ..self.multiply(&divisor.reciprocal()) }
    }

    /// One over this, zero left out (division by zero is unknown, not a number).
    fn reciprocal(&self) -> Range {
        let one_over = |x: &Rational| Rational::ONE.checked_div(x);
        // Beside zero the nearest value of a number with `scale` decimals is one unit of its last decimal.
        let steepest = self.scale.map(|scale| power_of_ten(i32::try_from(scale).unwrap_or(i32::MAX)));
        let positive = |x: &Rational| !x.is_negative() && !x.is_zero();
        let (min, max) = match (&self.min, &self.max) {
            (Some(low), high) if !low.is_negative() => {
                let least = high.as_ref().and_then(one_over).unwrap_or(Rational::ZERO);
                (Some(least), if positive(low) { one_over(low) } else { steepest })
            }
            (low, Some(high)) if !positive(high) => {
                let greatest = low.as_ref().and_then(one_over).unwrap_or(Rational::ZERO);
                let least = if high.is_zero() { steepest.map(|x| -&x) } else { one_over(high) };
                (least, Some(greatest))
            }
            _ => (steepest.as_ref().map(|x| -x), steepest),
        };
        Range { min, max, scale: None }
    }

    /// Of the number without its sign.
    pub fn abs(&self) -> Range {
        if self.non_negative() {
            return self.clone();
        }
        let reach = self.or(&self.negate());
        Range { min: Some(Rational::ZERO), ..reach }
    }

    /// Of the smaller of two.
    pub fn least(&self, other: &Range) -> Range {
        Range {
            min: both(&self.min, &other.min, Ord::min),
            max: either(&self.max, &other.max, Ord::min),
            scale: self.coarser(other),
        }
    }

    /// Of the greater of two.
    pub fn greatest(&self, other: &Range) -> Range {
        Range {
            min: either(&self.min, &other.min, Ord::max),
            max: both(&self.max, &other.max, Ord::max),
            scale: self.coarser(other),
        }
    }

    /// Every bound through a function that never turns a greater number into a lesser.
    pub(crate) fn through(&self, function: impl Fn(&Rational) -> Rational, scale: u32) -> Range {
        Range {
            min: self.min.as_ref().map(&function),
            max: self.max.as_ref().map(function),
            scale: Some(scale),
        }
    }
}

fn both<F>(a: &Option<Rational>, b: &Option<Rational>, combine: F) -> Option<Rational>
where
    F: Fn(Rational, Rational) -> Rational,
{
    Some(combine(a.clone()?, b.clone()?))
}

fn either<F>(a: &Option<Rational>, b: &Option<Rational>, combine: F) -> Option<Rational>
where
    F: Fn(Rational, Rational) -> Rational,
{
    match (a, b) {
        (Some(a), Some(b)) => Some(combine(a.clone(), b.clone())),
        (Some(only), None) | (None, Some(only)) => Some(only.clone()),
        (None, None) => None,
    }
}
