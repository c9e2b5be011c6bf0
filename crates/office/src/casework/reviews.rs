//! Reviews that fall due (社会救助法 art. 46; 57号 art. 31): a case for every family, opened by time and decided by people.
//!
//! Every benefit bears the day by which it is reviewed next. From the first day of that month its family is on the township's work list,
//! as a case of the item that the packs open for it (`opened = "review_due"`), due on the day itself. A day opens one case, ever;
//! while another case about the benefit is open nothing is added, for that case sets the next day when it ends. The work is a job in
//! batches: killed anywhere it goes on where it was, and it can be cancelled between two of them.

use catalogue::Release;
use catalogue::definition::{Item, Opening};
use chrono::NaiveDate;
use ledger::EntitlementId;
use serde_json::json;
use store::jobs::{Beat, Claim};
use store::{CaseId, DivisionId, Query, Scope, Tx};
use vocab::{Month, Now};

use super::opening::{self, ByNight, Family};
use crate::{Office, OfficeError};

/// The job that opens what is due; its payload is the day.
pub const REVIEWS_DUE_JOB: &str = "reviews_due";

/// Families in one transaction.
const BATCH: usize = 100;

/// The benefits of everybody, looked at by time.
const DUE: Scope = Scope::System("the reviews that fall due");

/// Asks for today's job, once a day. Safe to call at any time.
///
/// # Errors
/// The database's.
pub async fn schedule(office: &Office) -> Result<(), OfficeError> {
    crate::once_a_day(office, REVIEWS_DUE_JOB).await
}

/// What a job did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Opened {
    /// Cases opened.
    pub opened: i64,
    /// Families for whom none could be opened: no village, no member, or the same matter in hand.
    pub skipped: i64,
}

/// The work of [`REVIEWS_DUE_JOB`].
///
/// # Errors
/// The database's. A family for whom no case can be opened is counted and left to the next day.
pub async fn work(office: &Office, claim: &Claim) -> Result<Opened, OfficeError> {
    let release = office.release();
    let until = office.now().month().last_day();
    let total = count(office, &release, until).await?;
    let mut done = Opened::default();
    for item in release.items.iter().filter(|item| item.opened == Opening::ReviewDue) {
        for place in places(office).await? {
            let mut last = EntitlementId(0);
            loop {
                let tx = office.db().begin().await?;
                tx.lock("reviews_due").await?;
                let due = due(&tx, item, place, until, last, office.now()).await?;
                let Some((end, _)) = due.last() else { break };
                last = *end;
                let ids: Vec<EntitlementId> = due.iter().map(|(entitlement, _)| *entitlement).collect();
                let now = office.now();
                let held = ledger::pages::entitlements(&tx, &DUE, &ids, now.month()).await?;
                let families = opening::families_of_benefits(&tx, &held, now).await?;
                // Both stand in the order of the benefits.
                for (family, (entitlement, due_on)) in families.iter().zip(due) {
                    match open(office, &tx, &release, item, family, (entitlement, due_on)).await {
                        Ok(_) => done.opened += 1,
                        Err(OfficeError::Invalid(_) | OfficeError::Conflict(_)) => done.skipped += 1,
                        Err(error) => return Err(error),
                    }
                }
                let beat = claim.progress(&tx, done.opened + done.skipped, Some(total)).await?;
                tx.commit().await?;
                if beat == Beat::Cancel {
                    claim.cancelled(office.db()).await?;
                    return Ok(done);
                }
            }
        }
    }
    let mut said = format!("新列入定期核查 {} 户。", done.opened);
    if done.skipped > 0 {
        said.push_str(&format!(
            "另有 {} 户没有列入：家庭没有登记到村（社区），或者已有一件核查在办。",
            done.skipped
        ));
    }
    claim.finished(office.db(), &said).await?;
    Ok(done)
}

/// Opens the review of one benefit.
async fn open(
    office: &Office,
    tx: &Tx,
    release: &Release,
    item: &Item,
    family: &Family,
    (entitlement, due_on): (EntitlementId, NaiveDate),
) -> Result<CaseId, OfficeError> {
    let now = office.now();
    if family.members.is_empty() {
        return Err(OfficeError::Conflict("家庭已没有成员。".to_owned()));
    }
    let said = format!("应于{}前核查，已列入{}", vocab::zh_date(due_on), item.short);
    let new = ByNight {
        item,
        release,
        family,
        due_on: Some(due_on),
        title: "到期列入核查",
        said: &said,
        deed: "case.opened_for_review",
        details: json!({"item": *item.id, "entitlement": entitlement.0, "due_on": due_on}),
    };
    let case = opening::by_night(office, tx, new, now).await?;
    Query::system(
        "the reviews that fall due",
        "INSERT INTO review_opened (entitlement_id, due_on, case_id, opened_at) VALUES (?, ?, ?, ?)",
    )
    .bind(entitlement)
    .bind(due_on)
    .bind(case.id)
    .bind(now.at_ms())
    .execute(tx)
    .await?;
    Ok(case.id)
}

/// The townships, and the counties, where what is confidential lies.
async fn places(office: &Office) -> Result<Vec<DivisionId>, OfficeError> {
    Ok(Query::system(
        "the reviews that fall due",
        "SELECT id FROM division WHERE level IN ('township', 'county') ORDER BY id",
    )
    .all_as(office.db(), |row| row.get("id"))
    .await?)
}

/// A benefit is alive, its review falls due by a day, and neither this day's case nor another about it is there.
const IS_DUE: &str = "e.programme IN ({list}) AND e.review_due_on <= ? AND e.ended_at IS NULL \
    AND (e.until_month IS NULL OR e.until_month >= ?) \
    AND NOT EXISTS (SELECT 1 FROM review_opened r WHERE r.entitlement_id = e.id AND r.due_on = e.review_due_on) \
    AND NOT EXISTS (SELECT 1 FROM case_file c WHERE c.entitlement_id = e.id AND c.state = 'open')";

async fn due(
    tx: &Tx,
    item: &Item,
    place: DivisionId,
    until: NaiveDate,
    after: EntitlementId,
    now: Now,
) -> Result<Vec<(EntitlementId, NaiveDate)>, OfficeError> {
    let sql = format!(
        "SELECT e.id, e.review_due_on FROM entitlement e WHERE e.township_id = ? AND e.id > ? AND {IS_DUE} ORDER BY e.id LIMIT ?"
    );
    Ok(Query::system("the reviews that fall due", sql)
        .bind(place)
        .bind(after)
        .bind_list(item.programmes.iter().map(|programme| programme.as_str()))
        .bind(until)
        .bind(now.month())
        .bind(BATCH)
        .all_as(tx, |row| Ok((row.get("id")?, row.get("review_due_on")?)))
        .await?)
}

/// How many families the job will look at.
async fn count(office: &Office, release: &Release, until: NaiveDate) -> Result<i64, OfficeError> {
    let month: Month = office.now().month();
    let mut total = 0;
    for item in release.items.iter().filter(|item| item.opened == Opening::ReviewDue) {
        let of_item: i64 = Query::system(
            "the reviews that fall due",
            format!("SELECT count(*) FROM entitlement e WHERE {IS_DUE}"),
        )
        .bind_list(item.programmes.iter().map(|programme| programme.as_str()))
        .bind(until)
        .bind(month)
        .scalar(office.db())
        .await?;
        total += of_item;
    }
    Ok(total)
}
