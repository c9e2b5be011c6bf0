//! The life of an entitlement (待遇): granted by a decision, moved with the family, ended with its last month.

use chrono::NaiveDate;
use store::{DivisionId, HouseholdId, PersonId, Query, Row, Scope, Tx};
use vocab::{Fen, Month};

use crate::payee::NewPayee;
use crate::scope::{BOOKS, ENTITLEMENT, NONE};
use crate::{AmountCause, Decision, EntitlementId, LedgerError, Result, changes, months, payee, run};

/// What a decision grants.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The programme's id in the pack.
    pub programme: String,
    /// Benefits of one group exclude each other for a person and month.
    pub exclusion_group: String,
    /// The family.
    pub household: HouseholdId,
    /// The holder (户主/申请人).
    pub holder: PersonId,
    /// Whom it covers; at least one.
    pub members: Vec<PersonId>,
    /// County that pays.
    pub county: DivisionId,
    /// Township.
    pub township: DivisionId,
    /// Village or community; what scopes look at.
    pub division: DivisionId,
    /// First month.
    pub from: Month,
    /// First month that is paid here; later than `from` for a roll taken over from another system.
    pub first_due: Month,
    /// Last month, if it is granted for a time.
    pub until: Option<Month>,
    /// Each month.
    pub monthly: Fen,
    /// [`AmountCause::Grant`] or [`AmountCause::Import`].
    pub cause: AmountCause,
    /// The account, if it is known already.
    pub payee: Option<NewPayee>,
    /// When it is to be reviewed next.
    pub review_due_on: Option<NaiveDate>,
}

/// Grant. Months for which the county's run has already been made become arrears of this decision, paid with the next
/// run; everything later comes with the runs.
///
/// # Errors
/// [`LedgerError::AlreadyCovered`] if a member has the same kind of benefit in a month of this one.
pub async fn grant(tx: &Tx, grant: &Grant, decision: &Decision) -> Result<EntitlementId> {
    if grant.monthly.is_negative() || grant.monthly.is_zero() {
        return Err(LedgerError::refused("保障金额必须大于零。"));
    }
    enter(tx, grant, decision).await
}

/// Recognise a family (认定): it stands in the books like a benefit and excludes what its group excludes, but nothing is paid.
///
/// # Errors
/// As [`grant`]; an amount or an account.
pub async fn recognise(tx: &Tx, grant: &Grant, decision: &Decision) -> Result<EntitlementId> {
    if !grant.monthly.is_zero() || grant.payee.is_some() {
        return Err(LedgerError::refused("只作认定，不发放现金：不能有金额和收款账户。"));
    }
    enter(tx, grant, decision).await
}

async fn enter(tx: &Tx, grant: &Grant, decision: &Decision) -> Result<EntitlementId> {
    decision.check()?;
    check(grant)?;
    let mut members = grant.members.clone();
    members.sort_unstable();
    members.dedup();
    refuse_covered(tx, &grant.exclusion_group, &members, grant.from, grant.until, None).await?;
    let id = EntitlementId(
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO entitlement (programme, exclusion_group, household_id, holder_person_id, county_id, township_id, \
             division_id, from_month, until_month, first_due_month, review_due_on, case_id, determination_id, reference, \
             made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(&grant.programme)
        .bind(&grant.exclusion_group)
        .bind(grant.household)
        .bind(grant.holder)
        .bind(grant.county)
        .bind(grant.township)
        .bind(grant.division)
        .bind(grant.from)
        .bind(grant.until)
        .bind(grant.first_due)
        .bind(grant.review_due_on)
        .bind(decision.case)
        .bind(decision.determination)
        .bind(&decision.reference)
        .bind(decision.officer)
        .bind(decision.at.at_ms())
        .insert(tx)
        .await?,
    );
    changes::insert_amount(tx, id, grant.from, grant.until, grant.monthly, grant.cause, decision).await?;
    for person in &members {
        changes::insert_member(tx, id, &grant.exclusion_group, *person, grant.from, grant.until, decision)
            .await?;
    }
    if let Some(account) = &grant.payee {
        payee::enter_first(tx, id, account, decision).await?;
    }
    // Months whose run has gone by without this family.
    if let Some(last) = run::last_regular_month(tx, grant.county, &grant.programme).await? {
        let mut month = grant.first_due;
        while month <= last && grant.until.is_none_or(|until| month <= until) && !grant.monthly.is_zero() {
            months::post_missed_month(tx, id, grant.county, month, grant.monthly, decision).await?;
            month = month.next();
        }
    }
    Ok(id)
}

fn check(grant: &Grant) -> Result<()> {
    if grant.members.is_empty() {
        return Err(LedgerError::refused("没有保障对象：请至少选定一名家庭成员。"));
    }
    if grant.until.is_some_and(|until| until < grant.from) {
        return Err(LedgerError::refused("终止月份不能早于起发月份。"));
    }
    if grant.first_due < grant.from {
        return Err(LedgerError::refused("本系统首个发放月不能早于待遇起始月。"));
    }
    if !matches!(grant.cause, AmountCause::Grant | AmountCause::Import) {
        return Err(LedgerError::refused("新批准的待遇只能来自审核确认或名册导入。"));
    }
    Ok(())
}

/// Refuse if one of these people is, or is to be, covered in the group in a month from `from` to `until`.
pub(crate) async fn refuse_covered(
    tx: &Tx,
    group: &str,
    people: &[PersonId],
    from: Month,
    until: Option<Month>,
    except: Option<EntitlementId>,
) -> Result<()> {
    // Two decisions about one person at the same moment: the second waits, then sees the first.
    for person in people {
        tx.lock(&format!("coverage:{group}:{person}")).await?;
    }
    let last = until.unwrap_or(Month::LAST);
    let except = except.unwrap_or(EntitlementId(0));
    for chunk in people.chunks(500) {
        let from_ranges = Query::new(
            &BOOKS,
            &NONE,
            "SELECT MIN(CASE WHEN m.from_month > ? THEN m.from_month ELSE ? END) AS month FROM entitlement_member m \
             WHERE m.exclusion_group = ? AND m.superseded_at IS NULL AND m.from_month <= ? \
             AND (m.until_month IS NULL OR m.until_month >= ?) AND m.entitlement_id <> ? AND m.person_id IN ({list})",
        )
        .bind(from)
        .bind(from)
        .bind(group)
        .bind(last)
        .bind(from)
        .bind(except)
        .bind_list(chunk.iter().copied())
        .one(tx)
        .await?
        .get::<Option<Month>>("month")?;
        let from_coverage = Query::new(
            &BOOKS,
            &NONE,
            "SELECT MIN(c.month) AS month FROM coverage c WHERE c.exclusion_group = ? AND c.month >= ? AND c.month <= ? \
             AND c.entitlement_id <> ? AND c.person_id IN ({list})",
        )
        .bind(group)
        .bind(from)
        .bind(last)
        .bind(except)
        .bind_list(chunk.iter().copied())
        .one(tx)
        .await?
        .get::<Option<Month>>("month")?;
        if let Some(month) = [from_ranges, from_coverage].into_iter().flatten().min() {
            return Err(LedgerError::AlreadyCovered { month });
        }
    }
    Ok(())
}

/// What the ledger must know of an entitlement before it changes it. Loading one locks it until the transaction ends.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub id: EntitlementId,
    pub programme: String,
    pub exclusion_group: String,
    pub county: DivisionId,
    pub from: Month,
    pub until: Option<Month>,
    pub first_due: Month,
    pub ended: bool,
}

impl Held {
    fn read(row: &Row) -> store::Result<Held> {
        Ok(Held {
            id: row.get("id")?,
            programme: row.get("programme")?,
            exclusion_group: row.get("exclusion_group")?,
            county: row.get("county_id")?,
            from: row.get("from_month")?,
            until: row.get("until_month")?,
            first_due: row.get("first_due_month")?,
            ended: row.get::<Option<i64>>("ended_at")?.is_some(),
        })
    }

    /// The month lies inside the entitlement's life.
    pub fn check_month(&self, month: Month) -> Result<()> {
        if month < self.from {
            return Err(LedgerError::refused(format!("该待遇自{}起发，变动月份不能更早。", self.from.zh())));
        }
        if self.until.is_some_and(|until| month > until) {
            return Err(LedgerError::refused("该待遇在这个月份之前已经终止，不能再作变动。"));
        }
        Ok(())
    }
}

/// Find an entitlement in the caller's scope and lock it.
pub(crate) async fn hold(tx: &Tx, scope: &Scope, id: EntitlementId) -> Result<Held> {
    Query::new(
        scope,
        &ENTITLEMENT,
        "UPDATE entitlement AS e SET version = version + 1 WHERE {scope} AND e.id = ?",
    )
    .bind(id)
    .execute_one(tx)
    .await?;
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, programme, exclusion_group, county_id, from_month, until_month, first_due_month, ended_at FROM entitlement WHERE id = ?",
    )
    .bind(id)
    .one_as(tx, Held::read)
    .await?)
}

/// End an entitlement with its last month (终止). A last month before the first means that it never comes to payment.
/// Dues of later months that were already made stay; they are claimed back only by a decided recovery.
///
/// # Errors
/// The entitlement is out of scope or ended already.
pub async fn end(tx: &Tx, scope: &Scope, id: EntitlementId, last: Month, decision: &Decision) -> Result<()> {
    decision.check()?;
    let held = hold(tx, scope, id).await?;
    if held.ended {
        return Err(LedgerError::refused("该待遇已经终止。"));
    }
    if held.until.is_some_and(|until| last > until) {
        return Err(LedgerError::refused("终止月份不能晚于原定的终止月份。"));
    }
    close(tx, &held, last, decision).await
}

/// Ends what is held with its last month, or earlier than it was ended before.
pub(crate) async fn close(tx: &Tx, held: &Held, last: Month, decision: &Decision) -> Result<()> {
    let last = last.max(held.from.previous());
    changes::cut_after(tx, held.id, last, decision).await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE entitlement SET until_month = ?, end_reason = ?, end_reference = ?, end_case_id = ?, ended_by = ?, \
         ended_at = ? WHERE id = ?",
    )
    .bind(last)
    .bind(&decision.reason)
    .bind(&decision.reference)
    .bind(decision.case)
    .bind(decision.officer)
    .bind(decision.at.at_ms())
    .bind(held.id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// Move an entitlement with its family to another village or township of the same county.
///
/// # Errors
/// Another county: that is an end here and a grant there.
pub async fn transfer(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    county: DivisionId,
    township: DivisionId,
    division: DivisionId,
) -> Result<()> {
    let held = hold(tx, scope, id).await?;
    if held.county != county {
        return Err(LedgerError::refused("跨县（区）迁移须在迁出地终止、在迁入地重新确认，不能直接改动。"));
    }
    Query::new(&BOOKS, &NONE, "UPDATE entitlement SET township_id = ?, division_id = ? WHERE id = ?")
        .bind(township)
        .bind(division)
        .bind(id)
        .execute_one(tx)
        .await?;
    Ok(())
}

/// Which benefits follow a change of the divisions' tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Following {
    /// All that lie in the division, or in the township.
    All,
    /// Those of a village that comes to lie in another township.
    Village(DivisionId),
    /// Those of families that come to lie in another village of the township.
    Households(Vec<HouseholdId>),
}

/// Benefits that are alive in a month, or will be, come to lie in the division that followed theirs within the county: what is owed and what
/// was paid stays as it is. Those that are over stay where they were.
///
/// # Errors
/// Another county, whose books these are not.
pub async fn follow(
    tx: &Tx,
    from: DivisionId,
    to: DivisionId,
    which: &Following,
    month: Month,
) -> Result<()> {
    let counties: Vec<Option<i64>> =
        Query::new(&BOOKS, &NONE, "SELECT DISTINCT county_id FROM division WHERE id IN ({list})")
            .bind_list([from, to])
            .all_as(tx, |row| row.get("county_id"))
            .await?;
    let alive = "(until_month IS NULL OR until_month >= ?)";
    let (columns, condition): (&[&str], &str) = match which {
        Following::All => (&["township_id", "division_id"], "1 = 1"),
        Following::Village(_) => (&["township_id"], "division_id = ?"),
        Following::Households(_) => (&["division_id"], "household_id IN ({list})"),
    };
    for column in columns {
        let sql =
            format!("UPDATE entitlement SET {column} = ? WHERE {column} = ? AND {alive} AND {condition}");
        let query = Query::new(&BOOKS, &NONE, sql).bind(to).bind(from).bind(month);
        let query = match which {
            Following::All => query,
            Following::Village(village) => query.bind(*village),
            Following::Households(list) => query.bind_list(list.iter().copied()),
        };
        let moved = query.execute(tx).await?;
        if moved > 0 && counties.len() > 1 {
            return Err(LedgerError::refused(
                "跨县（区）迁移须在迁出地终止、在迁入地重新确认，不能直接改动。",
            ));
        }
    }
    Ok(())
}

/// The holder changes, for example after a death, by a decision.
///
/// # Errors
/// The new holder is not covered by the entitlement.
pub async fn change_holder(
    tx: &Tx,
    scope: &Scope,
    id: EntitlementId,
    holder: PersonId,
    decision: &Decision,
) -> Result<()> {
    decision.check()?;
    hold(tx, scope, id).await?;
    let covered: i64 = Query::new(
        &BOOKS,
        &NONE,
        "SELECT COUNT(*) FROM entitlement_member WHERE entitlement_id = ? AND person_id = ? AND superseded_at IS NULL",
    )
    .bind(id)
    .bind(holder)
    .scalar(tx)
    .await?;
    if covered == 0 {
        return Err(LedgerError::refused("新的户主（领取人）不在保障对象之中，请先核对成员名单。"));
    }
    Query::new(&BOOKS, &NONE, "UPDATE entitlement SET holder_person_id = ? WHERE id = ?")
        .bind(holder)
        .bind(id)
        .execute_one(tx)
        .await?;
    Ok(())
}

/// The next review day, set when a review is done.
///
/// # Errors
/// The entitlement is out of scope.
pub async fn set_review(tx: &Tx, scope: &Scope, id: EntitlementId, due_on: Option<NaiveDate>) -> Result<()> {
    hold(tx, scope, id).await?;
    Query::new(&BOOKS, &NONE, "UPDATE entitlement SET review_due_on = ? WHERE id = ?")
        .bind(due_on)
        .bind(id)
        .execute_one(tx)
        .await?;
    Ok(())
}
