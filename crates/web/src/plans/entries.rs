//! 规划条目: all that the plan prints, entry by entry with its words: what it promises and builds, the amounts and rules that it sets, what it says of the
//! period before, the documents that it cites.

use axum::extract::Query;
use catalogue::plan::{PlanLine, squeezed};
use maud::{Markup, html};
use office::access::ReadPlan;
use office::plans::{Installed, demanded, in_words};
use serde::Deserialize;

use super::{HERE, NAV_ID, chips, exports, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::form::{Choice, Field, select, text_input};
use crate::ui::parts::{self, Figure, SummaryRow, figure_cards, filter, summary_list, with_sidebar};
use crate::ui::table::{Column, Pager, Table, Total};
use crate::ui::{Link, address};

const LIST: &str = "/desk/plan/entries";

/// Entries of one page.
const ROWS: usize = 50;

/// How addresses spell the sorts of entries, and how [`PlanLine`] does.
const SORTS: [(&str, &str); 8] = [
    ("indicator", "指标"),
    ("project", "重点项目"),
    ("stage", "项目节点"),
    ("task", "任务"),
    ("standard", "标准"),
    ("past", "上期指标"),
    ("achievement", "已有成效"),
    ("document", "引用文件"),
];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    sort: String,
    chapter: String,
    word: String,
    from: String,
}

impl Asked {
    /// The list from a row on.
    fn at(&self, from: usize) -> String {
        let from = if from == 0 { String::new() } else { from.to_string() };
        address(
            LIST,
            &[("sort", &self.sort), ("chapter", &self.chapter), ("word", &self.word), ("from", &from)],
        )
    }
}

/// `GET /desk/plan/entries`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let all = plan.lines();
    let sort = SORTS.into_iter().find(|(code, _)| *code == asked.sort).map(|(_, sort)| sort);
    let word = squeezed(&asked.word);
    let held: Vec<&PlanLine> = all
        .iter()
        .filter(|line| sort.is_none_or(|wanted| line.sort == wanted))
        .filter(|line| asked.chapter.is_empty() || line.category == asked.chapter)
        .filter(|line| {
            word.is_empty() || squeezed(&line.name).contains(&word) || squeezed(&line.source).contains(&word)
        })
        .collect();
    let from = asked.from.parse().unwrap_or(0_usize).min(held.len());
    let table = Table {
        id: "entries".into(),
        caption: "规划条目".into(),
        caption_hidden: true,
        columns: ["条目", "数值", "时间", "地方、对象", "规划原文"].map(Column::new).into(),
        rows: held.iter().skip(from).take(ROWS).map(|line| row(&plan, line)).collect(),
        empty: "没有符合条件的条目。".into(),
        total: Some(Total::Exactly(held.len() as u64)),
        pager: Some(Pager {
            previous: (from > 0).then(|| asked.at(from.saturating_sub(ROWS)).into()),
            next: (from + ROWS < held.len()).then(|| asked.at(from + ROWS).into()),
        }),
        exports: exports(&desk, "text"),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(Some(&plan.plan.name), "规划条目"))
        (parts::tabs("规划", &faces(), "entries"))
        p.govuk-body {
            "规划印出的内容逐条列在这里，都附原文。数照原文的写法；原文缺损或者用文字表述的，括号里写明读作多少；原文印横线的是未知，不是零。"
        }
        (figure_cards(&cards(&all)))
        (with_sidebar(&filter(LIST, &chosen(&asked, sort), &questions(&asked, &all)), &html! { (table) }))
        h2.govuk-heading-m { "规划的制定" }
        (summary_list(&head(&plan)))
    };
    Ok(Page::new("规划条目", content).under(NAV_ID))
}

/// How many there are of each sort; each number opens its list.
fn cards(all: &[PlanLine]) -> Vec<Figure<'static>> {
    let counted = SORTS.into_iter().map(|(code, sort)| {
        let count = all.iter().filter(|line| line.sort == sort).count();
        (count, Figure::new(count.to_string(), sort).href(address(LIST, &[("sort", code)])))
    });
    counted.filter(|(count, _)| *count > 0).map(|(_, figure)| figure).collect()
}

fn chosen(asked: &Asked, sort: Option<&'static str>) -> Vec<Link<'static>> {
    let word = asked.word.trim();
    let given = [
        ("sort", asked.sort.as_str(), sort.map(str::to_owned)),
        ("chapter", asked.chapter.as_str(), Some(asked.chapter.clone())),
        ("word", word, Some(format!("含“{word}”"))),
    ];
    chips(LIST, &given)
}

fn questions(asked: &Asked, all: &[PlanLine]) -> Markup {
    let sorts: Vec<Choice<'_>> = SORTS
        .into_iter()
        .filter(|(_, sort)| all.iter().any(|line| line.sort == *sort))
        .map(|(code, sort)| Choice::new(code, sort))
        .collect();
    let mut named: Vec<&str> = Vec::new();
    for line in all {
        if !line.category.is_empty() && !named.contains(&line.category.as_str()) {
            named.push(&line.category);
        }
    }
    let chapters: Vec<Choice<'_>> = named.into_iter().map(|name| Choice::new(name, name)).collect();
    html! {
        (select(&Field::new("sort", "类别").value(asked.sort.as_str()), &sorts, Some("全部")))
        (select(&Field::new("chapter", "章节、领域").value(asked.chapter.as_str()), &chapters, Some("全部")))
        (text_input(&Field::new("word", "名称或者原文里的字").value(asked.word.as_str()).optional().max_chars(30)))
    }
}

fn row(plan: &Installed, line: &PlanLine) -> Vec<Markup> {
    let about = [line.sort, line.category.as_str(), line.kind.as_str()];
    let about: Vec<&str> = about.into_iter().filter(|words| !words.is_empty()).collect();
    vec![
        html! {
            span.plan-name {
                @match own_page(plan, line) { Some(href) => (Link::new(href, line.name.as_str())), None => (line.name) }
            }
            br; span.govuk-hint { (about.join("，")) }
        },
        html! {
            @if !line.baseline.is_empty() { "基期：" (line.baseline) br; }
            (line.value)
            @if !line.unit.is_empty() { br; span.govuk-hint { "单位：" (line.unit) } }
            @if !line.note.is_empty() { br; span.govuk-hint { (line.note) } }
        },
        html! { @if !line.year.is_empty() { (in_words::due(&line.year)) } },
        html! { (line.places) },
        html! { "“" (line.source) "”" @if !line.section.is_empty() { br; span.govuk-hint { (line.section) } } },
    ]
}

/// The page that an entry has of its own: what people do with it stands there.
fn own_page(plan: &Installed, line: &PlanLine) -> Option<String> {
    let id = &line.id;
    match line.sort {
        "指标" => Some(format!("{HERE}/indicators/{id}")),
        "任务" => Some(format!("{HERE}/tasks/{id}")),
        "项目节点" => Some(format!("{HERE}/stages/{id}")),
        "重点项目" if plan.project(id).is_some_and(|one| one.milestones.is_empty()) => {
            Some(format!("{HERE}/stages/{id}"))
        }
        _ => None,
    }
}

/// Where an entry of the plan is read: its own page, else the list of entries with nothing but what bears its name. None for what is no entry.
pub(super) fn page_of(plan: &Installed, lines: &[PlanLine], id: &str) -> Option<String> {
    let line = lines.iter().find(|line| line.id == id)?;
    Some(own_page(plan, line).unwrap_or_else(|| address(LIST, &[("word", &line.name)])))
}

/// Who made the plan, when, on what.
fn head(plan: &Installed) -> Vec<SummaryRow<'static>> {
    let head = &plan.plan;
    let mut rows = vec![
        SummaryRow::text("规划期", &format!("{}—{}年", head.from, head.until)),
        SummaryRow::text("基期", &format!("{}年", head.base_year)),
        SummaryRow::text("印发机关", head.issuer.as_deref().unwrap_or("未印")),
        SummaryRow::text("印发日期", &head.issued.map_or_else(|| "未印".to_owned(), vocab::zh_date)),
        SummaryRow::text("文号", head.document.as_deref().unwrap_or("未印")),
    ];
    if !head.basis.is_empty() {
        rows.push(SummaryRow::new(
            "编制依据",
            html! { @for (at, name) in head.basis.iter().enumerate() { @if at > 0 { br; } "《" (name) "》" } },
        ));
    }
    rows
}
