//! 救助绩效 (SA-50): whether decisions were right, whether the roll moves with people's lives, and how much a person gets beside a year ago.
//! Over the twelve months that end with the month asked for; by the divisions one step below.
//!
//! - 认定准确率: of the decided cases that were drawn and checked in these months, those found right;
//! - 动态管理率: of the benefits alive in these months, those that began, ended or changed their amount;
//! - 月人均补助: what is granted for the month for one person, beside the same month of the year before;
//! - 分级预警: what was noticed in these months of the people whom the system watches (低收入人口), by grade, whatever programme is asked for.

use std::collections::BTreeMap;

use catalogue::definition::{AlertGrade, Register};
use ledger::scope::ENTITLEMENT;
use store::{DivisionId, Query};
use vocab::{Fen, Level, Month};

use super::own::Own;
use super::roll_figures::{self, PROGRAMME, RollQuery, part_column, programme};
use super::{Area, area, sheet::taken_out};
use crate::access::{Export, Granted, Report};
use crate::records::alerts::ALERT_COLUMNS;
use crate::records::percent_of;
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, casework};

/// Months that are looked back on, with the month itself.
const MONTHS: i32 = 12;

/// Numbers of one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PerformanceLine {
    /// The division; none for the whole and for divisions that are no more.
    pub division: Option<DivisionId>,
    /// Its name.
    pub name: String,
    /// Decided cases that were drawn and checked.
    pub checked: i64,
    /// Of them found right.
    pub right: i64,
    /// Benefits alive in these months.
    pub alive: i64,
    /// Of them begun, ended or changed.
    pub moved: i64,
    /// Granted for the month for one person.
    pub per_person: Option<Fen>,
    /// The same a year before.
    pub a_year_before: Option<Fen>,
    /// Graded alerts of the registers that the system feeds, by [`AlertGrade::ALL`].
    pub alerts: [i64; 3],
}

impl PerformanceLine {
    /// Right of a hundred checked.
    #[must_use]
    pub fn accuracy(&self) -> Option<String> {
        percent_of(self.right, self.checked)
    }

    /// Moved of a hundred alive.
    #[must_use]
    pub fn movement(&self) -> Option<String> {
        percent_of(self.moved, self.alive)
    }

    /// By how much of a hundred a person gets more than a year before, with its sign.
    #[must_use]
    pub fn growth(&self) -> Option<String> {
        let (now, before) = (self.per_person?.0, self.a_year_before?.0);
        let more = percent_of((now - before).abs(), before)?;
        Some(if now < before { format!("-{more}") } else { more })
    }

    fn add_alerts(&mut self, alerts: [i64; 3]) {
        for (own, more) in self.alerts.iter_mut().zip(alerts) {
            *own += more;
        }
    }
}

/// The month's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performance {
    /// The last of the months.
    pub month: Month,
    /// The divisions one step below.
    pub parts: Vec<PerformanceLine>,
    /// The whole.
    pub whole: PerformanceLine,
}

/// The figures of a programme (or of all) in the reader's division.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division outside the reader's scope.
pub async fn performance(
    office: &Office,
    actor: &Granted<Report>,
    query: &RollQuery,
) -> Result<Performance, OfficeError> {
    let area = area(office, actor, query.division).await?;
    reckoned(office, area, &Own::of(office, actor), query).await
}

pub(super) async fn reckoned(
    office: &Office,
    area: Area,
    own: &Own,
    query: &RollQuery,
) -> Result<Performance, OfficeError> {
    let mut lines: BTreeMap<DivisionId, PerformanceLine> = BTreeMap::new();
    for (division, alive, moved) in movement(office, &area, own, query).await? {
        let line = lines.entry(division).or_default();
        (line.alive, line.moved) = (alive, moved);
    }
    for (division, checked, right) in accuracy(office, &area, own, query).await? {
        let line = lines.entry(division).or_default();
        (line.checked, line.right) = (checked, right);
    }
    for (division, alerts) in graded(office, &area, own, query).await? {
        lines.entry(division).or_default().alerts = alerts;
    }
    let now = roll_figures::reckoned(office, area.clone(), own, query).await?;
    let before = RollQuery { month: query.month.plus(-MONTHS), ..query.clone() };
    let before = roll_figures::reckoned(office, area.clone(), own, &before).await?;
    for (report, set) in [
        (&now, (|line, fen| line.per_person = fen) as fn(&mut PerformanceLine, Option<Fen>)),
        (&before, |line, fen| line.a_year_before = fen),
    ] {
        for part in &report.parts {
            if let Some(division) = part.division {
                set(lines.entry(division).or_default(), part.total().per_person());
            }
        }
    }
    let mut whole = PerformanceLine {
        name: area.whole.name.clone(),
        per_person: now.whole.total().per_person(),
        a_year_before: before.whole.total().per_person(),
        ..PerformanceLine::default()
    };
    for line in lines.values() {
        whole.checked += line.checked;
        whole.right += line.right;
        whole.alive += line.alive;
        whole.moved += line.moved;
        whole.add_alerts(line.alerts);
    }
    let mut parts: Vec<PerformanceLine> = Vec::new();
    for part in area.parts {
        let line = lines.remove(&part.id).unwrap_or_default();
        parts.push(PerformanceLine { division: Some(part.id), name: part.name, ..line });
    }
    let rest = lines.values().fold(PerformanceLine::default(), |mut rest, line| {
        rest.checked += line.checked;
        rest.right += line.right;
        rest.alive += line.alive;
        rest.moved += line.moved;
        rest.add_alerts(line.alerts);
        rest
    });
    if rest != PerformanceLine::default() {
        parts.push(PerformanceLine {
            name: "其他（本级直接办理的，区划已撤并的）".to_owned(), ..rest
        });
    }
    Ok(Performance { month: query.month, parts, whole })
}

/// Benefits alive and moved, by part.
async fn movement(
    office: &Office,
    area: &Area,
    own: &Own,
    query: &RollQuery,
) -> Result<Vec<(DivisionId, i64, i64)>, OfficeError> {
    let part = part_column(area);
    let (from, until) = (query.month.plus(1 - MONTHS), query.month);
    // Who is no longer paid in a month had the month before as the last.
    let sql = format!(
        "SELECT {part} AS division_id, COUNT(*) AS alive, CAST(SUM(CASE WHEN (e.from_month >= ? AND e.from_month <= ?) \
         OR (e.until_month >= ? AND e.until_month < ?) \
         OR EXISTS (SELECT 1 FROM entitlement_amount ea WHERE ea.entitlement_id = e.id AND ea.superseded_at IS NULL \
         AND ea.from_month > e.from_month AND ea.from_month >= ? AND ea.from_month <= ?) THEN 1 ELSE 0 END) AS BIGINT) AS moved \
         FROM entitlement e WHERE {{scope}} AND e.from_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?) AND {PROGRAMME} \
         GROUP BY {part}"
    );
    let counted = Query::new(&area.scope, &ENTITLEMENT, sql)
        .only("e.programme", own.programmes.clone())
        .bind(from)
        .bind(until)
        .bind(from.previous())
        .bind(until)
        .bind(from)
        .bind(until)
        .bind(until)
        .bind(from.previous());
    Ok(programme(counted, query.programme.as_deref())
        .all_as(office.db(), |row| Ok((row.get("division_id")?, row.get("alive")?, row.get("moved")?)))
        .await?)
}

/// Cases drawn and checked in these months, and those found right, by part; a case drawn twice counts twice, as it was checked twice.
async fn accuracy(
    office: &Office,
    area: &Area,
    own: &Own,
    query: &RollQuery,
) -> Result<Vec<(DivisionId, i64, i64)>, OfficeError> {
    let part = match area.level {
        Some(Level::County) => "c.county_id",
        Some(Level::Township) => "c.township_id",
        _ => "c.village_id",
    };
    let release = office.release();
    // The items by which a programme is decided.
    let items: Vec<String> = release
        .items
        .iter()
        .filter(|item| {
            let decides =
                item.programmes.iter().any(|known| Some(known.as_str()) == query.programme.as_deref());
            (query.programme.is_none() || decides) && own.item(&item.id)
        })
        .map(|item| item.id.get().clone())
        .collect();
    let sql = format!(
        "SELECT {part} AS division_id, COUNT(*) AS checked, CAST(SUM(CASE WHEN sm.found_right THEN 1 ELSE 0 END) AS BIGINT) AS found_right \
         FROM sample_member sm JOIN case_file c ON c.id = sm.case_id WHERE {{scope}} AND sm.found_right IS NOT NULL \
         AND sm.checked_on >= ? AND sm.checked_on <= ? AND c.item IN ({{list}}) GROUP BY {part}"
    );
    Ok(Query::new(&area.scope, &casework::CASE, sql)
        .bind(query.month.plus(1 - MONTHS).first_day())
        .bind(query.month.last_day())
        .bind_list(items)
        .all_as(office.db(), |row| {
            Ok((row.get("division_id")?, row.get("checked")?, row.get("found_right")?))
        })
        .await?)
}

/// Graded alerts raised in these months, by part.
async fn graded(
    office: &Office,
    area: &Area,
    own: &Own,
    query: &RollQuery,
) -> Result<Vec<(DivisionId, [i64; 3])>, OfficeError> {
    let release = office.release();
    let fed = |register: &Register| register.fed.is_some() && own.register(&register.id);
    let registers = release.registers.iter().filter(|register| fed(register));
    let registers: Vec<String> = registers.map(|register| register.id.get().clone()).collect();
    let of = |grade: AlertGrade| {
        let code = grade.code();
        format!("CAST(SUM(CASE WHEN a.grade = '{code}' THEN 1 ELSE 0 END) AS BIGINT) AS {code}")
    };
    let sql = format!(
        "SELECT pd.id AS division_id, {} FROM record_alert a JOIN division_closure pc ON pc.descendant_id = a.division_id \
         JOIN division pd ON pd.id = pc.ancestor_id WHERE {{scope}} AND (pd.parent_id = ? OR (pd.id = ? AND pc.depth = 0)) \
         AND a.grade IS NOT NULL AND a.register IN ({{list}}) AND a.raised_at >= ? AND a.raised_at < ? GROUP BY pd.id",
        AlertGrade::ALL.map(of).join(", ")
    );
    let last = query.month.last_day();
    let rows = Query::new(&area.scope, &ALERT_COLUMNS, sql)
        .bind(area.whole.id)
        .bind(area.whole.id)
        .bind_list(registers)
        .bind(casework::lists::at_midnight(query.month.plus(1 - MONTHS).first_day()))
        .bind(casework::lists::at_midnight(last.succ_opt().unwrap_or(last)))
        .all(office.db())
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut alerts = [0_i64; 3];
        for (count, grade) in alerts.iter_mut().zip(AlertGrade::ALL) {
            *count = row.get(grade.code())?;
        }
        found.push((row.get("division_id")?, alerts));
    }
    Ok(found)
}

/// The figures as Excel or CSV. Taking them out is audited.
///
/// # Errors
/// As [`performance`].
pub async fn performance_sheet(
    office: &Office,
    actor: &Granted<Report>,
    _export: &Granted<Export>,
    query: &RollQuery,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let report = performance(office, actor, query).await?;
    let columns: Vec<ListColumn> = [
        ("地区", 18),
        ("抽查核实（件）", 12),
        ("认定正确（件）", 12),
        ("认定准确率", 12),
        ("在册（户）", 10),
        ("其中新增、退出、调整（户）", 16),
        ("动态管理率", 12),
        ("月人均补助（元）", 14),
        ("上年同月（元）", 14),
        ("增长", 10),
        ("红色预警（次）", 12),
        ("橙色预警（次）", 12),
        ("黄色预警（次）", 12),
    ]
    .map(|(title, width)| ListColumn::new(title, width))
    .into();
    let title = format!("{}救助绩效（截至{}的12个月）", report.whole.name, report.month.zh());
    let mut list = ListWriter::new(format, "救助绩效", Some(&title), &columns)?;
    for part in &report.parts {
        list.row(&cells(part))?;
    }
    list.totals(&cells(&report.whole))?;
    let file = list.finish()?;
    taken_out(office, actor, "report.performance_sheet", serde_json::json!({ "month": query.month })).await?;
    Ok(file)
}

fn cells(line: &PerformanceLine) -> Vec<ListCell> {
    let words = |words: Option<String>| ListCell::from(words.unwrap_or_default().as_str());
    let money = |fen: Option<Fen>| fen.map_or(ListCell::Empty, ListCell::from);
    vec![
        line.name.as_str().into(),
        line.checked.into(),
        line.right.into(),
        words(line.accuracy()),
        line.alive.into(),
        line.moved.into(),
        words(line.movement()),
        money(line.per_person),
        money(line.a_year_before),
        words(line.growth()),
        line.alerts[0].into(),
        line.alerts[1].into(),
        line.alerts[2].into(),
    ]
}
