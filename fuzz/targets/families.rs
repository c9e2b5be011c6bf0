//! No JSON breaks the reading of a family, and every family that is read is decided under every programme of the packs.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use catalogue::{LoadOptions, Release, WrittenFamily};
use libfuzzer_sys::fuzz_target;

static RELEASE: LazyLock<Release> = LazyLock::new(|| {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs");
    let folders = ["national", "wuhai", "demo-wuhai"].map(|name| packs.join(name));
    let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    Release::load_with(&folders, LoadOptions { synthetic: true }).expect("the shipped packs load")
});

fuzz_target!(|text: &str| {
    let Ok(family) = serde_json::from_str::<WrittenFamily>(text) else { return };
    let on = chrono::NaiveDate::from_ymd_opt(2026, 10, 1).expect("a day");
    match RELEASE.decide_family(&family, on, None) {
        Err(wrong) => assert!(!wrong.is_empty()),
        Ok(decided) => {
            for decision in &decided.decisions {
                let _ = decision.explained();
            }
            let _ = serde_json::to_string(&decided).expect("a decision is JSON");
        }
    }
});
