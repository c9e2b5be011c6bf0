//! The figures of a month: of one's own division, of those below it, and month by month.

use std::collections::HashMap;

use catalogue::definition::Indicator;
use chrono::NaiveDate;
use store::{AuditEntry, DivisionId, Query, Row};
use vocab::{Month, Now};

use super::{RECKONING, UNITS, VALUE_COLUMNS, may};
use crate::access::{Export, Granted, ReadRecords};
use crate::divisions::{self, DivisionView};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited};

/// Months that a page looks back.
const MONTHS: i32 = 24;

/// What was counted in a division, at and below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figure {
    /// The part, in ten-thousandths.
    pub part: i64,
    /// The whole, in ten-thousandths; zero for an indicator without one.
    pub whole: i64,
    /// Records of which it is unknown whether or how much they count.
    pub unknown: i64,
}

impl Figure {
    fn read(row: &Row) -> Result<Figure, OfficeError> {
        Ok(Figure { part: row.get("part")?, whole: row.get("whole")?, unknown: row.get("unknown")? })
    }

    /// The value at the indicator's scale, rounded half up; none where there is nothing to divide by.
    #[must_use]
    pub fn value(&self, indicator: &Indicator) -> Option<i64> {
        let whole = if indicator.whole.is_some() { self.whole } else { UNITS };
        if whole <= 0 {
            return None;
        }
        let (times, times_scale) = indicator.times.map_or((1, 0), |times| (times.units(), times.scale()));
        let scale = 10_i128.pow(indicator.scale);
        let numerator = i128::from(self.part) * i128::from(times) * scale;
        let denominator = i128::from(whole) * 10_i128.pow(times_scale);
        i64::try_from((numerator * 2 + denominator).div_euclid(denominator * 2)).ok()
    }

    /// `55.20`, or `—`.
    #[must_use]
    pub fn text(&self, indicator: &Indicator) -> String {
        self.value(indicator).map_or_else(|| "—".to_owned(), |value| decimal(value, indicator.scale))
    }

    /// `1104 / 2000`: what was divided by what; none for a plain number.
    #[must_use]
    pub fn fraction(&self, indicator: &Indicator) -> Option<String> {
        indicator.whole.as_ref()?;
        Some(format!("{} / {}", plain(self.part), plain(self.whole)))
    }
}

/// A scaled integer with its point.
fn decimal(value: i64, scale: u32) -> String {
    if scale == 0 {
        return value.to_string();
    }
    let power = 10_u64.pow(scale);
    let sign = if value < 0 { "-" } else { "" };
    let (whole, rest) = (value.unsigned_abs() / power, value.unsigned_abs() % power);
    format!("{sign}{whole}.{rest:0width$}", width = scale as usize)
}

/// Ten-thousandths without zeros at the end.
fn plain(units: i64) -> String {
    let text = decimal(units, 4);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A month of an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthFigure {
    /// The month.
    pub month: Month,
    /// What was counted.
    pub figure: Figure,
    /// The day whose state it shows.
    pub reckoned_on: NaiveDate,
}

/// An indicator in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceFigure {
    /// The place.
    pub division: DivisionId,
    /// Its name.
    pub name: String,
    /// What was counted in it.
    pub figure: Figure,
}

/// The indicators that a post may see, with the figures of its own division; those without any are zero.
///
/// # Errors
/// The database's.
pub async fn overview(
    office: &Office,
    reader: &Granted<ReadRecords>,
    month: Month,
) -> Result<Vec<(Indicator, MonthFigure)>, OfficeError> {
    let release = office.release();
    let reckoned = reckoned_on(office, month).await?;
    let rows = Query::new(
        &reader.scope(),
        &VALUE_COLUMNS,
        "SELECT v.indicator, CAST(SUM(v.part) AS BIGINT) AS part, CAST(SUM(v.whole) AS BIGINT) AS whole, \
         CAST(SUM(v.unknown) AS BIGINT) AS unknown FROM indicator_value v WHERE {scope} AND v.month = ? GROUP BY v.indicator",
    )
    .bind(month)
    .all(office.db())
    .await?;
    let mut figures = HashMap::with_capacity(rows.len());
    for row in &rows {
        figures.insert(row.get::<String>("indicator")?, Figure::read(row)?);
    }
    let seen = release.indicators.iter().filter(|indicator| may(reader, &release, indicator));
    Ok(seen
        .filter_map(|indicator| {
            let reckoned_on = *reckoned.get(indicator.id.get())?;
            let figure = figures.get(indicator.id.get()).copied().unwrap_or_default();
            Some((Indicator::clone(indicator), MonthFigure { month, figure, reckoned_on }))
        })
        .collect())
}

/// The days on which the indicators of a month were reckoned.
async fn reckoned_on(office: &Office, month: Month) -> Result<HashMap<String, NaiveDate>, OfficeError> {
    let rows = Query::new(
        &RECKONING,
        &store::ScopeColumns::NONE,
        "SELECT indicator, reckoned_on FROM indicator_month WHERE month = ?",
    )
    .bind(month)
    .all_as(office.db(), |row| Ok((row.get("indicator")?, row.get("reckoned_on")?)))
    .await?;
    Ok(rows.into_iter().collect())
}

/// An indicator that a post may see.
fn find<'r>(
    release: &'r catalogue::Release,
    reader: &Granted<ReadRecords>,
    id: &str,
) -> Result<&'r Indicator, OfficeError> {
    let found = release.indicators.get(id).map(|found| &**found);
    found.filter(|indicator| may(reader, release, indicator)).ok_or(OfficeError::NotFound("这项指标"))
}

/// A division and those one step below it, in a month.
///
/// # Errors
/// [`OfficeError::NotFound`] for an indicator or a division that is not there or not the reader's.
pub async fn by_place(
    office: &Office,
    reader: &Granted<ReadRecords>,
    id: &str,
    place: DivisionId,
    month: Month,
) -> Result<(Indicator, Vec<PlaceFigure>), OfficeError> {
    let release = office.release();
    let indicator = find(&release, reader, id)?.clone();
    let own = within(office, reader, place).await?;
    let mut places = vec![(own.id, own.name)];
    // By the tree of that month.
    places.extend(divisions::children_in(office.db(), place, month).await?);
    let rows = Query::new(
        &reader.scope(),
        &VALUE_COLUMNS,
        "SELECT c.ancestor_id, CAST(SUM(v.part) AS BIGINT) AS part, CAST(SUM(v.whole) AS BIGINT) AS whole, \
         CAST(SUM(v.unknown) AS BIGINT) AS unknown FROM indicator_value v JOIN division_month c ON c.descendant_id = v.division_id \
         AND c.from_month <= v.month AND v.month < c.until_month \
         WHERE {scope} AND v.indicator = ? AND v.month = ? AND c.ancestor_id IN ({list}) GROUP BY c.ancestor_id",
    )
    .bind(id)
    .bind(month)
    .bind_list(places.iter().map(|(division, _)| *division))
    .all(office.db())
    .await?;
    let mut figures: HashMap<DivisionId, Figure> = HashMap::new();
    for row in &rows {
        figures.insert(row.get("ancestor_id")?, Figure::read(row)?);
    }
    let list = places.into_iter().map(|(division, name)| PlaceFigure {
        division,
        name,
        figure: figures.get(&division).copied().unwrap_or_default(),
    });
    Ok((indicator, list.collect()))
}

/// A division of the reader's area.
async fn within(
    office: &Office,
    reader: &Granted<ReadRecords>,
    place: DivisionId,
) -> Result<DivisionView, OfficeError> {
    if !divisions::is_within(office.db(), reader.division, place).await? {
        return Err(OfficeError::NotFound("这个行政区划"));
    }
    divisions::find(office.db(), place).await
}

/// The last months of an indicator in a division, the newest first.
///
/// # Errors
/// As [`by_place`].
pub async fn by_month(
    office: &Office,
    reader: &Granted<ReadRecords>,
    id: &str,
    place: DivisionId,
    until: Month,
) -> Result<Vec<MonthFigure>, OfficeError> {
    let release = office.release();
    find(&release, reader, id)?;
    within(office, reader, place).await?;
    let rows = Query::new(
        &reader.scope(),
        &VALUE_COLUMNS,
        "SELECT m.month, m.reckoned_on, CAST(COALESCE(SUM(v.part), 0) AS BIGINT) AS part, \
         CAST(COALESCE(SUM(v.whole), 0) AS BIGINT) AS whole, CAST(COALESCE(SUM(v.unknown), 0) AS BIGINT) AS unknown \
         FROM indicator_month m LEFT JOIN indicator_value v ON v.indicator = m.indicator AND v.month = m.month AND {scope} \
         AND EXISTS (SELECT 1 FROM division_month c WHERE c.ancestor_id = ? AND c.descendant_id = v.division_id AND c.from_month <= v.month \
         AND v.month < c.until_month) WHERE m.indicator = ? AND m.month <= ? AND m.month > ? GROUP BY m.month, m.reckoned_on ORDER BY m.month DESC",
    )
    .bind(place)
    .bind(id)
    .bind(until)
    .bind(until.plus(-MONTHS))
    .all(office.db())
    .await?;
    rows.iter()
        .map(|row| {
            let figure = Figure::read(row)?;
            Ok(MonthFigure { month: row.get("month")?, figure, reckoned_on: row.get("reckoned_on")? })
        })
        .collect()
}

/// What a later recomputation of a month said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// When it was reckoned.
    pub at: Now,
    /// What came out for the places asked for, in their order.
    pub figures: Vec<Figure>,
}

/// The newest recomputation of a month, for some places of the reader's area; none if nobody asked for one.
///
/// # Errors
/// As [`by_place`].
pub async fn again(
    office: &Office,
    reader: &Granted<ReadRecords>,
    id: &str,
    places: &[DivisionId],
    month: Month,
) -> Result<Option<Again>, OfficeError> {
    let release = office.release();
    find(&release, reader, id)?;
    let at: Option<i64> = Query::new(
        &RECKONING,
        &store::ScopeColumns::NONE,
        "SELECT reckoned_at FROM indicator_again WHERE indicator = ? AND month = ?",
    )
    .bind(id)
    .bind(month)
    .optional_as(office.db(), |row| row.get("reckoned_at"))
    .await?;
    let Some(at) = at else { return Ok(None) };
    let rows = Query::new(
        &reader.scope(),
        &VALUE_COLUMNS,
        "SELECT c.ancestor_id, CAST(SUM(v.part) AS BIGINT) AS part, CAST(SUM(v.whole) AS BIGINT) AS whole, \
         CAST(SUM(v.unknown) AS BIGINT) AS unknown FROM indicator_again_value v JOIN division_month c ON c.descendant_id = v.division_id \
         AND c.from_month <= v.month AND v.month < c.until_month \
         WHERE {scope} AND v.indicator = ? AND v.month = ? AND c.ancestor_id IN ({list}) GROUP BY c.ancestor_id",
    )
    .bind(id)
    .bind(month)
    .bind_list(places.iter().copied())
    .all(office.db())
    .await?;
    let mut found: HashMap<DivisionId, Figure> = HashMap::new();
    for row in &rows {
        found.insert(row.get("ancestor_id")?, Figure::read(row)?);
    }
    let figures = places.iter().map(|place| found.get(place).copied().unwrap_or_default()).collect();
    Ok(Some(Again { at: Now::from_unix_ms(at), figures }))
}

/// All figures of a month by place, as a file. Taking it out is audited.
///
/// # Errors
/// The database's.
pub async fn sheet(
    office: &Office,
    reader: &Granted<ReadRecords>,
    _export: &Granted<Export>,
    month: Month,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let mut rows = Vec::new();
    for (indicator, _) in overview(office, reader, month).await? {
        let (_, places) = by_place(office, reader, &indicator.id, reader.division, month).await?;
        for place in places {
            rows.push((indicator.clone(), place));
        }
    }
    let columns = [
        ListColumn::new("指标", 28),
        ListColumn::new("地区", 18),
        ListColumn::new("数值", 12),
        ListColumn::new("单位", 12),
        ListColumn::new("计算", 20),
        ListColumn::new("情况不明（条）", 12),
    ];
    let title = format!("{}统计指标", month.zh());
    let mut list = ListWriter::new(format, "统计指标", Some(&title), &columns)?;
    for (indicator, place) in &rows {
        list.row(&[
            ListCell::from(indicator.title.as_str()),
            ListCell::from(place.name.as_str()),
            ListCell::from(place.figure.text(indicator)),
            ListCell::from(indicator.unit.as_str()),
            ListCell::from(place.figure.fraction(indicator)),
            ListCell::from(place.figure.unknown),
        ])?;
    }
    let file = list.finish()?;
    let entry = AuditEntry {
        division: Some(reader.division),
        details: serde_json::json!({ "month": month.index(), "rows": rows.len() }),
        ..audited(office.now().at_ms(), reader.audit(), "indicator.exported", ("division", reader.division.0))
    };
    office.db().audit_read(entry).await?;
    Ok(file)
}
