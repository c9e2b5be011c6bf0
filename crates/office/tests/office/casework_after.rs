//! What follows a grant: reviews that fall due by themselves, reported changes, more, less, taper, stop - and nothing for the worse
//! unheard.

use ledger::EntitlementId;
use ledger::pages::EntitlementRow;
use office::access::citizen_of_synthetic;
use office::benefits;
use office::casework::drafts::{self, Filler};
use office::casework::view::{self, TaperSpan};
use office::casework::{Doer, lists, reviews};
use office::forms::{FieldPath, Raw, specimen};
use office::people::{self, NewFact, Source, Subject};
use office::{OfficeError, access};
use serde_json::json;
use store::{CaseId, IdempotencyKey, Query, Scope, jobs};
use vocab::{Fen, Month};

use crate::wuhai::{Family, Wuhai, cities};

const SEEN: Scope = Scope::System("test");

async fn held(city: &Wuhai, id: EntitlementId, month: Month) -> EntitlementRow {
    ledger::pages::entitlement(city.office.db(), &SEEN, id, month).await.unwrap()
}

/// The day's job, as the worker does it.
async fn round(city: &Wuhai) -> reviews::Opened {
    reviews::schedule(&city.office).await.unwrap();
    let mut done = reviews::Opened::default();
    while let Some(claim) = jobs::claim(city.office.db(), &[reviews::REVIEWS_DUE_JOB], "test").await.unwrap()
    {
        let opened = reviews::work(&city.office, &claim).await.unwrap();
        done.opened += opened.opened;
        done.skipped += opened.skipped;
    }
    done
}

/// A family that was granted, and its review, opened by time alone a year later.
pub async fn under_review(city: &Wuhai) -> (CaseId, EntitlementId) {
    let granted = city.granted(&Family::default()).await;
    let entitlement = city.seen(granted).await.case.entitlement.unwrap();
    city.days(364).await;
    assert_eq!(round(city).await, reviews::Opened { opened: 1, skipped: 0 });
    let cases: Vec<i64> = Query::system("test", "SELECT case_id FROM review_opened WHERE entitlement_id = ?")
        .bind(entitlement)
        .scalars(city.office.db())
        .await
        .unwrap();
    (CaseId(cases[0]), entitlement)
}

/// The visit of a review finds this wage.
async fn visited(city: &Wuhai, case: CaseId, wage: &str) {
    let employed = if wage == "0" { "no" } else { "yes" };
    let seen = [("visit_income/0/employed", employed), ("visit_income/0/wage_income", wage)];
    city.act(&city.township_clerk, case, "visit", &seen, &[]).await.unwrap();
}

/// The family reports a change on its phone: the case.
pub async fn reported(city: &Wuhai, granted: CaseId) -> CaseId {
    let row = city.seen(granted).await.case;
    let citizen = citizen_of_synthetic(&city.office, row.applicant).await.unwrap();
    report(city, &citizen, row.entitlement.unwrap()).await
}

async fn report(city: &Wuhai, citizen: &access::Citizen, entitlement: EntitlementId) -> CaseId {
    let filler = Filler::Citizen(citizen);
    let draft = drafts::begin(&city.office, filler, "dibao_change", Some(entitlement)).await.unwrap();
    let again = drafts::begin(&city.office, filler, "dibao_change", Some(entitlement)).await.unwrap();
    assert_eq!(draft, again, "one form for one benefit");
    let about_nothing = drafts::begin(&city.office, filler, "dibao_change", None).await;
    assert!(matches!(about_nothing, Err(OfficeError::Conflict(_))), "a change is of one benefit");
    let release = city.office.release();
    let form = release.forms.get("dibao_change_report").unwrap();
    let (today, now) = (city.office.now().today(), city.office.now().at_ms());
    let db = city.office.db();
    let household = people::current_household(db, &SEEN, citizen.person).await.unwrap().unwrap();
    let members = people::members_as_of(db, &SEEN, household, today, now).await.unwrap().len();
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
    let key = IdempotencyKey::fresh().unwrap();
    let case = drafts::submit(&city.office, filler, draft, &key).await.unwrap();
    assert_eq!(
        drafts::submit(&city.office, filler, draft, &key).await.unwrap(),
        case,
        "sent twice, filed once"
    );
    case
}

/// 社会救助法 art. 46, 57号 art. 31: reviews come by themselves, once, to the township that must do them.
#[tokio::test]
async fn a_review_that_falls_due_is_on_the_townships_list_once() {
    for city in cities("review_due").await {
        let granted = city.granted(&Family::default()).await;
        let entitlement = city.seen(granted).await.case.entitlement.unwrap();
        let month = Month::containing(city.office.now().today()).next();
        let due_on = held(&city, entitlement, month).await.review_due_on.unwrap();
        assert_eq!(due_on, month.plus(11).last_day(), "a year, for steady circumstances");
        assert_eq!(round(&city).await, reviews::Opened::default(), "not a year too early");
        city.days(364).await;
        assert_eq!(city.office.now().month(), Month::containing(due_on), "the test stands in the month");
        assert_eq!(round(&city).await, reviews::Opened { opened: 1, skipped: 0 });
        assert_eq!(round(&city).await, reviews::Opened::default(), "one job a day");
        city.days(1).await;
        assert_eq!(round(&city).await, reviews::Opened::default(), "one case for one day of review");
        let work = city.work(&city.township_clerk).await;
        let review = work.iter().find(|work| work.item == "dibao_review").unwrap();
        assert_eq!((review.due_on, review.step.as_str()), (due_on, "review"));
        let seen = city.seen(review.case).await;
        assert_eq!((seen.case.entitlement, seen.case.channel.as_str()), (Some(entitlement), "office"));
        assert_eq!(seen.events[0].office, "系统");
        let citizen = citizen_of_synthetic(&city.office, seen.case.applicant).await.unwrap();
        let own = lists::my_cases(&city.office, &citizen).await.unwrap();
        assert!(own.iter().any(|line| line.case == review.case), "the family sees it");
        assert!(city.work(&city.neighbour_clerk).await.is_empty());
    }
}

/// Killed after a batch, or told to stop: the next job goes on where it was, and nothing is there twice.
#[tokio::test]
async fn a_job_that_was_stopped_is_gone_on_with() {
    for city in cities("review_stopped").await {
        let first = city.granted(&Family::default()).await;
        let names = vec!["白音", "其其格", "白小山"];
        city.granted(&Family { names, ..Family::default() }).await;
        city.days(364).await;
        // One family's review is made impossible for a while: the same matter is in hand.
        let own = city.seen(first).await.case.entitlement.unwrap();
        let other = reported(&city, first).await;
        reviews::schedule(&city.office).await.unwrap();
        let claim =
            jobs::claim(city.office.db(), &[reviews::REVIEWS_DUE_JOB], "test").await.unwrap().unwrap();
        let tx = city.office.db().begin().await.unwrap();
        jobs::request_cancel(&tx, claim.job.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reviews::work(&city.office, &claim).await.unwrap().opened, 1);
        let job = jobs::job(city.office.db(), claim.job.id).await.unwrap();
        assert_eq!(job.state, jobs::JobState::Cancelled);
        // The change ends without settling the review: the next day's round opens what is left, and only that.
        let applicant = city.seen(other).await.case.applicant;
        let citizen = citizen_of_synthetic(&city.office, applicant).await.unwrap();
        let family = Doer::Applicant(&citizen);
        city.act_by(family, other, "withdraw", &[], &[]).await.unwrap();
        city.days(1).await;
        assert_eq!(round(&city).await.opened, 1);
        let opened: Vec<i64> =
            Query::system("test", "SELECT entitlement_id FROM review_opened ORDER BY opened_at")
                .scalars(city.office.db())
                .await
                .unwrap();
        assert_eq!((opened.len(), opened[1]), (2, own.0));
    }
}

/// 57号 art. 31: nothing changed, nothing is adjusted; the next review is set.
#[tokio::test]
async fn a_review_without_change_leaves_the_amount() {
    for city in cities("review_same").await {
        let (case, entitlement) = under_review(&city).await;
        let month = city.office.now().month();
        let before = held(&city, entitlement, month).await;
        let unseen = city.act(&city.second_clerk, case, "propose", &[], &[]).await;
        assert!(matches!(unseen, Err(OfficeError::Conflict(_))), "{unseen:?}");
        visited(&city, case, "1500").await;
        city.act(&city.second_clerk, case, "propose", &[], &[]).await.unwrap();
        let own = city.act(&city.second_clerk, case, "keep", &[], &[]).await;
        assert!(own.is_err(), "who proposes does not decide");
        let done = city.act(&city.county_director, case, "keep", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("continued"));
        let after = held(&city, entitlement, month.next()).await;
        assert_eq!(after.monthly, before.monthly);
        // From the month of the decision a whole period goes by.
        assert_eq!(after.review_due_on, Some(month.plus(11).last_day()));
        city.days(1).await;
        assert_eq!(round(&city).await, reviews::Opened::default());
    }
}

/// 社会救助法 art. 48: no record of a hearing, no change for the worse, whichever action is tried.
#[tokio::test]
async fn nothing_is_reduced_unheard() {
    for city in cities("reduced").await {
        let (case, entitlement) = under_review(&city).await;
        let month = city.office.now().month();
        let before = held(&city, entitlement, month).await.monthly.unwrap();
        visited(&city, case, "2000").await;
        let unheard = city.act(&city.second_clerk, case, "propose", &[], &[]).await;
        let Err(OfficeError::Conflict(said)) = unheard else { panic!("{unheard:?}") };
        assert!(said.contains("听取意见"), "{said}");
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        let early = city.act(&city.county_director, case, "reduce", &[], &["income_changed"]).await;
        assert!(early.is_err(), "{early:?}");
        let heard = [("hearing/hearing_way", "phone"), ("hearing/heard_on", "2027-11-05")];
        city.act(&city.second_clerk, case, "hear", &heard, &[]).await.unwrap();
        let without = city.act(&city.county_director, case, "reduce", &[], &[]).await;
        assert!(matches!(without, Err(OfficeError::Invalid(_))), "{without:?}");
        let done = city.act(&city.county_director, case, "reduce", &[], &["income_changed"]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("reduced"));
        assert_eq!(held(&city, entitlement, month).await.monthly, Some(before), "this month stays");
        let after = held(&city, entitlement, month.next()).await.monthly.unwrap();
        assert!(after < before, "{after} {before}");
        let letter = city.letter(case, "change").await;
        assert_eq!((&letter["kind"], &letter["hearing"]["way"]), (&json!("减发"), &json!("以电话方式")));
        assert_eq!(letter["hearing"]["held_on"], json!("2027-11-05"));
        assert_eq!(letter["after_fen_per_month"], json!(after.0));
        assert_eq!(letter["from_month"], json!(month.next().to_string()));
        assert_eq!(letter["reasons"][0]["title"], json!("家庭收入变化"));
    }
}

/// 社会救助法 art. 48 where nobody is found: looked for on two days before two witnesses, and asked by a notice to come. Nothing is decided before it is
/// over, and the letter claims no opinion that nobody gave.
#[tokio::test]
async fn who_cannot_be_found_is_looked_for_twice_and_asked_by_a_notice() {
    for city in cities("not_found").await {
        let (case, entitlement) = under_review(&city).await;
        let rich = [("visit_income/1/transfer_income", "9000")];
        city.act(&city.township_clerk, case, "visit", &rich, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        let once = city.act(&city.second_clerk, case, "look_for", &[], &[]).await;
        assert!(matches!(once, Err(OfficeError::Invalid(_))), "twice on one day is once: {once:?}");
        let tried = [
            ("tried/first_tried_on", "2027-11-01"),
            ("tried/first_tried_how", "上门，门锁着"),
            ("tried/second_tried_on", "2027-11-04"),
            ("tried/second_tried_how", "电话停机，问了邻居"),
            ("tried/first_witness", "高娃"),
            ("tried/second_witness", "孟和"),
            ("posted/posted_on", "2027-11-04"),
            ("posted/posted_at", "住处门上和村公示栏"),
        ];
        city.act(&city.second_clerk, case, "look_for", &tried, &[]).await.unwrap();
        let posted = city.office.now().today();
        // Seven whole days: on the last of them nothing is over.
        city.days(7).await;
        let early = city.act(&city.second_clerk, case, "absent", &[], &[]).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "{early:?}");
        city.days(1).await;
        city.act(&city.second_clerk, case, "absent", &[], &[]).await.unwrap();
        let own = city.act(&city.second_clerk, case, "stop", &[], &["income_above"]).await;
        assert!(own.is_err(), "{own:?}");
        let month = city.office.now().month();
        city.act(&city.county_director, case, "stop", &[], &["income_above"]).await.unwrap();
        assert_eq!(held(&city, entitlement, month).await.until, Some(month));
        let letter = city.letter(case, "change").await;
        let absent = &letter["hearing"]["absent"];
        assert_eq!(absent["until"], json!((posted + chrono::Days::new(7)).to_string()));
        assert_eq!(absent["tried"][1]["how"], json!("电话停机，问了邻居"));
        assert_eq!(absent["witnesses"], json!(["高娃", "孟和"]));
        assert!(letter["hearing"]["opinion"].is_null(), "{letter}");
    }
}

/// Whoever comes while the notice hangs is heard like anybody, and whoever listens and says nothing has no opinion invented.
#[tokio::test]
async fn who_comes_meanwhile_is_heard_and_may_say_nothing() {
    for city in cities("says_nothing").await {
        let (case, _) = under_review(&city).await;
        visited(&city, case, "2000").await;
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        let tried = [("tried/first_tried_on", "2027-11-01")];
        city.act(&city.second_clerk, case, "look_for", &tried, &[]).await.unwrap();
        let silent = [("hearing/heard_said", "silent"), ("hearing/silent_witness", "高娃")];
        city.act(&city.second_clerk, case, "hear", &silent, &[]).await.unwrap();
        city.act(&city.county_director, case, "reduce", &[], &["income_changed"]).await.unwrap();
        let letter = city.letter(case, "change").await;
        assert_eq!(letter["hearing"]["opinion"], json!("听了告知以后没有表示意见"));
        assert!(letter["hearing"]["absent"].is_null(), "{letter}");
    }
}

/// 57号 art. 34: the third refusal without a good reason takes the share of the one who refused, reviewed, heard and decided like any other less.
#[tokio::test]
async fn a_third_refusal_of_work_takes_the_own_share_of_who_refused() {
    for city in cities("refused_work").await {
        let (case, entitlement) = under_review(&city).await;
        let month = city.office.now().month();
        let before = held(&city, entitlement, month).await.monthly.unwrap();
        visited(&city, case, "1500").await;
        let twice = [("refusals/1/work_refusals", "2")];
        city.act(&city.township_clerk, case, "record_refusals", &twice, &[]).await.unwrap();
        let nothing = city.act(&city.second_clerk, case, "propose_less", &[], &[]).await;
        assert!(matches!(nothing, Err(OfficeError::Conflict(_))), "two are not three: {nothing:?}");
        let mut third = [
            ("refusals/1/work_refusals", "3"),
            ("refusals/1/refused_first_on", "2027-08-02"),
            ("refusals/1/refused_second_on", "2027-09-06"),
            ("refusals/1/refused_third_on", "2027-09-06"),
        ];
        let one_day = city.act(&city.township_clerk, case, "record_refusals", &third, &[]).await;
        assert!(matches!(one_day, Err(OfficeError::Invalid(_))), "{one_day:?}");
        third[3].1 = "2027-10-08";
        city.act(&city.township_clerk, case, "record_refusals", &third, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        let early = city.act(&city.county_director, case, "reduce", &[], &["refused_work"]).await;
        assert!(early.is_err(), "nobody was heard: {early:?}");
        city.act(&city.second_clerk, case, "hear", &[("hearing/heard_member", "1")], &[]).await.unwrap();
        city.act(&city.county_director, case, "reduce", &[], &["refused_work"]).await.unwrap();
        // (960 * 3 - 1200) / 3 is the own share; what the others get, the child's supplement among it, stays.
        let after = held(&city, entitlement, month.next()).await.monthly.unwrap();
        assert_eq!((before, after), (Fen(182_400), Fen(126_400)));
        let letter = city.letter(case, "change").await;
        assert_eq!(letter["reasons"][0]["title"], json!("连续三次无正当理由拒绝介绍工作"));
    }
}

/// The guard of the packs is not the only wall: an increase that turns out to be a decrease finds no hearing.
#[tokio::test]
async fn an_increase_that_turns_into_a_decrease_is_refused() {
    for city in cities("turned").await {
        let (case, entitlement) = under_review(&city).await;
        let month = city.office.now().month();
        visited(&city, case, "900").await;
        city.act(&city.second_clerk, case, "propose", &[], &[]).await.unwrap();
        // After the proposal other news comes in about the same family.
        let row = city.seen(case).await.case;
        let news = NewFact {
            subject: Subject::Person(row.applicant),
            fact: "wage_income".to_owned(),
            value: Some("2100".to_owned()),
            from_on: city.office.now().today(),
            until_on: None,
            source: Source::Visit,
            case: Some(case),
            evidence: None,
        };
        let tx = city.office.db().begin().await.unwrap();
        people::record_facts_in(&city.office, &tx, &SEEN, &city.county_clerk.audit(), &[news]).await.unwrap();
        tx.commit().await.unwrap();
        let before = held(&city, entitlement, month.next()).await.monthly;
        let refused = city.act(&city.county_director, case, "increase", &[], &["income_less"]).await;
        let Err(OfficeError::Conflict(said)) = refused else { panic!("{refused:?}") };
        assert!(said.contains("第四十八条"), "{said}");
        assert_eq!(held(&city, entitlement, month.next()).await.monthly, before);
    }
}

#[tokio::test]
async fn more_is_paid_from_the_month_after_with_its_reason() {
    for city in cities("increased").await {
        let (case, entitlement) = under_review(&city).await;
        let month = city.office.now().month();
        let before = held(&city, entitlement, month).await.monthly.unwrap();
        visited(&city, case, "900").await;
        city.act(&city.second_clerk, case, "propose", &[], &[]).await.unwrap();
        let done = city.act(&city.county_director, case, "increase", &[], &["income_less"]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("increased"));
        // 600 yuan less in wages, a fifth of which was the cost of working.
        let after = held(&city, entitlement, month.next()).await.monthly.unwrap();
        assert_eq!(after, Fen(before.0 + 48_000));
        // The family's own sheet says the amount that comes beside the one of this month.
        let me = citizen_of_synthetic(&city.office, city.seen(case).await.case.applicant).await.unwrap();
        let sheet = benefits::own_sheet(&city.office, &me).await.unwrap();
        assert_eq!(sheet.receives[0].amount, Some(before));
        assert_eq!(sheet.receives[0].after.amount, Some((month.next(), after)));
        let titles: Vec<String> =
            city.seen(case).await.letters.into_iter().map(|letter| letter.title).collect();
        assert!(titles.contains(&"最低生活保障调整决定书".to_owned()), "{titles:?}");
        assert!(!titles.iter().any(|title| title.contains("终止")), "{titles:?}");
        let letter = city.letter(case, "raise").await;
        assert_eq!(
            (&letter["kind"], &letter["reasons"][0]["title"]),
            (&json!("增发"), &json!("家庭收入减少"))
        );
        assert_eq!((&letter["members_before"], &letter["members_after"]), (&json!(3), &json!(3)));
    }
}

#[tokio::test]
async fn a_benefit_is_stopped_after_the_family_was_heard() {
    for city in cities("stopped").await {
        let (case, entitlement) = under_review(&city).await;
        let month = city.office.now().month();
        let rich = [("visit_income/1/transfer_income", "9000")];
        city.act(&city.township_clerk, case, "visit", &rich, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        let early = city.act(&city.county_director, case, "stop", &[], &["income_above"]).await;
        assert!(early.is_err(), "{early:?}");
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        // Nobody of the family works: there is nothing that a taper could ease.
        let taper = city.act(&city.county_director, case, "taper", &[], &["income_above"]).await;
        assert!(matches!(taper, Err(OfficeError::Conflict(_))), "{taper:?}");
        let done = city.act(&city.county_director, case, "stop", &[], &["income_above"]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("stopped"));
        assert_eq!(held(&city, entitlement, month).await.until, Some(month));
        let letter = city.letter(case, "change").await;
        assert_eq!((&letter["kind"], &letter["after_fen_per_month"]), (&json!("停发"), &json!(0)));
        assert!(letter["hearing"]["opinion"].is_string() && letter["taper"].is_null());
        city.days(30).await;
        assert_eq!(round(&city).await, reviews::Opened::default(), "what has ended is not reviewed");
    }
}

/// 57号 art. 33, 2022 notice art. 1.3: who found work keeps the benefit for the months of the taper.
#[tokio::test]
async fn who_found_work_tapers_out() {
    for city in cities("tapered").await {
        let (case, entitlement) = under_review(&city).await;
        let month = city.office.now().month();
        let before = held(&city, entitlement, month).await.monthly;
        visited(&city, case, "6000").await;
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        // Before it is decided: until when and how much, and no reason that cannot be one.
        let last = month.plus(6);
        let director = Doer::Desk(&city.county_director);
        let page = view::action_page(&city.office, director, case, "taper").await.unwrap();
        assert_eq!(page.taper, Some(TaperSpan { first: month.next(), last, monthly: before }));
        let stop = view::action_page(&city.office, director, case, "stop").await.unwrap();
        assert_eq!(stop.taper, None);
        let list = page.release.codelists.get(page.action.reasons.as_deref().unwrap()).unwrap();
        let codes: Vec<&str> = list.values.iter().map(|code| code.code.as_str()).collect();
        assert_eq!(codes, ["income_above"]);
        let other = city.act(&city.county_director, case, "taper", &[], &["property_above"]).await;
        assert!(matches!(other, Err(OfficeError::Invalid(_))), "{other:?}");
        let done = city.act(&city.county_director, case, "taper", &[], &["income_above"]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("tapered"));
        let after = held(&city, entitlement, last).await;
        assert_eq!((after.until, after.monthly), (Some(last), before));
        let letter = city.letter(case, "change").await;
        assert_eq!(letter["kind"], json!("停发"));
        assert_eq!(letter["from_month"], json!(last.next().to_string()));
        assert_eq!(letter["taper"]["until_month"], json!(last.to_string()));
    }
}

/// 57号 art. 31: inside a review period nothing is adjusted without a clear change; with one it is.
#[tokio::test]
async fn between_two_reviews_only_a_clear_change_adjusts() {
    for city in cities("clear_change").await {
        let granted = city.granted(&Family::default()).await;
        let entitlement = city.seen(granted).await.case.entitlement.unwrap();
        let month = city.office.now().month().next();
        let before = held(&city, entitlement, month).await.monthly.unwrap();
        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        visited(&city, case, "1490").await;
        city.act(&city.second_clerk, case, "propose", &[], &[]).await.unwrap();
        let refused = city.act(&city.county_director, case, "increase", &[], &["income_less"]).await;
        let Err(OfficeError::Conflict(said)) = refused else { panic!("{refused:?}") };
        assert!(said.contains("没有明显变化"), "{said}");
        city.act(&city.county_director, case, "keep", &[], &[]).await.unwrap();
        assert_eq!(held(&city, entitlement, month).await.monthly, Some(before));

        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        visited(&city, case, "900").await;
        let clear = [("proposal/clear_change", "yes")];
        city.act(&city.second_clerk, case, "propose", &clear, &[]).await.unwrap();
        city.act(&city.county_director, case, "increase", &[], &["income_less"]).await.unwrap();
        assert!(held(&city, entitlement, month).await.monthly.unwrap() > before);
    }
}

/// 社会救助法 art. 46: the family says that something changed; the office looks and decides.
#[tokio::test]
async fn a_reported_change_is_looked_into_and_decided() {
    for city in cities("reported").await {
        let granted = city.granted(&Family::default()).await;
        let entitlement = city.seen(granted).await.case.entitlement.unwrap();
        let month = city.office.now().month();
        let before = held(&city, entitlement, month.next()).await.monthly;
        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let seen = city.seen(case).await;
        assert_eq!(seen.case.entitlement, Some(entitlement));
        let limit = seen.clocks.iter().find(|clock| clock.clock == "change_time").unwrap().limit;
        assert_eq!(limit, vocab::TimeLimit::months(3));
        visited(&city, case, "1500").await;
        city.act(&city.second_clerk, case, "propose", &[], &[]).await.unwrap();
        let done = city.act(&city.county_director, case, "keep", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("continued"));
        assert_eq!(held(&city, entitlement, month.next()).await.monthly, before);
    }
}
