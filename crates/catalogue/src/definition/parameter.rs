//! Numbers that a place sets: parameters and small tables, by division and date, each with its source.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Basis, Declared, ValueKind};
use crate::number::Number;
use crate::{Located, Reference};

/// A number of a programme that differs by place and date.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Identifier; in expressions `param.<id>`.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Unit, such as 元/人·月.
    #[serde(default)]
    pub unit: Option<String>,
    /// Type.
    #[serde(rename = "type")]
    pub kind: Located<ValueKind>,
    /// Codelist of a `code`.
    #[serde(default)]
    pub codelist: Option<Reference>,
    /// Places after the point of a `decimal`.
    #[serde(default)]
    pub scale: Option<u32>,
    /// Least value that may be entered.
    #[serde(default)]
    pub min: Option<Located<Number>>,
    /// Greatest value that may be entered.
    #[serde(default)]
    pub max: Option<Located<Number>>,
    /// Published for each month and true of that month only: a value is never carried into the next.
    #[serde(default)]
    pub monthly: bool,
    /// Who sets it and what for.
    #[serde(default)]
    pub help: Option<String>,
    /// Law that provides for it.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Values known in this pack.
    #[serde(default, rename = "value")]
    pub values: Vec<DatedValue>,
}

impl Parameter {
    /// Its values.
    #[must_use]
    pub fn declared(&self) -> Declared<'_> {
        let Self { kind, codelist, scale, min, max, .. } = self;
        Declared { kind, codelist: codelist.as_ref(), scale: *scale, min: min.as_ref(), max: max.as_ref() }
    }
}

impl Table {
    /// Its values.
    #[must_use]
    pub fn declared(&self) -> Declared<'_> {
        let Self { kind, min, max, .. } = self;
        Declared { kind, codelist: None, scale: None, min: Some(min), max: Some(max) }
    }
}

/// One value, for a place from a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatedValue {
    /// Division code; the pack's own division if absent, everywhere for a national pack.
    #[serde(default)]
    pub division: Option<Reference>,
    /// First day.
    #[serde(deserialize_with = "crate::number::date::deserialize")]
    pub from: NaiveDate,
    /// Last day.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub until: Option<NaiveDate>,
    /// Last day for which the source states it; used later it is shown as carried forward.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub stated_until: Option<NaiveDate>,
    /// The value.
    pub value: Located<Scalar>,
    /// Quote that contains the value, or 演示参数 in a demo pack, or a document number for a value released on a page.
    pub source: Located<String>,
    /// File in which the quote stands literally.
    #[serde(default)]
    pub seed: Option<Located<String>>,
    /// Article in whose `quote` the source stands literally.
    #[serde(default)]
    pub law: Option<Basis>,
}

/// A value given by a pack for a parameter that another pack defines.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedValue {
    /// The parameter.
    pub parameter: Reference,
    /// Division code; the pack's own division if absent.
    #[serde(default)]
    pub division: Option<Reference>,
    /// First day.
    #[serde(deserialize_with = "crate::number::date::deserialize")]
    pub from: NaiveDate,
    /// Last day.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub until: Option<NaiveDate>,
    /// Last day for which the source states it.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub stated_until: Option<NaiveDate>,
    /// The value.
    pub value: Located<Scalar>,
    /// Quote, 演示参数, or the document that sets it.
    pub source: Located<String>,
    /// File in which the quote stands literally.
    #[serde(default)]
    pub seed: Option<Located<String>>,
    /// Article in whose `quote` the source stands literally.
    #[serde(default)]
    pub law: Option<Basis>,
}

impl AddedValue {
    /// The same value without the name of its parameter.
    #[must_use]
    pub fn into_value(self) -> (Reference, DatedValue) {
        let Self { parameter, division, from, until, stated_until, value, source, seed, law } = self;
        (parameter, DatedValue { division, from, until, stated_until, value, source, seed, law })
    }
}

/// Why a place has no value of a parameter or table: what its plan does not print. What needs the value is unknown there, and
/// `check-pack` says nothing more about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unset {
    /// The parameters.
    #[serde(default)]
    pub parameters: Vec<Reference>,
    /// The tables.
    #[serde(default)]
    pub tables: Vec<Reference>,
    /// Division code; the pack's own division if absent.
    #[serde(default)]
    pub division: Option<Reference>,
    /// Why, and who will enter it.
    pub reason: String,
}

/// A table of values by one code, such as a supplement by class of member.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Identifier; in expressions `table.<id>[key]`.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Codelist of the keys.
    pub key: Reference,
    /// Type of the values.
    #[serde(rename = "type")]
    pub kind: Located<ValueKind>,
    /// Unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// Least value.
    pub min: Located<Number>,
    /// Greatest value.
    pub max: Located<Number>,
    /// Law that provides for it.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Rows known in this pack.
    #[serde(default, rename = "value")]
    pub values: Vec<TableValue>,
}

/// Rows of a table, for a place from a day. Each is looked up by itself, like a parameter: a place may set one of them alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableValue {
    /// The table, when the rows are given by another pack than the one that defines it.
    #[serde(default)]
    pub table: Option<Reference>,
    /// Division code; the pack's own division if absent.
    #[serde(default)]
    pub division: Option<Reference>,
    /// First day.
    #[serde(deserialize_with = "crate::number::date::deserialize")]
    pub from: NaiveDate,
    /// Last day.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub until: Option<NaiveDate>,
    /// Last day for which the source states them.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub stated_until: Option<NaiveDate>,
    /// Value by code; a code that is left out keeps what another entry says of it.
    pub rows: BTreeMap<String, Located<Scalar>>,
    /// Quote, 演示参数, or the document that sets it.
    pub source: Located<String>,
    /// File in which the quote stands literally.
    #[serde(default)]
    pub seed: Option<Located<String>>,
}

/// A value as written: `true`, `760`, `"1.5"`, `2026-07-01`, `"gap"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// Yes or no.
    Boolean(bool),
    /// A TOML integer or a quoted decimal.
    Number(Number),
    /// A TOML date.
    Date(NaiveDate),
    /// Any other text: a code, a month `2026-07`.
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(true) => f.write_str("是"),
            Self::Boolean(false) => f.write_str("否"),
            Self::Number(number) => number.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Boolean(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(Number::new(value, 0)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(text.parse().map_or_else(|_| Scalar::Text(text.to_owned()), Scalar::Number))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
                // A TOML date reaches serde as a map with one private key.
                crate::number::date::deserialize(de::value::MapAccessDeserializer::new(map)).map(Scalar::Date)
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}
