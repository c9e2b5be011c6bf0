//! A county that has a plan of its own splits it over its townships, as a prefecture over its counties.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use catalogue::{LoadOptions, Release};
use office::access::{self, Actor, ApprovePlan, ManagePlan, ReadPlan, ReportPlan};
use office::plans::evaluation;
use office::plans::judge::Standing;
use office::plans::values::{self, Reported};
use office::plans::{indicator_page, split};
use office::{Office, OfficeError, divisions, people};
use store::{Db, DivisionId};
use vocab::{Level, Now};

use crate::town::{START, day, sign_in_and_change};
use crate::wuhai::{self, actor, grant};

/// 品牌社会组织: 24 个, reported by hand.
const COUNTED: &str = "xc_i015";
/// 城乡专职社区工作者持证率: a share.
const SHARE: &str = "xc_i017";

fn release() -> Arc<Release> {
    let packs = store::testing::packs();
    let folders = ["national", "county", "demo-county"].map(|pack| packs.join(pack));
    let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    let read = Release::load_with(&folders, LoadOptions { synthetic: true });
    Arc::new(read.unwrap_or_else(|findings| panic!("{findings:#?}")))
}

struct County {
    office: Office,
    home: DivisionId,
    planner: Actor,
    director: Actor,
}

async fn make(db: Db, release: &Arc<Release>) {
    db.migrate(&office::migrations()).await.unwrap();
    divisions::import(&db, release, day("2020-01-01")).await.unwrap();
    let release =
        office::releases::install(&db, Release::clone(release), Now::from_unix_ms(START)).await.unwrap();
    people::prepare_projections(&db, &release).await.unwrap();
    let office = wuhai::office(db, release, &Arc::new(AtomicI64::new(START)));
    let at = async |code: &str| divisions::by_code(office.db(), code).await.unwrap().id;
    let above = at("999900").await;
    let once = access::create_first_administrator(&office, "root", "首位管理员", above).await.unwrap();
    let root = sign_in_and_change(&office, "root", once.reveal(), "quiet-river-47").await;
    let home = at("999901").await;
    wuhai::staff(&office, &root, "guihua", home, "county_planner").await;
    wuhai::staff(&office, &root, "juzhang", home, "county_director").await;
}

async fn counties(name: &str) -> Vec<County> {
    let release = release();
    let mut counties = Vec::new();
    for copy in store::testing::copies("plancounty", name, |db| make(db, &release)).await {
        let office = wuhai::office(copy.db, Arc::clone(&release), &Arc::new(AtomicI64::new(START)));
        counties.push(County {
            home: divisions::by_code(office.db(), "999901").await.unwrap().id,
            planner: actor(&office, "guihua").await,
            director: actor(&office, "juzhang").await,
            office,
        });
    }
    counties
}

/// PL-03: fifteen townships share what can be counted, sums kept; their numbers are entered and judged like a county's.
#[tokio::test]
async fn a_county_splits_its_plan_over_its_townships() {
    for county in counties("plantownship").await {
        let office = &county.office;
        let manager = grant::<ManagePlan>(&county.planner);
        let begin = split::proposal(office, &manager, COUNTED).await.unwrap();
        let townships = divisions::at_level(office.db(), county.home, Level::Township).await.unwrap();
        assert!(begin.counties.iter().map(|(id, ..)| *id).eq(townships.iter().map(|place| place.id)));
        assert_eq!((begin.counties.len(), begin.countable), (15, true));
        let last = begin.years.last().unwrap();
        assert_eq!((last.year, last.parts.iter().map(|part| part.units()).sum::<i64>()), (2025, 24));
        let typed = |more: i64| {
            let mut typed = Vec::new();
            for year in &begin.years {
                for (at, ((place, ..), part)) in begin.counties.iter().zip(&year.parts).enumerate() {
                    let more = if at == 0 { more } else { 0 };
                    typed.push((*place, year.year, (part.units() + more).to_string()));
                }
            }
            typed
        };
        let refused = split::propose(office, &manager, COUNTED, &typed(1)).await;
        let Err(OfficeError::Invalid(problems)) = refused else { panic!("{refused:?}") };
        assert!(problems[0].message.contains("各乡镇（街道）相加是 25"), "{problems:?}");
        let id = split::propose(office, &manager, COUNTED, &typed(0)).await.unwrap();
        let director = grant::<ApprovePlan>(&county.director);
        split::decide(office, &director, COUNTED, id, true).await.unwrap();

        // The first township was given two by the largest remainders: it reaches one.
        let report = async |division, number| {
            let month = "2025-12".parse().unwrap();
            let reported = Reported { indicator: COUNTED, division, month, number, evidence: "乡镇台账" };
            values::report(office, &grant::<ReportPlan>(&county.planner), reported).await
        };
        let value = report(townships[0].id, "1").await.unwrap();
        values::look(office, &director, value, true, "").await.unwrap();
        let villages = divisions::children(office.db(), townships[0].id).await.unwrap();
        assert!(matches!(report(villages[0].id, "1").await, Err(OfficeError::NotFound(_))));

        let reader = grant::<ReadPlan>(&county.planner);
        let page = indicator_page(office, &reader, COUNTED).await.unwrap();
        let first = &page.counties[0];
        assert_eq!(
            (page.counties.len(), first.target.unwrap().units(), first.standing),
            (15, 2, Some(Standing::Missed))
        );
        let parts: i64 = page.counties.iter().map(|place| place.target.unwrap().units()).sum();
        assert_eq!(parts, 24);

        let share = split::proposal(office, &manager, SHARE).await.unwrap();
        let last = share.years.last().unwrap();
        assert!(!share.countable && last.parts.iter().all(|part| *part == last.whole), "{share:?}");

        evaluation::run(office, &manager, &reader, "final-2025").await.unwrap();
        let figures = evaluation::page(office, &reader, "final-2025").await.unwrap().figures.unwrap();
        assert_eq!((figures.below.as_str(), figures.counties.len()), ("乡镇（街道）", 15));
        let first = &figures.counties[0];
        assert_eq!((first.given, first.missed, first.missing[0].1.as_str()), (1, 1, "2个"));
    }
}
