//! Payment runs of past months, to the bank and back.

use std::ops::ControlFlow;

use ledger::approve::ControlTotals;
use ledger::bank::{AnswerOutcome, AnswerRow};
use ledger::{Officer, RunId};
use office::access::Actor;
use office::roll::payments;
use office::{Office, OfficeError};
use vocab::Month;

use crate::staff::County;

/// One month's run from beginning to end; one line comes back unpaid.
pub(super) async fn pay(office: &Office, county: &County, month: Month) -> Result<(), OfficeError> {
    let scope = county.accountant.scope();
    let officer = Officer { staff: county.accountant.staff, at: office.now() };
    let run =
        ledger::run::make_run(office.db(), &scope, county.division, "dibao", month, officer, &mut |_| {
            ControlFlow::Continue(())
        })
        .await?;
    let made = ledger::run::load(office.db(), &scope, run).await?;
    let totals = ControlTotals { count: made.line_count, total: made.total };
    if totals.count == 0 {
        return Ok(());
    }
    payments::approve(office, &county.approver.grant()?, run, totals).await?;
    payments::export_bank_file(office, &county.accountant.grant()?, run, office::tabular::ListFormat::Csv)
        .await?;
    answered(office, &county.accountant, run, totals, 1).await
}

/// The bank answers a run that was exported and the run is closed; the first lines come back unpaid.
///
/// # Errors
/// Of the run.
pub async fn answered(
    office: &Office,
    accountant: &Actor,
    run: RunId,
    totals: ControlTotals,
    unpaid: usize,
) -> Result<(), OfficeError> {
    let scope = accountant.scope();
    let officer = Officer { staff: accountant.staff, at: office.now() };
    ledger::run::carry_on(office.db(), run, &mut |_| ControlFlow::Continue(())).await?;
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let lines = ledger::bank::lines(office.db(), &scope, run, after, 1000).await?;
        let Some(last) = lines.last() else { break };
        after = last.line_no;
        rows.extend(lines.iter().map(|line| AnswerRow {
            line_no: line.line_no,
            amount: line.amount,
            outcome: AnswerOutcome::Succeeded,
            bank_reference: format!("{run}-{:06}", line.line_no),
        }));
    }
    for row in rows.iter_mut().take(unpaid) {
        row.outcome = AnswerOutcome::Failed("账户状态异常".to_owned());
        row.bank_reference.clear();
    }
    let tx = office.db().begin().await?;
    ledger::bank::read_answer(&tx, &scope, run, &rows, totals, officer).await?;
    tx.commit().await?;
    ledger::run::carry_on(office.db(), run, &mut |_| ControlFlow::Continue(())).await?;
    payments::close(office, &accountant.grant()?, run).await
}
