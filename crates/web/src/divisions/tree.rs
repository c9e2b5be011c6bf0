//! A division: what it is called and coded, what lies in it, what it was and by which document it became what it is.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::access::Right;
use office::divisions;
use office::divisions::past::{self, DivisionPage, Listed, Past};
use serde::Deserialize;
use store::DivisionId;

use super::{CHANGES, HERE, NAV_ID};
use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::extract::Staff;
use crate::money::common::download;
use crate::ui::Link;
use crate::ui::form::{ButtonKind, button_link};
use crate::ui::parts::{self, Colour, SummaryRow, exports, heading, tag};
use crate::ui::table::{Column, Table};

/// `GET /desk/divisions`: the place that the system serves.
pub(super) async fn top(staff: Staff) -> Result<SeeOther, Fault> {
    let served = divisions::served(staff.office()).await?.map(|served| served.id);
    Ok(SeeOther::to(format!("{HERE}/{}", served.unwrap_or(staff.actor().division))))
}

/// `GET /desk/divisions/{division}`
pub(super) async fn page(staff: Staff, Path(division): Path<DivisionId>) -> Result<Page, Fault> {
    let page = past::page(staff.office(), division).await?;
    let own = &page.division;
    let mut links: Vec<Link<'_>> =
        page.above.iter().map(|(id, name)| Link::new(format!("{HERE}/{id}"), name.as_str())).collect();
    links.push(Link::new(format!("{HERE}/{division}"), own.name.as_str()));
    let content = html! {
        (parts::breadcrumbs(&links))
        (heading(Some("行政区划"), &own.name))
        @if let Some(until) = own.until { p { (tag(Colour::Grey, "已撤销")) " " (vocab::zh_date(until)) "起撤销" } }
        (parts::summary_list(&facts(&page)))
        @if own.until.is_none() && staff.may(Right::ProposeStandard) {
            (button_link(&format!("{HERE}/{division}/change"), "提出调整", ButtonKind::Secondary))
        }
        p.govuk-body { (Link::new(CHANGES, "历次行政区划调整")) }
        @if !page.below.is_empty() { (listed("below", &format!("{}的下级", own.name), &page.below, exports(true, &format!("{HERE}/{division}/sheet")))) }
        @if !page.ended_below.is_empty() { (listed("ended", "已撤销、归在这里的区划", &page.ended_below, Vec::new())) }
        (history(&page.past))
    };
    Ok(Page::new(own.name.clone(), content).under(NAV_ID))
}

fn facts(page: &DivisionPage) -> Vec<SummaryRow<'_>> {
    let own = &page.division;
    let since = own.since.map_or_else(|| "随配置包导入".to_owned(), vocab::zh_date);
    let links = |list: &[(DivisionId, String)]| {
        html! { @for (at, (id, name)) in list.iter().enumerate() { @if at > 0 { "、" } (Link::new(format!("{HERE}/{id}"), name.as_str())) } }
    };
    let mut rows = vec![
        SummaryRow::text("级别", past::title(own.level)),
        SummaryRow::text("统计代码", &own.code),
        SummaryRow::text("民政代码", own.mca_code.as_deref().unwrap_or("没有登记")),
        SummaryRow::text("自何日起", &since),
    ];
    if let Some((id, source)) = &page.ended_by {
        let document = html! { (Link::new(format!("{CHANGES}/{id}"), source.as_str())) };
        rows.push(SummaryRow::new("撤销的依据", document));
    }
    if !page.successors.is_empty() {
        rows.push(SummaryRow::new("撤销后归", links(&page.successors)));
    }
    if !page.predecessors.is_empty() {
        let before: Vec<(DivisionId, String)> = page
            .predecessors
            .iter()
            .map(|(id, name, on)| (*id, format!("{name}（{}）", vocab::zh_date(*on))))
            .collect();
        rows.push(SummaryRow::new("由这些区划调整而来", links(&before)));
    }
    rows
}

fn listed(id: &str, caption: &str, list: &[Listed], exports: Vec<Link<'static>>) -> Markup {
    let rows = list
        .iter()
        .map(|one| {
            vec![
                html! { (Link::new(format!("{HERE}/{}", one.id), one.name.as_str())) },
                html! { (one.code) },
                html! { (one.mca_code.as_deref().unwrap_or("—")) },
                html! { (past::title(one.level)) },
                html! { @if let Some(until) = one.until { (until) " 撤销" } @else if let Some(since) = one.since { (since) " 起" } @else { "—" } },
            ]
        })
        .collect();
    let table = Table {
        id: id.to_owned().into(),
        caption: caption.to_owned().into(),
        columns: ["名称", "统计代码", "民政代码", "级别", "时间"].map(Column::new).into(),
        rows,
        exports,
        ..Table::default()
    };
    html! { (table) }
}

fn history(past: &[Past]) -> Markup {
    let rows = past
        .iter()
        .map(|one| {
            let from = one.from.map_or_else(|| "—".to_owned(), |day| day.to_string());
            let until = one.until.map_or_else(|| "现在".to_owned(), |day| day.to_string());
            vec![
                html! { (from) " 至 " (until) },
                html! { (one.name) },
                html! { (one.code) },
                html! { (one.mca_code.as_deref().unwrap_or("—")) },
                html! { (one.parent.as_deref().unwrap_or("—")) },
                html! {
                    @match &one.by {
                        Some((id, source)) => { (Link::new(format!("{CHANGES}/{id}"), source.as_str())) },
                        None => { "随配置包导入" },
                    }
                },
            ]
        })
        .collect();
    let table = Table {
        id: "history".into(),
        caption: "历史沿革".into(),
        columns: ["时间", "名称", "统计代码", "民政代码", "上级", "依据"].map(Column::new).into(),
        rows,
        ..Table::default()
    };
    html! { (table) }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    format: String,
}

/// `GET /desk/divisions/{division}/sheet`
pub(super) async fn sheet(
    staff: Staff,
    Path(division): Path<DivisionId>,
    Query(ask): Query<Ask>,
) -> Result<Response, Fault> {
    let format = crate::figures::format_of(&ask.format);
    let name = divisions::find(staff.office().db(), division).await?.name;
    let bytes = past::sheet(staff.office(), staff.actor(), division, format).await?;
    Ok(download(&format!("{name}行政区划.{}", format.extension()), format.mime(), bytes))
}
