//! 救助资金物资公开: what aid paid, to how many, by programme and county, for anybody (社会救助法 art. 67), as a page and as open data.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::publication::{self, Cell, Funds, SMALL};
use office::tabular::ListFormat;
use serde::Deserialize;
use vocab::Month;

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Visitor;
use crate::money::common::download;
use crate::routes::{Routes, get};
use crate::ui::chart::grouped;
use crate::ui::parts::{heading, print_button};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

const HERE: &str = "/aid-money";

pub(super) fn routes() -> Routes {
    Routes::new().route(HERE, get(page)).route("/aid-money/data.csv", get(csv))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    month: String,
}

impl Asked {
    /// What is no month asks for the newest one.
    fn month(&self) -> Option<Month> {
        self.month.parse().ok()
    }
}

async fn page(visitor: Visitor, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let funds = publication::funds(visitor.office(), asked.month()).await?;
    let title = format!("{}救助资金物资公开", funds.place);
    let month = funds.month.to_string();
    let content = html! {
        (heading(Some("救助资金物资公开"), &format!("{}，{}", funds.place, funds.month.zh())))
        p.govuk-body {
            "每个月的救助资金、物资实际发给了多少户、多少人，发了多少。资金按银行发放成功的和乡镇（街道）备用金先行垫付的计算，实物按发放当天折合的金额计算。"
            "一个县（市、区）里不足 " (SMALL) " 户的，为了保护个人隐私不公开；为了不让人推算出来，有时要连着另一个县（市、区）一起不公开。"
        }
        @if let Some(given) = funds.given.filter(|given| !given.is_zero()) {
            p.govuk-body { "各项资金和实物合计 " strong { (given.yuan_grouped()) } " 元。" }
        }
        @if funds.programmes.is_empty() { p.govuk-body { "这个月没有发放记录。" } }
        @for (at, programme) in funds.programmes.iter().enumerate() {
            (table(&funds, at, &programme.title))
        }
        p.govuk-body { (Link::new(address("/aid-money/data.csv", &[("month", &month)]), "下载本月数据（CSV）")) }
        @if !funds.months.is_empty() {
            h2.govuk-heading-m { "其他月份" }
            ul.govuk-list {
                @for month in &funds.months { li { (Link::new(address(HERE, &[("month", &month.to_string())]), month.zh())) } }
            }
        }
        p.govuk-body { (Link::new("/programmes", "各项救助的政策和标准")) "　" (Link::new("/notices", "各村（社区）的公示和公布")) }
        (print_button())
    };
    Ok(Page::new(title, content).back("/", "返回首页"))
}

fn table(funds: &Funds, at: usize, title: &str) -> Markup {
    let programme = &funds.programmes[at];
    let rows = funds.counties.iter().zip(&programme.counties).map(|(county, cell)| line(county, *cell));
    let table = Table {
        id: format!("programme-{at}").into(),
        caption: title.into(),
        columns: vec![
            Column::new("地区"),
            Column::new("户数").numeric(),
            Column::new("人数").numeric(),
            Column::new("资金（元）").numeric(),
            Column::new("实物折合（元）").numeric(),
        ],
        rows: rows.collect(),
        sums: (funds.counties.len() > 1).then(|| line("合计", programme.whole)),
        cards: false,
        ..Table::default()
    };
    html! { (table) }
}

fn line(place: &str, cell: Option<Cell>) -> Vec<Markup> {
    match cell {
        Some(Cell { families, people, paid, goods }) => vec![
            html! { (place) },
            html! { (grouped(families)) },
            html! { (grouped(people)) },
            html! { (paid.yuan_grouped()) },
            html! { (goods.yuan_grouped()) },
        ],
        None => {
            let hidden = || html! { "不公开" };
            vec![html! { (place) }, hidden(), hidden(), hidden(), hidden()]
        }
    }
}

async fn csv(visitor: Visitor, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let funds = publication::funds(visitor.office(), asked.month()).await?;
    let name = format!("救助资金物资公开{}.csv", funds.month);
    Ok(download(&name, ListFormat::Csv.mime(), publication::funds_csv(&funds)?))
}
