//! Fairness in numbers: of whom it is decided no, and of whom a change is noticed, by group and place.

use axum::extract::Query;
use axum::response::Response;
use chrono::{Datelike as _, NaiveDate};
use maud::{Markup, html};
use office::access::{Export, Report, Right};
use office::reports::{self, Dimension, FairGroup, shown};
use serde::Deserialize;

use super::roll::format_of;
use super::{NAV_ID, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{self, download};
use crate::ui::chart::grouped;
use crate::ui::form::{Field, Width, text_input};
use crate::ui::table::{Column, Table};
use crate::ui::{address, parts};

const HERE: &str = "/desk/figures/fairness";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    from: String,
    until: String,
    format: String,
}

impl Ask {
    /// The year so far, unless the address says otherwise.
    fn days(&self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let january = NaiveDate::from_ymd_opt(today.year(), 1, 1).unwrap_or(today);
        (common::day(&self.from).unwrap_or(january), common::day(&self.until).unwrap_or(today))
    }
}

/// `GET /desk/figures/fairness`
pub(super) async fn page(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let (from, until) = ask.days(desk.office().now().today());
    let shown = shown::fairness(desk.office(), desk.granted(), from, until).await?;
    let fairness = &shown.figures;
    let (first, last) = (from.to_string(), until.to_string());
    let sheet =
        address("/desk/figures/fairness/sheet", &[("from", first.as_str()), ("until", last.as_str())]);
    let mut exports = parts::exports(desk.may(Right::Export), &sheet);
    let title = format!("{}救助公平性", fairness.name);
    let mut tables = Vec::new();
    for dimension in Dimension::ALL {
        let groups = fairness.groups.get(&dimension).map_or(&[][..], Vec::as_slice);
        tables.push(Table {
            id: format!("by-{}", dimension as u8).into(),
            caption: format!("按{}", dimension.title()).into(),
            columns: vec![
                Column::new(dimension.title()),
                Column::new("决定（件）").numeric(),
                Column::new("不予（件）").numeric(),
                Column::new("不予率").numeric(),
                Column::new("在册监测（人）").numeric(),
                Column::new("预警（次）").numeric(),
                Column::new("红色").numeric(),
                Column::new("橙色").numeric(),
                Column::new("黄色").numeric(),
                Column::new("每百人预警").numeric(),
            ],
            rows: groups.iter().map(line).collect(),
            sums: Some(line(&fairness.whole)),
            exports: std::mem::take(&mut exports),
            cards: false,
            ..Table::default()
        });
    }
    let content = html! {
        (super::heading(&title, shown.at))
        (parts::tabs("统计报表", &faces(), "fairness"))
        (parts::filter(HERE, &[], &html! {
            (text_input(&Field::new("from", "从").hint("例如 2026-01-01").value(first.clone()).width(Width::Chars10)))
            (text_input(&Field::new("until", "到").value(last.clone()).width(Width::Chars10)))
        }))
        p.govuk-body { "哪一组不予救助明显多，或者从来没有预警，就去看看原因：是真的没有困难，还是没有人发现。" }
        @for table in &tables { (table) }
    };
    Ok(Page::new(title, content).under(NAV_ID))
}

fn line(group: &FairGroup) -> Vec<Markup> {
    let dash = |text: Option<String>| html! { (text.unwrap_or_else(|| "—".to_owned())) };
    vec![
        html! { (group.title) },
        html! { (grouped(group.decided)) },
        html! { (grouped(group.refused)) },
        dash(group.refused_percent()),
        html! { (grouped(group.watched)) },
        html! { (grouped(group.alerts)) },
        html! { (grouped(group.grades[0])) },
        html! { (grouped(group.grades[1])) },
        html! { (grouped(group.grades[2])) },
        dash(group.alerts_percent()),
    ]
}

/// `GET /desk/figures/fairness/sheet`
pub(super) async fn sheet(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let (from, until) = ask.days(desk.office().now().today());
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let bytes = reports::fairness_sheet(desk.office(), desk.granted(), &export, from, until, format).await?;
    let name = format!("救助公平性{from}至{until}.{}", format.extension());
    Ok(download(&name, format.mime(), bytes))
}
