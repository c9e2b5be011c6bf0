//! 公示、公布: what hangs in the villages, for anybody. A notice shows a name, a number of members and an amount, and nothing else.

use axum::extract::Query;
use catalogue::definition::{DivisionEntry, DivisionLevel};
use maud::{Markup, html};
use office::casework::notices::{NoticeKind, NoticeView, hanging};
use office::divisions;
use serde::Deserialize;

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Visitor;
use crate::routes::{Routes, get};
use crate::ui::page::phone_link;
use crate::ui::parts::{heading, inset, print_button};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

pub(super) fn routes() -> Routes {
    Routes::new().route("/notices", get(notices))
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    place: String,
}

async fn notices(visitor: Visitor, Query(Place { place }): Query<Place>) -> Result<Page, Fault> {
    let release = visitor.office().release();
    let here = release.places.get(&place);
    let below: Vec<&DivisionEntry> = match here {
        Some(here) => release
            .places
            .iter()
            .filter(|entry| entry.parent.as_deref() == Some(here.code.as_str()))
            .collect(),
        None => release.places.iter().filter(|entry| entry.level == DivisionLevel::County).collect(),
    };
    let path: Vec<&DivisionEntry> =
        here.map(|here| release.places.upwards(&here.code).collect()).unwrap_or_default();
    let name = here.map_or("各县（市、区）", |here| here.name.as_str());
    let next = match here.map(|here| here.level) {
        None => "先选县（市、区）：",
        Some(DivisionLevel::County) => "再选乡镇（街道）：",
        Some(DivisionLevel::Township) => "再选村（社区）：",
        Some(_) => "",
    };
    let lists = match here.filter(|here| here.level == DivisionLevel::Village) {
        Some(village) => {
            let division = divisions::by_code(visitor.office().db(), &village.code).await?.id;
            Some((
                hanging(visitor.office(), division, NoticeKind::Publicity).await?,
                hanging(visitor.office(), division, NoticeKind::Result).await?,
            ))
        }
        None => None,
    };
    let content = html! {
        (heading(Some("公示和公布"), name))
        @if path.len() > 1 || here.is_some() {
            p.govuk-body {
                (Link::new("/notices", "全部"))
                @for entry in path.iter().rev().filter(|entry| entry.level >= DivisionLevel::County) {
                    " › " (Link::new(address("/notices", &[("place", &entry.code)]), entry.name.as_str()))
                }
            }
        }
        @if !next.is_empty() && lists.is_none() {
            p.govuk-body { (next) }
            ul.govuk-list {
                @for entry in &below { li { (Link::new(address("/notices", &[("place", &entry.code)]), entry.name.as_str())) } }
            }
        }
        @if let Some((publicity, result)) = &lists {
            (table("publicity", "正在公示", "现在没有正在公示的申请。", publicity))
            (table("result", "已经确认的家庭", "现在没有公布的家庭。", result))
            (how_to_object(&visitor))
            (print_button())
        }
    };
    Ok(Page::new(format!("公示和公布：{name}"), content).back("/", "返回首页"))
}

fn table(id: &'static str, caption: &'static str, empty: &'static str, notices: &[NoticeView]) -> Markup {
    let rows = notices.iter().map(|notice| {
        vec![
            html! { (notice.applicant) },
            html! { (notice.members) },
            html! { @match notice.amount { Some(amount) => (amount.yuan_grouped()), None => "—" } },
            html! { (notice.title) },
            html! { (vocab::zh_date(notice.from_on)) @if let Some(until) = notice.until_on { " 到 " (vocab::zh_date(until)) } @else { " 起" } },
        ]
    });
    let table = Table {
        id: id.into(),
        caption: caption.into(),
        columns: vec![
            Column::new("姓名"),
            Column::new("家庭人数").numeric(),
            Column::new("金额（元，按月发的为每月）").numeric(),
            Column::new("事项"),
            Column::new("日期"),
        ],
        rows: rows.collect(),
        empty: empty.into(),
        ..Table::default()
    };
    html! { (table) }
}

fn how_to_object(visitor: &Visitor) -> Markup {
    let help = visitor.state.site.help();
    inset(&html! {
        h2.govuk-heading-s { "有不同意见怎么说" }
        p.govuk-body {
            "公示期内，向村（居）委会或者乡镇（街道）社会救助窗口说明就可以，口头、书面都行，可以不写姓名。"
            "收到后由乡镇（街道）重新调查或者组织民主评议。"
        }
        @if !help.phone.is_empty() { p.govuk-body { (help.phone_title) "：" (phone_link(&help.phone)) } }
        p.govuk-body { "公示只写姓名、家庭人数和金额，不写身份证号、住址、电话和病情。" }
    })
}
