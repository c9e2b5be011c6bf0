//! Divisions (区划) and their closure: which division lies below which, so that a scope is one indexed condition.
//!
//! Ids are surrogates and codes have dates: a code that the state gives to another place in a later year changes nobody's
//! scope.

use chrono::NaiveDate;

use crate::database::{Connection, Tx};
use crate::error::{Result, StoreError};
use crate::query::Query;
use crate::{DivisionId, text_type};

const REASON: &str = "divisions";

/// The five levels that the work knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DivisionLevel {
    /// 省、自治区、直辖市
    Province,
    /// 市、州、盟
    Prefecture,
    /// 县、区、旗
    County,
    /// 乡、镇、街道、苏木
    Township,
    /// 村、社区、嘎查
    Village,
}

text_type!(DivisionLevel);

impl std::fmt::Display for DivisionLevel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            DivisionLevel::Province => "province",
            DivisionLevel::Prefecture => "prefecture",
            DivisionLevel::County => "county",
            DivisionLevel::Township => "township",
            DivisionLevel::Village => "village",
        })
    }
}

impl std::str::FromStr for DivisionLevel {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "province" => DivisionLevel::Province,
            "prefecture" => DivisionLevel::Prefecture,
            "county" => DivisionLevel::County,
            "township" => DivisionLevel::Township,
            "village" => DivisionLevel::Village,
            other => return Err(StoreError::Invalid(format!("{other} is no level of a division"))),
        })
    }
}

/// A division to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDivision {
    /// The statistical code, as long as its level wants.
    pub code: String,
    /// The civil-affairs code, where it differs.
    pub mca_code: Option<String>,
    /// The full name.
    pub name: String,
    /// Its level.
    pub level: DivisionLevel,
    /// What it lies in; `None` for the topmost.
    pub parent: Option<DivisionId>,
    /// Since when; `None` if nobody knows.
    pub from_on: Option<NaiveDate>,
    /// Until when, exclusive.
    pub until_on: Option<NaiveDate>,
}

/// A division as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Its id.
    pub id: DivisionId,
    /// The statistical code.
    pub code: String,
    /// The full name.
    pub name: String,
    /// Its level.
    pub level: DivisionLevel,
    /// What it lies in.
    pub parent: Option<DivisionId>,
    /// The county it is or lies in.
    pub county: Option<DivisionId>,
}

/// Add a division below its parent.
///
/// # Errors
/// [`StoreError::Refused`] for a parent that does not exist.
pub async fn add_division(tx: &Tx, division: NewDivision) -> Result<DivisionId> {
    let NewDivision { code, mca_code, name, level, parent, from_on, until_on } = division;
    let county: Option<DivisionId> = match parent {
        Some(parent) => {
            Query::system(REASON, "SELECT county_id FROM division WHERE id = ?")
                .bind(parent)
                .scalar(tx)
                .await?
        }
        None => None,
    };
    let id = Query::system(
        REASON,
        "INSERT INTO division (code, mca_code, name, level, parent_id, county_id, from_on, until_on)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(code)
    .bind(mca_code)
    .bind(name)
    .bind(level)
    .bind(parent)
    .bind(county)
    .bind(from_on)
    .bind(until_on)
    .insert(tx)
    .await
    .map(DivisionId)?;
    if level == DivisionLevel::County {
        Query::system(REASON, "UPDATE division SET county_id = id WHERE id = ?")
            .bind(id)
            .execute_one(tx)
            .await?;
    }
    Query::system(
        REASON,
        "INSERT INTO division_closure (ancestor_id, descendant_id, depth) VALUES (?, ?, 0)",
    )
    .bind(id)
    .bind(id)
    .execute(tx)
    .await?;
    if let Some(parent) = parent {
        Query::system(
            REASON,
            "INSERT INTO division_closure (ancestor_id, descendant_id, depth)
             SELECT ancestor_id, CAST(? AS BIGINT), depth + 1 FROM division_closure WHERE descendant_id = ?",
        )
        .bind(id)
        .bind(parent)
        .execute(tx)
        .await?;
    }
    Query::system(
        REASON,
        "INSERT INTO division_month (ancestor_id, descendant_id, from_month)
         SELECT ancestor_id, descendant_id, 0 FROM division_closure WHERE descendant_id = ?",
    )
    .bind(id)
    .execute(tx)
    .await?;
    Ok(id)
}

const COLUMNS: &str = "d.id, d.code, d.name, d.level, d.parent_id, d.county_id";

fn read(row: &crate::Row) -> Result<Division> {
    Ok(Division {
        id: row.get("id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        level: row.get("level")?,
        parent: row.get("parent_id")?,
        county: row.get("county_id")?,
    })
}

/// One division. Divisions are public: no scope.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn division(connection: &impl Connection, id: DivisionId) -> Result<Division> {
    Query::system(REASON, format!("SELECT {COLUMNS} FROM division d WHERE d.id = ?"))
        .bind(id)
        .one_as(connection, read)
        .await
}

/// The division that has a code on a day; where none has, the one that has become of whatever bore the code before.
///
/// # Errors
/// The database's.
pub async fn division_by_code(
    connection: &impl Connection,
    code: &str,
    on: NaiveDate,
) -> Result<Option<Division>> {
    let found = Query::system(
        REASON,
        format!(
            "SELECT {COLUMNS} FROM division d WHERE d.code = ?
             AND (d.from_on IS NULL OR d.from_on <= ?) AND (d.until_on IS NULL OR d.until_on > ?)
             ORDER BY d.id DESC LIMIT 1"
        ),
    )
    .bind(code)
    .bind(on)
    .bind(on)
    .optional_as(connection, read)
    .await?;
    if found.is_some() {
        return Ok(found);
    }
    match became(connection, code).await?.as_slice() {
        [only] => Ok(Some(only.clone())),
        _ => Ok(None),
    }
}

/// Divisions follow one another no more often than this.
const FOLLOWED_MAX: usize = 40;

/// What has become of the divisions that once bore a code (of either scheme) or a name: those that live, by code.
///
/// # Errors
/// The database's.
pub async fn became(connection: &impl Connection, said: &str) -> Result<Vec<Division>> {
    let mut known: Vec<DivisionId> = Query::system(
        REASON,
        "SELECT p.division_id FROM division_past p WHERE p.code = ?
         UNION SELECT p.division_id FROM division_past p WHERE p.mca_code = ?
         UNION SELECT p.division_id FROM division_past p WHERE p.name = ?
         UNION SELECT d.id FROM division d WHERE d.until_on IS NOT NULL AND (d.code = ? OR d.mca_code = ? OR d.name = ?)",
    )
    .bind(said)
    .bind(said)
    .bind(said)
    .bind(said)
    .bind(said)
    .bind(said)
    .scalars(connection)
    .await?;
    let mut fresh = known.clone();
    for _ in 0..FOLLOWED_MAX {
        if fresh.is_empty() {
            break;
        }
        let next: Vec<DivisionId> = Query::system(
            REASON,
            "SELECT s.successor_id FROM division_successor s WHERE s.division_id IN ({list})",
        )
        .bind_list(fresh)
        .scalars(connection)
        .await?;
        fresh = next.into_iter().filter(|id| !known.contains(id)).collect();
        known.extend(fresh.iter().copied());
    }
    Query::system(
        REASON,
        format!(
            "SELECT {COLUMNS} FROM division d WHERE d.id IN ({{list}}) AND d.until_on IS NULL ORDER BY d.code"
        ),
    )
    .bind_list(known)
    .all_as(connection, read)
    .await
}

/// The divisions directly below one, by code.
///
/// # Errors
/// The database's.
pub async fn divisions_below(connection: &impl Connection, parent: DivisionId) -> Result<Vec<Division>> {
    Query::system(
        REASON,
        format!("SELECT {COLUMNS} FROM division d WHERE d.parent_id = ? ORDER BY d.code, d.id"),
    )
    .bind(parent)
    .all_as(connection, read)
    .await
}

/// The division and everything it lies in, from itself upwards.
///
/// # Errors
/// The database's.
pub async fn division_path(connection: &impl Connection, id: DivisionId) -> Result<Vec<Division>> {
    Query::system(
        REASON,
        format!(
            "SELECT {COLUMNS} FROM division_closure l JOIN division d ON d.id = l.ancestor_id
             WHERE l.descendant_id = ? ORDER BY l.depth"
        ),
    )
    .bind(id)
    .all_as(connection, read)
    .await
}

/// Whether a division is another or lies below it.
///
/// # Errors
/// The database's.
pub async fn is_within(connection: &impl Connection, inner: DivisionId, outer: DivisionId) -> Result<bool> {
    let found =
        Query::system(REASON, "SELECT 1 FROM division_closure WHERE ancestor_id = ? AND descendant_id = ?")
            .bind(outer)
            .bind(inner)
            .optional(connection)
            .await?;
    Ok(found.is_some())
}
