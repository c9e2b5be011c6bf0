//! What organisations see and report of registers at their own accounts ([`OrganisationSide`]): the records that belong to them, and nothing
//! else of any register. Every reading is in the audit.
//!
//! - [`read`]: their own desk, lists, records and files; [`report`]: entering, changing, moving on; [`due`]: what they do again and again;
//!   [`papers`]: scans that they hand in, letters that they get.
//!
//! A post names one organisation, a record of a register of such ([`Actor::organisation`]). What belongs to it is said by the pack: the
//! field by which a record points at it, by itself or through what it points at. [`Own`] holds that as a condition over the register's
//! table; nothing here reads or writes a record without it.

use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::{Field, OrganisationSide, Register, Target, Transition};
use store::{Connection, DivisionId, Query, Scope};

use super::columns::{column, table};
use super::read::{Record, record};
use super::{Open, RECORD_COLUMNS, RecordId};
use crate::access::{Actor, Granted, ManageStaff, ORGANISATION, ReportRecords};
use crate::{Office, OfficeError};

pub mod due;
pub mod papers;
pub mod read;
pub mod report;

/// Organisations that words may mean, at most.
const OFFERED_MAX: i64 = 8;

/// A register as one organisation has it.
#[derive(Debug, Clone)]
pub struct Own {
    open: Open,
    /// The organisation: its register, record, title and place.
    kind: String,
    id: RecordId,
    title: String,
    division: DivisionId,
    /// Over the register's table `r`, with one `?` for the organisation.
    belongs: String,
}

impl Own {
    /// The register.
    #[must_use]
    pub fn open(&self) -> &Open {
        &self.open
    }

    /// What the pack opens of it.
    ///
    /// # Panics
    /// Never: a register without this side is not opened.
    #[must_use]
    pub fn side(&self) -> &OrganisationSide {
        self.open.register().organisation.as_ref().expect("opened by its side")
    }

    /// Title of the organisation.
    #[must_use]
    pub fn organisation_title(&self) -> &str {
        &self.title
    }

    /// The register in which the organisation stands.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether a field or list is read.
    #[must_use]
    pub fn shows(&self, name: &str) -> bool {
        self.side().shows.iter().any(|shown| shown.as_str() == name)
    }

    /// Whether a field or list is written: of a new record, of one that is there, or with a transition.
    #[must_use]
    pub fn writes(&self, name: &str, existing: bool, taken: Option<&str>) -> bool {
        if let Some(taken) = taken {
            let way = self.open.register().transition(taken);
            return way.is_some_and(|way| way.asks.iter().any(|asked| asked.as_str() == name));
        }
        // What names a record is written once; a wrong one the office corrects.
        let settled = existing && self.open.register().key.iter().any(|key| key.as_str() == name);
        !settled && self.side().writes.iter().any(|written| written.as_str() == name)
    }

    /// A transition that the organisation takes.
    #[must_use]
    pub fn transition(&self, id: &str) -> Option<&Transition> {
        let taken = self.side().moves.iter().any(|taken| taken.as_str() == id);
        self.open.register().transition(id).filter(|_| taken)
    }

    /// The field that always is the organisation itself: nobody is asked for it.
    fn is_itself(&self, field: &Field) -> bool {
        let by = self.side().by.as_ref().is_some_and(|by| field.id == *by.get());
        by && field.target() == Some(Target::Record(&self.kind))
    }

    /// One of the organisation's records.
    async fn found(&self, office: &Office, actor: &Actor, id: RecordId) -> Result<Record, OfficeError> {
        let register = self.open.register();
        let sql = format!(
            "SELECT r.id FROM {} r WHERE {{scope}} AND {} AND r.id = ?",
            table(register),
            self.belongs
        );
        let found = Query::new(&area(actor), &RECORD_COLUMNS, sql).bind(self.id).bind(id);
        if found.optional(office.db()).await?.is_none() {
            return Err(OfficeError::NotFound("这条记录"));
        }
        record(office.keys(), office.db(), &area(actor), register, id).await
    }
}

/// Where an organisation's account reads: what belongs to it lies in the area of the post.
fn area(actor: &Actor) -> Scope {
    Scope::Subtree(actor.division)
}

/// What the records of an organisation's account say of others (titles of people and beds) they may say to it.
const OWN: Scope = Scope::System("what an organisation's own records point at");

/// The condition under which a record of the register belongs to an organisation of a kind; none where the pack opens it to no such.
fn belongs(release: &Release, register: &Register, kind: &str) -> Option<String> {
    let Some(by) = &register.organisation.as_ref()?.by else {
        return (register.id == *kind).then(|| "r.id = ?".to_owned());
    };
    let field = register.field(by)?;
    let Some(Target::Record(target)) = field.target() else { return None };
    if target == kind {
        return Some(format!("r.{} = ?", column(field)));
    }
    let target = release.registers.get(target)?;
    let inner = belongs(release, target, kind)?;
    Some(format!("r.{} IN (SELECT r.id FROM {} r WHERE {inner})", column(field), table(target)))
}

/// The registers of organisations: those whose records are organisations themselves.
fn kinds(release: &Release) -> impl Iterator<Item = &Register> {
    release
        .registers
        .iter()
        .map(|register| &**register)
        .filter(|register| register.organisation.as_ref().is_some_and(|side| side.by.is_none()))
}

/// Title and place of an organisation of an area that is not closed.
async fn standing(
    connection: &impl Connection,
    release: &Release,
    (kind, id): (&str, i64),
    within: DivisionId,
) -> Result<Option<(String, DivisionId)>, OfficeError> {
    let Some(register) = kinds(release).find(|register| register.id == *kind) else { return Ok(None) };
    let sql = format!(
        "SELECT r.title, r.division_id FROM {} r WHERE {{scope}} AND r.id = ? AND r.closed_on IS NULL",
        table(register)
    );
    let row = Query::new(&Scope::Subtree(within), &RECORD_COLUMNS, sql).bind(id).optional(connection).await?;
    Ok(row.map(|row| Ok::<_, store::StoreError>((row.get("title")?, row.get("division_id")?))).transpose()?)
}

/// Whether the organisation that a post's business names (`care_institution/17`) is one of the area.
pub(crate) async fn is_there(
    connection: &impl Connection,
    release: &Release,
    named: &str,
    within: DivisionId,
) -> Result<bool, OfficeError> {
    let Some((kind, id)) = named.split_once('/') else { return Ok(false) };
    let Ok(id) = id.parse() else { return Ok(false) };
    Ok(standing(connection, release, (kind, id), within).await?.is_some())
}

/// The organisation of an account, and a register as it has it.
///
/// # Errors
/// [`OfficeError::NotFound`] for a register that is not opened to it, and once the organisation is closed or gone from the area.
pub async fn opened(
    office: &Office,
    actor: &Granted<ReportRecords>,
    register: &str,
) -> Result<Own, OfficeError> {
    let every = all(office, actor).await?;
    let found = every.into_iter().find(|own| own.open.register().id == *register);
    found.ok_or(OfficeError::NotFound("这个登记簿"))
}

/// Every register as the organisation of an account has it, its own entry first.
///
/// # Errors
/// [`OfficeError::NotFound`] once the organisation is closed or gone from the area.
pub async fn all(office: &Office, actor: &Granted<ReportRecords>) -> Result<Vec<Own>, OfficeError> {
    let missing = || OfficeError::NotFound("您代表的机构");
    let release = office.release();
    let (kind, id) = actor.organisation().ok_or_else(missing)?;
    let standing = standing(office.db(), &release, (kind, id), actor.division).await?;
    let (title, division) = standing.ok_or_else(missing)?;
    let mut list: Vec<Own> = release
        .registers
        .iter()
        .filter_map(|register| {
            let belongs = belongs(&release, register, kind)?;
            Some(Own {
                open: Open { release: Arc::clone(&release), id: register.id.get().clone() },
                kind: kind.to_owned(),
                id: RecordId(id),
                title: title.clone(),
                division,
                belongs,
            })
        })
        .collect();
    list.sort_by_key(|own| own.side().by.is_some());
    Ok(list)
}

/// What a post's business calls an organisation of the administrator's area that has this title or number.
///
/// # Errors
/// [`OfficeError::Invalid`] by the field `organisation` when there is none, or more than one.
pub async fn named(
    office: &Office,
    actor: &Granted<ManageStaff>,
    words: &str,
) -> Result<String, OfficeError> {
    let words = words.trim();
    let release = office.release();
    let mut found: Vec<(String, String)> = Vec::new();
    for register in kinds(&release) {
        let mut conditions = vec!["r.title = ?".to_owned()];
        let keys = register.key.iter().filter_map(|key| register.field(key));
        let keys = keys.filter(|field| {
            matches!(*field.kind, catalogue::definition::FieldKind::Text) && !field.is_sealed()
        });
        conditions.extend(keys.map(|field| format!("r.{} = ?", column(field))));
        let sql = format!(
            "SELECT r.id, r.title FROM {} r WHERE {{scope}} AND r.closed_on IS NULL AND ({}) ORDER BY r.id LIMIT {OFFERED_MAX}",
            table(register),
            conditions.join(" OR ")
        );
        let query = Query::new(&actor.scope(), &RECORD_COLUMNS, sql);
        let query = conditions.iter().fold(query, |query, _| query.bind(words));
        for row in query.all(office.db()).await? {
            let (id, title): (i64, String) = (row.get("id")?, row.get("title")?);
            found.push((format!("{ORGANISATION}{}/{id}", register.id), title));
        }
    }
    match found.as_slice() {
        [(business, _)] => Ok(business.clone()),
        [] => Err(OfficeError::invalid(
            "organisation",
            "没有找到这家机构。请填写登记簿里的机构全称，或者统一社会信用代码。",
        )),
        several => {
            let titles: Vec<&str> = several.iter().map(|(_, title)| title.as_str()).collect();
            Err(OfficeError::invalid(
                "organisation",
                format!("找到不止一家：{}。请改填统一社会信用代码。", titles.join("、")),
            ))
        }
    }
}
