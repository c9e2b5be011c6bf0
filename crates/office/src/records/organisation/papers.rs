//! Papers of an organisation's own records: it sees the kinds and letters that the pack shows it, hands in those that it writes, and takes nothing
//! away: what was handed in by mistake the office removes.

use catalogue::definition::Papers;
use store::IdempotencyKey;

use super::super::papers::{self, Folder, Kind};
use super::super::read::Record;
use super::super::{RecordFileId, RecordId, RecordLetterId, letters, page};
use super::{Own, opened};
use crate::access::{Granted, ReportRecords};
use crate::casework::AttachmentId;
use crate::casework::attachments::AttachmentView;
use crate::{Office, OfficeError};

fn shown(own: &Own, papers: &Papers) -> bool {
    own.shows(&papers.id)
}

/// The kinds that the pack shows, each with its files.
pub(super) async fn folders(office: &Office, own: &Own, record: &Record) -> Result<Vec<Folder>, OfficeError> {
    let register = own.open.register();
    let open = !register.is_closed(&record.state);
    let writes =
        |papers: &Papers| open && own.side().writes.iter().any(|one| one.as_str() == papers.id.as_str());
    let kinds = register.papers.iter().filter(|papers| shown(own, papers));
    let mut folders = papers::sorted(office, register, record, kinds, writes).await?;
    for folder in &mut folders {
        folder.removed.clear();
    }
    Ok(folders)
}

/// One kind of papers of a record. Written down.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is not the organisation's and what the pack does not show.
pub async fn folder(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
    id: RecordId,
    papers: &str,
) -> Result<(Own, Record, Folder), OfficeError> {
    let own = opened(office, actor, register).await?;
    let record = own.found(office, actor, id).await?;
    let folders = folders(office, &own, &record).await?;
    let found = folders.into_iter().find(|folder| folder.papers.id == *papers);
    let found = found.ok_or(OfficeError::NotFound("这种材料"))?;
    page::looked_at(office, actor, register, id).await?;
    Ok((own, record, found))
}

/// Hands in files that the account has uploaded.
///
/// # Errors
/// As [`papers::add`].
pub async fn add(
    office: &Office,
    actor: &Granted<ReportRecords>,
    (register, id, papers): (&str, RecordId, &str),
    files: &[AttachmentId],
    key: (&IdempotencyKey, &str),
) -> Result<(), OfficeError> {
    let (own, record, folder) = folder(office, actor, register, id, papers).await?;
    papers::added(office, actor, own.open.register(), &record, &folder, files, key).await
}

/// A file with its content. Written down.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is not the organisation's and what the pack does not show.
pub async fn get(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
    id: RecordId,
    file: RecordFileId,
) -> Result<(AttachmentView, Vec<u8>), OfficeError> {
    let own = opened(office, actor, register).await?;
    let record = own.found(office, actor, id).await?;
    let seen = |kind: Kind<'_>| match kind {
        Kind::Papers(papers) => shown(&own, papers),
        Kind::Row(list, _) => own.shows(list),
    };
    papers::taken(office, actor, own.open.register(), &record, file, seen).await
}

/// A letter. Written down.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is not the organisation's and what the pack does not show.
pub async fn letter(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
    id: RecordId,
    letter: RecordLetterId,
) -> Result<(String, Option<Vec<u8>>), OfficeError> {
    let own = opened(office, actor, register).await?;
    let record = own.found(office, actor, id).await?;
    letters::taken(office, actor, own.open.register(), &record, letter, |shown| own.shows(shown)).await
}
