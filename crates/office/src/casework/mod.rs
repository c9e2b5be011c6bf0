//! One matter in hand, from the form that opens it to the letter that ends it.
//!
//! What may be done, by whom, in which order and by when stands in the pack's item; this module runs it. [`filing`] makes a case of a
//! finished form, [`act`](mod@act) does one action of it in one transaction, [`effects`] are the closed vocabulary of what an action can
//! do, [`clocks`] count the days, [`determine`] asks the rules and keeps their answer, [`tick`] moves on what only time moves,
//! [`reviews`] opens the reviews that fall due, [`months`] reckons past months anew and [`late`] finds by night which, [`sampling`] draws decided cases by lot. [`other_help`] names
//! what else a family may ask for, [`joint`] begins everything that it needs at once; [`Replaced`] is what a grant takes the place of; [`view`], [`timeline`], [`lists`] and
//! [`notices`] are what people read; [`entries`] are records that a case enters into registers; [`letters`] and [`attachments`] are paper.
//!
//! No effect decides. A decision is an action of a named officer, and the rules' determination stands beside it.

use catalogue::definition::{Effect, Item};
use store::{Migration, ScopeColumns, id_type};

pub mod act;
pub mod attachments;
pub mod clocks;
pub mod determine;
pub mod drafts;
pub mod effects;
pub mod entries;
pub mod filing;
pub mod form_context;
pub mod joint;
mod known;
pub mod late;
pub mod letters;
pub mod lists;
pub mod months;
pub mod notices;
mod opening;
pub mod other_help;
mod replaced;
pub mod reviews;
pub mod sampling;
mod situation;
pub mod taken_in;
mod tasks;
pub mod tick;
pub mod timeline;
mod trace;
pub mod view;

pub use act::{Acted, Deed, Doer};
pub use determine::DeterminationId;
pub(crate) use opening::see_all;
pub use replaced::Replaced;
pub use situation::CaseRow;
pub(crate) use tasks::{end_county_reviews, end_late, give_county_review};

/// Tables of this module; they point at people, staff and entitlements.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261121_casework", sql: include_str!("../../migrations/20261121_casework.sql") },
    Migration { name: "20261122_reviews", sql: include_str!("../../migrations/20261122_reviews.sql") },
    Migration {
        name: "20261122_clear_change",
        sql: include_str!("../../migrations/20261122_clear_change.sql"),
    },
    Migration { name: "20261122_sampling", sql: include_str!("../../migrations/20261122_sampling.sql") },
    Migration { name: "20261123_case_seen", sql: include_str!("../../migrations/20261123_case_seen.sql") },
    Migration { name: "20261124_matters", sql: include_str!("../../migrations/20261124_matters.sql") },
    Migration { name: "20261125_case_entry", sql: include_str!("../../migrations/20261125_case_entry.sql") },
    Migration { name: "20261127_grounds", sql: include_str!("../../migrations/20261127_grounds.sql") },
    Migration { name: "20261128_joint", sql: include_str!("../../migrations/20261128_joint.sql") },
    Migration { name: "20261128_case_month", sql: include_str!("../../migrations/20261128_case_month.sql") },
    Migration { name: "20261129_late", sql: include_str!("../../migrations/20261129_late.sql") },
    Migration { name: "20261130_taken_in", sql: include_str!("../../migrations/20261130_taken_in.sql") },
    Migration {
        name: "20261203_publication",
        sql: include_str!("../../migrations/20261203_publication.sql"),
    },
    Migration {
        name: "20261204_hearing_absence",
        sql: include_str!("../../migrations/20261204_hearing_absence.sql"),
    },
    Migration {
        name: "20261204_random_check",
        sql: include_str!("../../migrations/20261204_random_check.sql"),
    },
];

id_type! {
    /// A line of a case's trace.
    EventId,
    /// Answers of one form of a case.
    FormId,
    /// Work for one office.
    TaskId,
    /// A notice in a village.
    NoticeId,
    /// A photo or scan.
    AttachmentId,
    /// A letter.
    LetterId,
    /// An unfinished form.
    DraftId,
    /// A draw of cases to be checked.
    DrawId,
    /// A verification by sample.
    RandomCheckId,
}

/// Whether a matter is about a benefit that the family has already: its decision changes one and grants none.
#[must_use]
pub fn needs_benefit(item: &Item) -> bool {
    !item.actions.iter().any(|action| action.effects.iter().any(|effect| **effect == Effect::Grant))
}

/// Who sees a case `c`: the offices that handle, registered or decide it and all above them; its family.
pub const CASE: ScopeColumns = ScopeColumns {
    subtree: Some("EXISTS (SELECT 1 FROM case_division cd WHERE cd.division_id = ? AND cd.case_id = c.id)"),
    own: Some(
        "EXISTS (SELECT 1 FROM membership m WHERE m.household_id = c.household_id AND m.person_id = ? \
         AND m.until_on IS NULL AND m.superseded_at IS NULL)",
    ),
    task: Some("c.id = ?"),
    organisation: None,
};

/// The last day that somebody lived whole: whoever died in the night was of the family, and had what they had, the day before.
fn last_day(died_on: chrono::NaiveDate) -> chrono::NaiveDate {
    died_on.pred_opt().unwrap_or(died_on)
}
