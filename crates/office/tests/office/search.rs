//! Finding a person by whatever is known of them, and only in one's own division.

use office::OfficeError;
use office::people::{self, Found, NewAccount};
use vocab::CitizenId;

use crate::town::{Town, day, grant, towns};

async fn names(town: &Town, actor: &office::access::Actor, text: &str) -> Vec<String> {
    let answer = people::search_people(&town.office, &grant(actor), text, None, 20).await.unwrap();
    answer.page.rows.into_iter().map(|found: Found| found.name).collect()
}

#[tokio::test]
async fn a_person_is_found_by_name_pinyin_initials_and_numbers() {
    for town in towns("search").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        for name in ["张三", "张三丰", "单雄信", "王\u{2ce7c}", "艾力·买买提", "欧阳娜娜"]
        {
            town.person(&clerk, name, town.first_community).await;
        }
        assert_eq!(names(&town, &clerk, "张三").await, ["张三", "张三丰"], "the exact name first");
        assert_eq!(names(&town, &clerk, "三丰").await, ["张三丰"]);
        assert_eq!(names(&town, &clerk, "zsf").await, ["张三丰"]);
        assert_eq!(names(&town, &clerk, "zhangsanf").await, ["张三丰"]);
        assert_eq!(names(&town, &clerk, "shanx").await, ["单雄信"], "单 as a surname");
        assert_eq!(names(&town, &clerk, "王\u{2ce7c}").await, ["王\u{2ce7c}"], "a rare character");
        assert_eq!(names(&town, &clerk, "买买提").await, ["艾力·买买提"]);
        assert_eq!(names(&town, &clerk, "艾力.买买提").await, ["艾力·买买提"]);
        assert_eq!(names(&town, &clerk, "李四").await, Vec::<String>::new());

        let new = people::NewPerson {
            phone: Some("13912345678".parse().unwrap()),
            ..town.new_person("赵钱孙", "1966-06-06", town.second_community)
        };
        let person = people::register_person(office, &grant(&clerk), &new).await.unwrap().person();
        assert_eq!(names(&town, &clerk, new.citizen_id.expose()).await, ["赵钱孙"]);
        assert_eq!(names(&town, &clerk, "139 1234 5678").await, ["赵钱孙"]);
        let tail = new.citizen_id.last_four();
        assert_eq!(names(&town, &clerk, &format!("赵钱孙 {tail}")).await, ["赵钱孙"]);
        assert_eq!(names(&town, &clerk, &format!("{} 赵钱孙", tail.to_lowercase())).await, ["赵钱孙"]);
        assert_eq!(names(&town, &clerk, &format!("张三 {tail}")).await, Vec::<String>::new());
        let mut wrong = new.citizen_id.expose().to_owned();
        let last = if wrong.pop() == Some('0') { '1' } else { '0' };
        wrong.push(last);
        let refused = people::search_people(office, &grant(&clerk), &wrong, None, 20).await;
        assert!(matches!(refused, Err(OfficeError::Invalid(_))), "a digit is wrong");
        for text in ["张", "z", "", "——"] {
            let refused = people::search_people(office, &grant(&clerk), text, None, 20).await;
            assert!(matches!(refused, Err(OfficeError::Invalid(_))), "{text}");
        }

        let account = NewAccount {
            person,
            holder_name: "赵钱孙".parse().unwrap(),
            bank: "乌海银行".to_owned(),
            number: "6228480402564890018".parse().unwrap(),
        };
        let id = people::add_account(office, &grant(&clerk), &account).await.unwrap();
        assert_eq!(
            people::add_account(office, &grant(&clerk), &account).await.unwrap(),
            id,
            "the same number again"
        );
        let accounts = people::find_accounts(office.db(), &clerk.scope(), person).await.unwrap();
        assert_eq!(accounts[0].tail, "0018");
        let number = people::reveal_account(office, &grant(&clerk), id, "核对开户信息").await.unwrap();
        assert_eq!(number.as_str(), "6228480402564890018");
    }
}

#[tokio::test]
async fn pages_and_counts_go_on_without_gaps() {
    for town in towns("search_pages").await {
        let clerk = town.clerk(town.hedong).await;
        for number in 0..7 {
            let name = if number % 2 == 0 { "王伟" } else { "王伟强" };
            town.person(&clerk, name, town.first_community).await;
        }
        let mut cursor = None;
        let mut seen = Vec::new();
        loop {
            let answer = people::search_people(&town.office, &grant(&clerk), "王伟", cursor.as_ref(), 3)
                .await
                .unwrap();
            assert_eq!(answer.count.to_string(), "7");
            seen.extend(answer.page.rows.into_iter().map(|found| found.person));
            let Some(next) = answer.page.next else { break };
            cursor = Some(next);
        }
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!((seen.len(), once.len()), (7, 7));
    }
}

/// More of one name than are counted: the pages still lead to everybody.
#[tokio::test]
async fn pages_of_a_frequent_name_lead_to_everybody() {
    const MANY: usize = 1100;
    for town in towns("search_frequent").await {
        let clerk = town.clerk(town.hedong).await;
        let family = |number: usize| people::NewFamily {
            place: people::NewPlace {
                division: town.first_community,
                registered_division: town.first_community,
                area: "urban".to_owned(),
                address: None,
            },
            members: vec![(
                people::NewPerson {
                    name: if number.is_multiple_of(20) { "王伟" } else { "王伟强" }.parse().unwrap(),
                    citizen_id: CitizenId::synthetic(
                        1,
                        day(if number < 600 { "1950-03-04" } else { "1951-03-04" }),
                        u16::try_from(number % 600 + 100).unwrap(),
                    ),
                    phone: None,
                    division: town.first_community,
                    residence: None,
                },
                "head".to_owned(),
            )],
        };
        let families: Vec<_> = (0..MANY).map(family).collect();
        let (office, change) = (&town.office, town.on("2026-01-10"));
        let tx = office.db().begin().await.unwrap();
        people::register_families_in(office, &tx, &clerk.audit(), &families, &change).await.unwrap();
        tx.commit().await.unwrap();
        let (mut cursor, mut seen) = (None, std::collections::BTreeSet::new());
        loop {
            let answer =
                people::search_people(office, &grant(&clerk), "王伟", cursor.as_ref(), 200).await.unwrap();
            assert_eq!((answer.count.counted, answer.count.more), (1000, true));
            for found in answer.page.rows {
                assert!(seen.insert(found.person), "nobody twice");
            }
            let Some(next) = answer.page.next else { break };
            cursor = Some(next);
        }
        assert_eq!(seen.len(), MANY);
    }
}

#[tokio::test]
async fn an_id_registered_elsewhere_is_said_not_shown() {
    for town in towns("search_elsewhere").await {
        let clerk = town.clerk(town.hedong).await;
        let neighbour = town.clerk(town.hexi).await;
        let new = town.new_person("张三", "1980-01-01", town.first_community);
        people::register_person(&town.office, &grant(&clerk), &new).await.unwrap();
        let answer =
            people::search_people(&town.office, &grant(&neighbour), new.citizen_id.expose(), None, 20)
                .await
                .unwrap();
        assert!(answer.page.rows.is_empty());
        assert!(answer.note.unwrap().contains("已在他处登记"));
        assert_eq!(names(&town, &neighbour, "张三").await, Vec::<String>::new());
        assert_eq!(names(&town, &neighbour, "zs").await, Vec::<String>::new());
        // Moved by the county: found there from now on, and no longer here.
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let person = people::search_people(&town.office, &grant(&county), "zhangsan", None, 20)
            .await
            .unwrap()
            .page
            .rows[0]
            .person;
        let village = town.willow_village;
        people::place_person(&town.office, &grant(&county), person, 1, village, village, "搬迁")
            .await
            .unwrap();
        assert_eq!(names(&town, &neighbour, "张三").await, ["张三"]);
        assert_eq!(names(&town, &clerk, "zs").await, Vec::<String>::new());
    }
}

/// No search reads a whole table of persons.
#[tokio::test]
async fn searches_stand_on_indexes() {
    for town in towns("search_plans").await {
        let clerk = town.clerk(town.hedong).await;
        town.person(&clerk, "张三", town.first_community).await;
        for sql in [
            "SELECT p.id FROM person p WHERE {scope} AND p.name = ? ORDER BY p.id LIMIT 1001",
            "SELECT p.id FROM person p WHERE {scope} AND p.citizen_id_blind = ?",
            "SELECT p.id FROM person p WHERE {scope} AND p.phone_blind = ?",
        ] {
            let query = store::Query::new(&clerk.scope(), &people::PERSON_COLUMNS, sql).bind("x");
            let plan = town.office.db().explain(query).await.unwrap();
            assert!(!plan.contains("SCAN p") && !plan.contains("Seq Scan on person p"), "{plan}");
        }
    }
}
