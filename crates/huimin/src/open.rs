//! Making and opening a database, with its keys, calendar, packs and clock.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use catalogue::{LoadOptions, Release};
use office::{Clock, Office, divisions, people, records, releases};
use store::{Db, Keys};
use vocab::{Calendar, Now};

use crate::{Database, Failure, packs};

/// State Council holidays, as published; `facts/holidays.json` names their sources.
const HOLIDAYS: &str = include_str!("../../../facts/holidays.json");

/// The only place of the program that reads the machine's clock for a use-case.
fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The machine's clock.
pub fn machine_clock() -> Clock {
    Arc::new(|| Now::from_unix_ms(machine_ms()))
}

/// A clock that its holder moves: for making a synthetic city's past.
pub fn moved_clock() -> (Clock, Arc<AtomicI64>) {
    let hand = Arc::new(AtomicI64::new(machine_ms()));
    let read = Arc::clone(&hand);
    (Arc::new(move || Now::from_unix_ms(read.load(Ordering::SeqCst))), hand)
}

fn keys(database: &Database) -> Result<Arc<Keys>, Failure> {
    if let Some(folder) = database.keys.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(Arc::new(Keys::load_or_create(&database.keys)?))
}

/// Makes a database and installs the packs.
///
/// # Errors
/// Something stands there already, or the packs have errors (all are printed).
pub async fn create(
    database: &Database,
    folders: &[PathBuf],
    synthetic: bool,
    clock: Clock,
) -> Result<Office, Failure> {
    let folders: Vec<&std::path::Path> = folders.iter().map(PathBuf::as_path).collect();
    let options = LoadOptions { synthetic, ..LoadOptions::default() };
    let release = Release::load_with(&folders, options)
        .map_err(|findings| packs::listed(&findings, packs::Language::Zh))?;
    let db = Db::create(&database.database, synthetic, keys(database)?).await?;
    db.migrate(&office::migrations()).await?;
    let now = clock();
    // The divisions of the first import stood before the system did: facts of earlier years are about them too.
    divisions::import(&db, &release, vocab::Month::FIRST.first_day()).await?;
    people::prepare_projections(&db, &release).await?;
    records::prepare(&db, &release).await?;
    let release = releases::install(&db, release, now).await?;
    Ok(Office::new(db, Arc::new(Calendar::from_json(HOLIDAYS)?), release, clock))
}

/// Opens a database and brings its tables up to date.
///
/// # Errors
/// It does not exist, or its keys are others.
pub async fn connect(database: &Database) -> Result<Office, Failure> {
    let db = Db::connect(&database.database, Arc::new(Keys::load(&database.keys)?)).await?;
    db.migrate(store::MIGRATIONS).await?;
    db.migrate(&office::migrations()).await?;
    let release = releases::current(&db).await?;
    people::prepare_projections(&db, &release).await?;
    records::prepare(&db, &release).await?;
    let office = Office::new(db, Arc::new(Calendar::from_json(HOLIDAYS)?), release, machine_clock())
        .with_population(database.population_file());
    office::trial::follow(&office).await?;
    Ok(office)
}
