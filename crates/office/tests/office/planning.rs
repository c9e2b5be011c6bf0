//! The plan at work: a value counts when a second person has looked at it, a target is changed with reason and document, parts make the whole,
//! milestones move and finish, and a neighbour sees nothing.

use catalogue::plan::Verdict;
use office::OfficeError;
use office::access::{ApprovePlan, Export, Granted, ManagePlan, ReadPlan, ReportPlan};
use office::casework::attachments;
use office::plans::adjustments::{self, Decided, Proposed};
use office::plans::judge::Standing;
use office::plans::links::{self, Computed};
use office::plans::sheet::{PlanSheet, sheet};
use office::plans::stages::{self, Noted, StageDeed, StageState};
use office::plans::values::{self, Reported, ValueState};
use office::plans::{PastVerdict, PlanValueId, indicator_page, overview, past, peers, split, superior};
use office::tabular::{ListFormat, Raw, read_file};

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
        for which in [PlanSheet::Waiting, PlanSheet::Indicator(BEDS.to_owned())] {
            for (actor, seen) in [(&city.policy, true), (&city.neighbour_clerk, false)] {
                let (reader, export) = (grant::<ReadPlan>(actor), grant::<Export>(actor));
                let file = sheet(&city.office, &reader, &export, &which, ListFormat::Csv).await.unwrap();
                assert_eq!(String::from_utf8(file).unwrap().contains("区民政局台账"), seen, "{which:?}");
            }
        }
        values::look(&city.office, &grant::<ApprovePlan>(&city.county_director), id, true, "").await.unwrap();
        let noted = Noted {
            stage: "wh_p004",
            deed: StageDeed::Started,
            due: None,
            words: "区里已开工",
            document: "",
            files: &[],
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
        assert!(problems[0].message.contains("相加是 4344，应等于乌海市的 4343"), "{problems:?}");
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

/// PL-08: a target may be changed, but not below what a law demands; what holds is held against it, and what serves it stands beside it.
#[tokio::test]
async fn a_target_is_not_set_below_the_law() {
    for city in cities("plansuperior").await {
        let policy = grant::<ManagePlan>(&city.policy);
        let reader = grant::<ReadPlan>(&city.policy);
        let change = |number| Proposed {
            indicator: "wh_i019",
            number,
            year: 2026,
            reason: "床位不足",
            document: "乌民发〔2026〕1号",
        };
        let answer = adjustments::propose(&city.office, &policy, change("95")).await;
        let Err(OfficeError::Invalid(problems)) = answer else { panic!("{answer:?}") };
        assert_eq!(problems[0].field, "number");
        assert!(
            problems[0].message.contains("《社会救助暂行办法》第十九条要求不低于100%"),
            "{}",
            problems[0].message
        );
        let id = adjustments::propose(&city.office, &policy, change("100")).await.unwrap();
        adjustments::decide(&city.office, &grant::<ApprovePlan>(&city.releaser), id, true).await.unwrap();
        let plan = overview(&city.office, &reader).await.unwrap().plan;
        let held = superior::held(&city.office, &reader, &plan).await.unwrap();
        let one = held.iter().find(|one| one.entry == "wh_i019").unwrap();
        assert_eq!((one.verdict, one.figure.as_str()), (Verdict::Met, "100%（已调整）"));
        let serving = superior::serving(&city.office, &reader, &plan, "wh_i017").await.unwrap();
        let names: Vec<&str> = serving.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(names, ["wh_p014", "wh_p072"]);
        let served = superior::served(&plan, "wh_p014", "wh_p014");
        assert!(served.iter().any(|(id, _)| id == "wh_i017"));
    }
}

/// PL-07: photos and documents come with a note, are read by those who see it, and by nobody else.
#[tokio::test]
async fn photos_come_with_a_note() {
    const PHOTO: &[u8] = b"\xff\xd8\xff\xe0photo";
    for city in cities_of("planphotos", VILLAGE, DELEGATED_VILLAGE, START).await {
        let clerk = grant::<ReportPlan>(&city.county_clerk);
        let owner = office::casework::drafts::owner_of(&city.county_clerk);
        let photo = attachments::put(&city.office, &owner, "现场.jpg", PHOTO).await.unwrap();
        let noted = Noted {
            stage: "wh_p004",
            deed: StageDeed::Started,
            due: None,
            words: "主体封顶",
            document: "",
            files: &[photo],
        };
        let others = stages::note(&city.office, &grant::<ReportPlan>(&city.policy), noted).await;
        assert!(matches!(others, Err(OfficeError::Invalid(_))), "somebody else's file");
        stages::note(&city.office, &clerk, noted).await.unwrap();
        let twice = stages::note(&city.office, &clerk, noted).await;
        assert!(matches!(twice, Err(OfficeError::Invalid(_))), "a file comes with one note");
        let reader = grant::<ReadPlan>(&city.policy);
        let plan = overview(&city.office, &reader).await.unwrap().plan;
        let mut all = stages::stages(&city.office, &reader, &plan).await.unwrap();
        all.retain(|stage| stage.id == "wh_p004");
        stages::with_files(&city.office, &mut all).await.unwrap();
        assert_eq!((all[0].notes.len(), all[0].notes[0].files[0].name.as_str()), (1, "现场.jpg"));
        let (file, content) = stages::file(&city.office, &reader, "wh_p004", photo).await.unwrap();
        assert_eq!((file.mime.as_str(), content.as_slice()), ("image/jpeg", PHOTO));
        let elsewhere = stages::file(&city.office, &reader, "wh_p003", photo).await;
        assert!(matches!(elsewhere, Err(OfficeError::NotFound(_))));
        let neighbour = grant::<ReadPlan>(&city.neighbour_clerk);
        let hidden = stages::file(&city.office, &neighbour, "wh_p004", photo).await;
        assert!(matches!(hidden, Err(OfficeError::NotFound(_))), "the note is the county's");
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
            files: &[],
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
        // Eight of the text's numbers are the table's own: listed, and counted with those.
        assert_eq!(overview.promises().count(), 43);
        let counted: usize = Standing::ALL.into_iter().map(|standing| overview.count(standing)).sum();
        assert_eq!(counted, 43);
        let again = overview.lines.iter().find(|line| line.indicator.id == *"wh_i016").unwrap();
        assert_eq!(again.same_as.as_deref(), Some("护理型床位在养老机构床位中占比"));
        let words = overview.lines.iter().find(|line| line.indicator.id == *"wh_i050").unwrap();
        assert_eq!(words.judgement.standing, Standing::Words);
        let export = grant::<Export>(&city.township_clerk);
        for (which, rows) in [
            (PlanSheet::Indicators, 51),
            (PlanSheet::Stages, 77),
            (PlanSheet::Contradictions, 3),
            (PlanSheet::Text, 417),
            (PlanSheet::Past, 66),
            (PlanSheet::Compared, 0),
            (PlanSheet::Alerts, 0),
            (PlanSheet::Waiting, 0),
            // The value that was looked at this month.
            (PlanSheet::Changes("2026-11".parse().unwrap()), 1),
            // Two corners of the path, a value, three counties, a report.
            (PlanSheet::Indicator(BEDS.to_owned()), 7),
        ] {
            let bytes = sheet(&city.office, &reader, &export, &which, ListFormat::Excel).await.unwrap();
            assert_eq!(read_file("规划.xlsx", &bytes).unwrap()[0].rows.len(), rows + 2, "{which:?}");
        }
        let bytes = sheet(&city.office, &reader, &export, &PlanSheet::Past, ListFormat::Excel).await.unwrap();
        let rows = read_file("上期.xlsx", &bytes).unwrap().remove(0).rows;
        let text = |words: &str| Raw::Text(words.to_owned());
        let row = |name: &str| rows.iter().find(|row| row.cells.contains(&text(name))).unwrap();
        let spent = row("各级财政累计投入资金(兜底保障段)");
        for cell in [Raw::Number("5.11".to_owned()), text("亿元"), text("5.11亿元")] {
            assert!(spent.cells.contains(&cell), "a number with its unit beside it: {spent:?}");
        }
        let range = row("临时救助标准(调整后)");
        assert!(
            !range.cells.iter().any(|cell| matches!(cell, Raw::Number(_))),
            "no number of two: {range:?}"
        );
        let nothing = PlanSheet::Indicator("nothing".to_owned());
        let missing = sheet(&city.office, &reader, &export, &nothing, ListFormat::Excel).await;
        assert!(matches!(missing, Err(OfficeError::NotFound(_))));
    }
}

/// PL-04: an indicator that a register computes is what the register says, and nobody can type it.
#[tokio::test]
async fn a_linked_indicator_is_computed_and_cannot_be_typed() {
    for city in cities("planlink").await {
        let policy = grant::<ManagePlan>(&city.policy);
        let all = links::choices(&city.office.release(), Some("%"));
        let (register, duty) = all
            .iter()
            .find_map(|(by, _)| match by {
                Computed::Duty { register, duty } => Some((register.clone(), duty.clone())),
                Computed::Indicator(_) => None,
            })
            .unwrap();
        let by = format!("{register}/{duty}");
        for (record, state, done_on, due_on) in [
            (1_i64, "done", Some("2025-03-01"), "2025-03-05"),
            (2, "done", Some("2025-06-01"), "2025-06-05"),
            (3, "done", Some("2025-12-01"), "2025-12-05"),
            (4, "open", None, "2025-12-31"),
            (5, "lapsed", None, "2025-12-31"),
            (6, "open", None, "2030-01-01"),
        ] {
            let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
            store::Query::system(
                "test",
                "INSERT INTO record_duty (register, record_id, duty, division_id, office_id, title, shown_on, due_on, state, done_on, made_at) \
                 VALUES (?, ?, ?, ?, ?, '检查', ?, ?, ?, ?, 1) RETURNING id",
            )
            .bind(register.as_str())
            .bind(record)
            .bind(duty.as_str())
            .bind(city.township_clerk.division)
            .bind(city.township_clerk.division)
            .bind(day(due_on))
            .bind(day(due_on))
            .bind(state)
            .bind(done_on.map(day))
            .insert(city.office.db())
            .await
            .unwrap();
        }
        confirmed(&city, "2025-12", "50").await;
        assert_eq!(standing(&city).await, Standing::Missed);
        let wrong = links::link(&city.office, &policy, BEDS, "nothing").await;
        assert!(matches!(wrong, Err(OfficeError::Invalid(_))));
        let wrong = links::link(&city.office, &policy, "wh_i015", &by).await;
        assert!(matches!(wrong, Err(OfficeError::Invalid(_))), "a number of beds is no rate");
        links::link(&city.office, &policy, BEDS, &by).await.unwrap();
        let again = links::link(&city.office, &policy, BEDS, &by).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))));
        let page = indicator_page(&city.office, &grant::<ReadPlan>(&city.policy), BEDS).await.unwrap();
        assert_eq!(page.points.len(), 1, "a year in which nothing fell due has no value");
        assert_eq!(
            (page.points[0].number.to_string().as_str(), page.line.judgement.standing),
            ("75", Standing::Reached)
        );
        let county =
            page.counties.iter().find(|county| county.division == city.county_clerk.division).unwrap();
        assert_eq!(county.latest.unwrap().number.to_string(), "75");
        let overview = overview(&city.office, &grant::<ReadPlan>(&city.township_clerk)).await.unwrap();
        assert_eq!(overview.count(Standing::Reached), 1);
        assert!(
            matches!(reported(&city, "2025-11", "60").await, Err(OfficeError::Conflict(_))),
            "nobody types it"
        );
        links::unlink(&city.office, &policy, BEDS).await.unwrap();

        // An indicator of the packs, month by month.
        let release = city.office.release();
        let indicator = release.indicators.iter().find(|one| one.unit == "%" && one.whole.is_some()).unwrap();
        let id = indicator.id.as_str();
        links::link(&city.office, &policy, BEDS, id).await.unwrap();
        for (month, part) in [("2024-12", 500_000_i64), ("2025-12", 600_000)] {
            let month: vocab::Month = month.parse().unwrap();
            let day = month.last_day();
            let sql = "INSERT INTO indicator_month (indicator, month, reckoned_on, release_hash) VALUES (?, ?, ?, 'x')";
            store::Query::system("test", sql)
                .bind(id)
                .bind(month)
                .bind(day)
                .execute(city.office.db())
                .await
                .unwrap();
            let sql = "INSERT INTO indicator_value (indicator, month, division_id, part, whole, unknown) VALUES (?, ?, ?, ?, 1000000, 0)";
            let row = store::Query::system("test", sql)
                .bind(id)
                .bind(month)
                .bind(city.county_clerk.division)
                .bind(part);
            row.execute(city.office.db()).await.unwrap();
        }
        let page = indicator_page(&city.office, &grant::<ReadPlan>(&city.policy), BEDS).await.unwrap();
        let numbers: Vec<String> = page.points.iter().map(|point| point.number.to_string()).collect();
        assert_eq!(numbers, ["50", "60"]);
        assert_eq!(page.line.judgement.standing, Standing::Reached);
        // What is unknown counts only where it leaves no doubt: 55% is wanted, and 60 stay 60 or become more.
        let doubtful = async |part: i64, unknown: i64| {
            let sql = "UPDATE indicator_value SET part = ?, unknown = ? WHERE indicator = ? AND month = ?";
            let row = store::Query::system("test", sql).bind(part).bind(unknown).bind(id);
            row.bind("2025-12".parse::<vocab::Month>().unwrap()).execute(city.office.db()).await.unwrap();
            let page = indicator_page(&city.office, &grant::<ReadPlan>(&city.policy), BEDS).await.unwrap();
            page.points.last().map(|point| point.number.to_string())
        };
        assert_eq!(doubtful(600_000, 40).await.as_deref(), Some("60"));
        assert_eq!(doubtful(0, 100).await.as_deref(), Some("50"), "nothing of 2025 is known");
        assert_eq!(doubtful(0, 10).await.as_deref(), Some("0"), "missed, whatever the ten are");
        // An indicator of which nobody has entered anything yet says nothing.
        let sql = "DELETE FROM indicator_value WHERE indicator = ?";
        store::Query::system("test", sql).bind(id).execute(city.office.db()).await.unwrap();
        let page = indicator_page(&city.office, &grant::<ReadPlan>(&city.policy), BEDS).await.unwrap();
        assert!(page.points.is_empty(), "{:?}", page.points);
        links::unlink(&city.office, &policy, BEDS).await.unwrap();
        assert_eq!(standing(&city).await, Standing::Missed, "what was reported counts again");
        reported(&city, "2025-11", "60").await.unwrap();
    }
}

/// PL-09: what the previous period reached is judged by its numbers, beside what the plan says of itself; without a printed target nothing is judged.
#[test]
fn the_previous_period_is_judged_where_a_target_is_printed() {
    let book = |place: &str| catalogue::plan::PlanBook::load(&store::testing::packs().join(place)).unwrap();
    let suqian = book("suqian");
    let verdicts = |verdict| {
        let rows = past(&suqian);
        rows.iter()
            .filter(|(_, found)| *found == verdict)
            .map(|(one, _)| one.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        verdicts(PastVerdict::Missed),
        ["sq_t1_08"],
        "1.7 of 7 certified social workers, which the text passes over"
    );
    assert_eq!(
        verdicts(PastVerdict::NotJudged),
        ["sq_t1_01a", "sq_t1_06"],
        "in words, and two values printed as one"
    );
    assert_eq!(verdicts(PastVerdict::Reached).len(), 13);
    let wenshan = book("wenshan");
    assert_eq!(past(&wenshan).len(), 14);
    assert!(
        past(&wenshan).iter().all(|(_, verdict)| *verdict == PastVerdict::NotJudged),
        "no target is printed"
    );
    assert_eq!(wenshan.indicator("ws_t1_06").unwrap().verdict.as_deref(), Some("未完成"));
    assert!(past(&book("wuhai")).is_empty());
}

/// The same measure in the plans of other places: one's own first, what is counted otherwise marked, units brought together.
#[tokio::test]
async fn the_plans_of_other_places_stand_beside_ones_own() {
    for city in cities("plan_peers").await {
        let reader: Granted<ReadPlan> = grant(&city.policy);
        assert!(
            peers::compared(&city.office, &reader).await.unwrap().is_empty(),
            "one plan alone compares with nothing"
        );
        let load = |pack: &str| catalogue::plan::PlanBook::load(&store::testing::packs().join(pack)).unwrap();
        let own = peers::take_in_peer(&city.office, &load("wuhai")).await;
        assert!(matches!(own, Err(OfficeError::Conflict(_))), "{own:?}");
        for pack in ["baoding", "suqian", "county", "wenshan", "suqian"] {
            assert!(peers::take_in_peer(&city.office, &load(pack)).await.unwrap() > 0, "{pack}");
        }
        let city = city.restarted().await;
        let reader: Granted<ReadPlan> = grant(&city.policy);
        let compared = peers::compared(&city.office, &reader).await.unwrap();
        let of = |measure: &str| compared.iter().find(|one| one.measure == measure).unwrap();
        let beds = of("养老机构护理型床位占比");
        let targets: Vec<&str> = beds.lines.iter().map(|line| line.measured.target.as_str()).collect();
        assert_eq!(beds.lines.iter().filter(|line| line.own).count(), 1);
        assert!(beds.lines[0].own && beds.lines[0].plan.contains("乌海"), "{beds:?}");
        assert_eq!(targets.len(), 5, "taken in twice is there once: {targets:?}");
        let mut sorted = targets.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["55", "55", "55", "62", "70"]);
        let workers = of("社会工作专业人才占人口比例");
        assert!(
            workers.same_unit && workers.lines.iter().any(|line| line.measured.unit == "‰"),
            "{workers:?}"
        );
        let bases: std::collections::BTreeSet<_> =
            beds.lines.iter().map(|line| &line.measured.base).collect();
        assert_eq!(beds.same_base, bases.len() == 1);
        assert!(compared.iter().any(|one| !one.same_base), "what is counted otherwise is marked");
        let export = grant::<Export>(&city.policy);
        let file =
            sheet(&city.office, &reader, &export, &PlanSheet::Compared, ListFormat::Excel).await.unwrap();
        let rows = read_file("比较.xlsx", &file).unwrap().remove(0).rows;
        assert_eq!(rows.len(), 2 + compared.iter().map(|one| one.lines.len()).sum::<usize>());
        let text = format!("{rows:?}");
        for words in ["合每万人", "养老机构护理型床位占比", "不低于55%"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(compared.iter().all(|one| text.contains(one.base_words())), "the words of the page: {text}");
        let said = |row: &str| row.contains("养老机构护理型床位占比") && row.contains("乌海");
        let own = rows.iter().find(|row| said(&format!("{row:?}"))).unwrap();
        for number in ["37", "2025", "55"] {
            assert!(own.cells.contains(&Raw::Number(number.to_owned())), "{number}: {own:?}");
        }
    }
}
