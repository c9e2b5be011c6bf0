//! 项目进度图: the projects of each county over the years of the plan, drawn on the server, with the table that says the same.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::ReadPlan;
use office::divisions;
use office::plans::demanded;
use office::plans::stages::{Stage, StageState, stages};
use serde::Deserialize;
use vocab::{Level, Month};

use super::stages::state_tag;
use super::{NAV_ID, exports, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::Link;
use crate::ui::form::{Choice, Field, select};
use crate::ui::parts::{self, filter, with_sidebar};
use crate::ui::table::{Column, Table};

const HERE: &str = "/desk/plan/gantt";
const STAGES: &str = "/desk/plan/stages";
const WIDTH: i64 = 960;
const LEFT: i64 = 330;
const RIGHT: i64 = 16;
const TOP: i64 = 30;
const LINE: i64 = 26;
/// Characters of a name that fit left of the bars.
const NAME: usize = 20;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    place: String,
}

/// What stands under the name of a county, or of no county.
struct Group<'a> {
    name: String,
    stages: Vec<&'a Stage>,
}

/// A county is named in a plan with or without its kind: 海勃湾, 海勃湾区.
fn short(name: &str) -> &str {
    ["自治县", "县", "区", "市"]
        .into_iter()
        .find_map(|kind| name.strip_suffix(kind))
        .filter(|rest| rest.chars().count() > 1)
        .unwrap_or(name)
}

fn grouped<'a>(all: &'a [Stage], counties: &[String], whole: &str) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = counties
        .iter()
        .map(|name| Group {
            name: name.clone(),
            stages: all.iter().filter(|stage| stage.places.contains(short(name))).collect(),
        })
        .collect();
    let rest = all.iter().filter(|stage| counties.iter().all(|name| !stage.places.contains(short(name))));
    groups.push(Group {
        name: format!("{whole}（没有写明县（市、区）的）"), stages: rest.collect()
    });
    groups.retain(|group| !group.stages.is_empty());
    groups
}

/// `GET /desk/plan/gantt`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let all = stages(desk.office(), desk.granted(), &plan).await?;
    let below = if plan.home.level == Level::County { Level::Township } else { Level::County };
    let counties: Vec<String> = divisions::at_level(desk.office().db(), plan.home.id, below)
        .await?
        .into_iter()
        .map(|place| place.name)
        .collect();
    let groups = grouped(&all, &counties, &plan.home.name);
    let shown: Vec<&Group<'_>> =
        groups.iter().filter(|group| asked.place.is_empty() || group.name == asked.place).collect();
    let (from, until) = (i32::from(plan.plan.from), i32::from(plan.plan.until));
    let today = desk.office().now().month();
    let names: Vec<Choice<'_>> =
        groups.iter().map(|group| Choice::new(group.name.as_str(), group.name.as_str())).collect();
    let panel = filter(
        HERE,
        &[],
        &select(&Field::new("place", "地方").value(asked.place.as_str()), &names, Some("全部")),
    );
    let body = html! {
        @for (at, group) in shown.iter().enumerate() {
            section {
                h2.govuk-heading-m { (group.name) }
                (drawing(group, from, until, today))
                (table(at, group))
            }
        }
        @if shown.is_empty() { p.govuk-body { "规划没有印重点项目。" } }
        p.govuk-body.no-print { @for link in exports(&desk, "stages") { (link) "　" } }
    };
    let content = html! {
        (parts::heading(Some(&plan.home.name), "项目进度图"))
        (parts::tabs("规划", &faces(), "gantt"))
        p.govuk-body { "每条横线从规划开始画到完成时间；竖线是现在。没有写明时间的项目只列在表里。一个项目涉及几个县（市、区）的，在每处都列出。" }
        (with_sidebar(&panel, &body))
    };
    Ok(Page::new("项目进度图", content).under(NAV_ID))
}

fn colour(state: StageState) -> &'static str {
    match state {
        StageState::Late => "#b8131a",
        StageState::UnderWay => "#0b4f9e",
        StageState::Planned => "#806f00",
        StageState::NoDate => "#6f777b",
        StageState::Finished => "#0f7a52",
    }
}

fn drawing(group: &Group<'_>, from: i32, until: i32, today: Month) -> Markup {
    let dated: Vec<(&Stage, Month)> =
        group.stages.iter().filter_map(|stage| stage.due.map(|due| (*stage, due))).collect();
    let last = dated.iter().map(|(_, due)| due.year()).max().unwrap_or(until).max(until);
    let (Ok(first), false) = (Month::new(from, 1), dated.is_empty()) else { return html! {} };
    let months = i64::from(last - from + 1) * 12;
    // A month ends where the next one begins.
    let x = |gone: i64| LEFT + (WIDTH - LEFT - RIGHT) * gone.clamp(0, months) / months;
    let height = TOP + LINE * i64::try_from(dated.len()).unwrap_or(0) + 8;
    let now = i64::from(first.months_until(today));
    html! {
        figure.plan-gantt tabindex="0" aria-label={ (group.name) "的项目进度图，可以左右滚动" } {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label={ (group.name) "的项目进度图，内容见下面的表格" } {
                @for year in from..=last {
                    @let at = x(i64::from(year - from) * 12);
                    line x1=(at) x2=(at) y1=(TOP - 8) y2=(height) stroke="#d4d7da" stroke-width="1" {}
                    text x=(at + 6) y=(TOP - 12) font-size="14" fill="#484f57" { (year) }
                }
                @for (row, (stage, due)) in dated.iter().enumerate() {
                    @let y = TOP + LINE * i64::try_from(row).unwrap_or(0);
                    @let end = x(i64::from(first.months_until(*due)) + 1);
                    text x="0" y=(y + 17) font-size="14" fill="#0b0c0c" { (clipped(&stage.what)) }
                    rect x=(LEFT) y=(y + 5) width=((end - LEFT).max(2)) height=(LINE - 12) fill=(colour(stage.state)) opacity="0.28" {}
                    circle cx=(end) cy=(y + LINE / 2 - 1) r="6" fill=(colour(stage.state)) {}
                }
                @if (0..=months).contains(&now) {
                    line x1=(x(now)) x2=(x(now)) y1=(TOP - 8) y2=(height) stroke="#0b0c0c" stroke-width="2" stroke-dasharray="4 3" {}
                }
            }
            figcaption.gantt-legend {
                @for state in StageState::ALL { @if group.stages.iter().any(|stage| stage.state == state) { (state_tag(state)) " " } }
            }
        }
    }
}

fn clipped(name: &str) -> String {
    if name.chars().count() <= NAME {
        name.to_owned()
    } else {
        name.chars().take(NAME - 1).chain(['…']).collect()
    }
}

fn table(at: usize, group: &Group<'_>) -> Table<'static> {
    let row = |stage: &&Stage| {
        vec![
            html! { span.plan-name { (Link::new(format!("{STAGES}/{}", stage.id), stage.what.clone())) } },
            html! {
                @match stage.due.filter(|_| stage.moved) {
                    Some(due) => { (due.zh()) "（已调整）" },
                    None => { @if stage.due_words.is_empty() { "未印" } @else { (stage.due_words) } },
                }
            },
            html! { (stage.places) },
            html! { (stage.quantity) },
            state_tag(stage.state),
        ]
    };
    Table {
        id: format!("projects-{at}").into(),
        caption: format!("{}的项目", group.name).into(),
        caption_hidden: true,
        columns: ["项目、节点", "完成时间", "地方", "数量", "状态"].map(Column::new).into(),
        rows: group.stages.iter().map(row).collect(),
        ..Table::default()
    }
}
