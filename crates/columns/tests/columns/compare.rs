//! Two programmes side by side count as the evaluator counts; households taken over from an older snapshot are the same.

use catalogue::{Release, Supposed};
use columns::{Compared, Draft, Pair, Schema, Side, Snapshot, Sweep, Swept};
use rules::testing::Choices;
use rules::testing::world::{DIVISIONS, Filler, day, number, people, shapes};
use rules::{Context, FindingValue, Outcome, Programme, Record, Value};
use vocab::{Fen, Month};

use crate::packs::{fill, release};
use crate::world::every_field;

const PLACES: [&str; 2] = ["150302", "150303"];

fn population(release: &Release, families: usize) -> Snapshot {
    let shapes = release.shapes();
    let shape = |id: &str| shapes.get(id).expect("every release has it");
    let schema = Schema::of(shapes, "household", &every_field(shapes), &[("head", "members")]);
    let mut draft = Draft::new(schema, shapes, day("2026-10-01"));
    for index in 0..families {
        let mut choices = Choices::seeded(index as u64 + 11);
        let poor = !choices.one_in(4);
        let family = fill(&mut choices, shape("household"), 30, release, poor);
        let size = choices.below(5);
        let members: Vec<Record> =
            (0..size).map(|_| fill(&mut choices, shape("person"), 30, release, poor)).collect();
        let family = match members.first() {
            Some(head) => family.with_one("head", head.clone()),
            None => family,
        };
        draft
            .push_record(&family.with_many("members", members), PLACES[index % 2])
            .expect("a family that fits");
    }
    draft.freeze().expect("a snapshot")
}

fn contexts(release: &Release, programme: &Programme, supposed: &Supposed) -> Vec<Context> {
    let month: Month = "2026-10".parse().expect("a month");
    let context = |place: &&str| {
        let dates = Context::new(month, month.first_day(), day("2026-10-01"));
        let mut context = release.context_with(programme, place, dates, supposed);
        for condition in &programme.source().conditions {
            let finding = FindingValue {
                met: Some(true),
                officer: "测试".to_owned(),
                reason: "看过".to_owned(),
                recorded_on: day("2026-09-01"),
            };
            context.findings.entry(condition.id.clone()).or_insert(finding);
        }
        context
    };
    PLACES.iter().map(context).collect()
}

/// The outcome and the fen, nothing for who gets nothing.
fn answer(programme: &Programme, record: &Record, context: &Context) -> (Outcome, i64) {
    let answer = programme.answer(record, context);
    let amount = answer.amount.as_ref().and_then(Value::as_number).and_then(|amount| amount.to_scaled(2));
    (answer.outcome, if answer.outcome == Outcome::Met { amount.unwrap_or(0) } else { 0 })
}

#[test]
fn changed_rules_are_compared_as_the_evaluator_compares_them() {
    let release = release();
    let snapshot = population(&release, 2_500);
    let mut supposed = Supposed::default();
    for parameter in ["dibao_standard", "disability_living_standard", "minimum_payment"] {
        supposed.parameters.insert(parameter.to_owned(), number("1100").into());
    }
    let programmes: Vec<&Programme> =
        release.programmes.iter().filter_map(|programme| release.rules(&programme.id)).collect();
    let mut swept = Vec::new();
    for programme in &programmes {
        let before = contexts(&release, programme, &Supposed::default());
        swept.push(Swept { programme, contexts: before });
        swept.push(Swept { programme, contexts: contexts(&release, programme, &supposed) });
    }
    let kept = swept.clone();
    let mut sweep = Sweep::new(&snapshot, swept).expect("every column is there");
    sweep.chunk_rows = 64;
    let steep = Some(Fen(5_000));
    let pairs: Vec<Pair> =
        (0..programmes.len()).map(|index| Pair { before: 2 * index, after: 2 * index + 1, steep }).collect();
    let compared = sweep.compare(&pairs);
    let mut changed = 0;
    for (index, programme) in programmes.iter().enumerate() {
        let people = snapshot.schema().child(0, "members").expect("a table of members");
        let table = if programme.source().unit_shape == "household" { 0 } else { people };
        let mut wanted = vec![Compared::default(); 2];
        let mut eligible = Vec::new();
        for root in 0..snapshot.rows(0) {
            let place = snapshot.division_of(root);
            let rows = if table == 0 { root..root + 1 } else { snapshot.rows_of(people, root) };
            for row in rows {
                let record = snapshot.record(table, row);
                let heads = if table == 0 { snapshot.rows_of(people, root).len() as u64 } else { 1 };
                let before = answer(programme, &record, &kept[2 * index].contexts[place]);
                let after = answer(programme, &record, &kept[2 * index + 1].contexts[place]);
                if before.0 == Outcome::Met {
                    eligible.push((row as u32, Some(Fen(before.1))));
                }
                let wanted = &mut wanted[place];
                wanted.unknown_before += u64::from(before.0 == Outcome::Unknown);
                wanted.unknown_after += u64::from(after.0 == Outcome::Unknown);
                let side = match (before.0, after.0) {
                    (Outcome::Met, Outcome::Met) if after.1 > before.1 => &mut wanted.more,
                    (Outcome::Met, Outcome::Met) if after.1 < before.1 => &mut wanted.less,
                    (Outcome::Met, Outcome::Met) => &mut wanted.same,
                    (Outcome::NotMet, Outcome::Met) => &mut wanted.entering,
                    (Outcome::Met, Outcome::NotMet) => &mut wanted.leaving,
                    (Outcome::Met, _) | (_, Outcome::Met) => &mut wanted.unclear,
                    _ => continue,
                };
                let one = Side { units: 1, people: heads, before: Fen(before.1), after: Fen(after.1) };
                side.merge(&one);
                if before.0 == Outcome::Met && after.0 != Outcome::Unknown && before.1 - after.1 > 5_000 {
                    wanted.steep.merge(&one);
                }
            }
        }
        let id = &programme.source().id;
        assert_eq!(compared[index], wanted, "{id}");
        assert_eq!(sweep.with_outcome(2 * index, Outcome::Met), eligible, "{id}");
        changed += wanted.iter().map(|one| one.entering.units + one.more.units).sum::<u64>();
    }
    assert!(changed > 100, "the changed standard changes something: {changed}");
}

#[test]
fn households_taken_over_are_what_they_were() {
    let shapes = shapes();
    let schema = Schema::of(&shapes, "household", &every_field(&shapes), &[("head", "members")]);
    let mut filler = Filler { choices: Choices::seeded(23), blanks: 4, head_is_member: true };
    // A snapshot has no text.
    let mut household = || {
        let mut family = filler.household();
        family.fields.remove("note");
        family
    };
    let mut families: Vec<Record> = (0..400).map(|_| household()).collect();
    let mut draft = Draft::new(schema.clone(), &shapes, day("2026-07-20"));
    // The older file numbers its divisions and codes otherwise.
    draft.division(DIVISIONS[2]);
    draft.describe("the first");
    for (index, family) in families.iter().enumerate() {
        draft.push_record(family, DIVISIONS[index % 3]).expect("a family that fits");
    }
    let old = draft.freeze().expect("a snapshot");
    assert_eq!(old.label(), "the first");

    let mut draft = Draft::new(schema, &shapes, day("2026-07-21"));
    for division in DIVISIONS {
        draft.division(division);
    }
    let numbered = draft.renumber(&old).expect("the same tables");
    // One replaced, one gone, one new at the end.
    let (replaced, new) = (household(), household());
    draft.copy(&old, &numbered, 0..17).expect("taken over");
    draft.push_record(&replaced, DIVISIONS[1]).expect("a family that fits");
    draft.copy(&old, &numbered, 18..200).expect("taken over");
    draft.copy(&old, &numbered, 201..400).expect("taken over");
    draft.push_record(&new, DIVISIONS[0]).expect("a family that fits");
    let fresh = draft.freeze().expect("a snapshot");

    let mut places: Vec<&str> = (0..400).map(|index| DIVISIONS[index % 3]).collect();
    (families[17], places[17]) = (replaced, DIVISIONS[1]);
    families.remove(200);
    places.remove(200);
    families.push(new);
    places.push(DIVISIONS[0]);
    assert_eq!(fresh.rows(0), families.len());
    for (row, family) in families.iter().enumerate() {
        assert_eq!(&fresh.record(0, row), family, "{row}");
        assert_eq!(fresh.divisions()[fresh.division_of(row)], places[row], "{row}");
    }
    let people: usize = families.iter().map(|family| people(family).len()).sum();
    assert_eq!(fresh.rows(fresh.schema().child(0, "members").expect("members")), people);
}
