//! Scans and photos kept with a record, by the kinds that its register names: taken in, handed out, taken away with a reason. Rights and area are
//! the record's, narrowed by the pack; every reading and change is in the audit. The content is an attachment ([`attachments`]), sealed.

use catalogue::definition::{Field, Papers, Register};
use serde_json::json;
use store::{AuditEntry, Connection, IdempotencyKey, Once, Query, Scope, ScopeColumns};

use super::columns::table;
use super::read::{Record, record};
use super::{Open, RecordFileId, RecordId, holds, may};
use crate::access::{Actor, Granted, KeepRecords, ReadRecords, Right};
use crate::casework::attachments::{self, AttachmentView};
use crate::casework::{AttachmentId, drafts};
use crate::{Office, OfficeError, audited};

/// What a reason says at most, characters.
const REASON_MAX: usize = 200;

/// Files of a record that the caller has shown to be readable.
pub(super) const OF_RECORD: Scope = Scope::System("papers of a record that the caller may read");

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFile {
    /// Identifier.
    pub id: RecordFileId,
    /// Its kind.
    pub papers: String,
    /// Name as uploaded.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Bytes.
    pub size: i64,
    /// Who added it; none where an account is gone.
    pub added_by: Option<String>,
    /// When, unix milliseconds.
    pub added_at: i64,
    /// Who took it away, when and why.
    pub removed: Option<(String, i64, String)>,
}

/// The files of one kind that a record has.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The kind.
    pub papers: Papers,
    /// Those that are kept.
    pub kept: Vec<RecordFile>,
    /// Those that were taken away.
    pub removed: Vec<RecordFile>,
    /// The reader adds some and takes some away.
    pub may_change: bool,
}

impl Folder {
    /// Room for more.
    #[must_use]
    pub fn room(&self) -> usize {
        usize::from(self.papers.max).saturating_sub(self.kept.len())
    }
}

/// Whether an actor who reads the register sees papers of a kind.
fn sees(actor: &Actor, papers: &Papers) -> bool {
    papers.read.as_ref().is_none_or(|holders| holds(actor, holders))
}

/// Whether they change them: of a record that is not closed.
fn changes(actor: &Actor, register: &Register, papers: &Papers, record: &Record) -> bool {
    may(actor, register, Right::KeepRecords)
        && sees(actor, papers)
        && papers.change.as_ref().is_none_or(|holders| holds(actor, holders))
        && !register.is_closed(&record.state)
}

/// All kinds that a reader of a record sees, each with its files.
pub(super) async fn folders(
    office: &Office,
    reader: &Actor,
    register: &Register,
    record: &Record,
) -> Result<Vec<Folder>, OfficeError> {
    let kinds = register.papers.iter().filter(|papers| sees(reader, papers));
    sorted(office, register, record, kinds, |papers| changes(reader, register, papers, record)).await
}

/// Files by kind, for a caller who says which kinds are seen and changed.
pub(super) async fn sorted(
    office: &Office,
    register: &Register,
    record: &Record,
    kinds: impl Iterator<Item = &Papers>,
    may_change: impl Fn(&Papers) -> bool,
) -> Result<Vec<Folder>, OfficeError> {
    let mut folders: Vec<Folder> = kinds
        .map(|papers| Folder {
            may_change: may_change(papers),
            papers: papers.clone(),
            kept: Vec::new(),
            removed: Vec::new(),
        })
        .collect();
    if folders.is_empty() {
        return Ok(folders);
    }
    let files = Query::new(
        &OF_RECORD,
        &ScopeColumns::NONE,
        "SELECT f.id, f.papers, f.added_at, f.removed_at, f.reason, a.name, a.mime, a.size, s.name AS added_by, t.name AS removed_by \
         FROM record_file f JOIN attachment a ON a.id = f.attachment_id LEFT JOIN staff s ON s.id = f.added_by \
         LEFT JOIN staff t ON t.id = f.removed_by WHERE f.register = ? AND f.record_id = ? ORDER BY f.id",
    )
    .bind(register.id.as_str())
    .bind(record.id)
    .all_as(office.db(), file)
    .await?;
    for file in files {
        if let Some(folder) = folders.iter_mut().find(|folder| folder.papers.id == file.papers) {
            let list = if file.removed.is_none() { &mut folder.kept } else { &mut folder.removed };
            list.push(file);
        }
    }
    Ok(folders)
}

fn file(row: &store::Row) -> store::Result<RecordFile> {
    let removed = match (row.get::<Option<i64>>("removed_at")?, row.get::<Option<String>>("reason")?) {
        (Some(at), Some(reason)) => {
            Some((row.get::<Option<String>>("removed_by")?.unwrap_or_default(), at, reason))
        }
        _ => None,
    };
    Ok(RecordFile {
        id: row.get("id")?,
        papers: row.get("papers")?,
        name: row.get("name")?,
        mime: row.get("mime")?,
        size: row.get("size")?,
        added_by: row.get("added_by")?,
        added_at: row.get("added_at")?,
        removed,
    })
}

/// One kind of papers of a record. Opening it is written down.
///
/// # Errors
/// [`OfficeError::NotFound`] for a record outside one's area and a kind that the register does not have, or that is not the reader's to see.
pub async fn folder(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    id: RecordId,
    papers: &str,
) -> Result<(Record, Folder), OfficeError> {
    let register = open.register();
    let stored = record(office.keys(), office.db(), &reader.scope(), register, id).await?;
    let folders = folders(office, reader, register, &stored).await?;
    let found = folders.into_iter().find(|folder| folder.papers.id == *papers);
    let found = found.ok_or(OfficeError::NotFound("这种材料"))?;
    super::page::looked_at(office, reader, &register.id, id).await?;
    Ok((stored, found))
}

/// Adds files that the actor has uploaded ([`attachments::put`]) to a record.
///
/// # Errors
/// [`OfficeError::Invalid`] at `files` for too many, of another type than asked, or not uploaded; [`OfficeError::NotFound`] as [`folder`] and
/// where the actor adds none.
pub async fn add(
    office: &Office,
    actor: &Granted<KeepRecords>,
    open: &Open,
    id: RecordId,
    (papers, files): (&str, &[AttachmentId]),
    key: (&IdempotencyKey, &str),
) -> Result<(), OfficeError> {
    let (stored, folder) = folder(office, &actor.grant()?, open, id, papers).await?;
    added(office, actor, open.register(), &stored, &folder, files, key).await
}

/// [`add`] for whoever was shown to have the record and the kind.
pub(super) async fn added(
    office: &Office,
    actor: &Actor,
    register: &Register,
    stored: &Record,
    folder: &Folder,
    files: &[AttachmentId],
    (key, who): (&IdempotencyKey, &str),
) -> Result<(), OfficeError> {
    let papers = &folder.papers;
    let wrong = |message: String| OfficeError::invalid("files", message);
    if !folder.may_change {
        return Err(OfficeError::NotFound("这种材料"));
    }
    let owner = drafts::owner_of(actor);
    let tx = office.db().begin().await?;
    if matches!(tx.once(key, who).await?, Once::Again(_)) {
        return Ok(());
    }
    if files.is_empty() {
        return Err(wrong("请选择文件。".to_owned()));
    }
    // Whoever adds to the same record waits here, so that nobody counts past what another is putting there; and it may have been closed.
    let sql = format!("SELECT r.state FROM {} r WHERE r.id = ?{}", table(register), tx.for_update());
    let state: String = Query::new(&OF_RECORD, &ScopeColumns::NONE, sql).bind(stored.id).scalar(&tx).await?;
    if register.is_closed(&state) {
        return Err(OfficeError::NotFound("这种材料"));
    }
    let kept: i64 = Query::new(
        &OF_RECORD,
        &ScopeColumns::NONE,
        "SELECT count(*) FROM record_file f WHERE f.register = ? AND f.record_id = ? AND f.papers = ? AND f.removed_at IS NULL",
    )
    .bind(register.id.as_str())
    .bind(stored.id)
    .bind(papers.id.as_str())
    .scalar(&tx)
    .await?;
    let room = i64::from(papers.max) - kept;
    if i64::try_from(files.len()).unwrap_or(i64::MAX) > room {
        let room = room.max(0);
        return Err(wrong(format!(
            "“{}”最多放 {} 个文件，还能放 {room} 个。不用的请先移除。",
            papers.title, papers.max
        )));
    }
    let uploaded = attachments::owned(&tx, &owner, files).await?;
    if let Some(other) = uploaded.iter().find(|file| !papers.takes(&file.mime)) {
        let wanted = if papers.takes("application/pdf") { "PDF 文件" } else { "照片" };
        return Err(wrong(format!("“{}”要的是{wanted}，“{}”不是，请换一个文件。", papers.title, other.name)));
    }
    let given = attachments::give(&tx, &owner, files, &owner_of(register, stored.id)).await?;
    if given != u64::try_from(files.len()).unwrap_or(u64::MAX) {
        return Err(wrong("有文件没有上传成功，请重新选择。".to_owned()));
    }
    for file in files {
        Query::system(
            "papers of a record that the caller keeps",
            "INSERT INTO record_file (register, record_id, papers, attachment_id, added_by, added_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(register.id.as_str())
        .bind(stored.id)
        .bind(papers.id.as_str())
        .bind(*file)
        .bind(actor.staff)
        .bind(office.now().at_ms())
        .execute(&tx)
        .await?;
    }
    let names: Vec<&str> = uploaded.iter().map(|file| file.name.as_str()).collect();
    let details = json!({ "register": register.id.as_str(), "papers": papers.id.as_str(), "files": names });
    tx.audit(entry(office, actor, stored, "record.file_added", details)).await?;
    tx.remember(key, "").await?;
    Ok(tx.commit().await?)
}

/// As the attachments know a record.
pub(super) fn owner_of(register: &Register, record: RecordId) -> String {
    format!("record:{}/{record}", register.id)
}

fn entry(
    office: &Office,
    actor: &Actor,
    stored: &Record,
    action: &'static str,
    details: serde_json::Value,
) -> AuditEntry {
    AuditEntry {
        division: Some(stored.division),
        details,
        ..audited(office.now().at_ms(), actor.audit(), action, ("record", stored.id.0))
    }
}

/// Where a file of a record lies among the attachments, and its kind; taken away or not.
async fn lies(
    connection: &impl Connection,
    register: &Register,
    record: RecordId,
    file: RecordFileId,
) -> Result<(AttachmentId, String), OfficeError> {
    let row = Query::new(
        &OF_RECORD,
        &ScopeColumns::NONE,
        "SELECT f.attachment_id, f.papers FROM record_file f WHERE f.register = ? AND f.record_id = ? AND f.id = ? AND f.removed_at IS NULL",
    )
    .bind(register.id.as_str())
    .bind(record)
    .bind(file)
    .optional(connection)
    .await?
    .ok_or(OfficeError::NotFound("这个文件"))?;
    Ok((row.get("attachment_id")?, row.get("papers")?))
}

/// A file with its content. The reading is in the audit before this returns.
///
/// # Errors
/// [`OfficeError::NotFound`] for a file of another record, one that was taken away, and one of a kind that the reader does not see.
pub async fn get(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    id: RecordId,
    file: RecordFileId,
) -> Result<(AttachmentView, Vec<u8>), OfficeError> {
    let register = open.register();
    let stored = record(office.keys(), office.db(), &reader.scope(), register, id).await?;
    let seen = |kind: Kind<'_>| match kind {
        Kind::Papers(papers) => sees(reader, papers),
        Kind::Row(_, field) => super::sees(reader, field),
    };
    taken(office, reader, register, &stored, file, seen).await
}

/// What a file of a record is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    /// One of its papers.
    Papers(&'a Papers),
    /// What a row of a list names in a field.
    Row(&'a str, &'a Field),
}

impl<'a> Kind<'a> {
    /// As `record_file` names it.
    fn named(register: &'a Register, name: &'a str) -> Option<Kind<'a>> {
        match name.split_once('.') {
            Some((of, id)) => {
                register.list_fields(of).find(|field| field.id == *id).map(|field| Kind::Row(of, field))
            }
            None => register.papers(name).map(Kind::Papers),
        }
    }
}

/// [`get`] for whoever was shown to have the record.
pub(super) async fn taken(
    office: &Office,
    reader: &Actor,
    register: &Register,
    stored: &Record,
    file: RecordFileId,
    sees: impl Fn(Kind<'_>) -> bool,
) -> Result<(AttachmentView, Vec<u8>), OfficeError> {
    let (attachment, papers) = lies(office.db(), register, stored.id, file).await?;
    Kind::named(register, &papers).filter(|kind| sees(*kind)).ok_or(OfficeError::NotFound("这个文件"))?;
    let (owner, view, content) = attachments::taken(office, attachment).await?;
    if owner != owner_of(register, stored.id) {
        return Err(OfficeError::NotFound("这个文件"));
    }
    let details = json!({ "register": register.id.as_str(), "papers": papers, "file": file.0 });
    office.db().audit_read(entry(office, reader, stored, "record.file_opened", details)).await?;
    Ok((view, content))
}

/// A file that an actor may take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removable {
    /// Title of the record.
    pub title: String,
    /// Kind.
    pub papers: String,
    /// Name as uploaded.
    pub name: String,
}

/// What is asked before a file is taken away.
///
/// # Errors
/// As [`remove`].
pub async fn to_remove(
    office: &Office,
    actor: &Granted<KeepRecords>,
    open: &Open,
    id: RecordId,
    file: RecordFileId,
) -> Result<Removable, OfficeError> {
    let register = open.register();
    let missing = || OfficeError::NotFound("这个文件");
    let stored = record(office.keys(), office.db(), &actor.scope(), register, id).await?;
    let folders = folders(office, actor, register, &stored).await?;
    let mut changed = folders.into_iter().filter(|folder| folder.may_change).flat_map(|folder| folder.kept);
    let found = changed.find(|kept| kept.id == file).ok_or_else(missing)?;
    super::page::looked_at(office, actor, &register.id, id).await?;
    Ok(Removable { title: stored.title, papers: found.papers, name: found.name })
}

/// Takes a file away from a record; of which kind it was. Its row stays with the reason; nobody is handed its content any more.
///
/// # Errors
/// [`OfficeError::Invalid`] at `reason`; [`OfficeError::NotFound`] for a file that is not there, not seen or not the actor's to change.
pub async fn remove(
    office: &Office,
    actor: &Granted<KeepRecords>,
    open: &Open,
    id: RecordId,
    (file, reason): (RecordFileId, &str),
) -> Result<String, OfficeError> {
    let register = open.register();
    let stored = record(office.keys(), office.db(), &actor.scope(), register, id).await?;
    let (_, kind) = lies(office.db(), register, id, file).await?;
    let changed = register.papers(&kind).filter(|papers| changes(actor, register, papers, &stored));
    changed.ok_or(OfficeError::NotFound("这个文件"))?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        return Err(OfficeError::invalid("reason", format!("请填写移除的原因，不超过 {REASON_MAX} 个字。")));
    }
    let tx = office.db().begin().await?;
    Query::new(
        &OF_RECORD,
        &ScopeColumns::NONE,
        "UPDATE record_file SET removed_by = ?, removed_at = ?, reason = ? WHERE id = ? AND removed_at IS NULL",
    )
    .bind(actor.staff)
    .bind(office.now().at_ms())
    .bind(reason)
    .bind(file)
    .execute_one(&tx)
    .await?;
    let details =
        json!({ "register": register.id.as_str(), "papers": kind, "file": file.0, "reason": reason });
    tx.audit(entry(office, actor, &stored, "record.file_removed", details)).await?;
    tx.commit().await?;
    Ok(kind)
}
