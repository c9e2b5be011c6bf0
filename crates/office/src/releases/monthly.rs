//! 每月公布的数: numbers that a statistical office publishes for each month and that are true of that month only, such as the rises of
//! prices. They are parameters of the packs marked `monthly`; here a month's numbers are entered together, or several months' from a
//! file, with the document that prints them, and a second person who has the document before them puts them in force as one release.

use catalogue::Release;
use catalogue::definition::Parameter;
use store::{DivisionId, Query};
use vocab::Month;

use super::changes::{VIEW, propose_all, release_changes, view};
use super::standards::{StandardValue, effective};
use super::{NewStandardChange, Released, STANDARD_CHANGE_COLUMNS, StandardChangeId, StandardChangeView};
use crate::access::{Actor, Granted, ProposeStandard, ReleaseStandard, Right};
use crate::error::Problems;
use crate::tabular::{self, CellFault, CellKind, ColumnDefinition, Table, TableDefinition};
use crate::{Office, OfficeError, divisions};

/// Months of one page.
const MONTHS: i32 = 15;
const MONTH: &str = "month";
const TITLE: &str = "document_title";
const NUMBER: &str = "document_number";

/// A month's numbers as somebody enters them.
#[derive(Debug, Clone)]
pub struct MonthFigures {
    /// The month.
    pub month: Month,
    /// Parameter and value as typed; an empty one is not published yet.
    pub values: Vec<(String, String)>,
    /// The publication that prints them.
    pub document_title: String,
    /// Its number, or the day of publication.
    pub document_number: String,
}

/// A month's numbers as they stand.
#[derive(Debug, Clone)]
pub struct MonthRow {
    /// The month.
    pub month: Month,
    /// What holds of each monthly parameter, in the packs' order.
    pub figures: Vec<Option<StandardValue>>,
    /// What waits for a second person.
    pub waiting: Vec<StandardChangeView>,
}

/// The parameters that are published month by month.
pub fn monthly(release: &Release) -> impl Iterator<Item = &Parameter> {
    release.parameters.iter().map(|parameter| &**parameter).filter(|parameter| parameter.monthly)
}

/// The numbers of the last months for a division, the newest first.
///
/// # Errors
/// [`OfficeError::Forbidden`] for posts that neither read payments nor have a part in standards; [`OfficeError::NotFound`].
pub async fn month_figures(
    office: &Office,
    actor: &Actor,
    division: DivisionId,
) -> Result<Vec<MonthRow>, OfficeError> {
    if ![Right::ProposeStandard, Right::ReleaseStandard].iter().any(|right| actor.may(*right)) {
        actor.demand(Right::ReadPayments)?;
    }
    let release = office.release();
    let code = divisions::find(office.db(), division).await?.code;
    let ids: Vec<&str> = monthly(&release).map(|parameter| parameter.id.as_str()).collect();
    let hands = actor.may(Right::ProposeStandard) || actor.may(Right::ReleaseStandard);
    let waiting = if hands && !ids.is_empty() {
        Query::new(
            &actor.scope(),
            &STANDARD_CHANGE_COLUMNS,
            format!("{VIEW} WHERE {{scope}} AND sc.state = 'proposed' AND sc.parameter IN ({{list}}) ORDER BY sc.id"),
        )
        .bind_list(ids)
        .all(office.db())
        .await?
        .iter()
        .map(view)
        .collect::<Result<Vec<_>, _>>()?
    } else {
        Vec::new()
    };
    let now = office.now().month();
    let months = (0..MONTHS).map(|back| now.plus(-back)).map(|month| MonthRow {
        month,
        figures: monthly(&release)
            .map(|parameter| effective(&release, parameter, &code, month.first_day()))
            .collect(),
        waiting: waiting.iter().filter(|change| Month::containing(change.from) == month).cloned().collect(),
    });
    Ok(months.collect())
}

/// Proposes one or more months' numbers, all or none.
///
/// # Errors
/// [`OfficeError::Invalid`] with everything that is wrong; [`OfficeError::Conflict`] when a number of the month waits already.
pub async fn propose_months(
    office: &Office,
    actor: &Granted<ProposeStandard>,
    months: &[MonthFigures],
) -> Result<Vec<StandardChangeId>, OfficeError> {
    let release = office.release();
    let mut problems = Problems::default();
    let mut all = Vec::new();
    for figures in months {
        if figures.month > office.now().month() {
            problems.add(MONTH, format!("{}还没有到，不能录入。", figures.month.zh()));
        }
        let before = all.len();
        for (id, typed) in figures.values.iter().filter(|(_, typed)| !typed.trim().is_empty()) {
            let Some(parameter) = monthly(&release).find(|parameter| parameter.id.as_str() == id) else {
                return Err(OfficeError::invalid("", "没有这项每月公布的数。"));
            };
            // Said at the field of its own, which the check of a proposal does not know.
            problems.keep(id, super::read_value(&release, parameter, typed));
            all.push(NewStandardChange {
                parameter: id.clone(),
                division: actor.division,
                from: figures.month.first_day(),
                stated_until: None,
                value: typed.clone(),
                document_title: figures.document_title.clone(),
                document_number: figures.document_number.clone(),
                attachment: None,
                reason: format!("{}公布的数", figures.month.zh()),
                recompute_from: None,
            });
        }
        if all.len() == before {
            problems.add("", format!("{}一个数也没有填。", figures.month.zh()));
        }
    }
    problems.none_or_refuse()?;
    propose_all(office, actor, &all).await
}

/// A second person puts a month's waiting numbers in force: exactly those that were on the screen.
///
/// # Errors
/// As [`super::release_change`]; [`OfficeError::NotFound`] when none was given.
pub async fn release_month(
    office: &Office,
    actor: &Granted<ReleaseStandard>,
    seen: &[(StandardChangeId, i64)],
) -> Result<Released, OfficeError> {
    release_changes(office, actor, seen).await
}

fn definition(release: &Release) -> TableDefinition {
    let mut columns = vec![
        ColumnDefinition::new(MONTH, "月份", CellKind::Month).required().also(&["统计月份", "所属月份"]),
    ];
    columns.extend(monthly(release).map(|parameter| {
        let unit = parameter.unit.as_deref().unwrap_or_default();
        let help = format!("单位：{unit}。没有公布的不填。");
        ColumnDefinition::new(parameter.id.as_str(), &parameter.title, CellKind::Decimal)
            .also(&[&format!("{}（{unit}）", parameter.title)])
            .help(&help)
    }));
    columns.push(
        ColumnDefinition::new(TITLE, "文件名称", CellKind::Text).required().also(&["公报名称", "来源"]),
    );
    columns.push(
        ColumnDefinition::new(NUMBER, "文号", CellKind::Text)
            .required()
            .help("没有文号的写公布日期，例如 2026-10-15公布。"),
    );
    TableDefinition { title: "每月公布的数".to_owned(), columns }
}

/// The file to fill in.
///
/// # Errors
/// It cannot be written.
pub fn month_template(office: &Office) -> Result<Vec<u8>, OfficeError> {
    Ok(tabular::template(&[definition(&office.release())])?)
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MonthsTaken {
    /// Every row waits for the second person: so many months.
    Proposed(usize),
    /// Nothing was kept: these rows do not fit.
    Refused(Vec<CellFault>),
}

/// Proposes the months of a file, all or none.
///
/// # Errors
/// [`OfficeError::Invalid`] when file or headers cannot be read; as [`propose_months`].
pub async fn take_in_months(
    office: &Office,
    actor: &Granted<ProposeStandard>,
    name: &str,
    bytes: &[u8],
) -> Result<MonthsTaken, OfficeError> {
    let release = office.release();
    let sheets = tabular::read_file(name, bytes)?;
    let mut table = Table::read(&sheets, &definition(&release))?;
    let mut months: Vec<MonthFigures> = Vec::new();
    for row in table.rows.clone() {
        let Some(month) = table.month(&row, MONTH) else { continue };
        if months.iter().any(|known| known.month == month) {
            table.refuse(row.number, MONTH, format!("{}写了两行。", month.zh()));
            continue;
        }
        let mut values = Vec::new();
        for parameter in monthly(&release) {
            let Some(typed) = table.text(&row, &parameter.id) else { continue };
            match super::read_value(&release, parameter, &typed) {
                Ok(value) => values.push((parameter.id.get().clone(), value)),
                Err(message) => table.refuse(row.number, &parameter.id, message),
            }
        }
        months.push(MonthFigures {
            month,
            values,
            document_title: table.text(&row, TITLE).unwrap_or_default(),
            document_number: table.text(&row, NUMBER).unwrap_or_default(),
        });
    }
    if !table.faults.is_empty() {
        return Ok(MonthsTaken::Refused(table.faults));
    }
    if months.is_empty() {
        return Err(OfficeError::invalid("file", "文件里没有数据。"));
    }
    propose_months(office, actor, &months).await?;
    Ok(MonthsTaken::Proposed(months.len()))
}
