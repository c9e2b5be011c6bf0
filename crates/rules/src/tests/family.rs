//! A small household shape, its parameters, and a family of four, all made up.

use chrono::NaiveDate;
use vocab::Month;

use crate::*;

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub(super) fn month(text: &str) -> Month {
    text.parse().expect("a month")
}

pub(super) fn number(text: &str) -> Rational {
    text.parse().expect("a number")
}

pub(super) fn shapes() -> Shapes {
    let household = Shape::new("household", "家庭")
        .with_measure("deposits", "存款", "元", Type::number_between(2, 0, 100_000_000))
        .with_field("housing", "住房", Type::code("housing"))
        .with_field("urban", "城镇", Type::Boolean)
        .with_field("rooms", "房屋间数", Type::number_between(0, 0, 100))
        .with_field("filed_on", "申请日", Type::Date)
        .with_field("since", "起始月", Type::Month)
        .with_field("note", "备注", Type::Text)
        .with_field("非农收入", "非农业收入", Type::number_between(2, 0, 10_000_000))
        .with_field("unlimited", "没有上限的数", Type::number(2))
        .with_one("head", "户主", "person")
        .with_many("members", "家庭成员", "person")
        .with_many("vehicles", "车辆", "vehicle");
    let person = Shape::new("person", "人员")
        .with_measure("income", "月收入", "元/月", Type::number_between(2, 0, 1_000_000))
        .with_field("birthday", "出生日期", Type::Date)
        .with_field("disability", "残疾等级", Type::code("disability"))
        .with_field("student", "在读", Type::Boolean)
        .with_many("visits", "就医", "visit");
    let vehicle =
        Shape::new("vehicle", "车辆").with_field("value", "价值", Type::number_between(2, 0, 100_000_000));
    let visit =
        Shape::new("visit", "就医").with_field("cost", "自付费用", Type::number_between(2, 0, 1_000_000));
    let mut shapes: Shapes = [household, person, vehicle, visit].into_iter().collect();
    let list = |codes: &[(&str, &str)]| codes.iter().map(|(c, t)| (c.to_string(), t.to_string())).collect();
    shapes
        .codelists
        .insert("housing".to_owned(), list(&[("owned", "自有"), ("rented", "租住"), ("none", "无房")]));
    shapes
        .codelists
        .insert("disability".to_owned(), list(&[("1", "一级"), ("2", "二级"), ("3", "三级"), ("4", "四级")]));
    shapes
}

pub(super) fn parameters() -> ParameterTypes {
    let mut types = ParameterTypes::default();
    let yuan = Type::number_between(2, 0, 100_000);
    types.parameters.insert("dibao_standard".to_owned(), Field::new("低保标准", yuan.clone()));
    types.parameters.insert("deposit_limit".to_owned(), Field::new("人均存款上限", yuan.clone()));
    let care =
        TableType { title: "护理补贴标准".to_owned(), key: Type::code("disability"), value: yuan };
    types.tables.insert("care".to_owned(), care);
    types
}

pub(super) fn person(income: Option<&str>, birthday: &str) -> Record {
    Record::new().with("income", income.map(number)).with("birthday", day(birthday))
}

/// A family of four with an income of 2,900.80 a month, 725.20 each, and a disabled grandmother.
pub(super) fn family() -> Record {
    let father = person(Some("1800.80"), "1980-05-06").with("student", false);
    let mother = person(Some("900"), "1982-02-28").with("student", false);
    let son = person(Some("0"), "2012-09-01").with("student", true);
    let grandmother = person(Some("200"), "1950-01-15").with("student", false).with("disability", "2");
    Record::new()
        .with("deposits", number("20000"))
        .with("housing", "owned")
        .with("urban", true)
        .with("rooms", 3)
        .with("filed_on", day("2026-06-15"))
        .with("since", month("2026-03"))
        .with("note", "家中有病人")
        .with("非农收入", number("1800.80"))
        .with_one("head", father.clone())
        .with_many("members", vec![father, mother, son, grandmother])
        .with_many("vehicles", vec![])
}

pub(super) fn context() -> Context {
    Context::new(month("2026-07"), day("2026-07-01"), day("2026-07-20"))
        .with("dibao_standard", number("760"))
        .with("deposit_limit", number("6000"))
        .with_table("care", "1", number("120"))
        .with_table("care", "2", number("100"))
}

/// Any type the expression may have, found by trying.
pub(super) fn compile(text: &str) -> Result<Expression, Vec<Diagnostic>> {
    let types = [
        Type::Boolean,
        Type::number(2),
        Type::Date,
        Type::Month,
        Type::Text,
        Type::code("housing"),
        Type::code("disability"),
    ];
    let mut first = None;
    for expected in types {
        match Expression::compile(text, "household", &shapes(), &parameters(), &expected) {
            Ok(expression) => return Ok(expression),
            Err(diagnostics) => drop(first.get_or_insert(diagnostics)),
        }
    }
    Err(first.expect("at least one type was tried"))
}

/// The value of an expression for a record.
pub(super) fn evaluate(text: &str, record: &Record) -> Value {
    match compile(text) {
        Ok(expression) => expression.evaluate(record, &context()),
        Err(diagnostics) => {
            let shown: Vec<_> = diagnostics.iter().map(|d| format!("{d}\n{}", d.excerpt(text))).collect();
            panic!("{text}\n{}", shown.join("\n"))
        }
    }
}
