//! 标准: every number that a place sets, as it holds in a division on a day, with its source; changed by two persons.

use office::access::Right;

use crate::layout::NavEntry;
use crate::routes::{Routes, get, post};

mod change;
mod form;
mod list;
mod months;
mod next;
mod reviews;

pub(crate) use form::proposal_address;

/// The name of these pages in the navigation.
const NAV_ID: &str = "standards";

/// The entry of the staff navigation.
pub const NAV: NavEntry = NavEntry {
    id: NAV_ID,
    href: "/desk/standards",
    text: "政策标准",
    rights: &[Right::ProposeStandard, Right::ReleaseStandard, Right::Report],
};

/// Routes under `/desk/standards` and `/desk/standard-changes`.
pub fn routes() -> Routes {
    let uploads = Routes::new()
        .route("/desk/month-figures/file", post(months::file))
        .layer(crate::form_body::upload_limit());
    Routes::new()
        .route("/desk/month-figures", get(months::page).post(months::propose))
        .route("/desk/month-figures/template", get(months::template))
        .route("/desk/month-figures/release", post(months::release))
        .merge(uploads)
        .route("/desk/standards", get(list::page))
        .route("/desk/standards/next", get(next::page))
        .route("/desk/standards/{parameter}", get(list::history))
        .route("/desk/standards/{parameter}/change", get(form::form_page).post(form::propose))
        .route("/desk/standard-changes", get(change::list))
        .route("/desk/standard-changes/{id}", get(change::page))
        .route("/desk/standard-changes/{id}/release", post(change::release))
        .route("/desk/standard-changes/{id}/refuse", post(change::refuse))
        .route("/desk/standard-changes/{id}/withdraw", post(change::withdraw))
        .route("/desk/standard-changes/{id}/reviews", get(reviews::page))
        .route("/desk/standard-changes/{id}/reviews/confirm", post(reviews::confirm_all))
        .route(
            "/desk/standard-changes/{id}/reviews/{review}",
            get(reviews::settle_page).post(reviews::settle),
        )
}
