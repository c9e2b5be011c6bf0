//! The packs that ship.

use std::collections::BTreeMap;

use catalogue::definition::{Effect, Limit, PlaceKind, Scalar};
use catalogue::{Layer, LoadOptions, Number, PackFiles, Release};
use chrono::NaiveDate;
use vocab::Month;

use crate::{city, demo, folder, shown};

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("tests name days that exist")
}

#[test]
fn the_shipped_packs_have_nothing_wrong() {
    let (national, city, demo) = (folder("national"), folder("wuhai"), folder("demo-wuhai"));
    let findings = Release::check(&[&national, &city, &demo], LoadOptions { synthetic: true });
    assert!(findings.is_empty(), "{}", shown(&findings));
}

#[test]
fn every_rule_case_comes_out_as_written() {
    let release = demo();
    assert!(release.cases.iter().count() >= 40);
    let findings = release.run_cases();
    assert!(findings.is_empty(), "{}", shown(&findings));
}

#[test]
fn the_other_places_load_and_their_cases_come_out_as_written() {
    let national = folder("national");
    for place in ["baoding", "suqian", "wenshan", "county"] {
        let release = Release::load(&[&national, &folder(place)])
            .unwrap_or_else(|findings| panic!("{place}: {}", shown(&findings)));
        let findings = release.run_cases();
        assert!(findings.is_empty(), "{place}: {}", shown(&findings));
    }
}

/// SA-24, SA-27: standards by town and country, with and without an institution, by the month and by the year, each as printed.
#[test]
fn standards_are_held_by_area_by_form_and_by_the_year() {
    let national = folder("national");
    let release = |place: &str| Release::load(&[&national, &folder(place)]).expect("loads without errors");
    let on = day(2026, 10, 1);
    let row = |place: &str, table: &str, division: &str, key: &str| {
        release(place).cell(table, key, division, on).map(|held| held.value.to_string())
    };
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(row("baoding", "dibao_standard_by_area", "130602", "urban"), said("666"));
    assert_eq!(row("baoding", "dibao_standard_by_area", "130602", "rural"), said("400"));
    assert_eq!(row("baoding", "tekun_basic_yearly", "130602", "rural_home"), said("6240"));
    assert_eq!(row("wenshan", "dibao_standard_yearly", "532601", "rural"), said("4500"));
    assert_eq!(row("wenshan", "dibao_standard_yearly", "532601", "urban"), None, "nowhere printed");
    assert_eq!(row("wenshan", "tekun_care_institution", "532601", "unable"), said("835"));
    assert_eq!(
        row("suqian", "tekun_basic_yearly", "321302", "urban_home"),
        None,
        "two figures printed as one"
    );
    let county = release("county");
    assert_eq!(county.parameter("marginal_multiple", "", on).expect("printed").value.to_string(), "2");
}

#[test]
fn a_wrong_rule_case_is_said() {
    let mut files = demo().pack_files();
    let cases = files[2].files.get_mut("cases/dibao.toml").unwrap();
    *cases = cases.replacen("amount = \"1120\"", "amount = \"1121\"", 1);
    let release = Release::from_packs(files, LoadOptions { synthetic: true }).unwrap();
    let findings = release.run_cases();
    assert_eq!(findings.len(), 1, "{}", shown(&findings));
    assert!(findings[0].zh.contains("金额是1120，例子写的是1121"), "{}", findings[0]);
}

#[test]
fn a_demo_pack_loads_only_where_it_is_allowed() {
    let (national, city, demo) = (folder("national"), folder("wuhai"), folder("demo-wuhai"));
    let findings = Release::load(&[&national, &city, &demo]).unwrap_err();
    assert!(findings[0].zh.contains("演示配置包"), "{}", findings[0]);
    assert!(crate::demo().is_demo());
    assert!(!crate::city().is_demo());
}

#[test]
fn a_release_comes_back_from_its_archive_unchanged() {
    let release = demo();
    let again = Release::from_archive(&release.archive(), LoadOptions { synthetic: true }).unwrap();
    assert_eq!(again.hash, release.hash);
    assert_eq!(again.hash.len(), 64);
    assert_eq!(again.archive(), release.archive());
    let mut changed = release.pack_files();
    changed[0].files.get_mut("laws.toml").unwrap().push('\n');
    let other = Release::from_packs(changed, LoadOptions { synthetic: true }).unwrap();
    assert_ne!(other.hash, release.hash);
}

#[test]
fn the_printed_standard_is_carried_forward_and_marked() {
    let release = city();
    let printed = release.parameter("dibao_standard", "150302001002", day(2020, 6, 1)).unwrap();
    assert_eq!(*printed.value, Scalar::Number(Number::new(760, 0)));
    assert!(!printed.carried_forward);
    assert_eq!(printed.source, "全市最低生活保障标准达到月人均760元");
    let later = release.parameter("dibao_standard", "150302001002", day(2026, 10, 1)).unwrap();
    assert!(later.carried_forward);
    assert_eq!(later.division, Some("150300"));
    assert!(release.parameter("dibao_standard", "150302001002", day(2019, 12, 31)).is_none());
    assert!(
        release.parameter("dibao_standard", "130600", day(2026, 10, 1)).is_none(),
        "another city's value is not ours"
    );
    assert!(
        release.parameter("work_cost_percent", "150300", day(2026, 10, 1)).is_none(),
        "what is not printed stays unset"
    );
}

#[test]
fn the_nearest_division_and_the_later_layer_win() {
    let release = demo();
    let on = day(2026, 10, 1);
    let delegated = |code: &str| release.parameter("confirmation_delegated", code, on).unwrap().value.clone();
    assert_eq!(delegated("150303102"), Scalar::Boolean(true));
    assert_eq!(delegated("150302001"), Scalar::Boolean(false));
    let standard = release.parameter("dibao_standard", "150302", on).unwrap();
    assert_eq!((standard.value.to_string(), standard.layer), ("960".to_owned(), Layer::Demo));
    assert_eq!(release.parameter("dibao_standard", "150302", day(2025, 12, 31)).unwrap().layer, Layer::City);
    assert_eq!(
        release.cell("supplement_percent", "minor", "150302001002", on).unwrap().value.to_string(),
        "15"
    );
}

#[test]
fn a_database_release_lies_on_top() {
    let mut files = demo().pack_files();
    let text = "[[value]]\nparameter = \"dibao_standard\"\ndivision = \"150300\"\nfrom = 2027-01-01\nvalue = \"1010.5\"\nsource = \"乌海政办发〔2026〕1号\"\n";
    let head =
        "id = \"database_1\"\ntitle = \"2027年标准\"\nlayer = \"database\"\nrequires = [\"national\"]\n";
    let added =
        [("pack.toml", head), ("values.toml", text)].map(|(path, text)| (path.to_owned(), text.to_owned()));
    files.push(PackFiles::new("数据库发布", BTreeMap::from(added)));
    let release = Release::from_packs(files, LoadOptions { synthetic: true })
        .unwrap_or_else(|findings| panic!("{}", shown(&findings)));
    assert_eq!(
        release.parameter("dibao_standard", "150302", day(2027, 1, 1)).unwrap().value.to_string(),
        "1010.5"
    );
    assert_eq!(
        release.parameter("dibao_standard", "150302", day(2026, 12, 31)).unwrap().value.to_string(),
        "960"
    );
}

#[test]
fn a_row_of_a_table_changes_by_itself_and_leaves_the_others() {
    let text = r#"
[[table_value]]
table = "tekun_basic"
division = "150300"
from = 2027-01-01
stated_until = 2027-12-31
rows = { urban_home = "1820" }
source = "《关于提高城市特困人员标准的通知》（乌海民发〔2026〕2号）"

[[table_value]]
table = "tekun_basic"
division = "150300"
from = 2027-07-01
rows = { rural_home = "1700" }
source = "《关于提高农村特困人员标准的通知》（乌海民发〔2027〕3号）"
"#;
    let head =
        "id = \"database_1\"\ntitle = \"2027年标准\"\nlayer = \"database\"\nrequires = [\"national\"]\n";
    let added =
        [("pack.toml", head), ("values.toml", text)].map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut files = demo().pack_files();
    files.push(PackFiles::new("数据库发布", BTreeMap::from(added)));
    let release = Release::from_packs(files, LoadOptions { synthetic: true })
        .unwrap_or_else(|findings| panic!("{}", shown(&findings)));
    let cell = |key: &str, division: &str, on: NaiveDate| {
        release.cell("tekun_basic", key, division, on).unwrap().value.to_string()
    };
    assert_eq!(cell("urban_home", "150302", day(2027, 1, 1)), "1820");
    assert_eq!(cell("urban_home", "150302", day(2026, 12, 31)), "1750");
    assert_eq!(cell("urban_institution", "150302", day(2027, 1, 1)), "1800", "nobody changed it");
    assert_eq!(cell("rural_home", "150302", day(2027, 6, 30)), "1650");
    assert_eq!(cell("rural_home", "150302", day(2027, 7, 1)), "1700");
    assert_eq!(cell("urban_home", "150304", day(2027, 1, 1)), "1200", "the nearest division wins");
    let held = |on| release.cell("tekun_basic", "urban_home", "150302", on).unwrap();
    assert!(!held(day(2027, 12, 31)).carried_forward && held(day(2028, 1, 1)).carried_forward);
    let month = Month::new(2027, 8).unwrap();
    let mut context = rules::Context::new(month, month.first_day(), month.first_day());
    release.add_table("tekun_basic", "150302001002", month, &mut context);
    let rows = &context.tables["tekun_basic"];
    assert_eq!((rows.len(), &rows["urban_home"]), (4, &rules::Value::from(1820)));
    let history = release.cell_history("tekun_basic", "urban_home");
    let city: Vec<_> = history.iter().filter(|known| known.division == Some("150300")).collect();
    assert_eq!(city.len(), 3, "printed, of the demonstration, changed: {city:?}");
}

#[test]
fn the_law_is_cited_by_the_date() {
    let release = city();
    let programme = release.programmes.get("dibao").unwrap();
    let cited =
        |on| release.basis_on(&programme.basis, on).iter().map(catalogue::Citation::text).collect::<Vec<_>>();
    assert_eq!(cited(day(2026, 7, 1)), ["《社会救助法》第十八条", "《社会救助暂行办法》第九条"]);
    assert_eq!(cited(day(2026, 6, 30)), ["《社会救助暂行办法》第九条"]);
    // The older regulation goes on, but not its article on fines, of which the law speaks otherwise.
    let fine = &release.parameters.get("fraud_fine_multiple").unwrap().basis;
    let cited = |on| release.basis_on(fine, on).iter().map(catalogue::Citation::text).collect::<Vec<_>>();
    assert_eq!(cited(day(2026, 6, 30)), ["《社会救助暂行办法》第六十八条"]);
    assert_eq!(cited(day(2026, 7, 1)), ["《社会救助法》第七十三条"]);
}

#[test]
fn a_value_that_a_law_gives_is_picked_by_the_law_date() {
    let release = city();
    let month = Month::new(2026, 1).unwrap();
    let under = |law_on| release.parameter_for("basic_pension_exempt", "150302001002", month, law_on);
    assert_eq!(under(day(2025, 12, 20)), rules::Value::Boolean(true));
    assert!(!under(day(2026, 1, 5)).is_known());
    let context = release.context("dibao", "150302001002", month, day(2026, 1, 5), day(2026, 1, 5));
    assert_eq!(context.parameters["dibao_standard"], rules::Value::from(760));
    assert!(!context.parameters.contains_key("minimum_payment"));
    assert!(!context.findings.contains_key("property_judged"), "not in numbers here: an officer judges");
    let with_numbers = demo().context("dibao", "150302001002", month, day(2026, 1, 5), day(2026, 1, 5));
    assert_eq!(with_numbers.findings["property_judged"].met, Some(true));
}

#[test]
fn the_clocks_are_those_of_the_law() {
    let release = city();
    let item = release.items.get("dibao").unwrap();
    let total = item.clock("total").unwrap();
    assert_eq!(total.limit, Some(Limit::WorkingDays(30)));
    assert_eq!(total.extend.as_ref().unwrap().to, Limit::WorkingDays(45));
    assert_eq!(item.delegated.as_ref().unwrap().limit, Some(Limit::WorkingDays(20)));
    for (clock, days) in
        [("investigation_start", 3), ("means_test_start", 3), ("county_opinion", 10), ("refusal_letter", 3)]
    {
        assert_eq!(item.clock(clock).unwrap().limit, Some(Limit::WorkingDays(days)), "{clock}");
    }
    let notice = item.action("opine").unwrap().effects.iter().find_map(|effect| match effect.get() {
        Effect::OpenNotice(notice) => Some(notice.natural_days),
        _ => None,
    });
    assert_eq!(notice, Some(7));
    assert!(
        item.clocks.iter().all(|clock| clock.starts.iter().all(|start| start != "ask_missing")),
        "asking for what is missing starts no clock"
    );
}

#[test]
fn actions_hold_back_what_the_law_holds_back() {
    let release = city();
    let context =
        release.context("dibao", "150302", Month::new(2026, 10).unwrap(), day(2026, 10, 1), day(2026, 10, 1));
    let may = |item: &str, action: &str, case: rules::Record| {
        release.action_when(item, action).unwrap().evaluate(&case, &context) == rules::Value::Boolean(true)
    };
    let case = || {
        rules::Record::new()
            .with("outcome", "no")
            .with("amount", 0)
            .with("current_amount", 500)
            .with("heard", false)
            .with("clear_change", true)
            .with("taper_available", false)
    };
    assert!(!may("dibao_review", "stop", case()));
    assert!(may("dibao_review", "stop", case().with("heard", true)));
    assert!(!may("dibao_change", "taper", case().with("heard", true)));
    assert!(may("dibao_change", "stop", case().with("heard", true)));
    let same = case().with("heard", true).with("clear_change", false);
    assert!(
        !may("dibao_change", "stop", same),
        "no adjustment inside a review period without a clear change"
    );
    // A recognition ends heard, and goes on without a member who lives elsewhere only after the family was heard too.
    for item in ["marginal_change", "marginal_review", "rigid_change", "rigid_review"] {
        let family = |outcome: &str, leave: bool| {
            case().with("outcome", outcome).with("members_leave", leave).with("visited", true)
        };
        assert!(!may(item, "stop", family("no", false)), "{item}");
        assert!(may(item, "stop", family("no", false).with("heard", true)), "{item}");
        assert!(may(item, "propose", family("yes", false)), "{item}");
        assert!(!may(item, "propose", family("yes", true)), "{item}");
        assert!(may(item, "propose_less", family("yes", true)), "{item}");
        assert!(!may(item, "keep", family("yes", true)), "{item}");
        assert!(may(item, "keep", family("yes", true).with("heard", true)), "{item}");
        assert!(may(item, "apply_better", family("no", false)), "{item}");
        assert!(!may(item, "apply_better", family("yes", false)), "{item}");
    }
    let examined = || {
        rules::Record::new()
            .with("county_visited", false)
            .with("relative_recorded", true)
            .with("complained", false)
            .with("delegated", false)
    };
    assert!(!may("dibao", "examine", examined()), "relatives of staff are visited by the county first");
    assert!(may("dibao", "examine", examined().with("county_visited", true)));
}

#[test]
fn the_form_hides_and_asks_as_written() {
    let release = city();
    let month = Month::new(2026, 10).unwrap();
    let context = release.context("dibao", "150302", month, day(2026, 10, 1), day(2026, 10, 1));
    let permit = release.field_visible("dibao_application", "home", "residence_permit").unwrap();
    assert_eq!(
        permit.evaluate(&rules::Record::new().with("registered_here", true), &context),
        rules::Value::Boolean(false)
    );
    assert_eq!(
        permit.evaluate(&rules::Record::new().with("registered_here", false), &context),
        rules::Value::Boolean(true)
    );
    let second = release.field_valid("dibao_visit", "visit_signatures", "second_visitor", 0).unwrap();
    let both =
        |second: &str| rules::Record::new().with("first_visitor", "王一").with("second_visitor", second);
    assert_eq!(second.evaluate(&both("王一"), &context), rules::Value::Boolean(false));
    assert_eq!(second.evaluate(&both("李二"), &context), rules::Value::Boolean(true));
}

#[test]
fn nothing_is_asked_that_can_be_fetched() {
    let release = city();
    let item = release.items.get("dibao").unwrap();
    let fetched = item.materials.iter().filter(|material| material.fetched.is_some()).count();
    assert!(fetched >= 7);
    for material in item.materials.iter().filter(|material| material.fetched.is_some()) {
        assert!(material.field.is_none(), "{}", material.id);
        assert!(
            material.basis.iter().any(|basis| basis.law == "sal2026"
                && basis.article.as_ref().is_some_and(|article| *article == *"62")),
            "{}",
            material.id
        );
    }
}

#[test]
fn divisions_are_walked_upwards() {
    let release = city();
    let names: Vec<&str> = release.places.upwards("150302001002").map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["和平社区居委会", "凤凰岭街道", "海勃湾区", "乌海市", "内蒙古自治区"]);
    assert_eq!(release.places.len(), 114);
    assert_eq!(release.outlines.len(), 1);
}

/// What became of divisions lies on top of the files: old codes lead on, values stay with what they were set for.
#[test]
fn a_change_of_divisions_leads_old_codes_on() {
    let release = demo();
    let changes = r#"
[[value]]
parameter = "dibao_standard"
division = "150302101"
from = 2027-01-01
value = "1010.5"
source = "《测试》（测〔2026〕1号）"

[[division_change]]
from = 2026-09-01
was = "150302101"
code = "150302009"
mca_code = "150302009"
name = "千里山街道"
level = "township"
parent = "150302"
source = "《批复》（内政函〔2026〕30号）"

[[division_change]]
from = 2026-09-01
was = "150302101206"
followed_by = ["150302101203"]
source = "《批复》（内政函〔2026〕30号）"

[[division_change]]
from = 2026-10-01
code = "150302009500"
name = "新设社区居委会"
level = "village"
parent = "150302009"
community = true
source = "《批复》（内政函〔2026〕31号）"
"#;
    let head = "id = \"database\"\ntitle = \"页面\"\nlayer = \"database\"\n";
    let files = BTreeMap::from([
        ("pack.toml".to_owned(), head.to_owned()),
        ("divisions.toml".to_owned(), changes.to_owned()),
    ]);
    let with = |files: BTreeMap<String, String>| {
        let mut packs = release.pack_files();
        packs.push(PackFiles::new("页面", files));
        Release::from_packs(packs, LoadOptions { synthetic: true })
    };
    let changed = with(files.clone()).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let places = &changed.places;
    let name = |code: &str| places.get(code).map(|place| place.name.as_str());
    assert_eq!((name("150302101"), name("150302009")), (Some("千里山街道"), Some("千里山街道")));
    assert_eq!((name("150302101206"), name("150302101203")), (Some("新地村委会"), Some("新地村委会")));
    let above: Vec<&str> = places.upwards("150302101203").map(|place| place.code.as_str()).collect();
    assert_eq!(above[..3], ["150302101203", "150302009", "150302"]);
    assert!(places.get("150302009500").is_some_and(|place| place.community));
    assert_eq!(places.len(), release.places.len());
    let held =
        changed.parameter("dibao_standard", "150302009500", day(2027, 2, 1)).expect("the old code's value");
    assert_eq!(held.division, Some("150302101"));
    // A division whose place in the tree is gone is told, with the change.
    let mut broken = files;
    let orphaned = changes.replace("parent = \"150302009\"", "parent = \"150302099\"");
    broken.insert("divisions.toml".to_owned(), orphaned);
    let Err(findings) = with(broken) else { panic!("an orphan was taken") };
    assert!(findings.iter().any(|finding| finding.zh.contains("的上级不在了")), "{findings:#?}");
}

/// Communities are not villages, streets no townships, districts no counties; an indicator says which it counts at their level.
#[test]
fn places_of_a_level_are_of_two_kinds() {
    let release = city();
    let is = |code: &str, kind| release.places.get(code).expect("a place of the city").is(kind);
    assert!(is("150302", PlaceKind::District) && !is("150302", PlaceKind::County));
    assert!(is("150302001", PlaceKind::Street) && !is("150302001", PlaceKind::Town));
    assert!(is("150303102", PlaceKind::Town) && !is("150303102", PlaceKind::Street));
    assert!(is("150302001002", PlaceKind::Community) && !is("150302001002", PlaceKind::Village));
    assert!(!is("150302", PlaceKind::Street) && !is("150302001", PlaceKind::Community));
    let mut files = release.pack_files();
    let text = files[0].files.get_mut("03-elderly/indicators.toml").expect("it is there");
    let written = "level = \"village\", only = \"community\"";
    assert!(text.contains(written));
    *text = text.replacen(written, "level = \"township\", only = \"community\"", 1);
    let findings = Release::from_packs(files, LoadOptions::default()).unwrap_err();
    assert!(findings.iter().any(|one| one.zh.contains("only 与 level 不相配")), "{}", shown(&findings));
}
