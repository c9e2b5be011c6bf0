//! Random well-typed programmes over random families: every answer of the sweep is the evaluator's.

use columns::{Desk, Processor, RowAnswer, Snapshot, Sweep, Swept, Way, Workspace};
use proptest::prelude::*;
use rules::testing::world::{Filler, contexts, people, shapes};
use rules::testing::{Choices, programme};
use rules::{Context, Outcome, Programme, Record};
use vocab::Fen;

use crate::world;

/// What the evaluator says.
pub fn judged(programme: &Programme, record: &Record, context: &Context) -> RowAnswer {
    let decided = programme.decide(record, context);
    let mask = |wanted: Outcome| {
        let conditions = decided.conditions.iter().enumerate();
        conditions.filter(|(_, one)| one.outcome == wanted).fold(0, |mask, (bit, _)| mask | 1 << bit)
    };
    let amount = decided.amount.as_ref().and_then(|amount| amount.as_number());
    RowAnswer {
        outcome: decided.outcome,
        amount: amount.map(|amount| Fen(amount.to_scaled(2).expect("an amount is whole fen"))),
        failed: mask(Outcome::NotMet),
        unknown: mask(Outcome::Unknown),
    }
}

/// Every row and every total of the sweep against the evaluator.
fn compare(
    snapshot: &Snapshot,
    programme: &Programme,
    text: &str,
    families: &[Record],
    (person, head_is_member): (bool, bool),
) -> Result<(Way, Way), TestCaseError> {
    let contexts = contexts();
    let references: &[(&str, &str)] = if head_is_member { &[("head", "members")] } else { &[] };
    let desk = |context: &Context| {
        Desk::new(&shapes(), "household", references, vec![(programme, context.clone())]).expect("a desk")
    };
    let desks: Vec<Desk<'_>> = contexts.iter().map(desk).collect();
    let mut workspace = Workspace::default();
    let swept = Swept { programme, contexts: contexts.clone() };
    let sweep = Sweep::new(snapshot, vec![swept]).expect("the snapshot holds every field");
    let rows = sweep.rows(0);
    let mut at = 0;
    let mut totals = vec![(0, 0, 0, 0, 0); 3];
    for (index, family) in families.iter().enumerate() {
        let division = index % 3;
        let units = if person { people(family) } else { vec![family.clone()] };
        desks[division].decide(&desks[division].family(family, &[]), &mut workspace);
        let said = workspace.answers(0);
        prop_assert_eq!(said, &rows[at..at + units.len()], "at a desk: {}\n{:#?}", text, family);
        for unit in units {
            let wanted = judged(programme, &unit, &contexts[division]);
            prop_assert_eq!(rows[at], wanted, "row {} of {}\n{:#?}", at, text, unit);
            at += 1;
            let total = &mut totals[division];
            match wanted.outcome {
                Outcome::NotMet => total.1 += 1,
                Outcome::Unknown => total.2 += 1,
                Outcome::Met => {
                    total.0 += 1;
                    match wanted.amount {
                        Some(amount) => total.3 += amount.0,
                        None => total.4 += 1,
                    }
                }
            }
        }
    }
    prop_assert_eq!(rows.len(), at);
    let swept = sweep.totals();
    let found: Vec<_> = swept[0]
        .divisions
        .iter()
        .map(|one| (one.met, one.not_met, one.unknown, one.amount.0, one.amount_unknown))
        .collect();
    prop_assert_eq!(&found, &totals, "{}", text);
    for processor in [Processor::Portable, Processor::V3] {
        let same = Sweep::new(snapshot, vec![Swept { programme, contexts: contexts.clone() }]);
        let limited = same.expect("as before").limited_to(processor);
        prop_assert_eq!(limited.totals(), swept.clone(), "{:?} differs: {}", processor, text);
    }
    Ok((sweep.ways()[0].1.clone(), desks[0].ways()[0].1.clone()))
}

fn families(seed: u64, count: usize, blanks: usize, head_is_member: bool) -> Vec<Record> {
    let mut filler = Filler { choices: Choices::seeded(seed), blanks, head_is_member };
    (0..count).map(|_| filler.household()).collect()
}

/// How many random programmes; more when asked for.
pub fn cases(usual: u32) -> u32 {
    std::env::var("HUIMIN_SWEEP_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

#[test]
fn random_programmes_are_decided_as_the_evaluator_does() {
    let (mut vectors, mut at_desks, mut all) = (0u32, 0u32, 0u32);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: cases(300),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let counters = std::cell::RefCell::new((&mut vectors, &mut at_desks, &mut all));
    let inputs = (proptest::collection::vec(any::<u8>(), 0..160), any::<u64>(), any::<bool>(), any::<bool>());
    let run = runner.run(&inputs, |(bytes, seed, person, head_is_member)| {
        let choices = Choices::then_seeded(&bytes, seed);
        let Some((programme, text)) = programme(choices, person) else { return Ok(()) };
        let blanks = [0, 5, 12][seed as usize % 3];
        let families = families(seed, 40, blanks, head_is_member);
        let snapshot = world::snapshot(&families, head_is_member);
        let (way, at_desk) = compare(&snapshot, &programme, &text, &families, (person, head_is_member))?;
        let mut counters = counters.borrow_mut();
        *counters.2 += 1;
        *counters.1 += u32::from(at_desk == Way::Vectors);
        *counters.0 += u32::from(way == Way::Vectors);
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{vectors} of {all} programmes in vectors, {at_desks} at a desk");
    assert!(all > 0 && vectors * 3 > all * 2, "only {vectors} of {all} programmes ran in vectors");
    assert!(at_desks * 2 > all, "only {at_desks} of {all} programmes are worked out at a desk");
}
