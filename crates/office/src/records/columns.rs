//! A value in its column and back. One field is one column `f_<id>`; a sealed one has a blind index `b_<id>` beside it, and a field by
//! which the list is sorted a column `s_<id>` without NULL, so that pages follow each other by an index.

use std::collections::HashMap;

use catalogue::Number;
use catalogue::definition::{Field, FieldKind, Register};
use rules::Rational;
use store::{DivisionId, Keys, Row, Value, value_of};
use vocab::{BankAccount, CitizenId, DivisionCode, Fen, Month, PersonName, Phone};

use crate::OfficeError;
use crate::forms::FormValue;

/// Places with which decimals are kept.
const PLACES: u32 = 6;
/// What sorts before every number.
const NO_NUMBER: i64 = i64::MIN;

/// How a field stands in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Text,
    /// SM4, with a blind index beside it.
    Sealed,
    Boolean,
    Date,
    Month,
    Integer,
    /// Millionths.
    Decimal,
    /// Fen.
    Money,
    Division,
    /// Id of a person, household or record.
    Reference,
}

impl ColumnKind {
    pub fn of(field: &Field) -> ColumnKind {
        if field.is_sealed() {
            return ColumnKind::Sealed;
        }
        if field.target().is_some() {
            return ColumnKind::Reference;
        }
        match *field.kind {
            FieldKind::YesNo => ColumnKind::Boolean,
            FieldKind::Date => ColumnKind::Date,
            FieldKind::Month => ColumnKind::Month,
            FieldKind::Money => ColumnKind::Money,
            FieldKind::Integer | FieldKind::MemberRef => ColumnKind::Integer,
            FieldKind::Decimal => ColumnKind::Decimal,
            FieldKind::Division => ColumnKind::Division,
            _ => ColumnKind::Text,
        }
    }

    pub fn sql_type(self) -> &'static str {
        match self {
            ColumnKind::Text => "TEXT",
            ColumnKind::Sealed => "{bytes}",
            ColumnKind::Boolean => "BOOLEAN",
            ColumnKind::Date => "DATE",
            ColumnKind::Month => "INTEGER",
            ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Money | ColumnKind::Reference => "BIGINT",
            ColumnKind::Division => "BIGINT REFERENCES division (id)",
        }
    }

    /// The name under which the type of a field is remembered.
    pub fn name(self) -> &'static str {
        match self {
            ColumnKind::Text => "text",
            ColumnKind::Sealed => "sealed",
            ColumnKind::Boolean => "boolean",
            ColumnKind::Date => "date",
            ColumnKind::Month => "month",
            ColumnKind::Integer => "integer",
            ColumnKind::Decimal => "decimal",
            ColumnKind::Money => "money",
            ColumnKind::Division => "division",
            ColumnKind::Reference => "reference",
        }
    }

    /// Whether it is sorted as a number.
    pub fn sorts_as_number(self) -> bool {
        matches!(
            self,
            ColumnKind::Boolean
                | ColumnKind::Month
                | ColumnKind::Integer
                | ColumnKind::Decimal
                | ColumnKind::Money
        )
    }

    fn null(self) -> Value {
        match self {
            ColumnKind::Text => Value::String(None),
            ColumnKind::Sealed => Value::Bytes(None),
            ColumnKind::Boolean => Value::Bool(None),
            ColumnKind::Date => Value::ChronoDate(None),
            ColumnKind::Month
            | ColumnKind::Integer
            | ColumnKind::Decimal
            | ColumnKind::Money
            | ColumnKind::Division
            | ColumnKind::Reference => Value::BigInt(None),
        }
    }
}

/// The table of a register.
pub(crate) fn table(register: &Register) -> String {
    format!("reg_{}", register.id)
}

/// The table of a list of a register.
pub(super) fn list_table(register: &Register, of: &str) -> String {
    format!("reg_{}_{of}", register.id)
}

/// The column of a field.
pub(crate) fn column(field: &Field) -> String {
    format!("f_{}", field.id)
}

/// The column in which a field is looked for: its blind index where it is sealed.
pub(super) fn searched_column(field: &Field) -> String {
    if field.is_sealed() { format!("b_{}", field.id) } else { column(field) }
}

/// The column by which a list is sorted; none stands for the title.
pub(super) fn sort_column(field: Option<&Field>) -> String {
    field.map_or_else(|| "title".to_owned(), |field| format!("s_{}", field.id))
}

/// Whether the register's list is sorted by the field.
pub(super) fn is_sorted(register: &Register, field: &Field) -> bool {
    register.list.sorts.iter().any(|sort| *sort == field.id)
}

/// The blind index of a sealed value.
pub(super) fn blind(keys: &Keys, register: &Register, field: &Field, canonical: &str) -> String {
    keys.blind(&format!("record.{}.{}", register.id, field.id), canonical)
}

/// Everything that a field writes: columns and values.
pub(super) fn written(
    keys: &Keys,
    register: &Register,
    field: &Field,
    value: Option<&FormValue>,
    divisions: &HashMap<DivisionCode, DivisionId>,
    sorted: bool,
) -> Result<Vec<(String, Value)>, OfficeError> {
    let kind = ColumnKind::of(field);
    let mut columns = vec![(column(field), stored(keys, field, value, divisions)?)];
    if kind == ColumnKind::Sealed {
        let blind = value.map(|value| blind(keys, register, field, &value.canonical()));
        columns.push((format!("b_{}", field.id), Value::String(blind)));
    }
    if sorted {
        columns.push((sort_column(Some(field)), sorted_value(kind, value)));
    }
    Ok(columns)
}

fn sorted_value(kind: ColumnKind, value: Option<&FormValue>) -> Value {
    if kind.sorts_as_number() {
        Value::BigInt(Some(value.and_then(units).unwrap_or(NO_NUMBER)))
    } else {
        Value::String(Some(value.map(FormValue::canonical).unwrap_or_default()))
    }
}

/// A number as its column keeps it.
fn units(value: &FormValue) -> Option<i64> {
    match value {
        FormValue::YesNo(yes) => Some(i64::from(*yes)),
        FormValue::Month(month) => Some(i64::from(month.index())),
        FormValue::Money(Fen(amount)) => Some(*amount),
        FormValue::Integer(number) | FormValue::Reference(number) => Some(*number),
        FormValue::Decimal(number) => number.at_scale(PLACES),
        _ => None,
    }
}

fn stored(
    keys: &Keys,
    field: &Field,
    value: Option<&FormValue>,
    divisions: &HashMap<DivisionCode, DivisionId>,
) -> Result<Value, OfficeError> {
    let kind = ColumnKind::of(field);
    let Some(value) = value else { return Ok(kind.null()) };
    Ok(match kind {
        ColumnKind::Text => Value::String(Some(match value {
            // Commas around each, so that one of several is found.
            FormValue::Codes(list) | FormValue::Files(list) => format!(",{},", list.join(",")),
            other => other.canonical(),
        })),
        ColumnKind::Sealed => Value::Bytes(Some(keys.seal(&value.canonical())?)),
        ColumnKind::Boolean => Value::Bool(value.as_yes_no().copied()),
        ColumnKind::Date => Value::ChronoDate(value.as_date().copied()),
        ColumnKind::Division => {
            let id = value.as_division().and_then(|code| divisions.get(code));
            value_of(Some(
                *id.ok_or_else(|| OfficeError::Internal(format!("字段 {} 的区划没有查到", field.id)))?,
            ))
        }
        ColumnKind::Month
        | ColumnKind::Integer
        | ColumnKind::Decimal
        | ColumnKind::Money
        | ColumnKind::Reference => Value::BigInt(Some(
            units(value).ok_or_else(|| OfficeError::Internal(format!("字段 {} 的数超出范围", field.id)))?,
        )),
    })
}

/// A division that a row mentions, before its code is known.
pub(super) fn mentioned_division(row: &Row, field: &Field) -> Result<Option<DivisionId>, OfficeError> {
    if ColumnKind::of(field) == ColumnKind::Division { Ok(row.get(&column(field))?) } else { Ok(None) }
}

/// The value of a field in a row.
pub(super) fn read(
    keys: &Keys,
    row: &Row,
    field: &Field,
    divisions: &HashMap<DivisionId, DivisionCode>,
) -> Result<Option<FormValue>, OfficeError> {
    let name = column(field);
    Ok(match ColumnKind::of(field) {
        ColumnKind::Text => row.get::<Option<String>>(&name)?.and_then(|text| of_text(field, &text)),
        ColumnKind::Sealed => match row.get::<Option<Vec<u8>>>(&name)? {
            Some(sealed) => of_text(field, &keys.open(&sealed)?),
            None => None,
        },
        ColumnKind::Boolean => row.get::<Option<bool>>(&name)?.map(FormValue::YesNo),
        ColumnKind::Date => row.get(&name).map(|day: Option<_>| day.map(FormValue::Date))?,
        ColumnKind::Month => row.get::<Option<Month>>(&name)?.map(FormValue::Month),
        ColumnKind::Integer => row.get::<Option<i64>>(&name)?.map(FormValue::Integer),
        ColumnKind::Decimal => {
            row.get::<Option<i64>>(&name)?.map(|units| FormValue::Decimal(Number::new(units, PLACES)))
        }
        ColumnKind::Money => row.get::<Option<Fen>>(&name)?.map(FormValue::Money),
        ColumnKind::Reference => row.get::<Option<i64>>(&name)?.map(FormValue::Reference),
        ColumnKind::Division => {
            let id: Option<DivisionId> = row.get(&name)?;
            id.and_then(|id| divisions.get(&id)).map(|code| FormValue::Division(*code))
        }
    })
}

/// A value from its canonical text.
pub(super) fn of_text(field: &Field, text: &str) -> Option<FormValue> {
    let listed = || text.split(',').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
    match *field.kind {
        FieldKind::YesNo => Some(FormValue::YesNo(matches!(text, "true" | "yes"))),
        FieldKind::Statement => Some(FormValue::Accepted),
        FieldKind::Choice => Some(FormValue::Code(text.to_owned())),
        FieldKind::Choices => Some(FormValue::Codes(listed())),
        FieldKind::File | FieldKind::Files | FieldKind::Signature => Some(FormValue::Files(listed())),
        FieldKind::Date => text.parse().ok().map(FormValue::Date),
        FieldKind::Month => text.parse().ok().map(FormValue::Month),
        FieldKind::Money => Fen::from_yuan(text).ok().map(FormValue::Money),
        FieldKind::Integer | FieldKind::MemberRef => text.parse().ok().map(FormValue::Integer),
        FieldKind::Decimal => text.parse().ok().map(FormValue::Decimal),
        FieldKind::CitizenId => text.parse::<CitizenId>().ok().map(FormValue::CitizenId),
        FieldKind::Phone => text.parse::<Phone>().ok().map(FormValue::Phone),
        FieldKind::BankAccount => text.parse::<BankAccount>().ok().map(FormValue::BankAccount),
        FieldKind::PersonName => text.parse::<PersonName>().ok().map(FormValue::PersonName),
        FieldKind::Division => text.parse::<DivisionCode>().ok().map(FormValue::Division),
        FieldKind::Person
        | FieldKind::Household
        | FieldKind::Organisation
        | FieldKind::Facility
        | FieldKind::Place
        | FieldKind::Record => crate::forms::referred_id(text).map(FormValue::Reference),
        FieldKind::Text | FieldKind::Textarea | FieldKind::Point | FieldKind::Line => {
            Some(FormValue::Text(text.to_owned()))
        }
    }
}

/// What a rule gave, as a computed field's value; none for unknown and for what the field cannot hold.
pub(super) fn of_rules(field: &Field, value: &rules::Value) -> Option<FormValue> {
    let scaled = |number: &Rational, places: u8| number.round(i32::from(places)).to_scaled(places);
    match (value, *field.kind) {
        (rules::Value::Boolean(yes), FieldKind::YesNo) => Some(FormValue::YesNo(*yes)),
        (rules::Value::Number(number), FieldKind::Money) => {
            scaled(number, 2).map(|fen| FormValue::Money(Fen(fen)))
        }
        (rules::Value::Number(number), FieldKind::Integer) => scaled(number, 0).map(FormValue::Integer),
        (rules::Value::Number(number), FieldKind::Decimal) => {
            scaled(number, 6).map(|units| FormValue::Decimal(Number::new(units, PLACES)))
        }
        (rules::Value::Date(day), FieldKind::Date) => Some(FormValue::Date(*day)),
        (rules::Value::Month(month), FieldKind::Month) => Some(FormValue::Month(*month)),
        (rules::Value::Text(text), _) => of_text(field, text),
        _ => None,
    }
}
