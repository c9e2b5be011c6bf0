//! 驾驶舱: the place at a glance for its leaders, on a wall or a phone: people helped, money, cases in time, alerts, the plan. Every figure opens what it is made of.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, ReadPlan, ReadRecords, Report, Right};
use office::plans::judge::Standing;
use office::plans::{self, reminders};
use office::records;
use office::reports::{Glance, PlaceGlance, glance, glance_now, glance_sheet};
use serde::Deserialize;
use store::DivisionId;
use vocab::{Fen, Level};

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::layout::NavEntry;
use crate::money::common::{self, programme_title, yuan};
use crate::routes::{Routes, get};
use crate::ui::chart::{Chart, Kind, Place, Series, grouped};
use crate::ui::parts::{self, Figure, Urgency, figure_cards};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

const HERE: &str = "/desk/cockpit";
const SHEET: &str = "/desk/cockpit/sheet";
const NAV_ID: &str = "cockpit";

/// The entry of the staff navigation.
pub const NAV: NavEntry = NavEntry { id: NAV_ID, href: HERE, text: "驾驶舱", rights: &[Right::Report] };

/// Routes of the cockpit.
pub fn routes() -> Routes {
    Routes::new().route(HERE, get(page)).route(SHEET, get(sheet))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    division: String,
    /// Of the file.
    format: String,
}

/// The registers whose alerts the reader may see.
fn registers(desk: &Desk<Report>) -> Vec<String> {
    if !desk.may(Right::ReadRecords) {
        return Vec::new();
    }
    records::readable(desk.office(), desk.actor())
        .iter()
        .filter(|open| !open.register().alerts.is_empty())
        .map(|open| open.register().id.get().clone())
        .collect()
}

/// `GET /desk/cockpit/sheet`
async fn sheet(desk: Desk<Report>, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = crate::figures::format_of(&asked.format);
    let division = common::division(&asked.division);
    let registers = registers(&desk);
    let view = glance_now(desk.office(), desk.granted(), division, &registers).await?;
    let bytes =
        glance_sheet(desk.office(), desk.granted(), &export, &view, !registers.is_empty(), format).await?;
    let name = format!("{}民政工作一览{}.{}", view.whole.name, view.until, format.extension());
    Ok(common::download(&name, format.mime(), bytes))
}

/// `GET /desk/cockpit`
async fn page(desk: Desk<Report>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let office = desk.office();
    let registers = registers(&desk);
    let division = common::division(&asked.division);
    let view = glance(office, desk.granted(), division, &registers).await?;
    let whole = asked.division.is_empty();
    let plan = if whole && desk.may(Right::ReadPlan) { plan(&desk).await? } else { None };
    let sees_alerts = !registers.is_empty() && desk.grant::<ReadRecords>().is_ok();
    let title = format!("{}民政工作一览", view.whole.name);
    let map = map(&desk, &view);
    let exports = parts::exports(desk.may(Right::Export), &address(SHEET, &[("division", &asked.division)]));
    let content = html! {
        div.cockpit {
            (parts::heading(Some(&format!("截至{}", view.at.zh())), &title))
            p.no-print { (parts::print_button()) }
            h2.govuk-heading-m { "帮到的人和钱" }
            (figure_cards(&money(&view, &asked)))
            h2.govuk-heading-m { "办件" }
            (figure_cards(&cases(&view)))
            @if sees_alerts || plan.is_some() {
                h2.govuk-heading-m { "预警和规划" }
                (figure_cards(&watched(&view, &asked, sees_alerts, plan.as_ref())))
            }
            (map)
            (places(&view, sees_alerts, exports))
            (paid(&view, &asked))
            (course(&view, &asked))
            (programmes(&desk, &view, &asked))
            (items(&desk, &view, &asked))
            p.govuk-body {
                "人数按各待遇项目分别计算，一个人享受两项的计两次。金额是银行回盘确认发放成功的金额。办件和按时率从" (vocab::zh_date(view.from)) "起算。"
            }
            p.govuk-body {
                "“已办环节按时率”是今年办完的、有期限的环节里，没有超过期限（依法延长的按延长后的期限）的占多少；还没有办完、期限已经过去的不在里面，另列为“在办超期环节”。"
            }
        }
    };
    let mut page = Page::new(title, content).under(NAV_ID).charts();
    if !whole {
        page = page.back(HERE, "返回本级");
    }
    Ok(page)
}

/// Ten thousands of yuan with two places, half of the last one rounded up: what a wall has room for.
fn ten_thousands(amount: Fen) -> String {
    let hundredths = (amount.0 + 5_000).div_euclid(10_000);
    format!("{}.{:02}", grouped(hundredths / 100), hundredths.rem_euclid(100))
}

fn percent(permille: Option<i64>) -> String {
    permille.map_or_else(|| "—".to_owned(), |permille| format!("{}.{}%", permille / 10, permille % 10))
}

fn money(view: &Glance, asked: &Asked) -> [Figure<'static>; 4] {
    let month = view.month.to_string();
    let roll = address("/desk/figures", &[("month", &month), ("division", &asked.division)]);
    let families = address(
        "/desk/figures/families",
        &[("month", &month), ("division", &asked.division), ("counted", "on_roll")],
    );
    let paid = address("/desk/figures/paid", &[("month", &month), ("division", &asked.division)]);
    [
        Figure::new(grouped(view.whole.persons), "在册保障人数（人）").href(roll),
        Figure::new(grouped(view.whole.households), "在册户数（户）").href(families),
        Figure::new(ten_thousands(view.whole.paid_month), format!("{}发放（万元）", view.month.zh()))
            .href(paid.clone()),
        Figure::new(ten_thousands(view.whole.paid_year), format!("{}年以来发放（万元）", view.month.year()))
            .href(paid),
    ]
}

fn cases(view: &Glance) -> [Figure<'static>; 4] {
    let whole = &view.whole;
    let late = if whole.overdue > 0 { Urgency::Danger } else { Urgency::Calm };
    [
        Figure::new(grouped(whole.filed), "今年收到申请（件）").href("#items-caption"),
        Figure::new(grouped(whole.open), "正在办理（件）").href("#items-caption"),
        Figure::new(percent(whole.in_time_permille()), "今年已办环节按时率").href("#items-caption"),
        Figure::new(grouped(whole.overdue), "在办已超期限的环节").href("#items-caption").urgency(late),
    ]
}

/// What the plan says in numbers.
struct PlanGlance {
    standings: Vec<(Standing, usize)>,
    alerts: i64,
    missing: i64,
}

async fn plan(desk: &Desk<Report>) -> Result<Option<PlanGlance>, Fault> {
    if plans::installed(desk.office()).await?.is_none() {
        return Ok(None);
    }
    let reader = desk.grant::<ReadPlan>()?;
    let overview = plans::overview(desk.office(), &reader).await?;
    let shown = [Standing::Missed, Standing::Behind, Standing::OnCourse, Standing::Reached];
    let standings = shown.into_iter().map(|one| (one, overview.count(one))).collect();
    let (alerts, missing) = reminders::counted(desk.office(), &desk.scope(), None).await?;
    Ok(Some(PlanGlance { standings, alerts, missing }))
}

fn watched(
    view: &Glance,
    asked: &Asked,
    sees_alerts: bool,
    plan: Option<&PlanGlance>,
) -> Vec<Figure<'static>> {
    let mut cards = Vec::new();
    if sees_alerts {
        let urgency = if view.whole.urgent > 0 { Urgency::Danger } else { Urgency::Calm };
        cards.push(
            Figure::new(grouped(view.whole.alerts), format!("登记簿预警（急 {}）", view.whole.urgent))
                .href(address("/desk/record-alerts", &[("division", &asked.division)]))
                .urgency(urgency),
        );
    }
    if let Some(plan) = plan {
        let urgency = if plan.missing > 0 { Urgency::Danger } else { Urgency::Calm };
        let label = format!("规划预警和提醒（约束性指标 {}）", plan.missing);
        cards.push(Figure::new(grouped(plan.alerts), label).href("/desk/plan/alerts").urgency(urgency));
        for (standing, count) in &plan.standings {
            let urgency = match standing {
                Standing::Missed if *count > 0 => Urgency::Danger,
                Standing::Behind if *count > 0 => Urgency::Warning,
                _ => Urgency::Calm,
            };
            cards.push(
                Figure::new(count.to_string(), format!("规划指标{}", standing.title()))
                    .href(address("/desk/plan", &[("standing", standing.code())]))
                    .urgency(urgency),
            );
        }
    }
    cards
}

/// The counties on the pack's outline, or townships and villages as tiles: persons covered; each opens its own page.
fn map(desk: &Desk<Report>, view: &Glance) -> Markup {
    let places: Vec<Place<'static>> = view
        .parts
        .iter()
        .filter(|part| part.division.is_some())
        .map(|part| Place {
            code: part.code.clone().into(),
            name: part.name.clone().into(),
            value: Some(part.persons),
            href: part.division.map(|division| of_place(division).into()),
        })
        .collect();
    let title = format!("{}在册保障人数", view.whole.name);
    crate::figures::place_map(&desk.office().release(), places, &title, "人")
}

/// The same page of another place.
fn of_place(division: DivisionId) -> String {
    address(HERE, &[("division", &division.to_string())])
}

fn places(view: &Glance, sees_alerts: bool, exports: Vec<Link<'static>>) -> Table<'static> {
    let name = |part: &PlaceGlance| match part.division {
        Some(division) if Some(division) != view.whole.division => {
            html! { (Link::new(of_place(division), part.name.clone())) }
        }
        _ => html! { (part.name) },
    };
    let opened = |part: &PlaceGlance, text: String, path: &str, more: &[(&str, &str)]| match part.division {
        Some(division) if text != "0" => {
            let division = division.to_string();
            let mut pairs = vec![("division", division.as_str())];
            pairs.extend_from_slice(more);
            html! { a.govuk-link href=(address(path, &pairs)) { (text) } }
        }
        _ => html! { (text) },
    };
    // Cases and clocks are of a matter: the place's own page says of which.
    let by_matter = |part: &PlaceGlance, text: String, many: i64| match part.division {
        Some(division) if many > 0 => {
            html! { a.govuk-link href={ (of_place(division)) "#items-caption" } { (text) } }
        }
        _ => html! { (text) },
    };
    let month = view.month.to_string();
    let cells = |part: &PlaceGlance, first: Markup| {
        let mut cells = vec![
            first,
            opened(part, grouped(part.persons), "/desk/figures", &[("month", &month)]),
            opened(part, ten_thousands(part.paid_month), "/desk/figures/paid", &[("month", &month)]),
            opened(part, ten_thousands(part.paid_year), "/desk/figures/paid", &[("month", &month)]),
            by_matter(part, grouped(part.open), part.open),
            by_matter(part, percent(part.in_time_permille()), part.ended),
            by_matter(part, grouped(part.overdue), part.overdue),
        ];
        if sees_alerts {
            cells.push(opened(part, grouped(part.alerts), "/desk/record-alerts", &[]));
        }
        cells
    };
    let mut columns = vec![
        Column::new(match view.level {
            Level::Prefecture => "县（市、区）",
            Level::County => "乡镇（街道）",
            _ => "地区",
        }),
        Column::new("在册人数").numeric(),
        Column::new("本月发放（万元）").numeric(),
        Column::new("今年发放（万元）").numeric(),
        Column::new("在办").numeric(),
        Column::new("已办环节按时率").numeric(),
        Column::new("在办超期环节").numeric(),
    ];
    if sees_alerts {
        columns.push(Column::new("预警").numeric());
    }
    Table {
        id: "places".into(),
        caption: "各地情况".into(),
        columns,
        rows: view.parts.iter().map(|part| cells(part, name(part))).collect(),
        sums: Some(cells(&view.whole, html! { "合计" })),
        exports,
        cards: false,
        ..Table::default()
    }
}

fn paid(view: &Glance, asked: &Asked) -> Chart<'static> {
    Chart {
        id: "paid".into(),
        title: "近十二个月发放金额（按元取整）".into(),
        category_title: "月份".into(),
        kind: Kind::Bar,
        unit: "元".into(),
        categories: view.months.iter().map(|month| month.month.to_string().into()).collect(),
        opens: view
            .months
            .iter()
            .map(|one| {
                let pairs = [("month", one.month.to_string()), ("division", asked.division.clone())];
                let pairs = pairs.each_ref().map(|(name, value)| (*name, value.as_str()));
                address("/desk/figures/paid", &pairs).into()
            })
            .collect(),
        series: vec![Series {
            name: "发放金额".into(),
            values: view.months.iter().map(|month| Some((month.paid.0 + 50).div_euclid(100))).collect(),
        }],
    }
}

fn course(view: &Glance, asked: &Asked) -> Chart<'static> {
    let series = |name: &'static str, of: fn(&office::reports::MonthGlance) -> i64| Series {
        name: name.into(),
        values: view.months.iter().map(|month| Some(of(month))).collect(),
    };
    Chart {
        id: "course".into(),
        title: "近十二个月办件".into(),
        category_title: "月份".into(),
        kind: Kind::Line,
        unit: "件".into(),
        categories: view.months.iter().map(|month| month.month.to_string().into()).collect(),
        opens: view
            .months
            .iter()
            .map(|one| {
                let (from, until) = (one.month.first_day().to_string(), one.month.last_day().to_string());
                let pairs = [("from", from.as_str()), ("until", &until), ("division", &asked.division)];
                address("/desk/figures/cases", &pairs).into()
            })
            .collect(),
        series: vec![series("收到申请", |month| month.filed), series("办结", |month| month.ended)],
    }
}

fn programmes(desk: &Desk<Report>, view: &Glance, asked: &Asked) -> Table<'static> {
    let month = view.month.to_string();
    let to = |path: &str, programme: &str, text: String| {
        let pairs =
            [("month", month.as_str()), ("programme", programme), ("division", asked.division.as_str())];
        html! { a.govuk-link href=(address(path, &pairs)) { (text) } }
    };
    Table {
        id: "programmes".into(),
        caption: "各项待遇".into(),
        columns: vec![
            Column::new("待遇项目"),
            Column::new("在册户数").numeric(),
            Column::new("人数").numeric(),
            Column::new("本月发放（元）").numeric(),
            Column::new("今年发放（元）").numeric(),
        ],
        rows: view
            .programmes
            .iter()
            .map(|one| {
                let id = one.programme.as_str();
                vec![
                    to("/desk/figures", id, programme_title(desk.office(), id)),
                    to("/desk/figures/families", id, grouped(one.households)),
                    to("/desk/figures/families", id, grouped(one.persons)),
                    to("/desk/figures/paid", id, yuan(one.paid_month)),
                    to("/desk/figures/paid", id, yuan(one.paid_year)),
                ]
            })
            .collect(),
        empty: "现在没有人在册。".into(),
        cards: false,
        ..Table::default()
    }
}

fn items(desk: &Desk<Report>, view: &Glance, asked: &Asked) -> Table<'static> {
    let release = desk.office().release();
    let (from, until) = (view.from.to_string(), view.until.to_string());
    let title = |id: &str| release.items.get(id).map_or_else(|| id.to_owned(), |item| item.title.clone());
    let rows = view.items.iter().map(|one| {
        let to = |path: &str, counted: &str| {
            address(
                path,
                &[
                    ("item", &one.item),
                    ("from", &from),
                    ("until", &until),
                    ("division", &asked.division),
                    ("counted", counted),
                ],
            )
        };
        let matter = to("/desk/figures/cases", "");
        let clocks = format!("{matter}#clocks-caption");
        let opened = |many: i64, text: String, href: String| {
            html! { @if many > 0 { a.govuk-link href=(href) { (text) } } @else { (text) } }
        };
        let permille = (one.ended > 0).then(|| (2000 * one.in_time + one.ended) / (2 * one.ended));
        vec![
            html! { (Link::new(matter, title(&one.item))) },
            opened(one.filed, grouped(one.filed), to("/desk/figures/cases/list", "filed")),
            opened(one.open, grouped(one.open), to("/desk/figures/cases/list", "open")),
            opened(one.ended, percent(permille), clocks.clone()),
            opened(one.overdue, grouped(one.overdue), clocks),
        ]
    });
    Table {
        id: "items".into(),
        caption: "各项业务办件".into(),
        columns: vec![
            Column::new("业务"),
            Column::new("今年申请").numeric(),
            Column::new("在办").numeric(),
            Column::new("已办环节按时率").numeric(),
            Column::new("在办超期环节").numeric(),
        ],
        rows: rows.collect(),
        empty: "今年还没有办件。".into(),
        cards: false,
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_on_a_wall_is_rounded_to_a_hundred_yuan() {
        let said = [0, 4_999, 5_000, 123_456_789, 9_999_995_000].map(|fen| ten_thousands(Fen(fen)));
        assert_eq!(said, ["0.00", "0.00", "0.01", "123.46", "10,000.00"]);
        assert_eq!([None, Some(1000), Some(956)].map(percent), ["—", "100.0%", "95.6%"]);
    }
}
