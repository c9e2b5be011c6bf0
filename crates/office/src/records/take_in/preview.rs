//! What a file would do, before anybody says yes.

use serde_json::json;
use store::AuditEntry;

use super::check::{Does, checked};
use super::{RECORDS_JOB, Settings};
use crate::access::{Granted, ImportRecords};
use crate::records::draft::form;
use crate::records::{Open, history, sheet};
use crate::tabular::{self, CellFault};
use crate::uploads::{self, Upload, UploadId};
use crate::{Office, OfficeError, audited};

/// What a file would do.
#[derive(Debug, Clone)]
pub struct Preview {
    /// To confirm with.
    pub upload: UploadId,
    /// Rows that are new.
    pub new: usize,
    /// Rows that change a record.
    pub changed: usize,
    /// Rows that change nothing.
    pub unchanged: usize,
    /// Rows in conflict: their record was changed meanwhile.
    pub conflicting: usize,
    /// The first of those that change: title, and what would change.
    pub shown: Vec<(String, Vec<(String, String, String)>)>,
    /// Everything that is wrong, by cell.
    pub faults: Vec<CellFault>,
    /// Headers that are passed over.
    pub ignored: Vec<String>,
}

/// The empty file to fill in.
///
/// # Errors
/// The writer's.
pub fn template(open: &Open) -> Result<Vec<u8>, OfficeError> {
    sheet::template(open.release(), open.register(), form(open)?)
}

/// Reads a file and says what it would do.
///
/// # Errors
/// [`OfficeError::Invalid`] when the file or its headers cannot be read.
pub async fn preview(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    name: &str,
    bytes: &[u8],
) -> Result<Preview, OfficeError> {
    let form = form(open)?;
    let checked = checked(office, importer, open, name, bytes).await?;
    let count = |wanted: fn(&Does) -> bool| checked.rows.iter().filter(|row| wanted(&row.does)).count();
    let mut shown = Vec::new();
    for row in &checked.rows {
        if let Does::Change(record) = &row.does
            && shown.len() < 20
        {
            let before = record.answers(open.register());
            let answers = (&before, &row.draft.answers);
            let files = &row.draft.looked.files;
            let words = history::in_words(office, importer, open, form, answers, files).await?;
            shown.push((record.title.clone(), words));
        }
    }
    let settings = Settings { register: open.register().id.get().clone(), post: importer.post.0 };
    let tx = office.db().begin().await?;
    let upload = uploads::keep(office, &tx, importer, RECORDS_JOB, name, bytes, &settings).await?;
    tx.audit(AuditEntry {
        division: Some(importer.division),
        details: json!({ "register": settings.register, "rows": checked.table.rows.len(), "faults": checked.table.faults.len() }),
        ..audited(office.now().at_ms(), importer.audit(), "record.import_previewed", ("upload", upload.0))
    })
    .await?;
    tx.commit().await?;
    Ok(Preview {
        upload,
        new: count(|does| matches!(does, Does::Add)),
        changed: count(|does| matches!(does, Does::Change(_))),
        unchanged: count(|does| matches!(does, Does::Nothing)),
        conflicting: checked.conflicting,
        shown,
        ignored: checked.table.ignored().to_vec(),
        faults: checked.table.faults,
    })
}

/// The uploaded rows with a column 错误说明.
///
/// # Errors
/// [`OfficeError::NotFound`] when the upload is not there any more.
pub async fn corrected(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    upload: UploadId,
) -> Result<Vec<u8>, OfficeError> {
    let found = find_upload(office, office.db(), importer, open, upload).await?;
    let content = found.content.ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let checked = checked(office, importer, open, &found.name, &content).await?;
    let entry =
        audited(office.now().at_ms(), importer.audit(), "record.import_corrected", ("upload", upload.0));
    office.db().audit_read(AuditEntry { division: Some(importer.division), ..entry }).await?;
    Ok(tabular::corrected(&[&checked.table])?)
}

pub(super) async fn find_upload(
    office: &Office,
    connection: &impl store::Connection,
    importer: &Granted<ImportRecords>,
    open: &Open,
    upload: UploadId,
) -> Result<Upload<Settings>, OfficeError> {
    let found: Upload<Settings> =
        uploads::find(office, connection, &importer.scope(), RECORDS_JOB, upload).await?;
    if found.settings.register == open.register().id.as_str() {
        Ok(found)
    } else {
        Err(OfficeError::NotFound("这个上传的文件"))
    }
}
