//! The numbers as a file that goes to the leaders: Excel or CSV.

use store::AuditEntry;
use vocab::Fen;

use super::case_figures::{CaseFigures, CaseQuery, case_figures};
use super::roll_figures::{AreaFigures, PaidMonth, RollQuery, roll_figures};
use crate::access::{Export, Granted, Report};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited};

/// The month's roll by division and area, with the whole as totals. Taking it out is audited.
///
/// # Errors
/// As [`roll_figures`].
pub async fn roll_sheet(
    office: &Office,
    actor: &Granted<Report>,
    _export: &Granted<Export>,
    query: &RollQuery,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let report = roll_figures(office, actor, query).await?;
    let mut columns = vec![ListColumn::new("地区", 18)];
    for area in ["合计", "城市", "农村"] {
        for (title, width) in ROLL_COLUMNS {
            columns.push(ListColumn::new(&format!("{area}{title}"), width));
        }
    }
    let title = format!("{}{}保障情况月报", report.whole.name, report.month.zh());
    let mut list = ListWriter::new(format, "月报", Some(&title), &columns).map_err(unwritable)?;
    let line = |row: &super::RollFigures| {
        let mut cells = vec![ListCell::from(row.name.as_str())];
        for figures in [&row.total(), &row.urban, &row.rural] {
            cells.extend(roll_cells(figures));
        }
        cells
    };
    for part in &report.parts {
        list.row(&line(part)).map_err(unwritable)?;
    }
    list.totals(&line(&report.whole)).map_err(unwritable)?;
    let file = list.finish().map_err(unwritable)?;
    taken_out(office, actor, "report.roll_sheet", serde_json::json!({ "month": query.month })).await?;
    Ok(file)
}

const ROLL_COLUMNS: [(&str, u16); 8] = [
    ("户数", 8),
    ("人数", 8),
    ("核定金额（元）", 14),
    ("应发金额（元）", 14),
    ("人均（元）", 10),
    ("新增户数", 9),
    ("退出户数", 9),
    ("停发户数", 9),
];

fn roll_cells(figures: &AreaFigures) -> [ListCell; 8] {
    let AreaFigures { households, persons, granted, due, new, ended, paused } = figures;
    [
        ListCell::from(*households),
        ListCell::from(*persons),
        ListCell::from(*granted),
        ListCell::from(*due),
        ListCell::from(figures.per_person().unwrap_or(Fen(0))),
        ListCell::from(*new),
        ListCell::from(*ended),
        ListCell::from(*paused),
    ]
}

/// What the bank paid, month by month, as [`paid_by_month`](super::paid_by_month) told. Taking it out is audited.
///
/// # Errors
/// The file cannot be written.
pub async fn paid_sheet(
    office: &Office,
    actor: &Granted<Report>,
    _export: &Granted<Export>,
    months: &[PaidMonth],
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ListColumn::new("月份", 10),
        ListColumn::new("实发户数", 10),
        ListColumn::new("实发金额（元）", 16),
        ListColumn::new("未发成功（户）", 14),
    ];
    let title = format!("{}资金发放情况", actor.division_name);
    let mut list = ListWriter::new(format, "资金发放", Some(&title), &columns).map_err(unwritable)?;
    for month in months {
        list.row(&[month.month.into(), month.households.into(), month.paid.into(), month.failed.into()])
            .map_err(unwritable)?;
    }
    let file = list.finish().map_err(unwritable)?;
    taken_out(office, actor, "report.paid_sheet", serde_json::json!({ "months": months.len() })).await?;
    Ok(file)
}

/// Cases by division: filed, open, decided, delegated, and each clock's rate. Taking it out is audited.
///
/// # Errors
/// As [`case_figures`].
pub async fn case_sheet(
    office: &Office,
    actor: &Granted<Report>,
    _export: &Granted<Export>,
    query: &CaseQuery,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let figures = case_figures(office, actor, query).await?;
    let Some((whole, parts)) = figures.split_last() else {
        return Err(OfficeError::NotFound("这个行政区划"));
    };
    let mut columns = vec![ListColumn::new("地区", 18)];
    let mut column = |title: &str| columns.push(ListColumn::new(title, 12));
    ["收件", "在办", "已决定", "其中乡镇确认"].into_iter().for_each(&mut column);
    for counted in whole.channels.iter().chain(&whole.steps).chain(&whole.outcomes) {
        column(&counted.title);
    }
    for clock in &whole.clocks {
        column(&format!("{}按时率（%）", clock.title));
        column(&format!("{}超期未办", clock.title));
    }
    let title = format!("{}办件情况（{} 至 {}）", whole.name, query.from, query.until);
    let mut list = ListWriter::new(format, "办件", Some(&title), &columns).map_err(unwritable)?;
    for part in parts {
        list.row(&case_cells(part, whole)).map_err(unwritable)?;
    }
    list.totals(&case_cells(whole, whole)).map_err(unwritable)?;
    let file = list.finish().map_err(unwritable)?;
    let period = serde_json::json!({ "item": query.item, "from": query.from, "until": query.until });
    taken_out(office, actor, "report.case_sheet", period).await?;
    Ok(file)
}

/// The columns are those of the whole: a part without a channel or clock shows nothing there.
fn case_cells(figures: &CaseFigures, whole: &CaseFigures) -> Vec<ListCell> {
    let mut cells = vec![
        ListCell::from(figures.name.as_str()),
        ListCell::from(figures.filed()),
        ListCell::from(figures.open()),
        ListCell::from(figures.decided),
        ListCell::from(figures.decided_delegated),
    ];
    let lists = [
        (&figures.channels, &whole.channels),
        (&figures.steps, &whole.steps),
        (&figures.outcomes, &whole.outcomes),
    ];
    for (own, columns) in lists {
        for column in columns {
            let count =
                own.iter().find(|counted| counted.code == column.code).map_or(0, |counted| counted.count);
            cells.push(ListCell::from(count));
        }
    }
    for column in &whole.clocks {
        let own = figures.clocks.iter().find(|clock| clock.clock == column.clock);
        let rate = own.and_then(super::ClockFigures::permille);
        cells.push(ListCell::from(rate.map(|permille| format!("{}.{}", permille / 10, permille % 10))));
        cells.push(ListCell::from(own.map_or(0, |clock| clock.overdue)));
    }
    cells
}

pub(super) async fn taken_out(
    office: &Office,
    actor: &Granted<Report>,
    action: &'static str,
    details: serde_json::Value,
) -> Result<(), OfficeError> {
    let at = office.now().at_ms();
    let division = actor.division;
    let entry = AuditEntry {
        division: Some(division),
        details,
        ..audited(at, actor.audit(), action, ("division", division.0))
    };
    Ok(office.db().audit_read(entry).await?)
}

#[expect(clippy::needless_pass_by_value, reason = "an error is passed on")]
pub(super) fn unwritable(error: rust_xlsxwriter::XlsxError) -> OfficeError {
    OfficeError::Internal(format!("表格写不出来：{error}"))
}
