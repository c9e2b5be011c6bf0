//! Who did what: for auditors inside their division, and for every citizen about themselves.

use store::{AuditEntry, AuditId, CaseId, Cursor, DivisionId, Page, PersonId, Query, ScopeColumns, StaffId};
use vocab::Now;

use super::actor::{Actor, Citizen, Granted};
use super::audit_words;
use super::rights::SearchAudit;
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError, audited};

/// Rows of one's division and below; rows without a division are seen at the top of one's tree only by nobody. The sign keeps the database from
/// gathering the rows of each office to sort them: the newest of all are walked down until the page is full.
const AUDIT_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "+a.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: Some(
        "a.subject_kind = 'person' AND a.subject_id IN (SELECT o.id FROM person o WHERE o.id = ? UNION SELECT o.id FROM person o WHERE o.merged_into = ?)",
    ),
    task: None,
    organisation: None,
};

/// What to look for; empty fields do not narrow.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// From, unix milliseconds, inclusive.
    pub from_at: Option<i64>,
    /// Until, unix milliseconds, exclusive.
    pub until_at: Option<i64>,
    /// By whom.
    pub staff: Option<StaffId>,
    /// To whom.
    pub person: Option<PersonId>,
    /// In which case.
    pub case: Option<CaseId>,
    /// What: `person.opened`, or a beginning that ends in a dot: `sign_in.`.
    pub action: Option<String>,
}

impl AuditFilter {
    fn details(&self) -> serde_json::Value {
        let AuditFilter { from_at, until_at, staff, person, case, action } = self;
        serde_json::json!({
            "from": from_at, "until": until_at, "staff": staff.map(|id| id.0), "person": person.map(|id| id.0),
            "case": case.map(|id| id.0), "action": action
        })
    }
}

/// One row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The row.
    pub id: AuditId,
    /// When, unix milliseconds.
    pub at: i64,
    /// By whom.
    pub staff: Option<StaffId>,
    /// Their name.
    pub staff_name: Option<String>,
    /// By which citizen.
    pub person: Option<PersonId>,
    /// What.
    pub action: String,
    /// To what: kind and id.
    pub subject: Option<(String, i64)>,
    /// In which case.
    pub case: Option<CaseId>,
    /// Where.
    pub division: Option<DivisionId>,
    /// Its name.
    pub division_name: Option<String>,
    /// For what purpose.
    pub purpose: Option<String>,
    /// What else, JSON.
    pub details: String,
    /// The hash of the chain, once sealed.
    pub hash: Option<String>,
}

/// Searches the audit of one's division, newest first. The search itself is audited.
///
/// # Errors
/// The database.
pub async fn search_audit(
    office: &Office,
    actor: &Granted<SearchAudit>,
    filter: &AuditFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<AuditRow>, OfficeError> {
    let page = found(office, actor, filter, cursor, size).await?;
    let entry = AuditEntry {
        division: Some(actor.division),
        subject: None,
        details: filter.details(),
        ..audited(office.now().at_ms(), actor.audit(), "audit.searched", ("audit", 0))
    };
    office.db().audit_read(entry).await?;
    Ok(page)
}

/// An export has at most so many rows; narrower filters give the rest.
const EXPORT_ROWS_MAX: usize = 50_000;

/// The audit of one's division as a file, newest first, with the purpose in it. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::Invalid`] without a purpose or with too many rows.
pub async fn export_audit(
    office: &Office,
    actor: &Granted<SearchAudit>,
    filter: &AuditFilter,
    format: ListFormat,
    purpose: &str,
) -> Result<Vec<u8>, OfficeError> {
    let purpose = purpose.trim();
    if purpose.is_empty() {
        return Err(OfficeError::invalid("purpose", "请填写导出审计记录的用途。"));
    }
    let now = office.now();
    let columns = [
        ("编号", 10),
        ("时间", 20),
        ("谁", 12),
        ("账号编号", 10),
        ("做了什么", 20),
        ("对象", 12),
        ("对象编号", 10),
        ("办件编号", 10),
        ("用途", 30),
        ("辖区", 18),
        ("明细", 40),
        ("链上摘要", 68),
    ];
    let columns = columns.map(|(title, width)| ListColumn::new(title, width));
    let title = format!("{}审计记录（{}导出，用途：{purpose}）", actor.division_name, now.zh());
    let mut list = ListWriter::new(format, "审计", Some(&title), &columns)?;
    let (mut cursor, mut rows) = (None, 0);
    loop {
        let page = found(office, actor, filter, cursor.as_ref(), ROWS_AT_ONCE).await?;
        rows += page.rows.len();
        if rows > EXPORT_ROWS_MAX {
            return Err(OfficeError::invalid(
                "filter",
                format!("超过 {EXPORT_ROWS_MAX} 条，不能一次导出。请按日期、账号或者种类缩小范围。"),
            ));
        }
        for row in &page.rows {
            list.row(&cells(row))?;
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let file = list.finish()?;
    let mut details = filter.details();
    details["rows"] = rows.into();
    let entry = AuditEntry {
        division: Some(actor.division),
        purpose: Some(purpose.to_owned()),
        details,
        ..audited(now.at_ms(), actor.audit(), "audit.exported", ("audit", 0))
    };
    office.db().audit_read(entry).await?;
    Ok(file)
}

fn cells(row: &AuditRow) -> [ListCell; 12] {
    let text = |text: Option<String>| text.map_or(ListCell::Empty, ListCell::from);
    let number = |number: Option<i64>| text(number.map(|number| number.to_string()));
    let who = match (&row.staff_name, row.person) {
        (Some(name), _) => name.clone(),
        (None, Some(person)) => format!("本人（人员 {person}）"),
        (None, None) => "系统".to_owned(),
    };
    let (kind, subject) = row.subject.clone().unzip();
    [
        number(Some(row.id.0)),
        text(Some(Now::from_unix_ms(row.at).zh())),
        text(Some(who)),
        number(row.staff.map(|staff| staff.0)),
        text(Some(audit_words::action(&row.action).to_owned())),
        text(kind.map(|kind| audit_words::subject(&kind).to_owned())),
        number(subject.filter(|id| *id != 0)),
        number(row.case.map(|case| case.0)),
        text(row.purpose.clone()),
        text(row.division_name.clone()),
        text(Some(row.details.clone()).filter(|details| details != "null")),
        text(row.hash.clone()),
    ]
}

async fn found(
    office: &Office,
    actor: &Granted<SearchAudit>,
    filter: &AuditFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<AuditRow>, OfficeError> {
    let AuditFilter { from_at, until_at, staff, person, case, action } = filter;
    let mut conditions = String::new();
    let mut values = Vec::new();
    let mut narrow = |condition: &str, value: store::Value| {
        conditions.push_str(" AND ");
        conditions.push_str(condition);
        values.push(value);
    };
    if let Some(at) = from_at {
        narrow("a.at >= ?", store::value_of(*at));
    }
    if let Some(at) = until_at {
        narrow("a.at < ?", store::value_of(*at));
    }
    if let Some(staff) = staff {
        narrow("a.staff_id = ?", store::value_of(*staff));
    }
    if let Some(person) = person {
        narrow("a.subject_kind = 'person' AND a.subject_id = ?", store::value_of(*person));
    }
    if let Some(case) = case {
        narrow("a.case_id = ?", store::value_of(*case));
    }
    if let Some(action) = action {
        if action.ends_with('.') {
            narrow("substr(a.action, 1, CAST(? AS INTEGER)) = ?", store::value_of(action.len()));
            values.push(store::value_of(action.as_str()));
        } else {
            narrow("a.action = ?", store::value_of(action.as_str()));
        }
    }
    let sql = format!(
        "SELECT a.id, a.at, a.staff_id, s.name AS staff_name, a.person_id, a.action, a.subject_kind, a.subject_id, a.case_id, \
         a.division_id, d.name AS division_name, a.purpose, a.details, a.hash FROM audit a LEFT JOIN staff s ON s.id = a.staff_id \
         LEFT JOIN division d ON d.id = a.division_id WHERE {{scope}}{conditions} AND {{after}} ORDER BY a.id DESC LIMIT ?"
    );
    let query = values.into_iter().fold(Query::new(&actor.scope(), &AUDIT_COLUMNS, sql), Query::bind_value);
    let page = query
        .after_descending(&["a.id"], cursor)
        .page(office.db(), size, read, |row| Cursor::new().integer(row.id))
        .await?;
    Ok(page)
}

/// Notes that the actor opened something of somebody's, before the page is sent: what is on it is personal.
///
/// # Errors
/// The row could not be written: the page must not be sent.
pub async fn opened(
    office: &Office,
    actor: &Actor,
    action: &'static str,
    subject: (&'static str, i64),
    case: Option<CaseId>,
    division: DivisionId,
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        case,
        division: Some(division),
        ..audited(office.now().at_ms(), actor.audit(), action, subject)
    };
    Ok(office.db().audit_read(entry).await?)
}

fn read(row: &store::Row) -> Result<AuditRow, store::StoreError> {
    let kind: Option<String> = row.get("subject_kind")?;
    let subject: Option<i64> = row.get("subject_id")?;
    Ok(AuditRow {
        id: row.get("id")?,
        at: row.get("at")?,
        staff: row.get("staff_id")?,
        staff_name: row.get("staff_name")?,
        person: row.get("person_id")?,
        action: row.get("action")?,
        subject: kind.zip(subject),
        case: row.get("case_id")?,
        division: row.get("division_id")?,
        division_name: row.get("division_name")?,
        purpose: row.get("purpose")?,
        details: row.get("details")?,
        hash: row.get("hash")?,
    })
}

/// One look at a citizen's file, as the citizen sees it: which office, when, what for. Not the name of the member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When, unix milliseconds.
    pub at: i64,
    /// What, Chinese.
    pub what: &'static str,
    /// The office of whoever looked.
    pub office: Option<String>,
    /// The purpose stated.
    pub purpose: Option<String>,
    id: i64,
}

/// Who looked at the citizen's file or changed it, newest first.
///
/// # Errors
/// The database.
pub async fn who_looked(
    office: &Office,
    citizen: &Citizen,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Look>, OfficeError> {
    let page = Query::new(
        &citizen.scope(),
        &AUDIT_COLUMNS,
        "SELECT a.id, a.at, a.action, a.purpose, d.name AS office_name FROM audit a LEFT JOIN post o ON o.id = a.post_id \
         LEFT JOIN division d ON d.id = o.division_id WHERE {scope} AND a.staff_id IS NOT NULL AND {after} ORDER BY a.id DESC LIMIT ?",
    )
    .after_descending(&["a.id"], cursor)
    .page(
        office.db(),
        size,
        |row| {
            Ok(Look {
                at: row.get("at")?,
                what: what(&row.get::<String>("action")?),
                office: row.get("office_name")?,
                purpose: row.get("purpose")?,
                id: row.get("id")?,
            })
        },
        |look| Cursor::new().integer(look.id),
    )
    .await?;
    Ok(page)
}

fn what(action: &str) -> &'static str {
    match action {
        "person.opened" => "查看了您的档案",
        "person.revealed" => "查看了您的完整证件号码",
        "account.revealed" => "查看了您的完整银行账号",
        "account.recorded" => "登记了您的银行账户",
        "person.registered" => "登记了您的信息",
        "person.corrected" => "更正了您的信息",
        "merge.done" => "把重复登记的档案合并为一份",
        "merge.undone" => "撤销了档案合并",
        "person.placed" => "变更了您的户籍地或居住地",
        "fact.recorded" => "登记了您的情况",
        "citizen_code.issued" => "为您发放了登录验证码",
        _ => "办理了与您有关的业务",
    }
}
