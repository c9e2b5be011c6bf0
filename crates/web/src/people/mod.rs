//! Persons and families: search, pages, changes of members, duplicates.

use axum::Router;
use office::access::Right;

use crate::layout::NavEntry;
use crate::state::AppState;

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] =
    &[NavEntry { id: "people", href: "/desk/people", text: "对象档案", rights: &[Right::ReadPeople] }];

/// Routes under `/desk/people` and `/desk/families`.
pub fn routes() -> Router<AppState> {
    Router::new()
}
