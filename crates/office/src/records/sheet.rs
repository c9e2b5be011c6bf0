//! The columns of a register's files: the template that people fill in, the file that comes back, the list that is taken out - the same
//! columns in the same order, so that what was taken out can be read in again.

use catalogue::Release;
use catalogue::definition::{Field, FieldKind, Form, Register, Requirement, Target};

use crate::OfficeError;
use crate::forms::{Answers, FieldPath, Raw};
use crate::tabular::{self, CellKind, ColumnDefinition, Table, TableDefinition, TypedRow, Value};

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
