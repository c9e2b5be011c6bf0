//! Law by date: a case accepted in June 2026 and decided in July is judged by the law of its acceptance.

use office::casework::Doer;
use serde_json::json;
use vocab::Month;

use crate::town::day;
use crate::wuhai::{BEFORE_THE_LAW, Family, NEIGHBOUR_VILLAGE, VILLAGE, Wuhai, cities_of};

async fn refused(city: &Wuhai, first: &'static str) -> store::CaseId {
    let names = vec![first, "李雪莲", "金子悦"];
    let family = Family { names, wages: vec!["6000", "0", "0"], ..Family::default() };
    let case = city.published(&family).await;
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    city.days(8).await;
    city.act(&city.county_director, case, "refuse", &[], &["income_above"]).await.unwrap();
    case
}

#[tokio::test]
async fn the_day_of_acceptance_picks_the_law() {
    for city in cities_of("law", VILLAGE, NEIGHBOUR_VILLAGE, BEFORE_THE_LAW).await {
        let june = refused(&city, "金满仓").await;
        let seen = city.seen(june).await;
        assert_eq!(seen.case.accepted_on, Some(day("2026-06-15")));
        assert_eq!(seen.case.decided_on, Some(day("2026-07-01")));
        assert!(seen.determinations.iter().all(|made| made.law_on == day("2026-06-15")));
        assert_eq!(seen.determinations[0].month, Month::containing(day("2026-08-01")));
        let old = city.letter(june, "refusal").await;
        assert_eq!(old["basis"], json!(["《最低生活保障审核确认办法》第二十一条"]));
        assert_eq!(old["reasons"][0]["basis"], json!("《社会救助暂行办法》第九条"));
        assert!(!old["remedies"].to_string().contains("《社会救助法》"), "{}", old["remedies"]);

        let july = refused(&city, "白音").await;
        let seen = city.seen(july).await;
        assert_eq!(seen.case.accepted_on, Some(day("2026-07-01")));
        assert!(seen.determinations.iter().all(|made| made.law_on == day("2026-07-01")));
        let new = city.letter(july, "refusal").await;
        assert_eq!(new["basis"][0], json!("《社会救助法》第四十五条"));
        assert_eq!(new["reasons"][0]["basis"], json!("《社会救助法》第十八条"));
        assert!(new["remedies"]["basis"].as_str().unwrap().starts_with("《社会救助法》第七十六条"));
        // What an action stands on is shown by the same date.
        let page = |case| {
            office::casework::view::action_page(
                &city.office,
                Doer::Desk(&city.second_clerk),
                case,
                "deliver_refusal",
            )
        };
        assert!(!page(june).await.unwrap().basis.iter().any(|basis| basis.contains("《社会救助法》")));
        assert!(page(july).await.unwrap().basis.iter().any(|basis| basis.contains("《社会救助法》")));
    }
}
