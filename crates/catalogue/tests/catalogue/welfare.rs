//! The programmes of welfare as the plans ask for them: each test names its row. The worked cases beside the packs say much more;
//! these hold what lies between programmes, places and dates.

use catalogue::{Decision, FamilyDecision, Release, WrittenFamily};
use chrono::NaiveDate;
use rules::{Outcome, Standing, Value};
use serde_json::{Value as Json, json};

use crate::assistance::{day, place, yuan};
use crate::{city, demo};

/// A district of the demonstration, and another that set other switches.
const HAIBOWAN: &str = "150302001002";
const HAINAN: &str = "150303001006";

/// Somebody who lives alone and is registered here, with these facts.
fn of_one(release: &Release, division: &str, facts: Json, on: NaiveDate) -> FamilyDecision {
    let mut person = json!({ "born_on": "1950-01-01", "relation": "head" });
    let Json::Object(facts) = facts else { panic!("facts are an object") };
    for (fact, value) in facts {
        person[fact] = value;
    }
    let family = json!({
        "division": division, "complete": true,
        "household": { "registered_here": true, "members": [person] },
    });
    let family: WrittenFamily = serde_json::from_value(family).expect("a family");
    release.decide_family(&family, on, None).unwrap_or_else(|wrong| panic!("{}", wrong.join("\n")))
}

fn found<'a>(decided: &'a FamilyDecision, programme: &str) -> &'a Decision {
    let mut all = decided.decisions.iter().filter(|one| one.determination.programme == programme);
    all.next().unwrap_or_else(|| panic!("{programme} was not decided"))
}

fn amount(decided: &FamilyDecision, programme: &str) -> Option<Value> {
    found(decided, programme).determination.amount.clone().filter(Value::is_known)
}

fn today() -> NaiveDate {
    day(2026, 10, 1)
}

/// Rights over money are held for the business of the item that grants it, not of a late reckoning that reads it too; what nobody can apply
/// for says its own.
#[test]
fn every_programme_belongs_to_one_business() {
    let release = demo();
    for (programme, business) in [
        ("dibao", "assistance"),
        ("orphan_living", "children"),
        ("infected_child_living", "children"),
        ("old_age_allowance", "elderly"),
        ("disability_care", "disability"),
        ("eco_burial_reward", "funeral"),
        ("price_subsidy", "assistance"),
    ] {
        assert_eq!(release.business_of(programme), Some(business), "{programme}");
    }
    assert!(release.programmes.iter().all(|programme| release.business_of(&programme.id).is_some()));
    assert_eq!(release.business_of("nothing_of_the_kind"), None);
}

/// EL-14: the subsidies for service and care go by difficulty, age and ability.
#[test]
fn subsidies_of_the_elderly_go_by_type_of_difficulty() {
    let release = demo();
    let said = |born: &str, class: &str, score: Option<u32>| {
        let facts = json!({ "born_on": born, "assistance_class": class, "ability_score": score, "ability_adjustment": "none" });
        let decided = of_one(&release, HAIBOWAN, facts, today());
        ["elder_service_subsidy", "elder_care_subsidy"].map(|programme| {
            let outcome = found(&decided, programme).determination.outcome;
            (outcome == Outcome::Met).then(|| amount(&decided, programme)).flatten()
        })
    };
    assert_eq!(said("1940-01-01", "dibao", Some(90)), [yuan("100"), None], "old and poor, but able");
    assert_eq!(
        said("1955-01-01", "dibao", Some(50)),
        [yuan("100"), yuan("100")],
        "not so old, moderately unable"
    );
    assert_eq!(said("1955-01-01", "dibao", Some(10)), [yuan("100"), yuan("200")], "wholly unable");
    assert_eq!(said("1955-01-01", "none", Some(10)), [None, None], "not poor");
}

/// EL-15: the allowance of the old begins at eighty and rises with age; from a hundred on the one that pays more is paid.
#[test]
fn the_old_age_allowance_rises_with_age() {
    let release = demo();
    let said = |born: &str| {
        let decided = of_one(&release, HAIBOWAN, json!({ "born_on": born }), today());
        let paying = |programme: &str| {
            let found = found(&decided, programme);
            (found.settlement.standing == Standing::Pays).then(|| amount(&decided, programme)).flatten()
        };
        [paying("old_age_allowance"), paying("longevity_allowance")]
    };
    assert_eq!(said("1946-10-02"), [None, None], "eighty tomorrow");
    assert_eq!(said("1946-10-01"), [yuan("100"), None]);
    assert_eq!(said("1936-10-01"), [yuan("200"), None]);
    assert_eq!(said("1926-10-01"), [None, yuan("600")], "300 and 600 are not paid together");
    let poor_only = of_one(&release, HAINAN, json!({ "born_on": "1946-01-01" }), today());
    assert_eq!(found(&poor_only, "old_age_allowance").determination.outcome, Outcome::NotMet);
}

/// CH-02: children's basic living at the standards that each plan prints: by class, by month or by year; half of it for the seriously ill.
#[test]
fn children_live_on_the_printed_standards() {
    let lost = json!({
        "born_on": "2016-01-01", "father_status": "dead", "mother_status": "untraceable", "in_child_institution": true,
    });
    let at_home = |mut facts: Json| {
        facts["in_child_institution"] = false.into();
        facts
    };
    let orphan = |release: &Release, division: &str, facts: Json| {
        amount(&of_one(release, division, facts, today()), "orphan_living")
    };
    let (wuhai, wenshan, county) = (city(), place("wenshan"), place("county"));
    assert_eq!(orphan(&wuhai, HAIBOWAN, lost.clone()), yuan("2100"));
    assert_eq!(orphan(&wuhai, HAIBOWAN, at_home(lost.clone())), yuan("1800"));
    assert_eq!(orphan(&wenshan, "532601", lost.clone()), yuan("1980"));
    assert_eq!(orphan(&wenshan, "532601", at_home(lost.clone())), yuan("1280"));
    // The county's name is masked in the print: its pack has no places of its own.
    let month = vocab::Month::new(2026, 10).expect("a month");
    let printed = county.parameter_for("orphan_institution_standard_year", "", month, today());
    assert_eq!(Some(printed), yuan("30000"), "30,000 a year");
    let ill = json!({ "born_on": "2016-01-01", "serious_illness": true });
    assert_eq!(amount(&of_one(&demo(), HAIBOWAN, ill, today()), "ill_child_living"), yuan("900"));
}

/// DI-04, DI-05: both subsidies of the disabled at dated standards by level, and who is covered by switches of the place.
#[test]
fn subsidies_of_the_disabled_go_by_level_and_place() {
    let release = demo();
    let said = |division: &str, class: &str, kind: &str, level: u32, months: u32| {
        let facts = json!({
            "assistance_class": class, "disability_kind": kind, "disability_level": level, "care_months": months,
        });
        let decided = of_one(&release, division, facts, today());
        ["disability_living", "disability_care"].map(|programme| {
            let outcome = found(&decided, programme).determination.outcome;
            (outcome == Outcome::Met).then(|| amount(&decided, programme)).flatten()
        })
    };
    assert_eq!(said(HAIBOWAN, "dibao", "physical", 1, 6), [yuan("110"), yuan("130")]);
    assert_eq!(said(HAIBOWAN, "dibao", "physical", 2, 5), [yuan("110"), None], "no long care");
    assert_eq!(
        said(HAIBOWAN, "marginal", "mental", 3, 6),
        [yuan("110"), yuan("80")],
        "covered since the switches"
    );
    assert_eq!(said(HAIBOWAN, "marginal", "physical", 3, 6), [yuan("110"), None]);
    assert_eq!(said(HAIBOWAN, "none", "physical", 2, 6), [None, yuan("110")]);
    assert_eq!(
        said(HAINAN, "none", "physical", 2, 0),
        [yuan("110"), yuan("110")],
        "old and disabled, care presumed"
    );
}

/// DI-06: the living subsidy beside other aid: nobody on 特困, no orphan, and the higher of two living benefits.
#[test]
fn the_living_subsidy_is_fitted_to_other_aid() {
    let release = demo();
    let outcome = |facts: Json| {
        let mut all =
            json!({ "assistance_class": "dibao", "disability_kind": "physical", "disability_level": 2 });
        for (fact, value) in facts.as_object().expect("facts") {
            all[fact] = value.clone();
        }
        found(&of_one(&release, HAIBOWAN, all, today()), "disability_living").determination.outcome
    };
    assert_eq!(outcome(json!({})), Outcome::Met);
    assert_eq!(outcome(json!({ "assistance_class": "tekun" })), Outcome::NotMet);
    assert_eq!(outcome(json!({ "injury_care_allowance": true })), Outcome::NotMet);
    assert_eq!(outcome(json!({ "other_living_benefit": "109.99" })), Outcome::Met);
    assert_eq!(outcome(json!({ "other_living_benefit": "110" })), Outcome::NotMet);
    let orphan = json!({ "born_on": "2016-01-01", "father_status": "dead", "mother_status": "dead" });
    assert_eq!(outcome(orphan), Outcome::NotMet);
}

/// FU-01: each basic charge of a funeral is taken over up to its limit, for the groups that a place names.
#[test]
fn basic_funeral_charges_are_taken_over_up_to_their_limits() {
    let release = demo();
    let said = |division: &str, class: &str| {
        let facts = json!({
            "deceased": true, "assistance_class": class,
            "fee_transport": "180", "fee_keeping": "360", "fee_cremation": "480", "fee_ashes": "0",
        });
        let decided = of_one(&release, division, facts, today());
        let outcome = found(&decided, "funeral_reduction").determination.outcome;
        (outcome == Outcome::Met).then(|| amount(&decided, "funeral_reduction")).flatten()
    };
    assert_eq!(said(HAIBOWAN, "dibao"), yuan("960"), "180, 300 of 360, 480");
    assert_eq!(said(HAIBOWAN, "none"), None);
    assert_eq!(said(HAINAN, "none"), yuan("960"), "free for everybody");
}

/// FU-07: burial on little land is rewarded by its kind, a grave is not.
#[test]
fn burial_on_little_land_is_rewarded_by_kind() {
    let release = demo();
    let reward = |kind: &str| {
        let facts = json!({ "deceased": true, "burial_kind": kind });
        let decided = of_one(&release, HAIBOWAN, facts, today());
        let outcome = found(&decided, "eco_burial_reward").determination.outcome;
        (outcome == Outcome::Met).then(|| amount(&decided, "eco_burial_reward")).flatten()
    };
    let kinds = ["sea", "scatter", "tree", "deep", "niche", "grave", "none"];
    let expected = ["2000", "2000", "1500", "1000", "800"].map(yuan).into_iter().chain([None, None]);
    assert_eq!(kinds.map(reward).to_vec(), expected.collect::<Vec<_>>());
}
