//! A month's payment from the accountant's first click to the bank's file: the runs of families and of persons made, compared with the month before,
//! approved by a second person and exported, through the same use-cases and jobs as the pages.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ledger::EntitlementId;
use ledger::approve::ControlTotals;
use office::access::{self, Actor, PostId};
use office::roll::payments::{self, RUN_JOB};
use office::tabular::ListFormat;
use office::{Office, releases};
use serde_json::json;
use store::{Db, Keys, Query};
use synth::volume::OF_PERSONS;
use vocab::{Calendar, Month, Now};

use crate::{Failure, Place};

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// What is printed with each line: machine, commit.
    #[arg(long, default_value = "{}")]
    about: String,
}

/// Differences read at once, as the comparison's sheet does.
const PAGE: usize = 1_000;

pub fn month(options: &Options) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(paid(options))
}

async fn paid(options: &Options) -> Result<(), Failure> {
    let keys = Arc::new(Keys::load_or_create(&options.place.keys)?);
    let db = Db::connect(&options.place.database, keys).await?;
    let release = releases::current(&db).await?;
    let calendar = Calendar::from_json(include_str!("../../../../facts/holidays.json"))?;
    let machine = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let clock = Arc::new(move || Now::from_unix_ms(i64::try_from(machine()).unwrap_or(i64::MAX)));
    let office = Office::new(db, Arc::new(calendar), release, clock);
    let (accountant, approver) = (actor(&office, "kuaiji1").await?, actor(&office, "fuhe1").await?);
    let mut runs = Vec::new();
    for programme in ["dibao", OF_PERSONS] {
        runs.push(run(&office, &accountant, &approver, programme).await?);
    }
    let about: serde_json::Value = serde_json::from_str(&options.about)?;
    let seconds: f64 = runs.iter().filter_map(|run| run["seconds"].as_f64()).sum();
    println!("{}", json!({ "what": "month", "seconds": seconds, "runs": runs, "about": about }));
    Ok(())
}

async fn actor(office: &Office, login: &str) -> Result<Actor, Failure> {
    let sql = "SELECT post.id FROM post JOIN staff ON staff.id = post.staff_id WHERE staff.login = ?";
    let post: i64 = Query::system("measure", sql).bind(login).scalar(office.db()).await?;
    Ok(access::actor_of_synthetic(office, PostId(post)).await?)
}

/// One programme's month; each part in seconds.
async fn run(
    office: &Office,
    accountant: &Actor,
    approver: &Actor,
    programme: &str,
) -> Result<serde_json::Value, Failure> {
    let maker = accountant.grant()?;
    // The month after the last that was run, or the first that anybody is paid for.
    let county = maker_county(accountant)?;
    let asked = async |sql: &'static str| {
        let found = Query::system("measure", sql).bind(programme).bind(county);
        found.scalar::<Option<Month>>(office.db()).await
    };
    let last = asked("SELECT max(month) FROM payment_run WHERE programme = ? AND county_id = ?").await?;
    let month = match last {
        Some(last) => Some(last.next()),
        None => {
            asked("SELECT min(first_due_month) FROM entitlement WHERE programme = ? AND county_id = ?")
                .await?
        }
    };
    let month = month.ok_or("nobody is on the roll")?;
    let began = Instant::now();
    let (run, _) = payments::make_run(office, &maker, programme, month).await?;
    worked(office).await?;
    let made = began.elapsed();
    let reader = approver.grant()?;
    let (_, mut differences) = payments::compare(office, &reader, run, EntitlementId(0), PAGE).await?;
    let mut different = differences.len();
    while let Some(last) = differences.last().filter(|_| differences.len() == PAGE) {
        let after = last.entitlement;
        differences = payments::compare(office, &reader, run, after, PAGE).await?.1;
        different += differences.len();
    }
    let checked = began.elapsed();
    let of = payments::find_run(office, &reader, run).await?;
    let totals = ControlTotals { count: of.line_count, total: of.total };
    payments::approve(office, &approver.grant()?, run, totals).await?;
    let approved = began.elapsed();
    let file = payments::export_bank_file(office, &maker, run, ListFormat::Csv).await?;
    worked(office).await?;
    let exported = began.elapsed();
    // The month after follows only a run that the bank has answered; that is another day's work.
    synth::city::answered(office, accountant, run, totals, 0).await?;
    Ok(json!({
        "programme": programme,
        "month": month.to_string(),
        "lines": totals.count,
        "total_fen": totals.total.0,
        "differences": different,
        "file_sm3": file.sm3,
        "made_s": made.as_secs_f64(),
        "checked_s": (checked - made).as_secs_f64(),
        "approved_s": (approved - checked).as_secs_f64(),
        "exported_s": (exported - approved).as_secs_f64(),
        "seconds": exported.as_secs_f64(),
    }))
}

fn maker_county(accountant: &Actor) -> Result<store::DivisionId, Failure> {
    Ok(accountant.county.ok_or("the accountant belongs to no county")?)
}

/// The jobs of runs, as the server's worker does them.
async fn worked(office: &Office) -> Result<(), Failure> {
    while let Some(claim) = store::jobs::claim(office.db(), &[RUN_JOB], "measure").await? {
        payments::work_run(office, &claim).await?;
    }
    Ok(())
}
