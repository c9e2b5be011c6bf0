//! A change to many records as pages show it: what it does, how far it is, what it would do record by record and which cannot.

use store::jobs::{self, Job};
use store::{Query, ScopeColumns};

use super::{BULK_COLUMNS, BULK_JOB, Change, ROWS, What, Would, asked, would};
use crate::access::{Actor, Granted, KeepRecords};
use crate::forms::FilledForm;
use crate::records::look_up::{Finder, look_up};
use crate::records::read::records;
use crate::records::{Open, RECORD_COLUMNS, RecordBulkId, RecordId, columns, draft, history};
use crate::{Office, OfficeError};

/// Changes that a preview shows in words.
const SHOWN: usize = 20;
/// Records that a page names among those that cannot.
const REFUSED_SHOWN: usize = 200;

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

pub(super) const SELECT: &str = "SELECT b.id, b.change_sealed, b.reason, b.state, b.post_id, b.made_by, b.made_at, b.undone_by, b.undo_reason, \
                      b.register, s.name AS maker FROM record_bulk b JOIN staff s ON s.id = b.made_by WHERE {scope}";

pub(super) fn change_of(office: &Office, row: &store::Row) -> Result<Change, OfficeError> {
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
    let looked = look_up(office, keeper, form, &mut answers).await?;
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
