//! Confirmed, taken back, gone on with: each writes its deed into the audit and leaves the work to the job.

use serde_json::json;
use store::{AuditEntry, Query, jobs};

use super::{BULK_COLUMNS, BULK_JOB, view};
use crate::access::{Actor, Granted, KeepRecords};
use crate::records::{Open, RecordBulkId};
use crate::{Office, OfficeError, audited};

/// Confirms a preview: the job changes what can be changed. Confirmed twice it is done once.
///
/// # Errors
/// [`OfficeError::Conflict`] when nothing would change, or for the preview of somebody else.
pub async fn commit(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
) -> Result<(), OfficeError> {
    let view = view(office, keeper, open, id).await?;
    if !view.own {
        return Err(OfficeError::Conflict(format!("这次批量修改由{}预览，请由其本人确认。", view.maker)));
    }
    if view.state != "previewed" {
        return Ok(());
    }
    if view.change == 0 {
        return Err(OfficeError::Conflict("没有可以修改的记录。".to_owned()));
    }
    let tx = office.db().begin().await?;
    let begun = Query::new(
        &keeper.scope(),
        &BULK_COLUMNS,
        "UPDATE record_bulk AS b SET state = 'changing' WHERE {scope} AND b.id = ? AND b.state = 'previewed'",
    )
    .bind(id)
    .execute(&tx)
    .await?;
    if begun == 0 {
        return Ok(());
    }
    jobs::enqueue(&tx, BULK_JOB, &id.to_string(), Some(view.change)).await?;
    note(&tx, office, keeper, open, id, ("record.bulk_committed", &view.reason)).await?;
    Ok(tx.commit().await?)
}

/// Takes a whole change back: every record gets what it held before, unless somebody changed it since.
///
/// # Errors
/// [`OfficeError::Invalid`] without a reason; [`OfficeError::Conflict`] while it is under way or when it was taken back.
pub async fn undo(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
    reason: &str,
) -> Result<(), OfficeError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(OfficeError::invalid("reason", "请填写撤销的原因。"));
    }
    let view = view(office, keeper, open, id).await?;
    if !(view.state == "done" || view.state == "changing" && view.stopped.is_some()) {
        return Err(OfficeError::Conflict("这次批量修改还没有办完，或者已经撤销。".to_owned()));
    }
    let tx = office.db().begin().await?;
    Query::new(
        &keeper.scope(),
        &BULK_COLUMNS,
        "UPDATE record_bulk AS b SET state = 'undoing', undone_by = ?, undone_at = ?, undo_reason = ? \
         WHERE {scope} AND b.id = ? AND b.state IN ('done', 'changing')",
    )
    .bind(keeper.staff)
    .bind(office.now().at_ms())
    .bind(reason)
    .bind(id)
    .execute_one(&tx)
    .await?;
    jobs::enqueue(&tx, BULK_JOB, &id.to_string(), Some(view.changed)).await?;
    note(&tx, office, keeper, open, id, ("record.bulk_undo", reason)).await?;
    Ok(tx.commit().await?)
}

/// Lets a change, or its taking back, go on that was stopped.
///
/// # Errors
/// [`OfficeError::Conflict`] when it is at its end or under way.
pub async fn resume(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
) -> Result<(), OfficeError> {
    let view = view(office, keeper, open, id).await?;
    if view.stopped.is_none() {
        return Err(OfficeError::Conflict("这次批量修改已经办完，或者正在办理。".to_owned()));
    }
    let tx = office.db().begin().await?;
    jobs::enqueue_single(&tx, BULK_JOB, &id.to_string(), None).await?;
    note(&tx, office, keeper, open, id, ("record.bulk_resumed", &view.reason)).await?;
    Ok(tx.commit().await?)
}

/// Writes a deed about a change into the audit.
async fn note(
    tx: &store::Tx,
    office: &Office,
    keeper: &Actor,
    open: &Open,
    id: RecordBulkId,
    (action, reason): (&'static str, &str),
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        division: Some(keeper.division),
        details: json!({ "register": open.register().id.as_str(), "reason": reason }),
        ..audited(office.now().at_ms(), keeper.audit(), action, ("record_bulk", id.0))
    };
    Ok(tx.audit(entry).await?)
}
