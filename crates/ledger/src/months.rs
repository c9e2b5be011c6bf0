//! Late knowledge: what past months should have been, against what they were.
//!
//! [`propose`] compares and writes nothing. A decided proposal is posted: [`post_arrears`] (补发) adds what was too
//! little, [`post_recovery`] (追回) claims what was too much. Both add revisions to the months' dues; nothing is rewritten.

use std::collections::HashMap;

use store::{Connection, DivisionId, Query, Scope, Tx};
use vocab::{Fen, Month};

use crate::accounts::{self, APPROPRIATION, Entry, PAYABLE, RECOVERABLE};
use crate::entitlement::{Held, hold};
use crate::scope::{BOOKS, ENTITLEMENT, NONE};
use crate::{Decision, DueId, EntitlementId, LedgerError, RecoveryId, Result, batch, run};

/// What a month should be, as recalculated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthAmount {
    /// The month.
    pub month: Month,
    /// Its amount; zero if nothing should have been paid.
    pub amount: Fen,
}

/// A month of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthRow {
    /// The month.
    pub month: Month,
    /// All dues of the month so far.
    pub due_before: Fen,
    /// Of these, what the bank has paid.
    pub paid: Fen,
    /// What it should be.
    pub should_be: Fen,
    /// `should_be - due_before`: positive is arrears, negative a recovery.
    pub delta: Fen,
}

/// What a decision would post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthsProposal {
    /// Of which entitlement.
    pub entitlement: EntitlementId,
    /// Month by month, in order; months without a difference too.
    pub rows: Vec<MonthRow>,
}

impl MonthsProposal {
    /// What would be paid out.
    #[must_use]
    pub fn arrears(&self) -> Fen {
        Fen(self.rows.iter().map(|row| row.delta.0.max(0)).sum())
    }

    /// What would be claimed back, as a positive amount.
    #[must_use]
    pub fn recovery(&self) -> Fen {
        Fen(self.rows.iter().map(|row| (-row.delta.0).max(0)).sum())
    }
}

/// Compare recalculated months with what was due and paid.
///
/// # Errors
/// A month twice, negative, or before the entitlement was paid here.
pub async fn propose(
    connection: &impl Connection,
    scope: &Scope,
    id: EntitlementId,
    recalculated: &[MonthAmount],
) -> Result<MonthsProposal> {
    let mut proposals = propose_all(connection, scope, &[(id, recalculated.to_vec())]).await?;
    proposals.pop().ok_or(LedgerError::Store(store::StoreError::NotFound))
}

/// As [`propose`] for several entitlements, in their order and in three statements however many they are.
///
/// # Errors
/// As [`propose`]; of any of them.
pub async fn propose_all(
    connection: &impl Connection,
    scope: &Scope,
    recalculated: &[(EntitlementId, Vec<MonthAmount>)],
) -> Result<Vec<MonthsProposal>> {
    let ids: Vec<EntitlementId> = recalculated.iter().map(|(id, _)| *id).collect();
    let first_due: HashMap<EntitlementId, Month> = Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT e.id, e.first_due_month FROM entitlement e WHERE {scope} AND e.id IN ({list})",
    )
    .bind_list(ids.iter().copied())
    .all_as(connection, |row| Ok((row.get("id")?, row.get("first_due_month")?)))
    .await?
    .into_iter()
    .collect();
    let months = || recalculated.iter().flat_map(|(_, months)| months).map(|row| row.month);
    let (mut due, mut paid) = (HashMap::new(), HashMap::new());
    if let (Some(first), Some(last)) = (months().min(), months().max()) {
        due = sums_by_month(
            connection,
            "SELECT d.entitlement_id, d.month, CAST(SUM(d.amount_fen) AS BIGINT) AS total FROM due d \
             WHERE d.entitlement_id IN ({list}) AND d.month BETWEEN ? AND ? GROUP BY d.entitlement_id, d.month",
            &ids,
            (first, last),
        )
        .await?;
        paid = sums_by_month(
            connection,
            "SELECT d.entitlement_id, d.month, CAST(SUM(t.amount_fen) AS BIGINT) AS total FROM due d JOIN attempt t ON t.due_id = d.id \
             WHERE d.entitlement_id IN ({list}) AND d.month BETWEEN ? AND ? AND t.state = 'succeeded' GROUP BY d.entitlement_id, d.month",
            &ids,
            (first, last),
        )
        .await?;
    }
    let mut proposals = Vec::with_capacity(recalculated.len());
    for (id, months) in recalculated {
        let first_due = *first_due.get(id).ok_or(store::StoreError::NotFound)?;
        let mut months = months.clone();
        months.sort_unstable_by_key(|row| row.month);
        if months.windows(2).any(|pair| pair[0].month == pair[1].month) {
            return Err(LedgerError::refused("同一个月份出现了两次，请核对测算表。"));
        }
        let mut rows = Vec::with_capacity(months.len());
        for MonthAmount { month, amount } in months {
            if amount.is_negative() {
                return Err(LedgerError::refused("月保障金额不能为负。"));
            }
            if month < first_due {
                return Err(LedgerError::refused(format!(
                    "{}以前不在本系统发放，台账没有当时的发放记录，不能在此补发或追回。",
                    first_due.zh()
                )));
            }
            let of_month = |sums: &HashMap<(EntitlementId, Month), Fen>| {
                sums.get(&(*id, month)).copied().unwrap_or(Fen::ZERO)
            };
            let due_before = of_month(&due);
            rows.push(MonthRow {
                month,
                due_before,
                paid: of_month(&paid),
                should_be: amount,
                delta: Fen(amount.0 - due_before.0),
            });
        }
        proposals.push(MonthsProposal { entitlement: *id, rows });
    }
    Ok(proposals)
}

async fn sums_by_month(
    connection: &impl Connection,
    sql: &'static str,
    ids: &[EntitlementId],
    (first, last): (Month, Month),
) -> Result<HashMap<(EntitlementId, Month), Fen>> {
    let rows = Query::new(&BOOKS, &NONE, sql).bind_list(ids.iter().copied()).bind(first).bind(last);
    let rows = rows
        .all_as(connection, |row| Ok(((row.get("entitlement_id")?, row.get("month")?), row.get("total")?)))
        .await?;
    Ok(rows.into_iter().collect())
}

/// Compare what is recorded now (amounts, pauses, first and last month) with the dues from a month to another. For
/// changes that reach back and are recorded already.
///
/// # Errors
/// As [`propose`].
pub async fn propose_as_recorded(
    connection: &impl Connection,
    scope: &Scope,
    id: EntitlementId,
    from: Month,
    until: Month,
) -> Result<MonthsProposal> {
    let mut recalculated = Vec::new();
    let mut month = from;
    while month <= until {
        recalculated.push(MonthAmount { month, amount: recorded_amount(connection, id, month).await? });
        month = month.next();
    }
    propose(connection, scope, id, &recalculated).await
}

/// The amount that is recorded for a month: nothing outside its life and in paused months.
pub async fn recorded_amount(connection: &impl Connection, id: EntitlementId, month: Month) -> Result<Fen> {
    let amount: Option<Fen> = Query::new(
        &BOOKS,
        &NONE,
        "SELECT a.amount_fen FROM entitlement_amount a JOIN entitlement e ON e.id = a.entitlement_id \
         WHERE a.entitlement_id = ? AND a.superseded_at IS NULL AND a.from_month <= ? \
         AND (a.until_month IS NULL OR a.until_month >= ?) AND e.from_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?) \
         AND NOT EXISTS (SELECT 1 FROM entitlement_pause s WHERE s.entitlement_id = a.entitlement_id \
           AND s.from_month <= ? AND (s.until_month IS NULL OR s.until_month >= ?))",
    )
    .bind(id)
    .bind(month)
    .bind(month)
    .bind(month)
    .bind(month)
    .bind(month)
    .bind(month)
    .optional_as(connection, |row| row.get("amount_fen"))
    .await?;
    Ok(amount.unwrap_or(Fen::ZERO))
}

/// Post the months that were too little; they are paid with the next run. Returns the sum.
///
/// # Errors
/// The months have changed since, a run of theirs has not gone to the bank yet, or somebody is covered elsewhere.
pub async fn post_arrears(
    tx: &Tx,
    scope: &Scope,
    proposal: &MonthsProposal,
    decision: &Decision,
) -> Result<Fen> {
    decision.check()?;
    let held = hold(tx, scope, proposal.entitlement).await?;
    check_still_true(tx, &held, proposal, |row| row.delta.0 > 0).await?;
    if proposal.arrears().is_zero() {
        return Err(LedgerError::refused("没有需要补发的月份。"));
    }
    for row in proposal.rows.iter().filter(|row| row.delta.0 > 0) {
        cover_month(tx, &held, row.month, true).await?;
        add_arrears(tx, held.id, held.county, row.month, row.delta, decision).await?;
    }
    Ok(proposal.arrears())
}

/// How a recovery may be brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryTerms {
    /// At most this is kept back from each later month's payment; `None` means that the family gives the money back.
    pub offset_per_month: Option<Fen>,
}

/// Post the months that were too much. What of the entitlement is still unpaid is netted at once; the rest is to be
/// recovered under the decision's terms.
///
/// # Errors
/// As [`post_arrears`].
pub async fn post_recovery(
    tx: &Tx,
    scope: &Scope,
    proposal: &MonthsProposal,
    terms: RecoveryTerms,
    decision: &Decision,
) -> Result<RecoveryId> {
    decision.check()?;
    if terms.offset_per_month.is_some_and(|limit| limit.0 <= 0) {
        return Err(LedgerError::refused("每月抵扣限额必须大于零；不抵扣时请留空。"));
    }
    let held = hold(tx, scope, proposal.entitlement).await?;
    check_still_true(tx, &held, proposal, |row| row.delta.0 < 0).await?;
    let amount = proposal.recovery();
    if amount.is_zero() {
        return Err(LedgerError::refused("没有需要追回的月份。"));
    }
    let recovery = RecoveryId(
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO recovery (entitlement_id, amount_fen, offset_fen_per_month, reason, reference, case_id, made_by, \
             made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(held.id)
        .bind(amount)
        .bind(terms.offset_per_month)
        .bind(&decision.reason)
        .bind(&decision.reference)
        .bind(decision.case)
        .bind(decision.officer)
        .bind(decision.at.at_ms())
        .insert(tx)
        .await?,
    );
    for row in proposal.rows.iter().filter(|row| row.delta.0 < 0) {
        insert_due(tx, held.id, row.month, row.delta, Some(recovery), decision).await?;
        cover_month(tx, &held, row.month, !row.should_be.is_zero()).await?;
    }
    let mut left = amount.0;
    for (due, unpaid) in nettable(tx, held.id).await? {
        let part = left.min(unpaid.0);
        if part == 0 {
            break;
        }
        batch::settle_part(tx, due, unpaid, Fen(part)).await?;
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO recovery_entry (recovery_id, kind, amount_fen, due_id, reference, made_by, made_at) \
             VALUES (?, 'netted', ?, ?, ?, ?, ?)",
        )
        .bind(recovery)
        .bind(part)
        .bind(due)
        .bind(&decision.reference)
        .bind(decision.officer)
        .bind(decision.at.at_ms())
        .execute(tx)
        .await?;
        left -= part;
    }
    let month = proposal.rows.iter().filter(|row| row.delta.0 < 0).map(|row| row.month).max();
    let journal = accounts::open(
        tx,
        &Entry {
            county: held.county,
            kind: "recovery",
            month: month.unwrap_or(held.from),
            run: None,
            recovery: Some(recovery),
            reference: &decision.reference,
            officer: decision.officer,
            at: decision.at,
        },
    )
    .await?;
    accounts::post(tx, journal, APPROPRIATION, None, amount.neg()).await?;
    accounts::post(tx, journal, PAYABLE, Some(held.id), Fen(amount.0 - left)).await?;
    accounts::post(tx, journal, RECOVERABLE, Some(held.id), Fen(left)).await?;
    accounts::close(tx, journal).await?;
    Ok(recovery)
}

/// What is unpaid and may be netted: not the dues of a run that can still be cancelled, which reverses them whole.
async fn nettable(tx: &Tx, id: EntitlementId) -> Result<Vec<(DueId, Fen)>> {
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT u.due_id, u.amount_fen FROM unpaid_due u JOIN due d ON d.id = u.due_id LEFT JOIN payment_run r ON r.id = d.run_id \
         WHERE u.entitlement_id = ? AND (r.id IS NULL OR r.state IN ('exporting', 'exported', 'answered', 'closed')) \
         ORDER BY d.month, d.revision",
    )
    .bind(id)
    .all_as(tx, |row| Ok((row.get("due_id")?, row.get("amount_fen")?)))
    .await?)
}

/// A month that the county's run has passed before the grant: due by the grant's own decision.
pub(crate) async fn post_missed_month(
    tx: &Tx,
    id: EntitlementId,
    county: DivisionId,
    month: Month,
    amount: Fen,
    decision: &Decision,
) -> Result<()> {
    let held = hold(tx, &BOOKS, id).await?;
    cover_month(tx, &held, month, true).await?;
    add_arrears(tx, id, county, month, amount, decision).await
}

async fn add_arrears(
    tx: &Tx,
    id: EntitlementId,
    county: DivisionId,
    month: Month,
    amount: Fen,
    decision: &Decision,
) -> Result<()> {
    let due = insert_due(tx, id, month, amount, None, decision).await?;
    Query::new(&BOOKS, &NONE, "INSERT INTO unpaid_due (due_id, entitlement_id, amount_fen) VALUES (?, ?, ?)")
        .bind(due)
        .bind(id)
        .bind(amount)
        .execute(tx)
        .await?;
    let journal = accounts::open(
        tx,
        &Entry {
            county,
            kind: "arrears",
            month,
            run: None,
            recovery: None,
            reference: &decision.reference,
            officer: decision.officer,
            at: decision.at,
        },
    )
    .await?;
    accounts::post(tx, journal, APPROPRIATION, None, amount).await?;
    accounts::post(tx, journal, PAYABLE, Some(id), amount.neg()).await?;
    accounts::close(tx, journal).await
}

async fn insert_due(
    tx: &Tx,
    id: EntitlementId,
    month: Month,
    amount: Fen,
    recovery: Option<RecoveryId>,
    decision: &Decision,
) -> Result<DueId> {
    let kind = if recovery.is_some() { "recovery" } else { "arrears" };
    Ok(DueId(
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO due (entitlement_id, month, revision, amount_fen, kind, recovery_id, reason, reference, case_id, \
             made_by, made_at) VALUES (?, ?, (SELECT COALESCE(MAX(v.revision) + 1, 0) FROM due v WHERE v.entitlement_id = ? \
               AND v.month = ?), ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(id)
        .bind(month)
        .bind(id)
        .bind(month)
        .bind(amount)
        .bind(kind)
        .bind(recovery)
        .bind(&decision.reason)
        .bind(&decision.reference)
        .bind(decision.case)
        .bind(decision.officer)
        .bind(decision.at.at_ms())
        .insert(tx)
        .await?,
    ))
}

/// Make the coverage of a month what the members of that month are now known to be, or empty.
async fn cover_month(tx: &Tx, held: &Held, month: Month, paid: bool) -> Result<()> {
    let members = "SELECT m.person_id FROM entitlement_member m WHERE m.entitlement_id = ? AND m.superseded_at IS NULL \
        AND m.from_month <= ? AND (m.until_month IS NULL OR m.until_month >= ?)";
    if !paid {
        Query::new(&BOOKS, &NONE, "DELETE FROM coverage WHERE entitlement_id = ? AND month = ?")
            .bind(held.id)
            .bind(month)
            .execute(tx)
            .await?;
        return Ok(());
    }
    Query::new(
        &BOOKS,
        &NONE,
        format!(
            "DELETE FROM coverage WHERE entitlement_id = ? AND month = ? AND person_id NOT IN ({members})"
        ),
    )
    .bind(held.id)
    .bind(month)
    .bind(held.id)
    .bind(month)
    .bind(month)
    .execute(tx)
    .await?;
    Query::new(
        &BOOKS,
        &NONE,
        format!(
            "INSERT INTO coverage (exclusion_group, person_id, month, entitlement_id) \
             SELECT ?, w.person_id, ?, ? FROM ({members}) w WHERE 1 = 1 ON CONFLICT DO NOTHING"
        ),
    )
    .bind(&held.exclusion_group)
    .bind(month)
    .bind(held.id)
    .bind(held.id)
    .bind(month)
    .bind(month)
    .execute(tx)
    .await?;
    let (members, covered) = Query::new(
        &BOOKS,
        &NONE,
        format!(
            "SELECT (SELECT COUNT(*) FROM ({members}) w) AS members, \
             (SELECT COUNT(*) FROM coverage c WHERE c.entitlement_id = ? AND c.month = ?) AS covered"
        ),
    )
    .bind(held.id)
    .bind(month)
    .bind(month)
    .bind(held.id)
    .bind(month)
    .one_as(tx, |row| Ok((row.get::<i64>("members")?, row.get::<i64>("covered")?)))
    .await?;
    if members == 0 {
        return Err(LedgerError::refused(format!(
            "{}没有保障对象，不能发放，请先核对成员名单。",
            month.zh()
        )));
    }
    if members != covered {
        return Err(LedgerError::AlreadyCovered { month });
    }
    Ok(())
}

async fn due_of(connection: &impl Connection, id: EntitlementId, month: Month) -> Result<Fen> {
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM due WHERE entitlement_id = ? AND month = ?",
    )
    .bind(id)
    .bind(month)
    .scalar(connection)
    .await?)
}

/// The months of a proposal that are to be posted stand as the proposal saw them, and their runs are with the bank.
async fn check_still_true(
    tx: &Tx,
    held: &Held,
    proposal: &MonthsProposal,
    posted: impl Fn(&MonthRow) -> bool,
) -> Result<()> {
    let last = run::last_regular_month(tx, held.county, &held.programme).await?;
    for row in proposal.rows.iter().filter(|row| posted(row)) {
        if row.month < held.first_due {
            return Err(LedgerError::refused("该月份不在本系统发放，不能在此补发或追回。"));
        }
        if last.is_none_or(|last| row.month > last) {
            return Err(LedgerError::refused(format!(
                "{}的批次还没有生成，届时按新的金额发放，无需补发或追回。",
                row.month.zh()
            )));
        }
        if row.delta.0 != row.should_be.0 - row.due_before.0 || row.should_be.is_negative() {
            return Err(LedgerError::refused("测算表前后不一致，请重新测算。"));
        }
        let now = due_of(tx, held.id, row.month).await?;
        if now != row.due_before {
            return Err(LedgerError::ProposalStale { month: row.month, proposed: row.due_before, now });
        }
        let open: i64 = Query::new(
            &BOOKS,
            &NONE,
            "SELECT COUNT(*) FROM due d JOIN payment_run r ON r.id = d.run_id WHERE d.entitlement_id = ? AND d.month = ? \
             AND d.kind = 'regular' AND r.state IN ('making', 'made', 'approved', 'cancelling') \
             AND NOT EXISTS (SELECT 1 FROM due x WHERE x.reverses_due_id = d.id)",
        )
        .bind(held.id)
        .bind(row.month)
        .scalar(tx)
        .await?;
        if open > 0 {
            return Err(LedgerError::MonthInOpenRun(row.month));
        }
    }
    Ok(())
}
