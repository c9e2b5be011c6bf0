//! The first face of a case: what can be done now, what the rules say in short, how it stands.

use maud::{Markup, html};
use office::access::ReadCase;
use office::casework::timeline::StepState;
use office::casework::view::{ActionView, CaseView, that_counts};
use vocab::zh_date;

use crate::desk::rules_in_words::{in_short, replaced};
use crate::desk::words::{due_markup, left_words, limit_words, moment};
use crate::extract::Desk;
use crate::ui::Link;
use crate::ui::form::{ButtonKind, button_link};
use crate::ui::parts::{self, SummaryRow, TimelineStep, details, summary_list, timeline};

/// What can be done, the way on before what lies beside it.
pub(super) fn actions(view: &CaseView) -> Markup {
    let (now, later): (Vec<&ActionView>, Vec<&ActionView>) =
        view.actions.iter().partition(|action| action.not_yet.is_none());
    let (beside, mut usual): (Vec<&ActionView>, Vec<&ActionView>) =
        now.into_iter().partition(|action| action.aside);
    usual.sort_by_key(|action| (action.takes_away, !action.onward));
    let href = |action: &ActionView| format!("/desk/cases/{}/actions/{}", view.case.id, action.id);
    html! {
        section #actions {
            h2.govuk-heading-m { "下一步" }
            @if usual.is_empty() {
                p.govuk-body {
                    @if !view.case.open { "已经办结。" }
                    @else if later.is_empty() { "现在不用您办理。" }
                    @else { "现在还不到您办理的时候，原因见下。" }
                }
            }
            div.govuk-button-group {
                @for (index, action) in usual.iter().enumerate() {
                    @let kind = match (action.takes_away, index) {
                        (true, _) => ButtonKind::Warning,
                        (false, 0) => ButtonKind::Primary,
                        (false, _) => ButtonKind::Secondary,
                    };
                    (button_link(&href(action), &action.title, kind))
                }
            }
            @if !later.is_empty() {
                ul.govuk-list.waiting-for {
                    @for action in &later {
                        li { strong { (action.title) } "：" (action.not_yet.as_deref().unwrap_or_default()) }
                    }
                }
            }
            @if !beside.is_empty() {
                (details("登记、延期、退回等", &html! {
                    ul.govuk-list { @for action in &beside { li { (Link::new(href(action), action.title.as_str())) } } }
                }))
            }
        }
    }
}

/// The newest determination in a few lines.
pub(super) fn decision(view: &CaseView, rules: &str) -> Markup {
    html! {
        section #rules {
            h2.govuk-heading-m { "按规定测算" }
            @match that_counts(&view.case, &view.determinations) {
                Some(newest) => {
                    (in_short(newest))
                    (replaced(&view.replaced, view.case.entitlement.is_some()))
                    p.govuk-body { (Link::new(rules.to_owned(), "看逐条依据和算法")) }
                    @if !view.other_help.is_empty() {
                        p.govuk-body {
                            "可以告诉家庭，还可能符合："
                            (view.other_help.iter().map(|other| other.title.as_str()).collect::<Vec<_>>().join("、")) "。"
                        }
                    }
                }
                None => p.govuk-body { "还没有测算。受理、入户调查或者收到核对报告以后，系统会按规定逐条列出。" },
            }
        }
    }
}

/// What the case is.
pub(super) fn summary(desk: &Desk<ReadCase>, view: &CaseView) -> Markup {
    let case = &view.case;
    let [village, township, county] = &view.places;
    let release = desk.office().release();
    let channel = release.code_title("channel", &case.channel);
    let deciding =
        format!("{}{}", view.deciding, if case.delegated { "（委托乡镇、街道审核确认）" } else { "" });
    let mut rows = vec![
        SummaryRow::new(
            "家庭成员",
            html! {
                @for (index, (person, name)) in view.members.iter().enumerate() {
                    @if index > 0 { "、" }
                    (Link::new(format!("/desk/people/{person}"), name.as_str()))
                }
            },
        ),
        SummaryRow::text("所在地", &format!("{county} · {township} · {village}")),
        SummaryRow::text("由谁决定", &deciding),
        SummaryRow::text("怎么来的", &format!("{channel}，{}", zh_date(case.filed_on))),
    ];
    if let Some(day) = case.accepted_on {
        rows.push(SummaryRow::text("受理日期", &zh_date(day)));
    }
    if let Some(due) = case.due_on.filter(|_| case.open) {
        rows.push(SummaryRow::new("最晚办结", due_markup(desk.office(), due, None)));
    }
    if let Some(day) = case.decided_on {
        rows.push(SummaryRow::text("决定日期", &zh_date(day)));
    }
    if let Some(entitlement) = case.entitlement {
        rows.push(SummaryRow::new(
            "待遇",
            html! { (Link::new(format!("/desk/roll/{entitlement}"), "看在册和发放")) },
        ));
    }
    html! { section #summary { h2.govuk-heading-m { "基本情况" } (summary_list(&rows)) } }
}

/// The case's way.
pub(super) fn steps(view: &CaseView) -> Markup {
    let steps: Vec<TimelineStep<'_>> = view
        .steps
        .iter()
        .filter(|step| step.state != StepState::NotNeeded)
        .map(|step| TimelineStep {
            title: step.title.as_str().into(),
            state: match step.state {
                StepState::Done => parts::StepState::Done,
                StepState::Current => parts::StepState::Current,
                StepState::Ahead | StepState::NotNeeded => parts::StepState::Waiting,
            },
            when: step
                .done
                .as_ref()
                .map_or_else(String::new, |done| format!("{} {}", moment(done.at), done.office))
                .into(),
            note: None,
        })
        .collect();
    timeline(&steps)
}

/// The limits that run or have run.
pub(super) fn clocks(desk: &Desk<ReadCase>, view: &CaseView, title: impl Fn(&str) -> String) -> Markup {
    let today = desk.office().now().today();
    html! {
        @if !view.clocks.is_empty() {
            h2.govuk-heading-m { "办理时限" }
            @let rows: Vec<SummaryRow<'_>> = view.clocks.iter().map(|clock| {
                let left = left_words(desk.office(), today, clock.due.latest).0;
                SummaryRow::new(title(&clock.clock), html! {
                    (limit_words(clock.limit)) "，自 " (clock.started_on) " 起"
                    @if let Some((basis, reason)) = &clock.extended { "（已延长：" (reason) "，" (basis) "）" }
                    br;
                    @match clock.ended_on {
                        Some(day) => { "已于 " (day) " 办完" },
                        None => { (clock.due.zh()) "，" (left) }
                    }
                })
            }).collect();
            (summary_list(&rows))
        }
    }
}
