//! Staff accounts and posts, other systems that are told of changes, and the audit.

use office::access::Right;

use crate::layout::NavEntry;
use crate::routes::{Routes, get, post};

mod audit;
mod posts;
mod staff;
mod subscriptions;

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] = &[
    NavEntry { id: "admin", href: "/desk/admin/staff", text: "工作人员", rights: &[Right::ManageStaff] },
    NavEntry {
        id: subscriptions::NAV_ID,
        href: subscriptions::HERE,
        text: "对外推送",
        rights: &[Right::ManageExchange],
    },
    NavEntry { id: "audit", href: "/desk/admin/audit", text: "审计查询", rights: &[Right::SearchAudit] },
];

/// Routes under `/desk/admin`.
pub fn routes() -> Routes {
    Routes::new()
        .route("/desk/admin/staff", get(staff::list))
        .route("/desk/admin/staff/new", get(staff::new_form).post(staff::create))
        .route("/desk/admin/staff/{staff}", get(staff::account))
        .route("/desk/admin/staff/{staff}/change", get(staff::change_form).post(staff::change))
        .route("/desk/admin/staff/{staff}/disable", post(staff::disable))
        .route("/desk/admin/staff/{staff}/enable", post(staff::enable))
        .route("/desk/admin/staff/{staff}/reset", post(staff::reset))
        .route("/desk/admin/staff/{staff}/posts/new", get(posts::form).post(posts::give))
        .route("/desk/admin/posts/{post}/end", post(posts::end))
        .route("/desk/admin/subscriptions", get(subscriptions::list).post(subscriptions::create))
        .route("/desk/admin/subscriptions/{subscription}", get(subscriptions::page).post(subscriptions::turn))
        .route("/desk/admin/audit", get(audit::search))
        .route("/desk/admin/audit/export", post(audit::export))
}
