//! What somebody types for a change: one standard, or several that one document sets, checked line by line before anything is saved.

use catalogue::Release;
use chrono::NaiveDate;
use store::DivisionId;
use vocab::Month;

use super::layer::{self, ReleasedValue};
use super::subject::Subject;
use super::typed_value::read_value;
use crate::error::Problems;
use crate::{Office, OfficeError};

/// What is typed on the page.
#[derive(Debug, Clone)]
pub struct NewStandardChange {
    /// What it is about, as [`Subject`] reads it.
    pub parameter: String,
    /// Where it holds, with everything below that has no value of its own; a rule holds everywhere.
    pub division: DivisionId,
    /// First day.
    pub from: NaiveDate,
    /// Last day for which the document states it, when it does.
    pub stated_until: Option<NaiveDate>,
    /// The value as typed: `786`, `1.5`, `是`, a code, a date; the expression of a rule.
    pub value: String,
    /// Title of the document that sets it.
    pub document_title: String,
    /// Its number (文号).
    pub document_number: String,
    /// Its scan, when it was uploaded.
    pub attachment: Option<i64>,
    /// Why, for the person who releases it.
    pub reason: String,
    /// First month whose amounts are reviewed after the release; none leaves what is paid to the ordinary reviews.
    pub recompute_from: Option<Month>,
}

/// One more standard that the same document sets from the same day in the same place.
#[derive(Debug, Clone)]
pub struct StandardLine {
    /// A parameter or a row of a table.
    pub parameter: String,
    /// The value as typed.
    pub value: String,
}

/// What was typed as what the packs write, line by line, or everything that is wrong with it.
pub(super) fn checked(
    office: &Office,
    base: &Release,
    division: &str,
    new: &NewStandardChange,
    others: &[StandardLine],
) -> Result<Vec<ReleasedValue>, OfficeError> {
    let others = others.iter().map(|line| (line.parameter.as_str(), line.value.as_str()));
    let lines: Vec<(&str, &str)> =
        std::iter::once((new.parameter.as_str(), new.value.as_str())).chain(others).collect();
    let mut subjects = Vec::with_capacity(lines.len());
    for (id, _) in &lines {
        let subject = Subject::read(base, id);
        subjects.push(
            subject.ok_or_else(|| OfficeError::invalid("parameter", "没有这项标准。请从列表中选择。"))?,
        );
    }
    let mut problems = Problems::default();
    let alone = lines.len() == 1;
    if subjects.iter().any(|subject| matches!(subject, Subject::Rule(_))) {
        if base.home().is_some_and(|home| home != division) {
            problems.add("division", "规则对全市一律适用，不能只改一个地区。请选择本市。");
        }
        if !alone {
            problems.add("value", "规则变更要单独提出，不能和标准一起提出。");
        }
    }
    document(office, new, &mut problems);
    let monthly =
        |subject: &Subject<'_>| matches!(subject, Subject::Parameter(parameter) if parameter.monthly);
    if subjects.iter().any(monthly) && new.from != Month::containing(new.from).first_day() {
        problems.add("from", "这是每月公布的数，只在当月有效，起始日期应是那个月的一日。");
    }
    dates(new, &mut problems);
    let mut values = Vec::with_capacity(lines.len());
    for ((id, typed), subject) in lines.iter().zip(&subjects) {
        // Several lines are told apart by what they are about.
        let field = if alone { "value" } else { *id };
        if lines.iter().filter(|(other, _)| other == id).count() > 1 {
            problems.add(field, "同一项标准填写了两次。");
        }
        values.push(match subject {
            Subject::Parameter(parameter) => problems.keep(field, read_value(base, parameter, typed)),
            Subject::Cell(cell) => problems.keep(field, cell.read_value(base, typed)),
            Subject::Rule(_) => None,
        });
    }
    problems.none_or_refuse()?;
    let source = layer::source(new.document_title.trim(), new.document_number.trim());
    let mut checked = Vec::with_capacity(lines.len());
    for (((id, typed), subject), value) in lines.iter().zip(&subjects).zip(values) {
        let value = match subject {
            Subject::Rule(rule) => rule.checked(base, new.from, typed)?,
            Subject::Parameter(_) | Subject::Cell(_) => value.unwrap_or_default(),
        };
        checked.push(ReleasedValue {
            parameter: (*id).to_owned(),
            division: division.to_owned(),
            from: new.from,
            stated_until: new.stated_until,
            value,
            source: source.clone(),
        });
    }
    Ok(checked)
}

/// The document that sets it, and why.
fn document(office: &Office, new: &NewStandardChange, problems: &mut Problems) {
    let (title, number) = (new.document_title.trim(), new.document_number.trim());
    if title.is_empty() {
        problems.add("document_title", "请填写发布这一标准的文件名称。");
    }
    if number.is_empty() {
        problems.add("document_number", "请填写文号，如 乌海民发〔2026〕15号。");
    }
    if !office.db().synthetic() && (title.contains("演示") || number.contains("演示")) {
        problems.add("document_title", "正式系统不能使用演示参数。请填写真实文件的名称和文号。");
    }
    if new.reason.trim().is_empty() {
        problems.add("reason", "请写明变更原因，供发布人核对。");
    }
    if new.from < Month::FIRST.first_day() || new.from > Month::LAST.last_day() {
        problems.add("from", "起始日期不对，应如 2026-07-01。");
    }
}

fn dates(new: &NewStandardChange, problems: &mut Problems) {
    if new.stated_until.is_some_and(|until| until < new.from) {
        problems.add("stated_until", "文件规定的截止日期早于起始日期。");
    }
    if new.recompute_from.is_some_and(|month| month.last_day() < new.from) {
        problems.add("recompute_from", "复核金额的起始月份早于标准的起始日期。");
    }
}
