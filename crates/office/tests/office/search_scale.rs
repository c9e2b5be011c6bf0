//! How quickly the search box answers where there is a million of everything:
//! `HUIMIN_SCALE=1000000 cargo nextest run --workspace --run-ignored only -E 'test(search_at_scale)' --no-capture`.

use std::time::{Duration, Instant};

use office::people::{NewFamily, NewPerson, NewPlace, register_families_in};
use office::search::{self, fill};
use office::{divisions, people};
use store::{AuditActor, Query, Scope, values};
use vocab::CitizenId;

use crate::town::{Town, day, towns};

const SURNAMES: &str =
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈";
const GIVEN: &str = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉文华建国红梅志凤琴云飞鹏宇浩然子涵雨欣怡佳慧春晓东海山林松柏荣富贵";
const PLACES: &str = "吉祥如意平安福寿康宁和顺幸福阳光夕阳红枫松鹤延年安居乐业同心友爱";
const KINDS: [&str; 6] = ["养老院", "日间照料中心", "社区服务站", "助餐点", "公益性公墓", "儿童之家"];

/// The same numbers each time, scattered.
struct Scatter(u64);

impl Scatter {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most
    }

    fn of(&mut self, signs: &str) -> char {
        // The first are the most frequent.
        let signs: Vec<char> = signs.chars().collect();
        let (one, other) = (self.below(signs.len()), self.below(signs.len()));
        signs[one.min(other)]
    }
}

async fn people_of(town: &Town, many: usize) {
    let mut scatter = Scatter(7);
    let villages = [town.first_community, town.second_community, town.willow_village];
    let first = day("1930-01-01");
    let mut written = 0;
    while written < many {
        let mut families = Vec::new();
        for _ in 0..250 {
            let village = villages[scatter.below(3)];
            let mut members = Vec::new();
            for place in 0..4 {
                let number = written + members.len() + families.len() * 4;
                let mut name = String::from(scatter.of(SURNAMES));
                for _ in 0..1 + scatter.below(4).min(1) {
                    name.push(scatter.of(GIVEN));
                }
                let born = first + chrono::Days::new((number % 30_000) as u64);
                let person = NewPerson {
                    name: name.parse().unwrap(),
                    citizen_id: CitizenId::synthetic(
                        (number / 30_000 % 100) as u16,
                        born,
                        (number / 3_000_000) as u16,
                    ),
                    phone: None,
                    division: village,
                    residence: None,
                };
                members.push((person, if place == 0 { "head" } else { "child" }.to_owned()));
            }
            let place = NewPlace {
                division: village,
                registered_division: village,
                area: "rural".to_owned(),
                address: None,
            };
            families.push(NewFamily { place, members });
        }
        let tx = town.office.db().begin().await.unwrap();
        register_families_in(&town.office, &tx, &AuditActor::default(), &families, &town.today())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        written += 1000;
    }
}

async fn records_of(town: &Town, many: usize) {
    let mut scatter = Scatter(11);
    let db = town.office.db();
    let villages = [town.first_community, town.second_community, town.willow_village, town.stone_village];
    let columns = [
        "county_id",
        "division_id",
        "state",
        "title",
        "words",
        "recorded_on",
        "version",
        "created_at",
        "changed_at",
        "f_code",
        "f_name",
        "f_lies_in",
    ];
    let state: String = town.office.release().registers.get("shelter").unwrap().first_state().to_owned();
    for batch in 0..many.div_ceil(5000) {
        let rows = (0..5000).map(|place| {
            let number = batch * 5000 + place;
            let village = villages[scatter.below(4)];
            let (one, other) = (scatter.of(PLACES), scatter.of(PLACES));
            let title = format!("{one}{other}{}{}号", KINDS[scatter.below(6)], number);
            values![
                town.county,
                village,
                state.as_str(),
                title.as_str(),
                title.as_str(),
                day("2026-01-01"),
                1_i64,
                1_i64,
                1_i64,
                format!("C{number:07}"),
                title.as_str(),
                village
            ]
        });
        let rows: Vec<_> = rows.collect();
        let tx = db.begin().await.unwrap();
        store::insert_many(&Scope::System("test"), &tx, "reg_shelter", &columns, rows).await.unwrap();
        tx.commit().await.unwrap();
    }
    Query::system("test", "UPDATE search_kind SET filled = ? WHERE name = 'shelter'")
        .bind(false)
        .execute(db)
        .await
        .unwrap();
    fill(&town.office).await.unwrap();
}

fn percent(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1000.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "makes a million people and a million records: minutes"]
async fn search_at_scale() {
    let many: usize = std::env::var("HUIMIN_SCALE").map_or(1_000_000, |text| text.parse().unwrap());
    for town in towns("search_scale").await {
        let backend = town.office.db().backend();
        let started = Instant::now();
        people_of(&town, many).await;
        println!("{backend:?}: {many} people in {:?}", started.elapsed());
        let started = Instant::now();
        records_of(&town, many).await;
        println!("{backend:?}: {many} records in {:?}", started.elapsed());
        if backend == store::Backend::Postgres {
            Query::system("test", "ANALYZE").execute(town.office.db()).await.unwrap();
        }
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let village = town.actor("worker", town.willow_village, &["village_worker"]).await;
        let names = ["王伟", "李秀英", "wxy", "zhangwei", "zw", "赵云飞", "欧阳", "liu"];
        let numbers = ["1234", "123456", "C0500000", "500000"];
        let titles =
            ["养老院", "吉祥", "jxyly", "福寿公益性公墓", "rjzlzx", "夕阳红", "同心友爱", "fw", "999号"];
        for (who, actor) in [("county", &county), ("village", &village)] {
            let reader = search::reader(actor);
            for (what, texts) in [("names", &names[..]), ("numbers", &numbers[..]), ("titles", &titles[..])] {
                let mut times = Vec::new();
                let mut worst = (Duration::ZERO, "");
                for round in 0..12 {
                    for text in texts {
                        let started = Instant::now();
                        search::search(&town.office, &reader, text).await.unwrap();
                        let took = started.elapsed();
                        // The first round fills the caches.
                        if round > 1 {
                            times.push(took);
                            worst = worst.max((took, text));
                        }
                    }
                }
                let (middle, most) = (percent(&mut times, 50), percent(&mut times, 95));
                println!("{backend:?} {who} {what}: p50 {middle:.1} ms, p95 {most:.1} ms, worst {worst:?}");
            }
            let started = Instant::now();
            for _ in 0..20 {
                people::search_people(&town.office, &actor.grant().unwrap(), "王伟", None, 20).await.unwrap();
            }
            println!("{backend:?} {who} people alone: {:?}", started.elapsed() / 20);
        }
        assert!(divisions::by_code(town.office.db(), "990100").await.is_ok());
    }
}
