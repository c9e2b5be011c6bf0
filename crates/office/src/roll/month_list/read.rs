//! What stands on a month's list, how it differs from the one before, and the numbers and money by county and month.

use ledger::{EntitlementId, RunId, RunState};
use serde_json::json;
use store::{AuditEntry, Connection, Cursor, DivisionId, Page, PersonId, Query, Row};
use vocab::{Fen, Month, Now};

use super::{Counted, MONTH_LIST, MonthListId};
use crate::access::{Export, Granted, ReadPayments, Right};
use crate::roll::business;
use crate::tabular::{ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError, audited, divisions};

const SEEN: &str = "rows of a list that the reader may see";
/// More are not one list that a person reads.
const ROWS_MAX: usize = 200_000;
/// Lists on one page: a prefecture's counties over the years.
const LISTS_MAX: i64 = 500;

/// A list with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListView {
    /// The list.
    pub id: MonthListId,
    /// Whose money.
    pub county: DivisionId,
    /// Its name.
    pub county_name: String,
    /// Programme.
    pub programme: String,
    /// Month.
    pub month: Month,
    /// Still being drawn up.
    pub making: bool,
    /// The payment run.
    pub run: Option<RunId>,
    /// Where the run stands.
    pub run_state: Option<RunState>,
    /// Its numbers.
    pub counted: Counted,
    /// What the bank has paid of it.
    pub paid: Fen,
    /// When it was first drawn up.
    pub made_at: Now,
}

/// A county and month of a report is a list.
pub type MonthReport = ListView;

const VIEW: &str = "SELECT ml.id, ml.county_id, d.name AS county_name, ml.programme, ml.month, ml.state, ml.run_id, r.state AS run_state, \
    ml.made_at, \
    (SELECT COUNT(*) FROM month_list_line n WHERE n.list_id = ml.id AND n.outcome = 'listed') AS persons, \
    (SELECT COUNT(DISTINCT n.entitlement_id) FROM month_list_line n WHERE n.list_id = ml.id AND n.outcome = 'listed') AS benefits, \
    CAST(COALESCE((SELECT SUM(n.amount_fen) FROM month_list_line n WHERE n.list_id = ml.id AND n.outcome = 'listed'), 0) AS BIGINT) AS total, \
    (SELECT COUNT(*) FROM month_list_line n WHERE n.list_id = ml.id AND n.outcome IN ('covered', 'not_met', 'unknown')) AS left_out, \
    CAST(COALESCE((SELECT SUM(l.amount_fen) FROM payment_line l WHERE l.state = 'succeeded' AND l.entitlement_id IN \
      (SELECT n.entitlement_id FROM month_list_line n WHERE n.list_id = ml.id AND n.outcome = 'listed')), 0) AS BIGINT) AS paid \
    FROM month_list ml JOIN division d ON d.id = ml.county_id LEFT JOIN payment_run r ON r.id = ml.run_id WHERE {scope}";

fn read(row: &Row) -> store::Result<ListView> {
    Ok(ListView {
        id: row.get("id")?,
        county: row.get("county_id")?,
        county_name: row.get("county_name")?,
        programme: row.get("programme")?,
        month: row.get("month")?,
        making: row.get::<String>("state")? == "making",
        run: row.get("run_id")?,
        run_state: row.get("run_state")?,
        counted: Counted {
            persons: row.get("persons")?,
            benefits: row.get("benefits")?,
            total: row.get("total")?,
            left_out: row.get("left_out")?,
        },
        paid: row.get("paid")?,
        made_at: Now::from_unix_ms(row.get("made_at")?),
    })
}

/// The lists of one's area and businesses, the newest month first.
///
/// # Errors
/// The database's.
pub async fn lists(office: &Office, actor: &Granted<ReadPayments>) -> Result<Vec<ListView>, OfficeError> {
    let programmes = business::shown(&office.release(), actor, &[Right::ReadPayments], None);
    let own = if programmes.is_some() { " AND ml.programme IN ({list})" } else { "" };
    let sql = format!("{VIEW}{own} ORDER BY ml.month DESC, ml.county_id, ml.programme LIMIT ?");
    let mut query = Query::new(&actor.scope(), &MONTH_LIST, sql);
    if let Some(programmes) = programmes {
        query = query.bind_list(programmes);
    }
    Ok(query.bind(LISTS_MAX).all_as(office.db(), read).await?)
}

/// One list.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area and businesses.
pub async fn find(
    office: &Office,
    actor: &Granted<ReadPayments>,
    id: MonthListId,
) -> Result<ListView, OfficeError> {
    let sql = format!("{VIEW} AND ml.id = ?");
    let found = Query::new(&actor.scope(), &MONTH_LIST, sql).bind(id).optional_as(office.db(), read).await?;
    let list = found.ok_or(OfficeError::NotFound("这份名册"))?;
    business::demand_found(office, actor, &list.programme, "这份名册")?;
    Ok(list)
}

/// The list that a run pays, where it pays by list.
///
/// # Errors
/// The database's.
pub async fn of_run(
    office: &Office,
    actor: &Granted<ReadPayments>,
    run: RunId,
) -> Result<Option<MonthListId>, OfficeError> {
    Ok(Query::new(
        &actor.scope(),
        &MONTH_LIST,
        "SELECT ml.id FROM month_list ml WHERE {scope} AND ml.run_id = ?",
    )
    .bind(run)
    .optional_as(office.db(), |row| row.get("id"))
    .await?)
}

/// Which lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOutcome {
    /// Listed and granted.
    Listed,
    /// Asked about and left out, with the reason.
    LeftOut,
    /// Listed, and not on the list before.
    New,
    /// On the list before, and not on this one.
    Gone,
}

impl LineOutcome {
    /// All of them, as pages offer them.
    pub const ALL: [LineOutcome; 4] =
        [LineOutcome::Listed, LineOutcome::LeftOut, LineOutcome::New, LineOutcome::Gone];

    /// In an address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LineOutcome::Listed => "listed",
            LineOutcome::LeftOut => "left_out",
            LineOutcome::New => "new",
            LineOutcome::Gone => "gone",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            LineOutcome::Listed => "已列入",
            LineOutcome::LeftOut => "未列入",
            LineOutcome::New => "比上一份新增",
            LineOutcome::Gone => "上一份有、这一份没有",
        }
    }
}

/// A person on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListLine {
    /// The line.
    pub id: i64,
    /// The person.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Village.
    pub division: DivisionId,
    /// Amount.
    pub amount: Fen,
    /// Why the person is left out or gone.
    pub reason: Option<String>,
    /// The month's benefit.
    pub entitlement: Option<EntitlementId>,
}

/// The list of the month before of the same county and programme.
async fn before(connection: &impl Connection, list: &ListView) -> Result<Option<MonthListId>, OfficeError> {
    Ok(Query::system(
        SEEN,
        "SELECT id FROM month_list WHERE county_id = ? AND programme = ? AND month < ? ORDER BY month DESC LIMIT 1",
    )
    .bind(list.county)
    .bind(&list.programme)
    .bind(list.month)
    .optional_as(connection, |row| row.get("id"))
    .await?)
}

const LINE: &str = "SELECT n.id, n.person_id, p.name, n.division_id, n.amount_fen, n.reason, n.entitlement_id FROM month_list_line n \
    JOIN person p ON p.id = n.person_id WHERE n.list_id = ?";

fn read_line(row: &Row) -> store::Result<ListLine> {
    Ok(ListLine {
        id: row.get("id")?,
        person: row.get("person_id")?,
        name: row.get("name")?,
        division: row.get("division_id")?,
        amount: row.get("amount_fen")?,
        reason: row.get("reason")?,
        entitlement: row.get("entitlement_id")?,
    })
}

/// A page of a list's lines.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn lines(
    office: &Office,
    actor: &Granted<ReadPayments>,
    id: MonthListId,
    which: LineOutcome,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<ListLine>, OfficeError> {
    let list = find(office, actor, id).await?;
    let other = before(office.db(), &list).await?.unwrap_or(MonthListId(0));
    // Which list is read, and what is asked of it beside the other.
    let (of, sql) = match which {
        LineOutcome::Listed => (id, format!("{LINE} AND n.outcome = 'listed'")),
        LineOutcome::LeftOut => (id, format!("{LINE} AND n.outcome IN ('covered', 'not_met', 'unknown')")),
        LineOutcome::New | LineOutcome::Gone => (
            if which == LineOutcome::New { id } else { other },
            format!(
                "{LINE} AND n.outcome = 'listed' AND NOT EXISTS (SELECT 1 FROM month_list_line o WHERE o.list_id = ? \
                 AND o.person_id = n.person_id AND o.outcome = 'listed')"
            ),
        ),
    };
    let query = Query::system(SEEN, format!("{sql} AND {{after}} ORDER BY n.id LIMIT ?")).bind(of);
    let query = match which {
        LineOutcome::Listed | LineOutcome::LeftOut => query,
        LineOutcome::New => query.bind(other),
        LineOutcome::Gone => query.bind(id),
    };
    let page = query.after(&["n.id"], cursor);
    let mut page = page.page(office.db(), size, read_line, |line| Cursor::new().integer(line.id)).await?;
    if which == LineOutcome::Gone {
        let reasons: Vec<(PersonId, String)> = Query::system(
            SEEN,
            "SELECT person_id, reason FROM month_list_line WHERE list_id = ? AND reason IS NOT NULL AND person_id IN ({list})",
        )
        .bind(id)
        .bind_list(page.rows.iter().map(|line| line.person))
        .all_as(office.db(), |row| Ok((row.get("person_id")?, row.get("reason")?)))
        .await?;
        for line in &mut page.rows {
            let known =
                reasons.iter().find(|(person, _)| *person == line.person).map(|(_, reason)| reason.clone());
            line.reason = Some(known.unwrap_or_else(|| "这个月已不在册".to_owned()));
        }
    }
    Ok(page)
}

/// How a list differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// Month of the list before.
    pub before: Option<Month>,
    /// Persons and money then.
    pub then: (i64, Fen),
    /// Persons that were not on it.
    pub new: i64,
    /// Persons that are not on this one.
    pub gone: i64,
}

/// How a list differs from the one before.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn changes(
    office: &Office,
    actor: &Granted<ReadPayments>,
    list: &ListView,
) -> Result<Changes, OfficeError> {
    let Some(before) = before(office.db(), list).await? else {
        return Ok(Changes { before: None, then: (0, Fen::ZERO), new: list.counted.persons, gone: 0 });
    };
    let then = find(office, actor, before).await?;
    let missing = "SELECT COUNT(*) FROM month_list_line n WHERE n.list_id = ? AND n.outcome = 'listed' AND NOT EXISTS \
        (SELECT 1 FROM month_list_line o WHERE o.list_id = ? AND o.person_id = n.person_id AND o.outcome = 'listed')";
    let new = Query::system(SEEN, missing).bind(list.id).bind(before).scalar(office.db()).await?;
    let gone = Query::system(SEEN, missing).bind(before).bind(list.id).scalar(office.db()).await?;
    Ok(Changes { before: Some(then.month), then: (then.counted.persons, then.counted.total), new, gone })
}

/// Numbers and money by county and month: the lists of one's area that are drawn up.
///
/// # Errors
/// The database's.
pub async fn report(office: &Office, actor: &Granted<ReadPayments>) -> Result<Vec<MonthReport>, OfficeError> {
    Ok(lists(office, actor).await?.into_iter().filter(|list| !list.making).collect())
}

/// The report as a file. Taking it out is audited.
///
/// # Errors
/// The file cannot be written.
pub async fn sheet(
    office: &Office,
    actor: &Granted<ReadPayments>,
    export: &Granted<Export>,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let release = office.release();
    let columns = [
        ListColumn::new("月份", 12),
        ListColumn::new("县（市、区）", 16),
        ListColumn::new("待遇项目", 18),
        ListColumn::new("列入（人）", 12),
        ListColumn::new("列入（户、笔）", 14),
        ListColumn::new("应发（元）", 16),
        ListColumn::new("已发到账（元）", 16),
        ListColumn::new("未列入（人）", 12),
    ];
    let title = format!("{}按月造册发放情况", export.division_name);
    let mut list = ListWriter::new(format, "按月造册", Some(&title), &columns)?;
    let mut rows = report(office, actor).await?;
    rows.retain(|row| business::holds(&release, export, Right::Export, &row.programme));
    for row in &rows {
        let programme = release.programmes.get(&row.programme);
        list.row(&[
            row.month.zh().into(),
            row.county_name.as_str().into(),
            programme.map_or(row.programme.as_str(), |programme| programme.title.as_str()).into(),
            row.counted.persons.into(),
            row.counted.benefits.into(),
            row.counted.total.into(),
            row.paid.into(),
            row.counted.left_out.into(),
        ])?;
    }
    let bytes = list.finish()?;
    let entry = audited(
        office.now().at_ms(),
        actor.audit(),
        "month_list.report_exported",
        ("division", actor.division.0),
    );
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(actor.division),
            details: json!({ "rows": rows.len(), "format": format.extension() }),
            ..entry
        })
        .await?;
    Ok(bytes)
}

/// A list with its persons as a file. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area; [`OfficeError::Invalid`] for more than one reads.
pub async fn lines_sheet(
    office: &Office,
    actor: &Granted<ReadPayments>,
    export: &Granted<Export>,
    id: MonthListId,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let view = find(office, actor, id).await?;
    business::demand(office, export, &view.programme)?;
    let release = office.release();
    let programme =
        release.programmes.get(&view.programme).map_or(view.programme.as_str(), |one| one.title.as_str());
    let columns = [
        ListColumn::new("姓名", 14),
        ListColumn::new("村（社区）", 20),
        ListColumn::new("金额（元）", 14),
        ListColumn::new("结果", 12),
        ListColumn::new("原因", 40),
    ];
    let title = format!("{}{}{}名册", view.county_name, view.month.zh(), programme);
    let mut list = ListWriter::new(format, "名册", Some(&title), &columns)?;
    let mut rows = 0_usize;
    for which in [LineOutcome::Listed, LineOutcome::LeftOut] {
        let mut cursor = None;
        loop {
            let page = lines(office, actor, id, which, cursor.as_ref(), ROWS_AT_ONCE).await?;
            let places = divisions::names(office.db(), page.rows.iter().map(|line| line.division)).await?;
            for line in &page.rows {
                list.row(&[
                    line.name.as_str().into(),
                    places.get(&line.division).map_or("", String::as_str).into(),
                    line.amount.into(),
                    which.title().into(),
                    line.reason.as_deref().unwrap_or_default().into(),
                ])?;
            }
            rows += page.rows.len();
            if rows > ROWS_MAX {
                return Err(OfficeError::invalid("", format!("名册超过 {ROWS_MAX} 人，不能一次导出。")));
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
    }
    let bytes = list.finish()?;
    let entry = audited(office.now().at_ms(), export.audit(), "month_list.exported", ("month_list", id.0));
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(actor.division),
            details: json!({ "rows": rows, "format": format.extension() }),
            ..entry
        })
        .await?;
    Ok(bytes)
}
