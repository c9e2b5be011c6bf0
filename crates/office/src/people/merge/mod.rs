//! Two records of one person become one: proposed by one officer, looked at again and done by another, and undone the same way.
//!
//! How it is done: the record that is given up points at the one that stays (`person.merged_into`) and is shown nowhere any more - its number,
//! name and address lead to the one that stays. Whatever belongs to the person follows ([`moving`]), the ledger's rows through
//! [`ledger::identity`], records of registers through their own door; every row that was led is written down, so that the undo leads back
//! exactly these. Proof of what was done under a number - questions to departments, who acted in a case, listed lines, the books' amounts - is
//! never rewritten. That nobody is covered twice stays the key of `coverage`: both records' months stand under one person now.
//!
//! Who: both records must lie in the area of whoever proposes and of whoever confirms. Two townships' are the county's, two counties' the
//! prefecture's; a record outside of one's area is said, not shown.

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{AuditEntry, PersonId, Query, Scope, ScopeColumns, Tx, id_type};

use super::person::{find_person, reindex};
use super::{PersonView, Subject, duplicate, projection};
use crate::access::{Actor, ConfirmMerge, Granted, MergePeople};
use crate::records::follow::{self, Pointed};
use crate::{Office, OfficeError, audited};

pub mod moving;
mod preview;
mod values;
mod view;

pub use preview::{Differing, Preview, Side, merge_preview};
pub use view::{MergePage, MergeState, MergeView, led_on, merge_page, merges, merges_unsound, sheet};

id_type! {
    /// Two records that are, or were thought to be, one person.
    MergeId,
}

/// Two people whom the caller has shown to lie in the actor's area.
const SEEN: Scope = Scope::System("two records that the officer sees both of");

/// Scope columns of `person_merge g`: both records lie in the subtree.
const MERGE_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "NOT EXISTS (SELECT 1 FROM person gp WHERE gp.id IN (g.kept_person_id, g.dropped_person_id) AND NOT EXISTS \
         (SELECT 1 FROM division_closure dc WHERE dc.ancestor_id = ? AND dc.descendant_id IN (gp.division_id, gp.residence_division_id)))",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// Why the number that is given up holds no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFate {
    /// It was typed wrongly and never belonged to the person.
    Mistyped,
    /// The police corrected or cancelled it.
    Police,
}

impl NumberFate {
    /// Both.
    pub const ALL: [NumberFate; 2] = [NumberFate::Mistyped, NumberFate::Police];

    /// As stored and sent.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            NumberFate::Mistyped => "mistyped",
            NumberFate::Police => "police",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            NumberFate::Mistyped => "当初录入错误",
            NumberFate::Police => "公安机关已更正或者注销",
        }
    }

    /// What was sent; none for anything else.
    #[must_use]
    pub fn from_code(code: &str) -> Option<NumberFate> {
        NumberFate::ALL.into_iter().find(|fate| fate.code() == code)
    }
}

/// Which values of the record that is given up hold from now on; what is not named stays as the kept record says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// Fields of the record: `name`, `citizen_id` (with sex and day of birth), `phone`, `division`, `residence`, `died_on`.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Facts, by id, of which the record that is given up is right.
    #[serde(default)]
    pub facts: Vec<String>,
}

impl Choices {
    fn takes(&self, field: &str) -> bool {
        self.fields.iter().any(|taken| taken == field)
    }
}

/// A proposal.
#[derive(Debug, Clone)]
pub struct NewMerge {
    /// Who stays.
    pub kept: PersonId,
    /// Who is given up.
    pub dropped: PersonId,
    /// Which of their values hold.
    pub choices: Choices,
    /// Why the number that is given up holds no longer; none when nobody has found out, which is a refusal.
    pub number_fate: Option<NumberFate>,
    /// The papers that were seen.
    pub evidence: String,
}

/// What is said when both numbers may be right: two valid numbers are two people until the police say otherwise.
const BOTH_VALID: &str =
    "两个身份证号还没有核定哪一个有效。请先请公安机关核定，取得更正或者注销的证明，再提出合并。";

/// Proposes that two records are one person. Nothing changes yet.
///
/// # Errors
/// [`OfficeError::NotFound`] when one of them lies outside; [`OfficeError::Invalid`] by field; [`OfficeError::Conflict`] with everything
/// that must be settled first.
pub async fn propose_merge_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<MergePeople>,
    new: &NewMerge,
) -> Result<MergeId, OfficeError> {
    let NewMerge { kept, dropped, choices, number_fate, evidence } = new;
    let (kept, dropped) = both(office, tx, actor, *kept, *dropped).await?;
    let Some(fate) = number_fate else { return Err(OfficeError::invalid("number_fate", BOTH_VALID)) };
    if evidence.trim().is_empty() {
        return Err(OfficeError::invalid("evidence", "请写明核对过哪些证件和材料。"));
    }
    let waiting: i64 = Query::system(
        moving::MOVING,
        "SELECT COUNT(*) FROM person_merge g WHERE g.state IN ('proposed', 'undo_proposed') \
         AND (g.kept_person_id IN (?, ?) OR g.dropped_person_id IN (?, ?))",
    )
    .bind(kept.id)
    .bind(dropped.id)
    .bind(kept.id)
    .bind(dropped.id)
    .scalar(tx)
    .await?;
    if waiting > 0 {
        return Err(OfficeError::Conflict(
            "这两份档案中有一份正在等待合并或者撤销的复核，请先办完那一件。".to_owned(),
        ));
    }
    refuse(office, tx, actor.level, &kept, &dropped).await?;
    let at = office.now().at_ms();
    let id = Query::system(
        moving::MOVING,
        "INSERT INTO person_merge (kept_person_id, dropped_person_id, state, number_fate, evidence, choices, kept_version, dropped_version, \
         proposed_by, proposed_at) VALUES (?, ?, 'proposed', ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(kept.id)
    .bind(dropped.id)
    .bind(fate.code())
    .bind(evidence.trim())
    .bind(serde_json::to_string(choices).map_err(|error| OfficeError::Internal(error.to_string()))?)
    .bind(kept.version)
    .bind(dropped.version)
    .bind(actor.staff)
    .bind(at)
    .insert(tx)
    .await?;
    audit(tx, actor, at, "merge.proposed", &[&kept, &dropped], MergeId(id), evidence).await?;
    Ok(MergeId(id))
}

fn refuse_obstacles(obstacles: Vec<String>) -> Result<(), OfficeError> {
    if obstacles.is_empty() { Ok(()) } else { Err(OfficeError::Conflict(obstacles.join(""))) }
}

/// Says everything at once that has to be settled first.
async fn refuse(
    office: &Office,
    tx: &Tx,
    reader: vocab::Level,
    kept: &PersonView,
    dropped: &PersonView,
) -> Result<(), OfficeError> {
    let mut obstacles = preview::obstacles(office, tx, reader, kept, dropped).await?;
    obstacles.extend(preview::heads_the_family(tx, kept.id, dropped.id).await?);
    refuse_obstacles(obstacles)
}

/// Both people of the actor's area, neither given up before.
async fn both(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    kept: PersonId,
    dropped: PersonId,
) -> Result<(PersonView, PersonView), OfficeError> {
    if kept == dropped {
        return Err(OfficeError::invalid("other", "请选择另一份档案，不能与自己合并。"));
    }
    for person in [kept.min(dropped), kept.max(dropped)] {
        tx.lock(&format!("person:{person}")).await?;
    }
    let scope = actor.scope();
    Ok((find_person(office, tx, &scope, kept).await?, find_person(office, tx, &scope, dropped).await?))
}

/// One audit row for each of the people, so that each may see it.
async fn audit(
    tx: &Tx,
    actor: &Actor,
    at: i64,
    action: &'static str,
    people: &[&PersonView],
    merge: MergeId,
    words: &str,
) -> Result<(), OfficeError> {
    for person in people {
        tx.audit(AuditEntry {
            division: Some(person.residence),
            details: json!({
                "merge": merge.0, "persons": people.iter().map(|person| person.id.0).collect::<Vec<_>>(), "words": words
            }),
            ..audited(at, actor.audit(), action, ("person", person.id.0))
        })
        .await?;
    }
    Ok(())
}

/// A merge as it stands.
struct Standing {
    kept: PersonId,
    dropped: PersonId,
    state: String,
    choices: Choices,
    versions: (i64, i64),
    proposed_by: store::StaffId,
    settled_at: Option<i64>,
    before: Option<Vec<u8>>,
    undo_by: Option<store::StaffId>,
}

async fn standing(tx: &Tx, actor: &Actor, id: MergeId) -> Result<Standing, OfficeError> {
    let row = Query::new(
        &actor.scope(),
        &MERGE_COLUMNS,
        "SELECT g.kept_person_id, g.dropped_person_id, g.state, g.choices, g.kept_version, g.dropped_version, g.proposed_by, g.settled_at, \
         g.before_sealed, g.undo_by FROM person_merge g WHERE {scope} AND g.id = ?",
    )
    .bind(id)
    .optional(tx)
    .await?
    .ok_or(OfficeError::NotFound("这件合并"))?;
    let (kept, dropped): (PersonId, PersonId) = (row.get("kept_person_id")?, row.get("dropped_person_id")?);
    for person in [kept.min(dropped), kept.max(dropped)] {
        tx.lock(&format!("person:{person}")).await?;
    }
    Ok(Standing {
        kept,
        dropped,
        state: row.get("state")?,
        choices: serde_json::from_str(&row.get::<String>("choices")?)
            .map_err(|error| OfficeError::Internal(error.to_string()))?,
        versions: (row.get("kept_version")?, row.get("dropped_version")?),
        proposed_by: row.get("proposed_by")?,
        settled_at: row.get("settled_at")?,
        before: row.get("before_sealed")?,
        undo_by: row.get("undo_by")?,
    })
}

fn demand_state(standing: &Standing, state: &str) -> Result<(), OfficeError> {
    if standing.state == state { Ok(()) } else { Err(OfficeError::stale()) }
}

fn second_person(first: Option<store::StaffId>, actor: &Actor) -> Result<(), OfficeError> {
    if first == Some(actor.staff) {
        return Err(OfficeError::Separation(
            "提出的人不能自己复核，请由另一位有复核权限的工作人员办理。".to_owned(),
        ));
    }
    Ok(())
}

/// The second person's answer to a proposal: does it, or refuses it with a reason.
///
/// # Errors
/// [`OfficeError::Separation`] for whoever proposed it; [`OfficeError::Conflict`] when a record changed since, or with everything that must
/// be settled first; nothing is done then.
pub async fn settle_merge_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ConfirmMerge>,
    id: MergeId,
    confirmed: bool,
    note: &str,
) -> Result<PersonId, OfficeError> {
    let merge = standing(tx, actor, id).await?;
    demand_state(&merge, "proposed")?;
    second_person(Some(merge.proposed_by), actor)?;
    let at = office.now().at_ms();
    let (kept, dropped) = both(office, tx, actor, merge.kept, merge.dropped).await?;
    if !confirmed {
        if note.trim().is_empty() {
            return Err(OfficeError::invalid("note", "请写明不同意的理由。"));
        }
        settled(tx, id, "refused", actor, at, note, None).await?;
        audit(tx, actor, at, "merge.refused", &[&kept, &dropped], id, note).await?;
        return Ok(kept.id);
    }
    if merge.versions != (kept.version, dropped.version) {
        return Err(OfficeError::Conflict(
            "提出合并以后，其中一份档案又有变动。请不同意这一件，由经办人核对后重新提出。".to_owned(),
        ));
    }
    ledger::identity::lock(tx, kept.id, dropped.id).await?;
    refuse(office, tx, actor.level, &kept, &dropped).await?;
    let before = values::before(office, tx, &kept).await?;
    settled(tx, id, "done", actor, at, note, Some(before)).await?;
    join(office, tx, actor, id, &kept, &dropped, &merge.choices, at).await?;
    audit(tx, actor, at, "merge.done", &[&kept, &dropped], id, note).await?;
    Ok(kept.id)
}

async fn settled(
    tx: &Tx,
    id: MergeId,
    state: &str,
    actor: &Actor,
    at: i64,
    note: &str,
    before: Option<Vec<u8>>,
) -> Result<(), OfficeError> {
    Query::system(
        moving::MOVING,
        "UPDATE person_merge SET state = ?, settled_by = ?, settled_at = ?, settled_note = ?, before_sealed = ? WHERE id = ?",
    )
    .bind(state)
    .bind(actor.staff)
    .bind(at)
    .bind(note.trim())
    .bind(before)
    .bind(id)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// Why records that follow have one version more.
const LED: &str = "重复的人员档案合并为一份";
/// And why again.
const LED_BACK: &str = "撤销人员档案合并";

#[expect(clippy::too_many_arguments, reason = "two people, what holds of them, and who says so")]
async fn join(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    id: MergeId,
    kept: &PersonView,
    dropped: &PersonView,
    choices: &Choices,
    at: i64,
) -> Result<(), OfficeError> {
    let today = office.now().today();
    // Of what both say today only what the officer chose is believed.
    for fact in preview::differing_facts(office, tx, kept.id, dropped.id).await? {
        let loses = if choices.facts.contains(&fact) { kept.id } else { dropped.id };
        moving::end_fact(tx, id, loses, &fact, today, at).await?;
    }
    moving::memberships(tx, id, dropped.id, kept.id, at).await?;
    moving::copy_consents(tx, id, dropped.id, kept.id, today).await?;
    moving::forth(tx, id, dropped.id, kept.id).await?;
    let followed = ledger::identity::follow(tx, dropped.id, kept.id).await?;
    moving::note_benefits(tx, id, &followed).await?;
    values::take_values(tx, kept, dropped, choices).await?;
    Query::system(moving::MOVING, "UPDATE person SET merged_into = ?, version = version + 1 WHERE id = ?")
        .bind(kept.id)
        .bind(dropped.id)
        .execute_one(tx)
        .await?;
    let led = follow::follow(office, tx, actor, &pointed(dropped), &pointed(kept), LED).await?;
    moving::note_records(tx, id, &led).await?;
    settle_flags(tx, id, kept.id, dropped.id, actor, at).await?;
    let last = last_flag(tx).await?;
    duplicate::flag_person(tx, kept.id, at).await?;
    note_new_flags(tx, id, kept.id, last).await?;
    reindex(tx, kept.id).await?;
    reindex(tx, dropped.id).await?;
    project(office, tx, id, kept.id, dropped.id).await
}

const NOW: &str = "person_now.person_id";

/// Today's values: the record that stays has them all, the other none.
async fn project(
    office: &Office,
    tx: &Tx,
    id: MergeId,
    kept: PersonId,
    dropped: PersonId,
) -> Result<(), OfficeError> {
    let there = projected(tx, kept, dropped).await?;
    if there.is_empty() {
        return Ok(());
    }
    projection::refresh_projection(office, tx, &[Subject::Person(kept)]).await?;
    if !there.contains(&kept) {
        moving::note(tx, id, NOW, "made", moving::plain(&[kept.0])).await?;
    }
    if there.contains(&dropped) {
        moving::note(tx, id, NOW, "ended", moving::plain(&[dropped.0])).await?;
        unproject(tx, dropped).await?;
    }
    Ok(())
}

/// Which of two people have today's values.
async fn projected(tx: &Tx, one: PersonId, other: PersonId) -> Result<Vec<PersonId>, OfficeError> {
    let there =
        Query::system(moving::MOVING, "SELECT n.person_id FROM person_now n WHERE n.person_id IN (?, ?)")
            .bind(one)
            .bind(other)
            .scalars(tx)
            .await?;
    Ok(there)
}

async fn unproject(tx: &Tx, person: PersonId) -> Result<(), OfficeError> {
    Query::system(moving::MOVING, "DELETE FROM person_now WHERE person_id = ?")
        .bind(person)
        .execute(tx)
        .await?;
    Ok(())
}

fn pointed(person: &PersonView) -> Pointed<'_> {
    Pointed { id: person.id, name: &person.name, home: person.residence }
}

const FLAGS: &str = "duplicate_flag.person_id";

/// Suspicions that name the record that is given up are answered.
async fn settle_flags(
    tx: &Tx,
    id: MergeId,
    kept: PersonId,
    dropped: PersonId,
    actor: &Actor,
    at: i64,
) -> Result<(), OfficeError> {
    let flags: Vec<i64> = Query::system(
        moving::MOVING,
        "SELECT f.id FROM duplicate_flag f WHERE f.settled_at IS NULL AND (f.person_id = ? OR f.other_person_id = ?) ORDER BY f.id",
    )
    .bind(dropped)
    .bind(dropped)
    .scalars(tx)
    .await?;
    moving::note(tx, id, FLAGS, "settled", moving::plain(&flags)).await?;
    for flag in flags {
        Query::system(
            moving::MOVING,
            "UPDATE duplicate_flag SET settled_at = ?, settled_by = ?, settlement = ? WHERE id = ?",
        )
        .bind(at)
        .bind(actor.staff)
        .bind(format!("是同一个人，已合并到 {kept} 号档案（合并第 {id} 件）"))
        .bind(flag)
        .execute_one(tx)
        .await?;
    }
    Ok(())
}

async fn last_flag(tx: &Tx) -> Result<i64, OfficeError> {
    Ok(Query::system(moving::MOVING, "SELECT COALESCE(MAX(f.id), 0) AS id FROM duplicate_flag f")
        .scalar(tx)
        .await?)
}

/// Suspicions that the joined record raises of itself, behind the last one that stood before.
async fn note_new_flags(tx: &Tx, id: MergeId, kept: PersonId, last: i64) -> Result<(), OfficeError> {
    let made: Vec<i64> = Query::system(
        moving::MOVING,
        "SELECT f.id FROM duplicate_flag f WHERE f.id > ? AND (f.person_id = ? OR f.other_person_id = ?) ORDER BY f.id",
    )
    .bind(last)
    .bind(kept)
    .bind(kept)
    .scalars(tx)
    .await?;
    moving::note(tx, id, FLAGS, "made", moving::plain(&made)).await
}

/// Proposes to undo a merge: they are two people after all.
///
/// # Errors
/// [`OfficeError::Invalid`] without a reason; [`OfficeError::Conflict`] with what happened since that speaks against it.
pub async fn propose_undo_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<MergePeople>,
    id: MergeId,
    reason: &str,
) -> Result<PersonId, OfficeError> {
    let merge = standing(tx, actor, id).await?;
    demand_state(&merge, "done")?;
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请写明撤销的理由和核对过的材料。"));
    }
    refuse_obstacles(preview::undo_obstacles(office, tx, id, &merge).await?)?;
    let at = office.now().at_ms();
    Query::system(
        moving::MOVING,
        "UPDATE person_merge SET state = 'undo_proposed', undo_reason = ?, undo_by = ?, undo_at = ? WHERE id = ?",
    )
    .bind(reason.trim())
    .bind(actor.staff)
    .bind(at)
    .bind(id)
    .execute_one(tx)
    .await?;
    let (kept, dropped) = pair(office, tx, &merge).await?;
    audit(tx, actor, at, "merge.undo_proposed", &[&kept, &dropped], id, reason).await?;
    Ok(kept.id)
}

async fn pair(office: &Office, tx: &Tx, merge: &Standing) -> Result<(PersonView, PersonView), OfficeError> {
    Ok((
        find_person(office, tx, &SEEN, merge.kept).await?,
        find_person(office, tx, &SEEN, merge.dropped).await?,
    ))
}

/// The second person's answer to a proposed undo: leads everything back, or leaves it.
///
/// # Errors
/// As [`settle_merge_in`].
pub async fn settle_undo_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ConfirmMerge>,
    id: MergeId,
    confirmed: bool,
    note: &str,
) -> Result<PersonId, OfficeError> {
    let merge = standing(tx, actor, id).await?;
    demand_state(&merge, "undo_proposed")?;
    second_person(merge.undo_by, actor)?;
    let at = office.now().at_ms();
    let (kept, dropped) = pair(office, tx, &merge).await?;
    if !confirmed {
        if note.trim().is_empty() {
            return Err(OfficeError::invalid("note", "请写明不同意的理由。"));
        }
        Query::system(moving::MOVING, "UPDATE person_merge SET state = 'done' WHERE id = ?")
            .bind(id)
            .execute_one(tx)
            .await?;
        audit(tx, actor, at, "merge.undo_refused", &[&kept, &dropped], id, note).await?;
        return Ok(kept.id);
    }
    refuse_obstacles(preview::undo_obstacles(office, tx, id, &merge).await?)?;
    part(office, tx, actor, id, &merge, (&kept, &dropped)).await?;
    Query::system(
        moving::MOVING,
        "UPDATE person_merge SET state = 'undone', undone_by = ?, undone_at = ? WHERE id = ?",
    )
    .bind(actor.staff)
    .bind(at)
    .bind(id)
    .execute_one(tx)
    .await?;
    audit(tx, actor, at, "merge.undone", &[&kept, &dropped], id, note).await?;
    Ok(kept.id)
}

/// Leads everything back to the record that was given up.
async fn part(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    id: MergeId,
    merge: &Standing,
    (kept, dropped): (&PersonView, &PersonView),
) -> Result<(), OfficeError> {
    Query::system(moving::MOVING, "UPDATE person SET merged_into = NULL, version = version + 1 WHERE id = ?")
        .bind(dropped.id)
        .execute_one(tx)
        .await?;
    values::give_values_back(office, tx, merge, kept, dropped).await?;
    let since = merge.settled_at.unwrap_or_default();
    let followed = moving::noted_benefits(tx, id).await?;
    ledger::identity::follow_back(tx, &followed, since, kept.id, dropped.id).await?;
    moving::back(tx, id, kept.id, dropped.id).await?;
    moving::consents_back(tx, id).await?;
    moving::memberships_back(tx, id, kept.id, dropped.id).await?;
    moving::facts_back(tx, id).await?;
    let led = moving::noted_records(tx, id).await?;
    follow::follow_back(office, tx, actor, &led, &pointed(kept), &pointed(dropped), LED_BACK).await?;
    for (deed, sql) in [
        (
            "settled",
            "UPDATE duplicate_flag SET settled_at = NULL, settled_by = NULL, settlement = NULL WHERE id = ?",
        ),
        ("made", "DELETE FROM duplicate_flag WHERE id = ? AND settled_at IS NULL"),
    ] {
        for flag in moving::noted(tx, id, FLAGS, deed).await? {
            Query::system(moving::MOVING, sql).bind(flag).execute(tx).await?;
        }
    }
    reindex(tx, kept.id).await?;
    reindex(tx, dropped.id).await?;
    let mut told: Vec<PersonId> =
        moving::noted(tx, id, NOW, "ended").await?.into_iter().map(PersonId).collect();
    // Of whom nothing was ever said there is no row, and none is made.
    told.extend(projected(tx, kept.id, kept.id).await?);
    for person in told {
        projection::refresh_projection(office, tx, &[Subject::Person(person)]).await?;
    }
    for person in moving::noted(tx, id, NOW, "made").await? {
        unproject(tx, PersonId(person)).await?;
    }
    Ok(())
}
