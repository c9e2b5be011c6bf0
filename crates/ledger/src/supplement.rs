//! A supplementary run (补充发放): what stands open of a programme up to a month - arrears posted since, payments that failed, families
//! whose account came late - paid at once instead of with the next month, less what is left of the month's instalment of a recovery. It makes
//! no dues of its own; it hangs on the month's regular run, is approved by a second person and goes the way of every run.

use store::{Query, Scope, Tx};
use vocab::{Fen, Month};

use crate::batch::{Instalment, OUTSTANDING, keep_back};
use crate::run::{PaymentRun, WhichRun, hold};
use crate::scope::{BOOKS, ENTITLEMENT, NONE};
use crate::{LedgerError, Officer, Result, RunId, RunKind, RunState, payee};

/// What stands open of a programme in a county.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StandingOpen {
    /// Families.
    pub count: i64,
    /// What they are owed.
    pub total: Fen,
}

/// What stands open of the run's county and programme for months up to the run's.
///
/// # Errors
/// Out of scope, or the database's.
pub async fn standing_open(
    connection: &impl store::Connection,
    scope: &Scope,
    run: &PaymentRun,
) -> Result<StandingOpen> {
    // SQLite keeps the order of a CROSS JOIN: what is unpaid is little, and it would look at each family of the roll for it.
    Ok(Query::new(
        scope,
        &ENTITLEMENT,
        "SELECT COUNT(DISTINCT e.id) AS families, CAST(COALESCE(SUM(u.amount_fen), 0) AS BIGINT) AS total FROM unpaid_due u \
         CROSS JOIN due d CROSS JOIN entitlement e WHERE d.id = u.due_id AND e.id = u.entitlement_id \
         AND {scope} AND e.county_id = ? AND e.programme = ? AND d.month <= ?",
    )
    .bind(run.county)
    .bind(&run.programme)
    .bind(run.month)
    .one_as(connection, |row| Ok(StandingOpen { count: row.get("families")?, total: row.get("total")? }))
    .await?)
}

/// Makes a supplementary run of what stands open after a regular run, for months up to its own. Families whose benefit is suspended or
/// held, or who have no confirmed account, stand in it as left out, with the reason. Asked twice while it is under way, it is made once.
///
/// # Errors
/// No reason is given, the run is not a month's run or not made yet, its failures are being re-issued, or nothing stands open.
pub async fn supplement(
    tx: &Tx,
    scope: &Scope,
    run: impl Into<WhichRun>,
    reason: &str,
    officer: Officer,
) -> Result<RunId> {
    let run: WhichRun = run.into();
    let run = run.held(tx, scope).await?;
    let id = run.id;
    run.check_state(
        &[RunState::Made, RunState::Approved, RunState::Exported, RunState::Answered, RunState::Closed],
        "补充发放",
    )?;
    if run.kind != RunKind::Regular {
        return Err(LedgerError::refused("补充发放要从月度批次发起，请打开那个月的月度批次。"));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(LedgerError::refused("请填写补充发放的原因。"));
    }
    tx.lock(&format!("payments:{}:{}", run.county, run.programme)).await?;
    let under_way: Option<(RunId, bool)> = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, supplement_reason IS NOT NULL AS supplement FROM payment_run WHERE reissue_of_run_id = ? AND kind = 'reissue' \
         AND state IN ('making', 'made', 'approved', 'exporting')",
    )
    .bind(id)
    .optional_as(tx, |row| Ok((row.get("id")?, row.get("supplement")?)))
    .await?;
    match under_way {
        Some((under_way, true)) => return Ok(under_way),
        Some((_, false)) => {
            return Err(LedgerError::refused("这个批次的失败明细正在重发，请先把重发批次办完。"));
        }
        None => {}
    }
    let again = RunId(
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO payment_run (county_id, programme, month, kind, reissue_of_run_id, supplement_reason, state, made_by, made_at) \
             VALUES (?, ?, ?, 'reissue', ?, ?, 'made', ?, ?) RETURNING id",
        )
        .bind(run.county)
        .bind(&run.programme)
        .bind(run.month)
        .bind(id)
        .bind(reason)
        .bind(officer.staff)
        .bind(officer.at.at_ms())
        .insert(tx)
        .await?,
    );
    let held = Open { run: again, county: run.county, programme: &run.programme, month: run.month };
    let lock = format!(
        "SELECT e.id FROM entitlement e WHERE e.county_id = ? AND e.programme = ? \
         AND EXISTS (SELECT 1 FROM unpaid_due u WHERE u.entitlement_id = e.id) ORDER BY e.id{}",
        tx.for_update()
    );
    let locked: Vec<i64> =
        Query::new(&BOOKS, &NONE, lock).bind(run.county).bind(&run.programme).scalars(tx).await?;
    held.keep_back(tx, &hold(tx, scope, again).await?).await?;
    let made = if locked.is_empty() { 0 } else { held.pay(tx).await? };
    if made == 0 {
        return Err(LedgerError::refused(
            "没有可以补发的款项：没有未付的应发款，或者该户已停发、收款账户未复核。",
        ));
    }
    held.leave_out(tx).await?;
    held.count(tx).await?;
    Ok(again)
}

/// What a supplementary run takes up.
struct Open<'a> {
    run: RunId,
    county: store::DivisionId,
    programme: &'a str,
    month: Month,
}

/// What is unpaid for the months asked, by entitlement.
const UNPAID: &str = "FROM entitlement e JOIN unpaid_due u ON u.entitlement_id = e.id JOIN due d ON d.id = u.due_id \
    LEFT JOIN payee p ON p.entitlement_id = e.id AND p.state = 'confirmed' \
    WHERE e.county_id = ? AND e.programme = ? AND d.month <= ?";
const PAUSED: &str =
    "EXISTS (SELECT 1 FROM entitlement_pause s WHERE s.entitlement_id = e.id AND s.until_month IS NULL)";

impl Open<'_> {
    /// Instalments of decided recoveries: a month keeps back at most its own, whatever number of runs pays it.
    async fn keep_back(&self, tx: &Tx, run: &PaymentRun) -> Result<()> {
        let sql = format!(
            "SELECT c.id, c.entitlement_id, c.reference, {OUTSTANDING} AS outstanding, \
             c.offset_fen_per_month - CAST(COALESCE((SELECT SUM(n.amount_fen) FROM recovery_entry n \
               JOIN payment_run r ON r.id = n.run_id WHERE n.recovery_id = c.id AND n.kind IN ('offset', 'undone') \
               AND r.month = ?), 0) AS BIGINT) AS offset_fen_per_month \
             FROM recovery c WHERE c.offset_fen_per_month IS NOT NULL AND c.entitlement_id IN (SELECT e.id {UNPAID} \
             AND p.id IS NOT NULL AND NOT {PAUSED}) ORDER BY c.id"
        );
        let instalments = Query::new(&BOOKS, &NONE, sql)
            .bind(self.month)
            .bind(self.county)
            .bind(self.programme)
            .bind(self.month)
            .all_as(tx, Instalment::read)
            .await?;
        keep_back(tx, run, self.month, instalments).await
    }

    /// Lines with an attempt at everything unpaid; how many.
    async fn pay(&self, tx: &Tx) -> Result<u64> {
        let lines = format!(
            "INSERT INTO payment_line (run_id, entitlement_id, line_no, payee_id, amount_fen, state) \
             SELECT ?, s.id, ROW_NUMBER() OVER (ORDER BY s.id), s.payee_id, s.amount_fen, 'open' FROM \
             (SELECT e.id, p.id AS payee_id, CAST(SUM(u.amount_fen) AS BIGINT) AS amount_fen {UNPAID} AND p.id IS NOT NULL \
              AND NOT {PAUSED} GROUP BY e.id, p.id) s"
        );
        let made = Query::new(&BOOKS, &NONE, lines)
            .bind(self.run)
            .bind(self.county)
            .bind(self.programme)
            .bind(self.month)
            .execute(tx)
            .await?;
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO attempt (due_id, number, line_id, amount_fen, state) SELECT u.due_id, \
             COALESCE((SELECT MAX(t.number) + 1 FROM attempt t WHERE t.due_id = u.due_id), 1), l.id, u.amount_fen, 'open' \
             FROM payment_line l JOIN unpaid_due u ON u.entitlement_id = l.entitlement_id JOIN due d ON d.id = u.due_id \
             WHERE l.run_id = ? AND d.month <= ?",
        )
        .bind(self.run)
        .bind(self.month)
        .execute(tx)
        .await?;
        Query::new(
            &BOOKS,
            &NONE,
            "DELETE FROM unpaid_due WHERE due_id IN (SELECT t.due_id FROM payment_line l JOIN attempt t ON t.line_id = l.id \
             WHERE l.run_id = ?)",
        )
        .bind(self.run)
        .execute(tx)
        .await?;
        Ok(made)
    }

    async fn leave_out(&self, tx: &Tx) -> Result<()> {
        let lines = format!(
            "INSERT INTO payment_line (run_id, entitlement_id, amount_fen, state, reason) \
             SELECT ?, s.id, s.amount_fen, 'blocked', CASE WHEN s.paused = 1 THEN '已停发或者暂缓，恢复以后再补' \
               ELSE {} END FROM (SELECT e.id, CASE WHEN {PAUSED} THEN 1 ELSE 0 END AS paused, \
               CAST(SUM(u.amount_fen) AS BIGINT) AS amount_fen {UNPAID} GROUP BY e.id) s",
            payee::why_none("s.id")
        );
        Query::new(&BOOKS, &NONE, lines)
            .bind(self.run)
            .bind(self.county)
            .bind(self.programme)
            .bind(self.month)
            .execute(tx)
            .await?;
        Ok(())
    }

    async fn count(&self, tx: &Tx) -> Result<()> {
        const OF: &str = "FROM payment_line l WHERE l.run_id = payment_run.id AND l.state =";
        let sql = format!(
            "UPDATE payment_run SET line_count = (SELECT COUNT(*) {OF} 'open'), \
             total_fen = (SELECT CAST(SUM(l.amount_fen) AS BIGINT) {OF} 'open'), \
             blocked_count = (SELECT COUNT(*) {OF} 'blocked') WHERE id = ?"
        );
        Query::new(&BOOKS, &NONE, sql).bind(self.run).execute_one(tx).await?;
        Ok(())
    }
}
