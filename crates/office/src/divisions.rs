//! The tree of divisions in the database: imported from the packs, walked by every scope.
//!
//! Surrogate ids and a closure table, never prefixes of codes: codes of the statistics bureau and of civil
//! affairs differ, and both change when divisions merge. A division that a later release no longer lists is ended,
//! not deleted.

use std::collections::HashMap;

use catalogue::Release;
use chrono::NaiveDate;
use store::{Connection, Db, DivisionId, Query, Tx};
use vocab::Level;

use crate::search::index;
use crate::{Office, OfficeError, casework};

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// New divisions.
    pub added: usize,
    /// Divisions whose name, parent or code of civil affairs changed.
    pub changed: usize,
    /// Divisions that the release no longer lists.
    pub ended: usize,
}

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

const TREE: &str = "the tree of divisions is everybody's";

/// Brings the database's tree to the release's: adds, renames, moves, ends. Runs in one transaction.
///
/// # Errors
/// [`OfficeError::Internal`] when a parent is missing; the database.
pub async fn import(db: &Db, release: &Release, on: NaiveDate) -> Result<Imported, OfficeError> {
    let tx = db.begin().await?;
    let mut known: HashMap<String, (DivisionId, String, Option<DivisionId>, Option<String>)> = HashMap::new();
    let rows = Query::system(
        TREE,
        "SELECT d.id, d.code, d.name, d.parent_id, d.mca_code FROM division d WHERE d.until_on IS NULL",
    )
    .all(&tx)
    .await?;
    for row in rows {
        known.insert(
            row.get("code")?,
            (row.get("id")?, row.get("name")?, row.get("parent_id")?, row.get("mca_code")?),
        );
    }
    let mut imported = Imported::default();
    // Parents first: by level, then by code.
    let mut entries: Vec<_> = release.places.iter().collect();
    entries.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
    let mut ids: HashMap<&str, DivisionId> = HashMap::new();
    let mut counties: HashMap<DivisionId, Option<DivisionId>> = HashMap::new();
    let mut named: Vec<DivisionId> = Vec::new();
    let mut moved = false;
    for entry in &entries {
        let parent =
            match &entry.parent {
                Some(code) => Some(*ids.get(code.as_str()).ok_or_else(|| {
                    OfficeError::Internal(format!("区划 {} 的上级 {code} 不存在", entry.code))
                })?),
                None => None,
            };
        let level = level_of(entry.level);
        let id = match known.remove(&entry.code) {
            Some((id, name, old_parent, mca_code)) => {
                if name != entry.name || old_parent != parent || mca_code != entry.mca_code {
                    Query::system(
                        TREE,
                        "UPDATE division SET name = ?, parent_id = ?, mca_code = ? WHERE id = ?",
                    )
                    .bind(entry.name.as_str())
                    .bind(parent)
                    .bind(entry.mca_code.clone())
                    .bind(id)
                    .execute_one(&tx)
                    .await?;
                    imported.changed += 1;
                    named.push(id);
                    moved |= old_parent != parent;
                }
                id
            }
            None => {
                imported.added += 1;
                let id = Query::system(
                    TREE,
                    "INSERT INTO division (code, mca_code, name, level, parent_id, from_on) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                )
                .bind(entry.code.as_str())
                .bind(entry.mca_code.clone())
                .bind(entry.name.as_str())
                .bind(level.as_str())
                .bind(parent)
                .bind(on)
                .insert(&tx)
                .await?;
                named.push(DivisionId(id));
                DivisionId(id)
            }
        };
        let county = if level == Level::County {
            Some(id)
        } else {
            parent.and_then(|parent| counties.get(&parent).copied().flatten())
        };
        counties.insert(id, county);
        ids.insert(entry.code.as_str(), id);
    }
    for (id, _, _, _) in known.values() {
        Query::system(TREE, "UPDATE division SET until_on = ? WHERE id = ?")
            .bind(on)
            .bind(*id)
            .execute_one(&tx)
            .await?;
        imported.ended += 1;
    }
    if imported != Imported::default() {
        for (id, county) in &counties {
            Query::system(TREE, "UPDATE division SET county_id = ? WHERE id = ?")
                .bind(*county)
                .bind(*id)
                .execute_one(&tx)
                .await?;
        }
        rebuild_closure(&tx).await?;
        casework::see_all(&tx).await?;
    }
    if moved {
        // What lies there is found from above by the divisions that it lay in: written anew by the next round.
        index::filled(&tx, None, false).await?;
    }
    put_words(&tx, named).await?;
    tx.commit().await?;
    Ok(imported)
}

/// Writes the words under which divisions are found: of these, or of all where the index has not got them.
async fn put_words(tx: &Tx, mut named: Vec<DivisionId>) -> Result<(), OfficeError> {
    index::name_kinds(tx, &[(index::DIVISIONS, false)]).await?;
    let known = index::kinds(tx).await?;
    if !known.iter().any(|(name, _, filled)| name == index::DIVISIONS && *filled) {
        named = Query::system(TREE, "SELECT d.id FROM division d").scalars(tx).await?;
        index::filled(tx, Some(index::DIVISIONS), true).await?;
    }
    for some in named.chunks(500) {
        let rows = Query::system(
            TREE,
            "SELECT d.id, d.name, d.code, d.mca_code FROM division d WHERE d.id IN ({list})",
        );
        for row in rows.bind_list(some.iter().copied()).all(tx).await? {
            let mut words = index::Words::of(&row.get::<String>("name")?);
            words.code(&row.get::<String>("code")?);
            if let Some(code) = row.get::<Option<String>>("mca_code")? {
                words.code(&code);
            }
            let id: DivisionId = row.get("id")?;
            index::replace(tx, index::DIVISIONS, id.0, None, &words).await?;
        }
    }
    Ok(())
}

/// Writes the closure afresh from the parents. Ended divisions stay under the parent they had, so that old rows
/// keep being seen from above.
async fn rebuild_closure(tx: &Tx) -> Result<(), OfficeError> {
    let mut parents: HashMap<i64, Option<i64>> = HashMap::new();
    for row in Query::system(TREE, "SELECT d.id, d.parent_id FROM division d").all(tx).await? {
        parents.insert(row.get("id")?, row.get("parent_id")?);
    }
    Query::system(TREE, "DELETE FROM division_closure").execute(tx).await?;
    let mut rows = Vec::new();
    for &id in parents.keys() {
        let mut above = Some(id);
        let mut depth = 0_i64;
        while let Some(ancestor) = above {
            if depth > 8 {
                return Err(OfficeError::Internal("区划上下级成环".to_owned()));
            }
            rows.push(store::values![ancestor, id, depth]);
            above = parents.get(&ancestor).copied().flatten();
            depth += 1;
        }
    }
    store::insert_many(
        &store::Scope::System(TREE),
        tx,
        "division_closure",
        &["ancestor_id", "descendant_id", "depth"],
        rows,
    )
    .await?;
    Ok(())
}

fn level_of(level: catalogue::definition::DivisionLevel) -> Level {
    use catalogue::definition::DivisionLevel;
    match level {
        DivisionLevel::Province => Level::Province,
        DivisionLevel::Prefecture => Level::Prefecture,
        DivisionLevel::County => Level::County,
        DivisionLevel::Township => Level::Township,
        DivisionLevel::Village => Level::Village,
    }
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

/// A live division by its statistical code.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn by_code(connection: &impl Connection, code: &str) -> Result<DivisionView, OfficeError> {
    let row = Query::system(TREE, "SELECT d.id, d.code, d.name, d.level, d.parent_id FROM division d WHERE d.code = ? AND d.until_on IS NULL")
        .bind(code)
        .optional(connection)
        .await?
        .ok_or(OfficeError::NotFound("这个行政区划"))?;
    read(&row)
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
