//! The price link (SA-28): a month's rises entered by one person and put in force by another, the trigger shown, the list drawn up, paid once,
//! reported; and what stands open paid without waiting for the next month.

use ledger::approve::ControlTotals;
use ledger::{EntitlementId, LineState, RunId, RunState};
use office::OfficeError;
use office::access::Actor;
use office::people::{
    self, MemberChange, NewAccount, NewFact, NewHousehold, NewMember, NewPerson, Source, Subject,
};
use office::releases::{self, MonthFigures, MonthsTaken};
use office::roll::RollTotals;
use office::roll::import::{self, RollSettings};
use office::roll::month_list::{self, LineOutcome, MonthListId};
use office::roll::payments::{self, AnswerOutcomeRead};
use office::tabular::{self, ListFormat};
use rules::Outcome;
use store::{PersonId, Query, jobs};
use vocab::{CitizenId, Fen, Month};

use crate::roll::{answer, month};
use crate::town::day;
use crate::wuhai::{VILLAGE, Wuhai, cities, grant};

const PRICE: &str = "price_subsidy";
const HEADER: &str = "家庭编号,姓名,身份证号,与户主关系,村（社区）代码,城乡类别,月保障金额（元）,起始月份,下次复核日期,开户银行,银行账号,工资性收入";
/// 960 × 3.5%.
const EACH: i64 = 3_360;

async fn work(city: &Wuhai) {
    let kinds = [import::ROLL_JOB, payments::RUN_JOB, month_list::LIST_JOB];
    while let Some(claim) = jobs::claim(city.office.db(), &kinds, "test").await.unwrap() {
        match claim.job.kind.as_str() {
            import::ROLL_JOB => import::work(&city.office, &claim).await.unwrap(),
            month_list::LIST_JOB => month_list::work(&city.office, &claim).await.unwrap(),
            _ => payments::work_run(&city.office, &claim).await.unwrap(),
        }
    }
}

fn id(seq: u16) -> CitizenId {
    CitizenId::synthetic(6, day("1960-03-01"), seq)
}

/// The county's roll of before: families with the number of their members.
async fn roll(city: &Wuhai, name: &str, first: u16, families: &[usize]) {
    let mut rows = vec![HEADER.to_owned()];
    let mut seq = first;
    for (number, members) in families.iter().enumerate() {
        for member in 0..*members {
            let person = id(seq);
            seq += 1;
            rows.push(if member == 0 {
                format!(
                    "{name}{number},王秀英,{},本人（户主）,{VILLAGE},城镇,500,2025-03,2027-03-01,农商银行,10{seq:014},",
                    person.expose()
                )
            } else {
                format!("{name}{number},李强,{},配偶,,,,,,,,", person.expose())
            });
        }
    }
    let count = i64::try_from(families.len()).unwrap();
    let members = i64::try_from(families.iter().sum::<usize>()).unwrap();
    let settings = RollSettings {
        programme: "dibao".to_owned(),
        first_due: month("2026-12"),
        reference: "海民救〔2026〕9号".to_owned(),
        expected: RollTotals { families: count, members, monthly: Fen(count * 50_000) },
    };
    let accountant = grant(&city.accountant);
    let seen = import::preview(&city.office, &accountant, &settings, "名册.csv", rows.join("\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(seen.faults, vec![]);
    import::commit(&city.office, &accountant, seen.upload).await.unwrap();
    work(city).await;
}

/// An orphan who gets nothing else, as the civil affairs' own data say.
async fn orphan(city: &Wuhai) -> PersonId {
    let village = office::divisions::by_code(city.office.db(), VILLAGE).await.unwrap().id;
    let clerk = grant(&city.township_clerk);
    let new = NewPerson {
        name: "巴特尔".parse().unwrap(),
        citizen_id: CitizenId::synthetic(6, day("2015-04-01"), 900),
        phone: None,
        division: village,
        residence: None,
    };
    let person = people::register_person(&city.office, &clerk, &new).await.unwrap().person();
    let home = NewHousehold {
        division: village,
        registered_division: village,
        area: "urban".to_owned(),
        address: None,
        members: vec![NewMember { person, relation: "head".to_owned(), head: true }],
    };
    let change = MemberChange { on: day("2026-01-01"), reason: "登记".to_owned(), case: None };
    people::create_household(&city.office, &clerk, &home, &change).await.unwrap();
    let fact = NewFact {
        subject: Subject::Person(person),
        fact: "price_class".to_owned(),
        value: Some("orphan".to_owned()),
        from_on: day("2026-01-01"),
        until_on: None,
        source: Source::Department("social_insurance_office".to_owned()),
        case: None,
        evidence: None,
    };
    let tx = city.office.db().begin().await.unwrap();
    people::record_facts_in(&city.office, &tx, &clerk.scope(), &clerk.audit(), &[fact]).await.unwrap();
    tx.commit().await.unwrap();
    person
}

async fn drawn_up(city: &Wuhai, of: Month) -> MonthListId {
    let (list, _) = month_list::draw_up(&city.office, &grant(&city.accountant), PRICE, of).await.unwrap();
    work(city).await;
    list
}

async fn approved(city: &Wuhai, run: RunId) -> ControlTotals {
    let made = payments::find_run(&city.office, &grant(&city.accountant), run).await.unwrap();
    let seen = ControlTotals { count: made.line_count, total: made.total };
    payments::approve(&city.office, &grant(&city.approver), run, seen).await.unwrap();
    seen
}

/// Sent to the bank, which pays all.
async fn paid(city: &Wuhai, run: RunId) {
    let accountant = grant(&city.accountant);
    let totals = approved(city, run).await;
    let file = payments::export_bank_file(&city.office, &accountant, run, ListFormat::Csv).await.unwrap();
    let answer = answer(&file, |_| "成功");
    let read =
        payments::read_answer(&city.office, &accountant, run, "回盘.csv", answer.as_bytes(), totals).await;
    assert!(matches!(read.unwrap(), AnswerOutcomeRead::Read { .. }));
    work(city).await;
}

async fn sound(city: &Wuhai) {
    assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    let (count, wrong) = month_list::verify(&city.office).await.unwrap();
    assert!(count > 0);
    assert_eq!(wrong, [] as [String; 0]);
}

fn figures(of: &str, cpi: &str, food: &str) -> MonthFigures {
    MonthFigures {
        month: month(of),
        values: vec![
            ("cpi_rise".to_owned(), cpi.to_owned()),
            ("food_price_rise".to_owned(), food.to_owned()),
        ],
        document_title: "居民消费价格月报".to_owned(),
        document_number: "2026-08-14公布".to_owned(),
    }
}

async fn outcome(city: &Wuhai, actor: &Actor, of: &str) -> Outcome {
    let trigger =
        month_list::trigger(&city.office, &grant(actor), PRICE, actor.division, month(of)).await.unwrap();
    trigger.outcome
}

#[tokio::test]
async fn a_months_rises_need_two_persons_and_hold_for_their_month_alone() {
    for city in cities("month_figures").await {
        let office = &city.office;
        let policy = grant(&city.policy);
        assert_eq!(outcome(&city, &city.accountant, "2026-07").await, Outcome::Unknown);
        let refused = month_list::draw_up(office, &grant(&city.accountant), PRICE, month("2026-07")).await;
        assert!(refused.unwrap_err().to_string().contains("还没有录入"));
        // What is wrong is said at its field; nothing is kept.
        let wrong = releases::propose_months(office, &policy, &[figures("2026-07", "3.55", "一成")]).await;
        let OfficeError::Invalid(problems) = wrong.unwrap_err() else { panic!("invalid") };
        assert_eq!(
            problems.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(),
            ["cpi_rise", "food_price_rise"]
        );
        let future = releases::propose_months(office, &policy, &[figures("2027-01", "3.5", "")]).await;
        assert!(future.unwrap_err().to_string().contains("还没有到"));
        let empty = releases::propose_months(office, &policy, &[figures("2026-07", "", " ")]).await;
        assert!(empty.unwrap_err().to_string().contains("一个数也没有填"));

        releases::propose_months(office, &policy, &[figures("2026-07", "3.5", "5.9")]).await.unwrap();
        assert!(
            releases::propose_months(office, &policy, &[figures("2026-07", "3.5", "")]).await.is_err(),
            "it waits"
        );
        assert_eq!(
            outcome(&city, &city.accountant, "2026-07").await,
            Outcome::Unknown,
            "nobody has looked at it"
        );
        let rows = releases::month_figures(office, &city.releaser, city.prefecture).await.unwrap();
        let july = rows.iter().find(|row| row.month == month("2026-07")).unwrap();
        let seen: Vec<_> = july.waiting.iter().map(|change| (change.id, change.version)).collect();
        assert_eq!(seen.len(), 2);
        assert!(july.figures.iter().all(Option::is_none));
        releases::release_month(office, &grant(&city.releaser), &seen).await.unwrap();
        let releases_made: i64 = Query::system(
            "test",
            "SELECT COUNT(DISTINCT release_hash) FROM standard_change WHERE state = 'released'",
        )
        .scalar(office.db())
        .await
        .unwrap();
        assert_eq!(releases_made, 1, "put in force together");

        // 3.5 reaches the line of 3.5; the month before and the months after know nothing of it.
        let trigger = month_list::trigger(
            office,
            &grant(&city.accountant),
            PRICE,
            city.accountant.division,
            month("2026-07"),
        )
        .await
        .unwrap();
        assert_eq!(trigger.outcome, Outcome::Met);
        let main = trigger.conditions.iter().find(|condition| condition.id == "trigger").unwrap();
        assert!(main.comparisons.iter().any(|one| one.text.contains("3.5")), "{:?}", main.comparisons);
        assert!(main.basis.iter().any(|basis| basis.contains("社会救助法")), "{:?}", main.basis);
        assert!(
            trigger.conditions.iter().all(|condition| condition.id != "object"),
            "nothing about a person"
        );
        assert_eq!(outcome(&city, &city.accountant, "2026-06").await, Outcome::Unknown);
        assert_eq!(outcome(&city, &city.accountant, "2026-08").await, Outcome::NotMet);
        assert_eq!(outcome(&city, &city.accountant, "2026-12").await, Outcome::Unknown);
        let refused = month_list::draw_up(office, &grant(&city.accountant), PRICE, month("2026-08")).await;
        assert!(refused.unwrap_err().to_string().contains("没有达到启动条件"));
        let back = city.restarted().await;
        assert_eq!(outcome(&back, &back.accountant, "2026-07").await, Outcome::Met);
    }
}

#[tokio::test]
async fn months_are_taken_in_from_a_file_or_every_fault_is_said() {
    for city in cities("month_figures_file").await {
        let office = &city.office;
        let policy = grant(&city.policy);
        let header = "月份,居民消费价格当月同比涨幅,食品价格当月同比涨幅（%）,文件名称,文号";
        let wrong =
            format!("{header}\n2026-05,200,6,价格月报,6号\n2026-05,1,2,价格月报,6号\n2026-06,,x,,6号");
        let taken = releases::take_in_months(office, &policy, "涨幅.csv", wrong.as_bytes()).await.unwrap();
        let MonthsTaken::Refused(faults) = taken else { panic!("{taken:?}") };
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 4, "{said:?}");
        assert!(said[0].contains("第 2 行") && said[0].contains("超出允许的范围"), "{said:?}");
        assert!(said[1].contains("写了两行"), "{said:?}");
        let good = format!(
            "{header}\n2026年5月,1.2,3,价格月报,2026-06-12公布\n2026-06,4.0,,价格月报,2026-07-12公布"
        );
        let taken = releases::take_in_months(office, &policy, "涨幅.csv", good.as_bytes()).await.unwrap();
        assert_eq!(taken, MonthsTaken::Proposed(2));
        let rows = releases::month_figures(office, &city.releaser, city.prefecture).await.unwrap();
        let waiting: Vec<_> =
            rows.iter().flat_map(|row| &row.waiting).map(|change| (change.id, change.version)).collect();
        assert_eq!(waiting.len(), 3);
        releases::release_month(office, &grant(&city.releaser), &waiting).await.unwrap();
        assert_eq!(outcome(&city, &city.accountant, "2026-05").await, Outcome::NotMet);
        assert_eq!(outcome(&city, &city.accountant, "2026-06").await, Outcome::Met);
        let template = releases::month_template(office).unwrap();
        let sheets = tabular::read_file("a.xlsx", &template).unwrap();
        assert_eq!(sheets[0].rows[0].cell(0).shown(), "*月份");
    }
}

#[tokio::test]
async fn everybody_on_the_roll_is_paid_once_for_a_month_of_risen_prices() {
    for city in cities("month_list").await {
        let office = &city.office;
        let accountant = grant(&city.accountant);
        let maker = grant(&city.accountant);
        let of = month("2026-09");
        roll(&city, "F", 1, &[2, 1]).await;
        let orphan = orphan(&city).await;
        let list = drawn_up(&city, of).await;
        let view = month_list::find(office, &accountant, list).await.unwrap();
        assert!(!view.making);
        assert_eq!((view.counted.persons, view.counted.benefits, view.counted.total), (4, 3, Fen(4 * EACH)));
        assert_eq!(view.counted.left_out, 0);
        let run = view.run.unwrap();
        let made = payments::find_run(office, &accountant, run).await.unwrap();
        assert_eq!((made.state, made.line_count, made.total), (RunState::Made, 2, Fen(3 * EACH)));
        assert_eq!(made.blocked_count, 1, "nobody knows the orphan's account");
        let refused = payments::make_run(office, &maker, PRICE, of).await;
        assert!(refused.unwrap_err().to_string().contains("按月造册"));

        // Drawn up twice, everybody is paid once.
        assert_eq!(drawn_up(&city, of).await, list);
        let again = month_list::find(office, &accountant, list).await.unwrap();
        assert_eq!((again.counted, again.run), (view.counted, Some(run)));
        let dues: i64 = Query::system(
            "test",
            "SELECT COUNT(*) FROM due d JOIN entitlement e ON e.id = d.entitlement_id WHERE e.programme = ?",
        )
        .bind(PRICE)
        .scalar(office.db())
        .await
        .unwrap();
        assert_eq!(dues, 3);

        // The maker does not approve; the bank pays.
        let totals = ControlTotals { count: made.line_count, total: made.total };
        assert!(city.accountant.grant::<office::access::ApproveRun>().is_err());
        let tx = office.db().begin().await.unwrap();
        let own = ledger::Officer { staff: city.accountant.staff, at: office.now() };
        assert!(ledger::approve(&tx, &accountant.scope(), run, totals, own).await.is_err());
        tx.rollback().await.unwrap();
        paid(&city, run).await;
        let view = month_list::find(office, &accountant, list).await.unwrap();
        assert_eq!(view.paid, Fen(3 * EACH));

        // The orphan's account comes late, and so does a family: both are paid at once, with a reason and a second person.
        let line = month_list::lines(office, &accountant, list, LineOutcome::Listed, None, 50).await.unwrap();
        let benefit = line.rows.iter().find(|line| line.person == orphan).unwrap().entitlement.unwrap();
        account(&city, orphan, benefit).await;
        roll(&city, "G", 50, &[1]).await;
        assert_eq!(drawn_up(&city, of).await, list);
        let view = month_list::find(office, &accountant, list).await.unwrap();
        assert_eq!((view.counted.persons, view.run), (5, Some(run)));
        let made = payments::find_run(office, &accountant, run).await.unwrap();
        let open = payments::standing_open(office, &accountant, &made).await.unwrap();
        assert_eq!((open.count, open.total), (2, Fen(2 * EACH)));
        let silent = payments::supplement(office, &maker, run, "  ").await;
        assert!(silent.unwrap_err().to_string().contains("原因"));
        let extra = payments::supplement(office, &maker, run, "账户刚补齐，中秋前发到").await.unwrap();
        assert_eq!(payments::supplement(office, &maker, run, "再点一次").await.unwrap(), extra);
        let made = payments::find_run(office, &accountant, extra).await.unwrap();
        assert_eq!((made.line_count, made.total, made.kind), (2, Fen(2 * EACH), ledger::RunKind::Supplement));
        let (summary, differences) =
            payments::compare(office, &accountant, extra, EntitlementId(0), 10).await.unwrap();
        assert_eq!((summary.unexplained, differences.len()), (0, 2), "{differences:?}");
        paid(&city, extra).await;
        assert!(payments::supplement(office, &maker, run, "还有吗").await.is_err(), "nothing stands open");
        let view = month_list::find(office, &accountant, list).await.unwrap();
        assert_eq!((view.counted.total, view.paid), (Fen(5 * EACH), Fen(5 * EACH)));
        sound(&city).await;

        // The next list of risen prices is compared person by person; the prefecture has the numbers by county and month.
        let next = drawn_up(&city, month("2026-10")).await;
        let next = month_list::find(office, &accountant, next).await.unwrap();
        let changes = month_list::changes(office, &accountant, &next).await.unwrap();
        assert_eq!((changes.before, changes.then.0, changes.new, changes.gone), (Some(of), 5, 0, 0));
        let policy = grant(&city.policy);
        let bytes = month_list::sheet(office, &policy, &grant(&city.policy), ListFormat::Csv).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("2026年9月,海勃湾区,价格临时补贴,5,4,168.00,168.00,0"), "{text}");
        let names =
            month_list::lines_sheet(office, &accountant, &grant(&city.accountant), list, ListFormat::Csv)
                .await
                .unwrap();
        assert_eq!(String::from_utf8(names).unwrap().matches("33.60").count(), 5);
        // A neighbour's county does not see it.
        let elsewhere = month_list::lists(office, &grant(&city.approver)).await.unwrap();
        assert_eq!(elsewhere.len(), 2);
        let city = city.restarted().await;
        let view = month_list::find(&city.office, &grant(&city.accountant), list).await.unwrap();
        assert_eq!((view.counted.persons, view.paid), (5, Fen(5 * EACH)));
    }
}

/// An account proposed by one person and confirmed by another.
async fn account(city: &Wuhai, person: PersonId, benefit: EntitlementId) {
    let new = NewAccount {
        person,
        holder_name: "巴特尔".parse().unwrap(),
        bank: "农商银行".to_owned(),
        number: "10000000000000777".parse().unwrap(),
    };
    let accountant = grant(&city.accountant);
    let payee =
        payments::propose_payee(&city.office, &accountant, benefit, &new, "海民〔2026〕3号", "首次登记账户")
            .await
            .unwrap();
    payments::settle_payee(&city.office, &grant(&city.approver), payee, true).await.unwrap();
}

#[tokio::test]
async fn a_cancelled_run_is_made_again_from_the_same_list() {
    for city in cities("month_list_cancelled").await {
        let office = &city.office;
        let accountant = grant(&city.accountant);
        roll(&city, "F", 1, &[2]).await;
        let list = drawn_up(&city, month("2026-09")).await;
        let first = month_list::find(office, &accountant, list).await.unwrap().run.unwrap();
        payments::cancel(office, &grant(&city.accountant), first, "名册要重新核对").await.unwrap();
        work(&city).await;
        assert_eq!(drawn_up(&city, month("2026-09")).await, list);
        let view = month_list::find(office, &accountant, list).await.unwrap();
        let second = view.run.unwrap();
        assert_ne!(first, second);
        assert_eq!(view.counted.persons, 2);
        let made = payments::find_run(office, &accountant, second).await.unwrap();
        assert_eq!((made.line_count, made.total), (1, Fen(2 * EACH)));
        let lines = ledger::pages::run_lines(
            office.db(),
            &accountant.scope(),
            second,
            Some(LineState::Open),
            None,
            10,
        )
        .await;
        assert_eq!(lines.unwrap().rows.len(), 1);
        sound(&city).await;
    }
}
