//! Integer expressions with proven bounds. An operation whose result may not fit 64 bits is done in the engine's wider
//! type, and what fits again is cast back, so that `/` always means what it should.

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_traits::{Signed, Zero};

use super::{Dialect, SqlError};

/// A piece of SQL in the frame that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub text: String,
    /// The layer of the frame from which on its columns are there; 0 for literals.
    pub layer: usize,
    /// A column or a literal: may be written twice.
    pub atomic: bool,
    /// Never NULL.
    pub known: bool,
    /// Reads no column.
    pub literal: bool,
}

impl Term {
    pub(super) fn literal(text: impl Into<String>) -> Term {
        Term { text: text.into(), layer: 0, atomic: true, known: true, literal: true }
    }

    /// NULL of a type, which is one of the engine's.
    pub(super) fn null(ty: &str) -> Term {
        Term { known: false, ..Term::literal(format!("CAST(NULL AS {ty})")) }
    }

    pub(super) fn column(text: impl Into<String>, layer: usize) -> Term {
        Term { text: text.into(), layer, atomic: true, known: false, literal: false }
    }

    /// A composed expression over several terms; brackets around it are the caller's.
    pub(super) fn over<'t>(text: String, parts: impl IntoIterator<Item = &'t Term>) -> Term {
        let mut term = Term { text, layer: 0, atomic: false, known: true, literal: true };
        for part in parts {
            term.layer = term.layer.max(part.layer);
            term.known &= part.known;
            term.literal &= part.literal;
        }
        term
    }

    /// The same text, which may be NULL although its parts are not.
    pub(super) fn unsure(self) -> Term {
        Term { known: false, ..self }
    }

    /// Never NULL whatever its parts.
    pub(super) fn sure(self) -> Term {
        Term { known: true, ..self }
    }
}

/// An integer expression: `low <= value <= high`.
#[derive(Debug, Clone)]
pub(super) struct Int {
    pub term: Term,
    pub low: BigInt,
    pub high: BigInt,
    /// Of the engine's wider type.
    pub wide: bool,
}

fn fits64(low: &BigInt, high: &BigInt) -> bool {
    *low >= i64::MIN.into() && *high <= i64::MAX.into()
}

impl Int {
    pub(super) fn literal(value: impl Into<BigInt>) -> Int {
        let value: BigInt = value.into();
        let text = if value.is_negative() { format!("({value})") } else { value.to_string() };
        let wide = !fits64(&value, &value);
        Int { term: Term::literal(text), low: value.clone(), high: value, wide }
    }

    pub(super) fn column(term: Term, low: BigInt, high: BigInt) -> Int {
        Int { term, low, high, wide: false }
    }

    /// The value, where there is only one and it stands there as a literal.
    pub(super) fn value(&self) -> Option<&BigInt> {
        (self.term.literal && self.term.known && self.low == self.high).then_some(&self.low)
    }

    /// One of several values: of literals alone PostgreSQL and DuckDB would make 32 bits.
    pub(super) fn either(term: Term, low: BigInt, high: BigInt, values: &[&Int]) -> Int {
        let wide = values.iter().any(|value| value.wide);
        let int = Int { term, low, high, wide };
        if values.iter().all(|value| value.term.literal) { int.cast() } else { int }
    }

    /// Of 64 bits, whatever its parts are.
    fn cast(self) -> Int {
        if self.wide {
            return self;
        }
        let text = format!("CAST({} AS BIGINT)", self.term.text);
        Int { term: Term { text, atomic: false, ..self.term }, ..self }
    }

    /// The same, of 64 bits where it is composed of literals alone.
    pub(super) fn typed(self) -> Int {
        if self.term.literal && !self.term.atomic { self.cast() } else { self }
    }

    /// With bounds proven otherwise, where they are narrower.
    pub(super) fn narrowed(mut self, low: Option<BigInt>, high: Option<BigInt>) -> Int {
        if self.value().is_none() {
            self.low = low.map_or(self.low.clone(), |low| low.max(self.low.clone()));
            self.high = high.map_or(self.high.clone(), |high| high.min(self.high.clone()));
            if self.low > self.high {
                self.high = self.low.clone();
            }
        }
        self
    }

    /// The expression in the engine's wider type.
    pub(super) fn widened(&self, dialect: Dialect) -> Result<Int, SqlError> {
        if self.wide {
            return Ok(self.clone());
        }
        let ty = dialect.wide_type().ok_or(SqlError::TooWide)?;
        let text = format!("CAST({} AS {ty})", self.term.text);
        Ok(Int { term: Term { text, ..self.term.clone() }, wide: true, ..self.clone() })
    }

    /// An operation's result, after it is said whether it needs more than 64 bits.
    fn result(
        text: impl Fn(&str, &str) -> String,
        a: &Int,
        b: &Int,
        bounds: (BigInt, BigInt),
        dialect: Dialect,
    ) -> Result<Int, SqlError> {
        let (low, high) = bounds;
        if let (Some(_), Some(_)) = (a.value(), b.value())
            && low == high
        {
            return Int::checked(Int::literal(low), dialect);
        }
        let widens = !fits64(&low, &high);
        let (a, b) = (a.clone().typed(), b.clone().typed());
        let a = if widens && !b.wide { a.widened(dialect)? } else { a };
        let term = Term::over(text(&a.term.text, &b.term.text), [&a.term, &b.term]);
        let wide = a.wide || b.wide;
        Int { term, low, high, wide }.checked(dialect)?.settled()
    }

    /// Refuses what the engine has no integer for.
    fn checked(self, dialect: Dialect) -> Result<Int, SqlError> {
        let limit = match dialect {
            Dialect::Postgres => return Ok(self),
            Dialect::DuckDb => BigInt::from(i128::MAX),
            Dialect::Sqlite => BigInt::from(i64::MAX),
        };
        if self.high > limit || self.low < -limit { Err(SqlError::TooWide) } else { Ok(self) }
    }

    /// Cast back to 64 bits where it fits again.
    pub(super) fn settled(self) -> Result<Int, SqlError> {
        if self.wide && fits64(&self.low, &self.high) {
            let text = format!("CAST({} AS BIGINT)", self.term.text);
            return Ok(Int { term: Term { text, ..self.term }, wide: false, ..self });
        }
        Ok(self)
    }

    pub(super) fn add(&self, other: &Int, dialect: Dialect) -> Result<Int, SqlError> {
        let bounds = (&self.low + &other.low, &self.high + &other.high);
        Int::result(|a, b| format!("({a} + {b})"), self, other, bounds, dialect)
    }

    pub(super) fn subtract(&self, other: &Int, dialect: Dialect) -> Result<Int, SqlError> {
        let bounds = (&self.low - &other.high, &self.high - &other.low);
        Int::result(|a, b| format!("({a} - {b})"), self, other, bounds, dialect)
    }

    pub(super) fn multiply(&self, other: &Int, dialect: Dialect) -> Result<Int, SqlError> {
        for (one, value) in [(self, other), (other, self)] {
            if one.value().is_some_and(|one| *one == BigInt::from(1)) {
                return Ok(value.clone());
            }
        }
        let mut products = [
            &self.low * &other.low,
            &self.low * &other.high,
            &self.high * &other.low,
            &self.high * &other.high,
        ];
        products.sort();
        let [low, _, _, high] = products;
        Int::result(|a, b| format!("({a} * {b})"), self, other, (low, high), dialect)
    }

    /// By a power of ten.
    pub(super) fn shifted(&self, decimals: u32, dialect: Dialect) -> Result<Int, SqlError> {
        self.multiply(&Int::literal(BigInt::from(10).pow(decimals)), dialect)
    }

    pub(super) fn negated(&self, dialect: Dialect) -> Result<Int, SqlError> {
        Int::literal(0).subtract(self, dialect)
    }

    pub(super) fn abs(&self, dialect: Dialect) -> Result<Int, SqlError> {
        if !self.low.is_negative() {
            return Ok(self.clone());
        }
        let high = self.low.abs().max(self.high.abs());
        let low = if self.high.is_negative() { self.high.abs() } else { BigInt::zero() };
        if self.value().is_some() {
            return Ok(Int::literal(high));
        }
        let inner = if fits64(&low, &high) { self.clone() } else { self.widened(dialect)? };
        let term = Term::over(format!("ABS({})", inner.term.text), [&inner.term]);
        Int { term, low, high, wide: inner.wide }.checked(dialect)?.settled()
    }

    /// The whole quotient of two numbers that are not negative; NULL if the divisor is NULL. The divisor must not be zero.
    pub(super) fn whole_quotient(&self, divisor: &Int, dialect: Dialect) -> Result<Int, SqlError> {
        let least = divisor.low.clone().max(1.into());
        let most = divisor.high.clone().max(1.into());
        let bounds = (
            self.low.clone().max(BigInt::zero()).div_floor(&most),
            self.high.clone().max(BigInt::zero()).div_floor(&least),
        );
        let wide = self.wide || divisor.wide;
        let text = |a: &str, b: &str| match dialect {
            Dialect::Postgres if wide => format!("DIV({a}, {b})"),
            Dialect::DuckDb => format!("({a} // {b})"),
            Dialect::Sqlite | Dialect::Postgres => format!("({a} / {b})"),
        };
        Int::result(text, self, divisor, bounds, dialect)
    }

    /// The rest of that quotient.
    pub(super) fn rest(&self, divisor: i64, dialect: Dialect) -> Result<Int, SqlError> {
        if let Some(value) = self.value() {
            return Ok(Int::literal(value.mod_floor(&divisor.into())));
        }
        let bounds = (BigInt::zero(), BigInt::from(divisor - 1));
        Int::result(|a, b| format!("({a} % {b})"), self, &Int::literal(divisor), bounds, dialect)
    }
}
