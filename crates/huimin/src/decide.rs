//! Deciding one family at the terminal: JSON in, JSON or plain words out. No database is needed.

use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalogue::{LoadOptions, Release, WrittenFamily};
use chrono::NaiveDate;
use clap::Args;

use crate::{Failure, packs};

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
    /// 家庭的 JSON 文件；不写或写 - 从标准输入读
    family: Option<PathBuf>,
}

/// Reads packs for a command, or says all that is wrong with them.
///
/// # Errors
/// Every error of every file.
pub fn release(folders: &[PathBuf], synthetic: bool) -> Result<Release, Failure> {
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    Ok(Release::load_with(&folders, LoadOptions { synthetic })
        .map_err(|findings| packs::listed(&findings))?)
}

/// Decides a family and prints what every programme says.
///
/// # Errors
/// Packs or a family that cannot be read; all mistakes at once.
pub fn decide(options: &DecideOptions) -> Result<ExitCode, Failure> {
    let release = release(&options.packs, options.synthetic)?;
    let (false, Some(as_of)) = (options.schema, options.as_of) else {
        return show(&serde_json::to_string_pretty(&release.family_schema())?);
    };
    let text = match options.family.as_deref().filter(|path| *path != Path::new("-")) {
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
