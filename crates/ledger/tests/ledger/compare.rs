//! A run against the month before: every difference with its cause, and none that has none is approved.

use ledger::compare::{self, CauseKind, DifferenceKind};
use ledger::{
    AmountCause, EntitlementId, LedgerError, MonthAmount, PaymentRun, RecoveryTerms, changes, payee,
};
use store::Query;
use vocab::{Fen, Month};

use crate::town::{REVIEWER, SYSTEM, Town, account, decision, month, officer, towns};

/// Families whose lines differ, with the kinds of their causes.
async fn causes(town: &Town, run: &PaymentRun) -> Vec<(EntitlementId, Vec<CauseKind>)> {
    let rows = compare::differences(&town.db, &SYSTEM, run.id, EntitlementId(0), 100).await.unwrap();
    rows.iter().map(|row| (row.entitlement, row.causes.iter().map(|cause| cause.kind).collect())).collect()
}

async fn review(town: &Town, id: EntitlementId, from: Month, fen: i64) {
    town.tx(async |tx| {
        let cause = AmountCause::Review;
        ledger::change_amount(tx, &SYSTEM, id, from, Fen(fen), cause, &decision("复核")).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn arrears_that_an_instalment_takes_whole_are_told_beside_it() {
    for town in towns("taken_whole").await {
        let (june, july) = (month("2026-06"), month("2026-07"));
        let one = town.grant(&town.family(1, &[11], june, 100)).await.unwrap();
        town.pay(june).await;
        town.pay(july).await;
        let should = [MonthAmount { month: june, amount: Fen(6_000) }];
        let proposal = ledger::propose(&town.db, &SYSTEM, one, &should).await.unwrap();
        let terms = RecoveryTerms { offset_per_month: Some(Fen(500)) };
        town.tx(async |tx| ledger::post_recovery(tx, &SYSTEM, &proposal, terms, &decision("追回")).await)
            .await
            .unwrap();
        // A review finds that July should have been five yuan more: the instalment of August takes just these.
        review(&town, one, july, 10_500).await;
        let proposal = ledger::propose_as_recorded(&town.db, &SYSTEM, one, july, july).await.unwrap();
        town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &proposal, &decision("补发")).await)
            .await
            .unwrap();
        let august = town.pay(july.next()).await;
        assert_eq!(august.total, Fen(10_500));
        let told = [CauseKind::Amount(AmountCause::Review), CauseKind::Arrears, CauseKind::Recovery];
        assert_eq!(causes(&town, &august).await, [(one, told.to_vec())]);
        let september = town.pay(august.month.next()).await;
        assert_eq!(september.total, Fen(10_000));
        let told = [CauseKind::Recovery, CauseKind::Arrears, CauseKind::Recovery];
        assert_eq!(causes(&town, &september).await, [(one, told.to_vec())]);
        town.verify().await;
    }
}

#[tokio::test]
async fn a_zero_and_what_replaces_it_are_causes() {
    for town in towns("zero").await {
        let (june, july) = (month("2026-06"), month("2026-07"));
        let one = town.grant(&town.family(1, &[11], june, 100)).await.unwrap();
        town.pay(june).await;
        review(&town, one, july, 0).await;
        let nothing = town.make(july).await.unwrap();
        let told = [CauseKind::Amount(AmountCause::Review)];
        assert_eq!(causes(&town, &nothing).await, [(one, told.to_vec())]);
        // Found wrong between making and approving: the run is still explained by what stood when it was made.
        review(&town, one, july, 12_000).await;
        assert_eq!(causes(&town, &nothing).await, [(one, told.to_vec())]);
        town.approve(nothing.id).await.unwrap();
        town.export(nothing.id).await.unwrap();
        let august = town.pay(july.next()).await;
        assert_eq!((august.total, causes(&town, &august).await), (Fen(12_000), vec![(one, told.to_vec())]));
        town.verify().await;
    }
}

#[tokio::test]
async fn a_pause_lifted_before_the_approval_explains_the_run_made_under_it() {
    for town in towns("lifted").await {
        let (june, july) = (month("2026-06"), month("2026-07"));
        let one = town.grant(&town.family(1, &[11], june, 100)).await.unwrap();
        town.pay(june).await;
        town.tx(async |tx| changes::suspend(tx, &SYSTEM, one, july, &decision("停发")).await).await.unwrap();
        let made = town.make(july).await.unwrap();
        town.tx(async |tx| ledger::resume(tx, &SYSTEM, one, july, &decision("恢复")).await).await.unwrap();
        assert_eq!(causes(&town, &made).await, [(one, vec![CauseKind::Suspended])]);
        town.approve(made.id).await.unwrap();
        town.export(made.id).await.unwrap();
        // A pause of long ago explains nothing: were it lifted before the run was made, the family would have been paid.
        Query::system("test", "UPDATE entitlement_pause SET lifted_at = 1").execute(&town.db).await.unwrap();
        assert_eq!(causes(&town, &made).await, [(one, vec![CauseKind::Unexplained])]);
    }
}

#[tokio::test]
async fn every_difference_has_its_cause() {
    for town in towns("differences").await {
        let june = month("2026-06");
        let july = june.next();
        let mut ids = Vec::new();
        for number in 1..=7 {
            ids.push(town.grant(&town.family(number, &[number * 10], june, 100)).await.unwrap());
        }
        let first = town.pay(june).await;
        let summary = compare::summary(&town.db, &SYSTEM, first.id).await.unwrap();
        assert_eq!((summary.previous, summary.unexplained, summary.unchanged), (None, 0, 0));
        let (raised, ended, suspended, moved) = (ids[0], ids[1], ids[2], ids[3]);
        town.tx(async |tx| {
            ledger::change_amount(
                tx,
                &SYSTEM,
                raised,
                july,
                Fen(12_000),
                AmountCause::Standard,
                &decision("提标"),
            )
            .await?;
            ledger::end(tx, &SYSTEM, ended, june, &decision("收入超标")).await?;
            ledger::suspend(tx, &SYSTEM, suspended, july, &decision("未年审")).await?;
            let changed = payee::propose(tx, &SYSTEM, moved, &account(77), &decision("换卡")).await?;
            payee::confirm(tx, &SYSTEM, changed, officer(REVIEWER)).await
        })
        .await
        .unwrap();
        let new = town.grant(&town.family(8, &[80], july, 100)).await.unwrap();
        let late = town.grant(&town.family(9, &[90], june, 100)).await.unwrap();
        let second = town.make(july).await.unwrap();
        let differences =
            compare::differences(&town.db, &SYSTEM, second.id, EntitlementId(0), 100).await.unwrap();
        let found: Vec<_> = differences
            .iter()
            .map(|row| {
                (row.entitlement, row.kind, row.causes.iter().map(|cause| cause.kind).collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(
            found,
            [
                (raised, DifferenceKind::Amount, vec![CauseKind::Amount(AmountCause::Standard)]),
                (ended, DifferenceKind::Gone, vec![CauseKind::Ended]),
                (suspended, DifferenceKind::Gone, vec![CauseKind::Suspended]),
                (moved, DifferenceKind::Payee, vec![CauseKind::Payee]),
                (new, DifferenceKind::New, vec![CauseKind::Granted]),
                (late, DifferenceKind::New, vec![CauseKind::Granted, CauseKind::Arrears]),
            ]
        );
        // Whoever wants only the figures asks for none, and nothing is looked up.
        let none = compare::differences(&town.db, &SYSTEM, second.id, EntitlementId(0), 0).await.unwrap();
        assert_eq!(none, []);
        assert_eq!(differences[0].causes[0].reference, "〔2026〕提标号");
        assert_eq!(differences[5].after, Fen(20_000));
        let summary = compare::summary(&town.db, &SYSTEM, second.id).await.unwrap();
        assert_eq!((summary.before.count, summary.after.count, summary.unchanged), (7, 7, 3));
        assert_eq!(summary.after.after, second.total);
        // The figures were kept when the run was made: they are those that are reckoned anew.
        let kept = "SELECT comparison FROM payment_run WHERE id = ? AND comparison IS NOT NULL";
        let kept: String = Query::system("test", kept)
            .bind(second.id)
            .one_as(&town.db, |row| row.get("comparison"))
            .await
            .unwrap();
        assert!(kept.contains("unchanged"), "{kept}");
        let forget =
            Query::system("test", "UPDATE payment_run SET comparison = NULL WHERE id = ?").bind(second.id);
        forget.execute_one(&town.db).await.unwrap();
        assert_eq!(compare::summary(&town.db, &SYSTEM, second.id).await.unwrap(), summary);
        town.pay(july).await;
        let august = july.next();
        town.tx(async |tx| ledger::resume(tx, &SYSTEM, suspended, august, &decision("补办年审")).await)
            .await
            .unwrap();
        let third = town.make(august).await.unwrap();
        let differences =
            compare::differences(&town.db, &SYSTEM, third.id, EntitlementId(0), 100).await.unwrap();
        let found: Vec<_> = differences.iter().map(|row| (row.entitlement, row.causes[0].kind)).collect();
        assert_eq!(found, [(suspended, CauseKind::Resumed), (late, CauseKind::Arrears)]);
        town.verify().await;
    }
}

#[tokio::test]
async fn an_unexplained_difference_cannot_be_approved() {
    for town in towns("unexplained").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        town.pay(june).await;
        let july = town.make(june.next()).await.unwrap();
        // Somebody has tampered with the line behind the ledger's back.
        Query::system("test", "UPDATE payment_line SET amount_fen = amount_fen + 1 WHERE run_id = ?")
            .bind(july.id)
            .execute(&town.db)
            .await
            .unwrap();
        assert!(matches!(
            town.approve(july.id).await,
            Err(LedgerError::Unexplained { count: 1, first }) if first == one
        ));
        let findings = ledger::verify(&town.db).await.unwrap();
        assert!(findings.iter().any(|finding| finding.rule == "line_is_its_attempts"), "{findings:?}");
    }
}

#[tokio::test]
async fn what_moves_between_two_lines_is_seen_at_the_approval() {
    for town in towns("moved").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        let other = town.grant(&town.family(2, &[12], june, 900)).await.unwrap();
        town.pay(june).await;
        let july = town.make(june.next()).await.unwrap();
        // Number and sum stay what they were: the figures that were kept with the run would not tell.
        for (entitlement, fen) in [(one, 1), (other, -1)] {
            let tamper =
                "UPDATE payment_line SET amount_fen = amount_fen + ? WHERE run_id = ? AND entitlement_id = ?";
            let tamper = Query::system("test", tamper).bind(fen).bind(july.id).bind(entitlement);
            tamper.execute_one(&town.db).await.unwrap();
        }
        assert!(matches!(
            town.approve(july.id).await,
            Err(LedgerError::Unexplained { count: 2, first }) if first == one
        ));
    }
}
