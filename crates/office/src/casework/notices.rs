//! What was hung up of a case: the preliminary opinion for its days (公示), and the decision (公布).
//!
//! A notice names the applicant, the number of members and the amount, and nothing else (57号 art. 19 and 24). Anybody may read an opinion while it hangs.
//! That of a decision is the record of what was published and until when; what everybody reads of decisions is [`crate::publication`], from the benefits as
//! they stand.

use chrono::{Days, NaiveDate};
use store::{DivisionId, Query, Tx};
use vocab::{Fen, TimeLimit};

use super::lists::at_midnight;
use super::{CaseRow, NoticeId};
use crate::publication::{Holder, LIVE, is_minor};
use crate::{Office, OfficeError};

/// A notice as anybody may read it.
#[derive(Debug, Clone)]
pub struct NoticeView {
    /// Identifier.
    pub id: NoticeId,
    /// What it is about.
    pub title: String,
    /// The applicant, who is not named if a minor.
    pub applicant: Holder,
    /// Number of members.
    pub members: i64,
    /// Monthly amount; none where nothing is granted.
    pub amount: Option<Fen>,
    /// Village.
    pub village: String,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: NaiveDate,
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

    /// The first and the last day of what is posted today for so many days. An opinion hangs whole days from tomorrow on: that of posting does not count
    /// (民法典 art. 201). A decision is published at once, and stands so many days after.
    fn days(
        self,
        office: &Office,
        today: NaiveDate,
        natural_days: Option<u16>,
    ) -> (NaiveDate, Option<NaiveDate>) {
        match self {
            NoticeKind::Publicity => {
                let last = |days| office.calendar().due(today, TimeLimit::natural_days(days)).latest;
                (today.succ_opt().unwrap_or(today), natural_days.map(last))
            }
            NoticeKind::Result => {
                let last = |days: u16| today.checked_add_days(Days::new(days.into()));
                (today, natural_days.and_then(last))
            }
        }
    }
}

/// What is to hang.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hang<'a> {
    pub kind: NoticeKind,
    /// What it is about.
    pub title: &'a str,
    /// How long; none for as long as the benefit lasts.
    pub natural_days: Option<u16>,
    pub amount: Option<Fen>,
}

/// Hangs a notice, one of a kind at a time; its first and last day.
pub(super) async fn hang(
    office: &Office,
    tx: &Tx,
    case: &CaseRow,
    notice: Hang<'_>,
    posted_by: Option<store::StaffId>,
) -> Result<(NaiveDate, Option<NaiveDate>), OfficeError> {
    let Hang { kind, title, natural_days, amount } = notice;
    let today = office.now().today();
    let (from_on, until_on) = kind.days(office, today, natural_days);
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

/// Decisions whose publication is over come down: those for some days with their last day, the others with the benefit. How many.
pub(super) async fn close_published(office: &Office) -> Result<u64, OfficeError> {
    const OVER: &str = "publications that are over";
    let now = office.now();
    let (today, month) = (now.today(), now.month());
    let for_days = Query::system(
        OVER,
        "UPDATE notice SET closed_on = until_on WHERE kind = 'result' AND closed_on IS NULL AND until_on < ?",
    )
    .bind(today)
    .execute(office.db())
    .await?;
    // Read first: a city publishes a hundred thousand, and nobody who writes waits while they are looked through.
    let over: Vec<i64> = Query::system(
        OVER,
        format!(
            "SELECT n.id FROM notice n WHERE n.kind = 'result' AND n.closed_on IS NULL AND n.until_on IS NULL \
             AND NOT EXISTS (SELECT 1 FROM entitlement e WHERE e.case_id = n.case_id AND {LIVE}) ORDER BY n.id LIMIT 5000"
        ),
    )
    .bind(month)
    .bind(month)
    .bind(at_midnight(month.first_day()))
    .scalars(office.db())
    .await?;
    let mut lasting = 0;
    for ids in over.chunks(500) {
        lasting += Query::system(
            OVER,
            "UPDATE notice SET until_on = ?, closed_on = ? WHERE closed_on IS NULL AND from_on <= ? AND id IN ({list})",
        )
        .bind(today)
        .bind(today)
        .bind(today)
        .bind_list(ids.iter().copied())
        .execute(office.db())
        .await?;
    }
    Ok(for_days + lasting)
}

/// Preliminary opinions that hang today in a division and below, the newest first.
///
/// # Errors
/// The database's.
pub async fn hanging(office: &Office, division: DivisionId) -> Result<Vec<NoticeView>, OfficeError> {
    let today = office.now().today();
    Ok(Query::system(
        "public by law (社会救助法 art. 45, 57号 art. 19)",
        "SELECT n.id, n.title, n.applicant_name, p.born_on, n.members, n.amount_fen, n.from_on, n.until_on, v.name AS village \
         FROM notice n JOIN division v ON v.id = n.village_id JOIN case_file c ON c.id = n.case_id \
         JOIN person p ON p.id = c.applicant_person_id JOIN division_closure dc ON dc.descendant_id = n.village_id \
         WHERE dc.ancestor_id = ? AND n.kind = 'publicity' AND n.closed_on IS NULL AND n.until_on >= ? \
         ORDER BY n.id DESC LIMIT 500",
    )
    .bind(division)
    .bind(today)
    .all_as(office.db(), |row| {
        Ok(NoticeView {
            id: row.get("id")?,
            title: row.get("title")?,
            applicant: if is_minor(row.get("born_on")?, today) {
                Holder::Minor
            } else {
                Holder::Named(row.get("applicant_name")?)
            },
            members: row.get("members")?,
            amount: row.get("amount_fen")?,
            village: row.get("village")?,
            from_on: row.get("from_on")?,
            until_on: row.get("until_on")?,
        })
    })
    .await?)
}
