//! 按月造册: benefits that nobody applies for and that are paid for a month in which the rule's conditions of the month hold, such as the
//! temporary price subsidy (社会救助法 art. 32). The pack says which (`by_list`) and everything else: trigger, whom, how much.
//!
//! - [`trigger`] shows whether a month's own conditions hold, with numbers and law;
//! - [`draw_up`] begins a month's list; the job ([`work`]) asks the rule about everybody who may be covered and grants each person once for
//!   the month, then begins the payment run, which goes the way of every run;
//! - [`lists`], [`find`], [`lines`], [`changes`]: what stands on it; [`report`] and [`sheet`]: numbers and money by county and month.
//!
//! **Once**: one list for a county, programme and month (unique), one line for a person of a list, and the ledger's coverage. Drawn up
//! again, a list takes in who came late; they are paid by a supplementary run.

use catalogue::Release;
use catalogue::definition::Programme;
use rules::{ConditionOutcome, Outcome, Record};
use store::{DivisionId, Migration, ScopeColumns, id_type};
use vocab::{Fen, Month, Now};

use crate::access::{Granted, ReadPayments};
use crate::{Office, OfficeError, divisions};

mod make;
mod read;

pub use make::{LIST_JOB, draw_up, verify, work};
pub use read::{
    Changes, LineOutcome, ListLine, ListView, MonthReport, changes, find, lines, lines_sheet, lists, of_run,
    report, sheet,
};

id_type! {
    /// A list of a month.
    MonthListId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "20261126_month_list",
    sql: include_str!("../../../migrations/20261126_month_list.sql"),
}];

/// Scope columns of `month_list ml`: the county and those above it.
pub const MONTH_LIST: ScopeColumns = ScopeColumns {
    subtree: Some(
        "ml.county_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// The programmes that are paid by list.
pub fn by_list(release: &Release) -> impl Iterator<Item = &Programme> {
    release.programmes.iter().map(|programme| &**programme).filter(|programme| programme.by_list)
}

/// A month's own conditions.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// The month.
    pub month: Month,
    /// All of them together.
    pub outcome: Outcome,
    /// Each with what it compared and the law.
    pub conditions: Vec<ConditionOutcome>,
}

/// Whether the month's conditions of a programme hold in a division.
///
/// # Errors
/// [`OfficeError::NotFound`] for a programme that is not paid by list, or an unknown division.
pub async fn trigger(
    office: &Office,
    _actor: &Granted<ReadPayments>,
    programme: &str,
    division: DivisionId,
    month: Month,
) -> Result<Trigger, OfficeError> {
    let code = divisions::find(office.db(), division).await?.code;
    trigger_in(&office.release(), programme, &code, month, office.now())
}

fn trigger_in(
    release: &Release,
    programme: &str,
    code: &str,
    month: Month,
    now: Now,
) -> Result<Trigger, OfficeError> {
    let listed = release.programmes.get(programme).filter(|programme| programme.by_list);
    let rules =
        listed.and_then(|_| release.rules(programme)).ok_or(OfficeError::NotFound("这项按月造册的待遇"))?;
    let context = release.context(programme, code, month, month.first_day(), now.today());
    let of_month = rules.month_conditions();
    // Of nobody: what reads a person stays unknown and is not asked here.
    let mut conditions = rules.decide(&Record::new(), &context).conditions;
    conditions.retain(|condition| of_month.contains(condition.id.as_str()));
    let all = |outcome| conditions.iter().all(|condition| condition.outcome == outcome);
    let outcome = if conditions.iter().any(|condition| condition.outcome == Outcome::NotMet) {
        Outcome::NotMet
    } else if all(Outcome::Met) {
        Outcome::Met
    } else {
        Outcome::Unknown
    };
    Ok(Trigger { month, outcome, conditions })
}

/// The numbers of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Persons listed.
    pub persons: i64,
    /// Their families' or their own benefits, one line each at the bank.
    pub benefits: i64,
    /// What they get together.
    pub total: Fen,
    /// Persons asked about and not listed.
    pub left_out: i64,
}
