//! No file of a pack breaks its reading: whatever stands in it, it is read or every fault has its line.
#![no_main]

use std::collections::BTreeMap;

use catalogue::{LoadOptions, PackFiles, Release};
use libfuzzer_sys::fuzz_target;

const DIVISIONS: &str = "nbs_code,level,name,parent_nbs_code,mca_code,flag\n990100,prefecture,试市,,,\n990101,county,试区,990100,,\n";

fuzz_target!(|text: &str| {
    let head = "id = \"small\"\ntitle = \"小\"\nlayer = \"city\"\ndivision = \"990100\"\n";
    let plan = "标准达到月人均760元,以后提高到800元。区里的都下放。无劳动能力100元,有劳动能力20元。";
    let files = [
        ("pack.toml", head),
        ("main.toml", text),
        ("divisions.csv", DIVISIONS),
        ("plan.txt", plan),
        ("answer.typ", ""),
    ];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    let lines = text.lines().count() + 1;
    for finding in Release::check_files(vec![PackFiles::new("small", files)], LoadOptions::default()) {
        assert!(!finding.zh.is_empty());
        assert!(finding.line <= lines || !finding.file.ends_with("main.toml"), "{finding}");
    }
});
