//! Records that an action of a case enters (转介、个案会商): written by whoever acts, in the transaction of the action.

use store::{Connection, DivisionId, Query, ScopeColumns, Tx};

use super::columns::table;
use super::draft::{draft_with, form};
use super::read::records;
use super::shape::{Named, shaped};
use super::write::{Step, save_in};
use super::{Deed, Open, RULES, RecordId};
use crate::access::Actor;
use crate::forms::Answers;
use crate::{Office, OfficeError};

/// What is to be entered.
pub(crate) struct Entry<'a> {
    /// The register.
    pub register: &'a str,
    /// Answers by the register's own fields.
    pub answers: Answers,
    /// Persons and households of the case that they point at, with title and place: they may live outside the officer's area.
    pub references: Vec<(&'static str, i64, String, DivisionId)>,
    /// Why.
    pub reason: &'a str,
}

/// Enters a record.
///
/// # Errors
/// [`OfficeError::Invalid`] by field, [`OfficeError::Internal`] for a register that the release in force does not have.
pub(crate) async fn enter(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    entry: Entry<'_>,
) -> Result<RecordId, OfficeError> {
    let Entry { register, mut answers, references, reason } = entry;
    let release = office.release();
    if release.registers.get(register).is_none() {
        return Err(OfficeError::Internal(format!("没有登记簿 {register}")));
    }
    let open = Open { release, id: register.to_owned() };
    let mut looked = super::look_up(office, actor, form(&open)?, &mut answers).await?;
    for (target, id, title, place) in references {
        looked.places.insert((target.to_owned(), id), place);
        looked.references.insert((target.to_owned(), id), title);
    }
    let draft = draft_with(office, &open, answers, looked, None, None).await?;
    let step = Step { deed: Deed::Entered, reason, state: None, import: None };
    save_in(office, tx, actor, &open, &draft, None, &step).await
}

/// Records by id as some expressions see them.
pub(crate) async fn seen_by_rules(
    office: &Office,
    connection: &impl Connection,
    register: &str,
    ids: &[RecordId],
    expressions: impl Iterator<Item = &str>,
) -> Result<Vec<rules::Record>, OfficeError> {
    let release = office.release();
    let Some(register) = release.registers.get(register) else { return Ok(Vec::new()) };
    let stored = records(office.keys(), connection, &RULES, register, ids).await?;
    shaped(office, connection, register, &stored, &Named::in_expressions(expressions)).await
}

/// Titles and states of records that were reached from something the reader has opened.
pub(crate) async fn titles(
    office: &Office,
    connection: &impl Connection,
    register: &str,
    ids: impl Iterator<Item = RecordId>,
) -> Result<Vec<(RecordId, String, String)>, OfficeError> {
    let release = office.release();
    let Some(register) = release.registers.get(register) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT r.id, r.title, r.state FROM {} r WHERE r.id IN ({{list}}) ORDER BY r.id",
        table(register)
    );
    let rows = Query::new(&RULES, &ScopeColumns::NONE, sql).bind_list(ids).all(connection).await?;
    rows.iter()
        .map(|row| {
            let state: String = row.get("state")?;
            Ok((row.get("id")?, row.get("title")?, register.state_title(&state).to_owned()))
        })
        .collect()
}
