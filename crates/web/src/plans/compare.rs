//! 与外地规划比较: one measure in several plans, with its unit and what it is counted over.

use maud::{Markup, html};
use office::access::ReadPlan;
use office::plans::peers::{self, Comparison, PeerLine};

use super::{HERE, NAV_ID, exports, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::parts::{self, Colour, tag};
use crate::ui::table::{Column, Table};

/// `GET /desk/plan/compare`
pub(super) async fn page(desk: Desk<ReadPlan>) -> Result<Page, Fault> {
    let compared = peers::compared(desk.office(), desk.granted()).await?;
    let content = html! {
        (parts::heading(None, "与外地规划比较"))
        (parts::tabs("规划", &faces(), "compare"))
        p.govuk-body { "同一个指标在几个规划里各是多少，都按原文。统计口径不同的已经标明，不能直接比高低；百分比、千分比和每万人的数，能换算的换成每万人。" }
        @if compared.is_empty() {
            p.govuk-body { "还没有外地规划。由系统管理员用 huimin plan peers 导入它们的规则包以后，在这里比较。" }
        }
        @else { p.govuk-body.no-print { @for link in exports(&desk, "compare") { (link) "　" } } }
        @for (place, one) in compared.iter().enumerate() { (measure(place, one)) }
    };
    Ok(Page::new("与外地规划比较", content).under(NAV_ID))
}

fn measure(place: usize, one: &Comparison) -> Markup {
    let table = Table {
        id: format!("measure-{place}").into(),
        caption: one.measure.clone().into(),
        caption_hidden: true,
        columns: ["规划", "起点", "目标", "合每万人", "口径", "原文"].map(Column::new).into(),
        rows: one.lines.iter().map(|line| row(line)).collect(),
        ..Table::default()
    };
    html! {
        section {
            h2.govuk-heading-m { (one.measure) }
            p.govuk-body {
                (tag(base_colour(one), one.base_words()))
                @if !one.same_unit { " " (tag(Colour::Orange, one.unit_words())) }
            }
            (table)
        }
    }
}

fn base_colour(one: &Comparison) -> Colour {
    match (one.same_base, one.no_base) {
        (true, _) => Colour::Green,
        (false, true) => Colour::Grey,
        (false, false) => Colour::Orange,
    }
}

fn row(line: &PeerLine) -> Vec<Markup> {
    let one = &line.measured;
    vec![
        html! {
            @if line.own { strong { (line.plan) } br; a.govuk-link href={ (HERE) "/indicators/" (one.id) } { (one.name) } }
            @else { (line.plan) br; (one.name) }
        },
        html! { @match line.baseline() { Some(words) => (words), None => "没有印" } },
        html! {
            strong { (line.target()) }
            @if let Some(year) = one.year { br; (year) "年" }
            br; span.govuk-hint.nowrap { (one.kind) }
        },
        html! { @match &one.per_ten_thousand { Some(number) => (number), None => "—" } },
        html! { (one.base.as_deref().unwrap_or("没有写明")) },
        html! { "“" (one.quote) "”" },
    ]
}
