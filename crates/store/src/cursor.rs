//! Pages by keyset: the next page starts after the ordering values of the last row, so the thousandth page costs what
//! the first does, and a row that comes or goes in between shifts nothing.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use sea_orm::Value;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// Rows and where the next ones start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<Cursor>,
}

/// The ordering values of a row, opaque in addresses. It grants nothing: the scope is applied again on every page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    #[serde(rename = "i")]
    Integer(i64),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "d")]
    Date(NaiveDate),
}

impl Cursor {
    /// A cursor without values yet.
    pub fn new() -> Cursor {
        Cursor::default()
    }

    /// Add a number or an id.
    #[must_use]
    pub fn integer(mut self, value: impl Into<i64>) -> Cursor {
        self.0.push(Part::Integer(value.into()));
        self
    }

    /// Add a text.
    #[must_use]
    pub fn text(mut self, value: impl Into<String>) -> Cursor {
        self.0.push(Part::Text(value.into()));
        self
    }

    /// Add a date.
    #[must_use]
    pub fn date(mut self, value: NaiveDate) -> Cursor {
        self.0.push(Part::Date(value));
        self
    }

    /// The number at a place, for lists that are not read by a keyset query.
    pub fn integer_at(&self, place: usize) -> Option<i64> {
        match self.0.get(place) {
            Some(Part::Integer(value)) => Some(*value),
            Some(Part::Text(_) | Part::Date(_)) | None => None,
        }
    }

    pub(crate) fn values(&self) -> Vec<Value> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Integer(value) => Value::BigInt(Some(*value)),
                Part::Text(value) => Value::String(Some(value.clone())),
                Part::Date(value) => Value::ChronoDate(Some(*value)),
            })
            .collect()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(&self.0).map_err(|_| fmt::Error)?;
        formatter.write_str(&hex::encode(json))
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let broken = || StoreError::Invalid("翻页的地址不完整，请回到第一页".to_owned());
        let json = hex::decode(text).map_err(|_| broken())?;
        serde_json::from_slice(&json).map(Cursor).map_err(|_| broken())
    }
}

/// A count that stopped at its cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// What was counted, at most the cap.
    pub counted: u32,
    /// Whether there are more.
    pub more: bool,
}

impl Count {
    pub(crate) fn capped(counted: i64, max: u32) -> Count {
        match u32::try_from(counted) {
            Ok(counted) if counted <= max => Count { counted, more: false },
            _ => Count { counted: max, more: true },
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.counted, if self.more { "+" } else { "" })
    }
}
