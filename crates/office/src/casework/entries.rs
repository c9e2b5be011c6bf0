//! Records of registers that a case entered (转介、个案会商), tied to it: what its page lists, what its guards read, and the way back from the
//! record to the case.

use std::collections::BTreeMap;

use catalogue::definition::{CaseWord, Item, NewEntry};
use chrono::NaiveDate;
use store::{CaseId, Connection, Query, Scope};
use vocab::Fen;

use super::CASE;
use super::act::{Doer, Doing};
use super::situation::CaseRow;
use crate::forms::{FieldPath, Raw, reference_text};
use crate::records::{self, RecordId};
use crate::{Office, OfficeError};

const SEEN: Scope = Scope::System("the records of a case that the caller may see");

/// A record that a case entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView {
    /// The register.
    pub register: String,
    /// Its title.
    pub register_title: String,
    /// The record.
    pub record: RecordId,
    /// Title of the record.
    pub title: String,
    /// Title of its state.
    pub state: String,
    /// When it was entered.
    pub entered_on: NaiveDate,
}

/// Enters a record, tied to the case.
pub(super) async fn enter(doing: &Doing<'_>, case: &CaseRow, entry: &NewEntry) -> Result<(), OfficeError> {
    let Doer::Desk(actor) = doing.doer else {
        return Err(OfficeError::Internal("登记簿只能由工作人员登记".to_owned()));
    };
    let release = doing.office.release();
    let register = release
        .registers
        .get(&entry.register)
        .ok_or_else(|| OfficeError::Internal(format!("没有登记簿 {}", entry.register)))?;
    let mut answers = crate::forms::Answers::new();
    for field in register.form_fields() {
        let id = field.id.as_str();
        let raw = match entry.of_case.get(id) {
            Some(word) => of_case(doing, case, *word).await?,
            None => {
                let from = entry.of_form.get(id).map_or(id, |from| from.as_str());
                let known = doing.form_definition.and_then(|form| form.field(from));
                known.and_then(|(page, field)| doing.answers.get(&FieldPath::new(page, None, field))).cloned()
            }
        };
        if let Some(raw) = raw {
            answers.set(&FieldPath { record: None, field: id.to_owned() }, raw);
        }
    }
    let row = Query::system(
        "the applicant of a case that the doer may act on",
        "SELECT p.name FROM person p WHERE p.id = ?",
    )
    .bind(case.applicant)
    .one(doing.tx)
    .await?;
    let name: String = row.get("name")?;
    let family = format!("{name}家");
    let reason = format!("{}（{}）", doing.action.title, case.number);
    let new = records::Entry {
        register: &entry.register,
        answers,
        references: vec![
            ("person", case.applicant.0, name, case.village),
            ("household", case.household.0, family, case.village),
        ],
        reason: &reason,
    };
    let record = records::enter(doing.office, doing.tx, actor, new).await?;
    Query::system(
        "a record of a case that the doer may act on",
        "INSERT INTO case_entry (case_id, event_id, register, record_id, entered_on) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(case.id)
    .bind(doing.event)
    .bind(entry.register.as_str())
    .bind(record)
    .bind(doing.now.today())
    .execute(doing.tx)
    .await?;
    Ok(())
}

async fn of_case(doing: &Doing<'_>, case: &CaseRow, word: CaseWord) -> Result<Option<Raw>, OfficeError> {
    let text = match word {
        CaseWord::Applicant => reference_text(case.applicant.0),
        CaseWord::Family => reference_text(case.household.0),
        CaseWord::Village => store::divisions::division(doing.tx, case.village).await?.code.to_string(),
        CaseWord::Number => case.number.clone(),
        CaseWord::Today => doing.now.today().to_string(),
        CaseWord::Amount => {
            let Some(determination) = case.determination else { return Ok(None) };
            let amount: Option<Fen> = Query::system(
                "what the rules said in a case that the doer may act on",
                "SELECT amount_fen FROM determination WHERE id = ?",
            )
            .bind(determination)
            .one(doing.tx)
            .await?
            .get("amount_fen")?;
            let Some(amount) = amount else { return Ok(None) };
            amount.to_string()
        }
    };
    Ok(Some(Raw::Text(text)))
}

/// The records of a case by register, as the guards of its item see them; only of registers that a guard names.
pub(super) async fn seen_by_guards(
    office: &Office,
    connection: &impl Connection,
    item: &Item,
    case: CaseId,
) -> Result<BTreeMap<String, Vec<rules::Record>>, OfficeError> {
    let guards = || item.actions.iter().filter_map(|action| action.when.as_ref()).map(|when| when.as_str());
    let mut seen = BTreeMap::new();
    for register in item.entered() {
        let named = format!("{register}.");
        if seen.contains_key(register) || !guards().any(|guard| guard.contains(&named)) {
            continue;
        }
        let ids: Vec<RecordId> = Query::system(
            "the records of a case that the caller may see",
            "SELECT record_id FROM case_entry WHERE case_id = ? AND register = ? ORDER BY id",
        )
        .bind(case)
        .bind(register)
        .scalars(connection)
        .await?;
        let rows = records::seen_by_rules(office, connection, register, &ids, guards()).await?;
        seen.insert(register.to_owned(), rows);
    }
    Ok(seen)
}

/// The records of a case that the reader has opened, the newest first.
pub(super) async fn of_case_page(
    office: &Office,
    connection: &impl Connection,
    case: CaseId,
) -> Result<Vec<EntryView>, OfficeError> {
    let rows: Vec<(String, RecordId, NaiveDate)> = Query::new(
        &SEEN,
        &store::ScopeColumns::NONE,
        "SELECT register, record_id, entered_on FROM case_entry WHERE case_id = ? ORDER BY id DESC",
    )
    .bind(case)
    .all_as(connection, |row| Ok((row.get("register")?, row.get("record_id")?, row.get("entered_on")?)))
    .await?;
    let release = office.release();
    let mut known: BTreeMap<(String, RecordId), (String, String)> = BTreeMap::new();
    for register in
        rows.iter().map(|(register, ..)| register.clone()).collect::<std::collections::BTreeSet<_>>()
    {
        let ids = rows.iter().filter(|(of, ..)| *of == register).map(|(_, record, _)| *record);
        for (record, title, state) in records::titles(office, connection, &register, ids).await? {
            known.insert((register.clone(), record), (title, state));
        }
    }
    let entries = rows.into_iter().filter_map(|(register, record, entered_on)| {
        let register_title = release.registers.get(&register)?.title.clone();
        let (title, state) = known.get(&(register.clone(), record)).cloned()?;
        Some(EntryView { register, register_title, record, title, state, entered_on })
    });
    Ok(entries.collect())
}

/// The case from which a record comes, for somebody who may see that case.
///
/// # Errors
/// The database's.
pub async fn case_of_record(
    office: &Office,
    actor: &crate::access::Granted<crate::access::ReadCase>,
    register: &str,
    record: RecordId,
) -> Result<Option<(CaseId, String)>, OfficeError> {
    Ok(Query::new(
        &actor.scope(),
        &CASE,
        "SELECT c.id, c.number FROM case_entry x JOIN case_file c ON c.id = x.case_id \
         WHERE {scope} AND x.register = ? AND x.record_id = ?",
    )
    .only("c.item", crate::business::items_of(office, actor))
    .bind(register)
    .bind(record)
    .optional_as(office.db(), |row| Ok((row.get("id")?, row.get("number")?)))
    .await?)
}
