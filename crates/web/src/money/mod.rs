//! Roll, payments, standards and numbers.

use axum::Router;

use crate::layout::NavEntry;
use crate::state::AppState;

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] = &[];

/// Routes under `/desk`.
pub fn routes() -> Router<AppState> {
    Router::new()
}
