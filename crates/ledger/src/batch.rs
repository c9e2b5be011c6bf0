//! One batch of making a regular run: up to a thousand entitlements, in a handful of statements over sets.
//!
//! Coverage first: it decides who may be paid. Then the month's dues, their booking, agreed instalments of recoveries,
//! and one line per family with an attempt at every due that is unpaid.

use std::collections::BTreeMap;

use store::{Query, Tx};
use vocab::Fen;

use crate::accounts::{self, APPROPRIATION, Entry, PAYABLE, RECOVERABLE};
use crate::run::{BATCH, PaymentRun};
use crate::scope::{BOOKS, NONE};
use crate::{DueId, EntitlementId, RecoveryId, Result};

/// The batch's entitlements: county, programme, after, through.
const RANGE: &str = "e.county_id = ? AND e.programme = ? AND e.id > ? AND e.id <= ?";
/// No pause in the month; binds it twice.
const NOT_PAUSED: &str = "NOT EXISTS (SELECT 1 FROM entitlement_pause s WHERE s.entitlement_id = e.id \
    AND s.from_month <= ? AND (s.until_month IS NULL OR s.until_month >= ?))";
/// In its life, paid by this system; binds the month three times.
const ALIVE: &str =
    "e.from_month <= ? AND e.first_due_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?)";
/// The month has no due yet, or only ones that were taken back; binds the month once.
const NOT_DUE_YET: &str = "NOT EXISTS (SELECT 1 FROM due d WHERE d.entitlement_id = e.id AND d.month = ? \
    AND d.kind IN ('regular', 'arrears') AND NOT EXISTS (SELECT 1 FROM due x WHERE x.reverses_due_id = d.id))";
/// The amount of the month; binds it twice.
const AMOUNT: &str = "JOIN entitlement_amount a ON a.entitlement_id = e.id AND a.superseded_at IS NULL \
    AND a.from_month <= ? AND (a.until_month IS NULL OR a.until_month >= ?) AND a.amount_fen > 0";
/// The members of the month; binds it twice.
const MEMBER: &str = "JOIN entitlement_member m ON m.entitlement_id = e.id AND m.superseded_at IS NULL \
    AND m.from_month <= ? AND (m.until_month IS NULL OR m.until_month >= ?)";

/// Everybody in the family is somebody else's already, or nobody is left.
const COVERED_ELSEWHERE: &str = "有家庭成员本月已在同类待遇中发放，不能重复发放，请核对成员";
const NOBODY_COVERED: &str = "本月没有保障对象，请核对成员";
const NO_ACCOUNT: &str = "没有经复核的收款账户";

struct Batch<'a> {
    run: &'a PaymentRun,
    after: i64,
    through: i64,
}

impl Batch<'_> {
    fn range(&self, query: Query) -> Query {
        query.bind(self.run.county).bind(&self.run.programme).bind(self.after).bind(self.through)
    }

    fn months(&self, mut query: Query, times: usize) -> Query {
        for _ in 0..times {
            query = query.bind(self.run.month);
        }
        query
    }
}

/// Make the next batch; `None` when the run is complete.
pub(crate) async fn make(tx: &Tx, run: &PaymentRun) -> Result<Option<u64>> {
    let sql = format!(
        "SELECT e.id FROM entitlement e WHERE e.county_id = ? AND e.programme = ? AND e.id > ? AND e.from_month <= ? \
         AND (e.until_month IS NULL OR e.until_month >= ? \
           OR EXISTS (SELECT 1 FROM unpaid_due u WHERE u.entitlement_id = e.id)) ORDER BY e.id LIMIT ?{}",
        tx.for_update()
    );
    let ids: Vec<i64> = Query::new(&BOOKS, &NONE, sql)
        .bind(run.county)
        .bind(&run.programme)
        .bind(run.batch_through)
        .bind(run.month)
        .bind(run.month)
        .bind(BATCH)
        .scalars(tx)
        .await?;
    let Some(through) = ids.last().copied() else {
        Query::new(
            &BOOKS,
            &NONE,
            "UPDATE payment_run SET state = 'made', batch_through = 0, version = version + 1 WHERE id = ?",
        )
        .bind(run.id)
        .execute_one(tx)
        .await?;
        return Ok(None);
    };
    let batch = Batch { run, after: run.batch_through, through };
    cover(tx, &batch).await?;
    block_uncovered(tx, &batch).await?;
    make_dues(tx, &batch).await?;
    keep_back_instalments(tx, &batch).await?;
    make_lines(tx, &batch).await?;
    count(tx, &batch).await?;
    Ok(Some(ids.len() as u64))
}

async fn cover(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    let sql = format!(
        "INSERT INTO coverage (exclusion_group, person_id, month, entitlement_id) \
         SELECT m.exclusion_group, m.person_id, ?, e.id FROM entitlement e {AMOUNT} {MEMBER} \
         WHERE {RANGE} AND {ALIVE} AND {NOT_PAUSED} AND {NOT_DUE_YET} ORDER BY e.id ON CONFLICT DO NOTHING"
    );
    let query = batch.months(Query::new(&BOOKS, &NONE, sql), 5);
    batch.months(batch.range(query), 6).execute(tx).await?;
    Ok(())
}

/// Who could not be covered completely is not paid this month; the rest goes on.
async fn block_uncovered(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    // Whoever still has no due was about to get one.
    let sql = format!(
        "SELECT e.id, (SELECT COUNT(*) FROM coverage c WHERE c.entitlement_id = e.id AND c.month = ?) AS covered, \
         (SELECT COUNT(*) FROM entitlement_member m WHERE m.entitlement_id = e.id AND m.superseded_at IS NULL \
            AND m.from_month <= ? AND (m.until_month IS NULL OR m.until_month >= ?)) AS members \
         FROM entitlement e {AMOUNT} WHERE {RANGE} AND {ALIVE} AND {NOT_PAUSED} AND {NOT_DUE_YET} ORDER BY e.id"
    );
    let query = batch.months(Query::new(&BOOKS, &NONE, sql), 5);
    let rows = batch
        .months(batch.range(query), 6)
        .all_as(tx, |row| {
            Ok((row.get::<EntitlementId>("id")?, row.get::<i64>("covered")?, row.get::<i64>("members")?))
        })
        .await?;
    for (id, covered, members) in rows {
        if covered == members && members > 0 {
            continue;
        }
        Query::new(&BOOKS, &NONE, "DELETE FROM coverage WHERE entitlement_id = ? AND month = ?")
            .bind(id)
            .bind(batch.run.month)
            .execute(tx)
            .await?;
        let reason = if members == 0 { NOBODY_COVERED } else { COVERED_ELSEWHERE };
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO payment_line (run_id, entitlement_id, amount_fen, state, reason) VALUES (?, ?, 0, 'blocked', ?)",
        )
        .bind(batch.run.id)
        .bind(id)
        .bind(reason)
        .execute(tx)
        .await?;
    }
    Ok(())
}

async fn make_dues(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    let run = batch.run;
    let sql = format!(
        "INSERT INTO due (entitlement_id, month, revision, amount_fen, kind, run_id, amount_id, reason, reference, case_id, \
         made_by, made_at) SELECT e.id, ?, COALESCE((SELECT MAX(v.revision) + 1 FROM due v WHERE v.entitlement_id = e.id \
           AND v.month = ?), 0), a.amount_fen, 'regular', ?, a.id, a.reason, a.reference, a.case_id, ?, ? \
         FROM entitlement e {AMOUNT} WHERE {RANGE} AND {ALIVE} AND {NOT_PAUSED} AND {NOT_DUE_YET} \
         AND NOT EXISTS (SELECT 1 FROM payment_line l WHERE l.run_id = ? AND l.entitlement_id = e.id) ORDER BY e.id"
    );
    let query = batch
        .months(Query::new(&BOOKS, &NONE, sql), 2)
        .bind(run.id)
        .bind(run.made_by)
        .bind(run.made_at.at_ms());
    let query = batch.range(batch.months(query, 2));
    let made = batch.months(query, 6).bind(run.id).execute(tx).await?;
    if made == 0 {
        return Ok(());
    }
    let journal = accounts::open(tx, &entry(run, "dues")).await?;
    let new_dues = format!(
        "FROM entitlement e JOIN due d ON d.entitlement_id = e.id WHERE {RANGE} AND d.month = ? AND d.run_id = ?"
    );
    let unpaid = format!(
        "INSERT INTO unpaid_due (due_id, entitlement_id, amount_fen) SELECT d.id, d.entitlement_id, d.amount_fen {new_dues}"
    );
    batch.range(Query::new(&BOOKS, &NONE, unpaid)).bind(run.month).bind(run.id).execute(tx).await?;
    let postings = format!(
        "INSERT INTO posting (journal_id, account, entitlement_id, amount_fen) \
         SELECT ?, '{PAYABLE}', d.entitlement_id, -d.amount_fen {new_dues}"
    );
    batch
        .range(Query::new(&BOOKS, &NONE, postings).bind(journal))
        .bind(run.month)
        .bind(run.id)
        .execute(tx)
        .await?;
    let total = format!("SELECT CAST(SUM(d.amount_fen) AS BIGINT) AS total {new_dues}");
    let total: Fen =
        batch.range(Query::new(&BOOKS, &NONE, total)).bind(run.month).bind(run.id).scalar(tx).await?;
    accounts::post(tx, journal, APPROPRIATION, None, total).await?;
    accounts::close(tx, journal).await
}

/// Instalments that a decided recovery allows to keep back from this month's payment.
async fn keep_back_instalments(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    let run = batch.run;
    let sql = format!(
        "SELECT c.id, c.entitlement_id, c.offset_fen_per_month, c.reference, \
         c.amount_fen - CAST(COALESCE((SELECT SUM(n.amount_fen) FROM recovery_entry n WHERE n.recovery_id = c.id), 0) AS BIGINT) \
           AS outstanding FROM entitlement e JOIN recovery c ON c.entitlement_id = e.id \
         WHERE {RANGE} AND c.offset_fen_per_month IS NOT NULL AND {NOT_PAUSED} \
         AND EXISTS (SELECT 1 FROM payee p WHERE p.entitlement_id = e.id AND p.state = 'confirmed') \
         AND NOT EXISTS (SELECT 1 FROM payment_line l WHERE l.run_id = ? AND l.entitlement_id = e.id) ORDER BY c.id"
    );
    let query = batch.range(Query::new(&BOOKS, &NONE, sql));
    let recoveries = batch
        .months(query, 2)
        .bind(run.id)
        .all_as(tx, |row| {
            Ok((
                row.get::<RecoveryId>("id")?,
                row.get::<EntitlementId>("entitlement_id")?,
                row.get::<i64>("offset_fen_per_month")?.min(row.get::<i64>("outstanding")?),
                row.get::<String>("reference")?,
            ))
        })
        .await?;
    let mut kept: BTreeMap<EntitlementId, i64> = BTreeMap::new();
    for (recovery, id, mut left, reference) in recoveries {
        if left <= 0 {
            continue;
        }
        for (due, amount) in unpaid(tx, id).await? {
            let part = left.min(amount.0);
            if part == 0 {
                break;
            }
            settle_part(tx, due, amount, Fen(part)).await?;
            Query::new(
                &BOOKS,
                &NONE,
                "INSERT INTO recovery_entry (recovery_id, kind, amount_fen, due_id, run_id, reference, made_by, made_at) \
                 VALUES (?, 'offset', ?, ?, ?, ?, ?, ?)",
            )
            .bind(recovery)
            .bind(part)
            .bind(due)
            .bind(run.id)
            .bind(&reference)
            .bind(run.made_by)
            .bind(run.made_at.at_ms())
            .execute(tx)
            .await?;
            *kept.entry(id).or_default() += part;
            left -= part;
        }
    }
    if kept.is_empty() {
        return Ok(());
    }
    let journal = accounts::open(tx, &entry(run, "offset")).await?;
    for (id, amount) in kept {
        accounts::post(tx, journal, PAYABLE, Some(id), Fen(amount)).await?;
        accounts::post(tx, journal, RECOVERABLE, Some(id), Fen(-amount)).await?;
        if unpaid(tx, id).await?.is_empty() {
            Query::new(
                &BOOKS,
                &NONE,
                "INSERT INTO payment_line (run_id, entitlement_id, amount_fen, state, reason) \
                 VALUES (?, ?, 0, 'nothing', '本月应发全部用于分期抵扣追回款')",
            )
            .bind(run.id)
            .bind(id)
            .execute(tx)
            .await?;
        }
    }
    accounts::close(tx, journal).await
}

/// What is unpaid of an entitlement, oldest month first.
pub(crate) async fn unpaid(tx: &Tx, id: EntitlementId) -> Result<Vec<(DueId, Fen)>> {
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT u.due_id, u.amount_fen FROM unpaid_due u JOIN due d ON d.id = u.due_id WHERE u.entitlement_id = ? \
         ORDER BY d.month, d.revision",
    )
    .bind(id)
    .all_as(tx, |row| Ok((row.get("due_id")?, row.get("amount_fen")?)))
    .await?)
}

/// Part of an unpaid due is settled otherwise than by paying it.
pub(crate) async fn settle_part(tx: &Tx, due: DueId, unpaid: Fen, part: Fen) -> Result<()> {
    if part == unpaid {
        Query::new(&BOOKS, &NONE, "DELETE FROM unpaid_due WHERE due_id = ?")
            .bind(due)
            .execute_one(tx)
            .await?;
    } else {
        Query::new(&BOOKS, &NONE, "UPDATE unpaid_due SET amount_fen = amount_fen - ? WHERE due_id = ?")
            .bind(part)
            .bind(due)
            .execute_one(tx)
            .await?;
    }
    Ok(())
}

async fn make_lines(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    let run = batch.run;
    let lines = format!(
        "INSERT INTO payment_line (run_id, entitlement_id, line_no, payee_id, amount_fen, state) \
         SELECT ?, s.id, ? + ROW_NUMBER() OVER (ORDER BY s.id), s.payee_id, s.amount_fen, 'open' FROM \
         (SELECT e.id, p.id AS payee_id, CAST(SUM(u.amount_fen) AS BIGINT) AS amount_fen FROM entitlement e \
          JOIN unpaid_due u ON u.entitlement_id = e.id JOIN payee p ON p.entitlement_id = e.id AND p.state = 'confirmed' \
          WHERE {RANGE} AND {NOT_PAUSED} \
          AND NOT EXISTS (SELECT 1 FROM payment_line l WHERE l.run_id = ? AND l.entitlement_id = e.id) \
          GROUP BY e.id, p.id) s"
    );
    let query = batch.range(Query::new(&BOOKS, &NONE, lines).bind(run.id).bind(run.line_count));
    batch.months(query, 2).bind(run.id).execute(tx).await?;
    let without_account = format!(
        "INSERT INTO payment_line (run_id, entitlement_id, amount_fen, state, reason) \
         SELECT ?, e.id, CAST(SUM(u.amount_fen) AS BIGINT), 'blocked', '{NO_ACCOUNT}' FROM entitlement e \
         JOIN unpaid_due u ON u.entitlement_id = e.id WHERE {RANGE} AND {NOT_PAUSED} \
         AND NOT EXISTS (SELECT 1 FROM payment_line l WHERE l.run_id = ? AND l.entitlement_id = e.id) GROUP BY e.id"
    );
    let query = batch.range(Query::new(&BOOKS, &NONE, without_account).bind(run.id));
    batch.months(query, 2).bind(run.id).execute(tx).await?;
    let attempts = "INSERT INTO attempt (due_id, number, line_id, amount_fen, state) SELECT u.due_id, \
        COALESCE((SELECT MAX(t.number) + 1 FROM attempt t WHERE t.due_id = u.due_id), 1), l.id, u.amount_fen, 'open' \
        FROM payment_line l JOIN unpaid_due u ON u.entitlement_id = l.entitlement_id \
        WHERE l.run_id = ? AND l.entitlement_id > ? AND l.entitlement_id <= ? AND l.state = 'open'";
    let paid_now = "DELETE FROM unpaid_due WHERE due_id IN (SELECT t.due_id FROM payment_line l JOIN attempt t \
        ON t.line_id = l.id WHERE l.run_id = ? AND l.entitlement_id > ? AND l.entitlement_id <= ? AND l.state = 'open')";
    for sql in [attempts, paid_now] {
        Query::new(&BOOKS, &NONE, sql).bind(run.id).bind(batch.after).bind(batch.through).execute(tx).await?;
    }
    Ok(())
}

async fn count(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    let row = Query::new(
        &BOOKS,
        &NONE,
        "SELECT CAST(COALESCE(SUM(CASE WHEN l.state = 'open' THEN 1 ELSE 0 END), 0) AS BIGINT) AS lines, \
         CAST(COALESCE(SUM(CASE WHEN l.state = 'open' THEN l.amount_fen ELSE 0 END), 0) AS BIGINT) AS total, \
         CAST(COALESCE(SUM(CASE WHEN l.state = 'blocked' THEN 1 ELSE 0 END), 0) AS BIGINT) AS blocked \
         FROM payment_line l WHERE l.run_id = ? AND l.entitlement_id > ? AND l.entitlement_id <= ?",
    )
    .bind(batch.run.id)
    .bind(batch.after)
    .bind(batch.through)
    .one(tx)
    .await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_run SET batch_through = ?, line_count = line_count + ?, total_fen = total_fen + ?, \
         blocked_count = blocked_count + ?, version = version + 1 WHERE id = ?",
    )
    .bind(batch.through)
    .bind(row.get::<i64>("lines")?)
    .bind(row.get::<i64>("total")?)
    .bind(row.get::<i64>("blocked")?)
    .bind(batch.run.id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// A journal of a run, in its maker's name.
pub(crate) fn entry<'a>(run: &'a PaymentRun, kind: &'static str) -> Entry<'a> {
    Entry {
        county: run.county,
        kind,
        month: run.month,
        run: Some(run.id),
        recovery: None,
        reference: &run.reference,
        officer: run.made_by,
        at: run.made_at,
    }
}
