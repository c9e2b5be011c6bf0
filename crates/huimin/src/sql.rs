//! A programme as one SQL query, for an engine that holds a snapshot of the population.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{Datelike, NaiveDate};
use clap::Args;
use rules::sql::{Dialect, Options, Places, create_tables, query};
use vocab::Month;

use crate::Failure;
use crate::decide::{release, show};
use crate::packs::Language;

#[derive(Args)]
pub struct SqlOptions {
    /// 规则包文件夹，从全国到本市；可以写多次
    #[arg(long = "pack", required = true)]
    packs: Vec<PathBuf>,
    /// 也允许演示包
    #[arg(long)]
    synthetic: bool,
    /// 哪个项目
    #[arg(long)]
    programme: String,
    /// 哪种数据库：sqlite、postgres 或 duckdb
    #[arg(long)]
    dialect: String,
    /// 按哪一天的法律和标准，如 2026-10-01
    #[arg(long)]
    as_of: NaiveDate,
    /// 哪个月，如 2026-10；不写为那一天所在的月
    #[arg(long)]
    month: Option<Month>,
    /// 区划代码，与表里 division 一列相同，可以写多次；只写一个就不看那一列
    #[arg(long = "division", required = true)]
    divisions: Vec<String>,
    /// 认定在表 finding 里（programme、condition、unit_id、met）
    #[arg(long)]
    findings: bool,
    /// 先输出建表语句
    #[arg(long)]
    tables: bool,
    /// 规则包的错误用哪种语言说
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
}

/// Prints the query.
///
/// # Errors
/// Packs that cannot be read, a programme or dialect that there is not, or a programme that the engine's integers cannot hold.
pub fn sql(options: &SqlOptions) -> Result<ExitCode, Failure> {
    let release = release(&options.packs, options.synthetic, options.lang)?;
    let dialect = Dialect::of(&options.dialect)
        .ok_or_else(|| format!("没有叫 {} 的写法：sqlite、postgres 或 duckdb", options.dialect))?;
    let programme = release.rules(&options.programme).ok_or_else(|| {
        let known: Vec<&str> = release.programmes.iter().map(|one| one.id.as_str()).collect();
        format!("没有叫 {} 的项目，现有 {}", options.programme, known.join("、"))
    })?;
    let day = options.as_of;
    let month = match options.month {
        Some(month) => month,
        None => Month::new(day.year(), day.month())?,
    };
    let mut contexts = Vec::new();
    for division in &options.divisions {
        if release.places.get(division).is_none() {
            return Err(format!("区划 {division} 不在配置包的区划里").into());
        }
        contexts.push((division.clone(), release.context(&options.programme, division, month, day, day)));
    }
    let places = match contexts.as_slice() {
        [(_, only)] => Places::Everywhere(only),
        several => Places::ByDivision(several),
    };
    let findings = Options { findings: options.findings };
    let text = query(programme, release.shapes(), places, findings, dialect)?;
    let tables = if options.tables {
        create_tables(&programme.source().unit_shape, release.shapes())
    } else {
        String::new()
    };
    show(&format!("{tables}{};", text.trim_end()))
}
