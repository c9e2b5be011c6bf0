//! Verification by sample: as many as the confidence asks for, with inspectors by the same seed, before everybody.

use office::OfficeError;
use office::access::{Actor, Export, ReadCase, Sample};
use office::casework::RandomCheckId;
use office::casework::sampling::random::{self, Finding, NewCheck, Objects};
use store::{IdempotencyKey, Query, StaffId};
use vocab::{Fen, Month};

use crate::casework_sampling::decided;
use crate::town::{START, day};
use crate::welfare::working_for;
use crate::wuhai::{DELEGATED_VILLAGE, Wuhai, actor, cities_of, grant};

fn november() -> Objects {
    Objects::Decisions { item: "dibao".to_owned(), from: day("2026-11-01"), until: day("2026-11-30") }
}

fn check(objects: Objects, inspectors: &[&Actor], each: i64) -> NewCheck {
    NewCheck {
        objects,
        confidence: 95,
        margin: 500,
        expected: 5_000,
        inspectors: inspectors.iter().map(|actor| actor.staff).collect(),
        each,
        finish_on: day("2026-12-31"),
    }
}

async fn draw(city: &Wuhai, by: &Actor, new: &NewCheck) -> Result<RandomCheckId, OfficeError> {
    random::draw(&city.office, &grant(by), new, &IdempotencyKey::fresh().unwrap()).await
}

/// The object and the inspector of every line of a table of a draw.
async fn fell(city: &Wuhai, id: RandomCheckId, table: &'static str) -> Vec<(i64, StaffId)> {
    let sql = format!(
        "SELECT a.place, i.staff_id FROM {table} a JOIN random_check_inspector i ON i.check_id = a.check_id \
         AND i.inspector = a.inspector WHERE a.check_id = ? ORDER BY a.place, i.staff_id"
    );
    Query::system("test", sql)
        .bind(id)
        .all_as(city.office.db(), |row| Ok((row.get("place")?, row.get("staff_id")?)))
        .await
        .unwrap()
}

#[tokio::test]
async fn decisions_are_verified_by_a_sample_of_things_and_inspectors_that_anybody_draws_again() {
    for city in cities_of("random_checks", DELEGATED_VILLAGE, "150303002001", START).await {
        let cases = decided(&city).await;
        let office = &city.office;
        let clerk = grant::<Sample>(&city.county_clerk);
        let free = [&city.second_county_clerk, &city.county_director, &city.neighbour_clerk];
        let early = draw(&city, &city.county_clerk, &check(november(), &free, 2)).await;
        assert!(matches!(early, Err(OfficeError::Invalid(_))), "the month is not over: {early:?}");
        city.days(25).await;
        let offered: Vec<StaffId> =
            random::candidates(office, &clerk).await.unwrap().iter().map(|one| one.staff).collect();
        assert!(
            offered.contains(&city.neighbour_clerk.staff) && !offered.contains(&city.village_worker.staff)
        );
        assert_eq!(random::sizes(office, &clerk, &check(november(), &free, 2)).await.unwrap(), (4, 4));
        // The township prepared all four.
        let own = [&city.township_clerk, &city.second_clerk, &city.township_head];
        let few = draw(&city, &city.county_clerk, &check(november(), &own, 1)).await;
        let Err(OfficeError::Conflict(said)) = few else { panic!("{few:?}") };
        assert!(said.contains("检查人员不够"), "{said}");
        let outside = draw(&city, &city.county_clerk, &check(november(), &[&city.policy], 1)).await;
        assert!(matches!(outside, Err(OfficeError::Invalid(_))), "{outside:?}");
        assert!(random::checks(office, &clerk, None).await.unwrap().rows.is_empty(), "nothing was drawn yet");

        let entered = [free[0], free[1], free[2], &city.township_clerk];
        let new = check(november(), &entered, 2);
        let key = IdempotencyKey::fresh().unwrap();
        let id = random::draw(office, &clerk, &new, &key).await.unwrap();
        assert_eq!(random::draw(office, &clerk, &new, &key).await.unwrap(), id, "sent twice");
        let again = draw(&city, &city.county_clerk, &new).await;
        let Err(OfficeError::Conflict(said)) = again else {
            panic!("nobody draws until they like it: {again:?}")
        };
        assert!(said.contains("抽过签"), "{said}");
        let (view, drawn) = random::check_page(office, &clerk, id).await.unwrap();
        assert_eq!((view.population, view.drawn, view.ended(), view.accuracy()), (4, 4, false, None));
        assert!(drawn.iter().all(|one| one.inspectors.len() == 2 && one.passed.len() == 1), "{drawn:?}");
        let given = fell(&city, id, "random_check_assigned").await;
        assert!(given.iter().all(|(_, staff)| *staff != city.township_clerk.staff), "{given:?}");
        // With the seed and the numbers alone.
        let mut numbers: Vec<StaffId> = new.inspectors.clone();
        numbers.sort();
        let mut lots: Vec<(String, StaffId)> = (1..)
            .zip(&numbers)
            .filter(|(_, staff)| **staff != city.township_clerk.staff)
            .map(|(number, staff)| (random::inspector_lot(&view.seed, 1, number), *staff))
            .collect();
        lots.sort();
        let mut first: Vec<(i64, StaffId)> = lots[..2].iter().map(|(_, staff)| (1, *staff)).collect();
        first.sort();
        assert_eq!(given[..2], first[..]);
        assert_eq!(random::verify(office).await.unwrap(), (1, Vec::new()));

        let (public, places) = random::published_draw(office, id).await.unwrap();
        assert_eq!(places.len(), 4);
        let file = String::from_utf8(random::published_file(office, id).await.unwrap()).unwrap();
        for one in &drawn {
            assert!(!file.contains(&one.number) && file.contains(&one.lot), "{file}");
        }
        assert_eq!(public.seed, view.seed);
        let wrong = found(&city, id, cases[0]).await;
        let ended = random::published_draw(office, id).await.unwrap().0;
        assert_eq!((ended.ended(), ended.accuracy()), (true, Some((7_500, (7_500, 7_500)))));
        let due: Option<chrono::NaiveDate> = Query::system(
            "test",
            "SELECT e.review_due_on FROM entitlement e JOIN case_file c ON c.entitlement_id = e.id WHERE c.id = ?",
        )
        .bind(cases[0])
        .scalar(office.db())
        .await
        .unwrap();
        assert_eq!(due, Some(office.now().today()), "a wrong decision is reviewed at once");
        let late = record(&city, &city.second_county_clerk, id, wrong, &Finding::Right).await;
        assert!(!matches!(late, Ok(())), "what is public is not mended: {late:?}");
        let sheet =
            random::check_sheet(office, &clerk, &grant::<Export>(&city.county_clerk), id).await.unwrap();
        assert!(sheet.starts_with(b"PK"));
        stands(&city, id).await;
    }
}

async fn record(
    city: &Wuhai,
    by: &Actor,
    id: RandomCheckId,
    place: i64,
    finding: &Finding,
) -> Result<(), OfficeError> {
    let key = IdempotencyKey::fresh().unwrap();
    random::record(&city.office, &grant::<ReadCase>(by), id, place, finding, &key).await
}

/// Whoever was drawn says what they found, the case `wrong` last: first as right, then mended by the other inspector. The place of it.
async fn found(city: &Wuhai, id: RandomCheckId, wrong: store::CaseId) -> i64 {
    let wrong_at: i64 =
        Query::system("test", "SELECT place FROM random_check_object WHERE check_id = ? AND object_id = ?")
            .bind(id)
            .bind(wrong)
            .scalar(city.office.db())
            .await
            .unwrap();
    let not_theirs = record(city, &city.township_clerk, id, wrong_at, &Finding::Right).await;
    assert!(matches!(not_theirs, Err(OfficeError::NotFound(_))), "{not_theirs:?}");
    let inspectors = [&city.second_county_clerk, &city.county_director, &city.neighbour_clerk];
    let given = fell(city, id, "random_check_assigned").await;
    let of = |place: i64| -> Vec<&Actor> {
        let drawn = |actor: &&&Actor| given.contains(&(place, actor.staff));
        inspectors.iter().filter(drawn).copied().collect()
    };
    let listed = random::mine(&city.office, &grant(of(wrong_at)[0]), None).await.unwrap();
    assert!(listed.rows.iter().any(|one| one.place == wrong_at && one.found.is_none()));
    let unknown = Finding::Wrong { error: "weather".to_owned(), amount: None };
    assert!(record(city, of(wrong_at)[0], id, wrong_at, &unknown).await.is_err());
    record(city, of(wrong_at)[0], id, wrong_at, &Finding::Right).await.unwrap();
    let error = Finding::Wrong { error: "amount".to_owned(), amount: Some(Fen(12_000)) };
    record(city, of(wrong_at)[1], id, wrong_at, &error).await.unwrap();
    for place in (1..=4).filter(|place| *place != wrong_at) {
        record(city, of(place)[0], id, place, &Finding::Right).await.unwrap();
    }
    wrong_at
}

/// What was drawn and found is not rewritten, and what is added to it is found.
async fn stands(city: &Wuhai, id: RandomCheckId) {
    let db = city.office.db();
    for sql in [
        "UPDATE random_check SET seed = 'x'",
        "UPDATE random_check_result SET found_right = TRUE, error = NULL, amount_fen = NULL",
        "DELETE FROM random_check_assigned",
        "DELETE FROM random_check_barred",
    ] {
        assert!(Query::system("test", sql).execute(db).await.is_err(), "{sql}");
    }
    Query::system(
        "test",
        "INSERT INTO random_check_object (check_id, place, object_id, number, township_id) \
         SELECT check_id, 5, 999999, 'X', township_id FROM random_check_object WHERE check_id = ? AND place = 1",
    )
    .bind(id)
    .execute(db)
    .await
    .unwrap();
    let (count, wrong) = random::verify(&city.office).await.unwrap();
    assert_eq!((count, wrong.len(), wrong[0].0), (1, 1, id));
}

#[tokio::test]
async fn the_prefecture_draws_over_counties_and_passes_over_their_own_staff() {
    for city in cities_of("random_prefecture", DELEGATED_VILLAGE, "150303002001", START).await {
        decided(&city).await;
        city.days(25).await;
        let office = &city.office;
        let inspector = actor(office, "choucha").await;
        let new = check(november(), &[&city.second_county_clerk, &city.policy], 1);
        let id = draw(&city, &inspector, &new).await.unwrap();
        let given = fell(&city, id, "random_check_assigned").await;
        assert_eq!(given.len(), 4);
        assert!(given.iter().all(|(_, staff)| *staff == city.policy.staff), "{given:?}");
        let why: Vec<String> = Query::system("test", "SELECT DISTINCT why FROM random_check_barred")
            .scalars(office.db())
            .await
            .unwrap();
        assert_eq!(why, ["office"], "the county's own");
        let county = grant::<Sample>(&city.county_clerk);
        let above = random::check_page(office, &county, id).await;
        assert!(matches!(above, Err(OfficeError::NotFound(_))), "the city's draw is the city's: {above:?}");

        // Benefits on the roll at a day, and once a month.
        let roll = |on: &str| Objects::Benefits { programme: "dibao".to_owned(), on: day(on) };
        let benefits =
            draw(&city, &city.county_clerk, &check(roll("2026-12-01"), &[&city.second_county_clerk], 1))
                .await;
        let (view, _) = random::check_page(office, &county, benefits.unwrap()).await.unwrap();
        assert_eq!(view.population, 4);
        // To the same office's post for the elderly it is not there; that it was drawn everybody reads.
        let elderly = grant::<Sample>(&working_for(&city.county_clerk, "elderly"));
        assert!(random::checks(office, &elderly, None).await.unwrap().rows.is_empty());
        let others = random::check_page(office, &elderly, view.id).await;
        assert!(matches!(others, Err(OfficeError::NotFound(_))), "{others:?}");
        let assistance = grant::<Sample>(&working_for(&city.county_clerk, "assistance"));
        assert_eq!(random::checks(office, &assistance, None).await.unwrap().rows.len(), 1);
        assert_eq!(random::published(office, None).await.unwrap().rows.len(), 2);
        let month =
            draw(&city, &city.county_clerk, &check(roll("2026-12-02"), &[&city.county_director], 1)).await;
        assert!(matches!(month, Err(OfficeError::Conflict(_))), "{month:?}");
        // The city sees the county's draws beside its own.
        let seen = random::checks(office, &grant(&inspector), None).await.unwrap();
        assert_eq!(seen.rows.len(), 2);
        let run = Objects::Payments {
            programme: "dibao".to_owned(),
            month: Month::new(2026, 12).unwrap(),
            run: None,
        };
        let nothing = draw(&city, &city.county_clerk, &check(run.clone(), &[&city.county_director], 1)).await;
        assert!(matches!(nothing, Err(OfficeError::Conflict(_))), "nothing is paid yet: {nothing:?}");
        let (_, totals) = crate::matters::paid(&city, "dibao", Month::new(2026, 12).unwrap()).await;
        let entered = [&city.county_director, &city.accountant];
        let id = draw(&city, &city.county_clerk, &check(run, &entered, 1)).await.unwrap();
        let (view, _) = random::check_page(office, &county, id).await.unwrap();
        assert_eq!(view.population, totals.count);
        let given = fell(&city, id, "random_check_assigned").await;
        assert!(
            given.iter().all(|(_, staff)| *staff == city.county_director.staff),
            "who made the run does not check it"
        );
        assert_eq!(random::verify(office).await.unwrap(), (3, Vec::new()));
    }
}

#[test]
fn the_plan_that_names_an_accuracy_says_what_it_is_to_be() {
    let load = |pack: &str| catalogue::plan::PlanBook::load(&store::testing::packs().join(pack)).unwrap();
    let wenshan = [load("wenshan")];
    let (name, value) = random::goal(&wenshan, random::Kind::Decisions).unwrap();
    assert_eq!((name.as_str(), value.as_str()), ("救助对象审核认定准确率", "2020年规划列出的 99%"));
    assert_eq!(random::goal(&wenshan, random::Kind::Payments), None, "of payments it says nothing");
    assert_eq!(random::goal(&[load("wuhai")], random::Kind::Decisions), None);
}
