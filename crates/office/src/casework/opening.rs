//! A case comes into being: its number, the offices that handle, register and decide it, its first line and first task.

use std::collections::HashMap;

use catalogue::Release;
use catalogue::definition::{Confidential, Handled, Item, Scalar};
use chrono::NaiveDate;
use ledger::pages::EntitlementRow;
use serde_json::Value;
use store::divisions::DivisionLevel;
use store::{
    AuditActor, AuditEntry, CaseId, Connection, DivisionId, HouseholdId, PersonId, Query, Scope, StaffId, Tx,
};
use vocab::Now;

use super::filing::FILED;
use super::tasks::{self, Desk};
use super::trace::{self, By, Line};
use super::{CaseRow, EventId, clocks, drafts};
use crate::{Office, OfficeError, audited, people};

/// A family's own numbers and names are matched, never shown, whoever files.
pub(super) const FILING: Scope =
    Scope::System("the people named in an application, matched by their whole number");

/// The family that a case is about, the head first.
pub(super) struct Family {
    pub household: HouseholdId,
    pub applicant: PersonId,
    /// In the order of the form's records.
    pub members: Vec<PersonId>,
    pub account: Option<people::BankAccountId>,
    pub entitlement: Option<ledger::EntitlementId>,
    pub proxy: Option<Value>,
}

/// A review or a report of change is about the family that has the benefit.
pub(super) async fn family_of_benefit(
    tx: &Tx,
    scope: &Scope,
    entitlement: ledger::EntitlementId,
    now: Now,
) -> Result<Family, OfficeError> {
    let held = ledger::pages::entitlement(tx, scope, entitlement, now.month()).await?;
    let mut families = families_of_benefits(tx, std::slice::from_ref(&held), now).await?;
    families.pop().ok_or(OfficeError::NotFound("这项待遇"))
}

/// The families that have some benefits, in the order of these and in one statement.
pub(super) async fn families_of_benefits(
    tx: &Tx,
    benefits: &[EntitlementRow],
    now: Now,
) -> Result<Vec<Family>, OfficeError> {
    let households: Vec<HouseholdId> = benefits.iter().map(|held| held.household).collect();
    let present = people::present_households(tx, &households).await?;
    let present = |held: &EntitlementRow| present.get(&held.household).copied().unwrap_or(held.household);
    let households: Vec<HouseholdId> = benefits.iter().map(present).collect();
    let mut members: HashMap<HouseholdId, Vec<PersonId>> = HashMap::new();
    for member in people::members_of_all(tx, &FILING, &households, now.today(), now.at_ms()).await? {
        members.entry(member.household).or_default().push(member.person);
    }
    let family = |held: &EntitlementRow| Family {
        household: present(held),
        applicant: held.holder,
        members: members.get(&present(held)).cloned().unwrap_or_default(),
        account: None,
        entitlement: Some(held.id),
        proxy: None,
    };
    Ok(benefits.iter().map(family).collect())
}

/// Where a case is handled, registered and decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub county: DivisionId,
    pub township: DivisionId,
    pub village: DivisionId,
    pub registered: DivisionId,
    pub deciding: DivisionId,
    pub delegated: bool,
}

impl Places {
    /// What is confidential lies at the office of the level that may know, as if the family lived there: whoever asks by township or village - lists,
    /// tasks, the roll, payments, counts, letters, the audit - finds nothing.
    fn confidential(level: Confidential, county: DivisionId) -> Places {
        let office = match level {
            Confidential::County => county,
        };
        Places {
            county,
            township: office,
            village: office,
            registered: office,
            deciding: office,
            delegated: false,
        }
    }
}

/// 全市通办: a case is handled where the family lives - or `at` the place of an emergency (社会救助法 art. 37), or where the family is
/// registered if the item says so - and registered where its head is registered.
pub(super) async fn places(
    release: &Release,
    tx: &Tx,
    household: HouseholdId,
    item: &Item,
    at: Option<DivisionId>,
    today: NaiveDate,
) -> Result<Places, OfficeError> {
    let row = Query::system(
        "where the family of a case lives",
        "SELECT division_id, registered_division_id FROM household WHERE id = ?",
    )
    .bind(household)
    .one(tx)
    .await?;
    let home = match item.handled {
        Handled::Residence => "division_id",
        Handled::Registered => "registered_division_id",
    };
    let village: DivisionId = at.unwrap_or(row.get(home)?);
    let path = store::divisions::division_path(tx, village).await?;
    let at = |level: DivisionLevel| path.iter().find(|division| division.level == level);
    let (Some(county), Some(township)) = (at(DivisionLevel::County), at(DivisionLevel::Township)) else {
        return Err(OfficeError::invalid("residence_division", "请选到村（社区）一级。"));
    };
    let set = |parameter: &Option<catalogue::Reference>| {
        parameter.as_ref().and_then(|parameter| release.parameter(parameter, &township.code, today))
    };
    if let Some(confidential) = item.confidential {
        return Ok(Places::confidential(confidential, county.id));
    }
    let delegated = item.delegated.as_ref().is_some_and(|delegation| {
        set(&delegation.parameter).is_some_and(|value| *value.value == Scalar::Boolean(true))
            // By the amount: until one is known it is the township's.
            || set(&delegation.up_to).is_some()
    });
    Ok(Places {
        county: county.id,
        township: township.id,
        village,
        registered: row.get("registered_division_id")?,
        deciding: if delegated { township.id } else { county.id },
        delegated,
    })
}

/// What a case begins with.
pub(super) struct NewCase<'a> {
    pub item: &'a Item,
    pub release: &'a Release,
    /// Code of codelist `channel`.
    pub channel: &'static str,
    pub filed_by: Option<StaffId>,
    /// A citizen who hands it in and is not of the family.
    pub filed_by_person: Option<PersonId>,
    pub family: &'a Family,
    /// The village that handles it, where that is not the family's own.
    pub at: Option<DivisionId>,
    /// The day by which the whole is due, when that is known before a clock starts.
    pub due_on: Option<NaiveDate>,
    /// What the trace calls it.
    pub title: &'a str,
    /// The same for the family.
    pub said: &'a str,
}

/// Makes the case with its first line; [`begin`] then gives it to its first office.
pub(super) async fn open(
    office: &Office,
    tx: &Tx,
    by: By<'_>,
    new: &NewCase<'_>,
    now: Now,
) -> Result<(CaseRow, EventId), OfficeError> {
    let places = places(&office.release(), tx, new.family.household, new.item, new.at, now.today()).await?;
    let id = insert(office, tx, new, &places, now).await?;
    see(tx, id, &places).await?;
    let case = CaseRow::find(tx, &FILING, id).await?;
    let line = Line {
        action: FILED,
        title: new.title,
        from: None,
        to: Some(&case.step),
        reasons: &[],
        said: new.said,
    };
    let event = trace::note(tx, &case, by, line, now).await?;
    Ok((case, event))
}

/// Starts the clocks of a new case and gives its first task.
pub(super) async fn begin(
    office: &Office,
    tx: &Tx,
    item: &Item,
    case: &CaseRow,
    now: Now,
) -> Result<(), OfficeError> {
    clocks::turn(office, tx, item, case, FILED).await?;
    tasks::open_step(Desk { tx, calendar: office.calendar(), item, now }, case).await
}

/// A case that the night opens about a family's benefit.
pub(super) struct ByNight<'a> {
    pub item: &'a Item,
    pub release: &'a Release,
    pub family: &'a Family,
    pub due_on: Option<NaiveDate>,
    /// What the trace calls it, and the same for the family.
    pub title: &'a str,
    pub said: &'a str,
    /// What the audit calls it, and says of it.
    pub deed: &'static str,
    pub details: Value,
}

/// Opens it, begins its clocks and first task, and writes it down. Nothing is decided by that.
pub(super) async fn by_night(
    office: &Office,
    tx: &Tx,
    new: ByNight<'_>,
    now: Now,
) -> Result<CaseRow, OfficeError> {
    let ByNight { item, release, family, due_on, title, said, deed, details } = new;
    let case = NewCase {
        item,
        release,
        channel: "office",
        filed_by: None,
        filed_by_person: None,
        family,
        at: None,
        due_on,
        title,
        said,
    };
    let (case, _) = open(office, tx, By::System, &case, now).await?;
    begin(office, tx, item, &case, now).await?;
    tx.audit(AuditEntry {
        case: Some(case.id),
        division: Some(case.township),
        details,
        ..audited(now.at_ms(), AuditActor::default(), deed, ("case", case.id.0))
    })
    .await?;
    Ok(case)
}

async fn insert(
    office: &Office,
    tx: &Tx,
    new: &NewCase<'_>,
    places: &Places,
    now: Now,
) -> Result<CaseId, OfficeError> {
    let NewCase { item, release, channel, filed_by, filed_by_person, family, due_on, .. } = *new;
    let Places { county, township, village, registered, deciding, delegated } = *places;
    let step = item.first_step().ok_or_else(|| OfficeError::Internal("事项没有环节".to_owned()))?;
    let number = next_number(office, tx, item, county, now).await?;
    let person = item.about.is_person().then_some(family.applicant);
    let members = if person.is_some() { 1 } else { family.members.len() };
    let proxy = family.proxy.as_ref().map(|proxy| office.keys().seal(&proxy.to_string())).transpose()?;
    let inserted = Query::system(
        "a case of the caller's form, or of a benefit whose review is due",
        "INSERT INTO case_file (number, item, release_hash, channel, applicant_person_id, household_id, person_id, members, county_id, \
         township_id, village_id, registered_division_id, deciding_division_id, delegated, step, state, filed_on, filed_by, due_on, entitlement_id, \
         account_id, proxy_sealed, created_at, filed_by_person) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (household_id, item, COALESCE(person_id, 0)) WHERE state = 'open' DO NOTHING RETURNING id",
    )
    .bind(number)
    .bind(item.id.as_str())
    .bind(release.hash.as_str())
    .bind(channel)
    .bind(family.applicant)
    .bind(family.household)
    .bind(person)
    .bind(i64::try_from(members).unwrap_or(i64::MAX))
    .bind(county)
    .bind(township)
    .bind(village)
    .bind(registered)
    .bind(deciding)
    .bind(delegated)
    .bind(step.id.as_str())
    .bind(now.today())
    .bind(filed_by)
    .bind(due_on)
    .bind(family.entitlement)
    .bind(family.account)
    .bind(proxy)
    .bind(now.at_ms())
    .bind(filed_by_person)
    .insert(tx)
    .await;
    match inserted {
        Ok(id) => Ok(CaseId(id)),
        Err(store::StoreError::NotFound) => {
            let known = drafts::in_hand(tx, item, family.applicant).await?;
            Err(drafts::told_twice(item, known.as_ref().map(|(_, number)| number.as_str())))
        }
        Err(error) => Err(error.into()),
    }
}

/// Who sees the case: the village that handles it, where the family is registered, the office that decides; and all
/// above them. Written out for each office, so that a township's cases are one index range however many the city has.
pub(super) async fn see(tx: &Tx, case: CaseId, places: &Places) -> Result<(), OfficeError> {
    Query::system(SEEN, "DELETE FROM case_division WHERE case_id = ?").bind(case).execute(tx).await?;
    Query::system(
        SEEN,
        "INSERT INTO case_division (case_id, division_id) SELECT DISTINCT CAST(? AS BIGINT), dc.ancestor_id \
         FROM division_closure dc WHERE dc.descendant_id IN (?, ?, ?)",
    )
    .bind(case)
    .bind(places.village)
    .bind(places.registered)
    .bind(places.deciding)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes down afresh who sees which case, after the divisions' tree changed.
///
/// # Errors
/// The database.
pub(crate) async fn see_all(tx: &Tx) -> Result<(), OfficeError> {
    Query::system(SEEN, "DELETE FROM case_division").execute(tx).await?;
    Query::system(
        SEEN,
        "INSERT INTO case_division (case_id, division_id) SELECT DISTINCT c.id, dc.ancestor_id FROM case_file c \
         JOIN division_closure dc ON dc.descendant_id IN (c.village_id, c.registered_division_id, c.deciding_division_id)",
    )
    .execute(tx)
    .await?;
    Ok(())
}

const SEEN: &str = "who may see the case";

/// Numbers such as DB-150302-2026-000137: the item's initials, the county, the year. A number whose filing came to nothing may be missing.
async fn next_number(
    office: &Office,
    tx: &Tx,
    item: &Item,
    county: DivisionId,
    now: Now,
) -> Result<String, OfficeError> {
    let year = now.month().year();
    let last = count_on(&office.db().aside(tx).await?, item.id.as_str(), county, year).await?;
    let county = store::divisions::division(tx, county).await?;
    Ok(format!("{}-{}-{year}-{last:06}", item.initials(), county.code))
}

/// The next number of a series of an office in a year, from 1.
pub(super) async fn count_on(
    connection: &impl Connection,
    series: &str,
    office: DivisionId,
    year: i32,
) -> Result<i64, OfficeError> {
    Ok(Query::system(
        "numbers of cases and documents of an office",
        "INSERT INTO case_number (item, county_id, year, last) VALUES (?, ?, ?, 1) \
         ON CONFLICT (item, county_id, year) DO UPDATE SET last = case_number.last + 1 RETURNING last",
    )
    .bind(series)
    .bind(office)
    .bind(i64::from(year))
    .scalar(connection)
    .await?)
}
