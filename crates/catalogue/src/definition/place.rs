//! Divisions and outlines: the places that a pack knows.

use serde::Deserialize;

use crate::Located;

/// A CSV file of divisions (`nbs_code,level,name,parent_nbs_code,mca_code,flag`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DivisionFile {
    /// File inside the pack.
    pub file: Located<String>,
    /// Where the list comes from.
    pub source: String,
    /// Divisions above the first row, highest first, such as the province.
    #[serde(default)]
    pub above: Vec<DivisionAbove>,
}

/// A division above the ones in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DivisionAbove {
    /// Code.
    pub code: Located<String>,
    /// Name.
    pub name: String,
    /// Level.
    pub level: DivisionLevel,
}

/// A GeoJSON file of county outlines.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlineFile {
    /// File inside the pack.
    pub file: Located<String>,
    /// Where the outlines come from.
    pub source: String,
}

/// A level of the administrative tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DivisionLevel {
    /// 省
    Province,
    /// 市、州、盟
    Prefecture,
    /// 县、市、区、旗
    County,
    /// 乡、镇、街道
    Township,
    /// 村、社区
    Village,
}

/// A division of the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DivisionEntry {
    /// Statistical code (6, 9 or 12 digits).
    pub code: String,
    /// Code of the Ministry of Civil Affairs, where joined by name.
    pub mca_code: Option<String>,
    /// Name.
    pub name: String,
    /// Level.
    pub level: DivisionLevel,
    /// Code of the division above; none at the top.
    pub parent: Option<String>,
    /// A residents' committee rather than a villagers' one.
    pub community: bool,
    /// Only the statistics office lists it (a development zone, a made-up community for what lies in none): people may live there, but it
    /// is none of the places that plans and offices count.
    pub nominal: bool,
}
