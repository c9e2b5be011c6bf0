//! Late knowledge finds itself: every night the benefits whose families' facts or members were written down anew for days that are paid already are
//! reckoned again, and where past months come out otherwise a case to look into it is opened (`opened = "late_found"`), once for each result.
//!
//! Only what changed is looked at: rows of facts and memberships that came since the night before, and benefits that were ended backwards. A month is
//! asked for twice, by what was known then and by what is known now; only a difference between the two, and to what was due, is late knowledge - an amount
//! that somebody decided otherwise is not. Nothing is posted: the case reckons, hears and decides ([`super::months`]). What a standard changed
//! backwards means for everybody is proposed when it is released ([`crate::releases`]).

use catalogue::Release;
use catalogue::definition::{Item, Opening, Unit};
use chrono::NaiveDate;
use ledger::pages::EntitlementRow;
use ledger::{EntitlementId, MonthAmount};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::jobs::{Beat, Claim};
use store::{AuditActor, AuditEntry, CaseId, Count, Db, Query, Scope, Tx, jobs};
use vocab::{Fen, Month, Now};

use super::months::MONTHS_MAX;
use super::opening::{self, NewCase};
use super::trace::By;
use super::{CASE, determine, months};
use crate::access::{Granted, ReadCase};
use crate::{Office, OfficeError, audited};

/// The job; its payload is the day.
pub const LATE_JOB: &str = "late_months";

const NIGHT: &str = "past months that came out otherwise, looked for every night";
const EVERYBODY: Scope = Scope::System(NIGHT);
/// Where the nights stand.
const MARKS: &str = "late_months.marks";
/// Benefits in one transaction.
const BATCH: usize = 50;
/// More than any night writes; it holds both databases to the rows behind the mark.
const ROWS_MAX: i64 = 100_000_000;
/// Counts stop here: "1000+".
const COUNT_MAX: u32 = 1000;

/// How far a night read. Numbers are given before they are committed, so the next night begins where the one before the last ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    fact: i64,
    membership: i64,
    at: i64,
}

/// What a night did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Benefits reckoned again.
    pub looked: i64,
    /// Cases opened.
    pub opened: i64,
    /// Benefits that wait: for another case of the family to end, or for its village.
    pub waiting: i64,
}

/// Asks for tonight's job, once a day. Safe to call at any time.
///
/// # Errors
/// The database's.
pub async fn schedule(office: &Office) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    jobs::enqueue_once(&tx, LATE_JOB, &office.now().today().to_string()).await?;
    tx.commit().await?;
    Ok(())
}

/// How many proposals of the night wait in the caller's area.
///
/// # Errors
/// The database's.
pub async fn counted(office: &Office, actor: &Granted<ReadCase>) -> Result<Count, OfficeError> {
    let sql = "SELECT DISTINCT c.id FROM late_found f JOIN case_file c ON c.id = f.case_id WHERE {scope} AND c.state = 'open'";
    Ok(Query::new(&actor.scope(), &CASE, sql).count_capped(office.db(), COUNT_MAX).await?)
}

/// The work of [`LATE_JOB`]. Killed anywhere it goes on where it was. The first night only notes where it stands.
///
/// # Errors
/// The database's.
pub async fn work(office: &Office, claim: &Claim) -> Result<Found, OfficeError> {
    let release = office.release();
    note_changed(office, &release).await?;
    let total: i64 = Query::system(NIGHT, "SELECT count(*) FROM late_look").scalar(office.db()).await?;
    let mut found = Found::default();
    let mut last = EntitlementId(0);
    loop {
        let rows: Vec<Look> = Query::system(
            NIGHT,
            "SELECT entitlement_id, from_month, known_then FROM late_look WHERE entitlement_id > ? ORDER BY entitlement_id LIMIT ?",
        )
        .bind(last)
        .bind(BATCH)
        .all_as(office.db(), |row| {
            Ok(Look {
                benefit: row.get("entitlement_id")?,
                from: row.get("from_month")?,
                known_then: row.get("known_then")?,
            })
        })
        .await?;
        let Some(end) = rows.last() else { break };
        last = end.benefit;
        let tx = office.db().begin().await?;
        for look in &rows {
            match propose(office, &tx, &release, look).await {
                Ok(Came::Nothing) => {}
                Ok(Came::Opened) => found.opened += 1,
                // No village, or something else in hand: another night.
                Ok(Came::Waits) | Err(OfficeError::Invalid(_) | OfficeError::Conflict(_)) => {
                    found.waiting += 1;
                    continue;
                }
                Err(error) => return Err(error),
            }
            Query::system(NIGHT, "DELETE FROM late_look WHERE entitlement_id = ?")
                .bind(look.benefit)
                .execute(&tx)
                .await?;
        }
        found.looked += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let beat = claim.progress(&tx, found.looked, Some(total)).await?;
        tx.commit().await?;
        if beat == Beat::Cancel {
            claim.cancelled(office.db()).await?;
            return Ok(found);
        }
    }
    let mut said = format!("重新测算以前月份的待遇 {} 项，提出补发追回 {} 件。", found.looked, found.opened);
    if found.waiting > 0 {
        said.push_str(&format!(
            "另有 {} 项以后再提：同一家庭已有一件在办，或者家庭没有登记到村（社区）。",
            found.waiting
        ));
    }
    claim.finished(office.db(), &said).await?;
    Ok(found)
}

/// A benefit to look at.
struct Look {
    benefit: EntitlementId,
    from: Month,
    known_then: i64,
}

enum Came {
    Nothing,
    Opened,
    /// The family has a case of this kind in hand.
    Waits,
}

/// Items that the night opens.
fn items(release: &Release) -> impl Iterator<Item = &Item> {
    release.items.iter().map(|item| &**item).filter(|item| item.opened == Opening::LateFound)
}

/// Notes the benefits of everybody about whom something was written since the night before last for days of months that are over or running.
async fn note_changed(office: &Office, release: &Release) -> Result<(), OfficeError> {
    let now = office.now();
    let here = mark(office.db(), now).await?;
    let marks: Vec<Mark> = match store::setting(office.db(), MARKS).await? {
        Some(text) => {
            serde_json::from_str(&text).map_err(|error| OfficeError::Internal(error.to_string()))?
        }
        None => vec![here],
    };
    let from = *marks.first().unwrap_or(&here);
    let programmes: Vec<&str> =
        items(release).flat_map(|item| &item.programmes).map(|programme| programme.as_str()).collect();
    let month = now.month();
    let tx = office.db().begin().await?;
    // Days are months here: the first of them may be wrong already.
    for (after, sql) in [
        (
            from.fact,
            "SELECT e.id, min(f.from_on) AS since FROM (SELECT household_id, from_on FROM fact WHERE id > ? ORDER BY id LIMIT ?) f \
             JOIN entitlement e ON e.household_id = f.household_id WHERE f.from_on <= ? AND e.programme IN ({list}) GROUP BY e.id",
        ),
        (
            from.fact,
            "SELECT e.id, min(f.from_on) AS since FROM (SELECT person_id, from_on FROM fact WHERE id > ? ORDER BY id LIMIT ?) f \
             JOIN membership m ON m.person_id = f.person_id AND m.superseded_at IS NULL \
             JOIN entitlement e ON e.household_id = m.household_id WHERE f.from_on <= ? AND e.programme IN ({list}) GROUP BY e.id",
        ),
        (
            from.membership,
            "SELECT e.id, min(f.since) AS since FROM (SELECT household_id, coalesce(until_on, from_on) AS since FROM membership WHERE id > ? \
             ORDER BY id LIMIT ?) f JOIN entitlement e ON e.household_id = f.household_id WHERE f.since <= ? AND e.programme IN ({list}) \
             GROUP BY e.id",
        ),
    ] {
        let rows: Vec<(EntitlementId, NaiveDate)> = Query::system(NIGHT, sql)
            .bind(after)
            .bind(ROWS_MAX)
            .bind(month.last_day())
            .bind_list(programmes.iter().copied())
            .all_as(&tx, |row| Ok((row.get("id")?, row.get("since")?)))
            .await?;
        for (benefit, since) in rows {
            note(&tx, benefit, Month::containing(since), from.at).await?;
        }
    }
    let ended: Vec<(EntitlementId, Month)> = Query::system(
        NIGHT,
        "SELECT e.id, e.until_month FROM entitlement e WHERE e.ended_at > ? AND e.until_month < ? AND e.programme IN ({list})",
    )
    .bind(from.at)
    .bind(month)
    .bind_list(programmes)
    .all_as(&tx, |row| Ok((row.get("id")?, row.get("until_month")?)))
    .await?;
    for (benefit, until) in ended {
        note(&tx, benefit, until.next(), from.at).await?;
    }
    let mut marks = vec![*marks.last().unwrap_or(&here), here];
    marks.dedup();
    let text = serde_json::to_string(&marks).map_err(|error| OfficeError::Internal(error.to_string()))?;
    store::set_setting(&tx, MARKS, &text).await?;
    tx.commit().await?;
    Ok(())
}

async fn mark(db: &Db, now: Now) -> Result<Mark, OfficeError> {
    let sql = "SELECT (SELECT coalesce(max(id), 0) FROM fact) AS fact, (SELECT coalesce(max(id), 0) FROM membership) AS membership";
    let row = Query::system(NIGHT, sql).one(db).await?;
    Ok(Mark { fact: row.get("fact")?, membership: row.get("membership")?, at: now.at_ms() })
}

async fn note(tx: &Tx, benefit: EntitlementId, from: Month, known_then: i64) -> Result<(), OfficeError> {
    Query::system(
        NIGHT,
        "INSERT INTO late_look (entitlement_id, from_month, known_then) VALUES (?, ?, ?) ON CONFLICT (entitlement_id) DO UPDATE SET \
         from_month = CASE WHEN excluded.from_month < late_look.from_month THEN excluded.from_month ELSE late_look.from_month END, \
         known_then = CASE WHEN excluded.known_then < late_look.known_then THEN excluded.known_then ELSE late_look.known_then END",
    )
    .bind(benefit)
    .bind(from)
    .bind(known_then)
    .execute(tx)
    .await?;
    Ok(())
}

/// A month that came out otherwise.
struct Otherwise {
    month: Month,
    due: Fen,
    should_be: Fen,
    said: String,
}

/// Reckons a benefit's months again and opens the case where they come out otherwise than they were known, and otherwise than they were paid.
async fn propose(office: &Office, tx: &Tx, release: &Release, look: &Look) -> Result<Came, OfficeError> {
    let now = office.now();
    let held = ledger::pages::entitlement(tx, &EVERYBODY, look.benefit, now.month()).await?;
    let Some(item) = items(release).find(|item| item.programmes.iter().any(|one| **one == held.programme))
    else {
        return Ok(Came::Nothing);
    };
    let Some(last) = last_paid(tx, &held).await? else { return Ok(Came::Nothing) };
    let first = look.from.max(held.first_due).max(last.plus(1 - MONTHS_MAX));
    let otherwise = otherwise(office, tx, release, &held, look, first, last).await?;
    if otherwise.is_empty() {
        return Ok(Came::Nothing);
    }
    let lines: Vec<String> =
        otherwise.iter().map(|one| format!("{}={}", one.month, one.should_be.0)).collect();
    let fingerprint = lines.join(" ");
    // Said before, or looked into by somebody since it was written down.
    let settled: i64 = Query::system(
        NIGHT,
        "SELECT (SELECT count(*) FROM late_found f WHERE f.entitlement_id = ? AND f.fingerprint = ?) + (SELECT count(*) FROM case_file c \
         WHERE c.entitlement_id = ? AND c.item = ? AND c.state = 'ended' AND c.ended_on >= ?)",
    )
    .bind(held.id)
    .bind(fingerprint.as_str())
    .bind(held.id)
    .bind(item.id.as_str())
    .bind(Now::from_unix_ms(look.known_then).today())
    .scalar(tx)
    .await?;
    if settled > 0 {
        return Ok(Came::Nothing);
    }
    let open: i64 = Query::system(
        NIGHT,
        "SELECT count(*) FROM case_file c WHERE c.household_id = ? AND c.item = ? AND c.state = 'open'",
    )
    .bind(held.household)
    .bind(item.id.as_str())
    .scalar(tx)
    .await?;
    if open > 0 {
        return Ok(Came::Waits);
    }
    open_case(office, tx, release, item, &held, &otherwise, &fingerprint, now).await?;
    Ok(Came::Opened)
}

async fn last_paid(tx: &Tx, held: &EntitlementRow) -> Result<Option<Month>, OfficeError> {
    Ok(Query::system(
        NIGHT,
        "SELECT max(r.month) FROM payment_run r WHERE r.county_id = ? AND r.programme = ? AND r.kind = 'regular' \
         AND r.state NOT IN ('cancelling', 'cancelled')",
    )
    .bind(held.county)
    .bind(held.programme.as_str())
    .scalar(tx)
    .await?)
}

async fn otherwise(
    office: &Office,
    tx: &Tx,
    release: &Release,
    held: &EntitlementRow,
    look: &Look,
    first: Month,
    last: Month,
) -> Result<Vec<Otherwise>, OfficeError> {
    let Some(programme) = release.programmes.get(&held.programme) else { return Ok(Vec::new()) };
    let home: store::DivisionId =
        Query::system(NIGHT, "SELECT h.division_id FROM household h WHERE h.id = ?")
            .bind(held.household)
            .scalar(tx)
            .await?;
    let village = store::divisions::division(tx, home).await?.code;
    let (mut asked, mut said) = (Vec::new(), Vec::new());
    let mut month = first;
    while month <= last {
        let question = determine::Question {
            case: None,
            benefit: Some(held.id),
            household: held.household,
            person: (programme.unit == Unit::Person).then_some(held.holder),
            division: &village,
            month,
            law_on: month.first_day(),
            valid_on: month.first_day(),
            programmes: vec![held.programme.clone()],
        };
        let as_known = async |at: i64| -> Result<Option<(Fen, String)>, OfficeError> {
            let looked = determine::look(office, tx, release, &question, at).await?;
            let should =
                looked.map(|looked| months::should_be(&looked.result, looked.amount, looked.taper_months));
            Ok(should.and_then(|(amount, said)| Some((amount?, said))))
        };
        let should = match held.until.filter(|until| month > *until) {
            Some(until) => Some((Fen::ZERO, format!("待遇到{}为止", until.zh()))),
            None => {
                let (then, now) = (as_known(look.known_then).await?, as_known(office.now().at_ms()).await?);
                now.filter(|now| then.is_none_or(|then| then.0 != now.0))
            }
        };
        if let Some((amount, words)) = should {
            asked.push(MonthAmount { month, amount });
            said.push(words);
        }
        month = month.next();
    }
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let beside = ledger::propose(tx, &EVERYBODY, held.id, &asked).await?;
    let differing = beside.rows.iter().zip(said).filter(|(row, _)| !row.delta.is_zero());
    Ok(differing
        .map(|(row, said)| Otherwise {
            month: row.month,
            due: row.due_before,
            should_be: row.should_be,
            said,
        })
        .collect())
}

#[expect(clippy::too_many_arguments, reason = "what a case and its reason are made of")]
async fn open_case(
    office: &Office,
    tx: &Tx,
    release: &Release,
    item: &Item,
    held: &EntitlementRow,
    otherwise: &[Otherwise],
    fingerprint: &str,
    now: Now,
) -> Result<CaseId, OfficeError> {
    let mut family = opening::family_of_benefit(tx, &EVERYBODY, held.id, now).await?;
    if family.members.is_empty() {
        // Who died alone has left the family; the months are theirs all the same.
        family.members.push(held.holder);
    }
    let sum = |sign: i64| otherwise.iter().map(|one| ((one.should_be.0 - one.due.0) * sign).max(0)).sum();
    let (arrears, recovery) = (Fen(sum(1)), Fen(sum(-1)));
    let said = in_words(otherwise, arrears, recovery);
    let new = NewCase {
        item,
        release,
        channel: "office",
        filed_by: None,
        family: &family,
        at: None,
        due_on: None,
        title: "以前月份的情况有变化，列入重新核算",
        said: &said,
    };
    let (case, _) = opening::open(office, tx, By::System, &new, now).await?;
    opening::begin(office, tx, item, &case, now).await?;
    Query::system(
        NIGHT,
        "INSERT INTO late_found (entitlement_id, fingerprint, case_id, arrears_fen, recovery_fen, found_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(held.id)
    .bind(fingerprint)
    .bind(case.id)
    .bind(arrears)
    .bind(recovery)
    .bind(now.at_ms())
    .execute(tx)
    .await?;
    tx.audit(AuditEntry {
        case: Some(case.id),
        division: Some(case.township),
        details: json!({ "item": *item.id, "entitlement": held.id.0, "arrears_fen": arrears.0, "recovery_fen": recovery.0 }),
        ..audited(now.at_ms(), AuditActor::default(), "case.opened_for_late", ("case", case.id.0))
    })
    .await?;
    Ok(case.id)
}

/// The first months in words, and what all come to.
fn in_words(otherwise: &[Otherwise], arrears: Fen, recovery: Fen) -> String {
    const SHOWN: usize = 6;
    let mut lines: Vec<String> = otherwise
        .iter()
        .take(SHOWN)
        .map(|one| {
            let (month, due, should) = (one.month.zh(), one.due.yuan_grouped(), one.should_be.yuan_grouped());
            format!("{month}当时 {due} 元，现在测算 {should} 元（{}）", one.said)
        })
        .collect();
    if otherwise.len() > SHOWN {
        lines.push(format!("等共{}个月", otherwise.len()));
    }
    let mut sums = Vec::new();
    if !arrears.is_zero() {
        sums.push(format!("少发 {} 元", arrears.yuan_grouped()));
    }
    if !recovery.is_zero() {
        sums.push(format!("多发 {} 元", recovery.yuan_grouped()));
    }
    format!(
        "后来知道的情况和当时核算的不一样：{}；合计{}。这只是提醒：核实、听取意见、作出决定以后才补发、追回。",
        lines.join("；"),
        sums.join("、")
    )
}
