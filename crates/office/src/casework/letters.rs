//! Letters of a case: data first, PDF later.
//!
//! An action queues a letter with everything its template may read; the same facts serve every template, so a new letter is a new file
//! in a pack. A worker outside this room sets it and hands the PDF back through [`done`]. Both are sealed.

use catalogue::definition::Item;
use rules::Outcome;
use serde_json::{Value, json};
use store::{AuditEntry, CaseId, Connection, Query, Scope, Tx};
use vocab::{Month, Now};

use super::act::Doer;
use super::determine::{self, DeterminationView};
use super::{CASE, CaseRow, LetterId, clocks};
use crate::{Office, OfficeError, audited, offices, releases};

/// A letter without its content.
#[derive(Debug, Clone)]
pub struct LetterView {
    /// Identifier.
    pub id: LetterId,
    /// Definition in the pack.
    pub letter: String,
    /// Document number.
    pub number: String,
    /// Title.
    pub title: String,
    /// Date on it.
    pub dated_on: chrono::NaiveDate,
    /// The PDF is there.
    pub ready: bool,
}

/// A letter that waits to be set: of a case, or of a record.
#[derive(Debug)]
pub struct Waiting<Id = LetterId> {
    /// Identifier.
    pub id: Id,
    /// Definition in the pack.
    pub letter: String,
    /// Release whose template is used.
    pub release_hash: String,
    /// What the template reads.
    pub content: Value,
}

/// What an action adds to a letter: words of its form, reasons, materials.
#[derive(Debug, Clone)]
pub(super) struct Additions {
    /// Fields laid over the common ones.
    pub fields: serde_json::Map<String, Value>,
    /// The office that signs.
    pub issuer: store::DivisionId,
}

/// Queues a letter about a case.
pub(super) async fn queue(
    office: &Office,
    tx: &Tx,
    item: &Item,
    case: &CaseRow,
    letter: &str,
    additions: &Additions,
    now: Now,
) -> Result<LetterId, OfficeError> {
    let issuer = additions.issuer;
    let release = office.release();
    let definition = release
        .letters
        .get(letter)
        .ok_or_else(|| OfficeError::Internal(format!("规则包里没有文书 {letter}")))?;
    let number = next_number(tx, definition.numbering.as_deref().unwrap_or(letter), issuer, now).await?;
    let mut content = common(office, tx, item, case, issuer, now).await?;
    content.insert("number".to_owned(), json!(number));
    let basis: Vec<String> = release
        .basis_on(&definition.basis, case.accepted_on.unwrap_or(case.filed_on))
        .iter()
        .map(catalogue::Citation::text)
        .collect();
    content.insert("basis".to_owned(), json!(basis));
    for (name, value) in &additions.fields {
        content.insert(name.clone(), value.clone());
    }
    let id = Query::system(
        "a letter of a case that the caller may act on",
        "INSERT INTO letter (case_id, letter, number, title, release_hash, content_sealed, dated_on, made_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(case.id)
    .bind(letter)
    .bind(number.as_str())
    .bind(definition.title.as_str())
    .bind(release.hash.as_str())
    .bind(office.keys().seal(&Value::Object(content).to_string())?)
    .bind(now.today())
    .bind(now.at_ms())
    .insert(tx)
    .await?;
    Ok(LetterId(id))
}

/// Queues a letter about a case that a check of it brings, signed by an office.
pub(crate) async fn queue_of_case(
    office: &Office,
    tx: &Tx,
    case: CaseId,
    letter: &str,
    fields: serde_json::Map<String, Value>,
    issuer: store::DivisionId,
    now: Now,
) -> Result<LetterId, OfficeError> {
    let case = CaseRow::find(tx, &Scope::System("a letter of a case that the caller may see"), case).await?;
    let procedure = releases::kept(office, &case.release_hash).await?;
    let item = procedure
        .items
        .get(&case.item)
        .ok_or_else(|| OfficeError::Internal(format!("没有事项 {}", case.item)))?;
    queue(office, tx, item, &case, letter, &Additions { fields, issuer }, now).await
}

/// Document numbers by series, office and year: 滨河街道救受〔2026〕37号.
pub(crate) async fn next_number(
    tx: &Tx,
    series: &str,
    issuer: store::DivisionId,
    now: Now,
) -> Result<String, OfficeError> {
    let year = now.month().year();
    // Inside the transaction: documents are numbered without gaps.
    let last = super::opening::count_on(tx, &format!("letter:{series}"), issuer, year).await?;
    let office = store::divisions::division(tx, issuer).await?;
    Ok(format!("{}{series}〔{year}〕{last}号", office.name))
}

/// What every template may read.
async fn common(
    office: &Office,
    tx: &Tx,
    item: &Item,
    case: &CaseRow,
    issuer: store::DivisionId,
    now: Now,
) -> Result<serde_json::Map<String, Value>, OfficeError> {
    let release = office.release();
    let on = case.accepted_on.unwrap_or(case.filed_on);
    let issuing = store::divisions::division(tx, issuer).await?;
    let applicant: String = Query::system("the letter's addressee", "SELECT name FROM person WHERE id = ?")
        .bind(case.applicant)
        .scalar(tx)
        .await?;
    // Of one who has died, whoever is paid is written to.
    let recipient: String = match (item.about, case.account) {
        (catalogue::definition::About::Deceased, Some(account)) => {
            let sql = "SELECT holder_name FROM bank_account WHERE id = ?";
            Query::system("the letter's addressee", sql).bind(account).scalar(tx).await?
        }
        _ => applicant.clone(),
    };
    let text = |id: &str| release.parameter(id, &issuing.code, on).map(|value| value.value.to_string());
    let mut content = serde_json::Map::new();
    let mut put = |name: &str, value: Value| content.insert(name.to_owned(), value);
    put("synthetic", json!(office.db().synthetic()));
    put("issuer", json!(offices::title(&issuing)));
    put("issued_on", json!(now.today()));
    put("recipient", json!(recipient));
    put("matter", json!(item.title));
    put("case_number", json!(case.number));
    put("filed_on", json!(case.filed_on));
    put("accepted_on", json!(case.accepted_on));
    put("decided_on", json!(case.decided_on.unwrap_or(now.today())));
    put("members_count", json!(case.members));
    put("steps", json!(item.steps.iter().map(|step| step.public_text.as_str()).collect::<Vec<_>>()));
    let duties: Vec<&str> = release
        .codelists
        .get("recipient_duty")
        .map(|list| list.values.iter().map(|code| code.title.as_str()).collect())
        .unwrap_or_default();
    put("duties", json!(duties));
    put("received_on", json!(case.filed_on));
    put("received_by", json!(offices::window(&issuing)));
    put("materials", json!([]));
    let village = store::divisions::division(tx, case.village).await?;
    let township = store::divisions::division(tx, case.township).await?;
    // What is confidential lies at the county: one place.
    let place = if village.id == township.id {
        village.name.clone()
    } else {
        format!("{}{}", township.name, village.name)
    };
    put("place", json!(place));
    put("contact", contact(&release, &issuing, &offices::window(&issuing), on));
    put("remedies", remedies(office, item, case, &issuing.code, on, tx).await?);
    let started = clocks::of_case(tx, &Scope::System("the letter of the case"), case.id).await?;
    let started = |clock: &catalogue::definition::Clock| {
        started.iter().rev().find(|view| view.clock == clock.id.as_str())
    };
    let mut public: Vec<_> =
        item.public_clocks().filter_map(|clock| started(clock).map(|view| (clock, view))).collect();
    // The one that runs; after the last has ended, the first.
    public.sort_by_key(|(_, view)| view.ended_on.is_some());
    if let Some((clock, view)) = public.first() {
        let count = match view.limit {
            vocab::TimeLimit::WorkingDays(days) => i64::from(days.0),
            vocab::TimeLimit::NaturalDays(days) => i64::from(days.0),
            vocab::TimeLimit::Months(months) => i64::from(months.0),
        };
        let extended = clock.extend.as_ref().map(|extension| match extension.to {
            catalogue::definition::Limit::WorkingDays(days)
            | catalogue::definition::Limit::NaturalDays(days)
            | catalogue::definition::Limit::Months(days) => i64::from(days),
        });
        put(
            "clock",
            json!({
                "title": clock.title, "whole": item.public_clocks().count() == 1, "working_days": count, "due_on": view.due.latest,
                "extended_working_days": extended
            }),
        );
    }
    let determination = determine::current(tx, &release, case).await?;
    let amount = determination.as_ref().and_then(|determination| determination.amount);
    put(
        "families",
        json!([{"name": applicant, "members_count": case.members, "amount_fen_per_month": amount.map(|fen| fen.0)}]),
    );
    put(
        "objection",
        json!({"phone": text("service_phone"), "office": offices::window(&issuing), "address": text("service_address")}),
    );
    if let Some(determination) = determination {
        let sources = determine::named_sources(office, tx, &release, &determination).await?;
        for (name, value) in explained(&release, &determination, on) {
            put(&name, value);
        }
        put("sources", json!(sources));
    }
    Ok(content)
}

/// Where one asks and complains about what an office wrote: the office as it is called there, and the place's numbers.
pub(crate) fn contact(
    release: &catalogue::Release,
    issuing: &store::divisions::Division,
    called: &str,
    on: chrono::NaiveDate,
) -> Value {
    let text = |id: &str| release.parameter(id, &issuing.code, on).map(|value| value.value.to_string());
    json!({
        "office": called,
        "phone": text("service_phone"),
        "address": text("service_address"),
        "hours": text("service_hours"),
        "complaint_phone": text("complaint_phone"),
    })
}

async fn remedies(
    office: &Office,
    item: &Item,
    case: &CaseRow,
    division: &str,
    on: chrono::NaiveDate,
    tx: &Tx,
) -> Result<Value, OfficeError> {
    let release = office.release();
    let number = |id: &str| {
        release.parameter(id, division, on).and_then(|value| value.value.to_string().parse::<i64>().ok())
    };
    let county = store::divisions::division(tx, case.county).await?;
    let basis: Vec<String> =
        release.basis_on(&item.remedies_basis, on).iter().map(catalogue::Citation::text).collect();
    Ok(json!({
        "text": item.remedies,
        "reconsideration_days": number("reconsideration_days"),
        "reconsideration_body": format!("{}人民政府", county.name),
        "litigation_months": number("litigation_months"),
        "court": "有管辖权的人民法院",
        "basis": basis.join("、"),
    }))
}

/// A determination in the words of a letter: how the amount was worked out, and each condition that is not met.
pub(super) fn explained(
    release: &catalogue::Release,
    view: &DeterminationView,
    on: chrono::NaiveDate,
) -> Vec<(String, Value)> {
    let definitions = release.programmes.get(&view.programme);
    let calculation: Vec<Value> = view
        .result
        .definitions
        .iter()
        .filter_map(|line| {
            let definition = definitions.as_ref()?.definitions.iter().find(|definition| *definition.id == line.id)?;
            let unit = definition.unit.as_deref().unwrap_or_default();
            Some(json!({"label": line.title, "value": format!("{} {unit}", crate::words::definition(line, unit))}))
        })
        .collect();
    let conditions: Vec<Value> = view
        .result
        .conditions
        .iter()
        .filter(|condition| condition.outcome == Outcome::NotMet)
        .map(|condition| {
            let definition = definitions
                .as_ref()
                .and_then(|programme| programme.conditions.iter().find(|known| *known.id == condition.id));
            let basis: Vec<String> = definition
                .map(|known| {
                    release.basis_on(&known.basis, on).iter().map(catalogue::Citation::text).collect()
                })
                .unwrap_or_default();
            let (required, found) = crate::words::required_and_found(condition);
            json!({
                "title": condition.title,
                "required": required,
                "found": found,
                "explanation": definition.map(|known| known.remedy.clone()),
                "basis": basis.first(),
            })
        })
        .collect();
    let mut fields = vec![
        ("calculation".to_owned(), json!(calculation)),
        ("conditions".to_owned(), json!(conditions)),
        ("amount_fen_per_month".to_owned(), json!(view.amount.map(|fen| fen.0))),
    ];
    fields.extend(
        view.amount.map(|_| ("from_month".to_owned(), json!(Month::containing(on).next().to_string()))),
    );
    fields
}

/// Letters of a case.
///
/// # Errors
/// The database's.
pub async fn of_case(
    connection: &impl Connection,
    scope: &Scope,
    case: CaseId,
) -> Result<Vec<LetterView>, OfficeError> {
    Ok(Query::new(
        scope,
        &CASE,
        "SELECT l.id, l.letter, l.number, l.title, l.dated_on, l.pdf_sealed IS NOT NULL AS ready \
         FROM letter l JOIN case_file c ON c.id = l.case_id WHERE {scope} AND c.id = ? ORDER BY l.id",
    )
    .bind(case)
    .all_as(connection, |row| {
        Ok(LetterView {
            id: row.get("id")?,
            letter: row.get("letter")?,
            number: row.get("number")?,
            title: row.get("title")?,
            dated_on: row.get("dated_on")?,
            ready: row.get("ready")?,
        })
    })
    .await?)
}

/// The PDF of a letter; none while it waits to be set. An officer's reading is in the audit before this returns.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn pdf(
    office: &Office,
    reader: Doer<'_>,
    letter: LetterId,
) -> Result<(String, Option<Vec<u8>>), OfficeError> {
    let row = Query::new(
        &reader.scope(),
        &CASE,
        "SELECT l.title, l.pdf_sealed, l.case_id, c.township_id FROM letter l JOIN case_file c ON c.id = l.case_id WHERE {scope} AND l.id = ?",
    )
    .only("c.item", reader.items(office))
    .bind(letter)
    .optional(office.db())
    .await?
    .ok_or(OfficeError::NotFound("这份文书"))?;
    if let Doer::Desk(actor) = reader {
        let entry = AuditEntry {
            case: Some(row.get("case_id")?),
            division: Some(row.get("township_id")?),
            ..audited(office.now().at_ms(), actor.audit(), "letter.opened", ("letter", letter.0))
        };
        office.db().audit_read(entry).await?;
    }
    let sealed: Option<Vec<u8>> = row.get("pdf_sealed")?;
    let pdf = sealed.map(|sealed| office.keys().open_bytes(&sealed)).transpose()?;
    Ok((row.get("title")?, pdf))
}

/// A letter whose reader the caller has looked at, and written down.
pub(super) async fn set(
    office: &Office,
    reason: &'static str,
    letter: LetterId,
) -> Result<(String, Option<Vec<u8>>), OfficeError> {
    let row = Query::system(reason, "SELECT l.title, l.pdf_sealed FROM letter l WHERE l.id = ?")
        .bind(letter)
        .one(office.db())
        .await?;
    let sealed: Option<Vec<u8>> = row.get("pdf_sealed")?;
    Ok((row.get("title")?, sealed.map(|sealed| office.keys().open_bytes(&sealed)).transpose()?))
}

/// The oldest letters that wait to be set and did not fail before.
///
/// # Errors
/// The database's.
pub async fn waiting(office: &Office, count: usize) -> Result<Vec<Waiting>, OfficeError> {
    let rows = Query::system(
        "the typesetter",
        "SELECT id, letter, release_hash, content_sealed FROM letter WHERE pdf_sealed IS NULL AND failed IS NULL ORDER BY id LIMIT ?",
    )
    .bind(count)
    .all(office.db())
    .await?;
    rows.iter().map(|row| Waiting::read(office, row)).collect()
}

impl<Id: store::Column> Waiting<Id> {
    /// From its row.
    pub(crate) fn read(office: &Office, row: &store::Row) -> Result<Waiting<Id>, OfficeError> {
        let content = office.keys().open(&row.get::<Vec<u8>>("content_sealed")?)?;
        Ok(Waiting {
            id: row.get("id")?,
            letter: row.get("letter")?,
            release_hash: row.get("release_hash")?,
            content: serde_json::from_str(&content)
                .map_err(|error| OfficeError::Internal(error.to_string()))?,
        })
    }
}

/// Keeps the PDF of a letter, or why it could not be set.
///
/// # Errors
/// The database's.
pub async fn done(
    office: &Office,
    letter: LetterId,
    pdf: Result<Vec<u8>, String>,
) -> Result<(), OfficeError> {
    let (pdf, failed) = match pdf {
        Ok(pdf) => (Some(office.keys().seal_bytes(&pdf)?), None),
        Err(reason) => (None, Some(reason)),
    };
    Query::system(
        "the typesetter",
        "UPDATE letter SET pdf_sealed = ?, failed = ? WHERE id = ? AND pdf_sealed IS NULL",
    )
    .bind(pdf)
    .bind(failed)
    .bind(letter)
    .execute(office.db())
    .await?;
    Ok(())
}
