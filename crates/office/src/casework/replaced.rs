//! Recognitions that a grant takes the place of (`ends` of a programme in the packs): seen before it is decided, ended with it, said in its letter
//! and on the family's pages, so that nobody is counted twice.
//!
//! It is no change for the worse and waits for no hearing (社会救助法 art. 48 is about what is reduced or stopped): what a recognition opens - 医疗、教育、
//! 住房、就业, art. 24 to 27 - is open to whoever has what takes its place, and `check-pack` and the ledger let nothing end like this that pays.

use catalogue::Release;
use catalogue::definition::{Ends, EndsFrom, Item, Pays, Programme, Starts, Unit};
use chrono::NaiveDate;
use ledger::recognitions::{self, Covering};
use ledger::{Decision, EntitlementId};
use rules::Outcome;
use store::{CaseId, Connection, HouseholdId, PersonId, Tx};
use vocab::Month;

use super::CaseRow;
use super::determine::DeterminationView;
use super::effects::LEDGER;
use crate::{Office, OfficeError, people};

/// A recognition that a grant takes the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// What it recognises.
    pub title: String,
    /// Its last month.
    pub last: Month,
    /// It ends; otherwise only whom the grant covers leaves it, and it goes on for the others.
    pub whole: bool,
    /// Why, with the law.
    pub because: String,
}

/// To whom something is granted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grantee<'a> {
    pub household: HouseholdId,
    /// Whom it covers.
    pub members: &'a [PersonId],
    /// First month.
    pub from: Month,
    /// The day of the decision.
    pub today: NaiveDate,
    /// The day that picks the law.
    pub on: NaiveDate,
}

/// What is to end, and what is said of it.
struct Planned {
    found: Covering,
    from: Month,
    said: Replaced,
}

/// The first month of what is paid from the next month on: the one after the decision; after the first, where that was revoked.
pub(super) fn redecided(case: &CaseRow, today: NaiveDate) -> Month {
    Month::containing(case.first_decided_on().unwrap_or(today)).next()
}

/// The first month of a benefit that is granted today.
pub(super) fn first_month(programme: &Programme, case: &CaseRow, today: NaiveDate) -> Month {
    match (programme.pays, programme.starts) {
        (Pays::Once, _) => Month::containing(today),
        (Pays::Monthly | Pays::Nothing, Starts::Decision) => redecided(case, today),
        (Pays::Monthly | Pays::Nothing, Starts::Filing) => Month::containing(case.filed_on),
    }
}

async fn plan(
    connection: &impl Connection,
    release: &Release,
    programme: &Programme,
    grantee: Grantee<'_>,
) -> Result<Vec<Planned>, OfficeError> {
    let mut planned = Vec::new();
    for ends in &programme.ends {
        let from = match ends.from {
            EndsFrom::Grant => grantee.from,
            EndsFrom::Decision => Month::containing(grantee.today).next(),
        };
        let id = ends.programme.as_str();
        let found = recognitions::covering(connection, &LEDGER, id, grantee.members, from).await?;
        for found in found.into_iter().filter(|found| !found.ended) {
            let own = programme.unit == Unit::Household && found.household == grantee.household;
            let whole = own || found.members.iter().all(|member| grantee.members.contains(member));
            let said = Replaced {
                title: title(release, id),
                last: from.previous(),
                whole,
                because: because(release, ends, grantee.on),
            };
            planned.push(Planned { found, from, said });
        }
    }
    Ok(planned)
}

fn title(release: &Release, programme: &str) -> String {
    release.programmes.get(programme).map_or(programme, |known| known.title.as_str()).to_owned()
}

/// The words of the pack, with the law of the day.
fn because(release: &Release, ends: &Ends, on: NaiveDate) -> String {
    let basis: Vec<String> =
        release.basis_on(&ends.basis, on).iter().map(catalogue::Citation::text).collect();
    if basis.is_empty() {
        ends.because.clone()
    } else {
        format!("{}（{}）", ends.because, basis.join("、"))
    }
}

/// Ends what the grant takes the place of. Before the grant is entered: both may be of one exclusion group.
pub(super) async fn end_with_grant(
    tx: &Tx,
    release: &Release,
    programme: &Programme,
    grantee: Grantee<'_>,
    decision: &Decision,
) -> Result<(), OfficeError> {
    for Planned { found, from, said } in plan(tx, release, programme, grantee).await? {
        let decision = Decision { reason: said.because, ..decision.clone() };
        if said.whole {
            recognitions::end(tx, &LEDGER, found.id, said.last, &decision).await?;
            continue;
        }
        let mut stay = found.members.clone();
        stay.retain(|member| !grantee.members.contains(member));
        let holder = if stay.contains(&found.holder) {
            found.holder
        } else {
            heir(tx, &found, &stay, grantee.today, decision.at.at_ms()).await?
        };
        recognitions::leave(tx, &LEDGER, &found, from, &stay, holder, &decision).await?;
    }
    Ok(())
}

/// Who holds a recognition that its holder leaves: the head of the family, else one of those who stay.
async fn heir(
    tx: &Tx,
    found: &Covering,
    stay: &[PersonId],
    today: NaiveDate,
    known_at: i64,
) -> Result<PersonId, OfficeError> {
    let members = people::members_as_of(tx, &LEDGER, found.household, today, known_at).await?;
    let there = members.iter().filter(|member| stay.contains(&member.person));
    let heir = there.max_by_key(|member| member.head).map(|member| member.person);
    Ok(heir.or(stay.first().copied()).unwrap_or(found.holder))
}

/// Who of a family may be recognised: not whoever has by themselves what would end the recognition.
///
/// # Errors
/// [`OfficeError::Conflict`] where the family has it, or nobody is left.
pub(super) async fn recognisable(
    connection: &impl Connection,
    release: &Release,
    programme: &Programme,
    grantee: Grantee<'_>,
) -> Result<Vec<PersonId>, OfficeError> {
    let mut left = grantee.members.to_vec();
    if programme.pays != Pays::Nothing {
        return Ok(left);
    }
    for better in release.programmes.iter() {
        let Some(ends) = better.ends.iter().find(|ends| *ends.programme == *programme.id.get()) else {
            continue;
        };
        let id = better.id.as_str();
        let found = recognitions::covering(connection, &LEDGER, id, grantee.members, grantee.from).await?;
        left.retain(|person| !found.iter().any(|one| one.members.contains(person)));
        let of_family = better.unit == Unit::Household && !found.is_empty();
        if !of_family && !left.is_empty() {
            continue;
        }
        let Some(last) = found.iter().map(|one| one.until).max_by_key(|until| until.unwrap_or(Month::LAST))
        else {
            continue;
        };
        let until = last.map_or_else(String::new, |month| format!("（到{}为止）", month.zh()));
        return Err(OfficeError::Conflict(format!(
            "家里已有“{}”{until}，不同时认定为“{}”：{}。",
            better.title,
            programme.title,
            because(release, ends, grantee.on)
        )));
    }
    Ok(left)
}

/// What a case's grant took the place of.
pub(super) async fn with_grant(
    connection: &impl Connection,
    release: &Release,
    case: CaseId,
    granted: EntitlementId,
) -> Result<Vec<Replaced>, OfficeError> {
    let replaced = recognitions::replaced(connection, &LEDGER, case, granted).await?;
    let said = |one: recognitions::Replaced| Replaced {
        title: title(release, &one.programme),
        last: one.last,
        whole: one.whole,
        because: one.reason,
    };
    Ok(replaced.into_iter().map(said).collect())
}

/// What the grant of a case takes the place of: as it would be decided today by what the rules last said, or as it was decided.
pub(super) async fn of_case(
    office: &Office,
    item: &Item,
    case: &CaseRow,
    determination: Option<&DeterminationView>,
) -> Result<Vec<Replaced>, OfficeError> {
    let (release, db, now) = (office.release(), office.db(), office.now());
    let ends = |id: &str| release.programmes.get(id).is_some_and(|programme| !programme.ends.is_empty());
    if !item.grants() || !item.programmes.iter().any(|programme| ends(programme.as_str())) {
        return Ok(Vec::new());
    }
    if let Some(granted) = case.entitlement {
        return with_grant(db, &release, case.id, granted).await;
    }
    let met = determination.filter(|view| case.open && view.result.outcome == Outcome::Met);
    let Some(programme) = met.and_then(|view| release.programmes.get(&view.programme)) else {
        return Ok(Vec::new());
    };
    let members = match programme.unit {
        Unit::Person => vec![case.person.unwrap_or(case.applicant)],
        Unit::Household => {
            let members =
                people::members_as_of(db, &LEDGER, case.household, now.today(), now.at_ms()).await?;
            members.into_iter().map(|member| member.person).collect()
        }
    };
    let grantee = Grantee {
        household: case.household,
        members: &members,
        from: first_month(programme, case, now.today()),
        today: now.today(),
        on: case.accepted_on.unwrap_or(case.filed_on),
    };
    let planned = plan(db, &release, programme, grantee).await?;
    Ok(planned.into_iter().map(|planned| planned.said).collect())
}
