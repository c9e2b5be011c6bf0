//! Families that change while their case runs: a birth, a death, a member who leaves, a move to another township.

use ledger::EntitlementState;
use ledger::approve::ControlTotals;
use office::roll::payments;
use office::{OfficeError, people};
use store::{Query, Scope};
use vocab::Fen;

use crate::casework_after::reported;
use crate::matters::paid;
use crate::wuhai::{DELEGATED_VILLAGE, Family, NEIGHBOUR_VILLAGE, Wuhai, cities, grant};

const SEEN: Scope = Scope::System("test");

async fn members(city: &Wuhai, household: store::HouseholdId) -> Vec<people::Membership> {
    let now = city.office.now();
    people::members_as_of(city.office.db(), &SEEN, household, now.today(), now.at_ms()).await.unwrap()
}

#[tokio::test]
async fn members_join_leave_and_split_off_inside_a_running_case() {
    for city in cities("members").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let household = city.seen(case).await.case.household;
        let child = vocab::CitizenId::synthetic(9, "2026-10-20".parse().unwrap(), 1);
        let born = [
            ("member_change/member_change", "join"),
            ("member_change/change_reason", "birth"),
            ("member_change/new_name", "金小宝"),
            ("member_change/new_citizen_id", child.expose()),
            ("member_change/new_relation", "child"),
        ];
        city.act(&city.township_clerk, case, "change_members", &born, &[]).await.unwrap();
        assert_eq!((members(&city, household).await.len(), city.seen(case).await.case.members), (4, 4));
        // The family that is known now is the family that must have authorised.
        let unsigned = city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await;
        assert!(matches!(unsigned, Err(OfficeError::Conflict(_))), "{unsigned:?}");

        let now = members(&city, household).await;
        let wife = now.iter().position(|member| member.relation == "spouse").unwrap().to_string();
        let died = [
            ("member_change/member_change", "leave"),
            ("member_change/change_reason", "death"),
            ("member_change/changed_member", wife.as_str()),
        ];
        city.act(&city.township_clerk, case, "change_members", &died, &[]).await.unwrap();
        let dead: i64 = Query::system("test", "SELECT count(*) FROM person WHERE died_on IS NOT NULL")
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!((dead, members(&city, household).await.len()), (1, 3));

        let head = [("member_change/member_change", "leave"), ("member_change/changed_member", "0")];
        let headless = city.act(&city.township_clerk, case, "change_members", &head, &[]).await;
        assert!(matches!(headless, Err(OfficeError::Conflict(_))), "{headless:?}");

        // A reason of the other direction is found out at its field.
        let mut wrong = died;
        wrong[1].1 = "birth";
        wrong[2].1 = "1";
        let wrong = city.act(&city.township_clerk, case, "change_members", &wrong, &[]).await;
        let Err(OfficeError::Invalid(said)) = wrong else { panic!("{wrong:?}") };
        assert!(said.iter().any(|problem| problem.message.contains("加入的原因")), "{said:?}");

        let split = [
            ("member_change/member_change", "split"),
            ("member_change/change_reason", "moved_out"),
            ("member_change/changed_member", "1"),
        ];
        city.act(&city.township_clerk, case, "change_members", &split, &[]).await.unwrap();
        assert_eq!((members(&city, household).await.len(), city.seen(case).await.case.members), (2, 2));
        let families: i64 =
            Query::system("test", "SELECT count(*) FROM household WHERE split_from_household_id = ?")
                .bind(household)
                .scalar(city.office.db())
                .await
                .unwrap();
        assert_eq!(families, 1);
    }
}

#[tokio::test]
async fn a_family_moves_and_its_case_goes_with_it() {
    for city in cities("moved").await {
        let case = city.file(&Family::default()).await.unwrap();
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let abroad = [("family_move/new_residence", DELEGATED_VILLAGE)];
        let refused = city.act(&city.township_clerk, case, "move", &abroad, &[]).await;
        let Err(OfficeError::Conflict(said)) = refused else { panic!("{refused:?}") };
        assert!(said.contains("迁入地"), "{said}");

        let there = [
            ("family_move/new_residence", NEIGHBOUR_VILLAGE),
            ("family_move/new_registered", NEIGHBOUR_VILLAGE),
            ("family_move/new_area", "urban"),
        ];
        city.act(&city.township_clerk, case, "move", &there, &[]).await.unwrap();
        let lost = office::casework::view::open(&city.office, &grant(&city.township_clerk), case).await;
        assert!(matches!(lost, Err(OfficeError::NotFound(_))), "it is another township's now");
        let work = city.work(&city.neighbour_clerk).await;
        assert_eq!((work.len(), work[0].case), (1, case));
        city.act(&city.neighbour_clerk, case, "request_means_test", &[], &[]).await.unwrap();
        assert!(city.work(&city.township_clerk).await.is_empty());
    }
}

/// A benefit goes with its family to another township of the county.
#[tokio::test]
async fn a_benefit_moves_with_a_reported_change() {
    for city in cities("benefit_moved").await {
        let granted = city.granted(&Family::default()).await;
        let entitlement = city.seen(granted).await.case.entitlement.unwrap();
        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let there = [("family_move/new_residence", NEIGHBOUR_VILLAGE), ("family_move/new_area", "urban")];
        city.act(&city.township_clerk, case, "move", &there, &[]).await.unwrap();
        let month = city.office.now().month();
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, entitlement, month).await.unwrap();
        assert_eq!(held.township, city.neighbour_clerk.division);
    }
}

/// 社会救助法 art. 46, 2022 notice art. 1.3: a death holds what the family gets; the decision pays again, and what was held meanwhile is made up.
#[tokio::test]
async fn a_family_is_paid_again_once_a_death_was_decided() {
    for city in cities("death_held").await {
        let granted = city.granted(&Family::default()).await;
        let names = vec!["白音", "其其格", "白小山"];
        city.granted(&Family { names, ..Family::default() }).await;
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        let first = city.office.now().month().next();
        let stands = async |month: vocab::Month| {
            ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month).await.unwrap()
        };
        let amount = stands(first).await.monthly.unwrap();
        city.days(30).await;
        let (_, totals) = paid(&city, "dibao", first).await;
        assert_eq!(totals, ControlTotals { count: 2, total: Fen(amount.0 * 2) });

        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let wage = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "1500")];
        city.act(&city.township_clerk, case, "visit", &wage, &[]).await.unwrap();
        let now = members(&city, city.seen(case).await.case.household).await;
        let wife = now.iter().position(|member| member.relation == "spouse").unwrap().to_string();
        let died = [
            ("member_change/member_change", "leave"),
            ("member_change/change_reason", "death"),
            ("member_change/changed_member", wife.as_str()),
        ];
        city.act(&city.township_clerk, case, "change_members", &died, &[]).await.unwrap();
        assert_eq!(stands(first.next()).await.state, EntitlementState::Held);
        city.days(30).await;
        let (_, totals) = paid(&city, "dibao", first.next()).await;
        assert_eq!(totals, ControlTotals { count: 1, total: amount });

        let clear = [("proposal/clear_change", "yes")];
        city.act(&city.second_clerk, case, "propose_less", &clear, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "reduce", &[], &["members_changed"]).await.unwrap();
        let less = stands(first.plus(2)).await;
        assert_eq!((less.state, less.members), (EntitlementState::Active, 2));
        let less = less.monthly.unwrap();
        assert!(less > Fen(0) && less < amount, "{less}");
        let held = stands(first.next()).await;
        assert_eq!((held.state, held.members, held.monthly), (EntitlementState::Active, 2, Some(less)));
        assert_eq!(stands(first).await.monthly, Some(amount), "the month of the death stays");
        city.days(30).await;
        let (_, totals) = paid(&city, "dibao", first.plus(2)).await;
        assert_eq!(totals, ControlTotals { count: 2, total: Fen(amount.0 + 2 * less.0) });
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// A birth in a family of 低保 (社会救助法 art. 46, 47): the child joins with its number, and the amount is raised from the month after, with what a minor gets more.
#[tokio::test]
async fn a_birth_raises_the_amount_from_the_month_after() {
    for city in cities("birth").await {
        let granted = city.granted(&Family::default()).await;
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        let first = city.office.now().month().next();
        city.days(30).await;
        let stands = async |month: vocab::Month| {
            ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month).await.unwrap()
        };
        let before = stands(first).await.monthly.unwrap();
        let (_, totals) = paid(&city, "dibao", first).await;
        assert_eq!(totals, ControlTotals { count: 1, total: before });

        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let child = vocab::CitizenId::synthetic(9, "2026-10-20".parse().unwrap(), 1);
        let born = [
            ("member_change/member_change", "join"),
            ("member_change/change_reason", "birth"),
            ("member_change/new_name", "金小宝"),
            ("member_change/new_citizen_id", child.expose()),
            ("member_change/new_relation", "child"),
            ("member_change/new_disability_kind", "none"),
            ("member_change/new_serious_illness", "no"),
        ];
        city.act(&city.township_clerk, case, "change_members", &born, &[]).await.unwrap();
        let household = city.seen(case).await.case.household;
        assert_eq!((members(&city, household).await.len(), city.seen(case).await.case.members), (4, 4));
        let wage = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "1500")];
        city.act(&city.township_clerk, case, "visit", &wage, &[]).await.unwrap();
        let clear = [("proposal/clear_change", "yes")];
        city.act(&city.second_clerk, case, "propose", &clear, &[]).await.unwrap();
        let done = city.act(&city.county_director, case, "increase", &[], &["members_more"]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("increased"));
        let letter = city.letter(case, "raise").await;
        assert_eq!(
            (&letter["members_before"], &letter["members_after"]),
            (&serde_json::json!(3), &serde_json::json!(4))
        );

        // One standard more, and 15 percent of it for a minor (演示参数).
        let more = Fen(before.0 + 96_000 + 14_400);
        let (now, next) = (stands(first).await, stands(first.next()).await);
        assert_eq!((now.monthly, now.members), (Some(before), 3), "the month of the decision stays");
        assert_eq!((next.monthly, next.members), (Some(more), 4));
        city.days(30).await;
        let (_, totals) = paid(&city, "dibao", first.next()).await;
        assert_eq!(totals, ControlTotals { count: 1, total: more });
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// The account of who has died is paid no more: the benefit goes to the new head, its months are owed and the run says why, until one person enters
/// another account and a second confirms it.
#[tokio::test]
async fn the_account_of_the_dead_is_asked_for_anew() {
    for city in cities("death_account").await {
        let granted = city.granted(&Family::default()).await;
        let names = vec!["白音", "其其格", "白小山"];
        city.granted(&Family { names, ..Family::default() }).await;
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        let first = city.office.now().month().next();
        let stands = async |month: vocab::Month| {
            ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month).await.unwrap()
        };
        let amount = stands(first).await.monthly.unwrap();
        city.days(30).await;
        let (_, totals) = paid(&city, "dibao", first).await;
        assert_eq!(totals, ControlTotals { count: 2, total: Fen(amount.0 * 2) });

        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let wage = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "1500")];
        city.act(&city.township_clerk, case, "visit", &wage, &[]).await.unwrap();
        let household = city.seen(case).await.case.household;
        let now = members(&city, household).await;
        let husband = now.iter().find(|member| member.head).unwrap().person;
        let wife = now.iter().find(|member| member.relation == "spouse").unwrap().person;
        let change = async |what: &str, reason: Option<&str>, person: store::PersonId| {
            let now = members(&city, household).await;
            let place = now.iter().position(|member| member.person == person).unwrap().to_string();
            let mut said =
                vec![("member_change/member_change", what), ("member_change/changed_member", place.as_str())];
            said.extend(reason.map(|reason| ("member_change/change_reason", reason)));
            city.act(&city.township_clerk, case, "change_members", &said, &[]).await.unwrap();
        };
        change("head", None, wife).await;
        change("leave", Some("death"), husband).await;
        let clear = [("proposal/clear_change", "yes")];
        city.act(&city.second_clerk, case, "propose", &clear, &[]).await.unwrap();
        city.act(&city.county_director, case, "increase", &[], &["income_less"]).await.unwrap();
        let next = first.next();
        let after = stands(next).await;
        assert_eq!((after.holder, after.state), (wife, EntitlementState::Active));
        let more = after.monthly.unwrap();

        // Owed and not paid; the accountant's run says why.
        city.days(30).await;
        let (run, totals) = paid(&city, "dibao", next).await;
        assert_eq!(totals, ControlTotals { count: 1, total: amount });
        let why: Vec<String> = Query::system(
            "test",
            "SELECT reason FROM payment_line WHERE run_id = ? AND entitlement_id = ? AND state = 'blocked'",
        )
        .bind(run)
        .bind(benefit)
        .scalars(city.office.db())
        .await
        .unwrap();
        assert!(why.len() == 1 && why[0].contains("去世") && why[0].contains("重新登记账户"), "{why:?}");
        let me = office::access::citizen_of_synthetic(&city.office, wife).await.unwrap();
        let sheet = office::benefits::own_sheet(&city.office, &me).await.unwrap();
        let told = &sheet.receives[0];
        assert!(
            told.account.is_none() && told.account_wanted.as_deref() == Some(why[0].as_str()),
            "{told:?}"
        );

        let account = |person, name: &str, number: &str| people::NewAccount {
            person,
            holder_name: name.parse().unwrap(),
            bank: "农商银行".to_owned(),
            number: number.parse().unwrap(),
        };
        let propose = async |new: people::NewAccount| {
            let (accountant, reference) = (grant(&city.accountant), "海民〔2026〕8号");
            payments::propose_payee(&city.office, &accountant, benefit, &new, reference, "户主去世").await
        };
        let dead = propose(account(husband, "金满仓", "6217000000000000012")).await;
        assert!(matches!(dead, Err(OfficeError::Invalid(_))), "{dead:?}");
        let payee = propose(account(wife, "李雪莲", "6217000000000000095")).await.unwrap();
        payments::settle_payee(&city.office, &grant(&city.approver), payee, true).await.unwrap();
        city.days(30).await;
        let (_, totals) = paid(&city, "dibao", next.next()).await;
        assert_eq!(totals, ControlTotals { count: 2, total: Fen(amount.0 + 2 * more.0) });
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
    }
}

/// 渐退 after a death goes on for those who live; the dead were covered to the month in which they died.
#[tokio::test]
async fn a_taper_after_a_death_covers_who_lives() {
    for city in cities("death_tapered").await {
        let granted = city.granted(&Family::default()).await;
        let benefit = city.seen(granted).await.case.entitlement.unwrap();
        city.days(30).await;
        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let wage = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "6000")];
        city.act(&city.township_clerk, case, "visit", &wage, &[]).await.unwrap();
        let now = members(&city, city.seen(case).await.case.household).await;
        let wife = now.iter().position(|member| member.relation == "spouse").unwrap();
        let place = wife.to_string();
        let died = [
            ("member_change/member_change", "leave"),
            ("member_change/change_reason", "death"),
            ("member_change/changed_member", place.as_str()),
        ];
        city.act(&city.township_clerk, case, "change_members", &died, &[]).await.unwrap();
        let clear = [("proposal/clear_change", "yes")];
        city.act(&city.second_clerk, case, "propose_less", &clear, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "hear", &[], &[]).await.unwrap();
        let done = city.act(&city.county_director, case, "taper", &[], &["income_above"]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("tapered"));
        let month = city.office.now().month();
        let covered =
            async |month| ledger::pages::members(city.office.db(), &SEEN, benefit, month).await.unwrap();
        let wife = now[wife].person;
        assert!(covered(month).await.contains(&wife), "the month of the death is the last");
        let after = covered(month.next()).await;
        assert!(after.len() == 2 && !after.contains(&wife), "{after:?}");
        let stands =
            ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month.next()).await.unwrap();
        assert_eq!(stands.state, EntitlementState::Active);
    }
}

/// Who was supported alone has died: the benefit ends with the month of death, and the case ends without a hearing of nobody.
#[tokio::test]
async fn the_case_of_who_lived_alone_ends_with_the_benefit() {
    for city in cities("died_alone").await {
        let alone =
            Family {
                names: vec!["白音"], births: vec!["1950-03-05"], wages: vec!["0"], ..Family::default()
            };
        let granted = city.granted(&alone).await;
        city.days(30).await;
        let case = reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let early = city.act(&city.second_clerk, case, "close_over", &[], &[]).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "{early:?}");
        let died = [
            ("member_change/member_change", "leave"),
            ("member_change/change_reason", "death"),
            ("member_change/changed_member", "0"),
        ];
        city.act(&city.township_clerk, case, "change_members", &died, &[]).await.unwrap();
        let done = city.act(&city.second_clerk, case, "close_over", &[], &[]).await.unwrap();
        assert_eq!(done.outcome.as_deref(), Some("stopped"));
        let month = city.office.now().month();
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let over = ledger::pages::entitlement(city.office.db(), &SEEN, benefit, month.next()).await.unwrap();
        assert_eq!((over.state, over.until), (EntitlementState::Ended, Some(month)));
    }
}
