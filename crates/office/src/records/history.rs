//! Every version of a record: whole, sealed, with who and why. What changed is found by laying two versions side by side, so that the
//! past cannot disagree with itself. Beside them stands what the computed fields that are noted came to when somebody looked: it follows from
//! what was known then, so no version can give it again.

use std::collections::BTreeMap;

use catalogue::definition::{Form, Register};
use store::{AuditActor, Connection, Query, Scope, ScopeColumns, StaffId, Tx, Value, insert_many, values};

use super::columns::of_text;
use super::conflict::differing;
use super::read::Record;
use super::{Open, RecordId, RecordImportId, row_files, sees};
use crate::access::{Actor, Granted, ReadRecords};
use crate::forms::{Answers, FilledForm, FormContext};
use crate::{Office, OfficeError};

/// Scope columns of `record_history x`, and of `record_noted x`.
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

/// The deed of what was noted without the record being another: see [`Version::deed`].
pub const NOTED: &str = "noted";

/// One version beside the one before it, or what somebody's look at the record noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1; of what was noted the one that stood then.
    pub version: i64,
    /// Unix milliseconds.
    pub at: i64,
    /// Who; none for the system.
    pub staff: Option<String>,
    /// The code of what was done ([`Deed`](super::Deed)), or [`NOTED`].
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

/// Values of the computed fields that are noted, canonical, by field; unknown ones are left out.
pub(super) type Noted = BTreeMap<String, String>;

const NOTED_COLUMNS: [&str; 7] =
    ["register", "record_id", "version", "division_id", "at", "staff_id", "values_sealed"];

/// What somebody's look at a record noted, as a row.
pub(super) fn noted_row(
    office: &Office,
    register: &Register,
    record: &Record,
    staff: Option<StaffId>,
    noted: &Noted,
) -> Result<Vec<Value>, OfficeError> {
    let text = serde_json::to_string(noted).map_err(|error| OfficeError::Internal(error.to_string()))?;
    Ok(values![
        register.id.as_str(),
        record.id,
        record.version,
        record.division,
        office.now().at_ms(),
        staff,
        office.keys().seal(&text)?,
    ])
}

/// Writes down what was noted.
pub(super) async fn write_noted(tx: &Tx, rows: Vec<Vec<Value>>) -> Result<(), OfficeError> {
    if !rows.is_empty() {
        insert_many(&Scope::System("what was noted of records"), tx, "record_noted", &NOTED_COLUMNS, rows)
            .await?;
    }
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
    let files = row_files::of_records(office, register, &[record]).await?;
    let mut versions = Vec::with_capacity(rows.len());
    let mut opened_rows = Vec::with_capacity(rows.len());
    for (version, sealed) in rows {
        opened_rows.push(opened(office, &sealed)?);
        versions.push(version);
    }
    for place in 0..versions.len().saturating_sub(1) {
        let (after, before) = (&opened_rows[place], &opened_rows[place + 1]);
        versions[place].changes = in_words(office, reader, open, form, (before, after), &files).await?;
        let (state, state_before) = (versions[place].state.clone(), versions[place + 1].state.clone());
        if state != state_before {
            let title = |state: &str| register.state_title(state).to_owned();
            versions[place].changes.insert(0, ("状态".to_owned(), title(&state_before), title(&state)));
        }
    }
    let mut all = noted(office, reader, open, record).await?;
    all.append(&mut versions);
    // What a version noted stands above it.
    all.sort_by_key(|version| std::cmp::Reverse((version.version, version.at)));
    Ok(all)
}

/// What was noted of a record and how it differs from what was noted before, newest first. What was noted when the record came in is no change.
async fn noted(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    record: RecordId,
) -> Result<Vec<Version>, OfficeError> {
    let register = open.register();
    if !register.computed().any(|field| field.noted) {
        return Ok(Vec::new());
    }
    let rows: Vec<(Version, Vec<u8>)> = Query::new(
        &reader.scope(),
        &HISTORY_COLUMNS,
        "SELECT x.version, x.at, x.values_sealed, s.name FROM record_noted x LEFT JOIN staff s ON s.id = x.staff_id \
         WHERE {scope} AND x.register = ? AND x.record_id = ? ORDER BY x.id DESC LIMIT ?",
    )
    .bind(register.id.as_str())
    .bind(record)
    .bind(SHOWN_MAX)
    .all_as(office.db(), |row| {
        let version = Version {
            version: row.get("version")?,
            at: row.get("at")?,
            staff: row.get("name")?,
            deed: NOTED.to_owned(),
            reason: String::new(),
            state: String::new(),
            changes: Vec::new(),
        };
        Ok((version, row.get("values_sealed")?))
    })
    .await?;
    let (mut looks, mut values) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (look, sealed) in rows {
        let text = office.keys().open(&sealed)?;
        let noted: Noted = serde_json::from_str(&text)
            .map_err(|error| OfficeError::Internal(format!("记下的情况无法读取（{error}）")))?;
        looks.push(look);
        values.push(noted);
    }
    let context = FormContext::new(open.release(), office.now());
    let fields: Vec<_> = register.computed().filter(|field| field.noted && sees(reader, field)).collect();
    for (look, pair) in looks.iter_mut().zip(values.windows(2)) {
        let (after, before) = (&pair[0], &pair[1]);
        for field in &fields {
            let words = |noted: &Noted| {
                let value = noted.get(field.id.get()).and_then(|text| of_text(field, text));
                value.map_or_else(String::new, |value| {
                    FilledForm::value_in_words(&context, field, &value, true)
                })
            };
            let (before, after) = (words(before), words(after));
            if before != after {
                look.changes.push((field.label.clone(), before, after));
            }
        }
    }
    looks.retain(|look| !look.changes.is_empty());
    Ok(looks)
}

/// What differs between two sets of answers, in words; of the files that they name the names of those that are handed in.
pub(super) async fn in_words(
    office: &Office,
    actor: &Actor,
    open: &Open,
    form: &Form,
    (before, after): (&Answers, &Answers),
    files: &row_files::Files,
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
    looked.files.clone_from(files);
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
        let of_list =
            || form.fields().filter(|(page, _)| page.repeat.as_ref().is_some_and(|list| list.of == id));
        let rows = |filled: &FilledForm<'_>| {
            let row = |index| {
                let seen = of_list().filter(|(_, field)| sees(actor, field));
                let words = seen.map(|(page, field)| filled.words(page, Some(index), field, true));
                words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join("，")
            };
            (0..filled.answers().count(&id)).map(row).collect::<Vec<_>>().join("；")
        };
        if let Some(repeat) = label {
            changes.push((repeat.label.clone(), rows(&one), rows(&other)));
        }
    }
    Ok(changes)
}
