//! Who may do what, and who did.
//!
//! - [`rights`]: the table of roles, rights and levels;
//! - [`actor`]: [`Actor`], [`Citizen`] and the proof [`Granted`];
//! - [`sign_in`]: staff by password, citizens by one-time code; [`session`]: what a sign-in lasts;
//! - [`staff`]: accounts and posts; [`citizen_code`]: handing out codes;
//! - [`duties`]: two hands and 回避;
//! - [`audit_search`]: who did and who looked.

use store::{Migration, ScopeColumns};

mod actor;
mod audit_search;
mod citizen_code;
mod duties;
mod password;
mod rights;
mod session;
mod settings;
mod sign_in;
mod staff;

pub use actor::{Actor, Citizen, Granted, PostId, SessionId};
pub use audit_search::{AuditFilter, AuditRow, Look, search_audit, who_looked};
pub use citizen_code::{CodeChannel, IssuedCode, issue_citizen_code};
pub use duties::{different_person, not_of_own_family};
pub use password::Secret;
pub use rights::*;
pub use session::{SignedIn, forget_expired, resume, set_large_text, sign_out, switch_post};
pub use settings::AccessSettings;
pub use sign_in::{change_password, sign_in_citizen, sign_in_staff};
pub use staff::{
    NewPost, NewStaff, PostView, StaffPage, StaffView, actor_of_synthetic, add_post, citizen_of_synthetic,
    create_first_administrator, create_staff, end_post, find_staff, own_posts, reset_password, set_disabled,
    staff_list, staff_page, update_staff,
};

/// Tables of this module.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "20261121_access", sql: include_str!("../../migrations/20261121_access.sql") }];

/// Scope columns of `staff s`.
pub const STAFF_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "s.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};
