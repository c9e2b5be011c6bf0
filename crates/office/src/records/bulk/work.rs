//! The job behind a change to many records, there and back: batch by batch, each record by the door through which a single edit goes.
//! A record that cannot be written after all is reported and holds nobody up.

use store::jobs::{Beat, Claim};
use store::{Query, ScopeColumns, StaffId, Tx};

use super::{Change, ROWS, SELECT, Would, change_of, would};
use crate::access::{Actor, PostId, Right, actor_at_post};
use crate::records::draft::{self, Draft};
use crate::records::look_up::Finder;
use crate::records::read::{Record, records};
use crate::records::write::{Step, of_a_record, save_in};
use crate::records::{Deed, Open, RULES, RecordBulkId, RecordId, columns, history, open};
use crate::{Office, OfficeError};

/// Records in one transaction.
const BATCH: usize = 100;
const OVERTAKEN: &str = "预览以后有人修改过这条记录，没有覆盖。";

/// A change under way.
struct Way<'a> {
    office: &'a Office,
    claim: &'a Claim,
    id: RecordBulkId,
    open: Open,
    actor: Actor,
    change: Change,
    reason: String,
    back: bool,
}

/// What is written of a record, or said.
enum Next {
    Write { stored: Box<Record>, draft: Box<Draft>, state: Option<String> },
    Say(&'static str, Option<String>),
}

/// Does the job, or goes on with it.
///
/// # Errors
/// The database's; the job is taken again.
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let id: RecordBulkId =
        claim.job.payload.parse().map_err(|_| OfficeError::Internal("任务内容无法识别".to_owned()))?;
    let sql = format!("{SELECT} AND b.id = ?");
    let row = Query::new(&RULES, &ScopeColumns::NONE, sql).bind(id).one(office.db()).await?;
    let state: String = row.get("state")?;
    if !matches!(state.as_str(), "changing" | "undoing") {
        return Ok(claim.finished(office.db(), "已完成").await?);
    }
    let back = state == "undoing";
    // The officer's area at the post; a post that has ended changes nothing.
    let mut actor = actor_at_post(office, PostId(row.get("post_id")?)).await?;
    let register: String = row.get("register")?;
    let open = open(office, &actor, &register, Right::KeepRecords)?;
    let undo_reason: Option<String> = row.get("undo_reason")?;
    let reason = match undo_reason.filter(|_| back) {
        Some(reason) => format!("撤销批量修改：{reason}"),
        None => row.get("reason")?,
    };
    if let Some(staff) = row.get::<Option<StaffId>>("undone_by")?.filter(|_| back) {
        actor.staff = staff;
    }
    let change = change_of(office, &row)?;
    Way { office, claim, id, open, actor, change, reason, back }.go().await
}

impl Way<'_> {
    async fn go(&self) -> Result<(), OfficeError> {
        let (from, end) = if self.back { ("changed", "undone") } else { ("change", "done") };
        let sql = "SELECT w.record_id FROM record_bulk_row w WHERE w.bulk_id = ? AND w.outcome = ? ORDER BY w.record_id LIMIT ?";
        let mut done = 0_i64;
        loop {
            let rows: Vec<RecordId> = Query::new(&ROWS, &ScopeColumns::NONE, sql)
                .bind(self.id)
                .bind(from)
                .bind(BATCH)
                .scalars(self.office.db())
                .await?;
            if rows.is_empty() {
                break;
            }
            match self.batch(&rows).await {
                Err(error) if of_a_record(&error) => {
                    // One of them; the others are not held up by it.
                    for row in &rows {
                        if let Err(error) = self.batch(&[*row]).await {
                            self.could_not(*row, error).await?;
                        }
                    }
                }
                other => other?,
            }
            done += i64::try_from(rows.len()).unwrap_or(i64::MAX);
            if self.claim.progress(self.office.db(), done, None).await? == Beat::Cancel {
                return Ok(self.claim.cancelled(self.office.db()).await?);
            }
        }
        let tx = self.office.db().begin().await?;
        Query::new(&RULES, &ScopeColumns::NONE, "UPDATE record_bulk SET state = ? WHERE id = ?")
            .bind(end)
            .bind(self.id)
            .execute_one(&tx)
            .await?;
        self.claim.finished(&tx, if self.back { "已撤销" } else { "已修改" }).await?;
        Ok(tx.commit().await?)
    }

    /// Some records in one transaction: all of them, or none.
    async fn batch(&self, rows: &[RecordId]) -> Result<(), OfficeError> {
        let office = self.office;
        let mut next = Vec::with_capacity(rows.len());
        let mut finder = Finder::new(office, &self.actor);
        for id in rows {
            next.push((*id, self.next(&mut finder, *id).await?));
        }
        let tx = office.db().begin().await?;
        let deed = if self.back { Deed::BulkUndone } else { Deed::Bulk };
        for (id, next) in &next {
            match next {
                Next::Say(outcome, why) => self.say(&tx, *id, outcome, why.as_deref(), None).await?,
                Next::Write { stored, draft, state } => {
                    let step = Step { deed, reason: &self.reason, state: state.as_deref(), import: None };
                    save_in(office, &tx, &self.actor, &self.open, draft, Some(stored), &step).await?;
                    let version = self.version(&tx, *id).await?;
                    match (self.back, version == stored.version) {
                        (true, _) => self.say(&tx, *id, "undone", None, None).await?,
                        (false, true) => self.say(&tx, *id, "same", None, None).await?,
                        (false, false) => self.say(&tx, *id, "changed", None, Some(version)).await?,
                    }
                }
            }
        }
        // What is written late, after another worker took the job, does not stand.
        self.claim.beat(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn next(&self, finder: &mut Finder<'_>, id: RecordId) -> Result<Next, OfficeError> {
        let (office, register) = (self.office, self.open.register());
        let row = Query::new(
            &ROWS,
            &ScopeColumns::NONE,
            "SELECT w.version, w.written_version FROM record_bulk_row w WHERE w.bulk_id = ? AND w.record_id = ?",
        )
        .bind(self.id)
        .bind(id)
        .one(office.db())
        .await?;
        let seen: i64 = row.get("version")?;
        let written: Option<i64> = row.get("written_version")?;
        let found = records(office.keys(), office.db(), &self.actor.scope(), register, &[id]).await?;
        let Some(stored) = found.into_iter().next() else {
            let outcome = if self.back { "kept" } else { "refused" };
            return Ok(Next::Say(outcome, Some("这条记录已经不在您的管辖范围内。".to_owned())));
        };
        if self.back {
            if written != Some(stored.version) {
                return Ok(Next::Say("kept", Some("批量修改以后又有人修改，保留不动。".to_owned())));
            }
            let before = history::at(office, office.db(), register, id, stored.version - 1).await?;
            let (answers, state) =
                before.ok_or_else(|| OfficeError::Internal(format!("记录 {id} 没有以前的版本")))?;
            let draft = draft::draft_by(finder, &self.open, answers, Some(&stored), Some(&state)).await?;
            return Ok(Next::Write { stored: Box::new(stored), draft: Box::new(draft), state: Some(state) });
        }
        if stored.version != seen {
            return Ok(Next::Say("refused", Some(OVERTAKEN.to_owned())));
        }
        Ok(match would(&self.open, &self.change, finder, &stored).await? {
            Would::Same => Next::Say("same", None),
            Would::Refused(why) => Next::Say("refused", Some(why)),
            Would::Change(draft) => {
                let state = match &self.change.what {
                    super::What::Set(_) => None,
                    super::What::Take(id) => register.transition(id).map(|found| found.to.get().clone()),
                };
                Next::Write { stored: Box::new(stored), draft, state }
            }
        })
    }

    async fn version(&self, tx: &Tx, id: RecordId) -> Result<i64, OfficeError> {
        let sql = format!("SELECT r.version FROM {} r WHERE r.id = ?", columns::table(self.open.register()));
        Ok(Query::new(&RULES, &ScopeColumns::NONE, sql).bind(id).scalar(tx).await?)
    }

    async fn say(
        &self,
        tx: &Tx,
        id: RecordId,
        outcome: &str,
        why: Option<&str>,
        written: Option<i64>,
    ) -> Result<(), OfficeError> {
        Ok(Query::new(
            &ROWS,
            &ScopeColumns::NONE,
            "UPDATE record_bulk_row SET outcome = ?, why = ?, written_version = coalesce(?, written_version) \
             WHERE bulk_id = ? AND record_id = ?",
        )
        .bind(outcome)
        .bind(why)
        .bind(written)
        .bind(self.id)
        .bind(id)
        .execute_one(tx)
        .await?)
    }

    /// A record that alone cannot be written; what is not about the record stops the job.
    async fn could_not(&self, id: RecordId, error: OfficeError) -> Result<(), OfficeError> {
        if !of_a_record(&error) {
            return Err(error);
        }
        let tx = self.office.db().begin().await?;
        let outcome = if self.back { "kept" } else { "refused" };
        self.say(&tx, id, outcome, Some(&error.to_string()), None).await?;
        self.claim.beat(&tx).await?;
        Ok(tx.commit().await?)
    }
}
