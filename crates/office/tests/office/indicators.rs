//! Indicators: counted, summed, shared and spread over places; frozen when the month is over; each number leads to its records.

use catalogue::definition::Side;
use office::access::{Actor, Export, ReadRecords};
use office::indicators::{self, INDICATORS_JOB};
use office::records::RecordId;
use office::{OfficeError, tabular};
use store::jobs;
use vocab::Month;

use crate::records::{add, shelter};
use crate::town::{DAY, Town, grant, towns};

async fn reckon(town: &Town) {
    indicators::schedule(&town.office).await.unwrap();
    while let Some(claim) = jobs::claim(town.office.db(), &[INDICATORS_JOB], "test").await.unwrap() {
        indicators::work(&town.office, &claim).await.unwrap();
    }
}

/// Value, fraction and unknown of an indicator in each place, the reader's own first.
async fn figures(town: &Town, reader: &Actor, id: &str) -> Vec<(String, String, i64)> {
    let month = town.office.now().month();
    let reader = grant::<ReadRecords>(reader);
    let (indicator, places) =
        indicators::by_place(&town.office, &reader, id, reader.division, month).await.unwrap();
    let figures = places.iter().map(|place| place.figure);
    figures
        .map(|figure| {
            (figure.text(&indicator), figure.fraction(&indicator).unwrap_or_default(), figure.unknown)
        })
        .collect()
}

async fn private(town: &Town, actor: &Actor, code: &str, place: &str, capacity: &str) -> RecordId {
    let name = format!("第{code}养老院");
    let pairs = [
        ("code", code),
        ("name", name.as_str()),
        ("lies_in", place),
        ("kind", "private"),
        ("fund", "1000"),
        ("capacity", capacity),
        ("medical", "yes"),
    ];
    add(town, actor, "shelter", &pairs).await
}

#[tokio::test]
async fn indicators_are_reckoned_by_place_and_frozen_with_the_month() {
    for town in towns("indicators").await {
        let (east, west) = (town.clerk(town.hedong).await, town.clerk(town.hexi).await);
        let county = town.actor("county_reader", town.county, &["county_clerk"]).await;
        shelter(&town, &east, "A1", "990101001001", "30").await;
        private(&town, &east, "A2", "990101001001", "10").await;
        private(&town, &west, "B1", "990101002001", "20").await;
        town.family(&east, town.first_community, &["王建国"]).await;
        reckon(&town).await;

        let of = |id: &'static str| figures(&town, &county, id);
        let shelters = of("shelters").await;
        assert_eq!(shelters[0], ("3".to_owned(), String::new(), 0));
        assert_eq!(shelters[1..].iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), ["2", "1"]);
        assert_eq!(of("capacity_share").await[0], ("50.0".to_owned(), "30 / 60".to_owned(), 0));
        // Nobody has said of the public one whether it has a doctor: it is not counted, and told.
        assert_eq!(of("medical_known").await[0], ("2".to_owned(), String::new(), 1));
        // Two in one community count once.
        let coverage = of("coverage").await;
        assert!(coverage[0].1.starts_with("2 / "), "{coverage:?}");
        // Of the two, one lies in a community and the other in a village.
        assert_eq!(of("community_coverage").await[0].1, "1 / 2");
        assert_eq!(of("shelters_per_thousand").await[0].1, "3 / 1");
        // What a place sets by kind: one public, two private.
        assert_eq!(of("standard_mean").await[0].0, "466.67");
        // Township offices see theirs.
        let own = figures(&town, &east, "shelters").await;
        assert_eq!(own[0].0, "2");
        let month = town.office.now().month();
        let elsewhere =
            indicators::by_place(&town.office, &grant::<ReadRecords>(&east), "shelters", town.hexi, month)
                .await;
        assert!(matches!(elsewhere, Err(OfficeError::NotFound(_))), "{elsewhere:?}");

        // The records behind the number.
        let release = town.office.release();
        let indicator = release.indicators.get("capacity_share").unwrap();
        let reader = grant::<ReadRecords>(&county);
        let behind =
            |side, after| indicators::counted(&town.office, &reader, indicator, side, town.county, after);
        let part = behind(Side::Part, RecordId(0)).await.unwrap().unwrap();
        assert_eq!(
            part.rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(),
            ["第A2养老院", "第B1养老院"]
        );
        assert_eq!(behind(Side::Whole, RecordId(0)).await.unwrap().unwrap().rows.len(), 3);
        let people = release.indicators.get("shelters_per_thousand").unwrap();
        let people =
            indicators::counted(&town.office, &reader, people, Side::Whole, town.county, RecordId(0));
        assert_eq!(people.await.unwrap(), None);

        // As a file.
        let export = grant::<Export>(&county);
        let bytes = indicators::sheet(&town.office, &reader, &export, month, tabular::ListFormat::Csv).await;
        let text = String::from_utf8(bytes.unwrap()).unwrap();
        assert!(text.contains("民办床位占比") && text.contains("30 / 60"), "{text}");

        // The next month begins anew; the one that is over stays.
        town.pass(30 * DAY);
        shelter(&town, &east, "A3", "990101001001", "40").await;
        reckon(&town).await;
        let months: Vec<(Month, String)> =
            indicators::by_month(&town.office, &reader, "capacity_share", town.county, month.next())
                .await
                .unwrap()
                .iter()
                .map(|of| (of.month, of.figure.text(indicator)))
                .collect();
        assert_eq!(months, [(month.next(), "30.0".to_owned()), (month, "50.0".to_owned())]);
    }
}
