//! The matters of welfare, as data of the packs alone: the two subsidies of the disabled, money for the old, children's basic living. Filed,
//! looked at, decided and paid through the same casework and the same runs as 低保.

use ledger::approve::ControlTotals;
use ledger::pages::RollFilter;
use office::OfficeError;
use office::access::{self, Actor, ReadPayments, Right};
use office::casework::taken_in::{self, Standing};
use office::casework::{drafts, reviews};
use office::people::{self, MemberChange, NewAccount};
use office::roll::business::{FamilyBenefit, of_family};
use office::roll::export::export_roll;
use office::roll::{self, payments};
use office::tabular::ListFormat;
use serde_json::json;
use store::{CaseId, Scope, jobs};
use vocab::{Fen, Month, TimeLimit};

use crate::matters::{paid, worked};
use crate::wuhai::{Family, NEIGHBOUR_VILLAGE, VILLAGE, Wuhai, cities, grant};

const SEEN: Scope = Scope::System("test");

/// A couple who are both disabled: 一户多残 is covered in 乌海 (演示参数).
fn couple() -> Family {
    Family {
        names: vec!["石敢当", "云中鹤"],
        births: vec!["1976-03-05", "1978-04-06"],
        wages: vec!["0", "0"],
        more: vec![
            ("family/0/disability_kind", "physical".to_owned()),
            ("family/0/disability_level", "2".to_owned()),
            ("family/1/disability_kind", "visual".to_owned()),
            ("family/1/disability_level", "3".to_owned()),
            ("own/care_months", "12".to_owned()),
        ],
        ..Family::default()
    }
}

/// What the federation's certificate says.
const SECOND_LEVEL: [(&str, &str); 2] =
    [("certificate/disability_kind", "physical"), ("certificate/disability_level", "2")];
const CARED_FOR: [(&str, &str); 1] = [("visit_own/care_months", "12")];

/// Taken in, looked at, sent up.
async fn sent_up(city: &Wuhai, case: CaseId, found: &[(&str, &str)]) {
    city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
    city.act(&city.township_clerk, case, "visit", found, &[]).await.unwrap();
    city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
}

async fn subsidised(city: &Wuhai, case: CaseId) {
    sent_up(city, case, &CARED_FOR).await;
    city.act(&city.county_clerk, case, "second_look", &SECOND_LEVEL, &[]).await.unwrap();
    city.act(&city.second_county_clerk, case, "examine", &[], &[]).await.unwrap();
    city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
}

async fn held(city: &Wuhai, case: CaseId, month: Month) -> ledger::pages::EntitlementRow {
    let benefit = city.seen(case).await.case.entitlement.unwrap();
    ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month).await.unwrap()
}

/// DI-01, DI-03: both subsidies, each with the federation's word, from the month of filing, paid by the county's runs.
#[tokio::test]
async fn a_disabled_person_gets_both_subsidies_from_the_month_of_filing() {
    for city in cities("disability").await {
        let living = city.file_for("disability_living", &couple()).await.unwrap();
        let filed_in = city.office.now().month();
        let care = city.file_again_with("disability_care", living, 0, couple().more).await.unwrap();
        let early = city.act(&city.county_clerk, living, "examine", &[], &[]).await;
        assert!(early.is_err(), "{early:?}");
        // Ten working days, counted over the month's end: what is decided in December is owed from November.
        city.days(30).await;
        sent_up(&city, living, &CARED_FOR).await;
        let clock =
            city.seen(living).await.clocks.into_iter().find(|clock| clock.clock == "recognise").unwrap();
        assert_eq!(clock.limit, TimeLimit::working_days(10));
        let unheard = city.act(&city.second_county_clerk, living, "examine", &[], &[]).await;
        let Err(OfficeError::Conflict(said)) = unheard else {
            panic!("the federation was not asked: {unheard:?}")
        };
        assert!(said.contains("残联"), "{said}");
        city.act(&city.county_clerk, living, "second_look", &SECOND_LEVEL, &[]).await.unwrap();
        city.act(&city.second_county_clerk, living, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, living, "confirm", &[], &[]).await.unwrap();
        subsidised(&city, care).await;
        let city = city.restarted().await;
        let month = city.office.now().month();
        assert_eq!(month, filed_in.next(), "decided a month later");
        let (one, other) = (held(&city, living, month).await, held(&city, care, month).await);
        // 110 for living, 110 for care at the second level: 演示参数.
        assert_eq!(
            (one.programme.as_str(), one.from, one.monthly),
            ("disability_living", filed_in, Some(Fen(11_000)))
        );
        assert_eq!(
            (other.programme.as_str(), other.from, other.monthly),
            ("disability_care", filed_in, Some(Fen(11_000)))
        );
        assert_eq!((one.holder, one.members), (other.holder, 1));
        let letter = city.letter(living, "confirmation").await;
        assert_eq!(letter["from_month"], json!(filed_in.to_string()));
        assert!(letter["basis"].to_string().contains("困难残疾人生活补贴"), "{}", letter["basis"]);
        // Runs go month by month, from the month of filing.
        for run in [filed_in, month] {
            let (_, totals) = paid(&city, "disability_living", run).await;
            assert_eq!(totals, ControlTotals { count: 1, total: Fen(11_000) });
        }
        let (_, totals) = paid(&city, "disability_care", filed_in).await;
        assert_eq!(totals, ControlTotals { count: 1, total: Fen(11_000) });
        // The wife files in December and is decided in January: December, whose run has gone by, is paid with January's.
        let certificates = [
            ("family/0/disability_kind", "visual"),
            ("family/0/disability_level", "3"),
            ("family/1/disability_kind", "physical"),
            ("family/1/disability_level", "2"),
        ];
        let more = certificates.map(|(field, value)| (field, value.to_owned())).to_vec();
        let wife = city.file_again_with("disability_living", living, 1, more).await.unwrap();
        city.days(31).await;
        sent_up(&city, wife, &CARED_FOR).await;
        let third_level = [("certificate/disability_kind", "visual"), ("certificate/disability_level", "3")];
        city.act(&city.county_clerk, wife, "second_look", &third_level, &[]).await.unwrap();
        city.act(&city.second_county_clerk, wife, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, wife, "confirm", &[], &[]).await.unwrap();
        let (_, totals) = paid(&city, "disability_living", month.next()).await;
        assert_eq!(totals, ControlTotals { count: 2, total: Fen(33_000) });
        let (_, mismatches) = office::casework::determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(mismatches.is_empty(), "{mismatches:?}");
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// DI-02: filed wherever the person is, handled where the person is registered; somebody registered outside the city is sent on within three
/// working days, and told the answer within three.
#[tokio::test]
async fn a_subsidy_is_filed_anywhere_and_handled_where_the_person_is_registered() {
    for city in cities("disability_anywhere").await {
        // Lives and files in the neighbouring township, is registered here.
        let mut away = couple();
        away.village = NEIGHBOUR_VILLAGE;
        away.more.push(("home/registered_division", VILLAGE.to_owned()));
        let desk = city.neighbour_clerk.grant().unwrap();
        let filler = drafts::Filler::Desk(&desk);
        let draft = drafts::begin(&city.office, filler, "disability_living", None).await.unwrap();
        let answers = city.application_for("disability_living", &filler.owner(), &away).await;
        let open = drafts::open(&city.office, filler, draft).await.unwrap();
        drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
        let key = store::IdempotencyKey::fresh().unwrap();
        let case = drafts::submit(&city.office, filler, draft, &key).await.unwrap();
        let seen = city.seen(case).await.case;
        assert_eq!(seen.township, city.township_clerk.division, "where they are registered");
        assert_ne!(seen.township, city.neighbour_clerk.division);
        subsidised(&city, case).await;
        assert_eq!(city.seen(case).await.case.outcome.as_deref(), Some("granted"));

        // Registered in another province.
        let mut stranger = couple();
        stranger.births = vec!["1970-01-02", "1971-02-03"];
        stranger.more.push(("home/registered_here", "no".to_owned()));
        let case = city.file_for("disability_living", &stranger).await.unwrap();
        let place = [("away/away_place", "山西省太原市小店区营盘街道")];
        city.act(&city.township_clerk, case, "take_in_away", &place, &[]).await.unwrap();
        let clock = city.seen(case).await.clocks.into_iter().find(|clock| clock.clock == "push").unwrap();
        assert_eq!(clock.limit, TimeLimit::working_days(3));
        let pushed = [("push/pushed_number", "QG-2026-1"), ("push/pushed_office", "营盘街道窗口")];
        city.act(&city.township_clerk, case, "push", &pushed, &[]).await.unwrap();
        let found = [("result/result_agrees", "yes"), ("result/result_text", "已认定，当月起发放")];
        city.act(&city.township_clerk, case, "away_result", &found, &[]).await.unwrap();
        let seen = city.seen(case).await;
        assert!(seen.clocks.iter().find(|clock| clock.clock == "push").unwrap().ended_on.is_some());
        let clock = seen.clocks.iter().find(|clock| clock.clock == "tell").unwrap();
        assert_eq!(clock.limit, TimeLimit::working_days(3));
        let done = city.act(&city.second_clerk, case, "tell_away", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("forwarded"));
        assert_eq!(city.seen(case).await.case.entitlement, None, "paid there, not here");
    }
}

/// DI-03: the review that falls due asks anew; what is no longer due is stopped after a hearing, in writing.
#[tokio::test]
async fn a_subsidy_whose_ground_has_gone_is_reviewed_heard_and_stopped() {
    for city in cities("disability_review").await {
        let case = city.file_for("disability_living", &couple()).await.unwrap();
        subsidised(&city, case).await;
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let due_on = held(&city, case, city.office.now().month()).await.review_due_on.unwrap();
        city.days((due_on - city.office.now().today()).num_days()).await;
        reviews::schedule(&city.office).await.unwrap();
        while let Some(claim) =
            jobs::claim(city.office.db(), &[reviews::REVIEWS_DUE_JOB], "test").await.unwrap()
        {
            reviews::work(&city.office, &claim).await.unwrap();
        }
        let work = city.work(&city.township_clerk).await;
        let review = work.iter().find(|work| work.item == "disability_review").expect("opened by time").case;
        // The certificate has ended and was not renewed; the federation says so.
        let gone = [("visit_own/disability_kind", "none")];
        city.act(&city.township_clerk, review, "visit", &gone, &[]).await.unwrap();
        let keep = city.act(&city.second_clerk, review, "propose", &[], &[]).await;
        assert!(matches!(keep, Err(OfficeError::Conflict(_))), "{keep:?}");
        city.act(&city.second_clerk, review, "propose_less", &[], &[]).await.unwrap();
        city.act(&city.second_clerk, review, "hear", &[("hearing/heard_member", "0")], &[]).await.unwrap();
        city.act(&city.county_director, review, "stop", &[], &["not_disabled"]).await.unwrap();
        let letter = city.letter(review, "adjustment").await;
        assert_eq!((&letter["kind"], &letter["matter"]), (&json!("停发"), &json!("困难残疾人生活补贴")));
        let after =
            ledger::pages::entitlement(city.office.db(), &SEEN, benefit, city.office.now().month()).await;
        assert_eq!(after.unwrap().until, Some(city.office.now().month()));
    }
}

pub(crate) fn old(born: &'static str) -> Family {
    Family { names: vec!["石敢当"], births: vec![born], wages: vec!["0"], ..Family::default() }
}

pub(crate) async fn granted_by(city: &Wuhai, director: &Actor, case: CaseId, found: &[(&str, &str)]) {
    sent_up(city, case, found).await;
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    city.act(director, case, "confirm", &[], &[]).await.unwrap();
}

pub(crate) const ALIVE: [(&str, &str); 1] = [("visit/seen_alive", "yes")];

/// EL-15: from eighty by age band; from a hundred the better of the two, and not both. Total persons and money are the run's.
#[tokio::test]
async fn the_very_old_are_paid_by_age_and_the_centenarian_the_better_of_two() {
    for city in cities("old_age").await {
        let mut cases = Vec::new();
        for born in ["1944-03-05", "1935-04-06", "1925-01-01"] {
            let case = city.file_for("old_age_allowance", &old(born)).await.unwrap();
            granted_by(&city, &city.county_director, case, &ALIVE).await;
            cases.push(case);
        }
        let from = city.office.now().month().next();
        let mut amounts = Vec::new();
        for case in &cases {
            let row = held(&city, *case, from).await;
            amounts.push((row.programme, row.monthly.unwrap(), row.from));
        }
        // 100 from eighty, 200 from ninety, 600 for a hundred years instead of 300: 演示参数.
        let line = |programme: &str, fen| (programme.to_owned(), Fen(fen), from);
        assert_eq!(
            amounts,
            [
                line("old_age_allowance", 10_000),
                line("old_age_allowance", 20_000),
                line("longevity_allowance", 60_000)
            ]
        );
        city.days(30).await;
        let (_, totals) = paid(&city, "old_age_allowance", from).await;
        assert_eq!(totals, ControlTotals { count: 2, total: Fen(30_000) });
        let (_, totals) = paid(&city, "longevity_allowance", from).await;
        assert_eq!(totals, ControlTotals { count: 1, total: Fen(60_000) });
        // Not yet eighty: refused in writing, with the reason and what to do.
        let young = city.file_for("old_age_allowance", &old("1955-01-01")).await.unwrap();
        sent_up(&city, young, &ALIVE).await;
        city.act(&city.county_clerk, young, "examine", &[], &[]).await.unwrap();
        let granted = city.act(&city.county_director, young, "confirm", &[], &[]).await;
        assert!(matches!(granted, Err(OfficeError::Conflict(_))), "{granted:?}");
        city.act(&city.county_director, young, "refuse", &[], &["elder_age"]).await.unwrap();
        let letter = city.letter(young, "denial").await;
        assert_eq!(letter["reasons"][0]["title"], json!("没有到规定的年龄"));
    }
}

/// EL-14: the subsidy for service and the one for care go by what an assessment says, to old people in hardship.
#[tokio::test]
async fn an_old_person_in_hardship_gets_service_and_care_by_the_assessed_level() {
    for city in cities("elder_subsidies").await {
        // On the roll of 低保 first: hardship is what the books say.
        let mut family = old("1950-05-06");
        family.deposits = "2000";
        let poor = city.published(&family).await;
        city.act(&city.county_clerk, poor, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, poor, "confirm", &[], &[]).await.unwrap();
        city.days(30).await;
        // 40 points: severe (30 to 45).
        let found = [
            ("visit/seen_alive", "yes"),
            ("visit_ability/ability_score", "40"),
            ("visit_ability/ability_adjustment", "none"),
        ];
        let service = city.file_again("elder_service_subsidy", poor, 0).await.unwrap();
        let care = city.file_again("elder_care_subsidy", poor, 0).await.unwrap();
        for case in [service, care] {
            granted_by(&city, &city.county_director, case, &found).await;
        }
        let from = city.office.now().month().next();
        assert_eq!(held(&city, service, from).await.monthly, Some(Fen(10_000)));
        assert_eq!(held(&city, care, from).await.monthly, Some(Fen(15_000)), "severe");
        city.days(31).await;
        let (_, totals) = paid(&city, "elder_care_subsidy", from).await;
        assert_eq!(totals.total, Fen(15_000));
    }
}

fn child() -> Family {
    Family {
        names: vec!["金子悦"],
        births: vec!["2016-06-01"],
        wages: vec!["0"],
        more: vec![("own/father_status", "dead".to_owned()), ("own/mother_status", "dead".to_owned())],
        ..Family::default()
    }
}

/// CH-02: the guardian files once; the rules say which class; nothing hangs in the village; paid from the month after.
#[tokio::test]
async fn a_childs_basic_living_is_of_the_class_that_the_rules_find() {
    for city in cities("children").await {
        let orphan = city.file_for("child_living", &child()).await.unwrap();
        let lost = [("visit_own/father_status", "dead"), ("visit_own/mother_status", "untraceable")];
        granted_by(&city, &city.county_director, orphan, &lost).await;
        let mut other = child();
        other.births = vec!["2014-07-02"];
        let unattended = city.file_for("child_living", &other).await.unwrap();
        let absent = [
            ("visit_own/father_status", "dead"),
            ("visit_own/mother_status", "confined"),
            ("visit_own/mother_status_months", "18"),
        ];
        granted_by(&city, &city.county_director, unattended, &absent).await;
        let seen = city.seen(unattended).await;
        let limits: Vec<_> = seen.clocks.iter().map(|clock| (clock.clock.as_str(), clock.limit)).collect();
        assert_eq!(
            limits,
            [("check", TimeLimit::working_days(15)), ("recognise", TimeLimit::working_days(15))]
        );
        let hanging: i64 = store::Query::system("test", "SELECT count(*) FROM notice")
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!(hanging, 0, "nothing about a child is published");
        let from = city.office.now().month().next();
        let (one, two) = (held(&city, orphan, from).await, held(&city, unattended, from).await);
        // 1800 with relatives, for both: the plan of 乌海.
        assert_eq!((one.programme.as_str(), one.monthly), ("orphan_living", Some(Fen(180_000))));
        assert_eq!((two.programme.as_str(), two.monthly), ("unattended_living", Some(Fen(180_000))));
        // In a home for children it is 2100.
        let mut third = child();
        third.births = vec!["2018-08-03"];
        let home = city.file_for("child_living", &third).await.unwrap();
        let mut kept = lost.to_vec();
        kept.push(("visit_own/in_child_institution", "yes"));
        granted_by(&city, &city.county_director, home, &kept).await;
        assert_eq!(held(&city, home, from).await.monthly, Some(Fen(210_000)));
        city.days(30).await;
        let (_, totals) = paid(&city, "orphan_living", from).await;
        assert_eq!(totals, ControlTotals { count: 2, total: Fen(390_000) });
    }
}

/// Rights are held for a business: who works for assistance alone does not touch the matters of children.
#[tokio::test]
async fn a_matter_is_touched_by_those_who_work_for_its_business() {
    for city in cities("welfare_business").await {
        let case = city.file_for("child_living", &child()).await.unwrap();
        let mut elsewhere = city.township_clerk.clone();
        elsewhere.businesses = vec!["assistance".to_owned()];
        let refused = city.act(&elsewhere, case, "accept", &[], &[]).await;
        assert!(refused.is_err(), "{refused:?}");
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
    }
}

/// The same post in one business alone.
pub(crate) fn working_for(actor: &Actor, business: &str) -> Actor {
    let mut alone = actor.clone();
    alone.businesses = vec![business.to_owned()];
    alone
}

pub(crate) fn not_there<T: std::fmt::Debug>(answer: Result<T, OfficeError>) {
    assert!(matches!(answer, Err(OfficeError::NotFound(_))), "{answer:?}");
}

fn not_theirs<T: std::fmt::Debug>(answer: Result<T, OfficeError>) {
    assert!(matches!(answer, Err(OfficeError::Forbidden(_))), "{answer:?}");
}

/// 社会救助法 art. 11: on a family's page stands what is of the reader's own business; of another only that it is there, where the reader's own counts it.
#[tokio::test]
async fn a_familys_page_tells_no_amounts_of_another_business() {
    for city in cities("welfare_family").await {
        let office = &city.office;
        let orphan = city.file_for("child_living", &child()).await.unwrap();
        let lost = [("visit_own/father_status", "dead"), ("visit_own/mother_status", "untraceable")];
        granted_by(&city, &city.county_director, orphan, &lost).await;
        let month = office.now().month().next();
        let own = held(&city, orphan, month).await;
        let poor = ledger::Grant {
            programme: "dibao".to_owned(),
            exclusion_group: "basic_living".to_owned(),
            household: own.household,
            holder: own.holder,
            members: vec![own.holder],
            county: own.county,
            township: own.township,
            division: own.division,
            from: month,
            first_due: month,
            until: None,
            monthly: Fen(50_000),
            cause: ledger::AmountCause::Grant,
            payee: None,
            review_due_on: None,
        };
        let decision = ledger::Decision {
            reference: "海民救〔2026〕1号".to_owned(),
            reason: "新批准".to_owned(),
            case: None,
            determination: None,
            officer: city.county_director.staff,
            at: office.now(),
        };
        let tx = office.db().begin().await.unwrap();
        ledger::grant(&tx, &poor, &decision).await.unwrap();
        tx.commit().await.unwrap();
        let seen = async |reader: &Actor| {
            let rows = of_family(office, &grant::<access::ReadPeople>(reader), own.household).await.unwrap();
            let mut told: Vec<(String, Option<Fen>)> = rows
                .into_iter()
                .map(|one| match one {
                    FamilyBenefit::Own(row) => (row.programme, row.monthly),
                    FamilyBenefit::Fact { programme, .. } => (programme, None),
                })
                .collect();
            told.sort_unstable();
            told
        };
        let (poor, child) = (Some(Fen(50_000)), own.monthly);
        assert!(child.is_some());
        let (dibao, orphan) = ("dibao".to_owned(), "orphan_living".to_owned());
        let all = [(dibao.clone(), poor), (orphan.clone(), child)];
        assert_eq!(seen(&city.county_clerk).await, all);
        // What a child has of assistance is counted against its allowance; the other way round nothing is.
        let children = seen(&working_for(&city.county_clerk, "children")).await;
        assert_eq!(children, [(dibao.clone(), None), (orphan, child)]);
        assert_eq!(seen(&working_for(&city.county_clerk, "assistance")).await, [(dibao.clone(), poor)]);
        // Who asks less for a funeral of the poor sees that they are, and of the child nothing.
        assert_eq!(seen(&working_for(&city.county_clerk, "funeral")).await, [(dibao, None)]);
    }
}

/// Money is seen and moved in the business of its programme: the county's accountant for children makes, sends and books what is children's and
/// finds nothing of 低保, and the other way round.
#[tokio::test]
async fn an_accountant_pays_the_programmes_of_the_own_business_alone() {
    for city in cities("welfare_money").await {
        let office = &city.office;
        let orphan = city.file_for("child_living", &child()).await.unwrap();
        let lost = [("visit_own/father_status", "dead"), ("visit_own/mother_status", "untraceable")];
        granted_by(&city, &city.county_director, orphan, &lost).await;
        let poor = on_the_roll(&city, &Family::default()).await;
        let now = office.now().month();
        let children = working_for(&city.accountant, "children");
        let assistance = working_for(&city.accountant, "assistance");
        for (own, other, programme, case, number) in [
            (&children, &assistance, "orphan_living", orphan, "10000000000000777"),
            (&assistance, &children, "dibao", poor, "10000000000000778"),
        ] {
            let benefit = held(&city, case, now).await;
            let business = own.businesses[0].as_str();
            let (own_second, other_second) = (
                working_for(&city.approver, business),
                working_for(&city.approver, other.businesses[0].as_str()),
            );
            // The roll, whole and as it is asked for, and as a file.
            let seen = async |reader: &Actor, filter: &RollFilter| {
                let page = roll::business::roll(office, &grant(reader), filter, None, 10).await.unwrap();
                let count = roll::business::roll_count(office, &grant(reader), filter, 10).await.unwrap();
                assert_eq!(usize::try_from(count.counted).unwrap(), page.rows.len());
                page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
            };
            let all = RollFilter::of(now);
            let asked = RollFilter { programmes: Some(vec![programme.to_owned()]), ..all.clone() };
            assert_eq!(seen(own, &all).await, [benefit.id]);
            assert_eq!(seen(own, &asked).await, [benefit.id]);
            assert_eq!(seen(other, &asked).await, []);
            let file = async |reader: &Actor| {
                let export = grant(reader);
                export_roll(office, &export, None, &asked, ListFormat::Csv, "核对").await.unwrap().rows
            };
            assert_eq!((file(own).await, file(other).await), (1, 0));
            roll::business::benefit(office, &grant::<ReadPayments>(own), benefit.id).await.unwrap();
            not_there(roll::business::benefit(office, &grant::<ReadPayments>(other), benefit.id).await);

            // The account of a benefit: proposed and confirmed there, by two.
            let account = NewAccount {
                person: benefit.holder,
                holder_name: "金满仓".parse().unwrap(),
                bank: "农商银行".to_owned(),
                number: number.parse().unwrap(),
            };
            let (reference, why) = ("海民〔2026〕3号", "原卡遗失");
            let proposed =
                payments::propose_payee(office, &grant(other), benefit.id, &account, reference, why).await;
            not_there(proposed);
            let payee = payments::propose_payee(office, &grant(own), benefit.id, &account, reference, why)
                .await
                .unwrap();
            not_there(payments::settle_payee(office, &grant(&other_second), payee, true).await);
            payments::settle_payee(office, &grant(&own_second), payee, true).await.unwrap();

            // The month's run, from its making to the bank's answer.
            let month = benefit.first_due;
            not_theirs(payments::make_run(office, &grant(other), programme, month).await);
            let (run, _) = payments::make_run(office, &grant(own), programme, month).await.unwrap();
            worked(&city).await;
            not_there(payments::find_run(office, &grant(other), run).await);
            let runs = async |reader: &Actor, programme: Option<&str>| {
                let page = payments::runs(office, &grant(reader), programme, None, 10).await.unwrap();
                page.rows.into_iter().map(|run| run.id).collect::<Vec<_>>()
            };
            assert_eq!(runs(own, None).await, [run]);
            assert!(!runs(other, None).await.contains(&run));
            assert_eq!(runs(other, Some(programme)).await, []);
            let made = payments::find_run(office, &grant(own), run).await.unwrap();
            assert_eq!(made.line_count, 1);
            let totals = ControlTotals { count: made.line_count, total: made.total };
            not_there(payments::approve(office, &grant(&other_second), run, totals).await);
            payments::approve(office, &grant(&own_second), run, totals).await.unwrap();
            not_there(payments::export_bank_file(office, &grant(other), run, ListFormat::Csv).await);
            let file = payments::export_bank_file(office, &grant(own), run, ListFormat::Csv).await.unwrap();
            let answer = crate::roll::answer(&file, |_| "成功");
            let bytes = answer.as_bytes();
            not_there(payments::read_answer(office, &grant(other), run, "回盘.csv", bytes, totals).await);
            payments::read_answer(office, &grant(own), run, "回盘.csv", bytes, totals).await.unwrap();
            worked(&city).await;
            for deed in [
                payments::cancel(office, &grant(other), run, "不发了").await.map(drop),
                payments::supplement(office, &grant(other), run, "补发").await.map(drop),
                payments::close(office, &grant(other), run).await,
            ] {
                not_there(deed);
            }
            payments::close(office, &grant(own), run).await.unwrap();
        }
        // What the packs have no more is for whoever holds all of it.
        let holds = |actor: &Actor| {
            roll::business::holds(&office.release(), actor, Right::ReadPayments, "given_up_long_ago")
        };
        assert!(holds(&city.accountant) && !holds(&children) && !holds(&assistance));
        // What is neither's item: the list of a month says its business itself, the reserve is of the matters that pay out of it, an import of its programme.
        not_theirs(roll::month_list::draw_up(office, &grant(&children), "price_subsidy", now).await);
        not_theirs(roll::reserve::funds(office, &grant(&children)).await);
        assert_eq!(roll::reserve::funds(office, &grant(&assistance)).await.unwrap(), []);
        let settings = roll::import::RollSettings {
            programme: "dibao".to_owned(),
            first_due: now.next(),
            reference: "移交清册".to_owned(),
            expected: roll::RollTotals { families: 1, members: 1, monthly: Fen(1) },
        };
        not_theirs(
            roll::import::preview(office, &grant(&children), &settings, "名册.csv", b"")
                .await
                .map(|preview| preview.upload),
        );
        assert_eq!(ledger::verify(office.db()).await.unwrap(), []);
    }
}

/// Who pays for funerals here, and is of no family.
const NEIGHBOUR: &str = "何远志";

/// The charges of somebody's funeral: transport, keeping, cremation, ashes.
const BILL: [(&str, &str); 4] =
    [("fee_transport", "180"), ("fee_keeping", "900"), ("fee_cremation", "480"), ("fee_ashes", "100")];

/// Filed at the desk for somebody who has died today, and carried as far as the director.
async fn funeral_of(city: &Wuhai, dead: store::PersonId, name: &'static str) -> CaseId {
    let case = bill_for(city, dead, name).await.unwrap();
    let found = [
        ("visit_own/deceased", "yes"),
        ("visit_own/fee_transport", "180"),
        ("visit_own/fee_keeping", "900"),
        ("visit_own/fee_cremation", "480"),
        ("visit_own/fee_ashes", "100"),
    ];
    sent_up(city, case, &found).await;
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    case
}

/// Filed at the desk by the neighbour who paid.
async fn bill_for(city: &Wuhai, dead: store::PersonId, name: &'static str) -> Result<CaseId, OfficeError> {
    let sealed: Vec<u8> = store::Query::system("test", "SELECT citizen_id_sealed FROM person WHERE id = ?")
        .bind(dead)
        .scalar(city.office.db())
        .await
        .unwrap();
    let number = city.office.keys().open(&sealed).unwrap().to_string();
    let neighbour = vocab::CitizenId::synthetic(4, crate::town::day("1970-02-03"), 321);
    let mut more = vec![
        ("applicant/citizen_id", number.clone()),
        ("family/0/citizen_id", number),
        ("own/deceased", "yes".to_owned()),
        ("account/payee_name", NEIGHBOUR.to_owned()),
        ("account/payee_citizen_id", neighbour.expose().to_owned()),
    ];
    let own = ["own/fee_transport", "own/fee_keeping", "own/fee_cremation", "own/fee_ashes"];
    more.extend(own.into_iter().zip(BILL.map(|(_, fee)| fee.to_owned())));
    let claim = Family { names: vec![name], more, ..old("1940-05-06") };
    city.file_for("funeral_reduction", &claim).await
}

/// On the roll of 低保, and a month on.
pub(crate) async fn on_the_roll(city: &Wuhai, family: &Family) -> CaseId {
    let case = city.published(family).await;
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
    city.days(40).await;
    case
}

/// FU-01: whoever bore the cost is paid, of the family or not; what the dead had is asked as of the last day of life, and nothing is granted
/// before an officer has recorded the death.
#[tokio::test]
async fn funeral_charges_are_paid_back_to_whoever_paid_them() {
    for city in cities("funeral").await {
        let poor = on_the_roll(&city, &Family { deposits: "2000", ..old("1940-05-06") }).await;
        let (office, month) = (&city.office, city.office.now().month());
        let dead = city.seen(poor).await.case.applicant;
        let case = funeral_of(&city, dead, "石敢当").await;
        let seen = city.seen(case).await.case;
        assert_eq!((seen.applicant, seen.members), (dead, 1), "about the dead alone");
        let died_on: Option<chrono::NaiveDate> =
            store::Query::system("test", "SELECT died_on FROM person WHERE id = ?")
                .bind(dead)
                .scalar(office.db())
                .await
                .unwrap();
        assert_eq!(died_on, Some(office.now().today()), "an officer has recorded it");
        assert_eq!(held(&city, poor, month).await.until, Some(month), "their own ends with the month");
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        // 180 + 300 (the limit) + 480 + 100: 演示参数.
        let granted = held(&city, case, month).await;
        assert_eq!((granted.programme.as_str(), granted.monthly), ("funeral_reduction", Some(Fen(106_000))));
        assert_eq!(city.letter(case, "confirmation").await["recipient"], json!(NEIGHBOUR));
        let (_, totals) = paid(&city, "funeral_reduction", month).await;
        assert_eq!(totals, ControlTotals { count: 1, total: Fen(106_000) });
        let payee = store::Query::system(
            "test",
            "SELECT p.holder_name, b.person_id FROM payee p JOIN bank_account b ON b.id = p.bank_account_id \
             JOIN entitlement e ON e.id = p.entitlement_id WHERE e.programme = 'funeral_reduction' AND p.state = 'confirmed'",
        )
        .one(office.db())
        .await
        .unwrap();
        assert_eq!(payee.get::<String>("holder_name").unwrap(), NEIGHBOUR);
        let payee: store::PersonId = payee.get("person_id").unwrap();
        let families: i64 =
            store::Query::system("test", "SELECT count(*) FROM membership WHERE person_id = ?")
                .bind(payee)
                .scalar(office.db())
                .await
                .unwrap();
        assert_eq!(families, 0, "of no family here");
        let twice = bill_for(&city, dead, "石敢当").await;
        assert!(
            twice.is_err_and(|error| error.to_string().contains("一人一次")),
            "once for one who has died"
        );
        assert_eq!(ledger::verify(office.db()).await.unwrap(), []);
        let (_, mismatches) = office::casework::determine::verify(office, |_| ()).await.unwrap();
        assert!(mismatches.is_empty(), "{mismatches:?}");
    }
}

/// FU-01: whose death was dealt with in the family before the bill came had what they had to the end.
#[tokio::test]
async fn a_funeral_is_filed_after_the_dead_were_taken_out_of_the_family() {
    for city in cities("funeral_late").await {
        let couple = Family {
            names: vec!["石敢当", "云中鹤"],
            births: vec!["1940-05-06", "1942-07-08"],
            wages: vec!["0", "0"],
            deposits: "2000",
            ..Family::default()
        };
        let poor = on_the_roll(&city, &couple).await;
        let (office, now) = (&city.office, city.office.now());
        let household = city.seen(poor).await.case.household;
        let members =
            people::members_as_of(office.db(), &SEEN, household, now.today(), now.at_ms()).await.unwrap();
        let dead = members[1].person;
        let (clerk, tx) = (&city.township_clerk, office.db().begin().await.unwrap());
        let change = MemberChange { on: now.today(), reason: "死亡".to_owned(), case: None };
        people::remove_member_in(office, &tx, &SEEN, &clerk.audit(), household, dead, &change).await.unwrap();
        people::record_death_in(office, &tx, &SEEN, &clerk.audit(), dead, now.today(), "户籍").await.unwrap();
        tx.commit().await.unwrap();
        let case = funeral_of(&city, dead, "云中鹤").await;
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        assert_eq!(city.seen(case).await.case.household, household);
        assert_eq!(held(&city, case, now.month()).await.monthly, Some(Fen(106_000)));
    }
}

/// FU-01: whoever paid files on the phone for somebody not of the family: the same checks as at the window, and nothing of the dead is shown or written over.
#[tokio::test]
async fn who_paid_a_funeral_files_for_somebody_outside_the_family() {
    for city in cities("funeral_citizen").await {
        let poor = on_the_roll(&city, &Family { deposits: "2000", ..old("1940-05-06") }).await;
        let office = &city.office;
        let seen = city.seen(poor).await.case;
        let (dead, household) = (seen.applicant, seen.household);
        // The neighbour is on file, as somebody with papers of their own.
        let neighbours = Family {
            names: vec![NEIGHBOUR],
            births: vec!["1970-02-03"],
            wages: vec!["0"],
            village: NEIGHBOUR_VILLAGE,
            ..Family::default()
        };
        let own = city.file(&neighbours).await.unwrap();
        let neighbour = city.seen(own).await.case.applicant;
        let citizen = access::citizen_of_synthetic(office, neighbour).await.unwrap();
        let number = async |person: store::PersonId| -> String {
            let sealed: Vec<u8> =
                store::Query::system("test", "SELECT citizen_id_sealed FROM person WHERE id = ?")
                    .bind(person)
                    .scalar(office.db())
                    .await
                    .unwrap();
            office.keys().open(&sealed).unwrap().to_string()
        };
        let (theirs, mine) = (number(dead).await, number(neighbour).await);
        let facts = async || -> Vec<i64> {
            store::Query::system("test", "SELECT id FROM fact WHERE household_id = ? ORDER BY id")
                .bind(household)
                .scalars(office.db())
                .await
                .unwrap()
        };
        let before = facts().await;
        let claim = |payee: (&str, &str), more: &[(&'static str, &str)]| {
            let mut pairs = vec![
                ("applicant/citizen_id", theirs.clone()),
                ("family/0/citizen_id", theirs.clone()),
                ("own/deceased", "yes".to_owned()),
                ("account/payee_name", payee.0.to_owned()),
                ("account/payee_citizen_id", payee.1.to_owned()),
            ];
            pairs.extend(
                ["own/fee_transport", "own/fee_keeping", "own/fee_cremation", "own/fee_ashes"]
                    .map(|fee| (fee, "100".to_owned())),
            );
            pairs.extend(more.iter().map(|(path, value)| (*path, (*value).to_owned())));
            Family { names: vec!["石敢当"], more: pairs, ..old("1940-05-06") }
        };
        let filed = async |family: &Family| {
            let filler = drafts::Filler::Citizen(&citizen);
            let draft = drafts::begin(office, filler, "funeral_reduction", None).await.unwrap();
            let answers = city.application_for("funeral_reduction", &filler.owner(), family).await;
            let open = drafts::open(office, filler, draft).await.unwrap();
            drafts::save(office, filler, draft, open.version, &answers).await.unwrap();
            drafts::submit(office, filler, draft, &store::IdempotencyKey::fresh().unwrap()).await
        };
        let filler = drafts::Filler::Citizen(&citizen);
        let empty = drafts::begin(office, filler, "funeral_reduction", None).await.unwrap();
        let shown = drafts::open(office, filler, empty).await.unwrap().answers;
        let shown = serde_json::to_string(&shown).unwrap();
        assert!(!shown.contains("石敢当") && !shown.contains(&theirs), "nothing of the dead is filled in");
        // For somebody else's bill, one goes to the window.
        let other = filed(&claim(("石敢当", &theirs), &[])).await;
        let Err(OfficeError::Invalid(problems)) = other else { panic!("{other:?}") };
        assert_eq!(problems[0].field, "payee_citizen_id");
        let case = filed(&claim((NEIGHBOUR, &mine), &[])).await.unwrap();
        let seen = city.seen(case).await.case;
        assert_eq!((seen.applicant, seen.household, seen.members), (dead, household, 1));
        assert_eq!(facts().await, before, "nobody outside says anything over what is on file of a family");
        let opened = office::casework::view::open_own(office, &citizen, case).await;
        assert!(
            matches!(opened, Err(OfficeError::NotFound(_))),
            "the case stays the family's and the offices'"
        );
        let filler = drafts::Filler::Citizen(&citizen);
        let list = taken_in::list(office, filler, None).await.unwrap().rows;
        assert_eq!((list.len(), list[0].case, list[0].standing), (1, case, Standing::Sent));
        assert!(taken_in::receipt(office, filler, case).await.unwrap().0.contains("回执"));
        let holder = access::citizen_of_synthetic(office, dead).await;
        if let Ok(holder) = holder {
            let hidden = taken_in::find(office, drafts::Filler::Citizen(&holder), case).await;
            assert!(matches!(hidden, Err(OfficeError::NotFound(_))));
        }
        let again = filed(&claim((NEIGHBOUR, &mine), &[])).await;
        let Err(OfficeError::Conflict(words)) = again else { panic!("{again:?}") };
        assert!(words.contains("窗口") && !words.contains("正在办理"), "{words}");
        // From here on as at the window.
        let found = [
            ("visit_own/deceased", "yes"),
            ("visit_own/fee_transport", "180"),
            ("visit_own/fee_keeping", "900"),
            ("visit_own/fee_cremation", "480"),
            ("visit_own/fee_ashes", "100"),
        ];
        sent_up(&city, case, &found).await;
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        assert_eq!(city.letter(case, "confirmation").await["recipient"], json!(NEIGHBOUR));
        assert_eq!(taken_in::list(office, filler, None).await.unwrap().rows[0].standing, Standing::Settled);
    }
}
