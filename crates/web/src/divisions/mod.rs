//! 行政区划: the tree with both code schemes and its history, for everybody in office; changes of it, prepared and approved by two persons.

use office::access::Right;

use crate::layout::NavEntry;
use crate::routes::{Routes, get, post};

mod change;
mod form;
mod tree;

/// The name of these pages in the navigation.
const NAV_ID: &str = "divisions";
/// The tree.
const HERE: &str = "/desk/divisions";
/// Its changes.
const CHANGES: &str = "/desk/division-changes";

/// The entry of the staff navigation. The pages themselves are open to every post.
pub const NAV: NavEntry = NavEntry {
    id: NAV_ID,
    href: HERE,
    text: "行政区划",
    rights: &[Right::ProposeStandard, Right::ReleaseStandard, Right::ReadRecords, Right::ManageStaff],
};

/// Routes under `/desk/divisions` and `/desk/division-changes`.
pub fn routes() -> Routes {
    let uploads = Routes::new()
        .route("/desk/divisions/{division}/change", get(form::page).post(form::propose))
        .layer(crate::form_body::upload_limit());
    Routes::new()
        .route("/desk/divisions", get(tree::top))
        .route("/desk/divisions/{division}", get(tree::page))
        .route("/desk/divisions/{division}/sheet", get(tree::sheet))
        .merge(uploads)
        .route("/desk/division-changes", get(change::list))
        .route("/desk/division-changes/{division_change}", get(change::page))
        .route("/desk/division-changes/{division_change}/file", get(change::file))
        .route("/desk/division-changes/{division_change}/approve", post(change::approve))
        .route("/desk/division-changes/{division_change}/refuse", post(change::refuse))
        .route("/desk/division-changes/{division_change}/withdraw", post(change::withdraw))
}
