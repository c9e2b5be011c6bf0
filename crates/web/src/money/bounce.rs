//! What the bank sends back after it had paid (退汇): the lines of a run that came back, and two forms, for a file of the bank and for one voucher.

use axum::extract::Path;
use ledger::approve::ControlTotals;
use ledger::{PaymentRun, RunId};
use maud::{Markup, html};
use office::access::{MakeRun, ReadPayments};
use office::roll::bounce::{self, Returned, ReturnsRead, SHOWN, Voucher};
use office::roll::payments;
use office::tabular::CellFault;
use office::{divisions, people};
use vocab::{Fen, zh_date};

use super::PAYMENTS;
use super::answer_file::faults_table;
use super::common::{already, remember, yuan};
use super::runs::run_title;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::form::{
    Errors, Field, Width, buttons, date_input, error_summary, file_upload, form_post, form_upload,
    money_input, text_input, unit_input,
};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, parts};

/// The lines of a run that came back; nothing where none did.
pub(super) async fn section(desk: &Desk<ReadPayments>, run: &PaymentRun) -> Result<Markup, Fault> {
    let office = desk.office();
    let returned = bounce::returned(office, desk.granted(), run).await?;
    if returned.is_empty() {
        return Ok(html! {});
    }
    let names = people::names(office.db(), returned.iter().map(|one| one.holder)).await?;
    let places = divisions::names(office.db(), returned.iter().map(|one| one.division)).await?;
    let rows: Vec<Vec<Markup>> = returned
        .iter()
        .map(|one| {
            vec![
                html! { a.govuk-link href={ "/desk/roll/" (one.entitlement) } { (names.get(&one.holder).map_or("—", String::as_str)) } },
                html! { (one.line_no) },
                html! { (places.get(&one.division).map_or("", String::as_str)) },
                html! { (yuan(one.amount)) },
                html! { (zh_date(one.on)) },
                html! { (one.reason) },
                html! {
                    @if one.file_sm3.is_some() { "银行文件" } @else { "凭证" }
                    @if !one.bank_reference.is_empty() { " " (one.bank_reference) }
                },
                html! {
                    @if let Some(again) = one.again { (Link::new(format!("/desk/payments/{again}"), "已重新发放")) }
                    @else if one.has_account { "待重新发放" }
                    @else { "等家庭另报账户" }
                },
            ]
        })
        .collect();
    let heads = ["户主", "序号", "村（社区）", "金额（元）", "退汇日期", "银行的原因", "凭据", "现在怎样"];
    let column = |head: &'static str| match head {
        "序号" | "金额（元）" => Column::new(head).numeric(),
        _ => Column::new(head),
    };
    let table = Table {
        id: "returned".into(),
        caption: "退汇".into(),
        columns: heads.into_iter().map(column).collect(),
        rows,
        ..Table::default()
    };
    Ok(html! {
        (table)
        @if returned.len() == SHOWN { p.govuk-body { "只列出前 " (SHOWN) " 笔，全部在发放失败的明细里。" } }
    })
}

/// `GET /desk/payments/{run}/returned`
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
    let here = format!("/desk/payments/{id}");
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(typed.get(name)).errors(errors)
    };
    let cancel = [Link::new(here.clone(), "取消")];
    let of_file = html! {
        (unit_input(&field("count", "退汇笔数").hint("文件中的全部行，银行回单或者封面上的数。").width(Width::Chars10).inputmode("numeric"), "笔"))
        (money_input(&field("total", "退汇金额合计")))
        (date_input(&Field::new("on", "退汇日期").hint("银行把钱退回来的日期；文件中有“退汇日期”一列的，以文件为准。").errors(errors), &typed.date("on")))
        (file_upload(&Field::new("file", "退汇文件").hint("Excel 或 CSV，须有序号、金额、退汇原因；有“结果”一列的，写“成功”的行不变。").errors(errors), ".xlsx,.xls,.csv", false))
        (buttons("读入退汇文件", &cancel))
    };
    let of_voucher = html! {
        (text_input(&field("line_no", "序号").hint("银行文件中的序号，在批次明细里可以查到。").width(Width::Chars10).inputmode("numeric")))
        (money_input(&field("amount", "退汇金额")))
        (date_input(&Field::new("day", "退汇日期").errors(errors), &typed.date("day")))
        (text_input(&field("reason", "退汇原因").hint("照抄银行写的，例如账户已销户、户名不符。").max_chars(200)))
        (text_input(&field("voucher", "退汇凭证号").hint("一张凭证登记一笔。").max_chars(60)))
        (buttons("登记这一笔", &cancel))
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some(&run_title(desk, &run)), "登记退汇"))
        @if !faults.is_empty() {
            (parts::warning_text("文件与本批次不符，没有登记。请核对下列各处后重新读入。"))
            (faults_table("不符之处", faults))
        }
        div.prose {
            (parts::inset(&html! {
                p.govuk-body { "银行回盘说已经发放、以后又退回来的，在这里登记。登记以后这一笔改作应发未发，原账户停用，家庭会收到通知书，请其另报账户；新账户复核以后，用“重发失败明细”重新发放。" }
                p.govuk-body { "名册导入、没有办件的家庭收不到通知书，请通知乡镇（街道）告诉家庭。" }
            }))
            h2.govuk-heading-m { "读入银行的退汇文件" }
            (form_upload(&format!("{here}/returned"), &desk.key(), &of_file))
            h2.govuk-heading-m { "按凭证登记一笔" }
            (form_post(&format!("{here}/returned/line"), &desk.key(), &of_voucher))
        }
    };
    Ok(Page::new("登记退汇", content).under(PAYMENTS).back(here, "返回批次").errors(errors))
}

fn said(returned: &Returned) -> String {
    let mut said = format!("已登记退汇 {} 笔，改作应发未发", returned.lines);
    if returned.letters > 0 {
        said.push_str(&format!("，已给 {} 户发出通知书", returned.letters));
    }
    if returned.unchanged > 0 {
        said.push_str(&format!("；另有 {} 行没有变化", returned.unchanged));
    }
    said.push('。');
    said
}

/// `POST /desk/payments/{run}/returned`
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
        errors.add("count", "请填写退汇笔数。");
    }
    let total: Option<Fen> = typed::value(&form, "total", "请填写退汇金额合计。", &mut errors);
    let on = typed::date(&form, "on", &mut errors);
    let file = files.iter().find(|file| file.field == "file");
    match file {
        None => errors.add("file", "请选择退汇文件。"),
        Some(file) if file.too_large => errors.add("file", file.too_large_message()),
        Some(_) => {}
    }
    let (Some(count), Some(total), Some(on), Some(file), true) = (count, total, on, file, errors.is_empty())
    else {
        return Ok(form_page(&desk, id, &form, &errors, &[]).await?.into());
    };
    let expected = ControlTotals { count, total };
    let (office, actor) = (desk.office(), desk.granted());
    match bounce::read_returns(office, actor, id, &file.name, &file.bytes, expected, on).await {
        Ok(ReturnsRead::Read(returned)) => {
            let to = format!("/desk/payments/{id}");
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done(said(&returned)).into())
        }
        Ok(ReturnsRead::Refused(faults)) => {
            errors.add("file", format!("文件中有 {} 处不符，没有登记。", faults.len()));
            Ok(form_page(&desk, id, &form, &errors, &faults).await?.into())
        }
        Err(error) => Ok(form_page(&desk, id, &form, &form_errors(error)?, &[]).await?.into()),
    }
}

/// `POST /desk/payments/{run}/returned/line`
pub(super) async fn line(
    desk: Desk<MakeRun>,
    Path(id): Path<RunId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let mut errors = Errors::none();
    let line_no: Option<i32> = form.get("line_no").parse().ok();
    if line_no.is_none() {
        errors.add("line_no", "请填写银行文件中的序号，是一个整数。");
    }
    let amount: Option<Fen> = typed::value(&form, "amount", "请填写退汇金额。", &mut errors);
    let on = typed::date(&form, "day", &mut errors);
    let reason = typed::text(&form, "reason", "请填写退汇原因。", &mut errors);
    let number = typed::text(&form, "voucher", "请填写退汇凭证号。", &mut errors);
    let (Some(line_no), Some(amount), Some(on), Some(reason), Some(number)) =
        (line_no, amount, on, reason, number)
    else {
        return Ok(form_page(&desk, id, &form, &errors, &[]).await?.into());
    };
    let voucher = Voucher { line_no, amount, on, reason, number };
    match bounce::record_voucher(desk.office(), desk.granted(), id, &voucher).await {
        Ok(returned) => {
            let to = format!("/desk/payments/{id}");
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done(said(&returned)).into())
        }
        Err(error) => Ok(form_page(&desk, id, &form, &form_errors(error)?, &[]).await?.into()),
    }
}
