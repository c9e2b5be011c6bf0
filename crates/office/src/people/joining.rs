//! Two families become one: they marry, or move together. And what a change of families touches of benefits and cases.
//!
//! Nothing of a benefit is changed here. The next review of every benefit of a family that joins, is joined or splits falls due today, so that
//! the round of reviews lists its family with the township, and people decide.

use std::collections::HashMap;

use catalogue::definition::Opening;
use ledger::EntitlementState;
use store::{AuditActor, CaseId, Connection, HouseholdId, PersonId, Query, Scope, Tx};
use vocab::Level;

use super::household::{
    Hand, MemberChange, NewMember, close_membership, insert_membership, note, open_for_change,
};
use super::person::{find_person, set_place};
use crate::business::Reader;
use crate::{Office, OfficeError};

const TOUCHED: Scope = Scope::System("benefits and cases of families that the caller has seen");

/// What a change of families touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Benefits that run: title, where each stands, and whether its review is brought forward.
    pub benefits: Vec<(String, String, bool)>,
    /// Open cases: number and what they are about.
    pub cases: Vec<(CaseId, String, String)>,
}

/// Benefits that run and open cases of families that the caller has seen, without what the reader may not know.
///
/// # Errors
/// The database.
pub async fn touched(
    office: &Office,
    connection: &impl Connection,
    reader: Reader<'_>,
    households: &[HouseholdId],
) -> Result<Touched, OfficeError> {
    let release = office.release();
    let mut touched = Touched::default();
    for &household in households {
        for row in running(office, connection, household).await? {
            if !reader.programme(&release, &row.programme) {
                continue;
            }
            let known = release.programmes.get(&row.programme);
            let title = known.map_or_else(|| row.programme.clone(), |known| known.title.clone());
            touched.benefits.push((title, row.state.title().to_owned(), is_reviewed(office, &row.programme)));
        }
        let cases = Query::system(
            "benefits and cases of families that the caller has seen",
            "SELECT c.id, c.number, c.item FROM case_file c WHERE c.household_id = ? AND c.state = 'open' ORDER BY c.id",
        )
        .bind(household)
        .all(connection)
        .await?;
        for row in cases {
            let item: String = row.get("item")?;
            if !reader.item(&release, &item) {
                continue;
            }
            let title = release.items.get(&item).map_or_else(|| item.clone(), |item| item.title.clone());
            touched.cases.push((row.get("id")?, row.get("number")?, title));
        }
    }
    Ok(touched)
}

async fn running(
    office: &Office,
    connection: &impl Connection,
    household: HouseholdId,
) -> Result<Vec<ledger::pages::EntitlementRow>, OfficeError> {
    let month = office.now().month();
    let mut rows = ledger::pages::entitlements_of_household(connection, &TOUCHED, household, month).await?;
    rows.retain(|row| row.state != EntitlementState::Ended);
    Ok(rows)
}

/// Whether the packs review the programme by time.
fn is_reviewed(office: &Office, programme: &str) -> bool {
    let release = office.release();
    let mut items = release.items.iter().filter(|item| item.opened == Opening::ReviewDue);
    items.any(|item| item.programmes.iter().any(|of| of.as_str() == programme))
}

/// The next review of a family's benefits falls due today. A change that a case brings is looked at by that case.
pub(super) async fn review_now(
    office: &Office,
    tx: &Tx,
    household: HouseholdId,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    if change.case.is_some() {
        return Ok(());
    }
    review_today(office, tx, household).await
}

/// The next review of each benefit that a family has falls due today, if it is not due already.
pub(crate) async fn review_today(
    office: &Office,
    tx: &Tx,
    household: HouseholdId,
) -> Result<(), OfficeError> {
    let today = office.now().today();
    for row in running(office, tx, household).await? {
        if is_reviewed(office, &row.programme) && row.review_due_on.is_none_or(|due| due > today) {
            ledger::set_review(tx, &TOUCHED, row.id, Some(today)).await?;
        }
    }
    Ok(())
}

/// Everybody of one family joins another; `relations` says what each is to its head. The family they leave is closed and points at the one they
/// joined, so that the reviews of its benefits find them.
///
/// # Errors
/// [`OfficeError::NotFound`] when one of the families lies outside; [`OfficeError::Invalid`] for a member without a relation;
/// [`OfficeError::Conflict`] while cases of the family that is given up are open.
#[expect(
    clippy::too_many_arguments,
    reason = "the step's context and what it does; a struct for one call would hide it"
)]
pub async fn join_households_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    into: HouseholdId,
    from: HouseholdId,
    relations: &[(PersonId, String)],
    change: &MemberChange,
) -> Result<(), OfficeError> {
    if into == from {
        return Err(OfficeError::invalid("other", "请选择另一个家庭。"));
    }
    let hand = Hand { office, tx, scope, who, at: office.now().at_ms() };
    let (kept, _) = open_for_change(hand, into, change).await?;
    let (left, members) = open_for_change(hand, from, change).await?;
    if kept.closed_on.is_some() || members.is_empty() {
        return Err(OfficeError::Conflict("其中一个家庭已经没有成员，不能并户。".to_owned()));
    }
    // Numbers are told that every office may know; for the rest, that there is something, and nothing of it.
    let open = touched(office, tx, Reader::Level(Level::Village), &[from]).await?.cases;
    let county = Reader::Level(Level::County);
    if open.is_empty() && !touched(office, tx, county, &[from]).await?.cases.is_empty() {
        return Err(OfficeError::Conflict("这两个家庭现在不能并户，请与县级民政部门联系。".to_owned()));
    }
    if !open.is_empty() {
        let numbers: Vec<&str> = open.iter().map(|(_, number, _)| number.as_str()).collect();
        return Err(OfficeError::Conflict(format!(
            "并入的家庭还有在办件（{}），请先办结或者撤回，再并户。",
            numbers.join("、")
        )));
    }
    let mut joining = Vec::with_capacity(members.len());
    for member in &members {
        let relation =
            relations.iter().find(|(person, _)| *person == member.person).map(|(_, relation)| relation);
        let Some(relation) = relation.filter(|relation| !relation.is_empty() && *relation != "head") else {
            let field = format!("relation-{}", member.person);
            return Err(OfficeError::invalid(&field, "请选择与户主的关系，户主只能有一位。"));
        };
        joining.push(NewMember { person: member.person, relation: relation.clone(), head: false });
    }
    for member in &members {
        close_membership(hand, member, change).await?;
    }
    for member in &joining {
        insert_membership(hand, into, member, change.on, None, change).await?;
        // The members of a family that is seen are seen with it.
        let person = find_person(office, tx, &TOUCHED, member.person).await?;
        if person.residence != kept.division {
            set_place(tx, person.id, person.division, kept.division).await?;
        }
    }
    for sql in [
        "UPDATE household SET joined_into_household_id = ? WHERE joined_into_household_id = ?",
        "UPDATE household SET joined_into_household_id = ? WHERE id = ?",
    ] {
        Query::system("the caller has seen both families", sql).bind(into).bind(from).execute(tx).await?;
    }
    Query::system("the caller has seen both families", "UPDATE household SET closed_on = ? WHERE id = ?")
        .bind(change.on)
        .bind(from)
        .execute_one(tx)
        .await?;
    for household in [into, from] {
        review_now(office, tx, household, change).await?;
    }
    note(hand, &left, "household.joined", None, change).await?;
    note(hand, &kept, "household.grown", None, change).await
}

/// The families in which the people of benefits' families live now, by what they were.
///
/// # Errors
/// The database.
pub(crate) async fn present(
    connection: &impl Connection,
    households: &[HouseholdId],
) -> Result<HashMap<HouseholdId, HouseholdId>, OfficeError> {
    let rows = Query::system(
        "where the people of benefits live now",
        "SELECT h.id, COALESCE(h.joined_into_household_id, h.id) AS present FROM household h WHERE h.id IN ({list})",
    )
    .bind_list(households.iter().copied())
    .all_as(connection, |row| Ok((row.get("id")?, row.get("present")?)))
    .await?;
    Ok(rows.into_iter().collect())
}
