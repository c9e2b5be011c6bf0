//! What people have to look at, and what a month brought, as far as the reader sees it.

use vocab::Month;

use super::{cells, columns};
use crate::access::{Granted, ReadPlan};
use crate::plans::changes::changes as brought;
use crate::plans::{Installed, reminders, values};
use crate::tabular::{ListCell, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError};

pub(super) async fn alerts(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    title: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("类别", 14),
        ("事项", 44),
        (plan.below_title(), 16),
        ("期限", 14),
        ("依据", 60),
        ("承办单位", 18),
        ("责任科室、责任人", 20),
        ("提出时间", 18),
    ]);
    let mut list = ListWriter::new(format, "预警", Some(title), &heads)?;
    let mut after = None;
    loop {
        let page = reminders::open(office, actor, false, after.as_ref(), ROWS_AT_ONCE).await?;
        for one in page.rows {
            list.row(&cells([
                one.kind.title().to_owned(),
                one.title,
                one.part.unwrap_or_default(),
                one.due.zh(),
                one.grounds,
                one.division_name,
                one.charge,
                one.raised_at.zh(),
            ]))?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(list.finish()?);
        }
    }
}

pub(super) async fn waiting(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    title: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("指标", 44),
        ("地方", 16),
        ("数据月份", 14),
        ("数值", 14),
        ("单位", 10),
        ("数据来源", 50),
        ("填报人", 12),
        ("填报时间", 18),
    ]);
    let mut list = ListWriter::new(format, "待复核", Some(title), &heads)?;
    let mut after = None;
    loop {
        let page = values::waiting(office, actor, after.as_ref(), ROWS_AT_ONCE).await?;
        for one in page.rows {
            let indicator = plan.indicator(&one.indicator);
            list.row(&[
                ListCell::words(
                    indicator.map_or(one.indicator.as_str(), |indicator| indicator.name.as_str()),
                ),
                ListCell::words(&one.division_name),
                ListCell::words(&one.month.zh()),
                one.number.into(),
                ListCell::words(
                    indicator.and_then(|indicator| indicator.unit.as_deref()).unwrap_or_default(),
                ),
                ListCell::prose(&one.evidence),
                ListCell::words(&one.reported_by),
                ListCell::words(&one.reported_at.zh()),
            ])?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(list.finish()?);
        }
    }
}

pub(super) async fn changes(
    office: &Office,
    actor: &Granted<ReadPlan>,
    month: Month,
    title: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let view = brought(office, actor, month).await?;
    let heads =
        columns(&[("类别", 18), ("时间", 18), ("事项", 44), ("地方", 16), ("情况", 60), ("数据来源", 40)]);
    let title = format!("{title}（{}）", view.month.zh());
    let mut list = ListWriter::new(format, "变化", Some(&title), &heads)?;
    for one in view.moved {
        list.row(&cells([
            "判断有变化".to_owned(),
            view.month.zh(),
            one.name,
            String::new(),
            format!("由“{}”变为“{}”", one.before.title(), one.after.title()),
            String::new(),
        ]))?;
    }
    for one in view.deeds {
        list.row(&cells([
            "调整、进展、预警".to_owned(),
            one.at.zh(),
            one.title,
            String::new(),
            one.words,
            String::new(),
        ]))?;
    }
    for one in view.confirmed {
        list.row(&cells([
            "复核的数".to_owned(),
            one.month.zh(),
            one.name,
            one.division_name,
            one.number,
            one.evidence,
        ]))?;
    }
    Ok(list.finish()?)
}
