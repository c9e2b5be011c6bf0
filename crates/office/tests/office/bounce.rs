//! 退汇: days after the bank said "paid" it sends a family's money back. The family is told, figures follow, it is paid again once.

use ledger::approve::ControlTotals;
use ledger::pages::{self, GroupBy};
use ledger::reissue::Lines;
use ledger::{LedgerError, RunId};
use office::OfficeError;
use office::indicators::{self, INDICATORS_JOB};
use office::people::NewAccount;
use office::roll::bounce::{self, Returned, ReturnsRead, Voucher};
use office::roll::payments;
use office::tabular::ListFormat;
use store::{PersonId, Query, Scope, jobs};
use vocab::{Fen, Month};

use crate::matters::{paid, worked};
use crate::roll::{accountant, answer, approved, imported, month};
use crate::town::towns;
use crate::wuhai::{Family, Wuhai, cities, grant};

const SEEN: Scope = Scope::System("test");

/// What was paid in a month, as reports count it.
async fn paid_in(city: &Wuhai, month: Month) -> Fen {
    pages::month_totals(city.office.db(), &SEEN, month, month, GroupBy::County).await.unwrap()[0].paid
}

async fn read(city: &Wuhai, run: RunId, text: &str, totals: ControlTotals) -> ReturnsRead {
    let on = city.office.now().today();
    let bytes = text.as_bytes();
    bounce::read_returns(&city.office, &grant(&city.accountant), run, "退汇.csv", bytes, totals, on)
        .await
        .unwrap()
}

/// The run of the failed lines, through the second person and the bank.
async fn issued_again(city: &Wuhai, run: RunId) -> (RunId, ControlTotals) {
    let office = &city.office;
    let (again, _) = payments::reissue(office, &grant(&city.accountant), run, &Lines::All).await.unwrap();
    worked(city).await;
    let made = payments::find_run(office, &grant(&city.accountant), again).await.unwrap();
    let totals = ControlTotals { count: made.line_count, total: made.total };
    payments::approve(office, &grant(&city.approver), again, totals).await.unwrap();
    let file =
        payments::export_bank_file(office, &grant(&city.accountant), again, ListFormat::Csv).await.unwrap();
    let said = answer(&file, |_| "成功");
    payments::read_answer(office, &grant(&city.accountant), again, "回盘.csv", said.as_bytes(), totals)
        .await
        .unwrap();
    worked(city).await;
    (again, totals)
}

#[tokio::test]
async fn a_family_whose_money_came_back_is_told_and_paid_again() {
    for city in cities("bounce").await {
        let granted = city.granted(&Family::default()).await;
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        let month = city.office.now().month().next();
        city.days(30).await;
        let (run, totals) = paid(&city, "dibao", month).await;
        assert_eq!(paid_in(&city, month).await, totals.total);
        city.days(3).await;

        // A file with a row that does not fit is told by its row, and nothing of it is kept.
        let text = format!(
            "序号,金额,结果,失败原因,流水号\n1,{},退汇,账户已销户,T1\n合计,{},,,\n",
            totals.total, totals.total
        );
        let ReturnsRead::Refused(faults) = read(&city, run, &text.replace("账户已销户", ""), totals).await
        else {
            panic!("a return without a reason is taken")
        };
        assert!(faults[0].row == 2 && faults[0].message.contains("退汇原因"), "{faults:?}");
        assert_eq!(paid_in(&city, month).await, totals.total);

        let taken = read(&city, run, &text, totals).await;
        assert_eq!(taken, ReturnsRead::Read(Returned { lines: 1, unchanged: 0, letters: 1 }));
        let again = read(&city, run, &text, totals).await;
        assert_eq!(again, ReturnsRead::Read(Returned { lines: 0, unchanged: 1, letters: 0 }));
        assert_eq!(paid_in(&city, month).await, Fen::ZERO);
        let owed = ledger::balances(city.office.db(), &SEEN, benefit).await.unwrap();
        assert_eq!((owed.unpaid, owed.failed, owed.paid), (totals.total, totals.total, Fen::ZERO));

        // The family has a letter, and its sheet says the same.
        let letter = city.letter(granted, "payment_returned").await;
        assert_eq!(letter["amount_fen"], totals.total.0);
        assert_eq!(
            (letter["reason"].as_str(), letter["paid_month"].as_str()),
            (Some("账户已销户"), Some(month.to_string().as_str()))
        );
        let holder: i64 = Query::system("test", "SELECT holder_person_id FROM entitlement WHERE id = ?")
            .bind(benefit)
            .scalar(city.office.db())
            .await
            .unwrap();
        let me = office::access::citizen_of_synthetic(&city.office, PersonId(holder)).await.unwrap();
        let sheet = office::benefits::own_sheet(&city.office, &me).await.unwrap();
        let told = sheet.receives[0].account_wanted.as_deref().unwrap_or_default();
        assert!(told.contains("账户已销户") && told.contains("另报一个账户"), "{told}");
        let deeds: i64 = Query::system("test", "SELECT COUNT(*) FROM audit WHERE action = 'run.returned'")
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!(deeds, 2);

        // Nobody is paid to that account; the second person's confirmation of another one sets the money free.
        let early = payments::reissue(&city.office, &grant(&city.accountant), run, &Lines::All).await;
        assert!(matches!(early, Err(OfficeError::Ledger(LedgerError::Refused(_)))), "{early:?}");
        let new = NewAccount {
            person: PersonId(holder),
            holder_name: "金满仓".parse().unwrap(),
            bank: "农商银行".to_owned(),
            number: "6217000000000000095".parse().unwrap(),
        };
        let accountant = grant(&city.accountant);
        let payee = payments::propose_payee(&city.office, &accountant, benefit, &new, "变更1号", "退汇")
            .await
            .unwrap();
        payments::settle_payee(&city.office, &grant(&city.approver), payee, true).await.unwrap();
        let (second, sums) = issued_again(&city, run).await;
        assert_eq!(sums, totals);
        assert_eq!(paid_in(&city, month).await, totals.total);

        // What came back of the first run was paid by the second: it comes back there, if it does.
        let voucher = Voucher {
            line_no: 1,
            amount: totals.total,
            on: city.office.now().today(),
            reason: "户名不符".to_owned(),
            number: "P1".to_owned(),
        };
        let told =
            bounce::record_voucher(&city.office, &grant(&city.accountant), run, &voucher).await.unwrap_err();
        assert!(told.to_string().contains(&format!("批次{second}")), "{told}");
        let taken =
            bounce::record_voucher(&city.office, &grant(&city.accountant), second, &voucher).await.unwrap();
        assert_eq!(taken, Returned { lines: 1, unchanged: 0, letters: 1 });
        assert!(
            bounce::record_voucher(&city.office, &grant(&city.accountant), second, &voucher).await.is_err()
        );
        let run = payments::find_run(&city.office, &grant(&city.accountant), second).await.unwrap();
        let listed = bounce::returned(&city.office, &grant(&city.accountant), &run).await.unwrap();
        assert_eq!((listed.len(), listed[0].bank_reference.as_str()), (1, "P1"));
        assert_eq!(paid_in(&city, month).await, Fen::ZERO);
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// What the bank sends back in December was paid when November ended: the month that is over keeps that, figures of today do not.
#[tokio::test]
async fn a_month_that_is_over_keeps_what_was_paid_then() {
    for town in towns("bounce_month").await {
        let office = &town.office;
        let accountant = accountant(&town).await;
        imported(&town, &accountant).await;
        let approver = town.actor("approver", town.county, &["county_payment_approver"]).await;
        let reader = town.actor("reader", town.county, &["county_clerk"]).await;
        let (run, totals) = approved(&town, &accountant, &approver).await;
        let file =
            payments::export_bank_file(office, &grant(&accountant), run, ListFormat::Csv).await.unwrap();
        let said = answer(&file, |_| "成功");
        payments::read_answer(office, &grant(&accountant), run, "回盘.csv", said.as_bytes(), totals)
            .await
            .unwrap();
        while let Some(claim) = jobs::claim(office.db(), &[payments::RUN_JOB], "test").await.unwrap() {
            payments::work_run(office, &claim).await.unwrap();
        }
        let november = month("2026-11");
        while office.now().month() == november {
            town.pass(24 * 60 * 60 * 1000);
        }
        let voucher = Voucher {
            line_no: 1,
            amount: Fen(76_050),
            on: office.now().today(),
            reason: "账户已销户".to_owned(),
            number: "P1".to_owned(),
        };
        let taken = bounce::record_voucher(office, &grant(&accountant), run, &voucher).await.unwrap();
        assert_eq!(
            taken,
            Returned { lines: 1, unchanged: 0, letters: 0 },
            "a family of the old roll has no case"
        );
        let paid =
            pages::month_totals(office.db(), &SEEN, november, november, GroupBy::County).await.unwrap()[0]
                .paid;
        assert_eq!(paid, Fen(totals.total.0 - 76_050));

        indicators::reckon_again(office, &grant(&reader), "paid_sum", november).await.unwrap();
        while let Some(claim) = jobs::claim(office.db(), &[INDICATORS_JOB], "test").await.unwrap() {
            indicators::work(office, &claim).await.unwrap();
        }
        let places = [reader.division];
        let again =
            indicators::again(office, &grant(&reader), "paid_sum", &places, november).await.unwrap().unwrap();
        let release = office.release();
        assert_eq!(again.figures[0].text(release.indicators.get("paid_sum").unwrap()), "1260.50");
    }
}
