//! 核对 as a process with its own clock: one question about one person to each department, and what becomes of it.
//!
//! - [`send`](mod@send): the county asks; what was answered before and still holds is not asked again;
//! - [`answer`]: what departments say, whole or in part, in time or late, or that they hold nothing or refuse;
//! - [`known`]: the family as it declared itself beside what was answered, as the pack's rules read it;
//! - [`compare`]: contradictions, told to the family and never settled by the machine, and the points that say whom to visit first;
//! - [`fills`]: what was answered becomes facts, which determinations read and name;
//! - [`objection`]: the family objects, the department is asked again, both answers stay;
//! - [`relatives`]: those outside the family who support one of its members, asked about with their own consent only;
//! - [`department`]: the departments' own accounts, which see and answer what is asked of them;
//! - [`exchange`]: lists for departments without an interface, and their answer files;
//! - [`letter`]: the family is told in writing what was found, from where, and how to object;
//! - [`view`], [`lists`]: what desks and families read.
//!
//! Which departments there are, what each is asked and how it answers is the pack's ([`catalogue::definition::Dataset`]).

use std::fmt;
use std::str::FromStr;

use catalogue::Release;
use catalogue::definition::Scalar;
use chrono::NaiveDate;
use store::{CaseId, Connection, DivisionId, HouseholdId, PersonId, Query, Scope, id_type};

use super::MeansRequestId;
use crate::OfficeError;

pub mod answer;
mod compare;
pub mod department;
pub mod exchange;
pub(super) mod fills;
mod known;
pub(super) mod letter;
pub mod lists;
pub mod objection;
pub mod relatives;
pub mod send;
pub mod view;

pub use answer::{Reply, Typed, answer, withdraw_request};
pub use exchange::{Taken, answer_template, requests_file, take_in_file};
pub use fills::Disputed;
pub use letter::tell;
pub use lists::{LateLine, SourceLine, late, late_count, late_sheet, sources, sources_sheet};
pub use objection::{Settled, object_for, object_own, recheck, settle};
pub use relatives::{Consent, NewRelative, RelativeView, record_relative};
pub use send::{Sent, send};
pub use view::{
    AskView, CheckView, ContradictionView, FamilyCheck, NotAsked, ObjectionView, RequestView, ScoreLine,
    ScoreView, ShownValue, check_sheet, family_check, open,
};

id_type! {
    /// One question to one department.
    CheckRequestId,
    /// What does not fit together.
    ContradictionId,
    /// Somebody outside the family who supports one of its members.
    RelativeId,
}

/// How far a question is. Whether it is late follows from its last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// Nothing came back yet.
    Asked,
    /// Some of it.
    Partly,
    /// All of it.
    Answered,
    /// The department holds nothing about the person.
    NoRecord,
    /// The department refuses, and says why.
    Refused,
    /// The county takes the question back.
    Withdrawn,
}

impl RequestState {
    /// As pages show it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            RequestState::Asked => "等待答复",
            RequestState::Partly => "部分答复",
            RequestState::Answered => "已答复",
            RequestState::NoRecord => "没有记录",
            RequestState::Refused => "不予答复",
            RequestState::Withdrawn => "已撤回",
        }
    }

    /// Still waits for something.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, RequestState::Asked | RequestState::Partly)
    }
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RequestState::Asked => "asked",
            RequestState::Partly => "partly",
            RequestState::Answered => "answered",
            RequestState::NoRecord => "no_record",
            RequestState::Refused => "refused",
            RequestState::Withdrawn => "withdrawn",
        })
    }
}

impl FromStr for RequestState {
    type Err = String;
    fn from_str(text: &str) -> Result<RequestState, String> {
        Ok(match text {
            "asked" => RequestState::Asked,
            "partly" => RequestState::Partly,
            "answered" => RequestState::Answered,
            "no_record" => RequestState::NoRecord,
            "refused" => RequestState::Refused,
            "withdrawn" => RequestState::Withdrawn,
            other => return Err(other.to_owned()),
        })
    }
}
store::text_type!(RequestState);

/// How far a contradiction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContradictionState {
    /// Found; nobody has said anything to it.
    Open,
    /// The family objects.
    Objected,
    /// The department is asked again.
    Rechecking,
    /// The department says the same again.
    Upheld,
    /// An officer found out how it came to be.
    Explained,
    /// A newer answer or declaration fits.
    Cleared,
    /// Newer values do not fit either: see the newer one.
    Replaced,
}

impl ContradictionState {
    /// As pages show it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            ContradictionState::Open => "待核实",
            ContradictionState::Objected => "家庭有异议",
            ContradictionState::Rechecking => "正在复核",
            ContradictionState::Upheld => "复核后不变",
            ContradictionState::Explained => "已核实",
            ContradictionState::Cleared => "已消除",
            ContradictionState::Replaced => "已有新的答复",
        }
    }

    /// Somebody has still to do something about it.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(
            self,
            ContradictionState::Open
                | ContradictionState::Objected
                | ContradictionState::Rechecking
                | ContradictionState::Upheld
        )
    }
}

impl fmt::Display for ContradictionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ContradictionState::Open => "open",
            ContradictionState::Objected => "objected",
            ContradictionState::Rechecking => "rechecking",
            ContradictionState::Upheld => "upheld",
            ContradictionState::Explained => "explained",
            ContradictionState::Cleared => "cleared",
            ContradictionState::Replaced => "replaced",
        })
    }
}

impl FromStr for ContradictionState {
    type Err = String;
    fn from_str(text: &str) -> Result<ContradictionState, String> {
        Ok(match text {
            "open" => ContradictionState::Open,
            "objected" => ContradictionState::Objected,
            "rechecking" => ContradictionState::Rechecking,
            "upheld" => ContradictionState::Upheld,
            "explained" => ContradictionState::Explained,
            "cleared" => ContradictionState::Cleared,
            "replaced" => ContradictionState::Replaced,
            other => return Err(other.to_owned()),
        })
    }
}
store::text_type!(ContradictionState);

const CHECK: &str = "the check of a case that the caller may see";

/// The case as far as its check needs it.
pub(super) struct Checked {
    case: CaseId,
    number: String,
    household: HouseholdId,
    county: DivisionId,
    county_code: String,
    /// Decided or ended: what is found now is found late.
    decided: bool,
    /// The request under which departments are asked; none while nobody asked for a test.
    request: Option<MeansRequestId>,
}

pub(super) async fn checked(
    connection: &impl Connection,
    scope: &Scope,
    case: CaseId,
) -> Result<Checked, OfficeError> {
    Query::new(
        scope,
        &crate::casework::CASE,
        "SELECT c.number, c.household_id, c.county_id, c.state, c.decided_on, d.code, \
         (SELECT max(r.id) FROM means_request r WHERE r.case_id = c.id) AS request_id \
         FROM case_file c JOIN division d ON d.id = c.county_id WHERE {scope} AND c.id = ?",
    )
    .bind(case)
    .optional_as(connection, |row| {
        Ok(Checked {
            case,
            number: row.get("number")?,
            household: row.get("household_id")?,
            county: row.get("county_id")?,
            county_code: row.get("code")?,
            decided: row.get::<String>("state")? != "open"
                || row.get::<Option<NaiveDate>>("decided_on")?.is_some(),
            request: row.get("request_id")?,
        })
    })
    .await?
    .ok_or(OfficeError::NotFound("这件申请"))
}

/// Somebody whom a check asks about.
#[derive(Debug, Clone)]
struct Asked {
    person: PersonId,
    name: String,
    blind: String,
    /// Outside the family.
    relative: Option<RelativeId>,
}

/// The members of the family, the head first, then the relatives outside it.
async fn asked_about(connection: &impl Connection, checked: &Checked) -> Result<Vec<Asked>, OfficeError> {
    let mut all = Query::system(
        CHECK,
        "SELECT p.id, p.name, p.citizen_id_blind FROM membership m JOIN person p ON p.id = m.person_id \
         WHERE m.household_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL ORDER BY m.head DESC, p.id",
    )
    .bind(checked.household)
    .all_as(connection, |row| {
        let (person, name) = (row.get("id")?, row.get("name")?);
        Ok(Asked { person, name, blind: row.get("citizen_id_blind")?, relative: None })
    })
    .await?;
    let relatives = Query::system(
        CHECK,
        "SELECT r.id AS relative_id, p.id, p.name, p.citizen_id_blind FROM check_relative r JOIN person p ON p.id = r.person_id \
         WHERE r.case_id = ? ORDER BY r.id",
    )
    .bind(checked.case)
    .all_as(connection, |row| {
        let (person, name) = (row.get("id")?, row.get("name")?);
        Ok(Asked { person, name, blind: row.get("citizen_id_blind")?, relative: Some(row.get("relative_id")?) })
    })
    .await?;
    for relative in relatives {
        if all.iter().all(|known| known.person != relative.person) {
            all.push(relative);
        }
    }
    Ok(all)
}

/// A whole number that a county has set; none where nobody set it.
fn set_number(release: &Release, parameter: Option<&str>, county: &str, on: NaiveDate) -> Option<u16> {
    match release.parameter(parameter?, county, on)?.value {
        Scalar::Number(number) => number.as_integer().and_then(|number| u16::try_from(number).ok()),
        _ => None,
    }
}
