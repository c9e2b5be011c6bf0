//! Reading a file into a register: seen with every fault by its cell, then taken in by a job batch by batch, and taken back as a whole.
//!
//! A row is found again by the register's key: it is new, changed, or the same. A row whose record somebody changed after it was taken out
//! (its 版本号 is old) is in conflict and refused like a fault. All rows stand or none is begun; a job that was stopped goes on.

use std::collections::HashMap;

use catalogue::definition::{Field, FieldKind, Form, Register};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::jobs::{self, Beat, Claim, Job};
use store::{AuditEntry, Cursor, Page, Query, ScopeColumns, StaffId, Tx};

use super::batch::Batch;
use super::columns::{searched_column, table};
use super::conflict::differing;
use super::draft::{Draft, check, draft_of, draft_with, form, place_of};
use super::history;
use super::look_up::Finder;
use super::read::{Record, records};
use super::sheet::{self, REASON, VERSION};
use super::write::{By, Step, save_in};
use super::{Deed, Open, RECORD_COLUMNS, RULES, RecordId, RecordImportId, open, writes};
use crate::access::{Actor, Granted, ImportRecords, PostId, Right, actor_at_post};
use crate::forms::{FieldPath, FormValue, Raw};
use crate::tabular::{self, CellFault, Table};
use crate::uploads::{self, Upload, UploadId};
use crate::{Office, OfficeError, audited};
use catalogue::definition::STRUCK_OFF;

/// The kind of the job, and of the upload.
pub const RECORDS_JOB: &str = "import_records";

/// Rows in one transaction.
const BATCH: usize = 100;
/// Rows whose records are looked for at once.
const LOOKED: usize = 500;
/// Refusals that an import keeps.
const REFUSED_MAX: usize = 200;

/// Scope columns of `record_import i`.
const IMPORT_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "i.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What a waiting file is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Settings {
    register: String,
    /// The post at which it was uploaded; the job works with its area.
    post: i64,
}

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

/// An import as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportView {
    /// The import.
    pub id: RecordImportId,
    /// Register.
    pub register: String,
    /// Name of the file.
    pub name: String,
    /// `importing`, `done`, `undoing`, `undone`.
    pub state: String,
    /// Rows of the file, and how many are done.
    pub total: i64,
    /// Rows that are done.
    pub done: i64,
    /// New records.
    pub added: i64,
    /// Changed records.
    pub changed: i64,
    /// Rows that changed nothing.
    pub unchanged: i64,
    /// Rows that could not be taken in after all: row and reason.
    pub refused: Vec<(u32, String)>,
    /// Records that were taken back.
    pub undone: i64,
    /// Records that somebody changed after the import and that stay.
    pub kept: i64,
    /// Unix milliseconds.
    pub imported_at: i64,
    /// Nobody works on it although it is not at its end: why.
    pub stopped: Option<String>,
}

/// The empty file to fill in.
///
/// # Errors
/// The writer's.
pub fn template(open: &Open) -> Result<Vec<u8>, OfficeError> {
    sheet::template(open.release(), open.register(), form(open)?)
}

/// What a row does.
enum Does {
    Add,
    Change(Box<Record>),
    Nothing,
    Conflict,
}

/// A row, checked.
struct Row {
    number: u32,
    draft: Draft,
    does: Does,
    reason: String,
}

struct Checked {
    table: Table,
    rows: Vec<Row>,
    conflicting: usize,
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

async fn find_upload(
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

/// Reads, types, looks up, checks: everything short of writing.
async fn checked(
    office: &Office,
    actor: &Actor,
    open: &Open,
    name: &str,
    bytes: &[u8],
) -> Result<Checked, OfficeError> {
    let form = form(open)?;
    let sheets = tabular::read_file(name, bytes)?;
    let table = Table::read(&sheets, &sheet::definition(open.release(), open.register(), form))?;
    let all: Vec<usize> = (0..table.rows.len()).collect();
    check_rows(office, actor, open, form, table, &all).await
}

/// Checks some rows of a table.
async fn check_rows(
    office: &Office,
    actor: &Actor,
    open: &Open,
    form: &Form,
    mut table: Table,
    places: &[usize],
) -> Result<Checked, OfficeError> {
    let register = open.register();
    let mut finder = Finder::new(office, actor);
    let mut rows = Vec::new();
    let mut conflicting = 0;
    let mut seen: HashMap<Vec<String>, u32> = HashMap::new();
    let mut faults: Vec<(u32, String, String)> = Vec::new();
    for chunk in places.chunks(LOOKED) {
        let mut drafts = Vec::with_capacity(chunk.len());
        for &place in chunk {
            let row = &table.rows[place];
            if table.is_faulty(row.number) {
                continue;
            }
            let mut answers = sheet::answers(form, &table, row, Default::default(), open.release());
            let looked = finder.look_up(form, &mut answers).await?;
            drafts.push((place, answers, looked));
        }
        let keys: Vec<Option<Vec<String>>> =
            drafts.iter().map(|(_, answers, _)| key_of(register, form, answers)).collect();
        let known = by_key(office, actor, open, keys.iter().flatten()).await?;
        for ((place, mut answers, mut looked), key) in drafts.into_iter().zip(keys) {
            let row = &table.rows[place];
            let number = row.number;
            let existing = key.as_ref().and_then(|key| known.get(key));
            if let Some(key) = &key
                && let Some(first) = seen.insert(key.clone(), number)
            {
                let field = register.key.first().map_or(String::new(), |field| field.get().clone());
                faults.push((number, field, format!("与第 {first} 行是同一条记录，请只保留一行")));
                continue;
            }
            if let Some(existing) = existing {
                // Columns that the file does not have, and lists, stay as they are.
                answers = sheet::answers(form, &table, row, existing.answers(register), open.release());
                for (page, field) in
                    form.fields().filter(|(page, field)| page.repeat.is_none() && !writes(actor, field))
                {
                    let path = FieldPath::new(page, None, field);
                    let kept =
                        existing.answers(register).get(&path).cloned().unwrap_or_else(|| Raw::from(""));
                    answers.set(&path, kept);
                }
                looked = finder.look_up(form, &mut answers).await?;
            }
            let draft = draft_with(office, open, answers, looked, existing, None).await?;
            let within = Some(actor.division);
            let found = match check(office, open, &draft) {
                Ok(checked) => {
                    place_of(office.db(), within, open, &checked, &draft, existing).await.map(drop)
                }
                Err(error) => Err(error),
            };
            match found {
                Ok(()) => {}
                Err(OfficeError::Invalid(problems)) => {
                    faults
                        .extend(problems.into_iter().map(|problem| (number, problem.field, problem.message)));
                    continue;
                }
                Err(error) => return Err(error),
            }
            let version = table.integer(row, VERSION);
            let does = match existing {
                None => Does::Add,
                Some(existing) if version.is_some_and(|version| version != existing.version) => {
                    let message = format!(
                        "这条记录导出后已被他人修改（文件是第 {} 版，系统里是第 {} 版），请重新导出后再改",
                        version.unwrap_or_default(),
                        existing.version
                    );
                    faults.push((number, VERSION.to_owned(), message));
                    conflicting += 1;
                    Does::Conflict
                }
                Some(existing) if differing(form, &existing.answers(register), &draft.answers).is_empty() => {
                    Does::Nothing
                }
                Some(existing) => Does::Change(Box::new(existing.clone())),
            };
            let reason = table.text(row, REASON).unwrap_or_else(|| "批量导入".to_owned());
            rows.push(Row { number, draft, does, reason });
        }
    }
    for (row, field, message) in faults {
        table.refuse(row, &field, message);
    }
    Ok(Checked { table, rows, conflicting })
}

/// The key of a row, spelled as columns hold it; none while a part is missing or unread.
pub(super) fn key_of(
    register: &Register,
    form: &Form,
    answers: &crate::forms::Answers,
) -> Option<Vec<String>> {
    let mut key = Vec::with_capacity(register.key.len());
    for id in &register.key {
        let (page, field) =
            form.fields().find(|(page, field)| page.repeat.is_none() && field.id == *id.get())?;
        let typed = answers.get(&FieldPath::new(page, None, field))?.text().trim().to_owned();
        key.push(spelled(field, &typed)?);
    }
    Some(key)
}

/// One spelling of a typed key.
fn spelled(field: &Field, typed: &str) -> Option<String> {
    if typed.is_empty() {
        return None;
    }
    match *field.kind {
        FieldKind::Date => vocab::parse_date(typed).ok().map(|day| day.to_string()),
        _ => super::columns::of_text(field, typed).map(|value| value.canonical()),
    }
}

/// Records of the actor's area with these keys.
pub(super) async fn by_key<'k>(
    office: &Office,
    actor: &Actor,
    open: &Open,
    keys: impl Iterator<Item = &'k Vec<String>>,
) -> Result<HashMap<Vec<String>, Record>, OfficeError> {
    let register = open.register();
    let Some(first) = register.key.first().and_then(|id| register.field(id)) else {
        return Ok(HashMap::new());
    };
    // By the first part of the key; the rest is compared here.
    let wanted: Vec<store::Value> = keys
        .filter_map(|key| key.first())
        .filter_map(|text| key_value(office, register, first, text))
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let places = vec!["?"; wanted.len()].join(", ");
    // A division is written by its code and kept by its id.
    let among = if *first.kind == FieldKind::Division {
        format!("SELECT d.id FROM division d WHERE d.until_on IS NULL AND d.code IN ({places})")
    } else {
        places
    };
    let sql = format!(
        "SELECT r.id FROM {} r WHERE {{scope}} AND r.closed_on IS NULL AND r.{} IN ({among})",
        table(register),
        searched_column(first)
    );
    let query = Query::new(&actor.scope(), &RECORD_COLUMNS, sql);
    let query = wanted.into_iter().fold(query, Query::bind_value);
    let ids: Vec<RecordId> = query.scalars(office.db()).await?;
    let mut found = HashMap::new();
    for chunk in ids.chunks(LOOKED) {
        for record in records(office.keys(), office.db(), &actor.scope(), register, chunk).await? {
            let key: Option<Vec<String>> =
                register.key.iter().map(|id| record.values.get(id.get()).map(FormValue::canonical)).collect();
            if let Some(key) = key {
                found.insert(key, record);
            }
        }
    }
    Ok(found)
}

fn key_value(office: &Office, register: &Register, field: &Field, text: &str) -> Option<store::Value> {
    if field.is_sealed() {
        return Some(store::value_of(super::columns::blind(office.keys(), register, field, text)));
    }
    Some(match super::columns::of_text(field, text)? {
        FormValue::Reference(id) | FormValue::Integer(id) => store::value_of(id),
        FormValue::Date(day) => store::value_of(day),
        FormValue::Month(month) => store::value_of(month),
        FormValue::Money(amount) => store::value_of(amount),
        FormValue::YesNo(yes) => store::value_of(yes),
        FormValue::Decimal(number) => store::value_of(number.at_scale(6)?),
        other => store::value_of(other.canonical()),
    })
}

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

struct Import {
    id: RecordImportId,
    register: String,
    upload: UploadId,
    state: String,
    done: i64,
    added: i64,
    changed: i64,
    unchanged: i64,
    refused: Vec<(u32, String)>,
    undone: i64,
    kept: i64,
    officer: StaffId,
    undo_reason: Option<String>,
    undone_by: Option<StaffId>,
}

async fn load(office: &Office, id: RecordImportId) -> Result<Import, OfficeError> {
    let row = Query::new(&RULES, &ScopeColumns::NONE, "SELECT i.* FROM record_import i WHERE i.id = ?")
        .bind(id)
        .one(office.db())
        .await?;
    let refused: String = row.get("refused")?;
    Ok(Import {
        id,
        register: row.get("register")?,
        upload: row.get("upload_id")?,
        state: row.get("state")?,
        done: row.get("rows_done")?,
        added: row.get("added")?,
        changed: row.get("changed")?,
        unchanged: row.get("unchanged")?,
        refused: serde_json::from_str(&refused).unwrap_or_default(),
        undone: row.get("undone")?,
        kept: row.get("kept")?,
        officer: row.get("imported_by")?,
        undo_reason: row.get("undo_reason")?,
        undone_by: row.get("undone_by")?,
    })
}

/// Does the job, or goes on with it.
///
/// # Errors
/// The database's; the job is taken again.
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let id: RecordImportId =
        claim.job.payload.parse().map_err(|_| OfficeError::Internal("任务内容无法识别".to_owned()))?;
    let import = load(office, id).await?;
    match import.state.as_str() {
        "importing" => take_in(office, claim, import).await,
        "undoing" => take_back(office, claim, import).await,
        _ => Ok(claim.finished(office.db(), "已完成").await?),
    }
}

async fn take_in(office: &Office, claim: &Claim, mut import: Import) -> Result<(), OfficeError> {
    let upload: Upload<Settings> =
        uploads::find_for_work(office, office.db(), RECORDS_JOB, import.upload).await?;
    let content = upload.content.ok_or_else(|| OfficeError::Internal("导入的文件已经不在".to_owned()))?;
    // The officer's area at the post of the upload; a post that has ended takes nothing in.
    let actor = actor_at_post(office, PostId(upload.settings.post)).await?;
    let open = open(office, &actor, &import.register, Right::ImportRecords)?;
    let form = form(&open)?;
    let sheets = tabular::read_file(&upload.name, &content)?;
    let table = Table::read(&sheets, &sheet::definition(open.release(), open.register(), form))?;
    let total = table.rows.len();
    loop {
        let from = usize::try_from(import.done).unwrap_or(usize::MAX).min(total);
        let until = (from + BATCH).min(total);
        let places: Vec<usize> = (from..until).collect();
        let batch = check_rows(office, &actor, &open, form, table.clone(), &places).await?;
        let tx = office.db().begin().await?;
        for fault in batch
            .table
            .faults
            .iter()
            .filter(|fault| places.iter().any(|place| table.rows[*place].number == fault.row))
        {
            if import.refused.len() < REFUSED_MAX {
                import.refused.push((fault.row, fault.message.clone()));
            }
        }
        let by = By::actor(&actor);
        let mut written = Batch::new(office, &tx, &by, &open);
        for row in &batch.rows {
            let existing = match &row.does {
                Does::Add => None,
                Does::Change(record) => Some(&**record),
                Does::Nothing => {
                    import.unchanged += 1;
                    continue;
                }
                Does::Conflict => continue,
            };
            let step =
                Step { deed: Deed::Imported, reason: &row.reason, state: None, import: Some(import.id) };
            written
                .write(&row.draft, existing, &step)
                .await
                .map_err(|error| OfficeError::Conflict(format!("第 {} 行没有导入：{error}", row.number)))?;
            if existing.is_some() { import.changed += 1 } else { import.added += 1 }
        }
        written.settle().await?;
        import.done = i64::try_from(until).unwrap_or(i64::MAX);
        let end = until == total;
        note(&tx, &import, if end { "done" } else { "importing" }).await?;
        if claim.progress(&tx, import.done, i64::try_from(total).ok()).await? == Beat::Cancel && !end {
            tx.rollback().await?;
            return Ok(claim.cancelled(office.db()).await?);
        }
        if end {
            uploads::forget(&tx, import.upload).await?;
            claim.finished(&tx, "已导入").await?;
            tx.commit().await?;
            return Ok(());
        }
        tx.commit().await?;
    }
}

async fn note(tx: &Tx, import: &Import, state: &str) -> Result<(), OfficeError> {
    let refused =
        serde_json::to_string(&import.refused).map_err(|error| OfficeError::Internal(error.to_string()))?;
    Ok(Query::new(
        &RULES,
        &ScopeColumns::NONE,
        "UPDATE record_import SET rows_done = ?, added = ?, changed = ?, unchanged = ?, refused = ?, undone = ?, kept = ?, state = ? \
         WHERE id = ?",
    )
    .bind(import.done)
    .bind(import.added)
    .bind(import.changed)
    .bind(import.unchanged)
    .bind(refused)
    .bind(import.undone)
    .bind(import.kept)
    .bind(state)
    .bind(import.id)
    .execute_one(tx)
    .await?)
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

async fn take_back(office: &Office, claim: &Claim, mut import: Import) -> Result<(), OfficeError> {
    let release = office.release();
    let register = release
        .registers
        .get(&import.register)
        .ok_or_else(|| OfficeError::Internal("这个登记簿已经不在配置包里".to_owned()))?;
    let upload: Upload<Settings> =
        uploads::find_for_work(office, office.db(), RECORDS_JOB, import.upload).await?;
    let actor = actor_at_post(office, PostId(upload.settings.post)).await?;
    let open = open(office, &actor, &import.register, Right::ImportRecords)?;
    let reason = format!("撤销导入：{}", import.undo_reason.clone().unwrap_or_default());
    let mut actor = actor;
    actor.staff = import.undone_by.unwrap_or(import.officer);
    let mut after = 0_i64;
    loop {
        let written: Vec<(i64, RecordId, i64)> = Query::new(
            &RULES,
            &ScopeColumns::NONE,
            "SELECT x.id, x.record_id, x.version FROM record_history x WHERE x.import_id = ? AND x.deed = 'imported' AND x.id > ? \
             ORDER BY x.id LIMIT ?",
        )
        .bind(import.id)
        .bind(after)
        .bind(BATCH)
        .all_as(office.db(), |row| Ok((row.get("id")?, row.get("record_id")?, row.get("version")?)))
        .await?;
        let end = written.is_empty();
        let mut drafts = Vec::new();
        for (history_id, id, version) in &written {
            after = *history_id;
            let stored = records(office.keys(), office.db(), &RULES, register, &[*id]).await?;
            let Some(stored) = stored.into_iter().next() else { continue };
            let undone_before = stored.version == version + 1 && stored.state == STRUCK_OFF;
            if stored.version != *version {
                if !undone_before {
                    import.kept += 1;
                }
                continue;
            }
            let before = if *version > 1 {
                history::at(office, office.db(), register, *id, version - 1).await?
            } else {
                None
            };
            let (answers, state) =
                before.unwrap_or_else(|| (stored.answers(register), STRUCK_OFF.to_owned()));
            let draft = draft_of(office, &actor, &open, answers, Some(&stored), Some(&state)).await?;
            drafts.push((stored, draft, state));
        }
        let tx = office.db().begin().await?;
        for (stored, draft, state) in &drafts {
            let step =
                Step { deed: Deed::Undone, reason: &reason, state: Some(state), import: Some(import.id) };
            save_in(office, &tx, &actor, &open, draft, Some(stored), &step).await?;
            import.undone += 1;
        }
        note(&tx, &import, if end { "undone" } else { "undoing" }).await?;
        if end {
            claim.finished(&tx, "已撤销").await?;
            tx.commit().await?;
            return Ok(());
        }
        if claim.progress(&tx, import.undone + import.kept, None).await? == Beat::Cancel {
            tx.rollback().await?;
            return Ok(claim.cancelled(office.db()).await?);
        }
        tx.commit().await?;
    }
}

const SELECT: &str = "SELECT i.id, i.register, i.name, i.state, i.rows_total, i.rows_done, i.added, i.changed, i.unchanged, i.refused, \
                      i.undone, i.kept, i.imported_at FROM record_import i WHERE {scope}";

fn read_view(row: &store::Row) -> store::Result<ImportView> {
    let refused: String = row.get("refused")?;
    Ok(ImportView {
        id: row.get("id")?,
        register: row.get("register")?,
        name: row.get("name")?,
        state: row.get("state")?,
        total: row.get("rows_total")?,
        done: row.get("rows_done")?,
        added: row.get("added")?,
        changed: row.get("changed")?,
        unchanged: row.get("unchanged")?,
        refused: serde_json::from_str(&refused).unwrap_or_default(),
        undone: row.get("undone")?,
        kept: row.get("kept")?,
        imported_at: row.get("imported_at")?,
        stopped: None,
    })
}

/// Imports into a register by one's own office and those below, newest first.
///
/// # Errors
/// The database.
pub async fn imports(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<ImportView>, OfficeError> {
    let sql = format!("{SELECT} AND i.register = ? AND {{after}} ORDER BY i.id DESC LIMIT ?");
    Ok(Query::new(&importer.scope(), &IMPORT_COLUMNS, sql)
        .bind(open.register().id.as_str())
        .after_descending(&["i.id"], cursor)
        .page(office.db(), size, read_view, |last: &ImportView| Cursor::new().integer(last.id.0))
        .await?)
}

/// One import.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn view(
    office: &Office,
    importer: &Granted<ImportRecords>,
    open: &Open,
    import: RecordImportId,
) -> Result<ImportView, OfficeError> {
    let mut view =
        Query::new(&importer.scope(), &IMPORT_COLUMNS, format!("{SELECT} AND i.id = ? AND i.register = ?"))
            .bind(import)
            .bind(open.register().id.as_str())
            .optional_as(office.db(), read_view)
            .await?
            .ok_or(OfficeError::NotFound("这次导入"))?;
    if matches!(view.state.as_str(), "importing" | "undoing") {
        let job: Option<Job> = jobs::latest(office.db(), RECORDS_JOB, &import.to_string()).await?;
        view.stopped = match job {
            Some(job) if job.is_live() => None,
            Some(job) => Some(job.outcome.unwrap_or_default()),
            None => Some(String::new()),
        };
    }
    Ok(view)
}
