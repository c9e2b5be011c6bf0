//! Sweeps a folder of packed columns with a pack and prints the totals: the same calls as `huimin sweep`, quick to build.
//!
//! `sweep FOLDER MONTH PACK... [--times N] [--threads N] [--portable]`; the snapshot is kept in `FOLDER/population.snapshot`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use catalogue::{LoadOptions, Release};
use columns::{Draft, Snapshot, Swept, Sweep};
use vocab::Month;

fn main() {
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().expect("a folder"));
    let month: Month = words.next().expect("a month").parse().expect("a month");
    let (mut packs, mut times, mut threads, mut portable) = (Vec::new(), 5, None, false);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--times" => times = words.next().expect("a number").parse().expect("a number"),
            "--threads" => threads = words.next().map(|count| count.parse().expect("a number")),
            "--portable" => portable = true,
            _ => packs.push(PathBuf::from(word)),
        }
    }
    let packs: Vec<&Path> = packs.iter().map(PathBuf::as_path).collect();
    let release = Release::load_with(&packs, LoadOptions { synthetic: true, ..LoadOptions::default() });
    let release = release.unwrap_or_else(|findings| {
        findings.iter().for_each(|finding| eprintln!("{finding}"));
        std::process::exit(1)
    });
    let path = folder.join("population.snapshot");
    if !path.exists() {
        let begun = Instant::now();
        Draft::read_packed(&folder, release.shapes()).and_then(|draft| draft.write(&path)).expect("a snapshot");
        eprintln!("snapshot made in {:.2} s", begun.elapsed().as_secs_f64());
    }
    let snapshot = Snapshot::open(&path).expect("a snapshot");
    let mut slowest = Vec::new();
    for time in 0..times {
        let begun = Instant::now();
        let swept = release.programmes.iter().filter_map(|programme| {
            let context = |division: &String| {
                release.context(&programme.id, division, month, month.first_day(), snapshot.as_of())
            };
            let contexts = snapshot.divisions().iter().map(context).collect();
            Some(Swept { programme: release.rules(&programme.id)?, contexts })
        });
        let mut sweep = Sweep::new(&snapshot, swept.collect()).expect("a sweep");
        sweep.threads = threads.unwrap_or(sweep.threads);
        if portable {
            sweep = sweep.portable();
        }
        let translated = begun.elapsed();
        let totals = sweep.totals();
        let whole = begun.elapsed();
        slowest.push(whole);
        if time == 0 {
            for total in &totals {
                let counts: Vec<u64> = total.divisions.iter().map(|division| division.met).collect();
                let amounts: Vec<i64> = total.divisions.iter().map(|division| division.amount.0).collect();
                println!("{:12} {:?} {counts:?} {amounts:?}", total.programme, total.way);
            }
            eprintln!("{:?} {:?} steps, {:?}", sweep.processor(), sweep.steps(), sweep.threads);
        }
        eprintln!(
            "translated {:.2} ms, swept {:.1} ms",
            translated.as_secs_f64() * 1e3,
            (whole - translated).as_secs_f64() * 1e3
        );
    }
    slowest.sort();
    eprintln!("median {:.1} ms", slowest[slowest.len() / 2].as_secs_f64() * 1e3);
}
