//! 发放批次: the list of runs, and a month's run made.

use axum::extract::Query;
use axum::response::Response;
use ledger::{PaymentRun, RunState};
use maud::{Markup, html};
use office::access::{Export, MakeRun, ReadPayments, Right};
use office::divisions;
use office::roll::{month_list, payments, reserve};
use serde::Deserialize;
use vocab::Month;

use super::PAYMENTS;
use super::common::{self, ROWS, already, cursor, download, paying, programme_title, remember, yuan};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Staff};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{
    ButtonKind, DateParts, Errors, Field, error_summary, form_post, month_input, select, submit,
};
use crate::ui::parts::{self, Colour};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    programme: String,
    after: String,
    format: String,
}

/// The colour of a run's state.
pub(super) fn colour(state: RunState) -> Colour {
    match state {
        RunState::Making | RunState::Made | RunState::Exporting => Colour::Blue,
        RunState::Approved | RunState::Exported => Colour::Yellow,
        RunState::Answered | RunState::Closed => Colour::Green,
        RunState::Cancelling | RunState::Cancelled => Colour::Grey,
    }
}

/// `低保 2026年11月月度发放`.
pub(super) fn run_title(staff: &Staff, run: &PaymentRun) -> String {
    format!("{} {}", programme_title(staff.office(), &run.programme), run.reference)
}

pub(super) async fn page(desk: Desk<ReadPayments>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    list(&desk, &ask, &Fields::default(), &Errors::none()).await
}

async fn list(desk: &Desk<ReadPayments>, ask: &Ask, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let office = desk.office();
    let programme = Some(ask.programme.as_str()).filter(|programme| !programme.is_empty());
    let after = cursor(&ask.after)?;
    let runs = payments::runs(office, desk.granted(), programme, after.as_ref(), ROWS).await?;
    let places = divisions::names(office.db(), runs.rows.iter().map(|run| run.county)).await?;
    let rows = runs
        .rows
        .iter()
        .map(|run| {
            vec![
                html! { a.govuk-link href={ "/desk/payments/" (run.id) } { (run_title(desk, run)) } },
                html! { (places.get(&run.county).map_or("", String::as_str)) },
                parts::tag(colour(run.state), run.state.title()),
                html! { (run.line_count) },
                html! { (yuan(run.total)) },
                html! { (run.blocked_count) },
                html! { (run.made_at.zh()) },
            ]
        })
        .collect();
    let sheet = address("/desk/payments/sheet", &[("programme", ask.programme.as_str())]);
    let exports = parts::exports(desk.may(Right::Export) && !runs.rows.is_empty(), &sheet);
    let table = Table {
        id: "runs".into(),
        caption: "发放批次".into(),
        columns: vec![
            Column::new("批次"),
            Column::new("县（市、区）"),
            Column::new("状态"),
            Column::new("笔数").numeric(),
            Column::new("金额（元）").numeric(),
            Column::new("未列入（户）").numeric(),
            Column::new("生成时间"),
        ],
        rows,
        pager: Some(Pager {
            previous: None,
            next: runs.next.as_ref().map(|next| {
                address("/desk/payments", &[("programme", &ask.programme), ("after", &next.to_string())])
                    .into()
            }),
        }),
        exports,
        empty: "还没有发放批次。".into(),
        ..Table::default()
    };
    let release = office.release();
    let by_list = month_list::by_list(&release).any(|listed| desk.may_for(Right::ReadPayments, &listed.id));
    let content = html! {
        (error_summary(errors))
        (parts::heading(None, "资金发放"))
        p.govuk-body {
            @if reserve::holds(office, desk.actor(), Right::ReadPayments) { (Link::new("/desk/reserve", "临时救助备用金")) "　" }
            @if by_list { (Link::new("/desk/month-lists", "按月造册（价格临时补贴等）")) }
        }
        @if desk.may(Right::MakeRun) && desk.actor().county.is_some() { (make_form(desk, &runs.rows, typed, errors)) }
        (parts::with_sidebar(
            &parts::filter("/desk/payments", &[], &common::own_programme_field(desk, &ask.programme)),
            &html! { (table) },
        ))
    };
    Ok(Page::new("资金发放", content).under(PAYMENTS).errors(errors))
}

pub(super) async fn sheet(desk: Desk<ReadPayments>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = crate::figures::format_of(&ask.format);
    let programme = Some(ask.programme.as_str()).filter(|programme| !programme.is_empty());
    let bytes = payments::runs_sheet(desk.office(), desk.granted(), &export, programme, format).await?;
    Ok(download(&format!("发放批次.{}", format.extension()), format.mime(), bytes))
}

/// The form proposes the month after the newest run.
fn make_form(desk: &Staff, runs: &[PaymentRun], typed: &Fields, errors: &Errors) -> Markup {
    let newest = runs.iter().find(|run| run.state != RunState::Cancelled);
    let month = newest.map_or_else(|| desk.office().now().month(), |run| run.month.next());
    let given = typed.date("month");
    let month = if given == DateParts::default() {
        DateParts { year: month.year().to_string(), month: month.month().to_string(), day: String::new() }
    } else {
        given
    };
    let chosen = match typed.get("programme") {
        "" => newest.map_or("", |run| run.programme.as_str()),
        typed => typed,
    };
    let body = html! {
        (select(&Field::new("programme", "待遇项目").value(chosen).errors(errors), &paying(desk), Some("请选择")))
        (month_input(&Field::new("month", "发放月份").hint("按月份顺序生成。同一月份再次提交不会重复生成。").errors(errors), &month))
        (submit("生成发放批次", ButtonKind::Primary, None))
    };
    html! {
        h2.govuk-heading-m { "生成月度批次" }
        (form_post("/desk/payments", &desk.key(), &body))
    }
}

pub(super) async fn make(
    desk: Desk<MakeRun>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let mut errors = Errors::none();
    let programme = form.get("programme");
    if desk.office().release().programmes.get(programme).is_none() {
        errors.add("programme", "请选择待遇项目。");
    }
    let typed = form.date("month");
    let month = typed.year.parse().ok().zip(typed.month.parse().ok());
    let month = month.and_then(|(year, month)| Month::new(year, month).ok());
    if month.is_none() {
        errors.add("month", "请填写发放月份，例如 2026 年 11 月。");
    }
    if let Some(month) = month.filter(|_| errors.is_empty()) {
        match payments::make_run(desk.office(), desk.granted(), programme, month).await {
            Ok((run, _)) => {
                let to = format!("/desk/payments/{run}");
                remember(&desk, &key, &to).await?;
                return Ok(SeeOther::to(to).into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    let reader = desk.desk::<ReadPayments>()?;
    Ok(list(&reader, &Ask::default(), &form, &errors).await?.into())
}
