//! What the plan says of an indicator: the promise with its stages and its date, and the words that make it.

use catalogue::definition::PlanFigure;
use maud::{Markup, html};
use office::plans::IndicatorPage;
use office::plans::in_words::baseline;

use super::{HERE, kind_tag, printed, standing_tag, target_words};
use crate::ui::Link;
use crate::ui::parts::{SummaryRow, inset};

/// What is promised, and who is in charge.
pub(super) fn summary(view: &IndicatorPage) -> Vec<SummaryRow<'static>> {
    let one = &view.line.indicator;
    let mut rows = vec![
        SummaryRow::new("判断", standing_tag(view.line.judgement.standing)),
        SummaryRow::new("性质", kind_tag(one.kind)),
        SummaryRow::text("基期值", &baseline(&view.plan.plan, one)),
        SummaryRow::text("目标值", &target_words(one, &view.line.target)),
        SummaryRow::text("完成时间", &due(view)),
    ];
    if view.line.target.adjusted {
        rows.push(SummaryRow::text("规划印的目标", &printed(one.target.as_ref(), one)));
    }
    rows.push(SummaryRow::new(
        "分工",
        html! { (Link::new(format!("{HERE}/charges/{}", one.id), "查看分工")) },
    ));
    if let Some(category) = one.category.as_ref().or(one.domain.as_ref()) {
        rows.push(SummaryRow::text("领域", category));
    }
    if !one.milestones.is_empty() {
        let stage = |figure: &PlanFigure| {
            let year = figure.year.map(|year| format!("{year}年")).unwrap_or_default();
            format!("{year}{}", printed(Some(figure), one))
        };
        let stages: Vec<String> = one.milestones.iter().map(stage).collect();
        let name = if one.additive { "各年新增" } else { "阶段目标" };
        rows.push(SummaryRow::text(name, &stages.join("，")));
    }
    if let Some(scope) = &one.scope {
        rows.push(SummaryRow::text("统计范围", scope));
    }
    if let Some(base) = &one.base {
        rows.push(SummaryRow::text("计算口径", base));
    }
    if let Some(name) = &one.printed_name {
        rows.push(SummaryRow::text("原文印的名称", name));
    }
    if one.measure.is_some() {
        rows.push(SummaryRow::new(
            "外地规划",
            html! { (Link::new(format!("{HERE}/compare"), "与外地规划比较")) },
        ));
    }
    rows
}

/// When it is due; where the text prints no year the end of the plan is meant, and that is said.
fn due(view: &IndicatorPage) -> String {
    let target = &view.line.target;
    let dated = view.line.indicator.target.as_ref().is_some_and(|figure| figure.year.is_some());
    if dated || target.adjusted {
        target.due.zh()
    } else {
        format!("{}（规划没有印年份，按规划期末计）", target.due.zh())
    }
}

/// The plan's own words, and where they contradict others.
pub(super) fn words(view: &IndicatorPage) -> Markup {
    let one = &view.line.indicator;
    let against: Vec<_> = view
        .plan
        .contradictions()
        .into_iter()
        .filter(|found| found.quotes.iter().any(|quote| quote.id == one.id.as_str()))
        .collect();
    html! {
        h2.govuk-heading-m { "规划原文" }
        (inset(&html! {
            @let place = one.stands_at();
            p.govuk-body { "“" (one.source) "”" @if !place.is_empty() { "（" (place) "）" } }
            @if let Some(row) = &one.row { p.govuk-body { "表中一行：“" (row) "”" } }
            @if let Some(remark) = &one.remark { p.govuk-body { (remark) } }
            @for figure in &one.also {
                p.govuk-body {
                    "别处又写作：" (printed(Some(figure), one))
                    @if let Some(source) = &figure.source { "，“" (source) "”" }
                    @if let Some(section) = &figure.section { "（" (section) "）" }
                }
            }
            @if let Some(note) = &one.note { p.govuk-body { "说明：" (note) } }
        }))
        @if !against.is_empty() {
            h3.govuk-heading-s { "原文里与此不一致的地方" }
            ul.govuk-list.govuk-list--bullet {
                @for found in &against { li { strong { (found.kind.title()) } "：" (found.finding) } }
            }
            p.govuk-body { (Link::new("/desk/plan/contradictions", "查看规划文本中的全部矛盾")) }
        }
    }
}
