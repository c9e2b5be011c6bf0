//! Typed answers: what they are stored as, what rules read, what people read.

use catalogue::Number;
use catalogue::definition::{Field, Target};
use chrono::NaiveDate;
use rules::Rational;
use serde_json::json;
use vocab::{BankAccount, CitizenId, DivisionCode, Fen, Month, PersonName, Phone, zh_date};

use super::FormContext;
use super::answers::{Raw, is_sensitive};

/// An answer of its field's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormValue {
    /// Text without blanks at its ends and without control characters.
    Text(String),
    /// Yes or no.
    YesNo(bool),
    /// A code of the field's codelist.
    Code(String),
    /// Codes of the field's codelist in its order, each once.
    Codes(Vec<String>),
    /// A day.
    Date(NaiveDate),
    /// A month.
    Month(Month),
    /// Money.
    Money(Fen),
    /// A whole number.
    Integer(i64),
    /// A decimal.
    Decimal(Number),
    /// Identity number.
    CitizenId(CitizenId),
    /// Telephone number.
    Phone(Phone),
    /// Bank account.
    BankAccount(BankAccount),
    /// Name of a person.
    PersonName(PersonName),
    /// A division that exists.
    Division(DivisionCode),
    /// Ids of uploaded files that exist; one of `file` and `signature`.
    Files(Vec<String>),
    /// Index of a member.
    Member(usize),
    /// The statement was accepted.
    Accepted,
    /// Id of what the field points at.
    Reference(i64),
}

/// How an answer that points at something is written once it is known what: `〔17〕`, behind a title if need be.
#[must_use]
pub fn reference_text(id: i64) -> String {
    format!("〔{id}〕")
}

/// The id in an answer that points at something; none while it is only words.
#[must_use]
pub fn referred_id(text: &str) -> Option<i64> {
    text.trim().strip_suffix('〕')?.rsplit_once('〔')?.1.parse().ok()
}

/// How contexts name what a field points at.
#[must_use]
pub fn target_key(target: Target<'_>) -> String {
    match target {
        Target::Person => "person".to_owned(),
        Target::Household => "household".to_owned(),
        Target::Record(register) => register.to_owned(),
    }
}

impl FormValue {
    /// The canonical text that facts keep: `true`/`false`; numbers without needless zeros (money in yuan); `2026-11-03`;
    /// `2026-11`; codes and texts as they are, several with commas between. Identity numbers and accounts are whole.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self {
            FormValue::Text(text) | FormValue::Code(text) => text.clone(),
            FormValue::YesNo(yes) => yes.to_string(),
            FormValue::Codes(list) | FormValue::Files(list) => list.join(","),
            FormValue::Date(day) => day.to_string(),
            FormValue::Month(month) => month.to_string(),
            FormValue::Money(amount) => Number::new(amount.0, 2).to_string(),
            FormValue::Integer(number) => number.to_string(),
            FormValue::Decimal(number) => number.to_string(),
            FormValue::CitizenId(id) => id.expose().to_owned(),
            FormValue::Phone(phone) => phone.expose().to_owned(),
            FormValue::BankAccount(account) => account.expose().to_owned(),
            FormValue::PersonName(name) => name.as_str().to_owned(),
            FormValue::Division(code) => code.as_str().to_owned(),
            FormValue::Member(index) => index.to_string(),
            FormValue::Accepted => "true".to_owned(),
            FormValue::Reference(id) => reference_text(*id),
        }
    }

    /// As the field would send it: what [`super::Answers`] keep.
    #[must_use]
    pub fn as_typed(&self) -> Raw {
        match self {
            FormValue::Codes(list) | FormValue::Files(list) => Raw::List(list.clone()),
            FormValue::YesNo(yes) => Raw::from(if *yes { "yes" } else { "no" }),
            other => Raw::Text(other.canonical()),
        }
    }

    /// As JSON: booleans, fen and whole numbers, lists, and the canonical text for everything else.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            FormValue::YesNo(yes) => json!(yes),
            FormValue::Accepted => json!(true),
            FormValue::Money(amount) => json!(amount.0),
            FormValue::Integer(number) | FormValue::Reference(number) => json!(number),
            FormValue::Member(index) => json!(index),
            FormValue::Codes(list) | FormValue::Files(list) => json!(list),
            FormValue::Text(_)
            | FormValue::Code(_)
            | FormValue::Date(_)
            | FormValue::Month(_)
            | FormValue::Decimal(_)
            | FormValue::CitizenId(_)
            | FormValue::Phone(_)
            | FormValue::BankAccount(_)
            | FormValue::PersonName(_)
            | FormValue::Division(_) => json!(self.canonical()),
        }
    }

    /// What expressions read; unknown for lists and files. Money is yuan.
    pub(crate) fn for_rules(&self) -> rules::Value {
        match self {
            FormValue::YesNo(yes) => (*yes).into(),
            FormValue::Accepted => true.into(),
            FormValue::Date(day) => (*day).into(),
            FormValue::Month(month) => (*month).into(),
            FormValue::Money(amount) => Rational::from_scaled(amount.0, 2).into(),
            FormValue::Integer(number) => (*number).into(),
            FormValue::Decimal(number) => {
                // A `Number` has at most six places.
                let scale = u8::try_from(number.scale()).unwrap_or(u8::MAX);
                Rational::from_scaled(number.units(), scale).into()
            }
            FormValue::Codes(_) | FormValue::Files(_) | FormValue::Reference(_) => rules::Value::Unknown,
            FormValue::Text(_)
            | FormValue::Code(_)
            | FormValue::CitizenId(_)
            | FormValue::Phone(_)
            | FormValue::BankAccount(_)
            | FormValue::PersonName(_)
            | FormValue::Division(_)
            | FormValue::Member(_) => self.canonical().as_str().into(),
        }
    }

    /// As a person reads it; `masked` hides what points at a person or is sensitive. `member` gives a member's title.
    pub(super) fn in_words(
        &self,
        field: &Field,
        context: &FormContext<'_>,
        masked: bool,
        member: impl Fn(usize) -> String,
    ) -> String {
        if masked && is_sensitive(field) {
            return self.masked();
        }
        let code_title = |code: &str| {
            let list = field.codelist.as_ref().map_or("", |list| list.as_str());
            context.release.code_title(list, code).to_owned()
        };
        let with_unit = |number: String| {
            field.unit.as_ref().map_or_else(|| number.clone(), |unit| format!("{number}{unit}"))
        };
        match self {
            FormValue::YesNo(yes) => if *yes { "是" } else { "否" }.to_owned(),
            FormValue::Code(code) => code_title(code),
            FormValue::Codes(codes) => {
                codes.iter().map(|code| code_title(code)).collect::<Vec<_>>().join("、")
            }
            FormValue::Date(day) => zh_date(*day),
            FormValue::Month(month) => month.zh(),
            FormValue::Money(amount) => {
                format!("{}{}", amount.yuan_grouped(), field.unit.as_deref().unwrap_or("元"))
            }
            FormValue::Integer(number) => with_unit(number.to_string()),
            FormValue::Decimal(number) => with_unit(number.to_string()),
            FormValue::Division(code) => {
                context.divisions.get(code).cloned().unwrap_or_else(|| code.to_string())
            }
            FormValue::Files(ids) => {
                let name = |id: &String| context.attachments.get(id).map(|file| file.name.clone());
                let names: Vec<String> = ids.iter().filter_map(name).collect();
                if names.is_empty() { format!("{}个文件", ids.len()) } else { names.join("、") }
            }
            FormValue::Member(index) => member(*index),
            FormValue::Accepted => "已阅读并同意".to_owned(),
            FormValue::Reference(id) => {
                let known = field.target().map(|target| (target_key(target), *id));
                let title = known.and_then(|known| context.references.get(&known));
                title.cloned().unwrap_or_else(|| "（辖区以外）".to_owned())
            }
            FormValue::Text(_)
            | FormValue::CitizenId(_)
            | FormValue::Phone(_)
            | FormValue::BankAccount(_)
            | FormValue::PersonName(_) => self.canonical(),
        }
    }

    fn masked(&self) -> String {
        match self {
            FormValue::CitizenId(id) => id.masked(),
            FormValue::Phone(phone) => phone.masked(),
            FormValue::BankAccount(account) => account.masked(),
            FormValue::PersonName(name) => name.masked(),
            _ => "****".to_owned(),
        }
    }
}

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident: $variant:ident => $type:ty;)*) => {
        impl FormValue {
            $($(#[$doc])* #[must_use]
            pub fn $name(&self) -> Option<&$type> {
                if let FormValue::$variant(value) = self { Some(value) } else { None }
            })*
        }
    };
}

readers! {
    /// The text of a `text` or `textarea`.
    as_text: Text => str;
    /// The code of a `choice`.
    as_code: Code => str;
    /// The codes of `choices`.
    as_codes: Codes => [String];
    /// Yes or no.
    as_yes_no: YesNo => bool;
    /// The day.
    as_date: Date => NaiveDate;
    /// The month.
    as_month: Month => Month;
    /// The amount.
    as_money: Money => Fen;
    /// The whole number.
    as_integer: Integer => i64;
    /// The decimal.
    as_decimal: Decimal => Number;
    /// The identity number.
    as_citizen_id: CitizenId => CitizenId;
    /// The telephone number.
    as_phone: Phone => Phone;
    /// The bank account.
    as_bank_account: BankAccount => BankAccount;
    /// The name.
    as_person_name: PersonName => PersonName;
    /// The division.
    as_division: Division => DivisionCode;
    /// Ids of files.
    as_files: Files => [String];
    /// Index of a member.
    as_member: Member => usize;
}
