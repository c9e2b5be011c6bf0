//! Departments' files: seen before they count, imported by a job that can be killed anywhere.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use catalogue::definition::Dataset;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::jobs::{self, Beat, Claim};
use store::{AuditEntry, DivisionId, JobId, Query, Scope, ScopeColumns, StaffId, Tx, insert_many, values};
use vocab::Fen;

use super::DepartmentFileId;
use crate::access::{Granted, ImportDepartmentFile};
use crate::people::sealing;
use crate::tabular::{self, CellFault, CellKind, Table, TableDefinition, TypedRow, Value};
use crate::uploads::{self, UploadId};
use crate::{Office, OfficeError, audited};

/// The kind of the job, and of the upload.
pub const DEPARTMENT_FILE_JOB: &str = "import_department_file";

/// Rows in one transaction.
const BATCH: usize = 2_000;

/// The column that says of which day a row is.
const AS_OF: &str = "as_of";

const FILE_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "f.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

const WORK: Scope = Scope::System("the import of a department's file that an officer has confirmed");

#[derive(Serialize, Deserialize)]
struct Settings {
    dataset: String,
    source: String,
    as_of: NaiveDate,
}

/// What a file would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentPreview {
    /// To confirm with.
    pub upload: UploadId,
    /// Title of the data set.
    pub dataset: String,
    /// Rows without a fault.
    pub rows: usize,
    /// Different persons in them.
    pub persons: usize,
    /// Control totals: title of a money column and its sum.
    pub totals: Vec<(String, Fen)>,
    /// The day of the data.
    pub as_of: NaiveDate,
    /// Every fault; rows that have one are not imported.
    pub faults: Vec<CellFault>,
    /// Headers that are passed over.
    pub ignored: Vec<String>,
    /// The same file was imported before: importing it again changes nothing.
    pub known: bool,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentFileView {
    /// The file.
    pub id: DepartmentFileId,
    /// Data set.
    pub dataset: String,
    /// Bank or registry that sent it.
    pub source: String,
    /// Its name.
    pub name: String,
    /// The day of the data.
    pub as_of: NaiveDate,
    /// Rows imported.
    pub rows: i64,
    /// Rows left out for faults.
    pub left_out: i64,
    /// Different persons.
    pub persons: i64,
    /// `importing`, `ready` or `replaced`.
    pub state: String,
    /// Unix milliseconds.
    pub imported_at: i64,
    /// Who.
    pub imported_by: StaffId,
    /// The office.
    pub division: DivisionId,
}

fn dataset_of<'a>(release: &'a Release, id: &str) -> Result<&'a Dataset, OfficeError> {
    release.datasets.get(id).map(|dataset| &**dataset).ok_or(OfficeError::NotFound("这项核对数据"))
}

/// The column that says whose row it is: the pack's checker wants one of type citizen ID.
fn citizen_column(definition: &TableDefinition) -> Result<&str, OfficeError> {
    let column = definition.columns.iter().find(|column| column.kind == CellKind::CitizenId);
    column
        .map(|column| column.id.as_str())
        .ok_or_else(|| OfficeError::Internal(format!("核对数据「{}」没有身份证号码列", definition.title)))
}

/// The template that the department fills in.
///
/// # Errors
/// [`OfficeError::NotFound`] for an unknown data set.
pub fn department_template(
    office: &Office,
    _actor: &Granted<ImportDepartmentFile>,
    dataset: &str,
) -> Result<Vec<u8>, OfficeError> {
    let release = office.release();
    let definition = TableDefinition::of_dataset(&release, dataset_of(&release, dataset)?);
    Ok(tabular::template(&[definition])?)
}

/// Reads the table and the days in it.
fn read_table(office: &Office, dataset: &Dataset, name: &str, bytes: &[u8]) -> Result<Table, OfficeError> {
    let release = office.release();
    let definition = TableDefinition::of_dataset(&release, dataset);
    let mut table = Table::read(&tabular::read_file(name, bytes)?, &definition)?;
    let today = office.now().today();
    let late: Vec<u32> = table
        .rows
        .iter()
        .filter(|row| table.date(row, AS_OF).is_some_and(|day| day > today))
        .map(|row| row.number)
        .collect();
    for row in late {
        table.refuse(row, AS_OF, "数据日期不能晚于今天");
    }
    Ok(table)
}

/// Reads a department's file and says what it would bring. `source` tells files of one data set apart: the bank, the
/// registry; empty for the only one. `as_of` is the day of the data where rows do not say it.
///
/// # Errors
/// [`OfficeError::Invalid`] when the file or its headers cannot be read.
pub async fn preview_department_file(
    office: &Office,
    actor: &Granted<ImportDepartmentFile>,
    dataset: &str,
    source: &str,
    name: &str,
    bytes: &[u8],
    as_of: Option<NaiveDate>,
) -> Result<DepartmentPreview, OfficeError> {
    let now = office.now();
    if as_of.is_some_and(|day| day > now.today()) {
        return Err(OfficeError::invalid("as_of", "数据日期不能晚于今天。"));
    }
    let release = office.release();
    let definition = dataset_of(&release, dataset)?;
    let table = read_table(office, definition, name, bytes)?;
    let citizen = citizen_column(table.definition())?.to_owned();
    let good: Vec<&TypedRow> = table.rows.iter().filter(|row| !table.is_faulty(row.number)).collect();
    let newest = good.iter().filter_map(|row| table.date(row, AS_OF)).max();
    let as_of = as_of.or(newest).ok_or_else(|| OfficeError::invalid("as_of", "请填写数据日期。"))?;
    let mut totals = Vec::new();
    for column in table.definition().columns.iter().filter(|column| column.kind == CellKind::Money) {
        let sum = Fen::checked_sum(good.iter().filter_map(|row| table.money(row, &column.id)));
        let sum = sum.ok_or_else(|| {
            OfficeError::invalid("file", format!("「{}」的合计超出范围，请核对。", column.title))
        })?;
        totals.push((column.title.clone(), sum));
    }
    let persons: BTreeSet<_> = good.iter().filter_map(|row| table.citizen_id(row, &citizen)).collect();
    let source = source.trim();
    let settings = Settings { dataset: dataset.to_owned(), source: source.to_owned(), as_of };
    let tx = office.db().begin().await?;
    let known = known_file(&tx, actor.division, &settings, &uploads::sm3_of(bytes)).await?;
    let known = known.is_some_and(|(_, under_way)| !under_way);
    let upload = uploads::keep(office, &tx, actor, DEPARTMENT_FILE_JOB, name, bytes, &settings).await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: json!({ "dataset": dataset, "rows": good.len(), "faults": table.faults.len() }),
        ..audited(now.at_ms(), actor.audit(), "department_file.previewed", ("upload", upload.0))
    })
    .await?;
    tx.commit().await?;
    Ok(DepartmentPreview {
        upload,
        dataset: definition.title.clone(),
        rows: good.len(),
        persons: persons.len(),
        totals,
        as_of,
        ignored: table.ignored().to_vec(),
        faults: table.faults,
        known,
    })
}

/// The same file, handed in before, and whether it is not all in yet.
async fn known_file(
    tx: &Tx,
    division: DivisionId,
    settings: &Settings,
    sm3: &str,
) -> Result<Option<(DepartmentFileId, bool)>, OfficeError> {
    Ok(Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT f.id, f.state FROM department_file f WHERE f.division_id = ? AND f.dataset = ? AND f.source = ? AND f.sm3 = ?",
    )
    .bind(division)
    .bind(settings.dataset.as_str())
    .bind(settings.source.as_str())
    .bind(sm3)
    .optional_as(tx, |row| Ok((row.get("id")?, row.get::<String>("state")? == "importing")))
    .await?)
}

/// The uploaded rows with a column 错误说明, for the department to mend.
///
/// # Errors
/// [`OfficeError::NotFound`] when the upload is not there any more.
pub async fn corrected_department_file(
    office: &Office,
    actor: &Granted<ImportDepartmentFile>,
    upload: UploadId,
) -> Result<Vec<u8>, OfficeError> {
    let found: uploads::Upload<Settings> =
        uploads::find(office, office.db(), &actor.scope(), DEPARTMENT_FILE_JOB, upload).await?;
    let content = found.content.ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let release = office.release();
    let table = read_table(office, dataset_of(&release, &found.settings.dataset)?, &found.name, &content)?;
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(actor.division),
            ..audited(office.now().at_ms(), actor.audit(), "department_file.corrected", ("upload", upload.0))
        })
        .await?;
    Ok(tabular::corrected(&[&table])?)
}

/// Confirms a preview: a job imports the rows without faults. `leave_out` says that the officer has seen the faults and goes
/// on without their rows. Confirming twice, or the same file again, changes nothing and answers with the file there is; one
/// that was stopped half way goes on.
///
/// # Errors
/// [`OfficeError::Conflict`] when rows have faults and `leave_out` is not said.
pub async fn commit_department_file(
    office: &Office,
    actor: &Granted<ImportDepartmentFile>,
    upload: UploadId,
    leave_out: bool,
) -> Result<(DepartmentFileId, Option<JobId>), OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    tx.lock(&format!("{DEPARTMENT_FILE_JOB} {}", actor.division)).await?;
    let found: uploads::Upload<Settings> =
        uploads::find(office, &tx, &actor.scope(), DEPARTMENT_FILE_JOB, upload).await?;
    if let Some((file, under_way)) = known_file(&tx, found.division, &found.settings, &found.sm3).await? {
        if under_way {
            // Its job may have been stopped or have failed: the file goes on where it was.
            let job = jobs::enqueue_single(&tx, DEPARTMENT_FILE_JOB, &file.to_string(), None).await?;
            tx.commit().await?;
            return Ok((file, Some(job)));
        }
        return Ok((file, found.job));
    }
    let content = found.content.as_deref().ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let release = office.release();
    let table = read_table(office, dataset_of(&release, &found.settings.dataset)?, &found.name, content)?;
    let left_out: BTreeSet<u32> = table.faults.iter().map(|fault| fault.row).collect();
    if !left_out.is_empty() && !leave_out {
        return Err(OfficeError::Conflict(format!(
            "文件中有 {} 行有错误。请下载带错误说明的文件，请部门改正后重新上传；或者确认只导入没有错误的行。",
            left_out.len()
        )));
    }
    let citizen = citizen_column(table.definition())?;
    let good: Vec<&TypedRow> = table.rows.iter().filter(|row| !left_out.contains(&row.number)).collect();
    if good.is_empty() {
        return Err(OfficeError::invalid("file", "文件里没有一行可以导入。"));
    }
    let persons: BTreeSet<_> = good.iter().filter_map(|row| table.citizen_id(row, citizen)).collect();
    let file = Query::new(
        &actor.scope(),
        &FILE_COLUMNS,
        "INSERT INTO department_file (dataset, source, division_id, upload_id, name, sm3, as_of, row_count, left_out, person_count, state, \
         imported_by, imported_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'importing', ?, ?) RETURNING id",
    )
    .bind(found.settings.dataset.as_str())
    .bind(found.settings.source.as_str())
    .bind(found.division)
    .bind(upload)
    .bind(found.name.as_str())
    .bind(found.sm3.as_str())
    .bind(found.settings.as_of)
    .bind(good.len())
    .bind(left_out.len())
    .bind(persons.len())
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    let job =
        jobs::enqueue(&tx, DEPARTMENT_FILE_JOB, &file.to_string(), i64::try_from(good.len()).ok()).await?;
    uploads::commit(&tx, upload, job, now.at_ms()).await?;
    tx.audit(AuditEntry {
        division: Some(found.division),
        details: json!({ "dataset": found.settings.dataset, "source": found.settings.source, "sm3": found.sm3, "rows": good.len(),
            "left_out": left_out.len(), "as_of": found.settings.as_of }),
        ..audited(now.at_ms(), actor.audit(), "department_file.committed", ("department_file", file))
    })
    .await?;
    tx.commit().await?;
    Ok((DepartmentFileId(file), Some(job)))
}

/// Does the job: batches of rows, each with its progress in one transaction, so that a killed worker goes on where the last
/// batch ended. At the end the file takes the place of the one before it from the same source.
///
/// # Errors
/// The database's; the job is put back by whoever runs it.
pub async fn work_department_file(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let file: DepartmentFileId =
        claim.job.payload.parse().map_err(|_| OfficeError::Internal("任务内容无法识别".to_owned()))?;
    let row = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT f.upload_id, f.dataset, f.source, f.division_id, f.as_of, f.state FROM department_file f WHERE f.id = ?",
    )
    .bind(file)
    .one(office.db())
    .await?;
    if row.get::<String>("state")? != "importing" {
        return Ok(claim.finished(office.db(), "已导入").await?);
    }
    let upload: UploadId = row.get("upload_id")?;
    let found: uploads::Upload<Settings> =
        uploads::find_for_work(office, office.db(), DEPARTMENT_FILE_JOB, upload).await?;
    let content = found.content.ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let release = office.release();
    let table = read_table(office, dataset_of(&release, &found.settings.dataset)?, &found.name, &content)?;
    let citizen = citizen_column(table.definition())?.to_owned();
    let last: Option<i64> = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT MAX(r.number) AS last FROM department_row r WHERE r.file_id = ?",
    )
    .bind(file)
    .one(office.db())
    .await?
    .get("last")?;
    let good: Vec<&TypedRow> = table.rows.iter().filter(|row| !table.is_faulty(row.number)).collect();
    let already = good.iter().filter(|row| last.is_some_and(|last| i64::from(row.number) <= last)).count();
    let mut done = i64::try_from(already).unwrap_or(0);
    for batch in good[already..].chunks(BATCH) {
        let mut rows = Vec::with_capacity(batch.len());
        for row in batch {
            let Some(id) = table.citizen_id(row, &citizen) else { continue };
            let sealed = office.keys().seal(&row_json(&table, row).to_string())?;
            let as_of = table.date(row, AS_OF).unwrap_or(found.settings.as_of);
            rows.push(values![
                file,
                row.number,
                sealing::citizen_id_blind(office.keys(), &id),
                as_of,
                sealed
            ]);
        }
        done += i64::try_from(batch.len()).unwrap_or(0);
        let tx = office.db().begin().await?;
        insert_many(
            &WORK,
            &tx,
            "department_row",
            &["file_id", "number", "citizen_id_blind", "as_of", "row_sealed"],
            rows,
        )
        .await?;
        if claim.progress(&tx, done, None).await? == Beat::Cancel {
            tx.rollback().await?;
            return abandon(office, claim, file, upload).await;
        }
        tx.commit().await?;
    }
    let tx = office.db().begin().await?;
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "UPDATE department_file SET state = 'replaced' WHERE state = 'ready' AND division_id = ? AND dataset = ? AND source = ?",
    )
    .bind(found.division)
    .bind(found.settings.dataset.as_str())
    .bind(found.settings.source.as_str())
    .execute(&tx)
    .await?;
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "UPDATE department_file SET state = 'ready' WHERE id = ? AND state = 'importing'",
    )
    .bind(file)
    .execute_one(&tx)
    .await?;
    uploads::forget(&tx, upload).await?;
    claim.finished(&tx, &format!("已导入 {done} 行")).await?;
    tx.commit().await?;
    Ok(())
}

/// Somebody asked for the end: nothing of the file stays, and it may be sent again.
async fn abandon(
    office: &Office,
    claim: &Claim,
    file: DepartmentFileId,
    upload: UploadId,
) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    for sql in [
        "DELETE FROM department_row WHERE file_id = ? AND file_id IN (SELECT id FROM department_file WHERE state = 'importing')",
        "DELETE FROM department_file WHERE id = ? AND state = 'importing'",
    ] {
        Query::new(&WORK, &ScopeColumns::NONE, sql).bind(file).execute(&tx).await?;
    }
    uploads::take_back(&tx, upload).await?;
    claim.cancelled(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// A row by column id: money in fen, days as text, identifiers whole. Sealed before it is kept.
fn row_json(table: &Table, row: &TypedRow) -> serde_json::Value {
    let cells: BTreeMap<&str, String> = table
        .definition()
        .columns
        .iter()
        .filter_map(|column| Some((column.id.as_str(), table.value(row, &column.id).map(Value::canonical)?)))
        .collect();
    json!(cells)
}

/// Files of one's own office and below, newest first.
///
/// # Errors
/// The database's.
pub async fn department_files(
    office: &Office,
    actor: &Granted<ImportDepartmentFile>,
    dataset: Option<&str>,
) -> Result<Vec<DepartmentFileView>, OfficeError> {
    let filter = if dataset.is_some() { " AND f.dataset = ?" } else { "" };
    let sql = format!(
        "SELECT f.id, f.dataset, f.source, f.name, f.as_of, f.row_count, f.left_out, f.person_count, f.state, f.imported_at, f.imported_by, \
         f.division_id FROM department_file f WHERE {{scope}}{filter} ORDER BY f.id DESC LIMIT 200"
    );
    let mut query = Query::new(&actor.scope(), &FILE_COLUMNS, sql);
    if let Some(dataset) = dataset {
        query = query.bind(dataset);
    }
    Ok(query
        .all_as(office.db(), |row| {
            Ok(DepartmentFileView {
                id: row.get("id")?,
                dataset: row.get("dataset")?,
                source: row.get("source")?,
                name: row.get("name")?,
                as_of: row.get("as_of")?,
                rows: row.get("row_count")?,
                left_out: row.get("left_out")?,
                persons: row.get("person_count")?,
                state: row.get("state")?,
                imported_at: row.get("imported_at")?,
                imported_by: row.get("imported_by")?,
                division: row.get("division_id")?,
            })
        })
        .await?)
}
