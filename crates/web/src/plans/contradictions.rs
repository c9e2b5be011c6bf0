//! 规划文本中的矛盾: what the program finds by computing, with the words of the plan. Nothing is repaired.

use catalogue::plan::{Contradiction, ContradictionKind, PlanLine};
use maud::{Markup, html};
use office::access::ReadPlan;
use office::plans::demanded;

use super::entries::page_of;
use super::{NAV_ID, exports, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::parts;
use crate::ui::table::{Column, Table, Total};

/// `GET /desk/plan/contradictions`
pub(super) async fn page(desk: Desk<ReadPlan>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let (found, lines) = (plan.contradictions(), plan.lines());
    let table = Table {
        id: "contradictions".into(),
        caption: "规划文本中的矛盾".into(),
        caption_hidden: true,
        columns: vec![Column::new("事项"), Column::new("不一致之处"), Column::new("原文")],
        rows: found.iter().map(|one| row(&plan, &lines, one)).collect(),
        empty: "没有发现。".into(),
        total: Some(Total::Exactly(found.len() as u64)),
        exports: exports(&desk, "contradictions"),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(Some(&plan.plan.name), "规划文本中的矛盾"))
        (parts::tabs("规划", &faces(), "contradictions"))
        p.govuk-body {
            "程序按规划印出的数逐一核算：分项之和、百分比、同一事项的两个数或两个期限、计算口径、基期与目标、完成年份、规划自定的规则。只指出不一致，不作改动；以哪一处为准，由规划的制定机关说明。"
        }
        (table)
    };
    Ok(Page::new("规划文本中的矛盾", content).under(NAV_ID))
}

fn row(plan: &office::plans::Installed, lines: &[PlanLine], one: &Contradiction) -> Vec<Markup> {
    let colour = match one.kind {
        ContradictionKind::TwoBases => parts::Colour::Yellow,
        _ => parts::Colour::Orange,
    };
    vec![
        html! { (parts::tag(colour, one.kind.title())) br; span.plan-name { (one.about) } },
        html! { (one.finding) },
        html! {
            ul.govuk-list.govuk-list--bullet {
                @for quote in &one.quotes {
                    li {
                        @match page_of(plan, lines, &quote.id) {
                            Some(href) => a.govuk-link href=(href) { (quote.name) },
                            None => (quote.name),
                        }
                        " " (quote.figure) @if let Some(section) = &quote.section { "（" (section) "）" }
                        br; "“" (quote.source) "”"
                    }
                }
            }
        },
    ]
}
