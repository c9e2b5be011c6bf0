//! 乡镇备用金: what lies with which township, its book, and what the county puts in, makes up and takes back.

use axum::extract::{Path, Query};
use axum::response::Response;
use ledger::reserve::ReserveEntry;
use ledger::{ReserveEntryId, ReserveFundId, ReserveKind, ReserveState};
use maud::{Markup, html};
use office::access::{ApproveRun, Export, MakeRun, ReadPayments, Right};
use office::roll::reserve::{self, FundView, Wanted};
use serde::Deserialize;
use store::DivisionId;
use vocab::{Fen, Level};

use super::PAYMENTS;
use super::common::{ROWS, already, cursor, download, places, reach, remember, yuan};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::figures::format_of;
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, buttons, error_summary, form_post, hidden, select, submit,
    text_input,
};
use crate::ui::parts::{self, Colour, SummaryRow, summary_list};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const HERE: &str = "/desk/reserve";

/// `GET /desk/reserve`
pub(super) async fn page(desk: Desk<ReadPayments>) -> Result<Page, Fault> {
    list(&desk, &Fields::default(), &Errors::none()).await
}

async fn list(desk: &Desk<ReadPayments>, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let funds = reserve::funds(desk.office(), desk.granted()).await?;
    let rows = funds.iter().map(|view| {
        vec![
            html! { (Link::new(format!("{HERE}/{}", view.fund.id), view.township.as_str())) },
            html! { (yuan(view.fund.balance)) },
            html! { (yuan(view.fund.advanced)) },
            html! { (view.fund.waiting) },
        ]
    });
    let table = Table {
        id: "funds".into(),
        caption: "各乡镇（街道）备用金".into(),
        columns: vec![
            Column::new("乡镇（街道）"),
            Column::new("余额（元）").numeric(),
            Column::new("已垫付、未补足（元）").numeric(),
            Column::new("待复核（笔）").numeric(),
        ],
        rows: rows.collect(),
        empty: "还没有备用金。".into(),
        ..Table::default()
    };
    let form = match desk.actor().county.filter(|_| desk.may(Right::MakeRun)) {
        Some(county) => Some(proposal_form(desk, county, typed, errors).await?),
        None => None,
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("资金发放"), "临时救助备用金"))
        p.govuk-body { "急难情况先救助：乡镇（街道）从备用金垫付，手续补齐以后由县级补足。余额不足时不能垫付。" }
        (table)
        @if let Some(form) = form { (form) }
    };
    Ok(Page::new("临时救助备用金", content)
        .under(PAYMENTS)
        .back("/desk/payments", "返回资金发放")
        .errors(errors))
}

async fn proposal_form(
    desk: &Desk<ReadPayments>,
    county: DivisionId,
    typed: &Fields,
    errors: &Errors,
) -> Result<Markup, Fault> {
    let townships = reach(desk.office(), county, Level::Township).await?;
    let kinds = [Choice::new("allot", "拨付"), Choice::new("give_back", "收回")];
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(typed.get(name)).errors(errors)
    };
    let body = html! {
        (select(&field("township", "乡镇（街道）"), &places(&townships), Some("请选择")))
        (select(&field("kind", "事项"), &kinds, Some("请选择")))
        (text_input(&field("amount", "金额（元）").inputmode("decimal").width(Width::Chars10)))
        (text_input(&field("reference", "依据").hint("文件名称、文号或者会议纪要。").max_chars(100)))
        (buttons("提交，等待另一人复核", &[]))
    };
    Ok(html! {
        section {
            h2.govuk-heading-m { "拨付或者收回" }
            (form_post(HERE, &desk.key(), &body))
        }
    })
}

/// `POST /desk/reserve`
pub(super) async fn propose(
    desk: Desk<MakeRun>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let mut errors = Errors::none();
    let township: Option<DivisionId> = typed::id(&form, "township", "请选择乡镇（街道）。", &mut errors);
    let amount: Option<Fen> = match Fen::from_yuan(form.get("amount")) {
        Ok(amount) if amount.0 > 0 => Some(amount),
        Ok(_) => {
            errors.add("amount", "金额应大于零。");
            None
        }
        Err(error) => {
            errors.add("amount", error.to_string());
            None
        }
    };
    let reference = typed::text(&form, "reference", "请填写依据。", &mut errors);
    let wanted = match (form.get("kind"), amount) {
        ("allot", Some(amount)) => Some(Wanted::Allot(amount)),
        ("give_back", Some(amount)) => Some(Wanted::GiveBack(amount)),
        (_, None) => None,
        _ => {
            errors.add("kind", "请选择事项。");
            None
        }
    };
    if let (Some(township), Some(wanted), Some(reference)) = (township, wanted, reference) {
        match reserve::propose(desk.office(), desk.granted(), township, wanted, &reference).await {
            Ok(fund) => {
                let to = format!("{HERE}/{fund}");
                remember(&desk, &key, &to).await?;
                return Ok(SeeOther::to(to).done("已提交，等待另一人复核。").into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(list(&desk.desk()?, &form, &errors).await?.into())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    after: String,
    format: String,
}

/// `GET /desk/reserve/{fund}`
pub(super) async fn book(
    desk: Desk<ReadPayments>,
    Path(id): Path<ReserveFundId>,
    Query(ask): Query<Ask>,
) -> Result<Page, Fault> {
    book_page(&desk, id, &ask, &Fields::default(), &Errors::none()).await
}

async fn book_page(
    desk: &Desk<ReadPayments>,
    id: ReserveFundId,
    ask: &Ask,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let view = reserve::fund(desk.office(), desk.granted(), id).await?;
    let after = cursor(&ask.after)?;
    let page = reserve::book(desk.office(), desk.granted(), id, after.as_ref(), ROWS).await?;
    let (ready, sum) = reserve::to_replenish(desk.office(), desk.granted(), id).await?;
    let here = format!("{HERE}/{id}");
    let exports = parts::exports(desk.may(Right::Export), &format!("{here}/sheet"));
    let table = Table {
        id: "book".into(),
        caption: "台账".into(),
        columns: vec![
            Column::new("时间"),
            Column::new("事项"),
            Column::new("收入（元）").numeric(),
            Column::new("支出（元）").numeric(),
            Column::new("余额（元）").numeric(),
            Column::new("依据"),
            Column::new("状态"),
        ],
        rows: page.rows.iter().map(line).collect(),
        exports,
        empty: "还没有账目。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| here.clone().into()),
            next: page.next.as_ref().map(|next| address(&here, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let waiting: Vec<&ReserveEntry> =
        page.rows.iter().filter(|entry| entry.state == ReserveState::Proposed).collect();
    let rows = [
        SummaryRow::text("余额", &format!("{} 元", yuan(view.fund.balance))),
        SummaryRow::text("已垫付、未补足", &format!("{} 元", yuan(view.fund.advanced))),
    ];
    let title = format!("{}备用金", view.township);
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("临时救助备用金"), &title))
        (summary_list(&rows))
        @if desk.may(Right::ApproveRun) { @for entry in &waiting { (settle_form(desk, &here, entry)) } }
        @else if !waiting.is_empty() { (parts::inset(&html! { p.govuk-body { "有 " (waiting.len()) " 笔等待另一人复核。" } })) }
        @if desk.may(Right::MakeRun) && !ready.is_empty() { (replenish_form(desk, &here, &view, ready.len(), sum, typed, errors)) }
        (table)
    };
    Ok(Page::new(title, content).under(PAYMENTS).back(HERE, "返回备用金").errors(errors))
}

fn line(entry: &ReserveEntry) -> Vec<Markup> {
    let comes_in = matches!(entry.kind, ReserveKind::Allot | ReserveKind::Replenish);
    let amount = || html! { (yuan(entry.amount)) };
    let (colour, state) = match (entry.state, entry.kind, entry.made_up_by) {
        (ReserveState::Proposed, ..) => (Colour::Yellow, "待复核"),
        (ReserveState::Refused, ..) => (Colour::Grey, "未通过"),
        (ReserveState::Booked, ReserveKind::Advance, None) => (Colour::Blue, "待补足"),
        (ReserveState::Booked, ReserveKind::Advance, Some(_)) => (Colour::Green, "已补足"),
        (ReserveState::Booked, ..) => (Colour::Green, "已入账"),
    };
    vec![
        html! { (entry.made_at.zh()) },
        html! {
            (entry.kind.title())
            @if let Some(entitlement) = entry.entitlement {
                " " (Link::new(format!("/desk/roll/{entitlement}"), "看待遇").about(entry.reference.as_str()))
            }
        },
        if comes_in {
            amount()
        } else {
            html! {}
        },
        if comes_in {
            html! {}
        } else {
            amount()
        },
        html! { @if let Some(after) = entry.balance_after { (yuan(after)) } },
        html! {
            @match entry.case {
                Some(case) => (Link::new(format!("/desk/cases/{case}"), entry.reference.as_str())),
                None => (entry.reference),
            }
        },
        parts::tag(colour, state),
    ]
}

fn settle_form(desk: &Desk<ReadPayments>, here: &str, entry: &ReserveEntry) -> Markup {
    let action = format!("{here}/entries/{}", entry.id);
    let send = |settle: &str, text: &str, kind: ButtonKind| {
        form_post(&action, &desk.key(), &html! { (hidden("settle", settle)) (submit(text, kind, None)) })
    };
    parts::inset(&html! {
        p.govuk-body { "待复核：" (entry.kind.title()) " " (yuan(entry.amount)) " 元，依据 " (entry.reference) "。" }
        div.govuk-button-group {
            (send("book", "复核同意", ButtonKind::Primary))
            (send("refuse", "退回", ButtonKind::Secondary))
        }
    })
}

fn replenish_form(
    desk: &Desk<ReadPayments>,
    here: &str,
    view: &FundView,
    count: usize,
    sum: Fen,
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let body = html! {
        (hidden("township", &view.fund.township.to_string()))
        (text_input(&Field::new("reference", "依据").hint("拨款单或者文号。").value(typed.get("reference")).errors(errors).max_chars(100)))
        (buttons("提交补足，等待另一人复核", &[]))
    };
    html! {
        section {
            h2.govuk-heading-m { "补足垫付" }
            p.govuk-body { "手续已补齐、还没有补足的垫付有 " (count) " 笔，共 " (yuan(sum)) " 元。" }
            (form_post(&format!("{here}/replenish"), &desk.key(), &body))
        }
    }
}

/// `POST /desk/reserve/{fund}/replenish`
pub(super) async fn replenish(
    desk: Desk<MakeRun>,
    Path(id): Path<ReserveFundId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("{HERE}/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let reader = desk.desk::<ReadPayments>()?;
    let view = reserve::fund(reader.office(), reader.granted(), id).await?;
    let mut errors = Errors::none();
    if let Some(reference) = typed::text(&form, "reference", "请填写依据。", &mut errors) {
        let township = view.fund.township;
        match reserve::propose(desk.office(), desk.granted(), township, Wanted::Replenish, &reference).await {
            Ok(_) => {
                remember(&desk, &key, &to).await?;
                return Ok(SeeOther::to(to).done("已提交，等待另一人复核。").into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(book_page(&reader, id, &Ask::default(), &form, &errors).await?.into())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Settle {
    settle: String,
}

/// `POST /desk/reserve/{fund}/entries/{entry}`
pub(super) async fn settle(
    desk: Desk<ApproveRun>,
    Path((fund, entry)): Path<(ReserveFundId, ReserveEntryId)>,
    KeyedForm { key, form, .. }: KeyedForm<Settle>,
) -> Result<Answer, Fault> {
    let to = format!("{HERE}/{fund}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let book = form.settle == "book";
    match reserve::settle(desk.office(), desk.granted(), entry, book).await {
        Ok(_) => {
            remember(&desk, &key, &to).await?;
            let said = if book { "已入账。" } else { "已退回。" };
            Ok(SeeOther::to(to).done(said).into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(book_page(&desk.desk()?, fund, &Ask::default(), &Fields::default(), &errors).await?.into())
        }
    }
}

/// `GET /desk/reserve/{fund}/sheet`
pub(super) async fn sheet(
    desk: Desk<ReadPayments>,
    Path(id): Path<ReserveFundId>,
    Query(ask): Query<Ask>,
) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = format_of(&ask.format);
    let bytes = reserve::sheet(desk.office(), desk.granted(), &export, id, format).await?;
    Ok(download(&format!("备用金台账.{}", format.extension()), format.mime(), bytes))
}
