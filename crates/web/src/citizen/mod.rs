//! Citizens' pages. What needs a sign-in stands under `/my/`; `/services`, the check beforehand, `/notices`, `/aid-money` and `/draws` need none.
//!
//! - [`services`]: matters and their guides; [`check`]: what the rules would say; [`notices`]: what hangs in the villages; [`aid_money`]: what aid paid; [`draws`]: draws by lot and what came of them;
//! - [`tell`]: what anybody may tell a register (举报投诉), and ask after;
//! - [`booking`]: a half day at the window; [`benefits`]: 幸福清单, 幸福码, help of other departments;
//! - [`my`]: cases, benefits, payments; [`my_case`]: one case; [`my_check`]: what departments were asked; [`authorisations`], [`looks`]: one's own data.

use crate::routes::Routes;

mod aid_money;
mod authorisations;
mod benefits;
mod booking;
mod check;
pub(crate) mod draws;
mod explain;
mod family;
mod looks;
mod my;
pub(crate) mod my_case;
mod my_check;
pub(crate) mod notices;
pub(crate) mod services;
pub(crate) mod tell;

/// The navigation of a signed-in citizen: id, address, words.
pub const NAV: &[(&str, &str, &str)] = &[
    ("home", "/", "首页"),
    ("cases", "/my/cases", "我的办件"),
    ("benefits", "/my/benefits", "幸福清单"),
    ("services", "/services", "我要办事"),
    ("family", "/my/family", "我的家庭"),
    ("looks", "/my/looks", "谁看过我的资料"),
];

/// Routes.
pub fn routes() -> Routes {
    Routes::new()
        .merge(services::routes())
        .merge(check::routes())
        .merge(notices::routes())
        .merge(aid_money::routes())
        .merge(draws::routes())
        .merge(my::routes())
        .merge(benefits::routes())
        .merge(booking::routes())
        .merge(my_case::routes())
        .merge(my_check::routes())
        .merge(authorisations::routes())
        .merge(family::routes())
        .merge(looks::routes())
        .merge(crate::wizard::routes())
}
