//! Type rules of the functions and aggregates.

use crate::ast::{Expr, ExprKind, Name};
use crate::check::{Checked, Checker, Formed, Kind, Typed, settle};
use crate::compiled::{Aggregate, AggregateFunction, Form, Function, Hop, Node};
use crate::diagnostic::{Diagnostic, Span};
use crate::names::Bound;
use crate::range::Range;
use crate::rational::Rational;
use crate::types::RELATION_ROWS_MAX;

/// Greatest age and greatest span that dates between years 1 and 9999 allow.
const YEARS_MAX: i64 = 9_999;

impl<'a> Checker<'a> {
    pub(crate) fn call(
        &mut self,
        span: Span,
        function: &Name,
        arguments: &[Expr],
        filter: Option<&Expr>,
    ) -> Formed {
        let name = function.text.to_lowercase();
        if let Some(aggregate) = AggregateFunction::of(&name) {
            return self.aggregate(span, &name, aggregate, arguments, filter);
        }
        if filter.is_some() {
            return self.refuse(Diagnostic::new(
                span,
                format!("{name} 不是聚合，后面不能写 FILTER"),
                format!("{name} is no aggregate; FILTER cannot follow it"),
            ));
        }
        if name == "round" {
            return self.round(span, arguments);
        }
        let Some(known) = Function::of(&name) else {
            let names = Function::ALL.iter().map(|(name, _)| *name);
            let aggregates = AggregateFunction::ALL.iter().map(|(name, _)| *name);
            let known: Vec<_> = names.chain(aggregates).chain(["round"]).map(|name| (name, "")).collect();
            return self.no_such(function, "函数", "function", &known);
        };
        self.function(span, &name, known, arguments)
    }

    fn count_of(
        &mut self,
        span: Span,
        name: &str,
        wanted: std::ops::RangeInclusive<usize>,
        found: usize,
    ) -> Option<()> {
        if wanted.contains(&found) {
            return Some(());
        }
        let (low, high) = (*wanted.start(), *wanted.end());
        let words = if low == high {
            low.to_string()
        } else if high == usize::MAX {
            format!("{low}+")
        } else {
            format!("{low}-{high}")
        };
        self.refuse(Diagnostic::new(
            span,
            format!("{name} 要 {words} 个参数，写了 {found} 个"),
            format!("{name} takes {words} arguments, found {found}"),
        ));
        None
    }

    fn round(&mut self, span: Span, arguments: &[Expr]) -> Formed {
        self.count_of(span, "round", 1..=2, arguments.len())?;
        let (value, typed) = self.number(&arguments[0])?;
        let digits = match arguments.get(1).map(|digits| (&digits.kind, digits.span)) {
            None => 0,
            Some((ExprKind::Number(digits), place)) => {
                match digits
                    .to_i64()
                    .and_then(|digits| i32::try_from(digits).ok())
                    .filter(|d| (-9..=9).contains(d))
                {
                    Some(digits) => digits,
                    None => return self.digits(place),
                }
            }
            Some((_, place)) => return self.digits(place),
        };
        let scale = u32::try_from(digits).unwrap_or(0);
        let range = typed.range.through(|bound| bound.round(digits), scale);
        Some((Form::Round { value: Box::new(value), digits }, Typed { range, ..typed }))
    }

    fn digits(&mut self, span: Span) -> Formed {
        self.refuse(Diagnostic::new(
            span,
            "round 的第二个参数要是 -9 到 9 之间的整数",
            "the second argument of round is a whole number from -9 to 9",
        ))
    }

    fn function(&mut self, span: Span, name: &str, function: Function, arguments: &[Expr]) -> Formed {
        let wanted = match function {
            Function::Coalesce | Function::Least | Function::Greatest => 2..=usize::MAX,
            Function::AgeAt | Function::MonthsBetween | Function::DaysBetween | Function::AddMonths => 2..=2,
            Function::Floor
            | Function::Ceil
            | Function::Abs
            | Function::MonthOf
            | Function::FirstDay
            | Function::LastDay
            | Function::Length => 1..=1,
        };
        self.count_of(span, name, wanted, arguments.len())?;
        let checked: Vec<Checked> = arguments.iter().map(|argument| self.check(argument)).collect();
        let checked: Vec<(Node, Typed)> = checked.into_iter().collect::<Option<_>>()?;
        let (mut nodes, types): (Vec<Node>, Vec<Typed>) = checked.into_iter().unzip();
        let place = |index: usize| arguments[index].span;
        let typed = match function {
            Function::Coalesce => {
                let results: Vec<_> = types.iter().zip(arguments).map(|(t, a)| (t, a.span)).collect();
                let common = self.common(&results)?;
                nodes.iter_mut().for_each(|node| settle(node, &common.kind));
                common
            }
            Function::Least | Function::Greatest => {
                let results: Vec<_> = types.iter().zip(arguments).map(|(t, a)| (t, a.span)).collect();
                let common = self.common(&results)?;
                if !matches!(common.kind, Kind::Number | Kind::Date | Kind::Month | Kind::Null) {
                    return self.wrong_kind(span, "数、日期或月份", "numbers, dates or months", &common);
                }
                let combine = if function == Function::Least { Range::least } else { Range::greatest };
                let ranges =
                    types.iter().filter(|typed| typed.kind == Kind::Number).map(|typed| typed.range.clone());
                let range = ranges.reduce(|a, b| combine(&a, &b)).unwrap_or(Range::ANY);
                Typed { range, ..common }
            }
            Function::Floor | Function::Ceil | Function::Abs => {
                let typed = self.wants(&types[0], &[Kind::Number], place(0))?;
                let range = match function {
                    Function::Floor => typed.range.through(Rational::floor, 0),
                    Function::Ceil => typed.range.through(Rational::ceil, 0),
                    _ => typed.range.abs(),
                };
                Typed { kind: Kind::Number, range, boundless: typed.boundless }
            }
            Function::AgeAt => {
                self.wants_date(&types[0], place(0))?;
                self.wants_date(&types[1], place(1))?;
                Typed::number(Range::whole(0, YEARS_MAX))
            }
            Function::DaysBetween => {
                self.wants_date(&types[0], place(0))?;
                self.wants_date(&types[1], place(1))?;
                Typed::number(Range::whole(-YEARS_MAX * 366, YEARS_MAX * 366))
            }
            Function::MonthsBetween => {
                self.wants(&types[0], &[Kind::Date, Kind::Month], place(0))?;
                self.wants(&types[1], &[Kind::Date, Kind::Month], place(1))?;
                let results: Vec<_> = types.iter().zip(arguments).map(|(t, a)| (t, a.span)).collect();
                self.common(&results)?;
                Typed::number(Range::whole(-YEARS_MAX * 12, YEARS_MAX * 12))
            }
            Function::AddMonths => {
                let from = self.wants(&types[0], &[Kind::Date, Kind::Month], place(0))?;
                let months = self.wants(&types[1], &[Kind::Number], place(1))?;
                if months.kind == Kind::Number && months.range.scale != Some(0) {
                    return self.refuse(Diagnostic::new(
                        place(1),
                        "月数要是整数，请先 round、floor 或 ceil",
                        "the number of months must be whole; use round, floor or ceil",
                    ));
                }
                Typed::plain(from.kind)
            }
            Function::MonthOf => {
                self.wants_date(&types[0], place(0))?;
                Typed::plain(Kind::Month)
            }
            Function::FirstDay | Function::LastDay => {
                self.wants(&types[0], &[Kind::Month], place(0))?;
                Typed::plain(Kind::Date)
            }
            Function::Length => {
                if !matches!(types[0].kind, Kind::Text | Kind::Literal(_) | Kind::Null) {
                    return self.wrong_kind(place(0), "文字", "a text", &types[0]);
                }
                Typed::number(Range::whole(0, i64::from(u32::MAX)))
            }
        };
        Some((Form::Call(function, nodes), typed))
    }

    /// The type, if it is one of the wanted kinds or unknown.
    fn wants(&mut self, typed: &Typed, kinds: &[Kind], span: Span) -> Option<Typed> {
        if typed.kind == Kind::Null || kinds.contains(&typed.kind) {
            return Some(typed.clone());
        }
        let (zh, en) = match kinds {
            [Kind::Number] => ("数", "a number"),
            [Kind::Month] => ("月份", "a month"),
            [Kind::Date] => ("日期", "a date"),
            _ => ("日期或月份", "a date or a month"),
        };
        self.wrong_kind(span, zh, en, typed);
        None
    }

    fn wants_date(&mut self, typed: &Typed, span: Span) -> Option<()> {
        if typed.kind == Kind::Month {
            self.refuse(
                Diagnostic::new(
                    span,
                    "这里要日期，却是月份；请写 first_day(…) 或 last_day(…)",
                    "expected a date, found a month; write first_day(…) or last_day(…)",
                )
                .suggest("last_day(…)"),
            );
            return None;
        }
        self.wants(typed, &[Kind::Date], span).map(|_| ())
    }

    fn aggregate(
        &mut self,
        span: Span,
        name: &str,
        function: AggregateFunction,
        arguments: &[Expr],
        filter: Option<&Expr>,
    ) -> Formed {
        if arguments.len() > 1 && matches!(function, AggregateFunction::Min | AggregateFunction::Max) {
            let instead = if function == AggregateFunction::Min { "least" } else { "greatest" };
            return self.refuse(
                Diagnostic::new(
                    span,
                    format!("{name} 是对许多行取值；几个值里取一个用 {instead}"),
                    format!("{name} runs over rows; among several values use {instead}"),
                )
                .suggest(instead),
            );
        }
        self.count_of(span, name, 1..=1, arguments.len())?;
        let argument = &arguments[0];
        let rows = match &argument.kind {
            ExprKind::Rows(names) => Some(names),
            _ => None,
        };
        if function == AggregateFunction::Count && rows.is_none() {
            return self.refuse(
                Diagnostic::new(
                    argument.span,
                    "count 数的是行，写作 count(members.*)；只数已知的用 FILTER (WHERE members.x IS NOT NULL)",
                    "count counts rows: count(members.*); to count known values add FILTER (WHERE members.x IS NOT NULL)",
                )
                .suggest("count(members.*)"),
            );
        }
        if function != AggregateFunction::Count && rows.is_some() {
            return self.refuse(Diagnostic::new(
                argument.span,
                format!("{name} 要写明字段，.* 只用于 count"),
                format!("{name} needs a field; .* is for count"),
            ));
        }
        let path = self.aggregated(span, name, argument, filter)?;
        let walk = self.walk(&path)?;
        let (frame, hops) = (walk.frame, walk.hops);
        // `aggregated` gives paths that end in a to-many relation, with a `*` as the last name.
        let relation_name = &walk.rest[0];
        let relation = &walk.shape.relations[&relation_name.text];
        let Some(shape) = self.shapes.get(&relation.shape) else {
            return self.refuse(Diagnostic::new(
                relation_name.span,
                format!("关系 {} 指向的形状 {} 不存在", relation_name.text, relation.shape),
                format!(
                    "relation {} leads to shape {}, which does not exist",
                    relation_name.text, relation.shape
                ),
            ));
        };
        let row_shape = relation.shape.clone();
        let relation = Hop { id: relation_name.text.clone(), title: relation.title.clone() };
        let bound = path[..path.len() - 1].iter().map(|name| name.text.clone()).collect();
        self.bound.push(Bound { path: bound, shape });
        let filter = filter.map(|filter| self.boolean(filter));
        let argument = match (rows, function) {
            (Some(_), _) => None,
            (None, AggregateFunction::BoolOr | AggregateFunction::BoolAnd) => Some(self.boolean(argument)),
            (None, AggregateFunction::Sum | AggregateFunction::KnownSum) => Some(self.number(argument)),
            (None, AggregateFunction::Min | AggregateFunction::Max | AggregateFunction::Count) => {
                Some(self.check(argument).and_then(|(node, typed)| match typed.kind {
                    Kind::Number | Kind::Date | Kind::Month | Kind::Null => Some((node, typed)),
                    _ => {
                        self.wrong_kind(argument.span, "数、日期或月份", "a number, date or month", &typed);
                        None
                    }
                }))
            }
        };
        let row_frame = self.bound.len();
        self.bound.pop();
        let filter = match filter {
            None => None,
            Some(filter) => Some(filter?.0),
        };
        let (argument, typed) = match argument {
            None => (None, None),
            Some(argument) => {
                let (node, typed) = argument?;
                (Some(node), Some(typed))
            }
        };
        let rows_max = i64::try_from(RELATION_ROWS_MAX).unwrap_or(i64::MAX);
        let rows = Range::whole(0, rows_max);
        let typed = match (function, typed) {
            (AggregateFunction::Sum | AggregateFunction::KnownSum, Some(typed)) => {
                let zero = Range::exactly(&Rational::ZERO);
                let range = typed.range.or(&zero).multiply(&rows);
                Typed { range: Range { scale: typed.range.scale, ..range }, ..typed }
            }
            (AggregateFunction::Min | AggregateFunction::Max, Some(typed)) => typed,
            (AggregateFunction::BoolOr | AggregateFunction::BoolAnd, _) => Typed::plain(Kind::Boolean),
            (AggregateFunction::Count | AggregateFunction::Sum, _)
            | (AggregateFunction::KnownSum | AggregateFunction::Min | AggregateFunction::Max, None) => {
                Typed::number(rows)
            }
        };
        Some((
            Form::Aggregate(Box::new(Aggregate {
                function,
                frame,
                hops,
                relation,
                row_shape,
                row_frame,
                argument,
                filter,
            })),
            typed,
        ))
    }

    /// The one to-many relation that an aggregate runs over: the first not yet bound on the paths inside it, as
    /// written from the unit, with `*` for the row.
    fn aggregated(
        &mut self,
        span: Span,
        name: &str,
        argument: &Expr,
        filter: Option<&Expr>,
    ) -> Option<Vec<Name>> {
        let mut found: Vec<Vec<Name>> = Vec::new();
        for inside_nested in [false, true] {
            for expr in std::iter::once(argument).chain(filter) {
                self.relations_in(expr, inside_nested, &mut found);
            }
            if !found.is_empty() {
                break;
            }
        }
        let first = found.pop();
        match (first, found.is_empty()) {
            (Some(path), true) => Some(path),
            (Some(path), false) => {
                let words = |path: &[Name]| {
                    path[..path.len() - 1].iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
                };
                let (a, b) = (words(&found[0]), words(&path));
                self.refuse(Diagnostic::new(
                    span,
                    format!("{name} 里同时出现 {a} 和 {b}，一次只能对一个关系聚合"),
                    format!("{name} names both {a} and {b}; an aggregate runs over one relation"),
                ));
                None
            }
            (None, _) => {
                // A misspelt relation is reported as such rather than as a missing one.
                let before = self.diagnostics.len();
                if let ExprKind::Path(names) | ExprKind::Rows(names) = &argument.kind
                    && !self.unit.fields.contains_key(&names[0].text)
                {
                    self.walk(&[names.as_slice(), &[star(span)]].concat());
                }
                if self.diagnostics.len() == before {
                    self.refuse(
                        Diagnostic::new(
                            argument.span,
                            format!("{name} 要写明对哪个关系聚合，如 {name}(members.income)"),
                            format!(
                                "{name} must name the relation it runs over, as in {name}(members.income)"
                            ),
                        )
                        .suggest(format!("{name}(members.…)")),
                    );
                }
                None
            }
        }
    }

    /// Adds the unbound to-many relations on the paths of `expr`; those of nested aggregates only if asked.
    fn relations_in(&mut self, expr: &Expr, nested: bool, found: &mut Vec<Vec<Name>>) {
        match &expr.kind {
            ExprKind::Path(names) => self.relation_of(names, expr.span, found),
            ExprKind::Rows(names) => {
                let names = [names.as_slice(), &[star(expr.span)]].concat();
                self.relation_of(&names, expr.span, found);
            }
            ExprKind::Call { function, arguments, filter } => {
                if nested || AggregateFunction::of(&function.text.to_lowercase()).is_none() {
                    for inner in arguments.iter().chain(filter.as_deref()) {
                        self.relations_in(inner, nested, found);
                    }
                }
            }
            _ => {
                for inner in expr.children() {
                    self.relations_in(inner, nested, found);
                }
            }
        }
    }

    fn relation_of(&mut self, names: &[Name], span: Span, found: &mut Vec<Vec<Name>>) {
        if matches!(names[0].text.as_str(), "param" | "table") || names.len() < 2 {
            return;
        }
        // Errors of the path are reported when the path itself is checked.
        let before = self.diagnostics.len();
        let walk = self.walk(names);
        self.diagnostics.truncate(before);
        let Some(walk) = walk else { return };
        let [relation, _, ..] = walk.rest else { return };
        if !walk.shape.relations.get(&relation.text).is_some_and(|relation| relation.many) {
            return;
        }
        let length = names.len() - walk.rest.len() + 1;
        let path = [&names[..length], &[star(span)]].concat();
        let same =
            |other: &Vec<Name>| other.iter().map(|name| &name.text).eq(path.iter().map(|name| &name.text));
        if !found.iter().any(same) {
            found.push(path);
        }
    }
}

fn star(span: Span) -> Name {
    Name { text: "*".to_owned(), span }
}
