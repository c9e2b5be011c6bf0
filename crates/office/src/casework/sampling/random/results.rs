//! What the drawn inspectors find: their own list, and one result for each object. A result may be mended until the draw has ended; what was
//! said before stays.

use store::{
    AuditEntry, Connection, Cursor, IdempotencyKey, Once, Page, Query, Row, Scope, ScopeColumns, Tx,
};
use vocab::Fen;

use super::super::super::{RandomCheckId, lists};
use super::read::{self, Found};
use super::{CHECK, Kind, OWN};
use crate::access::{Granted, ReadCase};
use crate::{Office, OfficeError, audited};

/// Kinds of error that a result names.
pub const ERRORS: [(&str, &str); 7] = [
    ("eligibility", "该给的没给，或者不该给的给了"),
    ("amount", "金额算错"),
    ("members", "保障人口不对"),
    ("procedure", "程序或者期限不对"),
    ("papers", "材料不全或者不实"),
    ("payee", "发错了人或者账户"),
    ("other", "其他问题"),
];

/// A kind of error as people say it.
#[must_use]
pub fn error_title(code: &str) -> &str {
    ERRORS.iter().find(|(known, _)| *known == code).map_or(code, |(_, title)| title)
}

/// What an inspector found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong {
        /// What kind of error: a code of [`ERRORS`].
        error: String,
        /// How much money it is about, where that can be said.
        amount: Option<Fen>,
    },
}

/// One object that the lot gave to the caller.
#[derive(Debug, Clone)]
pub struct Mine {
    /// The draw.
    pub check: RandomCheckId,
    /// Its place in the population.
    pub place: i64,
    /// From what kind of thing.
    pub kind: Kind,
    /// The item or programme.
    pub subject: String,
    /// What its office knows it by.
    pub number: String,
    /// The township that prepared it.
    pub township: String,
    /// The day by which it is inspected.
    pub finish_on: chrono::NaiveDate,
    /// What was found.
    pub found: Option<Found>,
    /// The draw has ended: its results are public.
    pub ended: bool,
    /// The page of the thing itself, where it lies in the caller's own area.
    pub opens: Option<i64>,
}

/// What the lot gave somebody is theirs to read whatever their area: a number and a place, and nothing of anybody.
const GIVEN: Scope = Scope::System("what the lot gave to the caller");

const MINE: &str = "SELECT a.check_id, a.place, d.kind, d.subject, o.number, o.object_id, t.name AS township, d.finish_on, d.drawn, \
    r.found_right, r.error, r.amount_fen, r.found_at, f.name AS found_by, \
    (SELECT count(*) FROM random_check_result x WHERE x.check_id = d.id AND x.version = 1) AS looked_at, \
    EXISTS (SELECT 1 FROM division_closure dc WHERE dc.descendant_id = o.township_id AND dc.ancestor_id = ?) AS inside \
    FROM random_check_inspector i JOIN random_check_assigned a ON a.check_id = i.check_id AND a.inspector = i.inspector \
    JOIN random_check d ON d.id = a.check_id JOIN random_check_object o ON o.check_id = a.check_id AND o.place = a.place \
    JOIN division t ON t.id = o.township_id \
    LEFT JOIN random_check_result r ON r.check_id = a.check_id AND r.place = a.place AND NOT EXISTS \
      (SELECT 1 FROM random_check_result y WHERE y.check_id = r.check_id AND y.place = r.place AND y.version > r.version) \
    LEFT JOIN staff f ON f.id = r.found_by WHERE i.staff_id = ?";

fn read_mine(row: &Row) -> store::Result<Mine> {
    let (drawn, looked_at): (i64, i64) = (row.get("drawn")?, row.get("looked_at")?);
    let inside: bool = row.get("inside")?;
    Ok(Mine {
        check: row.get("check_id")?,
        place: row.get("place")?,
        kind: Kind::from_code(&row.get::<String>("kind")?),
        subject: row.get("subject")?,
        number: row.get("number")?,
        township: row.get("township")?,
        finish_on: row.get("finish_on")?,
        found: read::found(row)?,
        ended: drawn == looked_at,
        opens: if inside { Some(row.get("object_id")?) } else { None },
    })
}

/// What the lot gave to the caller, the newest draw first.
///
/// # Errors
/// The database's.
pub async fn mine(
    office: &Office,
    actor: &Granted<ReadCase>,
    cursor: Option<&Cursor>,
) -> Result<Page<Mine>, OfficeError> {
    let sql = format!("{MINE} AND {{after}} ORDER BY a.check_id DESC, a.place DESC LIMIT ?");
    Ok(Query::new(&GIVEN, &ScopeColumns::NONE, sql)
        .bind(actor.division)
        .bind(actor.staff)
        .after_descending(&["a.check_id", "a.place"], cursor)
        .page(office.db(), lists::PAGE_SIZE, read_mine, |one| {
            Cursor::new().integer(one.check).integer(one.place)
        })
        .await?)
}

/// How many objects the lot gave to the caller that nobody has a result of yet.
///
/// # Errors
/// The database's.
pub async fn waiting(office: &Office, actor: &Granted<ReadCase>) -> Result<i64, OfficeError> {
    Ok(Query::new(
        &GIVEN,
        &ScopeColumns::NONE,
        "SELECT count(*) FROM random_check_inspector i JOIN random_check_assigned a ON a.check_id = i.check_id AND a.inspector = i.inspector \
         WHERE i.staff_id = ? AND NOT EXISTS (SELECT 1 FROM random_check_result r WHERE r.check_id = a.check_id AND r.place = a.place)",
    )
    .bind(actor.staff)
    .scalar(office.db())
    .await?)
}

/// One object that the lot gave to the caller.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is not there and for what others drew.
pub async fn one_of_mine(
    connection: &impl Connection,
    actor: &Granted<ReadCase>,
    check: RandomCheckId,
    place: i64,
) -> Result<Mine, OfficeError> {
    Query::new(&GIVEN, &ScopeColumns::NONE, format!("{MINE} AND a.check_id = ? AND a.place = ?"))
        .bind(actor.division)
        .bind(actor.staff)
        .bind(check)
        .bind(place)
        .optional_as(connection, read_mine)
        .await?
        .ok_or(OfficeError::NotFound("这件核查任务"))
}

/// Records what was found. A wrong one has its benefit reviewed at once (社会救助法 art. 46 and 47).
///
/// # Errors
/// [`OfficeError::NotFound`] for what others drew; [`OfficeError::Conflict`] when the draw has ended; [`OfficeError::Invalid`] for an unknown
/// kind of error or an amount below nothing.
pub async fn record(
    office: &Office,
    actor: &Granted<ReadCase>,
    check: RandomCheckId,
    place: i64,
    finding: &Finding,
    key: &IdempotencyKey,
) -> Result<(), OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    if let Once::Again(_) = tx.once(key, &format!("staff:{}", actor.staff)).await? {
        return Ok(());
    }
    tx.lock(&format!("random_check_result:{check}")).await?;
    let mine = one_of_mine(&tx, actor, check, place).await?;
    if mine.ended {
        return Err(OfficeError::Conflict("这次抽查已经全部查完，结果已经公开，不能再改。".to_owned()));
    }
    let (right, error, amount) = match finding {
        Finding::Right => (true, None, None),
        Finding::Wrong { error, amount } => (false, Some(error.as_str()), *amount),
    };
    if error.is_some_and(|error| !ERRORS.iter().any(|(known, _)| *known == error)) {
        return Err(OfficeError::invalid("error", "请选择是什么问题。"));
    }
    if amount.is_some_and(|amount| amount.0 < 0) {
        return Err(OfficeError::invalid("amount", "涉及金额不能小于 0。"));
    }
    let version: i64 = Query::system(
        "results of an object that the lot gave to the caller",
        "SELECT count(*) FROM random_check_result WHERE check_id = ? AND place = ?",
    )
    .bind(check)
    .bind(place)
    .scalar(&tx)
    .await?;
    Query::new(
        &OWN,
        &CHECK,
        "INSERT INTO random_check_result (check_id, place, version, found_right, error, amount_fen, found_at, found_by) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(check)
    .bind(place)
    .bind(version + 1)
    .bind(right)
    .bind(error)
    .bind(amount)
    .bind(now.at_ms())
    .bind(actor.staff)
    .execute(&tx)
    .await?;
    if !right {
        review(&tx, check, place, now.today()).await?;
    }
    let audit = AuditEntry {
        division: Some(actor.division),
        details: serde_json::json!({ "place": place, "right": right, "error": error, "version": version + 1 }),
        ..audited(now.at_ms(), actor.audit(), "random_check.recorded", ("random_check", check.0))
    };
    tx.audit(audit).await?;
    tx.remember(key, "recorded").await?;
    tx.commit().await?;
    Ok(())
}

/// The benefit behind an object falls due for a review today.
async fn review(
    tx: &Tx,
    check: RandomCheckId,
    place: i64,
    today: chrono::NaiveDate,
) -> Result<(), OfficeError> {
    let entitlement: Option<ledger::EntitlementId> = Query::system(
        "the benefit behind an object that the lot gave to the caller",
        "SELECT COALESCE(c.entitlement_id, o.entitlement_id) AS benefit FROM random_check_object o \
         JOIN random_check d ON d.id = o.check_id LEFT JOIN case_file c ON c.id = o.object_id AND d.kind = 'decisions' \
         WHERE o.check_id = ? AND o.place = ?",
    )
    .bind(check)
    .bind(place)
    .one_as(tx, |row| row.get("benefit"))
    .await?;
    if let Some(entitlement) = entitlement {
        let scope = Scope::System("the benefit behind an object that the lot gave to the caller");
        ledger::entitlement::set_review(tx, &scope, entitlement, Some(today)).await?;
    }
    Ok(())
}
