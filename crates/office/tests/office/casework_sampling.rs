//! Spot checks by lot: the county's share of what was decided, drawn so that anybody can draw it again.

use office::OfficeError;
use office::casework::reviews;
use office::casework::sampling::{self, NewDraw, Share, Why};
use office::reports::{self, RollQuery};
use store::{CaseId, IdempotencyKey, Query, jobs};
use vocab::Month;

use crate::town::{START, day};
use crate::wuhai::{DELEGATED_VILLAGE, Family, Wuhai, cities_of, grant};

const HEADS: [&str; 4] = ["金满仓", "白音", "巴雅尔", "朝鲁"];

/// Four families are granted by the township; the second was complained of and visited by the county.
pub async fn decided(city: &Wuhai) -> Vec<CaseId> {
    let mut cases = Vec::new();
    for (index, head) in HEADS.into_iter().enumerate() {
        let names = vec![head, "李雪莲", "金子悦"];
        let case = city.file(&Family { names, ..Family::default() }).await.unwrap();
        city.investigated(case, "1500").await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        if index == 1 {
            city.act(&city.county_clerk, case, "record_complaint", &[], &[]).await.unwrap();
        }
        cases.push(case);
    }
    city.days(8).await;
    for (index, case) in cases.iter().enumerate() {
        city.act(&city.village_worker, *case, "close_notice", &[], &[]).await.unwrap();
        if index == 1 {
            city.act(&city.county_clerk, *case, "county_visit", &[], &[]).await.unwrap();
        }
        city.act(&city.township_head, *case, "take_up", &[], &[]).await.unwrap();
        city.act(&city.township_head, *case, "confirm", &[], &[]).await.unwrap();
    }
    cases
}

fn november() -> NewDraw {
    NewDraw {
        item: "dibao".to_owned(),
        from: day("2026-11-01"),
        until: day("2026-11-30"),
        delegated_only: true,
        share: Share::AsSet,
        finish_on: day("2026-12-31"),
    }
}

async fn draw(city: &Wuhai, new: &NewDraw) -> Result<office::casework::DrawId, OfficeError> {
    let key = IdempotencyKey::fresh().unwrap();
    sampling::draw(&city.office, &grant(&city.county_clerk), new, &key).await
}

#[tokio::test]
async fn the_county_samples_what_townships_confirmed_and_anybody_draws_the_same() {
    for city in cities_of("sampling", DELEGATED_VILLAGE, "150303002001", START).await {
        let cases = decided(&city).await;
        let early = draw(&city, &november()).await;
        assert!(matches!(early, Err(OfficeError::Invalid(_))), "the month is not over: {early:?}");
        city.days(25).await;
        let few = draw(&city, &NewDraw { share: Share::Percent(20), ..november() }).await;
        let Err(OfficeError::Invalid(problems)) = few else { panic!("{few:?}") };
        assert!(problems[0].message.contains("30%"), "{problems:?}");
        let key = IdempotencyKey::fresh().unwrap();
        let clerk = grant(&city.county_clerk);
        let id = sampling::draw(&city.office, &clerk, &november(), &key).await.unwrap();
        assert_eq!(sampling::draw(&city.office, &clerk, &november(), &key).await.unwrap(), id, "sent twice");
        let again = draw(&city, &NewDraw { from: day("2026-11-15"), ..november() }).await;
        let Err(OfficeError::Conflict(said)) = again else {
            panic!("nobody draws until they like it: {again:?}")
        };
        assert!(said.contains("已经抽过签"), "{said}");

        let (view, population) = sampling::draw_page(&city.office, &clerk, id).await.unwrap();
        // Three of the four may be drawn by lot; 30 % of three is one, rounded up. The fourth was complained of.
        assert_eq!((view.population, view.always, view.by_lot, view.percent), (4, 1, 1, 30));
        assert_eq!(view.percent_source, "演示参数");
        assert_eq!(population.len(), 4);
        let complained = population.iter().find(|member| member.case == cases[1]).unwrap();
        assert_eq!(complained.why, Some(Why::Complaint));
        // Everybody reads the seed and the largest lot, and no number.
        let public = sampling::published(&city.office).await.unwrap();
        let chosen_lot =
            population.iter().find(|member| member.why == Some(Why::Lot)).map(|one| one.lot.clone());
        assert_eq!((public.len(), &public[0].draw.seed, &public[0].largest), (1, &view.seed, &chosen_lot));
        // With the seed and the numbers alone.
        let mut lots: Vec<(String, CaseId)> = population
            .iter()
            .filter(|member| member.case != cases[1])
            .map(|member| (sampling::lot(&view.seed, &member.number), member.case))
            .collect();
        lots.sort();
        let chosen = population.iter().find(|member| member.why == Some(Why::Lot)).unwrap();
        assert_eq!(chosen.case, lots[0].1);
        assert_eq!(sampling::verify(&city.office).await.unwrap(), (1, Vec::new()));

        let work = city.work(&city.county_clerk).await;
        let checks: Vec<CaseId> =
            work.iter().filter(|work| work.step == "closed").map(|work| work.case).collect();
        assert_eq!(checks.len(), 2);
        assert!(checks.contains(&cases[1]) && checks.contains(&chosen.case));
        assert!(work.iter().all(|work| work.due_on == day("2026-12-31")));
        let neighbour = sampling::draws(&city.office, &grant(&city.county_director), None).await.unwrap();
        assert_eq!(neighbour.rows.len(), 1);

        // One was right. The other was wrong: its family is reviewed at once.
        let right = [("sample/sample_correct", "yes")];
        city.act(&city.county_clerk, cases[1], "sample", &right, &[]).await.unwrap();
        let wrong = [("sample/sample_correct", "no")];
        city.act(&city.second_county_clerk, chosen.case, "sample", &wrong, &[]).await.unwrap();
        let (view, _) = sampling::draw_page(&city.office, &clerk, id).await.unwrap();
        assert_eq!((view.checked, view.found_wrong), (2, 1));
        let left = city.work(&city.county_clerk).await;
        assert!(left.is_empty(), "{left:?}");
        let city = performs(city).await;
        city.days(1).await;
        reviews::schedule(&city.office).await.unwrap();
        let claim =
            jobs::claim(city.office.db(), &[reviews::REVIEWS_DUE_JOB], "test").await.unwrap().unwrap();
        assert_eq!(reviews::work(&city.office, &claim).await.unwrap().opened, 1);

        // A population that was tampered with is found.
        Query::system("test", "UPDATE sample_member SET reason = 'lot' WHERE case_id = ?")
            .bind(lots[1].1)
            .execute(city.office.db())
            .await
            .unwrap();
        let (count, mismatches) = sampling::verify(&city.office).await.unwrap();
        assert_eq!((count, mismatches.len(), mismatches[0].0), (1, 1, id));
        let frozen =
            Query::system("test", "UPDATE sample_draw SET seed = 'x'").execute(city.office.db()).await;
        assert!(frozen.is_err(), "a draw stands as it was drawn");
    }
}

/// SA-50: half of what was checked was right, everybody's benefit began in these months, and nobody got anything a year ago.
async fn performs(city: Wuhai) -> Wuhai {
    let city = city.restarted().await;
    let reader = grant::<office::access::Report>(&city.county_director);
    let export = grant::<office::access::Export>(&city.county_director);
    let query = |month: u32| RollQuery {
        programme: Some("dibao".to_owned()),
        month: Month::new(2026, month).unwrap(),
        division: None,
    };
    let found = reports::performance(&city.office, &reader, &query(12)).await.unwrap();
    let whole = &found.whole;
    assert_eq!((whole.checked, whole.right, whole.accuracy().as_deref()), (2, 1, Some("50.0%")));
    assert_eq!((whole.alive, whole.moved, whole.movement().as_deref()), (4, 4, Some("100.0%")));
    assert!(whole.per_person.is_some_and(|fen| fen.0 > 0), "{whole:?}");
    assert_eq!((whole.a_year_before, whole.growth()), (None, None), "nothing to compare with is no growth");
    assert_eq!(found.parts.iter().filter(|part| part.alive > 0).count(), 1, "one township has them all");
    let november = reports::performance(&city.office, &reader, &query(11)).await.unwrap();
    assert_eq!((november.whole.checked, november.whole.alive), (0, 0));
    assert_eq!(november.whole.accuracy(), None, "nothing checked is not all wrong");
    let csv = office::tabular::ListFormat::Csv;
    let sheet = reports::performance_sheet(&city.office, &reader, &export, &query(12), csv).await.unwrap();
    assert!(String::from_utf8_lossy(&sheet).contains("50.0%"));
    city
}
