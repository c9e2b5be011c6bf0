//! 抽样核查 through the pages: the county asks how many, draws, the inspector says what they found, and everybody reads it.

use axum::http::StatusCode;
use store::Query;

use super::desk;
use crate::testing::{Town, day};

#[tokio::test]
async fn a_sample_is_drawn_inspected_and_read_by_everybody() {
    Town::each("random_checks", async |town| {
        town.staff("county", town.county, "county_clerk").await;
        let director = town.staff("director", town.county, "county_director").await;
        let names = ["轩辕签", "李雪莲", "金子悦"];
        let case = desk::filed_by(town, &town.clerk_a, town.village_a, names, 31).await;
        Query::system("test", "UPDATE case_file SET decided_on = ? WHERE id = ?")
            .bind(day("2026-10-15"))
            .bind(case)
            .execute(town.office.db())
            .await
            .unwrap();
        let number: String = Query::system("test", "SELECT number FROM case_file WHERE id = ?")
            .bind(case)
            .scalar(town.office.db())
            .await
            .unwrap();
        let mut county = town.browser("county").await;
        let inspector = director.staff.to_string();
        let asked = [
            ("kind", "decisions"),
            ("item", "dibao"),
            ("from_year", "2026"),
            ("from_month", "10"),
            ("from_day", "1"),
            ("until_year", "2026"),
            ("until_month", "10"),
            ("until_day", "31"),
            ("confidence", "95"),
            ("margin", "5"),
            ("expected", "50"),
            ("each", "1"),
            ("inspectors", inspector.as_str()),
        ];
        let counted = county.post("/desk/random-checks", &[&asked[..], &[("deed", "count")]].concat()).await;
        assert_eq!(counted.status, StatusCode::OK, "{}", counted.text);
        let sentence = "从 1 件中抽 1 件：有 95% 的把握，误差不超过 5 个百分点";
        assert!(counted.text.contains(sentence), "{}", counted.text);
        let undated = county.post("/desk/random-checks", &[&asked[..], &[("deed", "draw")]].concat()).await;
        assert_eq!(undated.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", undated.text);
        let finish =
            [("deed", "draw"), ("finish_on_year", "2027"), ("finish_on_month", "1"), ("finish_on_day", "31")];
        let drawn = county.post("/desk/random-checks", &[&asked[..], &finish[..]].concat()).await;
        assert!(drawn.status.is_redirection(), "{}", drawn.text);
        let page = county.get(drawn.location()).await;
        assert!(page.text.contains(&number) && page.text.contains("待核查"), "{}", page.text);

        let id = drawn.location().rsplit('/').next().unwrap().to_owned();
        let mut visitor = town.visitor();
        let public = visitor.get(&format!("/draws/{id}")).await;
        assert_eq!(public.status, StatusCode::OK, "{}", public.text);
        assert!(
            public.text.contains(sentence) && public.text.contains("全部查完以后公布"),
            "{}",
            public.text
        );
        assert!(!public.text.contains(&number) && !public.text.contains("轩辕签"), "{}", public.text);
        assert!(visitor.get("/draws").await.text.contains(&format!("/draws/{id}")));
        let file = visitor.get(&format!("/draws/{id}/data.csv")).await;
        assert!(file.text.contains("签号") && !file.text.contains(&number), "{}", file.text);

        // The county's clerk was not drawn.
        let task = format!("/desk/inspections/{id}/1");
        assert_eq!(county.get(&task).await.status, StatusCode::NOT_FOUND);
        let mut director = town.browser("director").await;
        let work = director.get("/desk/work").await;
        assert!(work.text.contains("抽签分给您 1 件核查"), "{}", work.text);
        assert!(director.get("/desk/inspections").await.text.contains(&number));
        let unsaid = director.post(&task, &[("found", "wrong")]).await;
        assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unsaid.text.contains("请选择是什么问题"), "{}", unsaid.text);
        let said = director.post(&task, &[("found", "right")]).await;
        assert!(said.status.is_redirection(), "{}", said.text);
        let public = visitor.get(&format!("/draws/{id}")).await;
        assert!(public.text.contains("<strong>100%</strong>"), "{}", public.text);
        let closed = director.get(&task).await;
        assert!(closed.text.contains("不能再改"), "{}", closed.text);
        let sheet = county.get(&format!("/desk/random-checks/{id}/export")).await;
        assert!(sheet.bytes.starts_with(b"PK"));
    })
    .await;
}
