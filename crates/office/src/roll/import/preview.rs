//! A roll before anything of it is taken in: what it would bring, and the officer's yes.

use serde_json::json;
use store::{AuditEntry, JobId, Query, Scope, ScopeColumns, Tx, jobs};

use super::{
    IMPORT_COLUMNS, ROLL_JOB, RollPreview, RollSettings, Standing, WORK, business, county_of,
    exclusion_group, last_run, live_job, read, register,
};
use crate::access::{Granted, ManageRoll};
use crate::roll::read::Roll;
use crate::roll::{RollImportId, RollTotals};
use crate::tabular;
use crate::uploads::{self, Upload, UploadId};
use crate::{Office, OfficeError, audited};
use store::DivisionId;

/// Reads a roll and says what it would bring.
///
/// # Errors
/// [`OfficeError::Forbidden`] outside a county, or for another business's programme; [`OfficeError::Invalid`] when file, headers or settings cannot be read.
pub async fn preview(
    office: &Office,
    actor: &Granted<ManageRoll>,
    settings: &RollSettings,
    name: &str,
    bytes: &[u8],
) -> Result<RollPreview, OfficeError> {
    let county = county_of(actor)?;
    let now = office.now();
    let group = exclusion_group(office, &settings.programme)?;
    business::demand(office, actor, &settings.programme)?;
    if settings.reference.trim().is_empty() {
        return Err(OfficeError::invalid("reference", "请填写名册依据的文件或批次号。"));
    }
    let tx = office.db().begin().await?;
    if let Some(last) = last_run(&tx, county, &settings.programme).await?
        && settings.first_due <= last
    {
        return Err(OfficeError::invalid(
            "first_due",
            format!("{last} 的发放批次已经生成，首发月份应晚于它，否则会重复发放。"),
        ));
    }
    let mut roll = read::read(office, &tx, county, name, bytes).await?;
    register::check_register(office, &tx, &Scope::Subtree(county), &settings.programme, &group, &mut roll)
        .await?;
    let found = totals(&roll)?;
    // An import that was stopped half way is not known yet: confirmed again, it goes on.
    let known = match standing(&tx, county, &settings.programme, &uploads::sm3_of(bytes)).await? {
        Some(import) => !import.under_way || live_job(&tx, import.id).await?.is_some(),
        None => false,
    };
    let upload = uploads::keep(office, &tx, actor, ROLL_JOB, name, bytes, settings).await?;
    tx.audit(AuditEntry {
        division: Some(county),
        details: json!({ "families": found.families, "faults": roll.faults().len() }),
        ..audited(now.at_ms(), actor.audit(), "roll.previewed", ("upload", upload.0))
    })
    .await?;
    tx.commit().await?;
    let already = roll.list.iter().filter(|family| family.already).count();
    Ok(RollPreview {
        upload,
        found,
        disagreements: disagreements(settings.expected, found),
        new: roll.list.len() - already,
        already,
        faults: roll.faults(),
        ignored: roll.tables().iter().flat_map(|table| table.ignored().to_vec()).collect(),
        known,
    })
}

fn totals(roll: &Roll) -> Result<RollTotals, OfficeError> {
    roll.totals().ok_or_else(|| OfficeError::invalid("file", "月保障金额合计超出范围，请核对金额。"))
}

fn disagreements(expected: RollTotals, found: RollTotals) -> Vec<String> {
    let mut list = Vec::new();
    if expected.families != found.families {
        list.push(format!("户数：账面 {} 户，文件 {} 户", expected.families, found.families));
    }
    if expected.members != found.members {
        list.push(format!("人数：账面 {} 人，文件 {} 人", expected.members, found.members));
    }
    if expected.monthly != found.monthly {
        list.push(format!(
            "月保障金额：账面 {} 元，文件 {} 元",
            expected.monthly.yuan_grouped(),
            found.monthly.yuan_grouped()
        ));
    }
    list
}

/// The import of this very file that stands.
async fn standing(
    tx: &Tx,
    county: DivisionId,
    programme: &str,
    sm3: &str,
) -> Result<Option<Standing>, OfficeError> {
    Ok(Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT i.id, i.state FROM roll_import i WHERE i.county_id = ? AND i.programme = ? AND i.sm3 = ? AND i.state IN ('importing', 'done')",
    )
    .bind(county)
    .bind(programme)
    .bind(sm3)
    .optional_as(tx, |row| {
        Ok(Standing { id: row.get("id")?, under_way: row.get::<String>("state")? == "importing" })
    })
    .await?)
}

/// The uploaded rows with a column 错误说明.
///
/// # Errors
/// [`OfficeError::NotFound`] when the upload is not there any more.
pub async fn corrected(
    office: &Office,
    actor: &Granted<ManageRoll>,
    upload: UploadId,
) -> Result<Vec<u8>, OfficeError> {
    let county = county_of(actor)?;
    let found: Upload<RollSettings> =
        uploads::find(office, office.db(), &actor.scope(), ROLL_JOB, upload).await?;
    business::demand_found(office, actor, &found.settings.programme, "这个上传的文件")?;
    let content = found.content.ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let group = exclusion_group(office, &found.settings.programme)?;
    let mut roll = read::read(office, office.db(), county, &found.name, &content).await?;
    let scope = Scope::Subtree(county);
    register::check_register(office, office.db(), &scope, &found.settings.programme, &group, &mut roll)
        .await?;
    let entry = audited(office.now().at_ms(), actor.audit(), "roll.corrected", ("upload", upload.0));
    office.db().audit_read(AuditEntry { division: Some(county), ..entry }).await?;
    Ok(tabular::corrected(&roll.tables())?)
}

/// Confirms a preview. Nothing is taken in unless the file has no fault and agrees with the control totals. The same file
/// again, or the button twice, changes nothing and answers with the import there is; one that was stopped half way goes on.
///
/// # Errors
/// [`OfficeError::Conflict`] with faults or totals that disagree.
pub async fn commit(
    office: &Office,
    actor: &Granted<ManageRoll>,
    upload: UploadId,
) -> Result<(RollImportId, Option<JobId>), OfficeError> {
    let county = county_of(actor)?;
    let now = office.now();
    let tx = office.db().begin().await?;
    tx.lock(&format!("{ROLL_JOB} {county}")).await?;
    let found: Upload<RollSettings> = uploads::find(office, &tx, &actor.scope(), ROLL_JOB, upload).await?;
    let settings = &found.settings;
    business::demand_found(office, actor, &settings.programme, "这个上传的文件")?;
    if let Some(import) = standing(&tx, county, &settings.programme, &found.sm3).await? {
        if import.under_way {
            let job = jobs::enqueue_single(&tx, ROLL_JOB, &import.id.to_string(), None).await?;
            tx.commit().await?;
            return Ok((import.id, Some(job)));
        }
        return Ok((import.id, found.job));
    }
    let content = found.content.as_deref().ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let group = exclusion_group(office, &settings.programme)?;
    let mut roll = read::read(office, &tx, county, &found.name, content).await?;
    register::check_register(office, &tx, &Scope::Subtree(county), &settings.programme, &group, &mut roll)
        .await?;
    let faults = roll.faults().len();
    if faults > 0 {
        return Err(OfficeError::Conflict(format!(
            "名册中有 {faults} 处错误，未导入任何内容。请下载带错误说明的文件，改正后重新上传。"
        )));
    }
    let totals = totals(&roll)?;
    let disagreements = disagreements(settings.expected, totals);
    if !disagreements.is_empty() {
        return Err(OfficeError::Conflict(format!(
            "名册与您填写的控制数不一致，未导入任何内容。{}。请核对后重新上传。",
            disagreements.join("；")
        )));
    }
    if last_run(&tx, county, &settings.programme).await?.is_some_and(|last| settings.first_due <= last) {
        return Err(OfficeError::Conflict("首发月份的发放批次已经生成，请改首发月份后重新上传。".to_owned()));
    }
    let import = Query::new(
        &actor.scope(),
        &IMPORT_COLUMNS,
        "INSERT INTO roll_import (upload_id, county_id, programme, first_due_month, reference, name, sm3, family_count, member_count, \
         monthly_fen, state, imported_by, imported_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'importing', ?, ?) RETURNING id",
    )
    .bind(upload)
    .bind(county)
    .bind(settings.programme.as_str())
    .bind(settings.first_due)
    .bind(settings.reference.trim())
    .bind(found.name.as_str())
    .bind(found.sm3.as_str())
    .bind(totals.families)
    .bind(totals.members)
    .bind(totals.monthly)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    let job = jobs::enqueue(&tx, ROLL_JOB, &import.to_string(), Some(totals.families)).await?;
    uploads::commit(&tx, upload, job, now.at_ms()).await?;
    tx.audit(AuditEntry {
        division: Some(county),
        details: json!({ "sm3": found.sm3, "families": totals.families, "members": totals.members, "monthly_fen": totals.monthly,
            "first_due": settings.first_due, "business": office.release().business_of(&settings.programme) }),
        ..audited(now.at_ms(), actor.audit(), "roll.committed", ("roll_import", import))
    })
    .await?;
    tx.commit().await?;
    Ok((RollImportId(import), Some(job)))
}
