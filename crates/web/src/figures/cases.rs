//! Cases in numbers: filed, open, decided, and how the clocks were kept; the cases behind each number; the sheet.

use axum::extract::Query;
use axum::response::Response;
use chrono::{Datelike as _, NaiveDate};
use maud::{Markup, html};
use office::access::{Export, Report, Right};
use office::reports::{self, CaseCounted, CaseFigures, CaseQuery, Counted, shown};
use serde::Deserialize;

use super::roll::format_of;
use super::{NAV_ID, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{self, ROWS, cursor, download};
use crate::ui::chart::grouped;
use crate::ui::form::{Choice, Field, Width, select, text_input};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{address, form, parts};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    item: String,
    from: String,
    until: String,
    division: String,
    counted: String,
    code: String,
    after: String,
    format: String,
}

impl Ask {
    /// The whole year so far, of the first matter of the reader's, unless the address says otherwise.
    fn query(&self, desk: &Desk<Report>) -> Result<CaseQuery, Fault> {
        let release = desk.office().release();
        let today = desk.office().now().today();
        let mut own = release.items.iter().filter(|item| desk.may_for_item(Right::Report, &item.id));
        let first = own.next().map(|item| item.id.get().clone());
        let item = if self.item.is_empty() { first.ok_or(Fault::Hidden)? } else { self.item.clone() };
        let january = NaiveDate::from_ymd_opt(today.year(), 1, 1).unwrap_or(today);
        Ok(CaseQuery {
            item,
            from: common::day(&self.from).unwrap_or(january),
            until: common::day(&self.until).unwrap_or(today),
            division: common::division(&self.division),
        })
    }
}

fn to(path: &str, query: &CaseQuery, division: &str, counted: &str, code: &str) -> String {
    let (from, until) = (query.from.to_string(), query.until.to_string());
    address(
        path,
        &[
            ("item", &query.item),
            ("from", &from),
            ("until", &until),
            ("division", division),
            ("counted", counted),
            ("code", code),
        ],
    )
}

const LIST: &str = "/desk/figures/cases/list";

pub(super) async fn page(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let query = ask.query(&desk)?;
    let shown = shown::case_figures(desk.office(), desk.granted(), &query).await?;
    let (whole, below) = shown.figures.split_last().ok_or(Fault::Hidden)?;
    let release = desk.office().release();
    let items: Vec<Choice<'_>> = release
        .items
        .iter()
        .filter(|item| desk.may_for_item(Right::Report, &item.id))
        .map(|item| Choice::new(item.id.get().as_str(), item.title.as_str()))
        .collect();
    let matter = release.items.get(&query.item).map_or("", |item| item.title.as_str());
    let title = format!("{}{matter}办件情况", whole.name);
    let sheet = to("/desk/figures/cases/sheet", &query, &ask.division, "", "");
    let exports = parts::exports(desk.may(Right::Export), &sheet);
    let columns = ["收件", "在办", "已决定", "其中乡镇确认"];
    let table = Table {
        id: "cases".into(),
        caption: format!("{} 至 {}", query.from, query.until).into(),
        columns: std::iter::once(Column::new("地区"))
            .chain(columns.into_iter().map(|head| Column::new(head).numeric()))
            .collect(),
        rows: below.iter().map(|part| line(&query, part)).collect(),
        sums: Some(line(&query, whole)),
        exports,
        cards: false,
        ..Table::default()
    };
    let content = html! {
        (super::heading(&title, shown.at))
        (parts::tabs("统计报表", &faces(), "cases"))
        (parts::filter("/desk/figures/cases", &[], &html! {
            (select(&Field::new("item", "事项").value(query.item.as_str()), &items, None))
            (text_input(&Field::new("from", "从").hint("例如 2026-01-01").value(query.from.to_string()).width(Width::Chars10)))
            (text_input(&Field::new("until", "到").value(query.until.to_string()).width(Width::Chars10)))
            (form::hidden("division", &ask.division))
        }))
        (table)
        (counts(&query, &ask.division, "channels", "收件渠道", "filed", &whole.channels))
        (counts(&query, &ask.division, "steps", "在办环节", "open", &whole.steps))
        (counts(&query, &ask.division, "outcomes", "办理结果", "ended", &whole.outcomes))
        (clocks(&query, &ask.division, whole))
    };
    let mut page = Page::new(title, content).under(NAV_ID);
    if !ask.division.is_empty() {
        page = page.back(to("/desk/figures/cases", &query, "", "", ""), "返回本级统计");
    }
    Ok(page)
}

fn opened(href: &str, count: i64) -> Markup {
    html! { @if count == 0 { "0" } @else { a.govuk-link href=(href) { (grouped(count)) } } }
}

fn line(query: &CaseQuery, part: &CaseFigures) -> Vec<Markup> {
    let division = part.division.to_string();
    vec![
        html! { a.govuk-link href=(to("/desk/figures/cases", query, &division, "", "")) { (part.name) } },
        opened(&to(LIST, query, &division, "filed", ""), part.filed()),
        opened(&to(LIST, query, &division, "open", ""), part.open()),
        html! { (grouped(part.decided)) },
        html! { (grouped(part.decided_delegated)) },
    ]
}

fn counts(
    query: &CaseQuery,
    division: &str,
    id: &'static str,
    title: &'static str,
    counted: &str,
    list: &[Counted],
) -> Table<'static> {
    let rows = list
        .iter()
        .map(|row| {
            vec![html! { (row.title) }, opened(&to(LIST, query, division, counted, &row.code), row.count)]
        })
        .collect();
    Table {
        id: id.into(),
        caption: title.into(),
        columns: vec![Column::new(title), Column::new("件数").numeric()],
        rows,
        cards: false,
        ..Table::default()
    }
}

fn clocks(query: &CaseQuery, division: &str, whole: &CaseFigures) -> Table<'static> {
    let rows = whole
        .clocks
        .iter()
        .map(|clock| {
            let rate = clock
                .permille()
                .map_or_else(|| "—".to_owned(), |permille| format!("{}.{}%", permille / 10, permille % 10));
            let late = clock.ended - clock.in_time;
            vec![
                html! { (clock.title) },
                opened(&to(LIST, query, division, "in_time", &clock.clock), clock.in_time),
                opened(&to(LIST, query, division, "late", &clock.clock), late),
                html! { (rate) },
                opened(&to(LIST, query, division, "overdue", &clock.clock), clock.overdue),
            ]
        })
        .collect();
    Table {
        id: "clocks".into(),
        caption: "办理时限".into(),
        columns: vec![
            Column::new("时限"),
            Column::new("按时办结").numeric(),
            Column::new("超时办结").numeric(),
            Column::new("按时率").numeric(),
            Column::new("超期未办").numeric(),
        ],
        rows,
        cards: false,
        ..Table::default()
    }
}

pub(super) async fn list(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let query = ask.query(&desk)?;
    let code = Some(ask.code.clone()).filter(|code| !code.is_empty());
    let clock = || code.clone().ok_or(Fault::Hidden);
    let (counted, words) = match ask.counted.as_str() {
        "open" => (CaseCounted::Open(code), "在办"),
        "ended" => (CaseCounted::Ended(code), "办结"),
        "in_time" => (CaseCounted::Clock(clock()?, true), "按时办结"),
        "late" => (CaseCounted::Clock(clock()?, false), "超时办结"),
        "overdue" => (CaseCounted::Overdue(clock()?), "超期未办"),
        _ => (CaseCounted::Filed(code), "收件"),
    };
    let after = cursor(&ask.after)?;
    let size = u32::try_from(ROWS).unwrap_or(u32::MAX);
    let list =
        reports::case_list(desk.office(), desk.granted(), &query, &counted, after.as_ref(), size).await?;
    let title = format!("{words}的办件");
    let shown = |date: Option<NaiveDate>| html! { @if let Some(date) = date { (date) } @else { "—" } };
    let rows = list
        .rows
        .iter()
        .map(|row| {
            vec![
                html! { a.govuk-link href={ "/desk/cases/" (row.case) } { (row.number) } },
                html! { (row.applicant) },
                html! { (row.township) },
                html! { (row.step) },
                html! { @if let Some(outcome) = &row.outcome { (outcome) } },
                html! { (row.filed_on) },
                shown(row.accepted_on),
                shown(row.due_on),
                shown(row.decided_on),
            ]
        })
        .collect();
    let here = to(LIST, &query, &ask.division, &ask.counted, &ask.code);
    let heads = [
        "办件编号",
        "申请人",
        "乡镇（街道）",
        "环节",
        "结果",
        "收件日期",
        "受理日期",
        "办理期限",
        "决定日期",
    ];
    let table = Table {
        id: "cases".into(),
        caption: title.clone().into(),
        columns: heads.into_iter().map(Column::new).collect(),
        rows,
        pager: Some(Pager {
            previous: None,
            next: list.next.as_ref().map(|next| format!("{here}&after={next}").into()),
        }),
        ..Table::default()
    };
    let content = html! { (parts::heading(Some("统计报表"), &title)) (table) };
    let back = to("/desk/figures/cases", &query, &ask.division, "", "");
    Ok(Page::new(title, content).under(NAV_ID).back(back, "返回统计"))
}

pub(super) async fn sheet(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let query = ask.query(&desk)?;
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let bytes = reports::case_sheet(desk.office(), desk.granted(), &export, &query, format).await?;
    let name = format!("办件情况{}至{}.{}", query.from, query.until, format.extension());
    Ok(download(&name, format.mime(), bytes))
}
