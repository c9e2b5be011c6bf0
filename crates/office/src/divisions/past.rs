//! What a division was called, which codes it bore and where it lay, since when and by which document; the tree as a list.

use chrono::NaiveDate;
use store::{AuditEntry, Connection, DivisionId, Query};
use vocab::Level;

use super::{DivisionChangeId, TREE, find};
use crate::access::Actor;
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited};

/// A division with both code schemes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The division.
    pub id: DivisionId,
    /// Name.
    pub name: String,
    /// Statistical code.
    pub code: String,
    /// Code of the Ministry of Civil Affairs.
    pub mca_code: Option<String>,
    /// Level.
    pub level: Level,
    /// Name of the one above.
    pub parent: Option<String>,
    /// Since when it is what it is.
    pub since: Option<NaiveDate>,
    /// The day on which it ended.
    pub until: Option<NaiveDate>,
}

/// A time in which a division was called and coded so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Name.
    pub name: String,
    /// Statistical code.
    pub code: String,
    /// Code of the Ministry of Civil Affairs.
    pub mca_code: Option<String>,
    /// Name of the one above.
    pub parent: Option<String>,
    /// Since when; unknown when the packs brought it.
    pub from: Option<NaiveDate>,
    /// Until when; none for the present.
    pub until: Option<NaiveDate>,
    /// The change by which it began, with its document.
    pub by: Option<(DivisionChangeId, String)>,
}

/// Everything on a division's page.
#[derive(Debug, Clone)]
pub struct DivisionPage {
    /// The division.
    pub division: Listed,
    /// The ones above, highest first.
    pub above: Vec<(DivisionId, String)>,
    /// What it was, newest first; the present is the first unless it ended.
    pub past: Vec<Past>,
    /// The change by which it ended, with its document.
    pub ended_by: Option<(DivisionChangeId, String)>,
    /// What followed it.
    pub successors: Vec<(DivisionId, String)>,
    /// What it followed, with the day.
    pub predecessors: Vec<(DivisionId, String, NaiveDate)>,
    /// Directly below.
    pub below: Vec<Listed>,
    /// What lay below and ended.
    pub ended_below: Vec<Listed>,
}

const LISTED: &str = "SELECT d.id, d.name, d.code, d.mca_code, d.level, p.name AS parent_name, COALESCE(d.since_on, d.from_on) AS since, \
    d.until_on FROM division d LEFT JOIN division p ON p.id = d.parent_id";

fn listed(row: &store::Row) -> Result<Listed, OfficeError> {
    let level: String = row.get("level")?;
    Ok(Listed {
        id: row.get("id")?,
        name: row.get("name")?,
        code: row.get("code")?,
        mca_code: row.get("mca_code")?,
        level: level.parse().map_err(|error: vocab::VocabError| OfficeError::Internal(error.to_string()))?,
        parent: row.get("parent_name")?,
        since: row.get("since")?,
        until: row.get("until_on")?,
    })
}

/// A division's page. Divisions are everybody's.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn page(office: &Office, division: DivisionId) -> Result<DivisionPage, OfficeError> {
    let db = office.db();
    let row = Query::system(TREE, format!("{LISTED} WHERE d.id = ?"))
        .bind(division)
        .optional(db)
        .await?
        .ok_or(OfficeError::NotFound("这个行政区划"))?;
    let own = listed(&row)?;
    let mut above = Vec::new();
    let mut next = find(db, division).await?.parent;
    while let Some(id) = next {
        let view = find(db, id).await?;
        above.insert(0, (id, view.name));
        next = view.parent;
    }
    let pairs = async |sql: &'static str| -> Result<Vec<(DivisionId, String, NaiveDate)>, OfficeError> {
        let query = Query::system(TREE, sql).bind(division);
        Ok(query.all_as(db, |row| Ok((row.get("id")?, row.get("name")?, row.get("on_day")?))).await?)
    };
    let successors = pairs(
        "SELECT d.id, d.name, s.on_day FROM division_successor s JOIN division d ON d.id = s.successor_id WHERE s.division_id = ? ORDER BY d.code",
    )
    .await?;
    let predecessors = pairs(
        "SELECT d.id, d.name, s.on_day FROM division_successor s JOIN division d ON d.id = s.division_id WHERE s.successor_id = ? ORDER BY s.on_day, d.code",
    )
    .await?;
    let lists = async |condition: &'static str| -> Result<Vec<Listed>, OfficeError> {
        let sql = format!("{LISTED} WHERE d.parent_id = ? AND {condition} ORDER BY d.code");
        Query::system(TREE, sql).bind(division).all(db).await?.iter().map(listed).collect()
    };
    let documents = documents(db, division).await?;
    Ok(DivisionPage {
        past: past(db, &own, &documents).await?,
        ended_by: own.until.and_then(|until| of_day(&documents, Some(until))),
        division: own,
        above,
        successors: successors.into_iter().map(|(id, name, _)| (id, name)).collect(),
        predecessors,
        below: lists("d.until_on IS NULL").await?,
        ended_below: lists("d.until_on IS NOT NULL").await?,
    })
}

/// A day on which a division changed, with the change and its document.
type Document = (NaiveDate, DivisionChangeId, String);

async fn documents(connection: &impl Connection, division: DivisionId) -> Result<Vec<Document>, OfficeError> {
    let rows = Query::system(
        TREE,
        "SELECT x.effective_on, x.id, x.document_title, x.document_number FROM division_change_of o JOIN division_change x ON x.id = o.change_id \
         WHERE o.division_id = ? AND x.state = 'effective'",
    )
    .bind(division)
    .all(connection)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (title, number): (String, String) = (row.get("document_title")?, row.get("document_number")?);
        found.push((row.get("effective_on")?, row.get("id")?, format!("《{title}》（{number}）")));
    }
    Ok(found)
}

fn of_day(documents: &[Document], day: Option<NaiveDate>) -> Option<(DivisionChangeId, String)> {
    documents.iter().find(|(on, ..)| Some(*on) == day).map(|(_, id, source)| (*id, source.clone()))
}

async fn past(
    connection: &impl Connection,
    own: &Listed,
    documents: &[Document],
) -> Result<Vec<Past>, OfficeError> {
    let by = |from: Option<NaiveDate>| of_day(documents, from);
    let rows = Query::system(
        TREE,
        "SELECT t.name, t.code, t.mca_code, p.name AS parent_name, t.from_on, t.until_on FROM division_past t \
         LEFT JOIN division p ON p.id = t.parent_id WHERE t.division_id = ? ORDER BY t.id DESC",
    )
    .bind(own.id)
    .all(connection)
    .await?;
    let mut all = Vec::with_capacity(rows.len() + 1);
    if own.until.is_none() {
        all.push(Past {
            name: own.name.clone(),
            code: own.code.clone(),
            mca_code: own.mca_code.clone(),
            parent: own.parent.clone(),
            from: own.since,
            until: None,
            by: by(own.since),
        });
    }
    for row in rows {
        let from: Option<NaiveDate> = row.get("from_on")?;
        all.push(Past {
            name: row.get("name")?,
            code: row.get("code")?,
            mca_code: row.get("mca_code")?,
            parent: row.get("parent_name")?,
            from,
            until: row.get("until_on")?,
            by: by(from),
        });
    }
    Ok(all)
}

/// The whole tree at and below a division as a file: both code schemes side by side, what each was called before, what ended and what followed.
///
/// # Errors
/// The database.
pub async fn sheet(
    office: &Office,
    actor: &Actor,
    division: DivisionId,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let rows = Query::system(
        TREE,
        format!(
            "{LISTED} JOIN division_closure c ON c.descendant_id = d.id WHERE c.ancestor_id = ? \
             ORDER BY CASE WHEN d.until_on IS NULL THEN 0 ELSE 1 END, d.code, d.id"
        ),
    )
    .bind(division)
    .all(office.db())
    .await?;
    let past: Vec<(DivisionId, String, String, NaiveDate)> = Query::system(
        TREE,
        "SELECT t.division_id, t.name, t.code, t.until_on FROM division_past t JOIN division_closure c ON c.descendant_id = t.division_id \
         WHERE c.ancestor_id = ? ORDER BY t.id",
    )
    .bind(division)
    .all_as(office.db(), |row| Ok((row.get("division_id")?, row.get("name")?, row.get("code")?, row.get("until_on")?)))
    .await?;
    let followed: Vec<(DivisionId, String, String)> = Query::system(
        TREE,
        "SELECT s.division_id, d.name, d.code FROM division_successor s JOIN division d ON d.id = s.successor_id ORDER BY d.code",
    )
    .all_as(office.db(), |row| Ok((row.get("division_id")?, row.get("name")?, row.get("code")?)))
    .await?;
    let columns = [
        ("统计代码", 14),
        ("民政代码", 14),
        ("名称", 24),
        ("级别", 8),
        ("上级", 20),
        ("自何日起", 12),
        ("撤销日期", 12),
        ("以前的名称和代码", 40),
        ("撤销后归", 30),
    ]
    .map(|(title, width)| ListColumn::new(title, width));
    let mut list = ListWriter::new(format, "行政区划", None, &columns)?;
    for row in &rows {
        let own = listed(row)?;
        let before = past.iter().filter(|(id, ..)| *id == own.id && own.until.is_none());
        let before: Vec<String> =
            before.map(|(_, name, code, until)| format!("{name}（{code}，至{until}）")).collect();
        let after = followed.iter().filter(|(id, ..)| *id == own.id);
        let after: Vec<String> = after.map(|(_, name, code)| format!("{name}（{code}）")).collect();
        let day = |day: Option<NaiveDate>| day.map_or(ListCell::Empty, ListCell::Date);
        list.row(&[
            ListCell::words(&own.code),
            ListCell::words(own.mca_code.as_deref().unwrap_or_default()),
            ListCell::words(&own.name),
            ListCell::words(title(own.level)),
            ListCell::words(own.parent.as_deref().unwrap_or_default()),
            day(own.since),
            day(own.until),
            ListCell::words(&before.join("；")),
            ListCell::words(&after.join("；")),
        ])?;
    }
    let tx = office.db().begin().await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: serde_json::json!({ "rows": rows.len() }),
        ..audited(office.now().at_ms(), actor.audit(), "division.export", ("division", division.0))
    })
    .await?;
    tx.commit().await?;
    Ok(list.finish()?)
}

/// 县级, as lists say it.
#[must_use]
pub fn title(level: Level) -> &'static str {
    match level {
        Level::Nation => "国家",
        Level::Province => "省级",
        Level::Prefecture => "地级",
        Level::County => "县级",
        Level::Township => "乡级",
        Level::Village => "村级",
    }
}
