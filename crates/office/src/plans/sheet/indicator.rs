//! One indicator: where it should be and where it is, month by month; its forecast; its counties; what was reported.

use catalogue::Number;

use super::columns;
use crate::access::{Granted, ReadPlan};
use crate::plans::adjustments::Decided;
use crate::plans::in_words::with_unit;
use crate::plans::judge::expected;
use crate::plans::{indicator_page, values};
use crate::tabular::{ListCell, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError};

pub(super) async fn sheet(
    office: &Office,
    actor: &Granted<ReadPlan>,
    id: &str,
    title: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let view = indicator_page(office, actor, id).await?;
    let one = &view.line.indicator;
    let unit = one.unit.as_deref().unwrap_or_default();
    let home = view.plan.home.name.as_str();
    let heads = columns(&[
        ("类别", 16),
        ("地方", 16),
        ("月份", 14),
        ("应到、目标", 14),
        ("数", 24),
        ("单位", 10),
        ("判断、状态", 14),
        ("数据来源", 50),
    ]);
    let title = format!("{title}：{}", one.name);
    let mut list = ListWriter::new(format, "指标进度", Some(&title), &heads)?;
    let mut row = |sort: &str,
                   place: &str,
                   month: String,
                   wanted: Option<Number>,
                   value: ListCell,
                   state: &str,
                   from: &str| {
        list.row(&[
            ListCell::words(sort),
            ListCell::words(place),
            ListCell::words(&month),
            wanted.into(),
            value,
            ListCell::words(unit),
            ListCell::words(state),
            ListCell::prose(from),
        ])
    };
    for node in &view.path {
        row("进度线", home, node.month.zh(), Some(node.number), ListCell::Empty, "", "")?;
    }
    for point in &view.points {
        let wanted = expected(&view.path, point.month).filter(|_| view.path.len() > 1);
        row("已复核的数", home, point.month.zh(), wanted, point.number.into(), "", "")?;
    }
    if let Some(forecast) = view.line.judgement.forecast {
        let due = view.line.target.due.zh();
        let target = view.line.target.number;
        let words =
            ListCell::Text(format!("{}至{}", with_unit(forecast.least, one), with_unit(forecast.most, one)));
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
        let month = county.latest.map(|point| point.month.zh()).unwrap_or_default();
        let value = ListCell::from(county.latest.map(|point| point.number));
        let standing = county.standing.map_or("没有分解", |standing| standing.title());
        row(view.plan.below_title(), &county.name, month, county.target, value, standing, "")?;
    }
    let holds = view.splits.iter().find(|split| split.state == Decided::Approved);
    for (division, year, part) in holds.iter().flat_map(|split| &split.parts) {
        let place = view.counties.iter().find(|county| county.division == *division);
        let (place, month) = (place.map_or("", |county| county.name.as_str()), format!("{year}年12月"));
        row("分年的目标", place, month, Some(*part), ListCell::Empty, "", "")?;
    }
    let mut after = None;
    loop {
        let page = values::of_indicator(office, actor, id, after.as_ref(), ROWS_AT_ONCE).await?;
        for value in page.rows {
            row(
                "填报记录",
                &value.division_name,
                value.month.zh(),
                None,
                value.number.into(),
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
