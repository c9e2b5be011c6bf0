//! Random well-typed expressions and programmes.

use super::Choices;
use super::world::{parameters, shapes};
use crate::{Programme, ProgrammeSource};

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Sort {
    Boolean,
    Number,
    Whole,
    Date,
    Month,
    Housing,
    Disability,
}

/// From where an expression looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A household as the unit.
    Household,
    /// A person as the unit.
    Person,
    /// A row of `members`; the path that leads there.
    Member(&'static str),
    /// A row of `visits`.
    Visit(&'static str),
    /// A row of `vehicles`.
    Vehicle(&'static str),
}

/// Writes well-typed expressions over the shapes of [`super::world`].
#[derive(Debug)]
pub struct Writer {
    /// What is drawn from.
    pub choices: Choices,
    /// [`View::Household`] or [`View::Person`].
    pub unit: View,
    /// Leaves out what treats unknown as a value (`IS NULL`, `coalesce`, `known_sum`, `NULL`).
    pub strict: bool,
    /// Also speaks of texts, which a snapshot does not have.
    pub texts: bool,
}

impl Writer {
    /// An expression of a sort, at most so deep.
    pub fn write(&mut self, sort: Sort, view: View, depth: usize) -> String {
        if depth == 0 || self.choices.one_in(6) {
            return self.leaf(sort, view);
        }
        let deeper = depth - 1;
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

    /// An expression of one name or value.
    pub fn leaf(&mut self, sort: Sort, view: View) -> String {
        if !self.strict && self.choices.below(24) == 23 {
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
                &["deposits", "debt", "head.income", "head.share", "非农收入"],
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
            4 if self.texts => {
                let note = if self.unit == View::Person { "household.note" } else { "note" };
                format!("length({})", self.choices.pick(&[note, "'三个字'"]))
            }
            _ => self.aggregate(&["count"], view, depth).unwrap_or_else(|| self.leaf(Sort::Whole, view)),
        }
    }
}

/// A random programme of households or persons, with its text; nothing if the compiler does not take it, as when its numbers
/// may grow too large.
///
/// # Panics
/// If what is written is no programme at all.
pub fn programme(choices: Choices, person: bool) -> Option<(Programme, String)> {
    let unit = if person { View::Person } else { View::Household };
    let mut writer = Writer { choices, unit, strict: false, texts: false };
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
