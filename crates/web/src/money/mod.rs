//! Roll and payments, with the standards and the numbers that stand beside them in the navigation.

use office::access::Right;

use crate::form_body::upload_limit;
use crate::layout::NavEntry;
use crate::routes::{Routes, get, post};
use crate::{figures, standards};

pub(crate) mod answer_file;
mod bounce;
pub(crate) mod common;
mod entitlement;
mod import;
mod lines;
mod month_list;
mod payee;
mod reserve;
mod returns;
mod roll;
mod run;
mod run_deeds;
mod runs;

/// The roll in the navigation.
const ROLL: &str = "roll";
/// The payments in the navigation.
const PAYMENTS: &str = "payments";

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] = &[
    NavEntry { id: ROLL, href: "/desk/roll", text: "在册管理", rights: &[Right::ReadPayments] },
    NavEntry { id: PAYMENTS, href: "/desk/payments", text: "资金发放", rights: &[Right::ReadPayments] },
    standards::NAV,
    figures::NAV,
];

/// Routes under `/desk/roll`, `/desk/payments`, `/desk/standards` and `/desk/figures`.
pub fn routes() -> Routes {
    let uploads = Routes::new()
        .route("/desk/roll/import", get(import::page).post(import::preview))
        .route("/desk/payments/{run}/answer", get(answer_file::page).post(answer_file::read))
        .route("/desk/payments/{run}/returned", get(bounce::page).post(bounce::read))
        .layer(upload_limit());
    Routes::new()
        .route("/desk/roll", get(roll::page))
        .route("/desk/roll/export", post(roll::export))
        .route("/desk/roll/import/template", get(import::template))
        .route("/desk/roll/import/commit", post(import::commit))
        .route("/desk/roll/import/corrected/{upload}", get(import::corrected))
        .route("/desk/roll/imports/{import}", get(import::progress))
        .route("/desk/roll/imports/{import}/resume", post(import::resume))
        .route("/desk/roll/imports/{import}/undo", post(import::undo))
        .route("/desk/roll/{entitlement}", get(entitlement::page))
        .route("/desk/roll/{entitlement}/review", post(entitlement::review))
        .route("/desk/roll/{entitlement}/returns", get(returns::page).post(returns::book))
        .route("/desk/roll/{entitlement}/payee", get(payee::page).post(payee::propose))
        .route("/desk/roll/{entitlement}/payee/{payee}", post(payee::settle))
        .route("/desk/payments", get(runs::page).post(runs::make))
        .route("/desk/payments/sheet", get(runs::sheet))
        .route("/desk/payments/{run}", get(run::page))
        .route("/desk/payments/{run}/differences", get(lines::differences))
        .route("/desk/payments/{run}/lines", get(lines::page))
        .route("/desk/payments/{run}/lines/{line}/withdraw", get(lines::withdraw_page).post(lines::withdraw))
        .route("/desk/payments/{run}/approve", post(run_deeds::approve))
        .route("/desk/payments/{run}/cancel", post(run_deeds::cancel))
        .route("/desk/payments/{run}/bank-file", post(run_deeds::bank_file))
        .route("/desk/payments/{run}/returned/line", post(bounce::line))
        .route("/desk/payments/{run}/reissue", post(run_deeds::reissue))
        .route("/desk/payments/{run}/close", post(run_deeds::close))
        .route("/desk/payments/{run}/supplement", post(run_deeds::supplement))
        .route("/desk/month-lists", get(month_list::page).post(month_list::draw_up))
        .route("/desk/month-lists/sheet", get(month_list::sheet))
        .route("/desk/month-lists/{list}", get(month_list::list_page))
        .route("/desk/month-lists/{list}/sheet", get(month_list::lines_sheet))
        .route("/desk/reserve", get(reserve::page).post(reserve::propose))
        .route("/desk/reserve/{fund}", get(reserve::book))
        .route("/desk/reserve/{fund}/sheet", get(reserve::sheet))
        .route("/desk/reserve/{fund}/replenish", post(reserve::replenish))
        .route("/desk/reserve/{fund}/entries/{entry}", post(reserve::settle))
        .merge(uploads)
        .merge(standards::routes())
        .merge(crate::divisions::routes())
        .merge(figures::routes())
}
