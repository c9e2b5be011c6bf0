//! A synthetic city to try everything in, made once and kept. Any of the five places whose plans ship: each in a folder of its own.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use synth::city::{Plan, fill};
use synth::staff::{Account, PASSWORD};

use crate::serve::{self, SiteOptions};
use crate::{Database, Failure, open};

/// A place of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum City {
    /// 乌海市
    #[default]
    Wuhai,
    /// 宿迁市
    Suqian,
    /// 保定市
    Baoding,
    /// 文山壮族苗族自治州
    Wenshan,
    /// 原文没有印县名的县：区划是虚构的
    County,
}

impl City {
    /// Its pack, and the part of its demonstration pack's name.
    fn id(self) -> &'static str {
        match self {
            City::Wuhai => "wuhai",
            City::Suqian => "suqian",
            City::Baoding => "baoding",
            City::Wenshan => "wenshan",
            City::County => "county",
        }
    }

    /// Statistical code of the prefecture whose offices are filled; the county's is made up.
    fn code(self) -> &'static str {
        match self {
            City::Wuhai => "150300",
            City::Suqian => "321300",
            City::Baoding => "130600",
            City::Wenshan => "532600",
            City::County => "999900",
        }
    }

    /// The packs, from the repository's root.
    fn packs(self) -> [PathBuf; 3] {
        let id = self.id();
        ["packs/national".into(), format!("packs/{id}").into(), format!("packs/demo-{id}").into()]
    }

    /// Where its database lies unless another folder is asked for.
    #[must_use]
    pub fn folder(self) -> PathBuf {
        match self {
            City::Wuhai => "data/demo".into(),
            other => format!("data/demo-{}", other.id()).into(),
        }
    }
}

/// Makes the city if it is not there, prints where to go, and serves.
///
/// # Errors
/// Of making or serving.
pub async fn run(city: City, folder: &Path, people: u64, site: &SiteOptions) -> Result<(), Failure> {
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
        let accounts = make(city, &database, people).await?;
        std::fs::write(&done, listed(&accounts))?;
    }
    let office = open::connect(&database).await?;
    println!("{}", std::fs::read_to_string(&done)?);
    serve::serve(office, site).await
}

async fn make(city: City, database: &Database, people: u64) -> Result<Vec<Account>, Failure> {
    let (clock, hand) = open::moved_clock();
    let office = open::create(database, &city.packs(), true, clock).await?;
    let bar = ProgressBar::new(1);
    bar.set_style(ProgressStyle::with_template("{msg:12} {wide_bar} {pos}/{len} {elapsed}")?);
    let plan = Plan { city: city.code(), people, seed: 20_260_701, on_roll: 60, at_each_step: 2 };
    let staff = fill(&office, &hand, plan, &mut |stage, done, total| {
        bar.set_message(stage.to_owned());
        bar.set_length(total);
        bar.set_position(done);
    })
    .await?;
    bar.finish_and_clear();
    let others = City::value_variants().iter().filter(|other| other.id() != city.id());
    let others: Vec<PathBuf> = others.map(|other| format!("packs/{}", other.id()).into()).collect();
    crate::plan::take_in(&office, &others).await?;
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
