//! The month's money at the accountant's desk. The ledger makes, explains, checks and books; this module holds the rights, the
//! audit, and the one place where whole account numbers come together: the bank's file.
//!
//! A run is made and exported with [`MakeRun`], approved with [`ApproveRun`] by somebody else (the database insists), a payee
//! is proposed with [`Payee`] and confirmed with [`PayeeConfirm`] by somebody else. Each for the business to which the programme belongs
//! ([`super::business`]); a run or benefit of another one is not there.

use std::collections::HashMap;
use std::ops::ControlFlow;

use ledger::approve::ControlTotals;
use ledger::bank::{AnswerOutcome, AnswerRead, AnswerRow, BankLine};
use ledger::compare::{Difference, Summary};
use ledger::payee::{NewPayee, Proposer};
use ledger::reissue::Lines;
use ledger::run::PaymentRun;
use ledger::supplement::StandingOpen;
use ledger::{
    BankAccountId, Decision, EntitlementId, LedgerError, LineId, Officer, PayeeId, RunId, RunState,
};
use serde_json::json;
use store::jobs::{self, Beat, Claim};
use store::{AuditEntry, Cursor, JobId, Page, Query};
use vocab::{Fen, Month};

use super::business;
use super::export::ListFile;
use crate::access::{
    Actor, ApproveRun, Export, Granted, MakeRun, Payee, PayeeConfirm, Permission, ReadPayments, Right,
};
use crate::people::{self, NewAccount, sealing};
use crate::tabular::{
    self, CellFault, CellKind, ColumnDefinition, ListCell, ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE,
    Table, TableDefinition,
};
use crate::{Office, OfficeError, audited, divisions, uploads};

/// The kind of the job that carries a run on to the end of its state.
pub const RUN_JOB: &str = "payment_run";

/// A run of one's area, of a programme for whose business the actor holds the right.
///
/// # Errors
/// Out of scope, or another business's: the two look alike.
pub async fn run_for<P: Permission>(
    office: &Office,
    actor: &Granted<P>,
    run: RunId,
) -> Result<PaymentRun, OfficeError> {
    let found = ledger::run::load(office.db(), &actor.scope(), run).await?;
    business::demand_found(office, actor, &found.programme, "这个批次")?;
    Ok(found)
}

fn officer(office: &Office, actor: &Actor) -> Officer {
    Officer { staff: actor.staff, at: office.now() }
}

fn run_entry(
    actor: &Actor,
    at: i64,
    action: &'static str,
    run: RunId,
    details: serde_json::Value,
) -> AuditEntry {
    AuditEntry {
        division: Some(actor.division),
        details,
        ..audited(at, actor.audit(), action, ("payment_run", run.0))
    }
}

/// Begins the month's run of the actor's county; a job makes its lines. Asked again for the same month, it is the same run.
///
/// # Errors
/// [`OfficeError::Forbidden`] outside a county, or for another business's programme; the ledger's.
pub async fn make_run(
    office: &Office,
    actor: &Granted<MakeRun>,
    programme: &str,
    month: Month,
) -> Result<(RunId, JobId), OfficeError> {
    business::demand(office, actor, programme)?;
    let county = actor.county.ok_or(OfficeError::Forbidden(MakeRun::RIGHT))?;
    if office.release().programmes.get(programme).is_some_and(|programme| programme.by_list) {
        return Err(OfficeError::invalid("programme", "这项待遇按月造册发放，请到“按月造册”页面办理。"));
    }
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let run = ledger::run::begin(&tx, &actor.scope(), county, programme, month, officer).await?;
    let job = jobs::enqueue_single(&tx, RUN_JOB, &run.to_string(), None).await?;
    let details = json!({ "programme": programme, "month": month });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.made", run, details)).await?;
    tx.commit().await?;
    Ok((run, job))
}

/// Does the job: carries a run on, batch by batch, until its state is complete. Killed anywhere, it goes on.
///
/// # Errors
/// The ledger's; the job is taken again.
pub async fn work_run(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let run: RunId =
        claim.job.payload.parse().map_err(|_| OfficeError::Internal("任务内容无法识别".to_owned()))?;
    loop {
        let mut progress = None;
        // Stop after every batch: the progress of a job is written between batches, not inside one.
        let step = ledger::run::carry_on(office.db(), run, &mut |at| {
            progress = Some(at);
            ControlFlow::Break(())
        })
        .await;
        match step {
            Ok(_) => {
                // An answer read a moment ago counts on this job: it ends only when there is nothing left to do.
                let tx = office.db().begin().await?;
                if ledger::run::is_at_rest(&tx, run).await? {
                    claim.finished(&tx, "已完成").await?;
                    tx.commit().await?;
                    return Ok(());
                }
                tx.rollback().await?;
            }
            Err(LedgerError::Paused) => {
                let done = claim.job.done + progress.map_or(0, |at| i64::try_from(at.done).unwrap_or(0));
                if claim.progress(office.db(), done, None).await? == Beat::Cancel {
                    return Ok(claim.cancelled(office.db()).await?);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A run of one's county, to be read.
///
/// # Errors
/// As [`run_for`].
pub async fn find_run(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: RunId,
) -> Result<PaymentRun, OfficeError> {
    run_for(office, actor, run).await
}

/// Runs of one's area and businesses, newest first.
///
/// # Errors
/// The database's.
pub async fn runs(
    office: &Office,
    actor: &Granted<ReadPayments>,
    programme: Option<&str>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PaymentRun>, OfficeError> {
    runs_with(office, actor, &[Right::ReadPayments], programme, cursor, size).await
}

/// Those of programmes for which the actor holds all of the rights.
async fn runs_with(
    office: &Office,
    actor: &Actor,
    rights: &[Right],
    programme: Option<&str>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PaymentRun>, OfficeError> {
    let asked = programme.map(|programme| vec![programme.to_owned()]);
    let programmes = business::shown(&office.release(), actor, rights, asked.as_deref());
    Ok(ledger::pages::runs(office.db(), &actor.scope(), programmes.as_deref(), cursor, size).await?)
}

/// All runs as a file, the newest first. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::Invalid`] for more runs than one reads; the file cannot be written.
pub async fn runs_sheet(
    office: &Office,
    actor: &Granted<ReadPayments>,
    export: &Granted<Export>,
    programme: Option<&str>,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let release = office.release();
    let columns = [
        ListColumn::new("待遇项目", 18),
        ListColumn::new("批次", 22),
        ListColumn::new("县（市、区）", 14),
        ListColumn::new("状态", 10),
        ListColumn::new("笔数", 10),
        ListColumn::new("金额（元）", 16),
        ListColumn::new("未列入（户）", 12),
        ListColumn::new("生成时间", 20),
    ];
    let title = format!("{}发放批次", export.division_name);
    let mut list = ListWriter::new(format, "发放批次", Some(&title), &columns)?;
    let mut cursor = None;
    let mut rows: usize = 0;
    loop {
        let rights = [Right::ReadPayments, Right::Export];
        let page = runs_with(office, actor, &rights, programme, cursor.as_ref(), ROWS_AT_ONCE).await?;
        let places = divisions::names(office.db(), page.rows.iter().map(|run| run.county)).await?;
        for run in &page.rows {
            let programme = release.programmes.get(&run.programme);
            list.row(&[
                programme.map_or(run.programme.as_str(), |programme| programme.title.as_str()).into(),
                run.reference.as_str().into(),
                places.get(&run.county).map_or("", String::as_str).into(),
                run.state.title().into(),
                run.line_count.into(),
                run.total.into(),
                run.blocked_count.into(),
                run.made_at.zh().into(),
            ])?;
        }
        rows += page.rows.len();
        match page.next {
            Some(_) if rows >= RUNS_MAX => {
                return Err(OfficeError::invalid(
                    "programme",
                    format!("批次超过 {RUNS_MAX} 个，请按待遇项目分别导出。"),
                ));
            }
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let bytes = list.finish()?;
    let entry = AuditEntry {
        division: Some(actor.division),
        details: json!({ "rows": rows, "programme": programme, "format": format.extension() }),
        ..audited(
            office.now().at_ms(),
            actor.audit(),
            "payment.runs_exported",
            ("division", actor.division.0),
        )
    };
    office.db().audit_read(entry).await?;
    Ok(bytes)
}

/// More are not one list that a person reads.
const RUNS_MAX: usize = 20_000;

/// A run against the month before, in figures and family by family (`after` the last one shown).
///
/// # Errors
/// Out of scope.
pub async fn compare(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: RunId,
    after: EntitlementId,
    limit: usize,
) -> Result<(Summary, Vec<Difference>), OfficeError> {
    run_for(office, actor, run).await?;
    let summary = ledger::compare::summary(office.db(), &actor.scope(), run).await?;
    let differences = ledger::compare::differences(office.db(), &actor.scope(), run, after, limit).await?;
    Ok((summary, differences))
}

/// The second person approves what they have seen: the count and the sum on their screen.
///
/// # Errors
/// The ledger's: the maker, other totals, a difference without a cause.
pub async fn approve(
    office: &Office,
    actor: &Granted<ApproveRun>,
    run: RunId,
    seen: ControlTotals,
) -> Result<(), OfficeError> {
    run_for(office, actor, run).await?;
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    ledger::approve::approve(&tx, &actor.scope(), run, seen, officer).await?;
    let details = json!({ "count": seen.count, "total_fen": seen.total });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.approved", run, details)).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a run back before it went to the bank.
///
/// # Errors
/// The ledger's.
pub async fn cancel(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    reason: &str,
) -> Result<JobId, OfficeError> {
    run_for(office, actor, run).await?;
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    ledger::cancel::begin_cancel(&tx, &actor.scope(), run, reason, officer).await?;
    let job = jobs::enqueue_single(&tx, RUN_JOB, &run.to_string(), None).await?;
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.cancelled", run, json!({ "reason": reason }))).await?;
    tx.commit().await?;
    Ok(job)
}

/// Takes one family out of a run that has not gone to the bank.
///
/// # Errors
/// The ledger's.
pub async fn withdraw_line(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    line: LineId,
    reason: &str,
) -> Result<(), OfficeError> {
    run_for(office, actor, run).await?;
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    ledger::cancel::withdraw_line(&tx, &actor.scope(), run, line, reason, officer).await?;
    let details = json!({ "line": line.0, "reason": reason });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.line_withdrawn", run, details)).await?;
    tx.commit().await?;
    Ok(())
}

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
        let page = ledger::bank::lines(office.db(), &scope, run, after, ROWS_AT_ONCE).await?;
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
    ledger::bank::begin_export(&tx, &scope, run, &sm3, totals, officer).await?;
    // Should this process die now, the job brings the books to their end.
    jobs::enqueue_single(&tx, RUN_JOB, &run.to_string(), None).await?;
    let details =
        json!({ "sm3": sm3, "count": totals.count, "total_fen": totals.total, "format": format.extension() });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.exported", run, details)).await?;
    tx.commit().await?;
    if ledger::run::load(office.db(), &scope, run).await?.state == RunState::Exporting {
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

/// A second run with the failed lines of an exported one; it too is approved by a second person.
///
/// # Errors
/// The ledger's.
pub async fn reissue(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    lines: &Lines,
) -> Result<(RunId, JobId), OfficeError> {
    run_for(office, actor, run).await?;
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let again = ledger::reissue::reissue(&tx, &actor.scope(), run, lines, officer).await?;
    let job = jobs::enqueue_single(&tx, RUN_JOB, &again.to_string(), None).await?;
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.reissued", again, json!({ "of": run.0 }))).await?;
    tx.commit().await?;
    Ok((again, job))
}

/// What stands open after a run, for months up to its own, in the reader's area.
///
/// # Errors
/// The database's.
pub async fn standing_open(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: &PaymentRun,
) -> Result<StandingOpen, OfficeError> {
    business::demand_found(office, actor, &run.programme, "这个批次")?;
    Ok(ledger::supplement::standing_open(office.db(), &actor.scope(), run).await?)
}

/// A supplementary run of what stands open after a month's run; it too is approved by a second person.
///
/// # Errors
/// The ledger's: no reason, nothing open.
pub async fn supplement(
    office: &Office,
    actor: &Granted<MakeRun>,
    run: RunId,
    reason: &str,
) -> Result<RunId, OfficeError> {
    run_for(office, actor, run).await?;
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    let made = ledger::supplement::supplement(&tx, &actor.scope(), run, reason, officer).await?;
    let details = json!({ "of": run.0, "reason": reason.trim() });
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.supplemented", made, details)).await?;
    tx.commit().await?;
    Ok(made)
}

/// Closes a run that is wholly answered.
///
/// # Errors
/// The ledger's.
pub async fn close(office: &Office, actor: &Granted<MakeRun>, run: RunId) -> Result<(), OfficeError> {
    run_for(office, actor, run).await?;
    let officer = officer(office, actor);
    let tx = office.db().begin().await?;
    ledger::bank::close(&tx, &actor.scope(), run, officer).await?;
    tx.audit(run_entry(actor, officer.at.at_ms(), "run.closed", run, serde_json::Value::Null)).await?;
    tx.commit().await?;
    Ok(())
}

/// Another account for a benefit, to be confirmed by somebody else. The account is recorded with its holder first.
///
/// # Errors
/// The ledger's; [`OfficeError::Invalid`] without reason or reference, and for the account of somebody who has died.
pub async fn propose_payee(
    office: &Office,
    actor: &Granted<Payee>,
    entitlement: EntitlementId,
    account: &NewAccount,
    reference: &str,
    reason: &str,
) -> Result<PayeeId, OfficeError> {
    business::benefit(office, actor, entitlement).await?;
    let now = office.now();
    let scope = actor.scope();
    let tx = office.db().begin().await?;
    let id = people::add_account_in(office, &tx, &scope, &actor.audit(), account).await?;
    people::refuse_dead_holder(&tx, id).await?;
    let new = NewPayee {
        account: BankAccountId(id.0),
        holder_name: account.holder_name.as_str().to_owned(),
        bank: account.bank.trim().to_owned(),
        number_tail: account.number.last_four().to_owned(),
        proposed_by: Proposer::Staff(actor.staff),
    };
    let decision = Decision {
        reference: reference.trim().to_owned(),
        reason: reason.trim().to_owned(),
        case: None,
        determination: None,
        officer: actor.staff,
        at: now,
    };
    let payee = ledger::payee::propose(&tx, &scope, entitlement, &new, &decision).await?;
    payee_audit(
        &tx,
        actor,
        now.at_ms(),
        "payee.proposed",
        payee,
        json!({ "entitlement": entitlement.0, "reason": reason }),
    )
    .await?;
    tx.commit().await?;
    Ok(payee)
}

/// The second person confirms a proposed account, or refuses it.
///
/// # Errors
/// The ledger's: the proposer; whose account it is has died.
pub async fn settle_payee(
    office: &Office,
    actor: &Granted<PayeeConfirm>,
    payee: PayeeId,
    confirm: bool,
) -> Result<(), OfficeError> {
    let row = ledger::pages::payee(office.db(), &actor.scope(), payee).await?;
    business::benefit(office, actor, row.entitlement).await?;
    let officer = officer(office, actor);
    let scope = actor.scope();
    let tx = office.db().begin().await?;
    let action = if confirm {
        people::refuse_dead_holder(&tx, people::BankAccountId(row.account.0)).await?;
        ledger::payee::confirm(&tx, &scope, payee, officer).await?;
        "payee.confirmed"
    } else {
        ledger::payee::refuse(&tx, &scope, payee, officer).await?;
        "payee.refused"
    };
    payee_audit(&tx, actor, officer.at.at_ms(), action, payee, serde_json::Value::Null).await?;
    tx.commit().await?;
    Ok(())
}

async fn payee_audit(
    tx: &store::Tx,
    actor: &Actor,
    at: i64,
    action: &'static str,
    payee: PayeeId,
    details: serde_json::Value,
) -> Result<(), OfficeError> {
    let entry = audited(at, actor.audit(), action, ("payee", payee.0));
    tx.audit(AuditEntry { division: Some(actor.division), details, ..entry }).await?;
    Ok(())
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
