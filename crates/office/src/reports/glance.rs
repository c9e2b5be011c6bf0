//! The place at a glance (驾驶舱): people helped, money, cases and their clocks, alerts, over all matters at once, for a division and those one step below it.
//! The plan's part is [`crate::plans`]'. Every number is what the reports of the same name count, so it opens there.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike as _, NaiveDate};
use ledger::scope::ENTITLEMENT;
use store::{DivisionId, Query, ScopeColumns};
use vocab::{Fen, Level, Month, Now};

use super::case_figures::{COUNTED_CASE, LIMIT};
use super::own::Own;
use super::roll_figures::{ALIVE, PERSONS};
use super::{Area, area, case_figures, roll_figures};
use crate::access::{Granted, Report};
use crate::records::alerts::ALERT_COLUMNS;
use crate::{Office, OfficeError};

/// Numbers of one division.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceGlance {
    /// The division; none for the whole of what lies in no part.
    pub division: Option<DivisionId>,
    /// Its code; empty for the rest.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Families on a roll in the month.
    pub households: i64,
    /// Persons covered, each programme for itself.
    pub persons: i64,
    /// Paid out by the bank in the month.
    pub paid_month: Fen,
    /// Paid out by the bank since January.
    pub paid_year: Fen,
    /// Filed since January.
    pub filed: i64,
    /// Open today.
    pub open: i64,
    /// Clocks that ended since January.
    pub ended: i64,
    /// Of these, in time.
    pub in_time: i64,
    /// Open tasks whose day is past, as the work lists count them.
    pub overdue: i64,
    /// Alerts of the registers that are open.
    pub alerts: i64,
    /// Of these, urgent.
    pub urgent: i64,
}

impl PlaceGlance {
    fn add(&mut self, other: &PlaceGlance) {
        let PlaceGlance {
            division: _,
            code: _,
            name: _,
            households,
            persons,
            paid_month,
            paid_year,
            filed,
            open,
            ended,
            in_time,
            overdue,
            alerts,
            urgent,
        } = other;
        self.households += households;
        self.persons += persons;
        self.paid_month.0 = self.paid_month.0.saturating_add(paid_month.0);
        self.paid_year.0 = self.paid_year.0.saturating_add(paid_year.0);
        self.filed += filed;
        self.open += open;
        self.ended += ended;
        self.in_time += in_time;
        self.overdue += overdue;
        self.alerts += alerts;
        self.urgent += urgent;
    }

    /// Tenths of a percent of the ended clocks that were kept, rounded half up; none when nothing ended.
    #[must_use]
    pub fn in_time_permille(&self) -> Option<i64> {
        (self.ended > 0).then(|| (2000 * self.in_time + self.ended) / (2 * self.ended))
    }
}

/// A matter: what of it was filed, is open and was late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemGlance {
    /// The matter.
    pub item: String,
    /// Filed since January.
    pub filed: i64,
    /// Open today.
    pub open: i64,
    /// Clocks that ended since January.
    pub ended: i64,
    /// Of these, in time.
    pub in_time: i64,
    /// Open tasks whose day is past.
    pub overdue: i64,
}

/// A programme on the roll of the month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeGlance {
    /// The programme.
    pub programme: String,
    /// Families.
    pub households: i64,
    /// Persons.
    pub persons: i64,
    /// Paid out in the month.
    pub paid_month: Fen,
    /// Paid out since January.
    pub paid_year: Fen,
}

/// A month of the last twelve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthGlance {
    /// The month.
    pub month: Month,
    /// Paid out.
    pub paid: Fen,
    /// Filed.
    pub filed: i64,
    /// Ended.
    pub ended: i64,
}

/// The place at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// When it was reckoned.
    pub at: Now,
    /// The month.
    pub month: Month,
    /// The first of January of its year, from which cases and payments are counted.
    pub from: NaiveDate,
    /// The last day counted.
    pub until: NaiveDate,
    /// The whole.
    pub whole: PlaceGlance,
    /// The level of the whole.
    pub level: Level,
    /// The divisions one step below.
    pub parts: Vec<PlaceGlance>,
    /// Matters with anything to say, the most filed first.
    pub items: Vec<ItemGlance>,
    /// Programmes with anybody on their roll or money paid, in the packs' order.
    pub programmes: Vec<ProgrammeGlance>,
    /// The last twelve months, the oldest first.
    pub months: Vec<MonthGlance>,
}

/// Months of the courses.
const MONTHS: i32 = 12;

/// Lines of families in the subtree.
const PAID: ScopeColumns =
    ScopeColumns { own: None, task: None, organisation: None, subtree: ENTITLEMENT.subtree };

type Parts = BTreeMap<DivisionId, PlaceGlance>;

/// A division and those one step below it at a glance. Alerts are counted of the `registers` that the reader may see. What another reader of
/// the place and the same businesses was shown some minutes ago is shown again ([`Office::with_figures_kept`]); [`Glance::at`] says when it was
/// reckoned.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division outside the reader's area.
pub async fn glance(
    office: &Office,
    actor: &Granted<Report>,
    division: Option<DivisionId>,
    registers: &[String],
) -> Result<Arc<Glance>, OfficeError> {
    let area = area(office, actor, division).await?;
    let own = Own::of(office, actor);
    let (now, key) = (office.now(), (area.whole.id, own.clone(), registers.to_vec()));
    let shelves = &office.figures;
    shelves.glances.get(shelves.fresh_for, key, now, reckoned(office, &area, &own, registers, now)).await
}

/// As [`glance`], reckoned each time: what goes out as a file.
///
/// # Errors
/// As there.
pub async fn glance_now(
    office: &Office,
    actor: &Granted<Report>,
    division: Option<DivisionId>,
    registers: &[String],
) -> Result<Glance, OfficeError> {
    let area = area(office, actor, division).await?;
    reckoned(office, &area, &Own::of(office, actor), registers, office.now()).await
}

pub(super) async fn reckoned(
    office: &Office,
    area: &Area,
    own: &Own,
    registers: &[String],
    now: Now,
) -> Result<Glance, OfficeError> {
    let until = now.today();
    let month = Month::containing(until);
    let from = NaiveDate::from_ymd_opt(until.year(), 1, 1).unwrap_or(until);
    let january = Month::containing(from);
    let mut parts = Parts::new();
    let mut programmes: BTreeMap<String, ProgrammeGlance> = BTreeMap::new();
    roll(office, area, own, month, &mut parts, &mut programmes).await?;
    money(office, area, own, (january, month), &mut parts, &mut programmes).await?;
    let mut items = BTreeMap::new();
    cases(office, area, own, (from, until), &mut parts, &mut items).await?;
    alerts(office, area, registers, &mut parts).await?;
    let months = months(office, area, own, month).await?;
    let mut items: Vec<ItemGlance> = items.into_values().collect();
    items.sort_by_key(|item: &ItemGlance| (std::cmp::Reverse((item.filed, item.open)), item.item.clone()));
    let release = office.release();
    let programmes =
        release.programmes.iter().filter_map(|programme| programmes.remove(programme.id.as_str())).collect();
    let mut list = Vec::new();
    for part in &area.parts {
        let found = parts.remove(&part.id).unwrap_or_default();
        list.push(PlaceGlance {
            division: Some(part.id),
            code: part.code.clone(),
            name: part.name.clone(),
            ..found
        });
    }
    // What lies with the place's own office and in none of its parts.
    if let Some(own) = parts.remove(&area.whole.id) {
        list.push(PlaceGlance { name: "本级".to_owned(), ..own });
    }
    let mut rest =
        PlaceGlance { name: "其他（已撤并的区划）".to_owned(), ..PlaceGlance::default() };
    for part in parts.values() {
        rest.add(part);
    }
    if rest != (PlaceGlance { name: rest.name.clone(), ..PlaceGlance::default() }) {
        list.push(rest);
    }
    let mut whole = PlaceGlance {
        division: Some(area.whole.id),
        code: area.whole.code.clone(),
        name: area.whole.name.clone(),
        ..PlaceGlance::default()
    };
    for part in &list {
        whole.add(part);
    }
    Ok(Glance {
        at: now,
        month,
        from,
        until,
        whole,
        level: area.whole.level,
        parts: list,
        items,
        programmes,
        months,
    })
}

async fn roll(
    office: &Office,
    area: &Area,
    own: &Own,
    month: Month,
    parts: &mut Parts,
    programmes: &mut BTreeMap<String, ProgrammeGlance>,
) -> Result<(), OfficeError> {
    let part = roll_figures::part_column(area);
    let sql = format!(
        "SELECT k.division_id, k.programme, COUNT(*) AS households, CAST(SUM(k.persons) AS BIGINT) AS persons \
         FROM (SELECT {part} AS division_id, e.programme, {PERSONS} AS persons FROM entitlement e WHERE {{scope}} AND {ALIVE}) k \
         GROUP BY k.division_id, k.programme"
    );
    let mut query = Query::new(&area.scope, &ENTITLEMENT, sql).only("e.programme", own.programmes.clone());
    for _ in 0..4 {
        query = query.bind(month);
    }
    for row in query.all(office.db()).await? {
        let (households, persons): (i64, i64) = (row.get("households")?, row.get("persons")?);
        let part = parts.entry(row.get("division_id")?).or_default();
        part.households += households;
        part.persons += persons;
        let programme = of_programme(programmes, row.get("programme")?);
        programme.households += households;
        programme.persons += persons;
    }
    Ok(())
}

fn of_programme(
    programmes: &mut BTreeMap<String, ProgrammeGlance>,
    programme: String,
) -> &mut ProgrammeGlance {
    programmes.entry(programme.clone()).or_insert(ProgrammeGlance {
        programme,
        households: 0,
        persons: 0,
        paid_month: Fen(0),
        paid_year: Fen(0),
    })
}

async fn money(
    office: &Office,
    area: &Area,
    own: &Own,
    (january, month): (Month, Month),
    parts: &mut Parts,
    programmes: &mut BTreeMap<String, ProgrammeGlance>,
) -> Result<(), OfficeError> {
    let part = roll_figures::part_column(area);
    let sql = format!(
        "SELECT {part} AS division_id, r.programme, CAST(SUM(pl.amount_fen) AS BIGINT) AS year_fen, \
         CAST(SUM(CASE WHEN r.month = ? THEN pl.amount_fen ELSE 0 END) AS BIGINT) AS month_fen \
         FROM payment_run r JOIN payment_line pl ON pl.run_id = r.id JOIN entitlement e ON e.id = pl.entitlement_id \
         WHERE {{scope}} AND r.month >= ? AND r.month <= ? AND pl.state = 'succeeded' GROUP BY {part}, r.programme"
    );
    let query = Query::new(&area.scope, &PAID, sql)
        .only("r.programme", own.programmes.clone())
        .bind(month)
        .bind(january)
        .bind(month);
    for row in query.all(office.db()).await? {
        let (of_year, of_month): (Fen, Fen) = (row.get("year_fen")?, row.get("month_fen")?);
        let part = parts.entry(row.get("division_id")?).or_default();
        part.paid_year.0 = part.paid_year.0.saturating_add(of_year.0);
        part.paid_month.0 = part.paid_month.0.saturating_add(of_month.0);
        let programme = of_programme(programmes, row.get("programme")?);
        programme.paid_year.0 = programme.paid_year.0.saturating_add(of_year.0);
        programme.paid_month.0 = programme.paid_month.0.saturating_add(of_month.0);
    }
    Ok(())
}

fn of_item(items: &mut BTreeMap<String, ItemGlance>, item: String) -> &mut ItemGlance {
    items.entry(item.clone()).or_insert(ItemGlance {
        item,
        filed: 0,
        open: 0,
        ended: 0,
        in_time: 0,
        overdue: 0,
    })
}

async fn cases(
    office: &Office,
    area: &Area,
    own: &Own,
    (from, until): (NaiveDate, NaiveDate),
    parts: &mut Parts,
    items: &mut BTreeMap<String, ItemGlance>,
) -> Result<(), OfficeError> {
    let part = case_figures::part_column(area);
    let counted = |sql: String| Query::new(&area.scope, &COUNTED_CASE, sql).only("c.item", own.items.clone());
    let sql = format!(
        "SELECT {part} AS division_id, c.item, CAST(SUM(CASE WHEN c.filed_on >= ? AND c.filed_on <= ? THEN 1 ELSE 0 END) AS BIGINT) AS filed_count, \
         CAST(SUM(CASE WHEN c.state = 'open' THEN 1 ELSE 0 END) AS BIGINT) AS open_count FROM case_file c \
         WHERE {{scope}} AND (c.state = 'open' OR c.filed_on >= ?) GROUP BY {part}, c.item"
    );
    let query = counted(sql).bind(from).bind(until);
    for row in query.bind(from).all(office.db()).await? {
        let (filed, open): (i64, i64) = (row.get("filed_count")?, row.get("open_count")?);
        let part = parts.entry(row.get("division_id")?).or_default();
        part.filed += filed;
        part.open += open;
        let item = of_item(items, row.get("item")?);
        item.filed += filed;
        item.open += open;
    }
    let sql = format!(
        "SELECT {part} AS division_id, c.item, \
         CAST(COUNT(*) AS BIGINT) AS ended_count, \
         CAST(SUM(CASE WHEN cc.ended_on <= {LIMIT} THEN 1 ELSE 0 END) AS BIGINT) AS in_time_count \
         FROM case_file c JOIN case_clock cc ON cc.case_id = c.id \
         WHERE {{scope}} AND cc.ended_on >= ? AND cc.ended_on <= ? GROUP BY {part}, c.item"
    );
    let query = counted(sql).bind(from).bind(until);
    for row in query.all(office.db()).await? {
        let (ended, in_time): (i64, i64) = (row.get("ended_count")?, row.get("in_time_count")?);
        let part = parts.entry(row.get("division_id")?).or_default();
        part.ended += ended;
        part.in_time += in_time;
        let item = of_item(items, row.get("item")?);
        item.ended += ended;
        item.in_time += in_time;
    }
    // As the work lists count: a review that nobody has begun has a day, and no clock yet.
    let sql = format!(
        "SELECT {part} AS division_id, c.item, CAST(COUNT(*) AS BIGINT) AS overdue_count \
         FROM case_file c JOIN task t ON t.case_id = c.id \
         WHERE {{scope}} AND c.state = 'open' AND t.state = 'open' AND t.due_on < ? GROUP BY {part}, c.item"
    );
    for row in counted(sql).bind(until).all(office.db()).await? {
        let overdue: i64 = row.get("overdue_count")?;
        parts.entry(row.get("division_id")?).or_default().overdue += overdue;
        of_item(items, row.get("item")?).overdue += overdue;
    }
    Ok(())
}

/// Open alerts of the registers that the reader may see, by the part that they lie in.
async fn alerts(
    office: &Office,
    area: &Area,
    registers: &[String],
    parts: &mut Parts,
) -> Result<(), OfficeError> {
    if registers.is_empty() {
        return Ok(());
    }
    // Each alert lies in one division, so it counts in the one part that it lies in or under.
    let rows = Query::new(
        &area.scope,
        &ALERT_COLUMNS,
        "SELECT c.ancestor_id AS division_id, COUNT(*) AS many, CAST(SUM(CASE WHEN a.urgent THEN 1 ELSE 0 END) AS BIGINT) AS urgent_count \
         FROM record_alert a JOIN division_closure c ON c.descendant_id = a.division_id \
         WHERE {scope} AND a.state = 'open' AND a.register IN ({list}) GROUP BY c.ancestor_id",
    )
    .bind_list(registers.iter().map(String::as_str))
    .all(office.db())
    .await?;
    let mut of_parts = (0, 0);
    let mut of_whole = (0, 0);
    for row in rows {
        let division: DivisionId = row.get("division_id")?;
        let (many, urgent): (i64, i64) = (row.get("many")?, row.get("urgent_count")?);
        if division == area.whole.id {
            of_whole = (many, urgent);
        }
        if area.parts.iter().any(|part| part.id == division) {
            let part = parts.entry(division).or_default();
            (part.alerts, part.urgent) = (many, urgent);
            of_parts = (of_parts.0 + many, of_parts.1 + urgent);
        }
    }
    // What lies with the whole's own office, above its parts.
    if of_whole.0 > of_parts.0 {
        let own = parts.entry(area.whole.id).or_default();
        own.alerts += of_whole.0 - of_parts.0;
        own.urgent += of_whole.1 - of_parts.1;
    }
    Ok(())
}

async fn months(
    office: &Office,
    area: &Area,
    own: &Own,
    until: Month,
) -> Result<Vec<MonthGlance>, OfficeError> {
    let from = until.plus(1 - MONTHS).max(Month::FIRST);
    let mut months: Vec<MonthGlance> = (0..=from.months_until(until))
        .map(|step| MonthGlance { month: from.plus(step), paid: Fen(0), filed: 0, ended: 0 })
        .collect();
    let paid = Query::new(
        &area.scope,
        &PAID,
        "SELECT r.month, CAST(SUM(pl.amount_fen) AS BIGINT) AS paid_fen FROM payment_run r JOIN payment_line pl ON pl.run_id = r.id \
         JOIN entitlement e ON e.id = pl.entitlement_id WHERE {scope} AND r.month >= ? AND r.month <= ? AND pl.state = 'succeeded' GROUP BY r.month",
    );
    let paid = paid.only("r.programme", own.programmes.clone());
    for row in paid.bind(from).bind(until).all(office.db()).await? {
        let month: Month = row.get("month")?;
        if let Some(known) = months.iter_mut().find(|known| known.month == month) {
            known.paid = row.get("paid_fen")?;
        }
    }
    for (column, into) in [("filed_on", true), ("ended_on", false)] {
        let sql = format!(
            "SELECT c.{column} AS day, COUNT(*) AS many FROM case_file c WHERE {{scope}} AND c.{column} >= ? AND c.{column} <= ? GROUP BY c.{column}"
        );
        let query = Query::new(&area.scope, &COUNTED_CASE, sql)
            .only("c.item", own.items.clone())
            .bind(from.first_day())
            .bind(until.last_day());
        for row in query.all(office.db()).await? {
            let month = Month::containing(row.get("day")?);
            if let Some(known) = months.iter_mut().find(|known| known.month == month) {
                let many: i64 = row.get("many")?;
                *(if into { &mut known.filed } else { &mut known.ended }) += many;
            }
        }
    }
    Ok(months)
}
