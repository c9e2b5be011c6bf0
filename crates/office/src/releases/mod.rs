//! Releases of the packs: which one is in force, the old ones that cases still run under, and standards changed on pages.
//!
//! - [`install`] freezes packs from files and puts them in force; [`newer_packs`] looks at those for a living database, compares them and finds
//!   what they would break ([`Obstacle`]), [`import_packs`] takes them in; [`current`] reads what is in force; [`kept`] gives any
//!   release that ever was, from memory after the first time; [`follow`] takes over what another process put in force;
//! - [`standards()`]: every parameter and row of a table of a division on a day with its source; [`propose`] and [`release_change`]: a change
//!   proposed by one person and released by another, as a `database` layer on top of the packs; [`propose_together`]: several that one document
//!   sets, which are released, refused or withdrawn together;
//! - [`Subject`]: what a change is about, a parameter, a [`TableCell`] or a [`RulePart`];
//! - [`RulePart`]: a part of a rule is changed in the same two hands, its text in place of a number, and holds from a day of the law;
//! - [`preview_change`], [`make_reviews`], [`confirm_increases`]: what a changed standard means for the families that are paid;
//! - [`month_figures`], [`propose_months`], [`release_month`]: numbers that are published for each month, entered and put in force together;
//! - changes of the divisions' tree ([`crate::divisions`]) go on top of the packs in the same way;
//! - [`export_pack`] writes the packs in force, the database layer with them, back as files.
//!
//! A release is never altered and never deleted: a decision made under it is replayed with it years later.

use store::{Migration, ScopeColumns, id_type};

mod changes;
mod export;
mod in_force;
mod kept;
mod layer;
mod monthly;
mod newer;
mod obstacles;
mod of_divisions;
mod proposal;
mod rule_part;
mod standard_change;
mod standard_review;
mod standards;
mod subject;
mod table_cell;
mod typed_value;

pub use changes::{
    ChangeState, REVIEW_JOB, Released, StandardChangeView, change_lines, changes, find_change, propose,
    propose_together, refuse_change, release_change, withdraw_change,
};
pub use export::export_pack;
pub use in_force::{current, follow, install};
pub use kept::{Kept, kept};
pub use monthly::{
    MonthFigures, MonthRow, MonthsTaken, month_figures, month_template, monthly, propose_months,
    release_month, take_in_months,
};
pub use newer::{Newer, administrator, import_packs, newer_packs};
pub use obstacles::Obstacle;
pub(crate) use of_divisions::{demand_in_force, put_divisions_in_force, with_divisions};
pub use proposal::{NewStandardChange, StandardLine};
pub use rule_part::RulePart;
pub use standard_change::{Effect, Preview, ReviewKind, StandardReviewId, make_reviews, preview_change};
pub use standard_review::{
    Confirmed, ReviewLine, confirm_increases, open_review, reviews, reviews_by_kind, settle_review,
};
pub use standards::{Standard, StandardValue, standard_history, standards};
pub use subject::Subject;
pub use table_cell::TableCell;
pub(crate) use typed_value::read_value;

id_type! {
    /// A proposed or released change of a standard.
    StandardChangeId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261121_releases", sql: include_str!("../../migrations/20261121_releases.sql") },
    Migration {
        name: "20261122_standard_review",
        sql: include_str!("../../migrations/20261122_standard_review.sql"),
    },
    Migration {
        name: "20261203_standard_lines",
        sql: include_str!("../../migrations/20261203_standard_lines.sql"),
    },
];

/// Scope columns of `standard_change sc`: changes for a division of the subtree.
pub const STANDARD_CHANGE_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "sc.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};
