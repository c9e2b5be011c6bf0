//! A small town with much wrong in its departments' files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use catalogue::{LoadOptions, Release};
use office::access::Investigate;
use office::leads::{Deed, Kind, Leads};
use office::{divisions, people, releases};
use vocab::{Calendar, Month, Now};

use super::*;
use crate::city::{Plan, Taken, taken_over};
use crate::planted::Rates;

/// 2026-11-23 09:00 in Shanghai.
const START: i64 = 1_795_395_600_000;

async fn office(db: store::Db, hand: &Arc<AtomicI64>) -> Office {
    db.migrate(&office::migrations()).await.unwrap();
    let packs = store::testing::packs();
    let folders = ["national", "wuhai", "demo-wuhai"].map(|pack| packs.join(pack));
    let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    let release = Release::load_with(&folders, LoadOptions { synthetic: true })
        .unwrap_or_else(|findings| panic!("{findings:#?}"));
    divisions::import(&db, &release, Month::FIRST.first_day()).await.unwrap();
    people::prepare_projections(&db, &release).await.unwrap();
    office::records::prepare(&db, &release).await.unwrap();
    let release = releases::install(&db, release, Now::from_unix_ms(START)).await.unwrap();
    let calendar = Calendar::from_json(include_str!("../../../../facts/holidays.json")).unwrap();
    let moved = Arc::clone(hand);
    let clock = Arc::new(move || Now::from_unix_ms(moved.load(Ordering::SeqCst)));
    Office::new(db, Arc::new(calendar), release, clock)
}

/// The night finds what is wrong in the departments' files: of every kind nineteen of twenty, few others, and no benefit is touched by it.
#[tokio::test]
async fn the_night_finds_what_is_planted_and_stops_nobody() {
    for db in store::testing::databases("recall").await {
        let hand = Arc::new(AtomicI64::new(START));
        let office = office(db, &hand).await;
        let plan = Plan {
            city: "150300",
            people: 3_000,
            seed: 7,
            on_roll: 20,
            at_each_step: 1,
            rates: Rates::DENSE,
        };
        let Taken { staff, planted, .. } = taken_over(&office, &hand, plan, &mut |_, _, _| {}).await.unwrap();
        hand.store(START, Ordering::SeqCst);
        let proof = night(&office, &planted).await.unwrap();
        for line in &proof.lines {
            assert!(line.planted >= 10, "too few of a kind to measure: {proof:?}");
            assert!(line.recall_percent() >= 95, "{proof:?}");
            assert!(line.false_alarms * 5 <= line.planted, "{proof:?}");
        }
        assert_eq!(proof.disagreements, 0, "the roll and the rules agree: {proof:?}");
        assert_eq!(proof.stopped, 0, "{proof:?}");
        // Another night finds nothing new, and one of nothing planted is all false alarms: the measure measures.
        assert_eq!(night(&office, &planted).await.unwrap(), proof);
        let nothing = compared(&office, &[]).await.unwrap();
        assert!(nothing.lines.iter().all(|line| line.found == 0 && line.false_alarms > 0), "{nothing:?}");

        // A death stands on the county's list with who says so and from when, and the lead closes by a person's word alone.
        let county = &staff.counties[0];
        let clerk = county.county_clerk.grant::<Investigate>().unwrap();
        let waiting = leads::figures(&office, &clerk).await.unwrap();
        assert!(waiting.reviews.counted > 0);
        let reviews = Leads { kind: Kind::Review, open: true, overdue: false };
        let lines = leads::list(&office, &clerk, reviews, None, 500).await.unwrap().rows;
        let death = lines
            .iter()
            .find(|line| line.reasons.iter().any(|reason| reason.title.contains("死亡")))
            .unwrap();
        assert!(death.from_file && death.reasons[0].found[0].contains("数据日期"), "{death:?}");
        assert!(!death.reasons[0].basis.is_empty());
        let money = lines.iter().find(|line| line.reasons[0].title.contains("金融资产")).unwrap();
        assert!(
            money.reasons[0].found.iter().all(|found| !found.contains("元（")),
            "the balance is the check's, not the list's: {money:?}"
        );
        assert!(death.due_on.is_some() && death.due_on < money.due_on, "a death is looked into first");
        let view = leads::find_lead(&office, &clerk, death.id).await.unwrap();
        let words = "上门见到本人，户籍登记有误，已请公安更正";
        leads::note(&office, &clerk, death.id, view.version, Deed::Mistaken, words).await.unwrap();
        assert_eq!(night(&office, &planted).await.unwrap().stopped, 0);
        let left = leads::list(&office, &clerk, reviews, None, 500).await.unwrap().rows;
        assert_eq!(left.len(), lines.len() - 1, "the same file does not bring back what somebody settled");
    }
}

/// Every post of the packs can be tried; an organisation's account comes when there are organisations ([`crate::staff::organisation`]).
#[tokio::test]
async fn every_role_of_the_packs_has_an_account_to_try() {
    for db in store::testing::databases("accounts").await {
        let office = office(db, &Arc::new(AtomicI64::new(START))).await;
        let city = divisions::by_code(office.db(), "150300").await.unwrap().id;
        crate::staff::employ(&office, city, &mut |_, _| {}).await.unwrap();
        let held: Vec<String> =
            Query::system("test", "SELECT DISTINCT role FROM post_role").scalars(office.db()).await.unwrap();
        let release = office.release();
        let asked = release.roles.iter().map(|role| role.id.get().as_str());
        let missing: Vec<&str> = asked
            .filter(|role| *role != "organisation_clerk" && held.iter().all(|held| held != role))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
