//! 规划公开: the released part of the plan for anybody, as a page and as open data.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, Render as _, html};
use office::plans::public::{self, PublicPlan};
use office::tabular::ListFormat;

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Visitor;
use crate::money::common::download;
use crate::routes::{Routes, get};
use crate::ui::Link;
use crate::ui::parts::{self, details};
use crate::ui::table::{Column, Table, Total};

/// Routes under `/plan`, without sign-in.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/plan", get(page))
        .route("/plan/data.xlsx", get(excel))
        .route("/plan/data.csv", get(csv))
        .route("/plan/data.json", get(json))
        .route("/plan/schema.json", get(schema))
}

async fn released(visitor: &Visitor) -> Result<Option<PublicPlan>, Fault> {
    let plan = public::public(visitor.office()).await?;
    let held = |plan: &PublicPlan| {
        !plan.indicators.is_empty() || !plan.projects.is_empty() || !plan.tasks.is_empty()
    };
    Ok(plan.filter(held))
}

async fn page(visitor: Visitor) -> Result<Page, Fault> {
    let Some(plan) = released(&visitor).await? else {
        let content = html! {
            (parts::heading(None, "民政事业规划"))
            p.govuk-body { "本地还没有公开规划内容。" }
        };
        return Ok(Page::new("民政事业规划", content));
    };
    let indicators = lists(
        ("indicators", "指标"),
        ["指标", "基期值", "目标值", "最近的数", "判断"],
        &plan.indicators,
        |one| &one.category,
        |one| {
            [
                html! { span.plan-name { (one.name) } br; span.govuk-hint { (one.kind) @if !one.category.is_empty() { "，" (one.category) } } },
                html! { (one.baseline) },
                html! { (one.target) "（" (one.due.zh()) "）" },
                html! { @match (one.value, one.month) { (Some(value), Some(month)) => { (value) (one.unit) "（" (month.zh()) "）" }, _ => "暂无数据" } },
                html! { (one.standing) },
            ]
        },
    );
    let projects = lists(
        ("projects", "重点项目"),
        ["项目、节点", "完成时间", "地方", "数量", "状态"],
        &plan.projects,
        |one| &one.category,
        |one| {
            [
                html! { (one.name) @if !one.category.is_empty() { br; span.govuk-hint { (one.category) } } },
                html! { (one.due) },
                html! { (one.places) },
                html! { (one.quantity) },
                html! { (one.state) },
            ]
        },
    );
    let tasks = lists(
        ("tasks", "任务"),
        ["任务", "规划原文", "状态"],
        &plan.tasks,
        |one| &one.category,
        |one| {
            [
                html! { (one.name) @if !one.category.is_empty() { br; span.govuk-hint { (one.category) } } },
                html! { "“" (one.source) "”" },
                html! { (one.state) },
            ]
        },
    );
    let title = plan.plan.clone();
    let content = html! {
        (parts::heading(Some(&plan.place), &title))
        p.govuk-body { "规划期 " (plan.from) "—" (plan.until) "年" @if !plan.issuer.is_empty() { "，" (plan.issuer) "印发" } "。按" (plan.as_of.zh()) "的情况判断。" }
        (indicators)
        (projects)
        @if !plan.tasks.is_empty() { (tasks) }
        (details("怎样判断", &html! { ul.govuk-list.govuk-list--bullet { @for line in &plan.method { li { (line) } } } }))
        h2.govuk-heading-m { "开放数据" }
        p.govuk-body {
            (Link::new("/plan/data.xlsx", "指标、项目和任务（Excel）")) "　" (Link::new("/plan/data.csv", "指标（CSV）")) "　" (Link::new("/plan/data.json", "指标、项目和任务（JSON）")) "　" (Link::new("/plan/schema.json", "数据格式说明"))
        }
    };
    Ok(Page::new(title, content))
}

/// So many rows are read at once; of more, each chapter is opened by itself.
const UNFOLDED: usize = 20;

/// A list under its id and title; a long one by the plan's chapters, which `of` finds in its rows, in the order in which they stand.
fn lists<T, const N: usize>(
    (id, title): (&str, &str),
    columns: [&'static str; N],
    all: &[T],
    of: fn(&T) -> &String,
    row: fn(&T) -> [Markup; N],
) -> Markup {
    let table = |at: usize, caption: &str, folded: bool, held: &[&T]| Table {
        id: format!("{id}-{at}").into(),
        // A chapter stands in several lists.
        caption: if folded { format!("{title}：{caption}") } else { caption.to_owned() }.into(),
        caption_hidden: folded,
        columns: columns.map(Column::new).into(),
        rows: held.iter().map(|one| row(one).into()).collect(),
        empty: format!("没有公开的{title}。").into(),
        total: Some(Total::Exactly(held.len() as u64)),
        ..Table::default()
    };
    if all.len() <= UNFOLDED {
        return html! { (table(0, title, false, &all.iter().collect::<Vec<_>>())) };
    }
    let mut chapters: Vec<(&str, Vec<&T>)> = Vec::new();
    for one in all {
        let name = if of(one).is_empty() { "其他" } else { of(one).as_str() };
        match chapters.iter().position(|(known, _)| *known == name) {
            Some(at) => chapters[at].1.push(one),
            None => chapters.push((name, vec![one])),
        }
    }
    html! {
        h2.govuk-heading-m { (title) "，共 " (all.len()) " 条" }
        @for (at, (name, held)) in chapters.iter().enumerate() {
            @let title = html! { h3.govuk-heading-s { (name) "（" (held.len()) " 条）" } };
            (parts::folded(&title, at == 0, &table(at, name, true, held).render()))
        }
    }
}

async fn excel(visitor: Visitor) -> Result<Response, Fault> {
    let plan = released(&visitor).await?.ok_or(Fault::Hidden)?;
    let format = ListFormat::Excel;
    let name = format!("规划公开数据.{}", format.extension());
    Ok(download(&name, format.mime(), public::excel(&plan)?))
}

async fn csv(visitor: Visitor) -> Result<Response, Fault> {
    let plan = released(&visitor).await?.ok_or(Fault::Hidden)?;
    Ok(download("规划公开数据.csv", "text/csv; charset=utf-8", public::csv(&plan)?))
}

async fn json(visitor: Visitor) -> Result<Response, Fault> {
    let plan = released(&visitor).await?.ok_or(Fault::Hidden)?;
    let text = serde_json::to_string_pretty(&plan).map_err(|error| Fault::Broken(error.to_string()))?;
    let mut response = with_type("application/json; charset=utf-8", text);
    let link = HeaderValue::from_static("</plan/schema.json>; rel=\"describedby\"");
    response.headers_mut().insert(header::LINK, link);
    Ok(response)
}

async fn schema(_visitor: Visitor) -> Response {
    with_type("application/schema+json; charset=utf-8", public::schema().to_string())
}

fn with_type(mime: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, mime)], text).into_response()
}
