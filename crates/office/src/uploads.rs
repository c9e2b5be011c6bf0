//! Files between preview and import. A person sees what a file would do, then says yes; until then the bytes wait here,
//! sealed, because they hold identity numbers. They are forgotten when the import is done.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sm3::{Digest, Sm3};
use store::{Connection, DivisionId, JobId, Migration, Query, Scope, ScopeColumns, Tx, id_type};

use crate::access::Actor;
use crate::{Office, OfficeError};

id_type! {
    /// An uploaded file that waits, or waited, for its import.
    UploadId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "20261121_uploads", sql: include_str!("../migrations/20261121_uploads.sql") }];

/// Scope columns of `upload u`: the office that uploaded and those above.
const UPLOAD_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "u.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// A job that works on a file the officer put there.
const WORK: Scope = Scope::System("the import of a file that an officer has confirmed");

/// A waiting file.
#[derive(Debug)]
pub(crate) struct Upload<S> {
    pub division: DivisionId,
    pub name: String,
    pub sm3: String,
    pub settings: S,

    pub job: Option<JobId>,

    /// None once the import is done.
    pub content: Option<Vec<u8>>,
}

/// The SM3 hash of a file, hexadecimal.
#[must_use]
pub fn sm3_of(bytes: &[u8]) -> String {
    hex::encode(Sm3::digest(bytes))
}

/// Keeps a file until its import. The same file with the same settings, still waiting, is kept once.
pub(crate) async fn keep<S: Serialize + Sync>(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    kind: &str,
    name: &str,
    bytes: &[u8],
    settings: &S,
) -> Result<UploadId, OfficeError> {
    let settings =
        serde_json::to_string(settings).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let sm3 = sm3_of(bytes);
    let waiting: Option<UploadId> = Query::new(
        &actor.scope(),
        &UPLOAD_COLUMNS,
        "SELECT u.id FROM upload u WHERE {scope} AND u.division_id = ? AND u.kind = ? AND u.sm3 = ? AND u.settings = ? \
         AND u.uploaded_by = ? AND u.committed_at IS NULL ORDER BY u.id LIMIT 1",
    )
    .bind(actor.division)
    .bind(kind)
    .bind(sm3.as_str())
    .bind(settings.as_str())
    .bind(actor.staff)
    .optional_as(tx, |row| row.get("id"))
    .await?;
    if let Some(waiting) = waiting {
        return Ok(waiting);
    }
    let id = Query::system(
        "an officer's own upload",
        "INSERT INTO upload (kind, division_id, name, size, sm3, settings, content_sealed, uploaded_by, uploaded_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(kind)
    .bind(actor.division)
    .bind(name)
    .bind(bytes.len())
    .bind(sm3)
    .bind(settings)
    .bind(office.keys().seal(&hex::encode(bytes))?)
    .bind(actor.staff)
    .bind(office.now().at_ms())
    .insert(tx)
    .await?;
    Ok(UploadId(id))
}

/// A file of one's own office or below.
pub(crate) async fn find<S: DeserializeOwned>(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    kind: &str,
    id: UploadId,
) -> Result<Upload<S>, OfficeError> {
    let row = Query::new(
        scope,
        &UPLOAD_COLUMNS,
        "SELECT u.division_id, u.name, u.sm3, u.settings, u.job_id, u.content_sealed \
         FROM upload u WHERE {scope} AND u.id = ? AND u.kind = ?",
    )
    .bind(id)
    .bind(kind)
    .optional(connection)
    .await?
    .ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let broken =
        |error: &dyn std::fmt::Display| OfficeError::Internal(format!("上传的文件无法读取（{error}）"));
    let settings: String = row.get("settings")?;
    let content = match row.get::<Option<Vec<u8>>>("content_sealed")? {
        Some(sealed) => {
            let text = office.keys().open(&sealed)?;
            Some(hex::decode(text.as_bytes()).map_err(|error| broken(&error))?)
        }
        None => None,
    };
    Ok(Upload {
        division: row.get("division_id")?,
        name: row.get("name")?,
        sm3: row.get("sm3")?,
        settings: serde_json::from_str(&settings).map_err(|error| broken(&error))?,

        job: row.get("job_id")?,

        content,
    })
}

/// The file of a job.
pub(crate) async fn find_for_work<S: DeserializeOwned>(
    office: &Office,
    connection: &impl Connection,
    kind: &str,
    id: UploadId,
) -> Result<Upload<S>, OfficeError> {
    find(office, connection, &WORK, kind, id).await
}

/// The officer said yes; the job has it.
pub(crate) async fn commit(tx: &Tx, id: UploadId, job: JobId, at: i64) -> Result<(), OfficeError> {
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "UPDATE upload SET committed_at = ?, job_id = ? WHERE id = ? AND committed_at IS NULL",
    )
    .bind(at)
    .bind(job)
    .bind(id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// The import was stopped and left nothing: the file waits for a yes as before, or is dropped after its time.
pub(crate) async fn take_back(tx: &Tx, id: UploadId) -> Result<(), OfficeError> {
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "UPDATE upload SET committed_at = NULL, job_id = NULL WHERE id = ? AND content_sealed IS NOT NULL",
    )
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}

/// The import is done: the bytes go, the hash stays.
pub(crate) async fn forget(tx: &Tx, id: UploadId) -> Result<(), OfficeError> {
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "UPDATE upload SET content_sealed = NULL WHERE id = ? AND committed_at IS NOT NULL",
    )
    .bind(id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// Drops files that nobody confirmed since `before` (unix milliseconds); how many. A nightly job keeps a week.
///
/// # Errors
/// The database's.
pub async fn prune(office: &Office, before: i64) -> Result<u64, OfficeError> {
    Ok(Query::system("housekeeping", "DELETE FROM upload WHERE committed_at IS NULL AND uploaded_at < ?")
        .bind(before)
        .execute(office.db())
        .await?)
}
