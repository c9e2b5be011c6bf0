//! How records are found: the words under which the index keeps them, and what of them a list of things found says.

use std::collections::BTreeMap;

use catalogue::definition::{FieldKind, Register};
use store::{DivisionId, Keys, Query, Scope};

use super::columns::table;
use super::read::{Record, records};
use super::{RECORD_COLUMNS, RULES, RecordId};
use crate::forms::FormValue;
use crate::search::index::{self, Words};
use crate::{Office, OfficeError};

/// Records whose words are written in one transaction.
const BATCH: usize = 500;

/// The words of a record: of its title, and the numbers by which it is known. What not everybody may read is none of them.
pub(super) fn words(keys: &Keys, register: &Register, record: &Record) -> Words {
    let mut words = Words::of(&record.title);
    for (_, field) in register.fields().filter(|(_, field)| field.read.is_none()) {
        let Some(value) = record.values.get(field.id.get()) else { continue };
        let is_key = register.key.iter().any(|key| *key == *field.id.get());
        if field.is_sealed() {
            if is_key || matches!(*field.kind, FieldKind::CitizenId | FieldKind::Phone) {
                words.sealed(keys, &value.canonical());
            }
        } else if is_key && matches!(value, FormValue::Text(_) | FormValue::Integer(_)) {
            words.number(&value.canonical());
        }
    }
    words
}

/// Writes the words of what is not in the index: records that were there before it was, and everything when the tree of divisions has
/// changed. How many.
pub(crate) async fn fill(office: &Office) -> Result<usize, OfficeError> {
    let release = office.release();
    let mut written = 0;
    for (name, _, filled) in index::kinds(office.db()).await? {
        let Some(register) = release.registers.get(&name).filter(|_| !filled) else { continue };
        let sql = format!(
            "SELECT r.id FROM {} r WHERE {{scope}} AND r.id > ? ORDER BY r.id LIMIT ?",
            table(register)
        );
        let mut after = RecordId(0);
        loop {
            let query = Query::new(&RULES, &RECORD_COLUMNS, sql.clone()).bind(after).bind(BATCH);
            let ids: Vec<RecordId> = query.scalars(office.db()).await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            let stored = records(office.keys(), office.db(), &RULES, register, &ids).await?;
            let tx = office.db().begin().await?;
            for record in &stored {
                let words = words(office.keys(), register, record);
                index::replace(&tx, &name, record.id.0, Some(record.division), &words).await?;
            }
            tx.commit().await?;
            written += stored.len();
        }
        index::filled(office.db(), Some(&name), true).await?;
    }
    Ok(written)
}

/// A record as a list of things found shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Titled {
    pub title: String,
    pub state: String,
    pub closed: bool,
    pub place: String,
}

/// Records of a scope by id; those that are not there are left out.
pub(crate) async fn titled(
    office: &Office,
    scope: &Scope,
    register: &Register,
    ids: &[RecordId],
) -> Result<BTreeMap<RecordId, Titled>, OfficeError> {
    let sql = format!(
        "SELECT r.id, r.title, r.state, d.name FROM {} r JOIN division d ON d.id = r.division_id WHERE {{scope}} AND r.id IN ({{list}})",
        table(register)
    );
    let rows = Query::new(scope, &RECORD_COLUMNS, sql)
        .bind_list(ids.iter().copied())
        .all_as(office.db(), |row| {
            let state: String = row.get("state")?;
            Ok((
                row.get("id")?,
                Titled {
                    title: row.get("title")?,
                    closed: register.is_closed(&state),
                    state: register.state_title(&state).to_owned(),
                    place: row.get("name")?,
                },
            ))
        })
        .await?;
    Ok(rows.into_iter().collect())
}

/// The records that have this in their title or its initials, wherever they lie: for whoever looks for one to point at.
pub(super) async fn few_titled(
    office: &Office,
    register: &Register,
    words: &str,
    most: usize,
) -> Result<Option<Vec<RecordId>>, OfficeError> {
    match index::Asked::title(words) {
        Some(asked) => few_asked(office, register, &asked, None, most).await,
        None => Ok(None),
    }
}

/// The records whose words these are, at or below a division (none: everywhere), if they are no more than `most`; none when the words are
/// too short, stand for more, or not all records are in the index yet.
pub(super) async fn few(
    office: &Office,
    register: &Register,
    words: &str,
    below: Option<DivisionId>,
    most: usize,
) -> Result<Option<Vec<RecordId>>, OfficeError> {
    match index::Asked::read(office.keys(), words) {
        Some(asked) => few_asked(office, register, &asked, below, most).await,
        None => Ok(None),
    }
}

async fn few_asked(
    office: &Office,
    register: &Register,
    asked: &index::Asked,
    below: Option<DivisionId>,
    most: usize,
) -> Result<Option<Vec<RecordId>>, OfficeError> {
    let kinds = index::kinds(office.db()).await?;
    let Some((_, kind, _)) = kinds.iter().find(|(name, _, filled)| *name == *register.id.get() && *filled)
    else {
        return Ok(None);
    };
    let kinds = index::Kinds::Only(vec![*kind]);
    let expression = asked.expression(office.db().backend(), index::Which::Any, &kinds, below);
    let found = index::hits(office.db(), expression, 0, most + 1, most + 1).await?;
    Ok((found.len() <= most).then(|| found.into_iter().map(|row| RecordId(index::hit(row).1)).collect()))
}
