//! Every example of the manual is tried.

use super::family::*;

const MANUAL: &str = include_str!("../../../../docs/rules-language.md");

#[test]
fn every_example_of_the_manual_holds() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    let mut inside = false;
    for line in MANUAL.lines() {
        match line {
            "```rules" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            line => {
                tried += 1;
                if let Some((text, wanted)) = line.split_once(" ⇒ ") {
                    let found = match compile(text) {
                        Ok(expression) => expression.evaluate(&family(), &context()).to_string(),
                        Err(diagnostics) => diagnostics[0].to_string(),
                    };
                    if found != wanted {
                        wrong.push(format!("{line}\n    gives {found}"));
                    }
                } else if let Some((text, wanted)) = line.split_once(" ✗ ") {
                    let found = match compile(text) {
                        Ok(_) => "is accepted".to_owned(),
                        Err(diagnostics) => diagnostics[0].zh.clone(),
                    };
                    if !found.starts_with(wanted) {
                        wrong.push(format!("{line}\n    says {found}"));
                    }
                } else {
                    wrong.push(format!("{line}\n    is neither ⇒ nor ✗"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 100, "only {tried} examples were found");
}

#[test]
fn the_manual_names_every_function() {
    let functions = crate::compiled::Function::ALL.iter().map(|(name, _)| *name);
    let aggregates = crate::compiled::AggregateFunction::ALL.iter().map(|(name, _)| *name);
    for name in functions.chain(aggregates).chain(["round"]) {
        assert!(MANUAL.contains(&format!("`{name}(")), "the manual does not describe {name}");
    }
}
