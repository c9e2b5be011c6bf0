//! What the packs compute of the plan is computed from the first day, until somebody ends it.

use office::OfficeError;
use office::access::{ManagePlan, ReadPlan, ReportPlan};
use office::plans::links::{self, Computed};
use office::plans::values::{self, Reported};
use office::plans::{PlanValueId, indicator_page, overview};

use store::statements;

use crate::wuhai::{Wuhai, cities, grant};

/// 护理型床位在养老机构床位中占比
const BEDS: &str = "wh_i005";
/// What the pack says of it.
const SHARE: &str = "elderly_nursing_share";

async fn reported(city: &Wuhai) -> Result<PlanValueId, OfficeError> {
    let reported = Reported {
        indicator: BEDS,
        division: city.prefecture,
        month: "2025-12".parse().unwrap(),
        number: "56.5",
        evidence: "养老机构床位统计表",
    };
    values::report(&city.office, &grant::<ReportPlan>(&city.policy), reported).await
}

/// PL-04: nobody types what the packs compute; who ends it ends it for good, and may link it again.
#[tokio::test]
async fn a_link_of_the_packs_holds_until_somebody_ends_it() {
    for city in cities("planpacks").await {
        let forget = store::Query::system("test", "DELETE FROM plan_link WHERE plan = ?");
        forget.bind("wuhai_145").execute(city.office.db()).await.unwrap();
        let reader = grant::<ReadPlan>(&city.policy);
        let link = async || indicator_page(&city.office, &reader, BEDS).await.unwrap().link;
        let of_the_packs = link().await.unwrap();
        assert_eq!(of_the_packs.by, Computed::Indicator(SHARE.to_owned()));
        assert!(of_the_packs.made.is_none());
        assert!(of_the_packs.title.contains("护理型床位占比"), "{}", of_the_packs.title);
        assert!(matches!(reported(&city).await, Err(OfficeError::Conflict(_))), "nobody types it");
        let policy = grant::<ManagePlan>(&city.policy);
        let again = links::link(&city.office, &policy, BEDS, SHARE).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))));
        let (seen, texts) = statements::counted(overview(&city.office, &reader)).await;
        let seen = seen.unwrap();
        assert!(texts.len() <= 14, "two dozen linked indicators: {} statements: {texts:#?}", texts.len());
        let (page, texts) = statements::counted(indicator_page(&city.office, &reader, BEDS)).await;
        assert!(!page.unwrap().counties.is_empty());
        assert!(texts.len() <= 12, "however many counties: {} statements: {texts:#?}", texts.len());
        assert!(seen.lines.iter().any(|line| line.indicator.id == *BEDS), "it stands among the others");

        links::unlink(&city.office, &policy, BEDS).await.unwrap();
        assert!(link().await.is_none());
        let twice = links::unlink(&city.office, &policy, BEDS).await;
        assert!(matches!(twice, Err(OfficeError::Conflict(_))));
        reported(&city).await.unwrap();
        links::link(&city.office, &policy, BEDS, SHARE).await.unwrap();
        assert!(link().await.unwrap().made.is_some(), "now it is somebody's");
    }
}
