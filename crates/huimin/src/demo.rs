//! A synthetic city to try everything in, made once and kept. Any of the five places whose plans ship: each in a folder of its own.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use office::divisions;
use synth::city::{Made, Plan, fill};
use synth::planted::Rates;
use synth::proof::{self, Proof};
use synth::staff::{Account, PASSWORD};
use vocab::Level;

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
        let made = make(city, &database, people).await?;
        // What is wrong in the departments' files, for `verify --planted`; the database knows nothing of it.
        std::fs::write(folder.join(PLANTED), serde_json::to_vec(&made.planted)?)?;
        std::fs::write(&done, listed(&made.staff.accounts))?;
    }
    let office = open::connect(&database).await?;
    println!("{}", std::fs::read_to_string(&done)?);
    serve::serve(office, site).await
}

/// Beside the database: what is wrong on purpose.
const PLANTED: &str = "planted.json";

/// Families on the roll of all counties together.
const ON_ROLL: usize = 480;
/// From more counties than this, each has one case at each step.
const COUNTIES_MANY: usize = 10;

async fn make(city: City, database: &Database, people: u64) -> Result<Made, Failure> {
    let (clock, hand) = open::moved_clock();
    let office = open::create(database, &city.packs(), true, clock).await?;
    let bar = ProgressBar::new(1);
    bar.set_style(ProgressStyle::with_template("{msg:12} {wide_bar} {pos}/{len} {elapsed}")?);
    let home = divisions::by_code(office.db(), city.code()).await?;
    let counties = divisions::at_level(office.db(), home.id, Level::County).await?.len().max(1);
    let plan = Plan {
        city: city.code(),
        people,
        seed: 20_260_701,
        // A place of many counties has fewer families in each of them.
        on_roll: (ON_ROLL / counties).min(60),
        at_each_step: if counties > COUNTIES_MANY { 1 } else { 2 },
        rates: Rates::REALISTIC,
    };
    let made = fill(&office, &hand, plan, &mut |stage, done, total| {
        bar.set_message(stage.to_owned());
        bar.set_length(total);
        bar.set_position(done);
    })
    .await?;
    bar.finish_and_clear();
    print!("{}", said(&proof::night(&office, &made.planted).await?));
    let others = City::value_variants().iter().filter(|other| other.id() != city.id());
    let others: Vec<PathBuf> = others.map(|other| format!("packs/{}", other.id()).into()).collect();
    crate::plan::take_in(&office, &others).await?;
    office.db().close().await?;
    Ok(made)
}

/// How the nightly search did with what is wrong in the departments' files.
pub fn said(proof: &Proof) -> String {
    let mut text = "部门文件里埋下的差错，系统夜间比对查到多少：\n".to_owned();
    for line in &proof.lines {
        text.push_str(&format!(
            "  {}：埋下 {}，查到 {}（{}%），误报 {}\n",
            line.error.title(),
            line.planted,
            line.found,
            line.recall_percent(),
            line.false_alarms
        ));
    }
    text.push_str(&format!(
        "  名册与规则不一致 {} 户；被系统自动停发、改动的待遇 {} 项。\n",
        proof.disagreements, proof.stopped
    ));
    text
}

fn listed(accounts: &[Account]) -> String {
    let mut text = format!("演示账号（密码都是 {PASSWORD}）：\n");
    for account in accounts {
        text.push_str(&format!("  {:<12} {}  {}\n", account.login, account.name, account.post));
    }
    text
}
