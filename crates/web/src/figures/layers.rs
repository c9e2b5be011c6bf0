//! 分层分类: who has which kind of help, by layer, kind and group, in town and country; how many kinds a family has at once.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, Report, Right};
use office::reports::{self, LayerLine, shown};
use serde::Deserialize;

use super::roll::format_of;
use super::{NAV_ID, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common::{self, download, month_or_now};
use crate::ui::chart::grouped;
use crate::ui::parts::SummaryRow;
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address, form, parts};

const HERE: &str = "/desk/figures/layers";
/// The indicator of the pack that says where town and country have one standard.
const UNIFIED: &str = "assistance_unified_counties";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    month: String,
    division: String,
    format: String,
}

/// `GET /desk/figures/layers`
pub(super) async fn page(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let month = month_or_now(desk.office(), &ask.month);
    let division = common::division(&ask.division);
    let shown = shown::layers(desk.office(), desk.granted(), division, month).await?;
    let found = &shown.figures;
    let title = format!("{}分层分类救助", found.name);
    let sheet = address(
        "/desk/figures/layers/sheet",
        &[("month", ask.month.as_str()), ("division", ask.division.as_str())],
    );
    let table = Table {
        id: "layers".into(),
        caption: format!("{}，各层次、各类型的救助对象", month.zh()).into(),
        columns: vec![
            Column::new("层次"),
            Column::new("类型"),
            Column::new("对象"),
            Column::new("统计的待遇和台账"),
            Column::new("城镇（户）").numeric(),
            Column::new("城镇（人）").numeric(),
            Column::new("农村（户）").numeric(),
            Column::new("农村（人）").numeric(),
        ],
        rows: found.lines.iter().map(line).collect(),
        exports: parts::exports(desk.may(Right::Export), &sheet),
        cards: false,
        ..Table::default()
    };
    let known = desk.office().release().indicators.get(UNIFIED).is_some();
    let rows: Vec<SummaryRow<'_>> = found
        .at_once
        .iter()
        .map(|(kinds, families)| {
            SummaryRow::text(format!("享受 {kinds} 类的"), &format!("{} 户", grouped(*families)))
        })
        .collect();
    let content = html! {
        (super::heading(&title, shown.at))
        (parts::tabs("统计报表", &faces(), "layers"))
        (parts::filter(HERE, &[], &html! {
            (common::month_field(month))
            (form::hidden("division", &ask.division))
        }))
        (table)
        h2.govuk-heading-m { "一个家庭同时享受几类" }
        @if rows.is_empty() { p.govuk-body { "这个月没有在册的救助对象。" } } @else { (parts::summary_list(&rows)) }
        p.govuk-body { "待遇按当月在册统计，台账按今天的在册记录统计；同一户、同一人在一行里只算一次，可以出现在几行里。" }
        @if known && desk.may(Right::ReadRecords) { p.govuk-body { (Link::new(format!("/desk/indicators/{UNIFIED}"), "城乡统一低保标准的县占比，按月和地区看")) } }
    };
    Ok(Page::new(title, content).under(NAV_ID))
}

fn line(line: &LayerLine) -> Vec<Markup> {
    let [layer, kind, group] = &line.titles;
    let mut cells: Vec<Markup> = [layer, kind, group].into_iter().map(|title| html! { (title) }).collect();
    cells.push(html! { (line.what.join("、")) });
    for heads in [line.urban, line.rural] {
        cells.push(html! { (grouped(heads.households)) });
        cells.push(html! { (grouped(heads.persons)) });
    }
    cells
}

/// `GET /desk/figures/layers/sheet`
pub(super) async fn sheet(desk: Desk<Report>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let month = month_or_now(desk.office(), &ask.month);
    let division = common::division(&ask.division);
    let content =
        reports::layers_sheet(desk.office(), desk.granted(), &export, division, month, format).await?;
    Ok(download(&format!("分层分类救助.{}", format.extension()), format.mime(), content))
}
