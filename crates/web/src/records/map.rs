//! The list of a register as a map: the same filters, each point and line leads to its record, and everything drawn stands in a table beside it.
//! No network and no tiles: the outlines are the pack's, and the page is whole without scripts.

use axum::extract::Query;
use catalogue::definition::Register;
use maud::{Markup, html};
use office::access::{self, ReadRecords, Right};
use office::records::list::CAP;
use office::records::map::{DRAWN_MAX, Placed, RecordMap, Shown, map};

use super::asked::{Asked, place};
use super::list::{chosen, filters};
use super::{RECORDS, opened};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::figures::place_map;
use crate::ui::Link;
use crate::ui::chart::Place;
use crate::ui::form::error_summary;
use crate::ui::parts::{filter, heading, inset, with_sidebar};
use crate::ui::record_map::{Drawn, RecordPoints};
use crate::ui::table::{Column, Table};

/// `GET /desk/records/{register}/map`
pub(super) async fn page(
    desk: Desk<ReadRecords>,
    Path(register): Path<String>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let (office, register) = (desk.office(), open.register());
    let (asked, pointed) = Asked(asked).point(&desk, &open).await?;
    let place = place(&desk, asked.get("place")).await?;
    let narrowed = asked.narrowed(register, place.as_ref());
    let found = map(office, desk.granted(), &open, &narrowed).await?;
    if narrowed.words.is_some() {
        let actor = desk.actor();
        access::opened(office, actor, "record.searched", ("record", 0), None, actor.division).await?;
    }
    let here = format!("/desk/records/{}/map", register.id.get());
    let panel = filter(
        &here,
        &chosen(register, &asked, place.as_ref(), true),
        &filters(&desk, &open, &asked, &pointed, place.as_ref()).await?,
    );
    let list = asked.address(register, &[]);
    let main = html! {
        (error_summary(&pointed.errors))
        (heading(Some(&register.chapter), &format!("{}分布图", register.title)))
        p.govuk-body.no-print { (Link::new(list.clone(), "返回列表")) }
        (drawn(&desk, register, &asked, &found))
        (left_out(&found))
    };
    let title = format!("{}分布图", register.title);
    Ok(Page::new(title, with_sidebar(&panel, &main)).under(RECORDS).back(list, "返回列表").charts())
}

fn drawn(desk: &Desk<ReadRecords>, register: &Register, asked: &Asked, found: &RecordMap) -> Markup {
    match &found.shown {
        Shown::Each(placed) if placed.is_empty() => {
            inset(&html! { p.govuk-body { "没有符合条件、又登记了位置的记录。" } })
        }
        Shown::Each(placed) => html! { (points(desk, register, placed)) },
        Shown::ByPlace(places, own) => {
            let there = |id: store::DivisionId| asked.map_address(register, &[("place", &id.to_string())]);
            let title = format!("登记了位置的{}", register.title);
            let on_map = places.iter().map(|(division, many)| Place {
                code: division.code.clone().into(),
                name: division.name.clone().into(),
                value: Some(*many),
                href: Some(there(division.id).into()),
            });
            let table = Table {
                id: "places".into(),
                caption: format!("{title}，按地区").into(),
                columns: vec![Column::new("地区"), Column::new(register.unit.clone()).numeric()],
                rows: places
                    .iter()
                    .map(|(division, many)| {
                        vec![
                            html! { (Link::new(there(division.id), division.name.clone())) },
                            html! { (many) },
                        ]
                    })
                    .collect(),
                cards: false,
                ..Table::default()
            };
            html! {
                p.govuk-body {
                    "符合条件的超过" (DRAWN_MAX) "条，按地区计数；点击地区看下一级，直到能逐条画出。"
                    @if *own > 0 { "另有" (own) (register.unit) "直接属于本级，不在下面任何一个地区。" }
                }
                (place_map(&desk.office().release(), on_map.collect(), &title, &register.unit))
                (table)
            }
        }
    }
}

fn points(desk: &Desk<ReadRecords>, register: &Register, placed: &[Placed]) -> RecordPoints<'static> {
    let release = desk.office().release();
    RecordPoints {
        id: "map".into(),
        title: format!("{}分布图", register.title).into(),
        name: register.title.clone().into(),
        outlines: release.outlines.iter().filter_map(|text| serde_json::from_str(text).ok()).collect(),
        drawn: placed
            .iter()
            .map(|one| Drawn {
                title: one.title.clone().into(),
                href: format!("/desk/records/{}/{}", register.id.get(), one.id).into(),
                shape: one.shape.clone().into(),
                place: one.division_name.clone().into(),
                state: one.state.clone().into(),
            })
            .collect(),
    }
}

/// What of the list is not on the map.
fn left_out(found: &RecordMap) -> Markup {
    html! {
        @if found.without.counted > 0 {
            p.govuk-body {
                "另有" (found.without.counted) @if found.without.more { "+" } "条没有登记位置，只在列表里。"
                @if found.without.more { "（只数到" (CAP) "条）" }
            }
        }
    }
}
