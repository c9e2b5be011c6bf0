//! Runs: made once, compared, approved by another, exported once, answered, re-issued, cancelled.

use std::ops::ControlFlow;

use ledger::compare::{self, DifferenceKind};
use ledger::{
    AmountCause, AnswerOutcome, EntitlementId, LedgerError, LineState, RunState, bank, cancel, changes,
    pages, payee, run,
};
use store::{PersonId, Scope};
use vocab::Fen;

use crate::town::{
    ACCOUNTANT, CLERK, DIBAO, DIRECTOR, REVIEWER, SYSTEM, account, answer_row, decision, go_on, month,
    officer, totals, towns,
};

#[tokio::test]
async fn a_month_is_made_approved_paid_and_closed() {
    for town in towns("a_month").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11, 12, 13], june, 900)).await.unwrap();
        let two = town.grant(&town.family(2, &[21], june, 500)).await.unwrap();
        let made = town.make(june).await.unwrap();
        assert_eq!((made.state, made.line_count, made.total), (RunState::Made, 2, Fen(140_000)));
        // The same run made again is the same run and pays once.
        assert_eq!(town.make(june).await.unwrap(), made);
        assert!(matches!(
            town.tx(
                async |tx| ledger::approve(tx, &SYSTEM, made.id, totals(&made), officer(ACCOUNTANT)).await
            )
            .await,
            Err(LedgerError::SamePerson(_))
        ));
        assert!(matches!(
            bank::lines(&town.db, &SYSTEM, made.id, 0, 10).await,
            Err(LedgerError::RunState { .. })
        ));
        town.approve(made.id).await.unwrap();
        let exported = town.export(made.id).await.unwrap();
        assert_eq!(exported.state, RunState::Exported);
        assert_eq!(town.balances(one).await.in_run, Fen(90_000));
        // The same file again is welcome, another is not.
        town.export(made.id).await.unwrap();
        let other = "cd".repeat(32);
        let again = town
            .tx(async |tx| {
                bank::begin_export(tx, &SYSTEM, made.id, &other, totals(&made), officer(ACCOUNTANT)).await
            })
            .await;
        assert!(matches!(again, Err(LedgerError::FileChanged)));
        let cancelled = town
            .tx(async |tx| cancel::begin_cancel(tx, &SYSTEM, made.id, "误", officer(ACCOUNTANT)).await)
            .await;
        assert!(matches!(cancelled, Err(LedgerError::RunState { .. })));
        let answered = town.answer(made.id, |_| false).await.unwrap();
        assert_eq!(answered.state, RunState::Answered);
        town.tx(async |tx| bank::close(tx, &SYSTEM, made.id, officer(ACCOUNTANT)).await).await.unwrap();
        assert_eq!(town.balances(one).await.paid, Fen(90_000));
        assert_eq!(town.balances(two).await.paid, Fen(50_000));
        let payments = pages::payments_of_household(&town.db, &Scope::Own(PersonId(12)), 1.into(), None, 10)
            .await
            .unwrap();
        assert_eq!(payments.rows.len(), 1);
        assert_eq!(payments.rows[0].state, LineState::Succeeded);
        let count =
            pages::month_totals(&town.db, &SYSTEM, june, june, pages::GroupBy::Township).await.unwrap();
        assert_eq!(count.len(), 1);
        assert_eq!((count[0].households, count[0].persons), (2, 4));
        assert_eq!((count[0].due, count[0].paid), (Fen(140_000), Fen(140_000)));
        town.verify().await;
    }
}

#[tokio::test]
async fn a_failed_payment_is_owed_and_issued_again_to_the_new_account() {
    for town in towns("a_failed_payment").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        let two = town.grant(&town.family(2, &[21], june, 500)).await.unwrap();
        let made = town.make(june).await.unwrap();
        town.approve(made.id).await.unwrap();
        town.export(made.id).await.unwrap();
        let answered = town.answer(made.id, |line| line.entitlement == two).await.unwrap();
        assert_eq!(answered.state, RunState::Answered);
        let owed = town.balances(two).await;
        assert_eq!((owed.unpaid, owed.failed, owed.paid), (Fen(50_000), Fen(50_000), Fen::ZERO));
        town.verify().await;

        let proposed = town
            .tx(async |tx| payee::propose(tx, &SYSTEM, two, &account(99), &decision("原账户销户")).await)
            .await
            .unwrap();
        let same = town.tx(async |tx| payee::confirm(tx, &SYSTEM, proposed, officer(CLERK)).await).await;
        assert!(matches!(same, Err(LedgerError::SamePerson(_))));
        town.tx(async |tx| payee::confirm(tx, &SYSTEM, proposed, officer(REVIEWER)).await).await.unwrap();
        let make_again = async || {
            town.tx(async |tx| {
                ledger::reissue::reissue(
                    tx,
                    &SYSTEM,
                    made.id,
                    &ledger::reissue::Lines::All,
                    officer(ACCOUNTANT),
                )
                .await
            })
            .await
        };
        let again = make_again().await.unwrap();
        assert_eq!(make_again().await.unwrap(), again, "asked twice, made once");
        town.approve(again).await.unwrap();
        let lines = bank::lines(&town.db, &SYSTEM, again, 0, 10).await.unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].entitlement, lines[0].account.0), (two, 99));
        town.export(again).await.unwrap();
        assert_eq!(town.answer(again, |_| false).await.unwrap().state, RunState::Answered);
        assert_eq!(town.balances(two).await.paid, Fen(50_000));
        assert_eq!(town.balances(one).await.paid, Fen(90_000));
        assert!(make_again().await.is_err(), "nothing left to issue again");
        town.verify().await;
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_changes_nothing() {
    for town in towns("an_answer").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        town.grant(&town.family(2, &[21], june, 500)).await.unwrap();
        let made = town.make(june).await.unwrap();
        town.approve(made.id).await.unwrap();
        town.export(made.id).await.unwrap();
        let lines = bank::lines(&town.db, &SYSTEM, made.id, 0, 10).await.unwrap();
        let good: Vec<_> = lines.iter().map(|line| answer_row(line, false)).collect();

        let mut wrong = good.clone();
        wrong[0].amount = Fen(1);
        wrong[1].line_no = 77;
        wrong.push(good[0].clone());
        wrong.push(good[0].clone());
        let Err(LedgerError::Answer(problems)) = town.read(made.id, &wrong).await else { panic!("accepted") };
        assert_eq!(
            problems.iter().map(|problem| problem.row).collect::<Vec<_>>(),
            [Some(1), Some(2), Some(3), Some(4)]
        );
        let mut silent = good.clone();
        silent[0].outcome = AnswerOutcome::Failed(String::new());
        assert!(matches!(town.read(made.id, &silent).await, Err(LedgerError::Answer(_))));
        let short = ledger::ControlTotals { count: 3, total: Fen(140_000) };
        let totals_wrong = town
            .tx(async |tx| bank::read_answer(tx, &SYSTEM, made.id, &good, short, officer(ACCOUNTANT)).await)
            .await;
        assert!(matches!(totals_wrong, Err(LedgerError::Answer(_))));
        assert_eq!(run::carry_on(&town.db, made.id, &mut go_on).await.unwrap().state, RunState::Exported);
        assert_eq!(town.balances(one).await.in_run, Fen(90_000));

        // In two files, the second of which repeats the first.
        assert_eq!(town.read(made.id, &good[..1]).await.unwrap().new, 1);
        assert_eq!(run::carry_on(&town.db, made.id, &mut go_on).await.unwrap().state, RunState::Exported);
        assert_eq!(bank::unanswered(&town.db, &SYSTEM, made.id).await.unwrap().count, 1);
        let read = town.read(made.id, &good).await.unwrap();
        assert_eq!((read.new, read.repeated), (1, 1));
        assert_eq!(run::carry_on(&town.db, made.id, &mut go_on).await.unwrap().state, RunState::Answered);
        assert_eq!(town.read(made.id, &good).await.unwrap().repeated, 2);
        let mut turned = good.clone();
        turned[0].outcome = AnswerOutcome::Failed("退汇".to_owned());
        assert!(matches!(town.read(made.id, &turned).await, Err(LedgerError::Answer(_))));
        town.verify().await;
    }
}

#[tokio::test]
async fn nobody_is_covered_twice() {
    for town in towns("nobody_twice").await {
        let june = month("2026-06");
        town.grant(&town.family(1, &[11, 12], june, 900)).await.unwrap();
        let Err(LedgerError::AlreadyCovered { month: first }) =
            town.grant(&town.family(2, &[21, 12], month("2026-08"), 500)).await
        else {
            panic!("granted twice")
        };
        assert_eq!(first, month("2026-08"));
        // Another kind of benefit does not exclude.
        let mut other = town.family(2, &[12], june, 100);
        other.exclusion_group = "disability_care".to_owned();
        other.programme = "care".to_owned();
        town.grant(&other).await.unwrap();
        // Once the first family has let go, from then on.
        let one = EntitlementId(1);
        let stay = [PersonId(11)];
        town.tx(async |tx| {
            changes::set_members(tx, &SYSTEM, one, month("2026-09"), &stay, &decision("分户")).await
        })
        .await
        .unwrap();
        let early = town.grant(&town.family(3, &[12], month("2026-08"), 500)).await;
        assert!(matches!(early, Err(LedgerError::AlreadyCovered { .. })));
        let split = town.grant(&town.family(3, &[12], month("2026-09"), 500)).await.unwrap();
        for of in ["2026-06", "2026-07", "2026-08", "2026-09"] {
            town.pay(month(of)).await;
        }
        assert_eq!(town.balances(split).await.paid, Fen(50_000));
        town.verify().await;
    }
}

#[tokio::test]
async fn a_family_without_an_account_is_left_out_and_paid_later() {
    for town in towns("without_account").await {
        let june = month("2026-06");
        let mut family = town.family(1, &[11], june, 900);
        family.payee = None;
        let one = town.grant(&family).await.unwrap();
        let made = town.make(june).await.unwrap();
        assert_eq!((made.line_count, made.blocked_count), (0, 1));
        let lines =
            pages::run_lines(&town.db, &SYSTEM, made.id, Some(LineState::Blocked), None, 10).await.unwrap();
        assert_eq!(lines.rows[0].reason.as_deref(), Some("没有经复核的收款账户"));
        town.approve(made.id).await.unwrap();
        // Nothing goes to the bank, so nothing waits for its answer.
        assert_eq!(town.export(made.id).await.unwrap().state, RunState::Answered);
        let proposed = town
            .tx(async |tx| payee::propose(tx, &SYSTEM, one, &account(5), &decision("补登账户")).await)
            .await
            .unwrap();
        town.tx(async |tx| payee::confirm(tx, &SYSTEM, proposed, officer(DIRECTOR)).await).await.unwrap();
        let july = town.make(month("2026-07")).await.unwrap();
        assert_eq!(july.total, Fen(180_000));
        let differences =
            compare::differences(&town.db, &SYSTEM, july.id, EntitlementId(0), 10).await.unwrap();
        assert_eq!(differences[0].kind, DifferenceKind::New);
        assert!(!differences[0].is_unexplained(), "{differences:?}");
        town.verify().await;
    }
}

#[tokio::test]
async fn a_cancelled_run_leaves_the_month_to_be_made_again() {
    for town in towns("a_cancelled_run").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        let two = town.grant(&town.family(2, &[21], june, 500)).await.unwrap();
        let made = town.make(june).await.unwrap();
        town.approve(made.id).await.unwrap();
        town.tx(async |tx| cancel::begin_cancel(tx, &SYSTEM, made.id, "标准有误", officer(ACCOUNTANT)).await)
            .await
            .unwrap();
        assert!(town.make(june).await.is_err(), "first the old one is taken back");
        assert_eq!(run::carry_on(&town.db, made.id, &mut go_on).await.unwrap().state, RunState::Cancelled);
        assert_eq!(town.balances(one).await, ledger::Balances::default());
        town.verify().await;
        town.tx(async |tx| {
            ledger::change_amount(
                tx,
                &SYSTEM,
                two,
                june,
                Fen(60_000),
                AmountCause::Correction,
                &decision("更正"),
            )
            .await
        })
        .await
        .unwrap();
        let again = town.make(june).await.unwrap();
        assert_ne!(again.id, made.id);
        assert_eq!(again.total, Fen(150_000));
        // One line is taken out: the family has died. The approval given before is void.
        town.approve(again.id).await.unwrap();
        let lines = pages::run_lines(&town.db, &SYSTEM, again.id, None, None, 10).await.unwrap();
        let line = lines.rows.iter().find(|line| line.entitlement == one).unwrap().id;
        town.tx(async |tx| {
            cancel::withdraw_line(tx, &SYSTEM, again.id, line, "户主死亡", officer(ACCOUNTANT)).await
        })
        .await
        .unwrap();
        let now = run::load(&town.db, &SYSTEM, again.id).await.unwrap();
        assert_eq!((now.state, now.line_count, now.total), (RunState::Made, 1, Fen(60_000)));
        town.verify().await;
        town.approve(again.id).await.unwrap();
        town.export(again.id).await.unwrap();
        town.answer(again.id, |_| false).await.unwrap();
        assert_eq!(town.balances(two).await.paid, Fen(60_000));
        assert_eq!(town.balances(one).await.due, Fen::ZERO);
        town.verify().await;
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_between_batches_goes_on_without_doubling() {
    for town in towns("stopped").await {
        let june = month("2026-06");
        let tx = town.db.begin().await.unwrap();
        for number in 1..=2_500 {
            ledger::grant(&tx, &town.family(number, &[number * 10], june, 100), &decision("新批准"))
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let mut stop = |_| ControlFlow::Break(());
        let stopped =
            run::make_run(&town.db, &SYSTEM, town.county, DIBAO, june, officer(ACCOUNTANT), &mut stop).await;
        assert!(matches!(stopped, Err(LedgerError::Paused)));
        assert!(town.make(month("2026-07")).await.is_err(), "one month after the other");
        let made = town.make(june).await.unwrap();
        assert_eq!((made.line_count, made.total), (2_500, Fen(25_000_000)));
        town.approve(made.id).await.unwrap();
        let hash = "ab".repeat(32);
        town.tx(async |tx| {
            bank::begin_export(tx, &SYSTEM, made.id, &hash, totals(&made), officer(ACCOUNTANT)).await
        })
        .await
        .unwrap();
        assert!(matches!(run::carry_on(&town.db, made.id, &mut stop).await, Err(LedgerError::Paused)));
        town.verify().await;
        assert_eq!(run::carry_on(&town.db, made.id, &mut go_on).await.unwrap().state, RunState::Exported);
        let lines = bank::lines(&town.db, &SYSTEM, made.id, 0, 5_000).await.unwrap();
        let rows: Vec<_> = lines.iter().map(|line| answer_row(line, line.line_no % 100 == 0)).collect();
        town.read(made.id, &rows).await.unwrap();
        assert!(matches!(run::carry_on(&town.db, made.id, &mut stop).await, Err(LedgerError::Paused)));
        town.verify().await;
        assert_eq!(run::carry_on(&town.db, made.id, &mut go_on).await.unwrap().state, RunState::Answered);
        assert_eq!(
            pages::run_lines(&town.db, &SYSTEM, made.id, Some(LineState::Failed), None, 100)
                .await
                .unwrap()
                .rows
                .len(),
            25
        );
        town.verify().await;
    }
}

#[tokio::test]
async fn a_run_is_at_rest_only_when_nothing_waits_to_be_booked() {
    for town in towns("at_rest").await {
        let june = month("2026-06");
        town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        let made = town.make(june).await.unwrap();
        let at_rest = async || town.tx(async |tx| run::is_at_rest(tx, made.id).await).await.unwrap();
        assert!(at_rest().await, "it waits for the second person");
        town.approve(made.id).await.unwrap();
        town.export(made.id).await.unwrap();
        assert!(at_rest().await, "it waits for the bank");
        let lines = bank::lines(&town.db, &SYSTEM, made.id, 0, 10).await.unwrap();
        town.read(made.id, &[answer_row(&lines[0], false)]).await.unwrap();
        assert!(!at_rest().await, "an answer waits to be booked");
        run::carry_on(&town.db, made.id, &mut go_on).await.unwrap();
        assert!(at_rest().await);
    }
}
