//! Coverage of duties in a month: of what fell due, how much was done.

use axum::extract::Query;
use maud::html;
use office::access::ReadRecords;
use office::records::rates::rates;
use serde::Deserialize;

use super::{RECORDS, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{month_field, month_or_now};
use crate::ui::parts::{filter, heading, with_sidebar};
use crate::ui::table::{Column, Table};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    month: String,
}

/// `GET /desk/record-rates`
pub(super) async fn page(desk: Desk<ReadRecords>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let month = month_or_now(desk.office(), &asked.month);
    let list = rates(desk.office(), desk.granted(), month).await?;
    let rows = list.iter().map(|rate| {
        vec![
            html! { (rate.title) },
            html! { (rate.division_name) },
            html! { (rate.due) },
            html! { (rate.done) },
            html! { (rate.late) },
            html! { (rate.percent().unwrap_or_else(|| "—".to_owned())) },
        ]
    });
    let table = Table {
        id: "rates".into(),
        caption: format!("{}到期职责的履行", month.zh()).into(),
        columns: vec![
            Column::new("指标"),
            Column::new("地区"),
            Column::new("到期").numeric(),
            Column::new("已履行").numeric(),
            Column::new("逾期").numeric(),
            Column::new("履行率").numeric(),
        ],
        rows: rows.collect(),
        empty: "没有职责。".into(),
        ..Table::default()
    };
    let panel = filter("/desk/record-rates", &[], &month_field(month));
    let content = html! {
        (heading(Some(&desk.actor().division_name), "履行率"))
        (faces("rates"))
        (with_sidebar(&panel, &html! { (table) }))
    };
    Ok(Page::new("履行率", content).under(RECORDS))
}
