//! 公布表: what everybody may read of a village, as its office sees it and prints it for the board.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::ReadCase;
use office::divisions::{self, DivisionView};
use office::publication::{self, PublishedLine};
use serde::Deserialize;
use vocab::Level;

use crate::answer::Page;
use crate::citizen::notices::published;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::parts::{self, breadcrumbs};
use crate::ui::{Link, address};

pub(super) const NAV_ID: &str = "publication";
pub(super) const HERE: &str = "/desk/publication";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    place: String,
}

/// `GET /desk/publication`
pub(super) async fn page(desk: Desk<ReadCase>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let (db, own) = (desk.office().db(), desk.actor().division);
    let place = match ask.place.as_str() {
        "" => divisions::find(db, own).await?,
        code => divisions::by_code(db, code).await?,
    };
    divisions::within(db, own, place.id).await?;
    let mut above = Vec::new();
    for step in divisions::path(db, place.id).await? {
        if step.id != place.id && divisions::is_within(db, own, step.id).await? {
            above.push(step);
        }
    }
    let below = divisions::children(db, place.id).await?;
    let (lines, more) = match place.level {
        Level::Township | Level::Village => publication::whole_sheet(desk.office(), place.id).await?,
        _ => (Vec::new(), false),
    };
    let today = vocab::zh_date(desk.office().now().today());
    let title = format!("{}社会救助公布表", place.name);
    let content = html! {
        @if !above.is_empty() { (breadcrumbs(&above.iter().map(link).collect::<Vec<_>>())) }
        (parts::heading(Some("公布表"), &title))
        @if !below.is_empty() {
            p.govuk-body { "选一个地方：" }
            ul.govuk-list { @for one in &below { li { (link(one)) } } }
        }
        @if place.level == Level::Village || !lines.is_empty() { (paper(&desk, &today, &lines, more)) }
    };
    Ok(Page::new(title, content).under(NAV_ID))
}

fn link(place: &DivisionView) -> Link<'static> {
    Link::new(address(HERE, &[("place", &place.code)]), place.name.clone())
}

/// The sheet as it goes on the board.
fn paper(desk: &Desk<ReadCase>, today: &str, lines: &[PublishedLine], more: bool) -> Markup {
    let help = desk.state.site.help();
    html! {
        p.govuk-body { "截至" (today) "，共 " (lines.len()) " 户（人）。" }
        (published(lines, None))
        @if more { (parts::warning_text("这张表太长，没有全部列出，请到网上公布页面分页查看。")) }
        p.govuk-body {
            "依照《社会救助法》第四十五条和各项目的规定公布，只写姓名、人数和金额；未成年人不写姓名，有的项目不写全名、不写金额。有不同意见的，请向村（居）委会或者乡镇（街道）社会救助窗口反映。"
            @if !help.phone.is_empty() { (help.phone_title) "：" (help.phone) "。" }
        }
        (parts::print_button())
    }
}
