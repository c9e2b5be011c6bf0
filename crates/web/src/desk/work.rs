//! The work list of one office.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{self, Export, Investigate, MeansTest, ReadCase, ReadPlan, Right};
use office::casework::late;
use office::casework::lists::{self, Work, WorkFigures, WorkFilter};
use office::casework::sampling::random;
use office::leads::{self, LeadFigures, LeadLine};
use office::means_test::check;
use office::plans::{proposals, reminders};
use office::views::Pairs;
use store::Cursor;
use vocab::Level;

use super::inspections;
use super::places::{place, place_select, places_below};
use super::views::Listed;
use super::words::{download, due_markup, item_title};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::form_body::{Fields, decode};
use crate::leads::{due, state};
use crate::money::common::programme_title;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_link, checkboxes, error_summary, hidden, text_input,
};
use crate::ui::parts::{Colour, Figure, Urgency, figure_cards, filter, heading, tag, with_sidebar};
use crate::ui::table::{Column, Pager, Sorted, Table, Total};
use crate::ui::{Link, query_value};
use crate::views::{self, VIEW};

const HERE: &str = "/desk/work";
/// Leads below the cases.
const LEADS_SHOWN: usize = 10;
/// What the list is asked.
pub(super) const ASKED: &[&str] = &["item", "q", "overdue", "place"];

/// What the address asks for.
struct Asked {
    filter: WorkFilter,
    after: Option<Cursor>,
    /// The saved view that asked it.
    view: String,
}

async fn pairs_of(query: Option<String>) -> Result<Pairs, Fault> {
    let fields: Fields = decode(query.unwrap_or_default().into()).await?;
    Ok(fields.0)
}

impl Asked {
    async fn read(desk: &Desk<ReadCase>, fields: &Fields) -> Result<Asked, Fault> {
        let words = Some(fields.get("q").to_owned()).filter(|words| !words.is_empty());
        let after = match fields.get("after") {
            "" => None,
            cursor => Some(cursor.parse()?),
        };
        let place = place(desk, fields.get("place")).await?;
        let items = fields.all("item").filter(|item| !item.is_empty()).map(str::to_owned).collect();
        Ok(Asked {
            filter: WorkFilter { items, words, overdue: fields.get("overdue") == "yes", place },
            after,
            view: fields.get(VIEW).to_owned(),
        })
    }

    /// The address of the list narrowed so.
    fn here(&self, filter: &WorkFilter, after: Option<&Cursor>) -> String {
        address_of(HERE, filter, after, &self.view)
    }

    fn narrowed(&self) -> bool {
        !self.filter.items.is_empty()
            || self.filter.words.is_some()
            || self.filter.overdue
            || self.filter.place.is_some()
    }
}

fn address_of(path: &str, filter: &WorkFilter, after: Option<&Cursor>, view: &str) -> String {
    let mut pairs: Vec<(&str, String)> = filter.items.iter().map(|item| ("item", item.clone())).collect();
    pairs.extend(filter.words.clone().map(|words| ("q", words)));
    if filter.overdue {
        pairs.push(("overdue", "yes".to_owned()));
    }
    pairs.extend(filter.place.as_ref().map(|place| ("place", place.id.to_string())));
    pairs.extend(after.map(|cursor| ("after", cursor.to_string())));
    if !view.is_empty() {
        pairs.push((VIEW, view.to_owned()));
    }
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", query_value(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// `GET /desk/work`
pub(super) async fn list(desk: Desk<ReadCase>, RawQuery(query): RawQuery) -> Result<Page, Fault> {
    shown(&desk, pairs_of(query).await?, &Errors::none()).await
}

/// The list as it is asked for; asked for nothing, with the view that opens it.
pub(super) async fn shown(desk: &Desk<ReadCase>, pairs: Pairs, errors: &Errors) -> Result<Page, Fault> {
    let kept = Listed::Work.kept();
    let saved = views::of(desk, &kept).await?;
    let opening = if pairs.is_empty() { views::opening_of(&saved) } else { None };
    let fields = Fields(opening.unwrap_or(pairs));
    let mut asked = Asked::read(desk, &fields).await?;
    if asked.view.is_empty() && saved.iter().any(|view| view.opens) {
        // Narrowed no more it stays so.
        "0".clone_into(&mut asked.view);
    }
    let figures = lists::figures(desk.office(), desk.granted()).await?;
    let page = lists::worklist(desk.office(), desk.granted(), &asked.filter, asked.after.as_ref()).await?;
    if asked.filter.words.is_some() {
        let actor = desk.actor();
        access::opened(desk.office(), actor, "case.searched", ("case", 0), None, actor.division).await?;
    }
    let total = (!asked.narrowed()).then(|| {
        let count = u64::from(figures.open.counted);
        if figures.open.more { Total::AtLeast(count) } else { Total::Exactly(count) }
    });
    let exports = if desk.may(Right::Export) {
        vec![Link::new(address_of("/desk/work/export", &asked.filter, None, ""), "导出 Excel")]
    } else {
        Vec::new()
    };
    let table = Table {
        id: "work".into(),
        caption: "待办事项".into(),
        columns: vec![
            Column::new("受理号"),
            Column::new("业务"),
            Column::new("申请人"),
            Column::new(if desk.actor().level == Level::County { "所属乡镇" } else { "村（社区）" }),
            Column::new("当前环节"),
            Column::new("办理期限").sort(asked.here(&asked.filter, None), Sorted::Ascending),
        ],
        rows: page.rows.iter().map(|work| row(desk, work)).collect(),
        empty: "没有待办事项。".into(),
        total,
        pager: Some(Pager {
            previous: asked.after.is_some().then(|| asked.here(&asked.filter, None).into()),
            next: page.next.as_ref().map(|next| asked.here(&asked.filter, Some(next)).into()),
        }),
        exports,
        ..Table::default()
    };
    // What the plan asks of the office reaches whoever answers for it here.
    let reminders = if desk.may(Right::ReportPlan) {
        reminders::counted(desk.office(), &desk.scope(), Some(desk.actor().division)).await?.0
    } else {
        0
    };
    // What somebody reported or proposed of the plan and another person has to look at.
    let second_look = if desk.may(Right::ApprovePlan) && desk.may(Right::ReadPlan) {
        proposals::counted(desk.office(), &desk.grant::<ReadPlan>()?).await?
    } else {
        0
    };
    // Departments that are late are the county's to remind.
    let late = if desk.may(Right::ImportDepartmentFile) && desk.may(Right::MeansTest) {
        check::late_count(desk.office(), &desk.grant::<MeansTest>()?).await?
    } else {
        0
    };
    // What the night found of months that are paid already.
    let proposed = late::counted(desk.office(), desk.granted()).await?;
    // What the lot gave to the reader to inspect.
    let to_inspect = random::waiting(desk.office(), desk.granted()).await?;
    // Whom the night found, and what departments' files say of benefits here: looked into by their own last day.
    let found = if desk.may(Right::Investigate) {
        let finder = desk.grant::<Investigate>()?;
        let figures = leads::figures(desk.office(), &finder).await?;
        Some((figures, leads::most_urgent(desk.office(), &finder, LEADS_SHOWN).await?))
    } else {
        None
    };
    let content = with_sidebar(
        &filter_panel(desk, &asked, &places_below(desk).await?),
        &html! {
            (error_summary(errors))
            (heading(None, "我的待办"))
            (cards(&figures))
            @if reminders > 0 {
                p.govuk-body { (Link::new("/desk/plan/alerts?own=yes", format!("本单位有 {reminders} 条规划预警和提醒等待处理"))) }
            }
            @if second_look > 0 {
                p.govuk-body { (Link::new("/desk/plan/values", format!("规划有 {second_look} 项填报、调整或者分解等待复核、批准"))) }
            }
            (views::links(&kept, &asked.view, &saved))
            @if late > 0 {
                p.govuk-body { (Link::new("/desk/checks", format!("有 {late} 条部门询问逾期没有答复，请催办"))) }
            }
            @if proposed.counted > 0 {
                p.govuk-body { (Link::new(format!("{HERE}?item=late_months"), format!("系统查到 {proposed} 件以前的月份要补发或者追回，等待查实"))) }
            }
            @if to_inspect > 0 {
                p.govuk-body { (Link::new(inspections::HERE, format!("抽签分给您 {to_inspect} 件核查，等待登记结果"))) }
            }
            (table)
            @if let Some((figures, lines)) = found.filter(|(_, lines)| !lines.is_empty()) {
                (leads_due(desk, &figures, &lines))
            }
            (views::save_form(desk, &kept, &views::keep(&fields.0, ASKED), &asked.view, &saved, errors))
            @if desk.may(Right::FileForOther) {
                p { (button_link("/desk/file", "代为申请", ButtonKind::Secondary)) }
            }
        },
    );
    Ok(Page::new("我的待办", content).under("work").errors(errors))
}

/// The leads that are due first, below the cases.
fn leads_due(desk: &Desk<ReadCase>, figures: &LeadFigures, lines: &[LeadLine]) -> Markup {
    let row = |line: &LeadLine| {
        vec![
            html! { (Link::new(format!("/desk/leads/{}", line.id), line.name.as_str())) },
            html! { (line.division_name) },
            html! { (line.kind.title()) },
            html! { (programme_title(desk.office(), &line.programme)) },
            state(line),
            due(desk.office(), line),
        ]
    };
    let table = Table {
        id: "leads".into(),
        caption: "待走访、待核查的线索".into(),
        columns: ["姓名", "村（社区）", "线索", "待遇项目", "状态", "办理期限"].map(Column::new).into(),
        rows: lines.iter().map(row).collect(),
        ..Table::default()
    };
    html! {
        (table)
        p.govuk-body {
            (Link::new("/desk/leads", format!("全部 {} 条线索", figures.open)))
            @if figures.overdue.counted > 0 {
                "，其中 " (Link::new("/desk/leads?overdue=yes", format!("{} 条已超期", figures.overdue)))
            }
            @if figures.reviews.counted > 0 {
                "，" (Link::new("/desk/leads?about=review", format!("{} 条是在册待遇的疑点（死亡、车辆、存款等比对）", figures.reviews)))
            }
            "。"
        }
    }
}

fn cards(figures: &WorkFigures) -> Markup {
    let urgency = |count: u32, urgency| if count > 0 { urgency } else { Urgency::Calm };
    figure_cards(&[
        Figure::new(figures.open.to_string(), "待我办理").href(HERE),
        Figure::new(figures.due_soon.to_string(), "一个工作日内到期")
            .urgency(urgency(figures.due_soon.counted, Urgency::Warning)),
        Figure::new(figures.overdue.to_string(), "已超期")
            .href("/desk/work?overdue=yes")
            .urgency(urgency(figures.overdue.counted, Urgency::Danger)),
        Figure::new(figures.done.to_string(), "本月已办结"),
    ])
}

fn row(desk: &Desk<ReadCase>, work: &Work) -> Vec<Markup> {
    vec![
        html! { (Link::new(format!("/desk/cases/{}", work.case), work.number.as_str())) },
        html! { (item_title(desk.office(), &work.item)) },
        html! { span.nowrap { (work.applicant) } br; span.govuk-hint.masked { (work.citizen_id) } },
        html! { @if desk.actor().level == Level::County { (work.township) " · " } (work.village) },
        tag(Colour::Blue, &work.title),
        due_markup(desk.office(), work.due_on, work.earliest_on),
    ]
}

fn filter_panel(desk: &Desk<ReadCase>, asked: &Asked, places: &[Choice<'_>]) -> Markup {
    let release = desk.office().release();
    let choices: Vec<Choice<'_>> = release
        .items
        .iter()
        .filter(|item| desk.may_for_item(Right::ReadCase, &item.id))
        .map(|item| Choice::new(item.id.as_str(), item.title.as_str()))
        .collect();
    let chosen: Vec<&str> = asked.filter.items.iter().map(String::as_str).collect();
    let without = |change: &dyn Fn(&mut WorkFilter)| {
        let mut filter = asked.filter.clone();
        change(&mut filter);
        asked.here(&filter, None)
    };
    let mut chips: Vec<Link<'_>> = Vec::new();
    for item in &asked.filter.items {
        let href = without(&|filter| filter.items.retain(|known| known != item));
        chips.push(Link::new(href, item_title(desk.office(), item)));
    }
    if let Some(words) = &asked.filter.words {
        chips.push(Link::new(without(&|filter| filter.words = None), words.as_str()));
    }
    if asked.filter.overdue {
        chips.push(Link::new(without(&|filter| filter.overdue = false), "已超期"));
    }
    if let Some(place) = &asked.filter.place {
        chips.push(Link::new(without(&|filter| filter.place = None), place.name.as_str()));
    }
    let overdue: &[&str] = if asked.filter.overdue { &["yes"] } else { &[] };
    filter(
        HERE,
        &chips,
        &html! {
            (text_input(&Field::new("q", "受理号或姓名").width(Width::Full)
                .value(asked.filter.words.as_deref().unwrap_or_default()).max_chars(40)))
            (checkboxes(&Field::new("item", "业务类型"), &choices, &chosen))
            (place_select(asked.filter.place.as_ref(), places))
            (checkboxes(&Field::new("overdue", "办理期限"), &[Choice::new("yes", "只看已超期")], overdue))
            @if !asked.view.is_empty() { (hidden(VIEW, &asked.view)) }
        },
    )
}

/// `GET /desk/work/export`
pub(super) async fn export(desk: Desk<ReadCase>, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked = Asked::read(&desk, &Fields(pairs_of(query).await?)).await?;
    let export = desk.grant::<Export>()?;
    let sheet = lists::worklist_sheet(desk.office(), desk.granted(), &export, &asked.filter).await?;
    let format = office::tabular::ListFormat::Excel;
    Ok(download(&format!("待办事项.{}", format.extension()), format.mime(), sheet))
}
