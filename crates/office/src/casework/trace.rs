//! The trace of a case: one line for every act, in order, never changed.

use serde_json::json;
use store::{DivisionId, PersonId, Query, StaffId, Tx};
use vocab::Now;

use super::{CaseRow, EventId};
use crate::access::{Actor, Citizen};
use crate::{OfficeError, offices};

/// Whose act a line records.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'a> {
    /// A member of staff, for the office in which they act.
    Desk(&'a Actor),
    /// The family.
    Applicant(&'a Citizen),
    /// Nobody: time.
    System,
}

impl By<'_> {
    fn staff(self) -> Option<StaffId> {
        match self {
            By::Desk(actor) => Some(actor.staff),
            By::Applicant(_) | By::System => None,
        }
    }

    fn person(self) -> Option<PersonId> {
        match self {
            By::Applicant(citizen) => Some(citizen.person),
            By::Desk(_) | By::System => None,
        }
    }

    fn division(self) -> Option<DivisionId> {
        match self {
            By::Desk(actor) => Some(actor.division),
            By::Applicant(_) | By::System => None,
        }
    }

    /// As the trace prints it.
    async fn office(self, tx: &Tx) -> Result<String, OfficeError> {
        Ok(match (self, self.division()) {
            (_, Some(division)) => offices::title(&store::divisions::division(tx, division).await?),
            (By::Applicant(_), None) => "申请人".to_owned(),
            (By::Desk(_) | By::System, None) => "系统".to_owned(),
        })
    }
}

/// A line to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// The action in the item, or [`super::filing::FILED`].
    pub action: &'a str,
    /// What was done, for the desk.
    pub title: &'a str,
    /// Step before; none for the first line.
    pub from: Option<&'a str>,
    /// Step after, if it changes.
    pub to: Option<&'a str>,
    /// Codes of reasons.
    pub reasons: &'a [String],
    /// What was done, for the family.
    pub said: &'a str,
}

/// Writes a line.
pub(super) async fn note(
    tx: &Tx,
    case: &CaseRow,
    by: By<'_>,
    line: Line<'_>,
    now: Now,
) -> Result<EventId, OfficeError> {
    let Line { action, title, from, to, reasons, said } = line;
    let id = Query::system(
        "the trace of a case that the doer may act on",
        "INSERT INTO case_event (case_id, at, staff_id, person_id, office, action, title, step_from, step_to, reasons, public_text) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(case.id)
    .bind(now.at_ms())
    .bind(by.staff())
    .bind(by.person())
    .bind(by.office(tx).await?)
    .bind(action)
    .bind(title)
    .bind(from)
    .bind(to)
    .bind((!reasons.is_empty()).then(|| json!(reasons).to_string()))
    .bind(said)
    .insert(tx)
    .await?;
    Ok(EventId(id))
}
