//! A register's list as a map, and a month of duties as a plan: what the pages show, lead to and take back from a phone.

use axum::http::StatusCode;

use crate::testing::{Browser, Seen, Town};

/// Adds a record as the form would be sent: once, and again with the marks of the fields that the page showed.
async fn add(browser: &mut Browser, register: &str, fields: &[(&str, &str)]) -> String {
    let path = format!("/desk/records/{register}/new");
    let mut all: Vec<(&str, &str)> = fields.to_vec();
    all.push(("_seen", fields[0].0));
    let mut seen: Seen = browser.post(&path, &all).await;
    if seen.status == StatusCode::OK {
        let marks: Vec<String> = seen
            .text
            .split("name=\"_seen\" value=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect();
        let mut all: Vec<(&str, &str)> = fields.to_vec();
        all.extend(marks.iter().map(|mark| ("_seen", mark.as_str())));
        seen = browser.post(&path, &all).await;
    }
    assert!(seen.status.is_redirection(), "{}", seen.text);
    seen.location().to_owned()
}

#[tokio::test]
async fn a_list_is_a_map_whose_table_says_the_same() {
    Town::each("web_record_map", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let place = office::divisions::find(town.office.db(), town.village_b).await.unwrap().code;
        let new = |code: &'static str, name: &'static str, point: &'static str| {
            [
                ("name", name),
                ("credit_code", code),
                ("division", place.as_str()),
                ("kind", "private"),
                ("approved_beds", "20"),
                ("point", point),
            ]
        };
        let home = add(
            &mut clerk,
            "care_institution",
            &new("91150302MA0000001X", "夕阳红养老院", "106.812345,39.67"),
        )
        .await;
        add(&mut clerk, "care_institution", &new("91150302MA0000003X", "红枫养老院", "")).await;
        let list = clerk.get("/desk/records/care_institution").await;
        assert!(list.text.contains("/desk/records/care_institution/map"), "{}", list.text);
        let map = clerk.get("/desk/records/care_institution/map").await;
        assert_eq!(map.status, StatusCode::OK, "{}", map.text);
        // What the script draws, and the same in the table, for whoever has no script.
        assert!(map.text.contains("\"at\":[[106.812345,39.67]]"), "{}", map.text);
        assert!(map.text.contains("海勃湾区"), "the outline of the pack");
        assert!(map.text.contains("东经106.812345°，北纬39.67°"), "{}", map.text);
        assert!(map.text.matches(&format!("href=\"{home}\"")).count() == 1, "{}", map.text);
        assert!(map.text.contains("另有1条没有登记位置"), "{}", map.text);
        // The filters are the list's; nobody sees the neighbours'.
        let none = clerk.get("/desk/records/care_institution/map?f.kind=public").await;
        assert!(!none.text.contains("夕阳红养老院"), "{}", none.text);
        let mut neighbour = town.browser("clerk_a").await;
        let theirs = neighbour.get("/desk/records/care_institution/map").await;
        assert_eq!(theirs.status, StatusCode::OK);
        assert!(
            !theirs.text.contains("夕阳红养老院") && !theirs.text.contains("没有登记位置"),
            "{}",
            theirs.text
        );
        // What has no place on earth has no map.
        assert_eq!(clerk.get("/desk/records/visited_elder/map").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn a_month_of_visits_is_planned_and_done_one_after_the_other() {
    Town::each("web_record_plan", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let person = format!("〔{}〕", town.people_b[0]);
        add(
            &mut clerk,
            "visited_elder",
            &[
                ("person", person.as_str()),
                ("difficulty", "lonely"),
                ("alone", "yes"),
                ("risk", "low"),
                ("visited_by", "李建军"),
                ("visited_on.year", "2026"),
                ("visited_on.month", "10"),
                ("visited_on.day", "27"),
            ],
        )
        .await;
        let empty = clerk.get("/desk/record-plan?month=2026-11").await;
        assert!(empty.text.contains("这个月还没有计划"), "{}", empty.text);
        let nobody = clerk.post("/desk/record-plan", &[("plan_month", "2026-11")]).await;
        assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nobody.text.contains("请选择由谁去做"), "{}", nobody.text);
        let staff = town.clerk_b.staff.to_string();
        let planned = clerk.post("/desk/record-plan", &[("plan_month", "2026-11"), ("by", &staff)]).await;
        assert!(planned.status.is_redirection(), "{}", planned.text);
        let plan = clerk.get(planned.location()).await;
        assert!(plan.text.contains("孙德福") && plan.text.contains("做下一项（还有 1 项）"), "{}", plan.text);
        // Moved to another day, behind the one on which it falls due: that is told.
        let pick = plan.field("pick");
        let moved = [
            ("month", "2026-11"),
            ("pick", pick.as_str()),
            ("on_year", "2026"),
            ("on_month", "11"),
            ("on_day", "30"),
        ];
        let moved = clerk.post("/desk/record-plan/move", &moved).await;
        assert!(moved.status.is_redirection(), "{}", moved.text);
        let moved = clerk.get(moved.location()).await;
        assert!(moved.text.contains("2026-11-30") && moved.text.contains("晚于到期日"), "{}", moved.text);
        // The neighbours plan and see nothing of it.
        let mut neighbour = town.browser("clerk_a").await;
        assert!(!neighbour.get("/desk/record-plan?month=2026-11").await.text.contains("孙德福"));

        // On a phone: the next one, its form, and on to the one after it; there is none.
        let next = clerk.get("/desk/record-plan/next?month=2026-11").await;
        assert_eq!(next.status, StatusCode::SEE_OTHER);
        let duty = clerk.get(next.location()).await;
        assert!(duty.text.contains("每月探访") && duty.text.contains("计划日期"), "{}", duty.text);
        let version = duty.field("_version");
        let path = next.location().split('?').next().unwrap().to_owned();
        let found = [
            ("_version", version.as_str()),
            ("_plan_month", "2026-11"),
            ("_plan_place", ""),
            ("_plan_staff", ""),
            ("done_on_year", "2026"),
            ("done_on_month", "11"),
            ("done_on_day", "23"),
            ("state", "fine"),
            ("visited_by", "李建军"),
            ("visited_on.year", "2026"),
            ("visited_on.month", "11"),
            ("visited_on.day", "23"),
        ];
        let done = clerk.post(&path, &found).await;
        assert!(done.status.is_redirection(), "{}", done.text);
        assert!(done.location().starts_with("/desk/record-plan?month=2026-11"), "{}", done.location());
        let plan = clerk.get(done.location()).await;
        assert!(plan.text.contains("计划里的都做完了") && plan.text.contains("已做"), "{}", plan.text);
        assert!(!plan.text.contains("做下一项"), "{}", plan.text);
        // The next visit is set down for the month after, by the same person.
        let coming = clerk.get("/desk/record-plan?month=2026-12").await;
        assert!(coming.text.contains("孙德福"), "{}", coming.text);
    })
    .await;
}
