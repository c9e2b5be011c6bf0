//! 抽查: drawing cases by lot, and what a draw needs to be drawn again by anybody.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, Right, Sample};
use office::casework::DrawId;
use office::casework::sampling::{self, DrawView, DrawnCase, NewDraw, Share, Why};
use serde::Deserialize;
use vocab::{Level, Now};

use super::words::{download, item_title};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::cursor;
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, checkboxes, date_input, error_summary, form_post, radios,
    select, submit, unit_input,
};
use crate::ui::parts::{self, Colour, SummaryRow};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

pub(super) const NAV_ID: &str = "draws";
const HERE: &str = "/desk/draws";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    after: String,
}

/// `GET /desk/draws`
pub(super) async fn list(desk: Desk<Sample>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    draws_page(&desk, &ask, &Fields::default(), &Errors::none()).await
}

async fn draws_page(desk: &Desk<Sample>, ask: &Ask, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let after = cursor(&ask.after)?;
    let draws = sampling::draws(desk.office(), desk.granted(), after.as_ref()).await?;
    let table = Table {
        id: "draws".into(),
        caption: "历次抽签".into(),
        columns: vec![
            Column::new("抽签时间"),
            Column::new("业务"),
            Column::new("作出决定的时间"),
            Column::new("办件").numeric(),
            Column::new("抽中").numeric(),
            Column::new("已检查").numeric(),
            Column::new("有问题").numeric(),
        ],
        rows: draws.rows.iter().map(|draw| row(desk, draw)).collect(),
        empty: "还没有抽过签。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| HERE.into()),
            next: draws.next.as_ref().map(|next| address(HERE, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some(&desk.actor().division_name), "抽查"))
        p.govuk-body { (Link::new(super::random_checks::HERE, "抽样核查（双随机）：按把握和误差从决定、待遇、发放里抽，检查人员也抽签")) }
        @if desk.actor().level == Level::County { (draw_form(desk, typed, errors)) }
        (table)
    };
    Ok(Page::new("抽查", content).under(NAV_ID).errors(errors))
}

fn row(desk: &Desk<Sample>, draw: &DrawView) -> Vec<Markup> {
    let title = Now::from_unix_ms(draw.drawn_at).zh();
    vec![
        html! { (Link::new(format!("{HERE}/{}", draw.id), title)) },
        html! { (item_title(desk.office(), &draw.item)) @if draw.delegated_only { "（乡镇确认的）" } },
        html! { (draw.from) " 至 " (draw.until) },
        html! { (draw.population) },
        html! { (draw.always + draw.by_lot) },
        html! { (draw.checked) },
        html! { (draw.found_wrong) },
    ]
}

fn draw_form(desk: &Desk<Sample>, typed: &Fields, errors: &Errors) -> Markup {
    let release = desk.office().release();
    let items: Vec<Choice<'_>> = release
        .items
        .iter()
        .filter(|item| sampling::samples(item) && desk.may_for_item(Right::Sample, &item.id))
        .map(|item| Choice::new(item.id.as_str(), item.title.as_str()))
        .collect();
    let only = if items.len() == 1 { items[0].value.to_string() } else { String::new() };
    let item = match typed.get("item") {
        "" => only.as_str(),
        typed => typed,
    };
    let how_many = |name: &'static str, label: &'static str, unit: &str| {
        unit_input(
            &Field::new(name, label)
                .value(typed.get(name))
                .width(Width::Chars5)
                .inputmode("numeric")
                .max_chars(6)
                .errors(errors),
            unit,
        )
    };
    let body = html! {
        (select(&Field::new("item", "业务").value(item).errors(errors), &items, Some("请选择")))
        (date_input(&Field::new("from", "作出决定的日期，从").errors(errors), &typed.date("from")))
        (date_input(&Field::new("until", "到").hint("要在今天以前。抽过的时间不能重抽。").errors(errors), &typed.date("until")))
        (checkboxes(&Field::new("delegated_only", "范围").optional(),
            &[Choice::new("yes", "只抽乡镇（街道）确认的办件")],
            &[typed.get("delegated_only")]))
        (radios(&Field::new("share", "抽多少").value(match typed.get("share") { "" => "set", typed => typed }).errors(errors), &[
            Choice::new("set", "按本地规定的比例"),
            Choice::new("percent", "按比例").hint("不能少于规定的比例").then(how_many("percent", "比例", "%")),
            Choice::new("count", "按件数").hint("不能少于规定的比例").then(how_many("count", "件数", "件")),
        ]))
        (date_input(&Field::new("finish_on", "什么时候以前查完").errors(errors), &typed.date("finish_on")))
        (submit("抽签", ButtonKind::Primary, None))
    };
    html! {
        h2.govuk-heading-m { "抽签" }
        p.govuk-body { "近亲属备案的和有投诉举报的办件每件都查，其余的按比例由电脑抽签。抽中的办件列入本级待办。" }
        (form_post(HERE, &desk.key(), &body))
    }
}

/// `POST /desk/draws`
pub(super) async fn draw(
    desk: Desk<Sample>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    if let Some(new) = read(&form, &mut errors) {
        match sampling::draw(desk.office(), desk.granted(), &new, &key).await {
            Ok(draw) => {
                return Ok(SeeOther::to(format!("{HERE}/{draw}"))
                    .done("已抽签，抽中的办件已列入待办。")
                    .into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(draws_page(&desk, &Ask::default(), &form, &errors).await?.into())
}

fn read(form: &Fields, errors: &mut Errors) -> Option<NewDraw> {
    let item = typed::text(form, "item", "请选择业务。", errors);
    let from = typed::date(form, "from", errors);
    let until = typed::date(form, "until", errors);
    let finish_on = typed::date(form, "finish_on", errors);
    let mut number = |name: &str| -> Option<i64> {
        let number = form.get(name).parse().ok();
        if number.is_none() {
            errors.add(name, "请填写整数，例如 30。");
        }
        number
    };
    let share = match form.get("share") {
        "percent" => number("percent").map(Share::Percent),
        "count" => number("count").map(Share::Count),
        _ => Some(Share::AsSet),
    };
    Some(NewDraw {
        item: item?,
        from: from?,
        until: until?,
        delegated_only: form.get("delegated_only") == "yes",
        share: share?,
        finish_on: finish_on?,
    })
}

/// `GET /desk/draws/{draw}`
pub(super) async fn show(desk: Desk<Sample>, Path(id): Path<DrawId>) -> Result<Page, Fault> {
    let (draw, cases) = sampling::draw_page(desk.office(), desk.granted(), id).await?;
    let drawn: Vec<&DrawnCase> = cases.iter().filter(|case| case.why.is_some()).collect();
    let table = Table {
        id: "drawn".into(),
        caption: "抽中的办件".into(),
        columns: ["受理号", "为什么查", "检查日期", "检查结果"].map(Column::new).into(),
        rows: drawn.into_iter().map(drawn_row).collect(),
        empty: "没有抽中的办件。".into(),
        exports: if desk.may(Right::Export) {
            vec![Link::new(format!("{HERE}/{id}/export"), "导出全部办件和签号（Excel）")]
        } else {
            Vec::new()
        },
        ..Table::default()
    };
    let drawn_at = Now::from_unix_ms(draw.drawn_at).zh();
    let content = html! {
        (parts::heading(Some("抽查"), &format!("{drawn_at}的抽签")))
        (parts::summary_list(&[
            SummaryRow::new("业务", html! { (item_title(desk.office(), &draw.item)) @if draw.delegated_only { "（只抽乡镇、街道确认的）" } }),
            SummaryRow::text("作出决定的时间", &format!("{} 至 {}", draw.from, draw.until)),
            SummaryRow::text("办件", &format!("{} 件，其中每件都查的 {} 件", draw.population, draw.always)),
            SummaryRow::text("抽签", &format!("其余的抽 {}%（{}），抽中 {} 件", draw.percent, draw.percent_source, draw.by_lot)),
            SummaryRow::text("查完日期", &draw.finish_on.to_string()),
            SummaryRow::text("检查进度", &format!("已检查 {} 件，发现问题 {} 件", draw.checked, draw.found_wrong)),
            SummaryRow::text("抽签人", &draw.drawn_by),
        ]))
        (parts::details("怎样核对抽签没有人为挑选", &html! {
            p.govuk-body { "每件办件的签号，是把种子、一个换行符和受理号连起来算出的 SM3 值；签号最小的被抽中。种子由电脑随机产生，抽签以后不能更改，任何人都可以照此重算。" }
            p.govuk-body { "种子：" (draw.seed) }
            p.govuk-body { "全部受理号的 SM3 值：" (draw.population_sm3) }
        }))
        (table)
    };
    Ok(Page::new("抽签结果", content).under(NAV_ID).back(HERE, "返回抽查"))
}

fn drawn_row(case: &DrawnCase) -> Vec<Markup> {
    vec![
        html! { (Link::new(format!("/desk/cases/{}", case.case), case.number.as_str())) },
        html! { (case.why.map_or("", Why::title)) },
        html! { @match case.checked_on { Some(day) => (day), None => "—" } },
        match case.found_right {
            None => parts::tag(Colour::Yellow, "待检查"),
            Some(true) => parts::tag(Colour::Green, "决定正确"),
            Some(false) => parts::tag(Colour::Red, "发现问题"),
        },
    ]
}

/// `GET /desk/draws/{draw}/export`
pub(super) async fn export(desk: Desk<Sample>, Path(id): Path<DrawId>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let sheet = sampling::draw_sheet(desk.office(), desk.granted(), &export, id).await?;
    let format = office::tabular::ListFormat::Excel;
    Ok(download(&format!("抽签.{}", format.extension()), format.mime(), sheet))
}
