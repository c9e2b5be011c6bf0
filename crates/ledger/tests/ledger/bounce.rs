//! Money that comes back after the bank said "paid": owed again by a red entry, paid again once, never twice.

use ledger::bounce::{self, BounceRow, Source, Taken};
use ledger::{
    AnswerOutcome, ControlTotals, EntitlementId, LedgerError, LineState, RunId, bank, pages, payee, reissue,
    run,
};
use store::Query;
use vocab::Fen;

use crate::town::{
    ACCOUNTANT, DIBAO, DIRECTOR, NOON, SYSTEM, Town, account, decision, go_on, month, officer, towns,
};

fn row(line: &bank::BankLine, voucher: &str) -> BounceRow {
    BounceRow {
        line_no: line.line_no,
        amount: line.amount,
        on: vocab::Now::from_unix_ms(NOON).today(),
        outcome: AnswerOutcome::Failed("账户已销户".to_owned()),
        bank_reference: voucher.to_owned(),
    }
}

async fn take(town: &Town, id: RunId, rows: &[BounceRow], source: Source<'_>) -> Result<Taken, LedgerError> {
    town.tx(async |tx| bounce::take(tx, &SYSTEM, id, rows, source, officer(ACCOUNTANT)).await).await
}

fn file<'a>(sm3: &'a str, rows: &[BounceRow]) -> Source<'a> {
    let totals = ControlTotals {
        count: i64::try_from(rows.len()).unwrap(),
        total: Fen::checked_sum(rows.iter().map(|row| row.amount)).unwrap(),
    };
    Source::File { sm3, totals }
}

fn refusal<T: std::fmt::Debug>(done: Result<T, LedgerError>) -> String {
    done.unwrap_err().to_string()
}

async fn another_account(town: &Town, id: EntitlementId, number: i64) {
    town.tx(async |tx| {
        let proposed = payee::propose(tx, &SYSTEM, id, &account(number), &decision("换卡")).await?;
        payee::confirm(tx, &SYSTEM, proposed, officer(DIRECTOR)).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_comes_back_is_owed_again_and_paid_again_once() {
    for town in towns("bounce").await {
        let june = month("2026-06");
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        let two = town.grant(&town.family(2, &[21], june, 500)).await.unwrap();
        let paid = town.pay(june).await;
        let lines = bank::lines(&town.db, &SYSTEM, paid.id, 0, 10).await.unwrap();
        let of = |id: EntitlementId| lines.iter().find(|line| line.entitlement == id).unwrap();
        let back = row(of(one), "");

        // All of a file fits or nothing is kept.
        let wrong = BounceRow { amount: Fen(1), ..row(of(two), "") };
        let rows = [back.clone(), wrong];
        let Err(LedgerError::Answer(problems)) = take(&town, paid.id, &rows, file("a", &rows)).await else {
            panic!("a wrong amount is taken")
        };
        assert_eq!((problems.len(), problems[0].row), (1, Some(2)));
        let rows = [back.clone()];
        let short = Source::File { sm3: "a", totals: ControlTotals { count: 2, total: Fen(90_000) } };
        assert!(matches!(take(&town, paid.id, &rows, short).await, Err(LedgerError::Answer(_))));
        let future = BounceRow { on: back.on.succ_opt().unwrap(), ..back.clone() };
        assert!(
            refusal(take(&town, paid.id, &[future.clone()], file("a", &[future])).await).contains("晚于今天")
        );
        assert_eq!(town.balances(one).await.paid, Fen(90_000));

        // The bank repeats the whole run: one came back, one is still paid.
        let still = BounceRow { outcome: AnswerOutcome::Succeeded, ..row(of(two), "") };
        let rows = [back.clone(), still];
        let taken = take(&town, paid.id, &rows, file("b", &rows)).await.unwrap();
        assert_eq!((taken.lines.len(), taken.unchanged), (1, 1));
        assert_eq!((taken.lines[0].entitlement, taken.lines[0].reason.as_str()), (one, "账户已销户"));
        let owed = town.balances(one).await;
        assert_eq!((owed.paid, owed.unpaid, owed.failed), (Fen::ZERO, Fen(90_000), Fen(90_000)));
        assert_eq!(town.balances(two).await.paid, Fen(50_000));
        town.verify().await;
        // Taken once, and read once: the first answer of the bank still says what it said.
        let again = take(&town, paid.id, &rows, file("b", &rows)).await.unwrap();
        assert_eq!((again.lines.len(), again.unchanged), (0, 2));
        assert!(
            refusal(take(&town, paid.id, &rows[..1], file("c", &rows[..1])).await).contains("不能登记两次")
        );
        assert!(
            refusal(take(&town, paid.id, &[row(of(one), "V1")], Source::Voucher).await)
                .contains("不能登记两次")
        );
        let failed =
            pages::run_lines(&town.db, &SYSTEM, paid.id, Some(LineState::Failed), None, 10).await.unwrap();
        assert_eq!(failed.rows[0].reason.as_deref(), Some("退汇：账户已销户"));
        let totals =
            pages::month_totals(&town.db, &SYSTEM, june, june, pages::GroupBy::County).await.unwrap();
        assert_eq!((totals[0].due, totals[0].paid), (Fen(140_000), Fen(50_000)), "{DIBAO}");

        // Nothing goes to that account; another one is paid, and what comes back of that is told of the run that paid it.
        let used = pages::payees(&town.db, &SYSTEM, one).await.unwrap();
        assert!(used[0].withdrawn.as_deref().unwrap().contains("账户已销户"));
        let reissued = async || {
            town.tx(async |tx| reissue(tx, &SYSTEM, paid.id, &reissue::Lines::All, officer(ACCOUNTANT)).await)
                .await
        };
        assert!(refusal(reissued().await).contains("没有可以重发"));
        another_account(&town, one, 91).await;
        let second = reissued().await.unwrap();
        assert_eq!(run::load(&town.db, &SYSTEM, second).await.unwrap().total, Fen(90_000));
        let text = refusal(take(&town, paid.id, &[row(of(one), "V2")], Source::Voucher).await);
        assert!(text.contains(&format!("列入批次{second}")), "{text}");
        town.approve(second).await.unwrap();
        town.export(second).await.unwrap();
        let line = bank::lines(&town.db, &SYSTEM, second, 0, 10).await.unwrap().remove(0);
        assert_eq!(line.account.0, 91);
        let early = take(&town, second, &[row(&line, "V3")], Source::Voucher).await;
        assert!(refusal(early).contains("还没有回盘"));
        town.answer(second, |_| false).await.unwrap();
        assert_eq!(town.balances(one).await.paid, Fen(90_000));

        assert!(refusal(take(&town, second, &[row(&line, " ")], Source::Voucher).await).contains("凭证号"));
        take(&town, second, &[row(&line, "V3")], Source::Voucher).await.unwrap();
        assert_eq!(town.balances(one).await.unpaid, Fen(90_000));
        let told = bounce::of_run(&town.db, &SYSTEM, second, 10).await.unwrap();
        assert_eq!((told.len(), told[0].bank_reference.as_str(), told[0].has_account), (1, "V3", false));
        let first = bounce::of_run(&town.db, &SYSTEM, paid.id, 10).await.unwrap();
        assert_eq!((first[0].again, first[0].file_sm3.as_deref()), (None, Some("b")));
        // The next month's run takes along what nobody issued again.
        another_account(&town, one, 92).await;
        let july = town.make(month("2026-07")).await.unwrap();
        assert_eq!(july.total, Fen(2 * 90_000 + 50_000));
        town.verify().await;
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_paid_into_is_out_of_use_for_every_benefit() {
    for town in towns("bounce_account").await {
        let june = month("2026-06");
        let mut other = town.family(2, &[21], june, 500);
        other.payee = Some(account(1));
        let one = town.grant(&town.family(1, &[11], june, 900)).await.unwrap();
        let two = town.grant(&other).await.unwrap();
        let paid = town.pay(june).await;
        let lines = bank::lines(&town.db, &SYSTEM, paid.id, 0, 10).await.unwrap();
        let line = lines.iter().find(|line| line.entitlement == one).unwrap();
        take(&town, paid.id, &[row(line, "V1")], Source::Voucher).await.unwrap();
        let july = town.make(month("2026-07")).await.unwrap();
        assert_eq!((july.line_count, july.blocked_count), (0, 2));
        let blocked =
            pages::run_lines(&town.db, &SYSTEM, july.id, Some(LineState::Blocked), None, 10).await.unwrap();
        assert!(blocked.rows.iter().all(|line| line.reason.as_deref().unwrap().contains("退汇")));
        assert_eq!(town.balances(two).await.paid, Fen(50_000), "what was paid to it stays paid");
        // What is written stays.
        let change = Query::system("test", "UPDATE bounce SET amount_fen = 1").execute(&town.db).await;
        assert!(change.is_err());
        run::carry_on(&town.db, paid.id, &mut go_on).await.unwrap();
        town.verify().await;
    }
}
