//! An officer says yes to a file, takes an import back, or lets one go on.

use serde_json::json;
use store::{AuditEntry, Query, jobs};

use super::check::checked;
use super::imports::view;
use super::preview::find_upload;
use super::{IMPORT_COLUMNS, RECORDS_JOB, Settings};
use crate::access::{Granted, ImportRecords};
use crate::records::{Open, RecordImportId};
use crate::uploads::{self, Upload, UploadId};
use crate::{Office, OfficeError, audited};

/// Confirms a preview: nothing is begun unless the file has no fault. The same file confirmed twice is one import.
///
/// # Errors
/// [`OfficeError::Conflict`] with faults.
pub async fn commit(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    upload: UploadId,
) -> Result<RecordImportId, OfficeError> {
    let found = find_upload(office, office.db(), importer, open, upload).await?;
    let register = open.register();
    if found.job.is_some() {
        return import_of(office, importer, upload).await;
    }
    let content = found.content.ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let checked = checked(office, importer, open, &found.name, &content).await?;
    if let Some(fault) = checked.table.faults.first() {
        return Err(OfficeError::Conflict(format!(
            "文件还有 {} 处错误，例如{fault}。请改正后重新上传。",
            checked.table.faults.len()
        )));
    }
    let now = office.now();
    let tx = office.db().begin().await?;
    tx.lock(&format!("{RECORDS_JOB} {}", register.id)).await?;
    let again: Upload<Settings> = uploads::find(office, &tx, &importer.scope(), RECORDS_JOB, upload).await?;
    if again.job.is_some() {
        drop(tx);
        return import_of(office, importer, upload).await;
    }
    let id = Query::system(
        "an officer's own import",
        "INSERT INTO record_import (register, upload_id, division_id, name, sm3, rows_total, state, imported_by, imported_at) \
         VALUES (?, ?, ?, ?, ?, ?, 'importing', ?, ?) RETURNING id",
    )
    .bind(register.id.as_str())
    .bind(upload)
    .bind(importer.division)
    .bind(found.name.as_str())
    .bind(found.sm3.as_str())
    .bind(checked.table.rows.len())
    .bind(importer.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    let total = i64::try_from(checked.table.rows.len()).unwrap_or(i64::MAX);
    let job = jobs::enqueue(&tx, RECORDS_JOB, &id.to_string(), Some(total)).await?;
    uploads::commit(&tx, upload, job, now.at_ms()).await?;
    tx.audit(AuditEntry {
        division: Some(importer.division),
        details: json!({ "register": register.id.as_str(), "rows": total }),
        ..audited(now.at_ms(), importer.audit(), "record.import_committed", ("record_import", id))
    })
    .await?;
    tx.commit().await?;
    Ok(RecordImportId(id))
}

async fn import_of(
    office: &Office,
    importer: &Granted<ImportRecords>,
    upload: UploadId,
) -> Result<RecordImportId, OfficeError> {
    Query::new(
        &importer.scope(),
        &IMPORT_COLUMNS,
        "SELECT i.id FROM record_import i WHERE {scope} AND i.upload_id = ? ORDER BY i.id DESC LIMIT 1",
    )
    .bind(upload)
    .optional_as(office.db(), |row| row.get("id"))
    .await?
    .ok_or(OfficeError::NotFound("这次导入"))
}

/// Takes a whole import back: new records are struck off, changed ones get back what they held, and what somebody changed since stays.
///
/// # Errors
/// [`OfficeError::Conflict`] while it is under way or when it was taken back; [`OfficeError::Invalid`] without a reason.
pub async fn undo(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    import: RecordImportId,
    reason: &str,
) -> Result<(), OfficeError> {
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请填写撤销导入的原因。"));
    }
    let view = view(office, importer, open, import).await?;
    if !(view.state == "done" || view.state == "importing" && view.stopped.is_some()) {
        return Err(OfficeError::Conflict("这次导入还没有完成，或者已经撤销。".to_owned()));
    }
    let now = office.now().at_ms();
    let tx = office.db().begin().await?;
    Query::new(
        &importer.scope(),
        &IMPORT_COLUMNS,
        "UPDATE record_import AS i SET state = 'undoing', undone_by = ?, undone_at = ?, undo_reason = ? \
         WHERE {scope} AND i.id = ? AND i.state IN ('done', 'importing')",
    )
    .bind(importer.staff)
    .bind(now)
    .bind(reason.trim())
    .bind(import)
    .execute_one(&tx)
    .await?;
    jobs::enqueue(&tx, RECORDS_JOB, &import.to_string(), None).await?;
    tx.audit(AuditEntry {
        division: Some(importer.division),
        details: json!({ "register": open.register().id.as_str(), "reason": reason.trim() }),
        ..audited(now, importer.audit(), "record.import_undo", ("record_import", import.0))
    })
    .await?;
    Ok(tx.commit().await?)
}

/// Lets an import, or its taking back, go on that was stopped.
///
/// # Errors
/// [`OfficeError::Conflict`] when it is at its end or under way.
pub async fn resume(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    import: RecordImportId,
) -> Result<(), OfficeError> {
    let view = view(office, importer, open, import).await?;
    if view.stopped.is_none() {
        return Err(OfficeError::Conflict("这次导入已经办完，或者正在办理。".to_owned()));
    }
    let tx = office.db().begin().await?;
    jobs::enqueue_single(&tx, RECORDS_JOB, &import.to_string(), None).await?;
    let entry =
        audited(office.now().at_ms(), importer.audit(), "record.import_resumed", ("record_import", import.0));
    tx.audit(AuditEntry { division: Some(importer.division), ..entry }).await?;
    Ok(tx.commit().await?)
}
