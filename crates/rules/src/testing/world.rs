//! Made-up shapes and families with every kind of field and relation, and plenty of unknowns.

use chrono::NaiveDate;
use vocab::Month;

use super::Choices;
use crate::{Context, Field, ParameterTypes, Rational, Record, Shape, Shapes, TableType, Type, Value};

/// Divisions, each with parameters of its own.
pub const DIVISIONS: [&str; 3] = ["990101", "990102", "990103"];

/// A number as written.
pub fn number(text: &str) -> Rational {
    text.parse().expect("a number")
}

/// A day as written.
pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// A month as written.
pub fn month(text: &str) -> Month {
    text.parse().expect("a month")
}

/// Households with a head, members and vehicles; members with visits.
pub fn shapes() -> Shapes {
    let household = Shape::new("household", "家庭")
        .with_field("deposits", "存款", Type::number_between(2, 0, 100_000_000))
        .with_field("debt", "负债", Type::number_between(2, -1_000_000, 1_000_000))
        .with_field("housing", "住房", Type::code("housing"))
        .with_field("urban", "城镇", Type::Boolean)
        .with_field("rooms", "房屋间数", Type::number_between(0, 0, 100))
        .with_field("filed_on", "申请日", Type::Date)
        .with_field("since", "起始月", Type::Month)
        .with_field("note", "备注", Type::Text)
        .with_field("非农收入", "非农业收入", Type::number_between(2, 0, 10_000_000))
        .with_one("head", "户主", "person")
        .with_many("members", "家庭成员", "person")
        .with_many("vehicles", "车辆", "vehicle");
    let person = Shape::new("person", "人员")
        .with_field("income", "月收入", Type::number_between(2, 0, 1_000_000))
        .with_field("share", "份额", Type::number_between(4, -10, 10))
        .with_field("birthday", "出生日期", Type::Date)
        .with_field("disability", "残疾等级", Type::code("disability"))
        .with_field("student", "在读", Type::Boolean)
        .with_one("household", "家庭", "household")
        .with_many("visits", "就医", "visit");
    let vehicle =
        Shape::new("vehicle", "车辆").with_field("value", "价值", Type::number_between(2, 0, 100_000_000));
    let visit =
        Shape::new("visit", "就医").with_field("cost", "自付费用", Type::number_between(2, 0, 1_000_000));
    let mut shapes: Shapes = [household, person, vehicle, visit].into_iter().collect();
    let list = |codes: &[&str]| codes.iter().map(|code| (code.to_string(), code.to_string())).collect();
    shapes.codelists.insert("housing".to_owned(), list(&["owned", "rented", "none"]));
    shapes.codelists.insert("disability".to_owned(), list(&["1", "2", "3", "4"]));
    shapes
}

/// Parameters of every type, and tables by code and by number.
pub fn parameters() -> ParameterTypes {
    let mut types = ParameterTypes::default();
    let yuan = Type::number_between(2, 0, 100_000);
    types.parameters.insert("standard".to_owned(), Field::new("标准", yuan.clone()));
    types.parameters.insert("limit".to_owned(), Field::new("上限", yuan.clone()));
    types.parameters.insert("strict".to_owned(), Field::new("从严", Type::Boolean));
    types.parameters.insert("begins".to_owned(), Field::new("起算日", Type::Date));
    types.parameters.insert("kind".to_owned(), Field::new("住房", Type::code("housing")));
    let table = |key| TableType { title: "表".to_owned(), key, value: yuan.clone() };
    types.tables.insert("care".to_owned(), table(Type::code("disability")));
    types.tables.insert("rent".to_owned(), table(Type::code("housing")));
    types.tables.insert("room".to_owned(), table(Type::number_between(0, 0, 100)));
    types
}

/// Parameters of each division: some the same everywhere, some not, some missing in one.
pub fn contexts() -> Vec<Context> {
    let context = |standard: &str| {
        Context::new(month("2026-07"), day("2026-07-01"), day("2026-07-20"))
            .with("standard", number(standard))
            .with_table("care", "1", number("120.55"))
            .with_table("care", "2", number("100"))
            .with_table("rent", "owned", number("3"))
            .with_table("room", "1", number("11"))
            .with_table("room", "3", number("33.3"))
            .with("strict", true)
            .with("begins", day("2025-02-28"))
    };
    vec![
        context("760").with("limit", number("6000")).with("kind", "rented"),
        context("905.5").with_table("rent", "rented", number("4.25")).with("kind", "owned"),
        context("640")
            .with("limit", number("2000.05"))
            .with("strict", false)
            .with("begins", day("2024-02-29")),
    ]
}

/// Fills records; each value is unknown one time in `blanks`, never if 0.
#[derive(Debug)]
pub struct Filler {
    /// What is drawn from.
    pub choices: Choices,
    /// How seldom a value is unknown.
    pub blanks: usize,
    /// The head is one of the members, not somebody apart.
    pub head_is_member: bool,
}

impl Filler {
    fn set(&mut self, record: &mut Record, field: &str, texts: &[&str], make: fn(&str) -> Value) {
        let value = make(self.choices.pick(texts));
        if self.blanks == 0 || !self.choices.one_in(self.blanks) {
            record.fields.insert(field.to_owned(), value);
        }
    }

    fn rows(&mut self, record: &mut Record, relation: &str, most: usize, make: fn(&mut Self) -> Record) {
        let count = self.choices.below(most + 1);
        let rows = (0..count).map(|_| make(self)).collect();
        if self.blanks == 0 || !self.choices.one_in(self.blanks * 2) {
            record.many.insert(relation.to_owned(), rows);
        }
    }

    /// A household with its head, members and vehicles.
    pub fn household(&mut self) -> Record {
        let mut record = Record::new();
        self.set(&mut record, "deposits", &["0", "20000", "99999999.99", "0.01", "100000000", "4560"], |t| {
            number(t).into()
        });
        self.set(&mut record, "debt", &["0", "-1000000", "1000000", "333.33", "-0.01"], |t| number(t).into());
        self.set(&mut record, "housing", &["owned", "rented", "none"], |t| t.into());
        self.set(&mut record, "urban", &["", "t"], |t| (t == "t").into());
        self.set(&mut record, "rooms", &["0", "1", "3", "100"], |t| number(t).into());
        let dates = &["2026-06-15", "2024-02-29", "2026-01-31", "1900-01-01", "2026-07-01"];
        self.set(&mut record, "filed_on", dates, |t| day(t).into());
        self.set(&mut record, "since", &["2026-03", "2199-12", "1900-01", "2026-07"], |t| month(t).into());
        self.set(&mut record, "note", &["", "家中有病人"], |t| t.into());
        self.set(&mut record, "非农收入", &["0", "1800.80", "333.33"], |t| number(t).into());
        self.rows(&mut record, "members", 4, Filler::person);
        self.rows(&mut record, "vehicles", 2, Filler::vehicle);
        let head = if self.head_is_member {
            record.many.get("members").and_then(|members| members.first()).cloned()
        } else {
            Some(self.person())
        };
        if let Some(head) = head
            && (self.blanks == 0 || !self.choices.one_in(self.blanks * 2))
        {
            record.one.insert("head".to_owned(), head);
        }
        record
    }

    fn person(&mut self) -> Record {
        let mut record = Record::new();
        self.set(&mut record, "income", &["0", "760", "1234.56", "1000000", "0.01", "759.99"], |t| {
            number(t).into()
        });
        self.set(&mut record, "share", &["0", "0.3333", "-10", "10", "2.5"], |t| number(t).into());
        let dates = &["1980-05-06", "2012-02-29", "2026-07-01", "2027-01-01", "1950-01-31", "1966-07-02"];
        self.set(&mut record, "birthday", dates, |t| day(t).into());
        self.set(&mut record, "disability", &["1", "2", "3", "4"], |t| t.into());
        self.set(&mut record, "student", &["", "t"], |t| (t == "t").into());
        self.rows(&mut record, "visits", 2, |filler| {
            let mut visit = Record::new();
            filler.set(&mut visit, "cost", &["0", "88.80", "1000000"], |t| number(t).into());
            visit
        });
        record
    }

    fn vehicle(&mut self) -> Record {
        let mut record = Record::new();
        self.set(&mut record, "value", &["0", "50000", "99.99"], |t| number(t).into());
        record
    }
}

/// The members as units of their own: each with its household.
pub fn people(family: &Record) -> Vec<Record> {
    let members = family.many.get("members").cloned().unwrap_or_default();
    members.into_iter().map(|member| member.with_one("household", family.clone())).collect()
}
