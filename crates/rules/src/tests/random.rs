//! Random well-typed expressions and random records, drawn from a string of bytes (so that proptest can shrink them):
//! the evaluator against the referee, and the laws that every expression obeys.

use proptest::prelude::*;

use super::family::*;
use super::referee::{Plain, Referee};
use crate::check::Checker;
use crate::parser::parse;
use crate::range::Range;
use crate::{Context, Expression, Record, Value};

/// Choices drawn from bytes; when they run out, the first choice each time.
pub(super) struct Choices<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) * limit / 256
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Boolean,
    Number,
    Whole,
    Date,
    Month,
    Housing,
    Disability,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Unit,
    Member,
    Vehicle,
    Visit,
}

/// Writes expressions. `strict` leaves out what treats unknown as a value (`IS NULL`, `coalesce`, `known_sum`, `NULL`).
pub(super) struct Writer<'a> {
    pub choices: Choices<'a>,
    pub strict: bool,
}

impl Writer<'_> {
    pub(super) fn write(&mut self, sort: Sort, view: View, depth: usize) -> String {
        if depth == 0 || self.choices.below(6) == 0 {
            return self.leaf(sort, view);
        }
        let deeper = depth - 1;
        // What every sort has.
        match self.choices.below(14) {
            0 if !self.strict => {
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
                    let (date, count) =
                        (self.write(Sort::Date, view, deeper), self.write(Sort::Whole, view, deeper));
                    format!("add_months({date}, {count})")
                }
                1 => {
                    let month = self.write(Sort::Month, view, deeper);
                    format!("{}({month})", self.choices.pick(&["first_day", "last_day"]))
                }
                _ => self.extreme(sort, view, deeper),
            },
            Sort::Month => match self.choices.below(3) {
                0 => {
                    let (month, count) =
                        (self.write(Sort::Month, view, deeper), self.write(Sort::Whole, view, deeper));
                    format!("add_months({month}, {count})")
                }
                1 => format!("month_of({})", self.write(Sort::Date, view, deeper)),
                _ => self.extreme(sort, view, deeper),
            },
            Sort::Housing | Sort::Disability => self.leaf(sort, view),
        }
    }

    fn leaf(&mut self, sort: Sort, view: View) -> String {
        if !self.strict && self.choices.below(20) == 19 {
            return "NULL".to_owned();
        }
        let here: &[&str] = match (sort, view) {
            (Sort::Number, View::Member) => &["members.income", "members.income"],
            (Sort::Number, View::Vehicle) => &["vehicles.value"],
            (Sort::Number, View::Visit) => &["members.visits.cost", "members.income"],
            (Sort::Boolean, View::Member | View::Visit) => &["members.student"],
            (Sort::Date, View::Member | View::Visit) => &["members.birthday"],
            (Sort::Disability, View::Member | View::Visit) => &["members.disability"],
            _ => &[],
        };
        let anywhere: &[&str] = match sort {
            Sort::Boolean => &["urban", "head.student", "TRUE", "FALSE"],
            Sort::Number => &[
                "deposits",
                "非农收入",
                "head.income",
                "param.dibao_standard",
                "0",
                "0.05",
                "1234.5",
                "3",
                "100000",
                "param.deposit_limit",
                "table.care[head.disability]",
            ],
            Sort::Whole => &["rooms", "1", "0", "-13", "2", "rooms"],
            Sort::Date => {
                &["filed_on", "head.birthday", "law_on", "known_at", "DATE '2024-02-29'", "DATE '2026-12-31'"]
            }
            Sort::Month => &["since", "month", "MONTH '2024-02'"],
            Sort::Housing => &["housing", "housing", "'owned'", "'none'"],
            Sort::Disability => &["head.disability", "'1'", "'4'"],
        };
        if !here.is_empty() && self.choices.below(3) < 2 {
            return self.choices.pick(here).to_owned();
        }
        self.choices.pick(anywhere).to_owned()
    }

    fn extreme(&mut self, sort: Sort, view: View, depth: usize) -> String {
        let (a, b) = (self.write(sort, view, depth), self.write(sort, view, depth));
        format!("{}({a}, {b})", self.choices.pick(&["least", "greatest"]))
    }

    /// Relations that can be aggregated over from here, with the view inside.
    fn relation(&mut self, view: View) -> Option<(&'static str, View)> {
        match view {
            View::Unit => Some(if self.choices.below(4) < 3 {
                ("members", View::Member)
            } else {
                ("vehicles", View::Vehicle)
            }),
            View::Member => Some(("members.visits", View::Visit)),
            View::Vehicle | View::Visit => None,
        }
    }

    /// An aggregate; its argument names a field of the row, so that it is clear what it runs over.
    fn aggregate(&mut self, functions: &[&str], view: View, depth: usize) -> Option<String> {
        let (relation, inside) = self.relation(view)?;
        let field = match inside {
            View::Vehicle => "vehicles.value",
            View::Visit => "members.visits.cost",
            View::Member | View::Unit => "members.income",
        };
        let function = self.choices.pick(functions);
        let argument = match function {
            "count" => format!("{relation}.*"),
            "bool_or" | "bool_and" => {
                let other = self.write(Sort::Number, inside, depth);
                format!("{field} > {other}")
            }
            _ => match self.choices.below(3) {
                0 => field.to_owned(),
                1 => format!("{field} + {}", self.write(Sort::Number, inside, depth)),
                _ => format!("{field} * {}", self.write(Sort::Whole, inside, depth)),
            },
        };
        let filter = match self.choices.below(2) {
            0 => String::new(),
            _ => format!(" FILTER (WHERE {})", self.write(Sort::Boolean, inside, depth)),
        };
        Some(format!("{function}({argument}){filter}"))
    }

    fn boolean(&mut self, view: View, depth: usize) -> String {
        match self.choices.below(9) {
            0 => format!("NOT ({})", self.write(Sort::Boolean, view, depth)),
            1 | 2 => {
                let (a, b) = (self.write(Sort::Boolean, view, depth), self.write(Sort::Boolean, view, depth));
                format!("({a} {} {b})", self.choices.pick(&["AND", "OR", "且", "或"]))
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
            7 if !self.strict => {
                let sort = [Sort::Number, Sort::Boolean, Sort::Date][self.choices.below(3)];
                let value = self.write(sort, view, depth);
                format!("(({value}) {})", self.choices.pick(&["IS NULL", "IS NOT NULL"]))
            }
            _ => self
                .aggregate(&["bool_or", "bool_and"], view, depth)
                .unwrap_or_else(|| self.leaf(Sort::Boolean, view)),
        }
    }

    fn number(&mut self, view: View, depth: usize) -> String {
        match self.choices.below(9) {
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
            _ => {
                let functions: &[&str] = if self.strict {
                    &["sum", "min", "max", "count"]
                } else {
                    &["sum", "known_sum", "min", "max", "count"]
                };
                self.aggregate(functions, view, depth).unwrap_or_else(|| self.leaf(Sort::Number, view))
            }
        }
    }

    fn whole(&mut self, view: View, depth: usize) -> String {
        match self.choices.below(6) {
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
            4 => format!("length({})", self.choices.pick(&["note", "'三个字'"])),
            _ => self.aggregate(&["count"], view, depth).unwrap_or_else(|| self.leaf(Sort::Whole, view)),
        }
    }
}

/// Values of a record, each unknown once in `blanks` (0: never).
struct Filler<'a> {
    choices: Choices<'a>,
    blanks: usize,
}

impl Filler<'_> {
    fn set(&mut self, record: &mut Record, field: &str, texts: &[&str], make: fn(&str) -> Value) {
        let value = make(self.choices.pick(texts));
        if self.blanks == 0 || self.choices.below(self.blanks) != 0 {
            record.fields.insert(field.to_owned(), value);
        }
    }

    fn rows(&mut self, record: &mut Record, relation: &str, most: usize, make: fn(&mut Self) -> Record) {
        let count = self.choices.below(most + 1);
        let rows = (0..count).map(|_| make(self)).collect();
        if self.blanks == 0 || self.choices.below(self.blanks * 2) != 0 {
            record.many.insert(relation.to_owned(), rows);
        }
    }

    fn household(&mut self) -> Record {
        let mut record = Record::new();
        self.set(&mut record, "deposits", &["0", "20000", "99999999.99", "0.01", "100000000"], |t| {
            number(t).into()
        });
        self.set(&mut record, "非农收入", &["0", "1800.80", "333.33"], |t| number(t).into());
        self.set(&mut record, "housing", &["owned", "rented", "none"], |t| t.into());
        self.set(&mut record, "urban", &["", "t"], |t| (t == "t").into());
        self.set(&mut record, "rooms", &["0", "1", "3", "100"], |t| number(t).into());
        self.set(&mut record, "filed_on", &["2026-06-15", "2024-02-29", "2026-01-31", "1900-01-01"], |t| {
            day(t).into()
        });
        self.set(&mut record, "since", &["2026-03", "2199-12", "1900-01"], |t| month(t).into());
        self.set(&mut record, "note", &["", "家中有病人"], |t| t.into());
        self.rows(&mut record, "members", 4, Filler::person);
        self.rows(&mut record, "vehicles", 2, Filler::vehicle);
        let head = self.person();
        if self.blanks == 0 || self.choices.below(self.blanks * 2) != 0 {
            record.one.insert("head".to_owned(), head);
        }
        record
    }

    fn person(&mut self) -> Record {
        let mut record = Record::new();
        self.set(&mut record, "income", &["0", "760", "1234.56", "1000000", "0.01"], |t| number(t).into());
        self.set(
            &mut record,
            "birthday",
            &["1980-05-06", "2012-02-29", "2026-07-01", "2027-01-01", "1950-01-31"],
            |t| day(t).into(),
        );
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

pub(super) fn household(bytes: &[u8], blanks: usize) -> Record {
    Filler { choices: Choices { bytes, at: 0 }, blanks }.household()
}

fn expression(bytes: &[u8], strict: bool) -> String {
    let sorts = [Sort::Boolean, Sort::Number, Sort::Whole, Sort::Date, Sort::Month, Sort::Housing];
    let mut choices = Choices { bytes, at: 0 };
    let sort = sorts[choices.below(sorts.len())];
    Writer { choices, strict }.write(sort, View::Unit, 4)
}

fn compiled(text: &str) -> Expression {
    compile(text)
        .unwrap_or_else(|diagnostics| panic!("a well-typed expression was refused: {text}\n{diagnostics:#?}"))
}

/// A record in which about one unknown in three of `from` is known as in `full`, which it came from.
fn blank(full: &Record, choices: &mut Choices<'_>) -> Record {
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
        let text = expression(&tree, false);
        let (record, context, shapes) = (household(&facts, blanks), context(), shapes());
        let value = compiled(&text).evaluate(&record, &context);
        let parsed = parse(&text).expect("it was compiled");
        let referee = Referee { shapes: &shapes, context: &context };
        let wanted = referee.evaluate(&parsed, &record, "household");
        prop_assert_eq!(Plain::from(&value), wanted, "{}", text);
    }

    #[test]
    fn learning_more_never_changes_a_known_answer(tree in bytes(120), facts in bytes(100), holes in bytes(80)) {
        let text = expression(&tree, true);
        let (context, full) = (context(), household(&facts, 0));
        let partial = blank(&full, &mut Choices { bytes: &holes, at: 0 });
        let compiled = compiled(&text);
        let before = compiled.evaluate(&partial, &context);
        if before.is_known() {
            prop_assert_eq!(compiled.evaluate(&full, &context), before, "{}", text);
        }
    }

    #[test]
    fn what_is_missing_is_all_that_is_missing(tree in bytes(120), facts in bytes(100), holes in bytes(80)) {
        let text = expression(&tree, true);
        let (context, full): (Context, _) = (context(), household(&facts, 0));
        let mut partial = blank(&full, &mut Choices { bytes: &holes, at: 0 });
        let compiled = compiled(&text);
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
        let text = expression(&tree, false);
        let (shapes, parameters) = (shapes(), parameters());
        let mut checker = Checker {
            shapes: &shapes,
            unit: &shapes.shapes["household"],
            parameters: &parameters,
            definitions: &[],
            bound: vec![],
            diagnostics: vec![],
        };
        let (_, typed) = checker.check(&parse(&text).expect("parses")).expect("is well typed");
        if let Value::Number(number) = compiled(&text).evaluate(&household(&facts, blanks), &context()) {
            let Range { min, max, scale } = &typed.range;
            prop_assert!(min.as_ref().is_none_or(|min| *min <= number), "{} = {} < {:?}", text, number, min);
            prop_assert!(max.as_ref().is_none_or(|max| *max >= number), "{} = {} > {:?}", text, number, max);
            let decimals = number.decimals();
            prop_assert!(scale.is_none_or(|scale| decimals.is_some_and(|d| d <= scale)), "{} = {}", text, number);
        }
    }

    #[test]
    fn no_text_breaks_the_parser(text in "[a-z0-9 ().,'+*/<>=且或非，（）\\[\\]-]{0,60}|\\PC{0,40}") {
        if let Err(diagnostics) = compile(&text) {
            for diagnostic in diagnostics {
                prop_assert!(diagnostic.span.start <= text.chars().count());
                prop_assert!(!diagnostic.excerpt(&text).is_empty());
            }
        }
    }
}
