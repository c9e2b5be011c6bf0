//! What the page of a family and of a person shows. Opening one writes the audit before the page is sent.
//!
//! Entitlements and payments are the ledger's, cases are `casework`'s; the page puts them beside these.

use store::{AuditEntry, Cursor, DivisionId, HouseholdId, PersonId, Query, Scope};

use super::account::{AccountView, find_accounts};
use super::facts::{FactView, Subject, seen_facts};
use super::household::{HouseholdView, Membership, find_household, members_as_of, membership_history};
use super::person::{PersonView, VIEW, find_person, read_view};
use crate::access::{Citizen, Granted, ReadPeople};
use crate::business::Reader;
use crate::{Office, OfficeError, audited};

/// A member on the family's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// The membership.
    pub membership: Membership,
    /// The relation's title.
    pub relation_title: String,
    /// The person.
    pub person: PersonView,
    /// What holds of them today.
    pub facts: Vec<FactView>,
}

/// A family's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyPage {
    /// The family.
    pub household: HouseholdView,
    /// Where it lives, highest division first.
    pub path: Vec<String>,
    /// Members of today, the head first.
    pub members: Vec<MemberView>,
    /// What holds of the family today.
    pub facts: Vec<FactView>,
    /// Every membership row, newest belief first, with the person's name.
    pub history: Vec<(Membership, String)>,
}

/// A person's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonPage {
    /// The person.
    pub person: PersonView,
    /// The family of today, when it lies in the scope.
    pub household: Option<HouseholdId>,
    /// What holds of them today.
    pub facts: Vec<FactView>,
    /// Accounts.
    pub accounts: Vec<AccountView>,
}

async fn read_family(
    office: &Office,
    scope: &Scope,
    household: HouseholdId,
) -> Result<FamilyPage, OfficeError> {
    let db = office.db();
    let today = office.now().today();
    let release = office.release();
    let view = find_household(office, db, scope, household).await?;
    let memberships = members_as_of(db, scope, household, today, i64::MAX).await?;
    let history = membership_history(db, scope, household).await?;
    let mut persons: Vec<PersonId> = history.iter().map(|row| row.person).collect();
    persons.extend(memberships.iter().map(|row| row.person));
    persons.sort_unstable();
    persons.dedup();
    // The members of a family that is seen are seen with it, wherever they are registered.
    let sql = format!(
        "SELECT {VIEW} FROM person p JOIN division d ON d.id = p.division_id JOIN division r ON r.id = p.residence_division_id \
         WHERE p.id IN ({{list}})"
    );
    let rows =
        Query::system("members of a family that the caller has seen", sql).bind_list(persons).all(db).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in &rows {
        views.push(read_view(office, row)?);
    }
    let mut subjects = vec![Subject::Household(household)];
    subjects.extend(memberships.iter().map(|row| Subject::Person(row.person)));
    let facts = seen_facts(office, db, &subjects, today, i64::MAX).await?;
    let of =
        |subject: Subject| facts.iter().filter(|fact| fact.subject == subject).cloned().collect::<Vec<_>>();
    let name_of = |person: PersonId| {
        views.iter().find(|view| view.id == person).map(|view| view.name.clone()).unwrap_or_default()
    };
    let mut members = Vec::with_capacity(memberships.len());
    for membership in memberships {
        let Some(person) = views.iter().find(|view| view.id == membership.person) else { continue };
        members.push(MemberView {
            relation_title: release.code_title("relation", &membership.relation).to_owned(),
            person: person.clone(),
            facts: of(Subject::Person(membership.person)),
            membership,
        });
    }
    let path =
        crate::divisions::path(db, view.division).await?.into_iter().map(|division| division.name).collect();
    let history = history.into_iter().map(|row| (row.clone(), name_of(row.person))).collect();
    Ok(FamilyPage { facts: of(Subject::Household(household)), household: view, path, members, history })
}

/// Opens a family's page.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope.
pub async fn family_page(
    office: &Office,
    actor: &Granted<ReadPeople>,
    household: HouseholdId,
) -> Result<FamilyPage, OfficeError> {
    let mut page = read_family(office, &actor.scope(), household).await?;
    let (reader, release) = (Reader::Post(actor), office.release());
    for facts in page.members.iter_mut().map(|member| &mut member.facts).chain([&mut page.facts]) {
        facts.retain(|fact| reader.fact(&release, &fact.fact));
    }
    // One row for each member, so that each may see who looked; they wait for the same commit.
    let mut waiting = tokio::task::JoinSet::new();
    for member in &page.members {
        let entry = AuditEntry {
            division: Some(page.household.division),
            details: serde_json::json!({ "household": household.0 }),
            ..audited(office.now().at_ms(), actor.audit(), "person.opened", ("person", member.person.id.0))
        };
        let db = office.db().clone();
        waiting.spawn(async move { db.audit_read(entry).await });
    }
    while let Some(written) = waiting.join_next().await {
        written.map_err(|error| OfficeError::Internal(error.to_string()))??;
    }
    Ok(page)
}

/// The citizen's own family, if they are registered in one. Facts of other adults are theirs alone and are left out.
///
/// # Errors
/// The database.
pub async fn own_family_page(office: &Office, citizen: &Citizen) -> Result<Option<FamilyPage>, OfficeError> {
    let Some(household) = super::current_household(office.db(), &citizen.scope(), citizen.person).await?
    else {
        return Ok(None);
    };
    let mut page = read_family(office, &citizen.scope(), household).await?;
    for member in &mut page.members {
        if member.person.id != citizen.person {
            member.facts.clear();
        }
    }
    Ok(Some(page))
}

/// Opens a person's page.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope.
pub async fn person_page(
    office: &Office,
    actor: &Granted<ReadPeople>,
    person: PersonId,
) -> Result<PersonPage, OfficeError> {
    let db = office.db();
    let scope = actor.scope();
    let view = find_person(office, db, &scope, person).await?;
    let (reader, release) = (Reader::Post(actor), office.release());
    let mut facts =
        seen_facts(office, db, &[Subject::Person(person)], office.now().today(), i64::MAX).await?;
    facts.retain(|fact| reader.fact(&release, &fact.fact));
    let page = PersonPage {
        household: super::current_household(db, &scope, person).await?,
        facts,
        accounts: find_accounts(db, &scope, person).await?,
        person: view,
    };
    let entry = AuditEntry {
        division: Some(page.person.residence),
        ..audited(office.now().at_ms(), actor.audit(), "person.opened", ("person", person.0))
    };
    db.audit_read(entry).await?;
    Ok(page)
}

/// Families living in a division of one's scope, village by village: the plain list below the search field.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division outside.
pub async fn families_in(
    office: &Office,
    actor: &Granted<ReadPeople>,
    division: DivisionId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<store::Page<(HouseholdId, String, String)>, OfficeError> {
    crate::divisions::within(office.db(), actor.division, division).await?;
    let page = Query::new(
        &Scope::Subtree(division),
        &super::HOUSEHOLD_COLUMNS,
        // From village to village and within it by the index: no list of a county is read and sorted for its first page.
        "SELECT h.id, h.division_id, d.name AS division_name, p.name FROM division_closure under \
         CROSS JOIN household h CROSS JOIN division d CROSS JOIN membership m CROSS JOIN person p \
         WHERE {scope} AND under.ancestor_id = ? AND h.division_id = under.descendant_id AND d.id = h.division_id \
         AND m.household_id = h.id AND m.head AND m.until_on IS NULL AND m.superseded_at IS NULL AND p.id = m.person_id \
         AND {after} ORDER BY under.descendant_id, h.id LIMIT ?",
    )
    .bind(division)
    .after(&["under.descendant_id", "h.id"], cursor)
    .page(
        office.db(),
        size,
        |row| {
            let place: DivisionId = row.get("division_id")?;
            Ok((place, (row.get("id")?, row.get("name")?, row.get("division_name")?)))
        },
        |(place, (id, _, _))| Cursor::new().integer(*place).integer(*id),
    )
    .await?;
    Ok(store::Page { rows: page.rows.into_iter().map(|(_, family)| family).collect(), next: page.next })
}
