//! The roll and the month's money on pages: a run made, approved by another, sent, answered, closed; accounts in two hands;
//! a roll taken over.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use ledger::payee::{NewPayee, Proposer};
use ledger::{AmountCause, BankAccountId, Decision, EntitlementId, Grant};
use office::access::{self, NewPost};
use office::people::{self, NewAccount};
use office::roll::{import, month_list, payments};
use store::{DivisionId, HouseholdId, PersonId, jobs};
use vocab::Fen;

use crate::testing::{Browser, Seen, Town, citizen_id, day, grant};

const ACCOUNT: &str = "6222020603001234567";

/// Grants 低保 from this month, paid to the holder's account.
pub(super) async fn benefit(
    town: &Town,
    household: HouseholdId,
    persons: &[PersonId],
    places: (DivisionId, DivisionId),
    monthly: i64,
    number: &str,
) -> EntitlementId {
    benefit_of("dibao", town, household, persons, places, monthly, number).await
}

/// The same of any programme.
pub(super) async fn benefit_of(
    of: &str,
    town: &Town,
    household: HouseholdId,
    persons: &[PersonId],
    (township, village): (DivisionId, DivisionId),
    monthly: i64,
    number: &str,
) -> EntitlementId {
    let payee = access_of(town, township);
    let holder_name: vocab::PersonName = "户主本人".parse().unwrap();
    let account = NewAccount {
        person: persons[0],
        holder_name: holder_name.clone(),
        bank: "农业银行海勃湾支行".to_owned(),
        number: number.parse().unwrap(),
    };
    let account_id = people::add_account(&town.office, &grant(payee), &account).await.unwrap();
    let release = town.office.release();
    let programme = release.programmes.get(of).unwrap();
    let month = town.office.now().month();
    let new = Grant {
        programme: of.to_owned(),
        exclusion_group: programme.exclusion_group.get().clone(),
        household,
        holder: persons[0],
        members: persons.to_vec(),
        county: town.county,
        township,
        division: village,
        from: month,
        first_due: month,
        until: None,
        monthly: Fen(monthly),
        cause: AmountCause::Grant,
        payee: Some(NewPayee {
            account: BankAccountId(account_id.0),
            holder_name: holder_name.as_str().to_owned(),
            bank: account.bank.clone(),
            number_tail: account.number.last_four().to_owned(),
            proposed_by: Proposer::Staff(payee.staff),
        }),
        review_due_on: Some(day("2027-11-01")),
    };
    let decision = Decision {
        reference: "海民救〔2026〕1号".to_owned(),
        reason: "新批准".to_owned(),
        case: None,
        determination: None,
        officer: town.administrator.staff,
        at: town.office.now(),
    };
    let tx = town.office.db().begin().await.unwrap();
    let id = ledger::grant(&tx, &new, &decision).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn access_of(town: &Town, township: DivisionId) -> &access::Actor {
    if township == town.township_a { &town.clerk_a } else { &town.clerk_b }
}

async fn two_families(town: &Town) -> (EntitlementId, EntitlementId) {
    let places = [(town.township_a, town.village_a), (town.township_b, town.village_b)];
    let a = benefit(town, town.family_a, &town.people_a, places[0], 123_450, ACCOUNT).await;
    let b = benefit(town, town.family_b, &town.people_b, places[1], 76_000, "6228480402564890018").await;
    (a, b)
}

/// Does the jobs that wait, as the worker would.
pub(super) async fn work(town: &Town) {
    let kinds = [payments::RUN_JOB, import::ROLL_JOB, month_list::LIST_JOB];
    while let Some(claim) = jobs::claim(town.office.db(), &kinds, "test").await.unwrap() {
        match claim.job.kind.as_str() {
            payments::RUN_JOB => payments::work_run(&town.office, &claim).await.unwrap(),
            month_list::LIST_JOB => month_list::work(&town.office, &claim).await.unwrap(),
            _ => import::work(&town.office, &claim).await.unwrap(),
        }
    }
}

/// A form with a file.
pub(super) async fn upload(
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
    name: &str,
    content: &str,
) -> Seen {
    let key = store::IdempotencyKey::fresh().unwrap().to_string();
    let mut body = String::new();
    for (field, value) in fields.iter().copied().chain([("_key", key.as_str())]) {
        body.push_str(&format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str(&format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n{content}\r\n--x--\r\n"
    ));
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

async fn desks(town: &Town) -> (Browser, Browser) {
    town.staff("accountant", town.county, "county_accountant").await;
    town.staff("approver", town.county, "county_payment_approver").await;
    (town.browser("accountant").await, town.browser("approver").await)
}

const MONTH: [(&str, &str); 3] = [("programme", "dibao"), ("month_year", "2026"), ("month_month", "11")];

#[tokio::test]
async fn a_month_goes_to_the_bank_and_comes_back() {
    Town::each("money_run", async |town| {
        two_families(town).await;
        let (mut accountant, mut approver) = desks(town).await;
        let made = accountant.post("/desk/payments", &MONTH).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        let run = made.location().to_owned();
        // Another form for the same month, and the same form twice: one run.
        assert_eq!(accountant.post("/desk/payments", &MONTH).await.location(), run);
        let keyed = [&MONTH[..], &[("_key", "run-november-0001")]].concat();
        assert_eq!(accountant.post("/desk/payments", &keyed).await.location(), run);
        assert_eq!(accountant.post("/desk/payments", &keyed).await.location(), run);
        assert_eq!(accountant.get("/desk/payments").await.text.matches("月度发放").count(), 1);
        assert!(accountant.get(&run).await.text.contains("hx-trigger"), "progress is followed");
        work(town).await;

        let page = approver.get(&run).await;
        assert!(page.text.contains("待复核") && page.text.contains("1,994.50"), "{}", page.text);
        assert!(page.text.contains("与上月的差异") && page.text.contains("新批准"));
        assert!(approver.get(&format!("{run}/differences")).await.text.contains("海民救〔2026〕1号"));
        let lines = approver.get(&format!("{run}/lines?state=open")).await;
        assert!(
            lines.text.contains("赵桂兰") && lines.text.contains("****4567") && !lines.text.contains(ACCOUNT)
        );

        // Who may not approve finds no such deed; totals that are not the run's are refused.
        let seen = [("count", "2"), ("total", "1994.50")];
        let approve = format!("{run}/approve");
        assert_eq!(accountant.post(&approve, &seen).await.status, StatusCode::NOT_FOUND);
        let stale = approver.post(&approve, &[("count", "2"), ("total", "1994.51")]).await;
        assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(stale.text.contains("批次合计已变动"), "{}", stale.text);
        let early = accountant.post(&format!("{run}/bank-file"), &[("format", "csv")]).await;
        assert_eq!(early.status, StatusCode::CONFLICT);
        let (count, total) = (page.field("count"), page.field("total"));
        let done = approver.post(&approve, &[("count", &count), ("total", &total)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);

        let file = accountant.post(&format!("{run}/bank-file"), &[("format", "csv")]).await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.text.contains(ACCOUNT) && file.text.contains("1994.50"), "{}", file.text);
        let hash = file.headers["x-file-sm3"].clone();
        let again = accountant.post(&format!("{run}/bank-file"), &[("format", "csv")]).await;
        assert_eq!((again.headers["x-file-sm3"].clone(), again.text), (hash.clone(), file.text));
        let excel = accountant.post(&format!("{run}/bank-file"), &[("format", "xlsx")]).await;
        assert_eq!(excel.headers["x-file-sm3"], hash);
        let page = accountant.get(&run).await;
        assert!(page.text.contains(hash.to_str().unwrap()) && page.text.contains("已导出待回盘"));
        let late = accountant.post(&format!("{run}/cancel"), &[("reason", "改主意")]).await;
        assert!(late.text.contains("不能作废"), "{}", late.text);
        work(town).await;

        let answer = "序号,金额,结果,失败原因\n1,1234.50,成功,\n2,760.00,失败,账号户名不符\n";
        let to = format!("{run}/answer");
        let totals = [("count", "2"), ("total", "1994.50")];
        let wrong = answer.replace("760.00", "761.00");
        let refused = upload(&mut accountant, &to, &totals, "回盘.csv", &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("金额应为760.00元"), "{}", refused.text);
        let read = upload(&mut accountant, &to, &totals, "回盘.csv", answer).await;
        assert_eq!(read.status, StatusCode::SEE_OTHER, "{}", read.text);
        work(town).await;
        let failed = accountant.get(&format!("{run}/lines?state=failed")).await;
        assert!(failed.text.contains("账号户名不符") && failed.text.contains("孙德福"));
        let again = accountant.post(&format!("{run}/reissue"), &[]).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.text);
        assert_ne!(again.location(), run);
        work(town).await;
        assert!(accountant.get(again.location()).await.text.contains("失败重发"));
        let closed = accountant.post(&format!("{run}/close"), &[]).await;
        assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.text);
        assert!(accountant.get(&run).await.text.contains("已办结"));
    })
    .await;
}

/// 退汇: days after the bank said "paid" it sends money back, in a file and by a voucher; the run's page shows it and issues it again.
#[tokio::test]
async fn what_the_bank_sends_back_is_entered_once_and_issued_again() {
    Town::each("money_returned", async |town| {
        let (a, b) = two_families(town).await;
        let (mut accountant, mut approver) = desks(town).await;
        let run = accountant.post("/desk/payments", &MONTH).await.location().to_owned();
        work(town).await;
        let page = approver.get(&run).await;
        let (count, total) = (page.field("count"), page.field("total"));
        let seen = [("count", count.as_str()), ("total", total.as_str())];
        assert_eq!(approver.post(&format!("{run}/approve"), &seen).await.status, StatusCode::SEE_OTHER);
        accountant.post(&format!("{run}/bank-file"), &[("format", "csv")]).await;
        work(town).await;
        let answer = "序号,金额,结果\n1,1234.50,成功\n2,760.00,成功\n";
        let totals = [("count", "2"), ("total", "1994.50")];
        let to = format!("{run}/returned");
        let today = town.office.now().today();
        let [year, month, day] = ["%Y", "%m", "%d"].map(|part| today.format(part).to_string());
        let on = [("on_year", year.as_str()), ("on_month", month.as_str()), ("on_day", day.as_str())];
        let back = "序号,金额,退汇原因,流水号\n1,1234.50,账户已销户,TH1\n";
        let one = [("count", "1"), ("total", "1234.50"), on[0], on[1], on[2]];
        let early = upload(&mut accountant, &to, &one, "退汇.csv", back).await;
        assert!(early.text.contains("请先读入回盘"), "{}", early.text);
        upload(&mut accountant, &format!("{run}/answer"), &totals, "回盘.csv", answer).await;
        work(town).await;
        assert!(accountant.get(&run).await.text.contains(&to), "the run leads there");
        assert_eq!(approver.get(&to).await.status, StatusCode::NOT_FOUND);

        let wrong = upload(&mut accountant, &to, &one, "退汇.csv", &back.replace("1234.50", "1234.05")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("金额应为1234.50元"), "{}", wrong.text);
        let read = upload(&mut accountant, &to, &one, "退汇.csv", back).await;
        assert_eq!((read.status, read.location()), (StatusCode::SEE_OTHER, run.as_str()), "{}", read.text);
        let again = upload(&mut accountant, &to, &one, "退汇.csv", back).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.text);
        let voucher = |number: &'static str| {
            [
                ("line_no", "2"),
                ("amount", "760.00"),
                ("day_year", year.as_str()),
                ("day_month", month.as_str()),
                ("day_day", day.as_str()),
                ("reason", "户名不符"),
                ("voucher", number),
            ]
        };
        let line = format!("{to}/line");
        let missing = accountant.post(&line, &voucher("")).await;
        assert!(missing.text.contains("请填写退汇凭证号"), "{}", missing.text);
        assert_eq!(accountant.post(&line, &voucher("P7")).await.status, StatusCode::SEE_OTHER);
        let twice = accountant.post(&line, &voucher("P8")).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(twice.text.contains("同一笔不能登记两次"), "{}", twice.text);

        let page = approver.get(&run).await.text;
        for said in ["账户已销户", "银行文件 TH1", "凭证 P7", "等家庭另报账户"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let benefit = accountant.get(&format!("/desk/roll/{a}")).await.text;
        assert!(benefit.contains("账户已销户") && benefit.contains("这个账户停用"), "{benefit}");
        // One family brings another account; a second person confirms it, and its line goes again alone.
        let decision = Decision {
            reference: "变更〔2026〕1号".to_owned(),
            reason: "原账户退汇".to_owned(),
            case: None,
            determination: None,
            officer: town.administrator.staff,
            at: town.office.now(),
        };
        let scope = store::Scope::System("test");
        let used = ledger::pages::payees(town.office.db(), &scope, b).await.unwrap();
        let new = NewPayee {
            account: used[0].account,
            holder_name: used[0].holder_name.clone(),
            bank: used[0].bank.clone(),
            number_tail: used[0].number_tail.clone(),
            proposed_by: Proposer::Staff(town.clerk_a.staff),
        };
        let tx = town.office.db().begin().await.unwrap();
        let proposed = ledger::payee::propose(&tx, &scope, b, &new, &decision).await.unwrap();
        let officer = ledger::Officer { staff: town.administrator.staff, at: town.office.now() };
        ledger::payee::confirm(&tx, &scope, proposed, officer).await.unwrap();
        tx.commit().await.unwrap();
        let second = accountant.post(&format!("{run}/reissue"), &[]).await;
        assert_eq!(second.status, StatusCode::SEE_OTHER, "{}", second.text);
        let lines = accountant.get(&format!("{}/lines", second.location())).await.text;
        assert!(lines.contains("孙德福") && !lines.contains("赵桂兰"), "{lines}");
        let page = accountant.get(&run).await.text;
        assert!(
            page.contains("已重新发放") && page.contains(&format!("\"{}\"", second.location())),
            "{page}"
        );
        let twice = accountant.post(&line, &voucher("P9")).await;
        assert!(twice.text.contains("重新发放的款项又退回的"), "{}", twice.text);
        assert_eq!(ledger::verify(town.office.db()).await.unwrap(), Vec::new());
    })
    .await;
}

/// What is paid belongs to a business: neither its roll nor its runs are there for an accountant of another one.
#[tokio::test]
async fn an_accountant_finds_the_money_of_the_own_business_alone() {
    Town::each("money_business", async |town| {
        let places = [(town.township_a, town.village_a), (town.township_b, town.village_b)];
        let poor = benefit(town, town.family_a, &town.people_a, places[0], 123_450, ACCOUNT).await;
        let number = "6228480402564890018";
        let family = town.family_b;
        let child =
            benefit_of("orphan_living", town, family, &town.people_b, places[1], 180_000, number).await;
        town.staff("children", town.county, "county_accountant@children").await;
        town.staff("second", town.county, "county_payment_approver@children").await;
        town.staff("assistance", town.county, "county_accountant@assistance").await;
        let (mut children, mut second) = (town.browser("children").await, town.browser("second").await);
        let mut assistance = town.browser("assistance").await;

        let roll = children.get("/desk/roll").await;
        assert_eq!(roll.status, StatusCode::OK);
        assert!(roll.text.contains("孙德福") && !roll.text.contains("赵桂兰"), "{}", roll.text);
        assert!(roll.text.contains("value=\"orphan_living\"") && !roll.text.contains("value=\"dibao\""));
        let roll = assistance.get("/desk/roll").await;
        assert!(!roll.text.contains("孙德福") && roll.text.contains("赵桂兰"), "{}", roll.text);
        assert!(!children.get("/desk/roll?programme=dibao").await.text.contains("赵桂兰"));
        let file = [("format", "csv"), ("purpose", "月度核对")];
        let file = children.post("/desk/roll/export", &file).await;
        assert!(file.text.contains("孙德福") && !file.text.contains("赵桂兰"), "{}", file.text);
        for (browser, own, other) in [(&mut children, child, poor), (&mut assistance, poor, child)] {
            for path in ["", "/payee", "/returns"] {
                let seen = browser.get(&format!("/desk/roll/{own}{path}")).await;
                assert_eq!(seen.status, StatusCode::OK, "{path}");
                let hidden = browser.get(&format!("/desk/roll/{other}{path}")).await;
                assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}");
            }
        }
        // Nor are they on a family's page.
        town.staff("looker", town.county, "county_clerk@assistance").await;
        town.staff("wide", town.county, "county_clerk").await;
        let (mut looker, mut wide) = (town.browser("looker").await, town.browser("wide").await);
        let theirs = format!("/desk/families/{family}/cases");
        let page = looker.get(&theirs).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text.contains("1,800.00") && !page.text.contains(&format!("/desk/roll/{child}")));
        assert!(wide.get(&theirs).await.text.contains("1,800.00"));
        let page = looker.get(&format!("/desk/families/{}/cases", town.family_a)).await;
        assert!(page.text.contains("1,234.50"), "{}", page.text);
        // A family is on file for every business; what it gets is told by business.
        let page = children.get(&format!("/desk/roll/{child}")).await;
        assert!(page.text.contains("/desk/families/"), "{}", page.text);
        for (family, amount, told) in [(town.family_b, "1,800.00", true), (town.family_a, "1,234.50", false)]
        {
            let page = children.get(&format!("/desk/families/{family}/cases")).await;
            assert_eq!(page.status, StatusCode::OK);
            assert_eq!(page.text.contains(amount), told, "{}", page.text);
        }

        assert_eq!(children.post("/desk/payments", &MONTH).await.status, StatusCode::NOT_FOUND);
        let month = [("programme", "orphan_living"), MONTH[1], MONTH[2]];
        assert_eq!(assistance.post("/desk/payments", &month).await.status, StatusCode::NOT_FOUND);
        let made = children.post("/desk/payments", &month).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        let run = made.location().to_owned();
        work(town).await;
        assert!(children.get("/desk/payments").await.text.contains(&run));
        assert!(!assistance.get("/desk/payments").await.text.contains(&run));
        for path in ["", "/lines", "/differences", "/answer"] {
            let hidden = assistance.get(&format!("{run}{path}")).await;
            assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}");
        }
        let page = second.get(&run).await;
        let (count, total) = (page.field("count"), page.field("total"));
        let totals = [("count", count.as_str()), ("total", total.as_str())];
        let approved = second.post(&format!("{run}/approve"), &totals).await;
        assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text);
        let csv = [("format", "csv")];
        let hidden = assistance.post(&format!("{run}/bank-file"), &csv).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        let file = children.post(&format!("{run}/bank-file"), &csv).await;
        assert!(file.text.contains(number) && file.text.contains("1800.00"), "{}", file.text);
        let sheet = children.get("/desk/payments/sheet?format=csv").await;
        assert_eq!(sheet.status, StatusCode::OK);
        // The reserve lies ready for emergencies of assistance, and so does the price subsidy's list.
        for path in ["/desk/reserve", "/desk/month-lists"] {
            assert!(!children.get("/desk/payments").await.text.contains(path), "{path}");
            assert!(assistance.get("/desk/payments").await.text.contains(path), "{path}");
        }
        assert_eq!(children.get("/desk/reserve").await.status, StatusCode::NOT_FOUND);
        assert_eq!(assistance.get("/desk/reserve").await.status, StatusCode::OK);
    })
    .await;
}

/// An account that was taken out of use because whose it is has died: the benefit's page and the run say why nothing is paid.
#[tokio::test]
async fn pages_say_why_an_account_is_asked_for_anew() {
    Town::each("money_withdrawn", async |town| {
        let (a, _) = two_families(town).await;
        let (mut accountant, _) = desks(town).await;
        let page = format!("/desk/roll/{a}");
        assert!(!accountant.get(&page).await.text.contains("记作未发"));
        let used = ledger::pages::payees(town.office.db(), &store::Scope::System("test"), a).await.unwrap();
        let month = town.office.now().month();
        let decision = Decision {
            reference: "海民救〔2026〕2号".to_owned(),
            reason: "原收款账户的持有人已去世，账户停用".to_owned(),
            case: None,
            determination: None,
            officer: town.administrator.staff,
            at: town.office.now(),
        };
        let tx = town.office.db().begin().await.unwrap();
        ledger::payee::withdraw(&tx, &[used[0].account], month, &decision).await.unwrap();
        tx.commit().await.unwrap();
        let seen = accountant.get(&page).await.text;
        assert!(seen.contains("账户停用。这以前应发的款项记作未发") && seen.contains("已停用："), "{seen}");
        let run = accountant.post("/desk/payments", &MONTH).await.location().to_owned();
        work(town).await;
        let lines = accountant.get(&format!("{run}/lines?state=blocked")).await;
        assert!(lines.text.contains("赵桂兰") && lines.text.contains("持有人已去世"), "{}", lines.text);
    })
    .await;
}

#[tokio::test]
async fn the_maker_gets_no_post_that_approves() {
    Town::each("money_two_hands", async |town| {
        let maker = town.staff("accountant", town.county, "county_accountant").await;
        let post = NewPost {
            division: town.county,
            roles: vec!["county_payment_approver".to_owned()],
            businesses: vec!["assistance".to_owned()],
            from_on: day("2026-01-01"),
            until_on: None,
        };
        let refused = access::add_post(&town.office, &grant(&town.administrator), maker.staff, &post).await;
        assert!(refused.unwrap_err().to_string().contains("两项职责必须由两人承担"));
    })
    .await;
}

#[tokio::test]
async fn the_roll_of_the_neighbour_is_not_there_and_an_account_needs_two() {
    Town::each("money_roll", async |town| {
        let (a, b) = two_families(town).await;
        let (_, mut approver) = desks(town).await;
        let mut clerk = town.browser("clerk_a").await;
        let list = clerk.get("/desk/roll").await;
        assert!(list.text.contains("赵桂兰") && !list.text.contains("孙德福"));
        assert!(list.text.contains("1,234.50"));
        assert!(!clerk.get("/desk/roll?state=suspended").await.text.contains("赵桂兰"));
        for path in ["", "/payee"] {
            assert_eq!(clerk.get(&format!("/desk/roll/{b}{path}")).await.status, StatusCode::NOT_FOUND);
        }
        for path in ["/desk/payments", "/desk/roll/import"] {
            let seen = clerk.post(path, &MONTH).await;
            assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}");
        }
        let page = clerk.get(&format!("/desk/roll/{a}")).await;
        assert!(page.text.contains("****4567") && !page.text.contains(ACCOUNT), "{}", page.text);
        assert!(page.text.contains("金额变动") && page.text.contains("定期核查"));

        let to = format!("/desk/roll/{a}/payee");
        let empty = clerk.post(&to, &[]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let holder = town.people_a[0].to_string();
        let fields = [
            ("person", holder.as_str()),
            ("holder_name", "赵桂兰"),
            ("bank", "邮储银行"),
            ("number", "6217991900001234562"),
            ("reference", "本人申请"),
            ("reason", "原卡遗失"),
        ];
        let done = clerk.post(&to, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let page = approver.get(&format!("/desk/roll/{a}")).await;
        let action = page.text.split(&format!("action=\"{to}/")).nth(1).unwrap().split('"').next().unwrap();
        let settle = format!("{to}/{action}");
        assert_eq!(clerk.post(&settle, &[("settle", "confirm")]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(approver.post(&settle, &[("settle", "confirm")]).await.status, StatusCode::SEE_OTHER);
        assert!(approver.get(&format!("/desk/roll/{a}")).await.text.contains("邮储银行 ****4562"));

        let without = clerk.post("/desk/roll/export", &[("format", "csv")]).await;
        assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
        let file = clerk.post("/desk/roll/export", &[("format", "csv"), ("purpose", "月度核对")]).await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.text.contains("赵桂兰") && !file.text.contains("孙德福"));
        assert!(!file.text.contains(citizen_id("1962-03-08", 2).expose()));
    })
    .await;
}

#[tokio::test]
async fn a_roll_is_taken_over_only_when_everything_agrees() {
    Town::each("money_import", async |town| {
        town.staff("accountant", town.county, "county_accountant").await;
        let mut accountant = town.browser("accountant").await;
        assert_eq!(accountant.get("/desk/roll/import/template").await.status, StatusCode::OK);
        let village = office::divisions::find(town.office.db(), town.village_a).await.unwrap().code;
        let id = citizen_id("1970-05-06", 77);
        let roll = format!(
            "家庭编号,姓名,身份证号码,与户主关系,村（社区）代码,城乡类别,月保障金额,起始月份\nA1,郑有田,{},本人（户主）,{village},城镇,650.00,2020-01\n",
            id.expose()
        );
        let fields = |monthly: &'static str| {
            [
                ("programme", "dibao"),
                ("first_due_year", "2026"),
                ("first_due_month", "12"),
                ("reference", "移交清册"),
                ("families", "1"),
                ("members", "1"),
                ("monthly", monthly),
            ]
        };
        let to = "/desk/roll/import";
        let missing = upload(&mut accountant, to, &[], "名册.csv", &roll).await;
        assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
        let broken = roll.replace(id.expose(), "12345");
        let faults = upload(&mut accountant, to, &fields("650.00"), "名册.csv", &broken).await;
        assert!(faults.text.contains("C2") && !faults.text.contains("确认导入"), "{}", faults.text);
        let corrected = faults.text.split("/desk/roll/import/corrected/").nth(1).unwrap().split('"').next().unwrap();
        let file = accountant.get(&format!("/desk/roll/import/corrected/{corrected}")).await;
        assert_eq!(file.status, StatusCode::OK);
        let disagrees = upload(&mut accountant, to, &fields("660.00"), "名册.csv", &roll).await;
        assert!(disagrees.text.contains("账面 660.00 元") && !disagrees.text.contains("确认导入"));

        let good = upload(&mut accountant, to, &fields("650.00"), "名册.csv", &roll).await;
        assert!(good.text.contains("确认导入"), "{}", good.text);
        let upload_id = good.field("upload");
        let committed = accountant.post("/desk/roll/import/commit", &[("upload", &upload_id)]).await;
        assert_eq!(committed.status, StatusCode::SEE_OTHER, "{}", committed.text);
        let twice = accountant.post("/desk/roll/import/commit", &[("upload", &upload_id)]).await;
        assert_eq!(twice.location(), committed.location());
        assert!(accountant.get(committed.location()).await.text.contains("正在导入"));
        work(town).await;
        let done = accountant.get(committed.location()).await;
        assert!(done.text.contains("1 / 1 户"), "{}", done.text);
        assert!(accountant.get("/desk/roll?month=2026-12").await.text.contains("郑有田"));
        let undo = format!("{}/undo", committed.location());
        assert_eq!(accountant.post(&undo, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(accountant.post(&undo, &[("reason", "文件拿错")]).await.status, StatusCode::SEE_OTHER);
        work(town).await;
        assert!(accountant.get(committed.location()).await.text.contains("已撤销"));
    })
    .await;
}
