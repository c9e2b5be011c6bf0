//! What is probably not meant: each lint where it should speak, and the near misses where it must not.

use super::family::*;
use crate::*;

fn programme(definitions: &[(&str, &str)], condition: &str, amount: &str) -> ProgrammeSource {
    let mut source = ProgrammeSource::new("p", "项目", "household");
    source.definitions = definitions
        .iter()
        .map(|(id, expr)| DefinitionSource {
            id: (*id).to_owned(),
            title: (*id).to_owned(),
            expr: (*expr).to_owned(),
            unit: None,
        })
        .collect();
    source.conditions = vec![ConditionSource {
        id: "c".to_owned(),
        title: "条件".to_owned(),
        basis: vec![],
        kind: ConditionKind::Expression(condition.to_owned()),
        tapers: false,
    }];
    source.amount = Some(amount.to_owned());
    source
}

/// Each lint as its kind and the characters it points at.
fn shown(source: &ProgrammeSource, lints: Vec<Lint>) -> Vec<String> {
    let text = |part: &Part| match part {
        Part::Definition(id) => {
            source.definitions.iter().find(|one| one.id == *id).map(|one| one.expr.clone())
        }
        Part::Condition(_) => match &source.conditions[0].kind {
            ConditionKind::Expression(text) => Some(text.clone()),
            ConditionKind::Finding => None,
        },
        _ => source.amount.clone(),
    };
    lints
        .into_iter()
        .map(|lint| {
            let Span { start, end } = lint.diagnostic.span;
            let text = text(&lint.diagnostic.part).expect("a text");
            let pointed: String = text.chars().skip(start).take(end - start).collect();
            format!("{:?} {pointed}", lint.kind)
        })
        .collect()
}

fn lints(definitions: &[(&str, &str)], condition: &str, amount: &str) -> Vec<String> {
    let source = programme(definitions, condition, amount);
    let programme = Programme::compile(&source, &shapes(), &parameters())
        .unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}"));
    shown(&source, programme.lints(&shapes()))
}

fn condition(text: &str) -> Vec<String> {
    lints(&[], text, "0")
}

fn amount(text: &str) -> Vec<String> {
    lints(&[], "urban", text)
}

const NONE: [String; 0] = [];

#[test]
fn conditions_that_always_come_out_the_same() {
    assert_eq!(condition("rooms >= 0"), ["AlwaysTrue rooms >= 0"]);
    assert_eq!(condition("urban AND rooms > 100"), ["AlwaysFalse urban AND rooms > 100"]);
    assert_eq!(condition("urban OR rooms > 100"), ["AlwaysFalse rooms > 100"]);
    assert_eq!(condition("NOT rooms < 0"), ["AlwaysTrue NOT rooms < 0"]);
    assert_eq!(condition("deposits = deposits"), ["AlwaysTrue deposits = deposits"]);
    assert_eq!(condition("rooms > 5 AND rooms < 3"), ["AlwaysFalse rooms > 5 AND rooms < 3"]);
    assert_eq!(condition("rooms > 4 AND rooms < 5"), ["AlwaysFalse rooms > 4 AND rooms < 5"], "whole rooms");
    assert_eq!(condition("deposits > 4 AND deposits < 5"), NONE);
    assert_eq!(condition("rooms < 5 OR rooms >= 3"), ["AlwaysTrue rooms < 5 OR rooms >= 3"]);
    assert_eq!(condition("rooms < 5 OR rooms > 5"), NONE);
    assert_eq!(condition("rooms BETWEEN 9 AND 2"), ["AlwaysFalse rooms BETWEEN 9 AND 2"]);
    assert_eq!(condition("rooms NOT BETWEEN 0 AND 100"), ["AlwaysFalse rooms NOT BETWEEN 0 AND 100"]);
    assert_eq!(
        condition("housing = 'owned' AND housing = 'rented'"),
        ["AlwaysFalse housing = 'owned' AND housing = 'rented'"]
    );
    assert_eq!(condition("housing = 'owned' AND housing IN ('owned', 'rented')"), NONE);
    assert_eq!(condition("1 = 2 OR urban"), ["AlwaysFalse 1 = 2"]);
    assert_eq!(condition("DATE '2026-01-01' < DATE '2025-01-01' OR urban").len(), 1);
    assert_eq!(condition("law_on < DATE '2025-01-01' OR urban"), NONE);
    assert_eq!(condition("bool_or(members.income >= 0) OR urban"), ["AlwaysTrue members.income >= 0"]);
    assert_eq!(condition("count(members.*) >= 0"), ["AlwaysTrue count(members.*) >= 0"]);
    assert_eq!(
        condition("age_at(head.birthday, law_on) < 0 OR urban"),
        ["AlwaysFalse age_at(head.birthday, law_on) < 0"]
    );
    assert_eq!(condition("NULL IS NULL AND urban"), ["AlwaysTrue NULL IS NULL"]);
    assert_eq!(condition("rooms IS NOT NULL"), NONE);
    assert_eq!(condition("CASE WHEN urban THEN rooms > 2 ELSE TRUE END"), NONE, "TRUE says so itself");
    assert_eq!(
        lints(&[("d", "rooms >= 0")], "d OR urban", "0"),
        ["AlwaysTrue rooms >= 0", "AlwaysTrue d OR urban"]
    );
    assert_eq!(condition("least(rooms, 5) <= 5"), ["AlwaysTrue least(rooms, 5) <= 5"]);
    assert_eq!(condition("param.dibao_standard >= 0 AND urban"), ["AlwaysTrue param.dibao_standard >= 0"]);
}

#[test]
fn bands_with_a_gap_or_an_overlap() {
    assert_eq!(amount("CASE WHEN rooms < 2 THEN 10 WHEN rooms < 5 THEN 5 ELSE 0 END"), NONE);
    assert_eq!(amount("CASE WHEN rooms >= 5 THEN 1 WHEN rooms >= 2 THEN 2 ELSE 3 END"), NONE);
    assert_eq!(
        amount("CASE WHEN rooms < 5 THEN 10 WHEN rooms < 2 THEN 5 ELSE 0 END"),
        ["Overlap rooms < 2"],
        "the wrong way round"
    );
    assert_eq!(
        amount("CASE WHEN rooms BETWEEN 0 AND 2 THEN 3 WHEN rooms BETWEEN 2 AND 5 THEN 2 ELSE 1 END"),
        ["Overlap rooms BETWEEN 2 AND 5"]
    );
    assert_eq!(
        amount("CASE WHEN rooms BETWEEN 0 AND 2 THEN 3 WHEN rooms BETWEEN 3 AND 5 THEN 2 ELSE 1 END"),
        NONE,
        "nothing lies between 2 and 3 rooms"
    );
    let money =
        "CASE WHEN deposits BETWEEN 0 AND 100 THEN 3 WHEN deposits BETWEEN 101 AND 200 THEN 2 ELSE 1 END";
    assert_eq!(amount(money), [format!("Gap {money}")], "100.50 falls between");
    let open = "CASE WHEN rooms < 2 THEN 3 WHEN rooms > 2 THEN 1 END";
    assert_eq!(amount(open), [format!("Gap {open}")]);
    assert_eq!(
        amount("CASE WHEN rooms < 2 THEN 3 WHEN rooms <= 100 THEN 1 END"),
        ["AlwaysTrue rooms <= 100"],
        "no gap: 100 is the most"
    );
    assert_eq!(amount("CASE WHEN rooms > 2 AND rooms <= 4 THEN 3 WHEN rooms > 4 THEN 1 ELSE 0 END"), NONE);
    assert_eq!(
        amount("CASE WHEN rooms > 2 AND rooms <= 5 THEN 3 WHEN rooms > 4 THEN 1 ELSE 0 END"),
        ["Overlap rooms > 4"]
    );
    assert_eq!(
        amount("CASE WHEN urban THEN 1 WHEN rooms < 2 THEN 2 WHEN rooms < 1 THEN 3 ELSE 4 END"),
        NONE,
        "not bands of one value"
    );
    let codes = "CASE housing WHEN 'owned' THEN 1 WHEN 'rented' THEN 2 END";
    assert_eq!(amount(codes), [format!("Gap {codes}")], "'none' has no branch");
    assert_eq!(
        amount("CASE housing WHEN 'owned' THEN 1 WHEN 'owned' THEN 2 ELSE 3 END"),
        ["Overlap 'owned'"]
    );
    assert_eq!(
        amount("CASE WHEN housing = 'owned' THEN 1 WHEN housing IN ('rented', 'none') THEN 2 END"),
        NONE
    );
    assert_eq!(amount("CASE rooms WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 1 THEN 3 ELSE 0 END"), ["Overlap 1"]);
    assert_eq!(
        amount("round(sum(CASE WHEN members.income < 5 THEN 1 WHEN members.income < 3 THEN 2 ELSE 0 END))"),
        ["Overlap members.income < 3"],
        "inside an aggregate too"
    );
}

#[test]
fn bands_of_parameters_are_laid_side_by_side_where_they_have_values() {
    let text = "CASE WHEN deposits < param.deposit_limit THEN 2 WHEN deposits < param.dibao_standard THEN 1 ELSE 0 END";
    let source = programme(&[], "urban", text);
    let programme = Programme::compile(&source, &shapes(), &parameters()).expect("compiles");
    assert_eq!(shown(&source, programme.lints(&shapes())), NONE);
    let context = context();
    assert_eq!(
        shown(&source, programme.lints_in(&context, &shapes())),
        ["Overlap deposits < param.dibao_standard"],
        "6000 comes before 760"
    );
    let context = context.with("dibao_standard", number("9000"));
    assert_eq!(shown(&source, programme.lints_in(&context, &shapes())), NONE);
}

#[test]
fn definitions_that_nobody_uses() {
    let definitions = [("a", "rooms + 1"), ("b", "a * 2"), ("c", "rooms"), ("d", "c + 1")];
    assert_eq!(
        lints(&definitions, "b > 3", "0"),
        ["UnusedDefinition rooms", "UnusedDefinition c + 1"],
        "c is used only by d, which nobody uses"
    );
    assert_eq!(lints(&definitions[..2], "urban", "a + b"), NONE);
}

#[test]
fn amounts_that_might_be_negative() {
    let income =
        [("per_capita", "sum(members.income) / count(members.*)"), ("standard", "param.dibao_standard")];
    let with = |condition: &str, amount: &str| lints(&income, condition, amount);
    assert_eq!(with("per_capita < standard", "standard - per_capita"), NONE);
    assert_eq!(with("per_capita < standard", "(param.dibao_standard - per_capita) * count(members.*)"), NONE);
    assert_eq!(with("standard >= per_capita AND urban", "round(standard - per_capita + 5, 2)"), NONE);
    assert_eq!(with("per_capita < standard", "standard * count(members.*) - sum(members.income)"), NONE);
    assert_eq!(with("per_capita < standard", "count(members.*) * standard - sum(members.income)"), NONE);
    assert_eq!(
        with("per_capita < standard", "standard * count(members.*) - sum(members.income) - 1"),
        ["NegativeAmount standard * count(members.*) - sum(members.income) - 1"]
    );
    assert_eq!(
        with("per_capita < standard OR urban", "standard - per_capita"),
        ["NegativeAmount standard - per_capita"]
    );
    assert_eq!(
        with("per_capita < standard", "per_capita - standard"),
        ["NegativeAmount per_capita - standard"]
    );
    assert_eq!(with("per_capita > 0", "greatest(standard - per_capita, 0)"), NONE);
    assert_eq!(
        with("per_capita > 0", "least(standard - per_capita, 0) + standard"),
        ["NegativeAmount least(standard - per_capita, 0) + standard"]
    );
    assert_eq!(with("per_capita < standard", "CASE WHEN urban THEN standard - per_capita ELSE 0 END"), NONE);
    assert_eq!(lints(&[], "rooms BETWEEN 2 AND 9", "rooms - 2 + deposits"), NONE);
    assert_eq!(lints(&[], "urban", "rooms - 1"), ["NegativeAmount rooms - 1"]);
    assert_eq!(lints(&[], "urban", "deposits - deposits + 5"), NONE, "what stands on both sides is gone");
}

#[test]
fn parameters_without_a_value() {
    let here = |condition: &str, amount: &str, context: &Context| {
        let source = programme(&[("limit", "param.deposit_limit * 2")], condition, amount);
        let programme = Programme::compile(&source, &shapes(), &parameters()).expect("compiles");
        shown(&source, programme.lints_in(context, &shapes()))
    };
    let mut none = context();
    none.parameters.clear();
    none.tables.clear();
    assert_eq!(here("deposits < limit", "limit", &context()), NONE);
    assert_eq!(here("deposits < limit", "limit", &none), ["NoValue param.deposit_limit"]);
    assert_eq!(
        here("deposits < coalesce(param.deposit_limit, 5)", "0", &none),
        NONE,
        "the rule says what then"
    );
    assert_eq!(
        here("deposits < coalesce(param.deposit_limit, param.dibao_standard)", "0", &none),
        ["NoValue param.dibao_standard"]
    );
    let only = none.clone().with("dibao_standard", number("0"));
    let case = "CASE WHEN param.dibao_standard > 0 THEN param.deposit_limit ELSE 0 END";
    assert_eq!(here("urban", case, &only), NONE, "the branch is not taken here");
    assert_eq!(here("urban", case, &context()), NONE);
    assert_eq!(here("param.dibao_standard > 0 AND deposits < limit", "0", &only), NONE, "it is a no already");
    assert_eq!(here("urban", "table.care['1']", &context()), NONE);
    assert_eq!(here("urban", "table.care['3']", &context()), ["NoValue table.care['3']"]);
    assert_eq!(
        here("urban", "table.care[head.disability]", &context()),
        ["NoValue table.care[head.disability]"]
    );
    assert_eq!(here("urban", "coalesce(table.care[head.disability], 0)", &context()), NONE);
    assert_eq!(here("urban", "table.care['1']", &none), ["NoValue table.care['1']"]);
}

#[test]
fn a_lint_speaks_both_languages() {
    let source = programme(&[], "rooms >= 0", "rooms - 1");
    let programme = Programme::compile(&source, &shapes(), &parameters()).expect("compiles");
    for lint in programme.lints(&shapes()) {
        assert!(
            !lint.diagnostic.zh.is_ascii() && lint.diagnostic.en.chars().all(|c| (c as u32) < 0x2E80),
            "{:?}",
            lint.diagnostic
        );
    }
}
