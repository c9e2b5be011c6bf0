//! Citizens' pages. What needs a sign-in stands under `/my/`; `/services` and the check beforehand need none.

use axum::Router;

use crate::state::AppState;

mod family;
mod looks;

/// The navigation of a signed-in citizen: id, address, words.
pub const NAV: &[(&str, &str, &str)] =
    &[("home", "/", "首页"), ("family", "/my/family", "我的家庭"), ("looks", "/my/looks", "谁看过我的资料")];

/// Routes.
pub fn routes() -> Router<AppState> {
    Router::new().merge(family::routes()).merge(looks::routes())
}
