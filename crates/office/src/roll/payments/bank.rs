//! To the bank and back: the file with whole account numbers, fixed by its hash, and the answer, all of it or none.

use std::collections::HashMap;
use std::ops::ControlFlow;

use ledger::approve::ControlTotals;
use ledger::bank::{AnswerOutcome, AnswerRead, AnswerRow, BankLine};
use ledger::run::PaymentRun;
use ledger::{BankAccountId, LedgerError, RunId, RunState};
use serde_json::json;
use store::{JobId, Query, jobs};
use vocab::Fen;

use super::super::export::ListFile;
use super::{RUN_JOB, officer, run_entry, run_for};
use crate::access::{Granted, MakeRun, ReadPayments};
use crate::people::sealing;
use crate::tabular::{
    self, CellFault, CellKind, ColumnDefinition, ListCell, ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE,
    Table, TableDefinition,
};
use crate::{Office, OfficeError, uploads};

/// The bank's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankFile {
    /// The file.
    pub file: ListFile,
    /// Count and sum of its lines.
    pub totals: ControlTotals,
    /// SM3 of the CSV form, which is the form of record: an Excel file of the same lines has no bytes of its own to rely on.
    pub sm3: String,
}

/// The bank's file as CSV or Excel. The first export fixes its hash; every later one must give the same lines. The file leaves
/// the program only after the books say that it is with the bank.
///
/// # Errors
/// The ledger's: not approved, or the lines are not those of the first export.
pub async fn export_bank_file(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    format: ListFormat,
) -> Result<BankFile, OfficeError> {
    let of = run_for(office, actor, run).await?;
    let officer = officer(office, actor);
    let scope = actor.scope();
    let release = office.release();
    let mut lines: Vec<(BankLine, String)> = Vec::new();
    let mut after = 0;
    loop {
        let page = ledger::bank::lines(office.db(), &scope, &of, after, ROWS_AT_ONCE).await?;
        let Some(last) = page.last() else { break };
        after = last.line_no;
        let numbers = account_numbers(office, &page).await?;
        for line in page {
            let number = numbers.get(&line.account).cloned();
            let number = number.ok_or_else(|| OfficeError::Internal("发放明细的账户不存在".to_owned()))?;
            // The bank reads its own name, not the code of our list.
            let bank = release.code_title("bank", &line.bank).to_owned();
            lines.push((BankLine { bank, ..line }, number));
        }
    }
    let total = Fen::checked_sum(lines.iter().map(|(line, _)| line.amount));
    let totals = ControlTotals {
        count: i64::try_from(lines.len()).unwrap_or(i64::MAX),
        total: total.ok_or_else(|| OfficeError::Internal("合计超出范围".to_owned()))?,
    };
    let remark = remark(office, &of);
    let record = write_bank_file(ListFormat::Csv, &lines, totals, &remark, None)?;
    let sm3 = uploads::sm3_of(&record);
    let tx = office.db().begin().await?;
    // Held only now: the file was made of what the books cannot change any more, and they check it once more.
    let state = ledger::bank::begin_export(&tx, &scope, run, &sm3, totals, officer).await?;
    // Should this process die now, the job brings the books to their end.
    jobs::enqueue_single(&tx, RUN_JOB, &run.to_string(), None).await?;
    let details =
        json!({ "sm3": sm3, "count": totals.count, "total_fen": totals.total, "format": format.extension() });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.exported", run, details)).await?;
    tx.commit().await?;
    if state == RunState::Exporting {
        ledger::run::carry_on(office.db(), run, &mut |_| ControlFlow::Continue(())).await?;
    }
    let bytes = match format {
        ListFormat::Csv => record,
        ListFormat::Excel => write_bank_file(format, &lines, totals, &remark, Some(&sm3))?,
    };
    let name = format!("{}{}批次{run}.{}", of.month, of.kind.title(), format.extension());
    Ok(BankFile { file: ListFile { name, bytes, rows: lines.len() }, totals, sm3 })
}

fn remark(office: &Office, run: &PaymentRun) -> String {
    let release = office.release();
    let programme = release.programmes.get(&run.programme);
    let title = match programme {
        // The bank and whoever sees the account learn that it is help, not what for.
        Some(programme) if programme.confidential.is_some() => "民政补助",
        Some(programme) => programme.title.as_str(),
        None => run.programme.as_str(),
    };
    format!("{}{title}", run.month.zh())
}

fn write_bank_file(
    format: ListFormat,
    lines: &[(BankLine, String)],
    totals: ControlTotals,
    remark: &str,
    sm3: Option<&str>,
) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ListColumn::new("序号", 8),
        ListColumn::new("户名", 14),
        ListColumn::new("账号", 26),
        ListColumn::new("开户银行", 24),
        ListColumn::new("金额", 14),
        ListColumn::new("摘要", 28),
    ];
    let mut list = ListWriter::new(format, "代发明细", None, &columns)?;
    for (line, number) in lines {
        list.row(&[
            i64::from(line.line_no).into(),
            line.holder_name.as_str().into(),
            number.as_str().into(),
            line.bank.as_str().into(),
            line.amount.into(),
            remark.into(),
        ])?;
    }
    list.totals(&[
        "合计".into(),
        format!("{} 笔", totals.count).into(),
        ListCell::Empty,
        ListCell::Empty,
        totals.total.into(),
        sm3.map(|hash| format!("SM3 {hash}")).into(),
    ])?;
    Ok(list.finish()?)
}

async fn account_numbers(
    office: &Office,
    lines: &[BankLine],
) -> Result<HashMap<BankAccountId, String>, OfficeError> {
    let rows = Query::system(
        "the bank's file needs whole numbers",
        "SELECT b.id, b.number_sealed FROM bank_account b WHERE b.id IN ({list})",
    )
    .bind_list(lines.iter().map(|line| line.account))
    .all(office.db())
    .await?;
    rows.iter()
        .map(|row| {
            let number = sealing::open_account(office.keys(), &row.get::<Vec<u8>>("number_sealed")?)?;
            Ok((row.get("id")?, number.expose().to_owned()))
        })
        .collect()
}

/// The bank's answer as a table. Banks word success in their ways; anything else is not guessed.
fn answer_definition() -> TableDefinition {
    let words = [
        ("succeeded", "成功"),
        ("succeeded", "交易成功"),
        ("succeeded", "入账成功"),
        ("succeeded", "发放成功"),
        ("succeeded", "已入账"),
        ("failed", "失败"),
        ("failed", "交易失败"),
        ("failed", "入账失败"),
        ("failed", "发放失败"),
        ("failed", "未入账"),
        ("failed", "退汇"),
    ];
    let words = words.iter().map(|(code, title)| ((*code).to_owned(), (*title).to_owned())).collect();
    TableDefinition {
        title: "回盘".to_owned(),
        columns: vec![
            ColumnDefinition::new("line_no", "序号", CellKind::Integer)
                .required()
                .also(&["编号", "明细序号"]),
            ColumnDefinition::new("amount", "金额", CellKind::Money)
                .required()
                .also(&["交易金额", "发放金额"]),
            ColumnDefinition::new("outcome", "结果", CellKind::Code(words)).required().also(&[
                "处理结果",
                "交易结果",
                "状态",
                "交易状态",
            ]),
            ColumnDefinition::new("reason", "失败原因", CellKind::Text).also(&[
                "原因",
                "错误信息",
                "返回信息",
            ]),
            ColumnDefinition::new("reference", "流水号", CellKind::Text).also(&["银行流水号", "交易流水号"]),
        ],
    }
}

/// What reading an answer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerOutcomeRead {
    /// All rows fit; a job books them.
    Read {
        /// New and repeated rows.
        read: AnswerRead,
        /// The job.
        job: JobId,
    },
    /// Nothing was booked: these rows do not fit.
    Refused(Vec<CellFault>),
}

/// Reads the bank's answer. All rows fit or nothing is kept; read twice, the second time changes nothing. `expected` are the
/// control totals on the bank's cover sheet.
///
/// # Errors
/// [`OfficeError::Invalid`] when file or headers cannot be read; the ledger's.
pub async fn read_answer(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    name: &str,
    bytes: &[u8],
    expected: ControlTotals,
) -> Result<AnswerOutcomeRead, OfficeError> {
    run_for(office, actor, run).await?;
    // Read before the transaction begins: nobody else waits for a large file.
    let officer = officer(office, actor);
    let mut sheets = tabular::read_file(name, bytes)?;
    // The bank sends our own control line back, and its own.
    for sheet in &mut sheets {
        sheet.rows.retain(|row| !tabular::is_total(row));
    }
    let table = Table::read(&sheets, &answer_definition())?;
    let mut faults = table.faults.clone();
    let mut rows = Vec::with_capacity(table.rows.len());
    let mut numbers = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let (Some(line_no), Some(amount), Some(outcome)) =
            (table.integer(row, "line_no"), table.money(row, "amount"), table.code(row, "outcome"))
        else {
            continue;
        };
        let Ok(line_no) = i32::try_from(line_no) else {
            faults.push(fault(row.number, "序号不在本批次中"));
            continue;
        };
        let outcome = if outcome == "succeeded" {
            AnswerOutcome::Succeeded
        } else {
            AnswerOutcome::Failed(table.text(row, "reason").unwrap_or_default())
        };
        numbers.push(row.number);
        let bank_reference = table.text(row, "reference").unwrap_or_default();
        rows.push(AnswerRow { line_no, amount, outcome, bank_reference });
    }
    if !faults.is_empty() {
        return Ok(AnswerOutcomeRead::Refused(faults));
    }
    let tx = office.db().begin().await?;
    let read = match ledger::bank::read_answer(&tx, &actor.scope(), run, &rows, expected, officer).await {
        Ok(read) => read,
        Err(LedgerError::Answer(problems)) => {
            tx.rollback().await?;
            // The ledger counts rows from 1; a person counts as Excel does.
            let place = |row: Option<usize>| row.and_then(|row| numbers.get(row - 1)).copied().unwrap_or(0);
            return Ok(AnswerOutcomeRead::Refused(
                problems.iter().map(|problem| fault(place(problem.row), &problem.text)).collect(),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let job = jobs::enqueue_single(&tx, RUN_JOB, &run.to_string(), None).await?;
    let details = json!({ "sm3": uploads::sm3_of(bytes), "rows": rows.len(), "new": read.new, "repeated": read.repeated });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.answered", run, details)).await?;
    tx.commit().await?;
    Ok(AnswerOutcomeRead::Read { read, job })
}

fn fault(row: u32, message: &str) -> CellFault {
    CellFault { row, title: String::new(), address: String::new(), message: message.to_owned() }
}

/// Lines that the bank has not answered.
///
/// # Errors
/// Out of scope.
pub async fn unanswered(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: RunId,
) -> Result<ControlTotals, OfficeError> {
    run_for(office, actor, run).await?;
    Ok(ledger::bank::unanswered(office.db(), &actor.scope(), run).await?)
}
