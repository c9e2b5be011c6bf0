//! Money that the bank sends back days after it said "paid" (退汇): the account was closed meanwhile, the name does not match.
//!
//! [`take`] turns lines that succeeded into owed ones by a red entry: nothing that was booked is touched. From then on a line that came
//! back is a failed one: it is owed, [`crate::reissue()`] or a later run pays it again, figures of what was paid are without it. Its account
//! is out of use wherever it is paid to, until one person enters an account and a second confirms it. A line comes back once: a
//! file is taken once, a second report of the same line is refused, and what was paid again comes back as a line of the run that paid it.
//!
//! As with the bank's answer one person reads it: what it sets free is paid by a run that two people make, to an account that two people confirm.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use store::{CaseId, Connection, DivisionId, PersonId, Query, Row, Scope, Tx, insert_many, values};
use vocab::{Fen, Now, zh_date};

use crate::accounts::{self, Entry, PAID, PAYABLE};
use crate::approve::ControlTotals;
use crate::batch;
use crate::run::{BATCH, PaymentRun, hold};
use crate::scope::{BOOKS, ENTITLEMENT, NONE};
use crate::{
    AnswerOutcome, AnswerProblem, BankAccountId, EntitlementId, LedgerError, LineId, LineState, Officer,
    Result, RunId, RunState, payee,
};

/// A row of the bank's later answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceRow {
    /// Number of the line in the file that went to the bank.
    pub line_no: i32,
    /// Amount as the bank repeats it; a line comes back whole.
    pub amount: Fen,
    /// The day on which the money came back.
    pub on: NaiveDate,
    /// Sent back and why, or still paid: a bank may repeat all lines of a run.
    pub outcome: AnswerOutcome,
    /// The bank's number of the return, or the voucher's.
    pub bank_reference: String,
}

/// Where a return is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// A file of the bank by its SM3, with the totals of its cover sheet over all of its rows.
    File {
        /// SM3.
        sm3: &'a str,
        /// Count and sum.
        totals: ControlTotals,
    },
    /// The bank's voucher (退汇凭证), typed; one voucher books one line.
    Voucher,
}

/// A line that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounced {
    /// The line.
    pub line: LineId,
    /// Whose benefit.
    pub entitlement: EntitlementId,
    /// The case that granted it.
    pub case: Option<CaseId>,
    /// How much.
    pub amount: Fen,
    /// When.
    pub on: NaiveDate,
    /// The bank's reason.
    pub reason: String,
    /// Bank of the account.
    pub bank: String,
    /// Its last digits.
    pub number_tail: String,
    account: Option<BankAccountId>,
    bank_reference: String,
}

/// What was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Lines that are owed again.
    pub lines: Vec<Bounced>,
    /// Rows that change nothing: still paid, or of a file that was taken before.
    pub unchanged: u64,
}

/// Check what the bank sent back and book it, whole or not at all. The same file again changes nothing.
///
/// # Errors
/// [`LedgerError::Answer`] with every row of a file that does not fit, [`LedgerError::Refused`] for a voucher: a line that was never paid,
/// that has come back before, or whose amount is another; the bank has not answered yet.
pub async fn take(
    tx: &Tx,
    scope: &Scope,
    id: RunId,
    rows: &[BounceRow],
    source: Source<'_>,
    officer: Officer,
) -> Result<Taken> {
    let run = hold(tx, scope, id).await?;
    run.check_state(
        &[RunState::Exported, RunState::Answered, RunState::Closed],
        "登记退汇，请先读入银行回盘",
    )?;
    let sm3 = match source {
        Source::File { sm3, .. } => Some(sm3),
        Source::Voucher => None,
    };
    if let Some(sm3) = sm3
        && was_taken(tx, id, sm3).await?
    {
        return Ok(Taken { lines: Vec::new(), unchanged: rows.len() as u64 });
    }
    let taken = check(tx, &run, rows, source, officer).await?;
    if let Source::File { sm3, totals } = source {
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO bounce_file (run_id, file_sm3, row_count, total_fen, read_by, read_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(sm3)
        .bind(totals.count)
        .bind(totals.total)
        .bind(officer.staff)
        .bind(officer.at.at_ms())
        .execute(tx)
        .await?;
    }
    if !taken.lines.is_empty() {
        book(tx, &run, &taken.lines, sm3, officer).await?;
        stop_accounts(tx, &taken.lines, officer).await?;
    }
    Ok(taken)
}

async fn was_taken(tx: &Tx, id: RunId, sm3: &str) -> Result<bool> {
    Ok(Query::new(&BOOKS, &NONE, "SELECT 1 FROM bounce_file WHERE run_id = ? AND file_sm3 = ?")
        .bind(id)
        .bind(sm3)
        .optional(tx)
        .await?
        .is_some())
}

/// A line as it stands.
struct Line {
    id: LineId,
    entitlement: EntitlementId,
    case: Option<CaseId>,
    amount: Fen,
    state: LineState,
    account: Option<BankAccountId>,
    bank: String,
    number_tail: String,
    returned_on: Option<NaiveDate>,
    again: Option<RunId>,
}

/// The run that pays or has paid what a line `l` could not.
const AGAIN: &str = "(SELECT MAX(n.run_id) FROM attempt t JOIN attempt o ON o.due_id = t.due_id AND o.number > t.number \
    AND o.state IN ('open', 'succeeded') JOIN payment_line n ON n.id = o.line_id WHERE t.line_id = l.id) AS again";

async fn known_lines(tx: &Tx, id: RunId, rows: &[BounceRow]) -> Result<BTreeMap<i32, Line>> {
    let sql = format!(
        "SELECT l.id, l.line_no, l.entitlement_id, e.case_id, l.amount_fen, l.state, p.bank_account_id, \
         COALESCE(p.bank, '') AS bank, COALESCE(p.number_tail, '') AS number_tail, b.returned_on, {AGAIN} \
         FROM payment_line l JOIN entitlement e ON e.id = l.entitlement_id LEFT JOIN payee p ON p.id = l.payee_id \
         LEFT JOIN bounce b ON b.line_id = l.id WHERE l.run_id = ? AND l.line_no IN ({{list}})"
    );
    let mut lines = BTreeMap::new();
    for rows in rows.chunks(BATCH) {
        let found = Query::new(&BOOKS, &NONE, sql.clone())
            .bind(id)
            .bind_list(rows.iter().map(|row| row.line_no))
            .all_as(tx, |row| {
                let line = Line {
                    id: row.get("id")?,
                    entitlement: row.get("entitlement_id")?,
                    case: row.get("case_id")?,
                    amount: row.get("amount_fen")?,
                    state: row.get("state")?,
                    account: row.get("bank_account_id")?,
                    bank: row.get("bank")?,
                    number_tail: row.get("number_tail")?,
                    returned_on: row.get("returned_on")?,
                    again: row.get("again")?,
                };
                Ok((row.get::<i32>("line_no")?, line))
            })
            .await?;
        lines.extend(found);
    }
    Ok(lines)
}

/// Every row against the run; nothing is written.
async fn check(
    tx: &Tx,
    run: &PaymentRun,
    rows: &[BounceRow],
    source: Source<'_>,
    officer: Officer,
) -> Result<Taken> {
    let mut problems = Vec::new();
    match source {
        Source::File { totals, .. } => problems.extend(wrong_totals(rows, totals)),
        Source::Voucher => check_voucher(tx, run.id, rows).await?,
    }
    let mut known = known_lines(tx, run.id, rows).await?;
    let mut seen: BTreeMap<i32, usize> = BTreeMap::new();
    let mut taken = Taken { lines: Vec::new(), unchanged: 0 };
    for (index, row) in rows.iter().enumerate() {
        let fits = match seen.insert(row.line_no, index + 1) {
            Some(first) => Err(format!("序号{}与第{first}行重复，请删去重复行。", row.line_no)),
            None => fits(run, row, known.remove(&row.line_no), officer.at.today()),
        };
        match fits {
            Ok(Some(bounced)) => taken.lines.push(bounced),
            Ok(None) => taken.unchanged += 1,
            Err(text) => problems.push(AnswerProblem { row: Some(index + 1), text }),
        }
    }
    match (problems.is_empty(), source) {
        (true, _) => Ok(taken),
        (false, Source::File { .. }) => Err(LedgerError::Answer(problems)),
        (false, Source::Voucher) => {
            Err(LedgerError::refused(problems.into_iter().map(|problem| problem.text).collect::<String>()))
        }
    }
}

fn wrong_totals(rows: &[BounceRow], totals: ControlTotals) -> Option<AnswerProblem> {
    let sum = Fen::checked_sum(rows.iter().map(|row| row.amount));
    if sum == Some(totals.total) && usize::try_from(totals.count) == Ok(rows.len()) {
        return None;
    }
    Some(AnswerProblem {
        row: None,
        text: format!(
            "退汇文件合计应为{}笔、{}元，明细实为{}笔、{}元，请向银行核实文件是否完整。",
            totals.count,
            totals.total,
            rows.len(),
            sum.unwrap_or(Fen::ZERO)
        ),
    })
}

async fn check_voucher(tx: &Tx, id: RunId, rows: &[BounceRow]) -> Result<()> {
    for row in rows {
        if row.bank_reference.trim().is_empty() {
            return Err(LedgerError::refused("请填写退汇凭证号。"));
        }
        let booked: Option<i32> = Query::new(
            &BOOKS,
            &NONE,
            "SELECT l.line_no FROM bounce b JOIN payment_line l ON l.id = b.line_id \
             WHERE b.run_id = ? AND b.bank_reference = ? AND b.file_sm3 IS NULL",
        )
        .bind(id)
        .bind(row.bank_reference.trim())
        .optional_as(tx, |row| row.get("line_no"))
        .await?;
        if let Some(other) = booked.filter(|other| *other != row.line_no) {
            return Err(LedgerError::refused(format!(
                "凭证号{}已用于登记序号{other}的退汇，一张凭证登记一笔，请核对凭证。",
                row.bank_reference.trim()
            )));
        }
    }
    Ok(())
}

/// What a row makes of its line: owed again, nothing, or what is wrong with it.
fn fits(
    run: &PaymentRun,
    row: &BounceRow,
    line: Option<Line>,
    today: NaiveDate,
) -> std::result::Result<Option<Bounced>, String> {
    let number = row.line_no;
    let Some(line) = line else {
        return Err(format!("序号{number}不在本批次中，请核对是否读入了别的批次的文件。"));
    };
    if line.amount != row.amount {
        return Err(format!(
            "序号{number}的金额应为{}元，退汇为{}元，请向银行核实。",
            line.amount, row.amount
        ));
    }
    let reason = match &row.outcome {
        AnswerOutcome::Succeeded if line.state == LineState::Succeeded => return Ok(None),
        AnswerOutcome::Succeeded => {
            return Err(format!(
                "序号{number}文件中写的是“成功”，本批次记的是“{}”，请向银行核实。",
                line.state.title()
            ));
        }
        AnswerOutcome::Failed(reason) => reason.trim(),
    };
    if reason.is_empty() {
        return Err(format!("序号{number}没有写明退汇原因，请向银行补要原因。"));
    }
    if let Some(before) = line.returned_on {
        let on = zh_date(before);
        return Err(match line.again {
            Some(again) => format!(
                "序号{number}已于{on}登记退汇，并已列入批次{again}重新发放，不能再次登记；重新发放的款项又退回的，请在批次{again}登记。"
            ),
            None => format!("序号{number}已于{on}登记退汇，同一笔不能登记两次。"),
        });
    }
    match line.state {
        LineState::Succeeded => {}
        LineState::Open => {
            return Err(format!(
                "序号{number}银行还没有回盘或者回盘正在入账，请先读入回盘，入账以后再登记退汇。"
            ));
        }
        LineState::Failed => {
            return Err(match line.again {
                Some(again) => format!(
                    "序号{number}银行回盘为失败，已列入批次{again}重新发放；退回的是重新发放的款项的，请在批次{again}登记。"
                ),
                None => format!("序号{number}银行回盘为失败，没有付出，不是退汇，请核对。"),
            });
        }
        LineState::Nothing | LineState::Blocked | LineState::Withdrawn | LineState::Cancelled => {
            return Err(format!("序号{number}在本批次中没有发放，请核对是否读入了别的批次的文件。"));
        }
    }
    if row.on > today {
        return Err(format!("序号{number}的退汇日期{}晚于今天，请核对。", zh_date(row.on)));
    }
    if let Some(sent) = run.exported_at.map(Now::today)
        && row.on < sent
    {
        return Err(format!(
            "序号{number}的退汇日期{}早于银行文件导出的日期{}，请核对。",
            zh_date(row.on),
            zh_date(sent)
        ));
    }
    Ok(Some(Bounced {
        line: line.id,
        entitlement: line.entitlement,
        case: line.case,
        amount: line.amount,
        on: row.on,
        reason: reason.to_owned(),
        bank: line.bank,
        number_tail: line.number_tail,
        account: line.account,
        bank_reference: row.bank_reference.trim().to_owned(),
    }))
}

/// The red entry: what was paid is not, and is owed again.
async fn book(
    tx: &Tx,
    run: &PaymentRun,
    lines: &[Bounced],
    sm3: Option<&str>,
    officer: Officer,
) -> Result<()> {
    let reference = format!("{}退汇", run.reference);
    let entry = Entry {
        reference: &reference,
        officer: officer.staff,
        at: officer.at,
        ..batch::entry(run, "answer")
    };
    let journal = accounts::open(tx, &entry).await?;
    let row = |one: &Bounced| {
        values![
            one.line,
            run.id,
            one.amount,
            one.on,
            one.reason.as_str(),
            one.bank_reference.as_str(),
            sm3.map(str::to_owned),
            journal,
            officer.staff,
            officer.at.at_ms()
        ]
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    let columns = [
        "line_id",
        "run_id",
        "amount_fen",
        "returned_on",
        "reason",
        "bank_reference",
        "file_sm3",
        "journal_id",
        "made_by",
        "made_at",
    ];
    insert_many(&BOOKS, tx, "bounce", &columns, rows).await?;
    let total = Fen(lines.iter().map(|one| one.amount.0).sum());
    accounts::post(tx, journal, PAID, None, total).await?;
    let owed = format!(
        "INSERT INTO posting (journal_id, account, entitlement_id, amount_fen) \
         SELECT ?, '{PAYABLE}', l.entitlement_id, -l.amount_fen FROM payment_line l WHERE l.id IN ({{list}})"
    );
    for lines in lines.chunks(BATCH) {
        let ids: Vec<LineId> = lines.iter().map(|one| one.line).collect();
        Query::new(&BOOKS, &NONE, owed.clone())
            .bind(journal)
            .bind_list(ids.iter().copied())
            .execute(tx)
            .await?;
        for sql in [
            "INSERT INTO unpaid_due (due_id, entitlement_id, amount_fen) \
             SELECT t.due_id, l.entitlement_id, t.amount_fen FROM payment_line l JOIN attempt t ON t.line_id = l.id \
             WHERE l.id IN ({list})",
            "UPDATE attempt SET state = 'failed' WHERE line_id IN ({list})",
            "UPDATE payment_line SET state = 'failed', reason = (SELECT '退汇：' || b.reason FROM bounce b \
             WHERE b.line_id = payment_line.id) WHERE id IN ({list})",
        ] {
            Query::new(&BOOKS, &NONE, sql).bind_list(ids.iter().copied()).execute(tx).await?;
        }
    }
    accounts::close(tx, journal).await
}

/// The accounts that the bank could not pay into, each once.
async fn stop_accounts(tx: &Tx, lines: &[Bounced], officer: Officer) -> Result<()> {
    let mut stopped = BTreeSet::new();
    for one in lines {
        let Some(account) = one.account.filter(|account| stopped.insert(account.0)) else { continue };
        let reason = format!(
            "银行{}退汇（{}），这个账户停用；另报一个账户，或者与银行核实，经另一人复核以后发放",
            zh_date(one.on),
            one.reason
        );
        payee::stop(tx, account, &reason, officer).await?;
    }
    Ok(())
}

/// A line that came back, as the run's page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceRecord {
    /// The line.
    pub line: LineId,
    /// Number in the bank file.
    pub line_no: i32,
    /// Whose benefit.
    pub entitlement: EntitlementId,
    /// Its holder.
    pub holder: PersonId,
    /// Village.
    pub division: DivisionId,
    /// How much.
    pub amount: Fen,
    /// When.
    pub on: NaiveDate,
    /// The bank's reason.
    pub reason: String,
    /// The bank's number of the return, or the voucher's; may be empty for a row of a file.
    pub bank_reference: String,
    /// SM3 of the file; none for a voucher.
    pub file_sm3: Option<String>,
    /// When it was entered.
    pub made_at: Now,
    /// The run that pays or has paid it again.
    pub again: Option<RunId>,
    /// Whether the benefit has a confirmed account by now.
    pub has_account: bool,
}

fn read(row: &Row) -> store::Result<BounceRecord> {
    Ok(BounceRecord {
        line: row.get("line_id")?,
        line_no: row.get("line_no")?,
        entitlement: row.get("entitlement_id")?,
        holder: row.get("holder_person_id")?,
        division: row.get("division_id")?,
        amount: row.get("amount_fen")?,
        on: row.get("returned_on")?,
        reason: row.get("reason")?,
        bank_reference: row.get("bank_reference")?,
        file_sm3: row.get("file_sm3")?,
        made_at: Now::from_unix_ms(row.get("made_at")?),
        again: row.get("again")?,
        has_account: row.get("has_account")?,
    })
}

/// The lines of a run that came back, in the order of the bank file, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn of_run(
    connection: &impl Connection,
    scope: &Scope,
    run: RunId,
    limit: usize,
) -> Result<Vec<BounceRecord>> {
    let sql = format!(
        "SELECT b.line_id, l.line_no, l.entitlement_id, e.holder_person_id, e.division_id, b.amount_fen, b.returned_on, b.reason, \
         b.bank_reference, b.file_sm3, b.made_at, {AGAIN}, EXISTS (SELECT 1 FROM payee p WHERE p.entitlement_id = e.id \
           AND p.state = 'confirmed') AS has_account FROM bounce b JOIN payment_line l ON l.id = b.line_id \
         JOIN entitlement e ON e.id = l.entitlement_id WHERE {{scope}} AND b.run_id = ? ORDER BY b.line_id LIMIT ?"
    );
    Ok(Query::new(scope, &ENTITLEMENT, sql).bind(run).bind(limit).all_as(connection, read).await?)
}
