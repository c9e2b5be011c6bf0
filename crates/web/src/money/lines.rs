//! The lines of a run, and family by family what differs from last month.

use axum::extract::{Path, Query};
use ledger::pages;
use ledger::{EntitlementId, LineId, LineState, RunId, RunState};
use maud::{Markup, html};
use office::access::{MakeRun, ReadPayments, Right};
use office::roll::payments;
use office::{divisions, people};
use serde::Deserialize;

use super::PAYMENTS;
use super::common::{ROWS, already, cursor, remember, yuan};
use super::payee::account_words;
use super::run::difference_title;
use super::runs::run_title;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{Errors, Field, Width, buttons, error_summary, form_post, text_input};
use crate::ui::page::NavLink;
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address, parts};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    state: String,
    after: String,
}

pub(super) async fn page(
    desk: Desk<ReadPayments>,
    Path(id): Path<RunId>,
    Query(ask): Query<Ask>,
) -> Result<Page, Fault> {
    let office = desk.office();
    let db = office.db();
    let run = payments::find_run(office, desk.granted(), id).await?;
    let state: Option<LineState> = ask.state.parse().ok();
    let after = cursor(&ask.after)?;
    let found = pages::run_lines(db, &desk.scope(), id, state, after.as_ref(), ROWS).await?;
    let names = people::names(db, found.rows.iter().map(|line| line.holder)).await?;
    let places = divisions::names(db, found.rows.iter().map(|line| line.division)).await?;
    let withdrawable = desk.may_for(Right::MakeRun, &run.programme)
        && matches!(run.state, RunState::Made | RunState::Approved);
    let here = format!("/desk/payments/{id}");
    let rows = found
        .rows
        .iter()
        .map(|line| {
            vec![
                html! {
                    a.govuk-link href={ "/desk/roll/" (line.entitlement) } { (names.get(&line.holder).map_or("—", String::as_str)) }
                },
                html! { @match line.line_no { Some(number) => (number), None => "—" } },
                html! { (places.get(&line.division).map_or("", String::as_str)) },
                html! { (yuan(line.amount)) },
                html! { (line.state.title()) @if let Some(reason) = &line.reason { "：" (reason) } },
                html! {
                    @if let (Some(bank), Some(tail)) = (&line.bank, &line.number_tail) { (account_words(desk.office(), bank, tail)) }
                },
                html! {
                    @if withdrawable && line.state == LineState::Open {
                        (Link::new(format!("{here}/lines/{}/withdraw", line.id), "撤下")
                            .about(names.get(&line.holder).cloned().unwrap_or_default()))
                    } @else if let Some(reference) = &line.bank_reference { (reference) }
                },
            ]
        })
        .collect();
    let to =
        |state: &str, after: &str| address(&format!("{here}/lines"), &[("state", state), ("after", after)]);
    let tabs: Vec<NavLink<'_>> = std::iter::once(NavLink::new("", to("", ""), "全部"))
        .chain(
            LineState::ALL
                .iter()
                .map(|state| NavLink::new(state.as_str(), to(state.as_str(), ""), state.title())),
        )
        .collect();
    let title = format!("{}明细", run_title(&desk, &run));
    let table = Table {
        id: "lines".into(),
        caption: title.clone().into(),
        columns: vec![
            Column::new("户主"),
            Column::new("序号").numeric(),
            Column::new("村（社区）"),
            Column::new("金额（元）").numeric(),
            Column::new("结果"),
            Column::new("账户"),
            Column::new("流水号、办理"),
        ],
        rows,
        pager: Some(Pager {
            previous: None,
            next: found
                .next
                .as_ref()
                .map(|next| to(state.map_or("", LineState::as_str), &next.to_string()).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(Some("资金发放"), &title))
        (parts::tabs("结果", &tabs, state.map_or("", LineState::as_str)))
        (table)
    };
    Ok(Page::new(title, content).under(PAYMENTS).back(here, "返回批次"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct After {
    after: i64,
}

pub(super) async fn differences(
    desk: Desk<ReadPayments>,
    Path(id): Path<RunId>,
    Query(ask): Query<After>,
) -> Result<Page, Fault> {
    let office = desk.office();
    let db = office.db();
    let run = payments::find_run(office, desk.granted(), id).await?;
    let found = ledger::compare::differences(db, &desk.scope(), &run, EntitlementId(ask.after), ROWS).await?;
    let names = people::names(db, found.iter().map(|difference| difference.holder)).await?;
    let here = format!("/desk/payments/{id}");
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|difference| {
            let holder = names.get(&difference.holder).map_or("—", String::as_str);
            vec![
                html! { a.govuk-link href={ "/desk/roll/" (difference.entitlement) } { (holder) } },
                html! { (difference_title(difference.kind)) },
                html! { (yuan(difference.before)) },
                html! { (yuan(difference.after)) },
                html! {
                    @for cause in &difference.causes {
                        p.govuk-body-s {
                            strong { (cause.kind.title()) } " " (cause.text)
                            @if !cause.reference.is_empty() {
                                "（依据："
                                @match cause.case {
                                    Some(case) => { a.govuk-link href={ "/desk/cases/" (case) } { (cause.reference) } },
                                    None => (cause.reference),
                                }
                                "）"
                            }
                        }
                    }
                },
            ]
        })
        .collect();
    let next = found.last().filter(|_| found.len() == ROWS).map(|last| {
        address(&format!("{here}/differences"), &[("after", &last.entitlement.to_string())]).into()
    });
    let title = format!("{}与上月的差异", run_title(&desk, &run));
    let table = Table {
        id: "differences".into(),
        caption: title.clone().into(),
        columns: vec![
            Column::new("户主"),
            Column::new("差异"),
            Column::new("上月（元）").numeric(),
            Column::new("本月（元）").numeric(),
            Column::new("原因和依据"),
        ],
        rows,
        pager: Some(Pager { previous: None, next }),
        empty: "没有差异。".into(),
        ..Table::default()
    };
    let content = html! { (parts::heading(Some("资金发放"), &title)) (table) };
    Ok(Page::new(title, content).under(PAYMENTS).back(here, "返回批次"))
}

pub(super) async fn withdraw_page(
    desk: Desk<MakeRun>,
    Path((id, line)): Path<(RunId, LineId)>,
) -> Result<Page, Fault> {
    withdraw_form(&desk, id, line, &Fields::default(), &Errors::none()).await
}

async fn withdraw_form(
    desk: &Desk<MakeRun>,
    id: RunId,
    line: LineId,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let run = payments::run_for(desk.office(), desk.granted(), id).await?;
    let back = format!("/desk/payments/{id}/lines");
    let body = html! {
        (text_input(&Field::new("reason", "原因").value(typed.get("reason")).max_chars(200).width(Width::Full).errors(errors)))
        (buttons("从本批次撤下", &[Link::new(back.clone(), "取消")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(Some(&run_title(desk, &run)), "撤下一户"))
            (parts::warning_text("撤下后本批次的合计会改变，已经复核的批次须重新复核。"))
            (form_post(&format!("/desk/payments/{id}/lines/{line}/withdraw"), &desk.key(), &body))
        }
    };
    Ok(Page::new("撤下一户", content).under(PAYMENTS).back(back, "返回明细").errors(errors))
}

pub(super) async fn withdraw(
    desk: Desk<MakeRun>,
    Path((id, line)): Path<(RunId, LineId)>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/payments/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    if form.get("reason").is_empty() {
        let mut errors = Errors::none();
        errors.add("reason", "请填写撤下的原因。");
        return Ok(withdraw_form(&desk, id, line, &form, &errors).await?.into());
    }
    match payments::withdraw_line(desk.office(), desk.granted(), id, line, form.get("reason")).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("已从本批次撤下一户。").into())
        }
        Err(error) => Ok(withdraw_form(&desk, id, line, &form, &form_errors(error)?).await?.into()),
    }
}
