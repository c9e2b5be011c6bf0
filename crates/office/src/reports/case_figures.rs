//! Cases in numbers: applications by channel, open work by step, outcomes, and the clocks that were kept.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use store::{DivisionId, Query, Row, ScopeColumns};
use vocab::Level;

use super::own::Own;
use super::{Area, area};
use crate::access::{Granted, Report};
use crate::{Office, OfficeError};

/// A case counts once, where its family lives, whoever else may read it.
pub(super) const COUNTED_CASE: ScopeColumns = ScopeColumns {
    subtree: Some(
        "c.village_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CaseQuery {
    /// Matter.
    pub item: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
    /// The division reported on; the reader's own if none.
    pub division: Option<DivisionId>,
}

/// A number with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Channel, step or outcome.
    pub code: String,
    /// As pages print it.
    pub title: String,
    /// How many.
    pub count: i64,
}

/// How one clock was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockFigures {
    /// The clock.
    pub clock: String,
    /// As pages print it.
    pub title: String,
    /// Ended in the time asked for.
    pub ended: i64,
    /// Of these, not after the limit, extensions counted; where holidays were not published then, by the latest reading.
    pub in_time: i64,
    /// Still running and past the limit today.
    pub overdue: i64,
}

impl ClockFigures {
    /// Tenths of a percent in time, rounded half up; none when nothing ended.
    #[must_use]
    pub fn permille(&self) -> Option<i64> {
        (self.ended > 0).then(|| (2000 * self.in_time + self.ended) / (2 * self.ended))
    }
}

/// The numbers of one division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFigures {
    /// The division.
    pub division: DivisionId,
    /// Its name.
    pub name: String,
    /// Filed in the time asked for, by channel.
    pub channels: Vec<Counted>,
    /// Open today, by step.
    pub steps: Vec<Counted>,
    /// Ended in the time asked for, by outcome.
    pub outcomes: Vec<Counted>,
    /// Clocks.
    pub clocks: Vec<ClockFigures>,
    /// Decided in the time asked for by a township to which confirming was delegated.
    pub decided_delegated: i64,
    /// Decided in the time asked for.
    pub decided: i64,
}

impl CaseFigures {
    /// Filed, over all channels.
    #[must_use]
    pub fn filed(&self) -> i64 {
        self.channels.iter().map(|counted| counted.count).sum()
    }

    /// Open, over all steps.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.steps.iter().map(|counted| counted.count).sum()
    }
}

/// The numbers of each division one step below, and last of the whole.
///
/// # Errors
/// [`OfficeError::NotFound`] for a matter the packs do not have or of another business, or a division outside the reader's scope.
pub async fn case_figures(
    office: &Office,
    actor: &Granted<Report>,
    query: &CaseQuery,
) -> Result<Vec<CaseFigures>, OfficeError> {
    let area = area(office, actor, query.division).await?;
    reckoned(office, &area, &Own::of(office, actor), query).await
}

pub(super) async fn reckoned(
    office: &Office,
    area: &Area,
    own: &Own,
    query: &CaseQuery,
) -> Result<Vec<CaseFigures>, OfficeError> {
    let words = Words::of(office, own, &query.item)?;
    let part = part_column(area);
    let period = "c.item = ? AND {day} >= ? AND {day} <= ?";
    let mut tallies: BTreeMap<DivisionId, Tally> = BTreeMap::new();

    let by = |select: &str, condition: &str, group: &str| {
        format!(
            "SELECT {part} AS division_id, {select} FROM case_file c WHERE {{scope}} AND {condition} GROUP BY {part}{group}"
        )
    };
    let within = |sql: String| {
        Query::new(&area.scope, &COUNTED_CASE, sql)
            .bind(query.item.as_str())
            .bind(query.from)
            .bind(query.until)
    };
    let channels =
        by("c.channel AS code, COUNT(*) AS many", &period.replace("{day}", "c.filed_on"), ", c.channel");
    for row in within(channels).all(office.db()).await? {
        count(&mut tallies, &row, |tally| &mut tally.channels)?;
    }
    let steps = by("c.step AS code, COUNT(*) AS many", "c.item = ? AND c.state = 'open'", ", c.step");
    for row in
        Query::new(&area.scope, &COUNTED_CASE, steps).bind(query.item.as_str()).all(office.db()).await?
    {
        count(&mut tallies, &row, |tally| &mut tally.steps)?;
    }
    let outcomes =
        by("c.outcome AS code, COUNT(*) AS many", &period.replace("{day}", "c.ended_on"), ", c.outcome");
    for row in within(outcomes).all(office.db()).await? {
        count(&mut tallies, &row, |tally| &mut tally.outcomes)?;
    }
    let decided = by(
        "COUNT(*) AS many, CAST(SUM(CASE WHEN c.delegated THEN 1 ELSE 0 END) AS BIGINT) AS delegated_count",
        &period.replace("{day}", "c.decided_on"),
        "",
    );
    for row in within(decided).all(office.db()).await? {
        let tally = tallies.entry(row.get("division_id")?).or_default();
        tally.decided += row.get::<i64>("many")?;
        tally.decided_delegated += row.get::<i64>("delegated_count")?;
    }
    for row in clocks(area, part, query, office.now().today()).all(office.db()).await? {
        let tally = tallies.entry(row.get("division_id")?).or_default();
        let clock = tally.clocks.entry(row.get("clock")?).or_default();
        clock.0 += row.get::<i64>("ended_count")?;
        clock.1 += row.get::<i64>("in_time_count")?;
        clock.2 += row.get::<i64>("overdue_count")?;
    }

    let mut whole = Tally::default();
    tallies.values().for_each(|tally| whole.add(tally));
    let mut figures: Vec<CaseFigures> = area
        .parts
        .iter()
        .map(|part| tallies.remove(&part.id).unwrap_or_default().figures(part.id, &part.name, &words))
        .collect();
    figures.push(whole.figures(area.whole.id, &area.whole.name, &words));
    Ok(figures)
}

pub(super) fn part_column(area: &Area) -> &'static str {
    match area.level {
        Some(Level::County) => "c.county_id",
        Some(Level::Township) => "c.township_id",
        _ => "c.village_id",
    }
}

/// A clock's limit: the day that was told to the family; in a year without published holidays, the latest reading.
pub(super) const LIMIT: &str = "COALESCE(cc.due_on, cc.latest_on)";

fn clocks(area: &Area, part: &str, query: &CaseQuery, today: NaiveDate) -> Query {
    let sql = format!(
        "SELECT {part} AS division_id, cc.clock, \
         CAST(SUM(CASE WHEN cc.ended_on IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS ended_count, \
         CAST(SUM(CASE WHEN cc.ended_on <= {LIMIT} THEN 1 ELSE 0 END) AS BIGINT) AS in_time_count, \
         CAST(SUM(CASE WHEN cc.ended_on IS NULL AND {LIMIT} < ? THEN 1 ELSE 0 END) AS BIGINT) AS overdue_count \
         FROM case_file c JOIN case_clock cc ON cc.case_id = c.id \
         WHERE {{scope}} AND c.item = ? AND (cc.ended_on IS NULL OR (cc.ended_on >= ? AND cc.ended_on <= ?)) \
         GROUP BY {part}, cc.clock"
    );
    Query::new(&area.scope, &COUNTED_CASE, sql)
        .bind(today)
        .bind(query.item.as_str())
        .bind(query.from)
        .bind(query.until)
}

/// Counts of one division by code; clocks as ended, in time, overdue.
#[derive(Default)]
struct Tally {
    channels: BTreeMap<String, i64>,
    steps: BTreeMap<String, i64>,
    outcomes: BTreeMap<String, i64>,
    clocks: BTreeMap<String, (i64, i64, i64)>,
    decided: i64,
    decided_delegated: i64,
}

fn count(
    tallies: &mut BTreeMap<DivisionId, Tally>,
    row: &Row,
    of: impl Fn(&mut Tally) -> &mut BTreeMap<String, i64>,
) -> Result<(), OfficeError> {
    let tally = tallies.entry(row.get("division_id")?).or_default();
    *of(tally).entry(row.get("code")?).or_default() += row.get::<i64>("many")?;
    Ok(())
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        let sum = |into: &mut BTreeMap<String, i64>, from: &BTreeMap<String, i64>| {
            for (code, many) in from {
                *into.entry(code.clone()).or_default() += many;
            }
        };
        sum(&mut self.channels, &other.channels);
        sum(&mut self.steps, &other.steps);
        sum(&mut self.outcomes, &other.outcomes);
        for (clock, (ended, in_time, overdue)) in &other.clocks {
            let into = self.clocks.entry(clock.clone()).or_default();
            *into = (into.0 + ended, into.1 + in_time, into.2 + overdue);
        }
        self.decided += other.decided;
        self.decided_delegated += other.decided_delegated;
    }

    fn figures(self, division: DivisionId, name: &str, words: &Words) -> CaseFigures {
        let counted = |counts: BTreeMap<String, i64>, titles: &[(String, String)]| {
            let mut list: Vec<Counted> = counts
                .into_iter()
                .map(|(code, count)| Counted { title: title_in(titles, &code), code, count })
                .collect();
            let place = |code: &str| titles.iter().position(|(known, _)| known == code);
            list.sort_by_key(|counted| place(&counted.code).unwrap_or(titles.len()));
            list
        };
        let clocks = self
            .clocks
            .into_iter()
            .filter(|(_, (ended, _, overdue))| *ended > 0 || *overdue > 0)
            .map(|(clock, (ended, in_time, overdue))| ClockFigures {
                title: title_in(&words.clocks, &clock),
                clock,
                ended,
                in_time,
                overdue,
            })
            .collect();
        CaseFigures {
            division,
            name: name.to_owned(),
            channels: counted(self.channels, &words.channels),
            steps: counted(self.steps, &words.steps),
            outcomes: counted(self.outcomes, &words.outcomes),
            clocks,
            decided_delegated: self.decided_delegated,
            decided: self.decided,
        }
    }
}

/// Titles by code, in the order of the pack.
pub(super) struct Words {
    channels: Vec<(String, String)>,
    pub(super) steps: Vec<(String, String)>,
    outcomes: Vec<(String, String)>,
    clocks: Vec<(String, String)>,
}

impl Words {
    /// Of a matter whose figures the reader may see.
    pub(super) fn of(office: &Office, own: &Own, item: &str) -> Result<Words, OfficeError> {
        let release = office.release();
        let item =
            release.items.get(item).filter(|_| own.item(item)).ok_or(OfficeError::NotFound("这个事项"))?;
        let list = |id: &str| {
            release.codelists.get(id).map_or_else(Vec::new, |list| {
                list.values.iter().map(|code| (code.code.get().clone(), code.title.clone())).collect()
            })
        };
        Ok(Words {
            channels: list("channel"),
            steps: item.steps.iter().map(|step| (step.id.get().clone(), step.title.clone())).collect(),
            outcomes: list("case_outcome"),
            clocks: item.clocks.iter().map(|clock| (clock.id.get().clone(), clock.title.clone())).collect(),
        })
    }
}

pub(super) fn title_in(titles: &[(String, String)], code: &str) -> String {
    titles.iter().find(|(known, _)| known == code).map_or_else(|| code.to_owned(), |(_, title)| title.clone())
}
