//! The columns of a register's files: the template that people fill in, the file that comes back, the list that is taken out - the same
//! columns in the same order, so that what was taken out can be read in again.

use catalogue::Release;
use catalogue::definition::{Field, FieldKind, Form, Register, Requirement, Target};
use serde_json::{Map, Value as Json};
use vocab::Fen;

use crate::OfficeError;
use crate::forms::{Answers, FieldPath, Raw, reference_text};
use crate::tabular::{
    self, CELL_CHARACTERS_MAX, COLUMNS_MAX, CellKind, ColumnDefinition, FILE_BYTES_MAX, FileRefused,
    ROWS_MAX, Raw as Cell, RawRow, Sheet, Table, TableDefinition, TypedRow, Value, address,
};

/// Column of the version that a row was taken out with.
pub(super) const VERSION: &str = "_version";
/// Column of the reason for a change.
pub(super) const REASON: &str = "_reason";

/// Fields that a file has a column for: all of the record itself that are asked. Files and lists are not in it.
pub(super) fn fields(form: &Form) -> Vec<&Field> {
    form.fields()
        .filter(|(page, _)| page.repeat.is_none())
        .map(|(_, field)| field)
        .filter(|field| !matches!(*field.kind, FieldKind::File | FieldKind::Files | FieldKind::Signature))
        .collect()
}

/// The table as Excel and CSV hold it.
pub(super) fn definition(release: &Release, register: &Register, form: &Form) -> TableDefinition {
    let mut columns: Vec<ColumnDefinition> =
        fields(form).into_iter().map(|field| column(release, field)).collect();
    columns.push(
        ColumnDefinition::new(VERSION, "版本号", CellKind::Integer)
            .help("从系统导出时自动带出，修改已有记录时请保留；新登记的留空。"),
    );
    columns.push(
        ColumnDefinition::new(REASON, "变更原因", CellKind::Text)
            .help("修改已有记录时说明原因；留空时记为“批量导入”。"),
    );
    TableDefinition { title: sheet_title(&register.title), columns }
}

/// Excel takes 31 characters and not every sign.
pub(super) fn sheet_title(title: &str) -> String {
    title.chars().filter(|sign| !"[]:*?/\\'".contains(*sign)).take(31).collect()
}

fn column(release: &Release, field: &Field) -> ColumnDefinition {
    let codes = || {
        let list = field.codelist.as_ref().and_then(|list| release.codelists.get(list));
        list.map(|list| {
            list.values
                .iter()
                .filter(|code| !code.retired)
                .map(|code| (code.code.get().clone(), code.title.clone()))
                .collect()
        })
        .unwrap_or_default()
    };
    let kind = match *field.kind {
        // Masked when it was taken out; what is wrong with it the form says.
        _ if field.is_sealed() => CellKind::Text,
        FieldKind::YesNo => CellKind::YesNo,
        FieldKind::Choice => CellKind::Code(codes()),
        FieldKind::Date => CellKind::Date,
        FieldKind::Month => CellKind::Month,
        FieldKind::Money => CellKind::Money,
        FieldKind::Integer => CellKind::Integer,
        FieldKind::Decimal => CellKind::Decimal,
        FieldKind::PersonName => CellKind::PersonName,
        _ => CellKind::Text,
    };
    let mut help = field.hint.clone().unwrap_or_default();
    help.push_str(match field.target() {
        Some(Target::Person) => "填身份证号码，或者本辖区内不重名的姓名。",
        Some(Target::Household) => "填户主的身份证号码。",
        Some(Target::Record(_)) => "填名称或编号，要与已登记的一致。",
        None => match *field.kind {
            FieldKind::Division => "填区划代码，或者本辖区内不重名的区划名称。",
            FieldKind::Choices => "可填几项，用顿号隔开。",
            FieldKind::Point => "填“经度,纬度”，单位度，例如 106.812345,39.67。",
            _ => "",
        },
    });
    if let Some(unit) = &field.unit {
        help.push_str(&format!("单位：{unit}。"));
    }
    let column = ColumnDefinition::new(&field.id, &field.label, kind).help(&help);
    // What is required only now and then is asked by its own message.
    if matches!(field.required, Requirement::Always) { column.required() } else { column }
}

/// The sheets of a file. Excel and CSV are read as they are; JSON - a list of objects by the fields' ids, or what was taken out as JSON - is laid
/// out like the template, its first record in the second row.
pub(super) fn sheets(
    register: &Register,
    form: &Form,
    name: &str,
    bytes: &[u8],
) -> Result<Vec<Sheet>, FileRefused> {
    let text = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    if bytes.len() > FILE_BYTES_MAX || !matches!(first, Some(b'{' | b'[')) {
        return tabular::read_file(name, bytes);
    }
    let records = objects(text)?;
    let known: Vec<&str> =
        fields(form).into_iter().map(|field| field.id.as_str()).chain([VERSION, REASON]).collect();
    let there = |id: &&str| records.iter().any(|record| record.contains_key(*id));
    let mut columns: Vec<&str> = known.iter().copied().filter(there).collect();
    let others = records.iter().flat_map(|record| record.keys()).map(String::as_str);
    for other in others.filter(|id| !known.contains(id) && !["_id", "_state"].contains(id)) {
        if !columns.contains(&other) {
            columns.push(other);
        }
        if columns.len() > COLUMNS_MAX {
            return Err(FileRefused::because(format!("JSON 里的字段超过 {COLUMNS_MAX} 个，请核对文件。")));
        }
    }
    let heads = columns.iter().map(|id| Cell::Text(headed(register, id))).collect();
    let mut rows = vec![RawRow { number: 1, cells: heads }];
    for (number, record) in (2_u32..).zip(&records) {
        let mut cells = Vec::with_capacity(columns.len());
        for (column, id) in columns.iter().enumerate() {
            let cell = record.get(*id).map_or(Cell::Empty, |value| json_cell(register.field(id), value));
            if matches!(&cell, Cell::Text(text) if text.chars().count() > CELL_CHARACTERS_MAX) {
                let place = address(column, number);
                return Err(FileRefused::because(format!("单元格 {place} 超过 {CELL_CHARACTERS_MAX} 字。")));
            }
            cells.push(cell);
        }
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows.push(RawRow { number, cells });
        }
    }
    Ok(vec![Sheet { name: String::new(), rows, merged: Vec::new() }])
}

/// The records of a JSON file.
fn objects(text: &[u8]) -> Result<Vec<Map<String, Json>>, FileRefused> {
    let read: Json = serde_json::from_slice(text).map_err(|error| {
        FileRefused::because(format!(
            "JSON 文件在第 {} 行第 {} 列读不下去。请核对格式，并用 UTF-8 编码保存。",
            error.line(),
            error.column()
        ))
    })?;
    let list = match read {
        Json::Array(list) => Some(list),
        Json::Object(mut whole) => match whole.remove("records") {
            Some(Json::Array(list)) => Some(list),
            _ => None,
        },
        _ => None,
    };
    let wrong = "JSON 文件要写成记录的列表，每条记录是一个对象，或者用本系统导出的 JSON。";
    let list = list.ok_or_else(|| FileRefused::because(wrong))?;
    if list.is_empty() {
        return Err(FileRefused::because("文件里没有任何内容，请核对是否选错了文件。"));
    }
    if list.len() > ROWS_MAX {
        return Err(FileRefused::because(format!("文件超过 {ROWS_MAX} 行，请分成几个文件分别上传。")));
    }
    let records = list.into_iter().map(|record| match record {
        Json::Object(record) => Ok(record),
        _ => Err(FileRefused::because(wrong)),
    });
    records.collect()
}

/// The header of a column of JSON; what no file takes in is called by its label, too, so that it is said to be left out.
fn headed(register: &Register, id: &str) -> String {
    let list = || {
        let mut repeats = register.groups.iter().filter_map(|group| group.repeat.as_ref());
        repeats.find(|repeat| repeat.of == *id).map(|repeat| format!("{}明细", repeat.label))
    };
    match id {
        VERSION => "版本号".to_owned(),
        REASON => "变更原因".to_owned(),
        id => {
            let field = register.field(id).map(|field| field.label.clone());
            field.or_else(list).unwrap_or_else(|| id.to_owned())
        }
    }
}

/// A value as a cell would hold it: money goes out in fen, and what is pointed at as its number.
fn json_cell(field: Option<&Field>, value: &Json) -> Cell {
    let whole = |number: &serde_json::Number| match (field, number.as_i64()) {
        (Some(field), Some(id)) if field.target().is_some() => Cell::Text(reference_text(id)),
        (Some(field), Some(fen)) if *field.kind == FieldKind::Money => Cell::Number(Fen(fen).to_string()),
        _ => Cell::Number(number.to_string()),
    };
    match value {
        Json::Null | Json::Object(_) => Cell::Empty,
        Json::Bool(yes) => Cell::Boolean(*yes),
        Json::Number(number) => whole(number),
        Json::String(text) => Cell::text(text),
        Json::Array(list) => {
            let parts: Vec<&str> = list.iter().filter_map(Json::as_str).collect();
            Cell::text(&parts.join("、"))
        }
    }
}

/// An empty file with drop-downs and notes.
pub(super) fn template(release: &Release, register: &Register, form: &Form) -> Result<Vec<u8>, OfficeError> {
    let mut table = definition(release, register, form);
    table.columns.retain(|column| column.id != VERSION && column.id != REASON);
    Ok(tabular::template(&[table])?)
}

/// The answers of a row; columns that the file does not have keep what the record holds, and so does a number that was taken out masked.
pub(super) fn answers(
    form: &Form,
    table: &Table,
    row: &TypedRow,
    begun: Answers,
    release: &Release,
) -> Answers {
    let mut answers = begun;
    for (page, field) in form.fields().filter(|(page, _)| page.repeat.is_none()) {
        if !table.has_column(&field.id) {
            continue;
        }
        let path = FieldPath::new(page, None, field);
        match table.value(row, &field.id) {
            Some(Value::Text(text))
                if field.is_sealed() && text.contains("**") && answers.get(&path).is_some() => {}
            Some(value) => answers.set(&path, typed(release, field, value)),
            None => answers.remove(&field.id),
        }
    }
    answers
}

fn typed(release: &Release, field: &Field, value: &Value) -> Raw {
    match value {
        Value::Boolean(yes) => Raw::from(if *yes { "yes" } else { "no" }),
        Value::Money(fen) => Raw::Text(fen.to_string()),
        Value::Text(text) if *field.kind == FieldKind::Choices => {
            let list = field.codelist.as_ref().and_then(|list| release.codelists.get(list));
            let code = |title: &str| {
                let codes = list.map(|list| list.values.as_slice()).unwrap_or_default();
                let found = codes.iter().find(|code| code.title == title || code.code == title);
                found.map_or_else(|| title.to_owned(), |code| code.code.get().clone())
            };
            let parts =
                text.split(['、', ',', '，', ';', '；']).map(str::trim).filter(|part| !part.is_empty());
            Raw::List(parts.map(code).collect())
        }
        other => Raw::Text(other.canonical()),
    }
}
