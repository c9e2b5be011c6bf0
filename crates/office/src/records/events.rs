//! What became of records, for systems that follow along: an event for each version, written with it, read behind a number.
//!
//! An event has its number only once everything before it is there: transactions end in another order than they began, and numbers are
//! given by one hand at a time to what has ended. Whoever asks for what is behind the last number they have read misses nothing and
//! reads nothing twice. An event says that something happened to a record, not what is in it.

use store::{Query, Row, Scope, ScopeColumns, Tx, Value, insert_many, values};

use super::history::Written;
use super::read::Record;
use super::{RecordId, readable};
use crate::access::{Granted, ReadRecords};
use crate::{Office, OfficeError};
use catalogue::definition::Register;

/// Events that one reading gives at most.
pub const EVENTS_MAX: usize = 500;
/// Events that are numbered in one transaction.
const NUMBERED_MAX: usize = 5000;

/// Scope columns of `record_event e`.
const EVENT_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "e.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    ..ScopeColumns::NONE
};

/// Something that happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number: each is greater than those before.
    pub seq: i64,
    /// The register.
    pub register: String,
    /// The record.
    pub record: RecordId,
    /// Its version.
    pub version: i64,
    /// What was done, as [`super::Deed::code`].
    pub deed: String,
    /// The state in which it is since.
    pub state: String,
    /// When, unix ms.
    pub at: i64,
}

const COLUMNS: [&str; 7] = ["register", "record_id", "version", "deed", "state", "division_id", "at"];

/// What became of a record, as a row.
pub(super) fn row(register: &Register, record: &Record, written: &Written<'_>) -> Vec<Value> {
    values![
        register.id.as_str(),
        record.id,
        record.version,
        written.deed,
        record.state.as_str(),
        record.division,
        written.at,
    ]
}

/// Writes down what became of records.
pub(super) async fn write(tx: &Tx, rows: Vec<Vec<Value>>) -> Result<(), OfficeError> {
    insert_many(&Scope::System("what became of records"), tx, "record_event", &COLUMNS, rows).await?;
    Ok(())
}

/// Numbers what has happened since; some at a time, so that nobody waits long.
pub(crate) async fn number(office: &Office) -> Result<(), OfficeError> {
    const NUMBERING: Scope = Scope::System("numbers of what became of records");
    let waiting = || {
        Query::new(
            &NUMBERING,
            &ScopeColumns::NONE,
            "SELECT e.id FROM record_event e WHERE e.seq IS NULL LIMIT 1",
        )
    };
    while !waiting().all(office.db()).await?.is_empty() {
        let tx = office.db().begin().await?;
        tx.lock("record.events").await?;
        let sql = "UPDATE record_event SET seq = numbered.seq FROM (SELECT w.id, (SELECT coalesce(max(l.seq), 0) FROM record_event l \
                   WHERE l.seq IS NOT NULL) + row_number() OVER (ORDER BY w.id) AS seq FROM (SELECT n.id FROM record_event n WHERE n.seq IS NULL \
                   ORDER BY n.id LIMIT ?) AS w) AS numbered WHERE record_event.id = numbered.id";
        let done = Query::new(&NUMBERING, &ScopeColumns::NONE, sql).bind(NUMBERED_MAX).execute(&tx).await?;
        tx.commit().await?;
        if done < NUMBERED_MAX as u64 {
            break;
        }
    }
    Ok(())
}

/// What happened behind a number in one's area, in the registers that one reads, or in one of them; in order.
///
/// # Errors
/// [`OfficeError::NotFound`] for a register that is not there or not to be read.
pub async fn events(
    office: &Office,
    reader: &Granted<ReadRecords>,
    register: Option<&str>,
    after: i64,
) -> Result<Vec<Event>, OfficeError> {
    let mut registers: Vec<String> =
        readable(office, reader).iter().map(|open| open.register().id.get().clone()).collect();
    if let Some(register) = register {
        registers.retain(|known| known == register);
        if registers.is_empty() {
            return Err(OfficeError::NotFound("这个登记簿"));
        }
    }
    number(office).await?;
    read(office, &reader.scope(), &registers, (after, i64::MAX), EVENTS_MAX).await
}

/// What happened behind a number in an area, in some registers, and up to which number that is everything.
pub(crate) async fn behind(
    office: &Office,
    scope: &Scope,
    registers: &[String],
    after: i64,
    most: usize,
) -> Result<(Vec<Event>, i64), OfficeError> {
    let last: i64 = Query::system(
        "the last number that was given",
        "SELECT coalesce(max(e.seq), 0) FROM record_event e WHERE e.seq IS NOT NULL",
    )
    .scalar(office.db())
    .await?;
    let found = read(office, scope, registers, (after, last), most).await?;
    let through = match found.last() {
        Some(newest) if found.len() == most => newest.seq,
        _ => last.max(after),
    };
    Ok((found, through))
}

async fn read(
    office: &Office,
    scope: &Scope,
    registers: &[String],
    (after, through): (i64, i64),
    most: usize,
) -> Result<Vec<Event>, OfficeError> {
    let sql = "SELECT e.seq, e.register, e.record_id, e.version, e.deed, e.state, e.at FROM record_event e WHERE {scope} \
               AND e.seq > ? AND e.seq <= ? AND e.register IN ({list}) ORDER BY e.seq LIMIT ?";
    Ok(Query::new(scope, &EVENT_COLUMNS, sql)
        .bind(after)
        .bind(through)
        .bind_list(registers.iter().map(String::as_str))
        .bind(most)
        .all_as(office.db(), event)
        .await?)
}

fn event(row: &Row) -> store::Result<Event> {
    Ok(Event {
        seq: row.get("seq")?,
        register: row.get("register")?,
        record: row.get("record_id")?,
        version: row.get("version")?,
        deed: row.get("deed")?,
        state: row.get("state")?,
        at: row.get("at")?,
    })
}
