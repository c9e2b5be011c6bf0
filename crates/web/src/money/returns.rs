//! Money that comes back of a benefit: what is claimed, and a form for what has arrived.

use axum::extract::Path;
use ledger::pages::EntitlementRow;
use ledger::recovery::{Recovery, Return};
use ledger::{EntitlementId, RecoveryId};
use maud::{Markup, html};
use office::access::{MakeRun, ReadPayments, Right};
use office::roll::{business, recoveries};
use vocab::Fen;

use super::ROLL;
use super::common::{already, remember, yuan};
use super::entitlement;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, date_input, error_summary, form_post, radios, submit, text_input,
};
use crate::ui::table::{Column, Table};

/// What is claimed of a benefit, on its page; nothing where nothing is.
pub(super) async fn claimed(desk: &Desk<ReadPayments>, row: &EntitlementRow) -> Result<Markup, Fault> {
    let id = row.id;
    let claims = recoveries::recoveries(desk.office(), desk.granted(), id).await?;
    let open = claims.iter().any(|claim| !claim.outstanding.is_zero());
    Ok(html! {
        @if !claims.is_empty() {
            (table(&claims))
            @if open && desk.may_for(Right::MakeRun, &row.programme) {
                p.govuk-body { (Link::new(format!("/desk/roll/{id}/returns"), "登记退回到账")) }
            }
        }
    })
}

fn table(claims: &[Recovery]) -> Markup {
    let row = |claim: &Recovery| {
        vec![
            html! { (claim.reference) },
            html! { (claim.reason) },
            html! { (yuan(claim.amount)) },
            html! { @match claim.offset_per_month { Some(offset) => { "每月抵扣 " (yuan(offset)) }, None => "由家庭退回" } },
            html! { (yuan(Fen(claim.netted.0 + claim.offset.0))) },
            html! { (yuan(claim.returned)) },
            html! { (yuan(claim.outstanding)) },
        ]
    };
    let table = Table {
        id: "recoveries".into(),
        caption: "追回（元）".into(),
        columns: vec![
            Column::new("决定"),
            Column::new("原因"),
            Column::new("应追回").numeric(),
            Column::new("怎样追回"),
            Column::new("已抵扣").numeric(),
            Column::new("已退回").numeric(),
            Column::new("还差").numeric(),
        ],
        rows: claims.iter().map(row).collect(),
        ..Table::default()
    };
    html! { (table) }
}

/// `GET /desk/roll/{entitlement}/returns`
pub(super) async fn page(desk: Desk<ReadPayments>, Path(id): Path<EntitlementId>) -> Result<Page, Fault> {
    let row = business::benefit(desk.office(), desk.granted(), id).await?;
    entitlement::read_by(&desk, &row).await?;
    shown(&desk, &row, &Fields::default(), &Errors::none()).await
}

async fn shown(
    desk: &Desk<ReadPayments>,
    row: &EntitlementRow,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let id = row.id;
    let claims = recoveries::recoveries(desk.office(), desk.granted(), id).await?;
    let open: Vec<Choice<'_>> = claims
        .iter()
        .filter(|claim| !claim.outstanding.is_zero())
        .map(|claim| {
            let words = format!("{}，还差 {} 元", claim.reference, yuan(claim.outstanding));
            Choice::new(claim.id.to_string(), words)
        })
        .collect();
    let chosen = match (typed.get("recovery"), open.as_slice()) {
        ("", [only]) => only.value.to_string(),
        (typed, _) => typed.to_owned(),
    };
    let content = html! {
        (crate::ui::parts::heading(None, "登记退回到账"))
        (error_summary(errors))
        (table(&claims))
        @if open.is_empty() { p.govuk-body { "没有要追回的款项。" } }
        @else if desk.may_for(Right::MakeRun, &row.programme) {
            (form_post(&format!("/desk/roll/{id}/returns"), &desk.key(), &html! {
                (radios(&Field::new("recovery", "是哪一笔").value(&chosen).errors(errors), &open))
                (text_input(&Field::new("amount", "到账金额（元）").value(typed.get("amount")).errors(errors)))
                (date_input(&Field::new("on", "到账日期").errors(errors), &typed.date("on")))
                (text_input(&Field::new("voucher", "缴款凭证号").hint("一张凭证登记一次。").value(typed.get("voucher")).errors(errors)))
                (submit("登记", ButtonKind::Primary, None))
            }))
        }
    };
    Ok(Page::new("登记退回到账", content).under(ROLL).back(format!("/desk/roll/{id}"), "返回").errors(errors))
}

/// `POST /desk/roll/{entitlement}/returns`
pub(super) async fn book(
    desk: Desk<MakeRun>,
    Path(id): Path<EntitlementId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/roll/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let reader = desk.desk::<ReadPayments>()?;
    let row = business::benefit(desk.office(), reader.granted(), id).await?;
    let claims = recoveries::recoveries(desk.office(), reader.granted(), id).await?;
    let mut errors = Errors::none();
    let recovery: Option<RecoveryId> = typed::value(&form, "recovery", "请选择是哪一笔。", &mut errors);
    if recovery.is_some_and(|recovery| claims.iter().all(|claim| claim.id != recovery)) {
        errors.add("recovery", "请选择是哪一笔。");
    }
    let amount = match Fen::from_yuan(form.get("amount")) {
        Ok(amount) => Some(amount),
        Err(error) => {
            errors.add("amount", error.to_string());
            None
        }
    };
    let on = typed::date(&form, "on", &mut errors);
    if let (Some(recovery), Some(amount), Some(on), true) = (recovery, amount, on, errors.is_empty()) {
        let money = Return { amount, on, bank_reference: form.get("voucher").to_owned() };
        match recoveries::record_return(desk.office(), desk.granted(), recovery, &money).await {
            Ok(_) => {
                remember(&desk, &key, &to).await?;
                return Ok(SeeOther::to(to).done("退回已登记。").into());
            }
            Err(error) => return Ok(shown(&reader, &row, &form, &form_errors(error)?).await?.into()),
        }
    }
    Ok(shown(&reader, &row, &form, &errors).await?.into())
}
