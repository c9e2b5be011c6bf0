//! Random well-typed expressions and random records, drawn from a string of bytes (so that proptest can shrink them):
//! the evaluator against the referee, and the laws that every expression obeys.

use proptest::prelude::*;

use super::family;
use crate::check::Checker;
use crate::parser::parse;
use crate::range::Range;
use crate::testing::world::{Filler, contexts, parameters, shapes};
use crate::testing::{Choices, Plain, Referee, Sort, View, Writer};
use crate::{Context, Expression, Record, Type, Value};

fn household(bytes: &[u8], blanks: usize) -> Record {
    Filler { choices: Choices::new(bytes), blanks, head_is_member: false }.household()
}

fn context() -> Context {
    contexts().remove(0)
}

/// An expression and what it gives.
fn expression(bytes: &[u8], strict: bool) -> (String, Type) {
    let mut choices = Choices::new(bytes);
    let (sort, ty) = match choices.below(6) {
        0 => (Sort::Boolean, Type::Boolean),
        1 => (Sort::Number, Type::number(2)),
        2 => (Sort::Whole, Type::number(0)),
        3 => (Sort::Date, Type::Date),
        4 => (Sort::Month, Type::Month),
        _ => (Sort::Housing, Type::code("housing")),
    };
    let mut writer = Writer { choices, unit: View::Household, strict, texts: true };
    (writer.write(sort, View::Household, 4), ty)
}

fn compiled((text, ty): &(String, Type)) -> Expression {
    Expression::compile(text, "household", &shapes(), &parameters(), ty)
        .unwrap_or_else(|diagnostics| panic!("a well-typed expression was refused: {text}\n{diagnostics:#?}"))
}

/// A record in which about one unknown in three of `from` is known as in `full`, which it came from.
fn blank(full: &Record, choices: &mut Choices) -> Record {
    let mut record = Record::new();
    for (field, value) in &full.fields {
        if choices.below(3) != 0 {
            record.fields.insert(field.clone(), value.clone());
        }
    }
    for (relation, related) in &full.one {
        if choices.below(6) != 0 {
            record.one.insert(relation.clone(), blank(related, choices));
        }
    }
    for (relation, rows) in &full.many {
        if choices.below(6) != 0 {
            let rows = rows.iter().map(|row| blank(row, choices)).collect();
            record.many.insert(relation.clone(), rows);
        }
    }
    record
}

/// Copies what stands at a trace's path from one record to the other.
fn tell(path: &str, from: &Record, to: &mut Record) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (first.split_once('['), rest) {
        (Some((relation, index)), Some(rest)) => {
            let index: usize = index.trim_end_matches(']').parse().expect("an index");
            let rows = to.many.get_mut(relation).expect("known rows");
            tell(rest, &from.many[relation][index], &mut rows[index]);
        }
        (None, Some(rest)) => tell(rest, &from.one[first], to.one.entry(first.to_owned()).or_default()),
        (_, None) => {
            if let Some(value) = from.fields.get(first) {
                to.fields.insert(first.to_owned(), value.clone());
            } else {
                to.many.insert(first.to_owned(), from.many[first].clone());
            }
        }
    }
}

fn bytes(length: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), length)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(3000), ..ProptestConfig::default() })]

    #[test]
    fn the_evaluator_agrees_with_the_referee(tree in bytes(120), facts in bytes(100), blanks in 0usize..6) {
        let written = expression(&tree, false);
        let text = &written.0;
        let (record, context, shapes) = (household(&facts, blanks), context(), shapes());
        let value = compiled(&written).evaluate(&record, &context);
        let parsed = parse(text).expect("it was compiled");
        let definitions = std::collections::BTreeMap::new();
        let referee = Referee { shapes: &shapes, context: &context, definitions: &definitions };
        let wanted = referee.evaluate(&parsed, &record, "household");
        prop_assert_eq!(Plain::from(&value), wanted, "{}", text);
    }

    #[test]
    fn learning_more_never_changes_a_known_answer(tree in bytes(120), facts in bytes(100), holes in bytes(80)) {
        let written = expression(&tree, true);
        let text = &written.0;
        let (context, full) = (context(), household(&facts, 0));
        let partial = blank(&full, &mut Choices::new(&holes));
        let compiled = compiled(&written);
        let before = compiled.evaluate(&partial, &context);
        if before.is_known() {
            prop_assert_eq!(compiled.evaluate(&full, &context), before, "{}", text);
        }
    }

    #[test]
    fn what_is_missing_is_all_that_is_missing(tree in bytes(120), facts in bytes(100), holes in bytes(80)) {
        let written = expression(&tree, true);
        let text = &written.0;
        let (context, full): (Context, _) = (context(), household(&facts, 0));
        let mut partial = blank(&full, &mut Choices::new(&holes));
        let compiled = compiled(&written);
        let wanted = compiled.evaluate(&full, &context);
        // Asking only for what is named as missing leads to the answer that full knowledge gives.
        for _ in 0..50 {
            if compiled.evaluate(&partial, &context).is_known() {
                break;
            }
            for missing in compiled.missing(&partial, &context) {
                if !missing.path.starts_with("table.") {
                    tell(&missing.path, &full, &mut partial);
                }
            }
        }
        prop_assert_eq!(compiled.evaluate(&partial, &context), wanted, "{}", text);
    }

    #[test]
    fn what_is_proven_of_a_number_is_true(tree in bytes(120), facts in bytes(100), blanks in 0usize..6) {
        let written = expression(&tree, false);
        let text = &written.0;
        let (shapes, parameters) = (shapes(), parameters());
        let mut checker = Checker {
            shapes: &shapes,
            unit: &shapes.shapes["household"],
            parameters: &parameters,
            definitions: &[],
            bound: vec![],
            diagnostics: vec![],
        };
        let (_, typed) = checker.check(&parse(text).expect("parses")).expect("is well typed");
        if let Value::Number(number) = compiled(&written).evaluate(&household(&facts, blanks), &context()) {
            let Range { min, max, scale } = &typed.range;
            prop_assert!(min.as_ref().is_none_or(|min| *min <= number), "{} = {} < {:?}", text, number, min);
            prop_assert!(max.as_ref().is_none_or(|max| *max >= number), "{} = {} > {:?}", text, number, max);
            let decimals = number.decimals();
            prop_assert!(scale.is_none_or(|scale| decimals.is_some_and(|d| d <= scale)), "{} = {}", text, number);
        }
    }

    #[test]
    fn no_text_breaks_the_parser(text in "[a-z0-9 ().,'+*/<>=且或非，（）\\[\\]-]{0,60}|\\PC{0,40}") {
        if let Err(diagnostics) = family::compile(&text) {
            for diagnostic in diagnostics {
                prop_assert!(diagnostic.span.start <= text.chars().count());
                prop_assert!(!diagnostic.excerpt(&text).is_empty());
            }
        }
    }
}
