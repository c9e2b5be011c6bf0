//! What stands beside the plan: the plans of other places and the period before.

use catalogue::definition::PlanFigure;
use catalogue::plan::PlanBook;

use super::{cells, columns};
use crate::OfficeError;
use crate::plans::in_words::printed;
use crate::plans::peers::Comparison;
use crate::tabular::{ListFormat, ListWriter};

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
        ("比较词", 10),
        ("目标", 14),
        ("单位", 10),
        ("目标年份", 10),
        ("合每万人", 12),
        ("口径", 24),
        ("口径是否相同", 26),
        ("单位是否相同", 14),
        ("原文", 60),
    ]);
    let mut list = ListWriter::new(format, "比较", Some(title), &heads)?;
    for one in compared {
        for line in &one.lines {
            let of = &line.measured;
            let (year, baseline) = match &of.baseline {
                Some((year, words)) => (year.to_string(), words.clone()),
                None => (String::new(), "没有印".to_owned()),
            };
            list.row(&cells([
                one.measure.clone(),
                line.plan.clone(),
                of.name.clone(),
                of.kind.clone(),
                year,
                baseline,
                of.comparator.clone(),
                of.target.clone(),
                of.unit.clone(),
                of.year.map(|year| year.to_string()).unwrap_or_default(),
                of.per_ten_thousand.clone().unwrap_or_default(),
                of.base.clone().unwrap_or_else(|| "没有写明".to_owned()),
                if one.same_base { "相同" } else { "不同或者没有写明，不能直接比" }.to_owned(),
                if one.same_unit { "相同或者可以换算" } else { "不同" }.to_owned(),
                of.quote.clone(),
            ]))?;
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
        ("期初值", 16),
        ("目标值", 20),
        ("实际值", 20),
        ("时间", 12),
        ("规划自评", 14),
        ("按数判断", 12),
        ("原文", 60),
    ]);
    let mut list = ListWriter::new(format, "上期", Some(title), &heads)?;
    for (one, verdict) in crate::plans::past::past(plan) {
        list.row(&cells([
            "指标".to_owned(),
            one.name.clone(),
            one.kind.title().to_owned(),
            printed(one.baseline.as_ref(), one),
            printed(one.target.as_ref(), one),
            printed(one.achieved.as_ref(), one),
            String::new(),
            one.verdict.clone().unwrap_or_default(),
            verdict.title().to_owned(),
            one.row.as_ref().unwrap_or(&one.source).to_string(),
        ]))?;
    }
    for one in &plan.achievements {
        let year = one.figure.as_ref().and_then(|figure| figure.year).map(|year| format!("{year}年"));
        let figure = one.figure.as_ref().map(PlanFigure::words).unwrap_or_default();
        // The unit follows a bare number; other prints have it.
        let bare = !figure.is_empty() && figure.chars().all(|sign| sign.is_ascii_digit() || sign == '.');
        let unit = one.unit.as_deref().filter(|_| bare);
        list.row(&cells([
            "成效".to_owned(),
            one.name.clone(),
            String::new(),
            String::new(),
            String::new(),
            format!("{figure}{}", unit.unwrap_or_default()),
            one.period.clone().or(year).unwrap_or_default(),
            String::new(),
            String::new(),
            one.source.to_string(),
        ]))?;
    }
    Ok(list.finish()?)
}
