//! 本月变化: what a month brought to the plan.

use axum::extract::Query;
use maud::html;
use office::access::ReadPlan;
use office::plans::changes::changes;
use serde::Deserialize;

use super::{HERE, NAV_ID, exports_of, faces, standing_tag};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{month_field, month_or_now};
use crate::ui::parts::{self, Figure, figure_cards, filter, with_sidebar};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

const LIST: &str = "/desk/plan/changes";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    month: String,
}

/// `GET /desk/plan/changes`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let month = month_or_now(desk.office(), &asked.month);
    let view = changes(desk.office(), desk.granted(), month).await?;
    let indicator = |id: &str, name: &str| Link::new(format!("{HERE}/indicators/{id}"), name.to_owned());
    let moved = Table {
        id: "moved".into(),
        caption: "判断有变化的指标".into(),
        columns: ["指标", "上月底", "本月"].map(Column::new).into(),
        rows: view
            .moved
            .iter()
            .map(|one| {
                vec![
                    html! { span.plan-name { (indicator(&one.indicator, &one.name)) } },
                    standing_tag(one.before),
                    standing_tag(one.after),
                ]
            })
            .collect(),
        empty: "没有指标的判断发生变化。".into(),
        ..Table::default()
    };
    let confirmed = Table {
        id: "confirmed".into(),
        caption: "本月复核的数".into(),
        columns: vec![
            Column::new("指标"),
            Column::new("地方"),
            Column::new("数据月份"),
            Column::new("数值").numeric(),
            Column::new("数据来源"),
        ],
        rows: view
            .confirmed
            .iter()
            .map(|one| {
                vec![
                    html! { span.plan-name { (indicator(&one.indicator, &one.name)) } },
                    html! { (one.division_name) },
                    html! { (one.month.zh()) },
                    html! { (one.number) },
                    html! { (one.evidence) },
                ]
            })
            .collect(),
        empty: "本月没有复核新的数。".into(),
        ..Table::default()
    };
    let deeds = Table {
        id: "deeds".into(),
        caption: "调整、项目进展和预警".into(),
        columns: ["时间", "事项", "情况"].map(Column::new).into(),
        rows: view
            .deeds
            .iter()
            .map(|deed| {
                vec![
                    html! { (deed.at.zh()) },
                    html! { span.plan-name { (Link::new(format!("{HERE}/{}", deed.to), deed.title.as_str())) } },
                    html! { (deed.words) },
                ]
            })
            .collect(),
        empty: "本月没有调整、进展和预警。".into(),
        ..Table::default()
    };
    let previous = address(LIST, &[("month", &view.month.previous().to_string())]);
    let content = html! {
        (parts::heading(Some(&view.plan.home.name), &format!("{}规划有哪些变化", view.month.zh())))
        (parts::tabs("规划", &faces(), "changes"))
        (figure_cards(&[
            Figure::new(view.moved.len().to_string(), "判断有变化的指标").href("#moved"),
            Figure::new(view.confirmed.len().to_string(), "复核的数").href("#confirmed"),
            Figure::new(view.deeds.len().to_string(), "调整、进展和预警").href("#deeds"),
        ]))
        (with_sidebar(&filter(LIST, &[], &month_field(view.month)), &html! {
            (moved) (deeds) (confirmed)
            p.govuk-body.no-print {
                (Link::new(previous, "看上个月")) "　"
                @for link in exports_of(&desk, &[("list", "changes"), ("month", &view.month.to_string())]) { (link) "　" }
            }
        }))
    };
    Ok(Page::new("本月变化", content).under(NAV_ID))
}
