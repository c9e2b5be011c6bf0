//! Taking back what an import brought, whole or as far as it came.

use chrono::NaiveDate;
use ledger::{Decision, EntitlementId, entitlement};
use serde_json::json;
use store::jobs::{self, Beat, Claim};
use store::{AuditActor, AuditEntry, HouseholdId, JobId, PersonId, Query, Scope, ScopeColumns, StaffId, Tx};
use vocab::{Month, Now};

use super::{BATCH, Import, REASON, ROLL_JOB, WORK, county_of, evidence, live_job, state_of};
use crate::access::{Granted, ManageRoll};
use crate::people::{self, MemberChange, Subject};
use crate::roll::RollImportId;
use crate::{Office, OfficeError, audited, uploads};

/// Takes a whole import back, as long as nothing was paid from it and no run holds it. Persons stay registered; families that
/// the import made are dissolved, its benefits end before their first month, its facts are believed no longer. An import that
/// was stopped half way is taken back as far as it came.
///
/// # Errors
/// [`OfficeError::Conflict`] when something was paid or is in a run; [`OfficeError::Invalid`] without a reason.
pub async fn undo(
    office: &Office,
    actor: &Granted<ManageRoll>,
    import: RollImportId,
    reason: &str,
) -> Result<JobId, OfficeError> {
    let county = county_of(actor)?;
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请填写撤销导入的原因。"));
    }
    let now = office.now();
    let tx = office.db().begin().await?;
    // A run of the county waits until this is decided, and this for the run.
    tx.lock(&format!("{ROLL_JOB} {county}")).await?;
    let state = state_of(office, &tx, actor, import).await?;
    let half_way = state == "importing";
    if half_way && live_job(&tx, import).await?.is_some() {
        return Err(OfficeError::Conflict("导入还没有完成，请等它完成后再撤销。".to_owned()));
    }
    if !half_way && state != "done" {
        return Err(OfficeError::Conflict("这次导入已经撤销或正在撤销。".to_owned()));
    }
    if let Some(count) = in_runs(&tx, import).await? {
        return Err(OfficeError::Conflict(format!(
            "这次导入的名册中已有 {count} 户列入发放批次或记账，不能整批撤销。请逐户办理终止或更正。"
        )));
    }
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "UPDATE roll_import SET state = 'undoing', undone_by = ?, undone_at = ?, undo_reason = ? WHERE id = ? AND state IN ('importing', 'done')",
    )
    .bind(actor.staff)
    .bind(now.at_ms())
    .bind(reason.trim())
    .bind(import)
    .execute_one(&tx)
    .await?;
    let job = jobs::enqueue(&tx, ROLL_JOB, &import.to_string(), None).await?;
    tx.audit(AuditEntry {
        division: Some(county),
        details: json!({ "reason": reason.trim() }),
        ..audited(now.at_ms(), actor.audit(), "roll.undone", ("roll_import", import.0))
    })
    .await?;
    tx.commit().await?;
    Ok(job)
}

/// How many families of the import are in a run or have dues; none when none.
async fn in_runs(tx: &Tx, import: RollImportId) -> Result<Option<i64>, OfficeError> {
    let count: i64 = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT COUNT(*) AS n FROM roll_import_family f WHERE f.import_id = ? AND NOT f.undone AND f.entitlement_id IS NOT NULL AND \
         (EXISTS (SELECT 1 FROM payment_line l WHERE l.entitlement_id = f.entitlement_id AND l.state NOT IN ('cancelled', 'blocked')) \
          OR (SELECT COALESCE(SUM(d.amount_fen), 0) FROM due d WHERE d.entitlement_id = f.entitlement_id) <> 0)",
    )
    .bind(import)
    .scalar(tx)
    .await?;
    Ok((count > 0).then_some(count))
}

pub(super) async fn take_back(office: &Office, claim: &Claim, import: &Import) -> Result<(), OfficeError> {
    let (officer, reason) =
        import.undo.clone().ok_or_else(|| OfficeError::Internal("撤销没有经办人".to_owned()))?;
    let mut done = 0;
    loop {
        let now = office.now();
        let tx = office.db().begin().await?;
        let families: Vec<(String, HouseholdId, bool, EntitlementId)> = Query::new(
            &WORK,
            &ScopeColumns::NONE,
            "SELECT f.family, f.household_id, f.household_made, f.entitlement_id FROM roll_import_family f \
             WHERE f.import_id = ? AND NOT f.undone AND f.entitlement_id IS NOT NULL ORDER BY f.family LIMIT ?",
        )
        .bind(import.id)
        .bind(BATCH)
        .all_as(&tx, |row| {
            Ok((row.get("family")?, row.get("household_id")?, row.get("household_made")?, row.get("entitlement_id")?))
        })
        .await?;
        if families.is_empty() {
            forget_facts(office, &tx, import, now).await?;
            Query::new(
                &WORK,
                &ScopeColumns::NONE,
                "UPDATE roll_import SET state = 'undone' WHERE id = ? AND state = 'undoing'",
            )
            .bind(import.id)
            .execute_one(&tx)
            .await?;
            uploads::forget(&tx, import.upload).await?;
            claim.finished(&tx, "已撤销").await?;
            tx.commit().await?;
            return Ok(());
        }
        for (family, household, made, entitlement) in &families {
            let decision = Decision {
                reference: format!("{REASON}撤销{}", import.id),
                reason: reason.clone(),
                case: None,
                determination: None,
                officer,
                at: now,
            };
            let scope = Scope::Subtree(import.county);
            entitlement::end(&tx, &scope, *entitlement, Month::FIRST, &decision).await?;
            if *made {
                dissolve(office, &tx, import, officer, *household, &reason).await?;
            }
            Query::new(
                &WORK,
                &ScopeColumns::NONE,
                "UPDATE roll_import_family SET undone = TRUE WHERE import_id = ? AND family = ?",
            )
            .bind(import.id)
            .bind(family.as_str())
            .execute_one(&tx)
            .await?;
        }
        done += i64::try_from(families.len()).unwrap_or(0);
        if claim.progress(&tx, done, None).await? == Beat::Cancel {
            tx.rollback().await?;
            return Ok(claim.cancelled(office.db()).await?);
        }
        tx.commit().await?;
    }
}

/// The members leave the family that the import made, the head last.
async fn dissolve(
    office: &Office,
    tx: &Tx,
    import: &Import,
    officer: StaffId,
    household: HouseholdId,
    reason: &str,
) -> Result<(), OfficeError> {
    let who = AuditActor { staff: Some(officer), ..AuditActor::default() };
    let members: Vec<(PersonId, NaiveDate)> = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT m.person_id, m.from_on FROM membership m WHERE m.household_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL \
         ORDER BY CASE WHEN m.head THEN 1 ELSE 0 END, m.person_id",
    )
    .bind(household)
    .all_as(tx, |row| Ok((row.get("person_id")?, row.get("from_on")?)))
    .await?;
    for (person, joined_on) in members {
        // As though they had never joined: what the roll said of its first months was not so.
        let change =
            MemberChange { on: joined_on, reason: format!("撤销名册导入：{reason}"), case: None };
        let scope = Scope::Subtree(import.county);
        people::remove_member_in(office, tx, &scope, &who, household, person, &change).await?;
    }
    Ok(())
}

async fn forget_facts(office: &Office, tx: &Tx, import: &Import, now: Now) -> Result<(), OfficeError> {
    let rows: Vec<(Option<PersonId>, Option<HouseholdId>)> = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT f.person_id, f.household_id FROM roll_import_family i JOIN membership m ON m.household_id = i.household_id \
         JOIN fact f ON f.person_id = m.person_id WHERE i.import_id = ? AND f.evidence = ? AND f.superseded_at IS NULL \
         UNION SELECT f.person_id, f.household_id FROM roll_import_family i JOIN fact f ON f.household_id = i.household_id \
         WHERE i.import_id = ? AND f.evidence = ? AND f.superseded_at IS NULL",
    )
    .bind(import.id)
    .bind(evidence(import.id))
    .bind(import.id)
    .bind(evidence(import.id))
    .all_as(tx, |row| Ok((row.get("person_id")?, row.get("household_id")?)))
    .await?;
    let subjects: Vec<Subject> = rows
        .into_iter()
        .filter_map(|(person, household)| person.map(Subject::Person).or(household.map(Subject::Household)))
        .collect();
    for subject in &subjects {
        let (column, id) = match subject {
            Subject::Person(id) => ("person_id", id.0),
            Subject::Household(id) => ("household_id", id.0),
        };
        Query::new(
            &WORK,
            &ScopeColumns::NONE,
            format!("UPDATE fact SET superseded_at = ? WHERE {column} = ? AND evidence = ? AND superseded_at IS NULL"),
        )
        .bind(now.at_ms())
        .bind(id)
        .bind(evidence(import.id))
        .execute(tx)
        .await?;
    }
    people::refresh_projection(office, tx, &subjects).await
}
