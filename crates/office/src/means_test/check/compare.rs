//! What does not fit together, and what counts towards a visit. Everything here is a finding of the pack's rules over declared and answered;
//! nothing of it changes a benefit.

use std::collections::BTreeSet;

use catalogue::Release;
use catalogue::definition::{CheckRule, Unit};
use chrono::NaiveDate;
use rules::{Context, Record, Value};
use serde::{Deserialize, Serialize};
use store::{AuditActor, PersonId, Query, Tx};
use vocab::Now;

use super::known::{self, Known};
use super::{CHECK, Checked, ContradictionId, ContradictionState, ShownValue, fills};
use crate::casework;
use crate::{Office, OfficeError};

/// What a contradiction keeps, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Content {
    /// What it means, as the pack said then.
    pub title: String,
    /// What was read.
    pub values: Vec<ShownValue>,
    /// Questions whose answers it rests on.
    pub asked: BTreeSet<(PersonId, String)>,
}

/// What a rule says of somebody.
pub(super) struct Said {
    pub holds: Option<bool>,
    pub content: Content,
}

/// The subjects of a rule: the family, or each member.
pub(super) fn said(
    release: &Release,
    rule: &CheckRule,
    known: &Known,
    context: &Context,
) -> Vec<(Option<PersonId>, Said)> {
    let Some(when) = release.check_rule_when(&rule.id) else { return Vec::new() };
    let subjects: Vec<(Option<PersonId>, &Record)> = match rule.on {
        Unit::Household => vec![(None, &known.household)],
        Unit::Person => known.members.iter().map(|(asked, record)| (Some(asked.person), record)).collect(),
    };
    subjects
        .into_iter()
        .map(|(person, record)| {
            let holds = match when.evaluate(record, context) {
                Value::Boolean(holds) => Some(holds),
                _ => None,
            };
            let mut content =
                Content { title: rule.title.clone(), values: Vec::new(), asked: BTreeSet::new() };
            for read in when.reads(record, context) {
                let Some((name, origin)) = known.origin(&read.path, person) else { continue };
                let idle = holds == Some(true)
                    && origin.negative
                    && when.evaluate(&without(record, &read.path), context) == Value::Boolean(true);
                if idle {
                    continue;
                }
                content.asked.extend(origin.asked.clone());
                content.values.push(ShownValue {
                    name: name.unwrap_or("全家").to_owned(),
                    title: origin.title.clone(),
                    shown: origin.shown.clone(),
                    source: origin.source.clone(),
                    on: origin.on,
                    outside: origin.asked.as_ref().is_some_and(|(person, _)| known.is_outside(*person)),
                });
            }
            (person, Said { holds, content })
        })
        .collect()
}

/// The record as if nobody had answered this. A no or a nothing without which a contradiction stands all the same is none of its grounds.
fn without(record: &Record, path: &str) -> Record {
    let mut record = record.clone();
    if let Some((list, rest)) = path.split_once('[')
        && let Some((index, field)) = rest.split_once("].")
    {
        let row = index.parse().ok().and_then(|index: usize| record.many.get_mut(list)?.get_mut(index));
        if let Some(row) = row {
            row.fields.remove(field);
        }
    } else {
        record.fields.remove(path);
    }
    record
}

/// The values alone: the same answer of a later day is no new contradiction.
fn fingerprint(office: &Office, content: &Content) -> String {
    let text: Vec<String> = content
        .values
        .iter()
        .map(|value| format!("{}|{}|{}|{}", value.name, value.source, value.title, value.shown))
        .collect();
    office.keys().blind("check_contradiction", &text.join("\n"))
}

struct Standing {
    id: ContradictionId,
    fingerprint: String,
    state: ContradictionState,
}

/// Compares everything again. New contradictions are kept; those that a newer answer or declaration has settled are closed; those that the
/// department confirmed when asked again are marked. Returns how many are new. After the decision of the case a new one becomes a task of
/// the county: somebody reviews, the machine changes nothing. What was answered becomes facts before.
pub(super) async fn compare_in(
    office: &Office,
    tx: &Tx,
    checked: &Checked,
    who: &AuditActor,
    now: Now,
) -> Result<usize, OfficeError> {
    fills::fill_in(office, tx, checked, who, now).await?;
    let release = office.release();
    let known = known::read(office, tx, checked, now.today()).await?;
    let context = known::context(&release, checked, now);
    let open_rechecks = open_rechecks(tx, checked).await?;
    let mut new = 0;
    for rule in release.check_rules.iter().filter(|rule| rule.contradicts()) {
        for (person, said) in said(&release, rule, &known, &context) {
            let last = last(tx, checked, rule, person).await?;
            match (said.holds, last) {
                (None, _) | (Some(false), None) => {}
                (Some(false), Some(last)) => {
                    if last.state.is_open() {
                        mark(tx, last.id, ContradictionState::Cleared, "新的答复或者申报与之一致", now)
                            .await?;
                    }
                }
                (Some(true), Some(last)) if last.fingerprint == fingerprint(office, &said.content) => {
                    match last.state {
                        ContradictionState::Rechecking
                            if said.content.asked.iter().all(|asked| !open_rechecks.contains(asked)) =>
                        {
                            mark(tx, last.id, ContradictionState::Upheld, "部门复核后答复不变", now).await?;
                        }
                        ContradictionState::Cleared | ContradictionState::Replaced => {
                            insert(office, tx, checked, rule, person, &said.content, now).await?;
                            new += 1;
                        }
                        _ => {}
                    }
                }
                (Some(true), last) => {
                    if let Some(last) = last.filter(|last| last.state.is_open()) {
                        mark(tx, last.id, ContradictionState::Replaced, "有新的答复，见后面一条", now)
                            .await?;
                    }
                    insert(office, tx, checked, rule, person, &said.content, now).await?;
                    new += 1;
                }
            }
        }
    }
    answered_in_time(tx, checked, who, now).await?;
    if new > 0 && checked.decided {
        casework::give_county_review(
            office,
            tx,
            checked.case,
            checked.county,
            "决定以后收到的部门答复与申报不一致，请复核",
            now,
        )
        .await?;
    }
    Ok(new)
}

/// The task to remind late departments is over when none is late.
pub(super) async fn answered_in_time(
    tx: &Tx,
    checked: &Checked,
    who: &AuditActor,
    now: Now,
) -> Result<(), OfficeError> {
    let late = Query::system(
        CHECK,
        "SELECT 1 AS one FROM check_request r WHERE r.case_id = ? AND r.state IN ('asked', 'partly') AND r.due_on < ? LIMIT 1",
    )
    .bind(checked.case)
    .bind(now.today())
    .optional(tx)
    .await?;
    if late.is_none() {
        casework::end_late(tx, checked.case, who.staff, now).await?;
    }
    Ok(())
}

async fn open_rechecks(tx: &Tx, checked: &Checked) -> Result<BTreeSet<(PersonId, String)>, OfficeError> {
    let rows = Query::system(
        CHECK,
        "SELECT r.person_id, r.dataset FROM check_request r WHERE r.case_id = ? AND r.recheck_of IS NOT NULL AND r.state IN ('asked', 'partly')",
    )
    .bind(checked.case)
    .all_as(tx, |row| Ok((row.get("person_id")?, row.get("dataset")?)))
    .await?;
    Ok(rows.into_iter().collect())
}

async fn last(
    tx: &Tx,
    checked: &Checked,
    rule: &CheckRule,
    person: Option<PersonId>,
) -> Result<Option<Standing>, OfficeError> {
    Ok(Query::system(
        CHECK,
        "SELECT k.id, k.fingerprint, k.state FROM check_contradiction k WHERE k.case_id = ? AND k.rule = ? AND coalesce(k.person_id, 0) = ? \
         ORDER BY k.id DESC LIMIT 1",
    )
    .bind(checked.case)
    .bind(rule.id.as_str())
    .bind(person.map_or(0, |person| person.0))
    .optional_as(tx, |row| Ok(Standing { id: row.get("id")?, fingerprint: row.get("fingerprint")?, state: row.get("state")? }))
    .await?)
}

async fn insert(
    office: &Office,
    tx: &Tx,
    checked: &Checked,
    rule: &CheckRule,
    person: Option<PersonId>,
    content: &Content,
    now: Now,
) -> Result<(), OfficeError> {
    let text = serde_json::to_string(content).map_err(|error| OfficeError::Internal(error.to_string()))?;
    Query::system(
        CHECK,
        "INSERT INTO check_contradiction (case_id, rule, person_id, fingerprint, state, found_on, found_at, after_decision, release_hash, content_sealed) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(checked.case)
    .bind(rule.id.as_str())
    .bind(person)
    .bind(fingerprint(office, content))
    .bind(ContradictionState::Open)
    .bind(now.today())
    .bind(now.at_ms())
    .bind(checked.decided)
    .bind(office.release().hash.as_str())
    .bind(office.keys().seal(&text)?)
    .insert(tx)
    .await?;
    Ok(())
}

/// A finding of the comparison about one that stands: by nobody, with words.
async fn mark(
    tx: &Tx,
    id: ContradictionId,
    state: ContradictionState,
    words: &str,
    now: Now,
) -> Result<(), OfficeError> {
    Query::system(
        CHECK,
        "UPDATE check_contradiction SET state = ?, settled_at = ?, settled_words = ? WHERE id = ?",
    )
    .bind(state)
    .bind(now.at_ms())
    .bind(words)
    .bind(id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// A contradiction with what it keeps.
pub(super) struct Kept {
    pub case: store::CaseId,
    pub person: Option<PersonId>,
    pub rule: String,
    pub state: ContradictionState,
    pub content: Content,
}

/// A contradiction by id; whoever calls has seen its case.
pub(super) async fn kept(office: &Office, tx: &Tx, id: ContradictionId) -> Result<Kept, OfficeError> {
    let row = Query::system(
        CHECK,
        "SELECT k.case_id, k.person_id, k.rule, k.state, k.content_sealed FROM check_contradiction k WHERE k.id = ?",
    )
    .bind(id)
    .optional(tx)
    .await?
    .ok_or(OfficeError::NotFound("这一处不一致"))?;
    Ok(Kept {
        case: row.get("case_id")?,
        person: row.get("person_id")?,
        rule: row.get("rule")?,
        state: row.get("state")?,
        content: content_of(office, &row.get::<Vec<u8>>("content_sealed")?)?,
    })
}

pub(super) fn content_of(office: &Office, sealed: &[u8]) -> Result<Content, OfficeError> {
    serde_json::from_str(&office.keys().open(sealed)?)
        .map_err(|error| OfficeError::Internal(format!("核对不一致的记录无法读取（{error}）")))
}

/// The day on which somebody was last told; for pages.
pub(super) fn day_of(at: Option<i64>) -> Option<NaiveDate> {
    at.map(|at| Now::from_unix_ms(at).today())
}
