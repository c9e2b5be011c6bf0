//! 我的核查: what the lot gave to a member of staff to inspect, and what they found.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use office::access::{Granted, ReadCase, Right};
use office::casework::RandomCheckId;
use office::casework::sampling::random::{self, ERRORS, Finding, Kind, Mine};
use serde::Deserialize;
use vocab::Fen;

use super::random_checks::{problem, result_tag};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Staff;
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::cursor;
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, error_summary, form_post, money_input, radios, select, submit,
};
use crate::ui::parts::{self, SummaryRow};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

pub(super) const HERE: &str = "/desk/inspections";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    after: String,
}

/// `GET /desk/inspections`
pub(super) async fn list(staff: Staff, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let granted = staff.grant::<ReadCase>()?;
    let after = cursor(&ask.after)?;
    let mine = random::mine(staff.office(), &granted, after.as_ref()).await?;
    let table = Table {
        id: "inspections".into(),
        caption: "抽签分给我的".into(),
        columns: ["编号", "是什么", "乡镇（街道）", "查完日期", "结果"].map(Column::new).into(),
        rows: mine.rows.iter().map(|one| row(&staff, one)).collect(),
        empty: "没有抽签分给您的核查。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| HERE.into()),
            next: mine.next.as_ref().map(|next| address(HERE, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(Some("抽样核查"), "我的核查"))
        p.govuk-body { "案卷不在您管辖范围的，请凭编号向办理的乡镇（街道）调阅。" }
        (table)
    };
    Ok(Page::new("我的核查", content).under("work").back("/desk/work", "返回我的待办"))
}

fn what(staff: &Staff, one: &Mine) -> String {
    let title = crate::citizen::draws::title_of(staff.office(), one.kind, &one.subject);
    format!("{}：{title}", one.kind.title())
}

fn row(staff: &Staff, one: &Mine) -> Vec<Markup> {
    vec![
        html! { (Link::new(format!("{HERE}/{}/{}", one.check, one.place), one.number.as_str())) },
        html! { (what(staff, one)) },
        html! { (one.township) },
        html! { (one.finish_on) },
        result_tag(one.found.as_ref()),
    ]
}

/// `GET /desk/inspections/{random_check}/{random_place}`
pub(super) async fn show(
    staff: Staff,
    Path((check, place)): Path<(RandomCheckId, i64)>,
) -> Result<Page, Fault> {
    let granted = staff.grant::<ReadCase>()?;
    one_page(&staff, &granted, (check, place), &Fields::default(), &Errors::none()).await
}

async fn one_page(
    staff: &Staff,
    granted: &Granted<ReadCase>,
    (check, place): (RandomCheckId, i64),
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let one = random::one_of_mine(staff.office().db(), granted, check, place).await?;
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("我的核查"), &one.number))
        (parts::summary_list(&[
            SummaryRow::text("是什么", &what(staff, &one)),
            SummaryRow::text("办理的乡镇（街道）", &one.township),
            SummaryRow::text("查完日期", &vocab::zh_date(one.finish_on)),
            SummaryRow::new("现在的结果", html! {
                (result_tag(one.found.as_ref()))
                @if let Some(found) = &one.found { " " (problem(found)) "（" (found.by) "，" (vocab::zh_date(found.on)) "）" }
            }),
        ]))
        @if let Some(link) = opens(staff, &one) { p.govuk-body { (link) } }
        @if one.ended {
            p.govuk-body { "这次抽查已经全部查完，结果已经公开，不能再改。" }
        } @else {
            (result_form(staff, &one, typed, errors))
        }
    };
    Ok(Page::new("登记核查结果", content).under("work").back(HERE, "返回我的核查").errors(errors))
}

/// The thing itself, where the reader may open it.
fn opens(staff: &Staff, one: &Mine) -> Option<Link<'static>> {
    let id = one.opens?;
    match one.kind {
        Kind::Decisions if staff.may(Right::ReadCase) => {
            Some(Link::new(format!("/desk/cases/{id}"), "打开这件办件"))
        }
        Kind::Benefits if staff.may_for(Right::ReadPayments, &one.subject) => {
            Some(Link::new(format!("/desk/roll/{id}"), "打开这项待遇"))
        }
        _ => None,
    }
}

fn result_form(staff: &Staff, one: &Mine, typed: &Fields, errors: &Errors) -> Markup {
    let kinds: Vec<Choice<'_>> = ERRORS.iter().map(|(code, title)| Choice::new(*code, *title)).collect();
    let wrong = html! {
        (select(&Field::new("error", "是什么问题").value(typed.get("error")).errors(errors), &kinds, Some("请选择")))
        (money_input(&Field::new("amount", "涉及金额").hint("说不出金额的不填").optional().value(typed.get("amount")).errors(errors)))
    };
    let body = html! {
        (radios(&Field::new("found", "核查结果").value(typed.get("found")).errors(errors), &[
            Choice::new("right", "正确"),
            Choice::new("wrong", "有问题").hint("登记以后，这家的待遇马上列入复核").then(wrong),
        ]))
        (submit(if one.found.is_some() { "更正结果" } else { "登记结果" }, ButtonKind::Primary, None))
    };
    form_post(&format!("{HERE}/{}/{}", one.check, one.place), &staff.key(), &body)
}

/// `POST /desk/inspections/{random_check}/{random_place}`
pub(super) async fn record(
    staff: Staff,
    Path((check, place)): Path<(RandomCheckId, i64)>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let granted = staff.grant::<ReadCase>()?;
    let mut errors = Errors::none();
    if let Some(finding) = read(&form, &mut errors) {
        match random::record(staff.office(), &granted, check, place, &finding, &key).await {
            Ok(()) => return Ok(SeeOther::to(HERE).done("结果已登记。").into()),
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(one_page(&staff, &granted, (check, place), &form, &errors).await?.into())
}

fn read(form: &Fields, errors: &mut Errors) -> Option<Finding> {
    match form.get("found") {
        "right" => Some(Finding::Right),
        "wrong" => {
            let error = typed::text(form, "error", "请选择是什么问题。", errors);
            let amount = typed::optional_value::<Fen>(form, "amount", errors);
            if errors.get("amount").is_some() {
                return None;
            }
            Some(Finding::Wrong { error: error?, amount })
        }
        _ => {
            errors.add("found", "请选择核查结果。");
            None
        }
    }
}
