//! The list of a register as a map: the records that have a place of their own in the order in which they came in, each with its point or
//! line; where there are too many to be told apart, how many lie in each division one step below. Nothing is shown that the list would not
//! show.

use catalogue::definition::{Field, Register};
use store::{Count, DivisionId, Query};

use super::columns::{column, table};
use super::list::{CAP, Conditions, Narrowed};
use super::{Open, RECORD_COLUMNS, RecordId, sees};
use crate::access::{Actor, Granted, ReadRecords};
use crate::divisions::{self, DivisionView};
use crate::{Office, OfficeError};

/// More than this are counted by place instead of drawn one by one.
pub const DRAWN_MAX: usize = 300;

/// A record on the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The record.
    pub id: RecordId,
    /// Its title.
    pub title: String,
    /// Its state in words.
    pub state: String,
    /// Where it lies.
    pub division_name: String,
    /// Point or line as stored: longitudes and latitudes in degrees, points divided by semicolons.
    pub shape: String,
}

/// What a map shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Every record that has a place of its own.
    Each(Vec<Placed>),
    /// How many have one, by the divisions one step below the one that is looked at; and how many of its own lie in none of them.
    ByPlace(Vec<(DivisionView, i64)>, i64),
}

/// A list as a map.
#[derive(Debug, Clone)]
pub struct RecordMap {
    /// Records or counts.
    pub shown: Shown,
    /// How many of the list have no place of their own; capped.
    pub without: Count,
}

/// The field of a register that is drawn for a reader; none where it has none that may be read.
#[must_use]
pub fn map_field<'a>(reader: &Actor, register: &'a Register) -> Option<&'a Field> {
    let field = register.map.as_ref().and_then(|map| register.field(map))?;
    (sees(reader, field) && !field.is_sealed()).then_some(field)
}

/// What a list asks for, as a map.
///
/// # Errors
/// [`OfficeError::NotFound`] for a register that is not drawn; [`OfficeError::Invalid`] for a filter that cannot be read.
pub async fn map(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    asked: &Narrowed,
) -> Result<RecordMap, OfficeError> {
    let register = open.register();
    let field = map_field(reader, register).ok_or(OfficeError::NotFound("这张地图"))?;
    let conditions = Conditions::read(office, reader, register, asked).await?;
    let (table, shape) = (table(register), format!("r.{}", column(field)));
    let sql = format!("SELECT r.id FROM {table} r WHERE {{scope}} {} AND {shape} IS NULL", conditions.sql);
    let without = conditions.bound(Query::new(&reader.scope(), &RECORD_COLUMNS, sql));
    let without = without.count_capped(office.db(), CAP).await?;
    let sql = format!(
        "SELECT r.id, r.title, r.state, d.name AS division_name, {shape} AS shape FROM {table} r JOIN division d ON d.id = r.division_id \
         WHERE {{scope}} {} AND {shape} IS NOT NULL ORDER BY r.id LIMIT ?",
        conditions.sql
    );
    let drawn = conditions.bound(Query::new(&reader.scope(), &RECORD_COLUMNS, sql)).bind(DRAWN_MAX + 1);
    let placed: Vec<Placed> = drawn
        .all_as(office.db(), |row| {
            let state: String = row.get("state")?;
            Ok(Placed {
                id: row.get("id")?,
                title: row.get("title")?,
                state: register.state_title(&state).to_owned(),
                division_name: row.get("division_name")?,
                shape: row.get("shape")?,
            })
        })
        .await?;
    if placed.len() <= DRAWN_MAX {
        return Ok(RecordMap { shown: Shown::Each(placed), without });
    }
    let at = asked.division.unwrap_or(reader.division);
    let below = divisions::children(office.db(), at).await?;
    // At the bottom of the tree there is nothing to count by.
    if below.is_empty() {
        let placed = placed.into_iter().take(DRAWN_MAX).collect();
        return Ok(RecordMap { shown: Shown::Each(placed), without });
    }
    let sql = format!(
        "SELECT c.ancestor_id, count(*) AS found FROM {table} r JOIN division_closure c ON c.descendant_id = r.division_id \
         WHERE {{scope}} {} AND {shape} IS NOT NULL AND c.ancestor_id IN ({{list}}) GROUP BY c.ancestor_id",
        conditions.sql
    );
    let counted = conditions.bound(Query::new(&reader.scope(), &RECORD_COLUMNS, sql));
    let counted: Vec<(DivisionId, i64)> = counted
        .bind_list(below.iter().map(|division| division.id))
        .all_as(office.db(), |row| Ok((row.get("ancestor_id")?, row.get("found")?)))
        .await?;
    let sql = format!(
        "SELECT count(*) AS found FROM {table} r WHERE {{scope}} {} AND {shape} IS NOT NULL AND r.division_id = ?",
        conditions.sql
    );
    let own = conditions.bound(Query::new(&reader.scope(), &RECORD_COLUMNS, sql)).bind(at);
    let own: i64 = own.one(office.db()).await?.get("found")?;
    let many = |division: DivisionId| counted.iter().find(|(id, _)| *id == division).map_or(0, |one| one.1);
    let by_place = below.into_iter().map(|division| {
        let many = many(division.id);
        (division, many)
    });
    Ok(RecordMap { shown: Shown::ByPlace(by_place.collect(), own), without })
}
