//! Late knowledge finds itself: every night the benefits whose families' facts or members were written down anew for days that are paid already are
//! reckoned again, and where past months come out otherwise a case to look into it is opened (`opened = "late_found"`), once for each result.
//!
//! Only what changed is looked at: rows of facts and memberships that came since the night before, and benefits that were ended backwards. A month is
//! asked for twice, by what was known then and by what is known now; only a difference between the two, and to what was due, is late knowledge - an amount
//! that somebody decided otherwise is not. Nothing is posted: the case reckons, hears and decides ([`super::months`]). What a standard changed
//! backwards means for everybody is proposed when it is released ([`crate::releases`]).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use catalogue::Release;
use catalogue::definition::{Item, Opening, Unit};
use chrono::NaiveDate;
use ledger::pages::EntitlementRow;
use ledger::{EntitlementId, MonthAmount};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::jobs::{Beat, Claim};
use store::{CaseId, Count, Db, DivisionId, HouseholdId, Query, Scope, Tx};
use vocab::{Fen, Month, Now};

use super::months::MONTHS_MAX;
use super::opening::{self, ByNight};
use super::{CASE, determine, months};
use crate::access::{Granted, ReadCase};
use crate::{Office, OfficeError};

/// The job; its payload is the day.
pub const LATE_JOB: &str = "late_months";

const NIGHT: &str = "past months that came out otherwise, looked for every night";
const EVERYBODY: Scope = Scope::System(NIGHT);
/// Where the nights stand.
const MARKS: &str = "late_months.marks";
/// Benefits read, asked about and written together, in one transaction.
const BATCH: usize = 200;
/// Benefits noted in one statement.
const NOTED: usize = 500;
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
    crate::once_a_day(office, LATE_JOB).await
}

/// How many proposals of the night wait in the caller's area.
///
/// # Errors
/// The database's.
pub async fn counted(office: &Office, actor: &Granted<ReadCase>) -> Result<Count, OfficeError> {
    // From what was found to the cases: joined, all cases of a large office were looked through for the few.
    let sql = "SELECT c.id FROM case_file c WHERE c.id IN (SELECT f.case_id FROM late_found f) AND {scope} AND c.state = 'open'";
    let items = crate::business::items_of(office, actor);
    Ok(Query::new(&actor.scope(), &CASE, sql)
        .only("c.item", items)
        .count_capped(office.db(), COUNT_MAX)
        .await?)
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
        let batch = Batch::read(office, &tx, &release, &rows).await?;
        let mut otherwise = batch.otherwise(office, &tx).await?;
        let mut open = batch.open_cases(&tx).await?;
        let settled = batch.settled(&tx).await?;
        let mut done = Vec::with_capacity(rows.len());
        for look in &rows {
            let differing = otherwise.remove(&look.benefit).unwrap_or_default();
            match batch.propose(office, &tx, look, &differing, &settled, &mut open).await {
                Ok(Came::Nothing) => {}
                Ok(Came::Opened) => found.opened += 1,
                // No village, or something else in hand: another night.
                Ok(Came::Waits) | Err(OfficeError::Invalid(_) | OfficeError::Conflict(_)) => {
                    found.waiting += 1;
                    continue;
                }
                Err(error) => return Err(error),
            }
            done.push(look.benefit);
        }
        Query::system(NIGHT, "DELETE FROM late_look WHERE entitlement_id IN ({list})")
            .bind_list(done)
            .execute(&tx)
            .await?;
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
    let mut changed: BTreeMap<EntitlementId, Month> = BTreeMap::new();
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
            earliest(&mut changed, benefit, Month::containing(since));
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
        earliest(&mut changed, benefit, until.next());
    }
    note(&tx, &changed, from.at).await?;
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

fn earliest(changed: &mut BTreeMap<EntitlementId, Month>, benefit: EntitlementId, from: Month) {
    let month = changed.entry(benefit).or_insert(from);
    *month = from.min(*month);
}

async fn note(tx: &Tx, changed: &BTreeMap<EntitlementId, Month>, known_then: i64) -> Result<(), OfficeError> {
    let changed: Vec<(EntitlementId, Month)> =
        changed.iter().map(|(benefit, month)| (*benefit, *month)).collect();
    for changed in changed.chunks(NOTED) {
        let sql = format!(
            "INSERT INTO late_look (entitlement_id, from_month, known_then) VALUES {} ON CONFLICT (entitlement_id) DO UPDATE SET \
             from_month = CASE WHEN excluded.from_month < late_look.from_month THEN excluded.from_month ELSE late_look.from_month END, \
             known_then = CASE WHEN excluded.known_then < late_look.known_then THEN excluded.known_then ELSE late_look.known_then END",
            vec!["(?, ?, ?)"; changed.len()].join(", ")
        );
        let insert = changed.iter().fold(Query::system(NIGHT, sql), |query, (benefit, month)| {
            query.bind(*benefit).bind(*month).bind(known_then)
        });
        insert.execute(tx).await?;
    }
    Ok(())
}

/// A month that came out otherwise.
struct Otherwise {
    month: Month,
    due: Fen,
    should_be: Fen,
    said: String,
}

/// A benefit of the batch with what is asked of it.
struct Held<'a> {
    look: &'a Look,
    item: &'a Item,
    row: EntitlementRow,
    /// Statistical code of the family's village.
    village: String,
    first: Month,
    last: Month,
}

/// What people have settled about the benefits of a batch already.
struct Settled {
    /// Proposed before.
    said: HashSet<(EntitlementId, String)>,
    /// The last day on which a case of an item about a benefit ended.
    ended: HashMap<(EntitlementId, String), NaiveDate>,
}

/// Benefits looked at together: what is needed of all of them is read in a number of statements that depends on the months, not on how many they are.
struct Batch<'a> {
    release: &'a Release,
    held: BTreeMap<EntitlementId, Held<'a>>,
}

impl<'a> Batch<'a> {
    /// Reads the benefits that an item of the night is for and that were paid.
    async fn read(
        office: &Office,
        tx: &Tx,
        release: &'a Release,
        looks: &'a [Look],
    ) -> Result<Batch<'a>, OfficeError> {
        let ids: Vec<EntitlementId> = looks.iter().map(|look| look.benefit).collect();
        let rows = ledger::pages::entitlements(tx, &EVERYBODY, &ids, office.now().month()).await?;
        let paid = last_paid(tx, &rows).await?;
        let villages: HashMap<HouseholdId, String> = Query::system(
            NIGHT,
            "SELECT h.id, d.code FROM household h JOIN division d ON d.id = h.division_id WHERE h.id IN ({list})",
        )
        .bind_list(rows.iter().map(|row| row.household))
        .all_as(tx, |row| Ok((row.get("id")?, row.get("code")?)))
        .await?
        .into_iter()
        .collect();
        let looks: HashMap<EntitlementId, &Look> = looks.iter().map(|look| (look.benefit, look)).collect();
        let held = rows.into_iter().filter_map(|row| {
            let look = *looks.get(&row.id)?;
            let item =
                items(release).find(|item| item.programmes.iter().any(|one| **one == row.programme))?;
            let last = *paid.get(&(row.county, row.programme.clone()))?;
            let first = look.from.max(row.first_due).max(last.plus(1 - MONTHS_MAX));
            let village = villages.get(&row.household)?.clone();
            Some((row.id, Held { look, item, row, village, first, last }))
        });
        Ok(Batch { release, held: held.collect() })
    }

    /// The months of each benefit that come out otherwise than they were known, and otherwise than they were paid.
    async fn otherwise(
        &self,
        office: &Office,
        tx: &Tx,
    ) -> Result<HashMap<EntitlementId, Vec<Otherwise>>, OfficeError> {
        let benefits: Vec<EntitlementId> = self.held.keys().copied().collect();
        let findings = determine::findings_of_benefits(tx, &benefits).await?;
        let now = office.now().at_ms();
        let mut should: BTreeMap<EntitlementId, Vec<(MonthAmount, String)>> = BTreeMap::new();
        let first = self.held.values().map(|held| held.first).min();
        let last = self.held.values().map(|held| held.last).max();
        let mut month = first;
        while let Some(at) = month.filter(|at| last.is_some_and(|last| *at <= last)) {
            let mut asked: Vec<(&Held<'_>, determine::Question<'_>)> = Vec::new();
            for held in self.held.values().filter(|held| held.first <= at && at <= held.last) {
                match held.row.until.filter(|until| at > *until) {
                    Some(until) => {
                        let none = MonthAmount { month: at, amount: Fen::ZERO };
                        let said = format!("待遇到{}为止", until.zh());
                        should.entry(held.row.id).or_default().push((none, said));
                    }
                    None => asked.extend(held.question(self.release, at).map(|question| (held, question))),
                }
            }
            let all: Vec<&determine::Question<'_>> = asked.iter().map(|(_, question)| question).collect();
            let known = determine::look(office, tx, self.release, &all, &findings, now).await?;
            let mut then = vec![None; asked.len()];
            let moments: BTreeSet<i64> = asked.iter().map(|(held, _)| held.look.known_then).collect();
            for moment in moments {
                let (places, questions): (Vec<usize>, Vec<&determine::Question<'_>>) = asked
                    .iter()
                    .enumerate()
                    .filter(|(_, (held, _))| held.look.known_then == moment)
                    .map(|(place, (_, question))| (place, question))
                    .unzip();
                let looked = determine::look(office, tx, self.release, &questions, &findings, moment).await?;
                for (place, looked) in places.into_iter().zip(looked) {
                    then[place] = amount_said(looked).map(|(amount, _)| amount);
                }
            }
            for (((held, _), then), looked) in asked.iter().zip(then).zip(known) {
                if let Some((amount, said)) = amount_said(looked).filter(|(amount, _)| then != Some(*amount))
                {
                    let amount = MonthAmount { month: at, amount };
                    should.entry(held.row.id).or_default().push((amount, said));
                }
            }
            month = Some(at.next());
        }
        let asked: Vec<(EntitlementId, Vec<MonthAmount>)> = should
            .iter()
            .map(|(benefit, months)| (*benefit, months.iter().map(|(amount, _)| *amount).collect()))
            .collect();
        let beside = ledger::propose_all(tx, &EVERYBODY, &asked).await?;
        let differing = beside.into_iter().zip(should.into_values()).map(|(proposal, said)| {
            let rows = proposal.rows.into_iter().zip(said).filter(|(row, _)| !row.delta.is_zero());
            let months = rows.map(|(row, (_, said))| Otherwise {
                month: row.month,
                due: row.due_before,
                should_be: row.should_be,
                said,
            });
            (proposal.entitlement, months.collect())
        });
        Ok(differing.collect())
    }

    /// What has been said before, or looked into by somebody.
    async fn settled(&self, tx: &Tx) -> Result<Settled, OfficeError> {
        let said = Query::system(
            NIGHT,
            "SELECT f.entitlement_id, f.fingerprint FROM late_found f WHERE f.entitlement_id IN ({list})",
        )
        .bind_list(self.held.keys().copied())
        .all_as(tx, |row| Ok((row.get("entitlement_id")?, row.get("fingerprint")?)))
        .await?;
        let ended = Query::system(
            NIGHT,
            "SELECT c.entitlement_id, c.item, max(c.ended_on) AS ended_on FROM case_file c WHERE c.entitlement_id IN ({list}) \
             AND c.state = 'ended' AND c.ended_on IS NOT NULL GROUP BY c.entitlement_id, c.item",
        )
        .bind_list(self.held.keys().copied())
        .all_as(tx, |row| Ok(((row.get("entitlement_id")?, row.get("item")?), row.get("ended_on")?)))
        .await?;
        Ok(Settled { said: said.into_iter().collect(), ended: ended.into_iter().collect() })
    }

    /// What the families have in hand, by item.
    async fn open_cases(&self, tx: &Tx) -> Result<HashSet<(HouseholdId, String)>, OfficeError> {
        let rows = Query::system(
            NIGHT,
            "SELECT c.household_id, c.item FROM case_file c WHERE c.household_id IN ({list}) AND c.state = 'open'",
        )
        .bind_list(self.held.values().map(|held| held.row.household))
        .all_as(tx, |row| Ok((row.get("household_id")?, row.get("item")?)))
        .await?;
        Ok(rows.into_iter().collect())
    }

    /// Opens the case of a benefit whose months came out otherwise.
    async fn propose(
        &self,
        office: &Office,
        tx: &Tx,
        look: &Look,
        otherwise: &[Otherwise],
        settled: &Settled,
        open: &mut HashSet<(HouseholdId, String)>,
    ) -> Result<Came, OfficeError> {
        let Some(held) = self.held.get(&look.benefit).filter(|_| !otherwise.is_empty()) else {
            return Ok(Came::Nothing);
        };
        let lines: Vec<String> =
            otherwise.iter().map(|one| format!("{}={}", one.month, one.should_be.0)).collect();
        let fingerprint = lines.join(" ");
        let item = held.item.id.get();
        let written_on = Now::from_unix_ms(look.known_then).today();
        // Said before, or looked into by somebody since it was written down.
        let looked_into = settled.ended.get(&(held.row.id, item.clone())).is_some_and(|on| *on >= written_on);
        if looked_into || settled.said.contains(&(held.row.id, fingerprint.clone())) {
            return Ok(Came::Nothing);
        }
        let in_hand = (held.row.household, item.clone());
        if open.contains(&in_hand) {
            return Ok(Came::Waits);
        }
        open_case(office, tx, self.release, held, otherwise, &fingerprint).await?;
        open.insert(in_hand);
        Ok(Came::Opened)
    }
}

impl Held<'_> {
    /// What is asked of a month, whatever was known when.
    fn question(&self, release: &Release, month: Month) -> Option<determine::Question<'_>> {
        let programme = release.programmes.get(&self.row.programme)?;
        Some(determine::Question {
            case: None,
            benefit: Some(self.row.id),
            household: self.row.household,
            person: (programme.unit == Unit::Person).then_some(self.row.holder),
            division: &self.village,
            month,
            law_on: month.first_day(),
            valid_on: month.first_day(),
            programmes: vec![self.row.programme.clone()],
        })
    }
}

/// What a month should have been, and why; none where it is left alone.
fn amount_said(looked: Option<determine::Looked>) -> Option<(Fen, String)> {
    let looked = looked?;
    let (amount, said) = months::should_be(&looked.result, looked.amount, looked.taper_months);
    Some((amount?, said))
}

/// The last month that each county ran of each programme.
async fn last_paid(
    tx: &Tx,
    held: &[EntitlementRow],
) -> Result<HashMap<(DivisionId, String), Month>, OfficeError> {
    let counties: BTreeSet<DivisionId> = held.iter().map(|held| held.county).collect();
    let programmes: BTreeSet<&str> = held.iter().map(|held| held.programme.as_str()).collect();
    let rows = Query::system(
        NIGHT,
        "SELECT r.county_id, r.programme, max(r.month) AS month FROM payment_run r WHERE r.county_id IN ({list}) AND r.programme IN ({list}) \
         AND r.kind = 'regular' AND r.state NOT IN ('cancelling', 'cancelled') GROUP BY r.county_id, r.programme",
    )
    .bind_list(counties)
    .bind_list(programmes)
    .all_as(tx, |row| Ok(((row.get("county_id")?, row.get("programme")?), row.get("month")?)))
    .await?;
    Ok(rows.into_iter().collect())
}

async fn open_case(
    office: &Office,
    tx: &Tx,
    release: &Release,
    held: &Held<'_>,
    otherwise: &[Otherwise],
    fingerprint: &str,
) -> Result<CaseId, OfficeError> {
    let (row, item, now) = (&held.row, held.item, office.now());
    let mut family = opening::family_of_benefit(tx, &EVERYBODY, row.id, now).await?;
    if family.members.is_empty() {
        // Who died alone has left the family; the months are theirs all the same.
        family.members.push(row.holder);
    }
    let sum = |sign: i64| otherwise.iter().map(|one| ((one.should_be.0 - one.due.0) * sign).max(0)).sum();
    let (arrears, recovery) = (Fen(sum(1)), Fen(sum(-1)));
    let said = in_words(otherwise, arrears, recovery);
    let new = ByNight {
        item,
        release,
        family: &family,
        due_on: None,
        title: "以前月份的情况有变化，列入重新核算",
        said: &said,
        deed: "case.opened_for_late",
        details: json!({ "item": *item.id, "entitlement": row.id.0, "arrears_fen": arrears.0, "recovery_fen": recovery.0 }),
    };
    let case = opening::by_night(office, tx, new, now).await?;
    Query::system(
        NIGHT,
        "INSERT INTO late_found (entitlement_id, fingerprint, case_id, arrears_fen, recovery_fen, found_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(row.id)
    .bind(fingerprint)
    .bind(case.id)
    .bind(arrears)
    .bind(recovery)
    .bind(now.at_ms())
    .execute(tx)
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
