//! 窗口预约: who comes to the window on which day, and whether they came; a place booked, moved or taken back for whoever calls.

use axum::extract::Query;
use chrono::NaiveDate;
use maud::html;
use office::access::{self, Accept, Right};
use office::bookings::window::{self, Caller, Window};
use office::bookings::{self, BookingId, BookingState, Half};
use office::casework::needs_benefit;
use office::{OfficeError, people};
use serde::Deserialize;
use vocab::{PersonName, Phone, zh_date};

use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, button_link, error_summary, form_post, hidden, radios, select, submit,
    text_input,
};
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
            html! { (booking.name) @if let Some(phone) = &booking.phone { br; span.govuk-hint { (phone) } } },
            html! {
                @match item {
                    // One queue for all businesses; what the others come for is not told.
                    Some(item) if !desk.may_for_item(Right::Accept, &item.id) => "其他业务",
                    Some(item) => (item.title),
                    None => "先问一问",
                }
            },
            match booking.state {
                BookingState::Came => tag(Colour::Green, booking.state.title()),
                BookingState::Missed => tag(Colour::Grey, booking.state.title()),
                _ => tag(Colour::Blue, booking.state.title()),
            },
            html! {
                @if booking.state == BookingState::Booked && day <= today {
                    (deed("came", "已到", ButtonKind::Primary)) (deed("missed", "没有来", ButtonKind::Secondary))
                }
                @if booking.state == BookingState::Booked && day >= today {
                    p.govuk-body { (Link::new(format!("{HERE}/{}/move", booking.id), "改时间").about(format!("：{}", booking.name))) }
                    (form_post(&format!("{HERE}/{}/cancel", booking.id), &desk.key(), &html! {
                        (hidden("day", &day.to_string()))
                        (submit("取消预约", ButtonKind::Secondary, None))
                    }))
                }
                @if booking.state != BookingState::Booked { "—" }
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
        p { (button_link(&format!("{HERE}/new"), "代群众预约", ButtonKind::Secondary)) }
        p.govuk-body { "没有预约直接来的，照样当场办理。" }
    };
    Ok(Page::new("窗口预约", content).under("work"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct For {
    person: String,
}

/// `GET /desk/bookings/new`
pub(super) async fn begin(desk: Desk<Accept>, Query(asked): Query<For>) -> Result<Page, Fault> {
    let typed = Fields(vec![("person".to_owned(), asked.person)]);
    new_page(&desk, &typed, &Errors::none()).await
}

async fn new_page(desk: &Desk<Accept>, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let office = desk.office();
    let person = match typed.get("person") {
        "" => None,
        id => {
            let id = id.parse().map_err(|_| Fault::Hidden)?;
            let person = people::find_person(office, office.db(), &desk.scope(), id).await?;
            let subject = ("person", person.id.0);
            access::opened(office, desk.actor(), "booking.for_person", subject, None, desk.actor().division)
                .await?;
            Some(person)
        }
    };
    let body = match window::window(office, desk.granted()).await {
        Err(OfficeError::Conflict(words)) => html! { p.govuk-body { (words) } },
        Err(error) => return Err(error.into()),
        Ok(window) if window.slots.iter().all(|slot| slot.free == 0) => html! {
            p.govuk-body { (window.window) "现在没有可以预约的时间，请群众上班时间直接来。" }
        },
        Ok(window) => {
            let release = office.release();
            let items: Vec<Choice<'_>> = release
                .items
                .iter()
                .filter(|item| item.citizens_may_file && !needs_benefit(item))
                .filter(|item| desk.may_for_item(Right::Accept, &item.id))
                .map(|item| Choice::new(item.id.as_str(), item.title.as_str()))
                .collect();
            form_post(
                &format!("{HERE}/new"),
                &desk.key(),
                &html! {
                    @if let Some(person) = &person {
                        (hidden("person", &person.id.to_string()))
                        p.govuk-body { "为" strong { (person.name) } "（" (person.residence_name) "）预约" (window.window) "。" }
                    } @else {
                        p.govuk-body { "预约的是" strong { (window.window) } "。人员库里有的，从他的档案页预约，他在手机上也看得到。" }
                        (text_input(&Field::new("name", "群众姓名").value(typed.get("name")).errors(errors)))
                        (text_input(&Field::new("phone", "电话").hint("有变动时联系用").inputmode("tel")
                            .value(typed.get("phone")).errors(errors)))
                    }
                    (select(&Field::new("item", "办什么").value(typed.get("item")).optional().errors(errors), &items, Some("先问一问")))
                    (radios(&Field::new("slot", "什么时候来").value(typed.get("slot")).errors(errors), &slot_choices(&window)))
                    (submit("预约", ButtonKind::Primary, None))
                },
            )
        }
    };
    let content = html! {
        (error_summary(errors))
        (heading(Some(&desk.actor().division_name), "代群众预约"))
        (body)
    };
    Ok(Page::new("代群众预约", content).under("work").back(HERE, "返回窗口预约").errors(errors))
}

fn slot_choices(window: &Window) -> Vec<Choice<'static>> {
    let free = window.slots.iter().filter(|slot| slot.free > 0);
    free.map(|slot| {
        let words = format!("{}{}", zh_date(slot.day), slot.half.title());
        Choice::new(format!("{}/{}", slot.day, slot.half), words).hint(format!("还有 {} 个名额", slot.free))
    })
    .collect()
}

fn slot_of(fields: &Fields, errors: &mut Errors) -> Option<(NaiveDate, Half)> {
    let slot = fields
        .get("slot")
        .split_once('/')
        .and_then(|(day, half)| Some((vocab::parse_date(day).ok()?, half.parse::<Half>().ok()?)));
    if slot.is_none() {
        errors.add("slot", "请选择什么时候来。");
    }
    slot
}

fn caller_of(fields: &Fields, errors: &mut Errors) -> Option<Caller> {
    if let Ok(person) = fields.get("person").parse() {
        return Some(Caller::Person(person));
    }
    let name =
        fields.get("name").parse::<PersonName>().map_err(|error| errors.add("name", error.to_string()));
    let phone = fields.get("phone").parse::<Phone>().map_err(|error| errors.add("phone", error.to_string()));
    Some(Caller::Named { name: name.ok()?, phone: phone.ok()? })
}

/// `POST /desk/bookings/new`
pub(super) async fn book(desk: Desk<Accept>, form: KeyedForm<Fields>) -> Result<Answer, Fault> {
    let fields = &form.form;
    let mut errors = Errors::none();
    let (caller, slot) = (caller_of(fields, &mut errors), slot_of(fields, &mut errors));
    if let (Some(caller), Some(slot)) = (caller, slot) {
        let item = Some(fields.get("item")).filter(|item| !item.is_empty());
        match window::book(desk.office(), desk.granted(), &caller, slot, item, &form.key).await {
            Ok(_) => {
                let to = SeeOther::to(address(HERE, &[("day", &slot.0.to_string())]));
                return Ok(to.done("已经预约。").into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(new_page(&desk, fields, &errors).await?.into())
}

/// `GET /desk/bookings/{booking}/move`
pub(super) async fn move_form(desk: Desk<Accept>, Path(id): Path<BookingId>) -> Result<Answer, Fault> {
    match move_page(&desk, id, &Fields::default(), &Errors::none()).await {
        Ok(page) => Ok(page.into()),
        Err(Fault::Refused(words)) => Ok(SeeOther::to(HERE).note(words).into()),
        Err(fault) => Err(fault),
    }
}

async fn move_page(
    desk: &Desk<Accept>,
    id: BookingId,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let (booking, window) = window::open(desk.office(), desk.granted(), id).await?;
    let form = html! {
        (radios(&Field::new("slot", "改到什么时候").value(typed.get("slot")).errors(errors), &slot_choices(&window)))
        (submit("改时间", ButtonKind::Primary, None))
    };
    let content = html! {
        (error_summary(errors))
        (heading(Some(&booking.name), "改预约时间"))
        p.govuk-body { "原来约的是" (zh_date(booking.day)) (booking.half.title()) "，" (booking.place) "号。" }
        (form_post(&format!("{HERE}/{id}/move"), &desk.key(), &form))
    };
    Ok(Page::new("改预约时间", content).under("work").back(HERE, "返回窗口预约").errors(errors))
}

/// `POST /desk/bookings/{booking}/move`
pub(super) async fn move_to(
    desk: Desk<Accept>,
    Path(id): Path<BookingId>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    if let Some(slot) = slot_of(&form.form, &mut errors) {
        match window::move_to(desk.office(), desk.granted(), id, slot, &form.key).await {
            Ok(()) => {
                let to = SeeOther::to(address(HERE, &[("day", &slot.0.to_string())]));
                return Ok(to.done("已经改到这一天。").into());
            }
            Err(OfficeError::Conflict(words)) => return Ok(SeeOther::to(HERE).note(words).into()),
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(move_page(&desk, id, &form.form, &errors).await?.into())
}

/// `POST /desk/bookings/{booking}/cancel`
pub(super) async fn cancel(
    desk: Desk<Accept>,
    Path(id): Path<BookingId>,
    form: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let back = SeeOther::to(address(HERE, &[("day", form.form.get("day"))]));
    match window::cancel(desk.office(), desk.granted(), id, &form.key).await {
        Ok(()) => Ok(back.done("预约已经取消，名额空出来了。")),
        Err(OfficeError::Conflict(words)) => Ok(back.note(words)),
        Err(error) => Err(error.into()),
    }
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
