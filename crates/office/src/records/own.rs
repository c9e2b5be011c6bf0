//! What a person may read of the records about them and their family: the fields that the pack names (`family`), in words.

use catalogue::definition::{Field, Register, Target};
use chrono::NaiveDate;
use store::{Connection, HouseholdId, PersonId, Query, Scope};

use super::columns::{column, table};
use super::list::Words;
use super::read::records;
use super::{Open, RecordId};
use crate::{Office, OfficeError};

/// Records of one register on a person's page.
const RECORDS_MAX: i64 = 20;
const OWN: Scope =
    Scope::System("records about a person or family whom the reader has been shown to be, or may see");

/// A record as its person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRecord {
    /// The register.
    pub register: String,
    /// Its title.
    pub register_title: String,
    /// Title of the record's state.
    pub state: String,
    /// Over and done.
    pub closed: bool,
    /// The fields that the pack names, as label and words; empty ones are left out.
    pub said: Vec<(String, String)>,
    /// Day on which it came in.
    pub recorded_on: NaiveDate,
}

/// The records about a person and their family, register by register, the newest first. The caller has shown the reader to be that person,
/// or to may see them.
pub(crate) async fn of_person(
    office: &Office,
    connection: &impl Connection,
    person: PersonId,
    household: Option<HouseholdId>,
) -> Result<Vec<OwnRecord>, OfficeError> {
    let release = office.release();
    let mut own = Vec::new();
    for register in release.registers.iter().filter(|register| !register.family.is_empty()) {
        let ids = ids(connection, register, person, household).await?;
        let open = Open { release: std::sync::Arc::clone(&release), id: register.id.get().clone() };
        let found = records(office.keys(), connection, &OWN, register, &ids).await?;
        let words = Words::of(office, &OWN, &open, found.iter()).await?;
        let fields: Vec<&Field> = register.family.iter().filter_map(|id| register.field(id)).collect();
        own.extend(found.iter().map(|record| {
            OwnRecord {
                register: register.id.get().clone(),
                register_title: register.title.clone(),
                state: register.state_title(&record.state).to_owned(),
                closed: register.is_closed(&record.state),
                said: fields
                    .iter()
                    .map(|field| {
                        (field.label.clone(), words.of_value(field, record.values.get(field.id.get()), true))
                    })
                    .filter(|(_, words)| !words.is_empty())
                    .collect(),
                recorded_on: record.recorded_on,
            }
        }));
    }
    Ok(own)
}

async fn ids(
    connection: &impl Connection,
    register: &Register,
    person: PersonId,
    household: Option<HouseholdId>,
) -> Result<Vec<RecordId>, OfficeError> {
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    for (_, field) in register.fields() {
        let id = match (field.target(), household) {
            (Some(Target::Person), _) => person.0,
            (Some(Target::Household), Some(household)) => household.0,
            _ => continue,
        };
        conditions.push(format!("r.{} = ?", column(field)));
        values.push(id);
    }
    if conditions.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT r.id FROM {} r WHERE {} ORDER BY r.id DESC LIMIT {RECORDS_MAX}",
        table(register),
        conditions.join(" OR ")
    );
    let query =
        values.into_iter().fold(Query::system("records about a person", sql), |query, id| query.bind(id));
    Ok(query.scalars(connection).await?)
}
