//! What a rule reads and gives: values, and records of values. Their JSON is canonical (keys in order, unknown
//! fields left out) and says its own types, so that a stored input is replayed years later without the pack.
//!
//! `"text"`, `true`, `null` (unknown), `{"number":"1234.5"}`, `{"number":"1/3"}`, `{"date":"2026-07-01"}`, `{"month":"2026-07"}`.
//! Money never passes through a float. For JSON that people write, see [`crate::read_record`].

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vocab::Month;

use crate::rational::Rational;

/// One value of the language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// Nobody has said; not the same as zero, no or none.
    #[default]
    Unknown,
    /// Yes or no.
    Boolean(bool),
    /// An exact number.
    Number(Rational),
    /// A day.
    Date(NaiveDate),
    /// A month.
    Month(Month),
    /// A text, or a code of a code list.
    Text(String),
}

impl Value {
    /// True unless unknown.
    pub fn is_known(&self) -> bool {
        !matches!(self, Value::Unknown)
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Rational> {
        match self {
            Value::Number(number) => Some(number),
            Value::Unknown | Value::Boolean(_) | Value::Date(_) | Value::Month(_) | Value::Text(_) => None,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Number(value.into())
    }
}

impl From<Rational> for Value {
    fn from(value: Rational) -> Value {
        Value::Number(value)
    }
}

impl From<NaiveDate> for Value {
    fn from(value: NaiveDate) -> Value {
        Value::Date(value)
    }
}

impl From<Month> for Value {
    fn from(value: Month) -> Value {
        Value::Month(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_owned())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Unknown, Into::into)
    }
}

/// As a person reads it: 是, 否, 未知, `1234.5`, `2026-07-01`, `2026-07`. A number without a finite decimal form
/// is rounded to four decimals and marked 约.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unknown => formatter.write_str("未知"),
            Value::Boolean(true) => formatter.write_str("是"),
            Value::Boolean(false) => formatter.write_str("否"),
            Value::Number(number) => match number.decimals() {
                Some(0..=6) => write!(formatter, "{number}"),
                Some(_) | None => write!(formatter, "约{}", number.round(4)),
            },
            Value::Date(date) => write!(formatter, "{date}"),
            Value::Month(month) => write!(formatter, "{month}"),
            Value::Text(text) => formatter.write_str(text),
        }
    }
}

/// The tagged forms of the JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Tagged {
    Number(Rational),
    Date(NaiveDate),
    Month(Month),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Boolean(bool),
    Text(String),
    Tagged(Tagged),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Unknown => serializer.serialize_unit(),
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Number(number) => tagged(serializer, "number", number),
            Value::Date(date) => tagged(serializer, "date", date),
            Value::Month(month) => tagged(serializer, "month", month),
        }
    }
}

fn tagged<S: Serializer, T: Serialize>(serializer: S, tag: &str, value: &T) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(tag, value)?;
    map.end()
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        Ok(match Option::<Written>::deserialize(deserializer)? {
            None => Value::Unknown,
            Some(Written::Boolean(value)) => Value::Boolean(value),
            Some(Written::Text(text)) => Value::Text(text),
            Some(Written::Tagged(Tagged::Number(number))) => Value::Number(number),
            Some(Written::Tagged(Tagged::Date(date))) => Value::Date(date),
            Some(Written::Tagged(Tagged::Month(month))) => Value::Month(month),
        })
    }
}

/// One thing of some shape, with what it is related to. A missing field is unknown; a missing to-many relation is
/// unknown too (nobody asked), which is not the same as an empty one (asked, none).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Values by field id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", serialize_with = "known_fields")]
    pub fields: BTreeMap<String, Value>,
    /// To-one relations by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub one: BTreeMap<String, Record>,
    /// To-many relations by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub many: BTreeMap<String, Vec<Record>>,
}

impl Record {
    /// A record of which nothing is known.
    pub fn new() -> Record {
        Record::default()
    }

    /// The record with a field set.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Record {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// The record with a to-one relation set.
    pub fn with_one(mut self, relation: &str, record: Record) -> Record {
        self.one.insert(relation.to_owned(), record);
        self
    }

    /// The record with a to-many relation set.
    pub fn with_many(mut self, relation: &str, records: Vec<Record>) -> Record {
        self.many.insert(relation.to_owned(), records);
        self
    }
}

fn known_fields<S: Serializer>(fields: &BTreeMap<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields.iter().filter(|(_, value)| value.is_known()))
}
