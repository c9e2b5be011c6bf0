//! 窗口预约: who comes to the window on which day, and whether they came.

use axum::extract::Query;
use maud::html;
use office::OfficeError;
use office::access::Accept;
use office::bookings::{self, BookingId, BookingState};
use serde::Deserialize;
use vocab::zh_date;

use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::extract::{Begun, Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{ButtonKind, form_post, hidden, submit};
use crate::ui::parts::{Colour, heading, tag};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

const HERE: &str = "/desk/bookings";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    day: String,
}

/// `GET /desk/bookings`
pub(super) async fn list(desk: Desk<Accept>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let office = desk.office();
    let today = office.now().today();
    let day = vocab::parse_date(&ask.day).unwrap_or(today);
    let found = bookings::of_day(office, desk.granted(), day).await?;
    let release = office.release();
    let rows = found.iter().map(|booking| {
        let item = booking.item.as_deref().and_then(|item| release.items.get(item));
        let deed = |deed: &str, words: &str, kind: ButtonKind| {
            form_post(&format!("{HERE}/{}", booking.id), &desk.key(), &html! {
                (hidden("deed", deed)) (hidden("day", &day.to_string()))
                (submit(words, kind, None))
            })
        };
        vec![
            html! { (booking.half.title()) (booking.place) "号" },
            html! { (booking.name) },
            html! { (item.map_or("先问一问", |item| item.title.as_str())) },
            match booking.state {
                BookingState::Came => tag(Colour::Green, booking.state.title()),
                BookingState::Missed => tag(Colour::Grey, booking.state.title()),
                _ => tag(Colour::Blue, booking.state.title()),
            },
            html! {
                @if booking.state == BookingState::Booked && day <= today {
                    (deed("came", "已到", ButtonKind::Primary)) (deed("missed", "没有来", ButtonKind::Secondary))
                } @else { "—" }
            },
        ]
    });
    let to = |days: i64| address(HERE, &[("day", &(day + chrono::Duration::days(days)).to_string())]);
    let content = html! {
        (heading(Some(&desk.actor().division_name), "窗口预约"))
        p.govuk-body { (Link::new(to(-1), "前一天")) "　" strong { (zh_date(day)) } "　" (Link::new(to(1), "后一天")) }
        (Table {
            id: "bookings".into(),
            caption: format!("{}来办事的人", zh_date(day)).into(),
            columns: ["几号", "姓名", "办什么", "状态", "登记"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "这一天没有人预约。".into(),
            ..Table::default()
        })
        p.govuk-body { "没有预约直接来的，照样当场办理。" }
    };
    Ok(Page::new("窗口预约", content).under("work"))
}

/// `POST /desk/bookings/{booking}`
pub(super) async fn settle(
    desk: Desk<Accept>,
    Path(id): Path<BookingId>,
    form: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let fields = &form.form;
    let back = SeeOther::to(address(HERE, &[("day", fields.get("day"))]));
    if let Begun::Again(_) = desk.begin(&form.key).await? {
        return Ok(back);
    }
    match bookings::settle(desk.office(), desk.granted(), id, fields.get("deed") == "came").await {
        Ok(()) => Ok(back.done("已登记。")),
        Err(OfficeError::Conflict(words)) => Ok(back.note(words)),
        Err(error) => Err(error.into()),
    }
}
