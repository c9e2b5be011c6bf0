//! Codes of administrative divisions and their levels.
//!
//! There is no `parent()`: below the county the codes of the statistics bureau and of civil affairs differ, codes
//! are reissued when divisions merge, and some prefectures have townships without counties. Parents are rows of
//! the division register with dates, never a prefix.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::VocabError;
use crate::text::{read_as_text, serde_as_text, ungrouped};

/// A division code of 2, 4, 6, 9 or 12 digits, kept as given (`15`, `1503`, `150302`, `150302001`, `150302001001`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode {
    /// The digits, then zero bytes; so the order is that of the text.
    digits: [u8; 12],
}

/// A level of the administration. Shown in Chinese; stored and in serde as the English word. Ordered from the
/// nation down: `Level::Province < Level::County`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 国家
    Nation,
    /// 省、自治区、直辖市
    Province,
    /// 市(地、州、盟)
    Prefecture,
    /// 县(市、区、旗)
    County,
    /// 乡镇、街道
    Township,
    /// 村、社区
    Village,
}

impl DivisionCode {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.digits.iter().position(|digit| *digit == 0).unwrap_or(12);
        std::str::from_utf8(&self.digits[..length]).expect("digits are ASCII")
    }

    /// The level, as the trailing zeros say: `150000` province, `150300` prefecture, `150302` county, nine digits
    /// township unless they end in `000`, likewise twelve digits village. `00…` and `100000` are the nation.
    #[must_use]
    pub fn level(&self) -> Level {
        let text = self.as_str();
        let significant = text.strip_suffix("000").filter(|_| text.len() > 9).unwrap_or(text);
        let significant =
            significant.strip_suffix("000").filter(|rest| rest.len() == 6).unwrap_or(significant);
        if text.bytes().all(|digit| digit == b'0') || significant == "100000" {
            return Level::Nation;
        }
        match significant.len() {
            2 => Level::Province,
            4 if significant.ends_with("00") => Level::Province,
            4 => Level::Prefecture,
            6 if significant.ends_with("0000") => Level::Province,
            6 if significant.ends_with("00") => Level::Prefecture,
            6 => Level::County,
            9 => Level::Township,
            _ => Level::Village,
        }
    }
}

impl FromStr for DivisionCode {
    type Err = VocabError;

    /// Accepts full-width digits and blanks.
    fn from_str(text: &str) -> Result<Self, VocabError> {
        let text = ungrouped(text);
        if !matches!(text.len(), 2 | 4 | 6 | 9 | 12) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VocabError::DivisionForm);
        }
        let mut digits = [0; 12];
        digits[..text.len()].copy_from_slice(text.as_bytes());
        Ok(DivisionCode { digits })
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

serde_as_text!(DivisionCode);

impl Level {
    /// Every level from the nation down.
    pub const ALL: [Level; 6] =
        [Level::Nation, Level::Province, Level::Prefecture, Level::County, Level::Township, Level::Village];

    /// The word that databases and packs keep: `nation`, `province`, `prefecture`, `county`, `township`, `village`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Nation => "nation",
            Level::Province => "province",
            Level::Prefecture => "prefecture",
            Level::County => "county",
            Level::Township => "township",
            Level::Village => "village",
        }
    }

    /// `国家`, `省`, `市`, `县`, `乡镇`, `村`.
    #[must_use]
    pub fn zh(self) -> &'static str {
        match self {
            Level::Nation => "国家",
            Level::Province => "省",
            Level::Prefecture => "市",
            Level::County => "县",
            Level::Township => "乡镇",
            Level::Village => "村",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.zh())
    }
}

impl FromStr for Level {
    type Err = VocabError;

    fn from_str(text: &str) -> Result<Self, VocabError> {
        let text = text.trim();
        let known = Level::ALL.into_iter().find(|level| text == level.as_str() || text == level.zh());
        known.ok_or(VocabError::Level)
    }
}

read_as_text!(Level);

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> DivisionCode {
        text.parse().expect("a division code")
    }

    #[test]
    fn the_level_is_in_the_zeros() {
        for (text, level) in [
            ("00", Level::Nation),
            ("000000", Level::Nation),
            ("100000", Level::Nation),
            ("15", Level::Province),
            ("1503", Level::Prefecture),
            ("1500", Level::Province),
            ("150000", Level::Province),
            ("150300", Level::Prefecture),
            ("150302", Level::County),
            ("150302001", Level::Township),
            ("150302000", Level::County),
            ("150302001001", Level::Village),
            ("150302001000", Level::Township),
            ("150302000000", Level::County),
            ("150300000000", Level::Prefecture),
            ("150000000000", Level::Province),
            ("150302100", Level::Township),
            ("441900003000", Level::Township),
        ] {
            assert_eq!(code(text).level(), level, "{text}");
        }
    }

    #[test]
    fn codes_keep_their_text_and_order() {
        assert_eq!(code(" １５０３０２ ").to_string(), "150302");
        assert!(code("1503") < code("150302"));
        assert!(code("150302") < code("150303"));
        for text in ["", "1", "15030", "1503021", "15030A", "150302001001001", "区"] {
            assert_eq!(text.parse::<DivisionCode>(), Err(VocabError::DivisionForm), "{text}");
        }
        let json = serde_json::to_string(&code("150302")).expect("serialises");
        assert_eq!(json, "\"150302\"");
        assert_eq!(serde_json::from_str::<DivisionCode>(&json).expect("parses"), code("150302"));
    }

    #[test]
    fn levels_read_back() {
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(level.to_string().parse(), Ok(level));
            let json = serde_json::to_string(&level).expect("serialises");
            assert_eq!(json, format!("\"{}\"", level.as_str()));
            assert_eq!(serde_json::from_str::<Level>(&json).expect("parses"), level);
        }
        assert!(Level::Prefecture < Level::Township);
        assert_eq!("street".parse::<Level>(), Err(VocabError::Level));
    }
}
