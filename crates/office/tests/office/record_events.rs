//! Who follows what becomes of records misses nothing and reads nothing twice.

use office::access::{Actor, ReadRecords};
use office::records::events::{Event, events};
use store::{Backend, Query};

use crate::records::shelter;
use crate::town::{Town, grant, towns};

async fn behind(town: &Town, actor: &Actor, after: i64) -> Vec<Event> {
    events(&town.office, &grant::<ReadRecords>(actor), None, after).await.unwrap()
}

#[tokio::test]
async fn what_becomes_of_records_is_read_once_and_in_order() {
    for town in towns("record_events").await {
        let (clerk, neighbour) = (town.clerk(town.hedong).await, town.clerk(town.hexi).await);
        let mut ids = Vec::new();
        for code in ["A1", "A2", "A3"] {
            ids.push(shelter(&town, &clerk, code, "990101001001", "30").await);
        }
        let seen = behind(&town, &clerk, 0).await;
        assert_eq!(seen.iter().map(|event| event.record).collect::<Vec<_>>(), ids);
        assert!(
            seen.iter()
                .all(|event| event.deed == "added" && event.version == 1 && event.register == "shelter")
        );
        assert!(seen.windows(2).all(|two| two[0].seq < two[1].seq));
        assert!(behind(&town, &clerk, seen[2].seq).await.is_empty());
        assert_eq!(behind(&town, &clerk, seen[0].seq).await, seen[1..]);
        // Only of one's own area, and only of registers that one reads.
        assert!(behind(&town, &neighbour, 0).await.is_empty());
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        assert_eq!(behind(&town, &county, 0).await, seen);
        let nothing = events(&town.office, &grant(&clerk), Some("nothing"), 0).await;
        assert!(nothing.is_err());
        let accountant = town.actor("accountant", town.county, &["county_accountant"]).await;
        assert!(accountant.grant::<ReadRecords>().is_err());
    }
}

/// A transaction that began before another and ends after it: its event comes after what was read meanwhile. (SQLite writes one at a time.)
#[tokio::test]
async fn what_ends_late_is_numbered_late() {
    for town in towns("record_events_late").await {
        if town.office.db().backend() == Backend::Sqlite {
            continue;
        }
        let clerk = town.clerk(town.hedong).await;
        let slow = town.office.db().begin().await.unwrap();
        let sql = "INSERT INTO record_event (register, record_id, version, deed, state, division_id, at) VALUES ('shelter', 77, 1, 'added', 'open', ?, 1)";
        Query::system("test", sql).bind(town.first_community).execute(&slow).await.unwrap();
        let quick = shelter(&town, &clerk, "A1", "990101001001", "30").await;
        let first = behind(&town, &clerk, 0).await;
        assert_eq!(first.iter().map(|event| event.record).collect::<Vec<_>>(), [quick]);
        slow.commit().await.unwrap();
        let second = behind(&town, &clerk, first[0].seq).await;
        assert_eq!(second.iter().map(|event| event.record.0).collect::<Vec<_>>(), [77]);
    }
}
