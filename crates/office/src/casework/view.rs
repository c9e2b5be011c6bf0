//! A case as the desk and the family read it.

use catalogue::definition::{Action, Effect, Item, Outcome, Permission};
use store::{AuditEntry, CaseId, Connection, DivisionId, PersonId, Query, Scope};
use vocab::{Fen, Month};

use super::act::{self, Doer, once_only, stands_at};
use super::attachments::{self, AttachmentView};
use super::clocks::{self, ClockView};
use super::determine::{self, DeterminationView};
use super::entries::{self, EntryView};
use super::letters::{self, LetterView};
use super::months::{self, CaseMonth};
use super::other_help::{self, OtherHelp};
use super::replaced::{self, Replaced};
use super::situation::{self, CaseRow};
use super::timeline::{self, StepView};
use super::{CASE, drafts, form_context};
use crate::access::{Citizen, Granted, ReadCase};
use crate::forms;
use crate::{Office, OfficeError, audited, releases};

/// A line of the trace.
#[derive(Debug, Clone)]
pub struct EventView {
    /// When.
    pub at: i64,
    /// Who; the family reads the office only.
    pub who: Option<String>,
    /// The office, or 申请人.
    pub office: String,
    /// What was done.
    pub title: String,
    /// Its words for the family.
    pub public_text: Option<String>,
    /// Titles of the reasons.
    pub reasons: Vec<String>,
    /// The action in the item.
    pub action: String,
}

/// A filled form of a case, in words.
#[derive(Debug, Clone)]
pub struct FormView {
    /// Title.
    pub title: String,
    /// When it was filled.
    pub at: i64,
    /// Its answers.
    pub sections: Vec<forms::Section>,
}

/// Something that can be done now.
#[derive(Debug, Clone)]
pub struct ActionView {
    /// Identifier in the item.
    pub id: String,
    /// Label.
    pub title: String,
    /// Form to be filled.
    pub form: Option<String>,
    /// List of reasons to choose from.
    pub reasons: Option<String>,
    /// A question asked first.
    pub confirm: Option<String>,
    /// Why it cannot be done yet; none if it can.
    pub not_yet: Option<String>,
    /// Refuses, reduces or stops.
    pub takes_away: bool,
    /// Beside the usual way: a note, more time, a step back, an early end.
    pub aside: bool,
    /// Leads to another step.
    pub onward: bool,
}

/// Everything about a case.
#[derive(Debug, Clone)]
pub struct CaseView {
    /// The case itself.
    pub case: CaseRow,
    /// Applicant's name.
    pub applicant: String,
    /// Names of village, township, county.
    pub places: [String; 3],
    /// Name of the office that decides.
    pub deciding: String,
    /// The item's title.
    pub title: String,
    /// Its steps.
    pub steps: Vec<StepView>,
    /// Its clocks.
    pub clocks: Vec<ClockView>,
    /// What was done.
    pub events: Vec<EventView>,
    /// Forms that were filled, the newest first.
    pub forms: Vec<FormView>,
    /// What the rules said, the newest first.
    pub determinations: Vec<DeterminationView>,
    /// What the determination that counts rests on.
    pub grounds: Vec<determine::Ground>,
    /// Past months as they were reckoned last.
    pub months: Vec<CaseMonth>,
    /// Records of registers that it entered, the newest first.
    pub entries: Vec<EntryView>,
    /// Photos and scans.
    pub attachments: Vec<AttachmentView>,
    /// Letters.
    pub letters: Vec<LetterView>,
    /// The family's present members, the head first.
    pub members: Vec<(PersonId, String)>,
    /// Where the rules say no: the other matters that the family may ask for.
    pub other_help: Vec<OtherHelp>,
    /// Recognitions that its grant takes the place of: as it would be decided today, or as it was.
    pub replaced: Vec<Replaced>,
    /// What the reader can do now.
    pub actions: Vec<ActionView>,
}

/// A case for an office. The reading is in the audit before this returns.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the actor's scope and businesses.
pub async fn open(office: &Office, actor: &Granted<ReadCase>, case: CaseId) -> Result<CaseView, OfficeError> {
    let view = view(office, Doer::Desk(actor), case).await?;
    let entry = AuditEntry {
        case: Some(case),
        division: Some(view.case.township),
        ..audited(office.now().at_ms(), actor.audit(), "case.opened", ("case", case.0))
    };
    office.db().audit_read(entry).await?;
    Ok(view)
}

/// A case for its family.
///
/// # Errors
/// [`OfficeError::NotFound`] for anybody else's.
pub async fn open_own(office: &Office, citizen: &Citizen, case: CaseId) -> Result<CaseView, OfficeError> {
    view(office, Doer::Applicant(citizen), case).await
}

async fn view(office: &Office, doer: Doer<'_>, id: CaseId) -> Result<CaseView, OfficeError> {
    let scope = doer.scope();
    let db = office.db();
    let case = CaseRow::seen(office, doer, id).await?;
    let procedure = releases::kept(office, &case.release_hash).await?;
    let item = procedure
        .items
        .get(&case.item)
        .ok_or_else(|| OfficeError::Internal(format!("没有事项 {}", case.item)))?;
    let names = Query::new(
        &scope,
        &CASE,
        "SELECT p.name AS applicant, v.name AS village, t.name AS township, k.name AS county, d.name AS deciding \
         FROM case_file c JOIN person p ON p.id = c.applicant_person_id JOIN division v ON v.id = c.village_id \
         JOIN division t ON t.id = c.township_id JOIN division k ON k.id = c.county_id \
         JOIN division d ON d.id = c.deciding_division_id WHERE {scope} AND c.id = ?",
    )
    .bind(id)
    .one(db)
    .await?;
    let for_family = matches!(doer, Doer::Applicant(_));
    let determinations = determine::of_case(db, &office.release(), &scope, id).await?;
    let refused =
        determinations.first().is_some_and(|newest| newest.result.outcome == rules::Outcome::NotMet);
    let other_help = if refused && case.entitlement.is_none() {
        other_help::of_case(office, db, &case).await?
    } else {
        Vec::new()
    };
    let reader = match doer {
        Doer::Applicant(citizen) => Some(citizen.person),
        Doer::Desk(_) => None,
    };
    let replaced = replaced::of_case(office, item, &case, that_counts(&case, &determinations)).await?;
    let grounds = match that_counts(&case, &determinations) {
        Some(counts) => determine::grounds(office, db, counts, reader).await?,
        None => Vec::new(),
    };
    Ok(CaseView {
        applicant: names.get("applicant")?,
        places: [names.get("village")?, names.get("township")?, names.get("county")?],
        deciding: names.get("deciding")?,
        title: item.title.clone(),
        steps: timeline::steps(db, item, &case).await?,
        clocks: clocks::of_case(db, &scope, id).await?,
        events: events(office, &scope, &procedure, item, id, for_family).await?,
        forms: filled_forms(office, &scope, &case, for_family).await?,
        determinations,
        grounds,
        other_help,
        replaced,
        months: months::of_case(db, item, id).await?,
        entries: entries::of_case_page(office, db, id).await?,
        attachments: attachments::of_case(db, &scope, id).await?,
        letters: letters::of_case(db, &scope, id).await?,
        members: members(db, &case).await?,
        actions: actions(office, doer, &procedure, item, &case).await?,
        case,
    })
}

async fn members(
    connection: &impl Connection,
    case: &CaseRow,
) -> Result<Vec<(PersonId, String)>, OfficeError> {
    Ok(Query::system(
        "the members of a family whose case the reader may see",
        "SELECT p.id, p.name FROM membership m JOIN person p ON p.id = m.person_id \
         WHERE m.household_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL ORDER BY m.head DESC, m.id",
    )
    .bind(case.household)
    .all_as(connection, |row| Ok((row.get("id")?, row.get("name")?)))
    .await?)
}

async fn events(
    office: &Office,
    scope: &Scope,
    release: &catalogue::Release,
    item: &Item,
    case: CaseId,
    for_family: bool,
) -> Result<Vec<EventView>, OfficeError> {
    let rows = Query::new(
        scope,
        &CASE,
        "SELECT e.at, s.name AS staff, e.office, e.action, e.title, e.public_text, e.reasons \
         FROM case_event e JOIN case_file c ON c.id = e.case_id LEFT JOIN staff s ON s.id = e.staff_id \
         WHERE {scope} AND c.id = ? ORDER BY e.id",
    )
    .bind(case)
    .all(office.db())
    .await?;
    rows.iter()
        .map(|row| {
            let action: String = row.get("action")?;
            let reasons: Option<String> = row.get("reasons")?;
            let codes: Vec<String> =
                reasons.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            let list = item.action(&action).and_then(|action| action.reasons.as_ref());
            let titles = codes
                .into_iter()
                .map(|code| list.map_or(code.clone(), |list| release.code_title(list, &code).to_owned()))
                .collect();
            Ok(EventView {
                at: row.get("at")?,
                who: if for_family { None } else { row.get("staff")? },
                office: row.get("office")?,
                title: row.get("title")?,
                public_text: row.get("public_text")?,
                reasons: titles,
                action,
            })
        })
        .collect()
}

/// The family reads what it filed; the desk reads everything, identifiers masked.
async fn filled_forms(
    office: &Office,
    scope: &Scope,
    case: &CaseRow,
    for_family: bool,
) -> Result<Vec<FormView>, OfficeError> {
    let mut sql = String::from(
        "SELECT f.form, f.release_hash, f.answers_sealed, e.at FROM case_form f JOIN case_event e ON e.id = f.event_id \
         JOIN case_file c ON c.id = f.case_id WHERE {scope} AND c.id = ?",
    );
    if for_family {
        sql.push_str(" AND (e.action = 'filed' OR e.person_id IS NOT NULL)");
    }
    sql.push_str(" ORDER BY f.id DESC");
    let rows = Query::new(scope, &CASE, sql).bind(case.id).all(office.db()).await?;
    let mut known = form_context::KnownForCase::of(office.db(), case, office.now()).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in &rows {
        let release = releases::kept(office, &row.get::<String>("release_hash")?).await?;
        let Some(form) = release.forms.get(&row.get::<String>("form")?) else { continue };
        let answers = drafts::read(office, &row.get::<Vec<u8>>("answers_sealed")?)?;
        let context = known.context(office.db(), &release, form, &answers).await?;
        let filled = forms::FilledForm::read(&context, form, &answers);
        views.push(FormView {
            title: form.title.clone(),
            at: row.get("at")?,
            sections: filled.in_words(true),
        });
    }
    Ok(views)
}

async fn actions(
    office: &Office,
    doer: Doer<'_>,
    release: &catalogue::Release,
    item: &Item,
    case: &CaseRow,
) -> Result<Vec<ActionView>, OfficeError> {
    let now = office.now();
    let possible: Vec<&Action> = item
        .actions
        .iter()
        .filter(|action| stands_at(case, action) && act::may(case, item, action, doer).is_ok())
        .collect();
    if possible.is_empty() {
        return Ok(Vec::new());
    }
    let record = situation::record(office, office.db(), item, case).await?;
    let context = form_context::dates_only(now);
    let done = done_by(office.db(), case.id, doer).await?;
    Ok(possible
        .into_iter()
        .filter(|action| !(once_only(action) && done.iter().any(|(id, _)| *action.id == *id)))
        .map(|action| {
            let holds = release
                .action_when(&item.id, &action.id)
                .is_none_or(|guard| guard.evaluate(&record, &context) == rules::Value::Boolean(true));
            let separated = done
                .iter()
                .any(|(id, mine)| *mine && action.different_from.iter().any(|other| *other == **id));
            let not_yet = if separated {
                Some("您办理过前面的环节，须由另一位工作人员办理。".to_owned())
            } else if holds {
                None
            } else {
                Some(action.when_not.clone().unwrap_or_else(|| "现在还不能办理。".to_owned()))
            };
            ActionView {
                id: action.id.get().clone(),
                title: action.title.clone(),
                form: action.form.as_ref().map(|form| form.get().clone()),
                reasons: action.reasons.as_ref().map(|list| list.get().clone()),
                confirm: action.confirm.clone(),
                not_yet,
                takes_away: action.takes_away(),
                aside: is_aside(item, action, &case.step),
                onward: action.to.is_some(),
            }
        })
        .collect())
}

/// Whether an action is beside the usual way of a case at `step`.
fn is_aside(item: &Item, action: &Action, step: &str) -> bool {
    let place = |id: &str| item.steps.iter().position(|known| *known.id == *id);
    let back = action.to.as_ref().and_then(|to| place(to)).is_some_and(|to| Some(to) < place(step));
    let notes = |effect: &Effect| {
        matches!(
            effect,
            Effect::RecordRelative
                | Effect::RecordComplaint
                | Effect::RecordSample
                | Effect::Extend(_)
                | Effect::Enter(_)
                | Effect::Letter(_)
                | Effect::Task(_)
                | Effect::OnceOnly
        )
    };
    let only_notes = action.to.is_none()
        && !action.effects.is_empty()
        && action.effects.iter().all(|effect| notes(effect));
    let gives_up = action
        .effects
        .iter()
        .any(|effect| matches!(**effect, Effect::End(Outcome::Terminated | Outcome::Withdrawn)));
    back || only_notes || gives_up
}

/// The actions done in a case, each with whether this officer did it.
async fn done_by(
    connection: &impl Connection,
    case: CaseId,
    doer: Doer<'_>,
) -> Result<Vec<(String, bool)>, OfficeError> {
    let rows = Query::system(
        "the trace of a case that the reader may see",
        "SELECT action, staff_id FROM case_event WHERE case_id = ?",
    )
    .bind(case)
    .all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let staff: Option<store::StaffId> = row.get("staff_id")?;
            Ok((row.get("action")?, staff.is_some() && staff == doer.staff()))
        })
        .collect()
}

/// The determination that a case stands on; the newest while it stands on none.
#[must_use]
pub fn that_counts<'a>(case: &CaseRow, all: &'a [DeterminationView]) -> Option<&'a DeterminationView> {
    all.iter().find(|known| Some(known.id) == case.determination).or(all.first())
}

/// One action with its form, ready to be filled: what the case knows already stands in the form.
#[derive(Debug, Clone)]
pub struct ActionPage {
    /// The case.
    pub case: CaseRow,
    /// The release whose form and lists are used.
    pub release: std::sync::Arc<catalogue::Release>,
    /// The action as the reader may do it.
    pub action: ActionView,
    /// The item's title.
    pub title: String,
    /// Law behind it.
    pub basis: Vec<String>,
    /// What the rules last said, for those who decide by it.
    pub determination: Option<DeterminationView>,
    /// Past months as they were reckoned last; then these are decided, and not what the rules say of today.
    pub months: Vec<CaseMonth>,
    /// What the action would make of the benefit, where it lets it taper off (渐退).
    pub taper: Option<TaperSpan>,
    /// Recognitions that the action would take the place of, where it grants.
    pub replaced: Vec<Replaced>,
    /// The family's members in their order, for pages that go over them.
    pub members: Vec<(PersonId, String)>,
    /// The office for which it is done.
    pub division: Option<DivisionId>,
}

/// 渐退, as it would be decided today by what the rules last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaperSpan {
    /// The first month of it.
    pub first: Month,
    /// The last month that is paid.
    pub last: Month,
    /// What is paid in each of them.
    pub monthly: Option<Fen>,
}

/// The taper that an action decides; none for every other action, and while the rules know of none.
async fn taper_of(
    office: &Office,
    action: &Action,
    case: &CaseRow,
    determination: Option<&DeterminationView>,
) -> Result<Option<TaperSpan>, OfficeError> {
    let tapers = action.effects.iter().any(|effect| **effect == Effect::Taper);
    let months = determination.and_then(|view| determine::taper_months(&view.result));
    let (Some(months), Some(entitlement)) = (months.filter(|_| tapers), case.entitlement) else {
        return Ok(None);
    };
    let (first, last) = determine::taper_span(office.now().today(), months);
    let held = ledger::pages::entitlement(office.db(), &super::effects::LEDGER, entitlement, first).await?;
    Ok(Some(TaperSpan { first, last, monthly: held.monthly }))
}

/// The page of one action.
///
/// # Errors
/// [`OfficeError::NotFound`] if the reader cannot do it at this step.
pub async fn action_page(
    office: &Office,
    doer: Doer<'_>,
    id: CaseId,
    action: &str,
) -> Result<ActionPage, OfficeError> {
    let scope = doer.scope();
    let case = CaseRow::seen(office, doer, id).await?;
    let release = releases::kept(office, &case.release_hash).await?;
    let item = release
        .items
        .get(&case.item)
        .ok_or_else(|| OfficeError::Internal(format!("没有事项 {}", case.item)))?;
    let view = actions(office, doer, &release, item, &case)
        .await?
        .into_iter()
        .find(|known| known.id == action)
        .ok_or(OfficeError::NotFound("这个操作"))?;
    let definition = item.action(action).ok_or(OfficeError::NotFound("这个操作"))?;
    let on = case.accepted_on.unwrap_or(case.filed_on);
    let basis = release.basis_on(&definition.basis, on).iter().map(catalogue::Citation::text).collect();
    let members = members(office.db(), &case).await?;
    let determinations = determine::of_case(office.db(), &office.release(), &scope, id).await?;
    let determination = that_counts(&case, &determinations).cloned();
    let months = months::of_case(office.db(), item, id).await?;
    let taper = taper_of(office, definition, &case, determination.as_ref()).await?;
    let replaced = if definition.effects.iter().any(|effect| **effect == Effect::Grant) {
        replaced::of_case(office, item, &case, determination.as_ref()).await?
    } else {
        Vec::new()
    };
    let division = match doer {
        Doer::Desk(actor) if definition.permission != Permission::Applicant => Some(actor.division),
        _ => None,
    };
    Ok(ActionPage {
        title: item.title.clone(),
        action: view,
        basis,
        determination,
        months,
        taper,
        replaced,
        members,
        division,
        case,
        release: release.clone(),
    })
}
