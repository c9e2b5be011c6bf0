//! 两个时间: what is known late of months that are paid already. Reckoned month by month, heard where it takes back, decided, posted once.

use ledger::approve::ControlTotals;
use ledger::{Decision, EntitlementId, recovery};
use office::OfficeError;
use office::access::{self, ReadCase};
use office::benefits;
use office::casework::late::{self, Found, LATE_JOB};
use office::casework::months::{CaseMonth, sums, unclear};
use office::casework::{drafts, lists};
use office::divisions;
use office::people::{
    self, FamilyIds, MemberChange, NewFact, NewFamily, NewPerson, NewPlace, Source, Subject,
};
use office::roll::import::{self, RollSettings};
use office::roll::{RollTotals, payments, recoveries};
use serde_json::json;
use store::divisions::DivisionLevel;
use store::{CaseId, IdempotencyKey, Query, Scope};
use vocab::{CitizenId, Fen, Month};

use crate::matters::paid;
use crate::population::{fact, record};
use crate::town::day;
use crate::wuhai::{Family, Wuhai, cities, grant};

const SEEN: Scope = Scope::System("test");

/// The desk begins the reckoning of a benefit's past months.
async fn begun(city: &Wuhai, granted: CaseId) -> CaseId {
    begun_for(city, city.seen(granted).await.case.entitlement.unwrap()).await
}

/// The same of a benefit that no case granted.
async fn begun_for(city: &Wuhai, benefit: EntitlementId) -> CaseId {
    let desk = city.township_clerk.grant().unwrap();
    let filler = drafts::Filler::Desk(&desk);
    let draft = drafts::begin(&city.office, filler, "late_months", Some(benefit)).await.unwrap();
    let answers = city.application_for("late_months", &filler.owner(), &Family::default()).await;
    let open = drafts::open(&city.office, filler, draft).await.unwrap();
    drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
    drafts::submit(&city.office, filler, draft, &IdempotencyKey::fresh().unwrap()).await.unwrap()
}

/// Reckons from a month on.
async fn reckoned(city: &Wuhai, case: CaseId, from: Month) -> Vec<CaseMonth> {
    let typed = from.to_string();
    city.act(&city.township_clerk, case, "reckon", &[("reckon/first_month", &typed)], &[]).await.unwrap();
    city.seen(case).await.months
}

async fn monthly(city: &Wuhai, case: CaseId, month: Month) -> Fen {
    let benefit = city.seen(case).await.case.entitlement.unwrap();
    ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month).await.unwrap().monthly.unwrap()
}

/// A family granted in November, paid for December, January and February.
async fn paid_for_three_months(city: &Wuhai) -> (CaseId, Month, Fen) {
    let granted = city.granted(&Family::default()).await;
    let first = city.office.now().month().next();
    let amount = monthly(city, granted, first).await;
    city.days(30).await;
    for month in [first, first.next(), first.plus(2)] {
        let (_, totals) = paid(city, "dibao", month).await;
        assert_eq!(totals, ControlTotals { count: 1, total: amount });
        city.days(30).await;
    }
    (granted, first, amount)
}

/// A pension found in March for January: nothing is taken back unheard, the months before stay, and it comes back by instalments that leave
/// the family its bread.
#[tokio::test]
async fn a_pension_found_late_is_reckoned_heard_and_taken_back_by_instalments() {
    for city in cities("late_pension").await {
        let (granted, first, amount) = paid_for_three_months(&city).await;
        let january = first.next();
        let case = begun(&city, granted).await;
        let since = january.first_day().to_string();
        let found = [
            ("late/late_kind", "pension"),
            ("late/changed_on", since.as_str()),
            ("late_income/1/transfer_income", "300"),
        ];
        city.act(&city.township_clerk, case, "establish", &found, &[]).await.unwrap();
        let months = reckoned(&city, case, first).await;
        let seen: Vec<(Month, Fen, Option<Fen>)> =
            months.iter().map(|month| (month.month, month.due, month.should_be)).collect();
        let less = Fen(amount.0 - 30_000);
        assert_eq!(
            seen,
            [
                (first, amount, Some(amount)),
                (january, amount, Some(less)),
                (january.next(), amount, Some(less))
            ],
            "{months:?}"
        );
        assert_eq!(sums(&months), (Fen(0), Fen(60_000)));
        assert!(months.iter().all(|month| month.paid == month.due));
        // Reckoning posts nothing, and nothing is decided unheard.
        assert_eq!(monthly(&city, granted, january).await, amount);
        let more = city.act(&city.second_clerk, case, "propose_more", &[], &[]).await;
        assert!(matches!(more, Err(OfficeError::Conflict(_))), "{more:?}");
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        let unheard = city.act(&city.county_director, case, "post", &[], &["found_late"]).await;
        assert!(unheard.is_err(), "{unheard:?}");
        city.act(&city.second_clerk, case, "hear", &[("hearing/heard_member", "1")], &[]).await.unwrap();
        let way = |fen: &'static str| {
            [("months_decision/recovery_way", "offset"), ("months_decision/offset_per_month", fen)]
        };
        // At most a fifth of a month, 演示参数.
        let much = city.act(&city.county_director, case, "post", &way("600"), &["found_late"]).await;
        let Err(OfficeError::Invalid(problems)) = much else { panic!("{much:?}") };
        assert!(
            problems[0].field == "offset_per_month" && problems[0].message.contains("20%"),
            "{problems:?}"
        );
        let done = city.act(&city.county_director, case, "post", &way("100"), &["found_late"]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("settled"));
        let city = city.restarted().await;
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        let claims = recovery::of_entitlement(city.office.db(), &SEEN, benefit).await.unwrap();
        assert_eq!((claims.len(), claims[0].amount, claims[0].outstanding), (1, Fen(60_000), Fen(60_000)));
        assert_eq!(claims[0].offset_per_month, Some(Fen(10_000)));
        // In both times: the books say now what January should have been, and go on as before after February.
        assert_eq!(monthly(&city, granted, january).await, less);
        assert_eq!(monthly(&city, granted, first.plus(3)).await, amount);
        let letter = city.letter(case, "months").await;
        assert_eq!(letter["matter"], json!("最低生活保障"));
        assert_eq!(
            (&letter["recovery_fen"], &letter["offset_fen_per_month"]),
            (&json!(60_000), &json!(10_000))
        );
        assert_eq!(letter["months"].as_array().unwrap().len(), 2);
        assert!(letter["hearing"]["opinion"].is_string(), "{letter}");
        // The family's own sheet says what is claimed back and how, as its page does.
        let me = access::citizen_of_synthetic(&city.office, city.seen(granted).await.case.applicant)
            .await
            .unwrap();
        let sheet = benefits::own_sheet(&city.office, &me).await.unwrap();
        assert_eq!(sheet.receives[0].after.claims, claims);
        // The next month keeps the instalment back, and says so in its comparison.
        let (_, totals) = paid(&city, "dibao", first.plus(3)).await;
        assert_eq!(totals.total, Fen(amount.0 - 10_000));
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
        let (_, mismatches) = office::casework::determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(mismatches.is_empty(), "{mismatches:?}");
    }
}

/// Income that fell long ago and was not reckoned down: what was too little is paid with the next run, once, without a hearing.
#[tokio::test]
async fn what_was_too_little_is_paid_afterwards_once() {
    for city in cities("late_more").await {
        let (granted, first, amount) = paid_for_three_months(&city).await;
        let february = first.plus(2);
        let case = begun(&city, granted).await;
        let since = february.first_day().to_string();
        let found = [
            ("late/late_kind", "less"),
            ("late/changed_on", since.as_str()),
            ("late_income/0/wage_income", "0"),
        ];
        city.act(&city.township_clerk, case, "establish", &found, &[]).await.unwrap();
        let months = reckoned(&city, case, first).await;
        let (arrears, recovery) = sums(&months);
        assert!(arrears > Fen(0) && recovery == Fen(0), "{months:?}");
        city.act(&city.second_clerk, case, "propose_more", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "post", &[], &["found_late"]).await.unwrap();
        let letter = city.letter(case, "months").await;
        assert_eq!(letter["arrears_fen"], json!(arrears.0));
        let (_, totals) = paid(&city, "dibao", first.plus(3)).await;
        assert_eq!(totals, ControlTotals { count: 1, total: Fen(amount.0 + arrears.0) });
        // Reckoned again, nothing is left to post.
        let again = begun(&city, granted).await;
        let months = reckoned(&city, again, first).await;
        assert_eq!(sums(&months[..3]), (Fen(0), Fen(0)), "{months:?}");
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// A death told late of a person supported alone: the months after it come back, with what was not sent yet netted first.
#[tokio::test]
async fn months_after_a_death_that_was_told_late_are_claimed_back() {
    for city in cities("late_death").await {
        let case = crate::matters::supported(&city).await;
        let first = city.office.now().month().next();
        city.days(30).await;
        for month in [first, first.next()] {
            let (_, totals) = paid(&city, "tekun", month).await;
            assert_eq!(totals.total, Fen(213_000));
            city.days(30).await;
        }
        let seen = city.seen(case).await.case;
        let benefit = seen.entitlement.unwrap();
        let died_on = first.first_day() + chrono::Days::new(9);
        let tx = city.office.db().begin().await.unwrap();
        let who = store::AuditActor::default();
        people::record_death_in(&city.office, &tx, &SEEN, &who, seen.applicant, died_on, "公安")
            .await
            .unwrap();
        let decision = Decision {
            reference: "死亡登记".to_owned(),
            reason: "去世".to_owned(),
            case: None,
            determination: None,
            officer: city.county_clerk.staff,
            at: city.office.now(),
        };
        ledger::record_death(&tx, &SEEN, seen.applicant, first, &decision).await.unwrap();
        tx.commit().await.unwrap();
        let late = begun(&city, case).await;
        let months = reckoned(&city, late, first).await;
        let should: Vec<Option<Fen>> = months.iter().map(|month| month.should_be).collect();
        assert_eq!(should, [Some(Fen(213_000)), Some(Fen(0))], "the month of death is the last: {months:?}");
        assert!(months[1].said.contains("为止"), "{months:?}");
        city.act(&city.second_clerk, late, "propose_less", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, late, "hear", &[("hearing/heard_member", "0")], &[]).await.unwrap();
        // Nothing is paid any more from which an instalment could be kept back.
        let offset =
            [("months_decision/recovery_way", "offset"), ("months_decision/offset_per_month", "100")];
        let refused = city.act(&city.county_director, late, "post", &offset, &["death"]).await;
        assert!(matches!(refused, Err(OfficeError::Invalid(_))), "{refused:?}");
        let back = [("months_decision/recovery_way", "return")];
        city.act(&city.county_director, late, "post", &back, &["death"]).await.unwrap();
        let claims = recovery::of_entitlement(city.office.db(), &SEEN, benefit).await.unwrap();
        assert_eq!((claims[0].amount, claims[0].offset_per_month), (Fen(213_000), None));
        // The family pays part of it in; one voucher is booked once, and the rest stands.
        let money = |fen, on: chrono::NaiveDate| recovery::Return {
            amount: Fen(fen),
            on,
            bank_reference: "缴款0001".to_owned(),
        };
        let today = city.office.now().today();
        let book = async |fen, on| {
            let accountant = grant(&city.accountant);
            recoveries::record_return(&city.office, &accountant, claims[0].id, &money(fen, on)).await
        };
        assert!(book(100_000, today + chrono::Days::new(1)).await.is_err(), "not before it arrives");
        assert_eq!(book(100_000, today).await.unwrap().outstanding, Fen(113_000));
        assert_eq!(book(100_000, today).await.unwrap().outstanding, Fen(113_000));
        let reader = grant(&city.approver);
        let seen = recoveries::recoveries(&city.office, &reader, benefit).await.unwrap();
        assert_eq!(seen[0].returned, Fen(100_000));
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// The county's roll of before with one family of two, paid from this month on, taken over in the middle of it.
async fn taken_over(city: &Wuhai) -> EntitlementId {
    const HEADER: &str = "家庭编号,姓名,身份证号,与户主关系,村（社区）代码,城乡类别,月保障金额（元）,起始月份,开户银行,银行账号,工资性收入";
    let [head, spouse] = ["1960-03-01", "1962-04-02"].map(|born| CitizenId::synthetic(8, day(born), 1));
    let rows = [
        HEADER.to_owned(),
        format!(
            "F1,王秀英,{},本人（户主）,{},农村,500,2025-03,农商银行,1000000000000001,300",
            head.expose(),
            city.village
        ),
        format!("F1,李强,{},配偶,,,,,,,", spouse.expose()),
    ];
    let settings = RollSettings {
        programme: "dibao".to_owned(),
        first_due: city.office.now().month(),
        reference: "海民救〔2026〕9号".to_owned(),
        expected: RollTotals { families: 1, members: 2, monthly: Fen(50_000) },
    };
    let accountant = grant(&city.accountant);
    let text = rows.join("\n");
    let seen =
        import::preview(&city.office, &accountant, &settings, "名册.csv", text.as_bytes()).await.unwrap();
    assert_eq!(seen.faults, vec![]);
    import::commit(&city.office, &accountant, seen.upload).await.unwrap();
    let claim = store::jobs::claim(city.office.db(), &[import::ROLL_JOB], "test").await.unwrap().unwrap();
    import::work(&city.office, &claim).await.unwrap();
    Query::system("test", "SELECT id FROM entitlement").scalar(city.office.db()).await.unwrap()
}

/// A family that came with the roll is reckoned for every month that is paid by it, as soon as what was so then is written down; of the months before the
/// roll only what it says itself is shown.
#[tokio::test]
async fn a_family_of_the_roll_is_reckoned_since_the_roll_speaks_of_it() {
    for city in cities("late_roll").await {
        city.days(17).await;
        let benefit = taken_over(&city).await;
        let first = city.office.now().month();
        for month in [first, first.next()] {
            let (_, totals) = paid(&city, "dibao", month).await;
            assert_eq!(totals, ControlTotals { count: 1, total: Fen(50_000) });
            city.days(30).await;
        }
        let case = begun_for(&city, benefit).await;
        let months = reckoned(&city, case, first.plus(-2)).await;
        let of: Vec<Month> = months.iter().map(|month| month.month).collect();
        assert_eq!(of, [first.plus(-2), first.previous(), first, first.next()]);
        for month in &months[..2] {
            assert_eq!((month.due, month.paid, month.should_be), (Fen(50_000), Fen(50_000), None));
            for words in ["导入以前的月份没有资料，不能重算", "2025年3月起", "2人", "500.00 元"]
            {
                assert!(month.said.contains(words), "{words}: {}", month.said);
            }
        }
        // The roll said a wage and who lives there, and no more: what is missing is named.
        assert!(unclear(&months));
        for month in &months[2..] {
            assert!(month.should_be.is_none() && month.said.contains("当月情况不明"), "{months:?}");
            assert!(!month.said.contains("导入以前"), "{months:?}");
        }
        // What was so then, with its day and what it rests on.
        let since = first.first_day().to_string();
        let mut found: Vec<(String, String)> = vec![("before/changed_on".to_owned(), since.clone())];
        for member in 0..2 {
            let mut of_member = |field: &str, value: &str| {
                found.push((format!("before_members/{member}/{field}"), value.to_owned()));
            };
            of_member("excluded_status", "none");
            of_member("disability_kind", "none");
            of_member("serious_illness", "no");
            of_member("employed", if member == 0 { "yes" } else { "no" });
            of_member("wage_income", if member == 0 { "300" } else { "0" });
            for income in ["business_income", "property_income", "transfer_income", "basic_pension"] {
                of_member(income, "0");
            }
        }
        for (field, value) in [
            ("registered_here", "yes"),
            ("unstable_income", "no"),
            ("rigid_medical", "0"),
            ("rigid_education", "0"),
            ("rigid_disability", "0"),
            ("deposits", "0"),
            ("vehicles", "0"),
            ("houses", "1"),
            ("business_registrations", "0"),
        ] {
            found.push((format!("before_home/{field}"), value.to_owned()));
        }
        let found: Vec<(&str, &str)> =
            found.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
        city.act(&city.township_clerk, case, "record_before", &found, &[]).await.unwrap();
        let months = reckoned(&city, case, first.plus(-2)).await;
        assert!(months[..2].iter().all(|month| month.should_be.is_none()), "{months:?}");
        let known: Vec<Option<Fen>> = months[2..].iter().map(|month| month.should_be).collect();
        let amount = known[0].unwrap_or_else(|| panic!("{months:?}"));
        assert_eq!(known, [Some(amount); 2]);
        // A pension that began with the first month paid here is found in both.
        let pension = [
            ("late/late_kind", "pension"),
            ("late/changed_on", since.as_str()),
            ("late_income/1/transfer_income", "300"),
        ];
        city.act(&city.township_clerk, case, "establish", &pension, &[]).await.unwrap();
        let months = reckoned(&city, case, first).await;
        let known: Vec<Option<Fen>> = months.iter().map(|month| month.should_be).collect();
        assert_eq!(known, [Some(Fen(amount.0 - 30_000)); 2], "{months:?}");
        let seen = city.seen(case).await;
        assert_eq!(seen.months, months);
        // What lies before the roll stays unknown and hinders nobody: every month that can be reckoned comes to what was paid, and the case ends so.
        let rest = amount.0 - 50_000;
        assert!(rest > 0, "{months:?}");
        let rest = format!("{}.{:02}", rest / 100, rest % 100);
        let mut exact = pension;
        exact[2].1 = rest.as_str();
        city.act(&city.township_clerk, case, "establish", &exact, &[]).await.unwrap();
        let months = reckoned(&city, case, first.plus(-2)).await;
        let known: Vec<Option<Fen>> = months.iter().map(|month| month.should_be).collect();
        assert_eq!(known, [None, None, Some(Fen(50_000)), Some(Fen(50_000))], "{months:?}");
        let asked: Vec<bool> = months.iter().map(|month| month.asked).collect();
        assert_eq!(asked, [false, false, true, true]);
        assert!(!unclear(&months) && unclear(&months[..2]));
        let vague = city.act(&city.second_clerk, case, "unclear", &[], &[]).await;
        assert!(matches!(vague, Err(OfficeError::Conflict(_))), "{vague:?}");
        let done = city.act(&city.second_clerk, case, "nothing", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("settled"));
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// A night goes by.
async fn night(city: &Wuhai) -> Found {
    city.days(1).await;
    late::schedule(&city.office).await.unwrap();
    let claim = store::jobs::claim(city.office.db(), &[LATE_JOB], "test").await.unwrap().unwrap();
    late::work(&city.office, &claim).await.unwrap()
}

async fn proposed(city: &Wuhai) -> Vec<CaseId> {
    let sql = "SELECT case_id FROM late_found ORDER BY case_id";
    Query::system("test", sql).scalars(city.office.db()).await.unwrap()
}

/// Somebody writes down at home what has been so since a day.
async fn pension(city: &Wuhai, granted: CaseId, since: chrono::NaiveDate, yuan: &str) {
    let seen = city.seen(granted).await;
    let fact = NewFact {
        subject: Subject::Person(seen.case.applicant),
        fact: "transfer_income".to_owned(),
        value: Some(yuan.to_owned()),
        from_on: since,
        until_on: None,
        source: Source::Visit,
        case: None,
        evidence: Some("入户时看到养老金存折".to_owned()),
    };
    let tx = city.office.db().begin().await.unwrap();
    let who = store::AuditActor::default();
    people::record_facts_in(&city.office, &tx, &SEEN, &who, &[fact]).await.unwrap();
    tx.commit().await.unwrap();
}

/// What becomes known of months that are paid finds itself: by night it is a case on the township's list with its clock and its reasons, once for each
/// result; nothing is posted by it, and what somebody decided to leave is not brought up again.
#[tokio::test]
async fn the_night_finds_months_that_came_out_otherwise_and_posts_nothing() {
    for city in cities("late_night").await {
        let (granted, first, amount) = paid_for_three_months(&city).await;
        assert_eq!(night(&city).await, Found::default(), "the first night only notes where it stands");
        // What is so from today on, and what is so since a month that nobody has paid, is no late knowledge.
        pension(&city, granted, city.office.now().today(), "10").await;
        assert_eq!(night(&city).await.opened, 0);
        let january = first.next();
        pension(&city, granted, january.first_day(), "300").await;
        assert_eq!(night(&city).await.opened, 1);
        let case = proposed(&city).await[0];
        let seen = city.seen(case).await;
        assert_eq!(
            (seen.case.item.as_str(), seen.case.applicant),
            ("late_months", city.seen(granted).await.case.applicant)
        );
        let clerk = grant::<ReadCase>(&city.township_clerk);
        let work = lists::worklist(&city.office, &clerk, &lists::WorkFilter::default(), None).await.unwrap();
        let task = work.rows.iter().find(|work| work.case == case).unwrap();
        let months = city.office.now().today().checked_add_months(chrono::Months::new(3)).unwrap();
        assert!(
            task.due_on >= months - chrono::Days::new(1),
            "three months to look into it: {}",
            task.due_on
        );
        assert_eq!(late::counted(&city.office, &clerk).await.unwrap().counted, 1);
        let other = grant::<ReadCase>(&city.neighbour_clerk);
        assert_eq!(
            late::counted(&city.office, &other).await.unwrap().counted,
            0,
            "the neighbours have their own"
        );
        let said: String =
            Query::system("test", "SELECT public_text FROM case_event WHERE case_id = ? ORDER BY id LIMIT 1")
                .bind(case)
                .scalar(city.office.db())
                .await
                .unwrap();
        let less = Fen(amount.0 - 30_000);
        for words in [january.zh(), less.yuan_grouped(), "多发 600.00 元".to_owned(), "只是提醒".to_owned()]
        {
            assert!(said.contains(&words), "{words}: {said}");
        }
        // Nothing was taken, and the next nights say nothing twice.
        assert_eq!(monthly(&city, granted, january).await, amount);
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        assert!(recovery::of_entitlement(city.office.db(), &SEEN, benefit).await.unwrap().is_empty());
        for _ in 0..3 {
            assert_eq!(night(&city).await.opened, 0);
        }
        // The case reckons what the night said, and somebody decides to leave it.
        let months = reckoned(&city, case, january).await;
        assert_eq!(sums(&months), (Fen(0), Fen(60_000)));
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "hear", &[("hearing/heard_member", "1")], &[]).await.unwrap();
        let release = city.office.release();
        let item = release.items.get("late_months").unwrap();
        let leave = item.actions.iter().find(|action| *action.id == "leave").unwrap();
        let list = release.codelists.get(leave.reasons.as_ref().unwrap().as_str()).unwrap();
        let reason = list.values[0].code.get().as_str();
        city.act(&city.county_director, case, "leave", &[], &[reason]).await.unwrap();
        for _ in 0..3 {
            assert_eq!(night(&city).await.opened, 0, "what was left is left");
        }
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);

        // A death told late: the family was one fewer in February.
        let family = city.seen(granted).await.case;
        let members = people::members_as_of(
            city.office.db(),
            &SEEN,
            family.household,
            city.office.now().today(),
            city.office.now().at_ms(),
        )
        .await
        .unwrap();
        let child = members.last().unwrap().person;
        let died_on = january.first_day() + chrono::Days::new(11);
        let tx = city.office.db().begin().await.unwrap();
        let change = MemberChange { on: died_on, reason: "去世".to_owned(), case: None };
        let who = store::AuditActor::default();
        people::remove_member_in(&city.office, &tx, &SEEN, &who, family.household, child, &change)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(night(&city).await.opened, 1);
        let cases = proposed(&city).await;
        assert_eq!(cases.len(), 2);
        let again = reckoned(&city, cases[1], first.plus(2)).await;
        assert!(again[0].difference() < Fen(0), "two eat less than three: {again:?}");
    }
}

const MANY: u16 = 200;

/// Many families on the roll, nothing of them unknown; their benefits in the order of the families.
async fn many_on_the_roll(city: &Wuhai, month: Month, amount: Fen) -> Vec<(FamilyIds, EntitlementId)> {
    let office = &city.office;
    let village = divisions::by_code(office.db(), city.village).await.unwrap().id;
    let places = store::divisions::division_path(office.db(), village).await.unwrap();
    let at = |level| places.iter().find(|division| division.level == level).unwrap().id;
    let families: Vec<NewFamily> = (0..MANY)
        .map(|serial| NewFamily {
            place: NewPlace {
                division: village,
                registered_division: village,
                area: "rural".to_owned(),
                address: None,
            },
            members: vec![(
                NewPerson {
                    name: "王多户".parse().unwrap(),
                    citizen_id: CitizenId::synthetic(9, day("1980-03-05"), serial + 1),
                    phone: None,
                    division: village,
                    residence: Some(village),
                },
                "head".to_owned(),
            )],
        })
        .collect();
    let change = MemberChange { on: day("2026-01-05"), reason: "建库".to_owned(), case: None };
    let tx = office.db().begin().await.unwrap();
    let who = city.county_clerk.audit();
    let families = people::register_families_in(office, &tx, &who, &families, &change).await.unwrap();
    let decision = Decision {
        reference: "测民确〔2026〕1号".to_owned(),
        reason: "符合条件".to_owned(),
        case: None,
        determination: None,
        officer: city.county_director.staff,
        at: office.now(),
    };
    let mut found = Vec::new();
    for family in families {
        let new = ledger::Grant {
            programme: "dibao".to_owned(),
            exclusion_group: "basic_living".to_owned(),
            household: family.household,
            holder: family.persons[0],
            members: family.persons.clone(),
            county: at(DivisionLevel::County),
            township: at(DivisionLevel::Township),
            division: village,
            from: month,
            first_due: month,
            until: None,
            monthly: amount,
            cause: ledger::AmountCause::Grant,
            payee: None,
            review_due_on: None,
        };
        let benefit = ledger::grant(&tx, &new, &decision).await.unwrap();
        found.push((family, benefit));
    }
    tx.commit().await.unwrap();
    found
}

/// Two hundred families changed in a night: what is read of them does not grow with their number.
#[tokio::test]
async fn a_night_of_many_changed_families_sends_a_bounded_number_of_statements() {
    for city in cities("late_many").await {
        let (month, amount) = (city.office.now().month(), Fen(90_000));
        let families = many_on_the_roll(&city, month, amount).await;
        payments::make_run(&city.office, &grant(&city.accountant), "dibao", month).await.unwrap();
        crate::matters::worked(&city).await;
        assert_eq!(night(&city).await, Found::default());
        // Nobody asked these families the rest, so that no month comes out otherwise.
        let facts: Vec<NewFact> = families
            .iter()
            .map(|(family, _)| {
                fact(Subject::Person(family.persons[0]), "wage_income", Some("310"), Source::Visit)
            })
            .collect();
        record(&city.office, &city.county_clerk, &facts).await;
        city.days(1).await;
        late::schedule(&city.office).await.unwrap();
        let claim = store::jobs::claim(city.office.db(), &[LATE_JOB], "test").await.unwrap().unwrap();
        let (found, texts) = store::statements::counted(late::work(&city.office, &claim)).await;
        let found = found.unwrap();
        assert_eq!(found, Found { looked: i64::from(MANY), opened: 0, waiting: 0 });
        assert!(texts.len() <= 80, "{} statements for {MANY} families", texts.len());
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}
