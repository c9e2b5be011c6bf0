//! What is confidential (民发〔2012〕179号 art. 5.1): filed, examined, decided, paid and reviewed at the county, told to the family, and nowhere to be
//! found by the village and the township below which the family lives.

use ledger::approve::ControlTotals;
use ledger::pages::{self, RollFilter};
use office::access::{self, Actor, Export, ReadPayments, Report};
use office::benefits;
use office::business::Reader;
use office::casework::lists::{self, CaseFilter};
use office::casework::{drafts, notices, reviews, view};
use office::people::merge;
use office::reports::{self, CaseCounted, CaseQuery, RollCounted, RollQuery};
use office::roll::{export, payments};
use office::tabular::ListFormat;
use office::{OfficeError, divisions, people, publication, search};
use store::{CaseId, Query, Scope, jobs};
use vocab::{CitizenId, Fen, Month};

use crate::matters::{paid, worked};
use crate::town::day;
use crate::wuhai::{Family, Wuhai, cities, grant};

const ITEM: &str = "infected_child";
const PROGRAMME: &str = "infected_child_living";
const EVERYWHERE: Scope = Scope::System("test");

fn child() -> Family {
    Family { names: vec!["金子悦"], births: vec!["2016-06-01"], wages: vec!["0"], ..Family::default() }
}

/// Taken in by one of the county's clerks, looked at by another, decided by the director.
async fn granted(city: &Wuhai) -> CaseId {
    let case = city.file_by(&city.county_clerk, ITEM, &child()).await.unwrap();
    city.act(&city.county_clerk, case, "accept", &[], &[]).await.unwrap();
    let early = city.act(&city.second_county_clerk, case, "examine", &[], &[]).await;
    assert!(matches!(early, Err(OfficeError::Conflict(_))), "nobody has looked: {early:?}");
    city.act(&city.second_county_clerk, case, "verify", &[("visit/infected", "yes")], &[]).await.unwrap();
    city.act(&city.second_county_clerk, case, "examine", &[], &[]).await.unwrap();
    city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
    case
}

async fn counted(city: &Wuhai, sql: &str, of: CaseId) -> i64 {
    Query::system("test", sql.to_owned()).bind(of).scalar(city.office.db()).await.unwrap()
}

/// What an office finds of a case and of what it granted, by every way that leads to either: names of the ways on which there was something.
async fn found(city: &Wuhai, actor: &Actor, case: CaseId, month: Month) -> Vec<&'static str> {
    let (office, db) = (&city.office, city.office.db());
    let row = city.seen(case).await.case;
    let benefit = row.entitlement.unwrap();
    let mut found = Vec::new();
    let mut note = |way: &'static str, there: bool| found.extend(there.then_some(way));

    note("the case", view::open(office, &grant(actor), case).await.is_ok());
    let family = CaseFilter { household: Some(row.household), ..CaseFilter::default() };
    note(
        "the family's cases",
        !lists::cases(office, &grant(actor), &family, None).await.unwrap().rows.is_empty(),
    );
    let all = lists::cases(office, &grant(actor), &CaseFilter::default(), None).await.unwrap();
    note("the list of cases", all.rows.iter().any(|line| line.case == case));
    note("the tasks", city.work(actor).await.iter().any(|work| work.case == case));
    let reader = search::reader(actor);
    let hits = search::search(office, &reader, &row.number).await.unwrap();
    note("the search box", hits.iter().any(|group| group.hits.iter().any(|hit| hit.title == row.number)));
    let hanging = notices::hanging(office, actor.division).await.unwrap();
    let published = publication::sheet(office, actor.division, None, 10).await.unwrap().rows;
    note("the notices", !hanging.is_empty() || !published.is_empty());

    let scope = actor.scope();
    note("the benefit", pages::entitlement(db, &scope, benefit, month).await.is_ok());
    let held = pages::entitlements_of_household(db, &scope, row.household, month).await.unwrap();
    note("the family's benefits", !held.is_empty());
    note("the roll", pages::roll_count(db, &scope, &RollFilter::of(month), 10).await.unwrap().counted > 0);
    let totals = pages::month_totals(db, &scope, month, month, pages::GroupBy::Township).await.unwrap();
    note("the month's money", !totals.is_empty());
    if let Ok(reader) = actor.grant::<ReadPayments>() {
        let runs = payments::runs(office, &reader, None, None, 20).await.unwrap();
        note("the runs", !runs.rows.is_empty());
    }
    if let Ok(export) = actor.grant::<Export>() {
        let filter = RollFilter::of(month);
        let taken =
            export::export_roll(office, &export, None, &filter, ListFormat::Csv, "核对").await.unwrap();
        note("the roll taken out", taken.rows > 0);
    }
    if let Ok(report) = actor.grant::<Report>() {
        let roll = RollQuery { programme: None, month, division: None };
        let figures = reports::roll_figures(office, &report, &roll).await.unwrap();
        note("the roll's figures", figures.whole.total().households > 0);
        let lines =
            reports::roll_list(office, &report, &roll, RollCounted::OnRoll, None, None, 20).await.unwrap();
        note("the rows behind the roll's figures", !lines.rows.is_empty());
        let today = office.now().today();
        let cases = CaseQuery { item: ITEM.to_owned(), from: row.filed_on, until: today, division: None };
        let figures = reports::case_figures(office, &report, &cases).await.unwrap();
        note("the figures of cases", figures.iter().any(|place| place.filed() > 0));
        let filed = CaseCounted::Filed(None);
        let lines = reports::case_list(office, &report, &cases, &filed, None, 20).await.unwrap();
        note("the rows behind the figures of cases", !lines.rows.is_empty());
    }
    let sheet = benefits::person_sheet(office, &grant(actor), row.applicant).await.unwrap();
    note(
        "the person's sheet",
        !sheet.receives.is_empty() || sheet.asked.iter().any(|asked| asked.number.is_some()),
    );
    let touched = people::touched(office, db, Reader::Post(actor), &[row.household]).await.unwrap();
    note("what a change of the family touches", !touched.benefits.is_empty() || !touched.cases.is_empty());
    let page = people::family_page(office, &grant(actor), row.household).await.unwrap();
    let mut facts = page.members.iter().flat_map(|member| &member.facts).chain(&page.facts);
    let told = facts.any(|fact| fact.sensitive || fact.title.contains("感染"));
    assert!(!told, "what it is about is no fact of the family, for nobody");
    let audited: i64 = Query::system(
        "test",
        "SELECT COUNT(*) FROM audit a JOIN division_closure dc ON dc.descendant_id = a.division_id WHERE dc.ancestor_id = ? \
         AND (a.case_id = ? OR (a.subject_kind = 'entitlement' AND a.subject_id = ?))",
    )
    .bind(actor.division)
    .bind(case)
    .bind(benefit)
    .scalar(db)
    .await
    .unwrap();
    note("the audit", audited > 0);
    found
}

/// CH-02: the allowance of an infected child is known to the county and the family, and is paid.
#[tokio::test]
async fn what_is_confidential_is_known_to_county_and_family_alone() {
    for city in cities("confidential").await {
        let office = &city.office;
        // Village and township cannot even begin it; nor can anybody on line.
        for actor in [&city.village_worker, &city.township_clerk] {
            let desk = actor.grant().unwrap();
            let begun = drafts::begin(office, drafts::Filler::Desk(&desk), ITEM, None).await;
            assert!(matches!(begun, Err(OfficeError::NotFound(_))), "{begun:?}");
        }
        let case = granted(&city).await;
        let row = city.seen(case).await.case;
        let county = city.county_clerk.division;
        assert_eq!((row.village, row.township, row.registered), (county, county, county));
        let citizen = access::citizen_of_synthetic(office, row.applicant).await.unwrap();
        let begun = drafts::begin(office, drafts::Filler::Citizen(&citizen), ITEM, None).await;
        assert!(matches!(begun, Err(OfficeError::NotFound(_))), "{begun:?}");

        let from = office.now().month().next();
        city.days(30).await;
        let (run, totals) = paid(&city, PROGRAMME, from).await;
        // As a scattered orphan's in 乌海, in full.
        assert_eq!(totals, ControlTotals { count: 1, total: Fen(180_000) });
        let lines: i64 = Query::system(
            "test",
            "SELECT COUNT(*) FROM payment_line l WHERE l.run_id = ? AND l.state = 'succeeded'",
        )
        .bind(run)
        .scalar(office.db())
        .await
        .unwrap();
        assert_eq!(lines, 1);

        let city = city.restarted().await;
        for actor in [&city.village_worker, &city.township_clerk, &city.township_head] {
            assert_eq!(found(&city, actor, case, from).await, Vec::<&str>::new(), "{:?}", actor.level);
        }
        // The same ways lead the county there, so that a way that leads nowhere is no proof.
        let known = found(&city, &city.county_clerk, case, from).await;
        for way in [
            "the case",
            "the family's cases",
            "the list of cases",
            "the search box",
            "the benefit",
            "the family's benefits",
            "the roll",
            "the month's money",
            "the runs",
            "the roll taken out",
            "the roll's figures",
            "the rows behind the roll's figures",
            "the figures of cases",
            "the rows behind the figures of cases",
            "the person's sheet",
            "what a change of the family touches",
            "the audit",
        ] {
            assert!(known.contains(&way), "{way}: {known:?}");
        }
        assert!(!known.contains(&"the notices"), "nothing is hung up");
        let own = lists::my_cases(&city.office, &citizen).await.unwrap();
        assert!(own.iter().any(|line| line.case == case), "the family's own");
        let sheet = benefits::own_sheet(&city.office, &citizen).await.unwrap();
        assert_eq!(sheet.receives.len(), 1);
        assert_eq!(sheet.receives[0].amount, Some(Fen(180_000)));
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// Written where it lies: every row that says who sees the case names the county or what is above it.
#[tokio::test]
async fn a_confidential_case_lies_at_the_county_and_another_of_the_family_brings_nothing_down() {
    for city in cities("confidential_move").await {
        let case = granted(&city).await;
        let row = city.seen(case).await.case;
        let below = "SELECT COUNT(*) FROM case_division cd JOIN division d ON d.id = cd.division_id WHERE cd.case_id = ? \
                     AND d.level IN ('township', 'village')";
        let tasks = "SELECT COUNT(*) FROM task t JOIN division d ON d.id = t.division_id WHERE t.case_id = ? \
                     AND d.level IN ('township', 'village')";
        let benefit = "SELECT COUNT(*) FROM entitlement e JOIN division d ON d.id IN (e.township_id, e.division_id) WHERE e.case_id = ? \
                       AND d.level IN ('township', 'village')";
        for sql in [below, tasks, benefit] {
            assert_eq!(counted(&city, sql, case).await, 0, "{sql}");
        }
        let seen: i64 =
            counted(&city, "SELECT COUNT(*) FROM case_division cd WHERE cd.case_id = ?", case).await;
        assert!(seen >= 2, "the county and the city above it");
        // A second case of the family, of the township's: what it does to the family does not bring the benefit down.
        let living =
            city.file_by(&city.township_clerk, "child_living", &child_again(&city, &row).await).await;
        let living = living.unwrap();
        assert_ne!(city.seen(living).await.case.township, row.township);
        assert_eq!(counted(&city, benefit, case).await, 0);
    }
}

/// The same child, as somebody would file for them again.
async fn child_again(city: &Wuhai, row: &office::casework::CaseRow) -> Family {
    let sealed: Vec<u8> = Query::system("test", "SELECT citizen_id_sealed FROM person WHERE id = ?")
        .bind(row.applicant)
        .scalar(city.office.db())
        .await
        .unwrap();
    let number = city.office.keys().open(&sealed).unwrap().to_string();
    let more = vec![
        ("applicant/citizen_id", number.clone()),
        ("family/0/citizen_id", number),
        ("own/father_status", "dead".to_owned()),
        ("own/mother_status", "dead".to_owned()),
    ];
    Family { more, ..child() }
}

/// Two records side by side say nothing to a township of what it may not know; the county, which confirms every merge, reads it.
#[tokio::test]
async fn a_merge_does_not_tell_the_township() {
    for city in cities("confidential_merge").await {
        let office = &city.office;
        let case = granted(&city).await;
        let child = city.seen(case).await.case.applicant;
        let new = people::NewPerson {
            name: "金子悦".parse().unwrap(),
            citizen_id: CitizenId::synthetic(7, day("2016-06-01"), 41),
            phone: None,
            division: divisions::by_code(office.db(), city.village).await.unwrap().id,
            residence: None,
        };
        let other =
            people::register_person(office, &grant(&city.township_clerk), &new).await.unwrap().person();
        let side = async |actor: &Actor| {
            merge::merge_preview(office, &grant(actor), child, other).await.unwrap().one
        };
        let (below, county) = (side(&city.township_clerk).await, side(&city.county_clerk).await);
        let holds = |side: &merge::Side, what: &str| side.holds.iter().any(|(title, _)| title == what);
        assert!(below.benefits.is_empty() && !holds(&below, "办件") && !holds(&below, "待遇"), "{below:?}");
        assert_eq!(county.benefits.len(), 1);
        assert!(holds(&county, "办件") && holds(&county, "待遇"), "{county:?}");
    }
}

/// Reviewed every year, by the county.
#[tokio::test]
async fn a_confidential_benefit_is_reviewed_at_the_county() {
    for city in cities("confidential_review").await {
        let case = granted(&city).await;
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let month = city.office.now().month();
        let held = pages::entitlement(city.office.db(), &EVERYWHERE, benefit, month).await.unwrap();
        let due_on = held.review_due_on.unwrap();
        city.days((due_on - city.office.now().today()).num_days()).await;
        reviews::schedule(&city.office).await.unwrap();
        while let Some(claim) =
            jobs::claim(city.office.db(), &[reviews::REVIEWS_DUE_JOB], "test").await.unwrap()
        {
            reviews::work(&city.office, &claim).await.unwrap();
        }
        for actor in [&city.village_worker, &city.township_clerk] {
            assert!(city.work(actor).await.is_empty(), "{:?}", actor.level);
        }
        let work = city.work(&city.county_clerk).await;
        let review =
            work.iter().find(|work| work.item == "infected_child_review").expect("opened by time").case;
        assert_eq!(city.seen(review).await.case.township, city.county_clerk.division);
        city.act(&city.county_clerk, review, "verify", &[("visit/infected", "yes")], &[]).await.unwrap();
        city.act(&city.second_county_clerk, review, "propose", &[], &[]).await.unwrap();
        let done = city.act(&city.county_director, review, "keep", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("continued"));
    }
}

/// The bank, and whoever sees the account, learn that it is help and not what for.
#[tokio::test]
async fn a_banks_file_does_not_say_what_a_confidential_benefit_is() {
    for city in cities("confidential_bank").await {
        granted(&city).await;
        let office = &city.office;
        let from = office.now().month().next();
        city.days(30).await;
        let (run, _) = payments::make_run(office, &grant(&city.accountant), PROGRAMME, from).await.unwrap();
        worked(&city).await;
        let made = payments::find_run(office, &grant(&city.accountant), run).await.unwrap();
        let totals = ControlTotals { count: made.line_count, total: made.total };
        payments::approve(office, &grant(&city.approver), run, totals).await.unwrap();
        let file =
            payments::export_bank_file(office, &grant(&city.accountant), run, ListFormat::Csv).await.unwrap();
        let text = String::from_utf8(file.file.bytes).unwrap();
        assert!(text.contains("民政补助") && !text.contains("艾滋"), "{text}");
    }
}
