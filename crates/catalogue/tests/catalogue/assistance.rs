//! The programmes of social assistance as the plans ask for them: each test names its row. The worked cases beside the packs say much
//! more; these hold what lies between programmes, places and dates.

use std::path::PathBuf;

use catalogue::{Decision, FamilyDecision, Release, WrittenFamily};
use chrono::NaiveDate;
use rules::{Outcome, Standing, Value};
use serde_json::{Value as Json, json};
use vocab::Month;

use crate::{city, demo, folder, shown};

pub fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("tests name days that exist")
}

fn decide(
    release: &Release,
    division: &str,
    household: Json,
    findings: Json,
    on: NaiveDate,
) -> FamilyDecision {
    let family =
        json!({ "division": division, "complete": true, "household": household, "findings": findings });
    let family: WrittenFamily = serde_json::from_value(family).expect("a family");
    release.decide_family(&family, on, None).unwrap_or_else(|wrong| panic!("{}", wrong.join("\n")))
}

fn found<'a>(decided: &'a FamilyDecision, programme: &str) -> &'a Decision {
    let mut all = decided.decisions.iter().filter(|one| one.determination.programme == programme);
    all.next().unwrap_or_else(|| panic!("{programme} was not decided"))
}

pub fn yuan(text: &str) -> Option<Value> {
    Some(Value::Number(text.parse().expect("a number")))
}

/// Everything that an officer can judge of an assistance programme, judged in the family's favour.
fn judged() -> Json {
    let all = json!({ "cooperation": true, "property_judged": true });
    json!({
        "dibao": all, "dibao_single": all, "marginal": all, "rigid": all,
        "tekun": { "cooperation": true, "property_judged": true, "obligor": true },
        "temporary_emergency": { "severe": true },
        "temporary_expenditure": { "severe": true, "property_judged": true },
    })
}

pub fn place(name: &str) -> Release {
    let folders: [PathBuf; 2] = [folder("national"), folder(name)];
    Release::load(&[&folders[0], &folders[1]]).unwrap_or_else(|findings| panic!("{}", shown(&findings)))
}

/// Somebody of 76 who lives alone and cannot do the last items of self-care.
fn alone(lost: usize) -> Json {
    let items =
        ["eats_alone", "dresses_alone", "moves_bed_alone", "toilets_alone", "walks_alone", "bathes_alone"];
    let mut person = json!({ "born_on": "1950-01-01", "relation": "head" });
    for (at, item) in items.iter().enumerate() {
        person[*item] = (at + lost < items.len()).into();
    }
    json!({ "registered_here": true, "area": "urban", "members": [person] })
}

/// SA-02: the limit of marginal families is a multiple of the standard, dated, and another in the county whose plan prints 2.
#[test]
fn the_limit_of_marginal_families_is_a_dated_multiple() {
    let month = Month::new(2026, 10).expect("a month");
    let multiple = |release: &Release, law_on| release.parameter_for("marginal_multiple", "", month, law_on);
    let (national, county) = (city(), place("county"));
    assert_eq!(Some(multiple(&national, day(2026, 10, 1))), yuan("1.5"));
    assert!(!multiple(&national, day(2021, 6, 30)).is_known(), "before the measures there was no such limit");
    assert_eq!(Some(multiple(&county, day(2026, 10, 1))), yuan("2"));
}

/// SA-03: one set of rules for town and country; only the figures of the place differ.
#[test]
fn town_and_country_are_decided_by_the_same_rules() {
    let release = place("baoding");
    let outcome = |area: &str, programme: &str| {
        let household = json!({
            "registered_here": true, "area": area,
            "members": [{ "born_on": "1980-05-01", "relation": "head", "transfer_income": "500" }],
        });
        let decided = decide(&release, "130602001002", household, judged(), day(2026, 10, 1));
        found(&decided, programme).determination.outcome
    };
    assert_eq!((outcome("urban", "dibao"), outcome("rural", "dibao")), (Outcome::Met, Outcome::NotMet));
    assert_eq!((outcome("urban", "marginal"), outcome("rural", "marginal")), (Outcome::NotMet, Outcome::Met));
}

/// SA-08: somebody who meets 特困 and 低保 is supported once, as 特困; a child with an able parent at home is not 特困 at all.
#[test]
fn support_of_the_destitute_stands_before_subsistence() {
    let release = demo();
    let decided = decide(&release, "150302001002", alone(0), judged(), day(2026, 10, 1));
    assert_eq!(found(&decided, "tekun").settlement.standing, Standing::Pays);
    assert_eq!(found(&decided, "dibao").settlement.standing, Standing::Excluded);
    let mut findings = judged();
    findings["tekun"]["obligor"] = false.into();
    let decided = decide(&release, "150302001002", alone(0), findings, day(2026, 10, 1));
    assert_eq!(found(&decided, "tekun").settlement.standing, Standing::NotMet);
    assert_eq!(found(&decided, "dibao").settlement.standing, Standing::Pays);
    let family = json!({
        "registered_here": true, "area": "urban",
        "members": [
            { "born_on": "2015-01-01", "relation": "child" },
            { "born_on": "1986-01-01", "relation": "head" },
        ],
    });
    let decided = decide(&release, "150302001002", family, judged(), day(2026, 10, 1));
    assert_eq!(found(&decided, "tekun").determination.outcome, Outcome::NotMet);
}

/// SA-26: basic living is never below the place's multiple of 低保, whatever was last published.
#[test]
fn basic_living_keeps_up_with_subsistence() {
    let release = demo();
    let amount = |division: &str| {
        let decided = decide(&release, division, alone(0), judged(), day(2026, 10, 1));
        found(&decided, "tekun").determination.amount.clone()
    };
    assert_eq!(amount("150302001002"), yuan("1990"), "1750 published, and 240 for care");
    assert_eq!(amount("150304002"), yuan("1488"), "1200 published, 1.3 times 960 is 1248, and 240 for care");
}

/// SA-27: the part for care goes by how many of the six items of self-care are lost.
#[test]
fn care_goes_by_the_items_of_self_care() {
    let release = demo();
    let care = ["1990", "2230", "2230", "2230", "2950", "2950", "2950"];
    for (lost, expected) in care.into_iter().enumerate() {
        let decided = decide(&release, "150302001002", alone(lost), judged(), day(2026, 10, 1));
        assert_eq!(found(&decided, "tekun").determination.amount, yuan(expected), "{lost} lost");
    }
}

/// SA-28: the subsidy is due in the months in which either rise reaches its line, and unknown where nobody entered the rises.
#[test]
fn prices_trigger_the_subsidy_month_by_month() {
    let release = demo();
    let household = json!({
        "registered_here": true, "area": "urban",
        "members": [{ "born_on": "1980-05-01", "relation": "head", "assistance_class": "dibao" }],
    });
    let subsidy = |month| {
        let decided = decide(&release, "150302001002", household.clone(), json!({}), day(2026, month, 1));
        let found = found(&decided, "price_subsidy");
        (found.determination.outcome, found.determination.amount.clone().filter(Value::is_known))
    };
    assert_eq!(subsidy(8), (Outcome::NotMet, None));
    assert_eq!(subsidy(9), (Outcome::Met, yuan("33.6")));
    assert_eq!(subsidy(10), (Outcome::Met, yuan("32.64")));
    assert_eq!(subsidy(12).0, Outcome::Unknown);
}

/// SA-31, SA-32: emergencies are aided by level, expenses by their share, and both within what a family may get in twelve months.
#[test]
fn temporary_aid_of_both_kinds_keeps_to_one_ceiling() {
    let release = demo();
    let amounts = |received: &str| {
        let household = json!({
            "emergency_kind": "fire", "hardship_level": "b", "rigid_medical": "2000", "temporary_received": received,
            "members": [{ "born_on": "1980-05-01", "relation": "head", "transfer_income": "1000" }],
        });
        let decided = decide(&release, "150302001002", household, judged(), day(2026, 10, 1));
        ["temporary_emergency", "temporary_expenditure"]
            .map(|programme| found(&decided, programme).determination.amount.clone().filter(Value::is_known))
    };
    assert_eq!(amounts("0"), [yuan("2880"), yuan("7200")]);
    assert_eq!(amounts("59000"), [yuan("1000"), yuan("1000")]);
    assert_eq!(amounts("60000"), [None, None]);
}
