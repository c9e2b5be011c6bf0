//! What worked examples have not shown is said where it stands, and only what can come about is asked for.

use super::deciding::{compiled, condition, definition, found};
use super::family::*;
use crate::*;

fn programme(definitions: &[(&str, &str)], conditions: &[&str]) -> Programme {
    let mut source = ProgrammeSource::new("p", "项目", "household");
    source.definitions = definitions.iter().map(|(id, expr)| definition(id, id, expr)).collect();
    let ids = ["a", "b", "c"];
    source.conditions = ids.iter().zip(conditions).map(|(id, expr)| condition(id, id, expr)).collect();
    compiled(&source)
}

/// What is said after cases with these numbers of rooms (`None`: unknown), under the parameters of one place.
fn unseen(programme: &Programme, rooms: &[Option<i64>], contexts: &[Context]) -> Vec<String> {
    let mut coverage = Coverage::default();
    for rooms in rooms {
        let record = family().with("rooms", *rooms);
        contexts.iter().for_each(|context| programme.observe(&record, context, &mut coverage));
    }
    let said = programme.unseen(&coverage, contexts);
    said.into_iter().map(|one| one.zh).collect()
}

#[test]
fn a_condition_wants_yes_no_unknown_and_both_sides() {
    let programme = programme(&[], &["rooms <= 3"]);
    let all = [Some(3), Some(4), None];
    assert_eq!(unseen(&programme, &all, &[context()]), [] as [&str; 0]);
    assert_eq!(unseen(&programme, &all[..2], &[context()]), ["例子里没有见到“a”情况不明的"]);
    assert_eq!(
        unseen(&programme, &all[..1], &[context()]),
        ["例子里没有见到“a”不符合、情况不明的", "界限“房屋间数 ≤ 3”不成立的一边没有例子"]
    );
    assert_eq!(
        unseen(&programme, &all[2..], &[context()]),
        ["例子里没有见到“a”符合、不符合的", "界限“房屋间数 ≤ 3”两边都没有例子"]
    );
}

#[test]
fn each_threshold_stands_for_itself_wherever_it_is() {
    // The condition comes out both ways by the rooms alone; the deposits never settle it.
    let programme = programme(
        &[
            ("rich", "deposits > 1000"),
            ("count_earning", "count(members.*) FILTER (WHERE members.income > 5000)"),
        ],
        &["rooms <= 3 AND (rich OR count_earning BETWEEN 0 AND 2)"],
    );
    let said = unseen(&programme, &[Some(3), Some(4), None], &[context()]);
    assert_eq!(
        said,
        [
            "界限“月收入 > 5000”成立的一边没有例子",
            "界限“存款 > 1000”不成立的一边没有例子",
            "界限“count_earning ≤ 2”不成立的一边没有例子",
        ]
    );
    let parts: Vec<Part> = {
        let mut coverage = Coverage::default();
        programme.observe(&family(), &context(), &mut coverage);
        programme.unseen(&coverage, &[context()]).into_iter().map(|one| one.part).collect()
    };
    assert!(parts.contains(&Part::Definition("rich".to_owned())), "{parts:?}");
}

#[test]
fn what_cannot_come_about_here_is_not_asked_for() {
    let none = [] as [&str; 0];
    // Never asked where the parameter says so; asked where another place's does.
    let asked = programme(&[], &["CASE WHEN param.deposit_limit > 0 THEN rooms <= 3 ELSE TRUE END"]);
    let off = context().with("deposit_limit", 0);
    assert_eq!(unseen(&asked, &[Some(1)], std::slice::from_ref(&off)), none);
    assert_eq!(unseen(&asked, &[Some(1)], &[off, context()]).len(), 2);
    // A parameter without a value leaves nothing but unknown.
    let mut bare = context();
    bare.parameters.clear();
    let limit = programme(&[("limit", "param.deposit_limit * 2")], &["deposits <= limit"]);
    assert_eq!(unseen(&limit, &[Some(1)], &[bare.clone()]), none);
    assert_eq!(unseen(&limit, &[Some(1)], &[context()]).len(), 2);
    // With one part that has no value, no is still possible and yes is not: then nothing can be shown.
    let both = programme(&[], &["rooms <= 3 AND deposits <= param.deposit_limit"]);
    assert_eq!(unseen(&both, &[Some(3), Some(4)], &[bare]), none);
    // Parameters alone, and what is always known.
    let fixed = programme(&[], &["param.deposit_limit > 5 OR coalesce(rooms, 0) < 5"]);
    assert_eq!(unseen(&fixed, &[Some(1)], &[context()]), none);
    let known = programme(&[], &["coalesce(rooms, 0) < 5"]);
    assert_eq!(unseen(&known, &[Some(1), Some(7)], &[context()]), none);
    let day = programme(&[], &["law_on >= DATE '2026-07-01'"]);
    assert_eq!(unseen(&day, &[Some(1)], &[context()]), none);
}

#[test]
fn a_finding_is_judged_both_ways_and_left_open() {
    let mut source = super::deciding::dibao();
    source.conditions.retain(|condition| condition.id == "property");
    let programme = compiled(&source);
    let mut coverage = Coverage::default();
    let said = |coverage: &Coverage, context: &Context| {
        let said = programme.unseen(coverage, std::slice::from_ref(context));
        said.into_iter().map(|one| one.zh).collect::<Vec<_>>()
    };
    let judged = |met| context().with_finding("property", found(met));
    programme.observe(&family(), &judged(Some(true)), &mut coverage);
    assert_eq!(said(&coverage, &context()), ["例子里没有见到“财产状况符合”不符合、情况不明的"]);
    programme.observe(&family(), &judged(Some(false)), &mut coverage);
    programme.observe(&family(), &context(), &mut coverage);
    assert_eq!(said(&coverage, &context()), [] as [&str; 0]);
    // Where the place has settled it for everybody, nobody judges.
    assert_eq!(said(&Coverage::default(), &judged(Some(true))), [] as [&str; 0]);
}
