//! Simulations that somebody kept.

use store::{AuditEntry, Cursor, Page, Query, Row};
use vocab::{Month, Now};

use super::engine::simulate;
use super::{SIMULATION, Simulated, SimulationId, Supposition};
use crate::access::{Granted, Simulate};
use crate::{Office, OfficeError, audited};

/// A kept simulation in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedLine {
    /// The simulation.
    pub id: SimulationId,
    /// Its title.
    pub title: String,
    /// The month decided.
    pub month: Month,
    /// The office that kept it.
    pub division_name: String,
    /// Who kept it.
    pub made_by: String,
    /// When.
    pub made_at: Now,
}

/// A kept simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its line in the list.
    pub line: SavedLine,
    /// Why it was made.
    pub note: String,
    /// What was supposed.
    pub supposition: Supposition,
    /// What would come of it.
    pub simulated: Simulated,
}

/// Simulates once more and keeps supposition and answer.
///
/// # Errors
/// [`OfficeError::Invalid`] without a title, or as [`simulate`].
pub async fn save(
    office: &Office,
    actor: &Granted<Simulate>,
    title: &str,
    note: &str,
    supposition: &Supposition,
) -> Result<SimulationId, OfficeError> {
    let (title, note) = (title.trim(), note.trim());
    if title.is_empty() || title.chars().count() > 80 {
        return Err(OfficeError::invalid(
            "title",
            "请填写名称，不超过 80 字，例如：2027 年低保标准提到 1000 元。",
        ));
    }
    if note.chars().count() > 500 {
        return Err(OfficeError::invalid("note", "说明不能超过 500 字。"));
    }
    let simulated = simulate(office, actor, supposition).await?;
    let now = office.now();
    let tx = office.db().begin().await?;
    let id = Query::new(
        &actor.scope(),
        &SIMULATION,
        "INSERT INTO simulation (division_id, title, note, month, supposition, simulated, release_hash, made_by, made_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(actor.division)
    .bind(title)
    .bind(note)
    .bind(supposition.month)
    .bind(text_of(supposition)?)
    .bind(text_of(&simulated)?)
    .bind(simulated.release.as_str())
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: serde_json::json!({ "title": title, "month": supposition.month }),
        ..audited(now.at_ms(), actor.audit(), "simulation.saved", ("simulation", id))
    })
    .await?;
    tx.commit().await?;
    Ok(SimulationId(id))
}

fn text_of(value: &impl serde::Serialize) -> Result<String, OfficeError> {
    serde_json::to_string(value).map_err(|error| OfficeError::Internal(error.to_string()))
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, OfficeError> {
    serde_json::from_str(text).map_err(|error| OfficeError::Internal(error.to_string()))
}

const LINE: &str = "s.id, s.title, s.month, d.name AS division_name, st.name AS made_by_name, s.made_at FROM simulation s \
    JOIN division d ON d.id = s.division_id JOIN staff st ON st.id = s.made_by";

fn line(row: &Row) -> Result<SavedLine, store::StoreError> {
    Ok(SavedLine {
        id: row.get("id")?,
        title: row.get("title")?,
        month: row.get("month")?,
        division_name: row.get("division_name")?,
        made_by: row.get("made_by_name")?,
        made_at: Now::from_unix_ms(row.get("made_at")?),
    })
}

/// Kept simulations of the actor's area, the newest first.
///
/// # Errors
/// The database's.
pub async fn list(
    office: &Office,
    actor: &Granted<Simulate>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<SavedLine>, OfficeError> {
    let sql = format!("SELECT {LINE} WHERE {{scope}} AND {{after}} ORDER BY s.id DESC LIMIT ?");
    let page = Query::new(&actor.scope(), &SIMULATION, sql).after_descending(&["s.id"], cursor);
    Ok(page.page(office.db(), size, line, |line| Cursor::new().integer(line.id.0)).await?)
}

/// One of them.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the actor's area.
pub async fn find(
    office: &Office,
    actor: &Granted<Simulate>,
    id: SimulationId,
) -> Result<Saved, OfficeError> {
    let sql = format!("SELECT s.note, s.supposition, s.simulated, {LINE} WHERE {{scope}} AND s.id = ?");
    let row = Query::new(&actor.scope(), &SIMULATION, sql)
        .bind(id)
        .optional(office.db())
        .await?
        .ok_or(OfficeError::NotFound("这次仿真"))?;
    of_row(&row)
}

pub(super) fn of_row(row: &Row) -> Result<Saved, OfficeError> {
    Ok(Saved {
        line: line(row)?,
        note: row.get("note")?,
        supposition: read(&row.get::<String>("supposition")?)?,
        simulated: read(&row.get::<String>("simulated")?)?,
    })
}
