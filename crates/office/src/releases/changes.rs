//! A standard changed on a page: proposed by one person with its document, released by another.
//!
//! A proposal is put on top of the packs and checked like a release before it is saved, so that whoever types it hears at once what
//! is wrong. Releasing it makes the next release, which is in force from that moment; what it says holds from its own first day.

use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::DivisionChange;
use chrono::NaiveDate;
use store::{AuditEntry, Connection, Cursor, DivisionId, JobId, Page, Query, Row, Scope, StaffId, Tx};
use vocab::Month;

use super::in_force::{self, Hands, current_hash, released_values};
use super::kept::{compile, kept, load_options};
use super::layer::{self, ReleasedValue};
use super::proposal::{NewStandardChange, StandardLine, checked};
use super::standard_change::demand_subject;
use super::{STANDARD_CHANGE_COLUMNS, StandardChangeId};
use crate::access::{Actor, Granted, ProposeStandard, ReleaseStandard, Right, different_person};
use crate::error::Problems;
use crate::{Office, OfficeError, audited, divisions, people};

/// Job: propose new amounts for everybody whom a released standard concerns. Payload: the change's id.
pub const REVIEW_JOB: &str = "standard_review";

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// Waits for the second person.
    Proposed,
    /// In the packs.
    Released,
    /// The second person said no.
    Refused,
    /// The first person took it back.
    Withdrawn,
}

impl ChangeState {
    /// How the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeState::Proposed => "proposed",
            ChangeState::Released => "released",
            ChangeState::Refused => "refused",
            ChangeState::Withdrawn => "withdrawn",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            ChangeState::Proposed => "待发布",
            ChangeState::Released => "已发布",
            ChangeState::Refused => "未通过",
            ChangeState::Withdrawn => "已撤回",
        }
    }

    fn read(text: &str) -> Result<ChangeState, OfficeError> {
        [ChangeState::Proposed, ChangeState::Released, ChangeState::Refused, ChangeState::Withdrawn]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| OfficeError::Internal(format!("标准变更的状态「{text}」不认识")))
    }
}

/// A change, as pages show it.
#[derive(Debug, Clone)]
pub struct StandardChangeView {
    /// The change.
    pub id: StandardChangeId,
    /// The change that it was proposed with and goes with; none for one that leads, or stands alone.
    pub led_by: Option<StandardChangeId>,
    /// How many changes follow this one.
    pub others: i64,
    /// What it is about, as [`super::Subject`] reads it.
    pub parameter: String,
    /// Where it holds.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// Its code.
    pub division_code: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day for which the document states it.
    pub stated_until: Option<NaiveDate>,
    /// The value, as the packs write it.
    pub value: String,
    /// Title and number of the document, as printed.
    pub source: String,
    /// Scan of the document.
    pub attachment: Option<i64>,
    /// Why.
    pub reason: String,
    /// First month whose amounts are reviewed.
    pub recompute_from: Option<Month>,
    /// Where it stands.
    pub state: ChangeState,
    /// Who proposed it; none when it came with a pack.
    pub proposed_by: Option<StaffId>,
    /// Their name.
    pub proposed_by_name: Option<String>,
    /// When, unix milliseconds.
    pub proposed_at: i64,
    /// Who released, refused or withdrew it.
    pub decided_by_name: Option<String>,
    /// When, unix milliseconds.
    pub decided_at: Option<i64>,
    /// Why it was refused.
    pub decision_reason: Option<String>,
    /// The release that it made.
    pub release_hash: Option<String>,
    /// For forms.
    pub version: i64,
}

/// Saves a proposal, after the packs with it on top were checked. It changes nothing yet.
///
/// # Errors
/// [`OfficeError::Invalid`] with everything that is wrong, the catalogue's findings under `value`;
/// [`OfficeError::Conflict`] when the same value waits for release already.
pub async fn propose(
    office: &Office,
    actor: &Granted<ProposeStandard>,
    new: &NewStandardChange,
) -> Result<StandardChangeId, OfficeError> {
    propose_together(office, actor, new, &[]).await
}

/// Saves a proposal of several standards that one document sets: one change leads, the others follow it, and a second person
/// releases or refuses all of them. What is wrong with a line is told under what the line is about.
///
/// # Errors
/// As [`propose`].
pub async fn propose_together(
    office: &Office,
    actor: &Granted<ProposeStandard>,
    new: &NewStandardChange,
    others: &[StandardLine],
) -> Result<StandardChangeId, OfficeError> {
    let at = office.now().at_ms();
    let base = in_force_now(office).await?;
    divisions::within(office.db(), actor.division, new.division).await?;
    let division = divisions::find(office.db(), new.division).await?;
    let proposed = checked(office, &base, &division.code, new, others)?;
    demand_subjects(&base, actor, &proposed)?;
    build_with(office, &base, &proposed).await?;
    let tx = office.db().begin().await?;
    let mut lead = None;
    for line in &proposed {
        let id = save(&tx, actor, new, line, &base.hash, lead, at).await?;
        lead = lead.or(Some(id));
    }
    tx.commit().await?;
    lead.ok_or_else(|| OfficeError::Internal("没有保存标准变更".to_owned()))
}

/// Saves proposals that each stand alone, all or none, checked together.
///
/// # Errors
/// As [`propose`].
pub(super) async fn propose_all(
    office: &Office,
    actor: &Granted<ProposeStandard>,
    all: &[NewStandardChange],
) -> Result<Vec<StandardChangeId>, OfficeError> {
    let now = office.now();
    let base = in_force_now(office).await?;
    let mut proposed = Vec::with_capacity(all.len());
    for new in all {
        divisions::within(office.db(), actor.division, new.division).await?;
        let division = divisions::find(office.db(), new.division).await?;
        proposed.extend(checked(office, &base, &division.code, new, &[])?);
    }
    demand_subjects(&base, actor, &proposed)?;
    build_with(office, &base, &proposed).await?;
    let tx = office.db().begin().await?;
    let mut saved = Vec::with_capacity(all.len());
    for (new, proposed) in all.iter().zip(&proposed) {
        saved.push(save(&tx, actor, new, proposed, &base.hash, None, now.at_ms()).await?);
    }
    tx.commit().await?;
    Ok(saved)
}

/// Demands that the proposer works for a business that each of the lines is about.
fn demand_subjects(
    base: &Release,
    actor: &Granted<ProposeStandard>,
    proposed: &[ReleasedValue],
) -> Result<(), OfficeError> {
    proposed.iter().try_for_each(|line| demand_subject(base, actor, &line.parameter))
}

async fn save(
    tx: &Tx,
    actor: &Granted<ProposeStandard>,
    new: &NewStandardChange,
    proposed: &ReleasedValue,
    base_hash: &str,
    led_by: Option<StandardChangeId>,
    at: i64,
) -> Result<StandardChangeId, OfficeError> {
    let id = Query::new(
        &actor.scope(),
        &STANDARD_CHANGE_COLUMNS,
        "INSERT INTO standard_change (parameter, division_id, from_on, stated_until, value, document_title, \
         document_number, attachment_id, reason, recompute_from, state, imported, base_hash, proposed_by, proposed_at, led_by) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(proposed.parameter.as_str())
    .bind(new.division)
    .bind(new.from)
    .bind(new.stated_until)
    .bind(proposed.value.as_str())
    .bind(new.document_title.trim())
    .bind(new.document_number.trim())
    .bind(new.attachment)
    .bind(new.reason.trim())
    .bind(new.recompute_from)
    .bind(false)
    .bind(base_hash)
    .bind(actor.staff)
    .bind(at)
    .bind(led_by)
    .insert(tx)
    .await
    .map_err(|error| {
        if error.is_conflict_on("standard_change", &["parameter", "division_id", "from_on"]) {
            OfficeError::Conflict("同一标准、同一地区、同一起始日期已有待发布的变更。请先处理那一条。".to_owned())
        } else {
            error.into()
        }
    })?;
    tx.audit(AuditEntry {
        division: Some(new.division),
        details: serde_json::json!({
            "parameter": proposed.parameter, "division": proposed.division, "from": proposed.from,
            "value": proposed.value, "source": proposed.source,
        }),
        ..audited(at, actor.audit(), "standard.propose", ("standard_change", id))
    })
    .await?;
    Ok(StandardChangeId(id))
}

/// What a release of a change did.
#[derive(Debug, Clone)]
pub struct Released {
    /// The release in force now.
    pub release: Arc<Release>,
    /// The job that proposes new amounts, when the change asks for a review.
    pub review: Option<JobId>,
}

/// Releases a proposal with all its lines: another person than its proposer. The release with it is stored and in force at once.
///
/// # Errors
/// [`OfficeError::Separation`] for the proposer; [`OfficeError::Conflict`] when it is decided already, or no longer fits what was
/// released since; [`OfficeError::NotFound`].
pub async fn release_change(
    office: &Office,
    actor: &Granted<ReleaseStandard>,
    id: StandardChangeId,
    version: i64,
) -> Result<Released, OfficeError> {
    release_changes(office, actor, &[(id, version)]).await
}

/// Releases proposals, with their versions as seen: one release with all of them and what goes with them, or none.
///
/// # Errors
/// As [`release_change`].
pub(super) async fn release_changes(
    office: &Office,
    actor: &Granted<ReleaseStandard>,
    ids: &[(StandardChangeId, i64)],
) -> Result<Released, OfficeError> {
    let now = office.now();
    let mut changes: Vec<(StandardChangeView, StaffId)> = Vec::with_capacity(ids.len());
    for (id, version) in ids {
        for change in waiting(office.db(), actor, *id, *version).await? {
            demand_subject(&office.release(), actor, &change.parameter)?;
            let proposer = change.proposed_by.ok_or(OfficeError::NotFound("这条标准变更"))?;
            different_person(actor, &[proposer], "提出了这条标准变更")?;
            if !changes.iter().any(|(known, _)| known.id == change.id) {
                changes.push((change, proposer));
            }
        }
    }
    let Some((first, proposer)) = changes.first() else {
        return Err(OfficeError::NotFound("这条标准变更"));
    };
    let base = in_force_now(office).await?;
    let proposed: Vec<ReleasedValue> = changes.iter().map(|(change, _)| proposed_value(change)).collect();
    let release = build_with(office, &base, &proposed).await?;
    people::prepare_projections(office.db(), &release).await?;
    crate::records::prepare(office.db(), &release).await?;
    let release = Arc::new(release);

    let tx = office.db().begin().await?;
    tx.lock("release").await?;
    if current_hash(&tx).await?.as_deref() != Some(base.hash.as_str()) {
        return Err(OfficeError::Conflict("刚有另一条标准发布。请刷新页面，核对后再发布这一条。".to_owned()));
    }
    let hands = Hands { made_by: *proposer, released_by: actor.staff };
    in_force::keep_archive(&tx, &release, &first.source, Some(&hands), now).await?;
    let mut review = None;
    for (change, _) in &changes {
        decide(&tx, actor, change, ChangeState::Released, None, Some(&release.hash), now.at_ms()).await?;
        // One review of a family for everything that the document sets.
        if change.recompute_from.is_some() && change.led_by.is_none() {
            review = Some(store::jobs::enqueue_single(&tx, REVIEW_JOB, &change.id.to_string(), None).await?);
        }
    }
    in_force::put_in_force(&tx, &release.hash, Some(actor.staff), now).await?;
    tx.commit().await?;
    office.put_in_force(Arc::clone(&release));
    Ok(Released { release, review })
}

/// The second person says no, with the reason.
///
/// # Errors
/// As [`release_change`]; [`OfficeError::Invalid`] without a reason.
pub async fn refuse_change(
    office: &Office,
    actor: &Granted<ReleaseStandard>,
    id: StandardChangeId,
    version: i64,
    reason: &str,
) -> Result<(), OfficeError> {
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请写明不予发布的原因。"));
    }
    let lines = waiting(office.db(), actor, id, version).await?;
    for change in &lines {
        demand_subject(&office.release(), actor, &change.parameter)?;
        different_person(actor, change.proposed_by.as_slice(), "提出了这条标准变更")?;
    }
    let tx = office.db().begin().await?;
    let at = office.now().at_ms();
    for change in &lines {
        decide(&tx, actor, change, ChangeState::Refused, Some(reason.trim()), None, at).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The proposer takes it back.
///
/// # Errors
/// [`OfficeError::Separation`] for anybody else; [`OfficeError::Conflict`]; [`OfficeError::NotFound`].
pub async fn withdraw_change(
    office: &Office,
    actor: &Granted<ProposeStandard>,
    id: StandardChangeId,
    version: i64,
) -> Result<(), OfficeError> {
    let lines = waiting(office.db(), actor, id, version).await?;
    if lines.iter().any(|change| change.proposed_by != Some(actor.staff)) {
        return Err(OfficeError::Separation(
            "只有提出人可以撤回。不同意的，请由发布人退回并写明原因。".to_owned(),
        ));
    }
    let tx = office.db().begin().await?;
    let at = office.now().at_ms();
    for change in &lines {
        decide(&tx, actor, change, ChangeState::Withdrawn, None, None, at).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn decide(
    tx: &Tx,
    actor: &Actor,
    change: &StandardChangeView,
    state: ChangeState,
    reason: Option<&str>,
    release_hash: Option<&str>,
    at: i64,
) -> Result<(), OfficeError> {
    const CHANGE: &str = "a change found within the actor's scope";
    let changed = Query::system(
        CHANGE,
        "UPDATE standard_change SET state = ?, decided_by = ?, decided_at = ?, decision_reason = ?, release_hash = ?, \
         version = version + 1 WHERE id = ? AND version = ? AND state = 'proposed'",
    )
    .bind(state.as_str())
    .bind(actor.staff)
    .bind(at)
    .bind(reason)
    .bind(release_hash)
    .bind(change.id)
    .bind(change.version)
    .execute(tx)
    .await?;
    if changed != 1 {
        return Err(OfficeError::stale());
    }
    let action = match state {
        ChangeState::Released => "standard.release",
        ChangeState::Refused => "standard.refuse",
        ChangeState::Withdrawn | ChangeState::Proposed => "standard.withdraw",
    };
    tx.audit(AuditEntry {
        division: Some(change.division),
        purpose: reason.map(ToOwned::to_owned),
        details: serde_json::json!({
            "parameter": change.parameter, "division": change.division_code, "from": change.from,
            "value": change.value, "source": change.source, "release": release_hash,
        }),
        ..audited(at, actor.audit(), action, ("standard_change", change.id.0))
    })
    .await?;
    Ok(())
}

pub(super) const VIEW: &str = "SELECT sc.id, sc.parameter, sc.division_id, d.name AS division_name, d.code AS division_code, sc.from_on, \
    sc.stated_until, sc.value, sc.document_title, sc.document_number, sc.attachment_id, sc.reason, sc.recompute_from, sc.state, \
    sc.proposed_by, sp.name AS proposed_by_name, sc.proposed_at, sd.name AS decided_by_name, sc.decided_at, sc.decision_reason, \
    sc.release_hash, sc.version, sc.led_by, (SELECT COUNT(*) FROM standard_change sl WHERE sl.led_by = sc.id) AS others \
    FROM standard_change sc JOIN division d ON d.id = sc.division_id LEFT JOIN staff sp ON sp.id = sc.proposed_by \
    LEFT JOIN staff sd ON sd.id = sc.decided_by";

/// One change.
///
/// # Errors
/// [`OfficeError::NotFound`]; [`OfficeError::Forbidden`] for posts without a part in standards.
pub async fn find_change(
    office: &Office,
    actor: &Actor,
    id: StandardChangeId,
) -> Result<StandardChangeView, OfficeError> {
    may_read(actor)?;
    find_in(office.db(), &actor.scope(), id).await
}

pub(super) async fn find_in(
    connection: &impl Connection,
    scope: &Scope,
    id: StandardChangeId,
) -> Result<StandardChangeView, OfficeError> {
    let row = Query::new(scope, &STANDARD_CHANGE_COLUMNS, format!("{VIEW} WHERE {{scope}} AND sc.id = ?"))
        .bind(id)
        .optional(connection)
        .await?
        .ok_or(OfficeError::NotFound("这条标准变更"))?;
    view(&row)
}

/// A change with everything that was proposed with it, the one that leads first.
pub(super) async fn together(
    connection: &impl Connection,
    scope: &Scope,
    id: StandardChangeId,
) -> Result<Vec<StandardChangeView>, OfficeError> {
    let change = find_in(connection, scope, id).await?;
    let lead = change.led_by.unwrap_or(change.id);
    let sql = format!("{VIEW} WHERE {{scope}} AND (sc.id = ? OR sc.led_by = ?) ORDER BY sc.id");
    let rows = Query::new(scope, &STANDARD_CHANGE_COLUMNS, sql).bind(lead).bind(lead).all(connection).await?;
    rows.iter().map(view).collect()
}

/// Everything that a proposal sets, the line that leads first.
///
/// # Errors
/// As [`find_change`].
pub async fn change_lines(
    office: &Office,
    actor: &Actor,
    id: StandardChangeId,
) -> Result<Vec<StandardChangeView>, OfficeError> {
    may_read(actor)?;
    together(office.db(), &actor.scope(), id).await
}

/// The lines of a proposal that waits, as whoever decides saw it.
async fn waiting(
    connection: &impl Connection,
    actor: &Actor,
    id: StandardChangeId,
    version: i64,
) -> Result<Vec<StandardChangeView>, OfficeError> {
    let lines = together(connection, &actor.scope(), id).await?;
    for change in &lines {
        if change.state != ChangeState::Proposed {
            let state = change.state.title();
            return Err(OfficeError::Conflict(format!("这条标准变更{state}，不能再次处理。")));
        }
        if change.version != version {
            return Err(OfficeError::stale());
        }
    }
    Ok(lines)
}

/// What a change says, as the layer on top of the packs takes it.
pub(super) fn proposed_value(change: &StandardChangeView) -> ReleasedValue {
    ReleasedValue {
        parameter: change.parameter.clone(),
        division: change.division_code.clone(),
        from: change.from,
        stated_until: change.stated_until,
        value: change.value.clone(),
        source: change.source.clone(),
    }
}

/// Changes in one state for the actor's divisions, newest first; what goes with another is told there ([`StandardChangeView::others`]).
///
/// # Errors
/// [`OfficeError::Forbidden`] for posts without a part in standards.
pub async fn changes(
    office: &Office,
    actor: &Actor,
    state: ChangeState,
    cursor: Option<&Cursor>,
    size: u32,
) -> Result<Page<StandardChangeView>, OfficeError> {
    may_read(actor)?;
    let page = Query::new(
        &actor.scope(),
        &STANDARD_CHANGE_COLUMNS,
        format!("{VIEW} WHERE {{scope}} AND sc.state = ? AND sc.led_by IS NULL AND {{after}} ORDER BY sc.id DESC LIMIT ?"),
    )
    .bind(state.as_str())
    .after_descending(&["sc.id"], cursor)
    .bind(size + 1)
    .all(office.db())
    .await?;
    let mut rows = page.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    let next = rows.last().filter(|_| more).map(|last| Cursor::new().integer(last.id.0));
    Ok(Page { rows, next })
}

fn may_read(actor: &Actor) -> Result<(), OfficeError> {
    if [Right::ProposeStandard, Right::ReleaseStandard].iter().any(|right| actor.may(*right)) {
        Ok(())
    } else {
        actor.demand(Right::Report)
    }
}

pub(super) fn view(row: &Row) -> Result<StandardChangeView, OfficeError> {
    Ok(StandardChangeView {
        id: row.get("id")?,
        led_by: row.get("led_by")?,
        others: row.get("others")?,
        parameter: row.get("parameter")?,
        division: row.get("division_id")?,
        division_name: row.get("division_name")?,
        division_code: row.get("division_code")?,
        from: row.get("from_on")?,
        stated_until: row.get("stated_until")?,
        value: row.get("value")?,
        source: layer::source(&row.get::<String>("document_title")?, &row.get::<String>("document_number")?),
        attachment: row.get("attachment_id")?,
        reason: row.get("reason")?,
        recompute_from: row.get("recompute_from")?,
        state: ChangeState::read(&row.get::<String>("state")?)?,
        proposed_by: row.get("proposed_by")?,
        proposed_by_name: row.get("proposed_by_name")?,
        proposed_at: row.get("proposed_at")?,
        decided_by_name: row.get("decided_by_name")?,
        decided_at: row.get("decided_at")?,
        decision_reason: row.get("decision_reason")?,
        release_hash: row.get("release_hash")?,
        version: row.get("version")?,
    })
}

/// The release in force by the database, whatever this process believes.
pub(super) async fn in_force_now(office: &Office) -> Result<Arc<Release>, OfficeError> {
    match current_hash(office.db()).await? {
        Some(hash) => kept(office, &hash).await,
        None => Err(OfficeError::Conflict("数据库里还没有装入政策配置包。请先由管理员装入。".to_owned())),
    }
}

/// The packs with everything released so far and these on top.
pub(super) async fn build_with(
    office: &Office,
    base: &Arc<Release>,
    proposed: &[ReleasedValue],
) -> Result<Release, OfficeError> {
    build_on_top(office, base, proposed, Vec::new()).await
}

/// The same with changes of divisions that take effect now.
pub(super) async fn build_on_top(
    office: &Office,
    base: &Arc<Release>,
    proposed: &[ReleasedValue],
    taking_effect: Vec<DivisionChange>,
) -> Result<Release, OfficeError> {
    let mut values = released_values(office.db()).await?;
    values.extend_from_slice(proposed);
    let mut changes = divisions::in_effect(office.db()).await?;
    changes.extend(taking_effect);
    let (base, options) = (Arc::clone(base), load_options(office.db()));
    compile(move || layer::build(&base, &values, &changes, options)).await?.map_err(|findings| {
        let mut problems = Problems::default();
        for finding in findings.iter().filter(|finding| finding.severity == catalogue::Severity::Error) {
            let expected = if finding.expected.is_empty() {
                String::new()
            } else {
                format!("应为：{}。", finding.expected)
            };
            problems.add("value", format!("{}。{expected}", finding.zh));
        }
        match problems.none_or_refuse() {
            Err(refused) => refused,
            Ok(()) => OfficeError::Internal("配置检查没有通过，也没有说明原因".to_owned()),
        }
    })
}
