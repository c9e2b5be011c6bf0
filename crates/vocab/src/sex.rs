//! Sex as registered (GB/T 2261.1).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::VocabError;
use crate::text::{half_width, read_as_text};

/// Sex as registered. Shown as `男`/`女`; stored and in serde as `male`/`female`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// 男, code 1.
    Male,
    /// 女, code 2.
    Female,
}

impl Sex {
    /// The word that databases and packs keep: `male`, `female`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Sex::Male => "male",
            Sex::Female => "female",
        }
    }

    /// `男` or `女`.
    #[must_use]
    pub fn zh(self) -> &'static str {
        match self {
            Sex::Male => "男",
            Sex::Female => "女",
        }
    }
}

impl fmt::Display for Sex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.zh())
    }
}

impl FromStr for Sex {
    type Err = VocabError;

    /// Accepts `男`, `男性`, `male`, the code `1`, and their counterparts.
    fn from_str(text: &str) -> Result<Self, VocabError> {
        match half_width(text).trim() {
            "男" | "男性" | "male" | "1" => Ok(Sex::Male),
            "女" | "女性" | "female" | "2" => Ok(Sex::Female),
            _ => Err(VocabError::Sex),
        }
    }
}

read_as_text!(Sex);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sex_reads_back_from_every_form() {
        for sex in [Sex::Male, Sex::Female] {
            assert_eq!(sex.as_str().parse(), Ok(sex));
            assert_eq!(sex.to_string().parse(), Ok(sex));
            let json = serde_json::to_string(&sex).expect("serialises");
            assert_eq!(json, format!("\"{}\"", sex.as_str()));
            assert_eq!(serde_json::from_str::<Sex>(&json).expect("parses"), sex);
        }
        assert_eq!("２".parse(), Ok(Sex::Female));
        assert_eq!("0".parse::<Sex>(), Err(VocabError::Sex));
    }
}
