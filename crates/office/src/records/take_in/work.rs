//! The job: takes a file in batch by batch, or takes an import back.

use catalogue::definition::STRUCK_OFF;
use store::jobs::{Beat, Claim};
use store::{Query, ScopeColumns, StaffId, Tx};

use super::check::{Does, check_rows};
use super::{RECORDS_JOB, Settings};
use crate::access::{PostId, Right, actor_at_post};
use crate::records::batch::Batch;
use crate::records::draft::{draft_of, form};
use crate::records::read::records;
use crate::records::write::{By, Step, save_in};
use crate::records::{Deed, RULES, RecordId, RecordImportId, history, open, sheet};
use crate::tabular::Table;
use crate::uploads::{self, Upload, UploadId};
use crate::{Office, OfficeError};

/// Rows in one transaction.
const BATCH: usize = 100;

/// Refusals that an import keeps.
const REFUSED_MAX: usize = 200;

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
    let sheets = sheet::sheets(open.register(), form, &upload.name, &content)?;
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
