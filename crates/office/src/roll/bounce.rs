//! Money that the bank sends back after it said "paid" (退汇), at the accountant's desk: a later file of the bank in the columns of its answer, or one
//! line typed from its voucher. The ledger checks and books; here are the rights, the audit, and the letter that asks the family for another account.
//!
//! One hand reads it, as with the bank's answer: nothing is paid by it. What is paid again goes with a run that a second person approves, to an
//! account that a second person confirmed.

use chrono::NaiveDate;
use ledger::approve::ControlTotals;
use ledger::bounce::{self, BounceRecord, BounceRow, Source, Taken};
use ledger::{AnswerOutcome, AnswerProblem, LedgerError, Officer, PaymentRun, RunId};
use serde_json::json;
use store::{AuditEntry, Tx};
use vocab::{Fen, Now};

use super::business;
use super::payments::run_for;
use crate::access::{Actor, Granted, MakeRun, ReadPayments};
use crate::casework::letters;
use crate::tabular::{self, CellFault, CellKind, ColumnDefinition, Table, TableDefinition};
use crate::{Office, OfficeError, audited, uploads};

/// The letter's id in the pack.
const LETTER: &str = "payment_returned";
/// Lines that came back which the page of a run shows; its failed lines list them all.
pub const SHOWN: usize = 200;

/// What taking a return did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// Lines that are owed again.
    pub lines: usize,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Families that are written to; without a case of ours there is nobody to write to by it.
    pub letters: usize,
}

/// What reading a file did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnsRead {
    /// All rows fit and are booked.
    Read(Returned),
    /// Nothing was booked: these rows do not fit.
    Refused(Vec<CellFault>),
}

/// One line as the bank's voucher (退汇凭证) says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Number in the bank file.
    pub line_no: i32,
    /// How much.
    pub amount: Fen,
    /// The day it came back.
    pub on: NaiveDate,
    /// The bank's reason.
    pub reason: String,
    /// The voucher's number.
    pub number: String,
}

/// The columns of the bank's answer; a list of returns alone needs no outcome, and may say its day line by line.
fn definition() -> TableDefinition {
    let words = [
        ("succeeded", "成功"),
        ("succeeded", "交易成功"),
        ("succeeded", "入账成功"),
        ("succeeded", "发放成功"),
        ("succeeded", "已入账"),
        ("returned", "退汇"),
        ("returned", "已退汇"),
        ("returned", "退票"),
        ("returned", "失败"),
        ("returned", "交易失败"),
        ("returned", "入账失败"),
        ("returned", "发放失败"),
        ("returned", "未入账"),
    ];
    let words = words.iter().map(|(code, title)| ((*code).to_owned(), (*title).to_owned())).collect();
    TableDefinition {
        title: "退汇".to_owned(),
        columns: vec![
            ColumnDefinition::new("line_no", "序号", CellKind::Integer)
                .required()
                .also(&["编号", "明细序号"]),
            ColumnDefinition::new("amount", "金额", CellKind::Money).required().also(&[
                "退汇金额",
                "交易金额",
                "发放金额",
            ]),
            ColumnDefinition::new("outcome", "结果", CellKind::Code(words)).also(&[
                "处理结果",
                "交易结果",
                "状态",
                "交易状态",
            ]),
            ColumnDefinition::new("reason", "失败原因", CellKind::Text).also(&[
                "退汇原因",
                "退票原因",
                "原因",
                "错误信息",
                "返回信息",
            ]),
            ColumnDefinition::new("on", "退汇日期", CellKind::Date).also(&["退回日期", "退票日期"]),
            ColumnDefinition::new("reference", "流水号", CellKind::Text).also(&["银行流水号", "交易流水号"]),
        ],
    }
}

fn fault(row: u32, message: &str) -> CellFault {
    CellFault { row, title: String::new(), address: String::new(), message: message.to_owned() }
}

/// Reads a file of the bank with what came back. All rows fit or nothing is kept; the same file read twice changes nothing. `expected` are the
/// control totals of its cover sheet, `on` the day for rows that name none.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area and businesses; [`OfficeError::Invalid`] when file or headers cannot be read; the ledger's.
pub async fn read_returns(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    name: &str,
    bytes: &[u8],
    expected: ControlTotals,
    on: NaiveDate,
) -> Result<ReturnsRead, OfficeError> {
    let of = run_for(office, actor, run).await?;
    let mut sheets = tabular::read_file(name, bytes)?;
    for sheet in &mut sheets {
        sheet.rows.retain(|row| !tabular::is_total(row));
    }
    let table = Table::read(&sheets, &definition())?;
    let mut faults = table.faults.clone();
    let mut rows = Vec::with_capacity(table.rows.len());
    let mut numbers = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let (Some(line_no), Some(amount)) = (table.integer(row, "line_no"), table.money(row, "amount"))
        else {
            continue;
        };
        let Ok(line_no) = i32::try_from(line_no) else {
            faults.push(fault(row.number, "序号不在本批次中"));
            continue;
        };
        let outcome = match table.code(row, "outcome").as_deref() {
            Some("succeeded") => AnswerOutcome::Succeeded,
            _ => AnswerOutcome::Failed(table.text(row, "reason").unwrap_or_default()),
        };
        numbers.push(row.number);
        rows.push(BounceRow {
            line_no,
            amount,
            on: table.date(row, "on").unwrap_or(on),
            outcome,
            bank_reference: table.text(row, "reference").unwrap_or_default(),
        });
    }
    if !faults.is_empty() {
        return Ok(ReturnsRead::Refused(faults));
    }
    let sm3 = uploads::sm3_of(bytes);
    let source = Source::File { sm3: &sm3, totals: expected };
    match booked(office, actor, &of, &rows, source).await {
        Ok(returned) => Ok(ReturnsRead::Read(returned)),
        Err(OfficeError::Ledger(LedgerError::Answer(problems))) => {
            Ok(ReturnsRead::Refused(placed(&problems, &numbers)))
        }
        Err(error) => Err(error),
    }
}

/// The ledger counts rows from 1; a person counts as Excel does.
fn placed(problems: &[AnswerProblem], numbers: &[u32]) -> Vec<CellFault> {
    let place = |row: Option<usize>| row.and_then(|row| numbers.get(row - 1)).copied().unwrap_or(0);
    problems.iter().map(|problem| fault(place(problem.row), &problem.text)).collect()
}

/// Books one line that came back, by its voucher.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area and businesses; the ledger's: a line that was never paid or has come back before, another amount,
/// a voucher that was booked.
pub async fn record_voucher(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    voucher: &Voucher,
) -> Result<Returned, OfficeError> {
    let of = run_for(office, actor, run).await?;
    let Voucher { line_no, amount, on, reason, number } = voucher.clone();
    let outcome = AnswerOutcome::Failed(reason);
    let row = BounceRow { line_no, amount, on, outcome, bank_reference: number };
    booked(office, actor, &of, &[row], Source::Voucher).await
}

/// Books, writes to the families and into the audit, in one transaction.
async fn booked(
    office: &Office,
    actor: &Actor,
    of: &PaymentRun,
    rows: &[BounceRow],
    source: Source<'_>,
) -> Result<Returned, OfficeError> {
    let now = office.now();
    let officer = Officer { staff: actor.staff, at: now };
    let tx = office.db().begin().await?;
    let taken = bounce::take(&tx, &actor.scope(), of.id, rows, source, officer).await?;
    let letters = write_to_families(office, &tx, of, &taken, now).await?;
    let returned = Returned { lines: taken.lines.len(), unchanged: taken.unchanged, letters };
    let written = match source {
        Source::File { sm3, .. } => json!({ "sm3": sm3 }),
        Source::Voucher => json!({ "voucher": rows.first().map(|row| row.bank_reference.as_str()) }),
    };
    let total: i64 = taken.lines.iter().map(|one| one.amount.0).sum();
    let details = json!({
        "written": written, "lines": returned.lines, "total_fen": total, "unchanged": returned.unchanged, "letters": letters,
    });
    let entry = audited(now.at_ms(), actor.audit(), "run.returned", ("payment_run", of.id.0));
    tx.audit(AuditEntry { division: Some(actor.division), details, ..entry }).await?;
    tx.commit().await?;
    Ok(returned)
}

/// Asks the families for another account: a letter of the case by which they were granted. How many. A release that has no such letter sends none;
/// the family's own sheet says it in any case.
async fn write_to_families(
    office: &Office,
    tx: &Tx,
    of: &PaymentRun,
    taken: &Taken,
    now: Now,
) -> Result<usize, OfficeError> {
    let release = office.release();
    if release.letters.get(LETTER).is_none() {
        return Ok(0);
    }
    let programme = release.programmes.get(&of.programme);
    let title = programme.map_or(of.programme.as_str(), |programme| programme.title.as_str());
    let mut written = 0;
    for one in &taken.lines {
        let Some(case) = one.case else { continue };
        let fields = [
            ("programme", json!(title)),
            ("paid_month", json!(of.month.to_string())),
            ("amount_fen", json!(one.amount.0)),
            ("returned_on", json!(one.on)),
            ("reason", json!(one.reason)),
            ("bank", json!(release.code_title("bank", &one.bank))),
            ("number_tail", json!(one.number_tail)),
        ];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        letters::queue_of_case(office, tx, case, LETTER, fields, of.county, now).await?;
        written += 1;
    }
    Ok(written)
}

/// The lines of a run that came back, in the reader's area; at most [`SHOWN`].
///
/// # Errors
/// [`OfficeError::NotFound`] for another business's run; the database's.
pub async fn returned(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: &PaymentRun,
) -> Result<Vec<BounceRecord>, OfficeError> {
    business::demand_found(office, actor, &run.programme, "这个批次")?;
    Ok(bounce::of_run(office.db(), &actor.scope(), run.id, SHOWN).await?)
}
