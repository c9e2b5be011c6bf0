//! Pages for a post of one business: every desk opens, with what is of its business; what is another one's is not there.

use axum::http::StatusCode;
use store::Query;

use super::desk;
use crate::testing::Town;

#[tokio::test]
async fn a_clerk_for_the_elderly_works_at_every_desk_and_finds_nothing_of_dibao() {
    Town::each("business_pages", async |town| {
        let names = ["欧阳标", "司徒标", "欧阳小标"];
        let case = desk::filed_by(town, &town.clerk_a, town.village_a, names, 131).await;
        let row = Query::system("test", "SELECT number FROM case_file WHERE id = ?").bind(case);
        let number: String = row.scalar(town.office.db()).await.unwrap();
        town.staff("aged", town.county, "county_clerk@elderly").await;
        town.staff("poor", town.county, "county_clerk@assistance").await;
        let (mut aged, mut poor) = (town.browser("aged").await, town.browser("poor").await);
        for path in [
            "/desk/work",
            "/desk/cases",
            "/desk/people",
            "/desk/leads",
            "/desk/draws",
            "/desk/file",
            "/desk/cockpit",
            "/desk/figures",
            "/desk/figures/paid",
            "/desk/figures/cases",
            "/desk/figures/layers",
            "/desk/figures/fairness",
            "/desk/figures/performance",
        ] {
            let seen = aged.get(path).await;
            assert_eq!(seen.status, StatusCode::OK, "{path}");
            let told = ["value=\"dibao\"", "/desk/apply/dibao\"", number.as_str()];
            assert!(!told.iter().any(|told| seen.text.contains(told)), "{path}: {}", seen.text);
        }
        let own = aged.get("/desk/cases").await;
        assert!(own.text.contains("value=\"old_age_allowance\""), "{}", own.text);
        let listed = poor.get("/desk/cases").await;
        assert!(
            listed.text.contains(&number) && !listed.text.contains("old_age_allowance"),
            "{}",
            listed.text
        );

        // Opened, filed and counted in the own business alone.
        for path in [
            format!("/desk/cases/{case}"),
            format!("/desk/cases/{case}/actions/accept"),
            "/desk/apply/dibao".to_owned(),
            "/desk/figures/cases?item=dibao".to_owned(),
            "/desk/figures/cases/list?item=dibao&counted=filed".to_owned(),
        ] {
            assert_eq!(aged.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(poor.get(&format!("/desk/cases/{case}")).await.status, StatusCode::OK);
        assert_eq!(poor.get("/desk/apply/old_age_allowance").await.status, StatusCode::NOT_FOUND);
        assert_eq!(aged.get("/desk/apply/old_age_allowance").await.status, StatusCode::OK);
        let found = |number: &str| format!("/desk/search?q={number}");
        assert!(!aged.get(&found(&number)).await.text.contains(&format!("/desk/cases/{case}")));
        assert!(poor.get(&found(&number)).await.text.contains(&format!("/desk/cases/{case}")));

        // People are on file for every business.
        let person = format!("/desk/people/{}", town.people_a[0]);
        for browser in [&mut aged, &mut poor] {
            assert!(browser.get(&person).await.text.contains("赵桂兰"));
        }
    })
    .await;
}
