//! 幸福清单 (SA-45): one sheet for a person of everything they receive, may ask for and are asked to do, with the office and its telephone.
//!
//! Nothing is stored: the sheet is what ledger, registers, cases and rules say at the moment. [`own_sheet`] is the person's own;
//! [`person_sheet`] is the worker's, who prints it for somebody, and is in the audit.

use std::collections::BTreeSet;

use catalogue::definition::{Item, Level, Pays};
use chrono::NaiveDate;
use ledger::EntitlementState;
use ledger::pages::{self, EntitlementRow};
use ledger::recovery::Recovery;
use ledger::reserve::Advance;
use store::{AuditEntry, DivisionId, HouseholdId, PersonId, Query, Scope};
use vocab::{Fen, Month};

use crate::access::{Citizen, Granted, ReadPeople};
use crate::business::Reader;
use crate::casework::joint::{self, Referral};
use crate::casework::other_help::{OtherHelp, help_for_family};
use crate::people::{self, HOUSEHOLD_COLUMNS, PERSON_COLUMNS};
use crate::records::own::{self, OwnRecord};
use crate::{Office, OfficeError, audited, divisions, offices};

const SHEET: &str = "the sheet of a person whom the reader is, or may see";
/// Months back in which something paid once is still told.
const MONTHS_BACK: i32 = 12;

/// Something the person receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Title of the programme.
    pub title: String,
    /// Why it is given, in plain words.
    pub summary: String,
    /// Its layer and kind (分层分类), as people call them.
    pub class: Option<String>,
    /// How often money is paid.
    pub pays: Pays,
    /// Drawn up month by month, without an application.
    pub by_list: bool,
    /// How much, for the family.
    pub amount: Option<Fen>,
    /// What follows: the next amount, and what is claimed back.
    pub after: After,
    /// How many it covers.
    pub members: i64,
    /// First month.
    pub from: Month,
    /// Last month, if it is for a time.
    pub until: Option<Month>,
    /// Where it stands.
    pub state: EntitlementState,
    /// Why it ends.
    pub end_reason: Option<String>,
    /// Why it is paused.
    pub paused: Option<String>,
    /// Next review.
    pub review_due_on: Option<NaiveDate>,
    /// The account, by bank and last digits.
    pub account: Option<(String, String)>,
    /// Why there is none any more and another is asked for.
    pub account_wanted: Option<String>,
}

/// What a benefit will be, and what is claimed back of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct After {
    /// The next amount that was decided, and from when.
    pub amount: Option<(Month, Fen)>,
    /// Claims that are not settled.
    pub claims: Vec<Recovery>,
}

/// Something the person is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What.
    pub what: String,
    /// Until when.
    pub until: Option<NaiveDate>,
    /// The case, if it is about one.
    pub number: Option<String>,
}

/// Where the person goes or calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// The office.
    pub office: String,
    /// The village's own worker.
    pub village: String,
    /// Telephone, if the place has entered one.
    pub phone: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// Hours.
    pub hours: Option<String>,
}

/// The sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenefitSheet {
    /// The person.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// The day of the sheet.
    pub on: NaiveDate,
    /// What is received.
    pub receives: Vec<Received>,
    /// What was received once within the last year.
    pub received: Vec<Received>,
    /// What a township paid ahead out of its reserve.
    pub advances: Vec<Advance>,
    /// Services, referrals and agreements.
    pub records: Vec<OwnRecord>,
    /// What the family may ask for by what is on file.
    pub may: Vec<OtherHelp>,
    /// What other departments may give besides, as the rules propose it at the window; what they were asked for already is left out.
    pub referrals: Vec<Referral>,
    /// What the person is asked to do.
    pub asked: Vec<Asked>,
    /// Where to go.
    pub window: Window,
}

/// The citizen's own sheet.
///
/// # Errors
/// The database's.
pub async fn own_sheet(office: &Office, citizen: &Citizen) -> Result<BenefitSheet, OfficeError> {
    sheet(office, &citizen.scope(), None, citizen.person).await
}

/// The sheet of a person of the worker's area; opening it is written down.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the area.
pub async fn person_sheet(
    office: &Office,
    actor: &Granted<ReadPeople>,
    person: PersonId,
) -> Result<BenefitSheet, OfficeError> {
    let found = sheet(office, &actor.scope(), Some(Reader::Post(actor)), person).await?;
    let entry = audited(office.now().at_ms(), actor.audit(), "benefits.opened", ("person", person.0));
    office.db().audit_read(AuditEntry { division: Some(actor.division), ..entry }).await?;
    Ok(found)
}

/// What follows of a benefit that the scope sees.
///
/// # Errors
/// The database's.
pub async fn after(office: &Office, scope: &Scope, benefit: &EntitlementRow) -> Result<After, OfficeError> {
    let month = office.now().month().max(benefit.from);
    let history = pages::amount_history(office.db(), scope, benefit.id).await?;
    let coming = history.iter().filter(|amount| amount.superseded_at.is_none() && amount.from > month);
    let mut claims = ledger::recovery::of_entitlement(office.db(), scope, benefit.id).await?;
    claims.retain(|claim| !claim.outstanding.is_zero());
    Ok(After {
        amount: coming.min_by_key(|amount| amount.from).map(|amount| (amount.from, amount.monthly)),
        claims,
    })
}

/// The records of registers about the citizen and their family, as the packs let them be read.
///
/// # Errors
/// The database's.
pub async fn own_records(office: &Office, citizen: &Citizen) -> Result<Vec<OwnRecord>, OfficeError> {
    let household = people::current_household(office.db(), &citizen.scope(), citizen.person).await?;
    own::of_person(office, office.db(), citizen.person, household).await
}

/// What townships paid ahead to the citizen's family.
///
/// # Errors
/// The database's.
pub async fn own_advances(office: &Office, citizen: &Citizen) -> Result<Vec<Advance>, OfficeError> {
    advances(office, citizen.person).await
}

/// A family's papers are made up when its case has ended; that the county replenishes the reserve later asks nothing of it.
async fn advances(office: &Office, person: PersonId) -> Result<Vec<Advance>, OfficeError> {
    let mut advances = ledger::reserve::advances_of(office.db(), person).await?;
    let asked: Vec<i64> =
        advances.iter().filter(|one| !one.made_up).filter_map(|one| Some(one.case?.0)).collect();
    if asked.is_empty() {
        return Ok(advances);
    }
    let ended: Vec<i64> = Query::system(
        "the cases in which a person was paid ahead",
        "SELECT id FROM case_file WHERE state <> 'open' AND id IN ({list})",
    )
    .bind_list(asked)
    .scalars(office.db())
    .await?;
    for advance in &mut advances {
        advance.made_up |= advance.case.is_some_and(|case| ended.contains(&case.0));
    }
    Ok(advances)
}

/// `scope` decides only whether the person is seen; what stands on the sheet is the person's own, but for what the `reader` may not know: what is
/// confidential, and what is another business's. The person themselves knows everything.
async fn sheet(
    office: &Office,
    scope: &Scope,
    reader: Option<Reader<'_>>,
    person: PersonId,
) -> Result<BenefitSheet, OfficeError> {
    let db = office.db();
    let on = office.now().today();
    let row = Query::new(
        scope,
        &PERSON_COLUMNS,
        "SELECT p.name, p.residence_division_id FROM person p WHERE {scope} AND p.id = ?",
    )
    .bind(person)
    .optional(db)
    .await?
    .ok_or(OfficeError::NotFound("这个人"))?;
    let (name, residence): (String, DivisionId) = (row.get("name")?, row.get("residence_division_id")?);
    let own = Scope::Own(person);
    let household = people::current_household(db, &own, person).await?;
    let village = match household {
        Some(household) => {
            Query::new(
                &own,
                &HOUSEHOLD_COLUMNS,
                "SELECT h.division_id FROM household h WHERE {scope} AND h.id = ?",
            )
            .bind(household)
            .scalar(db)
            .await?
        }
        None => residence,
    };
    let (receives, received) = received(office, reader, person).await?;
    let mut asked = asked_by_benefits(&receives);
    let mut under_way = BTreeSet::new();
    if let Some(household) = household {
        let (of_cases, items) = asked_by_cases(office, reader, household).await?;
        asked.extend(of_cases);
        under_way = items;
    }
    let release = office.release();
    let mut records = own::of_person(office, db, person, household).await?;
    records.retain(|record| reader.is_none_or(|reader| reader.register(&release, &record.register)));
    let (may, referrals) = match household {
        Some(household) => {
            let code = divisions::find(db, village).await?.code;
            let wanted = |item: &Item| {
                let told = reader.is_none_or(|reader| reader.item(&release, &item.id));
                told && !under_way.contains(item.id.as_str())
            };
            let may = help_for_family(office, db, household, &code, wanted).await?;
            let mut referrals = joint::referrals(office, household, village).await?;
            referrals
                .retain(|one| one.words.is_some() && !records.iter().any(|record| asks_for(record, one)));
            referrals.retain(|one| reader.is_none_or(|reader| reader.register(&release, &one.register)));
            (may, referrals)
        }
        None => (Vec::new(), Vec::new()),
    };
    let mut advances = advances(office, person).await?;
    advances.retain(|one| reader.is_none_or(|reader| reader.programme(&release, &one.programme)));
    Ok(BenefitSheet {
        person,
        name,
        on,
        receives,
        received,
        advances,
        records,
        may,
        referrals,
        asked,
        window: window(office, village, on).await?,
    })
}

/// Whether a record that is not settled asks for what the rules propose.
fn asks_for(record: &OwnRecord, referral: &Referral) -> bool {
    !record.closed
        && record.register == referral.register
        && record.said.iter().any(|(_, words)| *words == referral.title)
}

/// What is received, and what was received once within the last year.
async fn received(
    office: &Office,
    reader: Option<Reader<'_>>,
    person: PersonId,
) -> Result<(Vec<Received>, Vec<Received>), OfficeError> {
    let release = office.release();
    let db = office.db();
    let own = Scope::Own(person);
    let month = office.now().month();
    let (mut now, mut before) = (Vec::new(), Vec::new());
    for row in pages::entitlements_of_person(db, &own, person, month).await? {
        let Some(programme) = release.programmes.get(&row.programme) else { continue };
        if reader.is_some_and(|reader| !reader.programme(&release, &row.programme)) {
            continue;
        }
        let over = row.state == EntitlementState::Ended;
        let once = programme.pays == Pays::Once || programme.by_list;
        let recent = row.until.is_some_and(|until| until >= month.plus(-MONTHS_BACK));
        if over && !(once && recent) {
            continue;
        }
        let payees = pages::payees(db, &own, row.id).await?;
        let account = payees.iter().find(|payee| payee.state == ledger::PayeeState::Confirmed);
        let amount = match row.monthly {
            Some(amount) => Some(amount),
            None => {
                let history = pages::amount_history(db, &own, row.id).await?;
                history.iter().find(|amount| amount.superseded_at.is_none()).map(|amount| amount.monthly)
            }
        };
        let told = Received {
            title: programme.title.clone(),
            summary: programme.summary.clone(),
            class: programme.aid.as_ref().map(|aid| release.code_title("aid_kind", &aid.kind).to_owned()),
            pays: programme.pays,
            by_list: programme.by_list,
            amount: amount.filter(|_| programme.pays != Pays::Nothing),
            after: after(office, &own, &row).await?,
            members: row.members,
            from: row.from,
            until: row.until,
            state: row.state,
            end_reason: row.end_reason.clone(),
            paused: row.pause_reason.clone(),
            review_due_on: row.review_due_on,
            account: account
                .map(|payee| (release.code_title("bank", &payee.bank).to_owned(), payee.number_tail.clone())),
            account_wanted: payees
                .iter()
                .find_map(|payee| payee.withdrawn.clone())
                .filter(|_| account.is_none() && !over),
        };
        if over { before.push(told) } else { now.push(told) }
    }
    Ok((now, before))
}

fn asked_by_benefits(receives: &[Received]) -> Vec<Asked> {
    let mut asked: Vec<Asked> = receives
        .iter()
        .filter_map(|benefit| {
            let until = benefit.review_due_on?;
            Some(Asked {
                what: format!("配合“{}”的定期核查，到期前会有人联系您", benefit.title),
                until: Some(until),
                number: None,
            })
        })
        .collect();
    if receives.iter().any(|benefit| benefit.pays != Pays::Once) {
        asked.push(Asked {
            what: "家里的人口、收入、财产有变化的，及时报告".to_owned(),
            until: None,
            number: None,
        });
    }
    asked
}

/// What cases of the family wait for, and which matters are under way.
async fn asked_by_cases(
    office: &Office,
    reader: Option<Reader<'_>>,
    household: HouseholdId,
) -> Result<(Vec<Asked>, BTreeSet<String>), OfficeError> {
    let release = office.release();
    let rows: Vec<(String, String, String)> = Query::system(
        SHEET,
        "SELECT c.number, c.item, c.step FROM case_file c WHERE c.household_id = ? AND c.state = 'open' ORDER BY c.id",
    )
    .bind(household)
    .all_as(office.db(), |row| Ok((row.get("number")?, row.get("item")?, row.get("step")?)))
    .await?;
    let known = |item: &str| reader.is_none_or(|reader| reader.item(&release, item));
    let asked = rows.iter().filter(|(_, item, _)| known(item)).filter_map(|(number, item, step)| {
        let item = release.items.get(item)?;
        let step = item.step(step).filter(|step| step.level == Level::Applicant)?;
        Some(Asked {
            what: format!("“{}”等着您办：{}", item.title, step.public_title),
            until: None,
            number: Some(number.clone()),
        })
    });
    Ok((asked.collect(), rows.iter().map(|(_, item, _)| item.clone()).collect()))
}

async fn window(office: &Office, village: DivisionId, on: NaiveDate) -> Result<Window, OfficeError> {
    let db = office.db();
    let release = office.release();
    let path = divisions::path(db, village).await?;
    let code = divisions::find(db, village).await?.code;
    let parameter = |id: &str| release.parameter(id, &code, on).map(|value| value.value.to_string());
    let mut window = Window {
        phone: parameter("service_phone"),
        address: parameter("service_address"),
        hours: parameter("service_hours"),
        ..Window::default()
    };
    for place in &path {
        let division = store::divisions::division(db, place.id).await?;
        match place.level {
            vocab::Level::Township => window.office = offices::window(&division),
            vocab::Level::Village => window.village = offices::window(&division),
            _ => {}
        }
    }
    Ok(window)
}
