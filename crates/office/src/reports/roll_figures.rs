//! The roll of a month in numbers: families, persons, money, who came and who left, by division and by area.

use std::collections::BTreeMap;

use ledger::scope::ENTITLEMENT;
use store::{DivisionId, Query, ScopeColumns};
use vocab::{Fen, Level, Month};

use super::own::Own;
use super::{Area, area};
use crate::access::{Granted, Report};
use crate::{Office, OfficeError};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RollQuery {
    /// Programme; none for all.
    pub programme: Option<String>,
    /// Month.
    pub month: Month,
    /// The division reported on; the reader's own if none.
    pub division: Option<DivisionId>,
}

/// Numbers of one division and area.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AreaFigures {
    /// Families on the roll in the month, paused ones too.
    pub households: i64,
    /// Persons covered in the month.
    pub persons: i64,
    /// What the decisions grant for the month; nothing for paused families.
    pub granted: Fen,
    /// What is owed for the month after all corrections, in dues.
    pub due: Fen,
    /// Families whose first month this is.
    pub new: i64,
    /// Families whose last month was the one before.
    pub ended: i64,
    /// Families whose payment is suspended or held in the month.
    pub paused: i64,
}

impl AreaFigures {
    fn add(&mut self, other: &AreaFigures) {
        let AreaFigures { households, persons, granted, due, new, ended, paused } = other;
        self.households += households;
        self.persons += persons;
        self.granted.0 = self.granted.0.saturating_add(granted.0);
        self.due.0 = self.due.0.saturating_add(due.0);
        self.new += new;
        self.ended += ended;
        self.paused += paused;
    }

    /// Granted money for one person (人均补助水平), half a fen rounded up; none without persons.
    #[must_use]
    pub fn per_person(&self) -> Option<Fen> {
        (self.persons > 0).then(|| Fen((2 * self.granted.0 + self.persons).div_euclid(2 * self.persons)))
    }
}

/// Numbers of one division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollFigures {
    /// The division; none for families that lie in the whole but in no part of it.
    pub division: Option<DivisionId>,
    /// Its name.
    pub name: String,
    /// Town (城市).
    pub urban: AreaFigures,
    /// Country (农村).
    pub rural: AreaFigures,
}

impl RollFigures {
    /// Both areas.
    #[must_use]
    pub fn total(&self) -> AreaFigures {
        let mut total = self.urban.clone();
        total.add(&self.rural);
        total
    }
}

/// The month's numbers: the parts, those without a family too, and the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollReport {
    /// Month.
    pub month: Month,
    /// The divisions one step below.
    pub parts: Vec<RollFigures>,
    /// Their sum.
    pub whole: RollFigures,
}

/// The month's numbers of a division, by the divisions one step below. Families are counted where they stand today.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division outside the reader's scope.
pub async fn roll_figures(
    office: &Office,
    actor: &Granted<Report>,
    query: &RollQuery,
) -> Result<RollReport, OfficeError> {
    let area = area(office, actor, query.division).await?;
    reckoned(office, area, &Own::of(office, actor), query).await
}

pub(super) async fn reckoned(
    office: &Office,
    area: Area,
    own: &Own,
    query: &RollQuery,
) -> Result<RollReport, OfficeError> {
    let mut by_division: BTreeMap<DivisionId, RollFigures> = BTreeMap::new();
    let mut add = |division: DivisionId, urban: bool, figures: AreaFigures| {
        let row = by_division.entry(division).or_insert_with(|| RollFigures {
            division: Some(division),
            name: String::new(),
            urban: AreaFigures::default(),
            rural: AreaFigures::default(),
        });
        if urban { row.urban.add(&figures) } else { row.rural.add(&figures) }
    };
    for row in on_roll(&area, query).only("e.programme", own.programmes.clone()).all(office.db()).await? {
        let figures = AreaFigures {
            households: row.get("households")?,
            persons: row.get("persons")?,
            granted: row.get("granted_fen")?,
            due: row.get("due_fen")?,
            new: row.get("new_count")?,
            ended: 0,
            paused: row.get("paused_count")?,
        };
        add(row.get("division_id")?, row.get::<String>("area")? == URBAN, figures);
    }
    for row in ended(&area, query).only("e.programme", own.programmes.clone()).all(office.db()).await? {
        let figures = AreaFigures { ended: row.get("ended_count")?, ..AreaFigures::default() };
        add(row.get("division_id")?, row.get::<String>("area")? == URBAN, figures);
    }
    Ok(put_together(area, query.month, by_division))
}

const URBAN: &str = "urban";

/// The column of `entitlement e` that names the part.
pub(super) fn part_column(area: &Area) -> &'static str {
    match area.level {
        Some(Level::County) => "e.county_id",
        Some(Level::Township) => "e.township_id",
        // A prefecture below a province does not stand in the roll; one database holds one prefecture.
        _ => "e.division_id",
    }
}

/// `month` is inside the life of the entitlement; binds the month twice.
pub(super) const ALIVE: &str = "e.from_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?)";
/// The entitlement is paused in the month; binds it twice.
pub(crate) const PAUSED: &str = "EXISTS (SELECT 1 FROM entitlement_pause ep WHERE ep.entitlement_id = e.id \
    AND ep.from_month <= ? AND (ep.until_month IS NULL OR ep.until_month >= ?))";
/// Persons covered in the month; binds it twice.
pub(crate) const PERSONS: &str = "(SELECT COUNT(*) FROM entitlement_member em WHERE em.entitlement_id = e.id \
    AND em.superseded_at IS NULL AND em.from_month <= ? AND (em.until_month IS NULL OR em.until_month >= ?))";
/// The amount granted for the month; binds it twice.
pub(crate) const GRANTED: &str = "(SELECT MAX(ea.amount_fen) FROM entitlement_amount ea WHERE ea.entitlement_id = e.id \
    AND ea.superseded_at IS NULL AND ea.from_month <= ? AND (ea.until_month IS NULL OR ea.until_month >= ?))";

/// The programme asked for, as a predicate and its value.
pub(super) fn programme(query: Query, programme: Option<&str>) -> Query {
    // One text for both questions keeps the number of prepared statements down.
    query.bind(programme).bind(programme)
}
pub(super) const PROGRAMME: &str = "(CAST(? AS TEXT) IS NULL OR e.programme = ?)";

fn on_roll(area: &Area, query: &RollQuery) -> Query {
    let part = part_column(area);
    let sql = format!(
        "SELECT k.division_id, k.area, COUNT(*) AS households, CAST(SUM(k.persons) AS BIGINT) AS persons, \
         CAST(SUM(CASE WHEN k.paused = 1 THEN 0 ELSE COALESCE(k.granted_fen, 0) END) AS BIGINT) AS granted_fen, \
         CAST(SUM(COALESCE(k.due_fen, 0)) AS BIGINT) AS due_fen, CAST(SUM(k.new) AS BIGINT) AS new_count, \
         CAST(SUM(k.paused) AS BIGINT) AS paused_count \
         FROM (SELECT {part} AS division_id, h.area, {PERSONS} AS persons, {GRANTED} AS granted_fen, \
         (SELECT SUM(du.amount_fen) FROM due du WHERE du.entitlement_id = e.id AND du.month = ?) AS due_fen, \
         CASE WHEN e.from_month = ? THEN 1 ELSE 0 END AS new, CASE WHEN {PAUSED} THEN 1 ELSE 0 END AS paused \
         FROM entitlement e JOIN household h ON h.id = e.household_id \
         WHERE {{scope}} AND {ALIVE} AND {PROGRAMME}) k GROUP BY k.division_id, k.area"
    );
    let mut counted = Query::new(&area.scope, &ENTITLEMENT, sql);
    for _ in 0..10 {
        counted = counted.bind(query.month);
    }
    programme(counted, query.programme.as_deref())
}

fn ended(area: &Area, query: &RollQuery) -> Query {
    let part = part_column(area);
    let sql = format!(
        "SELECT {part} AS division_id, h.area, COUNT(*) AS ended_count FROM entitlement e \
         JOIN household h ON h.id = e.household_id WHERE {{scope}} AND e.until_month = ? AND e.from_month <= e.until_month \
         AND {PROGRAMME} GROUP BY {part}, h.area"
    );
    let counted = Query::new(&area.scope, &ENTITLEMENT, sql).bind(query.month.previous());
    programme(counted, query.programme.as_deref())
}

fn put_together(area: Area, month: Month, mut by_division: BTreeMap<DivisionId, RollFigures>) -> RollReport {
    let empty = |division: DivisionId, name: String| RollFigures {
        division: Some(division),
        name,
        urban: AreaFigures::default(),
        rural: AreaFigures::default(),
    };
    let mut parts: Vec<RollFigures> = area
        .parts
        .into_iter()
        .map(|part| {
            let row = by_division.remove(&part.id).unwrap_or_else(|| empty(part.id, String::new()));
            RollFigures { name: part.name, ..row }
        })
        .collect();
    // A division that was ended still has its families until they are moved.
    let mut rest = empty(area.whole.id, "其他（本级直接办理的，区划已撤并的）".to_owned());
    rest.division = None;
    for row in by_division.values() {
        rest.urban.add(&row.urban);
        rest.rural.add(&row.rural);
    }
    if rest.total() != AreaFigures::default() {
        parts.push(rest);
    }
    let mut whole = empty(area.whole.id, area.whole.name);
    for part in &parts {
        whole.urban.add(&part.urban);
        whole.rural.add(&part.rural);
    }
    RollReport { month, parts, whole }
}

/// What the bank paid out of the runs of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidMonth {
    /// The runs' month.
    pub month: Month,
    /// Families that got money.
    pub households: i64,
    /// How much.
    pub paid: Fen,
    /// Families whose payment failed and was not made good by a later run of the month.
    pub failed: i64,
}

/// What was paid month by month, re-issues included; only months with runs.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division outside the reader's scope.
pub async fn paid_by_month(
    office: &Office,
    actor: &Granted<Report>,
    programme: Option<&str>,
    division: Option<DivisionId>,
    from: Month,
    until: Month,
) -> Result<Vec<PaidMonth>, OfficeError> {
    let area = area(office, actor, division).await?;
    paid(office, &area, &Own::of(office, actor), programme, (from, until)).await
}

pub(super) async fn paid(
    office: &Office,
    area: &Area,
    own: &Own,
    programme: Option<&str>,
    (from, until): (Month, Month),
) -> Result<Vec<PaidMonth>, OfficeError> {
    let sql = "SELECT k.month, CAST(SUM(CASE WHEN k.paid_fen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS households, \
         CAST(SUM(k.paid_fen) AS BIGINT) AS paid_fen, \
         CAST(SUM(CASE WHEN k.paid_fen = 0 AND k.failed > 0 THEN 1 ELSE 0 END) AS BIGINT) AS failed_count \
         FROM (SELECT r.month, e.id, \
         SUM(CASE WHEN pl.state = 'succeeded' THEN pl.amount_fen ELSE 0 END) AS paid_fen, \
         SUM(CASE WHEN pl.state = 'failed' THEN 1 ELSE 0 END) AS failed \
         FROM payment_run r JOIN payment_line pl ON pl.run_id = r.id JOIN entitlement e ON e.id = pl.entitlement_id \
         WHERE {scope} AND r.month >= ? AND r.month <= ? AND (CAST(? AS TEXT) IS NULL OR r.programme = ?) \
         GROUP BY r.month, e.id) k GROUP BY k.month ORDER BY k.month";
    let rows = Query::new(&area.scope, &PAID, sql)
        .only("r.programme", own.programmes.clone())
        .bind(from)
        .bind(until)
        .bind(programme)
        .bind(programme);
    let rows = rows
        .all_as(office.db(), |row| {
            Ok(PaidMonth {
                month: row.get("month")?,
                households: row.get("households")?,
                paid: row.get("paid_fen")?,
                failed: row.get("failed_count")?,
            })
        })
        .await?;
    Ok(rows)
}

/// Lines of families in the subtree; what a county's run pays to another county's families does not exist.
const PAID: ScopeColumns =
    ScopeColumns { own: None, task: None, organisation: None, subtree: ENTITLEMENT.subtree };
