//! How long one family takes under all programmes of packs at once, for `bench/run decide`: microseconds for reading the JSON
//! (money as text), for making the family ready, for every answer without reasons and for every answer with them.
//! `desk_bench FAMILY.json AS-OF PACK…` prints a JSON line.
#![allow(clippy::unwrap_used, reason = "a measurement stops at the first thing that is wrong")]
#![allow(clippy::float_arithmetic, reason = "times are reported in microseconds")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use catalogue::{LoadOptions, Release, WrittenFamily};
use chrono::{Datelike, NaiveDate};
use columns::{Desk, Workspace};
use rules::Outcome;
use vocab::Month;

/// The median of fifty rounds and the least, in microseconds a run.
fn timed(run: &mut dyn FnMut()) -> (f64, f64) {
    let mut rounds: Vec<f64> = (0..50)
        .map(|_| {
            let start = Instant::now();
            (0..40).for_each(|_| run());
            start.elapsed().as_nanos() as f64 / 40_000.0
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    (rounds[rounds.len() / 2], rounds[0])
}

fn main() {
    let mut words = std::env::args().skip(1);
    let text = std::fs::read_to_string(words.next().unwrap()).unwrap();
    let as_of: NaiveDate = words.next().unwrap().parse().unwrap();
    let folders: Vec<PathBuf> = words.map(PathBuf::from).collect();
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let release = Release::load_with(&folders, LoadOptions { synthetic: true }).unwrap();
    let month = Month::new(as_of.year(), as_of.month()).unwrap();
    let written: WrittenFamily = serde_json::from_str(&text).unwrap();
    let shapes = release.shapes();
    let read = |family: &WrittenFamily| release.household_of(family).unwrap();
    let family = read(&written);
    let context = |id: &str| release.context(id, &written.division, month, as_of, as_of);
    let programmes = release.programmes.iter();
    let programmes = programmes.map(|one| (release.rules(&one.id).unwrap(), context(&one.id))).collect();
    let desk = Desk::new(shapes, "household", &[("head", "members")], programmes).unwrap();
    let ready = desk.family(&family, &[]);
    let mut workspace = Workspace::default();
    desk.decide(&ready, &mut workspace);
    let mut answers = serde_json::Map::new();
    for (index, (id, way)) in desk.ways().into_iter().enumerate() {
        assert_eq!(way, columns::Way::Vectors, "{id}");
        let met = workspace.answers(index).iter().filter(|one| one.outcome == Outcome::Met);
        let sum: i64 = met.clone().filter_map(|one| one.amount).map(|amount| amount.0).sum();
        answers.insert(id.to_owned(), serde_json::json!({ "count": met.count(), "amount_fen": sum }));
    }
    let json =
        timed(&mut || drop(black_box(serde_json::from_str::<WrittenFamily>(black_box(&text)).unwrap())));
    let record = timed(&mut || drop(black_box(read(black_box(&written)))));
    let made = timed(&mut || drop(black_box(desk.family(black_box(&family), &[]))));
    let decided = timed(&mut || desk.decide(black_box(&ready), &mut workspace));
    let reasons = timed(&mut || drop(black_box(release.decide_family(&written, as_of, None).unwrap())));
    let report = serde_json::json!({
        "engine": "huimin", "steps": desk.steps(), "answers": answers,
        "us": decided.0, "us_least": decided.1, "us_json": json.0, "us_record": record.0, "us_ready": made.0,
        "us_with_reasons": reasons.0, "us_with_reasons_least": reasons.1,
    });
    println!("{report}");
}
