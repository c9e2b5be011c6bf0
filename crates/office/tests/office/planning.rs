//! The plan at work: a value counts when a second person has looked at it, a target is changed with reason and document, parts make the whole,
//! milestones move and finish, and a neighbour sees nothing.

use office::OfficeError;
use office::access::{ApprovePlan, Export, ManagePlan, ReadPlan, ReportPlan};
use office::plans::adjustments::{self, Decided, Proposed};
use office::plans::judge::Standing;
use office::plans::sheet::{PlanSheet, sheet};
use office::plans::stages::{self, Noted, StageDeed, StageState};
use office::plans::values::{self, Reported, ValueState};
use office::plans::{PlanValueId, indicator_page, overview, split};
use office::tabular::{ListFormat, read_file};

use crate::town::START;
use crate::wuhai::{DELEGATED_VILLAGE, VILLAGE, Wuhai, cities, cities_of, grant};

/// 护理型床位在养老机构床位中占比: binding, 37 in 2020, 55 in 2025.
const BEDS: &str = "wh_i005";

async fn reported(city: &Wuhai, month: &str, number: &str) -> Result<PlanValueId, OfficeError> {
    let reported = Reported {
        indicator: BEDS,
        division: city.prefecture,
        month: month.parse().unwrap(),
        number,
        evidence: "养老机构床位统计表",
    };
    values::report(&city.office, &grant::<ReportPlan>(&city.policy), reported).await
}

async fn confirmed(city: &Wuhai, month: &str, number: &str) {
    let id = reported(city, month, number).await.unwrap();
    values::look(&city.office, &grant::<ApprovePlan>(&city.releaser), id, true, "").await.unwrap();
}

async fn standing(city: &Wuhai) -> Standing {
    let page = indicator_page(&city.office, &grant::<ReadPlan>(&city.policy), BEDS).await.unwrap();
    page.line.judgement.standing
}

/// PL-04: a value counts when a second person has looked at it, and only then.
#[tokio::test]
async fn a_value_counts_when_a_second_person_has_looked_at_it() {
    for city in cities("planvalue").await {
        assert_eq!(standing(&city).await, Standing::Unknown, "unknown is not behind");
        let id = reported(&city, "2025-12", "56.5").await.unwrap();
        assert_eq!(standing(&city).await, Standing::Unknown, "nobody has looked at it");
        assert!(matches!(reported(&city, "2025-12", "57").await, Err(OfficeError::Conflict(_))));
        let director = grant::<ApprovePlan>(&city.county_director);
        assert!(
            matches!(
                values::look(&city.office, &director, id, true, "").await,
                Err(OfficeError::NotFound(_))
            ),
            "a county does not judge the city's number"
        );
        let releaser = grant::<ApprovePlan>(&city.releaser);
        let refused = values::look(&city.office, &releaser, id, false, " ").await;
        assert!(matches!(refused, Err(OfficeError::Invalid(_))), "it does not go back without a reason");
        values::look(&city.office, &releaser, id, true, "与报表一致").await.unwrap();
        assert!(matches!(
            values::look(&city.office, &releaser, id, true, "").await,
            Err(OfficeError::Conflict(_))
        ));
        assert_eq!(standing(&city).await, Standing::Reached);

        // A newer value of the same month takes its place; the old one stays in the history.
        confirmed(&city, "2025-12", "54").await;
        assert_eq!(standing(&city).await, Standing::Missed);
        let reader = grant::<ReadPlan>(&city.policy);
        let history = values::of_indicator(&city.office, &reader, BEDS, None, 10).await.unwrap().rows;
        let states: Vec<ValueState> = history.iter().map(|line| line.state).collect();
        assert_eq!(states, [ValueState::Confirmed, ValueState::Replaced]);
        assert_eq!(history[1].remark.as_deref(), Some("与报表一致"));

        for (month, number, evidence) in [
            ("2031-01", "1", "表"),
            ("2019-12", "1", "表"),
            ("2025-06", "很多", "表"),
            ("2025-06", "-1", "表"),
            ("2025-06", "1", " "),
        ] {
            let reported = Reported {
                indicator: BEDS,
                division: city.prefecture,
                month: month.parse().unwrap(),
                number,
                evidence,
            };
            let answer = values::report(&city.office, &grant::<ReportPlan>(&city.policy), reported).await;
            assert!(matches!(answer, Err(OfficeError::Invalid(_))), "{month} {number} {evidence}");
        }
    }
}

/// PL-04: a county reports for itself; the neighbour reads neither its numbers nor its notes.
#[tokio::test]
async fn a_county_reports_for_itself_and_no_neighbour_reads_it() {
    for city in cities_of("plancounty", VILLAGE, DELEGATED_VILLAGE, START).await {
        let clerk = grant::<ReportPlan>(&city.county_clerk);
        let own = |division| Reported {
            indicator: BEDS,
            division,
            month: "2025-12".parse().unwrap(),
            number: "60",
            evidence: "区民政局台账",
        };
        let whole = values::report(&city.office, &clerk, own(city.prefecture)).await;
        assert!(matches!(whole, Err(OfficeError::NotFound(_))), "a county does not speak for the city");
        let id = values::report(&city.office, &clerk, own(city.county_clerk.division)).await.unwrap();
        values::look(&city.office, &grant::<ApprovePlan>(&city.county_director), id, true, "").await.unwrap();
        let noted = Noted {
            stage: "wh_p004",
            deed: StageDeed::Started,
            due: None,
            words: "区里已开工",
            document: "",
        };
        stages::note(&city.office, &clerk, noted).await.unwrap();

        let sees = async |actor: &office::access::Actor| {
            let reader = grant::<ReadPlan>(actor);
            let values =
                values::of_indicator(&city.office, &reader, BEDS, None, 10).await.unwrap().rows.len();
            let plan = overview(&city.office, &reader).await.unwrap().plan;
            let stages = stages::stages(&city.office, &reader, &plan).await.unwrap();
            (values, stages.iter().map(|stage| stage.notes.len()).sum::<usize>())
        };
        assert_eq!(sees(&city.policy).await, (1, 1), "the city sees its counties");
        assert_eq!(sees(&city.township_clerk).await, (1, 1), "a township sees the county above it");
        assert_eq!(sees(&city.neighbour_clerk).await, (0, 0), "another county sees nothing");
        let page = indicator_page(&city.office, &grant::<ReadPlan>(&city.policy), BEDS).await.unwrap();
        let line = page.counties.iter().find(|one| one.division == city.county_clerk.division).unwrap();
        assert_eq!(line.latest.unwrap().number.to_string(), "60");
        assert_eq!(page.line.judgement.standing, Standing::Unknown, "a county's number is not the city's");
    }
}

/// PL-05: a target is changed with reason and document by one person and approved by another; the history stays.
#[tokio::test]
async fn a_target_is_changed_by_two_people_with_a_document() {
    for city in cities("planchange").await {
        confirmed(&city, "2025-12", "54").await;
        let policy = grant::<ManagePlan>(&city.policy);
        let change =
            |reason, document| Proposed { indicator: BEDS, number: "54", year: 2025, reason, document };
        for (reason, document) in [("", "文件"), ("规划中期评估", " ")] {
            let answer = adjustments::propose(&city.office, &policy, change(reason, document)).await;
            assert!(matches!(answer, Err(OfficeError::Invalid(_))));
        }
        let id = adjustments::propose(&city.office, &policy, change("规划中期评估", "乌民发〔2023〕9号"))
            .await
            .unwrap();
        assert!(matches!(
            adjustments::propose(&city.office, &policy, change("再改", "文件")).await,
            Err(OfficeError::Conflict(_))
        ));
        assert_eq!(standing(&city).await, Standing::Missed, "a proposal changes nothing");
        let director = grant::<ApprovePlan>(&city.county_director);
        assert!(matches!(
            adjustments::decide(&city.office, &director, id, true).await,
            Err(OfficeError::NotFound(_))
        ));
        adjustments::decide(&city.office, &grant::<ApprovePlan>(&city.releaser), id, true).await.unwrap();
        assert_eq!(standing(&city).await, Standing::Reached);
        let page = indicator_page(&city.office, &grant::<ReadPlan>(&city.policy), BEDS).await.unwrap();
        assert!(page.line.target.adjusted);
        assert_eq!(page.line.indicator.target.as_ref().unwrap().words(), "55", "the print stays beside it");
        assert_eq!(
            (page.adjustments[0].state, page.adjustments[0].document.as_str()),
            (Decided::Approved, "乌民发〔2023〕9号")
        );
        let same_hand = store::Query::system("test", "UPDATE plan_adjustment SET decided_by = proposed_by")
            .execute(city.office.db())
            .await;
        assert!(same_hand.is_err(), "the database keeps the two hands apart");
    }
}

/// PL-03: a target that counts things is split by size, sums kept; a share is everybody's own.
#[tokio::test]
async fn a_split_keeps_its_sums() {
    for city in cities("plansplit").await {
        let policy = grant::<ManagePlan>(&city.policy);
        // 新增养老床位 4343张
        let begin = split::proposal(&city.office, &policy, "wh_i015").await.unwrap();
        assert!(begin.countable);
        assert_eq!(begin.counties.len(), 3);
        let last = begin.years.last().unwrap();
        assert_eq!((last.year, last.whole.to_string().as_str()), (2025, "4343"));
        assert_eq!(last.parts.iter().map(|part| part.units()).sum::<i64>(), 4343);
        let typed = |change: i64| {
            let mut typed = Vec::new();
            for year in &begin.years {
                for (at, (county, _, _)) in begin.counties.iter().enumerate() {
                    let more = if at == 0 { change } else { 0 };
                    typed.push((*county, year.year, (year.parts[at].units() + more).to_string()));
                }
            }
            typed
        };
        let answer = split::propose(&city.office, &policy, "wh_i015", &typed(1)).await;
        let Err(OfficeError::Invalid(problems)) = answer else { panic!("{answer:?}") };
        assert!(problems[0].message.contains("相加是 4344，应等于全市的 4343"), "{problems:?}");
        let id = split::propose(&city.office, &policy, "wh_i015", &typed(0)).await.unwrap();
        split::decide(&city.office, &grant::<ApprovePlan>(&city.releaser), "wh_i015", id, true)
            .await
            .unwrap();
        let page = indicator_page(&city.office, &grant::<ReadPlan>(&city.policy), "wh_i015").await.unwrap();
        let parts: i64 = page.counties.iter().map(|county| county.target.unwrap().units()).sum();
        assert_eq!(parts, 4343);

        let share = split::proposal(&city.office, &policy, BEDS).await.unwrap();
        assert!(!share.countable);
        let first = &share.years[0];
        assert_eq!((first.year, first.whole.to_string().as_str()), (2021, "40.6"));
        assert!(first.parts.iter().all(|part| *part == first.whole), "a share is everybody's own");
    }
}

/// PL-07: stages of projects begin, move with a document, slip, finish; what was noted is never changed.
#[tokio::test]
async fn stages_move_slip_and_finish() {
    for city in cities("planstages").await {
        let reader = grant::<ReadPlan>(&city.policy);
        let plan = overview(&city.office, &reader).await.unwrap().plan;
        // 海勃湾区天盛老年公寓, due in 2025
        let stage = async || {
            let all = stages::stages(&city.office, &reader, &plan).await.unwrap();
            all.into_iter().find(|stage| stage.id == "wh_p004").unwrap()
        };
        assert_eq!(stage().await.state, StageState::Late, "its date is past");
        let policy = grant::<ReportPlan>(&city.policy);
        let noted = |deed, due: Option<&str>, document| Noted {
            stage: "wh_p004",
            deed,
            due: due.map(|due| due.parse().unwrap()),
            words: "受用地影响",
            document,
        };
        for wrong in [noted(StageDeed::Moved, None, "文件"), noted(StageDeed::Moved, Some("2027-06"), "")] {
            assert!(matches!(stages::note(&city.office, &policy, wrong).await, Err(OfficeError::Invalid(_))));
        }
        stages::note(&city.office, &policy, noted(StageDeed::Moved, Some("2027-06"), "乌发改〔2026〕3号"))
            .await
            .unwrap();
        let moved = stage().await;
        assert_eq!((moved.state, moved.moved), (StageState::Planned, true));
        assert_eq!(moved.due_words, "2025年", "the print stays beside it");
        // A county's part is not the whole.
        let own = Noted { words: "本区部分已完成", ..noted(StageDeed::Finished, None, "") };
        stages::note(&city.office, &grant::<ReportPlan>(&city.county_clerk), own).await.unwrap();
        assert_eq!(stage().await.state, StageState::UnderWay);
        stages::note(&city.office, &policy, noted(StageDeed::Finished, None, "竣工验收报告")).await.unwrap();
        assert_eq!(stage().await.state, StageState::Finished);
        assert_eq!(stage().await.notes.len(), 3);
        let unknown = Noted { stage: "wh_i005", ..noted(StageDeed::Started, None, "") };
        assert!(matches!(stages::note(&city.office, &policy, unknown).await, Err(OfficeError::NotFound(_))));
        let changed = store::Query::system("test", "UPDATE plan_stage_note SET words = ''")
            .execute(city.office.db())
            .await;
        assert!(changed.is_err(), "what was noted is never changed");
    }
}

/// PL-01, PL-04: every indicator is judged, binding ones first; the lists are taken out as files.
#[tokio::test]
async fn the_overview_judges_every_indicator() {
    for city in cities("planoverview").await {
        confirmed(&city, "2025-12", "56").await;
        let reader = grant::<ReadPlan>(&city.township_clerk);
        let overview = overview(&city.office, &reader).await.unwrap();
        assert_eq!(overview.lines.len(), 51);
        let kinds: Vec<_> = overview.lines.iter().map(|line| line.indicator.kind).collect();
        assert!(kinds.is_sorted(), "binding first, then expected, then the rest");
        assert_eq!(overview.count(Standing::Reached), 1);
        assert_eq!(overview.count(Standing::Behind), 0);
        let words = overview.lines.iter().find(|line| line.indicator.id == *"wh_i050").unwrap();
        assert_eq!(words.judgement.standing, Standing::Words);
        let export = grant::<Export>(&city.township_clerk);
        for (which, rows) in [
            (PlanSheet::Indicators, 51),
            (PlanSheet::Stages, 77),
            (PlanSheet::Contradictions, 3),
            (PlanSheet::Text, 417),
        ] {
            let bytes = sheet(&city.office, &reader, &export, which, ListFormat::Excel).await.unwrap();
            assert_eq!(read_file("规划.xlsx", &bytes).unwrap()[0].rows.len(), rows + 2, "{which:?}");
        }
    }
}
