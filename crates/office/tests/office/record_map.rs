//! The list of a register as a map: each record that has a place of its own, counts where there are too many, and nothing of the neighbours.

use office::OfficeError;
use office::access::{Actor, ReadRecords, Right};
use office::records::list::{Narrowed, list};
use office::records::map::{DRAWN_MAX, RecordMap, Shown, map};
use store::Query;

use crate::records::{add, open, shelter};
use crate::town::{Town, day, grant, towns};

async fn drawn(town: &Town, actor: &Actor, asked: &Narrowed) -> RecordMap {
    let register = open(town, actor, "shelter", Right::ReadRecords);
    map(&town.office, &grant::<ReadRecords>(actor), &register, asked).await.unwrap()
}

fn titles(map: &RecordMap) -> Vec<&str> {
    match &map.shown {
        Shown::Each(placed) => placed.iter().map(|one| one.title.as_str()).collect(),
        Shown::ByPlace(..) => panic!("{map:?}"),
    }
}

#[tokio::test]
async fn a_list_is_drawn_in_scope_and_counted_by_place_where_it_is_long() {
    for town in towns("record_map").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let clerk = town.clerk(town.hedong).await;
        let neighbour = town.actor("neighbour", town.other_county, &["county_clerk"]).await;
        for (code, place, spot) in [
            ("A1", "990101001001", "106.8,39.6"),
            ("B1", "990101002001", "106.9,39.7"),
            ("B2", "990101002001", "106.91,39.71"),
        ] {
            let name = format!("第{code}养老院");
            let pairs = [
                ("code", code),
                ("name", name.as_str()),
                ("lies_in", place),
                ("kind", "public"),
                ("capacity", "10"),
                ("spot", spot),
            ];
            add(&town, &county, "shelter", &pairs).await;
        }
        shelter(&town, &county, "A2", "990101001001", "30").await;
        let all = Narrowed::default();
        let whole = drawn(&town, &county, &all).await;
        assert_eq!(titles(&whole), ["第A1养老院", "第B1养老院", "第B2养老院"]);
        assert_eq!((whole.without.counted, whole.without.more), (1, false));
        let Shown::Each(placed) = &whole.shown else { panic!() };
        assert_eq!(placed[0].shape, "106.8,39.6");
        assert_eq!(titles(&drawn(&town, &clerk, &all).await), ["第A1养老院"]);
        assert!(titles(&drawn(&town, &neighbour, &all).await).is_empty());
        // The filters of the list are the map's.
        let there = Narrowed { division: Some(town.hexi), ..Narrowed::default() };
        assert_eq!(titles(&drawn(&town, &county, &there).await), ["第B1养老院", "第B2养老院"]);
        let wrong = Narrowed { fields: [("capacity".to_owned(), "很多".to_owned())].into(), ..all.clone() };
        let register = open(&town, &county, "shelter", Right::ReadRecords);
        let refused = map(&town.office, &grant(&county), &register, &wrong).await;
        assert!(matches!(refused, Err(OfficeError::Invalid(_))), "{refused:?}");

        // Too many to be told apart: by township, then by village, where they are drawn again.
        Query::system(
            "volume for a test",
            "INSERT INTO reg_shelter (county_id, division_id, state, title, words, recorded_on, version, created_at, changed_at, f_code, f_name, \
             f_lies_in, f_kind, f_capacity, s_capacity, f_spot, f_living) \
             WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
             SELECT ?, ?, 'running', 'M' || CAST(n.i AS TEXT), 'm', ?, 1, 0, 0, 'M' || CAST(n.i AS TEXT), 'M' || CAST(n.i AS TEXT), \
             ?, 'public', 2, 2, '106.8,39.6', 0 FROM n",
        )
        .bind(i64::try_from(DRAWN_MAX).unwrap() * 4)
        .bind(town.county)
        .bind(town.first_community)
        .bind(day("2026-01-05"))
        .bind(town.first_community)
        .execute(town.office.db())
        .await
        .unwrap();
        let whole = drawn(&town, &county, &all).await;
        let Shown::ByPlace(places, own) = &whole.shown else { panic!("{whole:?}") };
        let counted: Vec<i64> = places.iter().map(|place| place.1).collect();
        assert_eq!((counted.as_slice(), *own), (&[1201, 2][..], 0));
        assert_eq!(titles(&drawn(&town, &county, &there).await).len(), 2);
        // A village has nothing below it: as many as can be drawn are.
        let village = Narrowed { division: Some(town.first_community), ..Narrowed::default() };
        assert_eq!(titles(&drawn(&town, &county, &village).await).len(), DRAWN_MAX);

        // So long a list is added up when somebody asks for it, and then to the last row.
        let reader = grant::<ReadRecords>(&county);
        let listed = list(&town.office, &reader, &register, &all, None, 50).await.unwrap();
        assert!(listed.sums.is_empty() && listed.sums_wait, "{:?}", listed.sums);
        let summed = Narrowed { summed: true, ..Narrowed::default() };
        let listed = list(&town.office, &reader, &register, &summed, None, 50).await.unwrap();
        assert_eq!(listed.sums, [("capacity".to_owned(), "2460张".to_owned())]);
        assert!(!listed.sums_wait);
    }
}
