//! The month's roll by division: numbers, map, the families behind each number, the sheet.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, Report, Right};
use office::divisions;
use office::reports::{self, AreaFigures, RollCounted, RollFigures, RollQuery, RollReport, shown};
use office::tabular::ListFormat;
use serde::Deserialize;
use vocab::Month;

use super::{NAV_ID, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{self, ROWS, cursor, download, month_or_now, programme_title, yuan};
use crate::ui::chart::{CountyMap, Place, TileMap, grouped};
use crate::ui::parts::{self, Figure};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{address, form};

/// What is asked, as the address has it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    month: String,
    programme: String,
    division: String,
    counted: String,
    area: String,
    after: String,
    format: String,
}

impl Ask {
    fn query(&self, desk: &Desk<Report>) -> RollQuery {
        RollQuery {
            programme: Some(self.programme.clone()).filter(|programme| !programme.is_empty()),
            month: month_or_now(desk.office(), &self.month),
            division: common::division(&self.division),
        }
    }

    fn to(&self, path: &str, month: Month, division: &str, counted: &str) -> String {
        let pairs = [
            ("month", month.to_string()),
            ("programme", self.programme.clone()),
            ("division", division.to_owned()),
            ("counted", counted.to_owned()),
        ];
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        address(path, &pairs)
    }
}

const COUNTED: [(&str, RollCounted, &str); 4] = [
    ("on_roll", RollCounted::OnRoll, "在册家庭"),
    ("new", RollCounted::New, "本月新增家庭"),
    ("ended", RollCounted::Ended, "本月退出家庭"),
    ("paused", RollCounted::Paused, "停发和暂缓家庭"),
];

pub(super) async fn page(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let query = ask.query(&desk);
    let shown = shown::roll_figures(desk.office(), desk.granted(), &query).await?;
    let report = &shown.figures;
    let month = report.month;
    let title = format!("{}{}在册情况", report.whole.name, month.zh());
    let mut table = table(&ask, report, &title);
    let sheet = ask.to("/desk/figures/sheet", month, &ask.division, "");
    table.exports = parts::exports(desk.may(Right::Export), &sheet);
    let map = map(&desk, report, &title).await?;
    let content = html! {
        (super::heading(&title, shown.at))
        (parts::tabs("统计报表", &faces(), "roll"))
        (parts::filter("/desk/figures", &[], &html! {
            (common::month_field(month))
            (common::programme_field(&desk, &ask.programme))
            (form::hidden("division", &ask.division))
        }))
        (cards(&ask, report))
        @if let Some(map) = map { (map) }
        (table)
        p.govuk-body { "点击数字可以查看计入该数字的家庭；点击地区名称可以查看下一级。停发家庭计入户数、人数，不计入核定金额。" }
    };
    let mut page = Page::new(title, content).under(NAV_ID).charts();
    if !ask.division.is_empty() {
        page = page.back(ask.to("/desk/figures", month, "", ""), "返回本级统计");
    }
    Ok(page)
}

fn cards(ask: &Ask, report: &RollReport) -> Markup {
    let total = report.whole.total();
    let to = |counted: &str| ask.to("/desk/figures/families", report.month, &ask.division, counted);
    parts::figure_cards(&[
        Figure::new(grouped(total.households), "在册户数（户）").href(to("on_roll")),
        Figure::new(grouped(total.persons), "保障人数（人）"),
        Figure::new(yuan(total.granted), "核定金额（元）"),
        Figure::new(total.per_person().map_or_else(|| "—".to_owned(), yuan), "人均补助水平（元）"),
        Figure::new(grouped(total.new), "本月新增（户）").href(to("new")),
        Figure::new(grouped(total.ended), "本月退出（户）").href(to("ended")),
        Figure::new(grouped(total.paused), "停发、暂缓（户）").href(to("paused")),
    ])
}

/// The counties on the outline of the pack, when it is they who are counted.
async fn map(
    desk: &Desk<Report>,
    report: &RollReport,
    title: &str,
) -> Result<Option<CountyMap<'static>>, Fault> {
    let Some(whole) = report.whole.division else { return Ok(None) };
    let places: Vec<Place<'static>> = divisions::children(desk.office().db(), whole)
        .await?
        .into_iter()
        .filter_map(|child| {
            let row = report.parts.iter().find(|row| row.division == Some(child.id))?;
            Some(Place {
                href: None,
                code: child.code.into(),
                name: child.name.into(),
                value: Some(row.total().households),
            })
        })
        .collect();
    Ok(county_map(&desk.office().release(), places, &format!("{title}（户数）"), "户"))
}

/// Places on the outline of a pack that has every one of them; where no pack has, as tiles, which claim no shape and no position.
pub(crate) fn place_map(
    release: &catalogue::Release,
    places: Vec<Place<'static>>,
    title: &str,
    unit: &str,
) -> Markup {
    if places.is_empty() {
        return html! {};
    }
    match county_map(release, places.clone(), title, unit) {
        Some(map) => html! { (map) },
        None => {
            let tiles = TileMap {
                id: "map".into(),
                title: title.to_owned().into(),
                unit: unit.to_owned().into(),
                places,
            };
            html! { (tiles) }
        }
    }
}

/// Places on the outline of a pack that has every one of them; none where no pack has.
fn county_map(
    release: &catalogue::Release,
    places: Vec<Place<'static>>,
    title: &str,
    unit: &str,
) -> Option<CountyMap<'static>> {
    for text in &release.outlines {
        let Ok(outline) = serde_json::from_str::<serde_json::Value>(text) else { continue };
        let shapes: Vec<&serde_json::Value> = outline["features"].as_array().into_iter().flatten().collect();
        let has = |place: &Place<'_>| shapes.iter().any(|shape| shape["properties"]["code"] == *place.code);
        if places.is_empty() || !places.iter().all(has) {
            continue;
        }
        let strange: Vec<&str> = shapes
            .iter()
            .filter(|shape| !places.iter().any(|place| shape["properties"]["code"] == *place.code))
            .filter_map(|shape| shape["properties"]["name"].as_str())
            .collect();
        let hatched = if strange.is_empty() {
            String::new()
        } else {
            format!("斜线：{}，不属本市管理", strange.join("、"))
        };
        return Some(CountyMap {
            id: "map".into(),
            title: title.to_owned().into(),
            unit: unit.to_owned().into(),
            outline,
            places,
            hatched: hatched.into(),
        });
    }
    None
}

fn table<'a>(ask: &Ask, report: &RollReport, title: &str) -> Table<'a> {
    let heads =
        ["户数", "人数", "核定金额（元）", "应发金额（元）", "人均（元）", "新增", "退出", "停发、暂缓"];
    let columns = std::iter::once(Column::new("地区"))
        .chain(heads.into_iter().map(|head| Column::new(head).numeric()))
        .collect();
    Table {
        id: "figures".into(),
        caption: title.to_owned().into(),
        columns,
        rows: report.parts.iter().map(|row| line(ask, report.month, row)).collect(),
        sums: Some(cells(html! { "合计" }, &report.whole.total(), |_, text| html! { (text) })),
        cards: false,
        ..Table::default()
    }
}

fn line(ask: &Ask, month: Month, row: &RollFigures) -> Vec<Markup> {
    let division = row.division.map(|division| division.to_string()).unwrap_or_default();
    let name = html! {
        @if division.is_empty() { (row.name) }
        @else { a.govuk-link href=(ask.to("/desk/figures", month, &division, "")) { (row.name) } }
    };
    cells(name, &row.total(), |counted, text| {
        html! {
            @if division.is_empty() || text == "0" { (text) }
            @else { a.govuk-link href=(ask.to("/desk/figures/families", month, &division, counted)) { (text) } }
        }
    })
}

fn cells(name: Markup, figures: &AreaFigures, open: impl Fn(&str, &str) -> Markup) -> Vec<Markup> {
    vec![
        name,
        open("on_roll", &grouped(figures.households)),
        html! { (grouped(figures.persons)) },
        html! { (yuan(figures.granted)) },
        html! { (yuan(figures.due)) },
        html! { (figures.per_person().map_or_else(|| "—".to_owned(), yuan)) },
        open("new", &grouped(figures.new)),
        open("ended", &grouped(figures.ended)),
        open("paused", &grouped(figures.paused)),
    ]
}

pub(super) async fn families(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let query = ask.query(&desk);
    let (code, counted, words) =
        COUNTED.into_iter().find(|(code, _, _)| *code == ask.counted).unwrap_or(COUNTED[0]);
    let urban = match ask.area.as_str() {
        "urban" => Some(true),
        "rural" => Some(false),
        _ => None,
    };
    let size = u32::try_from(ROWS).unwrap_or(u32::MAX);
    let after = cursor(&ask.after)?;
    let list =
        reports::roll_list(desk.office(), desk.granted(), &query, counted, urban, after.as_ref(), size)
            .await?;
    let title = format!("{}{words}", query.month.zh());
    let rows = list
        .rows
        .iter()
        .map(|row| {
            vec![
                html! {
                    @if desk.may_for(Right::ReadPayments, &row.programme) {
                        a.govuk-link href={ "/desk/roll/" (row.entitlement) } { (row.holder) }
                    } @else { (row.holder) }
                },
                html! { (row.division_name) },
                html! { (programme_title(desk.office(), &row.programme)) },
                html! { (if row.area == "urban" { "城市" } else { "农村" }) },
                html! { (row.persons) },
                html! { (row.granted.map_or_else(|| "—".to_owned(), yuan)) },
                html! { (row.from) },
                html! { @if let Some(until) = row.until { (until) } },
                html! { @if let Some(reason) = &row.end_reason { (reason) } },
            ]
        })
        .collect();
    let next = list.next.as_ref().map(|next| {
        let here = ask.to("/desk/figures/families", query.month, &ask.division, code);
        format!("{here}&area={}&after={next}", ask.area).into()
    });
    let table = Table {
        id: "families".into(),
        caption: title.clone().into(),
        columns: vec![
            Column::new("户主"),
            Column::new("村（社区）"),
            Column::new("待遇项目"),
            Column::new("城乡"),
            Column::new("人数").numeric(),
            Column::new("月金额（元）").numeric(),
            Column::new("起始月份"),
            Column::new("终止月份"),
            Column::new("终止原因"),
        ],
        rows,
        pager: Some(Pager { previous: None, next }),
        ..Table::default()
    };
    let content = html! { (parts::heading(Some("统计报表"), &title)) (table) };
    let back = ask.to("/desk/figures", query.month, &ask.division, "");
    Ok(Page::new(title, content).under(NAV_ID).back(back, "返回统计"))
}

/// `csv` or Excel.
pub(crate) fn format_of(text: &str) -> ListFormat {
    if text == "csv" { ListFormat::Csv } else { ListFormat::Excel }
}

pub(super) async fn sheet(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let query = ask.query(&desk);
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let bytes = reports::roll_sheet(desk.office(), desk.granted(), &export, &query, format).await?;
    Ok(download(&format!("保障情况月报{}.{}", query.month, format.extension()), format.mime(), bytes))
}
