//! Newer packs for a living database: compared, refused where they would break something, taken in whole, followed by a running server.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalogue::{LoadOptions, PackFiles, Release};
use office::OfficeError;
use office::access::Right;
use office::releases::{self, NewStandardChange};
use store::{Db, Query, StaffId};

use crate::records::{add, change, open, seen, shelter};
use crate::town::{Town, day, grant, pack, towns};
use crate::wuhai::{self, Family, cities};

/// A third kind of shelter and a remark of whoever runs it: what later packs leave out again.
const MIXED: (&str, &str, &str) = (
    "registers.toml",
    "{ code = \"private\", title = \"民办\" }]",
    "{ code = \"private\", title = \"民办\" }, { code = \"mixed\", title = \"公建民营\" }]",
);
const REMARK: &str = "[[register.group.field]]\nid = \"remark\"";

/// The town's packs with these edits, and a city that says what its standard was until 2026 and maybe is from 2027.
fn packs(edits: &[(&str, &str, &str)], standards: &[&str]) -> Release {
    let mut town = pack();
    for (file, from, to) in edits {
        let text = &town.files[*file];
        assert!(text.contains(from), "{file}: {from}");
        let text = text.replacen(from, to, 1);
        town.files.insert((*file).to_owned(), text);
    }
    let head =
        "id = \"city\"\ntitle = \"试点市\"\nlayer = \"demo\"\nrequires = [\"town\"]\ndivision = \"990100\"\n";
    let standards = format!(
        "[[parameter]]\nid = \"dibao_standard\"\ntitle = \"最低生活保障标准\"\nunit = \"元/人·月\"\ntype = \"money\"\nmin = 100\nmax = 10000\nvalue = [{}]\n",
        standards.join(", ")
    );
    let city =
        BTreeMap::from([("pack.toml".to_owned(), head.to_owned()), ("standards.toml".to_owned(), standards)]);
    Release::from_packs(vec![town, PackFiles::new("city", city)], LoadOptions { synthetic: true })
        .unwrap_or_else(|findings| panic!("{findings:#?}"))
}

const UNTIL: &str = "{ from = 2020-01-01, until = 2026-12-31, value = 760, source = \"演示参数\" }";
const AFTER: &str = "{ from = 2027-01-01, value = 800, source = \"演示参数\" }";

async fn install(town: &Town, release: Release) -> Arc<Release> {
    let release = releases::install(town.office.db(), release, town.office.now()).await.unwrap();
    town.office.put_in_force(Arc::clone(&release));
    release
}

/// What an import writes to, counted.
async fn written(db: &Db) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in [
        "pack_release",
        "release_in_force",
        "audit",
        "record_column",
        "projection_column",
        "standard_change",
        "division",
        "division_past",
        "search_kind",
        "job",
    ] {
        let sql = format!("SELECT count(*) AS found FROM {table}");
        counts.push(Query::system("test", sql).scalar(db).await.unwrap());
    }
    counts
}

fn said(obstacles: &[releases::Obstacle]) -> String {
    obstacles.iter().map(|one| format!("{}{}\n", one.what, one.todo)).collect()
}

#[tokio::test]
async fn a_look_writes_nothing_and_an_import_is_followed_by_a_running_server() {
    for town in towns("newer_packs").await {
        let base = install(&town, packs(&[], &[UNTIL])).await;
        let server = wuhai::office(town.office.db().clone(), Arc::clone(&base), &town.clock);
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let id = shelter(&town, &county, "A1", "990101001001", "30").await;
        // The county's own standard was released on a page: it stays on top.
        let policy = town.actor("policy", town.prefecture, &["prefecture_policy"]).await;
        let releaser = town.actor("releaser", town.prefecture, &["prefecture_releaser"]).await;
        let own = NewStandardChange {
            parameter: "dibao_standard".to_owned(),
            division: town.county,
            from: day("2026-07-01"),
            stated_until: None,
            value: "786".to_owned(),
            document_title: "关于提高城乡低保标准的通知".to_owned(),
            document_number: "试民发〔2026〕15号".to_owned(),
            attachment: None,
            reason: "省里提标".to_owned(),
            recompute_from: None,
        };
        let change_id = releases::propose(&town.office, &grant(&policy), &own).await.unwrap();
        releases::release_change(&town.office, &grant(&releaser), change_id, 1).await.unwrap();
        assert!(releases::follow(&server).await.unwrap());

        let floors = format!(
            "[[register.group.field]]\nid = \"floors\"\nlabel = \"层数\"\ntype = \"integer\"\n\n{REMARK}"
        );
        let newer = || packs(&[("registers.toml", REMARK, floors.as_str())], &[UNTIL, AFTER]);
        let before = written(town.office.db()).await;
        let looked = releases::newer_packs(&town.office, newer()).await.unwrap();
        assert_eq!(said(&looked.obstacles), "");
        let lines: Vec<String> = looked
            .compared
            .iter()
            .flat_map(|one| one.changed.iter().map(move |change| (one.kind, change)))
            .map(|(kind, change)| format!("{kind} {} {}", change.title, change.details.join("；")))
            .collect();
        assert_eq!(
            lines,
            [
                "参数 最低生活保障标准 试点市自2027-01-01起为 800元/人·月（新增）",
                "登记簿 养老机构 增加字段：层数"
            ]
        );
        assert!(!looked.is_in_force());
        assert_eq!(written(town.office.db()).await, before, "a look writes nothing");
        assert!(!releases::follow(&server).await.unwrap());

        assert!(releases::administrator(&town.office, "county").await.is_err());
        let root = releases::administrator(&town.office, "root").await.unwrap();
        let release = releases::import_packs(&town.office, looked, Some(root)).await.unwrap();
        assert_eq!(town.office.release().hash, release.hash);
        assert_eq!(releases::current(town.office.db()).await.unwrap().hash, release.hash);
        let by: Option<StaffId> = Query::system(
            "test",
            "SELECT staff_id FROM audit WHERE action = 'release.install' ORDER BY id DESC LIMIT 1",
        )
        .scalar(town.office.db())
        .await
        .unwrap();
        assert_eq!(by, Some(root));
        let on = |division: &str, on: &str| {
            release.parameter("dibao_standard", division, day(on)).map(|known| known.value.to_string())
        };
        assert_eq!(on("990102", "2027-01-01").as_deref(), Some("800"));
        assert_eq!(on("990101", "2027-01-01").as_deref(), Some("786"), "what the county set");

        // A running server takes it over, and the records that were there take the new field.
        assert!(releases::follow(&server).await.unwrap());
        assert_eq!(server.release().hash, release.hash);
        let record = seen(&town, &county, "shelter", id).await.record;
        let register = open(&town, &county, "shelter", Right::ReadRecords);
        let answers = record.answers(register.register());
        change(&town, &county, id, record.version, &answers, &[("floors", "6")]).await.unwrap();

        // The same packs again are nothing new.
        let again = releases::newer_packs(&town.office, newer()).await.unwrap();
        assert!(again.is_in_force() && again.compared.is_empty());
    }
}

#[tokio::test]
async fn what_records_and_posts_use_is_not_taken_away() {
    for town in towns("newer_packs_refused").await {
        let base = install(&town, packs(&[MIXED], &[UNTIL, AFTER])).await;
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let pairs = [
            ("code", "M1"),
            ("name", "公建民营院"),
            ("lies_in", "990101001001"),
            ("kind", "mixed"),
            ("remark", "社区托管"),
        ];
        add(&town, &county, "shelter", &pairs).await;
        town.actor("village", town.stone_village, &["village_worker"]).await;

        let without_remark = [
            (
                "registers.toml",
                "[[register.group.field]]\nid = \"remark\"\nlabel = \"备注\"\ntype = \"textarea\"\n",
                "",
            ),
            ("registers.toml", "asks = [\"remark\"]\n", ""),
            ("roles.toml", "id = \"village_worker\"", "id = \"village_helper\""),
            ("indicators.toml", "rows = { public = 600, private = 400 }", "rows = { public = 600 }"),
        ];
        let narrower = packs(&without_remark, &[UNTIL]);
        let before = written(town.office.db()).await;
        let looked = releases::newer_packs(&town.office, narrower).await.unwrap();
        let all = said(&looked.obstacles);
        for what in [
            "登记簿「养老机构」的字段「类型」少了代码“公建民营”（mixed），1 条记录用着",
            "登记簿「养老机构」的字段「备注」去掉了，1 条记录里填着",
            "岗位角色「村（社区）社会救助协理员」去掉了，还有 1 个工作岗位",
            "参数「最低生活保障标准」少了 1 处原来有的值：试点市（2027-01-01）",
            "数表「养老院补助标准」少了 1 处原来有的值：试点市民办（2020-01-01）",
        ] {
            assert!(all.contains(what), "{what}: {all}");
        }
        assert_eq!(looked.obstacles.len(), 5, "{all}");
        let refused = releases::import_packs(&town.office, looked, None).await;
        assert!(
            matches!(&refused, Err(OfficeError::Conflict(said)) if said.contains("公建民营")),
            "{refused:?}"
        );
        assert_eq!(written(town.office.db()).await, before);
        assert_eq!(releases::current(town.office.db()).await.unwrap().hash, base.hash);

        // A code that is only retired stays readable: that is the way.
        let retired = (
            "registers.toml",
            MIXED.1,
            "{ code = \"private\", title = \"民办\" }, { code = \"mixed\", title = \"公建民营\", retired = true }]",
        );
        let looked = releases::newer_packs(&town.office, packs(&[retired], &[UNTIL, AFTER])).await.unwrap();
        assert_eq!(said(&looked.obstacles), "");
        releases::import_packs(&town.office, looked, None).await.unwrap();
    }
}

/// What was looked at is looked at again when it is taken in.
#[tokio::test]
async fn a_record_written_after_the_look_still_counts() {
    for town in towns("newer_packs_late").await {
        install(&town, packs(&[MIXED], &[UNTIL])).await;
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let looked = releases::newer_packs(&town.office, packs(&[], &[UNTIL])).await.unwrap();
        assert_eq!(said(&looked.obstacles), "");
        let pairs = [("code", "M1"), ("name", "公建民营院"), ("lies_in", "990101001001"), ("kind", "mixed")];
        add(&town, &county, "shelter", &pairs).await;
        let refused = releases::import_packs(&town.office, looked, None).await;
        assert!(matches!(refused, Err(OfficeError::Conflict(_))), "{refused:?}");
    }
}

/// Another place's packs are refused for everything that lives here, and leave no trace.
#[tokio::test]
async fn a_living_city_refuses_packs_without_its_matters() {
    for city in cities("newer_packs_city").await {
        city.granted(&Family::default()).await;
        city.file(&Family::default()).await.unwrap();
        let before = written(city.office.db()).await;
        let mut town = pack();
        let rule = town.files["programme.toml"].replacen("id = \"dibao\"", "id = \"town_money\"", 1);
        town.files.insert("programme.toml".to_owned(), rule);
        let figures = town.files["indicators.toml"].replace("'dibao'", "'town_money'");
        town.files.insert("indicators.toml".to_owned(), figures);
        let town = Release::from_packs(vec![town], LoadOptions { synthetic: true })
            .unwrap_or_else(|findings| panic!("{findings:#?}"));
        let looked = releases::newer_packs(&city.office, town).await.unwrap();
        let all = said(&looked.obstacles);
        for what in [
            "这个库是乌海市的",
            "事项「最低生活保障审核确认」去掉了，还有 ",
            "待遇项目「最低生活保障」去掉了，还有 1 份待遇在享",
            "不在新配置包里，那里还有",
        ] {
            assert!(all.contains(what), "{what}: {all}");
        }
        assert!(looked.compared.iter().any(|one| one.kind == "事项" && !one.removed.is_empty()));
        assert!(releases::import_packs(&city.office, looked, None).await.is_err());
        assert_eq!(written(city.office.db()).await, before);
    }
}

/// A case that was open goes on under the release in which it was filed, and is decided.
#[tokio::test]
async fn an_open_case_goes_on_under_its_own_release() {
    for city in cities("newer_packs_case").await {
        let case = city.published(&Family::default()).await;
        let hash = |city: &wuhai::Wuhai| city.office.release().hash.clone();
        let old = hash(&city);
        let mut files = wuhai::release().pack_files();
        let national = files.iter_mut().find(|pack| pack.files.contains_key("roles.toml")).unwrap();
        let item = national.files.get_mut("01-assistance/item-dibao.toml").unwrap();
        let title = "title = \"最低生活保障审核确认\"";
        assert!(item.contains(title), "{item}");
        *item = item.replacen(title, "title = \"最低生活保障确认\"", 1);
        let newer = Release::from_packs(files, LoadOptions { synthetic: true })
            .unwrap_or_else(|findings| panic!("{findings:#?}"));
        let looked = releases::newer_packs(&city.office, newer).await.unwrap();
        assert_eq!(said(&looked.obstacles), "");
        releases::import_packs(&city.office, looked, None).await.unwrap();
        assert_ne!(hash(&city), old);

        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        assert!(city.seen(case).await.case.entitlement.is_some());
        let of: String = Query::system("test", "SELECT release_hash FROM case_file WHERE id = ?")
            .bind(case)
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!(of, old);
    }
}
