//! Papers of a case: who opened a photo or a letter stands in the audit; how cases end has its words in the packs.

use catalogue::definition::Outcome;
use office::access::citizen_of_synthetic;
use office::casework::effects::outcome_code;
use office::casework::{Doer, attachments, letters, view};
use store::Query;

use crate::wuhai::{Family, Wuhai, cities, grant};

async fn audited(city: &Wuhai, action: &str) -> i64 {
    Query::system("test", "SELECT count(*) FROM audit WHERE action = ?")
        .bind(action)
        .scalar(city.office.db())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_officers_look_at_a_photo_or_letter_is_in_the_audit() {
    for city in cities("papers").await {
        let case = city.file(&Family::default()).await.unwrap();
        let seen = city.seen(case).await;
        let photo = seen.attachments[0].id;
        let clerk = Doer::Desk(&city.township_clerk);
        attachments::get(&city.office, clerk, photo).await.unwrap();
        assert_eq!(audited(&city, "attachment.opened").await, 1);
        let stranger = attachments::get(&city.office, Doer::Desk(&city.neighbour_clerk), photo).await;
        assert!(stranger.is_err());
        let receipt = seen.letters[0].id;
        letters::done(&city.office, receipt, Ok(b"%PDF-".to_vec())).await.unwrap();
        let (_, pdf) = letters::pdf(&city.office, clerk, receipt).await.unwrap();
        assert_eq!(pdf.as_deref(), Some(b"%PDF-".as_slice()));
        assert_eq!(audited(&city, "letter.opened").await, 1);
        // The family reads its own without being watched.
        let citizen = citizen_of_synthetic(&city.office, seen.case.applicant).await.unwrap();
        let family = Doer::Applicant(&citizen);
        letters::pdf(&city.office, family, receipt).await.unwrap();
        attachments::get(&city.office, family, photo).await.unwrap();
        assert_eq!(audited(&city, "letter.opened").await + audited(&city, "attachment.opened").await, 2);
    }
}

/// Forms of a case are read against what is known once, whoever is on file now.
#[tokio::test]
async fn a_cases_forms_name_its_members_and_places() {
    for city in cities("forms_in_words").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.investigated(case, "1500").await;
        let seen = view::open(&city.office, &grant(&city.township_clerk), case).await.unwrap();
        let said = format!("{:?}", seen.forms);
        for words in ["金满仓", "李雪莲", "新地村委会"] {
            assert!(said.contains(words), "{words}");
        }
    }
}

#[test]
fn every_way_a_case_ends_has_its_words() {
    let release = crate::wuhai::release();
    let list = release.codelists.get("case_outcome").unwrap();
    for outcome in [
        Outcome::Granted,
        Outcome::Refused,
        Outcome::Withdrawn,
        Outcome::Terminated,
        Outcome::Continued,
        Outcome::Increased,
        Outcome::Reduced,
        Outcome::Stopped,
        Outcome::Tapered,
        Outcome::Forwarded,
        Outcome::Settled,
    ] {
        assert!(list.title_of(outcome_code(outcome)).is_some(), "{outcome:?}");
    }
    assert_eq!(list.values.len(), 11);
}
