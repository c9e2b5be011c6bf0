//! 项目进度图: the projects of each county over the years of the plan, as a chart, as a drawing, and as the table that says the same.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::ReadPlan;
use office::divisions;
use office::plans::demanded;
use office::plans::stages::{Stage, StageState, stages};
use serde::{Deserialize, Serialize};
use vocab::Month;

use super::stages::state_tag;
use super::{NAV_ID, exports, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::Link;
use crate::ui::drawing::drawn;
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

/// What stands under the name of a county or township, or of none.
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

/// The projects of each place, and under the name `rest` those of none.
fn grouped<'a>(all: &'a [Stage], counties: &[String], rest: &str) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = counties
        .iter()
        .map(|name| Group {
            name: name.clone(),
            stages: all.iter().filter(|stage| stage.places.contains(short(name))).collect(),
        })
        .collect();
    let nowhere = all.iter().filter(|stage| counties.iter().all(|name| !stage.places.contains(short(name))));
    groups.push(Group { name: rest.to_owned(), stages: nowhere.collect() });
    groups.retain(|group| !group.stages.is_empty());
    groups
}

/// `GET /desk/plan/gantt`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let all = stages(desk.office(), desk.granted(), &plan).await?;
    let counties: Vec<String> = divisions::at_level(desk.office().db(), plan.home.id, plan.below())
        .await?
        .into_iter()
        .map(|place| place.name)
        .collect();
    let rest = format!("{}（没有写明{}的）", plan.home.name, plan.below_title());
    let groups = grouped(&all, &counties, &rest);
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
                (bars(at, group, from, until, today))
                (table(at, group))
            }
        }
        @if shown.is_empty() { p.govuk-body { "规划没有印重点项目。" } }
        p.govuk-body.no-print { @for link in exports(&desk, "stages") { (link) "　" } }
    };
    let content = html! {
        (parts::heading(Some(&plan.home.name), "项目进度图"))
        (parts::tabs("规划", &faces(), "gantt"))
        p.govuk-body { "每条横线从登记的开工月份（没有登记的，从规划写明的开始年份或者规划期开始）画到完成时间；竖线是现在。没有写明完成时间的项目只列在表里。一个项目涉及几个地方的，在每处都列出。" }
        (with_sidebar(&panel, &body))
    };
    Ok(Page::new("项目进度图", content).under(NAV_ID).charts())
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

/// What the script draws.
#[derive(Serialize)]
struct Spec {
    kind: &'static str,
    /// The first month of the picture, and how many it shows.
    from: String,
    months: i64,
    /// Months from the first one to now.
    now: i64,
    rows: Vec<SpecRow>,
}

#[derive(Serialize)]
struct SpecRow {
    name: String,
    href: String,
    /// Months from the first one to its beginning and to the end of the month in which it is due.
    begins: i64,
    ends: i64,
    span: String,
    state: &'static str,
    colour: &'static str,
}

/// A line of the picture.
struct Bar<'a> {
    stage: &'a Stage,
    begins: i64,
    ends: i64,
    span: String,
}

/// Months of the picture, and its lines; nothing where no project has a date.
fn lines<'a>(group: &Group<'a>, first: Month, until: i32) -> (i64, Vec<Bar<'a>>) {
    let dated: Vec<(&Stage, Month)> =
        group.stages.iter().filter_map(|stage| stage.due.map(|due| (*stage, due))).collect();
    let last = dated.iter().map(|(_, due)| due.year()).max().unwrap_or(until).max(until);
    let months = i64::from(last - first.year() + 1) * 12;
    let bars = dated.into_iter().map(|(stage, due)| {
        let begins = stage.begins.unwrap_or(first).max(first).min(due);
        let at = |month: Month| i64::from(first.months_until(month)).clamp(0, months);
        // A month ends where the next one begins.
        Bar { stage, begins: at(begins), ends: at(due) + 1, span: format!("{}至{}", begins.zh(), due.zh()) }
    });
    (months, bars.collect())
}

fn bars(at: usize, group: &Group<'_>, from: i32, until: i32, today: Month) -> Markup {
    let Ok(first) = Month::new(from, 1) else { return html! {} };
    let (months, lines) = lines(group, first, until);
    if lines.is_empty() {
        return html! {};
    }
    let now = i64::from(first.months_until(today));
    let spec = Spec {
        kind: "gantt",
        from: first.to_string(),
        months,
        now,
        rows: lines
            .iter()
            .map(|bar| SpecRow {
                name: bar.stage.what.clone(),
                href: format!("{STAGES}/{}", bar.stage.id),
                begins: bar.begins,
                ends: bar.ends,
                span: bar.span.clone(),
                state: bar.stage.state.title(),
                colour: colour(bar.stage.state),
            })
            .collect(),
    };
    let title = format!("{}的项目进度图", group.name);
    html! {
        (drawn(&format!("gantt-{at}"), &title, "chart--gantt", &spec, &drawing(&title, first, months, now, &lines)))
        p.gantt-legend {
            @for state in StageState::ALL { @if lines.iter().any(|bar| bar.stage.state == state) { (state_tag(state)) " " } }
        }
    }
}

fn drawing(title: &str, first: Month, months: i64, now: i64, lines: &[Bar<'_>]) -> Markup {
    let x = |gone: i64| LEFT + (WIDTH - LEFT - RIGHT) * gone.clamp(0, months) / months.max(1);
    let height = TOP + LINE * i64::try_from(lines.len()).unwrap_or(0) + 8;
    let years = i32::try_from(months / 12).unwrap_or(0);
    html! {
        figure.plan-gantt tabindex="0" aria-label={ (title) "，可以左右滚动" } {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label={ (title) "，内容见下面的表格" } {
                @for year in 0..years {
                    @let at = x(i64::from(year) * 12);
                    line x1=(at) x2=(at) y1=(TOP - 8) y2=(height) stroke="#d4d7da" stroke-width="1" {}
                    text x=(at + 6) y=(TOP - 12) font-size="14" fill="#484f57" { (first.year() + year) }
                }
                @for (row, bar) in lines.iter().enumerate() {
                    @let y = TOP + LINE * i64::try_from(row).unwrap_or(0);
                    @let (begin, end) = (x(bar.begins), x(bar.ends));
                    text x="0" y=(y + 17) font-size="14" fill="#0b0c0c" { (clipped(&bar.stage.what)) }
                    rect x=(begin) y=(y + 5) width=((end - begin).max(2)) height=(LINE - 12) fill=(colour(bar.stage.state)) opacity="0.28" {}
                    circle cx=(end) cy=(y + LINE / 2 - 1) r="6" fill=(colour(bar.stage.state)) {}
                }
                @if (0..=months).contains(&now) {
                    line x1=(x(now)) x2=(x(now)) y1=(TOP - 8) y2=(height) stroke="#0b0c0c" stroke-width="2" stroke-dasharray="4 3" {}
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(id: &str, begins: Option<&str>, due: Option<&str>) -> Stage {
        Stage {
            id: id.to_owned(),
            project: id.to_owned(),
            what: "敬老院改造".to_owned(),
            section: None,
            domain: None,
            begins: begins.map(|month| month.parse().unwrap()),
            due: due.map(|month| month.parse().unwrap()),
            moved: false,
            due_words: String::new(),
            places: "海勃湾".to_owned(),
            quantity: String::new(),
            source: String::new(),
            state: StageState::UnderWay,
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_line_runs_from_its_beginning_to_the_end_of_its_month() {
        let all = [
            stage("a", None, Some("2025-12")),
            stage("b", Some("2023-03"), Some("2026-06")),
            stage("c", Some("2030-01"), Some("2024-12")),
            stage("d", Some("2022-01"), None),
        ];
        let groups = grouped(&all, &["海勃湾区".to_owned()], "乌海市");
        let first: Month = "2021-01".parse().unwrap();
        let (months, lines) = lines(&groups[0], first, 2025);
        let found: Vec<_> = lines.iter().map(|bar| (bar.stage.id.as_str(), bar.begins, bar.ends)).collect();
        // What was begun after its date is a line of one month; what has no date is in the table alone; the picture holds the last year.
        assert_eq!((months, found), (72, vec![("a", 0, 60), ("b", 26, 66), ("c", 47, 48)]));
        let text = bars(0, &groups[0], 2021, 2025, "2026-11".parse().unwrap()).into_string();
        assert_eq!((text.matches("<rect").count(), text.matches("<circle").count()), (3, 3), "{text}");
        assert!(text.contains(r#""kind":"gantt""#) && text.contains("/desk/plan/stages/b"), "{text}");
        assert!(!text.contains("style="), "no style attribute passes the policy");
    }
}
