//! One matter complete: filed, checked, visited, published, confirmed; and what must not happen on the way.

use office::casework::{determine, lists, view};
use office::{OfficeError, publication};
use vocab::{Fen, Month};

use crate::wuhai::{Family, cities, grant};

/// SA-04, SA-05, SA-14, SA-20, SA-23: from the form to a benefit, each step by its own office.
#[tokio::test]
async fn a_family_is_granted_what_the_rules_say() {
    for city in cities("grant").await {
        let case = city.published(&Family::default()).await;
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        let done = city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("granted"));
        let seen = view::open(&city.office, &grant(&city.county_director), case).await.unwrap();
        // 960 x 3 - (1500 - 20 % of 1500, at most 400) = 2880 - 1200 = 1680, and the child's supplement of the class.
        let determination = &seen.determinations[0];
        let amount = determination.amount.unwrap();
        let entitlement = seen.case.entitlement.unwrap();
        let month = Month::containing(city.office.now().today()).next();
        let held =
            ledger::pages::entitlement(city.office.db(), &city.county_director.scope(), entitlement, month)
                .await
                .unwrap();
        assert_eq!(held.monthly, Some(amount));
        assert!(amount >= Fen(168_000), "{amount}");
        assert_eq!(held.from, month, "paid from the month after the decision (57号 art. 21)");
        assert_eq!(held.members, 3);
        let letters: Vec<&str> = seen.letters.iter().map(|letter| letter.letter.as_str()).collect();
        for expected in ["receipt", "acceptance", "notice", "grant"] {
            assert!(letters.contains(&expected), "{letters:?}");
        }
        let (count, mismatches) = determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(count >= 3 && mismatches.is_empty(), "{mismatches:?}");
        let published = publication::sheet(&city.office, seen.case.village, None, 10).await.unwrap().rows;
        assert_eq!(
            (published[0].holder.shown(), published[0].members, published[0].amount),
            ("金满仓", 3, Some(amount))
        );
    }
}

/// SA-15, 57号 art. 10: what is missing is said once, before acceptance, and starts no clock.
#[tokio::test]
async fn what_is_missing_is_asked_once() {
    for city in cities("missing").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.act(&city.township_clerk, case, "ask_missing", &[], &[]).await.unwrap();
        let seen = view::open(&city.office, &grant(&city.township_clerk), case).await.unwrap();
        assert!(seen.clocks.is_empty());
        city.act(&city.township_clerk, case, "supplement_at_window", &[], &[]).await.unwrap();
        let again = city.act(&city.township_clerk, case, "ask_missing", &[], &[]).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_) | OfficeError::NotFound(_))), "{again:?}");
    }
}

/// Separation of duties, 57号 art. 20 and the house's own: who visited or gave the opinion does not decide.
#[tokio::test]
async fn nobody_decides_what_they_prepared_and_no_other_township_sees_it() {
    for city in cities("separation").await {
        let case = city.published(&Family::default()).await;
        let early = city.act(&city.county_director, case, "confirm", &[], &[]).await;
        assert!(matches!(early, Err(OfficeError::NotFound(_))), "not at its step: {early:?}");
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        let head = city.act(&city.township_head, case, "confirm", &[], &[]).await;
        assert!(head.is_err(), "not delegated in 海勃湾区");
        let neighbour = view::open(&city.office, &grant(&city.neighbour_clerk), case).await;
        assert!(matches!(neighbour, Err(OfficeError::NotFound(_))));
        let list =
            lists::cases(&city.office, &grant(&city.neighbour_clerk), &lists::CaseFilter::default(), None)
                .await
                .unwrap();
        assert!(list.rows.is_empty());
    }
}

/// 57号 art. 19: seven natural days, and an objection is answered before the case goes on.
#[tokio::test]
async fn an_objection_is_answered_before_the_case_goes_on() {
    for city in cities("objection").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.investigated(case, "1500").await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.days(6).await;
        let early = city.act(&city.village_worker, case, "close_notice", &[], &[]).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "{early:?}");
        city.act(&city.village_worker, case, "object", &[], &[]).await.unwrap();
        let unanswered = city.act(&city.second_clerk, case, "opine_again", &[], &[]).await;
        assert!(matches!(unanswered, Err(OfficeError::Conflict(_))), "{unanswered:?}");
        city.act(&city.village_worker, case, "appraise", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, case, "opine_again", &[], &[]).await.unwrap();
    }
}

/// A form sent twice, a second application, a member of two families.
#[tokio::test]
async fn bad_input_is_said_and_loses_nothing() {
    for city in cities("bad").await {
        let family = Family::default();
        city.file(&family).await.unwrap();
        let wrong = Family { wages: vec!["-5", "0", "0"], ..Family::default() };
        let refused = city.file(&wrong).await;
        let Err(OfficeError::Invalid(problems)) = refused else { panic!("{refused:?}") };
        assert!(problems.iter().any(|problem| problem.field == "member.0.wage_income"), "{problems:?}");
    }
}
