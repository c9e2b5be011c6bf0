//! `huimin snapshot` and `huimin sweep`: a population in columns, and every programme over all of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use catalogue::{LoadOptions, Release};
use clap::Args;
use columns::{Draft, Processor, Snapshot, Sweep, Swept, Totals, Way};
use indicatif::{ProgressBar, ProgressStyle};
use office::Office;
use office::population::{self, Made};
use store::jobs::Beat;
use vocab::Month;

use crate::{Database, Failure, open};

/// What `huimin snapshot` is told.
#[derive(Args)]
pub struct SnapshotOptions {
    /// 从数据库生成：sqlite:文件 或 postgres://用户@主机/库名
    #[arg(long, required_unless_present = "columns", conflicts_with = "columns")]
    database: Option<String>,
    /// 数据库的密钥文件
    #[arg(long, env = "HUIMIN_KEYS", default_value = "data/huimin.keys")]
    keys: PathBuf,
    /// 不管变动多少，全部重新读取
    #[arg(long)]
    whole: bool,
    /// 放列文件和 manifest.json 的文件夹
    #[arg(long, requires = "packs", requires = "snapshot")]
    columns: Option<PathBuf>,
    /// 规则包文件夹，从全国到本市
    #[arg(long, num_args = 1..)]
    packs: Vec<PathBuf>,
    /// 也允许演示包
    #[arg(long)]
    synthetic: bool,
    /// 快照文件；从数据库生成时不写就放在库旁边
    #[arg(env = "HUIMIN_POPULATION")]
    snapshot: Option<PathBuf>,
}

/// What `huimin sweep` is told.
#[derive(Args)]
pub struct SweepOptions {
    /// 快照文件
    snapshot: PathBuf,
    /// 规则包文件夹，从全国到本市
    #[arg(long, required = true, num_args = 1..)]
    packs: Vec<PathBuf>,
    /// 也允许演示包
    #[arg(long)]
    synthetic: bool,
    /// 所属月份，如 2026-10
    #[arg(long)]
    month: Month,
    /// 只算这些项目
    #[arg(long, num_args = 1..)]
    only: Vec<String>,
    /// 把每户、每人的结果写成 Arrow 文件，放进这个文件夹
    #[arg(long)]
    write: Option<PathBuf>,
    /// 写文件时，也写出每户、每人没有满足哪几条
    #[arg(long)]
    reasons: bool,
    /// 线程数；不写是全部处理器
    #[arg(long)]
    threads: Option<usize>,
    /// 算几遍（测速用）
    #[arg(long, default_value_t = 1)]
    times: usize,
    /// 只用到哪一级指令（测速用）：1 是最普通的处理器，3 是 AVX2，4 是 AVX-512
    #[arg(long, default_value_t = 4)]
    level: u8,
    /// 一次算多少行（测速用）
    #[arg(long, hide = true)]
    chunk: Option<usize>,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

fn release(packs: &[PathBuf], synthetic: bool) -> Result<Release, Failure> {
    let folders: Vec<&Path> = packs.iter().map(PathBuf::as_path).collect();
    Release::load_with(&folders, LoadOptions { synthetic }).map_err(|findings| {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        lines.join("\n").into()
    })
}

/// Makes a snapshot from a database or from packed columns.
pub async fn snapshot(options: &SnapshotOptions) -> Result<ExitCode, Failure> {
    if let Some(database) = &options.database {
        return from_database(options, database).await;
    }
    let (Some(columns), Some(file)) = (&options.columns, &options.snapshot) else {
        return Err("请给出 --database，或者 --columns、--packs 和快照文件".into());
    };
    let release = release(&options.packs, options.synthetic)?;
    let draft = Draft::read_packed(columns, release.shapes())?;
    draft.write(file)?;
    let made = Snapshot::open(file)?;
    let tables = made.schema().tables.iter().enumerate();
    let rows: Vec<String> =
        tables.map(|(index, table)| format!("{} {} 行", table.shape, made.rows(index))).collect();
    println!("快照已生成：{}（{}）", file.display(), rows.join("，"));
    Ok(ExitCode::SUCCESS)
}

async fn from_database(options: &SnapshotOptions, database: &str) -> Result<ExitCode, Failure> {
    let database = Database {
        database: database.to_owned(),
        keys: options.keys.clone(),
        population: options.snapshot.clone(),
    };
    let office = open::connect(&database).await?;
    if options.whole {
        population::forget(&office).await?;
    }
    let begun = Instant::now();
    if let Some(made) = refreshed(&office).await? {
        println!(
            "人口快照已{}：{}（{} 户 {} 人，读取 {} 户，用时 {:.1} 秒）",
            if made.whole { "重新生成" } else { "按变动更新" },
            database.population_file().display(),
            made.families,
            made.people,
            made.read,
            begun.elapsed().as_secs_f64()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings the population of a database up to date, with a bar.
pub async fn refreshed(office: &Office) -> Result<Option<Made>, Failure> {
    let bar = ProgressBar::new(1);
    bar.set_style(ProgressStyle::with_template("人口快照 {wide_bar} {percent}% {elapsed}")?);
    let shown = bar.clone();
    let mut watch = move |done: i64, total: i64| {
        shown.set_length(u64::try_from(total).unwrap_or(1));
        shown.set_position(u64::try_from(done).unwrap_or(0));
        Beat::GoOn
    };
    let made = population::refresh(office, &mut watch).await?;
    bar.finish_and_clear();
    Ok(made)
}

/// Sweeps a snapshot with the programmes of a release.
pub fn sweep(options: &SweepOptions) -> Result<ExitCode, Failure> {
    let release = release(&options.packs, options.synthetic)?;
    let snapshot = Snapshot::open(&options.snapshot)?;
    let before = cpu_seconds();
    let mut seconds = Vec::new();
    let mut totals = Vec::new();
    let mut processor = Processor::Portable;
    for _ in 0..options.times.max(1) {
        let begun = Instant::now();
        let sweep = ready(options, &release, &snapshot)?;
        match &options.write {
            None => totals = sweep.totals(),
            Some(folder) => sweep.write(folder, options.reasons)?,
        }
        seconds.push(begun.elapsed().as_secs_f64());
        processor = sweep.processor();
    }
    if options.json {
        println!("{}", as_json(&totals, &snapshot, &seconds, processor, before)?);
    } else {
        print(&totals, &release);
        println!("用时 {:.3} 秒", seconds.iter().copied().fold(f64::INFINITY, f64::min));
    }
    Ok(ExitCode::SUCCESS)
}

fn ready<'a>(
    options: &SweepOptions,
    release: &'a Release,
    snapshot: &'a Snapshot,
) -> Result<Sweep<'a>, Failure> {
    let (month, known_at) = (options.month, snapshot.as_of());
    let mut swept = Vec::new();
    for programme in release.programmes.iter() {
        let wanted = options.only.is_empty() || options.only.iter().any(|id| *id == *programme.id.get());
        let Some(rules) = release.rules(&programme.id).filter(|_| wanted) else { continue };
        let context =
            |division: &String| release.context(&programme.id, division, month, month.first_day(), known_at);
        swept.push(Swept { programme: rules, contexts: snapshot.divisions().iter().map(context).collect() });
    }
    let mut sweep = Sweep::new(snapshot, swept)?;
    sweep.threads = options.threads.unwrap_or(sweep.threads);
    sweep.chunk_rows = options.chunk.unwrap_or(sweep.chunk_rows);
    Ok(sweep.limited_to(match options.level {
        0..=2 => Processor::Portable,
        3 => Processor::V3,
        _ => Processor::V4,
    }))
}

fn print(totals: &[Totals], release: &Release) {
    for total in totals {
        let programme = release.programmes.get(&total.programme);
        let title = programme.map_or("", |programme| programme.title.as_str());
        let how_often = programme.map(|programme| programme.pays).unwrap_or_default().how_often();
        let sum = |of: fn(&columns::DivisionTotals) -> u64| total.divisions.iter().map(of).sum::<u64>();
        let amount = vocab::Fen(total.divisions.iter().map(|division| division.amount.0).sum());
        println!(
            "{title}：符合 {}，不符合 {}，缺材料 {}，{} 人，{how_often} {} 元",
            sum(|one| one.met),
            sum(|one| one.not_met),
            sum(|one| one.unknown),
            sum(|one| one.people),
            amount.yuan_grouped()
        );
        if let Way::OneByOne(reason) = &total.way {
            println!("  逐户核算：{reason}");
        }
    }
}

#[expect(clippy::float_arithmetic, reason = "seconds for a benchmark, not money")]
fn as_json(
    totals: &[Totals],
    snapshot: &Snapshot,
    seconds: &[f64],
    processor: Processor,
    cpu_before: Option<f64>,
) -> Result<String, Failure> {
    let programmes: BTreeMap<&str, serde_json::Value> = totals
        .iter()
        .map(|total| {
            let by = |of: fn(&columns::DivisionTotals) -> u64| total.divisions.iter().map(of).collect::<Vec<u64>>();
            let amounts: Vec<vocab::Fen> = total.divisions.iter().map(|one| one.amount).collect();
            let value = serde_json::json!({
                "unit": total.unit_shape,
                "one_by_one": match &total.way { Way::Vectors => None, Way::OneByOne(reason) => Some(reason) },
                "met": by(|one| one.met),
                "not_met": by(|one| one.not_met),
                "unknown": by(|one| one.unknown),
                "people": by(|one| one.people),
                "amount_fen": amounts,
                "amount_unknown": by(|one| one.amount_unknown),
            });
            (total.programme.as_str(), value)
        })
        .collect();
    Ok(serde_json::to_string(&serde_json::json!({
        "divisions": snapshot.divisions(),
        "programmes": programmes,
        "seconds": seconds,
        "processor": format!("{processor:?}"),
        "peak_mb": peak_mb(),
        "cpu_seconds": cpu_seconds().zip(cpu_before).map(|(after, before)| after - before),
    }))?)
}

/// Processor time of this process so far, all threads together, in steps of a hundredth of a second.
#[expect(clippy::float_arithmetic, reason = "seconds for a benchmark, not money")]
fn cpu_seconds() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after_name) = status.rsplit_once(')')?;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    ticks.sum::<Result<u32, _>>().ok().map(|ticks| f64::from(ticks) / 100.0)
}

/// The most memory this process has held, mapped files included, where the system tells.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
}
