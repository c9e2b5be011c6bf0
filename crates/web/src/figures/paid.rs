//! What the bank paid, month by month.

use axum::extract::Query;
use axum::response::Response;
use maud::html;
use office::access::{Export, Report, Right};
use office::reports::{self, shown};
use serde::Deserialize;
use vocab::Month;

use super::{NAV_ID, faces, format_of};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{self, download, month_or_now, yuan};
use crate::ui::address;
use crate::ui::chart::{Chart, Kind, Series, grouped};
use crate::ui::table::{Column, Table};
use crate::ui::{form, parts};

/// Months that are shown, the one asked for last.
const MONTHS: i32 = 12;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    month: String,
    programme: String,
    division: String,
    format: String,
}

/// First and last month that are shown.
fn span(desk: &Desk<Report>, ask: &Ask) -> (Month, Month) {
    let until = month_or_now(desk.office(), &ask.month);
    (until.plus(1 - MONTHS).max(Month::FIRST), until)
}

impl Ask {
    fn programme(&self) -> Option<&str> {
        Some(self.programme.as_str()).filter(|programme| !programme.is_empty())
    }
}

pub(super) async fn sheet(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let ((from, until), division) = (span(&desk, &ask), common::division(&ask.division));
    let (office, granted) = (desk.office(), desk.granted());
    let months = reports::paid_by_month(office, granted, ask.programme(), division, from, until).await?;
    let bytes = reports::paid_sheet(office, granted, &export, &months, format).await?;
    Ok(download(&format!("资金发放{until}.{}", format.extension()), format.mime(), bytes))
}

pub(super) async fn page(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let ((from, until), division) = (span(&desk, &ask), common::division(&ask.division));
    let (office, granted) = (desk.office(), desk.granted());
    let shown = shown::paid_by_month(office, granted, ask.programme(), division, from, until).await?;
    let months = &shown.figures;
    let title = format!("{}至{}资金发放情况", from.zh(), until.zh());
    let chart = Chart {
        opens: Vec::new(),
        id: "paid".into(),
        title: format!("{title}（按元取整）").into(),
        category_title: "月份".into(),
        kind: Kind::Bar,
        unit: "元".into(),
        categories: months.iter().map(|month| month.month.to_string().into()).collect(),
        series: vec![Series {
            name: "实发金额".into(),
            // Whole yuan, half a yuan rounded up: the exact sum stands in the table below.
            values: months.iter().map(|month| Some((month.paid.0 + 50).div_euclid(100))).collect(),
        }],
    };
    let month = until.to_string();
    let asked = [("month", month.as_str()), ("programme", &ask.programme), ("division", &ask.division)];
    let sheet = address("/desk/figures/paid/sheet", &asked);
    let exports = parts::exports(desk.may(Right::Export) && !months.is_empty(), &sheet);
    let table = Table {
        id: "months".into(),
        caption: "逐月明细".into(),
        columns: vec![
            Column::new("月份"),
            Column::new("实发户数").numeric(),
            Column::new("实发金额（元）").numeric(),
            Column::new("未发成功（户）").numeric(),
        ],
        rows: months
            .iter()
            .map(|month| {
                vec![
                    html! { (month.month) },
                    html! { (grouped(month.households)) },
                    html! { (yuan(month.paid)) },
                    html! { (grouped(month.failed)) },
                ]
            })
            .collect(),
        empty: "这段时间没有发放批次。".into(),
        cards: false,
        exports,
        ..Table::default()
    };
    let content = html! {
        (super::heading(&title, shown.at))
        (parts::tabs("统计报表", &faces(), "paid"))
        (parts::filter("/desk/figures/paid", &[], &html! {
            (common::month_field(until))
            (common::programme_field(&desk, &ask.programme))
            (form::hidden("division", &ask.division))
        }))
        @if !months.is_empty() { (chart) }
        (table)
        p.govuk-body { "金额为银行回盘确认发放成功的金额，含当月批次中的补发和重发。" }
    };
    Ok(Page::new(title, content).under(NAV_ID).charts())
}
