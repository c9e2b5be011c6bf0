//! A programme as SQL gives the answers that we give: random programmes over random families, on real engines.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::engines::{engines, run};
use crate::sql::{Dialect, Options, Places, SqlError, create_tables, insert_rows, query};
use crate::testing::world::{Filler, contexts, day, number, parameters, shapes};
use crate::testing::{Choices, Sort, View, Writer};
use crate::*;

fn context() -> Context {
    contexts().remove(0)
}

/// A household in which something is unknown about once in `blanks`.
fn household(bytes: &[u8], blanks: usize) -> Record {
    Filler { choices: Choices::new(bytes), blanks, head_is_member: false }.household()
}

fn programme(
    condition: &[&str],
    definitions: &[(&str, &str)],
    amount: &str,
) -> Result<Programme, Vec<Diagnostic>> {
    let mut source = ProgrammeSource::new("p", "项目", "household");
    source.conditions = condition
        .iter()
        .enumerate()
        .map(|(index, text)| ConditionSource {
            id: format!("c{index}"),
            title: "条件".to_owned(),
            basis: vec![],
            kind: ConditionKind::Expression((*text).to_owned()),
            tapers: false,
        })
        .collect();
    source.definitions = definitions
        .iter()
        .map(|(id, text)| DefinitionSource {
            id: (*id).to_owned(),
            title: (*id).to_owned(),
            expr: (*text).to_owned(),
            unit: None,
        })
        .collect();
    source.amount = Some(amount.to_owned());
    Programme::compile(&source, &shapes(), &parameters())
}

/// What we say of a family, as a row of the query without its id.
fn ours(programme: &Programme, record: &Record, context: &Context) -> Vec<String> {
    let decided = programme.decide(record, context);
    let outcome = match decided.outcome {
        Outcome::Met => "met",
        Outcome::NotMet => "not_met",
        Outcome::Unknown => "unknown",
    };
    let fen = decided.amount.and_then(|amount| amount.as_number()?.to_scaled(2));
    let mut row = vec![outcome.to_owned(), fen.map_or(String::new(), |fen| fen.to_string())];
    row.extend(decided.conditions.iter().map(|condition| match condition.outcome {
        Outcome::Met => "1".to_owned(),
        Outcome::NotMet => "0".to_owned(),
        Outcome::Unknown => String::new(),
    }));
    row
}

/// Runs programmes over families on an engine; everything that is not as we say.
fn differences(
    engine: &str,
    programmes: &[(String, Programme)],
    families: &[Record],
    places: Places<'_>,
) -> (usize, usize, Vec<String>) {
    let dialect = Dialect::of(engine).expect("an engine we write for");
    let shapes = shapes();
    let divided: Vec<(Option<&str>, &Record)> = match places {
        Places::Everywhere(_) => families.iter().map(|record| (None, record)).collect(),
        Places::ByDivision(places) => families
            .iter()
            .zip(places.iter().cycle())
            .map(|(record, (code, _))| (Some(code.as_str()), record))
            .collect(),
    };
    let mut statements: Vec<String> = create_tables("household", &shapes)
        .lines()
        .map(|line| line.trim_end_matches(';').to_owned())
        .collect();
    statements.extend(insert_rows("household", &shapes, &divided, 1));
    let (mut written, mut refused) = (Vec::new(), 0);
    for (text, programme) in programmes {
        match query(programme, &shapes, places, Options::default(), dialect) {
            Ok(sql) => {
                statements.push(sql);
                written.push((text, programme));
            }
            Err(SqlError::TooWide | SqlError::Divisors) => refused += 1,
            Err(other) => panic!("{text}: {other}"),
        }
    }
    let results = run(engine, &statements);
    let mut wrong = Vec::new();
    for ((text, programme), rows) in written.iter().zip(&results) {
        assert_eq!(rows.len(), families.len(), "{engine}: {text}");
        for row in rows {
            let index: usize = row[0].parse::<usize>().expect("an id") - 1;
            let context = match places {
                Places::Everywhere(context) => context,
                Places::ByDivision(places) => &places[index % places.len()].1,
            };
            let wanted = ours(programme, &families[index], context);
            if row[1..] != wanted {
                wrong.push(format!(
                    "{engine}: {text}\n  gives {:?}, not {wanted:?}\n  {:?}",
                    &row[1..],
                    families[index]
                ));
            }
        }
    }
    (written.len(), refused, wrong)
}

fn bytes(random: &mut TestRng, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    random.fill_bytes(&mut bytes);
    bytes
}

/// Random programmes that compile, with their texts.
fn random_programmes(random: &mut TestRng, count: usize) -> Vec<(String, Programme)> {
    let mut programmes = Vec::new();
    while programmes.len() < count {
        let tree = bytes(random, 400);
        let choices = Choices::new(&tree);
        let mut writer = Writer { choices, unit: View::Household, strict: false, texts: true };
        let mut write = |sort, depth| writer.write(sort, View::Household, depth);
        let (number, whole) = (write(Sort::Number, 3), write(Sort::Whole, 3));
        let conditions = [write(Sort::Boolean, 4), write(Sort::Boolean, 3)];
        let amount = write(Sort::Number, 4);
        // A met programme shows its amount.
        let shown = format!("({}) OR urban", conditions[0]);
        let amount = format!("least(greatest({amount} + d, -1000000), 1000000)");
        let definitions = [("d", number.as_str()), ("e", whole.as_str())];
        let conditions = [shown.as_str(), conditions[1].as_str(), "e IS NULL OR e < 5 OR TRUE"];
        let text = format!("d = {number}; e = {whole}; {conditions:?}; {amount}");
        if let Ok(programme) = programme(&conditions, &definitions, &amount) {
            programmes.push((text, programme));
        }
    }
    programmes
}

fn size(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

#[test]
#[ignore = "needs the engines: tests/sql.sh"]
fn random_programmes_give_the_same_in_sql() {
    let seed = size("HUIMIN_SQL_SEED", 20_260_701);
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes(seed));
    let programmes = random_programmes(&mut random, size("HUIMIN_SQL_PROGRAMMES", 200));
    let families: Vec<Record> = (0..size("HUIMIN_SQL_FAMILIES", 300))
        .map(|index| household(&bytes(&mut random, 100), index % 6))
        .collect();
    let context = context();
    for engine in engines() {
        let (written, refused, wrong) =
            differences(&engine, &programmes, &families, Places::Everywhere(&context));
        println!("{engine}: {written} programmes × {} families agree, {refused} refused", families.len());
        assert!(
            wrong.is_empty(),
            "{} of {written} differ:\n{}",
            wrong.len(),
            wrong[..wrong.len().min(5)].join("\n")
        );
        assert!(written * 2 > refused, "{engine}: {refused} of {} are refused", written + refused);
    }
}

fn seed_bytes(seed: usize) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(seed as u64).to_le_bytes());
    bytes
}

#[test]
#[ignore = "needs the engines: tests/sql.sh"]
fn parameters_by_division_give_the_same_in_sql() {
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes(7));
    let programmes = random_programmes(&mut random, 60);
    let families: Vec<Record> =
        (0..120).map(|index| household(&bytes(&mut random, 100), index % 6)).collect();
    let mut bare = context();
    bare.parameters.clear();
    bare.tables.clear();
    let places = [
        ("990100".to_owned(), context()),
        (
            "990200".to_owned(),
            context().with("standard", number("0.05")).with_table("care", "3", number("7.7")),
        ),
        ("990300".to_owned(), bare),
    ];
    for engine in engines() {
        let (written, refused, wrong) =
            differences(&engine, &programmes, &families, Places::ByDivision(&places));
        println!("{engine}: {written} programmes × {} families agree, {refused} refused", families.len());
        assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    }
}

#[test]
fn what_sql_cannot_say_exactly_is_refused() {
    let context = context();
    let refused = |condition: &str, dialect| {
        let programme = programme(&[condition], &[], "0").expect("compiles");
        query(&programme, &shapes(), Places::Everywhere(&context), Options::default(), dialect).err()
    };
    let quotients = "sum(members.income / (members.income + 1)) > 5";
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::DuckDb] {
        assert_eq!(refused(quotients, dialect), Some(SqlError::Divisors));
        assert_eq!(refused("sum(members.income / 3) > 5", dialect), None);
    }
    let wide = "deposits * deposits * deposits > 5";
    assert_eq!(refused(wide, Dialect::Sqlite), Some(SqlError::TooWide));
    assert_eq!(refused(wide, Dialect::Postgres), None);
    let wider = "deposits * deposits * deposits * deposits * deposits > 5";
    assert_eq!(refused(wider, Dialect::DuckDb), Some(SqlError::TooWide));
    let later = Context { law_on: day("2027-01-01"), ..context.clone() };
    let places = [("a".to_owned(), context.clone()), ("b".to_owned(), later)];
    let programme = programme(&["urban"], &[], "0").expect("compiles");
    let by = |places| {
        query(&programme, &shapes(), Places::ByDivision(places), Options::default(), Dialect::Sqlite)
    };
    assert_eq!(by(&places).err(), Some(SqlError::Dates));
    assert_eq!(by(&[]).err(), Some(SqlError::Dates));
}
