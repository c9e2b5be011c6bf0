//! The shipped programmes as SQL give what the rules give, family by family, on real engines.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rules::sql::{Dialect, Options, Places, create_tables, insert_rows, query};
use rules::{Outcome, Programme, Rational, Record, Shapes, Type, Value};
use vocab::Month;

use crate::demo;
use crate::engines::{engines, run};

/// Numbers that come out the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }
}

/// A value of a type: edges and ordinary values; unknown once in `blanks`.
fn value(dice: &mut Dice, ty: &Type, shapes: &Shapes, blanks: usize) -> Value {
    if blanks > 0 && dice.below(blanks) == 0 {
        return Value::Unknown;
    }
    match ty {
        Type::Boolean => (dice.below(3) > 0).into(),
        Type::Number { scale, min, max } => {
            let bound =
                |bound: &Option<Rational>, otherwise: i64| bound.clone().unwrap_or_else(|| otherwise.into());
            let (min, max) = (bound(min, -1_000_000), bound(max, 1_000_000));
            let small =
                Rational::from_scaled(dice.below(if *scale == 0 { 8 } else { 90_000 }) as i64, *scale);
            let picked = match dice.below(24) {
                0 => min.clone(),
                1 => max.clone(),
                2..=14 => Rational::ZERO,
                15 => Rational::from(dice.below(4) as i64),
                16 => Rational::from_scaled(1, *scale),
                _ => small,
            };
            picked.max(min).min(max).into()
        }
        Type::Date => {
            let days = 700_000 + dice.below(39_900) as i32;
            NaiveDate::from_num_days_from_ce_opt(days).expect("a day of the last hundred years").into()
        }
        Type::Month => {
            Month::new(2020 + dice.below(7) as i32, 1 + dice.below(12) as u32).expect("a month").into()
        }
        Type::Code { codelist } => {
            let codes: Vec<&String> = shapes.codelists[codelist].keys().collect();
            // Where there is a code for none, most have it.
            let none = codes.iter().find(|code| **code == "none").filter(|_| dice.below(3) > 0);
            none.unwrap_or(&codes[dice.below(codes.len())]).as_str().into()
        }
        Type::Text => "某".into(),
    }
}

fn record(dice: &mut Dice, shape: &str, shapes: &Shapes, blanks: usize) -> Record {
    let mut record = Record::new();
    for (id, field) in &shapes.shapes[shape].fields {
        record.fields.insert(id.clone(), value(dice, &field.ty, shapes, blanks));
    }
    record
}

/// A household with its members, or (for a programme of persons) a member with the household.
fn family(dice: &mut Dice, unit: &str, shapes: &Shapes) -> Record {
    let blanks = [0, 0, 40, 12][dice.below(4)];
    // Who is decided alone is a member of the household they live in.
    let count = [1, 1, 2, 3, 4, 5, usize::from(unit == "person")][dice.below(7)];
    let members: Vec<Record> = (0..count).map(|_| record(dice, "person", shapes, blanks)).collect();
    let own = members.first().cloned();
    let mut household = record(dice, "household", shapes, blanks);
    if dice.below(30) > 0 {
        household = household.with_many("members", members);
    }
    if unit == "household" {
        return household;
    }
    let own = own.unwrap_or_else(|| record(dice, "person", shapes, blanks));
    if dice.below(30) == 0 { own } else { own.with_one("household", household) }
}

/// Families that are put into the engines' tables at a time; every programme is asked about them there.
const AT_ONCE: usize = 10_000;

#[test]
#[ignore = "needs the engines: tests/sql.sh"]
fn the_shipped_programmes_give_the_same_in_sql() {
    let release = demo();
    let shapes = release.shapes();
    let families: usize =
        std::env::var("HUIMIN_SQL_FAMILIES").ok().and_then(|number| number.parse().ok()).unwrap_or(2_000);
    let day = NaiveDate::from_ymd_opt(2026, 10, 1).expect("a day");
    let month = Month::new(2026, 10).expect("a month");
    let officer = |context: &mut rules::Context, id: &str| {
        let (officer, reason) = ("王某".to_owned(), "入户".to_owned());
        let finding = rules::FindingValue { met: Some(true), officer, reason, recorded_on: day };
        context.findings.entry(id.to_owned()).or_insert(finding);
    };
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for programme in release.programmes.iter() {
        let rules = release.rules(&programme.id).expect("compiled");
        let mut context = release.context(&programme.id, "150302001002", month, day, day);
        for condition in &programme.conditions {
            if condition.expr.is_none() {
                officer(&mut context, &condition.id);
            }
        }
        asked.push(Asked { rules, context, met: 0, open: 0 });
    }
    let units: BTreeSet<&str> = asked.iter().map(|one| one.rules.source().unit_shape.as_str()).collect();
    for unit in units {
        let mut dice = Dice(20_260_701);
        let mut done = 0;
        while done < families {
            let batch: Vec<Record> =
                (0..(families - done).min(AT_ONCE)).map(|_| family(&mut dice, unit, shapes)).collect();
            done += batch.len();
            let of_unit = asked.iter_mut().filter(|one| one.rules.source().unit_shape == unit);
            let mut of_unit: Vec<&mut Asked<'_>> = of_unit.collect();
            compare(&mut of_unit, unit, &batch, shapes);
            eprintln!("{unit}: {done} of {families}");
        }
    }
    let mut thin = Vec::new();
    for one in &asked {
        let (id, engines) = (&one.rules.source().id, engines().join(", "));
        println!("{id}: {families} families agree on {engines}; {} met, {} unknown", one.met, one.open);
        if one.met == 0 || one.open == 0 {
            thin.push(id.as_str());
        }
    }
    // Few at random have just the income to fall between two limits; the rule cases see those.
    assert!(thin.len() * 2 < asked.len(), "nobody is met, or nobody unknown, under {}", thin.join("、"));
}

/// A programme, what it is decided with, and how it came out so far.
struct Asked<'r> {
    rules: &'r Programme,
    context: rules::Context,
    met: usize,
    open: usize,
}

/// The evaluator's outcome and amount of every unit, as the engines write them.
fn ours(one: &mut Asked<'_>, batch: &[Record]) -> Vec<[String; 2]> {
    let mut decided = |record: &Record| {
        let answer = one.rules.answer(record, &one.context);
        let outcome = match answer.outcome {
            Outcome::Met => "met",
            Outcome::NotMet => "not_met",
            Outcome::Unknown => "unknown",
        };
        one.met += usize::from(answer.outcome == Outcome::Met);
        one.open += usize::from(answer.outcome == Outcome::Unknown);
        let fen = answer.amount.and_then(|amount| amount.as_number()?.to_scaled(2));
        [outcome.to_owned(), fen.map_or(String::new(), |fen| fen.to_string())]
    };
    batch.iter().map(&mut decided).collect()
}

/// Every programme of one unit over the same families, in each engine: the tables are filled once.
fn compare(asked: &mut [&mut Asked<'_>], unit: &str, batch: &[Record], shapes: &Shapes) {
    let rows: Vec<(Option<&str>, &Record)> = batch.iter().map(|record| (None, record)).collect();
    let expected: Vec<Vec<[String; 2]>> = asked.iter_mut().map(|one| ours(one, batch)).collect();
    let mut tables: Vec<String> =
        create_tables(unit, shapes).lines().map(|line| line.trim_end_matches(';').to_owned()).collect();
    tables.extend(insert_rows(unit, shapes, &rows, 1));
    for engine in engines() {
        let dialect = Dialect::of(&engine).expect("an engine we write for");
        let mut statements = tables.clone();
        if engine != "duckdb" {
            statements.push("ANALYZE".to_owned());
        }
        for one in asked.iter() {
            let sql = query(one.rules, shapes, Places::Everywhere(&one.context), Options::default(), dialect);
            statements
                .push(sql.unwrap_or_else(|error| panic!("{engine}, {}: {error}", one.rules.source().id)));
        }
        let results = run(&engine, &statements);
        for ((one, expected), result) in asked.iter().zip(&expected).zip(&results) {
            let id = &one.rules.source().id;
            let mut compared = 0;
            for row in result {
                let index = row[0].parse::<usize>().expect("an id") - 1;
                // Members are rows of the unit's table too, where it is the table of persons.
                let Some(ours) = expected.get(index) else { continue };
                compared += 1;
                assert_eq!(row[1..3], ours[..], "{engine}, {id}: {:?}", batch[index]);
            }
            assert_eq!(compared, batch.len(), "{engine}, {id}");
        }
    }
}
