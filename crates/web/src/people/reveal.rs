//! A number in full: asked with a purpose, answered once, never in an address.

use maud::{Markup, html};
use office::access::Reveal;
use office::people::{self, BankAccountId};

use super::on_file::OnFile;
use super::person::seen;
use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::Link;
use crate::ui::form::{Errors, Field, buttons, error_summary, form_post, text_area};
use crate::ui::parts::{SummaryRow, heading, summary_list};

pub(super) async fn person_form(desk: Desk<Reveal>, OnFile(id): OnFile) -> Result<Page, Fault> {
    let person = seen(&desk, id).await?;
    Ok(purpose_page(
        &desk,
        &person.name,
        &format!("/desk/people/{id}/reveal"),
        &format!("/desk/people/{id}"),
        "",
        &Errors::none(),
    ))
}

pub(super) async fn person(
    desk: Desk<Reveal>,
    OnFile(id): OnFile,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let back = format!("/desk/people/{id}");
    match people::reveal_person(desk.office(), desk.granted(), id, form.get("purpose")).await {
        Ok(revealed) => {
            let phone = revealed.phone.as_ref().map_or("没有登记", |phone| phone.as_str());
            let rows =
                [SummaryRow::text("身份证号", &revealed.citizen_id), SummaryRow::text("联系电话", phone)];
            Ok(shown(&summary_list(&rows), &back))
        }
        Err(error) => {
            let errors = form_errors(error)?;
            let name = seen(&desk, id).await?.name;
            Ok(purpose_page(
                &desk,
                &name,
                &format!("/desk/people/{id}/reveal"),
                &back,
                form.get("purpose"),
                &errors,
            ))
        }
    }
}

pub(super) async fn account_form(desk: Desk<Reveal>, Path(id): Path<BankAccountId>) -> Page {
    purpose_page(
        &desk,
        "银行账户",
        &format!("/desk/accounts/{id}/reveal"),
        "/desk/people",
        "",
        &Errors::none(),
    )
}

pub(super) async fn account(
    desk: Desk<Reveal>,
    Path(id): Path<BankAccountId>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    match people::reveal_account(desk.office(), desk.granted(), id, form.get("purpose")).await {
        Ok(number) => Ok(shown(&summary_list(&[SummaryRow::text("银行账号", &number)]), "/desk/people")),
        Err(error) => {
            let errors = form_errors(error)?;
            let action = format!("/desk/accounts/{id}/reveal");
            Ok(purpose_page(&desk, "银行账户", &action, "/desk/people", form.get("purpose"), &errors))
        }
    }
}

fn purpose_page(
    desk: &Desk<Reveal>,
    whose: &str,
    action: &str,
    back: &str,
    typed: &str,
    errors: &Errors,
) -> Page {
    let body = html! {
        (text_area(&Field::new("purpose", "用途").hint("例如：与公安部门核对户籍信息。用途会记入审计，本人登录后可以看到。")
            .value(typed).max_chars(200).errors(errors), 2))
        (buttons("查看", &[Link::new(back, "不看了")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(whose), "查看完整号码"))
            (form_post(action, &desk.key(), &body))
        }
    };
    Page::new("查看完整号码", content).under("people").errors(errors).back(back, "返回")
}

fn shown(rows: &Markup, back: &str) -> Page {
    let content = html! {
        (heading(None, "完整号码"))
        (rows)
        p.govuk-body { "本次查看已记录。用完请离开本页，不要截图或者抄录到系统之外。" }
        p.govuk-body { (Link::new(back, "返回")) }
    };
    Page::new("完整号码", content).under("people")
}
