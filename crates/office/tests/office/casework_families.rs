//! Families that change while their case runs: a birth, a death, a member who leaves, a move to another township.

use office::{OfficeError, people};
use store::{Query, Scope};

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

        let split = [("member_change/member_change", "split"), ("member_change/changed_member", "1")];
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
        let case = crate::casework_after::reported(&city, granted).await;
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let there = [("family_move/new_residence", NEIGHBOUR_VILLAGE), ("family_move/new_area", "urban")];
        city.act(&city.township_clerk, case, "move", &there, &[]).await.unwrap();
        let month = city.office.now().month();
        let held = ledger::pages::entitlement(city.office.db(), &SEEN, entitlement, month).await.unwrap();
        assert_eq!(held.township, city.neighbour_clerk.division);
    }
}
