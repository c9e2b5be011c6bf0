//! The tree of divisions: what the packs list and what was changed here, walked by every scope.
//!
//! Surrogate ids and a closure table, never prefixes of codes: codes of the statistics bureau and of civil affairs differ, and both change.
//! A division keeps its id through a new name, other codes and another place in the tree, so that whatever lies in it goes with it; one that
//! is no more is ended, not deleted, and lies under what followed it.
//!
//! - [`import`]: the tree of the packs; what a later release no longer lists is ended; `tree` writes the closure, and who lay where in which month;
//! - [`propose`], [`approve`], [`refuse`], [`withdraw`]: a change of the tree (行政区划调整) in two hands, by its document; `plan` checks it and
//!   says what it makes of the tree, `effect` makes it on its day, `follow` takes along what lies in what ended;
//! - [`touched`]: what a change would touch, and where that goes;
//! - [`meant`]: which division typed words mean, for forms that do not list them all;
//! - [`past`]: what a division was called, since when, by which document; old codes are still found ([`store::divisions::became`]).

use std::collections::HashMap;

use catalogue::definition::DivisionLevel;
use store::{Connection, DivisionId, Migration, Query, id_type};
use vocab::{Level, Month};

use crate::{Office, OfficeError};

mod change;
mod effect;
mod follow;
mod meant;
mod nodes;
mod offered;
pub mod past;
mod plan;
mod touched;
mod tree;
mod wanted;

pub use change::{
    ChangeState, DivisionChangeView, NewDivisionChange, approve, changes, document, find_change, propose,
    refuse, withdraw,
};
pub use effect::{in_effect, take_effect_today};
pub use meant::{Meant, Namesakes, asked, meant};
pub use offered::{Offered, families_of, offered};
pub(crate) use touched::left_in;
pub use touched::{Touched, touched, touched_by};
pub(crate) use tree::import_in;
pub use tree::{Imported, import};
pub use wanted::{ChangeKind, Part, Recode, Wanted};

id_type! {
    /// A change of the tree of divisions.
    DivisionChangeId,
}

/// Tables of this module; the tree itself is the store's.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "20261130_division_change",
    sql: include_str!("../../migrations/20261130_division_change.sql"),
}];

const TREE: &str = "the tree of divisions is everybody's";

/// A division, as menus and breadcrumbs show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DivisionView {
    /// The division.
    pub id: DivisionId,
    /// Statistical code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Level.
    pub level: Level,
    /// The one above.
    pub parent: Option<DivisionId>,
}

/// Whether a division is another one or lies below it.
///
/// # Errors
/// The database.
pub async fn is_within(
    connection: &impl Connection,
    above: DivisionId,
    below: DivisionId,
) -> Result<bool, OfficeError> {
    let row = Query::system(
        TREE,
        "SELECT 1 AS one FROM division_closure dc WHERE dc.ancestor_id = ? AND dc.descendant_id = ?",
    )
    .bind(above)
    .bind(below)
    .optional(connection)
    .await?;
    Ok(row.is_some())
}

/// Demands that a division is another one or lies below it.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn within(
    connection: &impl Connection,
    above: DivisionId,
    below: DivisionId,
) -> Result<(), OfficeError> {
    if is_within(connection, above, below).await? {
        Ok(())
    } else {
        Err(OfficeError::NotFound("这个行政区划"))
    }
}

/// The level of a division.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn level(connection: &impl Connection, division: DivisionId) -> Result<Level, OfficeError> {
    Ok(find(connection, division).await?.level)
}

/// The county of a division: itself, or the one above; none for a prefecture.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn county(
    connection: &impl Connection,
    division: DivisionId,
) -> Result<Option<DivisionId>, OfficeError> {
    let row = Query::system(TREE, "SELECT d.county_id FROM division d WHERE d.id = ?")
        .bind(division)
        .optional(connection)
        .await?;
    Ok(row.ok_or(OfficeError::NotFound("这个行政区划"))?.get("county_id")?)
}

/// The divisions themselves and all above them.
///
/// # Errors
/// The database.
pub async fn above(
    connection: &impl Connection,
    divisions: &[DivisionId],
) -> Result<Vec<DivisionId>, OfficeError> {
    let mut ids: Vec<DivisionId> = Query::system(
        TREE,
        "SELECT DISTINCT dc.ancestor_id FROM division_closure dc WHERE dc.descendant_id IN ({list})",
    )
    .bind_list(divisions.iter().copied())
    .scalars(connection)
    .await?;
    ids.sort_unstable();
    Ok(ids)
}

/// One division.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn find(connection: &impl Connection, division: DivisionId) -> Result<DivisionView, OfficeError> {
    let row = Query::system(
        TREE,
        "SELECT d.id, d.code, d.name, d.level, d.parent_id FROM division d WHERE d.id = ?",
    )
    .bind(division)
    .optional(connection)
    .await?
    .ok_or(OfficeError::NotFound("这个行政区划"))?;
    read(&row)
}

/// A live division by its statistical code, or the only one that has become of whatever bore it.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn by_code(connection: &impl Connection, code: &str) -> Result<DivisionView, OfficeError> {
    let row = Query::system(TREE, "SELECT d.id, d.code, d.name, d.level, d.parent_id FROM division d WHERE d.code = ? AND d.until_on IS NULL")
        .bind(code)
        .optional(connection)
        .await?;
    if let Some(row) = row {
        return read(&row);
    }
    match store::divisions::became(connection, code).await?.as_slice() {
        [only] => find(connection, only.id).await,
        _ => Err(OfficeError::NotFound("这个行政区划")),
    }
}

/// The place that the system serves: the one that the packs are for, else the highest prefecture or county there is; none in an empty tree.
///
/// # Errors
/// [`OfficeError::NotFound`] when the packs are for a place that is not in the tree; the database.
pub async fn served(office: &Office) -> Result<Option<DivisionView>, OfficeError> {
    if let Some(code) = office.release().home() {
        return Ok(Some(by_code(office.db(), code).await?));
    }
    let id: Option<DivisionId> = Query::system(
        TREE,
        "SELECT d.id FROM division d WHERE d.until_on IS NULL AND d.level IN ('prefecture', 'county') \
         ORDER BY CASE WHEN d.level = 'prefecture' THEN 0 ELSE 1 END, d.code LIMIT 1",
    )
    .optional(office.db())
    .await?
    .map(|row| row.get("id"))
    .transpose()?;
    match id {
        Some(id) => Ok(Some(find(office.db(), id).await?)),
        None => Ok(None),
    }
}

/// Live divisions one step below, in the order of their codes: menus.
///
/// # Errors
/// The database.
pub async fn children(
    connection: &impl Connection,
    division: DivisionId,
) -> Result<Vec<DivisionView>, OfficeError> {
    let rows = Query::system(
        TREE,
        "SELECT d.id, d.code, d.name, d.level, d.parent_id FROM division d WHERE d.parent_id = ? AND d.until_on IS NULL ORDER BY d.code",
    )
    .bind(division)
    .all(connection)
    .await?;
    rows.iter().map(read).collect()
}

/// What lay one step below a division in a month, under the names that they bore on its last day: lists of past figures.
///
/// # Errors
/// The database.
pub async fn children_in(
    connection: &impl Connection,
    division: DivisionId,
    month: Month,
) -> Result<Vec<(DivisionId, String)>, OfficeError> {
    let last = month.last_day();
    let rows: Vec<(DivisionId, String, String)> = Query::system(
        TREE,
        "SELECT d.id, d.code, d.name FROM division d WHERE d.parent_id = ? AND d.until_on IS NULL \
         AND COALESCE(d.since_on, ?) <= ? \
         UNION SELECT p.division_id, p.code, p.name FROM division_past p WHERE p.parent_id = ? AND p.until_on > ? \
         AND COALESCE(p.from_on, ?) <= ? ORDER BY 2",
    )
    .bind(division)
    .bind(last)
    .bind(last)
    .bind(division)
    .bind(last)
    .bind(last)
    .bind(last)
    .all_as(connection, |row| Ok((row.get("id")?, row.get("code")?, row.get("name")?)))
    .await?;
    Ok(rows.into_iter().map(|(id, _, name)| (id, name)).collect())
}

/// All live divisions of some level at or below a division, in the order of their codes.
///
/// # Errors
/// The database.
pub async fn at_level(
    connection: &impl Connection,
    above: DivisionId,
    level: Level,
) -> Result<Vec<DivisionView>, OfficeError> {
    let rows = Query::system(
        TREE,
        "SELECT d.id, d.code, d.name, d.level, d.parent_id FROM division_closure dc JOIN division d ON d.id = dc.descendant_id \
         WHERE dc.ancestor_id = ? AND d.level = ? AND d.until_on IS NULL ORDER BY d.code",
    )
    .bind(above)
    .bind(level.as_str())
    .all(connection)
    .await?;
    rows.iter().map(read).collect()
}

/// The division and those above it, highest first: 内蒙古自治区 乌海市 海勃湾区 …
///
/// # Errors
/// The database.
pub async fn path(
    connection: &impl Connection,
    division: DivisionId,
) -> Result<Vec<DivisionView>, OfficeError> {
    let rows = Query::system(
        TREE,
        "SELECT d.id, d.code, d.name, d.level, d.parent_id FROM division_closure dc JOIN division d ON d.id = dc.ancestor_id \
         WHERE dc.descendant_id = ? ORDER BY dc.depth DESC",
    )
    .bind(division)
    .all(connection)
    .await?;
    rows.iter().map(read).collect()
}

/// A division with those above it and those one step below: the places whose words a page about offices speaks in.
///
/// # Errors
/// The database.
pub async fn around(
    connection: &impl Connection,
    division: DivisionId,
) -> Result<Vec<DivisionView>, OfficeError> {
    let mut around = path(connection, division).await?;
    around.extend(children(connection, division).await?);
    Ok(around)
}

fn read(row: &store::Row) -> Result<DivisionView, OfficeError> {
    Ok(DivisionView {
        id: row.get("id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        level: row
            .get::<String>("level")?
            .parse()
            .map_err(|error: vocab::VocabError| OfficeError::Internal(error.to_string()))?,
        parent: row.get("parent_id")?,
    })
}

/// Names of divisions, for lists.
///
/// # Errors
/// The database.
pub async fn names(
    connection: &impl Connection,
    divisions: impl IntoIterator<Item = DivisionId>,
) -> Result<HashMap<DivisionId, String>, OfficeError> {
    let mut ids: Vec<DivisionId> = divisions.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = Query::system(TREE, "SELECT d.id, d.name FROM division d WHERE d.id IN ({list})")
        .bind_list(ids)
        .all_as(connection, |row| Ok((row.get("id")?, row.get("name")?)))
        .await?;
    Ok(rows.into_iter().collect())
}

pub(crate) fn level_of(level: DivisionLevel) -> Level {
    match level {
        DivisionLevel::Province => Level::Province,
        DivisionLevel::Prefecture => Level::Prefecture,
        DivisionLevel::County => Level::County,
        DivisionLevel::Township => Level::Township,
        DivisionLevel::Village => Level::Village,
    }
}
