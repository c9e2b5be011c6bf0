//! Finding a person: by name or part of it, pinyin, initials, whole citizen ID, phone, or name with the last four.
//!
//! The text is read as what it looks like. Names go through the full-text index with the searcher's division in
//! it, numbers through blind indexes; no search reads more than [`CAP`] candidates of either kind, so it costs the same
//! in a village and a city. What lies outside the scope is not found; a whole ID that is registered elsewhere is said.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use store::{AuditEntry, Backend, Connection, Count, Cursor, HouseholdId, Page, PersonId, Query, Scope};
use vocab::{CitizenId, Phone, Sex};

use super::name_words::NameQuery;
use super::{PERSON_COLUMNS, sealing};
use crate::access::{Granted, ReadPeople};
use crate::{Office, OfficeError, audited};

/// Candidates read at most.
pub const CAP: u32 = 1000;

/// A person found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The person.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Sex.
    pub sex: Sex,
    /// Day of birth.
    pub born_on: NaiveDate,
    /// Died.
    pub died_on: Option<NaiveDate>,
    /// Citizen ID, masked.
    pub citizen_id: String,
    /// Where the person lives.
    pub residence_name: String,
    /// The family.
    pub household: Option<HouseholdId>,
}

/// What a search gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchAnswer {
    /// How many, counted to [`CAP`].
    pub count: Count,
    /// One page, exact names first.
    pub page: Page<Found>,
    /// What to say beside an empty page, Chinese.
    pub note: Option<String>,
}

enum Asked {
    Id(String),
    Phone(String),
    NameAndTail(String, String),
    Name(NameQuery),
}

impl Asked {
    fn kind(&self) -> &'static str {
        match self {
            Asked::Id(_) => "citizen_id",
            Asked::Phone(_) => "phone",
            Asked::NameAndTail(..) => "name_and_tail",
            Asked::Name(_) => "name",
        }
    }
}

/// Reads the search field.
fn read(office: &Office, text: &str) -> Result<Asked, OfficeError> {
    let keys = office.keys();
    let text = text.trim();
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = compact.chars().filter(char::is_ascii_digit).count();
    if digits >= 15 && compact.chars().count() <= 20 {
        let id: CitizenId = compact
            .parse()
            .map_err(|error: vocab::VocabError| OfficeError::invalid("q", error.to_string()))?;
        return Ok(Asked::Id(sealing::citizen_id_blind(keys, &id)));
    }
    if digits >= 7 {
        let phone: Phone = compact
            .parse()
            .map_err(|error: vocab::VocabError| OfficeError::invalid("q", error.to_string()))?;
        return Ok(Asked::Phone(sealing::phone_blind(keys, &phone)));
    }
    let is_tail = |word: &str| {
        let characters: Vec<char> = word.chars().collect();
        matches!(characters.as_slice(), [a, b, c, d] if [a, b, c].iter().all(|c| c.is_ascii_digit()) && (d.is_ascii_digit() || matches!(d, 'x' | 'X')))
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    if let Some((tail, name)) = match words.as_slice() {
        [name, tail] if is_tail(tail) => Some((*tail, *name)),
        [tail, name] if is_tail(tail) => Some((*tail, *name)),
        _ => None,
    } {
        return Ok(Asked::NameAndTail(name.to_owned(), sealing::tail_blind(keys, tail)));
    }
    match NameQuery::read(text) {
        Some(query) => {
            let length = match &query {
                NameQuery::Characters(text) | NameQuery::Letters(text) => text.chars().count(),
            };
            if length < 2 {
                return Err(OfficeError::invalid("q", "请至少输入姓名中的两个字，或者两个拼音首字母。"));
            }
            Ok(Asked::Name(query))
        }
        None => {
            Err(OfficeError::invalid("q", "请输入姓名、拼音首字母、身份证号、电话，或者姓名加身份证后四位。"))
        }
    }
}

/// Searches persons of one's scope. Writes the audit.
///
/// # Errors
/// [`OfficeError::Invalid`] for a text that is no name and no number.
pub async fn search_people(
    office: &Office,
    actor: &Granted<ReadPeople>,
    text: &str,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<SearchAnswer, OfficeError> {
    let asked = read(office, text)?;
    let candidates = candidates(office, actor, &asked).await?;
    let (rows, next) = slice(&candidates.ids, cursor, size);
    let page = Page { rows: found(office, &actor.scope(), &rows).await?, next };
    let note =
        if candidates.ids.is_empty() { Some(note_of_nothing(office.db(), &asked).await?) } else { None };
    // The audit says what kind of search it was and how many it found, not the name or number.
    let entry = AuditEntry {
        division: Some(actor.division),
        subject: None,
        details: serde_json::json!({
            "by": asked.kind(), "found": candidates.count.counted,
            "text_blind": office.keys().blind("search", text.trim()),
        }),
        ..audited(office.now().at_ms(), actor.audit(), "person.searched", ("person", 0))
    };
    office.db().audit_read(entry).await?;
    Ok(SearchAnswer { count: candidates.count, page, note })
}

/// Who may be meant: exact matches first (rank 0), each kind by id.
struct Candidates {
    ids: Vec<(i64, PersonId)>,
    count: Count,
}

async fn candidates(
    office: &Office,
    actor: &Granted<ReadPeople>,
    asked: &Asked,
) -> Result<Candidates, OfficeError> {
    let wider = CAP + 1;
    let scope = actor.scope();
    let by_column = |condition: &str| {
        Query::new(
            &scope,
            &PERSON_COLUMNS,
            format!("SELECT p.id FROM person p WHERE {{scope}} AND {condition} ORDER BY p.id LIMIT {wider}"),
        )
    };
    let (exact, wide): (Vec<PersonId>, Vec<PersonId>) = match asked {
        Asked::Id(blind) => {
            (by_column("p.citizen_id_blind = ?").bind(blind.as_str()).scalars(office.db()).await?, Vec::new())
        }
        Asked::Phone(blind) => {
            (by_column("p.phone_blind = ?").bind(blind.as_str()).scalars(office.db()).await?, Vec::new())
        }
        Asked::NameAndTail(name, blind) => {
            let query = by_column("p.citizen_id_tail_blind = ? AND p.name = ?")
                .bind(blind.as_str())
                .bind(name.as_str());
            (query.scalars(office.db()).await?, Vec::new())
        }
        Asked::Name(query) => {
            let backend = office.db().backend();
            let matching = match backend {
                Backend::Sqlite => "s.words MATCH ?",
                Backend::Postgres => "s.document @@ to_tsquery('simple', ?)",
            };
            let sql = format!(
                "SELECT s.rowid AS id FROM person_search s WHERE {matching} ORDER BY s.rowid LIMIT {wider}"
            );
            let search = async |expression: String| {
                Query::system(
                    "the searcher's division is a word of the index; rows are read again in scope",
                    sql.clone(),
                )
                .bind(expression)
                .scalars::<PersonId>(office.db())
                .await
            };
            let exact = search(query.exact(backend, actor.division)).await?;
            (exact, search(query.wide(backend, actor.division)).await?)
        }
    };
    let more = exact.len() > CAP as usize || wide.len() > CAP as usize;
    let exactly: HashSet<PersonId> = exact.iter().copied().collect();
    let mut ids: Vec<(i64, PersonId)> = exact.into_iter().map(|id| (0, id)).collect();
    ids.extend(wide.into_iter().filter(|id| !exactly.contains(id)).map(|id| (1, id)));
    let more = more || ids.len() > CAP as usize;
    ids.truncate(CAP as usize);
    let counted = u32::try_from(ids.len()).unwrap_or(CAP);
    Ok(Candidates { ids, count: Count { counted, more } })
}

/// One page of the candidates, and where the next begins.
fn slice(ids: &[(i64, PersonId)], cursor: Option<&Cursor>, size: usize) -> (Vec<PersonId>, Option<Cursor>) {
    let after = cursor.and_then(|cursor| Some((cursor.integer_at(0)?, PersonId(cursor.integer_at(1)?))));
    let start = after.map_or(0, |after| ids.partition_point(|place| *place <= after));
    let end = ids.len().min(start.saturating_add(size));
    let next = if end < ids.len() { ids[start..end].last() } else { None };
    (
        ids[start..end].iter().map(|(_, id)| *id).collect(),
        next.map(|(rank, id)| Cursor::new().integer(*rank).integer(*id)),
    )
}

/// The rows of a page in its order; under the scope, so that a stale index shows nothing.
async fn found(office: &Office, scope: &Scope, ids: &[PersonId]) -> Result<Vec<Found>, OfficeError> {
    let rows = Query::new(
        scope,
        &PERSON_COLUMNS,
        "SELECT p.id, p.name, p.sex, p.born_on, p.died_on, p.citizen_id_sealed, r.name AS residence_name, m.household_id \
         FROM person p JOIN division r ON r.id = p.residence_division_id LEFT JOIN membership m ON m.person_id = p.id \
         AND m.until_on IS NULL AND m.superseded_at IS NULL WHERE {scope} AND p.id IN ({list})",
    )
    .bind_list(ids.iter().copied())
    .all(office.db())
    .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let sex: String = row.get("sex")?;
        let person: PersonId = row.get("id")?;
        found.insert(
            person,
            Found {
                person,
                name: row.get("name")?,
                sex: sex.parse().map_err(|_| OfficeError::Internal("库中的性别不合规定".to_owned()))?,
                born_on: row.get("born_on")?,
                died_on: row.get("died_on")?,
                citizen_id: sealing::masked_citizen_id(
                    office.keys(),
                    &row.get::<Vec<u8>>("citizen_id_sealed")?,
                )?,
                residence_name: row.get("residence_name")?,
                household: row.get("household_id")?,
            },
        );
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

async fn note_of_nothing(connection: &impl Connection, asked: &Asked) -> Result<String, OfficeError> {
    let Asked::Id(blind) = asked else {
        return Ok("在您的管辖范围内没有找到。请核对写法，或者改用身份证号查找。".to_owned());
    };
    let elsewhere = Query::new(
        &Scope::System("a whole ID registered elsewhere is said, not shown"),
        &store::ScopeColumns::NONE,
        "SELECT 1 AS one FROM person p WHERE p.citizen_id_blind = ?",
    )
    .bind(blind.as_str())
    .optional(connection)
    .await?;
    Ok(if elsewhere.is_some() {
        OfficeError::RegisteredElsewhere.to_string()
    } else {
        "没有登记过这个身份证号。可以新登记。".to_owned()
    })
}
