//! 部门核对了什么: what was asked about one's family, what does not fit with what it declared, and saying that something is wrong.

use axum::extract::Path;
use maud::{Markup, html};
use office::OfficeError;
use office::means_test::check::{self, ContradictionId, ContradictionState, ContradictionView, RequestView};
use store::CaseId;

use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::extract::{Begun, CitizenDesk};
use crate::form_body::{Fields, KeyedForm};
use crate::routes::{Routes, get, post};
use crate::ui::form::{ButtonKind, Field, form_post, submit, text_area};
use crate::ui::parts::{Colour, heading, print_button, tag};
use crate::ui::table::{Column, Table};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/my/cases/{case}/check", get(show))
        .route("/my/cases/{case}/check/{contradiction}", post(object))
}

fn address(case: CaseId) -> String {
    format!("/my/cases/{case}/check")
}

async fn show(desk: CitizenDesk, Path(case): Path<CaseId>) -> Result<Page, Fault> {
    let view = check::family_check(desk.office(), desk.citizen(), case).await?;
    let content = html! {
        (heading(None, "部门核对了什么"))
        @match &view {
            None => p.govuk-body { "还没有向部门询问。" },
            Some(view) => {
                p.govuk-body { "您家授权以后，民政部门向有关部门询问了下面这些。部门的数据可能晚一些，也可能有错。" }
                h2.govuk-heading-m { "和您家申报不一致的地方" }
                @if view.contradictions.is_empty() { p.govuk-body { "没有。" } }
                @for one in &view.contradictions { (contradiction(&desk, case, one)) }
                (crate::desk::facts_beside(&view.facts))
                (asked(&view.requests))
            }
        }
        (print_button())
    };
    Ok(Page::new("部门核对了什么", content).under("cases").back(format!("/my/cases/{case}"), "返回办件"))
}

/// Where it stands, as the family hears it.
fn state(one: &ContradictionView) -> &'static str {
    match one.state {
        ContradictionState::Open => "等您说明或者工作人员核实",
        ContradictionState::Objected => "已收到您的异议，正在安排复查",
        ContradictionState::Rechecking => "已请部门再查一次",
        ContradictionState::Upheld => "部门再查以后答复不变，等工作人员核实",
        ContradictionState::Explained => "已核实清楚",
        ContradictionState::Cleared => "已经一致了",
        ContradictionState::Replaced => "部门有了新的答复，见后面",
    }
}

fn contradiction(desk: &CitizenDesk, case: CaseId, one: &ContradictionView) -> Markup {
    let may_object = matches!(
        one.state,
        ContradictionState::Open | ContradictionState::Upheld | ContradictionState::Objected
    );
    let colour = if one.state.is_open() { Colour::Orange } else { Colour::Grey };
    let body = html! {
        (text_area(&Field::new(format!("words_{}", one.id), "哪里不对，实际情况是什么").hint("例如：车已经卖了，还没有过户。有材料的，可以到窗口交。").max_chars(1000), 3))
        (submit("提出异议", ButtonKind::Secondary, None))
    };
    html! {
        section.govuk-summary-card {
            div.govuk-summary-card__title-wrapper { h3.govuk-summary-card__title { (one.title) } }
            div.govuk-summary-card__content {
                p.govuk-body { (tag(colour, state(one))) }
                ul.govuk-list {
                    @for value in &one.values {
                        li { (value.name) "，" (value.title) "：" strong { (value.shown) } "（" (value.source) "，" (vocab::zh_date(value.on)) "）" }
                    }
                }
                @for objection in &one.objections {
                    p.govuk-body { strong { "您家的异议" } "（" (vocab::Now::from_unix_ms(objection.at).zh()) "）：" (objection.words) }
                }
                @if let Some(words) = &one.words { p.govuk-body { strong { "结果" } "：" (words) } }
                @if may_object { (form_post(&format!("{}/{}", address(case), one.id), &desk.key(), &body)) }
            }
        }
    }
}

fn asked(requests: &[RequestView]) -> Markup {
    let rows = requests.iter().map(|request| {
        let how =
            if request.overdue { "部门还没有答复，已超过期限" } else { request.state.title() };
        vec![
            html! { (request.name) },
            html! { (request.department) br; span.govuk-body-s { (request.title) } },
            html! { (how) },
            html! { (vocab::zh_date(request.asked_on)) },
            crate::desk::check_answers(request),
        ]
    });
    html! {
        (Table {
            id: "asked".into(),
            caption: "问了谁、问了什么".into(),
            columns: ["家庭成员", "问的部门", "答复了没有", "哪天问的", "答复（只有本人看得到）"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "没有。".into(),
            ..Table::default()
        })
    }
}

async fn object(
    desk: CitizenDesk,
    Path((case, id)): Path<(CaseId, ContradictionId)>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let to = address(case);
    if let Begun::Again(answer) = desk.begin(&key).await? {
        return Ok(SeeOther::to(answer));
    }
    let words = form.get(&format!("words_{id}")).to_owned();
    match check::object_own(desk.office(), desk.citizen(), case, id, &words).await {
        Ok(()) => {
            if let Begun::First(write) = desk.begin(&key).await? {
                write.finish(&to).await?;
            }
            Ok(SeeOther::to(to).done("异议已收到，会安排复查，结果在这里看。"))
        }
        Err(error @ (OfficeError::Conflict(_) | OfficeError::Invalid(_))) => {
            Ok(SeeOther::to(to).note(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}
