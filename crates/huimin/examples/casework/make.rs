//! The database that is measured.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use catalogue::{LoadOptions, Release};
use office::{Office, divisions, people, releases};
use serde::{Deserialize, Serialize};
use store::{Db, Keys, Query};
use synth::volume::{self, VolumePlan};
use vocab::{Calendar, Month, Now};

use crate::{Failure, Place};

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    #[arg(long, default_value_t = 1_000_000)]
    people: u64,
    #[arg(long, default_value_t = 100_000)]
    cases: u64,
    /// Forms to file; six clerks fill them in, and nobody may have more than twenty unsent.
    #[arg(long, default_value_t = 114)]
    drafts: usize,
    /// Cases to confirm.
    #[arg(long, default_value_t = 210)]
    confirmations: usize,
    /// Families of the first county on the roll, to be paid in one run.
    #[arg(long, default_value_t = 100_000)]
    on_roll: u64,
    /// Persons of the first county with a benefit of their own, to be paid in one run.
    #[arg(long, default_value_t = 0)]
    persons: u64,
}

/// What the clients ask and do; kept beside the database.
#[derive(Serialize, Deserialize)]
pub struct Work {
    pub people: i64,
    pub cases: i64,
    /// Family, name and citizen ID, by who may see them.
    pub known: Vec<(String, i64, String, String)>,
    pub drafts: Vec<(String, i64)>,
    pub confirmations: Vec<(String, i64)>,
}

pub fn make(options: &Options) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(filled(options))
}

async fn filled(options: &Options) -> Result<(), Failure> {
    let began = Instant::now();
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders = ["national", "wuhai", "demo-wuhai"].map(|name| packs.join(name));
    let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    let release =
        Release::load_with(&folders, LoadOptions { synthetic: true }).map_err(|_| "the packs have errors")?;
    let machine = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let hand = Arc::new(AtomicI64::new(i64::try_from(machine)?));
    let keys = Arc::new(Keys::load_or_create(&options.place.keys)?);
    let db = Db::create(&options.place.database, true, keys).await?;
    db.migrate(&office::migrations()).await?;
    divisions::import(&db, &release, Month::FIRST.first_day()).await?;
    people::prepare_projections(&db, &release).await?;
    office::records::prepare(&db, &release).await?;
    let release = releases::install(&db, release, Now::from_unix_ms(hand.load(Ordering::SeqCst))).await?;
    let calendar = Calendar::from_json(include_str!("../../../../facts/holidays.json"))?;
    let moved = Arc::clone(&hand);
    let clock = Arc::new(move || Now::from_unix_ms(moved.load(Ordering::SeqCst)));
    let office = Office::new(db, Arc::new(calendar), release, clock);
    let plan = VolumePlan {
        city: "150300",
        people: options.people,
        seed: 20_260_701,
        cases: options.cases,
        drafts: options.drafts,
        confirmations: options.confirmations,
        on_roll: options.on_roll,
        persons: options.persons,
    };
    let (mut stage, mut since) = (String::new(), Instant::now());
    let made = volume::fill(&office, &hand, plan, &mut |name, done, _| {
        if name != stage {
            eprintln!("{stage}: {:?}", since.elapsed());
            (stage, since) = (name.to_owned(), Instant::now());
        } else if done % 100_000 < 500 {
            eprintln!("{name} {done}");
        }
    })
    .await?;
    let count = async |sql: &'static str| Query::system("measure", sql).scalar::<i64>(office.db()).await;
    let work = Work {
        people: count("SELECT COUNT(*) FROM person").await?,
        cases: count("SELECT COUNT(*) FROM case_file").await?,
        known: made
            .known
            .into_iter()
            .map(|known| (known.login, known.household.0, known.name, known.citizen_id))
            .collect(),
        drafts: made.drafts.into_iter().map(|(login, id)| (login, id.0)).collect(),
        confirmations: made.confirmations.into_iter().map(|(login, id)| (login, id.0)).collect(),
    };
    std::fs::write(&options.place.work, serde_json::to_vec(&work)?)?;
    office.db().close().await?;
    eprintln!(
        "{} people, {} cases, {} forms, {} confirmations in {:?}",
        work.people,
        work.cases,
        work.drafts.len(),
        work.confirmations.len(),
        began.elapsed()
    );
    Ok(())
}
