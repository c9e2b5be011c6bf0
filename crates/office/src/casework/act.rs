//! Doing one action of a case: the rights, the separation of duties, the form, the guard, then the effects - in one transaction.
//!
//! The pack's item says what can be done at which step, by whom, under what guard and with what effects. What is held here whatever a
//! pack says: an officer acts only in an office of the case; nobody acts on their own family; a decision is made by the deciding office;
//! a reduction or a stop has a hearing on record ([`super::effects`]).

use catalogue::Release;
use catalogue::definition::{Action, CLOSED, Effect, Item, Permission, Step};
use serde_json::json;
use store::{AuditActor, AuditEntry, CaseId, DivisionId, IdempotencyKey, Once, Query, Scope, StaffId, Tx};
use vocab::Now;

use super::situation::{self, CaseRow};
use super::trace::{self, By, Line};
use super::{EventId, FormId, attachments, clocks, drafts, effects, form_context, tasks};
use crate::access::{Actor, Citizen, Right};
use crate::business;
use crate::forms::{self, Answers, Checked};
use crate::{Office, OfficeError, audited, releases};

/// Who acts.
#[derive(Debug, Clone, Copy)]
pub enum Doer<'a> {
    /// A member of staff.
    Desk(&'a Actor),
    /// The family itself.
    Applicant(&'a Citizen),
}

impl Doer<'_> {
    pub(super) fn scope(&self) -> Scope {
        match self {
            Doer::Desk(actor) => actor.scope(),
            Doer::Applicant(citizen) => citizen.scope(),
        }
    }

    pub(super) fn audit(&self) -> AuditActor {
        match self {
            Doer::Desk(actor) => actor.audit(),
            Doer::Applicant(citizen) => citizen.audit(),
        }
    }

    /// The matters of which the doer may see cases, as statements are narrowed; none where that is all.
    pub(super) fn items(&self, office: &Office) -> Option<Vec<String>> {
        match self {
            Doer::Desk(actor) => business::items(&office.release(), actor, Right::ReadCase),
            Doer::Applicant(_) => None,
        }
    }

    /// The owner of files and drafts.
    #[must_use]
    pub fn owner(&self) -> String {
        match self {
            Doer::Desk(actor) => drafts::owner_of(actor),
            Doer::Applicant(citizen) => format!("person:{}", citizen.person),
        }
    }

    pub(super) fn staff(&self) -> Option<StaffId> {
        match self {
            Doer::Desk(actor) => Some(actor.staff),
            Doer::Applicant(_) => None,
        }
    }

    fn by(&self) -> By<'_> {
        match self {
            Doer::Desk(actor) => By::Desk(actor),
            Doer::Applicant(citizen) => By::Applicant(citizen),
        }
    }

    /// The level at which something is recorded.
    pub(super) fn level(&self) -> &'static str {
        match self {
            Doer::Desk(actor) => actor.level.as_str(),
            Doer::Applicant(_) => "applicant",
        }
    }
}

/// One action with everything that was filled in for it.
#[derive(Debug, Clone)]
pub struct Deed {
    /// The case.
    pub case: CaseId,
    /// The action in the item.
    pub action: String,
    /// Answers of the action's form.
    pub answers: Answers,
    /// Codes of the action's list of reasons.
    pub reasons: Vec<String>,
    /// The version of the case that the doer saw.
    pub version: i64,
    /// Makes a form that is sent twice act once.
    pub key: IdempotencyKey,
}

/// What an action did.
#[derive(Debug, Clone)]
pub struct Acted {
    /// The step at which the case stands now.
    pub step: String,
    /// How it ended, if it did.
    pub outcome: Option<String>,
    /// The line to show.
    pub said: String,
}

/// Everything that an effect needs.
pub(super) struct Doing<'a> {
    pub office: &'a Office,
    pub tx: &'a Tx,
    /// The release in force: parameters and programmes.
    pub release: &'a std::sync::Arc<Release>,
    /// The item as it stood when the case was filed.
    pub item: &'a Item,
    pub action: &'a Action,
    pub doer: Doer<'a>,
    /// The office that acts and signs; for the family, the township that handles the case.
    pub division: DivisionId,
    pub form: Option<(FormId, &'a Checked)>,
    pub form_definition: Option<&'a catalogue::definition::Form>,
    /// What was typed into it.
    pub answers: &'a Answers,
    pub reasons: &'a [String],
    pub event: EventId,
    pub now: Now,
}

impl Doing<'_> {
    /// Where tasks are given.
    pub fn desk(&self) -> tasks::Desk<'_> {
        tasks::Desk { tx: self.tx, calendar: self.office.calendar(), item: self.item, now: self.now }
    }
}

/// Does an action.
///
/// # Errors
/// [`OfficeError::Forbidden`], [`OfficeError::Separation`], [`OfficeError::Invalid`] with every wrong answer,
/// [`OfficeError::Conflict`] when the case stands otherwise than the doer saw or the guard does not hold. Nothing is done then.
pub async fn act(office: &Office, doer: Doer<'_>, deed: &Deed) -> Result<Acted, OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    if let Once::Again(answer) = tx.once(&deed.key, &doer.owner()).await? {
        let acted: (String, Option<String>, String) =
            serde_json::from_str(&answer).map_err(|error| OfficeError::Internal(error.to_string()))?;
        return Ok(Acted { step: acted.0, outcome: acted.1, said: acted.2 });
    }
    let mut case = CaseRow::lock(office, &tx, doer, deed.case).await?;
    let procedure = releases::kept(office, &case.release_hash).await?;
    let item = procedure
        .items
        .get(&case.item)
        .ok_or_else(|| OfficeError::Internal(format!("没有事项 {}", case.item)))?;
    let action = item.action(&deed.action).ok_or(OfficeError::NotFound("这个操作"))?;
    if case.version != deed.version {
        return Err(OfficeError::stale());
    }
    if !stands_at(&case, action) {
        return Err(OfficeError::Conflict(format!(
            "这件申请已不在可以「{}」的环节。请刷新页面。",
            action.title
        )));
    }
    let division = may(&case, item, action, doer)?;
    separate(&tx, &case, action, doer).await?;
    let form_definition =
        action.form.as_ref().and_then(|form| procedure.forms.get(form)).map(|defined| &**defined);
    let checked = check_form(&tx, &procedure, form_definition, deed, &doer, &case, now).await?;
    check_reasons(&procedure, action, &deed.reasons)?;
    guard(office, &tx, &procedure, item, action, &case).await?;

    let said = action.public_text.clone().unwrap_or_else(|| action.title.clone());
    // What is noted on an ended case does not end its last step again.
    let step_from = if case.open { case.step.clone() } else { CLOSED.to_owned() };
    let step_to = action.to.as_ref().map(|to| to.get().clone());
    let line = Line {
        action: &action.id,
        title: &action.title,
        from: Some(&step_from),
        to: step_to.as_deref(),
        reasons: &deed.reasons,
        said: &said,
    };
    let event = trace::note(&tx, &case, doer.by(), line, now).await?;
    let form = match (form_definition, &checked) {
        (Some(definition), Some(checked)) => {
            let id = keep_form(office, &tx, &case, event, definition, &procedure, &deed.answers).await?;
            attachments::tie(&tx, &doer.owner(), &form_context::files(definition, &deed.answers), case.id)
                .await?;
            Some((id, checked))
        }
        _ => None,
    };
    let release = office.release();
    let doing = Doing {
        office,
        tx: &tx,
        release: &release,
        item,
        action,
        doer,
        division,
        form,
        form_definition,
        answers: &deed.answers,
        reasons: &deed.reasons,
        event,
        now,
    };
    let ended = clocks::turn(office, &tx, item, &case, &action.id).await?;
    tasks::end_with_clocks(&tx, case.id, &ended, doer.staff(), now).await?;
    effects::records::findings(&doing, &case).await?;
    effects::records::clear_change(&doing, &case).await?;
    effects::records::goods(&doing, &case).await?;
    for effect in &action.effects {
        effects::apply(&doing, &mut case, effect).await?;
    }
    if let Some(step) = step_to.filter(|_| case.open) {
        effects::progress::go_to(&doing, &mut case, &step).await?;
    }
    effects::progress::save(&doing, &mut case).await?;
    let audit = AuditEntry {
        case: Some(case.id),
        division: Some(division),
        details: json!({"action": *action.id, "from": step_from, "to": case.step, "outcome": case.outcome, "reasons": deed.reasons}),
        ..audited(now.at_ms(), doer.audit(), "case.acted", ("case", case.id.0))
    };
    tx.audit(audit).await?;
    let answer = serde_json::to_string(&(&case.step, &case.outcome, &said)).unwrap_or_default();
    tx.remember(&deed.key, &answer).await?;
    tx.commit().await?;
    Ok(Acted { step: case.step, outcome: case.outcome, said })
}

/// Whether an action belongs to where the case stands.
pub(super) fn stands_at(case: &CaseRow, action: &Action) -> bool {
    if case.open {
        action.at.iter().any(|at| *at == case.step)
    } else {
        action.at.iter().any(|at| *at == CLOSED)
    }
}

/// The office that holds a step of a case, and the role that does it there.
pub(super) fn holder(case: &CaseRow, item: &Item, step: &Step) -> (Option<DivisionId>, Option<String>) {
    let moved = item
        .delegated
        .as_ref()
        .filter(|delegation| case.delegated && delegation.steps.iter().any(|moved| *moved == **step.id));
    match moved {
        Some(delegation) => (case.office_at(delegation.level), Some(delegation.role.get().clone())),
        None => (case.office_at(step.level), step.role.as_ref().map(|role| role.get().clone())),
    }
}

/// Whether the doer may do the action, and for which office.
pub(super) fn may(
    case: &CaseRow,
    item: &Item,
    action: &Action,
    doer: Doer<'_>,
) -> Result<DivisionId, OfficeError> {
    match doer {
        Doer::Applicant(_) if action.permission == Permission::Applicant => Ok(case.township),
        Doer::Applicant(_) => Err(OfficeError::NotFound("这个操作")),
        Doer::Desk(actor) => {
            let right = action.permission.right().ok_or(OfficeError::NotFound("这个操作"))?;
            if !actor.may_in(right, &item.business) {
                return Err(OfficeError::Forbidden(right));
            }
            let mine = [case.village, case.township, case.county].contains(&actor.division);
            // A decision belongs to one office: where it is delegated the county only checks, where not the township cannot decide.
            let decides = action.permission != Permission::Right(Right::Confirm)
                || item
                    .step(&case.step)
                    .and_then(|step| holder(case, item, step).0)
                    .is_none_or(|office| office == actor.division);
            if mine && decides { Ok(actor.division) } else { Err(OfficeError::Forbidden(right)) }
        }
    }
}

/// Who did one thing must not do another; nobody acts on their own family.
async fn separate(tx: &Tx, case: &CaseRow, action: &Action, doer: Doer<'_>) -> Result<(), OfficeError> {
    let Doer::Desk(actor) = doer else { return Ok(()) };
    if let Some(person) = actor.person {
        let own: i64 = Query::system(
            "whether the officer belongs to the family （回避）",
            "SELECT count(*) FROM membership WHERE household_id = ? AND person_id = ? AND superseded_at IS NULL AND until_on IS NULL",
        )
        .bind(case.household)
        .bind(person)
        .scalar(tx)
        .await?;
        if own > 0 {
            return Err(OfficeError::Separation(
                "这是您自己家的申请，按规定应当回避，请由其他工作人员办理。".to_owned(),
            ));
        }
    }
    if action.different_from.is_empty() {
        return Ok(());
    }
    let before: i64 = Query::system(
        "what the officer did in this case before",
        "SELECT count(*) FROM case_event WHERE case_id = ? AND staff_id = ? AND action IN ({list})",
    )
    .bind(case.id)
    .bind(actor.staff)
    .bind_list(action.different_from.iter().map(|other| other.as_str()))
    .scalar(tx)
    .await?;
    if before > 0 {
        return Err(OfficeError::Separation(format!(
            "您办理过这件申请的前面环节，不能再由您「{}」，请由另一位工作人员办理。",
            action.title
        )));
    }
    Ok(())
}

async fn check_form(
    tx: &Tx,
    release: &Release,
    form: Option<&catalogue::definition::Form>,
    deed: &Deed,
    doer: &Doer<'_>,
    case: &CaseRow,
    now: Now,
) -> Result<Option<Checked>, OfficeError> {
    let Some(form) = form else { return Ok(None) };
    let context =
        form_context::load(tx, release, form, &deed.answers, &doer.owner(), Some(case), now).await?;
    let checked = forms::check_form(&context, form, &deed.answers);
    form_context::right_or_problems(checked).map(Some)
}

fn check_reasons(release: &Release, action: &Action, reasons: &[String]) -> Result<(), OfficeError> {
    let Some(list) = &action.reasons else { return Ok(()) };
    let codes =
        release.codelists.get(list).ok_or_else(|| OfficeError::Internal(format!("没有代码表 {}", **list)))?;
    if reasons.is_empty() {
        return Err(OfficeError::invalid("reasons", "请至少选择一个理由。"));
    }
    if reasons.iter().any(|reason| codes.title_of(reason).is_none()) {
        return Err(OfficeError::invalid("reasons", "所选理由不在列表里，请重新选择。"));
    }
    Ok(())
}

async fn guard(
    office: &Office,
    tx: &Tx,
    release: &Release,
    item: &Item,
    action: &Action,
    case: &CaseRow,
) -> Result<(), OfficeError> {
    let Some(expression) = release.action_when(&item.id, &action.id) else { return Ok(()) };
    let record = situation::record(office, tx, item, case).await?;
    let context = form_context::dates_only(office.now());
    if expression.evaluate(&record, &context) == rules::Value::Boolean(true) {
        return Ok(());
    }
    Err(OfficeError::Conflict(
        action.when_not.clone().unwrap_or_else(|| format!("现在还不能「{}」。", action.title)),
    ))
}

pub(super) async fn keep_form(
    office: &Office,
    tx: &Tx,
    case: &CaseRow,
    event: EventId,
    form: &catalogue::definition::Form,
    release: &Release,
    answers: &Answers,
) -> Result<FormId, OfficeError> {
    let id = Query::system(
        "a form of a case that the doer may act on",
        "INSERT INTO case_form (case_id, event_id, form, release_hash, answers_sealed) VALUES (?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(case.id)
    .bind(event)
    .bind(form.id.as_str())
    .bind(release.hash.as_str())
    .bind(drafts::sealed(office, answers)?)
    .insert(tx)
    .await?;
    Ok(FormId(id))
}

/// Whether an action may be done only once, and was.
pub(super) fn once_only(action: &Action) -> bool {
    action.effects.iter().any(|effect| **effect == Effect::OnceOnly)
}
