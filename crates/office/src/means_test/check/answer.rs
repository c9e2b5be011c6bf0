//! What departments say to a question: some of it, all of it, nothing on record, or no.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::{AnswerKind, Ask, Dataset};
use chrono::{Days, NaiveDate};
use rules::Value;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    AuditEntry, CaseId, Connection, DivisionId, IdempotencyKey, Once, PersonId, Query, Scope, ScopeColumns,
    StaffId, Tx,
};
use vocab::{Fen, Now};

use super::send::of_county;
use super::{CHECK, CheckRequestId, RequestState, checked, compare, set_number};
use crate::access::{Actor, Granted, MeansTest, Right};
use crate::casework::drafts;
use crate::error::Problems;
use crate::{Office, OfficeError, audited, business};

/// The form's field for the day of the data.
pub const AS_OF: &str = "as_of";

/// A department's answer, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Answers by question; what is missing is answered later. Canonical: `true`, a code, `2026-03-01`, fen.
    Values {
        /// By question.
        values: BTreeMap<String, String>,
        /// The day of the data.
        as_of: NaiveDate,
    },
    /// Nothing is held about the person: no, zero, none.
    NoRecord {
        /// The day of the data.
        as_of: NaiveDate,
    },
    /// The department does not answer.
    Refused {
        /// Why.
        reason: String,
    },
}

/// An answer as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// `values`, `no_record` or `refused`.
    pub how: String,
    /// By question.
    pub values: BTreeMap<String, String>,
    /// The day of the data.
    pub as_of: Option<NaiveDate>,
    /// Why the department does not answer.
    pub reason: String,
}

/// How an answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Via {
    /// Typed at the county's desk, from paper or by telephone with a record.
    Desk,
    /// Typed or sent by the department itself.
    Department,
    /// An answer file, handed over by the department itself or read in by the county.
    File {
        /// Its SM3.
        sm3: String,
        /// At the department's own account.
        by_department: bool,
    },
    /// The department's file that is in use.
    Held,
    /// The answer of another check that holds.
    Reused,
}

/// A question as stored.
#[derive(Debug, Clone)]
pub(super) struct RequestRow {
    pub id: CheckRequestId,
    pub case: CaseId,
    pub county: DivisionId,
    pub county_code: String,
    pub person: PersonId,
    pub dataset: String,
    pub state: RequestState,
    pub due_on: Option<NaiveDate>,
}

/// Who sees a question `r`: the county that asked and those above it.
pub(super) const REQUEST: ScopeColumns = ScopeColumns {
    subtree: Some(
        "r.county_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// A question within the actor's area, about a case of a business for which the actor holds the right.
pub(super) async fn find(
    office: &Office,
    connection: &impl Connection,
    actor: &Actor,
    right: Right,
    id: CheckRequestId,
) -> Result<RequestRow, OfficeError> {
    Query::new(
        &actor.scope(),
        &REQUEST,
        "SELECT r.id, r.case_id, r.county_id, d.code, r.person_id, r.dataset, r.state, r.due_on \
         FROM check_request r JOIN division d ON d.id = r.county_id WHERE {scope} AND r.id = ?",
    )
    .only(business::ITEM_OF_REQUEST, business::items(&office.release(), actor, right))
    .bind(id)
    .optional_as(connection, |row| {
        Ok(RequestRow {
            id: row.get("id")?,
            case: row.get("case_id")?,
            county: row.get("county_id")?,
            county_code: row.get("code")?,
            person: row.get("person_id")?,
            dataset: row.get("dataset")?,
            state: row.get("state")?,
            due_on: row.get("due_on")?,
        })
    })
    .await?
    .ok_or(OfficeError::NotFound("这条询问"))
}

/// What one answer holds, sealed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    values: BTreeMap<String, String>,
    no_record: bool,
}

/// What has been answered to a question so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// By question.
    pub values: BTreeMap<String, String>,
    /// Nothing is held.
    pub no_record: bool,
    /// The newest day of the data.
    pub as_of: Option<NaiveDate>,
    /// Some of it came after the last day.
    pub late: bool,
}

impl Told {
    /// As an answer that may be given again.
    pub fn reply(self) -> Option<Reply> {
        let as_of = self.as_of?;
        Some(if self.no_record {
            Reply::NoRecord { as_of }
        } else {
            Reply::Values { values: self.values, as_of }
        })
    }

    /// The language's value of the answer to a question.
    pub fn value(&self, release: &Release, ask: &Ask) -> Value {
        match self.values.get(ask.id.get()) {
            Some(text) => value_of(ask, text),
            None if self.no_record => nothing(release, ask),
            None => Value::Unknown,
        }
    }
}

/// What holding nothing means: no, zero, the list's `none`; no day.
fn nothing(release: &Release, ask: &Ask) -> Value {
    match ask.kind {
        AnswerKind::YesNo => Value::Boolean(false),
        AnswerKind::Amount => Value::from(0),
        AnswerKind::Date => Value::Unknown,
        AnswerKind::Band => {
            let list = ask.codelist.as_ref().and_then(|list| release.codelists.get(list.as_str()));
            if list.is_some_and(|list| list.title_of("none").is_some()) {
                Value::from("none")
            } else {
                Value::Unknown
            }
        }
    }
}

pub(in super::super) fn value_of(ask: &Ask, text: &str) -> Value {
    match ask.kind {
        AnswerKind::YesNo => Value::Boolean(text == "true"),
        AnswerKind::Band => Value::Text(text.to_owned()),
        AnswerKind::Date => text.parse().map_or(Value::Unknown, Value::Date),
        AnswerKind::Amount => text.parse().map_or(Value::Unknown, |fen| {
            Value::Number(catalogue::shapes::rational(catalogue::Number::new(fen, 2)))
        }),
    }
}

/// An answer that says no, nothing or zero.
pub(in super::super) fn is_negative(value: &Value) -> bool {
    *value == Value::Boolean(false) || *value == Value::from(0) || *value == Value::from("none")
}

/// An answer as people read it.
pub(in super::super) fn shown(release: &Release, ask: &Ask, value: &Value) -> String {
    match (ask.kind, value) {
        (_, Value::Unknown) => "未答复".to_owned(),
        (AnswerKind::Band, Value::Text(code)) => ask
            .codelist
            .as_ref()
            .map_or_else(|| code.clone(), |list| release.code_title(list.as_str(), code).to_owned()),
        (AnswerKind::Amount, value) => format!("{}元", crate::words::value(value, "元")),
        (_, value) => crate::words::value(value, ""),
    }
}

/// Reads what was typed for a question: canonical text, or what is wrong with it.
pub(super) fn read(release: &Release, ask: &Ask, typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    match ask.kind {
        AnswerKind::YesNo => match typed {
            "true" | "yes" | "是" | "有" | "1" => Ok("true".to_owned()),
            "false" | "no" | "否" | "无" | "没有" | "0" => Ok("false".to_owned()),
            _ => Err(format!("「{}」请填是或者否。", ask.title)),
        },
        AnswerKind::Band => {
            let list = ask.codelist.as_ref().and_then(|list| release.codelists.get(list.as_str()));
            let code = list.and_then(|list| {
                list.values.iter().find(|code| code.code.get() == typed || code.title == typed)
            });
            code.map(|code| code.code.get().clone())
                .ok_or_else(|| format!("「{}」请从列出的档次中选择。", ask.title))
        }
        AnswerKind::Date => vocab::parse_date(&vocab::half_width(typed))
            .map(|day| day.to_string())
            .map_err(|error| format!("「{}」：{error}", ask.title)),
        AnswerKind::Amount => match Fen::from_yuan(&vocab::half_width(typed)) {
            Ok(fen) if fen.0 >= 0 => Ok(fen.0.to_string()),
            Ok(_) => Err(format!("「{}」不能小于 0。", ask.title)),
            Err(error) => Err(format!("「{}」：{error}", ask.title)),
        },
    }
}

/// Reads a typed answer whole.
fn read_typed(
    release: &Release,
    dataset: &Dataset,
    typed: &Typed,
    today: NaiveDate,
) -> Result<Reply, OfficeError> {
    let mut problems = Problems::default();
    let mut wrong = false;
    if typed.as_of.is_some_and(|day| day > today) {
        problems.add(AS_OF, "数据日期不能晚于今天。");
    }
    let as_of = typed.as_of.unwrap_or(today);
    match typed.how.as_str() {
        "refused" => {
            let reason = typed.reason.trim().to_owned();
            if reason.is_empty() {
                problems.add("reason", "请填写部门不予答复的理由。");
            }
            problems.none_or_refuse()?;
            Ok(Reply::Refused { reason })
        }
        "no_record" => {
            problems.none_or_refuse()?;
            Ok(Reply::NoRecord { as_of })
        }
        _ => {
            let mut values = BTreeMap::new();
            for unknown in typed.values.keys().filter(|id| dataset.asks.iter().all(|ask| *ask.id != ***id)) {
                wrong = true;
                problems.add(&format!("ask_{unknown}"), "没有问这一项，请核对编号。");
            }
            for ask in &dataset.asks {
                let Some(text) = typed.values.get(ask.id.get()).filter(|text| !text.trim().is_empty()) else {
                    continue;
                };
                match read(release, ask, text) {
                    Ok(value) => drop(values.insert(ask.id.get().clone(), value)),
                    Err(message) => {
                        wrong = true;
                        problems.add(&format!("ask_{}", ask.id), message);
                    }
                }
            }
            if values.is_empty() && !wrong {
                problems.add("how", "一项都没有填。部门没有记录的，请选“没有记录”。");
            }
            problems.none_or_refuse()?;
            Ok(Reply::Values { values, as_of })
        }
    }
}

/// Records what a department answered on paper or otherwise without an interface. A late answer is taken like any other: it is compared
/// again, and after the decision a contradiction becomes a task of the county and nothing else.
///
/// # Errors
/// [`OfficeError::Conflict`] when the question is settled; [`OfficeError::Invalid`] with everything that is wrong.
pub async fn answer(
    office: &Office,
    actor: &Granted<MeansTest>,
    id: CheckRequestId,
    typed: &Typed,
) -> Result<RequestState, OfficeError> {
    answer_as(office, actor, id, typed, Via::Desk, None, |_| true).await
}

/// Records an answer of a data set that the actor answers for. Sent again with the same key it is answered as the first time.
pub(super) async fn answer_as(
    office: &Office,
    actor: &Actor,
    id: CheckRequestId,
    typed: &Typed,
    via: Via,
    key: Option<&IdempotencyKey>,
    answers_for: impl Fn(&Dataset) -> bool,
) -> Result<RequestState, OfficeError> {
    of_county(actor)?;
    let now = office.now();
    let release = office.release();
    let tx = office.db().begin().await?;
    if let Some(key) = key
        && let Once::Again(said) = tx.once(key, &drafts::owner_of(actor)).await?
    {
        return said
            .parse()
            .map_err(|_| OfficeError::Internal("a remembered answer that is no state".to_owned()));
    }
    let right = if via == Via::Desk { Right::MeansTest } else { Right::AnswerCheck };
    let row = find(office, &tx, actor, right, id).await?;
    if !release.datasets.get(&row.dataset).is_some_and(|dataset| answers_for(dataset)) {
        return Err(OfficeError::NotFound("这条询问"));
    }
    tx.lock(&format!("check {}", row.case)).await?;
    let dataset = release.datasets.get(&row.dataset).ok_or(OfficeError::NotFound("这项核对数据"))?;
    let reply = read_typed(&release, dataset, typed, now.today())?;
    let state = take_in(office, &tx, dataset, &row, &reply, via, actor.staff, now).await?;
    let checked = checked(&tx, &Scope::System(CHECK), row.case).await?;
    compare::compare_in(office, &tx, &checked, &actor.audit(), now).await?;
    tx.audit(AuditEntry {
        case: Some(row.case),
        division: Some(row.county),
        details: json!({ "request": id, "dataset": row.dataset, "state": state.to_string() }),
        ..audited(now.at_ms(), actor.audit(), "means_test.check_answered", ("person", row.person.0))
    })
    .await?;
    if let Some(key) = key {
        tx.remember(key, &state.to_string()).await?;
    }
    tx.commit().await?;
    Ok(state)
}

/// Takes a question back; what was answered to it stays.
///
/// # Errors
/// [`OfficeError::Conflict`] when it is settled; [`OfficeError::Invalid`] without a reason.
pub async fn withdraw_request(
    office: &Office,
    actor: &Granted<MeansTest>,
    id: CheckRequestId,
    reason: &str,
) -> Result<(), OfficeError> {
    of_county(actor)?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(OfficeError::invalid("reason", "请填写撤回询问的理由。"));
    }
    let now = office.now();
    let tx = office.db().begin().await?;
    let row = find(office, &tx, actor, Right::MeansTest, id).await?;
    settle(&tx, &row, RequestState::Withdrawn, Some(reason), None, now).await?;
    let checked = checked(&tx, &Scope::System(CHECK), row.case).await?;
    compare::answered_in_time(&tx, &checked, &actor.audit(), now).await?;
    tx.audit(AuditEntry {
        case: Some(row.case),
        division: Some(row.county),
        details: json!({ "request": id, "dataset": row.dataset }),
        ..audited(now.at_ms(), actor.audit(), "means_test.check_withdrawn", ("person", row.person.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

async fn settle(
    tx: &Tx,
    row: &RequestRow,
    state: RequestState,
    reason: Option<&str>,
    valid_until: Option<NaiveDate>,
    now: Now,
) -> Result<(), OfficeError> {
    let settled_on = (!state.is_open()).then(|| now.today());
    let done = Query::system(
        CHECK,
        "UPDATE check_request SET state = ?, settled_on = ?, settled_reason = ?, valid_until = ? WHERE id = ? AND state IN ('asked', 'partly')",
    )
    .bind(state)
    .bind(settled_on)
    .bind(reason)
    .bind(valid_until)
    .bind(row.id)
    .execute(tx)
    .await?;
    if done == 0 {
        return Err(OfficeError::Conflict("这条询问已经有结果了，请刷新页面。".to_owned()));
    }
    Ok(())
}

/// Keeps an answer and says how far the question is now. The caller compares.
#[expect(clippy::too_many_arguments, reason = "one answer with all that is kept of it")]
pub(super) async fn take_in(
    office: &Office,
    tx: &Tx,
    dataset: &Dataset,
    row: &RequestRow,
    reply: &Reply,
    via: Via,
    staff: StaffId,
    now: Now,
) -> Result<RequestState, OfficeError> {
    let (content, as_of) = match reply {
        Reply::Refused { reason } => {
            settle(tx, row, RequestState::Refused, Some(reason), None, now).await?;
            return Ok(RequestState::Refused);
        }
        Reply::NoRecord { as_of } => (Content { values: BTreeMap::new(), no_record: true }, *as_of),
        Reply::Values { values, as_of } => (Content { values: values.clone(), no_record: false }, *as_of),
    };
    let (via, sm3, by_department) = match via {
        Via::Desk => ("desk", None, false),
        Via::Department => ("desk", None, true),
        Via::File { sm3, by_department } => ("file", Some(sm3), by_department),
        Via::Held => ("held", None, false),
        Via::Reused => ("reused", None, false),
    };
    let text = serde_json::to_string(&content).map_err(|error| OfficeError::Internal(error.to_string()))?;
    Query::system(
        CHECK,
        "INSERT INTO check_answer (check_request_id, via, file_sm3, received_at, received_by, as_of, late, answer_sealed, by_department) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(row.id)
    .bind(via)
    .bind(sm3)
    .bind(now.at_ms())
    .bind(staff)
    .bind(as_of)
    .bind(row.due_on.is_some_and(|due| due < now.today()))
    .bind(office.keys().seal(&text)?)
    .bind(by_department)
    .insert(tx)
    .await?;
    let told = told(office, tx, row.id).await?;
    let state = if told.no_record {
        RequestState::NoRecord
    } else if dataset.asks.iter().all(|ask| told.values.contains_key(ask.id.get()))
        || matches!(via, "held" | "reused")
    {
        // A file that is silent about a question has said all that it can.
        RequestState::Answered
    } else {
        RequestState::Partly
    };
    let release = office.release();
    let days =
        set_number(&release, dataset.valid.as_ref().map(|id| id.as_str()), &row.county_code, now.today());
    let valid_until = days.and_then(|days| as_of.checked_add_days(Days::new(u64::from(days))));
    settle(tx, row, state, None, valid_until, now).await?;
    Ok(state)
}

/// Everything that was answered to a question, the newest last.
pub(super) async fn told(
    office: &Office,
    connection: &impl Connection,
    id: CheckRequestId,
) -> Result<Told, OfficeError> {
    let rows = Query::system(
        CHECK,
        "SELECT a.as_of, a.late, a.answer_sealed FROM check_answer a WHERE a.check_request_id = ? ORDER BY a.id",
    )
    .bind(id)
    .all_as(connection, |row| {
        Ok((row.get::<NaiveDate>("as_of")?, row.get::<bool>("late")?, row.get::<Vec<u8>>("answer_sealed")?))
    })
    .await?;
    let mut told = Told::default();
    for (as_of, late, sealed) in rows {
        let content: Content = serde_json::from_str(&office.keys().open(&sealed)?)
            .map_err(|error| OfficeError::Internal(format!("部门答复无法读取（{error}）")))?;
        told.values.extend(content.values);
        told.no_record = content.no_record;
        told.as_of = told.as_of.max(Some(as_of));
        told.late |= late;
    }
    Ok(told)
}
