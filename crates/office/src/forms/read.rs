//! Reading one typed answer as its field's type. A refusal is a sentence that says how to mend it.

use catalogue::Number;
use catalogue::definition::{Field, FieldKind};
use chrono::NaiveDate;
use vocab::{BankAccount, CitizenId, DivisionCode, Fen, Month, PersonName, Phone, half_width, parse_date};

use super::FormContext;
use super::answers::Raw;
use super::value::{FormValue, referred_id, target_key};

/// Characters that one line takes when the field does not say.
const TEXT_MAX: usize = 200;
/// Characters that several lines take when the field does not say.
const TEXTAREA_MAX: usize = 4000;
/// Files that `files` takes when the field does not say.
const FILES_MAX: usize = 20;
/// Bytes of one uploaded file.
pub const UPLOAD_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// What one field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// Nothing was typed.
    Nothing,
    /// An answer.
    Value(FormValue),
    /// Something that is no answer, and how to mend it.
    Wrong(String),
}

type Read = Result<FormValue, String>;

/// Reads the answer of a field; `members` is how many there are to point at.
pub(super) fn read(field: &Field, raw: Option<&Raw>, context: &FormContext<'_>, members: usize) -> Reading {
    let Some(raw) = raw.filter(|raw| !raw.is_empty()) else { return Reading::Nothing };
    let text = raw.text();
    let read = match *field.kind {
        FieldKind::Text => text_of(field, &one_line(text), TEXT_MAX),
        FieldKind::Textarea => text_of(field, &several_lines(text), TEXTAREA_MAX),
        FieldKind::YesNo => yes_no(field, text),
        FieldKind::Choice => {
            codes(field, &[text.trim()], context).map(|codes| FormValue::Code(codes.concat()))
        }
        FieldKind::Choices => codes(field, &raw.list(), context).map(FormValue::Codes),
        FieldKind::Date => date(field, raw).and_then(|day| not_a_later_birthday(field, day, context)),
        FieldKind::Month => month(field, raw).map(FormValue::Month),
        FieldKind::Money => money(field, text),
        FieldKind::Integer => integer(field, text),
        FieldKind::Decimal => decimal(field, text),
        FieldKind::CitizenId => citizen_id(text, context),
        FieldKind::Phone => said(text.parse::<Phone>()).map(FormValue::Phone),
        FieldKind::BankAccount => said(text.parse::<BankAccount>()).map(FormValue::BankAccount),
        FieldKind::PersonName => said(text.parse::<PersonName>()).map(FormValue::PersonName),
        FieldKind::Division => division(field, text, context),
        FieldKind::File | FieldKind::Files | FieldKind::Signature => files(field, &raw.list(), context),
        FieldKind::MemberRef => member(field, text, members),
        FieldKind::Statement => return accepted(text),
        FieldKind::Person
        | FieldKind::Household
        | FieldKind::Organisation
        | FieldKind::Facility
        | FieldKind::Place
        | FieldKind::Record => reference(field, text, context),
        FieldKind::Point => super::point::read_point(text).map(FormValue::Text),
        FieldKind::Line => super::point::read_line(text).map(FormValue::Text),
    };
    match read {
        Ok(value) => Reading::Value(value),
        Err(message) => Reading::Wrong(message),
    }
}

/// What to say when an answer is missing.
pub(super) fn missing(field: &Field) -> String {
    let label = label(field);
    match *field.kind {
        FieldKind::PersonName if label == "姓名" => "请填写姓名".to_owned(),
        FieldKind::YesNo
        | FieldKind::Choice
        | FieldKind::Choices
        | FieldKind::MemberRef
        | FieldKind::Division
        | FieldKind::Person
        | FieldKind::Household
        | FieldKind::Organisation
        | FieldKind::Facility
        | FieldKind::Place
        | FieldKind::Record => {
            format!("请选择{label}")
        }
        FieldKind::File | FieldKind::Files => format!("请上传{label}"),
        FieldKind::Signature => format!("请签名：{label}"),
        FieldKind::Statement => format!("请阅读并勾选{label}"),
        FieldKind::Text
        | FieldKind::Textarea
        | FieldKind::Date
        | FieldKind::Month
        | FieldKind::Money
        | FieldKind::Integer
        | FieldKind::Decimal
        | FieldKind::CitizenId
        | FieldKind::Phone
        | FieldKind::BankAccount
        | FieldKind::PersonName
        | FieldKind::Point
        | FieldKind::Line => format!("请填写{label}"),
    }
}

/// The label as it stands in a sentence: a question in brackets, a noun as it is.
fn label(field: &Field) -> String {
    let label = field.label.trim();
    if label.contains(['?', '?', ',', ',', '。']) { format!("“{label}”") } else { label.to_owned() }
}

fn said<T, E: std::fmt::Display>(read: Result<T, E>) -> Result<T, String> {
    read.map_err(|error| error.to_string())
}

fn one_line(text: &str) -> String {
    let spaced: String =
        text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    spaced.trim().to_owned()
}

fn several_lines(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept = lines.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t'));
    kept.collect::<String>().trim().to_owned()
}

fn text_of(field: &Field, text: &str, max: usize) -> Read {
    let own_max = field.max.as_ref().and_then(|max| max.get().as_integer());
    let max = own_max.and_then(|max| usize::try_from(max).ok()).unwrap_or(max);
    let length = text.chars().count();
    if length > max {
        return Err(format!("{}最多写{max}个字，现在有{length}个字，请删减", label(field)));
    }
    Ok(FormValue::Text(text.to_owned()))
}

fn yes_no(field: &Field, text: &str) -> Read {
    match half_width(text).trim().to_lowercase().as_str() {
        "yes" | "true" | "是" | "1" => Ok(FormValue::YesNo(true)),
        "no" | "false" | "否" | "0" => Ok(FormValue::YesNo(false)),
        _ => Err(format!("{}请选择“是”或“否”", label(field))),
    }
}

/// A box sends what its page gave it as value; only a plain no leaves it unticked.
fn accepted(text: &str) -> Reading {
    match half_width(text).trim().to_lowercase().as_str() {
        "no" | "false" | "否" | "0" => Reading::Nothing,
        _ => Reading::Value(FormValue::Accepted),
    }
}

fn codes(field: &Field, chosen: &[&str], context: &FormContext<'_>) -> Result<Vec<String>, String> {
    let again = || format!("{}请从列出的选项中重新选择", label(field));
    let list =
        field.codelist.as_ref().and_then(|list| context.release.codelists.get(list)).ok_or_else(again)?;
    let offered = || list.values.iter().filter(|code| !code.retired).map(|code| code.code.as_str());
    if chosen.iter().any(|code| offered().all(|known| known != *code)) {
        return Err(again());
    }
    Ok(offered().filter(|code| chosen.contains(code)).map(ToOwned::to_owned).collect())
}

/// One part of a date as a number.
fn part(field: &Field, text: &str) -> Result<u32, String> {
    let digits = half_width(text);
    let digits = digits.trim().trim_end_matches(['年', '月', '日', '号']).trim();
    let plain = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if plain { digits.parse().ok() } else { None };
    number.ok_or_else(|| format!("{}只能填数字，例如 1985 年 3 月 12 日", label(field)))
}

/// The parts of a date or month, all of them there and the year of four digits.
fn parts(field: &Field, raw: &Raw, names: &[(&str, &str)]) -> Result<Vec<u32>, String> {
    let empty: Vec<&str> =
        names.iter().filter(|(name, _)| raw.part(name).trim().is_empty()).map(|(_, title)| *title).collect();
    if !empty.is_empty() {
        return Err(format!("{}还缺{}，请补全", label(field), empty.join("、")));
    }
    let numbers: Vec<u32> =
        names.iter().map(|(name, _)| part(field, raw.part(name))).collect::<Result<_, _>>()?;
    if !(1800..2200).contains(&numbers[0]) {
        return Err(format!("{}的年份请写四位数字，例如 1985", label(field)));
    }
    if !(1..=12).contains(&numbers[1]) {
        return Err(format!("{}的月份应为1至12，请核对", label(field)));
    }
    Ok(numbers)
}

fn date(field: &Field, raw: &Raw) -> Result<NaiveDate, String> {
    if let Raw::Text(text) = raw {
        return parse_date(text)
            .map_err(|_| format!("{}没有这一天或写法不对，请写成例如 1985-03-12", label(field)));
    }
    let numbers = parts(field, raw, &[("year", "年"), ("month", "月"), ("day", "日")])?;
    NaiveDate::from_ymd_opt(numbers[0].cast_signed(), numbers[1], numbers[2]).ok_or_else(|| {
        format!("{}没有这一天（{}年{}月{}日），请核对", label(field), numbers[0], numbers[1], numbers[2])
    })
}

/// A field that the browser may fill with a birthday holds one.
fn not_a_later_birthday(field: &Field, day: NaiveDate, context: &FormContext<'_>) -> Read {
    if field.autocomplete.as_deref() == Some("bday") && day > context.now.today() {
        return Err(format!("{}不能晚于今天，请核对", label(field)));
    }
    Ok(FormValue::Date(day))
}

fn month(field: &Field, raw: &Raw) -> Result<Month, String> {
    if let Raw::Text(text) = raw {
        return text.parse().map_err(|_| format!("{}写法不对，请写成例如 2026-11", label(field)));
    }
    let numbers = parts(field, raw, &[("year", "年"), ("month", "月")])?;
    said(Month::new(numbers[0].cast_signed(), numbers[1]))
}

/// Holds a number between the field's bounds; without a least one, `least` stands.
fn bounded(field: &Field, number: Number, least: Option<Number>) -> Result<(), String> {
    let unit = field.unit.as_deref().unwrap_or(if *field.kind == FieldKind::Money { "元" } else { "" });
    let label = label(field);
    let zero = Number::new(0, 0);
    match field.min.as_ref().map(|min| *min.get()).or(least) {
        Some(min) if number < min && min == zero => return Err(format!("{label}不能是负数，请核对")),
        Some(min) if number < min => return Err(format!("{label}不能小于{min}{unit}，请核对")),
        Some(_) | None => {}
    }
    match field.max.as_ref().map(|max| *max.get()) {
        Some(max) if number > max => Err(format!("{label}不能大于{max}{unit}，请核对")),
        Some(_) | None => Ok(()),
    }
}

fn money(field: &Field, text: &str) -> Read {
    let amount = said(Fen::from_yuan(text))?;
    bounded(field, Number::new(amount.0, 2), Some(Number::new(0, 0)))?;
    Ok(FormValue::Money(amount))
}

/// Digits without grouping commas, and without the unit that stands behind the box anyway.
fn digits(field: &Field, text: &str) -> String {
    let text = half_width(text);
    let unit = field.unit.as_deref().unwrap_or_default();
    let text = text.trim();
    let text = text.strip_suffix(unit).unwrap_or(text).trim();
    text.replace('\u{2212}', "-")
}

fn integer(field: &Field, text: &str) -> Read {
    let number: i64 =
        digits(field, text).parse().map_err(|_| format!("{}请填写整数，例如 3", label(field)))?;
    bounded(field, Number::new(number, 0), None)?;
    Ok(FormValue::Integer(number))
}

fn decimal(field: &Field, text: &str) -> Read {
    let number: Number = digits(field, text)
        .parse()
        .map_err(|_| format!("{}请填写数字，小数最多六位，例如 3.5", label(field)))?;
    bounded(field, number, None)?;
    Ok(FormValue::Decimal(number))
}

fn citizen_id(text: &str, context: &FormContext<'_>) -> Read {
    let id = said(text.parse::<CitizenId>())?;
    if id.born_on() > context.now.today() {
        return Err("身份证号码里的出生日期晚于今天，请核对第7至14位".to_owned());
    }
    Ok(FormValue::CitizenId(id))
}

fn division(field: &Field, text: &str, context: &FormContext<'_>) -> Read {
    let code = text.parse::<DivisionCode>().ok().filter(|code| context.divisions.contains_key(code));
    code.map(FormValue::Division).ok_or_else(|| {
        let unclear = context.unclear.get(text.trim()).cloned();
        unclear.unwrap_or_else(|| format!("请从列表中选择{}", label(field)))
    })
}

fn files(field: &Field, ids: &[&str], context: &FormContext<'_>) -> Read {
    let max = match *field.kind {
        FieldKind::Files => field.files_max.map_or(FILES_MAX, usize::from),
        _ => 1,
    };
    let mut kept: Vec<String> = Vec::new();
    for id in ids {
        let Some(file) = context.attachments.get(*id) else {
            return Err(format!("没有找到上传的文件，请重新上传{}", label(field)));
        };
        if file.bytes > UPLOAD_BYTES_MAX {
            let limit = UPLOAD_BYTES_MAX / 1024 / 1024;
            return Err(format!("文件“{}”超过{limit}MB，请压缩或重新拍照后上传", file.name));
        }
        if kept.iter().all(|known| known != id) {
            kept.push((*id).to_owned());
        }
    }
    if kept.len() > max {
        return Err(format!("{}最多上传{max}个文件，现在有{}个，请删去多余的", label(field), kept.len()));
    }
    Ok(FormValue::Files(kept))
}

fn reference(field: &Field, text: &str, context: &FormContext<'_>) -> Read {
    let known = field
        .target()
        .zip(referred_id(text))
        .filter(|(target, id)| context.references.contains_key(&(target_key(*target), *id)));
    known.map(|(_, id)| FormValue::Reference(id)).ok_or_else(|| {
        let shown: String = text.trim().chars().take(30).collect();
        format!("没有找到{}“{shown}”，请核对后重新填写，或从找到的里面选一个", label(field))
    })
}

fn member(field: &Field, text: &str, members: usize) -> Read {
    let index = text.trim().parse::<usize>().ok().filter(|index| *index < members);
    index.map(FormValue::Member).ok_or_else(|| format!("请重新选择{}", label(field)))
}
