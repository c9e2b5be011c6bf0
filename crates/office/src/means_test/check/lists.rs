//! What a county watches: questions that nobody answered in time, and what each department has to supply, how often, and how it does.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use store::{CaseId, Cursor, Page, Query};
use vocab::Now;

use super::answer::REQUEST;
use super::{CHECK, CheckRequestId, set_number};
use crate::access::{Export, Granted, MeansTest};
use crate::casework::lists::Sheet;
use crate::tabular::{ListCell, ROWS_AT_ONCE};
use crate::{Office, OfficeError, business, divisions};

/// Rows of a page.
const PAGE: usize = 50;

/// A question whose last day has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateLine {
    /// The question.
    pub id: CheckRequestId,
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Whom it is about.
    pub name: String,
    /// The data set.
    pub dataset: String,
    /// The department's name.
    pub department: String,
    /// When it was put.
    pub asked_on: NaiveDate,
    /// The last day.
    pub due_on: NaiveDate,
    /// Some of it was answered.
    pub partly: bool,
}

/// Questions that are late, the oldest first; of one data set or of all.
///
/// # Errors
/// The database's.
pub async fn late(
    office: &Office,
    actor: &Granted<MeansTest>,
    dataset: Option<&str>,
    after: Option<&Cursor>,
) -> Result<Page<LateLine>, OfficeError> {
    late_page(office, actor, dataset, after, PAGE).await
}

async fn late_page(
    office: &Office,
    actor: &Granted<MeansTest>,
    dataset: Option<&str>,
    after: Option<&Cursor>,
    size: usize,
) -> Result<Page<LateLine>, OfficeError> {
    let release = office.release();
    let filter = if dataset.is_some() { " AND r.dataset = ?" } else { "" };
    let sql = format!(
        "SELECT r.id, r.case_id, c.number, p.name, r.dataset, r.asked_on, r.due_on, r.state FROM check_request r \
         JOIN case_file c ON c.id = r.case_id JOIN person p ON p.id = r.person_id \
         WHERE {{scope}} AND r.state IN ('asked', 'partly') AND r.due_on < ?{filter} AND {{after}} ORDER BY r.due_on, r.id LIMIT ?"
    );
    let mut query = Query::new(&actor.scope(), &REQUEST, sql)
        .only("c.item", business::items_of(office, actor))
        .bind(office.now().today());
    if let Some(dataset) = dataset {
        query = query.bind(dataset);
    }
    Ok(query
        .after(&["r.due_on", "r.id"], after)
        .page(
            office.db(),
            size,
            |row| {
                let id: String = row.get("dataset")?;
                let known = release.datasets.get(&id);
                let department = known.and_then(|dataset| release.departments.get(&dataset.department));
                Ok(LateLine {
                    id: row.get("id")?,
                    case: row.get("case_id")?,
                    number: row.get("number")?,
                    name: row.get("name")?,
                    department: department.map(|department| department.title.clone()).unwrap_or_default(),
                    dataset: known.map_or(id, |dataset| dataset.title.clone()),
                    asked_on: row.get("asked_on")?,
                    due_on: row.get("due_on")?,
                    partly: row.get::<String>("state")? == "partly",
                })
            },
            |line| Cursor::new().date(line.due_on).integer(line.id),
        )
        .await?)
}

/// How many questions of the actor's area are late.
///
/// # Errors
/// The database's.
pub async fn late_count(office: &Office, actor: &Granted<MeansTest>) -> Result<i64, OfficeError> {
    Ok(Query::new(
        &actor.scope(),
        &REQUEST,
        "SELECT COUNT(*) FROM check_request r WHERE {scope} AND r.state IN ('asked', 'partly') AND r.due_on < ?",
    )
    .only(business::ITEM_OF_REQUEST, business::items_of(office, actor))
    .bind(office.now().today())
    .scalar(office.db())
    .await?)
}

/// The late questions as Excel.
///
/// # Errors
/// The database's.
pub async fn late_sheet(
    office: &Office,
    actor: &Granted<MeansTest>,
    _export: &Granted<Export>,
    dataset: Option<&str>,
) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ("受理号", 22),
        ("询问的人", 12),
        ("部门", 26),
        ("核对数据", 20),
        ("询问日期", 12),
        ("最晚答复日期", 14),
        ("答复情况", 12),
    ];
    let mut sheet = Sheet::new("逾期未答复", "逾期未答复的核对询问", &columns)?;
    let mut after = None;
    loop {
        let page = late_page(office, actor, dataset, after.as_ref(), ROWS_AT_ONCE).await?;
        for line in page.rows {
            let state = if line.partly { "部分答复" } else { "没有答复" };
            sheet.row([
                line.number.into(),
                line.name.into(),
                line.department.into(),
                line.dataset.into(),
                line.asked_on.into(),
                line.due_on.into(),
                state.into(),
            ])?;
        }
        after = page.next;
        if after.is_none() {
            return sheet.finish(office, actor, "means_test.check_late_exported").await;
        }
    }
}

/// What one department has to supply, and how it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// The data set's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The department's name.
    pub department: String,
    /// What it must supply: the columns of its file or the questions.
    pub supplies: Vec<String>,
    /// Law.
    pub basis: Vec<String>,
    /// Working days to answer.
    pub limit_days: Option<u16>,
    /// Days for which an answer holds.
    pub valid_days: Option<u16>,
    /// Months between exchanges.
    pub every_months: Option<u16>,
    /// It is asked question by question.
    pub asked: bool,
    /// Questions that wait.
    pub waiting: i64,
    /// Of them late.
    pub late: i64,
    /// Questions settled with an answer.
    pub answered: i64,
    /// The newest file or answer file.
    pub exchanged_on: Option<NaiveDate>,
    /// When the next is due.
    pub next_on: Option<NaiveDate>,
    /// That day has passed, or there never was one.
    pub overdue: bool,
}

/// Every data set of the release in force, with its figures in the actor's area.
///
/// # Errors
/// The database's.
pub async fn sources(office: &Office, actor: &Granted<MeansTest>) -> Result<Vec<SourceLine>, OfficeError> {
    let release = office.release();
    let today = office.now().today();
    let county = divisions::find(office.db(), actor.division).await?.code;
    let figures: BTreeMap<String, (i64, i64, i64)> = Query::new(
        &actor.scope(),
        &REQUEST,
        "SELECT r.dataset, CAST(sum(CASE WHEN r.state IN ('asked', 'partly') THEN 1 ELSE 0 END) AS BIGINT) AS waiting, \
         CAST(sum(CASE WHEN r.state IN ('asked', 'partly') AND r.due_on < ? THEN 1 ELSE 0 END) AS BIGINT) AS late, \
         CAST(sum(CASE WHEN r.state IN ('answered', 'no_record') THEN 1 ELSE 0 END) AS BIGINT) AS answered \
         FROM check_request r WHERE {scope} GROUP BY r.dataset",
    )
    .only(business::ITEM_OF_REQUEST, business::items_of(office, actor))
    .bind(today)
    .all_as(office.db(), |row| {
        Ok((row.get::<String>("dataset")?, (row.get("waiting")?, row.get("late")?, row.get("answered")?)))
    })
    .await?
    .into_iter()
    .collect();
    let files: BTreeMap<String, NaiveDate> = Query::system(
        CHECK,
        "SELECT f.dataset, max(f.as_of) AS newest FROM department_file f WHERE f.state = 'ready' AND f.division_id IN \
         (SELECT dc.ancestor_id FROM division_closure dc WHERE dc.descendant_id = ?) GROUP BY f.dataset",
    )
    .bind(actor.division)
    .all_as(office.db(), |row| Ok((row.get("dataset")?, row.get("newest")?)))
    .await?
    .into_iter()
    .collect();
    let answers: BTreeMap<String, i64> = Query::system(
        CHECK,
        "SELECT e.dataset, max(e.made_at) AS newest FROM check_exchange e WHERE e.direction = 'in' AND e.county_id IN \
         (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?) GROUP BY e.dataset",
    )
    .bind(actor.division)
    .all_as(office.db(), |row| Ok((row.get("dataset")?, row.get("newest")?)))
    .await?
    .into_iter()
    .collect();
    let set = |parameter: Option<&catalogue::Reference>| {
        set_number(&release, parameter.map(|id| id.as_str()), &county, today)
    };
    let lines = release.datasets.iter().map(|dataset| {
        let id = dataset.id.get();
        let (waiting, late, answered) = figures.get(id).copied().unwrap_or_default();
        let every_months = set(dataset.every.as_ref());
        let answered_on = answers.get(id).map(|at| Now::from_unix_ms(*at).today());
        let exchanged_on = files.get(id).copied().max(answered_on);
        let next_on = match (exchanged_on, every_months) {
            (Some(last), Some(months)) => last.checked_add_months(Months::new(u32::from(months))),
            _ => None,
        };
        let supplies = if dataset.asks.is_empty() {
            dataset.columns.iter().map(|column| column.title.clone()).collect()
        } else {
            dataset.asks.iter().map(|ask| ask.title.clone()).collect()
        };
        SourceLine {
            id: id.clone(),
            title: dataset.title.clone(),
            department: release
                .departments
                .get(&dataset.department)
                .map(|department| department.title.clone())
                .unwrap_or_default(),
            supplies,
            basis: dataset.basis.iter().map(|basis| release.cite(basis)).collect(),
            limit_days: set(dataset.limit.as_ref()),
            valid_days: set(dataset.valid.as_ref()),
            every_months,
            asked: !dataset.asks.is_empty(),
            waiting,
            late,
            answered,
            exchanged_on,
            next_on,
            overdue: every_months.is_some() && next_on.is_none_or(|next| next < today),
        }
    });
    Ok(lines.collect())
}

/// The same as Excel.
///
/// # Errors
/// The database's.
pub async fn sources_sheet(
    office: &Office,
    actor: &Granted<MeansTest>,
    _export: &Granted<Export>,
) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ("部门", 26),
        ("核对数据", 20),
        ("提供什么", 60),
        ("依据", 40),
        ("答复期限（工作日）", 14),
        ("有效期（天）", 12),
        ("交换间隔（月）", 12),
        ("等待答复", 10),
        ("其中逾期", 10),
        ("已答复", 10),
        ("最近一次", 12),
        ("下一次", 12),
    ];
    let mut sheet = Sheet::new("部门协作", "各部门提供的核对数据", &columns)?;
    let number = |number: Option<u16>| ListCell::from(number.map(i64::from));
    for line in sources(office, actor).await? {
        sheet.row([
            line.department.into(),
            line.title.into(),
            line.supplies.join("；").into(),
            line.basis.join("；").into(),
            number(line.limit_days),
            number(line.valid_days),
            number(line.every_months),
            line.waiting.into(),
            line.late.into(),
            line.answered.into(),
            line.exchanged_on.into(),
            line.next_on.into(),
        ])?;
    }
    sheet.finish(office, actor, "means_test.sources_exported").await
}
