//! To the bank and back: lines out with control totals and the file's hash, the answer in, all of it or none.
//!
//! The order of an export: the office writes the file from [`lines`], computes its SM3, records it with [`begin_export`],
//! lets [`crate::run::carry_on`] write the books, and only then hands the file out. Made again, the file must have the
//! same hash. An answer is checked whole by [`read_answer`] before a row of it is kept; [`crate::run::carry_on`] applies it.

use std::collections::BTreeMap;
use std::fmt;

use store::{Connection, PersonId, Query, Row, Scope, StaffId, Tx, insert_many, values};
use vocab::Fen;

use crate::accounts::{self, BANK_CLEARING, PAID, PAYABLE};
use crate::approve::ControlTotals;
use crate::batch;
use crate::compare::PAID_STATES;
use crate::run::{BATCH, PaymentRun, ReadRun, WhichRun};
use crate::scope::{BOOKS, NONE, RUN};
use crate::{BankAccountId, EntitlementId, LedgerError, LineId, Officer, Result, RunId, RunState};

/// A line of the bank file; the office adds the account's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankLine {
    /// Number in the file; withdrawn lines leave a gap.
    pub line_no: i32,
    /// The line.
    pub line: LineId,
    /// Whom it pays.
    pub entitlement: EntitlementId,
    /// Holder of the entitlement.
    pub holder: PersonId,
    /// The office's sealed account.
    pub account: BankAccountId,
    /// Name on the account.
    pub holder_name: String,
    /// Bank.
    pub bank: String,
    /// Last digits.
    pub number_tail: String,
    /// Amount.
    pub amount: Fen,
}

fn read_line(row: &Row) -> store::Result<BankLine> {
    Ok(BankLine {
        line_no: row.get("line_no")?,
        line: row.get("id")?,
        entitlement: row.get("entitlement_id")?,
        holder: row.get("holder_person_id")?,
        account: row.get("bank_account_id")?,
        holder_name: row.get("holder_name")?,
        bank: row.get("bank")?,
        number_tail: row.get("number_tail")?,
        amount: row.get("amount_fen")?,
    })
}

/// The lines of the bank file after a number, in order. The same run gives the same lines for ever.
///
/// # Errors
/// The run is not approved.
pub async fn lines<'run>(
    connection: &impl Connection,
    scope: &Scope,
    run: impl Into<ReadRun<'run>>,
    after_line_no: i32,
    limit: usize,
) -> Result<Vec<BankLine>> {
    let run: ReadRun<'run> = run.into();
    let run = run.read(connection, scope).await?;
    run.check_state(
        &[RunState::Approved, RunState::Exporting, RunState::Exported, RunState::Answered, RunState::Closed],
        "导出银行文件，请先复核",
    )?;
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT l.line_no, l.id, l.entitlement_id, e.holder_person_id, p.bank_account_id, p.holder_name, p.bank, \
         p.number_tail, l.amount_fen FROM payment_line l JOIN entitlement e ON e.id = l.entitlement_id \
         JOIN payee p ON p.id = l.payee_id WHERE l.run_id = ? AND l.line_no > ? \
         AND l.state IN ('open', 'succeeded', 'failed') ORDER BY l.line_no LIMIT ?",
    )
    .bind(run.id)
    .bind(after_line_no)
    .bind(limit)
    .all_as(connection, read_line)
    .await?)
}

/// Record that this file goes out. The first time it fixes the hash; again it must be the same. The answer is where the run stands then.
///
/// # Errors
/// [`LedgerError::FileChanged`], [`LedgerError::TotalsChanged`], or the run is not approved.
pub async fn begin_export(
    tx: &Tx,
    scope: &Scope,
    run: impl Into<WhichRun>,
    file_sm3: &str,
    totals: ControlTotals,
    officer: Officer,
) -> Result<RunState> {
    let run: WhichRun = run.into();
    let run = run.held(tx, scope).await?;
    if let Some(first) = &run.file_sm3 {
        return if first == file_sm3 { Ok(run.state) } else { Err(LedgerError::FileChanged) };
    }
    run.check_state(&[RunState::Approved], "导出银行文件，请先复核")?;
    if (run.line_count, run.total) != (totals.count, totals.total) {
        return Err(LedgerError::TotalsChanged { count: run.line_count, total: run.total });
    }
    if file_sm3.len() != 64 || !file_sm3.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(LedgerError::refused("银行文件的校验值（SM3）格式不对，请重新导出。"));
    }
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_run SET state = 'exporting', batch_through = 0, file_sm3 = ?, exported_by = ?, exported_at = ?, \
         version = version + 1 WHERE id = ?",
    )
    .bind(file_sm3)
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .bind(run.id)
    .execute_one(tx)
    .await?;
    Ok(RunState::Exporting)
}

/// Book the next lines as being with the bank.
pub(crate) async fn export_batch(tx: &Tx, run: &PaymentRun) -> Result<Option<u64>> {
    let chosen =
        "FROM payment_line l WHERE l.run_id = ? AND l.line_no > ? AND l.line_no <= ? AND l.state = 'open'";
    let (after, through) = (run.batch_through, run.batch_through + BATCH as i64);
    let bind = |query: Query| query.bind(run.id).bind(after).bind(through);
    let row = bind(Query::new(
        &BOOKS,
        &NONE,
        format!("SELECT COUNT(*) AS lines, CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) AS total {chosen}"),
    ))
    .one(tx)
    .await?;
    let (count, total) = (row.get::<i64>("lines")?, row.get::<Fen>("total")?);
    if count > 0 {
        let mut entry = batch::entry(run, "export");
        entry.officer = run.exported_by.unwrap_or(run.made_by);
        entry.at = run.exported_at.unwrap_or(run.made_at);
        let journal = accounts::open(tx, &entry).await?;
        let sql = format!(
            "INSERT INTO posting (journal_id, account, entitlement_id, amount_fen) \
             SELECT ?, '{PAYABLE}', l.entitlement_id, l.amount_fen {chosen}"
        );
        bind(Query::new(&BOOKS, &NONE, sql).bind(journal)).execute(tx).await?;
        accounts::post(tx, journal, BANK_CLEARING, None, total.neg()).await?;
        accounts::close(tx, journal).await?;
    }
    let more: i64 = Query::new(
        &BOOKS,
        &NONE,
        "SELECT COUNT(*) FROM (SELECT 1 FROM payment_line l WHERE l.run_id = ? AND l.line_no > ? LIMIT 1) x",
    )
    .bind(run.id)
    .bind(through)
    .scalar(tx)
    .await?;
    // A run without a payable line has nothing to wait for.
    let next = match (more > 0, run.line_count) {
        (true, _) => RunState::Exporting,
        (false, 0) => RunState::Answered,
        (false, _) => RunState::Exported,
    };
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_run SET state = ?, batch_through = ?, version = version + 1 WHERE id = ?",
    )
    .bind(next)
    .bind(if more > 0 { through } else { 0 })
    .bind(run.id)
    .execute_one(tx)
    .await?;
    Ok(if more > 0 { Some(u64::try_from(count).unwrap_or(0)) } else { None })
}

/// A row of the bank's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// Number of the line in the file.
    pub line_no: i32,
    /// Amount as the bank repeats it.
    pub amount: Fen,
    /// Paid, or why not.
    pub outcome: AnswerOutcome,
    /// The bank's own number of the payment.
    pub bank_reference: String,
}

/// What the bank says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// Paid.
    Succeeded,
    /// Not paid, with the bank's reason.
    Failed(String),
}

/// A row of the answer that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerProblem {
    /// Row of the answer, counted from 1; `None` for the whole file.
    pub row: Option<usize>,
    /// What is wrong and how to mend it.
    pub text: String,
}

impl fmt::Display for AnswerProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(formatter, "第{row}行：{}", self.text),
            None => formatter.write_str(&self.text),
        }
    }
}

/// What reading an answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerRead {
    /// Rows kept now, to be applied by [`crate::run::carry_on`].
    pub new: u64,
    /// Rows that were read before and say the same.
    pub repeated: u64,
}

/// Check a whole answer and keep its rows. The bank may answer in several files; a file read twice changes nothing.
///
/// # Errors
/// [`LedgerError::Answer`] with every row that does not fit; then nothing is kept.
pub async fn read_answer(
    tx: &Tx,
    scope: &Scope,
    run: impl Into<WhichRun>,
    rows: &[AnswerRow],
    totals: ControlTotals,
    officer: Officer,
) -> Result<AnswerRead> {
    let run: WhichRun = run.into();
    let run = run.held(tx, scope).await?;
    let id = run.id;
    run.check_state(&[RunState::Exported, RunState::Answered], "读入银行回盘")?;
    let mut problems = Vec::new();
    let sum = Fen::checked_sum(rows.iter().map(|row| row.amount));
    if sum != Some(totals.total) || usize::try_from(totals.count) != Ok(rows.len()) {
        problems.push(AnswerProblem {
            row: None,
            text: format!(
                "回盘合计应为{}笔、{}元，明细实为{}笔、{}元，请向银行核实文件是否完整。",
                totals.count,
                totals.total,
                rows.len(),
                sum.unwrap_or(Fen::ZERO)
            ),
        });
    }
    let known = known_lines(tx, id).await?;
    let mut seen: BTreeMap<i32, usize> = BTreeMap::new();
    let mut new = Vec::new();
    let mut repeated = 0;
    for (index, row) in rows.iter().enumerate() {
        let mut wrong = |text: String| problems.push(AnswerProblem { row: Some(index + 1), text });
        if let Some(first) = seen.insert(row.line_no, index + 1) {
            wrong(format!("序号{}与第{first}行重复，请删去重复行。", row.line_no));
            continue;
        }
        let Some(line) = known.get(&row.line_no) else {
            wrong(format!("序号{}不在本批次中，请核对是否读入了别的批次的文件。", row.line_no));
            continue;
        };
        if line.amount != row.amount {
            wrong(format!("序号{}的金额应为{}元，回盘为{}元。", row.line_no, line.amount, row.amount));
            continue;
        }
        let (succeeded, reason) = match &row.outcome {
            AnswerOutcome::Succeeded => (true, None),
            AnswerOutcome::Failed(reason) if reason.trim().is_empty() => {
                wrong(format!("序号{}发放失败但没有写明原因，请向银行补要原因。", row.line_no));
                continue;
            }
            AnswerOutcome::Failed(reason) => (false, Some(reason.as_str())),
        };
        match line.answered {
            Some(before) if before == succeeded => repeated += 1,
            Some(true) => wrong(format!(
                "序号{}此前回盘为“成功”，与本次不同，请向银行核实；付出以后又退回的，请到“登记退汇”办理。",
                row.line_no
            )),
            Some(false) => {
                wrong(format!("序号{}此前回盘为“失败”，与本次不同，请向银行核实。", row.line_no));
            }
            None => new.push(values![
                id,
                row.line_no,
                row.amount,
                succeeded,
                reason.map(str::to_owned),
                row.bank_reference.as_str(),
                false,
                officer.staff,
                officer.at.at_ms()
            ]),
        }
    }
    if !problems.is_empty() {
        return Err(LedgerError::Answer(problems));
    }
    let columns = [
        "run_id",
        "line_no",
        "amount_fen",
        "succeeded",
        "reason",
        "bank_reference",
        "applied",
        "read_by",
        "read_at",
    ];
    let new = insert_many(&BOOKS, tx, "bank_answer", &columns, new).await?;
    Ok(AnswerRead { new, repeated })
}

struct KnownLine {
    amount: Fen,
    answered: Option<bool>,
}

async fn known_lines(tx: &Tx, id: RunId) -> Result<BTreeMap<i32, KnownLine>> {
    let rows = Query::new(
        &BOOKS,
        &NONE,
        "SELECT l.line_no, l.amount_fen, b.succeeded FROM payment_line l \
         LEFT JOIN bank_answer b ON b.run_id = l.run_id AND b.line_no = l.line_no \
         WHERE l.run_id = ? AND l.state IN ('open', 'succeeded', 'failed')",
    )
    .bind(id)
    .all_as(tx, |row| {
        Ok((
            row.get::<i32>("line_no")?,
            KnownLine { amount: row.get("amount_fen")?, answered: row.get::<Option<bool>>("succeeded")? },
        ))
    })
    .await?;
    Ok(rows.into_iter().collect())
}

/// Apply the next rows of what was read. Everything is reached by the ids of the lines: joined freely, PostgreSQL would
/// start from all attempts that are open.
pub(crate) async fn answer_batch(tx: &Tx, run: &PaymentRun) -> Result<Option<u64>> {
    batch::steady_plans(tx).await?;
    let waiting = Query::new(
        &BOOKS,
        &NONE,
        "SELECT b.line_no, b.amount_fen, b.succeeded, b.read_by, b.read_at, \
         (SELECT l.id FROM payment_line l WHERE l.run_id = b.run_id AND l.line_no = b.line_no) AS id FROM bank_answer b \
         WHERE b.run_id = ? AND NOT b.applied ORDER BY b.line_no LIMIT ?",
    )
    .bind(run.id)
    .bind(BATCH)
    .all_as(tx, |row| {
        Ok(Waiting {
            line_no: row.get("line_no")?,
            line: row.get("id")?,
            amount: row.get("amount_fen")?,
            succeeded: row.get("succeeded")?,
            read_by: row.get("read_by")?,
            read_at: vocab::Now::from_unix_ms(row.get("read_at")?),
        })
    })
    .await?;
    let Some(last) = waiting.last() else { return finish_answer(tx, run).await };
    let sum = |succeeded: bool| {
        waiting.iter().filter(|row| row.succeeded == succeeded).map(|row| row.amount.0).sum::<i64>()
    };
    let mut entry = batch::entry(run, "answer");
    (entry.officer, entry.at) = (last.read_by, last.read_at);
    let journal = accounts::open(tx, &entry).await?;
    accounts::post(tx, journal, BANK_CLEARING, None, Fen(sum(true) + sum(false))).await?;
    accounts::post(tx, journal, PAID, None, Fen(-sum(true))).await?;
    for (succeeded, state) in [(true, "succeeded"), (false, "failed")] {
        let lines: Vec<LineId> =
            waiting.iter().filter(|row| row.succeeded == succeeded).map(|row| row.line).collect();
        if lines.is_empty() {
            continue;
        }
        if !succeeded {
            let back = "INSERT INTO posting (journal_id, account, entitlement_id, amount_fen) \
                SELECT ?, 'payable', l.entitlement_id, -l.amount_fen FROM payment_line l WHERE l.id IN ({list})";
            Query::new(&BOOKS, &NONE, back)
                .bind(journal)
                .bind_list(lines.iter().copied())
                .execute(tx)
                .await?;
            let unpaid = "INSERT INTO unpaid_due (due_id, entitlement_id, amount_fen) \
                SELECT t.due_id, l.entitlement_id, t.amount_fen FROM payment_line l JOIN attempt t ON t.line_id = l.id \
                WHERE l.id IN ({list})";
            Query::new(&BOOKS, &NONE, unpaid).bind_list(lines.iter().copied()).execute(tx).await?;
        }
        let attempts = "UPDATE attempt SET state = ? WHERE line_id IN ({list})";
        Query::new(&BOOKS, &NONE, attempts).bind(state).bind_list(lines.iter().copied()).execute(tx).await?;
        let answered = "UPDATE payment_line SET state = ?, (reason, bank_reference) = (SELECT b.reason, b.bank_reference \
            FROM bank_answer b WHERE b.run_id = payment_line.run_id AND b.line_no = payment_line.line_no) \
            WHERE id IN ({list})";
        Query::new(&BOOKS, &NONE, answered).bind(state).bind_list(lines.iter().copied()).execute(tx).await?;
    }
    accounts::close(tx, journal).await?;
    // They are the first that wait, so nothing that waits lies before the last of them.
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE bank_answer SET applied = TRUE WHERE run_id = ? AND line_no <= ? AND NOT applied",
    )
    .bind(run.id)
    .bind(last.line_no)
    .execute(tx)
    .await?;
    Ok(Some(waiting.len() as u64))
}

/// A row of the answer that is to be applied.
struct Waiting {
    line_no: i32,
    line: LineId,
    amount: Fen,
    succeeded: bool,
    read_by: StaffId,
    read_at: vocab::Now,
}

/// When every line has its answer the run is answered.
async fn finish_answer(tx: &Tx, run: &PaymentRun) -> Result<Option<u64>> {
    let row = Query::new(
        &BOOKS,
        &NONE,
        "SELECT COUNT(*) AS rows_read, MAX(read_at) AS read_at FROM bank_answer WHERE run_id = ?",
    )
    .bind(run.id)
    .one(tx)
    .await?;
    if row.get::<i64>("rows_read")? == run.line_count {
        Query::new(
            &BOOKS,
            &NONE,
            "UPDATE payment_run SET state = 'answered', answered_at = ?, version = version + 1 WHERE id = ?",
        )
        .bind(row.get::<Option<i64>>("read_at")?)
        .bind(run.id)
        .execute_one(tx)
        .await?;
    }
    Ok(None)
}

/// Close an answered run. Failed lines may be re-issued after that too; until then they are owed.
///
/// # Errors
/// The bank has not answered for every line.
pub async fn close(tx: &Tx, scope: &Scope, run: impl Into<WhichRun>, officer: Officer) -> Result<()> {
    let run: WhichRun = run.into();
    let run = run.held(tx, scope).await?;
    run.check_state(&[RunState::Answered], "办结，请先读入全部银行回盘")?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE payment_run SET state = 'closed', closed_by = ?, closed_at = ?, version = version + 1 WHERE id = ?",
    )
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .bind(run.id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// How many lines the bank has not answered for, and their sum.
///
/// # Errors
/// Out of scope.
pub async fn unanswered(connection: &impl Connection, scope: &Scope, id: RunId) -> Result<ControlTotals> {
    let sql = format!(
        "SELECT COUNT(*) AS lines, CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) AS total FROM payment_run r \
         JOIN payment_line l ON l.run_id = r.id WHERE {{scope}} AND r.id = ? AND l.state = 'open' AND l.state IN {PAID_STATES}"
    );
    Ok(Query::new(scope, &RUN, sql)
        .bind(id)
        .one_as(connection, |row| Ok(ControlTotals { count: row.get("lines")?, total: row.get("total")? }))
        .await?)
}
