//! What is recorded about the families of a page: what rides along with their lines, pauses, amounts, accounts.

use std::collections::BTreeMap;

use store::{CaseId, Connection, Query, Row};
use vocab::{Fen, Month};

use super::{Cause, CauseKind};
use crate::scope::{BOOKS, NONE};
use crate::{AmountId, EntitlementId, PauseKind, PayeeId, Result, RunId};

/// What a line holds beside the month's own due: positive what it pays more, negative what is kept back.
pub(super) struct Extra {
    pub kind: CauseKind,
    pub amount: Fen,
    pub text: String,
    pub reference: String,
    pub case: Option<CaseId>,
}

pub(super) async fn extras(
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
         WHERE l.run_id + 0 = ? AND l.entitlement_id IN ({list}) AND NOT (d.kind = 'regular' AND d.run_id = l.run_id) \
         ORDER BY l.entitlement_id, d.month, d.revision",
    )
    .bind(run)
    .bind_list(ids.iter().copied())
    .all_as(connection, read_along)
    .await?;
    // What an instalment took whole has no attempt in the line, but it would have been paid along.
    let taken_whole = Query::new(
        &BOOKS,
        &NONE,
        "SELECT d.entitlement_id, d.month, d.kind, d.reason, d.reference, d.case_id, \
         CAST(SUM(n.amount_fen) AS BIGINT) AS amount_fen, \
         EXISTS (SELECT 1 FROM attempt f WHERE f.due_id = d.id AND f.state = 'failed') AS tried \
         FROM due d JOIN recovery_entry n ON n.due_id = d.id \
         WHERE n.run_id = ? AND d.entitlement_id IN ({list}) AND NOT (d.kind = 'regular' AND d.run_id = n.run_id) \
         AND NOT EXISTS (SELECT 1 FROM attempt t JOIN payment_line l ON l.id = t.line_id \
           WHERE t.due_id = d.id AND l.run_id = n.run_id) \
         GROUP BY d.entitlement_id, d.month, d.revision, d.kind, d.reason, d.reference, d.case_id, d.id \
         HAVING SUM(n.amount_fen) > 0 ORDER BY d.entitlement_id, d.month, d.revision",
    )
    .bind(run)
    .bind_list(ids.iter().copied())
    .all_as(connection, read_along)
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
    for (id, extra) in paid_along.into_iter().chain(taken_whole).chain(kept_back) {
        found.entry(id).or_default().push(extra);
    }
    Ok(found)
}

/// A due that rides along: its own worth, before what was kept back of it.
fn read_along(row: &Row) -> store::Result<(EntitlementId, Extra)> {
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
    Ok((row.get("entitlement_id")?, extra))
}

pub(super) struct PauseRow {
    pub from: Month,
    pub until: Option<Month>,
    pub cause: Cause,
    pub lifted: Option<Cause>,
    pub lifted_at: Option<i64>,
}

pub(super) async fn pauses(
    connection: &impl Connection,
    ids: &[EntitlementId],
) -> Result<BTreeMap<EntitlementId, Vec<PauseRow>>> {
    let rows = Query::new(
        &BOOKS,
        &NONE,
        "SELECT entitlement_id, kind, from_month, until_month, reason, reference, case_id, lifted_reason, lifted_reference, \
         lifted_case_id, lifted_at FROM entitlement_pause WHERE entitlement_id IN ({list}) ORDER BY id",
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
            lifted_at: row.get("lifted_at")?,
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

pub(super) struct AmountRow {
    pub entitlement: EntitlementId,
    pub from: Month,
    pub until: Option<Month>,
    pub amount: Fen,
    pub superseded_at: Option<i64>,
    pub cause: Cause,
}

pub(super) async fn amounts(
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
            superseded_at: row.get("superseded_at")?,
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

pub(super) async fn payees(
    connection: &impl Connection,
    ids: &[EntitlementId],
) -> Result<BTreeMap<PayeeId, Cause>> {
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
