//! Deciding families at the terminal: one with all reasons, as JSON or in plain words, or any number of them, a line each, with
//! outcome and amount alone. No database is needed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalogue::{LoadOptions, Release, WrittenFamily};
use chrono::{Datelike, NaiveDate};
use clap::Args;
use columns::{CONDITIONS_MAX, Desk, Found, RowAnswer, Workspace};
use rules::{Outcome, Rational};
use serde_json::{Value as Json, json};
use vocab::Month;

use crate::Failure;
use crate::packs::{self, Language};

#[derive(Args)]
pub struct DecideOptions {
    /// 规则包文件夹，从全国到本市；可以写多次
    #[arg(long = "pack", required = true)]
    packs: Vec<PathBuf>,
    /// 也允许演示包
    #[arg(long)]
    synthetic: bool,
    /// 按哪一天的法律和标准，如 2026-10-01
    #[arg(long, required_unless_present = "schema")]
    as_of: Option<NaiveDate>,
    /// 只算这一个项目
    #[arg(long)]
    programme: Option<String>,
    /// 用文字说明，不输出 JSON
    #[arg(long)]
    explain: bool,
    /// 只输出家庭 JSON 的格式（JSON Schema）
    #[arg(long)]
    schema: bool,
    /// 一行一个家庭，逐行输出各项目的结果和金额，不写理由，不处理项目之间的互斥
    #[arg(long, conflicts_with_all = ["explain", "schema"])]
    answers: bool,
    /// 规则包的错误用哪种语言说
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
    /// 家庭的 JSON 文件；不写或写 - 从标准输入读
    family: Option<PathBuf>,
}

/// Reads packs for a command, or says all that is wrong with them.
///
/// # Errors
/// Every error of every file.
pub fn release(folders: &[PathBuf], synthetic: bool, language: Language) -> Result<Release, Failure> {
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    Ok(Release::load_with(&folders, LoadOptions { synthetic })
        .map_err(|findings| packs::listed(&findings, language))?)
}

/// Decides a family and prints what every programme says.
///
/// # Errors
/// Packs or a family that cannot be read; all mistakes at once.
pub fn decide(options: &DecideOptions) -> Result<ExitCode, Failure> {
    let release = release(&options.packs, options.synthetic, options.lang)?;
    let (false, Some(as_of)) = (options.schema, options.as_of) else {
        return show(&serde_json::to_string_pretty(&release.family_schema())?);
    };
    let file = options.family.as_deref().filter(|path| *path != Path::new("-"));
    if options.answers {
        return match file {
            Some(path) => {
                let file = std::fs::File::open(path)
                    .map_err(|error| format!("读不了 {}：{error}", path.display()))?;
                answers(&release, as_of, options.programme.as_deref(), BufReader::new(file))
            }
            None => answers(&release, as_of, options.programme.as_deref(), std::io::stdin().lock()),
        };
    }
    let text = match file {
        Some(path) => {
            std::fs::read_to_string(path).map_err(|error| format!("读不了 {}：{error}", path.display()))?
        }
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
    };
    let family: WrittenFamily = serde_json::from_str(&text).map_err(|error| {
        format!(
            "家庭的 JSON 第 {} 行第 {} 列读不懂：{error}。格式见 huimin decide --schema",
            error.line(),
            error.column()
        )
    })?;
    let decided = release
        .decide_family(&family, as_of, options.programme.as_deref())
        .map_err(|wrong| wrong.join("\n"))?;
    if options.explain {
        let mut text = format!("{}　{}　{}\n", decided.division, decided.month, decided.as_of);
        for decision in &decided.decisions {
            text += &format!("\n{}", decision.explained());
        }
        show(&text)
    } else {
        show(&serde_json::to_string_pretty(&decided)?)
    }
}

/// Decides families that come a line each, and prints a line for each. A line that cannot be read says so in its place; the
/// others are decided all the same.
///
/// # Errors
/// Standard input or output that breaks off.
fn answers(
    release: &Release,
    as_of: NaiveDate,
    programme: Option<&str>,
    families: impl BufRead,
) -> Result<ExitCode, Failure> {
    // The rules of a place and month are translated when its first family comes.
    let mut desks: HashMap<(String, Month), Desk<'_>> = HashMap::new();
    let mut workspace = Workspace::default();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut all_read = true;
    for line in families.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let said = match answered(release, as_of, programme, &line, &mut desks, &mut workspace) {
            Ok(answers) => json!({ "answers": answers }),
            Err(wrong) => {
                all_read = false;
                json!({ "wrong": wrong })
            }
        };
        match writeln!(out, "{said}") {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            written => written?,
        }
    }
    match out.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(if all_read { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

/// By programme the answer for the household, or for each member; or everything that is wrong with the line, in Chinese.
fn answered<'r>(
    release: &'r Release,
    as_of: NaiveDate,
    programme: Option<&str>,
    line: &str,
    desks: &mut HashMap<(String, Month), Desk<'r>>,
    workspace: &mut Workspace,
) -> Result<serde_json::Map<String, Json>, Vec<String>> {
    let family: WrittenFamily = serde_json::from_str(line).map_err(|error| {
        vec![format!("第 {} 列读不懂：{error}。格式见 huimin decide --schema", error.column())]
    })?;
    if release.places.get(&family.division).is_none() {
        return Err(vec![format!("division：区划 {} 不在配置包的区划里", family.division)]);
    }
    let household = release.household_of(&family)?;
    let month = family.month.map_or_else(|| Month::new(as_of.year(), as_of.month()), Ok);
    let month = month.map_err(|error| vec![format!("month：{error}")])?;
    let place = (family.division.clone(), month);
    if !desks.contains_key(&place) {
        let wanted = release.programmes.iter().filter(|one| programme.is_none_or(|wanted| one.id == wanted));
        let programmes = wanted.filter_map(|one| {
            let context = release.context(&one.id, &family.division, month, as_of, as_of);
            Some((release.rules(&one.id)?, context))
        });
        let desk = Desk::new(release.shapes(), "household", &[("head", "members")], programmes.collect());
        desks.insert(place.clone(), desk.map_err(|error| vec![error.to_string()])?);
    }
    let Some(desk) = desks.get(&place) else { return Ok(serde_json::Map::new()) };
    let found = family.findings.iter().flat_map(|(programme, conditions)| {
        let found =
            |(condition, met): (&'_ String, &Option<bool>)| (programme.clone(), condition.clone(), *met);
        conditions.iter().map(found).collect::<Vec<_>>()
    });
    let found: Vec<(String, String, Option<bool>)> = found.collect();
    let found: Vec<Found<'_>> =
        found.iter().map(|(programme, condition, met)| Found { programme, condition, met: *met }).collect();
    desk.decide(&desk.family(&household, &found), workspace);
    let mut answers = serde_json::Map::new();
    for (index, (id, _)) in desk.ways().into_iter().enumerate() {
        let Some(rules) = release.rules(id) else { continue };
        let conditions: Vec<&str> = rules.source().conditions.iter().map(|one| one.id.as_str()).collect();
        let units = workspace.answers(index).iter().map(|answer| written(answer, &conditions));
        answers.insert(id.to_owned(), units.collect());
    }
    Ok(answers)
}

/// An answer as JSON; money as text, as everywhere.
fn written(answer: &RowAnswer, conditions: &[&str]) -> Json {
    let named = |mask: u64| -> Vec<&str> {
        let named = conditions.iter().take(CONDITIONS_MAX).enumerate();
        named.filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, id)| *id).collect()
    };
    let mut said = json!({ "outcome": answer.outcome });
    if let Some(amount) = answer.amount {
        said["amount"] = Rational::from_scaled(amount.0, 2).to_decimal(2).into();
    }
    if answer.outcome == Outcome::NotMet {
        said["not_met"] = named(answer.failed).into();
    }
    if answer.outcome == Outcome::Unknown {
        said["unknown"] = named(answer.unknown).into();
    }
    said
}

/// Prints; whoever reads only the beginning and closes the pipe has what they wanted.
///
/// # Errors
/// Standard output cannot be written.
pub fn show(text: &str) -> Result<ExitCode, Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}
