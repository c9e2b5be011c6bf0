//! 政策仿真, 政策找人 and 规则阅读 on pages.

use axum::http::StatusCode;
use catalogue::definition::{Unit, ValueKind};
use office::people::{NewFact, Source, Subject, record_facts_in};
use office::{leads, population, simulation};
use store::jobs::Beat;
use store::{PersonId, Scope};

use crate::testing::{Town, day};

/// Everything of the second family is known, and it is poor.
async fn known(town: &Town, wage: &str) {
    let release = town.office.release();
    let said = [("registered_here", "true"), ("excluded_status", "none"), ("wage_income", wage)];
    let mut facts = Vec::new();
    for of in release.facts.iter() {
        let value = match said.iter().find(|(id, _)| *id == of.id.as_str()) {
            Some((_, value)) => Some((*value).to_owned()),
            None if catalogue::shapes::absent_value(of).is_known() => None,
            None => match *of.kind {
                ValueKind::Boolean => Some("false".to_owned()),
                ValueKind::Integer | ValueKind::Decimal | ValueKind::Money => {
                    Some(of.min.as_ref().map_or_else(|| "0".to_owned(), |min| min.get().to_string()))
                }
                _ => continue,
            },
        };
        let subjects: Vec<Subject> = match of.on {
            Unit::Household => vec![Subject::Household(town.family_b)],
            Unit::Person => town.people_b.iter().map(|id: &PersonId| Subject::Person(*id)).collect(),
        };
        facts.extend(subjects.into_iter().map(|subject| NewFact {
            subject,
            fact: of.id.get().clone(),
            value: value.clone(),
            from_on: day("2026-03-01"),
            until_on: None,
            source: Source::Visit,
            case: None,
            evidence: None,
        }));
    }
    let tx = town.office.db().begin().await.unwrap();
    let who = town.clerk_b.audit();
    record_facts_in(&town.office, &tx, &Scope::System("test"), &who, &facts).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_standard_is_moved_and_the_answer_stands_beside_today() {
    Town::each("simulation_pages", async |town| {
        known(town, "100").await;
        let prefecture = town.administrator.division;
        town.staff("policy", prefecture, "prefecture_policy").await;
        let mut policy = town.browser("policy").await;
        let asked = "/desk/simulation?run=1&parameter_1=dibao_standard&value_1=1500&month=2027-01";
        let early = policy.get(asked).await;
        assert!(early.text.contains("人口快照还没有生成"), "{}", early.text);
        let started = policy.post("/desk/simulation/population", &[]).await;
        assert_eq!(started.status, StatusCode::SEE_OTHER);
        assert!(policy.get("/desk/simulation").await.text.contains("正在更新"));
        let kinds = [population::POPULATION_JOB];
        let claim = store::jobs::claim(town.office.db(), &kinds, "test").await.unwrap().unwrap();
        population::work(&town.office, &claim).await.unwrap();

        let page = policy.get(asked).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        for words in [
            "仿真结果",
            "最低生活保障标准改为 1500",
            "海勃湾区",
            "谁多得，谁少得",
            "先按符合计算",
            "拟定标准变更",
        ] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        assert!(!page.text.contains("孙德福"), "numbers only");
        let wrong = policy.get("/desk/simulation?run=1&parameter_1=dibao_standard&value_1=many").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("不是数"));

        let supposition = page.field("supposition").replace("&quot;", "\"");
        let fields = [("_key", "simulation-0000001"), ("title", "提到1500元"), ("supposition", &supposition)];
        let untitled = policy.post("/desk/simulation/save", &[("supposition", &supposition)]).await;
        assert!(untitled.text.contains("请填写名称"), "{}", untitled.text);
        let saved = policy.post("/desk/simulation/save", &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
        let address = saved.location().to_owned();
        assert_eq!(policy.post("/desk/simulation/save", &fields).await.location(), address, "kept once");
        let shown = policy.get(&address).await;
        assert!(shown.text.contains("提到1500元") && shown.text.contains("生成 PDF"), "{}", shown.text);
        // It is released by nobody here: the button leads to a proposal, which a second person releases.
        let proposal = "/desk/standards/dibao_standard/change?";
        let link =
            shown.text.split(proposal).nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let form = policy.get(&format!("{proposal}{link}")).await;
        assert!(form.text.contains("value=\"1500\"") && form.text.contains("依据政策仿真"), "{}", form.text);
        // A row of a table and a standard of the same place are one proposal.
        let rows = format!("{asked}&parameter_2=supplement_percent%5Bminor%5D&value_2=20");
        let supposed = policy.get(&rows).await.field("supposition").replace("&quot;", "\"");
        let kept = [("title", "未成年人增发两成"), ("supposition", supposed.as_str())];
        let kept = policy.post("/desk/simulation/save", &kept).await.location().to_owned();
        let shown = policy.get(&kept).await;
        let proposal = "/desk/standards/dibao_standard,supplement_percent/change?";
        let link = shown.text.split(proposal).nth(1).unwrap_or_else(|| panic!("{}", shown.text));
        let link = link.split('"').next().unwrap().replace("&amp;", "&");
        let form = policy.get(&format!("{proposal}{link}")).await;
        assert_eq!(form.field("value-supplement_percent-minor"), "20");
        assert_eq!(form.field("value-dibao_standard"), "1500");
        let again = [("title", "再看一次"), ("supposition", &supposition)];
        let other = policy.post("/desk/simulation/save", &again).await.location().to_owned();
        let id = |address: &str| address.rsplit('/').next().unwrap().to_owned();
        let both = format!("/desk/simulation/compare?a={}&b={}", id(&address), id(&other));
        assert!(policy.get(&both).await.text.contains("相差"));
        assert_eq!(policy.post(&format!("{address}/pdf"), &[]).await.status, StatusCode::SEE_OTHER);
        assert!(policy.get(&address).await.text.contains("正在生成 PDF"));
        let waiting = simulation::pdf_waiting(&town.office).await.unwrap();
        simulation::pdf_done(&town.office, waiting[0].id, Ok(b"%PDF-1.7".to_vec())).await.unwrap();
        assert!(policy.get(&format!("{address}/pdf")).await.bytes.starts_with(b"%PDF"));
        assert!(policy.get(&format!("{address}/sheet?format=csv")).await.text.contains("海勃湾区"));

        // The clerk of a township simulates nothing.
        let mut clerk = town.browser("clerk_a").await;
        for path in ["/desk/simulation", address.as_str(), "/desk/simulation/rules/dibao"] {
            assert_eq!(clerk.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_rule_is_rewritten_on_a_copy() {
    Town::each("simulation_rule_pages", async |town| {
        known(town, "100").await;
        population::refresh(&town.office, &mut |_, _| Beat::GoOn).await.unwrap();
        town.staff("policy", town.administrator.division, "prefecture_policy").await;
        let mut policy = town.browser("policy").await;
        assert!(policy.get("/desk/simulation/rules").await.text.contains("/desk/simulation/rules/dibao"));
        let page = policy.get("/desk/simulation/rules/dibao").await;
        assert!(page.text.contains("name=\"condition.income\""), "{}", page.text);
        let unchanged = policy.post("/desk/simulation/rules/dibao", &[]).await;
        assert!(unchanged.text.contains("还没有改动"), "{}", unchanged.text);
        let wrong =
            policy.post("/desk/simulation/rules/dibao", &[("condition.income", "per_capita < 1")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("per_capita &lt; 1"), "what was typed is kept");
        let done = policy
            .post("/desk/simulation/rules/dibao", &[("condition.income", "per_capita_income < 1")])
            .await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        assert!(done.text.contains("仿真结果") && done.text.contains("不再符合"));
    })
    .await;
}

#[tokio::test]
async fn the_village_visits_whom_the_rules_find() {
    Town::each("leads_pages", async |town| {
        known(town, "100").await;
        town.staff("worker", town.village_b, "village_worker").await;
        let mut worker = town.browser("worker").await;
        assert!(worker.get("/desk/leads").await.text.contains("现在没有线索"));
        assert_eq!(worker.post("/desk/leads/search", &[]).await.status, StatusCode::NOT_FOUND);
        let mut clerk = town.browser("clerk_b").await;
        assert_eq!(clerk.post("/desk/leads/search", &[]).await.status, StatusCode::SEE_OTHER);
        assert!(clerk.get("/desk/leads").await.text.contains("正在查找"));
        let claim = store::jobs::claim(town.office.db(), &[leads::LEADS_JOB], "test").await.unwrap().unwrap();
        leads::work(&town.office, &claim).await.unwrap();

        let list = worker.get("/desk/leads").await;
        assert!(list.text.contains("孙德福") && !list.text.contains("需要核查"), "{}", list.text);
        assert!(clerk.get("/desk/leads?about=review").await.text.contains("先听取家庭的意见"));
        let lead =
            list.text.split("/desk/leads/").find(|part| part.starts_with(|c: char| c.is_ascii_digit()));
        let lead = format!("/desk/leads/{}", lead.unwrap().split('"').next().unwrap());
        let page = worker.get(&lead).await;
        for words in ["为什么", "待认定", "依据", "登记办理情况"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let version = page.field("version");
        let nothing = worker.post(&format!("{lead}/note"), &[("version", &version)]).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        let visited = [("version", version.as_str()), ("deed", "visited"), ("words", "见到本人")];
        assert_eq!(worker.post(&format!("{lead}/note"), &visited).await.status, StatusCode::SEE_OTHER);
        assert!(worker.get(&lead).await.text.contains("见到本人"));
        // The neighbours do not see it.
        let mut neighbour = town.browser("clerk_a").await;
        assert_eq!(neighbour.get(&lead).await.status, StatusCode::NOT_FOUND);
        assert!(!neighbour.get("/desk/leads").await.text.contains("孙德福"));
        // Some programme of the leads can be filed for: the form begins with what is on file.
        let all = worker.get("/desk/leads").await;
        let mut begun = false;
        for part in all.text.split("href=\"/desk/leads/").skip(1) {
            let id = part.split('"').next().unwrap();
            if !id.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let page = worker.get(&format!("/desk/leads/{id}")).await;
            if page.text.contains("为这个家庭申请") {
                let filing = worker.post(&format!("/desk/leads/{id}/file"), &[]).await;
                assert_eq!(filing.status, StatusCode::SEE_OTHER, "{}", filing.text);
                assert!(filing.location().starts_with("/desk/drafts/"));
                assert!(worker.get(filing.location()).await.text.contains("孙德福"));
                begun = true;
                break;
            }
        }
        // An old person alone is the rules' 特困, which can be filed for.
        assert!(begun, "{}", all.text);
    })
    .await;
}

#[tokio::test]
async fn anybody_reads_the_rules_and_tries_a_family() {
    Town::each("programmes_pages", async |town| {
        let mut visitor = town.visitor();
        let list = visitor.get("/programmes").await;
        assert_eq!(list.status, StatusCode::OK);
        let release = town.office.release();
        for programme in release.programmes.iter() {
            let path = format!("/programmes/{}", programme.id);
            assert!(list.text.contains(&path), "{path}");
            let page = visitor.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
            for condition in &programme.conditions {
                assert!(page.text.contains(&condition.title.replace('“', "“")), "{path} {}", condition.title);
            }
            assert!(page.text.contains("依据：") && page.text.contains("规则原文"), "{path}");
            let form = visitor.get(&format!("{path}/try?members=2&place=150302")).await;
            assert_eq!(form.status, StatusCode::OK, "{path}/try");
            assert!(form.text.contains("看结果"), "{path}/try");
        }
        let dibao = visitor.get("/programmes/dibao?place=150302").await;
        for words in [
            "历次调整",
            "例子",
            "最低生活保障标准",
            "演示参数",
            "per_capita_income &lt; standard",
            "家庭月人均收入",
        ] {
            assert!(dibao.text.contains(words), "{words}");
        }
        let fields =
            [("place", "150302"), ("members", "1"), ("member.0.age", "40"), ("member.0.wage_income", "100")];
        let answer = visitor.post("/programmes/dibao/try", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(answer.text.contains("每一项条件"));
        assert_eq!(visitor.get("/programmes/nothing").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}
