//! What stands beside the plan: the plans of other places and the period before.

use catalogue::Number;
use catalogue::plan::PlanBook;

use super::{columns, exact, figure};
use crate::OfficeError;
use crate::plans::in_words::{achieved, number_of, printed, quote, source};
use crate::plans::peers::Comparison;
use crate::tabular::{ListCell, ListFormat, ListWriter};

/// A text that is a number, with its unit or without, as a number.
fn digits(text: &str, unit: &str) -> ListCell {
    let number = text.parse::<Number>().ok().or_else(|| number_of(text, unit));
    number.map_or_else(|| ListCell::words(text), ListCell::from)
}

pub(super) fn compared(
    compared: &[Comparison],
    title: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("指标", 30),
        ("规划", 34),
        ("规划里的名称", 34),
        ("性质", 10),
        ("起点年份", 10),
        ("起点", 14),
        ("目标", 18),
        ("比较词", 10),
        ("目标值", 12),
        ("单位", 10),
        ("目标年份", 10),
        ("合每万人", 12),
        ("口径", 24),
        ("口径是否相同", 34),
        ("单位是否相同", 24),
        ("原文", 60),
    ]);
    let mut list = ListWriter::new(format, "比较", Some(title), &heads)?;
    for one in compared {
        for line in &one.lines {
            let of = &line.measured;
            let (year, baseline) = match &of.baseline {
                Some((year, words)) => (ListCell::Integer(i64::from(*year)), digits(words, &of.unit)),
                None => (ListCell::Empty, ListCell::words("没有印")),
            };
            // Words in place of a number have neither comparison nor unit, as on the page.
            let number = line.number();
            let of_number = |words: &str| ListCell::words(if number.is_some() { words } else { "" });
            list.row(&[
                ListCell::words(&one.measure),
                ListCell::words(&line.plan),
                ListCell::words(&of.name),
                ListCell::words(&of.kind),
                year,
                baseline,
                ListCell::words(&line.target()),
                of_number(&of.comparator),
                ListCell::from(number),
                of_number(&of.unit),
                ListCell::from(of.year.map(i64::from)),
                of.per_ten_thousand.as_deref().map_or(ListCell::Empty, |number| digits(number, "")),
                ListCell::words(of.base.as_deref().unwrap_or("没有写明")),
                ListCell::words(one.base_words()),
                ListCell::words(one.unit_words()),
                ListCell::prose(&of.quote),
            ])?;
        }
    }
    Ok(list.finish()?)
}

/// The printed rows on the previous period, then what its achievements are said to be.
pub(super) fn past(plan: &PlanBook, title: &str, format: ListFormat) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("类别", 10),
        ("事项", 44),
        ("性质", 10),
        ("单位", 12),
        ("期初值", 12),
        ("目标值", 12),
        ("实际值", 12),
        ("目标（照规划）", 24),
        ("实际（照规划）", 24),
        ("时间", 12),
        ("规划自评", 14),
        ("按数判断", 12),
        ("原文", 60),
    ]);
    let mut list = ListWriter::new(format, "上期", Some(title), &heads)?;
    for (one, verdict) in crate::plans::past::past(plan) {
        list.row(&[
            ListCell::from("指标"),
            ListCell::words(&one.name),
            one.kind.title().into(),
            ListCell::words(one.unit.as_deref().unwrap_or_default()),
            figure(one.baseline.as_ref()),
            exact(one.target.as_ref()).into(),
            exact(one.achieved.as_ref()).into(),
            ListCell::words(&printed(one.target.as_ref(), one)),
            ListCell::words(&printed(one.achieved.as_ref(), one)),
            ListCell::Empty,
            ListCell::words(one.verdict.as_deref().unwrap_or_default()),
            verdict.title().into(),
            ListCell::prose(&source(one)),
        ])?;
    }
    for one in &plan.achievements {
        let year = one.figure.as_ref().and_then(|figure| figure.year).map(|year| format!("{year}年"));
        list.row(&[
            ListCell::from("成效"),
            ListCell::words(&one.name),
            ListCell::Empty,
            ListCell::words(one.unit.as_deref().unwrap_or_default()),
            ListCell::Empty,
            ListCell::Empty,
            exact(one.figure.as_ref()).into(),
            ListCell::Empty,
            ListCell::words(&achieved(one)),
            ListCell::words(&one.period.clone().or(year).unwrap_or_default()),
            ListCell::Empty,
            ListCell::Empty,
            ListCell::prose(&quote(&one.source)),
        ])?;
    }
    Ok(list.finish()?)
}
