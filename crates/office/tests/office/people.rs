//! Persons and families: once each, with two times.

use office::OfficeError;
use office::people::{
    self, NewHousehold, NewMember, NewPlace, PersonCorrection, Registered, Subject, members_as_of,
};

use crate::town::{DAY, day, grant, towns};

fn member(person: store::PersonId, head: bool) -> NewMember {
    NewMember { person, relation: if head { "head" } else { "child" }.to_owned(), head }
}

#[tokio::test]
async fn a_person_is_registered_once() {
    for town in towns("register_once").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let new = town.new_person("张三", "1980-01-01", town.first_community);
        let first = people::register_person(office, &grant(&clerk), &new).await.unwrap();
        let Registered::New(person) = first else { panic!("new") };
        let again = people::register_person(office, &grant(&clerk), &new).await.unwrap();
        assert_eq!(again, Registered::Existing(person));
        let neighbour = town.clerk(town.hexi).await;
        let elsewhere = people::register_person(
            office,
            &grant(&neighbour),
            &people::NewPerson { division: town.willow_village, ..new.clone() },
        )
        .await;
        assert!(matches!(elsewhere, Err(OfficeError::RegisteredElsewhere)), "{elsewhere:?}");
        let outside = town.new_person("李四", "1980-01-01", town.stone_village);
        let outside = people::register_person(office, &grant(&clerk), &outside).await;
        assert!(matches!(outside, Err(OfficeError::NotFound(_))));
        // Registered in another county, living here: 全市通办.
        let lives_here = people::NewPerson {
            residence: Some(town.first_community),
            ..town.new_person("赵五", "1980-01-01", town.stone_village)
        };
        people::register_person(office, &grant(&clerk), &lives_here).await.unwrap();
        let real = people::NewPerson { citizen_id: "11010519491231002X".parse().unwrap(), ..new };
        let real = people::register_person(office, &grant(&clerk), &real).await;
        assert!(matches!(real, Err(OfficeError::Invalid(_))), "a real ID in a trial database");
    }
}

#[tokio::test]
async fn everything_wrong_with_a_person_is_said_at_once() {
    for town in towns("bad_person").await {
        let Err(OfficeError::Invalid(problems)) =
            people::NewPerson::read("王3", "110105194912310021", "12", town.first_community)
        else {
            panic!("refused");
        };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["name", "citizen_id", "phone"]);
    }
}

#[tokio::test]
async fn nobody_is_in_two_families() {
    for town in towns("two_families").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let (first, persons) = town.family(&clerk, town.first_community, &["张三", "张小"]).await;
        let (second, _) = town.family(&clerk, town.second_community, &["李四"]).await;
        let change = town.today();
        let refused =
            people::add_member(office, &grant(&clerk), second, &member(persons[1], false), &change).await;
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("一个人不能同时属于两个家庭"), "{text}");
        let twice =
            people::add_member(office, &grant(&clerk), first, &member(persons[1], false), &change).await;
        assert!(twice.unwrap_err().to_string().contains("已是这个家庭的成员"));
        let two_heads = town.person(&clerk, "王五", town.first_community).await;
        let two_heads =
            people::add_member(office, &grant(&clerk), first, &member(two_heads, true), &change).await;
        assert!(two_heads.unwrap_err().to_string().contains("已有户主"));

        // The child of a family outside the scope is said, not shown.
        let neighbour = town.clerk(town.hexi).await;
        let guest = people::NewPerson {
            residence: Some(town.first_community),
            ..town.new_person("孙七", "1990-01-01", town.willow_village)
        };
        let guest = people::register_person(office, &grant(&neighbour), &guest).await.unwrap().person();
        people::add_member(office, &grant(&clerk), first, &member(guest, false), &change).await.unwrap();
        let (theirs, _) = town.family(&neighbour, town.willow_village, &["周八"]).await;
        let said =
            people::add_member(office, &grant(&neighbour), theirs, &member(guest, false), &change).await;
        let said = said.unwrap_err().to_string();
        assert!(said.contains("已在他处登记为家庭成员"), "{said}");
        assert_eq!(
            people::current_household(office.db(), &clerk.scope(), persons[1]).await.unwrap(),
            Some(first),
            "nothing was done"
        );
    }
}

#[tokio::test]
async fn membership_keeps_two_times() {
    for town in towns("two_times").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let (household, persons) = town.family(&clerk, town.first_community, &["张三", "张大", "张小"]).await;
        let before = town.now();
        town.pass(DAY);
        // Learnt in November: the elder moved out in June.
        people::remove_member(office, &grant(&clerk), household, persons[1], &town.on("2026-06-01"))
            .await
            .unwrap();
        let who = async |on: &str, known: i64| {
            let members =
                members_as_of(office.db(), &clerk.scope(), household, day(on), known).await.unwrap();
            let mut persons: Vec<_> = members.into_iter().map(|member| member.person).collect();
            persons.sort_unstable();
            persons
        };
        assert_eq!(who("2026-05-31", i64::MAX).await, persons);
        assert_eq!(who("2026-06-01", i64::MAX).await, [persons[0], persons[2]]);
        assert_eq!(who("2026-06-01", before).await, persons, "as was known then");
        assert_eq!(who("2026-01-09", i64::MAX).await, []);
        let late =
            people::remove_member(office, &grant(&clerk), household, persons[2], &town.on("2025-01-01"))
                .await;
        assert!(matches!(late, Err(OfficeError::Invalid(_))), "before joining");
        let future =
            people::remove_member(office, &grant(&clerk), household, persons[2], &town.on("2027-01-01"))
                .await;
        assert!(matches!(future, Err(OfficeError::Invalid(_))));
    }
}

#[tokio::test]
async fn heads_change_families_split_and_move() {
    for town in towns("split_and_move").await {
        let office = &town.office;
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let clerk = town.clerk(town.hedong).await;
        let (household, persons) = town.family(&clerk, town.first_community, &["张三", "张大", "张小"]).await;
        let leaves =
            people::remove_member(office, &grant(&clerk), household, persons[0], &town.today()).await;
        assert!(leaves.unwrap_err().to_string().contains("变更户主"));
        let relations = [(persons[1], "head".to_owned()), (persons[0], "spouse".to_owned())];
        people::change_head(
            office,
            &grant(&clerk),
            household,
            persons[1],
            &relations,
            &town.on("2026-09-01"),
        )
        .await
        .unwrap();
        let members =
            members_as_of(office.db(), &clerk.scope(), household, day("2026-09-01"), i64::MAX).await.unwrap();
        assert_eq!((members[0].person, members[0].relation.as_str()), (persons[1], "head"));
        assert_eq!(members.iter().filter(|member| member.head).count(), 1);
        let members =
            members_as_of(office.db(), &clerk.scope(), household, day("2026-08-31"), i64::MAX).await.unwrap();
        assert_eq!(members[0].person, persons[0], "who headed it in August");

        let own = |members: Vec<NewMember>| NewHousehold {
            division: town.second_community,
            registered_division: town.second_community,
            area: "urban".to_owned(),
            address: None,
            members,
        };
        let change = town.on("2026-10-01");
        let all = people::split_household(
            office,
            &grant(&clerk),
            household,
            &own(vec![member(persons[0], true), member(persons[1], false), member(persons[2], false)]),
            &change,
        )
        .await;
        assert!(matches!(all, Err(OfficeError::Conflict(_))));
        let split = people::split_household(
            office,
            &grant(&clerk),
            household,
            &own(vec![member(persons[0], true)]),
            &change,
        )
        .await
        .unwrap();
        let view = people::find_household(office, office.db(), &clerk.scope(), split).await.unwrap();
        assert_eq!(view.split_from, Some(household));
        assert_eq!(
            people::current_household(office.db(), &clerk.scope(), persons[0]).await.unwrap(),
            Some(split)
        );

        let place = NewPlace {
            division: town.willow_village,
            registered_division: town.willow_village,
            area: "rural".to_owned(),
            address: Some("柳树村3号".to_owned()),
        };
        let change = town.on("2026-11-01");
        let refused = people::move_household(office, &grant(&clerk), household, &place, &change).await;
        assert!(
            matches!(refused, Err(OfficeError::NotFound(_))),
            "the other township is the county's to give"
        );
        people::move_household(office, &grant(&county), household, &place, &change).await.unwrap();
        let gone = people::find_household(office, office.db(), &clerk.scope(), household).await;
        assert!(matches!(gone, Err(OfficeError::NotFound(_))));
        let neighbour = town.clerk(town.hexi).await;
        let page = people::family_page(office, &grant(&neighbour), household).await.unwrap();
        assert_eq!(page.path.last().map(String::as_str), Some("柳树村"));
        assert_eq!(page.members.len(), 2);
        assert_eq!(page.household.address.as_deref(), Some("柳树村3号"));
        assert!(page.history.len() >= 5, "what was, stays");
        let places: i64 =
            store::Query::system("test", "SELECT count(*) FROM household_place WHERE household_id = ?")
                .bind(household)
                .scalar(office.db())
                .await
                .unwrap();
        assert_eq!(places, 3, "the old belief, what it was until then, the new place");
    }
}

#[tokio::test]
async fn twins_are_flagged_across_scopes_without_being_shown() {
    for town in towns("duplicates").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let neighbour = town.clerk(town.hexi).await;
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let here = town.new_person("张三", "1980-01-01", town.first_community);
        let there = town.new_person("张三", "1980-01-01", town.willow_village);
        let here = people::register_person(office, &grant(&clerk), &here).await.unwrap().person();
        let there = people::register_person(office, &grant(&neighbour), &there).await.unwrap().person();
        let seen = people::duplicates_of(office, &grant(&clerk), here).await.unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].other, None, "said, not shown");
        let seen = people::duplicates_of(office, &grant(&county), here).await.unwrap();
        assert_eq!(seen[0].other, Some((there, "张三".to_owned())));
        // A page names its other sides in one statement, and each reader those of the own scope alone.
        let (page, texts) =
            store::statements::counted(people::duplicates(office, &grant(&county), None, 10)).await;
        let both = page.unwrap().rows;
        assert_eq!((both.len(), texts.len()), (1, 2), "{texts:#?}");
        assert!(both[0].other.as_ref().is_some_and(|(_, name)| name == "张三"));
        let theirs = people::duplicates(office, &grant(&neighbour), None, 10).await.unwrap().rows;
        assert_eq!((theirs.len(), &theirs[0].other), (1, &None));
        let alone = people::settle_duplicate(office, &grant(&clerk), seen[0].id, "不是同一人").await;
        assert!(matches!(alone, Err(OfficeError::NotFound(_))));
        people::settle_duplicate(office, &grant(&county), seen[0].id, "核对证件，不是同一人").await.unwrap();
        assert!(people::duplicates_of(office, &grant(&clerk), here).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn corrections_are_optimistic_and_the_dead_are_closed() {
    for town in towns("corrections").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let person = town.person(&clerk, "张三", town.first_community).await;
        let view = people::find_person(office, office.db(), &clerk.scope(), person).await.unwrap();
        let correction = PersonCorrection {
            name: "张叁".parse().unwrap(),
            phone: Some("13800138000".parse().unwrap()),
            reason: "户口簿".to_owned(),
        };
        people::correct_person(office, &grant(&clerk), person, view.version, &correction).await.unwrap();
        let stale = people::correct_person(office, &grant(&clerk), person, view.version, &correction).await;
        assert!(matches!(stale, Err(OfficeError::Conflict(_))));
        let view = people::find_person(office, office.db(), &clerk.scope(), person).await.unwrap();
        assert_eq!((view.name.as_str(), view.phone.as_deref()), ("张叁", Some("138****8000")));

        let tx = office.db().begin().await.unwrap();
        let who = clerk.audit();
        let future =
            people::record_death_in(office, &tx, &clerk.scope(), &who, person, day("2027-01-01"), "殡葬")
                .await;
        assert!(matches!(future, Err(OfficeError::Invalid(_))));
        people::record_death_in(office, &tx, &clerk.scope(), &who, person, day("2026-10-30"), "殡葬")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert!(office::access::citizen_of_synthetic(office, person).await.is_err());
        let new = NewHousehold {
            division: town.first_community,
            registered_division: town.first_community,
            area: "urban".to_owned(),
            address: None,
            members: vec![member(person, true)],
        };
        let dead = people::create_household(office, &grant(&clerk), &new, &town.today()).await;
        assert!(dead.unwrap_err().to_string().contains("死亡"));
        assert_eq!(Subject::Person(person), Subject::Person(view.id));
    }
}

/// Families registered hundreds at a time stand exactly as those registered one by one.
#[tokio::test]
async fn many_families_at_once_are_as_one_by_one() {
    for town in towns("bulk").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let born =
            |year: i32, number: usize| format!("{}-{:02}-{:02}", year, 1 + number / 28, 1 + number % 28);
        let family = |number: usize| people::NewFamily {
            place: NewPlace {
                division: town.first_community,
                registered_division: town.first_community,
                area: "urban".to_owned(),
                address: Some(format!("建设路{number}号")),
            },
            members: vec![
                (town.new_person("钱七", &born(1970, number), town.first_community), "head".to_owned()),
                (town.new_person("钱小", &born(2015, number), town.first_community), "child".to_owned()),
            ],
        };
        let families: Vec<_> = (0..300).map(family).collect();
        let change = town.on("2026-01-10");
        let tx = office.db().begin().await.unwrap();
        let ids =
            people::register_families_in(office, &tx, &clerk.audit(), &families, &change).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ids.len(), 300);
        let page = people::family_page(office, &grant(&clerk), ids[299].household).await.unwrap();
        assert_eq!(page.household.address.as_deref(), Some("建设路299号"));
        let persons: Vec<_> = page.members.iter().map(|member| member.person.id).collect();
        assert_eq!(persons, ids[299].persons);
        assert_eq!(page.members[0].person.name, "钱七");
        assert_eq!(page.members[1].membership.relation, "child");
        let found = people::search_people(office, &grant(&clerk), "qx", None, 20).await.unwrap();
        assert_eq!(found.count.to_string(), "300");
        let members = NewMember { person: ids[0].persons[1], relation: "child".to_owned(), head: false };
        let twice = people::add_member(office, &grant(&clerk), ids[1].household, &members, &change).await;
        assert!(matches!(twice, Err(OfficeError::Conflict(_))));
        let tx = office.db().begin().await.unwrap();
        let again = people::register_families_in(office, &tx, &clerk.audit(), &families[..1], &change).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))), "{again:?}");
    }
}
