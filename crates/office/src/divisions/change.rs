//! A change of the tree in two hands: prepared by one person with the document that ordered it, approved by another, withdrawn as long as it is
//! not in effect. What took effect is undone only by a contrary change.

use chrono::NaiveDate;
use store::{AuditEntry, Connection, Cursor, DivisionId, Page, Query, Row, StaffId, Tx};
use vocab::Month;

use super::nodes::Tree;
use super::plan::{Planned, plan};
use super::wanted::{ChangeKind, Wanted};
use super::{DivisionChangeId, effect, is_within, served, touched};
use crate::access::{Actor, Granted, ProposeStandard, ReleaseStandard, Right, different_person};
use crate::casework::AttachmentId;
use crate::casework::attachments::{self, AttachmentView};
use crate::error::Problems;
use crate::{Office, OfficeError, audited};

const CHANGES: &str = "changes of the tree of divisions are read by whoever may read them";

/// What is typed on the page.
#[derive(Debug, Clone)]
pub struct NewDivisionChange {
    /// What is changed, and how.
    pub wanted: Wanted,
    /// The day from which it is so.
    pub on: NaiveDate,
    /// Title of the document that ordered it.
    pub document_title: String,
    /// Its number (文号).
    pub document_number: String,
    /// Its date.
    pub document_on: NaiveDate,
    /// Its scan, uploaded by the proposer.
    pub attachment: Option<AttachmentId>,
    /// Notes for the person who approves it.
    pub reason: String,
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// Waits for the second person.
    Proposed,
    /// Waits for its day.
    Approved,
    /// The second person said no.
    Refused,
    /// Taken back before it took effect.
    Withdrawn,
    /// The tree is what it says.
    Effective,
}

impl ChangeState {
    /// All, in the order of lists.
    pub const ALL: [ChangeState; 5] = [
        ChangeState::Proposed,
        ChangeState::Approved,
        ChangeState::Effective,
        ChangeState::Refused,
        ChangeState::Withdrawn,
    ];

    /// How the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeState::Proposed => "proposed",
            ChangeState::Approved => "approved",
            ChangeState::Refused => "refused",
            ChangeState::Withdrawn => "withdrawn",
            ChangeState::Effective => "effective",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            ChangeState::Proposed => "待批准",
            ChangeState::Approved => "待生效",
            ChangeState::Refused => "未批准",
            ChangeState::Withdrawn => "已撤回",
            ChangeState::Effective => "已生效",
        }
    }
}

/// A change, as pages show it.
#[derive(Debug, Clone)]
pub struct DivisionChangeView {
    /// The change.
    pub id: DivisionChangeId,
    /// In a sentence, with the names of then.
    pub title: String,
    /// What it does.
    pub wanted: Wanted,
    /// From this day.
    pub on: NaiveDate,
    /// Title of the document.
    pub document_title: String,
    /// Its number.
    pub document_number: String,
    /// Its date.
    pub document_on: NaiveDate,
    /// Its scan.
    pub attachment: Option<AttachmentId>,
    /// Notes.
    pub reason: String,
    /// Where it stands.
    pub state: ChangeState,
    /// Who prepared it.
    pub proposed_by: StaffId,
    /// Their name.
    pub proposed_by_name: String,
    /// Who approved or refused it.
    pub decided_by: Option<StaffId>,
    /// Their name.
    pub decided_by_name: Option<String>,
    /// Why it was refused.
    pub decision_reason: Option<String>,
    /// Why it could not take effect on its day.
    pub failed: Option<String>,
    /// For forms.
    pub version: i64,
}

impl DivisionChangeView {
    /// The document as printed: 《…》（…）.
    #[must_use]
    pub fn source(&self) -> String {
        format!("《{}》（{}）", self.document_title, self.document_number)
    }
}

/// The place whose tree this is; only whoever works for all of it changes it.
async fn home(office: &Office, actor: &Actor) -> Result<DivisionId, OfficeError> {
    let home = served(office).await?.ok_or(OfficeError::NotFound("本地的行政区划"))?;
    if is_within(office.db(), actor.division, home.id).await? {
        Ok(home.id)
    } else {
        Err(OfficeError::Separation(format!("区划调整由{}民政局统一提出和批准。", home.name)))
    }
}

/// Checks a wanted change against the tree, the people and the money that lie in it.
pub(super) async fn planned(
    office: &Office,
    connection: &impl Connection,
    home: DivisionId,
    wanted: &Wanted,
    on: NaiveDate,
) -> Result<Planned, OfficeError> {
    let tree = Tree::read(connection).await?;
    let release = office.release();
    let plan = plan(&tree, &release, home, wanted, on)?;
    let mut problems = Problems::default();
    if wanted.kind == ChangeKind::End {
        for subject in &wanted.subjects {
            let left = touched::left_in(office, connection, *subject).await?;
            if !left.is_empty() {
                let message = format!(
                    "里面还有{}。请先办完或者改归别处；要把它们一起交给别的区划，请选“合并”或者“拆分”。",
                    left.join("、")
                );
                problems.add("subjects", message);
            }
        }
    }
    if !plan.other_county.is_empty() {
        let month = Month::containing(office.now().today());
        let (cases, benefits) = touched::money_in(connection, &plan.other_county, month).await?;
        if cases + benefits > 0 {
            let message = format!(
                "改归另一个县（区）的区划里还有 {cases} 件正在办理的办件、{benefits} 份在享的待遇。各县分别记账：请先在原县办结、终止，再到新县重新确认。"
            );
            problems.add("into", message);
        }
    }
    problems.none_or_refuse()?;
    Ok(plan)
}

/// Saves a proposal after it was checked. It changes nothing yet.
///
/// # Errors
/// [`OfficeError::Invalid`] with everything that is wrong; [`OfficeError::Conflict`] when one of the divisions waits for another change;
/// [`OfficeError::Forbidden`] for whoever does not work for the whole place.
pub async fn propose(
    office: &Office,
    actor: &Granted<ProposeStandard>,
    new: &NewDivisionChange,
) -> Result<DivisionChangeId, OfficeError> {
    let home = home(office, actor).await?;
    let now = office.now();
    let mut problems = Problems::default();
    let (title, number) = (new.document_title.trim(), new.document_number.trim());
    if title.is_empty() {
        problems.add("document_title", "请填写批准这一调整的文件名称。");
    }
    if number.is_empty() {
        problems.add("document_number", "请填写文号，如 内政函〔2026〕30号。");
    }
    if !office.db().synthetic() && (title.contains("演示") || number.contains("演示")) {
        problems.add("document_title", "正式系统不能使用演示文件。请填写真实文件的名称和文号。");
    }
    if new.document_on > now.today() {
        problems.add("document_on", "文件日期不能晚于今天。");
    }
    if new.on < new.document_on {
        problems.add("on", "生效日期不能早于文件日期。");
    }
    if new.on > Month::LAST.last_day() {
        problems.add("on", "生效日期不对，应如 2026-12-01。");
    }
    problems.none_or_refuse()?;
    let plan = planned(office, office.db(), home, &new.wanted, new.on).await?;
    let tx = office.db().begin().await?;
    let owner = format!("staff:{}", actor.staff);
    if let Some(file) = new.attachment
        && attachments::owned(&tx, &owner, &[file]).await?.is_empty()
    {
        return Err(OfficeError::invalid("attachment", "文件没有传上来，请重新选择。"));
    }
    let wanted = serde_json::to_string(&new.wanted)
        .map_err(|error| OfficeError::Internal(format!("区划调整写不下来：{error}")))?;
    let id = Query::system(
        CHANGES,
        "INSERT INTO division_change (kind, division_id, title, wanted, effective_on, document_title, document_number, document_on, \
         attachment_id, reason, state, proposed_by, proposed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?, ?) RETURNING id",
    )
    .bind(new.wanted.kind.as_str())
    .bind(home)
    .bind(plan.title.as_str())
    .bind(wanted)
    .bind(new.on)
    .bind(title)
    .bind(number)
    .bind(new.document_on)
    .bind(new.attachment)
    .bind(new.reason.trim())
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    for division in &plan.about {
        Query::system(
            CHANGES,
            "INSERT INTO division_change_of (change_id, division_id, waits) VALUES (?, ?, ?)",
        )
        .bind(id)
        .bind(*division)
        .bind(true)
        .execute(&tx)
        .await
        .map_err(|error| {
            if error.is_conflict_on("division_change_of", &["division_id"]) {
                OfficeError::Conflict(
                    "其中一个区划已经有等待批准或者生效的调整。请先办完或者撤回那一件。".to_owned(),
                )
            } else {
                error.into()
            }
        })?;
    }
    if let Some(file) = new.attachment {
        attachments::give(&tx, &owner, &[file], &format!("division_change:{id}")).await?;
    }
    tx.audit(AuditEntry {
        division: Some(home),
        details: serde_json::json!({ "title": plan.title, "on": new.on, "document": number }),
        ..audited(now.at_ms(), actor.audit(), "division.propose", ("division_change", id))
    })
    .await?;
    tx.commit().await?;
    Ok(DivisionChangeId(id))
}

/// Approves a proposal: another person than its proposer. It takes effect on its day, or at once when that is today or over. Says where it
/// stands now.
///
/// # Errors
/// [`OfficeError::Separation`] for the proposer; [`OfficeError::Invalid`] when it no longer fits the tree; [`OfficeError::Conflict`].
pub async fn approve(
    office: &Office,
    actor: &Granted<ReleaseStandard>,
    id: DivisionChangeId,
    version: i64,
) -> Result<ChangeState, OfficeError> {
    let home = home(office, actor).await?;
    let change = standing(office, actor, id, version, &[ChangeState::Proposed]).await?;
    different_person(actor, &[change.proposed_by], "提出了这次区划调整")?;
    planned(office, office.db(), home, &change.wanted, change.on).await?;
    let tx = office.db().begin().await?;
    settle(
        &tx,
        actor,
        &change,
        Settling { state: ChangeState::Approved, reason: None, at: office.now().at_ms() },
    )
    .await?;
    tx.commit().await?;
    if change.on <= office.now().today() {
        effect::take_effect(office, id).await?;
    }
    Ok(find(office.db(), id).await?.state)
}

/// The second person says no, with the reason.
///
/// # Errors
/// As [`approve`]; [`OfficeError::Invalid`] without a reason.
pub async fn refuse(
    office: &Office,
    actor: &Granted<ReleaseStandard>,
    id: DivisionChangeId,
    version: i64,
    reason: &str,
) -> Result<(), OfficeError> {
    home(office, actor).await?;
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请写明不予批准的原因。"));
    }
    let change = standing(office, actor, id, version, &[ChangeState::Proposed]).await?;
    different_person(actor, &[change.proposed_by], "提出了这次区划调整")?;
    let tx = office.db().begin().await?;
    let settling =
        Settling { state: ChangeState::Refused, reason: Some(reason.trim()), at: office.now().at_ms() };
    settle(&tx, actor, &change, settling).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a change back before it takes effect: whoever prepared it, or whoever approved it.
///
/// # Errors
/// [`OfficeError::Separation`] for anybody else; [`OfficeError::Conflict`] once it is in effect.
pub async fn withdraw(
    office: &Office,
    actor: &Actor,
    id: DivisionChangeId,
    version: i64,
) -> Result<(), OfficeError> {
    home(office, actor).await?;
    let change =
        standing(office, actor, id, version, &[ChangeState::Proposed, ChangeState::Approved]).await?;
    if change.proposed_by != actor.staff && change.decided_by != Some(actor.staff) {
        return Err(OfficeError::Separation("只有提出人和批准人可以撤回。".to_owned()));
    }
    let tx = office.db().begin().await?;
    settle(
        &tx,
        actor,
        &change,
        Settling { state: ChangeState::Withdrawn, reason: None, at: office.now().at_ms() },
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

struct Settling<'a> {
    state: ChangeState,
    reason: Option<&'a str>,
    at: i64,
}

async fn settle(
    tx: &Tx,
    actor: &Actor,
    change: &DivisionChangeView,
    settling: Settling<'_>,
) -> Result<(), OfficeError> {
    let Settling { state, reason, at } = settling;
    let who = if state == ChangeState::Withdrawn { "withdrawn" } else { "decided" };
    let changed = Query::system(
        CHANGES,
        format!(
            "UPDATE division_change SET state = ?, {who}_by = ?, {who}_at = ?, decision_reason = ?, version = version + 1 \
             WHERE id = ? AND version = ?"
        ),
    )
    .bind(state.as_str())
    .bind(actor.staff)
    .bind(at)
    .bind(reason)
    .bind(change.id)
    .bind(change.version)
    .execute(tx)
    .await?;
    if changed != 1 {
        return Err(OfficeError::stale());
    }
    if state != ChangeState::Approved {
        waits_no_more(tx, change.id).await?;
    }
    let action = match state {
        ChangeState::Approved => "division.approve",
        ChangeState::Refused => "division.refuse",
        ChangeState::Withdrawn => "division.withdraw",
        ChangeState::Proposed | ChangeState::Effective => "division.propose",
    };
    tx.audit(AuditEntry {
        division: Some(actor.division),
        purpose: reason.map(ToOwned::to_owned),
        details: serde_json::json!({ "title": change.title, "on": change.on }),
        ..audited(at, actor.audit(), action, ("division_change", change.id.0))
    })
    .await?;
    Ok(())
}

/// The divisions of a change are free for another.
pub(super) async fn waits_no_more(tx: &Tx, id: DivisionChangeId) -> Result<(), OfficeError> {
    Query::system(CHANGES, "UPDATE division_change_of SET waits = ? WHERE change_id = ?")
        .bind(false)
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

const VIEW: &str = "SELECT x.id, x.title, x.wanted, x.effective_on, x.document_title, x.document_number, x.document_on, x.attachment_id, \
    x.reason, x.state, x.proposed_by, p.name AS proposed_by_name, x.decided_by, d.name AS decided_by_name, x.decision_reason, x.failed, \
    x.version FROM division_change x JOIN staff p ON p.id = x.proposed_by LEFT JOIN staff d ON d.id = x.decided_by";

fn view(row: &Row) -> Result<DivisionChangeView, OfficeError> {
    let state: String = row.get("state")?;
    let state = ChangeState::ALL.into_iter().find(|known| known.as_str() == state);
    let wanted = serde_json::from_str(&row.get::<String>("wanted")?)
        .map_err(|error| OfficeError::Internal(format!("区划调整读不出来：{error}")))?;
    Ok(DivisionChangeView {
        id: row.get("id")?,
        title: row.get("title")?,
        wanted,
        on: row.get("effective_on")?,
        document_title: row.get("document_title")?,
        document_number: row.get("document_number")?,
        document_on: row.get("document_on")?,
        attachment: row.get("attachment_id")?,
        reason: row.get("reason")?,
        state: state.ok_or_else(|| OfficeError::Internal("区划调整的状态不认识".to_owned()))?,
        proposed_by: row.get("proposed_by")?,
        proposed_by_name: row.get("proposed_by_name")?,
        decided_by: row.get("decided_by")?,
        decided_by_name: row.get("decided_by_name")?,
        decision_reason: row.get("decision_reason")?,
        failed: row.get("failed")?,
        version: row.get("version")?,
    })
}

/// One change, without asking who reads it.
pub(super) async fn find(
    connection: &impl Connection,
    id: DivisionChangeId,
) -> Result<DivisionChangeView, OfficeError> {
    let row = Query::system(CHANGES, format!("{VIEW} WHERE x.id = ?"))
        .bind(id)
        .optional(connection)
        .await?
        .ok_or(OfficeError::NotFound("这次区划调整"))?;
    view(&row)
}

/// One change. What is not in effect yet is read by those who prepare, approve or report for the whole place; the rest by everybody.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn find_change(
    office: &Office,
    actor: &Actor,
    id: DivisionChangeId,
) -> Result<DivisionChangeView, OfficeError> {
    let change = find(office.db(), id).await?;
    if change.state == ChangeState::Effective || may_prepare(office, actor).await? {
        Ok(change)
    } else {
        Err(OfficeError::NotFound("这次区划调整"))
    }
}

/// Whether somebody reads changes that are still being prepared.
async fn may_prepare(office: &Office, actor: &Actor) -> Result<bool, OfficeError> {
    let rights = [Right::ProposeStandard, Right::ReleaseStandard];
    Ok(rights.iter().any(|right| actor.may(*right)) && home(office, actor).await.is_ok())
}

async fn standing(
    office: &Office,
    actor: &Actor,
    id: DivisionChangeId,
    version: i64,
    states: &[ChangeState],
) -> Result<DivisionChangeView, OfficeError> {
    let change = find_change(office, actor, id).await?;
    if !states.contains(&change.state) {
        let state = change.state.title();
        return Err(OfficeError::Conflict(format!(
            "这次调整{state}，不能再这样处理。已经生效的，只能另办一次相反的调整。"
        )));
    }
    if change.version != version {
        return Err(OfficeError::stale());
    }
    Ok(change)
}

/// Changes in one state, newest first; others than those in effect only for whoever prepares them.
///
/// # Errors
/// The database.
pub async fn changes(
    office: &Office,
    actor: &Actor,
    state: ChangeState,
    cursor: Option<&Cursor>,
    size: u32,
) -> Result<Page<DivisionChangeView>, OfficeError> {
    if state != ChangeState::Effective && !may_prepare(office, actor).await? {
        return Ok(Page { rows: Vec::new(), next: None });
    }
    let rows =
        Query::system(CHANGES, format!("{VIEW} WHERE x.state = ? AND {{after}} ORDER BY x.id DESC LIMIT ?"))
            .bind(state.as_str())
            .after_descending(&["x.id"], cursor)
            .bind(size + 1)
            .all(office.db())
            .await?;
    let mut rows = rows.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    let next = rows.last().filter(|_| more).map(|last| Cursor::new().integer(last.id.0));
    Ok(Page { rows, next })
}

/// The scan of the document of a change, for whoever reads the change.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn document(
    office: &Office,
    actor: &Actor,
    id: DivisionChangeId,
) -> Result<(AttachmentView, Vec<u8>), OfficeError> {
    let missing = || OfficeError::NotFound("这个文件");
    let change = find_change(office, actor, id).await?;
    let (owner, file, content) = attachments::taken(office, change.attachment.ok_or_else(missing)?).await?;
    if owner != format!("division_change:{id}") {
        return Err(missing());
    }
    let entry = AuditEntry {
        division: Some(actor.division),
        ..audited(office.now().at_ms(), actor.audit(), "division.file_opened", ("division_change", id.0))
    };
    office.db().audit_read(entry).await?;
    Ok((file, content))
}
