//! Roll and payments, with the standards and the numbers that stand beside them in the navigation.

use axum::Router;

use crate::layout::NavEntry;
use crate::state::AppState;
use crate::{figures, standards};

pub(crate) mod common;

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] = &[standards::NAV, figures::NAV];

/// Routes under `/desk`.
pub fn routes() -> Router<AppState> {
    Router::new().merge(standards::routes()).merge(figures::routes())
}
