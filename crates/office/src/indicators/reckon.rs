//! Reckoning a month: each register is read once for all indicators over it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalogue::Release;
use catalogue::definition::{Counted, Indicator, OVER_DIVISION, OVER_PERSON, Register, Side};
use rules::{Context, Rational, Value};
use store::jobs::{self, Beat, Claim};
use store::{AuditEntry, DivisionId, JobId, PersonId, Query, ScopeColumns, Tx};
use vocab::Month;

use super::{RECKONING, UNITS};
use crate::access::{Granted, ReadRecords};
use crate::records::{self, Circumstances, Named, RecordId};
use crate::{Office, OfficeError, audited, divisions};

/// The job that reckons the current month.
pub const INDICATORS_JOB: &str = "indicators";
/// Records or people that are read at once.
const BATCH: i64 = 500;
/// Rows that one statement writes.
const ROWS: usize = 200;

/// Puts the job into the queue, once a day.
///
/// # Errors
/// The database's.
pub async fn schedule(office: &Office) -> Result<(), OfficeError> {
    if office.release().indicators.iter().next().is_none() {
        return Ok(());
    }
    let tx = office.db().begin().await?;
    jobs::enqueue_once(&tx, INDICATORS_JOB, &office.now().today().to_string()).await?;
    tx.commit().await?;
    Ok(())
}

/// Puts the job into the queue because somebody wants the figures of now.
///
/// # Errors
/// The database's.
pub async fn reckon_now(office: &Office, actor: &Granted<ReadRecords>) -> Result<JobId, OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    let job = jobs::enqueue_single(&tx, INDICATORS_JOB, "now", None).await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        ..audited(now.at_ms(), actor.audit(), "indicator.reckon", ("division", actor.division.0))
    })
    .await?;
    tx.commit().await?;
    Ok(job)
}

/// One side of one indicator, and what was found.
struct Count<'a> {
    indicator: &'a Indicator,
    side: Side,
    counted: &'a Counted,
    found: BTreeMap<DivisionId, i64>,
    unknown: BTreeMap<DivisionId, i64>,
    /// Where records lie, when places are counted.
    places: BTreeSet<DivisionId>,
}

impl Count<'_> {
    /// Looks at one record.
    fn look(&mut self, release: &Release, seen: &rules::Record, context: &Context, division: DivisionId) {
        match counts(release, self.indicator, self.side, seen, context) {
            Counts::No => {}
            Counts::Unknown => *self.unknown.entry(division).or_default() += 1,
            Counts::Yes(units) if self.counted.level.is_none() => {
                *self.found.entry(division).or_default() += units;
            }
            Counts::Yes(_) => drop(self.places.insert(division)),
        }
    }
}

/// Whether and how much a record counts, in ten-thousandths.
pub(super) enum Counts {
    No,
    Yes(i64),
    Unknown,
}

pub(super) fn counts(
    release: &Release,
    indicator: &Indicator,
    side: Side,
    seen: &rules::Record,
    context: &Context,
) -> Counts {
    match release.counted_when(&indicator.id, side).map(|when| when.evaluate(seen, context)) {
        None | Some(Value::Boolean(true)) => {}
        Some(Value::Boolean(false)) => return Counts::No,
        Some(_) => return Counts::Unknown,
    }
    match release.counted_sum(&indicator.id, side).map(|sum| sum.evaluate(seen, context)) {
        None => Counts::Yes(UNITS),
        Some(Value::Number(number)) => units(&number).map_or(Counts::Unknown, Counts::Yes),
        Some(_) => Counts::Unknown,
    }
}

/// In ten-thousandths, rounded half up.
fn units(number: &Rational) -> Option<i64> {
    number.round(4).to_scaled(4)
}

/// The work of [`INDICATORS_JOB`]: the current month anew. Killed anywhere it begins again; a month is written at once.
///
/// # Errors
/// The database's.
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let release = office.release();
    let mut counts: Vec<Count<'_>> = Vec::new();
    for indicator in release.indicators.iter() {
        for (side, counted) in indicator.sides() {
            let (found, unknown, places) = Default::default();
            counts.push(Count { indicator, side, counted, found, unknown, places });
        }
    }
    let overs: BTreeSet<String> = counts.iter().map(|count| count.counted.over.get().clone()).collect();
    let total = i64::try_from(overs.len()).unwrap_or(i64::MAX);
    for (done, over) in overs.iter().enumerate() {
        let tx = office.db().begin().await?;
        let beat = claim.progress(&tx, i64::try_from(done).unwrap_or(i64::MAX), Some(total)).await?;
        tx.commit().await?;
        if matches!(beat, Beat::Cancel) {
            return Ok(claim.cancelled(office.db()).await?);
        }
        let mut over_this: Vec<&mut Count<'_>> =
            counts.iter_mut().filter(|count| *count.counted.over.get() == *over).collect();
        match over.as_str() {
            OVER_DIVISION => {
                for count in over_this {
                    count_divisions(office, &release, count).await?;
                }
            }
            OVER_PERSON => count_people(office, &release, &mut over_this).await?,
            register => {
                if let Some(register) = release.registers.get(register) {
                    count_records(office, &release, register, &mut over_this).await?;
                }
            }
        }
    }
    for count in &mut counts {
        count_places(office, &release, count).await?;
    }
    let tx = office.db().begin().await?;
    tx.lock("indicators").await?;
    write(office, &tx, &release, &counts).await?;
    claim.finished(&tx, &format!("统计了 {} 项指标。", release.indicators.iter().count())).await?;
    tx.commit().await?;
    Ok(())
}

/// What the expressions of some sides name.
fn named(counts: &[&mut Count<'_>]) -> Named {
    let expressions = counts.iter().flat_map(|count| [&count.counted.when, &count.counted.sum]);
    Named::in_expressions(expressions.flatten().map(|expression| expression.as_ref()))
}

async fn count_records(
    office: &Office,
    release: &Release,
    register: &Register,
    counts: &mut [&mut Count<'_>],
) -> Result<(), OfficeError> {
    let named = named(counts);
    let mut circumstances = Circumstances::new(office.now(), &named);
    let mut after = RecordId(0);
    loop {
        let (stored, seen) =
            records::open_batch(office, (&RECKONING, None), register, after, BATCH, &named).await?;
        let Some(last) = stored.last() else { return Ok(()) };
        after = last.id;
        for (record, seen) in stored.iter().zip(&seen) {
            let context = circumstances.of(office.db(), release, record).await?;
            for count in counts.iter_mut() {
                count.look(release, seen, context, record.division);
            }
        }
    }
}

async fn count_people(
    office: &Office,
    release: &Release,
    counts: &mut [&mut Count<'_>],
) -> Result<(), OfficeError> {
    let named = named(counts);
    let now = office.now();
    let context = Context::new(now.month(), now.today(), now.today());
    let mut after = PersonId(0);
    loop {
        let homes: Vec<(PersonId, DivisionId)> = Query::new(
            &RECKONING,
            &ScopeColumns::NONE,
            "SELECT p.id, p.residence_division_id AS division_id FROM person p WHERE p.id > ? AND p.died_on IS NULL \
             AND p.residence_division_id IS NOT NULL ORDER BY p.id LIMIT ?",
        )
        .bind(after)
        .bind(BATCH)
        .all_as(office.db(), |row| Ok((row.get("id")?, row.get("division_id")?)))
        .await?;
        let Some((last, _)) = homes.last() else { return Ok(()) };
        after = *last;
        let ids: Vec<PersonId> = homes.iter().map(|(id, _)| *id).collect();
        let people = records::persons(office, office.db(), &ids, &named).await?;
        for (id, division) in &homes {
            let Some(seen) = people.get(id) else { continue };
            for count in counts.iter_mut() {
                count.look(release, seen, &context, *division);
            }
        }
    }
}

/// Whether a place is one that offices and plans count, and of the kind that is asked for.
fn is_counted(release: &Release, counted: &Counted, code: &str) -> bool {
    match release.places.get(code) {
        Some(place) => !place.nominal && counted.only.is_none_or(|kind| place.is(kind)),
        None => counted.only.is_none(),
    }
}

/// The places of a level themselves.
async fn count_divisions(
    office: &Office,
    release: &Release,
    count: &mut Count<'_>,
) -> Result<(), OfficeError> {
    let Some(level) = count.counted.level.and_then(records::vocab_level) else { return Ok(()) };
    let places: Vec<(DivisionId, String)> = Query::new(
        &RECKONING,
        &ScopeColumns::NONE,
        "SELECT d.id, d.code FROM division d WHERE d.level = ? AND d.until_on IS NULL ORDER BY d.id",
    )
    .bind(level.as_str())
    .all_as(office.db(), |row| Ok((row.get("id")?, row.get("code")?)))
    .await?;
    let counted = count.counted;
    let real = places.into_iter().filter(|(_, code)| is_counted(release, counted, code));
    count.found = real.map(|(id, _)| (id, UNITS)).collect();
    Ok(())
}

/// From where records lie to the places of a level at or above, each once.
async fn count_places(office: &Office, release: &Release, count: &mut Count<'_>) -> Result<(), OfficeError> {
    let Some(level) = count.counted.level.and_then(records::vocab_level) else { return Ok(()) };
    let counted = count.counted;
    let mut above: HashMap<DivisionId, Option<DivisionId>> = HashMap::new();
    for place in std::mem::take(&mut count.places) {
        if let std::collections::hash_map::Entry::Vacant(entry) = above.entry(place) {
            let path = divisions::path(office.db(), place).await?;
            let found =
                path.iter().find(|above| above.level == level && is_counted(release, counted, &above.code));
            entry.insert(found.map(|division| division.id));
        }
    }
    count.found.extend(above.into_values().flatten().map(|id| (id, UNITS)));
    Ok(())
}

async fn write(office: &Office, tx: &Tx, release: &Release, counts: &[Count<'_>]) -> Result<(), OfficeError> {
    let now = office.now();
    let month = now.month();
    let mut rows: BTreeMap<(&str, DivisionId), [i64; 3]> = BTreeMap::new();
    for count in counts {
        let id = count.indicator.id.as_str();
        let side = usize::from(count.side == Side::Whole);
        for (division, units) in &count.found {
            rows.entry((id, *division)).or_default()[side] += units;
        }
        for (division, number) in &count.unknown {
            rows.entry((id, *division)).or_default()[2] += number;
        }
    }
    let system = |sql: &str| Query::new(&RECKONING, &ScopeColumns::NONE, sql.to_owned());
    system("DELETE FROM indicator_value WHERE month = ?").bind(month).execute(tx).await?;
    system("DELETE FROM indicator_month WHERE month = ?").bind(month).execute(tx).await?;
    for indicator in release.indicators.iter() {
        system(
            "INSERT INTO indicator_month (indicator, month, reckoned_on, release_hash) VALUES (?, ?, ?, ?)",
        )
        .bind(indicator.id.get().as_str())
        .bind(month)
        .bind(now.today())
        .bind(&release.hash)
        .execute(tx)
        .await?;
    }
    let rows: Vec<_> = rows.into_iter().collect();
    for chunk in rows.chunks(ROWS) {
        write_rows(tx, month, chunk).await?;
    }
    Ok(())
}

async fn write_rows(
    tx: &Tx,
    month: Month,
    rows: &[((&str, DivisionId), [i64; 3])],
) -> Result<(), OfficeError> {
    let values = vec!["(?, ?, ?, ?, ?, ?)"; rows.len()].join(", ");
    let sql = format!(
        "INSERT INTO indicator_value (indicator, month, division_id, part, whole, unknown) VALUES {values}"
    );
    let query = Query::new(&RECKONING, &ScopeColumns::NONE, sql);
    let query = rows.iter().fold(query, |query, ((indicator, division), [part, whole, unknown])| {
        query.bind(*indicator).bind(month).bind(*division).bind(*part).bind(*whole).bind(*unknown)
    });
    query.execute(tx).await?;
    Ok(())
}
