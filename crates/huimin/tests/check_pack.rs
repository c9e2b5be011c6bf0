//! `huimin check-pack` and its languages: what is wrong with rules is said in English to who asks for that.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const GOOD: &str = include_str!("../../catalogue/tests/catalogue/good.toml");
const DIVISIONS: &str = "nbs_code,level,name,parent_nbs_code,mca_code,flag\n990100,prefecture,试市,,,\n990101,county,试区,990100,,\n990101001,township,试镇,990101,,\n";
const PLAN: &str = "标准达到月人均760元,以后提高到800元。区里的都下放。无劳动能力100元,有劳动能力20元。";

/// The small good pack with one text instead of another.
fn write(folder: &Path, written: &str, instead: &str) {
    assert!(GOOD.contains(written), "{written}");
    let head = "id = \"small\"\ntitle = \"小\"\nlayer = \"city\"\ndivision = \"990100\"\n";
    for (path, text) in [
        ("pack.toml", head),
        ("main.toml", &GOOD.replacen(written, instead, 1)),
        ("divisions.csv", DIVISIONS),
        ("plan.txt", PLAN),
        ("answer.typ", ""),
    ] {
        fs::write(folder.join(path), text).expect("a file");
    }
}

fn huimin(words: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huimin"));
    command.args(words).arg(folder).output().expect("the command starts")
}

#[test]
fn a_wrong_rule_is_said_in_english_to_who_asks_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "expr = \"average < param.limit\"", "expr = \"average < param.limits\"");
    let output = huimin(&["check-pack", "--lang", "en"], folder.path());
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(!output.status.success());
    assert!(text.contains("there is no parameter limits; did you mean limit?"), "{text}");
    assert!(text.contains("Errors: "), "{text}");
    let (place, _) = text.split_once(" error: wrong expression: condition poor: character ").expect(&text);
    let place = place.lines().last().expect(&text);
    // In Chinese without being asked, at the same line.
    let text = String::from_utf8(huimin(&["check-pack"], folder.path()).stdout).expect("text");
    assert!(text.contains(&format!("{place} 错误：式子不对：条件 poor：")), "{text}");
    // A command that only reads packs says the same.
    let output = huimin(&["decide", "--lang", "en", "--schema", "--pack"], folder.path());
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(text.contains("there is no parameter limits; did you mean limit?"), "{text}");
}

#[test]
fn what_is_odd_in_a_rule_is_said_in_english_too() {
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        "expr = \"average < param.limit\"",
        "expr = \"average < param.limit AND cars <= 9\"",
    );
    let output = huimin(&["check-pack", "--lang", "en"], folder.path());
    let text = String::from_utf8(output.stdout).expect("text");
    let warned =
        text.lines().find(|line| line.contains(" warning: condition poor: character ")).expect(&text);
    assert!(
        warned.ends_with("Expected: no such condition, or the number and direction that were meant"),
        "{text}"
    );
}
