//! Lists of codes: relations, disability levels, reasons of refusal.

use serde::Deserialize;

use super::Basis;
use crate::Located;

/// A closed list of codes with Chinese titles.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codelist {
    /// Identifier.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Where the codes come from.
    #[serde(default)]
    pub source: Option<String>,
    /// The codes in the order in which they are offered.
    pub values: Vec<Code>,
}

impl Codelist {
    /// The title of a code.
    #[must_use]
    pub fn title_of(&self, code: &str) -> Option<&str> {
        self.values.iter().find(|value| value.code.as_str() == code).map(|value| value.title.as_str())
    }
}

/// One code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The stored code.
    pub code: Located<String>,
    /// What people read.
    pub title: String,
    /// A plain sentence for letters and help.
    #[serde(default)]
    pub text: Option<String>,
    /// Law behind the code, where it is a reason.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// No longer offered, still readable.
    #[serde(default)]
    pub retired: bool,
}
