//! 政策找人: who could file and has not is found once and told why; what should be reviewed is only said; nothing happens by itself.

use office::OfficeError;
use office::access::{Export, FileForOther, Investigate, ManageRoll, ReadRecords, Right};
use office::casework::drafts::{self, Filler};
use office::leads::{self, Deed, Found, Kind, LEADS_JOB, LeadOutcome, Leads};
use office::people::{Source, Subject};
use office::records;
use office::tabular::ListFormat;
use store::IdempotencyKey;
use vocab::Fen;

use crate::assistance::{moved, report_of};
use crate::population::{fact, known, record, registered};
use crate::wuhai::{Family, NEIGHBOUR_VILLAGE, VILLAGE, Wuhai, cities, grant};

const POOR: [(&str, &str); 3] =
    [("registered_here", "true"), ("excluded_status", "none"), ("wage_income", "300")];
const OPEN: Leads = Leads { kind: Kind::Unclaimed, open: true, overdue: false };
const REVIEWS: Leads = Leads { kind: Kind::Review, open: true, overdue: false };

async fn searched(city: &Wuhai) -> Found {
    leads::search_now(&city.office, &grant::<ManageRoll>(&city.county_clerk)).await.unwrap();
    let claim = store::jobs::claim(city.office.db(), &[LEADS_JOB], "test").await.unwrap().unwrap();
    leads::work(&city.office, &claim).await.unwrap()
}

async fn dibao(city: &Wuhai, which: Leads) -> Vec<leads::LeadLine> {
    let clerk = grant::<Investigate>(&city.township_clerk);
    let mut rows = leads::list(&city.office, &clerk, which, None, 50).await.unwrap().rows;
    rows.retain(|line| line.programme == "dibao");
    rows
}

#[tokio::test]
async fn the_eligible_are_found_once_and_told_why() {
    for city in cities("leads").await {
        let poor = registered(&city, VILLAGE, &["王秀英", "李建国"], 1).await;
        known(&city, &poor, &POOR).await;
        let rich = registered(&city, VILLAGE, &["孙大富"], 2).await;
        known(&city, &rich, &[POOR[0], POOR[1], ("wage_income", "9000")]).await;
        let strange = registered(&city, VILLAGE, &["周不知"], 3).await;
        let next_door = registered(&city, NEIGHBOUR_VILLAGE, &["吴邻居"], 4).await;
        known(&city, &next_door, &POOR).await;

        searched(&city).await;
        let found = dibao(&city, OPEN).await;
        assert_eq!(found.len(), 1, "{found:?}");
        let lead = &found[0];
        assert_eq!((lead.household, lead.name.as_str()), (poor.household, "王秀英"));
        assert!(lead.amount.unwrap() > Fen(0));
        assert!(
            lead.reasons
                .iter()
                .any(|reason| reason.met && !reason.found.is_empty() && !reason.basis.is_empty())
        );
        assert!(
            lead.reasons.iter().any(|reason| reason.to_judge),
            "what an officer judges is left to the officer"
        );
        assert!(leads::in_short(&lead.reasons, lead.kind).contains("300"));
        assert_ne!(lead.household, strange.household, "unknown is no lead");
        // The neighbour's township has its own.
        let other = grant::<Investigate>(&city.neighbour_clerk);
        let theirs = leads::list(&city.office, &other, OPEN, None, 50).await.unwrap().rows;
        assert!(!theirs.is_empty() && theirs.iter().all(|line| line.household == next_door.household));
        assert!(matches!(
            leads::find_lead(&city.office, &other, lead.id).await,
            Err(OfficeError::NotFound(_))
        ));

        // Nobody twice, however often it is asked, and whatever else they could have of the same kind.
        let again = searched(&city).await;
        assert_eq!(again, Found::default());
        let twice: i64 = store::Query::system(
            "test",
            "SELECT count(*) FROM (SELECT exclusion_group, person_id FROM lead_person WHERE still_open GROUP BY exclusion_group, person_id \
             HAVING count(*) > 1) x",
        )
        .scalar(city.office.db())
        .await
        .unwrap();
        assert_eq!(twice, 0);

        // Told and closed: it comes back only when something about the family has changed.
        let worker = grant::<Investigate>(&city.village_worker);
        let view = leads::find_lead(&city.office, &worker, lead.id).await.unwrap();
        let silent = leads::note(&city.office, &worker, lead.id, view.version, Deed::Told, " ").await;
        assert!(matches!(silent, Err(OfficeError::Invalid(_))));
        leads::note(&city.office, &worker, lead.id, view.version, Deed::Visited, "上门，没人在家")
            .await
            .unwrap();
        let stale = leads::note(&city.office, &worker, lead.id, view.version, Deed::Told, "已讲清").await;
        assert!(matches!(stale, Err(OfficeError::Conflict(_))));
        let version = leads::find_lead(&city.office, &worker, lead.id).await.unwrap().version;
        leads::note(&city.office, &worker, lead.id, version, Deed::Declined, "说孩子能养").await.unwrap();
        assert!(dibao(&city, OPEN).await.is_empty());
        searched(&city).await;
        assert!(dibao(&city, OPEN).await.is_empty(), "the same facts make no second lead");
        let closed = dibao(&city, Leads { open: false, ..OPEN }).await;
        assert_eq!((closed[0].outcome, closed[0].visits), (Some(LeadOutcome::Declined), 1));
        let less = fact(Subject::Person(poor.persons[0]), "wage_income", Some("0"), Source::Visit);
        record(&city.office, &city.county_clerk, &[less]).await;
        searched(&city).await;
        assert_eq!(dibao(&city, OPEN).await.len(), 1, "a change of the facts does");

        let export = grant::<Export>(&city.township_clerk);
        let clerk = grant::<Investigate>(&city.township_clerk);
        let csv = leads::sheet(&city.office, &clerk, &export, OPEN, ListFormat::Csv).await.unwrap();
        assert!(String::from_utf8(csv).unwrap().contains("王秀英"));

        // What is on file gets better: the lead goes by itself, for that takes nothing from anybody.
        let more = fact(Subject::Person(poor.persons[0]), "wage_income", Some("9000"), Source::Visit);
        record(&city.office, &city.county_clerk, &[more]).await;
        assert!(searched(&city).await.closed >= 1);
        assert!(dibao(&city, OPEN).await.is_empty());
    }
}

#[tokio::test]
async fn from_a_lead_one_press_begins_the_filing() {
    for city in cities("leads_filing").await {
        let poor = registered(&city, VILLAGE, &["王秀英", "李建国"], 1).await;
        known(&city, &poor, &POOR).await;
        searched(&city).await;
        let lead = dibao(&city, OPEN).await.remove(0);
        let (worker, filer) =
            (grant::<Investigate>(&city.village_worker), grant::<FileForOther>(&city.village_worker));
        let draft = leads::begin_filing(&city.office, &worker, &filer, lead.id).await.unwrap();
        let open = drafts::open(&city.office, Filler::Desk(&filer), draft).await.unwrap();
        assert_eq!(open.item, "dibao");
        let text = serde_json::to_string(&open.answers).unwrap();
        assert!(text.contains("王秀英") && text.contains("李建国"), "what is on file stands in the form");
        let neighbour = grant::<Investigate>(&city.neighbour_clerk);
        let theirs = grant::<FileForOther>(&city.neighbour_clerk);
        assert!(leads::begin_filing(&city.office, &neighbour, &theirs, lead.id).await.is_err());

        // The case that comes of it closes the lead at the next search.
        let answers = city.application(&Filler::Desk(&filer).owner(), &Family::default()).await;
        let mut mixed = open.answers.clone();
        let release = city.office.release();
        let form = release.forms.get("dibao_application").unwrap();
        for (page, field) in form.fields() {
            let members = mixed.count("member");
            let records: Vec<Option<usize>> =
                if page.repeat.is_some() { (0..members).map(Some).collect() } else { vec![None] };
            for record in records {
                let path = office::forms::FieldPath::new(page, record, field);
                if mixed.get(&path).is_none()
                    && let Some(raw) = answers.get(&path)
                {
                    mixed.set(&path, raw.clone());
                }
            }
        }
        drafts::save(&city.office, Filler::Desk(&filer), draft, open.version, &mixed).await.unwrap();
        let key = IdempotencyKey::fresh().unwrap();
        let case = drafts::submit(&city.office, Filler::Desk(&filer), draft, &key).await.unwrap();
        searched(&city).await;
        assert!(dibao(&city, OPEN).await.is_empty());
        let closed = dibao(&city, Leads { open: false, ..OPEN }).await;
        assert_eq!(closed[0].outcome, Some(LeadOutcome::Filed));
        let of: i64 = store::Query::system("test", "SELECT case_id FROM lead WHERE id = ?")
            .bind(lead.id)
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!(of, case.0);
    }
}

#[tokio::test]
async fn a_benefit_that_the_facts_no_longer_bear_is_only_pointed_out() {
    for city in cities("leads_review").await {
        let case = city.granted(&Family::default()).await;
        let seen = city.seen(case).await;
        let (benefit, household) = (seen.case.entitlement.unwrap(), seen.case.household);
        searched(&city).await;
        assert!(dibao(&city, REVIEWS).await.is_empty());
        assert!(dibao(&city, OPEN).await.is_empty(), "who has it is no lead");
        let head: i64 = store::Query::system("test", "SELECT holder_person_id FROM entitlement WHERE id = ?")
            .bind(benefit)
            .scalar(city.office.db())
            .await
            .unwrap();
        let rich = fact(Subject::Person(store::PersonId(head)), "wage_income", Some("20000"), Source::Visit);
        let rich = office::people::NewFact { from_on: city.office.now().today(), ..rich };
        record(&city.office, &city.county_clerk, &[rich]).await;
        let before: i64 = changes(&city).await;
        assert_eq!(searched(&city).await.reviews, 1);
        let found = dibao(&city, REVIEWS).await;
        assert_eq!((found.len(), found[0].household), (1, household));
        assert!(found[0].reasons.iter().any(|reason| !reason.met && !reason.to_judge));
        assert_eq!(changes(&city).await, before, "nothing happens to the benefit by itself");
        assert_eq!(searched(&city).await.reviews, 0, "not twice");
        // The village does not keep the roll.
        let worker = grant::<Investigate>(&city.village_worker);
        assert!(matches!(
            leads::list(&city.office, &worker, REVIEWS, None, 5).await,
            Err(OfficeError::Forbidden(_))
        ));
        assert!(leads::find_lead(&city.office, &worker, found[0].id).await.is_err());
        let clerk = grant::<Investigate>(&city.township_clerk);
        let view = leads::find_lead(&city.office, &clerk, found[0].id).await.unwrap();
        assert_eq!(view.entitlement, Some(benefit));
        leads::note(&city.office, &clerk, found[0].id, view.version, Deed::Reviewed, "已发起核查")
            .await
            .unwrap();
        assert_eq!(
            searched(&city).await.reviews,
            0,
            "what was looked at is not pointed out again for the same facts"
        );
    }
}

/// Somebody goes already where a report of need is in hand: the night sends nobody beside it, and finds what is left when the report is over.
#[tokio::test]
async fn the_night_waits_for_a_report_that_is_in_hand() {
    for city in cities("leads_told").await {
        let poor = registered(&city, VILLAGE, &["王秀英", "李建国"], 1).await;
        known(&city, &poor, &POOR).await;
        let who = office::forms::reference_text(poor.persons[1].0);
        let told = [("person", who.as_str())];
        let report = report_of(&city, &city.village_worker, "worker", "李建国", &told).await;
        searched(&city).await;
        assert!(dibao(&city, OPEN).await.is_empty(), "one visit for one family");
        let clerk = &city.township_clerk;
        moved(&city, clerk, "need_report", report, "grade", &[("grade", "general")]).await.unwrap();
        let ended = [("ended_reason", "not_found"), ("ended_text", "家里没有人")];
        moved(&city, clerk, "need_report", report, "end", &ended).await.unwrap();
        searched(&city).await;
        let found = dibao(&city, OPEN).await;
        assert_eq!((found.len(), found[0].household), (1, poor.household));
    }
}

/// Everything that was ever written about benefits.
async fn changes(city: &Wuhai) -> i64 {
    store::Query::system(
        "test",
        "SELECT (SELECT count(*) FROM entitlement_amount) + (SELECT count(*) FROM entitlement_pause) \
         + (SELECT count(*) FROM case_file) + (SELECT count(*) FROM entitlement WHERE until_month IS NOT NULL)",
    )
    .scalar(city.office.db())
    .await
    .unwrap()
}

/// Every lead has a last day by its kind; past it it is overdue; every month's leads stand in one stage each, and in the month of the reports of need.
#[tokio::test]
async fn a_lead_has_a_last_day_and_every_month_adds_up() {
    for city in cities("leads_clock").await {
        let poor = registered(&city, VILLAGE, &["王秀英", "李建国"], 1).await;
        known(&city, &poor, &POOR).await;
        let found_on = city.office.now().today();
        searched(&city).await;
        let lead = dibao(&city, OPEN).await.remove(0);
        let due = city.office.calendar().working_days_after(found_on, 7).latest;
        assert_eq!(lead.due_on, Some(due), "seven working days, as the pack says");
        let worker = grant::<Investigate>(&city.village_worker);
        let figures = leads::figures(&city.office, &worker).await.unwrap();
        assert!(figures.open.counted > 0);
        assert_eq!((figures.overdue.counted, figures.reviews.counted), (0, 0));
        let urgent = leads::most_urgent(&city.office, &worker, 3).await.unwrap();
        assert!(urgent.iter().any(|line| line.id == lead.id));

        city.days(20).await;
        let late = Leads { overdue: true, ..OPEN };
        assert!(dibao(&city, late).await.iter().any(|line| line.id == lead.id));
        assert!(leads::figures(&city.office, &worker).await.unwrap().overdue.counted > 0);
        let county = grant::<Investigate>(&city.county_clerk);
        let month = async || {
            let months = leads::by_month(&city.office, &county, Kind::Unclaimed, None).await.unwrap();
            let (month, stages) = months.last().unwrap().clone();
            assert_eq!(month, vocab::Month::containing(found_on));
            assert_eq!(
                stages.waiting + stages.visited + stages.helped + stages.ended,
                stages.found,
                "none is missed: {stages:?}"
            );
            stages
        };
        let before = month().await;
        assert_eq!((before.waiting, before.late), (before.found, before.found));
        leads::note(&city.office, &worker, lead.id, 1, Deed::Visited, "上门，没人在家").await.unwrap();
        assert_eq!(month().await.visited, 1);
        leads::note(&city.office, &worker, lead.id, 2, Deed::Declined, "说孩子能养").await.unwrap();
        let after = month().await;
        assert_eq!((after.visited, after.ended, after.late), (0, 1, before.found - 1));
        // The reports of need are reconciled with what the night found.
        let reader = grant::<ReadRecords>(&city.county_clerk);
        let open =
            records::open(&city.office, &city.county_clerk, "need_report", Right::ReadRecords).unwrap();
        let counted = async |finder| {
            records::by_month::by_month(&city.office, &reader, &open, None, finder).await.unwrap()
        };
        assert!(counted(None).await.is_empty());
        let together = counted(Some(&county)).await;
        let row = together.last().unwrap();
        assert_eq!((row.total, row.found, row.late), (after.found, after.found, after.late));
        assert_eq!(row.states.values().sum::<i64>(), row.total);
        assert_eq!(row.states.get("ended"), Some(&1));
        // The neighbour sees none of it.
        let other = grant::<Investigate>(&city.neighbour_clerk);
        assert!(leads::by_month(&city.office, &other, Kind::Unclaimed, None).await.unwrap().is_empty());
        assert!(leads::by_month(&city.office, &worker, Kind::Review, None).await.is_err());
        let export = grant::<Export>(&city.county_clerk);
        let csv = ListFormat::Csv;
        let sheet =
            leads::month_sheet(&city.office, &county, &export, Kind::Unclaimed, None, csv).await.unwrap();
        assert!(String::from_utf8(sheet).unwrap().contains("其中超期未办"));
    }
}
