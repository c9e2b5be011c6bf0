//! Single expressions: what the compiler says of wrong ones, values and their JSON, numbers.

use proptest::prelude::*;

use super::family::*;
use crate::*;

fn refused(text: &str) -> Diagnostic {
    match compile(text) {
        Ok(_) => panic!("{text} was accepted"),
        Err(mut diagnostics) => diagnostics.swap_remove(0),
    }
}

#[test]
fn a_diagnostic_points_at_the_character_and_proposes() {
    let text = "非农收入 > 1000 且 sum(members.incom) < 5";
    let diagnostic = refused(text);
    assert_eq!(diagnostic.zh, "没有叫 incom 的字段，是不是 income？");
    assert_eq!(diagnostic.en, "there is no field incom; did you mean income?");
    assert_eq!(diagnostic.suggestion.as_deref(), Some("income"));
    let marked: String = text.chars().skip(diagnostic.span.start).take(5).collect();
    assert_eq!((marked.as_str(), diagnostic.span.end - diagnostic.span.start), ("incom", 5));
    assert_eq!(diagnostic.excerpt(text), format!("{text}\n{}^^^^^", " ".repeat(31)));
    assert_eq!(diagnostic.position(&format!("\n{text}")), (2, 26));
}

#[test]
fn usual_slips_are_recognised() {
    for (text, suggestion) in [
        ("urban == TRUE", "="),
        ("rooms != 3", "<>"),
        ("rooms ≥ 3", ">="),
        ("urban && urban", "AND"),
        ("housing = \"owned\"", "'"),
        ("rooms >5且 urban", "5 且（两边留空格）"),
        ("urban 且urban", "且 urban"),
        ("income > 5", "head.income"),
        ("dibao_standard > 5", "param.dibao_standard"),
        ("存款 > 5", "deposits"),
        ("housing = '自有'", "'owned'"),
        ("sum(members.income) FILTER (WHERE student)", "members.student"),
        ("members > 3", "count(members.*)"),
        ("rooms > 50%", "50 / 100"),
        ("since = DATE '2026-01-01'", "month_of(…) 或 first_day(…)"),
        ("rooms > '3'", "3"),
    ] {
        assert_eq!(refused(text).suggestion.as_deref(), Some(suggestion), "{text}");
    }
}

#[test]
fn wrong_expressions_are_refused() {
    for text in [
        "",
        " ",
        "(",
        ")",
        "1 +",
        "1 2",
        "urban AND",
        "NOT",
        "CASE END",
        "CASE WHEN urban THEN 1",
        "rooms IN ()",
        "rooms IS 3",
        "a.b.c",
        "head",
        "head.income.x",
        "sum(*)",
        "sum(members.*)",
        "members.*",
        "count(members)",
        "table.care",
        "table.care[3]",
        "table.nothing['1']",
        "param",
        "param.a.b",
        "round(1, rooms)",
        "round(1, 10)",
        "round()",
        "urban + 1",
        "urban > FALSE",
        "filed_on + 1",
        "since + 1",
        "NOT 3",
        "abs('x')",
        "length(3)",
        "first_day(filed_on)",
        "add_months(since, 0.5)",
        "least(urban, urban)",
        "coalesce(1, 'x')",
        "age_at(1, 2)",
        "abs(1) FILTER (WHERE urban)",
        "sum(members.visits.cost)",
        "sum(members.income, 1)",
        "bool_or(members.income)",
        "1 = 1 = 1",
        "rooms BETWEEN 1 OR 3",
        "'unclosed",
        "1.",
        "--1",
        "1 -- comment",
        "SELECT 1",
        "1; 2",
        "MONTH '2026-13'",
        "DATE '2026-1-1'",
        "housing IN ('owned', 'palace')",
        "CASE housing WHEN 3 THEN 1 END",
        "x'41'",
        "deposits::text",
        "housing || 'x'",
        "housing LIKE 'o%'",
        "now()",
        "random()",
    ] {
        let diagnostic = refused(text);
        assert!(diagnostic.span.end <= text.chars().count(), "{text}: {diagnostic:?}");
        assert!(!diagnostic.zh.is_empty() && !diagnostic.en.is_empty());
    }
}

#[test]
fn depth_and_length_are_limited_without_a_full_stack() {
    assert!(refused(&format!("{}1{}", "(".repeat(5000), ")".repeat(5000))).zh.contains("嵌套"));
    assert!(refused(&"- ".repeat(5000)).zh.contains("嵌套"));
    assert!(refused(&"1".repeat(30_000)).zh.contains("字"));
    assert_eq!(evaluate(&vec!["rooms"; 2500].join("+"), &family()), Value::from(7500));
    assert_eq!(evaluate(&vec!["urban"; 1500].join(" OR "), &family()), Value::from(true));
    // As high as a tree can be.
    let high = format!("{}rooms{}", "(1 + 1 * - (".repeat(10), "))".repeat(10));
    assert_eq!(evaluate(&high, &family()), Value::from(3));
    let high = format!("{}rooms{}", "abs(1 + 1 * ".repeat(31), ")".repeat(31));
    assert_eq!(evaluate(&high, &family()), Value::from(34));
    let high = format!("{}urban{}", "(TRUE AND FALSE OR NOT ".repeat(15), ")".repeat(15));
    assert_eq!(evaluate(&high, &family()), Value::from(false));
    let cases = format!("{}rooms{}", "CASE WHEN urban THEN ".repeat(31), " END".repeat(31));
    assert_eq!(evaluate(&cases, &family()), Value::from(3));
}

#[test]
fn expressions_know_what_they_read_and_how_they_sound() {
    let expression = compile("head.income > 5 AND (urban OR NOT count(members.*) = 1)").expect("compiles");
    assert_eq!(expression.reading(), "户主·月收入 > 5 且 (城镇 或 非 家庭成员数 = 1)");
    let facts: Vec<_> = expression.facts().into_iter().collect();
    let pair = |shape: &str, field: &str| (shape.to_owned(), field.to_owned());
    assert_eq!(facts, [pair("household", "urban"), pair("person", "income")]);
    let paths: Vec<_> = expression.reads(&family(), &context()).into_iter().map(|read| read.path).collect();
    assert_eq!(paths, ["head.income", "urban", "members"]);
    let missing = expression.missing(&Record::new(), &context());
    let paths: Vec<_> = missing.iter().map(|missing| missing.path.as_str()).collect();
    assert_eq!(paths, ["head.income", "urban", "members"]);
}

#[test]
fn everything_missing_is_asked_at_once() {
    let missing = |text: &str| {
        let record = Record::new()
            .with("rooms", 3)
            .with_many("members", vec![Record::new(), person(None, "1980-01-01")]);
        let missing = compile(text).expect("compiles").missing(&record, &context());
        missing.into_iter().map(|missing| missing.path).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        missing("CASE WHEN urban THEN deposits WHEN rooms > 5 THEN head.income ELSE 非农收入 END"),
        "urban deposits 非农收入"
    );
    assert_eq!(missing("CASE WHEN rooms = 3 THEN deposits ELSE head.income END"), "deposits");
    assert_eq!(missing("CASE housing WHEN 'owned' THEN deposits END > rooms"), "housing deposits");
    assert_eq!(missing("rooms > 5 AND urban"), "", "a no needs nothing");
    assert_eq!(missing("rooms > 2 AND (urban OR head.student)"), "urban head.student");
    assert_eq!(
        missing("sum(members.income) FILTER (WHERE age_at(members.birthday, law_on) > 18)"),
        "members[0].birthday members[0].income members[1].income"
    );
    assert_eq!(
        missing("sum(members.income) FILTER (WHERE members.birthday < DATE '1970-01-01')"),
        "members[0].birthday members[0].income"
    );
    assert_eq!(missing("count(vehicles.*) = 0"), "vehicles");
    assert_eq!(missing("coalesce(deposits, 非农收入)"), "deposits 非农收入");
    assert_eq!(missing("table.care[head.disability] > 5 OR param.dibao_standard < 5"), "head.disability");
    assert_eq!(missing("rooms / 0 > 5"), "", "no fact mends a division by zero");
}

#[test]
fn the_expected_type_is_demanded() {
    let try_as = |text: &str, ty: Type| Expression::compile(text, "household", &shapes(), &parameters(), &ty);
    assert!(try_as("rooms", Type::Boolean).is_err());
    assert!(try_as("rooms", Type::number(0)).is_ok());
    assert!(try_as("NULL", Type::Date).is_ok());
    assert!(try_as("CASE WHEN urban THEN 'owned' ELSE 'rented' END", Type::code("housing")).is_ok());
    assert!(try_as("CASE WHEN urban THEN 'owned' ELSE 'x' END", Type::code("housing")).is_err());
    assert!(try_as("head.disability", Type::code("housing")).is_err());
    assert!(Expression::compile("1", "planet", &shapes(), &parameters(), &Type::number(0)).is_err());
}

#[test]
fn values_keep_their_type_through_json() {
    let values = [
        Value::Unknown,
        Value::from(true),
        Value::from(number("1234.50")),
        Value::from(number("-1/3")),
        Value::from(number("123456789012345678901234567890.12")),
        Value::from(day("2026-07-01")),
        Value::from(month("2026-07")),
        Value::from("2026-07"),
        Value::from("01"),
    ];
    let json = serde_json::to_string(&values).expect("serialises");
    assert_eq!(
        json,
        r#"[null,true,{"number":"1234.5"},{"number":"-1/3"},{"number":"123456789012345678901234567890.12"},{"date":"2026-07-01"},{"month":"2026-07"},"2026-07","01"]"#
    );
    assert_eq!(serde_json::from_str::<Vec<Value>>(&json).expect("reads back"), values);
    assert!(serde_json::from_str::<Value>("1.5").is_err(), "a float is no number of ours");
}

#[test]
fn a_record_is_read_from_plain_json_by_its_shape() {
    let json = serde_json::json!({
        "deposits": "20000.5", "rooms": 3, "housing": "owned", "filed_on": "2026-06-15", "since": "2026-03",
        "urban": true, "note": null, "head": {"income": "5"}, "members": [{"income": "1234.50"}, {}],
    });
    let record = read_record(&json, "household", &shapes()).expect("reads");
    assert_eq!(record.fields["deposits"], number("20000.5").into());
    assert_eq!(record.many["members"][0].fields["income"], number("1234.5").into());
    assert_eq!(evaluate("sum(members.income)", &record), Value::Unknown);
    let wrong = serde_json::json!({
        "deposits": 0.1, "rooms": "-1", "housing": "castle", "filed_on": "2026-6-15", "members": [{"incom": "1"}],
        "urban": "yes", "head": [], "vehicles": {},
    });
    let errors = read_record(&wrong, "household", &shapes()).expect_err("everything is wrong");
    let paths: Vec<_> = errors.iter().map(|error| error.path.as_str()).collect();
    let wanted =
        ["deposits", "filed_on", "head", "housing", "members[0].incom", "rooms", "urban", "vehicles"];
    assert_eq!(paths, wanted);
    assert_eq!(errors[4].zh, "人员没有叫 incom 的字段，是不是 income？");
}

#[test]
fn numbers_are_written_and_read_exactly() {
    assert_eq!(number("1234.50").to_decimal(2), "1234.50");
    assert_eq!(number("-0.005").to_decimal(2), "-0.01");
    assert_eq!(number("0.004").to_decimal(2), "0.00");
    assert_eq!(number("9.995").to_decimal(2), "10.00");
    assert_eq!(number("2/6"), number("1/3"));
    assert_eq!(number("12.34").to_scaled(2), Some(1234));
    assert_eq!(number("12.345").to_scaled(2), None);
    assert_eq!(Rational::from_scaled(-5, 2), number("-0.05"));
    assert_eq!(number("92233720368547758.07").to_scaled(2), Some(i64::MAX));
    assert_eq!(number("92233720368547758.08").to_scaled(2), None);
    for text in ["", "-", "1.", ".5", "1,000", "1e5", "+1", "1/0", "1/-2", "0x1", "１", "1 ", "--1", "NaN"] {
        assert!(text.parse::<Rational>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn small_and_big_numbers_obey_the_same_arithmetic(a in any::<i64>(), b in 1i64.., c in any::<i64>(), d in 1i64.., digits in -4i32..8) {
        let (x, y) = (number(&format!("{a}/{b}")), number(&format!("{c}/{d}")));
        let (p, q) = (x.to_big(), y.to_big());
        prop_assert_eq!((&x + &y).to_big(), &p + &q);
        prop_assert_eq!((&x - &y).to_big(), &p - &q);
        prop_assert_eq!((&x * &y).to_big(), &p * &q);
        prop_assert_eq!(x.checked_div(&y).map(|z| z.to_big()), (c != 0).then(|| &p / &q));
        prop_assert_eq!(x.cmp(&y), p.cmp(&q));
        prop_assert_eq!((-&x).to_big(), -&p);
        prop_assert_eq!(x.floor().to_big(), p.floor());
        prop_assert_eq!(x.ceil().to_big(), p.ceil());
        prop_assert_eq!(&(&x + &y) - &y, x.clone(), "equal numbers have equal forms");
        prop_assert_eq!(x.to_string().parse::<Rational>(), Ok(x.clone()));
        let rounded = x.round(digits);
        let half = number("1/2");
        let unit = rational::power_of_ten(-digits);
        prop_assert!((&rounded - &x).abs() <= &half * &unit);
        prop_assert!(rounded.checked_div(&unit).expect("not zero").is_whole());
    }
}
