//! Alerts at the desk of the office that settles them: listed, explained, closed with a reason. An alert whose grounds are gone ends by
//! itself; one that somebody closed comes again when its grounds change.

use catalogue::definition::AlertGrade;
use chrono::NaiveDate;
use store::{AuditEntry, Cursor, DivisionId, IdempotencyKey, Once, Page, Query, ScopeColumns};

use super::{Open, RecordAlertId, RecordId, may, readable};
use crate::access::{Actor, Granted, KeepRecords, ReadRecords, Right};
use crate::{Office, OfficeError, audited};

/// Scope columns of `record_alert a`.
pub const ALERT_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "a.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertView {
    /// The alert.
    pub id: RecordAlertId,
    /// Its register.
    pub register: String,
    /// Its record.
    pub record: RecordId,
    /// Title of the record.
    pub record_title: String,
    /// Id of the alert in the pack.
    pub alert: String,
    /// What is wrong.
    pub title: String,
    /// What to do.
    pub remedy: String,
    /// What it rests on.
    pub read: String,
    /// To be settled before others.
    pub urgent: bool,
    /// How grave it is, where the pack grades it.
    pub grade: Option<AlertGrade>,
    /// By when somebody must have dealt with it, where the pack grades it.
    pub due_on: Option<NaiveDate>,
    /// `open`, `gone`, `closed`.
    pub state: String,
    /// Unix milliseconds.
    pub raised_at: i64,
    /// Why somebody closed it.
    pub reason: Option<String>,
    /// Whose office settles it.
    pub office_name: String,
}

const SELECT: &str = "SELECT a.id, a.register, a.record_id, a.alert, a.title, a.read, a.urgent, a.grade, a.due_on, a.state, a.raised_at, a.reason, \
                      d.name AS office_name FROM record_alert a JOIN division d ON d.id = a.office_id WHERE {scope}";

fn view(release: &catalogue::Release, row: &store::Row) -> store::Result<AlertView> {
    let (register, alert): (String, String) = (row.get("register")?, row.get("alert")?);
    let found = release.registers.get(&register).and_then(|register| register.alert(&alert));
    Ok(AlertView {
        id: row.get("id")?,
        record: row.get("record_id")?,
        record_title: row.get("title")?,
        title: found.map_or_else(|| alert.clone(), |found| found.title.clone()),
        remedy: found.map(|found| found.remedy.clone()).unwrap_or_default(),
        register,
        alert,
        read: row.get("read")?,
        urgent: row.get("urgent")?,
        grade: row.get::<Option<String>>("grade")?.as_deref().and_then(AlertGrade::of),
        due_on: row.get("due_on")?,
        state: row.get("state")?,
        raised_at: row.get("raised_at")?,
        reason: row.get("reason")?,
        office_name: row.get("office_name")?,
    })
}

/// Which open alerts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lying {
    /// All of one's area.
    Anywhere,
    /// Those that one's own office deals with.
    OwnOffice,
    /// Those about records of a division and below it.
    In(DivisionId),
}

/// Open alerts of one's area in the registers that one reads, newest first; of one office or place only, if asked.
///
/// # Errors
/// The database.
pub async fn open_alerts(
    office: &Office,
    reader: &Granted<ReadRecords>,
    register: Option<&str>,
    lying: Lying,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<AlertView>, OfficeError> {
    let release = office.release();
    let (registers, own) = (asked(office, reader, register), within(reader, lying));
    let sql = format!(
        "{SELECT} AND a.state = 'open' {own} AND a.register IN ({{list}}) AND {{after}} ORDER BY a.raised_at DESC, a.id DESC LIMIT ?"
    );
    let page = Query::new(&reader.scope(), &ALERT_COLUMNS, sql)
        .bind_list(registers)
        .after_descending(&["a.raised_at", "a.id"], cursor)
        .page(
            office.db(),
            size,
            |row| view(&release, row),
            |last: &AlertView| Cursor::new().integer(last.raised_at).integer(last.id.0),
        )
        .await?;
    Ok(page)
}

/// Open alerts that the packs grade, those first that are due first; of one grade only, if asked.
///
/// # Errors
/// The database.
pub async fn graded_alerts(
    office: &Office,
    reader: &Granted<ReadRecords>,
    register: Option<&str>,
    lying: Lying,
    grade: Option<AlertGrade>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<AlertView>, OfficeError> {
    let release = office.release();
    let (registers, own) = (asked(office, reader, register), within(reader, lying));
    let of = grade.map_or_else(String::new, |grade| format!("AND a.grade = '{}'", grade.code()));
    let sql = format!(
        "{SELECT} AND a.state = 'open' {own} {of} AND a.due_on IS NOT NULL AND a.register IN ({{list}}) AND {{after}} \
         ORDER BY a.due_on, a.id LIMIT ?"
    );
    let page = Query::new(&reader.scope(), &ALERT_COLUMNS, sql)
        .bind_list(registers)
        .after(&["a.due_on", "a.id"], cursor)
        .page(
            office.db(),
            size,
            |row| view(&release, row),
            |last: &AlertView| Cursor::new().date(last.due_on.unwrap_or_default()).integer(last.id.0),
        )
        .await?;
    Ok(page)
}

/// The registers that are asked for and that the reader may read.
fn asked(office: &Office, reader: &Actor, register: Option<&str>) -> Vec<String> {
    readable(office, reader)
        .iter()
        .map(|open| open.register().id.get().clone())
        .filter(|id| register.is_none_or(|only| only == id))
        .collect()
}

/// Where alerts lie, as a condition.
fn within(reader: &Actor, lying: Lying) -> String {
    match lying {
        Lying::Anywhere => String::new(),
        Lying::OwnOffice => format!("AND a.office_id = {}", reader.division.0),
        Lying::In(place) => format!(
            "AND a.division_id IN (SELECT pc.descendant_id FROM division_closure pc WHERE pc.ancestor_id = {})",
            place.0
        ),
    }
}

/// Alerts of one record that the reader has opened: open ones first.
pub(super) async fn of_record(
    office: &Office,
    reader: &Actor,
    open: &Open,
    record: RecordId,
) -> Result<Vec<AlertView>, OfficeError> {
    let sql = format!(
        "{SELECT} AND a.register = ? AND a.record_id = ? ORDER BY CASE WHEN a.state = 'open' THEN 0 ELSE 1 END, a.id DESC LIMIT 30"
    );
    let release = open.release();
    Ok(Query::new(&reader.scope(), &ALERT_COLUMNS, sql)
        .bind(open.register().id.as_str())
        .bind(record)
        .all_as(office.db(), |row| view(release, row))
        .await?)
}

/// One alert of one's area.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn alert(
    office: &Office,
    reader: &Granted<ReadRecords>,
    id: RecordAlertId,
) -> Result<AlertView, OfficeError> {
    let release = office.release();
    let found = Query::new(&reader.scope(), &ALERT_COLUMNS, format!("{SELECT} AND a.id = ?"))
        .bind(id)
        .optional_as(office.db(), |row| view(&release, row))
        .await?
        .ok_or(OfficeError::NotFound("这条预警"))?;
    let seen = release.registers.get(&found.register).is_some_and(|one| may(reader, one, Right::ReadRecords));
    if !seen {
        return Err(OfficeError::NotFound("这条预警"));
    }
    super::page::looked_at(office, reader, &found.register, found.record).await?;
    Ok(found)
}

/// Closes an alert with a reason. Sent again it says that it is closed.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area; [`OfficeError::Conflict`] when it is not open any more; [`OfficeError::Invalid`] without
/// a reason.
pub async fn close(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    id: RecordAlertId,
    reason: &str,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<(), OfficeError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(OfficeError::invalid("reason", "请填写怎样处理的，或者为什么不处理。"));
    }
    let release = office.release();
    let tx = office.db().begin().await?;
    if let Some((key, who)) = key
        && matches!(tx.once(key, who).await?, Once::Again(_))
    {
        return Ok(());
    }
    let row = Query::new(
        &keeper.scope(),
        &ALERT_COLUMNS,
        "SELECT a.register, a.record_id, a.division_id, a.state FROM record_alert a WHERE {scope} AND a.id = ?",
    )
    .bind(id)
    .optional(&tx)
    .await?
    .ok_or(OfficeError::NotFound("这条预警"))?;
    let register: String = row.get("register")?;
    if !release.registers.get(&register).is_some_and(|one| may(keeper, one, Right::KeepRecords)) {
        return Err(OfficeError::NotFound("这条预警"));
    }
    if row.get::<String>("state")? != "open" {
        return Err(OfficeError::Conflict("这条预警已经处理过，或者情况已经消除。".to_owned()));
    }
    let now = office.now().at_ms();
    Query::new(
        &keeper.scope(),
        &ALERT_COLUMNS,
        "UPDATE record_alert AS a SET state = 'closed', ended_at = ?, closed_by = ?, reason = ? WHERE {scope} AND a.id = ? AND a.state = 'open'",
    )
    .bind(now)
    .bind(keeper.staff)
    .bind(reason)
    .bind(id)
    .execute_one(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(row.get("division_id")?),
        details: serde_json::json!({ "register": register, "alert": id.0, "reason": reason }),
        ..audited(now, keeper.audit(), "record.alert_closed", ("record", row.get("record_id")?))
    })
    .await?;
    if let Some((key, _)) = key {
        tx.remember(key, "").await?;
    }
    Ok(tx.commit().await?)
}
