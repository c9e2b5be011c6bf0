//! A register of a million records: how quickly its pages answer and its files are written. Not run with the others (`bench/records.sh` does).
//! The rows are made by the database itself, for volume only; everything that is measured goes through the offices' own use-cases.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use office::access::{Actor, Export, Granted, ReadRecords, Right};
use office::records::list::{Narrowed, list};
use office::records::take_out::{FileKind, ROWS_MAX, Wanted, take_out};
use office::records::{RecordId, page};
use store::{Backend, Query};

use crate::records::{open, shelter};
use crate::town::{Town, day, grant, towns};

/// Milliseconds within which a page answers, 95 of 100 times; a machine that is busy otherwise sets `LIMIT_MS`.
const LIMIT_MS: u128 = 50;
const TIMES: usize = 40;
const PAGE: usize = 50;

fn number(name: &str, default: u128) -> u128 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn fill(town: &Town, records: i64) {
    let places = [town.first_community, town.second_community, town.willow_village];
    let days = ["2019-05-01", "2020-03-01", "2021-11-15", "2024-08-20"];
    let mut query = Query::system(
        "volume for a measurement",
        "INSERT INTO reg_shelter (county_id, division_id, state, title, words, recorded_on, version, created_at, changed_at, f_code, \
         f_name, f_lies_in, f_kind, f_capacity, s_capacity, f_opened_on, s_opened_on, f_medical, b_phone, f_living) \
         WITH RECURSIVE n(i) AS (SELECT CAST(1000 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
         SELECT ?, CASE n.i % 3 WHEN 0 THEN ? WHEN 1 THEN ? ELSE ? END, CASE WHEN n.i % 50 = 0 THEN 'paused' ELSE 'running' END, \
         '第' || CAST(n.i AS TEXT) || '养老院', '第' || CAST(n.i AS TEXT) || '养老院 d' || CAST(n.i AS TEXT) || 'yly', \
         ?, 1, 0, 0, 'M' || CAST(n.i AS TEXT), '第' || CAST(n.i AS TEXT) || '养老院', \
         CASE n.i % 3 WHEN 0 THEN ? WHEN 1 THEN ? ELSE ? END, CASE WHEN n.i % 7 = 0 THEN 'private' ELSE 'public' END, \
         1 + (n.i * 7919) % 4999, 1 + (n.i * 7919) % 4999, CASE n.i % 4 WHEN 0 THEN ? WHEN 1 THEN ? WHEN 2 THEN ? ELSE ? END, \
         CASE n.i % 4 WHEN 0 THEN ? WHEN 1 THEN ? WHEN 2 THEN ? ELSE ? END, ?, 'blind' || CAST(n.i AS TEXT), 0 FROM n",
    )
    .bind(999 + records)
    .bind(town.county);
    query = places.iter().fold(query, |query, place| query.bind(*place));
    query = query.bind(day("2026-01-05"));
    query = places.iter().fold(query, |query, place| query.bind(*place));
    query = days.iter().fold(query, |query, text| query.bind(day(text)));
    query = days.iter().fold(query, |query, text| query.bind(*text));
    query.bind(true).execute(town.office.db()).await.unwrap();
    // As the server does after much was written.
    town.office.db().optimize().await.unwrap();
}

struct Asking<'a> {
    town: &'a Town,
    records: i64,
    slow: Vec<String>,
}

impl Asking<'_> {
    async fn ask(&mut self, question: &str, limit: Option<u128>, mut once: impl AsyncFnMut(usize)) {
        // The first opens files and prepares statements.
        once(0).await;
        let mut times = Vec::with_capacity(TIMES);
        for time in 1..=TIMES {
            let from = Instant::now();
            once(time).await;
            times.push(from.elapsed().as_micros());
        }
        times.sort_unstable();
        let (half, most) = (times[TIMES / 2], times[TIMES * 95 / 100]);
        let backend = format!("{:?}", self.town.office.db().backend()).to_lowercase();
        println!(
            "{}",
            serde_json::json!({
                "question": question, "backend": backend, "records": self.records, "p50_us": u64::try_from(half).unwrap(),
                "p95_us": u64::try_from(most).unwrap(),
            })
        );
        if limit.is_some_and(|limit| most > limit * 1000) {
            self.slow.push(format!("{question} on {backend}: {most} µs"));
        }
    }

    async fn list(&mut self, question: &str, actor: &Actor, asked: impl Fn(usize) -> Narrowed) {
        let limit = if asked(0).words.is_some() { None } else { Some(number("LIMIT_MS", LIMIT_MS)) };
        let (town, register) = (self.town, open(self.town, actor, "shelter", Right::ReadRecords));
        let reader: Granted<ReadRecords> = grant(actor);
        self.ask(question, limit, async |time| {
            let asked = Narrowed { state: Some("open".to_owned()), ..asked(time) };
            list(&town.office, &reader, &register, &asked, None, PAGE).await.unwrap();
        })
        .await;
    }
}

fn field(field: &str, value: String) -> Narrowed {
    Narrowed { fields: [(field.to_owned(), value)].into(), ..Narrowed::default() }
}

/// Memory of this process in kB, without the files that are mapped into it.
fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

/// The most memory while something is done, in kB.
async fn most_memory<T>(done: impl Future<Output = T>) -> (T, u64) {
    let most = Arc::new(AtomicU64::new(memory_kb()));
    let watched = Arc::downgrade(&most);
    std::thread::spawn(move || {
        while let Some(most) = watched.upgrade() {
            most.fetch_max(memory_kb(), Ordering::Relaxed);
            drop(most);
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    (done.await, most.load(Ordering::Relaxed))
}

#[tokio::test]
#[ignore = "minutes long; bench/records.sh runs it"]
async fn a_million_records_answer_in_time() {
    let records = i64::try_from(number("RECORDS", 1_000_000)).unwrap();
    for town in towns("records_million").await {
        let prefecture = town.actor("city", town.prefecture, &["prefecture_clerk"]).await;
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let clerk = town.clerk(town.hexi).await;
        let first = shelter(&town, &county, "A1", "990101001001", "30").await;
        fill(&town, records).await;
        let mut asking = Asking { town: &town, records, slow: Vec::new() };
        let some = |time: usize| time * 97 % 4000;
        let askers = [("prefecture", &prefecture), ("county", &county), ("township", &clerk)];
        // FILES=1 measures files only.
        for (who, actor) in askers.into_iter().filter(|_| number("FILES", 0) == 0) {
            let said = |question: &str| format!("{question}, {who}");
            asking.list(&said("list"), actor, |_| Narrowed::default()).await;
            asking
                .list(&said("list by capacity, downwards"), actor, |_| Narrowed {
                    sort: Some("capacity".to_owned()),
                    descending: true,
                    ..Narrowed::default()
                })
                .await;
            asking.list(&said("kind"), actor, |_| field("kind", "private".to_owned())).await;
            asking
                .list(&said("opened on a day"), actor, |_| {
                    field("opened_on", "2020-03-01..2020-03-01".to_owned())
                })
                .await;
            asking
                .list(&said("opened between days"), actor, |_| {
                    field("opened_on", "2020-01-01..2022-01-01".to_owned())
                })
                .await;
            asking
                .list(&said("capacity between"), actor, |time| {
                    field("capacity", format!("{}..{}", some(time), some(time) + 3))
                })
                .await;
            asking.list(&said("phone"), actor, |time| field("phone", format!("139{:08}", some(time)))).await;
            asking
                .list(&said("words of a title"), actor, |time| Narrowed {
                    words: Some(format!("第{}", 1000 + some(time))),
                    ..Narrowed::default()
                })
                .await;
        }
        let register = open(&town, &county, "shelter", Right::ReadRecords);
        let reader: Granted<ReadRecords> = grant(&county);
        let limit = Some(number("LIMIT_MS", LIMIT_MS));
        asking
            .ask("detail", limit, async |time| {
                let id = RecordId(first.0 + i64::try_from(some(time)).unwrap());
                page::page(&town.office, &reader, &register, id).await.unwrap();
            })
            .await;
        let slow = asking.slow;
        // A file of so many rows as one takes out, and of half of them: memory must not follow.
        let exporter: Granted<Export> = grant(&county);
        for (kind, capacity) in
            [(FileKind::Csv, 480), (FileKind::Excel, 480), (FileKind::Parquet, 480), (FileKind::Csv, 960)]
        {
            let asked = field("capacity", format!("..{capacity}"));
            let wanted = Wanted { asked: &asked, kind, shown_only: false, purpose: "测量" };
            let (before, from) = (memory_kb(), Instant::now());
            let (out, most) =
                most_memory(take_out(&town.office, &reader, &exporter, &register, &wanted)).await;
            let mut out = out.unwrap();
            let took = from.elapsed().as_millis();
            let mut head = [0_u8; 4];
            out.file.read_exact(&mut head).unwrap();
            assert!(out.rows <= usize::try_from(ROWS_MAX).unwrap());
            let backend = match town.office.db().backend() {
                Backend::Sqlite => "sqlite",
                Backend::Postgres => "postgres",
            };
            println!(
                "{}",
                serde_json::json!({
                    "question": format!("take out as {}", kind.extension()), "backend": backend, "rows": out.rows,
                    "bytes": out.length, "ms": u64::try_from(took).unwrap(), "memory_kb": before, "more_kb": most - before,
                })
            );
        }
        assert!(slow.is_empty(), "{}", slow.join("\n"));
    }
}
