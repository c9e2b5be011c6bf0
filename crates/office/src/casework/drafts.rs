//! Forms that are not finished: saved page by page, sealed, for their owner alone.

use catalogue::definition::{About, Item};
use store::{AuditActor, CaseId, HouseholdId, IdempotencyKey, Once, PersonId, Query, Scope, StaffId, Tx};

use super::trace::By;
use super::{DraftId, filing, known};
use crate::access::{Actor, Citizen, Granted, Right};
use crate::forms::Answers;
use crate::{Office, OfficeError, business, people};
use ledger::EntitlementId;

/// How many unfinished forms somebody may have.
const OPEN_MAX: i64 = 20;

/// Who fills a form.
#[derive(Debug, Clone, Copy)]
pub enum Filler<'a> {
    /// The family itself.
    Citizen(&'a Citizen),
    /// An officer or village worker, for somebody who is present or asked for it.
    Desk(&'a Granted<crate::access::FileForOther>),
}

impl Filler<'_> {
    /// The owner's name in `draft` and `attachment`.
    #[must_use]
    pub fn owner(&self) -> String {
        match self {
            Filler::Citizen(citizen) => format!("person:{}", citizen.person),
            Filler::Desk(actor) => owner_of(actor),
        }
    }

    /// What the filler sees.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Filler::Citizen(citizen) => citizen.scope(),
            Filler::Desk(actor) => actor.scope(),
        }
    }

    /// Refuses whoever may not know of the matter, or files for other businesses: to them it is not there.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub fn may_know(&self, item: &Item) -> Result<(), OfficeError> {
        let Filler::Desk(actor) = self else { return Ok(()) };
        let told = item.confidential.is_none_or(|confidential| confidential.known_at(actor.level));
        if told && actor.may_in(Right::FileForOther, &item.business) {
            Ok(())
        } else {
            Err(OfficeError::NotFound("这个事项"))
        }
    }

    pub(super) fn audit(&self) -> AuditActor {
        match self {
            Filler::Citizen(citizen) => citizen.audit(),
            Filler::Desk(actor) => actor.audit(),
        }
    }

    pub(super) fn by(&self) -> By<'_> {
        match self {
            Filler::Citizen(citizen) => By::Applicant(citizen),
            Filler::Desk(actor) => By::Desk(actor),
        }
    }
}

/// An officer's name in `draft` and `attachment`.
#[must_use]
pub fn owner_of(actor: &Actor) -> String {
    owner_of_staff(actor.staff)
}

/// [`owner_of`] by the account.
pub(crate) fn owner_of_staff(staff: StaffId) -> String {
    format!("staff:{staff}")
}

/// An unfinished form.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Identifier.
    pub id: DraftId,
    /// Item.
    pub item: String,
    /// Form.
    pub form: String,
    /// The benefit that it is about, for reviews and reports of change.
    pub entitlement: Option<EntitlementId>,
    /// What was typed.
    pub answers: Answers,
    /// Changes with every saving.
    pub version: i64,
    /// Last saved.
    pub updated_at: i64,
    /// The case that it became.
    pub submitted: Option<CaseId>,
}

/// Begins a form, or goes on with the one that the family began for the same matter and benefit.
///
/// # Errors
/// An item that cannot be filed, a benefit that the filler does not see, or too many unfinished forms.
pub async fn begin(
    office: &Office,
    filler: Filler<'_>,
    item: &str,
    entitlement: Option<EntitlementId>,
) -> Result<DraftId, OfficeError> {
    let about = match filler {
        Filler::Citizen(citizen) => Some(citizen.person),
        Filler::Desk(_) => None,
    };
    started(office, filler, item, entitlement, about).await
}

async fn started(
    office: &Office,
    filler: Filler<'_>,
    item: &str,
    entitlement: Option<EntitlementId>,
    applicant: Option<PersonId>,
) -> Result<DraftId, OfficeError> {
    let release = office.release();
    let definition = release.items.get(item).ok_or(OfficeError::NotFound("这个事项"))?;
    if matches!(filler, Filler::Citizen(_)) && !definition.citizens_may_file {
        return Err(OfficeError::NotFound("这个事项"));
    }
    filler.may_know(definition)?;
    if entitlement.is_none() && super::needs_benefit(definition) {
        return Err(OfficeError::Conflict(format!(
            "「{}」要从已有的待遇办起，请先选择是哪一项待遇。",
            definition.title
        )));
    }
    if let Some(benefit) = entitlement {
        let month = office.now().month();
        let held = ledger::pages::entitlement(office.db(), &filler.scope(), benefit, month).await?;
        // A case lies where its item says: one about a confidential benefit must be of a confidential item.
        if release.is_confidential(&held.programme) && definition.confidential.is_none() {
            return Err(OfficeError::NotFound("这个事项"));
        }
        if let Filler::Desk(officer) = filler
            && !business::holds(&release, officer, Right::FileForOther, &held.programme)
        {
            return Err(OfficeError::NotFound("这项待遇"));
        }
    }
    let owner = filler.owner();
    let tx = office.db().begin().await?;
    tx.lock(&format!("draft:{owner}")).await?;
    if let Filler::Citizen(_) = filler {
        let open = Query::system(
            "the owner's own drafts",
            "SELECT id FROM draft WHERE owner = ? AND item = ? AND COALESCE(entitlement_id, 0) = ? AND submitted_case_id IS NULL \
             ORDER BY id DESC LIMIT 1",
        )
        .bind(owner.as_str())
        .bind(item)
        .bind(entitlement.map_or(0, |entitlement| entitlement.0))
        .optional(&tx)
        .await?;
        if let Some(row) = open {
            return Ok(row.get("id")?);
        }
    }
    let id = start_in(office, &tx, filler, definition, entitlement, applicant).await?;
    tx.commit().await?;
    Ok(id)
}

/// Begins a form inside a transaction that holds the owner's lock, with what is on file about the applicant.
pub(super) async fn start_in(
    office: &Office,
    tx: &Tx,
    filler: Filler<'_>,
    definition: &Item,
    entitlement: Option<EntitlementId>,
    applicant: Option<PersonId>,
) -> Result<DraftId, OfficeError> {
    let (owner, now) = (filler.owner(), office.now().at_ms());
    let release = office.release();
    let open: i64 = Query::system(
        "the owner's own drafts",
        "SELECT count(*) FROM draft WHERE owner = ? AND submitted_case_id IS NULL",
    )
    .bind(owner.as_str())
    .scalar(tx)
    .await?;
    if open >= OPEN_MAX {
        return Err(OfficeError::Conflict(format!(
            "您已有 {OPEN_MAX} 份没有提交的表单。请先提交或删除不用的，再填新的。"
        )));
    }
    // Whoever asks for one who has died is not that one.
    let applicant = applicant.filter(|_| definition.about != About::Deceased);
    let known = match (applicant, release.forms.get(&definition.form)) {
        (Some(applicant), Some(form)) if entitlement.is_none() => {
            if let Some((_, number)) = in_hand(tx, definition, applicant).await? {
                return Err(told_twice(definition, Some(&number)));
            }
            known::answers(office, tx, applicant, form).await?
        }
        _ => Answers::new(),
    };
    let id = Query::system(
        "a draft of the caller",
        "INSERT INTO draft (owner, item, form, entitlement_id, answers_sealed, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(owner)
    .bind(definition.id.as_str())
    .bind(definition.form.as_str())
    .bind(entitlement)
    .bind(sealed(office, &known)?)
    .bind(now)
    .bind(now)
    .insert(tx)
    .await?;
    Ok(DraftId(id))
}

/// Begins a form for a family on file in the officer's reach: what is known stands in it.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the officer's reach; [`OfficeError::Conflict`] when the family has the matter in hand; as [`begin`].
pub async fn begin_for_family(
    office: &Office,
    officer: &Granted<crate::access::FileForOther>,
    item: &str,
    household: HouseholdId,
) -> Result<DraftId, OfficeError> {
    let head: PersonId = Query::new(
        &officer.scope(),
        &people::HOUSEHOLD_COLUMNS,
        "SELECT m.person_id FROM household h JOIN membership m ON m.household_id = h.id AND m.head \
         AND m.until_on IS NULL AND m.superseded_at IS NULL WHERE {scope} AND h.id = ?",
    )
    .bind(household)
    .optional(office.db())
    .await?
    .ok_or(OfficeError::NotFound("这个家庭"))?
    .get("person_id")?;
    started(office, Filler::Desk(officer), item, None, Some(head)).await
}

/// Whether the family of a person has the matter in hand: its case and the number of it.
pub(super) async fn in_hand(
    tx: &Tx,
    item: &Item,
    person: PersonId,
) -> Result<Option<(CaseId, String)>, OfficeError> {
    Ok(Query::system(
        "whether a family has the same matter in hand, before a form is begun for it",
        "SELECT c.id, c.number FROM case_file c JOIN membership m ON m.household_id = c.household_id AND m.until_on IS NULL \
         AND m.superseded_at IS NULL WHERE m.person_id = ? AND c.item = ? AND c.state = 'open' \
         AND (c.person_id IS NULL OR c.person_id = ?) ORDER BY c.id DESC LIMIT 1",
    )
    .bind(person)
    .bind(item.id.as_str())
    .bind(person)
    .optional_as(tx, |row| Ok((row.get("id")?, row.get("number")?)))
    .await?)
}

/// What whoever files it once more is told.
pub(super) fn told_twice(item: &Item, number: Option<&str>) -> OfficeError {
    let number = number.map(|number| format!("（{number}）")).unwrap_or_default();
    OfficeError::Conflict(format!("这个家庭已有一件“{}”正在办理{number}，不用重复申请。", item.title))
}

/// The owner's draft.
///
/// # Errors
/// [`OfficeError::NotFound`] for anybody else's.
pub async fn open(office: &Office, filler: Filler<'_>, id: DraftId) -> Result<Draft, OfficeError> {
    let row = Query::system(
        "the owner's own draft",
        "SELECT id, item, form, entitlement_id, answers_sealed, version, updated_at, submitted_case_id FROM draft \
         WHERE id = ? AND owner = ?",
    )
    .bind(id)
    .bind(filler.owner())
    .optional(office.db())
    .await?
    .ok_or(OfficeError::NotFound("这份表单"))?;
    Ok(Draft {
        id: row.get("id")?,
        item: row.get("item")?,
        form: row.get("form")?,
        entitlement: row.get("entitlement_id")?,
        answers: read(office, &row.get::<Vec<u8>>("answers_sealed")?)?,
        version: row.get("version")?,
        updated_at: row.get("updated_at")?,
        submitted: row.get("submitted_case_id")?,
    })
}

/// Everything the owner has not finished, the newest first.
///
/// # Errors
/// The database's.
pub async fn unfinished(office: &Office, filler: Filler<'_>) -> Result<Vec<Draft>, OfficeError> {
    let ids: Vec<i64> = Query::system(
        "the owner's own drafts",
        "SELECT id FROM draft WHERE owner = ? AND submitted_case_id IS NULL ORDER BY updated_at DESC LIMIT 20",
    )
    .bind(filler.owner())
    .scalars(office.db())
    .await?;
    let mut drafts = Vec::with_capacity(ids.len());
    for id in ids {
        drafts.push(open(office, filler, DraftId(id)).await?);
    }
    Ok(drafts)
}

/// Saves what was typed. Two windows with the same form do not overwrite each other silently.
///
/// # Errors
/// [`OfficeError::Conflict`] when it was saved elsewhere since.
pub async fn save(
    office: &Office,
    filler: Filler<'_>,
    id: DraftId,
    version: i64,
    answers: &Answers,
) -> Result<(), OfficeError> {
    let changed = Query::system(
        "the owner's own draft",
        "UPDATE draft SET answers_sealed = ?, version = version + 1, updated_at = ? \
         WHERE id = ? AND owner = ? AND version = ? AND submitted_case_id IS NULL",
    )
    .bind(sealed(office, answers)?)
    .bind(office.now().at_ms())
    .bind(id)
    .bind(filler.owner())
    .bind(version)
    .execute(office.db())
    .await?;
    if changed == 1 { Ok(()) } else { Err(OfficeError::stale()) }
}

/// Throws a draft away.
///
/// # Errors
/// The database's.
pub async fn discard(office: &Office, filler: Filler<'_>, id: DraftId) -> Result<(), OfficeError> {
    Query::system(
        "the owner's own draft",
        "DELETE FROM draft WHERE id = ? AND owner = ? AND submitted_case_id IS NULL",
    )
    .bind(id)
    .bind(filler.owner())
    .execute(office.db())
    .await?;
    Ok(())
}

/// Sends a draft: it becomes a case, once.
///
/// # Errors
/// [`OfficeError::Invalid`] with every answer that is wrong; the draft stays as it is.
pub async fn submit(
    office: &Office,
    filler: Filler<'_>,
    id: DraftId,
    key: &IdempotencyKey,
) -> Result<CaseId, OfficeError> {
    let draft = open(office, filler, id).await?;
    if let Some(case) = draft.submitted {
        return Ok(case);
    }
    let tx = office.db().begin().await?;
    if let Once::Again(answer) = tx.once(key, &filler.owner()).await? {
        return answer.parse().map_err(|_| OfficeError::Internal("an answer that is no case".to_owned()));
    }
    let case = filing::file(office, &tx, filler, &draft).await?;
    mark_submitted(&tx, id, case).await?;
    super::joint::carry::onward(office, &tx, &draft).await?;
    tx.remember(key, &case.to_string()).await?;
    tx.commit().await?;
    Ok(case)
}

async fn mark_submitted(tx: &Tx, id: DraftId, case: CaseId) -> Result<(), OfficeError> {
    // The guard on submitted_case_id holds even where two keys were used for one form.
    let changed = Query::system(
        "the owner's own draft",
        "UPDATE draft SET submitted_case_id = ?, version = version + 1 WHERE id = ? AND submitted_case_id IS NULL",
    )
    .bind(case)
    .bind(id)
    .execute(tx)
    .await?;
    if changed != 1 {
        return Err(OfficeError::Conflict("这份表单已经提交过了。".to_owned()));
    }
    // A form that was begun for a need told once (`joint`) is that part's case now.
    Query::system(
        "the need for which the owner's own draft was begun",
        "UPDATE joint_part SET case_id = ? WHERE draft_id = ? AND case_id IS NULL AND given_up_on IS NULL",
    )
    .bind(case)
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) fn sealed(office: &Office, answers: &Answers) -> Result<Vec<u8>, OfficeError> {
    let text = serde_json::to_string(answers).map_err(|error| OfficeError::Internal(error.to_string()))?;
    Ok(office.keys().seal(&text)?)
}

pub(super) fn read(office: &Office, sealed: &[u8]) -> Result<Answers, OfficeError> {
    let text = office.keys().open(sealed)?;
    serde_json::from_str(&text).map_err(|error| OfficeError::Internal(error.to_string()))
}
