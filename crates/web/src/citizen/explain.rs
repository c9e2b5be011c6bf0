//! A determination in plain words: each condition with its numbers and articles, the amount with its working, and what would turn it.

use catalogue::Release;
use chrono::NaiveDate;
use maud::{Markup, html};
use office::words;
use rules::{ConditionOutcome, Determination, Outcome, SettledBy};

use super::services::in_brackets;
use crate::ui::parts::{Colour, SummaryRow, details, inset, summary_list, tag};

/// Conditions, one after the other. `assumed` are the ids of conditions that were taken as met without anybody having looked.
pub(super) fn conditions(
    release: &Release,
    result: &Determination,
    on: NaiveDate,
    assumed: &[String],
) -> Markup {
    let programme = release.programmes.get(&result.programme);
    html! {
        @for condition in &result.conditions {
            @let definition = programme.and_then(|programme| programme.conditions.iter().find(|known| *known.id == condition.id));
            h3.govuk-heading-s { (condition.title) " " (tag_of(condition, assumed)) }
            @if assumed.contains(&condition.id) {
                p.govuk-body { "要由工作人员看过以后认定，这里先按符合计算。" }
            } @else if let Some(finding) = &condition.finding {
                p.govuk-body { (finding.reason) }
            } @else {
                (compared(condition))
            }
            @if condition.outcome == Outcome::NotMet {
                @if let Some(flip) = &condition.flip { p.govuk-body { strong { (flip.text) "。" } } }
                @if let Some(definition) = definition { p.govuk-body { (definition.remedy) } }
            }
            @if condition.outcome == Outcome::Unknown && !condition.missing.is_empty() {
                p.govuk-body { "还差：" (titles(condition)) "。" }
            }
            @if let Some(definition) = definition { p.govuk-hint { "依据：" (in_brackets(release, &definition.basis, on)) } }
        }
    }
}

fn titles(condition: &ConditionOutcome) -> String {
    let titles: Vec<&str> = condition.missing.iter().map(|missing| missing.title.as_str()).collect();
    titles.join("、")
}

fn tag_of(condition: &ConditionOutcome, assumed: &[String]) -> Markup {
    match condition.outcome {
        Outcome::Met if assumed.contains(&condition.id) => tag(Colour::Grey, "待认定"),
        Outcome::Met => tag(Colour::Green, "符合"),
        Outcome::NotMet => tag(Colour::Red, "不符合"),
        Outcome::Unknown if condition.kind == SettledBy::Finding => tag(Colour::Grey, "待认定"),
        Outcome::Unknown => tag(Colour::Yellow, "还不知道"),
    }
}

fn compared(condition: &ConditionOutcome) -> Markup {
    html! {
        @if !condition.comparisons.is_empty() {
            ul.govuk-list.govuk-list--bullet {
                @for comparison in &condition.comparisons {
                    li { (words::compared(comparison)) @match comparison.holds { Some(true) => "：符合", Some(false) => "：不符合", None => "：还不知道" } }
                }
            }
        }
    }
}

/// How the figures were worked out, closed at first.
pub(super) fn working(release: &Release, result: &Determination) -> Markup {
    let programme = release.programmes.get(&result.programme);
    let rows: Vec<SummaryRow<'_>> = result
        .definitions
        .iter()
        .filter(|line| line.value.is_known())
        .map(|line| {
            let definition = programme
                .and_then(|programme| programme.definitions.iter().find(|known| *known.id == line.id));
            let unit = definition.and_then(|definition| definition.unit.as_deref()).unwrap_or_default();
            SummaryRow::new(
                line.title.as_str(),
                html! {
                    strong { (words::definition(line, unit)) " " (unit) }
                    br; span.govuk-hint { (line.formula) " = " (line.figures) }
                },
            )
        })
        .collect();
    html! {
        @if !rows.is_empty() || result.working.is_some() {
            (details("看看是怎么算的", &html! {
                (summary_list(&rows))
                @if let Some(working) = &result.working {
                    p.govuk-body { strong { "金额" } "：" (working.formula) }
                    p.govuk-body { "＝ " (working.figures) }
                    @if let Some(programme) = programme { p.govuk-hint { (programme.amount.rounding) } }
                }
            }))
        }
    }
}

/// The whole determination of a case, for its family.
pub(super) fn determination(
    release: &Release,
    result: &Determination,
    amount: Option<vocab::Fen>,
    on: NaiveDate,
) -> Markup {
    let unit = release
        .programmes
        .get(&result.programme)
        .map_or("元/月", |programme| programme.amount.unit.as_str());
    html! {
        (inset(&html! {
            p.govuk-body {
                (result.title) "："
                @match result.outcome {
                    Outcome::Met => { strong { "符合" } @if let Some(amount) = amount.filter(|amount| amount.0 > 0) { "，" strong { (amount.yuan_grouped()) } " " (unit) } "。" }
                    Outcome::NotMet => { strong { "不符合" } "，不符合的条件见下面。" }
                    Outcome::Unknown => { strong { "还不能得出结论" } "，还有情况要核实。" }
                }
            }
        }))
        (conditions(release, result, on, &[]))
        (working(release, result))
    }
}
