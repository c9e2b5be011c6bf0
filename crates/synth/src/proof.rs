//! Whether the offices find what is wrong: one night's search of the product, then the list of [`crate::planted`] beside the leads.
//!
//! *Found* is a planted error with a lead of its kind, about that person (deaths, two cities) or that family (cars, savings, never filed), open or
//! already closed. A *false alarm* is a lead of that kind about somebody of whom nothing is planted. *Stopped* counts benefits that are another thing after the
//! night than before: ended, paused, of another amount or for other people. A machine may do that to nobody.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use office::{Office, OfficeError, leads};
use serde::{Deserialize, Serialize};
use store::{HouseholdId, PersonId, Query};

use crate::planted::Error;

const PROOF: &str = "what was planted in a synthetic city beside what was found";

/// A planted error, for scoring and never for deciding. It lies in a file beside the database, not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planted {
    /// What is wrong.
    pub error: Error,
    /// The family concerned.
    pub household: HouseholdId,
    /// The person concerned.
    pub person: PersonId,
}

/// How it went for one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The kind.
    pub error: Error,
    /// How many were planted.
    pub planted: usize,
    /// How many of them were found.
    pub found: usize,
    /// Leads of this kind about somebody else.
    pub false_alarms: usize,
}

impl Line {
    /// Of a hundred planted, how many were found, rounded down; a hundred if none was planted.
    #[must_use]
    pub fn recall_percent(&self) -> usize {
        if self.planted == 0 { 100 } else { self.found * 100 / self.planted }
    }
}

/// How the night went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// By kind.
    pub lines: Vec<Line>,
    /// Benefits on the roll that the sweep over what is on file would review: what the roll and the rules do not agree about.
    pub disagreements: usize,
    /// Benefits that the night changed.
    pub stopped: usize,
}

/// Runs the offices' nightly search and holds what was planted against its leads. The search reads nothing of what is handed over here.
///
/// # Errors
/// The database's; [`OfficeError::Conflict`] where it is not a synthetic one.
pub async fn night(office: &Office, planted: &[Planted]) -> Result<Proof, OfficeError> {
    if !office.db().synthetic() {
        return Err(OfficeError::Conflict("只有演示库才有预先埋下的差错。".to_owned()));
    }
    let before = books(office).await?;
    let tx = office.db().begin().await?;
    store::jobs::enqueue_single(&tx, leads::LEADS_JOB, "now", None).await?;
    tx.commit().await?;
    while let Some(claim) = store::jobs::claim(office.db(), &[leads::LEADS_JOB], "synth").await? {
        leads::work(office, &claim).await?;
    }
    let after = books(office).await?;
    let stopped = before.iter().filter(|(benefit, was)| after.get(*benefit) != Some(was)).count();
    let mut proof = compared(office, planted).await?;
    proof.stopped = stopped;
    Ok(proof)
}

/// The check rules of the packs that look for a kind.
fn rules(error: Error) -> &'static [&'static str] {
    match error {
        Error::UnreportedDeath => &["died"],
        Error::HiddenVehicle => &["vehicle_denied"],
        Error::HiddenDeposit => &["deposits_more"],
        Error::DoubleFiling => &["receiving_elsewhere"],
        Error::NeverFiled => &["severe_unclaimed", "watched_unclaimed", "medical_unclaimed"],
    }
}

/// Whether a kind is about a person; else it is about the family.
fn personal(error: Error) -> bool {
    matches!(error, Error::UnreportedDeath | Error::DoubleFiling)
}

async fn compared(office: &Office, planted: &[Planted]) -> Result<Proof, OfficeError> {
    let leads: Vec<(String, HouseholdId, Option<PersonId>)> = Query::system(
        PROOF,
        "SELECT l.rule, l.household_id, l.person_id FROM lead l WHERE l.kind = 'review' OR l.rule <> ''",
    )
    .all_as(office.db(), |row| Ok((row.get("rule")?, row.get("household_id")?, row.get("person_id")?)))
    .await?;
    let lines = Error::ALL.map(|error| {
        // A person or a family, never both: one number names it.
        let labels: BTreeSet<i64> = planted
            .iter()
            .filter(|one| one.error == error)
            .map(|one| if personal(error) { one.person.0 } else { one.household.0 })
            .collect();
        let alarms: BTreeSet<i64> = leads
            .iter()
            .filter(|(rule, _, _)| rules(error).contains(&rule.as_str()))
            .map(|(_, household, person)| match person {
                Some(person) if personal(error) => person.0,
                _ => household.0,
            })
            .collect();
        Line {
            error,
            planted: labels.len(),
            found: labels.intersection(&alarms).count(),
            false_alarms: alarms.difference(&labels).count(),
        }
    });
    let swept: HashSet<HouseholdId> =
        leads.iter().filter(|(rule, _, _)| rule.is_empty()).map(|(_, household, _)| *household).collect();
    Ok(Proof { lines: lines.to_vec(), disagreements: swept.len(), stopped: 0 })
}

/// Everything that says what a benefit is: its end, amounts, pauses and people.
async fn books(office: &Office) -> Result<BTreeMap<i64, String>, OfficeError> {
    let parts = [
        "SELECT e.id, 'e' || coalesce(CAST(e.until_month AS TEXT), '') || '/' || coalesce(CAST(e.ended_at AS TEXT), '') || '/' || \
         CAST(e.version AS TEXT) AS line FROM entitlement e ORDER BY e.id",
        "SELECT a.entitlement_id AS id, 'a' || CAST(a.from_month AS TEXT) || '=' || CAST(a.amount_fen AS TEXT) || '/' || \
         coalesce(CAST(a.superseded_at AS TEXT), '') AS line FROM entitlement_amount a ORDER BY a.id",
        "SELECT s.entitlement_id AS id, 's' || CAST(s.from_month AS TEXT) || '/' || coalesce(CAST(s.until_month AS TEXT), '') AS line \
         FROM entitlement_pause s ORDER BY s.id",
        "SELECT m.entitlement_id AS id, 'm' || CAST(m.person_id AS TEXT) || '/' || coalesce(CAST(m.until_month AS TEXT), '') || '/' || \
         coalesce(CAST(m.superseded_at AS TEXT), '') AS line FROM entitlement_member m ORDER BY m.id",
    ];
    let mut books: BTreeMap<i64, String> = BTreeMap::new();
    for sql in parts {
        let rows: Vec<(i64, String)> = Query::system(PROOF, sql)
            .all_as(office.db(), |row| Ok((row.get("id")?, row.get("line")?)))
            .await?;
        for (benefit, line) in rows {
            let known = books.entry(benefit).or_default();
            known.push_str(&line);
            known.push(' ');
        }
    }
    Ok(books)
}

#[cfg(test)]
mod tests;
