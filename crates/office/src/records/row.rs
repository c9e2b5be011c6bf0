//! A version of a record as it will stand, and writing it: one row, its lists, the words under which it is found.

use std::collections::BTreeMap;

use catalogue::definition::{Field, FieldKind, Register};
use pinyin::ToPinyin;
use store::{DivisionId, Query, Scope, ScopeColumns, StoreError, Tx, Value};

use super::columns::{column, is_sorted, list_table, table, written};
use super::draft::{Draft, form};
use super::read::Record;
use super::write::{By, Step};
use super::{Open, RECORD_COLUMNS, RecordId, find};
use crate::forms::{Checked, FilledForm, FormValues};
use crate::search::index;
use crate::{Office, OfficeError};

/// The record as it will stand.
#[expect(clippy::too_many_arguments, reason = "everything that a version is made of")]
pub(super) fn assembled(
    office: &Office,
    open: &Open,
    draft: &Draft,
    checked: Checked,
    existing: Option<&Record>,
    place: DivisionId,
    county: Option<DivisionId>,
    step: &Step<'_>,
) -> Record {
    let register = open.register();
    let today = office.now().today();
    let state = step
        .state
        .or(existing.map(|record| record.state.as_str()))
        .unwrap_or(register.first_state())
        .to_owned();
    let closed_on = if register.is_closed(&state) {
        existing.and_then(|record| record.closed_on).or(Some(today))
    } else {
        None
    };
    let mut values = checked.fields;
    if let Some(existing) = existing {
        for computed in register.computed() {
            if let Some(value) = existing.values.get(computed.id.get()) {
                values.insert(computed.id.get().clone(), value.clone());
            }
        }
    }
    let lists: BTreeMap<String, Vec<FormValues>> =
        checked.records.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    Record {
        id: existing.map_or(RecordId(0), |record| record.id),
        county,
        division: place,
        title: title(office, open, draft),
        state,
        version: existing.map_or(1, |record| record.version + 1),
        recorded_on: existing.map_or(today, |record| record.recorded_on),
        closed_on,
        values,
        lists,
    }
}

/// The words of the fields that make the title.
fn title(office: &Office, open: &Open, draft: &Draft) -> String {
    let register = open.register();
    let context = draft.context(office, open);
    let Ok(form) = form(open) else { return String::new() };
    let filled = FilledForm::read(&context, form, &draft.answers);
    let words = register.titled.iter().filter_map(|id| {
        let (page, field) =
            form.fields().find(|(page, field)| page.repeat.is_none() && field.id == *id.get())?;
        let words = filled.words(page, None, field, false);
        // Of a division the last name is enough.
        let words = match *field.kind {
            FieldKind::Division => words.rsplit(' ').next().unwrap_or_default().to_owned(),
            _ => words,
        };
        (!words.is_empty()).then_some(words)
    });
    let title = words.collect::<Vec<_>>().join(" ");
    if title.is_empty() { "（无标题）".to_owned() } else { title }
}

/// What the search box finds: the title and its pinyin initials.
fn search_words(title: &str) -> String {
    let initials: String = title
        .chars()
        .filter_map(|sign| match sign.to_pinyin() {
            Some(syllable) => syllable.first_letter().chars().next(),
            None => sign.is_ascii_alphanumeric().then(|| sign.to_ascii_lowercase()),
        })
        .collect();
    format!("{} {initials}", title.to_lowercase())
}

pub(super) fn unchanged(existing: &Record, next: &Record) -> bool {
    let Record {
        id: _,
        county: _,
        division,
        state,
        title,
        version: _,
        recorded_on: _,
        closed_on: _,
        values,
        lists,
    } = next;
    existing.division == *division
        && existing.state == *state
        && existing.title == *title
        && existing.values == *values
        && existing.lists == *lists
}

/// The columns of a record and their values, computed fields apart.
fn columns_of(
    office: &Office,
    register: &Register,
    draft: &Draft,
    next: &Record,
) -> Result<Vec<(String, Value)>, OfficeError> {
    let mut columns: Vec<(String, Value)> = vec![
        ("county_id".to_owned(), store::value_of(next.county)),
        ("division_id".to_owned(), store::value_of(next.division)),
        ("state".to_owned(), store::value_of(next.state.as_str())),
        ("title".to_owned(), store::value_of(next.title.as_str())),
        ("words".to_owned(), store::value_of(search_words(&next.title))),
        ("closed_on".to_owned(), store::value_of(next.closed_on)),
        ("version".to_owned(), store::value_of(next.version)),
        ("changed_at".to_owned(), store::value_of(office.now().at_ms())),
    ];
    let fields = register.fields().map(|(_, field)| field).filter(|field| field.computed.is_none());
    for field in fields {
        let value = next.values.get(field.id.get());
        let sorted = is_sorted(register, field);
        columns.extend(written(office.keys(), register, field, value, &draft.looked.divisions, sorted)?);
    }
    Ok(columns)
}

#[expect(clippy::too_many_arguments, reason = "one row and all that it needs")]
pub(super) async fn put(
    office: &Office,
    tx: &Tx,
    by: &By,
    register: &Register,
    draft: &Draft,
    next: &Record,
    existing: Option<&Record>,
    step: &Step<'_>,
) -> Result<RecordId, OfficeError> {
    let mut columns = columns_of(office, register, draft, next)?;
    let name = table(register);
    let id = match existing {
        Some(existing) => {
            let set: Vec<String> = columns.iter().map(|(column, _)| format!("{column} = ?")).collect();
            let sql = format!(
                "UPDATE {name} AS r SET {} WHERE {{scope}} AND r.id = ? AND r.version = ?",
                set.join(", ")
            );
            let query =
                columns.into_iter().fold(Query::new(&by.scope, &RECORD_COLUMNS, sql), |query, (_, value)| {
                    query.bind_value(value)
                });
            let changed = query
                .bind(existing.id)
                .bind(existing.version)
                .execute(tx)
                .await
                .map_err(|error| twice(register, error))?;
            if changed == 0 {
                return Err(OfficeError::stale());
            }
            existing.id
        }
        None => {
            columns.push(("recorded_on".to_owned(), store::value_of(next.recorded_on)));
            columns.push(("created_at".to_owned(), store::value_of(office.now().at_ms())));
            columns.push(("created_by".to_owned(), store::value_of(by.who.staff)));
            columns.push(("import_id".to_owned(), store::value_of(step.import)));
            let names: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
            let sql = format!(
                "INSERT INTO {name} ({}) VALUES ({}) RETURNING id",
                names.join(", "),
                vec!["?"; names.len()].join(", ")
            );
            let query = columns
                .into_iter()
                .fold(Query::system("a new record in the actor's area", sql), |query, (_, value)| {
                    query.bind_value(value)
                });
            RecordId(query.insert(tx).await.map_err(|error| twice(register, error))?)
        }
    };
    for of in register.lists() {
        put_list(office, tx, register, draft, of, id, next, existing).await?;
    }
    put_words(office, tx, register, id, next, existing).await?;
    Ok(id)
}

/// The words under which it is found, where they are others than before.
async fn put_words(
    office: &Office,
    tx: &Tx,
    register: &Register,
    id: RecordId,
    next: &Record,
    existing: Option<&Record>,
) -> Result<(), OfficeError> {
    let words = find::words(office.keys(), register, next);
    let division = Some(next.division);
    match existing {
        None => index::add(tx, &register.id, id.0, division, &words).await,
        Some(before)
            if before.division == next.division && find::words(office.keys(), register, before) == words =>
        {
            Ok(())
        }
        Some(_) => index::replace(tx, &register.id, id.0, division, &words).await,
    }
}

/// Another open record has the same key.
fn twice(register: &Register, error: StoreError) -> OfficeError {
    match error {
        StoreError::Conflict(_) => {
            let labels: Vec<&str> = register
                .key
                .iter()
                .filter_map(|id| register.field(id))
                .map(|field| field.label.as_str())
                .collect();
            let first = register.key.first().map_or("", |id| id.as_str());
            OfficeError::invalid(
                first,
                format!(
                    "{}相同的{}已经登记过。请查找并核对那一条；找不到时请联系上级民政部门。",
                    labels.join("、"),
                    register.title
                ),
            )
        }
        error => error.into(),
    }
}

#[expect(clippy::too_many_arguments, reason = "one list of one record")]
async fn put_list(
    office: &Office,
    tx: &Tx,
    register: &Register,
    draft: &Draft,
    of: &str,
    record: RecordId,
    next: &Record,
    existing: Option<&Record>,
) -> Result<(), OfficeError> {
    let rows = next.lists.get(of).map_or(&[][..], Vec::as_slice);
    if existing.is_some_and(|existing| existing.lists.get(of).map_or(&[][..], Vec::as_slice) == rows) {
        return Ok(());
    }
    let name = list_table(register, of);
    let scope = Scope::System("rows of a record that was written in scope");
    if existing.is_some() {
        Query::new(&scope, &ScopeColumns::NONE, format!("DELETE FROM {name} WHERE record_id = ?"))
            .bind(record)
            .execute(tx)
            .await?;
    }
    let fields: Vec<&Field> = register.list_fields(of).collect();
    let mut names = vec!["record_id".to_owned(), "place".to_owned()];
    for field in &fields {
        names.push(column(field));
        if field.is_sealed() {
            names.push(format!("b_{}", field.id));
        }
    }
    let mut values = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let mut line = vec![store::value_of(record), store::value_of(place)];
        for field in &fields {
            let value = row.get(field.id.get());
            let columns = written(office.keys(), register, field, value, &draft.looked.divisions, false)?;
            line.extend(columns.into_iter().map(|(_, value)| value));
        }
        values.push(line);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    store::insert_many(&scope, tx, &name, &names, values).await?;
    Ok(())
}
