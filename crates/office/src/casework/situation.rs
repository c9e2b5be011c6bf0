//! How a case stands: its row, and the `case` shape that the guards of a pack's actions read.

use std::collections::BTreeMap;

use catalogue::definition::Item;
use chrono::NaiveDate;
use rules::{Record, Value};
use store::{CaseId, Connection, DivisionId, HouseholdId, PersonId, Query, Row, Scope, Tx};
use vocab::{Fen, Month, Now};

use super::act::Doer;
use super::{CASE, DeterminationId, determine, entries, months};
use crate::people::{self, Subject};
use crate::{Office, OfficeError, means_test};
use ledger::EntitlementId;

/// A case as stored.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// Identifier.
    pub id: CaseId,
    /// Number that people say.
    pub number: String,
    /// Item in the pack.
    pub item: String,
    /// Release of the packs under which it was filed.
    pub release_hash: String,
    /// How it came in.
    pub channel: String,
    /// Applicant.
    pub applicant: PersonId,
    /// The family.
    pub household: HouseholdId,
    /// The one member whom it is about; none where it is about the family.
    pub person: Option<PersonId>,
    /// Number of members when filed or last changed.
    pub members: i64,
    /// County that handles it.
    pub county: DivisionId,
    /// Township that handles it.
    pub township: DivisionId,
    /// Village that handles it.
    pub village: DivisionId,
    /// Where the family is registered.
    pub registered: DivisionId,
    /// Office that decides.
    pub deciding: DivisionId,
    /// The township decides.
    pub delegated: bool,
    /// Current step; the last one when ended.
    pub step: String,
    /// Not ended.
    pub open: bool,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it came in.
    pub filed_on: NaiveDate,
    /// When it was accepted.
    pub accepted_on: Option<NaiveDate>,
    /// Last day of the whole.
    pub due_on: Option<NaiveDate>,
    /// When it was decided.
    pub decided_on: Option<NaiveDate>,
    /// When it ended.
    pub ended_on: Option<NaiveDate>,
    /// The benefit that it made or is about.
    pub entitlement: Option<EntitlementId>,
    /// What the rules last said.
    pub determination: Option<DeterminationId>,
    /// The account that is to be paid.
    pub account: Option<people::BankAccountId>,
    /// Changes with every change.
    pub version: i64,
}

const CASE_ROW: &str = "SELECT c.id, c.number, c.item, c.release_hash, c.channel, c.applicant_person_id, c.household_id, c.person_id, c.members, \
    c.county_id, c.township_id, c.village_id, c.registered_division_id, c.deciding_division_id, c.delegated, c.step, c.state, \
    c.outcome, c.filed_on, c.accepted_on, c.due_on, c.decided_on, c.ended_on, c.entitlement_id, c.determination_id, c.account_id, c.version \
    FROM case_file c WHERE {scope} AND c.id = ?";

fn case_row(row: &Row) -> store::Result<CaseRow> {
    Ok(CaseRow {
        id: row.get("id")?,
        number: row.get("number")?,
        item: row.get("item")?,
        release_hash: row.get("release_hash")?,
        channel: row.get("channel")?,
        applicant: row.get("applicant_person_id")?,
        household: row.get("household_id")?,
        person: row.get("person_id")?,
        members: row.get("members")?,
        county: row.get("county_id")?,
        township: row.get("township_id")?,
        village: row.get("village_id")?,
        registered: row.get("registered_division_id")?,
        deciding: row.get("deciding_division_id")?,
        delegated: row.get("delegated")?,
        step: row.get("step")?,
        open: row.get::<String>("state")? == "open",
        outcome: row.get("outcome")?,
        filed_on: row.get("filed_on")?,
        accepted_on: row.get("accepted_on")?,
        due_on: row.get("due_on")?,
        decided_on: row.get("decided_on")?,
        ended_on: row.get("ended_on")?,
        entitlement: row.get("entitlement_id")?,
        determination: row.get("determination_id")?,
        account: row.get("account_id")?,
        version: row.get("version")?,
    })
}

async fn found(connection: &impl Connection, query: Query, case: CaseId) -> Result<CaseRow, OfficeError> {
    let row = query.bind(case).optional_as(connection, case_row).await?;
    row.ok_or(OfficeError::NotFound("这件申请"))
}

impl CaseRow {
    /// The case, if it is there and inside the scope, of whatever business.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub(super) async fn find(
        connection: &impl Connection,
        scope: &Scope,
        case: CaseId,
    ) -> Result<CaseRow, OfficeError> {
        found(connection, Query::new(scope, &CASE, CASE_ROW), case).await
    }

    /// The case as somebody sees it: of their area and, at a desk, of a business whose cases they read.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub async fn seen(office: &Office, doer: Doer<'_>, case: CaseId) -> Result<CaseRow, OfficeError> {
        let query = Query::new(&doer.scope(), &CASE, CASE_ROW).only("c.item", doer.items(office));
        found(office.db(), query, case).await
    }

    /// The same, locked until the transaction ends.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub(super) async fn lock(
        office: &Office,
        tx: &Tx,
        doer: Doer<'_>,
        case: CaseId,
    ) -> Result<CaseRow, OfficeError> {
        let sql = format!("{CASE_ROW}{}", tx.for_update());
        found(tx, Query::new(&doer.scope(), &CASE, sql).only("c.item", doer.items(office)), case).await
    }

    /// The same for the system itself.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub(super) async fn lock_for(
        tx: &Tx,
        reason: &'static str,
        case: CaseId,
    ) -> Result<CaseRow, OfficeError> {
        let sql = format!("{CASE_ROW}{}", tx.for_update());
        found(tx, Query::new(&Scope::System(reason), &CASE, sql), case).await
    }

    /// The office of the case at a level; none above the county.
    #[must_use]
    pub fn office_at(&self, level: catalogue::definition::Level) -> Option<DivisionId> {
        use catalogue::definition::Level;
        match level {
            Level::Village => Some(self.village),
            Level::Township => Some(self.township),
            Level::County => Some(self.county),
            Level::Applicant | Level::Prefecture => None,
        }
    }
}

impl CaseRow {
    /// It was refused, or given up by the office, and nothing was granted.
    pub(super) fn ended_without(&self) -> bool {
        let given_up = matches!(self.outcome.as_deref(), Some("refused" | "terminated"));
        !self.open && given_up && self.entitlement.is_none()
    }

    /// Of a case that was taken up again: the day of the decision that was revoked.
    pub(super) fn first_decided_on(&self) -> Option<NaiveDate> {
        self.decided_on.filter(|_| self.open && self.entitlement.is_none())
    }
}

const LEDGER: Scope = Scope::System("the benefit of a case that the caller may see");

/// What is known about a case for the guards of its actions; the fields are `catalogue::CASE_FIELDS`.
///
/// # Errors
/// The database's.
pub(super) async fn record(
    office: &Office,
    connection: &impl Connection,
    item: &Item,
    case: &CaseRow,
) -> Result<Record, OfficeError> {
    let today = office.now().today();
    let row = Query::system(
        "the guards of a case that the caller may see",
        "SELECT \
         EXISTS (SELECT 1 FROM letter l WHERE l.case_id = c.id AND l.letter = 'missing') AS missing_asked, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'visit' AND r.level = 'township') AS visited, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'visit' AND r.level = 'county') AS county_visited, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'relative') AS relative_recorded, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'complaint') AS complained, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'objection') AS objected, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'appraisal') AS appraised, \
         (EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'hearing') \
          OR EXISTS (SELECT 1 FROM hearing_absence a WHERE a.case_id = c.id AND a.until_on < ?)) AS heard, \
         EXISTS (SELECT 1 FROM hearing_absence a WHERE a.case_id = c.id) AS looked_for, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'sample') AS sampled, \
         EXISTS (SELECT 1 FROM case_draw x WHERE x.case_id = c.id AND x.drawn) AS drawn, \
         (SELECT max(r.id) FROM case_record r WHERE r.case_id = c.id AND r.kind = 'objection') AS last_objection, \
         (SELECT max(r.id) FROM case_record r WHERE r.case_id = c.id AND r.kind IN ('visit', 'appraisal')) AS last_answer, \
         EXISTS (SELECT 1 FROM case_clock k WHERE k.case_id = c.id AND k.extended_basis IS NOT NULL) AS extended, \
         (SELECT max(n.until_on) FROM notice n WHERE n.case_id = c.id AND n.kind = 'publicity') AS notice_until, \
         coalesce(c.clear_change, FALSE) AS clear_change, d.outcome AS outcome, d.amount_fen AS amount_fen, d.result AS result \
         FROM case_file c LEFT JOIN determination d ON d.id = c.determination_id WHERE c.id = ?",
    )
    .bind(today)
    .bind(case.id)
    .one(connection)
    .await?;
    let notice_until: Option<NaiveDate> = row.get("notice_until")?;
    let last_objection: Option<i64> = row.get("last_objection")?;
    let last_answer: Option<i64> = row.get("last_answer")?;
    let test = means_test::state(connection, case.id).await?;
    // What is decided now holds from the next month: it is compared with what is to be paid then.
    let next = Month::containing(today).next();
    let benefit = match case.entitlement {
        Some(entitlement) => Some(ledger::pages::entitlement(connection, &LEDGER, entitlement, next).await?),
        None => None,
    };
    let current = benefit.as_ref().and_then(|benefit| benefit.monthly);
    let over = benefit.is_some_and(|benefit| {
        benefit.end_reason.is_some() && benefit.until.is_some_and(|until| until < next)
    });
    let mut fields = BTreeMap::new();
    let mut flag = |name: &str, holds: bool| fields.insert(name.to_owned(), Value::Boolean(holds));
    flag("delegated", case.delegated);
    for name in [
        "missing_asked",
        "visited",
        "county_visited",
        "relative_recorded",
        "complained",
        "objected",
        "appraised",
        "heard",
        "looked_for",
        "sampled",
        "drawn",
        "extended",
        "clear_change",
    ] {
        flag(name, row.get(name)?);
    }
    flag("authorised", means_test::all_authorised(connection, case.household, today).await?);
    flag("means_test_requested", test != means_test::State::NotRequested);
    flag("means_test_reported", test == means_test::State::Reported);
    flag("notice_opened", notice_until.is_some());
    flag("notice_over", notice_until.is_some_and(|until| until < today));
    flag("objection_answered", last_objection.is_none() || last_answer > last_objection);
    let tapers = match row.get::<Option<String>>("result")? {
        Some(result) if case.entitlement.is_some() => {
            let said =
                serde_json::from_str(&result).map_err(|error| OfficeError::Internal(error.to_string()))?;
            determine::taper_months(&said).is_some()
        }
        _ => false,
    };
    flag("taper_available", tapers);
    flag("benefit_over", over);
    // Only an item whose guards ask costs the question.
    let asks = |word: &str| {
        item.actions.iter().any(|action| action.when.as_ref().is_some_and(|when| when.contains(word)))
    };
    let leave = match case.entitlement.filter(|_| asks("members_leave")) {
        Some(entitlement) => {
            let covered = ledger::pages::members(connection, &LEDGER, entitlement, next).await?;
            !leaving(connection, case.household, &covered, office.now()).await?.is_empty()
        }
        None => false,
    };
    flag("members_leave", leave);
    flag("refused", case.ended_without());
    fields.insert("channel".to_owned(), Value::Text(case.channel.clone()));
    fields.insert(
        "outcome".to_owned(),
        row.get::<Option<String>>("outcome")?.map_or(Value::Unknown, Value::Text),
    );
    let money = |fen: Option<Fen>| {
        fen.map_or(Value::Unknown, |fen| Value::Number(rules::Rational::from_scaled(fen.0, 2)))
    };
    fields.insert("amount".to_owned(), money(row.get("amount_fen")?));
    fields.insert("current_amount".to_owned(), money(current));
    let reckoned = months::of_case(connection, item, case.id).await?;
    fields.insert("months_unclear".to_owned(), Value::Boolean(months::unclear(&reckoned)));
    let sums = (!reckoned.is_empty()).then(|| months::sums(&reckoned));
    fields.insert("arrears".to_owned(), money(sums.map(|(arrears, _)| arrears)));
    fields.insert("recovery".to_owned(), money(sums.map(|(_, recovery)| recovery)));
    let many = entries::seen_by_guards(office, connection, item, case.id).await?;
    let record = Record { fields, many, ..Record::default() };
    if !asks("applicant.") {
        return Ok(record);
    }
    let subject = [Subject::Person(case.applicant)];
    let mut applicant = Record::default();
    for (_, fact, value) in people::known_facts(office, connection, &subject).await? {
        applicant.fields.insert(fact, value);
    }
    Ok(record.with_one("applicant", applicant))
}

/// Who of the people whom a benefit covers lives, and is of the family no longer.
pub(super) async fn leaving(
    connection: &impl Connection,
    household: HouseholdId,
    covered: &[PersonId],
    now: Now,
) -> Result<Vec<PersonId>, OfficeError> {
    let there = people::members_as_of(connection, &LEDGER, household, now.today(), now.at_ms()).await?;
    let mut gone = covered.to_vec();
    gone.retain(|person| !there.iter().any(|member| member.person == *person));
    if gone.is_empty() {
        return Ok(gone);
    }
    Ok(Query::system(
        "whether they live whom a benefit covers that the caller may see",
        "SELECT id FROM person WHERE id IN ({list}) AND died_on IS NULL ORDER BY id",
    )
    .bind_list(gone)
    .scalars(connection)
    .await?)
}
