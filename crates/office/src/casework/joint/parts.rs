//! A part of a need begun again because its form was thrown away, or given up because the family does not want it any more.

use store::{AuditEntry, DivisionId, HouseholdId, Query, Tx};

use super::{JOINT, JointId, JointPartId, carry, door, matter_in};
use crate::access::{FileForOther, Granted, Right};
use crate::casework::{DraftId, drafts};
use crate::{Office, OfficeError, audited, business};

const REASON_MAX: usize = 200;

/// A part that is neither a case nor a record nor given up.
struct Waiting {
    household: HouseholdId,
    division: DivisionId,
    item: String,
    /// The need in the family's words, sealed.
    told: Vec<u8>,
    /// Its form is there still.
    draft: Option<DraftId>,
}

async fn waiting(
    office: &Office,
    tx: &Tx,
    officer: &Granted<FileForOther>,
    joint: JointId,
    part: JointPartId,
) -> Result<Waiting, OfficeError> {
    tx.lock(&format!("joint {joint}")).await?;
    let row = Query::new(
        &officer.scope(),
        &JOINT,
        "SELECT j.household_id, j.division_id, j.told_sealed, p.item, p.case_id, p.given_up_on, d.id AS draft_id \
         FROM joint_matter j JOIN joint_part p ON p.joint_id = j.id LEFT JOIN draft d ON d.id = p.draft_id \
         WHERE {scope} AND j.id = ? AND p.id = ?",
    )
    .bind(joint)
    .bind(part)
    .optional(tx)
    .await?
    .ok_or(OfficeError::NotFound("这一项"))?;
    let settled = row.get::<Option<i64>>("case_id")?.is_some()
        || row.get::<Option<chrono::NaiveDate>>("given_up_on")?.is_some();
    let item: Option<String> = row.get("item")?;
    if let Some(item) = &item {
        business::demand_item(office, officer, Right::FileForOther, item, "这一项")?;
    }
    match item {
        Some(item) if !settled => Ok(Waiting {
            household: row.get("household_id")?,
            division: row.get("division_id")?,
            item,
            told: row.get("told_sealed")?,
            draft: row.get("draft_id")?,
        }),
        _ => Err(OfficeError::Conflict("这一项已经申请、转出或者不再申请，请刷新页面。".to_owned())),
    }
}

/// Begins the form of a part again after it was thrown away.
///
/// # Errors
/// [`OfficeError::Conflict`] while its form is there or when it is settled; [`OfficeError::NotFound`] outside the officer's area.
pub async fn begin_again(
    office: &Office,
    officer: &Granted<FileForOther>,
    joint: JointId,
    part: JointPartId,
) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    let found = waiting(office, &tx, officer, joint, part).await?;
    if found.draft.is_some() {
        return Err(OfficeError::Conflict("这一项的表单还在，请接着填。".to_owned()));
    }
    let door = door(office, officer, found.household).await?;
    tx.lock(&format!("draft:{}", drafts::owner_of(officer))).await?;
    let (draft, case) = matter_in(office, &tx, officer, &found.item, &door).await?;
    if let Some(draft) = draft {
        carry::begun(office, &tx, joint, draft, &office.keys().open(&found.told)?).await?;
    }
    Query::system(
        "a part of a need in the officer's area",
        "UPDATE joint_part SET draft_id = ?, case_id = ? WHERE id = ?",
    )
    .bind(draft)
    .bind(case)
    .bind(part)
    .execute_one(&tx)
    .await?;
    tx.commit().await?;
    Ok(())
}

/// The family does not want a part any more, and says why.
///
/// # Errors
/// [`OfficeError::Invalid`] without a reason; [`OfficeError::Conflict`] when it is settled; [`OfficeError::NotFound`] outside the area.
pub async fn give_up(
    office: &Office,
    officer: &Granted<FileForOther>,
    joint: JointId,
    part: JointPartId,
    reason: &str,
) -> Result<(), OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    let found = waiting(office, &tx, officer, joint, part).await?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        let message = format!("请写明为什么不再申请，不超过{REASON_MAX}字。");
        return Err(OfficeError::invalid("reason", message));
    }
    Query::system(
        "a part of a need in the officer's area",
        "UPDATE joint_part SET given_up_on = ?, given_up_reason = ? WHERE id = ?",
    )
    .bind(now.today())
    .bind(reason)
    .bind(part)
    .execute_one(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(found.division),
        details: serde_json::json!({ "joint": joint, "item": found.item }),
        ..audited(now.at_ms(), officer.audit(), "joint.given_up", ("household", found.household.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
