//! An expression as a person reads it: with titles instead of names, or with the figures of one decision in their
//! places, so that a letter can print both "(低保标准 - 人均月收入) * 人数" and "(760 - 505.32) * 3".

use crate::ast::{Comparator, Operator};
use crate::compiled::{Aggregate, AggregateFunction, FieldRead, Form, Function, Hop, Link, Node};
use crate::titles::Titles;

/// The expression with titles.
pub(crate) fn with_titles(node: &Node, titles: &Titles) -> String {
    let mut text = String::with_capacity(64);
    write(node, 0, &mut Sink { text: &mut text, pieces: None, titles });
    text
}

/// An expression ready to be written out: its text with titles, and the pieces between which the figures of a decision
/// are put.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    /// With titles.
    pub formula: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    /// A fact, definition, parameter, date or aggregate.
    Atom(Node),
}

impl Template {
    pub(crate) fn of(node: &Node, titles: &Titles) -> Template {
        let (mut formula, mut pieces) = (String::new(), Vec::new());
        write(node, 0, &mut Sink { text: &mut formula, pieces: Some(&mut pieces), titles });
        Template { formula, pieces }
    }

    /// With the value of every atom, as `shown` gives them.
    pub(crate) fn figures<'a>(&'a self, shown: impl Fn(&'a Node) -> String) -> String {
        let mut text = String::with_capacity(self.formula.len());
        for piece in &self.pieces {
            match piece {
                Piece::Text(more) => text.push_str(more),
                Piece::Atom(node) => text.push_str(&shown(node)),
            }
        }
        text
    }
}

/// Where an expression is written to: its text with titles, and the pieces of a template if one is wanted.
struct Sink<'s> {
    text: &'s mut String,
    pieces: Option<&'s mut Vec<Piece>>,
    titles: &'s Titles,
}

impl Sink<'_> {
    fn say(&mut self, text: &str) {
        self.text.push_str(text);
        match self.pieces.as_deref_mut() {
            None => {}
            Some(pieces) => match pieces.last_mut() {
                Some(Piece::Text(last)) => last.push_str(text),
                _ => pieces.push(Piece::Text(text.to_owned())),
            },
        }
    }

    fn atom(&mut self, node: &Node) {
        title(node, self.text, self.titles);
        if let Some(pieces) = self.pieces.as_deref_mut() {
            pieces.push(Piece::Atom(node.clone()));
        }
    }
}

/// Titles of the hops and the last name, joined: 户主·出生日期.
fn path_title(hops: &[Hop], last: &str, text: &mut String) {
    for hop in hops {
        text.push_str(&hop.title);
        text.push('·');
    }
    text.push_str(last);
}

/// The unit in which a number is counted, without its "per" part (元 of 元/人·月), as far as the names in it tell.
pub(crate) fn unit_of(node: &Node) -> Option<&str> {
    match &node.form {
        Form::Field(FieldRead { unit, .. })
        | Form::Parameter { unit, .. }
        | Form::Definition { unit, .. } => {
            let unit = unit.as_deref()?.split(['/', '·', '／']).next()?.trim();
            (!unit.is_empty()).then_some(unit)
        }
        Form::Aggregate(aggregate) => match aggregate.function {
            AggregateFunction::Sum
            | AggregateFunction::KnownSum
            | AggregateFunction::Min
            | AggregateFunction::Max => aggregate.argument.as_ref().and_then(unit_of),
            AggregateFunction::Count | AggregateFunction::BoolOr | AggregateFunction::BoolAnd => None,
        },
        Form::Negate(inner) | Form::Round { value: inner, .. } => unit_of(inner),
        Form::Chain { first, rest } => {
            let mut unit = unit_of(first);
            for Link { operator, operand, .. } in rest {
                let other = unit_of(operand);
                unit = match operator {
                    Operator::Add | Operator::Subtract => unit.or(other),
                    // Money by a count or a rate stays money; by anything else it is no unit that people have.
                    Operator::Multiply if unit.is_none() => other,
                    Operator::Multiply | Operator::Divide if other.is_none_or(is_bare) => unit,
                    Operator::Multiply | Operator::Divide => None,
                };
            }
            unit
        }
        Form::Case { branches, otherwise, .. } => {
            branches.iter().map(|(_, then)| then).chain(otherwise.as_deref()).find_map(unit_of)
        }
        Form::Call(function, arguments) => match function {
            Function::AgeAt => Some("岁"),
            Function::MonthsBetween => Some("个月"),
            Function::DaysBetween => Some("天"),
            Function::Length => Some("个字"),
            Function::Coalesce
            | Function::Least
            | Function::Greatest
            | Function::Floor
            | Function::Ceil
            | Function::Abs => arguments.iter().find_map(unit_of),
            Function::AddMonths | Function::MonthOf | Function::FirstDay | Function::LastDay => None,
        },
        _ => None,
    }
}

/// A unit that counts or scales and is gone from a product or quotient.
fn is_bare(unit: &str) -> bool {
    matches!(unit, "人" | "户" | "个" | "倍" | "%" | "个月")
}

fn title(atom: &Node, text: &mut String, titles: &Titles) {
    match &atom.form {
        Form::Field(read) => path_title(&read.hops, &read.title, text),
        Form::Definition { title, .. } | Form::Parameter { title, .. } => text.push_str(title),
        Form::Lookup { title, key, .. } => {
            text.push_str(title);
            text.push('[');
            write(key, 0, &mut Sink { text, pieces: None, titles });
            text.push(']');
        }
        Form::Clock(clock) => text.push_str(clock.title()),
        Form::Aggregate(aggregate) => aggregate_title(aggregate, text, titles),
        _ => {}
    }
}

fn aggregate_title(aggregate: &Aggregate, text: &mut String, titles: &Titles) {
    path_title(&aggregate.hops, &aggregate.relation.title, text);
    if let Some(filter) = &aggregate.filter {
        text.push('中');
        write(filter, 0, &mut Sink { text, pieces: None, titles });
        text.push('的');
    }
    let (before, after) = match aggregate.function {
        AggregateFunction::Count => ("", "数"),
        AggregateFunction::Sum => ("", "合计"),
        AggregateFunction::KnownSum => ("已知的", "合计"),
        AggregateFunction::Min => ("最小的", ""),
        AggregateFunction::Max => ("最大的", ""),
        AggregateFunction::BoolOr => ("有一个", ""),
        AggregateFunction::BoolAnd => ("个个", ""),
    };
    text.push_str(before);
    if let Some(argument) = &aggregate.argument {
        write(argument, 0, &mut Sink { text, pieces: None, titles });
    }
    text.push_str(after);
}

/// How tightly a node binds; brackets go around what binds less tightly than its place wants.
fn binding(node: &Node) -> u8 {
    match &node.form {
        Form::Or(_) | Form::Case { .. } => 1,
        Form::And(_) => 2,
        Form::Not(_) => 3,
        Form::Compare(..) | Form::Between { .. } | Form::In { .. } | Form::IsNull { .. } => 4,
        Form::Chain { rest, .. } => rank(rest),
        Form::Negate(_) => 7,
        _ => 8,
    }
}

/// How tightly a chain of operators binds.
fn rank(rest: &[Link]) -> u8 {
    if rest.iter().any(|link| matches!(link.operator, Operator::Add | Operator::Subtract)) { 5 } else { 6 }
}

fn write(node: &Node, wanted: u8, sink: &mut Sink<'_>) {
    let bracketed = binding(node) < wanted;
    if bracketed {
        sink.say("(");
    }
    let list = |nodes: &[Node], between: &str, wanted: u8, sink: &mut Sink<'_>| {
        for (index, node) in nodes.iter().enumerate() {
            if index > 0 {
                sink.say(between);
            }
            write(node, wanted, sink);
        }
    };
    match &node.form {
        Form::Constant(value) => {
            let shown = sink.titles.shown(value, &node.ty);
            sink.say(&shown);
        }
        Form::Field(_)
        | Form::Definition { .. }
        | Form::Parameter { .. }
        | Form::Lookup { .. }
        | Form::Clock(_)
        | Form::Aggregate(_) => sink.atom(node),
        Form::Not(inner) => {
            sink.say("非 ");
            write(inner, 4, sink);
        }
        Form::And(parts) => list(parts, " 且 ", 3, sink),
        Form::Or(parts) => list(parts, " 或 ", 2, sink),
        Form::Negate(inner) => {
            sink.say("-");
            write(inner, 8, sink);
        }
        Form::Chain { first, rest } => {
            write(first, rank(rest), sink);
            for Link { operator, operand, .. } in rest {
                sink.say(&format!(" {} ", sign(operator)));
                write(operand, rank(rest) + 1, sink);
            }
        }
        Form::Compare(comparator, left, right) => {
            write(left, 5, sink);
            sink.say(&format!(" {} ", symbol(*comparator)));
            write(right, 5, sink);
        }
        Form::Between { value, low, high, negated } => {
            write(value, 5, sink);
            sink.say(if *negated { " 不在 " } else { " 在 " });
            write(low, 5, sink);
            sink.say(" 到 ");
            write(high, 5, sink);
            sink.say(" 之间");
        }
        Form::In { value, list: items, negated } => {
            write(value, 5, sink);
            sink.say(if *negated { " 不是 " } else { " 是 " });
            list(items, "、", 0, sink);
            sink.say(" 之一");
        }
        Form::IsNull { value, negated } => {
            write(value, 5, sink);
            sink.say(if *negated { " 已知" } else { " 未知" });
        }
        Form::Case { operand, branches, otherwise } => {
            for (when, then) in branches {
                sink.say("若 ");
                if let Some(operand) = operand {
                    write(operand, 5, sink);
                    sink.say(" 是 ");
                }
                write(when, 0, sink);
                sink.say(" 则 ");
                write(then, 0, sink);
                sink.say("；");
            }
            match otherwise {
                Some(last) => {
                    sink.say("否则 ");
                    write(last, 0, sink);
                }
                None => sink.say("否则未知"),
            }
        }
        Form::Round { value, digits } => {
            sink.say("四舍五入（");
            write(value, 0, sink);
            match digits {
                0 => {}
                digits => sink.say(&format!("，{digits} 位小数")),
            }
            sink.say("）");
        }
        Form::Call(function, arguments) => {
            sink.say(function_title(*function));
            sink.say("（");
            list(arguments, "，", 0, sink);
            sink.say("）");
        }
    }
    if bracketed {
        sink.say(")");
    }
}

/// The operator as a person writes it.
fn sign(operator: &Operator) -> &'static str {
    match operator {
        Operator::Multiply => "×",
        Operator::Divide => "÷",
        Operator::Add | Operator::Subtract => operator.symbol(),
    }
}

/// The comparator as a person writes it.
pub(crate) fn symbol(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::NotEqual => "≠",
        Comparator::LessOrEqual => "≤",
        Comparator::GreaterOrEqual => "≥",
        Comparator::Equal | Comparator::Less | Comparator::Greater => comparator.symbol(),
    }
}

fn function_title(function: Function) -> &'static str {
    match function {
        Function::Coalesce => "首个已知",
        Function::Least => "较小",
        Function::Greatest => "较大",
        Function::Floor => "舍去小数",
        Function::Ceil => "进到整数",
        Function::Abs => "绝对值",
        Function::AgeAt => "周岁",
        Function::MonthsBetween => "相隔月数",
        Function::DaysBetween => "相隔天数",
        Function::AddMonths => "加月数",
        Function::MonthOf => "所在月",
        Function::FirstDay => "首日",
        Function::LastDay => "末日",
        Function::Length => "字数",
    }
}
