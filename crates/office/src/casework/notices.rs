//! What hangs in the village: the preliminary opinion for its days (公示), and the decision for the long term (公布).
//!
//! A notice names the applicant, the number of members and the amount, and nothing else (57号 art. 24). Anybody may read it.

use chrono::NaiveDate;
use store::{DivisionId, Query, Tx};
use vocab::{Fen, TimeLimit};

use super::{CaseRow, NoticeId};
use crate::{Office, OfficeError};

/// A notice as anybody may read it.
#[derive(Debug, Clone)]
pub struct NoticeView {
    /// Identifier.
    pub id: NoticeId,
    /// Preliminary opinion or decision.
    pub kind: NoticeKind,
    /// What it is about.
    pub title: String,
    /// Applicant's name.
    pub applicant: String,
    /// Number of members.
    pub members: i64,
    /// Monthly amount; none where nothing is granted.
    pub amount: Option<Fen>,
    /// Village.
    pub village: String,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; none for the long term.
    pub until_on: Option<NaiveDate>,
}

/// Why something hangs in the village.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// 公示
    Publicity,
    /// 公布
    Result,
}

impl NoticeKind {
    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            NoticeKind::Publicity => "publicity",
            NoticeKind::Result => "result",
        }
    }

    /// As people say it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            NoticeKind::Publicity => "公示",
            NoticeKind::Result => "公布",
        }
    }
}

/// What is to hang.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hang<'a> {
    pub kind: NoticeKind,
    /// What it is about.
    pub title: &'a str,
    /// How long; none for the long term.
    pub natural_days: Option<u16>,
    pub amount: Option<Fen>,
}

/// Hangs a notice from the day after, one of a kind at a time; its first and last day.
pub(super) async fn hang(
    office: &Office,
    tx: &Tx,
    case: &CaseRow,
    notice: Hang<'_>,
    posted_by: Option<store::StaffId>,
) -> Result<(NaiveDate, Option<NaiveDate>), OfficeError> {
    let Hang { kind, title, natural_days, amount } = notice;
    let today = office.now().today();
    let from_on = if natural_days.is_some() { today.succ_opt().unwrap_or(today) } else { today };
    // The day of posting does not count (民法典 art. 201); the last day is a whole one.
    let until_on =
        natural_days.map(|days| office.calendar().due(today, TimeLimit::natural_days(days)).latest);
    close(tx, case, kind, today).await?;
    Query::system(
        "a notice of a case that the caller may act on",
        "INSERT INTO notice (case_id, village_id, kind, title, applicant_name, members, amount_fen, from_on, until_on, posted_by) \
         SELECT ?, ?, ?, ?, p.name, ?, ?, ?, ?, ? FROM person p WHERE p.id = ? RETURNING id",
    )
    .bind(case.id)
    .bind(case.village)
    .bind(kind.code())
    .bind(title)
    .bind(case.members)
    .bind(amount)
    .bind(from_on)
    .bind(until_on)
    .bind(posted_by)
    .bind(case.applicant)
    .insert(tx)
    .await?;
    Ok((from_on, until_on))
}

/// Takes a notice down.
pub(super) async fn close(
    tx: &Tx,
    case: &CaseRow,
    kind: NoticeKind,
    today: NaiveDate,
) -> Result<(), OfficeError> {
    Query::system(
        "a notice of a case that the caller may act on",
        "UPDATE notice SET closed_on = ? WHERE case_id = ? AND kind = ? AND closed_on IS NULL",
    )
    .bind(today)
    .bind(case.id)
    .bind(kind.code())
    .execute(tx)
    .await?;
    Ok(())
}

/// Notices that hang today in a division and below, the newest first.
///
/// # Errors
/// The database's.
pub async fn hanging(
    office: &Office,
    division: DivisionId,
    kind: NoticeKind,
) -> Result<Vec<NoticeView>, OfficeError> {
    let today = office.now().today();
    Ok(Query::system(
        "public by law (社会救助法 art. 45, 57号 art. 19 and 24)",
        "SELECT n.id, n.kind, n.title, n.applicant_name, n.members, n.amount_fen, n.from_on, n.until_on, v.name AS village \
         FROM notice n JOIN division v ON v.id = n.village_id \
         JOIN division_closure dc ON dc.descendant_id = n.village_id \
         WHERE dc.ancestor_id = ? AND n.kind = ? AND n.closed_on IS NULL AND (n.until_on IS NULL OR n.until_on >= ?) \
         ORDER BY n.id DESC LIMIT 500",
    )
    .bind(division)
    .bind(kind.code())
    .bind(today)
    .all_as(office.db(), |row| {
        Ok(NoticeView {
            id: row.get("id")?,
            kind,
            title: row.get("title")?,
            applicant: row.get("applicant_name")?,
            members: row.get("members")?,
            amount: row.get("amount_fen")?,
            village: row.get("village")?,
            from_on: row.get("from_on")?,
            until_on: row.get("until_on")?,
        })
    })
    .await?)
}
