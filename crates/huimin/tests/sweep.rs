//! The commands `huimin snapshot` and `huimin sweep` on a small population whose answers are reckoned by hand, with the rules of
//! `bench/SPEC.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn packs() -> [PathBuf; 2] {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/pack");
    ["rules", "standards"].map(|name| bench.join(name))
}

fn huimin(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huimin"));
    command.args(words).arg("--synthetic").arg("--packs").args(packs());
    command.output().expect("the command starts")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Three households of 第0区 (standard 1110 in town, 900 in the country) and 第1区 (860 in the country):
///
/// - one person in town without income: 低保 1110;
/// - a couple in the country, one earns 1000 (800 count): (900 - 400) * 2 = 1000; the other is 72: 0.2 * 900 = 180 on top;
/// - one person in the country of 第1区 with a wage of 2000 (1600 count), which is 86 % above 860: 低保边缘, nothing paid.
fn population(folder: &Path) {
    let column = |field: &str, ty: &str| serde_json::json!({ "field": field, "file": format!("{field}.bin"), "type": ty });
    let small = [
        "age",
        "dis_level",
        "dis_type",
        "work_ability",
        "employed",
        "serious",
        "care_level",
        "orphan",
        "defacto",
        "has_supporter",
    ];
    let money = ["wage", "business", "property", "transfer", "medical"];
    let mut people: Vec<_> = small.iter().map(|field| column(field, "u8")).collect();
    people.extend(money.iter().map(|field| column(field, "i64")));
    people.push(serde_json::json!({ "field": "hukou", "file": "hukou.bin", "type": "u8", "codes": ["urban", "rural"] }));
    let manifest = serde_json::json!({
        "as_of": "2026-10-01",
        "root": { "shape": "household", "rows": 3, "columns": [
            column("houses", "u8"), column("cars", "u8"), column("assets", "i64"), column("rigid", "i64") ] },
        "division": { "file": "division.bin", "type": "u8", "codes": ["990101", "990102"] },
        "tables": [{ "relation": "members", "rows": 4, "offsets": { "file": "offsets.bin", "type": "u32" }, "columns": people }],
        "first_row": { "head": "members" },
    });
    let put = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).expect("written");
    put("manifest.json", manifest.to_string().into_bytes());
    for name in ["houses", "cars"] {
        put(&format!("{name}.bin"), vec![0; 3]);
    }
    for name in ["assets", "rigid"] {
        put(&format!("{name}.bin"), vec![0; 3 * 8]);
    }
    for name in small {
        put(&format!("{name}.bin"), vec![0; 4]);
    }
    for name in money {
        put(&format!("{name}.bin"), vec![0; 4 * 8]);
    }
    put("age.bin", vec![50, 45, 72, 40]);
    put("work_ability.bin", vec![2, 2, 2, 2]);
    put("employed.bin", vec![0, 1, 0, 1]);
    put("has_supporter.bin", vec![1; 4]);
    put("hukou.bin", vec![0, 1, 1, 1]);
    put("wage.bin", [0_i64, 100_000, 0, 200_000].iter().flat_map(|fen| fen.to_le_bytes()).collect());
    put("division.bin", vec![0, 0, 1]);
    put("offsets.bin", [0_u32, 1, 3, 4].iter().flat_map(|row| row.to_le_bytes()).collect());
}

#[test]
fn a_small_population_is_swept_as_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    population(folder.path());
    let columns = folder.path().to_str().expect("UTF-8").to_owned();
    let snapshot = format!("{columns}/population.snapshot");
    let made = said(&huimin(&["snapshot", "--columns", &columns, &snapshot]));
    assert!(made.contains("household 3 行") && made.contains("person 4 行"), "{made}");

    let answer = said(&huimin(&["sweep", &snapshot, "--month", "2026-10", "--json"]));
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["divisions"], serde_json::json!(["990101", "990102"]));
    let told = |programme: &str, what: &str| answer["programmes"][programme][what].clone();
    assert_eq!(told("dibao", "met"), serde_json::json!([2, 0]));
    assert_eq!(told("dibao", "not_met"), serde_json::json!([0, 1]));
    assert_eq!(told("dibao", "people"), serde_json::json!([3, 0]));
    assert_eq!(told("dibao", "amount_fen"), serde_json::json!([111_000 + 100_000, 0]));
    assert_eq!(told("topup", "met"), serde_json::json!([1, 0]));
    assert_eq!(told("topup", "amount_fen"), serde_json::json!([18_000, 0]));
    assert_eq!(told("marginal", "met"), serde_json::json!([0, 1]));
    assert_eq!(told("marginal", "one_by_one"), serde_json::Value::Null, "in vectors");

    let words = said(&huimin(&["sweep", &snapshot, "--month", "2026-10", "--only", "dibao"]));
    assert!(words.contains("低保：符合 2，不符合 1，缺材料 0，3 人，每月 2,110.00 元"), "{words}");
    assert!(!words.contains("分类施保"), "{words}");

    let out = folder.path().join("out");
    said(&huimin(&[
        "sweep",
        &snapshot,
        "--month",
        "2026-10",
        "--write",
        out.to_str().expect("UTF-8"),
        "--reasons",
    ]));
    for shape in ["household", "person"] {
        let written = fs::read(out.join(format!("{shape}-0.arrow"))).expect("written");
        assert!(written.starts_with(b"ARROW1") && written.ends_with(b"ARROW1"));
    }
}

#[test]
fn what_cannot_be_swept_is_said_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    population(folder.path());
    let columns = folder.path().to_str().expect("UTF-8").to_owned();
    let snapshot = format!("{columns}/population.snapshot");
    let refused = |output: Output, wanted: &str| {
        assert!(!output.status.success());
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains(wanted), "{words}, not {wanted}");
    };
    fs::write(folder.path().join("age.bin"), [1, 2]).expect("written");
    refused(huimin(&["snapshot", "--columns", &columns, &snapshot]), "只有 2 行，清单写 4 行");
    refused(huimin(&["sweep", &snapshot, "--month", "2026-10"]), "population.snapshot");
}
