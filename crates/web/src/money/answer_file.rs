//! The bank's answer (回盘), read with the totals of its cover sheet; all rows fit or nothing is booked.

use axum::extract::Path;
use ledger::RunId;
use ledger::approve::ControlTotals;
use maud::{Markup, html};
use office::access::MakeRun;
use office::roll::payments::{self, AnswerOutcomeRead};
use office::tabular::CellFault;
use vocab::Fen;

use super::PAYMENTS;
use super::common::{already, remember};
use super::runs::run_title;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::form::{
    Errors, Field, Width, buttons, error_summary, file_upload, form_upload, money_input, unit_input,
};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, parts};

/// Rows of an upload that do not fit: place and how to mend it.
pub(crate) fn faults_table(caption: &str, faults: &[CellFault]) -> Table<'static> {
    let rows: Vec<Vec<Markup>> = faults
        .iter()
        .map(|fault| {
            vec![
                html! {
                    @if !fault.address.is_empty() { (fault.address) }
                    @else if fault.row > 0 { "第 " (fault.row) " 行" }
                    @else { "整个文件" }
                },
                html! { (fault.title) },
                html! { (fault.message) },
            ]
        })
        .collect();
    Table {
        id: "faults".into(),
        caption: caption.to_owned().into(),
        columns: vec![Column::new("位置"), Column::new("列"), Column::new("问题")],
        rows,
        ..Table::default()
    }
}

pub(super) async fn page(desk: Desk<MakeRun>, Path(id): Path<RunId>) -> Result<Page, Fault> {
    form_page(&desk, id, &Fields::default(), &Errors::none(), &[]).await
}

async fn form_page(
    desk: &Desk<MakeRun>,
    id: RunId,
    typed: &Fields,
    errors: &Errors,
    faults: &[CellFault],
) -> Result<Page, Fault> {
    let run = payments::run_for(desk.office(), desk.granted(), id).await?;
    let body = html! {
        (unit_input(&Field::new("count", "回盘笔数").hint("银行回单或者封面上的数，成功、失败都算。").value(typed.get("count"))
            .width(Width::Chars10).inputmode("numeric").errors(errors), "笔"))
        (money_input(&Field::new("total", "回盘金额合计").value(typed.get("total")).errors(errors)))
        (file_upload(&Field::new("file", "回盘文件").hint("Excel 或 CSV，须有序号、金额、结果三列；失败的要有失败原因。").errors(errors), ".xlsx,.xls,.csv", false))
        (buttons("读入", &[Link::new(format!("/desk/payments/{id}"), "取消")]))
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some(&run_title(desk, &run)), "读入银行回盘"))
        @if !faults.is_empty() {
            (parts::warning_text("文件与本批次不符，没有入账。请核对下列各处后重新读入。"))
            (faults_table("不符之处", faults))
        }
        div.prose { (form_upload(&format!("/desk/payments/{id}/answer"), &desk.key(), &body)) }
    };
    Ok(Page::new("读入银行回盘", content)
        .under(PAYMENTS)
        .back(format!("/desk/payments/{id}"), "返回批次")
        .errors(errors))
}

pub(super) async fn read(
    desk: Desk<MakeRun>,
    Path(id): Path<RunId>,
    KeyedForm { key, form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let mut errors = Errors::none();
    let count: Option<i64> = form.get("count").replace(',', "").parse().ok();
    if count.is_none() {
        errors.add("count", "请填写回盘笔数。");
    }
    let total: Option<Fen> = typed::value(&form, "total", "请填写回盘金额合计。", &mut errors);
    let file = files.iter().find(|file| file.field == "file");
    match file {
        None => errors.add("file", "请选择回盘文件。"),
        Some(file) if file.too_large => errors.add("file", file.too_large_message()),
        Some(_) => {}
    }
    let (Some(count), Some(total), Some(file), true) = (count, total, file, errors.is_empty()) else {
        return Ok(form_page(&desk, id, &form, &errors, &[]).await?.into());
    };
    let expected = ControlTotals { count, total };
    match payments::read_answer(desk.office(), desk.granted(), id, &file.name, &file.bytes, expected).await {
        Ok(AnswerOutcomeRead::Read { read, .. }) => {
            let to = format!("/desk/payments/{id}");
            remember(&desk, &key, &to).await?;
            let said = format!(
                "已读入回盘 {} 笔，其中 {} 笔以前读过。正在入账。",
                read.new + read.repeated,
                read.repeated
            );
            Ok(SeeOther::to(to).done(said).into())
        }
        Ok(AnswerOutcomeRead::Refused(faults)) => {
            errors.add("file", format!("文件中有 {} 处不符，没有入账。", faults.len()));
            Ok(form_page(&desk, id, &form, &errors, &faults).await?.into())
        }
        Err(error) => Ok(form_page(&desk, id, &form, &form_errors(error)?, &[]).await?.into()),
    }
}
