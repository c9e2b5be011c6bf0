//! The family objects (办法 art. 18): what it says is kept, the department is asked again about that item, and both answers stay.

use std::collections::BTreeMap;

use serde_json::json;
use store::{AuditActor, AuditEntry, CaseId, PersonId, Query, Scope, StaffId, Tx};
use vocab::Now;

use super::compare::{self, Kept};
use super::send::{Asking, Became, ask, of_county};
use super::{
    CHECK, CheckRequestId, Checked, ContradictionId, ContradictionState, asked_about, checked, fills,
};
use crate::access::{Citizen, Granted, Investigate, MeansTest, not_of_own_family};
use crate::casework;
use crate::{Office, OfficeError, audited, business};

/// Characters that an objection may have.
const WORDS_MAX: usize = 2_000;

/// How asking again went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Questions that were put again.
    pub asked: usize,
}

/// The family itself says that something is wrong.
///
/// # Errors
/// [`OfficeError::NotFound`] unless it is of one's own case; [`OfficeError::Invalid`] without words; [`OfficeError::Conflict`] when it is settled.
pub async fn object_own(
    office: &Office,
    citizen: &Citizen,
    case: CaseId,
    id: ContradictionId,
    words: &str,
) -> Result<(), OfficeError> {
    let who = (Some(citizen.person), None);
    object(office, &citizen.scope(), &citizen.audit(), who, case, id, words).await
}

/// An officer writes down what the family says at the window or at home.
///
/// # Errors
/// As [`object_own`].
pub async fn object_for(
    office: &Office,
    actor: &Granted<Investigate>,
    case: CaseId,
    id: ContradictionId,
    words: &str,
) -> Result<(), OfficeError> {
    business::demand_case(office, office.db(), actor, case).await?;
    object(office, &actor.scope(), &actor.audit(), (None, Some(actor.staff)), case, id, words).await
}

async fn object(
    office: &Office,
    scope: &Scope,
    audit: &AuditActor,
    (person, staff): (Option<PersonId>, Option<StaffId>),
    case: CaseId,
    id: ContradictionId,
    words: &str,
) -> Result<(), OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    let (checked, kept) = of_case(office, &tx, scope, case, id).await?;
    let words = words.trim();
    if words.is_empty() {
        return Err(OfficeError::invalid("words", "请写明哪里不对、实际情况是什么，有什么材料可以证明。"));
    }
    if words.chars().count() > WORDS_MAX {
        return Err(OfficeError::invalid("words", format!("请不要超过{WORDS_MAX}字。")));
    }
    if !kept.state.is_open() || kept.state == ContradictionState::Rechecking {
        return Err(OfficeError::Conflict(format!("这一处现在是“{}”，不用再提异议。", kept.state.title())));
    }
    Query::system(
        CHECK,
        "INSERT INTO check_objection (contradiction_id, person_id, recorded_by, made_at, words_sealed) VALUES (?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(id)
    .bind(person)
    .bind(staff)
    .bind(now.at_ms())
    .bind(office.keys().seal(words)?)
    .insert(&tx)
    .await?;
    set(&tx, id, ContradictionState::Objected, None, None, now).await?;
    casework::give_county_review(office, &tx, case, checked.county, "家庭对核对结果有异议，请组织复查", now)
        .await?;
    tx.audit(AuditEntry {
        case: Some(case),
        division: Some(checked.county),
        details: json!({ "contradiction": id, "rule": kept.rule }),
        ..audited(now.at_ms(), audit.clone(), "means_test.check_objected", ("case", case.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// The case within the scope, and the contradiction if it is of it.
async fn of_case(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    case: CaseId,
    id: ContradictionId,
) -> Result<(Checked, Kept), OfficeError> {
    let checked = checked(tx, scope, case).await?;
    tx.lock(&format!("check {case}")).await?;
    let kept = compare::kept(office, tx, id).await?;
    if kept.case != case {
        return Err(OfficeError::NotFound("这一处不一致"));
    }
    Ok((checked, kept))
}

async fn set(
    tx: &Tx,
    id: ContradictionId,
    state: ContradictionState,
    by: Option<StaffId>,
    words: Option<&str>,
    now: Now,
) -> Result<(), OfficeError> {
    Query::system(
        CHECK,
        "UPDATE check_contradiction SET state = ?, settled_at = ?, settled_by = ?, settled_words = ? WHERE id = ?",
    )
    .bind(state)
    .bind(words.map(|_| now.at_ms()))
    .bind(by)
    .bind(words)
    .bind(id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// Asks the departments again about exactly the questions on which a contradiction rests. The answers of before stay.
///
/// # Errors
/// [`OfficeError::Conflict`] when nobody allows it any more, or it is being asked already.
pub async fn recheck(
    office: &Office,
    actor: &Granted<MeansTest>,
    case: CaseId,
    id: ContradictionId,
) -> Result<Settled, OfficeError> {
    of_county(actor)?;
    let now = office.now();
    let release = office.release();
    let tx = office.db().begin().await?;
    business::demand_case(office, &tx, actor, case).await?;
    let (checked, kept) = of_case(office, &tx, &actor.scope(), case, id).await?;
    not_of_own_family(&tx, actor, checked.household).await?;
    if !kept.state.is_open() || kept.state == ContradictionState::Rechecking {
        return Err(OfficeError::Conflict(format!("这一处现在是“{}”，不能再复核。", kept.state.title())));
    }
    let request = checked.request.ok_or(OfficeError::NotFound("这次核对"))?;
    let purpose = format!("复核：{}", kept.content.title);
    let asking = Asking { actor, checked: &checked, request, purpose: &purpose, now };
    let persons = asked_about(&tx, &checked).await?;
    let mut asked = 0;
    for (person, dataset) in &kept.content.asked {
        let (Some(person), Some(dataset)) =
            (persons.iter().find(|known| known.person == *person), release.datasets.get(dataset))
        else {
            continue;
        };
        let before: Option<CheckRequestId> = Query::system(
            CHECK,
            "SELECT r.id FROM check_request r WHERE r.case_id = ? AND r.person_id = ? AND r.dataset = ? ORDER BY r.id DESC LIMIT 1",
        )
        .bind(case)
        .bind(person.person)
        .bind(dataset.id.as_str())
        .optional_as(&tx, |row| row.get("id"))
        .await?;
        let Some(before) = before else { continue };
        if matches!(
            ask(office, &tx, &release, &asking, person, dataset, Some(before)).await?,
            Became::Asked | Became::Standing
        ) {
            asked += 1;
        }
    }
    if asked == 0 {
        // The attempt stands in the audit although nothing was asked.
        tx.commit().await?;
        return Err(OfficeError::Conflict(
            "没有有效的核对授权，不能再询问部门。请入户核实后写明情况；本次尝试已记入审计。".to_owned(),
        ));
    }
    set(&tx, id, ContradictionState::Rechecking, None, None, now).await?;
    tx.audit(AuditEntry {
        case: Some(case),
        division: Some(checked.county),
        details: json!({ "contradiction": id, "rule": kept.rule, "asked": asked }),
        ..audited(now.at_ms(), actor.audit(), "means_test.check_again", ("case", case.0))
    })
    .await?;
    tx.commit().await?;
    Ok(Settled { asked })
}

/// An officer found out how it came to be and writes it down, with the values that are right (by the keys of [`super::Disputed`]). Where
/// none is given the answer stands. A settled value outweighs every source until the department answers otherwise or its answer lapses.
///
/// # Errors
/// [`OfficeError::Conflict`] when it is settled or the department is being asked; [`OfficeError::Invalid`] without words or with a value
/// that is none.
pub async fn settle(
    office: &Office,
    actor: &Granted<Investigate>,
    case: CaseId,
    id: ContradictionId,
    words: &str,
    values: &BTreeMap<String, String>,
) -> Result<(), OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    business::demand_case(office, &tx, actor, case).await?;
    let (checked, kept) = of_case(office, &tx, &actor.scope(), case, id).await?;
    let words = words.trim();
    if words.is_empty() {
        return Err(OfficeError::invalid("words", "请写明怎样核实的、实际情况是什么。"));
    }
    not_of_own_family(&tx, actor, checked.household).await?;
    if !kept.state.is_open() || kept.state == ContradictionState::Rechecking {
        return Err(OfficeError::Conflict(format!("这一处现在是“{}”，不能这样处理。", kept.state.title())));
    }
    let release = office.release();
    let rule = release.check_rules.get(&kept.rule).map(|rule| &**rule);
    let matters = fills::matters(&release, rule, &kept.content.asked, &checked);
    let settled = fills::settle_in(office, &tx, &checked, &actor.audit(), &matters, values, words).await?;
    set(&tx, id, ContradictionState::Explained, Some(actor.staff), Some(words), now).await?;
    casework::end_county_reviews(&tx, case, actor.staff, now).await?;
    tx.audit(AuditEntry {
        case: Some(case),
        division: Some(checked.county),
        details: json!({ "contradiction": id, "rule": kept.rule, "person": kept.person, "values": settled }),
        ..audited(now.at_ms(), actor.audit(), "means_test.check_settled", ("case", case.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
