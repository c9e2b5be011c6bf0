//! Finding a person: by name or part of it, pinyin, initials, whole citizen ID, phone, or name with the last four.
//!
//! The text is read as what it looks like. Names go through the full-text index with the searcher's division in
//! it, numbers through blind indexes; no search reads more than [`CAP`] candidates of either kind, so it costs the same
//! in a village and a city. What lies outside the scope is not found; a whole ID that is registered elsewhere is said.

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
    /// 0 when the name is exactly what was asked for.
    rank: i64,
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
    Name(NameQuery, String),
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
                return Err(OfficeError::invalid("q", "请至少输入姓名中的两个字,或者两个拼音首字母。"));
            }
            Ok(Asked::Name(query, words.concat()))
        }
        None => {
            Err(OfficeError::invalid("q", "请输入姓名、拼音首字母、身份证号、电话,或者姓名加身份证后四位。"))
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
    let scope = actor.scope();
    let kind = match &asked {
        Asked::Id(_) => "citizen_id",
        Asked::Phone(_) => "phone",
        Asked::NameAndTail(..) => "name_and_tail",
        Asked::Name(..) => "name",
    };
    let select = |rank: &str, from: &str| {
        format!(
            "SELECT p.id, p.name, p.sex, p.born_on, p.died_on, p.citizen_id_sealed, r.name AS residence_name, m.household_id, {rank} AS rank \
             FROM person p JOIN division r ON r.id = p.residence_division_id LEFT JOIN membership m ON m.person_id = p.id \
             AND m.until_on IS NULL AND m.superseded_at IS NULL WHERE {{scope}} AND {from}"
        )
    };
    let (sql, binds, count_sql, count_binds): (String, Vec<String>, String, Vec<String>) = match &asked {
        Asked::Id(blind) => one_column(&select, "p.citizen_id_blind = ?", vec![blind.clone()]),
        Asked::Phone(blind) => one_column(&select, "p.phone_blind = ?", vec![blind.clone()]),
        Asked::NameAndTail(name, blind) => one_column(
            &select,
            "p.citizen_id_tail_blind = ? AND p.name = ?",
            vec![blind.clone(), name.clone()],
        ),
        Asked::Name(query, exact) => {
            let matching = match office.db().backend() {
                Backend::Sqlite => "s.words MATCH ?",
                Backend::Postgres => "s.document @@ to_tsquery('simple', ?)",
            };
            let expression = query.expression(office.db().backend(), actor.division);
            let wider = CAP + 1;
            let candidates = format!(
                "SELECT e.id FROM (SELECT p.id FROM person p WHERE {{scope}} AND p.name = ? ORDER BY p.id LIMIT {wider}) e \
                 UNION SELECT f.id FROM (SELECT s.rowid AS id FROM person_search s WHERE {matching} LIMIT {wider}) f"
            );
            (
                select("CASE WHEN p.name = ? THEN 0 ELSE 1 END", &format!("p.id IN ({candidates})")),
                vec![exact.clone(), exact.clone(), expression.clone()],
                format!("SELECT p.id FROM person p WHERE {{scope}} AND p.id IN ({candidates})"),
                vec![exact.clone(), expression],
            )
        }
    };
    let page_sql = format!("SELECT x.* FROM ({sql}) x WHERE {{after}} ORDER BY x.rank, x.id LIMIT ?");
    let bound = binds.into_iter().fold(Query::new(&scope, &PERSON_COLUMNS, page_sql), Query::bind);
    let keys = office.keys();
    let page = bound
        .after(&["x.rank", "x.id"], cursor)
        .page(
            office.db(),
            size,
            |row| {
                Ok(Found {
                    person: row.get("id")?,
                    name: row.get("name")?,
                    sex: row
                        .get::<String>("sex")?
                        .parse()
                        .map_err(|_| store::StoreError::Invalid("sex".to_owned()))?,
                    born_on: row.get("born_on")?,
                    died_on: row.get("died_on")?,
                    citizen_id: sealing::masked_citizen_id(keys, &row.get::<Vec<u8>>("citizen_id_sealed")?)
                        .map_err(|error| store::StoreError::Invalid(error.to_string()))?,
                    residence_name: row.get("residence_name")?,
                    household: row.get("household_id")?,
                    rank: row.get("rank")?,
                })
            },
            |found| Cursor::new().integer(found.rank).integer(found.person),
        )
        .await?;
    let count = count_binds
        .into_iter()
        .fold(Query::new(&scope, &PERSON_COLUMNS, count_sql), Query::bind)
        .count_capped(office.db(), CAP)
        .await?;
    let note = if count.counted > 0 { None } else { Some(note_of_nothing(office.db(), &asked).await?) };
    // The audit says what kind of search it was and how many it found, not the name or number.
    let entry = AuditEntry {
        division: Some(actor.division),
        subject: None,
        details: serde_json::json!({ "by": kind, "found": count.counted, "text_blind": keys.blind("search", text.trim()) }),
        ..audited(office.now().at_ms(), actor.audit(), "person.searched", ("person", 0))
    };
    office.db().audit_read(entry).await?;
    Ok(SearchAnswer { count, page, note })
}

fn one_column(
    select: &dyn Fn(&str, &str) -> String,
    condition: &str,
    binds: Vec<String>,
) -> (String, Vec<String>, String, Vec<String>) {
    (
        select("0", condition),
        binds.clone(),
        format!("SELECT p.id FROM person p WHERE {{scope}} AND {condition}"),
        binds,
    )
}

async fn note_of_nothing(connection: &impl Connection, asked: &Asked) -> Result<String, OfficeError> {
    let Asked::Id(blind) = asked else {
        return Ok("在您的管辖范围内没有找到。请核对写法,或者改用身份证号查找。".to_owned());
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
