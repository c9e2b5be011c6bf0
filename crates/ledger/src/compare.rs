//! Why this month's run differs from last month's: family by family, every difference with its cause, and the decision
//! behind the cause. A difference without a cause is [`CauseKind::Unexplained`] and stops the approval.

use std::collections::{BTreeMap, BTreeSet};

use store::{CaseId, Connection, PersonId, Query, Row, Scope};
use vocab::{Fen, Month};

use crate::run::{self, PaymentRun};
use crate::scope::{BOOKS, NONE};
use crate::{AmountCause, AmountId, EntitlementId, LineState, PauseKind, PayeeId, Result, RunId, RunKind};

/// How a family's line differs from last month's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
pub async fn summary(connection: &impl Connection, scope: &Scope, id: RunId) -> Result<Summary> {
    let run = run::load(connection, scope, id).await?;
    summary_of(connection, &run).await
}

/// The differences after an entitlement, in order, at most `limit`.
///
/// # Errors
/// Out of scope, or the database's.
pub async fn differences(
    connection: &impl Connection,
    scope: &Scope,
    id: RunId,
    after: EntitlementId,
    limit: usize,
) -> Result<Vec<Difference>> {
    let run = run::load(connection, scope, id).await?;
    let previous = previous_run(connection, &run).await?;
    page(connection, &run, previous, after, limit).await
}

pub(crate) async fn summary_of(connection: &impl Connection, run: &PaymentRun) -> Result<Summary> {
    const PAGE: usize = 1000;
    let previous = previous_run(connection, run).await?;
    let mut summary = Summary {
        previous: previous.map(|(id, _)| id),
        before: Group::default(),
        after: Group::default(),
        unchanged: 0,
        groups: BTreeMap::new(),
        unexplained: 0,
        first_unexplained: None,
    };
    if let Some((previous, _)) = previous {
        let (count, total) = totals(connection, previous).await?;
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

/// The lines that a run pays or has tried to pay.
const PAID_STATES: &str = "('open', 'nothing', 'succeeded', 'failed')";

async fn totals(connection: &impl Connection, id: RunId) -> Result<(u64, Fen)> {
    let sql = format!(
        "SELECT COUNT(*) AS lines, CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS total FROM payment_line \
         WHERE run_id = ? AND state IN {PAID_STATES}"
    );
    let row = Query::new(&BOOKS, &NONE, sql).bind(id).one(connection).await?;
    Ok((u64::try_from(row.get::<i64>("lines")?).unwrap_or(0), row.get("total")?))
}

/// The regular run of the last month before; a re-issue is compared with the run whose failures it repeats.
async fn previous_run(connection: &impl Connection, run: &PaymentRun) -> Result<Option<(RunId, Month)>> {
    if run.kind == RunKind::Reissue {
        return Ok(run.reissue_of.map(|id| (id, run.month)));
    }
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, month FROM payment_run WHERE county_id = ? AND programme = ? AND kind = 'regular' AND month < ? \
         AND state NOT IN ('cancelling', 'cancelled') ORDER BY month DESC LIMIT 1",
    )
    .bind(run.county)
    .bind(&run.programme)
    .bind(run.month)
    .optional_as(connection, |row| Ok((row.get("id")?, row.get("month")?)))
    .await?)
}

/// The two lines of a family.
struct Pair {
    entitlement: EntitlementId,
    holder: PersonId,
    from: Month,
    until: Option<Month>,
    first_due: Month,
    reference: String,
    case: Option<CaseId>,
    end_reason: Option<String>,
    end_reference: Option<String>,
    end_case: Option<CaseId>,
    now: Side,
    before: Side,
}

/// One of the two lines, if there is one, and the month's own due in it.
struct Side {
    state: Option<LineState>,
    reason: Option<String>,
    amount: Fen,
    payee: Option<PayeeId>,
    own_due: Fen,
    own_amount: Option<AmountId>,
}

impl Side {
    fn read(row: &Row, prefix: &str) -> store::Result<Side> {
        let name = |column: &str| format!("{prefix}_{column}");
        let state = row.get::<Option<LineState>>(&name("state"))?;
        let amount = row.get::<Option<Fen>>(&name("amount_fen"))?.unwrap_or(Fen::ZERO);
        let mut side = Side {
            state,
            reason: row.get(&name("reason"))?,
            amount,
            payee: row.get(&name("payee_id"))?,
            own_due: row.get::<Option<Fen>>(&name("own_due"))?.unwrap_or(Fen::ZERO),
            own_amount: row.get(&name("own_amount"))?,
        };
        if !side.is_paid() {
            (side.amount, side.own_due) = (Fen::ZERO, Fen::ZERO);
        }
        Ok(side)
    }

    fn is_paid(&self) -> bool {
        self.state.is_some_and(is_paid)
    }
}

/// The states of a line that is paid or was tried.
fn is_paid(state: LineState) -> bool {
    matches!(state, LineState::Open | LineState::Nothing | LineState::Succeeded | LineState::Failed)
}

async fn page(
    connection: &impl Connection,
    run: &PaymentRun,
    previous: Option<(RunId, Month)>,
    after: EntitlementId,
    limit: usize,
) -> Result<Vec<Difference>> {
    if run.kind == RunKind::Reissue {
        return Ok(Vec::new());
    }
    let is_first = previous.is_none();
    let (previous, previous_month) = previous.unwrap_or((RunId(0), run.month.previous()));
    let ids = differing(connection, run.id, previous, after, limit).await?;
    let pairs = pairs(connection, run.id, previous, &ids).await?;
    let known = Known {
        is_first,
        month: run.month,
        previous_month,
        extras_now: extras(connection, run.id, &ids).await?,
        extras_before: extras(connection, previous, &ids).await?,
        pauses: pauses(connection, &ids).await?,
        amounts: amounts(connection, &ids).await?,
        payees: payees(connection, &ids).await?,
    };
    Ok(pairs.iter().map(|pair| known.explain(pair)).collect())
}

/// The entitlements after one whose lines differ, at most `limit`. Both runs are read along their index and laid side by
/// side here: a join of two runs is where planners without fresh statistics go astray.
async fn differing(
    connection: &impl Connection,
    run: RunId,
    previous: RunId,
    after: EntitlementId,
    limit: usize,
) -> Result<Vec<EntitlementId>> {
    let mut found = Vec::new();
    let mut after = after;
    loop {
        let (now, now_ends) = plain_lines(connection, run, after).await?;
        let (before, before_ends) = plain_lines(connection, previous, after).await?;
        // Beyond the shorter stretch one of the two is not known yet.
        let known_to = [(&now, now_ends), (&before, before_ends)]
            .into_iter()
            .filter_map(|(lines, ends)| if ends { None } else { lines.last_key_value().map(|(id, _)| *id) })
            .min();
        let ids: BTreeSet<EntitlementId> = now.keys().chain(before.keys()).copied().collect();
        for id in ids.into_iter().filter(|id| known_to.is_none_or(|to| *id <= to)) {
            let same = match (now.get(&id).copied().flatten(), before.get(&id).copied().flatten()) {
                (None, None) => true,
                (Some((amount, payee)), Some((amount_before, payee_before))) => {
                    amount == amount_before
                        && (payee == payee_before || payee.is_none() || payee_before.is_none())
                }
                _ => false,
            };
            if !same {
                found.push(id);
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
        match known_to {
            Some(to) => after = to,
            None => return Ok(found),
        }
    }
}

/// A line as far as it is compared; none for a line that pays nobody.
type PlainLine = Option<(Fen, Option<PayeeId>)>;

/// Some lines of a run after an entitlement, and whether they are the last.
async fn plain_lines(
    connection: &impl Connection,
    run: RunId,
    after: EntitlementId,
) -> Result<(BTreeMap<EntitlementId, PlainLine>, bool)> {
    const STRETCH: usize = 5000;
    let lines = Query::new(
        &BOOKS,
        &NONE,
        "SELECT l.entitlement_id, l.amount_fen, l.payee_id, l.state FROM payment_line l \
         WHERE l.run_id = ? AND l.entitlement_id > ? ORDER BY l.entitlement_id LIMIT ?",
    )
    .bind(run)
    .bind(after)
    .bind(STRETCH)
    .all_as(connection, |row| {
        let line = if is_paid(row.get::<LineState>("state")?) {
            Some((row.get::<Fen>("amount_fen")?, row.get::<Option<PayeeId>>("payee_id")?))
        } else {
            None
        };
        Ok((row.get::<EntitlementId>("entitlement_id")?, line))
    })
    .await?;
    let ends = lines.len() < STRETCH;
    Ok((lines.into_iter().collect(), ends))
}

async fn pairs(
    connection: &impl Connection,
    run: RunId,
    previous: RunId,
    ids: &[EntitlementId],
) -> Result<Vec<Pair>> {
    // Withdrawn, blocked and cancelled lines pay nothing; they are read for their reason.
    let sql = "SELECT e.id, e.holder_person_id, e.from_month, e.until_month, e.first_due_month, e.reference, e.case_id, \
         e.end_reason, e.end_reference, e.end_case_id, \
         n.state AS n_state, n.reason AS n_reason, n.amount_fen AS n_amount_fen, n.payee_id AS n_payee_id, \
         dn.amount_fen AS n_own_due, dn.amount_id AS n_own_amount, \
         o.state AS o_state, o.reason AS o_reason, o.amount_fen AS o_amount_fen, o.payee_id AS o_payee_id, \
         od.amount_fen AS o_own_due, od.amount_id AS o_own_amount FROM entitlement e \
         LEFT JOIN payment_line n ON n.run_id = ? AND n.entitlement_id = e.id \
         LEFT JOIN due dn ON dn.entitlement_id = e.id AND dn.kind = 'regular' AND dn.run_id = n.run_id \
         LEFT JOIN payment_line o ON o.run_id = ? AND o.entitlement_id = e.id \
         LEFT JOIN due od ON od.entitlement_id = e.id AND od.kind = 'regular' AND od.run_id = o.run_id \
         WHERE e.id IN ({list}) ORDER BY e.id";
    Ok(Query::new(&BOOKS, &NONE, sql)
        .bind(run)
        .bind(previous)
        .bind_list(ids.iter().copied())
        .all_as(connection, |row| {
            Ok(Pair {
                entitlement: row.get("id")?,
                holder: row.get("holder_person_id")?,
                from: row.get("from_month")?,
                until: row.get("until_month")?,
                first_due: row.get("first_due_month")?,
                reference: row.get("reference")?,
                case: row.get("case_id")?,
                end_reason: row.get("end_reason")?,
                end_reference: row.get("end_reference")?,
                end_case: row.get("end_case_id")?,
                now: Side::read(row, "n")?,
                before: Side::read(row, "o")?,
            })
        })
        .await?)
}

/// What a line holds beside the month's own due: positive what it pays more, negative what is kept back.
struct Extra {
    kind: CauseKind,
    amount: Fen,
    text: String,
    reference: String,
    case: Option<CaseId>,
}

async fn extras(
    connection: &impl Connection,
    run: RunId,
    ids: &[EntitlementId],
) -> Result<BTreeMap<EntitlementId, Vec<Extra>>> {
    let mut found: BTreeMap<EntitlementId, Vec<Extra>> = BTreeMap::new();
    // A due's own worth is told apart from what an instalment kept back of it, so that both show.
    let paid_along = Query::new(
        &BOOKS,
        &NONE,
        "SELECT l.entitlement_id, d.month, d.kind, d.reason, d.reference, d.case_id, t.amount_fen \
         + CAST(COALESCE((SELECT SUM(n.amount_fen) FROM recovery_entry n WHERE n.due_id = d.id AND n.run_id = l.run_id), 0) AS BIGINT) \
           AS amount_fen, EXISTS (SELECT 1 FROM attempt f WHERE f.due_id = d.id AND f.state = 'failed' AND f.number < t.number) \
           AS tried FROM payment_line l JOIN attempt t ON t.line_id = l.id JOIN due d ON d.id = t.due_id \
         WHERE l.run_id = ? AND l.entitlement_id IN ({list}) AND NOT (d.kind = 'regular' AND d.run_id = l.run_id) \
         ORDER BY l.entitlement_id, d.month, d.revision",
    )
    .bind(run)
    .bind_list(ids.iter().copied())
    .all_as(connection, |row| {
        let (month, arrears) = (row.get::<Month>("month")?, row.get::<String>("kind")? == "arrears");
        let (kind, text) = if arrears && !row.get::<bool>("tried")? {
            (CauseKind::Arrears, format!("补发{}：{}", month.zh(), row.get::<String>("reason")?))
        } else {
            (CauseKind::Retried, format!("{}未付款项", month.zh()))
        };
        let extra = Extra {
            kind,
            amount: row.get("amount_fen")?,
            text,
            reference: row.get("reference")?,
            case: row.get("case_id")?,
        };
        Ok((row.get::<EntitlementId>("entitlement_id")?, extra))
    })
    .await?;
    let kept_back = Query::new(
        &BOOKS,
        &NONE,
        "SELECT d.entitlement_id, c.reason, c.reference, c.case_id, CAST(SUM(n.amount_fen) AS BIGINT) AS amount_fen \
         FROM due d JOIN recovery_entry n ON n.due_id = d.id JOIN recovery c ON c.id = n.recovery_id \
         WHERE n.run_id = ? AND d.entitlement_id IN ({list}) \
         GROUP BY d.entitlement_id, c.id, c.reason, c.reference, c.case_id HAVING SUM(n.amount_fen) > 0 ORDER BY c.id",
    )
    .bind(run)
    .bind_list(ids.iter().copied())
    .all_as(connection, |row| {
        let extra = Extra {
            kind: CauseKind::Recovery,
            amount: row.get::<Fen>("amount_fen")?.neg(),
            text: format!("抵扣追回款：{}", row.get::<String>("reason")?),
            reference: row.get("reference")?,
            case: row.get("case_id")?,
        };
        Ok((row.get::<EntitlementId>("entitlement_id")?, extra))
    })
    .await?;
    for (id, extra) in paid_along.into_iter().chain(kept_back) {
        found.entry(id).or_default().push(extra);
    }
    Ok(found)
}

struct PauseRow {
    from: Month,
    until: Option<Month>,
    cause: Cause,
    lifted: Option<Cause>,
}

async fn pauses(
    connection: &impl Connection,
    ids: &[EntitlementId],
) -> Result<BTreeMap<EntitlementId, Vec<PauseRow>>> {
    let rows = Query::new(
        &BOOKS,
        &NONE,
        "SELECT entitlement_id, kind, from_month, until_month, reason, reference, case_id, lifted_reason, lifted_reference, \
         lifted_case_id FROM entitlement_pause WHERE entitlement_id IN ({list}) ORDER BY id",
    )
    .bind_list(ids.iter().copied())
    .all_as(connection, |row| {
        let kind = row.get::<PauseKind>("kind")?;
        let cause_kind = match kind {
            PauseKind::Suspended => CauseKind::Suspended,
            PauseKind::Held => CauseKind::Held,
        };
        let lifted = match row.get::<Option<String>>("lifted_reason")? {
            Some(text) => Some(Cause {
                kind: CauseKind::Resumed,
                text,
                reference: row.get::<Option<String>>("lifted_reference")?.unwrap_or_default(),
                case: row.get("lifted_case_id")?,
            }),
            None => None,
        };
        let pause = PauseRow {
            from: row.get("from_month")?,
            until: row.get("until_month")?,
            cause: Cause {
                kind: cause_kind,
                text: row.get("reason")?,
                reference: row.get("reference")?,
                case: row.get("case_id")?,
            },
            lifted,
        };
        Ok((row.get::<EntitlementId>("entitlement_id")?, pause))
    })
    .await?;
    let mut found: BTreeMap<EntitlementId, Vec<PauseRow>> = BTreeMap::new();
    for (id, pause) in rows {
        found.entry(id).or_default().push(pause);
    }
    Ok(found)
}

struct AmountRow {
    entitlement: EntitlementId,
    from: Month,
    until: Option<Month>,
    amount: Fen,
    current: bool,
    cause: Cause,
}

async fn amounts(
    connection: &impl Connection,
    ids: &[EntitlementId],
) -> Result<BTreeMap<AmountId, AmountRow>> {
    let rows = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, entitlement_id, from_month, until_month, amount_fen, cause, reason, reference, case_id, superseded_at \
         FROM entitlement_amount WHERE entitlement_id IN ({list}) ORDER BY id",
    )
    .bind_list(ids.iter().copied())
    .all_as(connection, |row| {
        let amount = AmountRow {
            entitlement: row.get("entitlement_id")?,
            from: row.get("from_month")?,
            until: row.get("until_month")?,
            amount: row.get("amount_fen")?,
            current: row.get::<Option<i64>>("superseded_at")?.is_none(),
            cause: Cause {
                kind: CauseKind::Amount(row.get("cause")?),
                text: row.get("reason")?,
                reference: row.get("reference")?,
                case: row.get("case_id")?,
            },
        };
        Ok((row.get::<AmountId>("id")?, amount))
    })
    .await?;
    Ok(rows.into_iter().collect())
}

async fn payees(connection: &impl Connection, ids: &[EntitlementId]) -> Result<BTreeMap<PayeeId, Cause>> {
    let rows = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, reason, reference, case_id FROM payee WHERE entitlement_id IN ({list}) AND confirmed_by IS NOT NULL",
    )
    .bind_list(ids.iter().copied())
    .all_as(connection, |row| {
        let cause = Cause {
            kind: CauseKind::Payee,
            text: row.get("reason")?,
            reference: row.get("reference")?,
            case: row.get("case_id")?,
        };
        Ok((row.get::<PayeeId>("id")?, cause))
    })
    .await?;
    Ok(rows.into_iter().collect())
}

/// All that is recorded about the families of a page.
struct Known {
    /// There is no run before it.
    is_first: bool,
    month: Month,
    previous_month: Month,
    extras_now: BTreeMap<EntitlementId, Vec<Extra>>,
    extras_before: BTreeMap<EntitlementId, Vec<Extra>>,
    pauses: BTreeMap<EntitlementId, Vec<PauseRow>>,
    amounts: BTreeMap<AmountId, AmountRow>,
    payees: BTreeMap<PayeeId, Cause>,
}

impl Known {
    fn explain(&self, pair: &Pair) -> Difference {
        let (before, after) = (pair.before.amount, pair.now.amount);
        let kind = match (pair.before.is_paid(), pair.now.is_paid()) {
            (false, _) => DifferenceKind::New,
            (true, false) => DifferenceKind::Gone,
            (true, true) if before == after => DifferenceKind::Payee,
            (true, true) => DifferenceKind::Amount,
        };
        let mut causes = Vec::new();
        if before != after || kind != DifferenceKind::Payee {
            // First the month's own due, then what rides along, so that the first cause is the main one.
            self.explain_own_due(pair, &mut causes);
            self.explain_extras(pair, &mut causes);
        }
        if pair.before.is_paid() && pair.now.is_paid() && pair.before.payee != pair.now.payee {
            let cause = pair.now.payee.and_then(|payee| self.payees.get(&payee).cloned());
            // A line that pays nothing names no account; that is no difference of accounts.
            if pair.now.payee.is_some() && pair.before.payee.is_some() {
                causes.push(cause.unwrap_or_else(unexplained));
            }
        }
        let explained = self.own_and_extras(&pair.now, pair.entitlement, &self.extras_now).0
            - self.own_and_extras(&pair.before, pair.entitlement, &self.extras_before).0;
        if causes.is_empty() || explained != after.0 - before.0 {
            causes.push(unexplained());
        }
        Difference { entitlement: pair.entitlement, holder: pair.holder, kind, before, after, causes }
    }

    fn own_and_extras(
        &self,
        side: &Side,
        id: EntitlementId,
        extras: &BTreeMap<EntitlementId, Vec<Extra>>,
    ) -> Fen {
        if !side.is_paid() {
            return Fen::ZERO;
        }
        Fen(side.own_due.0
            + extras.get(&id).map_or(0, |extras| extras.iter().map(|extra| extra.amount.0).sum()))
    }

    fn explain_own_due(&self, pair: &Pair, causes: &mut Vec<Cause>) {
        let (now, before) = (pair.now.own_due, pair.before.own_due);
        if now == before {
            return;
        }
        if before.is_zero() {
            causes.push(
                self.why_not(pair, &pair.before, self.previous_month, true).unwrap_or_else(unexplained),
            );
        } else if now.is_zero() {
            causes.push(self.why_not(pair, &pair.now, self.month, false).unwrap_or_else(unexplained));
        } else {
            let row = pair.now.own_amount.filter(|id| Some(*id) != pair.before.own_amount);
            let cause = row.and_then(|id| self.amounts.get(&id)).map(|row| row.cause.clone());
            causes.push(cause.unwrap_or_else(unexplained));
        }
    }

    /// Why there was no due of its own in a month: `then` for last month (told from today), else this month.
    fn why_not(&self, pair: &Pair, side: &Side, month: Month, then: bool) -> Option<Cause> {
        let granted = || Cause {
            kind: CauseKind::Granted,
            text: format!("自{}起发放", pair.first_due.zh()),
            reference: pair.reference.clone(),
            case: pair.case,
        };
        if month < pair.from || month < pair.first_due || then && self.is_first {
            return Some(granted());
        }
        if pair.until.is_some_and(|until| month > until) {
            return Some(Cause {
                kind: CauseKind::Ended,
                text: pair.end_reason.clone().unwrap_or_else(|| "批准的期限已满".to_owned()),
                reference: pair.end_reference.clone().unwrap_or_else(|| pair.reference.clone()),
                case: pair.end_case.or(pair.case),
            });
        }
        match side.state {
            Some(LineState::Blocked) => {
                return Some(Cause {
                    kind: CauseKind::Blocked,
                    text: side.reason.clone().unwrap_or_default(),
                    reference: String::new(),
                    case: None,
                });
            }
            Some(LineState::Withdrawn | LineState::Cancelled) => {
                return Some(Cause {
                    kind: CauseKind::Withdrawn,
                    text: side.reason.clone().unwrap_or_default(),
                    reference: String::new(),
                    case: None,
                });
            }
            _ => {}
        }
        let pauses = self.pauses.get(&pair.entitlement).map_or(&[][..], Vec::as_slice);
        let covers =
            |pause: &&PauseRow| pause.from <= month && pause.until.is_none_or(|until| month <= until);
        if let Some(pause) = pauses.iter().rev().find(covers) {
            let lifted = if then { pause.lifted.clone() } else { None };
            return Some(lifted.unwrap_or_else(|| pause.cause.clone()));
        }
        // What was paused when last month was made may have been lifted since, with effect from an earlier month.
        if then
            && let Some(lifted) =
                pauses.iter().rev().find_map(|pause| pause.lifted.clone().filter(|_| pause.from <= month))
        {
            return Some(lifted);
        }
        // The month was owed as arrears of the grant, or a zero amount is recorded.
        let zero = self.amounts.values().find(|row| {
            row.entitlement == pair.entitlement
                && row.current
                && row.amount.is_zero()
                && row.from <= month
                && row.until.is_none_or(|until| month <= until)
        });
        if let Some(row) = zero {
            return Some(row.cause.clone());
        }
        // Granted when the month's run had been made already: the month came as arrears.
        let arrears = self
            .extras_now
            .get(&pair.entitlement)
            .into_iter()
            .chain(self.extras_before.get(&pair.entitlement));
        if arrears.flatten().any(|extra| extra.kind == CauseKind::Arrears) {
            return Some(granted());
        }
        None
    }

    fn explain_extras(&self, pair: &Pair, causes: &mut Vec<Cause>) {
        let of = |extra: &Extra, text: String| Cause {
            kind: extra.kind,
            text,
            reference: extra.reference.clone(),
            case: extra.case,
        };
        if pair.now.is_paid() {
            for extra in self.extras_now.get(&pair.entitlement).into_iter().flatten() {
                causes.push(of(extra, format!("{}（{}元）", extra.text, extra.amount)));
            }
        }
        if pair.before.is_paid() {
            for extra in self.extras_before.get(&pair.entitlement).into_iter().flatten() {
                causes.push(of(extra, format!("上月含{}（{}元）", extra.text, extra.amount)));
            }
        }
    }
}

fn unexplained() -> Cause {
    Cause {
        kind: CauseKind::Unexplained,
        text: "没有查到原因，请先查明".to_owned(),
        reference: String::new(),
        case: None,
    }
}
