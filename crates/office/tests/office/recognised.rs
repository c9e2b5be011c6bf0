//! What follows the recognition of a 低保边缘家庭 or 刚性支出困难家庭: a report of change, a review whenever there is cause, an end that was heard before - and
//! the end that comes with what takes its place, which waits for no hearing.

use ledger::EntitlementId;
use ledger::pages::EntitlementRow;
use office::OfficeError;
use office::access::{Citizen, citizen_of_synthetic};
use office::casework::drafts::{self, Filler};
use office::casework::{Doer, view};
use office::forms::{FieldPath, Raw, specimen};
use rules::Value;
use serde_json::json;
use store::{CaseId, IdempotencyKey, Query, Scope};
use vocab::Month;

use crate::matters::{WAGES, assessed, examined, fact};
use crate::wuhai::{Family, Wuhai, cities};

const SEEN: Scope = Scope::System("test");

async fn held(city: &Wuhai, id: EntitlementId, month: Month) -> EntitlementRow {
    ledger::pages::entitlement(city.office.db(), &SEEN, id, month).await.unwrap()
}

async fn covered(city: &Wuhai, id: EntitlementId, month: Month) -> usize {
    ledger::pages::members(city.office.db(), &SEEN, id, month).await.unwrap().len()
}

/// What the visit finds the man to earn.
fn earns(wage: &str) -> [(&str, &str); 2] {
    [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", wage)]
}

/// Three people on 4,000 yuan, recognised a month ago.
async fn marginal(city: &Wuhai) -> (CaseId, EntitlementId) {
    let family = Family { wages: vec!["4000", "0", "0"], ..Family::default() };
    let case = examined(city, "marginal", &family, &WAGES).await;
    city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
    city.days(30).await;
    (case, city.seen(case).await.case.entitlement.unwrap())
}

const EXPENSES: [(&str, &str); 3] = [
    ("visit_income/0/employed", "yes"),
    ("visit_income/0/wage_income", "9000"),
    ("visit_expenses/rigid_living", "6500"),
];

/// Three people on 9,000 yuan of which 6,500 must be spent, recognised a month ago.
async fn rigid(city: &Wuhai) -> (CaseId, EntitlementId) {
    let more = vec![("expenses/rigid_living", "6500".to_owned())];
    let family = Family { wages: vec!["9000", "0", "0"], more, ..Family::default() };
    let case = city.file_for("rigid", &family).await.unwrap();
    assessed(city, case, &EXPENSES).await;
    city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
    city.days(30).await;
    (case, city.seen(case).await.case.entitlement.unwrap())
}

async fn applicant(city: &Wuhai, case: CaseId) -> Citizen {
    let person = city.seen(case).await.case.applicant;
    citizen_of_synthetic(&city.office, person).await.unwrap()
}

/// A matter about a benefit, begun with its form filled in the simplest right way.
async fn begun(city: &Wuhai, filler: Filler<'_>, item: &str, benefit: EntitlementId) -> CaseId {
    let draft = drafts::begin(&city.office, filler, item, Some(benefit)).await.unwrap();
    let release = city.office.release();
    let form = release.forms.get(&release.items.get(item).unwrap().form).unwrap();
    let today = city.office.now().today();
    let members = covered(city, benefit, Month::containing(today).next()).await;
    let mut answers = specimen(&release, form, members, "", |_, _, _| None);
    for (page, field) in form.fields() {
        if *field.kind == catalogue::definition::FieldKind::Date {
            let parts = [("year", "%Y"), ("month", "%m"), ("day", "%d")];
            let parts = parts.map(|(part, format)| (part.to_owned(), today.format(format).to_string()));
            answers.set(&FieldPath::new(page, None, field), Raw::Parts(parts.into_iter().collect()));
        }
    }
    let open = drafts::open(&city.office, filler, draft).await.unwrap();
    drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
    drafts::submit(&city.office, filler, draft, &IdempotencyKey::fresh().unwrap()).await.unwrap()
}

/// The same family asks for something else, to the county director's desk.
async fn asked_again(city: &Wuhai, item: &str, of: CaseId, found: &[(&str, &str)]) -> CaseId {
    let case = city.file_again(item, of, 0).await.unwrap();
    assessed(city, case, found).await;
    city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
    // Seven days, and to the next working day where the last is none; of a year whose holidays nobody has published yet, the latest that it can be.
    city.days(21).await;
    city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    case
}

async fn hearings(city: &Wuhai) -> i64 {
    Query::system("test", "SELECT count(*) FROM case_record WHERE kind = 'hearing'")
        .scalar(city.office.db())
        .await
        .unwrap()
}

fn refused<T: std::fmt::Debug>(done: Result<T, OfficeError>, says: &str) {
    let Err(OfficeError::Conflict(said)) = done else { panic!("{done:?}") };
    assert!(said.contains(says), "{said}");
}

/// 社会救助法 art. 18, 21: one family is one of the two. What it gains is decided, what that takes the place of ends with it, unheard and said; and
/// while it has the one it is not recognised as the other.
#[tokio::test]
async fn a_family_that_enters_the_allowance_is_recognised_no_longer() {
    for city in cities("replaced").await {
        let (recognised, benefit) = marginal(&city).await;
        let case = asked_again(&city, "dibao", recognised, &earns("1500")).await;
        let last = city.office.now().month();
        let director = Doer::Desk(&city.county_director);
        let page = view::action_page(&city.office, director, case, "confirm").await.unwrap();
        let [said] = &page.replaced[..] else { panic!("{:?}", page.replaced) };
        assert_eq!((said.title.as_str(), said.last, said.whole), ("最低生活保障边缘家庭", last, true));
        assert_eq!(held(&city, benefit, last).await.until, None, "seen beforehand, and not done by that");
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();

        let city = city.restarted().await;
        let ended = held(&city, benefit, last).await;
        assert_eq!(ended.until, Some(last));
        let why = ended.end_reason.unwrap();
        assert!(why.contains("低保家庭都能申请") && why.contains("第二十一条"), "{why}");
        assert_eq!(hearings(&city).await, 0, "nothing is taken from the family");
        let granted = city.seen(case).await.case.entitlement.unwrap();
        let next = last.next();
        assert_eq!((covered(&city, benefit, last).await, covered(&city, benefit, next).await), (3, 0));
        assert_eq!((covered(&city, granted, last).await, covered(&city, granted, next).await), (0, 3));
        let letter = city.letter(case, "grant").await;
        assert_eq!(letter["ends"][0]["title"], json!("最低生活保障边缘家庭"), "{letter}");
        assert_eq!(letter["ends"][0]["last_month"], json!(last.to_string()));
        let own = view::open_own(&city.office, &applicant(&city, case).await, case).await.unwrap();
        assert_eq!((own.replaced.len(), own.replaced[0].last), (1, last));
        city.days(30).await;
        assert_eq!(fact(&city, case, "assistance_class").await, Value::from("dibao"));

        let again = asked_again(&city, "marginal", recognised, &WAGES).await;
        let twice = city.act(&city.county_director, again, "confirm", &[], &[]).await;
        refused(twice, "不同时认定");
    }
}

/// 刚性支出困难家庭认定办法 art. 4: not one of great expenses who is marginal. Both stand in one exclusion group, so the one makes way for the other.
#[tokio::test]
async fn a_marginal_family_is_no_family_of_great_expenses() {
    for city in cities("makes_way").await {
        let (recognised, benefit) = rigid(&city).await;
        let until = held(&city, benefit, city.office.now().month()).await.until;
        let case = asked_again(&city, "marginal", recognised, &WAGES).await;
        let last = city.office.now().month();
        assert!(until.is_some_and(|until| until > last), "it would have run for months yet");
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        assert_eq!(held(&city, benefit, last).await.until, Some(last));
        let granted = city.seen(case).await.case.entitlement.unwrap();
        assert_eq!(covered(&city, granted, last.next()).await, 3);
        let letter = city.letter(case, "confirmation").await;
        assert_eq!(letter["ends"][0]["title"], json!("刚性支出困难家庭"), "{letter}");
    }
}

/// 社会救助法 art. 46, 48: the family reports, the visit finds more than the limit, the family is heard, then it ends.
#[tokio::test]
async fn a_reported_change_of_a_marginal_family_is_heard_before_it_ends() {
    for city in cities("marginal_change").await {
        let (recognised, benefit) = marginal(&city).await;
        let citizen = applicant(&city, recognised).await;
        let case = begun(&city, Filler::Citizen(&citizen), "marginal_change", benefit).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "visit", &earns("9000"), &[]).await.unwrap();
        refused(city.act(&city.second_clerk, case, "propose", &[], &[]).await, "听取意见");
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        let unheard = city.act(&city.county_director, case, "stop", &[], &["above_marginal"]).await;
        assert!(unheard.is_err(), "{unheard:?}");
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        refused(city.act(&city.county_director, case, "keep", &[], &[]).await, "规则结论");
        city.act(&city.county_director, case, "stop", &[], &["above_marginal"]).await.unwrap();

        let city = city.restarted().await;
        let month = city.office.now().month();
        assert_eq!(held(&city, benefit, month).await.until, Some(month));
        assert_eq!(city.seen(case).await.case.outcome.as_deref(), Some("stopped"));
        let letter = city.letter(case, "recognition_end").await;
        assert!(letter["hearing"].is_object(), "{letter}");
        assert_eq!(letter["matter"], json!("最低生活保障边缘家庭"));
        city.days(30).await;
        assert_eq!(fact(&city, case, "assistance_class").await, Value::from("none"));
    }
}

/// Who became poorer is helped to the allowance and loses nothing meanwhile (社会救助法 art. 39).
#[tokio::test]
async fn who_became_poorer_is_helped_to_more_and_stays_recognised() {
    for city in cities("poorer").await {
        let (recognised, benefit) = marginal(&city).await;
        let citizen = applicant(&city, recognised).await;
        let case = begun(&city, Filler::Citizen(&citizen), "marginal_change", benefit).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "visit", &earns("4000"), &[]).await.unwrap();
        refused(city.act(&city.second_clerk, case, "apply_better", &[], &[]).await, "不符合");
        city.act(&city.township_clerk, case, "visit", &earns("1500"), &[]).await.unwrap();
        city.act(&city.second_clerk, case, "apply_better", &[], &[]).await.unwrap();
        assert_eq!(city.seen(case).await.case.outcome.as_deref(), Some("continued"));
        assert_eq!(held(&city, benefit, city.office.now().month()).await.until, None);
    }
}

/// A recognition goes on for the family as it is: a child comes in at once, who lives elsewhere goes out after the family was heard.
#[tokio::test]
async fn a_recognition_follows_the_family() {
    for city in cities("follows").await {
        let (recognised, benefit) = marginal(&city).await;
        let citizen = applicant(&city, recognised).await;
        let next = city.office.now().month().next();
        let case = begun(&city, Filler::Citizen(&citizen), "marginal_change", benefit).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let child = vocab::CitizenId::synthetic(9, "2026-10-20".parse().unwrap(), 1);
        let born = [
            ("member_change/member_change", "join"),
            ("member_change/change_reason", "birth"),
            ("member_change/new_name", "金小宝"),
            ("member_change/new_citizen_id", child.expose()),
            ("member_change/new_relation", "child"),
        ];
        city.act(&city.township_clerk, case, "change_members", &born, &[]).await.unwrap();
        city.act(&city.township_clerk, case, "visit", &earns("5000"), &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "keep", &[], &[]).await.unwrap();
        assert_eq!((covered(&city, benefit, next).await, hearings(&city).await), (4, 0));

        let case = begun(&city, Filler::Citizen(&citizen), "marginal_change", benefit).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let gone = [
            ("member_change/member_change", "leave"),
            ("member_change/change_reason", "divorce"),
            ("member_change/changed_member", "1"),
        ];
        city.act(&city.township_clerk, case, "change_members", &gone, &[]).await.unwrap();
        city.act(&city.township_clerk, case, "visit", &earns("4000"), &[]).await.unwrap();
        refused(city.act(&city.second_clerk, case, "propose", &[], &[]).await, "听取意见");
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "keep", &[], &[]).await.unwrap();
        let row = held(&city, benefit, next).await;
        assert_eq!((row.members, row.until), (3, None));
    }
}

/// 社会救助法 art. 46: a family of great expenses is looked into whenever there is cause; what was right goes on to its last month and no longer,
/// what was wrong ends before it.
#[tokio::test]
async fn a_wrong_recognition_does_not_run_its_twelve_months() {
    for city in cities("rigid_review").await {
        let (_, benefit) = rigid(&city).await;
        let month = city.office.now().month();
        let until = held(&city, benefit, month).await.until;
        let desk = city.township_clerk.grant().unwrap();
        let case = begun(&city, Filler::Desk(&desk), "rigid_review", benefit).await;
        city.act(&city.township_clerk, case, "visit", &EXPENSES, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "keep", &[], &[]).await.unwrap();
        let kept = held(&city, benefit, month).await;
        assert_eq!((kept.until, kept.review_due_on), (until, None), "a look makes it no longer");

        city.days(60).await;
        let case = begun(&city, Filler::Desk(&desk), "rigid_review", benefit).await;
        let found = [EXPENSES[0], EXPENSES[1], ("visit_expenses/rigid_living", "0")];
        city.act(&city.township_clerk, case, "visit", &found, &[]).await.unwrap();
        refused(city.act(&city.second_clerk, case, "propose", &[], &[]).await, "听取意见");
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "stop", &[], &["expense_small"]).await.unwrap();
        let last = city.office.now().month();
        assert_eq!(held(&city, benefit, last).await.until, Some(last));
        assert!(until.is_some_and(|until| until > last));
    }
}

/// What a family of great expenses reports is decided like that too.
#[tokio::test]
async fn a_family_of_great_expenses_reports_a_change() {
    for city in cities("rigid_change").await {
        let (recognised, benefit) = rigid(&city).await;
        let citizen = applicant(&city, recognised).await;
        let case = begun(&city, Filler::Citizen(&citizen), "rigid_change", benefit).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let clocks = city.seen(case).await.clocks;
        assert!(clocks.iter().any(|clock| clock.clock == "change_time"), "the family reads by when");
        let found = [EXPENSES[0], EXPENSES[1], ("visit_expenses/rigid_living", "0")];
        city.act(&city.township_clerk, case, "visit", &found, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "stop", &[], &["expense_small"]).await.unwrap();
        let last = city.office.now().month();
        assert_eq!(held(&city, benefit, last).await.until, Some(last));
    }
}
