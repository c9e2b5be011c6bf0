//! What a search sets beside what the rules and the files say: who has what, which cases and leads are in hand.

use std::collections::{HashMap, HashSet};

use catalogue::Release;
use ledger::EntitlementId;
use store::{CaseId, HouseholdId, PersonId, Query};

use super::search::SEARCH;
use super::{Kind, LeadId};
use crate::{Office, OfficeError, records};

/// An open lead.
pub(super) struct Open {
    pub id: LeadId,
    pub kind: Kind,
    pub programme: String,
    pub household: HouseholdId,
    pub person: Option<PersonId>,
    pub entitlement: Option<EntitlementId>,
    /// The check rule that found it; none for the sweep.
    pub rule: String,
}

/// A benefit that is alive.
pub(super) struct Benefit {
    pub id: EntitlementId,
    pub programme: String,
    pub group: String,
    pub household: HouseholdId,
    pub persons: Vec<PersonId>,
}

/// Everything that the search sets beside what the rules say, read at once.
pub(super) struct Known {
    /// Who has what, by exclusion group.
    pub enrolled: HashSet<(String, PersonId)>,
    pub benefits: Vec<Benefit>,
    /// Cases in hand: by family and item; and by benefit.
    cases: HashMap<(HouseholdId, String), CaseId>,
    pub reviewed: HashSet<EntitlementId>,
    pub open: Vec<Open>,
    /// Who stands in an open lead.
    pub in_lead: HashSet<(String, PersonId)>,
    /// Of whom a report of need is in hand: its visit asks what they could file for, and no other goes there beside it.
    pub told: HashSet<PersonId>,
    /// What the facts were when a lead was closed by somebody: by kind, group, family, person and benefit.
    pub closed: HashSet<String>,
}

impl Known {
    pub async fn read(office: &Office) -> Result<Known, OfficeError> {
        let (db, month) = (office.db(), office.now().month());
        let rows = Query::system(
            SEARCH,
            "SELECT e.id, e.programme, e.exclusion_group, e.household_id, em.person_id FROM entitlement e \
             JOIN entitlement_member em ON em.entitlement_id = e.id AND em.superseded_at IS NULL \
             AND (em.until_month IS NULL OR em.until_month >= ?) \
             WHERE e.until_month IS NULL OR e.until_month >= ? ORDER BY e.id",
        )
        .bind(month)
        .bind(month)
        .all(db)
        .await?;
        let mut benefits: Vec<Benefit> = Vec::new();
        let mut enrolled = HashSet::new();
        for row in &rows {
            let (id, person): (EntitlementId, PersonId) = (row.get("id")?, row.get("person_id")?);
            let group: String = row.get("exclusion_group")?;
            // Of a group in which each case stands for itself the case is written behind it.
            let group = group.split('/').next().unwrap_or_default().to_owned();
            enrolled.insert((group.clone(), person));
            match benefits.last_mut() {
                Some(last) if last.id == id => last.persons.push(person),
                _ => benefits.push(Benefit {
                    id,
                    programme: row.get("programme")?,
                    group,
                    household: row.get("household_id")?,
                    persons: vec![person],
                }),
            }
        }
        let rows = Query::system(
            SEARCH,
            "SELECT c.id, c.household_id, c.item, c.entitlement_id FROM case_file c WHERE c.state = 'open'",
        )
        .all(db)
        .await?;
        let (mut cases, mut reviewed) = (HashMap::new(), HashSet::new());
        for row in &rows {
            cases.insert((row.get("household_id")?, row.get("item")?), row.get("id")?);
            reviewed.extend(row.get::<Option<EntitlementId>>("entitlement_id")?);
        }
        let open = Query::system(
            SEARCH,
            "SELECT l.id, l.kind, l.programme, l.household_id, l.person_id, l.entitlement_id, l.rule FROM lead l WHERE l.state = 'open'",
        )
        .all_as(db, |row| {
            Ok(Open {
                id: row.get("id")?,
                kind: Kind::read(&row.get::<String>("kind")?),
                programme: row.get("programme")?,
                household: row.get("household_id")?,
                person: row.get("person_id")?,
                entitlement: row.get("entitlement_id")?,
                rule: row.get("rule")?,
            })
        })
        .await?;
        let in_lead = Query::system(
            SEARCH,
            "SELECT lp.exclusion_group, lp.person_id FROM lead_person lp WHERE lp.still_open = ?",
        )
        .bind(true)
        .all_as(db, |row| Ok((row.get("exclusion_group")?, row.get("person_id")?)))
        .await?;
        let closed: Vec<String> = Query::system(
            SEARCH,
            "SELECT l.fingerprint FROM lead l WHERE l.state = 'closed' AND l.closed_by IS NOT NULL",
        )
        .scalars(db)
        .await?;
        let mut told = HashSet::new();
        for register in office.release().registers.iter() {
            told.extend(records::people_in_hand(office, register).await?);
        }
        let (in_lead, closed) = (in_lead.into_iter().collect(), closed.into_iter().collect());
        Ok(Known { enrolled, benefits, cases, reviewed, open, in_lead, told, closed })
    }

    /// The case in hand that a programme would be decided in.
    pub fn case(&self, release: &Release, programme: &str, household: HouseholdId) -> Option<CaseId> {
        let decides = |item: &&catalogue::Defined<catalogue::definition::Item>| {
            item.programmes.iter().any(|one| *one == *programme)
        };
        let mut items = release.items.iter().filter(decides);
        items.find_map(|item| self.cases.get(&(household, item.id.get().clone())).copied())
    }
}
