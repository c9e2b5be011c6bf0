//! Numbers of the roll, and the lists behind them.

use std::time::Duration;

use ledger::{AmountCause, Decision, EntitlementId, Grant};
use office::OfficeError;
use office::access::{Actor, Granted, Report};
use office::reports::{self, AreaFigures, RollCounted, RollQuery, shown};
use office::tabular::{self, ListFormat};
use store::DivisionId;
use vocab::{Fen, Month};

use crate::town::{Town, grant, towns};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

async fn on_roll(
    town: &Town,
    clerk: &Actor,
    village: DivisionId,
    township: DivisionId,
    names: &[&str],
    yuan: i64,
    from: &str,
) -> EntitlementId {
    let (household, persons) = town.family(clerk, village, names).await;
    let tx = town.office.db().begin().await.unwrap();
    let new = Grant {
        programme: "dibao".to_owned(),
        exclusion_group: "basic_living".to_owned(),
        household,
        holder: persons[0],
        members: persons,
        county: town.county,
        township,
        division: village,
        from: month(from),
        first_due: month(from),
        until: None,
        monthly: Fen(yuan * 100),
        cause: AmountCause::Grant,
        payee: None,
        review_due_on: None,
    };
    let id = ledger::grant(&tx, &new, &decision(town, clerk)).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn decision(town: &Town, clerk: &Actor) -> Decision {
    Decision {
        reference: "测民确〔2026〕1号".to_owned(),
        reason: "符合条件".to_owned(),
        case: None,
        determination: None,
        officer: clerk.staff,
        at: town.office.now(),
    }
}

fn query(text: &str) -> RollQuery {
    RollQuery { programme: Some("dibao".to_owned()), month: month(text), division: None }
}

#[tokio::test]
async fn the_roll_is_counted_by_division_and_the_list_is_the_number() {
    for town in towns("reports_roll").await {
        let east = town.clerk(town.hedong).await;
        let west = town.clerk(town.hexi).await;
        on_roll(&town, &east, town.first_community, town.hedong, &["赵一", "赵二"], 900, "2026-09").await;
        let ends = on_roll(&town, &east, town.second_community, town.hedong, &["钱一"], 500, "2026-08").await;
        let paused =
            on_roll(&town, &west, town.willow_village, town.hexi, &["孙一", "孙二", "孙三"], 1001, "2026-10")
                .await;
        let tx = town.office.db().begin().await.unwrap();
        let scope = east.scope();
        ledger::entitlement::end(&tx, &scope, ends, month("2026-09"), &decision(&town, &east)).await.unwrap();
        ledger::suspend(&tx, &west.scope(), paused, month("2026-11"), &decision(&town, &west)).await.unwrap();
        tx.commit().await.unwrap();

        let director = town.actor("director", town.county, &["county_director"]).await;
        let october =
            reports::roll_figures(&town.office, &grant(&director), &query("2026-10")).await.unwrap();
        assert_eq!(
            october.parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(),
            ["河东街道", "河西镇"]
        );
        assert_eq!(
            october.parts[0].total(),
            AreaFigures {
                households: 1,
                persons: 2,
                granted: Fen(90_000),
                ended: 1,
                ..AreaFigures::default()
            }
        );
        assert_eq!(
            october.parts[1].total(),
            AreaFigures {
                households: 1,
                persons: 3,
                granted: Fen(100_100),
                new: 1,
                ..AreaFigures::default()
            }
        );
        assert_eq!(october.whole.total().per_person(), Some(Fen(38_020)));
        let november =
            reports::roll_figures(&town.office, &grant(&director), &query("2026-11")).await.unwrap();
        let whole = november.whole.total();
        assert_eq!((whole.households, whole.paused, whole.granted, whole.ended), (2, 1, Fen(90_000), 0));
        let other = RollQuery { programme: Some("tekun".to_owned()), ..query("2026-10") };
        let none = reports::roll_figures(&town.office, &grant(&director), &other).await.unwrap();
        assert_eq!(none.whole.total(), AreaFigures::default());

        // Each number opens the very families, page by page.
        let count = async |counted, at: &str| {
            let mut names = Vec::new();
            let mut cursor = None;
            loop {
                let page = reports::roll_list(
                    &town.office,
                    &grant(&director),
                    &query(at),
                    counted,
                    None,
                    cursor.as_ref(),
                    1,
                )
                .await
                .unwrap();
                names.extend(page.rows.into_iter().map(|line| line.holder));
                cursor = page.next;
                if cursor.is_none() {
                    return names;
                }
            }
        };
        assert_eq!(count(RollCounted::OnRoll, "2026-10").await, ["赵一", "孙一"]);
        assert_eq!(count(RollCounted::New, "2026-10").await, ["孙一"]);
        assert_eq!(count(RollCounted::Ended, "2026-10").await, ["钱一"]);
        assert_eq!(count(RollCounted::Paused, "2026-11").await, ["孙一"]);

        // A township sees its own; a neighbour's number is not to be had.
        let head = town.actor("head", town.hedong, &["township_head"]).await;
        if let Ok(report) = head.grant() {
            let own = reports::roll_figures(&town.office, &report, &query("2026-10")).await.unwrap();
            assert_eq!(own.whole.total().households, 1);
            let next_door = RollQuery { division: Some(town.hexi), ..query("2026-10") };
            let refused = reports::roll_figures(&town.office, &report, &next_door).await;
            assert!(matches!(refused, Err(OfficeError::NotFound(_))));
            let refused =
                reports::roll_list(&town.office, &report, &next_door, RollCounted::OnRoll, None, None, 20)
                    .await;
            assert!(matches!(refused, Err(OfficeError::NotFound(_))));
        } else {
            panic!("a township head reports");
        }
        let other = town.actor("other", town.other_county, &["county_director"]).await;
        let theirs = reports::roll_figures(&town.office, &grant(&other), &query("2026-10")).await.unwrap();
        assert_eq!(theirs.whole.total(), AreaFigures::default());

        // A run makes the money due; the sheet says the same as the page.
        let officer = ledger::Officer { staff: director.staff, at: town.office.now() };
        for at in ["2026-08", "2026-09", "2026-10"] {
            let watch = &mut |_| std::ops::ControlFlow::Continue(());
            ledger::make_run(
                town.office.db(),
                &director.scope(),
                town.county,
                "dibao",
                month(at),
                officer,
                watch,
            )
            .await
            .unwrap();
        }
        let october =
            reports::roll_figures(&town.office, &grant(&director), &query("2026-10")).await.unwrap();
        assert_eq!(october.whole.total().due, Fen(190_100));
        let paid = reports::paid_by_month(
            &town.office,
            &grant(&director),
            Some("dibao"),
            None,
            month("2026-09"),
            month("2026-12"),
        )
        .await
        .unwrap();
        assert_eq!(
            paid.iter().map(|paid| (paid.month, paid.households, paid.paid)).collect::<Vec<_>>(),
            [(month("2026-09"), 0, Fen(0)), (month("2026-10"), 0, Fen(0))]
        );
        let sheet = reports::roll_sheet(
            &town.office,
            &grant(&director),
            &grant(&director),
            &query("2026-10"),
            ListFormat::Csv,
        )
        .await
        .unwrap();
        let text = String::from_utf8(sheet).unwrap();
        assert!(
            text.lines().last().unwrap().starts_with("东河区,2,5,1901.00,1901.00,380.20,1,1,0,"),
            "{text}"
        );
        let sheet = reports::roll_sheet(
            &town.office,
            &grant(&director),
            &grant(&director),
            &query("2026-10"),
            ListFormat::Excel,
        )
        .await
        .unwrap();
        let sheets = tabular::read_file("月报.xlsx", &sheet).unwrap();
        assert_eq!(sheets.len(), 1);
    }
}

const MINUTE: i64 = 60_000;

#[tokio::test]
async fn a_page_shows_what_was_reckoned_minutes_ago_and_never_another_place() {
    for mut town in towns("figures_kept").await {
        town.office = town.office.with_figures_kept(Duration::from_secs(300));
        let east = town.clerk(town.hedong).await;
        on_roll(&town, &east, town.first_community, town.hedong, &["赵一", "赵二"], 900, "2026-09").await;
        let policy = town.actor("policy", town.prefecture, &["prefecture_policy"]).await;
        let director = town.actor("director", town.county, &["county_director"]).await;
        let other = town.actor("other", town.other_county, &["county_director"]).await;
        let households = async |reader: &Actor, division: Option<DivisionId>| {
            let asked = RollQuery { division, ..query("2026-10") };
            let shown = shown::roll_figures(&town.office, &grant(reader), &asked).await?;
            Ok::<_, OfficeError>((shown.at, shown.figures.whole.total().households))
        };
        let began = town.office.now();
        assert_eq!(households(&policy, None).await.unwrap(), (began, 1));
        assert_eq!(households(&policy, Some(town.county)).await.unwrap(), (began, 1));

        // What is written a minute later is not on the page yet, and the page says of when it is.
        town.pass(MINUTE);
        on_roll(&town, &east, town.second_community, town.hedong, &["钱一"], 500, "2026-10").await;
        assert_eq!(households(&policy, None).await.unwrap(), (began, 1));
        assert_eq!(
            households(&director, None).await.unwrap(),
            (began, 1),
            "the county, as it was shown above"
        );
        // Another county's reader sees the own county, and what others were shown is not to be had.
        assert_eq!(households(&other, None).await.unwrap(), (town.office.now(), 0));
        for (reader, elsewhere) in
            [(&other, town.county), (&other, town.prefecture), (&director, town.other_county)]
        {
            assert!(matches!(households(reader, Some(elsewhere)).await, Err(OfficeError::NotFound(_))));
        }
        // Another programme is another question.
        let tekun = RollQuery { programme: Some("tekun".to_owned()), ..query("2026-10") };
        let shown = shown::roll_figures(&town.office, &grant(&policy), &tekun).await.unwrap();
        assert_eq!(shown.figures.whole.total(), AreaFigures::default());

        // What is taken out, and what anything rests on, is reckoned each time.
        let exact = reports::roll_figures(&town.office, &grant(&policy), &query("2026-10")).await.unwrap();
        assert_eq!(exact.whole.total().households, 2);
        let (reader, csv) = (grant(&policy), ListFormat::Csv);
        let sheet = reports::roll_sheet(&town.office, &reader, &grant(&policy), &query("2026-10"), csv).await;
        let text = String::from_utf8(sheet.unwrap()).unwrap();
        assert!(text.lines().last().unwrap().contains(",2,3,1400.00,"), "{text}");

        // After five minutes it is reckoned again.
        town.pass(4 * MINUTE);
        assert_eq!(households(&policy, None).await.unwrap(), (town.office.now(), 2));
    }
}

#[tokio::test]
async fn figures_that_were_asked_for_are_renewed_and_are_those_reckoned_afresh() {
    for mut town in towns("figures_renewed").await {
        town.office = town.office.with_figures_kept(Duration::from_secs(300));
        let east = town.clerk(town.hedong).await;
        on_roll(&town, &east, town.first_community, town.hedong, &["赵一", "赵二"], 900, "2026-10").await;
        let policy = town.actor("policy", town.prefecture, &["prefecture_policy"]).await;
        let reader: Granted<Report> = grant(&policy);
        let (office, asked, at) = (&town.office, query("2026-10"), month("2026-10"));
        let (from, until) = (month("2025-11"), month("2026-10"));
        let days = (from.first_day(), office.now().today());
        let look = async || {
            (
                shown::roll_figures(office, &reader, &asked).await.unwrap(),
                shown::performance(office, &reader, &asked).await.unwrap(),
                shown::paid_by_month(office, &reader, None, None, from, until).await.unwrap(),
                shown::layers(office, &reader, None, at).await.unwrap(),
                shown::fairness(office, &reader, days.0, days.1).await.unwrap(),
                reports::glance(office, &reader, None, &[]).await.unwrap(),
            )
        };
        let before = look().await;
        assert_eq!(before.0.figures.whole.total().households, 1);

        on_roll(&town, &east, town.second_community, town.hedong, &["钱一"], 500, "2026-10").await;
        let officer = ledger::Officer { staff: policy.staff, at: office.now() };
        let scope = policy.scope();
        let watch = &mut |_| std::ops::ControlFlow::Continue(());
        ledger::make_run(office.db(), &scope, town.county, "dibao", at, officer, watch).await.unwrap();

        // The cockpit shows what it showed; its file says what is so.
        let shown = reports::glance(office, &reader, None, &[]).await.unwrap();
        let exact = reports::glance_now(office, &reader, None, &[]).await.unwrap();
        assert_eq!((shown.whole.households, exact.whole.households), (1, 2));

        // A worker reckons again what is soon too old; whoever looks then does not wait, and sees what is so.
        town.pass(4 * MINUTE);
        let renewed = office.now();
        shown::renew(office).await;
        town.pass(2 * MINUTE);
        let after = look().await;
        let seen = [after.0.at, after.1.at, after.2.at, after.3.at, after.4.at, after.5.at];
        assert_eq!(seen, [renewed; 6]);
        assert_eq!(after.0.figures, reports::roll_figures(office, &reader, &asked).await.unwrap());
        assert_eq!(after.0.figures.whole.total().due, Fen(140_000));
        assert_eq!(after.1.figures, reports::performance(office, &reader, &asked).await.unwrap());
        assert_ne!(after.1.figures, before.1.figures);
        let paid = reports::paid_by_month(office, &reader, None, None, from, until).await.unwrap();
        assert_eq!(after.2.figures, paid);
        assert_eq!((before.2.figures.len(), paid.len()), (0, 1));
        assert_eq!(after.3.figures, reports::layers(office, &reader, None, at).await.unwrap());
        assert_eq!(after.4.figures, reports::fairness(office, &reader, days.0, days.1).await.unwrap());
        assert_eq!((before.5.whole.households, after.5.whole.households), (1, 2));

        // Nobody has looked for two hours: nothing is reckoned for nobody.
        town.pass(130 * MINUTE);
        shown::renew(office).await;
        assert_eq!(look().await.0.at, office.now());
    }
}
