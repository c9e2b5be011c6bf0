//! One batch of making a regular run: up to a thousand entitlements, in a handful of statements over sets.
//!
//! Coverage first: it decides who may be paid. Then the month's dues, their booking, agreed instalments of recoveries,
//! and one line per family with an attempt at every due that is unpaid.

use std::collections::BTreeMap;

use store::{Backend, Connection, Query, Row, Tx};
use vocab::{Fen, Month};

use crate::accounts::{self, APPROPRIATION, Entry, PAYABLE, RECOVERABLE};
use crate::run::{BATCH, PaymentRun};
use crate::scope::{BOOKS, NONE};
use crate::{DueId, EntitlementId, RecoveryId, Result, payee};

// The pieces of the statements below. A name after a colon is bound by `Batch::query`. Everything is looked up by the
// entitlement, of which there are a thousand: see `steady_plans`. What must not be there is counted in a subquery of its
// own, which no planner turns into a join: believing a run to be empty, PostgreSQL would read all of its lines for each.

/// The batch's entitlements.
const RANGE: &str =
    "e.county_id = :county AND e.programme = :programme AND e.id > :after AND e.id <= :through";
/// In its life, paid by this system, not paused.
const PAYING: &str = "e.from_month <= :month AND e.first_due_month <= :month AND (e.until_month IS NULL OR e.until_month >= :month)";
/// No pause in the month.
const NOT_PAUSED: &str = "(SELECT COUNT(*) FROM entitlement_pause s WHERE s.entitlement_id = e.id \
    AND s.from_month <= :month AND (s.until_month IS NULL OR s.until_month >= :month)) = 0";
/// The month has no due yet, or only ones that were taken back.
const NOT_DUE_YET: &str = "(SELECT COUNT(*) FROM due d WHERE d.entitlement_id = e.id AND d.month = :month \
    AND d.kind IN ('regular', 'arrears') AND NOT EXISTS (SELECT 1 FROM due x WHERE x.reverses_due_id = d.id)) = 0";
/// The run has no line for it yet.
const NO_LINE_YET: &str =
    "(SELECT COUNT(*) FROM payment_line l WHERE l.run_id = :run AND l.entitlement_id = e.id) = 0";
/// The amount of the month.
const AMOUNT: &str = "JOIN entitlement_amount a ON a.entitlement_id = e.id AND a.superseded_at IS NULL \
    AND a.from_month <= :month AND (a.until_month IS NULL OR a.until_month >= :month) AND a.amount_fen > 0";
/// The members of the month.
const MEMBER: &str = "JOIN entitlement_member m ON m.entitlement_id = e.id AND m.superseded_at IS NULL \
    AND m.from_month <= :month AND (m.until_month IS NULL OR m.until_month >= :month)";
/// The account in use.
const PAYEE: &str = "JOIN payee p ON p.entitlement_id = e.id AND p.state = 'confirmed'";
/// What was made for the month in this batch. It starts from the dues themselves: asked by month, PostgreSQL would rather
/// read the whole index than believe that the newest month has a thousand rows.
const NEW_DUE: &str = "d.entitlement_id > :after AND d.entitlement_id <= :through AND d.month = :month \
    AND d.run_id = :run AND d.kind = 'regular'";
/// What is unpaid.
const UNPAID: &str = "JOIN unpaid_due u ON u.entitlement_id = e.id";

const COVERED_ELSEWHERE: &str = "有家庭成员本月已在同类待遇中发放，不能重复发放，请核对成员";
const NOBODY_COVERED: &str = "本月没有保障对象，请核对成员";

struct Batch<'a> {
    run: &'a PaymentRun,
    after: i64,
    through: i64,
}

impl Batch<'_> {
    /// A statement in which the names of the pieces above are bound.
    fn query(&self, sql: &str) -> Query {
        self.query_with(sql, 0)
    }

    /// The same with a number of its own, `:number`.
    fn query_with(&self, sql: &str, number: i64) -> Query {
        let mut text = String::with_capacity(sql.len());
        let mut names = Vec::new();
        let mut parts = sql.split(':');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let end = part.find(|sign: char| !sign.is_ascii_lowercase() && sign != '_').unwrap_or(part.len());
            names.push(&part[..end]);
            text.push('?');
            text.push_str(&part[end..]);
        }
        let run = self.run;
        names.into_iter().fold(Query::new(&BOOKS, &NONE, text), |query, name| match name {
            "county" => query.bind(run.county),
            "programme" => query.bind(&run.programme),
            "after" => query.bind(self.after),
            "through" => query.bind(self.through),
            "month" => query.bind(run.month),
            "run" => query.bind(run.id),
            "officer" => query.bind(run.made_by),
            "number" => query.bind(number),
            "at" => query.bind(run.made_at.at_ms()),
            // An unknown name stays unbound, and the statement is refused for having too few values.
            _ => query,
        })
    }
}

/// Until the transaction ends, PostgreSQL looks rows up by their index, one after the other. A batch is a thousand rows
/// of tables that may hold millions and have grown since their statistics were taken; left to guess, the planner has
/// read whole tables for every batch, or joined a thousand rows with a thousand. SQLite does nothing else anyway.
pub(crate) async fn steady_plans(tx: &Tx) -> Result<()> {
    if tx.backend() == Backend::Postgres {
        Query::new(
            &BOOKS,
            &NONE,
            "SELECT set_config('enable_seqscan', 'off', TRUE), set_config('enable_hashjoin', 'off', TRUE), \
             set_config('enable_mergejoin', 'off', TRUE), set_config('enable_material', 'off', TRUE), \
             set_config('jit', 'off', TRUE)",
        )
        .all(tx)
        .await?;
    }
    Ok(())
}

/// Make the next batch; `None` when there is none left and the run may be [`finish`]ed.
pub(crate) async fn make(tx: &Tx, run: &PaymentRun) -> Result<Option<u64>> {
    steady_plans(tx).await?;
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
    let Some(through) = ids.last().copied() else { return Ok(None) };
    let batch = Batch { run, after: run.batch_through, through };
    cover(tx, &batch).await?;
    block_uncovered(tx, &batch).await?;
    make_dues(tx, &batch).await?;
    let last_line = pay_plain_dues(tx, &batch).await?;
    keep_back_instalments(tx, &batch).await?;
    pay_the_rest(tx, &batch, last_line).await?;
    count(tx, &batch).await?;
    Ok(Some(ids.len() as u64))
}

/// The run is made: people may look at it.
pub(crate) async fn finish(tx: &Tx, run: &PaymentRun) -> Result<()> {
    let sql = "UPDATE payment_run SET state = 'made', batch_through = 0, version = version + 1 WHERE id = ?";
    Ok(Query::new(&BOOKS, &NONE, sql).bind(run.id).execute_one(tx).await?)
}

async fn cover(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    let sql = format!(
        "INSERT INTO coverage (exclusion_group, person_id, month, entitlement_id) \
         SELECT m.exclusion_group, m.person_id, :month, e.id FROM entitlement e {AMOUNT} {MEMBER} \
         WHERE {RANGE} AND {PAYING} AND {NOT_PAUSED} AND {NOT_DUE_YET} ORDER BY e.id ON CONFLICT DO NOTHING"
    );
    batch.query(&sql).execute(tx).await?;
    Ok(())
}

/// Who could not be covered completely is not paid this month; the rest goes on.
async fn block_uncovered(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    // Whoever still has no due was about to get one.
    let sql = format!(
        "SELECT w.id, w.members FROM (SELECT e.id, \
           (SELECT COUNT(*) FROM coverage c WHERE c.entitlement_id = e.id AND c.month = :month) AS covered, \
           (SELECT COUNT(*) FROM entitlement_member m WHERE m.entitlement_id = e.id AND m.superseded_at IS NULL \
              AND m.from_month <= :month AND (m.until_month IS NULL OR m.until_month >= :month)) AS members \
         FROM entitlement e {AMOUNT} WHERE {RANGE} AND {PAYING} AND {NOT_PAUSED} AND {NOT_DUE_YET}) w \
         WHERE w.covered <> w.members OR w.members = 0 ORDER BY w.id"
    );
    let rows = batch
        .query(&sql)
        .all_as(tx, |row| Ok((row.get::<EntitlementId>("id")?, row.get::<i64>("members")?)))
        .await?;
    for (id, members) in rows {
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
    let sql = format!(
        "INSERT INTO due (entitlement_id, month, revision, amount_fen, kind, run_id, amount_id, reason, reference, case_id, \
         made_by, made_at) SELECT e.id, :month, COALESCE((SELECT MAX(v.revision) + 1 FROM due v \
           WHERE v.entitlement_id = e.id AND v.month = :month), 0), a.amount_fen, 'regular', :run, a.id, a.reason, \
         a.reference, a.case_id, :officer, :at FROM entitlement e {AMOUNT} \
         WHERE {RANGE} AND {PAYING} AND {NOT_PAUSED} AND {NOT_DUE_YET} AND {NO_LINE_YET} ORDER BY e.id"
    );
    if batch.query(&sql).execute(tx).await? == 0 {
        return Ok(());
    }
    let journal = accounts::open(tx, &entry(batch.run, "dues")).await?;
    let postings = format!(
        "INSERT INTO posting (journal_id, account, entitlement_id, amount_fen) \
         SELECT :number, '{PAYABLE}', d.entitlement_id, -d.amount_fen FROM due d WHERE {NEW_DUE}"
    );
    batch.query_with(&postings, journal.0).execute(tx).await?;
    let total = format!("SELECT CAST(SUM(d.amount_fen) AS BIGINT) AS total FROM due d WHERE {NEW_DUE}");
    let total: Fen = batch.query(&total).scalar(tx).await?;
    accounts::post(tx, journal, APPROPRIATION, None, total).await?;
    accounts::close(tx, journal).await
}

/// The ordinary family, with an account and nothing left over, kept back or owed: one due, one line, one attempt. All
/// others' dues are laid to what is unpaid. Returns the last
/// line's number.
async fn pay_plain_dues(tx: &Tx, batch: &Batch<'_>) -> Result<i64> {
    let lines = format!(
        "INSERT INTO payment_line (run_id, entitlement_id, line_no, payee_id, amount_fen, state) \
         SELECT :run, d.entitlement_id, :number + ROW_NUMBER() OVER (ORDER BY d.entitlement_id), p.id, d.amount_fen, 'open' \
         FROM due d JOIN payee p ON p.entitlement_id = d.entitlement_id AND p.state = 'confirmed' WHERE {NEW_DUE} \
         AND (SELECT COUNT(*) FROM unpaid_due u WHERE u.entitlement_id = d.entitlement_id) = 0 \
         AND (SELECT COUNT(*) FROM recovery c WHERE c.entitlement_id = d.entitlement_id) = 0"
    );
    let made = batch.query_with(&lines, batch.run.line_count).execute(tx).await?;
    let attempts = format!(
        "INSERT INTO attempt (due_id, number, line_id, amount_fen, state) SELECT w.id, 1, w.line_id, w.amount_fen, 'open' FROM \
         (SELECT d.id, d.amount_fen, (SELECT l.id FROM payment_line l WHERE l.run_id = :run \
            AND l.entitlement_id = d.entitlement_id AND l.state = 'open') AS line_id FROM due d WHERE {NEW_DUE}) w \
         WHERE w.line_id IS NOT NULL"
    );
    batch.query(&attempts).execute(tx).await?;
    let others = format!(
        "INSERT INTO unpaid_due (due_id, entitlement_id, amount_fen) SELECT d.id, d.entitlement_id, d.amount_fen \
         FROM due d WHERE {NEW_DUE} \
         AND (SELECT COUNT(*) FROM payment_line l WHERE l.run_id = :run AND l.entitlement_id = d.entitlement_id) = 0"
    );
    batch.query(&others).execute(tx).await?;
    // Far below the limit: a batch has a thousand.
    Ok(batch.run.line_count.saturating_add_unsigned(made))
}

/// Instalments that a decided recovery allows to keep back from this month's payment.
async fn keep_back_instalments(tx: &Tx, batch: &Batch<'_>) -> Result<()> {
    let sql = format!(
        "SELECT c.id, c.entitlement_id, c.offset_fen_per_month, c.reference, {OUTSTANDING} AS outstanding \
         FROM entitlement e JOIN recovery c ON c.entitlement_id = e.id {PAYEE} \
         WHERE {RANGE} AND c.offset_fen_per_month IS NOT NULL AND {NOT_PAUSED} AND {NO_LINE_YET} ORDER BY c.id"
    );
    let instalments = batch.query(&sql).all_as(tx, Instalment::read).await?;
    keep_back(tx, batch.run, Month::LAST, instalments).await
}

/// What is still to come of a recovery `c`.
pub(crate) const OUTSTANDING: &str = "c.amount_fen - CAST(COALESCE((SELECT SUM(n.amount_fen) FROM recovery_entry n \
    WHERE n.recovery_id = c.id), 0) AS BIGINT)";

/// What a run may keep back of a recovery.
pub(crate) struct Instalment {
    recovery: RecoveryId,
    entitlement: EntitlementId,
    /// At most this.
    pub limit: i64,
    reference: String,
}

impl Instalment {
    /// From columns `id`, `entitlement_id`, `offset_fen_per_month`, `outstanding` and `reference`.
    pub(crate) fn read(row: &Row) -> store::Result<Instalment> {
        Ok(Instalment {
            recovery: row.get("id")?,
            entitlement: row.get("entitlement_id")?,
            limit: row.get::<i64>("offset_fen_per_month")?.min(row.get::<i64>("outstanding")?),
            reference: row.get("reference")?,
        })
    }
}

/// Keeps instalments back from what the run pays, that is unpaid for months up to `until`, the oldest first. Whose payment is kept back
/// whole has a line that says so.
pub(crate) async fn keep_back(
    tx: &Tx,
    run: &PaymentRun,
    until: Month,
    instalments: Vec<Instalment>,
) -> Result<()> {
    let mut kept: BTreeMap<EntitlementId, i64> = BTreeMap::new();
    for Instalment { recovery, entitlement, limit, reference } in instalments {
        let mut left = limit.max(0);
        for (due, amount) in unpaid(tx, entitlement, until).await? {
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
            *kept.entry(entitlement).or_default() += part;
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
        if unpaid(tx, id, until).await?.is_empty() {
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

/// What is unpaid of an entitlement for months up to one, oldest month first.
async fn unpaid(tx: &Tx, id: EntitlementId, until: Month) -> Result<Vec<(DueId, Fen)>> {
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT u.due_id, u.amount_fen FROM unpaid_due u JOIN due d ON d.id = u.due_id WHERE u.entitlement_id = ? \
         AND d.month <= ? ORDER BY d.month, d.revision",
    )
    .bind(id)
    .bind(until)
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

/// Families with something left over, kept back or missing: what is unpaid of them, in one line each.
async fn pay_the_rest(tx: &Tx, batch: &Batch<'_>, last_line: i64) -> Result<()> {
    let lines = format!(
        "INSERT INTO payment_line (run_id, entitlement_id, line_no, payee_id, amount_fen, state) \
         SELECT :run, w.id, :number + ROW_NUMBER() OVER (ORDER BY w.id), w.payee_id, w.amount_fen, 'open' FROM \
         (SELECT e.id, p.id AS payee_id, CAST(SUM(u.amount_fen) AS BIGINT) AS amount_fen FROM entitlement e {UNPAID} {PAYEE} \
          WHERE {RANGE} AND {NOT_PAUSED} AND {NO_LINE_YET} GROUP BY e.id, p.id) w"
    );
    let made = batch.query_with(&lines, last_line).execute(tx).await?;
    let without_account = format!(
        "INSERT INTO payment_line (run_id, entitlement_id, amount_fen, state, reason) \
         SELECT :run, e.id, CAST(SUM(u.amount_fen) AS BIGINT), 'blocked', {} FROM entitlement e {UNPAID} \
         WHERE {RANGE} AND {NOT_PAUSED} AND {NO_LINE_YET} GROUP BY e.id",
        payee::why_none("e.id")
    );
    batch.query(&without_account).execute(tx).await?;
    if made == 0 {
        return Ok(());
    }
    let attempts = "INSERT INTO attempt (due_id, number, line_id, amount_fen, state) SELECT u.due_id, \
        COALESCE((SELECT MAX(t.number) + 1 FROM attempt t WHERE t.due_id = u.due_id), 1), l.id, u.amount_fen, 'open' \
        FROM payment_line l JOIN unpaid_due u ON u.entitlement_id = l.entitlement_id \
        \
        WHERE l.run_id = :run AND l.entitlement_id > :after AND l.entitlement_id <= :through AND l.state = 'open'";
    let in_the_run = "DELETE FROM unpaid_due WHERE entitlement_id > :after AND entitlement_id <= :through \
        AND EXISTS (SELECT 1 FROM attempt t WHERE t.due_id = unpaid_due.due_id AND t.state = 'open')";
    for sql in [attempts, in_the_run] {
        batch.query(sql).execute(tx).await?;
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
