//! What is said of a person or a family: by whom, for when, known since when; and what holds of it on a day.
//!
//! Every source keeps its own line: a visit does not overwrite what was declared, it outweighs it, in the order of the
//! fact's `precedence`. Within one source a later statement ends the belief in what it overlaps and keeps the rest.
//!
//! What a department answered holds for its time. When that is over the fact is unknown again: what others had said before does not come
//! back, and only who says something afterwards is heard. A value that an officer settled stands above every source until a new answer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use catalogue::Release;
use catalogue::definition::{Fact, FactSource, Sensitivity, Unit};
use chrono::NaiveDate;
use rules::{Record, Value};
use store::{AuditActor, AuditEntry, CaseId, Connection, HouseholdId, PersonId, Query, Scope, StaffId, Tx};

use super::held::known_values;
use super::{FactId, HOUSEHOLD_COLUMNS, PERSON_COLUMNS, fact_value, household, projection};
use crate::access::{Granted, Investigate};
use crate::error::Problems;
use crate::{Office, OfficeError, audited};

/// Of whom a fact speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A person.
    Person(PersonId),
    /// A family.
    Household(HouseholdId),
}

impl Subject {
    pub(super) fn unit(self) -> Unit {
        match self {
            Subject::Person(_) => Unit::Person,
            Subject::Household(_) => Unit::Household,
        }
    }

    fn person(self) -> Option<PersonId> {
        match self {
            Subject::Person(id) => Some(id),
            Subject::Household(_) => None,
        }
    }

    fn household(self) -> Option<HouseholdId> {
        match self {
            Subject::Household(id) => Some(id),
            Subject::Person(_) => None,
        }
    }
}

/// Where a fact came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Said by the family.
    Declared,
    /// Seen on a home visit.
    Visit,
    /// A department's data, by its id in the pack.
    Department(String),
    /// The imported roll.
    Roll,
    /// A register of this system.
    Register,
    /// An officer found out which of several values is right, and said why.
    Settled,
}

impl Source {
    /// Its place in a fact's precedence; a settled value has none.
    fn kind(&self) -> Option<FactSource> {
        match self {
            Source::Declared => Some(FactSource::Declared),
            Source::Visit => Some(FactSource::Visit),
            Source::Department(_) => Some(FactSource::Department),
            Source::Roll => Some(FactSource::Roll),
            Source::Register => Some(FactSource::Register),
            Source::Settled => None,
        }
    }

    /// Place in the fact's order of precedence: least wins. Sources that the fact does not list come after all others.
    fn rank(&self, fact: &Fact) -> usize {
        let Some(kind) = self.kind() else { return 0 };
        let place = fact.precedence.iter().position(|source| *source.get() == kind);
        place.map_or(usize::MAX, |place| place + 1)
    }

    /// The Chinese name; a department's title.
    #[must_use]
    pub fn title(&self, release: &Release) -> String {
        match self {
            Source::Declared => "家庭申报".to_owned(),
            Source::Visit => "入户调查".to_owned(),
            Source::Department(id) => {
                release.departments.get(id).map_or_else(|| id.clone(), |department| department.title.clone())
            }
            Source::Roll => "在册导入".to_owned(),
            Source::Register => "业务登记".to_owned(),
            Source::Settled => "工作人员核实认定".to_owned(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Declared => f.write_str("declared"),
            Source::Visit => f.write_str("visit"),
            Source::Department(id) => write!(f, "department:{id}"),
            Source::Roll => f.write_str("roll"),
            Source::Register => f.write_str("register"),
            Source::Settled => f.write_str("settled"),
        }
    }
}

impl FromStr for Source {
    type Err = OfficeError;
    fn from_str(text: &str) -> Result<Source, OfficeError> {
        Ok(match text {
            "declared" => Source::Declared,
            "visit" => Source::Visit,
            "roll" => Source::Roll,
            "register" => Source::Register,
            "settled" => Source::Settled,
            _ => match text.strip_prefix("department:") {
                Some(id) if !id.is_empty() => Source::Department(id.to_owned()),
                _ => return Err(OfficeError::Internal(format!("未知的事实来源「{text}」"))),
            },
        })
    }
}

/// A statement to be recorded.
#[derive(Debug, Clone)]
pub struct NewFact {
    /// Of whom.
    pub subject: Subject,
    /// The fact's id in the pack.
    pub fact: String,
    /// As typed or answered; `None`: the source was asked and has nothing.
    pub value: Option<String>,
    /// First day on which it holds.
    pub from_on: NaiveDate,
    /// First day on which it no longer holds.
    pub until_on: Option<NaiveDate>,
    /// Who says so.
    pub source: Source,
    /// The case that brought it.
    pub case: Option<CaseId>,
    /// What it rests on: a voucher, a photo, a row of a department's file.
    pub evidence: Option<String>,
}

/// A statement as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactView {
    /// The row.
    pub id: FactId,
    /// Of whom.
    pub subject: Subject,
    /// The fact's id.
    pub fact: String,
    /// Its title.
    pub title: String,
    /// Canonical text; `None`: asked, nothing there.
    pub value: Option<String>,
    /// As people read it.
    pub shown: String,
    /// Who says so.
    pub source: Source,
    /// Their name.
    pub source_title: String,
    /// First day.
    pub from_on: NaiveDate,
    /// First day on which it no longer holds.
    pub until_on: Option<NaiveDate>,
    /// Known since, unix milliseconds.
    pub known_at: i64,
    /// No longer believed since.
    pub superseded_at: Option<i64>,
    /// In which case it was found.
    pub case: Option<CaseId>,
    /// What it rests on.
    pub evidence: Option<String>,
    /// Health, penalty and the like: shown on purpose only.
    pub sensitive: bool,
    /// Older than the fact's freshness allows.
    pub stale: bool,
    /// First day on which the answer holds no more; none where it has no such day.
    pub lapses_on: Option<NaiveDate>,
    /// That day has come: the fact is unknown until somebody says it again.
    pub lapsed: bool,
}

/// A statement that holds for a time.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// What is said.
    pub fact: NewFact,
    /// First day on which it holds no more.
    pub lapses_on: Option<NaiveDate>,
}

/// Records what a visit or a voucher showed. All stand or none.
///
/// # Errors
/// [`OfficeError::Invalid`] with every wrong value; [`OfficeError::NotFound`] for a subject outside the scope.
pub async fn record_facts(
    office: &Office,
    actor: &Granted<Investigate>,
    facts: &[NewFact],
) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    record_facts_in(office, &tx, &actor.scope(), &actor.audit(), facts).await?;
    tx.commit().await?;
    Ok(())
}

/// As [`record_facts`], as a step of a greater change. Keeps the projections in the same transaction.
///
/// # Errors
/// As [`record_facts`].
pub async fn record_facts_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    facts: &[NewFact],
) -> Result<(), OfficeError> {
    let facts: Vec<(&NewFact, Option<NaiveDate>)> = facts.iter().map(|fact| (fact, None)).collect();
    record(office, tx, scope, who, &facts).await
}

/// As [`record_facts_in`], for answers that hold for a time.
pub(crate) async fn record_answered_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    answers: &[Answered],
) -> Result<(), OfficeError> {
    let facts: Vec<(&NewFact, Option<NaiveDate>)> =
        answers.iter().map(|answer| (&answer.fact, answer.lapses_on)).collect();
    record(office, tx, scope, who, &facts).await
}

async fn record(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    facts: &[(&NewFact, Option<NaiveDate>)],
) -> Result<(), OfficeError> {
    let now = office.now();
    let release = office.release();
    let mut problems = Problems::default();
    let mut checked = Vec::with_capacity(facts.len());
    for (new, lapses_on) in facts.iter().copied() {
        let Some(fact) = release.facts.get(&new.fact) else {
            problems.add(&new.fact, format!("没有「{}」这个指标项，请联系系统管理员核对政策包。", new.fact));
            continue;
        };
        if fact.on != new.subject.unit() {
            problems.add(&new.fact, format!("「{}」不属于这类对象。", fact.title));
        }
        if new.until_on.is_some_and(|until| until <= new.from_on) {
            problems.add(&new.fact, format!("「{}」的截止日期应晚于开始日期。", fact.title));
        }
        match new.value.as_deref().map(|typed| fact_value::check_value(&release, fact, typed)).transpose() {
            Ok(value) => {
                let value = value
                    .map(|canonical| fact_value::to_stored(office.keys(), fact, &canonical))
                    .transpose()?;
                checked.push(Statement { new, value, lapses_on });
            }
            Err(message) => problems.add(&new.fact, message),
        }
    }
    problems.none_or_refuse()?;
    let mut subjects: Vec<Subject> = facts.iter().map(|(new, _)| new.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    for subject in &subjects {
        demand_visible(tx, scope, *subject).await?;
    }
    replace(tx, checked, now.at_ms(), who).await?;
    for subject in &subjects {
        let of_subject = || facts.iter().map(|(new, _)| *new).filter(|new| new.subject == *subject);
        let names: Vec<&str> = of_subject().map(|new| new.fact.as_str()).collect();
        let (kind, id) = match subject {
            Subject::Person(id) => ("person", id.0),
            Subject::Household(id) => ("household", id.0),
        };
        tx.audit(AuditEntry {
            case: of_subject().find_map(|new| new.case),
            details: serde_json::json!({ "facts": names, "source": of_subject().next().map(|new| new.source.to_string()) }),
            ..audited(now.at_ms(), who.clone(), "fact.recorded", (kind, id))
        })
        .await?;
    }
    projection::refresh(office, tx, &release, &subjects, now.today()).await
}

async fn demand_visible(
    connection: &impl Connection,
    scope: &Scope,
    subject: Subject,
) -> Result<(), OfficeError> {
    let row = match subject {
        Subject::Person(id) => {
            Query::new(scope, &PERSON_COLUMNS, "SELECT p.id FROM person p WHERE {scope} AND p.id = ?")
                .bind(id)
                .optional(connection)
                .await?
        }
        Subject::Household(id) => {
            Query::new(scope, &HOUSEHOLD_COLUMNS, "SELECT h.id FROM household h WHERE {scope} AND h.id = ?")
                .bind(id)
                .optional(connection)
                .await?
        }
    };
    match row {
        Some(_) => Ok(()),
        None => Err(OfficeError::NotFound("这个人或家庭")),
    }
}

const SEEN: &str = "the caller has seen the subject";

const COLUMNS: &str = "f.id, f.person_id, f.household_id, f.fact, f.value, f.from_on, f.until_on, f.lapses_on, f.source, f.known_at, \
     f.superseded_at, f.case_id, f.evidence, f.recorded_by";

/// One row of the table.
#[derive(Debug, Clone)]
pub(super) struct FactRow {
    pub id: FactId,
    pub subject: Subject,
    pub fact: String,
    value: Option<String>,
    from_on: NaiveDate,
    until_on: Option<NaiveDate>,
    lapses_on: Option<NaiveDate>,
    source: Source,
    known_at: i64,
    superseded_at: Option<i64>,
    case: Option<CaseId>,
    evidence: Option<String>,
    recorded_by: Option<StaffId>,
}

impl FactRow {
    /// Its time is over: nobody has said it again.
    pub(super) fn lapsed(&self, on: NaiveDate) -> bool {
        self.lapses_on.is_some_and(|lapses| lapses <= on)
    }
}

fn read_row(row: &store::Row) -> Result<FactRow, OfficeError> {
    let person: Option<PersonId> = row.get("person_id")?;
    let household: Option<HouseholdId> = row.get("household_id")?;
    let subject = match (person, household) {
        (Some(person), _) => Subject::Person(person),
        (None, Some(household)) => Subject::Household(household),
        (None, None) => return Err(OfficeError::Internal("事实没有对象".to_owned())),
    };
    Ok(FactRow {
        id: row.get("id")?,
        subject,
        fact: row.get("fact")?,
        value: row.get("value")?,
        from_on: row.get("from_on")?,
        until_on: row.get("until_on")?,
        lapses_on: row.get("lapses_on")?,
        source: row.get::<String>("source")?.parse()?,
        known_at: row.get("known_at")?,
        superseded_at: row.get("superseded_at")?,
        case: row.get("case_id")?,
        evidence: row.get("evidence")?,
        recorded_by: row.get("recorded_by")?,
    })
}

/// The line of a source about a fact of a subject.
type Line = (Subject, String, String);

fn line_of(subject: Subject, fact: &str, source: &Source) -> Line {
    (subject, fact.to_owned(), source.to_string())
}

/// Writes statements down and ends the belief in what the same source said for the same days, the rest of which is said
/// again. Everything is read and written at once; a second statement on one line waits until the first stands.
async fn replace(tx: &Tx, checked: Vec<Statement<'_>>, at: i64, who: &AuditActor) -> Result<(), OfficeError> {
    let mut waiting = checked;
    while !waiting.is_empty() {
        let mut lines = BTreeSet::new();
        let (now, later) = waiting
            .into_iter()
            .partition(|one| lines.insert(line_of(one.new.subject, &one.new.fact, &one.new.source)));
        replace_lines(tx, now, at, who).await?;
        waiting = later;
    }
    Ok(())
}

/// What is said, its value as it is stored, and the first day on which it holds no more.
struct Statement<'a> {
    new: &'a NewFact,
    value: Option<String>,
    lapses_on: Option<NaiveDate>,
}

/// One statement for each line at most.
async fn replace_lines(
    tx: &Tx,
    statements: Vec<Statement<'_>>,
    at: i64,
    who: &AuditActor,
) -> Result<(), OfficeError> {
    let mut believed = believed(tx, &statements).await?;
    let (mut ended, mut written) = (Vec::new(), Vec::new());
    for Statement { new, value, lapses_on } in statements {
        let line = believed.remove(&line_of(new.subject, &new.fact, &new.source)).unwrap_or_default();
        for old in line {
            let before = new.until_on.is_some_and(|until| until <= old.from_on);
            let after = old.until_on.is_some_and(|until| until <= new.from_on);
            if before || after {
                continue;
            }
            ended.push(old.id);
            if old.from_on < new.from_on {
                written.push(FactRow { until_on: Some(new.from_on), known_at: at, ..old.clone() });
            }
            if let Some(until) = new.until_on
                && old.until_on.is_none_or(|old_until| old_until > until)
            {
                written.push(FactRow { from_on: until, known_at: at, ..old });
            }
        }
        let NewFact { subject, fact, value: _, from_on, until_on, source, case, evidence } = new.clone();
        written.push(FactRow {
            id: FactId(0),
            subject,
            fact,
            value,
            from_on,
            until_on,
            lapses_on,
            source,
            known_at: at,
            superseded_at: None,
            case,
            evidence,
            recorded_by: who.staff,
        });
    }
    end(tx, &ended, at).await?;
    write(tx, written).await
}

/// Ends the belief in rows; they stay.
async fn end(tx: &Tx, ended: &[FactId], at: i64) -> Result<(), OfficeError> {
    for ended in ended.chunks(IDS_MAX) {
        let changed = Query::system(
            SEEN,
            "UPDATE fact SET superseded_at = ? WHERE superseded_at IS NULL AND id IN ({list})",
        )
        .bind(at)
        .bind_list(ended.iter().copied())
        .execute(tx)
        .await?;
        if changed != ended.len() as u64 {
            return Err(OfficeError::stale());
        }
    }
    Ok(())
}

/// From a day on a source says nothing more of some facts: what it said before that day stays true of those days.
pub(crate) async fn fall_silent_in(
    office: &Office,
    tx: &Tx,
    who: &AuditActor,
    lines: &[(Subject, String, Source)],
    from_on: NaiveDate,
) -> Result<(), OfficeError> {
    let now = office.now();
    let (mut ended, mut written, mut subjects) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (subject, fact, source) in lines {
        for old in line(tx, *subject, fact, source).await? {
            if old.until_on.is_some_and(|until| until <= from_on) {
                continue;
            }
            ended.push(old.id);
            subjects.insert(*subject);
            if old.from_on < from_on {
                written.push(FactRow { until_on: Some(from_on), known_at: now.at_ms(), ..old });
            }
        }
    }
    if ended.is_empty() {
        return Ok(());
    }
    end(tx, &ended, now.at_ms()).await?;
    write(tx, written).await?;
    let subjects: Vec<Subject> = subjects.into_iter().collect();
    for subject in &subjects {
        let names: Vec<&str> =
            lines.iter().filter(|(of, _, _)| of == subject).map(|(_, fact, _)| fact.as_str()).collect();
        let (kind, id) = match subject {
            Subject::Person(id) => ("person", id.0),
            Subject::Household(id) => ("household", id.0),
        };
        tx.audit(AuditEntry {
            details: serde_json::json!({ "facts": names }),
            ..audited(now.at_ms(), who.clone(), "fact.withdrawn", (kind, id))
        })
        .await?;
    }
    projection::refresh(office, tx, &office.release(), &subjects, now.today()).await
}

/// What is believed of one source's line, the newest first.
async fn line(
    connection: &impl Connection,
    subject: Subject,
    fact: &str,
    source: &Source,
) -> Result<Vec<FactRow>, OfficeError> {
    let (column, id) = match subject {
        Subject::Person(id) => ("f.person_id", id.0),
        Subject::Household(id) => ("f.household_id", id.0),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM fact f WHERE {column} = ? AND f.fact = ? AND f.source = ? AND f.superseded_at IS NULL \
         ORDER BY f.from_on DESC, f.id DESC"
    );
    let rows = Query::system(SEEN, sql).bind(id).bind(fact).bind(source.to_string()).all(connection).await?;
    rows.iter().map(read_row).collect()
}

/// What a source says of a fact without an end, as it stands: canonical value, first day, first day on which it holds no more.
pub(crate) async fn standing(
    office: &Office,
    connection: &impl Connection,
    subject: Subject,
    fact: &str,
    source: &Source,
) -> Result<Option<Standing>, OfficeError> {
    let row = line(connection, subject, fact, source).await?.into_iter().find(|row| row.until_on.is_none());
    row.map(|row| {
        let value =
            row.value.as_deref().map(|stored| fact_value::from_stored(office.keys(), stored)).transpose()?;
        Ok(Standing { value, from_on: row.from_on, lapses_on: row.lapses_on })
    })
    .transpose()
}

/// See [`standing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Canonical; `None`: asked, nothing there.
    pub value: Option<String>,
    /// First day.
    pub from_on: NaiveDate,
    /// First day on which it holds no more.
    pub lapses_on: Option<NaiveDate>,
}

/// Ids in one statement.
const IDS_MAX: usize = 1000;

/// What is believed of the statements' subjects and facts, by line.
async fn believed(
    tx: &Tx,
    statements: &[Statement<'_>],
) -> Result<BTreeMap<Line, Vec<FactRow>>, OfficeError> {
    let mut believed: BTreeMap<Line, Vec<FactRow>> = BTreeMap::new();
    let facts: BTreeSet<&str> = statements.iter().map(|one| one.new.fact.as_str()).collect();
    for (column, id_of) in [
        ("person_id", (|subject| subject.person().map(|id| id.0)) as fn(Subject) -> Option<i64>),
        ("household_id", |subject| subject.household().map(|id| id.0)),
    ] {
        let ids: BTreeSet<i64> = statements.iter().filter_map(|one| id_of(one.new.subject)).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        for ids in ids.chunks(IDS_MAX) {
            let sql = format!(
                "SELECT {COLUMNS} FROM fact f WHERE f.{column} IN ({{list}}) AND f.fact IN ({{list}}) AND f.superseded_at IS NULL"
            );
            let rows = Query::system(SEEN, sql)
                .bind_list(ids.iter().copied())
                .bind_list(facts.iter().copied())
                .all(tx)
                .await?;
            for row in &rows {
                let row = read_row(row)?;
                believed.entry(line_of(row.subject, &row.fact, &row.source)).or_default().push(row);
            }
        }
    }
    Ok(believed)
}

async fn write(tx: &Tx, rows: Vec<FactRow>) -> Result<(), OfficeError> {
    const COLUMNS: [&str; 12] = [
        "person_id",
        "household_id",
        "fact",
        "value",
        "from_on",
        "until_on",
        "lapses_on",
        "source",
        "known_at",
        "case_id",
        "evidence",
        "recorded_by",
    ];
    let rows = rows.into_iter().map(|row| {
        store::values![
            row.subject.person(),
            row.subject.household(),
            row.fact,
            row.value,
            row.from_on,
            row.until_on,
            row.lapses_on,
            row.source.to_string(),
            row.known_at,
            row.case,
            row.evidence,
            row.recorded_by,
        ]
    });
    store::insert_many(&Scope::System(SEEN), tx, "fact", &COLUMNS, rows).await?;
    Ok(())
}

/// Everything believed at `known_at` for `valid_on`, of some persons or families whom the caller has seen.
async fn rows_as_of(
    connection: &impl Connection,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<FactRow>, OfficeError> {
    let mut rows = Vec::new();
    let persons: Vec<i64> = subjects.iter().filter_map(|subject| subject.person()).map(|id| id.0).collect();
    let households: Vec<i64> =
        subjects.iter().filter_map(|subject| subject.household()).map(|id| id.0).collect();
    for (column, ids) in [("f.person_id", persons), ("f.household_id", households)] {
        for ids in ids.chunks(1000) {
            let sql = format!(
                "SELECT {COLUMNS} FROM fact f WHERE {column} IN ({{list}}) AND f.from_on <= ? AND (f.until_on IS NULL OR f.until_on > ?) \
                 AND f.known_at <= ? AND (f.superseded_at IS NULL OR f.superseded_at > ?)"
            );
            let found = Query::system(SEEN, sql)
                .bind_list(ids.iter().copied())
                .bind(valid_on)
                .bind(valid_on)
                .bind(known_at)
                .bind(known_at)
                .all(connection)
                .await?;
            for row in &found {
                rows.push(read_row(row)?);
            }
        }
    }
    Ok(rows)
}

/// The statement that holds among those of one fact of one subject. Where the best has lapsed it is the best of those said since, else
/// the lapsed one, which says nothing any more.
fn winner<'a>(fact: &Fact, rows: impl Iterator<Item = &'a FactRow>, on: NaiveDate) -> Option<&'a FactRow> {
    let mut rows: Vec<&FactRow> = rows.collect();
    rows.sort_by_key(|row| {
        (row.source.rank(fact), Reverse(row.from_on), Reverse(row.known_at), Reverse(row.id))
    });
    let mut since: Option<NaiveDate> = None;
    for &row in &rows {
        if row.lapsed(on) {
            since = since.max(row.lapses_on);
        } else if row.lapses_on.is_some() || since.is_none_or(|since| row.from_on >= since) {
            return Some(row);
        }
    }
    rows.into_iter().find(|row| row.lapsed(on))
}

/// Of each subject, the statement that holds for each fact of the release.
pub(super) async fn winners(
    connection: &impl Connection,
    release: &Release,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<BTreeMap<(Subject, String), FactRow>, OfficeError> {
    let rows = rows_as_of(connection, subjects, valid_on, known_at).await?;
    let mut by_fact: BTreeMap<(Subject, &str), Vec<&FactRow>> = BTreeMap::new();
    for row in &rows {
        by_fact.entry((row.subject, row.fact.as_str())).or_default().push(row);
    }
    let mut winners = BTreeMap::new();
    for ((subject, id), rows) in by_fact {
        if let Some(fact) = release.facts.get(id)
            && let Some(row) = winner(fact, rows.into_iter(), valid_on)
        {
            winners.insert((subject, id.to_owned()), row.clone());
        }
    }
    Ok(winners)
}

/// The language's value of a statement.
pub(super) fn value_of(office: &Office, fact: &Fact, row: &FactRow) -> Result<Value, OfficeError> {
    let canonical =
        row.value.as_deref().map(|stored| fact_value::from_stored(office.keys(), stored)).transpose()?;
    fact_value::read_value(fact, canonical.as_deref())
}

/// What holds of persons and families today, for rules of registers that point at them.
pub(crate) async fn known_facts(
    office: &Office,
    connection: &impl Connection,
    subjects: &[Subject],
) -> Result<Vec<(Subject, String, Value)>, OfficeError> {
    let release = office.release();
    let known = known_values(office, connection, &release, subjects, office.now().today(), i64::MAX).await?;
    Ok(known.into_iter().map(|((subject, id), value)| (subject, id, value)).collect())
}

/// What was known of persons and families at a moment, as it held on a day; of any release.
pub(crate) async fn known_facts_as_of(
    office: &Office,
    connection: &impl Connection,
    release: &Release,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<BTreeMap<(Subject, String), Value>, OfficeError> {
    known_values(office, connection, release, subjects, valid_on, known_at).await
}

fn view(
    office: &Office,
    release: &Release,
    fact: &Fact,
    row: &FactRow,
    today: NaiveDate,
) -> Result<FactView, OfficeError> {
    let value = value_of(office, fact, row)?;
    let known_on = vocab::Now::from_unix_ms(row.known_at).today();
    Ok(FactView {
        id: row.id,
        subject: row.subject,
        fact: row.fact.clone(),
        title: fact.title.clone(),
        value: row
            .value
            .as_deref()
            .map(|stored| fact_value::from_stored(office.keys(), stored))
            .transpose()?,
        shown: fact_value::shown(release, fact, &value),
        source_title: row.source.title(release),
        source: row.source.clone(),
        from_on: row.from_on,
        until_on: row.until_on,
        known_at: row.known_at,
        superseded_at: row.superseded_at,
        case: row.case,
        evidence: row.evidence.clone(),
        sensitive: fact.sensitivity == Sensitivity::Sensitive,
        stale: fact.freshness.is_some_and(|days| (today - known_on).num_days() > i64::from(days)),
        lapses_on: row.lapses_on,
        lapsed: row.lapsed(today),
    })
}

/// What holds of some persons and families on a day, as known at a moment (unix milliseconds; [`i64::MAX`] for now), in the
/// order of subjects and facts. A subject outside the scope is an error.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn effective_facts(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<FactView>, OfficeError> {
    for subject in subjects {
        demand_visible(connection, scope, *subject).await?;
    }
    seen_facts(office, connection, subjects, valid_on, known_at).await
}

/// As [`effective_facts`], for subjects that the caller has seen.
pub(super) async fn seen_facts(
    office: &Office,
    connection: &impl Connection,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<FactView>, OfficeError> {
    let release = office.release();
    let today = office.now().today();
    let winners = winners(connection, &release, subjects, valid_on, known_at).await?;
    let mut views = Vec::with_capacity(winners.len());
    for subject in subjects {
        for fact in release.facts.iter() {
            if let Some(row) = winners.get(&(*subject, fact.id.get().clone())) {
                views.push(view(office, &release, fact, row, today)?);
            }
        }
    }
    Ok(views)
}

/// Everything that is said of one fact of a subject today, each source's own: what counts first, then the others by precedence.
pub(crate) async fn contenders(
    office: &Office,
    connection: &impl Connection,
    subject: Subject,
    fact: &str,
) -> Result<Vec<FactView>, OfficeError> {
    let release = office.release();
    let definition = release.facts.get(fact).ok_or(OfficeError::NotFound("这个指标项"))?;
    let today = office.now().today();
    let mut rows = rows_as_of(connection, &[subject], today, i64::MAX).await?;
    rows.retain(|row| row.fact == fact);
    let counts = winner(definition, rows.iter(), today).map(|row| row.id);
    rows.sort_by_key(|row| {
        (Some(row.id) != counts, row.source.rank(definition), Reverse(row.from_on), Reverse(row.id))
    });
    rows.iter().map(|row| view(office, &release, definition, row, today)).collect()
}

/// Statements by their rows, for whoever may read what rests on them, in the order of the rows.
pub(crate) async fn statements(
    office: &Office,
    connection: &impl Connection,
    ids: &[FactId],
    today: NaiveDate,
) -> Result<Vec<FactView>, OfficeError> {
    let release = office.release();
    let mut views = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IDS_MAX) {
        let sql = format!("SELECT {COLUMNS} FROM fact f WHERE f.id IN ({{list}}) ORDER BY f.id");
        let rows = Query::system(SEEN, sql).bind_list(ids.iter().copied()).all(connection).await?;
        for row in &rows {
            let row = read_row(row)?;
            if let Some(fact) = release.facts.get(&row.fact) {
                views.push(view(office, &release, fact, &row, today)?);
            }
        }
    }
    Ok(views)
}

/// The statements that count for some facts of a family and its members on a day, as known at a moment.
pub(crate) async fn counting(
    connection: &impl Connection,
    release: &Release,
    subjects: &[Subject],
    facts: &BTreeSet<&str>,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Vec<FactId>, OfficeError> {
    let winners = winners(connection, release, subjects, valid_on, known_at).await?;
    let counting = winners.values().filter(|row| facts.contains(row.fact.as_str()) && !row.lapsed(valid_on));
    let mut ids: Vec<FactId> = counting.map(|row| row.id).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// Every statement ever recorded of one fact of one subject, newest first: who said what when.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn fact_history(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    subject: Subject,
    fact: &str,
) -> Result<Vec<FactView>, OfficeError> {
    demand_visible(connection, scope, subject).await?;
    let release = office.release();
    let definition = release.facts.get(fact).ok_or(OfficeError::NotFound("这个指标项"))?;
    let (column, id) = match subject {
        Subject::Person(id) => ("f.person_id", id.0),
        Subject::Household(id) => ("f.household_id", id.0),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM fact f WHERE {column} = ? AND f.fact = ? ORDER BY f.known_at DESC, f.id DESC LIMIT 500"
    );
    let rows = Query::system(SEEN, sql).bind(id).bind(fact).all(connection).await?;
    let today = office.now().today();
    rows.iter().map(|row| view(office, &release, definition, &read_row(row)?, today)).collect()
}

/// A family as the rules read it: its facts, `area`, and for each of `members` (in the order of
/// [`super::members_as_of`]) their facts with `sex`, `born_on`, `relation` and `head`; `head` is the head again. What nobody
/// said is left out, which the language reads as unknown.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope.
pub async fn facts_as_of(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Record, OfficeError> {
    Ok(family_as_of(office, connection, scope, household, valid_on, known_at).await?.0)
}

/// A member as the rules read one: as in [`facts_as_of`], with the `household`.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope, or when the person was no member then.
pub async fn person_facts_as_of(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    person: PersonId,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<Record, OfficeError> {
    let (family, persons) = family_as_of(office, connection, scope, household, valid_on, known_at).await?;
    let member = persons.iter().position(|member| *member == person);
    let record = member.and_then(|place| family.many.get("members")?.get(place).cloned());
    Ok(record.ok_or(OfficeError::NotFound("这位家庭成员"))?.with_one("household", family))
}

async fn family_as_of(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    household: HouseholdId,
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<(Record, Vec<PersonId>), OfficeError> {
    let mut found = families_as_of(office, connection, scope, &[household], valid_on, known_at).await?;
    found.remove(&household).ok_or(OfficeError::NotFound("这个家庭"))
}

/// Families as in [`facts_as_of`], each with its members in the order of the record's; those outside the scope are left out. The number of
/// statements does not grow with the families, up to a thousand of them.
pub(crate) async fn families_as_of(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    households: &[HouseholdId],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<BTreeMap<HouseholdId, (Record, Vec<PersonId>)>, OfficeError> {
    let release = office.release();
    let areas: Vec<(HouseholdId, String)> = Query::new(
        scope,
        &HOUSEHOLD_COLUMNS,
        "SELECT h.id, h.area FROM household h WHERE {scope} AND h.id IN ({list})",
    )
    .bind_list(households.iter().copied())
    .all_as(connection, |row| Ok((row.get("id")?, row.get("area")?)))
    .await?;
    let ids: Vec<HouseholdId> = areas.iter().map(|(household, _)| *household).collect();
    let mut members: BTreeMap<HouseholdId, Vec<household::Membership>> = BTreeMap::new();
    let mut subjects: Vec<Subject> = ids.iter().copied().map(Subject::Household).collect();
    let mut persons: Vec<PersonId> = Vec::new();
    for member in household::members_of_all(connection, scope, &ids, valid_on, known_at).await? {
        persons.push(member.person);
        members.entry(member.household).or_default().push(member);
    }
    subjects.extend(persons.iter().copied().map(Subject::Person));
    let known = known_values(office, connection, &release, &subjects, valid_on, known_at).await?;
    let fill = |mut record: Record, subject: Subject| -> Record {
        for ((_, id), value) in
            known.range((subject, String::new())..).take_while(|((of, _), _)| *of == subject)
        {
            record = record.with(id, value.clone());
        }
        record
    };
    let mut births: BTreeMap<PersonId, (String, NaiveDate)> = BTreeMap::new();
    for persons in persons.chunks(IDS_MAX) {
        let rows = Query::system(SEEN, "SELECT p.id, p.sex, p.born_on FROM person p WHERE p.id IN ({list})")
            .bind_list(persons.iter().copied())
            .all(connection)
            .await?;
        for row in &rows {
            births.insert(row.get("id")?, (row.get("sex")?, row.get("born_on")?));
        }
    }
    let mut families = BTreeMap::new();
    for (household, area) in areas {
        let members = members.remove(&household).unwrap_or_default();
        let mut records = Vec::with_capacity(members.len());
        let mut head = None;
        for member in &members {
            let mut record =
                Record::new().with("relation", member.relation.as_str()).with("head", member.head);
            if let Some((sex, born_on)) = births.get(&member.person) {
                record = record.with("sex", sex.as_str()).with("born_on", *born_on);
            }
            let record = fill(record, Subject::Person(member.person));
            if member.head {
                head = Some(record.clone());
            }
            records.push(record);
        }
        let family = fill(Record::new().with("area", area.as_str()), Subject::Household(household));
        let family = family.with_many("members", records);
        let family = match head {
            Some(head) => family.with_one("head", head),
            None => family,
        };
        families.insert(household, (family, members.iter().map(|member| member.person).collect()));
    }
    Ok(families)
}
