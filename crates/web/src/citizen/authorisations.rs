//! 我的核对授权: what may be asked about the citizen, since when, until when; and taking it back.

use axum::extract::Path;
use maud::html;
use office::means_test::{self, AuthorisationId, AuthorisationView};

use crate::answer::{Answer, Page, SeeOther};
use crate::error::Fault;
use crate::extract::{Begun, CitizenDesk};
use crate::form_body::{Fields, KeyedForm};
use crate::routes::{Routes, get};
use crate::ui::Link;
use crate::ui::form::{ButtonKind, button_group, form_post, submit};
use crate::ui::parts::{Colour, SummaryRow, heading, summary_list, tag, warning_text};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/my/authorisations", get(list))
        .route("/my/authorisations/{id}/withdraw", get(ask).post(withdraw))
}

fn rows(view: &AuthorisationView) -> Vec<SummaryRow<'static>> {
    let until = view.expires_on.map_or_else(|| "领取待遇期间".to_owned(), vocab::zh_date);
    vec![
        SummaryRow::new(
            "状态",
            if view.in_force { tag(Colour::Green, "有效") } else { tag(Colour::Grey, "已失效") },
        ),
        SummaryRow::text("可以查询", &view.datasets.join("、")),
        SummaryRow::text("怎样签的", view.method.title()),
        SummaryRow::text("签署日期", &vocab::zh_date(view.signed_on)),
        SummaryRow::text("有效到", &until),
        SummaryRow::text(
            "撤回时间",
            &view.revoked_at.map_or_else(|| "没有撤回".to_owned(), |at| vocab::Now::from_unix_ms(at).zh()),
        ),
    ]
}

async fn list(desk: CitizenDesk) -> Result<Page, Fault> {
    let views = means_test::own_authorisations(desk.office(), desk.citizen()).await?;
    let content = html! {
        div.prose {
            (heading(None, "我的核对授权"))
            p.govuk-body { "您书面同意以后，民政部门才能向有关部门查询您的收入和财产。只用于办理申请和领取期间的核查。" }
            @if views.is_empty() { p.govuk-body { "没有授权记录。" } }
            @for view in &views {
                (summary_list(&rows(view)))
                @if view.revoked_at.is_none() && view.in_force {
                    p.govuk-body { (Link::new(format!("/my/authorisations/{}/withdraw", view.id), "撤回这份授权").about(format!("，{}签署", vocab::zh_date(view.signed_on)))) }
                }
            }
            p.govuk-body { (Link::new("/my/looks", "谁看过我的资料")) }
        }
    };
    Ok(Page::new("我的核对授权", content).under("cases").back("/my/cases", "返回我的办件"))
}

async fn ask(desk: CitizenDesk, Path(id): Path<AuthorisationId>) -> Result<Page, Fault> {
    let views = means_test::own_authorisations(desk.office(), desk.citizen()).await?;
    let view = views.iter().find(|view| view.id == id && view.revoked_at.is_none()).ok_or(Fault::Hidden)?;
    let body = button_group(&html! {
        (submit("撤回授权", ButtonKind::Warning, None))
        (Link::new("/my/authorisations", "不撤回，返回"))
    });
    let content = html! {
        div.prose {
            (heading(None, "撤回核对授权"))
            (summary_list(&rows(view)))
            (warning_text("撤回后不能再查询您的收入和财产。正在办的申请可能因此停下来，正在领取的待遇也可能无法继续核查。以前查过的记录会保留。"))
            (form_post(&format!("/my/authorisations/{id}/withdraw"), &desk.key(), &body))
        }
    };
    Ok(Page::new("撤回核对授权", content).under("cases").back("/my/authorisations", "返回"))
}

async fn withdraw(
    desk: CitizenDesk,
    Path(id): Path<AuthorisationId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    const TO: &str = "/my/authorisations";
    // The key is only looked at here: a second sending finds the authorisation withdrawn, which is what it wanted.
    if let Begun::Again(answer) = desk.begin(&key).await? {
        return Ok(SeeOther::to(answer).into());
    }
    means_test::withdraw_own(desk.office(), desk.citizen(), id).await?;
    if let Begun::First(write) = desk.begin(&key).await? {
        write.finish(TO).await?;
    }
    Ok(SeeOther::to(TO).done("授权已撤回。").into())
}
