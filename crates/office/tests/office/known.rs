//! Nobody is asked again for what is on file, and what is on file is not shown to whoever fills a form.

use catalogue::definition::FieldKind;
use office::access;
use office::casework::{Deed, Doer, act, drafts, lists, view};
use office::forms::{Answers, FieldPath, shown_masked};
use office::{OfficeError, people};
use store::IdempotencyKey;

use crate::wuhai::{Family, cities, grant};

#[tokio::test]
async fn a_form_begins_with_the_family_on_file() {
    for city in cities("known_family").await {
        let office = &city.office;
        let family = Family::default();
        let case = city.file(&family).await.unwrap();
        let desk = grant(&city.township_clerk);
        let row = lists::cases(office, &grant(&city.township_clerk), &lists::CaseFilter::default(), None)
            .await
            .unwrap();
        assert_eq!(row.rows[0].case, case);
        // The matter is in hand: said before a form is begun, to the family and to the window alike.
        let person = people::search_people(office, &grant(&city.township_clerk), family.names[0], None, 10)
            .await
            .unwrap();
        let person = person.page.rows[0].person;
        let citizen = access::citizen_of_synthetic(office, person).await.unwrap();
        let filler = drafts::Filler::Citizen(&citizen);
        let again = drafts::begin(office, filler, "dibao", None).await;
        assert!(matches!(again, Err(OfficeError::Conflict(ref words)) if words.contains("DB-")), "{again:?}");
        let household = people::current_household(office.db(), &city.township_clerk.scope(), person)
            .await
            .unwrap()
            .unwrap();
        let again = drafts::begin_for_family(office, &desk, "dibao", household).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))), "{again:?}");
        let elsewhere = grant(&city.neighbour_clerk);
        let elsewhere = drafts::begin_for_family(office, &elsewhere, "dibao", household).await;
        assert!(matches!(elsewhere, Err(OfficeError::NotFound(_))), "{elsewhere:?}");

        let deed = Deed {
            case,
            action: "withdraw".to_owned(),
            answers: Answers::new(),
            reasons: Vec::new(),
            version: view::open_own(office, &citizen, case).await.unwrap().case.version,
            key: IdempotencyKey::fresh().unwrap(),
        };
        act::act(office, Doer::Applicant(&citizen), &deed).await.unwrap();
        let draft = drafts::begin(office, filler, "dibao", None).await.unwrap();
        let draft = drafts::open(office, filler, draft).await.unwrap();
        let release = office.release();
        let form = release.forms.get("dibao_application").unwrap();
        assert_eq!(draft.answers.count("member"), family.names.len());
        let (page, field) = form
            .fields()
            .find(|(page, field)| page.repeat.is_some() && *field.kind == FieldKind::CitizenId)
            .unwrap();
        let path = FieldPath::new(page, Some(1), field);
        let kept = draft.answers.get(&path).unwrap().clone();
        let shown = shown_masked(field, &kept).unwrap();
        assert!(shown.contains('*') && shown != kept.text());
        // Sent back as it was shown it stays; typed anew it is what was typed.
        let mut answers = draft.answers.clone();
        answers.merge_page(form, page, Some(1), &[(path.to_string(), shown)]);
        assert_eq!(answers.get(&path), Some(&kept));
        answers.merge_page(form, page, Some(1), &[(path.to_string(), "99000119880315811X")]);
        assert_eq!(answers.get(&path).unwrap().text(), "99000119880315811X");
    }
}

#[tokio::test]
async fn lists_narrow_to_a_place_and_to_a_family() {
    for city in cities("list_places").await {
        let office = &city.office;
        city.file(&Family::default()).await.unwrap();
        let desk = grant(&city.township_clerk);
        let here = office::divisions::find(office.db(), city.township_clerk.division).await.unwrap();
        let there = office::divisions::find(office.db(), city.neighbour_clerk.division).await.unwrap();
        for (place, rows) in [(here, 1), (there, 0)] {
            let filter = lists::CaseFilter { place: Some(place.clone()), ..lists::CaseFilter::default() };
            assert_eq!(lists::cases(office, &desk, &filter, None).await.unwrap().rows.len(), rows);
            let filter = lists::WorkFilter { place: Some(place), ..lists::WorkFilter::default() };
            let work = lists::worklist(office, &desk, &filter, None).await.unwrap();
            assert_eq!(work.rows.len(), rows);
            assert!(work.rows.iter().all(|work| work.citizen_id.contains("****")));
        }
    }
}
