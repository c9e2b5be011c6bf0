//! 政策仿真: move a standard or rewrite a rule on a copy, and see at once what it would mean for the whole area, in numbers.
//!
//! [`form`]: values; [`rules`]: texts of a programme; [`results`]: what would come of it; [`saved`]: what was kept, compared, taken out.

use office::access::Right;

use crate::layout::NavEntry;
use crate::routes::{Routes, get, post};

mod form;
mod results;
mod rules;
mod saved;

pub(crate) use form::VALUES;

/// The name of these pages in the navigation.
const NAV_ID: &str = "simulation";
const HERE: &str = "/desk/simulation";

/// The entry of the staff navigation.
pub const NAV: NavEntry =
    NavEntry { id: NAV_ID, href: HERE, text: "政策仿真", rights: &[Right::Simulate] };

/// Routes under `/desk/simulation`.
pub fn routes() -> Routes {
    Routes::new()
        .route(HERE, get(form::page))
        .route("/desk/simulation/population", post(form::refresh))
        .route("/desk/simulation/rules", get(rules::list))
        .route("/desk/simulation/rules/{programme}", get(rules::page).post(rules::run))
        .route("/desk/simulation/save", post(saved::save))
        .route("/desk/simulation/saved", get(saved::list))
        .route("/desk/simulation/compare", get(saved::compare))
        .route("/desk/simulation/saved/{simulation}", get(saved::page))
        .route("/desk/simulation/saved/{simulation}/sheet", get(saved::sheet))
        .route("/desk/simulation/saved/{simulation}/pdf", get(saved::pdf).post(saved::ask_pdf))
}

/// The faces of these pages.
fn faces() -> [crate::ui::page::NavLink<'static>; 3] {
    use crate::ui::page::NavLink;
    [
        NavLink::new("values", HERE, "改标准"),
        NavLink::new("rules", "/desk/simulation/rules", "改规则"),
        NavLink::new("saved", "/desk/simulation/saved", "已保存的仿真"),
    ]
}
