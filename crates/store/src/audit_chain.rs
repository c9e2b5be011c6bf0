//! The chain over the audit log: every row's hash covers all its columns and the hash before it, so that a row changed,
//! removed or slipped in later breaks the chain at its place.
//!
//! One sealer at a time chains what was committed since; it follows the commits by a second or so, and a crash between
//! leaves rows unsealed, never half sealed. The chain's end can be cut off unseen, unless its head was written down
//! elsewhere: print [`AuditHead`] daily and give it to [`verify_audit_against`].

use sm3::{Digest, Sm3};

use crate::database::Db;
use crate::error::Result;
use crate::query::Query;
use crate::value::Row;
use crate::{AuditId, values};

const REASON: &str = "audit chain";
const BATCH: usize = 1000;
/// What stands before the first row.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last sealed row, from 1; 0 for an empty chain.
    pub seq: i64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
}

/// What a check of the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Rows that hold.
    pub sealed: u64,
    /// Rows not chained yet; more than a minute's worth means that the sealer stands still.
    pub unsealed: u64,
    /// The first place where the chain is broken.
    pub broken: Option<AuditBreak>,
    /// The end of what holds.
    pub head: AuditHead,
}

/// Where and how a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditBreak {
    /// The number in the chain.
    pub seq: i64,
    /// The row, if there is one.
    pub audit: Option<AuditId>,
    /// What is wrong.
    pub fault: AuditFault,
}

/// How a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFault {
    /// A number is missing: a row was removed.
    Missing,
    /// The row does not name the hash of the row before it.
    Unlinked,
    /// A column was changed after sealing.
    Altered,
    /// A head written down earlier is not in the chain.
    HeadChanged,
}

const CONTENT: &str = "a.id, a.at, a.staff_id, a.person_id, a.session_id, a.post_id, a.action, a.subject_kind, \
                       a.subject_id, a.case_id, a.division_id, a.purpose, a.details";

/// The hash of a row: each column as one byte for NULL or not, its length and its text, so that no two different rows
/// give the same bytes.
fn hash_of(row: &Row, seq: i64, previous: &str) -> Result<String> {
    let mut hash = Sm3::new();
    let mut add = |value: Option<String>| match value {
        None => hash.update([0]),
        Some(text) => {
            hash.update([1]);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
    };
    let number = |column: &str| -> Result<Option<String>> {
        Ok(row.get::<Option<i64>>(column)?.map(|number| number.to_string()))
    };
    add(Some(seq.to_string()));
    add(Some(previous.to_owned()));
    add(number("id")?);
    add(number("at")?);
    add(number("staff_id")?);
    add(number("person_id")?);
    add(number("session_id")?);
    add(number("post_id")?);
    add(row.get("action")?);
    add(row.get("subject_kind")?);
    add(number("subject_id")?);
    add(number("case_id")?);
    add(number("division_id")?);
    add(row.get("purpose")?);
    add(row.get("details")?);
    Ok(hex::encode(hash.finalize()))
}

/// Chain every committed row that is not chained yet; how many. Run it every second or so, by as many processes as like.
///
/// # Errors
/// The database's; what was sealed before stands.
pub async fn seal_audit(db: &Db) -> Result<u64> {
    let mut sealed = 0;
    loop {
        let batch = seal_batch(db).await?;
        sealed += batch as u64;
        if batch < BATCH {
            return Ok(sealed);
        }
    }
}

async fn seal_batch(db: &Db) -> Result<usize> {
    // Most of the time there is nothing, and nobody's turn to write is taken for that.
    let waiting = Query::system(REASON, "SELECT 1 FROM audit WHERE seq IS NULL LIMIT 1").optional(db).await?;
    if waiting.is_none() {
        return Ok(0);
    }
    let tx = db.begin().await?;
    tx.lock("audit chain").await?;
    let AuditHead { mut seq, hash: mut previous } = head_on(&tx).await?;
    let rows = Query::system(
        REASON,
        format!("SELECT {CONTENT} FROM audit a WHERE a.seq IS NULL ORDER BY a.id LIMIT {BATCH}"),
    )
    .all(&tx)
    .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut links = Vec::with_capacity(rows.len() * 4);
    for row in &rows {
        seq += 1;
        let hash = hash_of(row, seq, &previous)?;
        links.extend(values![row.get::<i64>("id")?, seq, previous, hash.as_str()]);
        previous = hash;
    }
    let places = vec!["(?, ?, ?, ?)"; rows.len()].join(", ");
    // Both databases call the columns of VALUES column1, column2 ...
    let update = format!(
        "UPDATE audit SET seq = link.column2, previous = link.column3, hash = link.column4
         FROM (VALUES {places}) AS link WHERE audit.id = link.column1"
    );
    links.into_iter().fold(Query::system(REASON, update), Query::bind_value).execute(&tx).await?;
    tx.commit().await?;
    Ok(rows.len())
}

/// The end of the chain, to be written down outside the database.
///
/// # Errors
/// The database's.
pub async fn audit_head(db: &Db) -> Result<AuditHead> {
    head_on(db).await
}

async fn head_on(connection: &impl crate::Connection) -> Result<AuditHead> {
    let head =
        Query::system(REASON, "SELECT seq, hash FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1")
            .optional_as(connection, |row| Ok(AuditHead { seq: row.get("seq")?, hash: row.get("hash")? }))
            .await?;
    Ok(head.unwrap_or_else(|| AuditHead { seq: 0, hash: BEGINNING.to_owned() }))
}

/// Check the whole chain, a thousand rows at a time, and stop at the first break.
///
/// # Errors
/// The database's.
pub async fn verify_audit(db: &Db) -> Result<AuditVerdict> {
    verify_audit_against(db, &[]).await
}

/// Check the whole chain, and that it still runs through heads written down earlier.
///
/// # Errors
/// The database's.
pub async fn verify_audit_against(db: &Db, heads: &[AuditHead]) -> Result<AuditVerdict> {
    let unsealed: i64 =
        Query::system(REASON, "SELECT count(*) FROM audit WHERE seq IS NULL").scalar(db).await?;
    let mut verdict = AuditVerdict {
        sealed: 0,
        unsealed: u64::try_from(unsealed).unwrap_or(0),
        broken: None,
        head: AuditHead { seq: 0, hash: BEGINNING.to_owned() },
    };
    loop {
        let rows = Query::system(
            REASON,
            format!("SELECT {CONTENT}, a.seq, a.previous, a.hash FROM audit a WHERE a.seq > ? ORDER BY a.seq LIMIT {BATCH}"),
        )
        .bind(verdict.head.seq)
        .all(db)
        .await?;
        for row in &rows {
            verdict.broken = check(row, &verdict.head, heads)?;
            if verdict.broken.is_some() {
                return Ok(verdict);
            }
            verdict.sealed += 1;
            verdict.head = AuditHead { seq: row.get("seq")?, hash: row.get("hash")? };
        }
        if rows.len() < BATCH {
            break;
        }
    }
    // A head beyond the end: the chain was cut off.
    verdict.broken = heads
        .iter()
        .filter(|head| head.seq > verdict.head.seq)
        .min_by_key(|head| head.seq)
        .map(|_| AuditBreak { seq: verdict.head.seq + 1, audit: None, fault: AuditFault::Missing });
    Ok(verdict)
}

fn check(row: &Row, before: &AuditHead, heads: &[AuditHead]) -> Result<Option<AuditBreak>> {
    let seq: i64 = row.get("seq")?;
    let audit = Some(row.get("id")?);
    let expected = before.seq + 1;
    let hash: String = row.get("hash")?;
    let fault = if seq != expected {
        return Ok(Some(AuditBreak { seq: expected, audit: None, fault: AuditFault::Missing }));
    } else if row.get::<String>("previous")? != before.hash {
        AuditFault::Unlinked
    } else if hash_of(row, seq, &before.hash)? != hash {
        AuditFault::Altered
    } else if heads.iter().any(|head| head.seq == seq && head.hash != hash) {
        AuditFault::HeadChanged
    } else {
        return Ok(None);
    };
    Ok(Some(AuditBreak { seq, audit, fault }))
}
