//! Programmes: compiled, decided, explained.

use super::family::*;
use crate::*;

fn definition(id: &str, title: &str, expr: &str) -> DefinitionSource {
    DefinitionSource { id: id.to_owned(), title: title.to_owned(), expr: expr.to_owned(), unit: None }
}

fn condition(id: &str, title: &str, expr: &str) -> ConditionSource {
    let kind = ConditionKind::Expression(expr.to_owned());
    ConditionSource { id: id.to_owned(), title: title.to_owned(), basis: vec![format!("law:{id}")], kind }
}

pub(super) fn dibao() -> ProgrammeSource {
    let finding = ConditionSource {
        id: "property".to_owned(),
        title: "财产状况符合".to_owned(),
        basis: vec!["law:8".to_owned()],
        kind: ConditionKind::Finding,
    };
    ProgrammeSource {
        id: "dibao".to_owned(),
        title: "最低生活保障".to_owned(),
        unit_shape: "household".to_owned(),
        definitions: vec![
            definition("shortfall", "人均差额", "param.dibao_standard - per_capita_income"),
            definition("size", "共同生活人数", "count(members.*)"),
            definition("per_capita_income", "人均月收入", "sum(members.income) / size"),
        ],
        conditions: vec![
            condition("income", "人均月收入低于低保标准", "per_capita_income < param.dibao_standard"),
            condition("deposits", "人均存款不超过上限", "deposits / size <= param.deposit_limit"),
            condition("car", "没有车", "count(vehicles.*) = 0"),
            finding,
        ],
        amount: Some("shortfall * size".to_owned()),
        amount_title: Some("每月补差".to_owned()),
        exclusion_group: Some("basic".to_owned()),
        priority: Some(1),
        review_months: Some("CASE WHEN bool_or(members.student) THEN 6 ELSE 12 END".to_owned()),
    }
}

pub(super) fn compiled(source: &ProgrammeSource) -> Programme {
    Programme::compile(source, &shapes(), &parameters())
        .unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}"))
}

pub(super) fn found(met: Option<bool>) -> FindingValue {
    FindingValue {
        met,
        officer: "王某".to_owned(),
        reason: "入户核实".to_owned(),
        recorded_on: day("2026-07-10"),
    }
}

fn decided(record: &Record, context: &Context) -> Determination {
    compiled(&dibao()).decide(record, context)
}

#[test]
fn a_poor_family_gets_the_difference_and_hears_why() {
    let context = context().with_finding("property", found(Some(true)));
    let determination = decided(&family(), &context);
    assert_eq!(determination.outcome, Outcome::Met);
    assert_eq!(determination.amount, Some(Value::Number(number("139.20"))), "(760 - 725.20) * 4");
    assert_eq!(determination.review_months, Some(Value::from(6)));
    assert_eq!(determination.missing, []);
    let income = &determination.conditions[0];
    assert_eq!(income.comparisons[0].text, "人均月收入 725.2 < 低保标准 760");
    let paths: Vec<_> = income.reads.iter().map(|read| read.path.as_str()).collect();
    assert_eq!(paths, ["per_capita_income", "param.dibao_standard"]);
    assert_eq!(income.basis, ["law:income"]);
    let flip = determination.flip.expect("income could rise");
    assert_eq!(
        (flip.condition.as_str(), flip.delta, flip.inclusive),
        ("income", number("34.80").into(), true)
    );
    assert_eq!(flip.text, "人均月收入再高 34.8 即不符合");
    let working = determination.working.expect("met");
    assert_eq!(working.formula, "人均差额 * 共同生活人数");
    assert_eq!(working.figures, "34.8 * 4");
    let per_capita = &determination.definitions[2];
    assert_eq!(per_capita.figures, "2900.8 / 4");
    assert_eq!(per_capita.formula, "家庭成员月收入合计 / 共同生活人数");
    let paths: Vec<_> =
        per_capita.reads.iter().map(|read| (read.path.as_str(), read.title.as_str())).collect();
    assert_eq!(paths[..2], [("members", "家庭成员"), ("members[0].income", "家庭成员1·月收入")]);
}

#[test]
fn too_high_an_income_is_a_no_even_if_the_deposit_is_unknown() {
    let mut record = family().with("deposits", Value::Unknown);
    record.many.get_mut("members").expect("members")[1]
        .fields
        .insert("income".to_owned(), number("1180").into());
    let determination = decided(&record, &context());
    assert_eq!(determination.outcome, Outcome::NotMet);
    assert_eq!(determination.amount, None);
    assert_eq!(determination.missing, [], "nothing missing could change a no");
    assert_eq!(determination.flip, None, "one number alone does not make it a yes");
    let income = determination.conditions[0].flip.as_ref().expect("the condition itself could turn");
    assert_eq!(income.text, "人均月收入再低 35.2 以上即符合");
    assert!(!income.inclusive);
}

#[test]
fn unknown_names_what_is_missing() {
    let mut record = family().with("deposits", Value::Unknown);
    record.many.get_mut("members").expect("members")[3].fields.remove("income");
    let determination = decided(&record, &context());
    assert_eq!(determination.outcome, Outcome::Unknown);
    let missing: Vec<_> = determination.missing.iter().map(|m| (m.path.as_str(), m.title.as_str())).collect();
    assert_eq!(
        missing,
        [
            ("members[3].income", "家庭成员4·月收入"),
            ("deposits", "存款"),
            ("finding.property", "财产状况符合"),
        ]
    );
}

#[test]
fn a_determination_survives_its_json_and_is_the_same_every_time() {
    let context = context().with_finding("property", found(Some(true)));
    let determination = decided(&family(), &context);
    let json = serde_json::to_string(&determination).expect("serialises");
    let read: Determination = serde_json::from_str(&json).expect("reads back");
    assert_eq!(read, determination);
    let record: Record =
        serde_json::from_str(&serde_json::to_string(&family()).expect("serialises")).expect("reads back");
    let context: Context =
        serde_json::from_str(&serde_json::to_string(&context).expect("serialises")).expect("reads back");
    assert_eq!(record, family());
    assert_eq!(serde_json::to_string(&decided(&record, &context)).expect("serialises"), json);
}
