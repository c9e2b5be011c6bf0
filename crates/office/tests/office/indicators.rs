//! Indicators: counted, summed, shared and spread over places; frozen when the month is over; each number leads to its records.

use catalogue::definition::Side;
use office::access::{Actor, Export, ReadRecords};
use office::indicators::{self, INDICATORS_JOB, Opens};
use office::records::RecordId;
use office::{OfficeError, tabular};
use store::{Query, jobs};
use vocab::Month;

use crate::records::{add, shelter};
use crate::town::{DAY, Town, grant, towns};
use crate::wuhai::{Family, cities};

async fn reckon(town: &Town) {
    indicators::schedule(&town.office).await.unwrap();
    work(town).await;
}

/// As when somebody asks for the figures of now.
pub async fn reckon_now(town: &Town, actor: &Actor) {
    indicators::reckon_now(&town.office, &grant(actor)).await.unwrap();
    work(town).await;
}

async fn work(town: &Town) {
    while let Some(claim) = jobs::claim(town.office.db(), &[INDICATORS_JOB], "test").await.unwrap() {
        indicators::work(&town.office, &claim).await.unwrap();
    }
}

/// Value, fraction and unknown of an indicator in each place, the reader's own first.
pub async fn figures(town: &Town, reader: &Actor, id: &str) -> Vec<(String, String, i64)> {
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
            |side| indicators::counted(&town.office, &reader, (indicator, side), town.county, month, 0);
        let part = behind(Side::Part).await.unwrap().unwrap();
        assert_eq!(
            part.rows.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(),
            ["第A2养老院", "第B1养老院"]
        );
        assert_eq!(behind(Side::Whole).await.unwrap().unwrap().rows.len(), 3);
        let people = release.indicators.get("shelters_per_thousand").unwrap();
        let people = indicators::counted(&town.office, &reader, (people, Side::Whole), town.county, month, 0);
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

/// Cases and benefits: counted by their own dates; the month is closed on the night after it and stays, whatever is written later; a
/// recomputation stands beside it.
#[tokio::test]
async fn cases_and_benefits_are_counted_and_the_month_is_closed_after_its_last_day() {
    for city in cities("indicators_cases").await {
        let office = &city.office;
        let reader = grant::<ReadRecords>(&city.county_director);
        let november: Month = "2026-11".parse().unwrap();
        let night = async || {
            indicators::schedule(office).await.unwrap();
            while let Some(claim) = jobs::claim(office.db(), &[INDICATORS_JOB], "test").await.unwrap() {
                indicators::work(office, &claim).await.unwrap();
            }
        };
        let figure = async |id: &str, month: Month| {
            let (indicator, places) =
                indicators::by_place(office, &reader, id, reader.division, month).await.unwrap();
            let figure = places[0].figure;
            (figure.text(&indicator), figure.fraction(&indicator).unwrap_or_default(), figure.unknown)
        };
        let first = city.granted(&Family::default()).await;
        let open =
            Family {
                names: vec!["牛二"], births: vec!["1970-02-02"], wages: vec!["0"], ..Family::default()
            };
        city.file(&open).await.unwrap();
        night().await;
        assert_eq!(figure("assistance_decided", november).await, ("1".to_owned(), String::new(), 0));
        assert_eq!(figure("assistance_in_time", november).await.1, "1 / 1");
        // What is not decided yet is no unknown: it does not count.
        assert_eq!(figure("assistance_refused", november).await, ("0.00".to_owned(), "0 / 1".to_owned(), 0));

        // Decided after the month's last night, before the month was over.
        let other =
            Family {
                names: vec!["马三"], births: vec!["1971-03-03"], wages: vec!["0"], ..Family::default()
            };
        let second = city.granted(&other).await;
        while office.now().month() == november {
            city.days(1).await;
        }
        assert_eq!(figure("assistance_decided", november).await.0, "1", "nobody has looked since");
        night().await;
        assert_eq!(figure("assistance_decided", november).await.0, "2", "closed after its last day");
        let december = november.next();
        assert_eq!(figure("assistance_decided", december).await.0, "0");
        // People and money of the benefits that were granted.
        assert_eq!(figure("assistance_dibao_people", december).await.0, "4");
        let mean = figure("assistance_topup_mean", december).await;
        assert!(mean.1.ends_with(" / 4") && mean.0 != "0.00", "{mean:?}");
        assert_eq!(figure("assistance_dynamic", december).await.2, 0);

        // The very cases, for whoever may open them.
        let release = office.release();
        let decided = release.indicators.get("assistance_decided").unwrap();
        let behind = async |month: Month| {
            let asked = (&**decided, Side::Part);
            let found = indicators::counted(office, &reader, asked, reader.division, month, 0).await.unwrap();
            let rows = found.unwrap().rows.into_iter();
            rows.map(|row| row.opens).collect::<Vec<_>>()
        };
        assert_eq!(behind(november).await, [Opens::Case(first), Opens::Case(second)]);
        assert!(behind(december).await.is_empty());

        // Somebody mends a date afterwards: the closed month stays; reckoned again it says so beside it.
        Query::system("test", "UPDATE case_file SET decided_on = ? WHERE id = ?")
            .bind(office.now().today())
            .bind(second)
            .execute(office.db())
            .await
            .unwrap();
        city.days(1).await;
        night().await;
        assert_eq!(figure("assistance_decided", november).await.0, "2");
        assert_eq!(figure("assistance_decided", december).await.0, "1");
        let again = async || {
            indicators::again(office, &reader, "assistance_decided", &[reader.division], november)
                .await
                .unwrap()
        };
        assert_eq!(again().await, None);
        indicators::reckon_again(office, &reader, "assistance_decided", november).await.unwrap();
        assert!(indicators::is_reckoned_again(office, "assistance_decided", november).await.unwrap());
        night().await;
        assert_eq!(again().await.unwrap().figures[0].text(decided), "1");
        assert_eq!(figure("assistance_decided", november).await.0, "2", "and changes nothing");
        // A month that is not over, and a register, cannot be.
        let running = indicators::reckon_again(office, &reader, "assistance_decided", december).await;
        assert!(matches!(running, Err(OfficeError::Invalid(_))), "{running:?}");
        let register = indicators::reckon_again(office, &reader, "assistance_low_income", november).await;
        assert!(matches!(register, Err(OfficeError::Invalid(_))), "{register:?}");
    }
}
