//! Taking over the roll kept before: seen with every fault, agreed with control totals typed in beforehand, taken in by a job
//! family by family, and taken back as a whole as long as nothing was paid from it. A job that was stopped or failed leaves
//! the import where it is: the officer lets it go on ([`resume`]) or takes back what came in ([`undo`]).

mod list;
mod preview;
mod take_back;
mod take_in;

use serde::{Deserialize, Serialize};
use store::jobs::{self, Claim, Job};
use store::{AuditEntry, Connection, DivisionId, JobId, Query, Scope, ScopeColumns, StaffId, Tx};
use vocab::{Level, Month};

use super::{RollImportId, RollTotals, business, read, register};
use crate::access::{Granted, ManageRoll};
use crate::tabular::CellFault;
use crate::uploads::UploadId;
use crate::{Office, OfficeError, audited};

pub use list::imports;
pub use preview::{commit, corrected, preview};
pub use take_back::undo;

/// The kind of the job (import and taking back), and of the upload.
pub const ROLL_JOB: &str = "import_roll";

/// Families in one transaction.
const BATCH: usize = 50;

const REASON: &str = "在册名册导入";

const IMPORT_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "i.county_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

const WORK: Scope = Scope::System("the import of a roll that an officer has confirmed");

/// What the accountant says of the roll before the file is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollSettings {
    /// Programme of the pack.
    pub programme: String,
    /// First month that is paid from here.
    pub first_due: Month,
    /// Document on which the roll rests, where a family has none of its own.
    pub reference: String,
    /// Control totals from the old books.
    pub expected: RollTotals,
}

/// What a roll would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollPreview {
    /// To confirm with.
    pub upload: UploadId,
    /// Totals of the file.
    pub found: RollTotals,
    /// Where they differ from those typed in; empty when they agree.
    pub disagreements: Vec<String>,
    /// Families that are new on the roll.
    pub new: usize,
    /// Families on the roll already, with the same members and amount: passed over.
    pub already: usize,
    /// Every fault.
    pub faults: Vec<CellFault>,
    /// Headers that are passed over.
    pub ignored: Vec<String>,
    /// The same file was imported before.
    pub known: bool,
}

/// An import as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollImportView {
    /// The import.
    pub id: RollImportId,
    /// Name of the file.
    pub name: String,
    /// Programme.
    pub programme: String,
    /// First month paid from here.
    pub first_due: Month,
    /// What the file held.
    pub totals: RollTotals,
    /// `importing`, `done`, `undoing`, `undone`.
    pub state: String,
    /// Nobody works on it although it is not at its end: why, as the job says it.
    pub stopped: Option<String>,
    /// Families taken in so far.
    pub taken: i64,
    /// Families that could not be taken in: key and reason.
    pub refused: Vec<(String, String)>,
    /// Unix milliseconds.
    pub imported_at: i64,
    /// Who.
    pub imported_by: StaffId,
}

fn county_of(actor: &Granted<ManageRoll>) -> Result<DivisionId, OfficeError> {
    match (actor.level, actor.county) {
        (Level::County, Some(county)) => Ok(county),
        _ => Err(OfficeError::Forbidden(crate::access::Right::ManageRoll)),
    }
}

fn exclusion_group(office: &Office, programme: &str) -> Result<String, OfficeError> {
    let release = office.release();
    let programme = release.programmes.get(programme).ok_or(OfficeError::NotFound("这个待遇项目"))?;
    if programme.confidential.is_some() {
        return Err(OfficeError::invalid(
            "programme",
            "这项待遇保密，不能用名册整批导入，请由县级民政部门逐件办理。",
        ));
    }
    Ok(programme.exclusion_group.get().clone())
}

/// The last month for which the county has a regular run.
async fn last_run(tx: &Tx, county: DivisionId, programme: &str) -> Result<Option<Month>, OfficeError> {
    Ok(Query::system(
        "the runs of one's own county",
        "SELECT MAX(r.month) AS month FROM payment_run r WHERE r.county_id = ? AND r.programme = ? AND r.kind = 'regular' \
         AND r.state NOT IN ('cancelling', 'cancelled')",
    )
    .bind(county)
    .bind(programme)
    .one(tx)
    .await?
    .get("month")?)
}

/// An import as its job needs it.
struct Import {
    id: RollImportId,
    upload: UploadId,
    county: DivisionId,
    programme: String,
    group: String,
    first_due: Month,
    reference: String,
    state: String,
    officer: StaffId,
    undo: Option<(StaffId, String)>,
}

async fn load(office: &Office, id: RollImportId) -> Result<Import, OfficeError> {
    let row = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT i.upload_id, i.county_id, i.programme, i.first_due_month, i.reference, i.state, i.imported_by, i.undone_by, i.undo_reason \
         FROM roll_import i WHERE i.id = ?",
    )
    .bind(id)
    .one(office.db())
    .await?;
    let programme: String = row.get("programme")?;
    let undone_by: Option<StaffId> = row.get("undone_by")?;
    Ok(Import {
        id,
        upload: row.get("upload_id")?,
        county: row.get("county_id")?,
        group: exclusion_group(office, &programme)?,
        programme,
        first_due: row.get("first_due_month")?,
        reference: row.get("reference")?,
        state: row.get("state")?,
        officer: row.get("imported_by")?,
        undo: undone_by.zip(row.get::<Option<String>>("undo_reason")?),
    })
}

/// Does the job, or goes on with it: batches of families, each family once, each batch with its progress in one transaction.
///
/// # Errors
/// The database's; the job is taken again.
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let id: RollImportId =
        claim.job.payload.parse().map_err(|_| OfficeError::Internal("任务内容无法识别".to_owned()))?;
    let import = load(office, id).await?;
    match import.state.as_str() {
        "importing" => take_in::take_in(office, claim, &import).await,
        "undoing" => take_back::take_back(office, claim, &import).await,
        _ => Ok(claim.finished(office.db(), "已完成").await?),
    }
}

fn evidence(import: RollImportId) -> String {
    format!("{REASON}{import}")
}

/// An import that stands.
struct Standing {
    id: RollImportId,
    /// Not at its end.
    under_way: bool,
}

/// The job that waits for an import or works on it.
async fn live_job(connection: &impl Connection, id: RollImportId) -> Result<Option<JobId>, OfficeError> {
    let job = jobs::latest(connection, ROLL_JOB, &id.to_string()).await?;
    Ok(job.filter(Job::is_live).map(|job| job.id))
}

/// Why nobody works on an import that is not at its end.
async fn stopped(connection: &impl Connection, id: RollImportId) -> Result<Option<String>, OfficeError> {
    let job = jobs::latest(connection, ROLL_JOB, &id.to_string()).await?;
    Ok(match job {
        Some(job) if job.is_live() => None,
        Some(job) => Some(job.outcome.unwrap_or_default()),
        None => Some(String::new()),
    })
}

/// Lets an import, or its taking back, go on that was stopped or failed. Asked twice, it goes on once.
///
/// # Errors
/// [`OfficeError::Conflict`] when it is at its end; [`OfficeError::Forbidden`] outside a county.
pub async fn resume(
    office: &Office,
    actor: &Granted<ManageRoll>,
    import: RollImportId,
) -> Result<JobId, OfficeError> {
    let county = county_of(actor)?;
    let tx = office.db().begin().await?;
    tx.lock(&format!("{ROLL_JOB} {county}")).await?;
    let state = state_of(office, &tx, actor, import).await?;
    if !matches!(state.as_str(), "importing" | "undoing") {
        return Err(OfficeError::Conflict("这次导入已经办完，没有要接着办的。".to_owned()));
    }
    let job = match live_job(&tx, import).await? {
        Some(job) => job,
        None => {
            let entry =
                audited(office.now().at_ms(), actor.audit(), "roll.resumed", ("roll_import", import.0));
            tx.audit(AuditEntry { division: Some(county), ..entry }).await?;
            jobs::enqueue_single(&tx, ROLL_JOB, &import.to_string(), None).await?
        }
    };
    tx.commit().await?;
    Ok(job)
}

/// Where an import of one's own county and businesses stands.
async fn state_of(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ManageRoll>,
    import: RollImportId,
) -> Result<String, OfficeError> {
    let found: Option<(String, String)> = Query::new(
        &actor.scope(),
        &IMPORT_COLUMNS,
        "SELECT i.state, i.programme FROM roll_import i WHERE {scope} AND i.id = ?",
    )
    .bind(import)
    .optional_as(tx, |row| Ok((row.get("state")?, row.get("programme")?)))
    .await?;
    let (state, programme) = found.ok_or(OfficeError::NotFound("这次导入"))?;
    business::demand_found(office, actor, &programme, "这次导入")?;
    Ok(state)
}
