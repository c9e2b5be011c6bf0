//! What an organisation does again and again by itself: the duties that the pack leaves to it.

use store::{IdempotencyKey, Query};

use super::super::duties::{self, DUTY_COLUMNS, DutyDone, DutyView, OpenDuty};
use super::super::write::{By, Door};
use super::super::{RecordDutyId, RecordId};
use super::{Own, area, opened};
use crate::access::{Granted, ReportRecords};
use crate::{Office, OfficeError};

/// Duties on the desk.
const SHOWN_MAX: i64 = 100;

/// What is due or comes soon, over all registers, the earliest first.
pub(super) async fn due(
    office: &Office,
    actor: &Granted<ReportRecords>,
    every: &[Own],
) -> Result<Vec<DutyView>, OfficeError> {
    let mut list = Vec::new();
    for own in every.iter().filter(|own| !own.side().duties.is_empty()) {
        let register = own.open.register();
        let sql = format!(
            "{} AND t.register = ? AND t.duty IN ({{list}}) AND t.state = 'open' AND t.shown_on <= ? AND t.record_id IN \
             (SELECT r.id FROM {} r WHERE {}) ORDER BY t.due_on, t.id LIMIT {SHOWN_MAX}",
            duties::SELECT,
            super::super::columns::table(register),
            own.belongs
        );
        let found = Query::new(&area(actor), &DUTY_COLUMNS, sql)
            .bind(register.id.as_str())
            .bind_list(own.side().duties.iter().map(|duty| duty.as_str()))
            .bind(office.now().today())
            .bind(own.id)
            .all_as(office.db(), |row| duties::view(own.open.release(), row))
            .await?;
        list.extend(found);
    }
    list.sort_by_key(|duty| (duty.due_on, duty.id));
    list.truncate(usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX));
    Ok(list)
}

/// Those of one record that was found to be the organisation's.
pub(super) async fn of_record(
    office: &Office,
    actor: &Granted<ReportRecords>,
    own: &Own,
    record: RecordId,
) -> Result<Vec<DutyView>, OfficeError> {
    let mut found = duties::of_record_in(office, &area(actor), &own.open, record).await?;
    found.retain(|duty| own.side().duties.iter().any(|done| done.as_str() == duty.duty));
    Ok(found)
}

/// Opens a duty. Written down, because it shows a record.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is not the organisation's to do.
pub async fn duty(
    office: &Office,
    actor: &Granted<ReportRecords>,
    id: RecordDutyId,
) -> Result<(Own, OpenDuty), OfficeError> {
    let missing = || OfficeError::NotFound("这项职责");
    let (row, view) = duties::found(office, &area(actor), id).await?.ok_or_else(missing)?;
    let own = opened(office, actor, &view.register).await.map_err(|_| missing())?;
    if !own.side().duties.iter().any(|done| done.as_str() == view.duty) {
        return Err(missing());
    }
    let record = own.found(office, actor, view.record).await.map_err(|_| missing())?;
    let opened = duties::with_record(office, actor, &row, view, own.open.clone(), record).await?;
    Ok((own, opened))
}

/// Does a duty: what its form asks is kept, the next time is reckoned.
///
/// # Errors
/// As [`duties::perform`].
pub async fn perform(
    office: &Office,
    actor: &Granted<ReportRecords>,
    id: RecordDutyId,
    done: DutyDone<'_>,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<(), OfficeError> {
    let (own, opened) = duty(office, actor, id).await?;
    let by = By::through(actor, Door::Organisation(&own, None));
    // The record itself is changed on its own page.
    let done = DutyDone { record: None, ..done };
    duties::perform_by(office, actor, &by, &opened, done, key).await
}
