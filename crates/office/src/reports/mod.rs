//! Numbers for leaders and offices, each with the list of the very rows that were counted.
//!
//! - [`roll_figures`]: families, persons and money of a month, by the divisions one step below and by area;
//!   [`roll_list`] opens any of them; [`paid_by_month`]: what the bank paid, month by month;
//! - [`case_figures`]: applications, open work by step, outcomes, clocks kept; [`case_list`] opens any of them;
//! - [`glance`]: the whole place at once, for its leaders (驾驶舱);
//! - [`fairness`](fn@fairness): decisions and alerts by group and place;
//! - [`layers`](fn@layers): who has which kind of help, and how many kinds at once (分层分类);
//! - [`performance`](fn@performance): whether decisions were right, whether the roll moves, what a person gets beside a year ago;
//! - [`delegation`]: where confirming lies with the township;
//! - [`roll_sheet`], [`paid_sheet`], [`case_sheet`] and [`glance_sheet`](fn@glance_sheet): the same as Excel or CSV;
//! - [`shown`]: the same for pages, which may be some minutes old and say so.
//!
//! A figure is a statement over live tables in the reader's scope and businesses; nothing is stored, so a figure and its list agree.

use store::{DivisionId, Migration, Scope};
use vocab::Level;

use crate::access::{Granted, Report};
use crate::divisions::{self, DivisionView};
use crate::{Office, OfficeError};

mod case_figures;
mod case_list;
mod delegation;
mod fairness;
mod glance;
mod glance_sheet;
mod kept;
mod layers;
mod own;
mod performance;
mod roll_figures;
mod roll_list;
mod sheet;
pub mod shown;

pub use case_figures::{CaseFigures, CaseQuery, ClockFigures, Counted, case_figures};
pub use case_list::{CaseCounted, CaseReportLine, case_list};
pub use delegation::{Delegated, DelegatedPlace, delegation};
pub use fairness::{Dimension, FairGroup, Fairness, fairness, fairness_sheet};
pub use glance::{Glance, ItemGlance, MonthGlance, PlaceGlance, ProgrammeGlance, glance, glance_now};
pub use glance_sheet::glance_sheet;
pub use kept::Reckoned;
pub use layers::{Heads, LayerLine, Layers, layers, layers_sheet};
pub use performance::{Performance, PerformanceLine, performance, performance_sheet};
pub use roll_figures::{
    AreaFigures, PaidMonth, RollFigures, RollQuery, RollReport, paid_by_month, roll_figures,
};
pub(crate) use roll_figures::{GRANTED, PAUSED, PERSONS};
pub use roll_list::{RollCounted, RollLine, roll_list};
pub use sheet::{case_sheet, paid_sheet, roll_sheet};
pub(crate) use shown::Shelves;

/// Indexes that the figures read by; the tables are their owners'.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261122_reports", sql: include_str!("../../migrations/20261122_reports.sql") },
    Migration { name: "20261201_figures", sql: include_str!("../../migrations/20261201_figures.sql") },
];

/// A division within the reader's reach and those one step below it, in the order of their codes.
#[derive(Clone)]
struct Area {
    scope: Scope,
    whole: DivisionView,
    parts: Vec<DivisionView>,
    /// The level of the parts; none for a village.
    level: Option<Level>,
}

async fn area(
    office: &Office,
    actor: &Granted<Report>,
    division: Option<DivisionId>,
) -> Result<Area, OfficeError> {
    area_of(office, place(office, actor, division).await?).await
}

/// The division asked for, the reader's own if none, once it is known to lie within the reader's reach.
async fn place(
    office: &Office,
    actor: &Granted<Report>,
    division: Option<DivisionId>,
) -> Result<DivisionId, OfficeError> {
    let division = division.unwrap_or(actor.division);
    divisions::within(office.db(), actor.division, division).await?;
    Ok(division)
}

/// The area of a division that somebody was let in to.
async fn area_of(office: &Office, division: DivisionId) -> Result<Area, OfficeError> {
    let whole = divisions::find(office.db(), division).await?;
    let level = match whole.level {
        Level::Nation | Level::Province => Some(Level::Prefecture),
        Level::Prefecture => Some(Level::County),
        Level::County => Some(Level::Township),
        Level::Township => Some(Level::Village),
        Level::Village => None,
    };
    let parts = match level {
        Some(level) => divisions::at_level(office.db(), division, level).await?,
        None => vec![whole.clone()],
    };
    Ok(Area { scope: Scope::Subtree(division), whole, parts, level })
}
