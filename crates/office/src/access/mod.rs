//! Who may do what, and who did.
//!
//! - [`rights`]: the rights as types; [`roles`]: which role of the packs holds which;
//! - [`actor`]: [`Actor`], [`Citizen`] and the proof [`Granted`];
//! - [`sign_in`]: staff by password, citizens by one-time code; [`session`]: what a sign-in lasts;
//! - [`staff`]: accounts; [`posts`]: who stands where; [`installation`]: the first administrator;
//! - [`citizen_code`]: handing out codes;
//! - [`duties`]: two hands and 回避;
//! - [`audit_search`]: who did and who looked; [`audit_words`]: in Chinese.

use store::{Migration, ScopeColumns};

mod actor;
mod audit_search;
pub mod audit_words;
mod citizen_code;
mod duties;
mod installation;
mod password;
mod posts;
mod rights;
mod roles;
mod session;
mod settings;
mod sign_in;
mod staff;

pub use actor::{Actor, Citizen, DEPARTMENT, Granted, ORGANISATION, PostId, SessionId};
pub use audit_search::{AuditFilter, AuditRow, Look, export_audit, opened, search_audit, who_looked};
pub use citizen_code::{CodeChannel, IssuedCode, issue_citizen_code, issue_citizen_code_in};
pub use duties::{different_person, not_of_own_family};
pub use installation::{actor_of_synthetic, citizen_of_synthetic, create_first_administrator};
pub use password::Secret;
pub use posts::{NewPost, PostView, add_post, add_post_in, end_post, end_post_in, own_posts};
pub use rights::*;
pub use roles::{Role, RoleOffer, roles};
pub(crate) use session::actor_at_post;
pub use session::{SignedIn, forget_expired, resume, set_large_text, sign_out, switch_post};
pub use settings::AccessSettings;
pub use sign_in::{change_password, sign_in_citizen, sign_in_staff};
pub use staff::{
    NewStaff, OneTimePassword, StaffPage, StaffView, create_staff, find_staff, reset_password,
    reset_password_in, set_disabled, staff_list, staff_page, update_staff,
};

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261121_access", sql: include_str!("../../migrations/20261121_access.sql") },
    Migration {
        name: "20261122_code_failure",
        sql: include_str!("../../migrations/20261122_code_failure.sql"),
    },
];

/// Scope columns of `staff s`.
pub const STAFF_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "s.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};
