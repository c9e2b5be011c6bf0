//! What is done with a run: approved, cancelled, sent to the bank, tried again, closed.

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use ledger::RunId;
use ledger::approve::ControlTotals;
use ledger::reissue::Lines;
use office::access::{ApproveRun, MakeRun};
use office::roll::payments;
use office::tabular::ListFormat;
use serde::Deserialize;
use vocab::Fen;

use super::common::{already, download, remember, yuan};
use super::run::run_page;
use crate::answer::{Answer, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SeenTotals {
    count: i64,
    total: String,
}

pub(super) async fn approve(
    desk: Desk<ApproveRun>,
    Path(id): Path<RunId>,
    KeyedForm { key, form, .. }: KeyedForm<SeenTotals>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/payments/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let total = Fen::from_yuan(&form.total)
        .map_err(|_| Fault::Refused("页面上的合计金额没有完整送达，请刷新后重新核对。".to_owned()))?;
    let seen = ControlTotals { count: form.count, total };
    match payments::approve(desk.office(), desk.granted(), id, seen).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            let said = format!("已复核同意发放 {} 笔、{} 元。", seen.count, yuan(seen.total));
            Ok(SeeOther::to(to).done(said).into())
        }
        Err(error) => Ok(run_page(&desk.desk()?, id, &form_errors(error)?).await?.into()),
    }
}

pub(super) async fn cancel(
    desk: Desk<MakeRun>,
    Path(id): Path<RunId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/payments/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match payments::cancel(desk.office(), desk.granted(), id, form.get("reason")).await {
        Ok(_) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("批次正在作废。").into())
        }
        Err(error) => Ok(run_page(&desk.desk()?, id, &form_errors(error)?).await?.into()),
    }
}

/// The SM3 of the form of record travels with the file, whichever form is taken.
const FILE_HASH: HeaderName = HeaderName::from_static("x-file-sm3");

pub(super) async fn bank_file(
    desk: Desk<MakeRun>,
    Path(id): Path<RunId>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Response, Fault> {
    let format = if form.get("format") == "csv" { ListFormat::Csv } else { ListFormat::Excel };
    let file = payments::export_bank_file(desk.office(), desk.granted(), id, format).await?;
    let mut response = download(&file.file.name, format.mime(), file.file.bytes);
    if let Ok(hash) = HeaderValue::from_str(&file.sm3) {
        response.headers_mut().insert(FILE_HASH, hash);
    }
    Ok(response)
}

pub(super) async fn reissue(
    desk: Desk<MakeRun>,
    Path(id): Path<RunId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    match payments::reissue(desk.office(), desk.granted(), id, &Lines::All).await {
        Ok((again, _)) => {
            let to = format!("/desk/payments/{again}");
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("重发批次已开始生成。").into())
        }
        Err(error) => Ok(run_page(&desk.desk()?, id, &form_errors(error)?).await?.into()),
    }
}

pub(super) async fn supplement(
    desk: Desk<MakeRun>,
    Path(id): Path<RunId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    match payments::supplement(desk.office(), desk.granted(), id, form.get("supplement_reason")).await {
        Ok(made) => {
            let to = format!("/desk/payments/{made}");
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("补充发放批次已生成，等待另一人复核。").into())
        }
        Err(error) => Ok(run_page(&desk.desk()?, id, &form_errors(error)?).await?.into()),
    }
}

pub(super) async fn close(
    desk: Desk<MakeRun>,
    Path(id): Path<RunId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/payments/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match payments::close(desk.office(), desk.granted(), id).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("批次已办结。").into())
        }
        Err(error) => Ok(run_page(&desk.desk()?, id, &form_errors(error)?).await?.into()),
    }
}
