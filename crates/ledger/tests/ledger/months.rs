//! Late knowledge: arrears, recoveries, returns, instalments, deaths, scopes.

use chrono::NaiveDate;
use ledger::{
    AmountCause, EntitlementState, LedgerError, LineState, MonthAmount, PauseKind, RecoveryTerms, Return,
    changes, pages, recovery, run,
};
use store::{PersonId, Scope};
use vocab::Fen;

use crate::town::{ACCOUNTANT, SYSTEM, decision, month, officer, towns};

#[tokio::test]
async fn too_little_is_proposed_then_paid_with_the_next_run() {
    for town in towns("too_little").await {
        let (june, july, august) = (month("2026-06"), month("2026-07"), month("2026-08"));
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        town.pay(june).await;
        town.pay(july).await;
        // Recorded late: since June it should have been more. No due is touched by that.
        town.tx(async |tx| {
            ledger::change_amount(
                tx,
                &SYSTEM,
                one,
                june,
                Fen(100_000),
                AmountCause::Review,
                &decision("复核"),
            )
            .await
        })
        .await
        .unwrap();
        assert_eq!(town.balances(one).await.due, Fen(180_000));
        let proposal = ledger::propose_as_recorded(&town.db, &SYSTEM, one, june, july).await.unwrap();
        assert_eq!((proposal.arrears(), proposal.recovery()), (Fen(20_000), Fen::ZERO));
        town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &proposal, &decision("补发")).await)
            .await
            .unwrap();
        let twice =
            town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &proposal, &decision("补发")).await).await;
        assert!(matches!(twice, Err(LedgerError::ProposalStale { .. })));
        assert_eq!(town.balances(one).await.unpaid, Fen(20_000));
        assert_eq!(town.pay(august).await.total, Fen(120_000));
        assert_eq!(town.balances(one).await.paid, Fen(300_000));
        town.verify().await;
    }
}

/// What is corrected of past months leaves what was decided for the months to come as it was, and its history.
#[tokio::test]
async fn months_are_corrected_alone() {
    for town in towns("months_alone").await {
        let of = |text| month(text);
        let one = town.grant(&town.family(1, &[11], of("2026-03"), 900)).await.unwrap();
        let raised = async |tx: &store::Tx| {
            let (cause, why) = (AmountCause::Review, decision("增发"));
            ledger::change_amount(tx, &SYSTEM, one, of("2026-09"), Fen(120_000), cause, &why).await
        };
        town.tx(async |tx| raised(tx).await).await.unwrap();
        let wrong = [("2026-04", 60_000), ("2026-06", 0), ("2026-07", 0), ("2026-08", 30_000)];
        let months: Vec<(vocab::Month, Fen)> =
            wrong.iter().rev().map(|(at, fen)| (of(at), Fen(*fen))).collect();
        town.tx(async |tx| {
            ledger::change_months(tx, &SYSTEM, one, &months, AmountCause::Correction, &decision("查实")).await
        })
        .await
        .unwrap();
        let mut stands = Vec::new();
        for at in ["2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2027-01"] {
            let row = pages::entitlement(&town.db, &SYSTEM, one, of(at)).await.unwrap();
            stands.push(row.monthly.unwrap().0 / 100);
        }
        assert_eq!(stands, [900, 600, 900, 0, 0, 300, 1_200, 1_200]);
        let history = pages::amount_history(&town.db, &SYSTEM, one).await.unwrap();
        let now = history.iter().filter(|amount| amount.superseded_at.is_none());
        let coming: Vec<&str> =
            now.filter(|amount| amount.from == of("2026-09")).map(|amount| amount.reason.as_str()).collect();
        assert_eq!(coming, ["增发"], "the raise is the decision that it was");
        assert_eq!(history.iter().filter(|amount| amount.superseded_at.is_none()).count(), 6);
        let early = [(of("2026-02"), Fen(1))];
        let refused = town.tx(async |tx| {
            ledger::change_months(tx, &SYSTEM, one, &early, AmountCause::Correction, &decision("查实")).await
        });
        assert!(refused.await.is_err(), "before it began");
        town.verify().await;
    }
}

#[tokio::test]
async fn too_much_comes_back_by_returns_and_instalments() {
    for town in towns("too_much").await {
        let (june, july, august) = (month("2026-06"), month("2026-07"), month("2026-08"));
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        town.pay(june).await;
        town.pay(july).await;
        let should = [june, july].map(|month| MonthAmount { month, amount: Fen(60_000) });
        let proposal = ledger::propose(&town.db, &SYSTEM, one, &should).await.unwrap();
        assert_eq!(proposal.recovery(), Fen(60_000));
        let terms = RecoveryTerms { offset_per_month: Some(Fen(20_000)) };
        let claim = town
            .tx(async |tx| ledger::post_recovery(tx, &SYSTEM, &proposal, terms, &decision("追回")).await)
            .await
            .unwrap();
        assert_eq!(town.balances(one).await.recoverable, Fen(60_000));
        let money = |fen: i64, voucher: &str| Return {
            amount: Fen(fen),
            on: NaiveDate::from_ymd_opt(2026, 8, 3).unwrap(),
            bank_reference: voucher.to_owned(),
        };
        let back = async |money: Return| {
            town.tx(async |tx| ledger::record_return(tx, &SYSTEM, claim, &money, officer(ACCOUNTANT)).await)
                .await
        };
        assert!(back(money(70_000, "V1")).await.is_err(), "more than is owed");
        assert_eq!(back(money(25_000, "V1")).await.unwrap().outstanding, Fen(35_000));
        assert_eq!(back(money(25_000, "V1")).await.unwrap().outstanding, Fen(35_000), "one voucher, once");
        assert!(back(money(26_000, "V1")).await.is_err());
        // 200 yuan are kept back in August, the last 150 in September.
        assert_eq!(town.pay(august).await.total, Fen(70_000));
        let made = town.make(month("2026-09")).await.unwrap();
        assert_eq!(made.total, Fen(75_000));
        let left = &recovery::of_entitlement(&town.db, &SYSTEM, one).await.unwrap()[0];
        assert_eq!((left.outstanding, left.offset, left.returned), (Fen::ZERO, Fen(35_000), Fen(25_000)));
        // Taking the run back gives the instalment back too.
        town.tx(async |tx| {
            ledger::cancel::begin_cancel(tx, &SYSTEM, made.id, "重做", officer(ACCOUNTANT)).await
        })
        .await
        .unwrap();
        run::carry_on(&town.db, made.id, &mut crate::town::go_on).await.unwrap();
        town.verify().await;
        assert_eq!(town.balances(one).await.recoverable, Fen(15_000));
        assert_eq!(town.pay(month("2026-09")).await.total, Fen(75_000));
        assert_eq!(town.pay(month("2026-10")).await.total, Fen(90_000));
        let end = town.balances(one).await;
        assert_eq!((end.recoverable, end.offset, end.returned), (Fen::ZERO, Fen(35_000), Fen(25_000)));
        town.verify().await;
    }
}

#[tokio::test]
async fn a_small_payment_is_wholly_kept_back_and_still_has_a_line() {
    for town in towns("kept_back").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11], june, 100)).await.unwrap();
        town.pay(june).await;
        let proposal =
            ledger::propose(&town.db, &SYSTEM, one, &[MonthAmount { month: june, amount: Fen::ZERO }])
                .await
                .unwrap();
        let terms = RecoveryTerms { offset_per_month: Some(Fen(50_000)) };
        town.tx(async |tx| ledger::post_recovery(tx, &SYSTEM, &proposal, terms, &decision("追回")).await)
            .await
            .unwrap();
        let july = town.make(june.next()).await.unwrap();
        assert_eq!(july.line_count, 0);
        let lines = pages::run_lines(&town.db, &SYSTEM, july.id, None, None, 10).await.unwrap();
        assert_eq!(lines.rows[0].state, LineState::Nothing);
        town.approve(july.id).await.unwrap();
        town.verify().await;
        // The month that was wholly claimed back covers nobody any more.
        let mut other = town.family(2, &[11], june, 100);
        other.until = Some(june);
        assert!(
            matches!(town.grant(&other).await, Err(LedgerError::AlreadyCovered { .. })),
            "the member range still stands"
        );
    }
}

#[tokio::test]
async fn a_month_that_has_not_gone_to_the_bank_is_not_adjusted() {
    for town in towns("open_month").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        let more = [MonthAmount { month: june, amount: Fen(100_000) }];
        let proposal = ledger::propose(&town.db, &SYSTEM, one, &more).await.unwrap();
        let early =
            town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &proposal, &decision("补发")).await).await;
        assert!(matches!(early, Err(LedgerError::Refused(_))), "the run itself will pay it");
        let made = town.make(june).await.unwrap();
        let proposal = ledger::propose(&town.db, &SYSTEM, one, &more).await.unwrap();
        let open =
            town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &proposal, &decision("补发")).await).await;
        assert!(matches!(open, Err(LedgerError::MonthInOpenRun(of)) if of == june));
        town.approve(made.id).await.unwrap();
        town.export(made.id).await.unwrap();
        town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &proposal, &decision("补发")).await)
            .await
            .unwrap();
        // A recovery nets what is still owed first.
        let less =
            ledger::propose(&town.db, &SYSTEM, one, &[MonthAmount { month: june, amount: Fen(40_000) }])
                .await
                .unwrap();
        let terms = RecoveryTerms { offset_per_month: None };
        town.tx(async |tx| ledger::post_recovery(tx, &SYSTEM, &less, terms, &decision("追回")).await)
            .await
            .unwrap();
        let now = town.balances(one).await;
        assert_eq!((now.unpaid, now.recoverable, now.offset), (Fen::ZERO, Fen(50_000), Fen(10_000)));
        town.answer(made.id, |_| false).await.unwrap();
        town.verify().await;
    }
}

#[tokio::test]
async fn a_death_ends_what_was_alone_and_holds_what_is_the_familys() {
    for town in towns("a_death").await {
        let (june, july) = (month("2026-06"), month("2026-07"));
        let family = town.grant(&town.family(1, &[11, 12, 13], june, 900)).await.unwrap();
        let mut care = town.family(1, &[11], june, 100);
        care.exclusion_group = "disability_care".to_owned();
        let alone = town.grant(&care).await.unwrap();
        town.pay(june).await;
        let effects = town
            .tx(async |tx| changes::record_death(tx, &SYSTEM, PersonId(11), june, &decision("死亡")).await)
            .await
            .unwrap();
        assert_eq!((effects.ended, effects.held), (vec![alone], vec![family]));
        assert_eq!(town.pay(july).await.line_count, 0);
        let held = pages::entitlement(&town.db, &SYSTEM, family, july).await.unwrap();
        assert_eq!((held.state, held.pause_reason.as_deref()), (EntitlementState::Held, Some("死亡")));
        // Heard, decided: two survivors, less money, from July; July itself is arrears of the decision.
        town.tx(async |tx| {
            let survivors = [PersonId(12), PersonId(13)];
            changes::set_members(tx, &SYSTEM, family, july, &survivors, &decision("减员")).await?;
            ledger::change_holder(tx, &SYSTEM, family, PersonId(12), &decision("减员")).await?;
            ledger::change_amount(
                tx,
                &SYSTEM,
                family,
                july,
                Fen(60_000),
                AmountCause::Members,
                &decision("减员"),
            )
            .await?;
            ledger::resume(tx, &SYSTEM, family, july, &decision("减员")).await
        })
        .await
        .unwrap();
        let proposal = ledger::propose_as_recorded(&town.db, &SYSTEM, family, july, july).await.unwrap();
        assert_eq!(proposal.arrears(), Fen(60_000));
        town.tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &proposal, &decision("减员")).await)
            .await
            .unwrap();
        assert_eq!(town.pay(month("2026-08")).await.total, Fen(120_000));
        assert_eq!(
            pages::members(&town.db, &SYSTEM, family, july).await.unwrap(),
            [PersonId(12), PersonId(13)]
        );
        town.verify().await;
    }
}

/// Each is covered to the month that their death says; what runs out by a decision goes on for who lives.
#[tokio::test]
async fn nobody_is_covered_past_the_month_of_death() {
    for town in towns("deaths").await {
        let (november, december, march) = (month("2026-11"), month("2026-12"), month("2027-03"));
        let couple = town.grant(&town.family(1, &[11, 12], november, 900)).await.unwrap();
        let tapered = town.grant(&town.family(2, &[21, 22], november, 500)).await.unwrap();
        town.tx(async |tx| ledger::end(tx, &SYSTEM, tapered, march, &decision("渐退")).await).await.unwrap();
        let dies = async |person: i64, of| {
            town.tx(async |tx| {
                changes::record_death(tx, &SYSTEM, PersonId(person), of, &decision("死亡")).await
            })
            .await
            .unwrap()
        };
        let covered = async |id, of| pages::members(&town.db, &SYSTEM, id, of).await.unwrap();
        let last = async |id| pages::entitlement(&town.db, &SYSTEM, id, december).await.unwrap().until;

        assert_eq!(dies(11, november).await.held, [couple]);
        assert_eq!(covered(couple, november).await, [PersonId(11), PersonId(12)]);
        assert_eq!(covered(couple, december).await, [PersonId(12)]);
        let both = dies(12, december).await;
        assert_eq!((both.ended, both.held), (vec![couple], vec![]), "nobody is left");
        assert_eq!(last(couple).await, Some(december));

        assert_eq!(dies(21, november).await, changes::DeathEffects::default(), "what was decided goes on");
        assert_eq!((covered(tapered, march).await, last(tapered).await), (vec![PersonId(22)], Some(march)));
        assert_eq!(dies(22, december).await.ended, [tapered]);
        assert_eq!(last(tapered).await, Some(december));
        town.verify().await;
    }
}

#[tokio::test]
async fn everybody_sees_their_own_part_of_the_roll() {
    for town in towns("scopes").await {
        let june = month("2026-06");
        let here = town.grant(&town.family(1, &[11, 12], june, 900)).await.unwrap();
        let mut there = town.family(2, &[21], june, 500);
        (there.township, there.division) = (town.townships[1], town.villages[1]);
        there.review_due_on = NaiveDate::from_ymd_opt(2026, 12, 1);
        let there = town.grant(&there).await.unwrap();
        town.tx(async |tx| {
            changes::pause(tx, &SYSTEM, here, PauseKind::Suspended, june, &decision("停")).await
        })
        .await
        .unwrap();
        let roll = async |scope: Scope, filter: &pages::RollFilter| {
            let page = pages::roll(&town.db, &scope, filter, None, 10).await.unwrap();
            assert_eq!(
                usize::try_from(pages::roll_count(&town.db, &scope, filter, 100).await.unwrap().counted)
                    .unwrap(),
                page.rows.len()
            );
            page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        let all = pages::RollFilter::of(june);
        assert_eq!(roll(Scope::Subtree(town.county), &all).await, [here, there]);
        assert_eq!(roll(Scope::Subtree(town.townships[1]), &all).await, [there]);
        assert_eq!(roll(Scope::Subtree(town.villages[0]), &all).await, [here]);
        assert_eq!(roll(Scope::Own(PersonId(12)), &all).await, [here]);
        assert_eq!(roll(Scope::Own(PersonId(99)), &all).await, []);
        let state = |state| pages::RollFilter { state: Some(state), ..all.clone() };
        assert_eq!(roll(SYSTEM, &state(EntitlementState::Suspended)).await, [here]);
        assert_eq!(roll(SYSTEM, &state(EntitlementState::Active)).await, [there]);
        assert_eq!(roll(SYSTEM, &state(EntitlementState::Ended)).await, []);
        assert_eq!(roll(SYSTEM, &state(EntitlementState::Held)).await, []);
        let due = pages::RollFilter { review_before: NaiveDate::from_ymd_opt(2027, 1, 1), ..all.clone() };
        assert_eq!(roll(SYSTEM, &due).await, [there]);
        let of = |programmes: &[&str]| pages::RollFilter {
            programmes: Some(programmes.iter().map(|programme| (*programme).to_owned()).collect()),
            ..all.clone()
        };
        let programme = pages::entitlement(&town.db, &SYSTEM, here, june).await.unwrap().programme;
        assert_eq!(roll(SYSTEM, &of(&[programme.as_str(), "another"])).await, [here, there]);
        assert_eq!(roll(SYSTEM, &of(&["another"])).await, []);
        assert_eq!(roll(SYSTEM, &of(&[])).await, [], "of no programme, nobody");
        // A change outside one's scope looks like a change of nothing.
        let neighbour = Scope::Subtree(town.townships[1]);
        let touched =
            town.tx(async |tx| ledger::end(tx, &neighbour, here, june, &decision("终止")).await).await;
        assert!(matches!(touched, Err(LedgerError::Store(store::StoreError::NotFound))));
        let made = town.make(june).await.unwrap();
        assert!(run::load(&town.db, &neighbour, made.id).await.is_err(), "a run is the county's");
        let lines = pages::run_lines(&town.db, &neighbour, made.id, None, None, 10).await.unwrap();
        assert_eq!(lines.rows.len(), 1);
        let first = pages::roll(&town.db, &SYSTEM, &all, None, 1).await.unwrap();
        let second = pages::roll(&town.db, &SYSTEM, &all, first.next.as_ref(), 1).await.unwrap();
        assert_eq!((first.rows[0].id, second.rows[0].id, second.next), (here, there, None));
    }
}
