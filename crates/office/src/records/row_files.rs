//! Scans and photos in the rows of a record's lists: the certificate of a training. A row names its files, and they stand among the record's
//! files (`record_file`) under `list.field`: given to the record by the version that first names them, taken away, with its reason, by the
//! version that names them no more. They are handed out as papers are ([`super::papers::get`]).

use std::collections::BTreeMap;

use catalogue::definition::{Field, FieldKind, Form, Register};
use store::{AuditActor, Query, ScopeColumns, Tx};

use super::papers::{OF_RECORD, owner_of};
use super::read::Record;
use super::{RecordFileId, RecordId};
use crate::casework::attachments::{self, AttachmentView};
use crate::casework::{AttachmentId, drafts};
use crate::forms::{Answers, FormValue, Mentions, UploadedFile};
use crate::{Office, OfficeError};

/// Files as forms read them, by their id as it stands in answers.
pub(super) type Files = BTreeMap<String, UploadedFile>;

/// The fields of lists that hold files, with the name of their list.
fn holding(register: &Register) -> impl Iterator<Item = (&str, &Field)> {
    register.lists().into_iter().flat_map(move |of| {
        let files = |field: &&Field| matches!(*field.kind, FieldKind::File | FieldKind::Files);
        register.list_fields(of).filter(files).map(move |field| (of, field))
    })
}

fn read(files: Vec<AttachmentView>) -> Files {
    let read = |file: AttachmentView| {
        (file.id.to_string(), UploadedFile { name: file.name, bytes: u64::try_from(file.size).unwrap_or(0) })
    };
    files.into_iter().map(read).collect()
}

fn mentioned(form: &Form, answers: &Answers) -> Vec<AttachmentId> {
    Mentions::of(form, answers).attachments.iter().filter_map(|id| id.parse().ok()).collect()
}

/// Files that the answers name and an owner has: the writer ([`drafts::owner_of`]) who has uploaded and not sent them yet, or the record
/// ([`owner_of`]) that has them already.
pub(super) async fn of_owner(
    office: &Office,
    owner: &str,
    register: &Register,
    form: &Form,
    answers: &Answers,
) -> Result<Files, OfficeError> {
    if holding(register).next().is_none() {
        return Ok(Files::new());
    }
    let ids = mentioned(form, answers);
    if ids.is_empty() {
        return Ok(Files::new());
    }
    Ok(read(attachments::owned(office.db(), owner, &ids).await?))
}

/// All files that records have, or had, for their names. The caller has read the records.
pub(super) async fn of_records(
    office: &Office,
    register: &Register,
    records: &[RecordId],
) -> Result<Files, OfficeError> {
    if holding(register).next().is_none() {
        return Ok(Files::new());
    }
    let owners: Vec<String> = records.iter().map(|id| owner_of(register, *id)).collect();
    let given = attachments::given(office.db(), &owners).await?;
    Ok(read(given.into_iter().map(|(_, file)| file).collect()))
}

/// Whether the rows of a record name files.
pub(super) fn names_any(register: &Register, record: &Record) -> bool {
    !named(register, record).is_empty()
}

/// The files that the rows of a record name, each with its `list.field`.
fn named(register: &Register, record: &Record) -> BTreeMap<AttachmentId, String> {
    let mut named = BTreeMap::new();
    for (of, field) in holding(register) {
        for row in record.lists.get(of).into_iter().flatten() {
            let Some(FormValue::Files(ids)) = row.get(field.id.get()) else { continue };
            let ids = ids.iter().filter_map(|id| id.parse::<AttachmentId>().ok());
            named.extend(ids.map(|id| (id, format!("{of}.{}", field.id))));
        }
    }
    named
}

/// Under which number the files of a record's rows are opened, with their names, by their id as rows hold it.
pub(super) async fn openable(
    office: &Office,
    register: &Register,
    record: &Record,
) -> Result<BTreeMap<String, (RecordFileId, String)>, OfficeError> {
    if named(register, record).is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = "SELECT f.id, f.attachment_id, a.name FROM record_file f JOIN attachment a ON a.id = f.attachment_id \
        WHERE f.register = ? AND f.record_id = ? AND f.removed_at IS NULL ORDER BY f.id";
    let files = Query::new(&OF_RECORD, &ScopeColumns::NONE, sql)
        .bind(register.id.as_str())
        .bind(record.id)
        .all_as(office.db(), |row| {
            let id: AttachmentId = row.get("attachment_id")?;
            Ok((id.to_string(), (row.get("id")?, row.get("name")?)))
        })
        .await?;
    Ok(files.into_iter().collect())
}

/// Keeps the files of a version that was just written: what its rows name newly becomes the record's, what they name no more is taken away.
///
/// # Errors
/// [`OfficeError::Invalid`] at the list for a file that is not the writer's to give, or that the record keeps in another place: nobody moves
/// a file to where more people read it.
pub(super) async fn keep(
    office: &Office,
    tx: &Tx,
    register: &Register,
    (before, after): (Option<&Record>, &Record),
    who: &AuditActor,
    reason: &str,
) -> Result<(), OfficeError> {
    let had = before.map(|before| named(register, before)).unwrap_or_default();
    let has = named(register, after);
    let own = owner_of(register, after.id);
    let new: Vec<(&AttachmentId, &String)> =
        has.iter().filter(|(id, kind)| had.get(*id) != Some(*kind)).collect();
    if let Some(staff) = who.staff {
        let ids: Vec<AttachmentId> = new.iter().map(|(id, _)| **id).collect();
        attachments::give(tx, &drafts::owner_of_staff(staff), &ids, &own).await?;
    }
    for (id, kind) in new {
        let refused = || {
            let list = kind.split_once('.').map_or(kind.as_str(), |(list, _)| list);
            OfficeError::invalid(list, "有文件没有上传成功，或者不是这一项的文件。请移除后重新选择。")
        };
        // Given just now, or the record's from an earlier version that comes back.
        if attachments::owned(tx, &own, &[*id]).await?.is_empty() {
            return Err(refused());
        }
        let sql = "INSERT INTO record_file (register, record_id, papers, attachment_id, added_by, added_at) VALUES (?, ?, ?, ?, ?, ?) \
            ON CONFLICT (attachment_id) DO UPDATE SET removed_by = NULL, removed_at = NULL, reason = NULL \
            WHERE record_file.register = excluded.register AND record_file.record_id = excluded.record_id \
            AND record_file.papers = excluded.papers";
        let kept = Query::system("files in the rows of a record that was written in scope", sql)
            .bind(register.id.as_str())
            .bind(after.id)
            .bind(kind.as_str())
            .bind(*id)
            .bind(who.staff)
            .bind(office.now().at_ms())
            .execute(tx)
            .await?;
        if kept == 0 {
            return Err(refused());
        }
    }
    let gone: Vec<AttachmentId> = had.keys().filter(|id| !has.contains_key(*id)).copied().collect();
    if gone.is_empty() {
        return Ok(());
    }
    Query::new(
        &OF_RECORD,
        &ScopeColumns::NONE,
        "UPDATE record_file SET removed_by = ?, removed_at = ?, reason = ? WHERE register = ? AND record_id = ? AND removed_at IS NULL \
         AND attachment_id IN ({list})",
    )
    .bind(who.staff)
    .bind(office.now().at_ms())
    .bind(reason)
    .bind(register.id.as_str())
    .bind(after.id)
    .bind_list(gone)
    .execute(tx)
    .await?;
    Ok(())
}
