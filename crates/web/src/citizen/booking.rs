//! 预约到窗口办理: a half day at the window of one's own township, booked and taken back on any device.

use maud::{Markup, html};
use office::OfficeError;
use office::bookings::{self, Booking, BookingId, Half, Offer};
use office::casework::needs_benefit;
use vocab::zh_date;

use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, CitizenDesk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::routes::{Routes, get, post};
use crate::ui::form::{ButtonKind, Choice, Errors, Field, error_summary, form_post, radios, select, submit};
use crate::ui::parts::{SummaryRow, heading, help_aside, summary_list, with_aside};

const HERE: &str = "/my/booking";

pub(super) fn routes() -> Routes {
    Routes::new().route(HERE, get(show).post(book)).route("/my/booking/{booking}/cancel", post(cancel))
}

async fn show(desk: CitizenDesk) -> Result<Page, Fault> {
    page(&desk, &Fields::default(), &Errors::none()).await
}

async fn page(desk: &CitizenDesk, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let body = match bookings::offer(desk.office(), desk.citizen()).await {
        Ok(offer) => offered(desk, &offer, typed, errors),
        Err(OfficeError::Conflict(words)) => html! { p.govuk-body { (words) } },
        Err(error) => return Err(error.into()),
    };
    let main = html! {
        (error_summary(errors))
        (heading(None, "预约到窗口办理"))
        (body)
    };
    let aside = help_aside(&desk.state.site.help(), &[]);
    Ok(Page::new("预约到窗口办理", with_aside(&main, &aside)).under("services").errors(errors))
}

fn offered(desk: &CitizenDesk, offer: &Offer, typed: &Fields, errors: &Errors) -> Markup {
    if let Some(booked) = &offer.booked {
        return standing(desk, &offer.window, booked);
    }
    if offer.slots.is_empty() {
        return html! { p.govuk-body { (offer.window) "现在不用预约，上班时间可以直接去，也可以先打电话。在网上也可以直接申请。" } };
    }
    let release = desk.office().release();
    let slots: Vec<Choice<'_>> = offer
        .slots
        .iter()
        .filter(|slot| slot.free > 0)
        .map(|slot| {
            let words = format!("{}{}", zh_date(slot.day), slot.half.title());
            Choice::new(format!("{}/{}", slot.day, slot.half), words)
                .hint(format!("还有 {} 个名额", slot.free))
        })
        .collect();
    let items: Vec<Choice<'_>> = release
        .items
        .iter()
        .filter(|item| item.citizens_may_file && !needs_benefit(item))
        .map(|item| Choice::new(item.id.as_str(), item.title.as_str()))
        .collect();
    let body = html! {
        (select(&Field::new("item", "办什么").value(typed.get("item")).optional().errors(errors), &items, Some("先去问一问")))
        (radios(&Field::new("slot", "什么时候来").value(typed.get("slot")).errors(errors), &slots))
        (submit("预约", ButtonKind::Primary, None))
    };
    html! {
        p.govuk-body { "预约的是" strong { (offer.window) } "。不预约也可以直接去；预约了可以少等。" }
        @if slots.is_empty() { p.govuk-body { "这几天都约满了，可以直接去，或者打电话。" } }
        @else { (form_post(HERE, &desk.key(), &body)) }
    }
}

fn standing(desk: &CitizenDesk, window: &str, booked: &Booking) -> Markup {
    let release = desk.office().release();
    let item = booked.item.as_deref().and_then(|item| release.items.get(item));
    html! {
        (summary_list(&[
            SummaryRow::text("去哪里", window),
            SummaryRow::text("什么时候", &format!("{}{}", zh_date(booked.day), booked.half.title())),
            SummaryRow::text("第几号", &format!("{}{}号", booked.half.title(), booked.place)),
            SummaryRow::text("办什么", item.map_or("先去问一问", |item| item.title.as_str())),
        ]))
        p.govuk-body { "请带身份证。系统里已经登记的材料不用带。" }
        (form_post(&format!("{HERE}/{}/cancel", booked.id), &desk.key(), &submit("取消预约", ButtonKind::Secondary, None)))
    }
}

async fn book(desk: CitizenDesk, form: KeyedForm<Fields>) -> Result<Answer, Fault> {
    let fields = &form.form;
    let slot = fields
        .get("slot")
        .split_once('/')
        .and_then(|(day, half)| Some((vocab::parse_date(day).ok()?, half.parse::<Half>().ok()?)));
    let errors = match slot {
        None => {
            let mut errors = Errors::none();
            errors.add("slot", "请选择什么时候来。");
            errors
        }
        Some(slot) => {
            let item = Some(fields.get("item")).filter(|item| !item.is_empty());
            match bookings::book(desk.office(), desk.citizen(), slot, item, &form.key).await {
                Ok(_) => return Ok(SeeOther::to(HERE).done("已经预约。").into()),
                Err(OfficeError::Conflict(words)) => return Ok(SeeOther::to(HERE).note(words).into()),
                Err(error) => form_errors(error)?,
            }
        }
    };
    Ok(page(&desk, fields, &errors).await?.into())
}

async fn cancel(
    desk: CitizenDesk,
    Path(id): Path<BookingId>,
    form: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    if let Begun::Again(_) = desk.begin(&form.key).await? {
        return Ok(SeeOther::to(HERE));
    }
    bookings::cancel(desk.office(), desk.citizen(), id).await?;
    Ok(SeeOther::to(HERE).done("预约已经取消。"))
}
