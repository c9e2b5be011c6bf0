//! Taking a register's list out: Excel, CSV, JSON, GeoJSON. Only what the reader may see, sealed values masked, and on top who took it out,
//! when and what for. What was taken out as a table can be read in again.

use catalogue::definition::{Field, FieldKind, Register};
use serde_json::{Map, Value as Json, json};
use store::AuditEntry;

use super::list::{Conditions, Narrowed, Words, ids_after};
use super::read::{Record, records};
use super::{Open, RecordId, sees, sheet};
use crate::access::{Export, Granted, ReadRecords};
use crate::forms::{FormValue, points_of, reference_text};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited};

/// Records read at once.
const BATCH: usize = 1_000;
/// More than this is taken out in parts.
const ROWS_MAX: usize = 200_000;

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
}

impl FileKind {
    /// Reads `xlsx`, `csv`, `json`, `geojson`.
    #[must_use]
    pub fn read(text: &str) -> Option<FileKind> {
        Some(match text {
            "" | "xlsx" => FileKind::Excel,
            "csv" => FileKind::Csv,
            "json" => FileKind::Json,
            "geojson" => FileKind::GeoJson,
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
        }
    }
}

/// Takes out what a list shows. Written down with its purpose.
///
/// # Errors
/// [`OfficeError::Invalid`] without a purpose, for a map of what has no place, or for too many rows.
pub async fn take_out(
    office: &Office,
    reader: &Granted<ReadRecords>,
    _exporter: &Granted<Export>,
    open: &Open,
    asked: &Narrowed,
    kind: FileKind,
    purpose: &str,
) -> Result<Vec<u8>, OfficeError> {
    let purpose = purpose.trim();
    if purpose.is_empty() {
        return Err(OfficeError::invalid("purpose", "请填写导出的用途。"));
    }
    let register = open.register();
    if kind == FileKind::GeoJson && register.map.is_none() {
        return Err(OfficeError::invalid("format", "这个登记簿没有位置，不能导出地图数据。"));
    }
    let form = super::write::form(open)?;
    let fields: Vec<&Field> = sheet::fields(form).into_iter().filter(|field| sees(reader, field)).collect();
    let computed: Vec<&Field> = register.computed().filter(|field| sees(reader, field)).collect();
    let conditions = Conditions::read(office, register, asked)?;
    let entry = AuditEntry {
        division: Some(reader.division),
        purpose: Some(purpose.to_owned()),
        details: json!({ "register": register.id.as_str(), "format": kind.extension() }),
        ..audited(office.now().at_ms(), reader.audit(), "record.exported", ("record", 0))
    };
    office.db().audit_read(entry).await?;
    let mark = format!(
        "{}　导出人：{}（{}）　{}　用途：{purpose}",
        register.title,
        reader.name,
        reader.division_name,
        office.now().zh()
    );
    let mut file = Target::begin(kind, register, &mark, &fields, &computed)?;
    let mut after = RecordId(0);
    let mut taken = 0;
    loop {
        let ids = ids_after(office, &reader.scope(), register, &conditions, after, BATCH).await?;
        let Some(last) = ids.last().copied() else { break };
        after = last;
        taken += ids.len();
        if taken > ROWS_MAX {
            return Err(OfficeError::invalid(
                "format",
                format!("超过 {ROWS_MAX} 行，请加上筛选条件，分几次导出。"),
            ));
        }
        let batch = records(office.keys(), office.db(), &reader.scope(), register, &ids).await?;
        let words = Words::of(office, &reader.scope(), open, batch.iter()).await?;
        for record in &batch {
            file.row(register, record, &fields, &computed, &words)?;
        }
    }
    file.finish(&mark)
}

enum Target {
    Table(ListWriter),
    Objects(Vec<Json>),
    Features(Vec<Json>),
}

impl Target {
    fn begin(
        kind: FileKind,
        register: &Register,
        mark: &str,
        fields: &[&Field],
        computed: &[&Field],
    ) -> Result<Target, OfficeError> {
        let format = match kind {
            FileKind::Excel => ListFormat::Excel,
            FileKind::Csv => ListFormat::Csv,
            FileKind::Json => return Ok(Target::Objects(Vec::new())),
            FileKind::GeoJson => return Ok(Target::Features(Vec::new())),
        };
        let mut columns: Vec<ListColumn> =
            fields.iter().chain(computed).map(|field| ListColumn::new(&field.label, width(field))).collect();
        columns.push(ListColumn::new("状态", 12));
        columns.push(ListColumn::new("版本号", 8));
        let sheet =
            register.title.chars().filter(|sign| !"[]:*?/\\'".contains(*sign)).take(31).collect::<String>();
        Ok(Target::Table(ListWriter::new(format, &sheet, Some(mark), &columns)?))
    }

    fn row(
        &mut self,
        register: &Register,
        record: &Record,
        fields: &[&Field],
        computed: &[&Field],
        words: &Words<'_>,
    ) -> Result<(), OfficeError> {
        let shown = || fields.iter().chain(computed);
        match self {
            Target::Table(writer) => {
                let mut cells: Vec<ListCell> =
                    shown().map(|field| cell(field, record.values.get(field.id.get()), words)).collect();
                cells.push(register.state_title(&record.state).into());
                cells.push(record.version.into());
                writer.row(&cells)?;
            }
            Target::Objects(list) => list.push(object(register, record, shown(), words)),
            Target::Features(list) => {
                let shape = register.map.as_ref().and_then(|map| record.values.get(map.get()));
                if let Some(FormValue::Text(shape)) = shape {
                    list.push(json!({
                        "type": "Feature",
                        "id": record.id.0,
                        "geometry": geometry(shape),
                        "properties": object(register, record, shown(), words),
                    }));
                }
            }
        }
        Ok(())
    }

    fn finish(self, mark: &str) -> Result<Vec<u8>, OfficeError> {
        Ok(match self {
            Target::Table(writer) => writer.finish()?,
            Target::Objects(list) => json!({ "note": mark, "records": list }).to_string().into_bytes(),
            Target::Features(list) => json!({ "type": "FeatureCollection", "note": mark, "features": list })
                .to_string()
                .into_bytes(),
        })
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

pub(super) fn object<'a>(
    register: &Register,
    record: &Record,
    fields: impl Iterator<Item = &'a &'a Field>,
    words: &Words<'_>,
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
    for (of, rows) in &record.lists {
        let rows = rows.iter().map(|row| {
            let fields = register.list_fields(of).filter(|field| !field.is_sealed());
            let pairs =
                fields.filter_map(|field| Some((field.id.get().clone(), row.get(field.id.get())?.to_json())));
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
