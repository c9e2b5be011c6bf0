//! The plan alive: evaluations whose texts stay and whose figures are frozen, an assessor who changes nothing, alerts that reach an office once, tasks by
//! office, what a month brought, what is public, and an overview that stays quick.

use std::sync::Arc;

use catalogue::{LoadOptions, PackFiles, Release};
use office::OfficeError;
use office::access::{
    ApprovePlan, CommentPlan, ManagePlan, ReadPlan, ReleasePlan, Report, ReportPlan, Right,
};
use office::casework::attachments;
use office::plans::adjustments::{self, Proposed};
use office::plans::charges::{self, Charged};
use office::plans::evaluation::{self, baselines, comments, paper, texts};
use office::plans::judge::Standing;
use office::plans::reminders::{self, AlertKind};
use office::plans::stages::{self, Noted, StageDeed, StageState};
use office::plans::values::{self, Reported};
use office::plans::{PlanCommentId, changes, indicator_page, overview, public, split};
use office::tabular::{ListFormat, read_file};
use store::{Query, statements};
use vocab::Month;

use crate::wuhai::{Wuhai, cities, grant};

/// 护理型床位在养老机构床位中占比: binding, 37 in 2020, 55 in 2025.
const BEDS: &str = "wh_i005";
/// 养老机构床位, to be counted.
const NUMBER: &str = "wh_i015";

async fn confirmed(city: &Wuhai, indicator: &str, month: &str, number: &str) {
    let reported = Reported {
        indicator,
        division: city.prefecture,
        month: month.parse().unwrap(),
        number,
        evidence: "养老机构床位统计表",
    };
    let id = values::report(&city.office, &grant::<ReportPlan>(&city.policy), reported).await.unwrap();
    values::look(&city.office, &grant::<ApprovePlan>(&city.releaser), id, true, "").await.unwrap();
}

/// The target of an indicator becomes another one, by two people.
async fn adjusted(city: &Wuhai, number: &str, year: i32) {
    let proposed =
        Proposed {
            indicator: BEDS, number, year, reason: "中期评估", document: "乌民发〔2023〕9号"
        };
    let id = adjustments::propose(&city.office, &grant::<ManagePlan>(&city.policy), proposed).await.unwrap();
    adjustments::decide(&city.office, &grant::<ApprovePlan>(&city.releaser), id, true).await.unwrap();
}

/// PL-04, PL-05: an evaluation is run in one press; its figures are frozen, its texts stay, the final one proposes the next baselines.
#[tokio::test]
async fn an_evaluation_is_frozen_and_its_texts_stay() {
    for city in cities("planeval").await {
        let reader = grant::<ReadPlan>(&city.policy);
        let manager = grant::<ManagePlan>(&city.policy);
        let (plan, list) = evaluation::list(&city.office, &reader).await.unwrap();
        let codes: Vec<String> = list.iter().map(|(one, _)| one.code()).collect();
        assert_eq!(
            codes,
            [
                "final-2025",
                "yearly-2025",
                "yearly-2024",
                "midterm-2023",
                "yearly-2023",
                "yearly-2022",
                "yearly-2021"
            ]
        );
        confirmed(&city, BEDS, "2022-12", "44").await;
        confirmed(&city, BEDS, "2025-12", "53").await;
        let text = [("problems", "护理型床位改造资金到位晚。"), ("overall", "总体平稳。")];
        assert_eq!(texts::write(&city.office, &manager, "final-2025", &text).await.unwrap(), 2);
        assert_eq!(
            texts::write(&city.office, &manager, "final-2025", &text).await.unwrap(),
            0,
            "nothing new"
        );
        evaluation::run(&city.office, &manager, &reader, "final-2025").await.unwrap();
        evaluation::run(&city.office, &manager, &reader, "midterm-2023").await.unwrap();

        let page = evaluation::page(&city.office, &reader, "final-2025").await.unwrap();
        let figures = page.figures.unwrap();
        let beds = figures.indicators.iter().find(|one| one.id == BEDS).unwrap();
        assert_eq!(
            (beds.standing_title.as_str(), beds.evidence.as_str(), beds.kind.as_str()),
            ("到期未达到", "养老机构床位统计表", "约束性")
        );
        assert!(figures.indicators[0].binding, "binding ones first");
        let promised = plan.indicators.iter().filter(|one| !one.is_history()).count();
        assert_eq!(figures.indicators.len(), promised);
        assert!(
            figures.indicators.iter().all(|one| !one.source.is_empty()),
            "every indicator has its source"
        );
        assert_eq!(figures.text("problems"), "护理型床位改造资金到位晚。");
        assert_eq!(figures.standing(Standing::Missed), (1, 1));
        // The middle of the plan knows nothing of what came later.
        let middle = evaluation::page(&city.office, &reader, "midterm-2023").await.unwrap().figures.unwrap();
        let beds = middle.indicators.iter().find(|one| one.id == BEDS).unwrap();
        assert_eq!(
            (beds.latest.unwrap().1.to_string().as_str(), middle.as_of.to_string().as_str()),
            ("44", "2023-12")
        );
        assert_eq!(middle.text("problems"), "", "each evaluation has texts of its own");
        // The tasks stand chapter by chapter, and what the plan found there already is done.
        let chapters = evaluation::by_chapter(&middle.tasks);
        assert_eq!(chapters.iter().map(|one| one.all).sum::<usize>(), plan.tasks.len());
        assert!(chapters.iter().all(|one| one.states.iter().sum::<usize>() == one.all), "{chapters:?}");
        assert_eq!((chapters[0].name.as_str(), chapters[0].all), ("保障基本民生", 37), "{chapters:?}");
        let there = plan.tasks.iter().filter(|one| one.status.as_deref() == Some("已有")).count();
        assert_eq!(chapters.iter().map(|one| one.states[0]).sum::<usize>(), there);
        let ends = middle.projects.iter().find(|one| one.id == "wh_p004").unwrap();
        assert_eq!(ends.state, "planned", "due in 2025, it was not late in 2023");

        // What happens later changes no report that was made.
        confirmed(&city, BEDS, "2025-12", "56").await;
        confirmed(&city, NUMBER, "2026-01", "4000").await;
        let page = evaluation::page(&city.office, &reader, "final-2025").await.unwrap();
        assert_eq!(page.figures.unwrap(), figures);
        let more = [("deeds", "新增护理型床位。")];
        texts::write(&city.office, &manager, "final-2025", &more).await.unwrap();
        evaluation::run(&city.office, &manager, &reader, "final-2025").await.unwrap();
        let page = evaluation::page(&city.office, &reader, "final-2025").await.unwrap();
        let newest = page.figures.unwrap();
        assert_eq!(newest.standing(Standing::Missed), (0, 0));
        assert_eq!(
            [newest.text("overall"), newest.text("problems"), newest.text("deeds")],
            ["总体平稳。", "护理型床位改造资金到位晚。", "新增护理型床位。"],
            "texts stay from run to run"
        );
        assert_eq!(page.runs.len(), 2);

        let next = baselines(&newest);
        let of = |id: &str| next.iter().find(|one| one.indicator == id).unwrap();
        assert_eq!((of(BEDS).number.unwrap().to_string().as_str(), of(BEDS).remark.as_str()), ("56", ""));
        assert_eq!(
            (of(NUMBER).number, of(NUMBER).remark.as_str()),
            (None, "没有期末数，基期值待定；有2026年1月的数4000张，不是期末数")
        );

        let (name, file) =
            evaluation::sheet::sheet(&city.office, &reader, "final-2025", ListFormat::Excel).await.unwrap();
        assert!(name.ends_with("2025年总结评估.xlsx"), "{name}");
        let book = format!("{:?}", read_file(&name, &file));
        assert!(
            book.contains("护理型床位在养老机构床位中占比") && book.contains("养老机构床位统计表"),
            "{book}"
        );
        let (_, file) =
            evaluation::sheet::sheet(&city.office, &reader, "final-2025", ListFormat::Csv).await.unwrap();
        let text = String::from_utf8(file).unwrap();
        for words in ["判断汇总", "绩效考核用", "下一规划期基期值建议", "规划原文"] {
            assert!(text.contains(words), "{words}");
        }

        let papers = paper::papers_waiting(&city.office).await.unwrap();
        assert_eq!(papers.len(), 3);
        let last = papers.last().unwrap();
        assert_eq!(last.content["title"], "2025年总结评估");
        assert!(
            last.content["summary"].as_str().unwrap().contains("已达到 1 项"),
            "{}",
            last.content["summary"]
        );
        let summary = last.content["summary"].as_str().unwrap();
        assert!(summary.starts_with("截至2025年12月底，规划的 43 项指标中，"), "{summary}");
        assert!(summary.contains("规划另有 8 处重复写同一项指标"), "{summary}");
        assert!(!summary.contains(" 0 "), "what there is none of is not counted: {summary}");
        let stages = last.content["stages"].as_array().unwrap();
        assert!(stages.iter().all(|one| one[1] != "0"), "{stages:?}");
        assert_eq!(last.content["counties"], serde_json::json!([]), "nobody was given a part");
        assert_eq!(last.content["next"].as_array().unwrap().len(), promised);
        assert!(papers[1].content["next"].is_null(), "the middle proposes no baselines");
        paper::paper_done(&city.office, last.id, Ok(b"%PDF-1.7".to_vec())).await.unwrap();
        let (name, pdf) = paper::pdf(&city.office, &reader, "final-2025").await.unwrap();
        assert!(name.ends_with("2025年总结评估报告.pdf") && pdf == b"%PDF-1.7");
        let none = paper::pdf(&city.office, &reader, "midterm-2023").await;
        assert!(matches!(none, Err(OfficeError::NotFound(_))), "it is not set yet");
        // A county sees no evaluation: every county stands in it.
        let county = grant::<ReadPlan>(&city.county_clerk);
        let hidden = evaluation::page(&city.office, &county, "final-2025").await;
        assert!(matches!(hidden, Err(OfficeError::NotFound(_))));
        let hidden = evaluation::page(&city.office, &reader, "final-2024").await;
        assert!(matches!(hidden, Err(OfficeError::NotFound(_))), "there is one final evaluation");
    }
}

/// PL-05, PL-07: a photo that somebody uploaded with a note stands in the report's annex, and one that cannot be read is named there instead.
#[tokio::test]
async fn a_photo_of_a_project_comes_into_the_report() {
    const PHOTO: &[u8] = b"\xff\xd8\xff\xe0photo";
    for city in cities("planphotopaper").await {
        let owner = office::casework::drafts::owner_of(&city.policy);
        let photo = attachments::put(&city.office, &owner, "现场.jpg", PHOTO).await.unwrap();
        let scan = attachments::put(&city.office, &owner, "验收单.pdf", b"%PDF-1.7 scan").await.unwrap();
        let noted = Noted {
            stage: "wh_p004",
            deed: StageDeed::Finished,
            due: None,
            words: "竣工验收",
            document: "乌民发〔2025〕12号",
            files: &[photo, scan],
        };
        stages::note(&city.office, &grant::<ReportPlan>(&city.policy), noted).await.unwrap();
        let reader = grant::<ReadPlan>(&city.policy);
        evaluation::run(&city.office, &grant::<ManagePlan>(&city.policy), &reader, "final-2025")
            .await
            .unwrap();
        let mut waiting = paper::papers_waiting(&city.office).await.unwrap().remove(0);
        let name = format!("{}.jpg", photo.0);
        assert_eq!(waiting.pictures, std::collections::BTreeMap::from([(name.clone(), PHOTO.to_vec())]));
        let under = waiting.content["pictures"][0]["words"].as_str().unwrap().to_owned();
        assert!(under.contains("海勃湾区天盛老年公寓"), "{under}");
        let listed = waiting.content["papers"].to_string();
        for words in ["竣工验收", "乌民发〔2025〕12号", "现场.jpg、验收单.pdf"] {
            assert!(listed.contains(words), "{words}: {listed}");
        }
        paper::without_pictures(&mut waiting.content, &[name]);
        assert_eq!(waiting.content["pictures"], serde_json::json!([]));
        assert_eq!(waiting.content["unreadable"], serde_json::json!([under]));
    }
}

/// PL-06: the assessor from outside sees and comments and changes nothing; the office answers; both stand in the report.
#[tokio::test]
async fn an_assessor_comments_and_changes_nothing() {
    for city in cities("planassess").await {
        let assessor = &city.assessor;
        for right in
            [Right::ReportPlan, Right::ManagePlan, Right::ApprovePlan, Right::ReleasePlan, Right::Export]
        {
            assert!(!assessor.may(right), "{}", right.code());
        }
        let said = grant::<CommentPlan>(assessor);
        let empty = comments::comment(&city.office, &said, "final-2025", "", " ").await;
        assert!(matches!(empty, Err(OfficeError::Invalid(_))));
        let words = "数据来源要附台账。";
        let id = comments::comment(&city.office, &said, "final-2025", "指标完成情况", words).await.unwrap();
        let manager = grant::<ManagePlan>(&city.policy);
        let nobody = comments::answer(&city.office, &manager, "final-2025", PlanCommentId(999), "已补").await;
        assert!(matches!(nobody, Err(OfficeError::NotFound(_))));
        let other = comments::answer(&city.office, &manager, "yearly-2025", id, "已补").await;
        assert!(matches!(other, Err(OfficeError::NotFound(_))), "it was said of another evaluation");
        comments::answer(&city.office, &manager, "final-2025", id, "采纳，已补附台账。").await.unwrap();
        let again = comments::answer(&city.office, &manager, "final-2025", id, "另答").await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))));
        let reader = grant::<ReadPlan>(&city.policy);
        evaluation::run(&city.office, &manager, &reader, "final-2025").await.unwrap();
        let figures =
            evaluation::page(&city.office, &grant::<ReadPlan>(assessor), "final-2025").await.unwrap().figures;
        let comments = figures.unwrap().comments;
        assert_eq!(comments.len(), 1);
        assert_eq!(
            (comments[0].words.as_str(), comments[0].answer.as_deref()),
            (words, Some("采纳，已补附台账。"))
        );
        let changed = Query::system("test", "UPDATE plan_evaluation_comment SET words = '改了'")
            .execute(city.office.db())
            .await;
        assert!(changed.is_err(), "nobody changes what was said");
    }
}

/// PL-06: what the counties were given and what they reached, for the appraisal of their work.
#[tokio::test]
async fn counties_answer_for_the_parts_that_they_were_given() {
    for city in cities("planappraise").await {
        let manager = grant::<ManagePlan>(&city.policy);
        let begin = split::proposal(&city.office, &manager, NUMBER).await.unwrap();
        let mut typed = Vec::new();
        for year in &begin.years {
            for ((county, ..), part) in begin.counties.iter().zip(&year.parts) {
                typed.push((*county, year.year, part.to_string()));
            }
        }
        let id = split::propose(&city.office, &manager, NUMBER, &typed).await.unwrap();
        let reader = grant::<ReadPlan>(&city.policy);
        evaluation::run(&city.office, &manager, &reader, "final-2025").await.unwrap();
        let page = evaluation::page(&city.office, &reader, "final-2025").await.unwrap();
        assert!(page.figures.unwrap().counties.iter().all(|one| one.given == 0), "nobody approved it");
        split::decide(&city.office, &grant::<ApprovePlan>(&city.releaser), NUMBER, id, true).await.unwrap();
        let reported = Reported {
            indicator: NUMBER,
            division: city.county_clerk.division,
            month: "2025-12".parse().unwrap(),
            number: "1",
            evidence: "台账",
        };
        let value =
            values::report(&city.office, &grant::<ReportPlan>(&city.county_clerk), reported).await.unwrap();
        values::look(&city.office, &grant::<ApprovePlan>(&city.county_director), value, true, "")
            .await
            .unwrap();
        evaluation::run(&city.office, &manager, &reader, "final-2025").await.unwrap();
        let page = evaluation::page(&city.office, &reader, "final-2025").await.unwrap();
        let counties = page.figures.unwrap().counties;
        let counts: Vec<_> =
            counties.iter().map(|one| (one.given, one.reached, one.missed, one.unknown)).collect();
        assert_eq!(counts.len(), 3);
        assert_eq!(counts.iter().filter(|one| **one == (1, 0, 1, 0)).count(), 1, "{counts:?}");
        assert_eq!(
            counts.iter().filter(|one| **one == (1, 0, 0, 1)).count(),
            2,
            "no value is no failure: {counts:?}"
        );
        let behind = counties.iter().find(|one| one.missed == 1).unwrap();
        assert_eq!(behind.missing[0].2, "1张");
    }
}

/// PL-04: a binding indicator that will miss by its forecast raises one alert with its office a year before; it ends by itself, or is closed with a reason.
#[tokio::test]
async fn what_will_miss_is_raised_once_and_closed_with_a_reason() {
    for city in cities("planalert").await {
        let settle = async || reminders::settle(&city.office).await.unwrap();
        let reader = grant::<ReadPlan>(&city.policy);
        let open = async |kind: AlertKind| {
            let page = reminders::open(&city.office, &reader, false, None, 500).await.unwrap();
            page.rows.into_iter().filter(|one| one.kind == kind).collect::<Vec<_>>()
        };
        let raised = settle().await;
        assert_eq!(settle().await, 0, "nothing twice");
        assert_eq!(open(AlertKind::WillMiss).await.len(), 0, "unknown is no alert");
        let late = open(AlertKind::Late).await;
        assert!(!late.is_empty() && late.len() == raised, "stages of 2025 are late in 2026");
        confirmed(&city, BEDS, "2025-12", "54").await;
        adjusted(&city, "70", 2027).await;
        confirmed(&city, BEDS, "2026-10", "54.5").await;
        assert_eq!(settle().await, 0, "it is due in more than a year");
        adjusted(&city, "70", 2026).await;
        assert_eq!(settle().await, 1);
        let alert = open(AlertKind::WillMiss).await.remove(0);
        assert_eq!(
            (alert.entry.as_str(), alert.division),
            (BEDS, city.prefecture),
            "the plan's own office has it"
        );
        assert!(alert.grounds.contains("54.5%") && alert.grounds.contains("目标是70%"), "{}", alert.grounds);

        // Another office is put in charge: the alert goes there, and is still the same one.
        let manager = grant::<ManagePlan>(&city.policy);
        let county = city.county_clerk.division;
        let charged = |division, section| Charged {
            entry: BEDS,
            division,
            section,
            login: "",
            due: None,
            remind_months: None,
        };
        let wrong = charges::charge(&city.office, &manager, charged(county, " ")).await;
        assert!(matches!(wrong, Err(OfficeError::Invalid(_))));
        let stranger = Charged { login: "nobody", ..charged(county, "养老科") };
        let wrong = charges::charge(&city.office, &manager, stranger).await;
        assert!(matches!(wrong, Err(OfficeError::Invalid(_))));
        let known = Charged { login: "xian", ..charged(county, "养老科") };
        charges::charge(&city.office, &manager, known).await.unwrap();
        assert_eq!(settle().await, 0);
        let moved = open(AlertKind::WillMiss).await.remove(0);
        assert_eq!((moved.id, moved.division), (alert.id, county));
        assert!(moved.charge.starts_with("养老科 "), "{}", moved.charge);
        let own = grant::<ReadPlan>(&city.county_clerk);
        assert_eq!(reminders::open(&city.office, &own, true, None, 50).await.unwrap().rows.len(), 1);
        let neighbour = reminders::alert(&city.office, &city.neighbour_clerk, alert.id).await;
        assert!(matches!(neighbour, Err(OfficeError::NotFound(_))));

        let closer = grant::<ReportPlan>(&city.county_clerk);
        let wrong = reminders::close(&city.office, &closer, alert.id, " ").await;
        assert!(matches!(wrong, Err(OfficeError::Invalid(_))));
        reminders::close(&city.office, &closer, alert.id, "已安排改造资金").await.unwrap();
        let again = reminders::close(&city.office, &closer, alert.id, "再关").await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))));
        assert_eq!(settle().await, 0, "closed stays closed on the same grounds");
        assert_eq!(open(AlertKind::WillMiss).await.len(), 0);
        confirmed(&city, BEDS, "2026-11", "54.6").await;
        assert_eq!(settle().await, 1, "it comes again when its grounds change");
        confirmed(&city, BEDS, "2026-11", "71").await;
        assert_eq!(settle().await, 0);
        assert_eq!(open(AlertKind::WillMiss).await.len(), 0, "reached: it ended by itself");
        let states: Vec<String> =
            Query::system("test", "SELECT state FROM plan_alert WHERE kind = 'will_miss' ORDER BY id")
                .scalars(city.office.db())
                .await
                .unwrap();
        assert_eq!(states, ["closed", "gone"]);
    }
}

/// PL-07: a task has an office and a date; it is reminded of, late, and finished when whoever is in charge says so.
#[tokio::test]
async fn a_task_has_an_office_and_is_reminded_of() {
    for city in cities("plantask").await {
        let reader = grant::<ReadPlan>(&city.policy);
        let plan = overview(&city.office, &reader).await.unwrap().plan;
        let task =
            plan.tasks.iter().find(|task| task.status.as_deref() != Some("已有")).unwrap().id.get().clone();
        let county = city.county_clerk.division;
        let charged = |due: &str| Charged {
            entry: &task,
            division: county,
            section: "救助科",
            login: "",
            due: Some(due.parse().unwrap()),
            remind_months: None,
        };
        let manager = grant::<ManagePlan>(&city.policy);
        charges::charge(&city.office, &manager, charged("2027-01")).await.unwrap();
        let of_task = async |kind| {
            reminders::settle(&city.office).await.unwrap();
            let page = reminders::open(&city.office, &reader, false, None, 500).await.unwrap();
            page.rows.into_iter().filter(|one| one.entry == task && one.kind == kind).count()
        };
        assert_eq!(of_task(AlertKind::Due).await, 1, "due in two months");
        charges::charge(&city.office, &manager, charged("2026-10")).await.unwrap();
        assert_eq!((of_task(AlertKind::Due).await, of_task(AlertKind::Late).await), (0, 1));
        let first = charges::tasks(&city.office, &reader, &plan).await.unwrap().remove(0);
        assert_eq!((first.stage.id.as_str(), first.stage.state), (task.as_str(), StageState::Late));
        assert_eq!(first.charge.unwrap().section, "救助科");
        let done = Noted {
            stage: &task,
            deed: StageDeed::Finished,
            due: None,
            words: "平台已上线",
            document: "",
            files: &[],
        };
        stages::note(&city.office, &grant::<ReportPlan>(&city.county_clerk), done).await.unwrap();
        assert_eq!(of_task(AlertKind::Late).await, 0, "whoever is in charge says that it is done");
        let own = grant::<ReadPlan>(&city.neighbour_clerk);
        let tasks = charges::tasks(&city.office, &own, &plan).await.unwrap();
        let seen = tasks.iter().find(|one| one.stage.id == task).unwrap();
        assert_eq!(seen.stage.state, StageState::Finished, "how it stands is everybody's");
        let unknown =
            charges::charge(&city.office, &manager, Charged { entry: "nothing", ..charged("2027-01") }).await;
        assert!(matches!(unknown, Err(OfficeError::NotFound(_))));
    }
}

/// PL-04: a county's part is watched like the whole: its forecast and its years; the alert lies with the county, and with no other.
#[tokio::test]
async fn a_countys_part_is_watched_like_the_whole() {
    for city in cities("planparts").await {
        let reader = grant::<ReadPlan>(&city.policy);
        let manager = grant::<ManagePlan>(&city.policy);
        confirmed(&city, BEDS, "2025-12", "69").await;
        adjusted(&city, "70", 2026).await;
        confirmed(&city, BEDS, "2026-10", "70").await;
        let begin = split::proposal(&city.office, &manager, BEDS).await.unwrap();
        let mut typed = Vec::new();
        for year in &begin.years {
            for (at, (county, _, _)) in begin.counties.iter().enumerate() {
                typed.push((*county, year.year, year.parts[at].to_string()));
            }
        }
        let id = split::propose(&city.office, &manager, BEDS, &typed).await.unwrap();
        split::decide(&city.office, &grant::<ApprovePlan>(&city.releaser), BEDS, id, true).await.unwrap();
        let county = city.county_clerk.division;
        let say = async |month: &str, number: &str| {
            let month = month.parse().unwrap();
            let said = Reported { indicator: BEDS, division: county, month, number, evidence: "台账" };
            let clerk = grant::<ReportPlan>(&city.county_clerk);
            let value = values::report(&city.office, &clerk, said).await.unwrap();
            let director = grant::<ApprovePlan>(&city.county_director);
            values::look(&city.office, &director, value, true, "").await.unwrap();
        };
        let open = async |actor: &office::access::Actor| {
            reminders::settle(&city.office).await.unwrap();
            let page =
                reminders::open(&city.office, &grant::<ReadPlan>(actor), false, None, 500).await.unwrap();
            let parts = page.rows.into_iter().filter(|one| one.entry == BEDS);
            parts.map(|one| (one.kind, one.part.is_some(), one.division)).collect::<Vec<_>>()
        };
        assert_eq!(open(&city.policy).await, [], "the whole is reached, and of the parts nothing is known");
        say("2025-12", "40").await;
        say("2026-10", "41").await;
        let raised = open(&city.policy).await;
        assert_eq!(raised, [(AlertKind::WillMiss, true, county), (AlertKind::Behind, true, county)]);
        assert_eq!(open(&city.county_clerk).await, raised, "the county has it");
        assert_eq!(open(&city.neighbour_clerk).await, []);
        let page = indicator_page(&city.office, &reader, BEDS).await.unwrap();
        let part = page.counties.iter().find(|one| one.division == county).unwrap();
        assert_eq!(part.standing, Some(Standing::Behind));
        assert!(page.counties.iter().filter(|one| one.standing == Some(Standing::Unknown)).count() == 2);
        say("2026-11", "71").await;
        assert_eq!(open(&city.policy).await, [], "reached: both ended by themselves");
    }
}

/// PL-04: how long before its date an office is reminded is the plan's, or its own where it set one.
#[tokio::test]
async fn a_reminder_comes_as_early_as_the_plan_or_the_task_says() {
    for city in cities("planearly").await {
        let reader = grant::<ReadPlan>(&city.policy);
        let plan = overview(&city.office, &reader).await.unwrap().plan;
        assert_eq!(plan.plan.remind_months, 3);
        let task =
            plan.tasks.iter().find(|task| task.status.as_deref() != Some("已有")).unwrap().id.get().clone();
        let manager = grant::<ManagePlan>(&city.policy);
        let charged = |remind_months| Charged {
            entry: &task,
            division: city.county_clerk.division,
            section: "救助科",
            login: "",
            due: Some("2027-06".parse().unwrap()),
            remind_months,
        };
        let due = async |remind_months| {
            charges::charge(&city.office, &manager, charged(remind_months)).await.unwrap();
            reminders::settle(&city.office).await.unwrap();
            let page = reminders::open(&city.office, &reader, false, None, 500).await.unwrap();
            page.rows.iter().filter(|one| one.entry == task && one.kind == AlertKind::Due).count()
        };
        assert_eq!(due(None).await, 0, "seven months before the date the plan says nothing yet");
        assert_eq!(due(Some(7)).await, 1);
        assert_eq!(due(Some(6)).await, 0);
        let never = charges::charge(&city.office, &manager, charged(Some(61))).await;
        assert!(matches!(never, Err(OfficeError::Invalid(_))));
    }
}

/// PL-04: what a month brought is what differs from the month before.
#[tokio::test]
async fn a_month_shows_what_it_brought() {
    for city in cities("planmonth").await {
        let reader = grant::<ReadPlan>(&city.policy);
        let today = city.office.now().month();
        assert!(changes::changes(&city.office, &reader, today).await.unwrap().moved.is_empty());
        confirmed(&city, BEDS, &today.to_string(), "60").await;
        adjusted(&city, "58", 2026).await;
        let view = changes::changes(&city.office, &reader, today).await.unwrap();
        let moved: Vec<_> =
            view.moved.iter().map(|one| (one.indicator.as_str(), one.before, one.after)).collect();
        assert_eq!(moved, [(BEDS, Standing::Unknown, Standing::Reached)]);
        assert_eq!((view.confirmed.len(), view.confirmed[0].number.as_str()), (1, "60%"));
        assert!(
            view.deeds.iter().any(|deed| deed.words.contains("目标调整为58%（2026年），已批准")),
            "{:?}",
            view.deeds
        );
        let before = changes::changes(&city.office, &reader, today.previous()).await.unwrap();
        assert!(before.moved.is_empty() && before.confirmed.is_empty() && before.deeds.is_empty());
    }
}

/// PL-01: everybody reads what was released and nothing else; the data are as their schema says.
#[tokio::test]
async fn what_is_released_is_public_and_as_its_schema_says() {
    for city in cities("planpublic").await {
        confirmed(&city, BEDS, "2025-12", "56.5").await;
        let plan = public::public(&city.office).await.unwrap().unwrap();
        assert!(plan.indicators.is_empty() && plan.projects.is_empty(), "nothing is public of itself");
        let (releaser, reader) = (grant::<ReleasePlan>(&city.releaser), grant::<ReadPlan>(&city.releaser));
        let wrong = public::release(&city.office, &releaser, &reader, &["nothing"]).await;
        assert!(matches!(wrong, Err(OfficeError::NotFound(_))));
        assert_eq!(
            public::release(&city.office, &releaser, &reader, &[BEDS, "wh_p004", "wh_y005"]).await.unwrap(),
            (3, 0)
        );
        let plan = public::public(&city.office).await.unwrap().unwrap();
        assert_eq!((plan.indicators.len(), plan.projects.len(), plan.tasks.len()), (1, 1, 1));
        assert_eq!(plan.projects[0].category, "大力发展养老服务业");
        let task = &plan.tasks[0];
        assert_eq!((task.name.as_str(), task.category.as_str()), ("社会救助移动端", "保障基本民生"));
        let (one, json) = (&plan.indicators[0], serde_json::to_value(&plan).unwrap());
        assert_eq!((one.value.unwrap().to_string().as_str(), one.standing.as_str()), ("56.5", "已达到"));
        let csv = String::from_utf8(public::csv(&plan).unwrap()).unwrap();
        assert!(csv.contains(&public::CSV_COLUMNS.join(",")) && csv.contains("56.5,2025-12,已达到"), "{csv}");
        // The data hold what the schema demands, and nothing that it does not name.
        let schema = public::schema();
        let keys = |value: &serde_json::Value| -> Vec<String> {
            let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let named = |schema: &serde_json::Value| {
            assert_eq!(schema["additionalProperties"], false);
            keys(&schema["properties"])
        };
        assert_eq!(keys(&json), named(&schema));
        for list in ["indicators", "projects", "tasks"] {
            assert_eq!(keys(&json[list][0]), named(&schema["properties"][list]["items"]), "{list}");
        }
        assert!(!json.to_string().contains("统计表"), "no evidence, no names");
        // The plan's second chapter prints the table and, behind it, the outlook that the pack holds last; the fourth comes after both.
        let more = [BEDS, "wh_i015", "wh_i051", "wh_p004"];
        public::release(&city.office, &releaser, &reader, &more).await.unwrap();
        let plan = public::public(&city.office).await.unwrap().unwrap();
        let order: Vec<&str> = plan.indicators.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(order, [BEDS, "wh_i051", "wh_i015"]);
        public::release(&city.office, &releaser, &reader, &[BEDS, "wh_p004"]).await.unwrap();
        assert_eq!(public::release(&city.office, &releaser, &reader, &[]).await.unwrap(), (0, 2));
        assert!(public::public(&city.office).await.unwrap().unwrap().indicators.is_empty());
        let county = public::released(&city.office, &grant::<ReadPlan>(&city.county_director)).await;
        assert!(matches!(county, Err(OfficeError::NotFound(_))), "a county does not release the city's plan");
    }
}

/// The cockpit counts what the reports count.
#[tokio::test]
async fn the_glance_says_what_the_reports_say() {
    for city in cities("planglance").await {
        let family = crate::wuhai::Family::default();
        city.file(&family).await.unwrap();
        let actor = grant::<Report>(&city.county_director);
        let view = office::reports::glance(&city.office, &actor, None, &[]).await.unwrap();
        assert_eq!((view.whole.filed, view.whole.open), (1, 1));
        assert_eq!(view.items.len(), 1);
        assert_eq!(view.months.len(), 12);
        assert_eq!(view.months.last().unwrap().filed, 1);
        let part = view.parts.iter().find(|part| part.filed == 1).unwrap();
        let below = office::reports::glance(&city.office, &actor, part.division, &[]).await.unwrap();
        assert_eq!((below.whole.filed, below.whole.name.as_str()), (1, part.name.as_str()));
        let query = office::reports::CaseQuery {
            item: view.items[0].item.clone(),
            from: view.from,
            until: view.until,
            division: None,
        };
        let figures = office::reports::case_figures(&city.office, &actor, &query).await.unwrap();
        assert_eq!(figures.last().unwrap().filed(), view.whole.filed);
        let stranger = grant::<Report>(&city.neighbour_clerk);
        let other = office::reports::glance(&city.office, &stranger, part.division, &[]).await;
        assert!(
            part.division == Some(city.neighbour_clerk.division)
                || matches!(other, Err(OfficeError::NotFound(_)))
        );
        // A year on, a review is over its day before anybody has begun it: no clock runs, the work list has it all the same.
        crate::casework_after::under_review(&city).await;
        city.days(90).await;
        let late: i64 = Query::system(
            "test",
            "SELECT COUNT(*) FROM task WHERE state = 'open' AND clock IS NULL AND due_on < ?",
        )
        .bind(city.office.now().today())
        .scalar(city.office.db())
        .await
        .unwrap();
        let view = office::reports::glance(&city.office, &actor, None, &[]).await.unwrap();
        let items: i64 = view.items.iter().map(|item| item.overdue).sum();
        assert!(late > 0 && view.whole.overdue >= late, "{late} of {}", view.whole.overdue);
        assert_eq!(view.whole.overdue, items);
    }
}

/// Indicators and months of the big plan, places below its own. Unoptimised only the statements tell, and they are as many for a tenth.
const BIG: usize = if cfg!(debug_assertions) { 30 } else { 300 };
const MONTHS: usize = if cfg!(debug_assertions) { 12 } else { 60 };
const PLACES: usize = if cfg!(debug_assertions) { 5 } else { 26 };

/// A plan of many indicators in place of Wuhai's.
fn big() -> Arc<Release> {
    let packs = store::testing::packs();
    let mut files: Vec<PackFiles> = ["national", "wuhai", "demo-wuhai"]
        .iter()
        .map(|pack| PackFiles::read(&packs.join(pack)).unwrap())
        .collect();
    let mut text = "规划期为2021年至2025年。".to_owned();
    let mut plan = "[[plan]]\nid = \"big\"\nname = \"大规划\"\ndivision = \"150300\"\nfrom = 2021\nuntil = 2025\nbase_year = 2020\nremind_months = 3\nwarn_months = 12\n\
                    seed = \"seeds/big.txt\"\nsource = \"规划期为2021年至2025年\"\n"
        .to_owned();
    for number in 0..BIG {
        let (quote, kind) =
            (format!("第{number}项由37提高到55。"), if number % 3 == 0 { "binding" } else { "expected" });
        text += &quote;
        plan += &format!(
            "[[plan_indicator]]\nid = \"x{number}\"\nname = \"第{number}项\"\nunit = \"%\"\nkind = \"{kind}\"\nsource = \"{quote}\"\n\
             baseline = {{ year = 2020, printed = \"37\", number = 37 }}\ntarget = {{ year = 2025, printed = \"55\", number = 55 }}\n"
        );
    }
    files[1].files.insert("plan.toml".to_owned(), plan);
    files[1].files.insert("seeds/big.txt".to_owned(), text);
    let options = LoadOptions { synthetic: true };
    Arc::new(Release::from_packs(files, options).unwrap_or_else(|findings| panic!("{findings:#?}")))
}

/// The overview of a plan of 300 indicators with values of every month of five years from 26 counties stays quick: it reads the own place
/// alone, in as many statements as without any value. Time is held where it is optimised:
/// `cargo nextest run --workspace --cargo-profile demo --no-capture -E 'test(the_overview_of_a_large_plan_is_quick)'`
#[tokio::test]
async fn the_overview_of_a_large_plan_is_quick() {
    let release = big();
    for city in cities("planquick").await {
        city.office.put_in_force(Arc::clone(&release));
        let reader = grant::<ReadPlan>(&city.policy);
        let (_, empty) = statements::counted(overview(&city.office, &reader)).await;
        let (_, empty_page) = statements::counted(indicator_page(&city.office, &reader, "x7")).await;
        let last: Month = "2025-12".parse().unwrap();
        let first = last.plus(1 - i32::try_from(MONTHS).unwrap());
        let sql = format!(
            "INSERT INTO plan_value (plan, indicator, division_id, month, units, scale, evidence, state, reported_by, reported_at, looked_by, looked_at) \
                   WITH RECURSIVE m (n) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT n + 1 FROM m WHERE n < ?), \
                   k (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM k WHERE n < {}), \
                   places (id) AS (SELECT x.id FROM (SELECT d.id FROM division d WHERE d.level IN ('township', 'village') ORDER BY d.id LIMIT {PLACES}) x \
                   UNION SELECT CAST(? AS BIGINT)) \
                   SELECT 'big', 'x' || k.n, places.id, m.n, 37 + (m.n - ?) / 4, 0, '表', 'confirmed', CAST(? AS BIGINT), 1, CAST(? AS BIGINT), 2 FROM k, places, m",
            BIG - 1
        );
        let written = Query::system("test", sql)
            .bind(first)
            .bind(last)
            .bind(city.prefecture)
            .bind(first)
            .bind(city.policy.staff)
            .bind(city.releaser.staff)
            .execute(city.office.db())
            .await
            .unwrap();
        assert_eq!(usize::try_from(written).unwrap(), BIG * (PLACES + 1) * MONTHS);
        city.office.db().optimize().await.unwrap();
        let (judged, texts) = statements::counted(overview(&city.office, &reader)).await;
        assert_eq!(judged.unwrap().lines.len(), BIG);
        assert!(texts.len() <= 6 && texts == empty, "{} statements: {texts:#?}", texts.len());
        let (page, texts) = statements::counted(indicator_page(&city.office, &reader, "x7")).await;
        assert_eq!(page.unwrap().points.len(), MONTHS);
        assert!(texts.len() <= 10 && texts == empty_page, "{} statements: {texts:#?}", texts.len());
        let mut took = Vec::new();
        for _ in 0..5 {
            let started = std::time::Instant::now();
            let overview = overview(&city.office, &reader).await.unwrap();
            took.push(started.elapsed());
            assert_eq!(overview.lines.len(), BIG);
            assert!(overview.lines.iter().all(|line| line.judgement.latest.is_some()));
        }
        took.sort();
        eprintln!("overview of {written} values, {:?}: {took:?}", city.office.db().backend());
        if !cfg!(debug_assertions) {
            assert!(took[2] < std::time::Duration::from_millis(200), "{took:?}");
        }
    }
}
