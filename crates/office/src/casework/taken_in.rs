//! 代收: a window takes in an application whose family lives elsewhere (全市通办, 社会救助法 art. 64), and afterwards the case is another office's; or somebody
//! who bore the cost of a funeral files for one who was not of their family. Whoever handed it in sees that it arrived and how far it is: accepted,
//! papers missing, decided or not, with the receipt. Nothing else of the case, and not what was decided: that the office in charge says.

use catalogue::definition::Level;
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, CaseId, Cursor, Page, Query};

use super::LetterId;
use super::drafts::Filler;
use super::letters;
use super::lists::Sheet;
use crate::access::{Export, FileForOther, Granted};
use crate::tabular::{ListCell, ROWS_AT_ONCE};
use crate::{Office, OfficeError, audited};

/// Why cases outside an officer's area are read.
const FILER: &str = "how far applications are that the caller handed in with their own hands";

/// Rows on one page.
const ROWS: usize = 20;

/// How far an application is, as whoever took it in may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Sent, and not accepted yet.
    Sent,
    /// The office in charge asked for papers.
    Missing,
    /// Accepted, and not decided yet.
    Accepted,
    /// Decided, or at its end otherwise; how, the office in charge says.
    Settled,
}

impl Standing {
    /// As pages say it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Standing::Sent => "已送达，等待受理",
            Standing::Missing => "需要补材料",
            Standing::Accepted => "已受理，还没有决定",
            Standing::Settled => "已办结",
        }
    }
}

/// An application that an officer took in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenIn {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// The matter's title.
    pub title: String,
    /// Who asks.
    pub applicant: String,
    /// When it was taken in.
    pub filed_on: NaiveDate,
    /// The township in charge.
    pub township: String,
    /// How far it is.
    pub standing: Standing,
}

const LINE: &str = "SELECT c.id, c.number, c.item, c.step, c.state, c.accepted_on, c.decided_on, c.filed_on, p.name AS applicant, w.name AS township \
    FROM case_file c JOIN person p ON p.id = c.applicant_person_id JOIN division w ON w.id = c.township_id";

fn line(office: &Office, row: &store::Row) -> store::Result<TakenIn> {
    let release = office.release();
    let item = release.items.get(&row.get::<String>("item")?);
    let step: String = row.get("step")?;
    let (accepted, decided): (Option<NaiveDate>, Option<NaiveDate>) =
        (row.get("accepted_on")?, row.get("decided_on")?);
    let asked = item.and_then(|item| item.step(&step)).is_some_and(|step| step.level == Level::Applicant);
    let standing = if decided.is_some() || row.get::<String>("state")? == "ended" {
        Standing::Settled
    } else if accepted.is_some() {
        Standing::Accepted
    } else if asked {
        Standing::Missing
    } else {
        Standing::Sent
    };
    Ok(TakenIn {
        case: row.get("id")?,
        number: row.get("number")?,
        title: item.map_or_else(String::new, |item| item.title.clone()),
        applicant: row.get("applicant")?,
        filed_on: row.get("filed_on")?,
        township: row.get("township")?,
        standing,
    })
}

/// The condition that a case was handed in by somebody and is not theirs otherwise, with its values.
fn handed_in(filler: Filler<'_>) -> (&'static str, Vec<i64>) {
    match filler {
        Filler::Desk(actor) => (
            "c.filed_by = ? AND NOT EXISTS (SELECT 1 FROM case_division cd WHERE cd.case_id = c.id AND cd.division_id = ?)",
            vec![actor.staff.0, actor.division.0],
        ),
        Filler::Citizen(citizen) => ("c.filed_by_person = ?", vec![citizen.person.0]),
    }
}

/// What the caller handed in that is no case of their own office or family, the newest first. An officer's reading is audited.
///
/// # Errors
/// The database's.
pub async fn list(
    office: &Office,
    filler: Filler<'_>,
    cursor: Option<&Cursor>,
) -> Result<Page<TakenIn>, OfficeError> {
    let page = read(office, filler, cursor, ROWS).await?;
    if let Filler::Desk(actor) = filler {
        let subject = ("division", actor.division.0);
        written(office, actor, "case.taken_in_listed", subject, page.rows.len()).await?;
    }
    Ok(page)
}

async fn read(
    office: &Office,
    filler: Filler<'_>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<TakenIn>, OfficeError> {
    let (condition, values) = handed_in(filler);
    let sql = format!("{LINE} WHERE {condition} AND {{after}} ORDER BY c.id DESC LIMIT ?");
    let query = values.into_iter().fold(Query::system(FILER, sql), Query::bind);
    let page = query.after_descending(&["c.id"], cursor);
    Ok(page.page(office.db(), size, |row| line(office, row), |one| Cursor::new().integer(one.case.0)).await?)
}

async fn written(
    office: &Office,
    actor: &Granted<FileForOther>,
    deed: &'static str,
    subject: (&'static str, i64),
    rows: usize,
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        division: Some(actor.division),
        details: json!({ "rows": rows }),
        ..audited(office.now().at_ms(), actor.audit(), deed, subject)
    };
    Ok(office.db().audit_read(entry).await?)
}

/// An officer's list as Excel. Taking it out is audited.
///
/// # Errors
/// The database's.
pub async fn sheet(
    office: &Office,
    actor: &Granted<FileForOther>,
    _export: &Granted<Export>,
) -> Result<Vec<u8>, OfficeError> {
    let columns =
        [("受理号", 22), ("事项", 24), ("申请人", 12), ("代收日期", 12), ("办理地", 18), ("办到哪里", 20)];
    let mut sheet = Sheet::new("代收", "代收的申请", &columns)?;
    let mut cursor = None;
    loop {
        let page = read(office, Filler::Desk(actor), cursor.as_ref(), ROWS_AT_ONCE).await?;
        for one in page.rows {
            let TakenIn { case: _, number, title, applicant, filed_on, township, standing } = one;
            sheet.row([
                ListCell::from(number),
                ListCell::from(title),
                ListCell::from(applicant),
                filed_on.into(),
                ListCell::from(township),
                ListCell::from(standing.title()),
            ])?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return sheet.finish(office, actor, "case.taken_in_exported").await;
        }
    }
}

/// One application that the caller handed in - an officer: of whichever office - with its receipt. An officer's reading is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] for what somebody else handed in.
pub async fn find(
    office: &Office,
    filler: Filler<'_>,
    case: CaseId,
) -> Result<(TakenIn, Option<LetterId>), OfficeError> {
    let (condition, who) = match filler {
        Filler::Desk(actor) => ("c.filed_by = ?", actor.staff.0),
        Filler::Citizen(citizen) => ("c.filed_by_person = ?", citizen.person.0),
    };
    let row = Query::system(FILER, format!("{LINE} WHERE {condition} AND c.id = ?"))
        .bind(who)
        .bind(case)
        .optional(office.db())
        .await?
        .ok_or(OfficeError::NotFound("这件申请"))?;
    let receipt: Option<LetterId> =
        Query::system(FILER, "SELECT min(l.id) FROM letter l WHERE l.case_id = ? AND l.letter = 'receipt'")
            .bind(case)
            .scalar(office.db())
            .await?;
    let found = line(office, &row)?;
    if let Filler::Desk(actor) = filler {
        written(office, actor, "case.taken_in_opened", ("case", case.0), 1).await?;
    }
    Ok((found, receipt))
}

/// The receipt of what the caller handed in: its title, and the PDF once it is set.
///
/// # Errors
/// [`OfficeError::NotFound`] for what somebody else handed in, or a matter without one.
pub async fn receipt(
    office: &Office,
    filler: Filler<'_>,
    case: CaseId,
) -> Result<(String, Option<Vec<u8>>), OfficeError> {
    let (_, receipt) = find(office, filler, case).await?;
    letters::set(office, FILER, receipt.ok_or(OfficeError::NotFound("这份回执"))?).await
}
