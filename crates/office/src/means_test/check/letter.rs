//! 核对结果告知书: what was found, from where, and how to object, as a letter to the family. It is addressed to the applicant: answers about
//! single members are named by department only, and those about relatives outside the family not at all. What it tells has been told. It goes out
//! with the report by itself, and again when the county asks for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::{AuditActor, AuditEntry, CaseId, Query, Tx};
use vocab::Now;

use super::send::of_county;
use super::{CHECK, Checked, RequestState, checked, fills, view};
use crate::access::{Granted, MeansTest, not_of_own_family};
use crate::casework::{LetterId, letters};
use crate::people::{Source, Subject};
use crate::{Office, OfficeError, audited, business};

/// The letter's id in the pack.
const LETTER: &str = "check_result";

/// Queues the letter of a check as it stands today. Contradictions that it names count as told.
///
/// # Errors
/// [`OfficeError::Conflict`] when no department was asked; [`OfficeError::NotFound`] outside the scope; [`OfficeError::Separation`] for
/// one's own family.
pub async fn tell(
    office: &Office,
    actor: &Granted<MeansTest>,
    case: CaseId,
) -> Result<LetterId, OfficeError> {
    of_county(actor)?;
    let now = office.now();
    let tx = office.db().begin().await?;
    business::demand_case(office, &tx, actor, case).await?;
    let checked = checked(&tx, &actor.scope(), case).await?;
    not_of_own_family(&tx, actor, checked.household).await?;
    tx.lock(&format!("check {case}")).await?;
    let Some(id) = tell_in(office, &tx, &checked, actor.audit(), now).await? else {
        return Err(OfficeError::Conflict("还没有向部门询问，没有可以告知的核对结果。".to_owned()));
    };
    tx.commit().await?;
    Ok(id)
}

/// The same inside a transaction: with the report it goes out by itself. None when no department was asked.
pub(in super::super) async fn tell_in(
    office: &Office,
    tx: &Tx,
    checked: &Checked,
    who: AuditActor,
    now: Now,
) -> Result<Option<LetterId>, OfficeError> {
    let case = checked.case;
    let asked = asked(office, tx, checked).await?;
    if asked.is_empty() {
        return Ok(None);
    }
    let mut contradictions = view::contradictions(office, tx, checked).await?;
    contradictions.retain(|one| {
        !matches!(one.state, super::ContradictionState::Cleared | super::ContradictionState::Replaced)
    });
    let told: Vec<Value> = contradictions
        .iter()
        .map(|one| {
            let values: Vec<Value> = one
                .values
                .iter()
                .filter(|value| !value.outside)
                .map(|value| {
                    json!({ "name": value.name, "title": value.title, "shown": value.shown, "source": value.source, "on": value.on })
                })
                .collect();
            json!({ "title": one.title, "state": one.state.title(), "values": values })
        })
        .collect();
    let fields = [
        ("asked", json!(asked)),
        ("contradictions", json!(told)),
        ("facts", json!(facts(office, tx, checked).await?)),
        ("single", json!(true)),
    ];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let id = letters::queue_of_case(office, tx, case, LETTER, fields, checked.county, now).await?;
    Query::system(CHECK, "UPDATE check_contradiction SET told_at = ? WHERE case_id = ? AND told_at IS NULL")
        .bind(now.at_ms())
        .bind(case)
        .execute(tx)
        .await?;
    tx.audit(AuditEntry {
        case: Some(case),
        division: Some(checked.county),
        details: json!({ "letter": id, "contradictions": told.len() }),
        ..audited(now.at_ms(), who, "means_test.check_letter", ("case", case.0))
    })
    .await?;
    Ok(Some(id))
}

/// The departments that were asked about members, with how many answered what; the newest question about each member counts.
async fn asked(office: &Office, tx: &Tx, checked: &Checked) -> Result<Vec<Value>, OfficeError> {
    let release = office.release();
    let views = view::requests(office, tx, checked.case, None).await?;
    let mut newest: BTreeMap<(String, i64), view::RequestView> = BTreeMap::new();
    for request in
        views.into_iter().filter(|request| !request.outside && request.state != RequestState::Withdrawn)
    {
        newest.insert((request.dataset.clone(), request.person.0), request);
    }
    let mut lines = Vec::new();
    for dataset in release.datasets.iter() {
        let of: Vec<&view::RequestView> =
            newest.iter().filter(|((id, _), _)| id == dataset.id.get()).map(|(_, request)| request).collect();
        let Some(first) = of.first() else { continue };
        let said: Vec<String> = [
            (RequestState::Answered, "已答复"),
            (RequestState::Partly, "答复了一部分"),
            (RequestState::NoRecord, "没有记录"),
            (RequestState::Refused, "部门不予答复"),
            (RequestState::Asked, "还没有答复"),
        ]
        .into_iter()
        .filter_map(|(state, words)| {
            let count = of.iter().filter(|request| request.state == state).count();
            (count > 0).then(|| format!("{count}人{words}"))
        })
        .collect();
        lines.push(json!({
            "department": first.department,
            "dataset": first.title,
            "outcome": said.join("，"),
            "as_of": of.iter().filter_map(|request| request.as_of).max(),
        }));
    }
    Ok(lines)
}

/// Facts of the whole family that answers fill: what counts, and what was declared.
async fn facts(office: &Office, tx: &Tx, checked: &Checked) -> Result<Vec<Value>, OfficeError> {
    let mut lines = Vec::new();
    for fact in fills::beside(office, tx, checked, None).await? {
        let Some(counts) = fact.said.first().filter(|one| !one.lapsed) else { continue };
        if !matches!(counts.subject, Subject::Household(_)) {
            continue;
        }
        let declared = fact.said.iter().find(|one| one.source == Source::Declared);
        let evidence = counts.evidence.as_deref().filter(|_| matches!(counts.source, Source::Department(_)));
        let source = match evidence.and_then(|words| words.split("，数据日期").next()) {
            Some(words) => format!("{}的{words}", counts.source_title),
            None => counts.source_title.clone(),
        };
        lines.push(json!({
            "title": fact.title,
            "counts": counts.shown,
            "source": source,
            "on": counts.from_on,
            "declared": declared.map(|one| one.shown.clone()),
        }));
    }
    Ok(lines)
}
