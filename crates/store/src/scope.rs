//! Who may see which rows.
//!
//! A [`Scope`] says how far a caller sees; a table's [`ScopeColumns`] say how that looks in SQL. Every statement
//! needs both, and `{scope}` in its text becomes the predicate. A scope for which a table has no columns sees nothing.

use crate::{CaseId, DivisionId, OrganisationId, PersonId, Value};

/// How far a caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A division and everything below it: staff.
    Subtree(DivisionId),
    /// One case: whoever holds a task in it.
    Task(CaseId),
    /// The person's own rows: citizens.
    Own(PersonId),
    /// One organisation's rows.
    Organisation(OrganisationId),
    /// Everything; the reason is for the reader of the code and of the slow-statement log.
    System(&'static str),
}

/// How each scope looks for one table, as an SQL predicate in which every `?` stands for the scope's id.
///
/// ```
/// const PERSON: store::ScopeColumns = store::ScopeColumns {
///     subtree: Some("p.division_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?)"),
///     own: Some("p.id = ?"),
///     task: Some("EXISTS (SELECT 1 FROM case_file c WHERE c.id = ? AND c.applicant_person_id = p.id)"),
///     ..store::ScopeColumns::NONE
/// };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeColumns {
    /// For [`Scope::Subtree`].
    pub subtree: Option<&'static str>,
    /// For [`Scope::Own`].
    pub own: Option<&'static str>,
    /// For [`Scope::Task`].
    pub task: Option<&'static str>,
    /// For [`Scope::Organisation`].
    pub organisation: Option<&'static str>,
}

impl ScopeColumns {
    /// A table that only the system reads.
    pub const NONE: ScopeColumns = ScopeColumns { subtree: None, own: None, task: None, organisation: None };
}

impl Scope {
    /// The predicate and the id bound to each of its `?`.
    pub(crate) fn predicate(&self, columns: &ScopeColumns) -> (&'static str, Value) {
        let (predicate, id) = match *self {
            Scope::System(_) => return ("1=1", Value::BigInt(None)),
            Scope::Subtree(id) => (columns.subtree, id.0),
            Scope::Task(id) => (columns.task, id.0),
            Scope::Own(id) => (columns.own, id.0),
            Scope::Organisation(id) => (columns.organisation, id.0),
        };
        (predicate.unwrap_or("1=0"), Value::BigInt(Some(id)))
    }

    /// Whether this is the system itself, which needs no marker.
    pub fn is_system(&self) -> bool {
        matches!(self, Scope::System(_))
    }
}
