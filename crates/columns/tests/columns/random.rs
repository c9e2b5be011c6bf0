//! Random well-typed programmes over random families: every answer of the sweep is the evaluator's.

use columns::{Processor, RowAnswer, Snapshot, Sweep, Swept, Way};
use proptest::prelude::*;
use rules::{Context, Outcome, Programme, ProgrammeSource, Record};
use vocab::Fen;

use crate::choices::Choices;
use crate::world::{self, Filler, contexts, parameters, people, shapes};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Boolean,
    Number,
    Whole,
    Date,
    Month,
    Housing,
    Disability,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    Household,
    /// A person as the unit.
    Person,
    /// A row of `members`; the path that leads there.
    Member(&'static str),
    Visit(&'static str),
    Vehicle(&'static str),
}

struct Writer {
    choices: Choices,
    unit: View,
}

impl Writer {
    fn write(&mut self, sort: Sort, view: View, depth: usize) -> String {
        if depth == 0 || self.choices.one_in(6) {
            return self.leaf(sort, view);
        }
        let deeper = depth - 1;
        match self.choices.below(14) {
            0 => {
                let (a, b) = (self.write(sort, view, deeper), self.write(sort, view, deeper));
                return format!("coalesce({a}, {b})");
            }
            1 => {
                let when = self.write(Sort::Boolean, view, deeper);
                let (a, b) = (self.write(sort, view, deeper), self.write(sort, view, deeper));
                return format!("CASE WHEN {when} THEN {a} ELSE {b} END");
            }
            2 => {
                let operand = self.write(Sort::Housing, view, deeper);
                let (a, b) = (self.write(sort, view, deeper), self.write(sort, view, deeper));
                return format!("CASE {operand} WHEN 'owned' THEN {a} WHEN 'rented' THEN {b} END");
            }
            _ => {}
        }
        match sort {
            Sort::Boolean => self.boolean(view, deeper),
            Sort::Number => self.number(view, deeper),
            Sort::Whole => self.whole(view, deeper),
            Sort::Date => match self.choices.below(3) {
                0 => {
                    let date = self.write(Sort::Date, view, deeper);
                    format!("add_months({date}, {})", self.write(Sort::Whole, view, deeper))
                }
                1 => {
                    let month = self.write(Sort::Month, view, deeper);
                    format!("{}({month})", self.choices.pick(&["first_day", "last_day"]))
                }
                _ => self.extreme(sort, view, deeper),
            },
            Sort::Month => match self.choices.below(3) {
                0 => {
                    let month = self.write(Sort::Month, view, deeper);
                    format!("add_months({month}, {})", self.write(Sort::Whole, view, deeper))
                }
                1 => format!("month_of({})", self.write(Sort::Date, view, deeper)),
                _ => self.extreme(sort, view, deeper),
            },
            Sort::Housing | Sort::Disability => self.leaf(sort, view),
        }
    }

    fn leaf(&mut self, sort: Sort, view: View) -> String {
        if self.choices.one_in(24) {
            return "NULL".to_owned();
        }
        let home = if self.unit == View::Person { "household." } else { "" };
        let here = match view {
            View::Household | View::Person => String::new(),
            View::Member(path) | View::Visit(path) | View::Vehicle(path) => format!("{path}."),
        };
        let own: &[&str] = match (sort, view) {
            (Sort::Number, View::Member(_)) => &["income", "share", "income"],
            (Sort::Number, View::Person) => &["income", "share", "household.head.income"],
            (Sort::Number, View::Vehicle(_)) => &["value"],
            (Sort::Number, View::Visit(_)) => &["cost"],
            (Sort::Boolean, View::Member(_) | View::Person) => &["student"],
            (Sort::Date, View::Member(_) | View::Person) => &["birthday"],
            (Sort::Disability, View::Member(_) | View::Person) => &["disability"],
            _ => &[],
        };
        if !own.is_empty() && self.choices.below(3) < 2 {
            return format!("{here}{}", self.choices.pick(own));
        }
        let (anywhere, plain): (&[&str], &[&str]) = match sort {
            Sort::Boolean => (&["urban", "head.student"], &["TRUE", "FALSE", "param.strict"]),
            Sort::Number => (
                &["deposits", "debt", "head.income", "head.share"],
                &[
                    "param.standard",
                    "param.limit",
                    "0",
                    "0.05",
                    "1234.5",
                    "3",
                    "-7",
                    "100000",
                    "table.care['1']",
                ],
            ),
            Sort::Whole => (&["rooms", "rooms"], &["1", "0", "-13", "2"]),
            Sort::Date => (
                &["filed_on", "head.birthday"],
                &["law_on", "known_at", "param.begins", "DATE '2024-02-29'", "DATE '2026-12-31'"],
            ),
            Sort::Month => (&["since"], &["month", "MONTH '2024-02'"]),
            Sort::Housing => (&["housing", "housing"], &["'owned'", "'none'", "param.kind"]),
            Sort::Disability => (&["head.disability"], &["'1'", "'4'"]),
        };
        if self.choices.below(2) == 0 {
            return format!("{home}{}", self.choices.pick(anywhere));
        }
        self.choices.pick(plain).to_owned()
    }

    fn extreme(&mut self, sort: Sort, view: View, depth: usize) -> String {
        let (a, b) = (self.write(sort, view, depth), self.write(sort, view, depth));
        format!("{}({a}, {b})", self.choices.pick(&["least", "greatest"]))
    }

    /// A relation that can be aggregated over from here.
    fn relation(&mut self, view: View) -> Option<(&'static str, View)> {
        let pick = self.choices.below(4);
        Some(match (view, pick) {
            (View::Household, 0) => ("vehicles", View::Vehicle("vehicles")),
            (View::Household, 1) => ("head.visits", View::Visit("head.visits")),
            (View::Household, _) => ("members", View::Member("members")),
            (View::Person, 0) => ("household.vehicles", View::Vehicle("household.vehicles")),
            (View::Person, 1) => ("visits", View::Visit("visits")),
            (View::Person, _) => ("household.members", View::Member("household.members")),
            (View::Member("members"), _) => ("members.visits", View::Visit("members.visits")),
            (View::Member(_), _) => ("household.members.visits", View::Visit("household.members.visits")),
            (View::Visit(_) | View::Vehicle(_), _) => return None,
        })
    }

    fn aggregate(&mut self, functions: &[&str], view: View, depth: usize) -> Option<String> {
        let (relation, inside) = self.relation(view)?;
        let field = match inside {
            View::Vehicle(_) => "value",
            View::Visit(_) => "cost",
            View::Member(_) | View::Household | View::Person => "income",
        };
        let function = self.choices.pick(functions);
        let argument = match function {
            "count" => format!("{relation}.*"),
            "bool_or" | "bool_and" => {
                format!("{relation}.{field} > {}", self.write(Sort::Number, inside, depth))
            }
            _ => match self.choices.below(3) {
                0 => format!("{relation}.{field}"),
                1 => format!("{relation}.{field} + {}", self.write(Sort::Number, inside, depth)),
                _ => format!("{relation}.{field} * {}", self.write(Sort::Whole, inside, depth)),
            },
        };
        let filter = match self.choices.below(2) {
            0 => String::new(),
            _ => format!(" FILTER (WHERE {})", self.write(Sort::Boolean, inside, depth)),
        };
        Some(format!("{function}({argument}){filter}"))
    }

    fn boolean(&mut self, view: View, depth: usize) -> String {
        match self.choices.below(10) {
            0 => format!("NOT ({})", self.write(Sort::Boolean, view, depth)),
            1 | 2 => {
                let (a, b) = (self.write(Sort::Boolean, view, depth), self.write(Sort::Boolean, view, depth));
                format!("({a} {} {b})", self.choices.pick(&["AND", "OR"]))
            }
            3 | 4 => {
                let sort = [Sort::Number, Sort::Whole, Sort::Date, Sort::Month][self.choices.below(4)];
                let (a, b) = (self.write(sort, view, depth), self.write(sort, view, depth));
                format!("({a} {} {b})", self.choices.pick(&["<", "<=", ">", ">=", "=", "<>"]))
            }
            5 => {
                let sort = [Sort::Number, Sort::Date, Sort::Month][self.choices.below(3)];
                let [a, b, c] = [0; 3].map(|_| self.write(sort, view, depth));
                format!("({a} {} {b} AND {c})", self.choices.pick(&["BETWEEN", "NOT BETWEEN"]))
            }
            6 => {
                let sort = [Sort::Housing, Sort::Disability][self.choices.below(2)];
                let [a, b, c] = [0; 3].map(|_| self.write(sort, view, depth));
                format!("({a} {} ({b}, {c}))", self.choices.pick(&["IN", "NOT IN"]))
            }
            7 => {
                let sort = [Sort::Number, Sort::Boolean, Sort::Date][self.choices.below(3)];
                let value = self.write(sort, view, depth);
                format!("(({value}) {})", self.choices.pick(&["IS NULL", "IS NOT NULL"]))
            }
            8 => {
                let (a, b) = (self.write(Sort::Boolean, view, depth), self.write(Sort::Boolean, view, depth));
                format!("(({a}) {} ({b}))", self.choices.pick(&["=", "<>"]))
            }
            _ => self
                .aggregate(&["bool_or", "bool_and"], view, depth)
                .unwrap_or_else(|| self.leaf(Sort::Boolean, view)),
        }
    }

    fn number(&mut self, view: View, depth: usize) -> String {
        match self.choices.below(11) {
            0..=2 => {
                let (a, b) = (self.write(Sort::Number, view, depth), self.write(Sort::Number, view, depth));
                format!("({a} {} {b})", self.choices.pick(&["+", "-", "*", "/"]))
            }
            3 => format!("-({})", self.write(Sort::Number, view, depth)),
            4 => {
                let digits = self.choices.pick(&["2", "0", "-2", "1"]);
                format!("round({}, {digits})", self.write(Sort::Number, view, depth))
            }
            5 => format!("abs({})", self.write(Sort::Number, view, depth)),
            6 => self.extreme(Sort::Number, view, depth),
            7 => match self.choices.below(3) {
                0 => format!("table.care[{}]", self.write(Sort::Disability, view, depth)),
                1 => format!("table.rent[{}]", self.write(Sort::Housing, view, depth)),
                _ => format!("table.room[{}]", self.leaf(Sort::Whole, view)),
            },
            _ => {
                let functions = &["sum", "known_sum", "min", "max", "count"];
                self.aggregate(functions, view, depth).unwrap_or_else(|| self.leaf(Sort::Number, view))
            }
        }
    }

    fn whole(&mut self, view: View, depth: usize) -> String {
        match self.choices.below(5) {
            0 => format!("floor({})", self.write(Sort::Number, view, depth)),
            1 => format!("ceil({})", self.write(Sort::Number, view, depth)),
            2 => {
                let (a, b) = (self.write(Sort::Date, view, depth), self.write(Sort::Date, view, depth));
                format!("{}({a}, {b})", self.choices.pick(&["age_at", "months_between", "days_between"]))
            }
            3 => {
                let (a, b) = (self.write(Sort::Month, view, depth), self.write(Sort::Month, view, depth));
                format!("months_between({a}, {b})")
            }
            _ => self.aggregate(&["count"], view, depth).unwrap_or_else(|| self.leaf(Sort::Whole, view)),
        }
    }
}

/// A random programme that the compiler takes, or nothing.
fn programme(bytes: Vec<u8>, seed: u64, person: bool) -> Option<(Programme, String)> {
    let unit = if person { View::Person } else { View::Household };
    let mut writer = Writer { choices: Choices::new(bytes, seed), unit };
    let (money, flag) = (writer.write(Sort::Number, unit, 3), writer.write(Sort::Boolean, unit, 2));
    let conditions: Vec<String> = (0..1 + writer.choices.below(3))
        .map(|index| match index {
            1 => format!("money > {}", writer.leaf(Sort::Number, unit)),
            2 => format!("flag OR {}", writer.write(Sort::Boolean, unit, 2)),
            _ => writer.write(Sort::Boolean, unit, 4),
        })
        .collect();
    let amount = format!("least(greatest(money + {}, 0), 100000)", writer.write(Sort::Number, unit, 2));
    let conditions: Vec<_> = conditions
        .iter()
        .enumerate()
        .map(|(index, text)| {
            serde_json::json!({ "id": format!("c{index}"), "title": "条件", "kind": { "expression": text } })
        })
        .collect();
    let source = serde_json::json!({
        "id": "random",
        "title": "随机",
        "unit_shape": if person { "person" } else { "household" },
        "definitions": [
            { "id": "money", "title": "数", "expr": money },
            { "id": "flag", "title": "是否", "expr": flag },
        ],
        "conditions": conditions,
        "amount": amount,
    });
    let text = serde_json::to_string_pretty(&source).expect("JSON");
    let source: ProgrammeSource = serde_json::from_value(source).expect("a programme's source");
    let programme = Programme::compile(&source, &shapes(), &parameters()).ok()?;
    Some((programme, text))
}

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
    person: bool,
) -> Result<Way, TestCaseError> {
    let contexts = contexts();
    let swept = Swept { programme, contexts: contexts.clone() };
    let sweep = Sweep::new(snapshot, vec![swept]).expect("the snapshot holds every field");
    let rows = sweep.rows(0);
    let mut at = 0;
    let mut totals = vec![(0, 0, 0, 0, 0); 3];
    for (index, family) in families.iter().enumerate() {
        let division = index % 3;
        let units = if person { people(family) } else { vec![family.clone()] };
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
    Ok(sweep.ways()[0].1.clone())
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
    let mut vectors = 0u32;
    let mut all = 0u32;
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: cases(300),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let counters = std::cell::RefCell::new((&mut vectors, &mut all));
    let inputs = (proptest::collection::vec(any::<u8>(), 0..160), any::<u64>(), any::<bool>(), any::<bool>());
    let run = runner.run(&inputs, |(bytes, seed, person, head_is_member)| {
        let Some((programme, text)) = programme(bytes, seed, person) else { return Ok(()) };
        let blanks = [0, 5, 12][seed as usize % 3];
        let families = families(seed, 40, blanks, head_is_member);
        let snapshot = world::snapshot(&families, head_is_member);
        let way = compare(&snapshot, &programme, &text, &families, person)?;
        let mut counters = counters.borrow_mut();
        *counters.1 += 1;
        *counters.0 += u32::from(way == Way::Vectors);
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{vectors} of {all} programmes in vectors");
    assert!(all > 0 && vectors * 3 > all * 2, "only {vectors} of {all} programmes ran in vectors");
}
