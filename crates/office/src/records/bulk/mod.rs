//! One change to many records at once: a field gets a value, or all take the same way from state to state.
//!
//! [`preview`] looks at each record as a single edit would - form, rights, place, state - and keeps which change, which are so already and
//! which cannot, and why. [`commit`] hands it to a job ([`work`]) that writes those whose version is still the one that was seen; whoever was
//! faster is reported, never overwritten. [`undo`] gives every record back what it held, unless somebody changed it since.

use catalogue::definition::{Field, FieldKind, Form, Register};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::jobs::{self, Job};
use store::{AuditEntry, Query, Scope, ScopeColumns};

use super::conflict::differing;
use super::draft::{self, Draft};
use super::history;
use super::list::{Conditions, Narrowed, counted, ids};
use super::look_up::Finder;
use super::read::{Record, records};
use super::{Open, RECORD_COLUMNS, RecordBulkId, RecordId, columns, holds, transition, writes};
use crate::access::{Actor, Granted, KeepRecords};
use crate::forms::{Answers, FieldPath, FilledForm};
use crate::{Office, OfficeError, audited};

mod work;

pub use work::work;

/// The kind of the job.
pub const BULK_JOB: &str = "change_records";
/// Records that one change takes at most.
pub const RECORDS_MAX: u32 = 2_000;

/// Records looked at together.
const LOOKED: usize = 200;
/// Changes that a preview shows in words.
const SHOWN: usize = 20;
/// Records that a page names among those that cannot.
const REFUSED_SHOWN: usize = 200;
/// Days after which a preview that nobody confirmed is forgotten.
const KEPT_DAYS: i64 = 7;

/// Scope columns of `record_bulk b`.
const BULK_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "b.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};
/// The rows of a change that was read in scope.
const ROWS: Scope = Scope::System("the rows of a change to many records that was read in scope");

/// What is done to each record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// This field gets a value, or is emptied.
    Set(String),
    /// It takes this way to another state.
    Take(String),
}

impl What {
    /// Reads `set.kind`, `take.pause`.
    #[must_use]
    pub fn read(text: &str) -> Option<What> {
        match text.split_once('.')? {
            ("set", field) => Some(What::Set(field.to_owned())),
            ("take", transition) => Some(What::Take(transition.to_owned())),
            _ => None,
        }
    }

    /// As [`What::read`] takes it.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            What::Set(field) => format!("set.{field}"),
            What::Take(transition) => format!("take.{transition}"),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self, register: &Register) -> String {
        match self {
            What::Set(id) => {
                let label = register.field(id).map_or(id.as_str(), |field| field.label.as_str());
                format!("修改“{label}”")
            }
            What::Take(id) => {
                let title = register.transition(id).map_or(id.as_str(), |found| found.title.as_str());
                format!("办理“{title}”")
            }
        }
    }
}

/// Everything that an actor may do to many records of a register. What names a record, files and strikings-off are done one by one.
#[must_use]
pub fn choices(actor: &Actor, register: &Register) -> Vec<What> {
    let fields = register.form_fields().filter(|field| {
        let alone = matches!(*field.kind, FieldKind::File | FieldKind::Files | FieldKind::Signature);
        let named = register.key.iter().any(|key| *key == *field.id.get());
        !alone && !named && !draft::is_fed(register, field) && writes(actor, field)
    });
    let fields = fields.map(|field| What::Set(field.id.get().clone()));
    let transitions = register.transitions.iter().filter(|found| holds(actor, &found.holders));
    fields.chain(transitions.map(|found| What::Take(found.id.get().clone()))).collect()
}

/// The fields that are asked for it.
#[must_use]
pub fn asked<'a>(register: &'a Register, what: &'a What) -> Vec<&'a Field> {
    match what {
        What::Set(id) => register.field(id).into_iter().collect(),
        What::Take(id) => {
            transition::asked(register, id).into_iter().filter_map(|id| register.field(id)).collect()
        }
    }
}

/// Which records are meant.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// Those of a list.
    pub asked: &'a Narrowed,
    /// Of these only the ticked ones; none means all.
    pub picked: Option<&'a [RecordId]>,
}

/// The change as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Change {
    what: What,
    /// Answers of the fields that are asked; what is not there is emptied when a field is set, and stays when a state is.
    answers: Answers,
}

/// What a change would do to a record.
enum Would {
    Change(Box<Draft>),
    Same,
    Refused(String),
}

/// How many records a list has of which all would be meant, counted to the most that one change takes.
///
/// # Errors
/// [`OfficeError::Invalid`] for a filter that cannot be read.
pub async fn meant(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    asked: &Narrowed,
) -> Result<store::Count, OfficeError> {
    let conditions = Conditions::read(office, keeper, open.register(), asked).await?;
    counted(office, &keeper.scope(), open.register(), &conditions, RECORDS_MAX).await
}

/// Looks at every record that is meant and keeps what would become of it. Nothing is changed.
///
/// # Errors
/// [`OfficeError::Invalid`] for an answer that no record could take, without a reason, and for no or too many records;
/// [`OfficeError::NotFound`] for what the actor may not do.
pub async fn preview(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    selection: &Selection<'_>,
    (what, answers): (&What, Answers),
    reason: &str,
) -> Result<RecordBulkId, OfficeError> {
    let register = open.register();
    if !choices(keeper, register).contains(what) {
        return Err(OfficeError::NotFound("这项批量修改"));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(OfficeError::invalid("reason", "请填写原因或依据。"));
    }
    let change = read_change(office, keeper, open, what, answers).await?;
    let meant = chosen(office, keeper, open, selection).await?;
    let mut finder = Finder::new(office, keeper);
    let mut rows = Vec::with_capacity(meant.len());
    for chunk in meant.chunks(LOOKED) {
        for stored in records(office.keys(), office.db(), &keeper.scope(), register, chunk).await? {
            let (outcome, why) = match would(open, &change, &mut finder, &stored).await? {
                Would::Change(_) => ("change", None),
                Would::Same => ("same", None),
                Would::Refused(why) => ("refused", Some(why)),
            };
            rows.push((stored.id, stored.version, outcome, why));
        }
    }
    let now = office.now().at_ms();
    let text = serde_json::to_string(&change).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let tx = office.db().begin().await?;
    let id = Query::system(
        "an officer's own change to many records",
        "INSERT INTO record_bulk (register, division_id, post_id, change_sealed, reason, state, made_by, made_at) \
         VALUES (?, ?, ?, ?, ?, 'previewed', ?, ?) RETURNING id",
    )
    .bind(register.id.as_str())
    .bind(keeper.division)
    .bind(keeper.post)
    .bind(office.keys().seal(&text)?)
    .bind(reason)
    .bind(keeper.staff)
    .bind(now)
    .insert(&tx)
    .await?;
    let count = rows.len();
    let mut values = Vec::with_capacity(count);
    for (record, version, outcome, why) in rows {
        values.push(store::values![id, record, version, outcome, why]);
    }
    let names = ["bulk_id", "record_id", "version", "outcome", "why"];
    store::insert_many(&ROWS, &tx, "record_bulk_row", &names, values).await?;
    tx.audit(AuditEntry {
        division: Some(keeper.division),
        details: json!({ "register": register.id.as_str(), "what": what.code(), "records": count }),
        ..audited(now, keeper.audit(), "record.bulk_previewed", ("record_bulk", id))
    })
    .await?;
    tx.commit().await?;
    Ok(RecordBulkId(id))
}

/// The records that are meant, in the actor's area.
async fn chosen(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    selection: &Selection<'_>,
) -> Result<Vec<RecordId>, OfficeError> {
    let register = open.register();
    let scope = keeper.scope();
    let none = || OfficeError::invalid("chosen", "没有选中任何记录，请返回上一步重新选择。");
    let too_many = || {
        let message = format!("一次最多修改 {RECORDS_MAX} 条，请加上筛选条件，分几次办理。");
        OfficeError::invalid("chosen", message)
    };
    let limit = usize::try_from(RECORDS_MAX).unwrap_or(usize::MAX);
    let found = match selection.picked {
        Some(picked) if picked.len() > limit => return Err(too_many()),
        Some(picked) => {
            let sql = format!(
                "SELECT r.id FROM {} r WHERE {{scope}} AND r.id IN ({{list}})",
                columns::table(register)
            );
            let query = Query::new(&scope, &RECORD_COLUMNS, sql).bind_list(picked.iter().copied());
            query.scalars(office.db()).await?
        }
        None => {
            let asked = Narrowed { sort: None, descending: false, ..selection.asked.clone() };
            let conditions = Conditions::read(office, keeper, register, &asked).await?;
            ids(office, &scope, register, (&asked, &conditions), None, limit + 1).await?.0
        }
    };
    match found.len() {
        0 => Err(none()),
        many if many > limit => Err(too_many()),
        _ => Ok(found),
    }
}

/// Looks up what the answers point at and refuses what is wrong whatever the record.
async fn read_change(
    office: &Office,
    keeper: &Actor,
    open: &Open,
    what: &What,
    answers: Answers,
) -> Result<Change, OfficeError> {
    let register = open.register();
    let form = draft::form(open)?;
    let draft = draft::draft_of(office, keeper, open, answers, None, None).await?;
    let fields = asked(register, what);
    let given = |id: &str| {
        path(form, id).and_then(|path| draft.answers.get(&path)).is_some_and(|raw| !raw.is_empty())
    };
    let context = draft.context(office, open);
    let checked = FilledForm::read(&context, form, &draft.answers).check();
    let mut problems = crate::error::Problems::default();
    for (field, message) in checked.errors.iter() {
        let kept = matches!(what, What::Take(_)) && !given(field);
        if !kept && fields.iter().any(|known| known.id == *field) {
            problems.add(field, message);
        }
    }
    problems.none_or_refuse()?;
    let mut answers = Answers::new();
    for field in fields.iter().filter(|field| given(&field.id)) {
        if let Some(path) = path(form, &field.id)
            && let Some(raw) = draft.answers.get(&path)
        {
            answers.set(&path, raw.clone());
        }
    }
    Ok(Change { what: what.clone(), answers })
}

/// Where a field of the record itself stands in its form.
fn path(form: &Form, id: &str) -> Option<FieldPath> {
    let found = form.fields().find(|(page, field)| page.repeat.is_none() && field.id == *id);
    found.map(|(page, field)| FieldPath::new(page, None, field))
}

/// What a change would do to a record, asked as a single edit asks.
async fn would(
    open: &Open,
    change: &Change,
    finder: &mut Finder<'_>,
    stored: &Record,
) -> Result<Would, OfficeError> {
    let (office, actor) = (finder.office, finder.actor);
    let (register, form) = (open.register(), draft::form(open)?);
    let state = match &change.what {
        What::Set(_) => None,
        What::Take(id) => {
            if let Some(why) = transition::refusal(office, actor, open, stored, id).await? {
                return Ok(Would::Refused(why));
            }
            register.transition(id).map(|found| found.to.as_str())
        }
    };
    let before = stored.answers(register);
    let mut answers = before.clone();
    let fields = asked(register, &change.what);
    let mut given = Vec::new();
    for field in &fields {
        let Some(path) = path(form, &field.id) else { continue };
        match change.answers.get(&path) {
            Some(raw) => {
                answers.set(&path, raw.clone());
                given.push(*field);
            }
            None if state.is_none() => answers.remove(&field.id),
            None => {}
        }
    }
    if state.is_none() && differing(form, &before, &answers).is_empty() {
        return Ok(Would::Same);
    }
    let draft = draft::draft_by(finder, open, answers, Some(stored), state).await?;
    let said = |error: OfficeError| match error {
        OfficeError::Invalid(problems) => {
            let words: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            Ok(Would::Refused(words.join("")))
        }
        error => Err(error),
    };
    let checked = match draft::check(office, open, &draft) {
        Ok(checked) => checked,
        Err(error) => return said(error),
    };
    if let Some(field) = given.iter().find(|field| checked.get(&field.id).is_none()) {
        return Ok(Would::Refused(format!("这条记录按其他内容不填“{}”。", field.label)));
    }
    let within = Some(actor.division);
    let place = draft::place_of(office.db(), within, open, &checked, &draft, Some(stored)).await;
    if let Err(error) = place {
        return said(error);
    }
    Ok(Would::Change(Box::new(draft)))
}

/// A change to many records as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkView {
    /// The change.
    pub id: RecordBulkId,
    /// What is done: 修改“类型”.
    pub title: String,
    /// Label and words of what was answered; empty words empty the field.
    pub answers: Vec<(String, String)>,
    /// Why.
    pub reason: String,
    /// `previewed`, `changing`, `done`, `undoing`, `undone`.
    pub state: String,
    /// Who asked for it.
    pub maker: String,
    /// The reader asked for it: only they confirm it.
    pub own: bool,
    /// Unix milliseconds.
    pub made_at: i64,
    /// Records that would change, or are to be changed still.
    pub change: i64,
    /// Records that are so already.
    pub same: i64,
    /// Records that cannot.
    pub refused: i64,
    /// Records that were changed.
    pub changed: i64,
    /// Records that got back what they held.
    pub undone: i64,
    /// Records that somebody changed afterwards and that stay.
    pub kept: i64,
    /// Nobody works on it although it is not at its end: why.
    pub stopped: Option<String>,
}

impl BulkView {
    /// Records that are meant.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.change + self.same + self.refused + self.changed + self.undone + self.kept
    }
}

/// What a preview says beside its numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The first of those that would change: title, and what.
    pub changes: Vec<(RecordId, String, Vec<(String, String, String)>)>,
    /// Those that cannot, or could not be taken back: title and why. The first two hundred.
    pub refused: Vec<(RecordId, String, String)>,
}

const SELECT: &str = "SELECT b.id, b.change_sealed, b.reason, b.state, b.post_id, b.made_by, b.made_at, b.undone_by, b.undo_reason, \
                      b.register, s.name AS maker FROM record_bulk b JOIN staff s ON s.id = b.made_by WHERE {scope}";

fn change_of(office: &Office, row: &store::Row) -> Result<Change, OfficeError> {
    let text = office.keys().open(&row.get::<Vec<u8>>("change_sealed")?)?;
    serde_json::from_str(&text)
        .map_err(|error| OfficeError::Internal(format!("批量修改的内容读不出来（{error}）")))
}

async fn view_of(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    row: &store::Row,
) -> Result<BulkView, OfficeError> {
    let id: RecordBulkId = row.get("id")?;
    let change = change_of(office, row)?;
    let counts: Vec<(String, i64)> = Query::new(
        &ROWS,
        &ScopeColumns::NONE,
        "SELECT w.outcome, count(*) AS n FROM record_bulk_row w WHERE w.bulk_id = ? GROUP BY w.outcome",
    )
    .bind(id)
    .all_as(office.db(), |row| Ok((row.get("outcome")?, row.get("n")?)))
    .await?;
    let count = |outcome: &str| counts.iter().find(|(known, _)| known == outcome).map_or(0, |(_, n)| *n);
    let state: String = row.get("state")?;
    let stopped = if matches!(state.as_str(), "changing" | "undoing") {
        let job: Option<Job> = jobs::latest(office.db(), BULK_JOB, &id.to_string()).await?;
        match job {
            Some(job) if job.is_live() => None,
            Some(job) => Some(job.outcome.unwrap_or_default()),
            None => Some(String::new()),
        }
    } else {
        None
    };
    Ok(BulkView {
        id,
        title: change.what.title(open.register()),
        answers: in_words(office, keeper, open, &change).await?,
        reason: row.get("reason")?,
        maker: row.get("maker")?,
        own: row.get::<store::StaffId>("made_by")? == keeper.staff,
        made_at: row.get("made_at")?,
        change: count("change"),
        same: count("same"),
        refused: count("refused"),
        changed: count("changed"),
        undone: count("undone"),
        kept: count("kept"),
        state,
        stopped,
    })
}

/// What was answered, in words; sealed values masked.
async fn in_words(
    office: &Office,
    keeper: &Actor,
    open: &Open,
    change: &Change,
) -> Result<Vec<(String, String)>, OfficeError> {
    let form = draft::form(open)?;
    let mut answers = change.answers.clone();
    let looked = super::look_up(office, keeper, form, &mut answers).await?;
    let context = looked.context(office, open.release());
    let filled = FilledForm::read(&context, form, &answers);
    let set = matches!(change.what, What::Set(_));
    let fields = asked(open.register(), &change.what).into_iter().filter_map(|field| {
        let (page, _) = form.fields().find(|(page, known)| page.repeat.is_none() && known.id == field.id)?;
        let words = filled.words(page, None, field, true);
        (set || !words.is_empty()).then(|| (field.label.clone(), words))
    });
    Ok(fields.collect())
}

async fn row_of(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
) -> Result<store::Row, OfficeError> {
    Query::new(&keeper.scope(), &BULK_COLUMNS, format!("{SELECT} AND b.id = ? AND b.register = ?"))
        .bind(id)
        .bind(open.register().id.as_str())
        .optional(office.db())
        .await?
        .ok_or(OfficeError::NotFound("这次批量修改"))
}

/// One change.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn view(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
) -> Result<BulkView, OfficeError> {
    let row = row_of(office, keeper, open, id).await?;
    view_of(office, keeper, open, &row).await
}

/// The last changes of a register by one's own office and those below, newest first.
///
/// # Errors
/// The database.
pub async fn latest(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    size: usize,
) -> Result<Vec<BulkView>, OfficeError> {
    let sql = format!("{SELECT} AND b.register = ? AND b.state <> 'previewed' ORDER BY b.id DESC LIMIT ?");
    let rows = Query::new(&keeper.scope(), &BULK_COLUMNS, sql)
        .bind(open.register().id.as_str())
        .bind(size)
        .all(office.db())
        .await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in &rows {
        views.push(view_of(office, keeper, open, row).await?);
    }
    Ok(views)
}

/// What a change would do, record by record, and which records cannot and why; only those that the reader may see.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn said(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
) -> Result<Said, OfficeError> {
    let row = row_of(office, keeper, open, id).await?;
    let (register, form, scope) = (open.register(), draft::form(open)?, keeper.scope());
    let mut said = Said::default();
    if row.get::<String>("state")? == "previewed" {
        let change = change_of(office, &row)?;
        let first: Vec<RecordId> = Query::new(
            &ROWS,
            &ScopeColumns::NONE,
            "SELECT w.record_id FROM record_bulk_row w WHERE w.bulk_id = ? AND w.outcome = 'change' ORDER BY w.record_id LIMIT ?",
        )
        .bind(id)
        .bind(SHOWN)
        .scalars(office.db())
        .await?;
        let mut finder = Finder::new(office, keeper);
        for stored in records(office.keys(), office.db(), &scope, register, &first).await? {
            if let Would::Change(draft) = would(open, &change, &mut finder, &stored).await? {
                let before = stored.answers(register);
                let mut words = history::in_words(
                    office,
                    keeper,
                    open,
                    form,
                    (&before, &draft.answers),
                    &draft.looked.files,
                )
                .await?;
                if let What::Take(transition) = &change.what {
                    let to = register.transition(transition).map_or("", |found| found.to.as_str());
                    let (from, to) = (register.state_title(&stored.state), register.state_title(to));
                    words.insert(0, ("状态".to_owned(), from.to_owned(), to.to_owned()));
                }
                said.changes.push((stored.id, stored.title, words));
            }
        }
    }
    let refused: Vec<(RecordId, String)> = Query::new(
        &ROWS,
        &ScopeColumns::NONE,
        "SELECT w.record_id, w.why FROM record_bulk_row w WHERE w.bulk_id = ? AND w.why IS NOT NULL ORDER BY w.record_id LIMIT ?",
    )
    .bind(id)
    .bind(REFUSED_SHOWN)
    .all_as(office.db(), |row| Ok((row.get("record_id")?, row.get("why")?)))
    .await?;
    let sql = format!(
        "SELECT r.id, r.title FROM {} r WHERE {{scope}} AND r.id IN ({{list}})",
        columns::table(register)
    );
    let titles: Vec<(RecordId, String)> = Query::new(&scope, &RECORD_COLUMNS, sql)
        .bind_list(refused.iter().map(|(record, _)| *record))
        .all_as(office.db(), |row| Ok((row.get("id")?, row.get("title")?)))
        .await?;
    let named = refused.into_iter().filter_map(|(record, why)| {
        let title = titles.iter().find(|(known, _)| *known == record).map(|(_, title)| title.clone())?;
        Some((record, title, why))
    });
    said.refused = named.collect();
    Ok(said)
}

/// Confirms a preview: the job changes what can be changed. Confirmed twice it is done once.
///
/// # Errors
/// [`OfficeError::Conflict`] when nothing would change, or for the preview of somebody else.
pub async fn commit(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
) -> Result<(), OfficeError> {
    let view = view(office, keeper, open, id).await?;
    if !view.own {
        return Err(OfficeError::Conflict(format!("这次批量修改由{}预览，请由其本人确认。", view.maker)));
    }
    if view.state != "previewed" {
        return Ok(());
    }
    if view.change == 0 {
        return Err(OfficeError::Conflict("没有可以修改的记录。".to_owned()));
    }
    let tx = office.db().begin().await?;
    let begun = Query::new(
        &keeper.scope(),
        &BULK_COLUMNS,
        "UPDATE record_bulk AS b SET state = 'changing' WHERE {scope} AND b.id = ? AND b.state = 'previewed'",
    )
    .bind(id)
    .execute(&tx)
    .await?;
    if begun == 0 {
        return Ok(());
    }
    jobs::enqueue(&tx, BULK_JOB, &id.to_string(), Some(view.change)).await?;
    note(&tx, office, keeper, open, id, ("record.bulk_committed", &view.reason)).await?;
    Ok(tx.commit().await?)
}

/// Takes a whole change back: every record gets what it held before, unless somebody changed it since.
///
/// # Errors
/// [`OfficeError::Invalid`] without a reason; [`OfficeError::Conflict`] while it is under way or when it was taken back.
pub async fn undo(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
    reason: &str,
) -> Result<(), OfficeError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(OfficeError::invalid("reason", "请填写撤销的原因。"));
    }
    let view = view(office, keeper, open, id).await?;
    if !(view.state == "done" || view.state == "changing" && view.stopped.is_some()) {
        return Err(OfficeError::Conflict("这次批量修改还没有办完，或者已经撤销。".to_owned()));
    }
    let tx = office.db().begin().await?;
    Query::new(
        &keeper.scope(),
        &BULK_COLUMNS,
        "UPDATE record_bulk AS b SET state = 'undoing', undone_by = ?, undone_at = ?, undo_reason = ? \
         WHERE {scope} AND b.id = ? AND b.state IN ('done', 'changing')",
    )
    .bind(keeper.staff)
    .bind(office.now().at_ms())
    .bind(reason)
    .bind(id)
    .execute_one(&tx)
    .await?;
    jobs::enqueue(&tx, BULK_JOB, &id.to_string(), Some(view.changed)).await?;
    note(&tx, office, keeper, open, id, ("record.bulk_undo", reason)).await?;
    Ok(tx.commit().await?)
}

/// Lets a change, or its taking back, go on that was stopped.
///
/// # Errors
/// [`OfficeError::Conflict`] when it is at its end or under way.
pub async fn resume(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
) -> Result<(), OfficeError> {
    let view = view(office, keeper, open, id).await?;
    if view.stopped.is_none() {
        return Err(OfficeError::Conflict("这次批量修改已经办完，或者正在办理。".to_owned()));
    }
    let tx = office.db().begin().await?;
    jobs::enqueue_single(&tx, BULK_JOB, &id.to_string(), None).await?;
    note(&tx, office, keeper, open, id, ("record.bulk_resumed", &view.reason)).await?;
    Ok(tx.commit().await?)
}

/// Writes a deed about a change into the audit.
async fn note(
    tx: &store::Tx,
    office: &Office,
    keeper: &Actor,
    open: &Open,
    id: RecordBulkId,
    (action, reason): (&'static str, &str),
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        division: Some(keeper.division),
        details: json!({ "register": open.register().id.as_str(), "reason": reason }),
        ..audited(office.now().at_ms(), keeper.audit(), action, ("record_bulk", id.0))
    };
    Ok(tx.audit(entry).await?)
}

/// Forgets previews that nobody confirmed in a week.
pub(super) async fn prune(office: &Office) -> Result<(), OfficeError> {
    const WHY: &str = "previews that nobody confirmed";
    let before = office.now().at_ms() - KEPT_DAYS * crate::trial::DAY_MS;
    let tx = office.db().begin().await?;
    Query::system(
        WHY,
        "DELETE FROM record_bulk_row WHERE bulk_id IN (SELECT id FROM record_bulk WHERE state = 'previewed' AND made_at < ?)",
    )
    .bind(before)
    .execute(&tx)
    .await?;
    Query::system(WHY, "DELETE FROM record_bulk WHERE state = 'previewed' AND made_at < ?")
        .bind(before)
        .execute(&tx)
        .await?;
    Ok(tx.commit().await?)
}
