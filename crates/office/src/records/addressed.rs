//! Records that are addressed to a department outside civil affairs (转介): its own staff read what it needs of them and answer by the
//! transitions that the pack leaves to it ([`DepartmentSide`]), in their own division, and nothing else of any register. Every reading is in
//! the audit.

use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::{DepartmentSide, Field, Form, Register};
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, Query};

use super::columns::{column, table};
use super::draft::form;
use super::list::Words;
use super::read::{record, records};
use super::transition::{may_take_as, offered};
use super::write::{Step, save_in};
use super::{Deed, Offered, Open, RECORD_COLUMNS, Record, RecordId, conflict, draft_of, page};
use crate::access::{Actor, AnswerCheck, Granted};
use crate::forms::Answers;
use crate::{Office, OfficeError, audited};

/// Records of one register on the list.
const LISTED_MAX: i64 = 200;

/// A record as the department reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// The register.
    pub register: String,
    /// Its title.
    pub register_title: String,
    /// The record.
    pub id: RecordId,
    /// Title of its state.
    pub state: String,
    /// The fields that the pack names, as label and words; empty ones are left out.
    pub said: Vec<(String, String)>,
    /// Day on which it came in.
    pub recorded_on: NaiveDate,
}

/// A record with what the department may do with it.
#[derive(Debug)]
pub struct AddressedPage {
    /// The record as it is shown.
    pub line: Addressed,
    /// The register, for its form.
    pub open: Open,
    /// The record.
    pub record: Record,
    /// What may be done.
    pub moves: Vec<Offered>,
}

/// The registers with a side for departments, and the codes that are addressed to the post.
fn sides<'a>(
    release: &'a Release,
    actor: &'a Actor,
) -> impl Iterator<Item = (&'a Register, &'a DepartmentSide, Vec<&'a str>)> {
    release.registers.iter().filter_map(move |register| {
        let side = register.department.as_ref()?;
        let departments = actor.departments().filter_map(|id| release.departments.get(id));
        let codes = departments.flat_map(|department| &department.takes).map(|code| code.as_str()).collect();
        Some((&**register, side, codes))
    })
}

/// What waits for the post's department in its division, the oldest first.
///
/// # Errors
/// The database's.
pub async fn addressed(office: &Office, actor: &Granted<AnswerCheck>) -> Result<Vec<Addressed>, OfficeError> {
    let release = office.release();
    let mut list = Vec::new();
    for (register, side, codes) in sides(&release, actor) {
        let ids = ids(office, actor, register, side, &codes, None).await?;
        let found = records(office.keys(), office.db(), &actor.scope(), register, &ids).await?;
        let open = Open { release: Arc::clone(&release), id: register.id.get().clone() };
        list.extend(lines(office, actor, &open, side, &found).await?);
    }
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(actor.division),
            details: json!({ "rows": list.len() }),
            ..audited(
                office.now().at_ms(),
                actor.audit(),
                "record.addressed_listed",
                ("division", actor.division.0),
            )
        })
        .await?;
    Ok(list)
}

async fn ids(
    office: &Office,
    actor: &Actor,
    register: &Register,
    side: &DepartmentSide,
    codes: &[&str],
    one: Option<RecordId>,
) -> Result<Vec<RecordId>, OfficeError> {
    let Some(field) = register.field(&side.field) else { return Ok(Vec::new()) };
    // What waits: the department can take it further.
    let ways = register.transitions.iter().filter(|way| side.moves.iter().any(|id| *id == *way.id));
    let states: Vec<&str> = ways.flat_map(|way| &way.from).map(|state| state.as_str()).collect();
    let only = if one.is_some() { "AND r.id = ? " } else { "" };
    let sql = format!(
        "SELECT r.id FROM {} r WHERE {{scope}} AND r.closed_on IS NULL AND r.{} IN ({{list}}) AND r.state IN ({{list}}) {only}ORDER BY r.id LIMIT ?",
        table(register),
        column(field)
    );
    let query =
        Query::new(&actor.scope(), &RECORD_COLUMNS, sql).bind_list(codes.iter().copied()).bind_list(states);
    let query = one.into_iter().fold(query, |query, id| query.bind(id));
    Ok(query.bind(LISTED_MAX).scalars(office.db()).await?)
}

async fn lines(
    office: &Office,
    actor: &Actor,
    open: &Open,
    side: &DepartmentSide,
    found: &[Record],
) -> Result<Vec<Addressed>, OfficeError> {
    let register = open.register();
    let words = Words::of(office, &actor.scope(), open, found.iter()).await?;
    let fields: Vec<&Field> = side.shows.iter().filter_map(|id| register.field(id)).collect();
    let lines = found.iter().map(|record| {
        let said = fields
            .iter()
            .map(|field| {
                (field.label.clone(), words.of_value(field, record.values.get(field.id.get()), true))
            })
            .filter(|(_, words)| !words.is_empty())
            .collect();
        Addressed {
            register: register.id.get().clone(),
            register_title: register.title.clone(),
            id: record.id,
            state: register.state_title(&record.state).to_owned(),
            said,
            recorded_on: record.recorded_on,
        }
    });
    Ok(lines.collect())
}

/// A record that is addressed to the post's department and waits.
async fn found(
    office: &Office,
    actor: &Actor,
    register: &str,
    id: RecordId,
) -> Result<(Open, Record), OfficeError> {
    let missing = || OfficeError::NotFound("这条记录");
    let release = office.release();
    let (known, side, codes) =
        sides(&release, actor).find(|(known, _, _)| known.id == *register).ok_or_else(missing)?;
    let waiting = ids(office, actor, known, side, &codes, Some(id)).await?;
    if waiting.is_empty() {
        return Err(missing());
    }
    let stored = record(office.keys(), office.db(), &actor.scope(), known, id).await?;
    Ok((Open { release: Arc::clone(&release), id: register.to_owned() }, stored))
}

/// One record. Opening it stands in the audit.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is addressed to another department, lies elsewhere or is over.
pub async fn addressed_page(
    office: &Office,
    actor: &Granted<AnswerCheck>,
    register: &str,
    id: RecordId,
) -> Result<AddressedPage, OfficeError> {
    let (open, stored) = found(office, actor, register, id).await?;
    let side = open.register().department.clone().ok_or(OfficeError::NotFound("这条记录"))?;
    let line = lines(office, actor, &open, &side, std::slice::from_ref(&stored))
        .await?
        .into_iter()
        .next()
        .ok_or(OfficeError::NotFound("这条记录"))?;
    let mut moves = offered(office, actor, &open, &stored).await?;
    moves.retain(|offered| side.moves.iter().any(|id| *id == offered.id));
    page::looked_at(office, actor, register, id).await?;
    Ok(AddressedPage { line, open, record: stored, moves })
}

/// The form of a record, for the fields that a transition asks.
///
/// # Errors
/// [`OfficeError::Internal`] for a register without a form.
pub fn addressed_form(open: &Open) -> Result<&Form, OfficeError> {
    form(open)
}

/// The department answers: takes the record to another state with the fields that the transition asks. Whatever else is sent is left out.
///
/// # Errors
/// As [`addressed_page`]; [`OfficeError::Conflict`] when somebody changed the record meanwhile; [`OfficeError::Invalid`] by field.
pub async fn answer_addressed(
    office: &Office,
    actor: &Granted<AnswerCheck>,
    register: &str,
    begun: (RecordId, i64),
    transition: &str,
    mut answers: Answers,
) -> Result<(), OfficeError> {
    let (id, version) = begun;
    let (open, stored) = found(office, actor, register, id).await?;
    let side = open.register().department.as_ref().ok_or(OfficeError::NotFound("这条记录"))?;
    let taken =
        open.register().transition(transition).filter(|known| side.moves.iter().any(|id| *id == *known.id));
    let taken = taken.ok_or(OfficeError::NotFound("这个操作"))?;
    may_take_as(office, actor, &open, &stored, transition).await?;
    if stored.version != version {
        return Err(OfficeError::Conflict("这条记录刚被他人改过，请打开最新的再办理。".to_owned()));
    }
    let form = form(&open)?;
    let before = stored.answers(open.register());
    for (_, field) in form.fields().filter(|(page, _)| page.repeat.is_none()) {
        if taken.asks.iter().all(|asked| *asked != *field.id) {
            conflict::take(form, &mut answers, &before, &field.id);
        }
    }
    let state = Some(taken.to.as_str());
    let draft = draft_of(office, actor, &open, answers, Some(&stored), state).await?;
    let tx = office.db().begin().await?;
    let step = Step { deed: Deed::Moved, reason: "部门答复", state, import: None };
    save_in(office, &tx, actor, &open, &draft, Some(&stored), &step).await?;
    tx.commit().await?;
    Ok(())
}
