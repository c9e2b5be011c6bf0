//! Many records in one transaction: each is written down as it would be alone, and what follows from all of them - computed fields, alerts,
//! duties, their own and those of what they point at - is worked out once, at the end.

use std::collections::HashMap;

use store::{AuditEntry, DivisionId, StoreError, Tx, Value};

use super::draft::{Draft, check, draft_by, place_of};
use super::history::{self, Written};
use super::look_up::Finder;
use super::read::Record;
use super::row::{assembled, put, unchanged};
use super::settle::{Looked, settle_as, settle_neighbours};
use super::write::{By, Deed, Step, done_with, entry, of_a_record, review_with};
use super::{Open, RecordId, events, found, joins, letters, reviewed, row_files};
use crate::access::{Granted, KeepRecords};
use crate::forms::Answers;
use crate::{Office, OfficeError, divisions};

/// How often a writer to whom the database was busy begins again by itself.
const TRIES_MAX: usize = 20;

/// What is being written in a transaction; nothing of it is right before [`Batch::settle`].
pub(super) struct Batch<'a> {
    office: &'a Office,
    tx: &'a Tx,
    by: &'a By,
    open: &'a Open,
    /// The counties of places that were asked for.
    counties: HashMap<DivisionId, Option<DivisionId>>,
    new: Vec<RecordId>,
    looked: Vec<RecordId>,
    unlooked: Vec<RecordId>,
    /// As records stood before and stand now.
    changed: Vec<Record>,
    /// Records that left a state: what it sends for the way is queued.
    moved: Vec<(RecordId, String)>,
    history: Vec<Vec<Value>>,
    events: Vec<Vec<Value>>,
    audit: Vec<AuditEntry>,
}

impl<'a> Batch<'a> {
    pub fn new(office: &'a Office, tx: &'a Tx, by: &'a By, open: &'a Open) -> Batch<'a> {
        Batch {
            office,
            tx,
            by,
            open,
            counties: HashMap::new(),
            new: Vec::new(),
            looked: Vec::new(),
            unlooked: Vec::new(),
            changed: Vec::new(),
            moved: Vec::new(),
            history: Vec::new(),
            events: Vec::new(),
            audit: Vec::new(),
        }
    }

    /// Checks a draft and writes it; a version that changes nothing is none.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] by field; [`OfficeError::Conflict`] when the record is not at its version any more. The transaction is then
    /// to be rolled back.
    pub async fn write(
        &mut self,
        draft: &Draft,
        existing: Option<&Record>,
        step: &Step<'_>,
    ) -> Result<RecordId, OfficeError> {
        let (office, tx, by) = (self.office, self.tx, self.by);
        let register = self.open.register();
        if existing.is_none() && by.within.is_some() && register.fed.is_some() {
            return Err(OfficeError::Conflict(format!(
                "{}由系统按在册待遇登记，不能手工登记。",
                register.title
            )));
        }
        let checked = check(office, self.open, draft)?;
        let place = place_of(tx, by.within, self.open, &checked, draft, existing).await?;
        let county = self.county(place).await?;
        let next = assembled(office, self.open, draft, checked, existing, place, county, step);
        if let Some(existing) = existing
            && unchanged(existing, &next)
        {
            return Ok(existing.id);
        }
        let id = put(office, tx, by, register, draft, &next, existing, step).await?;
        let stored = Record { id, ..next };
        row_files::keep(office, tx, register, (existing, &stored), &by.who, step.reason).await?;
        let now = office.now().at_ms();
        let deed = Written {
            deed: step.deed.code(),
            reason: step.reason,
            import: step.import,
            at: now,
            who: &by.who,
        };
        self.history.push(history::row(office, register, &stored, &deed)?);
        self.events.push(events::row(register, &stored, &deed));
        self.audit.push(entry(register, &stored, &by.who, now, step));
        match existing {
            None => self.new.push(id),
            Some(before) => {
                if before.state != stored.state {
                    done_with(office, tx, register, before, &stored, by).await?;
                    review_with(office, tx, register, before, &stored).await?;
                    self.moved.push((id, before.state.clone()));
                }
                // What the system changes of a record nobody has looked at, nor who follows a person to another record or tells one again.
                if by.who.staff.is_some() && !matches!(step.deed, Deed::Merged | Deed::Joined) {
                    self.looked.push(id);
                } else {
                    self.unlooked.push(id);
                }
                self.changed.push(before.clone());
            }
        }
        self.changed.push(stored);
        Ok(id)
    }

    async fn county(&mut self, place: DivisionId) -> Result<Option<DivisionId>, OfficeError> {
        if let Some(known) = self.counties.get(&place) {
            return Ok(*known);
        }
        let county = divisions::county(self.tx, place).await?;
        self.counties.insert(place, county);
        Ok(county)
    }

    /// Writes the history of what was written, works out what follows from it, and enters what was found where it is followed.
    pub async fn settle(self) -> Result<(), OfficeError> {
        let (office, tx, by, open) = (self.office, self.tx, self.by, self.open);
        let mut written: Vec<RecordId> = self.new.iter().chain(&self.looked).copied().collect();
        written.sort_unstable();
        written.dedup();
        self.settle_alone().await?;
        joins::enter(office, tx, by, open, &written).await?;
        found::enter(office, tx, by, open, &written).await
    }

    /// [`Batch::settle`] of records in which nothing was found.
    pub(super) async fn settle_alone(self) -> Result<(), OfficeError> {
        let Batch {
            office,
            tx,
            by,
            open,
            counties: _,
            new,
            looked,
            unlooked,
            changed,
            moved,
            history,
            events,
            audit,
        } = self;
        history::write(tx, history).await?;
        events::write(tx, events).await?;
        tx.audit_all(audit).await?;
        let register = open.register();
        settle_as(office, tx, register, &new, Looked::New).await?;
        if let Some(staff) = by.who.staff {
            settle_as(office, tx, register, &looked, Looked::Somebody(staff)).await?;
        }
        settle_as(office, tx, register, &unlooked, Looked::Nobody).await?;
        settle_neighbours(office, tx, register, changed.iter()).await?;
        reviewed::call(office, tx, register, &new).await?;
        for (id, before) in moved {
            letters::queue(office, tx, open, by, &before, id).await?;
        }
        Ok(())
    }
}

/// Enters new records, many in one transaction; each is looked up, checked and written down as by [`save`](super::save). The answer holds an
/// entry for each in their order: its id, or why it was refused. Those that are refused keep the others from nothing.
///
/// # Errors
/// [`OfficeError::Invalid`] without a reason; the database. Nothing stands then.
pub async fn enter_many(
    office: &Office,
    actor: &Granted<KeepRecords>,
    open: &Open,
    all: Vec<Answers>,
    state: Option<&str>,
    reason: &str,
) -> Result<Vec<Result<RecordId, OfficeError>>, OfficeError> {
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请填写原因或依据。"));
    }
    let mut finder = Finder::new(office, actor);
    let mut drafts = Vec::with_capacity(all.len());
    for answers in all {
        let draft = draft_by(&mut finder, open, answers, None, state).await?;
        drafts.push(check(office, open, &draft).map(|_| draft));
    }
    let by = By::actor(actor);
    let step = Step { deed: Deed::Added, reason: reason.trim(), state, import: None };
    let mut tries = 0;
    loop {
        let tx = office.db().begin().await?;
        match entered(Batch::new(office, &tx, &by, open), &drafts, &step).await {
            Ok(ids) => {
                tx.commit().await?;
                let mut ids = ids.into_iter();
                let answered = drafts
                    .into_iter()
                    .map(|draft| draft.and_then(|_| ids.next().ok_or_else(OfficeError::stale)));
                return Ok(answered.collect());
            }
            // Begin again without it: a database may take nothing more in a transaction in which it refused something.
            Err(Stopped { at: Some(at), error }) if of_a_record(&error) => {
                tx.rollback().await?;
                drafts[at] = Err(error);
            }
            Err(Stopped { error: OfficeError::Store(StoreError::Busy), .. }) if tries < TRIES_MAX => {
                tx.rollback().await?;
                tries += 1;
            }
            Err(Stopped { error, .. }) => return Err(error),
        }
    }
}

/// Why a batch does not stand, and at which draft.
struct Stopped {
    at: Option<usize>,
    error: OfficeError,
}

async fn entered(
    mut batch: Batch<'_>,
    drafts: &[Result<Draft, OfficeError>],
    step: &Step<'_>,
) -> Result<Vec<RecordId>, Stopped> {
    let mut ids = Vec::with_capacity(drafts.len());
    for (at, draft) in drafts.iter().enumerate() {
        let Ok(draft) = draft else { continue };
        let id = batch.write(draft, None, step).await;
        ids.push(id.map_err(|error| Stopped { at: Some(at), error })?);
    }
    batch.settle().await.map_err(|error| Stopped { at: None, error })?;
    Ok(ids)
}
