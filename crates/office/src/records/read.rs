//! Records by id, whole.

use std::collections::{BTreeMap, HashMap, HashSet};

use catalogue::definition::{Field, Register};
use chrono::NaiveDate;
use store::{Connection, DivisionId, Keys, Query, Row, Scope, ScopeColumns};
use vocab::DivisionCode;

use super::columns::{column, list_table, mentioned_division, read, table};
use super::shape::{Named, shaped};
use super::{RECORD_COLUMNS, RecordId};
use crate::forms::{Answers, FormValues};
use crate::{Office, OfficeError};

/// A record as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The record.
    pub id: RecordId,
    /// County; none for what belongs to the prefecture.
    pub county: Option<DivisionId>,
    /// Where it lies.
    pub division: DivisionId,
    /// State.
    pub state: String,
    /// Title.
    pub title: String,
    /// Counts changes.
    pub version: i64,
    /// Day on which it came in.
    pub recorded_on: NaiveDate,
    /// Day on which it was closed.
    pub closed_on: Option<NaiveDate>,
    /// Its fields, computed ones too.
    pub values: FormValues,
    /// Rows of its lists.
    pub lists: BTreeMap<String, Vec<FormValues>>,
}

impl Record {
    /// What somebody would type to write the record again: without computed fields.
    #[must_use]
    pub fn answers(&self, register: &Register) -> Answers {
        let mut values = self.values.clone();
        for computed in register.computed() {
            values.remove(computed.id.get());
        }
        Answers::of(&values, &self.lists)
    }
}

pub(super) const HEAD: &str =
    "r.id, r.county_id, r.division_id, r.state, r.title, r.version, r.recorded_on, r.closed_on";

/// Columns of fields, each with a comma before it.
pub(super) fn selected<'a>(fields: impl Iterator<Item = &'a Field>) -> String {
    fields.map(|field| format!(", r.{}", column(field))).collect()
}

/// Records of a scope by id, in the order of the ids; those that are not there are left out.
pub(super) async fn records(
    keys: &Keys,
    connection: &impl Connection,
    scope: &Scope,
    register: &Register,
    ids: &[RecordId],
) -> Result<Vec<Record>, OfficeError> {
    let fields: Vec<&Field> = register.fields().map(|(_, field)| field).collect();
    let sql = format!(
        "SELECT {HEAD}{} FROM {} r WHERE {{scope}} AND r.id IN ({{list}})",
        selected(fields.iter().copied()),
        table(register)
    );
    let rows = Query::new(scope, &RECORD_COLUMNS, sql).bind_list(ids.iter().copied()).all(connection).await?;
    let mut found = of_rows(keys, connection, &rows, &fields).await?;
    if !found.is_empty() {
        for of in register.lists() {
            read_list(keys, connection, register, of, &mut found).await?;
        }
    }
    let mut by_id: HashMap<RecordId, Record> = found.into_iter().map(|record| (record.id, record)).collect();
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// Some open records behind one, and how expressions see them, in the order of their ids. `within` is a scope, and a division for only what
/// lies at or below it.
pub(crate) async fn open_batch(
    office: &Office,
    (scope, within): (&Scope, Option<DivisionId>),
    register: &Register,
    after: RecordId,
    limit: i64,
    named: &Named,
) -> Result<(Vec<Record>, Vec<rules::Record>), OfficeError> {
    let below = if within.is_some() {
        "AND r.division_id IN (SELECT c.descendant_id FROM division_closure c WHERE c.ancestor_id = ?)"
    } else {
        ""
    };
    let sql = format!(
        "SELECT r.id FROM {} r WHERE {{scope}} AND r.closed_on IS NULL AND r.id > ? {below} ORDER BY r.id LIMIT ?",
        table(register)
    );
    let query = Query::new(scope, &RECORD_COLUMNS, sql).bind(after);
    let query = within.into_iter().fold(query, |query, division| query.bind(division));
    let ids: Vec<RecordId> = query.bind(limit).scalars(office.db()).await?;
    let stored = records(office.keys(), office.db(), scope, register, &ids).await?;
    let seen = shaped(office, office.db(), register, &stored, named).await?;
    Ok((stored, seen))
}

/// One record of a scope.
pub(super) async fn record(
    keys: &Keys,
    connection: &impl Connection,
    scope: &Scope,
    register: &Register,
    id: RecordId,
) -> Result<Record, OfficeError> {
    let found = records(keys, connection, scope, register, &[id]).await?;
    found.into_iter().next().ok_or(OfficeError::NotFound("这条记录"))
}

/// Rows that were selected with [`HEAD`] and the fields.
pub(super) async fn of_rows(
    keys: &Keys,
    connection: &impl Connection,
    rows: &[Row],
    fields: &[&Field],
) -> Result<Vec<Record>, OfficeError> {
    let divisions = codes(connection, rows, fields).await?;
    rows.iter()
        .map(|row| {
            let mut values = FormValues::new();
            for field in fields {
                if let Some(value) = read(keys, row, field, &divisions)? {
                    values.insert(field.id.get().clone(), value);
                }
            }
            Ok(Record {
                id: row.get("id")?,
                county: row.get("county_id")?,
                division: row.get("division_id")?,
                state: row.get("state")?,
                title: row.get("title")?,
                version: row.get("version")?,
                recorded_on: row.get("recorded_on")?,
                closed_on: row.get("closed_on")?,
                values,
                lists: BTreeMap::new(),
            })
        })
        .collect()
}

async fn read_list(
    keys: &Keys,
    connection: &impl Connection,
    register: &Register,
    of: &str,
    records: &mut [Record],
) -> Result<(), OfficeError> {
    let fields: Vec<&Field> = register.list_fields(of).collect();
    let sql = format!(
        "SELECT r.record_id{} FROM {} r WHERE r.record_id IN ({{list}}) ORDER BY r.record_id, r.place",
        selected(fields.iter().copied()),
        list_table(register, of)
    );
    // The records were read in the reader's scope just now.
    let rows =
        Query::new(&Scope::System("rows of records that were read in scope"), &ScopeColumns::NONE, sql)
            .bind_list(records.iter().map(|record| record.id))
            .all(connection)
            .await?;
    let divisions = codes(connection, &rows, &fields).await?;
    let places: HashMap<RecordId, usize> =
        records.iter().enumerate().map(|(place, record)| (record.id, place)).collect();
    for row in &rows {
        let mut values = FormValues::new();
        for field in &fields {
            if let Some(value) = read(keys, row, field, &divisions)? {
                values.insert(field.id.get().clone(), value);
            }
        }
        if let Some(place) = places.get(&row.get::<RecordId>("record_id")?) {
            records[*place].lists.entry(of.to_owned()).or_default().push(values);
        }
    }
    Ok(())
}

/// Codes of the divisions that rows mention.
async fn codes(
    connection: &impl Connection,
    rows: &[Row],
    fields: &[&Field],
) -> Result<HashMap<DivisionId, DivisionCode>, OfficeError> {
    let mut ids: HashSet<DivisionId> = HashSet::new();
    for row in rows {
        for field in fields {
            ids.extend(mentioned_division(row, field)?);
        }
    }
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = Query::system(
        "the tree of divisions is everybody's",
        "SELECT d.id, d.code FROM division d WHERE d.id IN ({list})",
    )
    .bind_list(ids)
    .all_as(connection, |row| Ok((row.get::<DivisionId>("id")?, row.get::<String>("code")?)))
    .await?;
    Ok(rows.into_iter().filter_map(|(id, code)| Some((id, code.parse().ok()?))).collect())
}
