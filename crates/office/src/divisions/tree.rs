//! The tree in the database: imported from the packs, its closure, and what lay where in which month.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalogue::Release;
use chrono::NaiveDate;
use store::{Db, DivisionId, Query, Scope, Tx};
use vocab::{Level, Month};

use super::{TREE, level_of};
use crate::search::index;
use crate::{OfficeError, casework, people};

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

/// A living division as it stands before an import.
struct Known {
    id: DivisionId,
    name: String,
    parent: Option<DivisionId>,
    mca_code: Option<String>,
}

/// Brings the database's tree to the release's: adds, renames, moves, ends. Runs in one transaction.
///
/// # Errors
/// [`OfficeError::Internal`] when a parent is missing; the database.
pub async fn import(db: &Db, release: &Release, on: NaiveDate) -> Result<Imported, OfficeError> {
    let tx = db.begin().await?;
    let imported = import_in(&tx, release, on).await?;
    tx.commit().await?;
    Ok(imported)
}

/// The same in the transaction that puts the release in force.
pub(crate) async fn import_in(tx: &Tx, release: &Release, on: NaiveDate) -> Result<Imported, OfficeError> {
    let mut known: HashMap<String, Known> = HashMap::new();
    let rows = Query::system(
        TREE,
        "SELECT d.id, d.code, d.name, d.parent_id, d.mca_code FROM division d WHERE d.until_on IS NULL",
    )
    .all(tx)
    .await?;
    for row in rows {
        let before = Known {
            id: row.get("id")?,
            name: row.get("name")?,
            parent: row.get("parent_id")?,
            mca_code: row.get("mca_code")?,
        };
        known.insert(row.get("code")?, before);
    }
    let mut imported = Imported::default();
    // Parents first: by level, then by code.
    let mut entries: Vec<_> = release.places.iter().collect();
    entries.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
    let mut ids: HashMap<&str, DivisionId> = HashMap::new();
    let mut named: Vec<DivisionId> = Vec::new();
    for entry in &entries {
        let parent =
            match &entry.parent {
                Some(code) => Some(*ids.get(code.as_str()).ok_or_else(|| {
                    OfficeError::Internal(format!("区划 {} 的上级 {code} 不存在", entry.code))
                })?),
                None => None,
            };
        let id = match known.remove(&entry.code) {
            Some(before) => {
                if before.name != entry.name || before.parent != parent || before.mca_code != entry.mca_code {
                    keep_past(tx, before.id, on).await?;
                    Query::system(
                        TREE,
                        "UPDATE division SET name = ?, parent_id = ?, mca_code = ?, since_on = ? WHERE id = ?",
                    )
                    .bind(entry.name.as_str())
                    .bind(parent)
                    .bind(entry.mca_code.clone())
                    .bind(on)
                    .bind(before.id)
                    .execute_one(tx)
                    .await?;
                    imported.changed += 1;
                    named.push(before.id);
                }
                before.id
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
                .bind(level_of(entry.level).as_str())
                .bind(parent)
                .bind(on)
                .insert(tx)
                .await?;
                named.push(DivisionId(id));
                DivisionId(id)
            }
        };
        ids.insert(entry.code.as_str(), id);
    }
    for before in known.values() {
        keep_past(tx, before.id, on).await?;
        Query::system(TREE, "UPDATE division SET until_on = ? WHERE id = ?")
            .bind(on)
            .bind(before.id)
            .execute_one(tx)
            .await?;
        imported.ended += 1;
    }
    if imported != Imported::default() {
        let moved = rebuild(tx, Month::containing(on)).await?;
        settle(tx, &moved, !moved.is_empty()).await?;
    }
    put_words(tx, named).await?;
    Ok(imported)
}

/// Writes down what a division was until a day.
pub(super) async fn keep_past(tx: &Tx, division: DivisionId, until: NaiveDate) -> Result<(), OfficeError> {
    Query::system(
        TREE,
        "INSERT INTO division_past (division_id, code, mca_code, name, parent_id, from_on, until_on) \
         SELECT d.id, d.code, d.mca_code, d.name, d.parent_id, COALESCE(d.since_on, d.from_on), ? FROM division d WHERE d.id = ?",
    )
    .bind(until)
    .bind(division)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes the words under which divisions are found: of these, or of all where the index has not got them. What they were called and coded
/// before, and what those were called that they followed, finds them too.
pub(super) async fn put_words(tx: &Tx, mut named: Vec<DivisionId>) -> Result<(), OfficeError> {
    index::name_kinds(tx, &[(index::DIVISIONS, false)]).await?;
    let known = index::kinds(tx).await?;
    if !known.iter().any(|(name, _, filled)| name == index::DIVISIONS && *filled) {
        named = Query::system(TREE, "SELECT d.id FROM division d").scalars(tx).await?;
        index::filled(tx, Some(index::DIVISIONS), true).await?;
    }
    for some in named.chunks(500) {
        let mut words: BTreeMap<DivisionId, index::Words> = BTreeMap::new();
        // The present name first; what it was before, and what it followed, after it.
        for sql in [
            "SELECT d.id, d.name, d.code, d.mca_code FROM division d WHERE d.id IN ({list})",
            "SELECT p.division_id AS id, p.name, p.code, p.mca_code FROM division_past p WHERE p.division_id IN ({list})",
            "SELECT s.successor_id AS id, d.name, d.code, d.mca_code FROM division_successor s JOIN division d ON d.id = s.division_id \
             WHERE s.successor_id IN ({list})",
        ] {
            for row in Query::system(TREE, sql).bind_list(some.iter().copied()).all(tx).await? {
                let name: String = row.get("name")?;
                let of = words.entry(row.get("id")?).or_insert_with(|| index::Words::of(&name));
                of.also(&name);
                of.code(&row.get::<String>("code")?);
                if let Some(code) = row.get::<Option<String>>("mca_code")? {
                    of.code(&code);
                }
            }
        }
        for (id, words) in words {
            index::replace(tx, index::DIVISIONS, id.0, None, &words).await?;
        }
    }
    Ok(())
}

/// Levels and ended divisions under what followed them make a longer chain than this only in a ring.
const ABOVE_MAX: i64 = 60;

/// Writes the closure and the counties afresh from the parents, and from this month on who lies where; the divisions that lie elsewhere than
/// before. Ended divisions stay under the parent they had, or under what followed them, so that old rows keep being seen from above.
pub(super) async fn rebuild(tx: &Tx, month: Month) -> Result<Vec<DivisionId>, OfficeError> {
    let mut nodes: HashMap<i64, (Option<i64>, bool, Option<i64>)> = HashMap::new();
    for row in
        Query::system(TREE, "SELECT d.id, d.parent_id, d.level, d.county_id FROM division d").all(tx).await?
    {
        let county = row.get::<String>("level")? == Level::County.as_str();
        nodes.insert(row.get("id")?, (row.get("parent_id")?, county, row.get("county_id")?));
    }
    let mut before: BTreeSet<(i64, i64)> = BTreeSet::new();
    let pairs = Query::system(TREE, "SELECT c.ancestor_id, c.descendant_id FROM division_closure c");
    for row in pairs.all(tx).await? {
        before.insert((row.get("ancestor_id")?, row.get("descendant_id")?));
    }
    let mut after: BTreeSet<(i64, i64)> = BTreeSet::new();
    let mut rows = Vec::new();
    let mut counties: Vec<(i64, Option<i64>)> = Vec::new();
    for (&id, &(_, _, known_county)) in &nodes {
        let (mut above, mut depth, mut county) = (Some(id), 0_i64, None);
        while let Some(ancestor) = above {
            if depth > ABOVE_MAX {
                return Err(OfficeError::Internal("区划上下级成环".to_owned()));
            }
            rows.push(store::values![ancestor, id, depth]);
            after.insert((ancestor, id));
            let node = nodes.get(&ancestor);
            if county.is_none() && node.is_some_and(|(_, is_county, _)| *is_county) {
                county = Some(ancestor);
            }
            above = node.and_then(|(parent, ..)| *parent);
            depth += 1;
        }
        if county != known_county {
            counties.push((id, county));
        }
    }
    for (id, county) in counties {
        Query::system(TREE, "UPDATE division SET county_id = ? WHERE id = ?")
            .bind(county)
            .bind(id)
            .execute_one(tx)
            .await?;
    }
    let scope = Scope::System(TREE);
    Query::system(TREE, "DELETE FROM division_closure").execute(tx).await?;
    store::insert_many(&scope, tx, "division_closure", &["ancestor_id", "descendant_id", "depth"], rows)
        .await?;
    by_month(tx, &after, month).await?;
    // Nothing lies yet in what is new.
    let there: BTreeSet<i64> = before.iter().map(|(_, below)| *below).collect();
    let moved: BTreeSet<i64> = before
        .symmetric_difference(&after)
        .map(|(_, below)| *below)
        .filter(|below| there.contains(below))
        .collect();
    Ok(moved.into_iter().map(DivisionId).collect())
}

/// From this month on these lie in those; what lay elsewhere until then did so in the months before.
async fn by_month(tx: &Tx, now: &BTreeSet<(i64, i64)>, month: Month) -> Result<(), OfficeError> {
    const OPEN: i64 = 1_000_000;
    let month = i64::from(month.index());
    let mut open: HashMap<(i64, i64), i64> = HashMap::new();
    let mut known: BTreeSet<i64> = BTreeSet::new();
    for row in Query::system(
        TREE,
        "SELECT m.ancestor_id, m.descendant_id, m.from_month, m.until_month FROM division_month m",
    )
    .all(tx)
    .await?
    {
        let (above, below): (i64, i64) = (row.get("ancestor_id")?, row.get("descendant_id")?);
        known.insert(below);
        if row.get::<i64>("until_month")? == OPEN {
            open.insert((above, below), row.get("from_month")?);
        }
    }
    for (&(above, below), &from) in &open {
        if now.contains(&(above, below)) {
            continue;
        }
        let sql = if from < month {
            "UPDATE division_month SET until_month = ? WHERE ancestor_id = ? AND descendant_id = ? AND from_month = ?"
        } else {
            "DELETE FROM division_month WHERE until_month > ? AND ancestor_id = ? AND descendant_id = ? AND from_month = ?"
        };
        Query::system(TREE, sql).bind(month).bind(above).bind(below).bind(from).execute(tx).await?;
    }
    // What is new has no past that would have to lie elsewhere.
    let mut fresh = Vec::new();
    for &(above, below) in now {
        if !open.contains_key(&(above, below)) {
            fresh.push(store::values![above, below, if known.contains(&below) { month } else { 0 }]);
        }
    }
    let columns = ["ancestor_id", "descendant_id", "from_month"];
    store::insert_many(&Scope::System(TREE), tx, "division_month", &columns, fresh).await?;
    Ok(())
}

/// Brings along what is written down by the tree: who sees which case, by which divisions people are found, whose columns in the population
/// are old. Where something lies elsewhere now, records are written anew into the index by the next round.
pub(super) async fn settle(tx: &Tx, touched: &[DivisionId], elsewhere: bool) -> Result<(), OfficeError> {
    casework::see_all(tx).await?;
    if elsewhere {
        index::filled(tx, None, false).await?;
        people::reindex_in(tx, touched).await?;
    }
    stale_population(tx, touched).await
}

/// Families below these divisions are read again by the population.
async fn stale_population(tx: &Tx, at: &[DivisionId]) -> Result<(), OfficeError> {
    for some in at.chunks(500) {
        Query::system(
            TREE,
            "INSERT INTO population_change (household_id) SELECT h.id FROM household h WHERE h.division_id IN \
             (SELECT c.descendant_id FROM division_closure c WHERE c.ancestor_id IN ({list}))",
        )
        .bind_list(some.iter().copied())
        .execute(tx)
        .await?;
    }
    Ok(())
}
