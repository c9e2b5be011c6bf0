//! The sheet of everything a person receives (幸福清单), the code that proves one fact (幸福码), and what a family reads of the help of others.

use office::OfficeError;
use office::access::{self, Citizen};
use office::benefits;
use office::proofs::{self, Checked};
use store::{PersonId, Query};
use vocab::{Fen, Now};

use crate::wuhai::{Family, Wuhai, cities, grant};

async fn citizen(city: &Wuhai, person: PersonId) -> Citizen {
    access::citizen_of_synthetic(&city.office, person).await.unwrap()
}

async fn audited(city: &Wuhai, action: &str) -> i64 {
    Query::system("test", "SELECT COUNT(*) FROM audit WHERE action = ?")
        .bind(action)
        .scalar(city.office.db())
        .await
        .unwrap()
}

#[tokio::test]
async fn one_sheet_has_all_that_a_person_gets_may_ask_for_and_is_asked_to_do() {
    for city in cities("benefit_sheet").await {
        let office = &city.office;
        let before = city.file(&Family::default()).await.unwrap();
        let applicant = city.seen(before).await.case.applicant;
        let own = benefits::own_sheet(office, &citizen(&city, applicant).await).await.unwrap();
        assert!(own.receives.is_empty() && own.name == "金满仓");
        assert!(own.may.iter().all(|help| help.item != "dibao"), "it is asked for already: {:?}", own.may);

        let case =
            city.granted(&Family { names: vec!["白云飞", "孟根", "白小云"], ..Family::default() }).await;
        let row = city.seen(case).await.case;
        let me = citizen(&city, row.applicant).await;
        // The benefit begins with the month after the decision.
        city.days(31).await;
        let sheet = benefits::own_sheet(office, &me).await.unwrap();
        let dibao = &sheet.receives[0];
        assert_eq!((dibao.title.as_str(), dibao.members), ("最低生活保障", 3));
        assert!(dibao.amount.is_some_and(|amount| amount > Fen::ZERO));
        assert_eq!(dibao.account.as_ref().map(|(_, tail)| tail.as_str()), Some("0012"));
        let review = dibao.review_due_on.unwrap();
        assert!(
            sheet
                .asked
                .iter()
                .any(|asked| asked.until == Some(review) && asked.what.contains("最低生活保障"))
        );
        assert!(sheet.asked.iter().any(|asked| asked.what.contains("及时报告")));
        assert!(
            sheet.window.office.contains("千里山镇") && sheet.window.village.contains("新地村"),
            "{:?}",
            sheet.window
        );
        assert!(sheet.window.phone.is_some(), "the place has entered one");
        assert!(sheet.may.iter().all(|help| help.item != "dibao"));

        // The worker's is the same, and is written down; a neighbour's township does not find the person.
        let opened = audited(&city, "benefits.opened").await;
        let theirs =
            benefits::person_sheet(office, &grant(&city.village_worker), row.applicant).await.unwrap();
        assert_eq!(theirs, sheet);
        assert_eq!(audited(&city, "benefits.opened").await, opened + 1);
        let hidden = benefits::person_sheet(office, &grant(&city.neighbour_clerk), row.applicant).await;
        assert!(matches!(hidden, Err(OfficeError::NotFound(_))), "{hidden:?}");
        let city = city.restarted().await;
        let again = benefits::own_sheet(&city.office, &me).await.unwrap();
        assert_eq!(again, sheet);
    }
}

#[tokio::test]
async fn a_code_proves_one_chosen_fact_for_a_time_and_nothing_else() {
    for city in cities("benefit_code").await {
        let office = &city.office;
        let case = city.granted(&Family::default()).await;
        let row = city.seen(case).await.case;
        let me = citizen(&city, row.applicant).await;
        // The benefit begins with the month after the decision.
        city.days(31).await;
        office::people::roll_forward(office).await.unwrap();
        let provable = proofs::provable(office, &me).await.unwrap();
        let class = provable.iter().find(|one| one.fact == "assistance_class").unwrap();
        assert_eq!(class.value, "最低生活保障对象");
        let issued_before = audited(&city, "proof.issued").await;
        let issued = proofs::issue(office, &me, "assistance_class", 10, false).await.unwrap();
        assert_eq!(audited(&city, "proof.issued").await, issued_before + 1);
        assert_eq!(issued.statement.name, None);
        let all: i64 = Query::system("test", "SELECT COUNT(*) FROM audit").scalar(office.db()).await.unwrap();
        let checked = proofs::check(office.keys(), office.now(), &issued.text);
        assert_eq!(checked, Checked::Good(issued.statement.clone()));
        let later = Now::from_unix_ms(office.now().at_ms() + 10 * 60 * 1_000);
        assert_eq!(
            proofs::check(office.keys(), later, &issued.text),
            Checked::Expired(issued.statement.clone())
        );
        let altered = issued.text.replace("HM1.1.", "HM1.2.");
        assert_eq!(proofs::check(office.keys(), office.now(), &altered), Checked::Forged);
        let after: i64 =
            Query::system("test", "SELECT COUNT(*) FROM audit").scalar(office.db()).await.unwrap();
        assert_eq!(after, all, "a check leaves no trace");
        let named = proofs::issue(office, &me, "assistance_class", 60, true).await.unwrap();
        assert_eq!(named.statement.name.as_deref(), Some("金满仓"));
        // Only what one has, and only as long as is offered.
        assert!(matches!(
            proofs::issue(office, &me, "assistance_class", 600, false).await,
            Err(OfficeError::Invalid(_))
        ));
        assert!(matches!(
            proofs::issue(office, &me, "wage_income", 10, false).await,
            Err(OfficeError::Invalid(_))
        ));
        assert!(matches!(
            proofs::issue(office, &me, "price_class", 10, false).await,
            Err(OfficeError::Invalid(_))
        ));
    }
}
