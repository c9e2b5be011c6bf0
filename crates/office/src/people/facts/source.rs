//! Of whom something is said, and by whom.

use std::fmt;
use std::str::FromStr;

use catalogue::Release;
use catalogue::definition::{Fact, FactSource, Unit};
use store::{HouseholdId, PersonId};

use crate::OfficeError;

/// Of whom a fact speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A person.
    Person(PersonId),
    /// A family.
    Household(HouseholdId),
}

impl Subject {
    pub(in crate::people) fn unit(self) -> Unit {
        match self {
            Subject::Person(_) => Unit::Person,
            Subject::Household(_) => Unit::Household,
        }
    }

    pub(super) fn person(self) -> Option<PersonId> {
        match self {
            Subject::Person(id) => Some(id),
            Subject::Household(_) => None,
        }
    }

    pub(super) fn household(self) -> Option<HouseholdId> {
        match self {
            Subject::Household(id) => Some(id),
            Subject::Person(_) => None,
        }
    }
}

/// Where a fact came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Said by the family.
    Declared,
    /// Seen on a home visit.
    Visit,
    /// A department's data, by its id in the pack.
    Department(String),
    /// The imported roll.
    Roll,
    /// A register of this system.
    Register,
    /// An officer found out which of several values is right, and said why.
    Settled,
}

impl Source {
    /// Its place in a fact's precedence; a settled value has none.
    fn kind(&self) -> Option<FactSource> {
        match self {
            Source::Declared => Some(FactSource::Declared),
            Source::Visit => Some(FactSource::Visit),
            Source::Department(_) => Some(FactSource::Department),
            Source::Roll => Some(FactSource::Roll),
            Source::Register => Some(FactSource::Register),
            Source::Settled => None,
        }
    }

    /// Place in the fact's order of precedence: least wins. Sources that the fact does not list come after all others.
    pub(super) fn rank(&self, fact: &Fact) -> usize {
        let Some(kind) = self.kind() else { return 0 };
        let place = fact.precedence.iter().position(|source| *source.get() == kind);
        place.map_or(usize::MAX, |place| place + 1)
    }

    /// The Chinese name; a department's title.
    #[must_use]
    pub fn title(&self, release: &Release) -> String {
        match self {
            Source::Declared => "家庭申报".to_owned(),
            Source::Visit => "入户调查".to_owned(),
            Source::Department(id) => {
                release.departments.get(id).map_or_else(|| id.clone(), |department| department.title.clone())
            }
            Source::Roll => "在册导入".to_owned(),
            Source::Register => "业务登记".to_owned(),
            Source::Settled => "工作人员核实认定".to_owned(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Declared => f.write_str("declared"),
            Source::Visit => f.write_str("visit"),
            Source::Department(id) => write!(f, "department:{id}"),
            Source::Roll => f.write_str("roll"),
            Source::Register => f.write_str("register"),
            Source::Settled => f.write_str("settled"),
        }
    }
}

impl FromStr for Source {
    type Err = OfficeError;
    fn from_str(text: &str) -> Result<Source, OfficeError> {
        Ok(match text {
            "declared" => Source::Declared,
            "visit" => Source::Visit,
            "roll" => Source::Roll,
            "register" => Source::Register,
            "settled" => Source::Settled,
            _ => match text.strip_prefix("department:") {
                Some(id) if !id.is_empty() => Source::Department(id.to_owned()),
                _ => return Err(OfficeError::Internal(format!("未知的事实来源「{text}」"))),
            },
        })
    }
}
