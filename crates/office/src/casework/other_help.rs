//! One door (社会救助法 art. 64): a family that a matter's rules refuse is told which other matters it may ask for, by the same rules and
//! from what is already known. It is a hint: nothing is stored, nothing is decided, and what only an officer can judge is taken as met.

use std::collections::BTreeSet;

use catalogue::Release;
use catalogue::definition::{ConditionKind, Item, Programme, Unit};
use rules::{Context, FindingValue, Outcome, Record};
use store::{Connection, HouseholdId, Scope};
use vocab::Month;

use super::{CaseRow, needs_benefit};
use crate::{Office, OfficeError, people};

/// A matter that the family may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherHelp {
    /// The item.
    pub item: String,
    /// Its title.
    pub title: String,
    /// The programme that it may meet.
    pub programme: String,
}

const FAMILY: Scope = Scope::System("the family of a case that the reader may see");

/// The other matters of the case's business that the family may ask for: their rules say yes to what is known today, and it does not
/// have them yet.
///
/// # Errors
/// The database's.
pub async fn of_case(
    office: &Office,
    connection: &impl Connection,
    case: &CaseRow,
) -> Result<Vec<OtherHelp>, OfficeError> {
    let village = store::divisions::division(connection, case.village).await?;
    let release = office.release();
    let business = release.items.get(&case.item).map(|item| item.business.clone()).unwrap_or_default();
    let other = |item: &Item| item.business == business && *item.id != case.item;
    help_for_family(office, connection, case.household, &village.code, other).await
}

/// The matters that a family may ask for, of those that are wanted: their rules say yes to what is known today, and it does not have them
/// yet. `division` is the code of the village.
///
/// # Errors
/// The database's.
pub async fn help_for_family(
    office: &Office,
    connection: &impl Connection,
    household: HouseholdId,
    division: &str,
    wanted: impl Fn(&Item) -> bool + Send,
) -> Result<Vec<OtherHelp>, OfficeError> {
    let (release, now) = (office.release(), office.now());
    let family =
        people::facts_as_of(office, connection, &FAMILY, household, now.today(), now.at_ms()).await?;
    let month = Month::containing(now.today()).next();
    let held = ledger::pages::entitlements_of_household(connection, &FAMILY, household, month).await?;
    let held: BTreeSet<&str> = held
        .iter()
        .filter(|benefit| benefit.until.is_none_or(|until| until >= month))
        .map(|benefit| benefit.programme.as_str())
        .collect();
    let others = release.items.iter().filter(|item| {
        item.citizens_may_file
            && item.confidential.is_none()
            && !needs_benefit(item)
            && wanted(item)
            && !item.programmes.iter().any(|programme| held.contains(programme.as_str()))
    });
    let mut help = Vec::new();
    for item in others {
        let met = item.programmes.iter().find(|id| {
            let mut context = release.context(id, division, month, now.today(), now.today());
            may_meet(&release, id, &family, &mut context)
        });
        if let Some(programme) = met {
            help.push(OtherHelp {
                item: item.id.get().clone(),
                title: item.title.clone(),
                programme: programme.get().clone(),
            });
        }
    }
    Ok(help)
}

/// Whether a programme's rules say yes to a family, or to one of its members, when what an officer judges is taken as met.
#[must_use]
pub fn may_meet(release: &Release, id: &str, family: &Record, context: &mut Context) -> bool {
    let (Some(programme), Some(rules)) = (release.programmes.get(id), release.rules(id)) else {
        return false;
    };
    assume_judgements(programme, context);
    let met = |record: &Record| rules.decide(record, context).outcome == Outcome::Met;
    match programme.unit {
        Unit::Household => met(family),
        Unit::Person => family
            .many
            .get("members")
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .any(|member| met(&member.clone().with_one("household", family.clone()))),
    }
}

/// Takes as met what only an officer can judge; which conditions that are.
pub fn assume_judgements(programme: &Programme, context: &mut Context) -> Vec<String> {
    let judged = programme.conditions.iter().filter(|condition| condition.kind == ConditionKind::Finding);
    let open: Vec<String> = judged
        .map(|condition| condition.id.get().clone())
        .filter(|id| !context.findings.contains_key(id))
        .collect();
    for id in &open {
        let finding = FindingValue {
            met: Some(true),
            officer: "测算".to_owned(),
            reason: "测算时先按符合计算".to_owned(),
            recorded_on: context.known_at,
        };
        context.findings.insert(id.clone(), finding);
    }
    open
}
