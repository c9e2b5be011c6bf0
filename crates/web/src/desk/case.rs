//! One case: where it stands, what can be done, what the rules say, what was filled in and by whom.

use axum::extract::Path;
use maud::{Markup, html};
use office::access::ReadCase;
use office::casework::timeline::StepState;
use office::casework::view::{self, ActionView, CaseView};
use office::releases;
use store::CaseId;
use vocab::zh_date;

use super::means::Means;
use super::rules_in_words::determinations;
use super::words::{due_markup, left_words, limit_words, moment, state_tag};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::Link;
use crate::ui::form::{ButtonKind, button_link};
use crate::ui::parts::{
    self, SummaryRow, TimelineStep, details, heading, summary_list, timeline, with_aside,
};
use crate::ui::table::{Column, Table};

/// `GET /desk/cases/{case}`
pub(super) async fn show(desk: Desk<ReadCase>, Path(id): Path<CaseId>) -> Result<Page, Fault> {
    let view = view::open(desk.office(), desk.granted(), id).await?;
    let means = Means::read(&desk, &view).await?;
    let procedure = releases::kept(desk.office(), &view.case.release_hash).await?;
    let item = procedure.items.get(&view.case.item);
    let clock_title = |id: &str| {
        let clock = item.and_then(|item| item.clocks.iter().find(|clock| *clock.id == *id));
        clock.map_or_else(|| id.to_owned(), |clock| clock.title.clone())
    };
    let main = html! {
        (header(&desk, &view))
        (actions(&view))
        (section("rules", "规则测算", &determinations(&view.determinations)))
        (section("means", "家庭经济状况核对", &means.markup(&desk, &view)))
        (section("forms", "申请和调查记录", &forms(&view)))
        (section("attachments", "照片和材料", &attachments(&view)))
        (section("letters", "文书", &letters(&view)))
        (section("trace", "办理经过", &trace(&view)))
    };
    let aside = html! {
        aside aria-label="办理进度" {
            h2.govuk-heading-m { "办理进度" }
            (steps(&view))
            (clocks(&desk, &view, clock_title))
        }
    };
    let title = format!("{} {}", view.case.number, view.title);
    Ok(Page::new(title, with_aside(&main, &aside)).under("cases").back("/desk/work", "返回待办"))
}

fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! { section id=(id) { h2.govuk-heading-m { (title) } (body) } }
}

fn header(desk: &Desk<ReadCase>, view: &CaseView) -> Markup {
    let case = &view.case;
    let step = view.steps.iter().find(|step| step.id == case.step);
    let step = step.map_or(case.step.as_str(), |step| step.title.as_str());
    let [village, township, county] = &view.places;
    let channel = match case.channel.as_str() {
        "citizen" => "本人网上申请",
        "window" => "窗口代为录入",
        "village" => "村（居）委会代为申请",
        "import" => "由在册名单导入",
        other => other,
    };
    let mut rows = vec![
        SummaryRow::new("状态", state_tag(case.open, step, case.outcome.as_deref())),
        SummaryRow::text("申请人", &view.applicant),
        SummaryRow::text("家庭人数", &format!("{} 人", case.members)),
        SummaryRow::text("所在地", &format!("{county} · {township} · {village}")),
        SummaryRow::text(
            "决定机关",
            &format!("{}{}", view.deciding, if case.delegated { "（委托乡镇、街道审核确认）" } else { "" }),
        ),
        SummaryRow::text("来源", &format!("{channel}，{}", zh_date(case.filed_on))),
    ];
    if let Some(day) = case.accepted_on {
        rows.push(SummaryRow::text("受理日期", &zh_date(day)));
    }
    if let Some(due) = case.due_on.filter(|_| case.open) {
        rows.push(SummaryRow::new("办理期限", due_markup(desk.office(), due, None)));
    }
    if let Some(day) = case.decided_on {
        rows.push(SummaryRow::text("决定日期", &zh_date(day)));
    }
    html! { (heading(Some(&view.title), &case.number)) (summary_list(&rows)) }
}

fn actions(view: &CaseView) -> Markup {
    let (now, later): (Vec<&ActionView>, Vec<&ActionView>) =
        view.actions.iter().partition(|action| action.not_yet.is_none());
    let href = |action: &ActionView| format!("/desk/cases/{}/actions/{}", view.case.id, action.id);
    html! {
        section #actions {
            h2.govuk-heading-m { "可以办理" }
            @if now.is_empty() { p.govuk-body { "现在没有需要您办理的。" } }
            div.govuk-button-group {
                @for (index, action) in now.iter().enumerate() {
                    @let kind = match (action.takes_away, index) {
                        (true, _) => ButtonKind::Warning,
                        (false, 0) => ButtonKind::Primary,
                        (false, _) => ButtonKind::Secondary,
                    };
                    (button_link(&href(action), &action.title, kind))
                }
            }
            @if !later.is_empty() {
                (details("暂时不能办理的", &html! {
                    ul.govuk-list.govuk-list--bullet {
                        @for action in later {
                            li { strong { (action.title) } "：" (action.not_yet.as_deref().unwrap_or_default()) }
                        }
                    }
                }))
            }
        }
    }
}

fn steps(view: &CaseView) -> Markup {
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

fn clocks(desk: &Desk<ReadCase>, view: &CaseView, title: impl Fn(&str) -> String) -> Markup {
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

fn forms(view: &CaseView) -> Markup {
    html! {
        @for (index, form) in view.forms.iter().enumerate() {
            @let body = html! {
                @for section in &form.sections {
                    @if !section.rows.is_empty() {
                        h3.govuk-heading-s { (section.title) }
                        @let rows: Vec<SummaryRow<'_>> =
                            section.rows.iter().map(|row| SummaryRow::text(row.label.as_str(), &row.value)).collect();
                        (summary_list(&rows))
                    }
                }
            };
            details.govuk-details open[index == 0] {
                summary.govuk-details__summary {
                    span.govuk-details__summary-text { (form.title) "（" (moment(form.at)) "）" }
                }
                div.govuk-details__text { (body) }
            }
        }
    }
}

fn attachments(view: &CaseView) -> Markup {
    html! {
        @if view.attachments.is_empty() { p.govuk-body { "没有照片和材料。" } }
        ul.govuk-list {
            @for file in &view.attachments {
                li {
                    a.govuk-link href={ "/desk/attachments/" (file.id) } target="_blank" rel="noopener" {
                        (file.name) span.govuk-visually-hidden { "（在新窗口打开）" }
                    }
                    " " span.govuk-hint { ((file.size + 1023) / 1024) " KB" }
                }
            }
        }
    }
}

fn letters(view: &CaseView) -> Markup {
    let rows = view.letters.iter().map(|letter| {
        let words = if letter.ready { "查看 PDF" } else { "正在排版" };
        vec![
            html! { (letter.title) },
            html! { (letter.number) },
            html! { (letter.dated_on) },
            html! { (Link::new(format!("/desk/letters/{}", letter.id), words).about(letter.title.as_str())) },
        ]
    });
    html! {
        (Table {
            id: "letters-list".into(),
            caption: "文书".into(),
            caption_hidden: true,
            columns: ["文书", "文号", "日期", "文件"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "还没有文书。".into(),
            ..Table::default()
        })
    }
}

fn trace(view: &CaseView) -> Markup {
    let rows = view.events.iter().rev().map(|event| {
        vec![
            html! { (moment(event.at)) },
            html! { (event.title) },
            html! { (event.office) @if let Some(who) = &event.who { " " (who) } },
            html! { @for reason in &event.reasons { div { (reason) } } },
        ]
    });
    html! {
        (Table {
            id: "events".into(),
            caption: "办理经过".into(),
            caption_hidden: true,
            columns: ["时间", "办理事项", "办理单位和人员", "理由"].map(Column::new).into(),
            rows: rows.collect(),
            ..Table::default()
        })
    }
}
