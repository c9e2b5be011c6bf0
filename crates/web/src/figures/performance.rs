//! 救助绩效: whether decisions were right, whether the roll moves, how much a person gets beside a year ago.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, Report, Right};
use office::reports::{self, PerformanceLine, RollQuery, shown};
use serde::Deserialize;

use super::roll::format_of;
use super::{NAV_ID, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{self, download, month_or_now, yuan};
use crate::ui::chart::grouped;
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address, form, parts};

const HERE: &str = "/desk/figures/performance";
/// The indicator of the pack that says how content people are; it has its own page with its months.
const CONTENT: &str = "assistance_satisfied";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    month: String,
    programme: String,
    division: String,
    format: String,
}

impl Ask {
    fn query(&self, desk: &Desk<Report>) -> RollQuery {
        RollQuery {
            programme: Some(self.programme.clone()).filter(|programme| !programme.is_empty()),
            month: month_or_now(desk.office(), &self.month),
            division: common::division(&self.division),
        }
    }

    fn to(&self, path: &str, division: &str) -> String {
        address(
            path,
            &[("month", self.month.as_str()), ("programme", self.programme.as_str()), ("division", division)],
        )
    }
}

/// `GET /desk/figures/performance`
pub(super) async fn page(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let query = ask.query(&desk);
    let shown = shown::performance(desk.office(), desk.granted(), &query).await?;
    let report = &shown.figures;
    let title = format!("{}救助绩效", report.whole.name);
    let table = Table {
        id: "performance".into(),
        caption: format!("截至{}的12个月", report.month.zh()).into(),
        columns: vec![
            Column::new("地区"),
            Column::new("抽查核实（件）").numeric(),
            Column::new("认定正确（件）").numeric(),
            Column::new("认定准确率").numeric(),
            Column::new("在册（户）").numeric(),
            Column::new("新增、退出、调整（户）").numeric(),
            Column::new("动态管理率").numeric(),
            Column::new("月人均补助（元）").numeric(),
            Column::new("上年同月（元）").numeric(),
            Column::new("增长").numeric(),
            Column::new("红色预警（次）").numeric(),
            Column::new("橙色预警（次）").numeric(),
            Column::new("黄色预警（次）").numeric(),
        ],
        rows: report.parts.iter().map(|part| line(&ask, part)).collect(),
        sums: Some(line(&ask, &report.whole)),
        exports: parts::exports(
            desk.may(Right::Export),
            &ask.to("/desk/figures/performance/sheet", &ask.division),
        ),
        cards: false,
        ..Table::default()
    };
    let known = desk.office().release().indicators.get(CONTENT).is_some();
    let content = html! {
        (super::heading(&title, shown.at))
        (parts::tabs("统计报表", &faces(), "performance"))
        (parts::filter(HERE, &[], &html! {
            (common::month_field(report.month))
            (common::programme_field(&desk, &ask.programme))
            (form::hidden("division", &ask.division))
        }))
        (table)
        p.govuk-body { "认定准确率：这12个月抽查核实的决定里，认定正确的占多少。动态管理率：这12个月在册的家庭里，新增、退出或者调整过金额的占多少。月人均补助：当月核定金额除以保障人数，和上年同月比。预警：这12个月低收入人口监测发出的分级预警，不分待遇项目。没有数据的不算，用“—”表示。" }
        @if known && desk.may(Right::ReadRecords) { p.govuk-body { (Link::new(format!("/desk/indicators/{CONTENT}"), "救助对象满意率，按月和地区看")) } }
    };
    let mut page = Page::new(title, content).under(NAV_ID);
    if !ask.division.is_empty() {
        page = page.back(ask.to(HERE, ""), "返回本级统计");
    }
    Ok(page)
}

fn line(ask: &Ask, line: &PerformanceLine) -> Vec<Markup> {
    let dash = |text: Option<String>| html! { (text.unwrap_or_else(|| "—".to_owned())) };
    vec![
        match line.division {
            Some(division) => html! { (Link::new(ask.to(HERE, &division.to_string()), line.name.clone())) },
            None => html! { (line.name) },
        },
        html! { (grouped(line.checked)) },
        html! { (grouped(line.right)) },
        dash(line.accuracy()),
        html! { (grouped(line.alive)) },
        html! { (grouped(line.moved)) },
        dash(line.movement()),
        dash(line.per_person.map(yuan)),
        dash(line.a_year_before.map(yuan)),
        dash(line.growth()),
        html! { (grouped(line.alerts[0])) },
        html! { (grouped(line.alerts[1])) },
        html! { (grouped(line.alerts[2])) },
    ]
}

/// `GET /desk/figures/performance/sheet`
pub(super) async fn sheet(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let query = ask.query(&desk);
    let bytes = reports::performance_sheet(desk.office(), desk.granted(), &export, &query, format).await?;
    let name = format!("救助绩效{}.{}", query.month, format.extension());
    Ok(download(&name, format.mime(), bytes))
}
