//! Adding and changing records. A record is written as a form; what it becomes is one row, its lists, and one more version in the history.

use catalogue::definition::{Form, Register};
use serde_json::json;
use store::{
    AuditActor, AuditEntry, DivisionId, HouseholdId, IdempotencyKey, Once, Query, Scope, StoreError, Tx,
};

use super::batch::Batch;
use super::conflict::{self, Clash};
use super::draft::{Draft, check, draft_of, form, keep_unwritable};
use super::history;
use super::organisation::{Own, report};
use super::read::{Record, record};
use super::{Open, RecordId, RecordImportId, row_files, rows};
use crate::access::{Actor, Granted, KeepRecords};
use crate::forms::{Answers, FormValue};
use crate::{Office, OfficeError, audited, people};

/// How often a writer whose record was changed meanwhile begins again by itself.
const TRIES_MAX: usize = 100;

/// What is done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It comes in.
    Added,
    /// Something has changed in the world.
    Changed,
    /// Something was written wrongly.
    Corrected,
    /// It went to another state.
    Moved,
    /// It came with a file.
    Imported,
    /// A file was taken back.
    Undone,
    /// It was changed with many others at once.
    Bulk,
    /// A change of many at once was taken back.
    BulkUndone,
    /// A duty was done.
    DutyDone,
    /// A case entered it.
    Entered,
    /// It was found in a record of another register.
    Found,
    /// It was told again, or what it tells was told before.
    Joined,
    /// The system entered or moved it, because a rule says so.
    Fed,
    /// The person in it turned out to be another one, or not to be.
    Merged,
}

impl Deed {
    /// As the history keeps it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Deed::Added => "added",
            Deed::Changed => "changed",
            Deed::Corrected => "corrected",
            Deed::Moved => "moved",
            Deed::Imported => "imported",
            Deed::Undone => "undone",
            Deed::Bulk => "bulk",
            Deed::BulkUndone => "bulk_undone",
            Deed::DutyDone => "duty",
            Deed::Entered => "entered",
            Deed::Found => "found",
            Deed::Joined => "joined",
            Deed::Fed => "fed",
            Deed::Merged => "merged",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn title(code: &str) -> &'static str {
        match code {
            "added" => "登记",
            "changed" => "变更",
            "corrected" => "更正",
            "moved" => "状态变更",
            "imported" => "导入",
            "undone" => "撤销导入",
            "bulk" => "批量修改",
            "bulk_undone" => "撤销批量修改",
            "duty" => "履行职责",
            "entered" => "办件登记",
            "found" => "走访发现登记",
            "joined" => "同一件事合并",
            "fed" => "系统登记",
            "merged" => "人员档案合并",
            history::NOTED => "记下当时情况",
            _ => "其他",
        }
    }

    fn audited(self) -> &'static str {
        match self {
            Deed::Added => "record.added",
            Deed::Changed => "record.changed",
            Deed::Corrected => "record.corrected",
            Deed::Moved => "record.moved",
            Deed::Imported => "record.imported",
            Deed::Undone => "record.import_undone",
            Deed::Bulk => "record.bulk_changed",
            Deed::BulkUndone => "record.bulk_undone",
            Deed::DutyDone => "record.duty_done",
            Deed::Entered => "record.entered",
            Deed::Found => "record.found",
            Deed::Joined => "record.joined",
            Deed::Fed => "record.fed",
            Deed::Merged => "record.merged",
        }
    }
}

/// What is to be written.
#[derive(Debug, Clone)]
pub struct NewVersion<'a> {
    /// The record and the version that the answers began with; none for a new record.
    pub record: Option<(RecordId, i64)>,
    /// The answers, whole.
    pub answers: Answers,
    /// State to go to; none to stay.
    pub state: Option<&'a str>,
    /// What is done.
    pub deed: Deed,
    /// Why.
    pub reason: &'a str,
}

/// What came of writing.
#[derive(Debug)]
pub enum Saved {
    /// It stands.
    Done(RecordId),
    /// The form was sent before; the record it made then.
    Again(RecordId),
    /// Somebody else changed the same fields. The answers hold mine, with what only they changed.
    Clash {
        /// To go on with, on the version now.
        answers: Answers,
        /// The version now.
        version: i64,
        /// What both changed.
        clashes: Vec<Clash>,
    },
}

/// Writes a record, new or changed. Somebody who changed other fields meanwhile is not overwritten; where both changed the same,
/// nothing is written and both values come back.
///
/// # Errors
/// [`OfficeError::Invalid`] by field; [`OfficeError::NotFound`] for a record outside the actor's area.
pub async fn save(
    office: &Office,
    actor: &Granted<KeepRecords>,
    open: &Open,
    new: NewVersion<'_>,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<Saved, OfficeError> {
    save_through(office, actor, Door::Desk, open, new, key).await
}

/// Through which door somebody writes: it says what they reach and how what they type is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Door<'a> {
    /// An office's desk.
    Desk,
    /// An organisation's own account, at its own records; with the transition that is taken, if one is.
    Organisation(&'a Own, Option<&'a str>),
}

/// [`save`] through a door. Whoever comes through an organisation's has been shown to have the record.
pub(super) async fn save_through(
    office: &Office,
    actor: &Actor,
    door: Door<'_>,
    open: &Open,
    new: NewVersion<'_>,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<Saved, OfficeError> {
    let register = open.register();
    let form = form(open)?;
    let by = By::through(actor, door);
    let NewVersion { record: mut begun, mut answers, state, deed, reason } = new;
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请填写原因或依据。"));
    }
    for _ in 0..TRIES_MAX {
        let existing = match begun {
            Some((id, _)) => Some(record(office.keys(), office.db(), &by.scope, register, id).await?),
            None => None,
        };
        if let (Some((id, version)), Some(theirs)) = (begun, &existing)
            && theirs.version != version
        {
            let base = history::answers_at(office, open, id, version).await?;
            let mut now = theirs.answers(register);
            rows::number(form, &mut now);
            if matches!(door, Door::Desk) {
                keep_unwritable(actor, register, form, &mut answers, &base);
            }
            rows::follow(form, &mut answers, &base, &now);
            let merged = conflict::merge(form, &base, &answers, &now);
            if !merged.clashes.is_empty() {
                let clashes = clashes(office, actor, open, form, &merged.clashes, &answers, theirs).await?;
                return Ok(Saved::Clash { answers: merged.answers, version: theirs.version, clashes });
            }
            answers = merged.answers;
            begun = Some((id, theirs.version));
        }
        let (mut draft, unknown) = match door {
            Door::Desk => {
                (draft_of(office, actor, open, answers.clone(), existing.as_ref(), state).await?, Vec::new())
            }
            Door::Organisation(own, taken) => {
                report::drafted(office, actor, (own, taken), answers.clone(), existing.as_ref(), state)
                    .await?
            }
        };
        if !unknown.is_empty() {
            // Nobody is registered for a form that is wrong.
            check(office, open, &draft)?;
        }
        let tx = office.db().begin().await?;
        if let Some((key, who)) = key
            && let Once::Again(answer) = tx.once(key, who).await?
        {
            return Ok(Saved::Again(answer.parse().map_err(|_| OfficeError::stale())?));
        }
        for (path, person) in &unknown {
            let id = report::registered(office, &tx, &by, path, person).await?;
            draft.point_at(path, id, person.name.as_str());
        }
        let step = Step { deed, reason: reason.trim(), state, import: None };
        match save_by(office, &tx, &by, open, &draft, existing.as_ref(), &step).await {
            Ok(saved) => {
                if let Some((key, _)) = key {
                    tx.remember(key, &saved.to_string()).await?;
                }
                tx.commit().await?;
                return Ok(Saved::Done(saved));
            }
            // Somebody was faster between reading and writing: begin again with what stands there now.
            Err(OfficeError::Conflict(_)) if begun.is_some() => tx.rollback().await?,
            Err(OfficeError::Store(StoreError::Busy)) => tx.rollback().await?,
            Err(error) => return Err(error),
        }
    }
    Err(OfficeError::stale())
}

async fn clashes(
    office: &Office,
    actor: &Actor,
    open: &Open,
    form: &Form,
    fields: &[String],
    mine: &Answers,
    theirs: &Record,
) -> Result<Vec<Clash>, OfficeError> {
    let files = row_files::of_records(office, open.register(), &[theirs.id]).await?;
    let theirs = theirs.answers(open.register());
    let mut list = Vec::new();
    for field in fields {
        let mut only_this = mine.clone();
        conflict::take(form, &mut only_this, &theirs, field);
        let words = history::in_words(office, actor, open, form, (&only_this, mine), &files).await?;
        for (label, theirs, mine) in words {
            list.push(Clash { field: field.clone(), label, theirs, mine });
        }
    }
    Ok(list)
}

/// What is done and why.
pub(super) struct Step<'a> {
    pub deed: Deed,
    pub reason: &'a str,
    pub state: Option<&'a str>,
    pub import: Option<RecordImportId>,
}

/// Who writes: somebody of an office, or the system where a rule says so.
pub(super) struct By {
    pub scope: Scope,
    /// Outside of which nothing is written; none for the system.
    pub within: Option<DivisionId>,
    /// The office that signs letters; none where somebody else writes: the county's then does.
    pub signs: Option<DivisionId>,
    pub who: AuditActor,
}

impl By {
    /// Somebody of an office.
    pub fn actor(actor: &Actor) -> By {
        By::through(actor, Door::Desk)
    }

    /// Somebody of an office or of an organisation.
    pub fn through(actor: &Actor, door: Door<'_>) -> By {
        let scope = match door {
            Door::Desk => actor.scope(),
            // The organisation's records were found by the field by which they belong to it; they lie in the area of the post.
            Door::Organisation(..) => Scope::Subtree(actor.division),
        };
        let signs = matches!(door, Door::Desk).then_some(actor.division);
        By { scope, within: Some(actor.division), signs, who: actor.audit() }
    }

    /// The system, with its reason.
    pub fn system(reason: &'static str) -> By {
        By { scope: Scope::System(reason), within: None, signs: None, who: AuditActor::default() }
    }
}

/// Checks a draft and writes it, in a transaction that is open already.
///
/// # Errors
/// [`OfficeError::Invalid`] by field; [`OfficeError::Conflict`] when the record is not at its version any more.
pub async fn save_in(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    open: &Open,
    draft: &Draft,
    existing: Option<&Record>,
    step: &Step<'_>,
) -> Result<RecordId, OfficeError> {
    save_by(office, tx, &By::actor(actor), open, draft, existing, step).await
}

/// [`save_in`] by whoever writes.
pub(super) async fn save_by(
    office: &Office,
    tx: &Tx,
    by: &By,
    open: &Open,
    draft: &Draft,
    existing: Option<&Record>,
    step: &Step<'_>,
) -> Result<RecordId, OfficeError> {
    let mut batch = Batch::new(office, tx, by, open);
    let id = batch.write(draft, existing, step).await?;
    batch.settle().await?;
    Ok(id)
}

/// The duties that are done with the way from state to state, if they are due.
pub(super) async fn done_with(
    office: &Office,
    tx: &Tx,
    register: &Register,
    before: &Record,
    after: &Record,
    by: &By,
) -> Result<(), OfficeError> {
    let ways = register
        .transitions
        .iter()
        .filter(|way| way.to == after.state && way.from.iter().any(|from| *from == before.state));
    let duties: Vec<&str> = ways.flat_map(|way| &way.does).map(|duty| duty.as_str()).collect();
    if duties.is_empty() {
        return Ok(());
    }
    Query::system(
        "duties of a record that was written in scope",
        "UPDATE record_duty SET state = 'done', done_on = ?, done_by = ? WHERE register = ? AND record_id = ? AND state = 'open' \
         AND duty IN ({list})",
    )
    .bind(office.now().today())
    .bind(by.who.staff)
    .bind(register.id.as_str())
    .bind(after.id)
    .bind_list(duties)
    .execute(tx)
    .await?;
    Ok(())
}

/// The benefits of the family that the way from state to state says fall due for review today: what was found about it is looked into there.
pub(super) async fn review_with(
    office: &Office,
    tx: &Tx,
    register: &Register,
    before: &Record,
    after: &Record,
) -> Result<(), OfficeError> {
    let ways = register
        .transitions
        .iter()
        .filter(|way| way.to == after.state && way.from.iter().any(|from| *from == before.state));
    for family in ways.filter_map(|way| way.reviews.as_ref()) {
        if let Some(FormValue::Reference(id)) = after.values.get(family.get()) {
            people::review_today(office, tx, HouseholdId(*id)).await?;
        }
    }
    Ok(())
}

/// Whether an error is about what is written and not about the database or a job.
pub(super) fn of_a_record(error: &OfficeError) -> bool {
    matches!(
        error,
        OfficeError::Invalid(_)
            | OfficeError::Conflict(_)
            | OfficeError::NotFound(_)
            | OfficeError::Separation(_)
    )
}

/// The audit's row.
pub(super) fn entry(
    register: &Register,
    record: &Record,
    who: &AuditActor,
    at: i64,
    step: &Step<'_>,
) -> AuditEntry {
    AuditEntry {
        division: Some(record.division),
        details: json!({ "register": register.id.as_str(), "version": record.version, "reason": step.reason }),
        ..audited(at, who.clone(), step.deed.audited(), ("record", record.id.0))
    }
}
