//! The account that a benefit is paid to: proposed by one person, confirmed by another.

use axum::extract::Path;
use ledger::pages;
use ledger::{EntitlementId, PayeeId};
use maud::html;
use office::Office;
use office::access::{self, Payee, PayeeConfirm};
use office::people::{self, NewAccount};
use office::roll::{business, payments};
use serde::Deserialize;
use store::PersonId;
use vocab::{BankAccount, PersonName};

use super::ROLL;
use super::common::{already, remember};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::form::{
    Choice, Errors, Field, buttons, error_summary, form_post, select, text_area, text_input,
};
use crate::ui::{Link, parts};

/// The list of banks; an account taken over from an old roll may name another one in words.
const BANKS: &str = "bank";

/// An account as pages show it: bank and last digits.
pub(super) fn account_words(office: &Office, bank: &str, tail: &str) -> String {
    format!("{} ****{tail}", office.release().code_title(BANKS, bank))
}

pub(super) async fn page(desk: Desk<Payee>, Path(id): Path<EntitlementId>) -> Result<Page, Fault> {
    form_page(&desk, id, &Fields::default(), &Errors::none()).await
}

async fn form_page(
    desk: &Desk<Payee>,
    id: EntitlementId,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let (db, scope) = (desk.office().db(), desk.scope());
    let month = desk.office().now().month();
    let row = business::benefit(desk.office(), desk.granted(), id).await?;
    let subject = ("entitlement", id.0);
    access::opened(desk.office(), desk.actor(), "entitlement.read", subject, row.case, row.division).await?;
    let mut persons: Vec<PersonId> = vec![row.holder];
    persons.extend(pages::members(db, &scope, id, month).await?);
    persons.dedup();
    persons.sort_unstable();
    persons.dedup();
    let names = people::names(db, persons.iter().copied()).await?;
    let choices: Vec<Choice<'_>> = persons
        .iter()
        .filter_map(|person| Some(Choice::new(person.to_string(), names.get(person)?.as_str())))
        .collect();
    let release = desk.office().release();
    let banks: Vec<Choice<'_>> = release
        .codelists
        .get(BANKS)
        .into_iter()
        .flat_map(|list| &list.values)
        .filter(|code| !code.retired)
        .map(|code| Choice::new(code.code.as_str(), code.title.as_str()))
        .collect();
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(typed.get(name)).errors(errors)
    };
    let body = html! {
        (select(&field("person", "账户属于哪位成员"), &choices, Some("请选择")))
        (text_input(&field("holder_name", "户名").hint("与银行卡、存折上的姓名一致。").max_chars(50)))
        (select(&field("bank", "开户银行"), &banks, Some("请选择")))
        (text_input(&field("number", "银行账号").inputmode("numeric").max_chars(40)))
        (text_input(&field("reference", "依据").hint("申请书、办件编号或者文号。").max_chars(100)))
        (text_area(&field("reason", "变更原因").max_chars(300), 3))
        (buttons("提交，等待另一人复核", &[Link::new(format!("/desk/roll/{id}"), "取消")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(Some("在册管理"), "变更收款账户"))
            (parts::inset(&html! { p.govuk-body { "新账户经另一人复核后才会使用；已经生成的批次仍按原账户发放。" } }))
            (form_post(&format!("/desk/roll/{id}/payee"), &desk.key(), &body))
        }
    };
    Ok(Page::new("变更收款账户", content).under(ROLL).back(format!("/desk/roll/{id}"), "返回").errors(errors))
}

pub(super) async fn propose(
    desk: Desk<Payee>,
    Path(id): Path<EntitlementId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let mut errors = Errors::none();
    let person: Option<PersonId> = typed::id(&form, "person", "请选择账户属于哪位成员。", &mut errors);
    let holder_name: Option<PersonName> = typed::value(&form, "holder_name", "请填写户名。", &mut errors);
    let bank = typed::text(&form, "bank", "请填写开户银行。", &mut errors);
    let number: Option<BankAccount> = typed::value(&form, "number", "请填写银行账号。", &mut errors);
    let reference = typed::text(&form, "reference", "请填写依据。", &mut errors);
    let reason = typed::text(&form, "reason", "请填写变更原因。", &mut errors);
    let (Some(person), Some(holder_name), Some(bank), Some(number), Some(reference), Some(reason)) =
        (person, holder_name, bank, number, reference, reason)
    else {
        return Ok(form_page(&desk, id, &form, &errors).await?.into());
    };
    let account = NewAccount { person, holder_name, bank, number };
    match payments::propose_payee(desk.office(), desk.granted(), id, &account, &reference, &reason).await {
        Ok(_) => {
            let to = format!("/desk/roll/{id}");
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("账户变更已提交，等待另一人复核。").into())
        }
        Err(error) => Ok(form_page(&desk, id, &form, &form_errors(error)?).await?.into()),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Settle {
    settle: String,
}

pub(super) async fn settle(
    desk: Desk<PayeeConfirm>,
    Path((id, payee)): Path<(EntitlementId, PayeeId)>,
    KeyedForm { key, form, .. }: KeyedForm<Settle>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/roll/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let confirm = form.settle == "confirm";
    payments::settle_payee(desk.office(), desk.granted(), payee, confirm).await?;
    remember(&desk, &key, &to).await?;
    let said = if confirm { "新账户已启用。" } else { "账户变更已退回。" };
    Ok(SeeOther::to(to).done(said).into())
}
