//! Reckoning a month: the job, what it writes, and when a month is closed.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::{Indicator, Side};
use store::jobs::{self, Beat, Claim};
use store::{AuditEntry, DivisionId, JobId, Query, ScopeColumns, Tx};
use vocab::Month;

use super::count::{Count, count_over, count_places, sides, sources};
use super::dated::On;
use super::{RECKONING, may};
use crate::access::{Granted, ReadRecords};
use crate::{Office, OfficeError, audited};

/// The job that reckons the current month.
pub const INDICATORS_JOB: &str = "indicators";
/// Payload of a job that reckons a month of an indicator again: `again:<indicator>:<month>`.
const AGAIN: &str = "again:";
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
    crate::once_a_day(office, INDICATORS_JOB).await
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

/// Puts a job into the queue that reckons a closed month again, to be set beside the figures that stand.
///
/// # Errors
/// [`OfficeError::NotFound`] for an indicator that is not the reader's; [`OfficeError::Invalid`] for one that cannot be reckoned again, and for
/// a month that is not over.
pub async fn reckon_again(
    office: &Office,
    actor: &Granted<ReadRecords>,
    id: &str,
    month: Month,
) -> Result<JobId, OfficeError> {
    let (release, now) = (office.release(), office.now());
    let found = release.indicators.get(id).filter(|indicator| may(actor, &release, indicator));
    let indicator = found.ok_or(OfficeError::NotFound("这项指标"))?;
    if !indicator.is_dated() {
        let message = "这项指标按登记簿当时的情况统计，不能事后重算。";
        return Err(OfficeError::invalid("month", message));
    }
    if month >= now.month() {
        return Err(OfficeError::invalid("month", "这个月还没有过完，请选过去的月份。"));
    }
    let tx = office.db().begin().await?;
    let job = jobs::enqueue_single(&tx, INDICATORS_JOB, &payload_again(id, month), None).await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: serde_json::json!({ "indicator": id, "month": month.index() }),
        ..audited(now.at_ms(), actor.audit(), "indicator.again", ("division", actor.division.0))
    })
    .await?;
    tx.commit().await?;
    Ok(job)
}

/// Whether a month of an indicator is being reckoned again.
///
/// # Errors
/// The database's.
pub async fn is_reckoned_again(office: &Office, id: &str, month: Month) -> Result<bool, OfficeError> {
    let last = jobs::latest(office.db(), INDICATORS_JOB, &payload_again(id, month)).await?;
    Ok(last.is_some_and(|job| job.is_live()))
}

fn payload_again(id: &str, month: Month) -> String {
    format!("{AGAIN}{id}:{month}")
}

/// The work of [`INDICATORS_JOB`]: the current month anew, and once more each month that ended since and waits to be closed. Killed anywhere
/// it begins again; a month is written at once.
///
/// # Errors
/// The database's.
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let release = office.release();
    if let Some((id, month)) = claim.job.payload.strip_prefix(AGAIN).and_then(|rest| rest.rsplit_once(':')) {
        let found = release.indicators.get(id).map(|indicator| &**indicator).zip(month.parse().ok());
        return again(office, claim, &release, found).await;
    }
    let now = On::today(office.now());
    let every: Vec<&Indicator> = release.indicators.iter().map(|indicator| &**indicator).collect();
    let mut months = vec![(now, every)];
    for (month, indicators) in waiting(office, &release, now.month).await? {
        months.push((On::of(month, office.now()), indicators));
    }
    let mut reckoned = Vec::with_capacity(months.len());
    for (on, indicators) in months {
        let mut counts = sides(indicators.iter().copied());
        if !count_all(office, claim, &release, on, &mut counts).await? {
            return Ok(claim.cancelled(office.db()).await?);
        }
        reckoned.push((on, indicators, counts));
    }
    let tx = office.db().begin().await?;
    tx.lock("indicators").await?;
    for (on, indicators, counts) in &reckoned {
        if *on == now {
            system("DELETE FROM indicator_value WHERE month = ?").bind(on.month).execute(&tx).await?;
            system("DELETE FROM indicator_month WHERE month = ?").bind(on.month).execute(&tx).await?;
        } else {
            for table in ["indicator_value", "indicator_month"] {
                system(format!("DELETE FROM {table} WHERE month = ? AND indicator IN ({{list}})"))
                    .bind(on.month)
                    .bind_list(indicators.iter().map(|indicator| indicator.id.get().as_str()))
                    .execute(&tx)
                    .await?;
            }
        }
        write(&tx, &release, *on, *on == now, indicators, counts).await?;
    }
    claim.finished(&tx, &format!("统计了 {} 项指标。", release.indicators.iter().count())).await?;
    tx.commit().await?;
    Ok(())
}

/// Counts every source; false if somebody asked for the end.
async fn count_all(
    office: &Office,
    claim: &Claim,
    release: &Release,
    on: On,
    counts: &mut [Count<'_>],
) -> Result<bool, OfficeError> {
    let sources = sources(counts);
    let total = i64::try_from(sources.len()).unwrap_or(i64::MAX);
    for (done, source) in sources.into_iter().enumerate() {
        let tx = office.db().begin().await?;
        let beat = claim.progress(&tx, i64::try_from(done).unwrap_or(i64::MAX), Some(total)).await?;
        tx.commit().await?;
        if matches!(beat, Beat::Cancel) {
            return Ok(false);
        }
        count_over(office, release, source, on, counts).await?;
    }
    for count in counts {
        count_places(office, release, count).await?;
    }
    Ok(true)
}

/// Months that are over and were not closed yet, with the indicators that wait in them.
async fn waiting<'r>(
    office: &Office,
    release: &'r Release,
    month: Month,
) -> Result<BTreeMap<Month, Vec<&'r Indicator>>, OfficeError> {
    let rows: Vec<(String, Month)> =
        system("SELECT indicator, month FROM indicator_month WHERE month < ? AND awaits_close")
            .bind(month)
            .all_as(office.db(), |row| Ok((row.get("indicator")?, row.get("month")?)))
            .await?;
    let mut waiting: BTreeMap<Month, Vec<&Indicator>> = BTreeMap::new();
    for (id, month) in rows {
        // What the packs changed into something without dates stays as it was.
        if let Some(indicator) = release.indicators.get(&id).filter(|indicator| indicator.is_dated()) {
            waiting.entry(month).or_default().push(indicator);
        }
    }
    Ok(waiting)
}

/// A month of an indicator once more, beside what stands.
async fn again(
    office: &Office,
    claim: &Claim,
    release: &Release,
    found: Option<(&Indicator, Month)>,
) -> Result<(), OfficeError> {
    let Some((indicator, month)) = found else {
        let tx = office.db().begin().await?;
        claim.finished(&tx, "这项指标已经不统计了。").await?;
        return Ok(tx.commit().await?);
    };
    let on = On::of(month, office.now());
    let mut counts = sides(std::iter::once(indicator));
    if !count_all(office, claim, release, on, &mut counts).await? {
        return Ok(claim.cancelled(office.db()).await?);
    }
    let tx = office.db().begin().await?;
    tx.lock("indicators").await?;
    for table in ["indicator_again_value", "indicator_again"] {
        system(format!("DELETE FROM {table} WHERE month = ? AND indicator = ?"))
            .bind(month)
            .bind(indicator.id.get().as_str())
            .execute(&tx)
            .await?;
    }
    system("INSERT INTO indicator_again (indicator, month, reckoned_at, release_hash) VALUES (?, ?, ?, ?)")
        .bind(indicator.id.get().as_str())
        .bind(month)
        .bind(office.now().at_ms())
        .bind(&release.hash)
        .execute(&tx)
        .await?;
    write_values(&tx, "indicator_again_value", month, &counts).await?;
    claim.finished(&tx, "已重算。").await?;
    Ok(tx.commit().await?)
}

fn system(sql: impl Into<std::borrow::Cow<'static, str>>) -> Query {
    Query::new(&RECKONING, &ScopeColumns::NONE, sql)
}

async fn write(
    tx: &Tx,
    release: &Release,
    on: On,
    current: bool,
    indicators: &[&Indicator],
    counts: &[Count<'_>],
) -> Result<(), OfficeError> {
    for indicator in indicators {
        system(
            "INSERT INTO indicator_month (indicator, month, reckoned_on, release_hash, awaits_close) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(indicator.id.get().as_str())
        .bind(on.month)
        .bind(on.day)
        .bind(&release.hash)
        .bind(current && indicator.is_dated())
        .execute(tx)
        .await?;
    }
    write_values(tx, "indicator_value", on.month, counts).await
}

async fn write_values(tx: &Tx, table: &str, month: Month, counts: &[Count<'_>]) -> Result<(), OfficeError> {
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
    let rows: Vec<_> = rows.into_iter().collect();
    for chunk in rows.chunks(ROWS) {
        let values = vec!["(?, ?, ?, ?, ?, ?)"; chunk.len()].join(", ");
        let sql = format!(
            "INSERT INTO {table} (indicator, month, division_id, part, whole, unknown) VALUES {values}"
        );
        let query =
            chunk.iter().fold(system(sql), |query, ((indicator, division), [part, whole, unknown])| {
                query.bind(*indicator).bind(month).bind(*division).bind(*part).bind(*whole).bind(*unknown)
            });
        query.execute(tx).await?;
    }
    Ok(())
}
