//! `huimin import-pack`: newer packs for an installed database, checked, compared, and taken in whole or not at all.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalogue::{Compared, LoadOptions, Release, Severity};
use clap::Args;
use office::releases::{self, Obstacle};
use office::{Office, people, search};

use crate::{Database, Failure, open, packs};

/// What `huimin import-pack` is told.
#[derive(Args)]
pub struct ImportOptions {
    #[command(flatten)]
    database: Database,
    /// 规则包文件夹，从全国到本市；装的时候有哪些，这里就写哪些
    #[arg(long, required = true, num_args = 1..)]
    packs: Vec<PathBuf>,
    /// 只看会改动什么、能不能装，不写库
    #[arg(long)]
    dry_run: bool,
    /// 不再询问，能装就装
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// 以哪位系统管理员的名义装入（登录名）；不写的，记作由系统装入
    #[arg(long)]
    by: Option<String>,
}

/// Names that one line lists, and changes of one definition that are told.
const NAMES_MAX: usize = 20;
const DETAILS_MAX: usize = 12;

/// # Errors
/// The database cannot be opened, nobody of the name is an administrator, or the packs contradict what was released on pages.
pub async fn import(options: &ImportOptions) -> Result<ExitCode, Failure> {
    let office = open::connect(&options.database).await?;
    let code = import_into(&office, options).await?;
    office.db().close().await?;
    Ok(code)
}

async fn import_into(office: &Office, options: &ImportOptions) -> Result<ExitCode, Failure> {
    let by = match &options.by {
        Some(login) => Some(releases::administrator(office, login).await?),
        None => None,
    };
    let folders: Vec<&Path> = options.packs.iter().map(PathBuf::as_path).collect();
    let load = LoadOptions { synthetic: office.db().synthetic() };
    let findings = Release::check_with_cases(&folders, load);
    print!("{}", packs::listed(&findings, packs::Language::Zh));
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        println!("配置包有错误，没有装入。");
        return Ok(ExitCode::FAILURE);
    }
    let release = Release::load_with(&folders, load)
        .map_err(|findings| packs::listed(&findings, packs::Language::Zh))?;
    let newer = releases::newer_packs(office, release).await?;
    if newer.is_in_force() {
        println!("库里装的就是这些配置包，没有要装的。");
        return Ok(ExitCode::SUCCESS);
    }
    print!("{}", compared(&newer.compared));
    if !newer.obstacles.is_empty() {
        print!("{}", refused(&newer.obstacles));
        return Ok(ExitCode::FAILURE);
    }
    if options.dry_run {
        println!("可以装入。这次只看，没有写库。");
        return Ok(ExitCode::SUCCESS);
    }
    if !(options.yes || agreed()?) {
        println!("没有装入。");
        return Ok(ExitCode::FAILURE);
    }
    let release = releases::import_packs(office, newer, by).await?;
    println!(
        "已装入，编号 {}。正在运行的服务几秒内自动改用；已经受理的办件仍按受理时的流程办。",
        release.hash.get(..12).unwrap_or(&release.hash)
    );
    // What the nightly round would do first: a page should not wait for it.
    people::follow_definitions(office).await?;
    search::fill(office).await?;
    Ok(ExitCode::SUCCESS)
}

/// What the packs change, kind by kind.
fn compared(all: &[Compared]) -> String {
    let mut text = String::new();
    if all.is_empty() {
        text.push_str("与库里的相比，只有例子、注释或者出处的写法不同。\n");
    }
    for one in all {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}：新增 {}，改动 {}，去掉 {}",
            one.kind,
            one.added.len(),
            one.changed.len(),
            one.removed.len()
        );
        for (deed, names) in [("新增", &one.added), ("去掉", &one.removed)] {
            if !names.is_empty() {
                let _ = writeln!(text, "  {deed} {}", listed(names, "、", NAMES_MAX));
            }
        }
        for change in &one.changed {
            let _ = match change.details.as_slice() {
                [] => writeln!(text, "  改动 {}", change.title),
                details => writeln!(text, "  改动 {}：{}", change.title, listed(details, "；", DETAILS_MAX)),
            };
        }
    }
    text
}

/// The first of many, and how many there are.
fn listed(names: &[String], between: &str, most: usize) -> String {
    if names.len() <= most {
        return names.join(between);
    }
    format!("{}等，共 {} 处", names[..most].join(between), names.len())
}

fn refused(obstacles: &[Obstacle]) -> String {
    let mut text = format!("不能装入，有 {} 处会损坏库里正在用的内容：\n", obstacles.len());
    for one in obstacles {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}\n    {}", one.what, one.todo);
    }
    text
}

fn agreed() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err("这里不能询问。核对上面的改动以后，加上 --yes 再装。".into());
    }
    print!("装入吗？输入 yes 装入，其他的不装：");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim() == "yes")
}
