//! Drawing up a month's list.
//!
//! Everybody who may be covered is entered first, in one statement: who stands in a benefit of the county in that month that the rule
//! reads (`held` facts), and who lives in the county and has some other fact that the rule reads. Then the rule is asked about each of them,
//! some hundred at a time, on the facts as they held at the end of the month. Killed anywhere, the job goes on with who still waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalogue::Release;
use catalogue::shapes::{HOUSEHOLD, PERSON};
use chrono::NaiveDate;
use ledger::entitlement::Grant;
use ledger::{AmountCause, Decision, EntitlementId, Officer, RunId};
use rules::{Outcome, Record, Value};
use serde_json::json;
use store::jobs::{self, Beat, Claim};
use store::{AuditEntry, DivisionId, HouseholdId, JobId, PersonId, Query, Tx};
use vocab::{Fen, Month, Now};

use super::super::business;
use super::super::payments::RUN_JOB;
use super::{MonthListId, trigger_in};
use crate::access::{Granted, MakeRun, Permission};
use crate::people::{self, Subject};
use crate::{Office, OfficeError, audited, divisions, releases};

/// The kind of the job that draws up a list. Payload: the list's id.
pub const LIST_JOB: &str = "month_list";

const LIST: &str = "a month's list that was begun by somebody with the right";
/// Persons asked about in one transaction.
const BATCH: usize = 300;

/// Begins a month's list of the actor's county, or takes it up again; a job draws it up.
///
/// # Errors
/// [`OfficeError::Forbidden`] outside a county, or for another business's programme; [`OfficeError::Conflict`] when the month's conditions do not hold, or are not known.
pub async fn draw_up(
    office: &Office,
    actor: &Granted<MakeRun>,
    programme: &str,
    month: Month,
) -> Result<(MonthListId, JobId), OfficeError> {
    business::demand(office, actor, programme)?;
    let county = actor.county.ok_or(OfficeError::Forbidden(MakeRun::RIGHT))?;
    let (release, now) = (office.release(), office.now());
    if month > now.month() {
        return Err(OfficeError::invalid("month", format!("{}还没有到，不能造册。", month.zh())));
    }
    let code = divisions::find(office.db(), county).await?.code;
    let trigger = trigger_in(&release, programme, &code, month, now)?;
    match trigger.outcome {
        Outcome::Met => {}
        Outcome::NotMet => {
            return Err(OfficeError::Conflict(format!("{}没有达到启动条件，不造册、不发放。", month.zh())));
        }
        Outcome::Unknown => {
            return Err(OfficeError::Conflict(format!(
                "{}的指数还没有录入或者还没有复核，不能判断是否启动。",
                month.zh()
            )));
        }
    }
    let tx = office.db().begin().await?;
    let id: i64 = Query::system(
        LIST,
        "INSERT INTO month_list (county_id, programme, month, state, release_hash, known_at, made_by, made_at) \
         VALUES (?, ?, ?, 'making', ?, ?, ?, ?) ON CONFLICT (county_id, programme, month) DO UPDATE \
         SET state = 'making', release_hash = excluded.release_hash, known_at = excluded.known_at, \
         version = month_list.version + 1 RETURNING id",
    )
    .bind(county)
    .bind(programme)
    .bind(month)
    .bind(release.hash.as_str())
    .bind(now.at_ms())
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    let list = MonthListId(id);
    let candidates = Candidates { list, county, month, release: &release, programme };
    candidates.enter(&tx).await?;
    let job = jobs::enqueue_single(&tx, LIST_JOB, &list.to_string(), None).await?;
    let entry = audited(now.at_ms(), actor.audit(), "month_list.drawn_up", ("month_list", id));
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: json!({ "programme": programme, "month": month }),
        ..entry
    })
    .await?;
    tx.commit().await?;
    Ok((list, job))
}

/// Who may be covered.
struct Candidates<'a> {
    list: MonthListId,
    county: DivisionId,
    month: Month,
    release: &'a Release,
    programme: &'a str,
}

impl Candidates<'_> {
    /// Enters everybody who is not on the list yet; who was refused before is asked again.
    async fn enter(&self, tx: &Tx) -> Result<(), OfficeError> {
        let Some(rules) = self.release.rules(self.programme) else { return Ok(()) };
        let read: Vec<_> = rules
            .facts()
            .into_iter()
            .filter_map(|(shape, id)| self.release.facts.get(&id).filter(|_| shape == PERSON))
            .collect();
        let held: BTreeSet<&str> = read
            .iter()
            .filter_map(|fact| fact.held.as_ref())
            .flat_map(|held| held.codes.iter().map(|code| code.programme.as_str()))
            .collect();
        if !held.is_empty() {
            // Through the benefit whose account is known, else the oldest.
            Query::system(
                LIST,
                "INSERT INTO month_list_line (list_id, person_id, household_id, division_id, through_entitlement_id, outcome) \
                 SELECT ?, s.person_id, e.household_id, e.division_id, e.id, 'waiting' FROM \
                 (SELECT m.person_id, COALESCE(MIN(CASE WHEN p.id IS NOT NULL THEN e.id END), MIN(e.id)) AS through FROM entitlement e \
                  JOIN entitlement_member m ON m.entitlement_id = e.id AND m.superseded_at IS NULL AND m.from_month <= ? \
                    AND (m.until_month IS NULL OR m.until_month >= ?) \
                  LEFT JOIN payee p ON p.entitlement_id = e.id AND p.state = 'confirmed' \
                  WHERE e.county_id = ? AND e.programme IN ({list}) AND e.from_month <= ? \
                    AND (e.until_month IS NULL OR e.until_month >= ?) GROUP BY m.person_id) s \
                 JOIN entitlement e ON e.id = s.through WHERE 1 = 1 \
                 ON CONFLICT (list_id, person_id) DO NOTHING",
            )
            .bind(self.list)
            .bind(self.month)
            .bind(self.month)
            .bind(self.county)
            .bind_list(held.iter().copied())
            .bind(self.month)
            .bind(self.month)
            .execute(tx)
            .await?;
        }
        let day = self.month.last_day();
        for fact in read.iter().filter(|fact| fact.held.is_none()) {
            // Anything but what a missing row means.
            let sql = format!(
                "INSERT INTO month_list_line (list_id, person_id, household_id, division_id, outcome) \
                 SELECT ?, m.person_id, h.id, h.division_id, 'waiting' FROM person_now n \
                 JOIN membership m ON m.person_id = n.person_id AND m.superseded_at IS NULL AND m.from_on <= ? \
                   AND (m.until_on IS NULL OR m.until_on > ?) JOIN household h ON h.id = m.household_id \
                 JOIN division d ON d.id = h.division_id WHERE d.county_id = ? AND n.\"{id}\" IS NOT NULL \
                 AND CAST(n.\"{id}\" AS TEXT) NOT IN ('none', '0', 'false') \
                 ON CONFLICT (list_id, person_id) DO NOTHING",
                id = fact.id
            );
            Query::system(LIST, sql)
                .bind(self.list)
                .bind(day)
                .bind(day)
                .bind(self.county)
                .execute(tx)
                .await?;
        }
        Query::system(
            LIST,
            "UPDATE month_list_line SET outcome = 'waiting', reason = NULL WHERE list_id = ? \
             AND outcome IN ('covered', 'not_met', 'unknown')",
        )
        .bind(self.list)
        .execute(tx)
        .await?;
        Ok(())
    }
}

struct List {
    id: MonthListId,
    county: DivisionId,
    programme: String,
    month: Month,
    release_hash: String,
    known_at: i64,
    run: Option<RunId>,
    officer: Officer,
}

async fn load(office: &Office, id: MonthListId) -> Result<List, OfficeError> {
    Ok(Query::system(
        LIST,
        "SELECT id, county_id, programme, month, release_hash, known_at, run_id, made_by, made_at FROM month_list WHERE id = ?",
    )
    .bind(id)
    .one_as(office.db(), |row| {
        Ok(List {
            id: row.get("id")?,
            county: row.get("county_id")?,
            programme: row.get("programme")?,
            month: row.get("month")?,
            release_hash: row.get("release_hash")?,
            known_at: row.get("known_at")?,
            run: row.get("run_id")?,
            officer: Officer { staff: row.get("made_by")?, at: Now::from_unix_ms(row.get("made_at")?) },
        })
    })
    .await?)
}

/// Does the job.
///
/// # Errors
/// The ledger's and the database's; the job is taken again.
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let id: MonthListId =
        claim.job.payload.parse().map_err(|_| OfficeError::Internal("任务内容无法识别".to_owned()))?;
    let list = load(office, id).await?;
    let release = releases::kept(office, &list.release_hash).await?;
    let mut done = claim.job.done;
    loop {
        let asked = batch(office, &release, &list).await?;
        if asked == 0 {
            break;
        }
        done += i64::try_from(asked).unwrap_or(0);
        if claim.progress(office.db(), done, None).await? == Beat::Cancel {
            return Ok(claim.cancelled(office.db()).await?);
        }
    }
    let tx = office.db().begin().await?;
    let scope = store::Scope::Subtree(list.county);
    let run = ledger::run::begin_listed(&tx, &scope, list.county, &list.programme, list.month, list.officer)
        .await?;
    if list.run != Some(run) {
        jobs::enqueue_single(&tx, RUN_JOB, &run.to_string(), None).await?;
    }
    Query::system(
        LIST,
        "UPDATE month_list SET state = 'made', run_id = ?, version = version + 1 WHERE id = ?",
    )
    .bind(run)
    .bind(list.id)
    .execute_one(&tx)
    .await?;
    claim.finished(&tx, "已造册").await?;
    tx.commit().await?;
    Ok(())
}

/// A person who waits to be asked about.
struct Waiting {
    line: i64,
    person: PersonId,
    household: HouseholdId,
    division: DivisionId,
    through: Option<EntitlementId>,
}

/// What the rule said of a person.
struct Asked {
    waiting: Waiting,
    inputs: String,
    outcome: Outcome,
    amount: Fen,
    reason: String,
}

/// Asks about the next persons; how many. Whole benefits at a time, so that a family has one line at the bank.
async fn batch(office: &Office, release: &Arc<Release>, list: &List) -> Result<usize, OfficeError> {
    let tx = office.db().begin().await?;
    let mut waiting = Query::system(
        LIST,
        "SELECT id, person_id, household_id, division_id, through_entitlement_id FROM month_list_line WHERE list_id = ? \
         AND outcome = 'waiting' ORDER BY through_entitlement_id, id LIMIT ?",
    )
    .bind(list.id)
    .bind(BATCH)
    .all_as(&tx, |row| {
        Ok(Waiting {
            line: row.get("id")?,
            person: row.get("person_id")?,
            household: row.get("household_id")?,
            division: row.get("division_id")?,
            through: row.get("through_entitlement_id")?,
        })
    })
    .await?;
    if waiting.len() == BATCH {
        // The last benefit may go on behind the end: it is left to the next batch, unless it fills this one.
        let last = waiting.last().and_then(|one| one.through);
        let whole = waiting.iter().filter(|one| one.through != last).count();
        if last.is_some() && whole > 0 {
            waiting.retain(|one| one.through != last);
        }
    }
    let count = waiting.len();
    if count == 0 {
        tx.rollback().await?;
        return Ok(0);
    }
    let asked = ask(office, release, &tx, list, waiting).await?;
    let covered = covered(&tx, release, list, &asked).await?;
    let mut groups: BTreeMap<(Option<EntitlementId>, i64), Vec<Asked>> = BTreeMap::new();
    for one in asked {
        if one.outcome == Outcome::Met && one.amount.0 > 0 && !covered.contains(&one.waiting.person) {
            let alone = if one.waiting.through.is_some() { 0 } else { one.waiting.line };
            groups.entry((one.waiting.through, alone)).or_default().push(one);
            continue;
        }
        let (outcome, reason) = match one.outcome {
            Outcome::Met if covered.contains(&one.waiting.person) => {
                ("covered", "这个月已经在别处列入，不重复发放".to_owned())
            }
            Outcome::Met => ("not_met", "算出的金额是零".to_owned()),
            Outcome::NotMet => ("not_met", one.reason),
            Outcome::Unknown => ("unknown", one.reason),
        };
        Query::system(
            LIST,
            "UPDATE month_list_line SET outcome = ?, reason = ?, inputs = ?, release_hash = ?, known_at = ? WHERE id = ?",
        )
        .bind(outcome)
        .bind(reason)
        .bind(one.inputs)
        .bind(list.release_hash.as_str())
        .bind(list.known_at)
        .bind(one.waiting.line)
        .execute_one(&tx)
        .await?;
    }
    for group in groups.into_values() {
        grant(release, &tx, list, group).await?;
    }
    tx.commit().await?;
    Ok(count)
}

/// Asks the rule about persons, on nothing but the facts that it reads.
async fn ask(
    office: &Office,
    release: &Arc<Release>,
    tx: &Tx,
    list: &List,
    waiting: Vec<Waiting>,
) -> Result<Vec<Asked>, OfficeError> {
    let rules = release
        .rules(&list.programme)
        .ok_or_else(|| OfficeError::Internal(format!("待遇项目 {} 没有编译", list.programme)))?;
    let read = rules.facts();
    let subjects: Vec<Subject> = waiting
        .iter()
        .map(|one| Subject::Person(one.person))
        .chain(waiting.iter().map(|one| Subject::Household(one.household)).collect::<BTreeSet<_>>())
        .collect();
    let day = as_of(list);
    let known = people::known_facts_as_of(office, tx, release, &subjects, day, list.known_at).await?;
    let of = |subject: Subject, shape: &str| {
        let mut record = Record::new();
        for (_, id) in read.iter().filter(|(of, _)| of == shape) {
            if let Some(value) = known.get(&(subject, id.clone())) {
                record = record.with(id, value.clone());
            }
        }
        record
    };
    let areas: BTreeMap<i64, String> =
        Query::system(LIST, "SELECT id, area FROM household WHERE id IN ({list})")
            .bind_list(waiting.iter().map(|one| one.household))
            .all_as(tx, |row| Ok((row.get("id")?, row.get("area")?)))
            .await?
            .into_iter()
            .collect();
    let births: BTreeMap<i64, (String, NaiveDate)> =
        Query::system(LIST, "SELECT id, sex, born_on FROM person WHERE id IN ({list})")
            .bind_list(waiting.iter().map(|one| one.person))
            .all_as(tx, |row| Ok((row.get("id")?, (row.get("sex")?, row.get("born_on")?))))
            .await?
            .into_iter()
            .collect();
    let codes: BTreeMap<i64, String> =
        Query::system(LIST, "SELECT id, code FROM division WHERE id IN ({list})")
            .bind_list(waiting.iter().map(|one| one.division))
            .all_as(tx, |row| Ok((row.get("id")?, row.get("code")?)))
            .await?
            .into_iter()
            .collect();
    let mut asked = Vec::with_capacity(waiting.len());
    for one in waiting {
        let mut household = of(Subject::Household(one.household), HOUSEHOLD);
        if let Some(area) = areas.get(&one.household.0) {
            household = household.with("area", area.as_str());
        }
        let mut record = of(Subject::Person(one.person), PERSON);
        if let Some((sex, born_on)) = births.get(&one.person.0) {
            if read.contains(&(PERSON.to_owned(), "sex".to_owned())) {
                record = record.with("sex", sex.as_str());
            }
            if read.contains(&(PERSON.to_owned(), "born_on".to_owned())) {
                record = record.with("born_on", Value::Date(*born_on));
            }
        }
        let record = record.with_one("household", household);
        let code = codes.get(&one.division.0).map_or("", String::as_str);
        let context = release.context(
            &list.programme,
            code,
            list.month,
            list.month.first_day(),
            Now::from_unix_ms(list.known_at).today(),
        );
        let said = rules.decide(&record, &context);
        let amount = match &said.amount {
            Some(amount) => amount
                .as_number()
                .and_then(|number| number.to_scaled(2))
                .map(Fen)
                .ok_or_else(|| OfficeError::Internal(format!("金额 {amount} 不是分的整数")))?,
            None => Fen::ZERO,
        };
        let reason = said.conditions.iter().find(|condition| condition.outcome == said.outcome).map_or_else(
            || "条件不符合".to_owned(),
            |condition| match said.outcome {
                Outcome::Unknown => format!("不明：{}", condition.title),
                _ => format!("不符合：{}", condition.title),
            },
        );
        let inputs =
            serde_json::to_string(&record).map_err(|error| OfficeError::Internal(error.to_string()))?;
        asked.push(Asked { waiting: one, inputs, outcome: said.outcome, amount, reason });
    }
    Ok(asked)
}

/// The day as of which the facts count: the last of the month, or today inside it.
fn as_of(list: &List) -> NaiveDate {
    list.month.last_day().min(Now::from_unix_ms(list.known_at).today())
}

/// Who is covered in the programme's group for the month already.
async fn covered(
    tx: &Tx,
    release: &Release,
    list: &List,
    asked: &[Asked],
) -> Result<BTreeSet<PersonId>, OfficeError> {
    let group =
        release.programmes.get(&list.programme).map(|programme| programme.exclusion_group.get().clone());
    let covered: Vec<i64> = Query::system(
        LIST,
        "SELECT DISTINCT m.person_id FROM entitlement_member m WHERE m.exclusion_group = ? AND m.superseded_at IS NULL \
         AND m.from_month <= ? AND (m.until_month IS NULL OR m.until_month >= ?) AND m.person_id IN ({list})",
    )
    .bind(group.unwrap_or_default())
    .bind(list.month)
    .bind(list.month)
    .bind_list(asked.iter().map(|one| one.waiting.person))
    .scalars(tx)
    .await?;
    Ok(covered.into_iter().map(PersonId).collect())
}

/// Grants the month to the persons of one benefit together, to its account.
async fn grant(release: &Release, tx: &Tx, list: &List, group: Vec<Asked>) -> Result<(), OfficeError> {
    let Some(first) = group.first() else { return Ok(()) };
    let programme = release
        .programmes
        .get(&list.programme)
        .ok_or_else(|| OfficeError::Internal(format!("规则包里没有待遇项目 {}", list.programme)))?;
    let through = first.waiting.through;
    let (holder, township, division) = place(tx, &first.waiting).await?;
    let reference = format!("{}{}名册", list.month.zh(), programme.title);
    let decision = Decision {
        reference: reference.clone(),
        reason: format!("{}按月造册，{}人", programme.title, group.len()),
        case: None,
        determination: None,
        officer: list.officer.staff,
        at: list.officer.at,
    };
    let monthly = Fen::checked_sum(group.iter().map(|one| one.amount))
        .ok_or_else(|| OfficeError::Internal("合计超出范围".to_owned()))?;
    let new = Grant {
        programme: list.programme.clone(),
        exclusion_group: programme.exclusion_group.get().clone(),
        household: first.waiting.household,
        holder,
        members: group.iter().map(|one| one.waiting.person).collect(),
        county: list.county,
        township,
        division,
        from: list.month,
        first_due: list.month,
        until: Some(list.month),
        monthly,
        cause: AmountCause::Grant,
        payee: None,
        review_due_on: None,
    };
    let id = ledger::entitlement::grant(tx, &new, &decision).await?;
    if let Some(through) = through {
        ledger::payee::take_over(tx, through, id, "与原有待遇同一账户", &reference).await?;
    }
    for one in group {
        Query::system(
            LIST,
            "UPDATE month_list_line SET outcome = 'listed', amount_fen = ?, reason = NULL, inputs = ?, release_hash = ?, \
             known_at = ?, entitlement_id = ? WHERE id = ?",
        )
        .bind(one.amount)
        .bind(one.inputs)
        .bind(list.release_hash.as_str())
        .bind(list.known_at)
        .bind(id)
        .bind(one.waiting.line)
        .execute_one(tx)
        .await?;
    }
    Ok(())
}

/// Whom it is paid to, and where they belong: as the benefit through which they are covered says, else the person and their village.
async fn place(tx: &Tx, one: &Waiting) -> Result<(PersonId, DivisionId, DivisionId), OfficeError> {
    if let Some(through) = one.through {
        return Ok(Query::system(
            LIST,
            "SELECT holder_person_id, township_id, division_id FROM entitlement WHERE id = ?",
        )
        .bind(through)
        .one_as(tx, |row| {
            Ok((row.get("holder_person_id")?, row.get("township_id")?, row.get("division_id")?))
        })
        .await?);
    }
    let township: Option<DivisionId> = Query::system(
        LIST,
        "SELECT d.id FROM division_closure c JOIN division d ON d.id = c.ancestor_id WHERE c.descendant_id = ? \
         AND d.level = 'township'",
    )
    .bind(one.division)
    .optional_as(tx, |row| row.get("id"))
    .await?;
    Ok((one.person, township.unwrap_or(one.division), one.division))
}

/// Replays every listed line from its own row and the release it names; what differs, in words.
///
/// # Errors
/// The database's, or a release that is not kept any more.
pub async fn verify(office: &Office) -> Result<(u64, Vec<String>), OfficeError> {
    let (mut last, mut count, mut wrong) = (0_i64, 0_u64, Vec::new());
    loop {
        let rows = Query::system(
            LIST,
            "SELECT n.id, n.inputs, n.release_hash, n.known_at, n.amount_fen, l.programme, l.month, d.code FROM month_list_line n \
             JOIN month_list l ON l.id = n.list_id JOIN division d ON d.id = n.division_id \
             WHERE n.outcome = 'listed' AND n.id > ? ORDER BY n.id LIMIT 1000",
        )
        .bind(last)
        .all(office.db())
        .await?;
        if rows.is_empty() {
            return Ok((count, wrong));
        }
        for row in &rows {
            last = row.get("id")?;
            count += 1;
            let release = releases::kept(office, &row.get::<String>("release_hash")?).await?;
            let (programme, month): (String, Month) = (row.get("programme")?, row.get("month")?);
            let record = serde_json::from_str::<Record>(&row.get::<String>("inputs")?);
            let (Some(rules), Ok(record)) = (release.rules(&programme), record) else {
                wrong.push(format!("名册明细 {last}：存储的输入读不出来"));
                continue;
            };
            let known_on = Now::from_unix_ms(row.get("known_at")?).today();
            let code: String = row.get("code")?;
            let context = release.context(&programme, &code, month, month.first_day(), known_on);
            let amount = rules.decide(&record, &context).amount;
            let fen = amount.as_ref().and_then(Value::as_number).and_then(|number| number.to_scaled(2));
            if fen != Some(row.get::<i64>("amount_fen")?) {
                wrong.push(format!("名册明细 {last}：重算的金额与存储的不同"));
            }
        }
    }
}
