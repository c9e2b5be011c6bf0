//! 逐月对账: of what came into a register in a month, where everything stands now.

use axum::extract::Query;
use axum::response::Response;
use maud::html;
use office::access::{Export, Granted, Investigate, ReadRecords, Right};
use office::records::by_month::{by_month, counted_states, sheet as month_sheet};
use office::{divisions, records};
use serde::Deserialize;

use super::{RECORDS, opened};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::figures::format_of;
use crate::money::common::{self, download};
use crate::ui::Link;
use crate::ui::parts::{exports, filter, heading, with_sidebar};
use crate::ui::table::{Column, Table};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    place: String,
    format: String,
}

/// `GET /desk/records/{register}/by-month`
pub(super) async fn page(
    desk: Desk<ReadRecords>,
    Path(register): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let office = desk.office();
    let place = match common::division(&asked.place) {
        Some(place) => {
            divisions::within(office.db(), desk.actor().division, place).await?;
            Some(divisions::find(office.db(), place).await?)
        }
        None => None,
    };
    let finder = finder(&desk, &open)?;
    let here_id = place.as_ref().map(|place| place.id);
    let months = by_month(office, desk.granted(), &open, here_id, finder.as_ref()).await?;
    let states = counted_states(&open);
    let here = format!("/desk/records/{}", open.register().id.get());
    let number = |count: i64| html! { (count) };
    let row = |first: maud::Markup, count: &records::by_month::MonthCount| {
        let mut row = vec![first, number(count.total)];
        row.extend(
            states.iter().map(|(state, _)| number(count.states.get(*state).copied().unwrap_or_default())),
        );
        row.push(number(count.late));
        if finder.is_some() {
            row.push(number(count.found));
        }
        row
    };
    let mut sums = records::by_month::MonthCount::default();
    for month in &months {
        sums.total += month.total;
        sums.late += month.late;
        sums.found += month.found;
        for (state, count) in &month.states {
            *sums.states.entry(state.clone()).or_default() += count;
        }
    }
    let mut columns = vec![Column::new("登记月份"), Column::new("登记").numeric()];
    columns.extend(states.iter().map(|(_, title)| Column::new((*title).to_owned()).numeric()));
    columns.push(Column::new("其中职责逾期").numeric());
    if finder.is_some() {
        columns.push(Column::new("其中比对找到").numeric());
    }
    let exports = exports(desk.may(Right::Export), &format!("{here}/by-month/sheet"));
    let table = Table {
        id: "months".into(),
        caption: "近24个月".into(),
        columns,
        rows: months.iter().map(|month| row(html! { (month.month.zh()) }, &month.count)).collect(),
        sums: (!months.is_empty()).then(|| row(html! { "合计" }, &sums)),
        exports,
        empty: "还没有登记。".into(),
        cards: false,
        ..Table::default()
    };
    let below = divisions::children(office.db(), desk.actor().division).await?;
    let panel = filter(
        &format!("{here}/by-month"),
        &[],
        &crate::ui::form::select(
            &crate::ui::form::Field::new("place", "地区").value(asked.place.clone()),
            &common::places(&below),
            Some("全部"),
        ),
    );
    let title = format!("{}逐月对账", open.register().title);
    let name = place.map_or_else(|| desk.actor().division_name.clone(), |place| place.name);
    let content = html! {
        (heading(Some(&name), &title))
        p.govuk-body { "每月登记的每一条现在都在一个状态里，各状态加起来等于登记数：没有遗漏。" }
        @if finder.is_some() {
            p.govuk-body {
                "数据比对和部门名单找到、还没有申请的家庭也算在内，看 " (Link::new("/desk/leads/by-month", "政策找人逐月对账")) "。"
            }
        }
        (with_sidebar(&panel, &html! { (table) }))
    };
    Ok(Page::new(title, content).under(RECORDS).back(here, format!("返回{}", open.register().title)))
}

/// `GET /desk/records/{register}/by-month/sheet`
pub(super) async fn sheet(
    desk: Desk<ReadRecords>,
    Path(register): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let export = desk.grant::<Export>()?;
    let format = format_of(&asked.format);
    let finder = finder(&desk, &open)?;
    let bytes = month_sheet(desk.office(), desk.granted(), &export, &open, finder.as_ref(), format).await?;
    let name = format!("{}逐月对账.{}", open.register().title, format.extension());
    Ok(download(&name, format.mime(), bytes))
}

/// Whoever may see leads sees them counted where the register counts them.
fn finder(desk: &Desk<ReadRecords>, open: &records::Open) -> Result<Option<Granted<Investigate>>, Fault> {
    let counted = open.register().leads.is_some() && desk.may(Right::Investigate);
    Ok(if counted { Some(desk.grant::<Investigate>()?) } else { None })
}
