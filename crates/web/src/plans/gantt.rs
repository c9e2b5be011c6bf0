//! 项目进度图: the projects of each county over the years of the plan, as a chart, as a drawing, and as the table that says the same.

use std::collections::HashMap;

use axum::extract::Query;
use catalogue::plan::PlanBook;
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
/// So many projects are read on one page; of more, each place is opened by itself.
const UNFOLDED: usize = 40;

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

/// Bytes of the beginning of a text that are this name, whole or without its kind. 文山 before 州 names the prefecture, not its city.
fn taken(text: &str, name: &str) -> Option<usize> {
    if text.starts_with(name) {
        return Some(name.len());
    }
    let short = short(name);
    let after = text.strip_prefix(short)?;
    (!after.starts_with(['州', '市', '县', '区', '盟', '旗'])).then_some(short.len())
}

/// Which of these names a text has, the longest that fits at each place of it: 新城区 does not name 城区.
fn named(text: &str, names: &[&str]) -> Vec<usize> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(sign) = rest.chars().next() {
        let fits = names.iter().enumerate().filter_map(|(at, name)| Some((taken(rest, name)?, at)));
        let step = match fits.max() {
            Some((length, at)) => {
                found.push(at);
                length
            }
            None => sign.len_utf8(),
        };
        rest = &rest[step..];
    }
    found
}

/// The projects of each place, and under the name `rest` those of none. `home` is the whole place, whose name may begin like a part's.
fn grouped<'a>(all: &'a [Stage], counties: &[String], home: &str, rest: &str) -> Vec<Group<'a>> {
    let names: Vec<&str> = counties.iter().map(String::as_str).chain([home]).collect();
    let places: Vec<Vec<usize>> = all.iter().map(|stage| named(&stage.places, &names)).collect();
    let of = |wanted: &dyn Fn(&[usize]) -> bool| {
        all.iter().zip(&places).filter(|(_, at)| wanted(at)).map(|(stage, _)| stage).collect()
    };
    let mut groups: Vec<Group<'a>> = counties
        .iter()
        .enumerate()
        .map(|(county, name)| Group { name: name.clone(), stages: of(&|at| at.contains(&county)) })
        .collect();
    let nowhere = of(&|at| at.iter().all(|at| *at >= counties.len()));
    groups.push(Group { name: rest.to_owned(), stages: nowhere });
    groups.retain(|group| !group.stages.is_empty());
    groups
}

/// Where the plan itself begins a project or a stage: its first year, or the year after the stage before it of the same work.
fn printed_begins(plan: &PlanBook) -> HashMap<String, Month> {
    let mut begins = HashMap::new();
    for project in &plan.projects {
        let mut put = |id: &str, year: u16| {
            if let Ok(january) = Month::new(i32::from(year), 1) {
                begins.insert(id.to_owned(), january);
            }
        };
        if let Some(year) = project.from_year {
            put(&project.id, year);
        }
        for stage in &project.milestones {
            let Some(due) = stage.year else { continue };
            let alike = project.milestones.iter().filter(|one| one.what == stage.what);
            let years: Vec<u16> = alike.filter_map(|one| one.year).collect();
            let before = years.iter().filter(|year| **year < due).max().map(|year| year + 1);
            let yearly = years.iter().any(|year| *year > due).then_some(due);
            if let Some(year) = before.or(project.from_year).or(yearly) {
                put(stage.id.as_ref().unwrap_or(&project.id), year);
            }
        }
    }
    begins
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
    let groups = grouped(&all, &counties, &plan.home.name, &rest);
    let shown: Vec<&Group<'_>> =
        groups.iter().filter(|group| asked.place.is_empty() || group.name == asked.place).collect();
    let frame = Frame {
        from: i32::from(plan.plan.from),
        until: i32::from(plan.plan.until),
        today: desk.office().now().month(),
        printed: printed_begins(&plan),
    };
    let folded = shown.len() > 1 && shown.iter().map(|group| group.stages.len()).sum::<usize>() > UNFOLDED;
    let names: Vec<Choice<'_>> =
        groups.iter().map(|group| Choice::new(group.name.as_str(), group.name.as_str())).collect();
    let panel = filter(
        HERE,
        &[],
        &select(&Field::new("place", "地方").value(asked.place.as_str()), &names, Some("全部")),
    );
    let body = html! {
        @for (at, group) in shown.iter().enumerate() {
            @let inside = html! { (bars(at, group, &frame)) (table(at, group)) };
            @if folded {
                @let title = html! { h2.govuk-heading-m { (group.name) "（" (group.stages.len()) "项）" } };
                (parts::folded(&title, at == 0, &inside))
            } @else {
                section { h2.govuk-heading-m { (group.name) } (inside) }
            }
        }
        @if shown.is_empty() { p.govuk-body { "规划没有印重点项目。" } }
        p.govuk-body.no-print { @for link in exports(&desk, "stages") { (link) "　" } }
    };
    let content = html! {
        (parts::heading(Some(&plan.home.name), "项目进度图"))
        (parts::tabs("规划", &faces(), "gantt"))
        p.govuk-body { "每条横线从规划写明的开始年份画到完成时间；规划没有写明的，从登记的开工月份画起；没有登记开工、或者到期以后才登记的，从规划期开始画起。同一项工作逐年安排的，画在一行。没有写明完成时间的项目只列在表里。一个项目涉及几个地方的，在每处都列出。" }
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
    bars: Vec<SpecBar>,
}

#[derive(Serialize)]
struct SpecBar {
    href: String,
    /// Months from the first one to its beginning and to the end of the month in which it is due.
    begins: i64,
    ends: i64,
    span: String,
    /// What lies before the picture.
    earlier: Option<String>,
    state: &'static str,
    colour: &'static str,
}

/// What all pictures of the page have in common.
struct Frame {
    /// Years of the plan.
    from: i32,
    until: i32,
    today: Month,
    /// Where the plan begins a stage.
    printed: HashMap<String, Month>,
}

/// A stage in the picture.
struct Bar<'a> {
    stage: &'a Stage,
    due: Month,
    begins: i64,
    ends: i64,
    span: String,
    earlier: Option<String>,
}

/// A line of the picture: a stage, or several of the same work one after the other.
struct Line<'a> {
    name: &'a str,
    bars: Vec<Bar<'a>>,
}

impl Line<'_> {
    /// Whether this stage is the next one of the same work.
    fn goes_on(&self, stage: &Stage, due: Month) -> bool {
        let last = self.bars.last();
        self.name == stage.what
            && last.is_some_and(|last| last.stage.project == stage.project && last.due < due)
    }
}

/// Months of the picture, and its lines; nothing where no project has a date.
fn lines<'a>(group: &Group<'a>, first: Month, frame: &Frame) -> (i64, Vec<Line<'a>>) {
    let dated: Vec<(&'a Stage, Month)> =
        group.stages.iter().filter_map(|stage| stage.due.map(|due| (*stage, due))).collect();
    let last = dated.iter().map(|(_, due)| due.year()).max().unwrap_or(frame.until).max(frame.until);
    let months = i64::from(last - first.year() + 1) * 12;
    let at = |month: Month| i64::from(first.months_until(month)).clamp(0, months);
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (stage, due) in dated {
        let line = lines.iter().position(|line| line.goes_on(stage, due));
        let after = line.and_then(|line| lines[line].bars.last()).map(|bar| bar.due.next());
        // What was registered as begun when it was already due says nothing of the period.
        let known = [frame.printed.get(&stage.id).copied(), stage.begins];
        let begins = known.into_iter().flatten().find(|begins| *begins <= due).unwrap_or(first.min(due));
        let begins = after.map_or(begins, |after| after.max(begins));
        let bar = Bar {
            stage,
            due,
            begins: at(begins),
            // A month ends where the next one begins.
            ends: at(due.next()),
            span: if begins == due { due.zh() } else { format!("{}至{}", begins.zh(), due.zh()) },
            earlier: (begins < first).then(|| format!("← {}年", begins.year())),
        };
        match line {
            Some(line) => lines[line].bars.push(bar),
            None => lines.push(Line { name: &stage.what, bars: vec![bar] }),
        }
    }
    (months, lines)
}

fn bars(at: usize, group: &Group<'_>, frame: &Frame) -> Markup {
    let Ok(first) = Month::new(frame.from, 1) else { return html! {} };
    let (months, lines) = lines(group, first, frame);
    if lines.is_empty() {
        return html! {};
    }
    let now = i64::from(first.months_until(frame.today));
    let bar = |bar: &Bar<'_>| SpecBar {
        href: format!("{STAGES}/{}", bar.stage.id),
        begins: bar.begins,
        ends: bar.ends,
        span: bar.span.clone(),
        earlier: bar.earlier.clone(),
        state: bar.stage.state.title(),
        colour: colour(bar.stage.state),
    };
    let spec = Spec {
        kind: "gantt",
        from: first.to_string(),
        months,
        now,
        rows: lines
            .iter()
            .map(|line| SpecRow { name: line.name.to_owned(), bars: line.bars.iter().map(bar).collect() })
            .collect(),
    };
    let title = format!("{}的项目进度图", group.name);
    let has =
        |state: StageState| lines.iter().flat_map(|line| &line.bars).any(|bar| bar.stage.state == state);
    html! {
        (drawn(&format!("gantt-{at}"), &title, "chart--gantt", &spec, &drawing(&title, first, months, now, &lines)))
        p.govuk-body.gantt-legend {
            @for state in StageState::ALL { @if has(state) { (state_tag(state)) " " } }
            (now_in_words(now, months, first, frame.today))
        }
    }
}

/// What the line of now says, or why there is none.
fn now_in_words(now: i64, months: i64, first: Month, today: Month) -> Markup {
    let last = i64::from(first.year()) + months / 12 - 1;
    html! {
        @if now < 0 { "图从" (first.year()) "年开始，现在（" (today.zh()) "）还没有到。" }
        @else if now <= months { "竖线是现在（" (today.zh()) "）。" }
        @else { "图到" (last) "年底为止，现在（" (today.zh()) "）已经过了，所以没有现在的竖线。" }
    }
}

fn drawing(title: &str, first: Month, months: i64, now: i64, lines: &[Line<'_>]) -> Markup {
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
                @for (row, line) in lines.iter().enumerate() {
                    @let y = TOP + LINE * i64::try_from(row).unwrap_or(0);
                    text x="0" y=(y + 17) font-size="14" fill="#0b0c0c" { (clipped(line.name)) }
                    @for bar in &line.bars {
                        @let (begin, end) = (x(bar.begins), x(bar.ends));
                        // What was due before the picture begins has its words alone.
                        @if bar.ends > 0 {
                            rect x=(begin) y=(y + 5) width=((end - begin).max(2)) height=(LINE - 12) fill=(colour(bar.stage.state)) opacity="0.28" {}
                            circle cx=(end) cy=(y + LINE / 2 - 1) r="6" fill=(colour(bar.stage.state)) {}
                        }
                        @if let Some(earlier) = &bar.earlier {
                            text x=(begin + 4) y=(y + 17) font-size="14" fill="#0b0c0c" { (earlier) }
                        }
                    }
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
            sort: None,
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

    fn frame(today: &str) -> Frame {
        let printed = HashMap::from([("p".to_owned(), "2021-01".parse().unwrap())]);
        Frame { from: 2021, until: 2025, today: today.parse().unwrap(), printed }
    }

    #[test]
    fn a_line_runs_from_its_beginning_to_the_end_of_its_month() {
        let all = [
            stage("a", None, Some("2025-12")),
            stage("b", Some("2023-03"), Some("2026-06")),
            stage("c", Some("2030-01"), Some("2024-12")),
            stage("d", Some("2022-01"), None),
            stage("e", None, Some("2018-12")),
            stage("f", Some("2019-01"), Some("2022-12")),
            stage("p", Some("2026-11"), Some("2023-12")),
        ];
        let groups = grouped(&all, &["海勃湾区".to_owned()], "乌海市", "乌海市");
        let frame = frame("2026-11");
        let (months, lines) = lines(&groups[0], "2021-01".parse().unwrap(), &frame);
        let found: Vec<_> = lines
            .iter()
            .flat_map(|line| &line.bars)
            .map(|bar| {
                (bar.stage.id.as_str(), bar.begins, bar.ends, bar.earlier.as_deref().unwrap_or_default())
            })
            .collect();
        // What was begun after its date began with the plan, or where the plan says; what lies before the picture says so; what has no date is in
        // the table alone; the picture holds the last year.
        let wanted = vec![
            ("a", 0, 60, ""),
            ("b", 26, 66, ""),
            ("c", 0, 48, ""),
            ("e", 0, 0, "← 2018年"),
            ("f", 0, 24, "← 2019年"),
            ("p", 0, 36, ""),
        ];
        assert_eq!((months, found), (72, wanted));
        let text = bars(0, &groups[0], &frame).into_string();
        assert_eq!((text.matches("<rect").count(), text.matches("<circle").count()), (5, 5), "{text}");
        assert!(text.contains(r#""kind":"gantt""#) && text.contains("/desk/plan/stages/b"), "{text}");
        assert!(text.contains("竖线是现在（2026年11月）"), "{text}");
        assert!(!text.contains("style="), "no style attribute passes the policy");
    }

    #[test]
    fn the_line_of_now_is_promised_only_where_it_is_drawn() {
        let all = [stage("a", None, Some("2025-12"))];
        let groups = grouped(&all, &["海勃湾区".to_owned()], "乌海市", "乌海市");
        let text = bars(0, &groups[0], &frame("2026-11")).into_string();
        assert!(text.contains("图到2025年底为止") && !text.contains("stroke-dasharray"), "{text}");
    }

    #[test]
    fn the_years_of_one_work_stand_in_one_line() {
        let all = ["2021-12", "2022-12", "2023-12"].map(|due| {
            let one = stage(due, None, Some(due));
            Stage { project: "敬老院".to_owned(), ..one }
        });
        let groups = grouped(&all, &["海勃湾区".to_owned()], "乌海市", "乌海市");
        let (_, lines) = lines(&groups[0], "2021-01".parse().unwrap(), &frame("2022-05"));
        let spans: Vec<_> = lines
            .iter()
            .map(|line| line.bars.iter().map(|bar| (bar.begins, bar.ends)).collect::<Vec<_>>())
            .collect();
        assert_eq!(spans, [[(0, 12), (12, 24), (24, 36)]]);
    }

    #[test]
    fn a_place_is_named_whole() {
        let names = ["文山市", "砚山县", "城区", "新城区", "文山壮族苗族自治州"];
        let cases: [(&str, &[usize]); 6] = [
            ("文山州", &[]),
            ("文山壮族苗族自治州", &[4]),
            ("文山市、砚山县", &[0, 1]),
            ("文山、砚山各2个", &[0, 1]),
            ("新城区", &[3]),
            ("全州", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(named(text, &names), wanted, "{text}");
        }
    }
}
