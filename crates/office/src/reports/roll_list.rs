//! The families behind a number of the roll.

use ledger::EntitlementId;
use ledger::scope::ENTITLEMENT;
use store::{AuditEntry, Cursor, DivisionId, HouseholdId, Page, Query, ScopeColumns};
use vocab::{Fen, Level, Month};

use super::area;
use super::own::Own;
use super::roll_figures::{ALIVE, GRANTED, PAUSED, PERSONS, PROGRAMME, RollQuery, programme};
use crate::access::{Granted, Report};
use crate::{Office, OfficeError, audited};

/// As [`ENTITLEMENT`], for lists that are read up the ids until the page is full: the sign keeps the database from gathering the families of every
/// village to sort them. For a township it is its villages that are few.
const LISTED: ScopeColumns = ScopeColumns {
    subtree: Some("+e.division_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?)"),
    ..ScopeColumns::NONE
};

/// Which number is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollCounted {
    /// On the roll in the month.
    OnRoll,
    /// First month.
    New,
    /// Left after the month before.
    Ended,
    /// Suspended or held in the month.
    Paused,
}

/// A family behind a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollLine {
    /// The entitlement.
    pub entitlement: EntitlementId,
    /// Programme.
    pub programme: String,
    /// The family.
    pub household: HouseholdId,
    /// The holder's name.
    pub holder: String,
    /// The village.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// `urban` or `rural`.
    pub area: String,
    /// Persons covered in the month.
    pub persons: i64,
    /// Granted for the month.
    pub granted: Option<Fen>,
    /// First month.
    pub from: Month,
    /// Last month.
    pub until: Option<Month>,
    /// Why it ended.
    pub end_reason: Option<String>,
}

/// The very families of a number, by id. `query.division` is the part whose number was opened. The reading is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division outside the reader's scope.
pub async fn roll_list(
    office: &Office,
    actor: &Granted<Report>,
    query: &RollQuery,
    counted: RollCounted,
    urban: Option<bool>,
    cursor: Option<&Cursor>,
    size: u32,
) -> Result<Page<RollLine>, OfficeError> {
    let area = area(office, actor, query.division).await?;
    let month = query.month;
    let which = match counted {
        RollCounted::OnRoll => ALIVE.to_owned(),
        RollCounted::New => format!("{ALIVE} AND e.from_month = ?"),
        RollCounted::Ended => "e.until_month = ? AND e.from_month <= e.until_month".to_owned(),
        RollCounted::Paused => format!("{ALIVE} AND {PAUSED}"),
    };
    // Who has left is shown with the last month's persons and money.
    let shown = if counted == RollCounted::Ended { month.previous() } else { month };
    let sql = format!(
        "SELECT e.id, e.programme, e.household_id, p.name, e.division_id, d.name AS division_name, h.area, {PERSONS} AS persons, \
         {GRANTED} AS granted_fen, e.from_month, e.until_month, e.end_reason \
         FROM entitlement e JOIN household h ON h.id = e.household_id JOIN person p ON p.id = e.holder_person_id \
         JOIN division d ON d.id = e.division_id WHERE {{scope}} AND {which} AND {PROGRAMME} \
         AND (CAST(? AS TEXT) IS NULL OR h.area = ?) AND {{after}} ORDER BY e.id LIMIT ?"
    );
    let wide = matches!(area.level, Some(Level::County | Level::Township));
    let mut lines = Query::new(&area.scope, if wide { &LISTED } else { &ENTITLEMENT }, sql)
        .only("e.programme", Own::of(office, actor).programmes);
    for _ in 0..4 {
        lines = lines.bind(shown);
    }
    lines = match counted {
        RollCounted::Ended => lines.bind(shown),
        RollCounted::OnRoll => lines.bind(month).bind(month),
        RollCounted::New => lines.bind(month).bind(month).bind(month),
        RollCounted::Paused => lines.bind(month).bind(month).bind(month).bind(month),
    };
    let place = urban.map(|urban| if urban { "urban" } else { "rural" });
    let rows = programme(lines, query.programme.as_deref())
        .bind(place)
        .bind(place)
        .after(&["e.id"], cursor)
        .bind(size + 1)
        .all_as(office.db(), |row| {
            Ok(RollLine {
                entitlement: row.get("id")?,
                programme: row.get("programme")?,
                household: row.get("household_id")?,
                holder: row.get("name")?,
                division: row.get("division_id")?,
                division_name: row.get("division_name")?,
                area: row.get("area")?,
                persons: row.get("persons")?,
                granted: row.get("granted_fen")?,
                from: row.get("from_month")?,
                until: row.get("until_month")?,
                end_reason: row.get("end_reason")?,
            })
        })
        .await?;
    let page = cut(rows, size, |line| Cursor::new().integer(line.entitlement.0));
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(area.whole.id),
            details: serde_json::json!({ "month": month, "counted": format!("{counted:?}"), "rows": page.rows.len() }),
            ..audited(office.now().at_ms(), actor.audit(), "report.roll_list", ("division", area.whole.id.0))
        })
        .await?;
    Ok(page)
}

/// One row more than the page was read, to know whether there is a next one.
pub(super) fn cut<T>(mut rows: Vec<T>, size: u32, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
    let size = size as usize;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(cursor);
    Page { rows, next }
}
