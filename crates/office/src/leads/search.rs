//! The nightly search: sweep, compare with who is enrolled, write what is new, close what has been overtaken.

use std::collections::HashSet;
use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::Unit;
use chrono::NaiveDate;
use columns::{Sweep, Swept};
use ledger::EntitlementId;
use rules::{ConditionOutcome, Context, Outcome, Record, SettledBy, Value};
use serde_json::json;
use sm3::{Digest, Sm3};
use store::jobs::{Beat, Claim};
use store::{AuditActor, AuditEntry, CaseId, DivisionId, HouseholdId, PersonId, Query, Tx};
use vocab::{Fen, Month};

use super::known::{Benefit, Known};
use super::{Kind, LeadId, LeadOutcome, Reason, clocks, files};
use crate::population::{self, Population};
use crate::simulation::assume;
use crate::{Office, OfficeError, audited};

/// The job; its payload is the day, or the moment at which somebody asked for it.
pub const LEADS_JOB: &str = "leads";

pub(super) const SEARCH: &str = "the search for the eligible who have not filed, and for benefits to review";

/// Leads written in one transaction.
const BATCH: usize = 200;

/// What a search did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// New leads about benefits that nobody has filed for.
    pub unclaimed: i64,
    /// New leads about benefits to review.
    pub reviews: i64,
    /// Leads closed because they were overtaken.
    pub closed: i64,
}

/// Asks for today's search, once a day. Safe to call at any time.
///
/// # Errors
/// The database's.
pub async fn schedule(office: &Office) -> Result<(), OfficeError> {
    crate::once_a_day(office, LEADS_JOB).await
}

/// The work of [`LEADS_JOB`]. Killed anywhere it begins again and writes nothing twice.
///
/// # Errors
/// The database's.
pub async fn work(office: &Office, claim: &Claim) -> Result<Found, OfficeError> {
    let mut found = Found::default();
    if population::watched(office, claim).await?.is_none() {
        claim.cancelled(office.db()).await?;
        return Ok(found);
    }
    let population = population::current(office)?
        .ok_or_else(|| OfficeError::Internal("人口快照刚生成就不见了".to_owned()))?;
    let today = office.now().today();
    clocks::give_missing(office, &office.release()).await?;
    let (release, known) = (office.release(), Known::read(office).await?);
    let known = Arc::new(known);
    let (of_release, of_known, of_population) =
        (Arc::clone(&release), Arc::clone(&known), Arc::clone(&population));
    let searched = tokio::task::spawn_blocking(move || search(&of_release, &of_population, &of_known, today));
    let mut searched = searched.await.map_err(|_| OfficeError::Internal("查找的任务中断了".to_owned()))??;
    let asked = Asked::new(&release, &population, today);
    if !files::compare(office, claim, &asked, &known, &mut searched).await? {
        claim.cancelled(office.db()).await?;
        return Ok(found);
    }
    let total = i64::try_from(searched.leads.len() + searched.overtaken.len()).unwrap_or(i64::MAX);
    let mut done = 0_i64;
    for batch in searched.leads.chunks(BATCH) {
        let tx = office.db().begin().await?;
        tx.lock("leads").await?;
        for lead in batch {
            if write(office, &tx, &release, lead).await? {
                match lead.kind {
                    Kind::Unclaimed => found.unclaimed += 1,
                    Kind::Review => found.reviews += 1,
                }
            }
        }
        done += i64::try_from(batch.len()).unwrap_or(i64::MAX);
        let beat = claim.progress(&tx, done, Some(total)).await?;
        tx.commit().await?;
        if beat == Beat::Cancel {
            claim.cancelled(office.db()).await?;
            return Ok(found);
        }
    }
    for batch in searched.overtaken.chunks(BATCH) {
        let tx = office.db().begin().await?;
        for (lead, outcome, case) in batch {
            found.closed += i64::from(overtake(office, &tx, *lead, *outcome, *case).await?);
        }
        done += i64::try_from(batch.len()).unwrap_or(i64::MAX);
        claim.progress(&tx, done, Some(total)).await?;
        tx.commit().await?;
    }
    let said = format!(
        "新发现可能符合但没有申请的 {} 条，在册需要核查的 {} 条；因已申请或情况变化关闭 {} 条。",
        found.unclaimed, found.reviews, found.closed
    );
    claim.finished(office.db(), &said).await?;
    Ok(found)
}

/// A lead to be written.
pub(super) struct NewLead {
    pub kind: Kind,
    pub programme: String,
    pub group: String,
    pub household: HouseholdId,
    pub person: Option<PersonId>,
    pub entitlement: Option<EntitlementId>,
    pub persons: Vec<PersonId>,
    pub month: Month,
    pub amount: Option<Fen>,
    pub reasons: Vec<Reason>,
    pub fingerprint: String,
    pub rule: String,
}

pub(super) struct Searched {
    pub leads: Vec<NewLead>,
    pub overtaken: Vec<(LeadId, LeadOutcome, Option<CaseId>)>,
}

/// Asks the rules about everybody.
pub(super) struct Asked<'a> {
    pub release: &'a Release,
    population: &'a Population,
    pub month: Month,
    today: NaiveDate,
}

impl<'a> Asked<'a> {
    fn new(release: &'a Release, population: &'a Population, today: NaiveDate) -> Asked<'a> {
        Asked { release, population, month: Month::containing(today).next(), today }
    }
}

impl Asked<'_> {
    /// As a determination would be made today.
    fn context(&self, programme: &rules::Programme, division: &str) -> Context {
        let dates = Context::new(self.month, self.today, self.today);
        let mut context =
            self.release.context_with(programme, division, dates, &catalogue::Supposed::default());
        assume(self.release, programme, &mut context, self.today);
        context
    }

    fn division(&self, root: usize) -> &str {
        &self.population.snapshot.divisions()[self.population.snapshot.division_of(root)]
    }

    /// The members of a family that is in the population.
    pub(super) fn family(&self, household: HouseholdId) -> Vec<PersonId> {
        self.population.row_of(household).map(|row| self.members(row)).unwrap_or_default()
    }

    /// The members of a family, by number.
    fn members(&self, root: usize) -> Vec<PersonId> {
        let rows = self.population.snapshot.rows_of(self.population.people(), root);
        rows.map(|row| self.population.person(row)).collect()
    }

    /// Whom a programme of families covers.
    fn covered(&self, programme: &str, root: usize, record: &Record, context: &Context) -> Vec<PersonId> {
        let members = record.many.get("members").map(Vec::as_slice).unwrap_or_default();
        let covers = |member: &Record| {
            let coverage = self.release.coverage(programme);
            coverage.is_none_or(|one| one.evaluate(member, context) == Value::Boolean(true))
        };
        let persons = self.members(root).into_iter().zip(members);
        persons.filter(|(_, member)| covers(member)).map(|(person, _)| person).collect()
    }
}

fn search(
    release: &Release,
    population: &Population,
    known: &Known,
    today: NaiveDate,
) -> Result<Searched, OfficeError> {
    let asked = Asked::new(release, population, today);
    // Nobody is looked for on a confidential ground: a lead is the village's work, and what it rests on is in no file.
    let mut programmes: Vec<_> =
        release.programmes.iter().filter(|programme| programme.confidential.is_none()).collect();
    // The better one of a group is offered first.
    programmes.sort_by_key(|programme| programme.priority);
    let swept = programmes.iter().filter_map(|programme| {
        let rules = release.rules(&programme.id)?;
        let contexts = population.snapshot.divisions().iter().map(|code| asked.context(rules, code));
        Some(Swept { programme: rules, contexts: contexts.collect() })
    });
    let sweep = Sweep::new(&population.snapshot, swept.collect())
        .map_err(|error| OfficeError::Internal(format!("查找：{error}")))?;
    let mut leads = Vec::new();
    let mut taken: HashSet<(String, PersonId)> = HashSet::new();
    let mut eligible: HashSet<(String, HouseholdId, Option<PersonId>)> = HashSet::new();
    for (place, programme) in programmes.iter().enumerate() {
        let Some(rules) = release.rules(&programme.id) else { continue };
        let group = programme.exclusion_group.get();
        for (row, amount) in sweep.with_outcome(place, Outcome::Met) {
            let row = row as usize;
            let (root, person) = match programme.unit {
                Unit::Household => (row, None),
                Unit::Person => (population.root_of(row), Some(population.person(row))),
            };
            let household = population.household(root);
            eligible.insert((programme.id.get().clone(), household, person));
            let free = |person: &PersonId| {
                let key = (group.clone(), *person);
                !known.enrolled.contains(&key) && !known.in_lead.contains(&key) && !taken.contains(&key)
            };
            let everybody = person.map_or_else(|| asked.members(root), |person| vec![person]);
            let told = everybody.iter().any(|person| known.told.contains(person));
            if told || !everybody.iter().all(free) || known.case(release, &programme.id, household).is_some()
            {
                continue;
            }
            let context = asked.context(rules, asked.division(root));
            let record = match programme.unit {
                Unit::Household => population.snapshot.record(0, row),
                Unit::Person => population.snapshot.record(population.people(), row),
            };
            let persons = match person {
                Some(person) => vec![person],
                None => asked.covered(&programme.id, root, &record, &context),
            };
            let about = format!("unclaimed {group} {} {:?}", household.0, person.map(|person| person.0));
            let fingerprint = fingerprint(&about, &record);
            if persons.is_empty() || known.closed.contains(&fingerprint) {
                continue;
            }
            taken.extend(persons.iter().map(|person| (group.clone(), *person)));
            leads.push(NewLead {
                kind: Kind::Unclaimed,
                programme: programme.id.get().clone(),
                group: group.clone(),
                household,
                person,
                entitlement: None,
                persons,
                month: asked.month,
                amount,
                reasons: reasons(&rules.decide(&record, &context).conditions),
                fingerprint,
                rule: String::new(),
            });
        }
    }
    let mut lost: HashSet<EntitlementId> = HashSet::new();
    for benefit in &known.benefits {
        let Some(lead) = asked.review(benefit, known) else { continue };
        lost.insert(benefit.id);
        let open = known.open.iter().any(|open| open.rule.is_empty() && open.entitlement == Some(benefit.id));
        if !open && !known.reviewed.contains(&benefit.id) && !known.closed.contains(&lead.fingerprint) {
            leads.push(lead);
        }
    }
    let overtaken = known.open.iter().filter_map(|open| {
        let outcome = match open.kind {
            Kind::Unclaimed => {
                let group = release.programmes.get(&open.programme)?.exclusion_group.get().clone();
                let case = known.case(release, &open.programme, open.household);
                let mut about = match open.person {
                    Some(person) => vec![person],
                    None => asked.family(open.household),
                };
                about.retain(|person| known.enrolled.contains(&(group.clone(), *person)));
                if case.is_some() || !about.is_empty() {
                    return Some((open.id, LeadOutcome::Filed, case));
                }
                open.rule.is_empty()
                    && !eligible.contains(&(open.programme.clone(), open.household, open.person))
            }
            // What a file says lapses when the file says so no more.
            Kind::Review => {
                open.rule.is_empty() && open.entitlement.is_some_and(|benefit| !lost.contains(&benefit))
            }
        };
        outcome.then_some((open.id, LeadOutcome::Lapsed, None))
    });
    let overtaken = overtaken.collect();
    Ok(Searched { leads, overtaken })
}

impl Asked<'_> {
    /// What the rules read of a family, or of one of its members.
    fn record(
        &self,
        unit: Unit,
        household: HouseholdId,
        person: Option<PersonId>,
    ) -> Option<(usize, Record)> {
        let root = self.population.row_of(household)?;
        let snapshot = &self.population.snapshot;
        let record = match unit {
            Unit::Household => snapshot.record(0, root),
            Unit::Person => {
                let mut rows = snapshot.rows_of(self.population.people(), root);
                let row = rows.find(|row| Some(self.population.person(*row)) == person)?;
                snapshot.record(self.population.people(), row)
            }
        };
        Some((root, record))
    }

    /// Whether what is on file refuses a programme to a family, or to one of its members; what is unknown refuses nothing.
    pub(super) fn refused(&self, programme: &str, household: HouseholdId, person: PersonId) -> bool {
        let Some(unit) = self.release.programmes.get(programme).map(|programme| programme.unit) else {
            return true;
        };
        let Some(rules) = self.release.rules(programme) else { return true };
        self.record(unit, household, Some(person)).is_some_and(|(root, record)| {
            let context = self.context(rules, self.division(root));
            rules.answer(&record, &context).outcome == Outcome::NotMet
        })
    }

    /// A benefit whose conditions surely no longer hold by what is on file.
    fn review(&self, benefit: &Benefit, known: &Known) -> Option<NewLead> {
        let programme = self.release.programmes.get(&benefit.programme)?;
        let rules = self.release.rules(&benefit.programme)?;
        let person = match programme.unit {
            Unit::Household => None,
            Unit::Person => Some(*benefit.persons.first()?),
        };
        let (root, record) = self.record(programme.unit, benefit.household, person)?;
        let context = self.context(rules, self.division(root));
        if rules.answer(&record, &context).outcome != Outcome::NotMet {
            return None;
        }
        debug_assert!(known.enrolled.contains(&(benefit.group.clone(), benefit.persons[0])));
        let about = format!("review {}", benefit.id.0);
        Some(NewLead {
            kind: Kind::Review,
            programme: benefit.programme.clone(),
            group: benefit.group.clone(),
            household: benefit.household,
            person,
            entitlement: Some(benefit.id),
            persons: Vec::new(),
            month: self.month,
            amount: None,
            fingerprint: fingerprint(&about, &record),
            reasons: reasons(&rules.decide(&record, &context).conditions),
            rule: String::new(),
        })
    }
}

/// The facts of a family, so that the same ones make no second lead.
fn fingerprint(about: &str, record: &Record) -> String {
    let mut digest = Sm3::new();
    digest.update(about);
    // A record always serialises; an empty text would only make leads come back.
    digest.update(serde_json::to_vec(record).unwrap_or_default());
    hex::encode(digest.finalize())
}

fn reasons(conditions: &[ConditionOutcome]) -> Vec<Reason> {
    let reason = |condition: &ConditionOutcome| {
        let comparisons = condition.comparisons.iter().filter(|one| one.holds.is_some());
        Reason {
            title: condition.title.clone(),
            found: comparisons.map(|one| one.text.clone()).collect(),
            basis: condition.basis.clone(),
            to_judge: condition.kind == SettledBy::Finding,
            met: condition.outcome == Outcome::Met,
        }
    };
    conditions.iter().map(reason).collect()
}

/// Writes a lead, unless one of its people got into another meanwhile.
async fn write(office: &Office, tx: &Tx, release: &Release, lead: &NewLead) -> Result<bool, OfficeError> {
    let NewLead {
        kind,
        programme,
        group,
        household,
        person,
        entitlement,
        persons,
        month,
        amount,
        reasons,
        fingerprint,
        rule,
    } = lead;
    let there: i64 = match kind {
        Kind::Unclaimed => {
            Query::system(
                SEARCH,
                "SELECT count(*) FROM lead_person lp WHERE lp.exclusion_group = ? AND lp.still_open = ? AND lp.person_id IN ({list})",
            )
            .bind(group.as_str())
            .bind(true)
            .bind_list(persons.iter().copied())
            .scalar(tx)
            .await?
        }
        Kind::Review => {
            Query::system(
                SEARCH,
                "SELECT count(*) FROM lead l WHERE l.entitlement_id = ? AND l.rule = ? AND coalesce(l.person_id, 0) = ? AND l.state = 'open'",
            )
            .bind(*entitlement)
            .bind(rule.as_str())
            .bind(person.map_or(0, |person| person.0))
            .scalar(tx)
            .await?
        }
    };
    if there > 0 {
        return Ok(false);
    }
    let place = Query::system(
        SEARCH,
        "SELECT h.division_id, h.county_id, d.code FROM household h JOIN division d ON d.id = h.division_id WHERE h.id = ?",
    )
    .bind(*household)
    .one(tx)
    .await?;
    let (mut village, county): (DivisionId, Option<DivisionId>) =
        (place.get("division_id")?, place.get("county_id")?);
    if release.is_confidential(programme) {
        // Its county looks, not the village.
        village = county.ok_or_else(|| OfficeError::Internal("这个家庭没有登记到县".to_owned()))?;
    }
    let now = office.now();
    let code: String = place.get("code")?;
    let due = clocks::due(release, office.calendar(), *kind, rule, &code, now.today()).map(clocks::columns);
    let text = serde_json::to_string(reasons).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let id = Query::system(
        SEARCH,
        "INSERT INTO lead (kind, programme, exclusion_group, household_id, person_id, entitlement_id, county_id, division_id, month, \
         amount_fen, reasons, fingerprint, release_hash, rule, state, found_at, found_on, due_on, earliest_on) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?) RETURNING id",
    )
    .bind(kind.as_str())
    .bind(programme.as_str())
    .bind(group.as_str())
    .bind(*household)
    .bind(*person)
    .bind(*entitlement)
    .bind(county)
    .bind(village)
    .bind(*month)
    .bind(*amount)
    .bind(text)
    .bind(fingerprint.as_str())
    .bind(release.hash.as_str())
    .bind(rule.as_str())
    .bind(now.at_ms())
    .bind(now.today())
    .bind(due.map(|(on, _)| on))
    .bind(due.and_then(|(_, earliest)| earliest))
    .insert(tx)
    .await?;
    for person in persons {
        Query::system(
            SEARCH,
            "INSERT INTO lead_person (lead_id, exclusion_group, person_id, still_open) VALUES (?, ?, ?, ?)",
        )
        .bind(id)
        .bind(group.as_str())
        .bind(*person)
        .bind(true)
        .execute(tx)
        .await?;
    }
    tx.audit(AuditEntry {
        division: Some(village),
        details: json!({ "kind": kind.as_str(), "programme": programme, "household": household.0, "rule": rule }),
        ..audited(now.at_ms(), AuditActor::default(), "lead.found", ("lead", id))
    })
    .await?;
    Ok(true)
}

/// Closes a lead that has been overtaken.
async fn overtake(
    office: &Office,
    tx: &Tx,
    lead: LeadId,
    outcome: LeadOutcome,
    case: Option<CaseId>,
) -> Result<bool, OfficeError> {
    let at = office.now().at_ms();
    let closed = Query::system(
        SEARCH,
        "UPDATE lead SET state = 'closed', outcome = ?, closed_at = ?, case_id = ?, version = version + 1 \
         WHERE id = ? AND state = 'open'",
    )
    .bind(outcome.as_str())
    .bind(at)
    .bind(case)
    .bind(lead)
    .execute(tx)
    .await?;
    if closed == 0 {
        return Ok(false);
    }
    release_persons(tx, lead).await?;
    tx.audit(AuditEntry {
        details: json!({ "outcome": outcome.as_str() }),
        ..audited(at, AuditActor::default(), "lead.closed", ("lead", lead.0))
    })
    .await?;
    Ok(true)
}

/// The people of a closed lead may stand in another.
pub(super) async fn release_persons(tx: &Tx, lead: LeadId) -> Result<(), OfficeError> {
    Query::system(SEARCH, "UPDATE lead_person SET still_open = ? WHERE lead_id = ?")
        .bind(false)
        .bind(lead)
        .execute(tx)
        .await?;
    Ok(())
}
