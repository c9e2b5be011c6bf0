//! What people ask a change of the tree to do.

use serde::{Deserialize, Serialize};
use store::{DivisionId, HouseholdId};

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// 更名：another name, or other codes; what it is stays.
    Rename,
    /// 撤乡设镇、撤镇设街道、撤县设市、村改居：another kind of place at the same level.
    Relevel,
    /// 改变隶属：another place above.
    Move,
    /// 合并：one or several into one that is there, or into a new one.
    Merge,
    /// 拆分、析置：new ones out of one, which goes on or ends.
    Split,
    /// 撤销：an empty one is no more.
    End,
}

impl ChangeKind {
    /// All, in the order in which they are offered.
    pub const ALL: [ChangeKind; 6] = [
        ChangeKind::Rename,
        ChangeKind::Relevel,
        ChangeKind::Move,
        ChangeKind::Merge,
        ChangeKind::Split,
        ChangeKind::End,
    ];

    /// How the database and addresses spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Rename => "rename",
            ChangeKind::Relevel => "relevel",
            ChangeKind::Move => "move",
            ChangeKind::Merge => "merge",
            ChangeKind::Split => "split",
            ChangeKind::End => "end",
        }
    }

    /// Read back.
    #[must_use]
    pub fn read(text: &str) -> Option<ChangeKind> {
        ChangeKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            ChangeKind::Rename => "更名、换代码",
            ChangeKind::Relevel => "撤乡设镇、撤镇设街道等",
            ChangeKind::Move => "改变隶属",
            ChangeKind::Merge => "合并",
            ChangeKind::Split => "拆分、析置",
            ChangeKind::End => "撤销",
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            ChangeKind::Rename => "换名称或者代码，类别不变，其中的一切随之不动。",
            ChangeKind::Relevel => {
                "乡改镇、镇改街道、县改市（区）、村改社区：换类别、名称和代码，其中的一切随之不动。"
            }
            ChangeKind::Move => "改归另一个上级，其中的一切随之过去。",
            ChangeKind::Merge => "一个或几个并入另一个，或者合成一个新的，其中的一切归并入的那个。",
            ChangeKind::Split => "从一个里分出新的，原来的保留或者撤销，其中的村（家庭）逐个分配。",
            ChangeKind::End => "撤销已经没有下级、人员、办件和待遇的区划。",
        }
    }
}

/// Name and codes of a division from the day of the change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Name in full.
    pub name: String,
    /// Statistical code.
    pub code: String,
    /// Code of the Ministry of Civil Affairs, where it has one.
    pub mca_code: Option<String>,
}

/// Another code for a division that is changed in nothing else, or only in where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recode {
    /// Statistical code before.
    pub was: String,
    /// Statistical code since.
    pub code: String,
    /// Code of the Ministry of Civil Affairs since; unsaid it stays what it is.
    pub mca_code: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Which kind.
    pub kind: ChangeKind,
    /// What is changed: one; several may be merged or moved together.
    pub subjects: Vec<DivisionId>,
    /// What they are merged into, or the one above after a move; none merges into a new one.
    pub into: Option<DivisionId>,
    /// The name and codes that a division gets, or of the new ones. Of a split that ends its subject the first takes over what lies at its
    /// office.
    pub parts: Vec<Part>,
    /// Of a split: the subject goes on with what is not given away.
    pub keeps: bool,
    /// Of a split: which of its divisions go to which part.
    pub children: Vec<(DivisionId, usize)>,
    /// Of the split of a village: which families go to which part.
    pub families: Vec<(HouseholdId, usize)>,
    /// Other codes for what lies below.
    pub codes: Vec<Recode>,
}

/// The generic part at the end of a name, as far as the law tells kinds apart.
pub(super) fn kind_word(name: &str) -> &'static str {
    const KINDS: [&str; 17] = [
        "街道",
        "民族乡",
        "苏木",
        "镇",
        "乡",
        "社区",
        "居民委员会",
        "居委会",
        "村民委员会",
        "村委会",
        "嘎查",
        "村",
        "自治县",
        "自治旗",
        "区",
        "县",
        "市",
    ];
    let found = KINDS.into_iter().find(|kind| name.ends_with(kind));
    match found.unwrap_or_default() {
        "村民委员会" | "村委会" => "村",
        "居民委员会" | "居委会" => "社区",
        other => other,
    }
}

/// A residents' committee by its name.
pub(super) fn is_community(name: &str) -> bool {
    name.contains("社区") || name.contains("居民委员会") || name.contains("居委会")
}
