//! The standards of a division on a day, and the history of one.

use axum::extract::{Path, Query};
use catalogue::definition::Basis;
use chrono::NaiveDate;
use maud::{Markup, html};
use office::access::Right;
use office::divisions::{self, DivisionView};
use office::releases::{self, Standard, StandardValue, TableCell};
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

/// The address of the history of a parameter or a table.
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
    let release = staff.office().release();
    let (rows, plain): (Vec<&Standard>, Vec<&Standard>) =
        standards.iter().partition(|standard| TableCell::read(&standard.parameter).is_some());
    let mut columns = vec![
        Column::new("标准"),
        Column::new("数值").numeric(),
        Column::new("单位"),
        Column::new("自何日起"),
        Column::new("制定地区"),
        Column::new("来源"),
        Column::new("状态"),
    ];
    let table = Table {
        id: "standards".into(),
        caption: format!("{on} 执行的标准").into(),
        columns: columns.clone(),
        rows: plain
            .iter()
            .map(|standard| {
                let href = history_address(&standard.parameter, place.id);
                row(standard, &html! { a.govuk-link href=(href) { (standard.title) } })
            })
            .collect(),
        ..Table::default()
    };
    columns[0] = Column::new("类别");
    let of = |table: &str| {
        let of = rows
            .iter()
            .filter(|standard| TableCell::read(&standard.parameter).is_some_and(|cell| cell.table == table));
        of.map(|standard| {
            let cell = TableCell::read(&standard.parameter);
            let title = cell.and_then(|cell| cell.key_title(&release)).unwrap_or(&standard.title);
            row(standard, &html! { (title) })
        })
        .collect::<Vec<_>>()
    };
    let tables: Vec<Table<'_>> = release
        .tables
        .iter()
        .map(|table| Table {
            id: format!("table-{}", table.id).into(),
            caption: table.title.as_str().into(),
            caption_hidden: true,
            columns: columns.clone(),
            rows: of(&table.id),
            ..Table::default()
        })
        .collect();
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
        @if !tables.is_empty() { p.govuk-body { (Link::new("#by-class", "按类别规定的标准（分城乡、分档的）在下面")) } }
        (table)
        @if !tables.is_empty() { h2.govuk-heading-l #by-class { "按类别规定的标准" } }
        @for (table, shown) in release.tables.iter().zip(&tables) {
            section {
                h3.govuk-heading-m { (Link::new(history_address(&table.id, place.id), table.title.as_str())) }
                (shown)
            }
        }
    };
    Ok(Page::new(title, content).under(NAV_ID))
}

fn row(standard: &Standard, title: &Markup) -> Vec<Markup> {
    let name = html! {
        (title)
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
    let today = staff.office().now().today();
    let basis = |basis: &[Basis]| -> Vec<String> {
        release.basis_on(basis, today).iter().map(catalogue::Citation::text).collect()
    };
    let named = if let Some(definition) = release.parameters.get(&parameter) {
        Named {
            title: &definition.title,
            unit: definition.unit.as_deref(),
            help: definition.help.as_deref(),
            basis: basis(&definition.basis),
            codes: vec![(parameter.clone(), "")],
        }
    } else {
        let id = TableCell::read(&parameter).map_or(parameter.as_str(), |cell| cell.table);
        let definition = release.tables.get(id).ok_or(Fault::Hidden)?;
        let code = |code: &catalogue::definition::Code| TableCell { table: id, key: &code.code }.written();
        Named {
            title: &definition.title,
            unit: definition.unit.as_deref(),
            help: None,
            basis: basis(&definition.basis),
            codes: release.keys(id).iter().map(|key| (code(key), key.title.as_str())).collect(),
        }
    };
    let by_class = named.codes.iter().any(|(_, class)| !class.is_empty());
    let mut rows = Vec::new();
    for (subject, class) in &named.codes {
        for value in releases::standard_history(staff.office(), subject, place.id).await? {
            let mut cells = if by_class { vec![html! { (class) }] } else { Vec::new() };
            cells.extend(history_row(&value, today));
            rows.push(cells);
        }
    }
    let unit = named.unit.map(|unit| format!("（{unit}）")).unwrap_or_default();
    let mut columns = if by_class { vec![Column::new("类别")] } else { Vec::new() };
    columns.extend([
        Column::new("自何日起"),
        Column::new("至何日"),
        Column::new(format!("数值{unit}")).numeric(),
        Column::new("制定地区"),
        Column::new("来源"),
        Column::new("状态"),
    ]);
    let table = Table {
        id: "history".into(),
        caption: format!("{}及上级地区历次数值", place.name).into(),
        columns,
        rows,
        empty: "还没有录入过数值。".into(),
        ..Table::default()
    };
    let change =
        address(&format!("/desk/standards/{parameter}/change"), &[("division", &place.id.to_string())]);
    let content = html! {
        (parts::heading(Some(&format!("{}政策标准", place.name)), named.title))
        @if let Some(help) = named.help { p.govuk-body { (help) } }
        @for citation in &named.basis { p.govuk-body { "依据：" (citation) } }
        @if staff.may(Right::ProposeStandard) { (button_link(&change, "拟定变更", ButtonKind::Primary)) }
        (table)
    };
    let back = address("/desk/standards", &[("division", &place.id.to_string())]);
    Ok(Page::new(named.title.to_owned(), content).under(NAV_ID).back(back, "返回标准列表"))
}

/// A parameter, or a table with its codes.
struct Named<'a> {
    title: &'a str,
    unit: Option<&'a str>,
    help: Option<&'a str>,
    basis: Vec<String>,
    /// Subjects of its values with the class that each is for.
    codes: Vec<(String, &'a str)>,
}

fn history_row(value: &StandardValue, today: NaiveDate) -> Vec<Markup> {
    vec![
        html! { (value.from) },
        html! { @match value.until { Some(until) => (until), None => "—" } },
        html! { (value.shown) },
        html! { (value.division_name.as_deref().unwrap_or("全国")) },
        html! { (value.source) },
        html! { @if value.from > today { (parts::tag(Colour::Grey, "尚未开始")) } @else { (marks(value)) } },
    ]
}
