//! What stands around the matters of social assistance: the townships' reserve, conferences, referrals, the watch over low incomes and those who left,
//! reports of need - each from the pack, by its real actors.

use std::collections::BTreeMap;

use catalogue::definition::{AlertGrade, FieldKind};
use ledger::ReserveKind;
use office::OfficeError;
use office::access::{Actor, AnswerCheck, KeepRecords, MakeRun, ReadPayments, ReadRecords, Right};
use office::forms::{Answers, FieldPath, Raw};
use office::indicators;
use office::people::{NewFact, Source, Subject};
use office::records::duties::{self, DutyDone, DutyFilter, DutyView};
use office::records::{
    self, Deed, Moved, NewVersion, Open, RecordId, Saved, addressed, alerts, history, page,
};
use office::roll::payments;
use office::roll::reserve::{self, Wanted};
use store::{CaseId, PersonId, Query, Scope};
use vocab::Fen;

use crate::matters::{FIRE, ONCE, PARTLY, before_the_decision, paid, supported, supported_as, worked};
use crate::wuhai::{Family, NEIGHBOUR_VILLAGE, Wuhai, cities, grant};

const SEEN: Scope = Scope::System("test");

pub fn open(city: &Wuhai, actor: &Actor, register: &str) -> Open {
    records::open(&city.office, actor, register, Right::KeepRecords).unwrap()
}

pub fn written(open: &Open, mut answers: Answers, pairs: &[(&str, &str)]) -> Answers {
    let form = open.release().record_form(&open.register().id).unwrap();
    for (id, text) in pairs {
        let (page, field) =
            form.fields().find(|(_, field)| field.id == *id).unwrap_or_else(|| panic!("{id}"));
        answers.set(&FieldPath::new(page, None, field), Raw::from(*text));
    }
    answers
}

pub async fn seen(city: &Wuhai, actor: &Actor, register: &str, record: RecordId) -> page::RecordPage {
    let open = open(city, actor, register);
    page::page(&city.office, &grant::<ReadRecords>(actor), &open, record).await.unwrap()
}

/// Takes a record along a transition with what it asks.
pub async fn moved(
    city: &Wuhai,
    actor: &Actor,
    register: &str,
    record: RecordId,
    transition: &str,
    pairs: &[(&str, &str)],
) -> Result<(), OfficeError> {
    let open = open(city, actor, register);
    let now = seen(city, actor, register, record).await.record;
    let answers = written(&open, now.answers(open.register()), pairs);
    let moved = Moved { record: (record, now.version), transition, answers, reason: "按规定办理" };
    records::move_record(&city.office, &grant::<KeepRecords>(actor), &open, moved, None).await.map(drop)
}

async fn due(city: &Wuhai, actor: &Actor, register: &str) -> Vec<DutyView> {
    let filter = DutyFilter { register: Some(register.to_owned()), future: true, ..DutyFilter::default() };
    duties::due(&city.office, &grant::<ReadRecords>(actor), &filter, None, 50).await.unwrap().rows
}

pub async fn raised(city: &Wuhai, actor: &Actor, register: &str) -> Vec<String> {
    let reader = grant::<ReadRecords>(actor);
    let page = alerts::open_alerts(&city.office, &reader, Some(register), alerts::Lying::Anywhere, None, 50)
        .await
        .unwrap();
    page.rows.into_iter().map(|alert| alert.alert).collect()
}

/// The days go by and the nights' rounds run: cases, then registers.
pub async fn nights(city: &Wuhai, days: i64) {
    city.days(days).await;
    records::nightly(&city.office).await.unwrap();
}

async fn allotted(city: &Wuhai, yuan: i64) -> ledger::ReserveFundId {
    let wanted = Wanted::Allot(Fen(yuan * 100));
    let township = city.township_clerk.division;
    let fund = reserve::propose(
        &city.office,
        &grant::<MakeRun>(&city.accountant),
        township,
        wanted,
        "海财社〔2026〕1号",
    )
    .await
    .unwrap();
    settled(city, fund, true).await;
    fund
}

async fn settled(city: &Wuhai, fund: ledger::ReserveFundId, book: bool) {
    let entries =
        reserve::book(&city.office, &grant::<ReadPayments>(&city.approver), fund, None, 50).await.unwrap();
    reserve::settle(&city.office, &grant(&city.approver), entries.rows[0].id, book).await.unwrap();
}

async fn fund_now(city: &Wuhai, fund: ledger::ReserveFundId) -> (Fen, Fen) {
    let view = reserve::fund(&city.office, &grant::<ReadPayments>(&city.township_clerk), fund).await.unwrap();
    (view.fund.balance, view.fund.advanced)
}

/// SA-32: the county allots, the township helps first out of it, the run does not pay again, papers made up are replenished; never below nothing.
#[tokio::test]
async fn help_comes_out_of_the_townships_reserve_and_is_made_up() {
    for city in cities("reserve").await {
        let case = before_the_decision(&city, &FIRE).await;
        let helped_on = city.office.now().today();
        city.act(&city.township_head, case, "help_first", &ONCE, &[]).await.unwrap();
        // What was promised is kept: from now on the papers are due (10 working days, 演示参数).
        let due = city.office.calendar().working_days_after(helped_on, 10);
        assert_eq!(city.seen(case).await.case.due_on, due.on);
        let none = city.act(&city.township_clerk, case, "advance", &[], &[]).await;
        assert!(none.unwrap_err().to_string().contains("没有备用金"));
        let fund = allotted(&city, 1_000).await;
        let little = city.act(&city.township_clerk, case, "advance", &[], &[]).await;
        assert!(little.unwrap_err().to_string().contains("余额"));
        allotted(&city, 4_000).await;
        assert_eq!(fund_now(&city, fund).await, (Fen(500_000), Fen(0)));
        // Who decided does not pay it out.
        let head = city.act(&city.township_head, case, "advance", &[], &[]).await;
        assert!(head.is_err(), "{head:?}");
        city.act(&city.township_clerk, case, "advance", &[], &[]).await.unwrap();
        let city = city.restarted().await;
        assert_eq!(fund_now(&city, fund).await, (Fen(308_000), Fen(192_000)));
        let twice = city.act(&city.township_clerk, case, "advance", &[], &[]).await;
        assert!(twice.is_err(), "{twice:?}");
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let balances = ledger::balances(city.office.db(), &SEEN, benefit).await.unwrap();
        assert_eq!((balances.due, balances.paid, balances.unpaid), (Fen(192_000), Fen(192_000), Fen(0)));
        let reader = office::access::citizen_of_synthetic(&city.office, city.seen(case).await.case.applicant)
            .await
            .unwrap();
        let told = office::benefits::own_advances(&city.office, &reader).await.unwrap();
        assert_eq!(
            (told.len(), told[0].amount, told[0].made_up),
            (1, Fen(192_000), false),
            "the family reads it"
        );
        let accountant = grant::<MakeRun>(&city.accountant);
        let month = city.office.now().month();
        let (run, _) =
            payments::make_run(&city.office, &accountant, "temporary_emergency", month).await.unwrap();
        worked(&city).await;
        let made = payments::find_run(&city.office, &grant(&city.accountant), run).await.unwrap();
        assert_eq!((made.line_count, made.total), (0, Fen(0)), "the run does not pay it again");
        // Nothing is made up before the papers are.
        let nothing = reserve::propose(
            &city.office,
            &grant::<MakeRun>(&city.accountant),
            city.township_clerk.division,
            Wanted::Replenish,
            "海财社〔2026〕2号",
        )
        .await;
        assert!(nothing.is_err(), "{nothing:?}");
        city.act(&city.second_clerk, case, "make_up", &[("makeup/helped_amount", "1920")], &[])
            .await
            .unwrap();
        let told = office::benefits::own_advances(&city.office, &reader).await.unwrap();
        assert!(told[0].made_up, "the family has nothing more to bring");
        for (book, balance, advanced) in [(false, 308_000, 192_000), (true, 500_000, 0)] {
            let accountant = grant::<MakeRun>(&city.accountant);
            let township = city.township_clerk.division;
            reserve::propose(&city.office, &accountant, township, Wanted::Replenish, "海财社〔2026〕2号")
                .await
                .unwrap();
            settled(&city, fund, book).await;
            assert_eq!(fund_now(&city, fund).await, (Fen(balance), Fen(advanced)));
        }
        let entries =
            reserve::book(&city.office, &grant::<ReadPayments>(&city.township_clerk), fund, None, 50)
                .await
                .unwrap();
        let kinds: Vec<ReserveKind> = entries.rows.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds.len(), 5, "{kinds:?}");
        let found = ledger::verify(city.office.db()).await.unwrap();
        assert!(found.is_empty(), "{found:?}");
        // The database itself refuses less than nothing, and a line that was booked stays.
        for sql in [
            "UPDATE reserve_fund SET balance_fen = -1",
            "UPDATE reserve_entry SET amount_fen = 1 WHERE state = 'booked'",
            "DELETE FROM reserve_entry",
        ] {
            let refused = Query::system("test", sql).execute(city.office.db()).await;
            assert!(refused.is_err(), "{sql}");
        }
        // The neighbours see nothing of it.
        let elsewhere =
            reserve::fund(&city.office, &grant::<ReadPayments>(&city.neighbour_clerk), fund).await;
        assert!(elsewhere.is_err(), "{elsewhere:?}");
    }
}

/// Two emergencies of one family in one month are two decisions: both are paid, and both count towards the year.
#[tokio::test]
async fn two_emergencies_of_one_month_are_both_helped() {
    for city in cities("two_emergencies").await {
        let first = before_the_decision(&city, &FIRE).await;
        city.act(&city.township_head, first, "help_first", &ONCE, &[]).await.unwrap();
        city.act(&city.second_clerk, first, "make_up", &[("makeup/helped_amount", "1920")], &[])
            .await
            .unwrap();
        let second = city.file_again("temporary_emergency", first, 0).await.unwrap();
        city.act(&city.township_clerk, second, "accept", &[], &[]).await.unwrap();
        let crash =
            [("scene/emergency_kind", "traffic"), ("scene/hardship_level", "a"), ("scene/severe", "yes")];
        city.act(&city.township_clerk, second, "visit", &crash, &[]).await.unwrap();
        city.act(&city.second_clerk, second, "send_up", &[], &[]).await.unwrap();
        city.act(&city.township_head, second, "help_first", &ONCE, &[]).await.unwrap();
        let (_, totals) = paid(&city, "temporary_emergency", city.office.now().month()).await;
        assert_eq!((totals.count, totals.total), (2, Fen(2 * 192_000)));
        let found = ledger::verify(city.office.db()).await.unwrap();
        assert!(found.is_empty(), "{found:?}");
    }
}

/// Seven of a family whose home burned: 960 x 6 x 7 is more than people may decide without sitting together.
fn seven() -> Family {
    Family {
        names: vec!["云中鹤", "欧阳春雨", "云一", "云二", "云三", "云四", "云五"],
        births: vec![
            "1981-03-05",
            "1984-11-19",
            "2010-01-01",
            "2012-01-01",
            "2014-01-01",
            "2016-01-01",
            "2018-01-01",
        ],
        wages: vec!["0"; 7],
        village: NEIGHBOUR_VILLAGE,
        ..Family::default()
    }
}

const WORST: [(&str, &str); 3] =
    [("scene/emergency_kind", "fire"), ("scene/hardship_level", "c"), ("scene/severe", "yes")];

/// SA-33: much money takes a conference on record; what 一事一议 sets as the total is what the rules pay.
#[tokio::test]
async fn a_hard_case_is_conferred_over_before_it_is_decided() {
    for city in cities("conference").await {
        let case = city.file_for("temporary_emergency", &seven()).await.unwrap();
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "visit", &WORST, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "send_up", &[], &[]).await.unwrap();
        let alone = city.act(&city.county_director, case, "help_first", &ONCE, &[]).await;
        assert!(matches!(&alone, Err(OfficeError::Conflict(said)) if said.contains("会商")), "{alone:?}");
        let month = city.office.now().month();
        let months = month.to_string();
        let held = [
            ("conference/kind", "single"),
            ("conference/participants", "民政局 其木格\n财政局 王志强"),
            ("conference/resolution", "同意提高到80000元"),
            ("conference/total", "80000"),
            ("conference/total_month", months.as_str()),
        ];
        city.act(&city.county_clerk, case, "confer", &held, &[]).await.unwrap();
        let seen_case = city.seen(case).await;
        let entry = &seen_case.entries[0];
        assert_eq!((entry.register.as_str(), entry.state.as_str()), ("case_conference", "已决议"));
        let shown = seen(&city, &city.township_clerk, "case_conference", entry.record).await;
        let words: Vec<&str> =
            shown.groups.iter().flat_map(|group| &group.fields).map(|said| said.words.as_str()).collect();
        assert!(words.iter().any(|words| words.contains("财政局")), "{words:?}");
        let back = office::casework::entries::case_of_record(
            &city.office,
            &grant(&city.county_clerk),
            "case_conference",
            entry.record,
        )
        .await
        .unwrap();
        assert_eq!(back.map(|(id, _)| id), Some(case));
        city.act(&city.county_director, case, "help_first", &ONCE, &[]).await.unwrap();
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month).await.unwrap();
        assert_eq!(held.monthly, Some(Fen(8_000_000)));
        // It is looked at again until it is carried out.
        let look = due(&city, &city.county_clerk, "case_conference").await;
        assert_eq!(look.len(), 1);
        let carried =
            [("carried_on", city.office.now().today().to_string()), ("carried_text", "钱已到账".to_owned())];
        let carried: Vec<(&str, &str)> = carried.iter().map(|(id, text)| (*id, text.as_str())).collect();
        moved(&city, &city.county_clerk, "case_conference", entry.record, "carry", &carried).await.unwrap();
        assert!(due(&city, &city.county_clerk, "case_conference").await.is_empty());
        let done: i64 = Query::system(
            "test",
            "SELECT count(*) FROM record_duty WHERE register = 'case_conference' AND state = 'done'",
        )
        .scalar(city.office.db())
        .await
        .unwrap();
        assert_eq!(done, 1, "what a transition does counts as done, not as lapsed");
    }
}

/// SA-16, SA-34: from a case a need goes to the department that answers for it, with a clock, and its answer comes back.
#[tokio::test]
async fn a_need_goes_to_another_department_and_its_answer_comes_back() {
    for city in cities("referral").await {
        let case = city.granted(&Family::default()).await;
        let told =
            [("referral/referral_kind", "medical"), ("referral/referral_text", "透析，每月自付1500元")];
        city.act(&city.township_clerk, case, "refer", &told, &[]).await.unwrap();
        let twice = city.act(&city.township_clerk, case, "refer", &told, &[]).await;
        assert!(matches!(twice, Err(OfficeError::Invalid(_))), "{twice:?}");
        let city = city.restarted().await;
        let entry = city.seen(case).await.entries[0].clone();
        assert_eq!((entry.register.as_str(), entry.state.as_str()), ("referral", "已转出"));
        let ask = due(&city, &city.township_clerk, "referral").await;
        assert_eq!((ask.len(), ask[0].title.as_str()), (1, "问结果"));
        nights(&city, 40).await;
        assert_eq!(raised(&city, &city.county_clerk, "referral").await, ["late"]);
        let bare = moved(&city, &city.township_clerk, "referral", entry.record, "help", &[]).await;
        assert!(matches!(bare, Err(OfficeError::Invalid(_))), "an answer is words, not a tick: {bare:?}");
        let today = city.office.now().today().to_string();
        let answer = [
            ("answer", "given"),
            ("answered_on", today.as_str()),
            ("answer_text", "已纳入医疗救助，门诊按70%救助"),
        ];
        moved(&city, &city.township_clerk, "referral", entry.record, "help", &answer).await.unwrap();
        assert!(raised(&city, &city.county_clerk, "referral").await.is_empty());
        assert!(due(&city, &city.township_clerk, "referral").await.is_empty());
        assert_eq!(city.seen(case).await.entries[0].state, "已落实");
        // The family reads it on its own pages: the state and the answer; nobody else's family does.
        let family = people_in(&city, case).await;
        let reader = office::access::citizen_of_synthetic(&city.office, family[1]).await.unwrap();
        let own = office::benefits::own_records(&city.office, &reader).await.unwrap();
        let referral = own.iter().find(|record| record.register == "referral").unwrap();
        assert_eq!(referral.state, "已落实");
        let said = |words: &str| referral.said.iter().any(|(_, told)| told.contains(words));
        assert!(said("透析") && said("已给予救助") && said("门诊按70%救助"), "{:?}", referral.said);
        let other = Family {
            names: vec!["白云飞"],
            births: vec!["1990-02-02"],
            wages: vec!["500"],
            ..Family::default()
        };
        let elsewhere = city.seen(city.file(&other).await.unwrap()).await.case.applicant;
        let stranger = office::access::citizen_of_synthetic(&city.office, elsewhere).await.unwrap();
        assert!(office::benefits::own_records(&city.office, &stranger).await.unwrap().is_empty());
    }
}

/// The department answers at its own account, and sees nothing but what was referred to it.
#[tokio::test]
async fn the_department_itself_answers_what_was_referred_to_it() {
    for city in cities("referral_department").await {
        let case = city.granted(&Family::default()).await;
        let told =
            [("referral/referral_kind", "medical"), ("referral/referral_text", "透析，每月自付1500元")];
        city.act(&city.township_clerk, case, "refer", &told, &[]).await.unwrap();
        let record = city.seen(case).await.entries[0].record;
        let number = city.seen(case).await.case.number;
        let doctor = grant::<AnswerCheck>(&crate::wuhai::actor(&city.office, "yibao").await);
        let bank = grant::<AnswerCheck>(&crate::wuhai::actor(&city.office, "yinhang").await);
        assert!(addressed::addressed(&city.office, &bank).await.unwrap().is_empty());
        let other = addressed::addressed_page(&city.office, &bank, "referral", record).await;
        assert!(matches!(other, Err(OfficeError::NotFound(_))), "{other:?}");
        let other = addressed::addressed_page(&city.office, &doctor, "low_income", RecordId(1)).await;
        assert!(matches!(other, Err(OfficeError::NotFound(_))), "no register but this: {other:?}");
        let list = addressed::addressed(&city.office, &doctor).await.unwrap();
        assert_eq!(list.len(), 1);
        let said = format!("{:?}", list[0].said);
        assert!(said.contains("金满仓") && said.contains("透析"), "{said}");
        assert!(!said.contains(&number), "nothing of the case: {said}");
        let page = addressed::addressed_page(&city.office, &doctor, "referral", record).await.unwrap();
        let moves: Vec<&str> = page.moves.iter().map(|offered| offered.id.as_str()).collect();
        assert_eq!(moves, ["take", "help", "decline"]);
        let stands = page.record.answers(page.open.register());
        let begun = (record, page.record.version);
        let struck = addressed::answer_addressed(
            &city.office,
            &doctor,
            "referral",
            begun,
            "struck_off",
            stands.clone(),
        )
        .await;
        assert!(matches!(struck, Err(OfficeError::NotFound(_))), "{struck:?}");
        let bare =
            addressed::answer_addressed(&city.office, &doctor, "referral", begun, "help", stands.clone())
                .await;
        assert!(matches!(bare, Err(OfficeError::Invalid(_))), "an answer is words: {bare:?}");
        let today = city.office.now().today().to_string();
        let pairs = [
            ("answer", "given"),
            ("answered_on", today.as_str()),
            ("answer_text", "已纳入医疗救助"),
            ("content", "改写了需要"),
        ];
        let answers = written(&page.open, stands, &pairs);
        addressed::answer_addressed(&city.office, &doctor, "referral", begun, "help", answers.clone())
            .await
            .unwrap();
        let again =
            addressed::answer_addressed(&city.office, &doctor, "referral", begun, "help", answers).await;
        assert!(matches!(again, Err(OfficeError::NotFound(_))), "it does not wait any more: {again:?}");
        let city = city.restarted().await;
        assert_eq!(city.seen(case).await.entries[0].state, "已落实");
        let kept = seen(&city, &city.township_clerk, "referral", record).await.record;
        let kept = format!("{:?}", kept.values);
        assert!(
            kept.contains("已纳入医疗救助") && kept.contains("透析") && !kept.contains("改写了"),
            "{kept}"
        );
        let looked =
            Query::system("test", "SELECT COUNT(*) FROM audit WHERE action = 'record.addressed_listed'");
        assert!(looked.scalar::<i64>(city.office.db()).await.unwrap() > 0);
    }
}

/// The members of a case.
pub async fn people_in(city: &Wuhai, case: CaseId) -> Vec<PersonId> {
    city.seen(case).await.members.iter().map(|(person, _)| *person).collect()
}

/// A department's answer about a person, as the night before last's file would give it.
pub async fn answered(city: &Wuhai, person: PersonId, fact: &str, value: &str) {
    let department = Source::Department("medical_insurance".to_owned());
    answered_of(city, Subject::Person(person), fact, value, department).await;
}

async fn answered_of(city: &Wuhai, subject: Subject, fact: &str, value: &str, source: Source) {
    let new = NewFact {
        subject,
        fact: fact.to_owned(),
        value: Some(value.to_owned()),
        from_on: city.office.now().today(),
        until_on: None,
        source,
        case: None,
        evidence: None,
    };
    let tx = city.office.db().begin().await.unwrap();
    office::people::record_facts_in(&city.office, &tx, &SEEN, &city.county_clerk.audit(), &[new])
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn low_income(city: &Wuhai) -> Vec<(RecordId, String, String)> {
    let rows = Query::system("test", "SELECT id, state, f_why FROM reg_low_income ORDER BY id")
        .all(city.office.db())
        .await;
    rows.unwrap()
        .iter()
        .map(|row| (row.get("id").unwrap(), row.get("state").unwrap(), row.get("f_why").unwrap()))
        .collect()
}

async fn stopped(city: &Wuhai, case: CaseId) {
    let benefit = city.seen(case).await.case.entitlement.unwrap();
    let tx = city.office.db().begin().await.unwrap();
    let decision = ledger::Decision {
        reference: "海民停〔2026〕1号".to_owned(),
        reason: "收入超过标准".to_owned(),
        case: None,
        determination: None,
        officer: city.county_director.staff,
        at: city.office.now(),
    };
    ledger::end(&tx, &SEEN, benefit, city.office.now().month(), &decision).await.unwrap();
    tx.commit().await.unwrap();
}

/// SA-41, SA-42, SA-44: who is in the register and why follows from the books; a change that a department answers is visited and noted; whoever
/// leaves is followed for a year.
#[tokio::test]
async fn low_incomes_are_watched_and_who_leaves_is_followed_for_a_year() {
    for city in cities("low_income").await {
        let case = city.granted(&Family::default()).await;
        nights(&city, 1).await;
        assert!(low_income(&city).await.is_empty(), "not before the first month");
        nights(&city, 31).await;
        let there = low_income(&city).await;
        assert_eq!(there.len(), 3);
        assert!(
            there.iter().all(|(_, state, why)| (state.as_str(), why.as_str()) == ("watched", "dibao")),
            "{there:?}"
        );
        let person = people_in(&city, case).await[1];
        assert!(raised(&city, &city.township_clerk, "low_income").await.is_empty());
        answered(&city, person, "serious_illness", "true").await;
        nights(&city, 1).await;
        let city = city.restarted().await;
        assert_eq!(raised(&city, &city.township_clerk, "low_income").await, ["ill"]);
        assert!(raised(&city, &city.neighbour_clerk, "low_income").await.is_empty());
        // The village goes and looks; what stands now is noted, and the alert is gone.
        let visits = due(&city, &city.village_worker, "low_income").await;
        let visit = visits.iter().find(|duty| duty.duty == "changed").unwrap_or_else(|| panic!("{visits:?}"));
        visited(&city, visit, "refers").await;
        assert!(raised(&city, &city.township_clerk, "low_income").await.is_empty());
        assert!(due(&city, &city.village_worker, "low_income").await.iter().all(|duty| duty.duty == "visit"));
        // What the visit noted is in the history, as it stands in the record.
        let shown = seen(&city, &city.village_worker, "low_income", visit.record).await;
        let look = shown.history.iter().find(|version| version.deed == history::NOTED).unwrap();
        assert_eq!(look.staff.as_deref(), Some(city.village_worker.name.as_str()));
        let labels: Vec<&str> = look.changes.iter().map(|(label, ..)| label.as_str()).collect();
        assert!(labels.contains(&"患重特大疾病"), "{labels:?}");
        for (record, _, _) in &there {
            let open = open(&city, &city.village_worker, "low_income");
            let shown = seen(&city, &city.village_worker, "low_income", *record).await;
            let stands = open.register().computed().filter(|field| field.noted).filter_map(|field| {
                let value = shown.record.values.get(field.id.get())?;
                Some((field.id.get().clone(), value.canonical()))
            });
            assert_eq!(replayed(&city, "low_income", *record).await, stands.collect::<BTreeMap<_, _>>());
        }
        let rewritten = Query::system("test", "DELETE FROM record_noted").execute(city.office.db()).await;
        assert!(rewritten.is_err(), "append only");
        nights(&city, 1).await;
        assert!(
            raised(&city, &city.township_clerk, "low_income").await.is_empty(),
            "noted, not forgotten over night"
        );

        stopped(&city, case).await;
        nights(&city, 31).await;
        let left = low_income(&city).await;
        assert!(left.iter().all(|(_, state, _)| state == "followed"), "{left:?}");
        let follow = due(&city, &city.village_worker, "low_income").await;
        assert_eq!(follow.iter().filter(|duty| duty.duty == "follow").count(), 3);
        let early = moved(&city, &city.township_clerk, "low_income", left[0].0, "end", &[]).await;
        assert!(matches!(&early, Err(OfficeError::Conflict(said)) if said.contains("一年")), "{early:?}");
        nights(&city, 366).await;
        let alerts = raised(&city, &city.township_clerk, "low_income").await;
        assert_eq!(alerts.iter().filter(|alert| *alert == "year_over").count(), 3, "{alerts:?}");
        moved(&city, &city.township_clerk, "low_income", left[0].0, "end", &[]).await.unwrap();
        // Granted anew, who was followed is watched again, in the same record.
        let again = city.file_again("dibao", case, 0).await.unwrap();
        city.investigated(again, "1500").await;
        city.act(&city.second_clerk, again, "opine", &[], &[]).await.unwrap();
        city.days(30).await;
        city.act(&city.village_worker, again, "close_notice", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, again, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, again, "confirm", &[], &[]).await.unwrap();
        nights(&city, 31).await;
        let states: Vec<String> = low_income(&city).await.into_iter().map(|(_, state, _)| state).collect();
        assert_eq!(states, ["ended", "watched", "watched", "watched"]);
    }
}

/// What is noted of a record, as its history alone says it.
async fn replayed(city: &Wuhai, register: &str, record: RecordId) -> BTreeMap<String, String> {
    let last = "SELECT values_sealed FROM record_noted WHERE register = ? AND record_id = ? ORDER BY id DESC LIMIT 1";
    let row = Query::system("test", last).bind(register).bind(record).one(city.office.db()).await.unwrap();
    let sealed: Vec<u8> = row.get("values_sealed").unwrap();
    serde_json::from_str(&city.office.keys().open(&sealed).unwrap()).unwrap()
}

/// Does a duty with its form filled in the simplest right way.
async fn visited(city: &Wuhai, duty: &DutyView, decision: &str) {
    visited_with(city, duty, decision, "none").await;
}

async fn visited_with(city: &Wuhai, duty: &DutyView, decision: &str, worry: &str) {
    let worker = &city.village_worker;
    let opened = duties::duty(&city.office, &grant::<ReadRecords>(worker), duty.id).await.unwrap();
    let form = opened.form().unwrap();
    let mut answers = Answers::new();
    for (page, field) in form.fields() {
        let text = match (*field.kind, field.id.as_str()) {
            (FieldKind::YesNo, _) => "yes",
            (_, "decision") => decision,
            (_, "need") if decision == "files" => "medical",
            (_, "need_grade") if decision == "files" => "serious",
            (_, "refer_to") if decision == "refers" => "medical",
            (FieldKind::PersonName, _) => "其木格",
            (FieldKind::Textarea, _) => "确诊尿毒症",
            _ => continue,
        };
        answers.set(&FieldPath::new(page, None, field), Raw::from(text));
    }
    let today = city.office.now().today();
    let text = today.to_string();
    let record = opened.record.answers(opened.open.register());
    let said = if worry == "none" { "" } else { "学费还差3000元" };
    let pairs = [("visited_on", text.as_str()), ("worry", worry), ("worry_text", said)];
    let record = written(&opened.open, record, &pairs);
    let done = DutyDone { on: today, note: "", answers, record: Some((record, opened.record.version)) };
    duties::perform(&city.office, &grant::<KeepRecords>(worker), duty.id, done, None).await.unwrap();
}

async fn report(city: &Wuhai, actor: &Actor, source: &str, who: &str) -> RecordId {
    report_of(city, actor, source, who, &[]).await
}

pub async fn report_of(
    city: &Wuhai,
    actor: &Actor,
    source: &str,
    who: &str,
    more: &[(&str, &str)],
) -> RecordId {
    let open = open(city, actor, "need_report");
    let today = city.office.now().today().to_string();
    let pairs = [
        ("source", source),
        ("reported_on", today.as_str()),
        ("who", who),
        ("village", city.village),
        ("matter", "food"),
        ("story", "老人独居，几天没有买菜"),
    ];
    let answers = written(&open, written(&open, Answers::new(), &pairs), more);
    let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "主动发现" };
    match records::save(&city.office, &grant::<KeepRecords>(actor), &open, new, None).await.unwrap() {
        Saved::Done(id) => id,
        other => panic!("{other:?}"),
    }
}

/// SA-38, SA-39: told, graded, visited, helped or ended with a reason, told back; the month's reconciliation shows that none was missed.
#[tokio::test]
async fn a_report_of_need_is_followed_until_somebody_helps() {
    for city in cities("need").await {
        let worker = &city.village_worker;
        let (hunger, call) = (
            report(&city, worker, "worker", "石敢当").await,
            report(&city, &city.township_clerk, "hotline", "来电人").await,
        );
        let early = moved(&city, worker, "need_report", hunger, "grade", &[("grade", "urgent")]).await;
        assert!(early.is_err(), "the township grades: {early:?}");
        moved(&city, &city.township_clerk, "need_report", hunger, "grade", &[("grade", "urgent")])
            .await
            .unwrap();
        assert!(raised(&city, &city.county_clerk, "need_report").await.is_empty());
        nights(&city, 5).await;
        let mut alerts = raised(&city, &city.county_clerk, "need_report").await;
        alerts.sort();
        assert_eq!(alerts, ["ungraded", "urgent_waits"]);
        let today = city.office.now().today().to_string();
        moved(
            &city,
            worker,
            "need_report",
            hunger,
            "visit",
            &[("visited_on", &today), ("found", "断粮两天")],
        )
        .await
        .unwrap();
        let help = [("help", "当天送去米面，已申请急难救助"), ("case_number", "LS-1")];
        moved(&city, &city.township_clerk, "need_report", hunger, "help", &help).await.unwrap();
        // Who called is told back before it ends.
        moved(&city, &city.township_clerk, "need_report", call, "grade", &[("grade", "general")])
            .await
            .unwrap();
        let ended = [("ended_reason", "has_help"), ("ended_text", "本月低保金已发")];
        let unsaid = moved(&city, &city.township_clerk, "need_report", call, "end", &ended).await;
        assert!(matches!(unsaid, Err(OfficeError::Invalid(_))), "{unsaid:?}");
        let told = [ended[0], ended[1], ("told_back_on", today.as_str())];
        moved(&city, &city.township_clerk, "need_report", call, "end", &told).await.unwrap();
        assert!(raised(&city, &city.county_clerk, "need_report").await.is_empty());
        report(&city, worker, "neighbour", "某某").await;
        let open = open(&city, &city.county_clerk, "need_report");
        let months = records::by_month::by_month(
            &city.office,
            &grant::<ReadRecords>(&city.county_clerk),
            &open,
            None,
            None,
        )
        .await
        .unwrap();
        assert_eq!(months.len(), 1);
        let month = &months[0];
        assert_eq!(month.total, 3);
        assert_eq!(month.states.values().sum::<i64>(), month.total, "told is what stands somewhere");
        assert_eq!(month.states.get("told"), Some(&1));
        assert_eq!((month.states.get("helped"), month.states.get("ended")), (Some(&1), Some(&1)));
    }
}

/// SA-38, SA-39, SA-43: one trouble of one person, told through several doors on different days, is graded, visited and followed once; who told it is
/// listed, the worse grade holds, and each is told back.
#[tokio::test]
async fn what_several_doors_tell_is_one() {
    for city in cities("told_again").await {
        let case = city.granted(&Family::default()).await;
        let person = people_in(&city, case).await[2];
        let who = office::forms::reference_text(person.0);
        let known = [("person", who.as_str())];
        let (worker, clerk) = (&city.village_worker, &city.township_clerk);
        let state = async |record| seen(&city, clerk, "need_report", record).await.record.state;
        let open_duties = async || {
            let sql = "SELECT record_id, duty FROM record_duty WHERE register = 'need_report' AND state = 'open' ORDER BY id";
            let rows = Query::system("test", sql).all(city.office.db()).await.unwrap();
            let duty = |row: &store::Row| (row.get("record_id").unwrap(), row.get("duty").unwrap());
            rows.iter().map(duty).collect::<Vec<(RecordId, String)>>()
        };

        let first = report_of(&city, worker, "worker", "石敢当", &known).await;
        moved(&city, clerk, "need_report", first, "grade", &[("grade", "general")]).await.unwrap();
        nights(&city, 2).await;
        // The hotline, two days later: no second grade and no second visit.
        let second = report_of(&city, clerk, "hotline", "来电人", &known).await;
        assert_eq!(state(second).await, "joined");
        assert_eq!(open_duties().await, [(first, "visit".to_owned())]);
        // A neighbour who could not say who it is; graded by itself, known afterwards.
        nights(&city, 1).await;
        let third = report(&city, clerk, "neighbour", "某某").await;
        moved(&city, clerk, "need_report", third, "grade", &[("grade", "urgent")]).await.unwrap();
        let reports = open(&city, clerk, "need_report");
        let now = seen(&city, clerk, "need_report", third).await.record;
        let answers = written(&reports, now.answers(reports.register()), &known);
        let record = Some((third, now.version));
        let new = NewVersion { record, answers, state: None, deed: Deed::Changed, reason: "查明是谁" };
        records::save(&city.office, &grant::<KeepRecords>(clerk), &reports, new, None).await.unwrap();
        assert_eq!((state(third).await, state(first).await), ("joined".to_owned(), "graded".to_owned()));
        assert_eq!(open_duties().await, [(first, "visit_urgent".to_owned())], "the worse grade holds");
        let sql = "SELECT id FROM reg_need_report WHERE f_joined_to = ? ORDER BY id";
        let told: Vec<RecordId> =
            Query::system("test", sql).bind(first).scalars(city.office.db()).await.unwrap();
        assert_eq!(told, [second, third]);

        let today = city.office.now().today().to_string();
        let found = [("visited_on", today.as_str()), ("found", "断粮两天")];
        moved(&city, worker, "need_report", first, "visit", &found).await.unwrap();
        assert_eq!(worries(&city).await.len(), 1);
        let help = [("help", "当天送去米面")];
        moved(&city, clerk, "need_report", first, "help", &help).await.unwrap();
        nights(&city, 1).await;
        let mut untold = raised(&city, clerk, "need_report").await;
        untold.retain(|alert| alert == "joined_untold");
        assert_eq!(untold.len(), 2, "who called and who came are told what became of it");

        // Told again when it was over it is a report of its own; what is followed still is followed once.
        let fourth = report_of(&city, worker, "worker", "石敢当", &known).await;
        assert_eq!(state(fourth).await, "told");
        moved(&city, clerk, "need_report", fourth, "grade", &[("grade", "serious")]).await.unwrap();
        let today = city.office.now().today().to_string();
        let found = [("visited_on", today.as_str()), ("found", "还是没有米")];
        moved(&city, worker, "need_report", fourth, "visit", &found).await.unwrap();
        assert_eq!(worries(&city).await.len(), 1);

        // What was not the same is taken apart, and stays so.
        moved(&city, clerk, "need_report", second, "part", &[("grade", "general")]).await.unwrap();
        assert_eq!(state(second).await, "graded");
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// The visits of the watch and of a report find the same trouble on different days: one case, with both as its sources.
#[tokio::test]
async fn a_worry_that_two_visits_find_is_followed_once() {
    for city in cities("worry_twice").await {
        let case = city.granted(&Family::default()).await;
        nights(&city, 32).await;
        let person = people_in(&city, case).await[2];
        let who = office::forms::reference_text(person.0);
        let (worker, clerk) = (&city.village_worker, &city.township_clerk);
        let of_school = [("person", who.as_str()), ("matter", "schooling")];
        let told = report_of(&city, clerk, "hotline", "来电人", &of_school).await;
        moved(&city, clerk, "need_report", told, "grade", &[("grade", "general")]).await.unwrap();
        let today = city.office.now().today().to_string();
        let found = [("visited_on", today.as_str()), ("found", "学费还差3000元")];
        moved(&city, worker, "need_report", told, "visit", &found).await.unwrap();
        assert_eq!(worries(&city).await.len(), 1);
        answered(&city, person, "student", "true").await;
        nights(&city, 2).await;
        let changed = due(&city, worker, "low_income").await;
        let changed = changed.into_iter().find(|duty| duty.duty == "changed").unwrap();
        visited_with(&city, &changed, "refers", "schooling").await;
        let all = worries(&city).await;
        assert_eq!(all.len(), 1, "{all:?}");
        let sql = "SELECT count(*) FROM reg_worry_case WHERE f_report = ? AND f_watch = ?";
        let both: i64 = Query::system("test", sql)
            .bind(told)
            .bind(changed.record)
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!(both, 1);
    }
}

/// The cases of 两不愁三保障: record, state, matter.
async fn worries(city: &Wuhai) -> Vec<(RecordId, String, String)> {
    let rows = Query::system("test", "SELECT id, state, f_matter FROM reg_worry_case ORDER BY id")
        .all(city.office.db())
        .await;
    rows.unwrap()
        .iter()
        .map(|row| (row.get("id").unwrap(), row.get("state").unwrap(), row.get("f_matter").unwrap()))
        .collect()
}

/// SA-43: 两不愁三保障: what a visit finds wrong becomes a case with somebody who answers for it and a date, looked at again before it is cleared.
#[tokio::test]
async fn what_a_visit_finds_wrong_becomes_a_case_until_it_is_cleared() {
    for city in cities("worry_case").await {
        let case = city.granted(&Family::default()).await;
        nights(&city, 32).await;
        let person = people_in(&city, case).await[2];
        answered(&city, person, "student", "true").await;
        nights(&city, 1).await;
        let changed = due(&city, &city.village_worker, "low_income").await;
        let changed = changed.into_iter().find(|duty| duty.duty == "changed").unwrap();
        visited_with(&city, &changed, "stays", "none").await;
        assert!(worries(&city).await.is_empty(), "nothing is wrong");
        // Three visits on one day: each is followed by the next.
        let visit = async || {
            let duties = due(&city, &city.village_worker, "low_income").await;
            duties.into_iter().find(|one| one.duty == "visit" && one.record == changed.record).unwrap()
        };
        visited_with(&city, &visit().await, "refers", "schooling").await;
        let all = worries(&city).await;
        assert_eq!(all.len(), 1, "{all:?}");
        let (worry, state, matter) = all[0].clone();
        assert_eq!((state.as_str(), matter.as_str()), ("found", "schooling"));
        let page = seen(&city, &city.township_clerk, "worry_case", worry).await;
        let words: Vec<&str> =
            page.groups.iter().flat_map(|group| &group.fields).map(|said| said.words.as_str()).collect();
        assert!(words.iter().any(|words| words.contains("学费还差3000元")), "told once: {words:?}");
        // Still there at the next visit: the same case, not another one.
        visited_with(&city, &visit().await, "refers", "schooling").await;
        assert_eq!(worries(&city).await.len(), 1);
        let duties = due(&city, &city.township_clerk, "worry_case").await;
        assert_eq!(duties.iter().map(|duty| duty.duty.as_str()).collect::<Vec<_>>(), ["arrange"]);
        nights(&city, 11).await;
        assert_eq!(raised(&city, &city.county_clerk, "worry_case").await, ["unowned"]);
        assert!(raised(&city, &city.neighbour_clerk, "worry_case").await.is_empty());
        let promised = (city.office.now().today() + chrono::Days::new(20)).to_string();
        let plan = [
            ("way", "referral"),
            ("measure", "转介教育部门，减免学费"),
            ("responsible", "区教育局 王老师"),
            ("promised_on", promised.as_str()),
        ];
        let below = moved(&city, &city.village_worker, "worry_case", worry, "arrange", &plan).await;
        assert!(matches!(below, Err(OfficeError::NotFound(_))), "the township answers: {below:?}");
        moved(&city, &city.township_clerk, "worry_case", worry, "arrange", &plan).await.unwrap();
        assert!(raised(&city, &city.county_clerk, "worry_case").await.is_empty());
        nights(&city, 21).await;
        let city = city.restarted().await;
        assert_eq!(raised(&city, &city.county_clerk, "worry_case").await, ["late"]);
        let follow = due(&city, &city.village_worker, "worry_case").await;
        assert_eq!(follow.iter().map(|duty| duty.duty.as_str()).collect::<Vec<_>>(), ["look"]);
        let today = city.office.now().today().to_string();
        let mended = [("mended_on", today.as_str()), ("mended_text", "学校已免学费")];
        let cleared = [("cleared_on", today.as_str()), ("cleared_text", "看了缴费单，本人确认")];
        let early = moved(&city, &city.township_clerk, "worry_case", worry, "clear", &cleared).await;
        assert!(matches!(early, Err(OfficeError::NotFound(_))), "mended first: {early:?}");
        moved(&city, &city.village_worker, "worry_case", worry, "mend", &mended).await.unwrap();
        let check = due(&city, &city.township_clerk, "worry_case").await;
        assert_eq!(check.iter().map(|duty| duty.duty.as_str()).collect::<Vec<_>>(), ["recheck"]);
        moved(&city, &city.township_clerk, "worry_case", worry, "clear", &cleared).await.unwrap();
        assert!(due(&city, &city.township_clerk, "worry_case").await.is_empty());
        assert!(raised(&city, &city.county_clerk, "worry_case").await.is_empty());

        // Written again for another reason, the visit that was answered finds nothing anew; the next one does.
        let watch = open(&city, &city.township_clerk, "low_income");
        let now = seen(&city, &city.township_clerk, "low_income", changed.record).await.record;
        let answers = written(&watch, now.answers(watch.register()), &[("satisfied", "yes")]);
        let record = Some((changed.record, now.version));
        let new = NewVersion { record, answers, state: None, deed: Deed::Changed, reason: "补问满意度" };
        let keeper = grant::<KeepRecords>(&city.township_clerk);
        let again = records::save(&city.office, &keeper, &watch, new, None).await;
        assert!(matches!(again, Ok(Saved::Done(_))), "{again:?}");
        assert_eq!(worries(&city).await.len(), 1);

        // What was reported and confirmed of somebody on file is followed in the same way, whoever they are.
        let told = report(&city, &city.township_clerk, "hotline", "来电人").await;
        moved(&city, &city.township_clerk, "need_report", told, "grade", &[("grade", "general")])
            .await
            .unwrap();
        let who = office::forms::reference_text(person.0);
        let visited = [("visited_on", today.as_str()), ("found", "断粮两天"), ("person", who.as_str())];
        moved(&city, &city.village_worker, "need_report", told, "visit", &visited).await.unwrap();
        let all = worries(&city).await;
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!((all[0].1.as_str(), all[1].1.as_str(), all[1].2.as_str()), ("cleared", "found", "food"));
        // Told by another on the same day, it is followed once, and the visit stands.
        let again = report(&city, &city.township_clerk, "hotline", "邻居").await;
        moved(&city, &city.township_clerk, "need_report", again, "grade", &[("grade", "general")])
            .await
            .unwrap();
        moved(&city, &city.village_worker, "need_report", again, "visit", &visited).await.unwrap();
        assert_eq!(worries(&city).await.len(), 2);
        // With the person's death it ends by a way of its own, and not before.
        let early = moved(&city, &city.township_clerk, "worry_case", all[1].0, "end", &[]).await;
        assert!(
            matches!(&early, Err(OfficeError::Conflict(said)) if said.contains("本人去世以后")),
            "{early:?}"
        );
        Query::system("test", "UPDATE person SET died_on = ? WHERE id = ?")
            .bind(city.office.now().today())
            .bind(person)
            .execute(city.office.db())
            .await
            .unwrap();
        moved(&city, &city.township_clerk, "worry_case", all[1].0, "end", &[]).await.unwrap();
        assert_eq!(worries(&city).await[1].1, "ended");
    }
}

/// SA-43: what a visit finds wrong stays an alert of the person until another visit finds it gone.
#[tokio::test]
async fn a_worry_is_followed_until_it_is_cleared() {
    for city in cities("worry").await {
        let case = city.granted(&Family::default()).await;
        nights(&city, 32).await;
        let person = people_in(&city, case).await[2];
        answered(&city, person, "student", "true").await;
        nights(&city, 1).await;
        let changed = due(&city, &city.village_worker, "low_income").await;
        let changed = changed.iter().find(|duty| duty.duty == "changed").unwrap();
        visited_with(&city, changed, "refers", "schooling").await;
        assert_eq!(raised(&city, &city.township_clerk, "low_income").await, ["worry"]);
        nights(&city, 40).await;
        let forgotten = raised(&city, &city.township_clerk, "low_income").await;
        assert_eq!(forgotten, ["unsettled", "worry"], "nobody forgets it, nor the referral");
        let duty = due(&city, &city.village_worker, "low_income").await;
        let duty = duty.into_iter().find(|one| one.duty == "visit" && one.record == changed.record).unwrap();
        visited_with(&city, &duty, "stays", "none").await;
        assert!(raised(&city, &city.township_clerk, "low_income").await.is_empty());
    }
}

/// What a visit of the watch began in a register, with its state.
async fn begun(city: &Wuhai, register: &str, watch: RecordId) -> Vec<(RecordId, String)> {
    let sql = format!("SELECT id, state FROM reg_{register} WHERE f_watch = ? ORDER BY id");
    let rows = Query::system("test", sql).bind(watch).all(city.office.db()).await.unwrap();
    rows.iter().map(|row| (row.get("id").unwrap(), row.get("state").unwrap())).collect()
}

/// SA-42: what a visit decides begins with it, once, with its clock and the way back: a referral, a report of need, a review, a conference. It is settled
/// when these are.
#[tokio::test]
async fn what_a_visit_decides_begins_with_it() {
    for city in cities("watch_decides").await {
        let case = city.granted(&Family::default()).await;
        nights(&city, 32).await;
        let (clerk, county) = (&city.township_clerk, &city.county_clerk);
        let watch = low_income(&city).await[0].0;
        let visit = async |decision: &str| {
            let duties = due(&city, &city.village_worker, "low_income").await;
            let duty = duties.into_iter().find(|one| one.duty == "visit" && one.record == watch).unwrap();
            visited(&city, &duty, decision).await;
        };
        let settled = async || {
            let sql = "SELECT f_settled FROM reg_low_income WHERE id = ?";
            let row = Query::system("test", sql).bind(watch).one(city.office.db()).await.unwrap();
            row.get::<Option<bool>>("f_settled").unwrap()
        };
        let open_duties = async |actor: &Actor, register: &str| {
            let duties = due(&city, actor, register).await;
            duties.into_iter().map(|duty| duty.duty).collect::<Vec<String>>()
        };
        let today = city.office.now().today().to_string();
        let today = today.as_str();
        assert_eq!(settled().await, None, "nobody has been there yet");

        visit("refers").await;
        visit("refers").await;
        let sent = begun(&city, "referral", watch).await;
        assert_eq!(sent.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), ["sent"], "once");
        assert_eq!(open_duties(clerk, "referral").await, ["ask"]);
        assert_eq!(settled().await, Some(false));
        let given = [("answer", "given"), ("answered_on", today), ("answer_text", "已按医疗救助报销")];
        moved(&city, clerk, "referral", sent[0].0, "help", &given).await.unwrap();
        assert_eq!(settled().await, Some(true));

        visit("files").await;
        let told = begun(&city, "need_report", watch).await;
        assert_eq!(told.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), ["visited"]);
        assert_eq!(open_duties(clerk, "need_report").await, ["settle"], "seen already, to be helped");
        assert_eq!(settled().await, Some(false));
        let help = [("help", "协助申请临时救助")];
        moved(&city, clerk, "need_report", told[0].0, "help", &help).await.unwrap();
        assert_eq!(settled().await, Some(true));

        visit("reviews").await;
        let asked = begun(&city, "review_request", watch).await;
        assert_eq!(asked.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), ["asked"]);
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let row = Query::system("test", "SELECT review_due_on FROM entitlement WHERE id = ?").bind(benefit);
        let due_on: chrono::NaiveDate =
            row.one(city.office.db()).await.unwrap().get("review_due_on").unwrap();
        assert_eq!(due_on, city.office.now().today(), "the night opens it");
        let said = [("answered_on", today), ("answer_text", "收入没有变")];
        let left = moved(&city, clerk, "review_request", asked[0].0, "leave", &said).await;
        assert!(matches!(&left, Err(OfficeError::Conflict(said)) if said.contains("核查以后")), "{left:?}");
        let reviewed = [("case_number", "HC-1"), said[0], said[1]];
        moved(&city, clerk, "review_request", asked[0].0, "review", &reviewed).await.unwrap();
        assert_eq!(settled().await, Some(true));

        visit("confers").await;
        let called = begun(&city, "case_conference", watch).await;
        assert_eq!(called.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), ["called"]);
        assert_eq!(open_duties(county, "case_conference").await, ["call"]);
        assert_eq!(settled().await, Some(false));
        let held = [
            ("held_on", today),
            ("chair", "乌兰"),
            ("participants", "民政、医保、村委会"),
            ("opinions", "一致同意"),
            ("resolution", "纳入综合帮扶"),
        ];
        moved(&city, county, "case_conference", called[0].0, "hold", &held).await.unwrap();
        assert_eq!(open_duties(county, "case_conference").await, ["look"]);
        assert_eq!(settled().await, Some(true));
        visit("stays").await;
        assert_eq!(begun(&city, "referral", watch).await.len(), 1, "what was answered begins nothing");
    }
}

/// SA-42: the death of who earned, a disaster, work that somebody found: each with its grade and last day, those first that are due first.
#[tokio::test]
async fn what_changed_is_graded() {
    for city in cities("watch_grades").await {
        let case = city.granted(&Family::default()).await;
        let people = people_in(&city, case).await;
        nights(&city, 32).await;
        let reader = grant::<ReadRecords>(&city.township_clerk);
        let graded = async |grade: Option<AlertGrade>| {
            let all = alerts::Lying::Anywhere;
            let page =
                alerts::graded_alerts(&city.office, &reader, Some("low_income"), all, grade, None, 50).await;
            let told = |alert: alerts::AlertView| (alert.alert, alert.grade.unwrap(), alert.due_on.unwrap());
            page.unwrap().rows.into_iter().map(told).collect::<Vec<_>>()
        };
        let by = |days: u16| {
            let limit = vocab::TimeLimit::working_days(days);
            city.office.calendar().due(city.office.now().today(), limit).earliest
        };
        // What a visit saw stands above what a department says of it.
        answered_of(&city, Subject::Person(people[1]), "employed", "true", Source::Visit).await;
        nights(&city, 1).await;
        let found = ("job_found".to_owned(), AlertGrade::Yellow, by(5));
        assert_eq!(graded(None).await, [found.clone()]);

        // 金满仓 earned 1500 yuan a month; his wife and his daughter stay.
        let tx = city.office.db().begin().await.unwrap();
        let died_on = city.office.now().today();
        let who = city.county_clerk.audit();
        office::people::record_death_in(&city.office, &tx, &SEEN, &who, people[0], died_on, "公安")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        nights(&city, 1).await;
        let red = graded(Some(AlertGrade::Red)).await;
        let death = ("death".to_owned(), AlertGrade::Red, by(1));
        assert_eq!(red, [death.clone(), death.clone()], "of the dead nobody is told any more");
        assert_eq!(graded(None).await.last(), Some(&found), "due later");
        assert!(
            alerts::graded_alerts(
                &city.office,
                &grant::<ReadRecords>(&city.neighbour_clerk),
                None,
                alerts::Lying::Anywhere,
                None,
                None,
                50
            )
            .await
            .unwrap()
            .rows
            .is_empty()
        );

        // The visit notes both; a flood afterwards is told by itself.
        for duty in due(&city, &city.village_worker, "low_income").await {
            if duty.duty == "changed" {
                visited(&city, &duty, "stays").await;
            }
        }
        assert!(graded(None).await.is_empty());
        let household = Subject::Household(city.seen(case).await.case.household);
        answered_of(
            &city,
            household,
            "emergency_kind",
            "disaster",
            Source::Department("emergency".to_owned()),
        )
        .await;
        nights(&city, 1).await;
        let flood = graded(Some(AlertGrade::Red)).await;
        assert_eq!(flood.iter().map(|(alert, ..)| alert.as_str()).collect::<Vec<_>>(), ["emergency"; 2]);
    }
}

/// SA-41: who got temporary aid within twelve months is watched among the others in difficulty, and followed when that is over.
#[tokio::test]
async fn who_got_temporary_aid_is_watched_for_a_year() {
    for city in cities("watch_temporary").await {
        let case = before_the_decision(&city, &FIRE).await;
        city.act(&city.township_head, case, "help_first", &ONCE, &[]).await.unwrap();
        nights(&city, 1).await;
        let there = low_income(&city).await;
        assert_eq!(there.len(), city.seen(case).await.members.len());
        let temporary =
            |(_, state, why): &(RecordId, String, String)| state == "watched" && why == "temporary";
        assert!(there.iter().all(temporary), "{there:?}");
        nights(&city, 400).await;
        let left = low_income(&city).await;
        assert!(left.iter().all(|(_, state, why)| state == "followed" && why == "none"), "{left:?}");
    }
}

/// SA-42: what is refused and what is noticed stands by group and place, groups of which nothing is known too.
#[tokio::test]
async fn groups_and_places_are_set_beside_each_other() {
    for city in cities("fairness").await {
        let case = city.granted(&Family::default()).await;
        nights(&city, 32).await;
        answered(&city, people_in(&city, case).await[1], "serious_illness", "true").await;
        nights(&city, 1).await;
        let today = city.office.now().today();
        let from = today - chrono::Days::new(90);
        let reader = grant::<office::access::Report>(&city.county_director);
        let found = office::reports::fairness(&city.office, &reader, from, today).await.unwrap();
        assert_eq!((found.whole.decided, found.whole.refused), (1, 0));
        assert_eq!((found.whole.watched, found.whole.alerts), (3, 1));
        assert_eq!(found.whole.grades, [0, 0, 1], "who has the most help already is the least urgent");
        let asked =
            office::reports::RollQuery { month: city.office.now().month(), programme: None, division: None };
        let performance = office::reports::performance(&city.office, &reader, &asked).await.unwrap();
        assert_eq!(performance.whole.alerts, [0, 0, 1]);
        assert_eq!(performance.parts.iter().filter(|part| part.alerts == [0, 0, 1]).count(), 1);
        let group = |dimension, title: &str| {
            let groups = &found.groups[&dimension];
            groups.iter().find(|group| group.title == title).unwrap_or_else(|| panic!("{groups:?}")).clone()
        };
        let rural = group(office::reports::Dimension::Area, "农村");
        assert_eq!((rural.decided, rural.watched, rural.alerts_percent().as_deref()), (1, 3, Some("33.3%")));
        let urban = group(office::reports::Dimension::Area, "城镇");
        assert_eq!(
            (urban.decided, urban.refused_percent()),
            (0, None),
            "a group of which nobody knows stands there"
        );
        assert_eq!(group(office::reports::Dimension::Age, "未成年人").watched, 1);
        let by_disability: Vec<_> = ["登记有残疾", "登记没有残疾", "还没有登记"]
            .map(|title| group(office::reports::Dimension::Disability, title))
            .into();
        assert_eq!(by_disability.iter().map(|group| group.watched).sum::<i64>(), 3, "{by_disability:?}");
        assert_eq!(by_disability.iter().map(|group| group.decided).sum::<i64>(), 1);
        let places = &found.groups[&office::reports::Dimension::Place];
        assert!(
            places.len() > 1 && places.iter().filter(|place| place.watched > 0).count() == 1,
            "{places:?}"
        );
        let export = grant::<office::access::Export>(&city.county_director);
        let format = office::tabular::ListFormat::Csv;
        let sheet = office::reports::fairness_sheet(&city.office, &reader, &export, from, today, format)
            .await
            .unwrap();
        assert!(String::from_utf8_lossy(&sheet).contains("33.3%"));
    }
}

/// Does a duty that asks only for fields of the record.
async fn asked(city: &Wuhai, actor: &Actor, duty: &DutyView, pairs: &[(&str, &str)]) {
    let opened = duties::duty(&city.office, &grant::<ReadRecords>(actor), duty.id).await.unwrap();
    let record = written(&opened.open, opened.record.answers(opened.open.register()), pairs);
    let version = opened.record.version;
    let on = city.office.now().today();
    let done = DutyDone { on, note: "", answers: Answers::new(), record: Some((record, version)) };
    duties::perform(&city.office, &grant::<KeepRecords>(actor), duty.id, done, None).await.unwrap();
}

/// SA-36, SA-37: whoever is supported at home has somebody who cares by agreement, is visited every month and asked every year where to live.
#[tokio::test]
async fn who_is_supported_at_home_is_cared_for_visited_and_asked() {
    for city in cities("tekun_services").await {
        let case = supported(&city).await;
        let agreement = city.seen(case).await.entries[0].clone();
        assert_eq!((agreement.register.as_str(), agreement.state.as_str()), ("care_agreement", "履行中"));
        nights(&city, 32).await;
        let open_duties = due(&city, &city.township_clerk, "tekun_person").await;
        let mut duties: Vec<&str> = open_duties.iter().map(|duty| duty.duty.as_str()).collect();
        duties.sort_unstable();
        assert_eq!(duties, ["survey", "visit"]);
        let today = city.office.now().today().to_string();
        let survey = open_duties.iter().find(|duty| duty.duty == "survey").unwrap();
        asked(&city, &city.township_clerk, survey, &[("surveyed_on", &today), ("wish", "wants")]).await;
        nights(&city, 40).await;
        assert_eq!(raised(&city, &city.county_clerk, "tekun_person").await, ["wants_a_place"]);
        let shown = seen(&city, &city.township_clerk, "tekun_person", survey.record).await;
        let said = |field: &str| {
            let fields = shown.groups.iter().flat_map(|group| &group.fields);
            fields.into_iter().find(|said| said.field == field).map(|said| said.words.clone())
        };
        assert_eq!((said("form").as_deref(), said("lost").as_deref()), (Some("在家分散供养"), Some("2项")));
        // By nobody's hand.
        let open = open(&city, &city.township_clerk, "tekun_person");
        let answers = written(&open, Answers::new(), &[("person", "石敢当")]);
        let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "补登" };
        let typed =
            records::save(&city.office, &grant::<KeepRecords>(&city.township_clerk), &open, new, None).await;
        assert!(matches!(&typed, Err(OfficeError::Conflict(said)) if said.contains("系统")), "{typed:?}");
        // The agreement runs out in two years and somebody has to see to it.
        nights(&city, 800).await;
        assert!(raised(&city, &city.township_clerk, "care_agreement").await.contains(&"over".to_owned()));
    }
}

/// SA-45: everybody who receives is given the sheet within a year, person by person; the county's 100% is reckoned from that.
#[tokio::test]
async fn the_sheet_is_given_to_everybody_who_receives() {
    for city in cities("benefit_list").await {
        city.granted(&Family::default()).await;
        nights(&city, 32).await;
        assert_eq!(reckoned(&city, "assistance_list_given").await, "0 / 3");
        let owed = due(&city, &city.village_worker, "benefit_list").await;
        assert_eq!(owed.len(), 3);
        let today = city.office.now().today().to_string();
        let given = [("given_on", today.as_str()), ("given_way", "printed"), ("given_to", "金满仓")];
        for duty in &owed[..2] {
            asked(&city, &city.village_worker, duty, &given).await;
        }
        nights(&city, 1).await;
        assert_eq!(reckoned(&city, "assistance_list_given").await, "2 / 3");
        // A year later it is owed anew, and what was given then proves nothing of this year.
        nights(&city, 370).await;
        assert_eq!(reckoned(&city, "assistance_list_given").await, "0 / 3");
    }
}

/// 社会救助法 art. 16: who was supported and has died is buried by somebody. It has a last day, and the record stays open until it says by whom.
#[tokio::test]
async fn who_was_supported_and_has_died_is_buried_by_somebody() {
    for city in cities("tekun_funeral").await {
        supported(&city).await;
        nights(&city, 32).await;
        let record = due(&city, &city.township_clerk, "tekun_person").await[0].record;
        let died_on = city.office.now().today();
        let tx = city.office.db().begin().await.unwrap();
        Query::system("test", "UPDATE person SET died_on = ? WHERE name = '石敢当'")
            .bind(died_on)
            .execute(&tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        nights(&city, 1).await;
        let left: Vec<(String, chrono::NaiveDate)> = due(&city, &city.township_clerk, "tekun_person")
            .await
            .into_iter()
            .map(|duty| (duty.duty, duty.due_on))
            .collect();
        assert_eq!(left, [("funeral".to_owned(), died_on + chrono::Days::new(3))]);
        nights(&city, 8).await;
        assert_eq!(raised(&city, &city.township_clerk, "tekun_person").await, ["not_reduced"]);
        let today = city.office.now().today().to_string();
        let by = [("funeral_by", "township"), ("funeral_on", today.as_str()), ("ashes", "骨灰堂格位")];
        let nobody = moved(&city, &city.township_clerk, "tekun_person", record, "bury", &by[1..]).await;
        assert!(matches!(nobody, Err(OfficeError::Invalid(_))), "{nobody:?}");
        moved(&city, &city.township_clerk, "tekun_person", record, "bury", &by).await.unwrap();
        nights(&city, 1).await;
        assert_eq!(seen(&city, &city.township_clerk, "tekun_person", record).await.record.state, "buried");
        assert!(due(&city, &city.township_clerk, "tekun_person").await.is_empty());
        assert!(raised(&city, &city.township_clerk, "tekun_person").await.is_empty());
    }
}

/// An indicator of the county as the night reckons it: its fraction.
async fn reckoned(city: &Wuhai, id: &str) -> String {
    let office = &city.office;
    indicators::schedule(office).await.unwrap();
    while let Some(claim) =
        store::jobs::claim(office.db(), &[indicators::INDICATORS_JOB], "test").await.unwrap()
    {
        indicators::work(office, &claim).await.unwrap();
    }
    let reader = grant::<ReadRecords>(&city.county_director);
    let month = office.now().month();
    let (indicator, places) =
        indicators::by_place(office, &reader, id, reader.division, month).await.unwrap();
    places[0].figure.fraction(&indicator).unwrap_or_default()
}

/// SA-37: who wants to live in an institution is asked, and where; nobody goes before somebody who cannot care for themselves without a reason on
/// record; the rate is reckoned.
#[tokio::test]
async fn who_cannot_care_for_themselves_is_placed_first() {
    for city in cities("placement").await {
        supported(&city).await;
        let mut lost = PARTLY;
        for item in &mut lost[1..7] {
            item.1 = "no";
        }
        supported_as(&city, "白头翁", &lost).await;
        nights(&city, 32).await;
        let homes = open(&city, &city.county_clerk, "care_institution");
        let home = [
            ("name", "海勃湾区敬老院"),
            ("credit_code", "12150302MB0A000001"),
            ("division", city.village),
            ("kind", "destitute"),
            ("approved_beds", "40"),
        ];
        let answers = written(&homes, Answers::new(), &home);
        let new =
            NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "依法备案" };
        let keeper = grant::<KeepRecords>(&city.county_clerk);
        let Saved::Done(home) = records::save(&city.office, &keeper, &homes, new, None).await.unwrap() else {
            panic!("a new record")
        };
        let wished = office::forms::reference_text(home.0);
        let today = city.office.now().today().to_string();
        let surveys = due(&city, &city.township_clerk, "tekun_person").await;
        let surveys: Vec<DutyView> = surveys.into_iter().filter(|duty| duty.duty == "survey").collect();
        assert_eq!(surveys.len(), 2);
        for survey in &surveys {
            let pairs = [("surveyed_on", today.as_str()), ("wish", "wants"), ("care_home", wished.as_str())];
            asked(&city, &city.township_clerk, survey, &pairs).await;
        }
        let of = |name: &str| surveys.iter().find(|survey| survey.record_title == name).unwrap().record;
        let (partly, wholly) = (of("石敢当"), of("白头翁"));
        let turn = async |record: RecordId| {
            let shown = seen(&city, &city.township_clerk, "tekun_person", record).await;
            let mut fields = shown.groups.iter().flat_map(|group| &group.fields);
            fields.find(|said| said.field == "turn").map(|said| said.words.clone())
        };
        assert_eq!((turn(partly).await.as_deref(), turn(wholly).await.as_deref()), (Some("2"), Some("1")));
        nights(&city, 11).await;
        let mut waits = raised(&city, &city.county_clerk, "tekun_person").await;
        waits.sort();
        assert_eq!(waits, ["alone", "unable_waits"]);
        let today = city.office.now().today().to_string();
        let placed = [("placed_on", today.as_str())];
        let ahead = moved(&city, &city.county_clerk, "tekun_person", partly, "place", &placed).await;
        assert!(matches!(&ahead, Err(OfficeError::Conflict(said)) if said.contains("先安排")), "{ahead:?}");
        let village = moved(&city, &city.village_worker, "tekun_person", wholly, "place", &placed).await;
        assert!(matches!(village, Err(OfficeError::NotFound(_))), "{village:?}");
        moved(&city, &city.county_clerk, "tekun_person", wholly, "place", &placed).await.unwrap();
        let city = city.restarted().await;
        assert_eq!(reckoned(&city, "assistance_placed").await, "1 / 2");
        assert_eq!(reckoned(&city, "assistance_placed_unable").await, "1 / 1");
        // Whoever lives there is paid as in an institution only by a decision of its own.
        assert_eq!(raised(&city, &city.township_clerk, "tekun_person").await, ["form_behind"]);
        moved(&city, &city.township_clerk, "tekun_person", partly, "place", &placed).await.unwrap();
        nights(&city, 1).await;
        assert_eq!(reckoned(&city, "assistance_placed").await, "2 / 2");
        let left = city.office.now().today().to_string();
        let back = [("returned_on", left.as_str()), ("returned_why", "想回家住")];
        moved(&city, &city.township_clerk, "tekun_person", partly, "return_home", &back).await.unwrap();
        let after = seen(&city, &city.township_clerk, "tekun_person", partly).await.record;
        assert_eq!(after.state, "supported");
        nights(&city, 1).await;
        assert_eq!(reckoned(&city, "assistance_placed").await, "1 / 2");
    }
}

/// What a visit found about a person.
pub async fn seen_at_home(city: &Wuhai, person: PersonId, fact: &str, value: &str) {
    let new = NewFact {
        subject: Subject::Person(person),
        fact: fact.to_owned(),
        value: Some(value.to_owned()),
        from_on: city.office.now().today(),
        until_on: None,
        source: Source::Visit,
        case: None,
        evidence: None,
    };
    let tx = city.office.db().begin().await.unwrap();
    office::people::record_facts_in(&city.office, &tx, &SEEN, &city.township_clerk.audit(), &[new])
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// SA-30: rural revitalisation's list comes in over the interface; whoever by rule belongs in 低保 or 特困 and is in neither is an alert until somebody
/// helps; the department reads at its own account what each has, and answers with what it does; those in relative poverty are followed by ourselves.
#[tokio::test]
async fn who_was_lifted_out_of_poverty_is_brought_in_by_rule_and_both_offices_know() {
    for city in cities("poverty").await {
        let with = city.granted(&Family::default()).await;
        let other = |name: &'static str| Family {
            names: vec![name],
            births: vec!["1990-02-02"],
            wages: vec!["0"],
            ..Family::default()
        };
        let without = city.file(&other("白云飞")).await.unwrap();
        let relative = city.file(&other("包青山")).await.unwrap();
        nights(&city, 31).await;
        let head = async |case| city.seen(case).await.case.applicant;
        let (with_aid, no_aid, poor) = (head(with).await, head(without).await, head(relative).await);
        for person in [with_aid, no_aid] {
            seen_at_home(&city, person, "work_ability", "none").await;
        }
        seen_at_home(&city, poor, "work_ability", "full").await;
        let register = open(&city, &city.county_clerk, "poverty_watch");
        let row = |person: PersonId, kind: &str| {
            let row = serde_json::json!({ "person": person.0, "kind": kind, "noted_on": "2026-10-01" });
            row.as_object().unwrap().clone()
        };
        let rows = [row(with_aid, "unstable"), row(no_aid, "lifted"), row(poor, "relative")];
        let keeper = grant::<KeepRecords>(&city.county_clerk);
        let key = store::IdempotencyKey::fresh().unwrap();
        let who = "staff:exchange";
        let put =
            records::resource::put(&city.office, &keeper, &register, &rows, "乡村振兴局名单", (&key, who))
                .await
                .unwrap();
        let ids: Vec<RecordId> = put.iter().map(|one| one.id()).collect();
        nights(&city, 1).await;
        assert_eq!(raised(&city, &city.township_clerk, "poverty_watch").await, ["should"]);
        let shown = seen(&city, &city.township_clerk, "poverty_watch", ids[1]).await;
        assert!(shown.alerts.iter().any(|alert| alert.alert == "should"), "the one without aid");

        // The department reads what each has, of those that are its own, and answers.
        let rural = grant::<AnswerCheck>(&crate::wuhai::actor(&city.office, "nongye").await);
        let bank = grant::<AnswerCheck>(&crate::wuhai::actor(&city.office, "yinhang").await);
        assert!(addressed::addressed(&city.office, &bank).await.unwrap().is_empty());
        let list = addressed::addressed(&city.office, &rural).await.unwrap();
        let said: Vec<String> = list.iter().map(|line| format!("{:?}", line.said)).collect();
        assert_eq!(list.len(), 2, "those in relative poverty are followed by civil affairs: {said:?}");
        assert!(said[0].contains("金满仓") && said[0].contains("最低生活保障对象"), "{said:?}");
        assert!(said[1].contains("白云飞") && said[1].contains("没有"), "{said:?}");
        let page = addressed::addressed_page(&city.office, &rural, "poverty_watch", ids[1]).await.unwrap();
        let today = city.office.now().today().to_string();
        let pairs = [("measures", "安排公益性岗位，纳入产业帮扶"), ("answered_on", today.as_str())];
        let answers = written(&page.open, page.record.answers(page.open.register()), &pairs);
        let begun = (ids[1], page.record.version);
        addressed::answer_addressed(&city.office, &rural, "poverty_watch", begun, "answer", answers)
            .await
            .unwrap();
        let city = city.restarted().await;
        let kept = seen(&city, &city.township_clerk, "poverty_watch", ids[1]).await;
        let words: Vec<&str> =
            kept.groups.iter().flat_map(|group| &group.fields).map(|said| said.words.as_str()).collect();
        assert!(words.iter().any(|words| words.contains("公益性岗位")), "{words:?}");

        // Nobody is let go who should be brought in; whoever leaves assistance stands out at once.
        let end = [("end_reason", "收入稳定")];
        let early = moved(&city, &city.county_clerk, "poverty_watch", ids[1], "end", &end).await;
        assert!(early.unwrap_err().to_string().contains("依规纳入"));
        moved(&city, &city.county_clerk, "poverty_watch", ids[2], "end", &end).await.unwrap();
        stopped(&city, with).await;
        nights(&city, 31).await;
        assert_eq!(raised(&city, &city.township_clerk, "poverty_watch").await, ["should", "should"]);
        // Whom rural revitalisation watches is of low income without assistance too; whoever it only lifted is not.
        let sql = "SELECT state, f_why FROM reg_low_income WHERE f_person = ?";
        let stands = async |person: PersonId| {
            let rows = Query::system("test", sql).bind(person).all(city.office.db()).await.unwrap();
            let words = |row: &store::Row| (row.get("state").unwrap(), row.get("f_why").unwrap());
            rows.iter().map(words).collect::<Vec<(String, String)>>()
        };
        assert_eq!(stands(with_aid).await, [("watched".to_owned(), "poverty".to_owned())]);
        assert!(stands(no_aid).await.is_empty());
        let visits = due(&city, &city.township_clerk, "poverty_watch").await;
        assert!(visits.iter().any(|duty| duty.title.contains("走访")), "{visits:?}");
    }
}
