//! Letters that come of a record's way to another state (许可决定书, 备案回执): queued in the transaction of the move, set by the same worker as
//! the letters of cases, listed on the record. They tell fields that everybody reads who reads the record, and nothing sealed but to whom they go;
//! such a letter opens for whoever may reveal that.

use catalogue::definition::{Field, Register, Transition, TransitionLetter};
use chrono::NaiveDate;
use serde_json::{Value, json};
use store::divisions::DivisionLevel;
use store::{AuditEntry, Query, Scope, ScopeColumns, Tx};

use super::list::Words;
use super::read::{Record, record, records};
use super::write::By;
use super::{Open, RULES, RecordId, RecordLetterId};
use crate::access::{Actor, Granted, ReadRecords, Right};
use crate::casework::letters::{Waiting, contact, next_number};
use crate::{Office, OfficeError, audited, offices};

/// Letters of a record that the caller has shown to be readable.
const OF_RECORD: Scope = Scope::System("letters of a record that the caller may read");

/// A letter without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLetter {
    /// Identifier.
    pub id: RecordLetterId,
    /// Definition in the pack.
    pub letter: String,
    /// Document number.
    pub number: String,
    /// Title.
    pub title: String,
    /// Date on it.
    pub dated_on: NaiveDate,
    /// The PDF is there.
    pub ready: bool,
    /// Whether the reader opens it.
    pub opens: bool,
}

/// The way with a letter that leads from one state to another; `check-pack` sees to it that there is only one.
fn way<'a>(register: &'a Register, from: &str, to: &str) -> Option<(&'a Transition, &'a TransitionLetter)> {
    let mut ways = register.transitions.iter().filter_map(|way| Some((way, way.letter.as_ref()?)));
    ways.find(|(way, _)| way.to.as_str() == to && way.from.iter().any(|state| state.as_str() == from))
}

/// Queues the letter of the way that a record has just gone, if there is one.
pub(super) async fn queue(
    office: &Office,
    tx: &Tx,
    open: &Open,
    by: &By,
    from: &str,
    id: RecordId,
) -> Result<(), OfficeError> {
    let register = open.register();
    // As it stands now, with what was worked out.
    let stored = records(office.keys(), tx, &RULES, register, &[id]).await?;
    let Some(stored) = stored.first() else { return Ok(()) };
    let Some((way, letter)) = way(register, from, &stored.state) else { return Ok(()) };
    let release = open.release();
    let definition = release
        .letters
        .get(&letter.id)
        .ok_or_else(|| OfficeError::Internal(format!("规则包里没有文书 {}", letter.id)))?;
    let now = office.now();
    let issuer = match by.signs {
        Some(issuer) => issuer,
        None => stored.county.unwrap_or(stored.division),
    };
    let series = definition.numbering.as_deref().unwrap_or(letter.id.as_str());
    let number = next_number(tx, series, issuer, now).await?;
    let words = Words::of(office, &by.scope, open, std::iter::once(stored)).await?;
    let said = |id: &str| {
        let field = register.field(id)?;
        let words = words.of_value(field, stored.values.get(field.id.get()), true);
        (!words.is_empty()).then_some((field.label.as_str(), words))
    };
    let recipient = addressee(register, letter, &definition.title, &words, stored)?;
    let says: Vec<Value> = letter
        .says
        .iter()
        .filter_map(|id| said(id))
        .map(|(label, words)| json!({ "label": label, "words": words }))
        .collect();
    let today = now.today();
    let basis = if definition.basis.is_empty() { &way.basis } else { &definition.basis };
    let cited = |basis: &[catalogue::definition::Basis]| -> Vec<String> {
        release.basis_on(basis, today).iter().map(catalogue::Citation::text).collect()
    };
    let issuing = store::divisions::division(tx, issuer).await?;
    let content = json!({
        "synthetic": office.db().synthetic(),
        "issuer": offices::title(&issuing),
        "issued_on": today,
        "number": number,
        "recipient": recipient,
        "contact": contact(release, &issuing, &offices::title(&issuing), today),
        "title": definition.title,
        "basis": cited(basis),
        "register": register.title,
        "record": stored.title,
        "deed": way.title,
        "says": says,
        "remedies": remedies(release, &issuing, &cited(&letter.remedies), today),
    });
    Query::system(
        "a letter of a record that was written in scope",
        "INSERT INTO record_letter (register, record_id, version, letter, number, title, release_hash, content_sealed, dated_on, made_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(register.id.as_str())
    .bind(id)
    .bind(stored.version)
    .bind(letter.id.as_str())
    .bind(number.as_str())
    .bind(definition.title.as_str())
    .bind(release.hash.as_str())
    .bind(office.keys().seal(&content.to_string())?)
    .bind(today)
    .bind(now.at_ms())
    .execute(tx)
    .await?;
    Ok(())
}

/// To whom a letter goes: the first of its fields that is filled, in full; where the pack names none, what the record is called.
fn addressee(
    register: &Register,
    letter: &TransitionLetter,
    title: &str,
    words: &Words<'_>,
    stored: &Record,
) -> Result<String, OfficeError> {
    let Some(first) = letter.to.first() else { return Ok(stored.title.clone()) };
    let fields: Vec<&Field> = letter.to.iter().filter_map(|id| register.field(id)).collect();
    let mut named =
        fields.iter().map(|field| words.of_value(field, stored.values.get(field.id.get()), false));
    named.find(|words| !words.is_empty()).ok_or_else(|| {
        let labels: Vec<&str> = fields.iter().map(|field| field.label.as_str()).collect();
        OfficeError::invalid(first, format!("请填写{}：{title}要写明发给谁。", labels.join("或者")))
    })
}

/// Whether somebody who reads a record opens a letter of it: one whose addressee is sealed opens for whoever may reveal that.
pub(super) fn opens(reader: &Actor, register: &Register, letter: &str) -> bool {
    let letters = register.transitions.iter().filter_map(|way| way.letter.as_ref());
    let mut to = letters.filter(|known| known.id == *letter).flat_map(|known| &known.to);
    let sealed = to.any(|id| register.field(id).is_some_and(Field::is_sealed));
    !sealed || reader.may_in(Right::Reveal, &register.business)
}

/// How one objects, where the pack says by which law.
fn remedies(
    release: &catalogue::Release,
    issuing: &store::divisions::Division,
    basis: &[String],
    on: NaiveDate,
) -> Option<Value> {
    let number = |id: &str| {
        release.parameter(id, &issuing.code, on).and_then(|value| value.value.to_string().parse::<i64>().ok())
    };
    // The government whose office decided: a township is one itself, and its own decisions are the county's to look at.
    let above = match issuing.level {
        DivisionLevel::Township | DivisionLevel::Village => "上一级人民政府".to_owned(),
        _ => format!("{}人民政府", issuing.name),
    };
    (!basis.is_empty()).then(|| {
        json!({
            "reconsideration_days": number("reconsideration_days"),
            "reconsideration_body": above,
            "litigation_months": number("litigation_months"),
            "court": "有管辖权的人民法院",
            "basis": basis.join("、"),
        })
    })
}

/// Letters of a record, the oldest first; as its own organisation sees them.
pub(super) async fn of_record(
    office: &Office,
    register: &Register,
    id: RecordId,
) -> Result<Vec<RecordLetter>, OfficeError> {
    if register.transitions.iter().all(|way| way.letter.is_none()) {
        return Ok(Vec::new());
    }
    let query = Query::new(
        &OF_RECORD,
        &ScopeColumns::NONE,
        "SELECT l.id, l.letter, l.number, l.title, l.dated_on, l.pdf_sealed IS NOT NULL AS ready FROM record_letter l \
         WHERE l.register = ? AND l.record_id = ? ORDER BY l.id",
    );
    Ok(query
        .bind(register.id.as_str())
        .bind(id)
        .all_as(office.db(), |row| {
            Ok(RecordLetter {
                id: row.get("id")?,
                opens: true,
                letter: row.get("letter")?,
                number: row.get("number")?,
                title: row.get("title")?,
                dated_on: row.get("dated_on")?,
                ready: row.get("ready")?,
            })
        })
        .await?)
}

/// The title of a letter and its PDF; none while it waits to be set. The reading is in the audit before this returns.
///
/// # Errors
/// [`OfficeError::NotFound`] for a record outside one's area, a letter of another record, and one that the reader does not open.
pub async fn pdf(
    office: &Office,
    reader: &Granted<ReadRecords>,
    open: &Open,
    id: RecordId,
    letter: RecordLetterId,
) -> Result<(String, Option<Vec<u8>>), OfficeError> {
    let stored = record(office.keys(), office.db(), &reader.scope(), open.register(), id).await?;
    let register = open.register();
    taken(office, reader, register, &stored, letter, |letter| opens(reader, register, letter)).await
}

/// [`pdf`] for whoever was shown to have the record; `shown` says which letters of the pack they read.
pub(super) async fn taken(
    office: &Office,
    reader: &Actor,
    register: &Register,
    stored: &Record,
    letter: RecordLetterId,
    shown: impl Fn(&str) -> bool,
) -> Result<(String, Option<Vec<u8>>), OfficeError> {
    let missing = || OfficeError::NotFound("这份文书");
    let row = Query::new(
        &OF_RECORD,
        &ScopeColumns::NONE,
        "SELECT l.letter, l.title, l.pdf_sealed FROM record_letter l WHERE l.register = ? AND l.record_id = ? AND l.id = ?",
    )
    .bind(register.id.as_str())
    .bind(stored.id)
    .bind(letter)
    .optional(office.db())
    .await?
    .ok_or_else(missing)?;
    if !shown(&row.get::<String>("letter")?) {
        return Err(missing());
    }
    let entry = AuditEntry {
        division: Some(stored.division),
        details: json!({ "register": register.id.as_str(), "letter": letter.0 }),
        ..audited(office.now().at_ms(), reader.audit(), "record.letter_opened", ("record", stored.id.0))
    };
    office.db().audit_read(entry).await?;
    let sealed: Option<Vec<u8>> = row.get("pdf_sealed")?;
    let pdf = sealed.map(|sealed| office.keys().open_bytes(&sealed)).transpose()?;
    Ok((row.get("title")?, pdf))
}

/// The oldest letters that wait to be set and did not fail before.
///
/// # Errors
/// The database's.
pub async fn waiting(office: &Office, count: usize) -> Result<Vec<Waiting<RecordLetterId>>, OfficeError> {
    let sql = "SELECT id, letter, release_hash, content_sealed FROM record_letter WHERE pdf_sealed IS NULL AND failed IS NULL \
               ORDER BY id LIMIT ?";
    let rows = Query::system("the typesetter", sql).bind(count).all(office.db()).await?;
    rows.iter().map(|row| Waiting::read(office, row)).collect()
}

/// Keeps the PDF of a letter, or why it could not be set.
///
/// # Errors
/// The database's.
pub async fn done(
    office: &Office,
    letter: RecordLetterId,
    pdf: Result<Vec<u8>, String>,
) -> Result<(), OfficeError> {
    let (pdf, failed) = match pdf {
        Ok(pdf) => (Some(office.keys().seal_bytes(&pdf)?), None),
        Err(reason) => (None, Some(reason)),
    };
    let sql = "UPDATE record_letter SET pdf_sealed = ?, failed = ? WHERE id = ? AND pdf_sealed IS NULL";
    Query::system("the typesetter", sql).bind(pdf).bind(failed).bind(letter).execute(office.db()).await?;
    Ok(())
}
