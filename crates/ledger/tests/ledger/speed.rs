//! How long a city's run takes. Not a test of rightness: run it by hand with `--ignored`, and set `LEDGER_SPEED_LINES`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use store::{AuditActor, AuditEntry, Backend, HouseholdId, Query, insert_many, values};

use crate::town::{ACCOUNTANT, SYSTEM, Town, answer_row, go_on, month, officer, totals, towns};
use ledger::{bank, compare, pages, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement of minutes, for bench/run"]
async fn a_run_of_a_hundred_thousand_lines() {
    let lines: i64 =
        std::env::var("LEDGER_SPEED_LINES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    for town in towns("speed").await {
        let june = month("2026-06");
        let tx = town.db.begin().await.unwrap();
        let (county, township, village) = (town.county, town.townships[0], town.villages[0]);
        let entitlements = (1..=lines).map(|id| {
            values![
                id,
                "dibao",
                "basic_living",
                id,
                id * 10,
                county,
                township,
                village,
                june,
                june,
                "x",
                1,
                1
            ]
        });
        let columns = [
            "id",
            "programme",
            "exclusion_group",
            "household_id",
            "holder_person_id",
            "county_id",
            "township_id",
            "division_id",
            "from_month",
            "first_due_month",
            "reference",
            "made_by",
            "made_at",
        ];
        insert_many(&SYSTEM, &tx, "entitlement", &columns, entitlements).await.unwrap();
        let amounts = (1..=lines).map(|id| values![id, june, 50_000 + id % 1000, "grant", "x", "x", 1, 1]);
        let columns = [
            "entitlement_id",
            "from_month",
            "amount_fen",
            "cause",
            "reason",
            "reference",
            "made_by",
            "recorded_at",
        ];
        insert_many(&SYSTEM, &tx, "entitlement_amount", &columns, amounts).await.unwrap();
        let members = (1..=lines).flat_map(|id| {
            (0..=(id % 3)).map(move |n| values![id, "basic_living", id * 10 + n, june, "x", "x", 1, 1])
        });
        let columns = [
            "entitlement_id",
            "exclusion_group",
            "person_id",
            "from_month",
            "reason",
            "reference",
            "made_by",
            "recorded_at",
        ];
        insert_many(&SYSTEM, &tx, "entitlement_member", &columns, members).await.unwrap();
        let payees = (1..=lines)
            .map(|id| values![id, id, "某某", "乌海银行", "1234", "confirmed", "x", "x", 1, 1, 2, 1]);
        let columns = [
            "entitlement_id",
            "bank_account_id",
            "holder_name",
            "bank",
            "number_tail",
            "state",
            "reason",
            "reference",
            "proposed_by",
            "proposed_at",
            "confirmed_by",
            "confirmed_at",
        ];
        insert_many(&SYSTEM, &tx, "payee", &columns, payees).await.unwrap();
        tx.commit().await.unwrap();
        for of in [june, june.next(), june.next().next()] {
            let mut clock = Instant::now();
            let mut busy = processor_ms(&town).await;
            let mut lap = async |what: &str| {
                let now = processor_ms(&town).await;
                println!(
                    "{:?} {of} {what}: {:?}, processor {} ms",
                    town.db.backend(),
                    clock.elapsed(),
                    now - busy
                );
                (clock, busy) = (Instant::now(), now);
            };
            let (made, waits) = beside_pages(&town, town.make(of)).await;
            let made = made.unwrap();
            assert_eq!(made.line_count, lines);
            lap("make").await;
            let (compared, more) = beside_pages(&town, compare::summary(&town.db, &SYSTEM, made.id)).await;
            compared.unwrap();
            lap("compare").await;
            println!("{:?} {of} pages meanwhile: {}, {}", town.db.backend(), waits, more);
            town.approve(made.id).await.unwrap();
            lap("approve").await;
            let file = bank::lines(&town.db, &SYSTEM, made.id, 0, 1_000_000).await.unwrap();
            lap("lines").await;
            let hash = "ab".repeat(32);
            town.tx(async |tx| {
                bank::begin_export(tx, &SYSTEM, made.id, &hash, totals(&made), officer(ACCOUNTANT)).await
            })
            .await
            .unwrap();
            run::carry_on(&town.db, made.id, &mut go_on).await.unwrap();
            lap("export").await;
            let rows: Vec<_> = file.iter().map(|line| answer_row(line, line.line_no % 100 == 0)).collect();
            town.read(made.id, &rows).await.unwrap();
            lap("read answer").await;
            run::carry_on(&town.db, made.id, &mut go_on).await.unwrap();
            lap("apply answer").await;
        }
        let clock = Instant::now();
        town.verify().await;
        println!("{:?} verify: {:?}", town.db.backend(), clock.elapsed());
    }
}

/// Does the work while a page every twenty milliseconds reads a family's lines and writes its audit row, as pages do; says
/// how long these took.
async fn beside_pages<T>(town: &Town, work: impl Future<Output = T>) -> (T, String) {
    let finished = AtomicBool::new(false);
    let pages = async {
        let mut times = Vec::new();
        let mut family = 0;
        while !finished.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            family = family % 1000 + 1;
            let began = Instant::now();
            let household = HouseholdId(family);
            pages::payments_of_household(&town.db, &SYSTEM, household, None, 20).await.unwrap();
            let entry = AuditEntry {
                at: 1,
                actor: AuditActor::default(),
                action: "household.opened",
                subject: Some(("household", family)),
                case: None,
                division: None,
                purpose: None,
                details: Default::default(),
            };
            town.tx(async |tx| Ok(tx.audit(entry).await?)).await.unwrap();
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        format!(
            "{} pages, half in {:?}, 95 of 100 in {:?}, the slowest {:?}",
            times.len(),
            at(50),
            at(95),
            times.last().copied().unwrap_or_default()
        )
    };
    let work = async {
        let done = work.await;
        finished.store(true, Ordering::Relaxed);
        done
    };
    tokio::join!(work, pages)
}

/// What this process and the database's have used of the processor: a busy machine does not blur it.
async fn processor_ms(town: &Town) -> u64 {
    let mut processes = vec!["self".to_owned()];
    if town.db.backend() == Backend::Postgres {
        let sql =
            "SELECT CAST(pid AS BIGINT) AS pid FROM pg_stat_activity WHERE datname = current_database()";
        let pids: Vec<i64> = Query::system("measure", sql).scalars(&town.db).await.unwrap();
        processes.extend(pids.iter().map(ToString::to_string));
    }
    // Fields 14 and 15 of /proc/PID/stat are user and system time in hundredths of a second.
    let of = |process: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        [11, 12]
            .iter()
            .map(|field| fields.get(*field).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0))
            .sum::<u64>()
    };
    processes.iter().map(of).sum::<u64>() * 10
}
