//! No text breaks the parser, the checker or the lints, and what compiles can be decided, explained and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rules::testing::world::{contexts, parameters, shapes};
use rules::testing::{Choices, world::Filler};
use rules::{ConditionKind, ConditionSource, Programme, ProgrammeSource};

fuzz_target!(|text: &str| {
    let mut source = ProgrammeSource::new("p", "项目", "household");
    source.conditions = vec![ConditionSource {
        id: "c".to_owned(),
        title: "条件".to_owned(),
        basis: Vec::new(),
        kind: ConditionKind::Expression(text.to_owned()),
        tapers: false,
    }];
    let shapes = shapes();
    match Programme::compile(&source, &shapes, &parameters()) {
        Err(diagnostics) => {
            for diagnostic in diagnostics {
                assert!(diagnostic.span.start <= text.chars().count());
                let _ = (diagnostic.excerpt(text), diagnostic.to_string());
            }
        }
        Ok(programme) => {
            let context = contexts().remove(0);
            let family =
                Filler { choices: Choices::seeded(1), blanks: 5, head_is_member: false }.household();
            let _ = (programme.lints(&shapes), programme.lints_in(&context, &shapes), programme.reading());
            assert_eq!(
                programme.decide(&family, &context).outcome,
                programme.answer(&family, &context).outcome
            );
        }
    }
});
