//! Packs as a whole: the real ones load, decide their own cases and travel through an archive; broken ones are refused by line.

mod amended;
mod assistance;
mod broken;
mod compare;
mod coverage;
#[path = "../../../rules/src/tests/engines.rs"]
mod engines;
mod family;
mod lints;
mod packs;
mod plans;
mod printed;
mod punctuation;
mod readme;
mod same_family;
mod sql;
mod welfare;

use std::path::{Path, PathBuf};

use catalogue::{Finding, LoadOptions, Release};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name)
}

fn shown(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

/// The release of a demonstration: national, city, demo.
fn demo() -> Release {
    let (national, city, demo) = (folder("national"), folder("wuhai"), folder("demo-wuhai"));
    Release::load_with(&[&national, &city, &demo], LoadOptions { synthetic: true })
        .unwrap_or_else(|findings| panic!("{}", shown(&findings)))
}

/// The release of the city alone.
fn city() -> Release {
    let (national, city) = (folder("national"), folder("wuhai"));
    Release::load(&[&national, &city]).unwrap_or_else(|findings| panic!("{}", shown(&findings)))
}
