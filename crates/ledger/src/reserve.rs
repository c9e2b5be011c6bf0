//! 备用金: money that lies with a township so that help in an emergency does not wait for the month's run.
//!
//! The county allots, replenishes and takes back, each by two people; the township advances on a decision. An advance is the family's due
//! of the month, paid: the run does not pay it again. What was advanced is replenished once its papers are made up. A fund never holds less
//! than nothing: the database refuses it.

use store::{
    CaseId, Connection, Cursor, DivisionId, Page, PersonId, Query, Row, Scope, ScopeColumns, StaffId, Tx,
};
use vocab::{Fen, Month, Now};

use crate::accounts::{self, ALLOTTED, Entry, PAYABLE, RESERVE};
use crate::entitlement::hold;
use crate::scope::{BOOKS, ENTITLEMENT, NONE};
use crate::{
    Decision, EntitlementId, LedgerError, Officer, ReserveEntryId, ReserveFundId, ReserveKind, ReserveState,
    Result, batch, months,
};

/// `reserve_fund f`: the township and those above it.
pub const FUND: ScopeColumns = ScopeColumns {
    subtree: Some("f.township_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?)"),
    own: None,
    task: None,
    organisation: None,
};

/// A fund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fund {
    /// Its id.
    pub id: ReserveFundId,
    /// Whose money.
    pub county: DivisionId,
    /// Where it lies.
    pub township: DivisionId,
    /// What is in it.
    pub balance: Fen,
    /// What was advanced and not yet replenished.
    pub advanced: Fen,
    /// What waits for a second person.
    pub waiting: i64,
}

/// A line of a fund's book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReserveEntry {
    /// Its id.
    pub id: ReserveEntryId,
    /// The fund.
    pub fund: ReserveFundId,
    /// What it is.
    pub kind: ReserveKind,
    /// How much; the kind says whether in or out.
    pub amount: Fen,
    /// The benefit that was advanced.
    pub entitlement: Option<EntitlementId>,
    /// The case of the advance.
    pub case: Option<CaseId>,
    /// Document or decision.
    pub reference: String,
    /// Where it stands.
    pub state: ReserveState,
    /// What was in the fund afterwards.
    pub balance_after: Option<Fen>,
    /// Who made it.
    pub made_by: StaffId,
    /// When.
    pub made_at: Now,
    /// Who booked or refused it.
    pub settled_by: Option<StaffId>,
    /// The replenishment that makes an advance up.
    pub made_up_by: Option<ReserveEntryId>,
}

/// Something that the county wants to do with a fund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// Put money in.
    Allot(Fen),
    /// Take money back, as at the end of the year.
    GiveBack(Fen),
    /// Make up these advances.
    Replenish(Vec<ReserveEntryId>),
}

const FUND_SELECT: &str = "SELECT f.id, f.county_id, f.township_id, f.balance_fen, \
    CAST(COALESCE((SELECT SUM(n.amount_fen) FROM reserve_entry n WHERE n.fund_id = f.id AND n.kind = 'advance' AND NOT EXISTS \
      (SELECT 1 FROM reserve_made_up m JOIN reserve_entry y ON y.id = m.replenish_id AND y.state = 'booked' \
       WHERE m.advance_id = n.id)), 0) AS BIGINT) AS advanced, \
    (SELECT COUNT(*) FROM reserve_entry n WHERE n.fund_id = f.id AND n.state = 'proposed') AS waiting \
    FROM reserve_fund f WHERE {scope}";

fn read_fund(row: &Row) -> store::Result<Fund> {
    Ok(Fund {
        id: row.get("id")?,
        county: row.get("county_id")?,
        township: row.get("township_id")?,
        balance: row.get("balance_fen")?,
        advanced: row.get("advanced")?,
        waiting: row.get("waiting")?,
    })
}

/// The funds of an area.
///
/// # Errors
/// The database's.
pub async fn funds(connection: &impl Connection, scope: &Scope) -> Result<Vec<Fund>> {
    let sql = format!("{FUND_SELECT} ORDER BY f.id");
    Ok(Query::new(scope, &FUND, sql).all_as(connection, read_fund).await?)
}

/// One fund.
///
/// # Errors
/// [`store::StoreError::NotFound`].
pub async fn fund(connection: &impl Connection, scope: &Scope, id: ReserveFundId) -> Result<Fund> {
    let sql = format!("{FUND_SELECT} AND f.id = ?");
    Ok(Query::new(scope, &FUND, sql).bind(id).one_as(connection, read_fund).await?)
}

/// The lines of a fund's book, newest first.
///
/// # Errors
/// The database's.
pub async fn entries(
    connection: &impl Connection,
    scope: &Scope,
    fund: ReserveFundId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<ReserveEntry>> {
    let sql = format!("{ENTRY_SELECT} AND n.fund_id = ? AND {{after}} ORDER BY n.id DESC LIMIT ?");
    let query = Query::new(scope, &FUND, sql).bind(fund).after_descending(&["n.id"], cursor);
    Ok(query.page(connection, size, read_entry, |entry| Cursor::new().integer(entry.id.0)).await?)
}

/// What a township paid ahead to a family out of its reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// How much.
    pub amount: Fen,
    /// When.
    pub at: Now,
    /// The decision or case.
    pub reference: String,
    /// The case.
    pub case: Option<CaseId>,
    /// The programme.
    pub programme: String,
    /// The county has made it up: all papers are there.
    pub made_up: bool,
}

/// What was paid ahead of benefits that concern a person, the newest first.
///
/// # Errors
/// The database's.
pub async fn advances_of(connection: &impl Connection, person: PersonId) -> Result<Vec<Advance>> {
    let scope = Scope::Own(person);
    Ok(Query::new(
        &scope,
        &ENTITLEMENT,
        "SELECT n.amount_fen, n.made_at, n.reference, n.case_id, e.programme, EXISTS (SELECT 1 FROM reserve_made_up m \
         JOIN reserve_entry y ON y.id = m.replenish_id AND y.state = 'booked' WHERE m.advance_id = n.id) AS made_up \
         FROM reserve_entry n JOIN entitlement e ON e.id = n.entitlement_id WHERE {scope} AND n.kind = 'advance' \
         AND n.state = 'booked' ORDER BY n.id DESC LIMIT 50",
    )
    .all_as(connection, |row| {
        Ok(Advance {
            amount: row.get("amount_fen")?,
            at: Now::from_unix_ms(row.get("made_at")?),
            reference: row.get("reference")?,
            case: row.get("case_id")?,
            programme: row.get("programme")?,
            made_up: row.get("made_up")?,
        })
    })
    .await?)
}

const ENTRY_SELECT: &str = "SELECT n.id, n.fund_id, n.kind, n.amount_fen, n.entitlement_id, n.case_id, n.reference, n.state, \
    n.balance_after_fen, n.made_by, n.made_at, n.settled_by, \
    (SELECT m.replenish_id FROM reserve_made_up m WHERE m.advance_id = n.id) AS made_up_by \
    FROM reserve_entry n JOIN reserve_fund f ON f.id = n.fund_id WHERE {scope}";

fn read_entry(row: &Row) -> store::Result<ReserveEntry> {
    Ok(ReserveEntry {
        id: row.get("id")?,
        fund: row.get("fund_id")?,
        kind: row.get("kind")?,
        amount: row.get("amount_fen")?,
        entitlement: row.get("entitlement_id")?,
        case: row.get("case_id")?,
        reference: row.get("reference")?,
        state: row.get("state")?,
        balance_after: row.get("balance_after_fen")?,
        made_by: row.get("made_by")?,
        made_at: Now::from_unix_ms(row.get("made_at")?),
        settled_by: row.get("settled_by")?,
        made_up_by: row.get("made_up_by")?,
    })
}

/// The fund of a township that ended is its successor's, unless that has one: two funds are not thrown together, each keeps its book.
///
/// # Errors
/// The database's.
pub async fn follow(tx: &Tx, from: DivisionId, to: DivisionId) -> Result<()> {
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE reserve_fund SET township_id = ? WHERE township_id = ? \
         AND NOT EXISTS (SELECT 1 FROM reserve_fund o WHERE o.township_id = ?)",
    )
    .bind(to)
    .bind(from)
    .bind(to)
    .execute(tx)
    .await?;
    Ok(())
}

/// The fund of a township, made when there is none yet. The township must lie in the scope.
///
/// # Errors
/// [`store::StoreError::NotFound`] outside the scope.
pub async fn fund_of(
    tx: &Tx,
    scope: &Scope,
    county: DivisionId,
    township: DivisionId,
) -> Result<ReserveFundId> {
    Query::new(
        scope,
        &FUND,
        "SELECT f.township_id FROM (SELECT c.descendant_id AS township_id FROM division_closure c \
         WHERE c.ancestor_id = ? AND c.descendant_id = ?) f WHERE {scope}",
    )
    .bind(county)
    .bind(township)
    .one(tx)
    .await?;
    Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO reserve_fund (county_id, township_id, balance_fen) VALUES (?, ?, 0) ON CONFLICT (township_id) DO NOTHING",
    )
    .bind(county)
    .bind(township)
    .execute(tx)
    .await?;
    Ok(Query::new(&BOOKS, &NONE, "SELECT id FROM reserve_fund WHERE township_id = ?")
        .bind(township)
        .one(tx)
        .await?
        .get("id")?)
}

/// Proposes something; a second person books or refuses it with [`settle`].
///
/// # Errors
/// Out of scope; nothing to make up; something of the kind waits already.
pub async fn propose(
    tx: &Tx,
    scope: &Scope,
    fund: ReserveFundId,
    proposal: &Proposal,
    reference: &str,
    officer: Officer,
) -> Result<ReserveEntryId> {
    self::fund(tx, scope, fund).await?;
    if reference.trim().is_empty() {
        return Err(LedgerError::NoReference);
    }
    let (kind, amount) = match proposal {
        Proposal::Allot(amount) => (ReserveKind::Allot, *amount),
        Proposal::GiveBack(amount) => (ReserveKind::GiveBack, *amount),
        Proposal::Replenish(advances) => (ReserveKind::Replenish, open_advances(tx, fund, advances).await?),
    };
    if amount.0 <= 0 {
        return Err(LedgerError::refused("金额应大于零。"));
    }
    let waiting: i64 = Query::new(
        &BOOKS,
        &NONE,
        "SELECT COUNT(*) FROM reserve_entry WHERE fund_id = ? AND kind = ? AND state = 'proposed'",
    )
    .bind(fund)
    .bind(kind)
    .scalar(tx)
    .await?;
    if waiting > 0 {
        return Err(LedgerError::refused(format!("这里已有一笔{}等待复核，请先办完那一笔。", kind.title())));
    }
    let id = ReserveEntryId(
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO reserve_entry (fund_id, kind, amount_fen, reference, state, made_by, made_at) \
             VALUES (?, ?, ?, ?, 'proposed', ?, ?) RETURNING id",
        )
        .bind(fund)
        .bind(kind)
        .bind(amount)
        .bind(reference.trim())
        .bind(officer.staff)
        .bind(officer.at.at_ms())
        .insert(tx)
        .await?,
    );
    if let Proposal::Replenish(advances) = proposal {
        for advance in advances {
            Query::new(&BOOKS, &NONE, "INSERT INTO reserve_made_up (advance_id, replenish_id) VALUES (?, ?)")
                .bind(*advance)
                .bind(id)
                .execute(tx)
                .await?;
        }
    }
    Ok(id)
}

/// What some advances come to that nothing makes up yet.
async fn open_advances(tx: &Tx, fund: ReserveFundId, advances: &[ReserveEntryId]) -> Result<Fen> {
    let row = Query::new(
        &BOOKS,
        &NONE,
        "SELECT COUNT(*) AS found, CAST(COALESCE(SUM(n.amount_fen), 0) AS BIGINT) AS total FROM reserve_entry n \
         WHERE n.fund_id = ? AND n.kind = 'advance' AND n.id IN ({list}) \
         AND NOT EXISTS (SELECT 1 FROM reserve_made_up m WHERE m.advance_id = n.id)",
    )
    .bind(fund)
    .bind_list(advances.iter().copied())
    .one(tx)
    .await?;
    let found: i64 = row.get("found")?;
    if advances.is_empty() || usize::try_from(found) != Ok(advances.len()) {
        return Err(LedgerError::refused("没有选中要补足的垫付，或者其中有的已经补足。请刷新页面。"));
    }
    Ok(row.get("total")?)
}

/// The second person books what was proposed, or refuses it.
///
/// # Errors
/// [`LedgerError::SamePerson`]; not waiting any more; more taken back than there is.
pub async fn settle(
    tx: &Tx,
    scope: &Scope,
    id: ReserveEntryId,
    book: bool,
    officer: Officer,
) -> Result<ReserveEntry> {
    let sql = format!("{ENTRY_SELECT} AND n.id = ?");
    let entry = Query::new(scope, &FUND, sql).bind(id).one_as(tx, read_entry).await?;
    if entry.state != ReserveState::Proposed {
        return Err(LedgerError::refused("这一笔已经办完。"));
    }
    if entry.made_by == officer.staff {
        return Err(LedgerError::SamePerson("备用金的经办与复核"));
    }
    let fund = fund(tx, scope, entry.fund).await?;
    let mut after = None;
    if book {
        let change = match entry.kind {
            ReserveKind::Allot | ReserveKind::Replenish => entry.amount,
            ReserveKind::GiveBack | ReserveKind::Advance => entry.amount.neg(),
        };
        after = Some(move_balance(tx, entry.fund, change).await?);
        let journal =
            open_journal(tx, &fund, Month::containing(officer.at.today()), &entry.reference, officer);
        let journal = journal.await?;
        accounts::post(tx, journal, RESERVE, None, change).await?;
        accounts::post(tx, journal, ALLOTTED, None, change.neg()).await?;
        accounts::close(tx, journal).await?;
    } else {
        Query::new(&BOOKS, &NONE, "DELETE FROM reserve_made_up WHERE replenish_id = ?")
            .bind(id)
            .execute(tx)
            .await?;
    }
    let state = if book { ReserveState::Booked } else { ReserveState::Refused };
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE reserve_entry SET state = ?, balance_after_fen = ?, settled_by = ?, settled_at = ? WHERE id = ? AND state = 'proposed'",
    )
    .bind(state)
    .bind(after)
    .bind(officer.staff)
    .bind(officer.at.at_ms())
    .bind(id)
    .execute_one(tx)
    .await?;
    Ok(ReserveEntry { state, balance_after: after, settled_by: Some(officer.staff), ..entry })
}

/// Pays a family's month out of a township's fund, at once. The month must not be in a run already.
///
/// # Errors
/// No fund; too little in it; nothing due; the month's run has it already.
pub async fn advance(
    tx: &Tx,
    scope: &Scope,
    township: DivisionId,
    id: EntitlementId,
    month: Month,
    decision: &Decision,
) -> Result<Fen> {
    decision.check()?;
    Query::new(scope, &ENTITLEMENT, "SELECT e.id FROM entitlement e WHERE {scope} AND e.id = ?")
        .bind(id)
        .one(tx)
        .await?;
    let held = hold(tx, &BOOKS, id).await?;
    let row =
        Query::new(&BOOKS, &NONE, format!("{FUND_SELECT} AND f.township_id = ?").replace("{scope}", "1 = 1"))
            .bind(township)
            .optional_as(tx, read_fund)
            .await?;
    let fund = row.ok_or_else(|| {
        LedgerError::refused("本乡镇（街道）还没有备用金，请由县级民政部门先拨付，或者随月度批次发放。")
    })?;
    let (due, amount) = match unpaid_of_month(tx, id, month).await? {
        Some(unpaid) => unpaid,
        None => {
            let booked: i64 = Query::new(
                &BOOKS,
                &NONE,
                "SELECT COUNT(*) FROM due d WHERE d.entitlement_id = ? AND d.month = ? \
                 AND NOT EXISTS (SELECT 1 FROM due x WHERE x.reverses_due_id = d.id)",
            )
            .bind(id)
            .bind(month)
            .scalar(tx)
            .await?;
            if booked > 0 {
                return Err(LedgerError::refused(
                    "这笔钱已经发放，或者已经列入发放批次，不能再从备用金垫付。",
                ));
            }
            let amount = months::recorded_amount(tx, id, month).await?;
            if amount.0 <= 0 {
                return Err(LedgerError::refused("本月没有要发的钱。"));
            }
            months::post_missed_month(tx, id, held.county, month, amount, decision).await?;
            unpaid_of_month(tx, id, month).await?.ok_or_else(|| LedgerError::refused("本月没有要发的钱。"))?
        }
    };
    let after = move_balance(tx, fund.id, amount.neg()).await?;
    batch::settle_part(tx, due, amount, amount).await?;
    Query::new(
        &BOOKS,
        &NONE,
        "INSERT INTO reserve_entry (fund_id, kind, amount_fen, due_id, entitlement_id, case_id, reference, state, balance_after_fen, \
         made_by, made_at) VALUES (?, 'advance', ?, ?, ?, ?, ?, 'booked', ?, ?, ?)",
    )
    .bind(fund.id)
    .bind(amount)
    .bind(due)
    .bind(id)
    .bind(decision.case)
    .bind(&decision.reference)
    .bind(after)
    .bind(decision.officer)
    .bind(decision.at.at_ms())
    .execute(tx)
    .await?;
    let officer = Officer { staff: decision.officer, at: decision.at };
    let journal = open_journal(tx, &fund, month, &decision.reference, officer).await?;
    accounts::post(tx, journal, PAYABLE, Some(id), amount).await?;
    accounts::post(tx, journal, RESERVE, None, amount.neg()).await?;
    accounts::close(tx, journal).await?;
    Ok(amount)
}

/// What is unpaid of a month, if it is in one piece and in no run.
async fn unpaid_of_month(tx: &Tx, id: EntitlementId, month: Month) -> Result<Option<(crate::DueId, Fen)>> {
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT u.due_id, u.amount_fen FROM unpaid_due u JOIN due d ON d.id = u.due_id LEFT JOIN payment_run r ON r.id = d.run_id \
         WHERE u.entitlement_id = ? AND d.month = ? AND (r.id IS NULL OR r.state IN ('exporting', 'exported', 'answered', 'closed')) \
         ORDER BY d.revision LIMIT 1",
    )
    .bind(id)
    .bind(month)
    .optional_as(tx, |row| Ok((row.get("due_id")?, row.get("amount_fen")?)))
    .await?)
}

/// Moves the balance; it never falls below nothing.
async fn move_balance(tx: &Tx, fund: ReserveFundId, change: Fen) -> Result<Fen> {
    let changed = Query::new(
        &BOOKS,
        &NONE,
        "UPDATE reserve_fund SET balance_fen = balance_fen + ? WHERE id = ? AND balance_fen + ? >= 0",
    )
    .bind(change)
    .bind(fund)
    .bind(change)
    .execute(tx)
    .await?;
    let balance: Fen = Query::new(&BOOKS, &NONE, "SELECT balance_fen FROM reserve_fund WHERE id = ?")
        .bind(fund)
        .one(tx)
        .await?
        .get("balance_fen")?;
    if changed == 0 {
        return Err(LedgerError::refused(format!(
            "备用金余额 {} 元，不够这一笔 {} 元。请由县级民政部门补足，或者随月度批次发放。",
            balance.yuan_grouped(),
            Fen(change.0.abs()).yuan_grouped()
        )));
    }
    Ok(balance)
}

async fn open_journal(
    tx: &Tx,
    fund: &Fund,
    month: Month,
    reference: &str,
    officer: Officer,
) -> Result<crate::JournalId> {
    let entry = Entry {
        county: fund.county,
        kind: "reserve",
        month,
        run: None,
        recovery: None,
        reference,
        officer: officer.staff,
        at: officer.at,
    };
    accounts::open(tx, &entry).await
}
