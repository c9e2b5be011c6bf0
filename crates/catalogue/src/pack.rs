//! A pack: its head and its files.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Located, PackFiles};

/// `pack.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackHead {
    /// Identifier.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Its layer.
    pub layer: Layer,
    /// Packs that must be loaded before it.
    #[serde(default)]
    pub requires: Vec<Located<String>>,
    /// Division whose values it gives; none for a national pack.
    #[serde(default)]
    pub division: Option<Located<String>>,
    /// Files from outside: path inside the pack → path from the pack's folder.
    #[serde(default)]
    pub include: BTreeMap<String, String>,
}

/// A layer; a later one's values win over an earlier one's for the same division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The whole country.
    National,
    /// A province's values.
    Province,
    /// A city.
    City,
    /// What a city did not print; only for synthetic databases.
    Demo,
    /// Changes made on pages.
    Database,
}

/// A pack of a release.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its head.
    pub head: PackHead,
    /// Its files.
    pub files: PackFiles,
}
