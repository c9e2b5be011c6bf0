//! 在册名册: who receives what in a month, filtered, summed, and as a file.

use axum::extract::Query;
use axum::response::{IntoResponse as _, Response};
use ledger::EntitlementState;
use ledger::pages::{EntitlementRow, RollFilter};
use maud::{Markup, html};
use office::access::{Export, ReadPayments, Reveal, Right};
use office::roll::business;
use office::roll::export::export_roll;
use office::tabular::ListFormat;
use office::{divisions, people};
use serde::Deserialize;
use vocab::{Fen, Level};

use super::ROLL;
use super::common::{self, ROWS, cursor, download, month_or_now, places, programme_title, yuan};
use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::KeyedForm;
use crate::ui::address;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_link, checkboxes, error_summary, form_post, hidden,
    radios, select, submit, text_input,
};
use crate::ui::parts::{self, Colour};
use crate::ui::table::{Column, Pager, Table, Total};

/// A count goes no further.
const COUNT_MAX: u32 = 10_000;

/// What is asked, as the address has it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    month: String,
    programme: String,
    township: String,
    village: String,
    state: String,
    review_before: String,
    after: String,
}

impl Ask {
    fn filter(&self, desk: &Desk<ReadPayments>) -> RollFilter {
        RollFilter {
            programmes: (!self.programme.is_empty()).then(|| vec![self.programme.clone()]),
            township: common::division(&self.township),
            division: common::division(&self.village),
            state: self.state.parse().ok(),
            review_before: common::day(&self.review_before),
            ..RollFilter::of(month_or_now(desk.office(), &self.month))
        }
    }

    fn pairs(&self) -> [(&'static str, &str); 6] {
        [
            ("month", &self.month),
            ("programme", &self.programme),
            ("township", &self.township),
            ("village", &self.village),
            ("state", &self.state),
            ("review_before", &self.review_before),
        ]
    }
}

/// The colour of an entitlement's state.
pub(super) fn colour(state: EntitlementState) -> Colour {
    match state {
        EntitlementState::Pending => Colour::Blue,
        EntitlementState::Active => Colour::Green,
        EntitlementState::Suspended => Colour::Red,
        EntitlementState::Held => Colour::Orange,
        EntitlementState::Ended => Colour::Grey,
    }
}

pub(super) async fn page(desk: Desk<ReadPayments>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    list(&desk, &ask, &Errors::none()).await
}

async fn list(desk: &Desk<ReadPayments>, ask: &Ask, errors: &Errors) -> Result<Page, Fault> {
    let office = desk.office();
    let filter = ask.filter(desk);
    let after = cursor(&ask.after)?;
    let found = business::roll(office, desk.granted(), &filter, after.as_ref(), ROWS).await?;
    let count = business::roll_count(office, desk.granted(), &filter, COUNT_MAX).await?;
    let names = people::names(office.db(), found.rows.iter().map(|row| row.holder)).await?;
    let ids = found.rows.iter().flat_map(|row| [row.township, row.division]);
    let places = divisions::names(office.db(), ids).await?;
    let rows = found
        .rows
        .iter()
        .map(|row| {
            let name = names.get(&row.holder).map_or("—", String::as_str);
            let place = |id| places.get(&id).map_or("", String::as_str);
            vec![
                html! { a.govuk-link href={ "/desk/roll/" (row.id) } { (name) } },
                html! { (place(row.township)) " " (place(row.division)) },
                html! { (programme_title(office, &row.programme)) },
                parts::tag(colour(row.state), row.state.title()),
                html! { (row.members) },
                html! { (row.monthly.map_or_else(|| "—".to_owned(), yuan)) },
                html! { (row.from) @if let Some(until) = row.until { "至" (until) } },
                html! { @match row.review_due_on { Some(day) => (day), None => "—" } },
            ]
        })
        .collect();
    let total = u64::from(count.counted);
    let table = Table {
        id: "roll".into(),
        caption: format!("{}在册名册", filter.month.zh()).into(),
        columns: vec![
            Column::new("户主"),
            Column::new("地区"),
            Column::new("待遇项目"),
            Column::new("状态"),
            Column::new("人数").numeric(),
            Column::new("月金额（元）").numeric(),
            Column::new("起止月份"),
            Column::new("下次核查"),
        ],
        rows,
        sums: Some(page_sums(&found.rows)),
        total: Some(if count.more { Total::AtLeast(total) } else { Total::Exactly(total) }),
        pager: Some(Pager {
            previous: None,
            next: found.next.as_ref().map(|next| {
                let next = next.to_string();
                let mut pairs = ask.pairs().to_vec();
                pairs.push(("after", &next));
                address("/desk/roll", &pairs).into()
            }),
        }),
        ..Table::default()
    };
    let filter_fields = filter_fields(desk, ask, &filter).await?;
    let content = html! {
        (error_summary(errors))
        (parts::heading(None, "在册管理"))
        @if desk.may(Right::ManageRoll) && desk.actor().level == Level::County {
            (button_link("/desk/roll/import", "导入名册", ButtonKind::Secondary))
        }
        (parts::with_sidebar(&parts::filter("/desk/roll", &[], &filter_fields), &html! {
            (table)
            @if desk.may(Right::Export) { (export_form(desk, ask, errors)) }
        }))
    };
    Ok(Page::new("在册管理", content).under(ROLL).errors(errors))
}

fn page_sums(rows: &[EntitlementRow]) -> Vec<Markup> {
    let members: i64 = rows.iter().map(|row| row.members).sum();
    let monthly = Fen::checked_sum(rows.iter().filter_map(|row| row.monthly));
    let empty = || html! {};
    vec![
        html! { "本页合计" },
        html! { (rows.len()) " 户" },
        empty(),
        empty(),
        html! { (members) },
        html! { (monthly.map_or_else(|| "—".to_owned(), yuan)) },
        empty(),
        empty(),
    ]
}

async fn filter_fields(desk: &Desk<ReadPayments>, ask: &Ask, filter: &RollFilter) -> Result<Markup, Fault> {
    let (office, actor) = (desk.office(), desk.actor());
    let townships = match actor.level {
        Level::Township | Level::Village => Vec::new(),
        _ => common::reach(office, actor.division, Level::Township).await?,
    };
    let of = filter.township.or((actor.level == Level::Township).then_some(actor.division));
    let villages = match of {
        Some(township) => {
            divisions::within(office.db(), actor.division, township).await?;
            divisions::children(office.db(), township).await?
        }
        None => Vec::new(),
    };
    let states: Vec<Choice<'_>> =
        EntitlementState::ALL.iter().map(|state| Choice::new(state.as_str(), state.title())).collect();
    Ok(html! {
        (common::month_field(filter.month))
        (common::own_programme_field(desk, &ask.programme))
        @if !townships.is_empty() {
            (select(&Field::new("township", "乡镇（街道）").value(ask.township.as_str()), &places(&townships), Some("全部")))
        }
        @if !villages.is_empty() {
            (select(&Field::new("village", "村（社区）").value(ask.village.as_str()), &places(&villages), Some("全部")))
        }
        (select(&Field::new("state", "状态").value(ask.state.as_str()), &states, Some("全部")))
        (text_input(&Field::new("review_before", "应在此日前核查").hint("例如 2026-12-01").value(ask.review_before.as_str()).width(Width::Chars10)))
    })
}

fn export_form(desk: &Desk<ReadPayments>, ask: &Ask, errors: &Errors) -> Markup {
    let formats = [Choice::new("xlsx", "Excel"), Choice::new("csv", "CSV")];
    parts::details(
        "导出名册",
        &form_post(
            "/desk/roll/export",
            &desk.key(),
            &html! {
                @for (name, value) in ask.pairs() { (hidden(name, value)) }
                (text_input(&Field::new("purpose", "用途").hint("写入文件和审计记录。").max_chars(100).errors(errors)))
                (radios(&Field::new("format", "格式").value("xlsx").inline(), &formats))
                @if desk.may(Right::Reveal) {
                    (checkboxes(&Field::new("whole", "身份证号码"), &[Choice::new("yes", "显示完整号码")], &[]))
                }
                (submit("导出", ButtonKind::Secondary, None))
            },
        ),
    )
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ExportForm {
    #[serde(flatten)]
    ask: Ask,
    purpose: String,
    format: String,
    whole: String,
}

pub(super) async fn export(
    desk: Desk<ReadPayments>,
    KeyedForm { form, .. }: KeyedForm<ExportForm>,
) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let whole = if form.whole == "yes" { Some(desk.grant::<Reveal>()?) } else { None };
    let format = if form.format == "csv" { ListFormat::Csv } else { ListFormat::Excel };
    let filter = form.ask.filter(&desk);
    match export_roll(desk.office(), &export, whole.as_ref(), &filter, format, &form.purpose).await {
        Ok(file) => Ok(download(&file.name, format.mime(), file.bytes)),
        Err(error) => Ok(list(&desk, &form.ask, &form_errors(error)?).await?.into_response()),
    }
}
