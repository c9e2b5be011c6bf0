//! The township asks for a test; the county begins and reports. How many working days each has is the clocks' affair.

use store::{AuditActor, CaseId, Connection, Query, StaffId, Tx};
use vocab::Now;

use super::MeansRequestId;
use crate::{Office, OfficeError, audited};

const GUARD: &str = "a step of a case that the caller may see";

/// How far the test of a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has asked for one.
    NotRequested,
    /// Asked for, not reported.
    Requested,
    /// The report of the last request is there.
    Reported,
}

/// Asks for the test of a case. Asked for already, nothing happens; after a report a new test may be asked for.
///
/// # Errors
/// The database's.
pub async fn request_in(
    _office: &Office,
    tx: &Tx,
    case: CaseId,
    staff: Option<StaffId>,
    now: Now,
) -> Result<(), OfficeError> {
    if open(tx, case).await?.is_some() {
        return Ok(());
    }
    Query::system(
        GUARD,
        "INSERT INTO means_request (case_id, requested_at, requested_by) VALUES (?, ?, ?) RETURNING id",
    )
    .bind(case)
    .bind(now.at_ms())
    .bind(staff)
    .insert(tx)
    .await?;
    audit(tx, "means_test.requested", case, staff, now).await
}

/// The county has begun (启动核对).
///
/// # Errors
/// [`OfficeError::Conflict`] when no test was asked for.
pub async fn start_in(
    _office: &Office,
    tx: &Tx,
    case: CaseId,
    staff: Option<StaffId>,
    now: Now,
) -> Result<(), OfficeError> {
    let request = open(tx, case).await?.ok_or_else(|| {
        OfficeError::Conflict("这件申请还没有提出核对请求。请先由乡镇（街道）提请核对。".to_owned())
    })?;
    Query::system(
        GUARD,
        "UPDATE means_request SET started_at = COALESCE(started_at, ?), started_by = COALESCE(started_by, ?) WHERE id = ?",
    )
    .bind(now.at_ms())
    .bind(staff)
    .bind(request)
    .execute_one(tx)
    .await?;
    audit(tx, "means_test.started", case, staff, now).await
}

async fn audit(
    tx: &Tx,
    action: &'static str,
    case: CaseId,
    staff: Option<StaffId>,
    now: Now,
) -> Result<(), OfficeError> {
    let actor = AuditActor { staff, ..AuditActor::default() };
    tx.audit(store::AuditEntry { case: Some(case), ..audited(now.at_ms(), actor, action, ("case", case.0)) })
        .await?;
    Ok(())
}

/// The request that waits for its report.
pub(super) async fn open(
    connection: &impl Connection,
    case: CaseId,
) -> Result<Option<MeansRequestId>, OfficeError> {
    Ok(Query::system(GUARD, "SELECT r.id FROM means_request r WHERE r.case_id = ? AND r.reported_at IS NULL")
        .bind(case)
        .optional_as(connection, |row| row.get("id"))
        .await?)
}

/// How far the test of a case is.
///
/// # Errors
/// The database's.
pub async fn state(connection: &impl Connection, case: CaseId) -> Result<State, OfficeError> {
    let last = Query::system(
        GUARD,
        "SELECT r.reported_at FROM means_request r WHERE r.case_id = ? ORDER BY r.id DESC LIMIT 1",
    )
    .bind(case)
    .optional_as(connection, |row| row.get::<Option<i64>>("reported_at"))
    .await?;
    Ok(match last {
        None => State::NotRequested,
        Some(None) => State::Requested,
        Some(Some(_)) => State::Reported,
    })
}
