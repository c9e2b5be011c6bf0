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
async fn a_month_without_visits_says_so_and_a_plan_needs_somebody_to_do_it() {
    Town::each("web_record_plan", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let empty = clerk.get("/desk/record-plan?month=2026-11").await;
        assert!(empty.text.contains("这个月还没有计划"), "{}", empty.text);
        let nobody = clerk.post("/desk/record-plan", &[("plan_month", "2026-11")]).await;
        assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nobody.text.contains("请选择由谁去做"), "{}", nobody.text);
    })
    .await;
}
