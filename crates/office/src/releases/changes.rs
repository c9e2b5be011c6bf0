//! A standard changed on a page: proposed by one person with its document, released by another.
//!
//! A proposal is put on top of the packs and checked like a release before it is saved, so that whoever types it hears at once what
//! is wrong. Releasing it makes the next release, which is in force from that moment; what it says holds from its own first day.

use std::sync::Arc;

use catalogue::definition::{DivisionChange, Parameter, ValueKind};
use catalogue::{Number, Release};
use chrono::NaiveDate;
use store::{AuditEntry, Connection, Cursor, DivisionId, JobId, Page, Query, Row, Scope, StaffId, Tx};
use vocab::Month;

use super::in_force::{self, Hands, current_hash, released_values};
use super::kept::{compile, kept, load_options};
use super::layer::{self, ReleasedValue};
use super::rule_part::RulePart;
use super::{STANDARD_CHANGE_COLUMNS, StandardChangeId};
use crate::access::{Actor, Granted, ProposeStandard, ReleaseStandard, Right, different_person};
use crate::error::Problems;
use crate::{Office, OfficeError, audited, divisions, people};

/// Job: propose new amounts for everybody whom a released standard concerns. Payload: the change's id.
pub const REVIEW_JOB: &str = "standard_review";

/// What is typed on the page.
#[derive(Debug, Clone)]
pub struct NewStandardChange {
    /// The parameter's id, or a [`RulePart`].
    pub parameter: String,
    /// Where it holds, with everything below that has no value of its own; a rule holds everywhere.
    pub division: DivisionId,
    /// First day.
    pub from: NaiveDate,
    /// Last day for which the document states it, when it does.
    pub stated_until: Option<NaiveDate>,
    /// The value as typed: `786`, `1.5`, `是`, a code, a date; the expression of a rule.
    pub value: String,
    /// Title of the document that sets it.
    pub document_title: String,
    /// Its number (文号).
    pub document_number: String,
    /// Its scan, when it was uploaded.
    pub attachment: Option<i64>,
    /// Why, for the person who releases it.
    pub reason: String,
    /// First month whose amounts are reviewed after the release; none leaves what is paid to the ordinary reviews.
    pub recompute_from: Option<Month>,
}

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
    /// The parameter's id.
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
    let saved = propose_all(office, actor, std::slice::from_ref(new)).await?;
    saved.first().copied().ok_or_else(|| OfficeError::Internal("没有保存标准变更".to_owned()))
}

/// Saves proposals that belong together, all or none, checked together.
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
        proposed.push(checked(office, &base, &division.code, new)?);
    }
    build_with(office, &base, &proposed).await?;
    let tx = office.db().begin().await?;
    let mut saved = Vec::with_capacity(all.len());
    for (new, proposed) in all.iter().zip(&proposed) {
        saved.push(save(&tx, actor, new, proposed, &base.hash, now.at_ms()).await?);
    }
    tx.commit().await?;
    Ok(saved)
}

async fn save(
    tx: &Tx,
    actor: &Granted<ProposeStandard>,
    new: &NewStandardChange,
    proposed: &ReleasedValue,
    base_hash: &str,
    at: i64,
) -> Result<StandardChangeId, OfficeError> {
    let id = Query::new(
        &actor.scope(),
        &STANDARD_CHANGE_COLUMNS,
        "INSERT INTO standard_change (parameter, division_id, from_on, stated_until, value, document_title, \
         document_number, attachment_id, reason, recompute_from, state, imported, base_hash, proposed_by, proposed_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?, ?, ?, ?) RETURNING id",
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

/// Releases a proposal: another person than its proposer. The release with it is stored and in force at once.
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

/// Releases proposals that belong together, with their versions as seen: one release with all of them, or none.
///
/// # Errors
/// As [`release_change`].
pub(super) async fn release_changes(
    office: &Office,
    actor: &Granted<ReleaseStandard>,
    ids: &[(StandardChangeId, i64)],
) -> Result<Released, OfficeError> {
    let now = office.now();
    let mut changes = Vec::with_capacity(ids.len());
    for (id, version) in ids {
        let change = waiting(office.db(), actor, *id, *version).await?;
        let proposer = change.proposed_by.ok_or(OfficeError::NotFound("这条标准变更"))?;
        different_person(actor, &[proposer], "提出了这条标准变更")?;
        changes.push((change, proposer));
    }
    let Some((first, proposer)) = changes.first() else {
        return Err(OfficeError::NotFound("这条标准变更"));
    };
    let base = in_force_now(office).await?;
    let proposed = |(change, _): &(StandardChangeView, StaffId)| ReleasedValue {
        parameter: change.parameter.clone(),
        division: change.division_code.clone(),
        from: change.from,
        stated_until: change.stated_until,
        value: change.value.clone(),
        source: change.source.clone(),
    };
    let release = build_with(office, &base, &changes.iter().map(proposed).collect::<Vec<_>>()).await?;
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
        if change.recompute_from.is_some() {
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
    let change = waiting(office.db(), actor, id, version).await?;
    different_person(actor, change.proposed_by.as_slice(), "提出了这条标准变更")?;
    let tx = office.db().begin().await?;
    let at = office.now().at_ms();
    decide(&tx, actor, &change, ChangeState::Refused, Some(reason.trim()), None, at).await?;
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
    let change = waiting(office.db(), actor, id, version).await?;
    if change.proposed_by != Some(actor.staff) {
        return Err(OfficeError::Separation(
            "只有提出人可以撤回。不同意的，请由发布人退回并写明原因。".to_owned(),
        ));
    }
    let tx = office.db().begin().await?;
    decide(&tx, actor, &change, ChangeState::Withdrawn, None, None, office.now().at_ms()).await?;
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
    sc.release_hash, sc.version \
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
    find(office.db(), actor, id).await
}

async fn find(
    connection: &impl Connection,
    actor: &Actor,
    id: StandardChangeId,
) -> Result<StandardChangeView, OfficeError> {
    find_in(connection, &actor.scope(), id).await
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

async fn waiting(
    connection: &impl Connection,
    actor: &Actor,
    id: StandardChangeId,
    version: i64,
) -> Result<StandardChangeView, OfficeError> {
    let change = find(connection, actor, id).await?;
    if change.state != ChangeState::Proposed {
        return Err(OfficeError::Conflict(format!("这条标准变更{}，不能再次处理。", change.state.title())));
    }
    if change.version != version {
        return Err(OfficeError::stale());
    }
    Ok(change)
}

/// Changes in one state for the actor's divisions, newest first.
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
        format!("{VIEW} WHERE {{scope}} AND sc.state = ? AND {{after}} ORDER BY sc.id DESC LIMIT ?"),
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

/// What was typed as what the packs write, or everything that is wrong with it.
fn checked(
    office: &Office,
    base: &Release,
    division: &str,
    new: &NewStandardChange,
) -> Result<ReleasedValue, OfficeError> {
    let mut problems = Problems::default();
    let rule = RulePart::read(&new.parameter);
    let parameter = base.parameters.get(&new.parameter);
    if rule.is_none() && parameter.is_none() {
        return Err(OfficeError::invalid("parameter", "没有这项标准。请从列表中选择。"));
    }
    if rule.is_some() && base.home().is_some_and(|home| home != division) {
        problems.add("division", "规则对全市一律适用，不能只改一个地区。请选择本市。");
    }
    let (title, number) = (new.document_title.trim(), new.document_number.trim());
    if title.is_empty() {
        problems.add("document_title", "请填写发布这一标准的文件名称。");
    }
    if number.is_empty() {
        problems.add("document_number", "请填写文号，如 乌海民发〔2026〕15号。");
    }
    if !office.db().synthetic() && (title.contains("演示") || number.contains("演示")) {
        problems.add("document_title", "正式系统不能使用演示参数。请填写真实文件的名称和文号。");
    }
    if new.reason.trim().is_empty() {
        problems.add("reason", "请写明变更原因，供发布人核对。");
    }
    if new.from < Month::FIRST.first_day() || new.from > Month::LAST.last_day() {
        problems.add("from", "起始日期不对，应如 2026-07-01。");
    }
    let monthly = parameter.is_some_and(|parameter| parameter.monthly);
    if monthly && new.from != Month::containing(new.from).first_day() {
        problems.add("from", "这是每月公布的数，只在当月有效，起始日期应是那个月的一日。");
    }
    if new.stated_until.is_some_and(|until| until < new.from) {
        problems.add("stated_until", "文件规定的截止日期早于起始日期。");
    }
    if new.recompute_from.is_some_and(|month| month.last_day() < new.from) {
        problems.add("recompute_from", "复核金额的起始月份早于标准的起始日期。");
    }
    let value = parameter
        .map(|parameter| problems.keep("value", read_value(base, parameter, &new.value)).unwrap_or_default());
    problems.none_or_refuse()?;
    let value = match rule {
        Some(rule) => Some(rule.checked(base, new.from, &new.value)?),
        None => value,
    };
    Ok(ReleasedValue {
        parameter: new.parameter.clone(),
        division: division.to_owned(),
        from: new.from,
        stated_until: new.stated_until,
        value: value.unwrap_or_default(),
        source: layer::source(title, number),
    })
}

/// A typed value in the packs' spelling.
pub(crate) fn read_value(release: &Release, parameter: &Parameter, typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    match *parameter.kind {
        ValueKind::Money | ValueKind::Integer | ValueKind::Decimal => {
            let plain = typed.replace([',', ','], "");
            let number: Number =
                plain.parse().map_err(|_| format!("「{typed}」不是数。请只填数字，如 786 或 786.50。"))?;
            let places = match *parameter.kind {
                ValueKind::Money => 2,
                ValueKind::Integer => 0,
                _ => parameter.scale.unwrap_or(0),
            };
            if number.scale() > places {
                return Err(if places == 0 {
                    "请填整数。".to_owned()
                } else {
                    format!("小数最多{places}位。")
                });
            }
            let below = parameter.min.as_ref().is_some_and(|min| number < *min.get());
            let above = parameter.max.as_ref().is_some_and(|max| number > *max.get());
            if below || above {
                let bound = |bound: Option<&catalogue::Located<Number>>| {
                    bound.map_or_else(|| "不限".to_owned(), |bound| bound.get().to_string())
                };
                return Err(format!(
                    "{number} 超出允许的范围（{} 到 {}{}）。请核对文件。",
                    bound(parameter.min.as_ref()),
                    bound(parameter.max.as_ref()),
                    parameter.unit.as_deref().map(|unit| format!("，{unit}")).unwrap_or_default()
                ));
            }
            Ok(number.to_string())
        }
        ValueKind::Boolean => match typed {
            "true" | "yes" | "是" => Ok("true".to_owned()),
            "false" | "no" | "否" => Ok("false".to_owned()),
            _ => Err("请选择「是」或「否」。".to_owned()),
        },
        ValueKind::Date => typed
            .parse::<NaiveDate>()
            .map(|date| date.to_string())
            .map_err(|_| "日期应如 2026-07-01。".to_owned()),
        ValueKind::Month => {
            typed.parse::<Month>().map(|month| month.to_string()).map_err(|_| "月份应如 2026-07。".to_owned())
        }
        ValueKind::Code => {
            let list = parameter.codelist.as_ref().and_then(|list| release.codelists.get(list));
            match list {
                Some(list) if list.title_of(typed).is_some() => Ok(typed.to_owned()),
                _ => Err("请从列表中选择一项。".to_owned()),
            }
        }
        ValueKind::Text if typed.is_empty() => Err("请填写内容。".to_owned()),
        ValueKind::Text => Ok(typed.to_owned()),
    }
}
