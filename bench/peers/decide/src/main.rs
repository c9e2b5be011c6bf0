//! The rules of SPEC.md for one family in `zen-engine` (a graph of one expression node, compiled beforehand) and in `cel` (an
//! expression for each value, those of a person evaluated for each member; sums, rounding and the greater of two numbers are
//! done in Rust, which CEL leaves to its host). Both get the family as values of their own; reading the JSON is apart.
//! `decide-peers FAMILY.json` prints a JSON line each: the monthly amount of each programme and microseconds a family.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use cel::{Context, Program, Value};
use serde_json::{Value as Json, json};
use zen_engine::DecisionEngine;
use zen_engine::model::DecisionContent;

/// The standard of SPEC.md 6, by district.
const URBAN: [f64; 10] = [1110., 1060., 1010., 965., 930., 905., 880., 850., 820., 790.];
const RURAL: [f64; 10] = [900., 860., 830., 800., 775., 750., 720., 690., 660., 630.];

/// The median of fifty rounds and the least, in microseconds a run.
fn timed(run: &mut dyn FnMut()) -> (f64, f64) {
    let mut rounds: Vec<f64> = (0..50)
        .map(|_| {
            let start = Instant::now();
            (0..40).for_each(|_| run());
            start.elapsed().as_nanos() as f64 / 40_000.0
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    (rounds[rounds.len() / 2], rounds[0])
}

fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).expect("a file")).expect("a family");
    let mut family: Json = serde_json::from_str(&text).expect("JSON");
    let table = if family["members"][0]["hukou"] == 0 { URBAN } else { RURAL };
    family["std"] = json!(table[family["district"].as_u64().expect("a district") as usize]);
    zen(&family);
    Cel::new().report(&family);
}

const PROGRAMMES: [&str; 13] = [
    "dibao", "topup", "marginal", "single", "rigid_poor", "tekun", "care", "dis_living", "nursing", "elderly", "orphan",
    "unsupported", "eldercare",
];

fn zen(family: &Json) {
    let content: DecisionContent = serde_json::from_str(include_str!("rules.json")).expect("a graph");
    let mut decision = DecisionEngine::default().create_decision(Arc::new(content)).expect("a graph");
    decision.compile();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let input: zen_engine::Variable = family.clone().into();
    let run = || runtime.block_on(decision.evaluate(black_box(input.clone()))).expect("an answer");
    let result: Json = run().result.to_value();
    let amounts: serde_json::Map<String, Json> =
        PROGRAMMES.iter().map(|id| ((*id).to_owned(), result[id].clone())).collect();
    let (median, least) = timed(&mut || drop(black_box(run())));
    println!("{}", json!({ "engine": "zen-engine", "us": median, "us_least": least, "amounts": amounts }));
}

/// Compiled expressions.
struct Cel {
    countable: Program,
    household: [(&'static str, Program); 5],
    gap: Program,
    person: [(&'static str, Program); 2],
    amounts: Program,
}

impl Cel {
    fn new() -> Cel {
        let compiled = |text: &str| Program::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        Cel {
            countable: compiled(
                "m.wage + m.business + m.property + m.transfer - (m.employed && m.work_ability >= 1 ? 0.2 * m.wage : 0.0)",
            ),
            household: [
                ("per_capita", compiled("hh_income / n")),
                ("assets_ok", compiled("assets <= 24.0 * std * n && cars == 0 && houses <= 1")),
                ("dibao", compiled("per_capita < std && assets_ok")),
                ("marginal", compiled("std <= per_capita && per_capita < 2.0 * std && assets_ok")),
                (
                    "rigid_poor",
                    compiled(
                        "(hh_income * 12.0 - (rigid + medical)) / n / 12.0 < std && per_capita < 3.0 * std && assets_ok && !dibao",
                    ),
                ),
            ],
            gap: compiled("(std - per_capita) * n"),
            person: [
                ("severe", compiled("m.dis_level >= 1 && m.dis_level <= 2")),
                (
                    "tekun",
                    compiled(
                        "(m.age >= 60 || m.age < 18 || severe || m.work_ability == 0) && countable < std && !m.has_supporter",
                    ),
                ),
            ],
            amounts: compiled(
                "[dibao && (m.age >= 70 || severe || m.serious || m.age <= 14) ? 0.2 * std : 0.0, \
                 marginal && (m.serious || severe) ? std - countable : 0.0, \
                 tekun ? 1.3 * std : 0.0, \
                 tekun ? [0.0, 251.0, 418.0, 835.0][m.care_level] : 0.0, \
                 m.dis_level >= 1 && (dibao || marginal) ? 90.0 : 0.0, \
                 severe || ((m.dis_type == 5 || m.dis_type == 6) && m.dis_level >= 3) ? 80.0 : 0.0, \
                 m.age >= 100 ? 500.0 : m.age >= 90 ? 100.0 : m.age >= 80 ? 50.0 : 0.0, \
                 m.orphan ? 1280.0 : 0.0, \
                 m.defacto && !m.orphan ? 1280.0 : 0.0, \
                 m.age >= 60 && m.care_level >= 2 && (dibao || marginal || tekun) ? 300.0 : 0.0]",
            ),
        }
    }

    fn run(&self, context: &mut Context<'_, '_>, members: &[Value], medical: f64) -> [f64; 13] {
        let number = |value: Value| if let Value::Float(number) = value { number } else { panic!("{value:?}") };
        let truth = |value: &Value| matches!(value, Value::Bool(true));
        let round = |value: f64| (value * 100.0 + 0.5).floor() / 100.0;
        let mut countable = [0.0; 16];
        let mut income = 0.0;
        for (member, countable) in members.iter().zip(&mut countable) {
            context.add_variable_from_value("m", member.clone());
            *countable = number(self.countable.execute(context).expect("a number"));
            income += *countable;
        }
        context.add_variable_from_value("hh_income", Value::Float(income));
        context.add_variable_from_value("n", Value::Float(members.len() as f64));
        context.add_variable_from_value("medical", Value::Float(medical));
        let mut is = [false; 5];
        for ((name, program), is) in self.household.iter().zip(&mut is) {
            let value = program.execute(context).expect("a value");
            *is = truth(&value);
            context.add_variable_from_value(*name, value);
        }
        let [_, _, dibao, marginal, rigid] = is;
        let mut sums = [0.0; 13];
        if dibao {
            sums[0] = round(number(self.gap.execute(context).expect("a number"))).max(30.0);
        }
        (sums[2], sums[4]) = (f64::from(u8::from(marginal)), f64::from(u8::from(rigid)));
        for (member, countable) in members.iter().zip(countable) {
            context.add_variable_from_value("m", member.clone());
            context.add_variable_from_value("countable", Value::Float(countable));
            for (name, program) in &self.person {
                let value = program.execute(context).expect("a value");
                context.add_variable_from_value(*name, value);
            }
            let Value::List(amounts) = self.amounts.execute(context).expect("a list") else { panic!("a list") };
            let places = [1, 3, 5, 6, 7, 8, 9, 10, 11, 12];
            for (place, amount) in places.into_iter().zip(amounts.iter()) {
                let amount = number(amount.clone());
                sums[place] += if place == 3 && amount > 0.0 { round(amount).max(30.0) } else { amount };
            }
        }
        sums
    }

    fn report(&self, family: &Json) {
        let members: Vec<Value> = family["members"].as_array().expect("members").iter().map(value).collect();
        let medical = family["members"].as_array().expect("members").iter().filter_map(|one| one["medical"].as_f64()).sum();
        let mut context = Context::default();
        for (name, one) in family.as_object().expect("a family") {
            if name != "members" && name != "expect" {
                context.add_variable_from_value(name.as_str(), value(one));
            }
        }
        let sums = self.run(&mut context, &members, medical);
        let amounts: serde_json::Map<String, Json> =
            PROGRAMMES.iter().zip(sums).map(|(id, sum)| ((*id).to_owned(), json!(sum))).collect();
        let (median, least) = timed(&mut || _ = black_box(self.run(&mut context, black_box(&members), medical)));
        println!("{}", json!({ "engine": "cel", "us": median, "us_least": least, "amounts": amounts }));
    }
}

/// As CEL has it.
fn value(json: &Json) -> Value {
    match json {
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) if number.is_f64() => Value::Float(number.as_f64().expect("a number")),
        Json::Number(number) => Value::Int(number.as_i64().expect("a number")),
        Json::Object(fields) => fields
            .iter()
            .map(|(name, one)| (name.clone(), value(one)))
            .collect::<std::collections::HashMap<String, Value>>()
            .into(),
        _ => Value::Null,
    }
}
