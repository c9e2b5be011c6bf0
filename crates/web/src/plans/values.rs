//! What waits for a second person: values, and changes of targets.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::{ApprovePlan, ReadPlan, Right};
use office::plans::proposals::{self, Proposal};
use office::plans::values::{self, ValueLine};
use office::plans::{PlanValueId, demanded};
use serde::Deserialize;

use super::{HERE, NAV_ID, exports, faces, with_unit};
use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{ROWS, cursor};
use crate::ui::form::{ButtonKind, Field, button_group, form_post, submit, text_input};
use crate::ui::parts;
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
}

const LIST: &str = "/desk/plan/values";
const TITLE: &str = "待复核和批准";

/// `GET /desk/plan/values`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let after = cursor(&asked.after)?;
    let waiting = values::waiting(desk.office(), desk.granted(), after.as_ref(), ROWS).await?;
    let mut rows = Vec::new();
    for line in &waiting.rows {
        rows.push(row(&desk, &plan, line));
    }
    let table = Table {
        id: "waiting".into(),
        caption: "等待复核的数".into(),
        columns: vec![
            Column::new("指标"),
            Column::new("月份"),
            Column::new("地方"),
            Column::new("数值").numeric(),
            Column::new("数据来源"),
            Column::new("填报人"),
            Column::new("复核"),
        ],
        rows,
        empty: "现在没有等待复核的数。".into(),
        exports: exports(&desk, "values"),
        pager: Some(Pager {
            previous: after.is_some().then(|| LIST.into()),
            next: waiting.next.as_ref().map(|next| address(LIST, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let proposed = proposals::waiting(desk.office(), desk.granted(), &plan).await?;
    let content = html! {
        (parts::heading(Some(&plan.home.name), TITLE))
        (parts::tabs("规划", &faces(), "values"))
        @if !proposed.is_empty() { (proposals_table(&proposed)) }
        p.govuk-body { "填报的数由另一个人复核以后才用来判断进度。请对照数据来源核对；不对的，写明原因退回。" }
        (table)
    };
    Ok(Page::new(TITLE, content).under(NAV_ID))
}

/// The changes of targets; each is read and decided on its indicator's page.
fn proposals_table(proposed: &[Proposal]) -> Table<'_> {
    let row = |one: &Proposal| {
        vec![
            html! { span.plan-name { (Link::new(format!("{HERE}/indicators/{}", one.indicator), one.name.as_str())) } },
            html! { (one.what) },
            html! { (one.reason) },
            html! { (one.by) br; span.govuk-hint { (one.at.zh()) } },
        ]
    };
    Table {
        id: "proposed".into(),
        caption: "等待批准的目标调整和分解".into(),
        columns: ["指标", "事项", "原因和文件", "提出人"].map(Column::new).into(),
        rows: proposed.iter().map(row).collect(),
        ..Table::default()
    }
}

fn row(desk: &Desk<ReadPlan>, plan: &office::plans::Installed, line: &ValueLine) -> Vec<Markup> {
    let indicator = plan.indicator(&line.indicator);
    let name = indicator.map_or(line.indicator.as_str(), |one| one.name.as_str());
    let number = indicator.map_or_else(|| line.number.to_string(), |one| with_unit(line.number, one));
    let remark = format!("remark_{}", line.id);
    vec![
        html! { span.plan-name { (Link::new(format!("{HERE}/indicators/{}", line.indicator), name)) } },
        html! { (line.month.zh()) },
        html! { (line.division_name) },
        html! { (number) },
        html! { (line.evidence) },
        html! { (line.reported_by) },
        html! {
            @if !desk.may(Right::ApprovePlan) { "等待复核" }
            @else if line.reporter == desk.actor().staff { "您填报的，由另一个人复核" }
            @else {
                (form_post(&format!("{LIST}/{}/look", line.id), &desk.key(), &html! {
                    (text_input(&Field::new(remark, "复核意见").hint("退回时必须写明原因").optional().max_chars(500)))
                    (button_group(&html! {
                        (submit("数据属实", ButtonKind::Primary, Some(("decision", "right"))))
                        (submit("退回", ButtonKind::Secondary, Some(("decision", "wrong"))))
                    }))
                }))
            }
        },
    ]
}

/// `POST /desk/plan/values/{plan_value}/look`
pub(super) async fn look(
    desk: Desk<ApprovePlan>,
    Path(id): Path<PlanValueId>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let right = form.get("decision") == "right";
    values::look(desk.office(), desk.granted(), id, right, form.get(&format!("remark_{id}"))).await?;
    Ok(SeeOther::to(LIST).done(if right {
        "已复核，从现在起用来判断进度。"
    } else {
        "已退回。"
    }))
}
