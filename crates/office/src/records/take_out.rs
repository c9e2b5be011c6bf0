//! Taking a register's list out: Excel, CSV, JSON, GeoJSON, Parquet. Only what the reader may see, sealed values masked, and on top who took it out,
//! when and what for. What was taken out as a table can be read in again.
//!
//! The rows go page by page from the database into a file without a name, which is gone with its last handle: memory stays flat however
//! long the list, and a file that cannot be finished is refused in words before anything was sent.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};

use catalogue::definition::{Field, FieldKind, Register, Target as Pointed};
use serde_json::{Map, Value as Json, json};
use store::{AuditEntry, Cursor};

use super::list::{Conditions, Narrowed, Words, columns, counted, ids};
use super::read::{Record, records};
use super::{Open, sees, sheet};
use crate::access::{Actor, Export, Granted, ReadRecords};
use crate::forms::{FormValue, points_of, reference_text};
use crate::tabular::{
    ListCell, ListColumn, ListFormat, ListWriter, ParquetCell, ParquetType, ParquetWriter, ROWS_AT_ONCE,
};
use crate::{Office, OfficeError, audited};

/// Ids looked for at once.
const IDS: usize = 20_000;
/// More than this is taken out in parts: what is taken out must go in again.
pub const ROWS_MAX: u32 = 200_000;

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// .xlsx
    Excel,
    /// .csv
    Csv,
    /// One list of objects.
    Json,
    /// Points and lines of a map.
    GeoJson,
    /// Columns for platforms of data.
    Parquet,
}

impl FileKind {
    /// Reads `xlsx`, `csv`, `json`, `geojson`, `parquet`.
    #[must_use]
    pub fn read(text: &str) -> Option<FileKind> {
        Some(match text {
            "" | "xlsx" => FileKind::Excel,
            "csv" => FileKind::Csv,
            "json" => FileKind::Json,
            "geojson" => FileKind::GeoJson,
            "parquet" => FileKind::Parquet,
            _ => return None,
        })
    }

    /// Ending of the file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            FileKind::Excel => "xlsx",
            FileKind::Csv => "csv",
            FileKind::Json => "json",
            FileKind::GeoJson => "geojson",
            FileKind::Parquet => "parquet",
        }
    }

    /// MIME type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            FileKind::Excel => ListFormat::Excel.mime(),
            FileKind::Csv => ListFormat::Csv.mime(),
            FileKind::Json => "application/json; charset=utf-8",
            FileKind::GeoJson => "application/geo+json; charset=utf-8",
            FileKind::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// What is taken out.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Which records, in which order.
    pub asked: &'a Narrowed,
    /// As what.
    pub kind: FileKind,
    /// Only the fields that the list shows, and those of the key; else all.
    pub shown_only: bool,
    /// What for; needed when [`is_personal`].
    pub purpose: &'a str,
}

/// A file that was taken out, read from its beginning.
#[derive(Debug)]
pub struct TakenOut {
    /// The file; it has no name.
    pub file: File,
    /// Bytes.
    pub length: u64,
    /// Records in it.
    pub rows: usize,
}

/// Whether what a reader sees of a register is about people or sealed: it goes out for a stated purpose only.
#[must_use]
pub fn is_personal(reader: &Actor, register: &Register) -> bool {
    let fields = register.groups.iter().flat_map(|group| &group.fields);
    fields.filter(|field| sees(reader, field)).any(|field| {
        field.is_sealed()
            || *field.kind == FieldKind::PersonName
            || matches!(field.target(), Some(Pointed::Person | Pointed::Household))
    })
}

/// Takes out what a list shows. Written down with its purpose.
///
/// # Errors
/// [`OfficeError::Invalid`] without a purpose where one is needed, for a map of what has no place, or for too many rows.
pub async fn take_out(
    office: &Office,
    reader: &Granted<ReadRecords>,
    _exporter: &Granted<Export>,
    open: &Open,
    wanted: &Wanted<'_>,
) -> Result<TakenOut, OfficeError> {
    let Wanted { asked, kind, shown_only, purpose } = *wanted;
    let register = open.register();
    let purpose = Some(purpose.trim()).filter(|purpose| !purpose.is_empty());
    if purpose.is_none() && is_personal(reader, register) {
        return Err(OfficeError::invalid("purpose", "请填写导出的用途。"));
    }
    if kind == FileKind::GeoJson && register.map.is_none() {
        return Err(OfficeError::invalid("format", "这个登记簿没有位置，不能导出地图数据。"));
    }
    let conditions = Conditions::read(office, reader, register, asked).await?;
    let scope = reader.scope();
    if counted(office, &scope, register, &conditions, ROWS_MAX).await?.more {
        let message = format!("超过 {} 万条，请加上筛选条件，分几次导出。", ROWS_MAX / 10_000);
        return Err(OfficeError::invalid("format", message));
    }
    let mark = format!(
        "{}　导出人：{}（{}）　{}{}",
        register.title,
        reader.name,
        reader.division_name,
        office.now().zh(),
        purpose.map(|purpose| format!("　用途：{purpose}")).unwrap_or_default()
    );
    let form = super::draft::form(open)?;
    let shown = columns(reader, register, asked);
    let goes = |field: &&Field| {
        sees(reader, field)
            && (!shown_only
                || shown.iter().any(|known| known.id == field.id)
                || register.key.iter().any(|key| *key == *field.id.get()))
    };
    let asked_fields = sheet::fields(form).into_iter().filter(goes);
    let fields: Vec<&Field> = asked_fields.chain(register.computed().filter(goes)).collect();
    let lists = if shown_only { Vec::new() } else { register.lists() };
    let mut file = Target::begin(kind, register, &mark, &fields, tempfile::tempfile().map_err(unwritten)?)?;
    let (mut after, mut rows): (Option<Cursor>, usize) = (None, 0);
    loop {
        let (found, last) = ids(office, &scope, register, (asked, &conditions), after.as_ref(), IDS).await?;
        for batch in found.chunks(ROWS_AT_ONCE) {
            let batch = records(office.keys(), office.db(), &scope, register, batch).await?;
            let words = Words::of(office, &scope, open, batch.iter()).await?;
            for record in &batch {
                file.row(reader, register, record, &fields, &lists, &words)?;
            }
            file.drain().map_err(unwritten)?;
            rows += batch.len();
        }
        after = last;
        if found.len() < IDS {
            break;
        }
    }
    // Folding a workbook takes a second: not on the threads that answer pages.
    let finished = tokio::task::spawn_blocking(move || -> Result<(File, u64), OfficeError> {
        let mut file = file.finish()?;
        let length = file.stream_position().map_err(unwritten)?;
        file.rewind().map_err(unwritten)?;
        Ok((file, length))
    });
    let (file, length) = finished.await.map_err(|error| OfficeError::Internal(error.to_string()))??;
    let entry = AuditEntry {
        division: Some(reader.division),
        purpose: purpose.map(str::to_owned),
        details: json!({ "register": register.id.as_str(), "format": kind.extension(), "rows": rows }),
        ..audited(office.now().at_ms(), reader.audit(), "record.exported", ("record", 0))
    };
    office.db().audit_read(entry).await?;
    Ok(TakenOut { file, length, rows })
}

/// A file that is being written.
struct Target {
    file: BufWriter<File>,
    shape: Shape,
}

enum Shape {
    Table(Box<ListWriter>),
    /// Whether one stands already.
    Objects(bool),
    Features(bool),
    Columns(Box<ParquetWriter>),
}

impl Target {
    fn begin(
        kind: FileKind,
        register: &Register,
        mark: &str,
        fields: &[&Field],
        file: File,
    ) -> Result<Target, OfficeError> {
        let mut file = BufWriter::with_capacity(1 << 16, file);
        let table = |format| -> Result<Shape, OfficeError> {
            let mut columns: Vec<ListColumn> =
                fields.iter().map(|field| ListColumn::new(&field.label, width(field))).collect();
            columns.push(ListColumn::new("状态", 12));
            columns.push(ListColumn::new("版本号", 8));
            let writer = ListWriter::new(format, &sheet::sheet_title(&register.title), Some(mark), &columns)?;
            Ok(Shape::Table(Box::new(writer)))
        };
        let shape = match kind {
            FileKind::Excel => table(ListFormat::Excel)?,
            FileKind::Csv => table(ListFormat::Csv)?,
            FileKind::Json => {
                write!(file, "{{\"note\":{},\"records\":[", json!(mark)).map_err(unwritten)?;
                Shape::Objects(false)
            }
            FileKind::GeoJson => {
                write!(file, "{{\"type\":\"FeatureCollection\",\"note\":{},\"features\":[", json!(mark))
                    .map_err(unwritten)?;
                Shape::Features(false)
            }
            FileKind::Parquet => Shape::Columns(Box::new(columns_of(mark, fields))),
        };
        Ok(Target { file, shape })
    }

    fn row(
        &mut self,
        reader: &Actor,
        register: &Register,
        record: &Record,
        fields: &[&Field],
        lists: &[&str],
        words: &Words<'_>,
    ) -> Result<(), OfficeError> {
        let (object, begun) = match &mut self.shape {
            Shape::Table(writer) => {
                let mut cells: Vec<ListCell> = fields
                    .iter()
                    .map(|field| cell(field, record.values.get(field.id.get()), words))
                    .collect();
                cells.push(register.state_title(&record.state).into());
                cells.push(record.version.into());
                return Ok(writer.row(&cells)?);
            }
            Shape::Columns(writer) => {
                let head = [
                    Some(ParquetCell::Integer(record.id.0)),
                    Some(ParquetCell::Integer(record.version)),
                    Some(ParquetCell::Text(register.state_title(&record.state).to_owned())),
                ];
                let cells = fields.iter().map(|field| {
                    let value = record.values.get(field.id.get())?;
                    Some(parquet_cell(field, value, words))
                });
                writer.row(&head.into_iter().chain(cells).collect::<Vec<_>>());
                return Ok(());
            }
            Shape::Objects(begun) => (object(reader, register, record, fields, lists, words, true), begun),
            Shape::Features(begun) => {
                let shape = register.map.as_ref().and_then(|map| {
                    let seen = register.field(map).is_some_and(|field| sees(reader, field));
                    record.values.get(map.get()).filter(|_| seen)
                });
                let Some(FormValue::Text(shape)) = shape else { return Ok(()) };
                let properties = object(reader, register, record, fields, lists, words, true);
                let feature = json!({
                    "type": "Feature", "id": record.id.0, "geometry": geometry(shape), "properties": properties,
                });
                (feature, begun)
            }
        };
        let between: &[u8] = if *begun { b",\n" } else { b"\n" };
        *begun = true;
        self.file.write_all(between).map_err(unwritten)?;
        serde_json::to_writer(&mut self.file, &object).map_err(|error| unwritten(error.into()))
    }

    fn drain(&mut self) -> std::io::Result<()> {
        match &mut self.shape {
            Shape::Table(writer) => writer.drain(&mut self.file),
            Shape::Columns(writer) => writer.drain(&mut self.file),
            Shape::Objects(_) | Shape::Features(_) => Ok(()),
        }
    }

    /// The whole file, standing at its end.
    fn finish(mut self) -> Result<File, OfficeError> {
        match self.shape {
            Shape::Table(writer) => writer.finish_into(&mut self.file)?,
            Shape::Columns(writer) => writer.finish_into(&mut self.file).map_err(unwritten)?,
            Shape::Objects(_) | Shape::Features(_) => self.file.write_all(b"\n]}\n").map_err(unwritten)?,
        }
        self.file.into_inner().map_err(|error| unwritten(error.into_error()))
    }
}

fn unwritten(error: std::io::Error) -> OfficeError {
    OfficeError::Internal(format!("导出的文件写不下来（{error}）"))
}

/// The columns of a Parquet file, called by their ids; what they mean stands in its notes, beside who took it out.
fn columns_of(mark: &str, fields: &[&Field]) -> ParquetWriter {
    let mut columns = vec![
        ("_id".to_owned(), ParquetType::Integer),
        ("_version".to_owned(), ParquetType::Integer),
        ("_state".to_owned(), ParquetType::Text),
    ];
    columns.extend(fields.iter().map(|field| (field.id.get().clone(), parquet_type(field))));
    let titles: Map<String, Json> =
        fields.iter().map(|field| (field.id.get().clone(), json!(field.label))).collect();
    let notes =
        vec![("note".to_owned(), mark.to_owned()), ("titles".to_owned(), Json::Object(titles).to_string())];
    ParquetWriter::new(columns, notes)
}

fn parquet_type(field: &Field) -> ParquetType {
    if field.is_sealed() {
        return ParquetType::Text;
    }
    if field.target().is_some() {
        return ParquetType::Integer;
    }
    match *field.kind {
        FieldKind::YesNo => ParquetType::Boolean,
        FieldKind::Date => ParquetType::Date,
        FieldKind::Money => ParquetType::Decimal(2),
        FieldKind::Integer => ParquetType::Integer,
        FieldKind::Decimal => ParquetType::Decimal(6),
        _ => ParquetType::Text,
    }
}

/// Codes, ids and exact numbers; a sealed value masked.
fn parquet_cell(field: &Field, value: &FormValue, words: &Words<'_>) -> ParquetCell {
    if field.is_sealed() {
        return ParquetCell::Text(words.of_value(field, Some(value), true));
    }
    match value {
        FormValue::YesNo(yes) => ParquetCell::Boolean(*yes),
        FormValue::Date(day) => ParquetCell::Date(*day),
        FormValue::Money(amount) => ParquetCell::Integer(amount.0),
        FormValue::Integer(number) | FormValue::Reference(number) => ParquetCell::Integer(*number),
        FormValue::Decimal(number) => match number.at_scale(6) {
            Some(units) => ParquetCell::Integer(units),
            None => ParquetCell::Text(number.to_string()),
        },
        other => ParquetCell::Text(other.canonical()),
    }
}

fn width(field: &Field) -> u16 {
    match *field.kind {
        FieldKind::Date | FieldKind::Month | FieldKind::YesNo | FieldKind::Integer => 12,
        FieldKind::Textarea | FieldKind::Division | FieldKind::Line => 30,
        _ => 18,
    }
}

/// As it can be read in again: what is pointed at with its number, a division with its code.
fn cell(field: &Field, value: Option<&FormValue>, words: &Words<'_>) -> ListCell {
    let Some(value) = value else { return ListCell::Empty };
    if field.is_sealed() {
        return words.of_value(field, Some(value), true).into();
    }
    match value {
        FormValue::Date(day) => ListCell::Date(*day),
        FormValue::Month(month) => ListCell::Month(*month),
        FormValue::Money(amount) => ListCell::Money(*amount),
        FormValue::Integer(number) => ListCell::Integer(*number),
        FormValue::Decimal(number) => ListCell::Text(number.to_string()),
        FormValue::Reference(id) => {
            ListCell::Text(format!("{}{}", words.of_value(field, Some(value), false), reference_text(*id)))
        }
        FormValue::Division(code) => {
            ListCell::Text(format!("{}〔{}〕", words.of_value(field, Some(value), false), code.as_str()))
        }
        FormValue::Text(text) => ListCell::Text(text.clone()),
        _ => ListCell::Text(words.of_value(field, Some(value), false)),
    }
}

/// A record as other systems read it: these fields and lists, sealed values masked or, in lists, left out. Files stand there by their names for
/// people, else by the ids under which they can be sent back.
pub(super) fn object(
    reader: &Actor,
    register: &Register,
    record: &Record,
    fields: &[&Field],
    lists: &[&str],
    words: &Words<'_>,
    files_by_name: bool,
) -> Json {
    let mut object = Map::new();
    object.insert("_id".to_owned(), json!(record.id.0));
    object.insert("_version".to_owned(), json!(record.version));
    object.insert("_state".to_owned(), json!(register.state_title(&record.state)));
    for field in fields {
        let Some(value) = record.values.get(field.id.get()) else { continue };
        let json =
            if field.is_sealed() { json!(words.of_value(field, Some(value), true)) } else { value.to_json() };
        object.insert(field.id.get().clone(), json);
    }
    for (of, rows) in record.lists.iter().filter(|(of, _)| lists.contains(&of.as_str())) {
        let rows = rows.iter().map(|row| {
            let fields = register.list_fields(of).filter(|field| !field.is_sealed() && sees(reader, field));
            let pairs = fields.filter_map(|field| {
                let json = match row.get(field.id.get())? {
                    value @ FormValue::Files(_) if files_by_name => {
                        json!(words.of_value(field, Some(value), true))
                    }
                    value => value.to_json(),
                };
                Some((field.id.get().clone(), json))
            });
            Json::Object(pairs.collect())
        });
        object.insert(of.clone(), Json::Array(rows.collect()));
    }
    Json::Object(object)
}

/// GeoJSON of a stored point or line. Its numbers are decimals of this text and never pass through arithmetic.
fn geometry(shape: &str) -> Json {
    let number = |text: &str| text.parse::<serde_json::Number>().map_or(Json::Null, Json::Number);
    let mut points: Vec<Json> =
        points_of(shape).map(|(longitude, latitude)| json!([number(longitude), number(latitude)])).collect();
    if points.len() == 1 {
        json!({ "type": "Point", "coordinates": points.remove(0) })
    } else {
        json!({ "type": "LineString", "coordinates": points })
    }
}
