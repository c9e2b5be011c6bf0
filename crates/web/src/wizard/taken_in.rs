//! 代收: what somebody handed in for others, how far it is, and its receipt.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, FileForOther, Right};
use office::casework::taken_in::{self, Standing, TakenIn};
use serde::Deserialize;
use store::{CaseId, Cursor};

use super::Hand;
use crate::answer::Page;
use crate::desk::shown_letter;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{cursor, download};
use crate::ui::form::{ButtonKind, button_link};
use crate::ui::parts::{Colour, heading, panel, print_button, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    after: String,
}

fn here(hand: &Hand) -> String {
    format!("{}/taken-in", hand.side())
}

/// `GET /desk/taken-in`, `GET /my/taken-in`
pub(super) async fn list(hand: Hand, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let after: Option<Cursor> = cursor(&ask.after)?;
    let page = taken_in::list(hand.office(), hand.filler(), after.as_ref()).await?;
    let base = here(&hand);
    let rows = page.rows.iter().map(|one| {
        vec![
            html! { (one.number) },
            html! { (one.title) },
            html! { (one.applicant) },
            html! { (one.filed_on) },
            html! { (one.township) },
            state(one),
            html! { (Link::new(format!("{base}/{}/receipt", one.case), "打印回执").about(format!("：{}", one.number))) },
        ]
    });
    let (title, words, whose) = match &hand {
        Hand::Desk(_) => (
            "代收的申请",
            "您替别的乡镇（街道）收下的申请，由办理地办理。这里只看得到办到哪里；结果由办理地告知申请人。",
            "申请人",
        ),
        Hand::Citizen(_) => (
            "替别人提交的",
            "不是您家里的事、由您提交的申请。这里只看得到办到哪里；要补材料的，请带到办理地的窗口。",
            "为谁提交",
        ),
    };
    let exports = match &hand {
        Hand::Desk(desk) if desk.may(Right::Export) => {
            vec![Link::new("/desk/taken-in/export", "导出 Excel")]
        }
        _ => Vec::new(),
    };
    let table = Table {
        id: "taken-in".into(),
        caption: title.into(),
        columns: ["受理号", "事项", whose, "提交日期", "办理地", "办到哪里", "回执"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "没有替别处、别人提交的申请。".into(),
        exports,
        pager: Some(Pager {
            previous: after.is_some().then(|| base.clone().into()),
            next: page.next.as_ref().map(|next| address(&base, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (heading(None, title))
        p.govuk-body { (words) }
        (table)
    };
    Ok(Page::new(title, content).under(hand.nav()).back(hand.home(), "返回"))
}

fn state(one: &TakenIn) -> Markup {
    let colour = match one.standing {
        Standing::Sent => Colour::Blue,
        Standing::Missing => Colour::Orange,
        Standing::Accepted => Colour::Yellow,
        Standing::Settled => Colour::Grey,
    };
    tag(colour, one.standing.title())
}

/// After sending what another office handles, or what is of no family of the sender's: the number to keep and the receipt.
pub(super) async fn filed(hand: &Hand, id: CaseId) -> Result<Page, Fault> {
    let (one, letter) = taken_in::find(hand.office(), hand.filler(), id).await?;
    let base = here(hand);
    let content = html! {
        div.prose {
            (panel("已提交", &html! { "编号" br; strong { (one.number) } }))
            p.govuk-body { (one.title) "，" (vocab::zh_date(one.filed_on)) "提交。请记下或者打印这个编号。" }
            p.govuk-body { "由" strong { (one.township) } "办理，材料已经转过去，不用再跑。" (state(&one)) }
            @if letter.is_some() { p { (button_link(&format!("{base}/{id}/receipt"), "打印回执", ButtonKind::Primary)) } }
            p.govuk-body { "以后办到哪里，看" (Link::new(base.clone(), "这里")) "。" }
            (print_button())
        }
    };
    Ok(Page::new("已提交", content).under(hand.nav()))
}

/// `GET /desk/taken-in/{case}/receipt`, `GET /my/taken-in/{case}/receipt`
pub(super) async fn receipt(hand: Hand, Path(id): Path<CaseId>) -> Result<Response, Fault> {
    let (title, pdf) = taken_in::receipt(hand.office(), hand.filler(), id).await?;
    Ok(shown_letter(title, pdf, &format!("{}/{id}/receipt", here(&hand)), hand.nav()))
}

/// `GET /desk/taken-in/export`
pub(super) async fn export(desk: Desk<FileForOther>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let bytes = taken_in::sheet(desk.office(), desk.granted(), &export).await?;
    let format = office::tabular::ListFormat::Excel;
    Ok(download(&format!("代收的申请.{}", format.extension()), format.mime(), bytes))
}
