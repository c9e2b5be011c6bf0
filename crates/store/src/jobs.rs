//! The queue of long work: imports, runs, letters, sweeps. Work is a kind and a text; workers ask for kinds they know.
//!
//! A job is enqueued in the transaction that wants it, taken by one worker at a time, and shows its progress. A worker
//! that stops beating loses its job to another after [`STALE_AFTER_MS`]; work must therefore go on from where its own
//! committed state says, and what it writes late is refused ([`StoreError::Conflict`]).

use crate::database::{Backend, Connection, Db, Tx};
use crate::error::{Result, StoreError};
use crate::query::Query;
use crate::value::Row;
use crate::{JobId, text_type};

const REASON: &str = "job queue";

/// A running job without a beat for this long belongs to whoever takes it next. Milliseconds.
pub const STALE_AFTER_MS: i64 = 60_000;
/// A job that was taken this often and never ended is given up.
pub const ATTEMPTS_MAX: i64 = 5;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Nobody has taken it.
    Waiting,
    /// A worker has it.
    Running,
    /// It came to its end.
    Done,
    /// It ended with an error.
    Failed,
    /// Somebody asked for its end, and the worker obeyed.
    Cancelled,
}

text_type!(JobState);

impl std::fmt::Display for JobState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            JobState::Waiting => "waiting",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        })
    }
}

impl std::str::FromStr for JobState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "waiting" => JobState::Waiting,
            "running" => JobState::Running,
            "done" => JobState::Done,
            "failed" => JobState::Failed,
            "cancelled" => JobState::Cancelled,
            other => return Err(StoreError::Invalid(format!("{other} is no state of a job"))),
        })
    }
}

/// A job as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What to do, a stable word.
    pub kind: String,
    /// With what, usually JSON.
    pub payload: String,
    /// Where it stands.
    pub state: JobState,
    /// Steps done.
    pub done: i64,
    /// Steps in all, once known.
    pub total: Option<i64>,
    /// What came of it: an answer when done, a Chinese message when failed.
    pub outcome: Option<String>,
    /// Whether somebody asked for its end.
    pub cancel_requested: bool,
    /// How often it was taken.
    pub attempts: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub started_at: Option<i64>,
    /// Unix milliseconds.
    pub finished_at: Option<i64>,
}

impl Job {
    /// It waits for a worker or has one.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.state, JobState::Waiting | JobState::Running)
    }
}

/// The right to work on a job; lost when another worker takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job as it was when taken; `attempts` above 1 means go on, not begin.
    pub job: Job,
    worker: String,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Nobody objects.
    GoOn,
    /// Somebody asked for the end: stop at the next safe point and call [`Claim::cancelled`].
    Cancel,
}

const COLUMNS: &str = "id, kind, payload, state, done, total, outcome, cancel_requested, attempts, created_at, \
                       started_at, finished_at";

fn read(row: &Row) -> Result<Job> {
    Ok(Job {
        id: row.get("id")?,
        kind: row.get("kind")?,
        payload: row.get("payload")?,
        state: row.get("state")?,
        done: row.get("done")?,
        total: row.get("total")?,
        outcome: row.get("outcome")?,
        cancel_requested: row.get("cancel_requested")?,
        attempts: row.get("attempts")?,
        created_at: row.get("created_at")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
    })
}

/// Put a job into the queue with the transaction that wants it.
///
/// # Errors
/// The database's.
pub async fn enqueue(tx: &Tx, kind: &str, payload: &str, total: Option<i64>) -> Result<JobId> {
    enqueue_at(tx, kind, payload, total, crate::machine_now()).await
}

/// As [`enqueue`], not to be taken before `not_before` (unix milliseconds).
///
/// # Errors
/// The database's.
pub async fn enqueue_at(
    tx: &Tx,
    kind: &str,
    payload: &str,
    total: Option<i64>,
    not_before: i64,
) -> Result<JobId> {
    Query::system(
        REASON,
        "INSERT INTO job (kind, payload, total, not_before, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(kind)
    .bind(payload)
    .bind(total)
    .bind(not_before)
    .bind(crate::machine_now())
    .insert(tx)
    .await
    .map(JobId)
}

/// As [`enqueue`], unless the same work waits or runs already: its id then.
///
/// # Errors
/// The database's.
pub async fn enqueue_single(tx: &Tx, kind: &str, payload: &str, total: Option<i64>) -> Result<JobId> {
    tx.lock(&format!("job {kind}")).await?;
    let there = Query::system(
        REASON,
        "SELECT id FROM job WHERE kind = ? AND payload = ? AND state IN ('waiting', 'running') ORDER BY id LIMIT 1",
    )
    .bind(kind)
    .bind(payload)
    .optional_as(tx, |row| row.get("id"))
    .await?;
    match there {
        Some(id) => Ok(id),
        None => enqueue(tx, kind, payload, total).await,
    }
}

/// As [`enqueue`], unless the same work was ever asked for: none then. For what a round starts once a day.
///
/// # Errors
/// The database's.
pub async fn enqueue_once(tx: &Tx, kind: &str, payload: &str) -> Result<Option<JobId>> {
    tx.lock(&format!("job {kind}")).await?;
    let there = Query::system(REASON, "SELECT 1 FROM job WHERE kind = ? AND payload = ? LIMIT 1")
        .bind(kind)
        .bind(payload)
        .optional(tx)
        .await?;
    match there {
        Some(_) => Ok(None),
        None => enqueue(tx, kind, payload, None).await.map(Some),
    }
}

/// Take the oldest job of these kinds that waits or whose worker is gone. `worker` names this process and thread.
///
/// # Errors
/// The database's.
pub async fn claim(db: &Db, kinds: &[&str], worker: &str) -> Result<Option<Claim>> {
    let now = crate::machine_now();
    // An idle worker asks often: asking takes nobody's turn to write.
    let ready = "kind IN ({list}) AND (state = 'waiting' AND not_before <= ? OR state = 'running' AND heartbeat_at < ?)";
    let any = Query::system(REASON, format!("SELECT 1 FROM job WHERE {ready} LIMIT 1"))
        .bind_list(kinds.iter().copied())
        .bind(now)
        .bind(now - STALE_AFTER_MS)
        .optional(db)
        .await?;
    if any.is_none() {
        return Ok(None);
    }
    let skip_locked = if db.backend() == Backend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    loop {
        let job = Query::system(
            REASON,
            format!(
                "UPDATE job SET state = 'running', worker = ?, heartbeat_at = ?, attempts = attempts + 1,
                     started_at = coalesce(started_at, ?)
                 WHERE id = (SELECT id FROM job WHERE {ready} ORDER BY id LIMIT 1 {skip_locked})
                 RETURNING {COLUMNS}"
            ),
        )
        .bind(worker)
        .bind(now)
        .bind(now)
        .bind_list(kinds.iter().copied())
        .bind(now)
        .bind(now - STALE_AFTER_MS)
        .optional_as(db, read)
        .await?;
        let Some(job) = job else { return Ok(None) };
        let claim = Claim { job, worker: worker.to_owned() };
        if claim.job.attempts <= ATTEMPTS_MAX {
            return Ok(Some(claim));
        }
        claim.failed(db, "多次中断，已停止。请联系系统管理员查看日志后重新提交").await?;
    }
}

/// Give back the jobs of workers that are gone, so that they need not go stale first: a server that was killed goes on
/// where it was as soon as it is started again. `is_gone` says it of a worker's name; how many were given back.
///
/// # Errors
/// The database's.
pub async fn release_dead(db: &Db, is_gone: impl Fn(&str) -> bool) -> Result<u64> {
    let workers: Vec<String> =
        Query::system(REASON, "SELECT DISTINCT worker FROM job WHERE state = 'running'").scalars(db).await?;
    let mut released = 0;
    for worker in workers.iter().filter(|worker| is_gone(worker)) {
        // A worker that lives after all finds its job taken, and what it writes late is refused.
        released +=
            Query::system(REASON, "UPDATE job SET heartbeat_at = 0 WHERE state = 'running' AND worker = ?")
                .bind(worker)
                .execute(db)
                .await?;
    }
    Ok(released)
}

impl Claim {
    /// Say that the work goes on, and hear whether it should.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another worker has the job: stop at once and write nothing more.
    pub async fn beat(&self, connection: &impl Connection) -> Result<Beat> {
        self.update(connection, "heartbeat_at = ?", vec![crate::machine_now().into()]).await
    }

    /// Say how far the work is. In the transaction of a batch, the batch counts only if the job is still ours.
    ///
    /// # Errors
    /// As [`Claim::beat`].
    pub async fn progress(
        &self,
        connection: &impl Connection,
        done: i64,
        total: Option<i64>,
    ) -> Result<Beat> {
        let values = vec![crate::machine_now().into(), done.into(), total.into()];
        self.update(connection, "heartbeat_at = ?, done = ?, total = coalesce(?, total)", values).await
    }

    /// The work is done; `outcome` is for whoever asked for it.
    ///
    /// # Errors
    /// As [`Claim::beat`].
    pub async fn finished(&self, connection: &impl Connection, outcome: &str) -> Result<()> {
        self.end(connection, JobState::Done, outcome).await
    }

    /// The work cannot be done; `reason` is Chinese and says what to do.
    ///
    /// # Errors
    /// As [`Claim::beat`].
    pub async fn failed(&self, connection: &impl Connection, reason: &str) -> Result<()> {
        self.end(connection, JobState::Failed, reason).await
    }

    /// The work was stopped on request.
    ///
    /// # Errors
    /// As [`Claim::beat`].
    pub async fn cancelled(&self, connection: &impl Connection) -> Result<()> {
        self.end(connection, JobState::Cancelled, "已按要求停止").await
    }

    /// Give the job back, to be taken again at `not_before` (unix milliseconds): a temporary obstacle.
    ///
    /// # Errors
    /// As [`Claim::beat`].
    pub async fn put_back(&self, connection: &impl Connection, not_before: i64) -> Result<()> {
        self.update(connection, "state = 'waiting', worker = NULL, not_before = ?", vec![not_before.into()])
            .await
            .map(drop)
    }

    async fn end(&self, connection: &impl Connection, state: JobState, outcome: &str) -> Result<()> {
        let values = vec![state.to_string().into(), outcome.into(), crate::machine_now().into()];
        self.update(connection, "state = ?, outcome = ?, finished_at = ?", values).await.map(drop)
    }

    async fn update(
        &self,
        connection: &impl Connection,
        assignments: &str,
        values: Vec<crate::Value>,
    ) -> Result<Beat> {
        let sql = format!(
            "UPDATE job SET {assignments} WHERE id = ? AND worker = ? AND attempts = ? AND state = 'running'
             RETURNING cancel_requested"
        );
        let query = values.into_iter().fold(Query::system(REASON, sql), Query::bind_value);
        let row = query
            .bind(self.job.id)
            .bind(&self.worker)
            .bind(self.job.attempts)
            .optional(connection)
            .await?
            .ok_or_else(|| StoreError::Conflict(format!("任务 {} 已由其他进程接手", self.job.id)))?;
        Ok(if row.first()? { Beat::Cancel } else { Beat::GoOn })
    }
}

/// One job.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn job(connection: &impl Connection, id: JobId) -> Result<Job> {
    Query::system(REASON, format!("SELECT {COLUMNS} FROM job WHERE id = ?"))
        .bind(id)
        .one_as(connection, read)
        .await
}

/// The newest job of this work, whatever came of it.
///
/// # Errors
/// The database's.
pub async fn latest(connection: &impl Connection, kind: &str, payload: &str) -> Result<Option<Job>> {
    Query::system(
        REASON,
        format!("SELECT {COLUMNS} FROM job WHERE kind = ? AND payload = ? ORDER BY id DESC LIMIT 1"),
    )
    .bind(kind)
    .bind(payload)
    .optional_as(connection, read)
    .await
}

/// Ask for a job's end. One that waits ends at once, a running one at its next beat.
///
/// # Errors
/// [`StoreError::NotFound`] if it has ended already.
pub async fn request_cancel(tx: &Tx, id: JobId) -> Result<()> {
    Query::system(
        REASON,
        "UPDATE job SET cancel_requested = ?, state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END,
             finished_at = CASE WHEN state = 'waiting' THEN ? ELSE finished_at END
         WHERE id = ? AND state IN ('waiting', 'running')",
    )
    .bind(true)
    .bind(crate::machine_now())
    .bind(id)
    .execute_one(tx)
    .await
}

/// Forget jobs that ended before `before` (unix milliseconds); how many.
///
/// # Errors
/// The database's.
pub async fn prune_jobs(db: &Db, before: i64) -> Result<u64> {
    Query::system(REASON, "DELETE FROM job WHERE finished_at < ?").bind(before).execute(db).await
}
