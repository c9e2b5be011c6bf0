//! Registers of the packs: an index by chapter, and for each register its list, its records, forms, imports; duties and alerts of all.
//! Every page is made from the register's definition. `asked` is what an address asks of a list; `views` keeps it, `map`
//! draws and `bulk` changes what it finds.

use office::access::{Permission, ReadRecords, Right};
use office::records::{self, Open};

use crate::error::Fault;
use crate::extract::{Desk, Staff};
use crate::form_body::upload_limit;
use crate::layout::NavEntry;
use crate::routes::{Routes, get, post};
use crate::ui::page::NavLink;
use crate::ui::parts::tabs;
use maud::Markup;

mod alerts;
mod asked;
mod bulk;
mod by_month;
pub(crate) mod detail;
mod duties;
pub(crate) mod edit;
mod import;
mod index;
mod list;
mod map;
pub(crate) mod papers;
mod pick;
mod plan;
mod rates;
mod reveal;
mod views;

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] =
    &[NavEntry { id: RECORDS, href: "/desk/records", text: "登记簿", rights: &[Right::ReadRecords] }];

pub(crate) const RECORDS: &str = "records";

/// Routes under `/desk/records`, `/desk/record-duties`, `/desk/record-plan` and `/desk/record-alerts`.
pub fn routes() -> Routes {
    let uploads = Routes::new()
        .route("/desk/records/{register}/import", get(import::page).post(import::preview))
        .route("/desk/records/{register}/{record}/papers/{papers}", get(papers::page).post(papers::add))
        .route("/desk/records/{register}/new", get(edit::new).post(edit::add))
        .route("/desk/records/{register}/{record}/edit", get(edit::edit).post(edit::change))
        .route("/desk/records/{register}/{record}/do/{transition}", get(edit::transition).post(edit::take))
        .layer(upload_limit());
    Routes::new()
        .route("/desk/records", get(index::page))
        .route("/desk/records/{register}", get(list::page))
        .route("/desk/records/{register}/export", post(list::export))
        .route("/desk/records/{register}/views", get(views::page).post(views::save))
        .route("/desk/records/{register}/views/{view}/opening", post(views::opening))
        .route("/desk/records/{register}/views/{view}/remove", post(views::remove))
        .route("/desk/records/{register}/bulk", get(bulk::page).post(bulk::preview))
        .route("/desk/records/{register}/bulk/{record_bulk}", get(bulk::progress))
        .route("/desk/records/{register}/bulk/{record_bulk}/commit", post(bulk::commit))
        .route("/desk/records/{register}/bulk/{record_bulk}/resume", post(bulk::resume))
        .route("/desk/records/{register}/bulk/{record_bulk}/undo", post(bulk::undo))
        .route("/desk/records/{register}/by-month", get(by_month::page))
        .route("/desk/records/{register}/by-month/sheet", get(by_month::sheet))
        .route("/desk/records/{register}/map", get(map::page))
        .route("/desk/records/{register}/pick/{pointing}", get(pick::offered))
        .route("/desk/records/{register}/template", get(import::template))
        .route("/desk/records/{register}/import/corrected/{upload}", get(import::corrected))
        .route("/desk/records/{register}/import/commit", post(import::commit))
        .route("/desk/records/{register}/imports/{record_import}", get(import::progress))
        .route("/desk/records/{register}/imports/{record_import}/undo", post(import::undo))
        .route("/desk/records/{register}/imports/{record_import}/resume", post(import::resume))
        .route("/desk/records/{register}/{record}", get(detail::page))
        .route("/desk/records/{register}/{record}/reveal/{field}", get(reveal::ask).post(reveal::show))
        .route("/desk/records/{register}/{record}/files/{record_file}", get(papers::file))
        .route(
            "/desk/records/{register}/{record}/files/{record_file}/remove",
            get(papers::ask).post(papers::remove),
        )
        .route("/desk/records/{register}/{record}/letters/{record_letter}", get(papers::letter))
        .route("/desk/record-duties", get(duties::list))
        .route("/desk/record-duties/{duty}", get(duties::show).post(duties::send))
        .route("/desk/record-plan", get(plan::page).post(plan::make))
        .route("/desk/record-plan/move", post(plan::shift))
        .route("/desk/record-plan/next", get(plan::next))
        .route("/desk/record-plan/sheet", get(plan::sheet))
        .route("/desk/record-alerts", get(alerts::list))
        .route("/desk/record-alerts/{alert}", get(alerts::show).post(alerts::close))
        .route("/desk/record-rates", get(rates::page))
        .merge(uploads)
}

/// A register, opened for a right; whoever may not open it finds nothing.
fn opened(staff: &Staff, register: &str, right: Right) -> Result<Open, Fault> {
    Ok(records::open(staff.office(), staff.actor(), register, right)?)
}

/// The same member of staff at the desk of another right.
fn also<P: Permission>(desk: &Desk<ReadRecords>) -> Result<Desk<P>, Fault> {
    desk.desk::<P>()
}

/// The faces of the registers: lists, what is to be done, what is wrong, how much was done.
pub(crate) fn faces(current: &str) -> Markup {
    tabs(
        "登记簿",
        &[
            NavLink::new("registers", "/desk/records", "全部登记簿"),
            NavLink::new("duties", "/desk/record-duties", "到期职责"),
            NavLink::new("plan", "/desk/record-plan", "月度计划"),
            NavLink::new("alerts", "/desk/record-alerts", "预警"),
            NavLink::new("rates", "/desk/record-rates", "履行率"),
            NavLink::new("indicators", "/desk/indicators", "统计指标"),
        ],
        current,
    )
}
