//! A family written as JSON, decided under every programme at once.

use catalogue::{FamilyDecision, WrittenFamily};
use chrono::NaiveDate;
use rules::{Outcome, Standing, Value};
use serde_json::{Value as Json, json};

use crate::demo;

fn written(change: impl FnOnce(&mut Json)) -> WrittenFamily {
    let mut family = json!({
        "division": "150302001002", "complete": true,
        "household": {
            "registered_here": true, "houses": 1, "rigid_medical": "2000",
            "members": [
                { "born_on": "1980-05-01", "relation": "head", "wage_income": "1800.80", "employed": true },
                { "born_on": "1950-01-15", "relation": "parent", "disability_kind": "physical", "disability_level": 1 },
            ],
        },
        "findings": { "dibao": { "cooperation": true }, "dibao_single": { "cooperation": true } },
    });
    change(&mut family);
    serde_json::from_value(family).expect("a family")
}

fn decide(change: impl FnOnce(&mut Json)) -> Result<FamilyDecision, Vec<String>> {
    let day = NaiveDate::from_ymd_opt(2026, 10, 1).expect("a day");
    demo().decide_family(&written(change), day, None)
}

#[test]
fn a_poor_family_gets_the_familys_benefit_and_nobody_a_second_one() {
    let decided = decide(|_| {}).expect("decides");
    let dibao = &decided.decisions[0];
    assert_eq!(
        (dibao.determination.programme.as_str(), dibao.settlement.standing),
        ("dibao", Standing::Pays)
    );
    assert_eq!(dibao.covers, ["members[0]", "members[1]"]);
    assert!(dibao.settlement.amount.as_ref().is_some_and(Value::is_known));
    let alone: Vec<_> =
        decided.decisions.iter().filter(|one| one.determination.programme == "dibao_single").collect();
    assert_eq!(alone.len(), 2, "each of the two members alone");
    for other in &decided.decisions[1..] {
        assert_ne!(other.settlement.standing, Standing::Pays, "{:?}", other.settlement);
    }
    let text = dibao.explained();
    assert!(text.starts_with("最低生活保障：可以享受，每月 "), "{text}");
    assert!(text.contains("[是] 家庭月人均收入低于当地最低生活保障标准　《社会救助法》第十八条"), "{text}");
    assert!(text.contains("即不符合"), "{text}");
}

#[test]
fn an_unknown_of_the_first_keeps_the_second_open() {
    let decided = decide(|family| {
        family["household"]["members"][0]["wage_income"] = Json::Null;
        family["household"]["rigid_medical"] = "0".into();
    })
    .expect("decides");
    let dibao = &decided.decisions[0];
    assert_eq!(
        (dibao.determination.outcome, dibao.settlement.standing),
        (Outcome::Unknown, Standing::Unknown)
    );
    assert!(dibao.settlement.missing.iter().any(|missing| missing.path == "members[0].wage_income"));
    assert!(dibao.explained().contains("还不知道：家庭成员1·工资性收入"), "{}", dibao.explained());
}

#[test]
fn what_is_not_said_is_unknown_unless_all_was_asked() {
    let decided = decide(|family| family["complete"] = false.into()).expect("decides");
    assert_eq!(decided.decisions[0].determination.outcome, Outcome::Unknown);
}

#[test]
fn every_mistake_of_a_family_is_said_at_once() {
    let wrong = decide(|family| {
        family["division"] = "1".into();
        family["household"]["houzes"] = 1.into();
        family["household"]["deposits"] = json!(0.5);
        family["findings"] = json!({ "dibaoo": {}, "dibao": { "cooperate": true } });
        family["choices"] = json!({ "members[0]": "x" });
    })
    .expect_err("wrong");
    let all = wrong.join("\n");
    for part in [
        "区划 1 不在",
        "houzes",
        "是不是 houses？",
        "小数要写成文本",
        "没有叫 dibaoo 的项目。是不是 dibao？",
        "没有这个条件",
        "没有叫 x 的项目",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let head = decide(|family| family["head"] = 5.into()).expect_err("wrong");
    assert!(head[0].contains("没有第 5 名成员"), "{head:?}");
    let month: Result<WrittenFamily, _> =
        serde_json::from_value(json!({ "division": "1", "household": {}, "monat": "2026-10" }));
    assert!(month.is_err(), "an unknown key is no slip to pass over");
}

#[test]
fn the_schema_names_every_fact() {
    let release = demo();
    let schema = release.family_schema();
    let member = &schema["$defs"]["member"]["properties"];
    for fact in release.facts.iter() {
        let shape = if release.shapes().shapes["person"].fields.contains_key(fact.id.as_str()) {
            "member"
        } else {
            "household"
        };
        let described = schema["$defs"][shape]["properties"][fact.id.as_str()]["description"].as_str();
        assert!(described.is_some_and(|text| text.starts_with(&fact.title)), "{}", fact.id.as_str());
    }
    assert_eq!(member["wage_income"]["description"], "工资性收入（元/月）");
    assert_eq!(member["wage_income"]["pattern"], "^-?[0-9]+(\\.[0-9]{1,2})?$");
    assert_eq!(member["disability_level"]["maximum"], 4);
    assert!(member["disability_kind"]["enum"].as_array().is_some_and(|codes| codes.contains(&Json::Null)));
    assert_eq!(schema["$defs"]["household"]["properties"]["members"]["items"]["$ref"], "#/$defs/member");
}
