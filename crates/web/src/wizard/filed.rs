//! After sending: the number to keep, the receipt, what comes next; at the window a code for the citizen's own sign-in.

use axum::extract::Path;
use maud::{Markup, html};
use office::OfficeError;
use office::access::{self, CodeChannel, FileForOther};
use office::casework::{CaseRow, Doer, letters};
use store::CaseId;

use super::{Hand, taken_in};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::{Begun, Desk};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::Link;
use crate::ui::form::{ButtonKind, button_group, button_link, form_post, submit};
use crate::ui::parts::{inset, panel, print_button};

pub(super) async fn show(hand: Hand, Path(id): Path<CaseId>) -> Result<Page, Fault> {
    let code = match &hand {
        Hand::Citizen(_) => html! {},
        Hand::Desk(desk) => html! {
            h2.govuk-heading-m { "申请人要自己查进度吗" }
            p.govuk-body { "可以当场给申请人一个验证码，凭验证码和身份证后四位登录。以前发的验证码随之失效。" }
            (form_post(&format!("/desk/filed/{id}/code"), &desk.key(), &submit("发放验证码", ButtonKind::Secondary, None)))
        },
    };
    filed_page(&hand, id, &code).await
}

async fn filed_page(hand: &Hand, id: CaseId, code: &Markup) -> Result<Page, Fault> {
    let office = hand.office();
    let case = match CaseRow::seen(office, hand.doer(), id).await {
        // Of another office or family: who handed it in sees that it arrived.
        Err(OfficeError::NotFound(_)) => return taken_in::filed(hand, id).await,
        found => found?,
    };
    if let Hand::Desk(desk) = hand {
        let subject = ("case", id.0);
        access::opened(office, desk.actor(), "case.opened", subject, Some(id), case.township).await?;
    }
    let letters = letters::of_case(office.db(), &hand.scope(), id).await?;
    let release = office.release();
    let item = release.items.get(&case.item).ok_or(Fault::Hidden)?;
    let step = item.step(&case.step);
    let content = html! {
        div.prose {
            (panel("已提交", &html! { "编号" br; strong { (case.number) } }))
            p.govuk-body { (item.title) "，" (vocab::zh_date(case.filed_on)) "提交。请记下或者打印这个编号。" }
            @if let Some(step) = step { (inset(&html! { p.govuk-body { "接下来：" (step.public_text) } })) }
            @for letter in &letters {
                p.govuk-body {
                    @if letter.ready { (Link::new(format!("{}/letters/{}", hand.side(), letter.id), format!("打印{}", letter.title))) }
                    @else { (letter.title) "正在制作，一分钟后刷新本页就可以打印。" }
                }
            }
            (code)
            (button_group(&html! {
                (button_link(&format!("{}/cases/{id}", hand.side()), "看这件办件", ButtonKind::Primary))
                (Link::new(hand.home(), "返回"))
            }))
            (print_button())
        }
    };
    Ok(Page::new("已提交", content).under(hand.nav()))
}

/// The code is shown once, on the page that answers, and kept with the form's key.
pub(super) async fn issue_code(
    desk: Desk<FileForOther>,
    Path(id): Path<CaseId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let case = CaseRow::seen(desk.office(), Doer::Desk(desk.actor()), id).await?;
    let write = match desk.begin(&key).await? {
        Begun::Again(_) => {
            return Err(Fault::Refused(
                "这张表单的验证码已经发放，只显示一次。没有记下的，请重新发放。".to_owned(),
            ));
        }
        Begun::First(write) => write,
    };
    let (office, actor) = (desk.office(), desk.granted());
    let issued =
        access::issue_citizen_code_in(office, write.tx(), actor, case.applicant, CodeChannel::Face).await?;
    write.finish("").await?;
    let code = html! {
        h2.govuk-heading-m { "验证码" }
        p.govuk-body-l { strong { (issued.code.reveal()) } }
        p.govuk-body { "有效到 " (vocab::Now::from_unix_ms(issued.expires_at).zh()) "，只能用一次。请当面交给申请人，不要用短信、微信转发。离开本页后不再显示。" }
    };
    filed_page(&Hand::Desk(Box::new(desk)), id, &code).await
}
