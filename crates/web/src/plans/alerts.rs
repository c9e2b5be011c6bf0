//! 预警和提醒: what the office in charge has to look at, closed with a reason.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::{ReadPlan, ReportPlan, Right};
use office::plans::reminders::{self, AlertKind, PlanAlert};
use office::plans::{PlanAlertId, demanded};
use serde::Deserialize;

use super::{HERE, NAV_ID, exports, faces};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{ROWS, already, cursor, remember};
use crate::ui::form::{ButtonKind, Errors, Field, error_summary, form_post, submit, text_area};
use crate::ui::parts::{self, Colour, Figure, SummaryRow, Urgency, figure_cards, summary_list, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const LIST: &str = "/desk/plan/alerts";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    own: String,
    after: String,
}

fn kind_tag(kind: AlertKind) -> Markup {
    let colour = match kind {
        AlertKind::WillMiss => Colour::Red,
        AlertKind::Behind | AlertKind::Late => Colour::Orange,
        AlertKind::Due => Colour::Yellow,
    };
    tag(colour, kind.title())
}

/// `GET /desk/plan/alerts`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let after = cursor(&asked.after)?;
    let own = asked.own == "yes";
    let found = reminders::open(desk.office(), desk.granted(), own, after.as_ref(), ROWS).await?;
    let (all, missing) = reminders::counted(desk.office(), &desk.scope(), None).await?;
    let (mine, _) = reminders::counted(desk.office(), &desk.scope(), Some(desk.actor().division)).await?;
    let rows = found.rows.iter().map(|alert| {
        vec![
            html! { span.plan-name { (Link::new(format!("{LIST}/{}", alert.id), alert.title.as_str())) } br; (kind_tag(alert.kind)) @if let Some(part) = &alert.part { " " (part) } },
            html! { (alert.due.zh()) },
            html! { (alert.grounds) },
            html! { (alert.division_name) @if !alert.charge.is_empty() { br; span.govuk-hint { (alert.charge) } } },
            html! { (alert.raised_at.zh()) },
        ]
    });
    let to = |after: &str| address(LIST, &[("own", asked.own.as_str()), ("after", after)]);
    let table = Table {
        id: "alerts".into(),
        caption: "待处理的预警和提醒".into(),
        caption_hidden: true,
        columns: ["事项", "期限", "依据", "承办", "提出时间"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "没有待处理的预警和提醒。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| to("").into()),
            next: found.next.as_ref().map(|next| to(&next.to_string()).into()),
        }),
        exports: exports(&desk, "alerts"),
        ..Table::default()
    };
    let urgency = if missing > 0 { Urgency::Danger } else { Urgency::Calm };
    let content = html! {
        (parts::heading(Some(&plan.home.name), "预警和提醒"))
        (parts::tabs("规划", &faces(), "alerts"))
        (figure_cards(&[
            Figure::new(missing.to_string(), "约束性指标预计达不到目标").urgency(urgency).href(LIST),
            Figure::new(all.to_string(), "全部待处理").href(LIST),
            Figure::new(mine.to_string(), "本单位承办").href(address(LIST, &[("own", "yes")])),
        ]))
        p.govuk-body {
            "约束性指标离到期不满 " (plan.plan.warn_months) " 个月、两种推算都达不到目标的，向承办单位预警；分解到" (plan.below_title()) "的，各地的数同样预警，低于分解目标的，向当地提醒。项目和任务在到期前 "
            (plan.plan.remind_months) " 个月提醒，分工另外写明的按分工；到期没有登记完成的继续提醒。没有明确分工的，由规划的编制单位承办。"
        }
        (table)
    };
    Ok(Page::new("预警和提醒", content).under(NAV_ID))
}

/// `GET /desk/plan/alerts/{plan_alert}`
pub(super) async fn one(desk: Desk<ReadPlan>, Path(id): Path<PlanAlertId>) -> Result<Page, Fault> {
    let alert = reminders::alert(desk.office(), desk.actor(), id).await?;
    Ok(shown(&desk, &alert, "", &Errors::none()))
}

fn shown(desk: &Desk<ReadPlan>, alert: &PlanAlert, reason: &str, errors: &Errors) -> Page {
    let state = match alert.state.as_str() {
        "open" => tag(Colour::Orange, "待处理"),
        "gone" => tag(Colour::Green, "情况已消除"),
        _ => tag(Colour::Grey, "已处理"),
    };
    let entry = if alert.indicator {
        Link::new(format!("{HERE}/indicators/{}", alert.entry), alert.title.as_str())
    } else {
        Link::new(format!("{HERE}/charges/{}", alert.entry), alert.title.as_str())
    };
    let mut rows = vec![
        SummaryRow::new("事项", html! { (entry) @if let Some(part) = &alert.part { "（" (part) "）" } }),
        SummaryRow::new("状态", state),
        SummaryRow::text("期限", &alert.due.zh()),
        SummaryRow::text("依据", &alert.grounds),
        SummaryRow::text("承办", &format!("{} {}", alert.division_name, alert.charge)),
        SummaryRow::text("提出时间", &alert.raised_at.zh()),
    ];
    if let (Some(by), Some(reason)) = (&alert.closed_by, &alert.reason) {
        rows.push(SummaryRow::text("处理结果", &format!("{reason}（{by}）")));
    }
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some(alert.kind.title()), &alert.title))
        (summary_list(&rows))
        @if alert.state == "open" && desk.may(Right::ReportPlan) {
            div.prose {
                (form_post(&format!("{LIST}/{}", alert.id), &desk.key(), &html! {
                    (text_area(&Field::new("reason", "处理结果").hint("写明采取了什么措施；不需要处理的，写明为什么。情况改变后会再次提醒。").value(reason).max_chars(500).errors(errors), 3))
                    (submit("处理完毕", ButtonKind::Primary, None))
                }))
            }
        }
    };
    Page::new(alert.title.clone(), content).under(NAV_ID).back(LIST, "返回预警和提醒").errors(errors)
}

/// `POST /desk/plan/alerts/{plan_alert}`
pub(super) async fn close(
    desk: Desk<ReportPlan>,
    Path(id): Path<PlanAlertId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    match reminders::close(desk.office(), desk.granted(), id, form.get("reason")).await {
        Ok(()) => {
            remember(&desk, &key, LIST).await?;
            Ok(SeeOther::to(LIST).done("已处理。").into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            let reader = desk.desk::<ReadPlan>()?;
            let alert = reminders::alert(desk.office(), desk.actor(), id).await?;
            Ok(shown(&reader, &alert, form.get("reason"), &errors).into())
        }
    }
}
