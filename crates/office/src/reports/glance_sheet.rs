//! The place at a glance as a file: each division one step below, and the whole.

use super::glance::{Glance, PlaceGlance};
use super::sheet::{taken_out, unwritable};
use crate::access::{Export, Granted, Report};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError};

const COLUMNS: [(&str, u16); 11] = [
    ("地区", 18),
    ("在册户数", 10),
    ("在册人数", 10),
    ("本月发放（元）", 16),
    ("今年发放（元）", 16),
    ("今年申请", 10),
    ("在办", 10),
    ("今年已办环节", 14),
    ("其中按时", 10),
    ("在办超期环节", 14),
    ("登记簿预警", 12),
];

/// What [`glance_now`](super::glance_now) told, by division; `alerts` says whether the reader may see those of the registers. Taking it out is audited.
///
/// # Errors
/// The file cannot be written.
pub async fn glance_sheet(
    office: &Office,
    actor: &Granted<Report>,
    _export: &Granted<Export>,
    view: &Glance,
    alerts: bool,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let columns = COLUMNS.map(|(title, width)| ListColumn::new(title, width));
    let title = format!("{}民政工作一览（截至{}）", view.whole.name, vocab::zh_date(view.until));
    let mut list = ListWriter::new(format, "一览", Some(&title), &columns).map_err(unwritable)?;
    for part in &view.parts {
        list.row(&line(part, alerts)).map_err(unwritable)?;
    }
    list.totals(&line(&view.whole, alerts)).map_err(unwritable)?;
    let file = list.finish().map_err(unwritable)?;
    let details = serde_json::json!({ "division": view.whole.division, "month": view.month });
    taken_out(office, actor, "report.glance_sheet", details).await?;
    Ok(file)
}

fn line(part: &PlaceGlance, alerts: bool) -> [ListCell; 11] {
    [
        ListCell::from(part.name.as_str()),
        part.households.into(),
        part.persons.into(),
        part.paid_month.into(),
        part.paid_year.into(),
        part.filed.into(),
        part.open.into(),
        part.ended.into(),
        part.in_time.into(),
        part.overdue.into(),
        if alerts { part.alerts.into() } else { ListCell::Empty },
    ]
}
