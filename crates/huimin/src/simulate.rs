//! `huimin simulate --set dibao_standard=780`: what other standards would mean for everybody, at the terminal.

use std::process::ExitCode;

use catalogue::definition::DivisionLevel;
use clap::Args;
use office::population;
use office::simulation::{self, Raise, Side, Simulated, SupposedValue, Supposition};
use vocab::{Fen, Month};

use crate::decide::show;
use crate::{Database, Failure, open, sweep};

/// What `huimin simulate` is told.
#[derive(Args)]
pub struct SimulateOptions {
    #[command(flatten)]
    database: Database,
    /// 假设的数值，如 dibao_standard=780、supplement_percent[elderly]=20；可以写多次
    #[arg(long = "set")]
    values: Vec<String>,
    /// 假设在哪个地区成立，统计代码；不写是全部地区
    #[arg(long)]
    division: Option<String>,
    /// 测算哪个地区，统计代码；不写是规则包里最上一级
    #[arg(long)]
    within: Option<String>,
    /// 按哪个月测算，如 2027-01；不写是下个月
    #[arg(long)]
    month: Option<Month>,
    /// 测算“多挣反而少得”：户主的哪项收入每月多多少元，如 wage_income=100
    #[arg(long)]
    raise: Option<String>,
    /// 先更新人口快照
    #[arg(long)]
    refresh: bool,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

/// Simulates over the population of a database and prints what would come of it.
///
/// # Errors
/// What is supposed cannot be read; the database.
pub async fn simulate(options: &SimulateOptions) -> Result<ExitCode, Failure> {
    let office = open::connect(&options.database).await?;
    if options.refresh || population::current(&office)?.is_none() {
        sweep::refreshed(&office).await?;
    }
    let population = population::current(&office)?.ok_or("没有人口快照")?;
    let pair = |text: &str| {
        let pair = text.split_once('=').map(|(id, value)| (id.trim().to_owned(), value.trim().to_owned()));
        pair.ok_or_else(|| format!("「{text}」应写成 名称=数值"))
    };
    let mut values = Vec::new();
    for text in &options.values {
        let (parameter, value) = pair(text)?;
        values.push(SupposedValue { parameter, value, division: options.division.clone() });
    }
    let raise = match &options.raise {
        None => None,
        Some(text) => {
            let (fact, by) = pair(text)?;
            Some(Raise { fact, by: Fen::from_yuan(&by)? })
        }
    };
    let (release, now) = (office.release(), office.now());
    let top =
        |level| release.places.iter().find(|place| place.level == level).map(|place| place.code.clone());
    let within = options.within.clone();
    let within = within.or_else(|| top(DivisionLevel::Prefecture)).or_else(|| top(DivisionLevel::County));
    let within = within.ok_or("规则包里没有区划")?;
    let month = options.month.unwrap_or_else(|| now.month().next());
    let supposition = Supposition { month, values, texts: Vec::new(), raise };
    let simulated = simulation::run(&release, &population, &supposition, &within, now.today())?;
    if options.json { show(&serde_json::to_string_pretty(&simulated)?) } else { show(&in_words(&simulated)) }
}

fn in_words(simulated: &Simulated) -> String {
    let Simulated { within_name, month, families, people, said, assumed, took_ms, .. } = simulated;
    let mut text = format!("{within_name}　{month}　{families} 户 {people} 人\n");
    for said in said {
        text += &format!("假设 {said}\n");
    }
    for effect in &simulated.programmes {
        let unit = if effect.of_persons { "人" } else { "户" };
        let sums = |before: Side, after: Side| {
            format!(
                "{} → {} {unit}，{} → {} 人，每月 {} → {} 元（全年 {} 元）",
                before.units,
                after.units,
                before.people,
                after.people,
                before.before.yuan_grouped(),
                after.after.yuan_grouped(),
                Fen(after.after.0.saturating_mul(12)).yuan_grouped()
            )
        };
        let whole = &effect.whole;
        text += &format!("\n{}：{}\n", effect.title, sums(whole.before(), whole.after()));
        for place in &effect.places {
            text += &format!("  {}：{}\n", place.name, sums(place.compared.before(), place.compared.after()));
        }
        text += &format!(
            "  新符合 {}，增加 {}，不变 {}，减少 {}，不再符合 {}，情况不明 {} → {}\n",
            whole.entering.units,
            whole.more.units,
            whole.same.units,
            whole.less.units,
            whole.leaving.units,
            whole.unknown_before,
            whole.unknown_after
        );
        if let Some(cliffs) = effect.cliffs {
            text += &format!("  多挣反而少得：{} → {} {unit}\n", cliffs.before, cliffs.after);
        }
    }
    if !assumed.is_empty() {
        text += &format!("\n要由工作人员认定、先按符合计算的：{}\n", assumed.join("；"));
    }
    text += &format!("用时 {took_ms} 毫秒");
    text
}
