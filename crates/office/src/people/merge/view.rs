//! Merges as pages show them, and whether what was merged is sound.

use store::{AuditEntry, Connection, Cursor, Page, PersonId, Query, Row, Scope};

use super::{Choices, MERGE_COLUMNS, MergeId, NumberFate, Preview, moving, preview};
use crate::access::{Export, Granted, ReadPeople};
use crate::business::Reader;
use crate::casework::lists::Sheet;
use crate::people::PERSON_COLUMNS;
use crate::tabular::ROWS_AT_ONCE;
use crate::{Office, OfficeError, audited};

/// Where a merge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeState {
    /// Waits for a second person.
    Proposed,
    /// The second person refused it.
    Refused,
    /// Done.
    Done,
    /// Done; somebody proposes to undo it.
    UndoProposed,
    /// Undone.
    Undone,
}

impl MergeState {
    fn from_code(code: &str) -> MergeState {
        match code {
            "proposed" => MergeState::Proposed,
            "refused" => MergeState::Refused,
            "undo_proposed" => MergeState::UndoProposed,
            "undone" => MergeState::Undone,
            _ => MergeState::Done,
        }
    }

    /// As people read it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            MergeState::Proposed => "合并待复核",
            MergeState::Refused => "不同意合并",
            MergeState::Done => "已合并",
            MergeState::UndoProposed => "撤销待复核",
            MergeState::Undone => "已撤销",
        }
    }
}

/// A merge in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeView {
    /// The merge.
    pub id: MergeId,
    /// Who stays, and the name on the record.
    pub kept: (PersonId, String),
    /// Who is given up, and the name on that record.
    pub dropped: (PersonId, String),
    /// Where it stands.
    pub state: MergeState,
    /// Why the number that is given up holds no longer.
    pub number_fate: NumberFate,
    /// The papers that were seen.
    pub evidence: String,
    /// Who proposed it, and when (unix milliseconds).
    pub proposed: (String, i64),
    /// Who looked again, when, and what they wrote.
    pub settled: Option<(String, i64, String)>,
    /// Who proposes to undo it, when, and why.
    pub undo: Option<(String, i64, String)>,
    /// Who undid it, and when.
    pub undone: Option<(String, i64)>,
}

/// A merge's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergePage {
    /// The merge.
    pub merge: MergeView,
    /// Which values of the record that is given up hold.
    pub choices: Choices,
    /// Both records, while it is not done.
    pub preview: Option<Preview>,
    /// What followed: in words, how many rows.
    pub followed: Vec<(String, i64)>,
    /// Whether the reader proposed what waits now, and may therefore not look again at it.
    pub own: bool,
}

const SELECT: &str = "SELECT g.id, g.kept_person_id, k.name AS kept_name, g.dropped_person_id, d.name AS dropped_name, g.state, g.number_fate, \
    g.evidence, g.choices, g.proposed_by, ps.name AS proposed_name, g.proposed_at, ss.name AS settled_name, g.settled_at, g.settled_note, \
    us.name AS undo_name, g.undo_by, g.undo_at, g.undo_reason, xs.name AS undone_name, g.undone_at FROM person_merge g \
    JOIN person k ON k.id = g.kept_person_id JOIN person d ON d.id = g.dropped_person_id JOIN staff ps ON ps.id = g.proposed_by \
    LEFT JOIN staff ss ON ss.id = g.settled_by LEFT JOIN staff us ON us.id = g.undo_by LEFT JOIN staff xs ON xs.id = g.undone_by \
    WHERE {scope}";

fn read(row: &Row) -> Result<MergeView, store::StoreError> {
    let signed = |name: &str, at: &str| -> Result<Option<(String, i64)>, store::StoreError> {
        Ok(row.get::<Option<String>>(name)?.zip(row.get::<Option<i64>>(at)?))
    };
    let settled = signed("settled_name", "settled_at")?;
    let undo = signed("undo_name", "undo_at")?;
    Ok(MergeView {
        id: row.get("id")?,
        kept: (row.get("kept_person_id")?, row.get("kept_name")?),
        dropped: (row.get("dropped_person_id")?, row.get("dropped_name")?),
        state: MergeState::from_code(&row.get::<String>("state")?),
        number_fate: NumberFate::from_code(&row.get::<String>("number_fate")?).unwrap_or(NumberFate::Police),
        evidence: row.get("evidence")?,
        proposed: (row.get("proposed_name")?, row.get("proposed_at")?),
        settled: match settled {
            Some((name, at)) => {
                Some((name, at, row.get::<Option<String>>("settled_note")?.unwrap_or_default()))
            }
            None => None,
        },
        undo: match undo {
            Some((name, at)) => {
                Some((name, at, row.get::<Option<String>>("undo_reason")?.unwrap_or_default()))
            }
            None => None,
        },
        undone: signed("undone_name", "undone_at")?,
    })
}

/// Merges of which the reader sees both records, the newest first.
///
/// # Errors
/// The database.
pub async fn merges(
    office: &Office,
    actor: &Granted<ReadPeople>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<MergeView>, OfficeError> {
    let sql = format!("{SELECT} AND {{after}} ORDER BY g.id DESC LIMIT ?");
    let page = Query::new(&actor.scope(), &MERGE_COLUMNS, sql)
        .after_descending(&["g.id"], cursor)
        .page(office.db(), size, read, |view| Cursor::new().integer(view.id))
        .await?;
    Ok(page)
}

/// Opens a merge; the audit says so of both people.
///
/// # Errors
/// [`OfficeError::NotFound`] when one of the records lies outside.
pub async fn merge_page(
    office: &Office,
    actor: &Granted<ReadPeople>,
    id: MergeId,
) -> Result<MergePage, OfficeError> {
    let db = office.db();
    let row = Query::new(&actor.scope(), &MERGE_COLUMNS, format!("{SELECT} AND g.id = ?"))
        .bind(id)
        .optional(db)
        .await?
        .ok_or(OfficeError::NotFound("这件合并"))?;
    let merge = read(&row)?;
    let choices: Choices = serde_json::from_str(&row.get::<String>("choices")?)
        .map_err(|error| OfficeError::Internal(error.to_string()))?;
    let waits_for: Option<store::StaffId> = match merge.state {
        MergeState::Proposed => Some(row.get("proposed_by")?),
        MergeState::UndoProposed => row.get("undo_by")?,
        MergeState::Refused | MergeState::Done | MergeState::Undone => None,
    };
    let (kept, dropped) = preview::people(office, merge.kept.0, merge.dropped.0).await?;
    for person in [&kept, &dropped] {
        let entry = audited(office.now().at_ms(), actor.audit(), "merge.opened", ("person", person.id.0));
        db.audit_read(AuditEntry { division: Some(person.residence), ..entry }).await?;
    }
    let hides = preview::hidden(office, db, Reader::Post(actor), kept.id).await? != (0, 0);
    let preview = match merge.state {
        MergeState::Proposed => Some(preview::of(office, actor, kept, dropped).await?),
        _ => None,
    };
    // Even how many cases followed would tell of one that the reader may not know.
    let followed = if hides { std::collections::BTreeMap::new() } else { moving::counted(db, id).await? };
    let mut words = Vec::new();
    for (place, rows) in followed {
        if let Some(title) = title(office, &place) {
            words.push((title, rows));
        }
    }
    Ok(MergePage { own: waits_for == Some(actor.staff), merge, choices, preview, followed: words })
}

/// Merges of which the reader sees both records, as Excel.
///
/// # Errors
/// The database.
pub async fn sheet(
    office: &Office,
    actor: &Granted<ReadPeople>,
    _export: &Granted<Export>,
) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ("合并", 8),
        ("保留的档案", 10),
        ("姓名", 12),
        ("不再保留的档案", 10),
        ("姓名", 12),
        ("办到哪里", 12),
        ("核对过的证件和材料", 40),
        ("提出人", 12),
        ("复核人", 12),
        ("撤销理由", 30),
    ];
    let mut sheet = Sheet::new("档案合并", "档案合并", &columns)?;
    let mut cursor = None;
    loop {
        let page = merges(office, actor, cursor.as_ref(), ROWS_AT_ONCE).await?;
        for merge in page.rows {
            let settled = merge.settled.as_ref().map_or("", |(name, _, _)| name.as_str());
            let undo = merge.undo.as_ref().map_or("", |(_, _, reason)| reason.as_str());
            sheet.row([
                merge.id.0.into(),
                merge.kept.0.0.into(),
                merge.kept.1.as_str().into(),
                merge.dropped.0.0.into(),
                merge.dropped.1.as_str().into(),
                merge.state.title().into(),
                merge.evidence.as_str().into(),
                merge.proposed.0.as_str().into(),
                settled.into(),
                undo.into(),
            ])?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return sheet.finish(office, actor, "merge.exported").await;
        }
    }
}

/// What a place is called; none for what is only bookkeeping.
fn title(office: &Office, place: &str) -> Option<String> {
    if let Some(register) = place.strip_prefix("record:") {
        let title = office.release().registers.get(register).map(|known| known.title.clone());
        return Some(format!("登记簿「{}」的记录", title.unwrap_or_else(|| register.to_owned())));
    }
    let title = match place {
        "membership.person_id" => "家庭成员登记",
        "fact.person_id" => "情况登记",
        "fact.superseded_at" => "不再采用的情况登记",
        "bank_account.person_id" => "银行账户",
        "staff.person_id" => "工作人员账号",
        "citizen_code.person_id" => "登录验证码",
        "case_file.applicant_person_id" => "办件（申请人）",
        "case_file.person_id" => "办件（所为何人）",
        "authorisation.person_id" => "查询授权",
        "lead_person.person_id" => "线索",
        "booking.person_id" => "窗口预约",
        "joint_matter.person_id" => "救助一件事",
        "draft.owner" => "没有写完的申请",
        "attachment.owner" => "上传的材料",
        "entitlement.holder_person_id" => "待遇（户主或者领取人）",
        "entitlement_member.person_id" => "待遇（保障对象）",
        "person.merged_into" => "以前合并过的档案",
        "duplicate_flag.person_id" => "疑似重复",
        _ => return None,
    };
    Some(title.to_owned())
}

/// Where the address of a record that was given up leads, if the reader sees the one that stays.
///
/// # Errors
/// The database.
pub async fn led_on(
    connection: &impl Connection,
    scope: &Scope,
    person: PersonId,
) -> Result<Option<PersonId>, OfficeError> {
    let found = Query::new(
        scope,
        &PERSON_COLUMNS,
        "SELECT p.id FROM person p WHERE {scope} AND p.id = (SELECT o.merged_into FROM person o WHERE o.id = ?)",
    )
    .bind(person)
    .optional(connection)
    .await?;
    Ok(found.map(|row| row.get("id")).transpose()?)
}

/// What does not hold of merged records: each stands nowhere any more - in no family, in no benefit, in no month - and points at one that stays.
///
/// # Errors
/// The database.
pub async fn merges_unsound(connection: &impl Connection) -> Result<Vec<String>, OfficeError> {
    let given_up: Vec<PersonId> = Query::system(
        moving::MOVING,
        "SELECT p.id FROM person p WHERE p.merged_into IS NOT NULL ORDER BY p.id",
    )
    .scalars(connection)
    .await?;
    let mut found = Vec::new();
    if ledger::identity::standing(connection, &given_up).await? > 0 {
        found.push("已合并的档案还在享受待遇".to_owned());
    }
    for (words, sql) in [
        (
            "已合并的档案还是家庭成员",
            "SELECT COUNT(*) FROM membership m WHERE m.superseded_at IS NULL AND m.person_id IN (SELECT p.id FROM person p WHERE p.merged_into IS NOT NULL)",
        ),
        (
            "已合并的档案指向另一份已合并的档案",
            "SELECT COUNT(*) FROM person p JOIN person o ON o.id = p.merged_into WHERE o.merged_into IS NOT NULL",
        ),
        (
            "档案已合并而没有合并的记录",
            "SELECT COUNT(*) FROM person p WHERE p.merged_into IS NOT NULL AND NOT EXISTS (SELECT 1 FROM person_merge g \
             WHERE g.dropped_person_id = p.id AND g.state IN ('done', 'undo_proposed'))",
        ),
    ] {
        let rows: i64 = Query::system(moving::MOVING, sql).scalar(connection).await?;
        if rows > 0 {
            found.push(format!("{words}（{rows} 处）"));
        }
    }
    Ok(found)
}
