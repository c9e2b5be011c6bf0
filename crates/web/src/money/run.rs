//! One run: where it stands, its control totals, what differs from last month and why, and what may be done now.

use axum::extract::Path;
use ledger::compare::{DifferenceKind, Summary};
use ledger::supplement::StandingOpen;
use ledger::{EntitlementId, PaymentRun, RunId, RunKind, RunState};
use maud::{Markup, html};
use office::access::{ReadPayments, Right};
use office::divisions;
use office::roll::{month_list, payments};

use super::PAYMENTS;
use super::bounce;
use super::common::{moment, watched, yuan};
use super::runs::{colour, run_title};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, button_link, error_summary, form_post, hidden, radios, submit,
    text_input,
};
use crate::ui::parts::{self, StepState, SummaryRow, TimelineStep};
use crate::ui::table::{Column, Table};

pub(super) async fn page(desk: Desk<ReadPayments>, Path(id): Path<RunId>) -> Result<Page, Fault> {
    run_page(&desk, id, &Errors::none()).await
}

/// How a family's line differs, in words.
pub(super) fn difference_title(kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::New => "本月新增",
        DifferenceKind::Gone => "本月不再发放",
        DifferenceKind::Amount => "金额变化",
        DifferenceKind::Payee => "收款账户变化",
    }
}

pub(super) async fn run_page(desk: &Desk<ReadPayments>, id: RunId, errors: &Errors) -> Result<Page, Fault> {
    let office = desk.office();
    let run = payments::find_run(office, desk.granted(), id).await?;
    let county = divisions::find(office.db(), run.county).await?.name;
    let title = run_title(desk, &run);
    let here = format!("/desk/payments/{id}");
    let waiting = match run.state {
        RunState::Exported | RunState::Answered => {
            Some(payments::unanswered(office, desk.granted(), id).await?)
        }
        _ => None,
    };
    let moving = matches!(run.state, RunState::Making | RunState::Exporting | RunState::Cancelling);
    let settled = !moving && run.state != RunState::Cancelled;
    let compared = if settled {
        Some(payments::compare(office, desk.granted(), id, EntitlementId(0), 0).await?.0)
    } else {
        None
    };
    let list = month_list::of_run(office, desk.granted(), id).await?;
    let open = if run.kind == RunKind::Regular && settled {
        payments::standing_open(office, desk.granted(), &run).await?
    } else {
        StandingOpen::default()
    };
    let returned = bounce::section(desk, &run).await?;
    let status = html! {
        p { (parts::tag(colour(run.state), run.state.title())) }
        @if moving { p.govuk-body { "正在办理，已列入 " (run.line_count) " 笔、" (yuan(run.total)) " 元。可以离开本页，办理不会中断。" } }
        (parts::timeline(&steps(&run)))
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some(&county), &title))
        (watched("progress", &here, moving, &status))
        (totals(&run))
        @if let Some(waiting) = waiting.filter(|waiting| waiting.count > 0) {
            p.govuk-body { "银行尚未回盘 " (waiting.count) " 笔、" (yuan(waiting.total)) " 元。" }
        }
        p.govuk-body {
            (Link::new(format!("{here}/lines"), "全部明细")) "　"
            (Link::new(format!("{here}/lines?state=blocked"), "未列入的家庭及原因")) "　"
            (Link::new(format!("{here}/lines?state=failed"), "发放失败的明细"))
        }
        (returned)
        @if let Some(of) = run.reissue_of { p.govuk-body { (Link::new(format!("/desk/payments/{of}"), "查看原批次")) } }
        @if let Some(reason) = &run.supplement_reason { (parts::inset(&html! { p.govuk-body { "补充发放的原因：" (reason) } })) }
        @if let Some(list) = list {
            p.govuk-body { "本批次按名册发放，逐人的增减和原因在" (Link::new(format!("/desk/month-lists/{list}"), "名册")) "上。" }
        }
        @if let Some(compared) = &compared { (differences(&run, compared)) }
        (approve_form(desk, &run, compared.as_ref()))
        (making_forms(desk, &run, waiting.is_some_and(|waiting| waiting.count == 0), errors))
        @if open.count > 0 { (supplement_form(desk, &run, open, errors)) }
    };
    Ok(Page::new(title, content).under(PAYMENTS).back("/desk/payments", "返回批次列表").errors(errors))
}

/// What stands open beside the month's run may be paid without waiting for the next.
fn supplement_form(
    desk: &Desk<ReadPayments>,
    run: &PaymentRun,
    open: StandingOpen,
    errors: &Errors,
) -> Markup {
    html! {
        h2.govuk-heading-m { "补充发放" }
        p.govuk-body { "到这个月为止还有 " (open.count) " 户、" (yuan(open.total)) " 元应发未发：补发决定、发放失败或者账户刚补齐的。不另行处理的，随下月批次发放。" }
        @if desk.may_for(Right::MakeRun, &run.programme) {
            (form_post(&format!("/desk/payments/{}/supplement", run.id), &desk.key(), &html! {
                (text_input(&Field::new("supplement_reason", "为什么不等下月批次").max_chars(200).errors(errors)))
                (submit("生成补充发放批次", ButtonKind::Secondary, None))
            }))
        }
    }
}

fn steps(run: &PaymentRun) -> Vec<TimelineStep<'static>> {
    let stopped = matches!(run.state, RunState::Cancelling | RunState::Cancelled);
    let step = |title: &'static str, done: bool, current: bool, when: String| TimelineStep {
        title: title.into(),
        state: match (done, stopped, current) {
            (true, _, _) => StepState::Done,
            (false, true, _) => StepState::Stopped,
            (false, false, true) => StepState::Current,
            (false, false, false) => StepState::Waiting,
        },
        when: when.into(),
        note: None,
    };
    let when = |at| if let Some(at) = at { moment(Some(at)) } else { String::new() };
    let mut steps = vec![
        step("生成批次", run.state != RunState::Making, run.state == RunState::Making, run.made_at.zh()),
        step("另一人复核", run.approved_at.is_some(), run.state == RunState::Made, when(run.approved_at)),
        step(
            "导出银行文件",
            run.exported_at.is_some() && run.state != RunState::Exporting,
            matches!(run.state, RunState::Approved | RunState::Exporting),
            when(run.exported_at),
        ),
        step(
            "银行回盘",
            run.answered_at.is_some() && run.state != RunState::Exported,
            run.state == RunState::Exported,
            when(run.answered_at),
        ),
        step("办结", run.closed_at.is_some(), run.state == RunState::Answered, when(run.closed_at)),
    ];
    if let Some(reason) = &run.cancel_reason {
        steps.push(step("作废", run.state == RunState::Cancelled, true, reason.clone()));
    }
    steps
}

fn totals(run: &PaymentRun) -> Markup {
    let mut rows = vec![
        SummaryRow::text("笔数", &run.line_count.to_string()),
        SummaryRow::text("合计金额（元）", &format!("{}（{}）", yuan(run.total), run.total.in_words())),
        SummaryRow::text("未列入（户）", &run.blocked_count.to_string()),
    ];
    if let Some(hash) = &run.file_sm3 {
        rows.push(SummaryRow::text("银行文件 SM3", hash));
    }
    html! { h2.govuk-heading-m { "控制数" } (parts::summary_list(&rows)) }
}

fn differences(run: &PaymentRun, summary: &Summary) -> Markup {
    let list = format!("/desk/payments/{}/differences", run.id);
    let rows = summary
        .groups
        .iter()
        .map(|((kind, cause), group)| {
            vec![
                html! { (difference_title(*kind)) },
                html! { (cause.title()) },
                html! { (group.count) },
                html! { (yuan(group.before)) },
                html! { (yuan(group.after)) },
            ]
        })
        .collect();
    let table = Table {
        id: "differences".into(),
        caption: "与上月的差异".into(),
        columns: vec![
            Column::new("差异"),
            Column::new("原因"),
            Column::new("户数").numeric(),
            Column::new("上月（元）").numeric(),
            Column::new("本月（元）").numeric(),
        ],
        rows,
        sums: Some(vec![
            html! { "全部" },
            html! { "另有 " (summary.unchanged) " 户不变" },
            html! { (summary.after.count) },
            html! { (yuan(summary.before.before)) },
            html! { (yuan(summary.after.after)) },
        ]),
        empty: "没有差异。".into(),
        cards: false,
        ..Table::default()
    };
    html! {
        @if summary.previous.is_none() { p.govuk-body { "这是本县（市、区）该项目的第一个批次，没有上月可比。" } }
        @if summary.unexplained > 0 {
            (parts::warning_text(&format!("有 {} 户与上月不同而查不到原因，查明之前不能复核。", summary.unexplained)))
        }
        (table)
        p.govuk-body { (Link::new(list, "逐户查看差异、原因和依据")) }
    }
}

fn approve_form(desk: &Desk<ReadPayments>, run: &PaymentRun, compared: Option<&Summary>) -> Markup {
    if run.state != RunState::Made || !desk.may_for(Right::ApproveRun, &run.programme) {
        return html! {};
    }
    let unexplained = compared.is_some_and(|summary| summary.unexplained > 0);
    html! {
        h2.govuk-heading-m { "复核" }
        @if run.made_by == desk.actor().staff {
            p.govuk-body { "本批次由您生成，须由另一人复核。" }
        } @else if unexplained {
            p.govuk-body { "查明差异原因之后才能复核。" }
        } @else {
            (form_post(&format!("/desk/payments/{}/approve", run.id), &desk.key(), &html! {
                p.govuk-body { "复核的是 " strong { (run.line_count) } " 笔、" strong { (yuan(run.total)) } " 元（" (run.total.in_words()) "）。" }
                (hidden("count", &run.line_count.to_string()))
                (hidden("total", &run.total.to_string()))
                (submit("核对无误，同意发放", ButtonKind::Primary, None))
            }))
        }
    }
}

fn making_forms(desk: &Desk<ReadPayments>, run: &PaymentRun, answered: bool, errors: &Errors) -> Markup {
    if !desk.may_for(Right::MakeRun, &run.programme) {
        return html! {};
    }
    let here = format!("/desk/payments/{}", run.id);
    let formats = [Choice::new("xlsx", "Excel"), Choice::new("csv", "CSV")];
    let gone = matches!(run.state, RunState::Exported | RunState::Answered | RunState::Closed);
    html! {
        @if run.state == RunState::Approved || gone {
            h2.govuk-heading-m { "银行文件" }
            p.govuk-body { "再次导出的内容与首次完全一致，SM3 不变。导出后请刷新本页。" }
            (form_post(&format!("{here}/bank-file"), &desk.key(), &html! {
                (radios(&Field::new("format", "格式").value("xlsx").inline(), &formats))
                (submit("导出银行文件", if gone { ButtonKind::Secondary } else { ButtonKind::Primary }, None))
            }))
        }
        @if matches!(run.state, RunState::Exported | RunState::Answered) {
            (button_link(&format!("{here}/answer"), "读入银行回盘", ButtonKind::Primary))
        }
        @if gone {
            h2.govuk-heading-m { "退汇" }
            p.govuk-body { "银行说已经发放、以后又退回来的，" (Link::new(format!("{here}/returned"), "登记退汇")) "；登记以后按发放失败办理。" }
            h2.govuk-heading-m { "失败重发" }
            (form_post(&format!("{here}/reissue"), &desk.key(), &html! {
                p.govuk-body { "把仍未发放成功的明细（包括退汇的）按现在的收款账户另列一个批次，同样须由另一人复核。" }
                (submit("重发失败明细", ButtonKind::Secondary, None))
            }))
        }
        @if run.state == RunState::Answered && answered {
            (form_post(&format!("{here}/close"), &desk.key(), &submit("办结本批次", ButtonKind::Primary, None)))
        }
        @if matches!(run.state, RunState::Making | RunState::Made | RunState::Approved) {
            h2.govuk-heading-m { "作废" }
            (form_post(&format!("{here}/cancel"), &desk.key(), &html! {
                (text_input(&Field::new("reason", "作废原因").hint("导出银行文件之前可以作废，作废后可以重新生成。").max_chars(200).errors(errors)))
                (submit("作废本批次", ButtonKind::Warning, None))
            }))
        }
    }
}
