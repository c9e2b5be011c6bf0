//! Time limits of the law. Working days, natural days and months are counted differently, so they are different
//! types; a [`TimeLimit`] is any one of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::VocabError;
use crate::text::half_width;

/// Working days (工作日) by the State Council's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkingDays(pub u16);

/// Natural days (自然日), holidays included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NaturalDays(pub u16);

/// Calendar months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Months(pub u16);

/// How long something may take. In TOML `{ working_days = 30 }`, `{ natural_days = 7 }` or `{ months = 6 }`.
///
/// The derived order compares kinds first; which of two limits ends later only a calendar can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeLimit {
    /// So many working days.
    WorkingDays(WorkingDays),
    /// So many natural days.
    NaturalDays(NaturalDays),
    /// So many months.
    Months(Months),
}

impl TimeLimit {
    /// `n` working days.
    #[must_use]
    pub const fn working_days(n: u16) -> TimeLimit {
        TimeLimit::WorkingDays(WorkingDays(n))
    }

    /// `n` natural days.
    #[must_use]
    pub const fn natural_days(n: u16) -> TimeLimit {
        TimeLimit::NaturalDays(NaturalDays(n))
    }

    /// `n` months.
    #[must_use]
    pub const fn months(n: u16) -> TimeLimit {
        TimeLimit::Months(Months(n))
    }

    /// `30个工作日`, `7个自然日`, `6个月`.
    #[must_use]
    pub fn zh(self) -> String {
        match self {
            TimeLimit::WorkingDays(limit) => limit.to_string(),
            TimeLimit::NaturalDays(limit) => limit.to_string(),
            TimeLimit::Months(limit) => limit.to_string(),
        }
    }
}

impl From<WorkingDays> for TimeLimit {
    fn from(limit: WorkingDays) -> Self {
        TimeLimit::WorkingDays(limit)
    }
}

impl From<NaturalDays> for TimeLimit {
    fn from(limit: NaturalDays) -> Self {
        TimeLimit::NaturalDays(limit)
    }
}

impl From<Months> for TimeLimit {
    fn from(limit: Months) -> Self {
        TimeLimit::Months(limit)
    }
}

impl fmt::Display for WorkingDays {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}个工作日", self.0))
    }
}

impl fmt::Display for NaturalDays {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}个自然日", self.0))
    }
}

impl fmt::Display for Months {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}个月", self.0))
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.zh())
    }
}

impl FromStr for TimeLimit {
    type Err = VocabError;

    /// Accepts `30个工作日`, `7个自然日`, `7日`, `7天`, `6个月` (and each without `个`).
    fn from_str(text: &str) -> Result<Self, VocabError> {
        let text = half_width(text);
        let text = text.trim();
        let split = text.find(|character: char| !character.is_ascii_digit()).ok_or(VocabError::TimeLimit)?;
        let (number, unit) = text.split_at(split);
        let number: u16 = number.parse().map_err(|_| VocabError::TimeLimit)?;
        let unit = unit.trim_start();
        match unit.strip_prefix('个').unwrap_or(unit) {
            "工作日" => Ok(TimeLimit::working_days(number)),
            "自然日" | "日" | "天" => Ok(TimeLimit::natural_days(number)),
            "月" => Ok(TimeLimit::months(number)),
            _ => Err(VocabError::TimeLimit),
        }
    }
}

impl FromStr for WorkingDays {
    type Err = VocabError;

    fn from_str(text: &str) -> Result<Self, VocabError> {
        match text.parse()? {
            TimeLimit::WorkingDays(limit) => Ok(limit),
            TimeLimit::NaturalDays(_) | TimeLimit::Months(_) => Err(VocabError::TimeLimit),
        }
    }
}

impl FromStr for NaturalDays {
    type Err = VocabError;

    fn from_str(text: &str) -> Result<Self, VocabError> {
        match text.parse()? {
            TimeLimit::NaturalDays(limit) => Ok(limit),
            TimeLimit::WorkingDays(_) | TimeLimit::Months(_) => Err(VocabError::TimeLimit),
        }
    }
}

impl FromStr for Months {
    type Err = VocabError;

    fn from_str(text: &str) -> Result<Self, VocabError> {
        match text.parse()? {
            TimeLimit::Months(limit) => Ok(limit),
            TimeLimit::WorkingDays(_) | TimeLimit::NaturalDays(_) => Err(VocabError::TimeLimit),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packs_write_limits_as_a_table_of_one() {
        for (json, limit) in [
            (r#"{"working_days":30}"#, TimeLimit::working_days(30)),
            (r#"{"natural_days":7}"#, TimeLimit::natural_days(7)),
            (r#"{"months":6}"#, TimeLimit::months(6)),
        ] {
            assert_eq!(serde_json::from_str::<TimeLimit>(json).expect("parses"), limit);
            assert_eq!(serde_json::to_string(&limit).expect("serialises"), json);
        }
        #[derive(Deserialize)]
        struct Step {
            clock: TimeLimit,
        }
        let step: Step = toml::from_str("clock = { working_days = 30 }").expect("parses");
        assert_eq!(step.clock, TimeLimit::working_days(30));
        for json in [r#"{"days":30}"#, r#"{"working_days":-1}"#, r#"{"working_days":30,"months":1}"#, "30"] {
            assert!(serde_json::from_str::<TimeLimit>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_kinds_do_not_mix() {
        assert_eq!("30个工作日".parse(), Ok(WorkingDays(30)));
        assert_eq!("30个工作日".parse::<NaturalDays>(), Err(VocabError::TimeLimit));
        assert_eq!("7日".parse(), Ok(NaturalDays(7)));
        assert_eq!("6个月".parse(), Ok(Months(6)));
        for text in ["", "30", "个工作日", "三十个工作日", "70000日", "5年", "-5日"] {
            assert_eq!(text.parse::<TimeLimit>(), Err(VocabError::TimeLimit), "{text}");
        }
    }

    proptest! {
        #[test]
        fn shown_limits_read_back(number in any::<u16>()) {
            for limit in [TimeLimit::working_days(number), TimeLimit::natural_days(number), TimeLimit::months(number)] {
                prop_assert_eq!(limit.to_string().parse(), Ok(limit));
            }
        }
    }
}
