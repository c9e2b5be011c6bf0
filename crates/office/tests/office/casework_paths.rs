//! The ways an application may go besides the usual one: delegated, extended, withdrawn, refused, visited by the county.

use office::OfficeError;
use office::access::citizen_of_synthetic;
use office::casework::Doer;
use office::casework::timeline::StepState;
use serde_json::json;
use vocab::TimeLimit;

use crate::town::START;
use crate::wuhai::{DELEGATED_VILLAGE, Family, VILLAGE, Wuhai, cities, cities_of, grant};

/// Nobody in it may get anything.
fn well_off() -> Family {
    Family { wages: vec!["6000", "0", "0"], ..Family::default() }
}

/// 2022 notice art. 4.1: where the township confirms, twenty working days; its head decides and the county does not.
#[tokio::test]
async fn where_it_is_delegated_the_township_head_confirms_within_twenty_working_days() {
    for city in cities_of("delegated", DELEGATED_VILLAGE, "150303002001", START).await {
        let case = city.published(&Family::default()).await;
        let seen = city.seen(case).await;
        assert!(seen.case.delegated && seen.case.deciding == city.township_clerk.division);
        let total = seen.clocks.iter().find(|clock| clock.clock == "total").unwrap();
        assert_eq!(total.limit, TimeLimit::working_days(20));
        assert_eq!(seen.case.due_on, Some(total.due.latest));
        let county = city.act(&city.county_clerk, case, "examine", &[], &[]).await;
        assert!(matches!(county, Err(OfficeError::Conflict(_))), "{county:?}");
        let head = city.work(&city.township_head).await;
        assert!(head.iter().any(|work| work.case == case), "the head's own work");
        city.act(&city.township_head, case, "take_up", &[], &[]).await.unwrap();
        let director = city.act(&city.county_director, case, "confirm", &[], &[]).await;
        assert!(
            matches!(director, Err(OfficeError::Forbidden(_) | OfficeError::NotFound(_))),
            "{director:?}"
        );
        let done = city.act(&city.township_head, case, "confirm", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("granted"));
        assert_eq!(city.letter(case, "grant").await["issuer"], json!("拉僧仲街道办事处"));
    }
}

/// 57号 art. 22: thirty working days, forty-five with a reason, counted from the same acceptance, once.
#[tokio::test]
async fn a_hard_case_is_extended_once_with_a_reason() {
    for city in cities("extended").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.investigated(case, "1500").await;
        let accepted = city.seen(case).await.case.accepted_on.unwrap();
        let without = city.act(&city.second_clerk, case, "extend", &[], &[]).await;
        assert!(matches!(without, Err(OfficeError::Invalid(_))), "{without:?}");
        city.act(&city.second_clerk, case, "extend", &[], &["hukou_apart"]).await.unwrap();
        let seen = city.seen(case).await;
        let total = seen.clocks.iter().find(|clock| clock.clock == "total").unwrap();
        let due = city.office.calendar().due(accepted, TimeLimit::working_days(45));
        assert_eq!((total.limit, total.due.latest), (TimeLimit::working_days(45), due.latest));
        let (basis, reason) = total.extended.clone().unwrap();
        assert!(basis.contains("第二十二条") && reason == "人户分离", "{basis} {reason}");
        assert_eq!(seen.case.due_on, Some(due.latest));
        let again = city.act(&city.second_clerk, case, "extend", &[], &["elsewhere"]).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))), "{again:?}");
    }
}

/// A task is due with its own clock, else with the whole case; the three days of the means test say nothing about it.
#[tokio::test]
async fn a_task_is_not_due_with_somebody_elses_clock() {
    for city in cities("due").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
        let seen = city.seen(case).await;
        let of = |id: &str| seen.clocks.iter().find(|clock| clock.clock == id).unwrap().due.latest;
        let county = city.work(&city.county_clerk).await;
        assert!(county.is_empty(), "the task is the means-test clerk's: {county:?}");
        // The three days of the investigation ended with the request; the step's task keeps the day it was given.
        let township = city.work(&city.township_clerk).await;
        assert_eq!((township.len(), township[0].due_on), (1, of("investigation_start")));
        city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
        city.departments().await;
        office::means_test::run(&city.office, &grant(&city.county_clerk), case, "核对").await.unwrap();
        city.act(&city.township_clerk, case, "visit", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        let township = city.work(&city.township_clerk).await;
        assert_eq!((township.len(), township[0].due_on), (1, of("total")), "公示 has no clock of its own");
    }
}

#[tokio::test]
async fn a_family_takes_its_application_back() {
    for city in cities("withdrawn").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.investigated(case, "1500").await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        let applicant = city.seen(case).await.case.applicant;
        let citizen = citizen_of_synthetic(&city.office, applicant).await.unwrap();
        let done = city.act_by(Doer::Applicant(&citizen), case, "withdraw", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("withdrawn"));
        let seen = city.seen(case).await;
        assert!(!seen.case.open && seen.clocks.iter().all(|clock| clock.ended_on.is_some()));
        let hanging = office::casework::notices::hanging(&city.office, seen.case.county);
        assert!(hanging.await.unwrap().is_empty());
        assert!(city.work(&city.township_clerk).await.is_empty());
        let late = city.act(&city.second_clerk, case, "close_notice", &[], &[]).await;
        assert!(late.is_err());
    }
}

/// 社会救助法 art. 45, 57号 art. 21: in writing within three working days, with reasons, figures, law and remedies.
#[tokio::test]
async fn a_refusal_says_why_and_is_told_within_three_working_days() {
    for city in cities("refused").await {
        let case = city.published(&well_off()).await;
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        let confirmed = city.act(&city.county_director, case, "confirm", &[], &[]).await;
        assert!(matches!(confirmed, Err(OfficeError::Conflict(_))), "{confirmed:?}");
        let without = city.act(&city.county_director, case, "refuse", &[], &[]).await;
        assert!(matches!(without, Err(OfficeError::Invalid(_))), "{without:?}");
        city.act(&city.county_director, case, "refuse", &[], &["income_above"]).await.unwrap();
        let seen = city.seen(case).await;
        let today = city.office.now().today();
        let told = seen.clocks.iter().find(|clock| clock.clock == "refusal_letter").unwrap();
        let due = city.office.calendar().due(today, TimeLimit::working_days(3));
        assert_eq!((told.limit, told.due.latest), (TimeLimit::working_days(3), due.latest));
        assert_eq!(seen.case.decided_on, Some(today));
        let letter = city.letter(case, "refusal").await;
        assert_eq!(letter["reasons"][0]["title"], json!("家庭人均收入不低于标准"));
        assert_eq!(letter["conditions"][0]["title"], json!("家庭月人均收入低于当地最低生活保障标准"));
        let remedies = &letter["remedies"];
        assert_eq!(
            (&remedies["reconsideration_days"], &remedies["litigation_months"]),
            (&json!(60), &json!(6))
        );
        let basis = remedies["basis"].as_str().unwrap();
        for article in ["《社会救助法》第七十六条", "《行政复议法》第二十条", "《行政诉讼法》第四十六条"]
        {
            assert!(basis.contains(article), "{basis}");
        }
        assert_eq!(remedies["reconsideration_body"], json!("海勃湾区人民政府"));
        assert_eq!(letter["contact"]["phone"], json!("0473-0000001"));
        assert_eq!(letter["contact"]["complaint_phone"], json!("0473-0000002"));
        city.act(&city.second_clerk, case, "deliver_refusal", &[], &[]).await.unwrap();
        let seen = city.seen(case).await;
        assert_eq!(seen.case.outcome.as_deref(), Some("refused"));
        let told = seen.clocks.iter().find(|clock| clock.clock == "refusal_letter").unwrap();
        assert_eq!(told.ended_on, Some(today));
    }
}

async fn is_visited_by_the_county_before_it_is_decided(city: &Wuhai, case: office::casework::CaseRow) {
    let case = case.id;
    city.days(8).await;
    city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
    let early = city.act(&city.county_clerk, case, "examine", &[], &[]).await;
    let Err(OfficeError::Conflict(said)) = early else { panic!("{early:?}") };
    assert!(said.contains("县级应当先入户调查"), "{said}");
    // The township's visit does not count for the county's.
    city.act(&city.county_clerk, case, "county_visit", &[], &[]).await.unwrap();
    city.act(&city.second_county_clerk, case, "examine", &[], &[]).await.unwrap();
    let done = city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
    assert_eq!(done.outcome.as_deref(), Some("granted"));
}

/// 57号 art. 11 and 20.
#[tokio::test]
async fn relatives_of_staff_are_visited_by_the_county() {
    for city in cities("relatives").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.investigated(case, "1500").await;
        city.act(&city.village_worker, case, "record_relative", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        is_visited_by_the_county_before_it_is_decided(&city, city.seen(case).await.case).await;
    }
}

/// 57号 art. 20.
#[tokio::test]
async fn a_case_complained_of_is_visited_by_the_county() {
    for city in cities("complained").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.investigated(case, "1500").await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "record_complaint", &[], &[]).await.unwrap();
        is_visited_by_the_county_before_it_is_decided(&city, city.seen(case).await.case).await;
    }
}

/// 57号 art. 19: an objection is answered by an appraisal; what was skipped does not look done.
#[tokio::test]
async fn the_way_of_a_case_shows_what_was_done_and_what_was_not_needed() {
    for city in cities("timeline").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.investigated(case, "1500").await;
        let states = async || {
            let seen = city.seen(case).await;
            seen.steps.iter().map(|step| (step.id.clone(), step.state)).collect::<Vec<_>>()
        };
        use StepState::{Ahead, Current, Done, NotNeeded};
        let expect = |states: [StepState; 8]| {
            let steps = [
                "filed",
                "supplement",
                "investigation",
                "publicity",
                "objected",
                "examination",
                "confirmation",
                "refused",
            ];
            steps.map(str::to_owned).into_iter().zip(states).collect::<Vec<_>>()
        };
        assert_eq!(
            states().await,
            expect([Done, NotNeeded, Current, Ahead, NotNeeded, Ahead, Ahead, NotNeeded])
        );
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.act(&city.village_worker, case, "object", &[], &[]).await.unwrap();
        assert_eq!(states().await, expect([Done, NotNeeded, Done, Done, Current, Ahead, Ahead, NotNeeded]));
        let unanswered = city.act(&city.second_clerk, case, "opine_again", &[], &[]).await;
        assert!(matches!(unanswered, Err(OfficeError::Conflict(_))), "{unanswered:?}");
        city.act(&city.village_worker, case, "appraise", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "opine_again", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "return_by_clerk", &[], &["facts_conflict"]).await.unwrap();
        assert_eq!(
            states().await,
            expect([Done, NotNeeded, Current, Ahead, Done, Ahead, Ahead, NotNeeded]),
            "sent back: publicity comes again"
        );
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.days(8).await;
        city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        assert_eq!(states().await, expect([Done, NotNeeded, Done, Done, Done, Done, Done, NotNeeded]));
        let seen = city.seen(case).await;
        let confirmed =
            seen.steps.iter().find(|step| step.id == "confirmation").unwrap().done.clone().unwrap();
        assert_eq!((confirmed.office.as_str(), confirmed.title.as_str()), ("海勃湾区民政局", "确认同意"));
        assert_eq!(vocab::Now::from_unix_ms(confirmed.at).today(), city.office.now().today());
        // A check of an ended case does not end its last step again.
        city.act(&city.second_county_clerk, case, "sample", &[("sample/sample_correct", "yes")], &[])
            .await
            .unwrap();
        let seen = city.seen(case).await;
        assert_eq!(seen.steps.iter().find(|step| step.id == "confirmation").unwrap().done, Some(confirmed));
        assert!(city.village == VILLAGE);
    }
}
