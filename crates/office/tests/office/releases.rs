//! Releases: kept for ever, changed by two hands, written back as files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use catalogue::{LoadOptions, PackFiles, Release};
use office::OfficeError;
use office::access::{self, Actor, Granted, NewPost, ProposeStandard, ReleaseStandard};
use office::releases::{self, ChangeState, NewStandardChange};
use store::DivisionId;
use vocab::Now;

use crate::town::{START, Town, day, grant, pack, towns};

/// The town's packs and a city that sets a standard.
fn packs(standard: &str) -> Release {
    let head =
        "id = \"city\"\ntitle = \"试点市\"\nlayer = \"demo\"\nrequires = [\"town\"]\ndivision = \"990100\"\n";
    let standards = format!(
        r#"[[parameter]]
id = "dibao_standard"
title = "最低生活保障标准"
unit = "元/人·月"
type = "money"
min = 100
max = 10000
value = [{{ from = 2020-01-01, stated_until = 2020-12-31, value = {standard}, source = "演示参数" }}]

[[parameter]]
id = "residence_filing"
title = "持居住证可在居住地申请"
type = "boolean"
"#
    );
    let city =
        BTreeMap::from([("pack.toml".to_owned(), head.to_owned()), ("standards.toml".to_owned(), standards)]);
    let packs = vec![pack(), PackFiles::new("city", city)];
    Release::from_packs(packs, LoadOptions { synthetic: true }).unwrap()
}

async fn install(town: &Town, standard: &str) -> Arc<Release> {
    let release = releases::install(town.office.db(), packs(standard), town.office.now()).await.unwrap();
    town.office.put_in_force(Arc::clone(&release));
    release
}

fn value(release: &Release, division: &str, on: &str) -> Option<String> {
    release.parameter("dibao_standard", division, day(on)).map(|effective| effective.value.to_string())
}

#[tokio::test]
async fn what_was_installed_is_read_back_and_the_old_one_stays() {
    for town in towns("releases_kept").await {
        let first = install(&town, "760").await;
        assert_eq!(releases::current(town.office.db()).await.unwrap().hash, first.hash);
        let again =
            releases::install(town.office.db(), packs("760"), Now::from_unix_ms(START)).await.unwrap();
        assert_eq!(again.hash, first.hash);

        let second =
            releases::install(town.office.db(), packs("800"), Now::from_unix_ms(START)).await.unwrap();
        assert_ne!(second.hash, first.hash);
        // Another process put it in force: this one follows.
        assert!(releases::follow(&town.office).await.unwrap());
        assert!(!releases::follow(&town.office).await.unwrap());
        assert_eq!(town.office.release().hash, second.hash);

        let old = releases::kept(&town.office, &first.hash).await.unwrap();
        assert_eq!(value(&old, "990101", "2026-11-01").as_deref(), Some("760"));
        // The same one again, not compiled again.
        assert!(Arc::ptr_eq(&old, &releases::kept(&town.office, &first.hash).await.unwrap()));
        let new = releases::kept(&town.office, &second.hash).await.unwrap();
        assert_eq!(value(&new, "990101", "2026-11-01").as_deref(), Some("800"));
        assert!(releases::kept(&town.office, "00").await.is_err());
    }
}

async fn hands(town: &Town) -> (Actor, Actor) {
    let policy = town.actor("policy", town.prefecture, &["prefecture_policy"]).await;
    let releaser = town.actor("releaser", town.prefecture, &["prefecture_releaser"]).await;
    (policy, releaser)
}

fn change(division: DivisionId, from: &str, value: &str) -> NewStandardChange {
    NewStandardChange {
        parameter: "dibao_standard".to_owned(),
        division,
        from: day(from),
        stated_until: None,
        value: value.to_owned(),
        document_title: "关于提高城乡低保标准的通知".to_owned(),
        document_number: "试民发〔2026〕15号".to_owned(),
        attachment: None,
        reason: "省里提标".to_owned(),
        recompute_from: None,
    }
}

#[tokio::test]
async fn a_standard_needs_two_persons_and_the_old_release_still_answers() {
    for town in towns("releases_two_hands").await {
        let old = install(&town, "760").await;
        let (policy, releaser) = hands(&town).await;
        let id =
            releases::propose(&town.office, &grant(&policy), &change(town.prefecture, "2026-07-01", "786"))
                .await
                .unwrap();
        // Nothing has changed yet, and the same proposal is not taken twice.
        assert_eq!(value(&town.office.release(), "990101", "2026-11-01").as_deref(), Some("760"));
        let twice =
            releases::propose(&town.office, &grant(&policy), &change(town.prefecture, "2026-07-01", "790"))
                .await;
        assert!(matches!(twice, Err(OfficeError::Conflict(_))), "{twice:?}");

        // Nobody holds both rights; whoever proposed cannot release even from another post.
        assert!(policy.grant::<ReleaseStandard>().is_err());
        let root: Granted<access::ManageStaff> = town.administrator.grant().unwrap();
        let second = NewPost {
            division: town.prefecture,
            roles: vec!["prefecture_releaser".to_owned()],
            businesses: vec![],
            from_on: day("2026-01-01"),
            until_on: None,
        };
        let both = access::add_post(&town.office, &root, policy.staff, &second).await;
        assert!(both.is_err());

        let released = releases::release_change(&town.office, &grant(&releaser), id, 1).await.unwrap();
        assert!(released.review.is_none());
        assert_eq!(town.office.release().hash, released.release.hash);
        assert_eq!(releases::current(town.office.db()).await.unwrap().hash, released.release.hash);
        assert_eq!(value(&town.office.release(), "990101", "2026-11-01").as_deref(), Some("786"));
        assert_eq!(value(&town.office.release(), "990101", "2026-06-30").as_deref(), Some("760"));
        let kept = releases::kept(&town.office, &old.hash).await.unwrap();
        assert_eq!(value(&kept, "990101", "2026-11-01").as_deref(), Some("760"));

        let again = releases::release_change(&town.office, &grant(&releaser), id, 1).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))));
        let seen = releases::find_change(&town.office, &policy, id).await.unwrap();
        assert_eq!(seen.state, ChangeState::Released);
        assert_eq!(seen.release_hash.as_deref(), Some(released.release.hash.as_str()));
        assert_eq!(seen.source, "《关于提高城乡低保标准的通知》（试民发〔2026〕15号）");
    }
}

#[tokio::test]
async fn the_database_itself_refuses_one_pair_of_hands() {
    for town in towns("releases_one_hand").await {
        install(&town, "760").await;
        let (policy, _) = hands(&town).await;
        let id =
            releases::propose(&town.office, &grant(&policy), &change(town.prefecture, "2026-07-01", "786"))
                .await
                .unwrap();
        let forced = store::Query::system(
            "test",
            "UPDATE standard_change SET state = 'released', decided_by = proposed_by, decided_at = 1, release_hash = base_hash WHERE id = ?",
        )
        .bind(id)
        .execute(town.office.db())
        .await;
        assert!(matches!(forced, Err(store::StoreError::Refused(_))), "{forced:?}");
        let rewritten = store::Query::system("test", "UPDATE pack_release SET title = 'x'")
            .execute(town.office.db())
            .await;
        assert!(rewritten.is_err());
    }
}

#[tokio::test]
async fn a_wrong_value_is_said_before_it_is_saved() {
    for town in towns("releases_wrong").await {
        install(&town, "760").await;
        let (policy, releaser) = hands(&town).await;
        for (value, said) in
            [("99", "超出允许的范围"), ("七百", "不是数"), ("786.555", "小数最多2位"), ("-1", "超出")]
        {
            let refused = releases::propose(
                &town.office,
                &grant(&policy),
                &change(town.prefecture, "2026-07-01", value),
            )
            .await;
            let Err(OfficeError::Invalid(problems)) = refused else { panic!("{value}: {refused:?}") };
            assert_eq!(problems[0].field, "value");
            assert!(problems[0].message.contains(said), "{problems:?}");
        }
        let nothing = NewStandardChange {
            document_title: " ".to_owned(),
            document_number: String::new(),
            reason: String::new(),
            stated_until: Some(day("2026-06-30")),
            recompute_from: Some("2026-06".parse().unwrap()),
            ..change(town.prefecture, "2026-07-01", "")
        };
        let Err(OfficeError::Invalid(problems)) =
            releases::propose(&town.office, &grant(&policy), &nothing).await
        else {
            panic!("an empty proposal was saved")
        };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(
            fields,
            ["document_title", "document_number", "reason", "stated_until", "recompute_from", "value"]
        );
        assert!(
            releases::changes(&town.office, &policy, ChangeState::Proposed, None, 20)
                .await
                .unwrap()
                .rows
                .is_empty()
        );

        // Refused with a reason; withdrawn by the proposer only.
        let new = change(town.prefecture, "2026-07-01", "1,786.50");
        let id = releases::propose(&town.office, &grant(&policy), &new).await.unwrap();
        assert_eq!(releases::find_change(&town.office, &policy, id).await.unwrap().value, "1786.5");
        assert!(releases::refuse_change(&town.office, &grant(&releaser), id, 1, " ").await.is_err());
        releases::refuse_change(&town.office, &grant(&releaser), id, 1, "数字有误").await.unwrap();
        let id = releases::propose(&town.office, &grant(&policy), &new).await.unwrap();
        let other = town.actor("policy2", town.prefecture, &["prefecture_policy"]).await;
        let not_own = releases::withdraw_change(&town.office, &grant(&other), id, 1).await;
        assert!(matches!(not_own, Err(OfficeError::Separation(_))));
        releases::withdraw_change(&town.office, &grant(&policy), id, 1).await.unwrap();
        assert_eq!(
            releases::find_change(&town.office, &policy, id).await.unwrap().state,
            ChangeState::Withdrawn
        );
    }
}

#[tokio::test]
async fn a_list_of_standards_says_where_each_comes_from() {
    for town in towns("releases_standards").await {
        install(&town, "760").await;
        let (policy, releaser) = hands(&town).await;
        let on = day("2026-11-02");
        let list = releases::standards(&town.office, &policy, town.hedong, on).await.unwrap();
        let now = list[0].now.clone().unwrap();
        assert_eq!((now.shown.as_str(), now.carried_forward, now.demo), ("760", true, true));
        assert_eq!(now.division_name.as_deref(), Some("试点市"));
        assert!(list[1].now.is_none());

        // One county sets its own from 2026-07, and something late for 2025, which does not push that out.
        let july = change(town.county, "2026-07-01", "800");
        let late = NewStandardChange {
            stated_until: Some(day("2025-12-31")),
            ..change(town.county, "2025-01-01", "770")
        };
        for new in [july, late] {
            let id = releases::propose(&town.office, &grant(&policy), &new).await.unwrap();
            let pending = releases::standards(&town.office, &policy, town.hedong, on).await.unwrap();
            assert_eq!(pending[0].pending.len(), 1);
            let county = town.actor(&format!("clerk{}", id.0), town.county, &["county_clerk"]).await;
            assert!(
                releases::standards(&town.office, &county, town.hedong, on).await.unwrap()[0]
                    .pending
                    .is_empty()
            );
            releases::release_change(&town.office, &grant(&releaser), id, 1).await.unwrap();
        }
        let release = town.office.release();
        assert_eq!(value(&release, "990101001", "2026-11-02").as_deref(), Some("800"));
        assert_eq!(value(&release, "990101001", "2026-06-30").as_deref(), Some("770"));
        assert_eq!(value(&release, "990102001", "2026-11-02").as_deref(), Some("760"));
        let history = releases::standard_history(&town.office, "dibao_standard", town.hedong).await.unwrap();
        let lines: Vec<_> = history
            .iter()
            .map(|value| {
                (value.shown.as_str(), value.from, value.until, value.carried_forward, value.on_page)
            })
            .collect();
        assert_eq!(
            lines,
            [
                ("800", day("2026-07-01"), None, false, true),
                ("770", day("2025-01-01"), Some(day("2026-06-30")), true, true),
                ("760", day("2020-01-01"), None, true, false),
            ]
        );
    }
}

#[tokio::test]
async fn what_is_exported_loads_to_the_same_values() {
    for town in towns("releases_export").await {
        install(&town, "760").await;
        let (policy, releaser) = hands(&town).await;
        let filing = NewStandardChange {
            parameter: "residence_filing".to_owned(),
            stated_until: Some(day("2027-12-31")),
            ..change(town.prefecture, "2026-08-01", "是")
        };
        let row = NewStandardChange {
            parameter: "shelter_standard[public]".to_owned(),
            stated_until: Some(day("2027-06-30")),
            ..change(town.prefecture, "2026-09-01", "650.5")
        };
        for new in [
            change(town.prefecture, "2026-07-01", "786.5"),
            change(town.county, "2026-10-01", "800"),
            filing,
            row,
        ] {
            let id = releases::propose(&town.office, &grant(&policy), &new).await.unwrap();
            releases::release_change(&town.office, &grant(&releaser), id, 1).await.unwrap();
        }
        let release = town.office.release();
        let folder = tempfile::tempdir().unwrap();
        releases::export_pack(&release, folder.path()).unwrap();
        assert!(releases::export_pack(&release, folder.path()).is_err(), "old and new files would mix");
        let folders: Vec<_> = ["town", "city", "database"].iter().map(|id| folder.path().join(id)).collect();
        let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
        let options = LoadOptions { synthetic: true };
        let loaded = Release::load_with(&folders, options).unwrap();
        let values = |release: &Release| {
            let mut lines = Vec::new();
            for parameter in release.parameters.iter() {
                for known in release.parameter_history(&parameter.id) {
                    lines.push(format!("{} {known:?}", parameter.id));
                }
            }
            for key in release.keys("shelter_standard") {
                for known in release.cell_history("shelter_standard", &key.code) {
                    lines.push(format!("{} {known:?}", key.code));
                }
            }
            lines
        };
        assert_eq!(values(&loaded), values(&release));
        // Four of parameters; two rows as the town's rule prints them, and the one that was raised.
        assert_eq!(values(&loaded).len(), 7);

        // Imported elsewhere, the values are released standards there, and the next change lies on top of them.
        for other in towns("releases_import").await {
            let installed =
                releases::install(other.office.db(), loaded.clone(), other.office.now()).await.unwrap();
            other.office.put_in_force(Arc::clone(&installed));
            assert_eq!(values(&installed), values(&release));
            let (policy, releaser) = hands(&other).await;
            let new = change(other.prefecture, "2027-01-01", "810");
            let id = releases::propose(&other.office, &grant(&policy), &new).await.unwrap();
            releases::release_change(&other.office, &grant(&releaser), id, 1).await.unwrap();
            let after = other.office.release();
            assert_eq!(value(&after, "990102", "2027-01-01").as_deref(), Some("810"));
            assert_eq!(value(&after, "990102", "2026-12-31").as_deref(), Some("786.5"));
            assert_eq!(value(&after, "990101", "2027-01-01").as_deref(), Some("800"));
            // The row that came with the packs is followed by the next one of the same row and place.
            let raised = NewStandardChange {
                parameter: "shelter_standard[public]".to_owned(),
                ..change(other.prefecture, "2027-01-01", "700")
            };
            let id = releases::propose(&other.office, &grant(&policy), &raised).await.unwrap();
            releases::release_change(&other.office, &grant(&releaser), id, 1).await.unwrap();
            let history =
                releases::standard_history(&other.office, "shelter_standard[public]", other.hedong).await;
            let history: Vec<_> = history
                .unwrap()
                .iter()
                .map(|value| (value.shown.clone(), value.from, value.until, value.on_page))
                .collect();
            let said = |shown: &str, from: &str, until: Option<&str>, on_page| {
                (shown.to_owned(), day(from), until.map(day), on_page)
            };
            assert_eq!(
                history,
                [
                    said("700", "2027-01-01", None, true),
                    said("650.5", "2026-09-01", Some("2026-12-31"), true),
                    said("600", "2020-01-01", None, false),
                ]
            );
            let list =
                releases::standards(&other.office, &policy, other.hedong, day("2026-10-01")).await.unwrap();
            let rows: Vec<_> = list
                .iter()
                .filter(|standard| standard.parameter.starts_with("shelter_standard["))
                .map(|standard| standard.now.as_ref().unwrap().shown.as_str())
                .collect();
            assert!(rows.len() == 2 && rows.contains(&"650.5") && rows.contains(&"400"), "{rows:?}");
            // Newer packs keep what was released on pages on top.
            let newer = install(&other, "765").await;
            assert_eq!(value(&newer, "990102", "2026-01-01").as_deref(), Some("765"));
            assert_eq!(value(&newer, "990102", "2027-01-01").as_deref(), Some("810"));
        }
    }
}

#[tokio::test]
async fn a_change_stays_in_its_subtree() {
    for town in towns("releases_scope").await {
        install(&town, "760").await;
        let (policy, _) = hands(&town).await;
        let id =
            releases::propose(&town.office, &grant(&policy), &change(town.other_county, "2026-07-01", "786"))
                .await
                .unwrap();
        let here = town.actor("director", town.county, &["county_director"]).await;
        let there = town.actor("director2", town.other_county, &["county_director"]).await;
        assert!(matches!(
            releases::find_change(&town.office, &here, id).await,
            Err(OfficeError::NotFound(_))
        ));
        assert!(releases::find_change(&town.office, &there, id).await.is_ok());
        assert!(
            releases::changes(&town.office, &here, ChangeState::Proposed, None, 20)
                .await
                .unwrap()
                .rows
                .is_empty()
        );
        assert!(here.grant::<ProposeStandard>().is_err());
        let village = town.actor("village", town.stone_village, &["village_worker"]).await;
        assert!(matches!(
            releases::find_change(&town.office, &village, id).await,
            Err(OfficeError::Forbidden(_))
        ));
    }
}
