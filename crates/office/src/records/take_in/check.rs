//! The rows of a file, read, typed, looked up and checked: everything short of writing.

use std::collections::HashMap;

use catalogue::definition::{Field, FieldKind, Form, Register};
use store::Query;

use crate::access::Actor;
use crate::forms::{FieldPath, FormValue, Raw};
use crate::records::columns::{blind, of_text, searched_column, table};
use crate::records::conflict::differing;
use crate::records::draft::{Draft, check, draft_with, form, place_of};
use crate::records::look_up::Finder;
use crate::records::read::{Record, records};
use crate::records::sheet::{self, REASON, VERSION};
use crate::records::{Open, RECORD_COLUMNS, RecordId, writes};
use crate::tabular::Table;
use crate::{Office, OfficeError};

/// Rows whose records are looked for at once.
const LOOKED: usize = 500;

/// What a row does.
pub(super) enum Does {
    Add,
    Change(Box<Record>),
    Nothing,
    Conflict,
}

/// A row, checked.
pub(super) struct Row {
    pub number: u32,
    pub draft: Draft,
    pub does: Does,
    pub reason: String,
}

pub(super) struct Checked {
    pub table: Table,
    pub rows: Vec<Row>,
    pub conflicting: usize,
}

/// Reads, types, looks up, checks: everything short of writing.
pub(super) async fn checked(
    office: &Office,
    actor: &Actor,
    open: &Open,
    name: &str,
    bytes: &[u8],
) -> Result<Checked, OfficeError> {
    let form = form(open)?;
    let sheets = sheet::sheets(open.register(), form, name, bytes)?;
    let table = Table::read(&sheets, &sheet::definition(open.release(), open.register(), form))?;
    let all: Vec<usize> = (0..table.rows.len()).collect();
    check_rows(office, actor, open, form, table, &all).await
}

/// Checks some rows of a table.
pub(super) async fn check_rows(
    office: &Office,
    actor: &Actor,
    open: &Open,
    form: &Form,
    mut table: Table,
    places: &[usize],
) -> Result<Checked, OfficeError> {
    let register = open.register();
    let mut finder = Finder::new(office, actor);
    let mut rows = Vec::new();
    let mut conflicting = 0;
    let mut seen: HashMap<Vec<String>, u32> = HashMap::new();
    let mut faults: Vec<(u32, String, String)> = Vec::new();
    for chunk in places.chunks(LOOKED) {
        let mut drafts = Vec::with_capacity(chunk.len());
        for &place in chunk {
            let row = &table.rows[place];
            if table.is_faulty(row.number) {
                continue;
            }
            let mut answers = sheet::answers(form, &table, row, Default::default(), open.release());
            let looked = finder.look_up(form, &mut answers).await?;
            drafts.push((place, answers, looked));
        }
        let keys: Vec<Option<Vec<String>>> =
            drafts.iter().map(|(_, answers, _)| key_of(register, form, answers)).collect();
        let known = by_key(office, actor, open, keys.iter().flatten()).await?;
        for ((place, mut answers, mut looked), key) in drafts.into_iter().zip(keys) {
            let row = &table.rows[place];
            let number = row.number;
            let existing = key.as_ref().and_then(|key| known.get(key));
            if let Some(key) = &key
                && let Some(first) = seen.insert(key.clone(), number)
            {
                let field = register.key.first().map_or(String::new(), |field| field.get().clone());
                faults.push((number, field, format!("与第 {first} 行是同一条记录，请只保留一行")));
                continue;
            }
            if let Some(existing) = existing {
                // Columns that the file does not have, and lists, stay as they are.
                answers = sheet::answers(form, &table, row, existing.answers(register), open.release());
                for (page, field) in
                    form.fields().filter(|(page, field)| page.repeat.is_none() && !writes(actor, field))
                {
                    let path = FieldPath::new(page, None, field);
                    let kept =
                        existing.answers(register).get(&path).cloned().unwrap_or_else(|| Raw::from(""));
                    answers.set(&path, kept);
                }
                looked = finder.look_up(form, &mut answers).await?;
            }
            let draft = draft_with(office, open, answers, looked, existing, None).await?;
            let within = Some(actor.division);
            let found = match check(office, open, &draft) {
                Ok(checked) => {
                    place_of(office.db(), within, open, &checked, &draft, existing).await.map(drop)
                }
                Err(error) => Err(error),
            };
            match found {
                Ok(()) => {}
                Err(OfficeError::Invalid(problems)) => {
                    faults
                        .extend(problems.into_iter().map(|problem| (number, problem.field, problem.message)));
                    continue;
                }
                Err(error) => return Err(error),
            }
            let version = table.integer(row, VERSION);
            let does = match existing {
                None => Does::Add,
                Some(existing) if version.is_some_and(|version| version != existing.version) => {
                    let message = format!(
                        "这条记录导出后已被他人修改（文件是第 {} 版，系统里是第 {} 版），请重新导出后再改",
                        version.unwrap_or_default(),
                        existing.version
                    );
                    faults.push((number, VERSION.to_owned(), message));
                    conflicting += 1;
                    Does::Conflict
                }
                Some(existing) if differing(form, &existing.answers(register), &draft.answers).is_empty() => {
                    Does::Nothing
                }
                Some(existing) => Does::Change(Box::new(existing.clone())),
            };
            let reason = table.text(row, REASON).unwrap_or_else(|| "批量导入".to_owned());
            rows.push(Row { number, draft, does, reason });
        }
    }
    for (row, field, message) in faults {
        table.refuse(row, &field, message);
    }
    Ok(Checked { table, rows, conflicting })
}

/// The key of a row, spelled as columns hold it; none while a part is missing or unread.
pub(in crate::records) fn key_of(
    register: &Register,
    form: &Form,
    answers: &crate::forms::Answers,
) -> Option<Vec<String>> {
    let mut key = Vec::with_capacity(register.key.len());
    for id in &register.key {
        let (page, field) =
            form.fields().find(|(page, field)| page.repeat.is_none() && field.id == *id.get())?;
        let typed = answers.get(&FieldPath::new(page, None, field))?.text().trim().to_owned();
        key.push(spelled(field, &typed)?);
    }
    Some(key)
}

/// One spelling of a typed key.
fn spelled(field: &Field, typed: &str) -> Option<String> {
    if typed.is_empty() {
        return None;
    }
    match *field.kind {
        FieldKind::Date => vocab::parse_date(typed).ok().map(|day| day.to_string()),
        _ => of_text(field, typed).map(|value| value.canonical()),
    }
}

/// Records of the actor's area with these keys.
pub(in crate::records) async fn by_key<'k>(
    office: &Office,
    actor: &Actor,
    open: &Open,
    keys: impl Iterator<Item = &'k Vec<String>>,
) -> Result<HashMap<Vec<String>, Record>, OfficeError> {
    let register = open.register();
    let Some(first) = register.key.first().and_then(|id| register.field(id)) else {
        return Ok(HashMap::new());
    };
    // By the first part of the key; the rest is compared here.
    let wanted: Vec<store::Value> = keys
        .filter_map(|key| key.first())
        .filter_map(|text| key_value(office, register, first, text))
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let places = vec!["?"; wanted.len()].join(", ");
    // A division is written by its code and kept by its id.
    let among = if *first.kind == FieldKind::Division {
        format!("SELECT d.id FROM division d WHERE d.until_on IS NULL AND d.code IN ({places})")
    } else {
        places
    };
    let sql = format!(
        "SELECT r.id FROM {} r WHERE {{scope}} AND r.closed_on IS NULL AND r.{} IN ({among})",
        table(register),
        searched_column(first)
    );
    let query = Query::new(&actor.scope(), &RECORD_COLUMNS, sql);
    let query = wanted.into_iter().fold(query, Query::bind_value);
    let ids: Vec<RecordId> = query.scalars(office.db()).await?;
    let mut found = HashMap::new();
    for chunk in ids.chunks(LOOKED) {
        for record in records(office.keys(), office.db(), &actor.scope(), register, chunk).await? {
            let key: Option<Vec<String>> =
                register.key.iter().map(|id| record.values.get(id.get()).map(FormValue::canonical)).collect();
            if let Some(key) = key {
                found.insert(key, record);
            }
        }
    }
    Ok(found)
}

fn key_value(office: &Office, register: &Register, field: &Field, text: &str) -> Option<store::Value> {
    if field.is_sealed() {
        return Some(store::value_of(blind(office.keys(), register, field, text)));
    }
    Some(match of_text(field, text)? {
        FormValue::Reference(id) | FormValue::Integer(id) => store::value_of(id),
        FormValue::Date(day) => store::value_of(day),
        FormValue::Month(month) => store::value_of(month),
        FormValue::Money(amount) => store::value_of(amount),
        FormValue::YesNo(yes) => store::value_of(yes),
        FormValue::Decimal(number) => store::value_of(number.at_scale(6)?),
        other => store::value_of(other.canonical()),
    })
}
