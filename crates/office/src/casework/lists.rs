//! Work lists and lists of cases: one office's tasks by due date, cases by number, the family's own cases.
//!
//! A task belongs to exactly one office, so a work list is one index range however big the city is.

use chrono::NaiveDate;
use store::{AuditEntry, CaseId, Count, Cursor, HouseholdId, Page, Query, ScopeColumns};
use vocab::Level;

use super::{CASE, TaskId};
use crate::access::{Actor, Citizen, Export, Granted, ReadCase};
use crate::business;
use crate::divisions::DivisionView;
use crate::people::sealing;
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE, ROWS_MAX};
use crate::{Office, OfficeError, audited};

/// Rows on one page.
pub const PAGE_SIZE: usize = 20;
/// Counts stop here: "1000+".
const COUNT_MAX: u32 = 1000;

/// What narrows a work list.
#[derive(Debug, Clone, Default)]
pub struct WorkFilter {
    /// Only these items; all if empty.
    pub items: Vec<String>,
    /// A case number or the beginning of an applicant's name.
    pub words: Option<String>,
    /// Only what is overdue.
    pub overdue: bool,
    /// Only cases handled in this county, township or village.
    pub place: Option<DivisionView>,
}

/// One line of a work list.
#[derive(Debug, Clone)]
pub struct Work {
    /// The task.
    pub task: TaskId,
    /// Its case.
    pub case: CaseId,
    /// Case number.
    pub number: String,
    /// Item.
    pub item: String,
    /// Applicant's name.
    pub applicant: String,
    /// Applicant's citizen ID, masked.
    pub citizen_id: String,
    /// Name of the village.
    pub village: String,
    /// Name of the township.
    pub township: String,
    /// Step in the item.
    pub step: String,
    /// What is to be done.
    pub title: String,
    /// Last day (the latest reading).
    pub due_on: NaiveDate,
    /// The earliest reading, where holidays are not published yet.
    pub earliest_on: Option<NaiveDate>,
}

/// The four figures above a work list.
#[derive(Debug, Clone)]
pub struct WorkFigures {
    /// Open tasks.
    pub open: Count,
    /// Due today or on the next working day.
    pub due_soon: Count,
    /// Past the last day.
    pub overdue: Count,
    /// Done this month by this office.
    pub done: Count,
}

/// The actor's open tasks in the actor's businesses, the most urgent first.
///
/// # Errors
/// The database's.
pub async fn worklist(
    office: &Office,
    actor: &Granted<ReadCase>,
    filter: &WorkFilter,
    cursor: Option<&Cursor>,
) -> Result<Page<Work>, OfficeError> {
    worklist_by(office, actor, filter, cursor, PAGE_SIZE).await
}

async fn worklist_by(
    office: &Office,
    actor: &Granted<ReadCase>,
    filter: &WorkFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Work>, OfficeError> {
    let today = office.now().today();
    let mut sql = String::from(
        "SELECT t.id, t.case_id, t.step, t.title, t.due_on, t.earliest_on, c.number, c.item, p.name AS applicant, p.citizen_id_sealed, \
         v.name AS village, w.name AS township \
         FROM task t JOIN case_file c ON c.id = t.case_id JOIN person p ON p.id = c.applicant_person_id \
         JOIN division v ON v.id = c.village_id JOIN division w ON w.id = c.township_id \
         WHERE {scope} AND t.state = 'open' AND t.division_id = ? AND t.role IN ({list})",
    );
    if !filter.items.is_empty() {
        sql.push_str(" AND c.item IN ({list})");
    }
    if let Some(words) = &filter.words {
        sql.push_str(named(words));
    }
    if filter.overdue {
        sql.push_str(" AND t.due_on < ?");
    }
    sql.push_str(handled_in(filter.place.as_ref()));
    sql.push_str(" AND {after} ORDER BY t.due_on, t.id LIMIT ?");
    let mut query = Query::new(&actor.scope(), &CASE, sql)
        .only("c.item", business::items_of(office, actor))
        .bind(actor.division)
        .bind_list(role_codes(actor));
    if !filter.items.is_empty() {
        query = query.bind_list(filter.items.iter().map(String::as_str));
    }
    if let Some(words) = &filter.words {
        query = bind_words(query, words);
    }
    if filter.overdue {
        query = query.bind(today);
    }
    if let Some(place) = &filter.place {
        query = query.bind(place.id);
    }
    let page = query
        .after(&["t.due_on", "t.id"], cursor)
        .page(
            office.db(),
            size,
            |row| {
                let sealed: Vec<u8> = row.get("citizen_id_sealed")?;
                let work = Work {
                    task: row.get("id")?,
                    case: row.get("case_id")?,
                    number: row.get("number")?,
                    item: row.get("item")?,
                    applicant: row.get("applicant")?,
                    citizen_id: String::new(),
                    village: row.get("village")?,
                    township: row.get("township")?,
                    step: row.get("step")?,
                    title: row.get("title")?,
                    due_on: row.get("due_on")?,
                    earliest_on: row.get("earliest_on")?,
                };
                Ok((work, sealed))
            },
            |(work, _)| Cursor::new().date(work.due_on).integer(work.task),
        )
        .await?;
    let rows = page.rows.into_iter().map(|(work, sealed)| {
        Ok(Work { citizen_id: sealing::masked_citizen_id(office.keys(), &sealed)?, ..work })
    });
    Ok(Page { rows: rows.collect::<Result<_, OfficeError>>()?, next: page.next })
}

/// The actor's open tasks as an Excel file. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::Invalid`] for more than [`ROWS_MAX`] rows.
pub async fn worklist_sheet(
    office: &Office,
    actor: &Granted<ReadCase>,
    _export: &Granted<Export>,
    filter: &WorkFilter,
) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ("受理号", 18),
        ("业务", 22),
        ("申请人", 12),
        ("乡镇（街道）", 16),
        ("村（社区）", 18),
        ("当前环节", 18),
        ("办理期限", 12),
    ];
    let release = office.release();
    let mut sheet = Sheet::new("待办", "待办事项", &columns)?;
    let mut cursor = None;
    loop {
        let page = worklist_by(office, actor, filter, cursor.as_ref(), ROWS_AT_ONCE).await?;
        for work in page.rows {
            let item = release.items.get(&work.item).map_or(work.item, |item| item.title.clone());
            let texts = [work.number, item, work.applicant, work.township, work.village, work.title];
            sheet.row(texts.into_iter().map(ListCell::from).chain([work.due_on.into()]))?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return sheet.finish(office, actor, "worklist.exported").await;
        }
    }
}

/// A list on its way into an Excel file, page by page. It is whole or refused: a list that ends early without a word is taken for the
/// whole.
pub(crate) struct Sheet {
    list: ListWriter,
    rows: usize,
}

impl Sheet {
    pub(crate) fn new(name: &str, title: &str, columns: &[(&str, u16)]) -> Result<Sheet, OfficeError> {
        let columns: Vec<ListColumn> =
            columns.iter().map(|&(title, width)| ListColumn::new(title, width)).collect();
        Ok(Sheet { list: ListWriter::new(ListFormat::Excel, name, Some(title), &columns)?, rows: 0 })
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = ListCell>) -> Result<(), OfficeError> {
        if self.rows == ROWS_MAX {
            let words =
                format!("超过 {ROWS_MAX} 行，不能一次导出。请按业务、状态或者地方缩小范围，分几次导出。");
            return Err(OfficeError::invalid("filter", words));
        }
        self.rows += 1;
        let cells: Vec<ListCell> = cells.into_iter().collect();
        Ok(self.list.row(&cells)?)
    }

    /// The file, and into the audit that it was taken out.
    pub(crate) async fn finish(
        self,
        office: &Office,
        actor: &Actor,
        event: &'static str,
    ) -> Result<Vec<u8>, OfficeError> {
        let file = self.list.finish()?;
        let entry = AuditEntry {
            division: Some(actor.division),
            details: serde_json::json!({ "rows": self.rows }),
            ..audited(office.now().at_ms(), actor.audit(), event, ("division", actor.division.0))
        };
        office.db().audit_read(entry).await?;
        Ok(file)
    }
}

/// Tasks `t` of the office that asks, and of no office below it.
const OWN_TASKS: ScopeColumns =
    ScopeColumns { subtree: Some("t.division_id = ?"), own: None, task: None, organisation: None };

/// The figures above the actor's work list.
///
/// # Errors
/// The database's.
pub async fn figures(office: &Office, actor: &Granted<ReadCase>) -> Result<WorkFigures, OfficeError> {
    let now = office.now();
    let today = now.today();
    let soon = office.calendar().working_days_after(today, 1).latest;
    let items = business::items_of(office, actor);
    let open = |due: Option<(&str, NaiveDate)>| {
        let mut sql =
            String::from("SELECT 1 FROM task t WHERE {scope} AND t.state = 'open' AND t.role IN ({list})");
        if let Some((comparison, _)) = due {
            sql.push_str(" AND t.due_on ");
            sql.push_str(comparison);
            sql.push_str(" ?");
        }
        let query = Query::new(&actor.scope(), &OWN_TASKS, sql)
            .only(business::ITEM_OF_TASK, items.clone())
            .bind_list(role_codes(actor));
        match due {
            Some((_, day)) => query.bind(day),
            None => query,
        }
    };
    let month_began = at_midnight(now.month().first_day());
    let done = Query::new(
        &actor.scope(),
        &OWN_TASKS,
        "SELECT 1 FROM task t WHERE {scope} AND t.state = 'done' AND t.done_at >= ?",
    )
    .only(business::ITEM_OF_TASK, items.clone())
    .bind(month_began);
    Ok(WorkFigures {
        open: open(None).count_capped(office.db(), COUNT_MAX).await?,
        due_soon: open(Some(("<=", soon))).count_capped(office.db(), COUNT_MAX).await?,
        overdue: open(Some(("<", today))).count_capped(office.db(), COUNT_MAX).await?,
        done: done.count_capped(office.db(), COUNT_MAX).await?,
    })
}

/// The moment at which a day begins in China.
pub(crate) fn at_midnight(day: NaiveDate) -> i64 {
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() - 8 * 3_600_000
}

fn role_codes(actor: &Actor) -> Vec<&str> {
    actor.roles.iter().map(|role| role.code()).collect()
}

/// The condition on where a case is handled; binds the division.
fn handled_in(place: Option<&DivisionView>) -> &'static str {
    match place.map(|place| place.level) {
        None => "",
        Some(Level::Village) => " AND c.village_id = ?",
        Some(Level::Township) => " AND c.township_id = ?",
        Some(Level::County) => " AND c.county_id = ?",
        Some(_) => " AND c.county_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?)",
    }
}

/// The condition on what was typed: a case number, which has digits and an index of its own, or the beginning of a name.
fn named(words: &str) -> &'static str {
    if is_number(words) { " AND c.number = ?" } else { " AND p.name LIKE ?" }
}

/// Wildcards in a typed name are taken literally by dropping them.
fn bind_words(query: Query, words: &str) -> Query {
    let words = words.trim();
    query.bind(if is_number(words) {
        words.to_ascii_uppercase()
    } else {
        format!("{}%", words.replace(['%', '_'], ""))
    })
}

fn is_number(words: &str) -> bool {
    words.contains(|sign: char| sign.is_ascii_digit())
}

/// What narrows a list of cases.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Only this item.
    pub item: Option<String>,
    /// `open` or `ended`.
    pub state: Option<String>,
    /// A case number or the beginning of an applicant's name.
    pub words: Option<String>,
    /// Only cases handled in this county, township or village.
    pub place: Option<DivisionView>,
    /// Only this family's.
    pub household: Option<HouseholdId>,
}

/// One line of a list of cases.
#[derive(Debug, Clone)]
pub struct CaseLine {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Item.
    pub item: String,
    /// Applicant's name.
    pub applicant: String,
    /// Name of the village.
    pub village: String,
    /// Step in the item.
    pub step: String,
    /// Open or ended.
    pub open: bool,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it was filed.
    pub filed_on: NaiveDate,
    /// Last day of the whole, once accepted.
    pub due_on: Option<NaiveDate>,
}

/// Cases `c` through the rows `cd` of the one office that asks: an index range in the order of the list.
const LISTED: ScopeColumns =
    ScopeColumns { subtree: Some("cd.division_id = ?"), own: None, task: None, organisation: None };

/// Cases that the actor may see, of the actor's area and businesses, the newest first.
///
/// # Errors
/// The database's.
pub async fn cases(
    office: &Office,
    actor: &Granted<ReadCase>,
    filter: &CaseFilter,
    cursor: Option<&Cursor>,
) -> Result<Page<CaseLine>, OfficeError> {
    cases_by(office, actor, filter, cursor, PAGE_SIZE).await
}

async fn cases_by(
    office: &Office,
    actor: &Granted<ReadCase>,
    filter: &CaseFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<CaseLine>, OfficeError> {
    // Down the office's own range until the page is full. Left to choose, SQLite goes village by village and sorts the county.
    let join = if filter.words.is_none() && filter.household.is_none() { " CROSS JOIN " } else { ", " };
    let from = ["case_division cd", "case_file c", "person p", "division v"].join(join);
    let mut sql = format!(
        "{CASE_COLUMNS} FROM {from} WHERE {{scope}} AND c.id = cd.case_id AND p.id = c.applicant_person_id AND v.id = c.village_id"
    );
    if filter.item.is_some() {
        sql.push_str(" AND c.item = ?");
    }
    if filter.state.is_some() {
        sql.push_str(" AND c.state = ?");
    }
    if let Some(words) = &filter.words {
        sql.push_str(named(words));
    }
    sql.push_str(handled_in(filter.place.as_ref()));
    if filter.household.is_some() {
        sql.push_str(" AND c.household_id = ?");
    }
    sql.push_str(" AND {after} ORDER BY cd.case_id DESC LIMIT ?");
    let mut query =
        Query::new(&actor.scope(), &LISTED, sql).only("c.item", business::items_of(office, actor));
    if let Some(item) = &filter.item {
        query = query.bind(item.as_str());
    }
    if let Some(state) = &filter.state {
        query = query.bind(state.as_str());
    }
    if let Some(words) = &filter.words {
        query = bind_words(query, words);
    }
    if let Some(place) = &filter.place {
        query = query.bind(place.id);
    }
    if let Some(household) = filter.household {
        query = query.bind(household);
    }
    Ok(query
        .after_descending(&["cd.case_id"], cursor)
        .page(office.db(), size, case_line, |line| Cursor::new().integer(line.case))
        .await?)
}

/// Cases that the actor may see as an Excel file. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::Invalid`] for more than [`ROWS_MAX`] rows.
pub async fn cases_sheet(
    office: &Office,
    actor: &Granted<ReadCase>,
    _export: &Granted<Export>,
    filter: &CaseFilter,
) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ("受理号", 22),
        ("业务", 24),
        ("申请人", 12),
        ("村（社区）", 20),
        ("状态", 16),
        ("提交日期", 12),
        ("办理期限", 12),
    ];
    let release = office.release();
    let mut sheet = Sheet::new("办件", "办件", &columns)?;
    let mut cursor = None;
    loop {
        let page = cases_by(office, actor, filter, cursor.as_ref(), ROWS_AT_ONCE).await?;
        for line in page.rows {
            let item = release.items.get(&line.item);
            let state = match &line.outcome {
                Some(outcome) if !line.open => release.code_title("case_outcome", outcome).to_owned(),
                _ => item
                    .and_then(|item| item.step(&line.step))
                    .map_or_else(|| line.step.clone(), |step| step.title.clone()),
            };
            let title = item.map_or(line.item, |item| item.title.clone());
            let texts = [line.number, title, line.applicant, line.village, state];
            let due = line.due_on.map_or_else(|| String::new().into(), ListCell::from);
            sheet.row(texts.into_iter().map(ListCell::from).chain([line.filed_on.into(), due]))?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return sheet.finish(office, actor, "cases.exported").await;
        }
    }
}

/// The family's own cases, the newest first. A family has few; the list is not paged.
///
/// # Errors
/// The database's.
pub async fn my_cases(office: &Office, citizen: &Citizen) -> Result<Vec<CaseLine>, OfficeError> {
    Ok(Query::new(
        &citizen.scope(),
        &CASE,
        format!(
            "{CASE_COLUMNS} FROM case_file c JOIN person p ON p.id = c.applicant_person_id JOIN division v ON v.id = c.village_id \
             WHERE {{scope}} ORDER BY c.id DESC LIMIT 50"
        ),
    )
    .all_as(office.db(), case_line)
    .await?)
}

const CASE_COLUMNS: &str = "SELECT c.id, c.number, c.item, c.step, c.state, c.outcome, c.filed_on, c.due_on, \
    p.name AS applicant, v.name AS village";

fn case_line(row: &store::Row) -> store::Result<CaseLine> {
    Ok(CaseLine {
        case: row.get("id")?,
        number: row.get("number")?,
        item: row.get("item")?,
        applicant: row.get("applicant")?,
        village: row.get("village")?,
        step: row.get("step")?,
        open: row.get::<String>("state")? == "open",
        outcome: row.get("outcome")?,
        filed_on: row.get("filed_on")?,
        due_on: row.get("due_on")?,
    })
}
