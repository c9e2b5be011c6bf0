//! Duties at the desk of the office that does them: what is due, what is late, and doing it - with the pack's form, and the record's own
//! fields that are written with it.

use catalogue::definition::Form;
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, Cursor, IdempotencyKey, Once, Page, Query, Row, Scope, ScopeColumns};

use super::draft::draft_of;
use super::read::{Record, record};
use super::settle::{Looked, settle_as};
use super::write::{By, Step, save_by};
use super::{Deed, Open, RecordDutyId, RecordId, may, open, readable};
use crate::access::{Actor, Granted, KeepRecords, ReadRecords, Right};
use crate::forms::{Answers, FieldPath, FilledForm, FormContext, Raw};
use crate::{Office, OfficeError, audited};

/// Scope columns of `record_duty t`.
pub const DUTY_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "t.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// A duty that falls due, or was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyView {
    /// This time of it.
    pub id: RecordDutyId,
    /// Its register.
    pub register: String,
    /// Its record.
    pub record: RecordId,
    /// Title of the record.
    pub record_title: String,
    /// Id of the duty in the pack.
    pub duty: String,
    /// Title.
    pub title: String,
    /// What is to be done.
    pub text: String,
    /// By when.
    pub due_on: NaiveDate,
    /// From when it is shown as coming.
    pub shown_on: NaiveDate,
    /// `open`, `done`, `lapsed`.
    pub state: String,
    /// When it was done.
    pub done_on: Option<NaiveDate>,
    /// What was remarked.
    pub note: Option<String>,
    /// Whose office does it.
    pub office_name: String,
    /// The day that a plan sets down for it.
    pub planned_on: Option<NaiveDate>,
}

/// What of the duties is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DutyFilter {
    /// Of one register.
    pub register: Option<String>,
    /// Of one's own office only.
    pub own: bool,
    /// Late ones only.
    pub late: bool,
    /// Also those that are not shown as coming yet.
    pub future: bool,
}

pub(super) const SELECT: &str = "SELECT t.id, t.register, t.record_id, t.duty, t.title, t.due_on, t.shown_on, t.state, t.done_on, t.note, t.planned_on, \
                      d.name AS office_name FROM record_duty t JOIN division d ON d.id = t.office_id WHERE {scope}";

pub(super) fn view(release: &catalogue::Release, row: &Row) -> store::Result<DutyView> {
    let (register, duty): (String, String) = (row.get("register")?, row.get("duty")?);
    let found = release.registers.get(&register).and_then(|register| register.duty(&duty));
    Ok(DutyView {
        id: row.get("id")?,
        record: row.get("record_id")?,
        record_title: row.get("title")?,
        title: found.map_or_else(|| duty.clone(), |found| found.title.clone()),
        text: found.map(|found| found.text.clone()).unwrap_or_default(),
        register,
        duty,
        due_on: row.get("due_on")?,
        shown_on: row.get("shown_on")?,
        state: row.get("state")?,
        done_on: row.get("done_on")?,
        note: row.get("note")?,
        office_name: row.get("office_name")?,
        planned_on: row.get("planned_on")?,
    })
}

/// Open duties of one's area in the registers that one reads, the earliest first.
///
/// # Errors
/// The database.
pub async fn due(
    office: &Office,
    reader: &Granted<ReadRecords>,
    filter: &DutyFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<DutyView>, OfficeError> {
    let release = office.release();
    let today = office.now().today();
    let registers: Vec<String> = readable(office, reader)
        .iter()
        .map(|open| open.register().id.get().clone())
        .filter(|id| filter.register.as_ref().is_none_or(|only| only == id))
        .collect();
    let own = if filter.own { format!("AND t.office_id = {}", reader.division.0) } else { String::new() };
    let until = match (filter.late, filter.future) {
        (true, _) => "AND t.due_on < ?",
        (false, false) => "AND t.shown_on <= ?",
        (false, true) => "AND t.shown_on >= ?",
    };
    // Asked for everything that is to come, any day will do.
    let day = if filter.future && !filter.late {
        NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(today)
    } else {
        today
    };
    let sql = format!(
        "{SELECT} AND t.state = 'open' {own} {until} AND t.register IN ({{list}}) AND {{after}} ORDER BY t.due_on, t.id LIMIT ?"
    );
    let page = Query::new(&reader.scope(), &DUTY_COLUMNS, sql)
        .bind(day)
        .bind_list(registers)
        .after(&["t.due_on", "t.id"], cursor)
        .page(
            office.db(),
            size,
            |row| view(&release, row),
            |last: &DutyView| Cursor::new().date(last.due_on).integer(last.id.0),
        )
        .await?;
    Ok(page)
}

/// Duties of one record that the reader has opened: open ones first, then the latest done.
pub(super) async fn of_record(
    office: &Office,
    reader: &Actor,
    open: &Open,
    record: RecordId,
) -> Result<Vec<DutyView>, OfficeError> {
    of_record_in(office, &reader.scope(), open, record).await
}

/// The same for whoever was shown to have the record.
pub(super) async fn of_record_in(
    office: &Office,
    scope: &Scope,
    open: &Open,
    record: RecordId,
) -> Result<Vec<DutyView>, OfficeError> {
    let sql = format!(
        "{SELECT} AND t.register = ? AND t.record_id = ? AND t.state <> 'lapsed' \
         ORDER BY CASE WHEN t.state = 'open' THEN 0 ELSE 1 END, t.due_on DESC, t.id DESC LIMIT 40"
    );
    let release = open.release();
    Ok(Query::new(scope, &DUTY_COLUMNS, sql)
        .bind(open.register().id.as_str())
        .bind(record)
        .all_as(office.db(), |row| view(release, row))
        .await?)
}

/// A duty with what its page needs.
#[derive(Debug)]
pub struct OpenDuty {
    /// The duty.
    pub view: DutyView,
    /// Its register.
    pub open: Open,
    /// Its record.
    pub record: Record,
    /// What was recorded when it was done: labels and words.
    pub recorded: Vec<crate::forms::Section>,
}

impl OpenDuty {
    /// The form that records it.
    #[must_use]
    pub fn form(&self) -> Option<&Form> {
        let duty = self.open.register().duty(&self.view.duty)?;
        self.open.release().forms.get(duty.form.as_ref()?).map(|form| &**form)
    }

    /// Fields of the record that are asked with it.
    #[must_use]
    pub fn asks(&self) -> Vec<&str> {
        let duty = self.open.register().duty(&self.view.duty);
        duty.map(|duty| duty.asks.iter().map(|field| field.as_str()).collect()).unwrap_or_default()
    }
}

/// Opens a duty. Written down, because it shows a record.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area or registers.
pub async fn duty(
    office: &Office,
    reader: &Granted<ReadRecords>,
    id: RecordDutyId,
) -> Result<OpenDuty, OfficeError> {
    let missing = || OfficeError::NotFound("这项职责");
    let (row, view) = found(office, &reader.scope(), id).await?.ok_or_else(missing)?;
    let open = open(office, reader, &view.register, Right::ReadRecords).map_err(|_| missing())?;
    let record = record(office.keys(), office.db(), &reader.scope(), open.register(), view.record).await?;
    with_record(office, reader, &row, view, open, record).await
}

/// A duty of a scope, with its row.
pub(super) async fn found(
    office: &Office,
    scope: &Scope,
    id: RecordDutyId,
) -> Result<Option<(Row, DutyView)>, OfficeError> {
    let sql = format!("{SELECT} AND t.id = ?").replacen(
        "t.note,",
        "t.note, t.answers_sealed, t.release_hash, t.form,",
        1,
    );
    let row = Query::new(scope, &DUTY_COLUMNS, sql).bind(id).optional(office.db()).await?;
    let Some(row) = row else { return Ok(None) };
    let view = view(&office.release(), &row)?;
    Ok(Some((row, view)))
}

/// A duty with its record and what was recorded. Written down, because it shows the record.
pub(super) async fn with_record(
    office: &Office,
    reader: &Actor,
    row: &Row,
    view: DutyView,
    open: Open,
    record: Record,
) -> Result<OpenDuty, OfficeError> {
    super::page::looked_at(office, reader, &view.register, view.record).await?;
    let mut recorded = Vec::new();
    if let (Some(sealed), Some(hash), Some(form)) = (
        row.get::<Option<Vec<u8>>>("answers_sealed")?,
        row.get::<Option<String>>("release_hash")?,
        row.get::<Option<String>>("form")?,
    ) {
        let kept = crate::releases::kept(office, &hash).await?;
        let text = office.keys().open(&sealed)?;
        let answers: Answers =
            serde_json::from_str(&text).map_err(|error| OfficeError::Internal(error.to_string()))?;
        if let Some(form) = kept.forms.get(&form) {
            let context = FormContext::new(&kept, office.now());
            recorded = FilledForm::read(&context, form, &answers).in_words(true);
        }
    }
    Ok(OpenDuty { view, open, record, recorded })
}

/// What was done.
#[derive(Debug, Clone)]
pub struct DutyDone<'a> {
    /// When.
    pub on: NaiveDate,
    /// What is remarked.
    pub note: &'a str,
    /// Answers of the duty's form.
    pub answers: Answers,
    /// The record's answers with what is asked, and the version that was shown.
    pub record: Option<(Answers, i64)>,
}

/// Does a duty: what its form asks is kept, the record's fields are written, the next time is reckoned.
///
/// # Errors
/// [`OfficeError::Invalid`] by field; [`OfficeError::Conflict`] when it is done already or the record was changed meanwhile.
pub async fn perform(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    id: RecordDutyId,
    done: DutyDone<'_>,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<(), OfficeError> {
    let reader = keeper.grant::<ReadRecords>()?;
    let opened = duty(office, &reader, id).await?;
    if !may(keeper, opened.open.register(), Right::KeepRecords) {
        return Err(OfficeError::NotFound("这项职责"));
    }
    perform_by(office, keeper, &By::actor(keeper), &opened, done, key).await
}

/// [`perform`] by whoever was shown to have the duty.
pub(super) async fn perform_by(
    office: &Office,
    actor: &Actor,
    by: &By,
    opened: &OpenDuty,
    done: DutyDone<'_>,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<(), OfficeError> {
    let (open, register) = (&opened.open, opened.open.register());
    let today = office.now().today();
    if done.on > today {
        return Err(OfficeError::invalid("done_on", "履行日期不能晚于今天。"));
    }
    let mut kept = None;
    if let Some(form) = opened.form() {
        let context = FormContext::new(open.release(), office.now());
        let checked = FilledForm::read(&context, form, &done.answers).check();
        if !checked.is_right() {
            return Err(checked.errors.into());
        }
        kept = Some((form.id.get().clone(), super::history::sealed(office, &done.answers)?));
    }
    let carries = register.duty(&opened.view.duty).map_or(&[][..], |duty| duty.carries.as_slice());
    let draft = match done.record {
        Some((_, version)) if version != opened.record.version => return Err(OfficeError::stale()),
        None if carries.is_empty() => None,
        record => {
            let mut answers = record.map_or_else(|| opened.record.answers(register), |(answers, _)| answers);
            for field in carries {
                // What the form did not ask this time does not stay from the last.
                let path = FieldPath { record: None, field: field.get().clone() };
                let said = done.answers.get(&path).cloned();
                answers.set(&path, said.unwrap_or_else(|| Raw::Text(String::new())));
            }
            Some(draft_of(office, actor, open, answers, Some(&opened.record), None).await?)
        }
    };
    let title = register.duty(&opened.view.duty).map(|duty| duty.title.clone()).unwrap_or_default();
    let tx = office.db().begin().await?;
    if let Some((key, who)) = key
        && matches!(tx.once(key, who).await?, Once::Again(_))
    {
        return Ok(());
    }
    let (form, sealed) = kept.map_or((None, None), |(form, sealed)| (Some(form), Some(sealed)));
    let changed = Query::new(
        &by.scope,
        &DUTY_COLUMNS,
        "UPDATE record_duty AS t SET state = 'done', done_on = ?, done_by = ?, note = ?, form = ?, release_hash = ?, answers_sealed = ? \
         WHERE {scope} AND t.id = ? AND t.state = 'open'",
    )
    .bind(done.on)
    .bind(actor.staff)
    .bind(Some(done.note.trim().to_owned()).filter(|note| !note.is_empty()))
    .bind(form)
    .bind(open.release().hash.as_str())
    .bind(sealed)
    .bind(opened.view.id)
    .execute(&tx)
    .await?;
    if changed == 0 {
        return Err(OfficeError::Conflict("这项职责已经有人履行，或者已经不需要了。".to_owned()));
    }
    if let Some(draft) = &draft {
        let step = Step { deed: Deed::DutyDone, reason: &title, state: None, import: None };
        save_by(office, &tx, by, open, draft, Some(&opened.record), &step).await?;
    }
    settle_as(office, &tx, register, &[opened.view.record], Looked::Somebody(actor.staff)).await?;
    tx.audit(AuditEntry {
        division: Some(opened.record.division),
        details: json!({ "register": opened.view.register, "duty": opened.view.duty, "done_on": done.on }),
        ..audited(
            office.now().at_ms(),
            actor.audit(),
            "record.duty_performed",
            ("record", opened.view.record.0),
        )
    })
    .await?;
    if let Some((key, _)) = key {
        tx.remember(key, "").await?;
    }
    Ok(tx.commit().await?)
}
