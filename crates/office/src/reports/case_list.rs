//! The cases behind a number.

use chrono::NaiveDate;
use store::{AuditEntry, CaseId, Cursor, Page, Query, ScopeColumns};

use super::area;
use super::case_figures::{COUNTED_CASE, CaseQuery, LIMIT, Words, title_in};
use super::own::Own;
use super::roll_list::cut;
use crate::access::{Granted, Report};
use crate::{Office, OfficeError, audited};

/// As [`COUNTED_CASE`], for lists that are read down the days until the page is full: the sign keeps the database from gathering the cases of every
/// village to sort them.
const LISTED_CASE: ScopeColumns = ScopeColumns {
    subtree: Some(
        "+c.village_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    ..ScopeColumns::NONE
};

/// Which number is opened; a code narrows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseCounted {
    /// Filed, by a channel or by any.
    Filed(Option<String>),
    /// Open at a step or at any.
    Open(Option<String>),
    /// Ended with an outcome or with any.
    Ended(Option<String>),
    /// A clock ended, in time (`true`) or late.
    Clock(String, bool),
    /// A clock is running past its limit.
    Overdue(String),
}

/// The day that a list is read down: its column, and where it stands in a line.
type CountedDay = (&'static str, fn(&CaseReportLine) -> Option<NaiveDate>);

impl CaseCounted {
    /// The day by which the cases were counted; none where it is not the case's own.
    fn day(&self) -> Option<CountedDay> {
        match self {
            CaseCounted::Filed(_) => Some(("c.filed_on", |line| Some(line.filed_on))),
            CaseCounted::Ended(_) => Some(("c.ended_on", |line| line.ended_on)),
            CaseCounted::Open(_) | CaseCounted::Clock(..) | CaseCounted::Overdue(_) => None,
        }
    }
}

/// A case behind a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReportLine {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Who applied.
    pub applicant: String,
    /// The township.
    pub township: String,
    /// Where it stands, as pages print it.
    pub step: String,
    /// Outcome, when ended.
    pub outcome: Option<String>,
    /// Filed.
    pub filed_on: NaiveDate,
    /// Accepted.
    pub accepted_on: Option<NaiveDate>,
    /// To be decided by.
    pub due_on: Option<NaiveDate>,
    /// Decided.
    pub decided_on: Option<NaiveDate>,
    /// Ended.
    pub ended_on: Option<NaiveDate>,
}

/// The very cases of a number, newest first: by the day that was counted, else as they were filed. `query.division` is the part whose number was opened. The reading is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] for a matter the packs do not have or of another business, or a division outside the reader's scope.
pub async fn case_list(
    office: &Office,
    actor: &Granted<Report>,
    query: &CaseQuery,
    counted: &CaseCounted,
    cursor: Option<&Cursor>,
    size: u32,
) -> Result<Page<CaseReportLine>, OfficeError> {
    const CLOCK: &str = "EXISTS (SELECT 1 FROM case_clock cc WHERE cc.case_id = c.id AND cc.clock = ? AND ";
    let area = area(office, actor, query.division).await?;
    let words = Words::of(office, &Own::of(office, actor), &query.item)?;
    let which = match counted {
        CaseCounted::Filed(_) => {
            "c.filed_on >= ? AND c.filed_on <= ? AND (CAST(? AS TEXT) IS NULL OR c.channel = ?)".to_owned()
        }
        CaseCounted::Open(_) => "c.state = 'open' AND (CAST(? AS TEXT) IS NULL OR c.step = ?)".to_owned(),
        CaseCounted::Ended(_) => {
            "c.ended_on >= ? AND c.ended_on <= ? AND (CAST(? AS TEXT) IS NULL OR c.outcome = ?)".to_owned()
        }
        CaseCounted::Clock(_, in_time) => {
            let kept = if *in_time { "<=" } else { ">" };
            format!("{CLOCK}cc.ended_on >= ? AND cc.ended_on <= ? AND cc.ended_on {kept} {LIMIT})")
        }
        CaseCounted::Overdue(_) => format!("{CLOCK}cc.ended_on IS NULL AND {LIMIT} < ?)"),
    };
    let day = counted.day();
    let scope = if day.is_some() { &LISTED_CASE } else { &COUNTED_CASE };
    let order: Vec<&str> = day.map(|(column, _)| column).into_iter().chain(["c.id"]).collect();
    let sql = format!(
        "SELECT c.id, c.number, p.name, t.name AS township_name, c.step, c.outcome, c.filed_on, c.accepted_on, c.due_on, c.decided_on, c.ended_on \
         FROM case_file c JOIN person p ON p.id = c.applicant_person_id JOIN division t ON t.id = c.township_id \
         WHERE {{scope}} AND c.item = ? AND {which} AND {{after}} ORDER BY {} DESC LIMIT ?",
        order.join(" DESC, ")
    );
    let lines = Query::new(&area.scope, scope, sql).bind(query.item.as_str());
    let lines = match counted {
        CaseCounted::Filed(code) | CaseCounted::Ended(code) => {
            lines.bind(query.from).bind(query.until).bind(code.clone()).bind(code.clone())
        }
        CaseCounted::Open(code) => lines.bind(code.clone()).bind(code.clone()),
        CaseCounted::Clock(clock, _) => lines.bind(clock.as_str()).bind(query.from).bind(query.until),
        CaseCounted::Overdue(clock) => lines.bind(clock.as_str()).bind(office.now().today()),
    };
    let rows = lines
        .after_descending(&order, cursor)
        .bind(size + 1)
        .all_as(office.db(), |row| {
            Ok(CaseReportLine {
                case: row.get("id")?,
                number: row.get("number")?,
                applicant: row.get("name")?,
                township: row.get("township_name")?,
                step: title_in(&words.steps, &row.get::<String>("step")?),
                outcome: row.get("outcome")?,
                filed_on: row.get("filed_on")?,
                accepted_on: row.get("accepted_on")?,
                due_on: row.get("due_on")?,
                decided_on: row.get("decided_on")?,
                ended_on: row.get("ended_on")?,
            })
        })
        .await?;
    let page = cut(rows, size, |line| {
        let day = day.and_then(|(_, of_line)| of_line(line));
        day.map_or_else(Cursor::new, |day| Cursor::new().date(day)).integer(line.case.0)
    });
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(area.whole.id),
            details: serde_json::json!({ "item": query.item, "counted": format!("{counted:?}"), "rows": page.rows.len() }),
            ..audited(office.now().at_ms(), actor.audit(), "report.case_list", ("division", area.whole.id.0))
        })
        .await?;
    Ok(page)
}
