//! What stands open after a month's run, paid without waiting for the next; and runs of a month drawn up by list.

use ledger::{
    Grant, LedgerError, LineState, PauseKind, RunId, RunKind, RunState, cancel, changes, compare, pages, run,
    supplement,
};
use vocab::Fen;

use crate::town::{ACCOUNTANT, DIBAO, SYSTEM, Town, decision, go_on, month, officer, totals, towns};

async fn supplemented(town: &Town, of: RunId, reason: &str) -> Result<RunId, LedgerError> {
    town.tx(async |tx| supplement(tx, &SYSTEM, of, reason, officer(ACCOUNTANT)).await).await
}

async fn open(town: &Town, of: RunId) -> (i64, Fen) {
    let run = run::load(&town.db, &SYSTEM, of).await.unwrap();
    let open = supplement::standing_open(&town.db, &SYSTEM, &run).await.unwrap();
    (open.count, open.total)
}

#[tokio::test]
async fn what_stands_open_is_paid_at_once_by_two_persons() {
    for town in towns("supplement").await {
        let june = month("2026-06");
        town.grant(&town.family(1, &[11], june, 500)).await.unwrap();
        let of = town.pay(june).await.id;
        assert_eq!(open(&town, of).await, (0, Fen(0)));
        assert!(
            matches!(supplemented(&town, of, "节前发到").await, Err(LedgerError::Refused(_))),
            "nothing stands open"
        );
        // Decided when June had been paid: arrears. One has no account, one is suspended.
        let late = town.grant(&town.family(2, &[21, 22], june, 900)).await.unwrap();
        let without = Grant { payee: None, ..town.family(3, &[31], june, 300) };
        town.grant(&without).await.unwrap();
        let paused = town.grant(&town.family(4, &[41], june, 400)).await.unwrap();
        town.tx(async |tx| {
            changes::pause(tx, &SYSTEM, paused, PauseKind::Held, month("2026-07"), &decision("核实")).await
        })
        .await
        .unwrap();
        assert_eq!(open(&town, of).await, (3, Fen(160_000)));
        assert!(supplemented(&town, of, " ").await.is_err(), "it says why");
        let extra = supplemented(&town, of, "节前发到").await.unwrap();
        assert_eq!(supplemented(&town, of, "又点了一次").await.unwrap(), extra);
        let made = run::load(&town.db, &SYSTEM, extra).await.unwrap();
        assert_eq!((made.kind, made.state, made.reissue_of), (RunKind::Supplement, RunState::Made, Some(of)));
        assert_eq!((made.line_count, made.total, made.blocked_count), (1, Fen(90_000), 2));
        assert_eq!(made.supplement_reason.as_deref(), Some("节前发到"));
        let blocked =
            pages::run_lines(&town.db, &SYSTEM, extra, Some(LineState::Blocked), None, 10).await.unwrap();
        let reasons: Vec<_> = blocked.rows.iter().filter_map(|line| line.reason.clone()).collect();
        assert!(
            reasons.iter().any(|reason| reason.contains("账户"))
                && reasons.iter().any(|reason| reason.contains("暂缓")),
            "{reasons:?}"
        );
        // Every line has its cause.
        let summary = compare::summary(&town.db, &SYSTEM, extra).await.unwrap();
        assert_eq!((summary.previous, summary.unexplained, summary.after.count), (None, 0, 1));
        let same = town
            .tx(async |tx| ledger::approve(tx, &SYSTEM, extra, totals(&made), officer(ACCOUNTANT)).await)
            .await;
        assert!(matches!(same, Err(LedgerError::SamePerson(_))), "{same:?}");
        town.approve(extra).await.unwrap();
        town.export(extra).await.unwrap();
        town.answer(extra, |_| false).await.unwrap();
        assert_eq!(town.balances(late).await.paid, Fen(90_000));
        assert_eq!(open(&town, of).await, (2, Fen(70_000)));
        // A supplement hangs on a month's run, not on another supplement.
        assert!(supplemented(&town, extra, "再补").await.is_err());
        // July takes the rest along as ever.
        let july = town.make(month("2026-07")).await.unwrap();
        assert_eq!(july.line_count, 2);
        town.verify().await;
    }
}

#[tokio::test]
async fn a_cancelled_supplement_leaves_everything_open() {
    for town in towns("supplement_cancelled").await {
        let june = month("2026-06");
        town.grant(&town.family(1, &[11], june, 500)).await.unwrap();
        let of = town.pay(june).await.id;
        let late = town.grant(&town.family(2, &[21], june, 900)).await.unwrap();
        let extra = supplemented(&town, of, "节前发到").await.unwrap();
        town.tx(async |tx| cancel::begin_cancel(tx, &SYSTEM, extra, "账户有误", officer(ACCOUNTANT)).await)
            .await
            .unwrap();
        run::carry_on(&town.db, extra, &mut go_on).await.unwrap();
        assert_eq!(open(&town, of).await, (1, Fen(90_000)));
        assert_eq!(town.balances(late).await.unpaid, Fen(90_000));
        let again = supplemented(&town, of, "账户改好了").await.unwrap();
        assert_ne!(again, extra);
        town.verify().await;
    }
}

/// A month keeps back its instalment once: of what comes late only what the month's own run has left of it.
#[tokio::test]
async fn what_comes_late_keeps_back_what_is_left_of_the_instalment() {
    for town in towns("supplement_instalment").await {
        let (june, july, august) = (month("2026-06"), month("2026-07"), month("2026-08"));
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        town.grant(&town.family(2, &[21], june, 500)).await.unwrap();
        town.pay(june).await;
        town.pay(july).await;
        let of = async |fen: i64, month: vocab::Month| {
            let should = [ledger::MonthAmount { month, amount: Fen(fen) }];
            ledger::propose(&town.db, &SYSTEM, one, &should).await.unwrap()
        };
        // June was 600 too much: 200 a month. Suspended in August, so that August's run keeps nothing back.
        let terms = ledger::RecoveryTerms { offset_per_month: Some(Fen(20_000)) };
        let june_less = of(30_000, june).await;
        town.tx(async |tx| ledger::post_recovery(tx, &SYSTEM, &june_less, terms, &decision("追回")).await)
            .await
            .unwrap();
        town.tx(async |tx| {
            changes::pause(tx, &SYSTEM, one, PauseKind::Suspended, august, &decision("核实")).await
        })
        .await
        .unwrap();
        let august_run = town.pay(august).await.id;
        town.tx(async |tx| changes::resume(tx, &SYSTEM, one, august, &decision("恢复")).await).await.unwrap();
        // July was 100 too little, August is owed.
        let late = ledger::propose_as_recorded(&town.db, &SYSTEM, one, august, august).await.unwrap();
        town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &late, &decision("补发")).await).await.unwrap();
        let extra = supplemented(&town, august_run, "恢复后补发").await.unwrap();
        let made = run::load(&town.db, &SYSTEM, extra).await.unwrap();
        assert_eq!((made.line_count, made.total), (1, Fen(70_000)), "900 less the instalment of 200");
        assert_eq!(town.balances(one).await.recoverable, Fen(40_000));
        town.verify().await;
        // Cancelled, it gives the instalment back; made again, it keeps it back again.
        town.tx(async |tx| cancel::begin_cancel(tx, &SYSTEM, extra, "重做", officer(ACCOUNTANT)).await)
            .await
            .unwrap();
        run::carry_on(&town.db, extra, &mut go_on).await.unwrap();
        assert_eq!(town.balances(one).await.recoverable, Fen(60_000));
        let extra = supplemented(&town, august_run, "恢复后补发").await.unwrap();
        town.approve(extra).await.unwrap();
        town.export(extra).await.unwrap();
        town.answer(extra, |_| false).await.unwrap();
        // More arrears in the same month: August has kept back its 200 already.
        let july_more = of(100_000, july).await;
        town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &july_more, &decision("补发")).await)
            .await
            .unwrap();
        let second = supplemented(&town, august_run, "再补发").await.unwrap();
        let made = run::load(&town.db, &SYSTEM, second).await.unwrap();
        assert_eq!(made.total, Fen(10_000), "nothing more is kept back of August");
        assert_eq!(town.balances(one).await.recoverable, Fen(40_000));
        town.verify().await;
    }
}

#[tokio::test]
async fn months_that_are_paid_by_list_may_be_left_out_and_come_late() {
    for town in towns("listed_runs").await {
        let listed = async |of: &str| {
            let id = town
                .tx(async |tx| {
                    run::begin_listed(tx, &SYSTEM, town.county, DIBAO, month(of), officer(ACCOUNTANT)).await
                })
                .await
                .unwrap();
            run::carry_on(&town.db, id, &mut go_on).await.unwrap()
        };
        let once = |household, person, of: &str| Grant {
            until: Some(month(of)),
            ..town.family(household, &[person], month(of), 33)
        };
        town.grant(&once(1, 11, "2026-06")).await.unwrap();
        let june = listed("2026-06").await;
        assert_eq!((june.line_count, june.total), (1, Fen(3_300)));
        assert_eq!(listed("2026-06").await, june, "made twice, it is one");
        // September has a run, July and August have none; then August after all.
        town.grant(&once(1, 11, "2026-09")).await.unwrap();
        assert_eq!(listed("2026-09").await.line_count, 1);
        town.grant(&once(1, 11, "2026-08")).await.unwrap();
        let august = listed("2026-08").await;
        assert_eq!((august.line_count, august.total), (1, Fen(3_300)));
        town.verify().await;
    }
}
