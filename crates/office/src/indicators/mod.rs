//! Indicators of the packs: counts, sums and shares over registers, people and places, by division and month.
//!
//! - [`work`] is the job: every night it reads each register once for all indicators over it and writes the month ([`reckon`]);
//! - [`overview`], [`by_place`], [`by_month`]: the figures ([`figures`]);
//! - [`counted`]: the very records behind a figure ([`drill`]).
//!
//! The current month is written again every night; a month that is over stays as it was on its last night, with the day and the release it
//! was reckoned by. What is unknown is not counted, and how many are unknown is told.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the table of contents above is for readers of the source"
)]

use catalogue::Release;
use catalogue::definition::{Indicator, OVER_DIVISION, OVER_PERSON};
use store::{Migration, Scope, ScopeColumns};

use crate::access::{Actor, Right};

mod drill;
mod figures;
mod reckon;

pub use drill::{Behind, counted};
pub use figures::{Figure, MonthFigure, PlaceFigure, by_month, by_place, overview, sheet};
pub use reckon::{INDICATORS_JOB, reckon_now, schedule, work};

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "20261124_indicators",
    sql: include_str!("../../migrations/20261124_indicators.sql"),
}];

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
const UNITS: i64 = 10_000;

/// Whether a post may see an indicator: it reads its business, and every register that it counts.
#[must_use]
pub fn may(actor: &Actor, release: &Release, indicator: &Indicator) -> bool {
    actor.may_in(Right::ReadRecords, &indicator.business)
        && indicator.sides().all(|(_, counted)| match counted.over.as_str() {
            OVER_PERSON | OVER_DIVISION => true,
            register => release
                .registers
                .get(register)
                .is_some_and(|register| crate::records::may(actor, register, Right::ReadRecords)),
        })
}
