//! Asking the rules about a family and keeping everything that is needed to ask again.
//!
//! A determination row holds the inputs, the context (dates, parameters, findings), the release's content hash and the language's
//! version; [`verify`] replays it from those alone. It is append-only and decides nothing: an officer's action does. Beside the inputs stand
//! the rows of the facts that it read, so that pages and letters say who said what, and as of which day ([`grounds`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::{Pays, Unit};
use chrono::NaiveDate;
use rules::{Context, FindingValue, Outcome, Record};
use sm3::{Digest, Sm3};
use store::{CaseId, Connection, HouseholdId, PersonId, Query, Row, Scope, StaffId, Tx};
use vocab::{Fen, Month, Now};

use super::{CASE, CaseRow};
use crate::people::{FactId, Source};
use crate::{Office, OfficeError, people, releases};

pub use ledger::DeterminationId;
use ledger::EntitlementId;

/// What is to be determined.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The case, none for a replay of everybody.
    pub case: Option<CaseId>,
    /// A benefit whose earlier cases' judgements count as long as this case has none of its own.
    pub benefit: Option<EntitlementId>,
    /// The family.
    pub household: HouseholdId,
    /// The one member whom programmes of single persons look at; every member if absent.
    pub person: Option<PersonId>,
    /// Statistical code of the division whose parameters hold.
    pub division: &'a str,
    /// Month for which it is decided.
    pub month: Month,
    /// Day that picks the law.
    pub law_on: NaiveDate,
    /// Day for which facts and members are taken as they were, by what is known now.
    pub valid_on: NaiveDate,
    /// Programmes, best first.
    pub programmes: Vec<String>,
}

/// The answer that counts: the first programme that is met, else the first programme's.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The stored row.
    pub id: DeterminationId,
    /// The programme.
    pub programme: String,
    /// Everything the rules said.
    pub result: rules::Determination,
    /// Monthly amount, when met.
    pub amount: Option<Fen>,
    /// Months to the next review, when met.
    pub review_months: Option<i32>,
    /// Months for which the benefit may go on after income has risen (渐退).
    pub taper_months: Option<i32>,
    /// Whom it covers, when met.
    pub covered: Vec<PersonId>,
}

/// Runs the rules and stores what they said, one row for each programme (and person, for programmes of single persons).
///
/// # Errors
/// A programme that the release does not have, or the database's.
pub async fn determine(
    office: &Office,
    tx: &Tx,
    release: &Arc<Release>,
    question: &Question<'_>,
    now: Now,
    by: Option<StaffId>,
) -> Result<Answer, OfficeError> {
    let facts = known(office, tx, question, now.at_ms()).await?;
    let mut findings = BTreeMap::new();
    if let Some(benefit) = question.benefit {
        findings.extend(findings_of_benefits(tx, &[benefit]).await?.into_values().flatten());
    }
    if let Some(case) = question.case {
        findings.extend(findings_by(tx, "c.id", [case.0].into_iter()).await?.into_values().flatten());
    }
    let mut first = None;
    for id in &question.programmes {
        let programme = release
            .programmes
            .get(id)
            .ok_or_else(|| OfficeError::Internal(format!("规则包里没有待遇项目 {id}")))?;
        let compiled =
            release.rules(id).ok_or_else(|| OfficeError::Internal(format!("待遇项目 {id} 没有编译")))?;
        let mut context =
            release.context(id, question.division, question.month, question.law_on, now.today());
        // What the rules settle by themselves stays, unless an officer has judged it.
        context.findings.extend(findings.iter().map(|(id, finding)| (id.clone(), finding.clone())));
        let asked = |subject: &Subject| {
            question.person.is_none() || subject.person.is_none() || subject.person == question.person
        };
        for subject in subjects(programme.unit, &facts).into_iter().filter(asked) {
            let result = compiled.decide(&subject.record, &context);
            let amount = amount_of(&result)?;
            let sources = sources_of(tx, release, question, &facts.members, &result, now).await?;
            let determination =
                keep(tx, release, question, &subject.record, &context, &result, amount, &sources, now, by)
                    .await?;
            let met = result.outcome == Outcome::Met;
            let covered = if met { covered_by(release, id, &subject, &facts, &context) } else { Vec::new() };
            let review_months = months_of(&result);
            let taper_months = taper_months(&result);
            let answer = Answer {
                id: determination,
                programme: id.clone(),
                result,
                amount,
                review_months,
                taper_months,
                covered,
            };
            if met {
                return Ok(answer);
            }
            first.get_or_insert(answer);
        }
    }
    first.ok_or_else(|| OfficeError::Internal("事项没有规定待遇项目".to_owned()))
}

const FAMILY: Scope = Scope::System("the family of a case that the caller may act on");

/// What the rules say of the first programme of each question by what was known at a moment; nothing of it is kept, for nothing is decided by it.
/// None where the family has nobody whom the programme is about. All questions are about one day, and the number of statements does not grow with
/// them; `findings` are those of the questions' benefits ([`findings_of_benefits`]).
pub(super) async fn look(
    office: &Office,
    connection: &impl Connection,
    release: &Release,
    questions: &[&Question<'_>],
    findings: &Findings,
    known_at: i64,
) -> Result<Vec<Option<Looked>>, OfficeError> {
    let Some(valid_on) = questions.first().map(|question| question.valid_on) else { return Ok(Vec::new()) };
    debug_assert!(questions.iter().all(|question| question.valid_on == valid_on));
    let households: BTreeSet<HouseholdId> = questions.iter().map(|question| question.household).collect();
    let households: Vec<HouseholdId> = households.into_iter().collect();
    let families =
        people::families_as_of(office, connection, &FAMILY, &households, valid_on, known_at).await?;
    let families: BTreeMap<HouseholdId, Known> = families
        .into_iter()
        .map(|(household, (record, members))| (household, Known { record, members }))
        .collect();
    let today = office.now().today();
    questions.iter().map(|question| looked(release, question, &families, findings, today)).collect()
}

fn looked(
    release: &Release,
    question: &Question<'_>,
    families: &BTreeMap<HouseholdId, Known>,
    findings: &Findings,
    today: NaiveDate,
) -> Result<Option<Looked>, OfficeError> {
    let facts = families.get(&question.household).ok_or(OfficeError::NotFound("这个家庭"))?;
    let found = question.programmes.first().and_then(|id| release.programmes.get(id).zip(release.rules(id)));
    let Some((programme, compiled)) = found else { return Ok(None) };
    let id = programme.id.get();
    let mut context = release.context(id, question.division, question.month, question.law_on, today);
    if let Some(of_benefit) = question.benefit.and_then(|benefit| findings.get(&benefit.0)) {
        context.findings.extend(of_benefit.iter().map(|(id, finding)| (id.clone(), finding.clone())));
    }
    let asked = |subject: &Subject| question.person.is_none() || subject.person == question.person;
    let Some(subject) = subjects(programme.unit, facts).into_iter().find(asked) else { return Ok(None) };
    let result = compiled.decide(&subject.record, &context);
    let (amount, taper_months) = (amount_of(&result)?, taper_months(&result));
    Ok(Some(Looked { result, amount, taper_months }))
}

/// What the rules say, without a row that keeps it.
pub(super) struct Looked {
    pub result: rules::Determination,
    /// Monthly amount, when met.
    pub amount: Option<Fen>,
    /// Months of 渐退.
    pub taper_months: Option<i32>,
}

async fn known(
    office: &Office,
    connection: &impl Connection,
    question: &Question<'_>,
    known_at: i64,
) -> Result<Known, OfficeError> {
    let (household, valid_on) = (question.household, question.valid_on);
    let mut found =
        people::families_as_of(office, connection, &FAMILY, &[household], valid_on, known_at).await?;
    let (record, members) = found.remove(&household).ok_or(OfficeError::NotFound("这个家庭"))?;
    Ok(Known { record, members })
}

/// What is known of a family; the record's members stand in the order of `members`.
struct Known {
    record: Record,
    members: Vec<PersonId>,
}

/// One record to decide about, and whose it is.
struct Subject {
    record: Record,
    person: Option<PersonId>,
}

fn subjects(unit: Unit, facts: &Known) -> Vec<Subject> {
    match unit {
        Unit::Household => vec![Subject { record: facts.record.clone(), person: None }],
        Unit::Person => facts
            .members
            .iter()
            .zip(facts.record.many.get("members").map(Vec::as_slice).unwrap_or_default())
            .map(|(person, record)| Subject {
                record: record.clone().with_one("household", facts.record.clone()),
                person: Some(*person),
            })
            .collect(),
    }
}

/// A programme of a single person covers that person; one of a household, the members for whom its coverage expression holds.
fn covered_by(
    release: &Release,
    programme: &str,
    subject: &Subject,
    facts: &Known,
    context: &Context,
) -> Vec<PersonId> {
    if let Some(person) = subject.person {
        return vec![person];
    }
    let members = facts.record.many.get("members").map(Vec::as_slice).unwrap_or_default();
    facts
        .members
        .iter()
        .zip(members)
        .filter(|(_, record)| match release.coverage(programme) {
            Some(expression) => expression.evaluate(record, context) == rules::Value::Boolean(true),
            None => true,
        })
        .map(|(person, _)| *person)
        .collect()
}

fn amount_of(result: &rules::Determination) -> Result<Option<Fen>, OfficeError> {
    let Some(amount) = &result.amount else { return Ok(None) };
    let fen = amount.as_number().and_then(|number| number.to_scaled(2));
    fen.map(|fen| Some(Fen(fen))).ok_or_else(|| OfficeError::Internal(format!("金额 {amount} 不是分的整数")))
}

fn months_of(result: &rules::Determination) -> Option<i32> {
    result.review_months.as_ref().and_then(whole)
}

/// For how many months the benefit may go on: known only where everything that is not met is something that tapers.
pub(super) fn taper_months(result: &rules::Determination) -> Option<i32> {
    result.taper_months.as_ref().and_then(whole).filter(|months| *months > 0)
}

/// The first and the last month of a taper that is decided today: this month is paid anyway.
pub(super) fn taper_span(today: NaiveDate, months: i32) -> (Month, Month) {
    let month = Month::containing(today);
    (month.next(), month.plus(months))
}

fn whole(value: &rules::Value) -> Option<i32> {
    value.as_number()?.to_i64().and_then(|months| i32::try_from(months).ok())
}

/// The officers' judgements, the last one of each condition, by case or by benefit.
pub(super) type Findings = BTreeMap<i64, BTreeMap<String, FindingValue>>;

/// The judgements of the cases about some benefits.
pub(super) async fn findings_of_benefits(
    connection: &impl Connection,
    benefits: &[EntitlementId],
) -> Result<Findings, OfficeError> {
    findings_by(connection, "c.entitlement_id", benefits.iter().map(|benefit| benefit.0)).await
}

async fn findings_by(
    connection: &impl Connection,
    column: &'static str,
    ids: impl Iterator<Item = i64>,
) -> Result<Findings, OfficeError> {
    let rows = Query::system(
        "the findings of cases, or about benefits, that the caller may act on",
        format!(
            "SELECT {column} AS of_whom, f.condition, f.met, f.reason, f.recorded_on, s.name FROM finding f \
             JOIN staff s ON s.id = f.staff_id JOIN case_file c ON c.id = f.case_id WHERE {column} IN ({{list}}) ORDER BY f.id"
        ),
    )
    .bind_list(ids)
    .all(connection)
    .await?;
    let mut findings = Findings::new();
    for row in rows {
        let finding = FindingValue {
            met: row.get("met")?,
            officer: row.get("name")?,
            reason: row.get("reason")?,
            recorded_on: row.get("recorded_on")?,
        };
        findings.entry(row.get("of_whom")?).or_default().insert(row.get("condition")?, finding);
    }
    Ok(findings)
}

#[expect(clippy::too_many_arguments, reason = "one row of the table, written once")]
async fn keep(
    tx: &Tx,
    release: &Release,
    question: &Question<'_>,
    record: &Record,
    context: &Context,
    result: &rules::Determination,
    amount: Option<Fen>,
    sources: &[FactId],
    now: Now,
    by: Option<StaffId>,
) -> Result<DeterminationId, OfficeError> {
    let inputs = text_of(record)?;
    let context = text_of(context)?;
    let result_text = text_of(result)?;
    let digest = digest(&release.hash, rules::LANGUAGE_VERSION, &inputs, &context, &result_text);
    let id = Query::system(
        "a determination of a family that the caller may act on",
        "INSERT INTO determination (case_id, household_id, programme, month, law_on, known_at, release_hash, language_version, \
         inputs, context, result, outcome, amount_fen, digest, made_at, made_by, sources) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(question.case)
    .bind(question.household)
    .bind(result.programme.as_str())
    .bind(question.month)
    .bind(question.law_on)
    .bind(now.at_ms())
    .bind(release.hash.as_str())
    .bind(rules::LANGUAGE_VERSION)
    .bind(inputs)
    .bind(context)
    .bind(result_text)
    .bind(outcome_code(result.outcome))
    .bind(amount)
    .bind(digest)
    .bind(now.at_ms())
    .bind(by)
    .bind(text_of(&sources.iter().map(|id| id.0).collect::<Vec<i64>>())?)
    .insert(tx)
    .await?;
    Ok(DeterminationId(id))
}

/// The statements of the facts that a determination read, of the family and of its members.
async fn sources_of(
    tx: &Tx,
    release: &Release,
    question: &Question<'_>,
    members: &[PersonId],
    result: &rules::Determination,
    now: Now,
) -> Result<Vec<FactId>, OfficeError> {
    let read = facts_read(release, result, |_| true);
    let mut subjects = vec![people::Subject::Household(question.household)];
    subjects.extend(members.iter().copied().map(people::Subject::Person));
    people::counting(tx, release, &subjects, &read, question.valid_on, now.at_ms()).await
}

/// The facts that a determination read for some of its conditions, directly or in what its conditions rest on.
fn facts_read<'a>(
    release: &Release,
    result: &'a rules::Determination,
    which: impl Fn(&rules::ConditionOutcome) -> bool,
) -> BTreeSet<&'a str> {
    let conditions = result.conditions.iter().filter(|condition| which(condition));
    let mut waiting: Vec<&'a rules::Read> = conditions.flat_map(|condition| &condition.reads).collect();
    waiting.extend(result.working.iter().flat_map(|working| &working.reads));
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut facts = BTreeSet::new();
    while let Some(read) = waiting.pop() {
        let name = read.path.rsplit('.').next().unwrap_or(&read.path);
        if !seen.insert(name) {
            continue;
        }
        if release.facts.get(name).is_some() {
            facts.insert(name);
        }
        let resting = result.definitions.iter().filter(|line| line.id == name);
        waiting.extend(resting.flat_map(|line| &line.reads));
    }
    facts
}

/// Who said what a determination rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// Of whom, or 全家.
    pub name: String,
    /// What it is.
    pub title: String,
    /// The value as people read it; none where the reader may not see it.
    pub shown: Option<String>,
    /// Who says so.
    pub source: String,
    /// It was declared by the family.
    pub declared: bool,
    /// First day on which it holds; of a department, the day of its data.
    pub on: NaiveDate,
    /// What it rests on: the data set with the number of the question, a voucher.
    pub evidence: Option<String>,
}

/// What a determination that the caller may see rests on. Values of single persons are shown to them and to desks (`reader` is none);
/// what is sensitive is named without its value.
///
/// # Errors
/// The database's.
pub async fn grounds(
    office: &Office,
    connection: &impl Connection,
    view: &DeterminationView,
    reader: Option<PersonId>,
) -> Result<Vec<Ground>, OfficeError> {
    let today = office.now().today();
    let statements = people::statements(office, connection, &view.sources, today).await?;
    let person = |subject: people::Subject| match subject {
        people::Subject::Person(id) => Some(id),
        people::Subject::Household(_) => None,
    };
    let names =
        people::names(connection, statements.iter().filter_map(|statement| person(statement.subject)))
            .await?;
    let grounds = statements.into_iter().map(|statement| {
        let of = person(statement.subject);
        let may_read = !statement.sensitive && (reader.is_none() || of.is_none() || of == reader);
        Ground {
            name: of.map_or("全家".to_owned(), |id| names.get(&id).cloned().unwrap_or_default()),
            title: statement.title,
            shown: may_read.then_some(statement.shown),
            source: statement.source_title,
            declared: statement.source == Source::Declared,
            on: statement.from_on,
            evidence: statement.evidence,
        }
    });
    Ok(grounds.collect())
}

/// The sources of the figures of a determination in the words of a letter: of those behind conditions that are not met, where there are
/// such. What the family said itself is one of them.
pub(super) async fn named_sources(
    office: &Office,
    tx: &Tx,
    release: &Release,
    view: &DeterminationView,
) -> Result<Vec<serde_json::Value>, OfficeError> {
    let failed = view.result.outcome == Outcome::NotMet;
    let read = facts_read(release, &view.result, |one| !failed || one.outcome == Outcome::NotMet);
    let statements = people::statements(office, tx, &view.sources, office.now().today()).await?;
    let mut named: BTreeMap<String, NaiveDate> = BTreeMap::new();
    for statement in statements.into_iter().filter(|one| read.contains(one.fact.as_str())) {
        let what = match (&statement.source, &statement.evidence) {
            (Source::Department(_), Some(evidence)) => {
                let what = evidence.split("，数据日期").next().unwrap_or(evidence);
                format!("{}的{what}", statement.source_title)
            }
            (Source::Settled, _) => format!("{}（{}）", statement.source_title, statement.title),
            _ => statement.source_title,
        };
        let on = named.entry(what).or_insert(statement.from_on);
        *on = (*on).max(statement.from_on);
    }
    Ok(named.into_iter().map(|(name, as_of)| serde_json::json!({ "name": name, "as_of": as_of })).collect())
}

fn text_of(value: &impl serde::Serialize) -> Result<String, OfficeError> {
    serde_json::to_string(value).map_err(|error| OfficeError::Internal(error.to_string()))
}

/// Codes of codelist `determination_outcome`.
fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Met => "yes",
        Outcome::NotMet => "no",
        Outcome::Unknown => "unknown",
    }
}

fn digest(hash: &str, language: &str, inputs: &str, context: &str, result: &str) -> String {
    let mut digest = Sm3::new();
    for part in [hash, language, inputs, context, result] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}

/// A determination as people see it.
#[derive(Debug, Clone)]
pub struct DeterminationView {
    /// The stored row.
    pub id: DeterminationId,
    /// Programme.
    pub programme: String,
    /// Month for which it was decided.
    pub month: Month,
    /// Day that picked the law.
    pub law_on: NaiveDate,
    /// Release of the packs.
    pub release_hash: String,
    /// What the rules said.
    pub result: rules::Determination,
    /// Amount, when met: each month, or once.
    pub amount: Option<Fen>,
    /// Whether it is paid each month, once, or not at all.
    pub pays: Pays,
    /// When it was made.
    pub made_at: i64,
    /// Rows of the facts that it read; none of determinations of before these were kept.
    pub sources: Vec<FactId>,
}

const VIEW: &str = "SELECT d.id, d.programme, d.month, d.law_on, d.release_hash, d.result, d.amount_fen, d.made_at, d.sources \
    FROM determination d JOIN case_file c ON c.id = d.case_id WHERE {scope} AND c.id = ?";

/// All determinations of a case, the newest first.
///
/// # Errors
/// The database's.
pub async fn of_case(
    connection: &impl Connection,
    release: &Release,
    scope: &Scope,
    case: CaseId,
) -> Result<Vec<DeterminationView>, OfficeError> {
    Query::new(scope, &CASE, format!("{VIEW} ORDER BY d.id DESC"))
        .bind(case)
        .all(connection)
        .await?
        .iter()
        .map(|row| view(row, release))
        .collect()
}

/// The determination that counts in a case.
///
/// # Errors
/// The database's.
pub(super) async fn current(
    tx: &Tx,
    release: &Release,
    case: &CaseRow,
) -> Result<Option<DeterminationView>, OfficeError> {
    let Some(id) = case.determination else { return Ok(None) };
    let row = Query::system("the case's own", format!("{VIEW} AND d.id = ?").replace("{scope}", "1=1"))
        .bind(case.id)
        .bind(id)
        .optional(tx)
        .await?;
    row.as_ref().map(|row| view(row, release)).transpose()
}

fn view(row: &Row, release: &Release) -> Result<DeterminationView, OfficeError> {
    let text: String = row.get("result")?;
    let result = serde_json::from_str(&text).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let programme: String = row.get("programme")?;
    Ok(DeterminationView {
        id: row.get("id")?,
        pays: release.programmes.get(&programme).map(|programme| programme.pays).unwrap_or_default(),
        programme,
        month: row.get("month")?,
        law_on: row.get("law_on")?,
        release_hash: row.get("release_hash")?,
        result,
        amount: row.get("amount_fen")?,
        made_at: row.get("made_at")?,
        sources: match row.get::<Option<String>>("sources")? {
            Some(text) => serde_json::from_str::<Vec<i64>>(&text)
                .map_err(|error| OfficeError::Internal(error.to_string()))?
                .into_iter()
                .map(FactId)
                .collect(),
            None => Vec::new(),
        },
    })
}

/// A determination that does not come out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The stored row.
    pub id: DeterminationId,
    /// What differs, Chinese.
    pub what: String,
}

/// Replays every determination from its own row and the release it names.
///
/// # Errors
/// The database's, or a release that is not kept any more.
pub async fn verify(
    office: &Office,
    mut each: impl FnMut(u64) + Send,
) -> Result<(u64, Vec<Mismatch>), OfficeError> {
    let mut kept: BTreeMap<String, Arc<Release>> = BTreeMap::new();
    let (mut last, mut count, mut mismatches) = (0_i64, 0_u64, Vec::new());
    loop {
        let rows = Query::system(
            "replay of everything",
            "SELECT id, programme, release_hash, language_version, inputs, context, result, digest FROM determination \
             WHERE id > ? ORDER BY id LIMIT 500",
        )
        .bind(last)
        .all(office.db())
        .await?;
        if rows.is_empty() {
            return Ok((count, mismatches));
        }
        for row in &rows {
            last = row.get("id")?;
            count += 1;
            if let Some(what) = replay(office, row, &mut kept).await? {
                mismatches.push(Mismatch { id: DeterminationId(last), what });
            }
        }
        each(count);
    }
}

async fn replay(
    office: &Office,
    row: &Row,
    kept: &mut BTreeMap<String, Arc<Release>>,
) -> Result<Option<String>, OfficeError> {
    let hash: String = row.get("release_hash")?;
    let (inputs, context, result): (String, String, String) =
        (row.get("inputs")?, row.get("context")?, row.get("result")?);
    let language: String = row.get("language_version")?;
    if row.get::<String>("digest")? != digest(&hash, &language, &inputs, &context, &result) {
        return Ok(Some("存储的内容被改动过，摘要不符".to_owned()));
    }
    if language != rules::LANGUAGE_VERSION {
        return Ok(Some(format!("由语言版本 {language} 作出，本程序是 {}", rules::LANGUAGE_VERSION)));
    }
    if !kept.contains_key(&hash) {
        let release = releases::kept(office, &hash).await?;
        kept.insert(hash.clone(), release);
    }
    let release = &kept[&hash];
    let Some(programme) = release.rules(&row.get::<String>("programme")?) else {
        return Ok(Some("规则包里没有这个待遇项目".to_owned()));
    };
    let (Ok(record), Ok(context)) =
        (serde_json::from_str::<Record>(&inputs), serde_json::from_str::<Context>(&context))
    else {
        return Ok(Some("存储的输入读不出来".to_owned()));
    };
    let again = text_of(&programme.decide(&record, &context))?;
    Ok((again != result).then(|| "重算的结论与存储的不同".to_owned()))
}
