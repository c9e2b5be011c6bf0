//! What proves a capability row of `tests/rows.toml`: done by the offices, read back after the program was started anew.
//!
//! Each test goes red when the row's switch turns its mechanism off (`tests/flip.sh`).

use ledger::EntitlementId;
use ledger::pages::EntitlementRow;
use office::casework::{determine, drafts, lists, notices, view};
use office::forms::{FieldPath, Raw, specimen};
use office::releases::{self, NewStandardChange};
use office::{OfficeError, divisions, means_test, people};
use store::{CaseId, IdempotencyKey, Query};
use vocab::{Fen, Month};

use crate::town::day;
use crate::wuhai::{Family, VILLAGE, Wuhai, cities, grant};

/// From acceptance to the visit, which finds what is said here.
async fn investigated(city: &Wuhai, case: CaseId, found: &[(&str, &str)]) {
    city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
    city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
    city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
    city.departments().await;
    means_test::run(&city.office, &grant(&city.county_clerk), case, "最低生活保障申请核对").await.unwrap();
    city.act(&city.township_clerk, case, "visit", found, &[]).await.unwrap();
}

/// A case brought to the county director's desk.
async fn examined(city: &Wuhai, family: &Family, found: &[(&str, &str)]) -> CaseId {
    let case = city.file(family).await.unwrap();
    investigated(city, case, found).await;
    city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
    city.days(8).await;
    city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    case
}

async fn confirmed(city: &Wuhai, family: &Family, found: &[(&str, &str)]) -> (CaseId, EntitlementId) {
    let case = examined(city, family, found).await;
    city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
    (case, seen(city, case).await.case.entitlement.unwrap())
}

const WAGE: [(&str, &str); 2] = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "1500")];

async fn seen(city: &Wuhai, case: CaseId) -> view::CaseView {
    view::open(&city.office, &grant(&city.county_director), case).await.unwrap()
}

async fn benefit(city: &Wuhai, id: EntitlementId) -> EntitlementRow {
    let month = Month::containing(city.office.now().today()).next();
    ledger::pages::entitlement(city.office.db(), &city.county_director.scope(), id, month).await.unwrap()
}

/// A matter that follows a grant, filed at the window.
async fn follow(city: &Wuhai, item: &str, form: &str, id: EntitlementId, wage: Option<&str>) -> CaseId {
    let desk = city.township_clerk.grant().unwrap();
    let filler = drafts::Filler::Desk(&desk);
    let draft = drafts::begin(&city.office, filler, item, Some(id)).await.unwrap();
    let photo = city.photo(&filler.owner()).await.to_string();
    let release = city.office.release();
    let definition = release.forms.get(form).unwrap();
    let members = benefit(city, id).await.members;
    let mut answers = specimen(
        &release,
        definition,
        usize::try_from(members).unwrap(),
        &photo,
        |page, record, field| match (page.id.as_str(), field.id.as_str(), record) {
            ("change_income", "employed", Some(0)) => wage.map(|_| Raw::from("yes")),
            ("change_income", "wage_income", Some(0)) => wage.map(Raw::from),
            _ => None,
        },
    );
    let today = city.office.now().today();
    for (page, field) in definition.fields() {
        if *field.kind == catalogue::definition::FieldKind::Date {
            let parts = [("year", "%Y"), ("month", "%m"), ("day", "%d")];
            let parts = parts.map(|(part, format)| (part.to_owned(), today.format(format).to_string()));
            answers.set(&FieldPath::new(page, None, field), Raw::Parts(parts.into_iter().collect()));
        }
    }
    let open = drafts::open(&city.office, filler, draft).await.unwrap();
    drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
    drafts::submit(&city.office, filler, draft, &IdempotencyKey::fresh().unwrap()).await.unwrap()
}

async fn released(city: &Wuhai, parameter: &str, from: &str, value: &str) {
    let change = NewStandardChange {
        parameter: parameter.to_owned(),
        division: city.prefecture,
        from: day(from),
        stated_until: None,
        value: value.to_owned(),
        document_title: "关于调整认定办法的通知".to_owned(),
        document_number: "内民政发〔2026〕99号".to_owned(),
        attachment: None,
        reason: "自治区调整".to_owned(),
        recompute_from: None,
    };
    let id = releases::propose(&city.office, &grant(&city.policy), &change).await.unwrap();
    releases::release_change(&city.office, &grant(&city.releaser), id, 1).await.unwrap();
}

fn more(answers: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    answers.iter().map(|(path, value)| (*path, (*value).to_owned())).collect()
}

/// Three people on 4,500 yuan, one of them severely disabled: (4500 - 400) / 3 = 1366.67, above 960 and below 1.5 x 960.
fn marginal(wage: &'static str) -> Family {
    Family {
        wages: vec![wage, "0", "0"],
        more: more(&[("family/1/disability_kind", "physical"), ("family/1/disability_level", "1")]),
        ..Family::default()
    }
}

/// SA-02: the marginal limit is a dated multiple of the standard; every decision names the rules it was made by, and they answer again.
#[tokio::test]
async fn a_decision_names_the_dated_rules_it_was_made_by() {
    for city in cities("row_sa02").await {
        // (5000 - 400) / 3 = 1533.33 is above 1.5 x 960 = 1440 and below 2 x 960.
        let found = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "5000")];
        let before = city.file(&marginal("5000")).await.unwrap();
        investigated(&city, before, &found).await;
        let old = city.office.release().hash.clone();
        released(&city, "marginal_multiple", "2026-11-01", "2").await;
        let after = city.file(&marginal("5000")).await.unwrap();
        investigated(&city, after, &found).await;

        let city = city.restarted().await;
        let single = async |case: CaseId| {
            let determinations = seen(&city, case).await.determinations;
            let met = determinations.iter().find(|one| one.amount.is_some()).cloned();
            (determinations, met)
        };
        let (refused, none) = single(before).await;
        assert!(none.is_none(), "1.6 times the standard is no marginal family yet");
        assert!(refused.iter().all(|one| one.release_hash == old));
        let (_, met) = single(after).await;
        let met = met.expect("2 times the standard is the limit now");
        assert_eq!((met.programme.as_str(), met.release_hash == old), ("dibao_single", false));
        assert_eq!(met.release_hash, city.office.release().hash);
        let (count, mismatches) = determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(count > 3 && mismatches.is_empty(), "{mismatches:?}");
    }
}

/// SA-04: income below the standard is not enough when the property is above the limit; every condition stands there with its outcome.
#[tokio::test]
async fn too_much_property_is_refused_with_every_condition_shown() {
    for city in cities("row_sa04").await {
        // The limit is 24 months of the standard for each of three: 69,120 yuan.
        let found = [WAGE[0], WAGE[1], ("visit_property/deposits", "80000")];
        let family = Family { deposits: "80000", ..Family::default() };
        let case = examined(&city, &family, &found).await;
        let granted = city.act(&city.county_director, case, "confirm", &[], &[]).await;
        assert!(matches!(granted, Err(OfficeError::Conflict(_))), "{granted:?}");
        city.act(&city.county_director, case, "refuse", &[], &["property_above"]).await.unwrap();

        let city = city.restarted().await;
        let seen = seen(&city, case).await;
        let shown = seen.determinations.iter().find(|one| one.programme == "dibao").unwrap();
        let of = |id: &str| {
            let condition = shown.result.conditions.iter().find(|condition| condition.id == id);
            condition.unwrap_or_else(|| panic!("{id}")).outcome
        };
        assert_eq!(shown.result.outcome, rules::Outcome::NotMet);
        assert_eq!(of("income"), rules::Outcome::Met);
        assert_eq!(of("property_limits"), rules::Outcome::NotMet);
        assert_eq!(of("residence"), rules::Outcome::Met);
        assert!(seen.case.entitlement.is_none());
    }
}

/// SA-05: the gap between income and standard, the costs of working taken off first: 2880 - (1500 - 300) + 15 % of 960 for the child.
#[tokio::test]
async fn the_allowance_is_the_gap_after_the_costs_of_working() {
    for city in cities("row_sa05").await {
        let (_, id) = confirmed(&city, &Family::default(), &WAGE).await;
        let city = city.restarted().await;
        assert_eq!(benefit(&city, id).await.monthly, Some(Fen(182_400)));
    }
}

/// SA-06: in a marginal family the severely disabled member enters alone (单人户) and gets the whole standard with its supplement.
#[tokio::test]
async fn a_severely_disabled_member_of_a_marginal_family_enters_alone() {
    for city in cities("row_sa06").await {
        let found = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "4500")];
        let (case, id) = confirmed(&city, &marginal("4500"), &found).await;
        let city = city.restarted().await;
        let held = benefit(&city, id).await;
        assert_eq!((held.programme.as_str(), held.members), ("dibao_single", 1));
        // 960 - 0 + 30 % of 960.
        assert_eq!(held.monthly, Some(Fen(124_800)));
        let seen = seen(&city, case).await;
        let spouse = seen.members.iter().find(|(_, name)| name == "李雪莲").unwrap().0;
        assert_eq!(held.holder, spouse);
        let family = seen.determinations.iter().find(|one| one.programme == "dibao").unwrap();
        assert_eq!(
            family.result.outcome,
            rules::Outcome::NotMet,
            "the family as a whole is above the standard"
        );
    }
}

/// SA-07: after the income has risen the family is heard and the benefit tapers off over the city's months; the class of each member
/// is paid (分类施保).
#[tokio::test]
async fn a_benefit_tapers_off_after_the_income_has_risen() {
    for city in cities("row_sa07").await {
        let (_, id) = confirmed(&city, &Family::default(), &WAGE).await;
        let amount = benefit(&city, id).await.monthly;
        assert_eq!(amount, Some(Fen(182_400)), "with the child's 15 %");
        city.days(40).await;
        let case = follow(&city, "dibao_review", "dibao_review_start", id, None).await;
        let risen = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "5000")];
        city.act(&city.township_clerk, case, "visit", &risen, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "propose_less", &[], &[]).await.unwrap();
        let unheard = city.act(&city.county_director, case, "taper", &[], &["income_above"]).await;
        assert!(unheard.is_err(), "nobody was heard");
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "taper", &[], &["income_above"]).await.unwrap();

        let city = city.restarted().await;
        let held = benefit(&city, id).await;
        let last = Month::containing(city.office.now().today()).plus(6);
        assert_eq!(
            (held.until, held.monthly),
            (Some(last), amount),
            "goes on as it is for six months, then ends"
        );
        assert_eq!(seen(&city, case).await.case.outcome.as_deref(), Some("tapered"));
    }
}

/// SA-09: four kinds of income and the rigid spending are declared, found at the visit, and both go into the amount.
#[tokio::test]
async fn four_kinds_of_income_and_rigid_spending_are_counted() {
    for city in cities("row_sa09").await {
        let family = Family {
            wages: vec!["1000", "0", "0"],
            more: more(&[
                ("income/0/business_income", "300"),
                ("income/1/property_income", "200"),
                ("income/1/transfer_income", "150"),
                ("expenses/rigid_medical", "500"),
                ("expenses/rigid_education", "300"),
            ]),
            ..Family::default()
        };
        let found = [
            ("visit_income/0/employed", "yes"),
            ("visit_income/0/wage_income", "1000"),
            ("visit_income/0/business_income", "300"),
            ("visit_income/1/property_income", "200"),
            ("visit_income/1/transfer_income", "150"),
            ("visit_expenses/rigid_medical", "500"),
            ("visit_expenses/rigid_education", "300"),
        ];
        let (case, id) = confirmed(&city, &family, &found).await;
        let city = city.restarted().await;
        // (1000 - 200) + 300 + 200 + 150 = 1450; less 60 % of 800 = 970; 2880 - 970 = 1910, and the child's 144.
        assert_eq!(benefit(&city, id).await.monthly, Some(Fen(205_400)));
        // What was declared stays beside what was found.
        let seen = seen(&city, case).await;
        let (head, spouse) = (seen.members[0].0, seen.members[1].0);
        let scope = city.county_director.scope();
        for (person, fact) in
            [(head, "business_income"), (spouse, "property_income"), (spouse, "transfer_income")]
        {
            let subject = people::Subject::Person(person);
            let history =
                people::fact_history(&city.office, city.office.db(), &scope, subject, fact).await.unwrap();
            assert!(history.len() >= 2, "{fact}: declared and visited, {history:?}");
        }
    }
}

/// SA-11: one authorised check for the case; what the banks know and the family did not declare stands in the report.
#[tokio::test]
async fn the_check_lists_what_differs_from_the_declaration() {
    for city in cities("row_sa11").await {
        let case = city.file(&Family::default()).await.unwrap();
        let clerk = grant(&city.county_clerk);
        let early = means_test::run(&city.office, &clerk, case, "核对").await;
        assert!(early.is_err(), "nobody asked for it");
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
        city.departments().await;
        let id = city_id(&city, seen(&city, case).await.case.applicant).await;
        let csv = format!("身份证号,姓名,开户银行,余额,数据日期\n{id},金满仓,农业银行,50000.00,2026-10-30\n");
        city.department_file("deposits", &csv).await;
        means_test::run(&city.office, &clerk, case, "最低生活保障申请核对").await.unwrap();

        let city = city.restarted().await;
        let report = means_test::desk_report(&city.office, &grant(&city.county_clerk), case).await.unwrap();
        let deposits = report.differences.iter().find(|difference| difference.source == "银行等金融机构");
        let deposits = deposits.unwrap_or_else(|| panic!("{:?}", report.differences));
        let line =
            report.lines.iter().find(|line| line.department == "银行等金融机构" && line.name == "金满仓");
        assert_eq!(line.map(|line| line.rows.len()), Some(1));
        let declared = deposits.declared.as_ref().map(|value| value.shown.as_str());
        assert_eq!((declared, deposits.found.shown.as_str()), (Some("3,000.00元"), "50,000.00元"));
    }
}

/// A citizen ID in full, for a department's file.
async fn city_id(city: &Wuhai, person: store::PersonId) -> String {
    let revealed = people::reveal_person(&city.office, &grant(&city.county_clerk), person, "核对数据比对")
        .await
        .unwrap();
    revealed.citizen_id.as_str().to_owned()
}

/// SA-14: seven natural days; an objection is answered, if need be by a democratic appraisal, before the case goes on.
#[tokio::test]
async fn a_notice_hangs_seven_days_and_an_objection_is_answered() {
    for city in cities("row_sa14").await {
        let case = city.file(&Family::default()).await.unwrap();
        investigated(&city, case, &WAGE).await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.days(6).await;
        let early = city.act(&city.village_worker, case, "close_notice", &[], &[]).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "six days are not seven: {early:?}");
        let village = divisions::by_code(city.office.db(), VILLAGE).await.unwrap().id;
        let hanging = notices::hanging(&city.office, village).await.unwrap();
        assert_eq!((hanging.len(), hanging[0].applicant.shown(), hanging[0].members), (1, "金满仓", 3));
        city.act(&city.village_worker, case, "object", &[], &[]).await.unwrap();
        let unanswered = city.act(&city.second_clerk, case, "opine_again", &[], &[]).await;
        assert!(matches!(unanswered, Err(OfficeError::Conflict(_))), "{unanswered:?}");
        city.act(&city.village_worker, case, "appraise", &[], &[]).await.unwrap();

        let city = city.restarted().await;
        city.act(&city.second_clerk, case, "opine_again", &[], &[]).await.unwrap();
        let kinds: Vec<String> =
            Query::system("test", "SELECT kind FROM case_record WHERE case_id = ? ORDER BY id")
                .bind(case)
                .scalars(city.office.db())
                .await
                .unwrap();
        assert!(
            ["objection", "appraisal"].iter().all(|kind| kinds.iter().any(|known| known == kind)),
            "{kinds:?}"
        );
        let days = Query::system(
            "test",
            "SELECT from_on, until_on FROM notice WHERE case_id = ? AND kind = 'publicity'",
        );
        let row = days.bind(case).one(city.office.db()).await.unwrap();
        let (from, until): (chrono::NaiveDate, chrono::NaiveDate) =
            (row.get("from_on").unwrap(), row.get("until_on").unwrap());
        assert!((until - from).num_days() >= 6, "{from} {until}");
        assert_eq!(seen(&city, case).await.case.step, "examination");
    }
}

/// SA-15: no certificate that a query answers is asked for, and what is missing is said once, before any clock runs.
#[tokio::test]
async fn what_a_query_answers_is_not_asked_and_what_is_missing_once() {
    for city in cities("row_sa15").await {
        let release = city.office.release();
        let item = release.items.get("dibao").unwrap();
        for id in ["identity", "house", "vehicle", "deposit", "insurance", "business", "disability"] {
            let material = item.materials.iter().find(|material| *material.id == *id).unwrap();
            assert!(material.fetched.is_some() && material.field.is_none(), "{id} is asked for");
        }
        let case = city.file(&Family::default()).await.unwrap();
        city.act(&city.township_clerk, case, "ask_missing", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "supplement_at_window", &[], &[]).await.unwrap();

        let city = city.restarted().await;
        let again = city.act(&city.township_clerk, case, "ask_missing", &[], &[]).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_) | OfficeError::NotFound(_))), "{again:?}");
        let seen = seen(&city, case).await;
        assert!(seen.clocks.is_empty(), "no clock before acceptance");
        assert_eq!(seen.letters.iter().filter(|letter| letter.letter == "missing").count(), 1);
    }
}

/// SA-19: filed where the family lives, by a family that is registered nowhere in the city.
#[tokio::test]
async fn a_family_files_where_it_lives() {
    for city in cities("row_sa19").await {
        let family = Family {
            more: vec![
                ("home/registered_here", "no".to_owned()),
                ("home/residence_permit", "yes".to_owned()),
                ("home/registered_division", String::new()),
            ],
            ..Family::default()
        };
        let (case, id) = confirmed(&city, &family, &WAGE).await;
        let city = city.restarted().await;
        let seen = seen(&city, case).await;
        let residence =
            seen.determinations[0].result.conditions.iter().find(|one| one.id == "residence").unwrap();
        assert_eq!(residence.outcome, rules::Outcome::Met);
        let village = divisions::by_code(city.office.db(), VILLAGE).await.unwrap().id;
        assert_eq!((seen.case.village, benefit(&city, id).await.division), (village, village));
    }
}

/// SA-20: every datum of the application and the trace of every step, by whom and when; nobody rewrites it.
#[tokio::test]
async fn the_trace_of_every_step_stays() {
    for city in cities("row_sa20").await {
        let (case, _) = confirmed(&city, &Family::default(), &WAGE).await;
        let city = city.restarted().await;
        let seen = seen(&city, case).await;
        let mut done: Vec<&str> = seen.events.iter().map(|event| event.action.as_str()).collect();
        done.sort_unstable();
        for action in [
            "accept",
            "request_means_test",
            "start_means_test",
            "visit",
            "opine",
            "close_notice",
            "examine",
            "confirm",
        ] {
            assert!(done.contains(&action), "{action}: {done:?}");
        }
        assert!(seen.events.iter().all(|event| event.at > 0 && event.who.is_some()), "{:?}", seen.events);
        assert!(seen.forms.len() >= 4, "application, visit, opinions, decision");
        let rewritten =
            Query::system("test", "UPDATE case_event SET action = 'nothing' WHERE case_id = ?").bind(case);
        assert!(rewritten.execute(city.office.db()).await.is_err(), "the trace was rewritten");
    }
}

/// SA-22: where the county delegates, the township's head confirms within 20 working days, and the county samples afterwards.
#[tokio::test]
async fn a_delegated_case_is_confirmed_in_the_township_and_sampled_by_the_county() {
    for city in cities("row_sa22").await {
        released(&city, "confirmation_delegated", "2026-11-01", "是").await;
        let case = city.file(&Family::default()).await.unwrap();
        investigated(&city, case, &WAGE).await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.days(8).await;
        city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
        city.act(&city.township_head, case, "take_up", &[], &[]).await.unwrap();
        let county = city.act(&city.county_director, case, "confirm", &[], &[]).await;
        assert!(county.is_err(), "the county has handed this decision down");
        city.act(&city.township_head, case, "confirm", &[], &[]).await.unwrap();

        let city = city.restarted().await;
        city.act(&city.county_clerk, case, "sample", &[], &[]).await.unwrap();
        let seen = seen(&city, case).await;
        assert!(seen.case.delegated);
        assert_eq!(seen.case.deciding, seen.case.township);
        let clock = seen.clocks.iter().find(|clock| clock.clock == "total").unwrap();
        let limit = city.office.calendar().working_days_after(clock.started_on, 20);
        assert_eq!(clock.due.latest, limit.latest);
    }
}

/// SA-23: 30 working days from acceptance, on the work list with its last day, overdue after it.
#[tokio::test]
async fn the_clock_runs_in_working_days_and_warns() {
    for city in cities("row_sa23").await {
        let case = city.file(&Family::default()).await.unwrap();
        let before = seen(&city, case).await;
        assert!(before.clocks.is_empty());
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let accepted = city.office.now().today();

        let city = city.restarted().await;
        let clock = seen(&city, case).await.clocks.into_iter().find(|clock| clock.clock == "total").unwrap();
        let calendar = city.office.calendar();
        assert_eq!(clock.due.latest, calendar.working_days_after(accepted, 30).latest);
        let work = async |overdue| {
            let filter = lists::WorkFilter { overdue, ..lists::WorkFilter::default() };
            lists::worklist(&city.office, &grant(&city.township_clerk), &filter, None).await.unwrap().rows
        };
        assert_eq!((work(false).await.len(), work(true).await.len()), (1, 0));
        city.days(60).await;
        let late = work(true).await;
        assert_eq!(late.len(), 1);
        assert_eq!(late[0].case, case);
    }
}

/// SA-24: a standard holds from its day, by place, with its document; released by a second person; the old one still answers.
#[tokio::test]
async fn a_standard_holds_from_its_day() {
    for city in cities("row_sa24").await {
        released(&city, "dibao_standard", "2027-01-01", "1000").await;
        let city = city.restarted().await;
        let release = city.office.release();
        let on =
            |date: &str| release.parameter("dibao_standard", "150302", day(date)).unwrap().value.to_string();
        assert_eq!(
            (on("2020-06-01"), on("2026-12-31"), on("2027-01-01")),
            ("760".into(), "960".into(), "1000".into())
        );
    }
}

/// SA-29: the next review stands in the roll from the grant on; a recipient's report of a change is answered; a review sets the next.
#[tokio::test]
async fn reviews_are_scheduled_and_changes_reported() {
    for city in cities("row_sa29").await {
        // Income that is not steady, of people who can work: every half year (57号 art. 31).
        let found = [WAGE[0], WAGE[1], ("visit/unstable_income", "yes")];
        let (_, id) = confirmed(&city, &Family::default(), &found).await;
        let first = benefit(&city, id).await.review_due_on.unwrap();
        // Paid from next month on, and half a year later looked at again.
        let half_a_year =
            Month::containing(city.office.now().today()).next().plus(6).first_day().pred_opt().unwrap();
        assert_eq!(first, half_a_year);
        city.days(30).await;
        let report = follow(&city, "dibao_change", "dibao_change_report", id, Some("1000")).await;
        city.act(&city.township_clerk, report, "accept", &[], &[]).await.unwrap();
        let less = [
            ("visit_income/0/employed", "yes"),
            ("visit_income/0/wage_income", "1000"),
            ("visit/unstable_income", "yes"),
        ];
        city.act(&city.township_clerk, report, "visit", &less, &[]).await.unwrap();
        let changed = [("proposal/clear_change", "yes")];
        city.act(&city.second_clerk, report, "propose", &changed, &[]).await.unwrap();
        city.act(&city.county_director, report, "increase", &[], &["income_less"]).await.unwrap();
        city.days(150).await;
        let review = follow(&city, "dibao_review", "dibao_review_start", id, None).await;
        city.act(&city.township_clerk, review, "visit", &less, &[]).await.unwrap();
        city.act(&city.second_clerk, review, "propose", &[], &[]).await.unwrap();
        city.act(&city.county_director, review, "keep", &[], &[]).await.unwrap();

        let city = city.restarted().await;
        let held = benefit(&city, id).await;
        // 2880 - (1000 - 200) + 144.
        assert_eq!(held.monthly, Some(Fen(222_400)));
        let next = Month::containing(city.office.now().today()).plus(6).first_day().pred_opt().unwrap();
        assert_eq!(held.review_due_on, Some(next));
        for (case, outcome) in [(report, "increased"), (review, "continued")] {
            assert_eq!(seen(&city, case).await.case.outcome.as_deref(), Some(outcome));
        }
    }
}

/// DA-01: one record for each person, one family for each, however often and wherever they are entered.
#[tokio::test]
async fn a_person_is_one_record_and_lives_in_one_family() {
    for city in cities("row_da01").await {
        let case = city.file(&Family::default()).await.unwrap();
        let person = seen(&city, case).await.case.applicant;
        let id = city_id(&city, person).await;
        let village = divisions::by_code(city.office.db(), VILLAGE).await.unwrap().id;
        let city = city.restarted().await;
        let again = people::NewPerson {
            name: "金满仓".parse().unwrap(),
            citizen_id: id.parse().unwrap(),
            phone: None,
            division: village,
            residence: None,
        };
        let known =
            people::register_person(&city.office, &grant(&city.township_clerk), &again).await.unwrap();
        assert_eq!(known.person(), person);
        let elsewhere = people::register_person(&city.office, &grant(&city.neighbour_clerk), &again).await;
        assert!(elsewhere.is_err(), "the neighbours are told that the person is registered, not where");
        let families: i64 = Query::system("test", "SELECT count(*) FROM membership WHERE person_id = ? AND until_on IS NULL AND superseded_at IS NULL")
            .bind(person)
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!(families, 1);
        // Two families at once are refused by the database, whoever writes.
        let twice = Query::system(
            "test",
            "INSERT INTO membership (household_id, person_id, relation, head, from_on, reason, recorded_at) \
             SELECT household_id, person_id, relation, FALSE, from_on, reason, recorded_at FROM membership WHERE person_id = ?",
        );
        assert!(twice.bind(person).execute(city.office.db()).await.is_err(), "a second family");
    }
}

/// DA-08: a citizen files on line, from the form to the number, without anybody's help.
#[tokio::test]
async fn a_citizen_files_on_line() {
    for city in cities("row_da08").await {
        let (person, answers_of) = citizen_family(&city).await;
        let citizen = office::access::citizen_of_synthetic(&city.office, person).await.unwrap();
        let filler = drafts::Filler::Citizen(&citizen);
        let draft = drafts::begin(&city.office, filler, "dibao", None).await.unwrap();
        let answers = city.application(&filler.owner(), &answers_of).await;
        let open = drafts::open(&city.office, filler, draft).await.unwrap();
        drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
        let key = IdempotencyKey::fresh().unwrap();
        let case = drafts::submit(&city.office, filler, draft, &key).await.unwrap();
        assert_eq!(drafts::submit(&city.office, filler, draft, &key).await.unwrap(), case, "sent twice");

        let city = city.restarted().await;
        let mine = lists::my_cases(&city.office, &citizen).await.unwrap();
        assert_eq!(mine.len(), 1);
        assert_eq!(seen(&city, case).await.case.channel, "citizen");
    }
}

/// A person whom the township knows, and the family that they file for.
async fn citizen_family(city: &Wuhai) -> (store::PersonId, Family) {
    let village = divisions::by_code(city.office.db(), VILLAGE).await.unwrap().id;
    let id = vocab::CitizenId::synthetic(7, day("1981-03-05"), 1);
    let new = people::NewPerson {
        name: "金满仓".parse().unwrap(),
        citizen_id: id.clone(),
        phone: None,
        division: village,
        residence: None,
    };
    let person =
        people::register_person(&city.office, &grant(&city.township_clerk), &new).await.unwrap().person();
    let own = |path| (path, id.expose().to_owned());
    (
        person,
        Family { more: vec![own("applicant/citizen_id"), own("family/0/citizen_id")], ..Family::default() },
    )
}

/// DA-12: who does not go on line has it filed by the village, through a proxy if they wish.
#[tokio::test]
async fn a_village_files_for_those_who_do_not_go_on_line() {
    for city in cities("row_da12").await {
        let worker = city.village_worker.grant().unwrap();
        let filler = drafts::Filler::Desk(&worker);
        let draft = drafts::begin(&city.office, filler, "dibao", None).await.unwrap();
        let photo = city.photo(&filler.owner()).await.to_string();
        let proxy = vocab::CitizenId::synthetic(8, day("1990-02-03"), 1);
        let more = [
            ("proxy/has_proxy", "yes"),
            ("proxy/proxy_name", "金代办"),
            ("proxy/proxy_citizen_id", proxy.expose()),
            ("proxy/proxy_phone", "13900001111"),
            ("proxy/proxy_paper", photo.as_str()),
        ];
        let more = more.map(|(path, value)| (path, value.to_owned())).to_vec();
        let answers = city.application(&filler.owner(), &Family { more, ..Family::default() }).await;
        let open = drafts::open(&city.office, filler, draft).await.unwrap();
        drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
        let case =
            drafts::submit(&city.office, filler, draft, &IdempotencyKey::fresh().unwrap()).await.unwrap();

        let city = city.restarted().await;
        let seen = seen(&city, case).await;
        assert_eq!(seen.case.channel, "village");
        let sealed: Option<Vec<u8>> =
            Query::system("test", "SELECT proxy_sealed FROM case_file WHERE id = ?")
                .bind(case)
                .one(city.office.db())
                .await
                .unwrap()
                .get("proxy_sealed")
                .unwrap();
        assert!(sealed.is_some(), "the proxy is kept");
        let receipt = seen.letters.iter().any(|letter| letter.letter == "receipt");
        assert!(receipt, "a paper receipt");
    }
}
