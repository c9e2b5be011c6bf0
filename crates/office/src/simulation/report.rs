//! A kept simulation taken out: as a sheet, or on paper.

use columns::{Compared, Side};
use serde_json::json;
use store::{AuditEntry, Query};
use vocab::Fen;

use super::saved::{Saved, find};
use super::{SIMULATION, SimulationId};
use crate::access::{Export, Granted, Simulate};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited};

/// The columns of the sheet behind place and programme: title, width, and the number.
type Figure = (&'static str, fn(&Compared) -> ListCell);

fn count(number: u64) -> ListCell {
    ListCell::from(i64::try_from(number).unwrap_or(i64::MAX))
}

fn year(month: Fen) -> Fen {
    Fen(month.0.saturating_mul(12))
}

const FIGURES: [Figure; 15] = [
    ("现行对象（户、人）", |one| count(one.before().units)),
    ("现行保障人数", |one| count(one.before().people)),
    ("现行月金额（元）", |one| ListCell::from(one.before().before)),
    ("仿真对象（户、人）", |one| count(one.after().units)),
    ("仿真保障人数", |one| count(one.after().people)),
    ("仿真月金额（元）", |one| ListCell::from(one.after().after)),
    ("仿真年金额（元）", |one| ListCell::from(year(one.after().after))),
    ("月增减（元）", |one| ListCell::from(Fen(one.after().after.0 - one.before().before.0))),
    ("新符合", |one| count(one.entering.units)),
    ("不再符合", |one| count(one.leaving.units)),
    ("金额增加", |one| count(one.more.units)),
    ("金额减少", |one| count(one.less.units)),
    ("金额不变", |one| count(one.same.units)),
    ("现行情况不明", |one| count(one.unknown_before)),
    ("仿真情况不明", |one| count(one.unknown_after)),
];

/// The numbers of a kept simulation by programme and place. Taking it out is audited.
///
/// # Errors
/// As [`find`].
pub async fn sheet(
    office: &Office,
    actor: &Granted<Simulate>,
    _export: &Granted<Export>,
    id: SimulationId,
    format: ListFormat,
) -> Result<(String, Vec<u8>), OfficeError> {
    let saved = find(office, actor, id).await?;
    let mut columns = vec![ListColumn::new("待遇项目", 22), ListColumn::new("地区", 16)];
    columns.extend(FIGURES.map(|(title, _)| ListColumn::new(title, 14)));
    let title = format!(
        "{}：{}（{}，{}制作，{}）",
        saved.line.title,
        saved.simulated.said.join("；"),
        saved.simulated.month.zh(),
        saved.line.made_by,
        saved.line.made_at.zh()
    );
    let mut list = ListWriter::new(format, "政策仿真", Some(&title), &columns)?;
    let row = |programme: &str, place: &str, compared: &Compared| {
        let mut cells = vec![ListCell::from(programme), ListCell::from(place)];
        cells.extend(FIGURES.map(|(_, figure)| figure(compared)));
        cells
    };
    for effect in &saved.simulated.programmes {
        for place in &effect.places {
            list.row(&row(&effect.title, &place.name, &place.compared))?;
        }
        list.totals(&row(&effect.title, "合计", &effect.whole))?;
    }
    let file = list.finish()?;
    taken_out(office, actor, id, format.extension()).await?;
    Ok((saved.line.title, file))
}

async fn taken_out(
    office: &Office,
    actor: &Granted<Simulate>,
    id: SimulationId,
    format: &str,
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        division: Some(actor.division),
        details: json!({ "format": format }),
        ..audited(office.now().at_ms(), actor.audit(), "simulation.exported", ("simulation", id.0))
    };
    Ok(office.db().audit_read(entry).await?)
}

/// How far the paper is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PdfState {
    /// Nobody has asked for it.
    None,
    /// A worker will set it.
    Waiting,
    /// It is there.
    Ready,
    /// It could not be set, and why.
    Failed(String),
}

/// Asks for the paper, and says how far it is.
///
/// # Errors
/// As [`find`].
pub async fn ask_pdf(
    office: &Office,
    actor: &Granted<Simulate>,
    _export: &Granted<Export>,
    id: SimulationId,
) -> Result<(), OfficeError> {
    find(office, actor, id).await?;
    Query::system(
        "the paper of a simulation that the caller has found",
        "INSERT INTO simulation_pdf (simulation_id, asked_by, asked_at) VALUES (?, ?, ?) \
         ON CONFLICT (simulation_id) DO UPDATE SET failed = NULL",
    )
    .bind(id)
    .bind(actor.staff)
    .bind(office.now().at_ms())
    .execute(office.db())
    .await?;
    Ok(())
}

/// The paper, if it is ready. Taking it out is audited.
///
/// # Errors
/// As [`find`].
pub async fn pdf(
    office: &Office,
    actor: &Granted<Simulate>,
    id: SimulationId,
    take: Option<&Granted<Export>>,
) -> Result<(PdfState, Vec<u8>), OfficeError> {
    let row = Query::new(
        &actor.scope(),
        &SIMULATION,
        "SELECT q.pdf, q.failed FROM simulation_pdf q JOIN simulation s ON s.id = q.simulation_id WHERE {scope} AND s.id = ?",
    )
    .bind(id)
    .optional(office.db())
    .await?;
    let Some(row) = row else { return Ok((PdfState::None, Vec::new())) };
    let (pdf, failed): (Option<Vec<u8>>, Option<String>) = (row.get("pdf")?, row.get("failed")?);
    Ok(match (pdf, failed) {
        (Some(pdf), _) => {
            if take.is_some() {
                taken_out(office, actor, id, "pdf").await?;
            }
            (PdfState::Ready, pdf)
        }
        (None, Some(reason)) => (PdfState::Failed(reason), Vec::new()),
        (None, None) => (PdfState::Waiting, Vec::new()),
    })
}

/// A paper to be set: template by name, files, data.
#[derive(Debug)]
pub struct WaitingPdf {
    /// The simulation.
    pub id: SimulationId,
    /// Name and text of the template.
    pub template: (&'static str, &'static str),
    /// What it says.
    pub content: serde_json::Value,
}

const TEMPLATE: &str = include_str!("report.typ");
const WORKER: &str = "the worker that sets papers";

/// Papers that wait for the worker.
///
/// # Errors
/// The database's.
pub async fn pdf_waiting(office: &Office) -> Result<Vec<WaitingPdf>, OfficeError> {
    let rows = Query::system(
        WORKER,
        "SELECT s.id, s.title, s.note, s.supposition, s.simulated, s.month, d.name AS division_name, st.name AS made_by_name, s.made_at \
         FROM simulation_pdf q JOIN simulation s ON s.id = q.simulation_id JOIN division d ON d.id = s.division_id \
         JOIN staff st ON st.id = s.made_by WHERE q.pdf IS NULL AND q.failed IS NULL ORDER BY q.asked_at LIMIT 4",
    )
    .all(office.db())
    .await?;
    rows.iter()
        .map(|row| {
            let saved = super::saved::of_row(row)?;
            let content = content(&saved, office.db().synthetic());
            Ok(WaitingPdf { id: saved.line.id, template: ("report.typ", TEMPLATE), content })
        })
        .collect()
}

/// Keeps a paper, or why it could not be set.
///
/// # Errors
/// The database's.
pub async fn pdf_done(
    office: &Office,
    id: SimulationId,
    pdf: Result<Vec<u8>, String>,
) -> Result<(), OfficeError> {
    let (pdf, failed) = match pdf {
        Ok(pdf) => (Some(pdf), None),
        Err(reason) => (None, Some(reason)),
    };
    Query::system(WORKER, "UPDATE simulation_pdf SET pdf = ?, failed = ? WHERE simulation_id = ?")
        .bind(pdf)
        .bind(failed)
        .bind(id)
        .execute(office.db())
        .await?;
    Ok(())
}

/// What the paper says; all numbers are text already.
fn content(saved: &Saved, synthetic: bool) -> serde_json::Value {
    let (line, simulated) = (&saved.line, &saved.simulated);
    let side = |side: &Side| json!([side.units.to_string(), side.people.to_string()]);
    let numbers = |place: &str, one: &Compared| {
        let (before, after) = (one.before(), one.after());
        json!({
            "place": place,
            "before": [before.units.to_string(), before.people.to_string(), before.before.yuan_grouped()],
            "after": [after.units.to_string(), after.people.to_string(), after.after.yuan_grouped()],
            "year": year(after.after).yuan_grouped(),
            "difference": Fen(after.after.0 - before.before.0).yuan_grouped(),
        })
    };
    let programmes: Vec<serde_json::Value> = simulated
        .programmes
        .iter()
        .map(|effect| {
            let mut rows: Vec<serde_json::Value> =
                effect.places.iter().map(|place| numbers(&place.name, &place.compared)).collect();
            rows.push(numbers("合计", &effect.whole));
            let whole = &effect.whole;
            json!({
                "title": effect.title,
                "unit": if effect.of_persons { "人" } else { "户" },
                "rows": rows,
                "sides": [
                    ["新符合", side(&whole.entering)], ["不再符合", side(&whole.leaving)], ["金额增加", side(&whole.more)],
                    ["金额减少", side(&whole.less)], ["金额不变", side(&whole.same)],
                ],
                "unknown": whole.unknown_after.to_string(),
                "cliffs": effect.cliffs.map(|cliffs| json!({
                    "before": cliffs.before.to_string(), "after": cliffs.after.to_string(),
                })),
            })
        })
        .collect();
    json!({
        "synthetic": synthetic,
        "title": line.title,
        "note": saved.note,
        "office": line.division_name,
        "author": line.made_by,
        "made": line.made_at.zh(),
        "issued_on": line.made_at.today().to_string(),
        "month": simulated.month.zh(),
        "within": simulated.within_name,
        "population": vocab::Now::from_unix_ms(simulated.population_at).zh(),
        "families": simulated.families.to_string(),
        "people": simulated.people.to_string(),
        "said": simulated.said,
        "assumed": simulated.assumed,
        "programmes": programmes,
        "release": simulated.release,
    })
}
