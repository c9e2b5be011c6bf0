//! A month's run of a county and programme: begun once, written in short batches, found again when asked twice.
//!
//! [`begin`] creates or finds the run; [`carry_on`] does whatever its state still needs (make, export, read the answer,
//! cancel), batch by batch, and may be stopped or killed between two batches. [`make_run`] is both.

use std::marker::PhantomData;
use std::ops::{ControlFlow, Deref};

use store::{Connection, Db, DivisionId, Query, Row, Scope, StaffId, Tx};
use vocab::{Fen, Month, Now};

use crate::scope::{BOOKS, NONE, RUN};
use crate::{LedgerError, Officer, Result, RunId, RunKind, RunState, bank, batch, cancel, compare};

/// How many entitlements or lines go into one transaction.
pub(crate) const BATCH: usize = 1000;

/// A run as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRun {
    /// Its id.
    pub id: RunId,
    /// Whose money.
    pub county: DivisionId,
    /// Programme id.
    pub programme: String,
    /// The month it pays.
    pub month: Month,
    /// Regular or second attempt.
    pub kind: RunKind,
    /// The run whose failures it repeats, or after which it pays what stands open.
    pub reissue_of: Option<RunId>,
    /// Why a supplementary run does not wait for the next month.
    pub supplement_reason: Option<String>,
    /// Where it stands.
    pub state: RunState,
    /// Lines that go to the bank.
    pub line_count: i64,
    /// Their sum.
    pub total: Fen,
    /// Families left out, each with its reason.
    pub blocked_count: i64,
    /// Who made it, when.
    pub made_by: StaffId,
    /// When it was begun.
    pub made_at: Now,
    /// Who approved it.
    pub approved_by: Option<StaffId>,
    /// When.
    pub approved_at: Option<Now>,
    /// SM3 of the bank file.
    pub file_sm3: Option<String>,
    /// When the file was exported.
    pub exported_at: Option<Now>,
    /// When the last answer was read.
    pub answered_at: Option<Now>,
    /// When it was closed.
    pub closed_at: Option<Now>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// What its bookings refer to: `2026年11月月度发放`.
    pub reference: String,
    pub(crate) batch_through: i64,
    pub(crate) exported_by: Option<StaffId>,
    pub(crate) cancelled_by: Option<StaffId>,
    pub(crate) cancelled_at: Option<Now>,
}

pub(crate) const RUN_COLUMNS: &str = "r.id, r.county_id, r.programme, r.month, \
    CASE WHEN r.supplement_reason IS NULL THEN r.kind ELSE 'supplement' END AS kind, r.reissue_of_run_id, r.supplement_reason, r.state, \
    r.batch_through, r.line_count, r.total_fen, r.blocked_count, r.made_by, r.made_at, r.approved_by, r.approved_at, \
    r.exported_by, r.exported_at, r.file_sm3, r.answered_at, r.closed_at, r.cancelled_by, r.cancelled_at, r.cancel_reason";

impl PaymentRun {
    pub(crate) fn read(row: &Row) -> store::Result<PaymentRun> {
        let moment =
            |column: &str| Ok::<_, store::StoreError>(row.get::<Option<i64>>(column)?.map(Now::from_unix_ms));
        let (month, kind) = (row.get::<Month>("month")?, row.get::<RunKind>("kind")?);
        Ok(PaymentRun {
            id: row.get("id")?,
            county: row.get("county_id")?,
            programme: row.get("programme")?,
            month,
            kind,
            reference: format!("{}{}", month.zh(), kind.title()),
            reissue_of: row.get("reissue_of_run_id")?,
            supplement_reason: row.get("supplement_reason")?,
            state: row.get("state")?,
            line_count: row.get("line_count")?,
            total: row.get("total_fen")?,
            blocked_count: row.get("blocked_count")?,
            made_by: row.get("made_by")?,
            made_at: Now::from_unix_ms(row.get("made_at")?),
            approved_by: row.get("approved_by")?,
            approved_at: moment("approved_at")?,
            file_sm3: row.get("file_sm3")?,
            exported_at: moment("exported_at")?,
            answered_at: moment("answered_at")?,
            closed_at: moment("closed_at")?,
            cancel_reason: row.get("cancel_reason")?,
            batch_through: row.get("batch_through")?,
            exported_by: row.get("exported_by")?,
            cancelled_by: row.get("cancelled_by")?,
            cancelled_at: moment("cancelled_at")?,
        })
    }

    /// The run must be in one of these states for the action.
    pub(crate) fn check_state(&self, allowed: &[RunState], action: &'static str) -> Result<()> {
        if allowed.contains(&self.state) {
            Ok(())
        } else {
            Err(LedgerError::RunState { state: self.state, action })
        }
    }
}

/// How far a run has come, after each batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entitlements or lines done in this state.
    pub done: u64,
    /// Of about so many.
    pub total: u64,
}

/// Called after every committed batch; `Break` stops there and the run goes on when asked again.
pub type Watch<'a> = &'a mut (dyn FnMut(Progress) -> ControlFlow<()> + Send);

/// A run in the caller's scope.
///
/// # Errors
/// [`store::StoreError::NotFound`].
pub async fn load(connection: &impl Connection, scope: &Scope, id: RunId) -> Result<PaymentRun> {
    let sql = format!("SELECT {RUN_COLUMNS} FROM payment_run r WHERE {{scope}} AND r.id = ?");
    Ok(Query::new(scope, &RUN, sql).bind(id).one_as(connection, PaymentRun::read).await?)
}

/// A run that is locked until its transaction ends: read once, whatever is done with it there.
#[derive(Debug)]
pub struct HeldRun<'tx> {
    run: PaymentRun,
    tx: PhantomData<&'tx Tx>,
}

impl Deref for HeldRun<'_> {
    type Target = PaymentRun;
    fn deref(&self) -> &PaymentRun {
        &self.run
    }
}

/// A run in the caller's scope, to be looked at before something is done with it in the same transaction.
///
/// # Errors
/// [`store::StoreError::NotFound`].
pub async fn held<'tx>(tx: &'tx Tx, scope: &Scope, id: RunId) -> Result<HeldRun<'tx>> {
    Ok(HeldRun { run: hold(tx, scope, id).await?, tx: PhantomData })
}

/// Which run something is done with: by its id, or as the transaction holds it already.
#[derive(Debug)]
pub struct WhichRun(Which);

#[derive(Debug)]
enum Which {
    Id(RunId),
    Held(Box<PaymentRun>),
}

impl From<RunId> for WhichRun {
    fn from(id: RunId) -> WhichRun {
        WhichRun(Which::Id(id))
    }
}

impl From<HeldRun<'_>> for WhichRun {
    fn from(held: HeldRun<'_>) -> WhichRun {
        WhichRun(Which::Held(Box::new(held.run)))
    }
}

impl WhichRun {
    /// The run, locked until the transaction ends.
    pub(crate) async fn held(self, tx: &Tx, scope: &Scope) -> Result<PaymentRun> {
        match self.0 {
            Which::Id(id) => hold(tx, scope, id).await,
            Which::Held(run) => Ok(*run),
        }
    }
}

/// Which run is read: by its id, or as the caller has it already.
#[derive(Debug, Clone, Copy)]
pub enum ReadRun<'a> {
    /// It is looked for in the caller's scope.
    Id(RunId),
    /// The caller has found it there.
    Known(&'a PaymentRun),
}

impl From<RunId> for ReadRun<'_> {
    fn from(id: RunId) -> Self {
        ReadRun::Id(id)
    }
}

impl<'a> From<&'a PaymentRun> for ReadRun<'a> {
    fn from(run: &'a PaymentRun) -> Self {
        ReadRun::Known(run)
    }
}

impl ReadRun<'_> {
    /// The run as it stands.
    pub(crate) async fn read(self, connection: &impl Connection, scope: &Scope) -> Result<PaymentRun> {
        match self {
            ReadRun::Id(id) => load(connection, scope, id).await,
            ReadRun::Known(run) => Ok(run.clone()),
        }
    }
}

/// A run in the caller's scope, locked until the transaction ends.
pub(crate) async fn hold(tx: &Tx, scope: &Scope, id: RunId) -> Result<PaymentRun> {
    let sql =
        format!("SELECT {RUN_COLUMNS} FROM payment_run r WHERE {{scope}} AND r.id = ?{}", tx.for_update());
    Ok(Query::new(scope, &RUN, sql).bind(id).one_as(tx, PaymentRun::read).await?)
}

/// The last month for which a regular run of the county and programme exists. No run of them begins before the caller's
/// transaction ends.
///
/// # Errors
/// The database's.
pub async fn last_regular_month(tx: &Tx, county: DivisionId, programme: &str) -> Result<Option<Month>> {
    tx.lock(&format!("payments:{county}:{programme}")).await?;
    Ok(Query::new(
        &BOOKS,
        &NONE,
        "SELECT MAX(month) AS month FROM payment_run WHERE county_id = ? AND programme = ? AND kind = 'regular' \
         AND state NOT IN ('cancelling', 'cancelled')",
    )
    .bind(county)
    .bind(programme)
    .one(tx)
    .await?
    .get("month")?)
}

/// Begin the month's run, or find it. The first run of a county and programme is of the first month that anybody is to be paid
/// here, or earlier; later ones follow month by month, so that no family's month is skipped.
///
/// # Errors
/// [`LedgerError::RunOutOfOrder`], or the run before is not complete.
pub async fn begin(
    tx: &Tx,
    scope: &Scope,
    county: DivisionId,
    programme: &str,
    month: Month,
    officer: Officer,
) -> Result<RunId> {
    let last = match find(tx, scope, county, programme, month).await? {
        Found::Run(id) => return Ok(id),
        Found::None { last } => last,
    };
    if let Some(last) = last
        && month != last.next()
    {
        return Err(LedgerError::RunOutOfOrder { expected: last.next() });
    }
    if last.is_none() {
        let earliest: Option<Month> = Query::new(
            &BOOKS,
            &NONE,
            "SELECT MIN(first_due_month) AS month FROM entitlement WHERE county_id = ? AND programme = ? \
             AND (until_month IS NULL OR until_month >= first_due_month)",
        )
        .bind(county)
        .bind(programme)
        .scalar(tx)
        .await?;
        if let Some(earliest) = earliest.filter(|earliest| *earliest < month) {
            return Err(LedgerError::RunOutOfOrder { expected: earliest });
        }
    }
    insert(tx, county, programme, month, officer).await
}

/// Begin or find the month's run of a programme that is paid by a list drawn up for the month (按月造册): months in which there is
/// nothing to pay have no run, and a month may come after a later one.
///
/// # Errors
/// A run of the programme is not complete.
pub async fn begin_listed(
    tx: &Tx,
    scope: &Scope,
    county: DivisionId,
    programme: &str,
    month: Month,
    officer: Officer,
) -> Result<RunId> {
    match find(tx, scope, county, programme, month).await? {
        Found::Run(id) => Ok(id),
        Found::None { .. } => insert(tx, county, programme, month, officer).await,
    }
}

/// What there is of a month's regular run.
enum Found {
    Run(RunId),
    /// None; the last month that has one.
    None {
        last: Option<Month>,
    },
}

async fn find(tx: &Tx, scope: &Scope, county: DivisionId, programme: &str, month: Month) -> Result<Found> {
    Query::new(
        scope,
        &RUN,
        "SELECT r.county_id FROM (SELECT id AS county_id FROM division WHERE id = ?) r WHERE {scope}",
    )
    .bind(county)
    .one(tx)
    .await?;
    let last = last_regular_month(tx, county, programme).await?;
    let unfinished = Query::new(
        &BOOKS,
        &NONE,
        "SELECT id, month, state FROM payment_run WHERE county_id = ? AND programme = ? AND kind = 'regular' \
         AND (month = ? OR state IN ('making', 'cancelling')) AND state <> 'cancelled' ORDER BY id",
    )
    .bind(county)
    .bind(programme)
    .bind(month)
    .all_as(tx, |row| {
        Ok((row.get::<RunId>("id")?, row.get::<Month>("month")?, row.get::<RunState>("state")?))
    })
    .await?;
    if let Some((id, ..)) =
        unfinished.iter().find(|(_, of, state)| *of == month && *state != RunState::Cancelling)
    {
        return Ok(Found::Run(*id));
    }
    match unfinished.first() {
        Some((_, _, state)) => Err(LedgerError::RunState {
            state: *state,
            action: "开始新的月度批次，请先把它办完",
        }),
        None => Ok(Found::None { last }),
    }
}

async fn insert(
    tx: &Tx,
    county: DivisionId,
    programme: &str,
    month: Month,
    officer: Officer,
) -> Result<RunId> {
    Ok(RunId(
        Query::new(
            &BOOKS,
            &NONE,
            "INSERT INTO payment_run (county_id, programme, month, kind, state, made_by, made_at) \
             VALUES (?, ?, ?, 'regular', 'making', ?, ?) RETURNING id",
        )
        .bind(county)
        .bind(programme)
        .bind(month)
        .bind(officer.staff)
        .bind(officer.at.at_ms())
        .insert(tx)
        .await?,
    ))
}

/// Make the month's run to its end. Asked twice, it is made once.
///
/// # Errors
/// Of [`begin`] and [`carry_on`].
pub async fn make_run(
    db: &Db,
    scope: &Scope,
    county: DivisionId,
    programme: &str,
    month: Month,
    officer: Officer,
    watch: Watch<'_>,
) -> Result<RunId> {
    let tx = db.begin().await?;
    let id = begin(&tx, scope, county, programme, month, officer).await?;
    tx.commit().await?;
    carry_on(db, id, watch).await?;
    Ok(id)
}

/// Do what the run's state still needs, in batches; nothing if it waits for a person or the bank. Safe to call after a
/// crash, twice, or from two workers.
///
/// # Errors
/// [`LedgerError::Paused`] if `watch` said so.
pub async fn carry_on(db: &Db, id: RunId, watch: Watch<'_>) -> Result<PaymentRun> {
    let mut done: u64 = 0;
    let mut total: Option<u64> = None;
    loop {
        let run = load(db, &BOOKS, id).await?;
        let total = match total {
            Some(total) => total,
            None => *total.insert(size(db, &run).await?),
        };
        let tx = db.begin().await?;
        let run = hold(&tx, &BOOKS, id).await?;
        let step = match run.state {
            RunState::Making => batch::make(&tx, &run).await?,
            RunState::Exporting => bank::export_batch(&tx, &run).await?,
            RunState::Exported => bank::answer_batch(&tx, &run).await?,
            RunState::Cancelling => cancel::cancel_batch(&tx, &run).await?,
            RunState::Made
            | RunState::Approved
            | RunState::Answered
            | RunState::Closed
            | RunState::Cancelled => None,
        };
        tx.commit().await?;
        let Some(step) = step else {
            if run.state == RunState::Making {
                // Before anybody sees the run as made: its page would otherwise reckon the comparison itself.
                compare::keep(db, id).await?;
                let tx = db.begin().await?;
                let run = hold(&tx, &BOOKS, id).await?;
                if run.state == RunState::Making {
                    batch::finish(&tx, &run).await?;
                }
                tx.commit().await?;
            }
            return load(db, &BOOKS, id).await;
        };
        done += step;
        if watch(Progress { done, total: total.max(done) }).is_break() {
            return Err(LedgerError::Paused);
        }
    }
}

/// Whether the run waits for a person or the bank, so that whoever carries it on may go. The run stays locked until the
/// transaction ends: what is asked of it meanwhile finds the carrier gone and calls another.
///
/// # Errors
/// The database's.
pub async fn is_at_rest(tx: &Tx, id: RunId) -> Result<bool> {
    Ok(match hold(tx, &BOOKS, id).await?.state {
        RunState::Making | RunState::Exporting | RunState::Cancelling => false,
        RunState::Exported => {
            Query::new(&BOOKS, &NONE, "SELECT 1 FROM bank_answer WHERE run_id = ? AND NOT applied LIMIT 1")
                .bind(id)
                .optional(tx)
                .await?
                .is_none()
        }
        RunState::Made | RunState::Approved | RunState::Answered | RunState::Closed | RunState::Cancelled => {
            true
        }
    })
}

/// About how much a run's state has to go through.
async fn size(db: &Db, run: &PaymentRun) -> Result<u64> {
    let counted: i64 = if run.state == RunState::Making {
        Query::new(
            &BOOKS,
            &NONE,
            "SELECT COUNT(*) FROM entitlement WHERE county_id = ? AND programme = ? AND id > ? AND from_month <= ? \
             AND (until_month IS NULL OR until_month >= ?)",
        )
        .bind(run.county)
        .bind(&run.programme)
        .bind(run.batch_through)
        .bind(run.month)
        .bind(run.month)
        .scalar(db)
        .await?
    } else {
        run.line_count
    };
    Ok(u64::try_from(counted).unwrap_or(0))
}
