//! 乡镇备用金 (SA-32): the county allots, replenishes and takes back - made by one person, booked by another; the township advances out of
//! it on the decision of a case (`casework`). What was advanced is replenished when its case has ended: its papers are made up.

use ledger::reserve::{self, Fund, Proposal, ReserveEntry};
use ledger::{Officer, ReserveEntryId, ReserveFundId, ReserveKind};
use serde_json::json;
use store::{AuditEntry, Cursor, DivisionId, Page, Query, ScopeColumns};
use vocab::Fen;

use crate::access::{Actor, ApproveRun, Export, Granted, MakeRun, Permission, ReadPayments, Right};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError, audited, divisions};

/// A fund with the name of its township.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundView {
    /// The fund.
    pub fund: Fund,
    /// Its township.
    pub township: String,
}

/// What the county wants of a fund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Put money in.
    Allot(Fen),
    /// Take money back.
    GiveBack(Fen),
    /// Make up every advance whose papers are complete.
    Replenish,
}

/// Whether the post holds a right over these funds: for the business of a matter that pays out of them.
#[must_use]
pub fn holds(office: &Office, actor: &Actor, right: Right) -> bool {
    let release = office.release();
    release.items.iter().any(|item| item.advances() && actor.may_in(right, &item.business))
}

fn in_business<P: Permission>(office: &Office, actor: &Granted<P>) -> Result<(), OfficeError> {
    if holds(office, actor, P::RIGHT) { Ok(()) } else { Err(OfficeError::Forbidden(P::RIGHT)) }
}

fn entry(
    actor: &Actor,
    at: i64,
    action: &'static str,
    id: ReserveEntryId,
    details: serde_json::Value,
) -> AuditEntry {
    AuditEntry {
        division: Some(actor.division),
        details,
        ..audited(at, actor.audit(), action, ("reserve_entry", id.0))
    }
}

/// The funds of one's area.
///
/// # Errors
/// The database's.
pub async fn funds(office: &Office, actor: &Granted<ReadPayments>) -> Result<Vec<FundView>, OfficeError> {
    in_business(office, actor)?;
    let funds = reserve::funds(office.db(), &actor.scope()).await?;
    let names = divisions::names(office.db(), funds.iter().map(|fund| fund.township)).await?;
    let view = |fund: Fund| {
        let township = names.get(&fund.township).cloned().unwrap_or_default();
        FundView { fund, township }
    };
    Ok(funds.into_iter().map(view).collect())
}

/// One fund.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn fund(
    office: &Office,
    actor: &Granted<ReadPayments>,
    id: ReserveFundId,
) -> Result<FundView, OfficeError> {
    in_business(office, actor)?;
    let fund = reserve::fund(office.db(), &actor.scope(), id).await?;
    let names = divisions::names(office.db(), [fund.township]).await?;
    let township = names.get(&fund.township).cloned().unwrap_or_default();
    Ok(FundView { fund, township })
}

/// The lines of a fund's book, newest first.
///
/// # Errors
/// The database's.
pub async fn book(
    office: &Office,
    actor: &Granted<ReadPayments>,
    id: ReserveFundId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<ReserveEntry>, OfficeError> {
    in_business(office, actor)?;
    Ok(reserve::entries(office.db(), &actor.scope(), id, cursor, size).await?)
}

/// The advances of a fund whose papers are made up and that nothing replenishes yet, and what they come to.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn to_replenish(
    office: &Office,
    actor: &Granted<ReadPayments>,
    id: ReserveFundId,
) -> Result<(Vec<ReserveEntryId>, Fen), OfficeError> {
    in_business(office, actor)?;
    reserve::fund(office.db(), &actor.scope(), id).await?;
    let rows: Vec<(ReserveEntryId, Fen)> = Query::new(
        &store::Scope::System("advances of a fund that the reader may see"),
        &ScopeColumns::NONE,
        "SELECT n.id, n.amount_fen FROM reserve_entry n LEFT JOIN case_file c ON c.id = n.case_id WHERE n.fund_id = ? \
         AND n.kind = 'advance' AND (c.id IS NULL OR c.state = 'ended') \
         AND NOT EXISTS (SELECT 1 FROM reserve_made_up m WHERE m.advance_id = n.id) ORDER BY n.id",
    )
    .bind(id)
    .all_as(office.db(), |row| Ok((row.get("id")?, row.get("amount_fen")?)))
    .await?;
    let total = rows.iter().map(|(_, amount)| amount.0).sum();
    Ok((rows.into_iter().map(|(id, _)| id).collect(), Fen(total)))
}

/// Proposes something for a township's fund, which is made when there is none yet.
///
/// # Errors
/// [`OfficeError::Forbidden`] outside a county; the ledger's.
pub async fn propose(
    office: &Office,
    actor: &Granted<MakeRun>,
    township: DivisionId,
    wanted: Wanted,
    reference: &str,
) -> Result<ReserveFundId, OfficeError> {
    in_business(office, actor)?;
    let county = actor.county.ok_or(OfficeError::Forbidden(MakeRun::RIGHT))?;
    let officer = Officer { staff: actor.staff, at: office.now() };
    let tx = office.db().begin().await?;
    let fund = reserve::fund_of(&tx, &actor.scope(), county, township).await?;
    let proposal = match wanted {
        Wanted::Allot(amount) => Proposal::Allot(amount),
        Wanted::GiveBack(amount) => Proposal::GiveBack(amount),
        Wanted::Replenish => {
            Proposal::Replenish(to_replenish(office, &actor.grant::<ReadPayments>()?, fund).await?.0)
        }
    };
    let id = reserve::propose(&tx, &actor.scope(), fund, &proposal, reference, officer).await?;
    let details = json!({ "fund": fund.0, "reference": reference });
    tx.audit(entry(actor, officer.at.at_ms(), "reserve.proposed", id, details)).await?;
    tx.commit().await?;
    Ok(fund)
}

/// The second person books what was proposed, or refuses it.
///
/// # Errors
/// The ledger's: the same person, not waiting any more, more taken back than there is.
pub async fn settle(
    office: &Office,
    actor: &Granted<ApproveRun>,
    id: ReserveEntryId,
    book: bool,
) -> Result<ReserveEntry, OfficeError> {
    in_business(office, actor)?;
    let officer = Officer { staff: actor.staff, at: office.now() };
    let tx = office.db().begin().await?;
    let settled = reserve::settle(&tx, &actor.scope(), id, book, officer).await?;
    let action = if book { "reserve.booked" } else { "reserve.refused" };
    let details = json!({ "fund": settled.fund.0, "amount_fen": settled.amount.0 });
    tx.audit(entry(actor, officer.at.at_ms(), action, id, details)).await?;
    tx.commit().await?;
    Ok(settled)
}

/// A fund's book as a file.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn sheet(
    office: &Office,
    actor: &Granted<ReadPayments>,
    export: &Granted<Export>,
    id: ReserveFundId,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    in_business(office, export)?;
    let view = fund(office, actor, id).await?;
    let columns = [
        ListColumn::new("时间", 18),
        ListColumn::new("事项", 10),
        ListColumn::new("收入（元）", 14),
        ListColumn::new("支出（元）", 14),
        ListColumn::new("余额（元）", 14),
        ListColumn::new("依据", 30),
        ListColumn::new("状态", 10),
        ListColumn::new("是否补足", 10),
    ];
    let title = format!("{}备用金台账", view.township);
    let mut list = ListWriter::new(format, "备用金", Some(&title), &columns)?;
    let mut cursor = None;
    loop {
        let page = book(office, actor, id, cursor.as_ref(), ROWS_AT_ONCE).await?;
        for line in &page.rows {
            let comes_in = matches!(line.kind, ReserveKind::Allot | ReserveKind::Replenish);
            let side = |wanted: bool| if wanted { ListCell::from(line.amount) } else { ListCell::Empty };
            let made_up = match (line.kind, line.made_up_by) {
                (ReserveKind::Advance, Some(_)) => "已补足",
                (ReserveKind::Advance, None) => "待补足",
                _ => "",
            };
            list.row(&[
                ListCell::from(line.made_at.zh()),
                ListCell::from(line.kind.title()),
                side(comes_in),
                side(!comes_in),
                line.balance_after.into(),
                ListCell::from(line.reference.as_str()),
                ListCell::from(line.state.title()),
                ListCell::from(made_up),
            ])?;
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let file = list.finish()?;
    let exported = AuditEntry {
        division: Some(actor.division),
        ..audited(office.now().at_ms(), actor.audit(), "reserve.exported", ("reserve_fund", id.0))
    };
    office.db().audit_read(exported).await?;
    Ok(file)
}
