//! 按月造册: whether a month's benefit is set off, the list drawn up for it, and the numbers by county and month.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, MakeRun, ReadPayments, Right};
use office::divisions;
use office::roll::month_list::{self, LineOutcome, ListView, MonthListId, Trigger};
use rules::Outcome;
use serde::Deserialize;
use vocab::Month;

use super::PAYMENTS;
use super::common::{ROWS, already, cursor, download, programme_title, remember, watched, yuan};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::figures::format_of;
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{ButtonKind, Choice, Errors, Field, error_summary, form_post, hidden, select, submit};
use crate::ui::page::NavLink;
use crate::ui::parts::{self, Colour, SummaryRow, summary_list};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const HERE: &str = "/desk/month-lists";
/// Months that may be chosen.
const MONTHS: i32 = 12;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    programme: String,
    month: String,
    which: String,
    after: String,
    format: String,
}

/// `GET /desk/month-lists`
pub(super) async fn page(desk: Desk<ReadPayments>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    overview(&desk, &ask, &Errors::none()).await
}

async fn overview(desk: &Desk<ReadPayments>, ask: &Ask, errors: &Errors) -> Result<Page, Fault> {
    let office = desk.office();
    let release = office.release();
    let own: Vec<_> = month_list::by_list(&release)
        .filter(|programme| desk.may_for(Right::ReadPayments, &programme.id))
        .collect();
    let choices: Vec<Choice<'_>> =
        own.iter().map(|programme| Choice::new(programme.id.as_str(), programme.title.as_str())).collect();
    let now = office.now().month();
    let month: Month = ask.month.parse().unwrap_or_else(|_| now.previous());
    let chosen = own
        .iter()
        .find(|programme| programme.id.as_str() == ask.programme)
        .or_else(|| own.first())
        .map(|programme| programme.id.get().clone());
    let trigger = match &chosen {
        Some(programme) => {
            Some(month_list::trigger(office, desk.granted(), programme, desk.actor().division, month).await?)
        }
        None => None,
    };
    let lists = month_list::lists(office, desk.granted()).await?;
    let months: Vec<Choice<'_>> = (0..MONTHS)
        .map(|back| now.plus(-back))
        .map(|month| Choice::new(month.to_string(), month.zh()))
        .collect();
    let filter = html! {
        (select(&Field::new("programme", "待遇项目").value(chosen.clone().unwrap_or_default()), &choices, None))
        (select(&Field::new("month", "月份").value(month.to_string()), &months, None))
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("资金发放"), "按月造册"))
        p.govuk-body { "这些待遇不用申请：当月达到启动条件的，由县级按在册情况造册，每人一份，另一人复核以后发放。" }
        p.govuk-body { (Link::new("/desk/month-figures", "每月公布的物价指数")) }
        (parts::with_sidebar(&parts::filter(HERE, &[], &filter), &html! {
            @if let Some(trigger) = &trigger { (trigger_part(desk, chosen.as_deref().unwrap_or_default(), trigger)) }
            (list_table(desk, &lists))
        }))
    };
    Ok(Page::new("按月造册", content).under(PAYMENTS).back("/desk/payments", "返回资金发放").errors(errors))
}

fn outcome_tag(outcome: Outcome) -> Markup {
    match outcome {
        Outcome::Met => parts::tag(Colour::Green, "达到"),
        Outcome::NotMet => parts::tag(Colour::Grey, "没有达到"),
        Outcome::Unknown => parts::tag(Colour::Yellow, "还不知道"),
    }
}

fn trigger_part(desk: &Desk<ReadPayments>, programme: &str, trigger: &Trigger) -> Markup {
    let rows = trigger.conditions.iter().map(|condition| {
        vec![
            html! { (condition.title) },
            outcome_tag(condition.outcome),
            html! {
                @for comparison in &condition.comparisons { p.govuk-body-s { (comparison.text) } }
                @for missing in &condition.missing { p.govuk-body-s { "没有录入：" (missing.title) } }
            },
            html! { @for basis in &condition.basis { p.govuk-body-s { (basis) } } },
        ]
    });
    let table = Table {
        id: "trigger".into(),
        caption: format!("{}是否启动", trigger.month.zh()).into(),
        columns: ["条件", "结果", "比较", "依据"].into_iter().map(Column::new).collect(),
        rows: rows.collect(),
        ..Table::default()
    };
    let set_off = trigger.outcome == Outcome::Met;
    html! {
        section {
            (table)
            @if set_off && desk.may_for(Right::MakeRun, programme) && desk.actor().county.is_some() {
                (form_post(HERE, &desk.key(), &html! {
                    (hidden("programme", programme))
                    (hidden("month", &trigger.month.to_string()))
                    p.govuk-body { "再次造册不会重复发放，只补上后来才登记的人。" }
                    (submit(&format!("造{}的名册", trigger.month.zh()), ButtonKind::Primary, None))
                }))
            } @else if !set_off {
                (parts::inset(&html! { p.govuk-body { "没有启动，这个月不造册、不发放。" } }))
            }
        }
    }
}

fn list_table(desk: &Desk<ReadPayments>, lists: &[ListView]) -> Table<'static> {
    let rows = lists.iter().map(|list| {
        vec![
            html! { (Link::new(format!("{HERE}/{}", list.id), format!("{} {}", programme_title(desk.office(), &list.programme), list.month.zh()))) },
            html! { (list.county_name) },
            html! { (state_words(list)) },
            html! { (list.counted.persons) },
            html! { (list.counted.benefits) },
            html! { (yuan(list.counted.total)) },
            html! { (yuan(list.paid)) },
        ]
    });
    Table {
        id: "lists".into(),
        caption: "各县各月".into(),
        columns: vec![
            Column::new("名册"),
            Column::new("县（市、区）"),
            Column::new("办到哪一步"),
            Column::new("人数").numeric(),
            Column::new("笔数").numeric(),
            Column::new("应发（元）").numeric(),
            Column::new("已到账（元）").numeric(),
        ],
        rows: rows.collect(),
        exports: parts::exports(desk.may(Right::Export) && !lists.is_empty(), "/desk/month-lists/sheet"),
        empty: "还没有名册。".into(),
        ..Table::default()
    }
}

fn state_words(list: &ListView) -> String {
    match (list.making, list.run_state) {
        (true, _) => "正在造册".to_owned(),
        (false, Some(state)) => state.title().to_owned(),
        (false, None) => "已造册".to_owned(),
    }
}

/// `POST /desk/month-lists`
pub(super) async fn draw_up(
    desk: Desk<MakeRun>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let ask = Ask {
        programme: form.get("programme").to_owned(),
        month: form.get("month").to_owned(),
        ..Ask::default()
    };
    let mut errors = Errors::none();
    match ask.month.parse::<Month>() {
        Ok(month) => match month_list::draw_up(desk.office(), desk.granted(), &ask.programme, month).await {
            Ok((list, _)) => {
                let to = format!("{HERE}/{list}");
                remember(&desk, &key, &to).await?;
                return Ok(SeeOther::to(to).done("正在造册。").into());
            }
            Err(error) => errors = form_errors(error)?,
        },
        Err(_) => errors.add("month", "请选择月份。"),
    }
    Ok(overview(&desk.desk()?, &ask, &errors).await?.into())
}

/// `GET /desk/month-lists/{list}`
pub(super) async fn list_page(
    desk: Desk<ReadPayments>,
    Path(id): Path<MonthListId>,
    Query(ask): Query<Ask>,
) -> Result<Page, Fault> {
    let office = desk.office();
    let list = month_list::find(office, desk.granted(), id).await?;
    let which = LineOutcome::ALL.into_iter().find(|which| which.as_str() == ask.which);
    let which = which.unwrap_or(LineOutcome::Listed);
    let after = cursor(&ask.after)?;
    let page = month_list::lines(office, desk.granted(), id, which, after.as_ref(), ROWS).await?;
    let places = divisions::names(office.db(), page.rows.iter().map(|line| line.division)).await?;
    let changes = month_list::changes(office, desk.granted(), &list).await?;
    let here = format!("{HERE}/{id}");
    let to = |which: LineOutcome, after: &str| address(&here, &[("which", which.as_str()), ("after", after)]);
    let rows = page.rows.iter().map(|line| {
        vec![
            html! {
                @match line.entitlement {
                    Some(entitlement) => (Link::new(format!("/desk/roll/{entitlement}"), line.name.clone())),
                    None => (line.name),
                }
            },
            html! { (places.get(&line.division).map_or("", String::as_str)) },
            html! { (yuan(line.amount)) },
            html! { (line.reason.as_deref().unwrap_or("")) },
        ]
    });
    let table = Table {
        id: "lines".into(),
        caption: which.title().into(),
        columns: vec![
            Column::new("姓名"),
            Column::new("村（社区）"),
            Column::new("金额（元）").numeric(),
            Column::new("原因"),
        ],
        rows: rows.collect(),
        exports: parts::exports(desk.may_for(Right::Export, &list.programme), &format!("{here}/sheet")),
        pager: Some(Pager {
            previous: after.is_some().then(|| to(which, "").into()),
            next: page.next.as_ref().map(|next| to(which, &next.to_string()).into()),
        }),
        empty: "没有。".into(),
        ..Table::default()
    };
    let tabs: Vec<NavLink<'_>> = LineOutcome::ALL
        .into_iter()
        .map(|one| NavLink::new(one.as_str(), to(one, ""), one.title()))
        .collect();
    let before = changes.before.map_or_else(
        || "这是第一份名册，没有上一份可比".to_owned(),
        |before| {
            format!(
                "{}：{} 人、{} 元；这一份新增 {} 人，减少 {} 人",
                before.zh(),
                changes.then.0,
                yuan(changes.then.1),
                changes.new,
                changes.gone
            )
        },
    );
    let numbers = summary_list(&[
        SummaryRow::text("列入", &format!("{} 人、{} 笔", list.counted.persons, list.counted.benefits)),
        SummaryRow::text("应发（元）", &yuan(list.counted.total)),
        SummaryRow::text("已到账（元）", &yuan(list.paid)),
        SummaryRow::text("未列入", &format!("{} 人", list.counted.left_out)),
        SummaryRow::text("与上一份比", &before),
    ]);
    let status = html! {
        p.govuk-body { (parts::tag(if list.making { Colour::Blue } else { Colour::Green }, &state_words(&list))) }
        (numbers)
    };
    let title = format!("{}{}名册", list.month.zh(), programme_title(office, &list.programme));
    let content = html! {
        (parts::heading(Some(&list.county_name), &title))
        (watched("progress", &here, list.making, &status))
        @if let Some(run) = list.run { p.govuk-body { (Link::new(format!("/desk/payments/{run}"), "发放批次：复核、银行文件和回盘")) } }
        (parts::tabs("名册明细", &tabs, which.as_str()))
        (table)
    };
    Ok(Page::new(title, content).under(PAYMENTS).back(HERE, "返回按月造册"))
}

/// `GET /desk/month-lists/sheet`
pub(super) async fn sheet(desk: Desk<ReadPayments>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let bytes = month_list::sheet(desk.office(), desk.granted(), &export, format).await?;
    Ok(download(&format!("按月造册发放情况.{}", format.extension()), format.mime(), bytes))
}

/// `GET /desk/month-lists/{list}/sheet`
pub(super) async fn lines_sheet(
    desk: Desk<ReadPayments>,
    Path(id): Path<MonthListId>,
    Query(ask): Query<Ask>,
) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let bytes = month_list::lines_sheet(desk.office(), desk.granted(), &export, id, format).await?;
    Ok(download(&format!("名册.{}", format.extension()), format.mime(), bytes))
}
