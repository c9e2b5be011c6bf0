//! The county asks: one question about one person to each department that is chosen, with a last day for each.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::Dataset;
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, CaseId, PersonId, Query, Tx};
use vocab::{Level, Now};

use super::super::run::{files_in_use, rows_of};
use super::super::{AuthorisationId, MeansRequestId, authorisation};
use super::answer::{self, Reply, RequestRow, Via};
use super::{Asked, CHECK, CheckRequestId, Checked, RequestState, asked_about, checked, compare, set_number};
use crate::access::{Actor, Granted, MeansTest, Right, not_of_own_family};
use crate::{Office, OfficeError, audited, business};

/// What became of sending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Questions that wait for a department.
    pub asked: usize,
    /// Questions that a file in use answered at once.
    pub from_file: usize,
    /// Answers of before that still hold.
    pub reused: usize,
    /// Questions that stand already.
    pub standing: usize,
    /// Questions that nobody allowed: who, title of the data set. Each attempt is in the audit.
    pub refused: Vec<(PersonId, String)>,
    /// Contradictions that this showed.
    pub contradictions: usize,
}

/// Who asks, for what, and when.
pub(super) struct Asking<'a> {
    pub actor: &'a Actor,
    pub checked: &'a Checked,
    pub request: MeansRequestId,
    pub purpose: &'a str,
    pub now: Now,
}

/// What became of one question.
pub(super) enum Became {
    NotAllowed,
    Standing,
    Reused,
    FromFile,
    Asked,
}

/// Puts the questions of data sets about every member of the family, and about those outside it who are on record and consent. An answer
/// that holds is used again; a question that stands is not put twice.
///
/// # Errors
/// [`OfficeError::Conflict`] when the township asked for no test; [`OfficeError::Invalid`] without a purpose or a data set;
/// [`OfficeError::Separation`] for one's own family; [`OfficeError::NotFound`] outside the scope.
pub async fn send(
    office: &Office,
    actor: &Granted<MeansTest>,
    case: CaseId,
    datasets: &[String],
    purpose: &str,
) -> Result<Sent, OfficeError> {
    let purpose = purpose.trim();
    let release = office.release();
    let mut problems = crate::error::Problems::default();
    if purpose.is_empty() {
        problems.add("purpose", "请填写核对的事由，例如“最低生活保障申请核对”。");
    }
    let chosen: Vec<&Dataset> = release
        .datasets
        .iter()
        .map(|dataset| &**dataset)
        .filter(|dataset| !dataset.asks.is_empty() && datasets.iter().any(|id| *dataset.id == **id))
        .collect();
    if chosen.is_empty() {
        problems.add("datasets", "请至少选择一个要询问的部门。");
    }
    problems.none_or_refuse()?;
    of_county(actor)?;
    let now = office.now();
    let tx = office.db().begin().await?;
    business::demand_case(office, &tx, actor, case).await?;
    let checked = checked(&tx, &actor.scope(), case).await?;
    not_of_own_family(&tx, actor, checked.household).await?;
    tx.lock(&format!("check {case}")).await?;
    let request = checked.request.ok_or_else(|| {
        OfficeError::Conflict("这件申请还没有提请核对。请先由乡镇（街道）提请核对。".to_owned())
    })?;
    let asking = Asking { actor, checked: &checked, request, purpose, now };
    let persons = asked_about(&tx, &checked).await?;
    let mut sent = Sent::default();
    for dataset in chosen {
        for person in &persons {
            match ask(office, &tx, &release, &asking, person, dataset, None).await? {
                Became::NotAllowed => sent.refused.push((person.person, dataset.title.clone())),
                Became::Standing => sent.standing += 1,
                Became::Reused => sent.reused += 1,
                Became::FromFile => sent.from_file += 1,
                Became::Asked => sent.asked += 1,
            }
        }
    }
    sent.contradictions = compare::compare_in(office, &tx, &checked, &actor.audit(), now).await?;
    tx.audit(AuditEntry {
        case: Some(case),
        division: Some(checked.county),
        purpose: Some(purpose.to_owned()),
        details: json!({ "asked": sent.asked, "from_file": sent.from_file, "reused": sent.reused, "refused": sent.refused.len() }),
        ..audited(now.at_ms(), actor.audit(), "means_test.check_sent", ("case", case.0))
    })
    .await?;
    tx.commit().await?;
    Ok(sent)
}

/// A township may ask for a test; asking the departments is the county's (社会救助法 art. 41).
pub(super) fn of_county(actor: &Actor) -> Result<(), OfficeError> {
    if matches!(actor.level, Level::County | Level::Prefecture) {
        Ok(())
    } else {
        Err(OfficeError::Forbidden(Right::MeansTest))
    }
}

/// Puts one question, unless nobody allowed it or its answer is here.
pub(super) async fn ask(
    office: &Office,
    tx: &Tx,
    release: &Release,
    asking: &Asking<'_>,
    person: &Asked,
    dataset: &Dataset,
    recheck_of: Option<CheckRequestId>,
) -> Result<Became, OfficeError> {
    let Asking { actor, checked, now, purpose, .. } = *asking;
    let id = dataset.id.as_str();
    let today = now.today();
    if stands(tx, checked, person.person, id, today, recheck_of).await? {
        return Ok(Became::Standing);
    }
    let audit = |action: &'static str| AuditEntry {
        case: Some(checked.case),
        division: Some(checked.county),
        purpose: Some(purpose.to_owned()),
        details: json!({ "dataset": id, "relative": person.relative.is_some() }),
        ..audited(now.at_ms(), actor.audit(), action, ("person", person.person.0))
    };
    let Some(consent) = authorisation::in_force(tx, person.person, id, today).await? else {
        tx.audit(audit("means_test.query_refused")).await?;
        return Ok(Became::NotAllowed);
    };
    let row = insert(office, tx, release, asking, person, dataset, consent, recheck_of).await?;
    tx.audit(audit("means_test.check_asked")).await?;
    let took = async |reply: &Reply, via: Via| {
        answer::take_in(office, tx, dataset, &row, reply, via, actor.staff, now).await
    };
    if recheck_of.is_none() {
        if let Some(reply) = still_holds(office, tx, dataset, person.person, row.id, today).await? {
            took(&reply, Via::Reused).await?;
            return Ok(Became::Reused);
        }
        if let Some(reply) = held(office, tx, checked, person, dataset).await? {
            took(&reply, Via::Held).await?;
            return Ok(Became::FromFile);
        }
    }
    Ok(Became::Asked)
}

/// The question waits, or has in this case an answer that holds.
async fn stands(
    tx: &Tx,
    checked: &Checked,
    person: PersonId,
    dataset: &str,
    today: NaiveDate,
    recheck_of: Option<CheckRequestId>,
) -> Result<bool, OfficeError> {
    let waiting = "r.state IN ('asked', 'partly')";
    let which = match recheck_of {
        Some(_) => waiting.to_owned(),
        None => {
            format!(
                "({waiting} OR (r.state IN ('answered', 'no_record') AND (r.valid_until IS NULL OR r.valid_until >= ?)))"
            )
        }
    };
    let sql = format!(
        "SELECT 1 AS one FROM check_request r WHERE r.case_id = ? AND r.person_id = ? AND r.dataset = ? AND {which} LIMIT 1"
    );
    let query = Query::system(CHECK, sql).bind(checked.case).bind(person).bind(dataset);
    let query = if recheck_of.is_none() { query.bind(today) } else { query };
    Ok(query.optional(tx).await?.is_some())
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
async fn insert(
    office: &Office,
    tx: &Tx,
    release: &Release,
    asking: &Asking<'_>,
    person: &Asked,
    dataset: &Dataset,
    consent: AuthorisationId,
    recheck_of: Option<CheckRequestId>,
) -> Result<RequestRow, OfficeError> {
    let Asking { actor, checked, request, purpose, now } = *asking;
    let today = now.today();
    let days = set_number(release, dataset.limit.as_ref().map(|id| id.as_str()), &checked.county_code, today);
    let due_on = days.map(|days| office.calendar().working_days_after(today, days).latest);
    let id = Query::system(
        CHECK,
        "INSERT INTO check_request (request_id, case_id, county_id, person_id, relative_id, dataset, authorisation_id, recheck_of, purpose, \
         asked_on, asked_at, asked_by, due_on, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(request)
    .bind(checked.case)
    .bind(checked.county)
    .bind(person.person)
    .bind(person.relative)
    .bind(dataset.id.as_str())
    .bind(consent)
    .bind(recheck_of)
    .bind(purpose)
    .bind(today)
    .bind(now.at_ms())
    .bind(actor.staff)
    .bind(due_on)
    .bind(RequestState::Asked)
    .insert(tx)
    .await?;
    Ok(RequestRow {
        id: CheckRequestId(id),
        case: checked.case,
        county: checked.county,
        county_code: checked.county_code.clone(),
        person: person.person,
        dataset: dataset.id.get().clone(),
        state: RequestState::Asked,
        due_on,
    })
}

/// What the department said about the person before, in whatever case, while it holds.
async fn still_holds(
    office: &Office,
    tx: &Tx,
    dataset: &Dataset,
    person: PersonId,
    but: CheckRequestId,
    today: NaiveDate,
) -> Result<Option<Reply>, OfficeError> {
    let before: Option<CheckRequestId> = Query::system(
        CHECK,
        "SELECT r.id FROM check_request r WHERE r.person_id = ? AND r.dataset = ? AND r.id <> ? AND r.state IN ('answered', 'no_record') \
         AND r.valid_until >= ? ORDER BY r.id DESC LIMIT 1",
    )
    .bind(person)
    .bind(dataset.id.as_str())
    .bind(but)
    .bind(today)
    .optional_as(tx, |row| row.get("id"))
    .await?;
    match before {
        Some(before) => answer::told(office, tx, before).await.map(|told| told.reply()),
        None => Ok(None),
    }
}

/// What the files in use say, where they answer every question of the data set.
async fn held(
    office: &Office,
    tx: &Tx,
    checked: &Checked,
    person: &Asked,
    dataset: &Dataset,
) -> Result<Option<Reply>, OfficeError> {
    if dataset.columns.is_empty() || dataset.asks.iter().any(|ask| ask.gather.is_none()) {
        return Ok(None);
    }
    let files = files_in_use(tx, checked.county, dataset.id.as_str()).await?;
    let Some(as_of) = files.iter().map(|(_, as_of)| *as_of).min() else { return Ok(None) };
    let rows = rows_of(office, tx, &files, &person.blind).await?;
    if rows.is_empty() {
        return Ok(Some(Reply::NoRecord { as_of }));
    }
    let mut values = BTreeMap::new();
    for ask in &dataset.asks {
        let value = super::super::gather::answered(dataset, ask, &rows)?;
        values.insert(ask.id.get().clone(), value);
    }
    let newest = rows.iter().map(|row| row.as_of).max().unwrap_or(as_of);
    Ok(Some(Reply::Values {
        values: values.into_iter().filter_map(|(id, value)| Some((id, value?))).collect(),
        as_of: newest,
    }))
}
