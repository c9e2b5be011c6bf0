//! Imports as pages show them.

use store::jobs::{self, Job};
use store::{Cursor, Page, Query};

use super::{IMPORT_COLUMNS, RECORDS_JOB};
use crate::access::{Granted, ImportRecords};
use crate::records::{Open, RecordImportId};
use crate::{Office, OfficeError};

/// An import as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportView {
    /// The import.
    pub id: RecordImportId,
    /// Register.
    pub register: String,
    /// Name of the file.
    pub name: String,
    /// `importing`, `done`, `undoing`, `undone`.
    pub state: String,
    /// Rows of the file, and how many are done.
    pub total: i64,
    /// Rows that are done.
    pub done: i64,
    /// New records.
    pub added: i64,
    /// Changed records.
    pub changed: i64,
    /// Rows that changed nothing.
    pub unchanged: i64,
    /// Rows that could not be taken in after all: row and reason.
    pub refused: Vec<(u32, String)>,
    /// Records that were taken back.
    pub undone: i64,
    /// Records that somebody changed after the import and that stay.
    pub kept: i64,
    /// Unix milliseconds.
    pub imported_at: i64,
    /// Nobody works on it although it is not at its end: why.
    pub stopped: Option<String>,
}

const SELECT: &str = "SELECT i.id, i.register, i.name, i.state, i.rows_total, i.rows_done, i.added, i.changed, i.unchanged, i.refused, \
                      i.undone, i.kept, i.imported_at FROM record_import i WHERE {scope}";

fn read_view(row: &store::Row) -> store::Result<ImportView> {
    let refused: String = row.get("refused")?;
    Ok(ImportView {
        id: row.get("id")?,
        register: row.get("register")?,
        name: row.get("name")?,
        state: row.get("state")?,
        total: row.get("rows_total")?,
        done: row.get("rows_done")?,
        added: row.get("added")?,
        changed: row.get("changed")?,
        unchanged: row.get("unchanged")?,
        refused: serde_json::from_str(&refused).unwrap_or_default(),
        undone: row.get("undone")?,
        kept: row.get("kept")?,
        imported_at: row.get("imported_at")?,
        stopped: None,
    })
}

/// Imports into a register by one's own office and those below, newest first.
///
/// # Errors
/// The database.
pub async fn imports(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<ImportView>, OfficeError> {
    let sql = format!("{SELECT} AND i.register = ? AND {{after}} ORDER BY i.id DESC LIMIT ?");
    Ok(Query::new(&importer.scope(), &IMPORT_COLUMNS, sql)
        .bind(open.register().id.as_str())
        .after_descending(&["i.id"], cursor)
        .page(office.db(), size, read_view, |last: &ImportView| Cursor::new().integer(last.id.0))
        .await?)
}

/// One import.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn view(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    import: RecordImportId,
) -> Result<ImportView, OfficeError> {
    let mut view =
        Query::new(&importer.scope(), &IMPORT_COLUMNS, format!("{SELECT} AND i.id = ? AND i.register = ?"))
            .bind(import)
            .bind(open.register().id.as_str())
            .optional_as(office.db(), read_view)
            .await?
            .ok_or(OfficeError::NotFound("这次导入"))?;
    if matches!(view.state.as_str(), "importing" | "undoing") {
        let job: Option<Job> = jobs::latest(office.db(), RECORDS_JOB, &import.to_string()).await?;
        view.stopped = match job {
            Some(job) if job.is_live() => None,
            Some(job) => Some(job.outcome.unwrap_or_default()),
            None => Some(String::new()),
        };
    }
    Ok(view)
}
