//! The clock of a synthetic database: its days may be put forward, so that a notice ends and a month is paid while somebody
//! looks on. A real database has only the machine's clock. What was done on a later day cannot be undone by going back, so
//! the clock never goes back.

use store::{AuditEntry, Query, set_setting, setting};

use crate::access::Actor;
use crate::{Office, OfficeError, audited};

const DAYS_AHEAD: &str = "days_ahead";
/// Days of one step.
pub const STEP_MAX: i64 = 400;
/// One day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Takes over how far the clock of this database was put forward. Nothing in a real one.
///
/// # Errors
/// The database's.
pub async fn follow(office: &Office) -> Result<(), OfficeError> {
    if office.db().synthetic() {
        let days = setting(office.db(), DAYS_AHEAD).await?.and_then(|text| text.parse().ok()).unwrap_or(0);
        office.set_days_ahead(days);
    }
    Ok(())
}

/// By how much a synthetic database is ahead of its clock, milliseconds: what reckons on somebody's own clock adds it. Nothing in a real one.
#[must_use]
pub fn ahead_ms(office: &Office) -> i64 {
    office.days_ahead() * DAY_MS
}

/// Puts the clock forward, with everybody's sessions, and does what those days bring ([`round`]).
///
/// # Errors
/// [`OfficeError::Invalid`] unless 1 to [`STEP_MAX`] days; [`OfficeError::Conflict`] in a real database.
pub async fn put_forward(office: &Office, actor: &Actor, days: i64) -> Result<(), OfficeError> {
    if !office.db().synthetic() {
        return Err(OfficeError::Conflict("只有演示环境可以调整日期。".to_owned()));
    }
    if !(1..=STEP_MAX).contains(&days) {
        return Err(OfficeError::invalid("days", format!("请填写 1 到 {STEP_MAX} 之间的天数。")));
    }
    let tx = office.db().begin().await?;
    let ahead = office.days_ahead() + days;
    set_setting(&tx, DAYS_AHEAD, &ahead.to_string()).await?;
    Query::system(
        "sessions of a synthetic database go along with its clock",
        "UPDATE session SET seen_at = seen_at + ?, expires_at = expires_at + ?",
    )
    .bind(days * DAY_MS)
    .bind(days * DAY_MS)
    .execute(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: serde_json::json!({ "days": days }),
        ..audited(office.now().at_ms(), actor.audit(), "clock.put_forward", ("setting", 0))
    })
    .await?;
    tx.commit().await?;
    office.set_days_ahead(ahead);
    crate::round(office).await
}
