//! An organisation's own desk: itself, its records register by register, one of them, all of them as a file.

use catalogue::definition::Field;
use serde_json::json;
use store::{AuditEntry, Cursor, Page, Query};

use super::super::letters::{self, RecordLetter};
use super::super::list::Words;
use super::super::page::{Rows, looked_at};
use super::super::papers::Folder;
use super::super::read::{Record, records};
use super::super::transition::{Offered, offered};
use super::super::{RECORD_COLUMNS, RecordId, columns, duties, row_files, sheet};
use super::{OWN, Own, all, area, opened};
use crate::access::{Granted, ReportRecords};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError, audited};

/// A register on the desk of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRegister {
    /// The register.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How one record is counted.
    pub unit: String,
    /// Open records of the organisation.
    pub open: i64,
    /// They are entered by the organisation.
    pub adds: bool,
    /// The record that is the organisation itself.
    pub itself: Option<RecordId>,
}

/// An organisation's desk.
#[derive(Debug)]
pub struct Home {
    /// Title of the organisation.
    pub title: String,
    /// Its registers, its own entry first.
    pub registers: Vec<OwnRegister>,
    /// What it has to do, the earliest first.
    pub due: Vec<duties::DutyView>,
}

/// The desk. Opening it is written down.
///
/// # Errors
/// [`OfficeError::NotFound`] once the organisation is closed.
pub async fn home(office: &Office, actor: &Granted<ReportRecords>) -> Result<Home, OfficeError> {
    let every = all(office, actor).await?;
    let mut registers = Vec::with_capacity(every.len());
    for own in &every {
        let register = own.open.register();
        let sql = format!(
            "SELECT count(*) FROM {} r WHERE {{scope}} AND {} AND r.closed_on IS NULL",
            columns::table(register),
            own.belongs
        );
        let open = Query::new(&area(actor), &RECORD_COLUMNS, sql).bind(own.id).scalar(office.db()).await?;
        registers.push(OwnRegister {
            id: register.id.get().clone(),
            title: register.title.clone(),
            unit: register.unit.clone(),
            open,
            adds: own.side().adds,
            itself: own.side().by.is_none().then_some(own.id),
        });
    }
    let due = super::due::due(office, actor, &every).await?;
    let title = every.first().map(|own| own.title.clone()).unwrap_or_default();
    written_down(office, actor, "record.organisation_desk", json!({ "due": due.len() })).await?;
    Ok(Home { title, registers, due })
}

async fn written_down(
    office: &Office,
    actor: &Granted<ReportRecords>,
    action: &'static str,
    details: serde_json::Value,
) -> Result<(), OfficeError> {
    let (_, id) = actor.organisation().unwrap_or_default();
    let entry = AuditEntry {
        division: Some(actor.division),
        details,
        ..audited(office.now().at_ms(), actor.audit(), action, ("record", id))
    };
    Ok(office.db().audit_read(entry).await?)
}

/// A record on an organisation's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLine {
    /// The record.
    pub id: RecordId,
    /// Title.
    pub title: String,
    /// State in words.
    pub state: String,
    /// Over and done.
    pub closed: bool,
    /// The list's columns, in words.
    pub cells: Vec<String>,
}

/// A list of an organisation.
#[derive(Debug)]
pub struct OwnList {
    /// The register.
    pub own: Own,
    /// Labels of the columns behind the title.
    pub columns: Vec<String>,
    /// A page of it, the newest first.
    pub page: Page<OwnLine>,
}

/// The columns of a list: those of the register's own list that the organisation reads. What always is the organisation itself says nothing.
fn listed(own: &Own) -> Vec<&Field> {
    let register = own.open.register();
    let columns = register.list.columns.iter().filter_map(|id| register.field(id));
    columns.filter(|field| own.shows(&field.id) && !own.is_itself(field)).collect()
}

/// The organisation's records of a register; with `closed`, those that are over. Written down.
///
/// # Errors
/// As [`opened`].
pub async fn list(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
    closed: bool,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<OwnList, OfficeError> {
    let own = opened(office, actor, register).await?;
    let ids = ids(office, actor, &own, closed, cursor, size).await?;
    let rows = lines(office, actor, &own, &ids.rows).await?;
    let details = json!({ "register": register, "rows": rows.len() });
    written_down(office, actor, "record.organisation_listed", details).await?;
    let columns = listed(&own).into_iter().map(|field| field.label.clone()).collect();
    Ok(OwnList { columns, page: Page { rows, next: ids.next }, own })
}

async fn ids(
    office: &Office,
    actor: &Granted<ReportRecords>,
    own: &Own,
    closed: bool,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<RecordId>, OfficeError> {
    let over = if closed { "r.closed_on IS NOT NULL" } else { "r.closed_on IS NULL" };
    let sql = format!(
        "SELECT r.id FROM {} r WHERE {{scope}} AND {} AND {over} AND {{after}} ORDER BY r.id DESC LIMIT ?",
        columns::table(own.open.register()),
        own.belongs
    );
    let page = Query::new(&area(actor), &RECORD_COLUMNS, sql)
        .bind(own.id)
        .after_descending(&["r.id"], cursor)
        .page(office.db(), size, |row| row.get("id"), |last: &RecordId| Cursor::new().integer(last.0))
        .await?;
    Ok(page)
}

async fn lines(
    office: &Office,
    actor: &Granted<ReportRecords>,
    own: &Own,
    ids: &[RecordId],
) -> Result<Vec<OwnLine>, OfficeError> {
    let register = own.open.register();
    let found = records(office.keys(), office.db(), &area(actor), register, ids).await?;
    let words = Words::of(office, &OWN, &own.open, found.iter()).await?;
    let fields = listed(own);
    let lines = found.iter().map(|record| OwnLine {
        id: record.id,
        title: record.title.clone(),
        state: register.state_title(&record.state).to_owned(),
        closed: register.is_closed(&record.state),
        cells: fields
            .iter()
            .map(|field| words.of_value(field, record.values.get(field.id.get()), true))
            .collect(),
    });
    Ok(lines.collect())
}

/// A record as its organisation reads it.
#[derive(Debug)]
pub struct OwnPage {
    /// The register.
    pub own: Own,
    /// The record.
    pub record: Record,
    /// State in words.
    pub state: String,
    /// Over and done.
    pub closed: bool,
    /// Groups with what is said in them, as label and words; what is empty is left out.
    pub groups: Vec<(String, Vec<(String, String)>)>,
    /// Its lists.
    pub lists: Vec<Rows>,
    /// Scans and photos, as far as the pack shows them.
    pub papers: Vec<Folder>,
    /// Letters, as far as the pack shows them.
    pub letters: Vec<RecordLetter>,
    /// What may be done.
    pub moves: Vec<Offered>,
    /// Duties that the organisation does, open ones first.
    pub duties: Vec<duties::DutyView>,
    /// Whether something of it may be changed.
    pub may_change: bool,
}

/// Opens a record. Written down.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is not the organisation's.
pub async fn page(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
    id: RecordId,
) -> Result<OwnPage, OfficeError> {
    let own = opened(office, actor, register).await?;
    let record = own.found(office, actor, id).await?;
    looked_at(office, actor, register, id).await?;
    let words = Words::of(office, &OWN, &own.open, std::iter::once(&record)).await?;
    let known = own.open.register();
    let groups = known.groups.iter().filter(|group| group.repeat.is_none()).map(|group| {
        let fields = group.fields.iter().filter(|field| own.shows(&field.id));
        let said: Vec<(String, String)> = fields
            .map(|field| {
                (field.label.clone(), words.of_value(field, record.values.get(field.id.get()), true))
            })
            .filter(|(_, words)| !words.is_empty())
            .collect();
        (group.title.clone(), said)
    });
    let groups = groups.filter(|(_, said)| !said.is_empty()).collect();
    let files = row_files::openable(office, known, &record).await?;
    let lists = Rows::of(known, &record, &words, &files, |of| own.shows(of), |_| true);
    let mut moves = offered(office, actor, &own.open, &record).await?;
    moves.retain(|offered| own.transition(&offered.id).is_some());
    let closed = known.is_closed(&record.state);
    let may_change = !closed && changes(&own);
    let duties = super::due::of_record(office, actor, &own, id).await?;
    let papers = super::papers::folders(office, &own, &record).await?;
    let mut letters = letters::of_record(office, known, id).await?;
    letters.retain(|letter| own.shows(&letter.letter));
    Ok(OwnPage {
        state: known.state_title(&record.state).to_owned(),
        closed,
        groups,
        lists,
        papers,
        letters,
        moves,
        duties,
        may_change,
        record,
        own,
    })
}

/// Whether the organisation changes anything of a record that is there.
fn changes(own: &Own) -> bool {
    let register = own.open.register();
    let mut names = register.form_fields().map(|field| field.id.as_str()).chain(register.lists());
    names.any(|name| own.writes(name, true, None))
}

/// The organisation's open records of a register as a file: what its list shows. Written down.
///
/// # Errors
/// As [`opened`].
pub async fn file(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let broken = |error: rust_xlsxwriter::XlsxError| OfficeError::Internal(error.to_string());
    let own = opened(office, actor, register).await?;
    let known = own.open.register();
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let ids = ids(office, actor, &own, false, after.as_ref(), ROWS_AT_ONCE).await?;
        all.extend(lines(office, actor, &own, &ids.rows).await?);
        after = ids.next;
        if after.is_none() {
            break;
        }
    }
    let details = json!({ "register": register, "rows": all.len() });
    written_down(office, actor, "record.organisation_exported", details).await?;
    let mut columns = vec![ListColumn::new(&known.title, 30)];
    columns.extend(listed(&own).into_iter().map(|field| ListColumn::new(&field.label, 16)));
    columns.push(ListColumn::new("状态", 12));
    let title = format!("{}　{}　{}　{}", own.title, known.title, office.now().today(), actor.name);
    let name = sheet::sheet_title(&known.title);
    let mut writer = ListWriter::new(format, &name, Some(&title), &columns).map_err(broken)?;
    for line in all {
        let mut cells = vec![ListCell::from(line.title)];
        cells.extend(line.cells.iter().map(|words| ListCell::words(words)));
        cells.push(ListCell::from(line.state));
        writer.row(&cells).map_err(broken)?;
    }
    writer.finish().map_err(broken)
}
