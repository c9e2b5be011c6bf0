//! Photos and scans: taken in with their type looked at, kept sealed, handed out to those who may see the case.

use sm3::{Digest, Sm3};
use store::{AuditEntry, CaseId, Connection, DivisionId, Query, Scope, Tx};

use super::act::Doer;
use super::{AttachmentId, CASE};
use crate::{Office, OfficeError, audited};

/// Largest file, bytes. The message below says it in words.
pub const SIZE_MAX: usize = 10 * 1024 * 1024;
/// How many files an owner may have that belong to no case yet.
const LOOSE_MAX: i64 = 40;

/// A file without its content.
#[derive(Debug, Clone)]
pub struct AttachmentView {
    /// Identifier.
    pub id: AttachmentId,
    /// Name as uploaded.
    pub name: String,
    /// Media type as found in the content.
    pub mime: String,
    /// Bytes.
    pub size: i64,
}

/// Takes a file in for its owner (`staff:3`, `person:9`); it belongs to no case until a form that names it is sent.
///
/// # Errors
/// Too large, empty, or of a type that cannot be shown.
pub async fn put(
    office: &Office,
    owner: &str,
    name: &str,
    content: &[u8],
) -> Result<AttachmentId, OfficeError> {
    if content.is_empty() {
        return Err(OfficeError::invalid("file", "这个文件是空的，请重新选择。"));
    }
    if content.len() > SIZE_MAX {
        return Err(OfficeError::invalid(
            "file",
            "文件超过 10 MB。请用手机把照片调小一些，或者分成几张再上传。",
        ));
    }
    let mime = sniff(content).ok_or_else(|| {
        OfficeError::invalid(
            "file",
            "只能上传照片（JPG、PNG、HEIC、WebP）或者 PDF 文件。请换一个文件再上传。",
        )
    })?;
    let tx = office.db().begin().await?;
    // Two uploads of one owner at once would both count what stood before.
    tx.lock(&format!("loose files of {owner}")).await?;
    let loose: i64 = Query::system(
        "the owner's own files",
        "SELECT count(*) FROM attachment WHERE owner = ? AND case_id IS NULL",
    )
    .bind(owner)
    .scalar(&tx)
    .await?;
    if loose >= LOOSE_MAX {
        return Err(OfficeError::invalid(
            "file",
            "您有 40 个文件还没有随申请提交。请先提交申请，或删除不用的文件。",
        ));
    }
    let id = Query::system(
        "a file of the caller",
        "INSERT INTO attachment (owner, name, mime, size, sm3, content_sealed, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) \
         RETURNING id",
    )
    .bind(owner)
    .bind(tidy(name))
    .bind(mime)
    .bind(i64::try_from(content.len()).unwrap_or(i64::MAX))
    .bind(hex::encode(Sm3::digest(content)))
    .bind(office.keys().seal_bytes(content)?)
    .bind(office.now().at_ms())
    .insert(&tx)
    .await?;
    tx.commit().await?;
    Ok(AttachmentId(id))
}

/// The owner's loose files among these, so that a form can only name what its sender uploaded.
///
/// # Errors
/// The database's.
pub async fn owned(
    connection: &impl Connection,
    owner: &str,
    ids: &[AttachmentId],
) -> Result<Vec<AttachmentView>, OfficeError> {
    Ok(Query::system(
        "the caller's own files",
        "SELECT id, name, mime, size FROM attachment WHERE owner = ? AND id IN ({list}) ORDER BY id",
    )
    .bind(owner)
    .bind_list(ids.iter().copied())
    .all_as(connection, view)
    .await?)
}

/// Gives files that a person uploaded to what they wrote, by its own name (`plan_stage_note:7`): from then on they are read through that and no
/// longer count among what the person has not sent yet. Says how many were given.
pub(crate) async fn give(tx: &Tx, from: &str, ids: &[AttachmentId], to: &str) -> Result<u64, OfficeError> {
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(Query::system(
        "files that the sender of the form uploaded",
        "UPDATE attachment SET owner = ? WHERE owner = ? AND case_id IS NULL AND id IN ({list})",
    )
    .bind(to)
    .bind(from)
    .bind_list(ids.iter().copied())
    .execute(tx)
    .await?)
}

/// Forgets loose files of the owner: a form that brought them was refused, and will bring them again.
///
/// # Errors
/// The database's.
pub async fn forget(office: &Office, owner: &str, ids: &[AttachmentId]) -> Result<(), OfficeError> {
    if ids.is_empty() {
        return Ok(());
    }
    Query::system(
        "the caller's own files that belong to nothing",
        "DELETE FROM attachment WHERE owner = ? AND case_id IS NULL AND id IN ({list})",
    )
    .bind(owner)
    .bind_list(ids.iter().copied())
    .execute(office.db())
    .await?;
    Ok(())
}

/// Files that were given to these, each with its owner, in the order in which they were uploaded.
pub(crate) async fn given(
    connection: &impl Connection,
    owners: &[String],
) -> Result<Vec<(String, AttachmentView)>, OfficeError> {
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Query::system(
        "files of what the caller may see",
        "SELECT id, name, mime, size, owner FROM attachment WHERE owner IN ({list}) ORDER BY id",
    )
    .bind_list(owners.iter().map(String::as_str))
    .all_as(connection, |row| Ok((row.get("owner")?, view(row)?)))
    .await?)
}

/// A file with its owner and content, for a caller who then looks whether the reader may see the owner.
pub(crate) async fn taken(
    office: &Office,
    id: AttachmentId,
) -> Result<(String, AttachmentView, Vec<u8>), OfficeError> {
    let row = Query::system(
        "a file whose owner the caller looks at next",
        "SELECT id, name, mime, size, owner, content_sealed FROM attachment WHERE id = ? AND case_id IS NULL",
    )
    .bind(id)
    .optional(office.db())
    .await?
    .ok_or(OfficeError::NotFound("这个文件"))?;
    let content = office.keys().open_bytes(&row.get::<Vec<u8>>("content_sealed")?)?;
    Ok((row.get("owner")?, view(&row)?, content))
}

/// Files of a case among these.
pub(super) async fn tied(
    connection: &impl Connection,
    case: CaseId,
    ids: &[AttachmentId],
) -> Result<Vec<AttachmentView>, OfficeError> {
    Ok(Query::system(
        "files of a case that the caller may see",
        "SELECT id, name, mime, size FROM attachment WHERE case_id = ? AND id IN ({list}) ORDER BY id",
    )
    .bind(case)
    .bind_list(ids.iter().copied())
    .all_as(connection, view)
    .await?)
}

/// Ties files to the case whose form names them.
pub(crate) async fn tie(tx: &Tx, owner: &str, ids: &[AttachmentId], case: CaseId) -> Result<(), OfficeError> {
    if ids.is_empty() {
        return Ok(());
    }
    Query::system(
        "files that the sender of the form uploaded",
        "UPDATE attachment SET case_id = ? WHERE owner = ? AND case_id IS NULL AND id IN ({list})",
    )
    .bind(case)
    .bind(owner)
    .bind_list(ids.iter().copied())
    .execute(tx)
    .await?;
    Ok(())
}

/// Files of a case.
///
/// # Errors
/// The database's.
pub async fn of_case(
    connection: &impl Connection,
    scope: &Scope,
    case: CaseId,
) -> Result<Vec<AttachmentView>, OfficeError> {
    Ok(Query::new(
        scope,
        &CASE,
        "SELECT a.id, a.name, a.mime, a.size FROM attachment a JOIN case_file c ON c.id = a.case_id \
         WHERE {scope} AND c.id = ? ORDER BY a.id",
    )
    .bind(case)
    .all_as(connection, view)
    .await?)
}

/// A file with its content, for somebody who sees its case or who uploaded it. An officer's reading is in the audit before this returns.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn get(
    office: &Office,
    reader: Doer<'_>,
    id: AttachmentId,
) -> Result<(AttachmentView, Vec<u8>), OfficeError> {
    const COLUMNS: &str = "SELECT a.id, a.name, a.mime, a.size, a.content_sealed";
    let of_case = Query::new(
        &reader.scope(),
        &CASE,
        format!(
            "{COLUMNS}, a.case_id, c.township_id FROM attachment a JOIN case_file c ON c.id = a.case_id WHERE {{scope}} AND a.id = ?"
        ),
    )
    .only("c.item", reader.items(office))
    .bind(id)
    .optional(office.db())
    .await?;
    let row = match of_case {
        Some(row) => Some(row),
        None => {
            let own = format!(
                "{COLUMNS}, a.case_id, CAST(NULL AS BIGINT) AS township_id FROM attachment a WHERE a.id = ? AND a.owner = ?"
            );
            Query::system("the caller's own file", own)
                .bind(id)
                .bind(reader.owner())
                .optional(office.db())
                .await?
        }
    };
    let row = row.ok_or(OfficeError::NotFound("这个文件"))?;
    let case: Option<CaseId> = row.get("case_id")?;
    if let (Doer::Desk(actor), Some(_)) = (reader, case) {
        let entry = AuditEntry {
            case,
            division: Some(row.get::<Option<DivisionId>>("township_id")?.unwrap_or(actor.division)),
            ..audited(office.now().at_ms(), actor.audit(), "attachment.opened", ("attachment", id.0))
        };
        office.db().audit_read(entry).await?;
    }
    let content = office.keys().open_bytes(&row.get::<Vec<u8>>("content_sealed")?)?;
    Ok((view(&row)?, content))
}

fn view(row: &store::Row) -> store::Result<AttachmentView> {
    Ok(AttachmentView {
        id: row.get("id")?,
        name: row.get("name")?,
        mime: row.get("mime")?,
        size: row.get("size")?,
    })
}

/// The media type by the first bytes; what a browser would only guess is refused.
fn sniff(content: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| content.starts_with(magic);
    if starts(&[0xff, 0xd8, 0xff]) {
        Some("image/jpeg")
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if starts(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else if content.get(4..8) == Some(b"ftyp")
        && matches!(content.get(8..12), Some(b"heic" | b"heix" | b"mif1" | b"msf1"))
    {
        Some("image/heic")
    } else if starts(b"%PDF-") {
        Some("application/pdf")
    } else {
        None
    }
}

/// A file name without a path, control characters or endless length.
fn tidy(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let kept: String = last.chars().filter(|c| !c.is_control()).take(80).collect();
    if kept.trim().is_empty() { "文件".to_owned() } else { kept.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_what_the_bytes_say() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0rest"), Some("image/jpeg"));
        assert_eq!(sniff(b"%PDF-1.7"), Some("application/pdf"));
        assert_eq!(sniff(b"<html><script>"), None);
        assert_eq!(sniff(b"MZ\x90"), None);
    }

    #[test]
    fn a_name_keeps_no_path() {
        assert_eq!(tidy("C:\\Users\\me\\户口本.jpg"), "户口本.jpg");
        assert_eq!(tidy("../../etc/passwd"), "passwd");
        assert_eq!(tidy("\u{7}"), "文件");
    }
}
