//! The command `huimin plan` on the packs that ship.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn pack(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name)
}

fn plan(words: &[&str], packs: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huimin"));
    command.arg("plan").args(words).args(packs.iter().map(|name| pack(name)));
    command.output().expect("the command starts")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// PL-02: what does not fit together, with both quotes.
#[test]
fn what_does_not_fit_together_is_printed() {
    let text = said(&plan(&["check"], &["suqian"]));
    assert!(text.contains("9061低于7320×1.3=9516"), "{text}");
    assert!(text.contains("原文：“实现乡镇(街道)社会工作服务站全覆盖”"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&said(&plan(&["check", "--json"], &["suqian", "wenshan"]))).unwrap();
    assert_eq!(json["文山州“十四五”民政事业发展规划"]["contradictions"].as_array().unwrap().len(), 15);
}

/// PL-08: the numbers beside what laws and superior documents demand, and which of these no longer stand.
#[test]
fn what_is_demanded_from_above_is_printed() {
    let text = said(&plan(&["check"], &["suqian", "baoding", "wenshan", "wuhai"]));
    assert!(
        text.contains("【无法核对】乡镇(街道)未成年人保护工作站(关爱之家)覆盖率：90%，要求设立未成年人保护工作站或者指定专门人员。"),
        "{text}"
    );
    assert!(text.contains("《未成年人保护法》第八十一条“乡镇人民政府"), "{text}");
    assert!(text.contains("【符合要求】低保审核确认时限：20个工作日内，要求不高于30工作日。"), "{text}");
    assert!(text.contains("【无法核对】两项补贴标准"), "{text}");
    assert!(
        text.contains("《国家乡村振兴战略规划(2018-2022年)》（编制依据）：到2022年为止，本规划到2025年"),
        "{text}"
    );
    assert!(text.contains("2022年12月30日起改用《老年人能力评估规范》"), "{text}");
}

/// PL-01: everything with its source, as JSON and for Excel.
#[test]
fn a_plan_is_written_out_whole() {
    let json: serde_json::Value = serde_json::from_str(&said(&plan(&["export"], &["wenshan"]))).unwrap();
    assert_eq!(json["indicators"].as_array().unwrap().len(), 62);
    assert_eq!(json["indicators"][3]["achieved"]["number"], "20");
    assert_eq!(json["indicators"][2]["achieved"]["number"], "85.29", "no binary float");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.xlsx");
    let output = plan(&["export", "--format", "xlsx", "--output", file.to_str().unwrap()], &["suqian"]);
    said(&output);
    let sheets = office::tabular::read_file("plan.xlsx", &std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(
        sheets[0].rows.len(),
        67 + 67 + 126 + 81 + 77 + 2 + 2,
        "entries, documents, title and headers"
    );
}

/// PL-01: one measure in five plans, what is counted over something else marked.
#[test]
fn one_measure_stands_side_by_side() {
    let text = said(&plan(&["compare"], &["baoding", "suqian", "wuhai", "county", "wenshan"]));
    let (_, rest) = text.split_once("养老机构护理型床位占比\n").expect("the measure is there");
    let block = rest.split("\n\n").next().unwrap();
    for value in ["55%", "70%", "62%"] {
        assert!(block.contains(value), "{value}: {block}");
    }
    assert_eq!(block.matches("原文").count(), 5, "{block}");
    for measure in ["儿童主任培训参训率", "特困人员基本生活标准与低保标准之比", "养老服务圈"]
    {
        assert!(text.contains(&format!("{measure}\n  ")), "{measure}: {text}");
    }
    let (_, workers) = text.split_once("社会工作专业人才占人口比例\n").expect("the measure is there");
    let workers = workers.split("\n\n").next().unwrap();
    for per_ten_thousand in ["每万人14", "每万人140", "每万人180", "每万人42"] {
        assert!(workers.contains(per_ten_thousand), "{per_ten_thousand}: {workers}");
    }
}
