//! Exact numbers. A `Rational` is a reduced fraction: two machine words while they suffice, a big
//! fraction when they do not. Nothing is ever rounded unless a rule says `round`, so a sum of
//! quotients comes out the same in every order.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{One, Signed, ToPrimitive, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A fraction without limits.
pub(crate) type BigRational = Ratio<BigInt>;

/// An exact number, always reduced. Written as `1234.5` when it has a finite decimal form and as `1/3` otherwise.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Rational(Form);

/// Invariant: `Small` whenever numerator and denominator fit, reduced, denominator above zero;
/// so equal numbers have equal forms and equality may be derived.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Small(i64, i64),
    Big(Box<BigRational>),
}

/// A text that is no number: neither `-12.50` nor `1/3`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}”不是数：应写成 1234.50 或 1/3，不用逗号、指数或单位")]
pub struct NotANumber(pub String);

impl Rational {
    /// Zero.
    pub const ZERO: Rational = Rational(Form::Small(0, 1));
    /// One.
    pub const ONE: Rational = Rational(Form::Small(1, 1));

    /// `units / 10^scale`: the exact value of a scaled integer, so `from_scaled(123450, 2)` is 1234.50.
    pub fn from_scaled(units: i64, scale: u8) -> Rational {
        match 10i128.checked_pow(u32::from(scale)) {
            Some(power) => reduce(i128::from(units), power),
            None => big(BigRational::new(BigInt::from(units), BigInt::from(10).pow(u32::from(scale)))),
        }
    }

    /// The scaled integer of this number at `scale` decimals, or `None` if it is not exact or does not fit.
    pub fn to_scaled(&self, scale: u8) -> Option<i64> {
        let scaled = self * &power_of_ten(i32::from(scale));
        match scaled.0 {
            Form::Small(numerator, 1) => Some(numerator),
            Form::Small(..) | Form::Big(_) => None,
        }
    }

    /// The whole number this is, or `None` if it has a fraction or does not fit.
    pub fn to_i64(&self) -> Option<i64> {
        self.to_scaled(0)
    }

    /// The quotient; `None` when the divisor is zero.
    pub fn checked_div(&self, divisor: &Rational) -> Option<Rational> {
        if divisor.is_zero() {
            return None;
        }
        Some(match (&self.0, &divisor.0) {
            (Form::Small(a, b), Form::Small(c, d)) => {
                let numerator = i128::from(*a) * i128::from(*d);
                let denominator = i128::from(*b) * i128::from(*c);
                if denominator < 0 {
                    reduce(-numerator, -denominator)
                } else {
                    reduce(numerator, denominator)
                }
            }
            (Form::Small(..) | Form::Big(_), _) => big(self.to_big() / divisor.to_big()),
        })
    }

    /// Rounded half away from zero to `digits` decimals; negative digits round to tens, hundreds…
    pub fn round(&self, digits: i32) -> Rational {
        if let Form::Small(numerator, denominator) = &self.0
            && (0..=18).contains(&digits)
        {
            let power = 10i128.pow(digits.unsigned_abs());
            let scaled = i128::from(*numerator) * power;
            let denominator = i128::from(*denominator);
            let half = scaled.abs() * 2 + denominator;
            let whole = half / (denominator * 2);
            return reduce(if scaled < 0 { -whole } else { whole }, power);
        }
        let power = power_of_ten(digits).to_big();
        let scaled = self.to_big() * &power;
        big(scaled.round() / power)
    }

    /// The greatest whole number not above this.
    pub fn floor(&self) -> Rational {
        match &self.0 {
            Form::Small(numerator, denominator) => Rational(Form::Small(numerator.div_floor(denominator), 1)),
            Form::Big(value) => big(value.floor()),
        }
    }

    /// The least whole number not below this.
    pub fn ceil(&self) -> Rational {
        -&(-self).floor()
    }

    /// The number without its sign.
    pub fn abs(&self) -> Rational {
        if self.is_negative() { -self } else { self.clone() }
    }

    /// True for zero.
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Form::Small(0, _))
    }

    /// True below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Small(numerator, _) => *numerator < 0,
            Form::Big(value) => value.is_negative(),
        }
    }

    /// True if the number has no fraction.
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Form::Small(_, denominator) => *denominator == 1,
            Form::Big(value) => value.is_integer(),
        }
    }

    /// Decimals needed to write the number exactly, or `None` if no finite decimal does.
    pub fn decimals(&self) -> Option<u32> {
        let mut rest = match &self.0 {
            Form::Small(_, 1) => return Some(0),
            Form::Small(_, denominator) => {
                let (mut rest, mut twos, mut fives) = (*denominator, 0, 0);
                while rest % 2 == 0 {
                    (rest, twos) = (rest / 2, twos + 1);
                }
                while rest % 5 == 0 {
                    (rest, fives) = (rest / 5, fives + 1);
                }
                return (rest == 1).then_some(twos.max(fives));
            }
            Form::Big(value) => value.denom().clone(),
        };
        let mut count = |divisor: u32| {
            let divisor = BigInt::from(divisor);
            let mut times = 0u32;
            while (&rest % &divisor).is_zero() {
                rest /= &divisor;
                times += 1;
            }
            times
        };
        let digits = count(2).max(count(5));
        rest.is_one().then_some(digits)
    }

    /// Written with exactly `digits` decimals, rounded half away from zero: `1234.50`.
    pub fn to_decimal(&self, digits: u8) -> String {
        let units = &self.round(i32::from(digits)) * &power_of_ten(i32::from(digits));
        let sign = if units.is_negative() { "-" } else { "" };
        let figures = match &units.0 {
            Form::Small(whole, _) => whole.unsigned_abs().to_string(),
            Form::Big(whole) => whole.to_integer().abs().to_string(),
        };
        let figures = format!("{figures:0>width$}", width = usize::from(digits) + 1);
        let (whole, fraction) = figures.split_at(figures.len() - usize::from(digits));
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// As a big fraction.
    pub(crate) fn to_big(&self) -> BigRational {
        match &self.0 {
            Form::Small(numerator, denominator) => {
                BigRational::new_raw(BigInt::from(*numerator), BigInt::from(*denominator))
            }
            Form::Big(value) => (**value).clone(),
        }
    }
}

/// Powers of ten for the decimals that numbers usually have.
const POWERS: [i64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// `10^exponent`, also for a negative exponent.
pub(crate) fn power_of_ten(exponent: i32) -> Rational {
    let power = || BigRational::from_integer(BigInt::from(10).pow(exponent.unsigned_abs()));
    match (exponent, 10i64.checked_pow(exponent.unsigned_abs())) {
        (0.., Some(small)) => Rational(Form::Small(small, 1)),
        (..0, Some(small)) => Rational(Form::Small(1, small)),
        (0.., None) => big(power()),
        (..0, None) => big(power().recip()),
    }
}

/// The number `numerator / denominator`, denominator above zero.
fn reduce(numerator: i128, denominator: i128) -> Rational {
    if denominator == 1 {
        return match i64::try_from(numerator) {
            Ok(small) => Rational(Form::Small(small, 1)),
            Err(_) => big(BigRational::from_integer(BigInt::from(numerator))),
        };
    }
    let divisor = match (u64::try_from(numerator.unsigned_abs()), u64::try_from(denominator)) {
        (Ok(n), Ok(d)) => i128::from(n.gcd(&d)),
        _ => numerator.gcd(&denominator),
    };
    let (numerator, denominator) = (numerator / divisor, denominator / divisor);
    match (i64::try_from(numerator), i64::try_from(denominator)) {
        (Ok(n), Ok(d)) => Rational(Form::Small(n, d)),
        _ => Rational(Form::Big(Box::new(BigRational::new_raw(numerator.into(), denominator.into())))),
    }
}

/// The canonical form of a reduced big fraction.
fn big(value: BigRational) -> Rational {
    match (value.numer().to_i64(), value.denom().to_i64()) {
        (Some(n), Some(d)) => Rational(Form::Small(n, d)),
        _ => Rational(Form::Big(Box::new(value))),
    }
}

impl From<i64> for Rational {
    fn from(whole: i64) -> Rational {
        Rational(Form::Small(whole, 1))
    }
}

impl From<BigRational> for Rational {
    fn from(value: BigRational) -> Rational {
        big(value)
    }
}

impl std::ops::Add for &Rational {
    type Output = Rational;
    fn add(self, other: &Rational) -> Rational {
        match (&self.0, &other.0) {
            // |a·d + c·b| ≤ 2·2^63·(2^63 - 1) < 2^127, so i128 never overflows.
            (Form::Small(a, b), Form::Small(c, d)) if b == d => {
                reduce(i128::from(*a) + i128::from(*c), i128::from(*b))
            }
            (Form::Small(a, b), Form::Small(c, d)) => reduce(
                i128::from(*a) * i128::from(*d) + i128::from(*c) * i128::from(*b),
                i128::from(*b) * i128::from(*d),
            ),
            (Form::Small(..) | Form::Big(_), _) => big(self.to_big() + other.to_big()),
        }
    }
}

impl std::ops::Sub for &Rational {
    type Output = Rational;
    fn sub(self, other: &Rational) -> Rational {
        self + &-other
    }
}

impl std::ops::Mul for &Rational {
    type Output = Rational;
    fn mul(self, other: &Rational) -> Rational {
        match (&self.0, &other.0) {
            (Form::Small(a, b), Form::Small(c, d)) => {
                reduce(i128::from(*a) * i128::from(*c), i128::from(*b) * i128::from(*d))
            }
            (Form::Small(..) | Form::Big(_), _) => big(self.to_big() * other.to_big()),
        }
    }
}

impl std::ops::Neg for &Rational {
    type Output = Rational;
    fn neg(self) -> Rational {
        match &self.0 {
            Form::Small(n, d) => match n.checked_neg() {
                Some(n) => Rational(Form::Small(n, *d)),
                None => big(-self.to_big()),
            },
            Form::Big(value) => big(-(**value).clone()),
        }
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Rational) -> Ordering {
        match (&self.0, &other.0) {
            (Form::Small(a, b), Form::Small(c, d)) if b == d => a.cmp(c),
            (Form::Small(a, b), Form::Small(c, d)) => {
                (i128::from(*a) * i128::from(*d)).cmp(&(i128::from(*c) * i128::from(*b)))
            }
            (Form::Small(..) | Form::Big(_), _) => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Rational) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Form::Small(numerator, denominator) = &self.0
            && let Some(digits) = POWERS.iter().position(|power| power % denominator == 0)
        {
            let units = i128::from(*numerator) * i128::from(POWERS[digits] / denominator);
            let power = u128::from(POWERS[digits].unsigned_abs());
            let (whole, rest) = (units.unsigned_abs() / power, units.unsigned_abs() % power);
            let sign = if units < 0 { "-" } else { "" };
            return match digits {
                0 => write!(formatter, "{sign}{whole}"),
                digits => write!(formatter, "{sign}{whole}.{rest:0>digits$}"),
            };
        }
        match self.decimals().and_then(|digits| u8::try_from(digits).ok()) {
            Some(digits) => formatter.write_str(&self.to_decimal(digits)),
            None => match &self.0 {
                Form::Small(n, d) => write!(formatter, "{n}/{d}"),
                Form::Big(value) => write!(formatter, "{}/{}", value.numer(), value.denom()),
            },
        }
    }
}

impl fmt::Debug for Rational {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl FromStr for Rational {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Rational, NotANumber> {
        let refuse = || NotANumber(text.chars().take(40).collect());
        let figures = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() > 400 {
            return Err(refuse());
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if let Some(units) = scaled(unsigned) {
            return Ok(if negative { -&units } else { units });
        }
        let (numerator, denominator) = if let Some((above, below)) = unsigned.split_once('/') {
            if !figures(above) || !figures(below) {
                return Err(refuse());
            }
            (above.to_owned(), below.parse::<BigInt>().map_err(|_| refuse())?)
        } else {
            let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
            if !figures(whole) || !figures(fraction) {
                return Err(refuse());
            }
            let digits = u32::try_from(fraction.len()).map_err(|_| refuse())?;
            (format!("{whole}{fraction}"), BigInt::from(10).pow(digits))
        };
        let numerator = numerator.parse::<BigInt>().map_err(|_| refuse())?;
        if denominator.is_zero() {
            return Err(refuse());
        }
        let value = BigRational::new(numerator, denominator);
        Ok(big(if negative { -value } else { value }))
    }
}

/// A decimal of few figures, such as money: `1234.50`; `None` for whatever has to be looked at more closely.
fn scaled(unsigned: &str) -> Option<Rational> {
    let (mut units, mut digits, mut point) = (0i64, 0u8, None);
    if unsigned.len() > 18 {
        return None;
    }
    for byte in unsigned.bytes() {
        match byte {
            b'0'..=b'9' => {
                units = units * 10 + i64::from(byte - b'0');
                digits += 1;
            }
            b'.' if point.is_none() && digits > 0 => point = Some(digits),
            _ => return None,
        }
    }
    match point {
        Some(point) if point == digits => None,
        point => (digits > 0).then(|| Rational::from_scaled(units, point.map_or(0, |point| digits - point))),
    }
}

impl Serialize for Rational {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rational {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rational, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
