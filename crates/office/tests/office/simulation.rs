//! 政策仿真: what would change is counted as the rules decide it, family by family; kept, shown to whoever may, released by nobody here.

use std::collections::BTreeMap;

use office::access::{Export, Simulate};
use office::population;
use office::simulation::{self, PdfState, Raise, Simulated, SupposedText, SupposedValue, Supposition, sheet};
use office::tabular::ListFormat;
use office::{OfficeError, releases};
use rules::{Outcome, Part};
use vocab::{Fen, Month};

use crate::population::{known, refreshed, registered};
use crate::town::day;
use crate::wuhai::{DELEGATED_VILLAGE, VILLAGE, Wuhai, cities, grant};

fn values(values: &[(&str, &str)]) -> Supposition {
    let value = |(parameter, value): &(&str, &str)| SupposedValue {
        parameter: (*parameter).to_owned(),
        division: None,
        value: (*value).to_owned(),
    };
    Supposition {
        month: "2027-01".parse().unwrap(),
        values: values.iter().map(value).collect(),
        texts: Vec::new(),
        raise: None,
    }
}

/// Two counties with families of different wages, everything known.
async fn filled(city: &Wuhai) {
    for (serial, wage) in ["0", "200", "450", "940", "980", "1200", "3000"].into_iter().enumerate() {
        for (county, village) in [VILLAGE, DELEGATED_VILLAGE].into_iter().enumerate() {
            let serial = u16::try_from(serial * 2 + county).unwrap();
            let family = registered(city, village, &["王秀英"], serial).await;
            let said = [
                ("registered_here", "true"),
                ("excluded_status", "none"),
                ("wage_income", wage),
                ("employed", "false"),
            ];
            known(city, &family, &said).await;
        }
    }
    refreshed(&city.office).await;
}

/// What the evaluator says of everybody, one after the other: eligible, and money.
fn by_hand(city: &Wuhai, programme: &str, standard: Option<&str>) -> (u64, i64) {
    let (release, population) = (city.office.release(), population::current(&city.office).unwrap().unwrap());
    let rules = release.rules(programme).unwrap();
    let month: Month = "2027-01".parse().unwrap();
    let (mut eligible, mut money) = (0, 0);
    for row in 0..population.snapshot.rows(0) {
        let code = &population.snapshot.divisions()[population.snapshot.division_of(row)];
        let mut context =
            release.context(programme, code, month, month.first_day(), city.office.now().today());
        if let Some(standard) = standard {
            let standard: rules::Rational = standard.parse().unwrap();
            context.parameters.insert("dibao_standard".to_owned(), standard.into());
        }
        for condition in &rules.source().conditions {
            let finding = rules::FindingValue {
                met: Some(true),
                officer: "测试".to_owned(),
                reason: "看过".to_owned(),
                recorded_on: month.first_day(),
            };
            context.findings.entry(condition.id.clone()).or_insert(finding);
        }
        let answer = rules.answer(&population.snapshot.record(0, row), &context);
        if answer.outcome == Outcome::Met {
            eligible += 1;
            money += answer.amount.unwrap().as_number().unwrap().to_scaled(2).unwrap();
        }
    }
    (eligible, money)
}

fn dibao(simulated: &Simulated) -> &simulation::Effect {
    simulated.programmes.iter().find(|effect| effect.programme == "dibao").unwrap()
}

#[tokio::test]
async fn a_changed_standard_is_counted_as_it_would_be_decided() {
    for city in cities("simulation").await {
        let policy = grant::<Simulate>(&city.policy);
        let early = simulation::simulate(&city.office, &policy, &values(&[])).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "before there is a population: {early:?}");
        filled(&city).await;

        let raised = values(&[("dibao_standard", "1300")]);
        let simulated = simulation::simulate(&city.office, &policy, &raised).await.unwrap();
        let effect = dibao(&simulated);
        let (before, after) = (effect.whole.before(), effect.whole.after());
        assert_eq!((before.units, before.before.0), by_hand(&city, "dibao", None));
        assert_eq!((after.units, after.after.0), by_hand(&city, "dibao", Some("1300")));
        assert!(after.units > before.units && after.after > before.before);
        assert_eq!(effect.whole.entering.units, after.units - before.units);
        assert_eq!(effect.whole.more.units, before.units, "whoever gets something gets more");
        assert_eq!((effect.places.len(), simulated.families), (2, 14));
        assert_eq!(simulated.said.len(), 1);
        assert!(!simulated.assumed.is_empty(), "what officers judge is said to be assumed");
        assert!(simulated.programmes.iter().all(|effect| effect.programme != "disability_living"));

        // A county sees itself, by township.
        let county = grant::<Simulate>(&city.county_director);
        let own = simulation::simulate(&city.office, &county, &raised).await.unwrap();
        assert_eq!((own.families, own.within.as_str()), (7, "150302"));
        assert_eq!(dibao(&own).places.len(), 1);
        // A value for one county leaves the other as it is.
        let mut one = raised.clone();
        one.values[0].division = Some("150303".to_owned());
        let own = simulation::simulate(&city.office, &county, &one).await.unwrap();
        assert_eq!(dibao(&own).whole.entering.units, 0);

        // A table, an age, several at once.
        let more = values(&[("supplement_percent[elderly]", "50"), ("supplement_elderly_age", "60")]);
        let simulated = simulation::simulate(&city.office, &policy, &more).await.unwrap();
        assert!(dibao(&simulated).whole.after().after >= before.before);
        let wrong =
            values(&[("dibao_standard", "很多"), ("no_such", "1"), ("supplement_percent[elderly]", "9000")]);
        match simulation::simulate(&city.office, &policy, &wrong).await {
            Err(OfficeError::Invalid(problems)) => assert_eq!(problems.len(), 3, "{problems:?}"),
            other => panic!("{other:?}"),
        }
        // The release in force is what it was.
        let standard =
            releases::standards(&city.office, &city.policy, city.prefecture, city.office.now().today());
        let standard = standard.await.unwrap();
        let standard = standard.iter().find(|standard| standard.parameter == "dibao_standard").unwrap();
        assert_ne!(standard.now.as_ref().unwrap().value, "1300");
    }
}

#[tokio::test]
async fn a_rewritten_rule_and_a_cliff() {
    for city in cities("simulation_rules").await {
        filled(&city).await;
        let policy = grant::<Simulate>(&city.policy);
        let text = |part: Part, text: &str| Supposition {
            texts: vec![SupposedText { programme: "dibao".to_owned(), part, text: text.to_owned() }],
            ..values(&[])
        };
        let condition = |id: &str| Part::Condition(id.to_owned());
        let nobody = text(condition("income"), "per_capita_income < 0");
        let simulated = simulation::simulate(&city.office, &policy, &nobody).await.unwrap();
        assert_eq!(simulated.programmes.len(), 1, "only the programme that was rewritten");
        let whole = &dibao(&simulated).whole;
        assert!(whole.leaving.units > 0 && whole.after().units == 0, "{whole:?}");
        match simulation::simulate(&city.office, &policy, &text(condition("income"), "per_capita_incom < 0"))
            .await
        {
            Err(OfficeError::Invalid(problems)) => {
                assert_eq!(problems[0].field, "condition.income");
                assert!(problems[0].message.contains("per_capita_income"), "{problems:?}");
            }
            other => panic!("{other:?}"),
        }
        assert!(simulation::simulate(&city.office, &policy, &text(condition("gone"), "true")).await.is_err());

        // Nobody gets less than 600: whoever earns a little more at the limit loses all of it.
        let mut cliff = values(&[("minimum_payment", "600")]);
        cliff.raise = Some(Raise { fact: "wage_income".to_owned(), by: Fen(10_000) });
        let simulated = simulation::simulate(&city.office, &policy, &cliff).await.unwrap();
        let cliffs = dibao(&simulated).cliffs.unwrap();
        assert_eq!((cliffs.before, cliffs.after), (0, 2), "the two families just below the standard");
        assert_eq!(cliffs.after_lost, Fen(2 * 60_000));
        cliff.raise = Some(Raise { fact: "deposits".to_owned(), by: Fen(10_000) });
        assert!(simulation::simulate(&city.office, &policy, &cliff).await.is_err(), "no income of a person");
    }
}

#[tokio::test]
async fn a_simulation_is_kept_with_its_author_and_taken_out() {
    for city in cities("simulation_saved").await {
        filled(&city).await;
        let (policy, county) = (grant::<Simulate>(&city.policy), grant::<Simulate>(&city.county_director));
        let supposition = values(&[("dibao_standard", "1100")]);
        let untitled = simulation::save(&city.office, &policy, " ", "", &supposition).await;
        assert!(matches!(untitled, Err(OfficeError::Invalid(_))));
        let id = simulation::save(&city.office, &policy, "提到1100元", "明年", &supposition).await.unwrap();
        let own = simulation::save(&city.office, &county, "县里看看", "", &supposition).await.unwrap();
        let city = city.restarted().await;
        let saved = simulation::find(&city.office, &policy, id).await.unwrap();
        assert_eq!((saved.line.title.as_str(), saved.line.made_by.as_str()), ("提到1100元", "其木格"));
        assert_eq!(saved.supposition, supposition);
        assert!(dibao(&saved.simulated).whole.after().units > 0);
        // The county does not see the prefecture's; the prefecture sees both.
        assert!(matches!(simulation::find(&city.office, &county, id).await, Err(OfficeError::NotFound(_))));
        let all = simulation::list(&city.office, &policy, None, 20).await.unwrap();
        assert_eq!(all.rows.iter().map(|line| line.id).collect::<Vec<_>>(), [own, id]);
        assert_eq!(simulation::list(&city.office, &county, None, 20).await.unwrap().rows.len(), 1);
        // Nobody changes it.
        let changed = store::Query::system("test", "UPDATE simulation SET title = 'x' WHERE id = ?").bind(id);
        assert!(changed.execute(city.office.db()).await.is_err());

        let export = grant::<Export>(&city.policy);
        let (_, csv) = sheet(&city.office, &policy, &export, id, ListFormat::Csv).await.unwrap();
        let csv = String::from_utf8(csv).unwrap();
        assert!(
            csv.contains("海勃湾区") && csv.contains("仿真月金额（元）") && csv.contains("合计"),
            "{csv}"
        );
        let (_, xlsx) = sheet(&city.office, &policy, &export, id, ListFormat::Excel).await.unwrap();
        assert!(xlsx.starts_with(b"PK"));

        let state = async || simulation::pdf(&city.office, &policy, id, None).await.unwrap().0;
        assert_eq!(state().await, PdfState::None);
        simulation::ask_pdf(&city.office, &policy, &export, id).await.unwrap();
        assert_eq!(state().await, PdfState::Waiting);
        let waiting = simulation::pdf_waiting(&city.office).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].id), (1, id));
        assert_eq!(waiting[0].content["title"], "提到1100元");
        simulation::pdf_done(&city.office, id, Ok(b"%PDF".to_vec())).await.unwrap();
        assert_eq!(state().await, PdfState::Ready);
        assert!(simulation::pdf_waiting(&city.office).await.unwrap().is_empty());
        let taken: i64 =
            store::Query::system("test", "SELECT count(*) FROM audit WHERE action = 'simulation.exported'")
                .scalar(city.office.db())
                .await
                .unwrap();
        assert_eq!(taken, 2, "two sheets; looking at the state is no taking out");
    }
}

async fn proposed(city: &Wuhai, parameter: &str, value: &str) -> releases::StandardChangeId {
    let new = releases::NewStandardChange {
        parameter: parameter.to_owned(),
        division: city.prefecture,
        from: day("2027-01-01"),
        stated_until: None,
        value: value.to_owned(),
        document_title: "关于社会救助标准的通知".to_owned(),
        document_number: format!("测民发〔2026〕{value}号"),
        attachment: None,
        reason: "年度调整".to_owned(),
        recompute_from: None,
    };
    releases::propose(&city.office, &grant(&city.policy), &new).await.unwrap()
}

async fn released(city: &Wuhai, parameter: &str, value: &str) {
    let id = proposed(city, parameter, value).await;
    releases::release_change(&city.office, &grant(&city.releaser), id, 1).await.unwrap();
}

#[tokio::test]
async fn a_standard_is_measured_before_it_is_released() {
    for city in cities("next_standard").await {
        let measure = |typed: &[(&str, i64)]| {
            let release = city.office.release();
            let typed = typed.iter().map(|(area, fen)| ((*area).to_owned(), Fen(*fen))).collect();
            simulation::next_standard(&release, &release, "150300", day("2027-01-01"), &typed)
        };
        let empty = measure(&[]);
        assert!(empty.range.is_none() && empty.warnings[0].contains("还没有录入"), "{:?}", empty.warnings);
        assert_eq!(empty.areas[0].now, Some(Fen(96_000)));
        for (parameter, value) in [
            ("consumption", "36000"),
            ("consumption_least_percent", "30"),
            ("consumption_most_percent", "40"),
        ] {
            released(&city, parameter, value).await;
        }
        let city = city.restarted().await;
        let release = city.office.release();
        let measure = |typed: &[(&str, i64)]| {
            let typed = typed.iter().map(|(area, fen)| ((*area).to_owned(), Fen(*fen))).collect();
            simulation::next_standard(&release, &release, "150300", day("2027-01-01"), &typed)
        };
        // 36000 / 12 = 3000 a month; 30% is 900, 40% is 1200.
        let now = measure(&[]);
        assert_eq!(now.range, Some((Fen(90_000), Fen(120_000))));
        assert!(now.warnings.is_empty(), "{:?}", now.warnings);
        let low = measure(&[("urban", 89_999), ("rural", 96_000)]);
        assert!(low.warnings.iter().any(|one| one.contains("下限 900.00 元")), "{:?}", low.warnings);
        assert!(low.warnings.iter().any(|one| one.contains("低于现行的 960.00 元")), "{:?}", low.warnings);
        let high = measure(&[("urban", 120_001), ("rural", 120_001)]);
        assert!(high.warnings.iter().any(|one| one.contains("上限 1,200.00 元")), "{:?}", high.warnings);
        assert_eq!(high.growth.0, Some(250), "960 to 1200.01 in a year");
        assert!(high.entered.iter().any(|one| one.source.contains("测民发〔2026〕36000号")));
        // Whoever releases sees it before.
        let change = proposed(&city, "dibao_standard", "800").await;
        let preview = releases::preview_change(&city.office, &city.releaser, change).await.unwrap();
        assert!(preview.warnings.iter().any(|one| one.contains("下限 900.00 元")), "{:?}", preview.warnings);
        let other = proposed(&city, "taper_months", "3").await;
        let preview = releases::preview_change(&city.office, &city.releaser, other).await.unwrap();
        assert!(preview.warnings.is_empty(), "another parameter is not measured: {:?}", preview.warnings);
    }
}

/// SA-25: next year's standard is proposed from incomes, consumption and finance, with every step; what was not entered again is no growth of zero.
#[tokio::test]
async fn next_years_standard_is_proposed_from_what_it_follows() {
    for city in cities("standard_proposed").await {
        let measure = |city: &Wuhai| {
            let release = city.office.release();
            simulation::next_standard(&release, &release, "150300", day("2027-01-01"), &BTreeMap::new())
        };
        // The demonstration's income of 2026 is not the one of 2027: nobody knows how it grew.
        let bare = measure(&city);
        let proposal = bare.areas[0].proposal.clone().unwrap();
        assert_eq!(proposal.amount, Fen(96_000), "not lowered, not raised: {proposal:?}");
        assert!(proposal.steps[0].contains("不知道增长多少"), "{proposal:?}");
        assert_eq!(bare.growth.1, None, "{:?}", bare.growth);
        released(&city, "disposable_income", "50400").await;
        // 48000 to 50400 is 5%, and 960 grows with it to 1008.
        let grown = measure(&city);
        let proposal = grown.areas[0].proposal.clone().unwrap();
        assert_eq!(proposal.amount, Fen(100_800), "{proposal:?}");
        assert!(proposal.steps[0].contains("增长 5.0%"), "{proposal:?}");
        assert_eq!(grown.growth.1, Some(50));
        for (parameter, value) in [
            ("consumption", "42000"),
            ("consumption_least_percent", "30"),
            ("consumption_most_percent", "40"),
            ("gdp_per_person", "120000"),
            ("budget_revenue", "850000.5"),
        ] {
            released(&city, parameter, value).await;
        }
        let city = city.restarted().await;
        let measured = measure(&city);
        // 30% of 42000 a year is 1050 a month.
        let proposal = measured.areas[0].proposal.clone().unwrap();
        assert_eq!(proposal.amount, Fen(105_000), "{proposal:?}");
        assert!(proposal.steps.iter().any(|step| step.contains("下限")), "{proposal:?}");
        assert!(
            proposal.steps.iter().any(|step| step.contains("财力")),
            "one year says no growth: {proposal:?}"
        );
        let series = |title: &str| {
            let found = measured.series.iter().find(|one| one.title.contains(title));
            found.unwrap_or_else(|| panic!("{title}: {:?}", measured.series)).years.clone()
        };
        assert_eq!(measured.years.len(), 5);
        assert_eq!(series("可支配收入")[0], (Some(Fen(5_040_000)), Some(50)));
        assert_eq!(series("可支配收入")[1], (Some(Fen(4_800_000)), None));
        assert_eq!(series("消费支出")[..2], [(Some(Fen(4_200_000)), None), (None, None)]);
        assert_eq!(series("地区生产总值")[0].0, Some(Fen(12_000_000)));
        assert_eq!(series("预算收入")[0].0, Some(Fen(85_000_050)));
        assert_eq!(measured.series[0].years[0].0, Some(Fen(96_000)), "the standard stands beside them");
    }
}

/// SA-25: what was measured is proposed as the place publishes it: one number, by town and country, by the year.
#[test]
fn a_measured_standard_is_proposed_as_the_place_publishes_it() {
    let lines = |place: &str, division: &str, urban: i64, rural: i64| {
        let packs = store::testing::packs();
        let (national, place) = (packs.join("national"), packs.join(place));
        let release = catalogue::Release::load(&[&national, &place]).unwrap();
        let typed = [("urban".to_owned(), Fen(urban)), ("rural".to_owned(), Fen(rural))].into();
        simulation::as_published(&release, division, day("2027-01-01"), &typed)
    };
    let line = |subject: &str, value: &str| (subject.to_owned(), value.to_owned());
    assert_eq!(lines("wuhai", "150302", 80_000, 80_000), [line("dibao_standard", "800.00")]);
    assert!(lines("wuhai", "150302", 80_000, 70_000).is_empty(), "one number holds for town and country");
    assert_eq!(
        lines("baoding", "130602", 80_000, 60_050),
        [line("dibao_standard_by_area[rural]", "600.50"), line("dibao_standard_by_area[urban]", "800.00")]
    );
    assert_eq!(
        lines("county", "330100", 130_000, 130_000),
        [line("dibao_standard_yearly[rural]", "15600.00"), line("dibao_standard_yearly[urban]", "15600.00")]
    );
}

#[tokio::test]
async fn a_standard_below_what_it_carries_is_warned_of() {
    for city in cities("standard_floors").await {
        let change = proposed(&city, "dibao_standard", "1400").await;
        let preview = releases::preview_change(&city.office, &city.releaser, change).await.unwrap();
        // 1.3 times 1400 is 1820: all four classes lie below.
        let below = preview.warnings.iter().filter(|one| one.contains("1,820.00 元")).count();
        assert_eq!(below, 4, "{:?}", preview.warnings);
        assert!(!preview.warnings.iter().any(|one| one.contains("省级指导标准")), "{:?}", preview.warnings);
        releases::withdraw_change(&city.office, &grant(&city.policy), change, 1).await.unwrap();
        let change = proposed(&city, "dibao_standard", "899").await;
        let withdrawn = releases::preview_change(&city.office, &city.releaser, change).await;
        let warnings = withdrawn.map(|preview| preview.warnings).unwrap_or_default();
        assert!(warnings.iter().any(|one| one.contains("省级指导标准 900.00 元")), "{warnings:?}");
        let release = city.office.release();
        let typed = [("urban".to_owned(), Fen(100_000)), ("rural".to_owned(), Fen(64_000))].into();
        let apart = simulation::next_standard(&release, &release, "150304", day("2027-01-01"), &typed);
        assert_eq!(apart.ratio, (Some(1_000), Some(640)));
        assert!(apart.warnings.iter().any(|one| one.contains("100.0% 降到 64.0%")), "{:?}", apart.warnings);
        assert!(
            apart.warnings.iter().any(|one| one.contains("省级指导标准 700.00 元")),
            "{:?}",
            apart.warnings
        );
        assert!(apart.tekun.iter().any(|one| one.now < one.least), "{:?}", apart.tekun);
    }
}
