//! Families that were on the roll before the system came.

use std::collections::HashSet;

use ledger::{AmountCause, Decision};
use office::people::{self, NewAccount, NewFact, Source, Subject};
use office::{Office, OfficeError};
use rules::{FindingValue, Outcome};
use store::{HouseholdId, Scope};
use vocab::{Fen, Month};

use super::{Home, Plan, Watch};
use crate::desk;
use crate::staff::{County, Staff};

const FILLING: Scope = Scope::System("a synthetic city is made");

/// Families that were on the roll before the system came: their facts of source `roll`, their amount as the rules have it. Returns which they are.
pub(super) async fn roll(
    office: &Office,
    staff: &Staff,
    poor: &[&Home],
    plan: Plan,
    from: Month,
    since: Month,
    watch: Watch<'_>,
) -> Result<HashSet<HouseholdId>, OfficeError> {
    let mut rolled = HashSet::new();
    let total = (plan.on_roll * staff.counties.len()) as u64;
    for county in &staff.counties {
        let mut count = 0;
        for home in poor.iter().filter(|home| home.county == county.division) {
            if count == plan.on_roll {
                break;
            }
            if enroll(office, county, home, from, since).await? {
                rolled.insert(home.ids.household);
                count += 1;
                watch("在册家庭", rolled.len() as u64, total);
            }
        }
    }
    watch("在册家庭", total, total);
    Ok(rolled)
}

async fn enroll(
    office: &Office,
    county: &County,
    home: &Home,
    from: Month,
    since: Month,
) -> Result<bool, OfficeError> {
    let now = office.now();
    let release = office.release();
    let tx = office.db().begin().await?;
    let facts = facts_of(office, home);
    people::record_facts_in(office, &tx, &FILLING, &county.county_clerk.audit(), &facts).await?;
    let record =
        people::facts_as_of(office, &tx, &FILLING, home.ids.household, now.today(), now.at_ms()).await?;
    let mut context = release.context("dibao", &home.family.village, from, from.first_day(), now.today());
    let finding = FindingValue {
        met: Some(true),
        officer: county.county_clerk.name.clone(),
        reason: "原名册".to_owned(),
        recorded_on: now.today(),
    };
    context.findings.insert("cooperation".to_owned(), finding);
    let decided = release.rules("dibao").map(|programme| programme.decide(&record, &context));
    let Some(decided) = decided.filter(|decided| decided.outcome == Outcome::Met) else { return Ok(false) };
    let Some(monthly) =
        decided.amount.as_ref().and_then(|amount| amount.as_number()).and_then(|number| number.to_scaled(2))
    else {
        return Ok(false);
    };
    let head = &home.family.members[0];
    let account = NewAccount {
        person: home.ids.persons[0],
        holder_name: head
            .name
            .parse()
            .map_err(|error: vocab::VocabError| OfficeError::invalid("name", error.to_string()))?,
        bank: "postal".to_owned(),
        number: desk::account_number(head)
            .parse()
            .map_err(|error: vocab::VocabError| OfficeError::invalid("account", error.to_string()))?,
    };
    let account_id =
        people::add_account_in(office, &tx, &FILLING, &county.county_clerk.audit(), &account).await?;
    let number = desk::account_number(head);
    let months = decided
        .review_months
        .as_ref()
        .and_then(|months| months.as_number())
        .and_then(|months| months.to_i64());
    let grant = ledger::entitlement::Grant {
        programme: "dibao".to_owned(),
        exclusion_group: "basic_living".to_owned(),
        household: home.ids.household,
        holder: home.ids.persons[0],
        members: home.ids.persons.clone(),
        county: home.county,
        township: home.township,
        division: home.village,
        from: since,
        first_due: from,
        until: None,
        monthly: Fen(monthly),
        cause: AmountCause::Import,
        payee: Some(ledger::payee::NewPayee {
            account: ledger::BankAccountId(account_id.0),
            holder_name: head.name.clone(),
            bank: account.bank.clone(),
            number_tail: number[number.len() - 4..].to_owned(),
            proposed_by: ledger::payee::Proposer::Citizen(home.ids.persons[0]),
        }),
        review_due_on: months.map(|months| since.plus(i32::try_from(months).unwrap_or(12)).last_day()),
    };
    let decision = Decision {
        reference: "原低保名册".to_owned(),
        reason: "系统启用前已在册".to_owned(),
        case: None,
        determination: None,
        officer: county.county_clerk.staff,
        at: now,
    };
    ledger::entitlement::grant(&tx, &grant, &decision).await?;
    tx.commit().await?;
    Ok(true)
}

/// A family's truth as facts of the imported roll.
fn facts_of(office: &Office, home: &Home) -> Vec<NewFact> {
    let release = office.release();
    let mut facts = Vec::new();
    for fact in release.facts.iter() {
        let id = fact.id.get();
        match fact.on {
            catalogue::definition::Unit::Household => {
                if let Some(value) = desk::of_family(&home.family, id) {
                    facts.push((Subject::Household(home.ids.household), id.clone(), value));
                }
            }
            catalogue::definition::Unit::Person => {
                for (member, person) in home.family.members.iter().zip(&home.ids.persons) {
                    if let Some(value) = desk::of_member(office, member, id) {
                        facts.push((Subject::Person(*person), id.clone(), value));
                    }
                }
            }
        }
    }
    let from_on = office.now().today();
    facts
        .into_iter()
        .map(|(subject, fact, value)| {
            let text = match value.text() {
                "yes" => "true",
                "no" => "false",
                text => text,
            };
            NewFact {
                subject,
                fact,
                value: Some(text.to_owned()),
                from_on,
                until_on: None,
                source: Source::Roll,
                case: None,
                evidence: None,
            }
        })
        .collect()
}
