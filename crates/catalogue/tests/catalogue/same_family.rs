//! 同一个家庭，各地各的结果: one family of two, one old person alone, decided by one set of rules with what each plan prints. Figures that a plan
//! does not print are those of its demonstration, and are the same everywhere.

use catalogue::{LoadOptions, Release, WrittenFamily};
use rules::{Outcome, Value};
use serde_json::{Value as Json, json};
use vocab::Month;

use crate::assistance::{day, yuan};
use crate::{folder, shown};

/// A place's packs with its demonstration, and a county of it that decides by the difference.
const PLACES: [(&str, &str); 5] = [
    ("baoding", "130602"),
    ("wuhai", "150302"),
    ("wenshan", "532601"),
    ("suqian", "321302"),
    ("county", "999901101"),
];

fn whole(name: &str) -> Release {
    let folders = [folder("national"), folder(name), folder(&format!("demo-{name}"))];
    Release::load_with(&[&folders[0], &folders[1], &folders[2]], LoadOptions { synthetic: true })
        .unwrap_or_else(|findings| panic!("{}", shown(&findings)))
}

/// Whether a programme is met, and how much it comes to.
fn said(release: &Release, division: &str, household: &Json, programme: &str) -> (Outcome, Option<Value>) {
    let judged = json!({ "cooperation": true, "property_judged": true });
    let tekun = json!({ "cooperation": true, "property_judged": true, "obligor": true });
    let family: WrittenFamily = serde_json::from_value(json!({
        "division": division, "complete": true, "household": household,
        "findings": { "dibao": judged, "dibao_single": judged, "marginal": judged, "rigid": judged, "tekun": tekun },
    }))
    .expect("a family");
    let decided = release
        // The demonstration has standards of its own from 2026 on; until then the plan's are carried forward.
        .decide_family(&family, day(2025, 10, 1), None)
        .unwrap_or_else(|wrong| panic!("{division}: {}", wrong.join("\n")));
    let mut all = decided.decisions.iter().map(|decision| &decision.determination);
    let one = all.find(|one| one.programme == programme).unwrap_or_else(|| panic!("no {programme}"));
    (one.outcome, one.amount.clone().filter(Value::is_known))
}

/// Two grown-ups in the country with this much a month between them.
fn couple(income: &str) -> Json {
    json!({
        "registered_here": true, "area": "rural", "houses": 1,
        "members": [
            { "born_on": "1981-03-05", "relation": "head", "transfer_income": income },
            { "born_on": "1984-11-19", "relation": "spouse" },
        ],
    })
}

/// SA-05, SA-24: the allowance is the gap to each place's own standard: 400, 760, 4,500 a year, 610, and 15,000 a year.
#[test]
fn one_family_gets_each_places_own_allowance() {
    let mut amounts = Vec::new();
    for (name, division) in PLACES {
        let (outcome, amount) = said(&whole(name), division, &couple("300"), "dibao");
        assert_eq!(outcome, Outcome::Met, "{name}");
        amounts.push(amount);
    }
    // 2 × 400 − 300; 2 × 760 − 300; 2 × 375 − 300; 2 × 610 − 300; 2 × 1,250 − 300.
    assert_eq!(amounts, ["500", "1220", "450", "920", "2200"].map(yuan));
}

/// SA-02: with 1,600 a month for two the family is on the allowance in one county, marginal in two cities, and neither in two.
#[test]
fn one_family_is_poor_here_and_marginal_there() {
    let standing: Vec<(bool, bool)> = PLACES
        .iter()
        .map(|(name, division)| {
            let release = whole(name);
            let met = |programme| said(&release, division, &couple("1600"), programme).0 == Outcome::Met;
            (met("dibao"), met("marginal"))
        })
        .collect();
    // 800 a head: 400 and 375 times one and a half are less; 760 and 610 times one and a half are more; 1,250 is more by itself.
    assert_eq!(standing, [(false, false), (false, true), (false, false), (false, true), (true, false)]);
    // Twice the standard in the county: 4,800 for two is marginal there, and nowhere else.
    for (name, division) in PLACES {
        let outcome = said(&whole(name), division, &couple("4800"), "marginal").0;
        assert_eq!(outcome == Outcome::Met, name == "county", "{name}");
    }
}

/// SA-27: three tiers of care in an institution of 文山; what 乌海 prints has two and the rest is its demonstration's.
#[test]
fn three_tiers_of_care_are_each_places_own() {
    let alone = |lost: usize| {
        let items = [
            "eats_alone",
            "dresses_alone",
            "moves_bed_alone",
            "toilets_alone",
            "walks_alone",
            "bathes_alone",
        ];
        let mut person =
            json!({ "born_on": "1950-01-01", "relation": "head", "support_form": "institution" });
        for (at, item) in items.iter().enumerate() {
            person[*item] = (at + lost < items.len()).into();
        }
        json!({ "registered_here": true, "area": "rural", "houses": 1, "members": [person] })
    };
    let release = whole("wenshan");
    let tiers = [6, 2, 0].map(|lost| said(&release, "532601", &alone(lost), "tekun").1);
    // 832 and 835, 418, 251.
    assert_eq!(tiers, ["1667", "1250", "1083"].map(yuan));
}

/// SA-23, SA-32: what a place promises and delegates is its own: 20 working days in 保定, 3,000 yuan for a township of 乌海.
#[test]
fn what_is_promised_and_delegated_is_each_places_own() {
    let month = Month::new(2026, 10).expect("a month");
    let set = |release: &Release, id: &str, division: &str| {
        Some(release.parameter_for(id, division, month, day(2026, 10, 1))).filter(Value::is_known)
    };
    let (baoding, wuhai) = (whole("baoding"), whole("wuhai"));
    assert_eq!(set(&baoding, "promised_days", "130602"), yuan("20"));
    assert_eq!(set(&baoding, "confirmation_delegated", "130624"), Some(Value::Boolean(true)));
    assert_eq!(set(&baoding, "confirmation_delegated", "130602"), Some(Value::Boolean(false)));
    assert_eq!(set(&wuhai, "temporary_delegated_max", "150302"), yuan("3000"));
    assert_eq!(set(&wuhai, "residence_filing", "150302"), Some(Value::Boolean(true)));
    let suqian = whole("suqian");
    let band = ["consumption_least_percent", "consumption_most_percent"];
    assert_eq!(band.map(|id| set(&suqian, id, "321302")), ["30", "40"].map(yuan));
    // 64 % in 2020, 70 % in 2025: the path between town and country in 文山.
    let plans = whole("wenshan").plans;
    let ratio =
        plans.iter().flat_map(|book| &book.indicators).find(|one| one.name.contains("最低生活保障标准比率"));
    let target = ratio.and_then(|one| one.target.as_ref()).and_then(|target| target.number.as_ref());
    assert_eq!(target.map(ToString::to_string).as_deref(), Some("70"));
}
