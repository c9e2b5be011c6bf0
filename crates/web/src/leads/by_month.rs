//! 逐月对账 of leads: of what the night found in a month, where everything stands now.

use axum::extract::Query;
use axum::response::Response;
use maud::html;
use office::access::{Export, Investigate, Right};
use office::divisions::{self, DivisionView};
use office::leads::{self, Kind, Stages};
use serde::Deserialize;

use super::{HERE, NAV_ID};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::figures::format_of;
use crate::money::common::{self, download};
use crate::ui::address;
use crate::ui::form::{Field, hidden, select};
use crate::ui::page::NavLink;
use crate::ui::parts::{exports, filter, heading, tabs, with_sidebar};
use crate::ui::table::{Column, Table};

const MONTHS: &str = "/desk/leads/by-month";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    about: String,
    place: String,
    format: String,
}

impl Asked {
    /// Reviews are for whoever keeps the roll.
    fn kind(&self, desk: &Desk<Investigate>) -> Kind {
        let reviews = self.about == Kind::Review.as_str() && leads::may_see_reviews(desk.actor());
        if reviews { Kind::Review } else { Kind::Unclaimed }
    }

    async fn place(&self, desk: &Desk<Investigate>) -> Result<Option<DivisionView>, Fault> {
        let Some(place) = common::division(&self.place) else { return Ok(None) };
        divisions::within(desk.office().db(), desk.actor().division, place).await?;
        Ok(Some(divisions::find(desk.office().db(), place).await?))
    }
}

/// `GET /desk/leads/by-month`
pub(super) async fn page(desk: Desk<Investigate>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let (kind, place) = (asked.kind(&desk), asked.place(&desk).await?);
    let at = place.as_ref().map(|place| place.id);
    let months = leads::by_month(desk.office(), desk.granted(), kind, at).await?;
    let mut sums = Stages::default();
    for (_, stages) in &months {
        sums.add(stages);
    }
    let row = |first: maud::Markup, stages: &Stages| {
        let Stages { found, waiting, visited, helped, ended, late } = *stages;
        let counts = [found, waiting, visited, helped, ended, late].map(|count| html! { (count) });
        [first].into_iter().chain(counts).collect::<Vec<_>>()
    };
    let titles = ["找到", "待走访", "已走访，跟进中", kind.helped(), "了结（有原因）", "其中超期未办"];
    let mut columns = vec![Column::new("月份")];
    columns.extend(titles.map(|title| Column::new(title).numeric()));
    let mut pairs = vec![("about", kind.as_str())];
    if place.is_some() {
        pairs.push(("place", asked.place.as_str()));
    }
    let table = Table {
        id: "months".into(),
        caption: "近24个月".into(),
        columns,
        rows: months.iter().map(|(month, stages)| row(html! { (month.zh()) }, stages)).collect(),
        sums: (!months.is_empty()).then(|| row(html! { "合计" }, &sums)),
        exports: exports(desk.may(Right::Export), &address("/desk/leads/by-month/sheet", &pairs)),
        empty: "还没有线索。".into(),
        cards: false,
        ..Table::default()
    };
    let below = divisions::children(desk.office().db(), desk.actor().division).await?;
    let panel = filter(
        MONTHS,
        &[],
        &html! {
            (hidden("about", kind.as_str()))
            (select(&Field::new("place", "地区").value(asked.place.clone()), &common::places(&below), Some("全部")))
        },
    );
    let kinds = [Kind::Unclaimed, Kind::Review].into_iter();
    let faces: Vec<NavLink<'_>> = kinds
        .filter(|kind| *kind == Kind::Unclaimed || leads::may_see_reviews(desk.actor()))
        .map(|kind| NavLink::new(kind.as_str(), address(MONTHS, &[("about", kind.as_str())]), kind.title()))
        .collect();
    let name = place.map_or_else(|| desk.actor().division_name.clone(), |place| place.name);
    let content = html! {
        (heading(Some(&name), "政策找人逐月对账"))
        (tabs("线索", &faces, kind.as_str()))
        p.govuk-body { "每月找到的每一条现在都在一个环节里，各环节加起来等于找到的条数：没有遗漏。" }
        (with_sidebar(&panel, &html! { (table) }))
    };
    Ok(Page::new("政策找人逐月对账", content).under(NAV_ID).back(HERE, "返回线索列表"))
}

/// `GET /desk/leads/by-month/sheet`
pub(super) async fn sheet(desk: Desk<Investigate>, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let (kind, place) = (asked.kind(&desk), asked.place(&desk).await?);
    let export = desk.grant::<Export>()?;
    let format = format_of(&asked.format);
    let at = place.map(|place| place.id);
    let bytes = leads::month_sheet(desk.office(), desk.granted(), &export, kind, at, format).await?;
    let name = format!("政策找人逐月对账.{}", format.extension());
    Ok(download(&name, format.mime(), bytes))
}
