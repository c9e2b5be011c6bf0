//! Programmes that exclude each other.

use std::collections::BTreeMap;

use super::family::*;
use crate::*;

/// A programme that is met, refused or open, with its amount.
fn decided(id: &str, outcome: Option<bool>, amount: Option<&str>) -> Determination {
    let mut source = ProgrammeSource::new(id, &format!("项目{id}"), "household");
    source.conditions = vec![ConditionSource {
        id: "c".to_owned(),
        title: "条件".to_owned(),
        basis: vec![],
        kind: ConditionKind::Expression(match outcome {
            Some(true) => "TRUE".to_owned(),
            Some(false) => "FALSE".to_owned(),
            None => "unlimited > 5".to_owned(),
        }),
        tapers: false,
    }];
    source.amount = Some(amount.map_or("least(greatest(unlimited, 0), 9)".to_owned(), str::to_owned));
    Programme::compile(&source, &shapes(), &parameters()).expect("compiles").decide(&family(), &context())
}

/// Settles programmes written as (id, outcome, amount, persons), the priority by their order.
pub(super) fn settled(
    rule: ExclusionRule,
    written: &[(&str, Option<bool>, Option<&str>, &str)],
    choices: &[(&str, &str)],
) -> Vec<String> {
    let decisions: Vec<Determination> =
        written.iter().map(|(id, outcome, amount, _)| decided(id, *outcome, *amount)).collect();
    let persons: Vec<Vec<String>> =
        written.iter().map(|(.., persons)| persons.chars().map(String::from).collect()).collect();
    let claims: Vec<Claim<'_>> = decisions
        .iter()
        .zip(&persons)
        .zip(1..)
        .map(|((determination, persons), priority)| Claim {
            determination, subject: "家", persons, priority
        })
        .collect();
    let choices: BTreeMap<String, String> =
        choices.iter().map(|(person, programme)| ((*person).to_owned(), (*programme).to_owned())).collect();
    let settled = settle("basic", rule, &claims, &choices);
    assert_eq!(settled.len(), written.len());
    settled
        .into_iter()
        .map(|one| {
            let amount = one.amount.map(|amount| format!(" {amount}")).unwrap_or_default();
            let because = one.because_of.map(|other| format!(" <{other}")).unwrap_or_default();
            let missing: Vec<String> = one.missing.into_iter().map(|missing| missing.path).collect();
            let missing = if missing.is_empty() { String::new() } else { format!(" ?{}", missing.join(",")) };
            format!("{} {:?}{amount}{because}{missing}", one.programme, one.standing)
        })
        .collect()
}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);
const OPEN: Option<bool> = None;

#[test]
fn the_first_by_priority_pays() {
    let rule = ExclusionRule::Priority;
    let five = Some("5");
    assert_eq!(
        settled(rule, &[("a", YES, five, "1"), ("b", YES, Some("9"), "1")], &[]),
        ["a Pays 5", "b Excluded <a"]
    );
    assert_eq!(
        settled(rule, &[("a", NO, five, "1"), ("b", YES, Some("9"), "1")], &[]),
        ["a NotMet", "b Pays 9"]
    );
    assert_eq!(
        settled(rule, &[("a", OPEN, five, "1"), ("b", YES, Some("9"), "1")], &[]),
        ["a Unknown ?unlimited", "b Unknown <a ?unlimited"],
        "what could stand before it is open"
    );
    assert_eq!(
        settled(rule, &[("a", YES, five, "1"), ("b", OPEN, five, "1")], &[]),
        ["a Pays 5", "b Excluded <a"],
        "whether b is met does not matter any more"
    );
    assert_eq!(
        settled(rule, &[("a", YES, five, "1"), ("b", YES, five, "12"), ("c", YES, five, "2")], &[]),
        ["a Pays 5", "b Excluded <a", "c Pays 5"],
        "one that is excluded stands in nobody's way"
    );
    assert_eq!(settled(rule, &[("a", YES, five, "1"), ("b", YES, five, "2")], &[]), ["a Pays 5", "b Pays 5"]);
    assert_eq!(
        settled(rule, &[("a", YES, None, "1"), ("b", YES, five, "1")], &[]),
        ["a Pays ?unlimited", "b Excluded <a"]
    );
}

#[test]
fn the_higher_pays() {
    let rule = ExclusionRule::Highest;
    assert_eq!(
        settled(rule, &[("a", YES, Some("5"), "1"), ("b", YES, Some("9"), "1")], &[]),
        ["a Excluded <b", "b Pays 9"]
    );
    assert_eq!(
        settled(rule, &[("a", YES, Some("9"), "123"), ("b", YES, Some("4"), "1")], &[]),
        ["a Excluded <b", "b Pays 4"],
        "3 for each person against 4"
    );
    assert_eq!(
        settled(rule, &[("a", YES, Some("5"), "1"), ("b", YES, Some("5"), "1")], &[]),
        ["a Pays 5", "b Excluded <a"],
        "of equals the first"
    );
    assert_eq!(
        settled(rule, &[("a", YES, Some("5"), "1"), ("b", OPEN, Some("9"), "1")], &[]),
        ["a Unknown <b ?unlimited", "b Unknown ?unlimited"]
    );
    assert_eq!(
        settled(rule, &[("a", YES, Some("5"), "1"), ("b", YES, None, "1")], &[]),
        ["a Unknown <b ?unlimited", "b Unknown <a ?unlimited"],
        "amounts that cannot be compared"
    );
    assert_eq!(
        settled(rule, &[("a", YES, None, "1"), ("b", NO, Some("5"), "1")], &[]),
        ["a Pays ?unlimited", "b NotMet"]
    );
}

#[test]
fn the_person_chooses() {
    let rule = ExclusionRule::Choice;
    let both = [("a", YES, Some("5"), "1"), ("b", YES, Some("9"), "1")];
    assert_eq!(settled(rule, &both, &[]), ["a Unknown ?choice.basic", "b Unknown ?choice.basic"]);
    assert_eq!(settled(rule, &both, &[("1", "a")]), ["a Pays 5", "b Excluded <a"]);
    assert_eq!(settled(rule, &both, &[("1", "b")]), ["a Excluded <b", "b Pays 9"]);
    assert_eq!(settled(rule, &both, &[("1", "x")]), ["a Unknown ?choice.basic", "b Unknown ?choice.basic"]);
    let one = [("a", YES, Some("5"), "1"), ("b", NO, Some("9"), "1")];
    assert_eq!(settled(rule, &one, &[]), ["a Pays 5", "b NotMet"], "there is nothing to choose");
    assert_eq!(settled(rule, &one, &[("1", "b")]), ["a Pays 5", "b NotMet"]);
    let open = [("a", YES, Some("5"), "1"), ("b", OPEN, Some("9"), "1")];
    assert_eq!(settled(rule, &open, &[("1", "a")]), ["a Pays 5", "b Excluded <a"]);
    assert_eq!(settled(rule, &open, &[("1", "b")]), ["a Unknown <b ?unlimited", "b Unknown ?unlimited"]);
    let family = [("a", YES, Some("8"), "12"), ("b", YES, Some("9"), "1"), ("c", YES, Some("9"), "2")];
    assert_eq!(
        settled(rule, &family, &[("1", "a"), ("2", "c")]),
        ["a Excluded <c", "b Excluded <a", "c Pays 9"],
        "each person's word counts for what covers them"
    );
}

#[test]
fn a_settlement_says_why() {
    let (a, b) = (decided("a", YES, Some("5")), decided("b", YES, Some("9")));
    let persons = ["1".to_owned()];
    let claims =
        [&a, &b].map(|determination| Claim { determination, subject: "家", persons: &persons, priority: 1 });
    let text = |rule| {
        settle("g", rule, &claims, &BTreeMap::new()).into_iter().map(|one| one.text).collect::<Vec<_>>()
    };
    assert_eq!(text(ExclusionRule::Priority), ["可以享受", "已享受项目a，不重复享受"]);
    assert_eq!(text(ExclusionRule::Highest), ["就高享受项目b，不重复享受", "可以享受"]);
    assert!(text(ExclusionRule::Choice)[0].contains("还没有本人在项目a、项目b之间的选择"));
}
