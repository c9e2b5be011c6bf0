//! The audit log: who looked at whom, revealed, searched, exported, changed, and for what.
//!
//! Changes write their row in their own transaction ([`Tx::audit`]). Readings have none: theirs are collected from many
//! requests into one commit, and the page waits for it ([`Db::audit_read`]): no row, no page. Rows can only be added;
//! [`crate::audit_chain`] chains them.

use std::sync::Arc;

use serde_json::Value as Json;
use tokio::sync::{mpsc, oneshot};

use crate::bulk::insert_many;
use crate::database::{Connection, Db, Inner, Tx};
use crate::error::{Result, StoreError};
use crate::scope::Scope;
use crate::{CaseId, DivisionId, PersonId, StaffId, Value, values};

/// As many readings as go into one commit.
const GROUP_MAX: usize = 500;
const WAITING_MAX: usize = 10_000;

/// Who did it. All `None` is the system itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditActor {
    /// The member of staff.
    pub staff: Option<StaffId>,
    /// The citizen, or the staff's own person.
    pub person: Option<PersonId>,
    /// The sign-in, by its row's id: never the secret of the cookie.
    pub session: Option<i64>,
    /// The post (岗位) acted in.
    pub post: Option<i64>,
}

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Unix milliseconds.
    pub at: i64,
    /// Who.
    pub actor: AuditActor,
    /// What, a stable word: `person.open`, `person.reveal`, `case.confirm`.
    pub action: &'static str,
    /// To what: a kind and its id. `None` for searches and exports of many.
    pub subject: Option<(&'static str, i64)>,
    /// In which case.
    pub case: Option<CaseId>,
    /// In whose area: decides who may search this row.
    pub division: Option<DivisionId>,
    /// For what purpose, in the actor's words.
    pub purpose: Option<String>,
    /// What else; no sealed value ever.
    pub details: Json,
}

const COLUMNS: [&str; 12] = [
    "at",
    "staff_id",
    "person_id",
    "session_id",
    "post_id",
    "action",
    "subject_kind",
    "subject_id",
    "case_id",
    "division_id",
    "purpose",
    "details",
];

impl AuditEntry {
    fn row(self) -> Vec<Value> {
        let AuditEntry { at, actor, action, subject, case, division, purpose, details } = self;
        let AuditActor { staff, person, session, post } = actor;
        values![
            at,
            staff,
            person,
            session,
            post,
            action,
            subject.map(|(kind, _)| kind),
            subject.map(|(_, id)| id),
            case,
            division,
            purpose,
            details.to_string(),
        ]
    }
}

impl Tx {
    /// Write the audit row of a change, in the change's own transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn audit(&self, entry: AuditEntry) -> Result<()> {
        write(self, vec![entry.row()]).await
    }

    /// Write many at once, for imports and runs.
    ///
    /// # Errors
    /// The database's.
    pub async fn audit_all(&self, entries: Vec<AuditEntry>) -> Result<()> {
        write(self, entries.into_iter().map(AuditEntry::row).collect()).await
    }
}

async fn write(connection: &impl Connection, rows: Vec<Vec<Value>>) -> Result<()> {
    insert_many(&Scope::System("audit"), connection, "audit", &COLUMNS, rows).await.map(drop)
}

impl Db {
    /// Write the audit row of a reading and return when it lasts. Do not call it while holding a [`Tx`].
    ///
    /// # Errors
    /// The row could not be written: the page must not be sent.
    pub async fn audit_read(&self, entry: AuditEntry) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let message = Message::Entry(Box::new(entry), done);
        self.reads.sender.send(message).await.map_err(|_| StoreError::Busy)?;
        answer.await.map_err(|_| StoreError::Busy)?.map_err(|()| StoreError::Busy)
    }
}

enum Message {
    Entry(Box<AuditEntry>, oneshot::Sender<Result<(), ()>>),
    Flush(oneshot::Sender<()>),
}

/// The way to the task that commits readings in groups. The task ends when the last [`Db`] is dropped, after writing
/// what still waits.
#[derive(Clone)]
pub(crate) struct ReadLog {
    sender: mpsc::Sender<Message>,
}

impl ReadLog {
    pub(crate) fn start(inner: &Arc<Inner>) -> ReadLog {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        tokio::spawn(write_groups(inner.clone(), receiver));
        ReadLog { sender }
    }

    /// Return when everything sent so far is written.
    pub(crate) async fn flush(&self) {
        let (done, answer) = oneshot::channel();
        if self.sender.send(Message::Flush(done)).await.is_ok() {
            let _ = answer.await;
        }
    }
}

async fn write_groups(inner: Arc<Inner>, mut receiver: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(GROUP_MAX);
    // While one group is being committed the next one gathers: no timer, no added wait on a quiet evening.
    while receiver.recv_many(&mut messages, GROUP_MAX).await > 0 {
        let (mut rows, mut readers, mut flushes) = (Vec::new(), Vec::new(), Vec::new());
        for message in messages.drain(..) {
            match message {
                Message::Entry(entry, done) => {
                    rows.push(entry.row());
                    readers.push(done);
                }
                Message::Flush(done) => flushes.push(done),
            }
        }
        let written = commit_group(&inner, rows).await;
        if let Err(error) = &written {
            tracing::error!(%error, "the audit rows of readings were not written; their pages are not sent");
        }
        for reader in readers {
            // A reader that went away needs no answer.
            let _ = reader.send(written.as_ref().map(|()| ()).map_err(|_| ()));
        }
        for flush in flushes {
            let _ = flush.send(());
        }
    }
}

async fn commit_group(inner: &Inner, rows: Vec<Vec<Value>>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let tx = inner.begin().await?;
    write(&tx, rows).await?;
    tx.commit().await
}
