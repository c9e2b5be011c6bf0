//! One indicator: where it should be and where it is, month by month; its forecast; its counties; what was reported.

use super::{cells, columns};
use crate::access::{Granted, ReadPlan};
use crate::plans::in_words::with_unit;
use crate::plans::judge::expected;
use crate::plans::{indicator_page, values};
use crate::tabular::{ListFormat, ListWriter};
use crate::{Office, OfficeError};

/// Reported values that are fetched at a time.
const ROWS: usize = 500;

pub(super) async fn sheet(
    office: &Office,
    actor: &Granted<ReadPlan>,
    id: &str,
    title: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let view = indicator_page(office, actor, id).await?;
    let one = &view.line.indicator;
    let unit = |number| with_unit(number, one);
    let home = view.plan.home.name.as_str();
    let heads = columns(&[
        ("类别", 16),
        ("地方", 16),
        ("月份", 14),
        ("进度线、目标", 18),
        ("数", 24),
        ("判断、状态", 14),
        ("数据来源", 50),
    ]);
    let title = format!("{title}：{}", one.name);
    let mut list = ListWriter::new(format, "指标进度", Some(&title), &heads)?;
    let mut row =
        |sort: &str, place: &str, month: String, wanted: String, number: String, state: &str, from: &str| {
            list.row(&cells([
                sort.to_owned(),
                place.to_owned(),
                month,
                wanted,
                number,
                state.to_owned(),
                from.to_owned(),
            ]))
        };
    for node in &view.path {
        row("进度线", home, node.month.zh(), unit(node.number), String::new(), "", "")?;
    }
    for point in &view.points {
        let wanted = expected(&view.path, point.month).filter(|_| view.path.len() > 1);
        let wanted = wanted.map(unit).unwrap_or_default();
        row("已复核的数", home, point.month.zh(), wanted, unit(point.number), "", "")?;
    }
    if let Some(forecast) = view.line.judgement.forecast {
        let due = view.line.target.due.zh();
        let target = view.line.target.number.map(unit).unwrap_or_default();
        let words = format!("{}至{}", unit(forecast.least), unit(forecast.most));
        row(
            "到期预测",
            home,
            due,
            target,
            words,
            view.line.judgement.standing.title(),
            "两种速度推算的区间，不是准数",
        )?;
    }
    for county in &view.counties {
        let (month, number) =
            county.latest.map_or_else(Default::default, |point| (point.month.zh(), unit(point.number)));
        let target = county.target.map(unit).unwrap_or_default();
        let standing = county.standing.map_or("没有分解", |standing| standing.title());
        row(view.plan.below_title(), &county.name, month, target, number, standing, "")?;
    }
    let mut after = None;
    loop {
        let page = values::of_indicator(office, actor, id, after.as_ref(), ROWS).await?;
        for value in page.rows {
            let (month, number) = (value.month.zh(), unit(value.number));
            row(
                "填报记录",
                &value.division_name,
                month,
                String::new(),
                number,
                value.state.title(),
                &value.evidence,
            )?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(list.finish()?)
}
