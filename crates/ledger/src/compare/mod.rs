//! Why this month's run differs from last month's: family by family, every difference with its cause, and the decision
//! behind the cause. A difference without a cause is [`CauseKind::Unexplained`] and stops the approval.
//!
//! `lines` finds the families whose lines differ, `recorded` reads what is recorded about them, `explain` lays the two
//! together. `kept` keeps the figures of a whole run, reckoned once when it was made.

mod explain;
mod kept;
mod lines;
mod recorded;

use std::collections::BTreeMap;

use store::{CaseId, Connection, Db, PersonId, Query, Scope, Tx};
use vocab::Fen;

use crate::batch::steady_plans;
use crate::run::{PaymentRun, ReadRun};
use crate::scope::{BOOKS, NONE};
use crate::{AmountCause, EntitlementId, LineState, Result, RunId, RunKind};
use explain::{Known, Made};
pub(crate) use kept::keep;

/// How a family's line differs from last month's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// Paid now, not last month.
    New,
    /// Paid last month, not now.
    Gone,
    /// Paid both times, another amount.
    Amount,
    /// The same amount to another account.
    Payee,
}

/// What brought a difference about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// Granted.
    Granted,
    /// Ended.
    Ended,
    /// Suspended.
    Suspended,
    /// Held for review.
    Held,
    /// Paid again after a pause.
    Resumed,
    /// The monthly amount changed.
    Amount(AmountCause),
    /// Arrears are paid along, or were last month.
    Arrears,
    /// A due that could not be paid before is paid along, or was last month.
    Retried,
    /// An instalment of a recovery is kept back, or was last month.
    Recovery,
    /// Left out: the reason says why. Or was last month.
    Blocked,
    /// Taken out of the run by an officer, or was last month.
    Withdrawn,
    /// Another account, confirmed by two people.
    Payee,
    /// No cause is recorded.
    Unexplained,
}

impl CauseKind {
    /// As a page shows it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            CauseKind::Granted => "新批准",
            CauseKind::Ended => "终止",
            CauseKind::Suspended => "停发",
            CauseKind::Held => "暂缓待复核",
            CauseKind::Resumed => "恢复发放",
            CauseKind::Amount(cause) => cause.title(),
            CauseKind::Arrears => "补发",
            CauseKind::Retried => "未付款项补付",
            CauseKind::Recovery => "追回抵扣",
            CauseKind::Blocked => "未列入",
            CauseKind::Withdrawn => "撤下",
            CauseKind::Payee => "收款账户变更",
            CauseKind::Unexplained => "原因不明",
        }
    }
}

/// A cause of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Of what kind.
    pub kind: CauseKind,
    /// In words.
    pub text: String,
    /// The decision's number; empty where a cause is no decision (a failed payment, a missing account).
    pub reference: String,
    /// The case.
    pub case: Option<CaseId>,
}

/// A family whose line differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The entitlement.
    pub entitlement: EntitlementId,
    /// Its holder.
    pub holder: PersonId,
    /// How.
    pub kind: DifferenceKind,
    /// Last month.
    pub before: Fen,
    /// Now.
    pub after: Fen,
    /// Why; never empty.
    pub causes: Vec<Cause>,
}

impl Difference {
    /// Whether no cause is recorded.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        self.causes.iter().any(|cause| cause.kind == CauseKind::Unexplained)
    }
}

/// Families and the sums before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Group {
    /// Families.
    pub count: u64,
    /// Last month.
    pub before: Fen,
    /// Now.
    pub after: Fen,
}

/// The comparison in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The run of the month before, if there is one.
    pub previous: Option<RunId>,
    /// Its lines and sum.
    pub before: Group,
    /// Lines and sum now.
    pub after: Group,
    /// Families without any difference.
    pub unchanged: u64,
    /// By kind and first cause.
    pub groups: BTreeMap<(DifferenceKind, CauseKind), Group>,
    /// Differences without a cause.
    pub unexplained: u64,
    /// The first of them.
    pub first_unexplained: Option<EntitlementId>,
}

/// The comparison of a run with the regular run before it, in figures.
///
/// # Errors
/// Out of scope, or the database's.
pub async fn summary<'run>(db: &Db, scope: &Scope, run: impl Into<ReadRun<'run>>) -> Result<Summary> {
    let tx = db.begin_read().await?;
    let run: ReadRun<'run> = run.into();
    let run = run.read(&tx, scope).await?;
    let previous = previous_run(&tx, &run).await?;
    // As it was kept when the run was made, unless something has changed since.
    match kept::summary(&tx, &run, previous.as_ref()).await? {
        Some(summary) => Ok(summary),
        None => reckoned(&tx, &run, previous.as_ref()).await,
    }
}

/// Reckoned anew, whatever was kept: what an approval rests on.
pub(crate) async fn summary_of(connection: &Tx, run: &PaymentRun) -> Result<Summary> {
    let previous = previous_run(connection, run).await?;
    reckoned(connection, run, previous.as_ref()).await
}

/// The differences after an entitlement, in order, at most `limit`.
///
/// # Errors
/// Out of scope, or the database's.
pub async fn differences<'run>(
    db: &Db,
    scope: &Scope,
    run: impl Into<ReadRun<'run>>,
    after: EntitlementId,
    limit: usize,
) -> Result<Vec<Difference>> {
    let tx = db.begin_read().await?;
    steady_plans(&tx).await?;
    let run: ReadRun<'run> = run.into();
    let run = run.read(&tx, scope).await?;
    let previous = previous_run(&tx, &run).await?;
    page(&tx, &run, previous.as_ref(), after, limit).await
}

/// In a transaction, so that some thousand families are looked up by their index whatever the statistics say.
async fn reckoned(connection: &Tx, run: &PaymentRun, previous: Option<&Previous>) -> Result<Summary> {
    const PAGE: usize = lines::STRETCH;
    steady_plans(connection).await?;
    let mut summary = Summary {
        previous: previous.map(|previous| previous.id),
        before: Group::default(),
        after: Group::default(),
        unchanged: 0,
        groups: BTreeMap::new(),
        unexplained: 0,
        first_unexplained: None,
    };
    if let Some(previous) = previous {
        let (count, total) = totals(connection, previous.id).await?;
        summary.before = Group { count, before: total, after: Fen::ZERO };
    }
    let (count, total) = totals(connection, run.id).await?;
    summary.after = Group { count, before: Fen::ZERO, after: total };
    let mut after = EntitlementId(0);
    let mut still_paid = 0;
    loop {
        let rows = page(connection, run, previous, after, PAGE).await?;
        for row in &rows {
            if row.is_unexplained() {
                summary.unexplained += 1;
                summary.first_unexplained.get_or_insert(row.entitlement);
            }
            if row.kind != DifferenceKind::Gone {
                still_paid += 1;
            }
            let cause = row.causes.first().map_or(CauseKind::Unexplained, |cause| cause.kind);
            let group = summary.groups.entry((row.kind, cause)).or_default();
            group.count += 1;
            group.before.0 += row.before.0;
            group.after.0 += row.after.0;
        }
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = last.entitlement,
            _ => break,
        }
    }
    summary.unchanged = summary.after.count.saturating_sub(still_paid);
    Ok(summary)
}

/// The lines that a run pays or has tried to pay; what counts them by these very words counts in an index.
pub(crate) const PAID_STATES: &str = "('open', 'nothing', 'succeeded', 'failed')";

async fn totals(connection: &impl Connection, id: RunId) -> Result<(u64, Fen)> {
    let sql = format!(
        "SELECT COUNT(*) AS lines, CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS total FROM payment_line \
         WHERE run_id = ? AND state IN {PAID_STATES}"
    );
    let row = Query::new(&BOOKS, &NONE, sql).bind(id).one(connection).await?;
    Ok((u64::try_from(row.get::<i64>("lines")?).unwrap_or(0), row.get("total")?))
}

/// The run that a run is compared with.
struct Previous {
    id: RunId,
    made: Made,
}

/// The regular run of the last month before; a re-issue is compared with the run whose failures it repeats.
async fn previous_run(connection: &impl Connection, run: &PaymentRun) -> Result<Option<Previous>> {
    const COLUMNS: &str = "SELECT id, month, made_at FROM payment_run";
    // What stands open beside a month's own payment is compared with nothing: every line has its cause of its own.
    if run.kind == RunKind::Supplement {
        return Ok(None);
    }
    let query = match run.reissue_of {
        Some(id) => Query::new(&BOOKS, &NONE, format!("{COLUMNS} WHERE id = ?")).bind(id),
        None => Query::new(
            &BOOKS,
            &NONE,
            format!(
                "{COLUMNS} WHERE county_id = ? AND programme = ? AND kind = 'regular' AND month < ? \
                 AND state NOT IN ('cancelling', 'cancelled') ORDER BY month DESC LIMIT 1"
            ),
        )
        .bind(run.county)
        .bind(&run.programme)
        .bind(run.month),
    };
    Ok(query
        .optional_as(connection, |row| {
            let made = Made { month: row.get("month")?, at_ms: row.get("made_at")? };
            Ok(Previous { id: row.get("id")?, made })
        })
        .await?)
}

/// The states of a line that is paid or was tried.
fn is_paid(state: LineState) -> bool {
    matches!(state, LineState::Open | LineState::Nothing | LineState::Succeeded | LineState::Failed)
}

async fn page(
    connection: &Tx,
    run: &PaymentRun,
    previous: Option<&Previous>,
    after: EntitlementId,
    limit: usize,
) -> Result<Vec<Difference>> {
    if run.kind == RunKind::Reissue {
        return Ok(Vec::new());
    }
    let (id, before) = match previous {
        Some(previous) => (previous.id, previous.made),
        None => (RunId(0), Made { month: run.month.previous(), at_ms: 0 }),
    };
    let ids = lines::differing(connection, run.id, id, after, limit).await?;
    let pairs = lines::pairs(connection, run.id, id, &ids).await?;
    let known = Known {
        is_first: previous.is_none(),
        now: Made { month: run.month, at_ms: run.made_at.at_ms() },
        before,
        extras_now: recorded::extras(connection, run.id, &ids).await?,
        extras_before: match previous {
            Some(_) => recorded::extras(connection, id, &ids).await?,
            None => BTreeMap::new(),
        },
        pauses: recorded::pauses(connection, &ids).await?,
        amounts: recorded::amounts(connection, &ids).await?,
        payees: recorded::payees(connection, &ids).await?,
    };
    Ok(pairs.iter().map(|pair| known.explain(pair)).collect())
}
