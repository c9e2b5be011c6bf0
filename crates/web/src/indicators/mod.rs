//! 统计指标: the packs' indicators of a month, one by one by place and by month, and the records behind a figure.

use axum::extract::{Path, Query};
use axum::response::Response;
use catalogue::definition::{Indicator, Side, Source};
use maud::{Markup, html};
use office::access::{Export, ReadRecords};
use office::indicators::{self, Again, Figure, INDICATORS_JOB, MonthFigure, Opens};
use serde::Deserialize;
use serde::de::IgnoredAny;
use store::DivisionId;
use store::jobs::Job;
use vocab::Month;

use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::extract::Desk;
use crate::form_body::KeyedForm;
use crate::money::common::{division, download, last_job, month_field, month_or_now, watched};
use crate::records::{RECORDS, faces};
use crate::routes::{Routes, get, post};
use crate::ui::form::{ButtonKind, form_post, submit};
use crate::ui::parts::{SummaryRow, exports, filter, heading, inset, summary_list, with_sidebar};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const HERE: &str = "/desk/indicators";

/// Routes under `/desk/indicators`.
pub fn routes() -> Routes {
    Routes::new()
        .route(HERE, get(list))
        .route("/desk/indicators/sheet", get(sheet))
        .route("/desk/indicators/reckon", post(reckon))
        .route("/desk/indicators/{statistic}", get(page))
        .route("/desk/indicators/{statistic}/records", get(behind))
        .route("/desk/indicators/{statistic}/again", post(again))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ask {
    month: String,
    division: String,
    side: String,
    after: String,
    format: String,
}

fn with_unit(indicator: &Indicator, figure: &Figure) -> Markup {
    html! { (figure.text(indicator)) @if figure.value(indicator).is_some() { " " (indicator.unit) } }
}

async fn list(desk: Desk<ReadRecords>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let month = month_or_now(desk.office(), &ask.month);
    let found = indicators::overview(desk.office(), desk.granted(), month).await?;
    let mut chapters: Vec<(&str, Vec<&(Indicator, MonthFigure)>)> = Vec::new();
    for one in &found {
        let chapter = one.0.chapter.as_str();
        match chapters.iter_mut().find(|(known, _)| *known == chapter) {
            Some((_, list)) => list.push(one),
            None => chapters.push((chapter, vec![one])),
        }
    }
    let panel = filter(HERE, &[], &month_field(month));
    let sheet = address("/desk/indicators/sheet", &[("month", &month.to_string())]);
    let exports = exports(!found.is_empty() && desk.may(office::access::Right::Export), &sheet);
    let tables = chapters.iter().enumerate().map(|(number, (chapter, list))| Table {
        id: format!("chapter-{number}").into(),
        caption: (*chapter).into(),
        columns: vec![
            Column::new("指标"),
            Column::new("数值").numeric(),
            Column::new("计算").numeric(),
            Column::new("情况不明（条）").numeric(),
        ],
        rows: list.iter().map(|(indicator, of)| row(indicator, of)).collect(),
        ..Table::default()
    });
    let tables: Vec<Table<'_>> = tables.collect();
    let body = html! {
        @if found.is_empty() {
            p.govuk-body { (month.zh()) "还没有统计。每天夜里自动统计一次；过去的月份保持月底最后一次的结果。" }
        }
        @for table in &tables { (table) }
        @if !exports.is_empty() { p.govuk-body.no-print { @for link in &exports { (link) "　" } } }
    };
    let content = html! {
        (heading(Some(&desk.actor().division_name), &format!("{}统计指标", month.zh())))
        (faces("indicators"))
        (reckoning(&desk, found.first().map(|(_, of)| of)).await?)
        (with_sidebar(&panel, &body))
    };
    Ok(Page::new("统计指标", content).under(RECORDS))
}

fn row(indicator: &Indicator, of: &MonthFigure) -> Vec<Markup> {
    let there = address(&format!("{HERE}/{}", indicator.id.get()), &[("month", &of.month.to_string())]);
    vec![
        html! { (Link::new(there, indicator.title.as_str())) },
        with_unit(indicator, &of.figure),
        html! { (of.figure.fraction(indicator).unwrap_or_default()) },
        html! { @if of.figure.unknown > 0 { (of.figure.unknown) } },
    ]
}

/// When it was reckoned, the reckoning under way, or the button that starts one.
async fn reckoning(desk: &Desk<ReadRecords>, shown: Option<&MonthFigure>) -> Result<Markup, Fault> {
    let now = desk.office().now();
    let last = last_job(desk.office(), INDICATORS_JOB).await?;
    let live = last.as_ref().is_some_and(Job::is_live);
    let past = shown.is_some_and(|shown| shown.month < now.month());
    let body = html! {
        @if let Some(shown) = shown {
            p.govuk-body {
                "统计截至 " (shown.reckoned_on) "。"
                @if past { "过去的月份不再变动。" }
            }
        }
        @if live { p.govuk-body { "正在统计。" } }
        @else if !past { (form_post("/desk/indicators/reckon", &desk.key(), &submit("现在统计", ButtonKind::Secondary, None))) }
    };
    Ok(watched("reckoning", HERE, live, &inset(&body)))
}

async fn reckon(desk: Desk<ReadRecords>, _form: KeyedForm<IgnoredAny>) -> Result<SeeOther, Fault> {
    indicators::reckon_now(desk.office(), desk.granted()).await?;
    Ok(SeeOther::to(HERE).done("已开始统计。"))
}

async fn sheet(desk: Desk<ReadRecords>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let month = month_or_now(desk.office(), &ask.month);
    let format = crate::figures::format_of(&ask.format);
    let bytes = indicators::sheet(desk.office(), desk.granted(), &export, month, format).await?;
    Ok(download(&format!("统计指标{month}.{}", format.extension()), format.mime(), bytes))
}

/// The place that is asked for; one's own if none is.
fn place(desk: &Desk<ReadRecords>, ask: &Ask) -> DivisionId {
    division(&ask.division).unwrap_or(desk.actor().division)
}

async fn page(
    desk: Desk<ReadRecords>,
    Path(id): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Page, Fault> {
    let office = desk.office();
    let month = month_or_now(office, &ask.month);
    let here = place(&desk, &ask);
    let (indicator, places) = indicators::by_place(office, desk.granted(), &id, here, month).await?;
    let months = indicators::by_month(office, desk.granted(), &id, here, month).await?;
    let base = format!("{HERE}/{id}");
    let asked = |division: DivisionId| [("month", month.to_string()), ("division", division.to_string())];
    let link = |division: DivisionId, name: &str| {
        let asked = asked(division);
        let pairs: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Link::new(address(&base, &pairs), name.to_owned())
    };
    let shown: Vec<DivisionId> = places.iter().map(|place| place.division).collect();
    let again = indicators::again(office, desk.granted(), &id, &shown, month).await?;
    let mut columns = vec![
        Column::new("地区"),
        Column::new(format!("数值（{}）", indicator.unit)).numeric(),
        Column::new("计算").numeric(),
        Column::new("情况不明（条）").numeric(),
    ];
    if again.is_some() {
        columns.extend([Column::new("重算").numeric(), Column::new("重算的计算").numeric()]);
    }
    let by_place = Table {
        id: "places".into(),
        caption: format!("{}，按地区", month.zh()).into(),
        columns,
        rows: places
            .iter()
            .enumerate()
            .map(|(number, place)| {
                let mut cells = vec![
                    html! { @if place.division == here { (place.name) } @else { (link(place.division, &place.name)) } },
                    html! { (place.figure.text(&indicator)) },
                    html! { (place.figure.fraction(&indicator).unwrap_or_default()) },
                    html! { @if place.figure.unknown > 0 { (place.figure.unknown) } },
                ];
                if let Some(figure) = again.as_ref().and_then(|again| again.figures.get(number)) {
                    cells.push(html! { (figure.text(&indicator)) @if *figure != place.figure { "（不同）" } });
                    cells.push(html! { (figure.fraction(&indicator).unwrap_or_default()) });
                }
                cells
            })
            .collect(),
        ..Table::default()
    };
    let by_month = Table {
        id: "months".into(),
        caption: "逐月".into(),
        columns: vec![
            Column::new("月份"),
            Column::new(format!("数值（{}）", indicator.unit)).numeric(),
            Column::new("计算").numeric(),
            Column::new("统计截至"),
        ],
        rows: months
            .iter()
            .map(|of| {
                vec![
                    html! { (of.month.zh()) },
                    html! { (of.figure.text(&indicator)) },
                    html! { (of.figure.fraction(&indicator).unwrap_or_default()) },
                    html! { (of.reckoned_on) },
                ]
            })
            .collect(),
        empty: "还没有统计。".into(),
        ..Table::default()
    };
    let name = places.first().map_or("", |place| place.name.as_str());
    let release = office.release();
    let basis: Vec<String> =
        release.basis_on(&indicator.basis, office.now().today()).iter().map(|law| law.text()).collect();
    let mut rows =
        vec![SummaryRow::text("怎么算", &indicator.text), SummaryRow::text("单位", &indicator.unit)];
    if !basis.is_empty() {
        rows.push(SummaryRow::text("依据", &basis.join("、")));
    }
    let content = html! {
        (heading(Some(name), &indicator.title))
        (summary_list(&rows))
        p.govuk-body.no-print {
            @for (side, counted) in indicator.sides() {
                @if indicators::may_open(desk.actor(), &indicator, counted.source()) {
                    (Link::new(address(&format!("{base}/records"), &[("division", &here.to_string()), ("month", &month.to_string()), ("side", side.as_str())]), words(counted.source(), side)))
                    "　"
                }
            }
        }
        (by_place)
        @if indicator.is_dated() && month < office.now().month() { (recomputed(&desk, &indicator, month, again.as_ref()).await?) }
        (by_month)
    };
    let back = if here == desk.actor().division {
        address(HERE, &[("month", &month.to_string())])
    } else {
        address(&base, &[("month", &month.to_string())])
    };
    Ok(Page::new(indicator.title.clone(), content).under(RECORDS).back(back, "返回"))
}

/// What a recomputation said, one under way, or the button that starts one.
async fn recomputed(
    desk: &Desk<ReadRecords>,
    indicator: &Indicator,
    month: Month,
    again: Option<&Again>,
) -> Result<Markup, Fault> {
    let live = indicators::is_reckoned_again(desk.office(), &indicator.id, month).await?;
    let here = address(&format!("{HERE}/{}", indicator.id.get()), &[("month", &month.to_string())]);
    let ask = html! {
        input type="hidden" name="month" value=(month);
        (submit("重算这个月", ButtonKind::Secondary, None))
    };
    let body = html! {
        p.govuk-body { "这个月已经封存，数值不再变动。" @if let Some(again) = again { "重算于" (again.at.zh()) "，只作对照。" } }
        @if live { p.govuk-body { "正在统计。" } }
        @else { (form_post(&format!("{HERE}/{}/again", indicator.id.get()), &desk.key(), &ask)) }
    };
    Ok(watched("again", &here, live, &inset(&body)))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AskAgain {
    month: String,
}

async fn again(
    desk: Desk<ReadRecords>,
    Path(id): Path<String>,
    form: KeyedForm<AskAgain>,
) -> Result<SeeOther, Fault> {
    let month = month_or_now(desk.office(), &form.form.month);
    indicators::reckon_again(desk.office(), desk.granted(), &id, month).await?;
    Ok(SeeOther::to(address(&format!("{HERE}/{id}"), &[("month", &month.to_string())])).done("已开始重算。"))
}

fn words(source: Source<'_>, side: Side) -> &'static str {
    match (source, side) {
        (Source::Case, Side::Part) => "计入的办件",
        (Source::Case, Side::Whole) => "作为总数的办件",
        (Source::Entitlement, Side::Part) => "计入的待遇",
        (Source::Entitlement, Side::Whole) => "作为总数的待遇",
        (Source::Need, Side::Part) => "计入的需求",
        (Source::Need, Side::Whole) => "作为总数的需求",
        (Source::Payment, Side::Part) => "计入的发放明细",
        (Source::Payment, Side::Whole) => "作为总数的发放明细",
        (_, Side::Part) => "现在计入的记录",
        (_, Side::Whole) => "现在作为总数的记录",
    }
}

async fn behind(
    desk: Desk<ReadRecords>,
    Path(id): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Page, Fault> {
    let office = desk.office();
    let here = place(&desk, &ask);
    let release = office.release();
    let indicator = release.indicators.get(&id).ok_or(Fault::Hidden)?;
    let side = if ask.side == Side::Whole.as_str() { Side::Whole } else { Side::Part };
    let month = month_or_now(office, &ask.month);
    let after: i64 = ask.after.parse().unwrap_or_default();
    let found = indicators::counted(office, desk.granted(), (indicator, side), here, month, after).await?;
    let found = found.ok_or(Fault::Hidden)?;
    let source = indicator.sides().find(|(this, _)| *this == side).map(|(_, counted)| counted.source());
    let source = source.ok_or(Fault::Hidden)?;
    let base = format!("{HERE}/{id}/records");
    let to = |after: i64| {
        let (division, month, after) = (here.to_string(), month.to_string(), after.to_string());
        let pairs = [
            ("division", division.as_str()),
            ("month", month.as_str()),
            ("side", side.as_str()),
            ("after", after.as_str()),
        ];
        address(&base, &pairs)
    };
    let opens = |opens: Opens| match (opens, source) {
        (Opens::Record(record), Source::Register(register)) => format!("/desk/records/{register}/{record}"),
        (Opens::Record(_), _) => HERE.to_owned(),
        (Opens::Case(case), _) => format!("/desk/cases/{case}"),
        (Opens::Entitlement(entitlement), _) => format!("/desk/roll/{entitlement}"),
        (Opens::Need(need), _) => format!("/desk/joint/{need}"),
    };
    let table = Table {
        id: "records".into(),
        caption: words(source, side).into(),
        columns: vec![
            Column::new(if source.is_dated() { "名称" } else { "记录" }),
            Column::new("所在地"),
            Column::new("说明"),
        ],
        rows: found
            .rows
            .iter()
            .map(|row| {
                vec![
                    html! { (Link::new(opens(row.opens), row.title.as_str())) },
                    html! { (row.place) },
                    html! { @if row.unknown { "情况不明，没有计入" } },
                ]
            })
            .collect(),
        empty: "没有这样的记录。".into(),
        pager: Some(Pager {
            previous: (after > 0).then(|| to(0).into()),
            next: found.next.map(|next| to(next).into()),
        }),
        ..Table::default()
    };
    let name = office::divisions::find(office.db(), here).await?.name;
    let content = html! {
        (heading(Some(&name), &indicator.title))
        @if source.is_dated() {
            p.govuk-body { "这里是按现有的日期算出的" (month.zh()) "的情况；封存以后补记、更正的，会和封存的数值不同。" }
        } @else {
            p.govuk-body { "这里是登记簿现在的情况；过去月份的数值以当月最后一次统计为准。" }
        }
        (table)
    };
    let back =
        address(&format!("{HERE}/{id}"), &[("division", &here.to_string()), ("month", &month.to_string())]);
    Ok(Page::new(indicator.title.clone(), content).under(RECORDS).back(back, "返回"))
}
