//! Divisions and outlines: the places that a pack knows.

use chrono::NaiveDate;
use serde::Deserialize;

use super::Level;
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

/// A division as a change of the tree (行政区划调整) left it: what it is since then, or what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DivisionChange {
    /// The day from which it is so. Changes are written down once they hold.
    #[serde(deserialize_with = "crate::number::date::deserialize")]
    pub from: NaiveDate,
    /// Code before; none for a division that is new.
    pub was: Option<String>,
    /// Code since then; none for a division that ended.
    pub code: Option<String>,
    /// Code of the Ministry of Civil Affairs since then.
    pub mca_code: Option<String>,
    /// Name since then.
    #[serde(default)]
    pub name: String,
    /// Its level; of a division that goes on it is not changed.
    pub level: Option<DivisionLevel>,
    /// Code of the one above.
    pub parent: Option<String>,
    /// A residents' committee rather than a villagers' one.
    #[serde(default)]
    pub community: bool,
    /// Codes of what an ended one became.
    #[serde(default)]
    pub followed_by: Vec<String>,
    /// The document that ordered it.
    pub source: String,
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

impl DivisionEntry {
    /// Whether it is of a kind. Above the village the name says so: 区 and 街道 are written at its end, and so are 镇 and 乡.
    #[must_use]
    pub fn is(&self, kind: PlaceKind) -> bool {
        match kind {
            PlaceKind::District => self.level == DivisionLevel::County && self.name.ends_with('区'),
            PlaceKind::County => self.level == DivisionLevel::County && !self.name.ends_with('区'),
            PlaceKind::Street => self.level == DivisionLevel::Township && self.name.ends_with("街道"),
            PlaceKind::Town => self.level == DivisionLevel::Township && !self.name.ends_with("街道"),
            PlaceKind::Zhen => self.level == DivisionLevel::Township && self.name.ends_with('镇'),
            PlaceKind::Xiang => {
                self.level == DivisionLevel::Township
                    && ["乡", "苏木"].iter().any(|ending| self.name.ends_with(ending))
            }
            PlaceKind::Community => self.level == DivisionLevel::Village && self.community,
            PlaceKind::Village => self.level == DivisionLevel::Village && !self.community,
        }
    }
}

/// What sort of place it is within its level; town and country are promised different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// 市辖区
    District,
    /// 县、县级市、旗
    County,
    /// 街道
    Street,
    /// 乡、镇
    Town,
    /// 建制镇
    Zhen,
    /// 乡、民族乡、苏木
    Xiang,
    /// 社区
    Community,
    /// 村
    Village,
}

impl PlaceKind {
    /// The level it belongs to.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            PlaceKind::District | PlaceKind::County => Level::County,
            PlaceKind::Street | PlaceKind::Town | PlaceKind::Zhen | PlaceKind::Xiang => Level::Township,
            PlaceKind::Community | PlaceKind::Village => Level::Village,
        }
    }
}
