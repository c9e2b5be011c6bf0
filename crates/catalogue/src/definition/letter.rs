//! Letters: a Typst template and the facts it prints.

use serde::Deserialize;

use super::Basis;
use crate::Located;

/// A document that the office hands or posts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// Identifier.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Template file inside the pack.
    pub template: Located<String>,
    /// Words of the document number, such as 低保受.
    #[serde(default)]
    pub numbering: Option<String>,
    /// Names that the template reads.
    #[serde(default)]
    pub data: Vec<String>,
    /// Bears the office's seal.
    #[serde(default)]
    pub seal: bool,
    /// Handed over against a signature.
    #[serde(default)]
    pub receipt: bool,
    /// Law behind it.
    #[serde(default)]
    pub basis: Vec<Basis>,
}
