//! Posts of one business: of every case, benefit and figure they find what is their business's and of the others nothing; people are on file for
//! all.

use std::time::Duration;

use office::OfficeError;
use office::access::{Actor, Export, Report};
use office::business::Reader;
use office::casework::lists::{self, CaseFilter, WorkFilter};
use office::casework::{Doer, drafts, letters, view};
use office::means_test::check;
use office::people;
use office::reports::{self, CaseCounted, CaseQuery, RollCounted, RollQuery, shown};
use office::{benefits, search};
use store::CaseId;

use crate::town::day;
use crate::welfare::{ALIVE, granted_by, not_there, old, on_the_roll, working_for};
use crate::wuhai::{Family, Wuhai, cities, grant};

/// A matter of one business, as the city has it.
struct Matter {
    business: &'static str,
    item: &'static str,
    programme: &'static str,
    /// Decided, and on the roll.
    granted: CaseId,
    /// Filed, and waiting at the township.
    filed: CaseId,
}

/// What a post finds of a matter: names of the ways on which there was something.
async fn found(city: &Wuhai, actor: &Actor, one: &Matter) -> Vec<&'static str> {
    let (office, db) = (&city.office, city.office.db());
    let known = city.seen(one.granted).await;
    let (row, month) = (&known.case, office.now().month());
    let mut found = Vec::new();
    let mut note = |way: &'static str, there: bool| found.extend(there.then_some(way));

    note("the case", view::open(office, &grant(actor), one.granted).await.is_ok());
    note("the letter", letters::pdf(office, Doer::Desk(actor), known.letters[0].id).await.is_ok());
    let all = CaseFilter::default();
    for filter in [all.clone(), CaseFilter { item: Some(one.item.to_owned()), ..all.clone() }] {
        let page = lists::cases(office, &grant(actor), &filter, None).await.unwrap();
        note("the list", page.rows.iter().any(|line| line.case == one.granted));
    }
    let sheet = lists::cases_sheet(office, &grant(actor), &grant::<Export>(actor), &all).await.unwrap();
    let sheet = format!("{:?}", office::tabular::read_file("sheet.xlsx", &sheet));
    note("the list as a file", sheet.contains(&row.number));
    let work = lists::worklist(office, &grant(actor), &WorkFilter::default(), None).await.unwrap();
    note("the tasks", work.rows.iter().any(|work| work.case == one.filed));
    let hits = search::search(office, &search::reader(actor), &row.number).await.unwrap();
    note("the search box", hits.iter().any(|group| group.hits.iter().any(|hit| hit.title == row.number)));

    let report = grant::<Report>(actor);
    let cases = CaseQuery {
        item: one.item.to_owned(),
        from: day("2026-01-01"),
        until: office.now().today(),
        division: None,
    };
    note("the figures of cases", reports::case_figures(office, &report, &cases).await.is_ok());
    let filed = CaseCounted::Filed(None);
    note(
        "the cases of a figure",
        reports::case_list(office, &report, &cases, &filed, None, 20).await.is_ok(),
    );
    let roll = RollQuery { programme: Some(one.programme.to_owned()), month, division: None };
    let figures = reports::roll_figures(office, &report, &roll).await.unwrap();
    note("the figures of the roll", figures.whole.total().households > 0);
    let lines =
        reports::roll_list(office, &report, &roll, RollCounted::OnRoll, None, None, 20).await.unwrap();
    note("the families of a figure", !lines.rows.is_empty());
    let glance = reports::glance(office, &report, None, &[]).await.unwrap();
    note("the place at a glance", glance.items.iter().any(|item| item.item == one.item));
    note("its programmes", glance.programmes.iter().any(|line| line.programme == one.programme));

    let sheet = benefits::person_sheet(office, &grant(actor), row.applicant).await.unwrap();
    note("what the person gets", !sheet.receives.is_empty());
    let touched = people::touched(office, db, Reader::Post(actor), &[row.household]).await.unwrap();
    note("what a change of the family touches", !touched.benefits.is_empty());
    found
}

const WAYS: [&str; 15] = [
    "the case",
    "the letter",
    "the list",
    "the list",
    "the list as a file",
    "the search box",
    "the figures of cases",
    "the cases of a figure",
    "the figures of the roll",
    "the families of a figure",
    "the place at a glance",
    "its programmes",
    "what the person gets",
    "what a change of the family touches",
    "the tasks",
];

/// A clerk for the elderly works on what is the elderly's - list, page, search, export, figures - and finds nothing of 低保, and the other way round.
#[tokio::test]
async fn a_post_works_on_the_cases_and_figures_of_its_business_alone() {
    for city in cities("business").await {
        let office = &city.office;
        let aged = city.file_for("old_age_allowance", &old("1935-04-06")).await.unwrap();
        granted_by(&city, &city.county_director, aged, &ALIVE).await;
        let poor = on_the_roll(&city, &Family::default()).await;
        let matters = [
            Matter {
                business: "elderly",
                item: "old_age_allowance",
                programme: "old_age_allowance",
                granted: aged,
                filed: city.file_for("old_age_allowance", &old("1936-04-06")).await.unwrap(),
            },
            Matter {
                business: "assistance",
                item: "dibao",
                programme: "dibao",
                granted: poor,
                filed: city
                    .file(&Family {
                        names: vec!["石破天"],
                        births: vec!["1970-05-06"],
                        wages: vec!["0"],
                        ..Family::default()
                    })
                    .await
                    .unwrap(),
            },
        ];
        for (own, other) in [(&matters[0], &matters[1]), (&matters[1], &matters[0])] {
            for post in [&city.township_clerk, &city.county_clerk] {
                let actor = working_for(post, own.business);
                let mut ways = found(&city, &actor, own).await;
                let tasks = ways.iter().position(|way| *way == "the tasks");
                // The cases that wait lie with the township.
                assert_eq!(tasks.is_some(), actor.level == vocab::Level::Township);
                ways.extend(tasks.is_none().then_some("the tasks"));
                ways.sort_unstable();
                let mut all = WAYS;
                all.sort_unstable();
                assert_eq!(ways, all, "{:?} of {}", actor.level, own.business);
                assert_eq!(
                    found(&city, &actor, other).await,
                    [""; 0],
                    "{:?} of {}",
                    actor.level,
                    own.business
                );

                // Sums over everything are of the own business.
                let (report, month) = (grant::<Report>(&actor), office.now().month());
                let whole = RollQuery { programme: None, month, division: None };
                let figures = reports::roll_figures(office, &report, &whole).await.unwrap();
                assert_eq!(figures.whole.total().households, 1);
                let decided = reports::fairness(office, &report, day("2026-01-01"), office.now().today());
                assert_eq!(decided.await.unwrap().whole.decided, 1);

                // People are on file once, for all businesses.
                for case in [own.granted, other.granted] {
                    let known = city.seen(case).await.case;
                    people::person_page(office, &grant(&actor), known.applicant).await.unwrap();
                    people::family_page(office, &grant(&actor), known.household).await.unwrap();
                }

                // Filed, looked at and decided is in the own business alone.
                let desk = grant(&actor);
                let filler = drafts::Filler::Desk(&desk);
                drafts::begin(office, filler, own.item, None).await.unwrap();
                not_there(drafts::begin(office, filler, other.item, None).await);
                not_there(view::action_page(office, Doer::Desk(&actor), other.filed, "accept").await);
                not_there(city.act(&actor, other.filed, "accept", &[], &[]).await);
                not_there(check::open(office, &grant(&actor), other.granted).await);
            }
            let clerk = working_for(&city.township_clerk, own.business);
            city.act(&clerk, own.filed, "accept", &[], &[]).await.unwrap();
        }
        // What is a sum over a business that the post does not work for is not there either.
        let elderly = working_for(&city.county_clerk, "elderly");
        let asked = CaseQuery {
            item: "dibao".to_owned(),
            from: day("2026-01-01"),
            until: day("2026-12-31"),
            division: None,
        };
        let sheet = reports::case_sheet(
            office,
            &grant::<Report>(&elderly),
            &grant::<Export>(&elderly),
            &asked,
            office::tabular::ListFormat::Csv,
        )
        .await;
        assert!(matches!(sheet, Err(OfficeError::NotFound(_))), "{sheet:?}");
    }
}

/// What one reader was shown is kept for readers of the same businesses alone, also when it is reckoned again.
#[tokio::test]
async fn figures_that_are_kept_are_of_the_readers_businesses() {
    for mut city in cities("business_kept").await {
        // The city's clock stands still: what is kept stands, and is old enough to be reckoned again.
        city.office = city.office.with_figures_kept(Duration::from_millis(1));
        on_the_roll(&city, &Family::default()).await;
        let office = &city.office;
        let (month, from, today) = (office.now().month(), day("2026-01-01"), office.now().today());
        let roll = RollQuery { programme: None, month, division: None };
        let cases = CaseQuery { item: "dibao".to_owned(), from, until: today, division: None };
        let elderly = working_for(&city.county_clerk, "elderly");
        for turn in ["reckoned", "reckoned again"] {
            for (actor, there) in [(&city.county_clerk, true), (&elderly, false)] {
                let report = grant::<Report>(actor);
                let many = i64::from(there);
                let found = shown::roll_figures(office, &report, &roll).await.unwrap();
                assert_eq!(found.figures.whole.total().households, many, "{turn}");
                let found = shown::performance(office, &report, &roll).await.unwrap();
                assert_eq!(found.figures.whole.alive, many, "{turn}");
                let found = shown::fairness(office, &report, from, today).await.unwrap();
                assert_eq!(found.figures.whole.decided, many, "{turn}");
                let found = shown::layers(office, &report, None, month).await.unwrap();
                let families =
                    found.figures.lines.iter().map(|line| line.urban.households + line.rural.households);
                assert_eq!(families.sum::<i64>() > 0, there, "{turn}");
                let found = reports::glance(office, &report, None, &[]).await.unwrap();
                assert_eq!(found.whole.households, many, "{turn}");
                let found = shown::case_figures(office, &report, &cases).await;
                assert_eq!(found.is_ok(), there, "{turn}");
            }
            shown::renew(office).await;
        }
    }
}
