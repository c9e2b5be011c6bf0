//! How long one family takes: the shipped packs, a family of four, every programme. Prints a JSON line each: nanoseconds
//! without reasons, with reasons, and for reading the JSON. `cargo run --release -p catalogue --example decide_bench`.
#![allow(clippy::unwrap_used, reason = "a measurement stops at the first thing that is wrong")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use catalogue::{LoadOptions, Release, WrittenFamily};
use chrono::NaiveDate;
use vocab::Month;

const FAMILY: &str = r#"{
  "division": "150302001002", "complete": true,
  "household": {
    "registered_here": true, "deposits": "18000", "vehicles": 0, "houses": 1, "unstable_income": true,
    "rigid_medical": "300", "rigid_education": "0", "rigid_disability": "150.50",
    "members": [
      { "born_on": "1980-05-01", "relation": "head", "wage_income": "1800.80", "employed": true, "work_ability": "full" },
      { "born_on": "1982-02-28", "relation": "spouse", "transfer_income": "320.50", "work_ability": "partial" },
      { "born_on": "2012-09-01", "relation": "child", "work_ability": "none" },
      { "born_on": "1950-01-15", "relation": "parent", "basic_pension": "210.37", "disability_kind": "physical", "disability_level": 2 }
    ]
  },
  "findings": { "dibao": { "cooperation": true }, "dibao_single": { "cooperation": true } }
}"#;

/// The best of three hundred short rounds, which a busy machine leaves some of alone, in nanoseconds a run.
fn best(run: &dyn Fn()) -> u128 {
    let rounds = (0..300).map(|_| {
        let start = Instant::now();
        (0..10).for_each(|_| run());
        start.elapsed().as_nanos() / 10
    });
    rounds.min().unwrap()
}

fn main() {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders = ["national", "wuhai", "demo-wuhai"].map(|name| packs.join(name));
    let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    let release = Release::load_with(&folders, LoadOptions { synthetic: true }).unwrap();
    let day = NaiveDate::from_ymd_opt(2026, 10, 1).unwrap();
    let month = Month::new(2026, 10).unwrap();
    let family: WrittenFamily = serde_json::from_str(FAMILY).unwrap();
    let decided =
        release.decide_family(&family, day, None).unwrap_or_else(|wrong| panic!("{}", wrong.join("\n")));
    for programme in release.programmes.iter() {
        let rules = release.rules(&programme.id).unwrap();
        let (record, mut context) = {
            let case = release.family_of(&family, programme).unwrap();
            (case, release.context(&programme.id, &family.division, month, day, day))
        };
        context.findings.extend(["cooperation", "property_judged"].map(|id| {
            let (officer, reason) = ("王某".to_owned(), "入户核实".to_owned());
            (id.to_owned(), rules::FindingValue { met: Some(true), officer, reason, recorded_on: day })
        }));
        let short = best(&|| drop(black_box(rules.answer(black_box(&record), &context))));
        let whole = best(&|| drop(black_box(rules.decide(black_box(&record), &context))));
        let outcome = rules.answer(&record, &context);
        println!(
            "{}",
            serde_json::json!({
                "bench": "decide", "programme": programme.id.as_str(), "members": 4, "outcome": outcome.outcome,
                "amount": outcome.amount.map(|amount| amount.to_string()),
                "ns_without_reasons": short as u64, "ns_with_reasons": whole as u64,
            })
        );
    }
    let reading =
        best(&|| drop(black_box(serde_json::from_str::<WrittenFamily>(black_box(FAMILY)).unwrap())));
    let all = best(&|| drop(black_box(release.decide_family(&family, day, None).unwrap())));
    println!(
        "{}",
        serde_json::json!({ "bench": "decide", "what": "all programmes of a family, context and reasons included",
            "decisions": decided.decisions.len(), "ns_reading_json": reading as u64, "ns": all as u64 })
    );
}
