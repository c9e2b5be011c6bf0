//! Numbers of cases, and the cases behind them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use catalogue::{LoadOptions, Release};
use office::OfficeError;
use office::reports::{self, CaseCounted, CaseQuery, ClockFigures, shown};
use office::tabular::ListFormat;
use store::{DivisionId, Query};

use crate::town::{Town, day, grant, towns};

/// The national packs: the matter 低保 with its steps and clocks.
fn national() -> Arc<Release> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/national");
    Arc::new(Release::load_with(&[&folder], LoadOptions::default()).unwrap())
}

struct Filed<'a> {
    name: &'a str,
    village: DivisionId,
    township: DivisionId,
    channel: &'a str,
    /// None is open.
    outcome: Option<&'a str>,
    delegated: bool,
    /// When the clock 办理 ended; None runs.
    decided: Option<&'a str>,
    due: &'a str,
}

async fn file(town: &Town, number: i64, filed: &Filed<'_>) {
    let clerk = town.actor(&format!("filer{number}"), filed.township, &["township_clerk"]).await;
    let (household, persons) = town.family(&clerk, filed.village, &[filed.name]).await;
    let db = town.office.db();
    let case = Query::system(
        "test",
        "INSERT INTO case_file (number, item, release_hash, channel, applicant_person_id, household_id, members, county_id, township_id, \
         village_id, registered_division_id, deciding_division_id, delegated, step, state, outcome, filed_on, accepted_on, due_on, \
         decided_on, ended_on, created_at) VALUES (?, 'dibao', 'h', ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) RETURNING id",
    )
    .bind(format!("DB{number}"))
    .bind(filed.channel)
    .bind(persons[0])
    .bind(household)
    .bind(town.county)
    .bind(filed.township)
    .bind(filed.village)
    .bind(filed.village)
    .bind(town.county)
    .bind(filed.delegated)
    .bind(if filed.outcome.is_some() { "ended" } else { "filed" })
    .bind(if filed.outcome.is_some() { "ended" } else { "open" })
    .bind(filed.outcome)
    .bind(day("2026-10-08"))
    .bind(day("2026-10-09"))
    .bind(day(filed.due))
    .bind(filed.decided.map(day))
    .bind(filed.outcome.and(filed.decided).map(day))
    .insert(db)
    .await
    .unwrap();
    Query::system(
        "test",
        "INSERT INTO case_clock (case_id, clock, started_on, limit_unit, limit_count, due_on, earliest_on, latest_on, ended_on) \
         VALUES (?, 'total', ?, 'working_days', 30, ?, ?, ?, ?)",
    )
    .bind(case)
    .bind(day("2026-10-09"))
    .bind(day(filed.due))
    .bind(day(filed.due))
    .bind(day(filed.due))
    .bind(filed.decided.map(day))
    .execute(db)
    .await
    .unwrap();
}

#[tokio::test]
async fn clocks_channels_and_outcomes_are_counted_and_open_the_very_cases() {
    for town in towns("reports_cases").await {
        town.office.put_in_force(national());
        let (here, next) = (town.first_community, town.willow_village);
        let (east, west) = (town.hedong, town.hexi);
        let cases = [
            Filed {
                name: "甲",
                village: here,
                township: east,
                channel: "citizen",
                outcome: Some("granted"),
                delegated: true,
                decided: Some("2026-10-30"),
                due: "2026-10-30",
            },
            Filed {
                name: "乙",
                village: here,
                township: east,
                channel: "window",
                outcome: Some("refused"),
                delegated: false,
                decided: Some("2026-11-01"),
                due: "2026-10-31",
            },
            Filed {
                name: "丙",
                village: here,
                township: east,
                channel: "window",
                outcome: None,
                delegated: false,
                decided: None,
                due: "2026-10-31",
            },
            Filed {
                name: "丁",
                village: next,
                township: west,
                channel: "village",
                outcome: None,
                delegated: false,
                decided: None,
                due: "2026-11-20",
            },
        ];
        for (number, filed) in (1..).zip(&cases) {
            file(&town, number, filed).await;
        }
        let director = town.actor("director", town.county, &["county_director"]).await;
        let query = CaseQuery {
            item: "dibao".to_owned(),
            from: day("2026-10-01"),
            until: day("2026-11-30"),
            division: None,
        };
        let figures = reports::case_figures(&town.office, &grant(&director), &query).await.unwrap();
        let [first, second, whole] = figures.as_slice() else { panic!("{figures:?}") };
        assert_eq!((first.filed(), first.open(), first.decided, first.decided_delegated), (3, 1, 2, 1));
        assert_eq!((second.filed(), second.open(), second.decided), (1, 1, 0));
        assert_eq!((whole.filed(), whole.open(), whole.decided, whole.decided_delegated), (4, 2, 2, 1));
        let titles: Vec<_> =
            whole.channels.iter().map(|counted| (counted.title.as_str(), counted.count)).collect();
        assert_eq!(titles, [("本人网上申请", 1), ("乡镇（街道）窗口", 2), ("村（居）协助申请", 1)]);
        assert_eq!(
            whole.outcomes.iter().map(|counted| counted.title.as_str()).collect::<Vec<_>>(),
            ["予以确认", "不予确认"]
        );
        assert_eq!(whole.steps[0].title, "受理");
        let ClockFigures { ended, in_time, overdue, .. } = whole.clocks[0];
        assert_eq!((ended, in_time, overdue, whole.clocks[0].permille()), (2, 1, 1, Some(500)));
        assert!(second.clocks.is_empty());

        let list = async |counted: CaseCounted, division| {
            let query = CaseQuery { division, ..query.clone() };
            let page = reports::case_list(&town.office, &grant(&director), &query, &counted, None, 20)
                .await
                .unwrap();
            page.rows.into_iter().map(|line| line.applicant).collect::<Vec<_>>()
        };
        assert_eq!(list(CaseCounted::Filed(None), None).await, ["丁", "丙", "乙", "甲"]);
        assert_eq!(list(CaseCounted::Filed(Some("window".to_owned())), None).await, ["丙", "乙"]);
        assert_eq!(list(CaseCounted::Open(None), Some(west)).await, ["丁"]);
        assert_eq!(list(CaseCounted::Ended(Some("refused".to_owned())), None).await, ["乙"]);
        assert_eq!(list(CaseCounted::Clock("total".to_owned(), true), None).await, ["甲"]);
        assert_eq!(list(CaseCounted::Clock("total".to_owned(), false), None).await, ["乙"]);
        assert_eq!(list(CaseCounted::Overdue("total".to_owned()), None).await, ["丙"]);

        // Page by page without a gap.
        let page =
            reports::case_list(&town.office, &grant(&director), &query, &CaseCounted::Filed(None), None, 3)
                .await
                .unwrap();
        let rest = reports::case_list(
            &town.office,
            &grant(&director),
            &query,
            &CaseCounted::Filed(None),
            page.next.as_ref(),
            3,
        )
        .await
        .unwrap();
        assert_eq!((page.rows.len(), rest.rows[0].applicant.as_str(), rest.next), (3, "甲", None));

        // Neighbours see nothing of it.
        let head = town.actor("head", west, &["township_head"]).await;
        let own = reports::case_figures(&town.office, &grant(&head), &query).await.unwrap();
        assert_eq!(own.last().unwrap().filed(), 1);
        let next_door = CaseQuery { division: Some(east), ..query.clone() };
        let refused =
            reports::case_list(&town.office, &grant(&head), &next_door, &CaseCounted::Filed(None), None, 20)
                .await;
        assert!(matches!(refused, Err(OfficeError::NotFound(_))));
        let nobody = CaseQuery { item: "nothing".to_owned(), ..query.clone() };
        assert!(matches!(
            reports::case_figures(&town.office, &grant(&head), &nobody).await,
            Err(OfficeError::NotFound(_))
        ));

        let sheet =
            reports::case_sheet(&town.office, &grant(&director), &grant(&director), &query, ListFormat::Csv)
                .await
                .unwrap();
        let text = String::from_utf8(sheet).unwrap();
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("东河区,4,2,2,1,1,2,1,") && last.ends_with("50.0,1"), "{text}");
    }
}

#[tokio::test]
async fn a_page_of_cases_is_some_minutes_old_at_most_and_is_renewed() {
    for mut town in towns("reports_cases_kept").await {
        town.office.put_in_force(national());
        town.office = town.office.with_figures_kept(Duration::from_secs(300));
        let filed = |name| Filed {
            name,
            village: town.first_community,
            township: town.hedong,
            channel: "window",
            outcome: Some("granted"),
            delegated: false,
            decided: Some("2026-10-30"),
            due: "2026-10-30",
        };
        file(&town, 1, &filed("甲")).await;
        let director = town.actor("director", town.county, &["county_director"]).await;
        let (from, until) = (day("2026-10-01"), day("2026-11-30"));
        let query = CaseQuery { item: "dibao".to_owned(), from, until, division: None };
        let look = async || shown::case_figures(&town.office, &grant(&director), &query).await.unwrap();
        let first = look().await;
        assert_eq!(first.figures.last().unwrap().filed(), 1);
        file(&town, 2, &filed("乙")).await;
        assert_eq!(look().await.figures.last().unwrap().filed(), 1);
        town.pass(4 * 60_000);
        shown::renew(&town.office).await;
        let renewed = look().await;
        assert_eq!(renewed.at, town.office.now());
        let exact = reports::case_figures(&town.office, &grant(&director), &query).await.unwrap();
        assert_eq!((renewed.figures.last().unwrap().filed(), &renewed.figures), (2, &exact));
        // A clock that ended in time is counted for both; other days are another question.
        assert_eq!(exact.last().unwrap().clocks[0].in_time, 2);
        let september = CaseQuery { until: day("2026-09-30"), from: day("2026-09-01"), ..query.clone() };
        let shown = shown::case_figures(&town.office, &grant(&director), &september).await.unwrap();
        assert_eq!(shown.figures.last().unwrap().filed(), 0);
        let other = town.actor("other", town.other_county, &["county_director"]).await;
        let theirs = shown::case_figures(&town.office, &grant(&other), &query).await.unwrap();
        assert_eq!(theirs.figures.last().unwrap().filed(), 0);
    }
}
