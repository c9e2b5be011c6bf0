//! The other matters of social assistance, each by its real actors: 特困供养 from the form to the agreement and the money, 临时救助 with the
//! help first and the papers after.

use ledger::approve::ControlTotals;
use office::OfficeError;
use office::casework::{drafts, lists, sampling, view};
use office::people;
use office::roll::payments;
use rules::Value;
use serde_json::json;
use store::{CaseId, IdempotencyKey, Query, Scope, jobs};
use vocab::{Fen, Month, TimeLimit};

use crate::wuhai::{Family, NEIGHBOUR_VILLAGE, Wuhai, cities, grant};

const SEEN: Scope = Scope::System("test");

/// An old man alone.
fn alone() -> Family {
    Family {
        names: vec!["石敢当"],
        births: vec!["1950-03-05"],
        wages: vec!["0"],
        deposits: "2000",
        more: vec![("support/support_form", "none".to_owned())],
        ..Family::default()
    }
}

/// Two of the six items are lost: he washes and walks with help.
pub const PARTLY: [(&str, &str); 8] = [
    ("visit_obligors/obligor", "yes"),
    ("visit_self_care/eats_alone", "yes"),
    ("visit_self_care/dresses_alone", "yes"),
    ("visit_self_care/moves_bed_alone", "yes"),
    ("visit_self_care/toilets_alone", "yes"),
    ("visit_self_care/walks_alone", "no"),
    ("visit_self_care/bathes_alone", "no"),
    ("visit_choice/support_form", "none"),
];

/// Checked, visited and assessed.
pub async fn assessed(city: &Wuhai, case: CaseId, found: &[(&str, &str)]) {
    city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
    city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
    city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
    city.departments().await;
    office::means_test::run(&city.office, &grant(&city.county_clerk), case, "申请核对").await.unwrap();
    city.act(&city.township_clerk, case, "visit", found, &[]).await.unwrap();
}

/// On the county's desk after seven days of publicity.
async fn sent_up(city: &Wuhai, found: &[(&str, &str)]) -> CaseId {
    sent_up_of(city, &alone(), found).await
}

async fn sent_up_of(city: &Wuhai, family: &Family, found: &[(&str, &str)]) -> CaseId {
    let case = city.file_for("tekun", family).await.unwrap();
    assessed(city, case, found).await;
    city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
    city.days(8).await;
    city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
    case
}

pub async fn supported(city: &Wuhai) -> CaseId {
    supported_as(city, "石敢当", &PARTLY).await
}

/// An old man alone by another name, as the visits found him.
pub async fn supported_as(city: &Wuhai, name: &'static str, found: &[(&str, &str)]) -> CaseId {
    let case = sent_up_of(city, &Family { names: vec![name], ..alone() }, found).await;
    city.act(&city.county_clerk, case, "county_visit", found, &[]).await.unwrap();
    city.act(&city.second_county_clerk, case, "examine", &[], &[]).await.unwrap();
    city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
    city.act(&city.second_clerk, case, "agree_care", &AGREEMENT, &[]).await.unwrap();
    case
}

const AGREEMENT: [(&str, &str); 2] =
    [("care_agreement/carer_phone", "13800000000"), ("care_agreement/agreed_until", "2028-12-31")];

/// A fact of the applicant as rules read it today.
pub async fn fact(city: &Wuhai, case: CaseId, fact: &str) -> Value {
    let (case, now) = (city.seen(case).await.case, city.office.now());
    let family =
        people::facts_as_of(&city.office, city.office.db(), &SEEN, case.household, now.today(), now.at_ms())
            .await
            .unwrap();
    match family.fields.get(fact) {
        Some(value) => value.clone(),
        None => family.many["members"][0].fields[fact].clone(),
    }
}

/// The month's run of a programme, made, approved, exported and answered by the bank: what was paid.
pub async fn paid(city: &Wuhai, programme: &str, month: Month) -> (ledger::RunId, ControlTotals) {
    let office = &city.office;
    let (run, _) = payments::make_run(office, &grant(&city.accountant), programme, month).await.unwrap();
    worked(city).await;
    let made = payments::find_run(office, &grant(&city.accountant), run).await.unwrap();
    let totals = ControlTotals { count: made.line_count, total: made.total };
    payments::approve(office, &grant(&city.approver), run, totals).await.unwrap();
    let format = office::tabular::ListFormat::Csv;
    let file = payments::export_bank_file(office, &grant(&city.accountant), run, format).await.unwrap();
    let said = crate::roll::answer(&file, |_| "成功");
    payments::read_answer(office, &grant(&city.accountant), run, "回盘.csv", said.as_bytes(), totals)
        .await
        .unwrap();
    worked(city).await;
    (run, totals)
}

pub async fn worked(city: &Wuhai) {
    while let Some(claim) = jobs::claim(city.office.db(), &[payments::RUN_JOB], "test").await.unwrap() {
        payments::work_run(&city.office, &claim).await.unwrap();
    }
}

/// SA-08, SA-27, SA-36, SA-37: from the form to the money; the county looks first where the lot falls, the person chooses, somebody cares.
#[tokio::test]
async fn a_person_in_extreme_difficulty_is_supported() {
    for city in cities("tekun").await {
        let case = sent_up(&city, &PARTLY).await;
        let seen = city.seen(case).await;
        let investigation = seen.clocks.iter().find(|clock| clock.clock == "investigation").unwrap();
        assert_eq!(investigation.limit, TimeLimit::working_days(15));
        assert!(investigation.ended_on.is_some());
        let opinion = seen.clocks.iter().find(|clock| clock.clock == "county_opinion").unwrap();
        assert_eq!(
            (opinion.limit, seen.case.due_on),
            (TimeLimit::working_days(15), Some(opinion.due.latest))
        );
        // The first case of a county is always drawn: of one case thirty percent is one.
        let early = city.act(&city.county_clerk, case, "examine", &[], &[]).await;
        let Err(OfficeError::Conflict(said)) = early else { panic!("{early:?}") };
        assert!(said.contains("抽中"), "{said}");
        let row = Query::system("test", "SELECT percent, seed, place, drawn_before, drawn FROM case_draw");
        let row = row.one(city.office.db()).await.unwrap();
        let (percent, place): (i64, i64) = (row.get("percent").unwrap(), row.get("place").unwrap());
        let (seed, before): (String, i64) = (row.get("seed").unwrap(), row.get("drawn_before").unwrap());
        assert!(row.get::<bool>("drawn").unwrap());
        assert!((percent, place) == (30, 1) && sampling::falls(&seed, &seen.case.number, 30, 1, before));
        city.act(&city.county_clerk, case, "county_visit", &PARTLY, &[]).await.unwrap();
        city.act(&city.second_county_clerk, case, "examine", &[], &[]).await.unwrap();
        let done = city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        assert_eq!((done.step.as_str(), done.outcome), ("arrangement", None));
        let city = city.restarted().await;
        // 1650 basic living at home in the country and 480 for who cannot do two of the six things.
        let from = city.office.now().month().next();
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, from).await.unwrap();
        assert_eq!((held.programme.as_str(), held.monthly), ("tekun", Some(Fen(213_000))));
        assert_eq!((held.from, held.members, held.until), (from, 1, None));
        assert!(held.review_due_on.is_some());
        let letter = city.letter(case, "confirmation").await;
        assert_eq!((&letter["pays"], &letter["amount_fen_per_month"]), (&json!("monthly"), &json!(213_000)));
        assert!(letter["basis"].to_string().contains("特困人员认定办法"), "{}", letter["basis"]);
        // He stays at home: an agreement with who cares for him, not a place in an institution.
        let elsewhere = city.act(&city.second_clerk, case, "admit", &[], &[]).await;
        assert!(matches!(elsewhere, Err(OfficeError::Conflict(_))), "{elsewhere:?}");
        let done = city.act(&city.second_clerk, case, "agree_care", &AGREEMENT, &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("granted"));
        assert_eq!(
            fact(&city, case, "assistance_class").await,
            Value::from("none"),
            "not before the first month"
        );
        city.days(30).await;
        assert_eq!(fact(&city, case, "assistance_class").await, Value::from("tekun"));
        let (_, totals) = paid(&city, "tekun", from).await;
        assert_eq!(totals, ControlTotals { count: 1, total: Fen(213_000) });
        let (_, mismatches) = office::casework::determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(mismatches.is_empty(), "{mismatches:?}");
    }
}

/// What an action itself finds counts in what the rules say after it, though the clock has moved on since the action began.
#[tokio::test]
async fn what_a_visit_finds_counts_at_once() {
    for city in cities("tekun_at_once").await {
        let city = city.ticking();
        let case = city.file_for("tekun", &alone()).await.unwrap();
        assessed(&city, case, &PARTLY).await;
        let amount: Option<Fen> = Query::system(
            "test",
            "SELECT amount_fen FROM determination WHERE case_id = ? ORDER BY id DESC LIMIT 1",
        )
        .bind(case)
        .scalar(city.office.db())
        .await
        .unwrap();
        assert_eq!(amount, Some(Fen(213_000)), "the six items of the visit");
    }
}

/// A son who can provide: refused in writing with the reason, within three working days.
#[tokio::test]
async fn who_has_an_able_obligor_is_refused_with_reasons() {
    for city in cities("tekun_refused").await {
        let mut found = PARTLY;
        found[0].1 = "no";
        let case = sent_up(&city, &found).await;
        city.act(&city.county_clerk, case, "county_visit", &found, &[]).await.unwrap();
        city.act(&city.second_county_clerk, case, "examine", &[], &[]).await.unwrap();
        let confirmed = city.act(&city.county_director, case, "confirm", &[], &[]).await;
        assert!(matches!(confirmed, Err(OfficeError::Conflict(_))), "{confirmed:?}");
        city.act(&city.county_director, case, "refuse", &[], &["obligor_able"]).await.unwrap();
        let letter = city.letter(case, "denial").await;
        assert_eq!(letter["reasons"][0]["title"], json!("法定义务人有履行义务能力"));
        assert!(letter["conditions"][0]["title"].as_str().unwrap().contains("义务人"), "{letter}");
        city.act(&city.second_clerk, case, "deliver_refusal", &[], &[]).await.unwrap();
        assert_eq!(city.seen(case).await.case.outcome.as_deref(), Some("refused"));
    }
}

/// 特困人员认定办法 art. 15: an objection is investigated within fifteen working days, and it hangs seven days again.
#[tokio::test]
async fn an_objection_is_investigated_and_published_again() {
    for city in cities("tekun_objection").await {
        let case = city.file_for("tekun", &alone()).await.unwrap();
        assessed(&city, case, &PARTLY).await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.act(&city.village_worker, case, "object", &[], &[]).await.unwrap();
        let again = city.seen(case).await;
        let clock = again.clocks.iter().find(|clock| clock.clock == "reinvestigation").unwrap();
        assert_eq!(clock.limit, TimeLimit::working_days(15));
        city.act(&city.township_clerk, case, "visit", &PARTLY, &[]).await.unwrap();
        let done = city.act(&city.second_clerk, case, "opine_again", &[], &[]).await.unwrap();
        assert_eq!(done.step, "publicity");
        let early = city.act(&city.village_worker, case, "close_notice", &[], &[]).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "{early:?}");
    }
}

/// Husband and wife each ask for themselves: the matter is about a person, and each is decided alone.
#[tokio::test]
async fn two_of_a_family_ask_each_for_themselves() {
    for city in cities("tekun_two").await {
        let both = |names: [&'static str; 2], births: [&'static str; 2]| Family {
            names: names.to_vec(),
            births: births.to_vec(),
            wages: vec!["0", "0"],
            ..alone()
        };
        let first = both(["石敢当", "云中鹤"], ["1950-03-05", "1951-04-06"]);
        let case = city.file_for("tekun", &first).await.unwrap();
        let again = city.file_again("tekun", case, 0).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))), "{again:?}");
        let second = city.file_again("tekun", case, 1).await.unwrap();
        let (one, other) = (city.seen(case).await.case, city.seen(second).await.case);
        assert_eq!((one.household, one.members, other.members), (other.household, 1, 1));
        assert_ne!(one.person, other.person);
    }
}

async fn reported(city: &Wuhai, granted: CaseId) -> CaseId {
    let benefit = city.seen(granted).await.case.entitlement.unwrap();
    let desk = city.township_clerk.grant().unwrap();
    let filler = drafts::Filler::Desk(&desk);
    let draft = drafts::begin(&city.office, filler, "tekun_change", Some(benefit)).await.unwrap();
    let answers = city.application_for("tekun_change", &filler.owner(), &alone()).await;
    let open = drafts::open(&city.office, filler, draft).await.unwrap();
    drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
    drafts::submit(&city.office, filler, draft, &IdempotencyKey::fresh().unwrap()).await.unwrap()
}

/// 特困人员认定办法 art. 23 and 26: more care when more is lost; no end unheard, and none before it hung for seven days.
#[tokio::test]
async fn support_follows_self_care_and_ends_heard_and_published() {
    for city in cities("tekun_after").await {
        let granted = supported(&city).await;
        city.days(30).await;
        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let clock = city.seen(case).await.clocks[0].clone();
        assert_eq!((clock.clock.as_str(), clock.limit), ("reassessment", TimeLimit::working_days(10)));
        let mut lost = PARTLY;
        for item in &mut lost[1..7] {
            item.1 = "no";
        }
        city.act(&city.township_clerk, case, "visit", &lost, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "increase", &[], &["self_care"]).await.unwrap();
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        let next = city.office.now().month().next();
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, next).await.unwrap();
        assert_eq!(held.monthly, Some(Fen(285_000)), "1650 and 1200 for who can do nothing alone");

        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let mut able = lost;
        able[0].1 = "no";
        city.act(&city.township_clerk, case, "visit", &able, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "hear", &[("hearing/heard_member", "0")], &[]).await.unwrap();
        let early = city.act(&city.village_worker, case, "close_notice", &[], &[]).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "{early:?}");
        city.days(8).await;
        city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
        let done = city.act(&city.county_director, case, "stop", &[], &["obligor_able"]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("stopped"));
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, next).await.unwrap();
        assert_eq!(held.until, Some(city.office.now().month()));
        assert_eq!(city.letter(case, "adjustment").await["kind"], json!("停发"));
    }
}

/// A death in a case of support: it is written down, the benefit ends with its month, and nobody has to be heard.
#[tokio::test]
async fn the_case_of_who_was_supported_ends_with_the_benefit() {
    for city in cities("tekun_died").await {
        let granted = supported(&city).await;
        city.days(30).await;
        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let died = [
            ("member_change/member_change", "leave"),
            ("member_change/change_reason", "death"),
            ("member_change/changed_member", "0"),
        ];
        city.act(&city.township_clerk, case, "change_members", &died, &[]).await.unwrap();
        let done = city.act(&city.second_clerk, case, "close_over", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("stopped"));
        let (benefit, month) =
            (city.seen(granted).await.case.entitlement.unwrap(), city.office.now().month());
        let over = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month.next()).await.unwrap();
        assert_eq!(over.until, Some(month));
    }
}

/// A couple whose home burned, far from where they live.
pub fn burned_out() -> Family {
    Family {
        names: vec!["云中鹤", "欧阳春雨"],
        births: vec!["1981-03-05", "1984-11-19"],
        wages: vec!["0", "0"],
        village: NEIGHBOUR_VILLAGE,
        ..Family::default()
    }
}

pub const FIRE: [(&str, &str); 3] =
    [("scene/emergency_kind", "fire"), ("scene/hardship_level", "a"), ("scene/severe", "yes")];

pub async fn before_the_decision(city: &Wuhai, scene: &[(&str, &str)]) -> CaseId {
    let case = city.file_for("temporary_emergency", &burned_out()).await.unwrap();
    city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
    city.act(&city.township_clerk, case, "visit", scene, &[]).await.unwrap();
    city.act(&city.second_clerk, case, "send_up", &[], &[]).await.unwrap();
    case
}

/// SA-31, SA-32, SA-33; 社会救助法 art. 37 and 50: where it happened, help first, papers after; paid once.
#[tokio::test]
async fn help_comes_first_and_the_papers_after() {
    for city in cities("emergency").await {
        let case = before_the_decision(&city, &FIRE).await;
        let seen = city.seen(case).await;
        assert_eq!(
            seen.case.township, city.township_clerk.division,
            "where it happened, not where they live"
        );
        assert!(seen.case.delegated, "1920 yuan is the township's");
        let county = city.act(&city.county_director, case, "help_first", &ONCE, &[]).await;
        assert!(county.is_err(), "{county:?}");
        let done = city.act(&city.township_head, case, "help_first", &ONCE, &[]).await.unwrap();
        assert_eq!((done.step.as_str(), done.outcome), ("makeup", None));
        let city = city.restarted().await;
        // 960 yuan a head for the lowest level.
        let (month, seen) = (city.office.now().month(), city.seen(case).await);
        let benefit = seen.case.entitlement.unwrap();
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month).await.unwrap();
        assert_eq!((held.from, held.until, held.monthly), (month, Some(month), Some(Fen(192_000))));
        assert_eq!(held.review_due_on, None, "what is paid once is not reviewed");
        // What is to be made up is a task with a day.
        let clock = seen.clocks.iter().find(|clock| clock.clock == "makeup").unwrap();
        assert_eq!(clock.limit, TimeLimit::working_days(10));
        let work: Vec<lists::Work> = city.work(&city.township_clerk).await;
        assert!(work.iter().any(|work| work.case == case && work.due_on == clock.due.latest), "{work:?}");
        let letter = city.letter(case, "confirmation").await;
        assert_eq!((&letter["pays"], &letter["stages"]), (&json!("once"), &json!([])));
        let (_, totals) = paid(&city, "temporary_emergency", month).await;
        assert_eq!(totals, ControlTotals { count: 1, total: Fen(192_000) });
        let received = fact(&city, case, "temporary_received").await;
        assert_eq!(received, Value::Number(rules::Rational::from_scaled(192_000, 2)));
        let papers = [("makeup/helped_amount", "1920")];
        let done = city.act(&city.township_clerk, case, "make_up", &papers, &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("granted"));
        assert!(city.work(&city.township_clerk).await.is_empty());
    }
}

pub const ONCE: [(&str, &str); 1] = [("decision/stages", "1")];

/// SA-32: what is above the township's limit is the county's.
#[tokio::test]
async fn above_the_limit_the_county_decides() {
    for city in cities("emergency_county").await {
        let mut grave = FIRE;
        grave[1].1 = "c";
        let case = before_the_decision(&city, &grave).await;
        assert!(!city.seen(case).await.case.delegated, "11520 yuan");
        let township = city.act(&city.township_head, case, "help_first", &ONCE, &[]).await;
        assert!(township.is_err(), "{township:?}");
        city.act(&city.county_director, case, "help_first", &ONCE, &[]).await.unwrap();
    }
}

/// Nothing happened that is an emergency: refused with the reason.
#[tokio::test]
async fn what_is_no_emergency_is_refused() {
    for city in cities("emergency_refused").await {
        let mut nothing = FIRE;
        nothing[2].1 = "no";
        let case = before_the_decision(&city, &nothing).await;
        city.act(&city.township_head, case, "refuse", &[], &["not_severe"]).await.unwrap();
        assert_eq!(
            city.letter(case, "denial").await["reasons"][0]["title"],
            json!("基本生活没有出现严重困难")
        );
        city.act(&city.second_clerk, case, "deliver_refusal", &[], &[]).await.unwrap();
        assert_eq!(city.seen(case).await.case.outcome.as_deref(), Some("refused"));
    }
}

/// SA-32: one decision, several stages; what does not divide is in the first.
#[tokio::test]
async fn one_decision_pays_in_several_stages() {
    for city in cities("stages").await {
        let sick = Family { more: vec![("expenses/rigid_medical", "4000".to_owned())], ..Family::default() };
        let case = city.file_for("temporary_expenditure", &sick).await.unwrap();
        let found = [
            ("visit_income/0/employed", "yes"),
            ("visit_income/0/wage_income", "1500"),
            ("visit_expenses/rigid_medical", "4000"),
            ("scene_property/severe", "yes"),
        ];
        assessed(&city, case, &found).await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        let stages = [("decision/stages", "7")];
        city.act(&city.county_director, case, "confirm", &stages, &[]).await.unwrap();
        // 30 % of 48 000 yuan.
        let (month, benefit) = (city.office.now().month(), city.seen(case).await.case.entitlement.unwrap());
        let of =
            async |month| ledger::months::recorded_amount(city.office.db(), benefit, month).await.unwrap();
        assert_eq!((of(month).await, of(month.next()).await), (Fen(205_716), Fen(205_714)));
        assert_eq!((of(month.plus(6)).await, of(month.plus(7)).await), (Fen(205_714), Fen(0)));
        let received = fact(&city, case, "temporary_received").await;
        assert_eq!(
            received,
            Value::Number(rules::Rational::from_scaled(1_440_000, 2)),
            "with the stages to come"
        );
        assert_eq!(city.letter(case, "confirmation").await["stages"].as_array().unwrap().len(), 7);
        let shown = view::open(&city.office, &grant(&city.county_director), case).await.unwrap();
        assert_eq!(shown.case.outcome.as_deref(), Some("granted"));
    }
}

/// Through the whole of a recognition, to the county director's desk.
pub async fn examined(city: &Wuhai, item: &str, family: &Family, found: &[(&str, &str)]) -> CaseId {
    let case = city.file_for(item, family).await.unwrap();
    assessed(city, case, found).await;
    city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
    city.days(8).await;
    city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    case
}

pub const WAGES: [(&str, &str); 2] =
    [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "4000")];

/// SA-02, SA-41: above the standard and below one and a half of it; recognised, not paid, and the books say so to every other rule.
#[tokio::test]
async fn a_marginal_family_is_recognised_without_money() {
    for city in cities("marginal").await {
        let family = Family { wages: vec!["4000", "0", "0"], ..Family::default() };
        let case = examined(&city, "marginal", &family, &WAGES).await;
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        let seen = city.seen(case).await;
        assert_eq!(seen.case.outcome.as_deref(), Some("granted"));
        let (benefit, from) = (seen.case.entitlement.unwrap(), city.office.now().month().next());
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, from).await.unwrap();
        assert_eq!((held.programme.as_str(), held.monthly, held.members), ("marginal", Some(Fen(0)), 3));
        assert!(held.review_due_on.is_some() && held.until.is_none());
        let letter = city.letter(case, "confirmation").await;
        assert_eq!(letter["pays"], json!("nothing"));
        city.days(30).await;
        assert_eq!(fact(&city, case, "assistance_class").await, Value::from("marginal"));
        let tx = city.office.db().begin().await.unwrap();
        let officer = ledger::Officer { staff: city.accountant.staff, at: city.office.now() };
        let county = city.accountant.division;
        let run = ledger::run::begin(&tx, &SEEN, county, "marginal", from, officer).await.unwrap();
        tx.commit().await.unwrap();
        let watch = &mut |_| std::ops::ControlFlow::Continue(());
        let made = ledger::carry_on(city.office.db(), run, watch).await.unwrap();
        assert_eq!((made.line_count, made.total), (0, Fen(0)), "a recognition pays nobody");
    }
}

/// Who was recognised alone has died: the recognition ends with the month of death, and its review ends without a hearing of nobody.
#[tokio::test]
async fn the_review_of_a_marginal_family_of_one_ends_with_the_recognition() {
    for city in cities("marginal_died").await {
        let alone = Family {
            names: vec!["白音"],
            births: vec!["1975-03-05"],
            wages: vec!["1330"],
            ..Family::default()
        };
        let found = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "1330")];
        let granted = examined(&city, "marginal", &alone, &found).await;
        city.act(&city.county_director, granted, "confirm", &[], &[]).await.unwrap();
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        city.days(30).await;
        let desk = city.township_clerk.grant().unwrap();
        let filler = drafts::Filler::Desk(&desk);
        let draft = drafts::begin(&city.office, filler, "marginal_review", Some(benefit)).await.unwrap();
        let answers = city.application_for("marginal_review", &filler.owner(), &alone).await;
        let open = drafts::open(&city.office, filler, draft).await.unwrap();
        drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
        let key = IdempotencyKey::fresh().unwrap();
        let case = drafts::submit(&city.office, filler, draft, &key).await.unwrap();
        let early = city.act(&city.second_clerk, case, "close_over", &[], &[]).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "{early:?}");
        let died = [
            ("member_change/member_change", "leave"),
            ("member_change/change_reason", "death"),
            ("member_change/changed_member", "0"),
        ];
        city.act(&city.township_clerk, case, "change_members", &died, &[]).await.unwrap();
        let done = city.act(&city.second_clerk, case, "close_over", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("stopped"));
        let month = city.office.now().month();
        let over = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month.next()).await.unwrap();
        assert_eq!(over.until, Some(month));
    }
}

/// A family below the standard is refused, and the letter sends it to 低保.
#[tokio::test]
async fn who_is_poorer_is_sent_to_the_allowance() {
    for city in cities("marginal_refused").await {
        let found = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "1500")];
        let case = examined(&city, "marginal", &Family::default(), &found).await;
        city.act(&city.county_director, case, "refuse", &[], &["dibao_first"]).await.unwrap();
        let letter = city.letter(case, "denial").await;
        assert!(
            letter["conditions"][0]["explanation"].as_str().unwrap().contains("最低生活保障"),
            "{letter}"
        );
        city.act(&city.second_clerk, case, "deliver_refusal", &[], &[]).await.unwrap();
        assert_eq!(city.seen(case).await.case.outcome.as_deref(), Some("refused"));
    }
}

/// 刚性支出困难家庭认定办法 art. 8 and 10: thirty working days; twelve months, then it is applied for anew.
#[tokio::test]
async fn a_family_of_great_expenses_is_recognised_for_twelve_months() {
    for city in cities("rigid").await {
        let more = vec![("expenses/rigid_living", "6500".to_owned())];
        let family = Family { wages: vec!["9000", "0", "0"], more, ..Family::default() };
        let found = [
            ("visit_income/0/employed", "yes"),
            ("visit_income/0/wage_income", "9000"),
            ("visit_expenses/rigid_living", "6500"),
        ];
        let case = city.file_for("rigid", &family).await.unwrap();
        assessed(&city, case, &found).await;
        // No rule asks for publicity: what a family spends on illness hangs nowhere before the decision.
        let done = city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        assert_eq!(done.step, "examination");
        let hanging: i64 = Query::system("test", "SELECT count(*) FROM notice WHERE case_id = ?")
            .bind(case)
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!(hanging, 0);
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        let total = city.seen(case).await.clocks.into_iter().find(|clock| clock.clock == "total").unwrap();
        assert_eq!(total.limit, TimeLimit::working_days(30));
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        let (benefit, from) =
            (city.seen(case).await.case.entitlement.unwrap(), city.office.now().month().next());
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, from).await.unwrap();
        assert_eq!((held.from, held.until), (from, Some(from.plus(11))));
        assert_eq!(city.letter(case, "confirmation").await["until_month"], json!(from.plus(11).to_string()));
        city.days(30).await;
        assert_eq!(fact(&city, case, "assistance_class").await, Value::from("rigid"));
        // After twelve months nothing of it is left, by time alone, and the family asks again.
        city.days(365).await;
        assert_eq!(fact(&city, case, "assistance_class").await, Value::from("none"));
        city.file_again("rigid", case, 0).await.unwrap();
    }
}

/// SA-46: refused the allowance, the family reads in the letter, and the desk on its page, what else the same rules say yes to.
#[tokio::test]
async fn a_refusal_names_what_else_there_is() {
    for city in cities("other_help").await {
        let family = Family { wages: vec!["4000", "0", "0"], ..Family::default() };
        let case = examined(&city, "dibao", &family, &WAGES).await;
        city.act(&city.county_director, case, "refuse", &[], &["income_above"]).await.unwrap();
        let city = city.restarted().await;
        let help: Vec<String> = city.seen(case).await.other_help.into_iter().map(|help| help.item).collect();
        assert_eq!(
            help,
            ["marginal"],
            "4000 a month for three is above the standard and below one and a half of it"
        );
        let letter = city.letter(case, "refusal").await;
        assert!(letter["other_help"][0].as_str().unwrap().contains("最低生活保障边缘家庭"), "{letter}");
    }
}

/// What a rule reads of a recipient is what the books say: for the month asked, as known at the moment asked, and the same in the
/// projection that everybody's sweep reads.
#[tokio::test]
async fn the_books_say_who_receives_in_both_times() {
    for city in cities("held").await {
        let case = sent_up(&city, &PARTLY).await;
        let before_the_grant = city.office.now().at_ms() - 1;
        city.act(&city.county_clerk, case, "county_visit", &PARTLY, &[]).await.unwrap();
        city.act(&city.second_county_clerk, case, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        let seen = city.seen(case).await.case;
        let projected = async || -> Option<String> {
            people::roll_forward(&city.office).await.unwrap();
            Query::system("test", "SELECT assistance_class FROM person_now WHERE person_id = ?")
                .bind(seen.applicant)
                .scalar(city.office.db())
                .await
                .unwrap()
        };
        assert_eq!(projected().await.as_deref(), Some("none"), "granted, but not before next month");
        city.days(30).await;
        assert_eq!(projected().await.as_deref(), Some("tekun"), "a new month began");
        let as_known = async |known_at: i64, valid_on: chrono::NaiveDate| {
            let office = &city.office;
            let family = people::facts_as_of(office, office.db(), &SEEN, seen.household, valid_on, known_at);
            family.await.unwrap().many["members"][0].fields["assistance_class"].clone()
        };
        let (now, today) = (city.office.now().at_ms(), city.office.now().today());
        assert_eq!(as_known(now, today).await, Value::from("tekun"));
        assert_eq!(as_known(before_the_grant, today).await, Value::from("none"), "nobody knew it then");
        let first = city.office.now().month().first_day();
        assert_eq!(as_known(now, first.pred_opt().unwrap()).await, Value::from("none"), "not for that month");
        // What the person gets counts where a child's or a disabled person's allowance is reckoned.
        let received = fact(&city, case, "assistance_received").await;
        assert_eq!(received, Value::Number(rules::Rational::from_scaled(213_000, 2)));
    }
}
