//! 规划 on pages: two people and a plan.

use axum::http::StatusCode;

use super::desk::post_multipart;
use crate::testing::Town;
use crate::ui::form::KEY;

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
        // Every standing has its card, so that they add up to the indicators.
        for words in ["<span>定性目标</span>", "<span>约束性指标</span>", "figure-cards--four"] {
            assert!(overview.text.contains(words), "{words}: {}", overview.text);
        }
        let chapter = crate::ui::address("/desk/plan", &[("chapter", "大力发展养老服务业")]);
        let part = policy.get(&chapter).await.text;
        assert!(part.contains("共 19 条") && part.contains("去掉这个条件"), "{part}");
        let in_words = policy.get("/desk/plan/indicators/wh_i050").await.text;
        assert!(in_words.contains("稳中有升") && !in_words.contains("进度线和"), "{in_words}");
        let page = policy.get(BEDS).await;
        for words in [
            "护理型床位在养老机构床位中占比",
            "没有分解",
            "37%",
            "55%",
            "还没有已复核的数",
            "计算口径不同",
            "<svg",
            "data-chart=\"course-json\"",
            "进度线和已复核的数",
            ">应到</th>",
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
            judged.contains("到期未达到") && judged.contains("2025年12月是54.1%，按进度线这个月应到55%。"),
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
        let chapter = [("state", "finished"), ("chapter", "强化专项社会服务")];
        let done = policy.get(&crate::ui::address("/desk/plan/tasks", &chapter)).await.text;
        assert!(!done.contains("/desk/plan/tasks/wh_y001") && done.contains("强化专项社会服务"), "{done}");
        let late = policy.get("/desk/plan/stages?state=late&year=2025").await.text;
        assert!(late.contains("海勃湾区天盛老年公寓") && !late.contains("精神智障人员"), "{late}");
        let stage = policy.get("/desk/plan/stages/wh_p001").await.text;
        for words in ["争取于2023年投入使用", "加快乌海市精神智障人员社会福利院项目建设"]
        {
            assert!(stage.contains(words), "{words}: {stage}");
        }
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
        // What the plan prints and nobody reports on is read here: amounts and rules, with their words.
        let entries = policy.get("/desk/plan/entries?sort=standard").await.text;
        for words in [
            "全市最低生活保障标准达到月人均760元",
            "单位：元/人·月",
            "共 92 条",
            "规划的制定",
            "乌海市人民政府办公室",
            "from=50",
        ] {
            assert!(entries.contains(words), "{words}: {entries}");
        }
        assert!(!entries.contains("/desk/plan/tasks/wh_y001"), "{entries}");
        let next = policy.get("/desk/plan/entries?sort=standard&from=50").await.text;
        assert!(!next.contains("月人均760元") && next.contains("共 92 条"), "{next}");
        let tasks =
            policy.get(&crate::ui::address("/desk/plan/entries", &[("word", "社会救助自助平台")])).await;
        assert!(tasks.text.contains("/desk/plan/tasks/wh_y003"), "{}", tasks.text);
        let printed = policy.get("/desk/plan/indicators/wh_i004").await.text;
        for words in ["说明：表中单位格缺失", "（第二章第四节 表2 第4项）"] {
            assert!(printed.contains(words), "{words}: {printed}");
        }
        let undated = policy.get("/desk/plan/indicators/wh_i034").await.text;
        assert!(undated.contains("2025年12月（规划没有印年份，按规划期末计）"), "{undated}");
        let split = policy.get("/desk/plan/indicators/wh_i015/split").await.text;
        assert!(split.contains("2025年，乌海市 4343张"), "{split}");
        let sheet = policy.get("/desk/plan/sheet?list=contradictions&format=csv").await;
        assert!(sheet.text.contains("百分比与数量不符"), "{}", sheet.text);
        assert_eq!(policy.get("/desk/plan/indicators/nothing").await.status, StatusCode::NOT_FOUND);
        // Every list is taken out, from its own page.
        for (page, asked, words) in [
            ("/desk/plan/past", "list=past", "规划自评"),
            ("/desk/plan/entries", "list=text", "就业成本扣减"),
            ("/desk/plan/alerts", "list=alerts", "责任科室"),
            ("/desk/plan/values", "list=values", "数据来源"),
            ("/desk/plan/changes", "list=changes&amp;month=2026-11", "规划本月变化（2026年11月）"),
            (BEDS, "list=indicator&amp;indicator=wh_i005", "护理型床位在养老机构床位中占比"),
        ] {
            let text = policy.get(page).await.text;
            let link = format!("/desk/plan/sheet?{asked}&amp;format=csv");
            assert!(text.contains(&link), "{page}: {text}");
            let file = policy.get(&link.replace("&amp;", "&")).await;
            assert!(file.status == StatusCode::OK && file.text.contains(words), "{link}: {}", file.text);
        }
        let compared = policy.get("/desk/plan/sheet?list=compare&format=csv").await.text;
        assert!(compared.contains("合每万人"), "{compared}");
        let other = catalogue::plan::PlanBook::load(&store::testing::packs().join("baoding")).unwrap();
        office::plans::peers::take_in_peer(&town.office, &other).await.unwrap();
        let page = policy.get("/desk/plan/compare").await.text;
        for words in ["<strong>不低于55%</strong>", "2020年 37%", "口径都没有写明，不能比较"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        let (heading, table) = (page.find("养老机构护理型床位占比</h2>"), page.find("不低于55%"));
        assert!(heading.is_some() && heading < table, "a measure stands over its table: {page}");
    })
    .await;
}

/// PL-03: whoever approves a split reads its numbers first; they stand by year afterwards, on the page and in its file.
#[tokio::test]
async fn a_split_is_read_before_it_is_approved() {
    Town::each("plan_split_page", async |town| {
        const ADDED: &str = "/desk/plan/indicators/wh_i015";
        let prefecture = town.administrator.division;
        let maker = town.staff("policy", prefecture, "prefecture_policy").await;
        town.staff("releaser", prefecture, "prefecture_releaser").await;
        let (mut policy, mut releaser) = (town.browser("policy").await, town.browser("releaser").await);
        let granted = maker.grant().unwrap();
        let begin = office::plans::split::proposal(&town.office, &granted, "wh_i015").await.unwrap();
        let mut fields = Vec::new();
        for year in &begin.years {
            for ((county, ..), part) in begin.counties.iter().zip(&year.parts) {
                fields.push((format!("part_{county}_{}", year.year), part.to_string()));
            }
        }
        let sent: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(policy.post(&format!("{ADDED}/split"), &sent).await.status, StatusCode::SEE_OTHER);
        for (path, words) in [
            ("/desk/plan", "有 1 项目标的调整、分解等待批准"),
            ("/desk/plan/values", "目标分解到县（市、区）"),
        ] {
            let page = releaser.get(path).await.text;
            assert!(page.contains(words), "{path} {words}: {page}");
        }
        // A number of a county waits where its director works.
        town.staff("director", town.county, "county_director").await;
        let county = town.county.to_string();
        let value =
            [("division", county.as_str()), ("month", "2025-12"), ("number", "50"), ("evidence", "台账")];
        assert_eq!(policy.post(&format!("{BEDS}/values"), &value).await.status, StatusCode::SEE_OTHER);
        let work = town.browser("director").await.get("/desk/work").await.text;
        assert!(work.contains("规划有 1 项填报、调整或者分解等待复核、批准"), "{work}");
        let own = policy.get("/desk/work").await.text;
        assert!(!own.contains("等待复核、批准"), "who reports and proposes looks at nothing: {own}");
        let part = format!("{}张", begin.years.last().unwrap().parts[0]);
        let page = releaser.get(ADDED).await.text;
        for words in ["等待批准的分解方案", "批准分解方案", ">2025年</th>", "合计", part.as_str()]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        let decide = action(&page, "/desk/plan/indicators/wh_i015/splits/");
        assert_eq!(releaser.post(&decide, &[("decision", "approve")]).await.status, StatusCode::SEE_OTHER);
        let page = policy.get(ADDED).await.text;
        assert!(page.contains("各县（市、区）分年的目标") && !page.contains("等待批准"), "{page}");
        assert!(!releaser.get("/desk/plan/values").await.text.contains("目标分解到"), "decided");
        let file = policy.get("/desk/plan/sheet?list=indicator&indicator=wh_i015&format=csv").await.text;
        assert!(file.contains("分年的目标") && file.contains("2025年12月"), "{file}");
    })
    .await;
}

/// PL-08: what stands above the plan has its page, and stands on the indicator's.
#[tokio::test]
async fn what_is_demanded_from_above_stands_on_pages() {
    Town::each("plan_above", async |town| {
        town.staff("policy", town.administrator.division, "prefecture_policy").await;
        let mut policy = town.browser("policy").await;
        let page = policy.get("/desk/plan/superior").await.text;
        for words in [
            "符合要求",
            "《社会救助暂行办法》第十九条",
            "内蒙古自治区“十四五”民政事业发展规划",
            "上位规划",
            "2022年12月30日起改用《老年人能力评估规范》",
            "到2023年为止，本规划到2025年",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let one = policy.get("/desk/plan/indicators/wh_i019").await.text;
        assert!(one.contains("上位规划和法律的要求") && one.contains("要求不低于100%"), "{one}");
        let served = policy.get(BEDS).await.text;
        assert!(
            served.contains("推动这项指标的项目和任务") && served.contains("养老床位改造升级"),
            "{served}"
        );
        let stage = policy.get("/desk/plan/stages/wh_p014").await.text;
        assert!(stage.contains("推动的指标") && stage.contains("/desk/plan/indicators/wh_i005"), "{stage}");
        let fields =
            [("target", "95"), ("year", "2026"), ("reason", "床位不足"), ("document", "乌民发〔2026〕1号")];
        let refused = policy.post("/desk/plan/indicators/wh_i019/adjust", &fields).await.text;
        assert!(refused.contains("目标不能定在95"), "{refused}");
        let sheet = policy.get("/desk/plan/sheet?list=superior&format=csv").await.text;
        assert!(sheet.contains("社会救助暂行办法"), "{sheet}");
    })
    .await;
}

/// PL-07: a photo is uploaded with a note, stands on the stage's page and opens.
#[tokio::test]
async fn a_photo_comes_with_a_note() {
    Town::each("plan_photo", async |town| {
        town.staff("policy", town.administrator.division, "prefecture_policy").await;
        let mut policy = town.browser("policy").await;
        const STAGE: &str = "/desk/plan/stages/wh_p004";
        let pairs = |words: &str, key: &str| {
            [("deed", "started"), ("words", words), ("document", ""), ("files", "file:现场.jpg"), (KEY, key)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        // Without words the form comes back and has kept the photo.
        let refused =
            post_multipart(&mut policy, STAGE, &pairs("", "plan-photo-1"), b"\xff\xd8\xff\xe0photo").await;
        assert!(refused.text.contains("刚才选的文件已经上传"), "{}", refused.text);
        let page = post_multipart(&mut policy, STAGE, &pairs("主体封顶", "plan-photo-2"), b"no photo").await;
        assert!(page.text.contains("只能上传照片"), "{}", page.text);
        let done =
            post_multipart(&mut policy, STAGE, &pairs("主体封顶", "plan-photo-3"), b"\xff\xd8\xff\xe0photo")
                .await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let page = policy.get(STAGE).await.text;
        assert!(page.contains("主体封顶") && page.contains("现场.jpg") && page.contains("<img"), "{page}");
        let href = action(&page, "/desk/plan/stages/wh_p004/files/");
        let photo = policy.get(&href).await;
        assert_eq!(photo.status, StatusCode::OK);
    })
    .await;
}

/// The address that a form of a page is sent to, after a marker.
fn action(text: &str, marker: &str) -> String {
    let at = text.find(marker).unwrap_or_else(|| panic!("{marker}: {text}"));
    text[at..at + text[at..].find('"').unwrap()].to_owned()
}

#[tokio::test]
async fn an_evaluation_is_written_run_commented_and_answered() {
    Town::each("plan_evaluation", async |town| {
        let prefecture = town.administrator.division;
        for (login, role) in [("policy", "prefecture_policy"), ("pinggu", "plan_assessor")] {
            town.staff(login, prefecture, role).await;
        }
        town.staff("county", town.county, "county_clerk").await;
        let (mut policy, mut assessor) = (town.browser("policy").await, town.browser("pinggu").await);
        let list = policy.get("/desk/plan/evaluations").await.text;
        for words in ["2025年总结评估", "2023年中期评估", "2021年年度监测评估", "还没有生成"]
        {
            assert!(list.contains(words), "{words}: {list}");
        }
        const FINAL: &str = "/desk/plan/evaluations/final-2025";
        let fields = [("overall", "总体平稳。"), ("problems", "资金到位晚。")];
        assert_eq!(policy.post(&format!("{FINAL}/texts"), &fields).await.status, StatusCode::SEE_OTHER);
        assert_eq!(policy.post(&format!("{FINAL}/run"), &[]).await.status, StatusCode::SEE_OTHER);
        let page = policy.get(FINAL).await.text;
        for words in [
            "正在排版 PDF",
            "下载 Excel",
            "总体平稳。",
            "下一规划期基期值建议",
            "2026—2030年",
            "还没有写的部分不印在报告里：主要做法和成效、",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let sheet = policy.get(&format!("{FINAL}/sheet?format=csv")).await;
        assert!(sheet.text.contains("规划原文") && sheet.text.contains("绩效考核用"), "{}", sheet.text);
        assert_eq!(policy.get(&format!("{FINAL}/pdf")).await.status, StatusCode::NOT_FOUND, "not set yet");

        // The assessor sees it and says something; everything else is not there for them.
        let page = assessor.get(FINAL).await.text;
        assert!(
            page.contains("资金到位晚。") && page.contains("提交意见") && !page.contains("保存文字"),
            "{page}"
        );
        for (path, fields) in [
            (format!("{FINAL}/texts"), vec![("overall", "改")]),
            (format!("{FINAL}/run"), vec![]),
            (format!("{BEDS}/values"), vec![("number", "1")]),
            ("/desk/plan/public".to_owned(), vec![("which", "all")]),
        ] {
            assert_eq!(assessor.post(&path, &fields).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let wrong = assessor.post(&format!("{FINAL}/comments"), &[("about", ""), ("comment", " ")]).await;
        assert!(wrong.text.contains("请写明评估意见。"), "{}", wrong.text);
        let fields = [("about", "总体评价"), ("comment", "请附台账。")];
        assert_eq!(assessor.post(&format!("{FINAL}/comments"), &fields).await.status, StatusCode::SEE_OTHER);
        let page = policy.get(FINAL).await.text;
        assert!(page.contains("请附台账。"), "{page}");
        let to = action(&page, "/desk/plan/evaluations/final-2025/comments/");
        let field = format!("answer_{}", to.split('/').nth_back(1).unwrap());
        assert_eq!(policy.post(&to, &[(field.as_str(), "采纳。")]).await.status, StatusCode::SEE_OTHER);
        assert!(assessor.get(FINAL).await.text.contains("答复：采纳。"));

        let mut county = town.browser("county").await;
        assert!(county.get("/desk/plan/evaluations").await.text.contains("评估报告由乌海市编制"));
        assert_eq!(county.get(FINAL).await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn alerts_tasks_and_the_course_of_projects_have_their_pages() {
    Town::each("plan_alive", async |town| {
        town.staff("policy", town.administrator.division, "prefecture_policy").await;
        let mut policy = town.browser("policy").await;
        office::plans::reminders::settle(&town.office).await.unwrap();
        let list = policy.get("/desk/plan/alerts").await.text;
        assert!(list.contains("到期未报完成") && list.contains("本单位承办"), "{list}");
        assert!(policy.get("/desk/work").await.text.contains("条规划预警和提醒等待处理"));
        let alert = action(&list, "/desk/plan/alerts/");
        let wrong = policy.post(&alert, &[("reason", "")]).await;
        assert!(wrong.text.contains("请写明怎样处理"), "{}", wrong.text);
        assert_eq!(policy.post(&alert, &[("reason", "已督办")]).await.status, StatusCode::SEE_OTHER);
        let closed = policy.get(&alert).await.text;
        assert!(closed.contains("已督办") && !closed.contains("处理完毕"), "{closed}");

        let tasks = policy.get("/desk/plan/tasks?section=none").await.text;
        let task = action(&tasks, "/desk/plan/tasks/");
        let entry = task.rsplit('/').next().unwrap().to_owned();
        let charge = format!("/desk/plan/charges/{entry}");
        let place = town.administrator.division.to_string();
        let fields = |due| [("division", place.as_str()), ("section", "养老科"), ("login", ""), ("due", due)];
        let wrong = policy.post(&charge, &fields("明年")).await;
        assert!(wrong.text.contains("请填写月份"), "{}", wrong.text);
        assert_eq!(policy.post(&charge, &fields("2027-03")).await.status, StatusCode::SEE_OTHER);
        let shown = policy.get(&task).await.text;
        assert!(shown.contains("养老科") && shown.contains("2027年3月"), "{shown}");
        let done = [("deed", "finished"), ("due", ""), ("words", "已建成"), ("document", "")];
        assert_eq!(policy.post(&task, &done).await.status, StatusCode::SEE_OTHER);
        assert!(
            policy
                .get(&crate::ui::address("/desk/plan/tasks", &[("section", "养老科")]))
                .await
                .text
                .contains("已建成")
        );

        let gantt = policy.get("/desk/plan/gantt").await.text;
        assert!(
            gantt.contains("<svg")
                && gantt.contains("data-chart=\"gantt-0-json\"")
                && gantt.contains("海勃湾区")
                && gantt.contains("海勃湾区天盛老年公寓"),
            "{gantt}"
        );
        assert!(!gantt.contains("style="), "no style attribute passes the policy");
        // More than a page has room for is opened place by place, and no line of now is promised outside the picture.
        assert!(
            gantt.contains("<details class=\"folded-part\" open>")
                && gantt.contains("图到2025年底为止")
                && !gantt.contains("竖线是现在"),
            "{gantt}"
        );
        let month = policy.get("/desk/plan/changes").await.text;
        assert!(month.contains("已完成，已建成"), "{month}");
        let sheet = policy.get("/desk/plan/sheet?list=tasks&format=csv").await;
        assert!(sheet.text.contains("养老科"), "{}", sheet.text);
    })
    .await;
}

#[tokio::test]
async fn the_released_part_is_for_everybody() {
    Town::each("plan_open", async |town| {
        town.staff("releaser", town.administrator.division, "prefecture_releaser").await;
        let (mut releaser, mut anybody) = (town.browser("releaser").await, town.visitor());
        assert!(anybody.get("/plan").await.text.contains("还没有公开规划内容"));
        assert_eq!(anybody.get("/plan/data.json").await.status, StatusCode::NOT_FOUND);
        let chosen = [("which", "chosen"), ("indicator", "wh_i005"), ("project", "wh_p004")];
        assert_eq!(releaser.post("/desk/plan/public", &chosen).await.status, StatusCode::SEE_OTHER);
        let page = anybody.get("/plan").await.text;
        assert!(
            page.contains("护理型床位在养老机构床位中占比") && page.contains("海勃湾区天盛老年公寓"),
            "{page}"
        );
        assert!(!page.contains("村(社区)社会救助协理员"), "what is not released is not there: {page}");
        assert!(page.contains("数据格式说明") && !page.contains("JSON Schema"), "{page}");
        let json = anybody.get("/plan/data.json").await;
        let data: serde_json::Value = serde_json::from_str(&json.text).unwrap();
        assert_eq!(data["indicators"][0]["id"], "wh_i005");
        let schema: serde_json::Value =
            serde_json::from_str(&anybody.get("/plan/schema.json").await.text).unwrap();
        assert_eq!(schema["properties"]["indicators"]["type"], "array");
        assert!(anybody.get("/plan/data.csv").await.text.contains("wh_i005"));
        assert!(page.contains("/plan/data.xlsx"), "{page}");
        let file = anybody.get("/plan/data.xlsx").await;
        let lists = office::tabular::read_file("plan.xlsx", &file.bytes).unwrap();
        let said = format!("{lists:?}");
        assert!(
            said.contains("护理型床位在养老机构床位中占比") && said.contains("海勃湾区天盛老年公寓"),
            "{said}"
        );
        assert!(!said.contains("村(社区)社会救助协理员"), "{said}");
        // A long list is folded by the plan's chapters, in their order.
        releaser.post("/desk/plan/public", &[("which", "all")]).await;
        let page = anybody.get("/plan").await.text;
        let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
        assert!(at("“十四五”发展总体要求（13 条）") < at("保障基本民生（5 条）"));
        assert!(at("保障基本民生（5 条）") < at("大力发展养老服务业（19 条）"));
        releaser.post("/desk/plan/public", &[("which", "none")]).await;
        assert_eq!(anybody.get("/plan/data.xlsx").await.status, StatusCode::NOT_FOUND);
        assert!(anybody.get("/plan").await.text.contains("还没有公开规划内容"));
    })
    .await;
}

#[tokio::test]
async fn the_cockpit_shows_the_place_at_a_glance() {
    Town::each("cockpit", async |town| {
        town.staff("leader", town.administrator.division, "prefecture_leader").await;
        town.staff("head", town.township_a, "township_head").await;
        let mut leader = town.browser("leader").await;
        let page = leader.get("/desk/cockpit").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        for words in [
            "乌海市民政工作一览",
            "在册保障人数",
            "今年已办环节按时率",
            "在办已超期限的环节",
            "另列为“在办超期环节”",
            "登记簿预警",
            "规划指标滞后",
            "/desk/plan?standing=behind",
            "海勃湾区",
            "data-chart=\"map-json\"",
            "href=\"/desk/record-alerts\"",
            "href=\"/desk/figures/paid?month=2026-11\"",
            "data-chart=\"paid-json\"",
            "近十二个月办件",
        ] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let file = leader.get("/desk/cockpit/sheet?format=csv").await;
        assert_eq!(file.status, StatusCode::OK);
        for words in ["乌海市民政工作一览", "海勃湾区", "超期环节"] {
            assert!(file.text.contains(words), "{words}: {}", file.text);
        }
        let county = format!("/desk/cockpit?division={}", town.county);
        let below = leader.get(&county).await.text;
        assert!(below.contains("海勃湾区民政工作一览") && below.contains("返回本级"), "{below}");
        for words in
            ["tile-map__tiles", "chart-legend--still", "不表示位置、形状和面积", "id=\"map-table-region\""]
        {
            assert!(below.contains(words), "{words}: {below}");
        }
        let mut head = town.browser("head").await;
        assert!(head.get("/desk/cockpit").await.status.is_success());
        assert_eq!(
            head.get(&county).await.status,
            StatusCode::NOT_FOUND,
            "a township does not see its county"
        );
    })
    .await;
}
