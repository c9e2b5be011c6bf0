//! 公示、公布: what hangs in the villages, for anybody: preliminary opinions for their days, and who has a benefit now. A line shows a name, a number of members
//! and an amount, and nothing else. One goes from place to place; nobody is searched for here, and search engines are asked to stay away.

use axum::extract::Query;
use catalogue::definition::{DivisionEntry, DivisionLevel};
use maud::{Markup, html};
use office::casework::notices::{NoticeView, hanging};
use office::divisions;
use office::publication::{self, PublishedLine};
use serde::Deserialize;

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Visitor;
use crate::money::common::cursor;
use crate::routes::{Routes, get};
use crate::ui::page::phone_link;
use crate::ui::parts::{heading, inset, print_button};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

pub(super) fn routes() -> Routes {
    Routes::new().route("/notices", get(notices))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    place: String,
    after: String,
}

async fn notices(visitor: Visitor, Query(Asked { place, after }): Query<Asked>) -> Result<Page, Fault> {
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
    // A family that is known to live in a township and in none of its villages stands with the township.
    let level = here.map(|here| here.level);
    let sheet = match here.filter(|_| matches!(level, Some(DivisionLevel::Township | DivisionLevel::Village)))
    {
        Some(here) => {
            let division = divisions::by_code(visitor.office().db(), &here.code).await?.id;
            let after = cursor(&after)?;
            let page =
                publication::sheet(visitor.office(), division, after.as_ref(), publication::PAGE).await?;
            let opinions = match here.level {
                DivisionLevel::Village => Some(hanging(visitor.office(), division).await?),
                _ => None,
            };
            Some((opinions, page))
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
        @if !next.is_empty() {
            p.govuk-body { (next) }
            ul.govuk-list {
                @for entry in &below { li { (Link::new(address("/notices", &[("place", &entry.code)]), entry.name.as_str())) } }
            }
        }
        @if let Some((opinions, page)) = &sheet {
            @if let Some(opinions) = opinions { (publicity(opinions)) }
            @if opinions.is_some() || !page.rows.is_empty() || !after.is_empty() {
                (published(&page.rows, page.next.as_ref().map(|next| {
                    address("/notices", &[("place", place.as_str()), ("after", &next.to_string())])
                })))
                (how_to_object(&visitor))
                (print_button())
            }
        }
        @if here.is_none() { p.govuk-body { (Link::new("/aid-money", "看救助资金发给了多少人、发了多少钱")) } }
    };
    Ok(Page::new(format!("公示和公布：{name}"), content).back("/", "返回首页").unindexed())
}

fn publicity(notices: &[NoticeView]) -> Markup {
    let rows = notices.iter().map(|notice| {
        vec![
            html! { (notice.applicant.shown()) },
            html! { (notice.members) },
            html! { @match notice.amount { Some(amount) => (amount.yuan_grouped()), None => "—" } },
            html! { (notice.title) },
            html! { (vocab::zh_date(notice.from_on)) " 到 " (vocab::zh_date(notice.until_on)) },
        ]
    });
    let table = Table {
        id: "publicity".into(),
        caption: "正在公示".into(),
        columns: vec![
            Column::new("姓名"),
            Column::new("家庭人数").numeric(),
            Column::new("金额（元，按月发的为每月）").numeric(),
            Column::new("事项"),
            Column::new("日期"),
        ],
        rows: rows.collect(),
        empty: "现在没有正在公示的申请。".into(),
        ..Table::default()
    };
    html! { (table) }
}

/// Who has a benefit now, as everybody may read it; `next` is where the list goes on.
pub(crate) fn published(lines: &[PublishedLine], next: Option<String>) -> Markup {
    let rows = lines.iter().map(|line| {
        vec![
            html! { (line.holder.shown()) },
            html! { (line.members) },
            html! { @match line.amount { Some(amount) => (amount.yuan_grouped()), None => "—" } },
            html! { (line.programme) },
            html! { @match line.until_on { Some(until) => { "公布到 " (vocab::zh_date(until)) }, None => { (line.from.zh()) "起" } } },
        ]
    });
    let table = Table {
        id: "result".into(),
        caption: "正在享受救助的家庭".into(),
        columns: vec![
            Column::new("姓名"),
            Column::new("人数").numeric(),
            Column::new("金额（元，按月发的为每月）").numeric(),
            Column::new("项目"),
            Column::new("时间"),
        ],
        rows: rows.collect(),
        empty: "现在没有公布的家庭。".into(),
        pager: next.map(|next| Pager { previous: None, next: Some(next.into()) }),
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
        p.govuk-body { "公示、公布只写姓名、人数和金额，有的项目不写全名、不写金额；不写身份证号、住址、电话和病情。未成年人不写姓名。" }
        p.govuk-body { "金额按当月的写，停发、终止的当天撤下；一次性救助到期撤下。" }
    })
}
