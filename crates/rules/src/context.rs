//! Everything a decision is made with besides the family itself: the three dates, the parameters in force, and what
//! officers have found.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use vocab::Month;

use crate::value::Value;

/// The circumstances of a decision. Canonical JSON, stored with every determination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The month that is decided.
    pub month: Month,
    /// The day whose law applies.
    pub law_on: NaiveDate,
    /// The day up to which facts were known.
    pub known_at: NaiveDate,
    /// `param.id`; one that is missing is unknown.
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
    /// `table.id[key]`: the values by key; a key that is missing is unknown.
    #[serde(default)]
    pub tables: BTreeMap<String, BTreeMap<String, Value>>,
    /// What officers found, by the id of the condition.
    #[serde(default)]
    pub findings: BTreeMap<String, FindingValue>,
}

impl Context {
    /// A context of these three dates with no parameters and no findings.
    pub fn new(month: Month, law_on: NaiveDate, known_at: NaiveDate) -> Context {
        let (parameters, tables, findings) = Default::default();
        Context { month, law_on, known_at, parameters, tables, findings }
    }

    /// The context with a parameter set.
    pub fn with(mut self, parameter: &str, value: impl Into<Value>) -> Context {
        self.parameters.insert(parameter.to_owned(), value.into());
        self
    }

    /// The context with a value of a table set.
    pub fn with_table(mut self, table: &str, key: &str, value: impl Into<Value>) -> Context {
        self.tables.entry(table.to_owned()).or_default().insert(key.to_owned(), value.into());
        self
    }

    /// The context with a finding.
    pub fn with_finding(mut self, condition: &str, finding: FindingValue) -> Context {
        self.findings.insert(condition.to_owned(), finding);
        self
    }
}

/// A named officer's recorded judgement on one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingValue {
    /// Met or not; `None` while the officer has not decided.
    pub met: Option<bool>,
    /// Who judged.
    pub officer: String,
    /// Why.
    pub reason: String,
    /// The day it was recorded.
    pub recorded_on: NaiveDate,
}
