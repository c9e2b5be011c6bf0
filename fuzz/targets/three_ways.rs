//! A random programme over random families: the evaluator, the sweep, a desk and the referee give one answer.
#![no_main]

use std::collections::BTreeSet;

use columns::{Desk, Draft, Schema, Sweep, Swept, Workspace};
use libfuzzer_sys::fuzz_target;
use rules::testing::world::{DIVISIONS, Filler, contexts, day, people, shapes};
use rules::testing::{Case, Choices, programme};

fuzz_target!(|bytes: &[u8]| {
    let [kind, seed, rest @ ..] = bytes else { return };
    let (person, head_is_member) = (kind & 1 == 1, kind & 2 == 2);
    let Some((programme, text)) = programme(Choices::then_seeded(rest, u64::from(*seed)), person) else {
        return;
    };
    let shapes = shapes();
    let fields: BTreeSet<(String, String)> = shapes
        .shapes
        .values()
        .flat_map(|shape| shape.fields.keys().map(|id| (shape.name.clone(), id.clone())))
        .collect();
    let references: &[(&str, &str)] = if head_is_member { &[("head", "members")] } else { &[] };
    let mut draft =
        Draft::new(Schema::of(&shapes, "household", &fields, references), &shapes, day("2026-07-20"));
    for division in DIVISIONS {
        draft.division(division);
    }
    let mut filler =
        Filler { choices: Choices::seeded(u64::from(*seed)), blanks: 2 + usize::from(kind >> 2) % 12, head_is_member };
    let families: Vec<_> = (0..12).map(|_| filler.household()).collect();
    for (index, family) in families.iter().enumerate() {
        draft.push_record(family, DIVISIONS[index % 3]).expect("a family that fits");
    }
    let snapshot = draft.freeze().expect("a snapshot");
    let contexts = contexts();
    let sweep = Sweep::new(&snapshot, vec![Swept { programme: &programme, contexts: contexts.clone() }])
        .expect("the snapshot holds every field");
    let rows = sweep.rows(0);
    let referee = Case::new(programme.source());
    let desk = |context: &rules::Context| {
        Desk::new(&shapes, "household", references, vec![(&programme, context.clone())]).expect("a desk")
    };
    let desks: Vec<Desk<'_>> = contexts.iter().map(desk).collect();
    let mut workspace = Workspace::default();
    let mut at = 0;
    for (index, family) in families.iter().enumerate() {
        desks[index % 3].decide(&desks[index % 3].family(family, &[]), &mut workspace);
        let units = if person { people(family) } else { vec![family.clone()] };
        for unit in units {
            let context = &contexts[index % 3];
            let answer = programme.answer(&unit, context);
            assert_eq!(answer, referee.decide(&unit, context, &shapes), "the referee differs: {text}\n{unit:#?}");
            let fen = answer.amount.as_ref().and_then(|amount| amount.as_number()?.to_scaled(2));
            let swept = (rows[at].outcome, rows[at].amount.map(|amount| amount.0));
            assert_eq!(swept, (answer.outcome, fen), "the sweep differs: {text}\n{unit:#?}");
            at += 1;
        }
        let from = at - workspace.answers(0).len();
        assert_eq!(workspace.answers(0), &rows[from..at], "a desk differs: {text}\n{family:#?}");
    }
});
