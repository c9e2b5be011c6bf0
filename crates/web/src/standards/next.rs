//! 标准测算: what next year's 低保 standard would have to be, and what speaks against one.

use std::collections::BTreeMap;

use axum::extract::Query;
use chrono::NaiveDate;
use maud::{Markup, html};
use office::access::Right;
use office::simulation::{self, NextStandard};
use serde::Deserialize;
use store::DivisionId;
use vocab::Fen;

use super::NAV_ID;
use super::form::proposal_address;
use super::list::{choices, may_read, place};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Staff;
use crate::money::common::{day, yuan};
use crate::ui::address;
use crate::ui::form::{
    ButtonKind, Errors, Field, Width, button_link, error_summary, form_get, select, submit, text_input,
    unit_input,
};
use crate::ui::parts::{self, Colour, tag};
use crate::ui::table::{Column, Table};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    division: String,
    on: String,
    urban: String,
    rural: String,
}

/// What speaks against a standard, above whatever releases it.
pub(super) fn warnings(warnings: &[String]) -> Markup {
    html! { @for warning in warnings { (parts::warning_text(warning)) } }
}

pub(super) async fn page(staff: Staff, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    may_read(&staff)?;
    let place = place(&staff, &ask.division).await?;
    let release = staff.office().release();
    let today = staff.office().now().today();
    let next_year = staff.office().now().month().year() + 1;
    let on = day(&ask.on).or_else(|| NaiveDate::from_ymd_opt(next_year, 1, 1)).unwrap_or(today);
    let mut errors = Errors::none();
    let mut typed = BTreeMap::new();
    for (area, text) in [("urban", &ask.urban), ("rural", &ask.rural)] {
        match Fen::from_yuan(text) {
            Ok(amount) => drop(typed.insert(area.to_owned(), amount)),
            Err(_) if text.trim().is_empty() => {}
            Err(error) => errors.add(area, error.to_string()),
        }
    }
    let measured = simulation::next_standard(&release, &release, &place.code, on, &typed);
    let places = choices(&staff).await?;
    let title = "测算下一年低保标准";
    let content = html! {
        (error_summary(&errors))
        (parts::heading(Some("政策标准"), title))
        div.prose {
            (form_get("/desk/standards/next", &html! {
                (select(&Field::new("division", "地区").value(place.id.to_string()), &places, None))
                (text_input(&Field::new("on", "自何日起").hint("例如 2027-01-01").value(on.to_string()).width(Width::Chars10)))
                (unit_input(&Field::new("urban", "拟定城市标准").optional().value(ask.urban.as_str()).inputmode("decimal").width(Width::Chars10).errors(&errors), "元/人·月"))
                (unit_input(&Field::new("rural", "拟定农村标准").optional().value(ask.rural.as_str()).inputmode("decimal").width(Width::Chars10).errors(&errors), "元/人·月"))
                (submit("测算", ButtonKind::Primary, None))
            }))
        }
        (warnings(&measured.warnings))
        (range(&measured))
        (standards(&measured))
        (proposals(&measured, &place.id.to_string(), on))
        (years(&measured))
        (tekun(&measured))
        (entered(&measured))
        (onwards(&staff, &simulation::as_published(&release, &place.code, on, &typed), place.id, on))
    };
    Ok(Page::new(title, content).under(NAV_ID).back("/desk/standards", "返回标准列表").errors(&errors))
}

/// What was typed, looked at for everybody and proposed as the place publishes it.
fn onwards(staff: &Staff, lines: &[(String, String)], division: DivisionId, on: NaiveDate) -> Markup {
    let lines: Vec<(&str, &str)> =
        lines.iter().map(|(subject, value)| (subject.as_str(), value.as_str())).collect();
    let mut supposed = vec![("run".to_owned(), "1")];
    for (index, (subject, value)) in lines.iter().enumerate() {
        supposed.push((format!("parameter_{}", index + 1), *subject));
        supposed.push((format!("value_{}", index + 1), *value));
    }
    let supposed: Vec<(&str, &str)> = supposed.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let simulation = address("/desk/simulation", &supposed);
    let proposal = || proposal_address(&lines, division, &on.to_string(), "依据标准测算");
    html! {
        @if !lines.is_empty() && staff.may(Right::Simulate) {
            (button_link(&simulation, "看看会影响多少家庭", ButtonKind::Secondary))
        }
        @if !lines.is_empty() && staff.may(Right::ProposeStandard) {
            (button_link(&proposal(), "拟定标准变更", ButtonKind::Primary))
        }
    }
}

fn range(measured: &NextStandard) -> Markup {
    html! {
        @if let Some((least, most)) = measured.range {
            p.govuk-body-l { "按上年度居民人均消费支出的规定比例，标准应在每月 " strong { (yuan(least)) } " 元到 " strong { (yuan(most)) } " 元之间。" }
        }
        @if let (now, Some(proposed)) = measured.ratio {
            p.govuk-body {
                "农村标准是城市标准的 " (simulation::percent(proposed))
                @if let Some(now) = now { "（现行 " (simulation::percent(now)) "）" }
                "。"
            }
        }
        @if let (Some(standard), income) = measured.growth {
            p.govuk-body {
                "标准比一年前增长 " (simulation::percent(standard))
                @if let Some(income) = income { "，居民收入增长 " (simulation::percent(income)) }
                "。"
            }
        }
    }
}

fn money(amount: Option<Fen>) -> Markup {
    html! { (amount.map_or_else(|| "—".to_owned(), yuan)) }
}

fn standards(measured: &NextStandard) -> Markup {
    let rows = measured.areas.iter().map(|area| {
        let fits = measured.range.zip(area.proposed);
        let fits = fits.map(|((least, most), proposed)| proposed >= least && proposed <= most);
        vec![
            html! { (area.title) },
            money(area.now),
            money(area.proposed),
            money(area.guidance),
            html! { @match fits { Some(true) => (tag(Colour::Green, "在范围内")), Some(false) => (tag(Colour::Red, "不在范围内")), None => "—" } },
        ]
    });
    let table = Table {
        id: "areas".into(),
        caption: "低保标准（元/人·月）".into(),
        columns: vec![
            Column::new("城乡"),
            Column::new("现行").numeric(),
            Column::new("测算").numeric(),
            Column::new("省级指导标准").numeric(),
            Column::new("消费支出比例"),
        ],
        rows: rows.collect(),
        ..Table::default()
    };
    html! { (table) }
}

/// What next year's standard comes to, with every step, and a way to measure it.
fn proposals(measured: &NextStandard, division: &str, on: NaiveDate) -> Markup {
    let proposed = |area: &str| {
        let area = measured.areas.iter().find(|known| known.area == area);
        let amount = area.and_then(|area| area.proposal.as_ref()).map(|proposal| proposal.amount.to_string());
        amount.unwrap_or_default()
    };
    let to = address(
        "/desk/standards/next",
        &[
            ("division", division),
            ("on", &on.to_string()),
            ("urban", &proposed("urban")),
            ("rural", &proposed("rural")),
        ],
    );
    html! {
        @if measured.areas.iter().any(|area| area.proposal.is_some()) {
            h2.govuk-heading-m { "按经济、财力、消费和收入测算的建议" }
            @for area in &measured.areas {
                @if let Some(proposal) = &area.proposal {
                    h3.govuk-heading-s { (area.title) "：每人每月 " (yuan(proposal.amount)) " 元" }
                    ol.govuk-list.govuk-list--number { @for step in &proposal.steps { li { (step) } } }
                }
            }
            p.govuk-body { "这只是建议：拟定多少、什么时候执行，由政策人员提出，另一人核对发布。" }
            (button_link(&to, "用建议的数测算", ButtonKind::Secondary))
        }
    }
}

/// Standards beside what they follow from, year by year.
fn years(measured: &NextStandard) -> Markup {
    let rows = measured.series.iter().map(|one| {
        let cells = one.years.iter().map(|(value, growth)| {
            html! {
                (money(*value))
                @if let Some(growth) = growth { br; span.govuk-hint { "增长 " (simulation::percent(*growth)) } }
            }
        });
        std::iter::once(html! { (one.title) "（" (one.unit) "）" }).chain(cells).collect::<Vec<Markup>>()
    });
    let columns = measured.years.iter().map(|day| Column::new(day.to_string()).numeric());
    let table = Table {
        id: "years".into(),
        caption: "低保标准和经济、财力、消费、收入各年对照".into(),
        columns: std::iter::once(Column::new("项目")).chain(columns).collect(),
        rows: rows.collect(),
        cards: false,
        ..Table::default()
    };
    html! {
        (table)
        p.govuk-hint { "每一栏是那一天执行的标准，和那一天以前十二个月里录入的上年度统计数；没有录入的是“—”，不用以前的数代替。" }
    }
}

fn tekun(measured: &NextStandard) -> Markup {
    let rows = measured.tekun.iter().map(|one| vec![html! { (one.title) }, money(one.now), money(one.least)]);
    let table = Table {
        id: "tekun".into(),
        caption: "特困人员基本生活标准（元/人·月）".into(),
        columns: vec![
            Column::new("类别"),
            Column::new("标准").numeric(),
            Column::new("按规定倍数至少").numeric(),
        ],
        rows: rows.collect(),
        ..Table::default()
    };
    html! { (table) }
}

fn entered(measured: &NextStandard) -> Markup {
    let rows = measured.entered.iter().map(|one| {
        vec![
            html! { (one.title) },
            html! { @match &one.value { Some(value) => (value), None => (tag(Colour::Orange, "未录入")) } },
            html! { @if let Some(from) = one.from { (from) } @else { "—" } },
            html! { (one.source) },
        ]
    });
    let table = Table {
        id: "entered".into(),
        caption: "测算用到的数".into(),
        columns: ["项目", "数值", "自何日起", "来源"].into_iter().map(Column::new).collect(),
        rows: rows.collect(),
        ..Table::default()
    };
    html! { (table) }
}
