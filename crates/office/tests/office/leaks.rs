//! Two neighbouring townships: every read of one is empty or refused in the other.

use office::OfficeError;
use office::access::{self, CodeChannel};
use office::people::{self, NewAccount, Subject};

use crate::town::{Town, day, grant, towns};

async fn refused<T: std::fmt::Debug>(what: &str, answer: Result<T, OfficeError>) {
    assert!(matches!(answer, Err(OfficeError::NotFound(_))), "{what}: {answer:?}");
}

async fn assert_sees_nothing(
    town: &Town,
    actor: &access::Actor,
    family: store::HouseholdId,
    person: store::PersonId,
    account: people::BankAccountId,
) {
    let office = &town.office;
    let (db, scope) = (office.db(), actor.scope());
    refused("find_person", people::find_person(office, db, &scope, person).await).await;
    refused("find_household", people::find_household(office, db, &scope, family).await).await;
    refused("family_page", people::family_page(office, &grant(actor), family).await).await;
    refused("person_page", people::person_page(office, &grant(actor), person).await).await;
    refused("reveal_person", people::reveal_person(office, &grant(actor), person, "核对申请材料").await)
        .await;
    refused("reveal_account", people::reveal_account(office, &grant(actor), account, "核对申请材料").await)
        .await;
    refused(
        "fact_history",
        people::fact_history(office, db, &scope, Subject::Person(person), "wage_income").await,
    )
    .await;
    refused(
        "effective_facts",
        people::effective_facts(
            office,
            db,
            &scope,
            &[Subject::Household(family)],
            day("2026-11-02"),
            i64::MAX,
        )
        .await,
    )
    .await;
    refused(
        "facts_as_of",
        people::facts_as_of(office, db, &scope, family, day("2026-11-02"), i64::MAX).await,
    )
    .await;
    refused(
        "issue_citizen_code",
        access::issue_citizen_code(office, &grant(actor), person, CodeChannel::Paper).await,
    )
    .await;
    let members = people::members_as_of(db, &scope, family, day("2026-11-02"), i64::MAX).await.unwrap();
    assert_eq!(members, []);
    assert_eq!(people::membership_history(db, &scope, family).await.unwrap(), []);
    assert_eq!(people::current_household(db, &scope, person).await.unwrap(), None);
    assert_eq!(people::find_accounts(db, &scope, person).await.unwrap(), []);
    assert_eq!(people::duplicates_of(office, &grant(actor), person).await.unwrap(), []);
    assert_eq!(people::duplicates(office, &grant(actor), None, 100).await.unwrap().rows, []);
    for text in ["张三", "zs", "zhangsan", "13800138000"] {
        let answer = people::search_people(office, &grant(actor), text, None, 100).await.unwrap();
        assert_eq!((answer.count.counted, answer.page.rows.len()), (0, 0), "{text}");
    }
    refused("families_in", people::families_in(office, &grant(actor), town.first_community, None, 100).await)
        .await;
    let own = people::families_in(office, &grant(actor), actor.division, None, 100).await.unwrap();
    assert_eq!(own.rows, []);
}

#[tokio::test]
async fn a_neighbour_sees_nothing() {
    for town in towns("leaks").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let (family, persons) = town.family(&clerk, town.first_community, &["张三", "张三"]).await;
        let version =
            people::find_person(office, office.db(), &clerk.scope(), persons[0]).await.unwrap().version;
        let correction = people::PersonCorrection {
            name: "张三".parse().unwrap(),
            phone: Some("13800138000".parse().unwrap()),
            reason: "户口簿".to_owned(),
        };
        people::correct_person(office, &grant(&clerk), persons[0], version, &correction).await.unwrap();
        let account = NewAccount {
            person: persons[0],
            holder_name: "张三".parse().unwrap(),
            bank: "乌海银行".to_owned(),
            number: "6228480402564890018".parse().unwrap(),
        };
        let account = people::add_account(office, &grant(&clerk), &account).await.unwrap();

        let neighbour = town.clerk(town.hexi).await;
        assert_sees_nothing(&town, &neighbour, family, persons[0], account).await;
        let other_county = town.actor("other", town.other_county, &["county_clerk"]).await;
        assert_sees_nothing(&town, &other_county, family, persons[0], account).await;

        // And the same reads from above see it: the test would notice if everything were empty.
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let page = people::family_page(office, &grant(&county), family).await.unwrap();
        assert_eq!(page.members.len(), 2);
        let found = people::search_people(office, &grant(&county), "zs", None, 100).await.unwrap();
        assert_eq!(found.page.rows.len(), 2);
        assert_eq!(people::duplicates(office, &grant(&county), None, 100).await.unwrap().rows.len(), 1);
        assert_eq!(
            people::families_in(office, &grant(&county), town.hedong, None, 100).await.unwrap().rows.len(),
            1
        );
        // A village worker of the next community sees no more than a stranger.
        let worker = town.actor("worker", town.second_community, &["village_worker"]).await;
        let refused = people::family_page(office, &grant(&worker), family).await;
        assert!(matches!(refused, Err(OfficeError::NotFound(_))));
    }
}

#[tokio::test]
async fn a_citizen_sees_only_the_own_family() {
    for town in towns("citizen_leaks").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let (_, own) = town.family(&clerk, town.first_community, &["张三", "张小"]).await;
        let (other, others) = town.family(&clerk, town.first_community, &["李四"]).await;
        let citizen = access::citizen_of_synthetic(office, own[0]).await.unwrap();
        let page = people::own_family_page(office, &citizen).await.unwrap().unwrap();
        assert_eq!(page.members.len(), 2);
        let scope = citizen.scope();
        refused("another family", people::find_household(office, office.db(), &scope, other).await).await;
        refused("another person", people::find_person(office, office.db(), &scope, others[0]).await).await;
        refused("a member's own record", people::find_person(office, office.db(), &scope, own[1]).await)
            .await;
        let members =
            people::members_as_of(office.db(), &scope, other, day("2026-11-02"), i64::MAX).await.unwrap();
        assert_eq!(members, []);
    }
}
