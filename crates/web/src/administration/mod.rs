//! Staff accounts and posts, and the audit.

use axum::Router;
use office::access::Right;

use crate::layout::NavEntry;
use crate::state::AppState;

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] = &[
    NavEntry { id: "admin", href: "/desk/admin/staff", text: "工作人员", rights: &[Right::ManageStaff] },
    NavEntry { id: "audit", href: "/desk/admin/audit", text: "审计查询", rights: &[Right::SearchAudit] },
];

/// Routes under `/desk/admin`.
pub fn routes() -> Router<AppState> {
    Router::new()
}
