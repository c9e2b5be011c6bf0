//! Every example of the manual is tried.

use super::family::*;
use crate::*;

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

/// The lines of every block of one kind.
fn blocks(kind: &str) -> Vec<Vec<&'static str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut inside = false;
    for line in MANUAL.lines() {
        if line.strip_prefix("```") == Some(kind) {
            inside = true;
            blocks.push(Vec::new());
        } else if line == "```" {
            inside = false;
        } else if inside && let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    blocks
}

/// What a determination says of one thing that the manual asks about.
fn told(determination: &Determination, asked: &str) -> String {
    let shown = |value: &Option<Value>| value.as_ref().map_or(String::new(), Value::to_string);
    let word = |outcome| match outcome {
        Outcome::Met => "met",
        Outcome::NotMet => "not_met",
        Outcome::Unknown => "unknown",
    };
    match asked {
        "outcome" => word(determination.outcome).to_owned(),
        "amount" => shown(&determination.amount),
        "review_months" => shown(&determination.review_months),
        "taper_months" => shown(&determination.taper_months),
        "flip" => determination.flip.as_ref().map_or(String::new(), |flip| flip.text.clone()),
        "missing" => {
            let paths: Vec<&str> =
                determination.missing.iter().map(|missing| missing.path.as_str()).collect();
            paths.join(" ")
        }
        other => {
            let id = other.strip_prefix("condition.").unwrap_or_else(|| panic!("nobody can tell {other}"));
            let found = determination.conditions.iter().find(|condition| condition.id == id);
            word(found.unwrap_or_else(|| panic!("there is no condition {id}")).outcome).to_owned()
        }
    }
}

#[test]
fn every_programme_of_the_manual_decides_as_it_says() {
    let mut tried = 0;
    for block in blocks("programme") {
        let end = block.iter().position(|line| *line == "}").expect("a programme ends");
        let source: ProgrammeSource = serde_json::from_str(&block[..=end].join("\n"))
            .unwrap_or_else(|error| panic!("{error}: {block:?}"));
        let programme = Programme::compile(&source, &shapes(), &parameters())
            .unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}"));
        for line in &block[end + 1..] {
            tried += 1;
            let (question, wanted) = line.split_once(" ⇒").unwrap_or_else(|| panic!("{line}"));
            let mut asked = question.split(", ");
            let what = asked.next().expect("a question");
            let (mut record, mut context) = (family(), context());
            for setting in asked {
                let (name, value) = setting.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
                if name == "law_on" {
                    context.law_on = day(value);
                } else if let "yes" | "no" = value {
                    let finding = super::deciding::found(Some(value == "yes"));
                    context.findings.insert(name.to_owned(), finding);
                } else {
                    record.fields.insert(name.to_owned(), evaluate(value, &family()));
                }
            }
            let found = told(&programme.decide(&record, &context), what);
            assert_eq!(found, wanted.trim(), "{line}");
        }
    }
    assert!(tried >= 15, "only {tried} lines were found");
}

#[test]
fn every_exclusion_of_the_manual_is_settled_as_it_says() {
    let mut tried = 0;
    for line in blocks("exclusion").concat() {
        tried += 1;
        let (question, wanted) = line.split_once(" ⇒ ").unwrap_or_else(|| panic!("{line}"));
        let (rule, claims) = question.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        let (rule, chosen) = match rule.split_once(" of ") {
            Some((rule, chosen)) => (rule, vec![("1", chosen)]),
            None => (rule, vec![]),
        };
        let rule: ExclusionRule =
            serde_json::from_value(rule.into()).unwrap_or_else(|error| panic!("{line}: {error}"));
        let written: Vec<_> = claims
            .split(", ")
            .map(|claim| {
                let words: Vec<&str> = claim.split(' ').collect();
                let outcome = match words[1] {
                    "yes" => Some(true),
                    "no" => Some(false),
                    _ => None,
                };
                (words[0], outcome, Some(words[2]), "1")
            })
            .collect();
        let settled = super::exclusion::settled(rule, &written, &chosen);
        let found: Vec<String> = settled
            .iter()
            .map(|one| {
                let standing = one.split(' ').nth(1).expect("a standing");
                let word = match standing {
                    "Pays" => "pays",
                    "Excluded" => "excluded",
                    "NotMet" => "not_met",
                    _ => "unknown",
                };
                format!("{} {word}", &one[..1])
            })
            .collect();
        assert_eq!(found.join(", "), wanted, "{line}");
    }
    assert!(tried >= 10, "only {tried} lines were found");
}

#[test]
fn every_lint_of_the_manual_speaks() {
    let mut tried = 0;
    for line in blocks("lints").concat() {
        tried += 1;
        let (text, wanted) = line.split_once(" ⚠").unwrap_or_else(|| panic!("{line}"));
        let is_condition =
            Expression::compile(text, "household", &shapes(), &parameters(), &Type::Boolean).is_ok();
        let (condition, amount) = if is_condition { (text, "0") } else { ("urban", text) };
        let mut source = ProgrammeSource::new("p", "项目", "household");
        source.conditions = vec![ConditionSource {
            id: "c".to_owned(),
            title: "条件".to_owned(),
            basis: vec![],
            kind: ConditionKind::Expression(condition.to_owned()),
            tapers: false,
        }];
        source.amount = Some(amount.to_owned());
        let programme = Programme::compile(&source, &shapes(), &parameters()).expect("compiles");
        let said: Vec<String> =
            programme.lints(&shapes()).into_iter().map(|lint| lint.diagnostic.zh).collect();
        let wanted = wanted.trim();
        let fits =
            if wanted.is_empty() { said.is_empty() } else { said.iter().any(|zh| zh.starts_with(wanted)) };
        assert!(fits, "{line}\n    says {said:?}");
    }
    assert!(tried >= 10, "only {tried} lines were found");
}

#[test]
fn the_manual_names_every_function() {
    let functions = compiled::Function::ALL.iter().map(|(name, _)| *name);
    let aggregates = compiled::AggregateFunction::ALL.iter().map(|(name, _)| *name);
    for name in functions.chain(aggregates).chain(["round"]) {
        assert!(MANUAL.contains(&format!("`{name}(")), "the manual does not describe {name}");
    }
}
