//! Lists of a register: narrowed by its filters, sorted by an index, page after page; and the sums under them.

use std::collections::BTreeMap;

use catalogue::definition::{Field, FieldKind, Register};
use chrono::NaiveDate;
use store::{Count, Cursor, DivisionId, Query, Row, Scope, ScopeColumns, Value};
use vocab::{Fen, Month};

use super::columns::{ColumnKind, blind, column, searched_column, sort_column, table};
use super::look_up::known;
use super::read::{HEAD, Record, of_rows, selected};
use super::{Open, RECORD_COLUMNS, RecordId, find, row_files, sees, shape};
use crate::access::{Actor, Granted, ReadRecords};
use crate::forms::{FilledForm, FormValue, referred_id};
use crate::{Office, OfficeError, search};

/// As [`RECORD_COLUMNS`], for walks over a whole list: the plus keeps the planner from gathering and sorting a division's records anew for
/// each page where one walk along the order is enough.
const WALK_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "+r.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};
/// Counts go no further, and a list that has more is added up only when somebody asks for it.
pub const CAP: u32 = 1000;
/// What a range leaves of a list is gathered by the range's own index and sorted, up to so many; of more, a page is soon found along the order.
const GATHERED: u32 = 4000;

/// What of a register is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Words of the title, or its pinyin initials.
    pub words: Option<String>,
    /// A division and all below it.
    pub division: Option<DivisionId>,
    /// State; `closed` and `open` mean all such.
    pub state: Option<String>,
    /// Value by filter; a number or date as `from..until`.
    pub fields: BTreeMap<String, String>,
    /// Field to sort by; none is the title.
    pub sort: Option<String>,
    /// The other way round.
    pub descending: bool,
    /// Fields that are shown; none is what the register shows.
    pub columns: Vec<String>,
    /// Adds up however long the list is.
    pub summed: bool,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The record.
    pub id: RecordId,
    /// Its title.
    pub title: String,
    /// Its state in words.
    pub state: String,
    /// Whether it is closed.
    pub closed: bool,
    /// Where it lies.
    pub division_name: String,
    /// The list's columns in words, masked where they are sensitive.
    pub cells: Vec<String>,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Rows.
    pub lines: Vec<Line>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How many there are, capped.
    pub count: Count,
    /// Sums by field, in words; empty when the register has none, or the list is long and nobody asked for them.
    pub sums: Vec<(String, String)>,
    /// There are sums that nobody asked for yet: of so many rows they take longer than a page may.
    pub sums_wait: bool,
}

/// The columns of a register's list that the reader may see: those chosen, in the register's order, or the register's own.
#[must_use]
pub fn columns<'a>(reader: &Actor, register: &'a Register, asked: &Narrowed) -> Vec<&'a Field> {
    let chosen: Vec<&Field> = choosable(reader, register)
        .into_iter()
        .filter(|field| asked.columns.iter().any(|id| *id == *field.id.get()))
        .collect();
    if !chosen.is_empty() {
        return chosen;
    }
    let columns = register.list.columns.iter().filter_map(|id| register.field(id));
    columns.filter(|field| sees(reader, field)).collect()
}

/// The fields that a list may show to a reader.
#[must_use]
pub fn choosable<'a>(reader: &Actor, register: &'a Register) -> Vec<&'a Field> {
    let files = |field: &Field| {
        matches!(*field.kind, FieldKind::File | FieldKind::Files | FieldKind::Signature | FieldKind::Line)
    };
    let fields = register.fields().map(|(_, field)| field);
    fields.filter(|field| sees(reader, field) && !files(field)).collect()
}

/// A page of a register.
///
/// # Errors
/// [`OfficeError::Invalid`] for a filter that cannot be read; the database.
pub async fn list(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    asked: &Narrowed,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Listed, OfficeError> {
    let register = open.register();
    let conditions = Conditions::read(office, reader, register, asked).await?;
    let fields = columns(reader, register, asked);
    let most = if conditions.ranged { GATHERED } else { CAP };
    let Count { counted, more } = counted(office, &reader.scope(), register, &conditions, most).await?;
    let gathered = conditions.ranged && !more;
    let count = Count { counted: counted.min(CAP), more: counted > CAP || more };
    let (rows, next) =
        rows(office, &reader.scope(), register, asked, (&conditions, gathered), &fields, cursor, size)
            .await?;
    let lines = in_words(office, reader, open, &fields, &rows).await?;
    let sums_wait = count.more && !asked.summed && !summed(register).is_empty();
    let sums =
        if sums_wait { Vec::new() } else { sums(office, &reader.scope(), register, &conditions).await? };
    Ok(Listed { lines, next, count, sums, sums_wait })
}

/// The ids of a list page by page, for files and for what is done to many: in the order that was asked for, else as they came in. The page
/// that is not full is the last.
pub(super) async fn ids(
    office: &Office,
    scope: &Scope,
    register: &Register,
    (asked, conditions): (&Narrowed, &Conditions),
    after: Option<&Cursor>,
    size: usize,
) -> Result<(Vec<RecordId>, Option<Cursor>), OfficeError> {
    let field = sort_field(register, asked);
    let sort = sort_column(field);
    let numeric = field.is_some_and(|field| ColumnKind::of(field).sorts_as_number());
    let direction = if asked.descending { "DESC" } else { "ASC" };
    let sorted = format!("r.{sort}");
    let (keys, order) = match field {
        Some(_) => (vec![sorted.as_str(), "r.id"], format!("{sorted} {direction}, r.id {direction}")),
        None => (vec!["r.id"], format!("r.id {direction}")),
    };
    let sql = format!(
        "SELECT r.id, {sorted} AS sorted FROM {} r WHERE {{scope}} {} AND {{after}} ORDER BY {order} LIMIT ?",
        table(register),
        conditions.sql
    );
    let query = conditions.bound(Query::new(scope, &WALK_COLUMNS, sql));
    let query =
        if asked.descending { query.after_descending(&keys, after) } else { query.after(&keys, after) };
    let rows = query.bind(size).all(office.db()).await?;
    let last = match (rows.last(), field) {
        (Some(row), Some(_)) => Some(place_of(row, numeric)?),
        (Some(row), None) => Some(Cursor::new().integer(row.get::<i64>("id")?)),
        (None, _) => None,
    };
    let ids = rows.iter().map(|row| row.get("id")).collect::<store::Result<Vec<RecordId>>>()?;
    Ok((ids, last))
}

/// The field by which the list is sorted; none is its title.
fn sort_field<'a>(register: &'a Register, asked: &Narrowed) -> Option<&'a Field> {
    let sorted = asked.sort.as_deref().filter(|sort| register.list.sorts.iter().any(|known| known == *sort));
    sorted.and_then(|sort| register.field(sort))
}

/// How many records a list has, counting no further than `max`.
pub(super) async fn counted(
    office: &Office,
    scope: &Scope,
    register: &Register,
    conditions: &Conditions,
    max: u32,
) -> Result<Count, OfficeError> {
    let sql = format!("SELECT r.id FROM {} r WHERE {{scope}} {}", table(register), conditions.sql);
    let query = conditions.bound(Query::new(scope, &RECORD_COLUMNS, sql));
    Ok(query.count_capped(office.db(), max).await?)
}

/// SQL behind `WHERE {scope}` and its values.
pub(super) struct Conditions {
    pub(super) sql: String,
    values: Vec<Value>,
    /// A range is among them: what it leaves stands in no index in the order of the list.
    ranged: bool,
}

impl Conditions {
    pub async fn read(
        office: &Office,
        reader: &Actor,
        register: &Register,
        asked: &Narrowed,
    ) -> Result<Conditions, OfficeError> {
        let mut conditions = Conditions { sql: String::new(), values: Vec::new(), ranged: false };
        let few = match &asked.words {
            Some(words) => find::few(office, register, words, search::below(reader), CAP as usize).await?,
            None => None,
        };
        if let Some(few) = few {
            conditions.among(&few);
        } else if let Some(words) = &asked.words {
            // What is found everywhere is soon found by reading on.
            let words = words.trim().to_lowercase();
            let escaped = words.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            conditions.add("r.words LIKE ? ESCAPE '\\'", [store::value_of(format!("%{escaped}%"))]);
        }
        if let Some(division) = asked.division {
            conditions.add(
                "r.division_id IN (SELECT c.descendant_id FROM division_closure c WHERE c.ancestor_id = ?)",
                [store::value_of(division)],
            );
        }
        match asked.state.as_deref() {
            None => {}
            Some("open") => conditions.add("r.closed_on IS NULL", []),
            Some("closed") => conditions.add("r.closed_on IS NOT NULL", []),
            Some(state) => conditions.add("r.state = ?", [store::value_of(state)]),
        }
        for (id, text) in &asked.fields {
            let text = text.trim();
            let declared = register.list.filters.iter().any(|filter| filter == id.as_str());
            if let Some(field) = register.field(id).filter(|_| declared && !text.is_empty()) {
                conditions.field(office, register, field, text)?;
            }
        }
        Ok(conditions)
    }

    fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str("AND ");
        self.sql.push_str(condition);
        self.sql.push(' ');
        self.values.extend(values);
    }

    /// Only these records.
    fn among(&mut self, ids: &[RecordId]) {
        let Some(last) = ids.last() else { return self.add("1=0", []) };
        // Few different texts: the last stands there until there is a power of two of them.
        let places = ids.len().next_power_of_two();
        let values = ids.iter().chain(std::iter::repeat(last)).take(places).map(|id| store::value_of(*id));
        self.add(&format!("r.id IN ({})", vec!["?"; places].join(", ")), values);
    }

    pub(super) fn bound(&self, query: Query) -> Query {
        self.values.iter().cloned().fold(query, Query::bind_value)
    }

    fn field(
        &mut self,
        office: &Office,
        register: &Register,
        field: &Field,
        text: &str,
    ) -> Result<(), OfficeError> {
        let name = format!("r.{}", searched_column(field));
        let unread =
            || OfficeError::invalid(&field.id, format!("筛选条件“{}”看不懂，请重新填写。", field.label));
        match ColumnKind::of(field) {
            ColumnKind::Sealed => {
                let value = blind(office.keys(), register, field, text);
                self.add(&format!("{name} = ?"), [store::value_of(value)]);
            }
            ColumnKind::Text if field.codelist.is_some() => {
                self.add(&format!("{name} = ?"), [store::value_of(text)])
            }
            ColumnKind::Text => {
                self.ranged = true;
                self.add(
                    &format!("{name} >= ? AND {name} < ?"),
                    [store::value_of(text), store::value_of(format!("{text}\u{10FFFD}"))],
                );
            }
            ColumnKind::Boolean => {
                self.add(&format!("{name} = ?"), [store::value_of(matches!(text, "yes" | "true" | "是"))]);
            }
            ColumnKind::Reference => {
                let id = referred_id(text).or_else(|| text.parse().ok()).ok_or_else(unread)?;
                self.add(&format!("{name} = ?"), [store::value_of(id)]);
            }
            ColumnKind::Division => {
                let id: i64 = text.parse().map_err(|_| unread())?;
                self.add(
                    &format!(
                        "{name} IN (SELECT c.descendant_id FROM division_closure c WHERE c.ancestor_id = ?)"
                    ),
                    [store::value_of(id)],
                );
            }
            kind => {
                let (from, until) = text.split_once("..").unwrap_or((text, text));
                if from.trim() == until.trim() && !from.trim().is_empty() {
                    // One value is found in the order of the list; a range of it would be sorted anew.
                    self.add(&format!("{name} = ?"), [bound(kind, from.trim()).ok_or_else(unread)?]);
                    return Ok(());
                }
                self.ranged = true;
                if !from.trim().is_empty() {
                    self.add(&format!("{name} >= ?"), [bound(kind, from.trim()).ok_or_else(unread)?]);
                }
                if !until.trim().is_empty() {
                    self.add(&format!("{name} <= ?"), [bound(kind, until.trim()).ok_or_else(unread)?]);
                }
            }
        }
        Ok(())
    }
}

/// One end of a range as its column keeps it.
fn bound(kind: ColumnKind, text: &str) -> Option<Value> {
    match kind {
        ColumnKind::Date => text.parse::<NaiveDate>().ok().map(store::value_of),
        ColumnKind::Month => text.parse::<Month>().ok().map(store::value_of),
        ColumnKind::Money => Fen::from_yuan(text).ok().map(store::value_of),
        ColumnKind::Integer => text.parse::<i64>().ok().map(store::value_of),
        ColumnKind::Decimal => {
            text.parse::<catalogue::Number>().ok().and_then(|number| number.at_scale(6)).map(store::value_of)
        }
        _ => None,
    }
}

#[expect(clippy::too_many_arguments, reason = "one page of one list")]
async fn rows(
    office: &Office,
    scope: &Scope,
    register: &Register,
    asked: &Narrowed,
    (conditions, gathered): (&Conditions, bool),
    fields: &[&Field],
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<(Vec<(Record, String)>, Option<Cursor>), OfficeError> {
    let field = sort_field(register, asked);
    let sort = sort_column(field);
    let numeric = field.is_some_and(|field| ColumnKind::of(field).sorts_as_number());
    let direction = if asked.descending { "DESC" } else { "ASC" };
    let shown = selected(fields.iter().copied());
    let (from, conditions_sql) = if gathered {
        // The limit keeps the planner from walking the whole list along its order for the few that are left of it.
        let sorted = if sort == "title" { String::new() } else { format!(", r.{sort}") };
        let from = format!(
            "(SELECT {HEAD}{sorted}{shown} FROM {} r WHERE {{scope}} {} LIMIT {GATHERED}) AS r",
            table(register),
            conditions.sql
        );
        (from, String::new())
    } else {
        (format!("{} r", table(register)), format!("{{scope}} {} AND ", conditions.sql))
    };
    let sql = format!(
        "SELECT {HEAD}, d.name AS division_name, r.{sort} AS sorted{shown} FROM {from} JOIN division d ON d.id = r.division_id \
         WHERE {conditions_sql}{{after}} ORDER BY r.{sort} {direction}, r.id {direction} LIMIT ?"
    );
    let query = conditions.bound(Query::new(scope, &RECORD_COLUMNS, sql));
    let keys = [format!("r.{sort}"), "r.id".to_owned()];
    let keys = [keys[0].as_str(), keys[1].as_str()];
    let query =
        if asked.descending { query.after_descending(&keys, cursor) } else { query.after(&keys, cursor) };
    let mut rows = query.bind(size + 1).all(office.db()).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = match rows.last().filter(|_| more) {
        Some(row) => Some(place_of(row, numeric)?),
        None => None,
    };
    let records = of_rows(office.keys(), office.db(), &rows, fields).await?;
    let mut with_places = Vec::with_capacity(records.len());
    for (record, row) in records.into_iter().zip(&rows) {
        with_places.push((record, row.get("division_name")?));
    }
    Ok((with_places, next))
}

fn place_of(row: &Row, numeric: bool) -> Result<Cursor, OfficeError> {
    let cursor = if numeric {
        Cursor::new().integer(row.get::<i64>("sorted")?)
    } else {
        Cursor::new().text(row.get::<String>("sorted")?)
    };
    Ok(cursor.integer(row.get::<i64>("id")?))
}

/// Records in the words of their list.
async fn in_words(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    fields: &[&Field],
    rows: &[(Record, String)],
) -> Result<Vec<Line>, OfficeError> {
    let register = open.register();
    let words = Words::of(office, &reader.scope(), open, rows.iter().map(|(record, _)| record)).await?;
    Ok(rows
        .iter()
        .map(|(record, division_name)| Line {
            id: record.id,
            title: record.title.clone(),
            state: register.state_title(&record.state).to_owned(),
            closed: register.is_closed(&record.state),
            division_name: division_name.clone(),
            cells: fields
                .iter()
                .map(|field| words.of_value(field, record.values.get(field.id.get()), true))
                .collect(),
        })
        .collect())
}

/// What values are called, for several records at once.
pub(super) struct Words<'a> {
    context: crate::forms::FormContext<'a>,
}

impl<'a> Words<'a> {
    pub async fn of(
        office: &Office,
        scope: &Scope,
        open: &'a Open,
        records: impl Iterator<Item = &Record>,
    ) -> Result<Words<'a>, OfficeError> {
        let register = open.register();
        let mut references = Vec::new();
        let mut codes = Vec::new();
        let records: Vec<&Record> = records.collect();
        let with_files = records.iter().filter(|one| row_files::names_any(register, one));
        let with_files: Vec<RecordId> = with_files.map(|one| one.id).collect();
        let files = row_files::of_records(office, register, &with_files).await?;
        for record in records {
            references.extend(shape::references(register, record));
            let values =
                record.values.values().chain(record.lists.values().flatten().flat_map(|row| row.values()));
            codes.extend(values.filter_map(|value| value.as_division().copied()));
        }
        let mut context = crate::forms::FormContext::new(open.release(), office.now());
        context.references = known(office, scope, references).await?;
        context.attachments = files;
        codes.sort_unstable();
        codes.dedup();
        let names: Vec<(String, String)> = Query::system(
            "the tree of divisions is everybody's",
            // The name of who bears the code now, else of who bore it.
            "SELECT d.code, d.name FROM division d WHERE d.code IN ({list}) \
             ORDER BY CASE WHEN d.until_on IS NULL THEN 1 ELSE 0 END, d.id",
        )
        .bind_list(codes.iter().map(|code| code.as_str()))
        .all_as(office.db(), |row| Ok((row.get("code")?, row.get("name")?)))
        .await?;
        for (code, name) in names {
            if let Ok(code) = code.parse() {
                context.divisions.insert(code, name);
            }
        }
        Ok(Words { context })
    }

    /// A value in words; empty when there is none.
    pub fn of_value(&self, field: &Field, value: Option<&FormValue>, masked: bool) -> String {
        value.map(|value| FilledForm::value_in_words(&self.context, field, value, masked)).unwrap_or_default()
    }
}

/// The fields that are added up.
fn summed(register: &Register) -> Vec<&Field> {
    register.list.sums.iter().filter_map(|id| register.field(id)).collect()
}

async fn sums(
    office: &Office,
    scope: &Scope,
    register: &Register,
    conditions: &Conditions,
) -> Result<Vec<(String, String)>, OfficeError> {
    let fields = summed(register);
    if fields.is_empty() {
        return Ok(Vec::new());
    }
    let sums: Vec<String> = fields
        .iter()
        .map(|field| format!("CAST(SUM(r.{}) AS BIGINT) AS {}", column(field), column(field)))
        .collect();
    let sql =
        format!("SELECT {} FROM {} r WHERE {{scope}} {}", sums.join(", "), table(register), conditions.sql);
    let row = conditions.bound(Query::new(scope, &RECORD_COLUMNS, sql)).one(office.db()).await?;
    let mut list = Vec::with_capacity(fields.len());
    for field in fields {
        let sum: Option<i64> = row.get(&column(field))?;
        let sum = sum.unwrap_or(0);
        let unit = field.unit.as_deref();
        let words = match ColumnKind::of(field) {
            ColumnKind::Money => format!("{}{}", Fen(sum).yuan_grouped(), unit.unwrap_or("元")),
            ColumnKind::Decimal => format!("{}{}", catalogue::Number::new(sum, 6), unit.unwrap_or("")),
            _ => format!("{sum}{}", unit.unwrap_or("")),
        };
        list.push((field.id.get().clone(), words));
    }
    Ok(list)
}
