//! Finding a person: by name or part of it, pinyin, initials, whole citizen ID or its last four to six, phone, or name with the last four.
//!
//! The text is read as what it looks like. Names go through the full-text index with the searcher's division in
//! it, numbers through blind indexes; a page brings its own rows out of the index and no more, and nothing is counted beyond [`CAP`],
//! so it costs the same in a village and a city. What lies outside the scope is not found; a whole ID that is registered elsewhere is said.

use std::collections::HashMap;

use chrono::NaiveDate;
use store::{AuditEntry, Backend, Connection, Count, Cursor, HouseholdId, Page, PersonId, Query, Scope};
use vocab::{CitizenId, Level, Phone, Sex};

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
    /// The last four to six of a citizen ID.
    Tail(String),
    Name(NameQuery),
}

impl Asked {
    fn kind(&self) -> &'static str {
        match self {
            Asked::Id(_) => "citizen_id",
            Asked::Phone(_) => "phone",
            Asked::NameAndTail(..) => "name_and_tail",
            Asked::Tail(_) => "tail",
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
    if (4..=6).contains(&compact.len()) && ends_an_id(&compact) {
        return Ok(Asked::Tail(compact.to_ascii_uppercase()));
    }
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
    let is_tail = |word: &str| word.len() == 4 && ends_an_id(word);
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

/// Digits, the last of which may be an X.
fn ends_an_id(text: &str) -> bool {
    let digits = text.strip_suffix(['x', 'X']).unwrap_or(text);
    digits.bytes().all(|sign| sign.is_ascii_digit())
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
    let Matched { ids, next, count } = match &asked {
        Asked::Name(query) => by_name(office, actor, query, cursor, size).await?,
        _ => by_number(office, actor, &asked, cursor, size).await?,
    };
    let page = Page { rows: found(office, &actor.scope(), &ids).await?, next };
    let nothing = count.counted == 0;
    let note = if nothing { Some(note_of_nothing(office.db(), &asked).await?) } else { None };
    // The audit says what kind of search it was and how many it found, not the name or number.
    let entry = AuditEntry {
        division: Some(actor.division),
        subject: None,
        details: serde_json::json!({
            "by": asked.kind(), "found": count.counted,
            "text_blind": office.keys().blind("search", text.trim()),
        }),
        ..audited(office.now().at_ms(), actor.audit(), "person.searched", ("person", 0))
    };
    office.db().audit_read(entry).await?;
    Ok(SearchAnswer { count, page, note })
}

/// Who may be meant, one page of them: exact matches first (rank 0), each kind by id.
struct Matched {
    ids: Vec<PersonId>,
    next: Option<Cursor>,
    count: Count,
}

/// Where a page begins: rank and id behind which it goes on.
fn place(cursor: Option<&Cursor>) -> Option<(i64, i64)> {
    cursor.and_then(|cursor| Some((cursor.integer_at(0)?, cursor.integer_at(1)?)))
}

/// What was read whole, counted no further than all lists count.
fn at_most(read: usize) -> Count {
    let counted = u32::try_from(read).unwrap_or(u32::MAX);
    Count { counted: counted.min(CAP), more: counted > CAP }
}

async fn by_number(
    office: &Office,
    actor: &Granted<ReadPeople>,
    asked: &Asked,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Matched, OfficeError> {
    let scope = actor.scope();
    let wider = CAP + 1;
    // What a record said that was given up leads to the one that stays.
    let by_column = |condition: &str| {
        Query::new(
            &scope,
            &PERSON_COLUMNS,
            format!(
                "SELECT p.id, n.citizen_id_sealed FROM person n JOIN person p ON p.id = COALESCE(n.merged_into, n.id) \
                 WHERE {{scope}} AND {condition} ORDER BY p.id LIMIT {wider}"
            ),
        )
    };
    let (query, tail) = match asked {
        Asked::Id(blind) => (by_column("n.citizen_id_blind = ?").bind(blind.as_str()), None),
        Asked::Phone(blind) => (by_column("n.phone_blind = ?").bind(blind.as_str()), None),
        Asked::NameAndTail(name, blind) => {
            let query = by_column(
                "n.citizen_id_tail_blind = ? AND (p.name = ? OR EXISTS (SELECT 1 FROM person w WHERE w.merged_into = p.id AND w.name = ?))",
            );
            (query.bind(blind.as_str()).bind(name.as_str()).bind(name.as_str()), None)
        }
        Asked::Tail(tail) => {
            let four = sealing::tail_blind(office.keys(), &tail[tail.len() - 4..]);
            (by_column("n.citizen_id_tail_blind = ?").bind(four), Some(tail).filter(|tail| tail.len() > 4))
        }
        Asked::Name(_) => return Err(OfficeError::Internal("a name is no number".to_owned())),
    };
    let mut ids = Vec::new();
    for row in query.all(office.db()).await? {
        // The index holds the last four; whether more of it fits is read in the number itself.
        if let Some(tail) = tail {
            let sealed: Vec<u8> = row.get("citizen_id_sealed")?;
            if !office.keys().open(&sealed)?.ends_with(tail.as_str()) {
                continue;
            }
        }
        ids.push(row.get::<PersonId>("id")?);
    }
    // Both of two records may say the same; they stand beside each other.
    ids.dedup();
    let count = at_most(ids.len());
    let after = place(cursor).map_or(i64::MIN, |(_, id)| id);
    ids.retain(|id| id.0 > after);
    let more = ids.len() > size;
    ids.truncate(size);
    let next = ids.last().filter(|_| more).map(|last| Cursor::new().integer(1).integer(*last));
    Ok(Matched { ids, next, count })
}

async fn by_name(
    office: &Office,
    actor: &Granted<ReadPeople>,
    query: &NameQuery,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Matched, OfficeError> {
    let backend = office.db().backend();
    // Whoever sees the whole place need not have it looked up for every name.
    let below = Some(actor.division).filter(|_| actor.level > Level::Prefecture);
    let begun = place(cursor);
    let mut ids = Vec::new();
    if begun.is_none_or(|(rank, _)| rank == 0) {
        let after = begun.map_or(0, |(_, id)| id);
        ids = names_after(office, query.exact(backend, below), after, size + 1).await?;
    }
    if ids.len() > size {
        ids.truncate(size);
        let next = ids.last().map(|last| Cursor::new().integer(0).integer(*last));
        return Ok(Matched { ids, next, count: counted(office, query.wide(backend, below)).await? });
    }
    let exact = ids.len();
    let after = begun.filter(|(rank, _)| *rank == 1).map_or(0, |(_, id)| id);
    ids.extend(names_after(office, query.others(backend, below), after, size - exact + 1).await?);
    let more = ids.len() > size;
    ids.truncate(size);
    let next = ids.last().filter(|_| more).map(|last| {
        // A page that ends with the last exact one goes on with the first of the others.
        let rank = i64::from(ids.len() > exact);
        Cursor::new().integer(rank).integer(*last)
    });
    let count = if begun.is_none() && next.is_none() {
        at_most(ids.len())
    } else {
        counted(office, query.wide(backend, below)).await?
    };
    Ok(Matched { ids, next, count })
}

const INDEXED: &str = "the searcher's division is a word of the index; rows are read again in scope";

/// Persons of the index behind an id.
async fn names_after(
    office: &Office,
    expression: String,
    after: i64,
    limit: usize,
) -> Result<Vec<PersonId>, OfficeError> {
    let sql = match office.db().backend() {
        // The index is walked in the order of ids, from there on.
        Backend::Sqlite => {
            "SELECT s.rowid AS id FROM person_search s WHERE s.words MATCH ? AND s.rowid > ? ORDER BY s.rowid LIMIT ?"
        }
        // The index gives matches in no order: those behind the id are gathered whole, so that a walk in the order of ids, past everybody
        // who has another name, is never chosen instead.
        Backend::Postgres => {
            "WITH matching AS MATERIALIZED (SELECT s.rowid AS id FROM person_search s WHERE s.document @@ to_tsquery('simple', ?) \
             AND s.rowid > ?) SELECT m.id FROM matching m ORDER BY m.id LIMIT ?"
        }
    };
    Ok(Query::system(INDEXED, sql).bind(expression).bind(after).bind(limit).scalars(office.db()).await?)
}

async fn counted(office: &Office, expression: String) -> Result<Count, OfficeError> {
    let matching = match office.db().backend() {
        Backend::Sqlite => "s.words MATCH ?",
        Backend::Postgres => "s.document @@ to_tsquery('simple', ?)",
    };
    let sql = format!("SELECT s.rowid FROM person_search s WHERE {matching}");
    Ok(Query::system(INDEXED, sql).bind(expression).count_capped(office.db(), CAP).await?)
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
