//! Indicators of the packs: counts, sums and shares over registers, people, places, cases, benefits and payments, by division and month.
//!
//! - [`work`] is the job: every night it reads each source once for all indicators over it ([`count`]; cases and money as they stood on a
//!   day are [`dated`]) and writes the month ([`reckon`]);
//! - [`overview`], [`by_place`], [`by_month`]: the figures ([`figures`]);
//! - [`counted`]: the very records behind a figure ([`drill`]).
//!
//! The current month is written again every night; a month that is over stays as it was on its last night, with the day and the release it
//! was reckoned by. Where all that is counted carries its own dates the last night is the one after the month, so that nothing of its last
//! day is missed, and the month can be reckoned again ([`reckon_again`]): what comes out stands beside the figures and changes none of
//! them. What is unknown is not counted, and how many are unknown is told.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the table of contents above is for readers of the source"
)]

use catalogue::Release;
use catalogue::definition::{Indicator, Source};
use store::{Migration, Scope, ScopeColumns};

use crate::access::{Actor, Right};

mod count;
mod dated;
mod drill;
mod figures;
mod reckon;

pub use dated::Opens;
pub use drill::{Behind, BehindRow, counted, may_open};
pub use figures::{Again, Figure, MonthFigure, PlaceFigure, again, by_month, by_place, overview, sheet};
pub use reckon::{INDICATORS_JOB, is_reckoned_again, reckon_again, reckon_now, schedule, work};

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261124_indicators", sql: include_str!("../../migrations/20261124_indicators.sql") },
    Migration {
        name: "20261128_indicator_close",
        sql: include_str!("../../migrations/20261128_indicator_close.sql"),
    },
];

/// Scope columns of `indicator_value v`.
const VALUE_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "v.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// Indicators are reckoned over everything that is there.
const RECKONING: Scope = Scope::System("indicators are reckoned for every division at once");

/// How a figure is kept: in ten-thousandths.
pub(crate) const UNITS: i64 = 10_000;

/// Whether a post may see an indicator: it reads its business, and everything that it counts. Of cases and money the figures are also those
/// of whoever reads reports.
#[must_use]
pub fn may(actor: &Actor, release: &Release, indicator: &Indicator) -> bool {
    let either =
        |right| actor.may_in(Right::Report, &indicator.business) || actor.may_in(right, &indicator.business);
    actor.may_in(Right::ReadRecords, &indicator.business)
        && indicator.sides().all(|(_, counted)| match counted.source() {
            Source::Person | Source::Division => true,
            Source::Case | Source::Need => either(Right::ReadCase),
            Source::Entitlement | Source::Payment => either(Right::ReadPayments),
            Source::Register(register) => release
                .registers
                .get(register)
                .is_some_and(|register| crate::records::may(actor, register, Right::ReadRecords)),
        })
}
