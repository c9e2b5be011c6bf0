//! 上位规划衔接: the plan's numbers beside what the plans above and the laws demand, and whether those documents still stand.

use catalogue::plan::{DocumentState, Held, PlanLine, Verdict};
use maud::{Markup, html};
use office::access::ReadPlan;
use office::plans::superior::{self, Serving};
use office::plans::{Installed, demanded};

use super::entries::page_of;
use super::stages::state_tag;
use super::{HERE, NAV_ID, exports, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::Link;
use crate::ui::parts::{self, Colour, Figure, SummaryRow, Urgency, figure_cards, summary_list, tag};
use crate::ui::table::{Column, Table, Total};

/// `GET /desk/plan/superior`
pub(super) async fn page(desk: Desk<ReadPlan>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let held = superior::held(desk.office(), desk.granted(), &plan).await?;
    let (documents, lines) = (plan.document_states(), plan.lines());
    let cards: Vec<Figure<'_>> = [Verdict::Short, Verdict::Unknown, Verdict::Met]
        .into_iter()
        .map(|verdict| {
            let count = held.iter().filter(|one| one.verdict == verdict).count();
            let short = verdict == Verdict::Short && count > 0;
            Figure::new(count.to_string(), verdict.title()).href("#held-caption").urgency(if short {
                Urgency::Warning
            } else {
                Urgency::Calm
            })
        })
        .collect();
    let table = Table {
        id: "held".into(),
        caption: "规划的数和上面的要求".into(),
        columns: ["指标、标准", "规划的数", "要求", "依据", "核对结果"].map(Column::new).into(),
        rows: held.iter().map(|one| row(&plan, &lines, one)).collect(),
        empty: "配置包还没有写上位规划和法律的要求。".into(),
        total: Some(Total::Exactly(held.len() as u64)),
        exports: exports(&desk, "superior"),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(Some(&plan.plan.name), "上位规划衔接"))
        (parts::tabs("规划", &faces(), "superior"))
        (figure_cards(&cards))
        p.govuk-body {
            "程序把规划的目标和标准逐项与上位规划、法律法规的要求核对；目标调整以后按调整后的数核对，低于要求的调整不能提出。要求没有数、规划没有数的，不判断。"
        }
        (table)
        (cited(&documents))
    };
    Ok(Page::new("上位规划衔接", content).under(NAV_ID))
}

pub(super) fn verdict_tag(verdict: Verdict) -> Markup {
    let colour = match verdict {
        Verdict::Short => Colour::Red,
        Verdict::Unknown => Colour::Grey,
        Verdict::Met => Colour::Green,
    };
    tag(colour, verdict.title())
}

fn row(plan: &Installed, lines: &[PlanLine], one: &Held) -> Vec<Markup> {
    vec![
        html! {
            span.plan-name {
                @match page_of(plan, lines, &one.entry) {
                    Some(href) => (Link::new(href, one.name.as_str())),
                    None => (one.name),
                }
            }
        },
        html! { (one.figure) },
        html! { (one.demanded) br; span.govuk-hint { (one.title) } },
        html! { (one.by) br; "“" (one.source) "”" @if let Some(note) = &one.note { br; span.govuk-hint { (note) } } },
        verdict_tag(one.verdict),
    ]
}

/// The documents that the plan rests on or cites, those above it first.
fn cited(documents: &[DocumentState]) -> Table<'_> {
    let (above, others): (Vec<_>, Vec<_>) = documents.iter().partition(|one| one.superior);
    let row = |one: &&DocumentState| {
        vec![
            html! { "《" (one.name) "》" },
            html! { @if one.superior { "上位规划" } @else { (one.role) } },
            html! { "“" (one.source) "”" },
            html! {
                @if one.findings.is_empty() { "—" }
                @for finding in &one.findings { (finding) br; }
            },
        ]
    };
    Table {
        id: "documents".into(),
        caption: "规划依据和引用的文件".into(),
        columns: ["文件", "与规划的关系", "规划原文", "需要留意"].map(Column::new).into(),
        rows: above.iter().chain(&others).map(row).collect(),
        empty: "规划没有印依据的文件。".into(),
        ..Table::default()
    }
}

/// What stands above the plan and speaks of this number.
pub(super) fn demands(above: &[Held]) -> Markup {
    if above.is_empty() {
        return html! {};
    }
    let rows: Vec<SummaryRow<'_>> = above
        .iter()
        .map(|one| {
            SummaryRow::new(
                one.by.clone(),
                html! {
                    (verdict_tag(one.verdict)) "　要求" (one.demanded) "，规划定的是" (one.figure) "。" br;
                    (one.title) "：“" (one.source) "”"
                    @if let Some(note) = &one.note { br; span.govuk-hint { (note) } }
                },
            )
        })
        .collect();
    html! {
        h2.govuk-heading-m { "上位规划和法律的要求" }
        (summary_list(&rows))
        p.govuk-body { (Link::new("/desk/plan/superior", "查看全部要求和依据的文件")) }
    }
}

/// The projects and tasks that are to move it.
pub(super) fn served_by(serving: &[Serving]) -> Markup {
    if serving.is_empty() {
        return html! {};
    }
    let rows = serving.iter().map(|one| {
        let sort = if one.task { "tasks" } else { "stages" };
        vec![
            html! { (Link::new(format!("{HERE}/{sort}/{}", one.id), one.what.as_str())) },
            html! { @if one.task { "任务" } @else { "项目" } },
            state_tag(one.state),
        ]
    });
    let table = Table {
        id: "serving".into(),
        caption: "推动这项指标的项目和任务".into(),
        columns: ["项目、任务", "类别", "状态"].map(Column::new).into(),
        rows: rows.collect(),
        ..Table::default()
    };
    html! { (table) }
}
