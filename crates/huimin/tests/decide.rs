//! `huimin decide`: one family with its reasons, and many of them a line each.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

fn pack(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name)
}

/// What `huimin decide` prints of these lines, and whether it says that all is well.
fn decide(more: &[&str], text: &str) -> (String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huimin"));
    command.arg("decide");
    for name in ["national", "wuhai", "demo-wuhai"] {
        command.arg("--pack").arg(pack(name));
    }
    command.args(["--synthetic", "--as-of", "2026-10-01"]).args(more);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    (String::from_utf8(output.stdout).expect("text"), output.status.success())
}

fn family(income: &str, cooperation: Option<bool>) -> Value {
    json!({
        "division": "150302001002", "complete": true,
        "household": {
            "registered_here": true, "area": "urban", "deposits": "1000",
            "members": [
                { "born_on": "1980-05-01", "relation": "head", "transfer_income": income },
                { "born_on": "1944-05-01", "relation": "parent", "disability_kind": "physical", "disability_level": 1, "care_months": 12 },
            ],
        },
        "findings": { "dibao": { "cooperation": cooperation } },
    })
}

/// Whatever the reasons say of outcome and amount, the lines say too.
#[test]
fn many_families_are_answered_as_each_is_with_its_reasons() {
    let families =
        [family("800", Some(true)), family("800", Some(false)), family("800", None), family("9000", None)];
    let lines: Vec<String> = families.iter().map(Value::to_string).collect();
    let (answers, well) = decide(&["--answers"], &lines.join("\n"));
    assert!(well);
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), families.len());
    let mut outcomes = std::collections::BTreeSet::new();
    for (line, answer) in lines.iter().zip(&answers) {
        let (whole, well) = decide(&[], line);
        assert!(well);
        let whole: Value = serde_json::from_str(&whole).expect("JSON");
        let mut units: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
        for decision in whole["decisions"].as_array().expect("decisions") {
            let found = &decision["determination"];
            let programme = found["programme"].as_str().expect("an id");
            let unit = units.entry(programme.to_owned()).or_default();
            let said = &answer["answers"][programme][*unit];
            *unit += 1;
            assert_eq!(said["outcome"], found["outcome"], "{programme}: {line}");
            // 139.20 and 139.2 are one number.
            let number =
                |value: &Value| value.as_str().map(|text| text.parse::<rules::Rational>().expect("a number"));
            assert_eq!(number(&said["amount"]), number(&found["amount"]["number"]), "{programme}: {line}");
            outcomes.insert(found["outcome"].as_str().expect("an outcome").to_owned());
        }
        assert_eq!(answer["answers"].as_object().expect("programmes").len(), units.len());
    }
    assert_eq!(outcomes.len(), 3, "every outcome is seen: {outcomes:?}");
}

/// A line that cannot be read says so in its place, and the command says that something was wrong.
#[test]
fn a_line_that_is_wrong_does_not_hold_up_the_others() {
    let good = family("800", Some(true)).to_string();
    let (answers, well) = decide(&["--answers"], &format!("{good}\n{{\"division\": 1}}\n\n{good}\n"));
    assert!(!well);
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), 3);
    assert!(answers[1]["wrong"][0].as_str().expect("a reason").contains("读不懂"), "{}", answers[1]);
    assert_eq!(answers[0], answers[2]);
}
