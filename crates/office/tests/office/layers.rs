//! 分层分类: one family holds several kinds of help at once, all groups stand in one system, and town and country get one standard county by county.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use catalogue::{LoadOptions, Release};
use office::access::{self, Actor, Export, KeepRecords, Report, Right};
use office::benefits;
use office::forms::{Answers, FieldPath, Raw, reference_text};
use office::records::{self, Deed, NewVersion, Saved};
use office::reports::{self, Layers};
use office::tabular::ListFormat;
use store::PersonId;

use crate::matters::ONCE;
use crate::wuhai::{Family, Wuhai, cities, grant};

async fn added(city: &Wuhai, actor: &Actor, register: &str, person: PersonId, pairs: &[(&str, &str)]) {
    let open = records::open(&city.office, actor, register, Right::KeepRecords).unwrap();
    let form = open.release().record_form(&open.register().id).unwrap();
    let mut answers = Answers::new();
    let (of, text) = ("person", reference_text(person.0));
    for (id, text) in pairs.iter().copied().chain([(of, text.as_str())]) {
        let (page, field) = form.fields().find(|(_, field)| field.id == *id).unwrap();
        answers.set(&FieldPath::new(page, None, field), Raw::from(text));
    }
    let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
    let saved = records::save(&city.office, &grant::<KeepRecords>(actor), &open, new, None).await;
    assert!(matches!(saved, Ok(Saved::Done(_))), "{saved:?}");
}

async fn layers(city: &Wuhai, actor: &Actor) -> Layers {
    let month = city.office.now().month();
    reports::layers(&city.office, &grant::<Report>(actor), None, month).await.unwrap()
}

/// SA-01: base, emergency, development and special help of one family, each counted in its own layer; the person's sheet names each kind.
#[tokio::test]
async fn one_family_holds_several_kinds_of_help_at_once() {
    for city in cities("layers").await {
        let case = city.granted(&Family::default()).await;
        city.days(31).await;
        let alone = layers(&city, &city.county_director).await;
        assert_eq!(alone.at_once, BTreeMap::from([(1, 1)]), "{:?}", alone.at_once);
        let emergency = city.file_again("temporary_emergency", case, 0).await.unwrap();
        city.act(&city.township_clerk, emergency, "accept", &[], &[]).await.unwrap();
        let fire = [("scene/emergency_kind", "fire"), ("scene/hardship_level", "a"), ("scene/severe", "yes")];
        city.act(&city.township_clerk, emergency, "visit", &fire, &[]).await.unwrap();
        city.act(&city.second_clerk, emergency, "send_up", &[], &[]).await.unwrap();
        city.act(&city.township_head, emergency, "help_first", &ONCE, &[]).await.unwrap();
        let head = city.seen(case).await.case.applicant;
        let today = city.office.now().today().to_string();
        let seeking = [
            ("ability", "full"),
            ("wish", "employed"),
            ("help", "推荐保洁岗位"),
            ("noted_on", today.as_str()),
        ];
        added(&city, &city.township_clerk, "job_seeking", head, &seeking).await;
        let worker = [
            ("employer", "海勃湾区环卫公司"),
            ("union", "海勃湾区总工会"),
            ("cause", "illness"),
            ("filed_on", today.as_str()),
        ];
        added(&city, &city.township_clerk, "hard_worker", head, &worker).await;

        let city = city.restarted().await;
        let found = layers(&city, &city.county_director).await;
        let of = |group: &str, kind: &str| {
            found
                .lines
                .iter()
                .find(|line| line.group == group && line.titles[1] == kind)
                .unwrap_or_else(|| panic!("{group} {kind}: {:?}", found.lines))
        };
        let low = of("dibao", "兜底型");
        assert_eq!((low.rural.households, low.rural.persons, low.urban.households), (1, 3, 0));
        assert_eq!(low.titles[0], "基本生活救助");
        assert_eq!(of("temporary", "急难型").rural.households, 1);
        assert_eq!(of("work", "发展型").rural.persons, 1);
        assert_eq!(of("worker", "支出型").rural.persons, 1);
        assert_eq!(found.at_once, BTreeMap::from([(4, 1)]), "one family, four kinds at once");
        let elsewhere = layers(&city, &city.neighbour_clerk).await;
        assert!(elsewhere.at_once.is_empty() && elsewhere.lines.iter().all(|line| line.rural.persons == 0));
        let citizen = access::citizen_of_synthetic(&city.office, head).await.unwrap();
        let sheet = benefits::own_sheet(&city.office, &citizen).await.unwrap();
        let kinds: BTreeSet<&str> =
            sheet.receives.iter().chain(&sheet.received).filter_map(|one| one.class.as_deref()).collect();
        assert!(kinds.contains("兜底型") && kinds.contains("急难型"), "{kinds:?}");
        let export = grant::<Export>(&city.county_director);
        let month = city.office.now().month();
        let reader = grant::<Report>(&city.county_director);
        let sheet = reports::layers_sheet(&city.office, &reader, &export, None, month, ListFormat::Csv)
            .await
            .unwrap();
        let sheet = String::from_utf8(sheet).unwrap();
        assert!(sheet.contains("困难职工") && sheet.contains("关爱型"), "{sheet}");
        // The seven base groups stand in one system, beside those that were opened.
        let groups: BTreeSet<&str> = found.lines.iter().map(|line| line.group.as_str()).collect();
        for group in ["dibao", "tekun", "marginal", "child", "worker", "temporary", "expense"] {
            assert!(groups.contains(group), "{group}: {groups:?}");
        }
        assert!(groups.contains("disabled") && groups.contains("elder"), "{groups:?}");
    }
}

/// 竞秀区 goes over to one standard for town and country in November; 满城区 has not.
const PACK: &str = r#"
id = "switched"
title = "城乡统一试点"
layer = "demo"
requires = ["demo_baoding"]
division = "130600"
"#;
const VALUES: &str = r#"
[[value]]
parameter = "dibao_standard"
division = "130602"
from = 2026-11-01
value = 960
source = "演示参数"
"#;

fn case(id: &str, division: &str, month: &str, amount: u32) -> String {
    format!(
        r#"
[[case]]
id = "{id}"
title = "农村一人户，没有收入"
programme = "dibao"
division = "{division}"
month = "{month}"
household = {{ registered_here = true, area = "rural" }}
member = [{{ born_on = 1980-05-01, work_ability = "full" }}]
findings = {{ cooperation = true }}
expect = {{ outcome = "yes", amount = "{amount}", review = 12 }}
"#
    )
}

/// SA-03: the same family of the country gets what a family of the town gets from the month on which its county goes over, and elsewhere what it got.
#[test]
fn one_standard_for_town_and_country_county_by_county() {
    const SWITCHED: &str = "130602100200";
    const NOT_YET: &str = "130607100200";
    let folder = tempfile::tempdir().unwrap();
    let wrong = |cases: &str| {
        std::fs::write(folder.path().join("pack.toml"), PACK).unwrap();
        std::fs::write(folder.path().join("values.toml"), VALUES).unwrap();
        std::fs::write(folder.path().join("cases.toml"), cases).unwrap();
        let packs = store::testing::packs();
        let folders = ["national", "baoding", "demo-baoding"].map(|pack| packs.join(pack));
        let mut folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
        folders.push(folder.path());
        let release = Release::load_with(&folders, LoadOptions { synthetic: true })
            .unwrap_or_else(|findings| panic!("{findings:#?}"));
        let found = release.check_cases();
        let own = folder.path().file_name().unwrap().to_string_lossy().into_owned();
        found.into_iter().filter(|finding| finding.file.contains(&own)).count()
    };
    let right = [
        case("before", SWITCHED, "2026-10", 720),
        case("after", SWITCHED, "2026-11", 960),
        case("elsewhere", NOT_YET, "2026-11", 720),
    ];
    assert_eq!(wrong(&right.concat()), 0, "each place by its own rule");
    assert_eq!(wrong(&case("after", SWITCHED, "2026-11", 720)), 1, "a case that is wrong is noticed");
}
