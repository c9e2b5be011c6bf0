//! The standards of a division on a day, and the history of one.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use office::access::Right;
use office::divisions::{self, DivisionView};
use office::releases::{self, Standard, StandardValue};
use serde::Deserialize;
use store::DivisionId;
use vocab::Level;

use super::NAV_ID;
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Staff;
use crate::money::common;
use crate::ui::form::{ButtonKind, Choice, Field, Width, button_link, select, text_input};
use crate::ui::parts::{self, Colour};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    division: String,
    on: String,
}

/// Whoever has a part in standards or reports; standards themselves are public, this is their desk.
pub(super) fn may_read(staff: &Staff) -> Result<(), Fault> {
    let rights = [Right::ProposeStandard, Right::ReleaseStandard, Right::Report];
    if rights.into_iter().any(|right| staff.may(right)) { Ok(()) } else { Err(Fault::Hidden) }
}

/// The division of the address inside the reader's reach, or the reader's own.
pub(super) async fn place(staff: &Staff, text: &str) -> Result<DivisionView, Fault> {
    let own = staff.actor().division;
    let id = common::division(text).unwrap_or(own);
    divisions::within(staff.office().db(), own, id).await?;
    Ok(divisions::find(staff.office().db(), id).await?)
}

/// The own division and those one step below.
pub(super) async fn choices(staff: &Staff) -> Result<Vec<Choice<'static>>, Fault> {
    let own = divisions::find(staff.office().db(), staff.actor().division).await?;
    let below = match own.level {
        Level::Village => Vec::new(),
        _ => divisions::children(staff.office().db(), own.id).await?,
    };
    let mut all = common::places(&[own]);
    all.extend(common::places(&below));
    Ok(all)
}

/// The address of a parameter's history.
pub(super) fn history_address(parameter: &str, division: DivisionId) -> String {
    address(&format!("/desk/standards/{parameter}"), &[("division", &division.to_string())])
}

pub(super) async fn page(staff: Staff, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    may_read(&staff)?;
    let place = place(&staff, &ask.division).await?;
    let on = common::day(&ask.on).unwrap_or_else(|| staff.office().now().today());
    let standards = releases::standards(staff.office(), staff.actor(), place.id, on).await?;
    let missing = standards.iter().filter(|standard| standard.now.is_none()).count();
    let title = format!("{}政策标准", place.name);
    let table = Table {
        id: "standards".into(),
        caption: format!("{on} 执行的标准").into(),
        columns: vec![
            Column::new("标准"),
            Column::new("数值").numeric(),
            Column::new("单位"),
            Column::new("自何日起"),
            Column::new("制定地区"),
            Column::new("来源"),
            Column::new("状态"),
        ],
        rows: standards.iter().map(|standard| row(standard, place.id)).collect(),
        ..Table::default()
    };
    let places = choices(&staff).await?;
    let content = html! {
        (parts::heading(Some("政策标准"), &title))
        (parts::filter("/desk/standards", &[], &html! {
            (select(&Field::new("division", "地区").value(place.id.to_string()), &places, None))
            (text_input(&Field::new("on", "哪一天").hint("例如 2026-07-01").value(on.to_string()).width(Width::Chars10)))
        }))
        @if missing > 0 {
            (parts::warning_text(&format!("有 {missing} 项标准尚未录入，涉及这些标准的测算会标明缺少依据。")))
        }
        p.govuk-body { (Link::new("/desk/standard-changes", "查看待发布和已处理的标准、规则变更")) "　" (Link::new("/desk/standards/next", "测算下一年低保标准")) }
        (table)
    };
    Ok(Page::new(title, content).under(NAV_ID))
}

fn row(standard: &Standard, division: DivisionId) -> Vec<Markup> {
    let name = html! {
        a.govuk-link href=(history_address(&standard.parameter, division)) { (standard.title) }
        @for change in &standard.pending {
            br;
            a.govuk-link href={ "/desk/standard-changes/" (change.id) } { "待发布：" (change.value) "，自 " (change.from) }
        }
    };
    let unit = standard.unit.as_deref().unwrap_or("");
    match &standard.now {
        None => vec![
            name,
            html! { "—" },
            html! { (unit) },
            html! { "—" },
            html! { "—" },
            html! { "—" },
            parts::tag(Colour::Orange, "未录入"),
        ],
        Some(value) => vec![
            name,
            html! { (value.shown) },
            html! { (unit) },
            html! { (value.from) },
            html! { (value.division_name.as_deref().unwrap_or("全国")) },
            html! { (value.source) },
            marks(value),
        ],
    }
}

fn marks(value: &StandardValue) -> Markup {
    html! {
        @if value.demo { (parts::tag(Colour::Purple, "演示值")) " " }
        @if value.carried_forward { (parts::tag(Colour::Yellow, "沿用")) " " }
        @if value.on_page { (parts::tag(Colour::Blue, "本系统发布")) }
        @if !value.demo && !value.carried_forward && !value.on_page { (parts::tag(Colour::Green, "执行中")) }
    }
}

pub(super) async fn history(
    staff: Staff,
    Path(parameter): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Page, Fault> {
    may_read(&staff)?;
    let place = place(&staff, &ask.division).await?;
    let release = staff.office().release();
    let definition = release.parameters.get(&parameter).ok_or(Fault::Hidden)?;
    let values = releases::standard_history(staff.office(), &parameter, place.id).await?;
    let today = staff.office().now().today();
    let title = definition.title.clone();
    let table = Table {
        id: "history".into(),
        caption: format!("{}及上级地区历次数值", place.name).into(),
        columns: vec![
            Column::new("自何日起"),
            Column::new("至何日"),
            Column::new(format!("数值{}", definition.unit.as_ref().map(|unit| format!("（{unit}）")).unwrap_or_default()))
                .numeric(),
            Column::new("制定地区"),
            Column::new("来源"),
            Column::new("状态"),
        ],
        rows: values
            .iter()
            .map(|value| {
                vec![
                    html! { (value.from) },
                    html! { @match value.until { Some(until) => (until), None => "—" } },
                    html! { (value.shown) },
                    html! { (value.division_name.as_deref().unwrap_or("全国")) },
                    html! { (value.source) },
                    html! { @if value.from > today { (parts::tag(Colour::Grey, "尚未开始")) } @else { (marks(value)) } },
                ]
            })
            .collect(),
        empty: "还没有录入过数值。".into(),
        ..Table::default()
    };
    let basis = release.basis_on(&definition.basis, today);
    let change =
        address(&format!("/desk/standards/{parameter}/change"), &[("division", &place.id.to_string())]);
    let content = html! {
        (parts::heading(Some(&format!("{}政策标准", place.name)), &title))
        @if let Some(help) = &definition.help { p.govuk-body { (help) } }
        @for citation in &basis { p.govuk-body { "依据：" (citation.text()) } }
        @if staff.may(Right::ProposeStandard) { (button_link(&change, "拟定变更", ButtonKind::Primary)) }
        (table)
    };
    let back = address("/desk/standards", &[("division", &place.id.to_string())]);
    Ok(Page::new(title, content).under(NAV_ID).back(back, "返回标准列表"))
}
