//! A change takes effect: in one transaction the tree, what lies in it, and the release of the packs that lists the new tree.

use std::collections::HashMap;
use std::sync::Arc;

use catalogue::definition::DivisionChange;
use chrono::NaiveDate;
use store::{AuditActor, AuditEntry, Connection, DivisionId, Query, Tx};
use vocab::Month;

use super::change::{self, DivisionChangeView, planned, waits_no_more};
use super::follow::{self, Doing};
use super::plan::{Entry, Lot, Planned};
use super::{DivisionChangeId, TREE, level_of, served, tree};
use crate::releases;
use crate::{Office, OfficeError, audited};

const EFFECT: &str = "a change that two persons have agreed on takes effect";

/// What became of divisions by changes that took effect here, oldest first: the packs on top say it again after every import.
///
/// # Errors
/// The database.
pub async fn in_effect(connection: &impl Connection) -> Result<Vec<DivisionChange>, OfficeError> {
    let rows: Vec<(NaiveDate, String, String, String)> = Query::system(
        EFFECT,
        "SELECT x.effective_on, x.document_title, x.document_number, x.entries FROM division_change x WHERE x.state = 'effective' \
         ORDER BY x.effective_at, x.id",
    )
    .all_as(connection, |row| {
        Ok((row.get("effective_on")?, row.get("document_title")?, row.get("document_number")?, row.get("entries")?))
    })
    .await?;
    let mut changes = Vec::new();
    for (on, title, number, entries) in rows {
        let entries: Vec<Entry> = serde_json::from_str(&entries)
            .map_err(|error| OfficeError::Internal(format!("区划调整读不出来：{error}")))?;
        let source = format!("《{title}》（{number}）");
        changes.extend(entries.iter().map(|entry| entry.written(on, &source)));
    }
    Ok(changes)
}

/// Changes whose day has come take effect, the oldest first. On the first night of a month the figures of the month before are closed first:
/// they are of the tree of then. One that no longer fits keeps its reason and waits for people.
///
/// # Errors
/// The database.
pub async fn take_effect_today(office: &Office) -> Result<usize, OfficeError> {
    let today = office.now().today();
    let due: Vec<(DivisionChangeId, NaiveDate)> = Query::system(
        EFFECT,
        "SELECT x.id, x.effective_on FROM division_change x WHERE x.state = 'approved' AND x.effective_on <= ? ORDER BY x.effective_on, x.id",
    )
    .bind(today)
    .all_as(office.db(), |row| Ok((row.get("id")?, row.get("effective_on")?)))
    .await?;
    if due.is_empty() {
        return Ok(0);
    }
    let open: i64 = Query::system(
        EFFECT,
        "SELECT count(*) AS found FROM indicator_month m WHERE m.awaits_close AND m.month < ?",
    )
    .bind(Month::containing(today))
    .scalar(office.db())
    .await?;
    let mut done = 0;
    for (id, on) in due {
        if open > 0 && on == today {
            continue;
        }
        match take_effect(office, id).await {
            Ok(()) => done += 1,
            Err(OfficeError::Invalid(problems)) => {
                let said: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
                failed(office, id, &said.join("")).await?;
            }
            Err(OfficeError::Conflict(said)) => failed(office, id, &said).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

async fn failed(office: &Office, id: DivisionChangeId, why: &str) -> Result<(), OfficeError> {
    tracing::warn!(division_change.id = id.0, "a change of divisions could not take effect");
    Query::system(EFFECT, "UPDATE division_change SET failed = ? WHERE id = ? AND state = 'approved'")
        .bind(why)
        .bind(id)
        .execute(office.db())
        .await?;
    Ok(())
}

/// Makes the tree what an approved change says.
///
/// # Errors
/// [`OfficeError::Invalid`] when it no longer fits the tree; [`OfficeError::Conflict`] when something else was released at the same moment.
pub(super) async fn take_effect(office: &Office, id: DivisionChangeId) -> Result<(), OfficeError> {
    let now = office.now();
    let home = served(office).await?.ok_or(OfficeError::NotFound("本地的行政区划"))?.id;
    let change = change::find(office.db(), id).await?;
    let plan = planned(office, office.db(), home, &change.wanted, change.on).await?;
    let source = change.source();
    let written = plan.entries.iter().map(|entry| entry.written(change.on, &source)).collect();
    let (base, release) = releases::with_divisions(office, written).await?;

    let tx = office.db().begin().await?;
    tx.lock("release").await?;
    releases::demand_in_force(&tx, &base).await?;
    let approved_by = change.decided_by.ok_or(OfficeError::NotFound("这次区划调整"))?;
    let ids = change_tree(&tx, &plan.entries, change.on).await?;
    let moved = tree::rebuild(&tx, Month::containing(now.today())).await?;
    let doing = Doing { tx: &tx, release: &release, on: change.on, at: now.at_ms(), title: &change.title };
    bring_along(&doing, &plan, &ids).await?;
    let elsewhere = !moved.is_empty() || !plan.steps.is_empty();
    let mut touched = moved;
    touched.extend(ids.values().copied());
    touched.extend(&plan.about);
    touched.sort_unstable();
    touched.dedup();
    tree::settle(&tx, &touched, elsewhere).await?;
    tree::put_words(&tx, touched).await?;
    releases::put_divisions_in_force(&tx, &release, &source, change.proposed_by, approved_by, now).await?;
    let entries = serde_json::to_string(&plan.entries)
        .map_err(|error| OfficeError::Internal(format!("区划调整写不下来：{error}")))?;
    let done = Query::system(
        EFFECT,
        "UPDATE division_change SET state = 'effective', entries = ?, release_hash = ?, effective_at = ?, failed = NULL, \
         version = version + 1 WHERE id = ? AND state = 'approved'",
    )
    .bind(entries)
    .bind(release.hash.as_str())
    .bind(now.at_ms())
    .bind(id)
    .execute(&tx)
    .await?;
    if done != 1 {
        return Err(OfficeError::stale());
    }
    about_all(&tx, &change, &ids).await?;
    waits_no_more(&tx, id).await?;
    tx.audit(AuditEntry {
        division: Some(home),
        details: serde_json::json!({ "title": change.title, "on": change.on, "document": source, "release": release.hash }),
        ..audited(now.at_ms(), AuditActor::default(), "division.effective", ("division_change", id.0))
    })
    .await?;
    tx.commit().await?;
    office.put_in_force(Arc::new(release));
    Ok(())
}

/// Every division that it changed or made names it in its history.
async fn about_all(
    tx: &Tx,
    change: &DivisionChangeView,
    ids: &HashMap<String, DivisionId>,
) -> Result<(), OfficeError> {
    for division in ids.values() {
        Query::system(
            EFFECT,
            "INSERT INTO division_change_of (change_id, division_id, waits) VALUES (?, ?, ?) ON CONFLICT (change_id, division_id) DO NOTHING",
        )
        .bind(change.id)
        .bind(*division)
        .bind(false)
        .execute(tx)
        .await?;
    }
    Ok(())
}

async fn living(tx: &Tx, code: &str) -> Result<DivisionId, OfficeError> {
    Query::system(TREE, "SELECT d.id FROM division d WHERE d.code = ? AND d.until_on IS NULL")
        .bind(code)
        .optional_as(tx, |row| row.get("id"))
        .await?
        .ok_or_else(|| OfficeError::Conflict(format!("代码 {code} 的区划已经不在，请撤回后重新提出。")))
}

/// Writes the entries into the tree; the divisions that are there after it, by their codes.
async fn change_tree(
    tx: &Tx,
    entries: &[Entry],
    on: NaiveDate,
) -> Result<HashMap<String, DivisionId>, OfficeError> {
    let mut ids: HashMap<String, DivisionId> = HashMap::new();
    let mut ended: Vec<(DivisionId, &[String])> = Vec::new();
    let mut going_on: Vec<(DivisionId, &Entry)> = Vec::new();
    for entry in entries {
        let Some(was) = &entry.was else { continue };
        let id = living(tx, was).await?;
        tree::keep_past(tx, id, on).await?;
        match &entry.code {
            None => ended.push((id, &entry.followed_by)),
            Some(_) => going_on.push((id, entry)),
        }
    }
    for (id, _) in &ended {
        Query::system(TREE, "UPDATE division SET until_on = ? WHERE id = ?")
            .bind(on)
            .bind(*id)
            .execute_one(tx)
            .await?;
    }
    // Two may exchange their codes: nobody bears an old one while the new ones are given.
    for (id, _) in &going_on {
        Query::system(TREE, "UPDATE division SET code = ? WHERE id = ?")
            .bind(format!("~{id}"))
            .bind(*id)
            .execute_one(tx)
            .await?;
    }
    for (id, entry) in &going_on {
        let code = entry.code.as_deref().unwrap_or_default();
        Query::system(
            TREE,
            "UPDATE division SET code = ?, mca_code = ?, name = ?, since_on = ? WHERE id = ?",
        )
        .bind(code)
        .bind(entry.mca_code.clone())
        .bind(entry.name.as_str())
        .bind(on)
        .bind(*id)
        .execute_one(tx)
        .await?;
        ids.insert(code.to_owned(), *id);
    }
    for entry in entries {
        if entry.was.is_some() {
            continue;
        }
        let code = entry.code.as_deref().unwrap_or_default();
        let id = Query::system(
            TREE,
            "INSERT INTO division (code, mca_code, name, level, from_on, since_on) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(code)
        .bind(entry.mca_code.clone())
        .bind(entry.name.as_str())
        .bind(level_of(entry.level).as_str())
        .bind(on)
        .bind(on)
        .insert(tx)
        .await?;
        ids.insert(code.to_owned(), DivisionId(id));
    }
    for entry in entries {
        let Some(id) = entry.code.as_ref().and_then(|code| ids.get(code)).copied() else { continue };
        let parent = match &entry.parent {
            Some(parent) => Some(living(tx, parent).await?),
            None => None,
        };
        Query::system(TREE, "UPDATE division SET parent_id = ? WHERE id = ?")
            .bind(parent)
            .bind(id)
            .execute_one(tx)
            .await?;
    }
    for (id, followed_by) in ended {
        let mut after = Vec::new();
        for code in followed_by {
            after.push(living(tx, code).await?);
        }
        for successor in &after {
            Query::system(
                TREE,
                "INSERT INTO division_successor (division_id, successor_id, on_day) VALUES (?, ?, ?)",
            )
            .bind(id)
            .bind(*successor)
            .bind(on)
            .execute(tx)
            .await?;
        }
        // What is over in it is seen by the only one that followed it.
        if let [only] = after.as_slice() {
            Query::system(TREE, "UPDATE division SET parent_id = ? WHERE id = ?")
                .bind(*only)
                .bind(id)
                .execute_one(tx)
                .await?;
        }
    }
    Ok(ids)
}

/// The parts of what is given away first, then everything that is left.
async fn bring_along(
    doing: &Doing<'_>,
    plan: &Planned,
    ids: &HashMap<String, DivisionId>,
) -> Result<(), OfficeError> {
    let (rest, parts): (Vec<_>, Vec<_>) = plan.steps.iter().partition(|step| step.lot == Lot::All);
    for step in parts.into_iter().chain(rest) {
        let to = match ids.get(&step.to) {
            Some(to) => *to,
            None => living(doing.tx, &step.to).await?,
        };
        follow::follow(doing, step.from, to, &step.lot).await?;
    }
    if !plan.other_county.is_empty() {
        let mut counties = HashMap::new();
        for division in &plan.other_county {
            counties.insert(*division, super::county(doing.tx, *division).await?);
        }
        follow::counties(doing.tx, doing.release, &counties).await?;
    }
    Ok(())
}
