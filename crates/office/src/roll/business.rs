//! Whose money a reader sees and moves. Rights are held for a business, and every programme belongs to one
//! ([`catalogue::Release::business_of`]): a county's accountant for children sees, makes and pays what is children's, and of everything else nothing.
//! What of all that belongs to whom is asked of [`crate::business`].

use std::collections::BTreeSet;

use catalogue::Release;
use ledger::pages::{self, EntitlementRow, RollFilter};
use ledger::{EntitlementId, EntitlementState};
use store::{Cursor, HouseholdId, Page};

use crate::access::{Granted, Permission, ReadPayments, ReadPeople, Right};
pub use crate::business::holds;
pub(super) use crate::business::{demand, demand_found, shown};
use crate::{Office, OfficeError};

/// A benefit of one's area, as it stands this month, of a business for which the actor holds the right.
///
/// # Errors
/// Out of scope, or another business's: the two look alike.
pub async fn benefit<P: Permission>(
    office: &Office,
    actor: &Granted<P>,
    id: EntitlementId,
) -> Result<EntitlementRow, OfficeError> {
    let row = pages::entitlement(office.db(), &actor.scope(), id, office.now().month()).await?;
    demand_found(office, actor, &row.programme, "这项待遇")?;
    Ok(row)
}

/// A benefit of a family, as far as a reader's work goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FamilyBenefit {
    /// Of a business for which the reader sees money.
    Own(EntitlementRow),
    /// Of another one, which a programme of the reader's own excludes or counts: that the family has it and nothing more.
    Fact {
        /// The programme.
        programme: String,
        /// Where it stands.
        state: EntitlementState,
    },
}

/// What a family of one's area receives, for its page. Of another business stands there only that it is, and only where somebody could get twice what
/// one of the reader's own programmes excludes or counts: nobody learns more of a family than the work needs (社会救助法 art. 11). What is confidential
/// is told to nobody else at all; what a family may ask for besides, the system proposes without showing what it has (`casework::other_help`).
///
/// # Errors
/// The database's.
pub async fn of_family(
    office: &Office,
    reader: &Granted<ReadPeople>,
    household: HouseholdId,
) -> Result<Vec<FamilyBenefit>, OfficeError> {
    let release = office.release();
    let month = office.now().month();
    let rows = pages::entitlements_of_household(office.db(), &reader.scope(), household, month).await?;
    let own = |programme: &str| holds(&release, reader, Right::ReadPayments, programme);
    let asked_after = asked_after(&release, &own);
    let seen = |row: EntitlementRow| {
        if own(&row.programme) {
            return Some(FamilyBenefit::Own(row));
        }
        let told = row.state != EntitlementState::Ended
            && asked_after.contains(&row.programme)
            && !release.is_confidential(&row.programme);
        told.then_some(FamilyBenefit::Fact { programme: row.programme, state: row.state })
    };
    Ok(rows.into_iter().filter_map(seen).collect())
}

/// Programmes that some of one's own exclude or count.
fn asked_after(release: &Release, own: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut groups = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for programme in release.programmes.iter().filter(|programme| own(&programme.id)) {
        groups.insert(programme.exclusion_group.as_str());
        let Some(rules) = release.rules(&programme.id) else { continue };
        for held in rules.facts().iter().filter_map(|(_, fact)| release.facts.get(fact)?.held.as_ref()) {
            asked.extend(held.codes.iter().map(|code| code.programme.get().clone()));
            asked.extend(held.sum.iter().map(|programme| programme.get().clone()));
        }
    }
    let excluded = release.programmes.iter().filter(|other| groups.contains(other.exclusion_group.as_str()));
    asked.extend(excluded.map(|other| other.id.get().clone()));
    asked
}

fn of_reader(office: &Office, actor: &Granted<ReadPayments>, filter: &RollFilter) -> RollFilter {
    let asked = filter.programmes.as_deref();
    let programmes = shown(&office.release(), actor, &[Right::ReadPayments], asked);
    RollFilter { programmes, ..filter.clone() }
}

/// A page of the roll of one's area and businesses, by id.
///
/// # Errors
/// The database's.
pub async fn roll(
    office: &Office,
    actor: &Granted<ReadPayments>,
    filter: &RollFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<EntitlementRow>, OfficeError> {
    let filter = of_reader(office, actor, filter);
    Ok(pages::roll(office.db(), &actor.scope(), &filter, cursor, size).await?)
}

/// How many that roll has, counting no further than `max`.
///
/// # Errors
/// The database's.
pub async fn roll_count(
    office: &Office,
    actor: &Granted<ReadPayments>,
    filter: &RollFilter,
    max: u32,
) -> Result<store::Count, OfficeError> {
    let filter = of_reader(office, actor, filter);
    Ok(pages::roll_count(office.db(), &actor.scope(), &filter, max).await?)
}
