//! 上期完成情况: what the plan says of the period before it, beside what its numbers say.

use catalogue::definition::{PlanAchievement, PlanIndicator};
use maud::{Markup, html};
use office::access::ReadPlan;
use office::plans::{PastVerdict, demanded, in_words, past};

use super::{NAV_ID, exports, faces, kind_tag, printed};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::parts::{self, Colour, tag};
use crate::ui::table::{Column, Table, Total};

/// `GET /desk/plan/past`
pub(super) async fn page(desk: Desk<ReadPlan>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let rows = past(&plan);
    let indicators = Table {
        id: "past".into(),
        caption: "上期指标".into(),
        columns: vec![
            Column::new("指标"),
            Column::new("期初值"),
            Column::new("目标值"),
            Column::new("实际值"),
            Column::new("规划自评"),
            Column::new("按数判断"),
        ],
        rows: rows.iter().map(|(one, verdict)| row(one, *verdict)).collect(),
        empty: "这个规划没有印上期指标表。".into(),
        exports: exports(&desk, "past"),
        ..Table::default()
    };
    let achievements = Table {
        id: "achievements".into(),
        caption: "上期成效".into(),
        columns: vec![Column::new("事项"), Column::new("数值"), Column::new("时间"), Column::new("原文")],
        rows: plan.achievements.iter().map(|one| achieved(one)).collect(),
        empty: "这个规划没有写上期成效。".into(),
        total: Some(Total::Exactly(plan.achievements.len() as u64)),
        exports: exports(&desk, "past"),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(Some(&plan.plan.name), "上期完成情况"))
        (parts::tabs("规划", &faces(), "past"))
        p.govuk-body { "“规划自评”是规划自己印的；“按数判断”只看印出的目标值和实际值，没有印目标值的不判断。" }
        (indicators)
        (achievements)
    };
    Ok(Page::new("上期完成情况", content).under(NAV_ID))
}

fn row(one: &PlanIndicator, verdict: PastVerdict) -> Vec<Markup> {
    let colour = match verdict {
        PastVerdict::Reached => Colour::Green,
        PastVerdict::Missed => Colour::Red,
        PastVerdict::NotJudged => Colour::Grey,
    };
    vec![
        html! { span.plan-name { (one.name) } br; (kind_tag(one.kind)) },
        html! { (printed(one.baseline.as_ref(), one)) },
        html! { (printed(one.target.as_ref(), one)) },
        html! { (printed(one.achieved.as_ref(), one)) },
        html! { (one.verdict.as_deref().unwrap_or("没有写")) },
        tag(colour, verdict.title()),
    ]
}

fn achieved(one: &PlanAchievement) -> Vec<Markup> {
    let year = one.figure.as_ref().and_then(|figure| figure.year).map(|year| format!("{year}年"));
    vec![
        html! { span.plan-name { (one.name) } },
        html! { (in_words::achieved(one)) },
        html! { (one.period.clone().or(year).unwrap_or_default()) },
        html! { "“" (one.source) "”" },
    ]
}
