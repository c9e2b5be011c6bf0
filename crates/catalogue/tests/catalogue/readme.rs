//! What the two READMEs count is what the packs hold.

use std::fs;
use std::path::Path;

/// How many elements of a list all packs hold together.
fn held(folder: &Path, kind: &str) -> usize {
    let header = format!("[[{kind}]]");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| match path.extension() {
            _ if path.is_dir() => held(&path, kind),
            Some(extension) if extension == "toml" => {
                fs::read_to_string(&path).unwrap().lines().filter(|line| *line == header).count()
            }
            _ => 0,
        })
        .sum()
}

#[test]
fn the_readmes_count_what_the_packs_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let (english, chinese) = (read("README.md"), read("README.zh-CN.md"));
    let held = |kind: &str| held(&root.join("packs"), kind);
    // What changes seldom is said to the one.
    for (kind, en, zh) in [
        ("programme", "programmes", "个待遇项目"),
        ("item", "matters", "个办理事项"),
        ("plan", "five-year plans", "个五年规划"),
    ] {
        let many = held(kind);
        assert!(english.contains(&format!("**{many}** {en}")), "README.md: {many} {en}");
        assert!(chinese.contains(&format!("**{many}** {zh}")), "README.zh-CN.md: {many} {zh}");
    }
    // What grows every week is said as a round number that is passed, and not left far behind.
    for (kind, round, en, zh) in [
        ("register", 150, "registers", "多个登记簿"),
        ("indicator", 400, "indicators", "多个统计指标"),
        ("case", 700, "worked cases", "多个算例"),
    ] {
        let many = held(kind);
        assert!((round..round * 3 / 2).contains(&many), "{kind}: {many}, the READMEs say more than {round}");
        assert!(english.to_lowercase().contains(&format!("more than **{round}** {en}")), "README.md: {en}");
        assert!(chinese.contains(&format!("**{round}** {zh}")), "README.zh-CN.md: {zh}");
    }
}
