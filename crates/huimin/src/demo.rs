//! A synthetic city to try everything in, made once and kept.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use synth::city::{Plan, fill};
use synth::staff::{Account, PASSWORD};

use crate::serve::{self, SiteOptions};
use crate::{Database, Failure, open};

/// The packs of the demonstration, from the repository's root.
const PACKS: [&str; 3] = ["packs/national", "packs/wuhai", "packs/demo-wuhai"];

/// Makes the city if it is not there, prints where to go, and serves.
///
/// # Errors
/// Of making or serving.
pub async fn run(folder: &Path, people: u64, site: &SiteOptions) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let done = folder.join("accounts.txt");
    let database = Database {
        database: format!("sqlite:{}", folder.join("huimin.db").display()),
        keys: folder.join("huimin.keys"),
        population: None,
    };
    if !done.exists() {
        // A city that was not finished is worth nothing.
        for leftover in ["huimin.db", "huimin.db-wal", "huimin.db-shm", "huimin.keys", "huimin.population"] {
            let leftover = folder.join(leftover);
            if leftover.exists() {
                std::fs::remove_file(leftover)?;
            }
        }
        let accounts = make(&database, people).await?;
        std::fs::write(&done, listed(&accounts))?;
    }
    let office = open::connect(&database).await?;
    println!("{}", std::fs::read_to_string(&done)?);
    serve::serve(office, site).await
}

async fn make(database: &Database, people: u64) -> Result<Vec<Account>, Failure> {
    let packs = PACKS.map(PathBuf::from);
    let (clock, hand) = open::moved_clock();
    let office = open::create(database, &packs, true, clock).await?;
    let bar = ProgressBar::new(1);
    bar.set_style(ProgressStyle::with_template("{msg:12} {wide_bar} {pos}/{len} {elapsed}")?);
    let plan = Plan { city: "150300", people, seed: 20_260_701, on_roll: 60, at_each_step: 2 };
    let staff = fill(&office, &hand, plan, &mut |stage, done, total| {
        bar.set_message(stage.to_owned());
        bar.set_length(total);
        bar.set_position(done);
    })
    .await?;
    bar.finish_and_clear();
    office.db().close().await?;
    Ok(staff.accounts)
}

fn listed(accounts: &[Account]) -> String {
    let mut text = format!("演示账号（密码都是 {PASSWORD}）：\n");
    for account in accounts {
        text.push_str(&format!("  {:<12} {}  {}\n", account.login, account.name, account.post));
    }
    text
}
