//! Leads from departments' files: what the pack's nightly rules find ([`crate::means_test::nightly`]) about benefits on the roll, and about people
//! on departments' lists who have nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use catalogue::definition::{NightlyOf, Pays, Unit};
use sm3::{Digest, Sm3};
use store::jobs::{Beat, Claim};
use store::{HouseholdId, PersonId};

use super::known::{Benefit, Known};
use super::search::{Asked, NewLead, Searched};
use super::{Kind, LeadOutcome, Reason};
use crate::means_test::nightly::{self, FAMILIES, Finding, NightlyRule};
use crate::{Office, OfficeError};

/// Asks every nightly rule and adds what is new to what the sweep found; says whether to go on.
pub(super) async fn compare(
    office: &Office,
    claim: &Claim,
    asked: &Asked<'_>,
    known: &Known,
    searched: &mut Searched,
) -> Result<bool, OfficeError> {
    let mut files = Files { asked, known, searched, seen: HashSet::new(), taken: HashSet::new() };
    // Whom the sweep found is not found a second time.
    files.taken = files
        .searched
        .leads
        .iter()
        .filter(|lead| lead.kind == Kind::Unclaimed)
        .flat_map(|lead| lead.persons.iter().map(|person| (lead.group.clone(), *person)))
        .collect();
    let Some(on_roll) = files.roll(office, claim).await? else { return Ok(false) };
    let Some(others) = files.others(office, claim).await? else { return Ok(false) };
    let rules: BTreeSet<String> = on_roll.into_iter().chain(others).collect();
    files.lapsed(&rules);
    Ok(true)
}

/// Names an open lead or a new one: its rule, family, member, and benefit.
type About = (String, HouseholdId, Option<PersonId>, Option<i64>);

struct Files<'a> {
    asked: &'a Asked<'a>,
    known: &'a Known,
    searched: &'a mut Searched,
    /// What the files still say.
    seen: HashSet<About>,
    /// Who stands in a new lead of an exclusion group.
    taken: HashSet<(String, PersonId)>,
}

impl Files<'_> {
    /// Rules about families on the roll; returns which were asked.
    async fn roll(&mut self, office: &Office, claim: &Claim) -> Result<Option<Vec<String>>, OfficeError> {
        let rules = nightly::asked(self.asked.release, NightlyOf::Roll);
        let names = rules.iter().map(|rule| rule.rule.id.get().clone()).collect();
        if rules.is_empty() {
            return Ok(Some(names));
        }
        let mut held: BTreeMap<HouseholdId, Vec<&Benefit>> = BTreeMap::new();
        for benefit in &self.known.benefits {
            held.entry(benefit.household).or_default().push(benefit);
        }
        let households: Vec<HouseholdId> = held.keys().copied().collect();
        for (part, families) in households.chunks(FAMILIES).enumerate() {
            for finding in nightly::findings(office, self.asked.release, &rules, families).await? {
                for benefit in &held[&finding.household] {
                    self.of_benefit(&rules[finding.rule], &finding, benefit);
                }
            }
            if !went_on(office, claim, part * FAMILIES + families.len(), households.len()).await? {
                return Ok(None);
            }
        }
        Ok(Some(names))
    }

    /// A finding about a family is one about its benefits that the rule asks about.
    fn of_benefit(&mut self, rule: &NightlyRule<'_>, finding: &Finding, benefit: &Benefit) {
        let Some(programme) = self.asked.release.programmes.get(&benefit.programme) else { return };
        let asks = match rule.nightly.programmes.as_slice() {
            [] => programme.pays == Pays::Monthly,
            some => some.iter().any(|one| **one == benefit.programme),
        };
        let own = programme.unit == Unit::Household
            || finding.person.is_none_or(|person| benefit.persons.contains(&person));
        if !asks || !own {
            return;
        }
        let id = rule.rule.id.get().clone();
        if !self.seen.insert((id.clone(), finding.household, finding.person, Some(benefit.id.0))) {
            return;
        }
        let open = self.known.open.iter().any(|open| {
            open.rule == id && open.entitlement == Some(benefit.id) && open.person == finding.person
        });
        let fingerprint = fingerprint(&format!("review {}", benefit.id.0), finding);
        if open || self.known.closed.contains(&fingerprint) {
            return;
        }
        self.searched.leads.push(NewLead {
            kind: Kind::Review,
            programme: benefit.programme.clone(),
            group: benefit.group.clone(),
            household: benefit.household,
            person: finding.person,
            entitlement: Some(benefit.id),
            persons: Vec::new(),
            month: self.asked.month,
            amount: None,
            reasons: vec![self.reason(rule, finding, false)],
            fingerprint,
            rule: id,
        });
    }

    /// Rules about people who have nothing; returns which were asked.
    async fn others(&mut self, office: &Office, claim: &Claim) -> Result<Option<Vec<String>>, OfficeError> {
        let rules = nightly::asked(self.asked.release, NightlyOf::Others);
        let names = rules.iter().map(|rule| rule.rule.id.get().clone()).collect();
        if rules.is_empty() {
            return Ok(Some(names));
        }
        let mut waiting: HashMap<HouseholdId, BTreeSet<PersonId>> = HashMap::new();
        let mut after = (0, 0);
        while let (people, Some(next)) = nightly::people_in_files(office, &rules, after).await? {
            after = next;
            for (person, household) in people {
                if rules.iter().any(|rule| self.offers(rule, household, person).is_some()) {
                    waiting.entry(household).or_default().insert(person);
                }
            }
        }
        let mut households: Vec<HouseholdId> = waiting.keys().copied().collect();
        households.sort_unstable();
        for (part, families) in households.chunks(FAMILIES).enumerate() {
            for finding in nightly::findings(office, self.asked.release, &rules, families).await? {
                let Some(person) = finding.person.filter(|one| waiting[&finding.household].contains(one))
                else {
                    continue;
                };
                self.unclaimed(&rules[finding.rule], &finding, person);
            }
            if !went_on(office, claim, part * FAMILIES + families.len(), households.len()).await? {
                return Ok(None);
            }
        }
        Ok(Some(names))
    }

    /// What a person could file for: the first programme of the rule that nobody of the family has, or has a case for, and that is not surely refused.
    fn offers(&self, rule: &NightlyRule<'_>, household: HouseholdId, person: PersonId) -> Option<&str> {
        let mut found = None;
        for id in &rule.nightly.programmes {
            let programme = self.asked.release.programmes.get(id)?;
            // Nobody is looked for on a confidential ground.
            if programme.confidential.is_some() {
                continue;
            }
            let group = programme.exclusion_group.get();
            let concerned = match programme.unit {
                Unit::Household => self.asked.family(household),
                Unit::Person => vec![person],
            };
            let enrolled = |one: &PersonId| self.known.enrolled.contains(&(group.clone(), *one));
            // Who has the first of them needs no other.
            if concerned.is_empty() || concerned.iter().any(enrolled) {
                return None;
            }
            if self.known.case(self.asked.release, id, household).is_some() {
                return None;
            }
            if found.is_none() && !self.asked.refused(id, household, person) {
                found = Some(programme.id.get().as_str());
            }
        }
        found
    }

    fn unclaimed(&mut self, rule: &NightlyRule<'_>, finding: &Finding, person: PersonId) {
        let Some(id) = self.offers(rule, finding.household, person).map(str::to_owned) else { return };
        let Some(programme) = self.asked.release.programmes.get(&id) else { return };
        let (group, name) = (programme.exclusion_group.get().clone(), rule.rule.id.get().clone());
        let (about, persons) = match programme.unit {
            Unit::Household => (None, self.asked.family(finding.household)),
            Unit::Person => (Some(person), vec![person]),
        };
        if !self.seen.insert((name.clone(), finding.household, about, None)) {
            return;
        }
        let fingerprint = fingerprint(&format!("unclaimed {group} {}", finding.household.0), finding);
        let stands = |one: &PersonId| {
            let key = (group.clone(), *one);
            self.known.in_lead.contains(&key) || self.taken.contains(&key)
        };
        if persons.iter().any(stands) || self.known.closed.contains(&fingerprint) {
            return;
        }
        self.taken.extend(persons.iter().map(|one| (group.clone(), *one)));
        self.searched.leads.push(NewLead {
            kind: Kind::Unclaimed,
            programme: id,
            group,
            household: finding.household,
            person: about,
            entitlement: None,
            persons,
            month: self.asked.month,
            amount: None,
            reasons: vec![self.reason(rule, finding, true)],
            fingerprint,
            rule: name,
        });
    }

    fn reason(&self, rule: &NightlyRule<'_>, finding: &Finding, met: bool) -> Reason {
        Reason {
            title: rule.rule.title.clone(),
            found: finding.said.clone(),
            basis: rule.rule.basis.iter().map(|basis| self.asked.release.cite(basis)).collect(),
            to_judge: false,
            met,
        }
    }

    /// Open leads of rules that were asked and that the files bear out no more.
    fn lapsed(&mut self, rules: &BTreeSet<String>) {
        let already: HashSet<_> = self.searched.overtaken.iter().map(|(lead, _, _)| *lead).collect();
        for open in self.known.open.iter().filter(|open| rules.contains(&open.rule)) {
            let about =
                (open.rule.clone(), open.household, open.person, open.entitlement.map(|benefit| benefit.0));
            if !self.seen.contains(&about) && !already.contains(&open.id) {
                self.searched.overtaken.push((open.id, LeadOutcome::Lapsed, None));
            }
        }
    }
}

fn fingerprint(about: &str, finding: &Finding) -> String {
    let mut digest = Sm3::new();
    digest.update(about);
    digest.update(&finding.same);
    hex::encode(digest.finalize())
}

async fn went_on(office: &Office, claim: &Claim, done: usize, total: usize) -> Result<bool, OfficeError> {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(claim.progress(office.db(), number(done), Some(number(total))).await? != Beat::Cancel)
}
