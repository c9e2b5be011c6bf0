//! 规划 on pages: two people and a plan.

use axum::http::StatusCode;

use crate::testing::Town;

const BEDS: &str = "/desk/plan/indicators/wh_i005";

#[tokio::test]
async fn a_value_is_reported_looked_at_and_judged() {
    Town::each("plan_pages", async |town| {
        let prefecture = town.administrator.division;
        town.staff("policy", prefecture, "prefecture_policy").await;
        town.staff("releaser", prefecture, "prefecture_releaser").await;
        let (mut policy, mut releaser) = (town.browser("policy").await, town.browser("releaser").await);
        let overview = policy.get("/desk/plan").await;
        assert_eq!(overview.status, StatusCode::OK, "{}", overview.text);
        let first = overview.text.find("约束性</strong>").unwrap();
        assert!(first < overview.text.find("预期性</strong>").unwrap(), "binding ones first");
        let page = policy.get(BEDS).await;
        for words in [
            "护理型床位在养老机构床位中占比",
            "暂无数据",
            "37%",
            "55%",
            "还没有已复核的数",
            "计算口径不同",
            "<svg",
        ] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let place = prefecture.to_string();
        let fields = |number, evidence| {
            [("division", place.as_str()), ("month", "2025-12"), ("number", number), ("evidence", evidence)]
        };
        let wrong = policy.post(&format!("{BEDS}/values"), &fields("五十", "")).await;
        assert!(wrong.text.contains("请填写数字，例如 95 或 95.5"), "{}", wrong.text);
        let done = policy.post(&format!("{BEDS}/values"), &fields("54.1", "床位统计表")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        assert!(policy.get(BEDS).await.text.contains("待复核"));
        let list = policy.get("/desk/plan/values").await.text;
        assert!(
            list.contains("床位统计表") && !list.contains("数据属实"),
            "who reports does not confirm: {list}"
        );
        let list = releaser.get("/desk/plan/values").await.text;
        let at = list.find("/desk/plan/values/").unwrap();
        let action = &list[at..at + list[at..].find('"').unwrap()];
        assert_eq!(releaser.post(action, &[("decision", "right")]).await.status, StatusCode::SEE_OTHER);
        let judged = policy.get(BEDS).await.text;
        assert!(
            judged.contains("到期未达到") && judged.contains("2025年12月是54.1%，进度线在这个月是55%。"),
            "{judged}"
        );

        let fields =
            [("target", "54"), ("year", "2025"), ("reason", "中期评估"), ("document", "乌民发〔2023〕9号")];
        assert_eq!(policy.post(&format!("{BEDS}/adjust"), &fields).await.status, StatusCode::SEE_OTHER);
        let page = releaser.get(BEDS).await.text;
        let at = page.find("/desk/plan/adjustments/").unwrap();
        let action = &page[at..at + page[at..].find('"').unwrap()];
        assert_eq!(releaser.post(action, &[("decision", "approve")]).await.status, StatusCode::SEE_OTHER);
        let judged = policy.get(BEDS).await.text;
        for words in ["已达到", "54%（已调整）", "规划印的目标", "乌民发〔2023〕9号"] {
            assert!(judged.contains(words), "{words}: {judged}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_projects_the_past_and_the_contradictions_have_their_pages() {
    Town::each("plan_lists", async |town| {
        town.staff("policy", town.administrator.division, "prefecture_policy").await;
        let mut policy = town.browser("policy").await;
        let late = policy.get("/desk/plan/stages?state=late&year=2025").await.text;
        assert!(late.contains("海勃湾区天盛老年公寓") && !late.contains("精神智障人员"), "{late}");
        let fields = [("deed", "moved"), ("due", "2027-06"), ("words", "受用地影响"), ("document", "")];
        let wrong = policy.post("/desk/plan/stages/wh_p004", &fields).await;
        assert!(wrong.text.contains("调整完成时间要写明依据的文件。"), "{}", wrong.text);
        let fields = [
            ("deed", "moved"),
            ("due", "2027-06"),
            ("words", "受用地影响"),
            ("document", "乌发改〔2026〕3号"),
        ];
        assert_eq!(policy.post("/desk/plan/stages/wh_p004", &fields).await.status, StatusCode::SEE_OTHER);
        let moved = policy.get("/desk/plan/stages/wh_p004").await.text;
        assert!(moved.contains("2027年6月") && moved.contains("原定2025年"), "{moved}");
        let found = policy.get("/desk/plan/contradictions").await.text;
        assert!(found.contains("只可能是0%、33%、67%、100%，原文写的是25%"), "{found}");
        let past = policy.get("/desk/plan/past").await.text;
        assert!(past.contains("这个规划没有印上期指标表。") && past.contains("投入运营养老机构"), "{past}");
        let split = policy.get("/desk/plan/indicators/wh_i015/split").await.text;
        assert!(split.contains("2025年，全市 4343张"), "{split}");
        let sheet = policy.get("/desk/plan/sheet?list=contradictions&format=csv").await;
        assert!(sheet.text.contains("百分比与数量不符"), "{}", sheet.text);
        assert_eq!(policy.get("/desk/plan/indicators/nothing").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}
