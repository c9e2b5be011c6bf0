//! Registers for other systems: records as JSON, and many at once put in by the register's key - the same form, rights, scope and history
//! as on the pages.

use serde_json::{Map, Value as Json};
use store::{Cursor, IdempotencyKey, Once};

use super::draft::{self, draft_of};
use super::list::{Narrowed, Words, list};
use super::look_up::Finder;
use super::read::{record, records};
use super::take_in::{by_key, key_of};
use super::take_out::object;
use super::write::{Step, save_in};
use super::{Deed, Open, RecordId, sees};
use crate::access::{Granted, KeepRecords, ReadRecords};
use crate::forms::{Answers, FieldPath, Raw};
use crate::{Office, OfficeError, Problem};
use catalogue::definition::{Field, FieldKind, Form};

/// Records put in at once.
pub const ROWS_MAX: usize = 500;

/// A page of records as JSON, sealed values masked.
#[derive(Debug, Clone)]
pub struct JsonPage {
    /// Records.
    pub records: Vec<Json>,
    /// How many there are, capped.
    pub count: store::Count,
    /// Where the next page begins.
    pub next: Option<Cursor>,
}

/// A page of a register.
///
/// # Errors
/// As [`list`].
pub async fn page(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    asked: &Narrowed,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<JsonPage, OfficeError> {
    let found = list(office, reader, open, asked, cursor, size).await?;
    let ids: Vec<RecordId> = found.lines.iter().map(|line| line.id).collect();
    let records = json(office, reader, open, &ids).await?;
    super::page::looked_at(office, reader, &open.register().id, RecordId(0)).await?;
    Ok(JsonPage { records, count: found.count, next: found.next })
}

/// One record. Written down.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn one(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    id: RecordId,
) -> Result<Json, OfficeError> {
    record(office.keys(), office.db(), &reader.scope(), open.register(), id).await?;
    super::page::looked_at(office, reader, &open.register().id, id).await?;
    json(office, reader, open, &[id]).await?.pop().ok_or(OfficeError::NotFound("这条记录"))
}

async fn json(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    ids: &[RecordId],
) -> Result<Vec<Json>, OfficeError> {
    let register = open.register();
    let found = records(office.keys(), office.db(), &reader.scope(), register, ids).await?;
    let words = Words::of(office, &reader.scope(), open, found.iter()).await?;
    let fields: Vec<&Field> =
        register.fields().map(|(_, field)| field).filter(|field| sees(reader, field)).collect();
    let lists = register.lists();
    Ok(found.iter().map(|record| object(reader, register, record, &fields, &lists, &words, false)).collect())
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Added(RecordId),
    /// It changed a record.
    Changed(RecordId),
    /// It changed nothing.
    Unchanged(RecordId),
}

/// Puts records in, each found by the register's key: all of them, or none.
///
/// # Errors
/// [`OfficeError::Invalid`] with `row.field` for each fault; [`OfficeError::Conflict`] when somebody wrote one of them meanwhile.
pub async fn put(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    rows: &[Map<String, Json>],
    reason: &str,
    key: (&IdempotencyKey, &str),
) -> Result<Vec<Put>, OfficeError> {
    if rows.is_empty() || rows.len() > ROWS_MAX {
        return Err(OfficeError::invalid("records", format!("一次 1 到 {ROWS_MAX} 条。")));
    }
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请写明原因或依据。"));
    }
    let register = open.register();
    let form = draft::form(open)?;
    let mut finder = Finder::new(office, keeper);
    let mut problems: Vec<Problem> = Vec::new();
    let mut read = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let mut answers = Answers::new();
        for (field, message) in typed(form, row, &mut answers) {
            problems.push(Problem { field: format!("{place}.{field}"), message });
        }
        finder.look_up(form, &mut answers).await?;
        read.push(answers);
    }
    let keys: Vec<Option<Vec<String>>> = read.iter().map(|answers| key_of(register, form, answers)).collect();
    let known = by_key(office, keeper, open, keys.iter().flatten()).await?;
    let mut drafts = Vec::with_capacity(rows.len());
    for (place, (row, key)) in rows.iter().zip(&keys).enumerate() {
        let existing = key.as_ref().and_then(|key| known.get(key));
        let mut answers = existing.map(|record| record.answers(register)).unwrap_or_default();
        typed(form, row, &mut answers);
        let draft = draft_of(office, keeper, open, answers, existing, None).await?;
        if let Err(OfficeError::Invalid(list)) = draft::check(office, open, &draft) {
            problems.extend(
                list.into_iter()
                    .map(|problem| Problem { field: format!("{place}.{}", problem.field), ..problem }),
            );
        }
        drafts.push((draft, existing));
    }
    if !problems.is_empty() {
        return Err(OfficeError::Invalid(problems));
    }
    let tx = office.db().begin().await?;
    if let Once::Again(answer) = tx.once(key.0, key.1).await? {
        let ids = answer.split(',').filter_map(|id| id.parse().ok());
        return Ok(ids.map(Put::Unchanged).collect());
    }
    let mut done = Vec::with_capacity(rows.len());
    for (place, (draft, existing)) in drafts.iter().enumerate() {
        let deed = if existing.is_some() { Deed::Changed } else { Deed::Added };
        let step = Step { deed, reason: reason.trim(), state: None, import: None };
        let at_row = |problem: Problem| Problem { field: format!("{place}.{}", problem.field), ..problem };
        let id =
            save_in(office, &tx, keeper, open, draft, *existing, &step).await.map_err(
                |error| match error {
                    OfficeError::Invalid(list) => {
                        OfficeError::Invalid(list.into_iter().map(at_row).collect())
                    }
                    error => error,
                },
            )?;
        let version: i64 = store::Query::new(
            &keeper.scope(),
            &super::RECORD_COLUMNS,
            format!(
                "SELECT r.version FROM {} r WHERE {{scope}} AND r.id = ?",
                super::columns::table(register)
            ),
        )
        .bind(id)
        .scalar(&tx)
        .await?;
        done.push(match existing {
            None => Put::Added(id),
            Some(existing) if existing.version == version => Put::Unchanged(id),
            Some(_) => Put::Changed(id),
        });
    }
    let ids: Vec<String> = done.iter().map(|put| put.id().to_string()).collect();
    tx.remember(key.0, &ids.join(",")).await?;
    tx.commit().await?;
    Ok(done)
}

impl Put {
    /// The record.
    #[must_use]
    pub fn id(self) -> RecordId {
        match self {
            Put::Added(id) | Put::Changed(id) | Put::Unchanged(id) => id,
        }
    }
}

/// Writes a row's values as answers; what has no place in the form is said.
fn typed(form: &Form, row: &Map<String, Json>, answers: &mut Answers) -> Vec<(String, String)> {
    let mut unknown = Vec::new();
    for (name, value) in row.iter().filter(|(name, _)| !name.starts_with('_')) {
        if let Some((page, field)) =
            form.fields().find(|(page, field)| page.repeat.is_none() && *field.id == **name)
        {
            let path = FieldPath::new(page, None, field);
            match raw(field, value) {
                Some(raw) => answers.set(&path, raw),
                None => answers.remove(name),
            }
            continue;
        }
        let pages: Vec<_> = form
            .pages
            .iter()
            .filter(|page| page.repeat.as_ref().is_some_and(|repeat| *repeat.of == *name))
            .collect();
        match value {
            Json::Array(list) if !pages.is_empty() => {
                let rows = list.iter().filter_map(Json::as_object).map(|object| {
                    let fields = pages.iter().flat_map(|page| &page.fields);
                    fields
                        .filter_map(|field| {
                            Some((field.id.get().clone(), raw(field, object.get(field.id.get())?)?))
                        })
                        .collect()
                });
                answers.set_list(name, rows.collect());
            }
            _ => unknown.push((name.clone(), format!("没有字段 {name}。"))),
        }
    }
    unknown
}

fn raw(field: &Field, value: &Json) -> Option<Raw> {
    let text = |value: &Json| match value {
        Json::Null => None,
        Json::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Json::Number(number) if field.target().is_some() => number.as_i64().map(crate::forms::reference_text),
        // Money goes out in fen and comes in the same way.
        Json::Number(number) if *field.kind == FieldKind::Money => {
            number.as_i64().map(|fen| vocab::Fen(fen).to_string())
        }
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => Some(text.clone()),
        Json::Array(_) | Json::Object(_) => None,
    };
    match value {
        Json::Array(list) => Some(Raw::List(list.iter().filter_map(text).collect())),
        other => text(other).map(Raw::Text),
    }
}
