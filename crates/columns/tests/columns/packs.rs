//! Every programme of the packs over random families of the packs' own facts, edges of every range and unknowns included.

use std::path::Path;

use catalogue::{LoadOptions, Release};
use columns::{Desk, Draft, Found, RowAnswer, Schema, Sweep, Swept, Way, Workspace};
use rules::testing::world::{day, number, people};
use rules::testing::{Case, Choices};
use rules::{Context, FindingValue, Outcome, Record, Shape, Type, Value};
use vocab::Month;

use crate::random::judged;
use crate::world::every_field;

pub fn release() -> Release {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders = ["national", "wuhai", "demo-wuhai"].map(|name| packs.join(name));
    let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    Release::load_with(&folders, LoadOptions { synthetic: true })
        .unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// A value of a type: an edge of its range, something usual, or something just beside.
fn value(choices: &mut Choices, ty: &Type, release: &Release, poor: bool) -> Value {
    match ty {
        Type::Boolean => choices.one_in(2).into(),
        Type::Number { min: Some(least), .. } if poor && !choices.one_in(5) => least.clone().into(),
        Type::Number { scale, min, max } => {
            let step = rules::Rational::from_scaled(1, *scale);
            let usual =
                ["0", "1", "2", "3", "4", "760", "960", "1234.56", "1920", "18", "60", "800", "400.05", "95"];
            let drawn = number(choices.pick(&usual));
            let drawn = match choices.below(8) {
                0 => min.clone().unwrap_or(drawn),
                1 => max.clone().unwrap_or(drawn),
                2 => &drawn + &step,
                3 => &drawn - &step,
                _ => drawn,
            };
            let drawn = drawn.round((*scale).into());
            let drawn = min.as_ref().map_or(drawn.clone(), |min| drawn.max(min.clone()));
            max.as_ref().map_or(drawn.clone(), |max| drawn.min(max.clone())).into()
        }
        Type::Date => {
            let days = [
                "2026-07-01",
                "2026-10-01",
                "2008-10-01",
                "2008-10-02",
                "1966-10-01",
                "1956-09-30",
                "1946-10-01",
                "1926-10-02",
                "2012-02-29",
                "2024-02-29",
                "2026-12-31",
                "1990-05-06",
                "2020-08-15",
                "1980-01-31",
            ];
            day(choices.pick(&days)).into()
        }
        Type::Month => choices
            .pick(&["2026-10", "2026-01", "2025-12", "2020-06"])
            .parse::<Month>()
            .expect("a month")
            .into(),
        Type::Code { codelist } => {
            let codes: Vec<&str> = release
                .shapes()
                .codelists
                .get(codelist)
                .into_iter()
                .flatten()
                .map(|(code, _)| code.as_str())
                .collect();
            if codes.is_empty() { Value::Unknown } else { choices.pick(&codes).into() }
        }
        Type::Text => Value::Unknown,
    }
}

/// `poor` families have the least of almost everything, so that programmes have somebody to pay.
pub fn fill(choices: &mut Choices, shape: &Shape, blanks: usize, release: &Release, poor: bool) -> Record {
    let mut record = Record::new();
    for (id, field) in &shape.fields {
        let mut value = value(choices, &field.ty, release, poor);
        if poor && id == "excluded_status" && !choices.one_in(6) {
            value = "none".into();
        }
        if value.is_known() && !choices.one_in(blanks) {
            record.fields.insert(id.clone(), value);
        }
    }
    record
}

#[test]
fn every_programme_of_the_packs_is_decided_as_the_evaluator_does() {
    let release = release();
    let asked = std::env::var("HUIMIN_SWEEP_FAMILIES").ok().and_then(|count| count.parse().ok());
    let families: usize = asked.unwrap_or(1_500);
    // The trace and the referee cost many times the answer: they see one family in eight, the referee all when a number is asked for.
    let refereed = if asked.is_some() { 1 } else { 8 };
    let referees: Vec<Case> = release
        .programmes
        .iter()
        .filter_map(|one| release.rules(&one.id))
        .map(|one| Case::new(one.source()))
        .collect();
    let shapes = release.shapes();
    let shape = |id: &str| shapes.get(id).expect("every release has it");
    let (household, person) = (shape("household"), shape("person"));
    let wanted = every_field(shapes);
    let divisions = ["150302", "150303"];
    let month: Month = "2026-10".parse().expect("a month");
    let schema = Schema::of(shapes, "household", &wanted, &[("head", "members")]);
    let (mut met, mut compared) = (0u64, 0u64);
    // A file for every 20,000, so that the evaluator's records never fill the memory.
    for batch in 0..families.div_ceil(20_000) {
        let count = (families - batch * 20_000).min(20_000);
        let mut draft = Draft::new(schema.clone(), shapes, day("2026-10-01"));
        for division in divisions {
            draft.division(division);
        }
        let mut records = Vec::new();
        for index in 0..count {
            let mut choices = Choices::seeded((batch * 20_000 + index) as u64 + 7);
            let blanks = [8, 25, 400][choices.below(3)];
            let poor = !choices.one_in(4);
            let mut family = fill(&mut choices, household, blanks, &release, poor);
            let size = choices.below(6);
            let members: Vec<Record> =
                (0..size).map(|_| fill(&mut choices, person, blanks, &release, poor)).collect();
            if let Some(head) = members.first() {
                family = family.with_one("head", head.clone());
            }
            if !choices.one_in(50) {
                family = family.with_many("members", members);
            } else {
                family.one.clear();
            }
            draft.push_record(&family, divisions[index % 2]).expect("a family that fits");
            records.push(family);
        }
        let snapshot = draft.freeze().expect("a snapshot");
        let swept: Vec<Swept<'_>> = release
            .programmes
            .iter()
            .map(|programme| {
                let rules = release.rules(&programme.id).expect("a compiled programme");
                let context = |division: &&str| -> Context {
                    let mut context =
                        release.context(&programme.id, division, month, month.first_day(), snapshot.as_of());
                    for condition in &rules.source().conditions {
                        // Officers found for it everywhere but in the second division.
                        let finding = FindingValue {
                            met: (division != &divisions[1]).then_some(true),
                            officer: "测试".to_owned(),
                            reason: "测试".to_owned(),
                            recorded_on: snapshot.as_of(),
                        };
                        if condition.kind == rules::ConditionKind::Finding
                            && !context.findings.contains_key(&condition.id)
                        {
                            context.findings.insert(condition.id.clone(), finding);
                        }
                    }
                    context
                };
                Swept { programme: rules, contexts: divisions.iter().map(context).collect() }
            })
            .collect();
        let sweep = Sweep::new(&snapshot, swept.clone()).expect("every field is there");
        for (id, way) in sweep.ways() {
            assert_eq!(way, Way::Vectors, "{id}");
        }
        let desks = [0, 1].map(|division| {
            // What officers found comes with the family here, as at a desk.
            let without = |context: &Context| Context { findings: Default::default(), ..context.clone() };
            let programmes =
                swept.iter().map(|one| (one.programme, without(&one.contexts[division]))).collect();
            Desk::new(shapes, "household", &[("head", "members")], programmes).expect("a desk")
        });
        for (id, way) in desks.iter().flat_map(Desk::ways) {
            assert_eq!(way, Way::Vectors, "{id}");
        }
        let findings = [0, 1].map(|division| {
            let each = swept.iter().flat_map(|one| {
                one.contexts[division].findings.iter().map(|(condition, found)| Found {
                    programme: &one.programme.source().id,
                    condition,
                    met: found.met,
                })
            });
            each.collect::<Vec<_>>()
        });
        let mut workspace = Workspace::default();
        let at_desks: Vec<Vec<Vec<RowAnswer>>> = records
            .iter()
            .enumerate()
            .map(|(place, family)| {
                let desk = &desks[place % 2];
                desk.decide(&desk.family(family, &findings[place % 2]), &mut workspace);
                (0..swept.len()).map(|index| workspace.answers(index).to_vec()).collect()
            })
            .collect();
        let totals = sweep.totals();
        for (index, one) in swept.iter().enumerate() {
            let rows = sweep.rows(index);
            let said: Vec<RowAnswer> = at_desks.iter().flat_map(|one| one[index].iter().copied()).collect();
            assert!(said == rows, "a desk says something else of {}", totals[index].programme);
            let by_person = one.programme.source().unit_shape == "person";
            let mut at = 0;
            let mut sums = vec![(0, 0, 0); divisions.len()];
            for (place, family) in records.iter().enumerate() {
                let context = &one.contexts[place % 2];
                let units = if by_person { people(family) } else { vec![family.clone()] };
                for unit in units {
                    if place % 8 == 0 {
                        assert_eq!(
                            rows[at],
                            judged(one.programme, &unit, context),
                            "{}\n{unit:#?}",
                            totals[index].programme
                        );
                    }
                    let answer = one.programme.answer(&unit, context);
                    if place % refereed == 0 {
                        let second = referees[index].decide(&unit, context, shapes);
                        assert_eq!(answer, second, "{}\n{unit:#?}", totals[index].programme);
                    }
                    let amount = answer.amount.as_ref().and_then(|amount| amount.as_number()?.to_scaled(2));
                    let found = (rows[at].outcome, rows[at].amount.map(|amount| amount.0));
                    assert_eq!(found, (answer.outcome, amount), "{}\n{unit:#?}", totals[index].programme);
                    let sum = &mut sums[place % 2];
                    match answer.outcome {
                        Outcome::Met => *sum = (sum.0 + 1, sum.1, sum.2 + amount.unwrap_or(0)),
                        Outcome::Unknown => sum.1 += 1,
                        Outcome::NotMet => {}
                    }
                    met += u64::from(answer.outcome == Outcome::Met);
                    compared += 1;
                    at += 1;
                }
            }
            let found: Vec<_> =
                totals[index].divisions.iter().map(|one| (one.met, one.unknown, one.amount.0)).collect();
            assert_eq!(found, sums, "{}", totals[index].programme);
        }
    }
    println!("{compared} answers of {families} families, {met} of them yes");
    assert!(met * 200 > compared, "too few are eligible for the test to say anything: {met} of {compared}");
}
