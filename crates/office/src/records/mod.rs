//! Registers of the packs: lists of things with a life, each in a table of its own, all run by this one room.
//!
//! - [`tables`]: the tables, made from the release and only ever expanded; [`needed`](mod@needed): what records need of it; [`columns`]: a value in its column and back;
//! - [`read`]: records by id; [`list`]: lists with filters, sums and pages, [`map`](mod@map) the same on a map; [`page`]: everything on a record's page;
//! - [`look_up`]: from typed words to the record, person, family or division that is meant;
//! - [`draft`]: answers before they are a record; [`write`]: add and change, [`batch`] many in one transaction; [`row`]: what stands in the tables; [`transition`]: from state to state; [`conflict`]: two people at one record;
//! - [`history`]: every version, who and why; [`papers`]: scans and photos, [`row_files`] those of the rows of lists; [`letters`]: what a way to another state sends;
//! - [`shape`]: a record as the rules language sees it; [`settle`]: computed fields, alerts and duties after every change and every night, [`raised`] the alerts;
//! - [`addressed`]: what departments outside civil affairs read and answer; [`organisation`]: what organisations report of themselves;
//! - [`online`]: what anybody enters on the open site, and asks after by its number;
//! - [`enter`]: records that a case enters; [`found`]: what was found in a record and is followed in another register; [`joins`]: what is told again of one thing; [`fed`]: registers of people that follow from what is known of them;
//! - [`enter`]: records that a case enters; [`found`]: what was found in a record and is followed in another register; [`joins`]: what is told again of one thing; [`fed`]: registers of people that follow from what is known of them; [`reviewed`]: records that call for a review;
//! - [`follow`]: records of a person who turned out to be another one;
//! - [`find`]: the words under which they are found;
//! - [`duties`], [`alerts`]: what is to be done; [`duty_plan`]: when in the month, and by whom; [`rates`]: how much of it was; [`by_month`]: where stands what came in;
//! - [`resource`]: records for other systems; [`events`]: what became of them, behind a number;
//! - [`sheet`]: the columns of files; [`take_out`]: Excel, CSV, JSON, GeoJSON, Parquet; [`take_in`]: import with preview, job and undo;
//! - [`bulk`]: one change to many records, with preview, job and undo.
//!
//! A register is opened by [`open`]: the right of the post for the register's business, narrowed by the pack.

use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::{Field, Holders, Register};
use store::{Migration, Scope, ScopeColumns, id_type};

use crate::access::{Actor, Right};
use crate::{Office, OfficeError};

pub mod addressed;
pub mod alerts;
mod batch;
pub mod bulk;
pub mod by_month;
mod columns;
pub mod conflict;
mod draft;
pub mod duties;
pub mod duty_plan;
mod enter;
pub mod events;
mod fed;
pub(crate) mod find;
pub(crate) mod follow;
mod found;
pub mod history;
mod joins;
pub mod letters;
pub mod list;
mod look_up;
pub mod map;
mod needed;
pub mod online;
pub mod organisation;
pub mod own;
pub mod page;
pub mod papers;
mod raised;
pub mod rates;
mod read;
pub mod resource;
mod reviewed;
mod row;
mod row_files;
pub mod rows;
mod settle;
mod shape;
pub mod sheet;
mod tables;
pub mod take_in;
pub mod take_out;
mod transition;
mod write;

pub use batch::enter_many;
pub(crate) use columns::{column, table};
pub use draft::{Draft, draft_of};
pub(crate) use enter::{Entry, enter, seen_by_rules, titles};
pub(crate) use joins::people_in_hand;
pub use look_up::{LookedUp, look_up};
pub(crate) use needed::needed;
pub(crate) use rates::percent as percent_of;
pub use read::Record;
pub(crate) use read::open_batch;
pub use settle::{nightly, settle_register};
pub(crate) use shape::{Circumstances, Named, households, persons};
pub use tables::prepare;
pub(crate) use tables::prepare_in;
pub use transition::{Moved, Offered, asked, may_take, move_record};
pub use write::{Deed, NewVersion, Saved, save};

id_type! {
    /// A record of a register; counted in each register by itself.
    RecordId,
    /// One time at which a duty falls due.
    RecordDutyId,
    /// An alert.
    RecordAlertId,
    /// A file read into a register.
    RecordImportId,
    /// A change to many records at once.
    RecordBulkId,
    /// A scan or photo of a record.
    RecordFileId,
    /// A letter of a record.
    RecordLetterId,
}

/// Tables of this module that do not come from packs.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261122_records", sql: include_str!("../../migrations/20261122_records.sql") },
    Migration {
        name: "20261127_record_bulk",
        sql: include_str!("../../migrations/20261127_record_bulk.sql"),
    },
    Migration {
        name: "20261127_record_event",
        sql: include_str!("../../migrations/20261127_record_event.sql"),
    },
    Migration { name: "20261128_duty_plan", sql: include_str!("../../migrations/20261128_duty_plan.sql") },
    Migration {
        name: "20261129_duty_counted",
        sql: include_str!("../../migrations/20261129_duty_counted.sql"),
    },
    Migration {
        name: "20261129_record_papers",
        sql: include_str!("../../migrations/20261129_record_papers.sql"),
    },
    Migration {
        name: "20261202_record_noted",
        sql: include_str!("../../migrations/20261202_record_noted.sql"),
    },
    Migration {
        name: "20261203_duty_follows",
        sql: include_str!("../../migrations/20261203_duty_follows.sql"),
    },
    Migration {
        name: "20261204_alert_grade",
        sql: include_str!("../../migrations/20261204_alert_grade.sql"),
    },
];

/// Scope columns of any register's table `r`.
pub const RECORD_COLUMNS: ScopeColumns =
    ScopeColumns { subtree: Some(WITHIN), own: None, task: None, organisation: None };

const WITHIN: &str =
    "r.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)";

/// Scope columns of a register's table `r` for whoever points at a record: what the pack shares (`shared`) as well. Only id, title and the
/// name of the place may be read by them.
pub(crate) fn pointed_at(register: &Register) -> ScopeColumns {
    use catalogue::definition::Shared;
    let subtree = match register.shared {
        None => WITHIN,
        Some(Shared::Below) => BELOW,
        Some(Shared::County) => COUNTY,
        Some(Shared::Prefecture) => PREFECTURE,
    };
    ScopeColumns { subtree: Some(subtree), ..ScopeColumns::NONE }
}

/// Where the reader is, or above.
const BELOW: &str = "r.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?) \
    OR (r.closed_on IS NULL AND r.division_id IN (SELECT up.ancestor_id FROM division_closure up WHERE up.descendant_id = ?))";
/// Or anywhere in the reader's county.
const COUNTY: &str = "r.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?) \
    OR (r.closed_on IS NULL AND (r.division_id IN (SELECT up.ancestor_id FROM division_closure up WHERE up.descendant_id = ?) \
    OR r.county_id = (SELECT own.county_id FROM division own WHERE own.id = ?)))";
/// Or anywhere in the reader's prefecture.
const PREFECTURE: &str = "r.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?) \
    OR (r.closed_on IS NULL AND (r.division_id IN (SELECT up.ancestor_id FROM division_closure up WHERE up.descendant_id = ?) \
    OR r.division_id IN (SELECT down.descendant_id FROM division_closure up JOIN division city ON city.id = up.ancestor_id \
    AND city.level = 'prefecture' JOIN division_closure down ON down.ancestor_id = city.id WHERE up.descendant_id = ?)))";

/// What a record's own rules read, wherever it lies.
const RULES: Scope = Scope::System("what the rules of a register read");

/// The day up to which every record was settled.
const SETTLED_ON: &str = "records.settled_on";

/// A register that an actor has opened, and the release that defines it.
#[derive(Debug, Clone)]
pub struct Open {
    release: Arc<Release>,
    id: String,
}

impl Open {
    /// The release.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// The register.
    #[must_use]
    pub fn register(&self) -> &Register {
        self.release.registers.get(&self.id).expect("an open register is one of its release")
    }
}

/// Opens a register for one of the three rights: to read, to keep, to import.
///
/// # Errors
/// [`OfficeError::NotFound`] for a register that is not there, and for one that the post may not open: the two look alike.
pub fn open(office: &Office, actor: &Actor, register: &str, right: Right) -> Result<Open, OfficeError> {
    let release = office.release();
    let found = release.registers.get(register).filter(|register| may(actor, register, right)).is_some();
    if found {
        Ok(Open { release, id: register.to_owned() })
    } else {
        Err(OfficeError::NotFound("这个登记簿"))
    }
}

/// Whether a post may do something with a register.
#[must_use]
pub fn may(actor: &Actor, register: &Register, right: Right) -> bool {
    let reads = actor.may_in(Right::ReadRecords, &register.business) && holds(actor, &register.rights.read);
    let narrowed = match right {
        Right::ReadRecords => true,
        Right::KeepRecords => holds(actor, &register.rights.keep),
        Right::ImportRecords => holds(actor, &register.rights.keep) && holds(actor, &register.rights.import),
        _ => true,
    };
    reads && narrowed && actor.may_in(right, &register.business)
}

/// Table and person's column of a register that the system feeds.
pub(crate) fn fed_table(register: &Register) -> Option<(String, String)> {
    let fed = register.fed.as_ref()?;
    Some((table(register), column(register.field(&fed.person)?)))
}

/// The registers that a post may read, in the order of the packs.
#[must_use]
pub fn readable(office: &Office, actor: &Actor) -> Vec<Open> {
    let release = office.release();
    let registers = release.registers.iter().filter(|register| may(actor, register, Right::ReadRecords));
    let ids: Vec<String> = registers.map(|register| register.id.get().clone()).collect();
    ids.into_iter().map(|id| Open { release: Arc::clone(&release), id }).collect()
}

/// Whether a post is among the holders.
#[must_use]
pub fn holds(actor: &Actor, holders: &Holders) -> bool {
    let level = holders.levels.is_empty() || holders.levels.iter().any(|level| same(*level, actor.level));
    let role = holders.roles.is_empty()
        || holders.roles.iter().any(|role| actor.roles.iter().any(|held| held.code() == role.as_str()));
    level && role
}

fn same(level: catalogue::definition::Level, other: vocab::Level) -> bool {
    vocab_level(level) == Some(other)
}

/// The level of an office; none for the family itself.
pub(crate) fn vocab_level(level: catalogue::definition::Level) -> Option<vocab::Level> {
    use catalogue::definition::Level;
    match level {
        Level::Applicant => None,
        Level::Village => Some(vocab::Level::Village),
        Level::Township => Some(vocab::Level::Township),
        Level::County => Some(vocab::Level::County),
        Level::Prefecture => Some(vocab::Level::Prefecture),
    }
}

/// Whether an actor may see a field of a register that they read.
#[must_use]
pub fn sees(actor: &Actor, field: &Field) -> bool {
    field.read.as_ref().is_none_or(|holders| holds(actor, holders))
}

/// Whether an actor who keeps a register may change a field.
#[must_use]
pub fn writes(actor: &Actor, field: &Field) -> bool {
    sees(actor, field) && field.change.as_ref().is_none_or(|holders| holds(actor, holders))
}
