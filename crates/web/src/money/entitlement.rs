//! A benefit of a family: amounts in both times, members, payments, balances, account, and the start of its review.

use axum::extract::Path;
use catalogue::definition::Opening;
use ledger::pages::{self, EntitlementRow};
use ledger::{EntitlementId, PayeeState};
use maud::{Markup, html};
use office::access::{self, FileForOther, ReadPayments, Right};
use office::casework::drafts::{self, Filler};
use office::roll::business;
use office::{casework, divisions, people};
use serde::Deserialize;
use store::PersonId;

use super::ROLL;
use super::common::{already, moment, programme_title, remember, yuan};
use super::payee::account_words;
use super::returns;
use super::roll::colour;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::Fault;
use crate::extract::{Desk, Staff};
use crate::form_body::KeyedForm;
use crate::ui::Link;
use crate::ui::form::{ButtonKind, form_post, hidden, submit};
use crate::ui::parts::{self, SummaryRow};
use crate::ui::table::{Column, Table};

/// Payments that the page shows; the family's page has them all.
const PAYMENTS: usize = 120;

/// Says in the audit that a benefit was read.
pub(super) async fn read_by(staff: &Staff, row: &EntitlementRow) -> Result<(), Fault> {
    let subject = ("entitlement", row.id.0);
    let (office, actor) = (staff.office(), staff.actor());
    Ok(access::opened(office, actor, "entitlement.read", subject, row.case, row.division).await?)
}

pub(super) async fn page(desk: Desk<ReadPayments>, Path(id): Path<EntitlementId>) -> Result<Page, Fault> {
    let (office, scope) = (desk.office(), desk.scope());
    let (db, month) = (office.db(), office.now().month());
    let row = business::benefit(office, desk.granted(), id).await?;
    read_by(&desk, &row).await?;
    let members =
        pages::members(db, &scope, id, month.max(row.from).min(row.until.unwrap_or(month.max(row.from))))
            .await?;
    let persons: Vec<PersonId> = members.iter().copied().chain([row.holder]).collect();
    let names = people::names(db, persons).await?;
    let name = |person: PersonId| names.get(&person).map_or("—", String::as_str);
    let places = divisions::names(db, [row.county, row.township, row.division]).await?;
    // What is confidential lies at the county: one place, said once.
    let mut path = vec![row.county, row.township, row.division];
    path.dedup();
    let place = path.iter().filter_map(|id| places.get(id)).cloned().collect::<Vec<_>>().join(" ");
    let title = format!("{}：{}", name(row.holder), programme_title(office, &row.programme));
    let mut members_shown = Vec::new();
    for person in &members {
        members_shown.push(name(*person));
    }
    let content = html! {
        (parts::heading(Some(&place), &title))
        p { (parts::tag(colour(row.state), row.state.title())) }
        (summary(&desk, &row, &members_shown))
        (accounts(&desk, &row).await?)
        (balances(&desk, id).await?)
        (returns::claimed(&desk, &row).await?)
        (payments(&desk, &row).await?)
        (dues(&desk, id).await?)
        (amounts(&desk, id).await?)
        (review_form(&desk, &row))
    };
    Ok(Page::new(title, content).under(ROLL).back("/desk/roll", "返回名册"))
}

/// Family and case open for whoever may read those.
fn summary(desk: &Staff, row: &EntitlementRow, members: &[&str]) -> Markup {
    let mut rows = Vec::new();
    if desk.may(Right::ReadPeople) {
        rows.push(SummaryRow::new(
            "家庭",
            html! { a.govuk-link href={ "/desk/families/" (row.household) } { "查看家庭档案" } },
        ));
    }
    rows.extend([
        SummaryRow::text("保障对象", &members.join("、")),
        SummaryRow::text("月金额（元）", &row.monthly.map_or_else(|| "—".to_owned(), yuan)),
        SummaryRow::text("起始月份", &row.from.zh()),
        SummaryRow::text("本系统首发月份", &row.first_due.zh()),
    ]);
    if let Some(until) = row.until {
        rows.push(SummaryRow::text("最后月份", &until.zh()));
    }
    if let Some(reason) = &row.end_reason {
        rows.push(SummaryRow::text("终止原因", reason));
    }
    if let Some(reason) = &row.pause_reason {
        rows.push(SummaryRow::text("停发、暂缓原因", reason));
    }
    let review = row.review_due_on.map_or_else(|| "未定".to_owned(), |day| day.to_string());
    rows.push(SummaryRow::text("下次核查", &review));
    rows.push(SummaryRow::text("决定文号", &row.reference));
    if let Some(case) = row.case.filter(|_| desk.may(Right::ReadCase)) {
        rows.push(SummaryRow::new(
            "办件",
            html! { a.govuk-link href={ "/desk/cases/" (case) } { "查看办件" } },
        ));
    }
    parts::summary_list(&rows)
}

async fn accounts(desk: &Desk<ReadPayments>, row: &EntitlementRow) -> Result<Markup, Fault> {
    let id = row.id;
    let payees = pages::payees(desk.office().db(), &desk.scope(), id).await?;
    let me = desk.actor().staff;
    let waiting = payees.iter().any(|payee| payee.state == PayeeState::Proposed);
    let rows = payees
        .iter()
        .map(|payee| {
            let settle =
                payee.state == PayeeState::Proposed && desk.may_for(Right::PayeeConfirm, &row.programme);
            let action = format!("/desk/roll/{id}/payee/{}", payee.id);
            vec![
                html! { (account_words(desk.office(), &payee.bank, &payee.number_tail)) },
                html! { (payee.holder_name) },
                html! { @if let Some(why) = &payee.withdrawn { "已停用：" (why) } @else { (payee.state.title()) } },
                html! { (payee.reason) },
                html! { (payee.proposed_at.zh()) },
                html! { (moment(payee.confirmed_at)) },
                html! {
                    @if settle && payee.proposed_by == Some(me) { "须由另一人复核" }
                    @else if settle {
                        (form_post(&action, &desk.key(), &html! {
                            (submit("确认", ButtonKind::Primary, Some(("settle", "confirm")))) " "
                            (submit("退回", ButtonKind::Warning, Some(("settle", "refuse"))))
                        }))
                    }
                },
            ]
        })
        .collect();
    let heads = ["账户", "户名", "状态", "变更原因", "提出", "复核", "办理"];
    let table = Table {
        id: "payees".into(),
        caption: "收款账户".into(),
        columns: heads.into_iter().map(Column::new).collect(),
        rows,
        empty: "没有收款账户，发放时不能列入批次。".into(),
        ..Table::default()
    };
    let in_use = payees.iter().any(|payee| payee.state == PayeeState::Confirmed);
    let why = payees.iter().find_map(|payee| payee.withdrawn.as_deref()).filter(|_| !in_use);
    Ok(html! {
        @if let Some(why) = why { (parts::warning_text(&format!("{why}。这以前应发的款项记作未发。"))) }
        (table)
        @if desk.may_for(Right::Payee, &row.programme) && !waiting {
            p.govuk-body { (Link::new(format!("/desk/roll/{id}/payee"), "变更收款账户")) }
        }
    })
}

async fn balances(desk: &Desk<ReadPayments>, id: EntitlementId) -> Result<Markup, Fault> {
    let balances = ledger::balances(desk.office().db(), &desk.scope(), id).await?;
    let row = |key: &'static str, amount| SummaryRow::text(key, &yuan(amount));
    Ok(html! {
        h2.govuk-heading-m { "款项（元）" }
        (parts::summary_list(&[
            row("累计应发", balances.due),
            row("已发放", balances.paid),
            row("在批次中，银行未回盘", balances.in_run),
            row("应发未发", balances.unpaid),
            row("其中曾发放失败", balances.failed),
            row("待追回", balances.recoverable),
            row("已抵扣", balances.offset),
            row("已退回", balances.returned),
        ]))
    })
}

async fn payments(desk: &Desk<ReadPayments>, row: &EntitlementRow) -> Result<Table<'static>, Fault> {
    let db = desk.office().db();
    let lines = pages::payments_of_household(db, &desk.scope(), row.household, None, PAYMENTS).await?;
    let rows = lines
        .rows
        .iter()
        .filter(|line| line.entitlement == row.id)
        .map(|line| {
            vec![
                html! { a.govuk-link href={ "/desk/payments/" (line.run) } { (line.month.zh()) } },
                html! { (line.kind.title()) },
                html! { (yuan(line.amount)) },
                html! { (line.state.title()) @if let Some(reason) = &line.reason { "：" (reason) } },
                html! {
                    @if let (Some(bank), Some(tail)) = (&line.bank, &line.number_tail) { (account_words(desk.office(), bank, tail)) }
                },
                html! { (moment(line.dated)) },
            ]
        })
        .collect();
    Ok(Table {
        id: "payments".into(),
        caption: "逐月发放".into(),
        columns: vec![
            Column::new("月份"),
            Column::new("批次"),
            Column::new("金额（元）").numeric(),
            Column::new("结果"),
            Column::new("账户"),
            Column::new("日期"),
        ],
        rows,
        empty: "还没有列入过发放批次。".into(),
        ..Table::default()
    })
}

async fn dues(desk: &Desk<ReadPayments>, id: EntitlementId) -> Result<Table<'static>, Fault> {
    let dues = pages::dues(desk.office().db(), &desk.scope(), id).await?;
    let rows = dues
        .iter()
        .map(|due| {
            vec![
                html! { (due.month.zh()) },
                html! { (due.kind.title()) },
                html! { (yuan(due.amount)) },
                html! { (due.reason) },
                html! { (due.reference) },
                html! { (due.made_at.zh()) },
            ]
        })
        .collect();
    Ok(Table {
        id: "dues".into(),
        caption: "应发记录".into(),
        columns: vec![
            Column::new("月份"),
            Column::new("类别"),
            Column::new("金额（元）").numeric(),
            Column::new("原因"),
            Column::new("依据"),
            Column::new("记账时间"),
        ],
        rows,
        empty: "还没有应发记录。".into(),
        ..Table::default()
    })
}

async fn amounts(desk: &Desk<ReadPayments>, id: EntitlementId) -> Result<Table<'static>, Fault> {
    let history = pages::amount_history(desk.office().db(), &desk.scope(), id).await?;
    let rows = history
        .iter()
        .map(|amount| {
            vec![
                html! { (amount.from) @if let Some(until) = amount.until { "至" (until) } @else { " 起" } },
                html! { (yuan(amount.monthly)) },
                html! { (amount.cause.title()) },
                html! { (amount.reason) },
                html! {
                    @match amount.case.filter(|_| desk.may(Right::ReadCase)) {
                        Some(case) => { a.govuk-link href={ "/desk/cases/" (case) } { (amount.reference) } },
                        None => (amount.reference),
                    }
                },
                html! { (amount.recorded_at.zh()) },
                html! { (amount.superseded_at.map_or_else(|| "有效".to_owned(), |at| format!("{} 被更改", at.zh()))) },
            ]
        })
        .collect();
    Ok(Table {
        id: "amounts".into(),
        caption: "金额变动".into(),
        columns: vec![
            Column::new("月份"),
            Column::new("月金额（元）").numeric(),
            Column::new("类别"),
            Column::new("原因"),
            Column::new("依据"),
            Column::new("记录时间"),
            Column::new("效力"),
        ],
        rows,
        ..Table::default()
    })
}

/// Matters that only an office starts about a benefit of this programme.
fn review_form(desk: &Desk<ReadPayments>, row: &EntitlementRow) -> Markup {
    let release = desk.office().release();
    let items: Vec<(&str, &str)> = release
        .items
        .iter()
        .filter(|item| !item.citizens_may_file || item.opened == Opening::ReviewDue)
        // What grants is filed by the family or for it, not from the benefit.
        .filter(|item| casework::needs_benefit(item))
        .filter(|item| desk.may_for_item(Right::FileForOther, &item.id))
        .filter(|item| item.programmes.iter().any(|id| **id == row.programme))
        // What has ended is not reviewed any more, but its months may have been wrong.
        .filter(|item| row.end_reason.is_none() || casework::months::reckons(item))
        .map(|item| (item.id.get().as_str(), item.title.as_str()))
        .collect();
    let offered = !items.is_empty();
    html! {
        @if offered {
            h2.govuk-heading-m { "核查" }
            @for (item, title) in items {
                (form_post(&format!("/desk/roll/{}/review", row.id), &desk.key(), &html! {
                    (hidden("item", item))
                    (submit(&format!("开始办理：{title}"), ButtonKind::Secondary, None))
                }))
            }
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Review {
    item: String,
}

pub(super) async fn review(
    desk: Desk<FileForOther>,
    Path(id): Path<EntitlementId>,
    KeyedForm { key, form, .. }: KeyedForm<Review>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let draft = drafts::begin(desk.office(), Filler::Desk(desk.granted()), &form.item, Some(id)).await?;
    let to = format!("/desk/drafts/{draft}");
    remember(&desk, &key, &to).await?;
    Ok(SeeOther::to(to).into())
}
