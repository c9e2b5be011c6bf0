//! A reason names codes by their titles, wherever it is put into words.

use super::deciding::{compiled, condition, definition};
use super::family::*;
use crate::*;

#[test]
fn a_comparison_names_codes_by_their_titles() {
    let mut source = ProgrammeSource::new("p", "项目", "household");
    source.conditions = vec![
        condition("none", "无房", "housing = 'none'"),
        condition("which", "自有或租住", "'rented' = housing OR housing IN ('owned')"),
        condition("head", "户主残疾", "head.disability = '3'"),
    ];
    let found = compiled(&source).decide(&family(), &context());
    let texts: Vec<&str> = found.conditions.iter().map(|one| one.comparisons[0].text.as_str()).collect();
    assert_eq!(texts, ["住房 自有 ≠ 无房", "租住 ≠ 住房 自有", "户主·残疾等级（未知） = 三级"]);
    let first = &found.conditions[0].comparisons[0];
    assert_eq!(
        (first.left.to_string(), first.left_code_title.as_deref()),
        ("owned".to_owned(), Some("自有"))
    );
    assert_eq!(first.right_code_title.as_deref(), Some("无房"));
    assert_eq!(found.conditions[1].formula, "租住 = 住房 或 住房 是 自有 之一");
    assert_eq!(found.conditions[1].reads[0].code_title.as_deref(), Some("自有"));
}

#[test]
fn definitions_and_tables_name_codes_by_their_titles() {
    let mut source = ProgrammeSource::new("p", "项目", "household");
    source.definitions = vec![
        definition("shown", "住房情况", "CASE WHEN urban THEN housing ELSE coalesce(housing, 'none') END"),
        definition("fixed", "二级的标准", "table.care['2']"),
        definition("own", "户主的标准", "table.care[head.disability]"),
        definition("lodging", "按住房", "CASE housing WHEN 'owned' THEN 1 ELSE 2 END"),
    ];
    source.conditions = vec![condition("some", "有房", "shown <> 'none' AND fixed + own + lodging > 0")];
    let mut record = family();
    record.one.get_mut("head").expect("head").fields.insert("disability".to_owned(), "4".into());
    let found = compiled(&source).decide(&record, &context());
    let line = |id: &str| found.definitions.iter().find(|one| one.id == id).expect("is there");
    assert_eq!(line("shown").formula, "若 城镇 则 住房；否则 首个已知（住房，无房）");
    assert_eq!(line("shown").code_title.as_deref(), Some("自有"));
    assert_eq!(line("shown").figures, "若 是 则 自有；否则 首个已知（自有，无房）");
    assert_eq!(line("fixed").formula, "护理补贴标准[二级]");
    assert_eq!(line("fixed").reads[0].path, "table.care[2]");
    assert_eq!(line("own").reads[0].title, "护理补贴标准[四级]");
    assert_eq!(line("lodging").formula, "若 住房 是 自有 则 1；否则 2");
    let missing = &found.conditions[0].missing[0];
    assert_eq!((missing.path.as_str(), missing.title.as_str()), ("table.care[4]", "护理补贴标准[四级]"));
    let comparison = &found.conditions[0].comparisons[0];
    assert_eq!(comparison.text, "住房情况 自有 ≠ 无房");
}

#[test]
fn a_code_without_a_list_stays_a_code() {
    let mut bare = shapes();
    bare.codelists.clear();
    let one = Expression::compile("housing = 'castle'", "household", &bare, &parameters(), &Type::Boolean);
    assert_eq!(one.expect("compiles").reading(), "住房 = castle");
}
