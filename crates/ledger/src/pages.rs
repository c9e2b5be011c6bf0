//! What pages read: the roll, a family's entitlements and payments, runs and their lines, the monthly count.
//! Lists go by keyset; a page reads no more than it shows.

use chrono::NaiveDate;
use store::{CaseId, Connection, Cursor, DivisionId, HouseholdId, Page, PersonId, Query, Row, Scope};
use vocab::{Fen, Month, Now};

use crate::run::{PaymentRun, RUN_COLUMNS};
use crate::scope::{ENTITLEMENT, RUN};
use crate::{
    AmountCause, BankAccountId, DeterminationId, DueId, DueKind, EntitlementId, EntitlementState, LineId,
    LineState, PayeeId, PayeeState, Result, RunId, RunKind,
};

/// An entitlement as a list or a page shows it, for one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementRow {
    /// Its id.
    pub id: EntitlementId,
    /// Programme id.
    pub programme: String,
    /// The family.
    pub household: HouseholdId,
    /// Its holder.
    pub holder: PersonId,
    /// County.
    pub county: DivisionId,
    /// Township.
    pub township: DivisionId,
    /// Village.
    pub division: DivisionId,
    /// First month.
    pub from: Month,
    /// Last month.
    pub until: Option<Month>,
    /// First month that is paid here.
    pub first_due: Month,
    /// Next review.
    pub review_due_on: Option<NaiveDate>,
    /// In the month asked for.
    pub state: EntitlementState,
    /// The month's amount, whether paused or not; before its life the first month's, none after it.
    pub monthly: Option<Fen>,
    /// People covered in the month; before its life those of the first month.
    pub members: i64,
    /// The case that granted it.
    pub case: Option<CaseId>,
    /// The determination of the grant.
    pub determination: Option<DeterminationId>,
    /// The decision's number.
    pub reference: String,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// Why it is paused.
    pub pause_reason: Option<String>,
    /// Changes with every change; for optimistic checks.
    pub version: i64,
}

/// Binds the month [`ENTITLEMENT_SELECT_MONTHS`] times, before the scope. What begins later is shown as in its first month.
const ENTITLEMENT_SELECT: &str = "SELECT e.id, e.programme, e.household_id, e.holder_person_id, e.county_id, e.township_id, \
    e.division_id, e.from_month, e.until_month, e.first_due_month, e.review_due_on, e.case_id, e.determination_id, e.reference, \
    e.end_reason, e.version, \
    CASE WHEN e.until_month < ? THEN 'ended' WHEN e.from_month > ? THEN 'pending' ELSE COALESCE((SELECT s.kind \
      FROM entitlement_pause s WHERE s.entitlement_id = e.id AND s.from_month <= ? \
      AND (s.until_month IS NULL OR s.until_month >= ?) ORDER BY s.id DESC LIMIT 1), 'active') END AS state, \
    (SELECT s.reason FROM entitlement_pause s WHERE s.entitlement_id = e.id AND s.until_month IS NULL \
      ORDER BY s.id DESC LIMIT 1) AS pause_reason, \
    (SELECT a.amount_fen FROM entitlement_amount a WHERE a.entitlement_id = e.id AND a.superseded_at IS NULL \
      AND a.from_month <= CASE WHEN e.from_month > ? THEN e.from_month ELSE ? END \
      AND (a.until_month IS NULL OR a.until_month >= CASE WHEN e.from_month > ? THEN e.from_month ELSE ? END)) AS monthly, \
    (SELECT COUNT(*) FROM entitlement_member m WHERE m.entitlement_id = e.id AND m.superseded_at IS NULL \
      AND m.from_month <= CASE WHEN e.from_month > ? THEN e.from_month ELSE ? END \
      AND (m.until_month IS NULL OR m.until_month >= CASE WHEN e.from_month > ? THEN e.from_month ELSE ? END)) AS members \
    FROM entitlement e";
const ENTITLEMENT_SELECT_MONTHS: usize = 12;

fn read_entitlement(row: &Row) -> store::Result<EntitlementRow> {
    Ok(EntitlementRow {
        id: row.get("id")?,
        programme: row.get("programme")?,
        household: row.get("household_id")?,
        holder: row.get("holder_person_id")?,
        county: row.get("county_id")?,
        township: row.get("township_id")?,
        division: row.get("division_id")?,
        from: row.get("from_month")?,
        until: row.get("until_month")?,
        first_due: row.get("first_due_month")?,
        review_due_on: row.get("review_due_on")?,
        state: row.get("state")?,
        monthly: row.get("monthly")?,
        members: row.get("members")?,
        case: row.get("case_id")?,
        determination: row.get("determination_id")?,
        reference: row.get("reference")?,
        end_reason: row.get("end_reason")?,
        pause_reason: row.get("pause_reason")?,
        version: row.get("version")?,
    })
}

fn select_entitlements(scope: &Scope, month: Month, condition: &str) -> Query {
    let query =
        Query::new(scope, &ENTITLEMENT, format!("{ENTITLEMENT_SELECT} WHERE {{scope}} AND {condition}"));
    (0..ENTITLEMENT_SELECT_MONTHS).fold(query, |query, _| query.bind(month))
}

/// One entitlement, as it stands in a month.
///
/// # Errors
/// Out of scope.
pub async fn entitlement(
    connection: &impl Connection,
    scope: &Scope,
    id: EntitlementId,
    month: Month,
) -> Result<EntitlementRow> {
    Ok(select_entitlements(scope, month, "e.id = ?").bind(id).one_as(connection, read_entitlement).await?)
}

/// Some entitlements, as they stand in a month; those outside the scope are left out.
///
/// # Errors
/// The database's.
pub async fn entitlements(
    connection: &impl Connection,
    scope: &Scope,
    ids: &[EntitlementId],
    month: Month,
) -> Result<Vec<EntitlementRow>> {
    let query = select_entitlements(scope, month, "e.id IN ({list}) ORDER BY e.id");
    Ok(query.bind_list(ids.iter().copied()).all_as(connection, read_entitlement).await?)
}

/// All entitlements that a family has or had, newest first.
///
/// # Errors
/// The database's.
pub async fn entitlements_of_household(
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    month: Month,
) -> Result<Vec<EntitlementRow>> {
    let query =
        select_entitlements(scope, month, "e.household_id = ? ORDER BY e.id DESC LIMIT 200").bind(household);
    Ok(query.all_as(connection, read_entitlement).await?)
}

/// All entitlements that concern a person as holder or member, newest first.
///
/// # Errors
/// The database's.
pub async fn entitlements_of_person(
    connection: &impl Connection,
    scope: &Scope,
    person: PersonId,
    month: Month,
) -> Result<Vec<EntitlementRow>> {
    let condition = "e.id IN (SELECT entitlement_id FROM entitlement_person WHERE person_id = ?) ORDER BY e.id DESC LIMIT 200";
    Ok(select_entitlements(scope, month, condition).bind(person).all_as(connection, read_entitlement).await?)
}

/// Which part of the roll (名册).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollFilter {
    /// As of this month.
    pub month: Month,
    /// Only these programmes.
    pub programmes: Option<Vec<String>>,
    /// One county.
    pub county: Option<DivisionId>,
    /// One township.
    pub township: Option<DivisionId>,
    /// One village.
    pub division: Option<DivisionId>,
    /// One state.
    pub state: Option<EntitlementState>,
    /// Review due before this day.
    pub review_before: Option<NaiveDate>,
}

impl RollFilter {
    /// The whole roll of a month.
    #[must_use]
    pub fn of(month: Month) -> RollFilter {
        RollFilter {
            month,
            programmes: None,
            county: None,
            township: None,
            division: None,
            state: None,
            review_before: None,
        }
    }

    fn condition(&self) -> String {
        let paused = |kind: &str| {
            format!(
                " AND e.from_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?) AND EXISTS (SELECT 1 FROM \
                 entitlement_pause s WHERE s.entitlement_id = e.id AND s.kind = '{kind}' AND s.from_month <= ? \
                 AND (s.until_month IS NULL OR s.until_month >= ?))"
            )
        };
        let mut condition = "{after}".to_owned();
        if self.programmes.is_some() {
            condition.push_str(" AND e.programme IN ({list})");
        }
        for (wanted, column) in [
            (self.county.is_some(), "county_id"),
            (self.township.is_some(), "township_id"),
            (self.division.is_some(), "division_id"),
        ] {
            if wanted {
                condition.push_str(" AND e.");
                condition.push_str(column);
                condition.push_str(" = ?");
            }
        }
        if self.review_before.is_some() {
            condition.push_str(" AND e.review_due_on < ?");
        }
        match self.state {
            None => {}
            Some(EntitlementState::Pending) => condition.push_str(" AND e.from_month > ?"),
            Some(EntitlementState::Ended) => condition.push_str(" AND e.until_month < ?"),
            Some(EntitlementState::Active) => condition.push_str(
                " AND e.from_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?) AND NOT EXISTS (SELECT 1 FROM \
                 entitlement_pause s WHERE s.entitlement_id = e.id AND s.from_month <= ? \
                 AND (s.until_month IS NULL OR s.until_month >= ?))",
            ),
            Some(EntitlementState::Suspended) => condition.push_str(&paused("suspended")),
            Some(EntitlementState::Held) => condition.push_str(&paused("held")),
        }
        condition
    }

    fn bind(&self, mut query: Query) -> Query {
        if let Some(programmes) = &self.programmes {
            query = query.bind_list(programmes.iter().map(String::as_str));
        }
        for division in [self.county, self.township, self.division].into_iter().flatten() {
            query = query.bind(division);
        }
        if let Some(day) = self.review_before {
            query = query.bind(day);
        }
        let months = match self.state {
            None => 0,
            Some(EntitlementState::Pending | EntitlementState::Ended) => 1,
            Some(EntitlementState::Active | EntitlementState::Suspended | EntitlementState::Held) => 4,
        };
        (0..months).fold(query, |query, _| query.bind(self.month))
    }
}

/// A page of the roll, by id.
///
/// # Errors
/// The database's.
pub async fn roll(
    connection: &impl Connection,
    scope: &Scope,
    filter: &RollFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<EntitlementRow>> {
    let condition = format!("{} ORDER BY e.id LIMIT ?", filter.condition());
    let query = filter.bind(select_entitlements(scope, filter.month, &condition)).after(&["e.id"], cursor);
    Ok(query.page(connection, size, read_entitlement, |row| Cursor::new().integer(row.id)).await?)
}

/// How many the roll has, counting no further than `max`.
///
/// # Errors
/// The database's.
pub async fn roll_count(
    connection: &impl Connection,
    scope: &Scope,
    filter: &RollFilter,
    max: u32,
) -> Result<store::Count> {
    let sql = format!("SELECT e.id FROM entitlement e WHERE {{scope}} AND {}", filter.condition());
    let query = filter.bind(Query::new(scope, &ENTITLEMENT, sql)).after(&["e.id"], None);
    Ok(query.count_capped(connection, max).await?)
}

/// Whom an entitlement covers in a month.
///
/// # Errors
/// The database's.
pub async fn members(
    connection: &impl Connection,
    scope: &Scope,
    id: EntitlementId,
    month: Month,
) -> Result<Vec<PersonId>> {
    Ok(Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT m.person_id FROM entitlement e JOIN entitlement_member m ON m.entitlement_id = e.id WHERE {scope} \
         AND e.id = ? AND m.superseded_at IS NULL AND m.from_month <= ? AND (m.until_month IS NULL OR m.until_month >= ?) \
         ORDER BY m.person_id",
    )
    .bind(id)
    .bind(month)
    .bind(month)
    .scalars(connection)
    .await?)
}

/// An amount of an entitlement, current or superseded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountHistoryRow {
    /// From this month.
    pub from: Month,
    /// To this month.
    pub until: Option<Month>,
    /// Each month.
    pub monthly: Fen,
    /// Of what kind the change was.
    pub cause: AmountCause,
    /// Why.
    pub reason: String,
    /// The decision.
    pub reference: String,
    /// Its case.
    pub case: Option<CaseId>,
    /// Its determination.
    pub determination: Option<DeterminationId>,
    /// When it was recorded.
    pub recorded_at: Now,
    /// When something else was known; none if it holds.
    pub superseded_at: Option<Now>,
}

/// The amounts of an entitlement in both times, newest knowledge first.
///
/// # Errors
/// The database's.
pub async fn amount_history(
    connection: &impl Connection,
    scope: &Scope,
    id: EntitlementId,
) -> Result<Vec<AmountHistoryRow>> {
    Ok(Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT a.from_month, a.until_month, a.amount_fen, a.cause, a.reason, a.reference, a.case_id, a.determination_id, \
         a.recorded_at, a.superseded_at FROM entitlement e JOIN entitlement_amount a ON a.entitlement_id = e.id \
         WHERE {scope} AND e.id = ? ORDER BY a.id DESC",
    )
    .bind(id)
    .all_as(connection, |row| {
        Ok(AmountHistoryRow {
            from: row.get("from_month")?,
            until: row.get("until_month")?,
            monthly: row.get("amount_fen")?,
            cause: row.get("cause")?,
            reason: row.get("reason")?,
            reference: row.get("reference")?,
            case: row.get("case_id")?,
            determination: row.get("determination_id")?,
            recorded_at: Now::from_unix_ms(row.get("recorded_at")?),
            superseded_at: row.get::<Option<i64>>("superseded_at")?.map(Now::from_unix_ms),
        })
    })
    .await?)
}

/// An account of an entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayeeRow {
    /// Its id.
    pub id: PayeeId,
    /// Of which entitlement.
    pub entitlement: EntitlementId,
    /// The office's sealed account.
    pub account: BankAccountId,
    /// Name on it.
    pub holder_name: String,
    /// Bank.
    pub bank: String,
    /// Last digits.
    pub number_tail: String,
    /// Where it stands.
    pub state: PayeeState,
    /// Why it was proposed.
    pub reason: String,
    /// By which member of staff.
    pub proposed_by: Option<store::StaffId>,
    /// When.
    pub proposed_at: Now,
    /// By whom it was confirmed or refused.
    pub confirmed_by: Option<store::StaffId>,
    /// When.
    pub confirmed_at: Option<Now>,
    /// Why it is paid no more without another in its place.
    pub withdrawn: Option<String>,
}

const PAYEE_SELECT: &str = "SELECT p.id, p.entitlement_id, p.bank_account_id, p.holder_name, p.bank, p.number_tail, p.state, \
    p.reason, p.proposed_by, p.proposed_at, p.confirmed_by, p.confirmed_at, p.withdrawn_reason FROM entitlement e \
    JOIN payee p ON p.entitlement_id = e.id WHERE {scope} AND ";

fn read_payee(row: &Row) -> store::Result<PayeeRow> {
    Ok(PayeeRow {
        id: row.get("id")?,
        entitlement: row.get("entitlement_id")?,
        account: row.get("bank_account_id")?,
        holder_name: row.get("holder_name")?,
        bank: row.get("bank")?,
        number_tail: row.get("number_tail")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
        proposed_by: row.get("proposed_by")?,
        proposed_at: Now::from_unix_ms(row.get("proposed_at")?),
        confirmed_by: row.get("confirmed_by")?,
        confirmed_at: row.get::<Option<i64>>("confirmed_at")?.map(Now::from_unix_ms),
        withdrawn: row.get("withdrawn_reason")?,
    })
}

/// All accounts of an entitlement, newest first.
///
/// # Errors
/// The database's.
pub async fn payees(connection: &impl Connection, scope: &Scope, id: EntitlementId) -> Result<Vec<PayeeRow>> {
    let query = Query::new(scope, &ENTITLEMENT, format!("{PAYEE_SELECT}e.id = ? ORDER BY p.id DESC"));
    Ok(query.bind(id).all_as(connection, read_payee).await?)
}

/// One account.
///
/// # Errors
/// Out of scope.
pub async fn payee(connection: &impl Connection, scope: &Scope, id: PayeeId) -> Result<PayeeRow> {
    let query = Query::new(scope, &ENTITLEMENT, format!("{PAYEE_SELECT}p.id = ?"));
    Ok(query.bind(id).one_as(connection, read_payee).await?)
}

/// Accounts that wait for a second person, of some programmes or of all.
///
/// # Errors
/// The database's.
pub async fn payees_waiting(
    connection: &impl Connection,
    scope: &Scope,
    programmes: Option<&[String]>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PayeeRow>> {
    let filter = if programmes.is_some() { " AND e.programme IN ({list})" } else { "" };
    let sql = format!("{PAYEE_SELECT}p.state = 'proposed' AND {{after}}{filter} ORDER BY p.id LIMIT ?");
    let mut query = Query::new(scope, &ENTITLEMENT, sql);
    if let Some(programmes) = programmes {
        query = query.bind_list(programmes.iter().map(String::as_str));
    }
    let query = query.after(&["p.id"], cursor);
    Ok(query.page(connection, size, read_payee, |row| Cursor::new().integer(row.id)).await?)
}

/// Runs of some programmes or of all, newest first.
///
/// # Errors
/// The database's.
pub async fn runs(
    connection: &impl Connection,
    scope: &Scope,
    programmes: Option<&[String]>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PaymentRun>> {
    let filter = if programmes.is_some() { " AND r.programme IN ({list})" } else { "" };
    let sql = format!(
        "SELECT {RUN_COLUMNS} FROM payment_run r WHERE {{scope}} AND {{after}}{filter} ORDER BY r.id DESC LIMIT ?"
    );
    let mut query = Query::new(scope, &RUN, sql);
    if let Some(programmes) = programmes {
        query = query.bind_list(programmes.iter().map(String::as_str));
    }
    let query = query.after_descending(&["r.id"], cursor);
    Ok(query.page(connection, size, PaymentRun::read, |run| Cursor::new().integer(run.id)).await?)
}

/// A line of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Its id.
    pub id: LineId,
    /// The run.
    pub run: RunId,
    /// The run's month.
    pub month: Month,
    /// Regular, second attempt or supplement.
    pub kind: RunKind,
    /// Programme id.
    pub programme: String,
    /// Number in the bank file.
    pub line_no: Option<i32>,
    /// Whom it pays.
    pub entitlement: EntitlementId,
    /// Its holder.
    pub holder: PersonId,
    /// The family.
    pub household: HouseholdId,
    /// Village.
    pub division: DivisionId,
    /// Amount.
    pub amount: Fen,
    /// Where it stands.
    pub state: LineState,
    /// Why it was left out, withdrawn or could not be paid.
    pub reason: Option<String>,
    /// The bank's number of the payment.
    pub bank_reference: Option<String>,
    /// Name on the account.
    pub holder_name: Option<String>,
    /// Bank.
    pub bank: Option<String>,
    /// Last digits.
    pub number_tail: Option<String>,
    /// The day the run was exported or answered, as far as it has come.
    pub dated: Option<Now>,
}

const LINE_SELECT: &str = "SELECT l.id, l.run_id, r.month, \
    CASE WHEN r.supplement_reason IS NULL THEN r.kind ELSE 'supplement' END AS kind, r.programme, l.line_no, l.entitlement_id, \
    e.holder_person_id, e.household_id, e.division_id, l.amount_fen, l.state, l.reason, l.bank_reference, p.holder_name, \
    p.bank, p.number_tail, COALESCE(r.answered_at, r.exported_at) AS dated FROM payment_line l \
    JOIN payment_run r ON r.id = l.run_id JOIN entitlement e ON e.id = l.entitlement_id \
    LEFT JOIN payee p ON p.id = l.payee_id WHERE {scope} AND ";

fn read_line(row: &Row) -> store::Result<LineRow> {
    Ok(LineRow {
        id: row.get("id")?,
        run: row.get("run_id")?,
        month: row.get("month")?,
        kind: row.get("kind")?,
        programme: row.get("programme")?,
        line_no: row.get("line_no")?,
        entitlement: row.get("entitlement_id")?,
        holder: row.get("holder_person_id")?,
        household: row.get("household_id")?,
        division: row.get("division_id")?,
        amount: row.get("amount_fen")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
        bank_reference: row.get("bank_reference")?,
        holder_name: row.get("holder_name")?,
        bank: row.get("bank")?,
        number_tail: row.get("number_tail")?,
        dated: row.get::<Option<i64>>("dated")?.map(Now::from_unix_ms),
    })
}

/// The lines of a run, those of one state if asked for. A township sees its own lines of the county's run.
///
/// # Errors
/// The database's.
pub async fn run_lines(
    connection: &impl Connection,
    scope: &Scope,
    run: RunId,
    state: Option<LineState>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<LineRow>> {
    // The entitlement follows the order in which lines are made, and (run_id, entitlement_id) is the index.
    let filter = if state.is_some() { " AND l.state = ?" } else { "" };
    let sql = format!("{LINE_SELECT}l.run_id = ? AND {{after}}{filter} ORDER BY l.entitlement_id LIMIT ?");
    let mut query = Query::new(scope, &ENTITLEMENT, sql).bind(run);
    if let Some(state) = state {
        query = query.bind(state);
    }
    let query = query.after(&["l.entitlement_id"], cursor);
    Ok(query.page(connection, size, read_line, |line| Cursor::new().integer(line.entitlement)).await?)
}

/// What a family was paid, and what was not, newest first.
///
/// # Errors
/// The database's.
pub async fn payments_of_household(
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<LineRow>> {
    let sql = format!("{LINE_SELECT}e.household_id = ? AND {{after}} ORDER BY l.id DESC LIMIT ?");
    let query = Query::new(scope, &ENTITLEMENT, sql).bind(household).after_descending(&["l.id"], cursor);
    Ok(query.page(connection, size, read_line, |line| Cursor::new().integer(line.id)).await?)
}

/// A due of an entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRow {
    /// Its id.
    pub id: DueId,
    /// For which month.
    pub month: Month,
    /// 0 for the first, then counting.
    pub revision: i32,
    /// Positive is owed to the family, negative takes back.
    pub amount: Fen,
    /// What gave rise to it.
    pub kind: DueKind,
    /// Why.
    pub reason: String,
    /// The decision.
    pub reference: String,
    /// Its case.
    pub case: Option<CaseId>,
    /// When it was booked.
    pub made_at: Now,
}

/// The dues of an entitlement, newest month first.
///
/// # Errors
/// The database's.
pub async fn dues(connection: &impl Connection, scope: &Scope, id: EntitlementId) -> Result<Vec<DueRow>> {
    Ok(Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT d.id, d.month, d.revision, d.amount_fen, d.kind, d.reason, d.reference, d.case_id, d.made_at \
         FROM entitlement e JOIN due d ON d.entitlement_id = e.id WHERE {scope} AND e.id = ? \
         ORDER BY d.month DESC, d.revision DESC",
    )
    .bind(id)
    .all_as(connection, |row| {
        Ok(DueRow {
            id: row.get("id")?,
            month: row.get("month")?,
            revision: row.get("revision")?,
            amount: row.get("amount_fen")?,
            kind: row.get("kind")?,
            reason: row.get("reason")?,
            reference: row.get("reference")?,
            case: row.get("case_id")?,
            made_at: Now::from_unix_ms(row.get("made_at")?),
        })
    })
    .await?)
}

/// A row of the monthly count (月报).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthTotal {
    /// Month.
    pub month: Month,
    /// Programme id.
    pub programme: String,
    /// County or township, as asked.
    pub division: DivisionId,
    /// Families with a due for the month.
    pub households: i64,
    /// People covered.
    pub persons: i64,
    /// All dues of the month, revisions included.
    pub due: Fen,
    /// What the bank paid in runs of that month, arrears of earlier months included, and what townships advanced for it.
    pub paid: Fen,
}

/// By what the monthly count is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// County.
    County,
    /// Township.
    Township,
}

/// Families, people and money by month, programme and county or township. People and families are those with a due
/// above zero for the month.
///
/// # Errors
/// The database's.
pub async fn month_totals(
    connection: &impl Connection,
    scope: &Scope,
    from: Month,
    until: Month,
    group: GroupBy,
) -> Result<Vec<MonthTotal>> {
    let column = match group {
        GroupBy::County => "county_id",
        GroupBy::Township => "township_id",
    };
    let sql = format!(
        "SELECT x.month, x.programme, x.division_id, COUNT(DISTINCT CASE WHEN x.due_fen > 0 THEN x.household_id END) AS households, \
         CAST(SUM(x.persons) AS BIGINT) AS persons, CAST(SUM(x.due_fen) AS BIGINT) AS due_fen, \
         CAST(SUM(x.paid_fen) AS BIGINT) AS paid_fen FROM ( \
           SELECT d.month, e.programme, e.{column} AS division_id, e.household_id, e.id, \
             CAST(SUM(d.amount_fen) AS BIGINT) AS due_fen, 0 AS paid_fen, \
             (SELECT COUNT(*) FROM coverage c WHERE c.entitlement_id = e.id AND c.month = d.month) AS persons \
           FROM entitlement e JOIN due d ON d.entitlement_id = e.id WHERE {{scope}} AND d.month >= ? AND d.month <= ? \
           GROUP BY d.month, e.programme, e.{column}, e.household_id, e.id \
         UNION ALL \
           SELECT r.month, e.programme, e.{column}, e.household_id, e.id, 0, l.amount_fen, 0 \
           FROM payment_run r JOIN payment_line l ON l.run_id = r.id JOIN entitlement e ON e.id = l.entitlement_id \
           WHERE {{scope}} AND r.month >= ? AND r.month <= ? AND l.state = 'succeeded' \
         UNION ALL \
           SELECT d.month, e.programme, e.{column}, e.household_id, e.id, 0, n.amount_fen, 0 \
           FROM reserve_entry n JOIN due d ON d.id = n.due_id JOIN entitlement e ON e.id = n.entitlement_id \
           WHERE {{scope}} AND d.month >= ? AND d.month <= ?) x \
         GROUP BY x.month, x.programme, x.division_id ORDER BY x.month, x.programme, x.division_id"
    );
    Ok(Query::new(scope, &ENTITLEMENT, sql)
        .bind(from)
        .bind(until)
        .bind(from)
        .bind(until)
        .bind(from)
        .bind(until)
        .all_as(connection, |row| {
            Ok(MonthTotal {
                month: row.get("month")?,
                programme: row.get("programme")?,
                division: row.get("division_id")?,
                households: row.get("households")?,
                persons: row.get("persons")?,
                due: row.get("due_fen")?,
                paid: row.get("paid_fen")?,
            })
        })
        .await?)
}
