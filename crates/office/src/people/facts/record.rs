//! Writing statements down: the belief in what the same source said for the same days ends, and the rest of it is said again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use store::{AuditActor, AuditEntry, CaseId, Connection, Query, Scope, Tx};

use super::row::{COLUMNS, FactRow, IDS_MAX, SEEN, demand_visible, line, read_row};
use super::{Source, Subject};
use crate::access::{Granted, Investigate};
use crate::error::Problems;
use crate::people::{FactId, fact_value, projection};
use crate::{Office, OfficeError, audited};

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
