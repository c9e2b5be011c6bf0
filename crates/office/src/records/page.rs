//! Everything on a record's page: fields in their groups, what it points at and what points at it, what may be done, duties, alerts,
//! history. Opening it is written down.

use std::collections::BTreeMap;

use catalogue::definition::{Field, Register, Target};
use serde_json::json;
use store::{AuditEntry, Query};

use super::alerts::{self, AlertView};
use super::columns::{column, table};
use super::duties::{self, DutyView};
use super::history::{self, Version};
use super::letters::{self, RecordLetter};
use super::list::Words;
use super::look_up;
use super::papers::{self, Folder};
use super::read::{Record, record};
use super::transition::{self, Offered};
use super::{Open, RECORD_COLUMNS, RecordFileId, RecordId, may, open, row_files, sees};
use crate::access::{Actor, Granted, ReadRecords, Reveal, Right};
use crate::forms::{FormValue, FormValues};
use crate::{Office, OfficeError, audited, divisions};

/// Rows that point at a record, shown on its page; the others stand in their list.
const POINTING_SHOWN: usize = 20;

/// A field in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The field.
    pub field: String,
    /// Its label.
    pub label: String,
    /// Its value; empty when there is none.
    pub words: String,
    /// What it points at: register (or `person`, `household`) and id.
    pub leads_to: Option<(String, i64)>,
    /// Masked; may be revealed.
    pub masked: bool,
    /// Worked out, not asked.
    pub computed: bool,
}

/// A group of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Title.
    pub title: String,
    /// Fields.
    pub fields: Vec<Said>,
}

/// A list under a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// What one row is called.
    pub label: String,
    /// Labels of the columns.
    pub columns: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
    /// The files of cells, by row and column, in place of their words.
    pub files: BTreeMap<(usize, usize), Vec<(RecordFileId, String)>>,
}

impl Rows {
    /// The lists of a record that have rows, as far as they are shown, with those of their fields that are seen.
    pub(super) fn of(
        register: &Register,
        record: &Record,
        words: &Words<'_>,
        opens: &BTreeMap<String, (RecordFileId, String)>,
        shown: impl Fn(&str) -> bool,
        seen: impl Fn(&Field) -> bool,
    ) -> Vec<Rows> {
        let lists = register.lists().into_iter().filter(|of| shown(of)).map(|of| {
            let fields: Vec<&Field> = register.list_fields(of).filter(|field| seen(field)).collect();
            let mut repeats = register.groups.iter().filter_map(|group| group.repeat.as_ref());
            let label = repeats.find(|repeat| repeat.of == of).map(|repeat| repeat.label.clone());
            let rows = record.lists.get(of).map_or(&[][..], Vec::as_slice);
            let cells = |row: &FormValues| {
                fields.iter().map(|field| words.of_value(field, row.get(field.id.get()), true)).collect()
            };
            let mut files = BTreeMap::new();
            for (place, row) in rows.iter().enumerate() {
                for (column, field) in fields.iter().enumerate() {
                    let Some(FormValue::Files(ids)) = row.get(field.id.get()) else { continue };
                    let links: Vec<_> = ids.iter().filter_map(|id| opens.get(id).cloned()).collect();
                    files.insert((place, column), links);
                }
            }
            Rows {
                files,
                label: label.unwrap_or_default(),
                columns: fields.iter().map(|field| field.label.clone()).collect(),
                rows: rows.iter().map(cells).collect(),
            }
        });
        lists.filter(|list| !list.rows.is_empty()).collect()
    }
}

/// Records of another register that point here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointing {
    /// How they are called here.
    pub title: String,
    /// Their register.
    pub register: String,
    /// The field by which they point here.
    pub field: String,
    /// The first of them: id, title, state.
    pub records: Vec<(RecordId, String, String)>,
    /// There are more.
    pub more: bool,
    /// Whether the reader keeps that register.
    pub may_add: bool,
}

/// A record's page.
#[derive(Debug)]
pub struct RecordPage {
    /// The record.
    pub record: Record,
    /// State in words.
    pub state: String,
    /// Whether it is closed.
    pub closed: bool,
    /// Where it lies, from above to below.
    pub place: String,
    /// Its fields.
    pub groups: Vec<Group>,
    /// Its lists.
    pub lists: Vec<Rows>,
    /// Scans and photos, by the kinds of the register.
    pub papers: Vec<Folder>,
    /// Letters that came of it.
    pub letters: Vec<RecordLetter>,
    /// What points at it.
    pub pointing: Vec<Pointing>,
    /// What may be done; empty for those who only read.
    pub transitions: Vec<Offered>,
    /// Duties.
    pub duties: Vec<DutyView>,
    /// Alerts.
    pub alerts: Vec<AlertView>,
    /// Versions, newest first.
    pub history: Vec<Version>,
    /// Whether the reader keeps it.
    pub may_keep: bool,
}

/// Opens a record.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn page(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    id: RecordId,
) -> Result<RecordPage, OfficeError> {
    let register = open.register();
    let form = super::draft::form(open)?;
    let record = record(office.keys(), office.db(), &reader.scope(), register, id).await?;
    looked_at(office, reader, &register.id, id).await?;
    let words = Words::of(office, &reader.scope(), open, std::iter::once(&record)).await?;
    let openable =
        look_up::openable(office, &reader.scope(), super::shape::references(register, &record)).await?;
    let files = row_files::openable(office, register, &record).await?;
    let path = divisions::path(office.db(), record.division).await?;
    let may_keep = may(reader, register, Right::KeepRecords);
    let mut letters = letters::of_record(office, register, id).await?;
    for letter in &mut letters {
        letter.opens = letters::opens(reader, register, &letter.letter);
    }
    let transitions =
        if may_keep { transition::offered(office, reader, open, &record).await? } else { Vec::new() };
    Ok(RecordPage {
        state: register.state_title(&record.state).to_owned(),
        closed: register.is_closed(&record.state),
        place: path.iter().map(|division| division.name.as_str()).collect::<Vec<_>>().join(" "),
        groups: groups(reader, register, &record, &words, &openable),
        lists: Rows::of(register, &record, &words, &files, |_| true, |field| sees(reader, field)),
        papers: papers::folders(office, reader, register, &record).await?,
        letters,
        pointing: pointing(office, reader, open, id).await?,
        transitions,
        duties: duties::of_record(office, reader, open, id).await?,
        alerts: alerts::of_record(office, reader, open, id).await?,
        history: history::versions(office, reader, open, form, id).await?,
        may_keep,
        record,
    })
}

/// Writes down that somebody looked at a record.
pub(super) async fn looked_at(
    office: &Office,
    reader: &Actor,
    register: &str,
    id: RecordId,
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        division: Some(reader.division),
        details: json!({ "register": register }),
        ..audited(office.now().at_ms(), reader.audit(), "record.opened", ("record", id.0))
    };
    Ok(office.db().audit_read(entry).await?)
}

/// A record for somebody who will write on it; opening it is written down.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn for_writing(
    office: &Office,
    reader: &Actor,
    open: &Open,
    id: RecordId,
) -> Result<Record, OfficeError> {
    let found = record(office.keys(), office.db(), &reader.scope(), open.register(), id).await?;
    looked_at(office, reader, &open.register().id, id).await?;
    Ok(found)
}

fn groups(
    reader: &Actor,
    register: &Register,
    record: &Record,
    words: &Words<'_>,
    openable: &BTreeMap<(String, i64), String>,
) -> Vec<Group> {
    let groups = register.groups.iter().filter(|group| group.repeat.is_none()).map(|group| Group {
        title: group.title.clone(),
        fields: group
            .fields
            .iter()
            .filter(|field| sees(reader, field))
            .map(|field| said(field, record, words, openable))
            // What was never asked here need not be shown as missing.
            .filter(|said| !said.words.is_empty() || register.list.columns.iter().any(|id| *id == said.field))
            .collect(),
    });
    groups.filter(|group| !group.fields.is_empty()).collect()
}

fn said(
    field: &Field,
    record: &Record,
    words: &Words<'_>,
    openable: &BTreeMap<(String, i64), String>,
) -> Said {
    let value = record.values.get(field.id.get());
    let target = field.target().map(crate::forms::target_key);
    let leads_to = match value {
        // What is only shared, or lies elsewhere, has no page for this reader.
        Some(FormValue::Reference(id)) => {
            target.map(|target| (target, *id)).filter(|target| openable.contains_key(target))
        }
        _ => None,
    };
    Said {
        field: field.id.get().clone(),
        label: field.label.clone(),
        words: words.of_value(field, value, true),
        leads_to,
        masked: value.is_some() && field.is_sealed(),
        computed: field.computed.is_some(),
    }
}

async fn pointing(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    id: RecordId,
) -> Result<Vec<Pointing>, OfficeError> {
    let own = open.register();
    let mut list = Vec::new();
    for other in open.release().registers.iter().filter(|other| may(reader, other, Right::ReadRecords)) {
        for (_, field) in other.fields() {
            let (Some(back), Some(Target::Record(target))) = (&field.back, field.target()) else { continue };
            if target != own.id.as_str() || !sees(reader, field) {
                continue;
            }
            let sql = format!(
                "SELECT r.id, r.title, r.state FROM {} r WHERE {{scope}} AND r.{} = ? AND r.closed_on IS NULL ORDER BY r.id LIMIT ?",
                table(other),
                column(field)
            );
            let mut records: Vec<(RecordId, String, String)> =
                Query::new(&reader.scope(), &RECORD_COLUMNS, sql)
                    .bind(id)
                    .bind(POINTING_SHOWN + 1)
                    .all_as(office.db(), |row| {
                        let state: String = row.get("state")?;
                        Ok((row.get("id")?, row.get("title")?, other.state_title(&state).to_owned()))
                    })
                    .await?;
            let more = records.len() > POINTING_SHOWN;
            records.truncate(POINTING_SHOWN);
            list.push(Pointing {
                title: back.title.clone(),
                register: other.id.get().clone(),
                field: field.id.get().clone(),
                records,
                more,
                may_add: may(reader, other, Right::KeepRecords),
            });
        }
    }
    Ok(list)
}

/// A sealed field in full, for a stated purpose.
///
/// # Errors
/// [`OfficeError::Invalid`] without a purpose; [`OfficeError::NotFound`] for what is not there or not to be seen.
pub async fn reveal(
    office: &Office,
    revealer: &Granted<Reveal>,
    open: &Open,
    id: RecordId,
    field: &str,
    purpose: &str,
) -> Result<(String, String), OfficeError> {
    let purpose = purpose.trim();
    if purpose.is_empty() {
        return Err(OfficeError::invalid("purpose", "请填写查看用途。"));
    }
    let register = open.register();
    let hidden = || OfficeError::NotFound("这个字段");
    let found = register
        .field(field)
        .filter(|field| field.is_sealed() && sees(revealer, field))
        .filter(|_| revealer.may_in(Right::Reveal, &register.business))
        .ok_or_else(hidden)?;
    let stored = record(office.keys(), office.db(), &revealer.scope(), register, id).await?;
    let value = stored.values.get(found.id.get()).ok_or_else(hidden)?;
    let entry = AuditEntry {
        division: Some(stored.division),
        purpose: Some(purpose.to_owned()),
        details: json!({ "register": register.id.as_str(), "field": field }),
        ..audited(office.now().at_ms(), revealer.audit(), "record.revealed", ("record", id.0))
    };
    office.db().audit_read(entry).await?;
    Ok((found.label.clone(), value.canonical()))
}

/// A register by its id, opened to be read, for links from elsewhere.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub fn reading(office: &Office, reader: &Granted<ReadRecords>, register: &str) -> Result<Open, OfficeError> {
    open(office, reader, register, Right::ReadRecords)
}
