//! Proposals that a changed standard made: read by kind, increases confirmed many at a time, the rest settled one by one.

use std::collections::BTreeMap;

use ledger::{AmountCause, Decision, EntitlementId};
use store::{AuditEntry, Cursor, HouseholdId, Page, Query, Row, Scope};
use vocab::{Fen, Level, Month};

use super::StandardChangeId;
use super::changes::{self, StandardChangeView};
use super::standard_change::{BATCH, Effect, REVIEW_COLUMNS, ReviewKind, StandardReviewId};
use crate::access::{Actor, Confirm, Granted, Right};
use crate::{Office, OfficeError, audited, business};

/// Batches of one bulk confirmation: a page waits for a few seconds at most.
const BATCHES_MAX: usize = 10;

/// A proposal for one family, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewLine {
    /// The proposal.
    pub id: StandardReviewId,
    /// The entitlement.
    pub entitlement: EntitlementId,
    /// The family.
    pub household: HouseholdId,
    /// The holder's name.
    pub holder: String,
    /// The village's name.
    pub division_name: String,
    /// First month of the new amount.
    pub from: Month,
    /// Now.
    pub old: Fen,
    /// Then.
    pub new: Option<Fen>,
    /// What it means.
    pub kind: ReviewKind,
    /// What to look at.
    pub note: String,
}

/// Open proposals of a change in the actor's division, by kind.
///
/// # Errors
/// [`OfficeError::Forbidden`] for posts that neither confirm nor release.
pub async fn reviews(
    office: &Office,
    actor: &Actor,
    change: StandardChangeId,
    kind: ReviewKind,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<ReviewLine>, OfficeError> {
    let right = may_read(actor)?;
    let sql = format!(
        "{REVIEW_LINE} WHERE {{scope}} AND sr.change_id = ? AND sr.kind = ? AND sr.state = 'open' AND {{after}} ORDER BY sr.id LIMIT ?"
    );
    Ok(Query::new(&actor.scope(), &REVIEW_COLUMNS, sql)
        .only(PROGRAMME, own(office, actor, right))
        .bind(change)
        .bind(kind.as_str())
        .after(&["sr.id"], cursor)
        .page(office.db(), size, review_line, |line| Cursor::new().integer(line.id))
        .await?)
}

/// One proposal that an officer has to deal with and has not yet.
///
/// # Errors
/// [`OfficeError::NotFound`] when it is not open, applied in bulk, or not in the officer's division.
pub async fn open_review(
    office: &Office,
    actor: &Granted<Confirm>,
    id: StandardReviewId,
) -> Result<ReviewLine, OfficeError> {
    let sql = format!(
        "{REVIEW_LINE} WHERE {{scope}} AND sr.id = ? AND sr.state = 'open' AND sr.kind <> 'increase'"
    );
    Query::new(&actor.scope(), &REVIEW_COLUMNS, sql)
        .only(PROGRAMME, own(office, actor, Right::Confirm))
        .bind(id)
        .optional_as(office.db(), review_line)
        .await?
        .ok_or(OfficeError::NotFound("这条待复核的记录"))
}

const REVIEW_LINE: &str = "SELECT sr.id, sr.entitlement_id, e.household_id, p.name, d.name AS division_name, sr.from_month, sr.old_fen, \
    sr.new_fen, sr.kind, sr.note FROM standard_review sr JOIN entitlement e ON e.id = sr.entitlement_id \
    JOIN person p ON p.id = e.holder_person_id JOIN division d ON d.id = sr.division_id";

fn review_line(row: &Row) -> store::Result<ReviewLine> {
    Ok(ReviewLine {
        id: row.get("id")?,
        entitlement: row.get("entitlement_id")?,
        household: row.get("household_id")?,
        holder: row.get("name")?,
        division_name: row.get("division_name")?,
        from: row.get("from_month")?,
        old: row.get("old_fen")?,
        new: row.get("new_fen")?,
        kind: ReviewKind::read(&row.get::<String>("kind")?)?,
        note: row.get("note")?,
    })
}

/// Open proposals of a change in the actor's division: families and monthly money by kind.
///
/// # Errors
/// [`OfficeError::Forbidden`] for posts that neither confirm nor release.
pub async fn reviews_by_kind(
    office: &Office,
    actor: &Actor,
    change: StandardChangeId,
) -> Result<BTreeMap<ReviewKind, Effect>, OfficeError> {
    let right = may_read(actor)?;
    let rows = Query::new(
        &actor.scope(),
        &REVIEW_COLUMNS,
        "SELECT sr.kind, COUNT(*) AS families, CAST(SUM(sr.old_fen) AS BIGINT) AS old_fen, \
         CAST(SUM(COALESCE(sr.new_fen, sr.old_fen)) AS BIGINT) AS new_fen \
         FROM standard_review sr WHERE {scope} AND sr.change_id = ? AND sr.state = 'open' GROUP BY sr.kind",
    )
    .only(PROGRAMME, own(office, actor, right))
    .bind(change)
    .all(office.db())
    .await?;
    let mut kinds = BTreeMap::new();
    for row in &rows {
        let effect =
            Effect { families: row.get("families")?, old: row.get("old_fen")?, new: row.get("new_fen")? };
        kinds.insert(ReviewKind::read(&row.get::<String>("kind")?)?, effect);
    }
    Ok(kinds)
}

/// The right by which somebody reads proposals.
fn may_read(actor: &Actor) -> Result<Right, OfficeError> {
    if actor.may(Right::Confirm) {
        return Ok(Right::Confirm);
    }
    actor.demand(Right::ReleaseStandard).map(|()| Right::ReleaseStandard)
}

/// The programme of a proposal `sr`.
const PROGRAMME: &str = "(SELECT oe.programme FROM entitlement oe WHERE oe.id = sr.entitlement_id)";

/// The programmes whose proposals somebody sees; none where that is all.
fn own(office: &Office, actor: &Actor, right: Right) -> Option<Vec<String>> {
    business::programmes(&office.release(), actor, &[right])
}

/// What a bulk confirmation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Families whose amount was raised.
    pub raised: i64,
    /// Families whose amount had changed since the proposal: left alone, marked stale.
    pub stale: i64,
    /// Arrears posted for months whose run was made already.
    pub arrears: Fen,
    /// Increases that still wait.
    pub left: i64,
}

/// Confirms open increases of a change in the officer's county, each through the ledger, in batches, as many as a page may wait
/// for; arrears for months already run come with them. Called again it goes on.
///
/// # Errors
/// [`OfficeError::Conflict`] away from a county's office; the ledger's refusals stop at the family that caused them.
pub async fn confirm_increases(
    office: &Office,
    actor: &Granted<Confirm>,
    change: StandardChangeId,
) -> Result<Confirmed, OfficeError> {
    if actor.level != Level::County {
        return Err(OfficeError::Conflict("按新标准增发由县级民政部门确认。".to_owned()));
    }
    let released =
        changes::find_in(office.db(), &Scope::System("a released standard is public"), change).await?;
    let mut confirmed = Confirmed::default();
    for _ in 0..BATCHES_MAX {
        let rows = Query::new(
            &actor.scope(),
            &REVIEW_COLUMNS,
            "SELECT sr.id, sr.entitlement_id, sr.county_id, sr.from_month, sr.old_fen, sr.new_fen, sr.determination_id FROM standard_review sr \
             WHERE {scope} AND sr.change_id = ? AND sr.kind = 'increase' AND sr.state = 'open' ORDER BY sr.id LIMIT ?",
        )
        .only(PROGRAMME, own(office, actor, Right::Confirm))
        .bind(change)
        .bind(BATCH)
        .all(office.db())
        .await?;
        if rows.is_empty() {
            break;
        }
        let tx = office.db().begin().await?;
        let mut batch = Confirmed::default();
        for row in &rows {
            apply(office, &tx, actor, &released, row, &mut batch).await?;
        }
        tx.audit(AuditEntry {
            division: Some(actor.division),
            details: serde_json::json!({ "raised": batch.raised, "stale": batch.stale, "arrears_fen": batch.arrears.0 }),
            ..audited(office.now().at_ms(), actor.audit(), "standard.confirm_increases", ("standard_change", change.0))
        })
        .await?;
        tx.commit().await?;
        confirmed.raised += batch.raised;
        confirmed.stale += batch.stale;
        confirmed.arrears.0 += batch.arrears.0;
    }
    confirmed.left = reviews_by_kind(office, actor, change)
        .await?
        .get(&ReviewKind::Increase)
        .map_or(0, |effect| effect.families);
    Ok(confirmed)
}

async fn apply(
    office: &Office,
    tx: &store::Tx,
    actor: &Granted<Confirm>,
    change: &StandardChangeView,
    row: &Row,
    batch: &mut Confirmed,
) -> Result<(), OfficeError> {
    const ROW: &str = "a proposal found within the officer's county";
    let id: StandardReviewId = row.get("id")?;
    let entitlement: EntitlementId = row.get("entitlement_id")?;
    let (from, old, new): (Month, Fen, Fen) =
        (row.get("from_month")?, row.get("old_fen")?, row.get("new_fen")?);
    let now = office.now();
    let scope = actor.scope();
    // Taken in the transaction: a second officer confirming at the same moment finds it taken.
    let taken = Query::system(
        ROW,
        "UPDATE standard_review SET state = 'applied', decided_by = ?, decided_at = ? WHERE id = ? AND state = 'open'",
    )
    .bind(actor.staff)
    .bind(now.at_ms())
    .bind(id)
    .execute(tx)
    .await?;
    if taken == 0 {
        return Ok(());
    }
    let found = Query::system(
        ROW,
        "SELECT e.programme, e.first_due_month FROM entitlement e JOIN entitlement_amount ea ON ea.entitlement_id = e.id AND ea.superseded_at IS NULL \
         WHERE e.id = ? AND e.ended_at IS NULL AND ea.amount_fen = ? AND ea.from_month <= ? AND ea.until_month IS NULL",
    )
    .bind(entitlement)
    .bind(old)
    .bind(from)
    .optional(tx)
    .await?;
    let Some(still) = found else {
        Query::system(ROW, "UPDATE standard_review SET state = 'stale' WHERE id = ?")
            .bind(id)
            .execute_one(tx)
            .await?;
        batch.stale += 1;
        return Ok(());
    };
    let decision = Decision {
        reference: change.source.clone(),
        reason: format!("自{}起按新标准核定", from.zh()),
        case: None,
        determination: row.get("determination_id")?,
        officer: actor.staff,
        at: now,
    };
    let last_run =
        ledger::run::last_regular_month(tx, row.get("county_id")?, &still.get::<String>("programme")?)
            .await?;
    ledger::change_amount(tx, &scope, entitlement, from, new, AmountCause::Standard, &decision).await?;
    batch.raised += 1;
    if let Some(last) = last_run {
        let first = from.max(still.get("first_due_month")?);
        let proposal = ledger::propose_as_recorded(tx, &scope, entitlement, first, last).await?;
        if !proposal.arrears().is_zero() {
            batch.arrears.0 += ledger::post_arrears(tx, &scope, &proposal, &decision).await?.0;
        }
    }
    Ok(())
}

/// An officer has dealt with a proposal that is not applied in bulk: in a case, or by looking into it.
///
/// # Errors
/// [`OfficeError::Invalid`] without saying how; [`OfficeError::NotFound`] when it is not open or not in the officer's division.
pub async fn settle_review(
    office: &Office,
    actor: &Granted<Confirm>,
    id: StandardReviewId,
    how: &str,
) -> Result<(), OfficeError> {
    if how.trim().is_empty() {
        return Err(OfficeError::invalid("how", "请写明如何处理，如已转入复核办件及其编号。"));
    }
    let tx = office.db().begin().await?;
    let now = office.now().at_ms();
    let found = Query::new(
        &actor.scope(),
        &REVIEW_COLUMNS,
        "SELECT sr.division_id FROM standard_review sr WHERE {scope} AND sr.id = ? AND sr.state = 'open' AND sr.kind <> 'increase'",
    )
    .only(PROGRAMME, own(office, actor, Right::Confirm))
    .bind(id)
    .optional(&tx)
    .await?
    .ok_or(OfficeError::NotFound("这条待复核的记录"))?;
    let changed = Query::system(
        "a proposal found within the officer's division",
        "UPDATE standard_review SET state = 'settled', decided_by = ?, decided_at = ? WHERE id = ? AND state = 'open'",
    )
    .bind(actor.staff)
    .bind(now)
    .bind(id)
    .execute(&tx)
    .await?;
    if changed != 1 {
        return Err(OfficeError::stale());
    }
    tx.audit(AuditEntry {
        division: Some(found.get("division_id")?),
        purpose: Some(how.trim().to_owned()),
        ..audited(now, actor.audit(), "standard.settle_review", ("standard_review", id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
