//! A month of duties planned for a place, moved, done one after the other; and what neighbours see of it.

use std::collections::BTreeSet;

use office::access::{Actor, Export, KeepRecords, ReadRecords};
use office::forms::Answers;
use office::records::RecordDutyId;
use office::records::duties::{self, DutyDone, DutyFilter, DutyView};
use office::records::duty_plan::{self, Asked, NewPlan, Planned};
use office::{OfficeError, tabular};
use store::{DivisionId, Migration, Query};
use vocab::Month;

use crate::records::{add, problems};
use crate::town::{DAY, Town, day, grant, release, towns};

/// Six shelters in two places, each to be checked by 26 March 2027.
async fn shelters(town: &Town, clerk: &Actor) {
    for (code, place) in [
        ("1", "990101001001"),
        ("2", "990101001001"),
        ("3", "990101001001"),
        ("4", "990101002001"),
        ("5", "990101002001"),
        ("6", "990101002001"),
    ] {
        let name = format!("第{code}养老院");
        let pairs = [
            ("code", code),
            ("name", name.as_str()),
            ("lies_in", place),
            ("kind", "public"),
            ("capacity", "10"),
            ("opened_on", "2020-03-26"),
        ];
        add(town, clerk, "shelter", &pairs).await;
    }
}

async fn planned(town: &Town, reader: &Actor, month: &str, division: Option<DivisionId>) -> Vec<Planned> {
    let asked = Asked { month: month.parse().unwrap(), division, staff: None };
    duty_plan::plan(&town.office, &grant::<ReadRecords>(reader), &asked).await.unwrap()
}

async fn do_it(town: &Town, keeper: &Actor, id: RecordDutyId) {
    done_on(town, keeper, id, town.office.now().today()).await;
}

async fn done_on(town: &Town, keeper: &Actor, id: RecordDutyId, on: chrono::NaiveDate) {
    let opened = duties::duty(&town.office, &grant(keeper), id).await.unwrap();
    let form = opened.form().unwrap();
    let mut answers = Answers::new();
    answers.merge_page(form, &form.pages[0], None, &[("safe", "yes")]);
    let done = DutyDone { on, note: "", answers, record: None };
    duties::perform(&town.office, &grant::<KeepRecords>(keeper), id, done, None).await.unwrap();
}

#[tokio::test]
async fn a_month_of_duties_is_planned_moved_and_done() {
    for town in towns("duty_plan").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let second = town.actor("second", town.county, &["county_clerk"]).await;
        let neighbour = town.actor("neighbour", town.other_county, &["county_clerk"]).await;
        shelters(&town, &county).await;
        // 2027-02-20, a Saturday.
        town.pass(110 * DAY);
        let month: Month = "2027-03".parse().unwrap();
        let new = |staff: Vec<store::StaffId>| NewPlan {
            month,
            division: town.county,
            register: None,
            staff,
            anew: false,
        };
        let make = async |new: NewPlan| {
            duty_plan::make(&town.office, &grant::<KeepRecords>(&county), &new, None).await
        };
        // Somebody has to do them, and it must be somebody of the place.
        assert!(problems(make(new(Vec::new())).await.unwrap_err()).contains_key("by"));
        assert!(problems(make(new(vec![neighbour.staff])).await.unwrap_err()).contains_key("by"));
        let past = NewPlan { month: "2027-01".parse().unwrap(), ..new(vec![county.staff]) };
        assert!(problems(make(past).await.unwrap_err()).contains_key("plan_month"));

        assert_eq!(make(new(vec![county.staff, second.staff])).await.unwrap(), 6);
        let plan = planned(&town, &county, "2027-03", None).await;
        assert_eq!(plan.len(), 6);
        let days: BTreeSet<_> = plan.iter().map(|one| one.on).collect();
        assert_eq!(days.len(), 6, "spread over the month: {days:?}");
        assert!(plan.iter().all(|one| one.on >= day("2027-03-01") && one.on <= one.duty.due_on), "{plan:?}");
        // Each place with one of the two.
        for place in ["东河区", "河西"] {
            let who: BTreeSet<_> =
                plan.iter().filter(|one| one.place.contains(place)).map(|one| one.who.clone()).collect();
            assert!(who.len() <= 1, "{place}: {who:?}");
        }
        let by: BTreeSet<_> = plan.iter().map(|one| one.who.as_ref().unwrap().0).collect();
        assert_eq!(by, [county.staff, second.staff].into());
        // Nothing is left to plan, unless all of it is planned anew.
        assert!(problems(make(new(vec![county.staff])).await.unwrap_err()).contains_key("plan_month"));
        let anew = NewPlan { anew: true, ..new(vec![county.staff]) };
        assert_eq!(make(anew).await.unwrap(), 6);
        let plan = planned(&town, &county, "2027-03", None).await;
        assert!(plan.iter().all(|one| one.who.as_ref().unwrap().0 == county.staff));

        // A township sees its own; another county nothing, and moves nothing.
        let clerk = town.clerk(town.hedong).await;
        assert_eq!(planned(&town, &clerk, "2027-03", None).await.len(), 3);
        assert!(planned(&town, &neighbour, "2027-03", None).await.is_empty());
        let elsewhere = Asked { month, division: Some(town.hexi), staff: None };
        let hidden = duty_plan::plan(&town.office, &grant(&clerk), &elsewhere).await;
        assert!(matches!(hidden, Err(OfficeError::NotFound(_))), "{hidden:?}");
        let first = plan[0].duty.id;
        let shift = async |who: &Actor, on: Option<&str>, staff| {
            let on = on.map(day);
            duty_plan::shift(&town.office, &grant::<KeepRecords>(who), &[first], on, staff, None).await
        };
        assert_eq!(shift(&neighbour, Some("2027-03-30"), None).await.unwrap(), 0);
        assert!(problems(shift(&county, Some("2027-02-01"), None).await.unwrap_err()).contains_key("on"));
        assert!(problems(shift(&county, None, None).await.unwrap_err()).contains_key("on"));
        let stranger = Some(neighbour.staff);
        assert!(problems(shift(&county, None, stranger).await.unwrap_err()).contains_key("to_staff"));
        assert_eq!(shift(&county, Some("2027-03-30"), Some(second.staff)).await.unwrap(), 1);
        let plan = planned(&town, &county, "2027-03", None).await;
        let last = plan.last().unwrap();
        assert_eq!(
            (last.duty.id, last.on, last.who.as_ref().unwrap().0),
            (first, day("2027-03-30"), second.staff)
        );
        assert_eq!(last.duty.due_on, day("2027-03-26"), "planning moves no due date");

        // One after the other, as they stand; what is done stays in the plan.
        let asked = Asked { month, division: None, staff: Some(county.staff) };
        let reader = grant::<ReadRecords>(&county);
        for number in 0..5 {
            let next = duty_plan::next(&town.office, &reader, &asked).await.unwrap();
            assert_eq!(next, Some(plan[number].duty.id));
            do_it(&town, &county, next.unwrap()).await;
        }
        assert_eq!(duty_plan::next(&town.office, &reader, &asked).await.unwrap(), None);
        let plan = planned(&town, &county, "2027-03", None).await;
        assert_eq!(plan.iter().filter(|one| one.duty.state == "done").count(), 5);
        // The next time is set down for the same person, on a working day not behind the day on which it falls due.
        let again = planned(&town, &county, "2028-02", None).await;
        assert_eq!(again.len(), 5, "{again:?}");
        assert!(
            again.iter().all(|one| one.on <= one.duty.due_on && one.who.as_ref().unwrap().0 == county.staff)
        );

        // The sheet that is carried about.
        let export = grant::<Export>(&county);
        let whole = Asked { month, division: None, staff: None };
        let sheet = duty_plan::sheet(&town.office, &reader, &export, &whole, tabular::ListFormat::Csv).await;
        let sheet = String::from_utf8(sheet.unwrap()).unwrap();
        assert_eq!(sheet.matches("年度检查").count(), 6, "{sheet}");
        assert!(sheet.contains("情况（手填）") && sheet.contains("第6养老院"), "{sheet}");
    }
}

/// What is to be done of one shelter's yearly check.
async fn owed(town: &Town, keeper: &Actor) -> Vec<DutyView> {
    let all = DutyFilter { future: true, ..DutyFilter::default() };
    duties::due(&town.office, &grant::<ReadRecords>(keeper), &all, None, 50).await.unwrap().rows
}

/// Each doing is followed by the next time, also where that falls on a day on which an earlier doing already fell due again.
#[tokio::test]
async fn what_is_done_twice_on_a_day_falls_due_again() {
    for town in towns("duty_twice").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        crate::records::shelter(&town, &county, "A1", "990101001001", "30").await;
        let first = owed(&town, &county).await[0].id;
        do_it(&town, &county, first).await;
        let second = owed(&town, &county).await[0].clone();
        do_it(&town, &county, second.id).await;
        let third = owed(&town, &county).await;
        assert_eq!(third.len(), 1, "a year from the same day again");
        assert_eq!(third[0].due_on, second.due_on);
        assert_ne!(third[0].id, second.id);
        // One that is written down late counts from the latest day, and is followed like any other.
        let yesterday = town.office.now().today() - chrono::Days::new(1);
        done_on(&town, &county, third[0].id, yesterday).await;
        let fourth = owed(&town, &county).await;
        assert_eq!(fourth.iter().map(|one| one.due_on).collect::<Vec<_>>(), [second.due_on]);
        assert_ne!(fourth[0].id, third[0].id);
    }
}

/// The times of duties from before they were known by what they follow keep their chain.
#[tokio::test]
async fn times_of_duties_from_before_are_carried_over() {
    const LATER: &str = "20261203_duty_follows";
    for db in store::testing::databases("duty_follows").await {
        let all = office::migrations();
        let before: Vec<Migration> = all.iter().filter(|one| one.name != LATER).copied().collect();
        db.migrate(&before).await.unwrap();
        office::divisions::import(&db, &release(), day("2020-01-01")).await.unwrap();
        let place: DivisionId =
            Query::system("test", "SELECT min(id) FROM division").scalar(&db).await.unwrap();
        let mut ids = Vec::new();
        for (record, state, done_on, due_on) in [
            (1_i64, "done", Some("2024-03-01"), "2024-03-05"),
            (1, "done", Some("2025-03-01"), "2025-03-03"),
            (1, "lapsed", None, "2026-03-01"),
            (1, "open", None, "2026-03-02"),
            (2, "open", None, "2026-03-02"),
        ] {
            let row = Query::system(
                "test",
                "INSERT INTO record_duty (register, record_id, duty, division_id, office_id, title, shown_on, due_on, state, done_on, made_at) \
                 VALUES ('shelter', ?, 'yearly', ?, ?, '检查', ?, ?, ?, ?, 1) RETURNING id",
            )
            .bind(record)
            .bind(place)
            .bind(place)
            .bind(day(due_on))
            .bind(day(due_on))
            .bind(state)
            .bind(done_on.map(day));
            ids.push(row.insert(&db).await.unwrap());
        }
        db.migrate(&all).await.unwrap();
        let follows: Vec<i64> =
            Query::system("test", "SELECT follows FROM record_duty ORDER BY id").scalars(&db).await.unwrap();
        assert_eq!(follows, [0, ids[0], ids[1], ids[1], 0]);
        // One is open for a duty, as before.
        let twice = Query::system(
            "test",
            "INSERT INTO record_duty (register, record_id, duty, division_id, office_id, title, shown_on, due_on, state, made_at) \
             VALUES ('shelter', 2, 'yearly', ?, ?, '检查', ?, ?, 'open', 1) RETURNING id",
        );
        let twice =
            twice.bind(place).bind(place).bind(day("2027-01-01")).bind(day("2027-01-01")).insert(&db).await;
        assert!(matches!(twice, Err(store::StoreError::Conflict(_))), "{twice:?}");
    }
}
