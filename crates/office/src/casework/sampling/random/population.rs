//! What is drawn from: decided cases, benefits on the roll at a day, payments of a month or of one run. In the order of their ids, so that
//! the numbers from one up under which they are drawn are nobody's choice.

use chrono::{Days, NaiveDate};
use ledger::RunId;
use ledger::scope::{ENTITLEMENT, RUN};
use store::{Connection, DivisionId, HouseholdId, Query, Row, StaffId};
use vocab::Month;

use super::super::super::{CASE, lists};
use crate::OfficeError;
use crate::access::{Granted, Sample};

/// What kind of thing is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Decided cases.
    Decisions,
    /// Benefits on the roll.
    Benefits,
    /// Payments.
    Payments,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 3] = [Kind::Decisions, Kind::Benefits, Kind::Payments];

    /// As forms and the database name it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Kind::Decisions => "decisions",
            Kind::Benefits => "benefits",
            Kind::Payments => "payments",
        }
    }

    pub(super) fn from_code(code: &str) -> Kind {
        Kind::ALL.into_iter().find(|kind| kind.code() == code).unwrap_or(Kind::Decisions)
    }

    /// As people say it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Kind::Decisions => "已作出的决定",
            Kind::Benefits => "在册待遇",
            Kind::Payments => "已复核的发放",
        }
    }

    /// What one of them is counted in.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Kind::Decisions => "件",
            Kind::Benefits => "户",
            Kind::Payments => "笔",
        }
    }
}

/// What is drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objects {
    /// Cases of an item that were decided on these days, which are over.
    Decisions {
        /// Item.
        item: String,
        /// First day of decision.
        from: NaiveDate,
        /// Last day of decision.
        until: NaiveDate,
    },
    /// Benefits of a programme that were on the roll at a day.
    Benefits {
        /// Programme.
        programme: String,
        /// The day.
        on: NaiveDate,
    },
    /// Approved payments of a programme and month.
    Payments {
        /// Programme.
        programme: String,
        /// Month.
        month: Month,
        /// Of this run alone.
        run: Option<RunId>,
    },
}

impl Objects {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Objects::Decisions { .. } => Kind::Decisions,
            Objects::Benefits { .. } => Kind::Benefits,
            Objects::Payments { .. } => Kind::Payments,
        }
    }

    /// The item or programme.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Objects::Decisions { item, .. } => item,
            Objects::Benefits { programme, .. } | Objects::Payments { programme, .. } => programme,
        }
    }

    /// First and last day.
    #[must_use]
    pub fn days(&self) -> (NaiveDate, NaiveDate) {
        match self {
            Objects::Decisions { from, until, .. } => (*from, *until),
            Objects::Benefits { on, .. } => (*on, *on),
            Objects::Payments { month, .. } => (month.first_day(), month.last_day()),
        }
    }

    /// The days that count as drawn from: of a roll the whole month, or somebody draws day after day until they like the result.
    pub(super) fn taken(&self) -> (NaiveDate, NaiveDate) {
        match self {
            Objects::Benefits { on, .. } => {
                let month = Month::containing(*on);
                (month.first_day(), month.last_day())
            }
            _ => self.days(),
        }
    }

    pub(super) fn run(&self) -> Option<RunId> {
        match self {
            Objects::Payments { run, .. } => *run,
            _ => None,
        }
    }
}

/// One object of the population.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// Case, benefit or line of a run.
    pub id: i64,
    /// What its office knows it by.
    pub number: String,
    /// The township that prepared it.
    pub township: DivisionId,
    pub household: HouseholdId,
    pub entitlement: Option<i64>,
    /// Who made or approved it, beside whoever acted in its cases.
    pub hands: Vec<StaffId>,
}

/// The whole population, in the order of its ids.
pub(super) async fn of(
    connection: &impl Connection,
    actor: &Granted<Sample>,
    objects: &Objects,
) -> Result<Vec<Object>, OfficeError> {
    match objects {
        Objects::Decisions { item, from, until } => decisions(connection, actor, item, *from, *until).await,
        Objects::Benefits { programme, on } => benefits(connection, actor, programme, *on).await,
        Objects::Payments { programme, month, run } => {
            payments(connection, actor, programme, *month, *run).await
        }
    }
}

/// A case belongs to one county's population, whoever else may see it.
async fn decisions(
    connection: &impl Connection,
    actor: &Granted<Sample>,
    item: &str,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Object>, OfficeError> {
    let found = Query::new(
        &actor.scope(),
        &CASE,
        "SELECT c.id, c.number, c.township_id, c.household_id, c.entitlement_id, c.filed_by FROM case_file c WHERE {scope} \
         AND c.county_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?) \
         AND c.item = ? AND c.decided_on >= ? AND c.decided_on <= ? ORDER BY c.id",
    )
    .bind(actor.division)
    .bind(item)
    .bind(from)
    .bind(until)
    .all_as(connection, |row| {
        let filed_by: Option<StaffId> = row.get("filed_by")?;
        object(row, row.get("number")?, filed_by.into_iter().collect())
    })
    .await?;
    Ok(found)
}

async fn benefits(
    connection: &impl Connection,
    actor: &Granted<Sample>,
    programme: &str,
    on: NaiveDate,
) -> Result<Vec<Object>, OfficeError> {
    let month = Month::containing(on);
    let found = Query::new(
        &actor.scope(),
        &ENTITLEMENT,
        "SELECT e.id, e.township_id, e.household_id, e.id AS entitlement_id, e.made_by FROM entitlement e WHERE {scope} \
         AND e.programme = ? AND e.made_at < ? AND e.from_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?) ORDER BY e.id",
    )
    .bind(programme)
    .bind(lists::at_midnight(on + Days::new(1)))
    .bind(month)
    .bind(month)
    .all_as(connection, |row| {
        let id: i64 = row.get("id")?;
        object(row, id.to_string(), vec![row.get("made_by")?])
    })
    .await?;
    Ok(found)
}

async fn payments(
    connection: &impl Connection,
    actor: &Granted<Sample>,
    programme: &str,
    month: Month,
    run: Option<RunId>,
) -> Result<Vec<Object>, OfficeError> {
    let of_run = if run.is_some() { " AND r.id = ?" } else { "" };
    let sql = format!(
        "SELECT l.id, l.run_id, l.line_no, e.township_id, e.household_id, e.id AS entitlement_id, e.made_by AS granted_by, \
         r.made_by, r.approved_by FROM payment_line l JOIN payment_run r ON r.id = l.run_id JOIN entitlement e ON e.id = l.entitlement_id \
         WHERE {{scope}} AND r.programme = ? AND r.month = ? AND r.state IN ('approved', 'exporting', 'exported', 'answered', 'closed') \
         AND l.state IN ('open', 'succeeded'){of_run} ORDER BY l.id"
    );
    let mut query = Query::new(&actor.scope(), &RUN, sql).bind(programme).bind(month);
    if let Some(run) = run {
        query = query.bind(run);
    }
    let found = query
        .all_as(connection, |row| {
            let (run, line): (i64, i64) = (row.get("run_id")?, row.get("line_no")?);
            let approved_by: Option<StaffId> = row.get("approved_by")?;
            let mut hands: Vec<StaffId> = vec![row.get("granted_by")?, row.get("made_by")?];
            hands.extend(approved_by);
            object(row, format!("{run}-{line}"), hands)
        })
        .await?;
    Ok(found)
}

fn object(row: &Row, number: String, hands: Vec<StaffId>) -> store::Result<Object> {
    Ok(Object {
        id: row.get("id")?,
        number,
        township: row.get("township_id")?,
        household: row.get("household_id")?,
        entitlement: row.get("entitlement_id")?,
        hands,
    })
}
