//! What desks read of needs told once: each with its parts and how far they are, the list, and the share that was handled together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Months, NaiveDate};
use store::{AuditEntry, CaseId, Connection, Cursor, DivisionId, HouseholdId, Page, Query};
use vocab::{Fen, Month};

use super::{JOINT, JointId, JointPartId};
use crate::access::{Export, Granted, ReadCase, Right};
use crate::casework::lists::Sheet;
use crate::casework::{DraftId, drafts};
use crate::records::{self, RecordId, percent_of};
use crate::tabular::ROWS_AT_ONCE;
use crate::{Office, OfficeError, audited, business};

/// Rows of a page.
const PAGE: usize = 50;
/// Months over which the share is reckoned.
const MONTHS: u32 = 12;
const PARTS: &str = "the parts of needs that the reader may see";

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartKind {
    /// A matter whose form is not sent: the form, where it is the reader's own to fill; none when it was thrown away.
    Form {
        /// The form.
        draft: Option<DraftId>,
        /// It is the reader's.
        own: bool,
    },
    /// A case.
    Case {
        /// It.
        id: CaseId,
        /// Its number.
        number: String,
        /// Last day of the whole.
        due_on: Option<NaiveDate>,
    },
    /// A record handed to a department.
    Record {
        /// The register.
        register: String,
        /// The record.
        id: RecordId,
    },
    /// The family does not want it any more.
    GivenUp {
        /// Why.
        reason: String,
    },
}

/// One part of a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointPart {
    /// It.
    pub id: JointPartId,
    /// The matter, or to whom it was handed.
    pub title: String,
    /// What it is.
    pub kind: PartKind,
    /// How far it is, in words.
    pub state: String,
    /// It has a result, or is given up.
    pub ended: bool,
}

impl JointPart {
    /// Filed, handed over or given up: nothing waits at the window.
    #[must_use]
    pub fn handed_on(&self) -> bool {
        !matches!(self.kind, PartKind::Form { .. })
    }
}

/// A need as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointLine {
    /// It.
    pub id: JointId,
    /// Who stands for the family.
    pub name: String,
    /// Where the family lives.
    pub place: String,
    /// When it was told.
    pub told_on: NaiveDate,
    /// Parts.
    pub parts: Vec<JointPart>,
}

/// A need with everything that came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointView {
    /// The line of the list.
    pub line: JointLine,
    /// The family.
    pub household: HouseholdId,
    /// The need in the family's words.
    pub told: String,
    /// What the family is paid for the cases of this need (一窗核发): title, how much a month or at once.
    pub granted: Vec<(String, Option<Fen>)>,
}

/// 联办率 of the last twelve months.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JointRate {
    /// Needs of two parts or more, those given up left out.
    pub whole: i64,
    /// Of them those of which every part was filed or handed over.
    pub together: i64,
}

impl JointRate {
    /// As people read it: `87.5%`.
    #[must_use]
    pub fn percent(&self) -> Option<String> {
        percent_of(self.together, self.whole)
    }
}

struct Row {
    id: JointId,
    household: HouseholdId,
    division: DivisionId,
    name: String,
    place: String,
    told_on: NaiveDate,
    told: Vec<u8>,
}

const LINE: &str = "SELECT j.id, j.household_id, j.division_id, p.name, d.name AS place, j.told_on, j.told_sealed FROM joint_matter j \
    JOIN person p ON p.id = j.person_id JOIN division d ON d.id = j.division_id";

fn row(row: &store::Row) -> store::Result<Row> {
    Ok(Row {
        id: row.get("id")?,
        household: row.get("household_id")?,
        division: row.get("division_id")?,
        name: row.get("name")?,
        place: row.get("place")?,
        told_on: row.get("told_on")?,
        told: row.get("told_sealed")?,
    })
}

/// Of a need told once a reader sees the parts of the own businesses, and the need itself where it has any.
struct Own(Option<Vec<String>>);

impl Own {
    fn of(office: &Office, actor: &Granted<ReadCase>) -> Own {
        Own(business::items_of(office, actor))
    }

    /// The condition on `joint_matter j`, with one list.
    fn condition(&self) -> &'static str {
        match self.0 {
            Some(_) => {
                " AND EXISTS (SELECT 1 FROM joint_part o WHERE o.joint_id = j.id AND o.item IN ({list}))"
            }
            None => "",
        }
    }

    fn bind(&self, query: Query) -> Query {
        match &self.0 {
            Some(items) => query.bind_list(items.iter().map(String::as_str)),
            None => query,
        }
    }
}

/// Needs of the reader's area with a part in the reader's businesses, the newest first.
///
/// # Errors
/// The database's.
pub async fn list(
    office: &Office,
    actor: &Granted<ReadCase>,
    household: Option<HouseholdId>,
    after: Option<&Cursor>,
) -> Result<Page<JointLine>, OfficeError> {
    page(office, actor, household, after, PAGE).await
}

async fn page(
    office: &Office,
    actor: &Granted<ReadCase>,
    household: Option<HouseholdId>,
    after: Option<&Cursor>,
    size: usize,
) -> Result<Page<JointLine>, OfficeError> {
    let of = if household.is_some() { " AND j.household_id = ?" } else { "" };
    let own = Own::of(office, actor);
    let sql =
        format!("{LINE} WHERE {{scope}}{}{of} AND {{after}} ORDER BY j.id DESC LIMIT ?", own.condition());
    let query = own.bind(Query::new(&actor.scope(), &JOINT, sql));
    let query = household.into_iter().fold(query, |query, household| query.bind(household));
    let found = query
        .after_descending(&["j.id"], after)
        .page(office.db(), size, row, |row| Cursor::new().integer(row.id))
        .await?;
    let ids: Vec<JointId> = found.rows.iter().map(|row| row.id).collect();
    let mut parts = parts(office, office.db(), actor, &ids).await?;
    let rows = found.rows.into_iter().map(|row| JointLine {
        parts: parts.remove(&row.id).unwrap_or_default(),
        id: row.id,
        name: row.name,
        place: row.place,
        told_on: row.told_on,
    });
    Ok(Page { rows: rows.collect(), next: found.next })
}

/// A need with everything that came of it. Opening it stands in the audit.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the reader's area.
pub async fn open(office: &Office, actor: &Granted<ReadCase>, id: JointId) -> Result<JointView, OfficeError> {
    let own = Own::of(office, actor);
    let sql = format!("{LINE} WHERE {{scope}}{} AND j.id = ?", own.condition());
    let found = own
        .bind(Query::new(&actor.scope(), &JOINT, sql))
        .bind(id)
        .optional_as(office.db(), row)
        .await?
        .ok_or(OfficeError::NotFound("这件事"))?;
    let mut all = parts(office, office.db(), actor, &[id]).await?;
    let parts = all.remove(&id).unwrap_or_default();
    let view = JointView {
        household: found.household,
        told: office.keys().open(&found.told)?.to_string(),
        granted: granted(office, &parts).await?,
        line: JointLine { id, name: found.name, place: found.place, told_on: found.told_on, parts },
    };
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(found.division),
            details: serde_json::json!({ "joint": id }),
            ..audited(office.now().at_ms(), actor.audit(), "joint.opened", ("household", found.household.0))
        })
        .await?;
    Ok(view)
}

/// What the cases among the parts granted.
async fn granted(office: &Office, parts: &[JointPart]) -> Result<Vec<(String, Option<Fen>)>, OfficeError> {
    let cases: Vec<CaseId> = parts
        .iter()
        .filter_map(|part| match &part.kind {
            PartKind::Case { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    let release = office.release();
    let mut lines = Vec::new();
    let found: Vec<(ledger::EntitlementId, Month)> = Query::system(
        PARTS,
        "SELECT e.id, e.from_month FROM entitlement e WHERE e.case_id IN ({list}) ORDER BY e.id",
    )
    .bind_list(cases)
    .all_as(office.db(), |row| Ok((row.get("id")?, row.get("from_month")?)))
    .await?;
    let month = office.now().month();
    for (id, from) in found {
        let scope = store::Scope::System(PARTS);
        let held = ledger::pages::entitlement(office.db(), &scope, id, from.max(month)).await?;
        let title = release.programmes.get(&held.programme);
        lines.push((title.map_or_else(|| held.programme.clone(), |known| known.title.clone()), held.monthly));
    }
    Ok(lines)
}

/// The parts of some needs that are of the reader's businesses; registers are read once each.
async fn parts(
    office: &Office,
    connection: &impl Connection,
    actor: &Granted<ReadCase>,
    joints: &[JointId],
) -> Result<BTreeMap<JointId, Vec<JointPart>>, OfficeError> {
    let release = office.release();
    let owner = drafts::owner_of(actor);
    let rows = Query::system(
        PARTS,
        "SELECT p.id, p.joint_id, p.item, p.case_id, p.register, p.code, p.record_id, p.given_up_reason, \
         c.number, c.state, c.step, c.due_on, c.outcome, d.id AS draft_id, d.owner \
         FROM joint_part p LEFT JOIN case_file c ON c.id = p.case_id LEFT JOIN draft d ON d.id = p.draft_id \
         WHERE p.joint_id IN ({list}) ORDER BY p.joint_id, p.id",
    )
    .bind_list(joints.iter().copied())
    .all(connection)
    .await?;
    let mut wanted: BTreeMap<String, BTreeSet<RecordId>> = BTreeMap::new();
    for row in &rows {
        if let (Some(register), Some(record)) =
            (row.get::<Option<String>>("register")?, row.get::<Option<RecordId>>("record_id")?)
        {
            wanted.entry(register).or_default().insert(record);
        }
    }
    let mut states: BTreeMap<(String, RecordId), String> = BTreeMap::new();
    for (register, ids) in wanted {
        for (id, _, state) in records::titles(office, connection, &register, ids.into_iter()).await? {
            states.insert((register.clone(), id), state);
        }
    }
    let mut parts: BTreeMap<JointId, Vec<JointPart>> = BTreeMap::new();
    for row in &rows {
        let id: JointPartId = row.get("id")?;
        let item: Option<String> = row.get("item")?;
        let own = match &item {
            Some(item) => business::holds_item(&release, actor, Right::ReadCase, item),
            None => {
                let register = release.registers.get(&row.get::<String>("register")?);
                register.is_none_or(|register| actor.may_in(Right::ReadCase, &register.business))
            }
        };
        if !own {
            continue;
        }
        let part = match item {
            Some(item) => {
                let title = release.items.get(&item).map_or_else(|| item.clone(), |item| item.title.clone());
                let (kind, state, ended) = matter(row, &release, &item, &owner)?;
                JointPart { id, title, kind, state, ended }
            }
            None => {
                let register: String = row.get("register")?;
                let (code, record): (String, RecordId) = (row.get("code")?, row.get("record_id")?);
                let known = release.registers.get(&register);
                let side = known.and_then(|known| known.department.as_ref());
                let list = known
                    .and_then(|known| known.field(&side?.field))
                    .and_then(|field| field.codelist.as_ref());
                let title = list
                    .map_or_else(|| code.clone(), |list| release.code_title(list.as_str(), &code).to_owned());
                let state = states.get(&(register.clone(), record)).cloned().unwrap_or_default();
                // What the department can still take further waits.
                let waits = known.is_some_and(|known| {
                    let ways = known
                        .transitions
                        .iter()
                        .filter(|way| side.is_some_and(|side| side.moves.iter().any(|id| *id == *way.id)));
                    ways.flat_map(|way| &way.from).any(|from| known.state_title(from) == state)
                });
                let kind = PartKind::Record { register, id: record };
                JointPart { id, title, kind, state, ended: !waits }
            }
        };
        parts.entry(row.get("joint_id")?).or_default().push(part);
    }
    Ok(parts)
}

/// How far a matter is.
fn matter(
    row: &store::Row,
    release: &catalogue::Release,
    item: &str,
    owner: &str,
) -> store::Result<(PartKind, String, bool)> {
    if let Some(reason) = row.get::<Option<String>>("given_up_reason")? {
        return Ok((PartKind::GivenUp { reason }, "不再申请".to_owned(), true));
    }
    let Some(case) = row.get::<Option<CaseId>>("case_id")? else {
        let draft: Option<DraftId> = row.get("draft_id")?;
        let own = row.get::<Option<String>>("owner")?.as_deref() == Some(owner);
        let words = if draft.is_some() { "表单没有填完" } else { "表单已经删除" };
        return Ok((PartKind::Form { draft, own }, words.to_owned(), false));
    };
    let open = row.get::<String>("state")? == "open";
    let outcome: Option<String> = row.get("outcome")?;
    let state = if open {
        let step: String = row.get("step")?;
        let known = release.items.get(item).and_then(|item| item.step(&step));
        known.map_or_else(|| "办理中".to_owned(), |step| step.public_title.clone())
    } else {
        outcome
            .map_or_else(|| "已办结".to_owned(), |code| release.code_title("case_outcome", &code).to_owned())
    };
    let kind = PartKind::Case { id: case, number: row.get("number")?, due_on: row.get("due_on")? };
    Ok((kind, state, !open))
}

/// 联办率 of the reader's area over the last twelve months.
///
/// # Errors
/// The database's.
pub async fn rate(office: &Office, actor: &Granted<ReadCase>) -> Result<JointRate, OfficeError> {
    let today = office.now().today();
    let from = today.checked_sub_months(Months::new(MONTHS)).unwrap_or(today);
    let own = Own::of(office, actor);
    let sql = format!(
        "SELECT COUNT(*) AS whole, CAST(coalesce(SUM(CASE WHEN EXISTS (SELECT 1 FROM joint_part w WHERE w.joint_id = j.id \
         AND w.case_id IS NULL AND w.record_id IS NULL AND w.given_up_on IS NULL) THEN 0 ELSE 1 END), 0) AS BIGINT) AS together \
         FROM joint_matter j WHERE {{scope}}{} AND j.told_on > ? \
         AND (SELECT COUNT(*) FROM joint_part p WHERE p.joint_id = j.id AND p.given_up_on IS NULL) >= 2",
        own.condition()
    );
    let row = own.bind(Query::new(&actor.scope(), &JOINT, sql)).bind(from).one(office.db()).await?;
    Ok(JointRate { whole: row.get("whole")?, together: row.get("together")? })
}

/// The needs of the reader's area as Excel, a part on each line.
///
/// # Errors
/// The database's.
pub async fn sheet(
    office: &Office,
    actor: &Granted<ReadCase>,
    _export: &Granted<Export>,
) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ("提出日期", 12),
        ("群众", 12),
        ("村（社区）", 20),
        ("事项或者部门", 30),
        ("受理号", 18),
        ("办到哪里", 20),
        ("办理期限", 12),
        ("已有结果", 10),
    ];
    let mut sheet = Sheet::new("一件事", "救助“一件事”联办", &columns)?;
    let mut after = None;
    loop {
        let found = page(office, actor, None, after.as_ref(), ROWS_AT_ONCE).await?;
        for line in found.rows {
            for part in line.parts {
                let (number, due_on) = match &part.kind {
                    PartKind::Case { number, due_on, .. } => (number.as_str(), *due_on),
                    _ => ("", None),
                };
                sheet.row([
                    line.told_on.into(),
                    line.name.as_str().into(),
                    line.place.as_str().into(),
                    part.title.as_str().into(),
                    number.into(),
                    part.state.as_str().into(),
                    due_on.into(),
                    (if part.ended { "是" } else { "否" }).into(),
                ])?;
            }
        }
        after = found.next;
        if after.is_none() {
            return sheet.finish(office, actor, "joint.exported").await;
        }
    }
}
