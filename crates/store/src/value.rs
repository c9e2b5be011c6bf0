//! What may be bound to a statement and read from a row, the same on both databases.
//!
//! Booleans, integers, text, bytes and dates; money and months of `vocab`; the ids of [`crate::id_type!`]; the enums of
//! [`crate::text_type!`]; and `Option` of each. There are no floats and no decimals: money is fen, ratios are scaled
//! integers. PostgreSQL's `sum(bigint)` is numeric: write `CAST(sum(x) AS BIGINT)`.

use chrono::NaiveDate;
use sea_orm::{QueryResult, Value};

use crate::error::{Result, StoreError};

/// A type that can be bound to a `?`.
pub trait Bind: Sized {
    /// The database value; `None` gives a NULL that still knows its type, which PostgreSQL needs.
    fn to_value(this: Option<Self>) -> Value;
}

/// A type that can be read from a column.
pub trait Column: Sized {
    /// Read the column; `None` for NULL.
    ///
    /// # Errors
    /// The column does not exist or holds something else.
    fn read(row: &Row, column: &str) -> Result<Option<Self>>;
    /// What a NULL means: an error for plain types, `None` for an `Option`.
    fn null() -> Option<Self> {
        None
    }
}

/// One row of an answer.
#[derive(Debug)]
pub struct Row(pub(crate) QueryResult);

impl Row {
    /// The value of a column by its name in the answer. Ask for an `Option<T>` where NULL may stand.
    ///
    /// # Errors
    /// No such column, another type, or NULL where none was expected.
    pub fn get<T: Column>(&self, column: &str) -> Result<T> {
        match T::read(self, column)? {
            Some(value) => Ok(value),
            None => T::null().ok_or_else(|| StoreError::Invalid(format!("column {column} is NULL"))),
        }
    }

    /// The names of the answer's columns.
    pub fn columns(&self) -> Vec<String> {
        self.0.column_names()
    }

    /// The value of the first column.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn first<T: Column>(&self) -> Result<T> {
        let columns = self.columns();
        let name =
            columns.first().ok_or_else(|| StoreError::Invalid("an answer without columns".to_owned()))?;
        self.get(name)
    }
}

/// An integer of any width: PostgreSQL tells INTEGER from BIGINT and refuses to read one as the other.
pub(crate) fn read_integer(row: &Row, column: &str) -> Result<Option<i64>> {
    match row.0.try_get_by::<Option<i64>, _>(column) {
        Ok(value) => Ok(value),
        Err(error) => match row.0.try_get_by::<Option<i32>, _>(column) {
            Ok(value) => Ok(value.map(i64::from)),
            Err(_) => Err(error.into()),
        },
    }
}

impl Bind for i64 {
    fn to_value(this: Option<Self>) -> Value {
        Value::BigInt(this)
    }
}

impl Column for i64 {
    fn read(row: &Row, column: &str) -> Result<Option<Self>> {
        read_integer(row, column)
    }
}

macro_rules! narrow_integer {
    ($($integer:ty),*) => {$(
        impl Bind for $integer {
            fn to_value(this: Option<Self>) -> Value {
                Value::BigInt(this.map(i64::from))
            }
        }
        impl Column for $integer {
            fn read(row: &Row, column: &str) -> Result<Option<Self>> {
                let Some(wide) = read_integer(row, column)? else { return Ok(None) };
                <$integer>::try_from(wide)
                    .map(Some)
                    .map_err(|_| StoreError::Invalid(format!("column {column} holds {wide}, which is out of range")))
            }
        }
    )*};
}
narrow_integer!(i32, u32, i16, u16, u8);

impl Bind for usize {
    fn to_value(this: Option<Self>) -> Value {
        // Nothing countable in memory exceeds i64; should it, the largest number is the honest neighbour.
        Value::BigInt(this.map(|wide| i64::try_from(wide).unwrap_or(i64::MAX)))
    }
}

macro_rules! plain {
    ($($kind:ty => $variant:ident),*) => {$(
        impl Bind for $kind {
            fn to_value(this: Option<Self>) -> Value {
                Value::$variant(this)
            }
        }
        impl Column for $kind {
            fn read(row: &Row, column: &str) -> Result<Option<Self>> {
                Ok(row.0.try_get_by::<Option<$kind>, _>(column)?)
            }
        }
    )*};
}
plain!(bool => Bool, String => String, Vec<u8> => Bytes, NaiveDate => ChronoDate);

impl Bind for &str {
    fn to_value(this: Option<Self>) -> Value {
        Value::String(this.map(str::to_owned))
    }
}

impl Bind for std::borrow::Cow<'_, str> {
    fn to_value(this: Option<Self>) -> Value {
        Value::String(this.map(std::borrow::Cow::into_owned))
    }
}

impl Bind for &[u8] {
    fn to_value(this: Option<Self>) -> Value {
        Value::Bytes(this.map(<[u8]>::to_vec))
    }
}

impl<T: Bind + Clone> Bind for &T {
    fn to_value(this: Option<Self>) -> Value {
        T::to_value(this.cloned())
    }
}

impl<T: Bind> Bind for Option<T> {
    fn to_value(this: Option<Self>) -> Value {
        T::to_value(this.flatten())
    }
}

impl<T: Column> Column for Option<T> {
    fn read(row: &Row, column: &str) -> Result<Option<Self>> {
        T::read(row, column).map(Some)
    }

    fn null() -> Option<Self> {
        Some(None)
    }
}

/// Any of the above as a database value; used by [`values!`](crate::values).
pub fn value_of<T: Bind>(value: T) -> Value {
    T::to_value(Some(value))
}

/// A row for [`insert_many`](crate::insert_many): `values![case, "open", None::<i64>]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::value_of($value)),*] };
}

/// Store a type that has `Display` and `FromStr` as text: the states and kinds of the rooms.
///
/// ```
/// # use std::{fmt, str::FromStr};
/// #[derive(Clone, Copy, PartialEq, Debug)]
/// enum Sex { Male, Female }
/// impl fmt::Display for Sex {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str(match self { Sex::Male => "male", Sex::Female => "female" })
///     }
/// }
/// impl FromStr for Sex {
///     type Err = String;
///     fn from_str(text: &str) -> Result<Self, String> {
///         match text { "male" => Ok(Sex::Male), "female" => Ok(Sex::Female), other => Err(other.to_owned()) }
///     }
/// }
/// store::text_type!(Sex);
/// ```
#[macro_export]
macro_rules! text_type {
    ($($name:ty),* $(,)?) => {$(
        impl $crate::Bind for $name {
            fn to_value(this: ::std::option::Option<Self>) -> $crate::Value {
                $crate::Value::String(this.map(|value| ::std::string::ToString::to_string(&value)))
            }
        }
        impl $crate::Column for $name {
            fn read(
                row: &$crate::Row,
                column: &str,
            ) -> ::std::result::Result<::std::option::Option<Self>, $crate::StoreError> {
                let text = <::std::string::String as $crate::Column>::read(row, column)?;
                let ::std::option::Option::Some(text) = text else { return Ok(None) };
                text.parse().map(::std::option::Option::Some).map_err(|_| {
                    $crate::StoreError::Invalid(::std::format!(
                        "column {column} holds {text:?}, which is no {}",
                        ::std::stringify!($name)
                    ))
                })
            }
        }
    )*};
}

// Money is fen and a month is its index: one integer each, in one spelling on both databases.
impl Bind for vocab::Fen {
    fn to_value(this: Option<Self>) -> Value {
        Value::BigInt(this.map(|amount| amount.0))
    }
}

impl Column for vocab::Fen {
    fn read(row: &Row, column: &str) -> Result<Option<Self>> {
        Ok(read_integer(row, column)?.map(vocab::Fen))
    }
}

impl Bind for vocab::Month {
    fn to_value(this: Option<Self>) -> Value {
        Value::BigInt(this.map(|month| i64::from(month.index())))
    }
}

impl Column for vocab::Month {
    fn read(row: &Row, column: &str) -> Result<Option<Self>> {
        let Some(index) = <i32 as Column>::read(row, column)? else { return Ok(None) };
        vocab::Month::from_index(index)
            .map(Some)
            .map_err(|error| StoreError::Invalid(format!("column {column} holds {index}: {error}")))
    }
}
