//! Taking over the roll kept before: seen with every fault, agreed with control totals typed in beforehand, taken in by a job
//! family by family, and taken back as a whole as long as nothing was paid from it.

use std::collections::{BTreeMap, HashSet};

use ledger::entitlement::{self, Grant};
use ledger::payee::{NewPayee, Proposer};
use ledger::{AmountCause, Decision, EntitlementId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::jobs::{self, Beat, Claim};
use store::{
    AuditActor, AuditEntry, Cursor, DivisionId, HouseholdId, JobId, PersonId, Query, Scope, ScopeColumns,
    StaffId, Tx,
};
use vocab::{Fen, Level, Month, Now};

use super::read::{self, Family, Roll};
use super::register;
use super::{BUSINESS, RollImportId, RollTotals};
use crate::access::{Granted, ManageRoll};
use crate::people::{
    self, MemberChange, NewAccount, NewFact, NewHousehold, NewMember, NewPerson, Source, Subject,
};
use crate::tabular::{self, CellFault};
use crate::uploads::{self, Upload, UploadId};
use crate::{Office, OfficeError, audited};

/// The kind of the job (import and taking back), and of the upload.
pub const ROLL_JOB: &str = "import_roll";

/// Families in one transaction.
const BATCH: usize = 50;

const REASON: &str = "在册名册导入";

const IMPORT_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "i.county_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

const WORK: Scope = Scope::System("the import of a roll that an officer has confirmed");

/// What the accountant says of the roll before the file is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollSettings {
    /// Programme of the pack.
    pub programme: String,
    /// First month that is paid from here.
    pub first_due: Month,
    /// Document on which the roll rests, where a family has none of its own.
    pub reference: String,
    /// Control totals from the old books.
    pub expected: RollTotals,
}

/// What a roll would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollPreview {
    /// To confirm with.
    pub upload: UploadId,
    /// Totals of the file.
    pub found: RollTotals,
    /// Where they differ from those typed in; empty when they agree.
    pub disagreements: Vec<String>,
    /// Families that are new on the roll.
    pub new: usize,
    /// Families on the roll already, with the same members and amount: passed over.
    pub already: usize,
    /// Every fault.
    pub faults: Vec<CellFault>,
    /// Headers that are passed over.
    pub ignored: Vec<String>,
    /// The same file was imported before.
    pub known: bool,
}

/// An import as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollImportView {
    /// The import.
    pub id: RollImportId,
    /// Name of the file.
    pub name: String,
    /// Programme.
    pub programme: String,
    /// First month paid from here.
    pub first_due: Month,
    /// What the file held.
    pub totals: RollTotals,
    /// `importing`, `done`, `undoing`, `undone`.
    pub state: String,
    /// Families taken in so far.
    pub taken: i64,
    /// Families that could not be taken in: key and reason.
    pub refused: Vec<(String, String)>,
    /// Unix milliseconds.
    pub imported_at: i64,
    /// Who.
    pub imported_by: StaffId,
}

fn county_of(actor: &Granted<ManageRoll>) -> Result<DivisionId, OfficeError> {
    match (actor.level, actor.county) {
        (Level::County, Some(county)) => Ok(county),
        _ => Err(OfficeError::Forbidden(crate::access::Right::ManageRoll)),
    }
}

fn exclusion_group(office: &Office, programme: &str) -> Result<String, OfficeError> {
    let release = office.release();
    let programme = release.programmes.get(programme).ok_or(OfficeError::NotFound("这个待遇项目"))?;
    Ok(programme.exclusion_group.get().clone())
}

/// The last month for which the county has a regular run.
async fn last_run(tx: &Tx, county: DivisionId, programme: &str) -> Result<Option<Month>, OfficeError> {
    Ok(Query::system(
        "the runs of one's own county",
        "SELECT MAX(r.month) AS month FROM payment_run r WHERE r.county_id = ? AND r.programme = ? AND r.kind = 'regular' \
         AND r.state NOT IN ('cancelling', 'cancelled')",
    )
    .bind(county)
    .bind(programme)
    .one(tx)
    .await?
    .get("month")?)
}

/// Reads a roll and says what it would bring.
///
/// # Errors
/// [`OfficeError::Forbidden`] outside a county; [`OfficeError::Invalid`] when file, headers or settings cannot be read.
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
    let known = standing(&tx, county, &settings.programme, &uploads::sm3_of(bytes)).await?.is_some();
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
) -> Result<Option<RollImportId>, OfficeError> {
    Ok(Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT i.id FROM roll_import i WHERE i.county_id = ? AND i.programme = ? AND i.sm3 = ? AND i.state IN ('importing', 'done')",
    )
    .bind(county)
    .bind(programme)
    .bind(sm3)
    .optional_as(tx, |row| row.get("id"))
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
/// again, or the button twice, changes nothing and answers with the import there is.
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
    if let Some(import) = standing(&tx, county, &settings.programme, &found.sm3).await? {
        return Ok((import, found.job));
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
            "first_due": settings.first_due, "business": BUSINESS }),
        ..audited(now.at_ms(), actor.audit(), "roll.committed", ("roll_import", import))
    })
    .await?;
    tx.commit().await?;
    Ok((RollImportId(import), Some(job)))
}

/// An import as its job needs it.
struct Import {
    id: RollImportId,
    upload: UploadId,
    county: DivisionId,
    programme: String,
    group: String,
    first_due: Month,
    reference: String,
    state: String,
    officer: StaffId,
    undo: Option<(StaffId, String)>,
}

async fn load(office: &Office, id: RollImportId) -> Result<Import, OfficeError> {
    let row = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT i.upload_id, i.county_id, i.programme, i.first_due_month, i.reference, i.state, i.imported_by, i.undone_by, i.undo_reason \
         FROM roll_import i WHERE i.id = ?",
    )
    .bind(id)
    .one(office.db())
    .await?;
    let programme: String = row.get("programme")?;
    let undone_by: Option<StaffId> = row.get("undone_by")?;
    Ok(Import {
        id,
        upload: row.get("upload_id")?,
        county: row.get("county_id")?,
        group: exclusion_group(office, &programme)?,
        programme,
        first_due: row.get("first_due_month")?,
        reference: row.get("reference")?,
        state: row.get("state")?,
        officer: row.get("imported_by")?,
        undo: undone_by.zip(row.get::<Option<String>>("undo_reason")?),
    })
}

/// Does the job, or goes on with it: batches of families, each family once, each batch with its progress in one transaction.
///
/// # Errors
/// The database's; the job is taken again.
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let id: RollImportId =
        claim.job.payload.parse().map_err(|_| OfficeError::Internal("任务内容无法识别".to_owned()))?;
    let import = load(office, id).await?;
    match import.state.as_str() {
        "importing" => take_in(office, claim, &import).await,
        "undoing" => take_back(office, claim, &import).await,
        _ => Ok(claim.finished(office.db(), "已完成").await?),
    }
}

async fn take_in(office: &Office, claim: &Claim, import: &Import) -> Result<(), OfficeError> {
    let found: Upload<RollSettings> =
        uploads::find_for_work(office, office.db(), ROLL_JOB, import.upload).await?;
    let content = found.content.ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let mut roll = read::read(office, office.db(), import.county, &found.name, &content).await?;
    let scope = Scope::Subtree(import.county);
    register::check_register(office, office.db(), &scope, &import.programme, &import.group, &mut roll)
        .await?;
    let done: HashSet<String> = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT f.family FROM roll_import_family f WHERE f.import_id = ?",
    )
    .bind(import.id)
    .scalars(office.db())
    .await?
    .into_iter()
    .collect();
    let waiting: Vec<&Family> =
        roll.list.iter().filter(|family| !family.already && !done.contains(&family.key)).collect();
    let mut count = i64::try_from(roll.list.len() - waiting.len()).unwrap_or(0);
    for batch in waiting.chunks(BATCH) {
        count += i64::try_from(batch.len()).unwrap_or(0);
        let tx = office.db().begin().await?;
        if take_batch(office, &tx, import, batch).await.is_ok() {
            if claim.progress(&tx, count, None).await? == Beat::Cancel {
                tx.rollback().await?;
                return Ok(claim.cancelled(office.db()).await?);
            }
            tx.commit().await?;
            continue;
        }
        // One family of the batch is in the way: each by itself, and the reason of that one is kept.
        tx.rollback().await?;
        for family in batch {
            let tx = office.db().begin().await?;
            match take_batch(office, &tx, import, std::slice::from_ref(family)).await {
                Ok(()) => tx.commit().await?,
                Err(error) => {
                    tx.rollback().await?;
                    refuse_family(office, import, family, &error).await?;
                }
            }
        }
        claim.progress(office.db(), count, None).await?;
    }
    let tx = office.db().begin().await?;
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "UPDATE roll_import SET state = 'done' WHERE id = ? AND state = 'importing'",
    )
    .bind(import.id)
    .execute_one(&tx)
    .await?;
    uploads::forget(&tx, import.upload).await?;
    claim.finished(&tx, &format!("已导入 {count} 户")).await?;
    tx.commit().await?;
    Ok(())
}

async fn refuse_family(
    office: &Office,
    import: &Import,
    family: &Family,
    error: &OfficeError,
) -> Result<(), OfficeError> {
    // What only the machine can mend stops the job; what the family's data say is kept beside the family.
    if let OfficeError::Internal(_) | OfficeError::Store(store::StoreError::Busy) = error {
        return Err(OfficeError::Internal(error.to_string()));
    }
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "INSERT INTO roll_import_family (import_id, family, row_number, household_made, refused) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(import.id)
    .bind(family.key.as_str())
    .bind(family.row)
    .bind(false)
    .bind(error.to_string())
    .execute(office.db())
    .await?;
    Ok(())
}

async fn take_batch(office: &Office, tx: &Tx, import: &Import, batch: &[&Family]) -> Result<(), OfficeError> {
    let now = office.now();
    for family in batch {
        let (household, made, entitlement) = take_family(office, tx, import, family, now).await?;
        Query::new(
            &WORK,
            &ScopeColumns::NONE,
            "INSERT INTO roll_import_family (import_id, family, row_number, household_id, household_made, entitlement_id) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(import.id)
        .bind(family.key.as_str())
        .bind(family.row)
        .bind(household)
        .bind(made)
        .bind(entitlement)
        .execute(tx)
        .await?;
    }
    Ok(())
}

fn evidence(import: RollImportId) -> String {
    format!("{REASON}{import}")
}

/// One family: persons, household, facts, account, benefit.
async fn take_family(
    office: &Office,
    tx: &Tx,
    import: &Import,
    family: &Family,
    now: Now,
) -> Result<(HouseholdId, bool, EntitlementId), OfficeError> {
    let incomplete = || OfficeError::Conflict(format!("家庭 {} 的内容不完整。", family.key));
    let scope = Scope::Subtree(import.county);
    let who = AuditActor { staff: Some(import.officer), ..AuditActor::default() };
    let place = family.division.ok_or_else(incomplete)?;
    let registered = family.registered.unwrap_or(place);
    let mut persons: Vec<PersonId> = Vec::with_capacity(family.members.len());
    for member in &family.members {
        let new = NewPerson {
            name: member.name.clone(),
            citizen_id: member.citizen_id,
            phone: member.phone.clone(),
            division: registered.id,
            residence: Some(place.id),
        };
        let person = people::register_person_in(office, tx, &scope, &who, &new, now.at_ms()).await?;
        persons.push(person.person());
    }
    let head = family.members.iter().position(|member| member.head).ok_or_else(incomplete)?;
    let change = MemberChange { on: now.today(), reason: REASON.to_owned(), case: None };
    let (household, made) = match people::current_household(tx, &scope, persons[head]).await? {
        Some(household) => (household, false),
        None => {
            let new = NewHousehold {
                division: place.id,
                registered_division: registered.id,
                area: family.area.clone().ok_or_else(incomplete)?,
                address: family.address.clone(),
                members: family
                    .members
                    .iter()
                    .zip(&persons)
                    .map(|(member, person)| NewMember {
                        person: *person,
                        relation: member.relation.clone(),
                        head: member.head,
                    })
                    .collect(),
            };
            (people::create_household_in(office, tx, &scope, &who, &new, &change).await?, true)
        }
    };
    let facts = facts(family, &persons, household, import, now);
    if !facts.is_empty() {
        people::record_facts_in(office, tx, &scope, &who, &facts).await?;
    }
    let payee = match &family.account {
        Some(account) => {
            let holder = persons[account.holder];
            let holder_name = family.members[account.holder].name.clone();
            let new = NewAccount {
                person: holder,
                holder_name: holder_name.clone(),
                bank: account.bank.clone(),
                number: account.number.clone(),
            };
            let id = people::add_account_in(office, tx, &scope, &who, &new).await?;
            Some(NewPayee {
                account: ledger::BankAccountId(id.0),
                holder_name: holder_name.as_str().to_owned(),
                bank: account.bank.clone(),
                number_tail: account.number.last_four().to_owned(),
                // The family gave it to the office that kept the roll; the importing officer confirms it.
                proposed_by: Proposer::Citizen(holder),
            })
        }
        None => None,
    };
    let from = family.from.ok_or_else(incomplete)?;
    let grant = Grant {
        programme: import.programme.clone(),
        exclusion_group: import.group.clone(),
        household,
        holder: persons[head],
        members: family
            .members
            .iter()
            .zip(&persons)
            .filter(|(member, _)| member.covered)
            .map(|(_, id)| *id)
            .collect(),
        county: import.county,
        township: place.township,
        division: place.id,
        from,
        first_due: import.first_due.max(from),
        until: None,
        monthly: family.monthly.ok_or_else(incomplete)?,
        cause: AmountCause::Import,
        payee,
        review_due_on: family.review_on,
    };
    let decision = Decision {
        reference: family.reference.clone().unwrap_or_else(|| import.reference.clone()),
        reason: REASON.to_owned(),
        case: None,
        determination: None,
        officer: import.officer,
        at: now,
    };
    let entitlement = entitlement::grant(tx, &grant, &decision).await?;
    let entry = audited(now.at_ms(), who, "roll.family_taken_in", ("household", household.0));
    tx.audit(AuditEntry {
        division: Some(place.id),
        details: json!({ "import": import.id.0, "entitlement": entitlement.0 }),
        ..entry
    })
    .await?;
    Ok((household, made, entitlement))
}

fn facts(
    family: &Family,
    persons: &[PersonId],
    household: HouseholdId,
    import: &Import,
    now: Now,
) -> Vec<NewFact> {
    let fact = |subject: Subject, (fact, value): &(String, String)| NewFact {
        subject,
        fact: fact.clone(),
        value: Some(value.clone()),
        from_on: now.today(),
        until_on: None,
        source: Source::Roll,
        case: None,
        evidence: Some(evidence(import.id)),
    };
    let of_members =
        family.members.iter().zip(persons).flat_map(|(member, person)| {
            member.facts.iter().map(|pair| fact(Subject::Person(*person), pair))
        });
    of_members.chain(family.facts.iter().map(|pair| fact(Subject::Household(household), pair))).collect()
}

/// Takes a whole import back, as long as nothing was paid from it and no run holds it. Persons stay registered; families that
/// the import made are dissolved, its benefits end before their first month, its facts are believed no longer.
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
    let state: String = Query::new(
        &actor.scope(),
        &IMPORT_COLUMNS,
        "SELECT i.state FROM roll_import i WHERE {scope} AND i.id = ?",
    )
    .bind(import)
    .optional_as(&tx, |row| row.get("state"))
    .await?
    .ok_or(OfficeError::NotFound("这次导入"))?;
    if state == "importing" {
        return Err(OfficeError::Conflict("导入还没有完成，请等它完成后再撤销。".to_owned()));
    }
    if state != "done" {
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
        "UPDATE roll_import SET state = 'undoing', undone_by = ?, undone_at = ?, undo_reason = ? WHERE id = ? AND state = 'done'",
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

async fn take_back(office: &Office, claim: &Claim, import: &Import) -> Result<(), OfficeError> {
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
        claim.progress(&tx, done, None).await?;
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
    let members: Vec<PersonId> = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT m.person_id FROM membership m WHERE m.household_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL \
         ORDER BY CASE WHEN m.head THEN 1 ELSE 0 END, m.person_id",
    )
    .bind(household)
    .scalars(tx)
    .await?;
    let change =
        MemberChange {
            on: office.now().today(), reason: format!("撤销名册导入：{reason}"), case: None
        };
    for person in members {
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

/// Imports of one's own county, newest first.
///
/// # Errors
/// The database's.
pub async fn imports(
    office: &Office,
    actor: &Granted<ManageRoll>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<store::Page<RollImportView>, OfficeError> {
    let mut page = Query::new(
        &actor.scope(),
        &IMPORT_COLUMNS,
        "SELECT i.id, i.name, i.programme, i.first_due_month, i.family_count, i.member_count, i.monthly_fen, i.state, i.imported_at, \
         i.imported_by, (SELECT COUNT(*) FROM roll_import_family f WHERE f.import_id = i.id AND f.entitlement_id IS NOT NULL AND NOT f.undone) \
         AS taken FROM roll_import i WHERE {scope} AND {after} ORDER BY i.id DESC LIMIT ?",
    )
    .after_descending(&["i.id"], cursor)
    .page(
        office.db(),
        size,
        |row| {
            Ok(RollImportView {
                id: row.get("id")?,
                name: row.get("name")?,
                programme: row.get("programme")?,
                first_due: row.get("first_due_month")?,
                totals: RollTotals {
                    families: row.get("family_count")?,
                    members: row.get("member_count")?,
                    monthly: row.get::<Fen>("monthly_fen")?,
                },
                state: row.get("state")?,
                taken: row.get("taken")?,
                refused: Vec::new(),
                imported_at: row.get("imported_at")?,
                imported_by: row.get("imported_by")?,
            })
        },
        |view| Cursor::new().integer(view.id),
    )
    .await?;
    let ids: Vec<RollImportId> = page.rows.iter().map(|view| view.id).collect();
    let mut refused: BTreeMap<RollImportId, Vec<(String, String)>> = BTreeMap::new();
    let rows: Vec<(RollImportId, String, String)> = Query::new(
        &actor.scope(),
        &IMPORT_COLUMNS,
        "SELECT f.import_id, f.family, f.refused FROM roll_import i JOIN roll_import_family f ON f.import_id = i.id \
         WHERE {scope} AND i.id IN ({list}) AND f.refused IS NOT NULL ORDER BY f.row_number LIMIT 1000",
    )
    .bind_list(ids)
    .all_as(office.db(), |row| Ok((row.get("import_id")?, row.get("family")?, row.get("refused")?)))
    .await?;
    for (import, family, reason) in rows {
        refused.entry(import).or_default().push((family, reason));
    }
    for view in &mut page.rows {
        view.refused = refused.remove(&view.id).unwrap_or_default();
    }
    Ok(page)
}
