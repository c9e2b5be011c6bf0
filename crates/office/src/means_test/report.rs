//! What people read of a test. A desk sees every line with source and date; the family sees what was asked about whom and what
//! differs; a member's own rows are shown to that member only.

use catalogue::Release;
use catalogue::definition::{Column, FieldKind};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use store::{AuditEntry, CaseId, Connection, PersonId, Query, Row, Scope};
use vocab::{BankAccount, CitizenId, Fen, Now, Phone};

use super::MeansReportId;
use crate::access::{Citizen, Granted, ReadCase};
use crate::casework::CASE;
use crate::{Office, OfficeError, audited, business};

/// What a report keeps, sealed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    pub lines: Vec<Line>,
    pub differences: Vec<Difference>,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    Found,
    None,
    NotAsked,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub person: PersonId,
    pub dataset: String,
    pub outcome: Outcome,
    pub remark: Option<String>,
    pub asked_at: i64,
    pub as_of: Option<NaiveDate>,
    /// Rows of (column title, value as shown).
    pub rows: Vec<Vec<(String, String)>>,
}

impl Line {
    pub fn not_asked(person: PersonId, dataset: &str, now: Now, reason: &str) -> Line {
        Line {
            person,
            dataset: dataset.to_owned(),
            outcome: Outcome::NotAsked,
            remark: Some(reason.to_owned()),
            asked_at: now.at_ms(),
            as_of: None,
            rows: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Said {
    pub shown: String,
    pub on: NaiveDate,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Difference {
    pub person: Option<PersonId>,
    pub fact: String,
    pub title: String,
    pub declared: Option<Said>,
    pub found: Said,
    pub source: String,
}

/// A cell as people read it; what points at a person is masked.
pub(super) fn shown(release: &Release, column: &Column, cell: &str) -> String {
    match column.kind {
        FieldKind::Money => {
            cell.parse().map_or_else(|_| cell.to_owned(), |fen| format!("{}元", Fen(fen).yuan_grouped()))
        }
        FieldKind::YesNo => (if cell == "true" { "是" } else { "否" }).to_owned(),
        FieldKind::Choice => column
            .codelist
            .as_ref()
            .map_or_else(|| cell.to_owned(), |list| release.code_title(list.get(), cell).to_owned()),
        FieldKind::CitizenId => {
            cell.parse::<CitizenId>().map_or_else(|_| "****".to_owned(), |id| id.masked())
        }
        FieldKind::Phone => cell.parse::<Phone>().map_or_else(|_| "****".to_owned(), |phone| phone.masked()),
        FieldKind::BankAccount => {
            cell.parse::<BankAccount>().map_or_else(|_| "****".to_owned(), |account| account.masked())
        }
        _ => cell.to_owned(),
    }
}

/// A value with its date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportValue {
    /// As shown.
    pub shown: String,
    /// The day from which it holds.
    pub on: NaiveDate,
}

/// One member and data set, as a desk sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLine {
    /// Who was asked about.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Title of the data set.
    pub dataset: String,
    /// Title of the department.
    pub department: String,
    /// When, unix milliseconds; none when it was not asked.
    pub asked_at: Option<i64>,
    /// The day of the data.
    pub as_of: Option<NaiveDate>,
    /// Older than the facts that it brings may be.
    pub stale: bool,
    /// `查到 2 条`, `未查到记录`, `未查询`.
    pub outcome: String,
    /// Why it was not asked, or what to look at.
    pub remark: Option<String>,
    /// Rows of (column title, value).
    pub rows: Vec<Vec<(String, String)>>,
}

/// A difference between what the family declared and what a department holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportDifference {
    /// Of whom; none for the family as a whole.
    pub person: Option<PersonId>,
    /// Their name, or 全家.
    pub name: String,
    /// Title of the fact.
    pub title: String,
    /// Declared; none when nothing was.
    pub declared: Option<ReportValue>,
    /// Found.
    pub found: ReportValue,
    /// Title of the department.
    pub source: String,
}

/// The report for a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskReport {
    /// The report.
    pub id: MeansReportId,
    /// Unix milliseconds.
    pub made_at: i64,
    /// Stated purpose.
    pub purpose: String,
    /// Lines by data set and member.
    pub lines: Vec<ReportLine>,
    /// Differences.
    pub differences: Vec<ReportDifference>,
}

/// One member and data set, as the family sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyReportLine {
    /// Name of the member.
    pub name: String,
    /// Title of the data set.
    pub dataset: String,
    /// Title of the department.
    pub department: String,
    /// The day of the data.
    pub as_of: Option<NaiveDate>,
    /// `查到 2 条`, `未查到记录`, `未查询`.
    pub outcome: String,
    /// Why it was not asked.
    pub remark: Option<String>,
    /// Rows, for the reader's own line only.
    pub rows: Vec<Vec<(String, String)>>,
}

/// The report for the family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyReport {
    /// Unix milliseconds.
    pub made_at: i64,
    /// Lines.
    pub lines: Vec<FamilyReportLine>,
    /// Differences that the family may explain.
    pub differences: Vec<ReportDifference>,
}

struct Stored {
    id: MeansReportId,
    made_at: i64,
    purpose: String,
    content: Content,
}

async fn last(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    case: CaseId,
) -> Result<Option<Stored>, OfficeError> {
    let row = Query::new(
        scope,
        &CASE,
        "SELECT r.id, r.made_at, r.purpose, r.content_sealed FROM means_report r JOIN case_file c ON c.id = r.case_id \
         WHERE {scope} AND c.id = ? ORDER BY r.id DESC LIMIT 1",
    )
    .bind(case)
    .optional(connection)
    .await?;
    row.map(|row| stored(office, &row)).transpose()
}

fn stored(office: &Office, row: &Row) -> Result<Stored, OfficeError> {
    let sealed: Vec<u8> = row.get("content_sealed")?;
    let content = serde_json::from_str(&office.keys().open(&sealed)?)
        .map_err(|error| OfficeError::Internal(format!("核对报告无法读取（{error}）")))?;
    Ok(Stored { id: row.get("id")?, made_at: row.get("made_at")?, purpose: row.get("purpose")?, content })
}

async fn names(
    connection: &impl Connection,
    content: &Content,
) -> Result<Vec<(PersonId, String)>, OfficeError> {
    let mut persons: Vec<PersonId> = content.lines.iter().map(|line| line.person).collect();
    persons.sort_unstable();
    persons.dedup();
    Ok(Query::system(
        "the members in a report within the scope",
        "SELECT p.id, p.name FROM person p WHERE p.id IN ({list})",
    )
    .bind_list(persons)
    .all_as(connection, |row| Ok((row.get("id")?, row.get("name")?)))
    .await?)
}

fn name_of(names: &[(PersonId, String)], person: PersonId) -> String {
    names.iter().find(|(id, _)| *id == person).map(|(_, name)| name.clone()).unwrap_or_default()
}

fn report_lines(office: &Office, names: &[(PersonId, String)], content: &Content) -> Vec<ReportLine> {
    let release = office.release();
    let today = office.now().today();
    content
        .lines
        .iter()
        .map(|line| {
            let dataset = release.datasets.get(&line.dataset);
            let department = dataset.and_then(|dataset| release.departments.get(dataset.department.get()));
            let freshness = dataset.and_then(|dataset| {
                dataset.facts.iter().filter_map(|rule| release.facts.get(rule.fact.get())?.freshness).min()
            });
            let age = line.as_of.map(|day| (today - day).num_days());
            ReportLine {
                person: line.person,
                name: name_of(names, line.person),
                dataset: dataset.map_or_else(|| line.dataset.clone(), |dataset| dataset.title.clone()),
                department: department.map(|department| department.title.clone()).unwrap_or_default(),
                asked_at: (line.outcome != Outcome::NotAsked).then_some(line.asked_at),
                as_of: line.as_of,
                stale: matches!((age, freshness), (Some(age), Some(days)) if age > i64::from(days)),
                outcome: match line.outcome {
                    Outcome::Found => format!("查到 {} 条", line.rows.len()),
                    Outcome::None => "未查到记录".to_owned(),
                    Outcome::NotAsked => "未查询".to_owned(),
                },
                remark: line.remark.clone(),
                rows: line.rows.clone(),
            }
        })
        .collect()
}

fn report_differences(names: &[(PersonId, String)], content: &Content) -> Vec<ReportDifference> {
    let value = |said: &Said| ReportValue { shown: said.shown.clone(), on: said.on };
    content
        .differences
        .iter()
        .map(|difference| ReportDifference {
            person: difference.person,
            name: difference.person.map_or_else(|| "全家".to_owned(), |person| name_of(names, person)),
            title: difference.title.clone(),
            declared: difference.declared.as_ref().map(value),
            found: value(&difference.found),
            source: difference.source.clone(),
        })
        .collect()
}

/// The last report of a case, for a desk. Opening it stands in the audit.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope or without a report.
pub async fn desk_report(
    office: &Office,
    actor: &Granted<ReadCase>,
    case: CaseId,
) -> Result<DeskReport, OfficeError> {
    business::demand_case(office, office.db(), actor, case).await?;
    let stored =
        last(office, office.db(), &actor.scope(), case).await?.ok_or(OfficeError::NotFound("核对报告"))?;
    office
        .db()
        .audit_read(AuditEntry {
            case: Some(case),
            division: Some(actor.division),
            ..audited(
                office.now().at_ms(),
                actor.audit(),
                "means_test.report_opened",
                ("means_report", stored.id.0),
            )
        })
        .await?;
    let names = names(office.db(), &stored.content).await?;
    Ok(DeskReport {
        id: stored.id,
        made_at: stored.made_at,
        lines: report_lines(office, &names, &stored.content),
        differences: report_differences(&names, &stored.content),
        purpose: stored.purpose,
    })
}

/// The last report of a family's own case; none while there is none. A member's rows are shown to that member only.
///
/// # Errors
/// The database's.
pub async fn family_report(
    office: &Office,
    citizen: &Citizen,
    case: CaseId,
) -> Result<Option<FamilyReport>, OfficeError> {
    let Some(stored) = last(office, office.db(), &citizen.scope(), case).await? else { return Ok(None) };
    let names = names(office.db(), &stored.content).await?;
    let lines = report_lines(office, &names, &stored.content)
        .into_iter()
        .map(|line| FamilyReportLine {
            rows: if line.person == citizen.person { line.rows } else { Vec::new() },
            name: line.name,
            dataset: line.dataset,
            department: line.department,
            as_of: line.as_of,
            outcome: line.outcome,
            remark: line.remark,
        })
        .collect();
    Ok(Some(FamilyReport {
        made_at: stored.made_at,
        lines,
        differences: report_differences(&names, &stored.content),
    }))
}
