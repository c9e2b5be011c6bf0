//! Every version of a record: whole, sealed, with who and why. What changed is found by laying two versions side by side, so that the
//! past cannot disagree with itself.

use catalogue::definition::{Form, Register};
use store::{AuditActor, Connection, Query, Scope, ScopeColumns, Tx, Value, insert_many, values};

use super::conflict::differing;
use super::read::Record;
use super::{Open, RecordId, RecordImportId, sees};
use crate::access::{Actor, Granted, ReadRecords};
use crate::forms::{Answers, FilledForm};
use crate::{Office, OfficeError};

/// Scope columns of `record_history x`.
const HISTORY_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "x.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// Versions shown on a record's page.
const SHOWN_MAX: i64 = 200;

/// One version beside the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1.
    pub version: i64,
    /// Unix milliseconds.
    pub at: i64,
    /// Who; none for the system.
    pub staff: Option<String>,
    /// What was done: 登记, 变更, 更正 …
    pub deed: String,
    /// Why.
    pub reason: String,
    /// State then.
    pub state: String,
    /// Field, value before, value after, in words; what the reader may not see is left out.
    pub changes: Vec<(String, String, String)>,
}

/// What is done to a record in a version of it.
pub(super) struct Written<'a> {
    pub deed: &'a str,
    pub reason: &'a str,
    pub import: Option<RecordImportId>,
    pub at: i64,
    pub who: &'a AuditActor,
}

const COLUMNS: [&str; 11] = [
    "register",
    "record_id",
    "version",
    "division_id",
    "at",
    "staff_id",
    "deed",
    "reason",
    "state",
    "import_id",
    "answers_sealed",
];

/// A version as a row.
pub(super) fn row(
    office: &Office,
    register: &Register,
    record: &Record,
    written: &Written<'_>,
) -> Result<Vec<Value>, OfficeError> {
    Ok(values![
        register.id.as_str(),
        record.id,
        record.version,
        record.division,
        written.at,
        written.who.staff,
        written.deed,
        written.reason,
        record.state.as_str(),
        written.import,
        sealed(office, &record.answers(register))?,
    ])
}

/// Writes versions down.
pub(super) async fn write(tx: &Tx, rows: Vec<Vec<Value>>) -> Result<(), OfficeError> {
    insert_many(&Scope::System("versions of records"), tx, "record_history", &COLUMNS, rows).await?;
    Ok(())
}

/// Answers as they are kept.
pub(super) fn sealed(office: &Office, answers: &Answers) -> Result<Vec<u8>, OfficeError> {
    let text = serde_json::to_string(answers).map_err(|error| OfficeError::Internal(error.to_string()))?;
    Ok(office.keys().seal(&text)?)
}

/// Answers and state of a version.
pub(super) async fn at(
    office: &Office,
    connection: &impl Connection,
    register: &Register,
    record: RecordId,
    version: i64,
) -> Result<Option<(Answers, String)>, OfficeError> {
    let row = Query::system(
        "a version of a record that was read in scope",
        "SELECT x.answers_sealed, x.state FROM record_history x WHERE x.register = ? AND x.record_id = ? AND x.version = ?",
    )
    .bind(register.id.as_str())
    .bind(record)
    .bind(version)
    .optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((opened(office, &row.get::<Vec<u8>>("answers_sealed")?)?, row.get("state")?)))
}

fn opened(office: &Office, sealed: &[u8]) -> Result<Answers, OfficeError> {
    let text = office.keys().open(sealed)?;
    serde_json::from_str(&text)
        .map_err(|error| OfficeError::Internal(format!("记录的旧版本无法读取（{error}）")))
}

/// The answers of an earlier version, for somebody who began to write on it.
///
/// # Errors
/// [`OfficeError::NotFound`] for a version that is not there.
pub async fn answers_at(
    office: &Office,
    open: &Open,
    record: RecordId,
    version: i64,
) -> Result<Answers, OfficeError> {
    let found = at(office, office.db(), open.register(), record, version).await?;
    found.map(|(answers, _)| answers).ok_or(OfficeError::NotFound("这个版本"))
}

/// The versions of a record that the reader has opened, newest first.
pub(super) async fn versions(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    form: &Form,
    record: RecordId,
) -> Result<Vec<Version>, OfficeError> {
    let register = open.register();
    let scope: Scope = reader.scope();
    let rows: Vec<(Version, Vec<u8>)> = Query::new(
        &scope,
        &HISTORY_COLUMNS,
        "SELECT x.version, x.at, x.deed, x.reason, x.state, x.answers_sealed, s.name FROM record_history x \
         LEFT JOIN staff s ON s.id = x.staff_id WHERE {scope} AND x.register = ? AND x.record_id = ? ORDER BY x.version DESC LIMIT ?",
    )
    .bind(register.id.as_str())
    .bind(record)
    .bind(SHOWN_MAX)
    .all_as(office.db(), |row| {
        let version = Version {
            version: row.get("version")?,
            at: row.get("at")?,
            staff: row.get("name")?,
            deed: row.get("deed")?,
            reason: row.get("reason")?,
            state: row.get("state")?,
            changes: Vec::new(),
        };
        Ok((version, row.get("answers_sealed")?))
    })
    .await?;
    let mut versions = Vec::with_capacity(rows.len());
    let mut opened_rows = Vec::with_capacity(rows.len());
    for (version, sealed) in rows {
        opened_rows.push(opened(office, &sealed)?);
        versions.push(version);
    }
    for place in 0..versions.len().saturating_sub(1) {
        let (after, before) = (&opened_rows[place], &opened_rows[place + 1]);
        versions[place].changes = in_words(office, reader, open, form, before, after).await?;
        let (state, state_before) = (versions[place].state.clone(), versions[place + 1].state.clone());
        if state != state_before {
            let title = |state: &str| register.state_title(state).to_owned();
            versions[place].changes.insert(0, ("状态".to_owned(), title(&state_before), title(&state)));
        }
    }
    Ok(versions)
}

/// What differs between two sets of answers, in words.
pub(super) async fn in_words(
    office: &Office,
    actor: &Actor,
    open: &Open,
    form: &Form,
    before: &Answers,
    after: &Answers,
) -> Result<Vec<(String, String, String)>, OfficeError> {
    let fields = differing(form, before, after);
    if fields.is_empty() {
        return Ok(Vec::new());
    }
    let (mut one, mut other) = (before.clone(), after.clone());
    let mut looked = super::look_up(office, actor, form, &mut one).await?;
    let more = super::look_up(office, actor, form, &mut other).await?;
    looked.names.extend(more.names);
    looked.references.extend(more.references);
    let context = looked.context(office, open.release());
    let (one, other) = (FilledForm::read(&context, form, &one), FilledForm::read(&context, form, &other));
    let mut changes = Vec::new();
    for id in fields {
        if let Some((page, field)) =
            form.fields().find(|(page, field)| page.repeat.is_none() && field.id == id)
        {
            if sees(actor, field) {
                let words = |filled: &FilledForm<'_>| filled.words(page, None, field, true);
                changes.push((field.label.clone(), words(&one), words(&other)));
            }
            continue;
        }
        let label = form.pages.iter().filter_map(|page| page.repeat.as_ref()).find(|repeat| repeat.of == id);
        let rows = |filled: &FilledForm<'_>| {
            let titles: Vec<String> =
                (0..filled.answers().count(&id)).map(|index| filled.row_in_words(&id, index)).collect();
            titles.join("；")
        };
        if let Some(repeat) = label {
            changes.push((repeat.label.clone(), rows(&one), rows(&other)));
        }
    }
    Ok(changes)
}
