//! 抽查公开 (双随机、一公开): each draw by lot with its seed, so that anybody draws it again, and what came of it; nobody is named.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::Office;
use office::casework::RandomCheckId;
use office::casework::sampling::random::{self, CheckView, Kind, size};
use office::casework::sampling::{self, PublicDraw};
use office::tabular::ListFormat;
use serde::Deserialize;
use vocab::Now;

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Visitor;
use crate::money::common::{cursor, download, programme_title};
use crate::routes::{Routes, get};
use crate::ui::parts::{SummaryRow, details, heading, inset, print_button, summary_list};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const HERE: &str = "/draws";

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(HERE, get(list))
        .route("/draws/{random_check}", get(show))
        .route("/draws/{random_check}/data.csv", get(csv))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    after: String,
}

async fn list(visitor: Visitor, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let after = cursor(&asked.after)?;
    let checks = random::published(visitor.office(), after.as_ref()).await?;
    let table = Table {
        id: "draws".into(),
        caption: "历次抽签".into(),
        columns: vec![
            Column::new("抽签日期"),
            Column::new("抽签单位"),
            Column::new("从什么里抽"),
            Column::new("总数").numeric(),
            Column::new("抽中").numeric(),
            Column::new("准确率").numeric(),
        ],
        rows: checks.rows.iter().map(|check| row(visitor.office(), check)).collect(),
        empty: "还没有抽过签。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| HERE.into()),
            next: checks.next.as_ref().map(|next| address(HERE, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    // Of the county's checks after the township's own decisions; they stand below the first page.
    let checked = if after.is_none() { sampling::published(visitor.office()).await? } else { Vec::new() };
    let content = html! {
        (heading(Some("双随机、一公开"), "抽样核查公开"))
        p.govuk-body { "民政部门用电脑抽签，抽出一部分决定、待遇和发放，再抽出检查人员去核对办得对不对。谁也不能挑选；每一次抽签，您都可以照着公开的种子重算。" }
        (table)
        @if !checked.is_empty() {
            h2.govuk-heading-m { "按规定比例的抽查" }
            p.govuk-body { "近亲属备案的和有投诉举报的办件每件都查，其余的抽签。知道受理号，就能算出抽中没有：签号是种子、一个换行符和受理号连起来的 SM3 值，不大于“抽中的最大签号”的就抽中了。" }
            @for one in &checked { (by_share(visitor.office(), one)) }
        }
    };
    Ok(Page::new("抽样核查公开", content).back("/", "返回首页"))
}

/// A draw of a set share of decided cases.
fn by_share(office: &Office, one: &PublicDraw) -> Markup {
    let draw = &one.draw;
    let day = vocab::zh_date(Now::from_unix_ms(draw.drawn_at).today());
    let title = title_of(office, Kind::Decisions, &draw.item);
    let days = format!("{}至{}", vocab::zh_date(draw.from), vocab::zh_date(draw.until));
    let rows = summary_list(&[
        SummaryRow::text("作出决定的时间", &days),
        SummaryRow::text("办件", &format!("{} 件，其中每件都查的 {} 件", draw.population, draw.always)),
        SummaryRow::text("抽签", &format!("其余的抽 {}%，抽中 {} 件", draw.percent, draw.by_lot)),
        SummaryRow::text("检查", &format!("已检查 {} 件，有问题 {} 件", draw.checked, draw.found_wrong)),
        SummaryRow::new("种子", html! { code { (draw.seed) } }),
        SummaryRow::new("全部受理号的校验值（SM3）", html! { code { (draw.population_sm3) } }),
        SummaryRow::new("抽中的最大签号", html! { code { (one.largest.as_deref().unwrap_or("—")) } }),
    ]);
    details(&format!("{day}，{}，{title}", one.office), &rows)
}

fn row(office: &Office, check: &CheckView) -> Vec<Markup> {
    let day = vocab::zh_date(Now::from_unix_ms(check.drawn_at).today());
    vec![
        html! { (Link::new(format!("{HERE}/{}", check.id), day)) },
        html! { (check.office) },
        html! { (check.kind.title()) "：" (subject_title(office, check)) "，" (days_of(check)) },
        html! { (check.population) },
        html! { (check.drawn) },
        html! { @match check.accuracy() { Some((rate, _)) => { (size::percent(rate)) "%" }, None => "正在核查" } },
    ]
}

async fn show(visitor: Visitor, Path(id): Path<RandomCheckId>) -> Result<Page, Fault> {
    let (check, drawn) = random::published_draw(visitor.office(), id).await?;
    let day = vocab::zh_date(Now::from_unix_ms(check.drawn_at).today());
    let places: Vec<String> = drawn.iter().map(|(place, _)| place.to_string()).collect();
    let unit = check.kind.unit();
    let of_run = check.run.map_or_else(String::new, |run| format!("，第 {run} 号批次"));
    let subject = subject_title(visitor.office(), &check);
    let content = html! {
        (heading(Some("抽样核查公开"), &format!("{}{day}的抽签", check.office)))
        (inset(&html! { p.govuk-body { (check.sentence()) "（按预计差错率 " (size::percent(check.expected)) "% 计算）。" } }))
        (summary_list(&[
            SummaryRow::text("从什么里抽", &format!("{}：{subject}{of_run}", check.kind.title())),
            SummaryRow::text("时间", &days_of(&check)),
            SummaryRow::text("总数", &format!("{} {unit}", check.population)),
            SummaryRow::text("抽中", &format!("{} {unit}", check.drawn)),
            SummaryRow::text("检查人员", &format!("从 {} 人里抽，每{unit}由 {} 人查；查不到自己单位办的、自己办过的和自己家的", check.inspectors, check.each)),
            SummaryRow::text("查完日期", &vocab::zh_date(check.finish_on)),
            SummaryRow::new("准确率", accuracy_of(visitor.office(), &check)),
        ]))
        h2.govuk-heading-m { "怎样重算" }
        ol.govuk-list.govuk-list--number {
            li { "抽签以前，全部 " (check.population) " " (unit) "按登记的先后编成 1 到 " (check.population) " 号，编号和检查人员名单都已经固定，并留下校验值。" }
            li { "电脑再随机产生种子。每个序号的签号，是把种子、一个换行符和序号连起来算出的 SM3 值，写成十六进制。" }
            li { "签号最小的 " (check.drawn) " 个抽中。例如 1 号，在装有 OpenSSL 的电脑上输入：" code { "printf '" (check.seed) "\\n1' | openssl dgst -sm3" } }
            li { "检查人员也编成 1 到 " (check.inspectors) " 号，签号是种子、换行符、对象的序号、换行符和人员序号连起来的 SM3 值，从小到大取 " (check.each) " 人，要回避的跳过。" }
        }
        (summary_list(&[
            SummaryRow::new("种子", html! { code { (check.seed) } }),
            SummaryRow::new("全部编号的校验值（SM3）", html! { code { (check.population_sm3) } }),
        ]))
        h2.govuk-heading-m { "抽中的序号" }
        p.govuk-body { (places.join("、")) }
        p.govuk-body { (Link::new(format!("{HERE}/{id}/data.csv"), "下载序号和签号（CSV）")) }
        p.govuk-body { "想知道自己家的办件是几号、抽中没有，可以向办理的民政部门询问。" }
        (print_button())
    };
    Ok(Page::new("抽样核查公开", content).back(HERE, "返回抽样核查公开"))
}

async fn csv(visitor: Visitor, Path(id): Path<RandomCheckId>) -> Result<Response, Fault> {
    let file = random::published_file(visitor.office(), id).await?;
    Ok(download(&format!("抽签{id}.csv"), ListFormat::Csv.mime(), file))
}

/// The accuracy with its interval and what a plan says of it, or that it is not over.
pub(crate) fn accuracy_of(office: &Office, check: &CheckView) -> Markup {
    let goal = random::goal(&office.release().plans, check.kind);
    html! {
        @match check.accuracy() {
            None => { "全部查完以后公布。现在查了 " (check.looked_at) "，还有 " (check.drawn - check.looked_at) "。" }
            Some((rate, (low, high))) => {
                strong { (size::percent(rate)) "%" }
                "（抽中的 " (check.drawn) " " (check.kind.unit()) "里正确的 " (check.drawn - check.wrong) "）。"
                "有 " (check.confidence) "% 的把握，全部 " (check.population) " " (check.kind.unit()) "的准确率在 "
                (size::percent(low)) "% 到 " (size::percent(high)) "% 之间（威尔逊区间，按有限总体修正）。"
            }
        }
        @if let Some((name, value)) = &goal { br; "规划指标“" (name) "”：" (value) "。" }
    }
}

/// What it is about.
pub(crate) fn subject_title(office: &Office, check: &CheckView) -> String {
    title_of(office, check.kind, &check.subject)
}

/// The title of an item or programme.
pub(crate) fn title_of(office: &Office, kind: Kind, subject: &str) -> String {
    match kind {
        Kind::Decisions => {
            let release = office.release();
            release.items.get(subject).map_or_else(|| subject.to_owned(), |item| item.title.clone())
        }
        Kind::Benefits | Kind::Payments => programme_title(office, subject),
    }
}

/// Of which days.
pub(crate) fn days_of(check: &CheckView) -> String {
    match check.kind {
        Kind::Decisions => format!("{}至{}", vocab::zh_date(check.from), vocab::zh_date(check.until)),
        Kind::Benefits => format!("{}在册的", vocab::zh_date(check.from)),
        Kind::Payments => format!("{}发放的", vocab::Month::containing(check.from).zh()),
    }
}
