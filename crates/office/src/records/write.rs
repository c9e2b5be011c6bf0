//! Adding and changing records. A record is written as a form; what it becomes is one row, its lists, and one more version in the history.

use std::collections::BTreeMap;

use catalogue::definition::{Field, FieldKind, Form, Register};
use pinyin::ToPinyin;
use serde_json::json;
use store::{
    AuditActor, AuditEntry, DivisionId, IdempotencyKey, Once, PersonId, Query, Scope, ScopeColumns,
    StoreError, Tx, Value,
};

use super::columns::{column, is_sorted, list_table, table, written};
use super::conflict::{self, Clash};
use super::history::{self, Written};
use super::look_up::{Finder, LookedUp};
use super::organisation::{Own, report};
use super::read::{Record, record};
use super::settle::{self, Looked, settle_as};
use super::{Open, RECORD_COLUMNS, RecordId, RecordImportId, events, find, shape, writes};
use crate::access::{Actor, Granted, KeepRecords};
use crate::forms::{
    Answers, Checked, FieldPath, FilledForm, FormContext, FormValue, FormValues, Raw, reference_text,
    target_key,
};
use crate::search::index;
use crate::{Office, OfficeError, audited, divisions};

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
    /// The system entered or moved it, because a rule says so.
    Fed,
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
            Deed::Fed => "fed",
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
            "fed" => "系统登记",
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
            Deed::Fed => "record.fed",
        }
    }
}

/// Answers with everything looked up that they point at, ready to be checked and shown.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The answers, with what was found written into them.
    pub answers: Answers,
    looked: LookedUp,
    related: rules::Record,
    /// State in which the record is, or will be.
    state: String,
}

impl Draft {
    /// The context in which the form is read.
    #[must_use]
    pub fn context<'a>(&self, office: &Office, open: &'a Open) -> FormContext<'a> {
        let mut context = self.looked.context(office, open.release());
        context.related = self.related.clone();
        context.related.fields.insert("state".to_owned(), self.state.as_str().into());
        context
    }

    /// Points a field at a person who has just been registered.
    fn point_at(&mut self, path: &FieldPath, person: PersonId, name: &str) {
        self.answers.set(path, Raw::Text(reference_text(person.0)));
        self.looked.references.insert(("person".to_owned(), person.0), name.to_owned());
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

pub(super) fn form(open: &Open) -> Result<&Form, OfficeError> {
    let found = open.release().record_form(&open.register().id);
    found.ok_or_else(|| OfficeError::Internal("登记簿没有表单".to_owned()))
}

/// Looks up what answers point at. Fields that the actor may not change keep what the record holds.
///
/// # Errors
/// The database.
pub async fn draft_of(
    office: &Office,
    actor: &Actor,
    open: &Open,
    answers: Answers,
    existing: Option<&Record>,
    state: Option<&str>,
) -> Result<Draft, OfficeError> {
    draft_by(&mut Finder::new(office, actor), open, answers, existing, state).await
}

/// [`draft_of`] for many drafts: what was looked up for one is known for the next.
pub(super) async fn draft_by(
    finder: &mut Finder<'_>,
    open: &Open,
    mut answers: Answers,
    existing: Option<&Record>,
    state: Option<&str>,
) -> Result<Draft, OfficeError> {
    let form = form(open)?;
    let (office, actor) = (finder.office, finder.actor);
    keep_unwritable(actor, open.register(), form, &mut answers, existing);
    let mut looked = finder.look_up(form, &mut answers).await?;
    if let Some(existing) = existing {
        // What the record points at already stays, also where the actor's area ends.
        for (target, id) in shape::references(open.register(), existing) {
            let known = looked.references.entry((target, id));
            known.or_insert_with(|| "（辖区以外）".to_owned());
        }
    }
    draft_with(office, open, answers, looked, existing, state).await
}

pub(super) async fn draft_with(
    office: &Office,
    open: &Open,
    answers: Answers,
    looked: LookedUp,
    existing: Option<&Record>,
    state: Option<&str>,
) -> Result<Draft, OfficeError> {
    let register = open.register();
    let form = form(open)?;
    let references = typed_references(form, &answers);
    let related = shape::related(office, office.db(), register, &references).await?;
    let state =
        state.or(existing.map(|record| record.state.as_str())).unwrap_or(register.first_state()).to_owned();
    Ok(Draft { answers, looked, related, state })
}

/// References that were found, as values.
fn typed_references(form: &Form, answers: &Answers) -> FormValues {
    let mut values = FormValues::new();
    for (page, field) in
        form.fields().filter(|(page, field)| page.repeat.is_none() && field.target().is_some())
    {
        let typed = answers.get(&FieldPath::new(page, None, field));
        if let Some(id) = typed.and_then(|raw| crate::forms::referred_id(raw.text())) {
            values.insert(field.id.get().clone(), FormValue::Reference(id));
        }
    }
    values
}

fn keep_unwritable(
    actor: &Actor,
    register: &Register,
    form: &Form,
    answers: &mut Answers,
    existing: Option<&Record>,
) {
    let stored = existing.map(|record| record.answers(register)).unwrap_or_default();
    for (page, field) in form.fields().filter(|(_, field)| !writes(actor, field) || is_fed(register, field)) {
        match &page.repeat {
            None => conflict::take(form, answers, &stored, &field.id),
            Some(repeat) => {
                for index in 0..answers.count(&repeat.of) {
                    let path = FieldPath::new(page, Some(index), field);
                    let kept = stored.get(&path).cloned().unwrap_or_else(|| "".into());
                    answers.set(&path, kept);
                }
            }
        }
    }
}

/// Whether the system keeps the field of a register that it feeds: who it is, their family, the day on which they left.
pub(super) fn is_fed(register: &Register, field: &Field) -> bool {
    register.fed.as_ref().is_some_and(|fed| {
        field.id == *fed.person.get()
            || fed.household.as_ref().is_some_and(|household| field.id == *household.get())
            || fed.leaves.iter().filter_map(|way| way.dated.as_ref()).any(|dated| field.id == *dated.get())
    })
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
            let merged = conflict::merge(form, &base, &answers, &theirs.answers(register));
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
    let theirs = theirs.answers(open.register());
    let mut list = Vec::new();
    for field in fields {
        let mut only_this = mine.clone();
        conflict::take(form, &mut only_this, &theirs, field);
        let words = history::in_words(office, actor, open, form, &only_this, mine).await?;
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
        By { scope, within: Some(actor.division), who: actor.audit() }
    }

    /// The system, with its reason.
    pub fn system(reason: &'static str) -> By {
        By { scope: Scope::System(reason), within: None, who: AuditActor::default() }
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
    if existing.is_none() && by.within.is_some() && open.register().fed.is_some() {
        return Err(OfficeError::Conflict(format!(
            "{}由系统按在册待遇登记，不能手工登记。",
            open.register().title
        )));
    }
    let checked = check(office, open, draft)?;
    let place = place_of(open.register(), &checked, draft, existing)?;
    if let Some(within) = by.within
        && !divisions::is_within(tx, within, place).await?
    {
        let field = open.register().place_field.get().clone();
        return Err(OfficeError::invalid(&field, "这个地方不在您的管辖范围内，请核对。"));
    }
    let next = next_version(office, tx, open, draft, checked, existing, place, step).await?;
    if let Some(existing) = existing
        && unchanged(existing, &next)
    {
        return Ok(existing.id);
    }
    let id = put(office, tx, by, open.register(), draft, &next, existing, step).await?;
    let stored = Record { id, ..next };
    let now = office.now().at_ms();
    let deed =
        Written { deed: step.deed.code(), reason: step.reason, import: step.import, at: now, who: &by.who };
    history::write(office, tx, open.register(), &stored, &deed).await?;
    events::write(tx, open.register(), &stored, &deed).await?;
    tx.audit(entry(open.register(), &stored, &by.who, now, step)).await?;
    if let Some(existing) = existing.filter(|existing| existing.state != stored.state) {
        done_with(office, tx, open.register(), existing, &stored, by).await?;
    }
    // What the system changes of a record nobody has looked at, except when it comes in.
    let looked = by.who.staff.is_some() || existing.is_none();
    let looked = if looked { Looked::Somebody } else { Looked::Nobody };
    settle_as(office, tx, open.register(), &[id], looked).await?;
    settle::settle_neighbours(office, tx, open.register(), existing.into_iter().chain([&stored])).await?;
    Ok(id)
}

/// The duties that are done with the way from state to state, if they are due.
async fn done_with(
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

/// Checks the form; what is wrong comes back by field.
pub(super) fn check(office: &Office, open: &Open, draft: &Draft) -> Result<Checked, OfficeError> {
    let context = draft.context(office, open);
    let checked = FilledForm::read(&context, form(open)?, &draft.answers).check();
    if checked.is_right() { Ok(checked) } else { Err(checked.errors.into()) }
}

/// Where the record lies.
pub(super) fn place_of(
    register: &Register,
    checked: &Checked,
    draft: &Draft,
    existing: Option<&Record>,
) -> Result<DivisionId, OfficeError> {
    let field = register.field(&register.place_field);
    let value = checked.get(&register.place_field);
    let found = match (field, value) {
        (Some(_), Some(FormValue::Division(code))) => draft.looked.divisions.get(code).copied(),
        (Some(field), Some(FormValue::Reference(id))) => {
            let target = field.target().map(target_key).unwrap_or_default();
            let same = existing.filter(|record| record.values.get(field.id.get()) == value);
            draft.looked.places.get(&(target, *id)).copied().or(same.map(|record| record.division))
        }
        _ => None,
    };
    let label = field.map_or("所在地", |field| field.label.as_str());
    found.ok_or_else(|| OfficeError::invalid(&register.place_field, format!("请填写{label}。")))
}

#[expect(clippy::too_many_arguments, reason = "everything that a version is made of")]
async fn next_version(
    office: &Office,
    tx: &Tx,
    open: &Open,
    draft: &Draft,
    checked: Checked,
    existing: Option<&Record>,
    place: DivisionId,
    step: &Step<'_>,
) -> Result<Record, OfficeError> {
    let county = divisions::county(tx, place).await?;
    Ok(assembled(office, open, draft, checked, existing, place, county, step))
}

/// The record as it will stand.
#[expect(clippy::too_many_arguments, reason = "everything that a version is made of")]
pub(super) fn assembled(
    office: &Office,
    open: &Open,
    draft: &Draft,
    checked: Checked,
    existing: Option<&Record>,
    place: DivisionId,
    county: Option<DivisionId>,
    step: &Step<'_>,
) -> Record {
    let register = open.register();
    let today = office.now().today();
    let state = step
        .state
        .or(existing.map(|record| record.state.as_str()))
        .unwrap_or(register.first_state())
        .to_owned();
    let closed_on = if register.is_closed(&state) {
        existing.and_then(|record| record.closed_on).or(Some(today))
    } else {
        None
    };
    let mut values = checked.fields;
    if let Some(existing) = existing {
        for computed in register.computed() {
            if let Some(value) = existing.values.get(computed.id.get()) {
                values.insert(computed.id.get().clone(), value.clone());
            }
        }
    }
    let lists: BTreeMap<String, Vec<FormValues>> =
        checked.records.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    Record {
        id: existing.map_or(RecordId(0), |record| record.id),
        county,
        division: place,
        title: title(office, open, draft),
        state,
        version: existing.map_or(1, |record| record.version + 1),
        recorded_on: existing.map_or(today, |record| record.recorded_on),
        closed_on,
        values,
        lists,
    }
}

/// The words of the fields that make the title.
fn title(office: &Office, open: &Open, draft: &Draft) -> String {
    let register = open.register();
    let context = draft.context(office, open);
    let Ok(form) = form(open) else { return String::new() };
    let filled = FilledForm::read(&context, form, &draft.answers);
    let words = register.titled.iter().filter_map(|id| {
        let (page, field) =
            form.fields().find(|(page, field)| page.repeat.is_none() && field.id == *id.get())?;
        let words = filled.words(page, None, field, false);
        // Of a division the last name is enough.
        let words = match *field.kind {
            FieldKind::Division => words.rsplit(' ').next().unwrap_or_default().to_owned(),
            _ => words,
        };
        (!words.is_empty()).then_some(words)
    });
    let title = words.collect::<Vec<_>>().join(" ");
    if title.is_empty() { "（无标题）".to_owned() } else { title }
}

/// What the search box finds: the title and its pinyin initials.
fn search_words(title: &str) -> String {
    let initials: String = title
        .chars()
        .filter_map(|sign| match sign.to_pinyin() {
            Some(syllable) => syllable.first_letter().chars().next(),
            None => sign.is_ascii_alphanumeric().then(|| sign.to_ascii_lowercase()),
        })
        .collect();
    format!("{} {initials}", title.to_lowercase())
}

fn unchanged(existing: &Record, next: &Record) -> bool {
    let Record {
        id: _,
        county: _,
        division,
        state,
        title,
        version: _,
        recorded_on: _,
        closed_on: _,
        values,
        lists,
    } = next;
    existing.division == *division
        && existing.state == *state
        && existing.title == *title
        && existing.values == *values
        && existing.lists == *lists
}

/// The columns of a record and their values, computed fields apart.
pub(super) fn columns_of(
    office: &Office,
    register: &Register,
    draft: &Draft,
    next: &Record,
) -> Result<Vec<(String, Value)>, OfficeError> {
    let mut columns: Vec<(String, Value)> = vec![
        ("county_id".to_owned(), store::value_of(next.county)),
        ("division_id".to_owned(), store::value_of(next.division)),
        ("state".to_owned(), store::value_of(next.state.as_str())),
        ("title".to_owned(), store::value_of(next.title.as_str())),
        ("words".to_owned(), store::value_of(search_words(&next.title))),
        ("closed_on".to_owned(), store::value_of(next.closed_on)),
        ("version".to_owned(), store::value_of(next.version)),
        ("changed_at".to_owned(), store::value_of(office.now().at_ms())),
    ];
    let fields = register.fields().map(|(_, field)| field).filter(|field| field.computed.is_none());
    for field in fields {
        let value = next.values.get(field.id.get());
        let sorted = is_sorted(register, field);
        columns.extend(written(office.keys(), register, field, value, &draft.looked.divisions, sorted)?);
    }
    Ok(columns)
}

#[expect(clippy::too_many_arguments, reason = "one row and all that it needs")]
async fn put(
    office: &Office,
    tx: &Tx,
    by: &By,
    register: &Register,
    draft: &Draft,
    next: &Record,
    existing: Option<&Record>,
    step: &Step<'_>,
) -> Result<RecordId, OfficeError> {
    let mut columns = columns_of(office, register, draft, next)?;
    let name = table(register);
    let id = match existing {
        Some(existing) => {
            let set: Vec<String> = columns.iter().map(|(column, _)| format!("{column} = ?")).collect();
            let sql = format!(
                "UPDATE {name} AS r SET {} WHERE {{scope}} AND r.id = ? AND r.version = ?",
                set.join(", ")
            );
            let query =
                columns.into_iter().fold(Query::new(&by.scope, &RECORD_COLUMNS, sql), |query, (_, value)| {
                    query.bind_value(value)
                });
            let changed = query
                .bind(existing.id)
                .bind(existing.version)
                .execute(tx)
                .await
                .map_err(|error| twice(register, error))?;
            if changed == 0 {
                return Err(OfficeError::stale());
            }
            existing.id
        }
        None => {
            columns.push(("recorded_on".to_owned(), store::value_of(next.recorded_on)));
            columns.push(("created_at".to_owned(), store::value_of(office.now().at_ms())));
            columns.push(("created_by".to_owned(), store::value_of(by.who.staff)));
            columns.push(("import_id".to_owned(), store::value_of(step.import)));
            let names: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
            let sql = format!(
                "INSERT INTO {name} ({}) VALUES ({}) RETURNING id",
                names.join(", "),
                vec!["?"; names.len()].join(", ")
            );
            let query = columns
                .into_iter()
                .fold(Query::system("a new record in the actor's area", sql), |query, (_, value)| {
                    query.bind_value(value)
                });
            RecordId(query.insert(tx).await.map_err(|error| twice(register, error))?)
        }
    };
    for of in register.lists() {
        put_list(office, tx, register, draft, of, id, next, existing).await?;
    }
    put_words(office, tx, register, id, next, existing).await?;
    Ok(id)
}

/// The words under which it is found, where they are others than before.
async fn put_words(
    office: &Office,
    tx: &Tx,
    register: &Register,
    id: RecordId,
    next: &Record,
    existing: Option<&Record>,
) -> Result<(), OfficeError> {
    let words = find::words(office.keys(), register, next);
    let division = Some(next.division);
    match existing {
        None => index::add(tx, &register.id, id.0, division, &words).await,
        Some(before)
            if before.division == next.division && find::words(office.keys(), register, before) == words =>
        {
            Ok(())
        }
        Some(_) => index::replace(tx, &register.id, id.0, division, &words).await,
    }
}

/// Another open record has the same key.
pub(super) fn twice(register: &Register, error: StoreError) -> OfficeError {
    match error {
        StoreError::Conflict(_) => {
            let labels: Vec<&str> = register
                .key
                .iter()
                .filter_map(|id| register.field(id))
                .map(|field| field.label.as_str())
                .collect();
            let first = register.key.first().map_or("", |id| id.as_str());
            OfficeError::invalid(
                first,
                format!(
                    "{}相同的{}已经登记过。请查找并核对那一条；找不到时请联系上级民政部门。",
                    labels.join("、"),
                    register.title
                ),
            )
        }
        error => error.into(),
    }
}

#[expect(clippy::too_many_arguments, reason = "one list of one record")]
async fn put_list(
    office: &Office,
    tx: &Tx,
    register: &Register,
    draft: &Draft,
    of: &str,
    record: RecordId,
    next: &Record,
    existing: Option<&Record>,
) -> Result<(), OfficeError> {
    let rows = next.lists.get(of).map_or(&[][..], Vec::as_slice);
    if existing.is_some_and(|existing| existing.lists.get(of).map_or(&[][..], Vec::as_slice) == rows) {
        return Ok(());
    }
    let name = list_table(register, of);
    let scope = Scope::System("rows of a record that was written in scope");
    if existing.is_some() {
        Query::new(&scope, &ScopeColumns::NONE, format!("DELETE FROM {name} WHERE record_id = ?"))
            .bind(record)
            .execute(tx)
            .await?;
    }
    let fields: Vec<&Field> = register.list_fields(of).collect();
    let mut names = vec!["record_id".to_owned(), "place".to_owned()];
    for field in &fields {
        names.push(column(field));
        if field.is_sealed() {
            names.push(format!("b_{}", field.id));
        }
    }
    let mut values = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let mut line = vec![store::value_of(record), store::value_of(place)];
        for field in &fields {
            let value = row.get(field.id.get());
            let columns = written(office.keys(), register, field, value, &draft.looked.divisions, false)?;
            line.extend(columns.into_iter().map(|(_, value)| value));
        }
        values.push(line);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    store::insert_many(&scope, tx, &name, &names, values).await?;
    Ok(())
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
