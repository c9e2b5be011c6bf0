//! A change of the tree: what it does, what it touches and where that goes; approved, refused or taken back.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::access::{ReleaseStandard, Right};
use office::divisions::{self, ChangeState, DivisionChangeId, DivisionChangeView, Touched};
use serde::Deserialize;

use super::{CHANGES, HERE, NAV_ID};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, WHOLE_FORM, form_errors};
use crate::extract::{Desk, Staff};
use crate::form_body::KeyedForm;
use crate::money::common::{ROWS, already, cursor, remember};
use crate::ui::form::{ButtonKind, Errors, Field, error_summary, form_post, hidden, submit, text_area};
use crate::ui::page::NavLink;
use crate::ui::parts::{self, Colour, SummaryRow, heading, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    state: String,
    after: String,
}

fn colour(state: ChangeState) -> Colour {
    match state {
        ChangeState::Proposed | ChangeState::Approved => Colour::Blue,
        ChangeState::Effective => Colour::Green,
        ChangeState::Refused => Colour::Red,
        ChangeState::Withdrawn => Colour::Grey,
    }
}

/// Whether somebody has a part in changes; everybody else sees those that are in effect.
fn hands(staff: &Staff) -> bool {
    staff.may(Right::ProposeStandard) || staff.may(Right::ReleaseStandard)
}

/// `GET /desk/division-changes`
pub(super) async fn list(staff: Staff, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let asked = ChangeState::ALL.into_iter().find(|state| state.as_str() == ask.state);
    let state = asked.filter(|_| hands(&staff)).unwrap_or(ChangeState::Effective);
    let size = u32::try_from(ROWS).unwrap_or(u32::MAX);
    let after = cursor(&ask.after)?;
    let changes = divisions::changes(staff.office(), staff.actor(), state, after.as_ref(), size).await?;
    let rows = changes
        .rows
        .iter()
        .map(|change| {
            vec![
                html! { (Link::new(format!("{CHANGES}/{}", change.id), change.title.as_str())) },
                html! { (change.wanted.kind.title()) },
                html! { (change.on) },
                html! { (change.source()) },
            ]
        })
        .collect();
    let here =
        |state: ChangeState, after: &str| address(CHANGES, &[("state", state.as_str()), ("after", after)]);
    let tabs: Vec<NavLink<'_>> = ChangeState::ALL
        .into_iter()
        .filter(|state| hands(&staff) || *state == ChangeState::Effective)
        .map(|state| NavLink::new(state.as_str(), here(state, ""), state.title()))
        .collect();
    let table = Table {
        id: "changes".into(),
        caption: format!("{}的行政区划调整", state.title()).into(),
        columns: ["调整", "类别", "生效日期", "文件"].map(Column::new).into(),
        rows,
        pager: Some(Pager {
            previous: None,
            next: changes.next.as_ref().map(|next| here(state, &next.to_string()).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (heading(Some("行政区划"), "行政区划调整"))
        (parts::tabs("状态", &tabs, state.as_str()))
        (table)
    };
    Ok(Page::new("行政区划调整", content).under(NAV_ID).back(HERE, "返回行政区划"))
}

/// `GET /desk/division-changes/{division_change}`
pub(super) async fn page(staff: Staff, Path(id): Path<DivisionChangeId>) -> Result<Page, Fault> {
    shown(&staff, id, &Errors::none()).await
}

async fn shown(staff: &Staff, id: DivisionChangeId, errors: &Errors) -> Result<Page, Fault> {
    let change = divisions::find_change(staff.office(), staff.actor(), id).await?;
    let own = change.proposed_by == staff.actor().staff;
    let approver = change.decided_by == Some(staff.actor().staff);
    let open = matches!(change.state, ChangeState::Proposed | ChangeState::Approved);
    let touched =
        if open { Some(divisions::touched(staff.office(), staff.actor(), &change).await?) } else { None };
    let content = html! {
        (error_summary(errors))
        (heading(Some("行政区划调整"), &change.title))
        p { (tag(colour(change.state), change.state.title())) }
        @if let Some(failed) = &change.failed { (parts::warning_text(&format!("到了生效日期没有办成：{failed}请撤回后重新提出。"))) }
        (parts::summary_list(&facts(&change)))
        @if let Some(touched) = &touched { (effects(touched)) }
        @if open && (own || approver) {
            (form_post(&format!("{CHANGES}/{id}/withdraw"), &staff.key(), &html! {
                (hidden("version", &change.version.to_string()))
                (submit("撤回", ButtonKind::Secondary, None))
            }))
        }
        @if change.state == ChangeState::Proposed && own { p.govuk-body { "须由另一人核对文件后批准。" } }
        @if change.state == ChangeState::Proposed && !own && staff.may(Right::ReleaseStandard) { (hand(staff, &change, errors)) }
        @if change.state == ChangeState::Effective { p.govuk-body { "已经生效的调整不能撤回；要改回去，请另办一次相反的调整。" } }
    };
    Ok(Page::new(change.title.clone(), content)
        .under(NAV_ID)
        .back(CHANGES, "返回行政区划调整")
        .errors(errors))
}

fn facts(change: &DivisionChangeView) -> Vec<SummaryRow<'_>> {
    let mut rows = vec![
        SummaryRow::text("类别", change.wanted.kind.title()),
        SummaryRow::text("生效日期", &vocab::zh_date(change.on)),
        SummaryRow::text("批准文件", &change.source()),
        SummaryRow::text("文件日期", &vocab::zh_date(change.document_on)),
    ];
    if change.attachment.is_some() {
        rows.push(SummaryRow::new(
            "文件扫描件",
            html! { (Link::new(format!("{CHANGES}/{}/file", change.id), "打开")) },
        ));
    }
    for part in &change.wanted.parts {
        let ministry = part.mca_code.as_deref().map(|code| format!("，民政代码 {code}")).unwrap_or_default();
        rows.push(SummaryRow::text(
            "新的名称和代码",
            &format!("{}，统计代码 {}{ministry}", part.name, part.code),
        ));
    }
    if !change.wanted.codes.is_empty() {
        let codes: Vec<String> =
            change.wanted.codes.iter().map(|one| format!("{} 换为 {}", one.was, one.code)).collect();
        rows.push(SummaryRow::text("下级换代码", &codes.join("；")));
    }
    if !change.reason.is_empty() {
        rows.push(SummaryRow::text("说明", &change.reason));
    }
    rows.push(SummaryRow::text("提出人", &change.proposed_by_name));
    if let Some(name) = &change.decided_by_name {
        rows.push(SummaryRow::text("批准人", name));
    }
    if let Some(reason) = &change.decision_reason {
        rows.push(SummaryRow::text("不予批准的原因", reason));
    }
    rows
}

/// What lies in the divisions of the change, and where it goes.
fn effects(touched: &[Touched]) -> Markup {
    let rows = touched
        .iter()
        .map(|one| vec![html! { (one.title) }, html! { (one.amount) }, html! { (one.goes) }])
        .collect();
    let table = Table {
        id: "touched".into(),
        caption: "这次调整涉及的内容和去向".into(),
        columns: vec![Column::new("内容"), Column::new("数量").numeric(), Column::new("去向")],
        rows,
        empty: "里面没有人员、办件和登记。".into(),
        ..Table::default()
    };
    html! {
        (table)
        p.govuk-body { "已经办结的办件、发过的钱和以前各月的统计数留在原区划，不随之改动。" }
    }
}

fn hand(staff: &Staff, change: &DivisionChangeView, errors: &Errors) -> Markup {
    let version = change.version.to_string();
    html! {
        (form_post(&format!("{CHANGES}/{}/approve", change.id), &staff.key(), &html! {
            (hidden("version", &version))
            (submit("核对无误，批准", ButtonKind::Primary, None))
        }))
        (form_post(&format!("{CHANGES}/{}/refuse", change.id), &staff.key(), &html! {
            (hidden("version", &version))
            (text_area(&Field::new("reason", "不予批准的原因").max_chars(500).errors(errors), 2))
            (submit("退回", ButtonKind::Secondary, None))
        }))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Decision {
    version: i64,
    reason: String,
}

/// What is wrong with a decision, on the change's own page.
async fn refused(staff: &Staff, id: DivisionChangeId, error: office::OfficeError) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    for (field, message) in form_errors(error)?.iter() {
        errors.add(if field == "reason" { "reason" } else { WHOLE_FORM }, message);
    }
    Ok(shown(staff, id, &errors).await?.into())
}

/// `POST /desk/division-changes/{division_change}/approve`
pub(super) async fn approve(
    desk: Desk<ReleaseStandard>,
    Path(id): Path<DivisionChangeId>,
    KeyedForm { key, form, .. }: KeyedForm<Decision>,
) -> Result<Answer, Fault> {
    let to = format!("{CHANGES}/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match divisions::approve(desk.office(), desk.granted(), id, form.version).await {
        Ok(state) => {
            remember(&desk, &key, &to).await?;
            let said = if state == ChangeState::Effective {
                "调整已批准，已经生效。"
            } else {
                "调整已批准，到生效日期自动生效。"
            };
            Ok(SeeOther::to(to).done(said).into())
        }
        Err(error) => refused(&desk, id, error).await,
    }
}

/// `POST /desk/division-changes/{division_change}/refuse`
pub(super) async fn refuse(
    desk: Desk<ReleaseStandard>,
    Path(id): Path<DivisionChangeId>,
    KeyedForm { key, form, .. }: KeyedForm<Decision>,
) -> Result<Answer, Fault> {
    let to = format!("{CHANGES}/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match divisions::refuse(desk.office(), desk.granted(), id, form.version, &form.reason).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("已退回，原因已记录。").into())
        }
        Err(error) => refused(&desk, id, error).await,
    }
}

/// `POST /desk/division-changes/{division_change}/withdraw`
pub(super) async fn withdraw(
    staff: Staff,
    Path(id): Path<DivisionChangeId>,
    KeyedForm { key, form, .. }: KeyedForm<Decision>,
) -> Result<Answer, Fault> {
    let to = format!("{CHANGES}/{id}");
    if already(&staff, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    divisions::withdraw(staff.office(), staff.actor(), id, form.version).await?;
    remember(&staff, &key, &to).await?;
    Ok(SeeOther::to(to).done("调整已撤回。").into())
}

/// `GET /desk/division-changes/{division_change}/file`
pub(super) async fn file(staff: Staff, Path(id): Path<DivisionChangeId>) -> Result<Response, Fault> {
    let (file, content) = divisions::document(staff.office(), staff.actor(), id).await?;
    Ok(crate::desk::shown_file(&file.name, &file.mime, content))
}
