//! What is allowed and probably not meant: each oddity in the good pack is a warning at its line, and the pack still loads.

use std::collections::BTreeMap;

use catalogue::{Finding, LoadOptions, PackFiles, Release, Severity};

use crate::{folder, shown};

const GOOD: &str = include_str!("good.toml");
const DIVISIONS: &str = "nbs_code,level,name,parent_nbs_code,mca_code,flag\n990100,prefecture,试市,,,\n990101,county,试区,990100,,\n";
const PLAN: &str = "标准达到月人均760元,以后提高到800元。区里的都下放。无劳动能力100元,有劳动能力20元。";

fn files(main: &str) -> Vec<PackFiles> {
    let head = "id = \"small\"\ntitle = \"小\"\nlayer = \"city\"\ndivision = \"990100\"\n";
    let files = [
        ("pack.toml", head),
        ("main.toml", main),
        ("divisions.csv", DIVISIONS),
        ("plan.txt", PLAN),
        ("answer.typ", ""),
    ];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    vec![PackFiles::new("small", files)]
}

fn changed(changes: &[(&str, &str)]) -> String {
    let mut text = GOOD.to_owned();
    for (written, instead) in changes {
        assert_eq!(text.matches(written).count(), 1, "{written} must stand once in the good pack");
        text = text.replacen(written, instead, 1);
    }
    text
}

/// The pack with changes: where the warning should stand and what it should say.
fn warns(changes: &[(&str, &str)], at: &str, says: &str) {
    let text = changed(changes);
    let line = catalogue::line_of(&text, text.find(at).unwrap_or_else(|| panic!("{at} is not there")));
    let found: Vec<Finding> = Release::check_files(files(&text), LoadOptions::default());
    let said = found.iter().any(|finding| {
        finding.severity == Severity::Warning
            && finding.line == line
            && finding.zh.contains(says)
            && !finding.expected.is_empty()
    });
    assert!(said, "expected line {line} saying {says}, found\n{}", shown(&found));
    assert!(Release::from_packs(files(&text), LoadOptions::default()).is_ok(), "a warning stops nothing");
}

fn is_clean(changes: &[(&str, &str)]) {
    let found = Release::check_files(files(&changed(changes)), LoadOptions::default());
    assert!(found.is_empty(), "{}", shown(&found));
}

#[test]
fn the_good_pack_is_not_odd() {
    let found = Release::check_files(files(GOOD), LoadOptions::default());
    assert!(found.is_empty(), "{}", shown(&found));
}

#[test]
fn oddities_of_the_rules_stand_at_their_line() {
    let condition = "expr = \"average < param.limit\"";
    warns(&[(condition, "expr = \"average < param.limit AND cars <= 9\"")], "expr = \"average", "总是成立");
    let asked =
        "when = \"cars = 0\"\nexpr = \"\"\"\naverage < param.limit\nAND (cars < 0 OR average < 9)\"\"\"";
    warns(&[(condition, asked)], "AND (cars < 0", "总不成立");
    warns(
        &[(condition, "when = \"cars >= 0\"\nexpr = \"average < param.limit\"")],
        "when = \"cars >= 0\"",
        "总是成立",
    );
    warns(&[(condition, "expr = \"cars < 3\"")], "expr = \"param.limit - average\"", "金额不会是负数");
    let bands =
        "expr = \"CASE WHEN cars < 2 THEN average - average WHEN cars BETWEEN 3 AND 5 THEN 5 ELSE 0 END\"";
    warns(&[("expr = \"param.limit - average\"", bands)], bands, "两档之间有空隙（2）");
    let unused = "[[programme.definition]]\nid = \"spare\"\ntitle = \"备用\"\nexpr = \"average + 1\"\n\n";
    let first = "[[programme.condition]]\nid = \"poor\"";
    warns(&[(first, &format!("{unused}{first}"))], "expr = \"average + 1\"", "定义 spare 没有用到");
    warns(
        &[("review = \"12\"", "review = \"CASE WHEN cars >= 0 THEN 12 ELSE 6 END\"")],
        "review = ",
        "总是成立",
    );
}

#[test]
fn a_place_without_a_value_is_named_with_the_day() {
    let ends = ("from = 2021-01-01\nvalue = 800", "from = 2021-01-01\nuntil = 2022-12-31\nvalue = 800");
    let poor = "expr = \"average < param.limit\"";
    warns(&[ends], poor, "试市（990100）从 2023-01-01 起：");
    let unset = "[[unset]]\nparameters = [\"limit\"]\nreason = \"还没有公布\"\n\n[[exclusion_group]]";
    is_clean(&[ends, ("[[exclusion_group]]", unset)]);
    let unset_elsewhere = unset.replace("reason", "division = \"990101\"\nreason");
    warns(&[ends, ("[[exclusion_group]]", &unset_elsewhere)], poor, "参数 标准（param.limit）没有值");
    let uses = ("expr = \"param.limit - average\"", "expr = \"param.limit - average + table.extra['full']\"");
    is_clean(&[uses]);
    warns(&[uses, (", full = 20 }", " }")], uses.1, "（table.extra）[full] 没有值");
    let coalesced = (
        "expr = \"param.limit - average\"",
        "expr = \"param.limit - average + coalesce(table.extra['full'], 0)\"",
    );
    is_clean(&[coalesced, (", full = 20 }", " }")]);
}

#[test]
fn articles_that_have_ended_are_said() {
    let ended = ("verified = \"full\"", "until = 2024-12-31\nverified = \"full\"");
    warns(
        &[ended],
        "basis = [{ law = \"act\", article = \"1\" }]\nreason",
        "引用的《试行法》第一条到 2024-12-31 失效",
    );
    warns(
        &[ended],
        "value = [{ from = 2020-01-01, value = \"1.5\"",
        "引用的《试行法》第一条到 2024-12-31 失效",
    );
    let short = ("priority = 1", "priority = 1\nvalid_until = 2024-12-31");
    let text = changed(&[ended, short]);
    let found = Release::check_files(files(&text), LoadOptions::default());
    let programme = catalogue::line_of(&text, text.find("[[programme]]").unwrap())
        ..catalogue::line_of(&text, text.find("[[role]]").unwrap());
    assert!(!found.iter().any(|finding| programme.contains(&finding.line)), "{}", shown(&found));
}

#[test]
fn each_citation_that_ends_is_said_unless_what_takes_its_place_stands_beside_it() {
    let ended = ("verified = \"full\"", "until = 2024-12-31\nverified = \"full\"");
    let cites = "basis = [{ law = \"act\", article = \"1\" }, { law = \"next\", article = \"1\" }]";
    let condition = "expr = \"average < param.limit\"\nbasis = [{ law = \"act\", article = \"1\" }]";
    let both = format!("expr = \"average < param.limit\"\n{cites}");
    let next = |from: &str| {
        let head = "[[law]]\nid = \"next\"\ntitle = \"新法\"\nshort = \"新法\"";
        let article = "article = [{ number = \"1\", name = \"第一条\", title = \"条件\" }]";
        format!(
            "{head}\nin_force_from = {from}\nverified = \"partial\"\nrank = 1\n{article}\n\n[[law]]\nid = \"hearsay\""
        )
    };
    let hearsay = "[[law]]\nid = \"hearsay\"";
    // What was cited beside it all along does not take its place.
    warns(&[ended, (condition, &both), (hearsay, &next("2021-01-01"))], cites, "到 2024-12-31 失效");
    let text = changed(&[ended, (condition, &both), (hearsay, &next("2025-01-01"))]);
    let line = catalogue::line_of(&text, text.find(cites).unwrap());
    let found = Release::check_files(files(&text), LoadOptions::default());
    assert!(!found.iter().any(|finding| finding.line == line), "{}", shown(&found));
    // An article may end before its law.
    let article = ("quote = \"倍数为1.5倍\"", "until = 2023-06-30, quote = \"倍数为1.5倍\"");
    warns(&[article], "basis = [{ law = \"act\", article = \"1\" }]\nreason", "第一条到 2023-06-30 失效");
}

#[test]
fn programmes_of_a_group_differ_in_priority() {
    let start = GOOD.find("[[programme]]").unwrap();
    let end = GOOD.find("[[role]]").unwrap();
    let nobodys = GOOD[start..end].replacen("id = \"help\"", "id = \"twin\"", 1);
    let twin = nobodys.replacen("id = \"twin\"", "id = \"twin\"\nbusiness = \"assistance\"", 1);
    let doubled = format!("{twin}[[role]]\nid = \"clerk\"");
    warns(&[("[[role]]\nid = \"clerk\"", &doubled)], "id = \"twin\"", "priority 相同");
    is_clean(&[
        ("[[role]]\nid = \"clerk\"", &doubled),
        ("[[exclusion_group]]", "[[exclusion_group]]\nrule = \"choice\""),
    ]);
    // Which no item grants, and which does not say whose it is.
    let doubled = format!("{nobodys}[[role]]\nid = \"clerk\"");
    warns(&[("[[role]]\nid = \"clerk\"", &doubled)], "id = \"twin\"", "没有事项来给项目 twin");
}

#[test]
fn the_shipped_packs_are_clean_or_say_why() {
    for folders in [vec!["national"], vec!["national", "wuhai"], vec!["national", "wuhai", "demo-wuhai"]] {
        let folders: Vec<_> = folders.into_iter().map(folder).collect();
        let folders: Vec<&std::path::Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
        let found = Release::check(&folders, LoadOptions { synthetic: true });
        assert!(found.is_empty(), "{}", shown(&found));
    }
}
